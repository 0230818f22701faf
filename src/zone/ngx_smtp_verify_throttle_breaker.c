
#include "ngx_smtp_verify_throttle_sh.h"


#define NGX_SMTP_VERIFY_THROTTLE_WINDOW  60000  /* ms */
#define NGX_SMTP_VERIFY_THROTTLE_TRIAL   1000   /* ms, while a trial is made */
#define NGX_SMTP_VERIFY_THROTTLE_SILENT  10000  /* ms without a connection */
#define NGX_SMTP_VERIFY_THROTTLE_DAY     86400000


static ngx_int_t ngx_smtp_verify_throttle_lets_in(
    ngx_smtp_verify_throttle_t *throttle, ngx_smtp_verify_slot_sh_t *slot,
    ngx_smtp_verify_throttle_entry_t *e, ngx_smtp_verify_ticket_t *t,
    uint64_t now);
static ngx_uint_t ngx_smtp_verify_throttle_count_seen(
    ngx_smtp_verify_throttle_t *throttle, ngx_smtp_verify_slot_sh_t *slot,
    ngx_smtp_verify_limits_t *limits, ngx_smtp_verify_seen_e seen,
    ngx_str_t *domain, uint64_t now);
static void ngx_smtp_verify_throttle_answered(
    ngx_smtp_verify_throttle_t *throttle, ngx_smtp_verify_slot_sh_t *slot,
    ngx_str_t *domain, uint64_t now);
static void ngx_smtp_verify_throttle_fault(
    ngx_smtp_verify_throttle_t *throttle, ngx_smtp_verify_slot_sh_t *slot,
    ngx_smtp_verify_limits_t *limits, ngx_smtp_verify_seen_e seen,
    ngx_str_t *domain, uint64_t now);
static void ngx_smtp_verify_throttle_connected(
    ngx_smtp_verify_throttle_t *throttle, ngx_smtp_verify_slot_sh_t *slot,
    uint64_t now);
static ngx_uint_t ngx_smtp_verify_throttle_blames(
    ngx_smtp_verify_throttle_t *throttle, ngx_smtp_verify_slot_sh_t *slot,
    ngx_smtp_verify_seen_e seen, uint64_t now);
static ngx_uint_t ngx_smtp_verify_throttle_failed(
    ngx_smtp_verify_throttle_t *throttle, ngx_smtp_verify_slot_sh_t *slot,
    ngx_smtp_verify_limits_t *limits, uint64_t now);
static ngx_uint_t ngx_smtp_verify_throttle_unconnected(
    ngx_smtp_verify_throttle_t *throttle, ngx_smtp_verify_slot_sh_t *slot,
    ngx_smtp_verify_limits_t *limits, ngx_str_t *domain, uint64_t now);
static void ngx_smtp_verify_throttle_count_unconnected(
    ngx_smtp_verify_throttle_t *throttle, ngx_smtp_verify_slot_sh_t *slot,
    ngx_smtp_verify_throttle_entry_t *egress, ngx_str_t *domain,
    uint64_t now);


/* weights of faults, as part of SV_BREAKER_THRESHOLD */

static const unsigned  ngx_smtp_verify_throttle_weights[] = {
    0, 0, 0, 20, 20, 25, 34, 50, SV_BREAKER_THRESHOLD, 50, 0,
    SV_BREAKER_THRESHOLD
};


#if (NGX_DEBUG)

static const char  *ngx_smtp_verify_throttle_seen_names[] = {
    "a connection", "an answer", "a refused recipient", "no connection",
    "a timeout", "421", "a rate limit", "a block", "a block of one egress",
    "no egress", "no connection to one more address", "a canary accepted"
};

#endif


unsigned
ngx_smtp_verify_throttle_weight(ngx_smtp_verify_seen_e seen)
{
    return ngx_smtp_verify_throttle_weights[seen];
}


/*
 * A host is let in with all its addresses until one of them can be connected
 * to: trying the next address is part of the same trial.
 */

