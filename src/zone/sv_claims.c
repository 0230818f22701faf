
#include <string.h>

#include "sv_claims.h"


#define SV_CLAIMS_LINE  64      /* octets of a cache line */

#define sv_claims_publish()  __atomic_thread_fence(__ATOMIC_RELEASE)


static size_t sv_claims_begin(const void *mem);
static sv_claim_set_t *sv_claims_set(sv_claims_t *f, const unsigned char *key);
static unsigned sv_claims_place(const sv_claim_set_t *set,
    const unsigned char *key, uint64_t id);
static unsigned sv_claims_over(const sv_claims_t *f, const sv_claim_set_t *set,
    uint64_t now);
static int sv_claims_alive(const sv_claims_t *f, const sv_claim_set_t *set,
    unsigned i, uint64_t now);


int
sv_claims_create(sv_claims_t *f, void *mem, size_t size)
{
    size_t  begin, sets;

    begin = sv_claims_begin(mem);

    sets = size < begin ? 0 : (size - begin) / sizeof(sv_claim_set_t);

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
    f->sets = (sv_claim_set_t *) ((char *) mem + sv_claims_begin(mem));
    f->self = 0;
}


/* the first cache line after the head */

static size_t
sv_claims_begin(const void *mem)
{
    uintptr_t  p;

    p = (uintptr_t) mem + sizeof(sv_claims_head_t) + SV_CLAIMS_LINE - 1;

    return (p & ~(uintptr_t) (SV_CLAIMS_LINE - 1)) - (uintptr_t) mem;
}


sv_claim_state_e
sv_claims_claim(sv_claims_t *f, const unsigned char *key, uint32_t owner,
    uint64_t now, uint64_t deadline, uint64_t *id)
{
    unsigned         i, room;
    sv_claim_t      *claim;
    sv_claim_set_t  *set;

    f->self = owner;

    set = sv_claims_set(f, key);
    room = SV_CLAIM_WAYS;

    for (i = 0; i < SV_CLAIM_WAYS; i++) {

        if (set->ids[i] && memcmp(set->claims[i].key, key, SV_CLAIM_KEY) == 0) {

            if (sv_claims_alive(f, set, i, now)) {
                *id = set->ids[i];
                return SV_CLAIM_OTHERS;
            }

            set->ids[i] = 0;
        }

        if (room == SV_CLAIM_WAYS && set->ids[i] == 0) {
            room = i;
        }
    }

    if (room == SV_CLAIM_WAYS) {
        room = sv_claims_over(f, set, now);
    }

    if (room == SV_CLAIM_WAYS) {
        *id = 0;
        return SV_CLAIM_NO_ROOM;
    }

    set->ids[room] = 0;
    sv_claims_publish();

    claim = &set->claims[room];

    memcpy(claim->key, key, SV_CLAIM_KEY);
    claim->owner = owner;
    claim->deadline = deadline;
    claim->wanted = 0;
    claim->checked = now;

    *id = ++f->head->last;
    sv_claims_publish();

    set->ids[room] = *id;

    return SV_CLAIM_MINE;
}


int
sv_claims_wait(sv_claims_t *f, const unsigned char *key, uint64_t id,
    uint64_t now)
{
    unsigned         i;
    sv_claim_t      *claim;
    sv_claim_set_t  *set;

    set = sv_claims_set(f, key);
    i = sv_claims_place(set, key, id);

    if (i == SV_CLAIM_WAYS || id == 0) {
        return 0;
    }

    claim = &set->claims[i];

    if (claim->deadline <= now) {
        return 0;
    }

    /* the check is a system call under the lock, so it is not made at each poll
       of each waiter */

    if (now >= claim->checked + SV_CLAIM_TRUST) {

        if (!sv_claims_alive(f, set, i, now)) {
            return 0;
        }

        claim->checked = now;
    }

    claim->wanted = now;

    return 1;
}


int
sv_claims_wanted(sv_claims_t *f, const unsigned char *key, uint64_t id,
    uint64_t now, uint64_t ms)
{
    unsigned         i;
    sv_claim_set_t  *set;

    set = sv_claims_set(f, key);
    i = sv_claims_place(set, key, id);

    return i < SV_CLAIM_WAYS && set->claims[i].wanted
           && set->claims[i].wanted + ms >= now;
}


void
sv_claims_release(sv_claims_t *f, const unsigned char *key, uint64_t id)
{
    unsigned         i;
    sv_claim_set_t  *set;

    set = sv_claims_set(f, key);
    i = sv_claims_place(set, key, id);

    if (i < SV_CLAIM_WAYS) {
        set->ids[i] = 0;
    }
}


void
sv_claims_disown(sv_claims_t *f, uint32_t owner)
{
    size_t           n;
    unsigned         i;
    sv_claim_set_t  *set;

    f->self = owner;

    for (n = 0; n < f->head->sets; n++) {
        set = &f->sets[n];

        for (i = 0; i < SV_CLAIM_WAYS; i++) {
            if (sv_owner_place(set->claims[i].owner) == sv_owner_place(owner)) {
                set->ids[i] = 0;
            }
        }
    }
}


size_t
sv_claims_count(sv_claims_t *f, uint64_t now)
{
    size_t    n, found;
    unsigned  i;

    found = 0;

    for (n = 0; n < f->head->sets; n++) {
        for (i = 0; i < SV_CLAIM_WAYS; i++) {
            found += sv_claims_alive(f, &f->sets[n], i, now);
        }
    }

    return found;
}


static sv_claim_set_t *
sv_claims_set(sv_claims_t *f, const unsigned char *key)
{
    uint64_t  hash;

    memcpy(&hash, key, sizeof(uint64_t));

    return &f->sets[hash % f->head->sets];
}


/* SV_CLAIM_WAYS: the claim is gone */

static unsigned
sv_claims_place(const sv_claim_set_t *set, const unsigned char *key,
    uint64_t id)
{
    unsigned  i;

    for (i = 0; i < SV_CLAIM_WAYS; i++) {
        if (set->ids[i] == id
            && memcmp(set->claims[i].key, key, SV_CLAIM_KEY) == 0)
        {
            break;
        }
    }

    return i;
}


/* Returns a place whose owner is dead.  As each check is a system call under
   the lock, this is done only if all places are taken. */

static unsigned
sv_claims_over(const sv_claims_t *f, const sv_claim_set_t *set, uint64_t now)
{
    unsigned  i;

    for (i = 0; i < SV_CLAIM_WAYS; i++) {
        if (!sv_claims_alive(f, set, i, now)) {
            break;
        }
    }

    return i;
}


/* If another user's process has got the process ID, the claim lasts until its
   deadline. */

static int
sv_claims_alive(const sv_claims_t *f, const sv_claim_set_t *set, unsigned i,
    uint64_t now)
{
    return set->ids[i] != 0 && set->claims[i].deadline > now
           && sv_owner_is_alive(set->claims[i].owner, f->self);
}
