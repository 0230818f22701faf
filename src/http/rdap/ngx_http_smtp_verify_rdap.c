
#include "ngx_http_smtp_verify_rdap.h"
#include "ngx_smtp_verify_facts.h"
#include "ngx_smtp_verify_connections.h"
#include "sv_rdap.h"


#define NGX_HTTP_SMTP_VERIFY_RDAP_MAX      32       /* at once, a worker */
#define NGX_HTTP_SMTP_VERIFY_RDAP_TRIES    3        /* names of a domain */
#define NGX_HTTP_SMTP_VERIFY_RDAP_TIMEOUT  10000    /* ms */
#define NGX_HTTP_SMTP_VERIFY_RDAP_TICK     500

#define NGX_HTTP_SMTP_VERIFY_RDAP_DAY           86400


typedef struct {
    ngx_connection_t             connection;    /* of nobody */
    ngx_event_t                  read;
    ngx_event_t                  write;
    ngx_log_t                    log;
    ngx_http_log_ctx_t           log_ctx;
    struct sockaddr              sockaddr;

    ngx_pool_t                  *pool;          /* of the request */
    ngx_http_request_t          *request;
    ngx_smtp_verify_conf_t      *conf;
    ngx_http_post_subrequest_t   post;
    ngx_event_t                  event;         /* the next step, or the
                                                   deadline */
    ngx_msec_t                   start;
    ngx_uint_t                   tries;
    ngx_uint_t                   status;
    ngx_uint_t                   day;
    ngx_str_t                    uri;
    ngx_str_t                    domain;
    ngx_str_t                    name;          /* that is asked for */
    unsigned                     answered:1;
} ngx_http_smtp_verify_rdap_t;


static ngx_http_smtp_verify_rdap_t *ngx_http_smtp_verify_rdap_create(
    ngx_http_request_t *r, ngx_str_t *uri, sv_str_t *domain);
static void ngx_http_smtp_verify_rdap_connection(
    ngx_http_smtp_verify_rdap_t *rdap);
static ngx_int_t ngx_http_smtp_verify_rdap_request(
    ngx_http_smtp_verify_rdap_t *rdap, ngx_http_request_t *r);
static ngx_int_t ngx_http_smtp_verify_rdap_headers(ngx_http_request_t *r);
static ngx_int_t ngx_http_smtp_verify_rdap_ask(
    ngx_http_smtp_verify_rdap_t *rdap);
static ngx_int_t ngx_http_smtp_verify_rdap_done(ngx_http_request_t *r,
    void *data, ngx_int_t rc);
static void ngx_http_smtp_verify_rdap_event(ngx_event_t *ev);
static ngx_int_t ngx_http_smtp_verify_rdap_above(
    ngx_http_smtp_verify_rdap_t *rdap);
static ngx_int_t ngx_http_smtp_verify_rdap_parent(
    ngx_http_smtp_verify_rdap_t *rdap);
static void ngx_http_smtp_verify_rdap_forget(ngx_http_request_t *r);
static void ngx_http_smtp_verify_rdap_free(ngx_http_smtp_verify_rdap_t *rdap);
static void ngx_http_smtp_verify_rdap_nothing(ngx_event_t *ev);
static u_char *ngx_http_smtp_verify_rdap_log(ngx_log_t *log, u_char *buf,
    size_t len);


static ngx_uint_t  ngx_http_smtp_verify_rdap_count;


char *
ngx_http_smtp_verify_rdap(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_smtp_verify_loc_conf_t *slcf = conf;

    ngx_str_t  *value;

    if (slcf->rdap.data) {
        return "is duplicate";
    }

    value = cf->args->elts;

    if (ngx_strcmp(value[1].data, "off") == 0) {
        ngx_str_set(&slcf->rdap, "");
        return NGX_CONF_OK;
    }

    if (value[1].data[0] != '/'
        || ngx_strlchr(value[1].data, value[1].data + value[1].len, '?'))
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid URI \"%V\" in \"%V\" directive, a "
                           "location of this server is needed, such as "
                           "\"/rdap\"", &value[1], &cmd->name);
        return NGX_CONF_ERROR;
    }

    slcf->rdap = value[1];

    return NGX_CONF_OK;
}