ngx_int_t
ngx_smtp_verify_throttle_breakers(ngx_smtp_verify_throttle_t *throttle,
    ngx_smtp_verify_slot_sh_t *slot, ngx_smtp_verify_limits_t *limits,
    ngx_smtp_verify_ticket_t *t, uint64_t now, uint32_t *trials,
    ngx_uint_t *retry_after)
{
    uint64_t                           left;
    ngx_int_t                          rc;
    ngx_uint_t                         i;
    ngx_smtp_verify_throttle_entry_t  *e, *ip, *egress, *host;

    *trials = 0;

    left = ngx_smtp_verify_throttle_paused(throttle, slot, now);

    if (left) {
        *retry_after = (left + 999) / 1000;
        return NGX_BUSY;
    }

    if (limits->breaker.pause == 0) {
        return NGX_OK;
    }

    egress = ngx_smtp_verify_throttle_entry(throttle, slot,
                                            ngx_smtp_verify_ref_egress);
    host = ngx_smtp_verify_throttle_entry(throttle, slot,
                                          ngx_smtp_verify_ref_destination);
    ip = ngx_smtp_verify_throttle_entry(throttle, slot,
                                        ngx_smtp_verify_ref_ip);

    for (i = 0; i < NGX_SMTP_VERIFY_SLOT_REFS; i++) {

        e = ngx_smtp_verify_throttle_entry(throttle, slot, i);

        if (e == throttle->entries || i == ngx_smtp_verify_ref_budget) {
            continue;
        }

        if (e != egress && e->window && e->window == egress->voided) {
            ngx_memzero(&e->breaker, sizeof(sv_breaker_t));
            e->window = 0;
            e->imposed = 0;
        }

        ngx_smtp_verify_throttle_share_bound(e, limits);

        if (sv_breaker_state(&e->breaker, now) == SV_BREAKER_CLOSED) {
            left = (e == host && t && !t->admitted && throttle->peers)
                   ? ngx_smtp_verify_throttle_share_left(throttle, e, limits,
                                                         now)
                   : 0;

            if (left) {
                *retry_after = (left + 999) / 1000;
                return NGX_DECLINED;
            }

            continue;
        }

        rc = ngx_smtp_verify_throttle_lets_in(throttle, slot, e, t, now);

        if (rc != NGX_OK) {
            *trials = (e == ip) ? NGX_SMTP_VERIFY_SLOT_ADDRESS : 0;

            left = ngx_max(sv_breaker_left(&e->breaker, now),
                           NGX_SMTP_VERIFY_THROTTLE_TRIAL);
            *retry_after = (left + 999) / 1000;
            return rc;
        }

        *trials |= (e == egress) ? NGX_SMTP_VERIFY_SLOT_RESUME
                   : (e == host) ? NGX_SMTP_VERIFY_SLOT_TRIAL
                   : (e == ip) ? NGX_SMTP_VERIFY_SLOT_ADDRESS
                               : NGX_SMTP_VERIFY_SLOT_RETRY;
    }

    return NGX_OK;
}


/* The breaker of the entry is not closed.  Is this ticket a trial?  Of machines
   that share the zone, one makes it. */

static ngx_int_t
ngx_smtp_verify_throttle_lets_in(ngx_smtp_verify_throttle_t *throttle,
    ngx_smtp_verify_slot_sh_t *slot, ngx_smtp_verify_throttle_entry_t *e,
    ngx_smtp_verify_ticket_t *t, uint64_t now)
{
    ngx_smtp_verify_throttle_entry_t  *ip, *egress, *host;

    if (t == NULL) {
        return NGX_DECLINED;
    }

    egress = ngx_smtp_verify_throttle_entry(throttle, slot,
                                            ngx_smtp_verify_ref_egress);
    host = ngx_smtp_verify_throttle_entry(throttle, slot,
                                          ngx_smtp_verify_ref_destination);
    ip = ngx_smtp_verify_throttle_entry(throttle, slot,
                                        ngx_smtp_verify_ref_ip);

    if (e == egress) {
        return ngx_smtp_verify_throttle_resumes(e, host, now)
               || ngx_smtp_verify_throttle_probes(t, e, ip)
               ? NGX_OK : NGX_DECLINED;
    }

    if (e != ip && t->admitted) {
        return NGX_OK;
    }

    if (sv_breaker_state(&e->breaker, now) == SV_BREAKER_OPEN || e->trials) {
        return NGX_DECLINED;
    }

    return ngx_smtp_verify_throttle_share_trial(throttle, e, now);
}


