
#include "ngx_smtp_verify_audit_job.h"
#include "ngx_smtp_verify_counters.h"
#include "sv_target.h"


#define NGX_SMTP_VERIFY_AUDIT_CONNECT  5000     /* ms */


static void ngx_smtp_verify_audit_target_next(
    ngx_smtp_verify_audit_job_t *job);
static void ngx_smtp_verify_audit_target_resolved(
    ngx_smtp_verify_audit_job_t *job);
static ngx_uint_t ngx_smtp_verify_audit_target_addr(
    ngx_smtp_verify_audit_job_t *job, ngx_sockaddr_t *sa, socklen_t *len);
static void ngx_smtp_verify_audit_target_connect(
    ngx_smtp_verify_audit_job_t *job, ngx_sockaddr_t *sa, socklen_t len);
static void ngx_smtp_verify_audit_target_handler(
    ngx_smtp_verify_session_t *s);
static void ngx_smtp_verify_audit_target_told(
    ngx_smtp_verify_audit_job_t *job, ngx_uint_t reached, ngx_uint_t refused);


/*
 * Can port 25 be connected to?  What the probes saw lately is enough; otherwise
 * the targets are tried, or our own mail hosts if there are none.
 */

void
ngx_smtp_verify_audit_target(ngx_smtp_verify_audit_job_t *job)
{
    ngx_uint_t   i;
    ngx_str_t   *targets;

    targets = job->conf->targets.elts;

    if (job->conf->targets.nelts) {
        job->ntargets = ngx_min(job->conf->targets.nelts,
                                NGX_SMTP_VERIFY_AUDIT_HOSTS);

        for (i = 0; i < job->ntargets; i++) {
            job->targets[i] = targets[i];
        }
    }

    if (job->ntargets == 0
        || job->identity->helo.len == 0
        || !ngx_smtp_verify_audit_try(job->conf->zone, job->identity,
                                      job->conf->interval))
    {
        ngx_smtp_verify_audit_next(job);
        return;
    }

    ngx_smtp_verify_audit_target_next(job);
}


static void
ngx_smtp_verify_audit_target_next(ngx_smtp_verify_audit_job_t *job)
{
    ngx_str_t  *target;

    if (job->itarget == job->ntargets) {
        ngx_smtp_verify_audit_next(job);
        return;
    }

    target = &job->targets[job->itarget++];

    ngx_smtp_verify_audit_resolve(job, target->data, target->len,
                                  ngx_smtp_verify_audit_target_resolved);
}


static void
ngx_smtp_verify_audit_target_resolved(ngx_smtp_verify_audit_job_t *job)
{
    socklen_t       len;
    ngx_sockaddr_t  sa;

    if (!ngx_smtp_verify_audit_target_addr(job, &sa, &len)) {
        ngx_smtp_verify_audit_target_next(job);
        return;
    }

    ngx_smtp_verify_audit_target_connect(job, &sa, len);
}


/* Finds an address that may be connected to, of the egress's family. */

static ngx_uint_t
ngx_smtp_verify_audit_target_addr(ngx_smtp_verify_audit_job_t *job,
    ngx_sockaddr_t *sa, socklen_t *len)
{
    ngx_uint_t                     i;
    ngx_array_t                   *allow;
    ngx_smtp_verify_egress_t      *egress;
    ngx_smtp_verify_audit_addr_t  *addr;

    allow = job->subject->conf->target_allow;
    egress = job->subject->egress;

    for (i = 0; i < job->naddrs; i++) {

        addr = &job->addrs[i];

        ngx_memzero(sa, sizeof(ngx_sockaddr_t));

        if (addr->v6) {
#if (NGX_HAVE_INET6)
            sa->sockaddr_in6.sin6_family = AF_INET6;
            ngx_memcpy(&sa->sockaddr_in6.sin6_addr, addr->octets, 16);
            *len = sizeof(struct sockaddr_in6);
#else
            continue;
#endif

        } else {
            sa->sockaddr_in.sin_family = AF_INET;
            ngx_memcpy(&sa->sockaddr_in.sin_addr, addr->octets, 4);
            *len = sizeof(struct sockaddr_in);
        }

        ngx_inet_set_port(&sa->sockaddr, job->subject->conf->port);

        if (egress && egress->naddrs == 0
            && egress->addr.sockaddr->sa_family != sa->sockaddr.sa_family)
        {
            continue;
        }

        job->outside = sv_target_is_public(&sa->sockaddr);

        if (job->outside
            || (allow && ngx_cidr_match(&sa->sockaddr, allow) == NGX_OK))
        {
            return 1;
        }
    }

    return 0;
}


