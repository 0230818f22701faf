
/* Who is asked, by which identities and for whom, and how close that is to the
   limits. */


#include "ngx_http_smtp_verify_status.h"
#include "ngx_smtp_verify_replies.h"
#include "ngx_smtp_verify_zone.h"
#include "sv_clock.h"


/* octets of a row without its names and the text of a reply, each octet of
   which may take six */

#define NGX_HTTP_SMTP_VERIFY_OVERVIEW_ROW                                     \
    (768 + 6 * (3 * NGX_SMTP_VERIFY_THROTTLE_NAME                             \
                + NGX_SMTP_VERIFY_REPLIES_TEXT))
#define NGX_HTTP_SMTP_VERIFY_OVERVIEW_CLIENT  384
#define NGX_HTTP_SMTP_VERIFY_OVERVIEW_REST    1024


static ngx_int_t ngx_http_smtp_verify_page_words(ngx_http_request_t *r,
    ngx_http_smtp_verify_page_t *page);
static ngx_int_t ngx_http_smtp_verify_page_word(ngx_http_request_t *r,
    const char *name, const char *const *words, ngx_uint_t *n);
static u_char *ngx_http_smtp_verify_overview_list(ngx_http_request_t *r,
    ngx_http_smtp_verify_page_t *page, ngx_uint_t kind, u_char *p,
    u_char *last);
static int ngx_libc_cdecl ngx_http_smtp_verify_overview_compare(
    const void *one, const void *two);
static u_char *ngx_http_smtp_verify_overview_row(
    ngx_smtp_verify_view_found_t *found, ngx_uint_t kind, u_char *p,
    u_char *last);
static u_char *ngx_http_smtp_verify_overview_destination(
    ngx_smtp_verify_view_item_t *item, u_char *p, u_char *last);
static u_char *ngx_http_smtp_verify_overview_portion(
    ngx_smtp_verify_view_item_t *item, u_char *p, u_char *last);
static u_char *ngx_http_smtp_verify_overview_part(u_char *p, u_char *last,
    const char *name, ngx_int_t n);
static u_char *ngx_http_smtp_verify_overview_breaker(
    ngx_smtp_verify_view_item_t *item, u_char *p, u_char *last);
static u_char *ngx_http_smtp_verify_overview_refusal(
    ngx_smtp_verify_view_found_t *found, ngx_smtp_verify_view_item_t *item,
    u_char *p, u_char *last);
static u_char *ngx_http_smtp_verify_overview_seconds(u_char *p, u_char *last,
    const char *name, uint64_t ms);
static u_char *ngx_http_smtp_verify_overview_name(u_char *p, u_char *last,
    const char *name, ngx_str_t *value);
static u_char *ngx_http_smtp_verify_overview_clients(ngx_http_request_t *r,
    ngx_http_smtp_verify_page_t *page, u_char *p, u_char *last);
static u_char *ngx_http_smtp_verify_overview_client(
    ngx_http_smtp_verify_limited_t *limited,
    ngx_smtp_verify_quota_state_t *state, u_char *p, u_char *last);


