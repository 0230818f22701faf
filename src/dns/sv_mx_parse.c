
/*
 * An MX answer as it came from the wire.  All reading of the message is left
 * to libresolv, whose functions keep within its bounds.
 */


#include <sys/types.h>
#include <stdint.h>
#include <stdlib.h>
#include <netinet/in.h>
#include <arpa/nameser.h>
#include <resolv.h>

#include "sv_mx_parse.h"


#define SV_MX_CNAMES_MAX  16


static int sv_mx_question(ns_msg *m, const sv_str_t *name);
static sv_mx_status_e sv_mx_answer(ns_msg *m, const char *name,
    sv_mx_answer_t *a);
static sv_mx_status_e sv_mx_collect(ns_msg *m, const char *name,
    sv_mx_answer_t *a, char *cname);
static int sv_mx_rdata_name(ns_msg *m, ns_rr *rr, unsigned skip, char *name);
static int sv_mx_add(sv_mx_answer_t *a, unsigned preference,
    const char *host);
static void sv_mx_settle(sv_mx_answer_t *a);
static int sv_mx_negative(ns_msg *m, sv_mx_answer_t *a, int alias);
static void sv_mx_ttl(sv_mx_answer_t *a, unsigned long ttl);
static int sv_mx_same(const char *a, const char *b);
static int sv_mx_cmp(const void *one, const void *two);


sv_mx_status_e
sv_mx_parse(const unsigned char *msg, size_t len, const sv_str_t *name,
    sv_mx_answer_t *answer)
{
    int             rcode;
    char            qname[SV_MX_NAME_MAX + 1];
    ns_msg          m;
    sv_mx_status_e  status;

    answer->nrecords = 0;
    answer->used = 0;
    answer->ttl = (unsigned long) -1;

    status = SV_MX_ERROR;

    if (name->len > SV_MX_NAME_MAX || len > 65535
        || ns_initparse(msg, (int) len, &m) != 0
        || !sv_mx_question(&m, name)
        || ns_msg_getflag(m, ns_f_tc))
    {
        goto done;
    }

    memcpy(qname, name->data, name->len);
    qname[name->len] = '\0';

    rcode = ns_msg_getflag(m, ns_f_rcode);

    if (rcode == ns_r_noerror) {
        status = sv_mx_answer(&m, qname, answer);

    } else if (rcode == ns_r_nxdomain) {
        (void) sv_mx_negative(&m, answer, 0);
        status = SV_MX_NXDOMAIN;
    }

done:

    if (status == SV_MX_ERROR) {
        answer->nrecords = 0;
        answer->ttl = 0;
    }

    if (answer->ttl == (unsigned long) -1) {
        answer->ttl = 0;
    }

    return status;
}


static int
sv_mx_question(ns_msg *m, const sv_str_t *name)
{
    char   qname[SV_MX_NAME_MAX + 1];
    ns_rr  rr;

    if (!ns_msg_getflag(*m, ns_f_qr)
        || ns_msg_getflag(*m, ns_f_opcode) != ns_o_query
        || ns_msg_count(*m, ns_s_qd) != 1
        || ns_parserr(m, ns_s_qd, 0, &rr) != 0)
    {
        return 0;
    }

    memcpy(qname, name->data, name->len);
    qname[name->len] = '\0';

    return ns_rr_type(rr) == ns_t_mx
           && ns_rr_class(rr) == ns_c_in
           && strlen(qname) == name->len
           && sv_mx_same(ns_rr_name(rr), qname);
}


/* the names of a chain need not come in their order */

