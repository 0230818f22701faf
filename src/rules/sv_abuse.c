
#include "sv_abuse.h"
#include "sv_root.h"


#define SV_TAGS_MANY     3
#define SV_DOTS_MANY     4
#define SV_RUN_MIN       5
#define SV_RUN_EDGE_MIN  4      /* "asdf", but not "trew" */
#define SV_REPEAT_MIN    5
#define SV_DIGITS_MIN    5

/* only lower-case letters and digits are compared */
#define SV_ABUSE_KEYS    36
#define sv_abuse_key(c)  (size_t) (sv_is_digit(c) ? (c) - '0' : (c) - 'a' + 10)


/* Rows and columns of keyboards.  The digits come first: they have no edge, as
   "1234" is usual. */

static const sv_str_t  sv_abuse_rows[] = {
    sv_string("1234567890"),
    sv_string("qwertyuiop"),
    sv_string("asdfghjkl"),
    sv_string("zxcvbnm"),
    sv_string("qwertzuiop"),
    sv_string("yxcvbnm"),
    sv_string("azertyuiop"),
    sv_string("qsdfghjklm"),
    sv_string("wxcvbn"),
    sv_string("qazwsxedcrfvtgb"),
    sv_string("1qaz2wsx3edc4rfv"),
    sv_string("1q2w3e4r5t6y"),
    sv_string("abcdefghijkl"),
    sv_null_string
};


static unsigned sv_abuse_tags(const sv_str_t *local, size_t base);
static unsigned sv_abuse_dots(const sv_str_t *local, size_t base,
    unsigned flags);
static unsigned sv_abuse_digits(const unsigned char *p, size_t len);
static unsigned sv_abuse_runs(const unsigned char *p, size_t len);
static int sv_abuse_beside(const unsigned char *p, size_t len);
static size_t sv_abuse_row_run(const sv_str_t *row, const unsigned char *p,
    size_t len, int edge);
static int sv_abuse_date(const unsigned char *p, size_t len);


unsigned
sv_abuse_patterns(const sv_str_t *local, unsigned flags)
{
    size_t         i, n, base;
    unsigned       patterns;
    unsigned char  text[SV_LOCAL_MAX];

    for (base = 1; base < local->len; base++) {
        if (local->data[base] == '+') {
            break;
        }
    }

    if (base > local->len || local->len > SV_LOCAL_MAX) {
        return 0;
    }

    n = 0;

    for (i = 0; i < base; i++) {
        if (sv_is_alnum(local->data[i])) {
            text[n++] = sv_lower(local->data[i]);
        }
    }

    patterns = sv_abuse_tags(local, base);
    patterns |= sv_abuse_dots(local, base, flags);
    patterns |= sv_abuse_digits(text, n);
    patterns |= sv_abuse_runs(text, n);

    return patterns;
}


int
sv_abuse_enough(unsigned patterns)
{
    unsigned  weak;

    weak = patterns & ~(unsigned) SV_ABUSE_STRONG;

    return (patterns & SV_ABUSE_STRONG) || (weak & (weak - 1));
}


static unsigned
sv_abuse_tags(const sv_str_t *local, size_t base)
{
    size_t    i, tags, digits;
    unsigned  patterns;

    patterns = 0;
    tags = 0;
    digits = 0;

    for (i = base; i < local->len; i++) {
        tags += (local->data[i] == '+');
        digits += sv_is_digit(local->data[i]);
    }

    if (tags >= SV_TAGS_MANY) {
        patterns |= SV_ABUSE_MANY_TAGS;
    }

    if (digits != 0 && digits + tags == local->len - base) {
        patterns |= SV_ABUSE_COUNTED_TAG;
    }

    return patterns;
}


/* The dots of "a.n.n.a" are a trick, those of "anna.maria.von.der.leyen" are
   not. */

static unsigned
sv_abuse_dots(const sv_str_t *local, size_t base, unsigned flags)
{
    size_t  i, dots;

    if (!(flags & (SV_ROOT_DOTS|SV_ROOT_SEPARATORS))) {
        return 0;
    }

    dots = 0;

    for (i = 0; i < base; i++) {
        dots += (local->data[i] == '.');
    }

    if (dots < SV_DOTS_MANY || base - dots > 2 * (dots + 1)) {
        return 0;
    }

    return SV_ABUSE_MANY_DOTS;
}


/* Finds letters followed by a number.  A local part of digits alone is a phone
   number, or a QQ number. */

