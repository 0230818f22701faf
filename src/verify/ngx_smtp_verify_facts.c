
#include "ngx_smtp_verify_domains.h"
#include "ngx_smtp_verify_facts.h"


#define NGX_SMTP_VERIFY_FACTS_MAX      8192
#define NGX_SMTP_VERIFY_CATCH_ALL_TTL  21600        /* s */
#define NGX_SMTP_VERIFY_HOST_TTL       86400

#define NGX_SMTP_VERIFY_UNTOLD_TTL     600

#define NGX_SMTP_VERIFY_MX_MIN_TTL     10           /* answers of a burst */
#define NGX_SMTP_VERIFY_MX_MAX_TTL     86400
#define NGX_SMTP_VERIFY_MX_NO_TTL      60           /* where none is told */
#define NGX_SMTP_VERIFY_MX_MAX_NO_TTL  3600

#define NGX_SMTP_VERIFY_FACTS_POLL     25           /* ms */
#define NGX_SMTP_VERIFY_FACTS_GRACE    2000


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


static ngx_uint_t ngx_smtp_verify_facts_zone(ngx_smtp_verify_conf_t *conf,
    ngx_smtp_verify_domains_t *ds);
static void ngx_smtp_verify_facts_shuffle(ngx_smtp_verify_mx_query_t *q);
static ngx_smtp_verify_fact_t *ngx_smtp_verify_facts_claimed(
    ngx_smtp_verify_conf_t *conf, ngx_str_t *domain);
static ngx_int_t ngx_smtp_verify_facts_own(ngx_smtp_verify_fact_t *fact);
static void ngx_smtp_verify_facts_next(ngx_smtp_verify_fact_t *fact);
static void ngx_smtp_verify_facts_poll(ngx_event_t *ev);
static ngx_uint_t ngx_smtp_verify_facts_host_is(ngx_smtp_verify_conf_t *conf,
    ngx_str_t *host, ngx_smtp_verify_host_fact_e what);
static void ngx_smtp_verify_facts_set_host(ngx_smtp_verify_conf_t *conf,
    ngx_str_t *host, ngx_smtp_verify_host_fact_e what);
static ngx_smtp_verify_fact_t *ngx_smtp_verify_facts_lookup(ngx_str_t *name);
static ngx_smtp_verify_fact_t *ngx_smtp_verify_facts_add(ngx_str_t *name);
static void ngx_smtp_verify_facts_evict(void);
static void ngx_smtp_verify_facts_wake(ngx_smtp_verify_fact_t *fact);
static void ngx_smtp_verify_facts_post(ngx_smtp_verify_claim_t *claim);
static void ngx_smtp_verify_facts_unpost(ngx_smtp_verify_claim_t *claim);
static void ngx_smtp_verify_facts_call(ngx_event_t *ev);


static ngx_rbtree_t       ngx_smtp_verify_facts_tree;
static ngx_rbtree_node_t  ngx_smtp_verify_facts_sentinel;
static ngx_queue_t        ngx_smtp_verify_facts_lru;
static ngx_uint_t         ngx_smtp_verify_facts_n;
static ngx_uint_t         ngx_smtp_verify_facts_ready;

/* those whose handler is still to be called */
static ngx_queue_t        ngx_smtp_verify_facts_woken;
static ngx_event_t        ngx_smtp_verify_facts_event;


static ngx_uint_t
ngx_smtp_verify_facts_zone(ngx_smtp_verify_conf_t *conf,
    ngx_smtp_verify_domains_t *ds)
{
    if (conf->cache == NULL) {
        return 0;
    }

    ds->cache = conf->cache->data;
    ds->scope = conf->scope;
    ds->log = ngx_cycle->log;

    return 1;
}


