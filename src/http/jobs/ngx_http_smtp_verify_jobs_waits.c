
#include "ngx_http_smtp_verify_jobs_handler.h"


#define NGX_HTTP_SMTP_VERIFY_JOBS_NO_ROOM                                     \
    "The zone of the store has no room for this job beside the others. It "   \
    "begins when others have ended."
#define NGX_HTTP_SMTP_VERIFY_JOBS_TOO_LARGE                                   \
    "The zone of the store is too small for this job. It begins when the "    \
    "operator has given smtp_verify_jobs_store a larger \"zone\"."
#define NGX_HTTP_SMTP_VERIFY_JOBS_QUOTA                                       \
    "The addresses that the client may verify today are used up."


/* what a person wants to know of records that are retried: reasons have no more
   than a few words */

static const struct {
    sv_reason_e  reason;
    const char  *says;
} ngx_http_smtp_verify_jobs_waits_says[] = {
    { SV_GREYLISTED, "The mail server does not know us yet, and asks us to "
                     "try again later." },
    { SV_RATE_LIMITED, "The mail server says that it is asked too often." },
    { SV_SERVER_ERROR, "The mail server says that it has a fault." },
    { SV_TEMPORARY_FAILURE, "The mail server cannot answer for the moment." },
    { SV_CONNECT_FAILED, "The mail server could not be reached." },
    { SV_TIMEOUT, "The mail server did not answer in time." },
    { SV_PROTOCOL_ERROR, "What the mail server answered was not SMTP." },
    { SV_DNS_ERROR, "The name servers gave no answer about the domain." },
    { SV_THROTTLED, "The limits of this server do not allow to ask the mail "
                    "server more often." },
    { SV_CIRCUIT_OPEN, "The mail server is left alone for a while, as it "
                       "failed or complained too often." },
    { SV_PENDING, "The mail server has not answered yet." }
};


static u_char *ngx_http_smtp_verify_jobs_waits_one(u_char *p,
    const char *reason, uint64_t n, int64_t until, const char *detail);
static const char *ngx_http_smtp_verify_jobs_waits_detail(sv_reason_e reason,
    ngx_smtp_verify_jobs_progress_t *progress);


u_char *
ngx_http_smtp_verify_jobs_waits(u_char *p, sv_catalog_job_t *job,
    sv_job_totals_t *totals, ngx_smtp_verify_jobs_progress_t *progress)
{
    size_t         i;
    uint64_t       open;
    u_char        *start;
    sv_job_why_t  *why;

    *p++ = '[';

    if (job->state != SV_JOB_QUEUED && job->state != SV_JOB_RUNNING) {
        *p++ = ']';
        return p;
    }

    start = p;
    open = totals->records - ngx_min(totals->records, totals->results
                                                      + totals->waiting);

    if (progress->no_room) {
        p = ngx_http_smtp_verify_jobs_waits_one(p, "no_room", open, 0,
                                        progress->no_room == 1
                                        ? NGX_HTTP_SMTP_VERIFY_JOBS_NO_ROOM
                                        : NGX_HTTP_SMTP_VERIFY_JOBS_TOO_LARGE);
    }

    if (progress->quota) {
        p = ngx_http_smtp_verify_jobs_waits_one(p, "quota_exceeded", open,
                                            (int64_t) progress->quota * 1000,
                                            NGX_HTTP_SMTP_VERIFY_JOBS_QUOTA);
    }

    for (i = 0; i < totals->nwaits; i++) {
        why = &totals->waits[i];

        if (why->reason < SV_REASON_MAX) {
            p = ngx_http_smtp_verify_jobs_waits_one(p,
                                sv_reason_info(why->reason)->name, why->n,
                                why->due,
                                ngx_http_smtp_verify_jobs_waits_detail(
                                                   why->reason, progress));
        }
    }

    if (p > start) {
        p--;
    }

    *p++ = ']';

    return p;
}


static u_char *
ngx_http_smtp_verify_jobs_waits_one(u_char *p, const char *reason, uint64_t n,
    int64_t until, const char *detail)
{
    p = ngx_sprintf(p, "{\"reason\":\"%s\",\"count\":%uL", reason, n);
    p = ngx_http_smtp_verify_jobs_json_time(p, "until", until);
    p = ngx_sprintf(p, ",\"detail\":\"");
    p = (u_char *) ngx_escape_json(p, (u_char *) detail, ngx_strlen(detail));

    return ngx_cpymem(p, "\"},", 3);
}


/* If no mail server can be reached at all, or none may be asked, the last
   record says so. */

static const char *
ngx_http_smtp_verify_jobs_waits_detail(sv_reason_e reason,
    ngx_smtp_verify_jobs_progress_t *progress)
{
    ngx_uint_t  i, n;

    if (progress->detail[0]
        && (reason == SV_CONNECT_FAILED || reason == SV_TIMEOUT
            || reason == SV_CIRCUIT_OPEN))
    {
        return (const char *) progress->detail;
    }

    n = sizeof(ngx_http_smtp_verify_jobs_waits_says)
        / sizeof(ngx_http_smtp_verify_jobs_waits_says[0]);

    for (i = 0; i < n; i++) {

        if (ngx_http_smtp_verify_jobs_waits_says[i].reason == reason) {
            return ngx_http_smtp_verify_jobs_waits_says[i].says;
        }
    }

    return sv_reason_info(reason)->help;
}