void
ngx_http_smtp_verify_rdap_start(ngx_http_request_t *r, ngx_str_t *email)
{
    ngx_str_t                         domain;
    sv_address_t                     *addr;
    ngx_http_smtp_verify_rdap_t      *rdap;
    ngx_http_smtp_verify_loc_conf_t  *slcf;

    slcf = ngx_http_get_module_loc_conf(r, ngx_http_smtp_verify_module);

    if (slcf->rdap.len == 0
        || ngx_exiting
        || ngx_http_smtp_verify_rdap_count >= NGX_HTTP_SMTP_VERIFY_RDAP_MAX
        || ngx_smtp_verify_connections_free()
           < ngx_smtp_verify_connections() / 8
        || ngx_smtp_verify_parse(email, &addr) != SV_ADDRESS_OK)
    {
        return;
    }

    domain.data = (u_char *) addr->domain.data;
    domain.len = addr->domain.len;

    if (ngx_smtp_verify_facts_age_claim(&slcf->verify, &domain) != NGX_OK) {
        return;
    }

    rdap = ngx_http_smtp_verify_rdap_create(r, &slcf->rdap, &addr->domain);
    if (rdap == NULL) {
        return;
    }

    rdap->conf = &slcf->verify;
    ngx_http_smtp_verify_rdap_count++;

    if (ngx_http_smtp_verify_rdap_request(rdap, r) != NGX_OK
        || ngx_http_smtp_verify_rdap_ask(rdap) != NGX_OK)
    {
        ngx_http_smtp_verify_rdap_free(rdap);
        return;
    }

    /* not within the request that made us ask */

    ngx_post_event(&rdap->event, &ngx_posted_events);
}


static ngx_http_smtp_verify_rdap_t *
ngx_http_smtp_verify_rdap_create(ngx_http_request_t *r, ngx_str_t *uri,
    sv_str_t *domain)
{
    u_char                       *p;
    ngx_http_smtp_verify_rdap_t  *rdap;

    rdap = ngx_calloc(sizeof(ngx_http_smtp_verify_rdap_t) + domain->len,
                      ngx_cycle->log);
    if (rdap == NULL) {
        return NULL;
    }

    p = (u_char *) rdap + sizeof(ngx_http_smtp_verify_rdap_t);
    ngx_memcpy(p, domain->data, domain->len);

    rdap->domain.data = p;
    rdap->domain.len = domain->len;
    rdap->name = rdap->domain;
    rdap->uri = *uri;
    rdap->start = ngx_current_msec;

    rdap->post.handler = ngx_http_smtp_verify_rdap_done;
    rdap->post.data = rdap;

    rdap->event.handler = ngx_http_smtp_verify_rdap_event;
    rdap->event.data = rdap;
    rdap->event.log = ngx_cycle->log;
    rdap->event.cancelable = 1;

    rdap->log = *r->connection->log;
    rdap->log.handler = ngx_http_smtp_verify_rdap_log;
    rdap->log.data = &rdap->log_ctx;
    rdap->log.action = NULL;

    ngx_http_smtp_verify_rdap_connection(rdap);

    return rdap;
}


/* it is ready for all, and no event comes: as streams of HTTP/2 have it */

static void
ngx_http_smtp_verify_rdap_connection(ngx_http_smtp_verify_rdap_t *rdap)
{
    ngx_event_t       *rev, *wev;
    ngx_connection_t  *c;

    c = &rdap->connection;
    rev = &rdap->read;
    wev = &rdap->write;

    c->fd = (ngx_socket_t) -1;
    c->read = rev;
    c->write = wev;
    c->log = &rdap->log;
    c->type = SOCK_STREAM;
    c->number = ngx_atomic_fetch_add(ngx_connection_counter, 1);

    rdap->sockaddr.sa_family = AF_UNIX;

    c->sockaddr = &rdap->sockaddr;
    c->socklen = offsetof(struct sockaddr, sa_data);
    c->local_sockaddr = c->sockaddr;
    c->local_socklen = c->socklen;
    ngx_str_set(&c->addr_text, "unix:");

    rdap->log.connection = c->number;
    rdap->log_ctx.connection = c;

    rev->data = c;
    rev->log = c->log;
    rev->handler = ngx_http_smtp_verify_rdap_nothing;
    rev->active = 1;

    wev->data = c;
    wev->log = c->log;
    wev->handler = ngx_http_smtp_verify_rdap_nothing;
    wev->write = 1;
    wev->active = 1;
    wev->ready = 1;
}


/* what a subrequest needs of its parent; r lends the server it is for */

