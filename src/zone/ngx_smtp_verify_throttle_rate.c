
#include "ngx_smtp_verify_throttle_sh.h"


#define ngx_smtp_verify_throttle_msec(us)  (((us) + 999) / 1000)


static uint64_t ngx_smtp_verify_throttle_own_rate(
    ngx_smtp_verify_throttle_t *throttle, ngx_smtp_verify_throttle_entry_t *e,
    ngx_smtp_verify_limits_t *limits, ngx_uint_t *burst, uint64_t now);
static uint64_t ngx_smtp_verify_throttle_early(
    ngx_smtp_verify_throttle_t *throttle, ngx_smtp_verify_slot_sh_t *slot,
    ngx_smtp_verify_limits_t *limits, ngx_uint_t n, uint64_t now);
static void ngx_smtp_verify_throttle_sent(
    ngx_smtp_verify_throttle_t *throttle, ngx_smtp_verify_slot_sh_t *slot,
    ngx_smtp_verify_limits_t *limits, ngx_uint_t n, uint64_t now);
static void ngx_smtp_verify_throttle_delay(
    ngx_smtp_verify_throttle_t *throttle, ngx_smtp_verify_slot_sh_t *slot);


/*
 * Returns the wait for the destination or for the remote address, whichever is
 * longer.  It does not use nginx's clock, which stands still while a worker is
 * busy: several workers with late clocks would send too close together.
 */

uint64_t
ngx_smtp_verify_throttle_rate(ngx_smtp_verify_throttle_t *throttle,
    ngx_smtp_verify_slot_sh_t *slot, ngx_smtp_verify_limits_t *limits)
{
    uint64_t                           wait, w, now, rate;
    ngx_uint_t                         i, burst;
    ngx_smtp_verify_throttle_entry_t  *e;

    wait = 0;
    now = sv_clock_usec();

    for (i = 0; i < ngx_smtp_verify_ref_egress; i++) {

        e = ngx_smtp_verify_throttle_entry(throttle, slot, i);

        if (e == throttle->entries) {
            continue;
        }

        rate = ngx_smtp_verify_throttle_own_rate(throttle, e, limits, &burst,
                                                 now);

        w = sv_bucket_wait(&e->rate, rate, (unsigned) burst, 1, now);
        wait = ngx_max(wait, w);
    }

    return ngx_smtp_verify_throttle_msec(wait);
}


/* The rate and the burst that this machine may use. */

static uint64_t
ngx_smtp_verify_throttle_own_rate(ngx_smtp_verify_throttle_t *throttle,
    ngx_smtp_verify_throttle_entry_t *e, ngx_smtp_verify_limits_t *limits,
    ngx_uint_t *burst, uint64_t now)
{
    uint64_t  rate;

    rate = limits->rate;
    *burst = limits->burst;

    if (e->portion) {
        ngx_smtp_verify_throttle_portion_rate(throttle, &rate, burst,
                                              now / 1000);
    }

    return rate;
}


/* Each session may be one ahead of the rate. */

void
ngx_smtp_verify_throttle_spend(ngx_smtp_verify_throttle_t *throttle,
    ngx_smtp_verify_slot_sh_t *slot, ngx_smtp_verify_limits_t *limits)
{
    uint64_t                           now, rate;
    ngx_uint_t                         i, burst;
    ngx_smtp_verify_throttle_entry_t  *e;

    if (limits->rate == 0) {
        return;
    }

    now = sv_clock_usec();

    for (i = 0; i < ngx_smtp_verify_ref_egress; i++) {

        e = ngx_smtp_verify_throttle_entry(throttle, slot, i);

        if (e == throttle->entries) {
            continue;
        }

        rate = ngx_smtp_verify_throttle_own_rate(throttle, e, limits, &burst,
                                                 now);

        burst += ngx_max(limits->conns, limits->ip_conns);

        sv_bucket_add(&e->rate, rate, (unsigned) burst, now);
    }
}


/*
 * From its slot to its first recipient a session takes more or less time, so
 * recipients of several sessions that were let in at the right rate may still
 * be sent together.  Therefore recipients are counted again when they are sent,
 * and a session that is too early waits behind those that already wait.
 */

