
#include <string.h>
#include <resolv.h>

#include "sv_dns_stub.h"


#define SV_DNS_QR         0x80          /* in the third octet */
#define SV_DNS_OPCODE     0x78
#define SV_DNS_TC         0x02
#define SV_DNS_RD         0x01
#define SV_DNS_RA         0x80          /* in the fourth octet */
#define SV_DNS_RCODE      0x0f

#define SV_DNS_TOTAL_MAX  (3 * SV_DNS_RECORDS_MAX)

#define SV_DNS_COOKIE     10            /* an option in OPT, RFC 7873 */
#define SV_DNS_BADCOOKIE  23


typedef struct {
    int                   found;
    unsigned              size;         /* of datagrams, from the class */
    unsigned long         ttl;          /* extended rcode, version, flags */
    const unsigned char  *cookie;
    size_t                cookie_len;
} sv_dns_opt_t;


static size_t sv_dns_question(const unsigned char *msg, size_t len);
static int sv_dns_sound(const unsigned char *msg, size_t len,
    sv_dns_opt_t *opt);
static int sv_dns_rdata_sound(ns_msg *m, ns_rr *rr);
static int sv_dns_soa_sound(ns_msg *m, ns_rr *rr);
static int sv_dns_opt(ns_rr *rr, sv_dns_opt_t *opt);
static void sv_dns_put_opt(sv_dns_stub_t *stub, sv_dns_opt_t *opt);


int
sv_dns_stub(const unsigned char *msg, size_t len, sv_dns_stub_t *stub)
{
    size_t        end;
    unsigned      rcode;
    sv_dns_opt_t  opt;

    end = sv_dns_question(msg, len);

    if (end == 0) {
        return 0;
    }

    memset(&opt, 0, sizeof(sv_dns_opt_t));

    stub->usable = sv_dns_sound(msg, len, &opt);

    rcode = (unsigned) (opt.ttl >> 24) << 4 | (msg[3] & SV_DNS_RCODE);

    if (rcode > SV_DNS_RCODE) {
        /* c-ares sees only the lower 4 bits, which may look like success */
        stub->usable = 0;
    }

    if (!stub->usable && rcode != SV_DNS_BADCOOKIE && !(msg[2] & SV_DNS_TC)
        && (rcode > SV_DNS_RCODE || rcode == ns_r_noerror
            || rcode == ns_r_nxdomain))
    {
        rcode = ns_r_servfail;
        opt.ttl &= 0xffffff;
    }

    memcpy(stub->data, msg, end);

    stub->data[2] = SV_DNS_QR | (msg[2] & (SV_DNS_TC | SV_DNS_RD));
    stub->data[3] = (unsigned char) ((msg[3] & SV_DNS_RA)
                                     | (rcode & SV_DNS_RCODE));
    memset(stub->data + 6, 0, 3 * NS_INT16SZ);
    stub->len = end;

    if (opt.found) {
        sv_dns_put_opt(stub, &opt);
    }

    return 1;
}


/*
 * Returns where the only question ends, or 0 if there is none.  The name
 * cannot be compressed, because nothing before it could be pointed at.
 */

static size_t
sv_dns_question(const unsigned char *msg, size_t len)
{
    size_t  n, pos;

    if (len < NS_HFIXEDSZ || len > NS_MAXMSG || ns_get16(msg + 4) != 1) {
        return 0;
    }

    pos = NS_HFIXEDSZ;

    do {
        if (pos >= len) {
            return 0;
        }

        n = msg[pos++];

        if (n > NS_MAXLABEL || n > len - pos) {
            return 0;
        }

        pos += n;

        if (pos - NS_HFIXEDSZ > NS_MAXCDNAME) {
            return 0;
        }

    } while (n);

    return len - pos >= NS_QFIXEDSZ ? pos + NS_QFIXEDSZ : 0;
}


/*
 * Returns 1 if the answer has as many records as its header says, each has
 * exactly the length that it says, and those of the types that are used are
 * well-formed.  Reading goes on after a malformed record with right bounds,
 * because a cookie may follow: without it c-ares would reject the stub as
 * forged.
 */

