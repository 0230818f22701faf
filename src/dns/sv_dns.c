
#include <string.h>
#include <resolv.h>

#include "sv_dns.h"


static sv_dns_status_e sv_dns_walk_step(ns_msg *m, sv_dns_walk_t *w,
    char *cname);
static int sv_dns_walk_record(ns_msg *m, ns_rr *rr, sv_dns_walk_t *w);


sv_dns_status_e
sv_dns_read(const unsigned char *msg, size_t len, const char *name, int type,
    sv_dns_status_e (*answer)(ns_msg *m, const char *name, int type,
                              void *data),
    void *data, unsigned long *ttl, int *authenticated)
{
    int              rcode, soa;
    ns_msg           m;
    sv_dns_status_e  status;

    *ttl = SV_DNS_NO_TTL;
    *authenticated = 0;

    status = SV_ANSWER_ERROR;

    if (sv_dns_answers(&m, msg, len, name, type, &rcode)) {

        *authenticated = sv_dns_authenticated(&m);

        if (rcode == ns_r_noerror) {
            status = answer(&m, name, type, data);

        } else if (rcode == ns_r_nxdomain) {
            (void) sv_dns_negative(&m, 0, ttl, &soa);
            status = SV_ANSWER_NXDOMAIN;
        }
    }

    if (status == SV_ANSWER_ERROR) {
        *authenticated = 0;
    }

    if (status == SV_ANSWER_ERROR || *ttl == SV_DNS_NO_TTL) {
        *ttl = 0;
    }

    return status;
}


int
sv_dns_answers(ns_msg *m, const unsigned char *msg, size_t len,
    const char *name, int type, int *rcode)
{
    ns_rr  rr;

    if (len > 65535
        || ns_initparse(msg, (int) len, m) != 0
        || !ns_msg_getflag(*m, ns_f_qr)
        || ns_msg_getflag(*m, ns_f_tc)
        || ns_msg_getflag(*m, ns_f_opcode) != ns_o_query
        || ns_msg_count(*m, ns_s_qd) != 1
        || ns_parserr(m, ns_s_qd, 0, &rr) != 0)
    {
        return 0;
    }

    *rcode = ns_msg_getflag(*m, ns_f_rcode);

    return (int) ns_rr_type(rr) == type
           && ns_rr_class(rr) == ns_c_in
           && sv_dns_same(ns_rr_name(rr), name);
}


int
sv_dns_rdata_name(ns_msg *m, ns_rr *rr, unsigned skip, char *name)
{
    int                   n;
    const unsigned char  *rdata;

    if (ns_rr_rdlen(*rr) <= skip) {
        return 0;
    }

    rdata = ns_rr_rdata(*rr) + skip;

    n = ns_name_uncompress(ns_msg_base(*m), ns_msg_end(*m), rdata, name,
                           NS_MAXDNAME);

    return n > 0 && (unsigned) n == ns_rr_rdlen(*rr) - skip;
}


/*
 * RFC 2308: an authority section with NS but no SOA is a referral.  A server
 * that refers to another one, or that does not recurse and leaves an alias
 * open, is lame: it says nothing about the name.  Answers without both are
 * common, because some stub resolvers remove the section.
 */

int
sv_dns_negative(ns_msg *m, int alias, unsigned long *ttl, int *soa)
{
    int    i, n, ns;
    ns_rr  rr;

    ns = 0;
    *soa = 0;

    n = sv_dns_count(m, ns_s_ns);

    for (i = 0; i < n; i++) {
        if (ns_parserr(m, ns_s_ns, i, &rr) != 0) {
            return 0;
        }

        if (ns_rr_type(rr) == ns_t_ns) {
            ns = 1;
        }

        if (ns_rr_type(rr) == ns_t_soa
            && ns_rr_rdlen(rr) >= 2 + 5 * NS_INT32SZ)
        {
            sv_dns_ttl(ttl, ns_rr_ttl(rr));
            sv_dns_ttl(ttl, ns_get32(ns_rr_rdata(rr) + ns_rr_rdlen(rr)
                                     - NS_INT32SZ));
            *soa = 1;
            return 1;
        }
    }

    /* without SOA it is not known how long this is valid */
    *ttl = 0;

    return !ns && (!alias || ns_msg_getflag(*m, ns_f_ra));
}


/* Names are in presentation form, with unprintable octets escaped.  A trailing
   dot is ignored. */

int
sv_dns_same(const char *a, const char *b)
{
    while (*a != '\0' && *b != '\0') {
        if (sv_lower((unsigned char) *a) != sv_lower((unsigned char) *b)) {
            return 0;
        }

        a++;
        b++;
    }

    if (a[0] == '.' && a[1] == '\0') {
        a++;
    }

    if (b[0] == '.' && b[1] == '\0') {
        b++;
    }

    return *a == *b;
}


/* CNAMEs may come in any order, so the section is read again for each of
   them. */

sv_dns_status_e
sv_dns_walk(ns_msg *m, sv_dns_walk_t *w)
{
    char             *cname;
    sv_dns_status_e   status;

    w->last = w->name;

    for (w->aliases = 0; w->aliases < SV_DNS_CNAMES_MAX; w->aliases++) {

        cname = w->names[w->aliases & 1];
        cname[0] = '\0';

        status = sv_dns_walk_step(m, w, cname);

        if (status != SV_ANSWER_NODATA || cname[0] == '\0') {
            return status;
        }

        w->last = cname;
    }

    return SV_ANSWER_ERROR;
}


/* Returns SV_ANSWER_NODATA if the name has no record, but perhaps an alias. */

static sv_dns_status_e
sv_dns_walk_step(ns_msg *m, sv_dns_walk_t *w, char *cname)
{
    int            i, n, found;
    ns_rr          rr;
    unsigned long  alias;

    found = 0;
    alias = SV_DNS_NO_TTL;
    n = sv_dns_count(m, ns_s_an);

    if (w->whole && ns_msg_count(*m, ns_s_an) > n) {
        return SV_ANSWER_ERROR;
    }

    for (i = 0; i < n; i++) {

        if (ns_parserr(m, ns_s_an, i, &rr) != 0) {
            return SV_ANSWER_ERROR;
        }

        if (ns_rr_class(rr) != ns_c_in
            || !sv_dns_same(ns_rr_name(rr), w->last))
        {
            continue;
        }

        if (ns_rr_type(rr) == ns_t_cname) {

            if (!sv_dns_rdata_name(m, &rr, 0, cname)) {
                return SV_ANSWER_ERROR;
            }

            sv_dns_ttl(&alias, ns_rr_ttl(rr));
            continue;
        }

        if ((int) ns_rr_type(rr) == w->type) {

            if (!sv_dns_walk_record(m, &rr, w)) {
                return SV_ANSWER_ERROR;
            }

            found = 1;
        }
    }

    if (!found && w->ttl && alias != SV_DNS_NO_TTL) {
        sv_dns_ttl(w->ttl, alias);
    }

    return found ? SV_ANSWER_OK : SV_ANSWER_NODATA;
}


static int
sv_dns_walk_record(ns_msg *m, ns_rr *rr, sv_dns_walk_t *w)
{
    if (w->ttl) {
        sv_dns_ttl(w->ttl, ns_rr_ttl(*rr));
    }

    return w->add(m, rr, w->data);
}
