
/*
 * What is read back from the disk: a block of sealed records, records, results.
 * Nothing is read beyond the end; what was read is written the same, if it was
 * written as we do.  What was sealed is unsealed, and not at another place.
 */

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "sv_job_row.h"


static void walk(const uint8_t *data, size_t size);
static void rows(const uint8_t *data, size_t size);
static void sealed(const uint8_t *data, size_t size);


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t  *copy;

    /* of exactly this size, so that the sanitizer sees the end */

    copy = malloc(size + 1);
    memcpy(copy, data, size);
    copy = realloc(copy, size ? size : 1);

    walk(copy, size);
    rows(copy, size);
    sealed(copy, size);

    free(copy);

    return 0;
}


static void
walk(const uint8_t *data, size_t size)
{
    int             rc;
    size_t          n;
    sv_job_walk_t   w;

    if (sv_job_walk_begin(&w, data, size) == -1) {
        assert(size < SV_JOB_BLOCK_HEAD);
        return;
    }

    for (n = 0; (rc = sv_job_walk_next(&w)) == 1; n++) {
        assert(w.len >= SV_JOB_TAG);
        assert(w.data >= data && w.data + w.len <= data + size);
    }

    assert(n <= size / (SV_JOB_BLOCK_LEN + SV_JOB_TAG));
    assert(rc == -1 || w.p == data + size);
}


static void
rows(const uint8_t *data, size_t size)
{
    uint8_t          *out;
    sv_job_record_t   record, again;
    sv_job_result_t   result, same;

    memset(&result, 0, sizeof(result));

    if (sv_job_record_read(data, size, &record) == 0) {
        out = malloc(sv_job_record_len(&record));
        sv_job_record_write(&record, out);
        assert(sv_job_record_read(out, sv_job_record_len(&record), &again)
               == 0);
        assert(again.idx == record.idx);
        assert(again.email.len == record.email.len);
        assert(memcmp(again.email.data, record.email.data, again.email.len)
               == 0);
        assert(again.input.len == record.input.len);
        free(out);
    }

    if (sv_job_result_read(data, size, &result) == 0) {
        out = malloc(sv_job_result_len(&result));
        sv_job_result_write(&result, out);
        assert(sv_job_result_read(out, sv_job_result_len(&result), &same)
               == 0);
        assert(same.email.len == result.email.len);
        assert(same.input.len == result.input.len);
        assert(same.packed.len == result.packed.len);
        free(out);
    }
}


static void
sealed(const uint8_t *data, size_t size)
{
    uint8_t               *out, *text, nonce[SV_JOB_NONCE];
    static sv_job_seal_t   seal;
    static const uint8_t   key[SV_JOBS_KEY_LEN] = "a key";

    if (seal.enc == NULL) {
        assert(sv_job_seal_init(&seal, key) == 0);
    }

    text = malloc(size + 1);
    out = malloc(size + SV_JOB_TAG);

    /* nobody sealed this */

    memset(nonce, 7, sizeof(nonce));
    assert(sv_job_unseal(&seal, SV_JOB_SEAL_RESULT, 1, nonce, data, size, text)
           == -1);

    assert(sv_job_seal_nonces(&seal, 1, nonce) == 0);
    assert(sv_job_seal(&seal, SV_JOB_SEAL_RESULT, 1, nonce, data, size, out)
           == 0);
    assert(sv_job_unseal(&seal, SV_JOB_SEAL_RESULT, 2, nonce, out,
                         size + SV_JOB_TAG, text)
           == -1);
    assert(sv_job_unseal(&seal, SV_JOB_SEAL_RECORD, 1, nonce, out,
                         size + SV_JOB_TAG, text)
           == -1);
    assert(sv_job_unseal(&seal, SV_JOB_SEAL_RESULT, 1, nonce, out,
                         size + SV_JOB_TAG, text)
           == 0);
    assert(memcmp(text, data, size) == 0);

    free(text);
    free(out);
}
