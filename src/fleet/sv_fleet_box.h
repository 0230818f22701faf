
/*
 * Messages that machines of a fleet hand to each other by their store.  They
 * are sealed by AES-256-GCM, with a key of their own that is derived from that
 * of the values, and bound to a name: a message that was put elsewhere does not
 * open.
 */


#ifndef _SV_FLEET_BOX_H_INCLUDED_
#define _SV_FLEET_BOX_H_INCLUDED_


#include "sv_fleet_seal.h"
#include "sv_str.h"


#define SV_FLEET_BOX       (SV_FLEET_NONCE + SV_FLEET_TAG)  /* octets more */
#define SV_FLEET_BOX_NAME  256


/* "out" has room for len + SV_FLEET_BOX octets.  Returns how many there are, or
   0 if it failed. */
size_t sv_fleet_box_seal(const sv_fleet_keys_t *keys, const sv_str_t *name,
    const unsigned char *data, size_t len, unsigned char *out);

/* "out" has room for len octets.  Returns -1 if this was not sealed under this
   name, with this key, by the same version of the module; else *n octets are
   there. */
int sv_fleet_box_open(const sv_fleet_keys_t *keys, const sv_str_t *name,
    const unsigned char *data, size_t len, unsigned char *out, size_t *n);

/* A name for whatever must not be told to those without the key: 32 hex
   digits. */
#define SV_FLEET_ALIAS  32
void sv_fleet_alias(const sv_fleet_keys_t *keys, const char *what,
    unsigned char *alias);


#endif /* _SV_FLEET_BOX_H_INCLUDED_ */
