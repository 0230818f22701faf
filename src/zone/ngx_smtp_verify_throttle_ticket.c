
#include "ngx_smtp_verify_throttle_sh.h"
#include "sv_share.h"


static ngx_int_t ngx_smtp_verify_throttle_admit(ngx_smtp_verify_ticket_t *t,
    u_char keys[][SV_SIPHASH_LEN], uint64_t now);
static void ngx_smtp_verify_throttle_look(ngx_smtp_verify_ticket_t *t,
    ngx_smtp_verify_slot_sh_t *slot);
static ngx_int_t ngx_smtp_verify_throttle_room(ngx_smtp_verify_ticket_t *t,
    ngx_smtp_verify_slot_sh_t *slot, ngx_uint_t due, uint64_t now);
static void ngx_smtp_verify_throttle_turn(ngx_smtp_verify_ticket_t *t,
    ngx_smtp_verify_slot_sh_t *slot);
static sv_share_kind_e ngx_smtp_verify_throttle_next_kind(
    ngx_smtp_verify_throttle_entry_t *e, ngx_uint_t *waiting);
static void ngx_smtp_verify_throttle_grant(ngx_smtp_verify_ticket_t *t,
    ngx_smtp_verify_slot_sh_t *slot, uint32_t trials);


ngx_int_t
ngx_smtp_verify_throttle_take(ngx_smtp_verify_ticket_t *t)
{
    ngx_int_t                    rc;
    ngx_smtp_verify_throttle_t  *throttle;
    u_char                       keys[NGX_SMTP_VERIFY_SLOT_REFS]
                                     [SV_SIPHASH_LEN];

    throttle = t->throttle;

    t->waiting = 0;
    t->retry_after = 0;

    ngx_smtp_verify_throttle_keys(t, keys);

    ngx_shmtx_lock(&throttle->shpool->mutex);

    rc = ngx_smtp_verify_throttle_admit(t, keys, sv_clock_msec());

    ngx_smtp_verify_throttle_denied(throttle, rc);

    if (rc == NGX_AGAIN) {
        throttle->sh->counts.waited++;
    }

    if (rc != NGX_OK && rc != NGX_AGAIN
        && t->slot != NGX_SMTP_VERIFY_NO_SLOT)
    {
        ngx_smtp_verify_throttle_free(throttle, t->slot);
        t->slot = NGX_SMTP_VERIFY_NO_SLOT;
    }

    ngx_shmtx_unlock(&throttle->shpool->mutex);

    if (rc == NGX_AGAIN && ngx_smtp_verify_throttle_wait(t) != NGX_OK) {
        ngx_smtp_verify_throttle_release(throttle, t->slot);
        t->slot = NGX_SMTP_VERIFY_NO_SLOT;
        rc = NGX_BUSY;
    }

    if (rc == NGX_AGAIN && t->short_of_total) {
        t->press(t);
    }

    return rc;
}


/* Must be called with the lock held.  Returns NGX_AGAIN if the ticket has to
   wait; its slot is then marked as waiting. */

