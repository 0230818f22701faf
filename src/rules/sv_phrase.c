
#include "sv_phrase.h"


#define SV_NEAR  4      /* words that ".." spans */
#define SV_FAR   12     /* words that "..." spans */


typedef struct {
    sv_piece_t          piece;
    sv_set_t           *set;        /* the set; if NULL, the piece counts */
    uint8_t             gap;
} sv_element_t;


typedef struct {
    sv_element_t        elements[SV_ELEMENTS_MAX];
    unsigned            n;
    unsigned            gap;
    unsigned            open:1;     /* words may be added to the last element */
    unsigned            wanted:1;   /* something must follow a gap */
} sv_phrase_t;


static sv_set_t *sv_set_find(sv_phrases_t *ph, const sv_str_t *name);
static int sv_set_member(sv_phrases_t *ph, sv_set_t *set,
    const sv_str_t *token, int quoted);
static int sv_set_include(sv_phrases_t *ph, sv_set_t *set,
    const sv_set_t *other);
static sv_piece_t *sv_set_push(sv_phrases_t *ph, sv_set_t *set);
static int sv_phrase_parse(sv_phrases_t *ph, const sv_str_t *token,
    sv_phrase_t *phrase);
static int sv_phrase_word(sv_phrases_t *ph, sv_phrase_t *phrase,
    sv_str_t *word);
static sv_element_t *sv_phrase_element(sv_phrases_t *ph,
    sv_phrase_t *phrase);
static int sv_phrase_literal(sv_phrases_t *ph, sv_phrase_t *phrase,
    sv_str_t *word);
static int sv_phrase_append(sv_phrases_t *ph, sv_piece_t *piece,
    const sv_str_t *word, int begins, int ends);
static size_t sv_phrase_mark(const sv_str_t *word, unsigned char *buf);
static size_t sv_phrase_dot(unsigned char *buf, size_t n);
static int sv_phrase_number(sv_phrases_t *ph);
static int sv_phrase_build(sv_phrases_t *ph, const sv_phrase_t *phrase);
static int sv_phrase_segment(sv_phrases_t *ph, const sv_element_t *e,
    sv_segment_t *s);
static int sv_phrase_pieces(sv_phrases_t *ph, const sv_element_t *e,
    int segment);
static int sv_phrase_built(sv_phrases_t *ph, int rc);


int
sv_phrases_init(sv_phrases_t *ph, sv_lines_t *lines)
{
    ph->lines = lines;
    ph->nphrases = 0;
    sv_array_init(&ph->sets, sizeof(sv_set_t));
    sv_array_init(&ph->members, sizeof(sv_piece_t));

    ph->build = sv_match_build();
    if (ph->build == NULL) {
        return sv_lines_fail(lines, "no memory");
    }

    return 0;
}


void
sv_phrases_free(sv_phrases_t *ph)
{
    sv_match_build_free(ph->build);
    sv_array_free(&ph->sets);
    sv_array_free(&ph->members);
}


int
sv_phrases_check(sv_phrases_t *ph)
{
    size_t     i;
    sv_set_t  *sets;

    sets = ph->sets.elts;

    for (i = 0; i < ph->sets.nelts; i++) {
        ph->lines->line = sets[i].line;

        if (sets[i].members.n == 0) {
            return sv_lines_fail(ph->lines, "set \"%.*s\" is empty",
                                 (int) sets[i].name.len, sets[i].name.data);
        }

        if (!sets[i].used) {
            return sv_lines_fail(ph->lines, "set \"%.*s\" is not used",
                                 (int) sets[i].name.len, sets[i].name.data);
        }
    }

    return 0;
}


int
sv_phrases_set(sv_phrases_t *ph)
{
    int        rc, quoted;
    sv_set_t  *set;
    sv_str_t   name;

    rc = sv_lines_token(ph->lines, &name, &quoted);
    if (rc < 0) {
        return -1;
    }

    if (rc == 0 || quoted || !sv_lines_is_name(&name, SV_RULE_ID_MAX)) {
        return sv_lines_fail(ph->lines, "\"set\" wants a name of lower case "
                             "letters, digits and hyphens");
    }

    if (sv_set_find(ph, &name) != NULL) {
        return sv_lines_fail(ph->lines, "set \"%.*s\" is there already",
                             (int) name.len, name.data);
    }

    if (ph->sets.nelts == SV_SETS_MAX) {
        return sv_lines_fail(ph->lines, "more than %d sets", SV_SETS_MAX);
    }

    set = sv_array_push(&ph->sets);
    if (set == NULL) {
        return sv_lines_fail(ph->lines, "no memory");
    }

    set->name = name;
    set->line = ph->lines->line;
    set->phrase = SV_NO_PHRASE;
    set->opening = SV_NO_SEGMENT;
    set->members.off = ph->members.nelts;

    return sv_phrases_members(ph);
}


