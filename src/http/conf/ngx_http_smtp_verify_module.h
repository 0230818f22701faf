
#ifndef _NGX_HTTP_SMTP_VERIFY_MODULE_H_INCLUDED_
#define _NGX_HTTP_SMTP_VERIFY_MODULE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "ngx_smtp_verify.h"
#include "ngx_smtp_verify_auditor.h"
#include "ngx_smtp_verify_batch.h"
#include "ngx_smtp_verify_question.h"
#include "sv_score.h"
#include "sv_trace.h"


#if (nginx_version < 1022000)
#error nginx 1.22 or newer is needed
#endif


/* The main configuration: data that is loaded once and shared by all
   locations. */

typedef struct {
    sv_rules_t                    *rules;       /* NULL until it is loaded */
    sv_providers_t                *providers;
    sv_lists_t                    *lists;
    sv_score_weights_t             weights;
    ngx_uint_t                     checked;     /* the order of the weights was
                                                   checked */
    ngx_uint_t                     warned;      /* about a missing throttle */
    uint32_t                       data_version;
    ngx_shm_zone_t                *counters;
    ngx_shm_zone_t                *replies;     /* NULL: there is no
                                                   location for the status */
    ngx_array_t                   *limits;      /* of providers */
    ngx_array_t                    pools;       /* pointers to egress pools */
    ngx_int_t                      request_id;  /* index of $request_id */
    ngx_array_t                    variables;   /* indices of variables whose
                                                   values a verdict changes */
    ngx_array_t                    tokens;      /* files of tokens */
    ngx_shm_zone_t                *audit;       /* NULL: there are no
                                                   identities */
    ngx_array_t                    identities;  /* pointers to identities */
    ngx_smtp_verify_auditor_conf_t auditor;
    ngx_uint_t                     probes;      /* the greatest
                                                   "smtp_verify_max_probes" */
    ngx_uint_t                     nclients;    /* in all files together */
    ngx_array_t                    stores;      /* of jobs: pointers */
    ngx_array_t                    fleets;      /* pointers */
} ngx_http_smtp_verify_main_conf_t;


typedef struct ngx_http_smtp_verify_tokens_s  ngx_http_smtp_verify_tokens_t;
typedef struct ngx_http_smtp_verify_caller_s  ngx_http_smtp_verify_caller_t;
typedef struct ngx_http_smtp_verify_gate_s  ngx_http_smtp_verify_gate_t;
typedef struct ngx_http_smtp_verify_batch_ctx_s
    ngx_http_smtp_verify_batch_ctx_t;
typedef struct ngx_http_smtp_verify_store_s  ngx_http_smtp_verify_store_t;
typedef struct ngx_http_smtp_verify_jobs_ctx_s
    ngx_http_smtp_verify_jobs_ctx_t;
typedef struct ngx_http_smtp_verify_webhook_conf_s
    ngx_http_smtp_verify_webhook_conf_t;


/* of the directives smtp_verify_batch... */

typedef struct {
    ngx_uint_t                     enable;
    size_t                         line;        /* octets */
    ngx_uint_t                     lines;
    ngx_smtp_verify_batch_limits_t limits;
    ngx_msec_t                     timeout;
    ngx_msec_t                     heartbeat;
    off_t                          max_body;    /* from client_max_body_size */
} ngx_http_smtp_verify_batch_conf_t;


/* of the directive smtp_verify_health */

typedef enum {
    ngx_http_smtp_verify_health_by_name = 0,
    ngx_http_smtp_verify_health_live,
    ngx_http_smtp_verify_health_ready,
    ngx_http_smtp_verify_health_report_all
} ngx_http_smtp_verify_health_view_e;


typedef struct {
    ngx_http_smtp_verify_health_view_e  view;
    ngx_uint_t                     tokens;      /* are needed */
    ngx_uint_t                     storeless;   /* a full store of jobs does
                                                   not make it unready */
} ngx_http_smtp_verify_health_conf_t;


/* of the directives smtp_verify_jobs...; limits are for each client */

#define NGX_HTTP_SMTP_VERIFY_JOBS_UNSET  ((uint64_t) -1)

typedef struct {
    ngx_uint_t                     enable;
    ngx_uint_t                     limited;     /* limits stand here */
    ngx_http_smtp_verify_store_t  *store;       /* NULL: none */
    uint64_t                       max_jobs;    /* _JOBS_UNSET: the default */
    uint64_t                       max_records;
    uint64_t                       max_bytes;
    off_t                          max_body;    /* from client_max_body_size */
    ngx_http_smtp_verify_webhook_conf_t  *webhook;  /* NULL: none */
} ngx_http_smtp_verify_jobs_conf_t;


