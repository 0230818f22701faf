
#include "sv_gibberish.h"
#include "sv_gibberish_table.h"


#define SV_SYMBOLS          28
#define SV_BOUNDARY         0
#define SV_DIGIT            1

/*
 * The table's "a" is 9 bits of surprise, "z" none.  Letters drawn at random
 * have 4.7 bits each; in hundredths, how much more likely than at random a
 * level is, and how unlikely all together has to be.
 */

#define SV_GIBBERISH_LEVEL  36
#define SV_GIBBERISH_EVEN   430
#define SV_GIBBERISH_ENOUGH (-300)

#define SV_GIBBERISH_MIN    7   /* shorter ones are somebody's initials */

/* "a3f9c2e1": letters and digits in turn, as nobody remembers them */

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

    /* the two worst are let off: an initial, the joint of two names */

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
