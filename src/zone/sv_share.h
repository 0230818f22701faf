
/*
 * What bulk requests leave to others: the last fifth of each limit, and the
 * places at the front of a queue.  Of bulk requests, those of lists go before
 * those of jobs.  So that jobs have an end, too, it is the turn of a job after
 * some lists were served while it waited.
 */


#ifndef _SV_SHARE_H_INCLUDED_
#define _SV_SHARE_H_INCLUDED_


#define SV_SHARE_TURNS  4


typedef enum {
    SV_SHARE_INTERACTIVE = 0,
    SV_SHARE_LIST,
    SV_SHARE_JOB
} sv_share_kind_e;


/* those that wait for the same, in any worker */

typedef struct {
    unsigned  all;
    unsigned  bulk;                     /* of all */
    unsigned  jobs;                     /* of bulk */
    unsigned  turns;                    /* lists served since a job was, while
                                           one waited */
} sv_share_waiting_t;


/* Returns the part of n that is available; a limit of 1 is shared by all. */

static inline unsigned
sv_share(unsigned n, int bulk)
{
    return (bulk && n > 1) ? n - n / 5 - (n % 5 != 0) : n;
}


/*
 * Returns 1 if anybody is ahead of a request, among all that wait in any
 * worker.  waits: the request is one of those that wait, not a new one.
 * Requests of the same kind are served in the order of their queues.
 */

static inline int
sv_share_ahead(const sv_share_waiting_t *w, int waits, sv_share_kind_e kind)
{
    unsigned  lists, turn;

    /* interactive requests go before all others */

    if (w->all > w->bulk) {
        return !waits || kind != SV_SHARE_INTERACTIVE;
    }

    lists = w->bulk - w->jobs;
    turn = w->jobs && w->turns >= SV_SHARE_TURNS;

    switch (kind) {

    case SV_SHARE_LIST:
        return !waits && (lists || turn);

    case SV_SHARE_JOB:
        return waits ? lists && !turn : w->bulk != 0;

    default: /* SV_SHARE_INTERACTIVE */
        return 0;
    }
}


#endif /* _SV_SHARE_H_INCLUDED_ */
