
#include <string.h>

#include "sv_told.h"


static unsigned char *sv_told_put(unsigned char *p, uint64_t value,
    unsigned n);
static uint64_t sv_told_get(const unsigned char **p, unsigned n);


void
sv_told_write(const sv_told_t *told, unsigned char *data)
{
    unsigned char  *p;

    p = data;

    p = sv_told_put(p, told->what, 4);
    p = sv_told_put(p, told->why, 4);
    p = sv_told_put(p, told->sent, 8);
    p = sv_told_put(p, told->left, 4);
    p = sv_told_put(p, told->pause, 4);
    p = sv_told_put(p, told->level, 4);
    p = sv_told_put(p, told->party, 4);

    memcpy(p, told->id, SV_TOLD_ID);
    memcpy(p + SV_TOLD_ID, told->host, SV_SIPHASH_LEN);
}


int
sv_told_read(sv_told_t *told, const unsigned char *data, size_t len,
    uint64_t now)
{
    uint64_t              age, most;
    const unsigned char  *p;

    if (len != SV_TOLD_SIZE) {
        return -1;
    }

    p = data;

    told->what = (sv_told_e) sv_told_get(&p, 4);
    told->why = (unsigned) sv_told_get(&p, 4);
    told->sent = sv_told_get(&p, 8);
    told->left = (uint32_t) sv_told_get(&p, 4);
    told->pause = (uint32_t) sv_told_get(&p, 4);
    told->level = (uint32_t) sv_told_get(&p, 4);
    told->party = (uint32_t) sv_told_get(&p, 4);

    memcpy(told->id, p, SV_TOLD_ID);
    memcpy(told->host, p + SV_TOLD_ID, SV_SIPHASH_LEN);

    if (told->what < SV_TOLD_OPEN || told->what > SV_TOLD_FALLEN
        || told->why > 31
        || told->sent > now + SV_TOLD_SKEW)
    {
        return -1;
    }

    most = (told->what == SV_TOLD_FALLEN) ? SV_TOLD_BUDGET : SV_TOLD_PAUSE;
    age = now > told->sent ? now - told->sent : 0;

    if (told->left > most) {
        told->left = (uint32_t) most;
    }

    if (told->pause > SV_TOLD_PAUSE) {
        told->pause = SV_TOLD_PAUSE;
    }

    if (told->what == SV_TOLD_CLOSED) {
        return 0;
    }

    if (age >= told->left) {
        return -1;
    }

    told->left -= (uint32_t) age;

    return told->what == SV_TOLD_FALLEN && told->level == 0 ? -1 : 0;
}


int
sv_told_place(const sv_told_t *list, size_t n, size_t most,
    const sv_told_t *told)
{
    if (n < most) {
        return (int) n;
    }

    if (told->mild) {
        return -1;
    }

    while (n--) {
        if (list[n].mild) {
            return (int) n;
        }
    }

    return -1;
}


int
sv_told_may(sv_told_rate_t *rate, const sv_told_t *told, uint64_t now)
{
    if (now - rate->since > 1000) {
        rate->since = now;
        rate->mild = 0;
        rate->other = 0;
    }

    return told->mild ? rate->mild++ < SV_TOLD_MILD
                      : rate->other++ < SV_TOLD_RATE;
}


static unsigned char *
sv_told_put(unsigned char *p, uint64_t value, unsigned n)
{
    while (n--) {
        *p++ = (unsigned char) (value >> 8 * n);
    }

    return p;
}


static uint64_t
sv_told_get(const unsigned char **p, unsigned n)
{
    uint64_t  value;

    value = 0;

    while (n--) {
        value = value << 8 | *(*p)++;
    }

    return value;
}