static ngx_int_t
ngx_smtp_verify_throttle_admit(ngx_smtp_verify_ticket_t *t,
    u_char keys[][SV_SIPHASH_LEN], uint64_t now)
{
    ngx_int_t                          rc;
    ngx_smtp_verify_slot_sh_t         *slot;
    ngx_smtp_verify_throttle_t        *throttle;
    ngx_smtp_verify_throttle_entry_t  *e;

    throttle = t->throttle;

    ngx_smtp_verify_throttle_sweep(throttle, now);

    if (ngx_smtp_verify_throttle_slot(throttle, &t->slot) != NGX_OK) {
        t->slot = NGX_SMTP_VERIFY_NO_SLOT;
        return NGX_BUSY;
    }

    slot = &throttle->slots[t->slot];

    /* without an entry it would have no limit */

    rc = ngx_smtp_verify_throttle_client_refer(t, keys, now);

    if (rc != NGX_OK) {
        return rc;
    }

    rc = ngx_smtp_verify_throttle_try(t, now);

    if (rc != NGX_AGAIN) {
        return rc;
    }

    e = ngx_smtp_verify_throttle_entry(throttle, slot,
                                       ngx_smtp_verify_ref_destination);

    if (!ngx_smtp_verify_throttle_client_may_wait(t, slot, e->waiting)) {
        return NGX_BUSY;
    }

    slot->state = NGX_SMTP_VERIFY_SLOT_WAITING;

    if (t->bulk) {
        slot->state |= NGX_SMTP_VERIFY_SLOT_BULK;
    }

    if (t->job) {
        slot->state |= NGX_SMTP_VERIFY_SLOT_JOB;
    }

    slot->state |= ngx_smtp_verify_throttle_client_waits(t);

    ngx_smtp_verify_throttle_sum(throttle, slot, 1);

    return NGX_AGAIN;
}


void
ngx_smtp_verify_throttle_denied(ngx_smtp_verify_throttle_t *throttle,
    ngx_int_t rc)
{
    if (rc == NGX_BUSY) {
        throttle->sh->counts.throttled++;

    } else if (rc == NGX_DECLINED) {
        throttle->sh->counts.refused++;
    }
}


/* Must be called with the lock held.  Returns what _take() returns. */

ngx_int_t
ngx_smtp_verify_throttle_try(ngx_smtp_verify_ticket_t *t, uint64_t now)
{
    uint32_t                           trials;
    uint64_t                           wait;
    ngx_int_t                          rc;
    ngx_uint_t                         due;
    sv_share_waiting_t                 w;
    ngx_smtp_verify_slot_sh_t         *slot;
    ngx_smtp_verify_throttle_entry_t  *e, *ip, *domain;

    slot = &t->throttle->slots[t->slot];

    t->blocked = 0;
    t->shunned = 0;
    t->probing = 0;
    t->short_of_total = 0;
    t->for_total = 0;
    t->kept_back = 0;
    t->one_address = 0;

    ngx_smtp_verify_throttle_look(t, slot);

    e = ngx_smtp_verify_throttle_entry(t->throttle, slot,
                                       ngx_smtp_verify_ref_destination);

    rc = ngx_smtp_verify_throttle_breakers(t->throttle, slot, t->limits,
                                           t, now, &trials,
                                           &t->retry_after);

    if (rc != NGX_OK) {
        domain = ngx_smtp_verify_throttle_entry(t->throttle, slot,
                                                ngx_smtp_verify_ref_domain);

        ip = ngx_smtp_verify_throttle_entry(t->throttle, slot,
                                            ngx_smtp_verify_ref_ip);

        t->one_address = (trials == NGX_SMTP_VERIFY_SLOT_ADDRESS);
        t->shunned = (e->breaker.until && e->shunned)
                     || (ip->breaker.until && ip->shunned)
                     || (domain->breaker.until && domain->shunned);

        return rc;
    }

    due = ngx_smtp_verify_throttle_rejects(t->throttle, slot, t->limits,
                                           &wait, now);
    if (wait) {
        t->retry_after = wait / 1000 + 1;
        t->throttle->sh->counts.exhausted++;
        return NGX_BUSY;
    }

    /* Whoever waits in any worker comes first.  Only interactive tickets may
       overtake bulk, and lists may overtake jobs. */

    if (e != t->throttle->entries) {
        w.all = e->waiting;
        w.bulk = e->bulk;
        w.jobs = e->jobs;
        w.turns = e->turns;

        if (sv_share_ahead(&w, t->waiting, ngx_smtp_verify_ticket_kind(t))) {
            return NGX_AGAIN;
        }
    }

    rc = ngx_smtp_verify_throttle_room(t, slot, due, now);

    if (rc == NGX_OK) {
        ngx_smtp_verify_throttle_grant(t, slot, trials);

    } else if (t->waiting) {
        ngx_smtp_verify_throttle_client_mark(t);
    }

    return rc;
}


