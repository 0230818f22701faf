
/*
 * A packed result is what the cache keeps of a result.  It is short and does
 * not contain the address, which the client knows.
 */


#ifndef _NGX_SMTP_VERIFY_PACKED_H_INCLUDED_
#define _NGX_SMTP_VERIFY_PACKED_H_INCLUDED_


#include "ngx_smtp_verify.h"


#define NGX_SMTP_VERIFY_PACKED_TEXT  1024   /* octets of a reply; the rest is
                                               cut */
#define NGX_SMTP_VERIFY_PACKED_MAX   4000


/* A result that was read.  It points into this structure and into the data. */

typedef struct {
    ngx_smtp_verify_result_t    result;
    uint32_t                    version;    /* of lists and weights */
    sv_provider_t               provider;
    sv_checks_t                 checks;
    u_char                      address[SV_LOCAL_MAX + 1 + SV_UDOMAIN_MAX];
    u_char                      did_you_mean[SV_LOCAL_MAX + 1
                                             + SV_UDOMAIN_MAX];
    u_char                      text[NGX_SMTP_VERIFY_PACKED_TEXT * 4];
} ngx_smtp_verify_packed_t;


/* "data" has room for NGX_SMTP_VERIFY_PACKED_MAX bytes; returns the length */
size_t ngx_smtp_verify_packed_write(u_char *data,
    ngx_smtp_verify_result_t *result, sv_address_t *addr, uint32_t version);

/* like _write(), into the data that the result was read from */
size_t ngx_smtp_verify_packed_rewrite(u_char *data,
    ngx_smtp_verify_result_t *result, sv_address_t *addr, uint32_t version);

/* the field "found" of the result */
sv_reason_e ngx_smtp_verify_packed_found(u_char *data, size_t len);

/*
 * "addr" is the address that is asked for now.  Returns NGX_DECLINED if the
 * data is no packed result.  The caller has to set the result's email.
 */
ngx_int_t ngx_smtp_verify_packed_read(ngx_smtp_verify_packed_t *rec,
    u_char *data, size_t len, sv_address_t *addr, sv_lists_t *lists);


#endif /* _NGX_SMTP_VERIFY_PACKED_H_INCLUDED_ */
