
#include "ngx_smtp_verify_fleet_limits.h"
#include "ngx_smtp_verify_fleet_worker.h"
#include "sv_clock.h"


#define NGX_SMTP_VERIFY_FLEET_LIMITS  22        /* of a command */
#define NGX_SMTP_VERIFY_FLEET_FIELDS  10        /* of a limit */
#define NGX_SMTP_VERIFY_FLEET_BUSY    25        /* ms */
#define NGX_SMTP_VERIFY_FLEET_REST    250       /* ms, if nothing is shared */
#define NGX_SMTP_VERIFY_FLEET_BEAT    900       /* ms; a machine is alive */
#define NGX_SMTP_VERIFY_FLEET_LAST    16        /* commands: what a socket takes
                                                   at once, about */


typedef struct {
    ngx_smtp_verify_fleet_limits_t  *ft;
    uint64_t                           sent;    /* ms */
    ngx_uint_t                         n;
    ngx_smtp_verify_portion_ask_t      asks[NGX_SMTP_VERIFY_FLEET_LIMITS];
} ngx_smtp_verify_fleet_portions_t;


static void ngx_smtp_verify_fleet_limits_soon(
    ngx_smtp_verify_portions_t *portions);
static void ngx_smtp_verify_fleet_limits_event(ngx_event_t *ev);
static void ngx_smtp_verify_fleet_limits_timer(ngx_event_t *ev);
static void ngx_smtp_verify_fleet_limits_ask(
    ngx_smtp_verify_fleet_limits_t *ft);
static ngx_int_t ngx_smtp_verify_fleet_limits_send(
    ngx_smtp_verify_fleet_portions_t *q,
    ngx_smtp_verify_link_reply_pt handler);
static u_char *ngx_smtp_verify_fleet_limits_keys(u_char *p, u_char *last,
    ngx_smtp_verify_fleet_portions_t *q, ngx_str_t *argv);
static u_char *ngx_smtp_verify_fleet_limits_args(u_char *p, u_char *last,
    ngx_smtp_verify_portion_ask_t *ask, ngx_str_t *argv);
static void ngx_smtp_verify_fleet_limits_reply(void *data,
    sv_resp_value_t *value);
static ngx_int_t ngx_smtp_verify_fleet_limits_read(
    ngx_smtp_verify_fleet_portions_t *q, sv_resp_value_t *value,
    sv_portion_fleet_t *fleet, sv_portion_grant_t *grants);
static ngx_int_t ngx_smtp_verify_fleet_limits_numbers(
    sv_resp_value_t *value, ngx_uint_t i, ngx_uint_t n, long long *v);


ngx_int_t
ngx_smtp_verify_fleet_limits(ngx_conf_t *cf, ngx_smtp_verify_fleet_t *fleet,
    ngx_shm_zone_t *shm_zone)
{
    ngx_smtp_verify_fleet_limits_t  *ft, **entry;

    ft = ngx_pcalloc(cf->pool, sizeof(ngx_smtp_verify_fleet_limits_t));
    entry = ngx_array_push(fleet->limits);

    if (ft == NULL || entry == NULL) {
        return NGX_ERROR;
    }

    *entry = ft;

    ft->fleet = fleet;
    ft->portions.ask = ngx_smtp_verify_fleet_limits_soon;
    ft->portions.data = ft;

    if (ngx_smtp_verify_portions_add(shm_zone, &ft->portions) != NGX_OK) {
        return NGX_DECLINED;
    }

    ft->throttle = shm_zone->data;
    ft->crc = ngx_crc32_short(shm_zone->shm.name.data,
                              shm_zone->shm.name.len);

    return ngx_smtp_verify_fleet_limits_names(cf, ft);
}


void
ngx_smtp_verify_fleet_limits_start(ngx_smtp_verify_fleet_t *fleet)
{
    ngx_uint_t                        i;
    ngx_smtp_verify_fleet_limits_t  **ft;

    ft = fleet->limits->elts;

    for (i = 0; i < fleet->limits->nelts; i++) {
        ngx_smtp_verify_fleet_limits_other(ft[i]);
        ngx_smtp_verify_portions_enter(ft[i]->throttle);

        ft[i]->timer.handler = ngx_smtp_verify_fleet_limits_timer;
        ft[i]->timer.data = ft[i];
        ft[i]->timer.log = ngx_cycle->log;
        ft[i]->timer.cancelable = 1;

        ft[i]->soon.handler = ngx_smtp_verify_fleet_limits_event;
        ft[i]->soon.data = ft[i];
        ft[i]->soon.log = ngx_cycle->log;

        ngx_add_timer(&ft[i]->timer, NGX_SMTP_VERIFY_FLEET_BUSY);
    }
}


