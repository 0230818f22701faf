
/*
 * Finds how long a server asks us to wait, as in "try again in 5 minutes",
 * "Greylisted for 300 seconds" or "retry in 00:04:59".
 */


#include "sv_rules.h"


#define SV_RETRY_MAX    86400
#define SV_RETRY_WORDS  7       /* words from "retry" to the number */


typedef struct {
    const unsigned char  *data;
    size_t                len;
} sv_word_t;


static const unsigned char *sv_retry_word(const unsigned char *p,
    const unsigned char *end, sv_word_t *word);
static int sv_retry_is(const sv_word_t *word, const char *const *list);
static unsigned sv_retry_clock(const sv_word_t *word);
static unsigned sv_retry_number(const sv_word_t *word, size_t *digits);
static unsigned sv_retry_unit(const unsigned char *p, size_t len);
static unsigned sv_retry_seconds(const sv_word_t *prev,
    const sv_word_t *word, const unsigned char **p,
    const unsigned char *end);
static unsigned sv_retry_part(const sv_word_t *word,
    const unsigned char **p, const unsigned char *end, unsigned *least);
static unsigned sv_retry_compact(const sv_word_t *word, unsigned *least);


/* words after which a time is the time to wait; '*' at the end: a prefix */

static const char *const  sv_retry_verbs[] = {
    "again", "retry*", "retries", "try", "wait*", "greylist*", "graylist*",
    "later", "delay*", "defer*", "resend", "reconnect", "resubmit",
    "back", "reessay*", "ressay*", "patient*", "attendre", "erneut",
    "versuch*", "warten", "intent*", "reintent*", "tente", "tentar",
    "riprova*", "attend*", "temporarily", NULL
};


/* words that make a time one in the past, or a rate */

static const char *const  sv_retry_breaks[] = {
    "per", "last", "past", "every", "each", "within", "until", "delivered",
    "undelivered", "since", NULL
};


/* words before a time to wait: "in 00:04:59", but not "at 00:04:59" */

static const char *const  sv_retry_clock_words[] = {
    "in", "for", "after", "wait", NULL
};


/* the time is before these words: "5 minutes later" */

static const char *const  sv_retry_after_words[] = {
    "later", "erneut", "before", "till", NULL
};


/* words between two units */

static const char *const  sv_retry_and_words[] = {
    "and", "et", "und", "y", "e", "i", NULL
};


unsigned
sv_retry_after(const unsigned char *text, size_t len)
{
    unsigned              near, seconds;
    sv_word_t             word, prev, next;
    const unsigned char  *p, *end, *q;

    if (len == 0) {
        return 0;
    }

    if (len > SV_TEXT_MAX) {
        len = SV_TEXT_MAX;
    }

    p = text;
    end = text + len;
    near = 0;
    word.data = text;
    word.len = 0;

    for ( ;; ) {
        prev = word;
        p = sv_retry_word(p, end, &word);

        if (word.len == 0) {
            return 0;
        }

        if (sv_retry_is(&word, sv_retry_verbs)) {
            near = SV_RETRY_WORDS;
            continue;
        }

        if (sv_retry_is(&word, sv_retry_breaks)) {
            near = 0;
            continue;
        }

        q = p;
        seconds = sv_retry_seconds(&prev, &word, &q, end);

        if (seconds != 0 && near == 0) {
            (void) sv_retry_word(q, end, &next);

            if (!sv_retry_is(&next, sv_retry_after_words)) {
                seconds = 0;
            }
        }

        if (seconds != 0) {
            return seconds < SV_RETRY_MAX ? seconds : SV_RETRY_MAX;
        }

        if (near != 0) {
            near--;
        }
    }
}


static const unsigned char *
sv_retry_word(const unsigned char *p, const unsigned char *end,
    sv_word_t *word)
{
    while (p < end && !sv_is_alnum(*p) && *p < 0x80) {
        p++;
    }

    word->data = p;

    while (p < end && (sv_is_alnum(*p) || *p >= 0x80
                       || (*p == ':' && p + 1 < end && sv_is_digit(p[1]))))
    {
        p++;
    }

    word->len = p - word->data;

    return p;
}


static int
sv_retry_is(const sv_word_t *word, const char *const *list)
{
    size_t         i;
    unsigned char  first;

    if (word->len == 0) {
        return 0;
    }

    first = sv_lower(word->data[0]);

    for ( /* void */ ; *list != NULL; list++) {

        if ((unsigned char) (*list)[0] != first) {
            continue;
        }

        for (i = 1; i < word->len; i++) {
            if (sv_lower(word->data[i]) != (unsigned char) (*list)[i]) {
                break;
            }
        }

        if ((*list)[i] == '*' || (i == word->len && (*list)[i] == '\0')) {
            return 1;
        }
    }

    return 0;
}


