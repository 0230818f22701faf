
#include <stdint.h>
#include <stdlib.h>

#include "sv_dns.h"
#include "sv_mx_parse.h"


static sv_mx_status_e sv_mx_answer(ns_msg *m, const char *name,
    sv_mx_answer_t *a);
static int sv_mx_record(ns_msg *m, ns_rr *rr, void *data);
static int sv_mx_add(sv_mx_answer_t *a, unsigned preference,
    const char *host);
static void sv_mx_settle(sv_mx_answer_t *a);
static int sv_mx_cmp(const void *one, const void *two);


sv_mx_status_e
sv_mx_parse(const unsigned char *msg, size_t len, const sv_str_t *name,
    sv_mx_answer_t *answer)
{
    int             rcode, soa;
    char            qname[SV_MX_NAME_MAX + 1];
    ns_msg          m;
    sv_mx_status_e  status;

    answer->nrecords = 0;
    answer->more = 0;
    answer->authenticated = 0;
    answer->used = 0;
    answer->ttl = SV_DNS_NO_TTL;

    status = SV_MX_ERROR;

    if (name->len > SV_MX_NAME_MAX) {
        goto done;
    }

    memcpy(qname, name->data, name->len);
    qname[name->len] = '\0';

    if (strlen(qname) != name->len
        || !sv_dns_answers(&m, msg, len, qname, ns_t_mx, &rcode))
    {
        goto done;
    }

    answer->authenticated = sv_dns_authenticated(&m);

    if (rcode == ns_r_noerror) {
        status = sv_mx_answer(&m, qname, answer);

    } else if (rcode == ns_r_nxdomain) {
        (void) sv_dns_negative(&m, 0, &answer->ttl, &soa);
        status = SV_MX_NXDOMAIN;
    }

done:

    if (status == SV_MX_ERROR) {
        answer->nrecords = 0;
        answer->authenticated = 0;
        answer->ttl = 0;
    }

    if (answer->ttl == SV_DNS_NO_TTL) {
        answer->ttl = 0;
    }

    return status;
}


static sv_mx_status_e
sv_mx_answer(ns_msg *m, const char *name, sv_mx_answer_t *a)
{
    int            soa;
    sv_dns_walk_t  w;

    memset(&w, 0, sizeof(sv_dns_walk_t));

    w.name = name;
    w.type = ns_t_mx;
    w.add = sv_mx_record;
    w.data = a;
    w.ttl = &a->ttl;

    a->more = (ns_msg_count(*m, ns_s_an) > sv_dns_count(m, ns_s_an));

    switch (sv_dns_walk(m, &w)) {

    case SV_ANSWER_OK:
        sv_mx_settle(a);
        return SV_MX_OK;

    case SV_ANSWER_NODATA:
        return sv_dns_negative(m, w.aliases > 0, &a->ttl, &soa)
               ? SV_MX_NODATA : SV_MX_ERROR;

    default:
        return SV_MX_ERROR;
    }
}


static int
sv_mx_record(ns_msg *m, ns_rr *rr, void *data)
{
    char  host[NS_MAXDNAME];

    return sv_dns_rdata_name(m, rr, NS_INT16SZ, host)
           && sv_mx_add(data, ns_get16(ns_rr_rdata(*rr)), host);
}


static int
sv_mx_add(sv_mx_answer_t *a, unsigned preference, const char *host)
{
    size_t           i, len;
    sv_mx_record_t  *r;

    if (a->nrecords == SV_MX_RECORDS_MAX) {
        return 0;
    }

    len = strlen(host);

    if (len == 1 && host[0] == '.') {
        len = 0;

    } else if (!sv_mx_host_valid((const unsigned char *) host, len)) {
        /* kept for now: a null MX beside it is ignored */
        host = NULL;
        len = 0;
    }

    r = &a->records[a->nrecords++];
    r->preference = preference;
    r->order = 0;
    r->host.len = len;
    r->host.data = NULL;

    if (host != NULL) {
        r->host.data = &a->text[a->used];
        a->used += len;
    }

    for (i = 0; i < len; i++) {
        r->host.data[i] = sv_lower((unsigned char) host[i]);
    }

    return 1;
}


/* Drops targets that are no host names, a null MX that is not alone, and
   duplicates. */

static void
sv_mx_settle(sv_mx_answer_t *a)
{
    size_t           i, k, n, total;
    sv_mx_record_t  *r;

    n = 0;
    total = a->nrecords;

    for (i = 0; i < total; i++) {
        r = &a->records[i];

        if (r->host.data == NULL || r->host.len == 0) {
            continue;
        }

        for (k = 0; k < n; k++) {
            if (a->records[k].host.len == r->host.len
                && memcmp(a->records[k].host.data, r->host.data, r->host.len)
                   == 0)
            {
                break;
            }
        }

        if (k == n) {
            a->records[n++] = *r;

        } else if (r->preference < a->records[k].preference) {
            a->records[k].preference = r->preference;
        }
    }

    if (n == 0) {
        for (i = 0; i < total; i++) {
            if (a->records[i].host.data == NULL) {
                break;
            }
        }

        n = (i == total);
    }

    a->nrecords = n;
}


void
sv_mx_sort(sv_mx_answer_t *answer, long (*rnd)(void))
{
    size_t  i;

    for (i = 0; i < answer->nrecords; i++) {
        answer->records[i].order = (unsigned long) rnd();
    }

    qsort(answer->records, answer->nrecords, sizeof(sv_mx_record_t),
          sv_mx_cmp);
}


static int
sv_mx_cmp(const void *one, const void *two)
{
    const sv_mx_record_t  *a, *b;

    a = one;
    b = two;

    if (a->preference != b->preference) {
        return a->preference < b->preference ? -1 : 1;
    }

    if (a->order != b->order) {
        return a->order < b->order ? -1 : 1;
    }

    return 0;
}


int
sv_mx_name_valid(const unsigned char *data, size_t len)
{
    size_t  i, label;

    if (len == 0 || len > SV_MX_NAME_MAX) {
        return 0;
    }

    label = 0;

    for (i = 0; i < len; i++) {

        if (data[i] == '.' && label != 0) {
            label = 0;
            continue;
        }

        if (!sv_is_alnum(data[i]) && data[i] != '-' && data[i] != '_') {
            return 0;
        }

        if (++label > 63) {
            return 0;
        }
    }

    return label != 0;
}


int
sv_mx_host_valid(const unsigned char *data, size_t len)
{
    int     digits;
    size_t  i;

    if (!sv_mx_name_valid(data, len) || data[0] == '-'
        || data[len - 1] == '-')
    {
        return 0;
    }

    digits = 1;

    for (i = 0; i < len; i++) {

        if (data[i] == '.') {
            if (data[i - 1] == '-' || data[i + 1] == '-') {
                return 0;
            }

            digits = 1;

        } else if (!sv_is_digit(data[i])) {
            digits = 0;
        }
    }

    return !digits;
}