static ngx_int_t
ngx_http_smtp_verify_rdap_request(ngx_http_smtp_verify_rdap_t *rdap,
    ngx_http_request_t *r)
{
    ngx_pool_t                 *pool;
    ngx_connection_t           *c;
    ngx_http_request_t         *mr;
    ngx_http_connection_t      *hc;
    ngx_http_core_srv_conf_t   *cscf;

    c = &rdap->connection;

    pool = ngx_create_pool(256, c->log);
    if (pool == NULL) {
        return NGX_ERROR;
    }

    c->pool = pool;

    pool = ngx_create_pool(4096, c->log);
    if (pool == NULL) {
        return NGX_ERROR;
    }

    rdap->pool = pool;

    mr = ngx_pcalloc(pool, sizeof(ngx_http_request_t));
    hc = ngx_pcalloc(pool, sizeof(ngx_http_connection_t));

    if (mr == NULL || hc == NULL) {
        return NGX_ERROR;
    }

    rdap->request = mr;
    rdap->log_ctx.request = mr;
    rdap->log_ctx.current_request = mr;
    c->data = mr;

    cscf = ngx_http_get_module_srv_conf(r, ngx_http_core_module);

    /* a subrequest has none */

    hc->addr_conf = r->main->http_connection->addr_conf;
    hc->conf_ctx = cscf->ctx;

    mr->pool = pool;
    mr->connection = c;
    mr->http_connection = hc;
    mr->main_conf = cscf->ctx->main_conf;
    mr->srv_conf = cscf->ctx->srv_conf;
    mr->loc_conf = cscf->ctx->loc_conf;

    if (ngx_http_smtp_verify_rdap_parent(rdap) != NGX_OK) {
        return NGX_ERROR;
    }

    return ngx_http_smtp_verify_rdap_headers(mr);
}


