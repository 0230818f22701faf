
#include "ngx_smtp_verify_keeper.h"
#include "ngx_smtp_verify_connections.h"
#include "ngx_smtp_verify_tls_dane.h"
#include "sv_clock.h"
#include "sv_learn.h"
#include "sv_siphash.h"

#include <openssl/err.h>
#include <openssl/rand.h>


#define NGX_SMTP_VERIFY_KEEP_LOOK      8         /* sessions of a host to look
                                                    at */
#define NGX_SMTP_VERIFY_KEEP_BUCKETS  1024
#define NGX_SMTP_VERIFY_KEEP_PART      4        /* at most 1/4 of all
                                                   connections are idle
                                                   sessions */
#define NGX_SMTP_VERIFY_KEEP_YIELD    25        /* ms */
#define NGX_SMTP_VERIFY_KEEP_LEAST    50        /* ms; shorter is not worth
                                                   it */
#define NGX_SMTP_VERIFY_KEEP_SOON     200       /* ms; sooner: not because it
                                                   was idle */
#define NGX_SMTP_VERIFY_KEEP_LATE     1000      /* ms; later: perhaps because it
                                                   was idle */


static void ngx_smtp_verify_keeper_insert(ngx_smtp_verify_session_t *s);
static void ngx_smtp_verify_keeper_remove(ngx_smtp_verify_session_t *s);
static void ngx_smtp_verify_keeper_bound(ngx_smtp_verify_session_t *s);
static void ngx_smtp_verify_keeper_give_up(ngx_smtp_verify_session_t *s);
static ngx_queue_t *ngx_smtp_verify_keeper_bucket(struct sockaddr *sockaddr,
    socklen_t socklen, ngx_str_t *host);
static ngx_uint_t ngx_smtp_verify_keeper_is(ngx_str_t *one, ngx_str_t *two);
static ngx_uint_t ngx_smtp_verify_keeper_leads(ngx_smtp_verify_session_t *s,
    ngx_addr_t *addr, ngx_str_t *host);
static ngx_uint_t ngx_smtp_verify_keeper_said(ngx_smtp_verify_session_t *s,
    ngx_str_t *helo, ngx_str_t *from);
static ngx_uint_t ngx_smtp_verify_keeper_silent(ngx_smtp_verify_session_t *s);
static ngx_msec_t ngx_smtp_verify_keeper_time(ngx_smtp_verify_conf_t *conf,
    ngx_smtp_verify_session_t *s);
static const sv_learnt_t *ngx_smtp_verify_keeper_learnt(
    ngx_smtp_verify_session_t *s);
static ngx_int_t ngx_smtp_verify_keeper_idle(ngx_smtp_verify_session_t *s);
static void ngx_smtp_verify_keeper_yield(ngx_event_t *ev);
static void ngx_smtp_verify_keeper_handler(ngx_smtp_verify_session_t *s);
static void ngx_smtp_verify_keeper_closed(ngx_smtp_verify_session_t *s);


static struct {
    ngx_queue_t  hosts[NGX_SMTP_VERIFY_KEEP_BUCKETS];
    ngx_queue_t  all;           /* the oldest one first */
    ngx_uint_t   n;
    ngx_event_t  yield;
    sv_learn_t   learnt;        /* about servers */
}  ngx_smtp_verify_kept;


void
ngx_smtp_verify_keeper(ngx_smtp_verify_conf_t *conf,
    ngx_smtp_verify_session_t *s)
{
    ngx_msec_t         time;
    ngx_connection_t  *c;

    c = s->connection;
    time = ngx_smtp_verify_keeper_time(conf, s);

    if (conf->keep.transactions == 0
        || c == NULL
        || ngx_exiting
        || !ngx_smtp_verify_session_reusable(s)
        || time < NGX_SMTP_VERIFY_KEEP_LEAST
        || s->transactions >= s->most
        || s->refused >= conf->keep.rejects
        || ngx_smtp_verify_session_own(s) != NGX_OK)
    {
        ngx_log_debug3(NGX_LOG_DEBUG_HTTP, &s->log, 0,
                       "smtp verify session: \"%V\" is not kept, asked %ui, "
                       "refused %ui", &s->host, s->transactions, s->refused);

        ngx_smtp_verify_session_quit(s);
        return;
    }

    ngx_log_debug4(NGX_LOG_DEBUG_HTTP, &s->log, 0,
                   "smtp verify session: \"%V\" is kept for %M ms, asked %ui, "
                   "refused %ui", &s->host, time, s->transactions, s->refused);

    ngx_smtp_verify_session_leave(s, ngx_smtp_verify_phase_idle);

    ngx_smtp_verify_keeper_insert(s);

    s->handler = ngx_smtp_verify_keeper_handler;
    s->log.action = "keeping an idle session with mail server";

    /* closed when nginx stops, or when it needs the connection */

    c->idle = 1;
    ngx_reusable_connection(c, 1);

    s->idle = ngx_current_msec;

    ngx_add_timer(c->read, time);

    ngx_smtp_verify_keeper_bound(s);
}


