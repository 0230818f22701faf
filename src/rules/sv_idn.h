
/*
 * Internationalized domain names (IDNA2008 with the nontransitional mapping of
 * UTS #46), converted by libidn2, or by sv_emoji.c if they have emoji.
 */


#ifndef _SV_IDN_H_INCLUDED_
#define _SV_IDN_H_INCLUDED_


#include <stddef.h>


/*
 * Converts a domain of len octets of UTF-8 without NUL to A-labels in dst.
 * They are ASCII, but not checked otherwise: the mapping may produce "/" or
 * "@".  Sets *error to a sentence, or NULL.  Returns the length.
 */
size_t sv_idn_to_ascii(unsigned char *dst, size_t dst_size,
    const unsigned char *data, size_t len, const char **error);

/* Does the same without emoji; *error is an error of libidn2. */
size_t sv_idn_plain(unsigned char *dst, size_t dst_size,
    const unsigned char *data, size_t len, int *error);

/* Checks a domain that has A-labels.  Returns a sentence if one is not valid,
   or NULL. */
const char *sv_idn_check(const unsigned char *data, size_t len);

/*
 * Converts A-labels to U-labels for display.  Returns the length; 0 if the
 * domain has to be shown as it is.
 */
size_t sv_idn_to_unicode(unsigned char *dst, size_t dst_size,
    const unsigned char *data, size_t len);


#endif /* _SV_IDN_H_INCLUDED_ */
