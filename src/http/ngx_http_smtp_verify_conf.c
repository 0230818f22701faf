
#include "ngx_http_smtp_verify_batch_handler.h"
#include "ngx_http_smtp_verify_conf_audit.h"
#include "ngx_http_smtp_verify_conf_cache.h"
#include "ngx_http_smtp_verify_conf_egress.h"
#include "ngx_http_smtp_verify_conf_routes.h"
#include "ngx_http_smtp_verify_gate.h"
#include "ngx_http_smtp_verify_jobs_handler.h"
#include "ngx_http_smtp_verify_module.h"
#include "ngx_http_smtp_verify_mta_sts.h"
#include "ngx_http_smtp_verify_client_share.h"
#include "ngx_http_smtp_verify_conf_proof.h"
#include "ngx_http_smtp_verify_conf_throttle.h"
#include "ngx_http_smtp_verify_conf_zone.h"
#include "ngx_smtp_verify_tls_guard.h"


static void ngx_http_smtp_verify_merge_handler(ngx_conf_t *cf,
    ngx_http_smtp_verify_loc_conf_t *prev,
    ngx_http_smtp_verify_loc_conf_t *conf);
static char *ngx_http_smtp_verify_check(ngx_conf_t *cf,
    ngx_http_smtp_verify_loc_conf_t *conf);
static ngx_int_t ngx_http_smtp_verify_check_identity(ngx_conf_t *cf,
    ngx_http_smtp_verify_loc_conf_t *conf, const char *who);
static void ngx_http_smtp_verify_merge_ssl(ngx_conf_t *cf,
    ngx_http_smtp_verify_loc_conf_t *prev,
    ngx_http_smtp_verify_loc_conf_t *conf);
static char *ngx_http_smtp_verify_create_ssl(ngx_conf_t *cf,
    ngx_http_smtp_verify_loc_conf_t *conf);
static ngx_array_t *ngx_http_smtp_verify_default_timeouts(ngx_conf_t *cf);


void *
ngx_http_smtp_verify_create_main_conf(ngx_conf_t *cf)
{
    ngx_pool_cleanup_t                *cln;
    ngx_http_smtp_verify_main_conf_t  *smcf;

    smcf = ngx_pcalloc(cf->pool, sizeof(ngx_http_smtp_verify_main_conf_t));
    if (smcf == NULL) {
        return NULL;
    }

    if (ngx_array_init(&smcf->pools, cf->pool, 2,
                       sizeof(ngx_smtp_verify_pool_t *))
        != NGX_OK
        || ngx_array_init(&smcf->fleets, cf->pool, 1, sizeof(void *))
           != NGX_OK
        || ngx_http_smtp_verify_audit_create(cf, smcf) != NGX_OK)
    {
        return NULL;
    }

    cln = ngx_pool_cleanup_add(cf->pool, 0);
    if (cln == NULL) {
        return NULL;
    }

    cln->handler = ngx_http_smtp_verify_data_cleanup;
    cln->data = smcf;

    sv_score_defaults(&smcf->weights);

    return smcf;
}


