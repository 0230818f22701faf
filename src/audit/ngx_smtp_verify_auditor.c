
#include "ngx_smtp_verify_audit_job.h"
#include "ngx_smtp_verify_counters.h"
#include "sv_clock.h"


#define NGX_SMTP_VERIFY_AUDIT_TICK     1000     /* ms */
#define NGX_SMTP_VERIFY_AUDIT_LONGEST  120000   /* of a job */
#define NGX_SMTP_VERIFY_AUDIT_ANSWER   5000     /* of a look-up, at most */

/* the clock: how far it may move by itself between two ticks, how long that is
   told, and the year when this was written */

#define NGX_SMTP_VERIFY_AUDIT_JUMP     30       /* s */
#define NGX_SMTP_VERIFY_AUDIT_TOLD     3600
#define NGX_SMTP_VERIFY_AUDIT_YEAR     1735689600


static void ngx_smtp_verify_audit_tick(ngx_event_t *ev);
static void ngx_smtp_verify_audit_clock(ngx_smtp_verify_auditor_conf_t *conf);
static void ngx_smtp_verify_audit_begin(ngx_smtp_verify_auditor_conf_t *conf,
    ngx_smtp_verify_subject_t *subject);
static void ngx_smtp_verify_audit_end(void);
static void ngx_smtp_verify_audit_finish(ngx_smtp_verify_audit_job_t *job);
static void ngx_smtp_verify_audit_found(ngx_smtp_verify_rr_list_t *q);
static void ngx_smtp_verify_audit_answered(ngx_event_t *ev);
static void ngx_smtp_verify_audit_settle(ngx_smtp_verify_audit_job_t *job);
static void ngx_smtp_verify_audit_resolved_a(
    ngx_smtp_verify_audit_job_t *job);
static void ngx_smtp_verify_audit_resolved_aaaa(
    ngx_smtp_verify_audit_job_t *job);
static void ngx_smtp_verify_audit_collect(ngx_smtp_verify_audit_job_t *job,
    ngx_uint_t v6);


static const ngx_smtp_verify_audit_step_pt  ngx_smtp_verify_audit_steps[] = {
    ngx_smtp_verify_audit_helo,
    ngx_smtp_verify_audit_ptr,
    ngx_smtp_verify_audit_sender,
    ngx_smtp_verify_audit_target,
    ngx_smtp_verify_audit_spf,
    ngx_smtp_verify_audit_lists,
    ngx_smtp_verify_audit_finish
};


/* of this worker */

static struct {
    ngx_event_t                   timer;
    ngx_smtp_verify_audit_job_t  *job;
    ngx_uint_t                    cursor;
    int64_t                       offset;
    time_t                        jumped;
    int64_t                       far;
}  ngx_smtp_verify_audits;


void
ngx_smtp_verify_auditor_start(ngx_cycle_t *cycle,
    ngx_smtp_verify_auditor_conf_t *conf)
{
    ngx_event_t  *ev;

    if (conf->enable != 1 || conf->zone == NULL
        || conf->subjects.nelts == 0)
    {
        return;
    }

    ev = &ngx_smtp_verify_audits.timer;

    ngx_memzero(ev, sizeof(ngx_event_t));

    ev->handler = ngx_smtp_verify_audit_tick;
    ev->data = conf;
    ev->log = cycle->log;
    ev->cancelable = 1;

    ngx_smtp_verify_audits.job = NULL;
    ngx_smtp_verify_audits.cursor = 0;
    ngx_smtp_verify_audits.offset = 0;
    ngx_smtp_verify_audits.jumped = 0;

    ngx_add_timer(ev, 1);
}


void
ngx_smtp_verify_auditor_exit(void)
{
    ngx_smtp_verify_auditor_conf_t  *conf;

    conf = ngx_smtp_verify_audits.timer.data;

    if (conf == NULL) {
        return;
    }

    ngx_smtp_verify_audit_end();
    ngx_smtp_verify_audit_leave(conf->zone);
}


