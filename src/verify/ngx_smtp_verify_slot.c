
#include "ngx_smtp_verify_keeper.h"
#include "ngx_smtp_verify_probe.h"


static void ngx_smtp_verify_slot_subject(ngx_smtp_verify_probe_t *p,
    ngx_smtp_verify_ticket_t *t, ngx_smtp_verify_egress_t *egress);
static ngx_uint_t ngx_smtp_verify_slot_is_admitted(
    ngx_smtp_verify_probe_t *p, ngx_smtp_verify_egress_t *egress);
static ngx_uint_t ngx_smtp_verify_slot_kept(ngx_smtp_verify_ticket_t *t);
static void ngx_smtp_verify_slot_handler(ngx_smtp_verify_ticket_t *t,
    ngx_int_t rc);
static void ngx_smtp_verify_slot_press(ngx_smtp_verify_ticket_t *t);
static void ngx_smtp_verify_slot_granted(ngx_smtp_verify_probe_t *p);
static void ngx_smtp_verify_slot_refused(ngx_smtp_verify_probe_t *p,
    ngx_int_t rc);
static void ngx_smtp_verify_slot_open(ngx_smtp_verify_probe_t *p);
static ngx_msec_t ngx_smtp_verify_slot_left(ngx_smtp_verify_probe_t *p);
static ngx_int_t ngx_smtp_verify_slot_pace(ngx_smtp_verify_session_t *s,
    ngx_uint_t n);
static void ngx_smtp_verify_slot_paused(ngx_event_t *ev);
static void ngx_smtp_verify_slot_release(ngx_smtp_verify_session_t *s);


/* NGX_OK: the current address may be asked now.  Otherwise the probe continues
   by itself later, or has ended. */

ngx_int_t
ngx_smtp_verify_slot_ask(ngx_smtp_verify_probe_t *p)
{
    ngx_int_t                  rc;
    ngx_smtp_verify_ticket_t  *t;

    if (p->conf->throttle == NULL || p->slotted || p->kept) {
        return NGX_OK;
    }

    t = &p->permit->ticket;

    ngx_smtp_verify_slot_subject(p, t, p->egress);

    t->handler = ngx_smtp_verify_slot_handler;
    t->reuse = ngx_smtp_verify_slot_kept;
    t->press = ngx_smtp_verify_slot_press;
    t->client = &p->client;
    t->percent = p->conf->share.percent;
    t->data = p;
    t->log = &p->log;
    t->bulk = p->bulk;
    t->job = p->job;

    if (ngx_smtp_verify_slot_kept(t)) {
        ngx_log_debug1(NGX_LOG_DEBUG_HTTP, &p->log, 0,
                       "smtp verify permit: \"%V\" by a kept session",
                       &t->destination);
        return NGX_OK;
    }

    rc = ngx_smtp_verify_throttle_take(t);

    ngx_log_debug2(NGX_LOG_DEBUG_HTTP, &p->log, 0,
                   "smtp verify permit: \"%V\" %s", &t->destination,
                   rc == NGX_OK ? "granted" : rc == NGX_AGAIN ? "waits"
                   : rc == NGX_DECLINED ? "refused, a breaker is open"
                   : "refused by a limit");

    if (rc == NGX_OK) {
        ngx_smtp_verify_slot_granted(p);
        return NGX_OK;
    }

    if (rc != NGX_AGAIN) {
        ngx_smtp_verify_slot_refused(p, rc);
        return NGX_DONE;
    }

    ngx_smtp_verify_share_move(&p->share, NGX_SMTP_VERIFY_SHARE_WAITS);

    return NGX_AGAIN;
}


/* Sets what is limited: which identity asks which destination. */

static void
ngx_smtp_verify_slot_subject(ngx_smtp_verify_probe_t *p,
    ngx_smtp_verify_ticket_t *t, ngx_smtp_verify_egress_t *egress)
{
    t->throttle = p->conf->throttle->data;
    t->limits = ngx_smtp_verify_limits(p);
    t->sockaddr = p->addrs[p->iaddr].sockaddr;

    ngx_smtp_verify_slot_destination(p, &t->destination);

    t->port = (p->route && p->route->port != p->conf->port)
              ? (in_port_t) p->route->port : 0;

    t->budget = t->destination;

    if (p->hosts[p->imx].provider && p->hosts[p->imx].provider->gateway) {
        t->budget = p->mx.records[p->imx].host;
    }

    t->domain = p->domain;
    t->provider = (p->hosts[p->imx].provider != NULL);
    t->admitted = ngx_smtp_verify_slot_is_admitted(p, egress);

    t->egress.len = 0;

    if (egress) {
        t->egress = egress->shared.len ? egress->shared : egress->key;
    }

    t->shared = (egress && egress->shared.len);

    if (!t->shared && t->limits->shared.len) {
        t->egress = t->limits->shared;
        t->shared = 1;
    }
}


