
#include "ngx_smtp_verify_fleet_limits.h"
#include "ngx_smtp_verify_fleet_worker.h"
#include "sv_clock.h"


#define NGX_SMTP_VERIFY_FLEET_LIMITS  24        /* of a command */
#define NGX_SMTP_VERIFY_FLEET_FIELDS  9         /* of a limit */
#define NGX_SMTP_VERIFY_FLEET_BUSY    25        /* ms */
#define NGX_SMTP_VERIFY_FLEET_REST    250       /* ms, if nothing is shared */
#define NGX_SMTP_VERIFY_FLEET_BEAT    900       /* ms; a machine is alive */


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
    ngx_smtp_verify_fleet_portions_t *q);
static u_char *ngx_smtp_verify_fleet_limits_args(u_char *p, u_char *last,
    ngx_smtp_verify_portion_ask_t *ask, ngx_str_t *argv);
static void ngx_smtp_verify_fleet_limits_reply(void *data,
    sv_resp_value_t *value);
static ngx_int_t ngx_smtp_verify_fleet_limits_read(
    ngx_smtp_verify_fleet_portions_t *q, sv_resp_value_t *value,
    sv_portion_fleet_t *fleet, sv_portion_grant_t *grants);
static ngx_int_t ngx_smtp_verify_fleet_limits_numbers(
    sv_resp_value_t *value, ngx_uint_t i, ngx_uint_t n, long long *v);


/*
 * KEYS: the machines; who has the name of this one; the limits.
 * ARGV: the machine; a number that no other one has, though it may have the
 * same name; how many machines it knows of; then for each limit: the
 * sessions at once, those that the machine has, those that it wants, the us
 * between two tokens (0: no limit), the us that they may be ahead, tokens that
 * it did not use, tokens that it wants, the name of this question and that of
 * the last one whose reply has arrived.
 *
 * The reply: 0 if another machine has the name; else the number of machines, of
 * those that are there now, the rank of this one, and 1 if the store has
 * forgotten what it granted; then for each limit: sessions; tokens for now;
 * tokens for later, of which the first comes after so many us; the us between
 * them.
 *
 * The machines that are not there have their safe share, which the others do
 * not get.  A machine counts as having what it had until it says that it has
 * less.
 * Sessions are shared out by need; what is left over goes round.
 *
 * All times are those of a clock that stands still while the store's clock is
 * set: machines ask at least once a second, so a longer time between two
 * questions has not passed, or nobody was there meanwhile.  It goes on from the
 * last question then.  If keys may have expired by that, the store has
 * forgotten what it granted.
 *
 * Times that are in the future, as after that clock was lost, are taken for the
 * present.
 */

