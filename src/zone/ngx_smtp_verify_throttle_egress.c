
#include "ngx_smtp_verify_throttle_sh.h"


#define NGX_SMTP_VERIFY_THROTTLE_TRIALS  4      /* of an egress, at once */


static ngx_smtp_verify_throttle_entry_t *ngx_smtp_verify_throttle_peek(
    ngx_smtp_verify_throttle_t *throttle, u_char *key);
static uint64_t ngx_smtp_verify_throttle_asker(ngx_smtp_verify_ticket_t *t);
static ngx_uint_t ngx_smtp_verify_throttle_is_new(
    ngx_smtp_verify_ticket_t *t, ngx_smtp_verify_throttle_entry_t *egress);
static uint64_t ngx_smtp_verify_throttle_probe_rate(
    ngx_smtp_verify_ticket_t *t);
static uint64_t ngx_smtp_verify_throttle_closed(
    ngx_smtp_verify_throttle_entry_t *e, uint64_t now);


/* nothing is taken, and nothing is remembered of having been asked */

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

    /* another identity rather than one that is suspended and might be tried */

    left = egress && ngx_smtp_verify_throttle_resumes(egress, e, now)
           ? 0 : ngx_smtp_verify_throttle_closed(egress, now);

    /* faults of a window in which the egress was to blame are void */

    if (egress == NULL || e == NULL || e->window == 0
        || e->window != egress->voided)
    {
        closed = ngx_smtp_verify_throttle_closed(e, now);
        left = ngx_max(left, closed);
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


/* NULL: nothing is known of it */

static ngx_smtp_verify_throttle_entry_t *
ngx_smtp_verify_throttle_peek(ngx_smtp_verify_throttle_t *throttle,
    u_char *key)
{
    uint32_t  i;

    i = ngx_smtp_verify_throttle_known(throttle, key);

    return i ? &throttle->entries[i] : NULL;
}


/*
 * Whoever has domains that cannot be reached must neither have all trials nor
 * keep others from one: who was reached last time need not wait for a trial,
 * and is not in the way of who is tried at the end of a pause.
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
 * Nor need those wait who have not failed themselves: a few of them at first,
 * and one from time to time.  One of these that is reached proves that it was
 * not us, and those who do fail are not tried again.
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

    /* nobody else has a say in whether a provider can be reached */

    if (t->provider) {
        return 1;
    }

    t->probing = ngx_smtp_verify_throttle_is_new(t, egress);

    return t->probing;
}


/*
 * One of these tries is always left to other clients than the one that had
 * the last: whoever asks for new domains faster than tries come about must not
 * have them all.
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


/* their rate: an eighth of a pause apart, and a second at the least */

static uint64_t
ngx_smtp_verify_throttle_probe_rate(ngx_smtp_verify_ticket_t *t)
{
    return sv_bucket_per_minute(ngx_max(ngx_min(60000 * 8
                                    / t->limits->breaker.pause, 60), 1));
}


/* one of them goes */

void
ngx_smtp_verify_throttle_probe(ngx_smtp_verify_ticket_t *t,
    ngx_smtp_verify_throttle_entry_t *egress)
{
    sv_bucket_add(&egress->sent, ngx_smtp_verify_throttle_probe_rate(t),
                  NGX_SMTP_VERIFY_THROTTLE_TRIALS, sv_clock_usec());

    egress->counted = ngx_smtp_verify_throttle_asker(t);
}


/* never 0, which is nobody */

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


/* one trial at a time: while one is made it is closed to others */

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