ngx_int_t
ngx_smtp_verify_facts_mx(ngx_smtp_verify_conf_t *conf,
    ngx_smtp_verify_mx_query_t *q)
{
    ngx_int_t  rc;

    rc = ngx_smtp_verify_facts_mx_known(conf, q);

    return rc == NGX_DECLINED ? ngx_smtp_verify_mx_resolve(q) : rc;
}


ngx_int_t
ngx_smtp_verify_facts_mx_known(ngx_smtp_verify_conf_t *conf,
    ngx_smtp_verify_mx_query_t *q)
{
    u_char                               *p;
    ngx_uint_t                            i;
    ngx_smtp_verify_domains_t             ds;
    static ngx_smtp_verify_domain_mxs_t   mxs;

    if (!ngx_smtp_verify_facts_zone(conf, &ds)
        || ngx_smtp_verify_domain_mx(&ds, &q->name, &mxs) != NGX_OK)
    {
        return NGX_DECLINED;
    }

    q->status = mxs.status;
    q->nrecords = mxs.nrecords;

    q->records = ngx_palloc(q->pool, sizeof(ngx_smtp_verify_mx_record_t)
                                     * ngx_max(mxs.nrecords, 1));
    if (q->records == NULL) {
        return NGX_ERROR;
    }

    for (i = 0; i < mxs.nrecords; i++) {

        p = ngx_pstrdup(q->pool, &mxs.records[i].host);
        if (p == NULL) {
            return NGX_ERROR;
        }

        q->records[i].preference = mxs.records[i].preference;
        q->records[i].host.data = p;
        q->records[i].host.len = mxs.records[i].host.len;
    }

    ngx_smtp_verify_facts_shuffle(q);

    return NGX_OK;
}


/* equal preferences share the load */

static void
ngx_smtp_verify_facts_shuffle(ngx_smtp_verify_mx_query_t *q)
{
    ngx_uint_t                    i, k, first;
    ngx_smtp_verify_mx_record_t   mx;

    first = 0;

    for (i = 1; i < q->nrecords; i++) {

        if (q->records[i].preference != q->records[first].preference) {
            first = i;
            continue;
        }

        k = first + (ngx_uint_t) ngx_random() % (i - first + 1);

        mx = q->records[i];
        q->records[i] = q->records[k];
        q->records[k] = mx;
    }
}


void
ngx_smtp_verify_facts_set_mx(ngx_smtp_verify_conf_t *conf,
    ngx_smtp_verify_mx_query_t *q)
{
    time_t                                ttl;
    ngx_uint_t                            i;
    ngx_smtp_verify_domains_t             ds;
    static ngx_smtp_verify_domain_mxs_t   mxs;

    if (!ngx_smtp_verify_facts_zone(conf, &ds)) {
        return;
    }

    switch (q->status) {

    case NGX_SMTP_VERIFY_MX_OK:
        ttl = ngx_min(q->ttl, NGX_SMTP_VERIFY_MX_MAX_TTL);
        break;

    case NGX_SMTP_VERIFY_MX_NODATA:
    case NGX_SMTP_VERIFY_MX_NXDOMAIN:
        ttl = q->ttl ? ngx_min(q->ttl, NGX_SMTP_VERIFY_MX_MAX_NO_TTL)
                     : NGX_SMTP_VERIFY_MX_NO_TTL;
        break;

    default:
        return;
    }

    mxs.status = q->status;
    mxs.nrecords = ngx_min(q->nrecords, NGX_SMTP_VERIFY_DOMAIN_MX_MAX);

    for (i = 0; i < mxs.nrecords; i++) {
        mxs.records[i].preference = q->records[i].preference;
        mxs.records[i].host = q->records[i].host;
    }

    ngx_smtp_verify_domain_set_mx(&ds, &q->name, &mxs,
                                  ngx_max(ttl, NGX_SMTP_VERIFY_MX_MIN_TTL));
}


