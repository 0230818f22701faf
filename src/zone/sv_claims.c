
#include <string.h>

#include "sv_claims.h"


#define sv_claims_publish()  __atomic_thread_fence(__ATOMIC_RELEASE)


static sv_claim_t *sv_claims_set(sv_claims_t *f, const unsigned char *key);
static sv_claim_t *sv_claims_find(sv_claims_t *f,
    const unsigned char *key, uint64_t id);
static sv_claim_t *sv_claims_over(const sv_claims_t *f, sv_claim_t *set,
    uint64_t now);
static int sv_claims_alive(const sv_claims_t *f, const sv_claim_t *entry,
    uint64_t now);


int
sv_claims_create(sv_claims_t *f, void *mem, size_t size)
{
    size_t  sets;

    sets = size < sizeof(sv_claims_head_t) ? 0
           : (size - sizeof(sv_claims_head_t))
             / (sizeof(sv_claim_t) * SV_CLAIM_WAYS);

    if (sets == 0) {
        return -1;
    }

    memset(mem, 0, size);

    sv_claims_attach(f, mem);
    f->head->sets = sets;

    return 0;
}


void
sv_claims_attach(sv_claims_t *f, void *mem)
{
    f->head = mem;
    f->entries = (sv_claim_t *) (f->head + 1);
    f->self = 0;
}


sv_claim_state_e
sv_claims_claim(sv_claims_t *f, const unsigned char *key, uint32_t owner,
    uint64_t now, uint64_t deadline, uint64_t *id)
{
    unsigned      i;
    sv_claim_t  *set, *entry, *room;

    f->self = owner;

    set = sv_claims_set(f, key);
    room = NULL;

    for (i = 0; i < SV_CLAIM_WAYS; i++) {

        entry = &set[i];

        if (entry->id && memcmp(entry->key, key, SV_CLAIM_KEY) == 0) {

            if (sv_claims_alive(f, entry, now)) {
                *id = entry->id;
                return SV_CLAIM_OTHERS;
            }

            entry->id = 0;
        }

        if (room == NULL && entry->id == 0) {
            room = entry;
        }
    }

    if (room == NULL) {
        room = sv_claims_over(f, set, now);
    }

    if (room == NULL) {
        *id = 0;
        return SV_CLAIM_NO_ROOM;
    }

    room->id = 0;
    sv_claims_publish();

    memcpy(room->key, key, SV_CLAIM_KEY);
    room->owner = owner;
    room->deadline = deadline;
    room->wanted = 0;
    room->checked = now;

    *id = ++f->head->last;
    sv_claims_publish();

    room->id = *id;

    return SV_CLAIM_MINE;
}


int
sv_claims_wait(sv_claims_t *f, const unsigned char *key, uint64_t id,
    uint64_t now)
{
    sv_claim_t  *entry;

    entry = sv_claims_find(f, key, id);

    if (entry == NULL || entry->id == 0 || entry->deadline <= now) {
        return 0;
    }

    /* the check is a system call under the lock, so it is not made at each poll
       of each waiter */

    if (now >= entry->checked + SV_CLAIM_TRUST) {

        if (!sv_claims_alive(f, entry, now)) {
            return 0;
        }

        entry->checked = now;
    }

    entry->wanted = now;

    return 1;
}


int
sv_claims_wanted(sv_claims_t *f, const unsigned char *key, uint64_t id,
    uint64_t now, uint64_t ms)
{
    sv_claim_t  *entry;

    entry = sv_claims_find(f, key, id);

    return entry && entry->wanted && entry->wanted + ms >= now;
}


void
sv_claims_release(sv_claims_t *f, const unsigned char *key, uint64_t id)
{
    sv_claim_t  *entry;

    entry = sv_claims_find(f, key, id);

    if (entry) {
        entry->id = 0;
    }
}


void
sv_claims_disown(sv_claims_t *f, uint32_t owner)
{
    size_t  i;

    f->self = owner;

    for (i = 0; i < f->head->sets * SV_CLAIM_WAYS; i++) {
        if (sv_owner_place(f->entries[i].owner) == sv_owner_place(owner)) {
            f->entries[i].id = 0;
        }
    }
}


size_t
sv_claims_count(sv_claims_t *f, uint64_t now)
{
    size_t  i, n;

    n = 0;

    for (i = 0; i < f->head->sets * SV_CLAIM_WAYS; i++) {
        n += sv_claims_alive(f, &f->entries[i], now);
    }

    return n;
}


static sv_claim_t *
sv_claims_set(sv_claims_t *f, const unsigned char *key)
{
    uint64_t  hash;

    memcpy(&hash, key, sizeof(uint64_t));

    return &f->entries[(hash % f->head->sets) * SV_CLAIM_WAYS];
}


static sv_claim_t *
sv_claims_find(sv_claims_t *f, const unsigned char *key, uint64_t id)
{
    unsigned      i;
    sv_claim_t  *entry;

    entry = sv_claims_set(f, key);

    for (i = 0; i < SV_CLAIM_WAYS; i++, entry++) {
        if (entry->id == id && memcmp(entry->key, key, SV_CLAIM_KEY) == 0) {
            return entry;
        }
    }

    return NULL;
}


/* Returns a place whose owner is dead.  As each check is a system call under
   the lock, this is done only if all places are taken. */

static sv_claim_t *
sv_claims_over(const sv_claims_t *f, sv_claim_t *set, uint64_t now)
{
    unsigned  i;

    for (i = 0; i < SV_CLAIM_WAYS; i++) {
        if (!sv_claims_alive(f, &set[i], now)) {
            return &set[i];
        }
    }

    return NULL;
}


/* If another user's process has got the process ID, the claim lasts until its
   deadline. */

static int
sv_claims_alive(const sv_claims_t *f, const sv_claim_t *entry,
    uint64_t now)
{
    return entry->id != 0 && entry->deadline > now
           && sv_owner_is_alive(entry->owner, f->self);
}
