
#include <stdio.h>

#include "sv_records.h"
#include "sv_utf8.h"


static sv_records_status_e sv_records_csv_first(sv_records_t *rs);
static int sv_records_csv_number(const sv_str_t *text, unsigned *n);
static int sv_records_csv_find(sv_records_t *rs);
static int sv_records_csv_usual(sv_records_t *rs);
static int sv_records_csv_data(sv_records_t *rs, int given);
static void sv_records_csv_names(sv_records_t *rs, int named);
static sv_records_status_e sv_records_csv_broken(sv_records_t *rs,
    const char *error);
static sv_records_status_e sv_records_csv_address(sv_records_t *rs);
static int sv_records_csv_elsewhere(sv_records_t *rs);
static const char *sv_records_csv_split(sv_records_t *rs,
    unsigned char *text, size_t len);
static const char *sv_records_csv_quoted(sv_records_t *rs, unsigned char **pos,
    unsigned char *end, sv_str_t *field);
static int sv_records_csv_is_address(const sv_str_t *field);


sv_records_status_e
sv_records_csv_line(sv_records_t *rs, unsigned char *text, size_t len)
{
    const char           *error;
    sv_records_status_e   rc;

    if (!rs->first && !rs->sep && sv_records_sep(rs, text, len)) {
        rs->sep = 1;
        return SV_RECORDS_AGAIN;
    }

    if (!sv_utf8_valid(text, len)) {
        error = sv_records_not_utf8;

    } else if (!rs->first && sv_records_is_json(text, len)) {
        error = sv_records_json_sent;

    } else {

        if (!rs->first) {
            (void) sv_records_csv_number(&rs->column, &rs->column_number);
        }

        if (rs->delimiter == 0) {
            sv_records_guess(rs, text, len);
        }

        error = sv_records_csv_split(rs, text, len);
    }

    if (!rs->first) {

        if (error) {
            rs->error = error;
            return SV_RECORDS_BROKEN;
        }

        rc = sv_records_csv_first(rs);
        if (rc != SV_RECORDS_OK) {
            return rc;
        }
    }

    if (error == NULL && rs->nfields > rs->ncolumns) {
        error = "The line has more fields than the first one.";
    }

    if (error == NULL && rs->nfields <= rs->icolumn) {
        sv_records_wrong(rs, "missing_email",
                         "The line has no field for the address.");
        return SV_RECORDS_OK;
    }

    if (error) {
        rs->nfields = 0;
        sv_records_wrong(rs, "malformed_line", error);
        return SV_RECORDS_OK;
    }

    return sv_records_csv_address(rs);
}


/* Sets the address of the record.  If all records are likely to be wrong in the
   same way, this is an error of the whole list. */

static sv_records_status_e
sv_records_csv_address(sv_records_t *rs)
{
    int       only;
    sv_str_t  email;

    sv_records_trim(&rs->fields[rs->icolumn], &email);

    only = (rs->next == 0 && rs->nfields == 1);

    if (sv_records_is_uncut(email.data, email.len, 0)
        || (only && sv_records_is_wrapped(email.data, email.len)))
    {
        if (only) {
            rs->error = "The only field of the first record holds more than "
                        "an address. If it is several fields, say with "
                        "\"delimiter\" what separates them; of "
                        "\"Jo <jo@example.com>\" send the address alone.";
            return SV_RECORDS_BROKEN;
        }

        rs->nfields = 0;
        sv_records_wrong(rs, "malformed_line",
                         "The field of the address holds more than one "
                         "address. If it is several fields, say with "
                         "\"delimiter\" what separates them.");
        return SV_RECORDS_OK;
    }

    if (rs->next == 0 && rs->guessed && email.len
        && !sv_records_csv_is_address(&email) && sv_records_csv_elsewhere(rs))
    {
        rs->nfields = rs->ncolumns;
        memcpy(rs->fields, rs->names, rs->nfields * sizeof(sv_str_t));

        sv_records_list_columns(rs, "The column that has the name for it has "
                                "no address in the first record, and another "
                                "one has; say which it is with \"column\"");
        return SV_RECORDS_BROKEN;
    }

    sv_records_email(rs, email.data, email.len);

    return SV_RECORDS_OK;
}


static int
sv_records_csv_elsewhere(sv_records_t *rs)
{
    unsigned  i;

    for (i = 0; i < rs->nfields; i++) {
        if (sv_records_csv_is_address(&rs->fields[i])) {
            return 1;
        }
    }

    return 0;
}


/* Finds the column of addresses in the first line.  Returns SV_RECORDS_AGAIN if
   this line is the names of columns. */

static sv_records_status_e
sv_records_csv_first(sv_records_t *rs)
{
    unsigned  n;

    rs->first = 1;
    rs->ncolumns = rs->nfields;

    if (sv_records_csv_number(&rs->column, &n)) {

        if (n == 0 || n > rs->nfields) {
            return sv_records_csv_broken(rs, "The first line has no column "
                                         "of that number; its columns are");
        }

        rs->icolumn = n - 1;

        if (sv_records_csv_data(rs, 1)) {
            return SV_RECORDS_OK;
        }

    } else if (rs->column.len) {

        if (!sv_records_csv_find(rs)) {
            return sv_records_csv_broken(rs, "The first line has no column "
                                         "of that name; its columns are");
        }

    } else if (sv_records_csv_usual(rs)) {
        rs->guessed = 1;

    } else if (sv_records_csv_data(rs, 0)) {
        return SV_RECORDS_OK;

    } else {
        return sv_records_csv_broken(rs, "The first line has neither an "
                                     "address nor a usual name of a column "
                                     "of addresses; say which column it is "
                                     "with \"column\"");
    }

    sv_records_csv_names(rs, 1);

    return SV_RECORDS_AGAIN;
}


