
#include "ngx_smtp_verify_fleet_worker.h"
#include "sv_clock.h"
#include "sv_wipe.h"


#define NGX_SMTP_VERIFY_FLEET_OPS     16    /* operations of a command */
#define NGX_SMTP_VERIFY_FLEET_BEHIND  5     /* ms, until it is sent */


static ngx_int_t ngx_smtp_verify_fleet_write_key(
    ngx_smtp_verify_fleet_worker_t *w, const char *what, u_char *name,
    size_t len);
static ngx_int_t ngx_smtp_verify_fleet_write_arg(
    ngx_smtp_verify_fleet_worker_t *w, u_char *data, size_t len);
static void ngx_smtp_verify_fleet_write_added(
    ngx_smtp_verify_fleet_worker_t *w);
static void ngx_smtp_verify_fleet_write_timer(ngx_event_t *ev);
static ngx_int_t ngx_smtp_verify_fleet_write_send(
    ngx_smtp_verify_fleet_worker_t *w, ngx_smtp_verify_link_reply_pt handler,
    void *data);
static void ngx_smtp_verify_fleet_write_reply(void *data,
    sv_resp_value_t *value);
static void ngx_smtp_verify_fleet_write_erased(void *data,
    sv_resp_value_t *value);
static void ngx_smtp_verify_fleet_write_later(
    ngx_smtp_verify_fleet_worker_t *w, ngx_uint_t kind, u_char *key);


#define ngx_smtp_verify_fleet_write_word(w, word)                             \
    ngx_smtp_verify_fleet_write_arg(w, (u_char *) word, sizeof(word) - 1)


/* Forgets what waits to be written, if there is anything. */

void
ngx_smtp_verify_fleet_write_init(ngx_smtp_verify_fleet_worker_t *w)
{
    ngx_smtp_verify_fleet_write_t  *pending;

    pending = &w->pending;

    if (pending->timer.timer_set) {
        ngx_del_timer(&pending->timer);
    }

    if (pending->pool) {
        ngx_destroy_pool(pending->pool);
        pending->pool = NULL;
    }

    pending->nkeys = 0;
    pending->nargs = 0;

    pending->timer.handler = ngx_smtp_verify_fleet_write_timer;
    pending->timer.data = w;
    pending->timer.log = ngx_cycle->log;
    pending->timer.cancelable = 1;
}


void
ngx_smtp_verify_fleet_write_put(ngx_smtp_verify_fleet_worker_t *w,
    ngx_smtp_verify_cache_item_t *item, ngx_uint_t rank)
{
    size_t                    len;
    time_t                    now, left;
    u_char                    name[NGX_SMTP_VERIFY_FLEET_NAME];
    u_char                    buf[NGX_INT64_LEN];
    sv_fleet_entry_t          e;
    static sv_scratch u_char  value[SV_FLEET_VALUE];

    if (w->commands.state != ngx_smtp_verify_link_up) {
        return;
    }

    now = ngx_time();
    left = item->expires - sv_clock_sec();

    e.kind = (unsigned) item->kind;
    e.variant = item->variant;
    e.rank = (unsigned) rank;
    e.created = now - (sv_clock_sec() - item->created);
    e.expires = now + left;
    e.later = (uint32_t) item->later;
    e.unasked = (unsigned) item->unasked;
    e.len = item->len;
    e.data = item->data;
    ngx_memcpy(e.key, item->key, SV_STORE_KEY);

    len = sv_fleet_seal(&w->fleet->keys, &e, value);
    if (len == 0) {
        return;
    }

    if (ngx_smtp_verify_fleet_write_key(w, "e:", name,
                         ngx_smtp_verify_fleet_name(name, item->kind,
                                                    item->key) - name)
        != NGX_OK
        || ngx_smtp_verify_fleet_write_word(w, "put") != NGX_OK
        || ngx_smtp_verify_fleet_write_arg(w, buf,
                       ngx_sprintf(buf, "%08xD",
                                   sv_fleet_variant(item->variant))
                       - buf)
           != NGX_OK
        || ngx_smtp_verify_fleet_write_arg(w, value, 1) != NGX_OK
        || ngx_smtp_verify_fleet_write_arg(w, value + 2, 10) != NGX_OK
        || ngx_smtp_verify_fleet_write_arg(w, value + 13, 10) != NGX_OK
        || ngx_smtp_verify_fleet_write_arg(w, buf,
                       ngx_sprintf(buf, "%L", (int64_t) left * 1000) - buf)
           != NGX_OK
        || ngx_smtp_verify_fleet_write_arg(w, value, len) != NGX_OK)
    {
        ngx_smtp_verify_fleet_write_init(w);
        return;
    }

    ngx_smtp_verify_fleet_write_added(w);
}


