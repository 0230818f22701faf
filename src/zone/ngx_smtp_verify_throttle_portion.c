
#include "ngx_smtp_verify_throttle_sh.h"


#define NGX_SMTP_VERIFY_PORTION_SHORT  20       /* ms, between two questions of
                                                   those who wait ... */
#define NGX_SMTP_VERIFY_PORTION_BUSY   250      /* ... of those who have
                                                   enough ... */
#define NGX_SMTP_VERIFY_PORTION_IDLE   1000     /* ... of those who need nothing
                                                   now, and without a reply */
#define NGX_SMTP_VERIFY_PORTION_AHEAD  350      /* ms: for so long a machine
                                                   may hold its tokens */
#define NGX_SMTP_VERIFY_PORTION_HOUR   3600000  /* ms */
#define NGX_SMTP_VERIFY_PORTION_RETELL 1000     /* ms at least until a store is
                                                   told everything again */


static uint32_t ngx_smtp_verify_throttle_portion_new(
    ngx_smtp_verify_throttle_t *throttle);
static void ngx_smtp_verify_throttle_portion_free(
    ngx_smtp_verify_throttle_t *throttle,
    ngx_smtp_verify_throttle_portion_t *portion);
static ngx_uint_t ngx_smtp_verify_portions_need(
    ngx_smtp_verify_throttle_t *throttle,
    ngx_smtp_verify_throttle_portion_t *portion,
    ngx_smtp_verify_portion_ask_t *ask, uint64_t now);
static void ngx_smtp_verify_portions_tokens(
    ngx_smtp_verify_throttle_portion_t *portion,
    ngx_smtp_verify_throttle_entry_t *e, ngx_smtp_verify_portion_ask_t *ask,
    uint64_t now);
static void ngx_smtp_verify_portions_heard(
    ngx_smtp_verify_throttle_t *throttle, sv_portion_fleet_t *fleet,
    uint64_t sent);
static ngx_uint_t ngx_smtp_verify_portions_is_short(
    ngx_smtp_verify_throttle_portion_t *portion,
    ngx_smtp_verify_throttle_entry_t *e, uint64_t now);


ngx_uint_t
ngx_smtp_verify_portions_active(ngx_smtp_verify_throttle_t *throttle)
{
    return throttle->sh->portions || throttle->sh->retell;
}


/* Must be called with the lock held, as all of the following functions whose
   names begin with ngx_smtp_verify_throttle_.  Gives the entry a portion.
   Returns NGX_BUSY if there is no room for one. */

ngx_int_t
ngx_smtp_verify_throttle_portion(ngx_smtp_verify_ticket_t *t,
    uint32_t entry, ngx_smtp_verify_ref_e ref, uint64_t now)
{
    ngx_smtp_verify_throttle_portion_t  *portion;

    portion = ngx_smtp_verify_throttle_portion_of(t->throttle, entry, now);

    if (portion == NULL) {
        return NGX_BUSY;
    }

    /* A budget is part of the entry of its destination, or has an entry of its
       own.  An entry of its own has neither sessions nor a rate. */

    if (ref != ngx_smtp_verify_ref_budget) {
        portion->conns = (uint32_t) (ref == ngx_smtp_verify_ref_ip
                                     ? t->limits->ip_conns : t->limits->conns);
        portion->rate = t->limits->rate;
        portion->burst = (uint32_t) t->limits->burst;
    }

    if (ref != ngx_smtp_verify_ref_destination) {

        /* until now it was the limit of an earlier probe */

        if (portion->telling) {
            portion->telling = 0;
            ngx_memzero(&portion->rejects, sizeof(sv_budget_conf_t));
        }

        ngx_smtp_verify_throttle_permits_limit(portion, &t->limits->rejects);
        t->throttle->entries[entry].common = 1;
    }

    return NGX_OK;
}


ngx_smtp_verify_throttle_portion_t *
ngx_smtp_verify_throttle_portion_of(ngx_smtp_verify_throttle_t *throttle,
    uint32_t entry, uint64_t now)
{
    ngx_smtp_verify_throttle_entry_t    *e;
    ngx_smtp_verify_throttle_portion_t  *portion;

    e = &throttle->entries[entry];

    if (e->portion) {
        return &throttle->portions[e->portion - 1];
    }

    e->portion = ngx_smtp_verify_throttle_portion_new(throttle);

    if (e->portion == 0) {
        return NULL;
    }

    portion = &throttle->portions[e->portion - 1];
    ngx_memzero(portion, sizeof(ngx_smtp_verify_throttle_portion_t));
    portion->entry = entry;
    portion->next = now;

    /* what the other machines use is not known until the store says so */

    e->rejects.elsewhere = 0;
    e->rejects.there_party = 0;

    throttle->sh->portions++;
    throttle->behind->ask(throttle->behind);

    return portion;
}


