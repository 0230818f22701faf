
#include "ngx_smtp_verify_facts.h"

#include "sv_clock.h"


#define NGX_SMTP_VERIFY_HOST_TTL       86400
#define NGX_SMTP_VERIFY_SAYS_TTL       3600
#define NGX_SMTP_VERIFY_MX_MIN_TTL     10           /* for answers in a burst */
#define NGX_SMTP_VERIFY_MX_MAX_TTL     86400
#define NGX_SMTP_VERIFY_MX_NO_TTL      60           /* if the answer has no
                                                       TTL */
#define NGX_SMTP_VERIFY_MX_MAX_NO_TTL  3600
#define NGX_SMTP_VERIFY_UNTOLD_TTL     600
#define NGX_SMTP_VERIFY_AGE_TTL        86400
#define NGX_SMTP_VERIFY_AGE_FAIL_TTL   3600
#define NGX_SMTP_VERIFY_FACTS_GRACE    2000         /* ms */

/* in addition to those of the header: it was asked recently, without an
   answer */
#define NGX_SMTP_VERIFY_UNTOLD         -2

/* The format of MX records: status, and number of records; for each record its
   preference in two octets, the length of its host in one, and the host. */
#define NGX_SMTP_VERIFY_MX_HEADER      2
#define NGX_SMTP_VERIFY_MX_RECORD      3
#define NGX_SMTP_VERIFY_MX_STORED      32
#define NGX_SMTP_VERIFY_MX_MORE        0x80         /* bit of the status */
#define NGX_SMTP_VERIFY_MX_AUTHENTIC   0x40         /* bit of the status */


static ngx_smtp_verify_cache_t *ngx_smtp_verify_facts_cache(
    ngx_smtp_verify_conf_t *conf);
static ngx_smtp_verify_cache_item_t *ngx_smtp_verify_facts_item(
    ngx_smtp_verify_conf_t *conf, ngx_str_t *name, ngx_uint_t kind,
    ngx_uint_t fact);
static ngx_smtp_verify_cache_item_t *ngx_smtp_verify_facts_get(
    ngx_smtp_verify_conf_t *conf, ngx_str_t *name, ngx_uint_t kind,
    ngx_uint_t fact);
static void ngx_smtp_verify_facts_put(ngx_smtp_verify_conf_t *conf,
    ngx_smtp_verify_cache_item_t *item, u_char *last, time_t ttl);
static ngx_int_t ngx_smtp_verify_facts_mx_read(ngx_smtp_verify_mx_query_t *q,
    u_char *p, u_char *end);
static u_char *ngx_smtp_verify_facts_mx_write(ngx_smtp_verify_mx_query_t *q,
    u_char *p);
static void ngx_smtp_verify_facts_shuffle(ngx_smtp_verify_mx_query_t *q);
static ngx_int_t ngx_smtp_verify_facts_state(ngx_smtp_verify_conf_t *conf,
    ngx_str_t *domain);
static void ngx_smtp_verify_facts_set_state(ngx_smtp_verify_conf_t *conf,
    ngx_str_t *domain, ngx_int_t state, time_t ttl, uint32_t tag);
static void ngx_smtp_verify_facts_write_state(ngx_smtp_verify_conf_t *conf,
    ngx_str_t *domain, ngx_int_t state, time_t ttl, uint32_t tag);
static time_t ngx_smtp_verify_facts_untold(ngx_smtp_verify_conf_t *conf);
static void ngx_smtp_verify_facts_see(ngx_smtp_verify_conf_t *conf,
    ngx_str_t *domain, ngx_smtp_verify_facts_seen_t *seen);


/* The cache zone, or memory of this worker, with the same keys and rules.
   NULL: no memory. */

static ngx_smtp_verify_cache_t *
ngx_smtp_verify_facts_cache(ngx_smtp_verify_conf_t *conf)
{
    return conf->cache ? conf->cache->data
                       : ngx_smtp_verify_cache_private(ngx_cycle->log);
}


/* The item is valid until the next call.  The age of a domain does not depend
   on the location's configuration. */

static ngx_smtp_verify_cache_item_t *
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


/* NULL: not known */

static ngx_smtp_verify_cache_item_t *
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


static void
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
    ngx_int_t                      rc;
    ngx_smtp_verify_cache_item_t  *item;

    item = ngx_smtp_verify_facts_get(conf, &q->name, NGX_SMTP_VERIFY_CACHE_MX,
                                     0);
    if (item == NULL) {
        return NGX_DECLINED;
    }

    rc = ngx_smtp_verify_facts_mx_read(q, item->data, item->data + item->len);

    if (rc == NGX_OK) {
        ngx_smtp_verify_facts_shuffle(q);
    }

    return rc;
}


ngx_uint_t
ngx_smtp_verify_facts_mx_asked(ngx_smtp_verify_conf_t *conf,
    ngx_str_t *domain)
{
    return ngx_smtp_verify_facts_get(conf, domain, NGX_SMTP_VERIFY_CACHE_MX, 0)
           == NULL;
}


/* NGX_DECLINED: the data is invalid */

