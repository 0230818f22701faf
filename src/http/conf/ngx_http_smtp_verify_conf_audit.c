
#include "ngx_http_smtp_verify_conf_audit.h"
#include "ngx_http_smtp_verify_param.h"

#include <sys/resource.h>


#define NGX_HTTP_SMTP_VERIFY_AUDIT_INTERVAL  3600000    /* ms */
#define NGX_HTTP_SMTP_VERIFY_AUDIT_NAMES     16


static void ngx_http_smtp_verify_audit_warn(ngx_cycle_t *cycle,
    const char *fmt, ...);
static ngx_int_t ngx_http_smtp_verify_audit_param(ngx_conf_t *cf,
    ngx_smtp_verify_auditor_conf_t *auditor, ngx_str_t *param);
static ngx_int_t ngx_http_smtp_verify_audit_word(ngx_conf_t *cf,
    ngx_array_t *names, ngx_str_t *name);
static ngx_smtp_verify_identity_t *ngx_http_smtp_verify_audit_identity(
    ngx_conf_t *cf, ngx_smtp_verify_conf_t *conf,
    ngx_smtp_verify_egress_t *egress, ngx_str_t *helo, ngx_str_t *from);
static void ngx_http_smtp_verify_audit_constant(ngx_http_complex_value_t *cv,
    ngx_str_t *value);
static void ngx_http_smtp_verify_audit_key(u_char *key, ngx_str_t *name,
    ngx_str_t *helo, ngx_str_t *from);


ngx_int_t
ngx_http_smtp_verify_audit_create(ngx_conf_t *cf,
    ngx_http_smtp_verify_main_conf_t *smcf)
{
    ngx_smtp_verify_auditor_conf_t  *auditor;

    auditor = &smcf->auditor;

    auditor->enable = NGX_CONF_UNSET;
    auditor->interval = NGX_HTTP_SMTP_VERIFY_AUDIT_INTERVAL;

    if (ngx_array_init(&smcf->identities, cf->pool, 2,
                       sizeof(ngx_smtp_verify_identity_t *))
        != NGX_OK
        || ngx_array_init(&auditor->lists, cf->pool, 2, sizeof(ngx_str_t))
           != NGX_OK
        || ngx_array_init(&auditor->targets, cf->pool, 2, sizeof(ngx_str_t))
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_array_init(&auditor->subjects, cf->pool, 2,
                          sizeof(ngx_smtp_verify_subject_t));
}


/* Parses smtp_verify_audit on | off [interval=TIME] [target=HOST]...
   [blocklist=ZONE]... [on_fail=warn | estimate | refuse]. */

char *
ngx_http_smtp_verify_conf_audit(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_smtp_verify_main_conf_t *smcf = conf;

    ngx_str_t   *value;
    ngx_uint_t   i;

    if (smcf->auditor.enable != NGX_CONF_UNSET) {
        return "is duplicate";
    }

    value = cf->args->elts;

    if (ngx_strcmp(value[1].data, "off") == 0) {
        smcf->auditor.enable = 0;

    } else if (ngx_strcmp(value[1].data, "on") == 0) {
        smcf->auditor.enable = 1;

    } else {
        return "has to be \"on\" or \"off\"";
    }

    for (i = 2; i < cf->args->nelts; i++) {
        if (ngx_http_smtp_verify_audit_param(cf, &smcf->auditor, &value[i])
            != NGX_OK)
        {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "invalid parameter \"%V\"", &value[i]);
            return NGX_CONF_ERROR;
        }
    }

    return NGX_CONF_OK;
}


static ngx_int_t
ngx_http_smtp_verify_audit_param(ngx_conf_t *cf,
    ngx_smtp_verify_auditor_conf_t *auditor, ngx_str_t *param)
{
    ngx_int_t  rc;
    ngx_str_t  value;

    rc = ngx_http_smtp_verify_param_time(param, "interval=", 86400000,
                                         &auditor->interval);
    if (rc != NGX_DECLINED) {
        return rc;
    }

    if (ngx_http_smtp_verify_param(param, "target=", &value)) {
        return ngx_http_smtp_verify_audit_word(cf, &auditor->targets, &value);
    }

    if (ngx_http_smtp_verify_param(param, "blocklist=", &value)) {
        return ngx_http_smtp_verify_audit_word(cf, &auditor->lists, &value);
    }

    if (ngx_http_smtp_verify_param(param, "on_fail=", &value)) {

        if (ngx_strcmp(value.data, "warn") == 0) {
            auditor->on_fail = ngx_smtp_verify_on_fail_warn;
            return NGX_OK;
        }

        if (ngx_strcmp(value.data, "estimate") == 0) {
            auditor->on_fail = ngx_smtp_verify_on_fail_estimate;
            return NGX_OK;
        }

        if (ngx_strcmp(value.data, "refuse") == 0) {
            auditor->on_fail = ngx_smtp_verify_on_fail_refuse;
            return NGX_OK;
        }
    }

    return NGX_ERROR;
}


