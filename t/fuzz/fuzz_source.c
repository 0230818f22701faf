
/*
 * One byte for the kind, then a line with the name, the pointer or the
 * Content-Type, then the body.
 */

#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "sv_source.h"


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    sv_str_t             line;
    const uint8_t       *body;
    static sv_str_t      name = sv_string("email");
    sv_source_value_t    value;
    sv_source_status_e   status;

    body = size ? memchr(data, '\n', size) : NULL;

    if (body == NULL || body == data) {
        return 0;
    }

    line.data = (unsigned char *) data + 1;
    line.len = body - line.data;

    body++;
    size -= body - data;

    switch (data[0]) {

    case 'j':
        if (!sv_source_pointer_valid(line.data, line.len)) {
            return 0;
        }

        status = sv_source_json(body, size, &line, &value);
        break;

    case 'm':
        status = sv_source_multipart(body, size, &line, &name, &value);
        break;

    default:
        status = sv_source_form(body, size, &line, &value);
    }

    if (status == SV_SOURCE_OK) {
        assert(value.len <= SV_SOURCE_VALUE_MAX);
        assert(!value.cut || value.len == SV_SOURCE_VALUE_MAX);
    }

    return 0;
}