void
ngx_smtp_verify_fleet_write_release(ngx_smtp_verify_fleet_worker_t *w,
    u_char *claim, size_t len)
{
    if (w->commands.state != ngx_smtp_verify_link_up) {
        return;
    }

    if (ngx_smtp_verify_fleet_write_key(w, "c:", claim, len) != NGX_OK
        || ngx_smtp_verify_fleet_write_word(w, "end") != NGX_OK
        || ngx_smtp_verify_fleet_write_arg(w, claim, len) != NGX_OK)
    {
        ngx_smtp_verify_fleet_write_init(w);
        return;
    }

    ngx_smtp_verify_fleet_write_added(w);
}


/* A trial is over.  It may have been that of another machine. */

void
ngx_smtp_verify_fleet_write_over(ngx_smtp_verify_fleet_worker_t *w,
    u_char *name, size_t len, u_char *machine)
{
    u_char  id[2 * SV_TOLD_ID];

    if (w->commands.state != ngx_smtp_verify_link_up) {
        return;
    }

    if (ngx_smtp_verify_fleet_write_key(w, "t:", name, len) != NGX_OK
        || ngx_smtp_verify_fleet_write_word(w, "over") != NGX_OK
        || ngx_smtp_verify_fleet_write_arg(w, id,
                                 ngx_hex_dump(id, machine, SV_TOLD_ID) - id)
           != NGX_OK)
    {
        ngx_smtp_verify_fleet_write_init(w);
        return;
    }

    ngx_smtp_verify_fleet_write_flush(w);
}


/* An erasure is the only thing that must not get lost, while the store is away
   or when it goes.  So it is a command of its own, behind what was put before,
   and is sent again until it is confirmed. */

void
ngx_smtp_verify_fleet_write_erase(ngx_smtp_verify_fleet_worker_t *w,
    ngx_uint_t kind, u_char *key)
{
    size_t                           len;
    u_char                           name[NGX_SMTP_VERIFY_FLEET_NAME];
    ngx_smtp_verify_fleet_erased_t  *erased;

    if (w->commands.state != ngx_smtp_verify_link_up) {
        ngx_smtp_verify_fleet_write_later(w, kind, key);
        return;
    }

    ngx_smtp_verify_fleet_write_flush(w);

    len = ngx_smtp_verify_fleet_name(name, kind, key) - name;

    erased = ngx_alloc(sizeof(ngx_smtp_verify_fleet_erased_t),
                       ngx_cycle->log);

    if (erased) {
        erased->worker = w;
        erased->kind = kind;
        ngx_memcpy(erased->key, key, SV_STORE_KEY);

        if (ngx_smtp_verify_fleet_write_key(w, "e:", name, len) == NGX_OK
            && ngx_smtp_verify_fleet_write_word(w, "erase") == NGX_OK
            && ngx_smtp_verify_fleet_write_arg(w, name, len) == NGX_OK
            && ngx_smtp_verify_fleet_write_send(w,
                                    ngx_smtp_verify_fleet_write_erased, erased)
               == NGX_OK)
        {
            return;
        }

        ngx_smtp_verify_fleet_write_init(w);
        ngx_free(erased);
    }

    ngx_smtp_verify_fleet_write_later(w, kind, key);
}


/* What a user of the store may not do does not become possible by trying it
   again. */

