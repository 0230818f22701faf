
#include "ngx_smtp_verify_fact.h"


#define NGX_SMTP_VERIFY_UNTOLD_TTL     600
#define NGX_SMTP_VERIFY_FACTS_POLL     25           /* ms */
#define NGX_SMTP_VERIFY_FACTS_GRACE    2000


static ngx_smtp_verify_fact_t *ngx_smtp_verify_facts_claimed(
    ngx_smtp_verify_conf_t *conf, ngx_str_t *domain);
static ngx_int_t ngx_smtp_verify_facts_own(ngx_smtp_verify_fact_t *fact);
static void ngx_smtp_verify_facts_poll(ngx_event_t *ev);
static void ngx_smtp_verify_facts_wake(ngx_smtp_verify_fact_t *fact);
static void ngx_smtp_verify_facts_post(ngx_smtp_verify_claim_t *claim);
static void ngx_smtp_verify_facts_unpost(ngx_smtp_verify_claim_t *claim);
static void ngx_smtp_verify_facts_call(ngx_event_t *ev);
static void ngx_smtp_verify_facts_next(ngx_smtp_verify_fact_t *fact);


/* those whose handler is still to be called */
static ngx_queue_t        ngx_smtp_verify_facts_woken;
static ngx_event_t        ngx_smtp_verify_facts_event;


ngx_int_t
ngx_smtp_verify_facts_claim(ngx_smtp_verify_conf_t *conf, ngx_str_t *domain,
    ngx_smtp_verify_claim_t *claim)
{
    ngx_smtp_verify_fact_t  *fact;

    fact = ngx_smtp_verify_facts_claimed(conf, domain);
    if (fact == NULL) {
        return NGX_ERROR;
    }

    if (fact->owner == NULL
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

    if (domain->len > SV_DOMAIN_MAX
        || ngx_smtp_verify_facts_domains(conf, &ds) != NGX_OK)
    {
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

    ngx_smtp_verify_domain_set_catch_all(&fact->domains, &fact->domain, state,
                                         state < 0 ? fact->untold
                                                   : fact->valid,
                                         fact->flight.id);
    ngx_smtp_verify_flight_end(fact->domains.cache, &fact->flight);

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

    ngx_smtp_verify_flight_end(fact->domains.cache, &fact->flight);

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
