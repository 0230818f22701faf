
#include "ngx_http_smtp_verify_health.h"
#include "ngx_http_smtp_verify_param.h"
#include "ngx_http_smtp_verify_ready.h"
#include "ngx_http_smtp_verify_conf_store.h"
#include "ngx_http_smtp_verify_conf_fleet.h"
#include "ngx_http_smtp_verify_tokens.h"
#include "ngx_smtp_verify_connections.h"
#include "sv_version.h"


#define NGX_HTTP_SMTP_VERIFY_HEALTH_FIXED  2048     /* octets beside checks */

/* an octet of what was seen may take six */

#define NGX_HTTP_SMTP_VERIFY_HEALTH_CHECK                                     \
    (NGX_SMTP_VERIFY_AUDIT_SEEN * 6 + 1024)

#define NGX_HTTP_SMTP_VERIFY_HEALTH_LINK  "docs/troubleshooting.md#"


typedef struct {
    u_char                            *p;
    u_char                            *last;
    ngx_uint_t                         n;
    sv_audit_status_e                  worst;
} ngx_http_smtp_verify_health_t;


static ngx_int_t ngx_http_smtp_verify_health_flag(ngx_str_t *text,
    ngx_uint_t *on);
static ngx_int_t ngx_http_smtp_verify_health_handler(ngx_http_request_t *r);
static ngx_http_smtp_verify_health_view_e ngx_http_smtp_verify_health_view(
    ngx_http_request_t *r, ngx_http_smtp_verify_health_conf_t *conf);
static ngx_int_t ngx_http_smtp_verify_health_send(ngx_http_request_t *r,
    const char *text);
static ngx_int_t ngx_http_smtp_verify_health_report(ngx_http_request_t *r,
    ngx_http_smtp_verify_main_conf_t *smcf, ngx_uint_t store);
static void ngx_http_smtp_verify_health_identity(
    ngx_http_smtp_verify_health_t *h, ngx_shm_zone_t *zone,
    ngx_smtp_verify_identity_t *identity);
static void ngx_http_smtp_verify_health_host(
    ngx_http_smtp_verify_health_t *h, ngx_shm_zone_t *zone);
static const char *ngx_http_smtp_verify_health_room(
    ngx_smtp_verify_jobs_room_e room);
static void ngx_http_smtp_verify_health_stores(
    ngx_http_smtp_verify_health_t *h, ngx_array_t *stores);
static void ngx_http_smtp_verify_health_fleets(
    ngx_http_smtp_verify_health_t *h, ngx_http_smtp_verify_main_conf_t *smcf);
static void ngx_http_smtp_verify_health_check(
    ngx_http_smtp_verify_health_t *h, ngx_smtp_verify_identity_t *identity,
    sv_audit_check_e id, ngx_smtp_verify_audit_check_t *check);
static void ngx_http_smtp_verify_health_string(
    ngx_http_smtp_verify_health_t *h, const char *key, u_char *data,
    size_t len);
static void ngx_http_smtp_verify_health_word(
    ngx_http_smtp_verify_health_t *h, const char *key, const char *word);
static void ngx_http_smtp_verify_health_time(
    ngx_http_smtp_verify_health_t *h, const char *key, time_t time);


/* Parses smtp_verify_health [live | ready] [tokens=on | off]
   [store=on | off]. */

char *
ngx_http_smtp_verify_health(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_smtp_verify_loc_conf_t *slcf = conf;

    ngx_str_t   *value, text;
    ngx_uint_t   i, on;

    value = cf->args->elts;

    for (i = 1; i < cf->args->nelts; i++) {

        if (ngx_strcmp(value[i].data, "live") == 0) {
            slcf->health.view = ngx_http_smtp_verify_health_live;
            continue;
        }

        if (ngx_strcmp(value[i].data, "ready") == 0) {
            slcf->health.view = ngx_http_smtp_verify_health_ready;
            continue;
        }

        if (ngx_http_smtp_verify_param(&value[i], "tokens=", &text)
            && ngx_http_smtp_verify_health_flag(&text, &on) == NGX_OK)
        {
            slcf->health.tokens = on;
            continue;
        }

        if (ngx_http_smtp_verify_param(&value[i], "store=", &text)
            && ngx_http_smtp_verify_health_flag(&text, &on) == NGX_OK)
        {
            slcf->health.storeless = !on;
            continue;
        }

        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid parameter \"%V\"", &value[i]);
        return NGX_CONF_ERROR;
    }

    return ngx_http_smtp_verify_set_handler(cf, slcf,
                                         ngx_http_smtp_verify_health_handler);
}


