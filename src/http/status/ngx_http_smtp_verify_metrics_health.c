
/* Metrics of whether the server is ready, of the checks of its health, and of
   the stores of jobs. */


#include "ngx_http_smtp_verify_metrics.h"
#include "ngx_http_smtp_verify_ready.h"
#include "ngx_http_smtp_verify_conf_store.h"
#include "ngx_http_smtp_verify_conf_fleet.h"
#include "ngx_smtp_verify_connections.h"


#define NGX_HTTP_SMTP_VERIFY_METRICS_AUDIT  4096    /* octets of an identity */
#define NGX_HTTP_SMTP_VERIFY_METRICS_STORE  4096    /* and of a store */
#define NGX_HTTP_SMTP_VERIFY_METRICS_FLEET  1024    /* and of a fleet */


/* a store of jobs, as it was when the scrape began */

typedef struct {
    ngx_str_t                         label;
    ngx_smtp_verify_jobs_survey_t     survey;
} ngx_http_smtp_verify_metric_store_t;


typedef uint64_t (*ngx_http_smtp_verify_metric_store_pt)
    (ngx_smtp_verify_jobs_survey_t *survey);


static void ngx_http_smtp_verify_metrics_audit(
    ngx_http_smtp_verify_metrics_t *m, ngx_http_smtp_verify_main_conf_t *smcf,
    ngx_pool_t *pool);
static void ngx_http_smtp_verify_metrics_identity(
    ngx_http_smtp_verify_metrics_t *m, ngx_uint_t i, ngx_shm_zone_t *zone,
    ngx_smtp_verify_identity_t *identity, ngx_pool_t *pool);
static void ngx_http_smtp_verify_metrics_host(
    ngx_http_smtp_verify_metrics_t *m, ngx_shm_zone_t *zone);
static void ngx_http_smtp_verify_metrics_stores(
    ngx_http_smtp_verify_metrics_t *m, ngx_http_smtp_verify_main_conf_t *smcf,
    ngx_pool_t *pool);
static void ngx_http_smtp_verify_metrics_check(
    ngx_http_smtp_verify_metrics_t *m, ngx_pool_t *pool,
    sv_audit_check_e check, const char *key, ngx_str_t *value,
    ngx_uint_t well);
static void ngx_http_smtp_verify_metrics_fleets(
    ngx_http_smtp_verify_metrics_t *m, ngx_http_smtp_verify_main_conf_t *smcf,
    ngx_pool_t *pool);
static void ngx_http_smtp_verify_metrics_jobs(
    ngx_http_smtp_verify_metrics_t *m, ngx_array_t *stores, ngx_pool_t *pool);
static void ngx_http_smtp_verify_metrics_states(
    ngx_http_smtp_verify_metrics_t *m,
    ngx_http_smtp_verify_metric_store_t *store, ngx_uint_t n);
static uint64_t ngx_http_smtp_verify_metrics_flight(
    ngx_smtp_verify_jobs_survey_t *survey);
static uint64_t ngx_http_smtp_verify_metrics_used(
    ngx_smtp_verify_jobs_survey_t *survey);
static uint64_t ngx_http_smtp_verify_metrics_size(
    ngx_smtp_verify_jobs_survey_t *survey);
static uint64_t ngx_http_smtp_verify_metrics_free(
    ngx_smtp_verify_jobs_survey_t *survey);


static const struct {
    const char                           *name;
    const char                           *help;
    ngx_http_smtp_verify_metric_store_pt  value;
} ngx_http_smtp_verify_metric_stores[] = {
    { "jobs_records_in_flight", "Records of jobs that are asked now.",
      ngx_http_smtp_verify_metrics_flight },
    { "jobs_store_used_bytes", "What all jobs of a store use.",
      ngx_http_smtp_verify_metrics_used },
    { "jobs_store_size_bytes", "What all jobs of a store may use.",
      ngx_http_smtp_verify_metrics_size },
    { "jobs_store_free_bytes", "What is free on the disk of a store.",
      ngx_http_smtp_verify_metrics_free }
};


