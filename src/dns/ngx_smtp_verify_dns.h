
/*
 * Questions to the DNS: c-ares in nginx's event loop, asking the name servers
 * of an nginx resolver.  What is asked by several is asked once.
 */


#ifndef _NGX_SMTP_VERIFY_DNS_H_INCLUDED_
#define _NGX_SMTP_VERIFY_DNS_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>


typedef struct ngx_smtp_verify_dns_query_s  ngx_smtp_verify_dns_query_t;

struct ngx_smtp_verify_dns_query_s {
    /* in */
    ngx_resolver_t               *resolver;
    ngx_str_t                     name;         /* A-labels, no last dot */
    ngx_uint_t                    type;
    ngx_msec_t                    timeout;
    ngx_log_t                    *log;

    /*
     * Reads what came: NGX_OK, and a message of any rcode; NGX_DECLINED: the
     * name cannot exist; NGX_ETIMEDOUT, NGX_ERROR.  It must not ask anew nor
     * run foreign code.
     */
    void                        (*read)(ngx_smtp_verify_dns_query_t *q,
                                        ngx_int_t rc, u_char *msg,
                                        size_t len);
    void                        (*handler)(ngx_smtp_verify_dns_query_t *q);
    void                         *data;

    /* out: it did not join in */
    unsigned                      asked:1;

    /* private */
    ngx_queue_t                   queue;
    ngx_event_t                   timer;
    void                         *lookup;       /* that it waits for */
    unsigned                      pending:1;    /* the handler will be called */
};


/*
 * NGX_AGAIN: read() and then the handler will be called once, the handler
 * never from within this call; NGX_OK: read() was called already, the handler
 * will not be; NGX_ERROR: no memory or no sockets, neither will be called.
 * The query must stay until then, or until it was cancelled.
 */
ngx_int_t ngx_smtp_verify_dns_ask(ngx_smtp_verify_dns_query_t *q);

/* neither will be called any more */
void ngx_smtp_verify_dns_cancel(ngx_smtp_verify_dns_query_t *q);

/* for the module's exit_process */
void ngx_smtp_verify_dns_exit(void);


#endif /* _NGX_SMTP_VERIFY_DNS_H_INCLUDED_ */
