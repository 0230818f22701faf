
#include "ngx_smtp_verify_fleet_worker.h"
#include "ngx_smtp_verify_counters.h"
#include "sv_clock.h"
#include "sv_wipe.h"


#define NGX_SMTP_VERIFY_FLEET_AGAIN  1000   /* ms; while another machine works:
                                               does it still live? */
#define NGX_SMTP_VERIFY_FLEET_HOLD   "600000"   /* ms, longer than any probe */
#define NGX_SMTP_VERIFY_FLEET_SLOW   500    /* ms in which all answers were too
                                               late: one question at a time
                                               then */
#define NGX_SMTP_VERIFY_FLEET_VAIN   16     /* questions that have waited for
                                               other machines in vain */


/* the command of a question, whose arguments are in "buf" where they are not
   kept elsewhere */

typedef struct {
    ngx_str_t   argv[20];
    ngx_uint_t  n;
    u_char      buf[2048 + 64];
} ngx_smtp_verify_fleet_args_t;


static ngx_uint_t ngx_smtp_verify_fleet_ask_may(
    ngx_smtp_verify_fleet_worker_t *w);
static ngx_int_t ngx_smtp_verify_fleet_ask_send(
    ngx_smtp_verify_fleet_ask_t *ask);
static void ngx_smtp_verify_fleet_ask_args(ngx_smtp_verify_fleet_ask_t *ask,
    ngx_smtp_verify_fleet_args_t *args);
static void ngx_smtp_verify_fleet_arg(ngx_smtp_verify_fleet_args_t *args,
    u_char *data, size_t len);
static void ngx_smtp_verify_fleet_ask_reply(void *data,
    sv_resp_value_t *value);
static ngx_uint_t ngx_smtp_verify_fleet_ask_read(
    ngx_smtp_verify_fleet_ask_t *ask, sv_resp_value_t *value);
static ngx_uint_t ngx_smtp_verify_fleet_ask_trusts(
    ngx_smtp_verify_fleet_ask_t *ask);
static void ngx_smtp_verify_fleet_ask_found(ngx_smtp_verify_fleet_ask_t *ask,
    ngx_smtp_verify_name_t *name, sv_resp_value_t *value);
static void ngx_smtp_verify_fleet_ask_unwait(
    ngx_smtp_verify_fleet_ask_t *ask);
static void ngx_smtp_verify_fleet_ask_rest(ngx_smtp_verify_fleet_ask_t *ask);
static void ngx_smtp_verify_fleet_ask_again(ngx_event_t *ev);
static void ngx_smtp_verify_fleet_ask_end(ngx_smtp_verify_fleet_ask_t *ask);


ngx_int_t
ngx_smtp_verify_fleet_ask(ngx_smtp_verify_fleet_worker_t *w,
    ngx_smtp_verify_fetch_t *fetch)
{
    u_char                       *p;
    ngx_smtp_verify_fleet_ask_t  *ask;

    if (!ngx_smtp_verify_fleet_ask_may(w)) {
        return NGX_OK;
    }

    ask = ngx_calloc(sizeof(ngx_smtp_verify_fleet_ask_t), ngx_cycle->log);
    if (ask == NULL) {
        return NGX_OK;
    }

    ask->worker = w;
    ask->fetch = fetch;

    ask->timer.handler = ngx_smtp_verify_fleet_ask_again;
    ask->timer.data = ask;
    ask->timer.log = ngx_cycle->log;
    ask->timer.cancelable = 1;

    p = ngx_smtp_verify_fleet_claim(ask->claim, &fetch->names[0]);

    ask->node.str.data = ask->claim;
    ask->node.str.len = p - ask->claim;
    ask->node.node.key = ngx_crc32_short(ask->claim, ask->node.str.len);

    if (ngx_smtp_verify_fleet_ask_send(ask) != NGX_OK) {
        ngx_free(ask);
        return NGX_OK;
    }

    fetch->ctx = ask;

    return NGX_AGAIN;
}


/*
 * A question that is answered too late costs its request no more than the
 * timeout, but one that is not asked may cost a conversation.  So a store that
 * is late now and then is asked all the same.  One that has not been in time
 * for a while gets one question at a time, so that one request waits in vain:
 * as soon as it has answered in time it is asked everything again, and one that
 * is silent is not asked at all.
 */

