
/*
 * Parses an answer to a question for A or AAAA records.  Plain C with
 * libresolv, without nginx.
 */


#ifndef _SV_ADDR_PARSE_H_INCLUDED_
#define _SV_ADDR_PARSE_H_INCLUDED_


#include "sv_dns.h"


#define SV_ADDR_MAX  8          /* addresses kept, of one family */


typedef struct {
    size_t          naddrs;
    unsigned char   addrs[SV_ADDR_MAX][NS_IN6ADDRSZ];
    int             authenticated;              /* AD was set */
    unsigned long   ttl;                        /* s; 0 if unknown */
    char            alias[NS_MAXDNAME];         /* for SV_ANSWER_ALIAS: the name
                                                   to ask for; for SV_ANSWER_OK:
                                                   the last one of a chain of
                                                   CNAMEs, "" without any */
} sv_addr_answer_t;


/*
 * type: ns_t_a or ns_t_aaaa; name: the name in the question.  CNAMEs within
 * the answer are followed.  Returns SV_ANSWER_ALIAS if they lead to a name
 * about which the answer says nothing; the caller has to ask for answer->alias
 * then.
 */
sv_dns_status_e sv_addr_parse(const unsigned char *msg, size_t len,
    const char *name, int type, sv_addr_answer_t *answer);


#endif /* _SV_ADDR_PARSE_H_INCLUDED_ */
