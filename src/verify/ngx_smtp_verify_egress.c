
#include "ngx_smtp_verify_probe.h"
#include "sv_egress.h"
#include "sv_org.h"
#include "sv_siphash.h"


#define NGX_SMTP_VERIFY_EGRESS_DOWN      10000      /* ms */
#define NGX_SMTP_VERIFY_EGRESS_FAILS     60000
#define NGX_SMTP_VERIFY_EGRESS_SWITCHES  8


static ngx_smtp_verify_egress_t *ngx_smtp_verify_egress_bound(
    ngx_smtp_verify_probe_t *p, int family);
static void ngx_smtp_verify_egress_site(ngx_smtp_verify_probe_t *p);
static ngx_smtp_verify_egress_t *ngx_smtp_verify_egress_best(
    ngx_smtp_verify_probe_t *p, int family);
static ngx_smtp_verify_egress_t *ngx_smtp_verify_egress_ranked(
    ngx_smtp_verify_probe_t *p, int family, uint64_t *rank);
static ngx_msec_t ngx_smtp_verify_egress_shut(ngx_smtp_verify_probe_t *p,
    ngx_smtp_verify_egress_t *egress);
static ngx_msec_t ngx_smtp_verify_egress_down(
    ngx_smtp_verify_egress_t *egress);
static ngx_uint_t ngx_smtp_verify_egress_fits(
    ngx_smtp_verify_egress_t *egress, int family);
static uint64_t ngx_smtp_verify_egress_hash(uint64_t hash, ngx_str_t *s);


ngx_int_t
ngx_smtp_verify_egress_choose(ngx_smtp_verify_probe_t *p)
{
    int                         family;
    ngx_smtp_verify_egress_t  **chosen;

    family = p->addrs[p->iaddr].sockaddr->sa_family;

    if (p->conf->pool == NULL) {
        p->egress = ngx_smtp_verify_egress_bound(p, family);

        return p->egress || p->conf->bind == NULL ? NGX_OK : NGX_DECLINED;
    }

    ngx_smtp_verify_egress_site(p);

    /* chosen once for all that the probe asks there, so that greylisting
       ends */

    chosen = &p->chosen[family != AF_INET];

    if (*chosen == NULL) {
        *chosen = ngx_smtp_verify_egress_best(p, family);

        if (*chosen == NULL) {
            return NGX_DECLINED;
        }
    }

    p->egress = *chosen;
    p->helo = p->egress->helo;
    p->from = p->egress->from.data ? p->egress->from : p->from_asked;

    return NGX_OK;
}


static ngx_smtp_verify_egress_t *
ngx_smtp_verify_egress_bound(ngx_smtp_verify_probe_t *p, int family)
{
    ngx_uint_t                 i;
    ngx_smtp_verify_egress_t  *egress;

    if (p->conf->bind == NULL) {
        return NULL;
    }

    egress = p->conf->bind->elts;

    for (i = 0; i < p->conf->bind->nelts; i++) {
        if (ngx_smtp_verify_egress_fits(&egress[i], family)) {
            return &egress[i];
        }
    }

    return NULL;
}


/*
 * Sets what the identity depends on: the provider of the host, otherwise its
 * organizational domain, as hosts that greylist together are often in one.  It
 * does not depend on the domain whose MX records name the host: otherwise an
 * owner of a domain could choose which of our identities the hosts of others
 * see.
 */

static void
ngx_smtp_verify_egress_site(ngx_smtp_verify_probe_t *p)
{
    size_t     n;
    uint64_t   site;
    ngx_str_t  name;

    ngx_smtp_verify_slot_destination(p, &name);

    n = sv_org_domain(name.data, name.len);

    name.data += n;
    name.len -= n;

    site = ngx_smtp_verify_egress_hash(0, &name);

    if (p->site != site) {
        p->site = site;
        p->chosen[0] = NULL;
        p->chosen[1] = NULL;
    }
}


