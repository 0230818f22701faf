
/*
 * The cache zone.  It keeps entries of several kinds, found by a keyed hash,
 * and the claims of workers.
 *
 * Only names of domains and mail hosts are stored in clear.  Keys are hashes
 * under a random key that is created with the zone.  There is one lock, the one
 * of the zone's slab pool.  The master releases it if its holder is killed;
 * sv_store.h and sv_claims.h explain why the zone is consistent then.
 *
 * The zone has separate parts, so that none of them can be filled at the cost
 * of the others: results of mail servers, facts about domains and hosts, and
 * answers of the DNS, of which anybody can cause any number with one question
 * each.
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
    ngx_smtp_verify_part_dns            /* also results for which no mail server
                                           was asked */
} ngx_smtp_verify_part_e;

#define NGX_SMTP_VERIFY_PARTS  3


typedef struct ngx_smtp_verify_cache_sh_s  ngx_smtp_verify_cache_sh_t;
typedef struct ngx_smtp_verify_behind_s    ngx_smtp_verify_behind_t;


typedef struct {
    ngx_smtp_verify_cache_sh_t  *sh;
    u_char                      *key;       /* of the hashes, in *sh */
    ngx_slab_pool_t             *shpool;    /* NULL: memory of one process */
    ngx_str_t                   *name;
    sv_store_t                   stores[NGX_SMTP_VERIFY_PARTS];
    sv_claims_t                 claims;
    uint64_t                     resets;    /* resets that were logged */
    ngx_smtp_verify_behind_t    *behind;    /* the next store, or NULL */
} ngx_smtp_verify_cache_t;


/* A copy of an entry.  Times are in seconds of sv_clock_sec(). */

typedef struct {
    ngx_uint_t                   kind;
    u_char                       key[SV_STORE_KEY];
    uint32_t                     variant;
    time_t                       created;
    time_t                       expires;
    time_t                       later;     /* for the caller's use */
    uint32_t                     tag;       /* for the caller's use */
    size_t                       len;
    ngx_uint_t                   unasked;   /* 1: a result without asking a mail
                                               server */
    u_char                       data[SV_STORE_MAX];
} ngx_smtp_verify_cache_item_t;


