
/*
 * An answer to a question for A or AAAA as it came from the wire.  Plain C
 * over libresolv, no nginx.
 */


#ifndef _SV_ADDR_PARSE_H_INCLUDED_
#define _SV_ADDR_PARSE_H_INCLUDED_


#include "sv_dns.h"


#define SV_ADDR_MAX  8          /* addresses of a family that are kept */


typedef struct {
    size_t          naddrs;
    unsigned char   addrs[SV_ADDR_MAX][NS_IN6ADDRSZ];
    int             authenticated;              /* so the server says */
    unsigned long   ttl;                        /* s; 0 where unknown */
    char            alias[NS_MAXDNAME];         /* of SV_ANSWER_ALIAS */
} sv_addr_answer_t;


/*
 * type: ns_t_a or ns_t_aaaa; name: what was asked for.  CNAMEs of the answer
 * are followed.  SV_ANSWER_ALIAS: they lead to a name that the server says
 * nothing about.
 */
sv_dns_status_e sv_addr_parse(const unsigned char *msg, size_t len,
    const char *name, int type, sv_addr_answer_t *answer);


#endif /* _SV_ADDR_PARSE_H_INCLUDED_ */