int
sv_phrases_members(sv_phrases_t *ph)
{
    int        rc, quoted;
    sv_set_t  *set;
    sv_str_t   token;

    set = (sv_set_t *) ph->sets.elts + ph->sets.nelts - 1;

    while ((rc = sv_lines_token(ph->lines, &token, &quoted)) > 0) {
        if (sv_set_member(ph, set, &token, quoted) != 0) {
            return -1;
        }
    }

    return rc;
}


int
sv_phrases_add(sv_phrases_t *ph, const sv_str_t *token, int quoted)
{
    sv_phrase_t  phrase;

    if (!quoted) {
        return sv_lines_fail(ph->lines, "\"%.*s\": phrases stand in double "
                             "quotes", (int) token->len, token->data);
    }

    if (sv_phrase_parse(ph, token, &phrase) != 0) {
        return -1;
    }

    return sv_phrase_build(ph, &phrase);
}


static sv_set_t *
sv_set_find(sv_phrases_t *ph, const sv_str_t *name)
{
    size_t     i;
    sv_set_t  *sets;

    sets = ph->sets.elts;

    for (i = 0; i < ph->sets.nelts; i++) {
        if (sets[i].name.len == name->len
            && memcmp(sets[i].name.data, name->data, name->len) == 0)
        {
            return &sets[i];
        }
    }

    return NULL;
}


static int
sv_set_member(sv_phrases_t *ph, sv_set_t *set, const sv_str_t *token,
    int quoted)
{
    sv_piece_t   *piece;
    sv_phrase_t   phrase;

    if (!quoted) {
        return sv_lines_fail(ph->lines, "\"%.*s\": phrases stand in double "
                             "quotes", (int) token->len, token->data);
    }

    if (sv_phrase_parse(ph, token, &phrase) != 0) {
        return -1;
    }

    if (phrase.n != 1) {
        return sv_lines_fail(ph->lines, "\"%.*s\": a set has no phrases of "
                             "several parts", (int) token->len, token->data);
    }

    if (phrase.elements[0].set == set) {
        return sv_lines_fail(ph->lines, "a set cannot hold itself");
    }

    if (phrase.elements[0].set != NULL) {
        return sv_set_include(ph, set, phrase.elements[0].set);
    }

    piece = sv_set_push(ph, set);
    if (piece == NULL) {
        return -1;
    }

    *piece = phrase.elements[0].piece;

    return 0;
}


static int
sv_set_include(sv_phrases_t *ph, sv_set_t *set, const sv_set_t *other)
{
    size_t       i;
    sv_piece_t  *piece;

    for (i = 0; i < other->members.n; i++) {
        piece = sv_set_push(ph, set);
        if (piece == NULL) {
            return -1;
        }

        *piece = ((sv_piece_t *) ph->members.elts)[other->members.off + i];
    }

    return 0;
}


/* Returns NULL with the error set.  The pieces may move. */

static sv_piece_t *
sv_set_push(sv_phrases_t *ph, sv_set_t *set)
{
    sv_piece_t  *piece;

    if (ph->members.nelts == SV_MEMBERS_MAX) {
        (void) sv_lines_fail(ph->lines, "more than %d phrases in sets",
                             SV_MEMBERS_MAX);
        return NULL;
    }

    piece = sv_array_push(&ph->members);
    if (piece == NULL) {
        (void) sv_lines_fail(ph->lines, "no memory");
        return NULL;
    }

    set->members.n++;

    return piece;
}