/* Returns the number of a free portion, from 1, or 0. */

static uint32_t
ngx_smtp_verify_throttle_portion_new(ngx_smtp_verify_throttle_t *throttle)
{
    ngx_uint_t  i, n;

    n = throttle->nportions;

    for (i = 0; i < n && throttle->sh->portions < n; i++) {

        throttle->sh->free_portion = (throttle->sh->free_portion + 1) % n;

        if (throttle->portions[throttle->sh->free_portion].entry == 0) {
            return (uint32_t) throttle->sh->free_portion + 1;
        }
    }

    return 0;
}


static void
ngx_smtp_verify_throttle_portion_free(ngx_smtp_verify_throttle_t *throttle,
    ngx_smtp_verify_throttle_portion_t *portion)
{
    throttle->entries[portion->entry].portion = 0;
    portion->entry = 0;
    throttle->sh->portions--;
}


/* Returns the sessions that this machine may have. */

ngx_uint_t
ngx_smtp_verify_throttle_portion_conns(ngx_smtp_verify_throttle_t *throttle,
    ngx_smtp_verify_throttle_entry_t *e, ngx_uint_t conns, ngx_uint_t bulk,
    uint64_t now)
{
    uint32_t                             i;
    ngx_uint_t                           n;
    ngx_smtp_verify_throttle_portion_t  *portion;

    if (ngx_smtp_verify_throttle_is_alone(throttle, now)) {
        return bulk ? 0 : sv_portion_safe((uint32_t) conns,
                                          throttle->sh->machines,
                                          throttle->sh->rank);
    }

    /* for those who read without the lock it may end at any time */

    i = e->portion;

    if (i == 0) {
        return sv_share(conns, bulk);
    }

    portion = &throttle->portions[i - 1];

    n = sv_portion_slots(&portion->p, now);

    if (e->sessions >= n) {
        ngx_smtp_verify_throttle_portion_soon(throttle, portion, now);
    }

    /* bulk gets nothing of this machine's part of the last fifth */

    conns = sv_share(conns, bulk);

    return ngx_min(n, conns);
}


void
ngx_smtp_verify_throttle_portion_soon(ngx_smtp_verify_throttle_t *throttle,
    ngx_smtp_verify_throttle_portion_t *portion, uint64_t now)
{
    uint64_t  soon;

    soon = ngx_max(now, portion->last + NGX_SMTP_VERIFY_PORTION_SHORT);
    soon = ngx_max(soon, portion->none);

    if (soon < portion->next) {
        portion->next = soon;
    }

    if (portion->next <= now && portion->p.asked == 0) {
        throttle->behind->ask(throttle->behind);
    }
}


/* While the store is away, a machine keeps to its safe share: lowers the rate
   and the burst to that. */

void
ngx_smtp_verify_throttle_portion_rate(ngx_smtp_verify_throttle_t *throttle,
    uint64_t *rate, ngx_uint_t *burst, uint64_t now)
{
    ngx_uint_t  machines;

    if (*rate == 0 || !ngx_smtp_verify_throttle_is_alone(throttle, now)) {
        return;
    }

    machines = ngx_max(throttle->sh->machines, 1);

    *rate = sv_portion_safe_rate(*rate, (uint32_t) machines);
    *burst /= 2 * machines;
}


/* Returns the us until this machine has tokens for n recipients. */

uint64_t
ngx_smtp_verify_throttle_portion_wait(ngx_smtp_verify_throttle_t *throttle,
    ngx_smtp_verify_throttle_entry_t *e, ngx_uint_t n, uint64_t now)
{
    uint64_t                             wait;
    ngx_smtp_verify_throttle_portion_t  *portion;

    if (ngx_smtp_verify_throttle_is_alone(throttle, now / 1000)) {
        return 0;
    }

    portion = &throttle->portions[e->portion - 1];

    wait = sv_portion_wait(&portion->p, (uint32_t) n, now);

    if (wait && portion->p.tokens + portion->p.later < n) {
        ngx_smtp_verify_throttle_portion_soon(throttle, portion, now / 1000);
    }

    return wait;
}


void
ngx_smtp_verify_throttle_portion_use(ngx_smtp_verify_throttle_t *throttle,
    ngx_smtp_verify_throttle_entry_t *e, ngx_uint_t n)
{
    sv_portion_use(&throttle->portions[e->portion - 1].p, (uint32_t) n);
}


