
#include "ngx_smtp_verify_probe.h"


typedef struct {
    const sv_provider_t       *provider;
    ngx_smtp_verify_limits_t  *limits;
} ngx_smtp_verify_limits_known_t;


static void ngx_smtp_verify_limits_merge(ngx_smtp_verify_conf_t *conf,
    const sv_provider_t *provider, ngx_smtp_verify_limits_t *limits);
static void ngx_smtp_verify_limits_rejects(const sv_provider_t *provider,
    ngx_smtp_verify_limits_t *limits);


/* created once for each provider */

ngx_smtp_verify_limits_t *
ngx_smtp_verify_limits_of(ngx_smtp_verify_conf_t *conf,
    const sv_provider_t *provider)
{
    ngx_uint_t                       i;
    ngx_smtp_verify_limits_t        *limits;
    ngx_smtp_verify_limits_known_t  *known;

    if (conf->limits_known == NULL) {
        conf->limits_known = ngx_array_create(ngx_cycle->pool, 8,
                                      sizeof(ngx_smtp_verify_limits_known_t));
        if (conf->limits_known == NULL) {
            return &conf->limits;
        }
    }

    known = conf->limits_known->elts;

    for (i = 0; i < conf->limits_known->nelts; i++) {
        if (known[i].provider == provider) {
            return known[i].limits;
        }
    }

    limits = ngx_palloc(ngx_cycle->pool, sizeof(ngx_smtp_verify_limits_t));
    if (limits == NULL) {
        return &conf->limits;
    }

    known = ngx_array_push(conf->limits_known);
    if (known == NULL) {
        return &conf->limits;
    }

    known->provider = provider;
    known->limits = limits;

    ngx_smtp_verify_limits_merge(conf, provider, limits);

    return limits;
}


/* Known limits of the provider apply if they are lower; configured ones always
   apply. */

static void
ngx_smtp_verify_limits_merge(ngx_smtp_verify_conf_t *conf,
    const sv_provider_t *provider, ngx_smtp_verify_limits_t *limits)
{
    ngx_uint_t                          i, n;
    ngx_smtp_verify_provider_limits_t  *given;

    *limits = conf->limits;

    limits->messages = provider->messages;

    ngx_smtp_verify_limits_rejects(provider, limits);

    if (provider->sessions
        && (limits->conns == 0 || provider->sessions < limits->conns))
    {
        limits->conns = provider->sessions;
    }

    given = conf->limits_given ? conf->limits_given->elts : NULL;
    n = conf->limits_given ? conf->limits_given->nelts : 0;

    for (i = 0; i < n; i++) {

        if (given[i].id.len != provider->id.len
            || ngx_memcmp(given[i].id.data, provider->id.data,
                          provider->id.len)
               != 0)
        {
            continue;
        }

        if (given[i].conns != NGX_CONF_UNSET_UINT) {
            limits->conns = given[i].conns;

            if (limits->ip_conns) {
                limits->ip_conns = ngx_max(limits->ip_conns, limits->conns);
            }
        }

        if (given[i].messages != NGX_CONF_UNSET_UINT) {
            limits->messages = given[i].messages;
        }

        if (given[i].rate != (uint64_t) -1) {
            limits->rate = given[i].rate;
        }

        if (given[i].burst != NGX_CONF_UNSET_UINT) {
            limits->burst = given[i].burst;
        }

        if (given[i].rejects.start) {
            limits->rejects = given[i].rejects;
        }
    }
}


/*
 * If it is known how many refused recipients the provider allows, a fifth is
 * left for others who send from our address, and nothing has to be learned.
 * Hosts of a gateway belong to its customers, who choose their own limits.
 * Other providers do not publish a limit, but they have millions of mailboxes,
 * and are asked for many: they begin with the maximum, from which it is
 * lowered.
 */

static void
ngx_smtp_verify_limits_rejects(const sv_provider_t *provider,
    ngx_smtp_verify_limits_t *limits)
{
    uint32_t           known;
    sv_budget_conf_t  *rejects;

    rejects = &limits->rejects;

    if (rejects->start == 0) {
        return;
    }

    if (provider->rejects) {
        known = ngx_max(provider->rejects * 4 / 5, 1);

        rejects->start = ngx_min(rejects->start, known);
        rejects->most = ngx_min(rejects->most, known);

        if (rejects->most == rejects->start) {
            rejects->most = 0;
        }

        return;
    }

    if (!provider->gateway && !limits->rejects_given) {
        rejects->start = rejects->most;
    }
}
