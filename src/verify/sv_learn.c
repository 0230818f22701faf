
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


unsigned
sv_learn_believed(const sv_learnt_t *host)
{
    return (host && host->refusals) ? host->refusals : SV_LEARN_REFUSALS;
}


/* one more is worth a try: if it is accepted, that many are to be believed */

unsigned
sv_learn_refusals(const sv_learnt_t *host)
{
    return sv_learn_believed(host)
           + (host == NULL || host->tries < SV_LEARN_TRIES);
}


void
sv_learn_accepted(sv_learn_t *learn, uint32_t key, uint32_t refused,
    uint64_t now)
{
    sv_learnt_t  *host;

    if (refused < sv_learn_believed(sv_learn_find(learn, key, now))) {
        return;
    }

    host = sv_learn_host(learn, key, now);

    host->refusals = refused + 1;
    host->tries = 0;
}


void
sv_learn_doubted(sv_learn_t *learn, uint32_t key, uint64_t now)
{
    sv_learnt_t  *host;

    host = sv_learn_host(learn, key, now);

    if (host->tries < SV_LEARN_TRIES) {
        host->tries++;
    }
}


void
sv_learn_lied(sv_learn_t *learn, uint32_t key, uint32_t refused, uint64_t now)
{
    sv_learnt_t  *host;

    host = sv_learn_host(learn, key, now);

    host->refusals = (refused > 1) ? refused - 1 : 1;
    host->tries = SV_LEARN_TRIES;
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
    host->refusals = 0;
    host->tries = 0;

    return host;
}