static void
ngx_smtp_verify_fleet_write_erased(void *data, sv_resp_value_t *value)
{
    ngx_smtp_verify_fleet_erased_t *erased = data;

    ngx_smtp_verify_fleet_worker_t  *w;

    w = erased->worker;

    ngx_smtp_verify_fleet_write_reply(w, value);

    if (value == NULL) {
        ngx_smtp_verify_fleet_write_later(w, erased->kind, erased->key);

    } else if (value->type == sv_resp_error) {

        if (ngx_strncmp(value->str, "ERR", 3) == 0
            || ngx_strncmp(value->str, "NOPERM", 6) == 0)
        {
            ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                          "fleet \"%V\": the store refuses an erasure",
                          &w->fleet->name);

        } else {
            ngx_smtp_verify_fleet_write_later(w, erased->kind, erased->key);
        }

    } else {
        w->kept[w->nkept++ % NGX_SMTP_VERIFY_FLEET_KEPT] = *erased;
    }

    ngx_free(erased);
}


/* Repeats erasures after a new connection.  The server that confirmed them may
   have died before its replica had them, or may have been restored from an old
   copy of its data. */

void
ngx_smtp_verify_fleet_write_again(ngx_smtp_verify_fleet_worker_t *w)
{
    ngx_uint_t  i, n;

    n = ngx_min(w->nkept, NGX_SMTP_VERIFY_FLEET_KEPT);

    for (i = 0; i < n; i++) {
        ngx_smtp_verify_fleet_write_later(w, w->kept[i].kind, w->kept[i].key);
    }

    w->nkept = 0;
}


static void
ngx_smtp_verify_fleet_write_later(ngx_smtp_verify_fleet_worker_t *w,
    ngx_uint_t kind, u_char *key)
{
    if (w->lost == NULL) {
        w->lost = ngx_alloc(NGX_SMTP_VERIFY_FLEET_LOST
                            * sizeof(ngx_smtp_verify_fleet_erased_t),
                            ngx_cycle->log);
    }

    if (w->lost == NULL || w->nlost == NGX_SMTP_VERIFY_FLEET_LOST) {
        ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                      "fleet \"%V\": an erasure does not reach the store, "
                      "which is away", &w->fleet->name);
        return;
    }

    w->lost[w->nlost].kind = kind;
    ngx_memcpy(w->lost[w->nlost].key, key, SV_STORE_KEY);
    w->nlost++;
}


/* Sends the erasures that the store has not confirmed.  A store that is full
   gets one at a time. */

void
ngx_smtp_verify_fleet_write_lost(ngx_smtp_verify_fleet_worker_t *w)
{
    ngx_uint_t                      n, left;
    ngx_smtp_verify_fleet_erased_t  erased;

    for (n = w->full ? ngx_min(w->nlost, 1) : w->nlost; n; n--) {

        left = --w->nlost;
        erased = w->lost[left];

        ngx_smtp_verify_fleet_write_erase(w, erased.kind, erased.key);

        if (w->nlost > left) {
            return;
        }
    }
}


/* Begins an operation with its key. */

