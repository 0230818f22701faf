
/*
 * An e-mail address as RCPT TO carries it: Mailbox of RFC 5321 section 4.1.2,
 * with UTF-8 local parts (RFC 6531) and IDN domains (RFC 5891).
 */


#ifndef _SV_ADDRESS_H_INCLUDED_
#define _SV_ADDRESS_H_INCLUDED_


#include "sv_str.h"


#define SV_LOCAL_MAX    64      /* octets, RFC 5321 section 4.5.3.1.1 */
#define SV_DOMAIN_MAX   253     /* octets of A-labels with dots */
#define SV_UDOMAIN_MAX  1024    /* octets of U-labels in UTF-8 */
#define SV_ADDRESS_MAX  254     /* octets of a path without <>, RFC 5321 */


typedef enum {
    SV_ADDRESS_OK = 0,
    SV_ADDRESS_LITERAL,         /* valid, but a domain literal, which is not
                                   probed */
    SV_ADDRESS_INVALID          /* see error */
} sv_address_status_e;


typedef struct {
    sv_str_t        local;      /* as sent: quoted only if necessary; its case
                                   is kept */
    sv_str_t        domain;     /* A-labels, lower case, no trailing dot */
    sv_str_t        udomain;    /* U-labels in UTF-8; equals the domain if it
                                   has none */
    const char     *error;      /* a sentence for people, or NULL */

    unsigned        quoted:1;   /* the local part is sent quoted */
    unsigned        utf8:1;     /* the local part needs SMTPUTF8 */

    unsigned char   local_buf[SV_LOCAL_MAX];
    unsigned char   domain_buf[SV_DOMAIN_MAX + 1];
    unsigned char   udomain_buf[SV_UDOMAIN_MAX];
} sv_address_t;


/*
 * Parses len octets at data, which need not be NUL-terminated and may hold any
 * bytes.  The caller removes white space around the address.  The strings of
 * *addr point into *addr, so the struct must not be copied; they are empty if
 * the address is invalid.  The domain of a literal is what was typed, with
 * brackets.
 *
 * In the grammar of RFC 5321, "192.0.2.1" in "a@192.0.2.1" is a domain.  So
 * never give a domain to a resolver that takes such a name for an IP address.
 */
sv_address_status_e sv_address_parse(const unsigned char *data, size_t len,
    sv_address_t *addr);

/* Returns 1 for a host name (RFC 1123) with at least one dot and no trailing
   dot, as in HELO and MX records.  lax: underscores are allowed, too. */
int sv_host_name_valid(const unsigned char *data, size_t len, int lax);


#endif /* _SV_ADDRESS_H_INCLUDED_ */