const char  ngx_smtp_verify_fleet_limits_text[] =
    NGX_SMTP_VERIFY_FLEET_TRY
    "local t = redis.call('TIME')\n"
    "local us = t[1] * 1000000 + t[2]\n"
    "local me = ARGV[1]\n"
    "local who = try('HGET', KEYS[2], 'who')\n"
    "if who and who ~= ARGV[2] then return 0 end\n"
    "redis.call('HSET', KEYS[2], 'who', ARGV[2])\n"
    "redis.call('PEXPIRE', KEYS[2], 3000)\n"
    "local m = try('HGETALL', KEYS[1])\n"
    "local clock\n"
    "for i = 1, #m, 2 do\n"
    "  if m[i] == 'clock' then clock = m[i + 1] end\n"
    "end\n"
    "local off, last = string.match(clock or '', '^(%-?%d+) (%d+)$')\n"
    "off, last = tonumber(off) or 0, tonumber(last)\n"
    "local gap = last and us - off - last or 0\n"
    "if gap < 0 or gap > 1500000 then off = us - last end\n"
    "us = us - off\n"
    "redis.call('HSET', KEYS[1], 'clock',\n"
    "           string.format('%.0f %.0f', off, us))\n"
    "local ms = math.floor(us / 1000)\n"
    "local n, alive, rank, since = 1, 1, 0, nil\n"
    "local known = { [me] = true }\n"
    "for i = 1, #m, 2 do\n"
    "  local seen = tonumber(m[i + 1]) or 0\n"
    "  if m[i] == 'since' then\n"
    "    since = seen\n"
    "  elseif m[i] ~= me and m[i] ~= 'clock' then\n"
    "    if seen > ms then\n"
    "      seen = ms\n"
    "      redis.call('HSET', KEYS[1], m[i], ms)\n"
    "    end\n"
    "    if seen < ms - 3600000 then\n"
    "      redis.call('HDEL', KEYS[1], m[i])\n"
    "    else\n"
    "      known[m[i]] = true\n"
    "      n = n + 1\n"
    "      if seen > ms - 3000 then alive = alive + 1 end\n"
    "      if m[i] < me then rank = rank + 1 end\n"
    "    end\n"
    "  end\n"
    "end\n"
    "if not since or since > ms or gap > 500000000 then\n"
    "  since = ms\n"
    "  redis.call('HSET', KEYS[1], 'since', ms)\n"
    "end\n"
    "redis.call('HSET', KEYS[1], me, ms)\n"
    "local all = math.max(n, tonumber(ARGV[3]))\n"
    "local away = all - alive\n"
    "local learning = ms < since + 2500\n"
    "local function share(list, cap, want)\n"
    "  table.sort(list, function(a, b) return a.id < b.id end)\n"
    "  local rest, level = list, 0\n"
    "  while true do\n"
    "    local more = {}\n"
    "    level = math.floor(cap / #rest)\n"
    "    for _, r in ipairs(rest) do\n"
    "      if r.want > level then more[#more + 1] = r end\n"
    "    end\n"
    "    if #more == 0 then return want end\n"
    "    if #more == #rest then break end\n"
    "    for _, r in ipairs(rest) do\n"
    "      if r.want <= level then cap = cap - r.want end\n"
    "    end\n"
    "    rest = more\n"
    "  end\n"
    "  if want <= level then return want end\n"
    "  local turn = math.floor(ms / (level == 0 and 2000 or 10000))\n"
    "  for i, r in ipairs(rest) do\n"
    "    if r.id == me and (i + turn) % #rest < cap - level * #rest then\n"
    "      return level + 1\n"
    "    end\n"
    "  end\n"
    "  return level\n"
    "end\n"
    "local function sessions(k, h, conns, held, want)\n"
    "  local safe = math.floor(conns / 2 / all)\n"
    "  local kept = away * safe\n"
    "  if safe == 0 then kept = math.min(away, math.floor(conns / 2)) end\n"
    "  local cap, others = conns - kept, 0\n"
    "  local list = {{ id = me, want = want }}\n"
    "  for i = 1, #h, 2 do\n"
    "    local id = string.sub(h[i], 2)\n"
    "    if string.sub(h[i], 1, 1) == 's' and id ~= me then\n"
    "      local c, w, e = string.match(h[i + 1], '^(%d+) (%d+) (%d+)$')\n"
    "      e = tonumber(e) or 0\n"
    "      if e > ms + 3000 then\n"
    "        redis.call('HSET', k, h[i], string.format('%s %s %.0f',\n"
    "                   c, w, ms + 3000))\n"
    "      end\n"
    "      if e <= ms then\n"
    "        redis.call('HDEL', k, h[i])\n"
    "      else\n"
    "        others = others + tonumber(c)\n"
    "        list[#list + 1] = { id = id, want = tonumber(w) }\n"
    "      end\n"
    "    end\n"
    "  end\n"
    "  local got = math.min(held, cap, want)\n"
    "  if not learning then\n"
    "    got = math.min(share(list, cap, want), math.max(cap - others, 0))\n"
    "  end\n"
    "  local count = math.max(got, held)\n"
    "  if count > 0 or want > 0 then\n"
    "    redis.call('HSET', k, 's' .. me, string.format('%.0f %.0f %.0f',\n"
    "               count, want, ms + 3000))\n"
    "  else\n"
    "    redis.call('HDEL', k, 's' .. me)\n"
    "  end\n"
    "  return got\n"
    "end\n"
    "local function tokens(k, h, gap, ahead, back, want, this, last)\n"
    "  local tat\n"
    "  for i = 1, #h, 2 do\n"
    "    if h[i] == 'tat' then tat = tonumber(h[i + 1]) end\n"
    "    if h[i] == 'g' .. me then\n"
    "      local q, n = string.match(h[i + 1], '^(%d+) (%d+)$')\n"
    "      if q and tonumber(q) ~= last then back = back + tonumber(n) end\n"
    "    elseif string.sub(h[i], 1, 1) == 'g'\n"
    "           and not known[string.sub(h[i], 2)]\n"
    "    then\n"
    "      redis.call('HDEL', k, h[i])\n"
    "    end\n"
    "  end\n"
    "  local step = gap * 2 * all / (2 * all - away)\n"
    "  if learning then step = 2 * step end\n"
    "  local most = us + ahead + 1000 * step + 1000000\n"
    "  if not tat or tat ~= tat or tat > most then\n"
    "    tat = us + ahead\n"
    "  else\n"
    "    tat = tat - back * step\n"
    "  end\n"
    "  local now, later, delay = 0, 0, 0\n"
    "  while now + later < want do\n"
    "    tat = math.max(tat, us)\n"
    "    local left = tat - ahead - us\n"
    "    if left <= 0 then\n"
    "      now = now + 1\n"
    "    elseif left <= 250000 then\n"
    "      if later == 0 then delay = left end\n"
    "      later = later + 1\n"
    "    else\n"
    "      break\n"
    "    end\n"
    "    tat = tat + step\n"
    "  end\n"
    "  if now + later == 0 then\n"
    "    delay = math.max(tat - ahead - us, 0)\n"
    "  end\n"
    "  redis.call('HSET', k, 'tat', string.format('%.0f', tat), 'g' .. me,\n"
    "             string.format('%.0f %.0f', this, now + later))\n"
    "  return now, later, math.ceil(delay), math.ceil(step)\n"
    "end\n"
    "local r = { n, alive, rank, learning and 1 or 0 }\n"
    "for i = 3, #KEYS do\n"
    "  local v = {}\n"
    "  for j = 1, 9 do\n"
    "    v[j] = tonumber(ARGV[3 + (i - 3) * 9 + j])\n"
    "  end\n"
    "  local h = try('HGETALL', KEYS[i])\n"
    "  local got, now, later, delay, step = 0, 0, 0, 0, 0\n"
    "  if v[1] > 0 then\n"
    "    got = sessions(KEYS[i], h, v[1], v[2], v[3])\n"
    "  end\n"
    "  if v[4] > 0 then\n"
    "    now, later, delay, step = tokens(KEYS[i], h, v[4], v[5], v[6], v[7],\n"
    "                                     v[8], v[9])\n"
    "  end\n"
    "  redis.call('PEXPIRE', KEYS[i],\n"
    "             math.ceil(600000 + (v[4] + v[5]) / 1000))\n"
    "  for _, x in ipairs({ got, now, later, delay, step }) do\n"
    "    r[#r + 1] = x\n"
    "  end\n"
    "end\n"
    "return r\n";


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

        if (ngx_smtp_verify_fleet_limits_send(q) != NGX_OK) {
            ngx_smtp_verify_portions_lost(ft->throttle, q->asks, q->n);
            ngx_free(q);
            return;
        }

        ft->beat = ngx_current_msec;

    } while (n == NGX_SMTP_VERIFY_FLEET_LIMITS);
}


