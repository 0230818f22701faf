
#include "ngx_smtp_verify_throttle_sh.h"


uint64_t
ngx_smtp_verify_throttle_rejects(ngx_smtp_verify_throttle_t *throttle,
    ngx_smtp_verify_slot_sh_t *slot, ngx_smtp_verify_limits_t *limits,
    uint64_t now)
{
    ngx_smtp_verify_throttle_entry_t  *e;

    e = ngx_smtp_verify_throttle_entry(throttle, slot,
                                       ngx_smtp_verify_ref_destination);

    if (limits->rejects == 0 || e == throttle->entries) {
        return 0;
    }

    return sv_bucket_wait(&e->rejects, sv_bucket_per_hour(limits->rejects),
                          limits->rejects - 1, now);
}


/* of the destination and of the remote address, what leaves less */

uint64_t
ngx_smtp_verify_throttle_rate(ngx_smtp_verify_throttle_t *throttle,
    ngx_smtp_verify_slot_sh_t *slot, ngx_smtp_verify_limits_t *limits,
    uint64_t now)
{
    uint64_t                           wait, w;
    ngx_uint_t                         i;
    ngx_smtp_verify_throttle_entry_t  *e;

    wait = 0;

    for (i = 0; i < ngx_smtp_verify_ref_egress; i++) {

        e = ngx_smtp_verify_throttle_entry(throttle, slot, i);

        if (e != throttle->entries) {
            w = sv_bucket_wait(&e->rate, limits->rate, limits->burst, now);
            wait = ngx_max(wait, w);
        }
    }

    return wait;
}


/* each session may be ahead of its time by one */

void
ngx_smtp_verify_throttle_spend(ngx_smtp_verify_throttle_t *throttle,
    ngx_smtp_verify_slot_sh_t *slot, ngx_smtp_verify_limits_t *limits,
    uint64_t now)
{
    ngx_uint_t                         i;
    ngx_smtp_verify_throttle_entry_t  *e;

    if (limits->rate == 0) {
        return;
    }

    for (i = 0; i < ngx_smtp_verify_ref_egress; i++) {

        e = ngx_smtp_verify_throttle_entry(throttle, slot, i);

        if (e != throttle->entries) {
            sv_bucket_add(&e->rate, limits->rate,
                          limits->burst + ngx_max(limits->conns,
                                                  limits->ip_conns),
                          now);
        }
    }
}
