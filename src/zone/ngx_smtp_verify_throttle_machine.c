
/*
 * This machine among those that share limits: its name, and its workers.
 */

#include "ngx_smtp_verify_throttle_sh.h"


#define NGX_SMTP_VERIFY_MACHINE_NAME  4000      /* ms; a machine that died has
                                                   its name for 3 s */
#define NGX_SMTP_VERIFY_MACHINE_START  5000     /* ms, in which the binary that
                                                   it follows is there */


ngx_smtp_verify_portions_name_e
ngx_smtp_verify_portions_namesake(ngx_smtp_verify_throttle_t *throttle,
    ngx_smtp_verify_portion_ask_t *asks, ngx_uint_t n, ngx_uint_t inherited)
{
    uint64_t                          now;
    ngx_smtp_verify_throttle_sh_t    *sh;
    ngx_smtp_verify_portions_name_e   name;

    ngx_smtp_verify_portions_lost(throttle, asks, n);

    sh = throttle->sh;
    now = sv_clock_msec();
    name = ngx_smtp_verify_portions_name_kept;

    ngx_shmtx_lock(&throttle->shpool->mutex);

    if (sh->namesake == 0) {
        sh->namesake = now;
    }

    if (sh->renamed) {
        goto done;
    }

    if (now - sh->namesake > NGX_SMTP_VERIFY_MACHINE_NAME) {
        name = ngx_smtp_verify_portions_name_other;

    } else if (inherited && now < sh->began + NGX_SMTP_VERIFY_MACHINE_START) {
        name = ngx_smtp_verify_portions_name_follows;
    }

    sh->renamed = (name != ngx_smtp_verify_portions_name_kept);

done:

    ngx_shmtx_unlock(&throttle->shpool->mutex);

    return name;
}


/* A process that has the place of one that was killed follows it. */

void
ngx_smtp_verify_portions_enter(ngx_smtp_verify_throttle_t *throttle)
{
    uint32_t  self;

    self = ngx_smtp_verify_zone_owner();

    ngx_shmtx_lock(&throttle->shpool->mutex);

    throttle->workers[sv_owner_place(self)] = self;

    ngx_shmtx_unlock(&throttle->shpool->mutex);
}


ngx_uint_t
ngx_smtp_verify_portions_leave(ngx_smtp_verify_throttle_t *throttle)
{
    uint32_t    self;
    ngx_uint_t  i, last;

    last = 1;
    self = ngx_smtp_verify_zone_owner();

    ngx_shmtx_lock(&throttle->shpool->mutex);

    throttle->workers[sv_owner_place(self)] = 0;

    for (i = 0; i < SV_OWNER_PLACES; i++) {

        if (throttle->workers[i]
            && sv_owner_is_alive(throttle->workers[i], self))
        {
            last = 0;
            break;
        }
    }

    ngx_shmtx_unlock(&throttle->shpool->mutex);

    return last;
}


ngx_uint_t
ngx_smtp_verify_portions_renamed(ngx_smtp_verify_throttle_t *throttle)
{
    return throttle->sh->renamed;
}


ngx_uint_t
ngx_smtp_verify_portions_machines(ngx_smtp_verify_throttle_t *throttle)
{
    return throttle->sh->machines;
}
