
/* What an administrator does: closes breakers, pauses, forgets. */


#include "ngx_http_smtp_verify_status.h"
#include "ngx_smtp_verify_cache.h"
#include "ngx_smtp_verify_zone.h"


#define NGX_HTTP_SMTP_VERIFY_ACTION_PAUSE  600      /* s, by default */
#define NGX_HTTP_SMTP_VERIFY_ACTION_MOST   604800   /* s */


typedef enum {
    ngx_http_smtp_verify_action_none = 0,
    ngx_http_smtp_verify_action_close,
    ngx_http_smtp_verify_action_pause,
    ngx_http_smtp_verify_action_resume,
    ngx_http_smtp_verify_action_forget
} ngx_http_smtp_verify_action_e;


static ngx_http_smtp_verify_action_e ngx_http_smtp_verify_action_find(
    ngx_str_t *name);
static ngx_int_t ngx_http_smtp_verify_action_do(ngx_http_request_t *r,
    ngx_http_smtp_verify_action_e action, ngx_uint_t *n);
static ngx_int_t ngx_http_smtp_verify_action_target(ngx_http_request_t *r,
    ngx_smtp_verify_view_target_t *target);
static ngx_uint_t ngx_http_smtp_verify_action_zones(
    ngx_http_smtp_verify_action_e action,
    ngx_smtp_verify_view_target_t *target, ngx_uint_t seconds);
static ngx_int_t ngx_http_smtp_verify_action_forget_domain(
    ngx_http_request_t *r, ngx_uint_t *n);
static ngx_uint_t ngx_http_smtp_verify_action_forget_in(
    ngx_smtp_verify_cache_t *cache, sv_str_t *domain);


static const char *const  ngx_http_smtp_verify_action_names[] = {
    "", "close_breaker", "pause", "resume", "forget_domain"
};


