
/*
 * What machines that share a zone tell each other: breakers that were opened,
 * and by a trial closed, and budgets that have fallen.
 *
 * Entries are named by egress and destination, so what is told about one of
 * them concerns those who ask with the same egress.  A host that cannot be
 * reached, does not answer or closes (421) is told to other egresses as well:
 * that may concern the host as such.  It is noted in an entry of its own, and
 * those who have reached the host within the last minute know better.
 *
 * What has been told prolongs a pause, and never shortens one of our own.  A
 * trial that was made elsewhere closes a breaker only when its own pause is
 * over.
 */

#include "ngx_smtp_verify_throttle_sh.h"


#define NGX_SMTP_VERIFY_SHARE_REPLY   250   /* ms, for the store to answer */
#define NGX_SMTP_VERIFY_SHARE_ASKED   1500  /* ms, until it is asked again */
#define NGX_SMTP_VERIFY_SHARE_PERMIT  3000  /* ms, to begin the trial */
#define NGX_SMTP_VERIFY_SHARE_DENIED  500   /* ms, until we ask again */
#define NGX_SMTP_VERIFY_SHARE_LONGEST 20000 /* ms, for another machine's
                                               trial */
#define NGX_SMTP_VERIFY_SHARE_REACHED 60000 /* ms, in which a host that we have
                                               reached is not believed to be
                                               away */


static void ngx_smtp_verify_throttle_share_add(
    ngx_smtp_verify_throttle_t *throttle, ngx_smtp_verify_throttle_entry_t *e,
    sv_told_t *told);
static void ngx_smtp_verify_throttle_share_handler(ngx_event_t *ev);
static ngx_uint_t ngx_smtp_verify_throttle_share_general(
    ngx_smtp_verify_seen_e why);
static void ngx_smtp_verify_throttle_share_impose(
    ngx_smtp_verify_throttle_t *throttle, u_char *key, sv_told_t *told,
    uint64_t now);
static void ngx_smtp_verify_throttle_share_close(
    ngx_smtp_verify_throttle_entry_t *e, sv_told_t *told, uint64_t now);
static void ngx_smtp_verify_throttle_share_cap(
    ngx_smtp_verify_throttle_t *throttle, sv_told_t *told, uint64_t now);
static uint64_t ngx_smtp_verify_throttle_share_wall(void);


static const u_char  ngx_smtp_verify_throttle_share_none[SV_SIPHASH_LEN];


void
ngx_smtp_verify_throttle_share(ngx_shm_zone_t *shm_zone, u_char *key)
{
    ngx_smtp_verify_throttle_t  *throttle;

    throttle = shm_zone->data;

    throttle->shared = 1;
    ngx_memcpy(throttle->shared_key, key, SV_SIPHASH_LEN);
}


ngx_uint_t
ngx_smtp_verify_throttle_is_shared(ngx_shm_zone_t *shm_zone)
{
    ngx_smtp_verify_throttle_t  *throttle;

    throttle = shm_zone->data;

    return throttle->shared;
}


void
ngx_smtp_verify_throttle_peers(ngx_smtp_verify_throttle_t *throttle,
    ngx_smtp_verify_peers_t *peers)
{
    throttle->peers = peers;

    throttle->telling.handler = ngx_smtp_verify_throttle_share_handler;
    throttle->telling.data = throttle;
    throttle->telling.log = ngx_cycle->log;
}


u_char *
ngx_smtp_verify_throttle_id(ngx_smtp_verify_throttle_t *throttle)
{
    return throttle->sh->id;
}


void
ngx_smtp_verify_throttle_share_tell(ngx_smtp_verify_throttle_t *throttle,
    ngx_smtp_verify_throttle_entry_t *e, sv_told_e what,
    ngx_smtp_verify_seen_e why, uint64_t now)
{
    sv_told_t  told;

    if (throttle->peers == NULL) {
        return;
    }

    ngx_memzero(&told, sizeof(sv_told_t));

    told.what = what;
    told.why = why;
    told.pause = e->breaker.pause;

    told.mild = (what == SV_TOLD_OPEN
                 && ngx_smtp_verify_throttle_share_general(why));

    if (what == SV_TOLD_OPEN) {
        told.left = (uint32_t) sv_breaker_left(&e->breaker, now);
    }

    if (what == SV_TOLD_CLOSED || ngx_smtp_verify_throttle_share_general(why))
    {
        ngx_memcpy(told.host, e->host_key, SV_SIPHASH_LEN);
    }

    e->imposed = 0;
    e->permit = 0;
    e->asked = 0;
    e->waits = 0;

    ngx_smtp_verify_throttle_share_add(throttle, e, &told);
}