static int
sv_phrase_parse(sv_phrases_t *ph, const sv_str_t *token, sv_phrase_t *phrase)
{
    sv_str_t        word;
    unsigned char  *p, *end;

    phrase->n = 0;
    phrase->gap = 0;
    phrase->open = 0;
    phrase->wanted = 0;

    if (token->len > SV_PHRASE_MAX) {
        return sv_lines_fail(ph->lines, "a phrase of more than %d bytes",
                             SV_PHRASE_MAX);
    }

    p = token->data;
    end = p + token->len;

    for ( ;; ) {
        while (p < end && *p == ' ') {
            p++;
        }

        if (p == end) {
            break;
        }

        word.data = p;

        while (p < end && *p != ' ') {
            p++;
        }

        word.len = p - word.data;

        if (sv_phrase_word(ph, phrase, &word) != 0) {
            return -1;
        }
    }

    if (phrase->n == 0) {
        return sv_lines_fail(ph->lines, "an empty phrase");
    }

    if (phrase->wanted) {
        return sv_lines_fail(ph->lines, "a phrase ends with a gap");
    }

    return 0;
}


static int
sv_phrase_word(sv_phrases_t *ph, sv_phrase_t *phrase, sv_str_t *word)
{
    sv_set_t      *set;
    sv_str_t       name;
    sv_element_t  *e;

    if (memcmp(word->data, "...", word->len > 3 ? 3 : word->len) == 0
        && (word->len == 2 || word->len == 3))
    {
        if (phrase->n == 0 || phrase->wanted) {
            return sv_lines_fail(ph->lines, "a gap wants something before "
                                 "and behind it");
        }

        phrase->gap = (word->len == 2) ? SV_NEAR : SV_FAR;
        phrase->wanted = 1;
        phrase->open = 0;

        return 0;
    }

    if (word->data[0] != '@') {
        return sv_phrase_literal(ph, phrase, word);
    }

    name.data = word->data + 1;
    name.len = word->len - 1;

    set = sv_set_find(ph, &name);

    if (set == NULL) {
        return sv_lines_fail(ph->lines, "no set \"%.*s\" before this line",
                             (int) name.len, name.data);
    }

    e = sv_phrase_element(ph, phrase);
    if (e == NULL) {
        return -1;
    }

    e->set = set;
    set->used = 1;
    phrase->open = 0;

    return 0;
}


static sv_element_t *
sv_phrase_element(sv_phrases_t *ph, sv_phrase_t *phrase)
{
    sv_element_t  *e;

    if (phrase->n == SV_ELEMENTS_MAX) {
        (void) sv_lines_fail(ph->lines, "a phrase of more than %d parts",
                             SV_ELEMENTS_MAX);
        return NULL;
    }

    e = &phrase->elements[phrase->n++];

    e->set = NULL;
    e->piece.len = 0;
    e->gap = phrase->gap;

    phrase->gap = 0;
    phrase->wanted = 0;

    return e;
}


/* Adds a word.  Adjacent words form one piece.  A word with '*' in front begins
   a piece, one with '*' at its end ends it. */

static int
sv_phrase_literal(sv_phrases_t *ph, sv_phrase_t *phrase, sv_str_t *word)
{
    int            begins, ends;
    sv_str_t       bare;
    sv_element_t  *e;

    bare = *word;
    begins = (bare.data[0] == '*');
    ends = (bare.len > 1 && bare.data[bare.len - 1] == '*');

    if (begins) {
        bare.data++;
        bare.len--;
    }

    if (ends) {
        bare.len--;
    }

    if (!phrase->open || begins) {
        e = sv_phrase_element(ph, phrase);
        if (e == NULL) {
            return -1;
        }

    } else {
        e = &phrase->elements[phrase->n - 1];
    }

    phrase->open = !ends;

    return sv_phrase_append(ph, &e->piece, &bare, begins, ends);
}


static int
sv_phrase_append(sv_phrases_t *ph, sv_piece_t *piece, const sv_str_t *word,
    int begins, int ends)
{
    size_t         n;
    unsigned char  buf[SV_PIECE_SIZE + 1], *p;

    n = sv_phrase_mark(word, buf);

    if (n == 0) {
        n = sv_fold(word->data, word->len, buf, SV_PIECE_SIZE - 2);
    }

    /* sv_fold() removes a dot at an end, but in "*.example*" it is needed */

    if (begins && n > 2 && word->data[0] == '.') {
        memmove(buf + 1, buf, n++);
        buf[1] = '.';
    }

    if (ends && n > 2 && word->data[word->len - 1] == '.') {
        n = sv_phrase_dot(buf, n);
    }

    if (n < 3 || memchr(buf, SV_WORD_END, n) != NULL
        || memchr(word->data, '*', word->len) != NULL)
    {
        return sv_lines_fail(ph->lines, "\"%.*s\" is no word to look for",
                             (int) word->len, word->data);
    }

    p = buf;

    if (begins || piece->len != 0) {
        p++;
        n--;
    }

    if (ends) {
        n--;
    }

    if (piece->len + n > sizeof(piece->data)) {
        return sv_lines_fail(ph->lines, "a phrase of more than %d bytes",
                             SV_PHRASE_MAX);
    }

    memcpy(piece->data + piece->len, p, n);
    piece->len += n;

    return 0;
}