/* Returns the seconds to wait; 0 if this is not such a time.  *p is moved
   behind what was read. */

static unsigned
sv_retry_seconds(const sv_word_t *prev, const sv_word_t *word,
    const unsigned char **p, const unsigned char *end)
{
    unsigned              seconds, part, unit, least;
    sv_word_t             next;
    const unsigned char  *q;

    if (memchr(word->data, ':', word->len) != NULL) {
        return sv_retry_is(prev, sv_retry_clock_words) ? sv_retry_clock(word)
                                                       : 0;
    }

    seconds = sv_retry_part(word, p, end, &least);

    /* "1 hour and 30 minutes": each unit is smaller than the one before */

    while (seconds != 0 && least > 1) {
        q = sv_retry_word(*p, end, &next);

        if (sv_retry_is(&next, sv_retry_and_words)) {
            q = sv_retry_word(q, end, &next);
        }

        part = sv_retry_part(&next, &q, end, &unit);

        if (part == 0 || unit >= least) {
            break;
        }

        seconds += part;
        least = unit;
        *p = q;
    }

    return seconds;
}


/* Reads "60 seconds", "60s" or "1h30m".  *least is set to its smallest unit. */

static unsigned
sv_retry_part(const sv_word_t *word, const unsigned char **p,
    const unsigned char *end, unsigned *least)
{
    size_t                digits;
    unsigned              number;
    sv_word_t             next;
    const unsigned char  *q;

    number = sv_retry_number(word, &digits);

    if (digits == 0) {
        return 0;
    }

    if (digits < word->len) {
        return sv_retry_compact(word, least);
    }

    q = sv_retry_word(*p, end, &next);
    *least = sv_retry_unit(next.data, next.len);

    if (*least != 0) {
        *p = q;
    }

    return number * *least;
}


static unsigned
sv_retry_compact(const sv_word_t *word, unsigned *least)
{
    size_t     digits, n;
    unsigned   seconds, number, unit;
    sv_word_t  rest;

    rest = *word;
    seconds = 0;
    *least = 0;

    while (rest.len != 0) {
        number = sv_retry_number(&rest, &digits);

        rest.data += digits;
        rest.len -= digits;

        for (n = 0; n < rest.len && !sv_is_digit(rest.data[n]); n++) {
            /* void */
        }

        unit = sv_retry_unit(rest.data, n);

        if (digits == 0 || unit == 0 || (*least != 0 && unit >= *least)) {
            return 0;
        }

        seconds += number * unit;
        *least = unit;

        rest.data += n;
        rest.len -= n;
    }

    return seconds;
}


static unsigned
sv_retry_number(const sv_word_t *word, size_t *digits)
{
    size_t    i;
    unsigned  number;

    number = 0;

    for (i = 0; i < word->len && sv_is_digit(word->data[i]); i++) {

        if (i == 5) {
            *digits = 0;
            return 0;
        }

        number = number * 10 + (word->data[i] - '0');
    }

    *digits = i;

    return number;
}


static unsigned
sv_retry_unit(const unsigned char *p, size_t len)
{
    size_t             i;
    sv_word_t          word;
    static const struct {
        unsigned       seconds;
        const char    *names[12];
    }                  units[] = {
        { 1, { "s", "sec*", "seg*", "sek*", NULL } },
        { 60, { "m", "min*", "mn", NULL } },
        { 3600, { "h", "hr", "hrs", "hour*", "heure*", "stunde*", "hora*",
                  "ore", "ora", "std", NULL } },
        { 86400, { "day*", "jour*", "tag", "tage", "tagen", "dia*", NULL } }
    };

    word.data = p;
    word.len = len;

    for (i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        if (len != 0 && sv_retry_is(&word, units[i].names)) {
            return units[i].seconds;
        }
    }

    return 0;
}


/* Reads "00:04:59" or "04:59". */

static unsigned
sv_retry_clock(const sv_word_t *word)
{
    size_t    i, parts, digits;
    unsigned  seconds, part;

    seconds = 0;
    part = 0;
    parts = 1;
    digits = 0;

    for (i = 0; i < word->len; i++) {

        if (word->data[i] == ':') {
            seconds = (seconds + part) * 60;
            part = 0;
            digits = 0;
            parts++;
            continue;
        }

        if (!sv_is_digit(word->data[i]) || ++digits > 2) {
            return 0;
        }

        part = part * 10 + (word->data[i] - '0');
    }

    return parts <= 3 && digits == 2 ? seconds + part : 0;
}
