
#include <string.h>
#include <resolv.h>

#include "sv_addr_parse.h"


static sv_dns_status_e sv_addr_answer(ns_msg *m, const char *name, int type,
    sv_addr_answer_t *a);
static sv_dns_status_e sv_addr_collect(ns_msg *m, const char *name, int type,
    sv_addr_answer_t *a, char *cname);


sv_dns_status_e
sv_addr_parse(const unsigned char *msg, size_t len, const char *name,
    int type, sv_addr_answer_t *answer)
{
    int              rcode, soa;
    ns_msg           m;
    sv_dns_status_e  status;

    answer->naddrs = 0;
    answer->authenticated = 0;
    answer->ttl = SV_DNS_NO_TTL;
    answer->alias[0] = '\0';

    status = SV_ANSWER_ERROR;

    if (sv_dns_answers(&m, msg, len, name, type, &rcode)) {

        answer->authenticated = sv_dns_authenticated(&m);

        if (rcode == ns_r_noerror) {
            status = sv_addr_answer(&m, name, type, answer);

        } else if (rcode == ns_r_nxdomain) {
            (void) sv_dns_negative(&m, 0, &answer->ttl, &soa);
            status = SV_ANSWER_NXDOMAIN;
        }
    }

    if (status != SV_ANSWER_OK) {
        answer->naddrs = 0;
    }

    if (status == SV_ANSWER_ERROR) {
        answer->authenticated = 0;
    }

    if (status == SV_ANSWER_ERROR || answer->ttl == SV_DNS_NO_TTL) {
        answer->ttl = 0;
    }

    return status;
}


/* CNAMEs may come in any order, so the section is read again for each of
   them. */

static sv_dns_status_e
sv_addr_answer(ns_msg *m, const char *name, int type, sv_addr_answer_t *a)
{
    int              i, soa;
    char             names[2][NS_MAXDNAME];
    unsigned long    ttl;
    sv_dns_status_e  status;

    for (i = 0; i < SV_DNS_CNAMES_MAX; i++) {
        names[i & 1][0] = '\0';

        status = sv_addr_collect(m, name, type, a, names[i & 1]);

        if (status == SV_ANSWER_OK && i > 0) {
            memcpy(a->alias, name, strlen(name) + 1);
        }

        if (status != SV_ANSWER_NODATA) {
            return status;
        }

        if (names[i & 1][0] == '\0') {
            break;
        }

        name = names[i & 1];
    }

    if (i == SV_DNS_CNAMES_MAX) {
        return SV_ANSWER_ERROR;
    }

    ttl = a->ttl;
    status = sv_dns_negative(m, 0, &a->ttl, &soa) ? SV_ANSWER_NODATA
                                                  : SV_ANSWER_ERROR;

    if (i > 0 && !soa) {
        /* the answer says nothing about the last name of the chain */
        memcpy(a->alias, name, strlen(name) + 1);
        a->ttl = ttl;
        return SV_ANSWER_ALIAS;
    }

    return status;
}


/* Returns SV_ANSWER_NODATA if the name has no address, but perhaps an
   alias. */

static sv_dns_status_e
sv_addr_collect(ns_msg *m, const char *name, int type, sv_addr_answer_t *a,
    char *cname)
{
    int       i, n;
    ns_rr     rr;
    unsigned  size;

    size = (type == ns_t_a) ? NS_INADDRSZ : NS_IN6ADDRSZ;
    n = sv_dns_count(m, ns_s_an);

    for (i = 0; i < n; i++) {
        if (ns_parserr(m, ns_s_an, i, &rr) != 0) {
            return SV_ANSWER_ERROR;
        }

        if (ns_rr_class(rr) != ns_c_in || !sv_dns_same(ns_rr_name(rr), name)) {
            continue;
        }

        if (ns_rr_type(rr) == ns_t_cname) {
            if (!sv_dns_rdata_name(m, &rr, 0, cname)) {
                return SV_ANSWER_ERROR;
            }

            sv_dns_ttl(&a->ttl, ns_rr_ttl(rr));
            continue;
        }

        if ((int) ns_rr_type(rr) != type) {
            continue;
        }

        if (ns_rr_rdlen(rr) != size) {
            return SV_ANSWER_ERROR;
        }

        sv_dns_ttl(&a->ttl, ns_rr_ttl(rr));

        if (a->naddrs < SV_ADDR_MAX) {
            memcpy(a->addrs[a->naddrs++], ns_rr_rdata(rr), size);
        }
    }

    return a->naddrs ? SV_ANSWER_OK : SV_ANSWER_NODATA;
}
