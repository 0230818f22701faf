
#include <stdint.h>
#include <string.h>

#include "sv_keys.h"


#define SV_KEYS_SLOTS  256
#define SV_KEYS_NAME   63       /* octets; longer: not remembered */


typedef struct {
    unsigned char  key[16];
    unsigned char  hash[SV_SIPHASH_LEN];
    unsigned char  len;         /* 0: nothing */
    unsigned char  name[SV_KEYS_NAME];
} sv_keys_entry_t;


static unsigned sv_keys_place(const unsigned char *name, size_t len);


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

    s = &entries[sv_keys_place(name, len)];

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


/* whoever makes names meet in one place gains nothing: they are not
   remembered, that is all */

static unsigned
sv_keys_place(const unsigned char *name, size_t len)
{
    size_t    i;
    uint64_t  h, word;

    h = len;
    word = 0;

    for (i = 0; i + 8 <= len; i += 8) {
        memcpy(&word, name + i, 8);
        h = (h ^ word) * 0x9e3779b97f4a7c15ULL;
        h ^= h >> 32;
    }

    word = 0;

    for ( /* void */ ; i < len; i++) {
        word = word << 8 | name[i];
    }

    h = (h ^ word) * 0x9e3779b97f4a7c15ULL;

    return (unsigned) (h >> 56) % SV_KEYS_SLOTS;
}
