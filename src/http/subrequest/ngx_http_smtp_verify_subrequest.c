
#include "ngx_http_smtp_verify_subrequest.h"


#define NGX_HTTP_SMTP_VERIFY_SUBREQUEST_TICK  500


static ngx_int_t ngx_http_smtp_verify_subrequest_redirected(
    ngx_http_request_t *r);
static void ngx_http_smtp_verify_subrequest_connection(
    ngx_http_smtp_verify_subrequest_t *sr);
static ngx_int_t ngx_http_smtp_verify_subrequest_parent(
    ngx_http_smtp_verify_subrequest_t *sr);
static ngx_int_t ngx_http_smtp_verify_subrequest_headers(
    ngx_http_smtp_verify_subrequest_t *sr);
static ngx_int_t ngx_http_smtp_verify_subrequest_header(
    ngx_http_smtp_verify_subrequest_t *sr, const char *key, u_char *name,
    ngx_str_t *value);
static ngx_http_request_body_t *ngx_http_smtp_verify_subrequest_body(
    ngx_http_smtp_verify_subrequest_t *sr);
static time_t ngx_http_smtp_verify_subrequest_retry_after(
    ngx_http_request_t *r);
static ngx_int_t ngx_http_smtp_verify_subrequest_done(ngx_http_request_t *r,
    void *data, ngx_int_t rc);
static void ngx_http_smtp_verify_subrequest_event(ngx_event_t *ev);
static void ngx_http_smtp_verify_subrequest_forget(ngx_http_request_t *r);
static void ngx_http_smtp_verify_subrequest_cleanup(
    ngx_http_smtp_verify_subrequest_t *sr);
static void ngx_http_smtp_verify_subrequest_nothing(ngx_event_t *ev);
static u_char *ngx_http_smtp_verify_subrequest_log(ngx_log_t *log,
    u_char *buf, size_t len);


ngx_int_t
ngx_http_smtp_verify_subrequest_init(ngx_conf_t *cf)
{
    ngx_http_handler_pt        *h;
    ngx_http_core_main_conf_t  *cmcf;

    cmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_core_module);

    h = ngx_array_push(&cmcf->phases[NGX_HTTP_REWRITE_PHASE].handlers);
    if (h == NULL) {
        return NGX_ERROR;
    }

    *h = ngx_http_smtp_verify_subrequest_redirected;

    return NGX_OK;
}


/* Those who are asked are strangers.  With X-Accel-Redirect they would choose a
   location of this server, be it internal, to which they are sent. */

static ngx_int_t
ngx_http_smtp_verify_subrequest_redirected(ngx_http_request_t *r)
{
    ngx_http_upstream_t  *u;

    if (r->connection->log->handler != ngx_http_smtp_verify_subrequest_log) {
        return NGX_DECLINED;
    }

    u = r->upstream;

    if (u == NULL || u->headers_in.x_accel_redirect == NULL
        || (u->conf->ignore_headers & NGX_HTTP_UPSTREAM_IGN_XA_REDIRECT))
    {
        return NGX_DECLINED;
    }

    ngx_log_error(NGX_LOG_INFO, r->connection->log, 0,
                  "an answer with X-Accel-Redirect is refused");

    return NGX_HTTP_BAD_GATEWAY;
}


/* Creates the parent request and its connection. */

