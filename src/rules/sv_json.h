
/*
 * JSON (RFC 8259) by its tokens, for those who read it where cJSON would copy
 * it, or repair it: nothing is copied, and nothing recurses.  The input has to
 * be UTF-8, which the caller checks.
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
    SV_JSON_END,                /* the one value is complete, and nothing but
                                   white space is behind it */
    SV_JSON_CLOSE,              /* of the object, or of the array */
    SV_JSON_KEY,                /* its value is the next token */
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
    /* given */
    const unsigned char   *p;           /* behind the token, once there is
                                           one */
    const unsigned char   *end;
    unsigned               max;         /* depth, up to SV_JSON_DEPTH_MAX */

    /* told */
    const unsigned char   *start;       /* of the token: it is start to p; of
                                           a key: up to key_end */
    const unsigned char   *key_end;
    unsigned               depth;       /* objects and arrays that are open */
    sv_json_error_e        error;

    /* private */
    unsigned               state;
    unsigned char          objects[SV_JSON_DEPTH_MAX + 1];  /* a level each */
} sv_json_t;


typedef struct {
    size_t                 len;         /* may be more than there is room for:
                                           that much of it is there */
    unsigned               half:1;      /* half a surrogate pair is in it */
} sv_json_text_t;


sv_json_token_e sv_json_next(sv_json_t *js);

/* single tokens: what is behind them; NULL: broken.  White space may be none */
const unsigned char *sv_json_space(const unsigned char *p,
    const unsigned char *end);
const unsigned char *sv_json_word(const unsigned char *p,
    const unsigned char *end);
const unsigned char *sv_json_number(const unsigned char *p,
    const unsigned char *end);

/* a string with its quotation marks, as it was told, to UTF-8 */
void sv_json_text(const unsigned char *p, const unsigned char *end,
    unsigned char *dst, size_t size, sv_json_text_t *text);

/* does it say this word, of up to 32 bytes, be it with escapes? */
int sv_json_is(const unsigned char *p, const unsigned char *end,
    const char *word);

/* from its backslash on; half a surrogate pair is told as it is.  NULL: it is
   broken */
const unsigned char *sv_json_escape(const unsigned char *p,
    const unsigned char *end, uint32_t *ch);


#endif /* _SV_JSON_H_INCLUDED_ */
