
#include "ngx_http_smtp_verify_ready.h"
#include "ngx_http_smtp_verify_conf_store.h"


static ngx_int_t ngx_http_smtp_verify_ready_egress(
    ngx_http_smtp_verify_main_conf_t *smcf);
static ngx_int_t ngx_http_smtp_verify_ready_store(ngx_array_t *stores);


const char *
ngx_http_smtp_verify_unready(ngx_http_smtp_verify_main_conf_t *smcf,
    ngx_uint_t store)
{
    if (ngx_exiting || ngx_quit || ngx_terminate) {
        return "The server is shutting down.";
    }

    if (ngx_http_smtp_verify_ready_egress(smcf) != NGX_OK) {
        return "No mail server can be reached from any egress.";
    }

    if (store && ngx_http_smtp_verify_ready_store(&smcf->stores) != NGX_OK) {
        return "The store of jobs is full.";
    }

    return NULL;
}


/* If nothing is known yet, it is not said to be down. */

static ngx_int_t
ngx_http_smtp_verify_ready_egress(ngx_http_smtp_verify_main_conf_t *smcf)
{
    ngx_uint_t                      i, up, known;
    ngx_smtp_verify_audit_entry_t   entry;
    ngx_smtp_verify_identity_t    **identities;

    if (smcf->audit == NULL) {
        return NGX_OK;
    }

    identities = smcf->identities.elts;
    up = 0;
    known = 0;

    for (i = 0; i < smcf->identities.nelts; i++) {

        if (ngx_smtp_verify_audit_get(smcf->audit, identities[i], &entry)
            != NGX_OK)
        {
            continue;
        }

        known++;
        up += !ngx_smtp_verify_audit_down(&entry);
    }

    return known && up == 0 ? NGX_DECLINED : NGX_OK;
}


static ngx_int_t
ngx_http_smtp_verify_ready_store(ngx_array_t *stores)
{
    ngx_uint_t                      i;
    ngx_http_smtp_verify_store_t  **store;
    ngx_smtp_verify_jobs_survey_t   survey;

    store = stores->elts;

    for (i = 0; i < stores->nelts; i++) {

        ngx_smtp_verify_jobs_survey(&store[i]->jobs, &survey);

        if (survey.room == ngx_smtp_verify_jobs_room_none) {
            return NGX_DECLINED;
        }
    }

    return NGX_OK;
}