void
ngx_smtp_verify_fleet_limits_exit(ngx_smtp_verify_fleet_t *fleet)
{
    ngx_uint_t                        i;
    ngx_smtp_verify_fleet_limits_t  **ft;

    ft = fleet->limits->elts;

    for (i = 0; i < fleet->limits->nelts; i++) {

        if (ft[i]->timer.timer_set) {
            ngx_del_timer(&ft[i]->timer);
        }

        if (ft[i]->soon.posted) {
            ngx_delete_posted_event(&ft[i]->soon);
        }

        ft[i]->soon.handler = NULL;

        ngx_smtp_verify_fleet_limits_leave(ft[i]);
    }
}


ngx_uint_t
ngx_smtp_verify_fleet_limits_alone(ngx_smtp_verify_fleet_t *fleet)
{
    ngx_uint_t                        i;
    ngx_smtp_verify_fleet_limits_t  **ft;

    ft = fleet->limits->elts;

    for (i = 0; i < fleet->limits->nelts; i++) {
        if (ngx_smtp_verify_portions_alone(ft[i]->throttle)) {
            return 1;
        }
    }

    return 0;
}


/* Called under the zone's lock. */

static void
ngx_smtp_verify_fleet_limits_soon(ngx_smtp_verify_portions_t *portions)
{
    ngx_smtp_verify_fleet_limits_t  *ft;

    ft = portions->data;

    if (ft->soon.handler && !ft->soon.posted) {
        ngx_post_event(&ft->soon, &ngx_posted_events);
    }
}


static void
ngx_smtp_verify_fleet_limits_event(ngx_event_t *ev)
{
    ngx_smtp_verify_fleet_limits_ask(ev->data);
}


static void
ngx_smtp_verify_fleet_limits_timer(ngx_event_t *ev)
{
    ngx_smtp_verify_fleet_limits_t  *ft;

    ft = ev->data;

    ngx_smtp_verify_fleet_limits_ask(ft);

    ngx_add_timer(ev, ngx_smtp_verify_portions_active(ft->throttle)
                      ? NGX_SMTP_VERIFY_FLEET_BUSY
                      : NGX_SMTP_VERIFY_FLEET_REST);
}


/* Without anything to ask for, the question says that the machine is there. */

static void
ngx_smtp_verify_fleet_limits_ask(ngx_smtp_verify_fleet_limits_t *ft)
{
    ngx_uint_t                         n;
    ngx_smtp_verify_fleet_portions_t  *q;

    ngx_smtp_verify_portions_retell(ft->throttle);

    do {
        n = 0;
        q = ngx_alloc(sizeof(ngx_smtp_verify_fleet_portions_t),
                      ngx_cycle->log);
        if (q == NULL) {
            return;
        }

        q->ft = ft;
        q->sent = sv_clock_msec();
        q->n = 0;

        if (ngx_smtp_verify_portions_active(ft->throttle)) {
            n = ngx_smtp_verify_portions_due(ft->throttle, q->asks,
                                             NGX_SMTP_VERIFY_FLEET_LIMITS);
            q->n = n;
        }

        if (n == 0
            && ngx_current_msec - ft->beat < NGX_SMTP_VERIFY_FLEET_BEAT)
        {
            ngx_free(q);
            return;
        }

        if (ngx_smtp_verify_fleet_limits_send(q,
                                        ngx_smtp_verify_fleet_limits_reply)
            != NGX_OK)
        {
            ngx_smtp_verify_portions_lost(ft->throttle, q->asks, q->n);
            ngx_free(q);
            return;
        }

        ft->beat = ngx_current_msec;

    } while (n == NGX_SMTP_VERIFY_FLEET_LIMITS);
}


void
ngx_smtp_verify_fleet_limits_return(ngx_smtp_verify_fleet_limits_t *ft)
{
    ngx_uint_t                        i, from;
    ngx_smtp_verify_fleet_portions_t  q;

    from = 0;

    for (i = 0; i < NGX_SMTP_VERIFY_FLEET_LAST; i++) {

        q.ft = ft;
        q.n = ngx_smtp_verify_portions_last(ft->throttle, q.asks,
                                            NGX_SMTP_VERIFY_FLEET_LIMITS,
                                            &from);

        if (q.n == 0
            || ngx_smtp_verify_fleet_limits_send(&q, NULL) != NGX_OK)
        {
            return;
        }

        ngx_log_debug2(NGX_LOG_DEBUG_HTTP, ngx_cycle->log, 0,
                       "fleet \"%V\": permits of %ui limits are given back",
                       &ft->fleet->name, q.n);
    }
}