size_t
ngx_http_smtp_verify_metrics_health_size(
    ngx_http_smtp_verify_main_conf_t *smcf)
{
    return (1 + ngx_min(smcf->identities.nelts,
                        NGX_SMTP_VERIFY_AUDIT_IDENTITIES))
           * NGX_HTTP_SMTP_VERIFY_METRICS_AUDIT
           + smcf->stores.nelts * NGX_HTTP_SMTP_VERIFY_METRICS_STORE
           + smcf->fleets.nelts * NGX_HTTP_SMTP_VERIFY_METRICS_FLEET;
}


void
ngx_http_smtp_verify_metrics_health(ngx_http_smtp_verify_metrics_t *m,
    ngx_http_smtp_verify_main_conf_t *smcf, ngx_pool_t *pool)
{
    ngx_http_smtp_verify_metrics_head(m, NGX_HTTP_SMTP_VERIFY_METRIC_GAUGE,
                                      "", "ready",
                                      "Whether this server should get "
                                      "requests: 1 or 0.");

    m->p = ngx_snprintf(m->p, m->last - m->p, "nginx_smtp_verify_ready %d\n",
                        ngx_http_smtp_verify_unready(smcf, 1) == NULL);

    ngx_http_smtp_verify_metrics_audit(m, smcf, pool);
    ngx_http_smtp_verify_metrics_fleets(m, smcf, pool);
    ngx_http_smtp_verify_metrics_jobs(m, &smcf->stores, pool);
}


static void
ngx_http_smtp_verify_metrics_audit(ngx_http_smtp_verify_metrics_t *m,
    ngx_http_smtp_verify_main_conf_t *smcf, ngx_pool_t *pool)
{
    ngx_uint_t                    i;
    ngx_smtp_verify_identity_t  **identities;

    ngx_http_smtp_verify_metrics_head(m, NGX_HTTP_SMTP_VERIFY_METRIC_GAUGE,
                                      "", "audit_status",
                                      "Result of a check of an identity, the "
                                      "host, a store of jobs or a fleet: "
                                      "0 not known, 1 pass, 2 warn, 3 fail.");

    identities = smcf->identities.elts;

    for (i = 0; smcf->audit && i < smcf->identities.nelts; i++) {
        ngx_http_smtp_verify_metrics_identity(m, i, smcf->audit,
                                              identities[i], pool);
    }

    ngx_http_smtp_verify_metrics_host(m, smcf->audit);
    ngx_http_smtp_verify_metrics_stores(m, smcf, pool);
}


static void
ngx_http_smtp_verify_metrics_host(ngx_http_smtp_verify_metrics_t *m,
    ngx_shm_zone_t *zone)
{
    ngx_smtp_verify_audit_check_t  check;

    if (zone) {
        ngx_smtp_verify_audit_host(zone, SV_AUDIT_CLOCK, &check);

        if (check.checked) {
            m->p = ngx_snprintf(m->p, m->last - m->p,
                                "nginx_smtp_verify_audit_status{"
                                "check=\"%s\"} %uD\n",
                                sv_audit_name(SV_AUDIT_CLOCK), check.status);
        }
    }

    m->p = ngx_snprintf(m->p, m->last - m->p,
                        "nginx_smtp_verify_audit_status{check=\"%s\"} %d\n",
                        sv_audit_name(SV_AUDIT_FILES),
                        ngx_smtp_verify_connections() < ngx_cycle->connection_n
                        ? SV_AUDIT_WARN : SV_AUDIT_PASS);
}


/* The checks "store" and "fleet", as /health has them. */

