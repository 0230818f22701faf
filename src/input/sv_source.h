
/*
 * Finds one field in the body of a request: a form, a multipart body or a JSON
 * document.  Plain C over bytes, so that it can be unit-tested and fuzzed
 * alone.
 *
 * The application that reads the body next must not find another value than was
 * found here, whatever parser it uses.  So a body is only read if it is written
 * in the one way that all parsers read alike.  Everything else is an error, and
 * is not repaired.
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
    SV_SOURCE_NONE,             /* no such field, or null */
    SV_SOURCE_TWICE,
    SV_SOURCE_MALFORMED
} sv_source_status_e;


/* how a name compares to the name of the field */

typedef enum {
    SV_SOURCE_OTHER = 0,
    SV_SOURCE_SAME,
    SV_SOURCE_LIKE              /* some application may take it for that name */
} sv_source_alike_e;


typedef enum {
    SV_SOURCE_TYPE_OTHER = 0,
    SV_SOURCE_TYPE_FORM,
    SV_SOURCE_TYPE_MULTIPART,
    SV_SOURCE_TYPE_JSON,
    SV_SOURCE_TYPE_ODD          /* some parser may take it for one of these */
} sv_source_type_e;


/* details of a type */

typedef struct {
    sv_str_t        boundary;   /* if SV_SOURCE_TYPE_MULTIPART */
    unsigned        ascii:1;    /* the charset is only safe for ASCII */
    unsigned        bad:1;      /* a parameter other than charset=utf-8 */
    const char     *error;      /* a sentence, if SV_SOURCE_TYPE_ODD */
} sv_source_media_t;


/*
 * The value may hold any bytes, also NUL and invalid UTF-8.  error is a
 * sentence for people, if the status is SV_SOURCE_TWICE or SV_SOURCE_MALFORMED.
 */

typedef struct {
    const char     *error;
    size_t          len;
    unsigned        cut:1;      /* it was longer than data[] */
    unsigned char   data[SV_SOURCE_VALUE_MAX];
} sv_source_value_t;


/* Reads application/x-www-form-urlencoded; "+" is a space. */
sv_source_status_e sv_source_form(const unsigned char *data, size_t len,
    const sv_str_t *name, sv_source_value_t *value);

/* Reads multipart/form-data (RFC 7578).  type is the whole Content-Type. */
sv_source_status_e sv_source_multipart(const unsigned char *data, size_t len,
    const sv_str_t *type, const sv_str_t *name, sv_source_value_t *value);

/* Reads JSON (RFC 8259), by a JSON pointer (RFC 6901).  A value that is not a
   string is malformed. */
sv_source_status_e sv_source_json(const unsigned char *data, size_t len,
    const sv_str_t *pointer, sv_source_value_t *value);
int sv_source_pointer_valid(const unsigned char *data, size_t len);

/* Decodes percent-encoding and "+", as in a query string.  A broken escape is
   copied as it is. */
void sv_source_decode(const unsigned char *data, size_t len,
    sv_source_value_t *value);

/* sv_source_name.c: compares a name to that of the field */
sv_source_alike_e sv_source_alike(const unsigned char *data, size_t len,
    const sv_str_t *field);
int sv_source_is_blank(unsigned char c);

/*
 * sv_source_scan.c.  _scan() returns 1 if a body of another type has the field,
 * too.  _pointer_of() and _field_of() convert the name of a field to a JSON
 * pointer and back; they return 0 if it is longer than size.
 */
int sv_source_scan(const unsigned char *data, size_t len,
    const sv_str_t *field, sv_source_value_t *value);
size_t sv_source_pointer_of(const sv_str_t *field, unsigned char *dst,
    size_t size);
size_t sv_source_field_of(const sv_str_t *pointer, unsigned char *dst,
    size_t size);

/* sv_source_type.c: type is a whole Content-Type */
sv_source_type_e sv_source_type(const sv_str_t *type,
    sv_source_media_t *media);
int sv_source_is_bound(unsigned char c);

/* sv_source_boundary.c: returns the end of the next boundary, or of what some
   parser takes for one */
const unsigned char *sv_source_boundary(const sv_str_t *boundary,
    const unsigned char *p, const unsigned char *end);

/* sv_source.c: append a byte to the value; set an error */
void sv_source_put(sv_source_value_t *value, unsigned char c);
sv_source_status_e sv_source_error(sv_source_value_t *value,
    sv_source_status_e status, const char *error);


#endif /* _SV_SOURCE_H_INCLUDED_ */