void
ngx_smtp_verify_throttle_share_fallen(ngx_smtp_verify_throttle_t *throttle,
    ngx_smtp_verify_throttle_entry_t *e, ngx_smtp_verify_limits_t *limits,
    uint32_t party, uint64_t now)
{
    sv_told_t           told;
    sv_budget_level_t  *level;

    if (throttle->peers == NULL) {
        return;
    }

    level = party ? &e->rejects.own : &e->rejects.shared;

    ngx_memzero(&told, sizeof(sv_told_t));

    told.what = SV_TOLD_FALLEN;
    told.level = ngx_min(level->level, limits->rejects.start);
    told.party = party;
    told.left = (level->until > now / 1000)
                ? ngx_min(level->until - now / 1000, SV_TOLD_BUDGET / 1000)
                  * 1000
                : 0;

    ngx_smtp_verify_throttle_share_add(throttle, e, &told);
}


/* Must be called with the lock held, so it only notes what is told later.  If
   there is no room for all, the least serious is not told. */

static void
ngx_smtp_verify_throttle_share_add(ngx_smtp_verify_throttle_t *throttle,
    ngx_smtp_verify_throttle_entry_t *e, sv_told_t *told)
{
    ngx_int_t  i;

    i = sv_told_place(throttle->told, throttle->ntold, NGX_SMTP_VERIFY_TOLD,
                      told);

    if (e == throttle->entries || i < 0) {
        return;
    }

    told->sent = ngx_smtp_verify_throttle_share_wall();
    ngx_memcpy(told->id, throttle->sh->id, SV_TOLD_ID);
    ngx_memcpy(told->key, e->key, SV_SIPHASH_LEN);

    throttle->told[i] = *told;
    throttle->ntold = ngx_max(throttle->ntold, (ngx_uint_t) i + 1);

    if (!throttle->telling.posted) {
        ngx_post_event(&throttle->telling, &ngx_posted_events);
    }
}


static void
ngx_smtp_verify_throttle_share_handler(ngx_event_t *ev)
{
    ngx_uint_t                   i;
    ngx_smtp_verify_peers_t     *peers;
    ngx_smtp_verify_throttle_t  *throttle;

    throttle = ev->data;
    peers = throttle->peers;

    for (i = 0; i < throttle->ntold; i++) {
        peers->tell(peers->data, throttle, &throttle->told[i]);
    }

    throttle->ntold = 0;

    for (i = 0; i < throttle->nasks; i++) {
        peers->ask(peers->data, throttle, throttle->asks[i]);
    }

    throttle->nasks = 0;
}


/* What concerns a host, whoever asks it. */

static ngx_uint_t
ngx_smtp_verify_throttle_share_general(ngx_smtp_verify_seen_e why)
{
    return why == ngx_smtp_verify_seen_connect_failed
           || why == ngx_smtp_verify_seen_address_failed
           || why == ngx_smtp_verify_seen_timeout
           || why == ngx_smtp_verify_seen_closing;
}


void
ngx_smtp_verify_throttle_told(ngx_smtp_verify_throttle_t *throttle,
    sv_told_t *told)
{
    uint64_t  now;
    uint32_t  i, host;

    /* what we have told ourselves */

    if (ngx_memcmp(told->id, throttle->sh->id, SV_TOLD_ID) == 0) {
        return;
    }

    now = sv_clock_msec();

    ngx_shmtx_lock(&throttle->shpool->mutex);

    switch (told->what) {

    case SV_TOLD_OPEN:
        ngx_smtp_verify_throttle_share_impose(throttle, told->key, told, now);

        if (ngx_memcmp(told->host, ngx_smtp_verify_throttle_share_none,
                       SV_SIPHASH_LEN)
            != 0)
        {
            ngx_smtp_verify_throttle_share_impose(throttle, told->host, told,
                                                  now);
        }

        break;

    case SV_TOLD_CLOSED:
        i = ngx_smtp_verify_throttle_known(throttle, told->key);
        host = ngx_smtp_verify_throttle_known(throttle, told->host);

        if (i) {
            ngx_smtp_verify_throttle_share_close(&throttle->entries[i], told,
                                                 now);
        }

        if (host) {
            ngx_smtp_verify_throttle_share_close(&throttle->entries[host],
                                                 told, now);
        }

        break;

    default: /* SV_TOLD_FALLEN */
        ngx_smtp_verify_throttle_share_cap(throttle, told, now);
    }

    ngx_shmtx_unlock(&throttle->shpool->mutex);

    ngx_log_debug3(NGX_LOG_DEBUG_HTTP, ngx_cycle->log, 0,
                   "smtp verify breaker: another machine has told %d, why:%ui, "
                   "%uD ms are left", told->what, (ngx_uint_t) told->why,
                   told->left);
}