static void
ngx_smtp_verify_keeper_insert(ngx_smtp_verify_session_t *s)
{
    ngx_queue_t  *bucket;

    bucket = ngx_smtp_verify_keeper_bucket(s->sockaddr, s->socklen, &s->host);

    ngx_queue_insert_head(bucket, &s->queue);
    ngx_queue_insert_tail(&ngx_smtp_verify_kept.all, &s->kept);

    ngx_smtp_verify_kept.n++;
}


static void
ngx_smtp_verify_keeper_remove(ngx_smtp_verify_session_t *s)
{
    ngx_connection_t  *c;

    c = s->connection;

    ngx_queue_remove(&s->queue);
    ngx_queue_remove(&s->kept);

    ngx_smtp_verify_kept.n--;

    c->idle = 0;
    ngx_reusable_connection(c, 0);
}


/*
 * Many idle sessions take connections and slots from probes that need them, so
 * the session that has been idle longest is given up.  One that has just become
 * idle stays, as its host may be asked again at once.
 */

static void
ngx_smtp_verify_keeper_bound(ngx_smtp_verify_session_t *s)
{
    ngx_uint_t                  i;
    ngx_queue_t                *q, *next;
    ngx_smtp_verify_session_t  *oldest;

    if (s->release && ngx_smtp_verify_keeper_idle(s) != NGX_OK) {

        q = ngx_queue_head(&ngx_smtp_verify_kept.all);

        for (i = 0; q != &s->kept && i < NGX_SMTP_VERIFY_KEEP_LOOK; i++) {

            next = ngx_queue_next(q);
            oldest = ngx_queue_data(q, ngx_smtp_verify_session_t, kept);

            if (oldest->release && oldest->throttle == s->throttle) {
                ngx_smtp_verify_keeper_give_up(oldest);
                break;
            }

            q = next;
        }
    }

    if (ngx_smtp_verify_kept.n
        > ngx_max(ngx_smtp_verify_connections() / NGX_SMTP_VERIFY_KEEP_PART, 1))
    {
        q = ngx_queue_head(&ngx_smtp_verify_kept.all);
        oldest = ngx_queue_data(q, ngx_smtp_verify_session_t, kept);

        ngx_smtp_verify_keeper_give_up(oldest);
    }
}


static void
ngx_smtp_verify_keeper_give_up(ngx_smtp_verify_session_t *s)
{
    ngx_log_debug1(NGX_LOG_DEBUG_HTTP, &s->log, 0,
                   "smtp verify idle session given up, of %ui",
                   ngx_smtp_verify_kept.n);

    ngx_smtp_verify_keeper_take(s);

    if (s->release) {
        ngx_smtp_verify_throttle_busy(s->throttle, s->slot);
    }

    ngx_smtp_verify_session_quit(s);
}


/* How long to keep a session; also limits its transactions.  Both are less if
   the server was seen to allow less. */

static ngx_msec_t
ngx_smtp_verify_keeper_time(ngx_smtp_verify_conf_t *conf,
    ngx_smtp_verify_session_t *s)
{
    const sv_learnt_t  *learnt;

    learnt = ngx_smtp_verify_keeper_learnt(s);

    if (!sv_learn_worth(learnt, s->asked, s->refused)) {
        return 0;
    }

    if (learnt == NULL) {
        return conf->keep.timeout;
    }

    if (learnt->most) {
        s->most = ngx_min(s->most, learnt->most);
    }

    return learnt->idle ? ngx_min(conf->keep.timeout, learnt->idle)
                        : conf->keep.timeout;
}


