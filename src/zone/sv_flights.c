
#include <string.h>

#include "sv_flights.h"


#define sv_flights_publish()  __atomic_thread_fence(__ATOMIC_RELEASE)


static sv_flight_t *sv_flights_set(sv_flights_t *f, const unsigned char *key);
static sv_flight_t *sv_flights_find(sv_flights_t *f,
    const unsigned char *key, uint64_t id);
static sv_flight_t *sv_flights_over(const sv_flights_t *f, sv_flight_t *set,
    uint64_t now);
static int sv_flights_alive(const sv_flights_t *f, const sv_flight_t *slot,
    uint64_t now);


int
sv_flights_create(sv_flights_t *f, void *mem, size_t size)
{
    size_t  sets;

    sets = size < sizeof(sv_flights_head_t) ? 0
           : (size - sizeof(sv_flights_head_t))
             / (sizeof(sv_flight_t) * SV_FLIGHT_WAYS);

    if (sets == 0) {
        return -1;
    }

    memset(mem, 0, size);

    sv_flights_attach(f, mem);
    f->head->sets = sets;

    return 0;
}


void
sv_flights_attach(sv_flights_t *f, void *mem)
{
    f->head = mem;
    f->slots = (sv_flight_t *) (f->head + 1);
    f->self = 0;
}


sv_flight_state_e
sv_flights_claim(sv_flights_t *f, const unsigned char *key, uint32_t owner,
    uint64_t now, uint64_t deadline, uint64_t *id)
{
    unsigned      i;
    sv_flight_t  *set, *slot, *room;

    f->self = owner;

    set = sv_flights_set(f, key);
    room = NULL;

    for (i = 0; i < SV_FLIGHT_WAYS; i++) {

        slot = &set[i];

        if (slot->id && memcmp(slot->key, key, SV_FLIGHT_KEY) == 0) {

            if (sv_flights_alive(f, slot, now)) {
                *id = slot->id;
                return SV_FLIGHT_OTHERS;
            }

            slot->id = 0;
        }

        if (room == NULL && slot->id == 0) {
            room = slot;
        }
    }

    if (room == NULL) {
        room = sv_flights_over(f, set, now);
    }

    if (room == NULL) {
        *id = 0;
        return SV_FLIGHT_NO_ROOM;
    }

    room->id = 0;
    sv_flights_publish();

    memcpy(room->key, key, SV_FLIGHT_KEY);
    room->owner = owner;
    room->deadline = deadline;
    room->wanted = 0;
    room->checked = now;

    *id = ++f->head->last;
    sv_flights_publish();

    room->id = *id;

    return SV_FLIGHT_MINE;
}


int
sv_flights_wait(sv_flights_t *f, const unsigned char *key, uint64_t id,
    uint64_t now)
{
    sv_flight_t  *slot;

    slot = sv_flights_find(f, key, id);

    if (slot == NULL || slot->id == 0 || slot->deadline <= now) {
        return 0;
    }

    /* to look takes a system call, under the lock: not at each poll of each
       that waits */

    if (now >= slot->checked + SV_FLIGHT_TRUST) {

        if (!sv_flights_alive(f, slot, now)) {
            return 0;
        }

        slot->checked = now;
    }

    slot->wanted = now;

    return 1;
}


int
sv_flights_wanted(sv_flights_t *f, const unsigned char *key, uint64_t id,
    uint64_t now, uint64_t ms)
{
    sv_flight_t  *slot;

    slot = sv_flights_find(f, key, id);

    return slot && slot->wanted && slot->wanted + ms >= now;
}


void
sv_flights_release(sv_flights_t *f, const unsigned char *key, uint64_t id)
{
    sv_flight_t  *slot;

    slot = sv_flights_find(f, key, id);

    if (slot) {
        slot->id = 0;
    }
}


void
sv_flights_disown(sv_flights_t *f, uint32_t owner)
{
    size_t  i;

    f->self = owner;

    for (i = 0; i < f->head->sets * SV_FLIGHT_WAYS; i++) {
        if (sv_owner_place(f->slots[i].owner) == sv_owner_place(owner)) {
            f->slots[i].id = 0;
        }
    }
}


size_t
sv_flights_count(sv_flights_t *f, uint64_t now)
{
    size_t  i, n;

    n = 0;

    for (i = 0; i < f->head->sets * SV_FLIGHT_WAYS; i++) {
        n += sv_flights_alive(f, &f->slots[i], now);
    }

    return n;
}


static sv_flight_t *
sv_flights_set(sv_flights_t *f, const unsigned char *key)
{
    uint64_t  hash;

    memcpy(&hash, key, sizeof(uint64_t));

    return &f->slots[(hash % f->head->sets) * SV_FLIGHT_WAYS];
}


static sv_flight_t *
sv_flights_find(sv_flights_t *f, const unsigned char *key, uint64_t id)
{
    unsigned      i;
    sv_flight_t  *slot;

    slot = sv_flights_set(f, key);

    for (i = 0; i < SV_FLIGHT_WAYS; i++, slot++) {
        if (slot->id == id && memcmp(slot->key, key, SV_FLIGHT_KEY) == 0) {
            return slot;
        }
    }

    return NULL;
}


/* a place where nobody is at work any more: a system call each, under the
   lock, so not before all places are taken */

static sv_flight_t *
sv_flights_over(const sv_flights_t *f, sv_flight_t *set, uint64_t now)
{
    unsigned  i;

    for (i = 0; i < SV_FLIGHT_WAYS; i++) {
        if (!sv_flights_alive(f, &set[i], now)) {
            return &set[i];
        }
    }

    return NULL;
}


/* a process of another user that has the number by now: until the deadline */

static int
sv_flights_alive(const sv_flights_t *f, const sv_flight_t *slot,
    uint64_t now)
{
    return slot->id != 0 && slot->deadline > now
           && sv_owner_is_alive(slot->owner, f->self);
}
