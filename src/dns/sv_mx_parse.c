
#include <stdint.h>
#include <stdlib.h>

#include "sv_dns.h"
#include "sv_mx_parse.h"


static sv_mx_status_e sv_mx_answer(ns_msg *m, const char *name,
    sv_mx_answer_t *a);
static sv_mx_status_e sv_mx_collect(ns_msg *m, const char *name,
    sv_mx_answer_t *a, char *cname);
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


/* CNAMEs may come in any order, so the section is read again for each of
   them. */

static sv_mx_status_e
sv_mx_answer(ns_msg *m, const char *name, sv_mx_answer_t *a)
{
    int             i, soa;
    char            names[2][NS_MAXDNAME];
    sv_mx_status_e  status;

    for (i = 0; i < SV_DNS_CNAMES_MAX; i++) {
        names[i & 1][0] = '\0';

        status = sv_mx_collect(m, name, a, names[i & 1]);

        if (status == SV_MX_OK) {
            sv_mx_settle(a);
        }

        if (status != SV_MX_NODATA) {
            return status;
        }

        if (names[i & 1][0] == '\0') {
            return sv_dns_negative(m, i > 0, &a->ttl, &soa) ? SV_MX_NODATA
                                                            : SV_MX_ERROR;
        }

        name = names[i & 1];
    }

    return SV_MX_ERROR;
}


/* Returns SV_MX_NODATA if the name has no MX, but perhaps an alias. */

static sv_mx_status_e
sv_mx_collect(ns_msg *m, const char *name, sv_mx_answer_t *a, char *cname)
{
    int            i, n, found;
    char           host[NS_MAXDNAME];
    ns_rr          rr;
    unsigned long  alias;

    found = 0;
    alias = 0;

    n = sv_dns_count(m, ns_s_an);
    a->more = (ns_msg_count(*m, ns_s_an) > n);

    for (i = 0; i < n; i++) {
        if (ns_parserr(m, ns_s_an, i, &rr) != 0) {
            return SV_MX_ERROR;
        }

        if (ns_rr_class(rr) != ns_c_in || !sv_dns_same(ns_rr_name(rr), name)) {
            continue;
        }

        if (ns_rr_type(rr) == ns_t_cname) {
            if (!sv_dns_rdata_name(m, &rr, 0, cname)) {
                return SV_MX_ERROR;
            }

            alias = ns_rr_ttl(rr);
            continue;
        }

        if (ns_rr_type(rr) != ns_t_mx) {
            continue;
        }

        if (!sv_dns_rdata_name(m, &rr, NS_INT16SZ, host)
            || !sv_mx_add(a, ns_get16(ns_rr_rdata(rr)), host))
        {
            return SV_MX_ERROR;
        }

        sv_dns_ttl(&a->ttl, ns_rr_ttl(rr));
        found = 1;
    }

    if (!found && cname[0] != '\0') {
        sv_dns_ttl(&a->ttl, alias);
    }

    return found ? SV_MX_OK : SV_MX_NODATA;
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
