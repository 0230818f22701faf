
/*
 * Whose it is, in shared memory: the place of a process in its master's table
 * together with its number.
 *
 * Numbers come back, in containers soon.  A place has one living process at a
 * time: whatever was left there belongs to nobody once another process has
 * it, whichever numbers the two have.  Only where nobody followed is the
 * system asked whether a process of that number lives.
 */


#ifndef _SV_OWNER_H_INCLUDED_
#define _SV_OWNER_H_INCLUDED_


#include <stdint.h>
#include <sys/types.h>


#define SV_OWNER_PLACES  1024
#define SV_OWNER_NUMBER  0x3fffff       /* Linux has none above */

/* one that said itself that it goes: no process has the number 0 */

#define SV_OWNER_GONE    ((uint32_t) SV_OWNER_NUMBER + 1)


/* never 0 */
#define sv_owner(place, pid)                                                  \
    ((uint32_t) (place) % SV_OWNER_PLACES << 22                               \
     | ((uint32_t) (pid) & SV_OWNER_NUMBER))

#define sv_owner_place(owner)  ((owner) >> 22)
#define sv_owner_pid(owner)    ((pid_t) ((owner) & SV_OWNER_NUMBER))


/* self: who asks; 0: somebody who has no place */
int sv_owner_is_alive(uint32_t owner, uint32_t self);


#endif /* _SV_OWNER_H_INCLUDED_ */
