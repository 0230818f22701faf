
#include "sv_json.h"
#include "sv_records.h"
#include "sv_utf8.h"


/* states within an array, and within a line of CSV */

enum {
    sv_records_before = 0,
    sv_records_first,           /* after [ */
    sv_records_element,         /* after a comma */
    sv_records_within,
    sv_records_behind,          /* after an element */
    sv_records_ended
};

enum {
    sv_records_field = 0,       /* at the beginning of a field */
    sv_records_plain,
    sv_records_quotes,
    sv_records_quote            /* after a closing quote, or the first of two */
};


static const unsigned char  sv_records_bom[] = { 0xef, 0xbb, 0xbf };

/* what may stand around an array: an object with this one member */
static const char  sv_records_wrapper[] = "{\"emails\":[";

static const char  sv_records_no_array[] =
    "The body must be a JSON array of strings or objects, or {\"emails\": [..."
    "]}. Send JSON lines as application/x-ndjson (input=ndjson).";

static const char  sv_records_no_emails[] =
    "The object must have one member, \"emails\", which is an array. "
    "Parameters belong in the query string.";

const char  sv_records_not_utf8[] =
    "The line is not valid UTF-8 text. Save the list in UTF-8; Excel calls "
    "that \"CSV UTF-8\".";

const char  sv_records_json_sent[] =
    "The first line is JSON. Send an array as application/json (input=json), "
    "and JSON lines as application/x-ndjson (input=ndjson).";


static int sv_records_is_bom(sv_records_t *rs, const unsigned char **pos,
    const unsigned char *last, int eof);
static sv_records_status_e sv_records_byte(sv_records_t *rs, unsigned char c);
static void sv_records_crlf(sv_records_t *rs, const unsigned char **pos,
    const unsigned char *last);
static sv_records_status_e sv_records_array(sv_records_t *rs,
    unsigned char c);
static sv_records_status_e sv_records_array_before(sv_records_t *rs,
    unsigned char c);
static sv_records_status_e sv_records_array_begin(sv_records_t *rs,
    unsigned char c);
static sv_records_status_e sv_records_array_within(sv_records_t *rs,
    unsigned char c);
static void sv_records_csv_byte(sv_records_t *rs, unsigned char c);
static void sv_records_add(sv_records_t *rs, unsigned char c);
static sv_records_status_e sv_records_end(sv_records_t *rs);
static sv_records_status_e sv_records_line(sv_records_t *rs);
static sv_records_status_e sv_records_plain_line(sv_records_t *rs,
    unsigned char *text, size_t len);
static sv_records_status_e sv_records_open_quote(sv_records_t *rs);
static void sv_records_begin(sv_records_t *rs);
static sv_records_status_e sv_records_broken(sv_records_t *rs,
    const char *error);


sv_records_status_e
sv_records_next(sv_records_t *rs, const unsigned char **pos,
    const unsigned char *last, int eof)
{
    sv_records_status_e  rc;

    if (rs->error) {
        return SV_RECORDS_BROKEN;
    }

    if (!rs->begun && !sv_records_is_bom(rs, pos, last, eof)) {
        return SV_RECORDS_AGAIN;
    }

    for ( ;; ) {

        /* bytes that are read again lie in the same buffer, ahead of what is
           written */

        if (rs->replay < rs->replay_end) {
            rc = sv_records_byte(rs, rs->buf[rs->replay++]);

        } else if (*pos < last) {

            if (rs->len == rs->size && rs->state == sv_records_quotes
                && rs->format == SV_RECORDS_CSV && !rs->too_long)
            {
                rs->too_long = 1;
                rc = sv_records_open_quote(rs);

            } else {
                rc = sv_records_byte(rs, *(*pos)++);
                sv_records_crlf(rs, pos, last);
            }

        } else if (eof) {
            rc = sv_records_end(rs);

            if (rc == SV_RECORDS_AGAIN && rs->replay == rs->replay_end) {
                return SV_RECORDS_DONE;
            }

        } else {
            return SV_RECORDS_AGAIN;
        }

        if (rc != SV_RECORDS_AGAIN) {
            return rc;
        }
    }
}


/* Skips a byte order mark.  Returns 0 if there is too little input to tell. */

