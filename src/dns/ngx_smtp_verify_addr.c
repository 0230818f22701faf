
#include "ngx_smtp_verify_addr.h"
#include "ngx_smtp_verify_addr_cache.h"
#include "ngx_smtp_verify_mx.h"

#include <nginx.h>


#define NGX_SMTP_VERIFY_ADDR_ALIASES  8

/* ms that the first family with addresses waits for the other one */
#define NGX_SMTP_VERIFY_ADDR_DELAY    1000


/* ngx_sockaddr_t without the large path of Unix sockets */

typedef union {
    struct sockaddr                 sockaddr;
    struct sockaddr_in              sockaddr_in;
#if (NGX_HAVE_INET6)
    struct sockaddr_in6             sockaddr_in6;
#endif
} ngx_smtp_verify_addr_sockaddr_t;


static ngx_int_t ngx_smtp_verify_addr_known(ngx_smtp_verify_addr_query_t *q);
static void ngx_smtp_verify_addr_keep(ngx_smtp_verify_addr_query_t *q);
static void ngx_smtp_verify_addr_alias(ngx_smtp_verify_addr_query_t *q,
    u_char *name, size_t len);
static void ngx_smtp_verify_addr_ask(ngx_smtp_verify_addr_family_t *f,
    u_char *name, size_t len);
static void ngx_smtp_verify_addr_read(ngx_smtp_verify_dns_query_t *dns,
    ngx_int_t rc, u_char *msg, size_t len);
static void ngx_smtp_verify_addr_answered(ngx_smtp_verify_dns_query_t *dns);
static void ngx_smtp_verify_addr_delayed(ngx_event_t *ev);
static void ngx_smtp_verify_addr_conclude(ngx_smtp_verify_addr_query_t *q);
static void ngx_smtp_verify_addr_fill(ngx_smtp_verify_addr_query_t *q);
static void ngx_smtp_verify_addr_sockaddr(ngx_addr_t *addr,
    ngx_smtp_verify_addr_sockaddr_t *sa, u_char *bytes, ngx_uint_t i);


static const ngx_uint_t  ngx_smtp_verify_addr_types[] = { ns_t_a, ns_t_aaaa };
static const size_t  ngx_smtp_verify_addr_sizes[] = { NS_INADDRSZ,
                                                    NS_IN6ADDRSZ };


ngx_int_t
ngx_smtp_verify_addr_recall(ngx_smtp_verify_addr_query_t *q)
{
    q->addrs = NULL;
    q->naddrs = 0;
    q->authenticated = 0;
    ngx_str_null(&q->alias);

    if (q->name.len > SV_DNS_NAME_MAX
        || ngx_smtp_verify_addr_known(q) != NGX_OK)
    {
        return NGX_DECLINED;
    }

    ngx_smtp_verify_addr_fill(q);

    return NGX_OK;
}


ngx_int_t
ngx_smtp_verify_addr_resolve(ngx_smtp_verify_addr_query_t *q)
{
    ngx_uint_t                      i, waiting;
    ngx_smtp_verify_addr_family_t  *f;

    q->status = NGX_SMTP_VERIFY_ADDR_ERROR;
    q->addrs = NULL;
    q->naddrs = 0;
    q->authenticated = 0;
    ngx_str_null(&q->alias);

    ngx_memzero(q->family, sizeof(q->family));
    ngx_memzero(&q->delay, sizeof(ngx_event_t));

    if (q->name.len > SV_DNS_NAME_MAX) {
        return NGX_OK;
    }

    waiting = 0;

    for (i = 0; i < NGX_SMTP_VERIFY_ADDR_FAMILIES; i++) {

        f = &q->family[i];

        f->query = q;
        f->dns.type = ngx_smtp_verify_addr_types[i];
        f->asked = ngx_smtp_verify_addr_asks(q->resolver, i);

        if (f->asked) {
            ngx_smtp_verify_addr_ask(f, q->name.data, q->name.len);
        }

        waiting += f->waiting;
    }

    if (waiting) {
        return NGX_AGAIN;
    }

    ngx_smtp_verify_addr_conclude(q);

    return NGX_OK;
}


