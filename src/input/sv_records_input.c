
#include <stdio.h>

#include "sv_records.h"


/* full: something did not fit */

typedef struct {
    unsigned char  *p;
    unsigned char  *end;
    int             full;
} sv_records_out_t;


static void sv_records_put(sv_records_out_t *out, const void *data,
    size_t len);
static void sv_records_put_json(sv_records_out_t *out, const sv_str_t *text);
static void sv_records_escape(sv_records_out_t *out, const sv_str_t *text);
static void sv_records_put_csv(sv_records_out_t *out,
    const unsigned char *data, size_t len, sv_records_safe_e safe);
static int sv_records_has_quotes(const unsigned char *data, size_t len);
static void sv_records_put_value(sv_records_out_t *out,
    const unsigned char *data, size_t len, sv_records_safe_e safe);
static int sv_records_separates(unsigned char c, sv_records_safe_e safe);
static size_t sv_records_put_guard(sv_records_out_t *out,
    const unsigned char *p, sv_records_safe_e safe);
static sv_records_safe_e sv_records_came(const sv_records_t *rs);
static size_t sv_records_length(sv_records_out_t *out, unsigned char *dst,
    size_t size);
static size_t sv_records_nth(sv_records_t *rs, unsigned i, char *buf,
    size_t size);
static int sv_records_is_formula(const unsigned char *p, size_t len);


size_t
sv_records_input_json(sv_records_t *rs, unsigned char *dst, size_t size)
{
    char              buf[16];
    unsigned          i, n;
    sv_records_out_t  out;

    out.p = dst;
    out.end = dst + size;
    out.full = 0;

    if (rs->format != SV_RECORDS_CSV) {
        sv_records_put(&out, rs->rec.members.data, rs->rec.members.len);
        return sv_records_length(&out, dst, size);
    }

    n = 0;

    for (i = 0; i < rs->nfields; i++) {

        if (i == rs->icolumn) {
            continue;
        }

        sv_records_put(&out, n++ ? ",\"" : "{\"", 2);
        sv_records_escape(&out, &rs->names[i]);
        sv_records_put(&out, buf, sv_records_nth(rs, i, buf, sizeof(buf)));
        sv_records_put(&out, "\":", 2);
        sv_records_put_json(&out, &rs->fields[i]);
    }

    if (n) {
        sv_records_put(&out, "}", 1);
    }

    return sv_records_length(&out, dst, size);
}


size_t
sv_records_input_csv(sv_records_t *rs, unsigned char *dst, size_t size)
{
    unsigned          i;
    sv_records_out_t  out;

    out.p = dst;
    out.end = dst + size;
    out.full = 0;

    if (rs->format == SV_RECORDS_JSON || rs->format == SV_RECORDS_NDJSON) {
        sv_records_put(&out, ",", 1);
        sv_records_put_csv(&out, rs->rec.members.data, rs->rec.members.len,
                           SV_RECORDS_SAFE_JSON);
    }

    if (rs->format != SV_RECORDS_CSV) {
        return sv_records_length(&out, dst, size);
    }

    for (i = 0; i < rs->ncolumns; i++) {
        sv_records_put(&out, ",", 1);

        if (i < rs->nfields) {
            sv_records_put_csv(&out, rs->fields[i].data, rs->fields[i].len,
                               i == rs->icolumn ? SV_RECORDS_SAFE
                                                : sv_records_came(rs));
        }
    }

    return sv_records_length(&out, dst, size);
}


size_t
sv_records_names_csv(sv_records_t *rs, unsigned char *dst, size_t size)
{
    int               quote;
    char              buf[16];
    unsigned          i;
    sv_str_t         *name;
    sv_records_out_t  out;

    out.p = dst;
    out.end = dst + size;
    out.full = 0;

    if (rs->format == SV_RECORDS_JSON || rs->format == SV_RECORDS_NDJSON) {
        sv_records_put(&out, ",input", 6);
    }

    if (rs->format != SV_RECORDS_CSV) {
        return sv_records_length(&out, dst, size);
    }

    for (i = 0; i < rs->ncolumns; i++) {
        name = &rs->names[i];

        sv_records_put(&out, ",", 1);

        quote = sv_records_has_quotes(name->data, name->len);

        sv_records_put(&out, "\"", quote);

        if (rs->ours[i]) {
            sv_records_put(&out, SV_RECORDS_INPUT,
                           sizeof(SV_RECORDS_INPUT) - 1);
        }

        sv_records_put_value(&out, name->data, name->len,
                             sv_records_came(rs));
        sv_records_put(&out, buf, sv_records_nth(rs, i, buf, sizeof(buf)));
        sv_records_put(&out, "\"", quote);
    }

    return sv_records_length(&out, dst, size);
}


size_t
sv_records_csv_value(unsigned char *dst, size_t size,
    const unsigned char *data, size_t len, sv_records_safe_e safe)
{
    sv_records_out_t  out;

    out.p = dst;
    out.end = dst + size;
    out.full = 0;

    sv_records_put_csv(&out, data, len, safe);

    return sv_records_length(&out, dst, size);
}


/* Writes the number that a column gets if others have the same name. */