/* How long, in ms, the destination is closed to the egress, or the egress is
   suspended. */

ngx_msec_t
ngx_smtp_verify_slot_shut(ngx_smtp_verify_probe_t *p,
    ngx_smtp_verify_egress_t *egress)
{
    ngx_smtp_verify_ticket_t  t;

    if (p->conf->throttle == NULL) {
        return 0;
    }

    ngx_smtp_verify_slot_subject(p, &t, egress);

    return ngx_smtp_verify_throttle_shut(&t);
}


/*
 * The destination is the host that is connected to, not other hosts of the
 * domain, whose owner may name any host.  Hosts of a provider are one
 * destination.  They are known by their names, whose addresses come from the
 * provider's own name servers; a banner could be forged by anybody.
 */

void
ngx_smtp_verify_slot_destination(ngx_smtp_verify_probe_t *p, ngx_str_t *name)
{
    const sv_provider_t  *provider;

    provider = p->hosts[p->imx].provider;

    if (provider) {
        name->data = (u_char *) provider->id.data;
        name->len = provider->id.len;
        return;
    }

    *name = p->mx.records[p->imx].host;
}


/*
 * If a breaker has admitted the probe, this holds for all addresses of the host
 * until one is connected to.  All hosts of a provider have one breaker.
 */

static ngx_uint_t
ngx_smtp_verify_slot_is_admitted(ngx_smtp_verify_probe_t *p,
    ngx_smtp_verify_egress_t *egress)
{
    ngx_uint_t               i;
    const sv_provider_t     *provider;
    ngx_smtp_verify_host_t  *host;

    host = &p->hosts[p->imx];
    provider = host->provider;

    if (host->admitted && host->egress == egress) {
        return 1;
    }

    if (provider == NULL) {
        return 0;
    }

    for (i = 0; i < p->mx.nrecords; i++) {

        host = &p->hosts[i];

        if (host->admitted && host->egress == egress
            && host->provider == provider)
        {
            return 1;
        }
    }

    return 0;
}


/* a kept session has a slot already */

static ngx_uint_t
ngx_smtp_verify_slot_kept(ngx_smtp_verify_ticket_t *t)
{
    ngx_smtp_verify_probe_t    *p;
    ngx_smtp_verify_session_t  *s;

    p = t->data;

    s = ngx_smtp_verify_slot_find(p);

    if (s == NULL
        || !ngx_smtp_verify_throttle_reuse(s->throttle, s->slot, s->limits,
                                           t))
    {
        return 0;
    }

    ngx_smtp_verify_keeper_take(s);
    p->kept = s;

    return 1;
}


/* The session must have room for the random recipient, if that may be asked. */

ngx_smtp_verify_session_t *
ngx_smtp_verify_slot_find(ngx_smtp_verify_probe_t *p)
{
    ngx_uint_t  n;

    if (p->conf->keep.transactions == 0
        || p->pass != ngx_smtp_verify_pass_any || p->tls_error
        || p->asks == ngx_smtp_verify_asks_alone)
    {
        return NULL;
    }

    n = (p->conf->catch_all != NGX_SMTP_VERIFY_CATCH_ALL_OFF
         && ngx_smtp_verify_random_known(p) == NGX_SMTP_VERIFY_UNKNOWN)
        ? 2 : 1;

    return ngx_smtp_verify_keeper_find(p->conf, &p->addrs[p->iaddr], p->egress,
                                       &p->mx.records[p->imx].host, &p->helo,
                                       &p->from,
                                       ngx_smtp_verify_dane_need(p), n);
}


static void
ngx_smtp_verify_slot_handler(ngx_smtp_verify_ticket_t *t, ngx_int_t rc)
{
    ngx_smtp_verify_probe_t  *p;

    p = t->data;

    ngx_smtp_verify_share_move(&p->share, NGX_SMTP_VERIFY_SHARE_ASKS);

    ngx_log_debug2(NGX_LOG_DEBUG_HTTP, &p->log, 0,
                   "smtp verify permit: \"%V\" has waited, rc:%i",
                   &t->destination, rc);

    if (rc == NGX_OK) {
        ngx_smtp_verify_slot_granted(p);

    } else if (rc != NGX_DONE) {
        ngx_smtp_verify_slot_refused(p, rc);
        return;
    }

    ngx_smtp_verify_route_connect(p);
}