static int
sv_records_is_bom(sv_records_t *rs, const unsigned char **pos,
    const unsigned char *last, int eof)
{
    while (rs->len < 3) {

        if (*pos == last && !eof) {
            return 0;
        }

        if (*pos == last || **pos != sv_records_bom[rs->len]) {
            break;
        }

        rs->buf[rs->len++] = *(*pos)++;
    }

    rs->begun = 1;

    if (rs->len == 3) {
        rs->offset = 3;
        rs->start = 3;

    } else {
        rs->replay_end = rs->len;
    }

    rs->len = 0;

    return 1;
}


static sv_records_status_e
sv_records_byte(sv_records_t *rs, unsigned char c)
{
    const char  *error;

    rs->offset++;

    if (rs->offset == 4 && rs->len == 3 && rs->start == 0) {
        error = sv_records_foreign(rs->buf, c);

        if (error) {
            return sv_records_broken(rs, error);
        }
    }

    if (rs->format == SV_RECORDS_JSON) {
        return sv_records_array(rs, c);
    }

    if (c == '\n' || c == '\r') {

        /* a line break within quotes belongs to the field, except after a quote
           that was never closed */

        if (rs->format != SV_RECORDS_CSV
            || rs->state != sv_records_quotes
            || rs->too_long
            || rs->replay < rs->replay_end)
        {
            return sv_records_line(rs);
        }
    }

    if (rs->format == SV_RECORDS_CSV) {
        sv_records_csv_byte(rs, c);
    }

    sv_records_add(rs, c);

    return SV_RECORDS_AGAIN;
}


/*
 * A line ends with CR, LF or CRLF.  The LF of a CRLF is read here if it is in
 * the same piece of input.  Otherwise it is an empty line later.
 */

static void
sv_records_crlf(sv_records_t *rs, const unsigned char **pos,
    const unsigned char *last)
{
    if (rs->format == SV_RECORDS_JSON || rs->start != rs->offset
        || (*pos)[-1] != '\r' || *pos == last || **pos != '\n')
    {
        return;
    }

    (*pos)++;
    rs->offset++;
    rs->start++;
}


static sv_records_status_e
sv_records_array(sv_records_t *rs, unsigned char c)
{
    switch (rs->state) {

    case sv_records_within:
        return sv_records_array_within(rs, c);

    case sv_records_before:
        return sv_records_array_before(rs, c);

    case sv_records_first:
    case sv_records_element:
        return sv_records_array_begin(rs, c);

    case sv_records_behind:

        if (sv_json_is_space(c)) {
            return SV_RECORDS_AGAIN;
        }

        if (c == ',' || c == ']') {
            rs->state = (c == ',') ? sv_records_element : sv_records_ended;
            return SV_RECORDS_AGAIN;
        }

        return sv_records_broken(rs, "There is neither a comma nor a ] "
                                 "behind an element of the array.");

    default: /* sv_records_ended */

        if (sv_json_is_space(c)) {
            return SV_RECORDS_AGAIN;
        }

        if (c == '}' && rs->wrapper && !rs->closed) {
            rs->closed = 1;
            return SV_RECORDS_AGAIN;
        }

        return sv_records_broken(rs, rs->wrapper && !rs->closed
                                 ? sv_records_no_emails
                                 : "There is something behind the array.");
    }
}


/* Reads what is before the first element.  The name "emails" is written
   without escapes: no program does otherwise. */

static sv_records_status_e
sv_records_array_before(sv_records_t *rs, unsigned char c)
{
    unsigned  n;

    n = rs->wrapper;

    /* not within the name */

    if (sv_json_is_space(c)
        && (n < 2 || n > sizeof(sv_records_wrapper) - 4))
    {
        return SV_RECORDS_AGAIN;
    }

    if (c == '[' && n == 0) {
        rs->state = sv_records_first;
        return SV_RECORDS_AGAIN;
    }

    if (c != (unsigned char) sv_records_wrapper[n]) {
        return sv_records_broken(rs, n ? sv_records_no_emails
                                       : sv_records_no_array);
    }

    rs->wrapper++;

    if (c == '[') {
        rs->state = sv_records_first;
    }

    return SV_RECORDS_AGAIN;
}