void *
ngx_http_smtp_verify_create_loc_conf(ngx_conf_t *cf)
{
    ngx_http_smtp_verify_loc_conf_t  *conf;

    conf = ngx_pcalloc(cf->pool, sizeof(ngx_http_smtp_verify_loc_conf_t));
    if (conf == NULL) {
        return NULL;
    }

    /*
     * set by ngx_pcalloc():
     *
     *     conf->handler = NULL;
     *     conf->enable = 0;
     *     conf->batch.enable = 0;
     *     conf->jobs.enable = 0;
     *     conf->jobs.limited = 0;
     *     conf->ssl_protocols = 0;
     *     conf->ssl_ciphers = { 0, NULL };
     *     conf->ssl_trusted_certificate = { 0, NULL };
     *     conf->ssl_crl = { 0, NULL };
     *     conf->rdap = { 0, NULL };
     *     conf->mta_sts = { 0, NULL };
     *     conf->pool = { 0, NULL };
     *     conf->unthrottled = 0;
     *     conf->share_key = NULL;
     *     conf->health = { 0, 0 };
     *     conf->verify.audit = NULL;
     *     conf->verify.identities = NULL;
     *     conf->verify.session.ssl = NULL;
     *     conf->verify.rules = NULL;
     */

    conf->helo = NGX_CONF_UNSET_PTR;
    conf->from = NGX_CONF_UNSET_PTR;
    conf->port = NGX_CONF_UNSET_UINT;
    conf->verify.share.probes = NGX_CONF_UNSET_UINT;
    conf->verify.share.percent = NGX_CONF_UNSET_UINT;
    conf->smtp = NGX_CONF_UNSET;
    conf->transcript = NGX_CONF_UNSET;
    conf->ignore_client_abort = NGX_CONF_UNSET;
    conf->max_wait = NGX_CONF_UNSET;
    conf->ssl_verify_depth = NGX_CONF_UNSET_UINT;
    conf->ssl_conf_commands = NGX_CONF_UNSET_PTR;

    conf->verify.session.greeting_timeout = NGX_CONF_UNSET_MSEC;
    conf->verify.session.read_timeout = NGX_CONF_UNSET_MSEC;
    conf->verify.session.starttls = NGX_CONF_UNSET_UINT;
    conf->verify.session.ssl_verify = NGX_CONF_UNSET;
    conf->verify.keep.transactions = NGX_CONF_UNSET_UINT;
    conf->verify.keep.rejects = NGX_CONF_UNSET_UINT;
    conf->verify.keep.timeout = NGX_CONF_UNSET_MSEC;
    conf->verify.catch_all = NGX_CONF_UNSET_UINT;
    conf->verify.unverifiable = NGX_CONF_UNSET;
    conf->verify.canary = NGX_CONF_UNSET_UINT;
    conf->verify.opinion_rate = NGX_CONF_UNSET_UINT;
    conf->verify.opinion_delay = NGX_CONF_UNSET_MSEC;
    conf->verify.max_mx = NGX_CONF_UNSET_UINT;
    conf->verify.timeout = NGX_CONF_UNSET_MSEC;
    conf->verify.connect_timeouts = NGX_CONF_UNSET_PTR;
    conf->verify.target_allow = NGX_CONF_UNSET_PTR;
    conf->verify.routes = NGX_CONF_UNSET_PTR;
    conf->verify.bind = NGX_CONF_UNSET_PTR;
    conf->verify.pool = NGX_CONF_UNSET_PTR;
    conf->verify.throttle = NGX_CONF_UNSET_PTR;
    conf->verify.cache = NGX_CONF_UNSET_PTR;
    conf->verify.refresh = NGX_CONF_UNSET;
    conf->verify.sandbox = NGX_CONF_UNSET;
    conf->cache_bypass = NGX_CONF_UNSET_PTR;
    conf->tokens = NGX_CONF_UNSET_PTR;
    conf->version = NGX_CONF_UNSET;
    conf->cors = NGX_CONF_UNSET_PTR;
    conf->gate = NGX_CONF_UNSET_PTR;
    conf->gate_headers = NGX_CONF_UNSET;
    conf->gate_body_max = NGX_CONF_UNSET_SIZE;
    conf->addresses = NGX_CONF_UNSET_PTR;

    ngx_http_smtp_verify_proof_create(conf);
    ngx_http_smtp_verify_batch_create(conf);
    ngx_http_smtp_verify_jobs_create(conf);

    return conf;
}


