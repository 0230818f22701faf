
/*
 * One field of a request's body: of a form, a multipart body or a JSON
 * document.  Plain C over bytes, so that it is unit-tested and fuzzed alone.
 *
 * The application that reads the body next must not find another value than
 * was found here, whatever parser it has.  So only one form of each body is
 * read, which all parsers read alike; the rest is malformed and not repaired.
 */


#ifndef _SV_SOURCE_H_INCLUDED_
#define _SV_SOURCE_H_INCLUDED_


#include "sv_str.h"


#define SV_SOURCE_VALUE_MAX  1024
#define SV_SOURCE_NAME_MAX   256
#define SV_SOURCE_DEPTH_MAX  128

#define SV_SOURCE_BOUNDARY_MAX  70      /* RFC 2046 */


typedef enum {
    SV_SOURCE_OK = 0,
    SV_SOURCE_NONE,             /* there is no such field; null */
    SV_SOURCE_TWICE,
    SV_SOURCE_MALFORMED
} sv_source_status_e;


/* what the name of a field is to the name that is asked for */

typedef enum {
    SV_SOURCE_OTHER = 0,
    SV_SOURCE_SAME,
    SV_SOURCE_LIKE              /* some application takes it for that name */
} sv_source_alike_e;


typedef enum {
    SV_SOURCE_TYPE_OTHER = 0,
    SV_SOURCE_TYPE_FORM,
    SV_SOURCE_TYPE_MULTIPART,
    SV_SOURCE_TYPE_JSON,
    SV_SOURCE_TYPE_ODD          /* some parser takes it for one of these */
} sv_source_type_e;


/* more of a type */

typedef struct {
    sv_str_t        boundary;   /* of SV_SOURCE_TYPE_MULTIPART */
    unsigned        ascii:1;    /* only ASCII means the same to everybody */
    unsigned        bad:1;      /* a parameter that is not charset=utf-8 */
    const char     *error;      /* a sentence on SV_SOURCE_TYPE_ODD */
} sv_source_media_t;


/*
 * Bytes as they came: any, also NUL and what is not UTF-8.  error: a sentence
 * for people, where it is SV_SOURCE_TWICE or SV_SOURCE_MALFORMED.
 */

typedef struct {
    const char     *error;
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

/* sv_source_name.c */
sv_source_alike_e sv_source_alike(const unsigned char *data, size_t len,
    const sv_str_t *field);
int sv_source_is_blank(unsigned char c);

/*
 * sv_source_scan.c: whether a body of another type has the field as well.
 * And the JSON pointer of a field's name, and the name of a pointer.
 */
int sv_source_scan(const unsigned char *data, size_t len,
    const sv_str_t *field, sv_source_value_t *value);
size_t sv_source_pointer_of(const sv_str_t *field, unsigned char *dst,
    size_t size);
size_t sv_source_field_of(const sv_str_t *pointer, unsigned char *dst,
    size_t size);

/* sv_source_type.c: a whole Content-Type */
sv_source_type_e sv_source_type(const sv_str_t *type,
    sv_source_media_t *media);
int sv_source_is_bound(unsigned char c);

/* sv_source_boundary.c: behind the next boundary, or what is taken for one */
const unsigned char *sv_source_boundary(const sv_str_t *boundary,
    const unsigned char *p, const unsigned char *end);

/* sv_source.c, for the others: one byte more, an error */
void sv_source_put(sv_source_value_t *value, unsigned char c);
sv_source_status_e sv_source_error(sv_source_value_t *value,
    sv_source_status_e status, const char *error);


#endif /* _SV_SOURCE_H_INCLUDED_ */
