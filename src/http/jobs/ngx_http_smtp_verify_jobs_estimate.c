
#include "ngx_http_smtp_verify_jobs_handler.h"
#include "sv_job_sample.h"


static u_char *ngx_http_smtp_verify_jobs_estimate_counts(u_char *p,
    sv_job_totals_t *totals, ngx_uint_t reasons);
static uint64_t ngx_http_smtp_verify_jobs_estimate_sum(
    sv_job_totals_t *totals, ngx_uint_t reasons, ngx_uint_t i);


/*
 * What the sample says of the whole list.  It says little before half of it is
 * answered, and nothing any more when the true numbers are known.
 */

u_char *
ngx_http_smtp_verify_jobs_estimate(u_char *p, sv_catalog_job_t *job,
    sv_job_totals_t *totals)
{
    if (job->sample == 0 || totals->sampled == 0
        || totals->sampled < ngx_min(job->sample, job->records) / 2
        || totals->results >= totals->records
        || (job->state != SV_JOB_RUNNING && job->state != SV_JOB_PAUSED))
    {
        return ngx_cpymem(p, "null", 4);
    }

    p = ngx_sprintf(p, "{\"answered\":%uL,\"records\":%uL,"
                    "\"confidence\":0.95,\"status\":{", totals->sampled,
                    totals->records - totals->errors);

    p = ngx_http_smtp_verify_jobs_estimate_counts(p, totals, 0);

    p = ngx_cpymem(p, "},\"reason\":{", sizeof("},\"reason\":{") - 1);

    p = ngx_http_smtp_verify_jobs_estimate_counts(p, totals, 1);

    return ngx_cpymem(p, "}}", 2);
}


static u_char *
ngx_http_smtp_verify_jobs_estimate_counts(u_char *p, sv_job_totals_t *totals,
    ngx_uint_t reasons)
{
    uint64_t            x;
    ngx_uint_t          i, n, most;
    const char         *name;
    sv_job_estimate_t   e;

    most = reasons ? SV_REASON_MAX : SV_UNDELIVERABLE + 1;

    for (i = 0, n = 0; i < most; i++) {

        x = ngx_http_smtp_verify_jobs_estimate_sum(totals, reasons, i);

        if (x == 0 && reasons) {
            continue;
        }

        sv_job_estimate(&e, x, totals->sampled,
                        totals->records - totals->errors);

        name = reasons ? sv_reason_info(i)->name : sv_status_name(i);

        p = ngx_sprintf(p, "%s\"%s\":{\"count\":%uL,\"low\":%uL,\"high\":%uL}",
                        n++ ? "," : "", name, e.n, e.low, e.high);
    }

    return p;
}


static uint64_t
ngx_http_smtp_verify_jobs_estimate_sum(sv_job_totals_t *totals,
    ngx_uint_t reasons, ngx_uint_t i)
{
    size_t           j;
    uint64_t         x;
    sv_job_count_t  *count;

    for (j = 0, x = 0; j < totals->ncounts; j++) {

        count = &totals->counts[j];

        if (count->status >= SV_JOB_SAMPLED
            && (reasons ? count->reason : count->status - SV_JOB_SAMPLED) == i)
        {
            x += count->n;
        }
    }

    return x;
}
