
/*
 * Entries as the shared store keeps them.  Whoever has the store, but not the
 * file with the key, can neither read an entry nor make one: names are hashes
 * under a key that is derived from the file, and values are sealed by
 * AES-256-GCM together with the name that they are stored under.
 *
 * A value begins with a head in clear, which the scripts of the store compare:
 *
 *   R EEEEEEEEEE CCCCCCCCCC<space>
 *
 * R is the rank, E and C are the times of expiry and creation in seconds since
 * 1970.  A nonce, the sealed data and a tag follow.  The head is authenticated.
 */


#ifndef _SV_FLEET_SEAL_H_INCLUDED_
#define _SV_FLEET_SEAL_H_INCLUDED_


#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "sv_siphash.h"
#include "sv_store.h"


#define SV_FLEET_KEY_MIN   32       /* octets of the file */
#define SV_FLEET_KEY_MAX   4096
#define SV_FLEET_HEAD      24
#define SV_FLEET_NONCE     12
#define SV_FLEET_TAG       16
#define SV_FLEET_BODY      8        /* octets of fields before the data */
#define SV_FLEET_OVERHEAD  (SV_FLEET_HEAD + SV_FLEET_NONCE + SV_FLEET_BODY    \
                            + SV_FLEET_TAG)
#define SV_FLEET_SKEW      60       /* seconds that clocks may differ */
#define SV_FLEET_VALUE     (SV_FLEET_OVERHEAD + SV_STORE_MAX)


typedef struct {
    unsigned char     names[SV_SIPHASH_LEN];    /* key of the names' hashes */
    unsigned char     values[32];               /* key of the values */
} sv_fleet_keys_t;


/* Times are in seconds since 1970. */

typedef struct {
    unsigned          kind;
    unsigned char     key[SV_STORE_KEY];
    uint32_t          variant;
    unsigned          rank;         /* 0 to 9; an entry of a lower rank does
                                       not take the place of a valid one */
    time_t            created;
    time_t            expires;
    uint32_t          later;
    unsigned          unasked;
    size_t            len;
    unsigned char    *data;
} sv_fleet_entry_t;


/* Reads the file, whose content may be anything of SV_FLEET_KEY_MIN octets or
   more.  Returns NULL, or what is wrong. */
const char *sv_fleet_keys_read(sv_fleet_keys_t *keys, const char *file);

/* Under which variant an entry is stored.  Versions of the module that cannot
   read each other's entries keep them side by side, under one key. */
uint32_t sv_fleet_variant(uint32_t variant);

/* "value" has room for SV_FLEET_VALUE octets.  Returns the length, or 0 if it
   failed. */
size_t sv_fleet_seal(sv_fleet_keys_t *keys, sv_fleet_entry_t *e,
    unsigned char *value);

/* The caller sets kind, key and variant of the entry, and data to room for
   SV_STORE_MAX octets.  Returns -1 if this is not a value of this entry that
   was sealed under this key by the same version of the module. */
int sv_fleet_open(sv_fleet_keys_t *keys, sv_fleet_entry_t *e,
    const unsigned char *value, size_t len);

/*
 * How old an entry is, and for how long it is still valid, by the clock of this
 * machine, in seconds.  That of the machine that made it may be wrong: no entry
 * is valid for longer than it was meant to be.  Returns -1 if it is not valid
 * any more, or was made in the future.
 */
int sv_fleet_age(const sv_fleet_entry_t *e, time_t now, time_t *age,
    time_t *left);


#endif /* _SV_FLEET_SEAL_H_INCLUDED_ */
