
/*
 * One field of a request's body: of a form, a multipart body or a JSON
 * document.  Plain C over bytes, so that it is unit-tested and fuzzed alone.
 *
 * Who reads the body next, the application, must not find another value than
 * was found here: what is there twice is told as that, and what is broken is
 * not repaired.
 */


#ifndef _SV_SOURCE_H_INCLUDED_
#define _SV_SOURCE_H_INCLUDED_


#include "sv_str.h"


#define SV_SOURCE_VALUE_MAX  1024
#define SV_SOURCE_NAME_MAX   256
#define SV_SOURCE_DEPTH_MAX  128


typedef enum {
    SV_SOURCE_OK = 0,
    SV_SOURCE_NONE,             /* there is no such field; null */
    SV_SOURCE_TWICE,
    SV_SOURCE_MALFORMED
} sv_source_status_e;


/* bytes as they came: any, also NUL and what is not UTF-8 */

typedef struct {
    size_t          len;
    unsigned        cut:1;      /* it is longer than data[] */
    unsigned char   data[SV_SOURCE_VALUE_MAX];
} sv_source_value_t;


/* application/x-www-form-urlencoded; "+" is a space */
sv_source_status_e sv_source_form(const unsigned char *data, size_t len,
    const sv_str_t *name, sv_source_value_t *value);

/* multipart/form-data (RFC 7578); type: the whole Content-Type */
sv_source_status_e sv_source_multipart(const unsigned char *data, size_t len,
    const sv_str_t *type, const sv_str_t *name, sv_source_value_t *value);

/* RFC 8259, by a pointer of RFC 6901; what is no string is malformed */
sv_source_status_e sv_source_json(const unsigned char *data, size_t len,
    const sv_str_t *pointer, sv_source_value_t *value);
int sv_source_pointer_valid(const unsigned char *data, size_t len);

/* percent-encoding and "+", as in a query string; a broken escape stays */
void sv_source_decode(const unsigned char *data, size_t len,
    sv_source_value_t *value);

/* sv_source.c, for the others: one byte more */
void sv_source_put(sv_source_value_t *value, unsigned char c);


#endif /* _SV_SOURCE_H_INCLUDED_ */
