
#include "ngx_smtp_verify_fleet_link.h"
#include "ngx_smtp_verify_counters.h"


#define NGX_SMTP_VERIFY_LINK_PAUSE      50      /* ms, before the second try */
#define NGX_SMTP_VERIFY_LINK_PAUSE_MAX  1000
#define NGX_SMTP_VERIFY_LINK_ANSWER     1000    /* ms, for a reply */
#define NGX_SMTP_VERIFY_LINK_SILENCE    4000    /* ms, without any octet */
#define NGX_SMTP_VERIFY_LINK_STEADY     5000    /* ms */
#define NGX_SMTP_VERIFY_LINK_WATCH      250     /* ms */
#define NGX_SMTP_VERIFY_LINK_NEXT       10      /* ms, before another server */


static void ngx_smtp_verify_link_timer(ngx_event_t *ev);
static void ngx_smtp_verify_link_try(ngx_smtp_verify_link_t *link);
static void ngx_smtp_verify_link_watch(ngx_smtp_verify_link_t *link);
static void ngx_smtp_verify_link_flush(ngx_event_t *ev);
static ngx_int_t ngx_smtp_verify_link_append(ngx_smtp_verify_link_t *link,
    const char *data, size_t len);
static void ngx_smtp_verify_link_reply(ngx_smtp_verify_link_t *link,
    sv_resp_value_t *value);
static void ngx_smtp_verify_link_next(ngx_smtp_verify_link_t *link);
static void ngx_smtp_verify_link_lose(ngx_smtp_verify_link_t *link);


ngx_int_t
ngx_smtp_verify_link_start(ngx_smtp_verify_link_t *link, ngx_log_t *log)
{
    link->waits = ngx_alloc(NGX_SMTP_VERIFY_LINK_WAITS
                            * sizeof(ngx_smtp_verify_link_wait_t), log);
    if (link->waits == NULL) {
        return NGX_ERROR;
    }

    link->whys = ngx_calloc(link->fleet->servers->nelts
                            * sizeof(ngx_smtp_verify_link_why_t), log);
    if (link->whys == NULL) {
        ngx_free(link->waits);
        link->waits = NULL;
        return NGX_ERROR;
    }

    link->log = *log;

    link->timer.handler = ngx_smtp_verify_link_timer;
    link->timer.data = link;
    link->timer.log = log;
    link->timer.cancelable = 1;

    link->flush.handler = ngx_smtp_verify_link_flush;
    link->flush.data = link;
    link->flush.log = log;

    link->pause = NGX_SMTP_VERIFY_LINK_PAUSE;

    ngx_add_timer(&link->timer, 1);

    return NGX_OK;
}


void
ngx_smtp_verify_link_stop(ngx_smtp_verify_link_t *link)
{
    if (link->waits == NULL) {
        return;
    }

    ngx_smtp_verify_link_write(link);
    ngx_smtp_verify_link_lose(link);

    if (link->timer.timer_set) {
        ngx_del_timer(&link->timer);
    }

    ngx_free(link->waits);
    link->waits = NULL;

    ngx_free(link->whys);
    link->whys = NULL;

    if (link->out) {
        ngx_free(link->out);
        link->out = NULL;
    }
}


static void
ngx_smtp_verify_link_timer(ngx_event_t *ev)
{
    ngx_smtp_verify_link_t  *link;

    link = ev->data;

    if (link->state == ngx_smtp_verify_link_away) {
        ngx_smtp_verify_link_try(link);

    } else {
        ngx_smtp_verify_link_watch(link);
    }

    ngx_smtp_verify_link_settle(link);
}


static void
ngx_smtp_verify_link_try(ngx_smtp_verify_link_t *link)
{
    if (link->leader) {

        if (link->leader->state != ngx_smtp_verify_link_up) {
            ngx_add_timer(&link->timer, NGX_SMTP_VERIFY_LINK_PAUSE_MAX);
            return;
        }

        link->server = link->leader->server;
    }

    link->state = ngx_smtp_verify_link_connecting;
    link->heard = ngx_current_msec;
    link->ticked = ngx_current_msec;
    link->broken = NULL;

    link->resp = sv_resp_create();

    if (link->resp == NULL) {
        ngx_smtp_verify_link_fail(link, "no memory");
        return;
    }

    ngx_add_timer(&link->timer, NGX_SMTP_VERIFY_LINK_WATCH);

    if (ngx_smtp_verify_link_connect(link) != NGX_OK) {
        ngx_smtp_verify_link_fail(link, "connect() failed");
    }
}


/* A server that does not answer in time is given up.  Its replies would come
   too late for everybody who waits. */

