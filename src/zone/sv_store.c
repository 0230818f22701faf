
#include <string.h>

#include "sv_store.h"


#define SV_STORE_LAYOUT   0x53560001
#define SV_STORE_UNIT     16
#define SV_STORE_RENEWED  32        /* entries, at most, to make room for one */
#define SV_STORE_CHAIN    4096      /* a longer chain is broken */

#define SV_STORE_SPACE    (sizeof(sv_store_entry_t) + SV_STORE_MAX            \
                           + SV_STORE_UNIT)

#define sv_store_at(st, i)                                                    \
    ((sv_store_entry_t *) ((st)->ring + (size_t) (i) * SV_STORE_UNIT))

/* Neither the compiler nor a CPU with weak ordering may move earlier writes
   behind this. */
#define sv_store_publish()  __atomic_thread_fence(__ATOMIC_RELEASE)


static uint32_t sv_store_layout(size_t size, uint32_t *chains);
static void sv_store_view(sv_store_t *st, void *mem, uint32_t chains);
static void sv_store_reset(sv_store_t *st);
static uint32_t *sv_store_chain(sv_store_t *st, const unsigned char *key);
static sv_store_entry_t *sv_store_link(sv_store_t *st, uint32_t link);
static int sv_store_is(const sv_store_entry_t *e, unsigned kind,
    const unsigned char *key);
static int sv_store_sound(const sv_store_t *st, const sv_store_entry_t *e);
static unsigned sv_store_wipe(sv_store_t *st, unsigned kind,
    const unsigned char *key, const uint32_t *variant);
static void sv_store_take(sv_store_t *st, uint32_t *link);
static int sv_store_again(sv_store_t *st, const sv_store_entry_t *e,
    const void *data);
static void sv_store_drop_older(sv_store_t *st, const sv_store_entry_t *e);
static int sv_store_unlink(sv_store_t *st, uint32_t at);
static int sv_store_room(sv_store_t *st, uint32_t units, uint32_t now);
static int sv_store_fits(sv_store_t *st, uint32_t units);
static int sv_store_evict(sv_store_t *st, uint32_t now,
    sv_store_entry_t *kept);
static void sv_store_append(sv_store_t *st, const sv_store_entry_t *e,
    const void *data);


/* There is one chain for 256 to 512 octets. */

static uint32_t
sv_store_layout(size_t size, uint32_t *chains)
{
    size_t  units;

    if (size < SV_STORE_MIN_MEM) {
        return 0;
    }

    *chains = 32;

    while ((size_t) *chains * 2 * 256 <= size && *chains < 0x40000000) {
        *chains *= 2;
    }

    units = (size - sizeof(sv_store_head_t) - *chains * sizeof(uint32_t))
            / SV_STORE_UNIT;

    return units > 0x7fffffff ? 0x7fffffff : (uint32_t) units;
}


static void
sv_store_view(sv_store_t *st, void *mem, uint32_t chains)
{
    st->head = mem;
    st->chains = (uint32_t *) (st->head + 1);
    st->ring = (unsigned char *) (st->chains + chains);
}


int
sv_store_create(sv_store_t *st, void *mem, size_t size)
{
    uint32_t  chains, units;

    units = sv_store_layout(size, &chains);

    if (units == 0) {
        return -1;
    }

    sv_store_view(st, mem, chains);

    memset(st->head, 0, sizeof(sv_store_head_t));

    st->head->mask = chains - 1;
    st->head->units = units;

    sv_store_reset(st);

    st->head->resets = 0;
    sv_store_publish();
    st->head->layout = SV_STORE_LAYOUT;

    return 0;
}


int
sv_store_attach(sv_store_t *st, void *mem, size_t size)
{
    uint32_t          chains, units;
    sv_store_head_t  *head;

    head = mem;
    units = sv_store_layout(size, &chains);

    if (units == 0
        || head->layout != SV_STORE_LAYOUT
        || head->units != units
        || head->mask != chains - 1)
    {
        return -1;
    }

    sv_store_view(st, mem, chains);

    return 0;
}


/*
 * An entry always begins at the first unit of the ring, and entries follow each
 * other from there to the head.  So the ring can be walked after a kill, too.
 */

static void
sv_store_reset(sv_store_t *st)
{
    memset(st->chains, 0, ((size_t) st->head->mask + 1) * sizeof(uint32_t));
    sv_store_publish();

    st->head->tail = 0;
    sv_store_publish();

    st->head->head = 0;
    st->head->entries = 0;
    st->head->resets++;
}


static uint32_t *
sv_store_chain(sv_store_t *st, const unsigned char *key)
{
    uint32_t  hash;

    memcpy(&hash, key, sizeof(uint32_t));

    return &st->chains[hash & st->head->mask];
}


/* A link is a position in the ring, plus one. */

static sv_store_entry_t *
sv_store_link(sv_store_t *st, uint32_t link)
{
    if (link == 0
        || link - 1 > st->head->units
                      - sizeof(sv_store_entry_t) / SV_STORE_UNIT)
    {
        return NULL;
    }

    return sv_store_at(st, link - 1);
}


