
#include "ngx_smtp_verify_throttle_sh.h"


/*
 * Both the destination and the remote address are counted, as many names may
 * lead to one address, and a canary is due if either needs one.  The domain
 * makes no difference, as it is us that the server counts.
 */

ngx_uint_t
ngx_smtp_verify_throttle_canary(ngx_smtp_verify_throttle_t *throttle,
    ngx_uint_t slot, sv_canary_seen_e seen, ngx_uint_t limit)
{
    uint64_t                           now;
    ngx_uint_t                         i, due;
    ngx_smtp_verify_slot_sh_t         *sh;
    ngx_smtp_verify_throttle_entry_t  *e;

    due = 0;
    now = sv_clock_msec();

    ngx_shmtx_lock(&throttle->shpool->mutex);

    sh = &throttle->slots[slot];

    for (i = 0; i < ngx_smtp_verify_ref_egress; i++) {

        e = ngx_smtp_verify_throttle_entry(throttle, sh, i);

        if (e != throttle->entries) {
            due |= sv_canary(&e->canary, seen, limit, now);
        }
    }

    ngx_shmtx_unlock(&throttle->shpool->mutex);

    return due;
}
