
/*
 * Makes the stub that c-ares gets instead of the answer.  c-ares needs the
 * question and the header to decide whether to go on with TCP, without EDNS or
 * with the next name server.  Records are read by this module alone, from the
 * message as it was received: since 1.28 c-ares passes on a message that it
 * has rewritten, in which malformed records look well-formed.
 */


#ifndef _SV_DNS_STUB_H_INCLUDED_
#define _SV_DNS_STUB_H_INCLUDED_


#include "sv_dns.h"


#define SV_DNS_COOKIE_MAX  40           /* octets, RFC 7873 */
#define SV_DNS_STUB_MAX                                                       \
    (NS_HFIXEDSZ + NS_MAXCDNAME + NS_QFIXEDSZ + 1 + NS_RRFIXEDSZ              \
     + 2 * NS_INT16SZ + SV_DNS_COOKIE_MAX)


typedef struct {
    int            usable;              /* a complete answer whose records are
                                           all well-formed */
    size_t         len;
    unsigned char  data[SV_DNS_STUB_MAX];
} sv_dns_stub_t;


/*
 * The stub has the header, the question and an OPT with its cookie, but no
 * records.  If the message is not usable its rcode is never one of success: it
 * becomes SERVFAIL, so that c-ares asks the next name server.  Returns 0 if
 * the message has no question, so that it answers no query.
 */
int sv_dns_stub(const unsigned char *msg, size_t len, sv_dns_stub_t *stub);


#endif /* _SV_DNS_STUB_H_INCLUDED_ */
