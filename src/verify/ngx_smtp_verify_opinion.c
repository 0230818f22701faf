
#include "ngx_smtp_verify_opinion.h"
#include "ngx_smtp_verify_counters.h"
#include "ngx_smtp_verify_probe.h"
#include "sv_wipe.h"


#define NGX_SMTP_VERIFY_OPINION_MAX   256       /* waiting in a worker */
#define NGX_SMTP_VERIFY_OPINION_ASKS  2         /* asked at a time */
#define NGX_SMTP_VERIFY_OPINION_TICK  250       /* ms */


/* the address and MAIL FROM follow the structure */

typedef struct {
    ngx_queue_t                 queue;
    ngx_smtp_verify_conf_t     *conf;
    ngx_smtp_verify_egress_t   *first;          /* identity that asked first */
    ngx_smtp_verify_probe_t    *probe;          /* NULL: not begun yet */
    sv_status_e                 status;         /* the first opinion */
    ngx_msec_t                  due;
    ngx_str_t                   email;
    ngx_str_t                   from;
    size_t                      size;
} ngx_smtp_verify_opinion_t;


static ngx_uint_t ngx_smtp_verify_opinion_is_sampled(
    ngx_smtp_verify_probe_t *p);
static ngx_uint_t ngx_smtp_verify_opinion_is_known(
    ngx_smtp_verify_result_t *result);
static ngx_smtp_verify_opinion_t *ngx_smtp_verify_opinion_create(
    ngx_smtp_verify_probe_t *p);
static void ngx_smtp_verify_opinion_tick(ngx_event_t *ev);
static void ngx_smtp_verify_opinion_ask(ngx_smtp_verify_opinion_t *o);
static void ngx_smtp_verify_opinion_handler(void *data,
    ngx_smtp_verify_result_t *result);
static void ngx_smtp_verify_opinion_told(ngx_smtp_verify_opinion_t *o,
    ngx_smtp_verify_result_t *result);
static void ngx_smtp_verify_opinion_free(ngx_smtp_verify_opinion_t *o);


static struct {
    ngx_queue_t  queue;
    ngx_uint_t   n;
    ngx_uint_t   asks;
    ngx_event_t  tick;
}  ngx_smtp_verify_opinions;


void
ngx_smtp_verify_opinion(ngx_smtp_verify_probe_t *p)
{
    ngx_event_t                *ev;
    ngx_smtp_verify_opinion_t  *o;

    if (!ngx_smtp_verify_opinion_is_sampled(p)) {
        return;
    }

    ev = &ngx_smtp_verify_opinions.tick;

    if (ev->handler == NULL) {
        ngx_queue_init(&ngx_smtp_verify_opinions.queue);
        ev->handler = ngx_smtp_verify_opinion_tick;
        ev->log = ngx_cycle->log;
        ev->cancelable = 1;
        ev->data = ev;
    }

    o = NULL;

    if (ngx_smtp_verify_opinions.n < NGX_SMTP_VERIFY_OPINION_MAX) {
        o = ngx_smtp_verify_opinion_create(p);
    }

    if (o == NULL) {
        ngx_smtp_verify_count(OPINIONS_DROPPED);
        return;
    }

    ngx_queue_insert_tail(&ngx_smtp_verify_opinions.queue, &o->queue);
    ngx_smtp_verify_opinions.n++;

    if (!ev->timer_set) {
        ngx_add_timer(ev, NGX_SMTP_VERIFY_OPINION_TICK);
    }
}


static ngx_uint_t
ngx_smtp_verify_opinion_is_sampled(ngx_smtp_verify_probe_t *p)
{
    return p->conf->pool && p->egress
           && p->first == NULL && !ngx_exiting
           && ngx_smtp_verify_opinion_is_known(&p->result)
           && (ngx_uint_t) ngx_random() % NGX_SMTP_VERIFY_OPINION_ALL
              < p->conf->opinion_rate;
}


/* Did a mail server say something about the mailbox? */

static ngx_uint_t
ngx_smtp_verify_opinion_is_known(ngx_smtp_verify_result_t *result)
{
    return result->evidence.stage == SV_STAGE_RCPT
           && sv_reason_info(result->found)->status != SV_UNKNOWN;
}


static ngx_smtp_verify_opinion_t *
ngx_smtp_verify_opinion_create(ngx_smtp_verify_probe_t *p)
{
    size_t                      size;
    ngx_smtp_verify_opinion_t  *o;

    size = sizeof(ngx_smtp_verify_opinion_t) + p->result.email.len
           + p->from_asked.len;

    o = ngx_calloc(size, ngx_cycle->log);
    if (o == NULL) {
        return NULL;
    }

    o->conf = p->conf;
    o->first = p->egress;
    o->status = sv_reason_info(p->result.found)->status;
    o->due = ngx_current_msec + p->conf->opinion_delay;
    o->size = size;

    o->email.data = (u_char *) &o[1];
    o->email.len = p->result.email.len;

    o->from.data = ngx_cpymem(o->email.data, p->result.email.data,
                              o->email.len);
    o->from.len = p->from_asked.len;

    ngx_memcpy(o->from.data, p->from_asked.data, o->from.len);

    return o;
}