ngx_int_t
ngx_http_smtp_verify_subrequest_open(ngx_http_smtp_verify_subrequest_t *sr,
    ngx_http_core_srv_conf_t *cscf, ngx_http_addr_conf_t *addr_conf,
    ngx_log_t *log)
{
    ngx_pool_t             *pool;
    ngx_connection_t       *c;
    ngx_http_request_t     *mr;
    ngx_http_connection_t  *hc;

    sr->start = ngx_current_msec;

    sr->post.handler = ngx_http_smtp_verify_subrequest_done;
    sr->post.data = sr;

    sr->event.handler = ngx_http_smtp_verify_subrequest_event;
    sr->event.data = sr;
    sr->event.log = ngx_cycle->log;
    sr->event.cancelable = 1;

    sr->log = *log;
    sr->log.handler = ngx_http_smtp_verify_subrequest_log;
    sr->log.data = &sr->log_ctx;
    sr->log.action = NULL;

    ngx_http_smtp_verify_subrequest_connection(sr);

    c = &sr->connection;

    pool = ngx_create_pool(256, c->log);
    if (pool == NULL) {
        return NGX_ERROR;
    }

    c->pool = pool;

    pool = ngx_create_pool(4096, c->log);
    if (pool == NULL) {
        return NGX_ERROR;
    }

    sr->pool = pool;

    mr = ngx_pcalloc(pool, sizeof(ngx_http_request_t));
    hc = ngx_pcalloc(pool, sizeof(ngx_http_connection_t));

    if (mr == NULL || hc == NULL) {
        return NGX_ERROR;
    }

    sr->request = mr;
    sr->log_ctx.request = mr;
    sr->log_ctx.current_request = mr;
    c->data = mr;

    hc->addr_conf = addr_conf;
    hc->conf_ctx = cscf->ctx;

    mr->pool = pool;
    mr->connection = c;
    mr->http_connection = hc;
    mr->main_conf = cscf->ctx->main_conf;
    mr->srv_conf = cscf->ctx->srv_conf;
    mr->loc_conf = cscf->ctx->loc_conf;

    if (ngx_http_smtp_verify_subrequest_parent(sr) != NGX_OK) {
        return NGX_ERROR;
    }

    return ngx_http_smtp_verify_subrequest_headers(sr);
}


/* The connection is always ready and gets no events, like those of HTTP/2
   streams. */

static void
ngx_http_smtp_verify_subrequest_connection(
    ngx_http_smtp_verify_subrequest_t *sr)
{
    ngx_event_t       *rev, *wev;
    ngx_connection_t  *c;

    c = &sr->connection;
    rev = &sr->read_event;
    wev = &sr->write_event;

    c->fd = (ngx_socket_t) -1;
    c->read = rev;
    c->write = wev;
    c->log = &sr->log;
    c->type = SOCK_STREAM;

    /* there is no socket to set options of, as with "proxy_buffering off" */

    c->tcp_nodelay = NGX_TCP_NODELAY_DISABLED;
    c->tcp_nopush = NGX_TCP_NOPUSH_DISABLED;
    c->sndlowat = 1;

    c->number = ngx_atomic_fetch_add(ngx_connection_counter, 1);

    sr->sockaddr.sa_family = AF_UNIX;

    c->sockaddr = &sr->sockaddr;
    c->socklen = offsetof(struct sockaddr, sa_data);
    c->local_sockaddr = c->sockaddr;
    c->local_socklen = c->socklen;
    ngx_str_set(&c->addr_text, "unix:");

    sr->log.connection = c->number;
    sr->log_ctx.connection = c;

    rev->data = c;
    rev->log = c->log;
    rev->handler = ngx_http_smtp_verify_subrequest_nothing;
    rev->active = 1;

    wev->data = c;
    wev->log = c->log;
    wev->handler = ngx_http_smtp_verify_subrequest_nothing;
    wev->write = 1;
    wev->active = 1;
    wev->ready = 1;
}


