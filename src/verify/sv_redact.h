
/*
 * Servers repeat the address in their replies.  The text that is kept has marks
 * instead, which only somebody who knows the address can fill in.
 */


#ifndef _SV_REDACT_H_INCLUDED_
#define _SV_REDACT_H_INCLUDED_


#include "sv_str.h"


/*
 * "text" is UTF-8 without controls; a mark is a byte that does not occur in
 * UTF-8.  The local part, as it is sent, quoted or not, becomes a mark wherever
 * it is a word of the text, in any case, also percent-encoded.  The local part
 * of any other address becomes "*".  dst has room for len bytes.  Returns the
 * length.
 */
size_t sv_redact(unsigned char *dst, const unsigned char *text, size_t len,
    const sv_str_t *local);

/*
 * The same for good: "*" stands for each address as a whole, its domain
 * included, and for the local part where it is alone.
 */
size_t sv_redact_all(unsigned char *dst, const unsigned char *text,
    size_t len, const sv_str_t *local);

/* fills in the marks; cuts off what does not fit; returns the length */
size_t sv_redact_undo(unsigned char *dst, size_t size,
    const unsigned char *text, size_t len, const sv_str_t *local);


#endif /* _SV_REDACT_H_INCLUDED_ */
