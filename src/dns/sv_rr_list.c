
#include <string.h>
#include <resolv.h>

#include "sv_rr_list.h"


static sv_dns_status_e sv_rr_list_answer(ns_msg *m, const char *name,
    int type, void *data);
static int sv_rr_list_add(ns_msg *m, ns_rr *rr, void *data);
static int sv_rr_list_add_name(ns_msg *m, ns_rr *rr, unsigned skip,
    sv_rr_list_t *list);
static int sv_rr_list_add_text(ns_rr *rr, sv_rr_list_t *list);
static int sv_rr_list_put(sv_rr_list_t *list, const void *data, size_t len);


sv_dns_status_e
sv_rr_list(const unsigned char *msg, size_t len, const char *name, int type,
    sv_rr_list_t *list)
{
    int              authenticated;
    unsigned long    ttl;
    sv_dns_status_e  status;

    list->n = 0;
    list->len = 0;

    status = sv_dns_read(msg, len, name, type, sv_rr_list_answer, list, &ttl,
                         &authenticated);

    if (status != SV_ANSWER_OK) {
        list->n = 0;
        list->len = 0;
    }

    return status;
}


static sv_dns_status_e
sv_rr_list_answer(ns_msg *m, const char *name, int type, void *data)
{
    int              soa;
    sv_dns_walk_t    w;
    unsigned long    ttl;
    sv_dns_status_e  status;

    memset(&w, 0, sizeof(sv_dns_walk_t));

    w.name = name;
    w.type = type;
    w.add = sv_rr_list_add;
    w.data = data;
    w.whole = 1;

    status = sv_dns_walk(m, &w);
    ttl = SV_DNS_NO_TTL;

    if (status == SV_ANSWER_NODATA
        && !sv_dns_negative(m, w.aliases > 0, &ttl, &soa))
    {
        return SV_ANSWER_ERROR;
    }

    return status;
}


static int
sv_rr_list_add(ns_msg *m, ns_rr *rr, void *data)
{
    sv_rr_list_t  *list = data;

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
