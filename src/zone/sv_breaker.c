
#include <string.h>

#include "sv_breaker.h"


static int sv_breaker_share(sv_breaker_t *b, uint32_t who, unsigned weight);
static void sv_breaker_decay(sv_breaker_t *b, uint64_t now);
static void sv_breaker_divide(sv_breaker_t *b, uint64_t n);
static void sv_breaker_open(sv_breaker_t *b, const sv_breaker_conf_t *conf,
    uint64_t now);


int
sv_breaker_fault(sv_breaker_t *b, const sv_breaker_conf_t *conf,
    uint32_t who, unsigned weight, int trial, uint64_t now)
{
    if (weight == 0) {
        return 0;
    }

    if (b->until && (!trial || now < b->until)) {
        return 0;
    }

    if (weight > SV_BREAKER_THRESHOLD) {
        weight = SV_BREAKER_THRESHOLD;
    }

    sv_breaker_decay(b, now);

    if (who == 0) {
        b->own += weight;
        b->weight += weight;

        if (b->until == 0 && b->weight < SV_BREAKER_THRESHOLD) {
            return 0;
        }

    } else if (!sv_breaker_share(b, who, weight)
               || (b->until == 0 && b->weight < SV_BREAKER_THRESHOLD))
    {
        return 0;
    }

    sv_breaker_open(b, conf, now);

    return 1;
}


/*
 * Raises a party's part to its heaviest fault.  Returns 1 if others have
 * faults, too.  If there are more parties than can be remembered, the one with
 * the least is forgotten: its part stays in the sum, since so many parties are
 * enough to open the breaker.
 */

static int
sv_breaker_share(sv_breaker_t *b, uint32_t who, unsigned weight)
{
    int                  i, others;
    sv_breaker_party_t  *party, *least;

    party = NULL;
    least = &b->parties[0];
    others = 0;

    for (i = 0; i < SV_BREAKER_PARTIES; i++) {

        if (b->parties[i].weight && b->parties[i].who == who) {
            party = &b->parties[i];

        } else if (b->parties[i].weight) {
            others++;
        }

        if (b->parties[i].weight < least->weight) {
            least = &b->parties[i];
        }
    }

    if (party == NULL) {
        party = least;
        party->who = who;
        party->weight = 0;
    }

    if (party->weight < weight) {
        b->weight += weight - party->weight;
        party->weight = weight;
    }

    return others || b->own;
}


/* The last pause is remembered as long as faults are, so that a breaker that
   opens again soon stays open for longer. */

int
sv_breaker_success(sv_breaker_t *b, int trial, uint64_t now)
{
    if (b->until) {

        if (!trial) {
            return 0;
        }

        b->until = 0;
        b->at = now;
        b->weight = SV_BREAKER_THRESHOLD / 2;
        return 1;
    }

    sv_breaker_decay(b, now);

    sv_breaker_divide(b, 1);

    return 0;
}


static void
sv_breaker_decay(sv_breaker_t *b, uint64_t now)
{
    uint64_t  n;

    if (now <= b->at) {
        return;
    }

    n = (now - b->at) / SV_BREAKER_HALF_LIFE;

    if (b->weight == 0 || n == 0) {
        b->at = b->weight ? b->at : now;
        return;
    }

    b->at += n * SV_BREAKER_HALF_LIFE;
    sv_breaker_divide(b, n);

    if (b->weight == 0) {
        b->pause = b->until ? b->pause : 0;
        b->at = now;
    }
}


/* Halves all weights n times. */

static void
sv_breaker_divide(sv_breaker_t *b, uint64_t n)
{
    int  i;

    n = n < 31 ? n : 31;

    b->weight >>= n;
    b->own >>= n;

    for (i = 0; i < SV_BREAKER_PARTIES; i++) {
        b->parties[i].weight >>= n;
    }
}


static void
sv_breaker_open(sv_breaker_t *b, const sv_breaker_conf_t *conf, uint64_t now)
{
    uint64_t  pause;

    pause = b->pause ? (uint64_t) b->pause * 2 : conf->pause;

    if (pause > conf->max_pause) {
        pause = conf->max_pause;
    }

    b->pause = (uint32_t) pause;
    b->weight = 0;
    b->own = 0;
    memset(b->parties, 0, sizeof(b->parties));
    b->at = now;
    b->until = now + (pause ? pause : 1);
}


/* Half-open, the breaker lets in one trial at a time; if it were forgotten, all
   would be let in. */

uint64_t
sv_breaker_owed(const sv_breaker_t *b, uint64_t now)
{
    uint64_t  owed;

    owed = b->until ? b->until + b->pause
                    : b->weight ? b->at + SV_BREAKER_HALF_LIFE : 0;

    return owed > now ? owed : 0;
}
