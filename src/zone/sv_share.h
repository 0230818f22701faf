
/*
 * What bulk leaves to others: the last fifth of whatever is limited, and the
 * place in the line.
 */


#ifndef _SV_SHARE_H_INCLUDED_
#define _SV_SHARE_H_INCLUDED_


/* of n; one alone is for everybody */
unsigned sv_share(unsigned n, int bulk);

/*
 * Is anybody ahead, of those who wait in whatever worker, some of them bulk,
 * of one who waits among them, or has just come?
 */
int sv_share_ahead(unsigned waiting, unsigned waiting_bulk, int waits,
    int bulk);


#endif /* _SV_SHARE_H_INCLUDED_ */
