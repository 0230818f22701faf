
#include <string.h>
#include <resolv.h>

#include "sv_rr_list.h"


static sv_dns_status_e sv_rr_list_answer(ns_msg *m, const char *name,
    int type, sv_rr_list_t *list);
static sv_dns_status_e sv_rr_list_collect(ns_msg *m, const char *name,
    int type, sv_rr_list_t *list, char *cname);
static int sv_rr_list_add(ns_msg *m, ns_rr *rr, sv_rr_list_t *list);
static int sv_rr_list_add_name(ns_msg *m, ns_rr *rr, unsigned skip,
    sv_rr_list_t *list);
static int sv_rr_list_add_text(ns_rr *rr, sv_rr_list_t *list);
static int sv_rr_list_put(sv_rr_list_t *list, const void *data, size_t len);


sv_dns_status_e
sv_rr_list(const unsigned char *msg, size_t len, const char *name, int type,
    sv_rr_list_t *list)
{
    int              rcode;
    ns_msg           m;
    sv_dns_status_e  status;

    list->n = 0;
    list->len = 0;

    status = SV_ANSWER_ERROR;

    if (sv_dns_answers(&m, msg, len, name, type, &rcode)) {

        if (rcode == ns_r_noerror) {
            status = sv_rr_list_answer(&m, name, type, list);

        } else if (rcode == ns_r_nxdomain) {
            status = SV_ANSWER_NXDOMAIN;
        }
    }

    if (status != SV_ANSWER_OK) {
        list->n = 0;
        list->len = 0;
    }

    return status;
}


/* CNAMEs may come in any order, so the section is read again for each of
   them. */

static sv_dns_status_e
sv_rr_list_answer(ns_msg *m, const char *name, int type, sv_rr_list_t *list)
{
    int              i, soa;
    char             names[2][NS_MAXDNAME];
    unsigned long    ttl;
    sv_dns_status_e  status;

    for (i = 0; i < SV_DNS_CNAMES_MAX; i++) {
        names[i & 1][0] = '\0';

        status = sv_rr_list_collect(m, name, type, list, names[i & 1]);

        if (status != SV_ANSWER_NODATA) {
            return status;
        }

        if (names[i & 1][0] == '\0') {
            ttl = SV_DNS_NO_TTL;
            return sv_dns_negative(m, i > 0, &ttl, &soa) ? SV_ANSWER_NODATA
                                                         : SV_ANSWER_ERROR;
        }

        name = names[i & 1];
    }

    return SV_ANSWER_ERROR;
}


static sv_dns_status_e
sv_rr_list_collect(ns_msg *m, const char *name, int type, sv_rr_list_t *list,
    char *cname)
{
    int    i, n;
    ns_rr  rr;

    n = sv_dns_count(m, ns_s_an);

    if (ns_msg_count(*m, ns_s_an) > n) {
        return SV_ANSWER_ERROR;
    }

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

            continue;
        }

        if ((int) ns_rr_type(rr) == type && !sv_rr_list_add(m, &rr, list)) {
            return SV_ANSWER_ERROR;
        }
    }

    return list->n ? SV_ANSWER_OK : SV_ANSWER_NODATA;
}


static int
sv_rr_list_add(ns_msg *m, ns_rr *rr, sv_rr_list_t *list)
{
    switch ((int) ns_rr_type(*rr)) {

    case ns_t_a:
        return ns_rr_rdlen(*rr) == NS_INADDRSZ
               && sv_rr_list_put(list, ns_rr_rdata(*rr), NS_INADDRSZ);

    case ns_t_aaaa:
        return ns_rr_rdlen(*rr) == NS_IN6ADDRSZ
               && sv_rr_list_put(list, ns_rr_rdata(*rr), NS_IN6ADDRSZ);

    case ns_t_mx:
        return sv_rr_list_add_name(m, rr, NS_INT16SZ, list);

    case ns_t_ptr:
        return sv_rr_list_add_name(m, rr, 0, list);

    default: /* ns_t_txt */
        return sv_rr_list_add_text(rr, list);
    }
}


static int
sv_rr_list_add_name(ns_msg *m, ns_rr *rr, unsigned skip, sv_rr_list_t *list)
{
    size_t  len;
    char    name[NS_MAXDNAME];

    if (!sv_dns_rdata_name(m, rr, skip, name)) {
        return 0;
    }

    len = strlen(name);

    if (len && name[len - 1] == '.') {
        len--;
    }

    return sv_rr_list_put(list, name, len);
}


static int
sv_rr_list_add_text(ns_rr *rr, sv_rr_list_t *list)
{
    size_t                n, len;
    const unsigned char  *p, *end;
    unsigned char         text[SV_RR_LIST_TEXT];

    p = ns_rr_rdata(*rr);
    end = p + ns_rr_rdlen(*rr);
    len = 0;

    while (p < end) {
        n = *p++;

        if (n > (size_t) (end - p) || n > sizeof(text) - len) {
            return 0;
        }

        memcpy(text + len, p, n);
        len += n;
        p += n;
    }

    return sv_rr_list_put(list, text, len);
}


static int
sv_rr_list_put(sv_rr_list_t *list, const void *data, size_t len)
{
    unsigned char  *p;

    if (SV_RR_LIST_MAX - list->len < 2 + len) {
        return 0;
    }

    p = list->data + list->len;

    p[0] = (unsigned char) (len >> 8);
    p[1] = (unsigned char) len;
    memcpy(p + 2, data, len);

    list->len += 2 + len;
    list->n++;

    return 1;
}


int
sv_rr_list_next(const unsigned char *data, size_t len, size_t *pos,
    const unsigned char **record, size_t *n)
{
    if (len - *pos < 2) {
        return 0;
    }

    *n = (size_t) data[*pos] << 8 | data[*pos + 1];

    if (*n > len - *pos - 2) {
        return 0;
    }

    *record = data + *pos + 2;
    *pos += 2 + *n;

    return 1;
}
