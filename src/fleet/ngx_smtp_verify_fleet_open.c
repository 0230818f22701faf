
/* The scripts of a fleet, and the first commands of a link to its store. */


#include "ngx_smtp_verify_fleet_limits.h"
#include "ngx_smtp_verify_fleet_worker.h"

#include <openssl/sha.h>


#define NGX_SMTP_VERIFY_FLEET_ALIVE  "3000"     /* ms, of a worker's key */


static void ngx_smtp_verify_fleet_script(
    ngx_smtp_verify_fleet_script_t *script, const char *text);
static void ngx_smtp_verify_fleet_opened(void *data, sv_resp_value_t *value);
static void ngx_smtp_verify_fleet_auth(ngx_smtp_verify_link_t *link);
static void ngx_smtp_verify_fleet_authorized(void *data,
    sv_resp_value_t *value);
static void ngx_smtp_verify_fleet_role(void *data, sv_resp_value_t *value);
static void ngx_smtp_verify_fleet_try(ngx_smtp_verify_link_t *link);
static void ngx_smtp_verify_fleet_subscribed(void *data,
    sv_resp_value_t *value);


/*
 * KEYS: the entries, then the claim if it is wanted.
 * ARGV: how many entries there are, their fields, the worker, the prefix of the
 * keys of living workers, how long the claim may last (ms), the worker as an
 * owner of claims: its name, and that of its link to the store.  Claims that it
 * had by another link are over: their ends may have been lost with that.
 *
 * The reply: 0, or 1 if the worker has the claim now, or 2 if another one works
 * for it and will tell this one; then the values.
 */

static const char  ngx_smtp_verify_fleet_ask_text[] =
    NGX_SMTP_VERIFY_FLEET_TRY
    NGX_SMTP_VERIFY_FLEET_VALID
    "local n = tonumber(ARGV[1])\n"
    "local r = {0}\n"
    "local now = tonumber(redis.call('TIME')[1])\n"
    "local got = false\n"
    "for i = 1, n do\n"
    "  local v = try('HGET', KEYS[i], ARGV[i + 1])\n"
    "  if v and #v > 16384 then v = false end\n"
    "  r[i + 1] = v\n"
    "  if v and valid(v, now) then got = true end\n"
    "end\n"
    "local c = KEYS[n + 1]\n"
    "if c and not got then\n"
    "  local me = ARGV[n + 2]\n"
    "  local o = try('HGET', c, 'owner')\n"
    "  if o and string.sub(o, 1, #me) ~= me\n"
    "     and redis.call('EXISTS', ARGV[n + 3] .. o) == 1\n"
    "  then\n"
    "    redis.call('HSET', c, 'w' .. me, '')\n"
    "    r[1] = 2\n"
    "  else\n"
    "    redis.call('HSET', c, 'owner', ARGV[n + 5])\n"
    "    redis.call('PEXPIRE', c, ARGV[n + 4])\n"
    "    r[1] = 1\n"
    "  end\n"
    "end\n"
    "return r\n";


/*
 * KEYS: one for each operation, then the log of erasures.
 * ARGV: the worker, the prefix of workers' channels, the channel of erasures;
 * then the operations:
 *
 *   put, field, rank, expires, created, how long to keep it (ms), value
 *   end, name of the claim
 *   over, the machine: its claim of a trial is over; SET says whose it is, and
 *     is the only command for that which all users may do
 *   erase, name of the entry
 *
 * A store that is full takes no entry and no log.  What else there is to do is
 * done all the same.
 */