static ngx_int_t
ngx_smtp_verify_fleet_write_key(ngx_smtp_verify_fleet_worker_t *w,
    const char *what, u_char *name, size_t len)
{
    ngx_str_t                       more;
    ngx_smtp_verify_fleet_write_t  *pending;
    u_char                          buf[64];

    pending = &w->pending;

    if (pending->pool == NULL) {
        pending->pool = ngx_create_pool(4096, ngx_cycle->log);

        if (pending->pool == NULL
            || ngx_smtp_verify_fleet_write_arg(w, w->id,
                                               NGX_SMTP_VERIFY_FLEET_ID)
               != NGX_OK
            || ngx_smtp_verify_fleet_write_arg(w, w->channel.data,
                                               w->channel.len)
               != NGX_OK
            || ngx_smtp_verify_fleet_write_arg(w, w->erasures.data,
                                               w->erasures.len)
               != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    more.data = buf;
    more.len = ngx_min(len, sizeof(buf));
    ngx_memcpy(buf, name, more.len);

    return ngx_smtp_verify_fleet_key(pending->pool, w->fleet, what, &more,
                                     &pending->keys[pending->nkeys++]);
}


static ngx_int_t
ngx_smtp_verify_fleet_write_arg(ngx_smtp_verify_fleet_worker_t *w,
    u_char *data, size_t len)
{
    ngx_str_t                      *arg;
    ngx_smtp_verify_fleet_write_t  *pending;

    pending = &w->pending;
    arg = &pending->args[pending->nargs++];

    arg->len = len;
    arg->data = ngx_pnalloc(pending->pool, ngx_max(len, 1));

    if (arg->data == NULL) {
        return NGX_ERROR;
    }

    ngx_memcpy(arg->data, data, len);

    return NGX_OK;
}


static void
ngx_smtp_verify_fleet_write_added(ngx_smtp_verify_fleet_worker_t *w)
{
    if (w->pending.nkeys == NGX_SMTP_VERIFY_FLEET_OPS) {
        ngx_smtp_verify_fleet_write_flush(w);

    } else if (!w->pending.timer.timer_set) {
        ngx_add_timer(&w->pending.timer, NGX_SMTP_VERIFY_FLEET_BEHIND);
    }
}


static void
ngx_smtp_verify_fleet_write_timer(ngx_event_t *ev)
{
    ngx_smtp_verify_fleet_write_flush(ev->data);
}


/* What cannot be sent is dropped.  This may include the ends of claims, for
   which other machines would wait.  So the worker goes on under another name,
   and its old claims are free as soon as the old name counts as dead.  After a
   lost link it has another name anyway. */

void
ngx_smtp_verify_fleet_write_flush(ngx_smtp_verify_fleet_worker_t *w)
{
    if (w->pending.nkeys == 0) {
        return;
    }

    if (w->commands.state != ngx_smtp_verify_link_up || w->commands.broken) {
        ngx_log_debug2(NGX_LOG_DEBUG_HTTP, ngx_cycle->log, 0,
                       "smtp verify fleet \"%V\": the store is gone, %ui "
                       "operations are dropped", &w->fleet->name,
                       w->pending.nkeys);

        ngx_smtp_verify_fleet_write_init(w);
        return;
    }

    if (ngx_smtp_verify_fleet_write_send(w, ngx_smtp_verify_fleet_write_reply,
                                         w)
        != NGX_OK)
    {
        ngx_log_error(NGX_LOG_INFO, ngx_cycle->log, 0,
                      "fleet \"%V\": there is too much to write",
                      &w->fleet->name);

        ngx_smtp_verify_fleet_owner(w);
    }
}


static ngx_int_t
ngx_smtp_verify_fleet_write_send(ngx_smtp_verify_fleet_worker_t *w,
    ngx_smtp_verify_link_reply_pt handler, void *data)
{
    u_char                          number[NGX_INT_T_LEN];
    ngx_str_t                       argv[NGX_SMTP_VERIFY_LINK_ARGS];
    ngx_int_t                       rc;
    ngx_uint_t                      n;
    ngx_smtp_verify_fleet_write_t  *pending;

    pending = &w->pending;

    ngx_str_set(&argv[0], "EVALSHA");
    argv[1].data = w->write.sha;
    argv[1].len = sizeof(w->write.sha);
    argv[2].data = number;
    argv[2].len = ngx_sprintf(number, "%ui", pending->nkeys + 1) - number;

    n = 3;

    ngx_memcpy(&argv[n], pending->keys, pending->nkeys * sizeof(ngx_str_t));
    n += pending->nkeys;

    argv[n++] = w->erasures;

    ngx_memcpy(&argv[n], pending->args, pending->nargs * sizeof(ngx_str_t));
    n += pending->nargs;

    rc = ngx_smtp_verify_link_command(&w->commands, n, argv, handler, data);

    ngx_smtp_verify_fleet_write_init(w);

    return rc;
}


static void
ngx_smtp_verify_fleet_write_reply(void *data, sv_resp_value_t *value)
{
    int                              fatal;
    ngx_smtp_verify_fleet_worker_t  *w;

    w = data;

    if (value == NULL) {
        return;
    }

    if (value->type != sv_resp_error) {
        w->full = 0;
        return;
    }

    /* a server that is full can still be read */

    if (ngx_strncmp(value->str, "OOM", 3) == 0) {

        if (!w->full) {
            w->full = 1;
            ngx_log_error(NGX_LOG_WARN, ngx_cycle->log, 0,
                          "fleet \"%V\": the store is full, nothing is "
                          "added to it", &w->fleet->name);
        }

        return;
    }

    if (sv_resp_trouble(value, &fatal) == NULL) {
        ngx_smtp_verify_link_fail(&w->commands, "it cannot be written to");
    }
}