static unsigned
sv_abuse_digits(const unsigned char *p, size_t len)
{
    size_t  n;

    for (n = 0; n < len && sv_is_digit(p[len - n - 1]); n++) { /* void */ }

    if (n < SV_DIGITS_MIN || n == len
        || sv_abuse_date(p + len - n, n))
    {
        return 0;
    }

    return SV_ABUSE_COUNTED_DIGITS;
}


/* Recognizes birthdays: DDMMYY, MMDDYY, YYMMDD, also with four digits for the
   year. */

static int
sv_abuse_date(const unsigned char *p, size_t len)
{
    unsigned  i, v[4];

    if (len != 6 && len != 8) {
        return 0;
    }

    for (i = 0; i < len / 2; i++) {
        v[i] = (p[2 * i] - '0') * 10 + (p[2 * i + 1] - '0');
    }

#define sv_month(m)    ((m) >= 1 && (m) <= 12)
#define sv_day(d)      ((d) >= 1 && (d) <= 31)
#define sv_century(c)  ((c) == 19 || (c) == 20)

    if (len == 6) {
        return (sv_day(v[0]) && sv_month(v[1]))
               || (sv_month(v[0]) && sv_day(v[1]))
               || (sv_month(v[1]) && sv_day(v[2]));
    }

    return (sv_day(v[0]) && sv_month(v[1]) && sv_century(v[2]))
           || (sv_month(v[0]) && sv_day(v[1]) && sv_century(v[2]))
           || (sv_century(v[0]) && sv_month(v[2]) && sv_day(v[3]));
}


static unsigned
sv_abuse_runs(const unsigned char *p, size_t len)
{
    int       beside;
    size_t    i, n, run;
    unsigned  patterns;

    patterns = 0;
    beside = sv_abuse_beside(p, len);

    for (i = 0; beside && sv_abuse_rows[i].len; i++) {
        run = sv_abuse_row_run(&sv_abuse_rows[i], p, len, i != 0);

        if (run * 2 > len) {
            patterns |= SV_ABUSE_KEYBOARD_RUN;
            break;
        }
    }

    run = 0;

    for (i = 0, n = 0; i < len; i++) {
        n = (i > 0 && p[i] == p[i - 1]) ? n + 1 : 1;
        run = (n > run) ? n : run;
    }

    if (run >= SV_REPEAT_MIN && run * 2 > len) {
        patterns |= SV_ABUSE_REPEATS;
    }

    return patterns;
}


/* Hardly any name has four letters in a row that are neighbours on a keyboard.
   This is checked first, so that the rows need not be searched. */

static int
sv_abuse_beside(const unsigned char *p, size_t len)
{
    size_t           i, k, n;
    const sv_str_t  *row;
    static uint64_t  beside[SV_ABUSE_KEYS];

    if (beside[sv_abuse_key('w')] == 0) {

        for (row = sv_abuse_rows; row->len; row++) {
            for (k = 1; k < row->len; k++) {
                i = sv_abuse_key(row->data[k]);
                n = sv_abuse_key(row->data[k - 1]);

                beside[i] |= (uint64_t) 1 << n;
                beside[n] |= (uint64_t) 1 << i;
            }
        }
    }

    n = 1;

    for (i = 1; i < len && n < SV_RUN_EDGE_MIN; i++) {
        k = sv_abuse_key(p[i - 1]);
        n = (beside[sv_abuse_key(p[i])] >> k & 1) ? n + 1 : 1;
    }

    return n >= SV_RUN_EDGE_MIN;
}


/* Returns the length of the longest part of p that runs along the row in either
   direction, if it is long enough; else 0. */

static size_t
sv_abuse_row_run(const sv_str_t *row, const unsigned char *p, size_t len,
    int edge)
{
    int                   at, step;
    size_t                i, n, best;
    ptrdiff_t             pos, prev;
    const unsigned char  *found;

    n = 0;
    at = 0;
    step = 0;
    best = 0;
    prev = -1;

    for (i = 0; i < len; i++) {
        found = memchr(row->data, p[i], row->len);
        pos = (found != NULL) ? found - row->data : -1;

        if (pos >= 0 && prev >= 0 && (pos == prev + 1 || pos == prev - 1)
            && (n == 1 || pos - prev == step))
        {
            step = (int) (pos - prev);
            n++;

        } else if (pos >= 0 && prev >= 0
                   && (pos == prev + 1 || pos == prev - 1))
        {
            step = (int) (pos - prev);
            at = (prev == 0);
            n = 2;

        } else {
            n = (pos >= 0);
            at = (pos == 0);
        }

        prev = pos;

        if (n > best
            && (n >= SV_RUN_MIN
                || (n >= SV_RUN_EDGE_MIN && edge && (at || pos == 0))))
        {
            best = n;
        }
    }

    return best;
}
