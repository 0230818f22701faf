
/*
 * Any octets as an answer to a question for MX.  What they ask for themselves
 * is taken for what was asked, so that most get past that check.
 */


#include <stdint.h>
#include <stdlib.h>
#include <netinet/in.h>
#include <arpa/nameser.h>

#include "sv_mx_parse.h"


static void check(const sv_mx_answer_t *answer);


static long
order(void)
{
    static unsigned long  n;

    n = n * 1103515245 + 12345;

    return (long) (n & 0x7fffffff);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char                   qname[NS_MAXDNAME];
    ns_rr                  rr;
    ns_msg                 m;
    sv_str_t               name;
    sv_mx_status_e         status;
    static sv_mx_answer_t  answer;

    name.data = (unsigned char *) "example.test";

    if (size <= 65535 && ns_initparse(data, (int) size, &m) == 0
        && ns_msg_count(m, ns_s_qd) && ns_parserr(&m, ns_s_qd, 0, &rr) == 0)
    {
        memcpy(qname, ns_rr_name(rr), strlen(ns_rr_name(rr)) + 1);
        name.data = (unsigned char *) qname;
    }

    name.len = strlen((char *) name.data);

    status = sv_mx_parse(data, size, &name, &answer);

    if (status != SV_MX_OK) {
        return 0;
    }

    sv_mx_sort(&answer, order);
    check(&answer);

    return 0;
}


/* what is relied on: sorted, single, host names or one null MX */

static void
check(const sv_mx_answer_t *answer)
{
    size_t                 i, k;
    const sv_mx_record_t  *r;

    r = answer->records;

    if (answer->nrecords > SV_MX_RECORDS_MAX || answer->ttl > 0x7fffffff) {
        abort();
    }

    for (i = 0; i < answer->nrecords; i++) {

        if (r[i].host.len == 0) {
            if (answer->nrecords != 1) {
                abort();
            }

            continue;
        }

        if (!sv_mx_host_valid(r[i].host.data, r[i].host.len)) {
            abort();
        }

        if (i && r[i].preference < r[i - 1].preference) {
            abort();
        }

        for (k = 0; k < i; k++) {
            if (r[k].host.len == r[i].host.len
                && memcmp(r[k].host.data, r[i].host.data, r[i].host.len) == 0)
            {
                abort();
            }
        }
    }
}
