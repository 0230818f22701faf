
/*
 * Guesses the delimiter of a list, if none is given: the one of a few
 * characters that makes most sense of the first line.
 */


#include "sv_json.h"
#include "sv_records.h"


/* what the line looks like if it is split at a character */

typedef struct {
    unsigned  nfields;
    unsigned  column:1;     /* it has the column that was asked for */
    unsigned  known:1;      /* it has a usual name for addresses */
    unsigned  address:1;
    unsigned  broken:1;     /* its quotation marks are wrong */
} sv_records_cut_t;


static void sv_records_cut(sv_records_t *rs, const unsigned char *text,
    size_t len, unsigned char delimiter, sv_records_cut_t *cut);
static void sv_records_cut_field(sv_records_t *rs, const sv_str_t *field,
    int quoted, unsigned char delimiter, sv_records_cut_t *cut);
static int sv_records_is_better(const sv_records_cut_t *a,
    const sv_records_cut_t *b);
static const unsigned char *sv_records_piece(const unsigned char *p,
    const unsigned char *end, unsigned char delimiter);
static int sv_records_is_piece(const unsigned char *p,
    const unsigned char *end, unsigned char delimiter, int first);
static int sv_records_goes_on(const unsigned char *text,
    const unsigned char *end);


static const unsigned char  sv_records_delimiters[] = ",;\t|";


int
sv_records_may_separate(unsigned char c)
{
    return c && strchr((const char *) sv_records_delimiters, c) != NULL;
}


/* "sep=;" is a line that tells spreadsheets the delimiter; it is not a
   record. */

int
sv_records_sep(sv_records_t *rs, const unsigned char *text, size_t len)
{
    unsigned char  c;

    if (len == 7 && text[0] == '"' && text[6] == '"') {
        text++;
        len -= 2;
    }

    if (len != 5 || !sv_is_same(text, "sep=", 4)) {
        return 0;
    }

    c = text[4];

    if (c == '"' || c == '@' || sv_is_alnum(c) || c >= 0x80
        || (c < ' ' && c != '\t'))
    {
        return 0;
    }

    if (rs->delimiter == 0) {
        rs->delimiter = c;
    }

    return 1;
}


void
sv_records_guess(sv_records_t *rs, const unsigned char *text, size_t len)
{
    unsigned          i;
    sv_records_cut_t  cut, best;

    memset(&best, 0, sizeof(sv_records_cut_t));
    best.broken = 1;

    for (i = 0; sv_records_delimiters[i]; i++) {

        sv_records_cut(rs, text, len, sv_records_delimiters[i], &cut);

        if (i == 0 || sv_records_is_better(&cut, &best)) {
            best = cut;
            rs->delimiter = sv_records_delimiters[i];
        }
    }
}


static void
sv_records_cut(sv_records_t *rs, const unsigned char *text, size_t len,
    unsigned char delimiter, sv_records_cut_t *cut)
{
    int                   quoted;
    sv_str_t              field;
    const unsigned char  *p, *q, *end;

    memset(cut, 0, sizeof(sv_records_cut_t));

    p = text;
    end = text + len;

    for ( ;; ) {
        q = sv_records_piece(p, end, delimiter);

        quoted = (q - p >= 2 && p[0] == '"' && q[-1] == '"');

        if (p < q && p[0] == '"' && !quoted) {
            cut->broken = 1;
            return;
        }

        field.data = (unsigned char *) p + quoted;
        field.len = q - p - 2 * quoted;

        sv_records_cut_field(rs, &field, quoted, delimiter, cut);

        if (q == end) {
            break;
        }

        p = q + 1;
    }

    /* a column that is given by number must exist */

    if (rs->column_number && cut->nfields >= rs->column_number) {
        cut->column = 1;
    }
}


static void
sv_records_cut_field(sv_records_t *rs, const sv_str_t *field, int quoted,
    unsigned char delimiter, sv_records_cut_t *cut)
{
    size_t  i;

    cut->nfields++;

    if (rs->column.len && !rs->column_number
        && sv_records_is_named(field, &rs->column))
    {
        cut->column = 1;
    }

    /* the field may be only a part of one, if another character splits it */

    for (i = 0; !quoted && i < field->len; i++) {
        if (field->data[i] != delimiter
            && sv_records_may_separate(field->data[i]))
        {
            return;
        }
    }

    if (sv_records_column_rank(field) != SV_RECORDS_NO_RANK) {
        cut->known = 1;
    }

    if (sv_records_has_address(field->data, field->data + field->len, 0)) {
        cut->address = 1;
    }
}


static int
sv_records_is_better(const sv_records_cut_t *a, const sv_records_cut_t *b)
{
    if (a->broken || b->broken) {
        return !a->broken;
    }

    if (a->column != b->column) {
        return a->column;
    }

    if (a->known != b->known) {
        return a->known;
    }

    if (a->address != b->address) {
        return a->address;
    }

    return a->nfields > b->nfields;
}


/* Returns the end of the field that begins at p. */

