
#include "sv_learn.h"

#include <stddef.h>


static sv_learnt_t *sv_learn_host(sv_learn_t *learn, uint64_t key,
    uint64_t now);
static uint32_t sv_learn_least(uint32_t one, uint32_t other);
static unsigned sv_learn_is_lie(const sv_learnt_t *host, uint32_t asked,
    uint32_t refused);
static unsigned sv_learn_is_news(uint32_t asked, uint32_t refused);


const sv_learnt_t *
sv_learn_find(const sv_learn_t *learn, uint64_t key, uint64_t now)
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


/* a quarter less, because of the round trip */

void
sv_learn_idle(sv_learn_t *learn, uint64_t key, uint64_t idle, uint64_t now)
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
sv_learn_most(sv_learn_t *learn, uint64_t key, uint32_t most, uint64_t now)
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
sv_learn_proved(const sv_learnt_t *host, uint32_t asked, uint32_t refused)
{
    if (host == NULL) {
        return asked <= SV_LEARN_BEHIND && refused <= SV_LEARN_BEHIND;
    }

    return asked <= host->asked && refused <= host->refused
           && (host->trusted < SV_LEARN_TRUST
               || !sv_learn_is_news(asked, refused));
}


unsigned
sv_learn_worth(const sv_learnt_t *host, uint32_t asked, uint32_t refused)
{
    return host == NULL
           || (asked <= host->asked && refused <= host->refused)
           || (!sv_learn_is_lie(host, asked, refused)
               && host->tries < SV_LEARN_TRIES);
}


void
sv_learn_accepted(sv_learn_t *learn, uint64_t key, uint32_t asked,
    uint32_t refused, uint64_t now)
{
    sv_learnt_t  *host;

    host = (sv_learnt_t *) sv_learn_find(learn, key, now);

    if (host == NULL) {

        if (!sv_learn_is_news(asked, refused)) {
            return;
        }

        host = sv_learn_host(learn, key, now);
    }

    if (sv_learn_is_lie(host, asked, refused)) {
        return;
    }

    /* there are mailboxes that exist, so that another attempt may be worth
       it */

    if (host->tries != 0 && ++host->good >= SV_LEARN_GOOD) {
        host->tries--;
        host->good = 0;
    }

    if (asked >= host->asked && refused >= host->refused) {
        host->trusted = 0;
    }

    if (asked > host->asked
        && !sv_learn_is_lie(host, asked, host->refused))
    {
        host->asked = asked;
    }

    if (refused > host->refused
        && !sv_learn_is_lie(host, host->asked, refused))
    {
        host->refused = refused;
        host->tries = 0;
    }
}


void
sv_learn_trusted(sv_learn_t *learn, uint64_t key, uint32_t asked,
    uint32_t refused, uint64_t now)
{
    if (sv_learn_is_news(asked, refused)) {
        sv_learn_host(learn, key, now)->trusted++;
    }
}


void
sv_learn_doubted(sv_learn_t *learn, uint64_t key, uint32_t asked,
    uint32_t refused, uint64_t now)
{
    sv_learnt_t  *host;

    host = sv_learn_host(learn, key, now);

    if ((asked > host->asked || refused > host->refused)
        && host->tries < SV_LEARN_TRIES)
    {
        host->tries++;
    }
}


void
sv_learn_agreed(sv_learn_t *learn, uint64_t key, uint64_t now)
{
    sv_learn_host(learn, key, now)->trusted = 0;
}


void
sv_learn_cleared(sv_learn_t *learn, uint64_t key, uint64_t now)
{
    sv_learnt_t  *host;

    host = sv_learn_host(learn, key, now);

    if (host->tries != 0) {
        host->tries--;
    }
}


/*
 * It is not known which of the two numbers was the cause.  Each may still be
 * proved, but sessions with as many of both are not believed.
 */

void
sv_learn_lied(sv_learn_t *learn, uint64_t key, uint32_t asked,
    uint32_t refused, uint64_t now)
{
    sv_learnt_t  *host;

    if (asked == 0) {
        return;
    }

    host = sv_learn_host(learn, key, now);

    if (host->lied_asked == 0) {
        host->lied_asked = asked;
        host->lied_refused = refused;
    }

    host->lied_asked = sv_learn_least(host->lied_asked, asked);
    host->lied_refused = sv_learn_least(host->lied_refused, refused);
    host->asked = sv_learn_least(host->asked, host->lied_asked - 1);

    if (host->lied_refused != 0) {
        host->refused = sv_learn_least(host->refused, host->lied_refused - 1);
    }
}


static uint32_t
sv_learn_least(uint32_t one, uint32_t other)
{
    return one < other ? one : other;
}


static unsigned
sv_learn_is_lie(const sv_learnt_t *host, uint32_t asked, uint32_t refused)
{
    return host->lied_asked != 0
           && asked >= host->lied_asked && refused >= host->lied_refused;
}


/* Are these more than is believed of any server? */

static unsigned
sv_learn_is_news(uint32_t asked, uint32_t refused)
{
    return asked > SV_LEARN_BEHIND || refused > SV_LEARN_BEHIND;
}


/* The entry that would expire first makes room. */

static sv_learnt_t *
sv_learn_host(sv_learn_t *learn, uint64_t key, uint64_t now)
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
    host->asked = SV_LEARN_BEHIND;
    host->refused = SV_LEARN_BEHIND;
    host->trusted = 0;
    host->tries = 0;
    host->good = 0;
    host->lied_asked = 0;
    host->lied_refused = 0;

    return host;
}
