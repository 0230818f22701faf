
#include "ngx_http_smtp_verify_list.h"


u_char *
ngx_http_smtp_verify_line_result(u_char *p, uint64_t index, ngx_str_t *input,
    ngx_str_t *members, ngx_smtp_verify_result_t *result,
    ngx_str_t *request_id)
{
    u_char  *last;

    p = ngx_sprintf(p, "{\"index\":%uL,\"input\":", index);

    if (input->len) {
        p = ngx_cpymem(p, input->data, input->len);

    } else {
        p = ngx_cpymem(p, "null", 4);
    }

    if (members) {
        p = ngx_cpymem(p, members->data, members->len);
    }

    /* the comma overwrites the "{" of the object */

    last = ngx_http_smtp_verify_json_result(p, result, request_id);
    *p = ',';

    return last;
}


u_char *
ngx_http_smtp_verify_line_error(u_char *p, uint64_t index, const char *error,
    const char *detail)
{
    p = ngx_sprintf(p, "{\"index\":%uL,\"input\":null,\"email\":null,"
                    "\"status\":null,\"reason\":null,\"error\":\"%s\","
                    "\"detail\":\"", index, error);
    p = (u_char *) ngx_escape_json(p, (u_char *) detail, ngx_strlen(detail));

    return ngx_cpymem(p, "\"}\n", 3);
}


u_char *
ngx_http_smtp_verify_line_counts(u_char *p, u_char *last, uint64_t *statuses,
    uint64_t *reasons)
{
    ngx_uint_t  i, n;

    static sv_status_e  order[] = { SV_DELIVERABLE, SV_UNDELIVERABLE,
                                    SV_RISKY, SV_UNKNOWN };

    p = ngx_snprintf(p, last - p, "\"status\":{");

    for (i = 0; i < 4; i++) {
        p = ngx_snprintf(p, last - p, "%s\"%s\":%uL", i ? "," : "",
                         sv_status_name(order[i]), statuses[order[i]]);
    }

    p = ngx_snprintf(p, last - p, "},\"reason\":{");

    for (i = 0, n = 0; i < SV_REASON_MAX; i++) {
        if (reasons[i]) {
            p = ngx_snprintf(p, last - p, "%s\"%s\":%uL", n++ ? "," : "",
                             sv_reason_info(i)->name, reasons[i]);
        }
    }

    return ngx_snprintf(p, last - p, "}");
}
