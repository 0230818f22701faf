
#include "ngx_smtp_verify_lend_carrier.h"

#include <openssl/sha.h>


static void ngx_smtp_verify_lend_timer(ngx_event_t *ev);
static ngx_int_t ngx_smtp_verify_lend_load(ngx_smtp_verify_lend_t *lend);


/*
 * ARGV[1] says what is to be done, ARGV[2] begins the keys of living workers,
 * ARGV[3] is the name of this one.  KEYS[1] is the stream of blocks that are
 * offered, in which each has a field "o", the worker that offers it, and "b",
 * the block.
 *
 * offer     ARGV: the block.  The reply: its ID, or nil.
 *
 * watch     KEYS: also who would take blocks.  ARGV: IDs of blocks that were
 *           offered.  The reply: how many blocks are wanted; those of the IDs
 *           at which nobody works, and which nobody will take: they are out of
 *           the stream.
 *
 * take      KEYS: also who would take blocks.  ARGV: how many this worker would
 *           take; IDs of blocks that it has.  The reply: those that are not
 *           wanted any more, also since another worker has them: this one was
 *           thought to be dead; those that are wanted back soon; then a block,
 *           its ID first, if there is one.  A block of a worker that died comes
 *           first; one that three workers had in vain is given up, and so is
 *           one whose owner is gone before it was begun.
 *
 * hand      KEYS: also the stream of answers, and whether they are unwanted.
 *           ARGV: ID of the block, is this the last answer, the answer.  The
 *           reply: 1, or 0 if the block is not wanted any more.  The end of
 *           a block is said by the worker that has it, and by no other.
 *
 * read      KEYS: also the stream of answers.  ARGV: the ID after which it is
 *           read.  The reply: two entries, as of XRANGE; what is too long for
 *           an answer is left out.
 *
 * recall    ARGV: IDs of blocks, whose owner wants them back soon.  Those that
 *           nobody has begun are out of the stream, also if the store is full.
 *
 * drop      ARGV: IDs of blocks.
 *
 * forget    KEYS: also as of "hand".  ARGV: 1 if nothing is wanted later.
 */

