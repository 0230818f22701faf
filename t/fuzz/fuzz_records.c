
/*
 * A byte for the format, a byte for the pieces, then a list: what is read is
 * the same for whatever pieces it comes in, and each record is what it says.
 */

#define _GNU_SOURCE

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "sv_records.h"
#include "sv_utf8.h"


#define FUZZ_SIZE   256
#define FUZZ_INPUT  (FUZZ_SIZE * 40)


static uint64_t read_list(const uint8_t *data, size_t size, unsigned format,
    unsigned pieces);
static uint64_t check_record(const sv_record_t *rec);
static uint64_t check_input(sv_records_t *rs, uint64_t hash);
static uint64_t check_names(sv_records_t *rs, uint64_t hash);
static void check_value(const sv_record_t *rec);
static uint64_t mix(uint64_t hash, const void *data, size_t len);


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint64_t  whole;

    if (size < 2) {
        return 0;
    }

    whole = read_list(data + 2, size - 2, data[0], 0);

    assert(whole == read_list(data + 2, size - 2, data[0], data[1]));
    assert(whole == read_list(data + 2, size - 2, data[0], 1));

    return 0;
}


/* pieces: 0: all at once */

static uint64_t
read_list(const uint8_t *data, size_t size, unsigned format, unsigned pieces)
{
    size_t                n;
    uint64_t              hash, records, offset;
    unsigned              step;
    sv_records_t          rs;
    unsigned char        *copy;
    const unsigned char  *p;
    sv_records_status_e   rc;
    static const char    *columns[] = { "", "2", "email", "x" };
    static const char     delimiters[] = { '\0', ';', ',', '\t' };

    memset(&rs, 0, sizeof(sv_records_t));

    rs.format = format & 3;
    rs.size = FUZZ_SIZE;
    rs.buf = malloc(SV_RECORDS_MEM(FUZZ_SIZE));
    rs.column.data = (unsigned char *) columns[(format >> 2) & 3];
    rs.column.len = strlen(columns[(format >> 2) & 3]);
    rs.delimiter = delimiters[(format >> 4) & 3];
    rs.taken = "index,email,x";

    assert(rs.buf);

    hash = 1;
    records = 0;
    offset = 0;
    step = pieces;

    do {
        n = pieces ? step % 17 : size;
        n = n > size ? size : n;
        step = step * 5 + 3;

        copy = malloc(n ? n : 1);
        assert(copy);
        memcpy(copy, data, n);

        p = copy;

        while ((rc = sv_records_next(&rs, &p, copy + n, size == 0))
               == SV_RECORDS_OK)
        {
            assert(rs.rec.index == records);
            assert(records == 0 || rs.rec.offset > offset);
            assert(rs.rec.offset < rs.offset);

            records++;
            offset = rs.rec.offset;

            hash = mix(hash, &offset, sizeof(offset));
            hash ^= check_record(&rs.rec);
            hash = check_input(&rs, hash);
        }

        assert(rc != SV_RECORDS_AGAIN || p == copy + n);
        assert(rc != SV_RECORDS_AGAIN || size);

        free(copy);

        data += n;
        size -= n;

    } while (rc == SV_RECORDS_AGAIN);

    assert(rc == SV_RECORDS_DONE || rs.error);
    assert(rs.next == records);

    if (rs.error) {
        assert(sv_utf8_valid((unsigned char *) rs.error, strlen(rs.error)));
        hash = mix(hash, rs.error, strlen(rs.error));
    }

    hash = mix(hash, &rs.delimiter, 1);
    hash = check_names(&rs, hash);

    free(rs.buf);

    return hash;
}


static uint64_t
check_record(const sv_record_t *rec)
{
    if (rec->error) {
        assert(rec->detail && rec->email.len == 0 && rec->members.len == 0);
        return mix(2, rec->error, strlen(rec->error));
    }

    assert(rec->email.len <= SV_RECORDS_EMAIL_MAX);
    assert(sv_utf8_valid(rec->email.data, rec->email.len));
    assert(memchr(rec->email.data, '\0', rec->email.len) == NULL);
    assert(rec->email.len);

    check_value(rec);

    return mix(3, rec->email.data, rec->email.len);
}


static uint64_t
check_input(sv_records_t *rs, uint64_t hash)
{
    size_t                 n;
    cJSON                 *root;
    static unsigned char   input[FUZZ_INPUT];

    n = sv_records_input_json(rs, input, sizeof(input) - 1);

    if (n && n < sizeof(input)) {
        assert(input[0] == '{' && input[n - 1] == '}');
        assert(memchr(input, '\n', n) == NULL);

        input[n] = '\0';
        root = cJSON_ParseWithLengthOpts((char *) input, n, NULL, 0);
        assert(root || memmem(input, n, "\\u", 2));
        cJSON_Delete(root);

        hash = mix(hash, input, n);
    }

    n = sv_records_input_csv(rs, input, sizeof(input));

    if (n <= sizeof(input)) {
        hash = mix(hash, input, n);
    }

    return hash;
}


static uint64_t
check_names(sv_records_t *rs, uint64_t hash)
{
    size_t                n;
    static unsigned char  names[FUZZ_INPUT];

    if (!rs->first) {
        return hash;
    }

    n = sv_records_names_csv(rs, names, sizeof(names));

    assert(n <= 2 * FUZZ_SIZE + SV_RECORDS_FIELDS_MAX * 32);

    return mix(hash, names, n);
}


/* never longer than twice, and no formula wherever it is cut */

static void
check_value(const sv_record_t *rec)
{
    size_t                i, n;
    static unsigned char  value[SV_RECORDS_EMAIL_MAX * 2 + 2];

    n = sv_records_csv_value(value, sizeof(value), rec->email.data,
                             rec->email.len, 1);

    assert(n <= rec->email.len * 2 + 2);

    for (i = 0; i < n; i++) {
        if (i == 0 || memchr(";|\t\n", value[i - 1], 4)) {
            assert(memchr("=+-@", value[i], 4) == NULL);
        }
    }
}


static uint64_t
mix(uint64_t hash, const void *data, size_t len)
{
    size_t          i;
    const uint8_t  *p;

    p = data;

    for (i = 0; i < len; i++) {
        hash = (hash ^ p[i]) * 0x100000001b3;
    }

    return hash;
}