static const char  ngx_smtp_verify_fleet_write_text[] =
    NGX_SMTP_VERIFY_FLEET_TRY
    NGX_SMTP_VERIFY_FLEET_VALID
    "local log = KEYS[#KEYS]\n"
    "local now = tonumber(redis.call('TIME')[1])\n"
    "local a = 4\n"
    "local failed\n"
    "for i = 1, #KEYS - 1 do\n"
    "  local k = KEYS[i]\n"
    "  local op = ARGV[a]\n"
    "  if op == 'put' then\n"
    "    local v = try('HGET', k, ARGV[a + 1])\n"
    "    local keep = true\n"
    "    if v and valid(v, now) then\n"
    "      local r = tonumber(string.sub(v, 1, 1)) or 0\n"
    "      local c = tonumber(string.sub(v, 14, 23)) or 0\n"
    "      local rank = tonumber(ARGV[a + 2])\n"
    "      keep = rank > r\n"
    "             or (rank == r and tonumber(ARGV[a + 4]) >= c)\n"
    "    end\n"
    "    local s = keep and redis.pcall('HSET', k, ARGV[a + 1],\n"
    "                                   ARGV[a + 6])\n"
    "    if type(s) == 'table' and s.err then\n"
    "      failed = s\n"
    "    elseif keep then\n"
    "      local ms = tonumber(ARGV[a + 5])\n"
    "      if redis.call('PTTL', k) < ms then\n"
    "        redis.call('PEXPIRE', k, ms)\n"
    "      end\n"
    "    end\n"
    "    a = a + 7\n"
    "  elseif op == 'end' then\n"
    "    local o = try('HGET', k, 'owner')\n"
    "    if o and string.sub(o, 1, #ARGV[1]) == ARGV[1] then\n"
    "      for _, f in ipairs(redis.call('HKEYS', k)) do\n"
    "        if string.sub(f, 1, 1) == 'w' then\n"
    "          redis.call('PUBLISH', ARGV[2] .. string.sub(f, 2),\n"
    "                     ARGV[a + 1])\n"
    "        end\n"
    "      end\n"
    "      redis.call('DEL', k)\n"
    "    end\n"
    "    a = a + 2\n"
    "  elseif op == 'over' then\n"
    "    local o = redis.pcall('SET', k, ARGV[a + 1], 'NX', 'GET', 'PX', 1)\n"
    "    if not o or o == ARGV[a + 1] then redis.call('DEL', k) end\n"
    "    a = a + 2\n"
    "  else\n"
    "    redis.call('DEL', k)\n"
    "    redis.call('PUBLISH', ARGV[3], ARGV[a + 1])\n"
    "    try('XADD', log, 'MAXLEN', '~', 10000, '*', 'e', ARGV[a + 1])\n"
    "    a = a + 2\n"
    "  end\n"
    "end\n"
    "return failed or 1\n";


/*
 * KEYS: a log.  ARGV: the ID after which it is read, how many entries.
 *
 * The reply is that of XRANGE.  What is too long for a text of ours is left out
 * of it: the reply would be too large.
 */

static const char  ngx_smtp_verify_fleet_log_text[] =
    NGX_SMTP_VERIFY_FLEET_TRY
    "local r = try('XRANGE', KEYS[1], ARGV[1], '+', 'COUNT', ARGV[2])\n"
    "for _, e in ipairs(r) do\n"
    "  local text = e[2][2]\n"
    "  e[2] = {'', #text <= 256 and text or ''}\n"
    "end\n"
    "return r\n";


void
ngx_smtp_verify_fleet_scripts(ngx_smtp_verify_fleet_worker_t *w)
{
    ngx_smtp_verify_fleet_script(&w->ask, ngx_smtp_verify_fleet_ask_text);
    ngx_smtp_verify_fleet_script(&w->write, ngx_smtp_verify_fleet_write_text);
    ngx_smtp_verify_fleet_script(&w->limits,
                                 ngx_smtp_verify_fleet_limits_text);
    ngx_smtp_verify_fleet_script(&w->log, ngx_smtp_verify_fleet_log_text);
}


static void
ngx_smtp_verify_fleet_script(ngx_smtp_verify_fleet_script_t *script,
    const char *text)
{
    u_char  md[SHA_DIGEST_LENGTH];

    script->text.data = (u_char *) text;
    script->text.len = ngx_strlen(text);

    /* the store names its scripts so */

    SHA1(script->text.data, script->text.len, md);

    (void) ngx_hex_dump(script->sha, md, SHA_DIGEST_LENGTH);
}


/* Sends AUTH where there is a password, and ROLE. */

static void
ngx_smtp_verify_fleet_auth(ngx_smtp_verify_link_t *link)
{
    ngx_uint_t                n;
    ngx_str_t                 argv[3];
    ngx_smtp_verify_fleet_t  *fleet;

    fleet = link->fleet;
    n = 0;

    if (fleet->password.len) {
        ngx_str_set(&argv[n], "AUTH");
        n++;

        if (fleet->user.len) {
            argv[n++] = fleet->user;
        }

        argv[n++] = fleet->password;

        if (ngx_smtp_verify_link_send(link, n, argv,
                                      ngx_smtp_verify_fleet_authorized, link)
            != NGX_OK)
        {
            ngx_smtp_verify_link_fail(link, "no memory");
            return;
        }
    }

    ngx_str_set(&argv[0], "ROLE");

    if (ngx_smtp_verify_link_send(link, 1, argv, ngx_smtp_verify_fleet_role,
                                  link)
        != NGX_OK)
    {
        ngx_smtp_verify_link_fail(link, "no memory");
        return;
    }

    ngx_smtp_verify_link_mild(link);
}


/* What a known error means has been told before. */

static void
ngx_smtp_verify_fleet_authorized(void *data, sv_resp_value_t *value)
{
    if (value && value->type != sv_resp_status) {
        ngx_smtp_verify_link_fail(data, "it does not take AUTH");
    }
}


/* A replica cannot be written to.  A user may be forbidden to ask for the role:
   then the first command that writes shows it. */

