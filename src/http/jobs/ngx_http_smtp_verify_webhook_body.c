
#include "ngx_http_smtp_verify_webhook.h"
#include "sv_version.h"


static ngx_int_t ngx_http_smtp_verify_webhook_json(
    ngx_http_smtp_verify_webhook_t *wh, sv_catalog_job_t *job, unsigned type,
    int64_t created, sv_job_totals_t *totals);
static u_char *ngx_http_smtp_verify_webhook_data(u_char *p,
    ngx_http_smtp_verify_webhook_conf_t *conf, sv_catalog_job_t *job,
    sv_job_totals_t *totals);
static ngx_int_t ngx_http_smtp_verify_webhook_sign(
    ngx_http_smtp_verify_webhook_t *wh, sv_catalog_job_t *job,
    const char *id);
static void ngx_http_smtp_verify_webhook_header(
    ngx_http_smtp_verify_webhook_t *wh, const char *name, u_char *data,
    size_t len);


ngx_int_t
ngx_http_smtp_verify_webhook_event(ngx_http_smtp_verify_webhook_t *wh,
    sv_catalog_job_t *job, const char *id, unsigned type, int64_t created,
    sv_job_totals_t *totals)
{
    u_char  *p;

    static ngx_str_t  json = ngx_string("application/json");
    static ngx_str_t  agent = ngx_string("nginx-smtp-verify/" SV_VERSION);

    if (ngx_http_smtp_verify_webhook_json(wh, job, type, created, totals)
        != NGX_OK
        || ngx_http_smtp_verify_webhook_sign(wh, job, id) != NGX_OK)
    {
        return NGX_ERROR;
    }

    ngx_http_smtp_verify_webhook_header(wh, "content-type", json.data,
                                        json.len);
    ngx_http_smtp_verify_webhook_header(wh, "user-agent", agent.data,
                                        agent.len);

    if (job->traceparent[0] == '\0') {
        return NGX_OK;
    }

    p = ngx_pnalloc(wh->pool, SV_CATALOG_TRACE);
    if (p == NULL) {
        return NGX_ERROR;
    }

    ngx_memcpy(p, job->traceparent, SV_CATALOG_TRACE);
    ngx_http_smtp_verify_webhook_header(wh, "traceparent", p, ngx_strlen(p));

    return NGX_OK;
}


static ngx_int_t
ngx_http_smtp_verify_webhook_json(ngx_http_smtp_verify_webhook_t *wh,
    sv_catalog_job_t *job, unsigned type, int64_t created,
    sv_job_totals_t *totals)
{
    u_char      *p, *buf;
    const char  *name;

    buf = ngx_alloc(NGX_HTTP_SMTP_VERIFY_JOBS_JSON_MAX, ngx_cycle->log);
    if (buf == NULL) {
        return NGX_ERROR;
    }

    name = type ? sv_hook_event_name(type) : "test";

    p = ngx_sprintf(buf, "{\"type\":\"job.%s\"", name ? name : "unknown");
    p = ngx_http_smtp_verify_jobs_json_time(p, "timestamp", created);
    p = ngx_http_smtp_verify_webhook_data(p, wh->conf, job, totals);

    wh->body.len = p - buf;
    wh->body.data = ngx_pnalloc(wh->pool, wh->body.len);

    if (wh->body.data) {
        ngx_memcpy(wh->body.data, buf, wh->body.len);
    }

    ngx_free(buf);

    return wh->body.data ? NGX_OK : NGX_ERROR;
}


/* Neither the name of the job, which people may write what they like into, nor
   the URL of the webhook. */

static u_char *
ngx_http_smtp_verify_webhook_data(u_char *p,
    ngx_http_smtp_verify_webhook_conf_t *conf, sv_catalog_job_t *job,
    sv_job_totals_t *totals)
{
    ngx_str_t  *prefix;

    prefix = &conf->store->prefix;

    p = ngx_sprintf(p, ",\"data\":{\"id\":\"%s\",\"state\":\"%s\","
                    "\"records\":%uL", job->id,
                    sv_job_state_name(job->state), job->records);

    if (totals) {
        p = ngx_http_smtp_verify_jobs_json_totals(p, conf->store, job, totals);
    }

    p = ngx_http_smtp_verify_jobs_json_time(p, "created_at", job->created);
    p = ngx_http_smtp_verify_jobs_json_time(p, "started_at", job->started);
    p = ngx_http_smtp_verify_jobs_json_time(p, "finished_at", job->finished);
    p = ngx_http_smtp_verify_jobs_json_time(p, "expires_at", job->expires);
    p = ngx_http_smtp_verify_jobs_json_text(p, "error", job->error);
    p = ngx_http_smtp_verify_jobs_json_text(p, "request_id", job->request_id);

    return ngx_sprintf(p, ",\"links\":{\"self\":\"%V%V/%s\","
                       "\"results\":\"%V%V/%s/results\"}}}",
                       &conf->links, prefix, job->id, &conf->links, prefix,
                       job->id);
}


/* A signature by each key of the client, so that a key can be changed without a
   gap. */

static ngx_int_t
ngx_http_smtp_verify_webhook_sign(ngx_http_smtp_verify_webhook_t *wh,
    sv_catalog_job_t *job, const char *id)
{
    u_char         *p, *id_text, *time_text;
    sv_str_t        name, timestamp, body;
    ngx_uint_t      i, n;
    sv_hook_key_t  *keys[NGX_HTTP_SMTP_VERIFY_WEBHOOK_KEYS];

    n = ngx_http_smtp_verify_webhook_keys(wh->conf, job->client, keys);

    id_text = ngx_pnalloc(wh->pool, sizeof("msg_") + SV_JOBS_ID_LEN);
    time_text = ngx_pnalloc(wh->pool, NGX_TIME_T_LEN);
    p = ngx_pnalloc(wh->pool, n * (SV_HOOK_SIGNATURE_LEN + 1) + 1);

    if (id_text == NULL || time_text == NULL || p == NULL) {
        return NGX_ERROR;
    }

    name.data = id_text;
    name.len = ngx_sprintf(id_text, "msg_%s", id) - id_text;

    timestamp.data = time_text;
    timestamp.len = ngx_sprintf(time_text, "%T", ngx_time()) - time_text;

    body.data = wh->body.data;
    body.len = wh->body.len;

    wh->signature.data = p;

    for (i = 0; i < n; i++) {

        if (i) {
            *p++ = ' ';
        }

        if (sv_hook_sign(keys[i], &name, &timestamp, &body, p) != 0) {
            return NGX_ERROR;
        }

        p += SV_HOOK_SIGNATURE_LEN;
    }

    wh->signature.len = p - wh->signature.data;

    ngx_http_smtp_verify_webhook_header(wh, "webhook-id", name.data, name.len);
    ngx_http_smtp_verify_webhook_header(wh, "webhook-timestamp",
                                        timestamp.data, timestamp.len);
    ngx_http_smtp_verify_webhook_header(wh, "webhook-signature",
                                        wh->signature.data,
                                        wh->signature.len);

    return NGX_OK;
}


static void
ngx_http_smtp_verify_webhook_header(ngx_http_smtp_verify_webhook_t *wh,
    const char *name, u_char *data, size_t len)
{
    ngx_keyval_t  *header;

    header = &wh->headers[wh->nheaders++];

    header->key.data = (u_char *) name;
    header->key.len = ngx_strlen(name);
    header->value.data = data;
    header->value.len = len;
}
