
/*
 * This machine among those that share limits: its name, and its workers.
 */

#include "ngx_smtp_verify_throttle_sh.h"


#define NGX_SMTP_VERIFY_MACHINE_NAME  4000      /* ms; a machine that died has
                                                   its name for 3 s */


ngx_uint_t
ngx_smtp_verify_portions_namesake(ngx_smtp_verify_throttle_t *throttle,
    ngx_smtp_verify_portion_ask_t *asks, ngx_uint_t n, ngx_uint_t follows)
{
    uint64_t                        now;
    ngx_uint_t                      renamed;
    ngx_smtp_verify_throttle_sh_t  *sh;

    ngx_smtp_verify_portions_lost(throttle, asks, n);

    sh = throttle->sh;
    now = sv_clock_msec();

    ngx_shmtx_lock(&throttle->shpool->mutex);

    renamed = 0;

    if (sh->namesake == 0) {
        sh->namesake = now;

    } else if (now - sh->namesake > NGX_SMTP_VERIFY_MACHINE_NAME
               && !sh->renamed)
    {
        sh->renamed = 1;
        renamed = 1;
    }

    if (follows && !sh->renamed) {
        sh->renamed = 1;
    }

    ngx_shmtx_unlock(&throttle->shpool->mutex);

    return renamed;
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