static void
ngx_smtp_verify_audit_tick(ngx_event_t *ev)
{
    ngx_uint_t                       i, n;
    ngx_smtp_verify_subject_t       *subjects, *subject;
    ngx_smtp_verify_audit_job_t     *job;
    ngx_smtp_verify_auditor_conf_t  *conf;

    conf = ev->data;
    job = ngx_smtp_verify_audits.job;

    if (ngx_exiting || ngx_quit || ngx_terminate) {
        ngx_smtp_verify_auditor_exit();
        return;
    }

    ngx_add_timer(ev, NGX_SMTP_VERIFY_AUDIT_TICK);

    if (!ngx_smtp_verify_audit_lease(conf->zone)) {
        return;
    }

    ngx_smtp_verify_audit_clock(conf);

    if (job) {
        if (ngx_current_msec - job->start > NGX_SMTP_VERIFY_AUDIT_LONGEST) {
            ngx_smtp_verify_audit_finish(job);
        }

        return;
    }

    subjects = conf->subjects.elts;
    n = conf->subjects.nelts;

    for (i = 0; i < n; i++) {
        subject = &subjects[(ngx_smtp_verify_audits.cursor + i) % n];

        if (ngx_smtp_verify_audit_due(conf->zone, subject->identity,
                                      conf->interval))
        {
            ngx_smtp_verify_audits.cursor += i + 1;
            ngx_smtp_verify_audit_begin(conf, subject);
            return;
        }
    }
}


/* The time of day should run as the clock does that nobody sets. */

static void
ngx_smtp_verify_audit_clock(ngx_smtp_verify_auditor_conf_t *conf)
{
    int64_t             offset, moved;
    u_char             *p, seen[NGX_SMTP_VERIFY_AUDIT_SEEN];
    sv_audit_status_e   status;

    offset = (int64_t) time(NULL) - (int64_t) sv_clock_sec();
    moved = ngx_smtp_verify_audits.offset
            ? offset - ngx_smtp_verify_audits.offset : 0;

    ngx_smtp_verify_audits.offset = offset;

    if (ngx_abs(moved) > NGX_SMTP_VERIFY_AUDIT_JUMP) {
        ngx_smtp_verify_audits.jumped = sv_clock_sec();
        ngx_smtp_verify_audits.far = moved;
    }

    if (ngx_time() < NGX_SMTP_VERIFY_AUDIT_YEAR) {
        status = SV_AUDIT_FAIL;
        p = ngx_slprintf(seen, seen + sizeof(seen),
                         "The clock shows a time before this module was "
                         "written.");

    } else if (ngx_smtp_verify_audits.jumped
               && sv_clock_sec() - ngx_smtp_verify_audits.jumped
                  < NGX_SMTP_VERIFY_AUDIT_TOLD)
    {
        status = SV_AUDIT_WARN;
        p = ngx_slprintf(seen, seen + sizeof(seen),
                         "The clock was set by %L s less than an hour ago.",
                         ngx_smtp_verify_audits.far);

    } else {
        status = SV_AUDIT_PASS;
        p = ngx_slprintf(seen, seen + sizeof(seen),
                         "The clock runs evenly.");
    }

    if (ngx_smtp_verify_audit_set(conf->zone, NULL, SV_AUDIT_CLOCK, status,
                                  seen, p - seen))
    {
        ngx_smtp_verify_audit_log(ngx_cycle->log, NULL, SV_AUDIT_CLOCK, status,
                                  seen, p - seen);
    }
}


