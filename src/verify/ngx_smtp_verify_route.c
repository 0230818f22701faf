
#include "ngx_smtp_verify_probe.h"


/* number of addresses of a host that fail before the next host is tried */
#define NGX_SMTP_VERIFY_ADMISSION_STALLS  2


typedef struct {
    struct sockaddr                   *sockaddr;
    socklen_t                          socklen;
    ngx_uint_t                         timed_out;   /* while connecting */
} ngx_smtp_verify_failed_t;


static ngx_uint_t ngx_smtp_verify_route_may_ask(ngx_smtp_verify_probe_t *p);
static ngx_int_t ngx_smtp_verify_route_address(ngx_smtp_verify_probe_t *p);
static ngx_int_t ngx_smtp_verify_route_host(ngx_smtp_verify_probe_t *p);
static void ngx_smtp_verify_route_open(ngx_smtp_verify_probe_t *p);
static ngx_int_t ngx_smtp_verify_route_patience(ngx_smtp_verify_probe_t *p);
static void ngx_smtp_verify_route_failed(ngx_smtp_verify_probe_t *p);
static ngx_uint_t ngx_smtp_verify_route_stalls(ngx_smtp_verify_probe_t *p);
static ngx_uint_t ngx_smtp_verify_route_has_failed(
    ngx_smtp_verify_probe_t *p, ngx_addr_t *addr);
static void ngx_smtp_verify_route_fresh(ngx_smtp_verify_probe_t *p);
static void ngx_smtp_verify_route_end(ngx_smtp_verify_probe_t *p);
static ngx_uint_t ngx_smtp_verify_route_is_absence(
    ngx_smtp_verify_probe_t *p);


/*
 * Goes to the next address of the current host, or to the next host.  Hosts are
 * tried in the order of the MX records.  When all of them had a turn, their
 * remaining addresses follow.
 */

void
ngx_smtp_verify_route_go(ngx_smtp_verify_probe_t *p)
{
    ngx_smtp_verify_host_t  *host;

    for ( ;; ) {
        host = &p->hosts[p->imx];

        if (host->state == ngx_smtp_verify_host_unasked
            && ngx_smtp_verify_host_resolve(p) == NGX_AGAIN)
        {
            return;
        }

        if (host->naddrs && !ngx_smtp_verify_route_may_ask(p)) {

            if (p->failure->reason == SV_REASON_NONE
                || ngx_smtp_verify_route_is_absence(p))
            {
                p->result.evidence.mx_host = p->mx.records[p->imx].host;
                p->result.evidence.provider = host->provider;
                ngx_smtp_verify_probe_finish(p, SV_NOT_PROBED);
                return;
            }

            host->iaddr = host->naddrs;
        }

        if (p->conf->dane && host->iaddr < host->naddrs
            && ngx_smtp_verify_dane_resolve(p) == NGX_AGAIN)
        {
            return;
        }

        if (ngx_smtp_verify_route_address(p) == NGX_OK) {

            ngx_log_debug4(NGX_LOG_DEBUG_HTTP, &p->log, 0,
                           "smtp verify route: host \"%V\", preference %ui, "
                           "address %ui of %ui",
                           &p->mx.records[p->imx].host,
                           p->mx.records[p->imx].preference,
                           (ngx_uint_t) p->iaddr + 1,
                           host->naddrs);

            ngx_smtp_verify_route_open(p);
            return;
        }

        if (ngx_smtp_verify_route_host(p) != NGX_OK) {
            ngx_smtp_verify_route_end(p);
            return;
        }

        ngx_log_debug1(NGX_LOG_DEBUG_HTTP, &p->log, 0,
                       "smtp verify route: next host \"%V\"",
                       &p->mx.records[p->imx].host);
    }
}


static ngx_uint_t
ngx_smtp_verify_route_may_ask(ngx_smtp_verify_probe_t *p)
{
    const sv_provider_t  *provider;

    provider = p->hosts[p->imx].provider;

    return p->smtp && (provider == NULL || provider->probe);
}


/* The next address that has not failed under another name, and for which there
   is an egress. */

