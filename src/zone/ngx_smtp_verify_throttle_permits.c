
/*
 * Permits for refused recipients, see sv_permits.h, where several machines
 * share a budget.  Each machine also keeps to the budget by itself, as if it
 * were alone.  So it learns how large the budget is, and no machine can use up
 * all of it.
 *
 * An entry counts the recipients that were refused since it was made, and each
 * question to the store says how many these are.  The portion of the entry ends
 * when the store knows all of them.  If the store has lost its data, it is told
 * again.
 */

#include "ngx_smtp_verify_throttle_sh.h"


#define NGX_SMTP_VERIFY_PERMITS_ALONE   10000   /* ms; a store may have been
                                                   lost for a moment */
#define NGX_SMTP_VERIFY_PERMITS_RETELL  4096    /* entries under one lock */


static ngx_smtp_verify_throttle_portion_t *ngx_smtp_verify_permits_portion(
    ngx_smtp_verify_throttle_t *throttle, ngx_smtp_verify_throttle_entry_t *e);
static uint32_t ngx_smtp_verify_permits_budget(
    ngx_smtp_verify_throttle_portion_t *portion,
    ngx_smtp_verify_throttle_entry_t *e, uint64_t now);
static uint32_t ngx_smtp_verify_permits_waiting(
    ngx_smtp_verify_throttle_entry_t *e);
static void ngx_smtp_verify_permits_tell(ngx_smtp_verify_throttle_t *throttle,
    ngx_smtp_verify_throttle_entry_t *e, uint64_t now);
static ngx_uint_t ngx_smtp_verify_permits_count(
    ngx_smtp_verify_throttle_portion_t *portion,
    ngx_smtp_verify_throttle_entry_t *e, ngx_smtp_verify_portion_ask_t *ask,
    uint64_t now);


/* Returns NULL if this machine does not share the budget. */

static ngx_smtp_verify_throttle_portion_t *
ngx_smtp_verify_permits_portion(ngx_smtp_verify_throttle_t *throttle,
    ngx_smtp_verify_throttle_entry_t *e)
{
    return e->portion && e->common ? &throttle->portions[e->portion - 1]
                                   : NULL;
}


/* One party (see sv_budget.h) may have a larger or a smaller budget than the
   others.  The larger one is asked for. */

static uint32_t
ngx_smtp_verify_permits_budget(ngx_smtp_verify_throttle_portion_t *portion,
    ngx_smtp_verify_throttle_entry_t *e, uint64_t now)
{
    uint32_t          own, shared;
    sv_budget_conf_t  conf;

    conf = ngx_smtp_verify_throttle_share_budget(e, &portion->rejects, 0, now);

    own = sv_budget_level(&e->rejects, &conf, e->rejects.own_party);
    shared = sv_budget_level(&e->rejects, &conf, 0);

    return ngx_max(own, shared);
}


/* Returns how many may want a permit.  The entry of an address that has only a
   budget does not count who waits: then all its users may. */

static uint32_t
ngx_smtp_verify_permits_waiting(ngx_smtp_verify_throttle_entry_t *e)
{
    return (e->waiting || e->sessions) ? e->waiting + 1 : e->users;
}


/* Several hosts, each with a limit of its own, may have the same address.  The
   store is asked for the largest of their budgets.  Anybody can name this
   address as the mail server of his domain: if that domain has a small budget,
   the others must not lose permits by it.  Those who ask for the domain keep to
   the small budget by themselves. */

void
ngx_smtp_verify_throttle_permits_limit(
    ngx_smtp_verify_throttle_portion_t *portion,
    const sv_budget_conf_t *rejects)
{
    if (rejects->start <= portion->rejects.start
        && rejects->most <= portion->rejects.most)
    {
        return;
    }

    portion->rejects.start = ngx_max(portion->rejects.start, rejects->start);
    portion->rejects.most = ngx_max(portion->rejects.most, rejects->most);

    /* the larger budget may have permits left */

    portion->permits.full = 0;
}


ngx_uint_t
ngx_smtp_verify_throttle_permits_need(ngx_smtp_verify_throttle_t *throttle,
    ngx_smtp_verify_throttle_entry_t *e, uint64_t now)
{
    ngx_uint_t                           n;
    ngx_smtp_verify_throttle_portion_t  *portion;

    portion = ngx_smtp_verify_permits_portion(throttle, e);

    if (portion == NULL) {
        return e->common ? 0 : UINT32_MAX;
    }

    n = ngx_smtp_verify_throttle_permits_left(throttle, portion, now);

    if (e->due >= n && !ngx_smtp_verify_throttle_is_alone(throttle, now)) {
        ngx_smtp_verify_throttle_portion_soon(throttle, portion, now);
    }

    return n;
}