static ngx_int_t
ngx_smtp_verify_addr_known(ngx_smtp_verify_addr_query_t *q)
{
    ngx_uint_t                       i;
    ngx_smtp_verify_addr_entry_t    *entry;

    entry = ngx_smtp_verify_addr_cache_get(q->resolver, &q->name);

    if (entry == NULL) {
        return NGX_DECLINED;
    }

    q->authenticated = entry->authenticated;
    ngx_smtp_verify_addr_alias(q, entry->alias.data, entry->alias.len);

    for (i = 0; i < NGX_SMTP_VERIFY_ADDR_FAMILIES; i++) {
        q->family[i].naddrs = entry->naddrs[i];
        ngx_memcpy(q->family[i].addrs, entry->addrs[i],
                   sizeof(q->family[i].addrs));
    }

    return NGX_OK;
}


static void
ngx_smtp_verify_addr_keep(ngx_smtp_verify_addr_query_t *q)
{
    time_t                           ttl;
    ngx_uint_t                       i, partial;
    ngx_smtp_verify_addr_entry_t    *entry;
    ngx_smtp_verify_addr_family_t   *f;

    ttl = 0x7fffffff;
    partial = 0;

    for (i = 0; i < NGX_SMTP_VERIFY_ADDR_FAMILIES; i++) {

        f = &q->family[i];

        if (f->naddrs) {
            ttl = ngx_min(ttl, (time_t) f->ttl);

        } else if (f->asked && f->status == SV_ANSWER_ERROR) {
            partial = 1;
        }
    }

    entry = ngx_smtp_verify_addr_cache_add(q->resolver, &q->name, ttl,
                                           partial);
    if (entry == NULL) {
        return;
    }

    entry->authenticated = q->authenticated;
    ngx_smtp_verify_addr_cache_alias(entry, &q->alias);

    for (i = 0; i < NGX_SMTP_VERIFY_ADDR_FAMILIES; i++) {
        entry->naddrs[i] = q->family[i].naddrs;
        ngx_memcpy(entry->addrs[i], q->family[i].addrs,
                   sizeof(q->family[i].addrs));
    }
}


/* Copies the name.  Without memory for it the host is known by its own name
   alone. */

static void
ngx_smtp_verify_addr_alias(ngx_smtp_verify_addr_query_t *q, u_char *name,
    size_t len)
{
    if (len && name[len - 1] == '.') {
        len--;
    }

    if (len == 0 || len > SV_DNS_NAME_MAX) {
        return;
    }

    q->alias.data = ngx_pnalloc(q->pool, len);

    if (q->alias.data) {
        q->alias.len = len;
        ngx_strlow(q->alias.data, name, len);
    }
}


/* Asks for the addresses of one family.  An alias that is already known when
   ngx_smtp_verify_dns_ask() returns is followed here, a later one in
   _answered(). */

static void
ngx_smtp_verify_addr_ask(ngx_smtp_verify_addr_family_t *f, u_char *name,
    size_t len)
{
    ngx_int_t                      rc;
    ngx_smtp_verify_addr_query_t  *q;

    q = f->query;

    for ( ;; ) {
        ngx_memmove(f->name, name, len);
        f->name[len] = '\0';

        f->status = SV_ANSWER_ERROR;

        f->dns.resolver = q->resolver;
        f->dns.name.data = f->name;
        f->dns.name.len = len;
        f->dns.timeout = q->timeout;
        f->dns.log = q->log;
        f->dns.read = ngx_smtp_verify_addr_read;
        f->dns.handler = ngx_smtp_verify_addr_answered;
        f->dns.data = f;

        rc = ngx_smtp_verify_dns_ask(&f->dns);

        f->waiting = (rc == NGX_AGAIN);

        if (rc != NGX_OK || f->status != SV_ANSWER_ALIAS) {
            return;
        }

        name = f->name;
        len = ngx_strlen(name);
    }
}