ngx_int_t
ngx_smtp_verify_facts_catch_all(ngx_smtp_verify_conf_t *conf,
    ngx_str_t *domain)
{
    ngx_smtp_verify_fact_t     *fact;
    ngx_smtp_verify_domains_t   ds;

    if (ngx_smtp_verify_facts_zone(conf, &ds)) {
        return ngx_smtp_verify_domain_catch_all(&ds, domain);
    }

    fact = ngx_smtp_verify_facts_lookup(domain);

    if (fact == NULL || fact->catch_all_expires <= ngx_time()) {
        return NGX_SMTP_VERIFY_UNKNOWN;
    }

    return fact->catch_all;
}


void
ngx_smtp_verify_facts_not_catch_all(ngx_smtp_verify_conf_t *conf,
    ngx_str_t *domain)
{
    ngx_smtp_verify_fact_t     *fact;
    ngx_smtp_verify_domains_t   ds;

    if (ngx_smtp_verify_facts_zone(conf, &ds)) {
        ngx_smtp_verify_domain_set_catch_all(&ds, domain, NGX_SMTP_VERIFY_NO,
                                             conf->valid[SV_CATCH_ALL], 0);
        return;
    }

    fact = ngx_smtp_verify_facts_add(domain);

    if (fact) {
        fact->catch_all = NGX_SMTP_VERIFY_NO;
        fact->catch_all_expires = ngx_time() + NGX_SMTP_VERIFY_CATCH_ALL_TTL;
    }
}


ngx_int_t
ngx_smtp_verify_facts_claim(ngx_smtp_verify_conf_t *conf, ngx_str_t *domain,
    ngx_smtp_verify_claim_t *claim)
{
    ngx_smtp_verify_fact_t  *fact;

    fact = ngx_smtp_verify_facts_claimed(conf, domain);
    if (fact == NULL) {
        return NGX_ERROR;
    }

    if (fact->owner == NULL && fact->domains.cache
        && ngx_smtp_verify_domain_untold(&fact->domains, &fact->domain))
    {
        return NGX_DECLINED;
    }

    claim->fact = fact;

    if (fact->owner == NULL && !fact->poll.timer_set
        && ngx_smtp_verify_facts_own(fact) == NGX_OK)
    {
        fact->owner = claim;
        claim->owner = 1;
        return NGX_OK;
    }

    claim->owner = 0;
    ngx_queue_insert_tail(&fact->waiting, &claim->queue);

    return NGX_AGAIN;
}


static ngx_smtp_verify_fact_t *
ngx_smtp_verify_facts_claimed(ngx_smtp_verify_conf_t *conf, ngx_str_t *domain)
{
    u_char                     *p;
    ngx_str_t                   name;
    ngx_smtp_verify_fact_t     *fact;
    ngx_smtp_verify_domains_t   ds;
    u_char                      buf[sizeof(void *) + sizeof(uint32_t)
                                    + SV_DOMAIN_MAX];

    if (!ngx_smtp_verify_facts_zone(conf, &ds)) {
        return ngx_smtp_verify_facts_add(domain);
    }

    if (domain->len > SV_DOMAIN_MAX) {
        return NULL;
    }

    p = ngx_cpymem(buf, &ds.cache, sizeof(void *));
    p = ngx_cpymem(p, &ds.scope, sizeof(uint32_t));
    p = ngx_cpymem(p, domain->data, domain->len);

    name.data = buf;
    name.len = p - buf;

    fact = ngx_smtp_verify_facts_add(&name);
    if (fact == NULL) {
        return NULL;
    }

    fact->domains = ds;
    fact->domain.len = domain->len;
    fact->domain.data = fact->name + name.len - domain->len;
    fact->timeout = conf->timeout + NGX_SMTP_VERIFY_FACTS_GRACE;
    fact->valid = conf->valid[SV_CATCH_ALL];
    fact->untold = ngx_min(conf->valid[SV_ACCEPTED_UNTESTED],
                           NGX_SMTP_VERIFY_UNTOLD_TTL);

    fact->poll.handler = ngx_smtp_verify_facts_poll;
    fact->poll.data = fact;
    fact->poll.log = ngx_cycle->log;
    fact->poll.cancelable = 1;

    return fact;
}