/* Counts a failure of the egress itself, for which no destination is to blame.
   Returns 1 if this has suspended the egress. */

static ngx_uint_t
ngx_smtp_verify_throttle_failed(ngx_smtp_verify_throttle_t *throttle,
    ngx_smtp_verify_slot_sh_t *slot, ngx_smtp_verify_limits_t *limits,
    uint64_t now)
{
    ngx_uint_t                         resume;
    ngx_smtp_verify_throttle_entry_t  *egress;

    egress = ngx_smtp_verify_throttle_entry(throttle, slot,
                                            ngx_smtp_verify_ref_egress);

    if (limits->breaker.pause == 0 || egress == throttle->entries) {
        return 0;
    }

    resume = slot->state & NGX_SMTP_VERIFY_SLOT_RESUME;

    if (!sv_breaker_fault(&egress->breaker, &limits->breaker, 0,
             ngx_smtp_verify_throttle_weights
                 [ngx_smtp_verify_seen_egress_failed],
             resume, now)
        || resume)
    {
        return 0;
    }

    /* a new window, so that earlier faults of destinations stay valid */

    egress->voided = ++egress->window;
    egress->start = 0;
    egress->failed = 0;
    egress->silent = 0;
    egress->why = ngx_smtp_verify_seen_egress_failed;

    throttle->sh->counts.suspended++;

    return 1;
}


void
ngx_smtp_verify_throttle_seen(ngx_smtp_verify_throttle_t *throttle,
    ngx_uint_t slot, ngx_smtp_verify_limits_t *limits,
    ngx_smtp_verify_seen_e seen, ngx_str_t *domain, ngx_log_t *log)
{
    ngx_uint_t                         changed;
#if (NGX_DEBUG)
    uint64_t                           before, after;
    ngx_smtp_verify_throttle_entry_t  *e;
#endif

    ngx_shmtx_lock(&throttle->shpool->mutex);

#if (NGX_DEBUG)
    e = ngx_smtp_verify_throttle_entry(throttle, &throttle->slots[slot],
                                       ngx_smtp_verify_ref_destination);
    before = e->breaker.until;
#endif

    changed = ngx_smtp_verify_throttle_count_seen(throttle,
                                                  &throttle->slots[slot],
                                                  limits, seen, domain,
                                                  sv_clock_msec());

#if (NGX_DEBUG)
    after = e->breaker.until;
#endif

    ngx_shmtx_unlock(&throttle->shpool->mutex);

    ngx_log_debug2(NGX_LOG_DEBUG_HTTP, log, 0,
                   "smtp verify breaker: seen %s, %s",
                   ngx_smtp_verify_throttle_seen_names[seen],
                   before == after ? "as it was"
                                   : after ? "opened" : "closed");

    if (!changed) {
        return;
    }

    switch (seen) {

    case ngx_smtp_verify_seen_connected:
        ngx_log_error(NGX_LOG_NOTICE, log, 0, "the egress is resumed");
        break;

    case ngx_smtp_verify_seen_egress_failed:
        ngx_log_error(NGX_LOG_WARN, log, 0,
                      "the egress does not work, it is suspended");
        break;

    default: /* ngx_smtp_verify_seen_connect_failed */
        ngx_log_error(NGX_LOG_WARN, log, 0,
                      "no connection to any of %ui destinations: is port 25 "
                      "blocked? the egress is suspended", limits->suspend);
    }
}


