
/*
 * Any octets as an answer to a question for A or AAAA.  What they ask for
 * themselves is taken for what was asked, so that most get past that check.
 */


#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "sv_addr_parse.h"


static void check(const sv_addr_answer_t *a, sv_dns_status_e status);


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int               type;
    char              name[NS_MAXDNAME];
    ns_rr             rr;
    ns_msg            m;
    sv_dns_status_e   status;
    sv_addr_answer_t  answer;

    strcpy(name, "example.test");
    type = ns_t_a;

    if (size <= 65535 && ns_initparse(data, (int) size, &m) == 0
        && ns_msg_count(m, ns_s_qd) && ns_parserr(&m, ns_s_qd, 0, &rr) == 0)
    {
        memcpy(name, ns_rr_name(rr), strlen(ns_rr_name(rr)) + 1);

        if (ns_rr_type(rr) == ns_t_aaaa) {
            type = ns_t_aaaa;
        }
    }

    memset(&answer, 0xa5, sizeof(answer));

    status = sv_addr_parse(data, size, name, type, &answer);

    check(&answer, status);

    return 0;
}


/* what is relied on, whatever came */

static void
check(const sv_addr_answer_t *a, sv_dns_status_e status)
{
    assert(a->ttl <= 0x7fffffff);
    assert(memchr(a->alias, '\0', sizeof(a->alias)) != NULL);

    assert(a->naddrs <= SV_ADDR_MAX);
    assert((a->naddrs > 0) == (status == SV_ANSWER_OK));
    assert((a->alias[0] != '\0') == (status == SV_ANSWER_ALIAS));
}
