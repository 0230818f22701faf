
#include "sv_share.h"


/* Requests of the same kind are served in the order of their queues. */

int
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