ngx_int_t
ngx_http_smtp_verify_page(ngx_http_request_t *r,
    ngx_http_smtp_verify_page_t *page)
{
    ngx_memzero(page, sizeof(ngx_http_smtp_verify_page_t));

    page->limit = NGX_HTTP_SMTP_VERIFY_STATUS_LIMIT;

    if (ngx_http_smtp_verify_status_number(r, "offset",
                                           NGX_HTTP_SMTP_VERIFY_STATUS_FOUND,
                                           &page->offset)
        != NGX_OK
        || ngx_http_smtp_verify_status_number(r, "limit",
                                           NGX_HTTP_SMTP_VERIFY_STATUS_LIMITS,
                                           &page->limit)
           != NGX_OK)
    {
        return ngx_http_smtp_verify_status_invalid(r,
                                       "\"offset\" must be a number up to "
                                       "65536, \"limit\" one up to 1000.");
    }

    if (ngx_http_smtp_verify_status_arg(r, "name", &page->query.part)
        != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_smtp_verify_page_words(r, page);
}


static ngx_int_t
ngx_http_smtp_verify_page_words(ngx_http_request_t *r,
    ngx_http_smtp_verify_page_t *page)
{
    ngx_uint_t                state, order;
    static const char *const  states[] = { "all", "busy", "waiting", "open",
                                           "paused", NULL };
    static const char *const  orders[] = { "sessions", "waiting", "rejects",
                                           "seen", NULL };

    if (ngx_http_smtp_verify_page_word(r, "state", states, &state)
        != NGX_OK)
    {
        return ngx_http_smtp_verify_status_invalid(r,
                                       "\"state\" must be all, busy, waiting, "
                                       "open or paused.");
    }

    if (ngx_http_smtp_verify_page_word(r, "sort", orders, &order)
        != NGX_OK)
    {
        return ngx_http_smtp_verify_status_invalid(r,
                                       "\"sort\" must be sessions, waiting, "
                                       "rejects or seen.");
    }

    page->query.state = (ngx_smtp_verify_view_state_e) state;
    page->query.order = (ngx_smtp_verify_view_order_e) order;

    return NGX_DECLINED;
}


/* Without the argument it is the first word. */

static ngx_int_t
ngx_http_smtp_verify_page_word(ngx_http_request_t *r, const char *name,
    const char *const *words, ngx_uint_t *n)
{
    ngx_str_t  value;

    if (ngx_http_smtp_verify_status_arg(r, name, &value) != NGX_OK) {
        return NGX_ERROR;
    }

    for (*n = 0; words[*n]; (*n)++) {
        if (value.len == 0
            || (value.len == ngx_strlen(words[*n])
                && ngx_strncmp(value.data, words[*n], value.len) == 0))
        {
            return NGX_OK;
        }
    }

    return NGX_ERROR;
}


size_t
ngx_http_smtp_verify_overview_size(ngx_http_request_t *r,
    ngx_http_smtp_verify_page_t *page)
{
    return NGX_HTTP_SMTP_VERIFY_OVERVIEW_REST
           + 2 * page->limit * NGX_HTTP_SMTP_VERIFY_OVERVIEW_ROW
           + ngx_min(page->limit, NGX_HTTP_SMTP_VERIFY_STATUS_CLIENTS)
             * NGX_HTTP_SMTP_VERIFY_OVERVIEW_CLIENT;
}


u_char *
ngx_http_smtp_verify_overview(ngx_http_request_t *r,
    ngx_http_smtp_verify_page_t *page, ngx_smtp_verify_counters_t *sum,
    u_char *p, u_char *last)
{
    uint64_t  hits, all;

    hits = sum->n[NGX_SMTP_VERIFY_N_HITS] + sum->n[NGX_SMTP_VERIFY_N_STALE];
    all = hits + sum->n[NGX_SMTP_VERIFY_N_MISSES]
          + sum->n[NGX_SMTP_VERIFY_N_EXPIRED];

    if (all) {
        p = ngx_snprintf(p, last - p, ",\"hit_rate\":%uL.%04uL", hits / all,
                         hits % all * 10000 / all);

    } else {
        p = ngx_snprintf(p, last - p, ",\"hit_rate\":null");
    }

    p = ngx_snprintf(p, last - p, ",\"destinations\":");
    p = ngx_http_smtp_verify_overview_list(r, page,
                                       NGX_SMTP_VERIFY_THROTTLE_DESTINATION,
                                       p, last);

    p = ngx_snprintf(p, last - p, ",\"egresses\":");
    p = ngx_http_smtp_verify_overview_list(r, page,
                                           NGX_SMTP_VERIFY_THROTTLE_EGRESS,
                                           p, last);

    return ngx_http_smtp_verify_overview_clients(r, page, p, last);
}


/* Filters are for destinations; there are few egresses. */

static u_char *
ngx_http_smtp_verify_overview_list(ngx_http_request_t *r,
    ngx_http_smtp_verify_page_t *page, ngx_uint_t kind, u_char *p,
    u_char *last)
{
    ngx_int_t                      n;
    ngx_uint_t                     i, rows, total;
    ngx_array_t                   *found;
    ngx_shm_zone_t                *zone;
    ngx_smtp_verify_zones_t        zones;
    ngx_smtp_verify_view_query_t   query;
    ngx_smtp_verify_view_found_t  *one;

    total = 0;
    query = page->query;
    query.kind = kind;

    if (kind == NGX_SMTP_VERIFY_THROTTLE_EGRESS) {
        query.part.len = 0;
        query.state = ngx_smtp_verify_view_all;
    }

    found = ngx_array_create(r->pool, 64,
                             sizeof(ngx_smtp_verify_view_found_t));

    ngx_smtp_verify_zones_init(&zones, ngx_cycle);

    while (found && (zone = ngx_smtp_verify_zones_next(&zones)) != NULL) {

        if (!ngx_smtp_verify_throttle_is(zone)) {
            continue;
        }

        n = ngx_smtp_verify_view_find(zone, &query, found,
                                      NGX_HTTP_SMTP_VERIFY_STATUS_FOUND);
        if (n == NGX_ERROR) {
            found = NULL;
            break;
        }

        total += n;
    }

    if (found == NULL) {
        return ngx_snprintf(p, last - p, "null");
    }

    one = found->elts;

    ngx_qsort(one, found->nelts, sizeof(ngx_smtp_verify_view_found_t),
              ngx_http_smtp_verify_overview_compare);

    p = ngx_snprintf(p, last - p, "{\"total\":%ui,\"offset\":%ui,"
                     "\"items\":[", total, page->offset);

    rows = 0;

    for (i = page->offset; i < found->nelts && rows < page->limit; i++) {

        u_char  *row = p;

        if (rows) {
            *row++ = ',';
        }

        row = ngx_http_smtp_verify_overview_row(&one[i], kind, row, last);

        if (row) {
            p = row;
            rows++;
        }
    }

    return ngx_snprintf(p, last - p, "]}");
}


static int ngx_libc_cdecl
ngx_http_smtp_verify_overview_compare(const void *one, const void *two)
{
    const ngx_smtp_verify_view_found_t *a = one;
    const ngx_smtp_verify_view_found_t *b = two;

    if (a->key != b->key) {
        return a->key < b->key ? 1 : -1;
    }

    return a->i > b->i ? 1 : a->i < b->i ? -1 : 0;
}


/* Returns NULL if the entry is another one by now. */

static u_char *
ngx_http_smtp_verify_overview_row(ngx_smtp_verify_view_found_t *found,
    ngx_uint_t kind, u_char *p, u_char *last)
{
    ngx_smtp_verify_view_item_t  item;

    if (ngx_smtp_verify_view_item(found, kind, &item) != NGX_OK) {
        return NULL;
    }

    p = ngx_snprintf(p, last - p, "{\"zone\":\"%V\"", &found->zone->shm.name);
    p = ngx_http_smtp_verify_overview_name(p, last, "name", &item.name);

    if (kind == NGX_SMTP_VERIFY_THROTTLE_DESTINATION) {
        p = ngx_http_smtp_verify_overview_destination(&item, p, last);
        p = ngx_http_smtp_verify_overview_portion(&item, p, last);

    } else {
        p = ngx_snprintf(p, last - p, ",\"sessions\":%ui", item.sessions);
    }

    p = ngx_http_smtp_verify_overview_breaker(&item, p, last);
    p = ngx_http_smtp_verify_overview_seconds(p, last, "paused", item.paused);

    if (item.connected == (uint64_t) -1) {
        p = ngx_snprintf(p, last - p, ",\"connected\":null");

    } else {
        p = ngx_http_smtp_verify_overview_seconds(p, last, "connected",
                                                  item.connected);
    }

    if (kind == NGX_SMTP_VERIFY_THROTTLE_DESTINATION) {
        p = ngx_http_smtp_verify_overview_refusal(found, &item, p, last);
    }

    return ngx_snprintf(p, last - p, "}");
}


/* The rate is per minute, so that slow ones are no fractions. */

static u_char *
ngx_http_smtp_verify_overview_destination(ngx_smtp_verify_view_item_t *item,
    u_char *p, u_char *last)
{
    p = ngx_http_smtp_verify_overview_name(p, last, "egress", &item->egress);

    p = ngx_snprintf(p, last - p, ",\"sessions\":%ui,\"waiting\":%ui,"
                     "\"delayed\":%ui", item->sessions, item->waiting,
                     item->delayed);

    p = item->conns ? ngx_snprintf(p, last - p, ",\"conns\":%ui",
                                   item->conns)
                    : ngx_snprintf(p, last - p, ",\"conns\":null");

    p = item->rate ? ngx_snprintf(p, last - p, ",\"rate\":%uL",
                                  item->rate / sv_bucket_per_minute(1))
                   : ngx_snprintf(p, last - p, ",\"rate\":null");

    if (item->level == 0) {
        return ngx_snprintf(p, last - p, ",\"rejects\":{\"used\":%ui,"
                            "\"limit\":null,\"left\":null}", item->used);
    }

    return ngx_snprintf(p, last - p, ",\"rejects\":{\"used\":%ui,"
                        "\"limit\":%ui,\"left\":%ui}", item->used,
                        item->level,
                        item->level > item->used ? item->level - item->used
                                                 : 0);
}


/* What this machine has of limits that several machines share. */

static u_char *
ngx_http_smtp_verify_overview_portion(ngx_smtp_verify_view_item_t *item,
    u_char *p, u_char *last)
{
    if (!item->shared) {
        return ngx_snprintf(p, last - p, ",\"portion\":null");
    }

    p = ngx_snprintf(p, last - p, ",\"portion\":{\"alone\":%s",
                     item->portion.alone ? "true" : "false");

    p = ngx_http_smtp_verify_overview_part(p, last, "sessions",
                                           item->portion.sessions);
    p = ngx_http_smtp_verify_overview_part(p, last, "recipients",
                                           item->portion.recipients);
    p = ngx_http_smtp_verify_overview_part(p, last, "rejects",
                                           item->portion.rejects);

    return ngx_snprintf(p, last - p, "}");
}


static u_char *
ngx_http_smtp_verify_overview_part(u_char *p, u_char *last, const char *name,
    ngx_int_t n)
{
    return n < 0 ? ngx_snprintf(p, last - p, ",\"%s\":null", name)
                 : ngx_snprintf(p, last - p, ",\"%s\":%i", name, n);
}


static u_char *
ngx_http_smtp_verify_overview_breaker(ngx_smtp_verify_view_item_t *item,
    u_char *p, u_char *last)
{
    const char                *why;
    static const char *const   states[] = { "closed", "open", "half_open" };

    p = ngx_snprintf(p, last - p, ",\"breaker\":{\"state\":\"%s\"",
                     states[item->breaker]);

    p = ngx_http_smtp_verify_overview_seconds(p, last, "left", item->left);

    why = ngx_smtp_verify_view_why(item->why);

    return why ? ngx_snprintf(p, last - p, ",\"why\":\"%s\"}", why)
               : ngx_snprintf(p, last - p, ",\"why\":null}");
}


/* The last reply by which it refused us. */

static u_char *
ngx_http_smtp_verify_overview_refusal(ngx_smtp_verify_view_found_t *found,
    ngx_smtp_verify_view_item_t *item, u_char *p, u_char *last)
{
    uint64_t                    now;
    const char                 *stage;
    ngx_smtp_verify_reply_t     reply;
    ngx_smtp_verify_reply_of_t  of;

    of.zone = &found->zone->shm.name;
    of.destination = item->name;
    of.egress = item->egress;

    if (ngx_smtp_verify_replies_get(&of, &reply) != NGX_OK) {
        return ngx_snprintf(p, last - p, ",\"refusal\":null");
    }

    now = sv_clock_msec();
    stage = sv_stage_name(reply.stage);

    p = ngx_snprintf(p, last - p, ",\"refusal\":{\"ago\":%uL,"
                     "\"stage\":\"%s\",\"code\":%uD,",
                     (now - ngx_min(reply.at, now)) / 1000,
                     stage ? stage : "", reply.code);

    p = reply.enhanced[0] ? ngx_snprintf(p, last - p, "\"enhanced_code\":"
                                         "\"%s\",", reply.enhanced)
                          : ngx_snprintf(p, last - p,
                                         "\"enhanced_code\":null,");

    p = ngx_snprintf(p, last - p, "\"reason\":\"%s\",\"text\":\"",
                     sv_reason_info(reply.reason)->name);

    if (last - p < (ssize_t) (reply.len * 6 + 2)) {
        return last;
    }

    p = (u_char *) ngx_escape_json(p, reply.text, reply.len);

    return ngx_snprintf(p, last - p, "\"}");
}


static u_char *
ngx_http_smtp_verify_overview_seconds(u_char *p, u_char *last,
    const char *name, uint64_t ms)
{
    return ngx_snprintf(p, last - p, ",\"%s\":%uL", name,
                        (ms + 999) / 1000);
}


/* An egress without a name is the default one. */

static u_char *
ngx_http_smtp_verify_overview_name(u_char *p, u_char *last, const char *name,
    ngx_str_t *value)
{
    if (value->len == 0) {
        return ngx_snprintf(p, last - p, ",\"%s\":\"default\"", name);
    }

    p = ngx_snprintf(p, last - p, ",\"%s\":\"", name);

    if (last - p < (ssize_t) (value->len * 6 + 1)) {
        return last;
    }

    p = (u_char *) ngx_escape_json(p, value->data, value->len);
    *p++ = '"';

    return p;
}


/* Those of the tokens of this location. */

static u_char *
ngx_http_smtp_verify_overview_clients(ngx_http_request_t *r,
    ngx_http_smtp_verify_page_t *page, u_char *p, u_char *last)
{
    ngx_uint_t                        i, n, rows;
    ngx_smtp_verify_quota_state_t     state;
    ngx_http_smtp_verify_tokens_t    *tokens;
    ngx_http_smtp_verify_limited_t   *limited;
    ngx_http_smtp_verify_loc_conf_t  *slcf;

    slcf = ngx_http_get_module_loc_conf(r, ngx_http_smtp_verify_module);
    tokens = slcf->tokens;

    n = tokens ? tokens->list->nclients : 0;

    p = ngx_snprintf(p, last - p, ",\"clients\":{\"total\":%ui,"
                     "\"offset\":%ui,\"items\":[", n, page->offset);

    rows = ngx_min(page->limit, NGX_HTTP_SMTP_VERIFY_STATUS_CLIENTS);

    for (i = page->offset; i < n && i < page->offset + rows; i++) {
        limited = &tokens->clients[i];

        ngx_memzero(&state, sizeof(ngx_smtp_verify_quota_state_t));
        ngx_smtp_verify_quota_look(tokens->zone, &limited->quota, &state);

        if (i > page->offset) {
            p = ngx_snprintf(p, last - p, ",");
        }

        p = ngx_http_smtp_verify_overview_client(limited, &state, p, last);
    }

    return ngx_snprintf(p, last - p, "]}");
}


static u_char *
ngx_http_smtp_verify_overview_client(ngx_http_smtp_verify_limited_t *limited,
    ngx_smtp_verify_quota_state_t *state, u_char *p, u_char *last)
{
    ngx_smtp_verify_quota_client_t  *quota;

    quota = &limited->quota;

    p = ngx_snprintf(p, last - p, "{\"client\":\"%V\","
                     "\"requests\":{\"today\":%uL,\"total\":%uL}",
                     &quota->name, state->today, state->requests);

    if (quota->quota == NGX_SMTP_VERIFY_QUOTA_NONE) {
        p = ngx_snprintf(p, last - p, ",\"quota\":null");

    } else {
        p = ngx_snprintf(p, last - p, ",\"quota\":{\"limit\":%uL,"
                         "\"left\":%uL,\"reset\":%ui}", quota->quota,
                         state->left, state->reset);
    }

    if (quota->rate == 0) {
        return ngx_snprintf(p, last - p, ",\"rate\":null}");
    }

    return ngx_snprintf(p, last - p, ",\"rate\":{\"limit\":%ui,"
                        "\"left\":%ui,\"reset\":%ui}}", quota->burst,
                        state->room, state->wait);
}