char *
ngx_http_smtp_verify_merge_loc_conf(ngx_conf_t *cf, void *parent, void *child)
{
    ngx_http_smtp_verify_loc_conf_t *prev = parent;
    ngx_http_smtp_verify_loc_conf_t *conf = child;

    ngx_http_smtp_verify_merge_handler(cf, prev, conf);

    ngx_conf_merge_ptr_value(conf->helo, prev->helo, NULL);
    ngx_conf_merge_ptr_value(conf->from, prev->from, NULL);
    ngx_conf_merge_uint_value(conf->port, prev->port, 25);
    ngx_conf_merge_value(conf->smtp, prev->smtp, 1);
    ngx_conf_merge_value(conf->transcript, prev->transcript, 0);
    ngx_conf_merge_value(conf->ignore_client_abort,
                         prev->ignore_client_abort, 0);
    ngx_conf_merge_sec_value(conf->max_wait, prev->max_wait, 600);

    ngx_conf_merge_msec_value(conf->verify.session.greeting_timeout,
                              prev->verify.session.greeting_timeout, 10000);
    ngx_conf_merge_msec_value(conf->verify.session.read_timeout,
                              prev->verify.session.read_timeout, 10000);
    ngx_conf_merge_uint_value(conf->verify.session.starttls,
                              prev->verify.session.starttls,
                              NGX_SMTP_VERIFY_STARTTLS_ON);
    ngx_conf_merge_uint_value(conf->verify.keep.transactions,
                              prev->verify.keep.transactions, 8);
    ngx_conf_merge_uint_value(conf->verify.keep.rejects,
                              prev->verify.keep.rejects, 5);
    ngx_conf_merge_msec_value(conf->verify.keep.timeout,
                              prev->verify.keep.timeout, 5000);
    ngx_conf_merge_uint_value(conf->verify.catch_all, prev->verify.catch_all,
                              NGX_SMTP_VERIFY_CATCH_ALL_ON);
    ngx_conf_merge_value(conf->verify.unverifiable, prev->verify.unverifiable,
                         0);
    ngx_conf_merge_uint_value(conf->verify.canary, prev->verify.canary, 20);
    ngx_conf_merge_uint_value(conf->verify.opinion_rate,
                              prev->verify.opinion_rate, 0);
    ngx_conf_merge_msec_value(conf->verify.opinion_delay,
                              prev->verify.opinion_delay, 60000);
    ngx_conf_merge_uint_value(conf->verify.max_mx, prev->verify.max_mx, 5);
    ngx_conf_merge_msec_value(conf->verify.timeout, prev->verify.timeout,
                              15000);
    ngx_conf_merge_ptr_value(conf->verify.connect_timeouts,
                             prev->verify.connect_timeouts, NULL);
    ngx_conf_merge_ptr_value(conf->verify.target_allow,
                             prev->verify.target_allow, NULL);
    ngx_conf_merge_ptr_value(conf->verify.bind, prev->verify.bind, NULL);

    ngx_http_smtp_verify_routes_merge(prev, conf);

    ngx_conf_merge_value(conf->verify.sandbox, prev->verify.sandbox, 0);
    ngx_conf_merge_ptr_value(conf->cors, prev->cors, NULL);
    ngx_conf_merge_str_value(conf->rdap, prev->rdap, "");
    ngx_conf_merge_ptr_value(conf->tokens, prev->tokens, NULL);
    ngx_conf_merge_value(conf->version, prev->version, 1);

    if (ngx_http_smtp_verify_egress_merge(cf, prev, conf) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    if (ngx_http_smtp_verify_share_merge(prev, conf) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    ngx_http_smtp_verify_proof_merge(prev, conf);
    ngx_http_smtp_verify_throttle_merge(prev, conf);
    ngx_http_smtp_verify_cache_merge(prev, conf);

    ngx_http_smtp_verify_batch_merge(cf, prev, conf);

    if (ngx_http_smtp_verify_zones(cf, conf) != NGX_OK
        || ngx_http_smtp_verify_jobs_merge(cf, prev, conf) != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    ngx_http_smtp_verify_gate_merge(prev, conf);
    ngx_http_smtp_verify_merge_ssl(cf, prev, conf);

    conf->verify.port = (in_port_t) conf->port;
    conf->verify.domain_age = (conf->rdap.len != 0);

    if (conf->verify.connect_timeouts == NULL) {
        conf->verify.connect_timeouts =
                                     ngx_http_smtp_verify_default_timeouts(cf);
        if (conf->verify.connect_timeouts == NULL) {
            return NGX_CONF_ERROR;
        }
    }

    if (!conf->enable && conf->gate == NULL
        && (conf->addresses == NULL || conf->verify.cache == NULL))
    {
        return NGX_CONF_OK;
    }

    ngx_http_smtp_verify_pool_used(cf);

    if (ngx_http_smtp_verify_routes_check(cf, conf) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    return ngx_http_smtp_verify_check(cf, conf);
}


char *
ngx_http_smtp_verify_set_handler(ngx_conf_t *cf,
    ngx_http_smtp_verify_loc_conf_t *slcf, ngx_http_handler_pt handler)
{
    ngx_http_core_loc_conf_t  *clcf;

    if (slcf->handler) {
        return "is duplicate, a location has only one of the handlers "
               "\"smtp_verify\", \"smtp_verify_batch\", "
               "\"smtp_verify_counters\", \"smtp_verify_metrics\" and the "
               "like";
    }

    if (ngx_http_smtp_verify_add_counters(cf) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    slcf->handler = handler;

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);
    clcf->handler = handler;

    return NGX_CONF_OK;
}


/*
 * A content handler is not inherited, except by the unnamed locations that
 * nginx creates for "if" and "limit_except".  They do what the location around
 * them does, unless they have a handler of their own.  nginx copies the
 * handler for "if", but not for "limit_except".
 */

static void
ngx_http_smtp_verify_merge_handler(ngx_conf_t *cf,
    ngx_http_smtp_verify_loc_conf_t *prev,
    ngx_http_smtp_verify_loc_conf_t *conf)
{
    ngx_http_core_loc_conf_t  *clcf;

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

    if (clcf->noname && clcf->handler == NULL) {

        conf->handler = prev->handler;
        conf->enable = prev->enable;
        conf->batch.enable = prev->batch.enable;
        conf->health = prev->health;
        conf->jobs.enable = prev->jobs.enable;
        conf->actions = prev->actions;

        if (clcf->lmt_excpt) {
            clcf->handler = conf->handler;
        }

        return;
    }

    /* another module has set its handler after this one */

    if (conf->handler != clcf->handler) {
        conf->handler = NULL;
        conf->enable = 0;
        conf->batch.enable = 0;
        conf->jobs.enable = 0;
    }
}


/* Default connect timeouts.  The kernel repeats a SYN after 1 s and after 3 s:
   the first timeout outlasts the one, the last timeout the other. */

static ngx_array_t *
ngx_http_smtp_verify_default_timeouts(ngx_conf_t *cf)
{
    ngx_msec_t   *timeouts;
    ngx_array_t  *a;

    a = ngx_array_create(cf->pool, 3, sizeof(ngx_msec_t));
    if (a == NULL) {
        return NULL;
    }

    timeouts = ngx_array_push_n(a, 3);

    timeouts[0] = 1500;
    timeouts[1] = 2500;
    timeouts[2] = 3500;

    return a;
}


/* Checks that a location which verifies, or reads the cache, has all it
   needs. */

static char *
ngx_http_smtp_verify_check(ngx_conf_t *cf,
    ngx_http_smtp_verify_loc_conf_t *conf)
{
    const char                        *who;
    ngx_http_core_loc_conf_t          *clcf;
    ngx_http_smtp_verify_main_conf_t  *smcf;

    who = conf->enable ? "smtp_verify" : conf->gate ? "smtp_verify_gate"
                                                    : "smtp_verify_address";

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

    if (clcf->resolver == NULL || clcf->resolver->connections.nelts == 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "no \"resolver\" is defined for \"%s\"", who);
        return NGX_CONF_ERROR;
    }

    conf->verify.resolver = clcf->resolver;
    conf->verify.resolver_timeout = clcf->resolver_timeout;

    smcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_smtp_verify_module);

    if (ngx_http_smtp_verify_data_default(cf, smcf) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    conf->verify.rules = smcf->rules;
    conf->verify.providers = smcf->providers;
    conf->verify.lists = smcf->lists;
    conf->verify.weights = &smcf->weights;
    conf->verify.limits_given = smcf->limits;

    ngx_http_smtp_verify_cache_check(cf, conf);

    if (!conf->smtp || (!conf->enable && conf->gate == NULL)) {
        return NGX_CONF_OK;
    }

    ngx_http_smtp_verify_throttle_missing(cf, conf);

    if (ngx_http_smtp_verify_check_identity(cf, conf, who) != NGX_OK
        || ngx_http_smtp_verify_audit_identities(cf, conf) != NGX_OK
        || ngx_http_smtp_verify_mta_sts_init(cf, conf) != NGX_OK
        || ngx_http_smtp_verify_create_ssl(cf, conf) != NGX_CONF_OK
        || ngx_http_smtp_verify_proof_check(cf, conf) != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


/* Checks that a location which asks mail servers has a name and an address of
   its own, and two of them for second opinions. */

static ngx_int_t
ngx_http_smtp_verify_check_identity(ngx_conf_t *cf,
    ngx_http_smtp_verify_loc_conf_t *conf, const char *who)
{
    ngx_str_t  *hostname;

    if (conf->from == NULL
        && (conf->verify.pool == NULL || conf->verify.pool->wants_from))
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "no \"smtp_verify_from\" is defined for "
                           "\"%s\", a real address of yours is needed", who);
        return NGX_ERROR;
    }

    hostname = &cf->cycle->hostname;

    if (conf->helo == NULL && conf->verify.pool == NULL
        && !sv_host_name_valid(hostname->data, hostname->len, 0))
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "no \"smtp_verify_helo\" is defined for "
                           "\"%s\", and the host name \"%V\" is no name "
                           "with a dot", who, hostname);
        return NGX_ERROR;
    }

    if (conf->verify.opinion_rate
        && (conf->verify.pool == NULL
            || conf->verify.pool->egresses.nelts < 2))
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"smtp_verify_second_opinion\" for \"%s\" needs "
                           "a pool of two identities at least", who);
        return NGX_ERROR;
    }

    return NGX_OK;
}


