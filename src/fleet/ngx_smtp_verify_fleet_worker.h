
/*
 * Shared by the files that ask the store of a fleet:
 *
 *   worker.c   the links of a worker, and its names
 *   open.c     scripts, and the first commands of a link
 *   ask.c      questions of fetches, and fetches that wait for another machine
 *   write.c    what is written behind: entries, ends of claims, erasures
 *   notice.c   what other machines tell: ends of claims, erasures
 *   cache.c    the store behind a cache zone
 *   told.c     what machines tell each other about destinations
 *   limits.c   limits that machines share, and limits_name.c
 *   clock.c    whether machines have the same time
 */


#ifndef _NGX_SMTP_VERIFY_FLEET_WORKER_H_INCLUDED_
#define _NGX_SMTP_VERIFY_FLEET_WORKER_H_INCLUDED_


#include "ngx_smtp_verify_behind.h"
#include "ngx_smtp_verify_fleet_link.h"
#include "ngx_smtp_verify_throttle_share.h"


#define NGX_SMTP_VERIFY_FLEET_ID     16     /* hex digits of a worker's name */
#define NGX_SMTP_VERIFY_FLEET_NAME   48     /* octets of an entry's name:
                                               kind, ":", key in hex */
#define NGX_SMTP_VERIFY_FLEET_FIELD  8      /* hex digits of a variant */
#define NGX_SMTP_VERIFY_FLEET_CLAIM                                           \
    (NGX_SMTP_VERIFY_FLEET_NAME + 1 + NGX_SMTP_VERIFY_FLEET_FIELD)
#define NGX_SMTP_VERIFY_FLEET_OWNER                                           \
    (NGX_SMTP_VERIFY_FLEET_ID + 9)          /* octets of an owner of claims: a
                                               worker, ".", its link in hex */
#define NGX_SMTP_VERIFY_FLEET_HELD   64     /* claims of trials */
#define NGX_SMTP_VERIFY_FLEET_KEPT   256    /* erasures that are sent once more
                                               to another server */
#define NGX_SMTP_VERIFY_FLEET_LOST   1024   /* erasures that wait for the
                                               store */


/* Begins scripts: calls a command for a key.  A key of another type, or a log
   that takes nothing more, was made by somebody else, and is taken away: it
   would keep all machines from it for as long as it is there. */

#define NGX_SMTP_VERIFY_FLEET_TRY                                             \
    "local function try(what, k, ...)\n"                                      \
    "  local v = redis.pcall(what, k, ...)\n"                                 \
    "  if type(v) == 'table' and v.err then\n"                                \
    "    if string.find(v.err, 'WRONGTYPE', 1, true)\n"                       \
    "       or string.find(v.err, ' ID', 1, true)\n"                          \
    "    then\n"                                                              \
    "      redis.call('DEL', k)\n"                                            \
    "    end\n"                                                               \
    "    v = redis.call(what, k, ...)\n"                                      \
    "  end\n"                                                                 \
    "  return v\n"                                                            \
    "end\n"


/* Is a value of an entry valid?  One that was made in the future, by a machine
   whose clock is wrong, must not keep others from theirs; see SV_FLEET_SKEW. */

#define NGX_SMTP_VERIFY_FLEET_VALID                                           \
    "local function valid(v, now)\n"                                          \
    "  return (tonumber(string.sub(v, 3, 12)) or 0) > now\n"                  \
    "         and (tonumber(string.sub(v, 14, 23)) or 0) <= now + 60\n"       \
    "end\n"


typedef struct {
    ngx_str_t                        text;      /* of the script */
    u_char                           sha[40];   /* its SHA-1 in hex, by which it
                                                   is called */
} ngx_smtp_verify_fleet_script_t;


/* the store behind one cache zone */

typedef struct {
    ngx_smtp_verify_behind_t         behind;
    ngx_smtp_verify_fleet_t         *fleet;
    ngx_smtp_verify_cache_t         *cache;
    ngx_queue_t                      queue;
} ngx_smtp_verify_fleet_cache_t;


/* a throttle zone that machines share */

typedef struct {
    ngx_smtp_verify_peers_t          peers;
    ngx_smtp_verify_fleet_t         *fleet;
    ngx_smtp_verify_throttle_t      *throttle;
    uint32_t                         crc;       /* of its name */
    ngx_uint_t                       nheld;     /* trials of this worker */
    u_char                           held[NGX_SMTP_VERIFY_FLEET_HELD]
                                         [SV_SIPHASH_LEN];
} ngx_smtp_verify_fleet_zone_t;


/* a log that is read by those who were away */