/* The first identity that may ask, otherwise the one that may ask soonest. */

static ngx_smtp_verify_egress_t *
ngx_smtp_verify_egress_best(ngx_smtp_verify_probe_t *p, int family)
{
    uint64_t                   rank;
    ngx_msec_t                 shut, least;
    ngx_smtp_verify_egress_t  *egress, *soonest;

    rank = 0;
    least = 0;
    soonest = NULL;

    for ( ;; ) {
        egress = ngx_smtp_verify_egress_ranked(p, family, &rank);

        if (egress == NULL) {
            return soonest;
        }

        shut = ngx_smtp_verify_egress_shut(p, egress);

        if (shut == 0) {
            return egress;
        }

        if (soonest == NULL || shut < least) {
            soonest = egress;
            least = shut;
        }
    }
}


/* The identity with the next higher rank.  A second opinion skips the identity
   that gave the first one. */

static ngx_smtp_verify_egress_t *
ngx_smtp_verify_egress_ranked(ngx_smtp_verify_probe_t *p, int family,
    uint64_t *rank)
{
    uint64_t                   r, least;
    ngx_uint_t                 i;
    ngx_smtp_verify_egress_t  *egress, *next;

    egress = p->conf->pool->egresses.elts;
    next = NULL;
    least = 0;

    for (i = 0; i < p->conf->pool->egresses.nelts; i++) {

        if (&egress[i] == p->first
            || !ngx_smtp_verify_egress_fits(&egress[i], family))
        {
            continue;
        }

        r = sv_egress_rank(p->site, egress[i].hash, egress[i].weight);

        if (r > *rank && (next == NULL || r < least)) {
            next = &egress[i];
            least = r;
        }
    }

    *rank = least;

    return next;
}


static ngx_msec_t
ngx_smtp_verify_egress_shut(ngx_smtp_verify_probe_t *p,
    ngx_smtp_verify_egress_t *egress)
{
    ngx_msec_t  down, shut;

    down = ngx_smtp_verify_egress_down(egress);

    if (ngx_smtp_verify_reach_fails(p, egress)) {
        down = ngx_max(down, NGX_SMTP_VERIFY_EGRESS_FAILS);
    }

    shut = ngx_smtp_verify_slot_shut(p, egress);

    return ngx_max(down, shut);
}


static ngx_msec_t
ngx_smtp_verify_egress_down(ngx_smtp_verify_egress_t *egress)
{
    if (egress->down == 0) {
        return 0;
    }

    if ((ngx_msec_int_t) (egress->down - ngx_current_msec) > 0) {
        return egress->down - ngx_current_msec;
    }

    egress->down = 0;

    return 0;
}


static ngx_uint_t
ngx_smtp_verify_egress_fits(ngx_smtp_verify_egress_t *egress, int family)
{
    return egress->naddrs || egress->addr.sockaddr->sa_family == family;
}


ngx_int_t
ngx_smtp_verify_egress_other(ngx_smtp_verify_probe_t *p)
{
    int                         family;
    ngx_smtp_verify_egress_t  **chosen;

    if (p->conf->pool == NULL) {
        return NGX_DECLINED;
    }

    /* in this worker; the throttle zone tells the others */

    p->egress->down = ngx_current_msec + NGX_SMTP_VERIFY_EGRESS_DOWN;
    p->egress->down += (p->egress->down == 0);

    family = p->addrs[p->iaddr].sockaddr->sa_family;
    chosen = &p->chosen[family != AF_INET];

    *chosen = ngx_smtp_verify_egress_best(p, family);

    return ngx_smtp_verify_egress_down(*chosen) ? NGX_DECLINED : NGX_OK;
}