/* Words that stand for what sv_fold() makes of part of a reply.  Returns 0 for
   any other word. */

static size_t
sv_phrase_mark(const sv_str_t *word, unsigned char *buf)
{
    size_t             i;
    static const struct {
        const char     *name;
        unsigned char   mark;
    } marks[] = {
        { "{addr}", 1 }, { "{ip}", 2 }, { "{end}", 4 }, { "{other}", 5 },
        { "{ours}", 6 }, { "{domain}", 7 }
    };

    for (i = 0; i < sizeof(marks) / sizeof(marks[0]); i++) {

        if (strlen(marks[i].name) == word->len
            && memcmp(marks[i].name, word->data, word->len) == 0)
        {
            buf[0] = ' ';
            buf[1] = marks[i].mark;
            buf[2] = ' ';
            return 3;
        }
    }

    return 0;
}


/* Restores the dot at the end of a name, which sv_fold() took for the end of a
   sentence. */

static size_t
sv_phrase_dot(unsigned char *buf, size_t n)
{
    if (n > 3 && buf[n - 2] == SV_WORD_END) {
        n -= 2;
    }

    buf[n - 1] = '.';
    buf[n] = ' ';

    return n + 1;
}


static int
sv_phrase_number(sv_phrases_t *ph)
{
    if (ph->nphrases == SV_PHRASES_MAX) {
        return sv_lines_fail(ph->lines, "more than %d phrases",
                             SV_PHRASES_MAX);
    }

    return ph->nphrases++;
}


static int
sv_phrase_build(sv_phrases_t *ph, const sv_phrase_t *phrase)
{
    int            n, prev;
    unsigned       i;
    sv_set_t      *set;
    sv_segment_t   s;

    set = (phrase->n == 1) ? phrase->elements[0].set : NULL;

    if (set != NULL && set->phrase != SV_NO_PHRASE) {
        return set->phrase;
    }

    n = sv_phrase_number(ph);
    if (n < 0) {
        return -1;
    }

    prev = 0;

    for (i = 0; i < phrase->n; i++) {
        s.phrase = n;
        s.prev = prev;
        s.first = (i == 0);
        s.last = (i == phrase->n - 1);

        prev = sv_phrase_segment(ph, &phrase->elements[i], &s);

        if (prev < 0) {
            return -1;
        }
    }

    if (set != NULL) {
        set->phrase = n;
    }

    return n;
}


/* A set at the beginning of several phrases is one segment for all of them. */

static int
sv_phrase_segment(sv_phrases_t *ph, const sv_element_t *e, sv_segment_t *s)
{
    int  segment, shared;

    shared = (e->set != NULL && s->first && !s->last);

    if (shared && e->set->opening != SV_NO_SEGMENT) {
        return e->set->opening;
    }

    s->gap = e->gap;
    segment = sv_match_segment(ph->build, s);

    if (segment < 0) {
        return sv_phrase_built(ph, segment);
    }

    if (sv_phrase_pieces(ph, e, segment) != 0) {
        return -1;
    }

    if (shared) {
        e->set->opening = segment;
    }

    return segment;
}


static int
sv_phrase_pieces(sv_phrases_t *ph, const sv_element_t *e, int segment)
{
    int          rc;
    size_t       i;
    sv_piece_t  *members;

    if (e->set == NULL) {
        return sv_phrase_built(ph, sv_match_piece(ph->build, e->piece.data,
                                                  e->piece.len, segment));
    }

    if (e->set->members.n == 0) {
        return 0;
    }

    members = (sv_piece_t *) ph->members.elts + e->set->members.off;
    rc = 0;

    for (i = 0; i < e->set->members.n && rc == 0; i++) {
        rc = sv_match_piece(ph->build, members[i].data, members[i].len,
                            segment);
    }

    return sv_phrase_built(ph, rc);
}


static int
sv_phrase_built(sv_phrases_t *ph, int rc)
{
    if (rc == 0) {
        return 0;
    }

    return sv_lines_fail(ph->lines, rc == -1 ? "no memory"
                                             : "too many phrases");
}
