
/*
 * Sends a GET or a POST to a location that the operator defines, by a
 * subrequest whose parent has no client.  It runs independently of the request
 * that caused it, and goes on if that one ends.
 */


#ifndef _NGX_HTTP_SMTP_VERIFY_SUBREQUEST_H_INCLUDED_
#define _NGX_HTTP_SMTP_VERIFY_SUBREQUEST_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>


typedef struct ngx_http_smtp_verify_subrequest_s
    ngx_http_smtp_verify_subrequest_t;

struct ngx_http_smtp_verify_subrequest_s {
    ngx_connection_t             connection;    /* without a socket */
    ngx_event_t                  read_event;
    ngx_event_t                  write_event;
    ngx_log_t                    log;
    ngx_http_log_ctx_t           log_ctx;
    struct sockaddr              sockaddr;

    ngx_pool_t                  *pool;          /* of the parent request */
    ngx_http_request_t          *request;
    ngx_http_post_subrequest_t   post;
    ngx_event_t                  event;         /* for the next step and the
                                                   deadline */
    ngx_msec_t                   start;
    unsigned                     answered:1;

    /* set by the caller, with the rest zeroed */
    ngx_str_t                    uri;
    ngx_str_t                    accept;
    ngx_keyval_t                *headers;       /* of the request; the names
                                                   are in lower case */
    ngx_uint_t                   nheaders;
    ngx_str_t                    body;          /* of a POST, whose answer is
                                                   not read beyond its
                                                   headers; or empty */
    const char                  *purpose;       /* for log messages */
    ngx_msec_t                   timeout;
    void                        *data;

    /* called for an answer of 200 to a GET; the data is only valid in this
       call */
    void                       (*read)(ngx_http_smtp_verify_subrequest_t *sr,
                                       ngx_http_request_t *r, u_char *pos,
                                       size_t len);

    /* called at the end; status is 0 if there was no answer.  It may call
       _ask() again, or _close(). */
    void                       (*handler)(
                                       ngx_http_smtp_verify_subrequest_t *sr);
    ngx_uint_t                   status;
    time_t                       retry_after;   /* s from now, as the answer
                                                   says; 0: it does not */
    unsigned                     unreached:1;   /* the status is nginx's own: no
                                                   upstream has answered */
};


/* called when the configuration has been read */
ngx_int_t ngx_http_smtp_verify_subrequest_init(ngx_conf_t *cf);

/* Creates the parent request, in this server and as if it had come to this
   address.  If it returns NGX_ERROR (no memory), call _close(). */
ngx_int_t ngx_http_smtp_verify_subrequest_open(
    ngx_http_smtp_verify_subrequest_t *sr, ngx_http_core_srv_conf_t *cscf,
    ngx_http_addr_conf_t *addr_conf, ngx_log_t *log);

/* the handler is called later, unless this returns NGX_ERROR */
ngx_int_t ngx_http_smtp_verify_subrequest_ask(
    ngx_http_smtp_verify_subrequest_t *sr, ngx_str_t *args);

/* frees all that sr points to, but not sr itself */
void ngx_http_smtp_verify_subrequest_close(
    ngx_http_smtp_verify_subrequest_t *sr);


#endif /* _NGX_HTTP_SMTP_VERIFY_SUBREQUEST_H_INCLUDED_ */