static void
ngx_smtp_verify_throttle_share_impose(ngx_smtp_verify_throttle_t *throttle,
    u_char *key, sv_told_t *told, uint64_t now)
{
    uint32_t                           i;
    ngx_smtp_verify_throttle_entry_t  *e;

    i = ngx_smtp_verify_throttle_find(throttle, key, now);

    if (i == 0) {
        return;
    }

    e = &throttle->entries[i];

    if (e->breaker.until >= now + told->left) {
        return;
    }

    if (e->imposed == 0) {
        e->own_until = e->breaker.until;
    }

    e->imposed = now;
    e->imposed_at = told->sent;
    e->breaker.until = now + told->left;
    e->breaker.pause = ngx_max(e->breaker.pause, told->pause);
    e->permit = 0;
    e->denied = 0;
    e->waits = 0;
    e->asked = 0;
    e->why = told->why;
    e->shunned = (told->why == ngx_smtp_verify_seen_block
                  || told->why == ngx_smtp_verify_seen_quarantine);
}


/* Another machine has made a successful trial.  A pause that others imposed
   ends at once.  One of our own is not cut short: if it is over, we need no
   trial of our own. */

static void
ngx_smtp_verify_throttle_share_close(ngx_smtp_verify_throttle_entry_t *e,
    sv_told_t *told, uint64_t now)
{
    uint64_t  wall;

    wall = ngx_smtp_verify_throttle_share_wall();

    if (e->breaker.until && e->breaker.until <= now
        && told->sent + SV_TOLD_FRESH > wall
        && told->sent < wall + SV_TOLD_FRESH)
    {
        (void) sv_breaker_success(&e->breaker, 1, now);
        e->imposed = 0;

    } else if (e->imposed && told->sent >= e->imposed_at) {
        e->breaker.until = e->own_until;
        e->imposed = 0;
    }

    e->denied = 0;
    e->waits = 0;
}


static void
ngx_smtp_verify_throttle_share_cap(ngx_smtp_verify_throttle_t *throttle,
    sv_told_t *told, uint64_t now)
{
    uint32_t                i;
    ngx_smtp_verify_cap_t  *cap;

    i = ngx_smtp_verify_throttle_find(throttle, told->key, now);

    if (i == 0) {
        return;
    }

    cap = &throttle->entries[i].caps[told->party != 0];

    if (cap->until > now && cap->party == told->party) {
        cap->level = ngx_min(cap->level, told->level);
        cap->until = ngx_max(cap->until, now + told->left);
        return;
    }

    cap->level = told->level;
    cap->until = now + told->left;
    cap->party = told->party;
}


void
ngx_smtp_verify_throttle_share_shorten(
    ngx_smtp_verify_throttle_entry_t *e,
    ngx_smtp_verify_limits_t *limits)
{
    uint64_t  most;

    most = ngx_max(e->imposed + limits->breaker.max_pause, e->own_until);

    if (e->breaker.until > most) {
        e->breaker.until = most;
    }
}


/* While the store does not answer, each machine makes its own trial. */

