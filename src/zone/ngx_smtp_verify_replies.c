
#include "ngx_smtp_verify_replies.h"

#include "ngx_smtp_verify_throttle.h"
#include "ngx_smtp_verify_zone.h"
#include "sv_clock.h"


#define NGX_SMTP_VERIFY_REPLIES_LAYOUT  1
#define NGX_SMTP_VERIFY_REPLIES_SETS    128
#define NGX_SMTP_VERIFY_REPLIES_WAYS    4


typedef struct {
    uint64_t                 layout;
    uint64_t                 keyed;
    u_char                   key[SV_SIPHASH_LEN];
    ngx_smtp_verify_reply_t  replies[NGX_SMTP_VERIFY_REPLIES_SETS]
                                    [NGX_SMTP_VERIFY_REPLIES_WAYS];
} ngx_smtp_verify_replies_sh_t;


static ngx_int_t ngx_smtp_verify_replies_init(ngx_shm_zone_t *shm_zone,
    void *data);
static ngx_smtp_verify_reply_t *ngx_smtp_verify_replies_set(
    ngx_smtp_verify_replies_sh_t *sh, ngx_smtp_verify_reply_of_t *of,
    u_char *key);


/* the zone of this process, or NULL */

static ngx_shm_zone_t  *ngx_smtp_verify_replies;


ngx_shm_zone_t *
ngx_smtp_verify_replies_add(ngx_conf_t *cf, void *tag)
{
    size_t           size;
    ngx_shm_zone_t  *shm_zone;
    ngx_str_t        name = ngx_string("smtp_verify_replies");

    size = ngx_align(sizeof(ngx_smtp_verify_replies_sh_t), ngx_pagesize)
           + 16 * ngx_pagesize;

    shm_zone = ngx_shared_memory_add(cf, &name, size, tag);

    if (shm_zone) {
        shm_zone->init = ngx_smtp_verify_replies_init;
    }

    return shm_zone;
}


static ngx_int_t
ngx_smtp_verify_replies_init(ngx_shm_zone_t *shm_zone, void *data)
{
    ngx_smtp_verify_replies_sh_t  *sh;

    sh = ngx_smtp_verify_zone_table(shm_zone, data,
                                    sizeof(ngx_smtp_verify_replies_sh_t),
                                    NGX_SMTP_VERIFY_REPLIES_LAYOUT);
    if (sh == NULL) {
        return NGX_ERROR;
    }

    if (sh->keyed) {
        return NGX_OK;
    }

    sh->keyed = 1;

    return ngx_smtp_verify_zone_key(shm_zone, sh->key);
}


void
ngx_smtp_verify_replies_process(ngx_shm_zone_t *shm_zone)
{
    ngx_smtp_verify_replies = shm_zone;
}


ngx_uint_t
ngx_smtp_verify_replies_kept(void)
{
    return ngx_smtp_verify_replies != NULL;
}


void
ngx_smtp_verify_replies_put(ngx_smtp_verify_reply_of_t *of,
    ngx_smtp_verify_reply_t *reply)
{
    ngx_uint_t                     i;
    ngx_slab_pool_t               *shpool;
    ngx_smtp_verify_reply_t       *set, *place;
    ngx_smtp_verify_replies_sh_t  *sh;

    if (ngx_smtp_verify_replies == NULL) {
        return;
    }

    sh = ngx_smtp_verify_replies->data;
    shpool = (ngx_slab_pool_t *) ngx_smtp_verify_replies->shm.addr;

    set = ngx_smtp_verify_replies_set(sh, of, reply->key);
    place = set;

    ngx_shmtx_lock(&shpool->mutex);

    for (i = 0; i < NGX_SMTP_VERIFY_REPLIES_WAYS; i++) {

        if (set[i].at
            && ngx_memcmp(set[i].key, reply->key, SV_SIPHASH_LEN) == 0)
        {
            place = &set[i];
            break;
        }

        if (set[i].at < place->at) {
            place = &set[i];
        }
    }

    /* free until it is complete, in case this worker is killed in between */

    place->at = 0;
    ngx_memory_barrier();

    reply->at = 0;
    *place = *reply;
    ngx_memory_barrier();

    place->at = sv_clock_msec();

    ngx_shmtx_unlock(&shpool->mutex);
}


ngx_int_t
ngx_smtp_verify_replies_get(ngx_smtp_verify_reply_of_t *of,
    ngx_smtp_verify_reply_t *reply)
{
    ngx_int_t                      rc;
    ngx_uint_t                     i;
    u_char                         key[SV_SIPHASH_LEN];
    ngx_slab_pool_t               *shpool;
    ngx_smtp_verify_reply_t       *set;
    ngx_smtp_verify_replies_sh_t  *sh;

    if (ngx_smtp_verify_replies == NULL) {
        return NGX_DECLINED;
    }

    sh = ngx_smtp_verify_replies->data;
    shpool = (ngx_slab_pool_t *) ngx_smtp_verify_replies->shm.addr;

    set = ngx_smtp_verify_replies_set(sh, of, key);
    rc = NGX_DECLINED;

    ngx_shmtx_lock(&shpool->mutex);

    for (i = 0; i < NGX_SMTP_VERIFY_REPLIES_WAYS; i++) {

        if (set[i].at && ngx_memcmp(set[i].key, key, SV_SIPHASH_LEN) == 0) {
            *reply = set[i];
            rc = NGX_OK;
            break;
        }
    }

    ngx_shmtx_unlock(&shpool->mutex);

    return rc;
}


/* Names are cut as those of the throttle are. */

static ngx_smtp_verify_reply_t *
ngx_smtp_verify_replies_set(ngx_smtp_verify_replies_sh_t *sh,
    ngx_smtp_verify_reply_of_t *of, u_char *key)
{
    size_t     len;
    u_char    *p, buf[2 * NGX_SMTP_VERIFY_THROTTLE_NAME + 2 + 256];
    uint64_t   hash;

    len = ngx_min(of->destination.len, NGX_SMTP_VERIFY_THROTTLE_NAME);
    p = ngx_cpymem(buf, of->destination.data, len);
    *p++ = '\0';

    len = ngx_min(of->egress.len, NGX_SMTP_VERIFY_THROTTLE_NAME);
    p = ngx_cpymem(p, of->egress.data, len);
    *p++ = '\0';

    len = ngx_min(of->zone->len, 256);
    p = ngx_cpymem(p, of->zone->data, len);

    sv_siphash(sh->key, buf, p - buf, key);

    ngx_memcpy(&hash, key, sizeof(uint64_t));

    return sh->replies[hash % NGX_SMTP_VERIFY_REPLIES_SETS];
}
