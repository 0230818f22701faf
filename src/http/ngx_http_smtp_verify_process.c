
#include "ngx_http_smtp_verify_conf_audit.h"
#include "ngx_http_smtp_verify_conf_fleet.h"
#include "ngx_http_smtp_verify_conf_throttle.h"
#include "ngx_http_smtp_verify_jobs_handler.h"
#include "ngx_http_smtp_verify_module.h"
#include "ngx_smtp_verify_addr_cache.h"
#include "ngx_smtp_verify_connections.h"
#include "ngx_smtp_verify_counters.h"
#include "ngx_smtp_verify_keeper.h"
#include "ngx_smtp_verify_opinion.h"
#include "ngx_smtp_verify_replies.h"
#include "ngx_smtp_verify_zone.h"
#include "sv_version.h"


static void ngx_http_smtp_verify_zones(ngx_cycle_t *cycle,
    void (*handler)(ngx_shm_zone_t *shm_zone));


ngx_int_t
ngx_http_smtp_verify_init_module(ngx_cycle_t *cycle)
{
    ngx_http_smtp_verify_main_conf_t  *smcf;

    ngx_http_smtp_verify_throttle_check(cycle);

    smcf = ngx_http_cycle_get_module_main_conf(cycle,
                                               ngx_http_smtp_verify_module);

    if (smcf) {
        ngx_http_smtp_verify_audit_place(cycle, smcf);
        ngx_http_smtp_verify_audit_check(cycle, smcf);
    }

    if (smcf && smcf->counters && !ngx_test_config) {
        ngx_log_error(NGX_LOG_NOTICE, cycle->log, 0,
                      "smtp_verify/%s", SV_VERSION);
    }

    return NGX_OK;
}


ngx_int_t
ngx_http_smtp_verify_init_process(ngx_cycle_t *cycle)
{
    ngx_http_smtp_verify_main_conf_t  *smcf;

    if (ngx_process != NGX_PROCESS_WORKER
        && ngx_process != NGX_PROCESS_SINGLE)
    {
        return NGX_OK;
    }

    smcf = ngx_http_cycle_get_module_main_conf(cycle,
                                               ngx_http_smtp_verify_module);

    if (smcf && smcf->counters) {
        ngx_smtp_verify_replies_process(smcf->replies);
        ngx_smtp_verify_counters_process(smcf->counters);
        ngx_smtp_verify_connections_init(cycle);
        ngx_smtp_verify_auditor_start(cycle, &smcf->auditor);
    }

    ngx_http_smtp_verify_zones(cycle, ngx_smtp_verify_cache_process);
    ngx_http_smtp_verify_zones(cycle, ngx_smtp_verify_throttle_process);

    if (smcf == NULL) {
        return NGX_OK;
    }

    if (ngx_http_smtp_verify_fleet_process(cycle, smcf) != NGX_OK) {
        return NGX_ERROR;
    }

    if (ngx_http_smtp_verify_jobs_init(cycle, smcf) != NGX_OK) {
        return NGX_ERROR;
    }

    return ngx_http_smtp_verify_jobs_lend_start(cycle, smcf);
}


static void
ngx_http_smtp_verify_zones(ngx_cycle_t *cycle,
    void (*handler)(ngx_shm_zone_t *shm_zone))
{
    ngx_shm_zone_t           *shm_zone;
    ngx_smtp_verify_zones_t   zones;

    ngx_smtp_verify_zones_init(&zones, cycle);

    while ((shm_zone = ngx_smtp_verify_zones_next(&zones)) != NULL) {
        handler(shm_zone);
    }
}


void
ngx_http_smtp_verify_exit_process(ngx_cycle_t *cycle)
{
    ngx_uint_t                         worked;
    ngx_http_smtp_verify_main_conf_t  *smcf;

    smcf = ngx_http_cycle_get_module_main_conf(cycle,
                                               ngx_http_smtp_verify_module);

    worked = 0;

    if (smcf) {
        worked = ngx_http_smtp_verify_jobs_exit(smcf);
        ngx_http_smtp_verify_jobs_lend_exit(smcf);
        ngx_http_smtp_verify_fleet_end(smcf);
    }

    ngx_smtp_verify_auditor_exit();
    ngx_smtp_verify_opinion_exit();
    ngx_smtp_verify_keeper_exit();
    ngx_smtp_verify_addr_cache_exit();
    ngx_smtp_verify_dns_exit();

    /* processes that are not workers have none of these */

    if (smcf && smcf->counters) {
        ngx_smtp_verify_counters_exit(smcf->counters);
    }

    ngx_http_smtp_verify_zones(cycle, ngx_smtp_verify_throttle_exit);

    /* the last thing, as nothing else may wait for foreign threads */

    if (worked) {
        ngx_smtp_verify_jobs_threads_end(cycle->log);
    }
}