static int
sv_dns_sound(const unsigned char *msg, size_t len, sv_dns_opt_t *opt)
{
    int     i, n, sound, section, total;
    ns_rr   rr;
    ns_msg  m;

    if (!(msg[2] & SV_DNS_QR) || (msg[2] & SV_DNS_OPCODE)
        || ns_initparse(msg, (int) len, &m) != 0)
    {
        return 0;
    }

    /* compressed names make each record expensive to read */

    total = ns_msg_count(m, ns_s_an) + ns_msg_count(m, ns_s_ns)
            + ns_msg_count(m, ns_s_ar);

    if (total > SV_DNS_TOTAL_MAX) {
        return 0;
    }

    sound = 1;

    for (section = ns_s_an; section < ns_s_max; section++) {

        n = ns_msg_count(m, section);

        for (i = 0; i < n; i++) {

            if (ns_parserr(&m, (ns_sect) section, i, &rr) != 0) {
                return 0;
            }

            if (ns_rr_type(rr) == ns_t_opt) {
                sound &= (section == ns_s_ar && sv_dns_opt(&rr, opt));

            } else {
                sound &= sv_dns_rdata_sound(&m, &rr);
            }
        }
    }

    return sound;
}


static int
sv_dns_rdata_sound(ns_msg *m, ns_rr *rr)
{
    char  name[NS_MAXDNAME];

    if (ns_rr_class(*rr) != ns_c_in) {
        return 1;
    }

    switch (ns_rr_type(*rr)) {

    case ns_t_a:
        return ns_rr_rdlen(*rr) == NS_INADDRSZ;

    case ns_t_aaaa:
        return ns_rr_rdlen(*rr) == NS_IN6ADDRSZ;

    case ns_t_mx:
        return sv_dns_rdata_name(m, rr, NS_INT16SZ, name);

    case ns_t_cname:
    case ns_t_ns:
        return sv_dns_rdata_name(m, rr, 0, name);

    case ns_t_soa:
        return sv_dns_soa_sound(m, rr);

    default:
        return 1;
    }
}


/* An SOA has two names and five numbers. */

static int
sv_dns_soa_sound(ns_msg *m, ns_rr *rr)
{
    int                   i, n;
    char                  name[NS_MAXDNAME];
    const unsigned char  *p, *end;

    p = ns_rr_rdata(*rr);
    end = p + ns_rr_rdlen(*rr);

    for (i = 0; i < 2; i++) {
        n = ns_name_uncompress(ns_msg_base(*m), ns_msg_end(*m), p, name,
                               sizeof(name));

        if (n <= 0 || n > end - p) {
            return 0;
        }

        p += n;
    }

    return end - p == 5 * NS_INT32SZ;
}


/* RFC 6891: at most one OPT, of the root, with well-formed options. */

static int
sv_dns_opt(ns_rr *rr, sv_dns_opt_t *opt)
{
    size_t                n;
    const unsigned char  *p, *end;

    if (opt->found || strcmp(ns_rr_name(*rr), ".") != 0) {
        return 0;
    }

    opt->found = 1;
    opt->size = ns_rr_class(*rr);
    opt->ttl = ns_rr_ttl(*rr) & 0xffffffff;

    p = ns_rr_rdata(*rr);
    end = p + ns_rr_rdlen(*rr);

    while (p < end) {

        if (end - p < 2 * NS_INT16SZ) {
            return 0;
        }

        n = ns_get16(p + NS_INT16SZ);

        if (n > (size_t) (end - p) - 2 * NS_INT16SZ) {
            return 0;
        }

        if (ns_get16(p) == SV_DNS_COOKIE && opt->cookie == NULL) {

            if (n > SV_DNS_COOKIE_MAX) {
                return 0;
            }

            opt->cookie = p + 2 * NS_INT16SZ;
            opt->cookie_len = n;
        }

        p += 2 * NS_INT16SZ + n;
    }

    return 1;
}


static void
sv_dns_put_opt(sv_dns_stub_t *stub, sv_dns_opt_t *opt)
{
    size_t          n;
    unsigned char  *p;

    stub->data[11] = 1;

    n = opt->cookie ? 2 * NS_INT16SZ + opt->cookie_len : 0;
    p = stub->data + stub->len;

    *p++ = 0;
    ns_put16(ns_t_opt, p);
    ns_put16(opt->size, p + 2);
    ns_put32(opt->ttl, p + 4);
    ns_put16((unsigned) n, p + 8);
    p += NS_RRFIXEDSZ;

    if (opt->cookie) {
        ns_put16(SV_DNS_COOKIE, p);
        ns_put16((unsigned) opt->cookie_len, p + NS_INT16SZ);
        memcpy(p + 2 * NS_INT16SZ, opt->cookie, opt->cookie_len);
        p += n;
    }

    stub->len = (size_t) (p - stub->data);
}