static ngx_int_t
ngx_smtp_verify_route_address(ngx_smtp_verify_probe_t *p)
{
    ngx_smtp_verify_host_t  *host;

    if (p->stalls >= NGX_SMTP_VERIFY_ADMISSION_STALLS) {
        return NGX_DECLINED;
    }

    host = &p->hosts[p->imx];

    for ( /* void */ ; host->iaddr < host->naddrs; host->iaddr++) {

        if (ngx_smtp_verify_route_has_failed(p, &host->addrs[host->iaddr])) {
            continue;
        }

        p->addrs = host->addrs;
        p->iaddr = host->iaddr;
        p->provider = host->provider;

        if (ngx_smtp_verify_egress_choose(p) == NGX_OK) {
            ngx_smtp_verify_host_count(p);
            return NGX_OK;
        }

        ngx_smtp_verify_evidence_egress(p);
    }

    return NGX_DECLINED;
}


static ngx_int_t
ngx_smtp_verify_route_host(ngx_smtp_verify_probe_t *p)
{
    ngx_uint_t               i;
    ngx_smtp_verify_host_t  *host;

    p->stalls = 0;

    for (i = p->imx + 1; i < p->mx.nrecords; i++) {

        host = &p->hosts[i];

        if (host->state == ngx_smtp_verify_host_unasked) {

            if (p->ncounted >= p->conf->max_mx) {
                p->mx.more = 1;
                break;
            }

            p->imx = i;
            return NGX_OK;
        }

        if (host->iaddr < host->naddrs) {
            p->imx = i;
            return NGX_OK;
        }
    }

    for (i = 0; i < p->mx.nrecords; i++) {

        if (p->hosts[i].iaddr < p->hosts[i].naddrs) {
            p->imx = i;
            return NGX_OK;
        }
    }

    return ngx_smtp_verify_route_patience(p);
}


/* A SYN may have been lost: addresses that timed out are tried again, with a
   longer timeout. */

static ngx_int_t
ngx_smtp_verify_route_patience(ngx_smtp_verify_probe_t *p)
{
    ngx_uint_t                 i, n;
    ngx_smtp_verify_failed_t  *failed;

    if (p->failed == NULL
        || p->connects >= p->conf->connect_timeouts->nelts)
    {
        return NGX_DECLINED;
    }

    failed = p->failed->elts;
    n = 0;

    for (i = 0; i < p->failed->nelts; i++) {
        if (!failed[i].timed_out) {
            failed[n++] = failed[i];
        }
    }

    if (n == p->failed->nelts) {
        return NGX_DECLINED;
    }

    p->failed->nelts = n;

    for (i = 0; i < p->mx.nrecords; i++) {
        p->hosts[i].iaddr = 0;
        p->hosts[i].failed = 0;
    }

    p->imx = 0;

    return NGX_OK;
}


/* connects to the current address */

void
ngx_smtp_verify_route_connect(ngx_smtp_verify_probe_t *p)
{
    if (ngx_smtp_verify_egress_choose(p) != NGX_OK) {
        ngx_smtp_verify_evidence_egress(p);
        ngx_smtp_verify_route_next(p);
        return;
    }

    ngx_smtp_verify_route_open(p);
}


/* the same, if the egress was chosen */

static void
ngx_smtp_verify_route_open(ngx_smtp_verify_probe_t *p)
{
    ngx_int_t    rc;
    ngx_uint_t   n;
    ngx_msec_t  *timeouts;

    if (ngx_smtp_verify_reach_barred(p)) {
        return;
    }

    if (ngx_smtp_verify_slot_ask(p) != NGX_OK) {
        return;
    }

    n = ngx_min(p->connects, p->conf->connect_timeouts->nelts - 1);
    timeouts = p->conf->connect_timeouts->elts;

    p->result.attempts++;

    rc = ngx_smtp_verify_dialog_start(p, timeouts[n]);

    if (rc == NGX_DECLINED) {
        ngx_smtp_verify_reach_failed(p);
        ngx_smtp_verify_slot_failed(p);

        if (ngx_smtp_verify_random_stands(p) == NGX_OK) {
            return;
        }

        if (p->session->way == ngx_smtp_verify_way_no_egress) {
            ngx_smtp_verify_route_other_egress(p);
            return;
        }

        ngx_smtp_verify_route_next(p);

    } else if (rc != NGX_OK) {
        ngx_smtp_verify_probe_finish(p, SV_THROTTLED);
    }
}


/* Asks the current address from another identity, as no server was asked. */

