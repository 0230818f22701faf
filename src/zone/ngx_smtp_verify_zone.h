
/*
 * Common functions of the zones of this folder: adding a zone, finding its
 * contents after a reload, and allocating its memory in one piece.
 */


#ifndef _NGX_SMTP_VERIFY_ZONE_H_INCLUDED_
#define _NGX_SMTP_VERIFY_ZONE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>

#include "sv_owner.h"
#include "sv_siphash.h"


/* a walk through all zones of a cycle, also those of other modules */

typedef struct {
    ngx_list_part_t  *part;
    ngx_uint_t        i;
} ngx_smtp_verify_zones_t;


/* Begins a walk.  The cycle may be the volatile ngx_cycle. */
#define ngx_smtp_verify_zones_init(zones, cycle)                              \
    (zones)->part = (ngx_list_part_t *) &(cycle)->shared_memory.part;         \
    (zones)->i = 0

/* Returns the next zone, or NULL at the end. */
ngx_shm_zone_t *ngx_smtp_verify_zones_next(ngx_smtp_verify_zones_t *zones);

/*
 * Adds a zone, as ngx_shared_memory_add() does.  Size 0 is a reference to a
 * zone that is defined elsewhere.  A definition needs at least "pages" pages,
 * and a zone can be defined only once.
 */
ngx_shm_zone_t *ngx_smtp_verify_zone_add(ngx_conf_t *cf, ngx_str_t *name,
    size_t size, ngx_uint_t pages, void *tag);

/* Called by init(): returns what the zone held before, or NULL if it is new. */
void *ngx_smtp_verify_zone_kept(ngx_shm_zone_t *shm_zone, void *data);

/* Called by init() of a zone that holds one structure of a fixed size, whose
   first member is the number of its layout: returns the structure that was
   kept, or a zeroed one; NULL if there is no memory. */
void *ngx_smtp_verify_zone_table(ngx_shm_zone_t *shm_zone, void *data,
    size_t size, uint64_t layout);

/* Allocates all free pages of a new zone in one piece, which _kept() finds
   again. */
void *ngx_smtp_verify_zone_take(ngx_shm_zone_t *shm_zone, size_t *size);

/* Sets a random key of SV_SIPHASH_LEN octets. */
ngx_int_t ngx_smtp_verify_zone_key(ngx_shm_zone_t *shm_zone, u_char *key);

/* this process in the form of sv_owner.h */
#define ngx_smtp_verify_zone_owner()  sv_owner(ngx_process_slot, ngx_pid)

void ngx_smtp_verify_zone_other_layout(ngx_shm_zone_t *shm_zone);


#endif /* _NGX_SMTP_VERIFY_ZONE_H_INCLUDED_ */