static ngx_int_t
ngx_http_smtp_verify_audit_word(ngx_conf_t *cf, ngx_array_t *names,
    ngx_str_t *name)
{
    ngx_str_t  *last;

    if (names->nelts == NGX_HTTP_SMTP_VERIFY_AUDIT_NAMES
        || !sv_host_name_valid(name->data, name->len, 0))
    {
        return NGX_ERROR;
    }

    last = ngx_array_push(names);
    if (last == NULL) {
        return NGX_ERROR;
    }

    *last = *name;

    return NGX_OK;
}


ngx_int_t
ngx_http_smtp_verify_audit_identities(ngx_conf_t *cf,
    ngx_http_smtp_verify_loc_conf_t *conf)
{
    ngx_str_t                          helo, from, *egress_from;
    ngx_uint_t                         i, n;
    ngx_array_t                       *egresses;
    ngx_smtp_verify_egress_t          *egress;
    ngx_smtp_verify_identity_t       **identities;
    ngx_http_smtp_verify_main_conf_t  *smcf;

    smcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_smtp_verify_module);

    if (smcf->audit == NULL) {
        smcf->audit = ngx_smtp_verify_audit_add(cf,
                                                &ngx_http_smtp_verify_module);
        if (smcf->audit == NULL) {
            return NGX_ERROR;
        }

        smcf->auditor.zone = smcf->audit;
    }

    helo = cf->cycle->hostname;

    if (conf->helo) {
        ngx_http_smtp_verify_audit_constant(conf->helo, &helo);
    }

    ngx_http_smtp_verify_audit_constant(conf->from, &from);

    egresses = conf->verify.pool ? &conf->verify.pool->egresses
                                 : conf->verify.bind;

    n = egresses ? egresses->nelts : 1;
    egress = egresses ? egresses->elts : NULL;

    identities = ngx_palloc(cf->pool,
                            n * sizeof(ngx_smtp_verify_identity_t *));
    if (identities == NULL) {
        return NGX_ERROR;
    }

    for (i = 0; i < n; i++) {

        egress_from = (egress && egress[i].from.data) ? &egress[i].from
                                                      : &from;

        identities[i] = ngx_http_smtp_verify_audit_identity(cf,
                                    &conf->verify, egress ? &egress[i] : NULL,
                                    egress && egress[i].helo.len
                                    ? &egress[i].helo : &helo, egress_from);

        if (identities[i] == NULL) {
            return NGX_ERROR;
        }
    }

    smcf->probes = ngx_max(smcf->probes, conf->verify.share.probes);

    conf->verify.audit = smcf->audit;
    conf->verify.on_fail = (smcf->auditor.enable == 1) ? smcf->auditor.on_fail
                                        : ngx_smtp_verify_on_fail_warn;
    conf->verify.identities = identities;

    return NGX_OK;
}


/* Locations with the same identity share it. */

static ngx_smtp_verify_identity_t *
ngx_http_smtp_verify_audit_identity(ngx_conf_t *cf,
    ngx_smtp_verify_conf_t *conf, ngx_smtp_verify_egress_t *egress,
    ngx_str_t *helo, ngx_str_t *from)
{
    u_char                              key[SV_SIPHASH_LEN];
    ngx_str_t                           any = ngx_string("default");
    ngx_uint_t                          i;
    ngx_smtp_verify_subject_t          *subject;
    ngx_smtp_verify_identity_t         *identity, **known;
    ngx_http_smtp_verify_main_conf_t   *smcf;

    smcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_smtp_verify_module);

    ngx_http_smtp_verify_audit_key(key, egress ? &egress->key : &any, helo,
                                   from);

    known = smcf->identities.elts;

    for (i = 0; i < smcf->identities.nelts; i++) {
        if (ngx_memcmp(known[i]->key, key, SV_SIPHASH_LEN) == 0) {
            return known[i];
        }
    }

    identity = ngx_pcalloc(cf->pool, sizeof(ngx_smtp_verify_identity_t));
    known = ngx_array_push(&smcf->identities);
    subject = ngx_array_push(&smcf->auditor.subjects);

    if (identity == NULL || known == NULL || subject == NULL) {
        return NULL;
    }

    *known = identity;

    subject->identity = identity;
    subject->conf = conf;
    subject->egress = egress;

    identity->name = egress ? egress->name : any;
    identity->helo = *helo;
    identity->from = *from;
    identity->index = NGX_SMTP_VERIFY_AUDIT_NONE;
    ngx_memcpy(identity->key, key, SV_SIPHASH_LEN);

    return identity;
}


