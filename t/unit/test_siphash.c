
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <setjmp.h>
#include <cmocka.h>

#include "sv_siphash.h"


/* of the reference implementation's vectors for 128 bits */

static const struct {
    size_t       len;
    const char  *hash;
} vectors[] = {
    { 0, "a3817f04ba25a8e66df67214c7550293" },
    { 1, "da87c1d86b99af44347659119b22fc45" },
    { 2, "8177228da4a45dc7fca38bdef60affe4" },
    { 7, "a1f1ebbed8dbc153c0b84aa61ff08239" },
    { 8, "3b62a9ba6258f5610f83e264f31497b4" },
    { 9, "264499060ad9baabc47f8b02bb6d71ed" },
    { 15, "5493e99933b0a8117e08ec0f97cfc3d9" },
    { 16, "6ee2a4ca67b054bbfd3315bf85230577" },
    { 63, "5150d1772f50834a503e069a973fbd7c" },
};


static void
published_vectors(void **state)
{
    char           hex[SV_SIPHASH_LEN * 2 + 1];
    size_t         i, n;
    unsigned char  key[16], data[64], hash[SV_SIPHASH_LEN];

    for (i = 0; i < sizeof(data); i++) {
        data[i] = (unsigned char) i;
    }

    memcpy(key, data, sizeof(key));

    for (i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {

        sv_siphash(key, data, vectors[i].len, hash);

        for (n = 0; n < SV_SIPHASH_LEN; n++) {
            sprintf(hex + n * 2, "%02x", hash[n]);
        }

        assert_string_equal(hex, vectors[i].hash);
    }
}


static void
key_and_length_matter(void **state)
{
    unsigned char  key[16], one[SV_SIPHASH_LEN], two[SV_SIPHASH_LEN];

    memset(key, 0, sizeof(key));

    sv_siphash(key, "\0\0", 1, one);
    sv_siphash(key, "\0\0", 2, two);
    assert_memory_not_equal(one, two, SV_SIPHASH_LEN);

    key[15] = 1;
    sv_siphash(key, "\0\0", 2, one);
    assert_memory_not_equal(one, two, SV_SIPHASH_LEN);
}


/* of names that take each other's place, under two keys, and too long ones */

static void
remembered_is_the_same(void **state)
{
    int            i, len;
    unsigned char  key[16], name[96], one[SV_SIPHASH_LEN], two[SV_SIPHASH_LEN];

    memset(key, 7, sizeof(key));

    for (i = 0; i < 20000; i++) {

        len = i % 97;
        memset(name, 'a' + i % 5, sizeof(name));
        name[i % 13] = (unsigned char) (i / 7 % 50);
        key[i % 2 ? 0 : 15] = (unsigned char) (i / 3 % 2);

        sv_siphash(key, name, (size_t) len, one);
        sv_siphash_name(key, name, (size_t) len, two);
        assert_memory_equal(one, two, SV_SIPHASH_LEN);

        sv_siphash_name(key, name, (size_t) len, two);
        assert_memory_equal(one, two, SV_SIPHASH_LEN);
    }
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(published_vectors),
        cmocka_unit_test(key_and_length_matter),
        cmocka_unit_test(remembered_is_the_same),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
