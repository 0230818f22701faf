
#include <stdio.h>

#include "sv_records.h"


/* what does not fit is counted all the same */

typedef struct {
    unsigned char  *p;
    unsigned char  *end;
    int             full;
} sv_records_out_t;


static void sv_records_put(sv_records_out_t *out, const void *data,
    size_t len);
static void sv_records_put_json(sv_records_out_t *out, const sv_str_t *text);
static void sv_records_put_csv(sv_records_out_t *out,
    const unsigned char *data, size_t len, int safe);
static size_t sv_records_length(sv_records_out_t *out, unsigned char *dst,
    size_t size);
static void sv_records_name(sv_records_t *rs, unsigned i, sv_str_t *name,
    char *buf, size_t size);


size_t
sv_records_input_json(sv_records_t *rs, unsigned char *dst, size_t size)
{
    char              buf[32];
    unsigned          i, n;
    sv_str_t          name;
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

        sv_records_name(rs, i, &name, buf, sizeof(buf));

        sv_records_put(&out, n++ ? "," : "{", 1);
        sv_records_put_json(&out, &name);
        sv_records_put(&out, ":", 1);
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
                           0);
    }

    if (rs->format != SV_RECORDS_CSV) {
        return sv_records_length(&out, dst, size);
    }

    for (i = 0; i < rs->ncolumns; i++) {
        sv_records_put(&out, ",", 1);

        if (i < rs->nfields) {
            sv_records_put_csv(&out, rs->fields[i].data, rs->fields[i].len,
                               0);
        }
    }

    return sv_records_length(&out, dst, size);
}


size_t
sv_records_names_csv(sv_records_t *rs, unsigned char *dst, size_t size)
{
    char              buf[32];
    unsigned          i;
    sv_str_t          name;
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
        sv_records_name(rs, i, &name, buf, sizeof(buf));

        sv_records_put(&out, ",", 1);
        sv_records_put_csv(&out, name.data, name.len, 0);
    }

    return sv_records_length(&out, dst, size);
}


size_t
sv_records_csv_value(unsigned char *dst, size_t size,
    const unsigned char *data, size_t len, int safe)
{
    sv_records_out_t  out;

    out.p = dst;
    out.end = dst + size;
    out.full = 0;

    sv_records_put_csv(&out, data, len, safe);

    return sv_records_length(&out, dst, size);
}


static void
sv_records_name(sv_records_t *rs, unsigned i, sv_str_t *name, char *buf,
    size_t size)
{
    if (rs->named && rs->names[i].len) {
        *name = rs->names[i];
        return;
    }

    name->len = snprintf(buf, size, "column%u", i + 1);
    name->data = (unsigned char *) buf;
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
    size_t         i, from;
    char           buf[8];
    unsigned char  c;

    sv_records_put(out, "\"", 1);

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
    sv_records_put(out, "\"", 1);
}


static void
sv_records_put_csv(sv_records_out_t *out, const unsigned char *data,
    size_t len, int safe)
{
    int     quote;
    size_t  i, from;

    quote = 0;

    for (i = 0; i < len; i++) {
        if (data[i] < ' ' || data[i] == '"' || data[i] == ',') {
            quote = 1;
            break;
        }
    }

    if (len && (data[0] == ' ' || data[len - 1] == ' ')) {
        quote = 1;
    }

    safe = safe && len && memchr("=+-@\t\r", data[0], 6);

    if (!quote) {
        sv_records_put(out, "'", safe ? 1 : 0);
        sv_records_put(out, data, len);
        return;
    }

    sv_records_put(out, "\"'", safe ? 2 : 1);

    from = 0;

    for (i = 0; i < len; i++) {

        if (data[i] == '"') {
            sv_records_put(out, data + from, i + 1 - from);
            from = i;
        }
    }

    sv_records_put(out, data + from, len - from);
    sv_records_put(out, "\"", 1);
}


static size_t
sv_records_length(sv_records_out_t *out, unsigned char *dst, size_t size)
{
    return out->full ? size + 1 : (size_t) (out->p - dst);
}
