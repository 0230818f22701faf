
#include "ngx_smtp_verify_audit_job.h"


static void ngx_smtp_verify_audit_sender_mx(ngx_smtp_verify_audit_job_t *job);
static void ngx_smtp_verify_audit_sender_resolved(
    ngx_smtp_verify_audit_job_t *job);
static void ngx_smtp_verify_audit_keep_hosts(
    ngx_smtp_verify_audit_job_t *job);
static void ngx_smtp_verify_audit_spf_step(ngx_smtp_verify_audit_job_t *job);
static void ngx_smtp_verify_audit_spf_answer(
    ngx_smtp_verify_audit_job_t *job);
static void ngx_smtp_verify_audit_spf_say(ngx_smtp_verify_audit_job_t *job);
static void ngx_smtp_verify_audit_domain(ngx_smtp_verify_audit_job_t *job,
    ngx_str_t *domain);


/* Does the domain in MAIL FROM take mail? */

void
ngx_smtp_verify_audit_sender(ngx_smtp_verify_audit_job_t *job)
{
    ngx_str_t  domain;

    if (job->identity->from.len == 0) {
        ngx_smtp_verify_audit_next(job);
        return;
    }

    ngx_smtp_verify_audit_domain(job, &domain);

    ngx_smtp_verify_audit_ask(job, ns_t_mx, domain.data, domain.len,
                              ngx_smtp_verify_audit_sender_mx);
}


static void
ngx_smtp_verify_audit_sender_mx(ngx_smtp_verify_audit_job_t *job)
{
    ngx_str_t                   domain;
    ngx_smtp_verify_rr_list_t  *q;

    q = &job->query;

    ngx_smtp_verify_audit_domain(job, &domain);

    switch (q->status) {

    case SV_ANSWER_OK:
        ngx_smtp_verify_audit_keep_hosts(job);

        if (job->ntargets == 0) {
            ngx_smtp_verify_audit_say(job, SV_AUDIT_MAIL_FROM, SV_AUDIT_FAIL,
                                      "The domain %V says that it takes no "
                                      "mail.", &domain);
        } else {
            ngx_smtp_verify_audit_say(job, SV_AUDIT_MAIL_FROM, SV_AUDIT_PASS,
                                      "The domain %V has %uz MX record%s.",
                                      &domain, q->list.n,
                                      q->list.n == 1 ? "" : "s");
        }

        break;

    case SV_ANSWER_NXDOMAIN:
        ngx_smtp_verify_audit_say(job, SV_AUDIT_MAIL_FROM, SV_AUDIT_FAIL,
                                  "The domain %V does not exist.", &domain);
        break;

    case SV_ANSWER_NODATA:
        ngx_smtp_verify_audit_resolve(job, domain.data, domain.len,
                                      ngx_smtp_verify_audit_sender_resolved);
        return;

    default:
        ngx_smtp_verify_audit_say(job, SV_AUDIT_MAIL_FROM, SV_AUDIT_UNKNOWN,
                                  "The DNS did not answer for %V.", &domain);
    }

    ngx_smtp_verify_audit_next(job);
}


static void
ngx_smtp_verify_audit_sender_resolved(ngx_smtp_verify_audit_job_t *job)
{
    ngx_str_t  domain;

    ngx_smtp_verify_audit_domain(job, &domain);

    if (job->naddrs) {
        job->targets[0] = domain;
        job->ntargets = 1;

        ngx_smtp_verify_audit_say(job, SV_AUDIT_MAIL_FROM, SV_AUDIT_WARN,
                                  "The domain %V has no MX record, only an "
                                  "address.", &domain);

    } else if (job->doubt) {
        ngx_smtp_verify_audit_say(job, SV_AUDIT_MAIL_FROM, SV_AUDIT_UNKNOWN,
                                  "The DNS did not answer for %V.", &domain);

    } else {
        ngx_smtp_verify_audit_say(job, SV_AUDIT_MAIL_FROM, SV_AUDIT_FAIL,
                                  "The domain %V has neither an MX record nor "
                                  "an address.", &domain);
    }

    ngx_smtp_verify_audit_next(job);
}


/* Our own mail hosts may be connected to, to try port 25.  A null MX has an
   empty name. */