/* Must be called with the lock held.  Returns 1 if this has suspended or
   resumed the egress. */

static ngx_uint_t
ngx_smtp_verify_throttle_count_seen(ngx_smtp_verify_throttle_t *throttle,
    ngx_smtp_verify_slot_sh_t *slot, ngx_smtp_verify_limits_t *limits,
    ngx_smtp_verify_seen_e seen, ngx_str_t *domain, uint64_t now)
{
    ngx_uint_t                         changed;
    ngx_smtp_verify_throttle_entry_t  *egress;

    egress = ngx_smtp_verify_throttle_entry(throttle, slot,
                                            ngx_smtp_verify_ref_egress);
    changed = 0;

    switch (seen) {

    case ngx_smtp_verify_seen_reject:
        ngx_smtp_verify_throttle_rejected(throttle, slot, limits, now);
        return 0;

    case ngx_smtp_verify_seen_connected:
        ngx_smtp_verify_throttle_connected(throttle, slot, now);

        return !sv_breaker_is_calm(&egress->breaker)
               && sv_breaker_success(&egress->breaker,
                                     slot->state & NGX_SMTP_VERIFY_SLOT_RESUME,
                                     now);

    case ngx_smtp_verify_seen_answer:
        ngx_smtp_verify_throttle_answered(throttle, slot, domain, now);
        return 0;

    case ngx_smtp_verify_seen_egress_failed:
        return ngx_smtp_verify_throttle_failed(throttle, slot, limits, now);

    case ngx_smtp_verify_seen_connect_failed:
    case ngx_smtp_verify_seen_address_failed:
        if (limits->breaker.pause) {
            changed = ngx_smtp_verify_throttle_unconnected(throttle, slot,
                                                           limits, domain,
                                                           now);
        }

        /* a failure to connect is only the domain's fault if it names a host of
           a provider at an address where nobody listens */

        if (!(slot->state & NGX_SMTP_VERIFY_SLOT_MANY)
            || ngx_smtp_verify_throttle_entry(throttle, slot,
                                              ngx_smtp_verify_ref_ip)
               ->connected)
        {
            domain = NULL;
        }

        break;

    case ngx_smtp_verify_seen_closing:
    case ngx_smtp_verify_seen_rate_limit:
    case ngx_smtp_verify_seen_block:
    case ngx_smtp_verify_seen_quarantine:
    case ngx_smtp_verify_seen_turned:
        ngx_smtp_verify_throttle_complained(throttle, slot, limits, domain,
                                            now);
        break;

    default:
        break;
    }

    if (limits->breaker.pause
        && ngx_smtp_verify_throttle_blames(throttle, slot, seen, now))
    {
        ngx_smtp_verify_throttle_fault(throttle, slot, limits, seen, domain,
                                       now);
    }

    return changed;
}


/* The destination, its address and the domain are well. */

static void
ngx_smtp_verify_throttle_answered(ngx_smtp_verify_throttle_t *throttle,
    ngx_smtp_verify_slot_sh_t *slot, ngx_str_t *domain, uint64_t now)
{
    ngx_smtp_verify_throttle_entry_t  *e;

    e = ngx_smtp_verify_throttle_entry(throttle, slot,
                                       ngx_smtp_verify_ref_destination);

    ngx_smtp_verify_throttle_succeeded(throttle, e,
                                       slot->state
                                       & NGX_SMTP_VERIFY_SLOT_TRIAL, now);

    e = ngx_smtp_verify_throttle_entry(throttle, slot, ngx_smtp_verify_ref_ip);

    ngx_smtp_verify_throttle_succeeded(throttle, e,
                                       slot->state
                                       & NGX_SMTP_VERIFY_SLOT_ADDRESS, now);

    if (domain) {
        ngx_smtp_verify_throttle_domain_answer(throttle, slot, domain, now);
    }
}


/* Counts a fault of the address, and one of the domain if it is to blame;
   otherwise one of the destination. */

