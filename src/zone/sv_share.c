
#include "sv_share.h"


unsigned
sv_share(unsigned n, int bulk)
{
    return (bulk && n > 1) ? n - n / 5 - (n % 5 != 0) : n;
}


/* Requests of the same kind are served in the order of their queues. */

int
sv_share_ahead(unsigned waiting, unsigned waiting_bulk, int waits, int bulk)
{
    if (waits && !bulk) {
        return 0;
    }

    if (waits || !bulk) {
        return waiting > waiting_bulk;
    }

    return waiting != 0;
}