ngx_int_t
ngx_smtp_verify_throttle_share_trial(ngx_smtp_verify_throttle_t *throttle,
    ngx_smtp_verify_throttle_entry_t *e, uint64_t now)
{
    if (throttle->peers == NULL || now < e->permit
        || !throttle->peers->is_up(throttle->peers->data))
    {
        return NGX_OK;
    }

    if (now < e->denied) {
        return NGX_DECLINED;
    }

    /* another machine has had the claim for so long that it will not make the
       trial any more */

    if (e->waits && now > e->waits + NGX_SMTP_VERIFY_SHARE_LONGEST
        && now < e->denied + NGX_SMTP_VERIFY_SHARE_LONGEST)
    {
        e->waits = 0;
        e->permit = now + NGX_SMTP_VERIFY_SHARE_PERMIT;
        return NGX_OK;
    }

    if (e->asked && now < e->asked + NGX_SMTP_VERIFY_SHARE_REPLY) {
        return NGX_AGAIN;
    }

    if (e->asked && now < e->asked + NGX_SMTP_VERIFY_SHARE_ASKED) {
        return NGX_OK;
    }

    if (throttle->nasks == NGX_SMTP_VERIFY_TOLD) {
        return NGX_DECLINED;
    }

    e->asked = now;

    ngx_memcpy(throttle->asks[throttle->nasks++], e->key, SV_SIPHASH_LEN);

    if (!throttle->telling.posted) {
        ngx_post_event(&throttle->telling, &ngx_posted_events);
    }

    return NGX_AGAIN;
}


void
ngx_smtp_verify_throttle_permit(ngx_smtp_verify_throttle_t *throttle,
    u_char *key, ngx_uint_t permitted)
{
    uint32_t                           i;
    uint64_t                           now;
    ngx_smtp_verify_throttle_entry_t  *e;

    now = sv_clock_msec();

    ngx_shmtx_lock(&throttle->shpool->mutex);

    i = ngx_smtp_verify_throttle_known(throttle, key);

    if (i) {
        e = &throttle->entries[i];
        e->asked = 0;

        if (permitted) {
            e->permit = now + NGX_SMTP_VERIFY_SHARE_PERMIT;
            e->denied = 0;
            e->waits = 0;

        } else {
            if (e->waits == 0
                || now > e->denied + NGX_SMTP_VERIFY_SHARE_LONGEST)
            {
                e->waits = now;
            }

            e->denied = now + NGX_SMTP_VERIFY_SHARE_DENIED;
        }
    }

    ngx_shmtx_unlock(&throttle->shpool->mutex);

    ngx_log_debug1(NGX_LOG_DEBUG_HTTP, ngx_cycle->log, 0,
                   "smtp verify breaker: the trial is %s",
                   permitted ? "ours" : "another machine's");
}


ngx_uint_t
ngx_smtp_verify_throttle_tries(ngx_smtp_verify_throttle_t *throttle,
    u_char *key)
{
    uint32_t    i;
    ngx_uint_t  tries;

    ngx_shmtx_lock(&throttle->shpool->mutex);

    i = ngx_smtp_verify_throttle_known(throttle, key);

    tries = i && (throttle->entries[i].trials
                  || throttle->entries[i].permit > sv_clock_msec());

    ngx_shmtx_unlock(&throttle->shpool->mutex);

    return tries;
}


uint64_t
ngx_smtp_verify_throttle_share_left(ngx_smtp_verify_throttle_t *throttle,
    ngx_smtp_verify_throttle_entry_t *e, ngx_smtp_verify_limits_t *limits,
    uint64_t now)
{
    uint32_t                           i;
    ngx_smtp_verify_throttle_entry_t  *host;

    if (e->connected && now < e->connected + NGX_SMTP_VERIFY_SHARE_REACHED) {
        return 0;
    }

    i = ngx_smtp_verify_throttle_known(throttle, e->host_key);

    if (i == 0) {
        return 0;
    }

    host = &throttle->entries[i];

    ngx_smtp_verify_throttle_share_bound(host, limits);

    return sv_breaker_left(&host->breaker, now);
}


sv_budget_conf_t
ngx_smtp_verify_throttle_share_smaller(
    ngx_smtp_verify_throttle_entry_t *e, const sv_budget_conf_t *rejects,
    uint32_t party, uint64_t now)
{
    uint32_t           level;
    ngx_uint_t         i;
    sv_budget_conf_t   conf;

    conf = *rejects;

    for (i = 0; i < 2; i++) {

        if (now >= e->caps[i].until
            || (e->caps[i].party && e->caps[i].party != party))
        {
            continue;
        }

        level = ngx_max(e->caps[i].level,
                        ngx_min(rejects->start, SV_BUDGET_LEAST));

        conf.start = ngx_min(conf.start, level);
        conf.most = ngx_min(conf.most, level);
    }

    return conf;
}


static uint64_t
ngx_smtp_verify_throttle_share_wall(void)
{
    struct timeval  tv;

    ngx_gettimeofday(&tv);

    return (uint64_t) tv.tv_sec * 1000 + tv.tv_usec / 1000;
}
