
/*
 * Tells plain statements about a mailbox from others.  "The user does not
 * exist" is plain; "the certificate of the user does not exist" is not, as it
 * speaks of something else.  Nobody can list all that may be missing, so the
 * words are listed that a plain statement consists of, and a sentence with any
 * other word is not believed.  Excepted are names: of a place behind the
 * statement ("unknown at Foo"), and those that a server gives its replies, as
 * in "FOO: user unknown" and "user unknown (foo)".
 */


#include "sv_rules.h"
#include "sv_words.h"


#define SV_PLAIN_PLACE    5     /* words that may name a place */
#define SV_PLAIN_SHORT    4     /* letters of a tag such as "RUSR" */
#define SV_PLAIN_BRACKET  64    /* octets behind an opening bracket */
#define SV_PLAIN_NAMES    16    /* that are looked for in the reply */


typedef struct {
    const sv_match_t     *plain;
    const sv_reply_t     *reply;
    const unsigned char  *text;     /* the sentence, folded */
    size_t                len;
    unsigned              at;       /* its word where the statement ends */
    unsigned              word;     /* the word that is read */
    unsigned              place;    /* how many more may name a place */
    unsigned              names;
    unsigned              whole;    /* nothing is stated */
    unsigned char         words[SV_WORDS_MAX / 16];     /* that are known */
    unsigned char         octets[SV_FOLDED_MAX / 8];
} sv_plain_t;


static void sv_plain_init(sv_plain_t *pl, const sv_match_t *plain,
    const sv_reply_t *reply, const unsigned char *text, size_t len);
static void sv_plain_find(sv_plain_t *pl, unsigned at);
static void sv_plain_cover(sv_plain_t *pl);
static int sv_plain_word(sv_plain_t *pl, size_t start, size_t end);
static int sv_plain_is_known(const sv_plain_t *pl, size_t start, size_t end);
static int sv_plain_is_neutral(const sv_plain_t *pl, size_t start,
    size_t end);
static int sv_plain_is_script(const sv_plain_t *pl, size_t start, size_t end);
static int sv_plain_ends(const sv_reply_t *reply, const unsigned char *p,
    size_t len);
static int sv_plain_is_break(const unsigned char *p, size_t len);
static int sv_plain_is_name(const sv_plain_t *pl, const unsigned char *p,
    size_t len);
static int sv_plain_is_rcpt(const sv_reply_t *reply, const unsigned char *p,
    size_t len);
static int sv_plain_same(const unsigned char *text, const unsigned char *p,
    size_t len);
static int sv_plain_stands_apart(const sv_reply_t *reply, size_t from,
    size_t to);
static int sv_plain_is_label(const sv_reply_t *reply, size_t from, size_t to);


int
sv_plain_sentence(const sv_match_t *plain, const sv_reply_t *reply,
    const unsigned char *text, size_t len, unsigned at)
{
    size_t      i, start;
    sv_plain_t  pl;

    sv_plain_init(&pl, plain, reply, text, len);
    sv_plain_find(&pl, at);
    sv_plain_cover(&pl);

    start = 0;

    for (i = 0; i < pl.len; i++) {

        if (pl.text[i] != ' ') {
            continue;
        }

        if (!sv_plain_word(&pl, start, i)) {
            return 0;
        }

        /* what follows behind a comma adds to the statement */

        if (pl.word == pl.at
            && sv_plain_ends(reply, pl.text + start, i - start))
        {
            return 1;
        }

        pl.word++;
        start = i + 1;
    }

    return 1;
}


/* Here a comma, a place or a bracket excuse no word: where nothing is stated,
   any word that is not known may be the reason, and so may a page that
   explains. */

int
sv_plain_text(const sv_match_t *plain, const sv_reply_t *reply,
    const unsigned char *text, size_t len)
{
    size_t      i, start;
    sv_plain_t  pl;

    sv_plain_init(&pl, plain, reply, text, len);
    sv_plain_cover(&pl);

    pl.whole = 1;

    start = 0;

    for (i = 0; i < len; i++) {

        if (text[i] != ' ' && text[i] != SV_WORD_END) {
            continue;
        }

        if (sv_word_is_url(text + start, i - start)
            || (!sv_plain_is_known(&pl, start, i)
                && text[start] != SV_WORD_ASKED
                && !sv_plain_is_rcpt(reply, text + start, i - start)))
        {
            return 0;
        }

        pl.word += (text[i] == ' ');
        start = i + 1;
    }

    return 1;
}


static void
sv_plain_init(sv_plain_t *pl, const sv_match_t *plain, const sv_reply_t *reply,
    const unsigned char *text, size_t len)
{
    pl->plain = plain;
    pl->reply = reply;
    pl->text = text;
    pl->len = len;
    pl->at = 0;
    pl->word = 0;
    pl->place = 0;
    pl->names = 0;
    pl->whole = 0;
}


