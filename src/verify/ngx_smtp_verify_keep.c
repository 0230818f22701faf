
#include "ngx_smtp_verify_keep.h"
#include "sv_clock.h"
#include "sv_learn.h"


#define NGX_SMTP_VERIFY_KEEP_BUCKETS  64
#define NGX_SMTP_VERIFY_KEEP_YIELD    25        /* ms */
#define NGX_SMTP_VERIFY_KEEP_LEAST    50        /* ms, that are worth it */
#define NGX_SMTP_VERIFY_KEEP_SOON     200       /* ms: it was not for idling */
#define NGX_SMTP_VERIFY_KEEP_LATE     1000      /* ms: it may have been */


static ngx_queue_t *ngx_smtp_verify_keep_bucket(struct sockaddr *sockaddr,
    socklen_t socklen);
static ngx_uint_t ngx_smtp_verify_keep_silent(ngx_smtp_verify_session_t *s);
static ngx_msec_t ngx_smtp_verify_keep_time(ngx_smtp_verify_conf_t *conf,
    ngx_smtp_verify_session_t *s);
static const sv_learnt_t *ngx_smtp_verify_keep_learnt(
    ngx_smtp_verify_session_t *s);
static uint32_t ngx_smtp_verify_keep_hash(struct sockaddr *sockaddr,
    socklen_t socklen);
static void ngx_smtp_verify_keep_idle(ngx_smtp_verify_session_t *s);
static void ngx_smtp_verify_keep_yield(ngx_event_t *ev);
static void ngx_smtp_verify_keep_handler(ngx_smtp_verify_session_t *s);
static void ngx_smtp_verify_keep_closed(ngx_smtp_verify_session_t *s);


static ngx_queue_t  ngx_smtp_verify_kept[NGX_SMTP_VERIFY_KEEP_BUCKETS];
static ngx_event_t  ngx_smtp_verify_keep_event;
static sv_learn_t   ngx_smtp_verify_learned;


void
ngx_smtp_verify_keep(ngx_smtp_verify_conf_t *conf,
    ngx_smtp_verify_session_t *s)
{
    ngx_msec_t         time;
    ngx_connection_t  *c;

    c = s->peer.connection;
    time = ngx_smtp_verify_keep_time(conf, s);

    if (conf->keep.transactions == 0
        || c == NULL
        || ngx_exiting
        || !ngx_smtp_verify_session_reusable(s)
        || time < NGX_SMTP_VERIFY_KEEP_LEAST
        || s->transactions >= s->most
        || s->refused >= conf->keep.rejects
        || ngx_smtp_verify_session_own(s) != NGX_OK)
    {
        ngx_smtp_verify_session_quit(s);
        return;
    }

    ngx_queue_insert_head(ngx_smtp_verify_keep_bucket(s->sockaddr,
                                                      s->socklen),
                          &s->queue);

    ngx_smtp_verify_session_leave(s);

    s->handler = ngx_smtp_verify_keep_handler;
    s->log.action = "keeping an idle session with mail server";

    /* closed when nginx stops, or needs the connection */

    c->idle = 1;
    ngx_reusable_connection(c, 1);

    s->idle = ngx_current_msec;

    ngx_add_timer(c->read, time);

    if (s->release) {
        ngx_smtp_verify_keep_idle(s);
    }
}


/* for how long, and for how many: less where the server was seen to take
   less */