static ngx_int_t
ngx_http_smtp_verify_rdap_parent(ngx_http_smtp_verify_rdap_t *rdap)
{
    ngx_http_request_t         *mr;
    ngx_http_core_main_conf_t  *cmcf;

    mr = rdap->request;

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
ngx_http_smtp_verify_rdap_headers(ngx_http_request_t *r)
{
    ngx_table_elt_t           *h;
    ngx_http_core_srv_conf_t  *cscf;

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

    h = ngx_list_push(&r->headers_in.headers);
    if (h == NULL) {
        return NGX_ERROR;
    }

    ngx_memzero(h, sizeof(ngx_table_elt_t));

    h->hash = 1;
    ngx_str_set(&h->key, "Accept");
    h->lowcase_key = (u_char *) "accept";
    ngx_str_set(&h->value, "application/rdap+json, application/json");

    return NGX_OK;
}


static ngx_int_t
ngx_http_smtp_verify_rdap_ask(ngx_http_smtp_verify_rdap_t *rdap)
{
    u_char              *p;
    ngx_str_t            args;
    ngx_http_request_t  *mr, *sr;

    mr = rdap->request;

    args.len = sizeof("domain=") - 1 + rdap->name.len;
    args.data = ngx_pnalloc(mr->pool, args.len);

    if (args.data == NULL) {
        return NGX_ERROR;
    }

    p = ngx_cpymem(args.data, "domain=", sizeof("domain=") - 1);
    ngx_memcpy(p, rdap->name.data, rdap->name.len);

    rdap->tries++;
    rdap->answered = 0;

    return ngx_http_subrequest(mr, &rdap->uri, &args, &sr, &rdap->post,
                               NGX_HTTP_SUBREQUEST_IN_MEMORY
                               |NGX_HTTP_SUBREQUEST_BACKGROUND);
}


/* an error_page of the location may still have its say */

static ngx_int_t
ngx_http_smtp_verify_rdap_done(ngx_http_request_t *r, void *data,
    ngx_int_t rc)
{
    int                           age;
    ngx_buf_t                    *b;
    ngx_http_smtp_verify_rdap_t  *rdap = data;

    /* of the filters, as an answer was too large: nobody else is there */

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

    /* nginx tells so of an answer that waits for a file, and once more later */

    if (rc == NGX_AGAIN) {
        return NGX_AGAIN;
    }

    if (rdap->answered) {
        return NGX_OK;
    }

    rdap->answered = 1;
    rdap->status = r->headers_out.status;

    b = (r->out && rc == NGX_OK) ? r->out->buf : NULL;

    if (b && rdap->status == NGX_HTTP_OK) {
        age = sv_rdap_age((char *) b->pos, b->last - b->pos, ngx_time());

        if (age >= 0) {
            rdap->day = ngx_time() / NGX_HTTP_SMTP_VERIFY_RDAP_DAY - age;
        }
    }

    ngx_post_event(&rdap->event, &ngx_posted_events);

    return NGX_OK;
}


/* asked, answered, or some time has passed */

static void
ngx_http_smtp_verify_rdap_event(ngx_event_t *ev)
{
    ngx_http_smtp_verify_rdap_t  *rdap;

    rdap = ev->data;

    if (rdap->connection.destroyed) {
        ngx_http_smtp_verify_rdap_free(rdap);
        return;
    }

    /* a thread reads a file for the location: it works in the request's
       memory, however long that takes */

    if (rdap->request->blocked) {

        if (!ev->timer_set) {
            ngx_add_timer(ev, NGX_HTTP_SMTP_VERIFY_RDAP_TICK);
        }

        return;
    }

    if (!rdap->answered) {

        if (ngx_exiting || ngx_current_msec - rdap->start
                           >= NGX_HTTP_SMTP_VERIFY_RDAP_TIMEOUT)
        {
            ngx_log_error(NGX_LOG_INFO, &rdap->log, 0, "gave up");
            ngx_http_smtp_verify_rdap_free(rdap);
            return;
        }

        if (!ev->timer_set) {
            ngx_add_timer(ev, NGX_HTTP_SMTP_VERIFY_RDAP_TICK);
        }

        ngx_http_run_posted_requests(&rdap->connection);

        return;
    }

    if (rdap->day) {
        ngx_smtp_verify_facts_set_age(rdap->conf, &rdap->domain, rdap->day);
        ngx_http_smtp_verify_rdap_free(rdap);
        return;
    }

    if (ngx_http_smtp_verify_rdap_above(rdap) == NGX_OK) {
        ngx_post_event(ev, &ngx_posted_events);
        return;
    }

    ngx_log_error(NGX_LOG_INFO, &rdap->log, 0, "no age was told, status %ui",
                  rdap->status);

    ngx_http_smtp_verify_rdap_free(rdap);
}


/* the registered domain is above, how far nobody says */

static ngx_int_t
ngx_http_smtp_verify_rdap_above(ngx_http_smtp_verify_rdap_t *rdap)
{
    u_char     *p, *last;
    ngx_str_t   rest;

    last = rdap->name.data + rdap->name.len;
    p = ngx_strlchr(rdap->name.data, last, '.');

    if (p == NULL || rdap->status != NGX_HTTP_NOT_FOUND
        || rdap->tries >= NGX_HTTP_SMTP_VERIFY_RDAP_TRIES)
    {
        return NGX_DECLINED;
    }

    rest.data = p + 1;
    rest.len = last - rest.data;

    if (ngx_strlchr(rest.data, last, '.') == NULL) {
        return NGX_DECLINED;
    }

    rdap->name = rest;
    ngx_http_smtp_verify_rdap_forget(rdap->request);

    return ngx_http_smtp_verify_rdap_ask(rdap);
}


/* values of variables, which a subrequest shares with its parent */

static void
ngx_http_smtp_verify_rdap_forget(ngx_http_request_t *r)
{
    ngx_http_core_main_conf_t  *cmcf;

    cmcf = ngx_http_get_module_main_conf(r, ngx_http_core_module);

    ngx_memzero(r->variables, cmcf->variables.nelts
                              * sizeof(ngx_http_variable_value_t));
}


static void
ngx_http_smtp_verify_rdap_free(ngx_http_smtp_verify_rdap_t *rdap)
{
    ngx_event_t         *events[3];
    ngx_uint_t           i;
    ngx_http_cleanup_t  *cln;
    ngx_http_request_t  *mr;

    mr = rdap->request;

    if (mr && !rdap->connection.destroyed) {
        cln = mr->cleanup;
        mr->cleanup = NULL;

        for ( /* void */ ; cln; cln = cln->next) {
            if (cln->handler) {
                cln->handler(cln->data);
            }
        }
    }

    events[0] = &rdap->event;
    events[1] = &rdap->read;
    events[2] = &rdap->write;

    for (i = 0; i < 3; i++) {

        if (events[i]->posted) {
            ngx_delete_posted_event(events[i]);
        }

        if (events[i]->timer_set) {
            ngx_del_timer(events[i]);
        }
    }

    if (!rdap->connection.destroyed) {

        if (rdap->pool) {
            ngx_destroy_pool(rdap->pool);
        }

        if (rdap->connection.pool) {
            ngx_destroy_pool(rdap->connection.pool);
        }
    }

    ngx_http_smtp_verify_rdap_count--;

    ngx_free(rdap);
}


static void
ngx_http_smtp_verify_rdap_nothing(ngx_event_t *ev)
{
    /* void */
}


/* neither a client nor an address is there to be named */

static u_char *
ngx_http_smtp_verify_rdap_log(ngx_log_t *log, u_char *buf, size_t len)
{
    u_char              *p;
    ngx_http_log_ctx_t  *ctx;

    ctx = log->data;
    p = buf;

    if (log->action) {
        p = ngx_snprintf(p, len, " while %s", log->action);
    }

    if (ctx->request == NULL) {
        return p;
    }

    return ngx_snprintf(p, len - (p - buf),
                        ", for the age of a domain, subrequest: \"%V\"",
                        &ctx->current_request->uri);
}