static sv_records_status_e
sv_records_array_begin(sv_records_t *rs, unsigned char c)
{
    if (sv_json_is_space(c)) {
        return SV_RECORDS_AGAIN;
    }

    if (c == ']' && rs->state == sv_records_first) {
        rs->state = sv_records_ended;
        return SV_RECORDS_AGAIN;
    }

    if (c == ',' || c == ']' || c == '}') {
        return sv_records_broken(rs, "An element of the array is missing.");
    }

    rs->state = sv_records_within;
    rs->depth = 0;
    rs->quoted = 0;
    rs->escaped = 0;
    rs->start = rs->offset - 1;

    return sv_records_array_within(rs, c);
}


/* Looks only for the end of the element.  Whether it is well-formed is checked
   then. */

static sv_records_status_e
sv_records_array_within(sv_records_t *rs, unsigned char c)
{
    if (rs->quoted) {

        if (rs->escaped) {
            rs->escaped = 0;

        } else if (c == '\\') {
            rs->escaped = 1;

        } else if (c == '"') {
            rs->quoted = 0;
        }

        sv_records_add(rs, c);
        return SV_RECORDS_AGAIN;
    }

    if (rs->depth == 0 && (c == ',' || c == ']')) {
        rs->state = (c == ',') ? sv_records_element : sv_records_ended;
        return sv_records_line(rs);
    }

    if (c == '"') {
        rs->quoted = 1;

    } else if (c == '{' || c == '[') {
        rs->depth++;

    } else if ((c == '}' || c == ']') && rs->depth) {
        rs->depth--;
    }

    sv_records_add(rs, c);

    return SV_RECORDS_AGAIN;
}


static void
sv_records_csv_byte(sv_records_t *rs, unsigned char c)
{
    int  separates;

    separates = rs->delimiter ? c == rs->delimiter
                              : sv_records_may_separate(c);

    switch (rs->state) {

    case sv_records_field:

        if (c == '"') {
            rs->state = sv_records_quotes;

        } else if (!separates) {
            rs->state = sv_records_plain;
        }

        break;

    case sv_records_quotes:

        if (c == '"') {
            rs->state = sv_records_quote;
        }

        break;

    case sv_records_quote:

        if (c == '"') {
            rs->state = sv_records_quotes;
            break;
        }

        rs->state = sv_records_plain;

        /* fall through */

    default: /* sv_records_plain */

        if (separates) {
            rs->state = sv_records_field;
        }
    }
}


static void
sv_records_add(sv_records_t *rs, unsigned char c)
{
    if (rs->len == rs->size) {
        rs->too_long = 1;
        return;
    }

    rs->buf[rs->len++] = c;
}


static sv_records_status_e
sv_records_end(sv_records_t *rs)
{
    sv_records_status_e  rc;

    if (rs->format != SV_RECORDS_JSON) {

        if (rs->state == sv_records_quotes && !rs->too_long) {
            rc = sv_records_open_quote(rs);

            if (rc != SV_RECORDS_AGAIN) {
                return rc;
            }
        }

        return sv_records_line(rs);
    }

    if (rs->state == sv_records_ended && (!rs->wrapper || rs->closed)) {
        return SV_RECORDS_DONE;
    }

    return sv_records_broken(rs, rs->state == sv_records_before
                             ? sv_records_no_array
                             : "The body ended within the array.");
}


/* Ends a record.  Empty lines are not records. */

static sv_records_status_e
sv_records_line(sv_records_t *rs)
{
    size_t                i, len;
    sv_records_status_e   rc;

    rc = SV_RECORDS_OK;
    len = rs->len;

    for (i = 0; i < len && sv_json_is_space(rs->buf[i]); i++) { /* void */ }

    if (i == len && !rs->too_long && rs->format != SV_RECORDS_JSON) {
        sv_records_begin(rs);
        return SV_RECORDS_AGAIN;
    }

    memset(&rs->rec, 0, sizeof(sv_record_t));

    rs->rec.index = rs->next;
    rs->rec.offset = rs->start;
    rs->nfields = 0;

    if (rs->too_long) {

        if (rs->format == SV_RECORDS_CSV && !rs->first) {
            return sv_records_broken(rs, "The first line is longer than "
                                     "smtp_verify_batch_line allows.");
        }

        sv_records_wrong(rs, "line_too_long",
                         "The line is longer than smtp_verify_batch_line "
                         "allows.");

    } else if (rs->format == SV_RECORDS_CSV) {

        rc = sv_records_csv_line(rs, rs->buf, len);

    } else {

        while (sv_json_is_space(rs->buf[len - 1])) {
            len--;
        }

        if (rs->format == SV_RECORDS_LINES) {
            rc = sv_records_plain_line(rs, rs->buf + i, len - i);

        } else {
            sv_records_json_value(rs, rs->buf + i, len - i);
        }
    }

    sv_records_begin(rs);

    if (rc == SV_RECORDS_OK) {
        rs->next++;
    }

    return rc;
}