static ngx_int_t
ngx_smtp_verify_facts_mx_read(ngx_smtp_verify_mx_query_t *q, u_char *p,
    u_char *end)
{
    u_char                       *host;
    ngx_uint_t                    i, n;
    ngx_smtp_verify_mx_record_t  *records;

    if (end - p < NGX_SMTP_VERIFY_MX_HEADER
        || p[1] > NGX_SMTP_VERIFY_MX_STORED)
    {
        return NGX_DECLINED;
    }

    q->status = p[0] & ~(NGX_SMTP_VERIFY_MX_MORE
                         |NGX_SMTP_VERIFY_MX_AUTHENTIC);
    q->more = ((p[0] & NGX_SMTP_VERIFY_MX_MORE) != 0);
    q->authenticated = ((p[0] & NGX_SMTP_VERIFY_MX_AUTHENTIC) != 0);

    n = p[1];
    p += NGX_SMTP_VERIFY_MX_HEADER;

    records = ngx_palloc(q->pool, n * sizeof(ngx_smtp_verify_mx_record_t)
                                  + (end - p) + 1);
    if (records == NULL) {
        return NGX_ERROR;
    }

    host = (u_char *) &records[n];

    for (i = 0; i < n; i++) {

        if (end - p < NGX_SMTP_VERIFY_MX_RECORD
            || end - p - NGX_SMTP_VERIFY_MX_RECORD < p[2])
        {
            return NGX_DECLINED;
        }

        records[i].preference = p[0] << 8 | p[1];
        records[i].host.len = p[2];
        records[i].host.data = host;

        p += NGX_SMTP_VERIFY_MX_RECORD;
        host = ngx_cpymem(host, p, records[i].host.len);
        p += records[i].host.len;
    }

    q->records = records;
    q->nrecords = n;

    return NGX_OK;
}


/* If not all records fit, that is remembered. */

static u_char *
ngx_smtp_verify_facts_mx_write(ngx_smtp_verify_mx_query_t *q, u_char *p)
{
    u_char                       *first, *end;
    ngx_uint_t                    i, n;
    ngx_smtp_verify_mx_record_t  *mx;

    first = p;
    end = p + SV_STORE_MAX;

    n = ngx_min(q->nrecords, NGX_SMTP_VERIFY_MX_STORED);
    p += NGX_SMTP_VERIFY_MX_HEADER;

    for (i = 0; i < n; i++) {

        mx = &q->records[i];

        if (mx->host.len > 255
            || (size_t) (end - p) < NGX_SMTP_VERIFY_MX_RECORD + mx->host.len)
        {
            break;
        }

        *p++ = (u_char) (mx->preference >> 8);
        *p++ = (u_char) mx->preference;
        *p++ = (u_char) mx->host.len;
        p = ngx_cpymem(p, mx->host.data, mx->host.len);
    }

    first[0] = (u_char) q->status;
    first[1] = (u_char) i;

    if (q->more || i < q->nrecords) {
        first[0] |= NGX_SMTP_VERIFY_MX_MORE;
    }

    if (q->authenticated) {
        first[0] |= NGX_SMTP_VERIFY_MX_AUTHENTIC;
    }

    return p;
}


/* hosts with the same preference share the load */

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

        k = first + (ngx_uint_t) ngx_smtp_verify_mx_random() % (i - first + 1);

        mx = q->records[i];
        q->records[i] = q->records[k];
        q->records[k] = mx;
    }
}


void
ngx_smtp_verify_facts_set_mx(ngx_smtp_verify_conf_t *conf,
    ngx_smtp_verify_mx_query_t *q)
{
    time_t                         ttl;
    u_char                        *last;
    ngx_smtp_verify_cache_item_t  *item;

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

    item = ngx_smtp_verify_facts_item(conf, &q->name,
                                      NGX_SMTP_VERIFY_CACHE_MX, 0);
    if (item == NULL) {
        return;
    }

    last = ngx_smtp_verify_facts_mx_write(q, item->data);

    ngx_smtp_verify_facts_put(conf, item, last,
                              ngx_max(ttl, NGX_SMTP_VERIFY_MX_MIN_TTL));
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
    uint64_t                  state;
    ngx_smtp_verify_cache_t  *cache;

    if (seen->state && seen->catch_all >= 0) {
        return;
    }

    cache = ngx_smtp_verify_facts_cache(conf);
    state = cache ? ngx_smtp_verify_cache_state(cache) : 0;

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


/* What it found is told to those who waited, even if it is not valid for any
   time. */

ngx_uint_t
ngx_smtp_verify_facts_told(ngx_smtp_verify_conf_t *conf, ngx_str_t *domain,
    ngx_smtp_verify_claim_t *claim, ngx_uint_t anew)
{
    ngx_smtp_verify_cache_item_t  *item;

    item = ngx_smtp_verify_facts_item(conf, domain,
                                      NGX_SMTP_VERIFY_CACHE_CATCH_ALL, 0);

    return item
           && ngx_smtp_verify_cache_get(ngx_smtp_verify_facts_cache(conf),
                                        item)
              == NGX_OK
           && (item->tag == claim->id
               || (!anew && item->expires > sv_clock_sec()));
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