static ngx_int_t
ngx_http_smtp_verify_health_flag(ngx_str_t *text, ngx_uint_t *on)
{
    if (ngx_strcmp(text->data, "on") == 0) {
        *on = 1;
        return NGX_OK;
    }

    *on = 0;

    return ngx_strcmp(text->data, "off") == 0 ? NGX_OK : NGX_ERROR;
}


static ngx_int_t
ngx_http_smtp_verify_health_handler(ngx_http_request_t *r)
{
    ngx_int_t                          rc;
    const char                        *why;
    ngx_http_smtp_verify_loc_conf_t   *slcf;
    ngx_http_smtp_verify_main_conf_t  *smcf;

    slcf = ngx_http_get_module_loc_conf(r, ngx_http_smtp_verify_module);
    smcf = ngx_http_get_module_main_conf(r, ngx_http_smtp_verify_module);

    if (slcf->health.tokens) {
        rc = ngx_http_smtp_verify_guard(r);
        if (rc != NGX_DECLINED) {
            return rc;
        }
    }

    if (!(r->method & (NGX_HTTP_GET|NGX_HTTP_HEAD))) {
        return NGX_HTTP_NOT_ALLOWED;
    }

    rc = ngx_http_discard_request_body(r);
    if (rc != NGX_OK) {
        return rc;
    }

    switch (ngx_http_smtp_verify_health_view(r, &slcf->health)) {

    case ngx_http_smtp_verify_health_live:
        return ngx_http_smtp_verify_health_send(r, "{\"live\":true}\n");

    case ngx_http_smtp_verify_health_ready:
        why = ngx_http_smtp_verify_unready(smcf, !slcf->health.storeless);

        return why ? ngx_http_smtp_verify_problem(r,
                                           NGX_HTTP_SERVICE_UNAVAILABLE,
                                           "not_ready", why)
                   : ngx_http_smtp_verify_health_send(r, "{\"ready\":true}\n");

    default: /* report */
        return ngx_http_smtp_verify_health_report(r, smcf,
                                                  !slcf->health.storeless);
    }
}


/* Without a parameter, the name of the location says what is asked for. */

static ngx_http_smtp_verify_health_view_e
ngx_http_smtp_verify_health_view(ngx_http_request_t *r,
    ngx_http_smtp_verify_health_conf_t *conf)
{
    u_char             *p, *last;
    ngx_str_t           name;
    static ngx_str_t    live = ngx_string("livez");
    static ngx_str_t    ready = ngx_string("readyz");

    if (conf->view != ngx_http_smtp_verify_health_by_name) {
        return conf->view;
    }

    last = r->uri.data + r->uri.len;

    for (p = last; p > r->uri.data && p[-1] != '/'; p--) { /* void */ }

    name.data = p;
    name.len = last - p;

    if (name.len == live.len
        && ngx_strncmp(name.data, live.data, live.len) == 0)
    {
        return ngx_http_smtp_verify_health_live;
    }

    if (name.len == ready.len
        && ngx_strncmp(name.data, ready.data, ready.len) == 0)
    {
        return ngx_http_smtp_verify_health_ready;
    }

    return ngx_http_smtp_verify_health_report_all;
}


