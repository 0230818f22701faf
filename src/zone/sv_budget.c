
#include <string.h>

#include "sv_budget.h"


#define SV_BUDGET_STALE    (7 * SV_BUDGET_DAY)
#define SV_BUDGET_DOUBLED  6        /* times that a ceiling's time doubles */

#define sv_budget_slot_of(now)  ((uint32_t) ((now) / 1000 / SV_BUDGET_SLOT))
#define sv_budget_sec(now)      ((uint32_t) ((now) / 1000))


static unsigned sv_budget_sum(const sv_budget_t *b, const uint16_t *n,
    uint32_t slot);
static unsigned sv_budget_left(const sv_budget_t *b,
    const sv_budget_conf_t *conf, uint32_t party, uint32_t slot);
static void sv_budget_advance(sv_budget_t *b, uint32_t slot);
static void sv_budget_biggest(sv_budget_t *b, uint32_t party);
static void sv_budget_claim(sv_budget_t *b, uint32_t party, uint32_t now);
static int sv_budget_hour(sv_budget_level_t *l, const sv_budget_conf_t *conf,
    uint32_t now);
static int sv_budget_rise(sv_budget_level_t *l, const sv_budget_conf_t *conf,
    uint32_t now);
static void sv_budget_bear(sv_budget_t *b, const sv_budget_conf_t *conf,
    sv_budget_level_t *l);
static void sv_budget_fall(sv_budget_level_t *l, const sv_budget_conf_t *conf,
    uint32_t used, uint32_t now);
static uint32_t sv_budget_of(const sv_budget_level_t *l,
    const sv_budget_conf_t *conf);
static uint32_t sv_budget_least(const sv_budget_conf_t *conf);


unsigned
sv_budget_room(const sv_budget_t *b, const sv_budget_conf_t *conf,
    uint32_t party, uint64_t now)
{
    return sv_budget_left(b, conf, party, sv_budget_slot_of(now));
}


uint64_t
sv_budget_wait(const sv_budget_t *b, const sv_budget_conf_t *conf,
    uint32_t party, uint64_t now)
{
    uint32_t  slot, i;

    slot = sv_budget_slot_of(now);

    if (sv_budget_left(b, conf, party, slot)) {
        return 0;
    }

    /* the clock may have gone back */

    slot = slot > b->slot ? slot : b->slot;

    for (i = 1; i < SV_BUDGET_SLOTS; i++) {
        if (sv_budget_left(b, conf, party, slot + i)) {
            break;
        }
    }

    /* what was refused elsewhere gets old, too, nobody here knows when */

    if (i == SV_BUDGET_SLOTS && party == b->there_party) {
        i = 1;
    }

    return (uint64_t) (slot + i) * SV_BUDGET_SLOT * 1000 - now;
}


unsigned
sv_budget_used(const sv_budget_t *b, uint64_t now)
{
    return sv_budget_sum(b, b->all, sv_budget_slot_of(now));
}


unsigned
sv_budget_big(const sv_budget_t *b, uint64_t now)
{
    return b->big_party ? sv_budget_sum(b, b->big, sv_budget_slot_of(now)) : 0;
}


/* If fewer are left elsewhere than at the last complaint, those that come now
   are new. */

void
sv_budget_elsewhere(sv_budget_t *b, uint32_t elsewhere, uint32_t there_party,
    uint32_t there)
{
    b->elsewhere = elsewhere;
    b->there_party = there ? there_party : 0;
    b->there = there < elsewhere ? there : elsewhere;

    if (b->blamed > elsewhere) {
        b->blamed = elsewhere;
    }
}


/* Returns the sum of the hour that ends with this slot. */

static unsigned
sv_budget_sum(const sv_budget_t *b, const uint16_t *n, uint32_t slot)
{
    uint32_t  i, age;
    unsigned  sum;

    sum = 0;
    age = slot > b->slot ? slot - b->slot : 0;

    for (i = 0; age + i < SV_BUDGET_SLOTS; i++) {
        sum += n[(b->slot + SV_BUDGET_SLOTS - i) % SV_BUDGET_SLOTS];
    }

    return sum;
}


/* The party that has most, here or elsewhere, leaves a quarter of the level to
   the others, which may use that quarter in any case.  Nobody gets more than
   the higher level leaves. */