/* A level without TLS directives of its own shares the SSL context of the
   level above. */

static void
ngx_http_smtp_verify_merge_ssl(ngx_conf_t *cf,
    ngx_http_smtp_verify_loc_conf_t *prev,
    ngx_http_smtp_verify_loc_conf_t *conf)
{
    ngx_uint_t  same;

    same = (conf->ssl_protocols == 0
            && conf->ssl_ciphers.data == NULL
            && conf->ssl_verify_depth == NGX_CONF_UNSET_UINT
            && conf->ssl_trusted_certificate.data == NULL
            && conf->ssl_crl.data == NULL
            && conf->ssl_conf_commands == NGX_CONF_UNSET_PTR);

    ngx_conf_merge_bitmask_value(conf->ssl_protocols, prev->ssl_protocols,
                                 (NGX_CONF_BITMASK_SET
                                  |NGX_SSL_TLSv1|NGX_SSL_TLSv1_1
                                  |NGX_SSL_TLSv1_2|NGX_SSL_TLSv1_3));

    /* TLS is opportunistic: old TLS is better than none */

    ngx_conf_merge_str_value(conf->ssl_ciphers, prev->ssl_ciphers,
                             "DEFAULT:!kDHE:@SECLEVEL=0");
    ngx_conf_merge_uint_value(conf->ssl_verify_depth, prev->ssl_verify_depth,
                              5);
    ngx_conf_merge_str_value(conf->ssl_trusted_certificate,
                             prev->ssl_trusted_certificate, "");
    ngx_conf_merge_str_value(conf->ssl_crl, prev->ssl_crl, "");
    ngx_conf_merge_ptr_value(conf->ssl_conf_commands, prev->ssl_conf_commands,
                             NULL);
    ngx_conf_merge_value(conf->verify.session.ssl_verify,
                         prev->verify.session.ssl_verify, 0);

    if (!same) {
        return;
    }

    if (prev->verify.session.ssl == NULL) {
        prev->verify.session.ssl = ngx_pcalloc(cf->pool, sizeof(ngx_ssl_t));
    }

    conf->verify.session.ssl = prev->verify.session.ssl;
}


