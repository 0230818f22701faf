
#include "sv_gibberish.h"
#include "sv_gibberish_table.h"


#define SV_SYMBOLS          28
#define SV_BOUNDARY         0
#define SV_DIGIT            1

/*
 * In the table, "a" is 9 bits of surprise and "z" is none.  Random letters have
 * 4.7 bits each.  In hundredths: the weight of a level, the level of random
 * letters, and the sum from which a string counts as random.
 */

#define SV_GIBBERISH_LEVEL  36
#define SV_GIBBERISH_EVEN   430
#define SV_GIBBERISH_ENOUGH (-300)

#define SV_GIBBERISH_MIN    7   /* shorter ones may be initials */

/* many changes between letters and digits, as in "a3f9c2e1", which nobody could
   remember */

#define SV_SWITCHES_MIN     4
#define SV_SWITCHES_LEN     8


static unsigned sv_gibberish_symbol(unsigned char c);


int
sv_gibberish(const unsigned char *local, size_t len)
{
    int       sum, level, least, second;
    size_t    i, n;
    unsigned  a, b, c, last, switches;

    n = 0;
    last = SV_BOUNDARY;
    switches = 0;

    /* the two worst are left out: an initial, or where two names meet */

    sum = 0;
    least = 0;
    second = 0;

    a = SV_BOUNDARY;
    b = SV_BOUNDARY;

    for (i = 0; i <= len; i++) {

        c = (i < len) ? sv_gibberish_symbol(local[i]) : SV_BOUNDARY;

        if (c == SV_SYMBOLS) {
            return -1;
        }

        if (i > 0 && (i == len || local[i] == '+')) {
            c = SV_BOUNDARY;
            len = i;
        }

        if (c != SV_BOUNDARY) {
            n++;
            switches += (last != SV_BOUNDARY
                         && (last == SV_DIGIT) != (c == SV_DIGIT));
            last = c;

        } else if (b == SV_BOUNDARY) {
            continue;
        }

        if (i > 0) {
            level = sv_gibberish_table[(a * SV_SYMBOLS + b) * SV_SYMBOLS + c]
                    - 'a';
            level = level * SV_GIBBERISH_LEVEL - SV_GIBBERISH_EVEN;
            sum += level;

            if (level < least) {
                second = least;
                least = level;

            } else if (level < second) {
                second = level;
            }
        }

        a = b;
        b = c;
    }

    if (n < SV_GIBBERISH_MIN) {
        return 0;
    }

    if (n >= SV_SWITCHES_LEN && switches >= SV_SWITCHES_MIN) {
        return 1;
    }

    return sum - least - second < SV_GIBBERISH_ENOUGH;
}


static unsigned
sv_gibberish_symbol(unsigned char c)
{
    if (c >= 0x80) {
        return SV_SYMBOLS;
    }

    if (sv_is_digit(c)) {
        return SV_DIGIT;
    }

    if (sv_is_alpha(c)) {
        return 2 + (c | 0x20) - 'a';
    }

    return SV_BOUNDARY;
}
