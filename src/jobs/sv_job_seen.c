
#include <stdlib.h>
#include <string.h>

#include "sv_job_seen.h"


#define SV_JOB_SEEN_FIRST  64


static uint32_t sv_job_seen_place(const sv_job_seen_part_t *part,
    uint64_t hash);
static int sv_job_seen_grow(sv_job_seen_part_t *part);


int
sv_job_seen(sv_job_seen_t *seen, uint64_t hash, uint32_t *n)
{
    uint32_t             i;
    sv_job_seen_part_t  *part;

    if (hash == 0) {
        hash = 1;
    }

    part = &seen->parts[hash >> 56];

    if (part->used >= part->size / 8 * 7 && sv_job_seen_grow(part) == -1) {
        return -1;
    }

    i = sv_job_seen_place(part, hash);

    if (part->hash[i]) {
        *n = part->n[i];
        return 1;
    }

    part->hash[i] = hash;
    part->n[i] = *n;
    part->used++;

    return 0;
}


static uint32_t
sv_job_seen_place(const sv_job_seen_part_t *part, uint64_t hash)
{
    uint32_t  i, mask;

    mask = part->size - 1;

    for (i = (uint32_t) hash & mask;
         part->hash[i] && part->hash[i] != hash;
         i = (i + 1) & mask)
    {
        /* void */
    }

    return i;
}


static int
sv_job_seen_grow(sv_job_seen_part_t *part)
{
    uint32_t            i, k;
    sv_job_seen_part_t  next;

    if (part->size > UINT32_MAX / 4) {
        return -1;
    }

    next.size = part->size ? part->size * 2 : SV_JOB_SEEN_FIRST;
    next.used = part->used;
    next.hash = calloc(next.size, sizeof(uint64_t));
    next.n = malloc(next.size * sizeof(uint32_t));

    if (next.hash == NULL || next.n == NULL) {
        free(next.hash);
        free(next.n);
        return -1;
    }

    for (i = 0; i < part->size; i++) {
        if (part->hash[i]) {
            k = sv_job_seen_place(&next, part->hash[i]);
            next.hash[k] = part->hash[i];
            next.n[k] = part->n[i];
        }
    }

    free(part->hash);
    free(part->n);
    *part = next;

    return 0;
}


void
sv_job_seen_free(sv_job_seen_t *seen)
{
    unsigned  i;

    for (i = 0; i < SV_JOB_SEEN_PARTS; i++) {
        free(seen->parts[i].hash);
        free(seen->parts[i].n);
    }

    memset(seen, 0, sizeof(sv_job_seen_t));
}