void
ngx_smtp_verify_route_other_egress(ngx_smtp_verify_probe_t *p)
{
    ngx_smtp_verify_evidence_egress(p);
    ngx_smtp_verify_dialog_stop(p);

    if (ngx_smtp_verify_egress_other(p) == NGX_OK) {

        ngx_log_debug1(NGX_LOG_DEBUG_HTTP, &p->log, 0,
                       "smtp verify route: other egress \"%V\"",
                       &p->egress->name);

        ngx_smtp_verify_route_connect(p);
        return;
    }

    ngx_smtp_verify_probe_fail(p);
}


/* Starts again from the best MX.  The addresses of its hosts are resolved
   again, as they may have changed. */

void
ngx_smtp_verify_route_anew(ngx_smtp_verify_probe_t *p)
{
    ngx_memzero(p->hosts, p->mx.nrecords * sizeof(ngx_smtp_verify_host_t));

    if (p->failed) {
        p->failed->nelts = 0;
    }

    p->ncounted = 0;
    p->imx = 0;
    p->stalls = 0;
    p->connects = 0;

    ngx_smtp_verify_route_fresh(p);
    ngx_smtp_verify_route_go(p);
}


static void
ngx_smtp_verify_route_fresh(ngx_smtp_verify_probe_t *p)
{
    p->pass = ngx_smtp_verify_pass_any;
    p->tls_error = NULL;
    p->before = NULL;
}


/* asks the current address again, in another way */

void
ngx_smtp_verify_route_retry(ngx_smtp_verify_probe_t *p)
{
    ngx_smtp_verify_evidence_before(p);
    ngx_smtp_verify_dialog_stop(p);

    ngx_log_debug4(NGX_LOG_DEBUG_HTTP, &p->log, 0,
                   "smtp verify route: same address once more, fresh:%d, "
                   "stepwise:%d, in clear:%d, random alone:%d",
                   p->pass == ngx_smtp_verify_pass_fresh,
                   p->pass == ngx_smtp_verify_pass_stepwise,
                   p->tls_error != NULL,
                   p->asks == ngx_smtp_verify_asks_alone);

    ngx_smtp_verify_route_connect(p);
}


/* the current address has failed */

void
ngx_smtp_verify_route_next(ngx_smtp_verify_probe_t *p)
{
    ngx_log_debug1(NGX_LOG_DEBUG_HTTP, &p->log, 0,
                   "smtp verify route: next address of \"%V\"",
                   &p->mx.records[p->imx].host);

    ngx_smtp_verify_route_failed(p);
    ngx_smtp_verify_dialog_stop(p);
    ngx_smtp_verify_route_fresh(p);

    p->connects++;
    p->hosts[p->imx].iaddr = p->iaddr + 1;

    ngx_smtp_verify_route_go(p);
}


void
ngx_smtp_verify_route_next_host(ngx_smtp_verify_probe_t *p)
{
    ngx_smtp_verify_dialog_stop(p);
    ngx_smtp_verify_route_fresh(p);

    p->hosts[p->imx].iaddr = p->hosts[p->imx].naddrs;

    ngx_smtp_verify_route_go(p);
}


void
ngx_smtp_verify_route_next_address(ngx_smtp_verify_probe_t *p)
{
    ngx_smtp_verify_dialog_stop(p);
    ngx_smtp_verify_route_fresh(p);

    p->hosts[p->imx].iaddr = p->iaddr + 1;

    ngx_smtp_verify_route_go(p);
}


/* remembers the address, as many names may lead to it */

static void
ngx_smtp_verify_route_failed(ngx_smtp_verify_probe_t *p)
{
    ngx_addr_t                 *addr;
    ngx_smtp_verify_failed_t   *failed;
    ngx_smtp_verify_session_t  *s;

    s = p->session;

    p->stalls += ngx_smtp_verify_route_stalls(p);

    if (p->failed == NULL) {
        p->failed = ngx_array_create(p->pool, 4,
                                     sizeof(ngx_smtp_verify_failed_t));
        if (p->failed == NULL) {
            return;
        }
    }

    failed = ngx_array_push(p->failed);
    if (failed == NULL) {
        return;
    }

    addr = &p->addrs[p->iaddr];

    failed->sockaddr = addr->sockaddr;
    failed->socklen = addr->socklen;
    failed->timed_out = (s && s->fault == SV_TIMEOUT
                         && s->stage == SV_STAGE_CONNECT);
}


