
#include "ngx_smtp_verify.h"


#define NGX_SMTP_VERIFY_PARSED_MAX  320     /* octets; longer: not remembered */


/* lookup, probe and store of one question all need it, one after the other */

static sv_address_t         ngx_smtp_verify_parsed;
static sv_address_status_e  ngx_smtp_verify_parsed_status;
static size_t               ngx_smtp_verify_parsed_len;
static u_char               ngx_smtp_verify_parsed_text[
                                                 NGX_SMTP_VERIFY_PARSED_MAX];


sv_address_status_e
ngx_smtp_verify_parse(ngx_str_t *email, sv_address_t **addr)
{
    *addr = &ngx_smtp_verify_parsed;

    if (email->len && email->len == ngx_smtp_verify_parsed_len
        && ngx_memcmp(email->data, ngx_smtp_verify_parsed_text, email->len)
           == 0)
    {
        return ngx_smtp_verify_parsed_status;
    }

    ngx_smtp_verify_parsed_status = sv_address_parse(email->data, email->len,
                                                     *addr);
    ngx_smtp_verify_parsed_len = 0;

    if (email->len <= NGX_SMTP_VERIFY_PARSED_MAX) {
        ngx_smtp_verify_parsed_len = email->len;
        ngx_memcpy(ngx_smtp_verify_parsed_text, email->data, email->len);
    }

    return ngx_smtp_verify_parsed_status;
}