static void
ngx_http_smtp_verify_metrics_stores(ngx_http_smtp_verify_metrics_t *m,
    ngx_http_smtp_verify_main_conf_t *smcf, ngx_pool_t *pool)
{
    ngx_uint_t                      i;
    ngx_smtp_verify_fleet_t        *fleet;
    ngx_http_smtp_verify_store_t  **store;
    ngx_smtp_verify_jobs_survey_t   survey;

    store = smcf->stores.elts;

    for (i = 0; i < smcf->stores.nelts; i++) {

        ngx_smtp_verify_jobs_survey(&store[i]->jobs, &survey);

        if (survey.at) {
            ngx_http_smtp_verify_metrics_check(m, pool, SV_AUDIT_STORE,
                               "store", &store[i]->location,
                               survey.room == ngx_smtp_verify_jobs_room_enough);
        }
    }

    for (i = 0; i < smcf->fleets.nelts; i++) {

        fleet = ngx_http_smtp_verify_fleet_get(smcf, i);

        ngx_http_smtp_verify_metrics_check(m, pool, SV_AUDIT_FLEET, "fleet",
                               &fleet->name,
                               ngx_http_smtp_verify_fleet_is_well(fleet));
    }
}


static void
ngx_http_smtp_verify_metrics_check(ngx_http_smtp_verify_metrics_t *m,
    ngx_pool_t *pool, sv_audit_check_e check, const char *key,
    ngx_str_t *value, ngx_uint_t well)
{
    ngx_str_t  label;

    if (ngx_http_smtp_verify_metrics_label(pool, &label, value) != NGX_OK) {
        return;
    }

    m->p = ngx_snprintf(m->p, m->last - m->p,
                        "nginx_smtp_verify_audit_status{"
                        "check=\"%s\",%s=\"%V\"} %d\n",
                        sv_audit_name(check), key, &label,
                        well ? SV_AUDIT_PASS : SV_AUDIT_WARN);
}


/* Fleets whose machines share no limits have no such metric. */

static void
ngx_http_smtp_verify_metrics_fleets(ngx_http_smtp_verify_metrics_t *m,
    ngx_http_smtp_verify_main_conf_t *smcf, ngx_pool_t *pool)
{
    ngx_int_t                 alone;
    ngx_str_t                 label;
    ngx_uint_t                i, n;
    ngx_smtp_verify_fleet_t  *fleet;

    n = 0;

    for (i = 0; i < smcf->fleets.nelts; i++) {

        fleet = ngx_http_smtp_verify_fleet_get(smcf, i);
        alone = ngx_http_smtp_verify_fleet_is_alone(fleet);

        if (alone < 0
            || ngx_http_smtp_verify_metrics_label(pool, &label, &fleet->name)
               != NGX_OK)
        {
            continue;
        }

        if (n++ == 0) {
            ngx_http_smtp_verify_metrics_head(m,
                                      NGX_HTTP_SMTP_VERIFY_METRIC_GAUGE, "",
                                      "fleet_safe_share",
                                      "Whether this machine has its safe "
                                      "share of limits that machines share, "
                                      "since the fleet store shares out "
                                      "none: 1 or 0.");
        }

        m->p = ngx_snprintf(m->p, m->last - m->p,
                            "nginx_smtp_verify_fleet_safe_share{"
                            "fleet=\"%V\"} %i\n", &label, alone);
    }
}


/* The number of an identity tells apart two that differ only in MAIL FROM. */

static void
ngx_http_smtp_verify_metrics_identity(ngx_http_smtp_verify_metrics_t *m,
    ngx_uint_t i, ngx_shm_zone_t *zone, ngx_smtp_verify_identity_t *identity,
    ngx_pool_t *pool)
{
    ngx_str_t                      egress, helo;
    ngx_uint_t                     k;
    ngx_smtp_verify_audit_entry_t  entry;

    if (ngx_smtp_verify_audit_get(zone, identity, &entry) != NGX_OK
        || ngx_http_smtp_verify_metrics_label(pool, &egress, &identity->name)
           != NGX_OK
        || ngx_http_smtp_verify_metrics_label(pool, &helo, &identity->helo)
           != NGX_OK)
    {
        return;
    }

    ngx_smtp_verify_audit_port(&entry.history, &entry.checks[SV_AUDIT_PORT]);

    for (k = 0; k < SV_AUDIT_EGRESS_CHECKS; k++) {

        if (entry.checks[k].checked == 0) {
            continue;
        }

        m->p = ngx_snprintf(m->p, m->last - m->p,
                            "nginx_smtp_verify_audit_status{"
                            "identity=\"%ui\",egress=\"%V\","
                            "helo=\"%V\",check=\"%s\"} %uD\n",
                            i, &egress, &helo, sv_audit_name(k),
                            entry.checks[k].status);
    }
}


