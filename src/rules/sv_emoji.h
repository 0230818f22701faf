
/*
 * Domains with emoji.  IDNA2008 does not allow them, so libidn2 refuses them.
 * But UTS #46 does, some registries sell them, and the DNS resolves them.
 */


#ifndef _SV_EMOJI_H_INCLUDED_
#define _SV_EMOJI_H_INCLUDED_


#include <stddef.h>


/*
 * Converts a UTF-8 domain, in which libidn2 has found a character that it does
 * not allow, to A-labels in dst.  Returns their length; 0 if it has other such
 * characters than emoji.
 */
size_t sv_emoji_to_ascii(unsigned char *dst, size_t dst_size,
    const unsigned char *data, size_t len);


#endif /* _SV_EMOJI_H_INCLUDED_ */