/* The domain may have got its entry, by its first fault, while the ticket
   waited. */

static void
ngx_smtp_verify_throttle_look(ngx_smtp_verify_ticket_t *t,
    ngx_smtp_verify_slot_sh_t *slot)
{
    uint32_t                           domain;
    ngx_smtp_verify_throttle_entry_t  *host;

    if (slot->refs[ngx_smtp_verify_ref_domain]
        || t->limits->breaker.pause == 0)
    {
        return;
    }

    host = ngx_smtp_verify_throttle_entry(t->throttle, slot,
                                          ngx_smtp_verify_ref_destination);

    domain = ngx_smtp_verify_throttle_domain(t->throttle, host->key,
                                             &t->domain);
    if (domain) {
        ngx_smtp_verify_throttle_sum(t->throttle, slot, -1);
        slot->refs[ngx_smtp_verify_ref_domain] = domain;
        ngx_smtp_verify_throttle_sum(t->throttle, slot, 1);
    }
}


/* Returns NGX_AGAIN if there is no room now.  "due": the recipients that are
   being asked may use up the budget of refusals. */

static ngx_int_t
ngx_smtp_verify_throttle_room(ngx_smtp_verify_ticket_t *t,
    ngx_smtp_verify_slot_sh_t *slot, ngx_uint_t due, uint64_t now)
{
    uint64_t                           wait;
    ngx_uint_t                         i, conns;
    ngx_smtp_verify_throttle_entry_t  *e;

    if (ngx_smtp_verify_throttle_client_room(t, slot, now) != NGX_OK) {
        return NGX_AGAIN;
    }

    for (i = 0; i < ngx_smtp_verify_ref_egress; i++) {

        e = ngx_smtp_verify_throttle_entry(t->throttle, slot, i);

        if (e == t->throttle->entries) {
            continue;
        }

        conns = (i == ngx_smtp_verify_ref_ip) ? t->limits->ip_conns
                                              : t->limits->conns;

        if (conns && e->sessions >= ngx_smtp_verify_throttle_conns(
                                        t->throttle, e, conns, t->bulk, now))
        {
            return NGX_AGAIN;
        }

        /* Do not open a session that would only wait for a token: the sessions
           that already wait for one come first. */

        if (e->portion && e->delayed) {
            return NGX_AGAIN;
        }
    }

    if (due) {
        return NGX_AGAIN;
    }

    wait = ngx_smtp_verify_throttle_rate(t->throttle, slot, t->limits);

    if (wait) {
        t->blocked = 1;
        t->ready = now + wait;
        return NGX_AGAIN;
    }

    return NGX_OK;
}


/* Lists that are served while a job waits bring its turn nearer. */

static void
ngx_smtp_verify_throttle_turn(ngx_smtp_verify_ticket_t *t,
    ngx_smtp_verify_slot_sh_t *slot)
{
    ngx_smtp_verify_throttle_entry_t  *e;

    e = ngx_smtp_verify_throttle_entry(t->throttle, slot,
                                       ngx_smtp_verify_ref_destination);

    if (e == t->throttle->entries) {
        return;
    }

    if (t->job || e->jobs == 0) {
        e->turns = 0;

    } else if (t->bulk && e->turns < SV_SHARE_TURNS) {
        e->turns++;
    }
}