static int
sv_store_is(const sv_store_entry_t *e, unsigned kind,
    const unsigned char *key)
{
    return e->kind == kind && memcmp(e->key, key, SV_STORE_KEY) == 0;
}


/* Returns 1 if the entry and its data lie within the ring. */

static int
sv_store_sound(const sv_store_t *st, const sv_store_entry_t *e)
{
    size_t  size, rest;

    size = (size_t) e->units * SV_STORE_UNIT;
    rest = sv_store_size(st) - ((unsigned char *) e - st->ring);

    return size <= rest && size <= SV_STORE_SPACE
           && sizeof(sv_store_entry_t) + e->len <= size;
}


sv_store_entry_t *
sv_store_get(sv_store_t *st, unsigned kind, const unsigned char *key,
    uint32_t variant)
{
    unsigned           i;
    sv_store_entry_t  *e;

    e = sv_store_link(st, *sv_store_chain(st, key));

    for (i = 0; e && i < SV_STORE_CHAIN; i++) {

        if (e->variant == variant && sv_store_is(e, kind, key)) {

            if (!sv_store_sound(st, e)) {
                return NULL;
            }

            /* written only once, as other processes read the same cache line */

            if (!e->used) {
                e->used = 1;
            }

            return e;
        }

        e = sv_store_link(st, e->next);
    }

    return NULL;
}


int
sv_store_put(sv_store_t *st, const sv_store_entry_t *e, const void *data,
    uint32_t now)
{
    size_t            size;
    sv_store_entry_t  new;

    size = sizeof(sv_store_entry_t) + e->len;

    if (e->len > SV_STORE_MAX || size * 4 > sv_store_size(st)) {
        return -1;
    }

    if (sv_store_again(st, e, data)) {
        return 0;
    }

    new = *e;
    new.used = 0;
    new.spare = 0;
    new.units = (uint16_t) ((size + SV_STORE_UNIT - 1) / SV_STORE_UNIT);

    if (sv_store_room(st, new.units, now) != 0) {

        sv_store_reset(st);

        if (sv_store_room(st, new.units, now) != 0) {
            return -1;
        }
    }

    sv_store_append(st, &new, data);
    st->head->puts++;

    sv_store_drop_older(st, &new);

    return 0;
}


/*
 * An entry that is learned again takes no room.  Otherwise somebody who makes
 * us learn the same again and again would drive out other entries.
 */

static int
sv_store_again(sv_store_t *st, const sv_store_entry_t *e, const void *data)
{
    sv_store_entry_t  *old;

    old = sv_store_get(st, e->kind, e->key, e->variant);

    if (old == NULL || old->len != e->len
        || memcmp(sv_store_data(old), data, e->len) != 0)
    {
        return 0;
    }

    old->created = e->created;
    old->expires = e->expires;
    old->later = e->later;
    old->tag = e->tag;

    st->head->puts++;

    return 1;
}


/* Erases older entries of the same name, and variants beyond the limit. */

static void
sv_store_drop_older(sv_store_t *st, const sv_store_entry_t *e)
{
    unsigned           i, n, seen;
    uint32_t          *link;
    sv_store_entry_t  *old;

    n = 0;
    seen = 0;
    link = sv_store_chain(st, e->key);

    for (i = 0; i < SV_STORE_CHAIN; i++) {

        old = sv_store_link(st, *link);

        if (old == NULL) {
            break;
        }

        if (sv_store_is(old, e->kind, e->key)) {

            if ((old->variant == e->variant && seen++)
                || n++ >= SV_STORE_VARIANTS)
            {
                sv_store_take(st, link);
                continue;
            }
        }

        link = &old->next;
    }
}


unsigned
sv_store_erase(sv_store_t *st, unsigned kind, const unsigned char *key)
{
    return sv_store_wipe(st, kind, key, NULL);
}


unsigned
sv_store_drop(sv_store_t *st, unsigned kind, const unsigned char *key,
    uint32_t variant)
{
    return sv_store_wipe(st, kind, key, &variant);
}


/* variant NULL: erases all variants */

static unsigned
sv_store_wipe(sv_store_t *st, unsigned kind, const unsigned char *key,
    const uint32_t *variant)
{
    unsigned           i, n;
    uint32_t          *link;
    sv_store_entry_t  *e;

    n = 0;
    link = sv_store_chain(st, key);

    for (i = 0; i < SV_STORE_CHAIN; i++) {

        e = sv_store_link(st, *link);

        if (e == NULL) {
            break;
        }

        if (sv_store_is(e, kind, key)
            && (variant == NULL || e->variant == *variant))
        {
            sv_store_take(st, link);
            n++;
            continue;
        }

        link = &e->next;
    }

    return n;
}


/* Takes an entry out of its chain and wipes it.  The ring passes its room
   later. */