static void
ngx_smtp_verify_addr_read(ngx_smtp_verify_dns_query_t *dns, ngx_int_t rc,
    u_char *msg, size_t len)
{
    size_t                          n;
    ngx_uint_t                      i;
    ngx_smtp_verify_addr_family_t  *f;
    static sv_addr_answer_t         answer;

    f = dns->data;

    if (rc != NGX_OK) {
        f->status = (rc == NGX_DECLINED) ? SV_ANSWER_NXDOMAIN : SV_ANSWER_ERROR;
        return;
    }

    f->status = sv_addr_parse(msg, len, (char *) f->name, (int) dns->type,
                              &answer);
    f->doubtful |= (answer.authenticated == 0);
    f->ttl = answer.ttl;
    f->naddrs = answer.naddrs;

    for (i = 0; i < f->naddrs; i++) {
        ngx_memcpy(f->addrs[i], answer.addrs[i], NS_IN6ADDRSZ);
    }

    if (f->status == SV_ANSWER_OK && f->query->alias.len == 0) {

        if (answer.alias[0] != '\0') {
            ngx_smtp_verify_addr_alias(f->query, (u_char *) answer.alias,
                                       ngx_strlen(answer.alias));

        } else if (f->aliases) {
            ngx_smtp_verify_addr_alias(f->query, f->name, ngx_strlen(f->name));
        }
    }

    if (f->status != SV_ANSWER_ALIAS) {
        return;
    }

    n = ngx_strlen(answer.alias);

    if (n && answer.alias[n - 1] == '.') {
        n--;
    }

    if (n > SV_DNS_NAME_MAX
        || ++f->aliases > NGX_SMTP_VERIFY_ADDR_ALIASES)
    {
        f->status = SV_ANSWER_ERROR;
        return;
    }

    ngx_memcpy(f->name, answer.alias, n);
    f->name[n] = '\0';
}


static void
ngx_smtp_verify_addr_answered(ngx_smtp_verify_dns_query_t *dns)
{
    ngx_uint_t                      i;
    ngx_smtp_verify_addr_query_t   *q;
    ngx_smtp_verify_addr_family_t  *f;

    f = dns->data;
    q = f->query;

    f->waiting = 0;

    if (f->status == SV_ANSWER_ALIAS) {
        ngx_smtp_verify_addr_ask(f, f->name, ngx_strlen(f->name));
    }

    for (i = 0; i < NGX_SMTP_VERIFY_ADDR_FAMILIES; i++) {

        if (!q->family[i].waiting) {
            continue;
        }

        if (f->naddrs && !q->delay.timer_set) {
            q->delay.handler = ngx_smtp_verify_addr_delayed;
            q->delay.data = q;
            q->delay.log = q->log;

            ngx_add_timer(&q->delay, NGX_SMTP_VERIFY_ADDR_DELAY);
        }

        return;
    }

    ngx_smtp_verify_addr_cancel(q);

    ngx_smtp_verify_addr_conclude(q);

    q->handler(q);
}


/* The other family has not answered in time: go on with these addresses. */

static void
ngx_smtp_verify_addr_delayed(ngx_event_t *ev)
{
    ngx_smtp_verify_addr_query_t *q = ev->data;

    ngx_smtp_verify_addr_cancel(q);

    ngx_smtp_verify_addr_conclude(q);

    q->handler(q);
}


void
ngx_smtp_verify_addr_cancel(ngx_smtp_verify_addr_query_t *q)
{
    ngx_uint_t  i;

    if (q->delay.timer_set) {
        ngx_del_timer(&q->delay);
    }

    for (i = 0; i < NGX_SMTP_VERIFY_ADDR_FAMILIES; i++) {
        if (q->family[i].waiting) {
            q->family[i].waiting = 0;
            q->family[i].status = SV_ANSWER_ERROR;
            ngx_smtp_verify_dns_cancel(&q->family[i].dns);
        }
    }
}