ngx_uint_t
ngx_smtp_verify_portions_due(ngx_smtp_verify_throttle_t *throttle,
    ngx_smtp_verify_portion_ask_t *asks, ngx_uint_t most)
{
    uint64_t                             now;
    ngx_uint_t                           i, k, n;
    ngx_smtp_verify_throttle_portion_t  *portion;

    n = 0;
    now = sv_clock_msec();

    ngx_shmtx_lock(&throttle->shpool->mutex);

    for (i = 0; i < throttle->nportions && n < most; i++) {

        k = (throttle->next_portion + i) % throttle->nportions;
        portion = &throttle->portions[k];

        /* The worker that asked may have died before the reply came, so an old
           question is asked again. */

        if (portion->entry == 0 || portion->next > now
            || (portion->p.asked
                && now < portion->p.asked + NGX_SMTP_VERIFY_PORTION_IDLE))
        {
            continue;
        }

        asks[n].portion = (uint32_t) k;

        n += ngx_smtp_verify_portions_need(throttle, portion, &asks[n], now);
    }

    throttle->next_portion += i;

    ngx_shmtx_unlock(&throttle->shpool->mutex);

    return n;
}


/* Returns 0, and frees the portion, if it is not needed any more. */

static ngx_uint_t
ngx_smtp_verify_portions_need(ngx_smtp_verify_throttle_t *throttle,
    ngx_smtp_verify_throttle_portion_t *portion,
    ngx_smtp_verify_portion_ask_t *ask, uint64_t now)
{
    ngx_uint_t                         held, permits;
    ngx_smtp_verify_throttle_entry_t  *e;

    e = &throttle->entries[portion->entry];

    held = sv_portion_slots(&portion->p, now);

    if (ngx_smtp_verify_throttle_is_alone(throttle, now)) {
        held = sv_portion_safe(portion->conns, throttle->sh->machines,
                               throttle->sh->rank);
    }

    ngx_memcpy(ask->key, e->key, SV_SIPHASH_LEN);

    ask->asked = now;
    ask->answered = portion->p.answered;
    ask->conns = portion->conns;
    ask->held = (uint32_t) ngx_max(held, e->sessions);
    ask->slots = ngx_min(e->sessions + e->waiting, portion->conns);

    ngx_smtp_verify_portions_tokens(portion, e, ask, sv_clock_usec());

    permits = ngx_smtp_verify_throttle_permits_ask(throttle, portion, ask,
                                                   now);
    portion->last = now;

    if (ask->slots == 0 && ask->tokens == 0 && ask->back == 0 && !permits
        && sv_portion_slots(&portion->p, now) == 0
        && e->sessions + e->waiting == 0)
    {
        ngx_smtp_verify_throttle_portion_free(throttle, portion);
        return 0;
    }

    portion->p.asked = now;
    portion->next = now + NGX_SMTP_VERIFY_PORTION_IDLE;

    return 1;
}


static void
ngx_smtp_verify_portions_tokens(ngx_smtp_verify_throttle_portion_t *portion,
    ngx_smtp_verify_throttle_entry_t *e, ngx_smtp_verify_portion_ask_t *ask,
    uint64_t now)
{
    uint64_t  want, most, have;

    ask->back = sv_portion_back(&portion->p, now);
    ask->interval = 0;
    ask->burst = 0;
    ask->tokens = 0;

    if (portion->rate == 0) {
        return;
    }

    ask->interval = (SV_BUCKET_TOKEN + portion->rate - 1) / portion->rate;

    /* A machine may hold tokens for a moment and send them at once.  That comes
       on top of the burst, so the store is asked for a smaller burst. */

    ask->burst = portion->burst * ask->interval;
    ask->burst -= ngx_min(ask->burst,
                          NGX_SMTP_VERIFY_PORTION_AHEAD * 1000);

    have = portion->p.tokens + portion->p.later;
    want = (uint64_t) e->delayed + e->waiting + portion->p.used;
    most = NGX_SMTP_VERIFY_PORTION_BUSY * 1000 / ask->interval + 1
           + e->sessions + portion->conns;

    want = ngx_min(want, most);
    want = ngx_min(want, SV_PORTION_MOST);

    ask->tokens = (uint32_t) (want > have ? want - have : 0);
}