static void
ngx_smtp_verify_throttle_fault(ngx_smtp_verify_throttle_t *throttle,
    ngx_smtp_verify_slot_sh_t *slot, ngx_smtp_verify_limits_t *limits,
    ngx_smtp_verify_seen_e seen, ngx_str_t *domain, uint64_t now)
{
    ngx_smtp_verify_throttle_entry_t  *e;

    ngx_smtp_verify_throttle_address_fault(throttle, slot, limits, seen,
                                           domain, now);

    if (domain) {
        ngx_smtp_verify_throttle_domain_fault(throttle, slot, limits, seen,
                                              domain, now);
        return;
    }

    e = ngx_smtp_verify_throttle_entry(throttle, slot,
                                       ngx_smtp_verify_ref_destination);

    if (sv_breaker_fault(&e->breaker, &limits->breaker, 0,
                         ngx_smtp_verify_throttle_weights[seen],
                         slot->state & NGX_SMTP_VERIFY_SLOT_TRIAL, now))
    {
        ngx_smtp_verify_throttle_opened(throttle, e, seen, now);
    }
}


void
ngx_smtp_verify_throttle_opened(ngx_smtp_verify_throttle_t *throttle,
    ngx_smtp_verify_throttle_entry_t *e, ngx_smtp_verify_seen_e seen,
    uint64_t now)
{
    throttle->sh->counts.opened++;
    e->why = seen;

    e->shunned = (seen == ngx_smtp_verify_seen_block
                  || seen == ngx_smtp_verify_seen_quarantine);

    ngx_smtp_verify_throttle_share_tell(throttle, e, SV_TOLD_OPEN, seen, now);
}


void
ngx_smtp_verify_throttle_succeeded(ngx_smtp_verify_throttle_t *throttle,
    ngx_smtp_verify_throttle_entry_t *e, ngx_uint_t trial, uint64_t now)
{
    if (!sv_breaker_is_calm(&e->breaker)
        && sv_breaker_success(&e->breaker, trial, now))
    {
        ngx_smtp_verify_throttle_share_tell(throttle, e, SV_TOLD_CLOSED,
                                            ngx_smtp_verify_seen_answer, now);
    }
}


static void
ngx_smtp_verify_throttle_connected(ngx_smtp_verify_throttle_t *throttle,
    ngx_smtp_verify_slot_sh_t *slot, uint64_t now)
{
    ngx_uint_t                         i;
    ngx_smtp_verify_throttle_entry_t  *e;

    for (i = 0; i <= ngx_smtp_verify_ref_egress; i++) {

        e = ngx_smtp_verify_throttle_entry(throttle, slot, i);

        if (e != throttle->entries) {
            e->connected = now;
            e->worked = 1;
            e->failed = 0;
            e->start = 0;
        }
    }
}


/*
 * Returns 1 if the destination is to blame.  The owner of a domain chooses the
 * names of its MX hosts, and may use names of a provider at addresses where
 * nobody listens: that must not open the provider's breaker for others.
 */

static ngx_uint_t
ngx_smtp_verify_throttle_blames(ngx_smtp_verify_throttle_t *throttle,
    ngx_smtp_verify_slot_sh_t *slot, ngx_smtp_verify_seen_e seen,
    uint64_t now)
{
    ngx_smtp_verify_throttle_entry_t  *e, *ip, *egress;

    e = ngx_smtp_verify_throttle_entry(throttle, slot,
                                       ngx_smtp_verify_ref_destination);

    if (seen != ngx_smtp_verify_seen_connect_failed
        && seen != ngx_smtp_verify_seen_address_failed)
    {
        return 1;
    }

    ip = ngx_smtp_verify_throttle_entry(throttle, slot,
                                        ngx_smtp_verify_ref_ip);

    if (ip->connected == 0 && e->connected
        && now < e->connected + NGX_SMTP_VERIFY_THROTTLE_DAY)
    {
        return 0;
    }

    e->worked = 0;

    /* nor is a destination to blame while the egress is suspended */

    egress = ngx_smtp_verify_throttle_entry(throttle, slot,
                                            ngx_smtp_verify_ref_egress);

    return egress->breaker.until == 0;
}