static ngx_int_t
ngx_http_smtp_verify_health_send(ngx_http_request_t *r, const char *text)
{
    size_t      len;
    ngx_buf_t  *b;
    ngx_str_t   json = ngx_string("application/json");

    len = ngx_strlen(text);

    b = ngx_create_temp_buf(r->pool, len);
    if (b == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    b->last = ngx_cpymem(b->last, text, len);

    return ngx_http_smtp_verify_send(r, NGX_HTTP_OK, &json, b);
}


static ngx_int_t
ngx_http_smtp_verify_health_report(ngx_http_request_t *r,
    ngx_http_smtp_verify_main_conf_t *smcf, ngx_uint_t store)
{
    size_t                          size;
    time_t                          started;
    ngx_buf_t                      *b, *head;
    ngx_str_t                       json = ngx_string("application/json");
    ngx_uint_t                      i;
    ngx_smtp_verify_identity_t    **identities;
    ngx_http_smtp_verify_health_t   h;

    size = NGX_HTTP_SMTP_VERIFY_HEALTH_FIXED
           + (smcf->identities.nelts * SV_AUDIT_EGRESS_CHECKS
              + SV_AUDIT_CHECKS - SV_AUDIT_EGRESS_CHECKS
              + smcf->stores.nelts + smcf->fleets.nelts)
             * NGX_HTTP_SMTP_VERIFY_HEALTH_CHECK;

    b = ngx_create_temp_buf(r->pool, size);
    head = ngx_create_temp_buf(r->pool, NGX_HTTP_SMTP_VERIFY_HEALTH_FIXED / 2);

    if (b == NULL || head == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    /* what stands first is known last */

    ngx_memzero(&h, sizeof(ngx_http_smtp_verify_health_t));

    h.worst = SV_AUDIT_PASS;
    h.p = b->pos + NGX_HTTP_SMTP_VERIFY_HEALTH_FIXED / 2;
    h.last = b->end;
    b->pos = h.p;

    identities = smcf->identities.elts;

    for (i = 0; smcf->audit && i < smcf->identities.nelts; i++) {
        ngx_http_smtp_verify_health_identity(&h, smcf->audit, identities[i]);
    }

    ngx_http_smtp_verify_health_host(&h, smcf->audit);
    ngx_http_smtp_verify_health_stores(&h, &smcf->stores);
    ngx_http_smtp_verify_health_fleets(&h, smcf);

    h.p = ngx_slprintf(h.p, h.last, "]}\n");
    b->last = h.p;

    h.p = head->pos;
    h.last = head->end;

    h.p = ngx_slprintf(h.p, h.last, "{\"status\":\"%s\",\"version\":\"%s\","
                       "\"nginx\":\"%s\",\"ready\":%s",
                       sv_audit_status_name(h.worst), SV_VERSION,
                       NGINX_VERSION,
                       ngx_http_smtp_verify_unready(smcf, store) ? "false"
                                                                 : "true");

    started = smcf->audit ? ngx_smtp_verify_audit_started(smcf->audit) : 0;

    ngx_http_smtp_verify_health_time(&h, ",\"started\":", started);

    if (started) {
        h.p = ngx_slprintf(h.p, h.last, ",\"uptime\":%T",
                           ngx_max(ngx_time() - started, 0));
    } else {
        h.p = ngx_slprintf(h.p, h.last, ",\"uptime\":null");
    }

    h.p = ngx_slprintf(h.p, h.last, ",\"checks\":[");

    b->pos -= h.p - head->pos;
    ngx_memcpy(b->pos, head->pos, h.p - head->pos);

    return ngx_http_smtp_verify_send(r, NGX_HTTP_OK, &json, b);
}


static void
ngx_http_smtp_verify_health_identity(ngx_http_smtp_verify_health_t *h,
    ngx_shm_zone_t *zone, ngx_smtp_verify_identity_t *identity)
{
    ngx_uint_t                     i;
    ngx_smtp_verify_audit_entry_t  entry;

    if (ngx_smtp_verify_audit_get(zone, identity, &entry) != NGX_OK) {
        return;
    }

    ngx_smtp_verify_audit_port(&entry.history, &entry.checks[SV_AUDIT_PORT]);

    for (i = 0; i < SV_AUDIT_EGRESS_CHECKS; i++) {

        /* what was not looked at is not there */

        if (entry.checks[i].checked) {
            ngx_http_smtp_verify_health_check(h, identity, i,
                                              &entry.checks[i]);
        }
    }
}


static void
ngx_http_smtp_verify_health_host(ngx_http_smtp_verify_health_t *h,
    ngx_shm_zone_t *zone)
{
    u_char                         *last;
    ngx_smtp_verify_audit_check_t   check;

    if (zone) {
        ngx_smtp_verify_audit_host(zone, SV_AUDIT_CLOCK, &check);

        if (check.checked) {
            ngx_http_smtp_verify_health_check(h, NULL, SV_AUDIT_CLOCK, &check);
        }
    }

    ngx_memzero(&check, sizeof(ngx_smtp_verify_audit_check_t));

    check.status = (ngx_smtp_verify_connections() < ngx_cycle->connection_n)
                   ? SV_AUDIT_WARN : SV_AUDIT_PASS;
    check.checked = (uint64_t) ngx_time();

    last = ngx_slprintf(check.seen, check.seen + NGX_SMTP_VERIFY_AUDIT_SEEN,
                        "The descriptors are enough for %ui of %ui "
                        "worker_connections.", ngx_smtp_verify_connections(),
                        ngx_cycle->connection_n);
    check.len = (uint32_t) (last - check.seen);

    ngx_http_smtp_verify_health_check(h, NULL, SV_AUDIT_FILES, &check);
}


/* A full store is no reason to ask no mail servers, so it only warns. */

static void
ngx_http_smtp_verify_health_stores(ngx_http_smtp_verify_health_t *h,
    ngx_array_t *stores)
{
    u_char                         *last;
    ngx_uint_t                      i;
    ngx_http_smtp_verify_store_t  **store;
    ngx_smtp_verify_audit_check_t   check;
    ngx_smtp_verify_jobs_survey_t   survey;

    store = stores->elts;

    for (i = 0; i < stores->nelts; i++) {

        ngx_smtp_verify_jobs_survey(&store[i]->jobs, &survey);

        if (survey.at == 0) {
            continue;
        }

        ngx_memzero(&check, sizeof(ngx_smtp_verify_audit_check_t));

        check.status = survey.room == ngx_smtp_verify_jobs_room_enough
                       ? SV_AUDIT_PASS : SV_AUDIT_WARN;
        check.checked = (uint64_t) survey.at;

        last = ngx_slprintf(check.seen,
                            check.seen + NGX_SMTP_VERIFY_AUDIT_SEEN,
                            "The jobs of %V use %uL of %uL MB, and the disk "
                            "has %uL MB left%s.", &store[i]->location,
                            survey.store.used >> 20, survey.size >> 20,
                            survey.store.free >> 20,
                            ngx_http_smtp_verify_health_room(survey.room));
        check.len = (uint32_t) (last - check.seen);

        ngx_http_smtp_verify_health_check(h, NULL, SV_AUDIT_STORE, &check);
    }
}


static const char *
ngx_http_smtp_verify_health_room(ngx_smtp_verify_jobs_room_e room)
{
    switch (room) {

    case ngx_smtp_verify_jobs_room_none:
        return ": results have no room";

    case ngx_smtp_verify_jobs_room_short:
        return ": new lists are refused";

    default:
        return "";
    }
}


/* What this worker sees of the stores that fleets share.  Without one each
   machine goes on by itself, so it only warns. */

static void
ngx_http_smtp_verify_health_fleets(ngx_http_smtp_verify_health_t *h,
    ngx_http_smtp_verify_main_conf_t *smcf)
{
    u_char                         *last;
    ngx_uint_t                      i, well;
    ngx_smtp_verify_fleet_t        *fleet;
    ngx_smtp_verify_audit_check_t   check;

    for (i = 0; i < smcf->fleets.nelts; i++) {

        fleet = ngx_http_smtp_verify_fleet_get(smcf, i);
        well = ngx_http_smtp_verify_fleet_is_well(fleet);

        ngx_memzero(&check, sizeof(ngx_smtp_verify_audit_check_t));

        check.status = well ? SV_AUDIT_PASS : SV_AUDIT_WARN;
        check.checked = (uint64_t) ngx_time();

        last = ngx_http_smtp_verify_fleet_seen(fleet, check.seen,
                                   check.seen + NGX_SMTP_VERIFY_AUDIT_SEEN);
        check.len = (uint32_t) (last - check.seen);

        ngx_http_smtp_verify_health_check(h, NULL, SV_AUDIT_FLEET, &check);
    }
}


static void
ngx_http_smtp_verify_health_check(ngx_http_smtp_verify_health_t *h,
    ngx_smtp_verify_identity_t *identity, sv_audit_check_e id,
    ngx_smtp_verify_audit_check_t *check)
{
    const char  *name;

    name = sv_audit_name(id);

    h->worst = ngx_max(h->worst, check->status);
    h->p = ngx_slprintf(h->p, h->last, "%s{\"check\":\"%s\"",
                        h->n++ ? "," : "", name);

    if (identity) {
        ngx_http_smtp_verify_health_string(h, ",\"egress\":",
                                           identity->name.data,
                                           identity->name.len);
        ngx_http_smtp_verify_health_string(h, ",\"helo\":",
                                           identity->helo.data,
                                           identity->helo.len);
    } else {
        h->p = ngx_slprintf(h->p, h->last, ",\"egress\":null,\"helo\":null");
    }

    ngx_http_smtp_verify_health_word(h, ",\"status\":",
                                     sv_audit_status_name(check->status));
    ngx_http_smtp_verify_health_string(h, ",\"seen\":", check->seen,
                                       check->len);
    ngx_http_smtp_verify_health_time(h, ",\"since\":", (time_t) check->since);
    ngx_http_smtp_verify_health_time(h, ",\"checked\":",
                                     (time_t) check->checked);

    if (check->status == SV_AUDIT_WARN || check->status == SV_AUDIT_FAIL) {
        ngx_http_smtp_verify_health_word(h, ",\"remedy\":",
                                         sv_audit_remedy(id));
        h->p = ngx_slprintf(h->p, h->last,
                            ",\"link\":\"" NGX_HTTP_SMTP_VERIFY_HEALTH_LINK
                            "%s\"", name);
    } else {
        h->p = ngx_slprintf(h->p, h->last, ",\"remedy\":null,\"link\":null");
    }

    h->p = ngx_slprintf(h->p, h->last, "}");
}


static void
ngx_http_smtp_verify_health_word(ngx_http_smtp_verify_health_t *h,
    const char *key, const char *word)
{
    ngx_http_smtp_verify_health_string(h, key, (u_char *) word,
                                       word ? ngx_strlen(word) : 0);
}


static void
ngx_http_smtp_verify_health_string(ngx_http_smtp_verify_health_t *h,
    const char *key, u_char *data, size_t len)
{
    if (len == 0) {
        h->p = ngx_slprintf(h->p, h->last, "%snull", key);
        return;
    }

    h->p = ngx_slprintf(h->p, h->last, "%s\"", key);

    /* the longest possible text of a check still has room */

    len = ngx_min(len, (size_t) NGX_SMTP_VERIFY_AUDIT_SEEN);

    if ((size_t) (h->last - h->p) > len * 6) {
        h->p = (u_char *) ngx_escape_json(h->p, data, len);
    }

    h->p = ngx_slprintf(h->p, h->last, "\"");
}


static void
ngx_http_smtp_verify_health_time(ngx_http_smtp_verify_health_t *h,
    const char *key, time_t time)
{
    ngx_tm_t  tm;

    if (time == 0) {
        h->p = ngx_slprintf(h->p, h->last, "%snull", key);
        return;
    }

    ngx_gmtime(time, &tm);

    h->p = ngx_slprintf(h->p, h->last, "%s\"%4d-%02d-%02dT%02d:%02d:%02dZ\"",
                        key, tm.ngx_tm_year, tm.ngx_tm_mon, tm.ngx_tm_mday,
                        tm.ngx_tm_hour, tm.ngx_tm_min, tm.ngx_tm_sec);
}