static unsigned
sv_budget_left(const sv_budget_t *b, const sv_budget_conf_t *conf,
    uint32_t party, uint32_t slot)
{
    unsigned  level, most, all, big, room, kept;

    level = sv_budget_level(b, conf, party);
    all = sv_budget_sum(b, b->all, slot);

    room = all < level ? level - all : 0;

    if (conf->most <= conf->start) {
        return room;
    }

    kept = level / 4;
    big = sv_budget_sum(b, b->big, slot);

    if (party == b->big_party || party == b->there_party) {
        level -= kept;
        big = party == b->big_party ? big : 0;
        big += party == b->there_party ? b->there : 0;
        level = big < level ? level - big : 0;

        return room < level ? room : level;
    }

    kept = all - big < kept ? kept - (all - big) : 0;
    room = room > kept ? room : kept;

    level = sv_budget_of(&b->shared, conf);
    most = sv_budget_of(&b->own, conf);
    most = most > level ? most : level;
    most = all < most ? most - all : 0;

    return room < most ? room : most;
}


uint32_t
sv_budget_level(const sv_budget_t *b, const sv_budget_conf_t *conf,
    uint32_t party)
{
    return sv_budget_of(party == b->own_party ? &b->own : &b->shared, conf);
}


static uint32_t
sv_budget_of(const sv_budget_level_t *l, const sv_budget_conf_t *conf)
{
    if (conf->most == 0 || l->level == 0) {
        return conf->start;
    }

    return l->level < conf->most ? l->level : conf->most;
}


int
sv_budget_refused(sv_budget_t *b, const sv_budget_conf_t *conf,
    uint32_t party, uint64_t now)
{
    int                 risen;
    uint32_t            sec;
    sv_budget_level_t  *l;

    sec = sv_budget_sec(now);
    b->start = conf->start;

    sv_budget_advance(b, sv_budget_slot_of(now));
    sv_budget_biggest(b, party);

    b->unblamed += (b->unblamed < UINT32_MAX);

    if (conf->most == 0) {
        return 0;
    }

    sv_budget_claim(b, party, sec);

    l = (party == b->own_party) ? &b->own : &b->shared;

    risen = sv_budget_hour(l, conf, sec);
    sv_budget_bear(b, conf, l);

    return risen;
}


static void
sv_budget_advance(sv_budget_t *b, uint32_t slot)
{
    uint32_t  i;

    for (i = 0; b->slot < slot && i < SV_BUDGET_SLOTS; i++) {
        b->slot++;
        b->all[b->slot % SV_BUDGET_SLOTS] = 0;
        b->big[b->slot % SV_BUDGET_SLOTS] = 0;
    }

    if (b->slot < slot) {
        b->slot = slot;
    }
}


/*
 * Counts a refused recipient.  Only the party that has most is counted
 * separately.  Another party takes its place as soon as all others together
 * have more, and those then count for it.
 */

static void
sv_budget_biggest(sv_budget_t *b, uint32_t party)
{
    unsigned  i, all, big;

    i = b->slot % SV_BUDGET_SLOTS;
    b->all[i] += (b->all[i] < UINT16_MAX);

    if (party == b->big_party) {
        b->big[i] += (b->big[i] < UINT16_MAX);
        return;
    }

    all = sv_budget_sum(b, b->all, b->slot);
    big = sv_budget_sum(b, b->big, b->slot);

    if (all - big <= big) {
        return;
    }

    for (i = 0; i < SV_BUDGET_SLOTS; i++) {
        b->big[i] = b->all[i] - b->big[i];
    }

    b->big_party = party;
}


/* Decides which party has a level of its own: the first one, as long as it goes
   on asking, so that another party cannot make us forget what was learned. */

static void
sv_budget_claim(sv_budget_t *b, uint32_t party, uint32_t now)
{
    uint32_t  stale;

    if (party == b->own_party) {
        b->seen = now;
        return;
    }

    stale = (b->own.level && b->own.level != b->start) ? SV_BUDGET_STALE
                                                       : SV_BUDGET_HOUR;

    if (b->own_party && now < b->seen + stale) {
        return;
    }

    b->own_party = party;
    b->own = b->shared;
    b->own.since = 0;
    b->seen = now;
}


