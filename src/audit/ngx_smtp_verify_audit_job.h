
/*
 * One look at an identity, in steps:
 *
 * audit_name.c    HELO, the address, its PTR record
 * audit_sender.c  MAIL FROM, and SPF
 * audit_list.c    blocklists
 * audit_target.c  port 25
 *
 * A step ends with a call of _next().
 */


#ifndef _NGX_SMTP_VERIFY_AUDIT_JOB_H_INCLUDED_
#define _NGX_SMTP_VERIFY_AUDIT_JOB_H_INCLUDED_


#include "ngx_smtp_verify_auditor.h"
#include "ngx_smtp_verify_rr_list.h"
#include "sv_dnsbl.h"
#include "sv_spf.h"


#define NGX_SMTP_VERIFY_AUDIT_ADDRS  16
#define NGX_SMTP_VERIFY_AUDIT_HOSTS  4


/* an IP address without a port */

typedef struct {
    u_char                          octets[16];
    ngx_uint_t                      v6;
} ngx_smtp_verify_audit_addr_t;


typedef struct ngx_smtp_verify_audit_job_s  ngx_smtp_verify_audit_job_t;

typedef void (*ngx_smtp_verify_audit_step_pt)
    (ngx_smtp_verify_audit_job_t *job);


struct ngx_smtp_verify_audit_job_s {
    ngx_smtp_verify_auditor_conf_t *conf;
    ngx_smtp_verify_subject_t      *subject;
    ngx_smtp_verify_identity_t     *identity;
    ngx_pool_t                     *pool;
    ngx_log_t                      *log;
    ngx_msec_t                      start;
    ngx_uint_t                      step;

    /* the look-up under way */
    ngx_smtp_verify_rr_list_t       query;
    u_char                          name[SV_DNS_NAME_MAX + 1];
    ngx_event_t                     answered;   /* it was answered at once */
    ngx_smtp_verify_audit_step_pt   handler;
    ngx_smtp_verify_audit_step_pt   resolved;   /* both kinds of addresses were
                                                   asked for */
    ngx_uint_t                      asked;      /* look-ups */
    ngx_uint_t                      failed;     /* those without an answer */
    ngx_uint_t                      timedout;

    /* addresses of a name */
    ngx_smtp_verify_audit_addr_t    addrs[NGX_SMTP_VERIFY_AUDIT_ADDRS];
    ngx_uint_t                      naddrs;
    ngx_uint_t                      doubt;      /* a look-up for them failed */

    /* the address that mail servers see */
    ngx_smtp_verify_audit_addr_t    addr;
    ngx_uint_t                      known;      /* addr is set */
    ngx_uint_t                      behind;     /* it is the one of HELO, as our
                                                   own is private or a
                                                   proxy's */
    u_char                          ptr[SV_DNS_NAME_MAX + 1];

    sv_spf_t                       *spf;
    ngx_uint_t                      ilist;
    ngx_uint_t                      nlisted;
    ngx_uint_t                      ndoubtful;

    ngx_uint_t                      ntargets;
    ngx_uint_t                      itarget;
    ngx_uint_t                      outside;    /* its address is public */
    ngx_str_t                       targets[NGX_SMTP_VERIFY_AUDIT_HOSTS];
    ngx_smtp_verify_session_t      *session;
};


/* auditor.c */
void ngx_smtp_verify_audit_next(ngx_smtp_verify_audit_job_t *job);

/* Looks up a name; the handler is called in any case.  The name is copied. */
void ngx_smtp_verify_audit_ask(ngx_smtp_verify_audit_job_t *job,
    ngx_uint_t type, const void *name, size_t len,
    ngx_smtp_verify_audit_step_pt handler);

/* Looks up both A and AAAA records, into job->addrs. */
void ngx_smtp_verify_audit_resolve(ngx_smtp_verify_audit_job_t *job,
    const void *name, size_t len, ngx_smtp_verify_audit_step_pt handler);

/* says what was seen, and logs it if it is news */
void ngx_smtp_verify_audit_say(ngx_smtp_verify_audit_job_t *job,
    sv_audit_check_e check, sv_audit_status_e status, const char *fmt, ...);

/* whether the address is one of job->addrs */
ngx_uint_t ngx_smtp_verify_audit_has(ngx_smtp_verify_audit_job_t *job,
    ngx_smtp_verify_audit_addr_t *addr);

/* the address as text, with a NUL */
u_char *ngx_smtp_verify_audit_text(ngx_smtp_verify_audit_addr_t *addr,
    u_char *buf);

/* the steps */
void ngx_smtp_verify_audit_helo(ngx_smtp_verify_audit_job_t *job);
void ngx_smtp_verify_audit_ptr(ngx_smtp_verify_audit_job_t *job);
void ngx_smtp_verify_audit_sender(ngx_smtp_verify_audit_job_t *job);
void ngx_smtp_verify_audit_spf(ngx_smtp_verify_audit_job_t *job);
void ngx_smtp_verify_audit_lists(ngx_smtp_verify_audit_job_t *job);
void ngx_smtp_verify_audit_target(ngx_smtp_verify_audit_job_t *job);

/* ends a session with a target */
void ngx_smtp_verify_audit_target_stop(ngx_smtp_verify_audit_job_t *job);


#endif /* _NGX_SMTP_VERIFY_AUDIT_JOB_H_INCLUDED_ */
