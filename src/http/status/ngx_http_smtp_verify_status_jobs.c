
/* The jobs of all stores, in the status. */


#include "ngx_http_smtp_verify_status.h"
#include "ngx_http_smtp_verify_conf_store.h"


/* octets of a store without its location, each octet of which may take six */

#define NGX_HTTP_SMTP_VERIFY_STATUS_STORE  512


static u_char *ngx_http_smtp_verify_status_store(
    ngx_http_smtp_verify_store_t *store, u_char *p, u_char *last);


size_t
ngx_http_smtp_verify_status_jobs_size(ngx_http_request_t *r)
{
    size_t                              size;
    ngx_uint_t                          i;
    ngx_http_smtp_verify_store_t      **store;
    ngx_http_smtp_verify_main_conf_t   *smcf;

    smcf = ngx_http_get_module_main_conf(r, ngx_http_smtp_verify_module);

    store = smcf->stores.elts;
    size = NGX_HTTP_SMTP_VERIFY_STATUS_STORE;

    for (i = 0; i < smcf->stores.nelts; i++) {
        size += NGX_HTTP_SMTP_VERIFY_STATUS_STORE
                + 6 * store[i]->location.len;
    }

    return size;
}


u_char *
ngx_http_smtp_verify_status_jobs(ngx_http_request_t *r, u_char *p,
    u_char *last)
{
    ngx_uint_t                          i;
    ngx_http_smtp_verify_store_t      **store;
    ngx_http_smtp_verify_main_conf_t   *smcf;

    smcf = ngx_http_get_module_main_conf(r, ngx_http_smtp_verify_module);

    store = smcf->stores.elts;

    p = ngx_snprintf(p, last - p, ",\"jobs\":[");

    for (i = 0; i < smcf->stores.nelts; i++) {

        if (i) {
            p = ngx_snprintf(p, last - p, ",");
        }

        p = ngx_http_smtp_verify_status_store(store[i], p, last);
    }

    return ngx_snprintf(p, last - p, "]");
}


static u_char *
ngx_http_smtp_verify_status_store(ngx_http_smtp_verify_store_t *store,
    u_char *p, u_char *last)
{
    ngx_uint_t                      i;
    ngx_smtp_verify_jobs_survey_t   survey;
    static const char *const        rooms[] = { "enough", "short", "none" };

    ngx_smtp_verify_jobs_survey(&store->jobs, &survey);

    p = ngx_snprintf(p, last - p, "{\"location\":\"");
    p = (u_char *) ngx_escape_json(p, store->location.data,
                                   store->location.len);
    p = ngx_snprintf(p, last - p, "\",\"size\":%uL,", survey.size);

    if (survey.at == 0) {
        return ngx_snprintf(p, last - p, "\"used\":null,\"free\":null,"
                            "\"room\":null,\"records\":null,"
                            "\"in_flight\":%uL,\"states\":null}",
                            survey.in_flight);
    }

    p = ngx_snprintf(p, last - p, "\"used\":%uL,\"free\":%uL,"
                     "\"room\":\"%s\",\"records\":%uL,\"in_flight\":%uL,"
                     "\"states\":{", survey.store.used, survey.store.free,
                     rooms[survey.room], survey.store.records,
                     survey.in_flight);

    for (i = 0; i < SV_JOB_PURGING; i++) {
        p = ngx_snprintf(p, last - p, "%s\"%s\":%uL", i ? "," : "",
                         ngx_smtp_verify_jobs_state(i), survey.store.jobs[i]);
    }

    return ngx_snprintf(p, last - p, "}}");
}
