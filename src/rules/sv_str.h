
/*
 * Strings of src/rules.  They are plain C without nginx, so that everything
 * here can be unit-tested and fuzzed alone.  The layout is that of ngx_str_t.
 */


#ifndef _SV_STR_H_INCLUDED_
#define _SV_STR_H_INCLUDED_


#include <stddef.h>
#include <string.h>


typedef struct {
    size_t          len;
    unsigned char  *data;
} sv_str_t;


#define sv_string(str)     { sizeof(str) - 1, (unsigned char *) str }
#define sv_null_string     { 0, NULL }

/* ASCII only, independent of the locale */
#define sv_lower(c)                                                           \
    (unsigned char) ((c) >= 'A' && (c) <= 'Z' ? ((c) | 0x20) : (c))
#define sv_is_digit(c)     ((c) >= '0' && (c) <= '9')
#define sv_is_alpha(c)     (((c) | 0x20) >= 'a' && ((c) | 0x20) <= 'z')
#define sv_is_alnum(c)     (sv_is_digit(c) || sv_is_alpha(c))

/* Returns the value of a hexadecimal digit; -1 if it is not one. */
int sv_hex(unsigned char c);


/* These ignore the case of ASCII letters: is it the same text of len octets, or
   this word? */

static inline int
sv_is_same(const void *one, const void *two, size_t len)
{
    size_t                i;
    const unsigned char  *p = one, *q = two;

    for (i = 0; i < len; i++) {
        if (sv_lower(p[i]) != sv_lower(q[i])) {
            return 0;
        }
    }

    return 1;
}


static inline int
sv_is_word(const void *text, size_t len, const char *word)
{
    return strlen(word) == len && sv_is_same(text, word, len);
}


#endif /* _SV_STR_H_INCLUDED_ */
