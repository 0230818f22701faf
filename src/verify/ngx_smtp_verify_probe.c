
#include "ngx_smtp_verify_opinion.h"
#include "ngx_smtp_verify_probe.h"
#include "ngx_smtp_verify_wipe.h"


/* Room for the probe, its names, and a mail host or two.  A few octets more
   would need a second block while the probe waits for a server. */
#define NGX_SMTP_VERIFY_PROBE_NAMES  328
#define NGX_SMTP_VERIFY_PROBE_POOL_SIZE                                       \
    (sizeof(ngx_pool_t) + sizeof(ngx_smtp_verify_probe_t)                     \
     + NGX_SMTP_VERIFY_PROBE_NAMES)
#define NGX_SMTP_VERIFY_WAITS_DOUBLED    10


static ngx_int_t ngx_smtp_verify_probe_copies(ngx_smtp_verify_probe_t *p,
    ngx_smtp_verify_ask_t *ask);
static ngx_int_t ngx_smtp_verify_probe_copy(ngx_smtp_verify_probe_t *p,
    ngx_str_t *dst, ngx_str_t *src);
static ngx_int_t ngx_smtp_verify_probe_address(ngx_smtp_verify_probe_t *p);
static ngx_int_t ngx_smtp_verify_probe_rcpt(ngx_smtp_verify_probe_t *p,
    sv_address_t *addr);
static void ngx_smtp_verify_probe_budget(ngx_event_t *ev);
static ngx_int_t ngx_smtp_verify_probe_later(ngx_smtp_verify_probe_t *p,
    sv_reason_e reason);
static uint32_t ngx_smtp_verify_probe_where(ngx_smtp_verify_probe_t *p);
static void ngx_smtp_verify_probe_waited(ngx_smtp_verify_probe_t *p);
static void ngx_smtp_verify_probe_stop(ngx_smtp_verify_probe_t *p);


ngx_smtp_verify_probe_t *
ngx_smtp_verify_probe_create(ngx_smtp_verify_ask_t *ask, ngx_log_t *log)
{
    size_t                    more;
    ngx_pool_t               *pool;
    ngx_smtp_verify_probe_t  *p;

    more = ask->conf->throttle ? sizeof(ngx_smtp_verify_permit_t) : 0;

    pool = ngx_create_pool(NGX_SMTP_VERIFY_PROBE_POOL_SIZE + more, log);
    if (pool == NULL) {
        return NULL;
    }

    p = ngx_pcalloc(pool, sizeof(ngx_smtp_verify_probe_t) + more);
    if (p == NULL) {
        ngx_smtp_verify_wipe_pool(pool);
        return NULL;
    }

    if (more) {
        p->permit = (ngx_smtp_verify_permit_t *) (p + 1);
    }

    p->pool = pool;
    p->conf = ask->conf;
    p->handler = ask->handler;
    p->data = ask->data;
    p->smtp = ask->smtp;
    p->wait = ask->wait;
    p->bulk = ask->bulk;
    p->job = ask->job;
    p->wants_canary = ask->canary;
    p->client = *ask->client;

    p->log = *log;
    p->log.handler = NULL;
    p->log.data = NULL;
    p->log.action = NULL;
    pool->log = &p->log;

    p->budget.handler = ngx_smtp_verify_probe_budget;
    p->budget.data = p;
    p->budget.log = &p->log;

    p->start = ask->start;
    p->order = ngx_smtp_verify_probe_order();

    ngx_smtp_verify_evidence_forget(p);
    ngx_smtp_verify_result_init(&p->result);

    if (ngx_smtp_verify_probe_copies(p, ask) != NGX_OK) {
        ngx_smtp_verify_wipe_pool(pool);
        return NULL;
    }

    ngx_smtp_verify_watch_begin(p);

    return p;
}


uint64_t
ngx_smtp_verify_probe_order(void)
{
    static uint64_t  order;

    return ++order;
}


/* what belongs to the asker, who may leave before the probe ends */