static void
sv_store_take(sv_store_t *st, uint32_t *link)
{
    sv_store_entry_t  *e;

    e = sv_store_link(st, *link);

    *link = e->next;
    sv_store_publish();

    e->kind = 0;

    if (st->head->entries) {
        st->head->entries--;
    }

    if (sv_store_sound(st, e)) {
        memset(e->key, 0, (unsigned char *) sv_store_data(e) + e->len
                          - e->key);
    }
}


/* Makes room for so many units in one piece at the head of the ring. */

static int
sv_store_room(sv_store_t *st, uint32_t units, uint32_t now)
{
    int                rc;
    unsigned           renew;
    uint64_t           copy[SV_STORE_SPACE / sizeof(uint64_t)];
    sv_store_entry_t  *e;

    if (st->head->head >= st->head->units
        || st->head->tail >= st->head->units)
    {
        return -1;
    }

    e = (sv_store_entry_t *) copy;
    renew = SV_STORE_RENEWED;

    while (!sv_store_fits(st, units)) {

        rc = sv_store_evict(st, now, renew ? e : NULL);

        if (rc == -1) {
            return -1;
        }

        if (rc == 0) {
            continue;
        }

        renew--;

        /* the entry's own room may lie at the other end of the ring */

        while (!sv_store_fits(st, e->units)) {
            if (sv_store_evict(st, now, NULL) == -1) {
                return -1;
            }
        }

        sv_store_append(st, e, sv_store_data(e));
        st->head->renewed++;
    }

    return 0;
}


/*
 * The head never catches up with the tail: if they are equal, the ring is
 * empty.  An entry that does not fit before the end of the ring starts at its
 * beginning, and the rest is skipped.
 */

static int
sv_store_fits(sv_store_t *st, uint32_t units)
{
    uint32_t           head, tail, rest;
    sv_store_entry_t  *pad;

    head = st->head->head;
    tail = st->head->tail;

    if (head < tail) {
        return units < tail - head;
    }

    rest = st->head->units - head;

    if (units < rest || (units == rest && tail > 0)) {
        return 1;
    }

    if (units >= tail) {
        return 0;
    }

    if (rest) {
        pad = sv_store_at(st, head);
        pad->next = 0;
        pad->kind = 0;
        pad->units = (uint16_t) rest;
        sv_store_publish();
    }

    st->head->head = 0;

    return 1;
}


/* Evicts the entry at the tail.  Returns 1 if *kept has to be put again, -1 if
   the ring is broken. */

static int
sv_store_evict(sv_store_t *st, uint32_t now, sv_store_entry_t *kept)
{
    uint32_t           tail;
    sv_store_entry_t  *e;

    tail = st->head->tail;
    e = sv_store_at(st, tail);

    if (tail == st->head->head
        || e->units == 0
        || e->units > st->head->units - tail)
    {
        return -1;
    }

    if (e->kind == 0) {
        kept = NULL;

    } else {

        if (!sv_store_sound(st, e)) {
            return -1;
        }

        if (e->expires <= now) {
            kept = NULL;

        } else if (kept && e->used) {
            memcpy(kept, e, sizeof(sv_store_entry_t) + e->len);
            kept->used = 0;

        } else {
            kept = NULL;
            st->head->evicted++;
        }

        if (sv_store_unlink(st, tail) != 0) {
            return -1;
        }
    }

    tail += e->units;
    sv_store_publish();

    st->head->tail = (tail == st->head->units) ? 0 : tail;

    return kept ? 1 : 0;
}


/* An entry may be in no chain if its writer was killed before it was linked, or
   while it was taken out. */

static int
sv_store_unlink(sv_store_t *st, uint32_t at)
{
    unsigned           i;
    uint32_t          *link;
    sv_store_entry_t  *e;

    link = sv_store_chain(st, sv_store_at(st, at)->key);

    for (i = 0; i < SV_STORE_CHAIN && *link; i++) {

        if (*link == at + 1) {
            sv_store_take(st, link);
            return 0;
        }

        e = sv_store_link(st, *link);

        if (e == NULL) {
            return -1;
        }

        link = &e->next;
    }

    return 0;
}


/* The order matters: first the entry, then the head of the ring, then the
   chain. */

static void
sv_store_append(sv_store_t *st, const sv_store_entry_t *e, const void *data)
{
    uint32_t           head, *chain;
    sv_store_entry_t  *new;

    head = st->head->head;
    chain = sv_store_chain(st, e->key);

    new = sv_store_at(st, head);

    *new = *e;
    new->next = *chain;
    memcpy(sv_store_data(new), data, e->len);
    sv_store_publish();

    st->head->head = (head + e->units == st->head->units) ? 0
                                                          : head + e->units;
    sv_store_publish();

    *chain = head + 1;
    st->head->entries++;
}


size_t
sv_store_size(const sv_store_t *st)
{
    return (size_t) st->head->units * SV_STORE_UNIT;
}


size_t
sv_store_used(const sv_store_t *st)
{
    uint32_t  head, tail;

    head = st->head->head;
    tail = st->head->tail;

    return (size_t) (head >= tail ? head - tail
                                  : st->head->units - tail + head)
           * SV_STORE_UNIT;
}
