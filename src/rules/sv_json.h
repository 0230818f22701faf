
/*
 * A tokenizer for JSON (RFC 8259), used where cJSON would copy the input or
 * accept broken input.  It does not copy and does not recurse.  The caller has
 * to check that the input is UTF-8.
 *
 *     memset(&js, 0, sizeof(sv_json_t));
 *     js.p, js.end, js.max = ...
 *
 *     while ((token = sv_json_next(&js)) > SV_JSON_END) { ... }
 */


#ifndef _SV_JSON_H_INCLUDED_
#define _SV_JSON_H_INCLUDED_


#include <stddef.h>
#include <stdint.h>


#define SV_JSON_DEPTH_MAX  128

#define sv_json_is_space(c)                                                   \
    ((c) == ' ' || (c) == '\t' || (c) == '\n' || (c) == '\r')


typedef enum {
    SV_JSON_BROKEN = 0,         /* at p; see error */
    SV_JSON_END,                /* the value is complete, and only white space
                                   follows */
    SV_JSON_CLOSE,              /* end of an object or array */
    SV_JSON_KEY,                /* the value is the next token */
    SV_JSON_OBJECT,
    SV_JSON_ARRAY,
    SV_JSON_STRING,
    SV_JSON_NUMBER,
    SV_JSON_WORD                /* true, false, null */
} sv_json_token_e;


typedef enum {
    SV_JSON_NOT_JSON = 0,
    SV_JSON_CONTROL,            /* a control character in a string */
    SV_JSON_TOO_DEEP
} sv_json_error_e;


typedef struct {
    /* set by the caller */
    const unsigned char   *p;           /* behind the token, after _next() */
    const unsigned char   *end;
    unsigned               max;         /* allowed depth, up to
                                           SV_JSON_DEPTH_MAX */

    /* results */
    const unsigned char   *start;       /* the token lies between start and p; a
                                           key ends at key_end */
    const unsigned char   *key_end;
    unsigned               depth;       /* number of open objects and arrays */
    sv_json_error_e        error;

    /* internal */
    unsigned               state;
    unsigned char          objects[SV_JSON_DEPTH_MAX + 1];  /* of each level: an
                                                               object */
} sv_json_t;


typedef struct {
    size_t                 len;         /* may exceed size: then only size
                                           octets were written */
    unsigned               half:1;      /* it has half a surrogate pair */
} sv_json_text_t;


sv_json_token_e sv_json_next(sv_json_t *js);

/* Skip one token.  Return what follows it, or NULL if it is broken.  White
   space may be empty. */
const unsigned char *sv_json_space(const unsigned char *p,
    const unsigned char *end);
const unsigned char *sv_json_word(const unsigned char *p,
    const unsigned char *end);
const unsigned char *sv_json_number(const unsigned char *p,
    const unsigned char *end);

/* Decodes a string, from start to p with its quotation marks, to UTF-8. */
void sv_json_text(const unsigned char *p, const unsigned char *end,
    unsigned char *dst, size_t size, sv_json_text_t *text);

/* Returns 1 if a string is this word of up to 32 octets, even if it is written
   with escapes. */
int sv_json_is(const unsigned char *p, const unsigned char *end,
    const char *word);

/* Decodes an escape that begins at p with its backslash.  Half a surrogate pair
   is returned as it is.  Returns what follows, or NULL if it is broken. */
const unsigned char *sv_json_escape(const unsigned char *p,
    const unsigned char *end, uint32_t *ch);


#endif /* _SV_JSON_H_INCLUDED_ */
