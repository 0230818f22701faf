
#include "ngx_smtp_verify_audit_job.h"
#include "sv_target.h"


static void ngx_smtp_verify_audit_helo_resolved(
    ngx_smtp_verify_audit_job_t *job);
static ngx_int_t ngx_smtp_verify_audit_local(ngx_smtp_verify_audit_job_t *job,
    ngx_smtp_verify_audit_addr_t *addr);
static ngx_int_t ngx_smtp_verify_audit_chosen(int family, ngx_sockaddr_t *sa);
static void ngx_smtp_verify_audit_ptr_found(ngx_smtp_verify_audit_job_t *job);
static void ngx_smtp_verify_audit_ptr_resolved(
    ngx_smtp_verify_audit_job_t *job);
static ngx_uint_t ngx_smtp_verify_audit_same(ngx_str_t *name,
    const u_char *record, size_t n);


/* Does the HELO name lead to the address that mail servers see? */

void
ngx_smtp_verify_audit_helo(ngx_smtp_verify_audit_job_t *job)
{
    if (job->identity->helo.len == 0) {
        ngx_smtp_verify_audit_next(job);
        return;
    }

    ngx_smtp_verify_audit_resolve(job, job->identity->helo.data,
                                  job->identity->helo.len,
                                  ngx_smtp_verify_audit_helo_resolved);
}


static void
ngx_smtp_verify_audit_helo_resolved(ngx_smtp_verify_audit_job_t *job)
{
    ngx_int_t                      rc;
    ngx_str_t                     *helo;
    ngx_smtp_verify_audit_addr_t   local;
    u_char                         text[NGX_SOCKADDR_STRLEN];
    u_char                         other[NGX_SOCKADDR_STRLEN];

    helo = &job->identity->helo;
    rc = ngx_smtp_verify_audit_local(job, &local);

    if (rc == NGX_OK) {
        job->addr = local;
        job->known = 1;

    } else if (job->naddrs) {
        job->addr = job->addrs[0];
        job->known = 1;
        job->behind = 1;
    }

    if (job->naddrs == 0 && job->doubt) {
        ngx_smtp_verify_audit_say(job, SV_AUDIT_HELO, SV_AUDIT_UNKNOWN,
                                  "The DNS did not answer for %V.", helo);

    } else if (job->naddrs == 0) {
        ngx_smtp_verify_audit_say(job, SV_AUDIT_HELO, SV_AUDIT_FAIL,
                                  "The HELO name %V has no address.", helo);

    } else if (job->behind) {
        ngx_smtp_verify_audit_say(job, SV_AUDIT_HELO, SV_AUDIT_PASS,
                                  "%V has the address %s. The address of this "
                                  "host is not public, so it is not compared.",
                                  helo, ngx_smtp_verify_audit_text(&job->addr,
                                                                   text));

    } else if (ngx_smtp_verify_audit_has(job, &job->addr)) {
        ngx_smtp_verify_audit_say(job, SV_AUDIT_HELO, SV_AUDIT_PASS,
                                  "%V has the address %s.", helo,
                                  ngx_smtp_verify_audit_text(&job->addr,
                                                             text));

    } else {
        ngx_smtp_verify_audit_say(job, SV_AUDIT_HELO, SV_AUDIT_WARN,
                                  "%V has the address %s, but mail servers "
                                  "see %s.", helo,
                                  ngx_smtp_verify_audit_text(&job->addrs[0],
                                                             other),
                                  ngx_smtp_verify_audit_text(&job->addr,
                                                             text));
    }

    ngx_smtp_verify_audit_next(job);
}


/* Returns NGX_OK if our own address is public: that is then the one that mail
   servers see. */

static ngx_int_t
ngx_smtp_verify_audit_local(ngx_smtp_verify_audit_job_t *job,
    ngx_smtp_verify_audit_addr_t *addr)
{
    struct sockaddr           *sockaddr;
    ngx_sockaddr_t             sa;
    ngx_smtp_verify_egress_t  *egress;

    egress = job->subject->egress;
    sockaddr = &sa.sockaddr;

    if (egress && egress->naddrs) {
        return NGX_DECLINED;
    }

    if (egress) {
        sockaddr = egress->addr.sockaddr;

    } else if (ngx_smtp_verify_audit_chosen(AF_INET, &sa) != NGX_OK
               && ngx_smtp_verify_audit_chosen(AF_INET6, &sa) != NGX_OK)
    {
        return NGX_DECLINED;
    }

    if (!sv_target_is_public(sockaddr)) {
        return NGX_DECLINED;
    }

    ngx_memzero(addr, sizeof(ngx_smtp_verify_audit_addr_t));

#if (NGX_HAVE_INET6)
    if (sockaddr->sa_family == AF_INET6) {
        addr->v6 = 1;
        ngx_memcpy(addr->octets,
                   &((struct sockaddr_in6 *) sockaddr)->sin6_addr, 16);
        return NGX_OK;
    }
#endif

    ngx_memcpy(addr->octets, &((struct sockaddr_in *) sockaddr)->sin_addr, 4);

    return NGX_OK;
}


/* The address that the system chooses for a public one.  Connecting a datagram
   socket sends nothing. */

