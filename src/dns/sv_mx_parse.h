
/*
 * An MX answer as it came from the wire: to records, or to what it says
 * instead.  Plain C over libresolv, no nginx.
 */


#ifndef _SV_MX_PARSE_H_INCLUDED_
#define _SV_MX_PARSE_H_INCLUDED_


#include "sv_str.h"


#define SV_MX_NAME_MAX      253     /* octets of a host name with dots */
#define SV_MX_RECORDS_MAX   256     /* RRs of an answer that are looked at */


typedef enum {
    SV_MX_OK = 0,               /* at least one MX record, see nrecords */
    SV_MX_NODATA,               /* the name exists, it has no MX */
    SV_MX_NXDOMAIN,
    SV_MX_ERROR                 /* SERVFAIL and the like, lame, broken, or
                                   no answer to this question */
} sv_mx_status_e;


/* host: lower case, no last dot; empty: a null MX */

typedef struct {
    unsigned        preference;
    unsigned long   order;          /* among equal preferences */
    sv_str_t        host;
} sv_mx_record_t;


/* some 70 KB: not for the stack of a worker; do not copy, it points into
   itself */

typedef struct {
    size_t          nrecords;
    int             more;           /* records that were not looked at */
    int             authenticated;  /* so the server says */
    unsigned long   ttl;            /* seconds; 0 where unknown */
    sv_mx_record_t  records[SV_MX_RECORDS_MAX];

    size_t          used;
    unsigned char   text[SV_MX_RECORDS_MAX * SV_MX_NAME_MAX];
} sv_mx_answer_t;


/*
 * name: what was asked for, without a last dot, in any case.  CNAMEs of the
 * answer section are followed.  Afterwards the records are in the order of
 * the message; a target that is no host name is left out, as is a null MX
 * beside other records and all but the best record of a host, so that
 * SV_MX_OK may come with nrecords == 0.
 */
sv_mx_status_e sv_mx_parse(const unsigned char *msg, size_t len,
    const sv_str_t *name, sv_mx_answer_t *answer);

/* best preference first, equal ones in an order that rnd() decides */
void sv_mx_sort(sv_mx_answer_t *answer, long (*rnd)(void));

/* letters, digits, hyphens, underscores in labels of 1 to 63 octets, no last
   dot: what may be asked for */
int sv_mx_name_valid(const unsigned char *data, size_t len);

/* moreover no hyphen at the edge of a label, nor a last label of digits (an
   IPv4 address); unlike HELO a single label will do */
int sv_mx_host_valid(const unsigned char *data, size_t len);


#endif /* _SV_MX_PARSE_H_INCLUDED_ */