static ngx_int_t
ngx_http_smtp_verify_subrequest_parent(
    ngx_http_smtp_verify_subrequest_t *sr)
{
    ngx_http_request_t         *mr;
    ngx_http_core_main_conf_t  *cmcf;

    mr = sr->request;

    mr->ctx = ngx_pcalloc(mr->pool, sizeof(void *) * ngx_http_max_module);
    if (mr->ctx == NULL) {
        return NGX_ERROR;
    }

    cmcf = ngx_http_get_module_main_conf(mr, ngx_http_core_module);

    mr->variables = ngx_pcalloc(mr->pool, cmcf->variables.nelts
                                          * sizeof(ngx_http_variable_value_t));
    if (mr->variables == NULL) {
        return NGX_ERROR;
    }

    mr->header_in = ngx_create_temp_buf(mr->pool, 1);
    if (mr->header_in == NULL) {
        return NGX_ERROR;
    }

    mr->signature = NGX_HTTP_MODULE;
    mr->main = mr;
    mr->count = 1;
    mr->subrequests = NGX_HTTP_MAX_SUBREQUESTS + 1;
    mr->uri_changes = NGX_HTTP_MAX_URI_CHANGES + 1;
    mr->read_event_handler = ngx_http_request_empty_handler;
    mr->write_event_handler = ngx_http_request_empty_handler;

    mr->method = NGX_HTTP_GET;
    ngx_str_set(&mr->method_name, "GET");
    mr->http_version = NGX_HTTP_VERSION_11;
    ngx_str_set(&mr->http_protocol, "HTTP/1.1");
    ngx_str_set(&mr->request_line, "GET / HTTP/1.1");
    ngx_str_set(&mr->uri, "/");
    mr->unparsed_uri = mr->uri;
    mr->internal = 1;
    mr->logged = 1;
    mr->start_sec = ngx_time();

    return NGX_OK;
}


