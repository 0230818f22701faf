
/*
 * Asks the name servers of an nginx resolver by c-ares in nginx's event loop.
 * If several queries have the same question at the same time, it is sent once.
 */


#ifndef _NGX_SMTP_VERIFY_DNS_H_INCLUDED_
#define _NGX_SMTP_VERIFY_DNS_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>


typedef struct ngx_smtp_verify_dns_query_s  ngx_smtp_verify_dns_query_t;

struct ngx_smtp_verify_dns_query_s {
    /* set by the caller */
    ngx_resolver_t               *resolver;
    ngx_str_t                     name;         /* A-labels, no trailing dot */
    ngx_uint_t                    type;
    ngx_msec_t                    timeout;
    ngx_log_t                    *log;

    /*
     * Reads the answer.  rc is NGX_OK with a well-formed message of any rcode;
     * NGX_DECLINED if the name cannot exist; otherwise NGX_ETIMEDOUT or
     * NGX_ERROR.  It must not send another query nor call handlers of other
     * code.
     */
    void                        (*read)(ngx_smtp_verify_dns_query_t *q,
                                        ngx_int_t rc, u_char *msg,
                                        size_t len);
    void                        (*handler)(ngx_smtp_verify_dns_query_t *q);
    void                         *data;

    /* result: the question was sent for this query, which did not join another
       one */
    unsigned                      asked:1;

    /* internal */
    ngx_queue_t                   queue;
    ngx_event_t                   timer;
    void                         *lookup;       /* the one that it waits for */
    unsigned                      pending:1;    /* the handler will be
                                                   called */
};


/*
 * Returns NGX_AGAIN if read() and then the handler will be called once, the
 * handler never from within this call; NGX_OK if read() was already called and
 * the handler will not be; NGX_ERROR if neither will be called, because there
 * is no memory or there are no sockets.  The query must stay valid until the
 * handler is called or the query is cancelled.
 */
ngx_int_t ngx_smtp_verify_dns_ask(ngx_smtp_verify_dns_query_t *q);

/* after this neither read() nor the handler is called */
void ngx_smtp_verify_dns_cancel(ngx_smtp_verify_dns_query_t *q);

/* called by the module's exit_process */
void ngx_smtp_verify_dns_exit(void);


#endif /* _NGX_SMTP_VERIFY_DNS_H_INCLUDED_ */
