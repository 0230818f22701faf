
#include <resolv.h>

#include "sv_dns.h"


static sv_dns_status_e sv_dns_walk_step(ns_msg *m, sv_dns_walk_t *w,
    char *cname);
static int sv_dns_walk_record(ns_msg *m, ns_rr *rr, sv_dns_walk_t *w);


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
    if (!w->add(m, rr, w->data)) {
        return 0;
    }

    if (w->ttl) {
        sv_dns_ttl(w->ttl, ns_rr_ttl(*rr));
    }

    return 1;
}
