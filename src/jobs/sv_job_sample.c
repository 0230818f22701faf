
#include "sv_jobs.h"
#include "sv_job_sample.h"


#define SV_JOB_SAMPLE_Z  1.959964       /* of the normal distribution, 95 % */


static unsigned sv_job_sample_block(uint64_t *block, uint64_t records);
static unsigned sv_job_sample_mix(uint64_t v);
static double sv_job_sample_root(double v);


/*
 * Blocks are numbered in the order of the list, and the records of 256 blocks
 * are sorted by domain.  So records at about equal distances are of all parts
 * of the list, and of domains in proportion to their size.
 */

unsigned
sv_job_sample_of(uint64_t block, uint64_t n, uint64_t records)
{
    unsigned  size;
    uint64_t  from, of;

    size = sv_job_sample_block(&block, records);

    if (n == 0 || size == 0) {
        return 0;
    }

    from = block * SV_JOBS_BLOCK;
    of = (from + size) * n / records - from * n / records;

    return of < size ? (unsigned) of : size;
}


int
sv_job_sample_has(uint64_t pos, uint64_t n, uint64_t records)
{
    unsigned  of, part, place, step;
    uint64_t  block;

    block = pos / SV_JOBS_BLOCK;
    of = sv_job_sample_of(block, n, records);

    if (of == 0) {
        return 0;
    }

    place = (unsigned) (pos % SV_JOBS_BLOCK);
    step = sv_job_sample_block(&block, records) / of;

    part = place / step;

    return part < of
           && place % step == sv_job_sample_mix(block * SV_JOBS_BLOCK + part)
                              % step;
}


/* Any place in its part of the block: a list may have a regular pattern. */

static unsigned
sv_job_sample_mix(uint64_t v)
{
    v = (v + 0x9e3779b97f4a7c15u) * 0xbf58476d1ce4e5b9u;
    v = (v ^ v >> 27) * 0x94d049bb133111ebu;

    return (unsigned) (v >> 33);
}


/* The size of a block.  A list of short chunks has more blocks than its records
   need: for these the others are taken once more. */

static unsigned
sv_job_sample_block(uint64_t *block, uint64_t records)
{
    uint64_t  blocks, left;

    blocks = (records + SV_JOBS_BLOCK - 1) / SV_JOBS_BLOCK;

    if (blocks == 0) {
        return 0;
    }

    *block %= blocks;
    left = records - *block * SV_JOBS_BLOCK;

    return left < SV_JOBS_BLOCK ? (unsigned) left : SV_JOBS_BLOCK;
}


/*
 * The interval of Wilson, for a sample that is drawn from a finite number of
 * records: when all were asked it has no width.
 */

void
sv_job_estimate(sv_job_estimate_t *e, uint64_t x, uint64_t asked,
    uint64_t records)
{
    double  p, n, all, z2, middle, half;

    if (asked == 0 || asked >= records) {
        e->n = x;
        e->low = x;
        e->high = asked ? x : records;
        return;
    }

    all = (double) records;
    p = (double) x / (double) asked;
    n = (double) asked * (all - 1) / (all - (double) asked);
    z2 = SV_JOB_SAMPLE_Z * SV_JOB_SAMPLE_Z;

    middle = (p + z2 / (2 * n)) / (1 + z2 / n);
    half = SV_JOB_SAMPLE_Z / (1 + z2 / n)
           * sv_job_sample_root(p * (1 - p) / n + z2 / (4 * n * n));

    e->n = (uint64_t) (p * all + 0.5);
    e->low = middle > half ? (uint64_t) ((middle - half) * all) : 0;
    e->high = (uint64_t) ((middle + half) * all + 1);

    /* what was seen is certain */

    e->low = e->low < x ? x : e->low;
    e->high = e->high > records - (asked - x) ? records - (asked - x)
                                              : e->high;
    e->n = e->n < e->low ? e->low : e->n > e->high ? e->high : e->n;
}


/* By Newton, without the library of mathematics. */

static double
sv_job_sample_root(double v)
{
    int     i;
    double  r;

    if (v <= 0) {
        return 0;
    }

    r = v < 1 ? 1 : v;

    for (i = 0; i < 60; i++) {
        r = (r + v / r) / 2;
    }

    return r;
}
