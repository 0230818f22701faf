
/*
 * Budgets of refused recipients, see sv_budget.h: one of the host and one of
 * the remote address, as many names may lead to one address.  A recipient that
 * is being asked may be refused, too, so one that might exceed the budget waits
 * until the others are answered.
 */

#include "ngx_smtp_verify_throttle_sh.h"


#define NGX_SMTP_VERIFY_THROTTLE_BUDGETS  2


static ngx_smtp_verify_throttle_entry_t *ngx_smtp_verify_throttle_budget(
    ngx_smtp_verify_throttle_t *throttle, ngx_smtp_verify_slot_sh_t *slot,
    ngx_smtp_verify_limits_t *limits, ngx_uint_t i);


/* Returns the i-th of the two; NULL if it has no limit. */

static ngx_smtp_verify_throttle_entry_t *
ngx_smtp_verify_throttle_budget(ngx_smtp_verify_throttle_t *throttle,
    ngx_smtp_verify_slot_sh_t *slot, ngx_smtp_verify_limits_t *limits,
    ngx_uint_t i)
{
    ngx_smtp_verify_throttle_entry_t  *e;

    e = ngx_smtp_verify_throttle_entry(throttle, slot,
                                       i == 0 ? ngx_smtp_verify_ref_budget
                                              : ngx_smtp_verify_ref_ip);

    return (e == throttle->entries || limits->rejects.start == 0) ? NULL : e;
}


ngx_uint_t
ngx_smtp_verify_throttle_rejects(ngx_smtp_verify_throttle_t *throttle,
    ngx_smtp_verify_slot_sh_t *slot, ngx_smtp_verify_limits_t *limits,
    uint64_t *wait, uint64_t now)
{
    uint64_t                           w;
    ngx_uint_t                         i, due, room, left;
    sv_budget_conf_t                   conf;
    ngx_smtp_verify_throttle_entry_t  *e;

    due = 0;
    *wait = 0;

    for (i = 0; i < NGX_SMTP_VERIFY_THROTTLE_BUDGETS; i++) {

        e = ngx_smtp_verify_throttle_budget(throttle, slot, limits, i);

        if (e == NULL) {
            continue;
        }

        conf = ngx_smtp_verify_throttle_share_budget(e, &limits->rejects,
                                                     slot->party, now);

        room = sv_budget_room(&e->rejects, &conf, slot->party, now);
        due |= (e->due >= room);

        w = room ? 0 : sv_budget_wait(&e->rejects, &conf, slot->party, now);
        *wait = ngx_max(*wait, w);

        if (e->common) {
            left = ngx_smtp_verify_throttle_permits_need(throttle, e, now);
            due |= (e->due >= left);

            w = left ? 0 : ngx_smtp_verify_throttle_permits_wait(throttle, e,
                                                                 now);
            *wait = ngx_max(*wait, w);
        }
    }

    return due;
}


void
ngx_smtp_verify_throttle_rejected(ngx_smtp_verify_throttle_t *throttle,
    ngx_smtp_verify_slot_sh_t *slot, ngx_smtp_verify_limits_t *limits,
    uint64_t now)
{
    ngx_uint_t                         i;
    ngx_smtp_verify_throttle_entry_t  *e;

    throttle->sh->counts.rejects++;

    for (i = 0; i < NGX_SMTP_VERIFY_THROTTLE_BUDGETS; i++) {

        e = ngx_smtp_verify_throttle_budget(throttle, slot, limits, i);

        if (e == NULL) {
            continue;
        }

        if (e->common) {
            ngx_smtp_verify_throttle_permits_use(throttle, e);
        }

        if (sv_budget_refused(&e->rejects, &limits->rejects, slot->party,
                              now))
        {
            throttle->sh->counts.rises++;
        }
    }
}


void
ngx_smtp_verify_throttle_complained(ngx_smtp_verify_throttle_t *throttle,
    ngx_smtp_verify_slot_sh_t *slot, ngx_smtp_verify_limits_t *limits,
    ngx_str_t *domain, uint64_t now)
{
    uint32_t                           until;
    ngx_uint_t                         i;
    ngx_smtp_verify_throttle_entry_t  *e;

    for (i = 0; i < NGX_SMTP_VERIFY_THROTTLE_BUDGETS; i++) {

        e = ngx_smtp_verify_throttle_budget(throttle, slot, limits, i);

        if (e == NULL) {
            continue;
        }

        until = e->rejects.shared.until;

        if (sv_budget_complaint(&e->rejects, &limits->rejects,
                                domain ? slot->party : 0, now))
        {
            throttle->sh->counts.falls++;

            /* has the level of all fallen, or of one party alone? */

            ngx_smtp_verify_throttle_share_fallen(throttle, e, limits,
                                          e->rejects.shared.until != until
                                          ? 0 : slot->party, now);
        }
    }
}