static void
ngx_smtp_verify_link_watch(ngx_smtp_verify_link_t *link)
{
    ngx_msec_t  now, since;

    now = ngx_current_msec;

    if (link->nwaits) {
        since = now - link->waits[link->first].sent;

        if (since > NGX_SMTP_VERIFY_LINK_ANSWER) {
            ngx_smtp_verify_link_silent(link);
            return;
        }
    }

    if (now - link->heard > (link->state == ngx_smtp_verify_link_up
                             ? NGX_SMTP_VERIFY_LINK_SILENCE
                             : NGX_SMTP_VERIFY_LINK_ANSWER))
    {
        ngx_smtp_verify_link_silent(link);
        return;
    }

    if (link->state == ngx_smtp_verify_link_up
        && now - link->ticked >= 1000)
    {
        link->ticked = now;

        /* a link that breaks again and again is opened more rarely */

        if (now - link->since > NGX_SMTP_VERIFY_LINK_STEADY) {
            link->pause = NGX_SMTP_VERIFY_LINK_PAUSE;
            link->tried = 0;
            link->reported = 0;
        }

        link->tick(link);
    }

    ngx_add_timer(&link->timer, NGX_SMTP_VERIFY_LINK_WATCH);
}


ngx_int_t
ngx_smtp_verify_link_command(ngx_smtp_verify_link_t *link, ngx_uint_t argc,
    ngx_str_t *argv, ngx_smtp_verify_link_reply_pt handler, void *data)
{
    if (link->state != ngx_smtp_verify_link_up) {
        return NGX_DECLINED;
    }

    return ngx_smtp_verify_link_send(link, argc, argv, handler, data);
}


ngx_int_t
ngx_smtp_verify_link_send(ngx_smtp_verify_link_t *link, ngx_uint_t argc,
    ngx_str_t *argv, ngx_smtp_verify_link_reply_pt handler, void *data)
{
    long                          n;
    char                         *command;
    size_t                        len[NGX_SMTP_VERIFY_LINK_ARGS];
    ngx_int_t                     rc;
    ngx_uint_t                    i;
    const char                   *args[NGX_SMTP_VERIFY_LINK_ARGS];
    ngx_smtp_verify_link_wait_t  *wait;

    if (link->broken
        || argc > NGX_SMTP_VERIFY_LINK_ARGS
        || link->nwaits == NGX_SMTP_VERIFY_LINK_WAITS)
    {
        return NGX_DECLINED;
    }

    for (i = 0; i < argc; i++) {
        args[i] = (const char *) argv[i].data;
        len[i] = argv[i].len;
    }

    n = sv_resp_format(&command, (int) argc, args, len);
    if (n <= 0) {
        return NGX_DECLINED;
    }

    rc = ngx_smtp_verify_link_append(link, command, n);

    sv_resp_format_free(command);

    if (rc != NGX_OK) {
        return NGX_DECLINED;
    }

    wait = &link->waits[(link->first + link->nwaits++)
                        % NGX_SMTP_VERIFY_LINK_WAITS];
    wait->handler = handler;
    wait->data = data;
    wait->sent = ngx_current_msec;
    wait->mild = 0;

    if (!link->flush.posted) {
        ngx_post_event(&link->flush, &ngx_posted_events);
    }

    return NGX_OK;
}


/* Everything that was sent during this turn of the event loop is written at
   once. */

static void
ngx_smtp_verify_link_flush(ngx_event_t *ev)
{
    ngx_smtp_verify_link_t  *link;

    link = ev->data;

    ngx_smtp_verify_link_write(link);
    ngx_smtp_verify_link_settle(link);
}


static ngx_int_t
ngx_smtp_verify_link_append(ngx_smtp_verify_link_t *link, const char *data,
    size_t len)
{
    u_char  *out;
    size_t   size;

    if (link->out_pos) {
        link->out_len -= link->out_pos;
        ngx_memmove(link->out, link->out + link->out_pos, link->out_len);
        link->out_pos = 0;
    }

    if (link->out_size - link->out_len < len) {

        if (link->out_len + len > NGX_SMTP_VERIFY_LINK_OUT) {
            return NGX_DECLINED;
        }

        size = ngx_max(2 * link->out_size, link->out_len + len);
        size = ngx_max(size, 4096);

        out = ngx_alloc(size, &link->log);
        if (out == NULL) {
            return NGX_DECLINED;
        }

        if (link->out) {
            ngx_memcpy(out, link->out, link->out_len);
            ngx_free(link->out);
        }

        link->out = out;
        link->out_size = size;
    }

    ngx_memcpy(link->out + link->out_len, data, len);
    link->out_len += len;

    return NGX_OK;
}


void
ngx_smtp_verify_link_connected(ngx_smtp_verify_link_t *link)
{
    link->state = ngx_smtp_verify_link_opening;
    link->heard = ngx_current_msec;

    link->open(link);
}


void
ngx_smtp_verify_link_opened(ngx_smtp_verify_link_t *link)
{
    ngx_uint_t                       level;
    ngx_smtp_verify_fleet_server_t  *server;

    server = link->fleet->servers->elts;
    level = link->reported ? NGX_LOG_NOTICE : NGX_LOG_INFO;

    ngx_log_error(level, &link->log, 0, "fleet \"%V\": %s at %V is up",
                  &link->fleet->name, link->what,
                  &server[link->server].addr.name);

    link->state = ngx_smtp_verify_link_up;
    link->since = ngx_current_msec;
    link->refused = NULL;
    ngx_memzero(link->whys, link->fleet->servers->nelts
                            * sizeof(ngx_smtp_verify_link_why_t));
    link->ticked = ngx_current_msec;

    link->tick(link);
}


