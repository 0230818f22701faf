
#include "ngx_http_smtp_verify_ask.h"
#include "ngx_http_smtp_verify_gate.h"
#include "sv_checks.h"
#include "sv_wipe.h"


/*
 * What a gate knows without a probe: whether a list denies the address, and
 * whether the verdict of another location, from before an internal redirect,
 * is one that this location would have found, too.
 */


static ngx_uint_t ngx_http_smtp_verify_gate_alike(
    ngx_http_smtp_verify_loc_conf_t *one,
    ngx_http_smtp_verify_loc_conf_t *two);
static ngx_uint_t ngx_http_smtp_verify_gate_alike_times(
    ngx_smtp_verify_conf_t *one, ngx_smtp_verify_conf_t *two);
static ngx_uint_t ngx_http_smtp_verify_gate_alike_tls(
    ngx_http_smtp_verify_loc_conf_t *one,
    ngx_http_smtp_verify_loc_conf_t *two);


sv_reason_e
ngx_http_smtp_verify_gate_listed(ngx_http_smtp_verify_loc_conf_t *slcf,
    ngx_str_t *address)
{
    sv_address_t                  *addr;
    static sv_scratch sv_checks_t  checks;

    if (!(slcf->gate->deny & NGX_HTTP_SMTP_VERIFY_GATE_LISTS)
        || ngx_smtp_verify_parse(address, &addr) != SV_ADDRESS_OK)
    {
        return SV_REASON_NONE;
    }

    sv_checks_run(slcf->verify.lists, addr, &checks);

    return ngx_http_smtp_verify_gate_list(slcf->gate, checks.spam_trap,
                                          checks.disposable,
                                          checks.role_account);
}


/* The most important list comes first. */

sv_reason_e
ngx_http_smtp_verify_gate_list(ngx_http_smtp_verify_gate_t *gate,
    ngx_int_t spam_trap, ngx_int_t disposable, ngx_int_t role_account)
{
    if (spam_trap > 0 && (gate->deny & (uint64_t) 1 << SV_SPAM_TRAP)) {
        return SV_SPAM_TRAP;
    }

    if (disposable > 0 && (gate->deny & (uint64_t) 1 << SV_DISPOSABLE)) {
        return SV_DISPOSABLE;
    }

    if (role_account > 0 && (gate->deny & (uint64_t) 1 << SV_ROLE_ACCOUNT)) {
        return SV_ROLE_ACCOUNT;
    }

    return SV_REASON_NONE;
}


/*
 * A fact about the mailbox or domain is valid in each location that would ask
 * the same in the same way.  Other results depend on the time, the limits and
 * the identity of a location.
 */

ngx_uint_t
ngx_http_smtp_verify_gate_holds(ngx_http_request_t *r,
    ngx_http_smtp_verify_ctx_t *ctx)
{
    ngx_smtp_verify_result_t         *result;
    ngx_http_smtp_verify_loc_conf_t  *was, *slcf;

    slcf = ngx_http_get_module_loc_conf(r, ngx_http_smtp_verify_module);

    was = ctx->found_by;
    result = ctx->result;

    if (was == NULL || was->gate == NULL || ctx->peeked) {
        return 0;
    }

    if (result->cached
        && (was->verify.cache != slcf->verify.cache
            || ngx_http_smtp_verify_bypass(r)))
    {
        return 0;
    }

    if (was == slcf) {
        return 1;
    }

    if (was->smtp != slcf->smtp
        || was->verify.scope != slcf->verify.scope
        || was->verify.version != slcf->verify.version)
    {
        return 0;
    }

    return (result->status != SV_UNKNOWN && !result->estimated)
           || ngx_http_smtp_verify_gate_alike(was, slcf);
}


/* Settings that are inherited have the same pointers. */

static ngx_uint_t
ngx_http_smtp_verify_gate_alike(ngx_http_smtp_verify_loc_conf_t *one,
    ngx_http_smtp_verify_loc_conf_t *two)
{
    return one->gate->deny == two->gate->deny
           && one->gate->budget == two->gate->budget
           && one->helo == two->helo
           && one->from == two->from
           && one->share_key == two->share_key
           && ngx_memcmp(&one->verify.share, &two->verify.share,
                         sizeof(ngx_smtp_verify_share_conf_t))
              == 0
           && one->verify.bind == two->verify.bind
           && one->verify.pool == two->verify.pool
           && one->verify.cache == two->verify.cache
           && one->verify.throttle == two->verify.throttle
           && ngx_memcmp(&one->verify.limits, &two->verify.limits,
                         sizeof(ngx_smtp_verify_limits_t))
              == 0
           && ngx_http_smtp_verify_gate_alike_times(&one->verify,
                                                    &two->verify)
           && ngx_http_smtp_verify_gate_alike_tls(one, two);
}


static ngx_uint_t
ngx_http_smtp_verify_gate_alike_times(ngx_smtp_verify_conf_t *one,
    ngx_smtp_verify_conf_t *two)
{
    return one->timeout == two->timeout
           && one->resolver_timeout == two->resolver_timeout
           && one->session.greeting_timeout == two->session.greeting_timeout
           && one->session.read_timeout == two->session.read_timeout
           && one->connect_timeouts->nelts == two->connect_timeouts->nelts
           && ngx_memcmp(one->connect_timeouts->elts,
                         two->connect_timeouts->elts,
                         one->connect_timeouts->nelts * sizeof(ngx_msec_t))
              == 0;
}


static ngx_uint_t
ngx_http_smtp_verify_gate_alike_tls(ngx_http_smtp_verify_loc_conf_t *one,
    ngx_http_smtp_verify_loc_conf_t *two)
{
    return one->ssl_protocols == two->ssl_protocols
           && one->ssl_verify_depth == two->ssl_verify_depth
           && one->ssl_ciphers.data == two->ssl_ciphers.data
           && one->ssl_trusted_certificate.data
              == two->ssl_trusted_certificate.data
           && one->ssl_crl.data == two->ssl_crl.data
           && one->ssl_conf_commands == two->ssl_conf_commands;
}
