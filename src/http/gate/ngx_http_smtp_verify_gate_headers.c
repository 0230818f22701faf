
#include "ngx_http_smtp_verify_result_fields.h"
#include "ngx_http_smtp_verify_gate.h"


#define NGX_HTTP_SMTP_VERIFY_PREFIX  "x-email-verify"


static ngx_uint_t ngx_http_smtp_verify_headers_is(ngx_table_elt_t *h);
static ngx_uint_t ngx_http_smtp_verify_headers_ours(ngx_table_elt_t *h);
static ngx_int_t ngx_http_smtp_verify_headers_remove(ngx_http_request_t *r,
    ngx_uint_t keep);
static ngx_int_t ngx_http_smtp_verify_headers_copy(ngx_http_request_t *r,
    ngx_list_t *list, ngx_uint_t keep);
static ngx_int_t ngx_http_smtp_verify_headers_add(ngx_http_request_t *r,
    ngx_http_smtp_verify_field_t *field, ngx_str_t *value);


/*
 * Removes the client's headers of these names as soon as the location is
 * known, before "if", auth_request and others can see them.  Those that a gate
 * has set, before an internal redirect or in the parent of this subrequest,
 * stay.
 */

ngx_int_t
ngx_http_smtp_verify_gate_strip(ngx_http_request_t *r)
{
    ngx_http_smtp_verify_loc_conf_t  *slcf;

    slcf = ngx_http_get_module_loc_conf(r, ngx_http_smtp_verify_module);

    if (slcf->gate_headers
        && ngx_http_smtp_verify_headers_remove(r, 1) != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return NGX_DECLINED;
}


ngx_int_t
ngx_http_smtp_verify_gate_headers(ngx_http_request_t *r,
    ngx_smtp_verify_result_t *result)
{
    ngx_str_t   value;
    ngx_uint_t  i, field;

    if (ngx_http_smtp_verify_headers_remove(r, 0) != NGX_OK) {
        return NGX_ERROR;
    }

    /* $http_x_email_verify_... get new values */

    ngx_http_smtp_verify_forget(r);

    if (result == NULL) {
        return NGX_OK;
    }

    for (i = 0; i < NGX_HTTP_SMTP_VERIFY_HEADERS; i++) {

        field = ngx_http_smtp_verify_headers[i];

        if (ngx_http_smtp_verify_field_text(r->pool, result, field, &value)
            != NGX_OK
            || ngx_http_smtp_verify_headers_add(r,
                                  &ngx_http_smtp_verify_result_fields[field],
                                  &value)
               != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


/*
 * A list has no function to remove an element, and others point to its
 * elements.  So if there are headers of these names, a new list without them
 * is made.  keep: those that the gate has set stay.
 */

static ngx_int_t
ngx_http_smtp_verify_headers_remove(ngx_http_request_t *r, ngx_uint_t keep)
{
    ngx_list_t  list;

    if (ngx_http_smtp_verify_headers_copy(r, NULL, keep) == NGX_OK) {
        return NGX_OK;
    }

    ngx_log_debug0(NGX_LOG_DEBUG_HTTP, r->connection->log, 0,
                   "smtp verify: headers of the gate's names are removed");

    if (ngx_list_init(&list, r->pool, 20, sizeof(ngx_table_elt_t)) != NGX_OK
        || ngx_http_smtp_verify_headers_copy(r, &list, keep) == NGX_ERROR)
    {
        return NGX_ERROR;
    }

    ngx_http_smtp_verify_forget(r);

    r->headers_in.headers = list;

    /* with a single part, "last" would still point into the local variable */

    if (list.last == &list.part) {
        r->headers_in.headers.last = &r->headers_in.headers.part;
    }

    return NGX_OK;
}


/* Copies the other headers to the list; if list is NULL, it only looks.
   Returns NGX_DECLINED if some were left out. */

static ngx_int_t
ngx_http_smtp_verify_headers_copy(ngx_http_request_t *r, ngx_list_t *list,
    ngx_uint_t keep)
{
    ngx_int_t         rc;
    ngx_uint_t        i;
    ngx_list_part_t  *part;
    ngx_table_elt_t  *h, *copy;

    rc = NGX_OK;
    part = &r->headers_in.headers.part;
    h = part->elts;

    for (i = 0; /* void */; i++) {

        if (i >= part->nelts) {
            if (part->next == NULL) {
                return rc;
            }

            part = part->next;
            h = part->elts;
            i = 0;
        }

        if (ngx_http_smtp_verify_headers_is(&h[i])
            && !(keep && ngx_http_smtp_verify_headers_ours(&h[i])))
        {
            rc = NGX_DECLINED;
            continue;
        }

        if (list) {
            copy = ngx_list_push(list);
            if (copy == NULL) {
                return NGX_ERROR;
            }

            *copy = h[i];
        }
    }
}


/*
 * CGI and other gateways treat all characters that are neither letters nor
 * digits as the same, so X_EMAIL.VERIFY-Status is also one of these names.
 */

static ngx_uint_t
ngx_http_smtp_verify_headers_is(ngx_table_elt_t *h)
{
    u_char      c;
    ngx_uint_t  i, n;

    n = sizeof(NGX_HTTP_SMTP_VERIFY_PREFIX) - 1;

    if (h->key.len < n || (h->key.data[0] | 0x20) != 'x') {
        return 0;
    }

    for (i = 1; i < n; i++) {

        c = ngx_tolower(h->key.data[i]);

        if (NGX_HTTP_SMTP_VERIFY_PREFIX[i] == '-') {

            if (sv_is_alnum(c)) {
                return 0;
            }

        } else if (c != (u_char) NGX_HTTP_SMTP_VERIFY_PREFIX[i]) {
            return 0;
        }
    }

    return h->key.len == n || !sv_is_alnum(h->key.data[n]);
}


/* Returns 1 if the gate has set the header: its name is then a static
   string. */

static ngx_uint_t
ngx_http_smtp_verify_headers_ours(ngx_table_elt_t *h)
{
    ngx_uint_t                     i;
    ngx_http_smtp_verify_field_t  *fields;

    fields = ngx_http_smtp_verify_result_fields;

    for (i = 0; i < NGX_HTTP_SMTP_VERIFY_HEADERS; i++) {
        if (h->key.data
            == fields[ngx_http_smtp_verify_headers[i]].header.data)
        {
            return 1;
        }
    }

    return 0;
}


/* Leaves out empty values, and those with control characters. */

static ngx_int_t
ngx_http_smtp_verify_headers_add(ngx_http_request_t *r,
    ngx_http_smtp_verify_field_t *field, ngx_str_t *value)
{
    size_t            n;
    ngx_table_elt_t  *h;

    if (value->len == 0) {
        return NGX_OK;
    }

    for (n = 0; n < value->len; n++) {
        if (value->data[n] < ' ' || value->data[n] == 0x7f) {
            return NGX_OK;
        }
    }

    h = ngx_list_push(&r->headers_in.headers);
    if (h == NULL) {
        return NGX_ERROR;
    }

    ngx_memzero(h, sizeof(ngx_table_elt_t));

    h->hash = ngx_hash_key(field->lowcase.data, field->lowcase.len);
    h->key = field->header;
    h->lowcase_key = field->lowcase.data;
    h->value = *value;

    return NGX_OK;
}
