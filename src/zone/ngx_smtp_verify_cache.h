
/*
 * The cache zone: entries of any kind by keyed hash, and what is under way.
 *
 * Nothing in it is a name in clear but of domains and mail hosts: keys are
 * hashes under a random key that lives in the zone, made once.  The one lock
 * is that of the zone's slab pool, which the master frees when its holder was
 * killed; sv_store.h and sv_claims.h say why what that leaves is sound.
 *
 * Whoever fills one part takes no room from the others: what mail servers said
 * of mailboxes, what they said of domains and themselves, and what the DNS
 * said, of which anybody can have any amount for a question each.
 */


#ifndef _NGX_SMTP_VERIFY_CACHE_H_INCLUDED_
#define _NGX_SMTP_VERIFY_CACHE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>

#include "sv_claims.h"
#include "sv_siphash.h"
#include "sv_store.h"


/* kinds of entries */

#define NGX_SMTP_VERIFY_CACHE_RESULT     1
#define NGX_SMTP_VERIFY_CACHE_MX         2
#define NGX_SMTP_VERIFY_CACHE_CATCH_ALL  3
#define NGX_SMTP_VERIFY_CACHE_HOST       4
#define NGX_SMTP_VERIFY_CACHE_AGE        5
#define NGX_SMTP_VERIFY_CACHE_TLSA       6
#define NGX_SMTP_VERIFY_CACHE_STS        7
#define NGX_SMTP_VERIFY_CACHE_STS_ID     8


typedef enum {
    ngx_smtp_verify_part_results = 0,
    ngx_smtp_verify_part_facts,
    ngx_smtp_verify_part_dns            /* results, too, where no mail server
                                           was asked */
} ngx_smtp_verify_part_e;

#define NGX_SMTP_VERIFY_PARTS  3


typedef struct ngx_smtp_verify_cache_sh_s  ngx_smtp_verify_cache_sh_t;
typedef struct ngx_smtp_verify_behind_s    ngx_smtp_verify_behind_t;


typedef struct {
    ngx_smtp_verify_cache_sh_t  *sh;
    ngx_slab_pool_t             *shpool;    /* NULL: of one process */
    ngx_str_t                   *name;
    sv_store_t                   stores[NGX_SMTP_VERIFY_PARTS];
    sv_claims_t                 claims;
    uint64_t                     resets;    /* told of in the log */
    ngx_smtp_verify_behind_t    *behind;    /* the next store, or NULL */
} ngx_smtp_verify_cache_t;


/* a copy of an entry; times in seconds */

typedef struct {
    ngx_uint_t                   kind;
    u_char                       key[SV_STORE_KEY];
    uint32_t                     variant;
    time_t                       created;   /* of sv_clock_sec(), as all */
    time_t                       expires;
    time_t                       later;     /* the caller's */
    uint32_t                     tag;       /* the caller's */
    size_t                       len;
    ngx_uint_t                   unasked;   /* a result of no mail server */
    u_char                       data[SV_STORE_MAX];
} ngx_smtp_verify_cache_item_t;


typedef struct {
    uint64_t                     id;        /* 0: nobody else knows of it */
    u_char                       key[SV_STORE_KEY];
} ngx_smtp_verify_cache_claim_t;


typedef struct {
    size_t                       size;
    size_t                       used;
    uint64_t                     entries;
    uint64_t                     puts;
    uint64_t                     evicted;
    uint64_t                     renewed;
    uint64_t                     resets;
    ngx_uint_t                   claims;
} ngx_smtp_verify_cache_stats_t;


/*
 * As ngx_shared_memory_add(); size 0: a reference to a zone that is defined
 * elsewhere.  The cache is the data of the zone, once that is initialized.
 */
ngx_shm_zone_t *ngx_smtp_verify_cache_add(ngx_conf_t *cf, ngx_str_t *name,
    size_t size, void *tag);

/* is it the zone of a cache? */
ngx_uint_t ngx_smtp_verify_cache_is(ngx_shm_zone_t *shm_zone);

