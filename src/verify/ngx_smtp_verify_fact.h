
/*
 * Inside of the facts, by their files: facts.c asks the zone or the worker's
 * own table, facts_table.c is that, facts_claim.c has who finds out a domain's
 * catch-all state, and those who wait for it.
 */


#ifndef _NGX_SMTP_VERIFY_FACT_H_INCLUDED_
#define _NGX_SMTP_VERIFY_FACT_H_INCLUDED_


#include "ngx_smtp_verify_domains.h"
#include "ngx_smtp_verify_facts.h"


#define NGX_SMTP_VERIFY_CATCH_ALL_TTL  21600        /* s */


typedef struct {
    ngx_str_node_t            node;
    ngx_queue_t               lru;
    ngx_queue_t               waiting;
    ngx_smtp_verify_claim_t  *owner;

    /* with a zone: who of all workers asks, and for whom to look */
    ngx_smtp_verify_domains_t domains;      /* cache: NULL without one */
    ngx_smtp_verify_flight_t  flight;
    ngx_str_t                 domain;
    ngx_msec_t                timeout;
    time_t                    valid;
    time_t                    untold;
    ngx_event_t               poll;         /* another worker asks */

    /* without */
    ngx_int_t                 catch_all;
    time_t                    catch_all_expires;
    time_t                    host_expires[NGX_SMTP_VERIFY_HOST_FACTS];
    u_char                    name[1];
} ngx_smtp_verify_fact_t;


/* facts.c; 0: there is no zone */
ngx_uint_t ngx_smtp_verify_facts_zone(ngx_smtp_verify_conf_t *conf,
    ngx_smtp_verify_domains_t *ds);

/* facts_table.c; NULL: not known, no memory */
ngx_smtp_verify_fact_t *ngx_smtp_verify_facts_lookup(ngx_str_t *name);
ngx_smtp_verify_fact_t *ngx_smtp_verify_facts_add(ngx_str_t *name);


#endif /* _NGX_SMTP_VERIFY_FACT_H_INCLUDED_ */
