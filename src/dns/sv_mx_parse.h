
/*
 * Parses an answer to a question for MX records.  Plain C with libresolv,
 * without nginx.
 */


#ifndef _SV_MX_PARSE_H_INCLUDED_
#define _SV_MX_PARSE_H_INCLUDED_


#include "sv_str.h"


#define SV_MX_NAME_MAX      253     /* octets of a host name with its dots */
#define SV_MX_RECORDS_MAX   256     /* records read of an answer */


typedef enum {
    SV_MX_OK = 0,               /* at least one MX record, see nrecords */
    SV_MX_NODATA,               /* the name exists, but has no MX */
    SV_MX_NXDOMAIN,
    SV_MX_ERROR                 /* SERVFAIL and the like, a lame server, a
                                   malformed answer, or an answer to another
                                   question */
} sv_mx_status_e;


/* host: lower case, no trailing dot; empty for a null MX (RFC 7505) */

typedef struct {
    unsigned        preference;
    unsigned long   order;          /* random, for equal preferences */
    sv_str_t        host;
} sv_mx_record_t;


/* Some 70 KB: too large for the stack of a worker.  It must not be copied,
   because it points into itself. */

typedef struct {
    size_t          nrecords;
    int             more;           /* some records were not read */
    int             authenticated;  /* AD was set */
    unsigned long   ttl;            /* s; 0 if unknown */
    sv_mx_record_t  records[SV_MX_RECORDS_MAX];

    size_t          used;
    unsigned char   text[SV_MX_RECORDS_MAX * SV_MX_NAME_MAX];
} sv_mx_answer_t;


/*
 * name: the name in the question, without a trailing dot, in any case.  CNAMEs
 * in the answer section are followed.  The records are left in the order of
 * the message.  Left out are targets that are no host names, a null MX beside
 * other records, and all but the best record of each host; SV_MX_OK may
 * therefore come with nrecords == 0.
 */
sv_mx_status_e sv_mx_parse(const unsigned char *msg, size_t len,
    const sv_str_t *name, sv_mx_answer_t *answer);

/* sorts by preference, lowest first; rnd() decides the order of equal ones */
void sv_mx_sort(sv_mx_answer_t *answer, long (*rnd)(void));

/* Returns 1 if the name can be asked for: letters, digits, hyphens and
   underscores in labels of 1 to 63 octets, without a trailing dot. */
int sv_mx_name_valid(const unsigned char *data, size_t len);

/* Returns 1 if it is also a host name: no hyphen at the edge of the name or of
   a label, and a last label that is not all digits (as in an IPv4 address).
   Unlike in HELO, a single label is allowed. */
int sv_mx_host_valid(const unsigned char *data, size_t len);


#endif /* _SV_MX_PARSE_H_INCLUDED_ */
