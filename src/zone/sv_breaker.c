
#include "sv_breaker.h"


static void sv_breaker_decay(sv_breaker_t *b, uint64_t now);
static void sv_breaker_open(sv_breaker_t *b, const sv_breaker_conf_t *conf,
    uint64_t now);


sv_breaker_state_e
sv_breaker_state(const sv_breaker_t *b, uint64_t now)
{
    if (b->until == 0) {
        return SV_BREAKER_CLOSED;
    }

    return now < b->until ? SV_BREAKER_OPEN : SV_BREAKER_HALF_OPEN;
}


uint64_t
sv_breaker_left(const sv_breaker_t *b, uint64_t now)
{
    return now < b->until ? b->until - now : 0;
}


int
sv_breaker_fault(sv_breaker_t *b, const sv_breaker_conf_t *conf,
    unsigned weight, int trial, uint64_t now)
{
    if (weight == 0) {
        return 0;
    }

    if (b->until) {

        if (!trial || now < b->until) {
            return 0;
        }

        sv_breaker_open(b, conf, now);
        return 1;
    }

    sv_breaker_decay(b, now);

    b->weight += weight < SV_BREAKER_THRESHOLD ? weight
                                               : SV_BREAKER_THRESHOLD;

    if (b->weight < SV_BREAKER_THRESHOLD) {
        return 0;
    }

    sv_breaker_open(b, conf, now);

    return 1;
}


/* a pause that is remembered while faults are: it opens soon again for long */

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

    b->weight /= 2;

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
    b->weight = n < 32 ? b->weight >> n : 0;

    if (b->weight == 0) {
        b->pause = 0;
        b->at = now;
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
    b->at = now;
    b->until = now + (pause ? pause : 1);
}
