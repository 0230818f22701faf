
#include "ngx_smtp_verify_fleet_limits.h"
#include "ngx_smtp_verify_fleet_worker.h"


static ngx_int_t ngx_smtp_verify_fleet_names(ngx_pool_t *pool,
    ngx_smtp_verify_fleet_worker_t *w);
static void ngx_smtp_verify_fleet_lost(ngx_smtp_verify_link_t *link);
static void ngx_smtp_verify_fleet_tick(ngx_smtp_verify_link_t *link);
static void ngx_smtp_verify_fleet_ping(ngx_smtp_verify_link_t *link);


ngx_int_t
ngx_smtp_verify_fleet_start(ngx_cycle_t *cycle,
    ngx_smtp_verify_fleet_t *fleet)
{
    u_char                           random[NGX_SMTP_VERIFY_FLEET_ID / 2];
    ngx_smtp_verify_fleet_worker_t  *w;

    w = ngx_pcalloc(cycle->pool, sizeof(ngx_smtp_verify_fleet_worker_t));

    if (w == NULL || RAND_bytes(random, sizeof(random)) != 1) {
        return NGX_ERROR;
    }

    (void) ngx_hex_dump(w->id, random, sizeof(random));

    w->fleet = fleet;

    if (ngx_smtp_verify_fleet_names(cycle->pool, w) != NGX_OK) {
        return NGX_ERROR;
    }

    ngx_smtp_verify_fleet_scripts(w);

    ngx_rbtree_init(&w->waiting, &w->sentinel, ngx_str_rbtree_insert_value);

    ngx_smtp_verify_fleet_write_init(w);
    ngx_smtp_verify_fleet_notice_init(w);
    ngx_smtp_verify_fleet_told_start(w);

    w->commands.fleet = fleet;
    w->commands.what = "the store";
    w->commands.open = ngx_smtp_verify_fleet_open;
    w->commands.lost = ngx_smtp_verify_fleet_lost;
    w->commands.tick = ngx_smtp_verify_fleet_tick;
    w->commands.data = w;

    w->notices.fleet = fleet;
    w->notices.what = "the channel of notices";
    w->notices.open = ngx_smtp_verify_fleet_subscribe;
    w->notices.tick = ngx_smtp_verify_fleet_ping;
    w->notices.push = ngx_smtp_verify_fleet_notice;
    w->notices.data = w;
    w->notices.leader = &w->commands;

    if (ngx_smtp_verify_link_start(&w->commands, cycle->log) != NGX_OK
        || ngx_smtp_verify_link_start(&w->notices, cycle->log) != NGX_OK)
    {
        return NGX_ERROR;
    }

    fleet->worker = w;

    ngx_smtp_verify_fleet_limits_start(fleet);

    return NGX_OK;
}


void
ngx_smtp_verify_fleet_exit(ngx_smtp_verify_fleet_t *fleet)
{
    ngx_smtp_verify_fleet_worker_t  *w;

    w = fleet->worker;

    if (w == NULL) {
        return;
    }

    ngx_smtp_verify_fleet_write_flush(w);

    ngx_smtp_verify_fleet_limits_exit(fleet);

    w->ended = 1;

    ngx_smtp_verify_link_stop(&w->commands);
    ngx_smtp_verify_link_stop(&w->notices);

    if (w->nlost) {
        ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                      "fleet \"%V\": the store has not confirmed %ui erasures",
                      &fleet->name, w->nlost);
    }

    ngx_smtp_verify_fleet_write_init(w);

    if (w->lost) {
        ngx_free(w->lost);
        w->lost = NULL;
    }

    fleet->worker = NULL;
}


u_char *
ngx_smtp_verify_fleet_describe(ngx_smtp_verify_fleet_t *fleet, u_char *p,
    u_char *last)
{
    u_char  *begin;

    if (fleet->worker == NULL) {
        return p;
    }

    begin = p;
    p = ngx_smtp_verify_link_describe(&fleet->worker->commands, p, last);

    if (p == begin && ngx_smtp_verify_fleet_is_up(fleet)) {
        p = ngx_smtp_verify_link_describe(&fleet->worker->notices, p, last);
    }

    return p;
}


ngx_uint_t
ngx_smtp_verify_fleet_is_up(ngx_smtp_verify_fleet_t *fleet)
{
    return fleet->worker
           && fleet->worker->commands.state == ngx_smtp_verify_link_up;
}


