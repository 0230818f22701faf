
/*
 * The owner of something in shared memory: the place of a process in the
 * master's process table, together with its process ID.
 *
 * Process IDs are used again, in containers soon.  But a place has only one
 * living process at a time.  So whatever a process has left is free once
 * another process has its place, whatever their IDs are.  Only if no process
 * has followed in that place, the system is asked whether the process ID lives.
 */


#ifndef _SV_OWNER_H_INCLUDED_
#define _SV_OWNER_H_INCLUDED_


#include <stdint.h>
#include <sys/types.h>


#define SV_OWNER_PLACES  1024
#define SV_OWNER_NUMBER  0x3fffff       /* the highest process ID of Linux */

/* the owner that an exiting worker leaves behind: no process has the ID 0 */

#define SV_OWNER_GONE    ((uint32_t) SV_OWNER_NUMBER + 1)


/* an owner is never 0 */
#define sv_owner(place, pid)                                                  \
    ((uint32_t) (place) % SV_OWNER_PLACES << 22                               \
     | ((uint32_t) (pid) & SV_OWNER_NUMBER))

#define sv_owner_place(owner)  ((owner) >> 22)
#define sv_owner_pid(owner)    ((pid_t) ((owner) & SV_OWNER_NUMBER))


/* self: the owner that asks, or 0 if it has no place. */
int sv_owner_is_alive(uint32_t owner, uint32_t self);


#endif /* _SV_OWNER_H_INCLUDED_ */