static size_t
sv_records_nth(sv_records_t *rs, unsigned i, char *buf, size_t size)
{
    return rs->nth[i] > 1 ? snprintf(buf, size, "_%u", rs->nth[i]) : 0;
}


static void
sv_records_put(sv_records_out_t *out, const void *data, size_t len)
{
    if (out->full || len > (size_t) (out->end - out->p)) {
        out->full = 1;
        return;
    }

    if (len) {
        memcpy(out->p, data, len);
        out->p += len;
    }
}


static void
sv_records_put_json(sv_records_out_t *out, const sv_str_t *text)
{
    sv_records_put(out, "\"", 1);
    sv_records_escape(out, text);
    sv_records_put(out, "\"", 1);
}


static void
sv_records_escape(sv_records_out_t *out, const sv_str_t *text)
{
    size_t         i, from;
    char           buf[8];
    unsigned char  c;

    from = 0;

    for (i = 0; i < text->len; i++) {
        c = text->data[i];

        if (c >= ' ' && c != '"' && c != '\\') {
            continue;
        }

        sv_records_put(out, text->data + from, i - from);
        from = i + 1;

        if (c < ' ') {
            sv_records_put(out, buf, snprintf(buf, sizeof(buf), "\\u%04x",
                                              c));
            continue;
        }

        sv_records_put(out, "\\", 1);
        sv_records_put(out, &c, 1);
    }

    sv_records_put(out, text->data + from, text->len - from);
}


static void
sv_records_put_csv(sv_records_out_t *out, const unsigned char *data,
    size_t len, sv_records_safe_e safe)
{
    int  quote;

    quote = sv_records_has_quotes(data, len);

    sv_records_put(out, "\"", quote);
    sv_records_put_value(out, data, len, safe);
    sv_records_put(out, "\"", quote);
}


static int
sv_records_has_quotes(const unsigned char *data, size_t len)
{
    size_t  i;

    for (i = 0; i < len; i++) {
        if (data[i] < ' ' || data[i] == '"' || data[i] == ',') {
            return 1;
        }
    }

    return len && (data[0] == ' ' || data[len - 1] == ' ');
}


/*
 * Writes a value.  If it is protected, a "'" is put before what a spreadsheet
 * would take for a formula.  A spreadsheet that splits at another character
 * than a comma ignores our quotation marks, so a field may begin after any
 * character at which some spreadsheet splits.
 */

static void
sv_records_put_value(sv_records_out_t *out, const unsigned char *data,
    size_t len, sv_records_safe_e safe)
{
    int            begins;
    size_t         i, from;
    unsigned char  c;

    if (len == 0) {
        return;
    }

    from = 0;
    begins = (safe == SV_RECORDS_SAFE);

    for (i = 0; i < len; i++) {
        c = data[i];

        if (begins && c != ' ' && (c != '"' || safe == SV_RECORDS_SAFE_JSON)) {

            if (sv_records_is_formula(data + i, len - i)) {
                sv_records_put(out, data + from, i - from);
                from = i + sv_records_put_guard(out, data + i, safe);
            }

            begins = 0;
        }

        if (c == '"') {
            sv_records_put(out, data + from, i + 1 - from);
            from = i;
        }

        if (sv_records_separates(c, safe)) {
            begins = 1;
        }
    }

    sv_records_put(out, data + from, len - from);
}


/* The strings of JSON have no control characters, so only the others
   separate. */

static int
sv_records_separates(unsigned char c, sv_records_safe_e safe)
{
    if (safe == SV_RECORDS_AS_IT_IS) {
        return 0;
    }

    return c == ';' || c == '|'
           || (c < ' ' && safe != SV_RECORDS_SAFE_JSON);
}


/* Protects against a formula: writes something before it, or replaces its first
   character.  Returns the number of bytes replaced. */

static size_t
sv_records_put_guard(sv_records_out_t *out, const unsigned char *p,
    sv_records_safe_e safe)
{
    size_t  n;
    char    buf[8];

    if (safe != SV_RECORDS_SAFE_JSON) {
        sv_records_put(out, "'", 1);
        return 0;
    }

    n = (p[0] == 0xef) ? 3 : 1;

    sv_records_put(out, buf, snprintf(buf, sizeof(buf), "\\u%04x",
                                      n == 3 ? 0xff00 + p[2] - 0x80
                                             : p[0]));
    return n;
}


/* If the list is separated by commas, our output has the same fields. */

static sv_records_safe_e
sv_records_came(const sv_records_t *rs)
{
    return rs->delimiter == ',' ? SV_RECORDS_AS_IT_IS : SV_RECORDS_SAFE_INSIDE;
}


/* The fullwidth forms are U+FF0B, U+FF0D, U+FF1D and U+FF20. */

static int
sv_records_is_formula(const unsigned char *p, size_t len)
{
    if (memchr("=+-@\t\r", p[0], 6)) {
        return 1;
    }

    return len >= 3 && p[0] == 0xef && p[1] == 0xbc
           && memchr("\x8b\x8d\x9d\xa0", p[2], 4);
}


static size_t
sv_records_length(sv_records_out_t *out, unsigned char *dst, size_t size)
{
    return out->full ? size + 1 : (size_t) (out->p - dst);
}
