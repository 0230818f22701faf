
#include "ngx_smtp_verify_facts.h"

#include "sv_clock.h"


#define NGX_SMTP_VERIFY_HOST_TTL       86400
#define NGX_SMTP_VERIFY_SAYS_TTL       3600
#define NGX_SMTP_VERIFY_UNTOLD_TTL     600
#define NGX_SMTP_VERIFY_AGE_TTL        86400
#define NGX_SMTP_VERIFY_AGE_FAIL_TTL   3600

/* in addition to those of the header: it was asked recently, without an
   answer */
#define NGX_SMTP_VERIFY_UNTOLD         -2


static ngx_int_t ngx_smtp_verify_facts_state(ngx_smtp_verify_conf_t *conf,
    ngx_str_t *domain);
static void ngx_smtp_verify_facts_set_state(ngx_smtp_verify_conf_t *conf,
    ngx_str_t *domain, ngx_int_t state, time_t ttl, uint32_t tag);
static void ngx_smtp_verify_facts_write_state(ngx_smtp_verify_conf_t *conf,
    ngx_str_t *domain, ngx_int_t state, time_t ttl, uint32_t tag);
static time_t ngx_smtp_verify_facts_untold(ngx_smtp_verify_conf_t *conf);
static void ngx_smtp_verify_facts_see(ngx_smtp_verify_conf_t *conf,
    ngx_str_t *domain, ngx_smtp_verify_facts_seen_t *seen);


/* The age of a domain does not depend on the location's configuration. */

ngx_smtp_verify_cache_item_t *
ngx_smtp_verify_facts_item(ngx_smtp_verify_conf_t *conf, ngx_str_t *name,
    ngx_uint_t kind, ngx_uint_t fact)
{
    ngx_smtp_verify_cache_t              *cache;
    static ngx_smtp_verify_cache_item_t   item;

    cache = ngx_smtp_verify_facts_cache(conf);
    if (cache == NULL) {
        return NULL;
    }

    item.kind = kind;
    item.variant = (kind == NGX_SMTP_VERIFY_CACHE_AGE)
                   ? 0 : conf->scope ^ (uint32_t) fact << 24;
    item.tag = 0;

    ngx_smtp_verify_cache_name_key(cache, name->data, name->len, item.key);

    return &item;
}


ngx_smtp_verify_cache_item_t *
ngx_smtp_verify_facts_get(ngx_smtp_verify_conf_t *conf, ngx_str_t *name,
    ngx_uint_t kind, ngx_uint_t fact)
{
    ngx_smtp_verify_cache_item_t  *item;

    item = ngx_smtp_verify_facts_item(conf, name, kind, fact);

    if (item == NULL
        || ngx_smtp_verify_cache_get(ngx_smtp_verify_facts_cache(conf), item)
           != NGX_OK
        || item->expires <= sv_clock_sec())
    {
        return NULL;
    }

    return item;
}


ngx_smtp_verify_cache_item_t *
ngx_smtp_verify_facts_left(ngx_smtp_verify_conf_t *conf, ngx_str_t *name,
    ngx_uint_t kind, ngx_smtp_verify_claim_t *claim, ngx_uint_t anew)
{
    ngx_smtp_verify_cache_item_t  *item;

    item = ngx_smtp_verify_facts_item(conf, name, kind, 0);

    if (item == NULL
        || ngx_smtp_verify_cache_get(ngx_smtp_verify_facts_cache(conf), item)
           != NGX_OK
        || ((claim->id == 0 || item->tag != claim->id)
            && (anew || item->expires <= sv_clock_sec())))
    {
        return NULL;
    }

    return item;
}


void
ngx_smtp_verify_facts_put(ngx_smtp_verify_conf_t *conf,
    ngx_smtp_verify_cache_item_t *item, u_char *last, time_t ttl)
{
    item->created = sv_clock_sec();
    item->expires = item->created + ttl;
    item->later = 0;
    item->len = last - item->data;

    (void) ngx_smtp_verify_cache_put(ngx_smtp_verify_facts_cache(conf), item,
                                     ngx_cycle->log);
}


