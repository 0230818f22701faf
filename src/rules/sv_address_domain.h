
/* Internal to the address parser: what follows the "@". */


#ifndef _SV_ADDRESS_DOMAIN_H_INCLUDED_
#define _SV_ADDRESS_DOMAIN_H_INCLUDED_


#include "sv_address.h"


/* A fast path for domains of letters, digits, dots and hyphens without
   A-labels.  Returns 1 if the domain was read; 0 if sv_address_domain() has to
   be called. */
int sv_address_plain_domain(sv_address_t *addr, const unsigned char *data,
    size_t len);

/* Set addr->domain and addr->udomain.  Return NULL, or a sentence that says
   what is wrong. */
const char *sv_address_domain(sv_address_t *addr, const unsigned char *data,
    size_t len);
const char *sv_address_literal(sv_address_t *addr, const unsigned char *data,
    size_t len);


#endif /* _SV_ADDRESS_DOMAIN_H_INCLUDED_ */
