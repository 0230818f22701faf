
#include <stdlib.h>
#include <string.h>
#include <openssl/crypto.h>

#include "sv_job_row.h"


static unsigned char *sv_job_number_write(unsigned char *p, uint64_t n);
static const unsigned char *sv_job_number_read(const unsigned char *p,
    const unsigned char *end, uint64_t *n);
static size_t sv_job_number_len(uint64_t n);


size_t
sv_job_record_len(const sv_job_record_t *r)
{
    return sv_job_number_len(r->idx) + sv_job_number_len(r->email.len)
           + r->email.len + r->input.len;
}


void
sv_job_record_write(const sv_job_record_t *r, unsigned char *out)
{
    out = sv_job_number_write(out, r->idx);
    out = sv_job_number_write(out, r->email.len);

    if (r->email.len) {
        memcpy(out, r->email.data, r->email.len);
        out += r->email.len;
    }

    if (r->input.len) {
        memcpy(out, r->input.data, r->input.len);
    }
}


int
sv_job_record_read(const unsigned char *text, size_t len, sv_job_record_t *r)
{
    uint64_t              n;
    const unsigned char  *p, *end;

    n = 0;
    p = text;
    end = text + len;

    p = sv_job_number_read(p, end, &r->idx);

    if (p) {
        p = sv_job_number_read(p, end, &n);
    }

    if (p == NULL || n > (size_t) (end - p)) {
        return -1;
    }

    r->email.data = (unsigned char *) p;
    r->email.len = (size_t) n;
    r->input.data = (unsigned char *) p + n;
    r->input.len = (size_t) (end - p) - (size_t) n;

    return 0;
}


size_t
sv_job_result_len(const sv_job_result_t *r)
{
    return sv_job_number_len(r->email.len) + sv_job_number_len(r->input.len)
           + r->email.len + r->input.len + r->packed.len;
}


void
sv_job_result_write(const sv_job_result_t *r, unsigned char *out)
{
    out = sv_job_number_write(out, r->email.len);
    out = sv_job_number_write(out, r->input.len);

    if (r->email.len) {
        memcpy(out, r->email.data, r->email.len);
        out += r->email.len;
    }

    if (r->input.len) {
        memcpy(out, r->input.data, r->input.len);
        out += r->input.len;
    }

    if (r->packed.len) {
        memcpy(out, r->packed.data, r->packed.len);
    }
}


int
sv_job_result_read(const unsigned char *text, size_t len, sv_job_result_t *r)
{
    uint64_t              email, input;
    const unsigned char  *p, *end;

    email = input = 0;
    p = text;
    end = text + len;

    p = sv_job_number_read(p, end, &email);

    if (p) {
        p = sv_job_number_read(p, end, &input);
    }

    if (p == NULL || email > (size_t) (end - p)
        || input > (size_t) (end - p) - email)
    {
        return -1;
    }

    r->email.data = (unsigned char *) p;
    r->email.len = (size_t) email;
    p += email;

    r->input.data = (unsigned char *) p;
    r->input.len = (size_t) input;
    p += input;

    r->packed.data = (unsigned char *) p;
    r->packed.len = (size_t) (end - p);

    return 0;
}


unsigned char *
sv_job_walk_write(unsigned char *p, size_t len)
{
    unsigned  i;

    for (i = 0; i < SV_JOB_BLOCK_LEN; i++) {
        *p++ = (unsigned char) len;
        len >>= 8;
    }

    return p;
}


int
sv_job_walk_begin(sv_job_walk_t *walk, const unsigned char *block, size_t len)
{
    if (block == NULL || len < SV_JOB_BLOCK_HEAD) {
        return -1;
    }

    memcpy(walk->nonce, block, SV_JOB_NONCE);
    walk->p = block + SV_JOB_BLOCK_HEAD;
    walk->end = block + len;
    walk->data = NULL;

    return 0;
}


int
sv_job_walk_next(sv_job_walk_t *walk)
{
    uint32_t              len;
    const unsigned char  *p;

    if (walk->data) {
        sv_job_seal_next(walk->nonce);
    }

    p = walk->p;

    if (p == walk->end) {
        return 0;
    }

    if (walk->end - p < SV_JOB_BLOCK_LEN) {
        return -1;
    }

    len = (uint32_t) p[0] | (uint32_t) p[1] << 8 | (uint32_t) p[2] << 16
          | (uint32_t) p[3] << 24;

    p += SV_JOB_BLOCK_LEN;

    if (len < SV_JOB_TAG || len > (size_t) (walk->end - p)) {
        return -1;
    }

    walk->data = p;
    walk->len = len;
    walk->p = p + len;

    return 1;
}


/* What was there before must not stay in freed memory. */

unsigned char *
sv_job_arena_room(sv_job_arena_t *arena, size_t len)
{
    size_t          room;
    unsigned char  *mem;

    if (arena->mem && len <= arena->room - arena->len) {
        return arena->mem + arena->len;
    }

    room = arena->room ? arena->room : 4096;

    while (room - arena->len < len) {
        room *= 2;
    }

    mem = malloc(room);
    if (mem == NULL) {
        return NULL;
    }

    if (arena->mem) {
        memcpy(mem, arena->mem, arena->len);
        OPENSSL_cleanse(arena->mem, arena->len);
        free(arena->mem);
    }

    arena->mem = mem;
    arena->room = room;

    return mem + arena->len;
}


void
sv_job_arena_free(sv_job_arena_t *arena)
{
    if (arena->mem) {
        OPENSSL_cleanse(arena->mem, arena->len);
        free(arena->mem);
    }

    memset(arena, 0, sizeof(sv_job_arena_t));
}


static unsigned char *
sv_job_number_write(unsigned char *p, uint64_t n)
{
    while (n > 0x7f) {
        *p++ = (unsigned char) (n | 0x80);
        n >>= 7;
    }

    *p++ = (unsigned char) n;

    return p;
}


static const unsigned char *
sv_job_number_read(const unsigned char *p, const unsigned char *end,
    uint64_t *n)
{
    unsigned  shift;

    *n = 0;

    for (shift = 0; p < end && shift < 64; shift += 7) {
        *n |= (uint64_t) (*p & 0x7f) << shift;

        if (*p++ < 0x80) {
            return p;
        }
    }

    return NULL;
}


static size_t
sv_job_number_len(uint64_t n)
{
    size_t  len;

    for (len = 1; n > 0x7f; n >>= 7) {
        len++;
    }

    return len;
}
