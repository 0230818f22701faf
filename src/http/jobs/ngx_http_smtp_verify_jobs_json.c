
#include "ngx_http_smtp_verify_jobs_handler.h"
#include "ngx_http_smtp_verify_list.h"


static u_char *ngx_http_smtp_verify_jobs_json_counts(u_char *p,
    sv_job_totals_t *totals, uint64_t *counted);
static u_char *ngx_http_smtp_verify_jobs_json_end(u_char *p,
    sv_catalog_job_t *job, sv_job_totals_t *totals,
    ngx_smtp_verify_jobs_progress_t *progress);
static u_char *ngx_http_smtp_verify_jobs_json_webhook(u_char *p,
    sv_catalog_job_t *job);
static u_char *ngx_http_smtp_verify_jobs_json_links(u_char *p,
    ngx_http_smtp_verify_store_t *store, sv_catalog_job_t *job);


u_char *
ngx_http_smtp_verify_jobs_json(u_char *p, ngx_http_smtp_verify_store_t *store,
    sv_catalog_job_t *job, sv_job_totals_t *totals)
{
    p = ngx_sprintf(p, "{\"id\":\"%s\"", job->id);
    p = ngx_http_smtp_verify_jobs_json_text(p, "name", job->name);
    p = ngx_sprintf(p, ",\"state\":\"%s\",\"smtp\":%s,\"records\":%uL,"
                    "\"bytes\":%uL,\"sample\":",
                    sv_job_state_name(job->state),
                    job->smtp ? "true" : "false", job->records, job->bytes);

    p = job->sample ? ngx_sprintf(p, "%uL", job->sample)
                    : ngx_cpymem(p, "null", 4);

    if (totals) {
        p = ngx_http_smtp_verify_jobs_json_totals(p, store, job, totals);
    }

    p = ngx_http_smtp_verify_jobs_json_time(p, "created_at", job->created);
    p = ngx_http_smtp_verify_jobs_json_time(p, "started_at", job->started);
    p = ngx_http_smtp_verify_jobs_json_time(p, "finished_at", job->finished);
    p = ngx_http_smtp_verify_jobs_json_time(p, "expires_at", job->expires);
    p = ngx_sprintf(p, ",\"retention\":%L,\"wait\":%L", job->retention / 1000,
                    job->wait / 1000);
    p = ngx_http_smtp_verify_jobs_json_text(p, "error", job->error);
    p = ngx_http_smtp_verify_jobs_json_webhook(p, job);
    p = ngx_http_smtp_verify_jobs_json_text(p, "request_id", job->request_id);

    return ngx_http_smtp_verify_jobs_json_links(p, store, job);
}


u_char *
ngx_http_smtp_verify_jobs_json_totals(u_char *p,
    ngx_http_smtp_verify_store_t *store, sv_catalog_job_t *job,
    sv_job_totals_t *totals)
{
    uint64_t                          counted[SV_UNDELIVERABLE + 1];
    ngx_smtp_verify_jobs_progress_t   progress;

    ngx_memzero(&progress, sizeof(ngx_smtp_verify_jobs_progress_t));

    ngx_smtp_verify_jobs_progress(&store->jobs, (u_char *) job->id,
                                  &progress);

    p = ngx_sprintf(p, ",\"answered\":%uL,\"errors\":%uL,\"duplicates\":%uL,"
                    "\"waiting\":%uL,\"in_flight\":%uL,",
                    totals->results - ngx_min(totals->errors, totals->results),
                    totals->errors, totals->duplicates, totals->waiting,
                    progress.in_flight);

    p = ngx_http_smtp_verify_jobs_json_counts(p, totals, counted);

    p = ngx_sprintf(p, ",\"estimate\":");
    p = ngx_http_smtp_verify_jobs_estimate(p, job, totals);

    p = ngx_http_smtp_verify_jobs_json_time(p, "waiting_until",
                                            totals->waiting ? totals->due : 0);

    p = ngx_sprintf(p, ",\"waiting_for\":");
    p = ngx_http_smtp_verify_jobs_waits(p, job, totals, &progress);

    p = ngx_sprintf(p, ",\"rate\":%uL", progress.rate);

    return ngx_http_smtp_verify_jobs_json_end(p, job, totals, &progress);
}


static u_char *
ngx_http_smtp_verify_jobs_json_counts(u_char *p, sv_job_totals_t *totals,
    uint64_t *counted)
{
    size_t           i;
    uint64_t         reasons[SV_REASON_MAX];
    sv_job_count_t  *count;

    ngx_memzero(counted, sizeof(uint64_t) * (SV_UNDELIVERABLE + 1));
    ngx_memzero(reasons, sizeof(reasons));

    for (i = 0; i < totals->ncounts; i++) {

        count = &totals->counts[i];

        if (count->reason < SV_REASON_MAX
            && count->status <= SV_UNDELIVERABLE)
        {
            counted[count->status] += count->n;
            reasons[count->reason] += count->n;
        }
    }

    return ngx_http_smtp_verify_line_counts(p, p + 4096, counted, reasons);
}


