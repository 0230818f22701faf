
#include <stdint.h>
#include <string.h>

#include "sv_keys.h"


#define SV_KEYS_SLOTS  256
#define SV_KEYS_NAME   63       /* octets; longer names are not remembered */


typedef struct {
    unsigned char  key[16];
    unsigned char  hash[SV_SIPHASH_LEN];
    unsigned char  len;         /* 0: empty */
    unsigned char  name[SV_KEYS_NAME];
} sv_keys_entry_t;


/* Somebody who makes names collide here only makes them be hashed again. */

void
sv_keys_hash(const unsigned char key[16], const void *name, size_t len,
    unsigned char hash[SV_SIPHASH_LEN])
{
    sv_keys_entry_t         *s;
    static sv_keys_entry_t   entries[SV_KEYS_SLOTS];

    if (len == 0 || len > SV_KEYS_NAME) {
        sv_siphash(key, name, len, hash);
        return;
    }

    s = &entries[sv_place(name, len) % SV_KEYS_SLOTS];

    if (s->len != len || memcmp(s->key, key, 16) != 0
        || memcmp(s->name, name, len) != 0)
    {
        sv_siphash(key, name, len, s->hash);

        memcpy(s->key, key, 16);
        memcpy(s->name, name, len);
        s->len = (unsigned char) len;
    }

    memcpy(hash, s->hash, SV_SIPHASH_LEN);
}