static sv_mx_status_e
sv_mx_answer(ns_msg *m, const char *name, sv_mx_answer_t *a)
{
    int             i;
    char            names[2][NS_MAXDNAME];
    sv_mx_status_e  status;

    for (i = 0; i < SV_MX_CNAMES_MAX; i++) {
        names[i & 1][0] = '\0';

        status = sv_mx_collect(m, name, a, names[i & 1]);

        if (status == SV_MX_OK) {
            sv_mx_settle(a);
        }

        if (status != SV_MX_NODATA) {
            return status;
        }

        if (names[i & 1][0] == '\0') {
            return sv_mx_negative(m, a, i > 0) ? SV_MX_NODATA : SV_MX_ERROR;
        }

        name = names[i & 1];
    }

    return SV_MX_ERROR;
}


/* SV_MX_NODATA: no MX of this name, but perhaps an alias */

static sv_mx_status_e
sv_mx_collect(ns_msg *m, const char *name, sv_mx_answer_t *a, char *cname)
{
    int            i, n, found;
    char           host[NS_MAXDNAME];
    ns_rr          rr;
    unsigned long  alias;

    found = 0;
    alias = 0;

    n = ns_msg_count(*m, ns_s_an);
    if (n > SV_MX_RECORDS_MAX) {
        n = SV_MX_RECORDS_MAX;
    }

    for (i = 0; i < n; i++) {
        if (ns_parserr(m, ns_s_an, i, &rr) != 0) {
            return SV_MX_ERROR;
        }

        if (ns_rr_class(rr) != ns_c_in || !sv_mx_same(ns_rr_name(rr), name)) {
            continue;
        }

        if (ns_rr_type(rr) == ns_t_cname) {
            if (!sv_mx_rdata_name(m, &rr, 0, cname)) {
                return SV_MX_ERROR;
            }

            alias = ns_rr_ttl(rr);
            continue;
        }

        if (ns_rr_type(rr) != ns_t_mx) {
            continue;
        }

        if (!sv_mx_rdata_name(m, &rr, NS_INT16SZ, host)
            || !sv_mx_add(a, ns_get16(ns_rr_rdata(rr)), host))
        {
            return SV_MX_ERROR;
        }

        sv_mx_ttl(a, ns_rr_ttl(rr));
        found = 1;
    }

    if (!found && cname[0] != '\0') {
        sv_mx_ttl(a, alias);
    }

    return found ? SV_MX_OK : SV_MX_NODATA;
}


/* the name that is all of the rdata after the first octets; "." for the
   root */

static int
sv_mx_rdata_name(ns_msg *m, ns_rr *rr, unsigned skip, char *name)
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
        /* it tells a null MX that it is not alone */
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


/* drops what is no host name, a null MX that is not alone, duplicates */

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


/*
 * RFC 2308: name servers but no SOA in the authority section are a referral.
 * A server that refers us somewhere else, or does not recurse and leaves an
 * alias open, is lame: it said nothing about the name.  No SOA at all is
 * common, some stub resolvers strip the section.
 */

static int
sv_mx_negative(ns_msg *m, sv_mx_answer_t *a, int alias)
{
    int    i, n, ns;
    ns_rr  rr;

    ns = 0;

    n = ns_msg_count(*m, ns_s_ns);
    if (n > SV_MX_RECORDS_MAX) {
        n = SV_MX_RECORDS_MAX;
    }

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
            sv_mx_ttl(a, ns_rr_ttl(rr));
            sv_mx_ttl(a, ns_get32(ns_rr_rdata(rr) + ns_rr_rdlen(rr)
                                  - NS_INT32SZ));
            return 1;
        }
    }

    /* no telling for how long */
    a->ttl = 0;

    return !ns && (!alias || ns_msg_getflag(*m, ns_f_ra));
}


/* RFC 2181 section 8: one with the highest bit is a zero */

static void
sv_mx_ttl(sv_mx_answer_t *a, unsigned long ttl)
{
    if (ttl > 0x7fffffff) {
        ttl = 0;
    }

    if (ttl < a->ttl) {
        a->ttl = ttl;
    }
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


/* in presentation form, where octets that are not printable are escaped; a
   last dot counts for nothing */

static int
sv_mx_same(const char *a, const char *b)
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