static void
ngx_smtp_verify_audit_target_connect(ngx_smtp_verify_audit_job_t *job,
    ngx_sockaddr_t *sa, socklen_t len)
{
    ngx_int_t                   rc;
    ngx_smtp_verify_session_t  *s;

    s = ngx_smtp_verify_session_create(&job->targets[job->itarget - 1],
                                       &sa->sockaddr, len, job->log);
    if (s == NULL) {
        ngx_smtp_verify_audit_target_next(job);
        return;
    }

    s->conf = &job->subject->conf->session;
    s->handler = ngx_smtp_verify_audit_target_handler;
    s->data = job;
    s->egress = job->subject->egress;
    s->connect_timeout = NGX_SMTP_VERIFY_AUDIT_CONNECT;
    s->starttls = NGX_SMTP_VERIFY_STARTTLS_OFF;
    s->helo = job->identity->helo;
    s->from = job->identity->from;

    job->session = s;

    ngx_smtp_verify_count(AUDIT_CONNECTIONS);

    rc = ngx_smtp_verify_session_connect(s);

    if (rc == NGX_OK) {
        return;
    }

    ngx_smtp_verify_audit_target_stop(job);

    if (rc == NGX_DECLINED) {
        ngx_smtp_verify_audit_target_told(job, 0, 1);
    }

    ngx_smtp_verify_audit_target_next(job);
}


/* Whatever a server says after it was connected to, the port is open. */

static void
ngx_smtp_verify_audit_target_handler(ngx_smtp_verify_session_t *s)
{
    ngx_uint_t                    reached, timedout;
    ngx_smtp_verify_audit_job_t  *job;

    job = s->data;

    reached = ngx_smtp_verify_session_is_connected(s);
    timedout = (s->fault == SV_TIMEOUT);

    job->session = NULL;

    if (s->event == ngx_smtp_verify_session_ready) {
        ngx_smtp_verify_session_quit(s);

    } else {
        ngx_smtp_verify_session_close(s);
    }

    ngx_smtp_verify_audit_target_told(job, reached, !timedout);

    if (reached) {
        ngx_smtp_verify_audit_next(job);
        return;
    }

    ngx_smtp_verify_audit_target_next(job);
}


static void
ngx_smtp_verify_audit_target_told(ngx_smtp_verify_audit_job_t *job,
    ngx_uint_t reached, ngx_uint_t refused)
{
    ngx_uint_t                      told;
    ngx_smtp_verify_audit_check_t   port;
    ngx_smtp_verify_audit_entry_t   entry;

    told = reached
           ? ngx_smtp_verify_audit_reached(job->conf->zone, job->identity,
                                           job->outside)
           : ngx_smtp_verify_audit_unreached(job->conf->zone, job->identity,
                                             job->itarget, job->outside,
                                             refused, 1);

    if (ngx_smtp_verify_audit_get(job->conf->zone, job->identity, &entry)
        != NGX_OK)
    {
        return;
    }

    ngx_smtp_verify_audit_port(&entry.history, &port);

    /* a probe may have been the first to log it */

    told |= ngx_smtp_verify_audit_set(job->conf->zone, job->identity,
                                      SV_AUDIT_PORT, port.status, port.seen,
                                      port.len)
            && port.status == SV_AUDIT_WARN;

    if (told) {
        ngx_smtp_verify_audit_log(job->log, job->identity, SV_AUDIT_PORT,
                                  port.status, port.seen, port.len);
    }
}


void
ngx_smtp_verify_audit_target_stop(ngx_smtp_verify_audit_job_t *job)
{
    if (job->session) {
        ngx_smtp_verify_session_close(job->session);
        job->session = NULL;
    }
}
