
/*
 * Any octets as an answer to a question for records of a type that they name
 * themselves, and the list that is made of it.
 */


#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "sv_rr_list.h"


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int                   type;
    char                  name[NS_MAXDNAME];
    size_t                n, pos, records;
    ns_rr                 rr;
    ns_msg                m;
    sv_dns_status_e       status;
    const unsigned char  *record;
    static sv_rr_list_t   list;

    strcpy(name, "25.2.0.192.in-addr.arpa");
    type = ns_t_ptr;

    if (size <= 65535 && ns_initparse(data, (int) size, &m) == 0
        && ns_msg_count(m, ns_s_qd) && ns_parserr(&m, ns_s_qd, 0, &rr) == 0)
    {
        memcpy(name, ns_rr_name(rr), strlen(ns_rr_name(rr)) + 1);

        switch ((int) ns_rr_type(rr)) {

        case ns_t_a:
        case ns_t_aaaa:
        case ns_t_mx:
        case ns_t_txt:
            type = ns_rr_type(rr);
            break;

        default:
            break;
        }
    }

    memset(&list, 0xa5, sizeof(list));

    status = sv_rr_list(data, size, name, type, &list);

    /* what is relied on, whatever came */

    assert(list.len <= SV_RR_LIST_MAX);
    assert((list.n > 0) == (status == SV_ANSWER_OK));

    pos = 0;
    records = 0;

    while (sv_rr_list_next(list.data, list.len, &pos, &record, &n)) {
        assert(record >= list.data && record + n <= list.data + list.len);
        assert(type != ns_t_a || n == NS_INADDRSZ);
        assert(type != ns_t_aaaa || n == NS_IN6ADDRSZ);
        records++;
    }

    assert(pos == list.len && records == list.n);

    return 0;
}