typedef struct {
    ngx_http_handler_pt            handler;     /* this module's content
                                                   handler; NULL if none */
    ngx_flag_t                     enable;      /* by "smtp_verify" or
                                                   "smtp_verify_batch" */

    ngx_http_complex_value_t      *helo;        /* NULL: the host name */
    ngx_http_complex_value_t      *from;
    ngx_uint_t                     port;
    ngx_http_complex_value_t      *share_key;   /* NULL: the client's IP
                                                   address */
    ngx_flag_t                     smtp;
    ngx_uint_t                     unthrottled; /* no throttle, and no "off"
                                                   either */
    ngx_flag_t                     transcript;
    ngx_flag_t                     ignore_client_abort;
    time_t                         max_wait;
    ngx_array_t                   *cache_bypass;
    ngx_str_t                      rdap;        /* empty if off */
    ngx_str_t                      mta_sts;     /* a URI; empty if off */
    ngx_str_t                      pool;        /* name of the egress pool */
    uint32_t                       routes_version;
    ngx_http_smtp_verify_tokens_t *tokens;      /* NULL if none are needed */
    ngx_flag_t                     version;     /* a header says the version */
    ngx_array_t                   *cors;        /* origins; NULL if off */
    ngx_uint_t                     actions;     /* by "smtp_verify_status" */

    ngx_http_smtp_verify_gate_t   *gate;        /* NULL if off */
    ngx_flag_t                     gate_headers;
    size_t                         gate_body_max;
    ngx_array_t                   *addresses;   /* sources of the address; NULL
                                                   if none */

    ngx_uint_t                     ssl_protocols;
    ngx_str_t                      ssl_ciphers;
    ngx_uint_t                     ssl_verify_depth;
    ngx_str_t                      ssl_trusted_certificate;
    ngx_str_t                      ssl_crl;
    ngx_array_t                   *ssl_conf_commands;

    ngx_http_smtp_verify_batch_conf_t  batch;
    ngx_http_smtp_verify_health_conf_t  health;
    ngx_http_smtp_verify_jobs_conf_t   jobs;

    ngx_smtp_verify_conf_t         verify;
} ngx_http_smtp_verify_loc_conf_t;


/* how far a gate is, and what it decided */

typedef enum {
    ngx_http_smtp_verify_step_start = 0,
    ngx_http_smtp_verify_step_reading,
    ngx_http_smtp_verify_step_read,
    ngx_http_smtp_verify_step_waiting,
    ngx_http_smtp_verify_step_told
} ngx_http_smtp_verify_step_e;


typedef enum {
    ngx_http_smtp_verify_gate_none = 0,
    ngx_http_smtp_verify_gate_passed,
    ngx_http_smtp_verify_gate_denied,
    ngx_http_smtp_verify_gate_dry_run,
    ngx_http_smtp_verify_gate_unverified,
    ngx_http_smtp_verify_gate_faulty
} ngx_http_smtp_verify_gate_status_e;


typedef void (*ngx_http_smtp_verify_body_handler_pt)(ngx_http_request_t *r,
    ngx_int_t rc);


typedef struct {
    ngx_http_request_t            *request;
    ngx_smtp_verify_question_t     question;
    ngx_str_t                      request_id;
    ngx_buf_t                     *body;
    ngx_http_smtp_verify_body_handler_pt  body_handler;

    ngx_http_smtp_verify_step_e         step;
    ngx_http_smtp_verify_gate_status_e  gate_status;

    unsigned                       cleanup:1;   /* of the question is set */
    unsigned                       peeked:1;    /* by a variable, which only
                                                   looks into the cache */
    unsigned                       fetched:1;   /* the store was asked */
    unsigned                       direct:1;    /* belongs to smtp_verify or to
                                                   a batch, not to a gate */

    ngx_str_t                      address;     /* that the result is about */
    ngx_smtp_verify_result_t      *result;      /* NULL if there is none */
    ngx_http_smtp_verify_loc_conf_t    *found_by;   /* location whose gate
                                                       found it */
    ngx_str_t                      json;        /* the result as JSON */
    ngx_smtp_verify_fetch_t       *fetch;       /* from the store behind the
                                                   cache */
    ngx_http_smtp_verify_batch_ctx_t   *batch;
    ngx_http_smtp_verify_jobs_ctx_t    *jobs;
    ngx_str_t                      methods;     /* if they depend on the path */
} ngx_http_smtp_verify_ctx_t;


extern ngx_module_t  ngx_http_smtp_verify_module;


