
/*
 * Any octets as a policy, and as TXT records that announce one; then any
 * octets as the hosts that were kept.
 */


#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "sv_mta_sts.h"


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t               n, pos, hosts;
    sv_str_t             id;
    static sv_mta_sts_t  policy;

    if (sv_mta_sts_id(data, size, &id)) {
        assert(id.len > 0 && id.len <= SV_MTA_STS_ID);
        assert(id.data > data && id.data + id.len <= data + size);
    }

    (void) sv_mta_sts_names(data, size, (const unsigned char *) "mx.a.test",
                            9);

    memset(&policy, 0xa5, sizeof(policy));

    if (!sv_mta_sts_parse(data, size, &policy)) {
        return 0;
    }

    /* what is relied on of a policy */

    assert(policy.len <= SV_MTA_STS_HOSTS);
    assert(policy.max_age <= SV_MTA_STS_MAX_AGE);
    assert(policy.len || policy.mode == SV_MTA_STS_NONE);

    hosts = 0;

    for (pos = 0; pos < policy.len; pos += 1 + n) {
        n = policy.hosts[pos];
        assert(n > 0 && n <= 253);
        hosts++;

        if (policy.hosts[pos + 1] != '*') {
            assert(sv_mta_sts_names(policy.hosts, policy.len,
                                    policy.hosts + pos + 1, n));
        }
    }

    assert(pos == policy.len);
    assert(hosts || policy.len == 0);

    return 0;
}
