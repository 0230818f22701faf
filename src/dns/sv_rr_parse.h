
/*
 * Parses an answer to a question for TLSA or TXT records, and keeps the part
 * of them that is used.  Plain C with libresolv, without nginx.
 */


#ifndef _SV_RR_PARSE_H_INCLUDED_
#define _SV_RR_PARSE_H_INCLUDED_


#include "sv_dns.h"
#include "sv_tlsa.h"


#ifndef ns_t_tlsa
#define ns_t_tlsa  52
#endif

#define SV_RR_MAX       SV_TLSA_MAX
#define SV_RR_TEXT_MAX  255         /* octets kept of a TXT record */


typedef struct {
    int             authenticated;  /* AD was set */
    unsigned long   ttl;            /* s; 0 if unknown */
    size_t          nrecords;       /* of the type, usable or not */
    size_t          len;
    unsigned char   data[SV_RR_MAX];
} sv_rr_answer_t;


/*
 * type: ns_t_tlsa or ns_t_txt; name: the name in the question.  CNAMEs within
 * the answer are followed.  Returns SV_ANSWER_OK if there is at least one
 * record.  data has TLSA records as sv_tlsa_read() reads them; TXT records as
 * one octet of length and the record's strings joined.  Returns
 * SV_ANSWER_ERROR if not all records fit, because a part of a set may mean
 * something else.
 */
sv_dns_status_e sv_rr_parse(const unsigned char *msg, size_t len,
    const char *name, int type, sv_rr_answer_t *answer);


#endif /* _SV_RR_PARSE_H_INCLUDED_ */