/* Returns 1 if the word may stand in a plain sentence. */

static int
sv_plain_word(sv_plain_t *pl, size_t start, size_t end)
{
    int                   known;
    unsigned              place;
    const unsigned char  *p;

    p = pl->text + start;
    known = sv_plain_is_known(pl, start, end);

    /* "unknown in your list" and "unknown in DNS" are no places of theirs */

    place = sv_word_is_yours(p, end - start)
            || sv_word_is_term(p, end - start) ? 0 : pl->place;
    pl->place = place - (place != 0);

    if (pl->word > pl->at && sv_word_is_place(p, end - start)) {
        pl->place = SV_PLAIN_PLACE;
        known = 1;
    }

    return known || place != 0
           || (pl->names++ < SV_PLAIN_NAMES
               && sv_plain_is_name(pl, p, end - start));
}


static int
sv_plain_is_known(const sv_plain_t *pl, size_t start, size_t end)
{
    size_t  i;

    if (start == end || sv_plain_is_neutral(pl, start, end)) {
        return 1;
    }

    /* a part of a word without blanks makes not the whole of it known */

    for (i = start; i < end; i++) {
        if (pl->text[i] >= 0xe3 && pl->text[i] < 0xea) {
            return 0;
        }
    }

    return sv_bit(pl->words, pl->word);
}


/* Finds the sentence of a word, by the number that sv_match_run() gives it. */

static void
sv_plain_find(sv_plain_t *pl, unsigned at)
{
    size_t    i, start;
    unsigned  word, first;

    start = 0;
    word = 0;
    first = 0;

    for (i = 0; i < pl->len; i++) {

        if (pl->text[i] == ' ') {
            word++;

        } else if (pl->text[i] == SV_WORD_END) {

            if (word > at) {
                break;
            }

            word += SV_SENTENCE_GAP;
            start = i + 1;
            first = word;
        }
    }

    pl->text += start;
    pl->len = i - start;
    pl->at = at - first;
}


/* Marks the words and octets that the automaton finds.  The first word is
   number 1, behind the first space. */

static void
sv_plain_cover(sv_plain_t *pl)
{
    size_t            i, k;
    uint32_t          node, n;
    unsigned          word, end, start;
    const sv_node_t  *nodes;

    memset(pl->words, 0, pl->len / 16 + 1);
    memset(pl->octets, 0, pl->len / 8 + 1);

    nodes = pl->plain->nodes;
    node = 0;
    word = 0;

    for (i = 0; i < pl->len; i++) {
        node = sv_match_step(pl->plain, node, pl->text[i]);
        word += (pl->text[i] == ' ');

        n = nodes[node].nuses ? node : nodes[node].dict;

        for ( /* void */ ; n != 0; n = nodes[n].dict) {
            end = word - nodes[n].space;

            for (start = end + 1 - nodes[n].words; start <= end; start++) {
                sv_bit_set(pl->words, start);
            }

            if (pl->text[i] < 0x80) {
                continue;
            }

            for (k = 0; k < nodes[n].size; k++) {
                sv_bit_set(pl->octets, i - k);
            }
        }
    }
}


/* Numbers, tokens, hosts and the recipient's address say nothing of what is
   missing; somebody else's address and our host do.  A question is no
   statement. */

static int
sv_plain_is_neutral(const sv_plain_t *pl, size_t start, size_t end)
{
    size_t                i;
    const unsigned char  *p;

    p = pl->text + start;

    if (end - start == 1) {
        return *p != SV_WORD_OTHER && *p != SV_WORD_OURS
               && *p != SV_WORD_ASKED;
    }

    for (i = 0; i < end - start; i++) {

        if (p[i] >= 0xe3 && p[i] < 0xea) {
            return sv_plain_is_script(pl, start, end);
        }

        if (sv_is_digit(p[i]) || p[i] == '.') {
            return 1;
        }
    }

    return 0;
}


/* Chinese and Japanese have no blanks.  All characters must be known, but those
   of which Japanese makes endings; of these are whole words, too, so that they
   count where nothing is stated. */

static int
sv_plain_is_script(const sv_plain_t *pl, size_t start, size_t end)
{
    size_t                i;
    const unsigned char  *p;

    p = pl->text;

    for (i = start; i < end; i++) {

        if (p[i] < 0x80 || sv_bit(pl->octets, i)) {
            continue;
        }

        if (pl->whole || p[i] != 0xe3 || end - i < 3
            || !(p[i + 1] == 0x81 || (p[i + 1] == 0x82 && p[i + 2] < 0xa0)))
        {
            return 0;
        }

        i += 2;
    }

    return 1;
}


