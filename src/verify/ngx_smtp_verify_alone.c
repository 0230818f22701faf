
#include "ngx_smtp_verify_call.h"


static ngx_int_t ngx_smtp_verify_lookup_alone_start(
    ngx_smtp_verify_lookup_t *l);
static void ngx_smtp_verify_lookup_alone_admitted(void *data);
static void ngx_smtp_verify_lookup_alone_done(void *data,
    ngx_smtp_verify_result_t *result);


ngx_int_t
ngx_smtp_verify_lookup_alone(ngx_smtp_verify_lookup_t *l)
{
    ngx_int_t  rc;

    rc = ngx_smtp_verify_admission_enter(&l->admission,
                                         ngx_smtp_verify_lookup_alone_admitted,
                                         l, &l->client, l->bulk + l->job);

    if (rc == NGX_OK) {
        rc = ngx_smtp_verify_lookup_alone_start(l);
    }

    if (rc == NGX_AGAIN) {
        ngx_smtp_verify_lookup_deadline(l, 0);
    }

    return rc;
}


/* Returns the same as ngx_smtp_verify_probe_start(). */

static ngx_int_t
ngx_smtp_verify_lookup_alone_start(ngx_smtp_verify_lookup_t *l)
{
    ngx_int_t  rc;

    l->probe = ngx_smtp_verify_lookup_probe(l,
                                            ngx_smtp_verify_lookup_alone_done,
                                            l);
    if (l->probe == NULL) {
        return NGX_ERROR;
    }

    ngx_smtp_verify_count(PROBES);

    rc = ngx_smtp_verify_probe_start(l->probe);

    if (rc == NGX_OK) {
        ngx_smtp_verify_lookup_told(l,
                                    ngx_smtp_verify_probe_result(l->probe));
    }

    return rc;
}


static void
ngx_smtp_verify_lookup_alone_admitted(void *data)
{
    ngx_int_t                  rc;
    ngx_smtp_verify_lookup_t  *l;

    l = data;

    rc = NGX_ERROR;

    if (ngx_smtp_verify_lookup_in_time(l)) {
        rc = ngx_smtp_verify_lookup_alone_start(l);
    }

    if (rc == NGX_AGAIN) {
        return;
    }

    if (l->timer.timer_set) {
        ngx_del_timer(&l->timer);
    }

    if (rc == NGX_OK) {
        l->handler(l);
        return;
    }

    ngx_smtp_verify_lookup_refuse(l, SV_THROTTLED, NULL);
}


static void
ngx_smtp_verify_lookup_alone_done(void *data,
    ngx_smtp_verify_result_t *result)
{
    ngx_smtp_verify_lookup_t  *l;

    l = data;

    if (l->timer.timer_set) {
        ngx_del_timer(&l->timer);
    }

    if (l->keyed && !result->displaced && !(l->job && result->unproved)) {
        ngx_smtp_verify_store(l->conf, l->key,
                              ngx_smtp_verify_lookup_variant(l), l->since,
                              NULL, result, l->log);
    }

    ngx_smtp_verify_lookup_count(result);
    ngx_smtp_verify_lookup_told(l, result);

    l->handler(l);
}


void
ngx_smtp_verify_lookup_refuse(ngx_smtp_verify_lookup_t *l, sv_reason_e reason,
    ngx_smtp_verify_probe_t *other)
{
    ngx_smtp_verify_probe_t  *p;

    ngx_smtp_verify_admission_leave(&l->admission);

    p = ngx_smtp_verify_lookup_probe(l, ngx_smtp_verify_lookup_alone_done, l);

    if (p) {
        ngx_smtp_verify_probe_refuse(p, reason, other);
    }

    /* only now, as "other" may be its own probe */

    if (l->probe) {
        ngx_smtp_verify_lookup_probe_destroy(l->probe);
    }

    l->probe = p;

    ngx_smtp_verify_lookup_told(l, p ? ngx_smtp_verify_probe_result(p) : NULL);

    l->handler(l);
}


ngx_int_t
ngx_smtp_verify_lookup_known(ngx_smtp_verify_lookup_t *l, sv_reason_e reason)
{
    /* an unwanted result is better than none */

    if (l->bypass && l->keyed && ngx_smtp_verify_lookup_key(l) == NGX_OK
        && ngx_smtp_verify_lookup_cached(l, l->conf->scope) == NGX_OK)
    {
        return NGX_OK;
    }

    l->probe = ngx_smtp_verify_lookup_probe(l,
                                            ngx_smtp_verify_lookup_alone_done,
                                            l);
    if (l->probe == NULL) {
        return NGX_ERROR;
    }

    ngx_smtp_verify_probe_refuse(l->probe, reason, NULL);

    ngx_smtp_verify_lookup_told(l, ngx_smtp_verify_probe_result(l->probe));

    return NGX_OK;
}
