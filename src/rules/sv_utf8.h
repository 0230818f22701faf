
/*
 * UTF-8 (RFC 3629): no overlong forms, no surrogates, nothing above U+10FFFF.
 */


#ifndef _SV_UTF8_H_INCLUDED_
#define _SV_UTF8_H_INCLUDED_


#include <stddef.h>
#include <stdint.h>


#define SV_UTF8_BAD  0xffffffff


/*
 * Returns the code point at *p, which must be before end, and moves *p behind
 * it.  If it is not UTF-8, returns SV_UTF8_BAD and moves *p by what one U+FFFD
 * stands for, at least one octet.
 */
uint32_t sv_utf8_decode(const unsigned char **p, const unsigned char *end);

/* Writes up to four octets and returns their number.  A surrogate is written as
   0xff, which is not UTF-8. */
size_t sv_utf8_encode(unsigned char *dst, uint32_t ch);

int sv_utf8_valid(const unsigned char *data, size_t len);

/*
 * Returns 1 for C0, DEL, C1, the line and paragraph separators and
 * bidirectional controls, which could falsify a line of a log or page.
 */
int sv_utf8_is_control(uint32_t ch);

/*
 * Removes white space at both ends: also what people copy from web pages and
 * documents without seeing it, such as no-break and zero-width spaces.
 */
void sv_utf8_trim(const unsigned char **data, size_t *len);

/*
 * Copies src for JSON and logs: invalid UTF-8 becomes U+FFFD, and each control
 * character a space.  Returns the octets written, at most dst_size; a character
 * that does not fit ends the copy.  No NUL is added; dst and src must not
 * overlap.
 */
size_t sv_utf8_clean(unsigned char *dst, size_t dst_size,
    const unsigned char *src, size_t len);


#endif /* _SV_UTF8_H_INCLUDED_ */
