
/*
 * Servers repeat the address in their replies.  What is kept of a reply has
 * marks in its place, which only one who knows the address can fill in.
 */


#ifndef _SV_REDACT_H_INCLUDED_
#define _SV_REDACT_H_INCLUDED_


#include "sv_str.h"


/*
 * text is UTF-8 without controls; a mark is a byte that UTF-8 has not.  The
 * local part (as it is sent, quoted or not) becomes a mark wherever it stands
 * as a word, in whatever case, also percent-encoded.  The local part of any
 * other address becomes "*".  dst needs len bytes.  Returns the length.
 */
size_t sv_redact(unsigned char *dst, const unsigned char *text, size_t len,
    const sv_str_t *local);

/* fills the marks in; what does not fit is cut off */
size_t sv_redact_undo(unsigned char *dst, size_t size,
    const unsigned char *text, size_t len, const sv_str_t *local);


#endif /* _SV_REDACT_H_INCLUDED_ */