ngx_int_t
ngx_smtp_verify_facts_fetch(ngx_smtp_verify_conf_t *conf, ngx_str_t *domain,
    ngx_smtp_verify_fetch_t **fetch, ngx_smtp_verify_fetch_handler_pt handler,
    void *data)
{
    ngx_uint_t                     i;
    ngx_smtp_verify_cache_t       *cache;
    ngx_smtp_verify_fetch_t       *f;
    ngx_smtp_verify_cache_item_t  *item;

    static ngx_uint_t  kinds[] = {
        NGX_SMTP_VERIFY_CACHE_MX,
        NGX_SMTP_VERIFY_CACHE_CATCH_ALL
    };

    cache = ngx_smtp_verify_facts_cache(conf);

    f = cache ? ngx_smtp_verify_fetch_create(cache, handler, data) : NULL;
    if (f == NULL) {
        return NGX_DECLINED;
    }

    for (i = 0; i < 2; i++) {

        if (ngx_smtp_verify_facts_get(conf, domain, kinds[i], 0) == NULL) {
            item = ngx_smtp_verify_facts_item(conf, domain, kinds[i], 0);
            ngx_smtp_verify_fetch_name(f, item->kind, item->key,
                                       item->variant);
        }
    }

    if (f->n == 0
        || ngx_smtp_verify_fetch_start(f, conf->timeout) != NGX_AGAIN)
    {
        ngx_smtp_verify_fetch_free(f);
        return NGX_DECLINED;
    }

    *fetch = f;

    return NGX_AGAIN;
}


ngx_int_t
ngx_smtp_verify_facts_catch_all(ngx_smtp_verify_conf_t *conf,
    ngx_str_t *domain, ngx_smtp_verify_facts_seen_t *seen)
{
    ngx_smtp_verify_facts_see(conf, domain, seen);

    return ngx_max(seen->catch_all, NGX_SMTP_VERIFY_UNKNOWN);
}


/* Known facts hold for the whole question.  Unknown ones are looked for again
   if something was put into the store since. */

static void
ngx_smtp_verify_facts_see(ngx_smtp_verify_conf_t *conf, ngx_str_t *domain,
    ngx_smtp_verify_facts_seen_t *seen)
{
    uint64_t  state;

    if (seen->state && seen->catch_all >= 0) {
        return;
    }

    state = ngx_smtp_verify_facts_now(conf);

    if (state == 0 || seen->state != state) {
        seen->state = state;
        seen->catch_all = ngx_smtp_verify_facts_state(conf, domain);
    }
}


static ngx_int_t
ngx_smtp_verify_facts_state(ngx_smtp_verify_conf_t *conf, ngx_str_t *domain)
{
    ngx_smtp_verify_cache_item_t  *item;

    item = ngx_smtp_verify_facts_get(conf, domain,
                                     NGX_SMTP_VERIFY_CACHE_CATCH_ALL, 0);

    if (item == NULL || item->len != 1) {
        return NGX_SMTP_VERIFY_UNKNOWN;
    }

    return item->data[0] > 1 ? NGX_SMTP_VERIFY_UNTOLD : item->data[0];
}


/* "No answer" does not replace what was learned meanwhile. */

static void
ngx_smtp_verify_facts_set_state(ngx_smtp_verify_conf_t *conf,
    ngx_str_t *domain, ngx_int_t state, time_t ttl, uint32_t tag)
{
    if (state == NGX_SMTP_VERIFY_UNKNOWN
        && ngx_smtp_verify_facts_state(conf, domain) >= 0)
    {
        return;
    }

    ngx_smtp_verify_facts_write_state(conf, domain, state, ttl, tag);
}