void
ngx_smtp_verify_portions_told(ngx_smtp_verify_throttle_t *throttle,
    ngx_smtp_verify_portion_ask_t *asks, sv_portion_grant_t *grants,
    ngx_uint_t n, sv_portion_fleet_t *fleet, uint64_t sent)
{
    uint64_t                             now, again;
    ngx_uint_t                           i;
    ngx_smtp_verify_throttle_entry_t    *e;
    ngx_smtp_verify_throttle_portion_t  *portion;

    now = sv_clock_usec();

    ngx_shmtx_lock(&throttle->shpool->mutex);

    ngx_smtp_verify_portions_heard(throttle, fleet, sent);

    for (i = 0; i < n; i++) {

        portion = &throttle->portions[asks[i].portion];

        if (portion->entry == 0 || portion->p.asked != asks[i].asked) {
            continue;
        }

        sv_portion_grant(&portion->p, &grants[i], asks[i].asked, now);
        ngx_smtp_verify_throttle_permits_told(throttle, portion, &asks[i],
                                              &grants[i].permits, now / 1000);

        e = &throttle->entries[portion->entry];

        if (ngx_smtp_verify_throttle_permits_known(portion, e)) {
            ngx_smtp_verify_throttle_portion_free(throttle, portion);
            continue;
        }

        again = now / 1000;
        portion->none = again;

        if (ngx_smtp_verify_portions_is_short(portion, e, again)) {

            /* If other machines hold all permits that are left, asking again
               is of no use before they have had the time to give some back. */

            if (ngx_smtp_verify_throttle_permits_short(portion, e, again)) {
                portion->none += NGX_SMTP_VERIFY_PORTION_BUSY;

            } else if (grants[i].tokens + grants[i].later == 0) {
                portion->none += ngx_min(grants[i].delay / 1000,
                                         NGX_SMTP_VERIFY_PORTION_BUSY);
            }

            again = ngx_max(again + NGX_SMTP_VERIFY_PORTION_SHORT,
                            portion->none);

        } else {
            again += e->sessions + e->waiting ? NGX_SMTP_VERIFY_PORTION_BUSY
                                              : NGX_SMTP_VERIFY_PORTION_IDLE;
        }

        portion->next = again;
    }

    ngx_shmtx_unlock(&throttle->shpool->mutex);

    if (throttle->nqueues) {
        ngx_post_event(&throttle->wake, &ngx_posted_events);
    }
}


/* If the store has lost its data, it names fewer machines than there are, so
   the old number counts for an hour more.  Otherwise the store knows who has
   left. */

static void
ngx_smtp_verify_portions_heard(ngx_smtp_verify_throttle_t *throttle,
    sv_portion_fleet_t *fleet, uint64_t sent)
{
    ngx_smtp_verify_throttle_sh_t  *sh;

    sh = throttle->sh;

    if ((fleet->since != sh->since
         || ngx_smtp_verify_throttle_is_alone(throttle, sent))
        && sent >= sh->retold + NGX_SMTP_VERIFY_PORTION_RETELL)
    {
        sh->since = fleet->since;
        sh->retold = sent;
        ngx_smtp_verify_throttle_permits_again(throttle, sv_clock_msec());
    }

    sh->heard = ngx_max(sh->heard, sent);
    sh->namesake = 0;

    if (fleet->machines >= sh->machines || fleet->since == sh->recorded
        || sent > sh->counted + NGX_SMTP_VERIFY_PORTION_HOUR)
    {
        sh->counted = sent;
        sh->recorded = fleet->since;
        sh->machines = fleet->machines;
        sh->rank = fleet->rank;
    }
}


static ngx_uint_t
ngx_smtp_verify_portions_is_short(ngx_smtp_verify_throttle_portion_t *portion,
    ngx_smtp_verify_throttle_entry_t *e, uint64_t now)
{
    if (portion->conns && e->waiting
        && e->sessions >= sv_portion_slots(&portion->p, now))
    {
        return 1;
    }

    if (ngx_smtp_verify_throttle_permits_short(portion, e, now)) {
        return 1;
    }

    return portion->rate && e->delayed > portion->p.tokens + portion->p.later;
}


void
ngx_smtp_verify_portions_lost(ngx_smtp_verify_throttle_t *throttle,
    ngx_smtp_verify_portion_ask_t *asks, ngx_uint_t n)
{
    ngx_uint_t                           i;
    ngx_smtp_verify_throttle_portion_t  *portion;

    ngx_shmtx_lock(&throttle->shpool->mutex);

    for (i = 0; i < n; i++) {

        portion = &throttle->portions[asks[i].portion];

        if (portion->entry && portion->p.asked == asks[i].asked) {
            portion->p.asked = 0;
            portion->next = sv_clock_msec() + NGX_SMTP_VERIFY_PORTION_BUSY;
        }
    }

    ngx_shmtx_unlock(&throttle->shpool->mutex);
}


ngx_uint_t
ngx_smtp_verify_throttle_is_alone(ngx_smtp_verify_throttle_t *throttle,
    uint64_t now)
{
    return now >= throttle->sh->heard + SV_PORTION_VALID
           || throttle->sh->heard == 0;
}


ngx_uint_t
ngx_smtp_verify_portions_alone(ngx_smtp_verify_throttle_t *throttle)
{
    return ngx_smtp_verify_throttle_is_alone(throttle, sv_clock_msec());
}
