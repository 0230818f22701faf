
#include "ngx_http_smtp_verify_webhook.h"
#include "sv_target.h"


static ngx_int_t ngx_http_smtp_verify_webhook_host(
    ngx_http_smtp_verify_webhook_t *wh);
static void ngx_http_smtp_verify_webhook_resolved(
    ngx_smtp_verify_addr_query_t *q);
static void ngx_http_smtp_verify_webhook_choose(
    ngx_http_smtp_verify_webhook_t *wh);
static void ngx_http_smtp_verify_webhook_connect(
    ngx_http_smtp_verify_webhook_t *wh, struct sockaddr *sa, socklen_t len);
static ngx_int_t ngx_http_smtp_verify_webhook_pin(
    ngx_http_smtp_verify_webhook_t *wh, struct sockaddr *sa, socklen_t len);
static void ngx_http_smtp_verify_webhook_answered(
    ngx_http_smtp_verify_subrequest_t *sr);
static void ngx_http_smtp_verify_webhook_failed(
    ngx_http_smtp_verify_webhook_t *wh, const char *error);
static void ngx_http_smtp_verify_webhook_end(ngx_event_t *ev);


/* those that are under way in this worker */

static ngx_queue_t  ngx_http_smtp_verify_webhooks;


ngx_http_smtp_verify_webhook_t *
ngx_http_smtp_verify_webhook_create(ngx_http_smtp_verify_webhook_conf_t *conf,
    const char *url)
{
    sv_str_t                         text;
    ngx_pool_t                      *pool;
    ngx_http_smtp_verify_webhook_t  *wh;

    if (ngx_http_smtp_verify_webhooks.next == NULL) {
        ngx_queue_init(&ngx_http_smtp_verify_webhooks);
    }

    wh = ngx_calloc(sizeof(ngx_http_smtp_verify_webhook_t), ngx_cycle->log);
    if (wh == NULL) {
        return NULL;
    }

    pool = ngx_create_pool(4096, ngx_cycle->log);

    if (pool == NULL) {
        ngx_free(wh);
        return NULL;
    }

    wh->pool = pool;
    wh->conf = conf;
    wh->start = ngx_current_msec;

    wh->event.handler = ngx_http_smtp_verify_webhook_end;
    wh->event.data = wh;
    wh->event.log = ngx_cycle->log;

    ngx_queue_insert_tail(&ngx_http_smtp_verify_webhooks, &wh->queue);

    wh->given.len = ngx_strlen(url);
    wh->given.data = ngx_pnalloc(pool, wh->given.len);

    if (wh->given.data == NULL) {
        ngx_http_smtp_verify_webhook_free(wh);
        return NULL;
    }

    ngx_memcpy(wh->given.data, url, wh->given.len);

    text.data = wh->given.data;
    text.len = wh->given.len;

    if (sv_hook_url(&text, &wh->url) != 0
        || ngx_http_smtp_verify_webhook_host(wh) != NGX_OK)
    {
        ngx_http_smtp_verify_webhook_free(wh);
        return NULL;
    }

    return wh;
}


/* The header has the port only if it is not the usual one. */

static ngx_int_t
ngx_http_smtp_verify_webhook_host(ngx_http_smtp_verify_webhook_t *wh)
{
    u_char         *p;
    sv_hook_url_t  *url;

    url = &wh->url;

    p = ngx_pnalloc(wh->pool, url->host.len + sizeof("[]:65535") - 1);
    if (p == NULL) {
        return NGX_ERROR;
    }

    wh->host.data = p;

    if (url->family == AF_INET6) {
        *p++ = '[';
    }

    ngx_strlow(p, url->host.data, url->host.len);

    wh->name.data = p;
    wh->name.len = url->host.len;

    p += url->host.len;

    if (url->family == AF_INET6) {
        *p++ = ']';
    }

    if (url->port != (url->tls ? 443 : 80)) {
        p = ngx_sprintf(p, ":%ui", (ngx_uint_t) url->port);
    }

    wh->host.len = p - wh->host.data;

    return NGX_OK;
}


ngx_int_t
ngx_http_smtp_verify_webhook_send(ngx_http_smtp_verify_webhook_t *wh)
{
    socklen_t                      len;
    ngx_sockaddr_t                 sa;
    ngx_smtp_verify_addr_query_t  *q;

    if (wh->url.family) {
        ngx_http_smtp_verify_webhook_literal(&wh->url, &sa, &len);

        if (ngx_http_smtp_verify_webhook_allowed(wh->conf, &sa.sockaddr)) {
            ngx_http_smtp_verify_webhook_connect(wh, &sa.sockaddr, len);

        } else {
            ngx_http_smtp_verify_webhook_failed(wh, "private_target");
        }

        return NGX_OK;
    }

    q = &wh->query;

    q->resolver = wh->conf->resolver;
    q->name = wh->name;
    q->timeout = ngx_min(wh->conf->resolver_timeout, wh->conf->hook.timeout);
    q->pool = wh->pool;
    q->log = ngx_cycle->log;
    q->handler = ngx_http_smtp_verify_webhook_resolved;
    q->data = wh;

    if (ngx_smtp_verify_addr_resolve(q) == NGX_AGAIN) {
        wh->resolving = 1;
        return NGX_OK;
    }

    ngx_http_smtp_verify_webhook_choose(wh);

    return NGX_OK;
}


