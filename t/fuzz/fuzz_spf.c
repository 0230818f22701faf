
/*
 * Any octets as the answers to all look-ups of an evaluation of SPF: each takes
 * a length, and so many octets, which are the records.
 */


#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "sv_dnsbl.h"
#include "sv_spf.h"


#define ASKS_MAX  (1 + SV_SPF_LOOKUPS * (1 + SV_SPF_HOSTS))


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t                n;
    unsigned              asks;
    static sv_spf_t       spf;
    static const uint8_t  addr[16] = { 192, 0, 2, 1 };

    if (size < 1) {
        return 0;
    }

    (void) sv_dnsbl_judge(data, size);

    memset(&spf, 0xa5, sizeof(spf));

    sv_spf_init(&spf, addr, data[0] & 1, "example.test", 12);

    data++;
    size--;

    for (asks = 0; sv_spf_step(&spf); asks++) {

        assert(asks <= ASKS_MAX);
        assert(spf.name[0] != '\0' && strlen(spf.name) <= SV_SPF_NAME_MAX);
        assert(spf.depth >= 1 && spf.depth <= SV_SPF_LOOKUPS + 1);

        if (size < 2) {
            sv_spf_answer(&spf, SV_SPF_NOTHING, NULL, 0);
            continue;
        }

        n = (size_t) (data[0] & 0x7f) << 8 | data[1];

        if (data[0] & 0x80) {
            sv_spf_answer(&spf, n & 1 ? SV_SPF_FAILED : SV_SPF_NOTHING, NULL,
                          0);
            n = 0;

        } else {
            n = n < size - 2 ? n : size - 2;
            sv_spf_answer(&spf, SV_SPF_FOUND, data + 2, n);
        }

        data += 2 + n;
        size -= 2 + n;
    }

    assert(spf.result <= SV_SPF_UNKNOWN);
    assert(strlen(sv_spf_name(spf.result)) > 0);

    return 0;
}