/* see ngx_smtp_verify_ticket_short_pt */

static void
ngx_smtp_verify_slot_press(ngx_smtp_verify_ticket_t *t)
{
    ngx_smtp_verify_share_press(t->throttle, t->bulk);
}


static void
ngx_smtp_verify_slot_granted(ngx_smtp_verify_probe_t *p)
{
    ngx_smtp_verify_host_t  *host;

    p->slotted = 1;

    host = &p->hosts[p->imx];

    if (host->egress != p->egress) {
        host->egress = p->egress;
        host->failed = 0;
    }

    host->admitted = 1;
}


/* What was found before is the result. */

static void
ngx_smtp_verify_slot_refused(ngx_smtp_verify_probe_t *p, ngx_int_t rc)
{
    ngx_uint_t                   retry_after;
    ngx_smtp_verify_evidence_t  *ev;

    retry_after = p->permit ? p->permit->ticket.retry_after : 0;

    ngx_log_debug3(NGX_LOG_DEBUG_HTTP, &p->log, 0,
                   "smtp verify permit: \"%V\" refused, rc:%i, again in %ui s",
                   &p->mx.records[p->imx].host, rc, retry_after);

    if (rc == NGX_DECLINED && ngx_smtp_verify_egress_open(p) == NGX_OK) {
        ngx_smtp_verify_route_connect(p);
        return;
    }

    if (ngx_smtp_verify_is_accepted(p)
        && !ngx_smtp_verify_is_backup(p))
    {
        ngx_smtp_verify_probe_finish(p, SV_ACCEPTED_UNTESTED);
        return;
    }

    if (p->before) {
        ngx_smtp_verify_evidence_save(p, p->before);
    }

    if (rc == NGX_DECLINED) {
        ngx_smtp_verify_slot_open(p);
        return;
    }

    ev = &p->result.evidence;

    if (p->failure->code
        && sv_reason_info(p->failure->reason)->status == SV_UNKNOWN)
    {
        *ev = *p->failure;

    } else {
        ngx_memzero(ev, sizeof(ngx_smtp_verify_evidence_t));

        ev->stage = p->session ? p->session->stage : SV_STAGE_CONNECT;
        ev->mx_host = p->mx.records[p->imx].host;
        ev->provider = p->provider;
        ev->retry_after = retry_after;
        ev->reason = SV_THROTTLED;
    }

    ngx_smtp_verify_probe_finish(p, ev->reason);
}


/*
 * The breaker belongs to the current host or its address.  Another one may be
 * asked, unless the host blocks us: the other one would do so, too.
 */

static void
ngx_smtp_verify_slot_open(ngx_smtp_verify_probe_t *p)
{
    ngx_smtp_verify_ticket_t    *t;
    ngx_smtp_verify_evidence_t   ev;

    t = &p->permit->ticket;

    ngx_log_debug2(NGX_LOG_DEBUG_HTTP, &p->log, 0,
                   "smtp verify breaker of %V is open, for a block: %ui",
                   &p->mx.records[p->imx].host,
                   (ngx_uint_t) t->shunned);

    if (ngx_smtp_verify_is_accepted(p)) {
        ngx_smtp_verify_route_unproved(p);
        return;
    }

    ngx_memzero(&ev, sizeof(ngx_smtp_verify_evidence_t));

    ev.stage = SV_STAGE_CONNECT;
    ev.mx_host = p->mx.records[p->imx].host;
    ev.provider = p->provider;
    ev.retry_after = t->retry_after;
    ev.reason = SV_CIRCUIT_OPEN;

    ngx_smtp_verify_evidence_save(p, &ev);

    if (t->shunned) {
        ngx_smtp_verify_probe_fail(p);
        return;
    }

    if (t->one_address) {
        ngx_smtp_verify_route_next_address(p);
        return;
    }

    ngx_smtp_verify_route_next_host(p);
}


/* The session has the slot from now on.  A kept session has one already. */