void
ngx_smtp_verify_keeper_learn(ngx_smtp_verify_session_t *s, ngx_uint_t closed)
{
    uint64_t  key;

    key = ngx_smtp_verify_keeper_key(s);

    if (closed && ngx_smtp_verify_session_is_reused(s)
        && s->idle >= NGX_SMTP_VERIFY_KEEP_LATE)
    {
        sv_learn_idle(&ngx_smtp_verify_kept.learnt, key, s->idle,
                      sv_clock_msec());
        return;
    }

    sv_learn_most(&ngx_smtp_verify_kept.learnt, key, s->transactions - 1,
                  sv_clock_msec());
}


static const sv_learnt_t *
ngx_smtp_verify_keeper_learnt(ngx_smtp_verify_session_t *s)
{
    return sv_learn_find(&ngx_smtp_verify_kept.learnt,
                         ngx_smtp_verify_keeper_key(s),
                         sv_clock_msec());
}


ngx_uint_t
ngx_smtp_verify_keeper_believes(ngx_smtp_verify_session_t *s)
{
    uint64_t    key;
    ngx_uint_t  asked, refused;

    key = ngx_smtp_verify_keeper_key(s);
    asked = s->asked - 1;
    refused = s->refused - 1;

    if (sv_learn_proved(ngx_smtp_verify_keeper_learnt(s), asked, refused)) {
        sv_learn_trusted(&ngx_smtp_verify_kept.learnt, key, asked, refused,
                         sv_clock_msec());
        return 1;
    }

    sv_learn_doubted(&ngx_smtp_verify_kept.learnt, key, asked, refused,
                     sv_clock_msec());

    return 0;
}


void
ngx_smtp_verify_keeper_accepted(ngx_smtp_verify_session_t *s)
{
    sv_learn_accepted(&ngx_smtp_verify_kept.learnt,
                      ngx_smtp_verify_keeper_key(s), s->asked - 1,
                      s->refused, sv_clock_msec());
}


void
ngx_smtp_verify_keeper_agreed(ngx_smtp_verify_session_t *s)
{
    sv_learn_agreed(&ngx_smtp_verify_kept.learnt,
                    ngx_smtp_verify_keeper_key(s), sv_clock_msec());
}


void
ngx_smtp_verify_keeper_proved(ngx_smtp_verify_session_t *s)
{
    sv_learn_cleared(&ngx_smtp_verify_kept.learnt,
                     ngx_smtp_verify_keeper_key(s), sv_clock_msec());

    ngx_smtp_verify_keeper_accepted(s);
}


void
ngx_smtp_verify_keeper_lied(ngx_smtp_verify_session_t *s, ngx_uint_t asked,
    ngx_uint_t refused)
{
    sv_learn_lied(&ngx_smtp_verify_kept.learnt,
                  ngx_smtp_verify_keeper_key(s), asked, refused,
                  sv_clock_msec());
}


/*
 * A server may be more patient with another of our identities.  The hash has a
 * secret key of the worker: somebody who could predict it could find an address
 * of his own with the hash of another server, and make us learn wrong things
 * about that.
 */

uint64_t
ngx_smtp_verify_keeper_key(ngx_smtp_verify_session_t *s)
{
    size_t           len;
    uint64_t         hash[2];
    static uint64_t  secret[2];

    if (s->key) {
        return s->key;
    }

    if (secret[0] == 0 && secret[1] == 0
        && RAND_bytes((u_char *) secret, sizeof(secret)) != 1)
    {
        ERR_clear_error();
        ngx_log_error(NGX_LOG_ALERT, &s->log, 0, "RAND_bytes() failed");
        return 0;
    }

    len = s->socklen;
    hash[0] = sv_siphash_short(secret, s->sockaddr, len);
    hash[1] = s->egress ? sv_siphash_short(secret, s->egress->key.data,
                                           s->egress->key.len)
                        : 0;

    s->key = sv_siphash_short(secret, hash, sizeof(hash));

    return s->key;
}


/* An idle session still holds its slot.  Those who wait in this worker can have
   the session, and others the slot. */