void
ngx_smtp_verify_link_received(ngx_smtp_verify_link_t *link, u_char *data,
    size_t len)
{
    sv_resp_value_t  *value;

    /* an alert of TLS, before any reply */

    if (link->state == ngx_smtp_verify_link_opening && data[0] == 0x15) {
        ngx_smtp_verify_link_fail(link, "it wants TLS");
        return;
    }

    link->heard = ngx_current_msec;

    if (sv_resp_feed(link->resp, (char *) data, len) != 0) {
        ngx_smtp_verify_link_fail(link, "it sent too large a reply");
        return;
    }

    while (link->broken == NULL) {

        if (sv_resp_next(link->resp, &value) != 0) {
            ngx_smtp_verify_link_fail(link, "it sent an invalid reply");
            return;
        }

        if (value == NULL) {
            return;
        }

        ngx_smtp_verify_link_reply(link, value);
        sv_resp_value_free(value);
    }
}


static void
ngx_smtp_verify_link_reply(ngx_smtp_verify_link_t *link,
    sv_resp_value_t *value)
{
    ngx_smtp_verify_link_wait_t  wait;

    /* whatever comes shows that the server lives; no command of such a link
       waits for its own reply */

    if (link->push && link->state == ngx_smtp_verify_link_up) {
        link->nwaits = 0;
        link->push(link, value);
        return;
    }

    if (link->nwaits == 0) {
        ngx_smtp_verify_link_fail(link, "it replied to nothing");
        return;
    }

    wait = link->waits[link->first];

    link->first = (link->first + 1) % NGX_SMTP_VERIFY_LINK_WAITS;
    link->nwaits--;

    if (value->type == sv_resp_error) {
        ngx_smtp_verify_link_error(link, value, wait.mild);
    }

    if (wait.handler) {
        wait.handler(wait.data, value);
    }
}


/* What a store tells comes from the server that is asked. */

void
ngx_smtp_verify_link_follow(ngx_smtp_verify_link_t *link)
{
    if (link->state == ngx_smtp_verify_link_away) {

        if (link->timer.timer_set) {
            ngx_del_timer(&link->timer);
        }

        ngx_add_timer(&link->timer, 1);

    } else if (link->server != link->leader->server) {
        ngx_smtp_verify_link_fail(link, "another server is used now");
    }
}


void
ngx_smtp_verify_link_fail(ngx_smtp_verify_link_t *link, const char *why)
{
    if (link->broken == NULL) {
        link->broken = why;
    }

    if (!link->flush.posted) {
        ngx_post_event(&link->flush, &ngx_posted_events);
    }
}


/* Called at the end of each event: closes a link that broke in between, when
   nothing on the stack uses it any more. */

void
ngx_smtp_verify_link_settle(ngx_smtp_verify_link_t *link)
{
    if (link->broken == NULL
        || link->reading
        || link->state == ngx_smtp_verify_link_away)
    {
        return;
    }

    ngx_smtp_verify_count(FLEET_LOST);

    ngx_smtp_verify_link_report(link);
    ngx_smtp_verify_link_lose(link);
    ngx_smtp_verify_link_next(link);
}


/* All servers are tried one after the other, then there is a pause. */

static void
ngx_smtp_verify_link_next(ngx_smtp_verify_link_t *link)
{
    if (link->leader == NULL) {

        link->server = (link->server + 1) % link->fleet->servers->nelts;

        if (++link->tried < link->fleet->servers->nelts) {
            ngx_add_timer(&link->timer, NGX_SMTP_VERIFY_LINK_NEXT);
            return;
        }

        link->tried = 0;
    }

    ngx_add_timer(&link->timer, link->pause / 2
                                + ngx_random() % (link->pause / 2 + 1));

    link->pause = ngx_min(link->pause * 2, NGX_SMTP_VERIFY_LINK_PAUSE_MAX);
}


static void
ngx_smtp_verify_link_lose(ngx_smtp_verify_link_t *link)
{
    ngx_uint_t                   n;
    ngx_smtp_verify_link_wait_t  wait;

    link->state = ngx_smtp_verify_link_away;

    ngx_smtp_verify_link_close(link);

    if (link->timer.timer_set) {
        ngx_del_timer(&link->timer);
    }

    if (link->flush.posted) {
        ngx_delete_posted_event(&link->flush);
    }

    sv_resp_free(link->resp);
    link->resp = NULL;

    link->out_pos = 0;
    link->out_len = 0;

    /* no command can be added meanwhile, since the link is away */

    for (n = link->nwaits; n; n--) {
        wait = link->waits[link->first];

        link->first = (link->first + 1) % NGX_SMTP_VERIFY_LINK_WAITS;
        link->nwaits--;

        if (wait.handler) {
            wait.handler(wait.data, NULL);
        }
    }

    if (link->lost) {
        link->lost(link);
    }
}
