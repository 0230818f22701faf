
/* Stores of jobs whose blocks go through a fleet. */

#include "ngx_http_smtp_verify_jobs_handler.h"
#include "ngx_http_smtp_verify_conf_fleet.h"
#include "ngx_smtp_verify_lend.h"


static uint32_t ngx_http_smtp_verify_jobs_variant(
    ngx_http_smtp_verify_loc_conf_t *slcf);


ngx_int_t
ngx_http_smtp_verify_jobs_carriers(ngx_conf_t *cf)
{
    ngx_uint_t                          i, k, n;
    ngx_smtp_verify_jobs_t             *jobs;
    ngx_smtp_verify_fleet_t            *fleet;
    ngx_http_smtp_verify_store_t      **stores;
    ngx_http_smtp_verify_main_conf_t   *smcf;

    smcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_smtp_verify_module);
    stores = smcf->stores.elts;

    for (i = 0; i < smcf->fleets.nelts; i++) {

        fleet = ngx_http_smtp_verify_fleet_get(smcf, i);

        if (!(fleet->parts & NGX_SMTP_VERIFY_FLEET_JOBS)) {
            continue;
        }

        for (k = 0, n = 0; k < smcf->stores.nelts; k++) {
            jobs = &stores[k]->jobs;

            if (jobs->data == NULL) {
                continue;
            }

            if (jobs->carrier) {
                ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "more than one fleet "
                                   "has the part \"jobs\"");
                return NGX_ERROR;
            }

            if (ngx_smtp_verify_lend_add(cf, fleet, jobs,
                                 ngx_http_smtp_verify_jobs_variant(jobs->data))
                != NGX_OK)
            {
                return NGX_ERROR;
            }

            n++;
        }

        if (n == 0) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "fleet \"%V\" has the "
                               "part \"jobs\", but no location has "
                               "\"smtp_verify_jobs\"", &fleet->name);
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


/* Hashes the settings that results depend on.  A machine takes blocks of
   another one only if their hashes are the same.  Addresses and HELO names
   differ from machine to machine, and are left out. */

static uint32_t
ngx_http_smtp_verify_jobs_variant(ngx_http_smtp_verify_loc_conf_t *slcf)
{
    uint32_t    hash, how[4];
    ngx_str_t  *name;

    how[0] = slcf->verify.scope;
    how[1] = slcf->verify.version;
    how[2] = (slcf->smtp != 0);
    how[3] = (slcf->verify.domain_age != 0);

    ngx_crc32_init(hash);
    ngx_crc32_update(&hash, (u_char *) how, sizeof(how));

    if (slcf->from) {
        name = &slcf->from->value;
        ngx_crc32_update(&hash, name->data, name->len);
    }

    ngx_crc32_update(&hash, (u_char *) "\n", 1);

    if (slcf->verify.pool) {
        name = &slcf->verify.pool->name;
        ngx_crc32_update(&hash, name->data, name->len);
    }

    ngx_crc32_final(hash);

    return hash;
}


ngx_int_t
ngx_http_smtp_verify_jobs_lend_start(ngx_cycle_t *cycle,
    ngx_http_smtp_verify_main_conf_t *smcf)
{
    ngx_uint_t                      i;
    ngx_http_smtp_verify_store_t  **stores;

    stores = smcf->stores.elts;

    for (i = 0; i < smcf->stores.nelts; i++) {
        if (stores[i]->jobs.carrier
            && ngx_smtp_verify_lend_start(stores[i]->jobs.carrier, cycle)
               != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


void
ngx_http_smtp_verify_jobs_lend_exit(ngx_http_smtp_verify_main_conf_t *smcf)
{
    ngx_uint_t                      i;
    ngx_http_smtp_verify_store_t  **stores;

    stores = smcf->stores.elts;

    for (i = 0; i < smcf->stores.nelts; i++) {
        if (stores[i]->jobs.carrier) {
            ngx_smtp_verify_lend_exit(stores[i]->jobs.carrier);
        }
    }
}