static void
ngx_smtp_verify_audit_keep_hosts(ngx_smtp_verify_audit_job_t *job)
{
    size_t         pos, n;
    u_char        *p;
    const u_char  *record;

    pos = 0;

    while (job->ntargets < NGX_SMTP_VERIFY_AUDIT_HOSTS
           && sv_rr_list_next(job->query.list.data, job->query.list.len, &pos,
                              &record, &n))
    {
        if (n == 0) {
            continue;
        }

        p = ngx_pnalloc(job->pool, n);
        if (p == NULL) {
            return;
        }

        ngx_memcpy(p, record, n);

        job->targets[job->ntargets].data = p;
        job->targets[job->ntargets++].len = n;
    }
}


/* Does the SPF record allow the address?  Without MAIL FROM, receivers look at
   that of the HELO name (RFC 7208, section 2.4). */

void
ngx_smtp_verify_audit_spf(ngx_smtp_verify_audit_job_t *job)
{
    ngx_str_t  domain;

    ngx_smtp_verify_audit_domain(job, &domain);

    if (!job->known || domain.len == 0) {
        ngx_smtp_verify_audit_next(job);
        return;
    }

    job->spf = ngx_palloc(job->pool, sizeof(sv_spf_t));

    if (job->spf == NULL) {
        ngx_smtp_verify_audit_next(job);
        return;
    }

    sv_spf_init(job->spf, job->addr.octets, (int) job->addr.v6,
                (char *) domain.data, domain.len);

    ngx_smtp_verify_audit_spf_step(job);
}


static void
ngx_smtp_verify_audit_spf_step(ngx_smtp_verify_audit_job_t *job)
{
    static const ngx_uint_t  types[] = { ns_t_txt, ns_t_a, ns_t_aaaa,
                                         ns_t_mx };

    if (!sv_spf_step(job->spf)) {
        ngx_smtp_verify_audit_spf_say(job);
        ngx_smtp_verify_audit_next(job);
        return;
    }

    ngx_smtp_verify_audit_ask(job, types[job->spf->kind], job->spf->name,
                              ngx_strlen(job->spf->name),
                              ngx_smtp_verify_audit_spf_answer);
}


static void
ngx_smtp_verify_audit_spf_answer(ngx_smtp_verify_audit_job_t *job)
{
    sv_spf_answer_e             answer;
    ngx_smtp_verify_rr_list_t  *q;

    q = &job->query;

    switch (q->status) {

    case SV_ANSWER_OK:
        answer = SV_SPF_FOUND;
        break;

    case SV_ANSWER_NODATA:
    case SV_ANSWER_NXDOMAIN:
        answer = SV_SPF_NOTHING;
        break;

    default:
        answer = SV_SPF_FAILED;
    }

    sv_spf_answer(job->spf, answer, q->list.data, q->list.len);

    ngx_smtp_verify_audit_spf_step(job);
}


static void
ngx_smtp_verify_audit_spf_say(ngx_smtp_verify_audit_job_t *job)
{
    const char         *why;
    ngx_str_t           domain;
    sv_audit_status_e   status;
    u_char              text[NGX_SOCKADDR_STRLEN];

    why = "";

    switch (job->spf->result) {

    case SV_SPF_PASS:
        status = SV_AUDIT_PASS;
        break;

    case SV_SPF_FAIL:
        status = SV_AUDIT_FAIL;
        break;

    case SV_SPF_PERMERROR:
        status = SV_AUDIT_FAIL;
        why = ", as it is malformed or asks too much";
        break;

    case SV_SPF_TEMPERROR:
        status = SV_AUDIT_UNKNOWN;
        why = ", as the DNS did not answer";
        break;

    case SV_SPF_UNKNOWN:
        status = SV_AUDIT_UNKNOWN;
        why = ", as macros and ptr are not evaluated here";
        break;

    default: /* none, neutral, softfail */
        status = SV_AUDIT_WARN;
    }

    ngx_smtp_verify_audit_domain(job, &domain);

    ngx_smtp_verify_audit_say(job, SV_AUDIT_SPF, status,
                              "SPF of %V says \"%s\" for %s%s.", &domain,
                              sv_spf_name(job->spf->result),
                              ngx_smtp_verify_audit_text(&job->addr, text),
                              why);
}


/* the domain in MAIL FROM, or the HELO name */

static void
ngx_smtp_verify_audit_domain(ngx_smtp_verify_audit_job_t *job,
    ngx_str_t *domain)
{
    u_char  *p, *last;

    *domain = job->identity->from;

    if (domain->len == 0) {
        *domain = job->identity->helo;
        return;
    }

    last = domain->data + domain->len;

    for (p = last; p > domain->data && p[-1] != '@'; p--) { /* void */ }

    domain->data = p;
    domain->len = last - p;
}
