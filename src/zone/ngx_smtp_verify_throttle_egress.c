
#include "ngx_smtp_verify_throttle_sh.h"


#define NGX_SMTP_VERIFY_THROTTLE_TRIALS  4      /* of one egress at the same
                                                   time */


static ngx_smtp_verify_throttle_entry_t *ngx_smtp_verify_throttle_peek(
    ngx_smtp_verify_throttle_t *throttle, u_char *key);
static uint64_t ngx_smtp_verify_throttle_asker(ngx_smtp_verify_ticket_t *t);
static ngx_uint_t ngx_smtp_verify_throttle_is_new(
    ngx_smtp_verify_ticket_t *t, ngx_smtp_verify_throttle_entry_t *egress);
static uint64_t ngx_smtp_verify_throttle_probe_rate(
    ngx_smtp_verify_ticket_t *t);
static uint64_t ngx_smtp_verify_throttle_closed(
    ngx_smtp_verify_throttle_entry_t *e, uint64_t now);


/* Takes no slot, and leaves nothing behind in the zone. */

ngx_msec_t
ngx_smtp_verify_throttle_shut(ngx_smtp_verify_ticket_t *t)
{
    uint32_t                           i;
    uint64_t                           now, left, closed;
    ngx_smtp_verify_throttle_t        *throttle;
    ngx_smtp_verify_throttle_entry_t  *e, *egress;
    u_char                             keys[NGX_SMTP_VERIFY_SLOT_REFS]
                                           [SV_SIPHASH_LEN];

    if (t->limits->breaker.pause == 0) {
        return 0;
    }

    throttle = t->throttle;
    now = sv_clock_msec();

    ngx_smtp_verify_throttle_keys(t, keys);

    ngx_shmtx_lock(&throttle->shpool->mutex);

    egress = ngx_smtp_verify_throttle_peek(throttle,
                                           keys[ngx_smtp_verify_ref_egress]);
    e = ngx_smtp_verify_throttle_peek(throttle,
                                      keys[ngx_smtp_verify_ref_destination]);

    /* an egress that is suspended but may be tried now counts as usable */

    left = egress && ngx_smtp_verify_throttle_resumes(egress, e, now)
           ? 0 : ngx_smtp_verify_throttle_closed(egress, now);

    /* faults in a window in which the egress was to blame are void */

    if (egress == NULL || e == NULL || e->window == 0
        || e->window != egress->voided)
    {
        closed = ngx_smtp_verify_throttle_closed(e, now);
        left = ngx_max(left, closed);
    }

    if (egress && egress->paused > now) {
        left = ngx_max(left, egress->paused - now);
    }

    closed = ngx_smtp_verify_throttle_closed(
                 ngx_smtp_verify_throttle_peek(throttle,
                                               keys[ngx_smtp_verify_ref_ip]),
                 now);
    left = ngx_max(left, closed);

    i = ngx_smtp_verify_throttle_domain(throttle,
                                        keys[ngx_smtp_verify_ref_destination],
                                        &t->domain);
    if (i) {
        closed = ngx_smtp_verify_throttle_closed(&throttle->entries[i], now);
        left = ngx_max(left, closed);
    }

    ngx_shmtx_unlock(&throttle->shpool->mutex);

    return (ngx_msec_t) left;
}


/* Returns NULL if nothing is known of it. */

static ngx_smtp_verify_throttle_entry_t *
ngx_smtp_verify_throttle_peek(ngx_smtp_verify_throttle_t *throttle,
    u_char *key)
{
    uint32_t  i;

    i = ngx_smtp_verify_throttle_known(throttle, key);

    return i ? &throttle->entries[i] : NULL;
}


/*
 * A client with domains that cannot be reached must not use up all trials, nor
 * keep others from one.  So a destination that was reached last time need not
 * wait for a trial, and does not count among those at the end of a pause.
 */

