
/*
 * What all zones of this folder do alike: how one is added, what it finds
 * after a reload, and the one piece of memory that it lays out by itself.
 */


#ifndef _NGX_SMTP_VERIFY_ZONE_H_INCLUDED_
#define _NGX_SMTP_VERIFY_ZONE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>

#include "sv_owner.h"
#include "sv_siphash.h"


/*
 * As ngx_shared_memory_add(); size 0: a reference to a zone that is defined
 * elsewhere.  A definition has at least so many pages, and is the only one.
 */
ngx_shm_zone_t *ngx_smtp_verify_zone_add(ngx_conf_t *cf, ngx_str_t *name,
    size_t size, ngx_uint_t pages, void *tag);

/* for init(): what the zone held before; NULL: it is new */
void *ngx_smtp_verify_zone_kept(ngx_shm_zone_t *shm_zone, void *data);

/* all free pages of a new zone as one piece, found again by _kept() */
void *ngx_smtp_verify_zone_take(ngx_shm_zone_t *shm_zone, size_t *size);

/* a random key, SV_SIPHASH_LEN octets */
ngx_int_t ngx_smtp_verify_zone_key(ngx_shm_zone_t *shm_zone, u_char *key);

/* this process, as sv_owner.h has it */
uint32_t ngx_smtp_verify_zone_owner(void);

void ngx_smtp_verify_zone_other_layout(ngx_shm_zone_t *shm_zone);


#endif /* _NGX_SMTP_VERIFY_ZONE_H_INCLUDED_ */
