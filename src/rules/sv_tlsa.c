
#include <string.h>

#include "sv_tlsa.h"


#define SV_TLSA_HEAD    5       /* three numbers, and a length in two octets */

#define SV_TLSA_SHA256  32
#define SV_TLSA_SHA512  64


int
sv_tlsa_usable(const sv_tlsa_t *tlsa)
{
    if ((tlsa->usage != SV_TLSA_DANE_TA && tlsa->usage != SV_TLSA_DANE_EE)
        || tlsa->selector > 1)
    {
        return 0;
    }

    switch (tlsa->matching) {

    case 0:
        return tlsa->len != 0;

    case 1:
        return tlsa->len == SV_TLSA_SHA256;

    case 2:
        return tlsa->len == SV_TLSA_SHA512;

    default:
        return 0;
    }
}


size_t
sv_tlsa_write(unsigned char *p, size_t room, const sv_tlsa_t *tlsa)
{
    if (tlsa->len > 0xffff || room < SV_TLSA_HEAD
        || room - SV_TLSA_HEAD < tlsa->len)
    {
        return 0;
    }

    p[0] = (unsigned char) tlsa->usage;
    p[1] = (unsigned char) tlsa->selector;
    p[2] = (unsigned char) tlsa->matching;
    p[3] = (unsigned char) (tlsa->len >> 8);
    p[4] = (unsigned char) tlsa->len;

    memcpy(p + SV_TLSA_HEAD, tlsa->data, tlsa->len);

    return SV_TLSA_HEAD + tlsa->len;
}


int
sv_tlsa_read(sv_tlsa_t *tlsa, const unsigned char **pos,
    const unsigned char *end)
{
    const unsigned char  *p;

    p = *pos;

    if (end - p < SV_TLSA_HEAD) {
        return 0;
    }

    tlsa->usage = p[0];
    tlsa->selector = p[1];
    tlsa->matching = p[2];
    tlsa->len = (size_t) p[3] << 8 | p[4];
    tlsa->data = p + SV_TLSA_HEAD;

    if (tlsa->len > (size_t) (end - tlsa->data)) {
        return 0;
    }

    *pos = tlsa->data + tlsa->len;

    return 1;
}