/* A line that is CSV, or holds more than an address for another reason, is an
   error of the list rather than a wrong address. */

static sv_records_status_e
sv_records_plain_line(sv_records_t *rs, unsigned char *text, size_t len)
{
    if (rs->next == 0 && sv_records_is_json(text, len)) {
        return sv_records_broken(rs, sv_records_json_sent);
    }

    if (!sv_records_is_uncut(text, len, rs->next == 0)
        && (rs->next || !sv_records_is_wrapped(text, len)))
    {
        sv_records_email(rs, text, len);
        return SV_RECORDS_OK;
    }

    if (rs->next == 0) {
        return sv_records_broken(rs, "The first line holds more than an "
                                 "address. Send a list that has several "
                                 "fields as text/csv (input=csv), where "
                                 "\"delimiter\" says what separates them; "
                                 "of \"Jo <jo@example.com>\" send the "
                                 "address alone.");
    }

    sv_records_wrong(rs, "malformed_line",
                     "The line holds more than an address. A list that has "
                     "several fields is sent as text/csv, where "
                     "\"delimiter\" says what separates them.");

    return SV_RECORDS_OK;
}


/*
 * Handles a quotation mark that was not closed in time: the first line from it
 * is wrong, and what follows that line is read again.
 */

static sv_records_status_e
sv_records_open_quote(sv_records_t *rs)
{
    size_t          len, line;
    unsigned char  *p;

    p = rs->buf;

    while (p < rs->buf + rs->len && *p != '\n' && *p != '\r') {
        p++;
    }

    if (p == rs->buf + rs->len) {
        return SV_RECORDS_AGAIN;
    }

    if (!rs->first) {
        return sv_records_broken(rs, "There is a quotation mark in the first "
                                 "line that is not closed.");
    }

    len = rs->len;
    line = p + 1 - rs->buf;

    memset(&rs->rec, 0, sizeof(sv_record_t));

    rs->rec.index = rs->next++;
    rs->rec.offset = rs->start;
    rs->nfields = 0;

    sv_records_wrong(rs, "malformed_line",
                     "There is a quotation mark that is not closed.");

    rs->offset = rs->start + line;

    sv_records_begin(rs);

    rs->replay = line;
    rs->replay_end = len;

    return SV_RECORDS_OK;
}


static void
sv_records_begin(sv_records_t *rs)
{
    rs->len = 0;
    rs->too_long = 0;
    rs->start = rs->offset;

    if (rs->format != SV_RECORDS_JSON) {
        rs->state = sv_records_field;
    }
}


void
sv_records_email(sv_records_t *rs, const unsigned char *data, size_t len)
{
    sv_utf8_trim(&data, &len);

    if (len == 0) {
        sv_records_wrong(rs, "missing_email", "The address is empty.");
        return;
    }

    if (len > SV_RECORDS_EMAIL_MAX) {
        sv_records_wrong(rs, "malformed_line",
                         "The address is longer than 1024 bytes.");
        return;
    }

    if (memchr(data, '\0', len)) {
        sv_records_wrong(rs, "malformed_line",
                         "There is a NUL character in the address.");
        return;
    }

    if (!sv_utf8_valid(data, len)) {
        sv_records_wrong(rs, "malformed_line", sv_records_not_utf8);
        return;
    }

    if (sv_records_is_wrapped(data, len)) {
        sv_records_wrong(rs, "malformed_line",
                         "The address is not alone: send it without a name, "
                         "without angle brackets and without \"mailto:\".");
        return;
    }

    memmove(rs->email, data, len);

    rs->rec.email.data = rs->email;
    rs->rec.email.len = len;
}


void
sv_records_wrong(sv_records_t *rs, const char *error, const char *detail)
{
    rs->rec.error = error;
    rs->rec.detail = detail;
    rs->rec.email.len = 0;
    rs->rec.members.len = 0;
}


static sv_records_status_e
sv_records_broken(sv_records_t *rs, const char *error)
{
    rs->error = error;

    return SV_RECORDS_BROKEN;
}