ngx_int_t
ngx_http_smtp_verify_act(ngx_http_request_t *r)
{
    ngx_int_t                         rc;
    ngx_buf_t                        *b;
    ngx_str_t                         name;
    ngx_str_t                         json = ngx_string("application/json");
    ngx_uint_t                        n;
    ngx_http_smtp_verify_action_e     action;
    ngx_http_smtp_verify_loc_conf_t  *slcf;

    slcf = ngx_http_get_module_loc_conf(r, ngx_http_smtp_verify_module);

    /* where no token is needed anybody who sees the status could do this */

    if (slcf->tokens == NULL
        || !ngx_http_smtp_verify_client_may(r, SV_TOKENS_ADMIN))
    {
        return ngx_http_smtp_verify_client_refuse(r);
    }

    if (ngx_http_smtp_verify_status_arg(r, "action", &name) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    action = ngx_http_smtp_verify_action_find(&name);

    n = 0;

    if (action == ngx_http_smtp_verify_action_none) {
        return ngx_http_smtp_verify_status_invalid(r,
                                       "\"action\" must be close_breaker, "
                                       "pause, resume or forget_domain.");
    }

    rc = ngx_http_smtp_verify_action_do(r, action, &n);

    if (rc != NGX_DECLINED) {
        return rc;
    }

    if (n == 0) {
        return ngx_http_smtp_verify_problem(r, NGX_HTTP_NOT_FOUND,
                                            "nothing_known",
                                            "Nothing is known by this name.");
    }

    b = ngx_create_temp_buf(r->pool, 128);
    if (b == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    b->last = ngx_sprintf(b->last, "{\"action\":\"%s\",\"matched\":%ui}\n",
                          ngx_http_smtp_verify_action_names[action], n);

    ngx_log_error(NGX_LOG_NOTICE, r->connection->log, 0,
                  "client \"%V\" did \"%s\", %ui entries",
                  ngx_http_smtp_verify_client_name(r),
                  ngx_http_smtp_verify_action_names[action], n);

    return ngx_http_smtp_verify_send(r, NGX_HTTP_OK, &json, b);
}


static ngx_http_smtp_verify_action_e
ngx_http_smtp_verify_action_find(ngx_str_t *name)
{
    ngx_uint_t  i;

    for (i = ngx_http_smtp_verify_action_forget; i; i--) {
        if (name->len == ngx_strlen(ngx_http_smtp_verify_action_names[i])
            && ngx_strncmp(name->data, ngx_http_smtp_verify_action_names[i],
                           name->len)
               == 0)
        {
            break;
        }
    }

    return (ngx_http_smtp_verify_action_e) i;
}


/* Returns NGX_DECLINED if it was done, to *n entries. */

static ngx_int_t
ngx_http_smtp_verify_action_do(ngx_http_request_t *r,
    ngx_http_smtp_verify_action_e action, ngx_uint_t *n)
{
    ngx_int_t                      rc;
    ngx_uint_t                     seconds;
    ngx_smtp_verify_view_target_t  target;

    if (action == ngx_http_smtp_verify_action_forget) {
        return ngx_http_smtp_verify_action_forget_domain(r, n);
    }

    seconds = NGX_HTTP_SMTP_VERIFY_ACTION_PAUSE;

    if (ngx_http_smtp_verify_status_number(r, "seconds",
                                           NGX_HTTP_SMTP_VERIFY_ACTION_MOST,
                                           &seconds)
        != NGX_OK
        || seconds == 0)
    {
        return ngx_http_smtp_verify_status_invalid(r,
                                       "\"seconds\" must be a number, 1 to "
                                       "604800.");
    }

    rc = ngx_http_smtp_verify_action_target(r, &target);

    if (rc == NGX_DECLINED) {
        *n = ngx_http_smtp_verify_action_zones(action, &target, seconds);
    }

    return rc;
}


/* A destination, of one egress or of all; or an egress. */

static ngx_int_t
ngx_http_smtp_verify_action_target(ngx_http_request_t *r,
    ngx_smtp_verify_view_target_t *target)
{
    ngx_memzero(target, sizeof(ngx_smtp_verify_view_target_t));

    if (ngx_http_smtp_verify_status_arg(r, "destination", &target->name)
        != NGX_OK
        || ngx_http_smtp_verify_status_arg(r, "egress", &target->egress)
           != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    target->kind = NGX_SMTP_VERIFY_THROTTLE_DESTINATION;

    if (target->name.len == 0) {
        target->kind = NGX_SMTP_VERIFY_THROTTLE_EGRESS;
        target->name = target->egress;
        target->egress.len = 0;
    }

    if (target->name.len == 0) {
        return ngx_http_smtp_verify_status_invalid(r,
                                       "Name a \"destination\" or an "
                                       "\"egress\", as the status has it.");
    }

    return NGX_DECLINED;
}


static ngx_uint_t
ngx_http_smtp_verify_action_zones(ngx_http_smtp_verify_action_e action,
    ngx_smtp_verify_view_target_t *target, ngx_uint_t seconds)
{
    ngx_uint_t                n;
    ngx_shm_zone_t           *zone;
    ngx_smtp_verify_zones_t   zones;

    n = 0;

    ngx_smtp_verify_zones_init(&zones, ngx_cycle);

    while ((zone = ngx_smtp_verify_zones_next(&zones)) != NULL) {

        if (!ngx_smtp_verify_throttle_is(zone)) {
            continue;
        }

        switch (action) {

        case ngx_http_smtp_verify_action_close:
            n += ngx_smtp_verify_view_close(zone, target);
            break;

        case ngx_http_smtp_verify_action_pause:
            n += ngx_smtp_verify_view_pause(zone, target,
                                            (uint64_t) seconds * 1000);
            break;

        default: /* ngx_http_smtp_verify_action_resume */
            n += ngx_smtp_verify_view_pause(zone, target, 0);
        }
    }

    return n;
}


/* The name is read as that of an address is, in U-labels or A-labels. */

static ngx_int_t
ngx_http_smtp_verify_action_forget_domain(ngx_http_request_t *r,
    ngx_uint_t *n)
{
    u_char                   *p;
    ngx_str_t                 domain, email;
    sv_address_t             *addr;
    ngx_shm_zone_t           *zone;
    ngx_smtp_verify_zones_t   zones;

    if (ngx_http_smtp_verify_status_arg(r, "domain", &domain) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    p = ngx_pnalloc(r->pool, domain.len + 2);
    if (p == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    email.data = p;
    email.len = domain.len + 2;

    p = ngx_cpymem(p, "a@", 2);
    ngx_memcpy(p, domain.data, domain.len);

    if (ngx_smtp_verify_parse(&email, &addr) != SV_ADDRESS_OK) {
        return ngx_http_smtp_verify_status_invalid(r,
                                       "\"domain\" must be the name of a "
                                       "domain.");
    }

    *n = 0;

    ngx_smtp_verify_zones_init(&zones, ngx_cycle);

    while ((zone = ngx_smtp_verify_zones_next(&zones)) != NULL) {
        if (ngx_smtp_verify_cache_is(zone)) {
            *n += ngx_http_smtp_verify_action_forget_in(zone->data,
                                                        &addr->domain);
        }
    }

    return NGX_DECLINED;
}


static ngx_uint_t
ngx_http_smtp_verify_action_forget_in(ngx_smtp_verify_cache_t *cache,
    sv_str_t *domain)
{
    ngx_uint_t               i, n;
    u_char                   key[SV_STORE_KEY];
    static const ngx_uint_t  kinds[] = {
        NGX_SMTP_VERIFY_CACHE_MX, NGX_SMTP_VERIFY_CACHE_CATCH_ALL,
        NGX_SMTP_VERIFY_CACHE_AGE, NGX_SMTP_VERIFY_CACHE_STS,
        NGX_SMTP_VERIFY_CACHE_STS_ID
    };

    ngx_smtp_verify_cache_key(cache, domain->data, domain->len, key);

    n = 0;

    for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        n += ngx_smtp_verify_cache_erase(cache, kinds[i], key);
    }

    return n;
}