/* At the end of an hour, raises the level if enough was refused without a
   complaint. */

static int
sv_budget_hour(sv_budget_level_t *l, const sv_budget_conf_t *conf,
    uint32_t now)
{
    int  risen;

    if (l->since && now < l->since + SV_BUDGET_HOUR) {
        return 0;
    }

    risen = l->since && l->full && sv_budget_rise(l, conf, now);

    l->since = now ? now : 1;
    l->borne = 0;
    l->full = 0;

    return risen;
}


static int
sv_budget_rise(sv_budget_level_t *l, const sv_budget_conf_t *conf,
    uint32_t now)
{
    uint32_t  level, step, most;

    level = sv_budget_of(l, conf);
    step = level / (l->falls ? 8 : 2);
    most = conf->most;

    if (l->ceiling && now < l->until) {
        step = step ? step : 1;
        most = l->ceiling / 8 * 7 + l->ceiling % 8 * 7 / 8;
        most = most < conf->most ? most : conf->most;

    } else {
        l->ceiling = 0;
    }

    step = step ? step : 1;

    if (level >= most) {
        return 0;
    }

    l->level = level + step < most ? level + step : most;

    return 1;
}


/* Counts a refused recipient without a complaint.  To rise, the own level needs
   most of what its party may use; the shared level needs as much of all
   recipients, and some of more than one party. */

static void
sv_budget_bear(sv_budget_t *b, const sv_budget_conf_t *conf,
    sv_budget_level_t *l)
{
    unsigned  level, share, all, big;

    l->borne += (l->borne < UINT16_MAX);

    level = sv_budget_of(l, conf);
    share = level;

    if (conf->most > conf->start) {
        share -= level / 4;
    }

    share -= share / 4;

    if (l == &b->own) {
        l->full |= (l->borne >= share);
        return;
    }

    all = sv_budget_sum(b, b->all, b->slot);

    big = sv_budget_sum(b, b->big, b->slot);

    l->full |= (all >= share && all - big > level / 8);
}


/* If nothing was refused since the last complaint, here or elsewhere, this one
   teaches nothing. */

int
sv_budget_complaint(sv_budget_t *b, const sv_budget_conf_t *conf,
    uint32_t party, uint64_t now)
{
    int       others;
    uint32_t  sec, used;

    if (conf->most == 0 || (b->unblamed == 0 && b->elsewhere <= b->blamed)) {
        return 0;
    }

    sec = sv_budget_sec(now);
    used = sv_budget_used(b, now) + b->elsewhere;

    others = (party == 0);

    if (party) {
        others = b->complainer && b->complainer != party
                 && sec < b->complained + SV_BUDGET_DAY;

        b->complainer = party;
        b->complained = sec;

        if (!others && party != b->own_party) {
            return 0;
        }
    }

    b->unblamed = 0;
    b->blamed = b->elsewhere;

    sv_budget_fall(&b->own, conf, used, sec);

    if (others) {
        sv_budget_fall(&b->shared, conf, used, sec);
    }

    return 1;
}


/* A complaint long before the level is reached may have another cause: it
   counts as one at half the level. */

static void
sv_budget_fall(sv_budget_level_t *l, const sv_budget_conf_t *conf,
    uint32_t used, uint32_t now)
{
    uint32_t  level, least;

    level = sv_budget_of(l, conf);
    least = sv_budget_least(conf);

    used = used < level ? used : level;
    used = used > level / 2 ? used : level / 2;
    used = used > least ? used : least;

    l->ceiling = used;
    l->level = used / 2 > least ? used / 2 : least;
    l->until = now + (SV_BUDGET_DAY << l->falls);
    l->since = now ? now : 1;
    l->borne = 0;
    l->full = 0;

    l->falls += (l->falls < SV_BUDGET_DOUBLED);
}


static uint32_t
sv_budget_least(const sv_budget_conf_t *conf)
{
    return conf->start < SV_BUDGET_LEAST ? conf->start : SV_BUDGET_LEAST;
}


int
sv_budget_learned(const sv_budget_t *b)
{
    if (b->own.level == 0 || b->own.level == b->start) {
        return 0;
    }

    return b->own.level < b->start ? -1 : 1;
}