ngx_uint_t
ngx_smtp_verify_throttle_permits_left(ngx_smtp_verify_throttle_t *throttle,
    ngx_smtp_verify_throttle_portion_t *portion, uint64_t now)
{
    ngx_smtp_verify_throttle_sh_t     *sh;
    ngx_smtp_verify_throttle_entry_t  *e;

    sh = throttle->sh;
    e = &throttle->entries[portion->entry];

    if (ngx_smtp_verify_throttle_is_alone(throttle, now)) {
        return sv_permits_alone(&portion->permits,
                                ngx_smtp_verify_permits_budget(portion, e,
                                                               now),
                                sv_budget_used(&e->rejects, now),
                                sh->machines, sh->rank,
                                now - ngx_min(sh->heard, now));
    }

    return portion->permits.n;
}


/* A machine that has just been started, or has just lost the store, may soon
   have it. */

uint64_t
ngx_smtp_verify_throttle_permits_wait(ngx_smtp_verify_throttle_t *throttle,
    ngx_smtp_verify_throttle_entry_t *e, uint64_t now)
{
    uint64_t                             heard;
    ngx_smtp_verify_throttle_portion_t  *portion;

    portion = ngx_smtp_verify_permits_portion(throttle, e);

    if (portion == NULL) {
        return 0;
    }

    if (ngx_smtp_verify_throttle_is_alone(throttle, now)) {
        heard = throttle->sh->heard;

        return heard && now > heard + NGX_SMTP_VERIFY_PERMITS_ALONE
               ? NGX_SMTP_VERIFY_PERMITS_ALONE : 0;
    }

    return portion->permits.full > now ? portion->permits.full - now : 0;
}


void
ngx_smtp_verify_throttle_permits_use(ngx_smtp_verify_throttle_t *throttle,
    ngx_smtp_verify_throttle_entry_t *e)
{
    ngx_smtp_verify_throttle_portion_t  *portion;

    if (!e->common) {
        return;
    }

    e->refused++;

    portion = ngx_smtp_verify_permits_portion(throttle, e);

    if (portion) {
        sv_permits_use(&portion->permits);
    }
}


/* Fills in what the question says about permits.  Each recipient that is being
   asked holds one, even if the store has taken it back meanwhile.  Returns 0 if
   there is nothing to say. */

ngx_uint_t
ngx_smtp_verify_throttle_permits_ask(ngx_smtp_verify_throttle_t *throttle,
    ngx_smtp_verify_throttle_portion_t *portion,
    ngx_smtp_verify_portion_ask_t *ask, uint64_t now)
{
    ngx_uint_t                         busy;
    ngx_smtp_verify_throttle_entry_t  *e;

    e = &throttle->entries[portion->entry];

    if (!ngx_smtp_verify_permits_count(portion, e, ask, now)) {
        return 0;
    }

    busy = e->sessions || e->waiting || e->users || e->due;

    if (busy) {
        ask->permits_wanted = sv_permits_wanted(ask->budget, e->due,
                                            ngx_smtp_verify_permits_waiting(e),
                                            throttle->sh->machines);

        portion->permits.lent = 1;

    } else if (!ngx_smtp_verify_throttle_is_alone(throttle, now)) {
        portion->permits.n = 0;

    } else if (throttle->sh->portions > throttle->nportions / 2) {

        /* The portions are scarce.  What this one would tell is told when the
           store is back. */

        return 0;
    }

    ask->permits = ngx_max(portion->permits.n, e->due);

    return busy || portion->permits.lent || e->told != e->refused;
}


/* Fills in how many were refused.  Returns 0 if there is no limit. */

static ngx_uint_t
ngx_smtp_verify_permits_count(ngx_smtp_verify_throttle_portion_t *portion,
    ngx_smtp_verify_throttle_entry_t *e, ngx_smtp_verify_portion_ask_t *ask,
    uint64_t now)
{
    ask->budget = 0;
    ask->permits = 0;
    ask->permits_wanted = 0;
    ask->refused = e->refused;
    ask->used = sv_budget_used(&e->rejects, now);
    ask->party = e->rejects.big_party;
    ask->big = sv_budget_big(&e->rejects, now);
    ask->born = e->born;

    if (!e->common || portion->rejects.start == 0) {
        return 0;
    }

    ask->budget = ngx_smtp_verify_permits_budget(portion, e, now);

    return 1;
}


/* The last questions of a worker that exits.  The recipients that are being
   asked count as refused, as nobody will see the answers. */

