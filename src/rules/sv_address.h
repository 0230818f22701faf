
/*
 * An e-mail address as RCPT TO carries it: Mailbox of RFC 5321 section
 * 4.1.2, with UTF-8 local parts of RFC 6531 and IDN domains of RFC 5891.
 */


#ifndef _SV_ADDRESS_H_INCLUDED_
#define _SV_ADDRESS_H_INCLUDED_


#include "sv_str.h"


#define SV_LOCAL_MAX    64      /* octets, RFC 5321 section 4.5.3.1.1 */
#define SV_DOMAIN_MAX   253     /* octets of A-labels with dots */
#define SV_UDOMAIN_MAX  1024    /* octets of U-labels in UTF-8 */
#define SV_ADDRESS_MAX  254     /* octets of the path less <>, RFC 5321 */


typedef enum {
    SV_ADDRESS_OK = 0,
    SV_ADDRESS_LITERAL,         /* valid, but a domain literal: by policy */
    SV_ADDRESS_INVALID          /* see error */
} sv_address_status_e;


typedef struct {
    sv_str_t        local;      /* as sent: a quoted string only if it has to
                                   be one; its case is kept */
    sv_str_t        domain;     /* A-labels, lower case, without a last dot */
    sv_str_t        udomain;    /* U-labels, UTF-8; the domain where none */
    const char     *error;      /* a sentence for people, else NULL */

    unsigned        quoted:1;   /* the local part is sent quoted */
    unsigned        utf8:1;     /* the local part needs SMTPUTF8 */

    unsigned char   local_buf[SV_LOCAL_MAX];
    unsigned char   domain_buf[SV_DOMAIN_MAX + 1];
    unsigned char   udomain_buf[SV_UDOMAIN_MAX];
} sv_address_t;


/*
 * Parses len octets at data (not NUL-terminated, may hold anything).  White
 * space around the address is not taken off: that is the caller's.  The
 * strings of *addr point into *addr (do not copy the struct); they are empty
 * where it is invalid.  Of a literal the domain is what was typed, with its
 * brackets.
 *
 * The grammar is that of RFC 5321, to which "a@192.0.2.1" is a domain: never
 * give a domain to a resolver that takes such a name for an IP address.
 */
sv_address_status_e sv_address_parse(const unsigned char *data, size_t len,
    sv_address_t *addr);

/* RFC 1123 host name with at least one dot, no last dot: HELO, MX targets
   (underscores allowed where lax) */
int sv_host_name_valid(const unsigned char *data, size_t len, int lax);


#endif /* _SV_ADDRESS_H_INCLUDED_ */
