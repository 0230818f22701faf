
#include "sv_str.h"


int
sv_hex(unsigned char c)
{
    if (sv_is_digit(c)) {
        return c - '0';
    }

    c = sv_lower(c);

    return (c >= 'a' && c <= 'f') ? c - 'a' + 10 : -1;
}