/* NGX_BUSY: another worker asks; it is waited for */

static ngx_int_t
ngx_smtp_verify_facts_own(ngx_smtp_verify_fact_t *fact)
{
    ngx_int_t  rc;

    if (fact->domains.cache == NULL) {
        return NGX_OK;
    }

    rc = ngx_smtp_verify_domain_claim(&fact->domains, &fact->domain,
                                      &fact->flight, fact->timeout);

    if (rc == NGX_BUSY) {
        ngx_add_timer(&fact->poll, NGX_SMTP_VERIFY_FACTS_POLL);
    }

    return rc;
}


static void
ngx_smtp_verify_facts_poll(ngx_event_t *ev)
{
    ngx_smtp_verify_fact_t  *fact;

    fact = ev->data;

    switch (ngx_smtp_verify_domain_claimed(&fact->domains, &fact->domain,
                                           &fact->flight))
    {

    case NGX_AGAIN:
        ngx_add_timer(ev, NGX_SMTP_VERIFY_FACTS_POLL);
        return;

    case NGX_OK:
        ngx_smtp_verify_facts_wake(fact);
        return;

    default: /* NGX_DECLINED */
        ngx_smtp_verify_facts_next(fact);
        return;
    }
}


void
ngx_smtp_verify_facts_settle(ngx_smtp_verify_claim_t *claim, ngx_int_t state)
{
    ngx_smtp_verify_fact_t  *fact;

    fact = claim->fact;

    if (fact == NULL || !claim->owner) {
        return;
    }

    ngx_smtp_verify_facts_unpost(claim);

    claim->fact = NULL;
    fact->owner = NULL;

    if (fact->domains.cache) {
        ngx_smtp_verify_domain_set_catch_all(&fact->domains, &fact->domain,
                                             state,
                                             state < 0 ? fact->untold
                                                       : fact->valid,
                                             fact->flight.id);
        ngx_smtp_verify_flight_end(fact->domains.cache, &fact->flight);

    } else if (state != NGX_SMTP_VERIFY_UNKNOWN) {
        fact->catch_all = state;
        fact->catch_all_expires = ngx_time() + NGX_SMTP_VERIFY_CATCH_ALL_TTL;
    }

    ngx_smtp_verify_facts_wake(fact);
}


static void
ngx_smtp_verify_facts_wake(ngx_smtp_verify_fact_t *fact)
{
    ngx_queue_t              *q;
    ngx_smtp_verify_claim_t  *claim;

    while (!ngx_queue_empty(&fact->waiting)) {
        q = ngx_queue_head(&fact->waiting);
        ngx_queue_remove(q);

        claim = ngx_queue_data(q, ngx_smtp_verify_claim_t, queue);
        claim->fact = NULL;

        ngx_smtp_verify_facts_post(claim);
    }
}


/*
 * Not from here: what comes of it may end whoever settles, or abandons, and
 * is in the midst of it.
 */

static void
ngx_smtp_verify_facts_post(ngx_smtp_verify_claim_t *claim)
{
    ngx_event_t  *ev;

    ev = &ngx_smtp_verify_facts_event;

    if (ev->handler == NULL) {
        ngx_queue_init(&ngx_smtp_verify_facts_woken);
        ev->handler = ngx_smtp_verify_facts_call;
    }

    ev->log = ngx_cycle->log;

    claim->woken = 1;
    ngx_queue_insert_tail(&ngx_smtp_verify_facts_woken, &claim->queue);

    ngx_post_event(ev, &ngx_posted_events);
}


static void
ngx_smtp_verify_facts_unpost(ngx_smtp_verify_claim_t *claim)
{
    if (claim->woken) {
        claim->woken = 0;
        ngx_queue_remove(&claim->queue);
    }
}