typedef void (*ngx_smtp_verify_fleet_log_pt)(ngx_smtp_verify_fleet_worker_t *w,
    sv_resp_value_t *text);

typedef struct {
    ngx_smtp_verify_fleet_worker_t  *worker;
    ngx_str_t                       *key;       /* of the log; its channel has
                                                   the same name */
    ngx_smtp_verify_fleet_log_pt     handler;
    u_char                           last[64];  /* the last that was read */
    size_t                           last_len;
    ngx_uint_t                       pages;     /* one after the other */
} ngx_smtp_verify_fleet_log_t;


/* a question of a fetch */

typedef struct {
    ngx_str_node_t                   node;      /* among those that wait */
    ngx_smtp_verify_fleet_worker_t  *worker;
    ngx_smtp_verify_fetch_t         *fetch;     /* NULL: cancelled */
    ngx_msec_t                       sent;
    ngx_event_t                      timer;     /* asks again */
    u_char                           claim[NGX_SMTP_VERIFY_FLEET_CLAIM];
    unsigned                         asking:1;  /* a reply will come */
    unsigned                         listens:1; /* for the end of the claim */
    unsigned                         woken:1;   /* it came before the reply */
    unsigned                         waited:1;  /* for another machine */
    unsigned                         kept:1;    /* the caller ends the claim */
} ngx_smtp_verify_fleet_ask_t;


/* what is written with the next command */

typedef struct {
    ngx_uint_t                       nkeys;
    ngx_uint_t                       nargs;
    ngx_str_t                        keys[20];
    ngx_str_t                        args[200];
    ngx_pool_t                      *pool;
    ngx_event_t                      timer;
} ngx_smtp_verify_fleet_write_t;


typedef struct {
    ngx_smtp_verify_fleet_worker_t  *worker;
    ngx_uint_t                       kind;
    u_char                           key[SV_STORE_KEY];
} ngx_smtp_verify_fleet_erased_t;


struct ngx_smtp_verify_fleet_worker_s {
    ngx_smtp_verify_fleet_t         *fleet;
    u_char                           id[NGX_SMTP_VERIFY_FLEET_ID];
    uint32_t                         opened;    /* names that it had as an
                                                   owner */
    u_char                           owner[NGX_SMTP_VERIFY_FLEET_OWNER];
    ngx_smtp_verify_link_t           commands;
    ngx_smtp_verify_link_t           notices;
    ngx_smtp_verify_fleet_script_t   ask;
    ngx_smtp_verify_fleet_script_t   write;
    ngx_smtp_verify_fleet_script_t   limits;
    ngx_smtp_verify_fleet_script_t   log;

    ngx_str_t                        alive;     /* key: a worker is alive;
                                                   its name follows */
    ngx_str_t                        mine;      /* the same of this worker */
    ngx_str_t                        channel;   /* of a worker; its name
                                                   follows */
    ngx_str_t                        own;       /* the same of this worker */
    ngx_str_t                        erasures;  /* channel and key of the log of
                                                   what was erased */
    ngx_str_t                        told;      /* the same, of what is told
                                                   about destinations */

    ngx_rbtree_t                     waiting;   /* questions, by claim */
    ngx_rbtree_node_t                sentinel;

    ngx_smtp_verify_fleet_write_t    pending;

    ngx_smtp_verify_fleet_erased_t  *lost;      /* erasures to be sent again */
    ngx_uint_t                       nlost;
    ngx_smtp_verify_fleet_erased_t   kept[NGX_SMTP_VERIFY_FLEET_KEPT];
    ngx_uint_t                       nkept;     /* the last that it confirmed;
                                                   a ring */

    ngx_smtp_verify_fleet_log_t      logs[2];
    ngx_uint_t                       nlogs;

    sv_told_rate_t                   told_rate;

    ngx_uint_t                       ticks;     /* seconds that it was up */

    ngx_uint_t                       asking;    /* questions without a reply */
    ngx_uint_t                       nwaiting;  /* for other machines */
    ngx_uint_t                       vain;      /* that have waited in vain, one
                                                   after the other */
    ngx_msec_t                       late_since;
    unsigned                         late:1;    /* no answer was in time since
                                                   then */
    unsigned                         full:1;    /* the store takes nothing */
    unsigned                         skewed:1;  /* its clock is another one */
    unsigned                         ended:1;   /* the process exits */
};


/* "name" has room for NGX_SMTP_VERIFY_FLEET_NAME octets; returns its end */
u_char *ngx_smtp_verify_fleet_name(u_char *name, ngx_uint_t kind,
    u_char *key);
/* The name of a claim: that of its entry, and the variant.  "claim" has room
   for NGX_SMTP_VERIFY_FLEET_CLAIM octets; returns its end. */