/* Lists the columns in the error, unless there is only one. */

static sv_records_status_e
sv_records_csv_broken(sv_records_t *rs, const char *error)
{
    if (rs->nfields > 1) {
        sv_records_list_columns(rs, error);

    } else {
        rs->error = "The first line has one field only, which is not the "
                    "column of addresses: say with \"delimiter\" what "
                    "separates the fields, and with \"column\" which of them "
                    "has the addresses.";
    }

    return SV_RECORDS_BROKEN;
}


/* Returns 1 if the line has addresses rather than names. */

static int
sv_records_csv_data(sv_records_t *rs, int given)
{
    int       found;
    unsigned  i;

    found = 0;

    for (i = rs->nfields; i-- > 0; /* void */) {

        if ((!given || i == rs->icolumn)
            && sv_records_csv_is_address(&rs->fields[i]))
        {
            rs->icolumn = i;
            found = 1;
        }
    }

    if (found) {
        sv_records_csv_names(rs, 0);
    }

    return found;
}


static int
sv_records_csv_number(const sv_str_t *text, unsigned *n)
{
    size_t  i;

    *n = 0;

    for (i = 0; i < text->len; i++) {

        if (!sv_is_digit(text->data[i]) || i == 4) {
            return 0;
        }

        *n = *n * 10 + (text->data[i] - '0');
    }

    return text->len != 0;
}


static int
sv_records_csv_find(sv_records_t *rs)
{
    unsigned  i;

    for (i = 0; i < rs->nfields; i++) {

        if (sv_records_is_named(&rs->fields[i], &rs->column)) {
            rs->icolumn = i;
            return 1;
        }
    }

    return 0;
}


int
sv_records_is_named(const sv_str_t *field, const sv_str_t *name)
{
    sv_str_t  text;

    sv_records_trim(field, &text);

    return text.len == name->len
           && sv_is_same(text.data, name->data, text.len);
}


static int
sv_records_csv_usual(sv_records_t *rs)
{
    unsigned  i, rank, best;

    best = SV_RECORDS_NO_RANK;

    for (i = 0; i < rs->nfields; i++) {
        rank = sv_records_column_rank(&rs->fields[i]);

        if (rank < best) {
            best = rank;
            rs->icolumn = i;
        }
    }

    return best != SV_RECORDS_NO_RANK;
}


/* Copies the names after the line's buffer; a column without a name gets
   one. */

static void
sv_records_csv_names(sv_records_t *rs, int named)
{
    unsigned        i;
    sv_str_t       *name;
    unsigned char  *p;

    p = rs->buf + rs->size;

    for (i = 0; i < rs->nfields; i++) {
        name = &rs->names[i];
        name->len = 0;

        if (named) {
            sv_records_trim(&rs->fields[i], name);
            memcpy(p, name->data, name->len);
        }

        if (name->len == 0) {
            name->len = snprintf((char *) p, 16, "column%u", i + 1);
        }

        name->data = p;
        p += name->len;
    }

    sv_records_number_columns(rs);

    if (named) {
        rs->named = 1;
        rs->nfields = 0;
    }
}


/* Splits a line as RFC 4180 says.  Quoted fields are decoded in place. */

static const char *
sv_records_csv_split(sv_records_t *rs, unsigned char *text, size_t len)
{
    sv_str_t       *field;
    const char     *error;
    unsigned char  *p, *end;

    p = text;
    end = text + len;
    rs->nfields = 0;

    for ( ;; ) {

        if (rs->nfields == SV_RECORDS_FIELDS_MAX) {
            return "The line has more than 256 fields.";
        }

        field = &rs->fields[rs->nfields++];

        if (p < end && *p == '"') {
            p++;

            error = sv_records_csv_quoted(rs, &p, end, field);
            if (error) {
                return error;
            }

        } else {
            field->data = p;

            while (p < end && *p != rs->delimiter) {
                p++;
            }

            field->len = p - field->data;
        }

        if (p == end) {
            return NULL;
        }

        p++;
    }
}


static const char *
sv_records_csv_quoted(sv_records_t *rs, unsigned char **pos,
    unsigned char *end, sv_str_t *field)
{
    unsigned char  *p, *dst;

    p = *pos;
    dst = p;
    field->data = p;

    for ( ;; ) {

        if (p == end) {
            return "There is a quotation mark that is not closed.";
        }

        if (*p == '"') {

            if (end - p < 2 || p[1] != '"') {
                break;
            }

            p++;
        }

        *dst++ = *p++;
    }

    p++;

    if (p < end && *p != rs->delimiter) {
        return "There is text behind a closing quotation mark.";
    }

    field->len = dst - field->data;
    *pos = p;

    return NULL;
}


static int
sv_records_csv_is_address(const sv_str_t *field)
{
    return memchr(field->data, '@', field->len) != NULL;
}


void
sv_records_trim(const sv_str_t *field, sv_str_t *text)
{
    *text = *field;

    while (text->len && (text->data[0] == ' ' || text->data[0] == '\t')) {
        text->data++;
        text->len--;
    }

    while (text->len && (text->data[text->len - 1] == ' '
                         || text->data[text->len - 1] == '\t'))
    {
        text->len--;
    }
}