static void
ngx_smtp_verify_facts_call(ngx_event_t *ev)
{
    ngx_queue_t              *q;
    ngx_smtp_verify_claim_t  *claim;

    (void) ev;

    while (!ngx_queue_empty(&ngx_smtp_verify_facts_woken)) {
        q = ngx_queue_head(&ngx_smtp_verify_facts_woken);
        ngx_queue_remove(q);

        claim = ngx_queue_data(q, ngx_smtp_verify_claim_t, queue);
        claim->woken = 0;
        claim->handler(claim);
    }
}


void
ngx_smtp_verify_facts_abandon(ngx_smtp_verify_claim_t *claim)
{
    ngx_smtp_verify_fact_t  *fact;

    fact = claim->fact;

    /* who waits was not told yet */

    if (fact == NULL || claim->owner) {
        ngx_smtp_verify_facts_unpost(claim);
    }

    if (fact == NULL) {
        return;
    }

    claim->fact = NULL;

    if (!claim->owner) {
        ngx_queue_remove(&claim->queue);

        if (ngx_queue_empty(&fact->waiting) && fact->poll.timer_set) {
            ngx_del_timer(&fact->poll);
        }

        return;
    }

    claim->owner = 0;
    fact->owner = NULL;

    if (fact->domains.cache) {
        ngx_smtp_verify_flight_end(fact->domains.cache, &fact->flight);
    }

    ngx_smtp_verify_facts_next(fact);
}


/* the first of those who wait takes over, unless another worker has */

static void
ngx_smtp_verify_facts_next(ngx_smtp_verify_fact_t *fact)
{
    ngx_queue_t              *q;
    ngx_smtp_verify_claim_t  *next;

    if (ngx_queue_empty(&fact->waiting)
        || ngx_smtp_verify_facts_own(fact) != NGX_OK)
    {
        return;
    }

    q = ngx_queue_head(&fact->waiting);
    ngx_queue_remove(q);

    next = ngx_queue_data(q, ngx_smtp_verify_claim_t, queue);
    next->owner = 1;
    fact->owner = next;

    ngx_smtp_verify_facts_post(next);
}


ngx_uint_t
ngx_smtp_verify_facts_stepwise(ngx_smtp_verify_conf_t *conf, ngx_str_t *host)
{
    return ngx_smtp_verify_facts_host_is(conf, host,
                                         ngx_smtp_verify_host_stepwise);
}


void
ngx_smtp_verify_facts_set_stepwise(ngx_smtp_verify_conf_t *conf,
    ngx_str_t *host)
{
    ngx_smtp_verify_facts_set_host(conf, host, ngx_smtp_verify_host_stepwise);
}


ngx_uint_t
ngx_smtp_verify_facts_greylists(ngx_smtp_verify_conf_t *conf, ngx_str_t *host)
{
    return ngx_smtp_verify_facts_host_is(conf, host,
                                         ngx_smtp_verify_host_greylists);
}


void
ngx_smtp_verify_facts_set_greylists(ngx_smtp_verify_conf_t *conf,
    ngx_str_t *host)
{
    ngx_smtp_verify_facts_set_host(conf, host, ngx_smtp_verify_host_greylists);
}


static ngx_uint_t
ngx_smtp_verify_facts_host_is(ngx_smtp_verify_conf_t *conf, ngx_str_t *host,
    ngx_smtp_verify_host_fact_e what)
{
    ngx_smtp_verify_fact_t     *fact;
    ngx_smtp_verify_domains_t   ds;

    if (ngx_smtp_verify_facts_zone(conf, &ds)) {
        return ngx_smtp_verify_domain_host_is(&ds, host, what);
    }

    fact = ngx_smtp_verify_facts_lookup(host);

    return fact && fact->host_expires[what] > ngx_time();
}