static void
ngx_smtp_verify_facts_write_state(ngx_smtp_verify_conf_t *conf,
    ngx_str_t *domain, ngx_int_t state, time_t ttl, uint32_t tag)
{
    u_char                        *p;
    ngx_smtp_verify_cache_item_t  *item;

    item = ngx_smtp_verify_facts_item(conf, domain,
                                      NGX_SMTP_VERIFY_CACHE_CATCH_ALL, 0);
    if (item == NULL) {
        return;
    }

    item->tag = tag;

    p = item->data;
    *p++ = (u_char) state;

    ngx_smtp_verify_facts_put(conf, item, p, ttl);
}


void
ngx_smtp_verify_facts_not_catch_all(ngx_smtp_verify_conf_t *conf,
    ngx_str_t *domain)
{
    ngx_smtp_verify_facts_set_state(conf, domain, NGX_SMTP_VERIFY_NO,
                                    conf->valid[SV_CATCH_ALL], 0);
}


ngx_int_t
ngx_smtp_verify_facts_claim(ngx_smtp_verify_conf_t *conf, ngx_str_t *domain,
    ngx_smtp_verify_claim_t *claim, ngx_smtp_verify_facts_seen_t *seen)
{
    ngx_int_t                      rc;
    ngx_smtp_verify_cache_item_t  *item;

    item = ngx_smtp_verify_facts_item(conf, domain,
                                      NGX_SMTP_VERIFY_CACHE_CATCH_ALL, 0);
    if (item == NULL) {
        return NGX_ERROR;
    }

    rc = ngx_smtp_verify_claim(claim, ngx_smtp_verify_facts_cache(conf),
                               item->kind, item->key, item->variant,
                               conf->timeout + NGX_SMTP_VERIFY_FACTS_GRACE);

    if (rc != NGX_OK) {
        return rc;
    }

    if (seen == NULL) {
        return NGX_OK;
    }

    ngx_smtp_verify_facts_see(conf, domain, seen);

    if (seen->catch_all != NGX_SMTP_VERIFY_UNKNOWN) {
        ngx_smtp_verify_claim_leave(claim);
        return NGX_DECLINED;
    }

    return NGX_OK;
}


ngx_uint_t
ngx_smtp_verify_facts_told(ngx_smtp_verify_conf_t *conf, ngx_str_t *domain,
    ngx_smtp_verify_claim_t *claim, ngx_uint_t anew)
{
    return ngx_smtp_verify_facts_left(conf, domain,
                                      NGX_SMTP_VERIFY_CACHE_CATCH_ALL, claim,
                                      anew)
           != NULL;
}


void
ngx_smtp_verify_facts_settle(ngx_smtp_verify_conf_t *conf, ngx_str_t *domain,
    ngx_smtp_verify_claim_t *claim, ngx_int_t state, ngx_uint_t soon)
{
    time_t  ttl;

    if (!claim->owner) {
        return;
    }

    ttl = conf->valid[SV_CATCH_ALL];

    if (soon || state == NGX_SMTP_VERIFY_UNKNOWN) {
        ttl = ngx_min(ttl, ngx_smtp_verify_facts_untold(conf));
    }

    ngx_smtp_verify_facts_set_state(conf, domain, state, ttl, claim->id);
    ngx_smtp_verify_claim_settle(claim);
}


void
ngx_smtp_verify_facts_retract(ngx_smtp_verify_conf_t *conf, ngx_str_t *domain,
    ngx_smtp_verify_claim_t *claim)
{
    if (!claim->owner) {
        return;
    }

    ngx_smtp_verify_facts_write_state(conf, domain, NGX_SMTP_VERIFY_UNKNOWN,
                                      ngx_smtp_verify_facts_untold(conf),
                                      claim->id);
    ngx_smtp_verify_claim_settle(claim);
}


static time_t
ngx_smtp_verify_facts_untold(ngx_smtp_verify_conf_t *conf)
{
    return ngx_min(conf->valid[SV_ACCEPTED_UNTESTED],
                   NGX_SMTP_VERIFY_UNTOLD_TTL);
}