/* Returns 1 if a comma or the like follows the word, wherever it is. */

static int
sv_plain_ends(const sv_reply_t *reply, const unsigned char *p, size_t len)
{
    int                   found;
    size_t                i, size;
    const unsigned char  *text;

    text = reply->text.data;
    size = reply->text.len < SV_TEXT_MAX ? reply->text.len : SV_TEXT_MAX;
    found = 0;

    for (i = 0; i + len < size; i++) {

        if (!sv_plain_same(text + i, p, len)
            || (i > 0 && sv_is_alnum(text[i - 1])))
        {
            continue;
        }

        if (!sv_plain_is_break(text + i + len, size - i - len)) {
            return 0;
        }

        found = 1;
    }

    return found;
}


/* Returns 1 for a comma and the like, and for a dash or a semicolon behind a
   space. */

static int
sv_plain_is_break(const unsigned char *p, size_t len)
{
    if (memchr(",;:-([", *p, 6) != NULL) {
        return 1;
    }

    return *p == ' ' && len > 3
           && (p[1] == ';' || memcmp(p, " - ", 3) == 0
               || memcmp(p, " \342\200", 3) == 0);
}


/* Returns 1 for the recipient's local part, and for a word that stands apart
   from the sentence wherever it is. */

static int
sv_plain_is_name(const sv_plain_t *pl, const unsigned char *p, size_t len)
{
    int              found;
    size_t           i, size;
    const sv_str_t  *rcpt, *text;

    rcpt = &pl->reply->rcpt;

    if (rcpt->len == 0 && (pl->word <= 2 || pl->word == pl->at + 1)) {

        /* it is not known who was asked: "no such user joe", "user joe is
           unknown" */

        return 1;
    }

    if (sv_plain_is_rcpt(pl->reply, p, len)) {
        return 1;
    }

    text = &pl->reply->text;
    size = text->len < SV_TEXT_MAX ? text->len : SV_TEXT_MAX;
    found = 0;

    for (i = 0; i + len <= size; i++) {

        if (!sv_plain_same(text->data + i, p, len)) {
            continue;
        }

        if (!sv_plain_stands_apart(pl->reply, i, i + len)) {
            return 0;
        }

        found = 1;
        i += len - 1;
    }

    return found;
}


/* Returns 1 for the recipient's local part. */

static int
sv_plain_is_rcpt(const sv_reply_t *reply, const unsigned char *p, size_t len)
{
    const sv_str_t  *rcpt;

    rcpt = &reply->rcpt;

    return rcpt->len > len && rcpt->data[len] == '@'
           && sv_plain_same(rcpt->data, p, len);
}


static int
sv_plain_same(const unsigned char *text, const unsigned char *p, size_t len)
{
    size_t  k;

    for (k = 0; k < len && sv_lower(text[k]) == p[k]; k++) {
        /* void */
    }

    return k == len;
}


/* Returns 1 for short words of capitals that are no term of the protocol, and
   for words that punctuation sets apart. */

static int
sv_plain_stands_apart(const sv_reply_t *reply, size_t from, size_t to)
{
    size_t                i;
    const unsigned char  *text;

    text = reply->text.data;

    for (i = from; i < to && text[i] >= 'A' && text[i] <= 'Z'; i++) {
        /* void */
    }

    if (i == to && to - from <= SV_PLAIN_SHORT) {
        return !sv_word_is_term(text + from, to - from);
    }

    for (i = from; i > 0 && from - i < SV_PLAIN_BRACKET; i--) {

        if (memchr(")]}>", text[i - 1], 4) != NULL) {
            break;
        }

        if (memchr("([{<", text[i - 1], 4) != NULL) {
            return 1;
        }
    }

    return sv_plain_is_label(reply, from, to);
}


/* Returns 1 for the parts of a first word that has a colon, in capitals or
   without a space behind it, as in "RC:NE", and for a word behind a dash at the
   end. */

static int
sv_plain_is_label(const sv_reply_t *reply, size_t from, size_t to)
{
    int                   small;
    size_t                i, len;
    const unsigned char  *text;

    text = reply->text.data;
    len = reply->text.len < SV_TEXT_MAX ? reply->text.len : SV_TEXT_MAX;
    small = 0;

    if (memchr(text, ' ', from) == NULL) {

        for (i = 0; i + 1 < len && text[i] != ' '; i++) {
            small |= (text[i] >= 'a' && text[i] <= 'z');

            if (text[i] == ':' && text[i + 1] != '/'
                && !(small && text[i + 1] == ' '))
            {
                return 1;
            }
        }
    }

    return to == len && from > 1 && text[from - 1] == ' '
           && text[from - 2] == '-';
}
