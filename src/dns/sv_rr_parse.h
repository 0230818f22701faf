
/*
 * An answer to a question for TLSA or TXT as it came from the wire, read to
 * what is kept of its records.  Plain C over libresolv, no nginx.
 */


#ifndef _SV_RR_PARSE_H_INCLUDED_
#define _SV_RR_PARSE_H_INCLUDED_


#include "sv_dns.h"
#include "sv_tlsa.h"


#ifndef ns_t_tlsa
#define ns_t_tlsa  52
#endif

#define SV_RR_MAX       SV_TLSA_MAX
#define SV_RR_TEXT_MAX  255         /* octets of a TXT record, the rest is
                                       left out */


typedef struct {
    int             authenticated;  /* so the server says */
    unsigned long   ttl;            /* s; 0 where unknown */
    size_t          nrecords;       /* of the type, usable or not */
    size_t          len;
    unsigned char   data[SV_RR_MAX];
} sv_rr_answer_t;


/*
 * type: ns_t_tlsa or ns_t_txt; name: what was asked for.  CNAMEs of the answer
 * are followed.  SV_ANSWER_OK: there is a record.  data: of TLSA, as of
 * sv_tlsa_read(); of TXT, an octet with the length of each record before it,
 * whose strings are put together.  What does not fit makes the answer an
 * error: half of a set would say something else.
 */
sv_dns_status_e sv_rr_parse(const unsigned char *msg, size_t len,
    const char *name, int type, sv_rr_answer_t *answer);


#endif /* _SV_RR_PARSE_H_INCLUDED_ */
