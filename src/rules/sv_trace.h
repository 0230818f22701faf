
/*
 * The header "traceparent" of W3C Trace Context: which trace a request belongs
 * to.  Whatever does not follow its grammar is no header at all.
 */


#ifndef _SV_TRACE_H_INCLUDED_
#define _SV_TRACE_H_INCLUDED_


#include "sv_str.h"


#define SV_TRACE_LEN  55        /* of version 00 */


typedef struct {
    sv_str_t    parent;         /* the whole header, as version 00 has it */
    sv_str_t    id;             /* of the trace */
    sv_str_t    span;           /* of the caller's part of it */
} sv_trace_t;


/*
 * Returns 1 if the value is valid.  The strings point into it.  A later version
 * may be longer; what follows the fields of version 00 is ignored, and such a
 * header is only read, not passed on: "parent" is empty then.
 */
int sv_trace_parse(const unsigned char *data, size_t len, sv_trace_t *trace);


#endif /* _SV_TRACE_H_INCLUDED_ */
