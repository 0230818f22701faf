
/*
 * MX records as facts of a domain.  One probe asks the DNS for them, and the
 * others wait for its answer, in this worker or in another one.
 */

#include "ngx_smtp_verify_facts.h"


#define NGX_SMTP_VERIFY_MX_MIN_TTL     10           /* for answers in a burst */
#define NGX_SMTP_VERIFY_MX_MAX_TTL     86400
#define NGX_SMTP_VERIFY_MX_NO_TTL      60           /* if the answer has no
                                                       TTL */
#define NGX_SMTP_VERIFY_MX_MAX_NO_TTL  3600

/* The format of MX records: status, and number of records; for each record its
   preference in two octets, the length of its host in one, and the host. */
#define NGX_SMTP_VERIFY_MX_HEADER      2
#define NGX_SMTP_VERIFY_MX_RECORD      3
#define NGX_SMTP_VERIFY_MX_STORED      32
#define NGX_SMTP_VERIFY_MX_MORE        0x80         /* bit of the status */
#define NGX_SMTP_VERIFY_MX_AUTHENTIC   0x40         /* bit of the status */


static time_t ngx_smtp_verify_facts_mx_ttl(ngx_smtp_verify_mx_query_t *q);
static ngx_int_t ngx_smtp_verify_facts_mx_read(ngx_smtp_verify_mx_query_t *q,
    u_char *p, u_char *end);
static u_char *ngx_smtp_verify_facts_mx_write(ngx_smtp_verify_mx_query_t *q,
    u_char *p);
static void ngx_smtp_verify_facts_shuffle(ngx_smtp_verify_mx_query_t *q);


ngx_int_t
ngx_smtp_verify_facts_mx_known(ngx_smtp_verify_conf_t *conf,
    ngx_smtp_verify_mx_query_t *q)
{
    ngx_smtp_verify_cache_item_t  *item;

    item = ngx_smtp_verify_facts_get(conf, &q->name, NGX_SMTP_VERIFY_CACHE_MX,
                                     0);

    return item ? ngx_smtp_verify_facts_mx_read(q, item->data,
                                                item->data + item->len)
                : NGX_DECLINED;
}


ngx_uint_t
ngx_smtp_verify_facts_mx_asked(ngx_smtp_verify_conf_t *conf,
    ngx_str_t *domain)
{
    return ngx_smtp_verify_facts_get(conf, domain, NGX_SMTP_VERIFY_CACHE_MX, 0)
           == NULL;
}


/* Those who wait share an error of the DNS, but no timeout, so the claim is
   only for probes with the same timeout. */

ngx_int_t
ngx_smtp_verify_facts_mx_claim(ngx_smtp_verify_conf_t *conf,
    ngx_smtp_verify_mx_query_t *q, ngx_smtp_verify_claim_t *claim,
    uint64_t state)
{
    ngx_int_t                      rc;
    ngx_smtp_verify_cache_item_t  *item;

    item = ngx_smtp_verify_facts_item(conf, &q->name,
                                      NGX_SMTP_VERIFY_CACHE_MX, 0);
    if (item == NULL) {
        return NGX_ERROR;
    }

    rc = ngx_smtp_verify_claim(claim, ngx_smtp_verify_facts_cache(conf),
                               item->kind, item->key,
                               item->variant ^ (uint32_t) q->timeout,
                               q->timeout + NGX_SMTP_VERIFY_FACTS_GRACE);

    if (rc != NGX_OK || ngx_smtp_verify_facts_now(conf) == state) {
        return rc;
    }

    /* another process may just have answered */

    rc = ngx_smtp_verify_facts_mx_known(conf, q);

    if (rc != NGX_DECLINED) {
        ngx_smtp_verify_claim_leave(claim);
        return rc == NGX_OK ? NGX_DECLINED : NGX_ERROR;
    }

    return NGX_OK;
}


ngx_int_t
ngx_smtp_verify_facts_mx_told(ngx_smtp_verify_conf_t *conf,
    ngx_smtp_verify_mx_query_t *q, ngx_smtp_verify_claim_t *claim)
{
    ngx_smtp_verify_cache_item_t  *item;

    item = ngx_smtp_verify_facts_left(conf, &q->name,
                                      NGX_SMTP_VERIFY_CACHE_MX, claim, 0);

    return item ? ngx_smtp_verify_facts_mx_read(q, item->data,
                                                item->data + item->len)
                : NGX_DECLINED;
}


void
ngx_smtp_verify_facts_mx_settle(ngx_smtp_verify_conf_t *conf,
    ngx_smtp_verify_mx_query_t *q, ngx_smtp_verify_claim_t *claim)
{
    time_t                         ttl;
    u_char                        *last;
    ngx_smtp_verify_cache_item_t  *item;

    ttl = ngx_smtp_verify_facts_mx_ttl(q);

    item = (ttl || (claim->owner && q->status == NGX_SMTP_VERIFY_MX_ERROR))
           ? ngx_smtp_verify_facts_item(conf, &q->name,
                                        NGX_SMTP_VERIFY_CACHE_MX, 0)
           : NULL;

    if (item) {
        item->tag = claim->owner ? claim->id : 0;

        last = ngx_smtp_verify_facts_mx_write(q, item->data);
        ngx_smtp_verify_facts_put(conf, item, last, ttl);
    }

    if (claim->owner) {
        ngx_smtp_verify_claim_settle(claim);
    }
}


/* 0: the answer is not kept, and only told to those who wait for it */

static time_t
ngx_smtp_verify_facts_mx_ttl(ngx_smtp_verify_mx_query_t *q)
{
    time_t  ttl;

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
        return 0;
    }

    return ngx_max(ttl, NGX_SMTP_VERIFY_MX_MIN_TTL);
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

    ngx_smtp_verify_facts_shuffle(q);

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