void
ngx_http_smtp_verify_webhook_literal(sv_hook_url_t *url, ngx_sockaddr_t *sa,
    socklen_t *len)
{
    ngx_memzero(sa, sizeof(ngx_sockaddr_t));

#if (NGX_HAVE_INET6)

    if (url->family == AF_INET6) {
        sa->sockaddr_in6.sin6_family = AF_INET6;
        sa->sockaddr_in6.sin6_addr = url->addr;
        *len = sizeof(struct sockaddr_in6);
        return;
    }

#endif

    sa->sockaddr_in.sin_family = (sa_family_t) url->family;
    ngx_memcpy(&sa->sockaddr_in.sin_addr, &url->addr, 4);
    *len = sizeof(struct sockaddr_in);
}


/* The same rule as for mail servers; what is allowed there is not allowed
   here. */

ngx_uint_t
ngx_http_smtp_verify_webhook_allowed(ngx_http_smtp_verify_webhook_conf_t *conf,
    struct sockaddr *sa)
{
    if (conf->allow && ngx_cidr_match(sa, conf->allow) == NGX_OK) {
        return 1;
    }

    return sv_target_is_public(sa);
}


static void
ngx_http_smtp_verify_webhook_resolved(ngx_smtp_verify_addr_query_t *q)
{
    ngx_http_smtp_verify_webhook_t *wh = q->data;

    wh->resolving = 0;
    ngx_http_smtp_verify_webhook_choose(wh);
}


static void
ngx_http_smtp_verify_webhook_choose(ngx_http_smtp_verify_webhook_t *wh)
{
    ngx_uint_t                     i;
    ngx_smtp_verify_addr_query_t  *q;

    q = &wh->query;

    switch (q->status) {

    case NGX_SMTP_VERIFY_ADDR_OK:
        break;

    case NGX_SMTP_VERIFY_ADDR_NONE:
    case NGX_SMTP_VERIFY_ADDR_UNASKED:
        ngx_http_smtp_verify_webhook_failed(wh, "no_address");
        return;

    default:
        ngx_http_smtp_verify_webhook_failed(wh, "dns_error");
        return;
    }

    for (i = 0; i < q->naddrs; i++) {

        if (ngx_http_smtp_verify_webhook_allowed(wh->conf,
                                                 q->addrs[i].sockaddr))
        {
            ngx_http_smtp_verify_webhook_connect(wh, q->addrs[i].sockaddr,
                                                 q->addrs[i].socklen);
            return;
        }
    }

    ngx_http_smtp_verify_webhook_failed(wh, "private_target");
}


static void
ngx_http_smtp_verify_webhook_connect(ngx_http_smtp_verify_webhook_t *wh,
    struct sockaddr *sa, socklen_t len)
{
    ngx_msec_t                            waited;
    ngx_http_smtp_verify_subrequest_t    *sr;
    ngx_http_smtp_verify_webhook_conf_t  *conf;

    conf = wh->conf;
    sr = &wh->sr;
    waited = ngx_current_msec - wh->start;

    if (waited >= conf->hook.timeout) {
        ngx_http_smtp_verify_webhook_failed(wh, "timeout");
        return;
    }

    if (ngx_http_smtp_verify_webhook_pin(wh, sa, len) != NGX_OK) {
        ngx_http_smtp_verify_webhook_failed(wh, NULL);
        return;
    }

    sr->uri = conf->uri;
    ngx_str_set(&sr->accept, "*/*");
    sr->headers = wh->headers;
    sr->nheaders = wh->nheaders;
    sr->body = wh->body;
    sr->purpose = "a webhook";
    sr->timeout = conf->hook.timeout - waited;
    sr->data = wh;
    sr->handler = ngx_http_smtp_verify_webhook_answered;

    wh->opened = 1;

    if (ngx_http_smtp_verify_subrequest_open(sr, conf->server,
                                             &conf->addr_conf, ngx_cycle->log)
        != NGX_OK
        || ngx_http_smtp_verify_subrequest_ask(sr, NULL) != NGX_OK)
    {
        ngx_http_smtp_verify_webhook_failed(wh, NULL);
    }
}


/* The URL with the address in the place of the name. */

static ngx_int_t
ngx_http_smtp_verify_webhook_pin(ngx_http_smtp_verify_webhook_t *wh,
    struct sockaddr *sa, socklen_t len)
{
    u_char     *p;
    ngx_str_t   path;