typedef struct {
    uint64_t                     id;        /* 0: other processes do not see
                                               this claim */
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
 * Adds a zone, as ngx_shared_memory_add() does.  Size 0 is a reference to a
 * zone that is defined elsewhere.  The zone's data is the
 * ngx_smtp_verify_cache_t.
 */
ngx_shm_zone_t *ngx_smtp_verify_cache_add(ngx_conf_t *cf, ngx_str_t *name,
    size_t size, void *tag);

/* Returns 1 if this is the zone of a cache. */
ngx_uint_t ngx_smtp_verify_cache_is(ngx_shm_zone_t *shm_zone);

/* Called when a worker starts: removes the claims of its predecessors.  Any
   zone may be passed. */
void ngx_smtp_verify_cache_process(ngx_shm_zone_t *shm_zone);

/* Returns a cache in memory of this process, for locations without a zone; NULL
   if there is no memory. */
ngx_smtp_verify_cache_t *ngx_smtp_verify_cache_private(ngx_log_t *log);

/* Reads an entry.  The caller sets kind, key and variant of *item.  Returns
   NGX_DECLINED if there is no such entry. */
ngx_int_t ngx_smtp_verify_cache_get(ngx_smtp_verify_cache_t *cache,
    ngx_smtp_verify_cache_item_t *item);

/* Returns NGX_DECLINED if the data is too long. */
ngx_int_t ngx_smtp_verify_cache_put(ngx_smtp_verify_cache_t *cache,
    ngx_smtp_verify_cache_item_t *item, ngx_log_t *log);

/* Puts an entry, unless its key was erased since _erased() returned the number
   "since": who asked before must not bring it back.  Then it returns
   NGX_DECLINED, too. */
ngx_int_t ngx_smtp_verify_cache_put_since(ngx_smtp_verify_cache_t *cache,
    ngx_smtp_verify_cache_item_t *item, uint64_t since, ngx_log_t *log);

/* Puts an entry that came from the store behind the cache.  Returns
   NGX_DECLINED if the cache has a newer one, or if anything was erased since
   _erased() returned the number "erased". */
ngx_int_t ngx_smtp_verify_cache_fill(ngx_smtp_verify_cache_t *cache,
    ngx_smtp_verify_cache_item_t *item, uint64_t erased, ngx_log_t *log);

/* Sets "later" of the entry, if it is still the one that *item was read
   from. */
void ngx_smtp_verify_cache_later(ngx_smtp_verify_cache_t *cache,
    ngx_smtp_verify_cache_item_t *item, time_t later);

/* Erases all variants.  Returns their number. */
ngx_uint_t ngx_smtp_verify_cache_erase(ngx_smtp_verify_cache_t *cache,
    ngx_uint_t kind, u_char *key);
/* The same, but not from the store behind the cache. */
ngx_uint_t ngx_smtp_verify_cache_forget(ngx_smtp_verify_cache_t *cache,
    ngx_uint_t kind, u_char *key);

/* Returns a number that changes whenever something is erased. */
uint64_t ngx_smtp_verify_cache_erased(ngx_smtp_verify_cache_t *cache);

void ngx_smtp_verify_cache_stats(ngx_smtp_verify_cache_t *cache,
    ngx_smtp_verify_cache_stats_t *stats);


/* cache_claims.c: which process works for an entry */

/*
 * Returns NGX_OK if this process has the claim and must end it, or NGX_BUSY if
 * another process has it.  The owner puts its result into the cache before it
 * ends the claim.
 */
ngx_int_t ngx_smtp_verify_cache_claim_start(ngx_smtp_verify_cache_t *cache,
    ngx_smtp_verify_cache_claim_t *claim, ngx_msec_t timeout);

void ngx_smtp_verify_cache_claim_end(ngx_smtp_verify_cache_t *cache,
    ngx_smtp_verify_cache_claim_t *claim);

/* Returns 1 while another process holds the claim, and tells that process that
   somebody waits for it. */
ngx_uint_t ngx_smtp_verify_cache_claim_wait(ngx_smtp_verify_cache_t *cache,
    ngx_smtp_verify_cache_claim_t *claim);

/* Returns 1 if another process has waited for our claim within the last
   moment. */
ngx_uint_t ngx_smtp_verify_cache_claim_wanted(ngx_smtp_verify_cache_t *cache,
    ngx_smtp_verify_cache_claim_t *claim);


/* The memory of one process needs no lock. */

static inline void
ngx_smtp_verify_cache_lock(ngx_smtp_verify_cache_t *cache)
{
    if (cache->shpool) {
        ngx_shmtx_lock(&cache->shpool->mutex);
    }
}


static inline void
ngx_smtp_verify_cache_unlock(ngx_smtp_verify_cache_t *cache)
{
    if (cache->shpool) {
        ngx_shmtx_unlock(&cache->shpool->mutex);
    }
}


static inline void
ngx_smtp_verify_cache_key(ngx_smtp_verify_cache_t *cache, u_char *data,
    size_t len, u_char *key)
{
    sv_siphash(cache->key, data, len, key);
}


/* Computes the same key, but remembers it: for names that are looked up
   often. */

static inline void
ngx_smtp_verify_cache_name_key(ngx_smtp_verify_cache_t *cache, u_char *data,
    size_t len, u_char *key)
{
    sv_siphash_name(cache->key, data, len, key);
}


/*
 * Returns a number that changes whenever something is put, and is never 0.  If
 * it is unchanged, an entry that was missing before need not be looked up
 * again.  It is read without the lock.  If a process puts an entry and then
 * ends its claim, whoever claims the key next sees the changed number.
 */

static inline uint64_t
ngx_smtp_verify_cache_state(ngx_smtp_verify_cache_t *cache)
{
    uint64_t    n;
    ngx_uint_t  i;

    n = 1;

    for (i = 0; i < NGX_SMTP_VERIFY_PARTS; i++) {
        n += cache->stores[i].head->puts;
    }

    return n;
}


/* Returns how often a part was found broken. */

static inline uint64_t
ngx_smtp_verify_cache_resets(ngx_smtp_verify_cache_t *cache)
{
    uint64_t    n;
    ngx_uint_t  i;

    n = 0;

    for (i = 0; i < NGX_SMTP_VERIFY_PARTS; i++) {
        n += cache->stores[i].head->resets;
    }

    return n;
}


/* Sets the key of a claim from the name of an entry. */

static inline void
ngx_smtp_verify_cache_claim_key(ngx_smtp_verify_cache_claim_t *claim,
    ngx_uint_t kind, u_char *key, uint32_t variant)
{
    ngx_uint_t  i;

    ngx_memcpy(claim->key, key, SV_STORE_KEY);

    claim->key[SV_STORE_KEY - 1] ^= (u_char) kind;

    for (i = 0; i < sizeof(uint32_t); i++) {
        claim->key[SV_STORE_KEY - 2 - i] ^= (u_char) (variant >> (i * 8));
    }
}


#endif /* _NGX_SMTP_VERIFY_CACHE_H_INCLUDED_ */