static void
ngx_smtp_verify_throttle_grant(ngx_smtp_verify_ticket_t *t,
    ngx_smtp_verify_slot_sh_t *slot, uint32_t trials)
{
    ngx_smtp_verify_throttle_t  *throttle;

    throttle = t->throttle;

    ngx_smtp_verify_throttle_turn(t, slot);

    ngx_smtp_verify_throttle_sum(throttle, slot, -1);
    slot->state = NGX_SMTP_VERIFY_SLOT_HELD | trials
                  | (t->provider ? NGX_SMTP_VERIFY_SLOT_MANY : 0);
    ngx_smtp_verify_throttle_sum(throttle, slot, 1);

    ngx_smtp_verify_throttle_spend(throttle, slot, t->limits);

    if (t->probing) {
        ngx_smtp_verify_throttle_probe(t, ngx_smtp_verify_throttle_entry(
                                              throttle, slot,
                                              ngx_smtp_verify_ref_egress));
    }

    throttle->sh->counts.granted++;
}


/* The kind of those that are served next, and how many of them wait. */

static sv_share_kind_e
ngx_smtp_verify_throttle_next_kind(ngx_smtp_verify_throttle_entry_t *e,
    ngx_uint_t *waiting)
{
    *waiting = e->waiting - e->bulk;

    if (*waiting) {
        return SV_SHARE_INTERACTIVE;
    }

    *waiting = e->bulk - e->jobs;

    if (*waiting && (e->jobs == 0 || e->turns < SV_SHARE_TURNS)) {
        return SV_SHARE_LIST;
    }

    *waiting = e->jobs;

    return SV_SHARE_JOB;
}


/*
 * If others wait in other workers, too, chance decides by their numbers who
 * gets the slot: otherwise a worker might serve only itself.
 */

void
ngx_smtp_verify_throttle_release(ngx_smtp_verify_throttle_t *throttle,
    ngx_uint_t slot)
{
    ngx_uint_t                         key, waiting, kind, n;
    ngx_smtp_verify_slot_sh_t         *sh;
    ngx_smtp_verify_throttle_queue_t      *tq;
    ngx_smtp_verify_throttle_entry_t  *e;

    ngx_shmtx_lock(&throttle->shpool->mutex);

    sh = &throttle->slots[slot];

    key = sh->refs[ngx_smtp_verify_ref_destination];
    e = ngx_smtp_verify_throttle_entry(throttle, sh,
                                       ngx_smtp_verify_ref_destination);

    ngx_smtp_verify_throttle_free(throttle, slot);

    kind = ngx_smtp_verify_throttle_next_kind(e, &waiting);

    ngx_shmtx_unlock(&throttle->shpool->mutex);

    if (throttle->nqueues == 0) {
        return;
    }

    tq = ngx_smtp_verify_throttle_queue(throttle, key);

    if (tq) {

        n = tq->n[kind];

        if (waiting > n && (ngx_uint_t) ngx_random() % waiting >= n) {
            return;
        }

        ngx_queue_remove(&tq->queue);
        ngx_queue_insert_head(&throttle->queues, &tq->queue);
    }

    ngx_post_event(&throttle->wake, &ngx_posted_events);
}


ngx_int_t
ngx_smtp_verify_throttle_more(ngx_smtp_verify_throttle_t *throttle,
    ngx_uint_t slot, ngx_smtp_verify_limits_t *limits, ngx_uint_t together,
    ngx_msec_t wait)
{
    uint64_t                    until;
    ngx_int_t                   rc;
    ngx_smtp_verify_slot_sh_t  *sh;

    rc = NGX_DECLINED;

    ngx_shmtx_lock(&throttle->shpool->mutex);

    sh = &throttle->slots[slot];

    if (ngx_smtp_verify_throttle_rate(throttle, sh, limits) <= wait
        && !(together
             && ngx_smtp_verify_throttle_rejects(throttle, sh, limits, &until,
                                                 sv_clock_msec())))
    {
        ngx_smtp_verify_throttle_spend(throttle, sh, limits);
        rc = NGX_OK;

        if (together) {
            ngx_smtp_verify_throttle_state(throttle, sh, 0,
                                           NGX_SMTP_VERIFY_SLOT_BOTH);
        }
    }

    ngx_shmtx_unlock(&throttle->shpool->mutex);

    return rc;
}
