
/*
 * The headers of a part of a multipart body.  Functions return 0 if not all
 * parsers read the part in the same way; then value->error says why.
 */


#ifndef _SV_SOURCE_PART_H_INCLUDED_
#define _SV_SOURCE_PART_H_INCLUDED_


#include "sv_source.h"


#define SV_SOURCE_PART_MAX  8192        /* octets of all headers of one part */


#define SV_SOURCE_FRAMING                                                     \
    "Begin a multipart body with \"--\" and the boundary, end each line of "  \
    "its frame with CR LF, and have nothing before the first delimiter, and " \
    "nothing but CR LF behind the last one."


/* what the headers say */

typedef struct {
    sv_str_t        name;
    sv_str_t        type;
    sv_str_t        length;
    sv_str_t        encoding;
    unsigned        disposition:1;
    unsigned        file:1;
} sv_source_part_t;


/* Reads the headers at *pos, which is moved to the beginning of the data. */
int sv_source_part_read(const unsigned char **pos, const unsigned char *end,
    sv_source_part_t *part, sv_source_value_t *value);

/* Checks that the headers describe all of the data as it is. */
int sv_source_part_is_sound(const sv_source_part_t *part,
    const sv_str_t *data, sv_source_value_t *value);

/* Checks the part with the address.  ascii: the type of the body allows only
   ASCII. */
int sv_source_part_is_plain(const sv_source_part_t *part,
    const sv_str_t *data, int ascii);

sv_source_alike_e sv_source_part_alike(const sv_source_part_t *part,
    const sv_str_t *field);


#endif /* _SV_SOURCE_PART_H_INCLUDED_ */
