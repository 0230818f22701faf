
#include <idn2.h>

#include "sv_address.h"
#include "sv_emoji.h"
#include "sv_idn.h"
#include "sv_utf8.h"


static char *sv_idn_decode(const unsigned char *data, size_t len);
static int sv_idn_is_clean(const unsigned char *data, size_t len);
static int sv_idn_lookup(const unsigned char *data, size_t len, int flags,
    char **ascii);
static const char *sv_idn_error(int rc);


size_t
sv_idn_to_ascii(unsigned char *dst, size_t dst_size, const unsigned char *data,
    size_t len, const char **error)
{
    int     rc;
    size_t  n;

    n = sv_idn_plain(dst, dst_size, data, len, &rc);

    if (rc == IDN2_DISALLOWED) {
        n = sv_emoji_to_ascii(dst, dst_size, data, len);
        rc = n ? IDN2_OK : rc;
    }

    *error = (rc == IDN2_OK) ? NULL : sv_idn_error(rc);

    return n;
}


size_t
sv_idn_plain(unsigned char *dst, size_t dst_size, const unsigned char *data,
    size_t len, int *error)
{
    int     rc;
    char   *ascii;
    size_t  n;

    n = 0;

    /* no STD3 rules: they would not refuse ASCII symbols, but remove them */

    rc = sv_idn_lookup(data, len, 0, &ascii);

    if (rc == IDN2_OK) {
        n = strlen(ascii);

        if (n > dst_size) {
            rc = IDN2_TOO_BIG_DOMAIN;
            n = 0;

        } else {
            memcpy(dst, ascii, n);
        }
    }

    idn2_free(ascii);

    *error = rc;

    return n;
}


/*
 * Registries have registered emoji and others that IDNA2008 does not allow.
 * Such a name is looked up as it is.
 */

const char *
sv_idn_check(const unsigned char *data, size_t len)
{
    int    rc;
    char  *ascii;

    rc = sv_idn_lookup(data, len, IDN2_USE_STD3_ASCII_RULES, &ascii);

    idn2_free(ascii);

    if (rc == IDN2_OK || rc == IDN2_DISALLOWED || rc == IDN2_2HYPHEN) {
        return NULL;
    }

    return sv_idn_error(rc);
}


size_t
sv_idn_to_unicode(unsigned char *dst, size_t dst_size,
    const unsigned char *data, size_t len)
{
    char           *unicode;
    size_t          n, alabels;
    const char     *error;
    unsigned char   ascii[SV_DOMAIN_MAX + 1];

    unicode = sv_idn_decode(data, len);
    if (unicode == NULL) {
        return 0;
    }

    n = strlen(unicode);

    /* a name that does not convert back to the same A-labels is misleading */

    if (n > dst_size
        || !sv_idn_is_clean((unsigned char *) unicode, n))
    {
        idn2_free(unicode);
        return 0;
    }

    alabels = sv_idn_to_ascii(ascii, sizeof(ascii), (unsigned char *) unicode,
                              n, &error);

    if (alabels == len && memcmp(ascii, data, len) == 0) {
        memcpy(dst, unicode, n);

    } else {
        n = 0;
    }

    idn2_free(unicode);

    return n;
}


static char *
sv_idn_decode(const unsigned char *data, size_t len)
{
    char  *unicode, name[SV_DOMAIN_MAX + 1];

    if (len > SV_DOMAIN_MAX) {
        return NULL;
    }

    memcpy(name, data, len);
    name[len] = '\0';

    if (idn2_to_unicode_8z8z(name, &unicode, 0) != IDN2_OK) {
        return NULL;
    }

    return unicode;
}


static int
sv_idn_is_clean(const unsigned char *data, size_t len)
{
    uint32_t              ch;
    const unsigned char  *p, *end;

    p = data;
    end = data + len;

    while (p < end) {
        ch = sv_utf8_decode(&p, end);

        if (ch == SV_UTF8_BAD || ch == ' ' || sv_utf8_is_control(ch)) {
            return 0;
        }
    }

    return 1;
}


static int
sv_idn_lookup(const unsigned char *data, size_t len, int flags, char **ascii)
{
    int            rc;
    unsigned char  name[SV_UDOMAIN_MAX + 1];

    *ascii = NULL;

    if (len > SV_UDOMAIN_MAX) {
        return IDN2_TOO_BIG_DOMAIN;
    }

    memcpy(name, data, len);
    name[len] = '\0';

    rc = idn2_lookup_u8(name, (uint8_t **) ascii,
                        IDN2_NFC_INPUT|IDN2_NONTRANSITIONAL|flags);

    if (rc != IDN2_OK) {
        *ascii = NULL;
    }

    return rc;
}


static const char *
sv_idn_error(int rc)
{
    switch (rc) {

    case IDN2_MALLOC:
        return "There was no memory to look at the domain.";

    case IDN2_TOO_BIG_DOMAIN:
        return "The domain is longer than 253 characters.";

    case IDN2_TOO_BIG_LABEL:
    case IDN2_PUNYCODE_BIG_OUTPUT:
        return "A part of the domain is longer than 63 characters.";

    case IDN2_HYPHEN_STARTEND:
        return "A part of the domain begins or ends with a hyphen.";

    case IDN2_2HYPHEN:
        return "A part of the domain has hyphens as its third and fourth "
               "character.";

    case IDN2_BIDI:
        return "The domain mixes right-to-left with other characters in a way "
               "that domain names do not allow.";

    case IDN2_PUNYCODE_BAD_INPUT:
    case IDN2_PUNYCODE_OVERFLOW:
    case IDN2_ALABEL_ROUNDTRIP_FAILED:
    case IDN2_INVALID_ALABEL:
    case IDN2_INVALID_NONTRANSITIONAL:
        return "A part of the domain that begins with xn-- does not encode a "
               "valid name.";

    default:
        return "The domain has a character that domain names do not allow.";
    }
}