static ngx_int_t
ngx_smtp_verify_keeper_idle(ngx_smtp_verify_session_t *s)
{
    ngx_event_t  *ev;

    ev = &ngx_smtp_verify_kept.yield;

    if (ev->handler == NULL) {
        ev->handler = ngx_smtp_verify_keeper_yield;
        ev->log = ngx_cycle->log;
        ev->cancelable = 1;
        ev->data = ev;
    }

    if (!ev->timer_set) {
        ngx_add_timer(ev, NGX_SMTP_VERIFY_KEEP_YIELD);
    }

    return ngx_smtp_verify_throttle_idle(s->throttle, s->slot, s->limits);
}


static void
ngx_smtp_verify_keeper_yield(ngx_event_t *ev)
{
    ngx_uint_t                  n, given;
    ngx_queue_t                *q, *next;
    ngx_smtp_verify_session_t  *s;

    n = 0;
    given = 0;

    for (q = ngx_queue_head(&ngx_smtp_verify_kept.all);
         q != ngx_queue_sentinel(&ngx_smtp_verify_kept.all);
         q = next)
    {
        next = ngx_queue_next(q);
        s = ngx_queue_data(q, ngx_smtp_verify_session_t, kept);

        if (s->release == NULL) {
            continue;
        }

        /* those who wait in this worker have not been woken yet */

        if (s->idle == ngx_current_msec) {
            n++;
            continue;
        }

        /* if the total is short, any session helps, one for each that waits */

        if (given < ngx_smtp_verify_throttle_shortage(s->throttle)) {
            given++;

        } else if (!ngx_smtp_verify_throttle_wanted(s->throttle, s->slot,
                                                    s->limits))
        {
            n++;
            continue;
        }

        ngx_log_debug1(NGX_LOG_DEBUG_HTTP, &s->log, 0,
                       "smtp verify session: \"%V\" gives its slot up",
                       &s->host);

        ngx_smtp_verify_keeper_give_up(s);
    }

    if (n) {
        ngx_add_timer(ev, NGX_SMTP_VERIFY_KEEP_YIELD);
    }
}


static ngx_uint_t
ngx_smtp_verify_keeper_is(ngx_str_t *one, ngx_str_t *two)
{
    return one->len == two->len
           && ngx_memcmp(one->data, two->data, one->len) == 0;
}


/* Is it a session with this address and the same host name? */

static ngx_uint_t
ngx_smtp_verify_keeper_leads(ngx_smtp_verify_session_t *s, ngx_addr_t *addr,
    ngx_str_t *host)
{
    return s->socklen == addr->socklen
           && ngx_memcmp(s->sockaddr, addr->sockaddr, addr->socklen) == 0
           && ngx_smtp_verify_keeper_is(&s->host, host);
}


static ngx_uint_t
ngx_smtp_verify_keeper_said(ngx_smtp_verify_session_t *s, ngx_str_t *helo,
    ngx_str_t *from)
{
    return ngx_smtp_verify_keeper_is(&s->helo, helo)
           && ngx_smtp_verify_keeper_is(&s->from, from);
}


ngx_smtp_verify_session_t *
ngx_smtp_verify_keeper_find(ngx_smtp_verify_conf_t *conf, ngx_addr_t *addr,
    ngx_smtp_verify_egress_t *egress, ngx_str_t *host, ngx_str_t *helo,
    ngx_str_t *from, ngx_smtp_verify_tls_need_e need, ngx_uint_t n)
{
    ngx_uint_t                  i;
    ngx_queue_t                *q, *bucket;
    const sv_learnt_t          *learnt;
    ngx_smtp_verify_session_t  *s, *best;

    i = 0;
    best = NULL;
    learnt = NULL;
    bucket = ngx_smtp_verify_keeper_bucket(addr->sockaddr, addr->socklen, host);

    for (q = ngx_queue_head(bucket);
         q != ngx_queue_sentinel(bucket) && i < NGX_SMTP_VERIFY_KEEP_LOOK;
         q = ngx_queue_next(q))
    {
        s = ngx_queue_data(q, ngx_smtp_verify_session_t, queue);

        /* the session that was asked most proves most if it accepts */

        if (best && s->asked <= best->asked) {
            i++;
            continue;
        }

        if (s->conf != &conf->session
            || s->transactions + n > s->most
            || s->egress != egress
            || !ngx_smtp_verify_tls_dane_has(s, need)
            || !ngx_smtp_verify_keeper_leads(s, addr, host)
            || !ngx_smtp_verify_keeper_said(s, helo, from))
        {
            continue;
        }

        /* the same for all candidates */

        if (i++ == 0) {
            learnt = ngx_smtp_verify_keeper_learnt(s);
        }

        if (sv_learn_worth(learnt, s->asked, s->refused)) {
            best = s;
        }
    }

    return (best && ngx_smtp_verify_keeper_silent(best)) ? best : NULL;
}