void
ngx_smtp_verify_slot_attach(ngx_smtp_verify_probe_t *p,
    ngx_smtp_verify_session_t *s)
{
    ngx_smtp_verify_ticket_t  *t;

    if (!p->slotted) {
        return;
    }

    p->slotted = 0;
    t = &p->permit->ticket;

    if (s->release) {
        ngx_smtp_verify_throttle_release(t->throttle, t->slot);
        return;
    }

    s->release = ngx_smtp_verify_slot_release;
    s->pace = ngx_smtp_verify_slot_pace;
    s->throttle = t->throttle;
    s->limits = t->limits;
    s->slot = t->slot;
}


/* Asks for one more recipient in the session, together with the address or
   after it.  Returns the same as ngx_smtp_verify_throttle_more(). */

ngx_int_t
ngx_smtp_verify_slot_more(ngx_smtp_verify_probe_t *p, ngx_uint_t together)
{
    ngx_smtp_verify_limits_t   *limits;
    ngx_smtp_verify_session_t  *s;

    s = p->session;

    if (s->release == NULL) {
        return NGX_OK;
    }

    limits = s->limits;

    if (together && limits->rate && limits->burst == 0) {
        return NGX_DECLINED;
    }

    return ngx_smtp_verify_throttle_more(s->throttle, s->slot, limits,
                                         together,
                                         together
                                         ? 0 : ngx_smtp_verify_slot_left(p));
}


static ngx_msec_t
ngx_smtp_verify_slot_left(ngx_smtp_verify_probe_t *p)
{
    ngx_msec_int_t  left;

    left = (ngx_msec_int_t) (p->budget.timer.key - ngx_current_msec);

    return ngx_max(left, 0);
}


/* The session is about to send recipients.  Unless NGX_OK is returned, it
   waits, or the probe has ended. */

static ngx_int_t
ngx_smtp_verify_slot_pace(ngx_smtp_verify_session_t *s, ngx_uint_t n)
{
    ngx_int_t                 rc;
    ngx_msec_t                wait;
    ngx_event_t              *pause;
    ngx_smtp_verify_probe_t  *p;

    p = s->data;
    wait = ngx_smtp_verify_slot_left(p);

    rc = ngx_smtp_verify_throttle_send(s->throttle, s->slot, s->limits, n,
                                       &wait);
    if (rc == NGX_OK) {
        return NGX_OK;
    }

    /* the session may have been limited by another location */

    if (p->permit == NULL) {
        p->permit = ngx_pcalloc(p->pool, sizeof(ngx_smtp_verify_permit_t));
    }

    if (p->permit) {
        p->permit->ticket.retry_after = wait / 1000 + 1;
    }

    if (rc == NGX_BUSY || p->permit == NULL) {
        ngx_smtp_verify_slot_throttled(p);
        return NGX_DONE;
    }

    ngx_log_debug1(NGX_LOG_DEBUG_HTTP, &p->log, 0,
                   "smtp verify permit: recipients wait %M ms", wait);

    pause = &p->permit->pause;

    pause->handler = ngx_smtp_verify_slot_paused;
    pause->data = p;
    pause->log = &p->log;

    ngx_add_timer(pause, wait);

    return NGX_AGAIN;
}


static void
ngx_smtp_verify_slot_paused(ngx_event_t *ev)
{
    ngx_smtp_verify_probe_t  *p;

    p = ev->data;

    ngx_smtp_verify_session_resume(p->session);
}


/* The probe ends because of a limit of ours. */

void
ngx_smtp_verify_slot_throttled(ngx_smtp_verify_probe_t *p)
{
    ngx_smtp_verify_slot_refused(p, NGX_BUSY);
}


ngx_uint_t
ngx_smtp_verify_slot_is_held(ngx_smtp_verify_probe_t *p,
    ngx_smtp_verify_throttle_t *throttle)
{
    ngx_smtp_verify_session_t  *s;

    s = p->session;

    return (p->slotted && p->permit->ticket.throttle == throttle)
           || (s && s->release && s->throttle == throttle);
}


void
ngx_smtp_verify_slot_stop(ngx_smtp_verify_probe_t *p)
{
    if (p->kept) {
        ngx_smtp_verify_session_quit(p->kept);
        p->kept = NULL;
    }

    if (p->slotted) {
        p->slotted = 0;
        ngx_smtp_verify_throttle_release(p->permit->ticket.throttle,
                                         p->permit->ticket.slot);
        return;
    }

    if (p->permit && p->permit->ticket.waiting) {
        ngx_smtp_verify_throttle_leave(&p->permit->ticket);
    }
}


static void
ngx_smtp_verify_slot_release(ngx_smtp_verify_session_t *s)
{
    ngx_smtp_verify_throttle_release(s->throttle, s->slot);
}
