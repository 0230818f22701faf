
/*
 * Memory of nginx that may have had an address: see sv_wipe.h.
 */


#ifndef _NGX_SMTP_VERIFY_WIPE_H_INCLUDED_
#define _NGX_SMTP_VERIFY_WIPE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>

#include "sv_wipe.h"


/* Memory that can be wiped only between two turns, and only at times. */

typedef struct ngx_smtp_verify_wiper_s  ngx_smtp_verify_wiper_t;

struct ngx_smtp_verify_wiper_s {
    void                     (*handler)(void *data);
    void                      *data;
    ngx_smtp_verify_wiper_t   *next;
    unsigned                   waits:1;
};


/* In a worker that has jobs.  In others pools are destroyed as usual, as no
   purge promises anything. */
void ngx_smtp_verify_wipe_init(void);

/* ngx_destroy_pool(), wiped when its cleanup handlers have been called */
void ngx_smtp_verify_wipe_pool(ngx_pool_t *pool);
/* Wipes a pool that somebody else destroys, after all its other cleanup
   handlers that are there by now. */
ngx_int_t ngx_smtp_verify_wipe_pool_later(ngx_pool_t *pool);
/* ngx_pfree() */
void ngx_smtp_verify_wipe_pfree(ngx_pool_t *pool, void *data, size_t len);

/* Wipes stack and scratch memory within a second. */
void ngx_smtp_verify_wipe_soon(void);
void ngx_smtp_verify_wipe_add(ngx_smtp_verify_wiper_t *wiper);


/* The same, with this memory. */

static inline void
ngx_smtp_verify_wipe_also(ngx_smtp_verify_wiper_t *wiper)
{
    if (!wiper->waits) {
        ngx_smtp_verify_wipe_add(wiper);
    }
}


#endif /* _NGX_SMTP_VERIFY_WIPE_H_INCLUDED_ */