static ngx_uint_t
ngx_smtp_verify_fleet_ask_may(ngx_smtp_verify_fleet_worker_t *w)
{
    if (w->commands.state != ngx_smtp_verify_link_up) {
        return 0;
    }

    if (w->late
        && w->asking
        && ngx_current_msec - w->late_since >= NGX_SMTP_VERIFY_FLEET_SLOW)
    {
        ngx_log_debug2(NGX_LOG_DEBUG_HTTP, ngx_cycle->log, 0,
                       "smtp verify fleet \"%V\": the store is too slow, and "
                       "has %ui questions", &w->fleet->name, w->asking);
        return 0;
    }

    return 1;
}


/* What waits to be written goes first, so that this question finds it. */

static ngx_int_t
ngx_smtp_verify_fleet_ask_send(ngx_smtp_verify_fleet_ask_t *ask)
{
    ngx_smtp_verify_fetch_t          *fetch;
    ngx_smtp_verify_fleet_args_t      args;
    ngx_smtp_verify_fleet_worker_t   *w;

    w = ask->worker;
    fetch = ask->fetch;

    ngx_smtp_verify_fleet_write_flush(w);
    ngx_smtp_verify_fleet_ask_args(ask, &args);

    if (ngx_smtp_verify_link_command(&w->commands, args.n, args.argv,
                                     ngx_smtp_verify_fleet_ask_reply, ask)
        != NGX_OK)
    {
        return NGX_DECLINED;
    }

    ngx_smtp_verify_count(FLEET_ASKED);

    ask->asking = 1;
    w->asking++;
    ask->woken = 0;
    ask->sent = ngx_current_msec;

    if (fetch->claims && !ask->listens) {
        ask->listens = 1;
        ngx_rbtree_insert(&w->waiting, &ask->node.node);
    }

    return NGX_OK;
}


/* The arguments of the script: first the keys of entries and of the claim. */

static void
ngx_smtp_verify_fleet_ask_args(ngx_smtp_verify_fleet_ask_t *ask,
    ngx_smtp_verify_fleet_args_t *args)
{
    u_char                          *p, *last, *key;
    ngx_uint_t                       i;
    ngx_smtp_verify_fetch_t         *fetch;
    ngx_smtp_verify_fleet_worker_t  *w;

    w = ask->worker;
    fetch = ask->fetch;

    p = args->buf;
    last = p + sizeof(args->buf);

    args->n = 0;

    ngx_smtp_verify_fleet_arg(args, (u_char *) "EVALSHA", 7);
    ngx_smtp_verify_fleet_arg(args, w->ask.sha, sizeof(w->ask.sha));
    args->n++;

    for (i = 0; i < fetch->n; i++) {
        key = p;
        p = ngx_slprintf(p, last, "%V:e:", &w->fleet->prefix);
        p = ngx_smtp_verify_fleet_name(p, fetch->names[i].kind,
                                       fetch->names[i].key);
        ngx_smtp_verify_fleet_arg(args, key, p - key);
    }

    if (fetch->claims) {
        key = p;
        p = ngx_slprintf(p, last, "%V:c:%V", &w->fleet->prefix,
                         &ask->node.str);
        ngx_smtp_verify_fleet_arg(args, key, p - key);
    }

    args->argv[2].data = p;
    p = ngx_slprintf(p, last, "%ui", args->n - 3);
    args->argv[2].len = p - args->argv[2].data;

    key = p;
    p = ngx_slprintf(p, last, "%ui", fetch->n);
    ngx_smtp_verify_fleet_arg(args, key, p - key);

    for (i = 0; i < fetch->n; i++) {
        key = p;
        p = ngx_slprintf(p, last, "%08xD",
                         sv_fleet_variant(fetch->names[i].variant));
        ngx_smtp_verify_fleet_arg(args, key, p - key);
    }

    ngx_smtp_verify_fleet_arg(args, w->id, NGX_SMTP_VERIFY_FLEET_ID);
    ngx_smtp_verify_fleet_arg(args, w->alive.data, w->alive.len);
    ngx_smtp_verify_fleet_arg(args, (u_char *) NGX_SMTP_VERIFY_FLEET_HOLD,
                              sizeof(NGX_SMTP_VERIFY_FLEET_HOLD) - 1);
    ngx_smtp_verify_fleet_arg(args, w->owner, NGX_SMTP_VERIFY_FLEET_OWNER);
}


static void
ngx_smtp_verify_fleet_arg(ngx_smtp_verify_fleet_args_t *args, u_char *data,
    size_t len)
{
    args->argv[args->n].data = data;
    args->argv[args->n].len = len;
    args->n++;
}


/* Nobody wants the answer any more. */