static void
ngx_smtp_verify_audit_begin(ngx_smtp_verify_auditor_conf_t *conf,
    ngx_smtp_verify_subject_t *subject)
{
    ngx_log_t                    *log;
    ngx_pool_t                   *pool;
    ngx_smtp_verify_audit_job_t  *job;

    log = ngx_cycle->log;

    pool = ngx_create_pool(NGX_DEFAULT_POOL_SIZE, log);
    if (pool == NULL) {
        return;
    }

    job = ngx_pcalloc(pool, sizeof(ngx_smtp_verify_audit_job_t));
    if (job == NULL) {
        ngx_destroy_pool(pool);
        return;
    }

    job->conf = conf;
    job->subject = subject;
    job->identity = subject->identity;
    job->pool = pool;
    job->log = log;
    job->start = ngx_current_msec;

    job->answered.handler = ngx_smtp_verify_audit_answered;
    job->answered.data = job;
    job->answered.log = log;

    ngx_smtp_verify_audits.job = job;
    ngx_smtp_verify_count(AUDITS);

    ngx_log_debug2(NGX_LOG_DEBUG_CORE, log, 0,
                   "smtp verify audit: egress \"%V\", HELO \"%V\"",
                   &job->identity->name, &job->identity->helo);

    ngx_smtp_verify_audit_steps[0](job);
}


static void
ngx_smtp_verify_audit_end(void)
{
    ngx_smtp_verify_audit_job_t  *job;

    job = ngx_smtp_verify_audits.job;

    if (job == NULL) {
        return;
    }

    ngx_smtp_verify_audits.job = NULL;

    ngx_smtp_verify_rr_list_cancel(&job->query);
    ngx_smtp_verify_audit_target_stop(job);

    if (job->answered.posted) {
        ngx_delete_posted_event(&job->answered);
    }

    ngx_destroy_pool(job->pool);
}


void
ngx_smtp_verify_audit_next(ngx_smtp_verify_audit_job_t *job)
{
    ngx_smtp_verify_audit_steps[++job->step](job);
}


/* A name server that says "not there" has answered. */

static void
ngx_smtp_verify_audit_finish(ngx_smtp_verify_audit_job_t *job)
{
    if (job->asked && job->failed == job->asked) {
        ngx_smtp_verify_audit_say(job, SV_AUDIT_RESOLVER, SV_AUDIT_FAIL,
                                  "None of %ui look-ups was answered, %ui "
                                  "timed out.", job->asked, job->timedout);

    } else if (job->asked) {
        ngx_smtp_verify_audit_say(job, SV_AUDIT_RESOLVER, SV_AUDIT_PASS,
                                  "%ui of %ui look-ups were answered.",
                                  job->asked - job->failed, job->asked);
    }

    ngx_smtp_verify_audit_ran(job->conf->zone, job->identity);
    ngx_smtp_verify_audit_end();
}


void
ngx_smtp_verify_audit_ask(ngx_smtp_verify_audit_job_t *job, ngx_uint_t type,
    const void *name, size_t len, ngx_smtp_verify_audit_step_pt handler)
{
    ngx_smtp_verify_rr_list_t  *q;

    q = &job->query;

    len = ngx_min(len, (size_t) SV_DNS_NAME_MAX);

    if (name != job->name) {
        ngx_memmove(job->name, name, len);
    }

    job->handler = handler;

    q->resolver = job->subject->conf->resolver;
    q->name.data = job->name;
    q->name.len = len;
    q->type = type;
    q->timeout = ngx_min(job->subject->conf->resolver_timeout,
                         NGX_SMTP_VERIFY_AUDIT_ANSWER);
    q->log = job->log;
    q->handler = ngx_smtp_verify_audit_found;
    q->data = job;

    ngx_log_debug2(NGX_LOG_DEBUG_CORE, job->log, 0,
                   "smtp verify audit: asks for \"%V\", type %ui", &q->name,
                   type);

    /* so that a chain of answers from a cache does not fill the stack */

    if (ngx_smtp_verify_rr_list(q) != NGX_AGAIN) {
        ngx_post_event(&job->answered, &ngx_posted_events);
    }
}


static void
ngx_smtp_verify_audit_found(ngx_smtp_verify_rr_list_t *q)
{
    ngx_smtp_verify_audit_settle(q->data);
}


