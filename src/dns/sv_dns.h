
/*
 * What the readers of DNS answers share: all reading of a message is left to
 * libresolv, whose functions keep within its bounds.
 */


#ifndef _SV_DNS_H_INCLUDED_
#define _SV_DNS_H_INCLUDED_


#include <sys/types.h>
#include <netinet/in.h>
#include <arpa/nameser.h>

#include "sv_str.h"


#define SV_DNS_NAME_MAX     253     /* octets of a host name with dots */
#define SV_DNS_RECORDS_MAX  256     /* RRs of a section that are looked at */
#define SV_DNS_CNAMES_MAX   16      /* of a chain within one answer */
#define SV_DNS_NO_TTL       ((unsigned long) -1)


typedef enum {
    SV_ANSWER_OK = 0,           /* at least one record */
    SV_ANSWER_NODATA,           /* the name exists, it has no such record */
    SV_ANSWER_NXDOMAIN,
    SV_ANSWER_ALIAS,            /* of a name that has to be asked for */
    SV_ANSWER_ERROR             /* SERVFAIL and the like, lame, broken, or
                                   no answer to this question */
} sv_dns_status_e;


/* is the message a whole answer to this question?  *rcode is its rcode */
int sv_dns_answers(ns_msg *m, const unsigned char *msg, size_t len,
    const char *name, int type, int *rcode);

/* AD: the server says that it has validated all of it (RFC 4035); worth as
   much as the server and the way to it */
int sv_dns_authenticated(ns_msg *m);

/* RRs of the section that are to be looked at */
int sv_dns_count(ns_msg *m, ns_sect section);

/* the name that is all of the rdata after the first octets, "." for the root;
   0: it is not */
int sv_dns_rdata_name(ns_msg *m, ns_rr *rr, unsigned skip, char *name);

/* no record: does the server say that there is none, and for how long?
   *soa: it named the zone that says so */
int sv_dns_negative(ns_msg *m, int alias, unsigned long *ttl, int *soa);

/* the lesser of the two */
void sv_dns_ttl(unsigned long *least, unsigned long ttl);

/* the same name? */
int sv_dns_same(const char *a, const char *b);


#endif /* _SV_DNS_H_INCLUDED_ */
