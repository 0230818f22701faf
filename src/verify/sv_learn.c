
#include "sv_learn.h"

#include <stddef.h>


static sv_learnt_t *sv_learn_host(sv_learn_t *learn, uint32_t key,
    uint64_t now);


const sv_learnt_t *
sv_learn_find(const sv_learn_t *learn, uint32_t key, uint64_t now)
{
    unsigned            i;
    const sv_learnt_t  *host;

    host = &learn->hosts[key % (SV_LEARN_SIZE / SV_LEARN_WAYS)
                         * SV_LEARN_WAYS];

    for (i = 0; i < SV_LEARN_WAYS; i++) {
        if (host[i].until > now && host[i].key == key) {
            return &host[i];
        }
    }

    return NULL;
}


/* a quarter is for the way there */

void
sv_learn_idle(sv_learn_t *learn, uint32_t key, uint64_t idle, uint64_t now)
{
    sv_learnt_t  *host;

    idle = idle < UINT32_MAX ? idle - idle / 4 : UINT32_MAX;

    if (idle == 0) {
        idle = 1;
    }

    host = sv_learn_host(learn, key, now);

    if (host->idle == 0 || idle < host->idle) {
        host->idle = (uint32_t) idle;
    }
}


void
sv_learn_most(sv_learn_t *learn, uint32_t key, uint32_t most, uint64_t now)
{
    sv_learnt_t  *host;

    if (most == 0) {
        return;
    }

    host = sv_learn_host(learn, key, now);

    if (host->most == 0 || most < host->most) {
        host->most = most;
    }
}


/* the one that would be forgotten first makes room */

static sv_learnt_t *
sv_learn_host(sv_learn_t *learn, uint32_t key, uint64_t now)
{
    unsigned      i, first;
    sv_learnt_t  *host;

    host = &learn->hosts[key % (SV_LEARN_SIZE / SV_LEARN_WAYS)
                         * SV_LEARN_WAYS];
    first = 0;

    for (i = 0; i < SV_LEARN_WAYS; i++) {

        if (host[i].until > now && host[i].key == key) {
            return &host[i];
        }

        if (host[i].until < host[first].until) {
            first = i;
        }
    }

    host = &host[first];

    host->until = now + SV_LEARN_TIME;
    host->key = key;
    host->idle = 0;
    host->most = 0;

    return host;
}