/* A value with variables is not known before there is a request. */

static void
ngx_http_smtp_verify_audit_constant(ngx_http_complex_value_t *cv,
    ngx_str_t *value)
{
    if (cv == NULL || cv->lengths) {
        ngx_str_null(value);
        return;
    }

    *value = cv->value;
}


/* The hash has no secret key, as it must be the same after a restart. */

static void
ngx_http_smtp_verify_audit_key(u_char *key, ngx_str_t *name, ngx_str_t *helo,
    ngx_str_t *from)
{
    ngx_uint_t   i;
    ngx_str_t   *parts[3];

    parts[0] = name;
    parts[1] = helo;
    parts[2] = from;

    ngx_memzero(key, SV_SIPHASH_LEN);

    for (i = 0; i < 3; i++) {
        sv_siphash(key, parts[i]->data, parts[i]->len, key);
    }
}


void
ngx_http_smtp_verify_audit_place(ngx_cycle_t *cycle,
    ngx_http_smtp_verify_main_conf_t *smcf)
{
    if (smcf->audit == NULL) {
        return;
    }

    ngx_smtp_verify_audit_bind(smcf->audit, smcf->identities.elts,
                               smcf->identities.nelts);

    if (smcf->identities.nelts > NGX_SMTP_VERIFY_AUDIT_IDENTITIES) {
        ngx_log_error(NGX_LOG_WARN, cycle->log, 0,
                      "%ui of %ui identities are not audited",
                      smcf->identities.nelts
                      - NGX_SMTP_VERIFY_AUDIT_IDENTITIES,
                      smcf->identities.nelts);
    }
}


/* When a worker starts it knows its limits, and warns itself. */

void
ngx_http_smtp_verify_audit_check(ngx_cycle_t *cycle,
    ngx_http_smtp_verify_main_conf_t *smcf)
{
    ngx_uint_t        files;
    ngx_core_conf_t  *ccf;
    struct rlimit     rlmt;

    if (smcf->probes > cycle->connection_n) {
        ngx_http_smtp_verify_audit_warn(cycle, "\"smtp_verify_max_probes\" "
                                        "%ui is more than %ui "
                                        "\"worker_connections\", and each "
                                        "probe needs one at least",
                                        smcf->probes, cycle->connection_n);
    }

    if (!ngx_test_config || smcf->audit == NULL) {
        return;
    }

    ccf = (ngx_core_conf_t *) ngx_get_conf(cycle->conf_ctx, ngx_core_module);

    files = 0;

    if (ccf->rlimit_nofile != NGX_CONF_UNSET) {
        files = (ngx_uint_t) ccf->rlimit_nofile;

    } else if (getrlimit(RLIMIT_NOFILE, &rlmt) == 0
               && rlmt.rlim_cur != RLIM_INFINITY)
    {
        files = (ngx_uint_t) rlmt.rlim_cur;
    }

    if (files && files < cycle->connection_n) {
        ngx_http_smtp_verify_audit_warn(cycle, "%ui descriptors are not "
                                        "enough for %ui "
                                        "\"worker_connections\": raise "
                                        "\"worker_rlimit_nofile\"", files,
                                        cycle->connection_n);
    }
}


static void
ngx_http_smtp_verify_audit_warn(ngx_cycle_t *cycle, const char *fmt, ...)
{
    u_char   *p, text[256];
    va_list   args;

    va_start(args, fmt);
    p = ngx_vslprintf(text, text + sizeof(text), fmt, args);
    va_end(args);

    /* the log that is configured may leave out warnings */

    if (ngx_test_config) {
        ngx_log_stderr(0, "[warn] %*s", (size_t) (p - text), text);
        return;
    }

    ngx_log_error(NGX_LOG_WARN, cycle->log, 0, "%*s", (size_t) (p - text),
                  text);
}