static void
ngx_smtp_verify_audit_answered(ngx_event_t *ev)
{
    ngx_smtp_verify_audit_settle(ev->data);
}


static void
ngx_smtp_verify_audit_settle(ngx_smtp_verify_audit_job_t *job)
{
    ngx_smtp_verify_rr_list_t  *q;

    q = &job->query;

    job->asked++;
    job->failed += (q->status == SV_ANSWER_ERROR);
    job->timedout += q->timedout;

    /* a dead name server must not hold up a job for each of its questions */

    if (job->failed == job->asked && job->failed > 1) {
        ngx_smtp_verify_audit_finish(job);
        return;
    }

    job->handler(job);
}


void
ngx_smtp_verify_audit_resolve(ngx_smtp_verify_audit_job_t *job,
    const void *name, size_t len, ngx_smtp_verify_audit_step_pt handler)
{
    job->naddrs = 0;
    job->doubt = 0;
    job->resolved = handler;

    ngx_smtp_verify_audit_ask(job, ns_t_a, name, len,
                              ngx_smtp_verify_audit_resolved_a);
}


static void
ngx_smtp_verify_audit_resolved_a(ngx_smtp_verify_audit_job_t *job)
{
    ngx_smtp_verify_audit_collect(job, 0);

    ngx_smtp_verify_audit_ask(job, ns_t_aaaa, job->name, job->query.name.len,
                              ngx_smtp_verify_audit_resolved_aaaa);
}


static void
ngx_smtp_verify_audit_resolved_aaaa(ngx_smtp_verify_audit_job_t *job)
{
    ngx_smtp_verify_audit_collect(job, 1);

    job->resolved(job);
}


static void
ngx_smtp_verify_audit_collect(ngx_smtp_verify_audit_job_t *job, ngx_uint_t v6)
{
    size_t                         pos, n;
    const u_char                  *record;
    ngx_smtp_verify_audit_addr_t  *addr;

    job->doubt |= (job->query.status == SV_ANSWER_ERROR);
    pos = 0;

    while (job->naddrs < NGX_SMTP_VERIFY_AUDIT_ADDRS
           && sv_rr_list_next(job->query.list.data, job->query.list.len, &pos,
                              &record, &n))
    {
        addr = &job->addrs[job->naddrs++];

        ngx_memzero(addr, sizeof(ngx_smtp_verify_audit_addr_t));
        ngx_memcpy(addr->octets, record, n);
        addr->v6 = v6;
    }
}


ngx_uint_t
ngx_smtp_verify_audit_has(ngx_smtp_verify_audit_job_t *job,
    ngx_smtp_verify_audit_addr_t *addr)
{
    ngx_uint_t  i;

    for (i = 0; i < job->naddrs; i++) {
        if (job->addrs[i].v6 == addr->v6
            && ngx_memcmp(job->addrs[i].octets, addr->octets, 16) == 0)
        {
            return 1;
        }
    }

    return 0;
}


u_char *
ngx_smtp_verify_audit_text(ngx_smtp_verify_audit_addr_t *addr, u_char *buf)
{
    size_t  len;

    len = ngx_inet_ntop(addr->v6 ? AF_INET6 : AF_INET, addr->octets, buf,
                        NGX_SOCKADDR_STRLEN - 1);
    buf[len] = '\0';

    return buf;
}


void
ngx_smtp_verify_audit_say(ngx_smtp_verify_audit_job_t *job,
    sv_audit_check_e check, sv_audit_status_e status, const char *fmt, ...)
{
    u_char   *p, seen[NGX_SMTP_VERIFY_AUDIT_SEEN];
    va_list   args;

    va_start(args, fmt);
    p = ngx_vslprintf(seen, seen + sizeof(seen), fmt, args);
    va_end(args);

    if (ngx_smtp_verify_audit_set(job->conf->zone, job->identity, check,
                                  status, seen, p - seen))
    {
        ngx_smtp_verify_audit_log(job->log, job->identity, check, status, seen,
                                  p - seen);
    }
}