static ngx_int_t
ngx_http_smtp_verify_subrequest_headers(
    ngx_http_smtp_verify_subrequest_t *sr)
{
    ngx_uint_t                 i;
    ngx_http_request_t        *r;
    ngx_http_core_srv_conf_t  *cscf;

    r = sr->request;

    if (ngx_list_init(&r->headers_in.headers, r->pool, 2,
                      sizeof(ngx_table_elt_t))
        != NGX_OK
        || ngx_list_init(&r->headers_out.headers, r->pool, 4,
                         sizeof(ngx_table_elt_t))
           != NGX_OK
        || ngx_list_init(&r->headers_out.trailers, r->pool, 4,
                         sizeof(ngx_table_elt_t))
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    cscf = ngx_http_get_module_srv_conf(r, ngx_http_core_module);

    r->headers_in.content_length_n = -1;
    r->headers_in.keep_alive_n = -1;
    r->headers_in.server = cscf->server_name;
    r->headers_out.content_length_n = -1;
    r->headers_out.last_modified_time = -1;

    if (ngx_http_smtp_verify_subrequest_header(sr, "Accept",
                                               (u_char *) "accept",
                                               &sr->accept)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    for (i = 0; i < sr->nheaders; i++) {

        if (ngx_http_smtp_verify_subrequest_header(sr,
                                          (char *) sr->headers[i].key.data,
                                          sr->headers[i].key.data,
                                          &sr->headers[i].value)
            != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


/* The names end with a NUL. */

static ngx_int_t
ngx_http_smtp_verify_subrequest_header(ngx_http_smtp_verify_subrequest_t *sr,
    const char *key, u_char *name, ngx_str_t *value)
{
    ngx_table_elt_t  *h;

    h = ngx_list_push(&sr->request->headers_in.headers);
    if (h == NULL) {
        return NGX_ERROR;
    }

    ngx_memzero(h, sizeof(ngx_table_elt_t));

    h->key.data = (u_char *) key;
    h->key.len = ngx_strlen(key);
    h->hash = ngx_hash_key(name, h->key.len);
    h->lowcase_key = name;
    h->value = *value;

    return NGX_OK;
}


ngx_int_t
ngx_http_smtp_verify_subrequest_ask(ngx_http_smtp_verify_subrequest_t *sr,
    ngx_str_t *args)
{
    ngx_int_t                 rc;
    ngx_http_request_t       *mr, *asked;
    ngx_http_request_body_t  *body;

    mr = sr->request;
    body = NULL;

    if (sr->body.len) {
        body = ngx_http_smtp_verify_subrequest_body(sr);
        if (body == NULL) {
            return NGX_ERROR;
        }
    }

    ngx_http_smtp_verify_subrequest_forget(mr);

    sr->answered = 0;
    sr->status = 0;
    sr->retry_after = 0;
    sr->unreached = 0;

    rc = ngx_http_subrequest(mr, &sr->uri, args, &asked, &sr->post,
                             NGX_HTTP_SUBREQUEST_IN_MEMORY
                             |NGX_HTTP_SUBREQUEST_BACKGROUND);

    if (rc != NGX_OK) {
        return rc;
    }

    if (body) {
        asked->method = NGX_HTTP_POST;
        ngx_str_set(&asked->method_name, "POST");
        asked->request_body = body;
        asked->headers_in.content_length_n = (off_t) sr->body.len;
        asked->header_only = 1;
    }

    /* must not run within the request that caused it */

    ngx_post_event(&sr->event, &ngx_posted_events);

    return NGX_OK;
}


static ngx_http_request_body_t *
ngx_http_smtp_verify_subrequest_body(ngx_http_smtp_verify_subrequest_t *sr)
{
    ngx_buf_t                *b;
    ngx_chain_t              *cl;
    ngx_http_request_body_t  *body;

    body = ngx_pcalloc(sr->pool, sizeof(ngx_http_request_body_t));
    b = ngx_calloc_buf(sr->pool);
    cl = ngx_alloc_chain_link(sr->pool);

    if (body == NULL || b == NULL || cl == NULL) {
        return NULL;
    }

    b->start = sr->body.data;
    b->pos = b->start;
    b->last = b->start + sr->body.len;
    b->end = b->last;
    b->memory = 1;
    b->last_buf = 1;

    cl->buf = b;
    cl->next = NULL;

    body->bufs = cl;
    body->buf = b;

    return body;
}


/* The seconds of a Retry-After, which is their number or a date; 0: there is
   none that can be read. */

static time_t
ngx_http_smtp_verify_subrequest_retry_after(ngx_http_request_t *r)
{
    time_t            then;
    ngx_uint_t        i;
    ngx_list_part_t  *part;
    ngx_table_elt_t  *h;

    for (part = &r->headers_out.headers.part; part; part = part->next) {

        h = part->elts;

        for (i = 0; i < part->nelts; i++) {

            if (h[i].hash == 0
                || h[i].key.len != sizeof("Retry-After") - 1
                || ngx_strncasecmp(h[i].key.data, (u_char *) "Retry-After",
                                   sizeof("Retry-After") - 1)
                   != 0)
            {
                continue;
            }

            then = ngx_atotm(h[i].value.data, h[i].value.len);

            if (then != NGX_ERROR) {
                return then;
            }

            then = ngx_parse_http_time(h[i].value.data, h[i].value.len);

            return ngx_max(then - ngx_time(), 0);
        }
    }

    return 0;
}


/* For an error it returns the status, so that error_page of the location
   applies. */

static ngx_int_t
ngx_http_smtp_verify_subrequest_done(ngx_http_request_t *r, void *data,
    ngx_int_t rc)
{
    ngx_buf_t                          *b;
    ngx_http_smtp_verify_subrequest_t  *sr = data;

    /* set by a filter because the answer was too large; there is no client
       whose connection it could be about */

    if (r->connection->error) {
        r->connection->error = 0;
        rc = NGX_ERROR;
    }

    if (rc >= NGX_HTTP_SPECIAL_RESPONSE
        && rc != NGX_HTTP_REQUEST_TIME_OUT
        && rc != NGX_HTTP_CLOSE
        && rc != NGX_HTTP_CLIENT_CLOSED_REQUEST)
    {
        return rc;
    }

    /* nginx calls this for an answer that waits for a file, and again later */

    if (rc == NGX_AGAIN) {
        return NGX_AGAIN;
    }

    if (sr->answered) {
        return NGX_OK;
    }

    sr->answered = 1;
    sr->status = r->headers_out.status;
    sr->retry_after = ngx_http_smtp_verify_subrequest_retry_after(r);
    sr->unreached = (r->upstream && r->upstream->headers_in.status_n == 0);

    b = (r->out && rc == NGX_OK) ? r->out->buf : NULL;

    if (b && sr->read && sr->status == NGX_HTTP_OK) {
        sr->read(sr, r, b->pos, b->last - b->pos);
    }

    ngx_post_event(&sr->event, &ngx_posted_events);

    return NGX_OK;
}


/* Called after sending, after the answer, and from time to time in between. */

static void
ngx_http_smtp_verify_subrequest_event(ngx_event_t *ev)
{
    ngx_http_smtp_verify_subrequest_t  *sr;

    sr = ev->data;

    if (sr->connection.destroyed) {
        sr->status = 0;
        sr->handler(sr);
        return;
    }

    /* a thread reads a file for the location, and uses the memory of the
       request until it ends */

    if (sr->request->blocked) {

        if (!ev->timer_set) {
            ngx_add_timer(ev, NGX_HTTP_SMTP_VERIFY_SUBREQUEST_TICK);
        }

        return;
    }

    if (!sr->answered) {

        if (ngx_exiting || ngx_current_msec - sr->start >= sr->timeout) {
            ngx_log_error(NGX_LOG_INFO, &sr->log, 0, "gave up");
            sr->status = 0;
            sr->handler(sr);
            return;
        }

        if (!ev->timer_set) {
            ngx_add_timer(ev, NGX_HTTP_SMTP_VERIFY_SUBREQUEST_TICK);
        }

        ngx_http_run_posted_requests(&sr->connection);

        return;
    }

    sr->handler(sr);
}


/* Clears the values of variables, which a subrequest shares with its
   parent. */

static void
ngx_http_smtp_verify_subrequest_forget(ngx_http_request_t *r)
{
    ngx_http_core_main_conf_t  *cmcf;

    cmcf = ngx_http_get_module_main_conf(r, ngx_http_core_module);

    ngx_memzero(r->variables, cmcf->variables.nelts
                              * sizeof(ngx_http_variable_value_t));
}


void
ngx_http_smtp_verify_subrequest_close(ngx_http_smtp_verify_subrequest_t *sr)
{
    ngx_event_t  *events[3];
    ngx_uint_t    i;

    ngx_http_smtp_verify_subrequest_cleanup(sr);

    events[0] = &sr->event;
    events[1] = &sr->read_event;
    events[2] = &sr->write_event;

    for (i = 0; i < 3; i++) {

        if (events[i]->posted) {
            ngx_delete_posted_event(events[i]);
        }

        if (events[i]->timer_set) {
            ngx_del_timer(events[i]);
        }
    }

    if (sr->connection.destroyed) {
        return;
    }

    if (sr->pool) {
        ngx_destroy_pool(sr->pool);
    }

    if (sr->connection.pool) {
        ngx_destroy_pool(sr->connection.pool);
    }
}


static void
ngx_http_smtp_verify_subrequest_cleanup(ngx_http_smtp_verify_subrequest_t *sr)
{
    ngx_http_cleanup_t  *cln;
    ngx_http_request_t  *mr;

    mr = sr->request;

    if (mr == NULL || sr->connection.destroyed) {
        return;
    }

    cln = mr->cleanup;
    mr->cleanup = NULL;

    for ( /* void */ ; cln; cln = cln->next) {
        if (cln->handler) {
            cln->handler(cln->data);
        }
    }
}


static void
ngx_http_smtp_verify_subrequest_nothing(ngx_event_t *ev)
{
    /* void */
}


/* There is no client and no address to log. */

static u_char *
ngx_http_smtp_verify_subrequest_log(ngx_log_t *log, u_char *buf, size_t len)
{
    u_char                             *p;
    ngx_http_log_ctx_t                 *ctx;
    ngx_http_smtp_verify_subrequest_t  *sr;

    ctx = log->data;
    sr = (ngx_http_smtp_verify_subrequest_t *)
             ((u_char *) ctx
              - offsetof(ngx_http_smtp_verify_subrequest_t, log_ctx));
    p = buf;

    if (log->action) {
        p = ngx_snprintf(p, len, " while %s", log->action);
    }

    if (ctx->request == NULL) {
        return p;
    }

    return ngx_snprintf(p, len - (p - buf), ", for %s, subrequest: \"%V\"",
                        sr->purpose, &ctx->current_request->uri);
}
