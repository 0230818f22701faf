
/*
 * What bulk requests leave to others: the last fifth of each limit, and the
 * places at the front of a queue.
 */


#ifndef _SV_SHARE_H_INCLUDED_
#define _SV_SHARE_H_INCLUDED_


/* Returns the part of n that is available; a limit of 1 is shared by all. */
unsigned sv_share(unsigned n, int bulk);

/*
 * Returns 1 if anybody is ahead of a request, among all that wait in any
 * worker.  waits: the request is one of those that wait, not a new one.
 */
int sv_share_ahead(unsigned waiting, unsigned waiting_bulk, int waits,
    int bulk);


#endif /* _SV_SHARE_H_INCLUDED_ */
