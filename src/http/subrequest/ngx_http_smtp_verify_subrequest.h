
/*
 * A GET of nobody's: a location of the operator's is asked by a subrequest
 * whose parent is no request of a client.  It is asked beside whatever made us
 * ask, and goes on when that has ended.
 */


#ifndef _NGX_HTTP_SMTP_VERIFY_SUBREQUEST_H_INCLUDED_
#define _NGX_HTTP_SMTP_VERIFY_SUBREQUEST_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>


typedef struct ngx_http_smtp_verify_subrequest_s
    ngx_http_smtp_verify_subrequest_t;

struct ngx_http_smtp_verify_subrequest_s {
    ngx_connection_t             connection;    /* of nobody */
    ngx_event_t                  read_event;
    ngx_event_t                  write_event;
    ngx_log_t                    log;
    ngx_http_log_ctx_t           log_ctx;
    struct sockaddr              sockaddr;

    ngx_pool_t                  *pool;          /* of the request */
    ngx_http_request_t          *request;
    ngx_http_post_subrequest_t   post;
    ngx_event_t                  event;         /* the next step, or the
                                                   deadline */
    ngx_msec_t                   start;
    unsigned                     answered:1;

    /* given, with the rest zeroed */
    ngx_str_t                    uri;
    ngx_str_t                    accept;
    const char                  *purpose;       /* for the log */
    ngx_msec_t                   timeout;
    void                        *data;

    /* an answer of 200 is there, and only within this call */
    void                       (*read)(ngx_http_smtp_verify_subrequest_t *sr,
                                       ngx_http_request_t *r, u_char *pos,
                                       size_t len);

    /* the answer has ended, or there is none: status is 0.  It may be asked
       anew, or is closed. */
    void                       (*handler)(
                                       ngx_http_smtp_verify_subrequest_t *sr);
    ngx_uint_t                   status;
};


/* of a server, and as if it had come to this address; NGX_ERROR: no memory,
   _close() it */
ngx_int_t ngx_http_smtp_verify_subrequest_open(
    ngx_http_smtp_verify_subrequest_t *sr, ngx_http_core_srv_conf_t *cscf,
    ngx_http_addr_conf_t *addr_conf, ngx_log_t *log);

/* the handler is called later, unless this is NGX_ERROR */
ngx_int_t ngx_http_smtp_verify_subrequest_ask(
    ngx_http_smtp_verify_subrequest_t *sr, ngx_str_t *args);

/* frees what belongs to it, but not itself */
void ngx_http_smtp_verify_subrequest_close(
    ngx_http_smtp_verify_subrequest_t *sr);


#endif /* _NGX_HTTP_SMTP_VERIFY_SUBREQUEST_H_INCLUDED_ */
