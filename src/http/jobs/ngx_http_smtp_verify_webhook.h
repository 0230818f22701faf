
/*
 * Webhooks of jobs (Standard Webhooks 1.0.0).  An event is sent through a
 * location of the operator, to an address that was looked up and checked
 * before: the location gets it in variables, and looks up nothing itself.
 *
 *   _webhook.c       looks up the address, sends
 *   _webhook_conf.c  the directive, and the file of secrets
 *   _webhook_body.c  headers, body and signatures of an event
 *   _webhook_job.c   what the engine of the jobs and a request send
 *   _webhook_vars.c  the variables
 */


#ifndef _NGX_HTTP_SMTP_VERIFY_WEBHOOK_H_INCLUDED_
#define _NGX_HTTP_SMTP_VERIFY_WEBHOOK_H_INCLUDED_


#include "ngx_http_smtp_verify_jobs_handler.h"
#include "ngx_http_smtp_verify_subrequest.h"
#include "ngx_smtp_verify_addr.h"
#include "ngx_smtp_verify_jobs_hook.h"


#define NGX_HTTP_SMTP_VERIFY_WEBHOOK_KEYS     4     /* of a client */
#define NGX_HTTP_SMTP_VERIFY_WEBHOOK_HEADERS  6


struct ngx_http_smtp_verify_webhook_conf_s {
    ngx_smtp_verify_jobs_hook_conf_t    hook;
    ngx_str_t                           uri;        /* of the location */
    ngx_str_t                           file;
    ngx_array_t                         secrets;    /* of sv_hook_secret_t */
    ngx_array_t                        *allow;      /* of ngx_cidr_t; NULL:
                                                       public addresses only */
    ngx_str_t                           links;      /* before the paths */
    ngx_resolver_t                     *resolver;
    ngx_msec_t                          resolver_timeout;
    ngx_http_core_srv_conf_t           *server;
    ngx_http_addr_conf_t                addr_conf;  /* has no listener */
    ngx_http_smtp_verify_store_t       *store;
};


typedef struct ngx_http_smtp_verify_webhook_s
    ngx_http_smtp_verify_webhook_t;


/* one try to send an event */

struct ngx_http_smtp_verify_webhook_s {
    ngx_http_smtp_verify_subrequest_t   sr;
    ngx_queue_t                         queue;      /* of the worker's */
    ngx_http_smtp_verify_webhook_conf_t  *conf;
    ngx_pool_t                         *pool;
    ngx_msec_t                          start;
    sv_hook_url_t                       url;
    ngx_str_t                           given;      /* the URL as text */
    ngx_str_t                           pinned;     /* with the address */
    ngx_str_t                           host;       /* for the header */
    ngx_str_t                           name;       /* without the port */
    ngx_smtp_verify_addr_query_t        query;
    ngx_event_t                         event;      /* ends it later */
    ngx_str_t                           body;
    ngx_str_t                           signature;
    ngx_keyval_t                        headers[
                                         NGX_HTTP_SMTP_VERIFY_WEBHOOK_HEADERS];
    ngx_uint_t                          nheaders;
    const char                         *client;     /* of a test; or NULL */

    unsigned                            resolving:1;
    unsigned                            opened:1;

    /* set by the caller */
    void                              (*handler)(
                                        ngx_http_smtp_verify_webhook_t *wh);
    void                               *data;
    ngx_http_cleanup_t                 *cleanup;    /* of a test */

    /* results */
    ngx_smtp_verify_jobs_sent_e         sent;
    ngx_uint_t                          status;     /* 0: no answer */
    time_t                              retry_after;    /* s; 0: not said */
    const char                         *error;
    ngx_msec_t                          took;
};


/* _webhook.c; _send() returns NGX_OK, and the handler is called later, or
   NGX_ERROR.  _tests(): how many tests are under way, of a client, or of all
   if it is NULL.  _of(): that of a request, or NULL */
ngx_http_smtp_verify_webhook_t *ngx_http_smtp_verify_webhook_create(
    ngx_http_smtp_verify_webhook_conf_t *conf, const char *url);
ngx_int_t ngx_http_smtp_verify_webhook_send(
    ngx_http_smtp_verify_webhook_t *wh);
void ngx_http_smtp_verify_webhook_free(ngx_http_smtp_verify_webhook_t *wh);
ngx_uint_t ngx_http_smtp_verify_webhook_allowed(
    ngx_http_smtp_verify_webhook_conf_t *conf, struct sockaddr *sa);
ngx_uint_t ngx_http_smtp_verify_webhook_tests(const char *client);
ngx_http_smtp_verify_webhook_t *ngx_http_smtp_verify_webhook_of(
    ngx_http_request_t *r);
void ngx_http_smtp_verify_webhook_literal(sv_hook_url_t *url,
    ngx_sockaddr_t *sa, socklen_t *len);

/* _webhook_body.c; "type" is a bit, 0: a test; totals: NULL if they are not
   known */
ngx_int_t ngx_http_smtp_verify_webhook_event(
    ngx_http_smtp_verify_webhook_t *wh, sv_catalog_job_t *job, const char *id,
    unsigned type, int64_t created, sv_job_totals_t *totals);

/* _webhook_conf.c; _keys() returns how many keys a client has */
ngx_uint_t ngx_http_smtp_verify_webhook_keys(
    ngx_http_smtp_verify_webhook_conf_t *conf, const char *client,
    sv_hook_key_t **keys);

/* _webhook_job.c */
ngx_int_t ngx_http_smtp_verify_webhook_engine(
    ngx_smtp_verify_jobs_hook_t *hook);
void ngx_http_smtp_verify_webhook_cancel(ngx_smtp_verify_jobs_hook_t *hook);


#endif /* _NGX_HTTP_SMTP_VERIFY_WEBHOOK_H_INCLUDED_ */