/* handler.c */
ngx_int_t ngx_http_smtp_verify_handler(ngx_http_request_t *r);

/*
 * request.c: functions for content handlers.
 *
 *   _begin()         begins a request; NGX_DECLINED: go on, else return this
 *   _request_id()    the client's ID if it is safe to repeat, else a new one
 *   _header_in()     the first header of a name that nginx does not parse
 *   _header_after()  the next one of that name
 *   _trace()         what its "traceparent" says; NGX_DECLINED: it has none
 *   _content_type()  without its parameters; NGX_DECLINED if there is none
 *   _watch_client()  ends the request if the client closes the connection
 */
ngx_int_t ngx_http_smtp_verify_begin(ngx_http_request_t *r);
ngx_int_t ngx_http_smtp_verify_request_id(ngx_http_request_t *r,
    ngx_str_t *id);
ngx_int_t ngx_http_smtp_verify_trace(ngx_http_request_t *r,
    sv_trace_t *trace);
ngx_table_elt_t *ngx_http_smtp_verify_header_in(ngx_http_request_t *r,
    const char *name);
ngx_table_elt_t *ngx_http_smtp_verify_header_after(ngx_http_request_t *r,
    const char *name, ngx_table_elt_t *after);
ngx_int_t ngx_http_smtp_verify_content_type(ngx_http_request_t *r,
    ngx_str_t *type);
void ngx_http_smtp_verify_watch_client(ngx_http_request_t *r);

/*
 * ctx.c: _ctx() returns the context of the request, also after an internal
 * redirect, or NULL.  _ctx_create() makes one that stays valid after internal
 * redirects.
 */
ngx_http_smtp_verify_ctx_t *ngx_http_smtp_verify_ctx(ngx_http_request_t *r);
ngx_http_smtp_verify_ctx_t *ngx_http_smtp_verify_ctx_create(
    ngx_http_request_t *r);

/* Is the request still the one that the context was created for?  If the client
   closed the connection while the request waited, post_action uses the request
   for something else, and nobody wants the result any more. */
#define ngx_http_smtp_verify_is_here(ctx)                                     \
    (ngx_http_get_module_ctx((ctx)->request, ngx_http_smtp_verify_module)     \
     == (ctx))

/* _save_result() keeps a copy, whose fields are the values of variables from
   now on; it returns NGX_ERROR if there is no memory.  _forget() makes
   variables be evaluated again. */
ngx_int_t ngx_http_smtp_verify_save_result(ngx_http_request_t *r,
    ngx_http_smtp_verify_ctx_t *ctx, ngx_smtp_verify_result_t *result);
void ngx_http_smtp_verify_forget(ngx_http_request_t *r);

/* body.c: reads a body of up to NGX_HTTP_SMTP_VERIFY_BODY_MAX octets into
   ctx->body, without a temporary file.  The handler then gets NGX_OK or an
   HTTP status. */

#define NGX_HTTP_SMTP_VERIFY_BODY_MAX  16384

ngx_int_t ngx_http_smtp_verify_read_body(ngx_http_request_t *r,
    ngx_http_smtp_verify_body_handler_pt handler);

/* whether the octets received are all of the body */
ngx_uint_t ngx_http_smtp_verify_body_is_whole(ngx_http_request_t *r,
    off_t received);
/* Call this before an answer: if the body was not read to its end, the
   connection is closed after the answer, because the next request cannot be
   found. */
void ngx_http_smtp_verify_body_close(ngx_http_request_t *r);
/* copies a part of a buffer, which may be a file if another handler has read
   the body */
ngx_int_t ngx_http_smtp_verify_body_get(ngx_buf_t *b, off_t skip, u_char *p,
    size_t size);

/* whether there is a Content-Encoding, which this module does not decode */
ngx_uint_t ngx_http_smtp_verify_body_encoded(ngx_http_request_t *r);

/* returns NGX_DECLINED if there is none; otherwise what the handler returns */
ngx_int_t ngx_http_smtp_verify_body_refuse(ngx_http_request_t *r);

/* output.c: sends the header and a body of one buffer.  Returns what a content
   handler returns. */
ngx_int_t ngx_http_smtp_verify_send(ngx_http_request_t *r, ngx_uint_t status,
    ngx_str_t *type, ngx_buf_t *b);
ngx_int_t ngx_http_smtp_verify_problem(ngx_http_request_t *r,
    ngx_uint_t status, const char *code, const char *detail);
ngx_int_t ngx_http_smtp_verify_header(ngx_http_request_t *r, const char *key,
    ngx_str_t *value);