static void
ngx_smtp_verify_opinion_tick(ngx_event_t *ev)
{
    ngx_queue_t                *q, *next;
    ngx_smtp_verify_opinion_t  *o;

    if (ngx_exiting) {
        ngx_smtp_verify_opinion_exit();
        return;
    }

    for (q = ngx_queue_head(&ngx_smtp_verify_opinions.queue);
         q != ngx_queue_sentinel(&ngx_smtp_verify_opinions.queue);
         q = next)
    {
        next = ngx_queue_next(q);
        o = ngx_queue_data(q, ngx_smtp_verify_opinion_t, queue);

        if (ngx_smtp_verify_opinions.asks == NGX_SMTP_VERIFY_OPINION_ASKS) {
            break;
        }

        if (o->probe == NULL
            && (ngx_msec_int_t) (o->due - ngx_current_msec) <= 0
            && ngx_smtp_verify_share_free(&o->conf->share) == NGX_OK)
        {
            ngx_smtp_verify_opinion_ask(o);
        }
    }

    if (ngx_smtp_verify_opinions.n) {
        ngx_add_timer(ev, NGX_SMTP_VERIFY_OPINION_TICK);
    }
}


/* Asks as a client of its own, and everybody else goes first. */

static void
ngx_smtp_verify_opinion_ask(ngx_smtp_verify_opinion_t *o)
{
    ngx_str_t                  none = ngx_null_string;
    ngx_smtp_verify_ask_t      ask;
    ngx_smtp_verify_client_t   client;

    ngx_memzero(&ask, sizeof(ngx_smtp_verify_ask_t));
    ngx_memset(client.key, 0xff, NGX_SMTP_VERIFY_CLIENT_LEN);

    ask.conf = o->conf;
    ask.handler = ngx_smtp_verify_opinion_handler;
    ask.data = o;
    ask.email = o->email;
    ask.helo = none;
    ask.from = o->from;
    ask.client = &client;
    ask.start = ngx_current_msec;
    ask.smtp = 1;
    ask.bulk = 1;

    o->probe = ngx_smtp_verify_probe_create(&ask, ngx_cycle->log);

    if (o->probe == NULL) {
        ngx_smtp_verify_count(OPINIONS_DROPPED);
        ngx_smtp_verify_opinion_free(o);
        return;
    }

    ngx_log_debug0(NGX_LOG_DEBUG_HTTP, ngx_cycle->log, 0,
                   "smtp verify second opinion: asks");

    ngx_smtp_verify_opinions.asks++;
    o->probe->first = o->first;

    if (ngx_smtp_verify_probe_start(o->probe) == NGX_OK) {
        ngx_smtp_verify_opinion_told(o,
                                     ngx_smtp_verify_probe_result(o->probe));
    }
}


static void
ngx_smtp_verify_opinion_handler(void *data, ngx_smtp_verify_result_t *result)
{
    ngx_smtp_verify_opinion_told(data, result);
}


static void
ngx_smtp_verify_opinion_told(ngx_smtp_verify_opinion_t *o,
    ngx_smtp_verify_result_t *result)
{
    sv_status_e  status;

    status = sv_reason_info(result->found)->status;

    ngx_log_debug2(NGX_LOG_DEBUG_HTTP, ngx_cycle->log, 0,
                   "smtp verify second opinion: %s, the first was %s",
                   sv_status_name(status), sv_status_name(o->status));

    if (ngx_smtp_verify_opinion_is_known(result)) {
        ngx_smtp_verify_counters->opinions[o->status][status]++;

    } else {
        ngx_smtp_verify_count(OPINIONS_UNAVAILABLE);
    }

    ngx_smtp_verify_opinion_free(o);
}


static void
ngx_smtp_verify_opinion_free(ngx_smtp_verify_opinion_t *o)
{
    if (o->probe) {
        ngx_smtp_verify_opinions.asks--;
        ngx_smtp_verify_probe_destroy(o->probe);
    }

    ngx_queue_remove(&o->queue);
    ngx_smtp_verify_opinions.n--;

    sv_wipe_free(o);
}


void
ngx_smtp_verify_opinion_exit(void)
{
    ngx_queue_t                *queue;
    ngx_smtp_verify_opinion_t  *o;

    queue = &ngx_smtp_verify_opinions.queue;

    while (queue->next && !ngx_queue_empty(queue)) {
        o = ngx_queue_data(ngx_queue_head(queue), ngx_smtp_verify_opinion_t,
                           queue);

        ngx_smtp_verify_opinion_free(o);
    }
}
