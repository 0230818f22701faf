
#include "ngx_smtp_verify.h"
#include "sv_wipe.h"


#define NGX_SMTP_VERIFY_PARSED_MAX  320     /* octets; longer ones are not
                                               remembered */


/* Lookup, probe and store of a question all need the parsed address, one after
   the other. */

static sv_scratch struct {
    sv_address_t         addr;
    sv_address_status_e  status;
    size_t               len;
    u_char               text[NGX_SMTP_VERIFY_PARSED_MAX];
}  ngx_smtp_verify_parsed;


sv_address_status_e
ngx_smtp_verify_parse(ngx_str_t *email, sv_address_t **addr)
{
    *addr = &ngx_smtp_verify_parsed.addr;

    if (email->len && email->len == ngx_smtp_verify_parsed.len
        && ngx_memcmp(email->data, ngx_smtp_verify_parsed.text, email->len)
           == 0)
    {
        return ngx_smtp_verify_parsed.status;
    }

    ngx_smtp_verify_parsed.status = sv_address_parse(email->data, email->len,
                                                     *addr);
    ngx_smtp_verify_parsed.len = 0;

    if (email->len <= NGX_SMTP_VERIFY_PARSED_MAX) {
        ngx_smtp_verify_parsed.len = email->len;
        ngx_memcpy(ngx_smtp_verify_parsed.text, email->data, email->len);
    }

    return ngx_smtp_verify_parsed.status;
}