/*
 * Counts a destination that cannot be connected to.  Returns 1 if this has
 * suspended the egress: too many destinations failed, and for a while no
 * connection succeeded, so the fault is on our side.  The faults of
 * destinations in this window are void.  The pause does not grow, because any
 * destination that is down would make it grow.
 */

static ngx_uint_t
ngx_smtp_verify_throttle_unconnected(ngx_smtp_verify_throttle_t *throttle,
    ngx_smtp_verify_slot_sh_t *slot, ngx_smtp_verify_limits_t *limits,
    ngx_str_t *domain, uint64_t now)
{
    ngx_smtp_verify_throttle_entry_t  *egress;

    egress = ngx_smtp_verify_throttle_entry(throttle, slot,
                                            ngx_smtp_verify_ref_egress);

    if (limits->suspend == 0 || egress == throttle->entries) {
        return 0;
    }

    ngx_smtp_verify_throttle_count_unconnected(throttle, slot, egress, domain,
                                               now);

    if (egress->breaker.until) {
        egress->breaker.pause = 0;

        (void) sv_breaker_fault(&egress->breaker, &limits->breaker, 0,
                                SV_BREAKER_THRESHOLD,
                                slot->state & NGX_SMTP_VERIFY_SLOT_RESUME,
                                now);
        return 0;
    }

    if (egress->failed < limits->suspend
        || now < egress->connected + NGX_SMTP_VERIFY_THROTTLE_SILENT)
    {
        return 0;
    }

    egress->voided = egress->window;
    egress->why = ngx_smtp_verify_seen_connect_failed;
    egress->start = 0;
    egress->failed = 0;
    egress->silent = 1;
    egress->breaker.pause = 0;
    ngx_memzero(&egress->sent, sizeof(sv_bucket_t));

    throttle->sh->counts.suspended++;

    return sv_breaker_fault(&egress->breaker, &limits->breaker, 0,
                            SV_BREAKER_THRESHOLD, 0, now);
}


/*
 * Several names of one address count once, and so do several addresses of a
 * destination, and all domains of a party: the owner of a domain can name any
 * number of hosts below it, at any address.
 */

static void
ngx_smtp_verify_throttle_count_unconnected(
    ngx_smtp_verify_throttle_t *throttle, ngx_smtp_verify_slot_sh_t *slot,
    ngx_smtp_verify_throttle_entry_t *egress, ngx_str_t *domain, uint64_t now)
{
    u_char                             key[SV_SIPHASH_LEN];
    ngx_uint_t                         i;
    ngx_smtp_verify_throttle_entry_t  *e[3];

    e[0] = ngx_smtp_verify_throttle_entry(throttle, slot,
                                          ngx_smtp_verify_ref_destination);
    e[1] = ngx_smtp_verify_throttle_entry(throttle, slot,
                                          ngx_smtp_verify_ref_ip);

    ngx_smtp_verify_throttle_party_key(throttle, egress->key, domain, key);
    i = ngx_smtp_verify_throttle_find(throttle, key, now);

    e[2] = &throttle->entries[i];

    /* the clock of another worker may be ahead; while the egress is suspended,
       the window stays the one in which it was suspended */

    if (egress->breaker.until == 0
        && (egress->start == 0
            || now > egress->start + NGX_SMTP_VERIFY_THROTTLE_WINDOW))
    {
        egress->window++;
        egress->start = now;
        egress->failed = 0;
    }

    for (i = 0; i < 3; i++) {
        if (e[i] != throttle->entries && e[i]->counted == egress->window) {
            break;
        }
    }

    if (i == 3) {
        egress->failed++;
    }

    for (i = 0; i < 3; i++) {
        e[i]->counted = egress->window;
    }

    if (egress->breaker.until == 0) {
        e[0]->window = egress->window;
    }
}