static const unsigned char *
sv_records_piece(const unsigned char *p, const unsigned char *end,
    unsigned char delimiter)
{
    int  quoted;

    quoted = (p < end && *p == '"');

    if (quoted) {
        p++;
    }

    for ( /* void */ ; p < end; p++) {

        if (*p == '"') {

            if (quoted && end - p > 1 && p[1] == '"') {
                p++;

            } else {
                quoted = 0;
            }

        } else if (*p == delimiter && !quoted) {
            break;
        }
    }

    return p;
}


/* Returns 1 if there is an "@" with something on both sides; dotted: a dot must
   follow it. */

int
sv_records_has_address(const unsigned char *p, const unsigned char *end,
    int dotted)
{
    const unsigned char  *at;

    at = memchr(p, '@', end - p);

    if (at == NULL || at == p || end - at < 2 || at[-1] == ' '
        || at[1] == ' ')
    {
        return 0;
    }

    return !dotted || memchr(at, '.', end - at) != NULL;
}


/*
 * Returns 1 if a line or a field was not split and holds more than an address,
 * so that a verdict on all of it would be meaningless.  A typo such as
 * "john@gmail,com" is not meant.
 */

int
sv_records_is_uncut(const unsigned char *text, size_t len, int first)
{
    unsigned              i;
    const unsigned char  *p, *q, *end;

    end = text + len;

    for (i = 0; sv_records_delimiters[i]; i++) {

        q = sv_records_piece(text, end, sv_records_delimiters[i]);

        if (q == end) {
            continue;
        }

        for (p = text; /* void */; p = q + 1) {
            q = sv_records_piece(p, end, sv_records_delimiters[i]);

            if (sv_records_is_piece(p, q, sv_records_delimiters[i], first)) {
                return 1;
            }

            if (q == end) {
                break;
            }
        }
    }

    return sv_records_goes_on(text, end);
}


/* first: names of columns count, too */

static int
sv_records_is_piece(const unsigned char *p, const unsigned char *end,
    unsigned char delimiter, int first)
{
    sv_str_t  field;

    if (sv_records_has_address(p, end, delimiter == ',')) {
        return 1;
    }

    field.data = (unsigned char *) p;
    field.len = end - p;

    return first && sv_records_column_rank(&field) != SV_RECORDS_NO_RANK;
}


/* Returns 1 if text follows an address after a colon or after two blanks, which
   do not separate fields unless the list says so. */

static int
sv_records_goes_on(const unsigned char *text, const unsigned char *end)
{
    const unsigned char  *p;

    p = sv_records_piece(text, end, ':');

    if (end - p > 1 && sv_records_has_address(text, p, 1)) {
        return 1;
    }

    for (p = sv_records_piece(text, end, ' '); end - p > 2; p++) {
        if (p[0] == ' ' && p[1] == ' ') {
            return sv_records_has_address(text, p, 1);
        }
    }

    return 0;
}


/* Returns 1 if the address is written as in mail programs, "Jo
   <jo@example.com>", or as a "mailto:" link. */

int
sv_records_is_wrapped(const unsigned char *text, size_t len)
{
    const unsigned char  *p, *end;

    end = text + len;

    if (end - text > 7 && sv_is_same(text, "mailto:", 7)) {
        return sv_records_has_address(text + 7, end, 0);
    }

    if (end - text < 2 || end[-1] != '>') {
        return 0;
    }

    for (p = end - 1; p > text && *p != '<'; p--) { /* void */ }

    return *p == '<' && sv_records_has_address(p + 1, end - 1, 0);
}


/* Returns 1 if the text is the beginning of a JSON array or object.  No address
   begins like that. */

int
sv_records_is_json(const unsigned char *text, size_t len)
{
    size_t         i;
    unsigned char  c;

    for (i = 0; i < len && sv_json_is_space(text[i]); i++) { /* void */ }

    if (i == len || (text[i] != '{' && text[i] != '[')) {
        return 0;
    }

    c = text[i];

    do {
        i++;
    } while (i < len && sv_json_is_space(text[i]));

    return i == len || text[i] == '"' || (c == '[' && text[i] == '{');
}


/* Returns an error if the first four bytes are those of a file that is not
   text. */

const char *
sv_records_foreign(const unsigned char *head, unsigned char fourth)
{
    if ((head[0] == 0xff && head[1] == 0xfe)
        || (head[0] == 0xfe && head[1] == 0xff))
    {
        return "The list is in UTF-16. Save it in UTF-8; Excel calls that "
               "\"CSV UTF-8\".";
    }

    if ((memcmp(head, "PK\003", 3) == 0 && fourth == 4)
        || (memcmp(head, "\320\317\021", 3) == 0 && fourth == 0xe0)
        || memcmp(head, "\037\213\010", 3) == 0)
    {
        return "The body is no text, but a file such as .xlsx, .xls, .ods, "
               ".zip or .gz. Save the list as CSV in UTF-8; Excel calls that "
               "\"CSV UTF-8\".";
    }

    return NULL;
}