/*
 * Unread data that a server sent unasked would be taken for the reply to the
 * next command.  Its read event will close the session.
 */

static ngx_uint_t
ngx_smtp_verify_keeper_silent(ngx_smtp_verify_session_t *s)
{
    char  buf[1];

    return recv(s->connection->fd, buf, 1, MSG_PEEK) == -1
           && ngx_socket_errno == NGX_EAGAIN;
}


void
ngx_smtp_verify_keeper_take(ngx_smtp_verify_session_t *s)
{
    ngx_connection_t  *c;

    c = s->connection;

    ngx_smtp_verify_keeper_remove(s);

    if (c->read->timer_set) {
        ngx_del_timer(c->read);
    }

    s->handler = NULL;
    s->phase = ngx_smtp_verify_phase_again;
    s->idle = ngx_current_msec - s->idle;
    s->log.action = "talking to mail server";
}


static ngx_queue_t *
ngx_smtp_verify_keeper_bucket(struct sockaddr *sockaddr, socklen_t socklen,
    ngx_str_t *host)
{
    unsigned    place;
    ngx_uint_t  i;

    if (ngx_smtp_verify_kept.all.next == NULL) {
        ngx_queue_init(&ngx_smtp_verify_kept.all);

        for (i = 0; i < NGX_SMTP_VERIFY_KEEP_BUCKETS; i++) {
            ngx_queue_init(&ngx_smtp_verify_kept.hosts[i]);
        }
    }

    place = sv_place(sockaddr, socklen) ^ sv_place(host->data, host->len);

    return &ngx_smtp_verify_kept.hosts[place % NGX_SMTP_VERIFY_KEEP_BUCKETS];
}


/* Mail servers log a session without QUIT as a fault.  So a worker that exits
   at least sends it, without waiting for the reply. */

void
ngx_smtp_verify_keeper_exit(void)
{
    ngx_queue_t                *all;
    ngx_smtp_verify_session_t  *s;

    all = &ngx_smtp_verify_kept.all;

    while (all->next && !ngx_queue_empty(all)) {
        s = ngx_queue_data(ngx_queue_head(all), ngx_smtp_verify_session_t,
                           kept);

        ngx_smtp_verify_keeper_give_up(s);
    }
}


/* The server closed the session, its time is over, or nginx wants to close
   it. */

static void
ngx_smtp_verify_keeper_handler(ngx_smtp_verify_session_t *s)
{
    ngx_connection_t  *c;

    c = s->connection;

    ngx_smtp_verify_keeper_remove(s);

    if (s->release) {
        ngx_smtp_verify_throttle_busy(s->throttle, s->slot);
    }

    if (s->fault == SV_TIMEOUT || (c->close && ngx_exiting)) {
        ngx_log_debug0(NGX_LOG_DEBUG_HTTP, &s->log, 0,
                       "smtp verify idle session ended");

        s->fault = SV_REASON_NONE;
        c->read->timedout = 0;
        c->close = 0;

    } else if (!c->close && !ngx_exiting) {
        ngx_smtp_verify_keeper_closed(s);
    }

    ngx_smtp_verify_session_quit(s);
}


/* The server closed an idle session: at once, because of what it had been
   asked, or later, because it was idle. */

static void
ngx_smtp_verify_keeper_closed(ngx_smtp_verify_session_t *s)
{
    uint64_t    key;
    ngx_msec_t  idle;

    key = ngx_smtp_verify_keeper_key(s);
    idle = ngx_current_msec - s->idle;

    if (idle < NGX_SMTP_VERIFY_KEEP_SOON) {
        sv_learn_most(&ngx_smtp_verify_kept.learnt, key, s->transactions,
                      sv_clock_msec());
        return;
    }

    sv_learn_idle(&ngx_smtp_verify_kept.learnt, key, idle, sv_clock_msec());
}