static void
ngx_smtp_verify_fleet_role(void *data, sv_resp_value_t *value)
{
    sv_resp_value_t  *role;

    role = sv_resp_element(value, 0, sv_resp_string);

    if (role && role->len != sizeof("master") - 1) {
        ngx_smtp_verify_link_fail(data, "it is a replica");
    }
}


void
ngx_smtp_verify_fleet_open(ngx_smtp_verify_link_t *link)
{
    ngx_uint_t                       i;
    ngx_str_t                        argv[3];
    ngx_smtp_verify_fleet_worker_t  *w;
    ngx_smtp_verify_fleet_script_t  *scripts[4];

    w = link->data;

    ngx_smtp_verify_fleet_auth(link);
    ngx_smtp_verify_fleet_try(link);

    ngx_str_set(&argv[0], "SCRIPT");
    ngx_str_set(&argv[1], "LOAD");

    scripts[0] = &w->ask;
    scripts[1] = &w->limits;
    scripts[2] = &w->log;
    scripts[3] = &w->write;

    for (i = 0; i < 4; i++) {

        argv[2] = scripts[i]->text;

        if (ngx_smtp_verify_link_send(link, 3, argv,
                                      i == 3 ? ngx_smtp_verify_fleet_opened
                                             : NULL,
                                      link)
            != NGX_OK)
        {
            ngx_smtp_verify_link_fail(link, "no memory");
        }
    }
}


/* Are all keys on this node, if it is one of a cluster, and may they be
   written? */

static void
ngx_smtp_verify_fleet_try(ngx_smtp_verify_link_t *link)
{
    ngx_str_t                        argv[3];
    ngx_smtp_verify_fleet_worker_t  *w;

    w = link->data;

    ngx_str_set(&argv[0], "EXISTS");
    argv[1] = w->mine;
    argv[2] = w->erasures;

    (void) ngx_smtp_verify_link_send(link, 3, argv, NULL, NULL);

    ngx_smtp_verify_fleet_mark(link, &w->mine);
}


static void
ngx_smtp_verify_fleet_opened(void *data, sv_resp_value_t *value)
{
    ngx_smtp_verify_link_t          *link;
    ngx_smtp_verify_fleet_worker_t  *w;

    if (value == NULL) {
        return;
    }

    link = data;
    w = link->data;

    if (value->type != sv_resp_string
        || value->len != sizeof(w->write.sha)
        || ngx_memcmp(value->str, w->write.sha, value->len) != 0)
    {
        ngx_smtp_verify_link_fail(link, "it does not take the scripts");
        return;
    }

    w->late = 0;

    ngx_smtp_verify_fleet_owner(w);
    ngx_smtp_verify_fleet_write_again(w);
    ngx_smtp_verify_link_opened(link);
    ngx_smtp_verify_link_follow(&w->notices);
    ngx_smtp_verify_fleet_notice_read(w);
}


void
ngx_smtp_verify_fleet_mark(ngx_smtp_verify_link_t *link, ngx_str_t *key)
{
    ngx_str_t  argv[5];

    ngx_str_set(&argv[0], "SET");
    argv[1] = *key;
    ngx_str_set(&argv[2], "1");
    ngx_str_set(&argv[3], "PX");
    ngx_str_set(&argv[4], NGX_SMTP_VERIFY_FLEET_ALIVE);

    (void) ngx_smtp_verify_link_send(link, 5, argv, NULL, NULL);
}


void
ngx_smtp_verify_fleet_subscribe(ngx_smtp_verify_link_t *link)
{
    ngx_uint_t                       i;
    ngx_str_t                        argv[4];
    ngx_smtp_verify_fleet_worker_t  *w;

    w = link->data;

    ngx_smtp_verify_fleet_auth(link);

    ngx_str_set(&argv[0], "SUBSCRIBE");
    argv[1] = w->own;

    for (i = 0; i < w->nlogs; i++) {
        argv[2 + i] = *w->logs[i].key;
    }

    if (ngx_smtp_verify_link_send(link, 2 + i, argv,
                                  ngx_smtp_verify_fleet_subscribed, link)
        != NGX_OK)
    {
        ngx_smtp_verify_link_fail(link, "no memory");
    }
}


/* The replies for other channels are read as notices.  What was erased before
   is read from the log. */

static void
ngx_smtp_verify_fleet_subscribed(void *data, sv_resp_value_t *value)
{
    ngx_smtp_verify_link_t          *link;
    ngx_smtp_verify_fleet_worker_t  *w;

    if (value == NULL) {
        return;
    }

    link = data;

    if (value->type != sv_resp_array) {
        ngx_smtp_verify_link_fail(link, "it refuses the subscription");
        return;
    }

    ngx_smtp_verify_link_opened(link);
    w = link->data;
    ngx_smtp_verify_fleet_notice_read(w);
}
