
/*
 * A kept session holds its slot.  While it is idle, the slot belongs to no
 * client: the last one does not use it, and another one may be next.  It is
 * closed as soon as anybody waits for the slot.  It is closed earlier if the
 * total is about to be reached, since whoever comes then would have to wait
 * until it is closed.
 */

#include "ngx_smtp_verify_throttle_sh.h"


static ngx_uint_t ngx_smtp_verify_throttle_over(
    ngx_smtp_verify_throttle_t *throttle, ngx_smtp_verify_slot_sh_t *slot,
    ngx_smtp_verify_limits_t *limits, ngx_uint_t bulk, uint64_t now);


ngx_int_t
ngx_smtp_verify_throttle_idle(ngx_smtp_verify_throttle_t *throttle,
    ngx_uint_t slot, ngx_smtp_verify_limits_t *limits)
{
    ngx_uint_t                     room;
    ngx_smtp_verify_slot_sh_t     *sh;
    ngx_smtp_verify_throttle_queue_t  *tq;

    sh = &throttle->slots[slot];

    ngx_shmtx_lock(&throttle->shpool->mutex);

    ngx_smtp_verify_throttle_state(throttle, sh, NGX_SMTP_VERIFY_SLOT_BOTH,
                                   NGX_SMTP_VERIFY_SLOT_IDLE);

    room = (limits->total == 0
            || throttle->sh->sessions <= sv_share(limits->total, 1) / 4 * 3);

    ngx_shmtx_unlock(&throttle->shpool->mutex);

    if (throttle->nqueues) {

        tq = ngx_smtp_verify_throttle_queue(throttle,
                                 sh->refs[ngx_smtp_verify_ref_destination]);

        if (tq) {
            ngx_queue_remove(&tq->queue);
            ngx_queue_insert_head(&throttle->queues, &tq->queue);
            ngx_post_event(&throttle->wake, &ngx_posted_events);
        }
    }

    return room ? NGX_OK : NGX_DECLINED;
}


void
ngx_smtp_verify_throttle_busy(ngx_smtp_verify_throttle_t *throttle,
    ngx_uint_t slot)
{
    ngx_shmtx_lock(&throttle->shpool->mutex);

    ngx_smtp_verify_throttle_state(throttle, &throttle->slots[slot],
                                   NGX_SMTP_VERIFY_SLOT_IDLE, 0);

    ngx_shmtx_unlock(&throttle->shpool->mutex);
}


/* Does not look at the queue: those in it wait for the rate, or for a session
   of their own. */

ngx_uint_t
ngx_smtp_verify_throttle_reuse(ngx_smtp_verify_throttle_t *throttle,
    ngx_uint_t slot, ngx_smtp_verify_limits_t *limits,
    ngx_smtp_verify_ticket_t *t)
{
    uint32_t                    trials;
    uint64_t                    now, wait;
    ngx_uint_t                  allowed, retry_after;
    ngx_smtp_verify_slot_sh_t  *sh;

    now = sv_clock_msec();

    ngx_shmtx_lock(&throttle->shpool->mutex);

    sh = &throttle->slots[slot];
    sh->party = ngx_smtp_verify_throttle_domain_party(throttle, &t->domain);

    allowed = ngx_smtp_verify_throttle_breakers(throttle, sh, limits, NULL,
                                                now,
                                                &trials, &retry_after)
              == NGX_OK
              && trials == 0
              && !ngx_smtp_verify_throttle_domain_shut(throttle, sh, limits,
                                                       &t->domain)
              && !ngx_smtp_verify_throttle_rejects(throttle, sh, limits,
                                                   &wait, now)
              && ngx_smtp_verify_throttle_rate(throttle, sh, limits) == 0
              && !ngx_smtp_verify_throttle_over(throttle, sh, limits, t->bulk,
                                                now)
              && ngx_smtp_verify_throttle_client_take(t, sh, now) == NGX_OK;

    if (allowed) {
        ngx_smtp_verify_throttle_spend(throttle, sh, limits);
        throttle->sh->counts.reused++;
    }

    ngx_shmtx_unlock(&throttle->shpool->mutex);

    return allowed;
}


/* Returns 1 if the machine has more sessions than its portion of those that
   machines share. */

static ngx_uint_t
ngx_smtp_verify_throttle_over(ngx_smtp_verify_throttle_t *throttle,
    ngx_smtp_verify_slot_sh_t *slot, ngx_smtp_verify_limits_t *limits,
    ngx_uint_t bulk, uint64_t now)
{
    ngx_uint_t                         i, n;
    ngx_smtp_verify_throttle_entry_t  *e;

    for (i = 0; i < ngx_smtp_verify_ref_egress; i++) {

        e = ngx_smtp_verify_throttle_entry(throttle, slot, i);
        n = (i == ngx_smtp_verify_ref_ip) ? limits->ip_conns : limits->conns;

        if (n && e->portion
            && e->sessions > ngx_smtp_verify_throttle_portion_conns(throttle,
                                                          e, n, bulk, now))
        {
            return 1;
        }
    }

    return 0;
}


/*
 * Returns 1 if somebody waits only because of slots that are not used.  This is
 * called for each idle slot 40 times a second, and its answer may change a
 * moment later, so it reads without the lock.  A wrong answer costs an idle
 * session, or a moment.
 */

ngx_uint_t
ngx_smtp_verify_throttle_wanted(ngx_smtp_verify_throttle_t *throttle,
    ngx_uint_t slot, ngx_smtp_verify_limits_t *limits)
{
    ngx_uint_t                         i, n;
    ngx_smtp_verify_slot_sh_t         *sh;
    ngx_smtp_verify_throttle_entry_t  *e;

    if (throttle->sh->waiting == 0 && throttle->sh->portions == 0) {
        return 0;
    }

    sh = &throttle->slots[slot];

    for (i = 0; i < ngx_smtp_verify_ref_egress; i++) {

        e = ngx_smtp_verify_throttle_entry(throttle, sh, i);
        n = (i == ngx_smtp_verify_ref_ip) ? limits->ip_conns : limits->conns;

        if (n == 0) {
            continue;
        }

        if (e->portion
            && e->sessions > ngx_smtp_verify_throttle_portion_conns(throttle,
                                                e, n, 0, sv_clock_msec()))
        {
            return 1;
        }

        if (e->waiting
            && e->sessions >= ngx_smtp_verify_throttle_conns(throttle, e, n,
                                                e->waiting == e->bulk,
                                                sv_clock_msec())
            && ngx_smtp_verify_throttle_rate(throttle, sh, limits) == 0)
        {
            return 1;
        }
    }

    return 0;
}


/* Read without the lock, as _wanted(). */

ngx_uint_t
ngx_smtp_verify_throttle_shortage(ngx_smtp_verify_throttle_t *throttle)
{
    return throttle->sh->shortage;
}