static ngx_int_t
ngx_smtp_verify_audit_chosen(int family, ngx_sockaddr_t *sa)
{
    ngx_int_t      rc;
    socklen_t      len;
    ngx_socket_t   s;

    ngx_memzero(sa, sizeof(ngx_sockaddr_t));

    sa->sockaddr.sa_family = (sa_family_t) family;
    len = sizeof(struct sockaddr_in);

    /* addresses of a root name server */

    if (family == AF_INET) {
        sa->sockaddr_in.sin_port = htons(25);
        sa->sockaddr_in.sin_addr.s_addr = htonl(0xc6290004);
    }

#if (NGX_HAVE_INET6)
    if (family == AF_INET6) {
        static const u_char  root[16] = { 0x20, 0x01, 0x05, 0x03, 0xba, 0x3e,
                                          0, 0, 0, 0, 0, 0, 0, 2, 0, 0x30 };

        sa->sockaddr_in6.sin6_port = htons(25);
        ngx_memcpy(&sa->sockaddr_in6.sin6_addr, root, 16);
        len = sizeof(struct sockaddr_in6);
    }
#endif

    s = ngx_socket(family, SOCK_DGRAM, 0);

    if (s == (ngx_socket_t) -1) {
        return NGX_ERROR;
    }

    rc = NGX_ERROR;

    if (connect(s, &sa->sockaddr, len) == 0) {
        len = sizeof(ngx_sockaddr_t);

        if (getsockname(s, &sa->sockaddr, &len) == 0) {
            rc = NGX_OK;
        }
    }

    (void) ngx_close_socket(s);

    return rc;
}


/* Does the address lead back to the HELO name? */

void
ngx_smtp_verify_audit_ptr(ngx_smtp_verify_audit_job_t *job)
{
    char    name[SV_DNSBL_NAME_MAX + 1];
    size_t  len;

    if (!job->known) {
        ngx_smtp_verify_audit_next(job);
        return;
    }

    len = job->addr.v6
          ? sv_dnsbl_name(name, sizeof(name), job->addr.octets, 1, "ip6.arpa",
                          8)
          : sv_dnsbl_name(name, sizeof(name), job->addr.octets, 0,
                          "in-addr.arpa", 12);

    ngx_smtp_verify_audit_ask(job, ns_t_ptr, name, len,
                              ngx_smtp_verify_audit_ptr_found);
}


static void
ngx_smtp_verify_audit_ptr_found(ngx_smtp_verify_audit_job_t *job)
{
    size_t                      pos, n;
    ngx_str_t                  *helo;
    const u_char               *record;
    ngx_smtp_verify_rr_list_t  *q;
    u_char                      text[NGX_SOCKADDR_STRLEN];

    q = &job->query;
    helo = &job->identity->helo;

    ngx_smtp_verify_audit_text(&job->addr, text);

    if (q->status == SV_ANSWER_ERROR) {
        ngx_smtp_verify_audit_say(job, SV_AUDIT_PTR, SV_AUDIT_UNKNOWN,
                                  "The DNS did not answer for the PTR record "
                                  "of %s.", text);
        ngx_smtp_verify_audit_next(job);
        return;
    }

    if (q->list.n == 0) {
        ngx_smtp_verify_audit_say(job, SV_AUDIT_PTR, SV_AUDIT_FAIL,
                                  "The address %s has no PTR record.", text);
        ngx_smtp_verify_audit_next(job);
        return;
    }

    pos = 0;
    job->ptr[0] = '\0';

    while (sv_rr_list_next(q->list.data, q->list.len, &pos, &record, &n)) {

        /* the HELO name leads to the address, as the step before has found,
           or has said otherwise */

        if (ngx_smtp_verify_audit_same(helo, record, n)) {
            ngx_smtp_verify_audit_say(job, SV_AUDIT_PTR, SV_AUDIT_PASS,
                                      "The PTR record of %s is the HELO name.",
                                      text);
            ngx_smtp_verify_audit_next(job);
            return;
        }

        if (job->ptr[0] == '\0' && n <= SV_DNS_NAME_MAX) {
            *ngx_cpymem(job->ptr, record, n) = '\0';
        }
    }

    ngx_smtp_verify_audit_resolve(job, job->ptr, ngx_strlen(job->ptr),
                                  ngx_smtp_verify_audit_ptr_resolved);
}


static void
ngx_smtp_verify_audit_ptr_resolved(ngx_smtp_verify_audit_job_t *job)
{
    u_char  text[NGX_SOCKADDR_STRLEN];

    ngx_smtp_verify_audit_text(&job->addr, text);

    /* a short form, as a name may be longer than what is kept */

    if (ngx_smtp_verify_audit_has(job, &job->addr)) {
        ngx_smtp_verify_audit_say(job, SV_AUDIT_PTR, SV_AUDIT_WARN,
                                  "The PTR record of %s is %s, and not the "
                                  "HELO name.", text, job->ptr);

    } else if (job->doubt) {
        ngx_smtp_verify_audit_say(job, SV_AUDIT_PTR, SV_AUDIT_UNKNOWN,
                                  "The DNS did not answer for %s.", job->ptr);

    } else {
        ngx_smtp_verify_audit_say(job, SV_AUDIT_PTR, SV_AUDIT_FAIL,
                                  "The PTR record of %s is %s, which does not "
                                  "lead back to it.", text, job->ptr);
    }

    ngx_smtp_verify_audit_next(job);
}


static ngx_uint_t
ngx_smtp_verify_audit_same(ngx_str_t *name, const u_char *record, size_t n)
{
    return name->len == n
           && ngx_strncasecmp(name->data, (u_char *) record, n) == 0;
}
