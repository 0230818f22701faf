
/*
 * The insides of the facts.  facts.c reads and writes them, facts_claim.c
 * knows who finds out whether a domain is catch-all and who waits for that,
 * facts_table.c finds a domain for which somebody does.
 */


#ifndef _NGX_SMTP_VERIFY_FACT_H_INCLUDED_
#define _NGX_SMTP_VERIFY_FACT_H_INCLUDED_


#include "ngx_smtp_verify_domains.h"
#include "ngx_smtp_verify_facts.h"


typedef struct {
    ngx_str_node_t            node;
    ngx_queue_t               lru;
    ngx_queue_t               waiting;
    ngx_smtp_verify_claim_t  *owner;

    /* who of all workers asks, and how long the answer is valid */
    ngx_smtp_verify_domains_t domains;
    ngx_smtp_verify_flight_t  flight;
    ngx_str_t                 domain;
    ngx_msec_t                timeout;
    time_t                    valid;
    time_t                    untold;
    ngx_event_t               poll;         /* another worker asks */

    u_char                    name[1];
} ngx_smtp_verify_fact_t;


/* facts.c: where they are kept; NGX_ERROR: no memory */
ngx_int_t ngx_smtp_verify_facts_domains(ngx_smtp_verify_conf_t *conf,
    ngx_smtp_verify_domains_t *ds);

/* facts_table.c; NULL: no memory */
ngx_smtp_verify_fact_t *ngx_smtp_verify_facts_add(ngx_str_t *name);


#endif /* _NGX_SMTP_VERIFY_FACT_H_INCLUDED_ */