static const char  ngx_smtp_verify_lend_text[] =
    NGX_SMTP_VERIFY_FLEET_TRY
    "local w, what, alive, me = KEYS[1], ARGV[1], ARGV[2], ARGV[3]\n"
    "local call = redis.call\n"
    "local length = try('XLEN', w)\n"
    "local function lives(n) return call('EXISTS', alive .. n) == 1 end\n"
    "local function drop(id)\n"
    "  redis.pcall('XACK', w, 'edges', id)\n"
    "  call('XDEL', w, id)\n"
    "  call('DEL', w .. ':over:' .. id)\n"
    "end\n"
    "local function entry(id) return call('XRANGE', w, id, id)[1] end\n"
    "local function has(id)\n"
    "  local p = redis.pcall('XPENDING', w, 'edges', id, id, 1)\n"
    "  return not p.err and p[1] and p[1][2]\n"
    "end\n"
    "local function value(e, name)\n"
    "  for i = 1, #e[2], 2 do\n"
    "    if e[2][i] == name then return e[2][i + 1] end\n"
    "  end\n"
    "  return ''\n"
    "end\n"
    "if what == 'offer' then\n"
    "  if length >= 512 then return false end\n"
    "  local id = call('XADD', w, '*', 'o', me, 'b', ARGV[4])\n"
    "  call('PEXPIRE', w, 600000)\n"
    "  return id\n"
    "elseif what == 'watch' then\n"
    "  local want, gone = 0, {}\n"
    "  for i = 4, #ARGV do\n"
    "    local id = ARGV[i]\n"
    "    if not entry(id) then\n"
    "      gone[#gone + 1] = id\n"
    "    else\n"
    "      local who = has(id)\n"
    "      if who and not lives(who) then\n"
    "        drop(id)\n"
    "        gone[#gone + 1] = id\n"
    "      end\n"
    "    end\n"
    "  end\n"
    "  local now = tonumber(call('TIME')[1])\n"
    "  local idle = try('HGETALL', KEYS[2])\n"
    "  for i = 2, #idle, 2 do\n"
    "    local at, n = string.match(idle[i], '^(%d+) (%d+)$')\n"
    "    if not at or math.abs(now - at) > 60 then\n"
    "      call('HDEL', KEYS[2], idle[i - 1])\n"
    "    elseif now - at <= 2 and idle[i - 1] ~= me then\n"
    "      want = want + n\n"
    "    end\n"
    "  end\n"
    "  local p = redis.pcall('XPENDING', w, 'edges')\n"
    "  want = want - call('XLEN', w) + (not p.err and p[1] or 0)\n"
    "  return {want, gone}\n"
    "elseif what == 'take' then\n"
    "  local free, gone, over = tonumber(ARGV[4]), {}, {}\n"
    "  for i = 5, #ARGV do\n"
    "    local id = ARGV[i]\n"
    "    if not entry(id) or (has(id) or me) ~= me then\n"
    "      gone[#gone + 1] = id\n"
    "    elseif call('EXISTS', w .. ':over:' .. id) == 1 then\n"
    "      over[#over + 1] = id\n"
    "    end\n"
    "  end\n"
    "  local got\n"
    "  if free > 0 and call('EXISTS', w) == 1 then\n"
    "    redis.pcall('XGROUP', 'CREATE', w, 'edges', '0')\n"
    "    for _, c in ipairs(call('XINFO', 'CONSUMERS', w, 'edges')) do\n"
    "      local name, n = c[2], c[4]\n"
    "      if name ~= me and not got and not lives(name) then\n"
    "        local p = call('XPENDING', w, 'edges', '-', '+', 1, name)[1]\n"
    "        if not p then\n"
    "          call('XGROUP', 'DELCONSUMER', w, 'edges', name)\n"
    "        elseif p[4] >= 3 then\n"
    "          drop(p[1])\n"
    "        else\n"
    "          got = call('XCLAIM', w, 'edges', me, 0, p[1])[1]\n"
    "        end\n"
    "      end\n"
    "    end\n"
    "    for i = 1, 8 do\n"
    "      local r = not got and call('XREADGROUP', 'GROUP', 'edges', me,\n"
    "                                 'COUNT', 1, 'STREAMS', w, '>')\n"
    "      got = got or (r and r[1][2][1])\n"
    "      if not got then break end\n"
    "      if lives(value(got, 'o')) and #value(got, 'b') <= 98400 then\n"
    "        break\n"
    "      end\n"
    "      drop(got[1])\n"
    "      got = nil\n"
    "    end\n"
    "  end\n"
    "  if free > 0 then\n"
    "    try('HSET', KEYS[2], me, call('TIME')[1] .. ' '\n"
    "                             .. (got and free - 1 or free))\n"
    "    call('PEXPIRE', KEYS[2], 5000)\n"
    "  else\n"
    "    try('HDEL', KEYS[2], me)\n"
    "  end\n"
    "  if got then return {gone, over, got[1], value(got, 'b')} end\n"
    "  return {gone, over}\n"
    "elseif what == 'hand' then\n"
    "  if call('EXISTS', KEYS[3]) == 1 then\n"
    "    drop(ARGV[4])\n"
    "    return 0\n"
    "  end\n"
    "  local mine = entry(ARGV[4]) and (has(ARGV[4]) or me) == me\n"
    "  if mine or ARGV[5] ~= '1' then\n"
    "    try('XADD', KEYS[2], 'MAXLEN', '~', 1000, '*', 'r', ARGV[6])\n"
    "    call('PEXPIRE', KEYS[2], 86400000)\n"
    "  end\n"
    "  if mine and ARGV[5] == '1' then drop(ARGV[4]) end\n"
    "  return mine and 1 or 0\n"
    "elseif what == 'read' then\n"
    "  local r = try('XRANGE', KEYS[2], ARGV[4], '+', 'COUNT', 2)\n"
    "  for _, e in ipairs(r) do\n"
    "    e[2] = {'', #e[2][2] <= 98400 and e[2][2] or ''}\n"
    "  end\n"
    "  return r\n"
    "elseif what == 'recall' then\n"
    "  local begun = {}\n"
    "  for i = 4, #ARGV do\n"
    "    if has(ARGV[i]) then\n"
    "      begun[#begun + 1] = ARGV[i]\n"
    "    else\n"
    "      drop(ARGV[i])\n"
    "    end\n"
    "  end\n"
    "  for _, id in ipairs(begun) do\n"
    "    redis.pcall('SET', w .. ':over:' .. id, '1', 'PX', 60000)\n"
    "  end\n"
    "  return 1\n"
    "elseif what == 'drop' then\n"
    "  for i = 4, #ARGV do drop(ARGV[i]) end\n"
    "  return 1\n"
    "elseif what == 'forget' then\n"
    "  call('DEL', KEYS[2])\n"
    "  if ARGV[4] == '1' then\n"
    "    call('SET', KEYS[3], '1', 'PX', 3600000)\n"
    "  end\n"
    "  return 1\n"
    "end\n";