void
ngx_smtp_verify_fleet_ask_cancel(ngx_smtp_verify_fetch_t *fetch)
{
    ngx_smtp_verify_fleet_ask_t  *ask;

    ask = fetch->ctx;
    ask->fetch = NULL;

    ngx_smtp_verify_fleet_ask_unwait(ask);
    ngx_smtp_verify_fleet_ask_rest(ask);

    if (!ask->asking) {
        ngx_free(ask);
    }
}


/* The time for the reply is over, and the caller goes on.  If the reply gives
   this machine the claim, the caller keeps it, so that other machines do not
   ask the same. */

ngx_int_t
ngx_smtp_verify_fleet_ask_late(ngx_smtp_verify_fetch_t *fetch)
{
    ngx_smtp_verify_fleet_ask_t     *ask;
    ngx_smtp_verify_fleet_worker_t  *w;

    ask = fetch->ctx;
    w = ask->worker;

    if (ask->waited) {
        w->vain++;
    }

    if (!ask->asking) {
        return NGX_DECLINED;
    }

    ngx_smtp_verify_fleet_ask_unwait(ask);
    ngx_smtp_verify_fleet_ask_rest(ask);

    if (fetch->claims) {
        fetch->claimed = 1;
        ask->kept = 1;
    }

    if (ngx_current_msec - ask->sent >= w->fleet->timeout) {
        ngx_smtp_verify_count(FLEET_LATE);

        if (!w->late) {
            w->late = 1;
            w->late_since = ngx_current_msec;
        }
    }

    return NGX_AGAIN;
}


static void
ngx_smtp_verify_fleet_ask_reply(void *data, sv_resp_value_t *value)
{
    ngx_uint_t                       state;
    ngx_smtp_verify_fleet_ask_t     *ask;
    ngx_smtp_verify_fleet_worker_t  *w;

    ask = data;
    w = ask->worker;

    ask->asking = 0;
    w->asking--;

    if (value && ngx_current_msec - ask->sent <= w->fleet->timeout) {
        w->late = 0;
    }

    state = ngx_smtp_verify_fleet_ask_read(ask, value);

    if (ask->fetch == NULL) {

        if (state == 1 && !ask->kept) {
            ngx_smtp_verify_fleet_write_release(w, ask->claim,
                                                ask->node.str.len);
        }

        ngx_free(ask);
        return;
    }

    if (state == 2
        && ngx_smtp_verify_fleet_ask_trusts(ask)
        && ngx_smtp_verify_fetch_busy(ask->fetch) == NGX_OK)
    {
        if (!ask->waited) {
            ask->waited = 1;
            w->nwaiting++;
            ngx_smtp_verify_count(FLEET_WAITED);
        }

        if (ask->woken) {
            ngx_smtp_verify_fleet_ask_again(&ask->timer);

        } else {
            ngx_add_timer(&ask->timer, NGX_SMTP_VERIFY_FLEET_AGAIN);
        }

        return;
    }

    if (ask->waited && value) {
        w->vain = 0;
    }

    ask->fetch->claimed = (state == 1);

    ngx_smtp_verify_fleet_ask_end(ask);
}


/* A store that always says that another machine works, or claims that somebody
   else has put there, would keep each question waiting.  If many have waited in
   vain, one after the other, one at a time finds out whether that is still
   so. */

static ngx_uint_t
ngx_smtp_verify_fleet_ask_trusts(ngx_smtp_verify_fleet_ask_t *ask)
{
    ngx_smtp_verify_fleet_worker_t  *w;

    w = ask->worker;

    return ask->waited
           || w->vain < NGX_SMTP_VERIFY_FLEET_VAIN
           || w->nwaiting == 0;
}


/* Returns the state of the claim, as the script told it. */

static ngx_uint_t
ngx_smtp_verify_fleet_ask_read(ngx_smtp_verify_fleet_ask_t *ask,
    sv_resp_value_t *value)
{
    ngx_uint_t                i;
    sv_resp_value_t          *state, *v;
    ngx_smtp_verify_fetch_t  *fetch;

    state = sv_resp_element(value, 0, sv_resp_integer);
    fetch = ask->fetch;

    if (state == NULL) {
        return 0;
    }

    for (i = 0; fetch && i < fetch->n; i++) {
        v = sv_resp_element(value, i + 1, sv_resp_string);

        if (v) {
            ngx_smtp_verify_fleet_ask_found(ask, &fetch->names[i], v);
        }
    }

    return (ngx_uint_t) state->integer;
}


/* Entries that cannot be opened were sealed with another key, by another
   version, or by somebody else.  They count as missing. */