static ngx_int_t
ngx_smtp_verify_probe_copies(ngx_smtp_verify_probe_t *p,
    ngx_smtp_verify_ask_t *ask)
{
    ngx_smtp_verify_result_t  *result;

    result = &p->result;

    if (ngx_smtp_verify_probe_copy(p, &result->email, &ask->email) != NGX_OK
        || ngx_smtp_verify_probe_copy(p, &p->helo, &ask->helo) != NGX_OK
        || ngx_smtp_verify_probe_copy(p, &p->from_asked, &ask->from)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    p->from = p->from_asked;

    if (ask->transcript) {
        result->transcript =
            ngx_array_create(p->pool, 16,
                             sizeof(ngx_smtp_verify_transcript_line_t));
        if (result->transcript == NULL) {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_smtp_verify_probe_copy(ngx_smtp_verify_probe_t *p, ngx_str_t *dst,
    ngx_str_t *src)
{
    dst->data = ngx_pnalloc(p->pool, src->len);
    if (dst->data == NULL) {
        return NGX_ERROR;
    }

    ngx_memcpy(dst->data, src->data, src->len);
    dst->len = src->len;

    return NGX_OK;
}


ngx_int_t
ngx_smtp_verify_probe_start(ngx_smtp_verify_probe_t *p)
{
    ngx_msec_t  elapsed;

    ngx_smtp_verify_share_enter(&p->share, &p->client,
                                NGX_SMTP_VERIFY_SHARE_ASKS);

    elapsed = ngx_current_msec - p->start;

    ngx_add_timer(&p->budget, elapsed < p->conf->timeout
                              ? p->conf->timeout - elapsed : 1);

    if (ngx_smtp_verify_probe_address(p) == NGX_OK) {

        ngx_log_debug2(NGX_LOG_DEBUG_HTTP, &p->log, 0,
                       "smtp verify probe: domain \"%V\", bulk:%d",
                       &p->domain, p->bulk);

        ngx_smtp_verify_route_start(p);
    }

    if (p->life == ngx_smtp_verify_life_starting) {
        p->life = ngx_smtp_verify_life_running;
    }

    return p->life == ngx_smtp_verify_life_over ? NGX_OK : NGX_AGAIN;
}


void
ngx_smtp_verify_probe_refuse(ngx_smtp_verify_probe_t *p, sv_reason_e reason,
    ngx_smtp_verify_probe_t *other)
{
    sv_reason_e  known;

    if (ngx_smtp_verify_probe_address(p) != NGX_OK) {
        return;
    }

    known = ngx_smtp_verify_route_recall(p, other);

    ngx_smtp_verify_probe_finish(p, known == SV_REASON_NONE ? reason : known);
}


/* NGX_OK: there is a domain to ask; otherwise the probe is finished. */

static ngx_int_t
ngx_smtp_verify_probe_address(ngx_smtp_verify_probe_t *p)
{
    sv_reason_e          reason;
    sv_address_t        *addr;
    sv_address_status_e  status;

    status = ngx_smtp_verify_parse(&p->result.email, &addr);

    if (status == SV_ADDRESS_INVALID) {
        p->result.syntax = 0;
        p->result.detail = addr->error;
        ngx_smtp_verify_verdict_meant(p);
        ngx_smtp_verify_probe_finish(p, SV_INVALID_SYNTAX);
        return NGX_DONE;
    }

    p->result.syntax = 1;

    if (status == SV_ADDRESS_LITERAL) {
        ngx_smtp_verify_probe_finish(p, SV_UNSUPPORTED_ADDRESS);
        return NGX_DONE;
    }

    if (ngx_smtp_verify_probe_rcpt(p, addr) != NGX_OK) {
        ngx_smtp_verify_probe_finish(p, SV_THROTTLED);
        return NGX_DONE;
    }

    ngx_smtp_verify_verdict_checks(p, addr);

    reason = ngx_smtp_verify_verdict_decided(p, addr);

    if (reason != SV_REASON_NONE) {
        ngx_smtp_verify_probe_finish(p, reason);
        return NGX_DONE;
    }

    return NGX_OK;
}


/* What is sent is mostly what was asked for, and needs no memory then. */

static ngx_int_t
ngx_smtp_verify_probe_rcpt(ngx_smtp_verify_probe_t *p, sv_address_t *addr)
{
    u_char    *last, buf[SV_LOCAL_MAX + 1 + SV_DOMAIN_MAX];
    sv_str_t   rcpt;

    last = ngx_cpymem(buf, addr->local.data, addr->local.len);
    *last++ = '@';
    last = ngx_cpymem(last, addr->domain.data, addr->domain.len);

    rcpt.data = buf;
    rcpt.len = last - buf;

    if (!ngx_smtp_verify_probe_shares(&p->rcpt, &rcpt, &p->result.email)
        && ngx_smtp_verify_probe_copy(p, &p->rcpt, (ngx_str_t *) &rcpt)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    p->domain.data = p->rcpt.data + addr->local.len + 1;
    p->domain.len = addr->domain.len;

    return NGX_OK;
}


static void
ngx_smtp_verify_probe_budget(ngx_event_t *ev)
{
    ngx_smtp_verify_probe_t  *p;

    p = ev->data;

    if (p->life == ngx_smtp_verify_life_waiting) {
        ngx_smtp_verify_probe_waited(p);
        return;
    }

    ngx_log_error(NGX_LOG_INFO, &p->log, 0, "probe ran out of time");

    if (ngx_smtp_verify_slot_timeout(p) == NGX_OK) {
        return;
    }

    if (p->session && ngx_smtp_verify_session_is_ours(p->session)) {
        ngx_smtp_verify_evidence_egress(p);

    } else if (p->session) {

        if (ngx_smtp_verify_session_is_connected(p->session)) {
            p->result.connected = 1;
        }

        ngx_smtp_verify_evidence_fault(p, p->session->stage, SV_TIMEOUT);

    } else {
        /* a host that was not asked yet may take the mail */
        ngx_smtp_verify_evidence_fault(p, SV_STAGE_DNS, SV_DNS_ERROR);
    }

    if (ngx_smtp_verify_is_accepted(p)
        && !ngx_smtp_verify_is_backup(p))
    {
        ngx_smtp_verify_probe_finish(p, SV_ACCEPTED_UNTESTED);
        return;
    }

    ngx_smtp_verify_probe_fail(p);
}


/* If there was no memory to keep a failure, our limits are the reason. */

void
ngx_smtp_verify_probe_fail(ngx_smtp_verify_probe_t *p)
{
    p->result.evidence = *p->failure;

    ngx_smtp_verify_probe_finish(p, p->failure->reason == SV_REASON_NONE
                                    ? SV_THROTTLED : p->failure->reason);
}


void
ngx_smtp_verify_probe_finish(ngx_smtp_verify_probe_t *p, sv_reason_e reason)
{
    ngx_uint_t  starting;

    if (p->life == ngx_smtp_verify_life_over
        || ngx_smtp_verify_probe_later(p, reason) == NGX_OK)
    {
        return;
    }

    starting = (p->life == ngx_smtp_verify_life_starting);

    p->life = ngx_smtp_verify_life_over;
    p->result.elapsed = ngx_current_msec - p->start;
    p->result.provider = p->result.evidence.provider;

    ngx_smtp_verify_probe_stop(p);
    ngx_smtp_verify_share_leave(&p->share);

    if (p->conf->dnssec) {
        ngx_smtp_verify_proof(p);
    }

    ngx_smtp_verify_verdict(p, reason);

    ngx_log_debug4(NGX_LOG_DEBUG_HTTP, &p->log, 0,
                   "smtp verify probe: \"%V\" ends, %s, score %i, %M ms",
                   &p->domain, sv_reason_info(p->result.reason)->name,
                   p->result.score, p->result.elapsed);

    if (p->conf->opinion_rate) {
        ngx_smtp_verify_opinion(p);
    }

    if (!starting) {
        p->handler(p->data, &p->result);
    }
}


/*
 * Returns NGX_OK if the server will soon answer differently, and the caller has
 * time to ask again.  Each wait doubles the delay that a reply asks for: a
 * server that always says "in a second" is not asked each second.  The wait is
 * divided into seconds, as a graceful shutdown must not wait for it.  If too
 * many probes wait, the current result is the answer.
 */

static ngx_int_t
ngx_smtp_verify_probe_later(ngx_smtp_verify_probe_t *p, sv_reason_e reason)
{
    ngx_uint_t  retry;
    ngx_msec_t  elapsed;

    if (p->wait == 0 || ngx_exiting
        || !ngx_smtp_verify_passes(reason, &p->result.evidence))
    {
        return NGX_DECLINED;
    }

    retry = p->result.evidence.retry_after;

    if (retry == 0) {
        retry = sv_reason_info(reason)->retry_after;
    }

    retry <<= ngx_min(p->waits, NGX_SMTP_VERIFY_WAITS_DOUBLED);

    elapsed = ngx_current_msec - p->start;

    if (elapsed / 1000 + retry + 1 > (ngx_msec_t) p->wait) {
        return NGX_DECLINED;
    }

    if (ngx_smtp_verify_share_put_off(&p->conf->share, &p->share,
                                    ngx_smtp_verify_probe_where(p))
        != NGX_OK)
    {
        ngx_log_debug0(NGX_LOG_DEBUG_HTTP, &p->log, 0,
                       "smtp verify too many wait to ask once more");
        return NGX_DECLINED;
    }

    ngx_smtp_verify_probe_stop(p);

    p->waits++;

    ngx_log_debug2(NGX_LOG_DEBUG_HTTP, &p->log, 0,
                   "smtp verify probe: %s, asks once more in %ui s",
                   sv_reason_info(reason)->name, retry + 1);
    p->again = ngx_current_msec + (ngx_msec_t) (retry + 1) * 1000;
    p->life = ngx_smtp_verify_life_waiting;

    ngx_add_timer(&p->budget, 1000);

    return NGX_OK;
}


/* Hash of what delays the probe: an address, or the domain if none is known. */

static uint32_t
ngx_smtp_verify_probe_where(ngx_smtp_verify_probe_t *p)
{
    ngx_str_t  *where;

    where = &p->result.evidence.mx_ip;

    if (where->len == 0) {
        where = &p->domain;
    }

    return ngx_murmur_hash2(where->data, where->len);
}


static void
ngx_smtp_verify_probe_waited(ngx_smtp_verify_probe_t *p)
{
    if (ngx_exiting) {
        ngx_smtp_verify_probe_finish(p, p->result.evidence.reason);
        return;
    }

    if ((ngx_msec_int_t) (p->again - ngx_current_msec) > 0) {
        ngx_add_timer(&p->budget, 1000);
        return;
    }

    if (ngx_smtp_verify_share_ask(&p->conf->share, &p->client, p->bulk)
        != NGX_OK)
    {
        if ((ngx_current_msec - p->start) / 1000 < (ngx_msec_t) p->wait) {
            ngx_add_timer(&p->budget, 1000);
            return;
        }

        p->wait = 0;
        ngx_smtp_verify_probe_finish(p, p->result.evidence.reason);
        return;
    }

    ngx_smtp_verify_share_move(&p->share, NGX_SMTP_VERIFY_SHARE_ASKS);

    ngx_smtp_verify_evidence_forget(p);

    p->life = ngx_smtp_verify_life_running;
    p->asks = ngx_smtp_verify_asks_address;
    p->seen.state = 0;

    ngx_add_timer(&p->budget, p->conf->timeout);

    ngx_smtp_verify_route_anew(p);
}


/*
 * The current result is kept if there is one, otherwise it is as if the probe
 * had not begun.  Outstanding replies are not waited for.
 */

void
ngx_smtp_verify_probe_displace(ngx_smtp_verify_probe_t *p)
{
    ngx_uint_t  later;

    later = (p->life == ngx_smtp_verify_life_waiting);

    ngx_log_debug1(NGX_LOG_DEBUG_HTTP, &p->log, 0,
                   "smtp verify probe: gives up its place, waits:%ui", later);

    p->wait = 0;

    if (later) {
        ngx_smtp_verify_probe_finish(p, p->result.evidence.reason);
        return;
    }

    p->result.displaced = 1;

    ngx_smtp_verify_dialog_abandon(p);

    if (p->hosts) {
        ngx_smtp_verify_slot_throttled(p);
        return;
    }

    p->result.evidence.stage = SV_STAGE_DNS;
    ngx_smtp_verify_probe_finish(p, SV_THROTTLED);
}


static void
ngx_smtp_verify_probe_stop(ngx_smtp_verify_probe_t *p)
{
    if (p->budget.timer_set) {
        ngx_del_timer(&p->budget);
    }

    ngx_smtp_verify_route_stop(p);
    ngx_smtp_verify_slot_stop(p);
    ngx_smtp_verify_dialog_stop(p);
    ngx_smtp_verify_claim_leave(&p->claim);
}


void
ngx_smtp_verify_probe_promote(ngx_smtp_verify_probe_t *p, ngx_uint_t bulk)
{
    if (p->job || p->bulk > bulk) {
        p->job = 0;
        p->bulk = (p->bulk && bulk);

        if (p->permit) {
            ngx_smtp_verify_throttle_promote(&p->permit->ticket, bulk);
        }
    }
}


ngx_smtp_verify_result_t *
ngx_smtp_verify_probe_result(ngx_smtp_verify_probe_t *p)
{
    return &p->result;
}


ngx_uint_t
ngx_smtp_verify_probe_is_heard(ngx_smtp_verify_probe_t *p)
{
    return ngx_smtp_verify_is_accepted(p)
           || (p->session && ngx_smtp_verify_session_is_connected(p->session));
}


void
ngx_smtp_verify_probe_destroy(ngx_smtp_verify_probe_t *p)
{
    /* one that has ended has stopped */

    if (p->life != ngx_smtp_verify_life_over) {
        p->life = ngx_smtp_verify_life_over;

        ngx_smtp_verify_dialog_abandon(p);
        ngx_smtp_verify_probe_stop(p);
        ngx_smtp_verify_share_leave(&p->share);
    }

    ngx_smtp_verify_watch_end(p);

    ngx_smtp_verify_wipe_pool(p->pool);
}