static void
ngx_smtp_verify_facts_set_host(ngx_smtp_verify_conf_t *conf, ngx_str_t *host,
    ngx_smtp_verify_host_fact_e what)
{
    ngx_smtp_verify_fact_t     *fact;
    ngx_smtp_verify_domains_t   ds;

    if (ngx_smtp_verify_facts_zone(conf, &ds)) {
        ngx_smtp_verify_domain_set_host(&ds, host, what,
                                        NGX_SMTP_VERIFY_HOST_TTL);
        return;
    }

    fact = ngx_smtp_verify_facts_add(host);

    if (fact) {
        fact->host_expires[what] = ngx_time() + NGX_SMTP_VERIFY_HOST_TTL;
    }
}


static ngx_smtp_verify_fact_t *
ngx_smtp_verify_facts_lookup(ngx_str_t *name)
{
    ngx_str_node_t          *node;
    ngx_smtp_verify_fact_t  *fact;

    if (!ngx_smtp_verify_facts_ready) {
        ngx_rbtree_init(&ngx_smtp_verify_facts_tree,
                        &ngx_smtp_verify_facts_sentinel,
                        ngx_str_rbtree_insert_value);
        ngx_queue_init(&ngx_smtp_verify_facts_lru);
        ngx_smtp_verify_facts_ready = 1;
    }

    node = ngx_str_rbtree_lookup(&ngx_smtp_verify_facts_tree, name,
                                 ngx_crc32_long(name->data, name->len));
    if (node == NULL) {
        return NULL;
    }

    fact = (ngx_smtp_verify_fact_t *) node;

    ngx_queue_remove(&fact->lru);
    ngx_queue_insert_head(&ngx_smtp_verify_facts_lru, &fact->lru);

    return fact;
}


static ngx_smtp_verify_fact_t *
ngx_smtp_verify_facts_add(ngx_str_t *name)
{
    ngx_smtp_verify_fact_t  *fact;

    fact = ngx_smtp_verify_facts_lookup(name);
    if (fact) {
        return fact;
    }

    if (ngx_smtp_verify_facts_n >= NGX_SMTP_VERIFY_FACTS_MAX) {
        ngx_smtp_verify_facts_evict();
    }

    fact = ngx_calloc(offsetof(ngx_smtp_verify_fact_t, name) + name->len,
                      ngx_cycle->log);
    if (fact == NULL) {
        return NULL;
    }

    ngx_memcpy(fact->name, name->data, name->len);
    fact->node.str.data = fact->name;
    fact->node.str.len = name->len;
    fact->node.node.key = ngx_crc32_long(name->data, name->len);
    fact->catch_all = NGX_SMTP_VERIFY_UNKNOWN;

    ngx_queue_init(&fact->waiting);
    ngx_rbtree_insert(&ngx_smtp_verify_facts_tree, &fact->node.node);
    ngx_queue_insert_head(&ngx_smtp_verify_facts_lru, &fact->lru);
    ngx_smtp_verify_facts_n++;

    return fact;
}


/* the oldest that nobody works on; beyond a few steps the table may grow */

static void
ngx_smtp_verify_facts_evict(void)
{
    ngx_uint_t               i;
    ngx_queue_t             *q;
    ngx_smtp_verify_fact_t  *fact;

    q = ngx_queue_last(&ngx_smtp_verify_facts_lru);

    for (i = 0; i < 8 && q != &ngx_smtp_verify_facts_lru; i++) {

        fact = ngx_queue_data(q, ngx_smtp_verify_fact_t, lru);
        q = ngx_queue_prev(q);

        if (fact->owner == NULL && ngx_queue_empty(&fact->waiting)) {
            ngx_queue_remove(&fact->lru);
            ngx_rbtree_delete(&ngx_smtp_verify_facts_tree, &fact->node.node);
            ngx_free(fact);
            ngx_smtp_verify_facts_n--;
        }
    }
}
