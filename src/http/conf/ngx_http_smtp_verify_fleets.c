
/* The fleets of a configuration: their zones, their workers, and how they
   are. */


#include "ngx_http_smtp_verify_conf_fleet.h"
#include "ngx_smtp_verify_fleet_limits.h"
#include "ngx_smtp_verify_zone.h"


#define NGX_HTTP_SMTP_VERIFY_FLEET_WHY  160     /* octets */


static ngx_int_t ngx_http_smtp_verify_fleet_bind(ngx_conf_t *cf,
    ngx_http_smtp_verify_fleet_conf_t *fcf);
static ngx_int_t ngx_http_smtp_verify_fleet_named(ngx_conf_t *cf,
    ngx_http_smtp_verify_fleet_conf_t *fcf);
static ngx_uint_t ngx_http_smtp_verify_fleet_wants(
    ngx_http_smtp_verify_fleet_conf_t *fcf, ngx_str_t *zone);
static ngx_uint_t ngx_http_smtp_verify_fleet_is_name(ngx_str_t *name,
    ngx_str_t *zone);


/* The zones may be defined after the fleet. */

ngx_int_t
ngx_http_smtp_verify_fleet_init(ngx_conf_t *cf)
{
    ngx_uint_t                           i;
    ngx_http_smtp_verify_main_conf_t    *smcf;
    ngx_http_smtp_verify_fleet_conf_t  **fleets;

    smcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_smtp_verify_module);

    fleets = smcf->fleets.elts;

    for (i = 0; i < smcf->fleets.nelts; i++) {
        if (ngx_http_smtp_verify_fleet_bind(cf, fleets[i]) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_smtp_verify_fleet_bind(ngx_conf_t *cf,
    ngx_http_smtp_verify_fleet_conf_t *fcf)
{
    ngx_int_t                 rc;
    ngx_uint_t                parts, caches, throttles;
    ngx_shm_zone_t           *shm_zone;
    ngx_smtp_verify_zones_t   zones;

    parts = fcf->fleet.parts;
    caches = 0;
    throttles = 0;

    ngx_smtp_verify_zones_init(&zones, cf->cycle);

    while ((shm_zone = ngx_smtp_verify_zones_next(&zones)) != NULL) {

        if (!ngx_http_smtp_verify_fleet_wants(fcf, &shm_zone->shm.name)) {
            continue;
        }

        if ((parts & NGX_SMTP_VERIFY_FLEET_CACHE)
            && ngx_smtp_verify_cache_is(shm_zone))
        {
            rc = ngx_smtp_verify_fleet_cache(cf, &fcf->fleet, shm_zone);
            caches++;

        } else if ((parts & NGX_SMTP_VERIFY_FLEET_THROTTLE)
                   && ngx_smtp_verify_throttle_is(shm_zone))
        {
            rc = ngx_smtp_verify_fleet_throttle(cf, &fcf->fleet, shm_zone);

            if (rc == NGX_OK) {
                rc = ngx_smtp_verify_fleet_limits(cf, &fcf->fleet, shm_zone);
            }

            throttles++;

        } else {
            continue;
        }

        if (rc == NGX_DECLINED) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "zone \"%V\" of fleet "
                               "\"%V\" already has a store behind it",
                               &shm_zone->shm.name, &fcf->fleet.name);
        }

        if (rc != NGX_OK) {
            return NGX_ERROR;
        }
    }

    if ((parts & NGX_SMTP_VERIFY_FLEET_THROTTLE) && throttles == 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "fleet \"%V\" lacks a "
                           "throttle zone, which "
                           "\"smtp_verify_throttle_zone\" defines",
                           &fcf->fleet.name);
        return NGX_ERROR;
    }

    if ((parts & NGX_SMTP_VERIFY_FLEET_CACHE) && caches == 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "fleet \"%V\" lacks a cache "
                           "zone, which \"smtp_verify_cache_zone\" defines",
                           &fcf->fleet.name);
        return NGX_ERROR;
    }

    return ngx_http_smtp_verify_fleet_named(cf, fcf);
}


/* Each zone that is named has to be there.  It may be of a part that is not
   shared now. */