/* A store is left out until it has been looked at. */

static void
ngx_http_smtp_verify_metrics_jobs(ngx_http_smtp_verify_metrics_t *m,
    ngx_array_t *stores, ngx_pool_t *pool)
{
    ngx_uint_t                            i, k, n;
    ngx_http_smtp_verify_store_t        **store;
    ngx_http_smtp_verify_metric_store_t  *found;

    found = ngx_palloc(pool, (stores->nelts + 1)
                             * sizeof(ngx_http_smtp_verify_metric_store_t));
    if (found == NULL) {
        return;
    }

    store = stores->elts;

    for (i = 0, n = 0; i < stores->nelts; i++) {

        ngx_smtp_verify_jobs_survey(&store[i]->jobs, &found[n].survey);

        if (found[n].survey.at
            && ngx_http_smtp_verify_metrics_label(pool, &found[n].label,
                                                  &store[i]->location)
               == NGX_OK)
        {
            n++;
        }
    }

    if (n == 0) {
        return;
    }

    ngx_http_smtp_verify_metrics_states(m, found, n);

    for (k = 0; k < sizeof(ngx_http_smtp_verify_metric_stores)
                    / sizeof(ngx_http_smtp_verify_metric_stores[0]);
         k++)
    {
        ngx_http_smtp_verify_metrics_head(m,
                                 NGX_HTTP_SMTP_VERIFY_METRIC_GAUGE, "",
                                 ngx_http_smtp_verify_metric_stores[k].name,
                                 ngx_http_smtp_verify_metric_stores[k].help);

        for (i = 0; i < n; i++) {
            m->p = ngx_snprintf(m->p, m->last - m->p,
                                "nginx_smtp_verify_%s{store=\"%V\"} %uL\n",
                                ngx_http_smtp_verify_metric_stores[k].name,
                                &found[i].label,
                                ngx_http_smtp_verify_metric_stores[k].value(
                                                          &found[i].survey));
        }
    }
}


static void
ngx_http_smtp_verify_metrics_states(ngx_http_smtp_verify_metrics_t *m,
    ngx_http_smtp_verify_metric_store_t *store, ngx_uint_t n)
{
    ngx_uint_t  i, k;

    ngx_http_smtp_verify_metrics_head(m, NGX_HTTP_SMTP_VERIFY_METRIC_GAUGE,
                                      "", "jobs", "Jobs by state.");

    for (i = 0; i < n; i++) {
        for (k = 0; k < SV_JOB_PURGING; k++) {
            m->p = ngx_snprintf(m->p, m->last - m->p,
                                "nginx_smtp_verify_jobs{store=\"%V\","
                                "state=\"%s\"} %uL\n", &store[i].label,
                                ngx_smtp_verify_jobs_state(k),
                                store[i].survey.store.jobs[k]);
        }
    }
}


static uint64_t
ngx_http_smtp_verify_metrics_flight(ngx_smtp_verify_jobs_survey_t *survey)
{
    return survey->in_flight;
}


static uint64_t
ngx_http_smtp_verify_metrics_used(ngx_smtp_verify_jobs_survey_t *survey)
{
    return survey->store.used;
}


static uint64_t
ngx_http_smtp_verify_metrics_size(ngx_smtp_verify_jobs_survey_t *survey)
{
    return survey->size;
}


static uint64_t
ngx_http_smtp_verify_metrics_free(ngx_smtp_verify_jobs_survey_t *survey)
{
    return survey->store.free;
}