ngx_int_t
ngx_smtp_verify_facts_recall(ngx_smtp_verify_conf_t *conf, ngx_str_t *name,
    ngx_uint_t kind, ngx_str_t *data)
{
    ngx_smtp_verify_cache_item_t  *item;

    item = ngx_smtp_verify_facts_get(conf, name, kind, 0);
    if (item == NULL) {
        return NGX_DECLINED;
    }

    data->data = item->data;
    data->len = item->len;

    return NGX_OK;
}


void
ngx_smtp_verify_facts_keep(ngx_smtp_verify_conf_t *conf, ngx_str_t *name,
    ngx_uint_t kind, ngx_str_t *data, time_t ttl)
{
    u_char                        *last;
    ngx_smtp_verify_cache_item_t  *item;

    item = (data->len <= SV_STORE_MAX)
           ? ngx_smtp_verify_facts_item(conf, name, kind, 0) : NULL;

    if (item) {
        last = ngx_cpymem(item->data, data->data, data->len);
        ngx_smtp_verify_facts_put(conf, item, last, ttl);
    }
}


ngx_uint_t
ngx_smtp_verify_facts_host_is(ngx_smtp_verify_conf_t *conf, ngx_str_t *host,
    ngx_smtp_verify_host_fact_e fact)
{
    return ngx_smtp_verify_facts_get(conf, host, NGX_SMTP_VERIFY_CACHE_HOST,
                                     fact)
           != NULL;
}


void
ngx_smtp_verify_facts_set_host(ngx_smtp_verify_conf_t *conf, ngx_str_t *host,
    ngx_smtp_verify_host_fact_e fact)
{
    ngx_smtp_verify_cache_item_t  *item;

    item = ngx_smtp_verify_facts_item(conf, host, NGX_SMTP_VERIFY_CACHE_HOST,
                                      fact);

    if (item) {
        ngx_smtp_verify_facts_put(conf, item, item->data,
                                  fact == ngx_smtp_verify_host_says
                                  ? NGX_SMTP_VERIFY_SAYS_TTL
                                  : NGX_SMTP_VERIFY_HOST_TTL);
    }
}


ngx_uint_t
ngx_smtp_verify_facts_age(ngx_smtp_verify_conf_t *conf, ngx_str_t *domain)
{
    uint32_t                       day;
    ngx_smtp_verify_cache_item_t  *item;

    item = ngx_smtp_verify_facts_get(conf, domain, NGX_SMTP_VERIFY_CACHE_AGE,
                                     0);

    if (item == NULL || item->len != sizeof(uint32_t)) {
        return 0;
    }

    ngx_memcpy(&day, item->data, sizeof(uint32_t));

    return day;
}


ngx_int_t
ngx_smtp_verify_facts_age_claim(ngx_smtp_verify_conf_t *conf,
    ngx_str_t *domain)
{
    if (ngx_smtp_verify_facts_get(conf, domain, NGX_SMTP_VERIFY_CACHE_AGE, 0))
    {
        return NGX_DECLINED;
    }

    ngx_smtp_verify_facts_set_age(conf, domain, 0);

    return NGX_OK;
}


void
ngx_smtp_verify_facts_set_age(ngx_smtp_verify_conf_t *conf, ngx_str_t *domain,
    ngx_uint_t day)
{
    u_char                        *p;
    uint32_t                       since;
    ngx_smtp_verify_cache_item_t  *item;

    item = ngx_smtp_verify_facts_item(conf, domain, NGX_SMTP_VERIFY_CACHE_AGE,
                                      0);
    if (item == NULL) {
        return;
    }

    since = (uint32_t) day;
    p = ngx_cpymem(item->data, &since, sizeof(uint32_t));

    ngx_smtp_verify_facts_put(conf, item, p,
                              day ? NGX_SMTP_VERIFY_AGE_TTL
                                  : NGX_SMTP_VERIFY_AGE_FAIL_TTL);
}
