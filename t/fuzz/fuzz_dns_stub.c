
/*
 * Any octets as a message from a name server: what the resolver library gets
 * of it, and what is read from it.
 */


#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "sv_addr_parse.h"
#include "sv_dns_stub.h"


static void check(const uint8_t *data, const sv_dns_stub_t *stub);
static void read_addresses(const uint8_t *data, size_t size,
    const char *name);


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    ns_rr          rr;
    ns_msg         m;
    sv_dns_stub_t  stub, again;

    if (!sv_dns_stub(data, size, &stub)) {
        return 0;
    }

    check(data, &stub);

    /* it is a message as whole as can be, and its own stub */

    if (!sv_dns_stub(stub.data, stub.len, &again)
        || again.len != stub.len
        || memcmp(again.data, stub.data, stub.len) != 0
        || ns_initparse(stub.data, (int) stub.len, &m) != 0
        || ns_parserr(&m, ns_s_qd, 0, &rr) != 0)
    {
        abort();
    }

    read_addresses(data, size, ns_rr_name(rr));

    return 0;
}


/* what is relied on */

static void
check(const uint8_t *data, const sv_dns_stub_t *stub)
{
    int  rcode;

    rcode = stub->data[3] & 0x0f;

    if (stub->len > SV_DNS_STUB_MAX
        || memcmp(stub->data, data, 2) != 0
        || memcmp(stub->data + 4, "\0\1\0\0\0\0\0", 7) != 0
        || stub->data[11] > 1)
    {
        abort();
    }

    if (!stub->usable && !(stub->data[2] & 0x02)
        && (rcode == ns_r_noerror || rcode == ns_r_nxdomain))
    {
        abort();
    }
}


static void
read_addresses(const uint8_t *data, size_t size, const char *name)
{
    unsigned          i;
    sv_addr_answer_t  answer;

    static const int  types[] = { ns_t_a, ns_t_aaaa };

    for (i = 0; i < 2; i++) {

        if (sv_addr_parse(data, size, name, types[i], &answer)
            == SV_ANSWER_OK
            && (answer.naddrs == 0 || answer.naddrs > SV_ADDR_MAX))
        {
            abort();
        }
    }
}