ngx_uint_t
ngx_smtp_verify_portions_last(ngx_smtp_verify_throttle_t *throttle,
    ngx_smtp_verify_portion_ask_t *asks, ngx_uint_t most, ngx_uint_t *from)
{
    uint64_t                             now;
    ngx_uint_t                           n;
    ngx_smtp_verify_portion_ask_t       *ask;
    ngx_smtp_verify_throttle_entry_t    *e;
    ngx_smtp_verify_throttle_portion_t  *portion;

    n = 0;
    now = sv_clock_msec();

    ngx_shmtx_lock(&throttle->shpool->mutex);

    for ( /* void */ ; *from < throttle->nportions && n < most; (*from)++) {

        portion = &throttle->portions[*from];

        if (portion->entry == 0 || portion->permits.lent == 0) {
            continue;
        }

        e = &throttle->entries[portion->entry];

        ask = &asks[n];
        ngx_memzero(ask, sizeof(ngx_smtp_verify_portion_ask_t));

        if (!ngx_smtp_verify_permits_count(portion, e, ask, now)) {
            continue;
        }

        /* later than all questions before it, even in the same ms */

        ask->portion = (uint32_t) *from;
        ask->asked = ngx_max(now, portion->p.asked + 1);
        ngx_memcpy(ask->key, e->key, SV_SIPHASH_LEN);

        ask->permits = e->due;
        n++;
    }

    ngx_shmtx_unlock(&throttle->shpool->mutex);

    return n;
}


void
ngx_smtp_verify_throttle_permits_told(ngx_smtp_verify_throttle_t *throttle,
    ngx_smtp_verify_throttle_portion_t *portion,
    ngx_smtp_verify_portion_ask_t *ask, sv_permits_grant_t *grant,
    uint64_t now)
{
    ngx_smtp_verify_throttle_entry_t  *e;

    if (ask->budget == 0) {
        return;
    }

    e = &throttle->entries[portion->entry];

    sv_permits_grant(&portion->permits, grant, e->refused - ask->refused, now);

    if (ask->permits == 0 && ask->permits_wanted == 0) {
        portion->permits.lent = 0;
    }

    e->told = ask->refused;
    sv_budget_elsewhere(&e->rejects, grant->elsewhere, grant->party,
                        grant->there);
}


ngx_uint_t
ngx_smtp_verify_throttle_permits_short(
    ngx_smtp_verify_throttle_portion_t *portion,
    ngx_smtp_verify_throttle_entry_t *e, uint64_t now)
{
    return e->common && portion->rejects.start
           && (e->waiting || e->users > e->due)
           && e->due >= portion->permits.n
           && portion->permits.full <= now;
}


void
ngx_smtp_verify_throttle_permits_again(ngx_smtp_verify_throttle_t *throttle,
    uint64_t now)
{
    ngx_uint_t  i;

    throttle->sh->retell = 1;

    for (i = 0; i < throttle->nportions; i++) {
        throttle->portions[i].next = now;
        throttle->portions[i].permits.lent = 1;
    }

    throttle->behind->ask(throttle->behind);
}


/* Returns 1 if the portion was only made to tell a new store what was refused,
   and the store knows all of it. */

ngx_uint_t
ngx_smtp_verify_throttle_permits_known(
    ngx_smtp_verify_throttle_portion_t *portion,
    ngx_smtp_verify_throttle_entry_t *e)
{
    return portion->telling && portion->permits.lent == 0
           && e->told == e->refused && e->users == 0 && e->due == 0
           && e->sessions + e->waiting == 0;
}


/* Tells a new store what was refused.  It grants nothing in its first seconds:
   until then all machines have to tell it.  A quarter of the portions is left
   free for entries that ask for something. */

void
ngx_smtp_verify_portions_retell(ngx_smtp_verify_throttle_t *throttle)
{
    uint64_t                           now;
    ngx_uint_t                         n, last;
    ngx_smtp_verify_throttle_sh_t     *sh;
    ngx_smtp_verify_throttle_entry_t  *e;

    sh = throttle->sh;

    if (sh->retell == 0) {
        return;
    }

    now = sv_clock_msec();
    last = throttle->nsets * NGX_SMTP_VERIFY_THROTTLE_WAYS;

    ngx_shmtx_lock(&throttle->shpool->mutex);

    for (n = 0; sh->retell && n < NGX_SMTP_VERIFY_PERMITS_RETELL; n++) {

        e = &throttle->entries[ngx_min(sh->retell, last)];

        if (e->seen && e->common && e->portion == 0
            && (sv_budget_used(&e->rejects, now) || e->told != e->refused))
        {
            if (sh->portions >= throttle->nportions - throttle->nportions / 4) {
                break;
            }

            ngx_smtp_verify_permits_tell(throttle, e, now);
        }

        sh->retell = sh->retell < last ? sh->retell + 1 : 0;
    }

    ngx_shmtx_unlock(&throttle->shpool->mutex);
}


/* Gives the entry a portion to tell what was refused.  No probe says now what
   the limit is, so it is the one of the last probe. */

static void
ngx_smtp_verify_permits_tell(ngx_smtp_verify_throttle_t *throttle,
    ngx_smtp_verify_throttle_entry_t *e, uint64_t now)
{
    ngx_smtp_verify_throttle_portion_t  *portion;

    portion = ngx_smtp_verify_throttle_portion_of(throttle,
                                    (uint32_t) (e - throttle->entries), now);
    if (portion) {
        portion->rejects.start = (uint32_t) ngx_max(e->per_hour, 1);
        portion->permits.lent = 1;
        portion->telling = 1;
    }
}