u_char *ngx_smtp_verify_fleet_claim(u_char *claim,
    ngx_smtp_verify_name_t *name);
/* Returns NGX_DECLINED if this is no name. */
ngx_int_t ngx_smtp_verify_fleet_name_read(u_char *name, size_t len,
    ngx_uint_t *kind, u_char *key);

/* Gives the worker another name as an owner of claims: those that it has are
   over within three seconds. */
void ngx_smtp_verify_fleet_owner(ngx_smtp_verify_fleet_worker_t *w);

/* Allocates "PREFIX:WHAT" and whatever follows. */
ngx_int_t ngx_smtp_verify_fleet_key(ngx_pool_t *pool,
    ngx_smtp_verify_fleet_t *fleet, const char *what, ngx_str_t *more,
    ngx_str_t *key);


/* open.c */

void ngx_smtp_verify_fleet_scripts(ngx_smtp_verify_fleet_worker_t *w);
/* what both links send at first */
void ngx_smtp_verify_fleet_open(ngx_smtp_verify_link_t *link);
void ngx_smtp_verify_fleet_subscribe(ngx_smtp_verify_link_t *link);
/* Who has this key is alive for three seconds. */
void ngx_smtp_verify_fleet_mark(ngx_smtp_verify_link_t *link, ngx_str_t *key);


/* ask.c */

ngx_int_t ngx_smtp_verify_fleet_ask(ngx_smtp_verify_fleet_worker_t *w,
    ngx_smtp_verify_fetch_t *fetch);
void ngx_smtp_verify_fleet_ask_cancel(ngx_smtp_verify_fetch_t *fetch);
ngx_int_t ngx_smtp_verify_fleet_ask_late(ngx_smtp_verify_fetch_t *fetch);
/* the machine that worked for this claim has ended */
void ngx_smtp_verify_fleet_ask_wake(ngx_smtp_verify_fleet_worker_t *w,
    u_char *claim, size_t len);
/* The store is away: nobody waits for another machine any longer. */
void ngx_smtp_verify_fleet_ask_lost(ngx_smtp_verify_fleet_worker_t *w);


/* write.c */

void ngx_smtp_verify_fleet_write_init(ngx_smtp_verify_fleet_worker_t *w);
void ngx_smtp_verify_fleet_write_flush(ngx_smtp_verify_fleet_worker_t *w);
void ngx_smtp_verify_fleet_write_put(ngx_smtp_verify_fleet_worker_t *w,
    ngx_smtp_verify_cache_item_t *item, ngx_uint_t rank);
void ngx_smtp_verify_fleet_write_release(ngx_smtp_verify_fleet_worker_t *w,
    u_char *claim, size_t len);
/* the claim of a trial, "t:" and its name, is over if this machine has it */
void ngx_smtp_verify_fleet_write_over(ngx_smtp_verify_fleet_worker_t *w,
    u_char *name, size_t len, u_char *machine);
void ngx_smtp_verify_fleet_write_erase(ngx_smtp_verify_fleet_worker_t *w,
    ngx_uint_t kind, u_char *key);
/* a server is used anew: erasures that were confirmed before wait for it */
void ngx_smtp_verify_fleet_write_again(ngx_smtp_verify_fleet_worker_t *w);
/* sends erasures again that the store has not confirmed */
void ngx_smtp_verify_fleet_write_lost(ngx_smtp_verify_fleet_worker_t *w);


/* notice.c */

void ngx_smtp_verify_fleet_notice(ngx_smtp_verify_link_t *link,
    sv_resp_value_t *value);
void ngx_smtp_verify_fleet_notice_init(ngx_smtp_verify_fleet_worker_t *w);
/* reads from the logs what was missed */
void ngx_smtp_verify_fleet_notice_read(ngx_smtp_verify_fleet_worker_t *w);


/* told.c */

void ngx_smtp_verify_fleet_told_start(ngx_smtp_verify_fleet_worker_t *w);
void ngx_smtp_verify_fleet_told_tick(ngx_smtp_verify_fleet_worker_t *w);
void ngx_smtp_verify_fleet_told_read(ngx_smtp_verify_fleet_worker_t *w,
    sv_resp_value_t *text);


/* clock.c: called each second */

void ngx_smtp_verify_fleet_clock_tick(ngx_smtp_verify_fleet_worker_t *w);


/* cache.c: erases an entry in all caches of this machine */

void ngx_smtp_verify_fleet_cache_forget(ngx_smtp_verify_fleet_t *fleet,
    ngx_uint_t kind, u_char *key);


#endif /* _NGX_SMTP_VERIFY_FLEET_WORKER_H_INCLUDED_ */
