
#include <string.h>

#include "sv_trace.h"


#define SV_TRACE_ID      3      /* offsets */
#define SV_TRACE_SPAN    36
#define SV_TRACE_FLAGS   53

#define SV_TRACE_ID_LEN    32
#define SV_TRACE_SPAN_LEN  16


static int sv_trace_hex(const unsigned char *data, size_t len);
static int sv_trace_zero(const unsigned char *data, size_t len);


int
sv_trace_parse(const unsigned char *data, size_t len, sv_trace_t *trace)
{
    int  version;

    memset(trace, 0, sizeof(sv_trace_t));

    if (len < SV_TRACE_LEN || !sv_trace_hex(data, 2)
        || data[SV_TRACE_ID - 1] != '-'
        || !sv_trace_hex(data + SV_TRACE_ID, SV_TRACE_ID_LEN)
        || data[SV_TRACE_SPAN - 1] != '-'
        || !sv_trace_hex(data + SV_TRACE_SPAN, SV_TRACE_SPAN_LEN)
        || data[SV_TRACE_FLAGS - 1] != '-'
        || !sv_trace_hex(data + SV_TRACE_FLAGS, 2))
    {
        return 0;
    }

    version = memcmp(data, "00", 2);

    if (memcmp(data, "ff", 2) == 0
        || (len > SV_TRACE_LEN
            && (version == 0 || data[SV_TRACE_LEN] != '-')))
    {
        return 0;
    }

    if (sv_trace_zero(data + SV_TRACE_ID, SV_TRACE_ID_LEN)
        || sv_trace_zero(data + SV_TRACE_SPAN, SV_TRACE_SPAN_LEN))
    {
        return 0;
    }

    trace->id.data = (unsigned char *) data + SV_TRACE_ID;
    trace->id.len = SV_TRACE_ID_LEN;
    trace->span.data = (unsigned char *) data + SV_TRACE_SPAN;
    trace->span.len = SV_TRACE_SPAN_LEN;

    if (version == 0) {
        trace->parent.data = (unsigned char *) data;
        trace->parent.len = SV_TRACE_LEN;
    }

    return 1;
}


/* in lower case only */

static int
sv_trace_hex(const unsigned char *data, size_t len)
{
    size_t  i;

    for (i = 0; i < len; i++) {
        if (!((data[i] >= '0' && data[i] <= '9')
              || (data[i] >= 'a' && data[i] <= 'f')))
        {
            return 0;
        }
    }

    return 1;
}


static int
sv_trace_zero(const unsigned char *data, size_t len)
{
    size_t  i;

    for (i = 0; i < len; i++) {
        if (data[i] != '0') {
            return 0;
        }
    }

    return 1;
}
