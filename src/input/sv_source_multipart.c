
#include "sv_source.h"
#include "sv_source_part.h"


#define SV_SOURCE_LOOKALIKE                                                   \
    "The boundary occurs within the data of the multipart body; choose "      \
    "another one."

#define SV_SOURCE_PLAIN                                                       \
    "The e-mail address is sent as a file, encoded, or in another type than " \
    "text/plain of UTF-8; send its part with a name only."


/* a body that is being read */

typedef struct {
    const unsigned char  *p;
    const unsigned char  *end;
    const sv_str_t       *boundary;
    const sv_str_t       *name;
    sv_source_value_t    *value;
    unsigned              ascii:1;
} sv_source_multipart_t;


static sv_source_status_e sv_source_parts(sv_source_multipart_t *m);
static int sv_source_part_data(sv_source_multipart_t *m,
    const unsigned char *start, sv_str_t *data);
static sv_source_status_e sv_source_part_take(sv_source_multipart_t *m,
    const sv_source_part_t *part, const sv_str_t *data,
    sv_source_status_e so_far);
static int sv_source_is_delimiter(const sv_source_multipart_t *m,
    const unsigned char *p);


sv_source_status_e
sv_source_multipart(const unsigned char *data, size_t len,
    const sv_str_t *type, const sv_str_t *name, sv_source_value_t *value)
{
    sv_source_media_t      media;
    sv_source_multipart_t  m;

    if (sv_source_type(type, &media) != SV_SOURCE_TYPE_MULTIPART) {
        return sv_source_error(value, SV_SOURCE_MALFORMED,
                               media.error ? media.error
                                           : SV_SOURCE_FRAMING);
    }

    m.p = data;
    m.end = data + len;
    m.boundary = &media.boundary;
    m.name = name;
    m.value = value;
    m.ascii = media.ascii;

    if (len == 0 || !sv_source_is_delimiter(&m, data)) {
        return sv_source_error(value, SV_SOURCE_MALFORMED, SV_SOURCE_FRAMING);
    }

    return sv_source_parts(&m);
}


/* Reads all parts, from the first delimiter on. */

static sv_source_status_e
sv_source_parts(sv_source_multipart_t *m)
{
    sv_str_t              data;
    sv_source_part_t      part;
    sv_source_status_e    status;
    const unsigned char  *start;

    status = SV_SOURCE_NONE;

    for ( ;; ) {

        m->p += 2 + m->boundary->len;

        if (m->end - m->p >= 2 && memcmp(m->p, "--", 2) == 0) {
            break;
        }

        if (m->end - m->p < 2 || memcmp(m->p, "\r\n", 2) != 0) {
            return sv_source_error(m->value, SV_SOURCE_MALFORMED,
                                   SV_SOURCE_FRAMING);
        }

        m->p += 2;

        start = m->p;

        if (!sv_source_part_read(&m->p, m->end, &part, m->value)
            || !sv_source_part_data(m, start, &data))
        {
            return SV_SOURCE_MALFORMED;
        }

        if (!sv_source_part_is_sound(&part, &data, m->value)) {
            return SV_SOURCE_MALFORMED;
        }

        status = sv_source_part_take(m, &part, &data, status);

        if (status != SV_SOURCE_OK && status != SV_SOURCE_NONE) {
            return status;
        }
    }

    m->p += 2;

    /* one line break may follow, or two, as clients in Ruby write it */

    if (m->end - m->p > 4
        || memcmp(m->p, "\r\n\r\n", m->end - m->p) != 0
        || (m->end - m->p) % 2)
    {
        return sv_source_error(m->value, SV_SOURCE_MALFORMED,
                               SV_SOURCE_FRAMING);
    }

    return status;
}


/*
 * Finds the end of the data, at the next delimiter.  The search begins at the
 * headers of the part: some parsers take every boundary for a delimiter,
 * whatever is around it, even without "--", and some accept other bytes in it.
 */

static int
sv_source_part_data(sv_source_multipart_t *m, const unsigned char *start,
    sv_str_t *data)
{
    size_t                n;
    const unsigned char  *next, *last;

    last = sv_source_boundary(m->boundary, start, m->end);

    if (last == NULL) {
        m->value->error = SV_SOURCE_FRAMING;
        return 0;
    }

    n = sizeof("\r\n--") - 1 + m->boundary->len;

    if (last < m->p || (size_t) (last - m->p) < n) {
        m->value->error = SV_SOURCE_LOOKALIKE;
        return 0;
    }

    next = last - n;

    if (memcmp(next, "\r\n", 2) != 0 || !sv_source_is_delimiter(m, next + 2)) {
        m->value->error = SV_SOURCE_LOOKALIKE;
        return 0;
    }

    data->data = (unsigned char *) m->p;
    data->len = next - m->p;

    m->p = next + 2;

    return 1;
}


/* Reads the value, if the part is the field.  so_far: whether it was found
   before. */

static sv_source_status_e
sv_source_part_take(sv_source_multipart_t *m, const sv_source_part_t *part,
    const sv_str_t *data, sv_source_status_e so_far)
{
    sv_source_value_t  *value;

    value = m->value;

    switch (sv_source_part_alike(part, m->name)) {

    case SV_SOURCE_OTHER:
        return so_far;

    case SV_SOURCE_LIKE:
        return sv_source_error(value, so_far == SV_SOURCE_OK
                                      ? SV_SOURCE_TWICE : SV_SOURCE_MALFORMED,
                               "The name of a part may be taken for the field "
                               "of the e-mail address; write the exact name "
                               "of the field, once, without brackets or "
                               "blanks.");

    default:
        break;
    }

    if (so_far == SV_SOURCE_OK) {
        return sv_source_error(value, SV_SOURCE_TWICE,
                               "The field of the e-mail address is given "
                               "twice; give it once.");
    }

    if (!sv_source_part_is_plain(part, data, m->ascii)) {
        return sv_source_error(value, SV_SOURCE_MALFORMED, SV_SOURCE_PLAIN);
    }

    value->cut = (data->len > SV_SOURCE_VALUE_MAX);
    value->len = value->cut ? SV_SOURCE_VALUE_MAX : data->len;

    memcpy(value->data, data->data, value->len);

    return SV_SOURCE_OK;
}


static int
sv_source_is_delimiter(const sv_source_multipart_t *m,
    const unsigned char *p)
{
    return (size_t) (m->end - p) >= 2 + m->boundary->len
           && memcmp(p, "--", 2) == 0
           && memcmp(p + 2, m->boundary->data, m->boundary->len) == 0;
}
