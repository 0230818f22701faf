
/*
 * What a store of a fleet sends: replies, whole and cut anywhere, and sealed
 * values in them.  A reply never has more values or octets than its bounds;
 * nothing opens that was not sealed with the key.
 */

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "sv_fleet_seal.h"
#include "sv_resp.h"


static void walk(sv_resp_value_t *value, size_t *values, size_t *octets);
static void unseal(sv_resp_value_t *value);


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t            n, step, values, octets;
    sv_resp_t        *resp;
    sv_resp_value_t  *value;

    step = size ? 1 + data[0] % 64 : 1;

    resp = sv_resp_create();
    assert(resp);

    for (n = 0; n < size; n += step) {

        if (sv_resp_feed(resp, (const char *) data + n,
                         size - n < step ? size - n : step)
            != 0)
        {
            break;
        }

        do {
            if (sv_resp_next(resp, &value) != 0) {
                sv_resp_free(resp);
                return 0;
            }

            values = octets = 0;

            walk(value, &values, &octets);
            assert(values <= SV_RESP_VALUES);
            assert(octets <= SV_RESP_SIZE);

            sv_resp_value_free(value);
        } while (value);
    }

    sv_resp_free(resp);

    return 0;
}


static void
walk(sv_resp_value_t *value, size_t *values, size_t *octets)
{
    size_t  i;

    if (value == NULL) {
        return;
    }

    (*values)++;

    if (value->type == sv_resp_array) {
        for (i = 0; i < value->len; i++) {
            assert(value->elements[i]);
            walk(value->elements[i], values, octets);
        }

    } else if (value->str) {
        *octets += value->len;
        assert(value->str[value->len] == '\0');
        unseal(value);
    }
}


static void
unseal(sv_resp_value_t *value)
{
    sv_fleet_keys_t       keys;
    sv_fleet_entry_t      e;
    static unsigned char  data[SV_STORE_MAX];

    memset(&keys, 'k', sizeof(keys));
    memset(&e, 0, sizeof(e));
    e.data = data;

    assert(sv_fleet_open(&keys, &e, (unsigned char *) value->str, value->len)
           != 0);
}
