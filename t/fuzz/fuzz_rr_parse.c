
/*
 * Any octets as an answer to a question for TLSA or TXT, and what is kept of
 * it.  What they ask for themselves is taken for what was asked, so that most
 * get past that check.
 */


#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "sv_rr_parse.h"


static void check_tlsa(const sv_rr_answer_t *a);
static void check_txt(const sv_rr_answer_t *a);


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int                    type;
    char                   name[NS_MAXDNAME];
    ns_rr                  rr;
    ns_msg                 m;
    sv_dns_status_e        status;
    static sv_rr_answer_t  answer;

    strcpy(name, "_25._tcp.mx.example.test");
    type = ns_t_tlsa;

    if (size <= 65535 && ns_initparse(data, (int) size, &m) == 0
        && ns_msg_count(m, ns_s_qd) && ns_parserr(&m, ns_s_qd, 0, &rr) == 0)
    {
        memcpy(name, ns_rr_name(rr), strlen(ns_rr_name(rr)) + 1);

        if (ns_rr_type(rr) == ns_t_txt) {
            type = ns_t_txt;
        }
    }

    memset(&answer, 0xa5, sizeof(answer));

    status = sv_rr_parse(data, size, name, type, &answer);

    /* what is relied on, whatever came */

    assert(answer.ttl <= 0x7fffffff);
    assert(answer.len <= SV_RR_MAX);
    assert((answer.nrecords > 0) == (status == SV_ANSWER_OK));
    assert(answer.nrecords || answer.len == 0);
    assert(status != SV_ANSWER_ERROR || !answer.authenticated);

    if (type == ns_t_tlsa) {
        check_tlsa(&answer);

    } else {
        check_txt(&answer);
    }

    return 0;
}


/* records that may be used, up to the end, and no more than there were */

static void
check_tlsa(const sv_rr_answer_t *a)
{
    size_t                n;
    sv_tlsa_t             tlsa;
    const unsigned char  *pos, *end;

    n = 0;
    pos = a->data;
    end = pos + a->len;

    while (sv_tlsa_read(&tlsa, &pos, end)) {
        assert(sv_tlsa_usable(&tlsa));
        assert(tlsa.data + tlsa.len <= end);
        n++;
    }

    assert(pos == end);
    assert(n <= a->nrecords);
}


static void
check_txt(const sv_rr_answer_t *a)
{
    size_t  n, pos;

    n = 0;

    for (pos = 0; pos < a->len; pos += 1 + (size_t) a->data[pos]) {
        n++;
    }

    assert(pos == a->len);
    assert(n == a->nrecords);
}