static ngx_int_t
ngx_smtp_verify_fleet_limits_send(ngx_smtp_verify_fleet_portions_t *q,
    ngx_smtp_verify_link_reply_pt handler)
{
    u_char                            *p, *last;
    u_char                             number[2][NGX_INT_T_LEN];
    u_char                             who[2 * SV_TOLD_ID];
    ngx_str_t                          argv[NGX_SMTP_VERIFY_LINK_ARGS];
    ngx_uint_t                         i, n;
    ngx_smtp_verify_fleet_worker_t    *w;
    ngx_smtp_verify_fleet_limits_t  *ft;
    static u_char                      buf[NGX_SMTP_VERIFY_FLEET_LIMITS * 512];

    ft = q->ft;
    w = ft->fleet->worker;

    if (w == NULL || w->commands.state != ngx_smtp_verify_link_up) {
        return NGX_DECLINED;
    }

    p = buf;
    last = buf + sizeof(buf);

    (void) ngx_hex_dump(who, ngx_smtp_verify_throttle_id(ft->throttle),
                        SV_TOLD_ID);

    ngx_str_set(&argv[0], "EVALSHA");
    argv[1].data = w->limits.sha;
    argv[1].len = sizeof(w->limits.sha);
    argv[2].data = number[0];
    argv[2].len = ngx_sprintf(number[0], "%ui", q->n + 2) - number[0];
    p = ngx_smtp_verify_fleet_limits_keys(p, last, q, &argv[3]);
    n = 3 + q->n + 2;

    argv[n].data = ngx_smtp_verify_fleet_limits_name(ft);
    argv[n].len = NGX_SMTP_VERIFY_FLEET_MACHINE;
    n++;
    argv[n].data = who;
    argv[n].len = sizeof(who);
    n++;
    argv[n].data = number[1];
    argv[n].len = ngx_sprintf(number[1], "%ui",
                              ngx_smtp_verify_portions_machines(ft->throttle))
                  - number[1];
    n++;

    for (i = 0; i < q->n; i++) {
        p = ngx_smtp_verify_fleet_limits_args(p, last, &q->asks[i],
                                                &argv[n]);
        n += NGX_SMTP_VERIFY_FLEET_FIELDS;
    }

    return ngx_smtp_verify_link_command(&w->commands, n, argv, handler, q);
}


/* Who there is, who has the name of this machine, and the limits. */

static u_char *
ngx_smtp_verify_fleet_limits_keys(u_char *p, u_char *last,
    ngx_smtp_verify_fleet_portions_t *q, ngx_str_t *argv)
{
    ngx_uint_t                       i;
    ngx_smtp_verify_fleet_limits_t  *ft;

    ft = q->ft;

    *argv++ = ft->machines;

    argv->data = p;
    p = ngx_smtp_verify_fleet_limits_who(p, ft);
    argv->len = p - argv->data;
    argv++;

    for (i = 0; i < q->n; i++, argv++) {
        argv->data = p;
        p = ngx_slprintf(p, last - 2 * SV_SIPHASH_LEN, "%V:t:",
                         &ft->fleet->prefix);
        p = ngx_hex_dump(p, q->asks[i].key, SV_SIPHASH_LEN);
        argv->len = p - argv->data;
    }

    return p;
}


static u_char *
ngx_smtp_verify_fleet_limits_args(u_char *p, u_char *last,
    ngx_smtp_verify_portion_ask_t *ask, ngx_str_t *argv)
{
    uint64_t    fields[NGX_SMTP_VERIFY_FLEET_FIELDS - 1];
    ngx_uint_t  i;

    fields[0] = ask->conns;
    fields[1] = ask->held;
    fields[2] = ask->slots;
    fields[3] = ask->interval;
    fields[4] = ask->burst;
    fields[5] = ask->back;
    fields[6] = ask->tokens;
    fields[7] = ask->asked;
    fields[8] = ask->answered;

    for (i = 0; i < NGX_SMTP_VERIFY_FLEET_FIELDS - 1; i++) {
        argv[i].data = p;
        p = ngx_slprintf(p, last, "%uL", fields[i]);
        argv[i].len = p - argv[i].data;
    }

    argv[i].data = p;
    p = ngx_slprintf(p, last, "%uD %uD %uD %uD %uD %uL %uD %uD",
                     ask->budget, ask->permits, ask->permits_wanted,
                     ask->refused, ask->used, ask->born, ask->party,
                     ask->big);
    argv[i].len = p - argv[i].data;

    return p;
}