/* the methods that the location takes */
void ngx_http_smtp_verify_methods(ngx_http_request_t *r, ngx_str_t *methods);
ngx_int_t ngx_http_smtp_verify_problem_with(ngx_http_request_t *r,
    ngx_uint_t status, const char *code, const char *detail,
    ngx_str_t *members);

/* json.c: the result as a JSON object; NULL if there is no memory */
ngx_buf_t *ngx_http_smtp_verify_json(ngx_http_request_t *r,
    ngx_smtp_verify_result_t *result, ngx_str_t *request_id);
size_t ngx_http_smtp_verify_json_size(ngx_smtp_verify_result_t *result,
    ngx_str_t *request_id);
u_char *ngx_http_smtp_verify_json_result(u_char *p,
    ngx_smtp_verify_result_t *result, ngx_str_t *request_id);

/* output.c: the header with the version, unless it is switched off */
ngx_int_t ngx_http_smtp_verify_version(ngx_http_request_t *r);

/* status.c: _add_counters() adds the zone of the counters, once */
ngx_int_t ngx_http_smtp_verify_add_counters(ngx_conf_t *cf);
/* status.c: what a request for counters or metrics has to pass.  Returns
   NGX_DECLINED if it passed, else what the handler returns: NGX_OK if the
   request was answered with an error already. */
ngx_int_t ngx_http_smtp_verify_counters_begin(ngx_http_request_t *r);
/* metrics.c, status.c: directives */
char *ngx_http_smtp_verify_metrics(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_smtp_verify_counters_set(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
/* openapi.c, usage.c */
char *ngx_http_smtp_verify_openapi(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_smtp_verify_usage(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);

/* data.c: rules, providers, lists and weights, from files or compiled in.
   _load() reads a file; the caller frees text->data by ngx_free(). */
ngx_int_t ngx_http_smtp_verify_check_file(ngx_conf_t *cf, ngx_str_t *name);
ngx_int_t ngx_http_smtp_verify_load(ngx_conf_t *cf, ngx_str_t *name,
    ngx_str_t *text);
char *ngx_http_smtp_verify_mistake(ngx_conf_t *cf, ngx_str_t *name,
    sv_rules_error_t *error);
void ngx_http_smtp_verify_data_cleanup(void *data);
ngx_int_t ngx_http_smtp_verify_data_default(ngx_conf_t *cf,
    ngx_http_smtp_verify_main_conf_t *smcf);
ngx_int_t ngx_http_smtp_verify_need_providers(ngx_conf_t *cf,
    ngx_http_smtp_verify_main_conf_t *smcf);
char *ngx_http_smtp_verify_rules(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_smtp_verify_providers(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_smtp_verify_list(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_smtp_verify_score(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);

/* directives.c: directives about the conversation, and checks of values */
char *ngx_http_smtp_verify_from(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_smtp_verify_helo(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_smtp_verify_second_opinion(ngx_conf_t *cf,
    ngx_command_t *cmd, void *conf);
char *ngx_http_smtp_verify_catch_all_slot(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_smtp_verify_connect_timeout(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_smtp_verify_target_allow(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_smtp_verify_keepalive(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_smtp_verify_msec(ngx_conf_t *cf, void *post, void *data);
char *ngx_http_smtp_verify_bounds(ngx_conf_t *cf, void *post, void *data);
char *ngx_http_smtp_verify_size(ngx_conf_t *cf, void *post, void *data);

/* conf.c; _set_handler() fails if the location already has one */
char *ngx_http_smtp_verify_set_handler(ngx_conf_t *cf,
    ngx_http_smtp_verify_loc_conf_t *slcf, ngx_http_handler_pt handler);
void *ngx_http_smtp_verify_create_main_conf(ngx_conf_t *cf);
void *ngx_http_smtp_verify_create_loc_conf(ngx_conf_t *cf);
char *ngx_http_smtp_verify_merge_loc_conf(ngx_conf_t *cf, void *parent,
    void *child);

/* process.c: called when the configuration has been read, and when a process
   begins and ends */
ngx_int_t ngx_http_smtp_verify_init_module(ngx_cycle_t *cycle);
ngx_int_t ngx_http_smtp_verify_init_process(ngx_cycle_t *cycle);
void ngx_http_smtp_verify_exit_process(ngx_cycle_t *cycle);

/* pool.c: the memory pools of requests.  _used() marks the server that is
   being merged as one that verifies; _install() is called after all merges. */
void ngx_http_smtp_verify_pool_used(ngx_conf_t *cf);
void ngx_http_smtp_verify_pool_install(ngx_conf_t *cf);


#endif /* _NGX_HTTP_SMTP_VERIFY_MODULE_H_INCLUDED_ */
