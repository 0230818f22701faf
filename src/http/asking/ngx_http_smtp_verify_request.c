
#include "ngx_http_smtp_verify_tokens.h"

#include <openssl/rand.h>


#define NGX_HTTP_SMTP_VERIFY_REQUEST_ID_MAX     128
#define NGX_HTTP_SMTP_VERIFY_ID_LEN             16


static ngx_int_t ngx_http_smtp_verify_new_id(ngx_http_request_t *r,
    ngx_http_variable_value_t *vv);
static ngx_table_elt_t *ngx_http_smtp_verify_header_find(ngx_list_part_t *part,
    ngx_uint_t i, const char *name);


ngx_int_t
ngx_http_smtp_verify_begin(ngx_http_request_t *r)
{
    ngx_http_smtp_verify_ctx_t  *ctx;

    ctx = ngx_http_smtp_verify_ctx_create(r);
    if (ctx == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ctx->direct = 1;

    if (ngx_http_smtp_verify_request_id(r, &ctx->request_id) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_smtp_verify_guard(r);
}


/* Takes the client's X-Request-ID if it is short and has only visible ASCII,
   else $request_id. */

ngx_int_t
ngx_http_smtp_verify_request_id(ngx_http_request_t *r, ngx_str_t *id)
{
    size_t                             n;
    ngx_table_elt_t                   *h;
    ngx_http_variable_value_t         *vv;
    ngx_http_smtp_verify_main_conf_t  *smcf;

    h = ngx_http_smtp_verify_header_in(r, "x-request-id");

    if (h && h->value.len
        && h->value.len <= NGX_HTTP_SMTP_VERIFY_REQUEST_ID_MAX)
    {
        for (n = 0; n < h->value.len; n++) {
            if (h->value.data[n] <= ' ' || h->value.data[n] >= 0x7f) {
                break;
            }
        }

        if (n == h->value.len) {
            *id = h->value;
            return NGX_OK;
        }
    }

    smcf = ngx_http_get_module_main_conf(r, ngx_http_smtp_verify_module);

    vv = &r->variables[smcf->request_id];

    if (!vv->valid && ngx_http_smtp_verify_new_id(r, vv) != NGX_OK) {
        return NGX_ERROR;
    }

    id->len = vv->len;
    id->data = vv->data;

    return NGX_OK;
}


/* Sets $request_id as nginx would, but draws the random octets for many
   requests at once. */

static ngx_int_t
ngx_http_smtp_verify_new_id(ngx_http_request_t *r,
    ngx_http_variable_value_t *vv)
{
    static u_char   octets[NGX_HTTP_SMTP_VERIFY_ID_LEN * 64];
    static u_char  *next = octets + sizeof(octets);

    if (next == octets + sizeof(octets)) {

        if (RAND_bytes(octets, sizeof(octets)) != 1) {
            ngx_ssl_error(NGX_LOG_ERR, r->connection->log, 0,
                          "RAND_bytes() failed");
            return NGX_ERROR;
        }

        next = octets;
    }

    vv->data = ngx_pnalloc(r->pool, NGX_HTTP_SMTP_VERIFY_ID_LEN * 2);
    if (vv->data == NULL) {
        return NGX_ERROR;
    }

    vv->len = NGX_HTTP_SMTP_VERIFY_ID_LEN * 2;
    vv->valid = 1;
    vv->no_cacheable = 0;
    vv->not_found = 0;

    (void) ngx_hex_dump(vv->data, next, NGX_HTTP_SMTP_VERIFY_ID_LEN);

    next += NGX_HTTP_SMTP_VERIFY_ID_LEN;

    return NGX_OK;
}


/* With two headers nobody knows which one is meant. */

ngx_int_t
ngx_http_smtp_verify_trace(ngx_http_request_t *r, sv_trace_t *trace)
{
    ngx_table_elt_t    *h;
    static const char   name[] = "traceparent";

    h = ngx_http_smtp_verify_header_in(r, name);

    if (h == NULL || !sv_trace_parse(h->value.data, h->value.len, trace)
        || ngx_http_smtp_verify_header_after(r, name, h) != NULL)
    {
        return NGX_DECLINED;
    }

    return NGX_OK;
}


ngx_table_elt_t *
ngx_http_smtp_verify_header_in(ngx_http_request_t *r, const char *name)
{
    return ngx_http_smtp_verify_header_find(&r->headers_in.headers.part, 0,
                                            name);
}


ngx_table_elt_t *
ngx_http_smtp_verify_header_after(ngx_http_request_t *r, const char *name,
    ngx_table_elt_t *after)
{
    ngx_list_part_t  *part;
    ngx_table_elt_t  *h;

    for (part = &r->headers_in.headers.part; part; part = part->next) {

        h = part->elts;

        if (after >= h && after < h + part->nelts) {
            return ngx_http_smtp_verify_header_find(part, after + 1 - h,
                                                    name);
        }
    }

    return NULL;
}


/* Begins with element i of this part. */

static ngx_table_elt_t *
ngx_http_smtp_verify_header_find(ngx_list_part_t *part, ngx_uint_t i,
    const char *name)
{
    size_t            len;
    ngx_table_elt_t  *h;

    len = ngx_strlen(name);
    h = part->elts;

    for ( /* void */ ; /* void */; i++) {

        if (i >= part->nelts) {
            if (part->next == NULL) {
                return NULL;
            }

            part = part->next;
            h = part->elts;
            i = 0;
        }

        if (h[i].key.len == len
            && ngx_strncasecmp(h[i].key.data, (u_char *) name, len) == 0)
        {
            return &h[i];
        }
    }
}


ngx_int_t
ngx_http_smtp_verify_content_type(ngx_http_request_t *r, ngx_str_t *type)
{
    u_char  *p;

    if (r->headers_in.content_type == NULL) {
        return NGX_DECLINED;
    }

    *type = r->headers_in.content_type->value;

    p = ngx_strlchr(type->data, type->data + type->len, ';');
    if (p) {
        type->len = p - type->data;
    }

    while (type->len && (type->data[type->len - 1] == ' '
                         || type->data[type->len - 1] == '\t'))
    {
        type->len--;
    }

    return NGX_OK;
}


/* Watches for a client that closes the connection.  This may have happened
   already, so the event is posted. */

void
ngx_http_smtp_verify_watch_client(ngx_http_request_t *r)
{
    ngx_http_smtp_verify_loc_conf_t  *slcf;

    slcf = ngx_http_get_module_loc_conf(r, ngx_http_smtp_verify_module);

    if (slcf->ignore_client_abort) {
        r->read_event_handler = ngx_http_block_reading;
        return;
    }

    r->read_event_handler = ngx_http_test_reading;

    if (r->connection->read->ready) {
        ngx_post_event(r->connection->read, &ngx_posted_events);
    }
}