/* A store that cannot run the script, or whose reply makes no sense, is as good
   as none. */

static void
ngx_smtp_verify_fleet_limits_reply(void *data, sv_resp_value_t *value)
{
    sv_portion_fleet_t                 fleet;
    sv_portion_grant_t                 grants[NGX_SMTP_VERIFY_FLEET_LIMITS];
    ngx_smtp_verify_fleet_portions_t  *q;
    ngx_smtp_verify_fleet_limits_t  *ft;

    q = data;
    ft = q->ft;

    if (ngx_smtp_verify_fleet_limits_read(q, value, &fleet, grants)
        == NGX_OK)
    {
        ngx_smtp_verify_portions_told(ft->throttle, q->asks, grants, q->n,
                                      &fleet, q->sent);
        ft->reported = 0;
        ngx_free(q);
        return;
    }

    if (value && value->type == sv_resp_integer && value->integer == 0) {
        ngx_smtp_verify_fleet_limits_namesake(ft, q->asks, q->n);
        ngx_free(q);
        return;
    }

    ngx_smtp_verify_portions_lost(ft->throttle, q->asks, q->n);
    ngx_free(q);

    if (value == NULL
        || ft->fleet->worker == NULL
        || ft->fleet->worker->commands.broken)
    {
        return;
    }

    if (!ft->reported) {
        ft->reported = 1;
        ngx_log_error(NGX_LOG_WARN, ngx_cycle->log, 0,
                      "fleet \"%V\": the store does not share out limits, this "
                      "machine keeps to its safe share", &ft->fleet->name);
    }
}


static ngx_int_t
ngx_smtp_verify_fleet_limits_read(ngx_smtp_verify_fleet_portions_t *q,
    sv_resp_value_t *value, sv_portion_fleet_t *fleet,
    sv_portion_grant_t *grants)
{
    long long                       v[SV_PORTION_GRANT];
    ngx_uint_t                      i;
    ngx_smtp_verify_portion_ask_t  *ask;

    if (value == NULL
        || value->type != sv_resp_array
        || value->len != SV_PORTION_HEAD + q->n * SV_PORTION_GRANT
        || ngx_smtp_verify_fleet_limits_numbers(value, 0, SV_PORTION_HEAD,
                                                  v)
           != NGX_OK
        || sv_portion_read_fleet(v, fleet) != 0)
    {
        return NGX_ERROR;
    }

    for (i = 0; i < q->n; i++) {

        ask = &q->asks[i];

        if (ngx_smtp_verify_fleet_limits_numbers(value,
                                   SV_PORTION_HEAD + i * SV_PORTION_GRANT,
                                   SV_PORTION_GRANT, v)
            != NGX_OK
            || sv_portion_read(v, ask->slots, ask->tokens,
                               (uint32_t) ngx_min(ask->interval, UINT32_MAX),
                               &grants[i])
               != 0
            || sv_permits_read(v + SV_PORTION_LIMITS, ask->permits_wanted,
                               &grants[i].permits)
               != 0)
        {
            return NGX_ERROR;
        }

        ngx_log_debug4(NGX_LOG_DEBUG_HTTP, ngx_cycle->log, 0,
                       "smtp verify throttle: %uD permits of %uD wanted, "
                       "refused elsewhere:%uD, full for %uD ms",
                       grants[i].permits.n, ask->permits_wanted,
                       grants[i].permits.elsewhere, grants[i].permits.delay);
    }

    return NGX_OK;
}


static ngx_int_t
ngx_smtp_verify_fleet_limits_numbers(sv_resp_value_t *value, ngx_uint_t i,
    ngx_uint_t n, long long *v)
{
    ngx_uint_t        k;
    sv_resp_value_t  *number;

    for (k = 0; k < n; k++) {

        number = sv_resp_element(value, i + k, sv_resp_integer);
        if (number == NULL) {
            return NGX_ERROR;
        }

        v[k] = number->integer;
    }

    return NGX_OK;
}
