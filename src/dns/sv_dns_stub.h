
/*
 * What the resolver library is given in place of a message.  It has to find
 * the question, to go on with TCP, without EDNS or with the next name server;
 * what the records say is read from the message as it came, and by us alone.
 * c-ares since 1.28 hands on a message that it wrote anew, where broken
 * records look whole.
 */


#ifndef _SV_DNS_STUB_H_INCLUDED_
#define _SV_DNS_STUB_H_INCLUDED_


#include "sv_dns.h"


#define SV_DNS_COOKIE_MAX  40           /* octets, RFC 7873 */
#define SV_DNS_STUB_MAX                                                       \
    (NS_HFIXEDSZ + NS_MAXCDNAME + NS_QFIXEDSZ + 1 + NS_RRFIXEDSZ              \
     + 2 * NS_INT16SZ + SV_DNS_COOKIE_MAX)


typedef struct {
    int            usable;              /* a whole answer, each record is what
                                           it says */
    size_t         len;
    unsigned char  data[SV_DNS_STUB_MAX];
} sv_dns_stub_t;


/*
 * The header, the question, an OPT with its cookie, and no record.  The rcode
 * of a message that is not usable is never one of success: SERVFAIL lets the
 * next name server be asked.
 * 0: the message has no question, so that it is nobody's answer.
 */
int sv_dns_stub(const unsigned char *msg, size_t len, sv_dns_stub_t *stub);


#endif /* _SV_DNS_STUB_H_INCLUDED_ */