ngx_int_t
ngx_smtp_verify_lend_add(ngx_conf_t *cf, ngx_smtp_verify_fleet_t *fleet,
    ngx_smtp_verify_jobs_t *jobs, uint32_t variant)
{
    ngx_smtp_verify_lend_t  *lend;

    lend = ngx_pcalloc(cf->pool, sizeof(ngx_smtp_verify_lend_t));
    if (lend == NULL) {
        return NGX_ERROR;
    }

    lend->carrier.jobs = jobs;
    lend->carrier.data = lend;
    lend->fleet = fleet;
    lend->variant = sv_fleet_variant(variant);

    jobs->carrier = &lend->carrier;

    return NGX_OK;
}


ngx_int_t
ngx_smtp_verify_lend_start(ngx_smtp_verify_jobs_carrier_t *carrier,
    ngx_cycle_t *cycle)
{
    u_char                   md[SHA_DIGEST_LENGTH];
    u_char                   hex[NGX_SMTP_VERIFY_FLEET_FIELD];
    ngx_str_t                variant;
    ngx_smtp_verify_lend_t  *lend;

    lend = carrier->data;

    lend->script.text.data = (u_char *) ngx_smtp_verify_lend_text;
    lend->script.text.len = sizeof(ngx_smtp_verify_lend_text) - 1;

    SHA1(lend->script.text.data, lend->script.text.len, md);
    (void) ngx_hex_dump(lend->script.sha, md, SHA_DIGEST_LENGTH);

    variant.data = hex;
    variant.len = ngx_sprintf(hex, "%08xD", lend->variant) - hex;

    if (ngx_smtp_verify_fleet_key(cycle->pool, lend->fleet, "work:", &variant,
                                  &lend->work)
        != NGX_OK
        || ngx_smtp_verify_fleet_key(cycle->pool, lend->fleet, "idle:",
                                     &variant, &lend->idle)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    ngx_smtp_verify_lend_owner_init(lend);
    ngx_smtp_verify_lend_borrower_init(lend);

    lend->timer.handler = ngx_smtp_verify_lend_timer;
    lend->timer.data = lend;
    lend->timer.log = cycle->log;
    lend->timer.cancelable = 1;

    ngx_add_timer(&lend->timer, NGX_SMTP_VERIFY_LEND_TICK);

    return NGX_OK;
}


/* Called after the jobs have ended and before the fleet ends.  So the fleet
   still sends what the jobs have handed in at the end. */

void
ngx_smtp_verify_lend_exit(ngx_smtp_verify_jobs_carrier_t *carrier)
{
    ngx_smtp_verify_lend_t  *lend;

    lend = carrier->data;

    if (lend->timer.handler == NULL) {
        return;
    }

    ngx_smtp_verify_lend_borrower_exit(lend);
    ngx_smtp_verify_lend_owner_exit(lend);

    lend->ended = 1;

    if (lend->timer.timer_set) {
        ngx_del_timer(&lend->timer);
    }
}


static void
ngx_smtp_verify_lend_timer(ngx_event_t *ev)
{
    ngx_smtp_verify_lend_t  *lend;

    lend = ev->data;
    lend->ticks++;

    ngx_smtp_verify_lend_owner_tick(lend);
    ngx_smtp_verify_lend_borrower_tick(lend);

    if (!ev->timer_set) {
        ngx_add_timer(ev, NGX_SMTP_VERIFY_LEND_TICK);
    }
}


void
ngx_smtp_verify_lend_soon(ngx_smtp_verify_lend_t *lend)
{
    if (!lend->ended) {
        ngx_add_timer(&lend->timer, 1);
    }
}


ngx_uint_t
ngx_smtp_verify_lend_is_up(ngx_smtp_verify_lend_t *lend)
{
    return !lend->ended && ngx_smtp_verify_fleet_is_up(lend->fleet);
}


ngx_int_t
ngx_smtp_verify_lend_call(ngx_smtp_verify_lend_t *lend, const char *what,
    ngx_str_t *keys, ngx_uint_t nkeys, ngx_str_t *args, ngx_uint_t nargs,
    ngx_smtp_verify_link_reply_pt handler, void *data)
{
    u_char                           number[NGX_INT_T_LEN];
    ngx_str_t                        argv[NGX_SMTP_VERIFY_LINK_ARGS];
    ngx_uint_t                       n;
    ngx_smtp_verify_fleet_worker_t  *w;

    if (!ngx_smtp_verify_lend_is_up(lend)
        || ngx_smtp_verify_lend_load(lend) != NGX_OK)
    {
        return NGX_DECLINED;
    }

    w = lend->fleet->worker;

    ngx_str_set(&argv[0], "EVALSHA");
    argv[1].data = lend->script.sha;
    argv[1].len = sizeof(lend->script.sha);
    argv[2].data = number;
    argv[2].len = ngx_sprintf(number, "%ui", nkeys + 1) - number;
    argv[3] = lend->work;

    n = 4;

    ngx_memcpy(&argv[n], keys, nkeys * sizeof(ngx_str_t));
    n += nkeys;

    argv[n].data = (u_char *) what;
    argv[n].len = ngx_strlen(what);
    n++;
    argv[n++] = w->alive;
    argv[n].data = w->id;
    argv[n].len = NGX_SMTP_VERIFY_FLEET_ID;
    n++;

    ngx_memcpy(&argv[n], args, nargs * sizeof(ngx_str_t));
    n += nargs;

    return ngx_smtp_verify_link_command(&w->commands, n, argv, handler, data);
}


static ngx_int_t
ngx_smtp_verify_lend_load(ngx_smtp_verify_lend_t *lend)
{
    ngx_str_t                argv[3];
    ngx_smtp_verify_link_t  *link;

    link = &lend->fleet->worker->commands;

    if (lend->has_script && lend->loaded == link->since) {
        return NGX_OK;
    }

    ngx_str_set(&argv[0], "SCRIPT");
    ngx_str_set(&argv[1], "LOAD");
    argv[2] = lend->script.text;

    if (ngx_smtp_verify_link_command(link, 3, argv, NULL, NULL) != NGX_OK) {
        return NGX_DECLINED;
    }

    lend->has_script = 1;
    lend->loaded = link->since;

    return NGX_OK;
}


ngx_int_t
ngx_smtp_verify_lend_command(ngx_smtp_verify_lend_t *lend, ngx_uint_t argc,
    ngx_str_t *argv, ngx_smtp_verify_link_reply_pt handler, void *data)
{
    if (!ngx_smtp_verify_lend_is_up(lend)) {
        return NGX_DECLINED;
    }

    return ngx_smtp_verify_link_command(&lend->fleet->worker->commands, argc,
                                        argv, handler, data);
}


sv_resp_value_t *
ngx_smtp_verify_lend_reply(ngx_smtp_verify_lend_t *lend,
    sv_resp_value_t *value)
{
    if (value == NULL || value->type != sv_resp_error) {
        return value;
    }

    if (ngx_strncmp(value->str, "NOSCRIPT", 8) == 0) {
        lend->has_script = 0;
    }

    return NULL;
}


void
ngx_smtp_verify_lend_drop(ngx_smtp_verify_lend_t *lend,
    ngx_smtp_verify_jobs_entry_t *entry)
{
    ngx_str_t  id;

    id.data = entry->data;
    id.len = entry->len;

    (void) ngx_smtp_verify_lend_call(lend, "drop", NULL, 0, &id, 1, NULL,
                                     NULL);
}


/* The ID of an entry: digits and a dash. */

ngx_int_t
ngx_smtp_verify_lend_entry(ngx_smtp_verify_jobs_entry_t *entry,
    sv_resp_value_t *value)
{
    size_t  i;

    if (value == NULL || value->len == 0 || value->len > sizeof(entry->data)) {
        return NGX_DECLINED;
    }

    for (i = 0; i < value->len; i++) {

        if ((value->str[i] < '0' || value->str[i] > '9')
            && value->str[i] != '-')
        {
            return NGX_DECLINED;
        }
    }

    ngx_memcpy(entry->data, value->str, value->len);
    entry->len = value->len;

    return NGX_OK;
}


void
ngx_smtp_verify_lend_offer_name(ngx_smtp_verify_lend_t *lend, u_char *buf,
    sv_str_t *name)
{
    name->data = buf;
    name->len = ngx_sprintf(buf, "offer %08xD", lend->variant) - buf;
}


void
ngx_smtp_verify_lend_answer_name(u_char *alias, u_char *buf, sv_str_t *name)
{
    u_char  *p;

    p = ngx_cpymem(buf, "answer ", sizeof("answer ") - 1);
    p = ngx_cpymem(p, alias, SV_FLEET_ALIAS);

    name->data = buf;
    name->len = p - buf;
}


void
ngx_smtp_verify_lend_answers(ngx_smtp_verify_lend_t *lend, const char *what,
    u_char *alias, u_char *buf, ngx_str_t *key)
{
    u_char  *p;

    p = ngx_slprintf(buf, buf + NGX_SMTP_VERIFY_LEND_KEY, "%V:%s:",
                     &lend->fleet->prefix, what);
    p = ngx_cpymem(p, alias, SV_FLEET_ALIAS);

    key->data = buf;
    key->len = p - buf;
}
