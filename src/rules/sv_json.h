
/*
 * JSON (RFC 8259) by its tokens, for those who read it where cJSON would copy
 * it, or repair it.  Functions return what is behind a token; NULL: it is
 * broken.
 */


#ifndef _SV_JSON_H_INCLUDED_
#define _SV_JSON_H_INCLUDED_


#include <stddef.h>
#include <stdint.h>


#define sv_json_is_space(c)                                                   \
    ((c) == ' ' || (c) == '\t' || (c) == '\n' || (c) == '\r')


/* white space, which may be none */
const unsigned char *sv_json_space(const unsigned char *p,
    const unsigned char *end);

/* true, false, null */
const unsigned char *sv_json_word(const unsigned char *p,
    const unsigned char *end);

const unsigned char *sv_json_number(const unsigned char *p,
    const unsigned char *end);

/* from its backslash on; half a surrogate pair is told as it is */
const unsigned char *sv_json_escape(const unsigned char *p,
    const unsigned char *end, uint32_t *ch);


#endif /* _SV_JSON_H_INCLUDED_ */