/* a worker begins: what its predecessors had under way is not so any more;
   any zone may be given */
void ngx_smtp_verify_cache_process(ngx_shm_zone_t *shm_zone);

/* of this process alone, for what has no zone; NULL: no memory */
ngx_smtp_verify_cache_t *ngx_smtp_verify_cache_private(ngx_log_t *log);

void ngx_smtp_verify_cache_key(ngx_smtp_verify_cache_t *cache, u_char *data,
    size_t len, u_char *key);
/* the same of what is asked for often, which is remembered */
void ngx_smtp_verify_cache_name_key(ngx_smtp_verify_cache_t *cache,
    u_char *data, size_t len, u_char *key);

/* kind, key and variant of *item are given; NGX_DECLINED: none */
ngx_int_t ngx_smtp_verify_cache_get(ngx_smtp_verify_cache_t *cache,
    ngx_smtp_verify_cache_item_t *item);

/* NGX_DECLINED: too long */
ngx_int_t ngx_smtp_verify_cache_put(ngx_smtp_verify_cache_t *cache,
    ngx_smtp_verify_cache_item_t *item, ngx_log_t *log);

/* from the store behind: NGX_DECLINED where there is a newer one, or where
   something was erased since _erased() told that number */
ngx_int_t ngx_smtp_verify_cache_fill(ngx_smtp_verify_cache_t *cache,
    ngx_smtp_verify_cache_item_t *item, uint64_t erased, ngx_log_t *log);

/* sets item->later where the entry still is the one that *item is of */
void ngx_smtp_verify_cache_later(ngx_smtp_verify_cache_t *cache,
    ngx_smtp_verify_cache_item_t *item, time_t later);

/* all variants; returns how many there were */
ngx_uint_t ngx_smtp_verify_cache_erase(ngx_smtp_verify_cache_t *cache,
    ngx_uint_t kind, u_char *key);

/* another number each time that something is put: what was not there before
   need not be looked for again where it is the same; never 0 */
uint64_t ngx_smtp_verify_cache_state(ngx_smtp_verify_cache_t *cache);

/* another number each time that something is erased */
uint64_t ngx_smtp_verify_cache_erased(ngx_smtp_verify_cache_t *cache);

void ngx_smtp_verify_cache_stats(ngx_smtp_verify_cache_t *cache,
    ngx_smtp_verify_cache_stats_t *stats);


/* cache_claims.c: what is under way for an entry */

void ngx_smtp_verify_cache_lock(ngx_smtp_verify_cache_t *cache);
void ngx_smtp_verify_cache_unlock(ngx_smtp_verify_cache_t *cache);

/* of an entry's name */
void ngx_smtp_verify_cache_claim_key(ngx_smtp_verify_cache_claim_t *claim,
    ngx_uint_t kind, u_char *key, uint32_t variant);

/*
 * NGX_OK: it is ours, to be ended; NGX_BUSY: another process works on it.
 * An owner that has a result puts it before it ends the claim.
 */
ngx_int_t ngx_smtp_verify_cache_claim_start(ngx_smtp_verify_cache_t *cache,
    ngx_smtp_verify_cache_claim_t *claim, ngx_msec_t timeout);

void ngx_smtp_verify_cache_claim_end(ngx_smtp_verify_cache_t *cache,
    ngx_smtp_verify_cache_claim_t *claim);

/* another's: is it still under way?  It is told that we wait */
ngx_uint_t ngx_smtp_verify_cache_claim_wait(ngx_smtp_verify_cache_t *cache,
    ngx_smtp_verify_cache_claim_t *claim);

/* ours: did another process wait for it just now? */
ngx_uint_t ngx_smtp_verify_cache_claim_wanted(ngx_smtp_verify_cache_t *cache,
    ngx_smtp_verify_cache_claim_t *claim);


#endif /* _NGX_SMTP_VERIFY_CACHE_H_INCLUDED_ */