static void
ngx_smtp_verify_fleet_ask_found(ngx_smtp_verify_fleet_ask_t *ask,
    ngx_smtp_verify_name_t *name, sv_resp_value_t *value)
{
    time_t                                          age, left;
    sv_fleet_entry_t                                e;
    static sv_scratch ngx_smtp_verify_cache_item_t  item;

    e.kind = (unsigned) name->kind;
    e.variant = name->variant;
    e.data = item.data;
    ngx_memcpy(e.key, name->key, SV_STORE_KEY);

    if (sv_fleet_open(&ask->worker->fleet->keys, &e,
                      (u_char *) value->str, value->len)
        != 0)
    {
        ngx_log_error(NGX_LOG_INFO, ngx_cycle->log, 0,
                      "fleet \"%V\": an entry was not sealed by this version "
                      "with this key", &ask->worker->fleet->name);
        return;
    }

    if (sv_fleet_age(&e, ngx_time(), &age, &left) != 0) {
        return;
    }

    item.kind = name->kind;
    item.variant = name->variant;
    ngx_memcpy(item.key, name->key, SV_STORE_KEY);

    /* from seconds since 1970 to those of sv_clock_sec() */

    item.created = sv_clock_sec() - age;
    item.expires = sv_clock_sec() + left;
    item.later = e.later;
    item.tag = 0;
    item.unasked = e.unasked;
    item.len = e.len;

    ngx_smtp_verify_count(FLEET_FOUND);

    ngx_smtp_verify_fetch_found(ask->fetch, &item);
}


static void
ngx_smtp_verify_fleet_ask_unwait(ngx_smtp_verify_fleet_ask_t *ask)
{
    if (ask->listens) {
        ask->listens = 0;
        ngx_rbtree_delete(&ask->worker->waiting, &ask->node.node);
    }

    if (ask->timer.timer_set) {
        ngx_del_timer(&ask->timer);
    }
}


/* The question does not wait for the result of another machine any more. */

static void
ngx_smtp_verify_fleet_ask_rest(ngx_smtp_verify_fleet_ask_t *ask)
{
    if (ask->waited) {
        ask->waited = 0;
        ask->worker->nwaiting--;
    }
}


/* The notice may come before the reply that another machine has the claim,
   since they come by different connections. */

void
ngx_smtp_verify_fleet_ask_wake(ngx_smtp_verify_fleet_worker_t *w,
    u_char *claim, size_t len)
{
    uint32_t                      hash;
    ngx_str_t                     name;
    ngx_str_node_t               *node;
    ngx_smtp_verify_fleet_ask_t  *ask;

    name.data = claim;
    name.len = len;

    hash = ngx_crc32_short(claim, len);

    while ((node = ngx_str_rbtree_lookup(&w->waiting, &name, hash)) != NULL) {

        ask = (ngx_smtp_verify_fleet_ask_t *)
              ((u_char *) node - offsetof(ngx_smtp_verify_fleet_ask_t, node));

        ngx_smtp_verify_fleet_ask_unwait(ask);

        if (ask->asking) {
            ask->woken = 1;

        } else {
            ngx_smtp_verify_fleet_ask_again(&ask->timer);
        }
    }
}


/* Questions that were under way have ended before. */

void
ngx_smtp_verify_fleet_ask_lost(ngx_smtp_verify_fleet_worker_t *w)
{
    ngx_rbtree_node_t            *node;
    ngx_smtp_verify_fleet_ask_t  *ask;

    while (w->waiting.root != w->waiting.sentinel) {

        node = w->waiting.root;

        ask = (ngx_smtp_verify_fleet_ask_t *)
              ((u_char *) node - offsetof(ngx_smtp_verify_fleet_ask_t, node));

        ngx_smtp_verify_fleet_ask_end(ask);
    }
}


static void
ngx_smtp_verify_fleet_ask_again(ngx_event_t *ev)
{
    ngx_smtp_verify_fleet_ask_t  *ask;

    ask = ev->data;

    ngx_smtp_verify_fleet_ask_unwait(ask);
    ngx_smtp_verify_fetch_asked(ask->fetch);

    if (ngx_smtp_verify_fleet_ask_send(ask) != NGX_OK) {
        ngx_smtp_verify_fleet_ask_end(ask);
    }
}


static void
ngx_smtp_verify_fleet_ask_end(ngx_smtp_verify_fleet_ask_t *ask)
{
    ngx_smtp_verify_fetch_t  *fetch;

    fetch = ask->worker->ended ? NULL : ask->fetch;

    ngx_smtp_verify_fleet_ask_unwait(ask);
    ngx_smtp_verify_fleet_ask_rest(ask);
    ngx_free(ask);

    if (fetch) {
        ngx_smtp_verify_fetch_done(fetch);
    }
}