/* The estimate assumes that what is left goes on as in the last minute.  What
   waits is not ready before its time. */

static u_char *
ngx_http_smtp_verify_jobs_json_end(u_char *p, sv_catalog_job_t *job,
    sv_job_totals_t *totals, ngx_smtp_verify_jobs_progress_t *progress)
{
    int64_t   end;
    uint64_t  left;

    end = 0;

    if (job->state == SV_JOB_RUNNING && totals->records > totals->results) {

        left = totals->records - totals->results;
        left -= ngx_min(left, totals->waiting);

        if (left == 0) {
            end = totals->due;

        } else if (progress->rate) {
            end = (int64_t) ngx_time() * 1000
                  + (int64_t) (left * 3600000 / progress->rate);

            if (totals->waiting) {
                end = ngx_max(end, totals->due);
            }
        }
    }

    return ngx_http_smtp_verify_jobs_json_time(p, "estimated_end", end);
}


static u_char *
ngx_http_smtp_verify_jobs_json_webhook(u_char *p, sv_catalog_job_t *job)
{
    unsigned         bit;
    ngx_uint_t       n;
    const char      *name;
    sv_hook_state_t  state;

    static const char  *states[] = {
        "", "delivered", "retried", "given_up", "disabled"
    };

    if (job->webhook[0] == '\0') {
        return ngx_sprintf(p, ",\"webhook\":null");
    }

    p = ngx_sprintf(p, ",\"webhook\":{\"events\":[");

    for (bit = 1, n = 0; bit < 1u << SV_HOOK_EVENTS; bit <<= 1) {
        if (job->webhook_events & bit) {
            p = ngx_sprintf(p, "%s\"%s\"", n++ ? "," : "",
                            sv_hook_event_name(bit));
        }
    }

    *p++ = ']';

    sv_hook_state_read(job->webhook_state, &state);

    p = ngx_http_smtp_verify_jobs_json_text(p, "url", job->webhook);
    p = ngx_http_smtp_verify_jobs_json_text(p, "state", states[state.state]);

    name = sv_hook_event_name(state.type);

    p = ngx_http_smtp_verify_jobs_json_text(p, "event", name ? name : "");
    p = ngx_sprintf(p, ",\"tries\":%ui,\"status\":",
                    (ngx_uint_t) state.tries);
    p = state.status ? ngx_sprintf(p, "%ui", (ngx_uint_t) state.status)
                     : ngx_cpymem(p, "null", 4);

    p = ngx_http_smtp_verify_jobs_json_text(p, "error", state.error);
    p = ngx_http_smtp_verify_jobs_json_time(p, "tried_at", state.tried);
    p = ngx_http_smtp_verify_jobs_json_time(p, "next_try_at", state.next);
    p = ngx_http_smtp_verify_jobs_json_time(p, "delivered_at",
                                            state.delivered);
    *p++ = '}';

    return p;
}


static u_char *
ngx_http_smtp_verify_jobs_json_links(u_char *p,
    ngx_http_smtp_verify_store_t *store, sv_catalog_job_t *job)
{
    return ngx_sprintf(p, ",\"links\":{\"self\":\"%V/%s\","
                       "\"results\":\"%V/%s/results\","
                       "\"events\":\"%V/%s/events\"}}",
                       &store->prefix, job->id, &store->prefix, job->id,
                       &store->prefix, job->id);
}


u_char *
ngx_http_smtp_verify_jobs_json_text(u_char *p, const char *name,
    const char *text)
{
    size_t  len;

    len = ngx_strlen(text);

    if (len == 0) {
        return ngx_sprintf(p, ",\"%s\":null", name);
    }

    p = ngx_sprintf(p, ",\"%s\":\"", name);
    p = (u_char *) ngx_escape_json(p, (u_char *) text, len);
    *p++ = '"';

    return p;
}


/* RFC 3339, in UTC */

u_char *
ngx_http_smtp_verify_jobs_json_time(u_char *p, const char *name, int64_t msec)
{
    ngx_tm_t  tm;

    if (msec <= 0) {
        return ngx_sprintf(p, ",\"%s\":null", name);
    }

    ngx_gmtime((time_t) (msec / 1000), &tm);

    return ngx_sprintf(p, ",\"%s\":\"%4d-%02d-%02dT%02d:%02d:%02dZ\"", name,
                       tm.ngx_tm_year, tm.ngx_tm_mon, tm.ngx_tm_mday,
                       tm.ngx_tm_hour, tm.ngx_tm_min, tm.ngx_tm_sec);
}