ngx_uint_t
ngx_smtp_verify_throttle_resumes(ngx_smtp_verify_throttle_entry_t *egress,
    ngx_smtp_verify_throttle_entry_t *e, uint64_t now)
{
    if (egress->silent && e && e->worked) {
        return egress->trials < 2 * NGX_SMTP_VERIFY_THROTTLE_TRIALS;
    }

    return sv_breaker_state(&egress->breaker, now) == SV_BREAKER_HALF_OPEN
           && egress->trials < (egress->silent
                                ? NGX_SMTP_VERIFY_THROTTLE_TRIALS : 1);
}


/*
 * Destinations that have not failed themselves need not wait either: a few may
 * be tried at first, and then one from time to time.  If one of them is
 * reached, the egress works; those that fail are not tried again.
 */

ngx_uint_t
ngx_smtp_verify_throttle_probes(ngx_smtp_verify_ticket_t *t,
    ngx_smtp_verify_throttle_entry_t *egress,
    ngx_smtp_verify_throttle_entry_t *ip)
{
    if (!egress->silent
        || egress->trials >= 3 * NGX_SMTP_VERIFY_THROTTLE_TRIALS
        || ip->counted == egress->window)
    {
        return 0;
    }

    /* nobody but the provider decides whether its hosts can be reached */

    if (t->provider) {
        return 1;
    }

    t->probing = ngx_smtp_verify_throttle_is_new(t, egress);

    return t->probing;
}


/*
 * One of these tries is always left to another client than the one that had the
 * last try: a client that asks for new domains faster than tries become
 * available must not use all of them.
 */

static ngx_uint_t
ngx_smtp_verify_throttle_is_new(ngx_smtp_verify_ticket_t *t,
    ngx_smtp_verify_throttle_entry_t *egress)
{
    ngx_uint_t                         again;
    u_char                             key[SV_SIPHASH_LEN];
    ngx_smtp_verify_throttle_entry_t  *party;

    again = (egress->counted == ngx_smtp_verify_throttle_asker(t));

    if (sv_bucket_wait(&egress->sent, ngx_smtp_verify_throttle_probe_rate(t),
                       NGX_SMTP_VERIFY_THROTTLE_TRIALS, again ? 2 : 1,
                       sv_clock_usec()))
    {
        return 0;
    }

    ngx_smtp_verify_throttle_party_key(t->throttle, egress->key, &t->domain,
                                       key);

    party = ngx_smtp_verify_throttle_peek(t->throttle, key);

    return party == NULL || party->counted != egress->window;
}


/* Returns the rate of these tries: one in an eighth of a pause, but at most
   one in a second. */

static uint64_t
ngx_smtp_verify_throttle_probe_rate(ngx_smtp_verify_ticket_t *t)
{
    return sv_bucket_per_minute(ngx_max(ngx_min(60000 * 8
                                    / t->limits->breaker.pause, 60), 1));
}


/* Counts one of these tries. */

void
ngx_smtp_verify_throttle_probe(ngx_smtp_verify_ticket_t *t,
    ngx_smtp_verify_throttle_entry_t *egress)
{
    sv_bucket_add(&egress->sent, ngx_smtp_verify_throttle_probe_rate(t),
                  NGX_SMTP_VERIFY_THROTTLE_TRIALS, sv_clock_usec());

    egress->counted = ngx_smtp_verify_throttle_asker(t);
}


/* Returns a number for the client, never 0, which means nobody. */

static uint64_t
ngx_smtp_verify_throttle_asker(ngx_smtp_verify_ticket_t *t)
{
    uint64_t  asker;

    asker = 0;

    if (t->client) {
        ngx_memcpy(&asker, t->client->key, sizeof(uint64_t));
    }

    return asker ? asker : 1;
}


/* Returns the ms for which a breaker is closed to others.  Only one trial is
   made at a time. */

static uint64_t
ngx_smtp_verify_throttle_closed(ngx_smtp_verify_throttle_entry_t *e,
    uint64_t now)
{
    uint64_t            left;
    sv_breaker_state_e  state;

    if (e == NULL) {
        return 0;
    }

    state = sv_breaker_state(&e->breaker, now);

    if (state == SV_BREAKER_CLOSED
        || (state == SV_BREAKER_HALF_OPEN && e->trials == 0))
    {
        return 0;
    }

    left = sv_breaker_left(&e->breaker, now);

    return ngx_max(left, 1);
}