static void
ngx_smtp_verify_addr_conclude(ngx_smtp_verify_addr_query_t *q)
{
    ngx_uint_t                      i, n, off, failed, unknown, doubtful;
    ngx_smtp_verify_addr_family_t  *f;

    n = 0;
    off = 0;
    failed = 0;
    unknown = 0;
    doubtful = 0;

    for (i = 0; i < NGX_SMTP_VERIFY_ADDR_FAMILIES; i++) {

        f = &q->family[i];
        n += f->naddrs;
        doubtful |= f->doubtful;

        if (!f->asked) {
            off = 1;

        } else if (f->status == SV_ANSWER_NXDOMAIN) {
            unknown = 1;

        } else if (f->status != SV_ANSWER_OK && f->status != SV_ANSWER_NODATA) {
            failed = 1;
        }
    }

    ngx_log_debug5(NGX_LOG_DEBUG_CORE, q->log, 0,
                   "smtp verify addr: \"%V\" addresses %ui, "
                   "failed %ui, no such name %ui, not asked %ui",
                   &q->name, n, failed, unknown, off);

    q->authenticated = (!doubtful && (n || !failed));

    if (n) {
        ngx_smtp_verify_addr_keep(q);
        ngx_smtp_verify_addr_fill(q);

    } else if (failed) {
        q->status = NGX_SMTP_VERIFY_ADDR_ERROR;

    } else if (off && !unknown) {
        q->status = NGX_SMTP_VERIFY_ADDR_UNASKED;

    } else {
        q->status = NGX_SMTP_VERIFY_ADDR_NONE;
    }
}


/* Takes addresses of the families in turns.  A random number decides which
   family is first and with which address each begins, so that the load is
   shared. */

static void
ngx_smtp_verify_addr_fill(ngx_smtp_verify_addr_query_t *q)
{
    ngx_uint_t                        i, k, total, next[2];
    ngx_smtp_verify_addr_family_t    *f;
    ngx_smtp_verify_addr_sockaddr_t  *sa;

    total = q->family[0].naddrs + q->family[1].naddrs;

    q->addrs = ngx_pcalloc(q->pool, total * sizeof(ngx_addr_t));
    sa = ngx_pcalloc(q->pool, total * sizeof(ngx_smtp_verify_addr_sockaddr_t));

    if (q->addrs == NULL || sa == NULL) {
        q->status = NGX_SMTP_VERIFY_ADDR_NO_MEMORY;
        return;
    }

    next[0] = 0;
    next[1] = 0;
    k = total > 1 ? (ngx_uint_t) ngx_smtp_verify_mx_random() : 0;
    i = k & 1;

    while (q->naddrs < total) {

        f = &q->family[i];

        if (next[i] < f->naddrs) {
            ngx_smtp_verify_addr_sockaddr(&q->addrs[q->naddrs],
                                          &sa[q->naddrs],
                                          f->addrs[(k + next[i]) % f->naddrs],
                                          i);
            q->naddrs++;
            next[i]++;
        }

        i = 1 - i;
    }

    q->status = NGX_SMTP_VERIFY_ADDR_OK;
}


static void
ngx_smtp_verify_addr_sockaddr(ngx_addr_t *addr,
    ngx_smtp_verify_addr_sockaddr_t *sa, u_char *bytes, ngx_uint_t i)
{
    addr->sockaddr = &sa->sockaddr;

    switch (i) {

#if (NGX_HAVE_INET6)
    case 1:
        sa->sockaddr.sa_family = AF_INET6;
        addr->socklen = sizeof(struct sockaddr_in6);
        ngx_memcpy(&sa->sockaddr_in6.sin6_addr, bytes,
                   ngx_smtp_verify_addr_sizes[i]);
        return;
#endif

    default:
        sa->sockaddr.sa_family = AF_INET;
        addr->socklen = sizeof(struct sockaddr_in);
        ngx_memcpy(&sa->sockaddr_in.sin_addr, bytes,
                   ngx_smtp_verify_addr_sizes[i]);
        return;
    }
}
