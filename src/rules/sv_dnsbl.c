
#include <string.h>

#include "sv_dnsbl.h"


size_t
sv_dnsbl_name(char *buf, size_t size, const unsigned char *addr, int v6,
    const char *zone, size_t len)
{
    int                i;
    char              *p;
    char               text[16 * 4 + 1];
    static const char  hex[] = "0123456789abcdef";

    p = text;

    if (v6) {
        for (i = 15; i >= 0; i--) {
            *p++ = hex[addr[i] & 0xf];
            *p++ = '.';
            *p++ = hex[addr[i] >> 4];
            *p++ = '.';
        }

    } else {
        for (i = 3; i >= 0; i--) {
            if (addr[i] >= 100) {
                *p++ = (char) ('0' + addr[i] / 100);
            }

            if (addr[i] >= 10) {
                *p++ = (char) ('0' + addr[i] / 10 % 10);
            }

            *p++ = (char) ('0' + addr[i] % 10);
            *p++ = '.';
        }
    }

    if (len == 0 || (size_t) (p - text) + len > SV_DNSBL_NAME_MAX
        || (size_t) (p - text) + len >= size)
    {
        return 0;
    }

    memcpy(buf, text, (size_t) (p - text));
    memcpy(buf + (p - text), zone, len);

    len += (size_t) (p - text);
    buf[len] = '\0';

    return len;
}


/* One address that is none of a list makes all of the answer doubtful. */

sv_dnsbl_e
sv_dnsbl_judge(const unsigned char *records, size_t len)
{
    size_t                n;
    sv_dnsbl_e            found;
    const unsigned char  *p, *end;

    found = SV_DNSBL_ABSENT;
    p = records;
    end = p ? p + len : p;

    while (len && end - p >= 2) {

        n = (size_t) p[0] << 8 | p[1];
        p += 2;

        if (n != 4 || end - p < 4) {
            break;
        }

        if (p[0] != 127 || (p[1] == 0 && p[2] == 0 && p[3] <= 1)) {
            return SV_DNSBL_FALSE;
        }

        if (p[1] == 255 && p[2] == 255) {
            return SV_DNSBL_REFUSED;
        }

        found = SV_DNSBL_LISTED;
        p += n;
    }

    return found;
}