    ngx_inet_set_port(sa, (in_port_t) wh->url.port);

    path.data = wh->url.path.data;
    path.len = wh->url.path.len;

    p = ngx_pnalloc(wh->pool, sizeof("https://") + NGX_SOCKADDR_STRLEN
                              + path.len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    wh->pinned.data = p;

    p = ngx_sprintf(p, "http%s://", wh->url.tls ? "s" : "");
    p += ngx_sock_ntop(sa, len, p, NGX_SOCKADDR_STRLEN, 1);

    if (path.len == 0 || path.data[0] != '/') {
        *p++ = '/';
    }

    p = ngx_cpymem(p, path.data, path.len);

    wh->pinned.len = p - wh->pinned.data;

    return NGX_OK;
}


/* An answer of nginx itself (502, 504) says nothing about the receiver. */

static void
ngx_http_smtp_verify_webhook_answered(ngx_http_smtp_verify_subrequest_t *sr)
{
    ngx_http_smtp_verify_webhook_t *wh = sr->data;

    if (sr->status && !sr->unreached) {
        wh->status = sr->status;

        if (wh->status >= 200 && wh->status < 300) {
            wh->sent = ngx_smtp_verify_jobs_hook_delivered;

        } else if (wh->status == 410) {
            wh->sent = ngx_smtp_verify_jobs_hook_unwanted;
            wh->error = "gone";

        } else if (wh->status == 429 || wh->status == 503) {
            wh->retry_after = sr->retry_after;
        }

        ngx_http_smtp_verify_webhook_end(&wh->event);
        return;
    }

    if (sr->status == 0 && ngx_exiting) {
        wh->sent = ngx_smtp_verify_jobs_hook_stopped;
    }

    if (sr->status == NGX_HTTP_GATEWAY_TIME_OUT
        || ngx_current_msec - wh->start >= wh->conf->hook.timeout)
    {
        wh->error = "timeout";

    } else {
        wh->error = "no_answer";
    }

    ngx_http_smtp_verify_webhook_end(&wh->event);
}


/* Without a word there was no memory. */

static void
ngx_http_smtp_verify_webhook_failed(ngx_http_smtp_verify_webhook_t *wh,
    const char *error)
{
    wh->error = error;

    if (error == NULL) {
        wh->sent = ngx_smtp_verify_jobs_hook_stopped;
        wh->error = "interrupted";
    }

    ngx_post_event(&wh->event, &ngx_posted_events);
}


static void
ngx_http_smtp_verify_webhook_end(ngx_event_t *ev)
{
    ngx_http_smtp_verify_webhook_t *wh = ev->data;

    wh->took = ngx_current_msec - wh->start;
    wh->handler(wh);
}


void
ngx_http_smtp_verify_webhook_free(ngx_http_smtp_verify_webhook_t *wh)
{
    ngx_queue_remove(&wh->queue);

    if (wh->resolving) {
        ngx_smtp_verify_addr_cancel(&wh->query);
    }

    if (wh->event.posted) {
        ngx_delete_posted_event(&wh->event);
    }

    if (wh->opened) {
        ngx_http_smtp_verify_subrequest_close(&wh->sr);
    }

    ngx_destroy_pool(wh->pool);
    ngx_free(wh);
}


ngx_uint_t
ngx_http_smtp_verify_webhook_tests(const char *client)
{
    ngx_uint_t                       n;
    ngx_queue_t                     *q;
    ngx_http_smtp_verify_webhook_t  *wh;

    if (ngx_http_smtp_verify_webhooks.next == NULL) {
        return 0;
    }

    n = 0;

    for (q = ngx_queue_head(&ngx_http_smtp_verify_webhooks);
         q != ngx_queue_sentinel(&ngx_http_smtp_verify_webhooks);
         q = ngx_queue_next(q))
    {
        wh = ngx_queue_data(q, ngx_http_smtp_verify_webhook_t, queue);

        n += (wh->client
              && (client == NULL || ngx_strcmp(wh->client, client) == 0));
    }

    return n;
}


ngx_http_smtp_verify_webhook_t *
ngx_http_smtp_verify_webhook_of(ngx_http_request_t *r)
{
    ngx_queue_t                     *q;
    ngx_http_smtp_verify_webhook_t  *wh;

    if (ngx_http_smtp_verify_webhooks.next == NULL) {
        return NULL;
    }

    for (q = ngx_queue_head(&ngx_http_smtp_verify_webhooks);
         q != ngx_queue_sentinel(&ngx_http_smtp_verify_webhooks);
         q = ngx_queue_next(q))
    {
        wh = ngx_queue_data(q, ngx_http_smtp_verify_webhook_t, queue);

        if (wh->opened && wh->sr.request == r->main) {
            return wh;
        }
    }

    return NULL;
}
