
#include "sv_share.h"


unsigned
sv_share(unsigned n, int bulk)
{
    return (bulk && n > 1) ? n - n / 5 - (n % 5 != 0) : n;
}


/* the order among those of one kind who wait is that of their lines */

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