static ngx_int_t
ngx_smtp_verify_fleet_names(ngx_pool_t *pool,
    ngx_smtp_verify_fleet_worker_t *w)
{
    ngx_str_t  id, none;

    ngx_str_null(&none);

    id.data = w->id;
    id.len = NGX_SMTP_VERIFY_FLEET_ID;

    if (ngx_smtp_verify_fleet_key(pool, w->fleet, "alive:", &none, &w->alive)
        != NGX_OK
        || ngx_smtp_verify_fleet_key(pool, w->fleet, "alive:", &id, &w->mine)
           != NGX_OK
        || ngx_smtp_verify_fleet_key(pool, w->fleet, "tell:", &none,
                                     &w->channel)
           != NGX_OK
        || ngx_smtp_verify_fleet_key(pool, w->fleet, "tell:", &id, &w->own)
           != NGX_OK
        || ngx_smtp_verify_fleet_key(pool, w->fleet, "told", &none, &w->told)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_smtp_verify_fleet_key(pool, w->fleet, "erased", &none,
                                     &w->erasures);
}


ngx_int_t
ngx_smtp_verify_fleet_key(ngx_pool_t *pool, ngx_smtp_verify_fleet_t *fleet,
    const char *what, ngx_str_t *more, ngx_str_t *key)
{
    u_char  *p;
    size_t   len;

    len = ngx_strlen(what);

    p = ngx_pnalloc(pool, fleet->prefix.len + 1 + len + more->len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    key->data = p;

    p = ngx_cpymem(p, fleet->prefix.data, fleet->prefix.len);
    *p++ = ':';
    p = ngx_cpymem(p, what, len);
    p = ngx_cpymem(p, more->data, more->len);

    key->len = p - key->data;

    return NGX_OK;
}


u_char *
ngx_smtp_verify_fleet_name(u_char *name, ngx_uint_t kind, u_char *key)
{
    name = ngx_sprintf(name, "%ui:", kind);

    return ngx_hex_dump(name, key, SV_STORE_KEY);
}


u_char *
ngx_smtp_verify_fleet_claim(u_char *claim, ngx_smtp_verify_name_t *name)
{
    claim = ngx_smtp_verify_fleet_name(claim, name->kind, name->key);

    return ngx_sprintf(claim, ":%08xD", sv_fleet_variant(name->variant));
}


ngx_int_t
ngx_smtp_verify_fleet_name_read(u_char *name, size_t len, ngx_uint_t *kind,
    u_char *key)
{
    ngx_int_t   n;
    ngx_uint_t  i;

    if (len != 2 + 2 * SV_STORE_KEY || name[1] != ':') {
        return NGX_DECLINED;
    }

    n = ngx_atoi(name, 1);
    if (n == NGX_ERROR) {
        return NGX_DECLINED;
    }

    *kind = n;

    for (i = 0; i < SV_STORE_KEY; i++) {
        n = ngx_hextoi(name + 2 + 2 * i, 2);
        if (n == NGX_ERROR) {
            return NGX_DECLINED;
        }

        key[i] = (u_char) n;
    }

    return NGX_OK;
}


void
ngx_smtp_verify_fleet_owner(ngx_smtp_verify_fleet_worker_t *w)
{
    u_char  *p;

    p = ngx_cpymem(w->owner, w->id, NGX_SMTP_VERIFY_FLEET_ID);
    (void) ngx_sprintf(p, ".%08xD", ++w->opened);
}


static void
ngx_smtp_verify_fleet_lost(ngx_smtp_verify_link_t *link)
{
    ngx_smtp_verify_fleet_ask_lost(link->data);
}


/* A worker is alive as long as its key is there, and its claims hold as long as
   that of their owner.  The commands also show whether the store still
   answers. */

static void
ngx_smtp_verify_fleet_tick(ngx_smtp_verify_link_t *link)
{
    u_char                           buf[NGX_SMTP_VERIFY_FLEET_PREFIX + 64];
    ngx_str_t                        owner;
    ngx_smtp_verify_fleet_worker_t  *w;

    w = link->data;

    ngx_smtp_verify_fleet_mark(link, &w->mine);

    owner.data = buf;
    owner.len = ngx_cpymem(ngx_cpymem(buf, w->alive.data, w->alive.len),
                           w->owner, NGX_SMTP_VERIFY_FLEET_OWNER)
                - buf;

    ngx_smtp_verify_fleet_mark(link, &owner);

    ngx_smtp_verify_fleet_write_lost(w);
    ngx_smtp_verify_fleet_told_tick(w);
    ngx_smtp_verify_fleet_clock_tick(w);
}


/* The reply is a notice, too. */

static void
ngx_smtp_verify_fleet_ping(ngx_smtp_verify_link_t *link)
{
    ngx_str_t  argv[1];

    ngx_str_set(&argv[0], "PING");

    (void) ngx_smtp_verify_link_command(link, 1, argv, NULL, NULL);
}