static char *
ngx_http_smtp_verify_create_ssl(ngx_conf_t *cf,
    ngx_http_smtp_verify_loc_conf_t *conf)
{
    ngx_ssl_t           *ssl;
    ngx_pool_cleanup_t  *cln;

    if (conf->verify.session.ssl == NULL) {
        conf->verify.session.ssl = ngx_pcalloc(cf->pool, sizeof(ngx_ssl_t));
    }

    ssl = conf->verify.session.ssl;

    if (ssl == NULL) {
        return NGX_CONF_ERROR;
    }

    if (conf->verify.session.ssl_verify
        && conf->ssl_trusted_certificate.len == 0)
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "no \"smtp_verify_ssl_trusted_certificate\" is "
                           "defined for \"smtp_verify_ssl_verify\"");
        return NGX_CONF_ERROR;
    }

    if (ssl->ctx) {
        return NGX_CONF_OK;
    }

    ssl->log = cf->log;

    if (ngx_ssl_create(ssl, conf->ssl_protocols, NULL) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    cln = ngx_pool_cleanup_add(cf->pool, 0);
    if (cln == NULL) {
        ngx_ssl_cleanup_ctx(ssl);
        return NGX_CONF_ERROR;
    }

    cln->handler = ngx_ssl_cleanup_ctx;
    cln->data = ssl;

    if (ngx_ssl_ciphers(cf, ssl, &conf->ssl_ciphers, 0) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    if (ngx_http_smtp_verify_check_file(cf, &conf->ssl_trusted_certificate)
        != NGX_OK
        || ngx_http_smtp_verify_check_file(cf, &conf->ssl_crl) != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    if (conf->ssl_trusted_certificate.len
        && ngx_ssl_trusted_certificate(cf, ssl,
                                       &conf->ssl_trusted_certificate,
                                       conf->ssl_verify_depth)
           != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    if (ngx_ssl_crl(cf, ssl, &conf->ssl_crl) != NGX_OK
        || ngx_ssl_conf_commands(cf, ssl, conf->ssl_conf_commands) != NGX_OK
        || ngx_smtp_verify_tls_guard_context(ssl,
                                    conf->ssl_trusted_certificate.len != 0)
           != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}
