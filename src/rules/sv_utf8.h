
/*
 * UTF-8 as RFC 3629 has it: no overlong forms, no surrogates, nothing above
 * U+10FFFF.
 */


#ifndef _SV_UTF8_H_INCLUDED_
#define _SV_UTF8_H_INCLUDED_


#include <stddef.h>
#include <stdint.h>


#define SV_UTF8_BAD  0xffffffff


/*
 * The code point at *p (*p < end), with *p moved behind it.  SV_UTF8_BAD: not
 * UTF-8, *p moved behind what one U+FFFD stands for, by at least one byte.
 */
uint32_t sv_utf8_decode(const unsigned char **p, const unsigned char *end);

/* up to four bytes; the length.  Of a surrogate: 0xff, which is no UTF-8 */
size_t sv_utf8_encode(unsigned char *dst, uint32_t ch);

int sv_utf8_valid(const unsigned char *data, size_t len);

/*
 * C0, DEL, C1, the line and paragraph separators and the bidirectional
 * controls, which make a line of a log or of a page read as it is not.
 */
int sv_utf8_is_control(uint32_t ch);

/*
 * Copies src for JSON and logs: bytes that are not UTF-8 become U+FFFD, each
 * control becomes a space.  Returns the bytes written, at most dst_size; a
 * character that does not fit whole ends the copy.  No NUL is added; dst may
 * not overlap src.
 */
size_t sv_utf8_clean(unsigned char *dst, size_t dst_size,
    const unsigned char *src, size_t len);


#endif /* _SV_UTF8_H_INCLUDED_ */
