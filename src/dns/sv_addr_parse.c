
#include <string.h>
#include <resolv.h>

#include "sv_addr_parse.h"


static sv_dns_status_e sv_addr_answer(ns_msg *m, const char *name, int type,
    void *data);
static int sv_addr_add(ns_msg *m, ns_rr *rr, void *data);


sv_dns_status_e
sv_addr_parse(const unsigned char *msg, size_t len, const char *name,
    int type, sv_addr_answer_t *answer)
{
    sv_dns_status_e  status;

    answer->naddrs = 0;
    answer->alias[0] = '\0';

    status = sv_dns_read(msg, len, name, type, sv_addr_answer, answer,
                         &answer->ttl, &answer->authenticated);

    if (status != SV_ANSWER_OK) {
        answer->naddrs = 0;
    }

    return status;
}


static sv_dns_status_e
sv_addr_answer(ns_msg *m, const char *name, int type, void *data)
{
    int                soa;
    sv_dns_walk_t      w;
    unsigned long      ttl;
    sv_dns_status_e    status;
    sv_addr_answer_t  *a = data;

    memset(&w, 0, sizeof(sv_dns_walk_t));

    w.name = name;
    w.type = type;
    w.add = sv_addr_add;
    w.data = a;
    w.ttl = &a->ttl;

    status = sv_dns_walk(m, &w);

    if (status == SV_ANSWER_OK && w.aliases > 0) {
        memcpy(a->alias, w.last, strlen(w.last) + 1);
    }

    if (status != SV_ANSWER_NODATA) {
        return status;
    }

    ttl = a->ttl;
    status = sv_dns_negative(m, 0, &a->ttl, &soa) ? SV_ANSWER_NODATA
                                                  : SV_ANSWER_ERROR;

    if (w.aliases > 0 && !soa) {
        /* the answer says nothing about the last name of the chain */
        memcpy(a->alias, w.last, strlen(w.last) + 1);
        a->ttl = ttl;
        return SV_ANSWER_ALIAS;
    }

    return status;
}


static int
sv_addr_add(ns_msg *m, ns_rr *rr, void *data)
{
    unsigned           size;
    sv_addr_answer_t  *a = data;

    (void) m;

    size = (ns_rr_type(*rr) == ns_t_a) ? NS_INADDRSZ : NS_IN6ADDRSZ;

    if (ns_rr_rdlen(*rr) != size) {
        return 0;
    }

    if (a->naddrs < SV_ADDR_MAX) {
        memcpy(a->addrs[a->naddrs++], ns_rr_rdata(*rr), size);
    }

    return 1;
}
