
#include "sv_records.h"
#include "sv_utf8.h"


static sv_records_status_e sv_records_csv_first(sv_records_t *rs);
static int sv_records_csv_number(const sv_str_t *text, unsigned *n);
static int sv_records_csv_find(sv_records_t *rs, const unsigned char *name,
    size_t len);
static void sv_records_csv_names(sv_records_t *rs);
static const char *sv_records_csv_split(sv_records_t *rs,
    unsigned char *text, size_t len);
static const char *sv_records_csv_quoted(sv_records_t *rs, unsigned char **pos,
    unsigned char *end, sv_str_t *field);
static int sv_records_csv_is_address(const sv_str_t *field);
static void sv_records_csv_trim(const sv_str_t *field, sv_str_t *text);


static const char  *sv_records_csv_known[] = {
    "email", "e-mail", "email_address", "email address", "emailaddress",
    "e_mail", "mail", NULL
};


sv_records_status_e
sv_records_csv_line(sv_records_t *rs, unsigned char *text, size_t len)
{
    sv_str_t              email;
    const char           *error;
    sv_records_status_e   rc;

    if (!sv_utf8_valid(text, len)) {
        error = "The line is not valid UTF-8 text.";

    } else {
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

    sv_records_csv_trim(&rs->fields[rs->icolumn], &email);
    sv_records_email(rs, email.data, email.len);

    return SV_RECORDS_OK;
}


/* where the addresses are; SV_RECORDS_AGAIN: this line was names */

static sv_records_status_e
sv_records_csv_first(sv_records_t *rs)
{
    int       given;
    unsigned  i, n;

    rs->first = 1;
    rs->ncolumns = rs->nfields;

    given = 1;

    if (sv_records_csv_number(&rs->column, &n)) {

        if (n == 0 || n > rs->nfields) {
            rs->error = "The first line has no column of that number.";
            return SV_RECORDS_BROKEN;
        }

        rs->icolumn = n - 1;

    } else if (rs->column.len) {

        if (!sv_records_csv_find(rs, rs->column.data, rs->column.len)) {
            rs->error = "The first line has no column of that name.";
            return SV_RECORDS_BROKEN;
        }

        sv_records_csv_names(rs);
        return SV_RECORDS_AGAIN;

    } else {
        given = 0;

        for (i = 0; sv_records_csv_known[i]; i++) {

            if (sv_records_csv_find(rs,
                             (const unsigned char *) sv_records_csv_known[i],
                             strlen(sv_records_csv_known[i])))
            {
                sv_records_csv_names(rs);
                return SV_RECORDS_AGAIN;
            }
        }
    }

    /* a line of addresses, not of names */

    for (i = 0; i < rs->nfields; i++) {

        if (given && i != rs->icolumn) {
            continue;
        }

        if (sv_records_csv_is_address(&rs->fields[i])) {
            rs->icolumn = i;
            return SV_RECORDS_OK;
        }
    }

    if (!given) {
        rs->error = "The first line names no column \"email\" and has no "
                    "address; say which it is with \"column\".";
        return SV_RECORDS_BROKEN;
    }

    sv_records_csv_names(rs);

    return SV_RECORDS_AGAIN;
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
sv_records_csv_find(sv_records_t *rs, const unsigned char *name, size_t len)
{
    size_t    j;
    unsigned  i;
    sv_str_t  text;

    for (i = 0; i < rs->nfields; i++) {
        sv_records_csv_trim(&rs->fields[i], &text);

        if (text.len != len) {
            continue;
        }

        for (j = 0; j < len; j++) {
            if (sv_lower(text.data[j]) != sv_lower(name[j])) {
                break;
            }
        }

        if (j == len) {
            rs->icolumn = i;
            return 1;
        }
    }

    return 0;
}


/* they are kept behind the line's buffer */

static void
sv_records_csv_names(sv_records_t *rs)
{
    unsigned        i;
    unsigned char  *p;

    p = rs->buf + rs->size;

    for (i = 0; i < rs->nfields; i++) {
        sv_records_csv_trim(&rs->fields[i], &rs->names[i]);

        memcpy(p, rs->names[i].data, rs->names[i].len);

        rs->names[i].data = p;
        p += rs->names[i].len;
    }

    rs->named = 1;
    rs->nfields = 0;
}


/* RFC 4180; what is in quotation marks is decoded in its place */

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


static void
sv_records_csv_trim(const sv_str_t *field, sv_str_t *text)
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
