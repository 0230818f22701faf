
/*
 * Addresses are personal data: after the purge of a job, a core file of a
 * worker must not have any of them.  So memory that may have had one is wiped
 * before it is freed.
 */


#ifndef _SV_WIPE_H_INCLUDED_
#define _SV_WIPE_H_INCLUDED_


#include <stddef.h>


/*
 * Static memory that is used within one turn of the event loop only, such as
 * buffers that are too large for the stack: all of it is wiped at once, between
 * two turns.  It has no initial values.
 */

#if defined(__GNUC__)
#define sv_scratch  __attribute__((section("sv_scratch")))
#else
#define sv_scratch
#endif


/* a compiler does not leave it out, though nobody reads the zeros */
void sv_wipe(void *data, size_t len);

/* of memory by malloc(), or NULL */
void sv_wipe_free(void *data);

/* what functions that have returned have left on the stack */
void sv_wipe_stack(void);

void sv_wipe_scratch(void);


#endif /* _SV_WIPE_H_INCLUDED_ */
