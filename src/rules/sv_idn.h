
/*
 * Internationalised domain names (IDNA2008 with the nontransitional mapping
 * of UTS #46), by libidn2, and with emoji by sv_emoji.c.
 */


#ifndef _SV_IDN_H_INCLUDED_
#define _SV_IDN_H_INCLUDED_


#include <stddef.h>


/*
 * The A-labels of a domain of len octets of UTF-8 without NUL, into dst:
 * ASCII, but otherwise not checked (the mapping makes "/" or "@" of some
 * characters).  *error is a sentence, else NULL.  Returns the length.
 */
size_t sv_idn_to_ascii(unsigned char *dst, size_t dst_size,
    const unsigned char *data, size_t len, const char **error);

/* the same without emoji; *error is libidn2's */
size_t sv_idn_plain(unsigned char *dst, size_t dst_size,
    const unsigned char *data, size_t len, int *error);

/* a domain that has A-labels: a sentence where one of them is not valid */
const char *sv_idn_check(const unsigned char *data, size_t len);

/*
 * The U-labels of a domain of A-labels, for display.  Returns the length; 0
 * where it has to be shown as it is.
 */
size_t sv_idn_to_unicode(unsigned char *dst, size_t dst_size,
    const unsigned char *data, size_t len);


#endif /* _SV_IDN_H_INCLUDED_ */
