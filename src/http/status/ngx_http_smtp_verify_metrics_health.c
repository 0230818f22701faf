
/* Metrics of what the self-audit has found. */


#include "ngx_http_smtp_verify_metrics.h"
#include "ngx_smtp_verify_connections.h"


#define NGX_HTTP_SMTP_VERIFY_METRICS_AUDIT  4096    /* octets of an identity */


static void ngx_http_smtp_verify_metrics_identity(
    ngx_http_smtp_verify_metrics_t *m, ngx_uint_t i, ngx_shm_zone_t *zone,
    ngx_smtp_verify_identity_t *identity);


size_t
ngx_http_smtp_verify_metrics_health_size(
    ngx_http_smtp_verify_main_conf_t *smcf)
{
    return (1 + ngx_min(smcf->identities.nelts,
                        NGX_SMTP_VERIFY_AUDIT_IDENTITIES))
           * NGX_HTTP_SMTP_VERIFY_METRICS_AUDIT;
}


/* The number of an identity tells apart two that differ only in MAIL FROM. */

void
ngx_http_smtp_verify_metrics_health(ngx_http_smtp_verify_metrics_t *m,
    ngx_http_smtp_verify_main_conf_t *smcf)
{
    ngx_uint_t                      i;
    ngx_smtp_verify_audit_check_t   check;
    ngx_smtp_verify_identity_t    **identities;

    ngx_http_smtp_verify_metrics_head(m, NGX_HTTP_SMTP_VERIFY_METRIC_GAUGE,
                                      "", "audit_status",
                                      "Result of a check of an identity, or "
                                      "of the host: 0 not known, 1 pass, "
                                      "2 warn, 3 fail.");

    identities = smcf->identities.elts;

    for (i = 0; smcf->audit && i < smcf->identities.nelts; i++) {
        ngx_http_smtp_verify_metrics_identity(m, i, smcf->audit,
                                              identities[i]);
    }

    if (smcf->audit) {
        ngx_smtp_verify_audit_host(smcf->audit, SV_AUDIT_CLOCK, &check);

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


static void
ngx_http_smtp_verify_metrics_identity(ngx_http_smtp_verify_metrics_t *m,
    ngx_uint_t i, ngx_shm_zone_t *zone, ngx_smtp_verify_identity_t *identity)
{
    ngx_uint_t                     k;
    ngx_smtp_verify_audit_entry_t  entry;

    if (ngx_smtp_verify_audit_get(zone, identity, &entry) != NGX_OK) {
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
                            i, &identity->name, &identity->helo,
                            sv_audit_name(k), entry.checks[k].status);
    }
}
