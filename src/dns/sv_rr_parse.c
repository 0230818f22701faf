
#include <string.h>
#include <resolv.h>

#include "sv_rr_parse.h"


#define SV_RR_TLSA_HEAD  3          /* usage, selector, matching type */


static sv_dns_status_e sv_rr_answer(ns_msg *m, const char *name, int type,
    void *data);
static int sv_rr_add(ns_msg *m, ns_rr *rr, void *data);
static int sv_rr_add_tlsa(ns_rr *rr, sv_rr_answer_t *a);
static int sv_rr_add_txt(ns_rr *rr, sv_rr_answer_t *a);


sv_dns_status_e
sv_rr_parse(const unsigned char *msg, size_t len, const char *name, int type,
    sv_rr_answer_t *answer)
{
    sv_dns_status_e  status;

    answer->nrecords = 0;
    answer->len = 0;

    status = sv_dns_read(msg, len, name, type, sv_rr_answer, answer,
                         &answer->ttl, &answer->authenticated);

    if (status != SV_ANSWER_OK) {
        answer->nrecords = 0;
        answer->len = 0;
    }

    return status;
}


static sv_dns_status_e
sv_rr_answer(ns_msg *m, const char *name, int type, void *data)
{
    int              soa;
    sv_dns_walk_t    w;
    sv_rr_answer_t  *a = data;
    sv_dns_status_e  status;

    memset(&w, 0, sizeof(sv_dns_walk_t));

    w.name = name;
    w.type = type;
    w.add = sv_rr_add;
    w.data = a;
    w.ttl = &a->ttl;
    w.whole = 1;

    status = sv_dns_walk(m, &w);

    if (status == SV_ANSWER_NODATA
        && !sv_dns_negative(m, w.aliases > 0, &a->ttl, &soa))
    {
        return SV_ANSWER_ERROR;
    }

    return status;
}


static int
sv_rr_add(ns_msg *m, ns_rr *rr, void *data)
{
    sv_rr_answer_t  *a = data;

    (void) m;

    if (!((int) ns_rr_type(*rr) == ns_t_tlsa ? sv_rr_add_tlsa(rr, a)
                                             : sv_rr_add_txt(rr, a)))
    {
        return 0;
    }

    a->nrecords++;

    return 1;
}


/* Records that cannot be used are counted, but not kept. */

static int
sv_rr_add_tlsa(ns_rr *rr, sv_rr_answer_t *a)
{
    size_t                n;
    sv_tlsa_t             tlsa;
    const unsigned char  *p;

    if (ns_rr_rdlen(*rr) < SV_RR_TLSA_HEAD) {
        return 0;
    }

    p = ns_rr_rdata(*rr);

    tlsa.usage = p[0];
    tlsa.selector = p[1];
    tlsa.matching = p[2];
    tlsa.data = p + SV_RR_TLSA_HEAD;
    tlsa.len = ns_rr_rdlen(*rr) - (size_t) SV_RR_TLSA_HEAD;

    if (!sv_tlsa_usable(&tlsa)) {
        return 1;
    }

    n = sv_tlsa_write(a->data + a->len, SV_RR_MAX - a->len, &tlsa);
    a->len += n;

    return n != 0;
}


static int
sv_rr_add_txt(ns_rr *rr, sv_rr_answer_t *a)
{
    size_t                n, room, total;
    unsigned char        *to;
    const unsigned char  *p, *end;

    p = ns_rr_rdata(*rr);
    end = p + ns_rr_rdlen(*rr);

    if (p == end || SV_RR_MAX - a->len < 1 + SV_RR_TEXT_MAX) {
        return 0;
    }

    to = a->data + a->len + 1;
    total = 0;

    while (p < end) {
        n = *p++;

        if (n > (size_t) (end - p)) {
            return 0;
        }

        room = SV_RR_TEXT_MAX - total;
        room = n < room ? n : room;

        memcpy(to + total, p, room);
        total += room;
        p += n;
    }

    a->data[a->len] = (unsigned char) total;
    a->len += 1 + total;

    return 1;
}