static ngx_int_t
ngx_smtp_verify_fleet_limits_send(ngx_smtp_verify_fleet_portions_t *q)
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
    argv[3] = ft->machines;
    argv[4].data = p;
    p = ngx_smtp_verify_fleet_limits_who(p, ft);
    argv[4].len = p - argv[4].data;
    n = 5;

    for (i = 0; i < q->n; i++) {
        argv[n].data = p;
        p = ngx_slprintf(p, last - 2 * SV_SIPHASH_LEN, "%V:t:",
                         &ft->fleet->prefix);
        p = ngx_hex_dump(p, q->asks[i].key, SV_SIPHASH_LEN);
        argv[n].len = p - argv[n].data;
        n++;
    }

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

    return ngx_smtp_verify_link_command(&w->commands, n, argv,
                                        ngx_smtp_verify_fleet_limits_reply,
                                        q);
}


static u_char *
ngx_smtp_verify_fleet_limits_args(u_char *p, u_char *last,
    ngx_smtp_verify_portion_ask_t *ask, ngx_str_t *argv)
{
    uint64_t    fields[NGX_SMTP_VERIFY_FLEET_FIELDS];
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

    for (i = 0; i < NGX_SMTP_VERIFY_FLEET_FIELDS; i++) {
        argv[i].data = p;
        p = ngx_slprintf(p, last, "%uL", fields[i]);
        argv[i].len = p - argv[i].data;
    }

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
               != 0)
        {
            return NGX_ERROR;
        }
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