/* How much of the host's turn the failure takes.  A missing way to the host
   takes no time and says nothing about it. */

static ngx_uint_t
ngx_smtp_verify_route_stalls(ngx_smtp_verify_probe_t *p)
{
    ngx_smtp_verify_session_t  *s;

    s = p->session;

    if (s == NULL || s->way == ngx_smtp_verify_way_proxy_refused) {
        return 0;
    }

    if (s->fault == SV_TIMEOUT && s->stage != SV_STAGE_CONNECT) {
        return NGX_SMTP_VERIFY_ADMISSION_STALLS;
    }

    return ngx_smtp_verify_session_is_connected(s)
           || s->way == ngx_smtp_verify_way_refused
           || s->fault != SV_REASON_NONE;
}


static ngx_uint_t
ngx_smtp_verify_route_has_failed(ngx_smtp_verify_probe_t *p, ngx_addr_t *addr)
{
    ngx_uint_t                 i;
    ngx_smtp_verify_failed_t  *failed;

    if (p->failed == NULL) {
        return 0;
    }

    failed = p->failed->elts;

    for (i = 0; i < p->failed->nelts; i++) {
        if (ngx_cmp_sockaddr(failed[i].sockaddr, failed[i].socklen,
                             addr->sockaddr, addr->socklen, 0)
            == NGX_OK)
        {
            return 1;
        }
    }

    return 0;
}


/* "Nobody takes the mail" is only known if all hosts were asked. */

static void
ngx_smtp_verify_route_end(ngx_smtp_verify_probe_t *p)
{
    if (ngx_smtp_verify_route_is_absence(p) && p->mx.more) {
        ngx_smtp_verify_evidence_egress(p);
    }

    ngx_log_debug1(NGX_LOG_DEBUG_HTTP, &p->log, 0,
                   "smtp verify route: no host is left, %s",
                   sv_reason_info(p->failure->reason)->name);

    ngx_smtp_verify_probe_fail(p);
}


/* Is the failure a conclusion about all hosts? */

static ngx_uint_t
ngx_smtp_verify_route_is_absence(ngx_smtp_verify_probe_t *p)
{
    return p->failure->reason == SV_NO_MAIL_SERVER
           || p->failure->reason == SV_SMTPUTF8_UNSUPPORTED;
}


/*
 * Tries the remaining addresses of the better hosts.  In the end their failure
 * is the result, unless it was that nobody takes the mail, as the backup did.
 */

void
ngx_smtp_verify_route_unproved(ngx_smtp_verify_probe_t *p)
{
    ngx_uint_t  i, preference;

    preference = p->mx.records[p->imx].preference;

    for (i = 0; i < p->imx; i++) {

        if (p->mx.records[i].preference < preference
            && p->hosts[i].iaddr < p->hosts[i].naddrs)
        {
            p->asks = ngx_smtp_verify_asks_address;
            ngx_smtp_verify_route_next_host(p);
            return;
        }
    }

    if (ngx_smtp_verify_route_is_absence(p)) {
        ngx_smtp_verify_probe_finish(p, SV_ACCEPTED_UNTESTED);
        return;
    }

    ngx_smtp_verify_probe_fail(p);
}


/* A host that does not exist is no better MX. */

ngx_uint_t
ngx_smtp_verify_route_is_backup(ngx_smtp_verify_probe_t *p)
{
    ngx_uint_t  i;

    for (i = 0; i < p->imx; i++) {
        if (p->hosts[i].state != ngx_smtp_verify_host_absent) {
            break;
        }
    }

    return p->mx.records[p->imx].preference > p->mx.records[i].preference;
}


void
ngx_smtp_verify_route_stop(ngx_smtp_verify_probe_t *p)
{
    if (p->fetch) {
        ngx_smtp_verify_fetch_free(p->fetch);
        p->fetch = NULL;
    }

    if (p->mx.dns) {
        ngx_smtp_verify_mx_cancel(&p->mx);
    }

    if (p->addr) {
        ngx_smtp_verify_host_stop(p);
    }

    ngx_smtp_verify_dane_stop(p);

    if (p->sts) {
        ngx_smtp_verify_sts_stop(p->sts);
    }
}
