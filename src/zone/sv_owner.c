
#include <errno.h>
#include <signal.h>

#include "sv_owner.h"


int
sv_owner_is_alive(uint32_t owner, uint32_t self)
{
    if (sv_owner_pid(owner) == 0) {
        return 0;
    }

    if (owner == self) {
        return 1;
    }

    if (self && sv_owner_place(owner) == sv_owner_place(self)) {
        return 0;
    }

    return kill(sv_owner_pid(owner), 0) == 0 || errno != ESRCH;
}