ngx_int_t
ngx_smtp_verify_egress_open(ngx_smtp_verify_probe_t *p)
{
    int                        family;
    ngx_smtp_verify_egress_t  *egress;

    if (p->conf->pool == NULL || p->again || p->result.connected > 0
        || p->switches == NGX_SMTP_VERIFY_EGRESS_SWITCHES)
    {
        return NGX_DECLINED;
    }

    family = p->addrs[p->iaddr].sockaddr->sa_family;
    egress = ngx_smtp_verify_egress_best(p, family);

    if (egress == p->egress || ngx_smtp_verify_egress_shut(p, egress)) {
        return NGX_DECLINED;
    }

    p->chosen[family != AF_INET] = egress;
    p->switches++;

    return NGX_OK;
}


ngx_uint_t
ngx_smtp_verify_egress_has_other(ngx_smtp_verify_probe_t *p)
{
    ngx_uint_t                 i, n;
    ngx_smtp_verify_egress_t  *egress;

    if (p->conf->pool == NULL) {
        return 0;
    }

    egress = p->conf->pool->egresses.elts;
    n = 0;

    for (i = 0; i < p->conf->pool->egresses.nelts; i++) {
        n += ngx_smtp_verify_egress_fits(&egress[i],
                                         p->session->sockaddr->sa_family);
    }

    return n > 1;
}


ngx_uint_t
ngx_smtp_verify_egress_rotates(ngx_smtp_verify_conf_t *conf)
{
    return conf->pool && conf->pool->egresses.nelts > 1 && conf->throttle
           && conf->limits.breaker.pause;
}


ngx_int_t
ngx_smtp_verify_egress_init(ngx_smtp_verify_egress_t *egress,
    ngx_pool_t *pool)
{
    u_char  *p;

    if (egress->naddrs == 0) {
        p = ngx_pnalloc(pool, NGX_SOCKADDR_STRLEN);
        if (p == NULL) {
            return NGX_ERROR;
        }

        egress->name.data = p;
        egress->name.len = ngx_sock_ntop(egress->addr.sockaddr,
                                         egress->addr.socklen, p,
                                         NGX_SOCKADDR_STRLEN, 0);
        egress->addr.name = egress->name;
    }

    egress->key = egress->name;

    /* a proxy may use another address for each of its users */

    if (egress->user.len) {
        p = ngx_pnalloc(pool, egress->user.len + 1 + egress->name.len);
        if (p == NULL) {
            return NGX_ERROR;
        }

        egress->key.data = p;
        egress->key.len = egress->user.len + 1 + egress->name.len;

        p = ngx_cpymem(p, egress->user.data, egress->user.len);
        *p++ = '@';
        ngx_memcpy(p, egress->name.data, egress->name.len);
    }

    egress->hash = ngx_smtp_verify_egress_hash(0, &egress->key);

    return NGX_OK;
}


void
ngx_smtp_verify_pool_init(ngx_smtp_verify_pool_t *pool)
{
    uint64_t                   hash;
    ngx_uint_t                 i;
    ngx_smtp_verify_egress_t  *egress;

    egress = pool->egresses.elts;
    hash = 0;

    for (i = 0; i < pool->egresses.nelts; i++) {
        hash = ngx_smtp_verify_egress_hash(hash, &egress[i].key);
        hash = ngx_smtp_verify_egress_hash(hash, &egress[i].helo);
        hash = ngx_smtp_verify_egress_hash(hash, &egress[i].from);

        pool->wants_from |= (egress[i].from.data == NULL);
    }

    pool->signature = hash;
}


/* The hash has no secret key, as it must be the same after a restart. */

static uint64_t
ngx_smtp_verify_egress_hash(uint64_t hash, ngx_str_t *s)
{
    u_char  key[16], out[SV_SIPHASH_LEN];

    ngx_memzero(key, sizeof(key));
    ngx_memcpy(key, &hash, sizeof(uint64_t));

    sv_siphash(key, s->data, s->len, out);
    ngx_memcpy(&hash, out, sizeof(uint64_t));

    return hash;
}
