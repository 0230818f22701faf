
#include "ngx_smtp_verify_audit_job.h"


static void ngx_smtp_verify_audit_list_ask(ngx_smtp_verify_audit_job_t *job,
    ngx_smtp_verify_audit_addr_t *addr, ngx_smtp_verify_audit_step_pt handler);
static void ngx_smtp_verify_audit_list_found(
    ngx_smtp_verify_audit_job_t *job);
static void ngx_smtp_verify_audit_list_all(ngx_smtp_verify_audit_job_t *job);
static void ngx_smtp_verify_audit_list_none(ngx_smtp_verify_audit_job_t *job);
static void ngx_smtp_verify_audit_list_doubt(ngx_smtp_verify_audit_job_t *job,
    const char *why);
static void ngx_smtp_verify_audit_list_next(ngx_smtp_verify_audit_job_t *job);


/*
 * RFC 5782, section 5: a list has an entry for 127.0.0.2 and none for
 * 127.0.0.1.  A list that is gone, or does not answer this resolver, is found
 * out in this way.
 */

void
ngx_smtp_verify_audit_lists(ngx_smtp_verify_audit_job_t *job)
{
    ngx_uint_t  n;

    n = job->conf->lists.nelts;

    if (!job->known || n == 0) {
        ngx_smtp_verify_audit_next(job);
        return;
    }

    if (job->ilist < n) {
        ngx_smtp_verify_audit_list_ask(job, &job->addr,
                                       ngx_smtp_verify_audit_list_found);
        return;
    }

    if (job->nlisted == 0 && job->ndoubtful == 0) {
        ngx_smtp_verify_audit_say(job, SV_AUDIT_BLOCKLISTS, SV_AUDIT_PASS,
                                  "The address is on none of %ui blocklists.",
                                  n);
    }

    ngx_smtp_verify_audit_next(job);
}


static void
ngx_smtp_verify_audit_list_ask(ngx_smtp_verify_audit_job_t *job,
    ngx_smtp_verify_audit_addr_t *addr, ngx_smtp_verify_audit_step_pt handler)
{
    char        name[SV_DNSBL_NAME_MAX + 1];
    size_t      len;
    ngx_str_t  *zone;

    zone = job->conf->lists.elts;
    zone += job->ilist;

    len = sv_dnsbl_name(name, sizeof(name), addr->octets, (int) addr->v6,
                        (char *) zone->data, zone->len);

    ngx_smtp_verify_audit_ask(job, ns_t_a, name, len, handler);
}


static void
ngx_smtp_verify_audit_list_found(ngx_smtp_verify_audit_job_t *job)
{
    ngx_smtp_verify_rr_list_t     *q;
    ngx_smtp_verify_audit_addr_t   test;

    q = &job->query;

    if (q->status == SV_ANSWER_ERROR) {
        ngx_smtp_verify_audit_list_doubt(job, "does not answer");
        return;
    }

    ngx_memzero(&test, sizeof(ngx_smtp_verify_audit_addr_t));

    test.octets[0] = 127;
    test.octets[3] = 1;

    switch (sv_dnsbl_judge(q->list.data, q->list.len)) {

    case SV_DNSBL_LISTED:
        ngx_smtp_verify_audit_list_ask(job, &test,
                                       ngx_smtp_verify_audit_list_all);
        return;

    case SV_DNSBL_REFUSED:
        ngx_smtp_verify_audit_list_doubt(job, "refuses your resolver");
        return;

    case SV_DNSBL_FALSE:
        ngx_smtp_verify_audit_list_doubt(job, "gives answers that are none of "
                                              "a list");
        return;

    default: /* absent */
        test.octets[3] = 2;
        ngx_smtp_verify_audit_list_ask(job, &test,
                                       ngx_smtp_verify_audit_list_none);
    }
}


/* Is everything on the list? */

static void
ngx_smtp_verify_audit_list_all(ngx_smtp_verify_audit_job_t *job)
{
    ngx_str_t                  *zone;
    ngx_smtp_verify_rr_list_t  *q;
    u_char                      text[NGX_SOCKADDR_STRLEN];

    q = &job->query;

    if (q->status == SV_ANSWER_ERROR) {
        ngx_smtp_verify_audit_list_doubt(job, "does not answer");
        return;
    }

    if (q->list.n) {
        ngx_smtp_verify_audit_list_doubt(job, "lists all addresses");
        return;
    }

    zone = job->conf->lists.elts;

    ngx_smtp_verify_audit_say(job, SV_AUDIT_BLOCKLISTS, SV_AUDIT_FAIL,
                              "The address %s is on the blocklist %V.",
                              ngx_smtp_verify_audit_text(&job->addr, text),
                              &zone[job->ilist]);

    /* of several lists the first one is told */

    job->nlisted++;
    job->ilist = job->conf->lists.nelts;

    ngx_smtp_verify_audit_lists(job);
}


/* Is nothing on the list? */

static void
ngx_smtp_verify_audit_list_none(ngx_smtp_verify_audit_job_t *job)
{
    ngx_smtp_verify_rr_list_t  *q;

    q = &job->query;

    if (q->status == SV_ANSWER_ERROR) {
        ngx_smtp_verify_audit_list_doubt(job, "does not answer");
        return;
    }

    if (sv_dnsbl_judge(q->list.data, q->list.len) != SV_DNSBL_LISTED) {
        ngx_smtp_verify_audit_list_doubt(job, "lacks its test entry, so it is "
                                              "gone, or refuses your resolver");
        return;
    }

    ngx_smtp_verify_audit_list_next(job);
}


static void
ngx_smtp_verify_audit_list_doubt(ngx_smtp_verify_audit_job_t *job,
    const char *why)
{
    ngx_str_t  *zone;

    zone = job->conf->lists.elts;

    if (job->ndoubtful++ == 0) {
        ngx_smtp_verify_audit_say(job, SV_AUDIT_BLOCKLISTS, SV_AUDIT_WARN,
                                  "The blocklist %V %s. It says nothing about "
                                  "the address.", &zone[job->ilist], why);
    }

    ngx_smtp_verify_audit_list_next(job);
}


static void
ngx_smtp_verify_audit_list_next(ngx_smtp_verify_audit_job_t *job)
{
    job->ilist++;

    ngx_smtp_verify_audit_lists(job);
}
