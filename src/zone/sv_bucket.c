
#include "sv_bucket.h"


static uint64_t sv_bucket_level(const sv_bucket_t *b, uint64_t rate,
    uint64_t now);


uint64_t
sv_bucket_wait(const sv_bucket_t *b, uint64_t rate, unsigned burst,
    unsigned n, uint64_t now)
{
    uint64_t  level, room;

    if (rate == 0) {
        return 0;
    }

    level = sv_bucket_level(b, rate, now) + (uint64_t) n * SV_BUCKET_TOKEN;
    room = ((uint64_t) burst + 1) * SV_BUCKET_TOKEN;

    if (level <= room) {
        return 0;
    }

    return (level - room + rate - 1) / rate;
}


unsigned
sv_bucket_room(const sv_bucket_t *b, uint64_t rate, unsigned burst,
    uint64_t now)
{
    uint64_t  level, room;

    level = sv_bucket_level(b, rate, now);
    room = (uint64_t) burst * SV_BUCKET_TOKEN;

    return level > room ? 0 : (unsigned) ((room - level) / SV_BUCKET_TOKEN)
                              + 1;
}


/* What exceeds a second burst is not counted, so that nobody waits for ever. */

void
sv_bucket_add(sv_bucket_t *b, uint64_t rate, unsigned burst, uint64_t now)
{
    uint64_t  level, most;

    level = sv_bucket_level(b, rate, now) + SV_BUCKET_TOKEN;
    most = ((uint64_t) burst * 2 + 2) * SV_BUCKET_TOKEN;

    b->excess = level < most ? level : most;

    if (now > b->last) {
        b->last = now;
    }
}


/* If the clock goes back, nothing leaks. */

static uint64_t
sv_bucket_level(const sv_bucket_t *b, uint64_t rate, uint64_t now)
{
    uint64_t  elapsed;

    if (now <= b->last) {
        return b->excess;
    }

    elapsed = now - b->last;

    if (rate != 0 && elapsed >= b->excess / rate + 1) {
        return 0;
    }

    return b->excess - elapsed * rate;
}