ngx_int_t
ngx_smtp_verify_throttle_send(ngx_smtp_verify_throttle_t *throttle,
    ngx_uint_t slot, ngx_smtp_verify_limits_t *limits, ngx_uint_t n,
    ngx_msec_t *wait)
{
    uint64_t                    now, w;
    ngx_int_t                   rc;
    ngx_smtp_verify_slot_sh_t  *sh;

    if (limits->rate == 0) {
        return NGX_OK;
    }

    ngx_shmtx_lock(&throttle->shpool->mutex);

    sh = &throttle->slots[slot];
    now = sv_clock_usec();

    w = ngx_smtp_verify_throttle_early(throttle, sh, limits, n, now);
    w = ngx_smtp_verify_throttle_msec(w);

    if (w == 0) {
        ngx_smtp_verify_throttle_sent(throttle, sh, limits, n, now);
        rc = NGX_OK;

    } else if (w > *wait) {
        throttle->sh->counts.throttled++;
        rc = NGX_BUSY;

    } else {
        ngx_smtp_verify_throttle_delay(throttle, sh);
        rc = NGX_AGAIN;
    }

    ngx_shmtx_unlock(&throttle->shpool->mutex);

    *wait = w;

    return rc;
}


/* Returns the wait in microseconds.  The time for a session that already waits
   takes those before it into account. */

static uint64_t
ngx_smtp_verify_throttle_early(ngx_smtp_verify_throttle_t *throttle,
    ngx_smtp_verify_slot_sh_t *slot, ngx_smtp_verify_limits_t *limits,
    ngx_uint_t n, uint64_t now)
{
    uint64_t                           wait, w, rate;
    ngx_uint_t                         i, ahead, burst;
    ngx_smtp_verify_throttle_entry_t  *e;

    wait = 0;

    for (i = 0; i < ngx_smtp_verify_ref_egress; i++) {

        e = ngx_smtp_verify_throttle_entry(throttle, slot, i);

        if (e == throttle->entries) {
            continue;
        }

        ahead = (slot->state & NGX_SMTP_VERIFY_SLOT_DELAYED) ? 0 : e->delayed;

        rate = ngx_smtp_verify_throttle_own_rate(throttle, e, limits, &burst,
                                                 now);

        w = sv_bucket_wait(&e->sent, rate, (unsigned) burst, ahead + n, now);
        wait = ngx_max(wait, w);

        if (e->portion) {
            w = ngx_smtp_verify_throttle_portion_wait(throttle, e, ahead + n,
                                                      now);
            wait = ngx_max(wait, w);
        }
    }

    return wait;
}


static void
ngx_smtp_verify_throttle_sent(ngx_smtp_verify_throttle_t *throttle,
    ngx_smtp_verify_slot_sh_t *slot, ngx_smtp_verify_limits_t *limits,
    ngx_uint_t n, uint64_t now)
{
    uint64_t                           rate;
    ngx_uint_t                         i, k, burst;
    ngx_smtp_verify_throttle_entry_t  *e;

    for (i = 0; i < ngx_smtp_verify_ref_egress; i++) {

        e = ngx_smtp_verify_throttle_entry(throttle, slot, i);

        rate = ngx_smtp_verify_throttle_own_rate(throttle, e, limits, &burst,
                                                 now);

        for (k = 0; k < n && e != throttle->entries; k++) {
            sv_bucket_add(&e->sent, rate, (unsigned) burst, now);
        }

        if (e->portion) {
            ngx_smtp_verify_throttle_portion_use(throttle, e, n);
        }
    }

    if (slot->state & NGX_SMTP_VERIFY_SLOT_DELAYED) {
        ngx_smtp_verify_throttle_state(throttle, slot,
                                       NGX_SMTP_VERIFY_SLOT_DELAYED, 0);
    }
}


static void
ngx_smtp_verify_throttle_delay(ngx_smtp_verify_throttle_t *throttle,
    ngx_smtp_verify_slot_sh_t *slot)
{
    if (slot->state & NGX_SMTP_VERIFY_SLOT_DELAYED) {
        return;
    }

    ngx_smtp_verify_throttle_state(throttle, slot,
                                   0, NGX_SMTP_VERIFY_SLOT_DELAYED);

    throttle->sh->counts.delayed++;
}