static ngx_msec_t
ngx_smtp_verify_keep_time(ngx_smtp_verify_conf_t *conf,
    ngx_smtp_verify_session_t *s)
{
    const sv_learnt_t  *learnt;

    learnt = ngx_smtp_verify_keep_learnt(s);

    if (s->refused >= sv_learn_refusals(learnt)) {
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
ngx_smtp_verify_keep_learn(ngx_smtp_verify_session_t *s, ngx_uint_t closed)
{
    uint32_t  hash;

    hash = ngx_smtp_verify_keep_hash(s->sockaddr, s->socklen);

    if (closed && s->reused && s->idle >= NGX_SMTP_VERIFY_KEEP_LATE) {
        sv_learn_idle(&ngx_smtp_verify_learned, hash, s->idle,
                      sv_clock_msec());
        return;
    }

    sv_learn_most(&ngx_smtp_verify_learned, hash, s->transactions - 1,
                  sv_clock_msec());
}


static const sv_learnt_t *
ngx_smtp_verify_keep_learnt(ngx_smtp_verify_session_t *s)
{
    return sv_learn_find(&ngx_smtp_verify_learned,
                         ngx_smtp_verify_keep_hash(s->sockaddr, s->socklen),
                         sv_clock_msec());
}


ngx_uint_t
ngx_smtp_verify_keep_believes(ngx_smtp_verify_session_t *s)
{
    return sv_learn_believed(ngx_smtp_verify_keep_learnt(s));
}


void
ngx_smtp_verify_keep_accepted(ngx_smtp_verify_session_t *s)
{
    sv_learn_accepted(&ngx_smtp_verify_learned,
                      ngx_smtp_verify_keep_hash(s->sockaddr, s->socklen),
                      s->refused, sv_clock_msec());
}


void
ngx_smtp_verify_keep_doubted(ngx_smtp_verify_session_t *s)
{
    sv_learn_doubted(&ngx_smtp_verify_learned,
                     ngx_smtp_verify_keep_hash(s->sockaddr, s->socklen),
                     sv_clock_msec());
}


void
ngx_smtp_verify_keep_lied(ngx_smtp_verify_session_t *s, ngx_uint_t refused)
{
    sv_learn_lied(&ngx_smtp_verify_learned,
                  ngx_smtp_verify_keep_hash(s->sockaddr, s->socklen),
                  refused, sv_clock_msec());
}


/* its slot is held: who waits here may have the session, others the slot */

static void
ngx_smtp_verify_keep_idle(ngx_smtp_verify_session_t *s)
{
    ngx_event_t  *ev;

    ngx_smtp_verify_throttle_idle(s->throttle, s->slot);

    ev = &ngx_smtp_verify_keep_event;

    if (ev->handler == NULL) {
        ev->handler = ngx_smtp_verify_keep_yield;
        ev->log = ngx_cycle->log;
        ev->cancelable = 1;
        ev->data = ev;
    }

    if (!ev->timer_set) {
        ngx_add_timer(ev, NGX_SMTP_VERIFY_KEEP_YIELD);
    }
}


static void
ngx_smtp_verify_keep_yield(ngx_event_t *ev)
{
    ngx_uint_t                  i, n;
    ngx_queue_t                *q, *next, *bucket;
    ngx_smtp_verify_session_t  *s;

    n = 0;

    for (i = 0; i < NGX_SMTP_VERIFY_KEEP_BUCKETS; i++) {

        bucket = &ngx_smtp_verify_kept[i];

        for (q = ngx_queue_head(bucket);
             q != ngx_queue_sentinel(bucket);
             q = next)
        {
            next = ngx_queue_next(q);
            s = ngx_queue_data(q, ngx_smtp_verify_session_t, queue);

            if (s->release == NULL) {
                continue;
            }

            if (ngx_smtp_verify_throttle_wanted(s->throttle, s->slot,
                                                s->limits))
            {
                ngx_smtp_verify_keep_take(s);
                ngx_smtp_verify_session_quit(s);
                continue;
            }

            n++;
        }
    }

    if (n) {
        ngx_add_timer(ev, NGX_SMTP_VERIFY_KEEP_YIELD);
    }
}


ngx_smtp_verify_session_t *
ngx_smtp_verify_keep_find(ngx_smtp_verify_conf_t *conf, ngx_addr_t *addr,
    ngx_smtp_verify_egress_t *egress, ngx_str_t *host, ngx_str_t *helo,
    ngx_str_t *from, ngx_uint_t n)
{
    ngx_queue_t                *q, *bucket;
    ngx_smtp_verify_session_t  *s;

    if (conf->keep.transactions == 0) {
        return NULL;
    }

    bucket = ngx_smtp_verify_keep_bucket(addr->sockaddr, addr->socklen);

    for (q = ngx_queue_head(bucket);
         q != ngx_queue_sentinel(bucket);
         q = ngx_queue_next(q))
    {
        s = ngx_queue_data(q, ngx_smtp_verify_session_t, queue);

        if (s->conf != &conf->session
            || s->transactions + n > s->most
            || s->egress != egress
            || s->socklen != addr->socklen
            || ngx_memcmp(s->sockaddr, addr->sockaddr, addr->socklen) != 0
            || s->host.len != host->len
            || ngx_memcmp(s->host.data, host->data, host->len) != 0
            || s->helo.len != helo->len
            || ngx_memcmp(s->helo.data, helo->data, helo->len) != 0
            || s->from.len != from->len
            || ngx_memcmp(s->from.data, from->data, from->len) != 0
            || !ngx_smtp_verify_keep_silent(s))
        {
            continue;
        }

        return s;
    }

    return NULL;
}


/*
 * What a server has said unasked, and nobody has read yet, would be taken for
 * the answer to what is said next.  Its event will close the session.
 */

static ngx_uint_t
ngx_smtp_verify_keep_silent(ngx_smtp_verify_session_t *s)
{
    char  buf[1];

    return recv(s->peer.connection->fd, buf, 1, MSG_PEEK) == -1
           && ngx_socket_errno == NGX_EAGAIN;
}


void
ngx_smtp_verify_keep_take(ngx_smtp_verify_session_t *s)
{
    ngx_connection_t  *c;

    c = s->peer.connection;

    ngx_queue_remove(&s->queue);

    c->idle = 0;
    ngx_reusable_connection(c, 0);

    if (c->read->timer_set) {
        ngx_del_timer(c->read);
    }

    s->reused = 1;
    s->idle = ngx_current_msec - s->idle;
    s->log.action = "talking to mail server";
}


static ngx_queue_t *
ngx_smtp_verify_keep_bucket(struct sockaddr *sockaddr, socklen_t socklen)
{
    uint32_t      hash;
    ngx_uint_t    i;
    ngx_queue_t  *bucket;

    if (ngx_smtp_verify_kept[0].next == NULL) {
        for (i = 0; i < NGX_SMTP_VERIFY_KEEP_BUCKETS; i++) {
            ngx_queue_init(&ngx_smtp_verify_kept[i]);
        }
    }

    hash = ngx_smtp_verify_keep_hash(sockaddr, socklen);
    bucket = &ngx_smtp_verify_kept[hash % NGX_SMTP_VERIFY_KEEP_BUCKETS];

    return bucket;
}


static uint32_t
ngx_smtp_verify_keep_hash(struct sockaddr *sockaddr, socklen_t socklen)
{
    return ngx_murmur_hash2((u_char *) sockaddr, socklen);
}


/* it was closed by the server, or waited in vain, or nginx wants it closed */

static void
ngx_smtp_verify_keep_handler(ngx_smtp_verify_session_t *s)
{
    ngx_connection_t  *c;

    c = s->peer.connection;

    ngx_queue_remove(&s->queue);

    c->idle = 0;
    ngx_reusable_connection(c, 0);

    if (s->fault == SV_TIMEOUT) {
        ngx_log_debug0(NGX_LOG_DEBUG_HTTP, &s->log, 0,
                       "smtp verify idle session ended");

        s->fault = SV_REASON_NONE;
        s->dirty = 0;
        c->read->timedout = 0;

    } else if (!c->close && !ngx_exiting) {
        ngx_smtp_verify_keep_closed(s);
    }

    ngx_smtp_verify_session_quit(s);
}


/* by the server: at once, for what it had been asked, or for doing nothing */

static void
ngx_smtp_verify_keep_closed(ngx_smtp_verify_session_t *s)
{
    uint32_t    hash;
    ngx_msec_t  idle;

    hash = ngx_smtp_verify_keep_hash(s->sockaddr, s->socklen);
    idle = ngx_current_msec - s->idle;

    if (idle < NGX_SMTP_VERIFY_KEEP_SOON) {
        sv_learn_most(&ngx_smtp_verify_learned, hash, s->transactions,
                      sv_clock_msec());
        return;
    }

    sv_learn_idle(&ngx_smtp_verify_learned, hash, idle, sv_clock_msec());
}