static ngx_int_t
ngx_http_smtp_verify_fleet_named(ngx_conf_t *cf,
    ngx_http_smtp_verify_fleet_conf_t *fcf)
{
    ngx_str_t                *name;
    ngx_uint_t                i, found;
    ngx_shm_zone_t           *shm_zone;
    ngx_smtp_verify_zones_t   zones;

    name = fcf->zones.elts;

    for (i = 0; i < fcf->zones.nelts; i++) {

        found = 0;
        ngx_smtp_verify_zones_init(&zones, cf->cycle);

        while ((shm_zone = ngx_smtp_verify_zones_next(&zones)) != NULL) {

            if (ngx_http_smtp_verify_fleet_is_name(&name[i],
                                                   &shm_zone->shm.name))
            {
                found |= ngx_smtp_verify_cache_is(shm_zone)
                         || ngx_smtp_verify_throttle_is(shm_zone);
            }
        }

        if (!found) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "zone \"%V\" of fleet "
                               "\"%V\" is neither a cache zone nor a throttle "
                               "zone", &name[i], &fcf->fleet.name);
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


static ngx_uint_t
ngx_http_smtp_verify_fleet_wants(ngx_http_smtp_verify_fleet_conf_t *fcf,
    ngx_str_t *zone)
{
    ngx_str_t   *name;
    ngx_uint_t   i;

    name = fcf->zones.elts;

    for (i = 0; i < fcf->zones.nelts; i++) {
        if (ngx_http_smtp_verify_fleet_is_name(&name[i], zone)) {
            return 1;
        }
    }

    return fcf->zones.nelts == 0;
}


static ngx_uint_t
ngx_http_smtp_verify_fleet_is_name(ngx_str_t *name, ngx_str_t *zone)
{
    return name->len == zone->len
           && ngx_strncmp(name->data, zone->data, zone->len) == 0;
}


ngx_smtp_verify_fleet_t *
ngx_http_smtp_verify_fleet_get(ngx_http_smtp_verify_main_conf_t *smcf,
    ngx_uint_t i)
{
    ngx_http_smtp_verify_fleet_conf_t  **fleets;

    fleets = smcf->fleets.elts;

    return &fleets[i]->fleet;
}


ngx_uint_t
ngx_http_smtp_verify_fleet_is_well(ngx_smtp_verify_fleet_t *fleet)
{
    u_char  why[NGX_HTTP_SMTP_VERIFY_FLEET_WHY];

    return ngx_smtp_verify_fleet_is_up(fleet)
           && !ngx_smtp_verify_fleet_limits_alone(fleet)
           && !ngx_smtp_verify_fleet_is_skewed(fleet)
           && ngx_smtp_verify_fleet_describe(fleet, why, why + sizeof(why))
              == why;
}


ngx_int_t
ngx_http_smtp_verify_fleet_is_alone(ngx_smtp_verify_fleet_t *fleet)
{
    return fleet->limits->nelts
           ? (ngx_int_t) ngx_smtp_verify_fleet_limits_alone(fleet) : -1;
}


u_char *
ngx_http_smtp_verify_fleet_seen(ngx_smtp_verify_fleet_t *fleet, u_char *p,
    u_char *last)
{
    u_char       buf[NGX_HTTP_SMTP_VERIFY_FLEET_WHY];
    ngx_str_t    why;
    const char  *how, *then;

    then = "";

    why.data = buf;
    why.len = ngx_smtp_verify_fleet_describe(fleet, buf, buf + sizeof(buf))
              - buf;

    if (!ngx_smtp_verify_fleet_is_up(fleet)) {
        how = "is away";
        then = ngx_smtp_verify_fleet_limits_alone(fleet)
               ? ": this machine goes on by itself, with its safe share of "
                 "shared limits"
               : ": this machine goes on by itself";

    } else if (why.len) {
        how = "refuses something";

    } else if (ngx_smtp_verify_fleet_limits_alone(fleet)) {
        how = "does not share out limits";
        then = ": this machine keeps to its safe share";

    } else if (ngx_smtp_verify_fleet_is_skewed(fleet)) {
        how = "answers";
        then = ", but its clock and that of this machine are more than a "
               "minute apart";

    } else {
        how = "answers";
    }

    return ngx_slprintf(p, last, "The store of the fleet %V %s%s%V%s%s.",
                        &fleet->name, how, why.len ? " (" : "", &why,
                        why.len ? ")" : "", then);
}


ngx_int_t
ngx_http_smtp_verify_fleet_process(ngx_cycle_t *cycle,
    ngx_http_smtp_verify_main_conf_t *smcf)
{
    ngx_uint_t                           i;
    ngx_http_smtp_verify_fleet_conf_t  **fleets;

    fleets = smcf->fleets.elts;

    for (i = 0; i < smcf->fleets.nelts; i++) {
        if (ngx_smtp_verify_fleet_start(cycle, &fleets[i]->fleet) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


void
ngx_http_smtp_verify_fleet_end(ngx_http_smtp_verify_main_conf_t *smcf)
{
    ngx_uint_t                           i;
    ngx_http_smtp_verify_fleet_conf_t  **fleets;

    fleets = smcf->fleets.elts;

    for (i = 0; i < smcf->fleets.nelts; i++) {
        ngx_smtp_verify_fleet_exit(&fleets[i]->fleet);
    }
}
