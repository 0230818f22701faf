
/* Entries of the store that machines share: only who has the key can read or
   make one, and only under its own name. */

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <setjmp.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "sv_fleet_seal.h"


static sv_fleet_keys_t   keys;
static sv_fleet_entry_t  e;
static unsigned char     text[SV_STORE_MAX];
static unsigned char     value[SV_FLEET_VALUE];
static unsigned char     back[SV_STORE_MAX];


static int
setup(void **state)
{
    (void) state;

    memset(&keys, 'k', sizeof(keys));
    memset(&e, 0, sizeof(e));
    memset(e.key, 0x5a, sizeof(e.key));

    e.kind = 1;
    e.variant = 0xfeedbeef;
    e.rank = 5;
    e.created = 1700000000;
    e.expires = 1700003600;
    e.later = 77;
    e.unasked = 1;
    e.len = (size_t) sprintf((char *) text, "a packed result");
    e.data = text;

    return 0;
}


static int
unseal(size_t len, const sv_fleet_entry_t *name)
{
    sv_fleet_entry_t  copy;

    copy = *name;
    copy.created = copy.expires = 0;
    copy.later = copy.unasked = copy.rank = 0;
    copy.data = back;

    if (sv_fleet_open(&keys, &copy, value, len) != 0) {
        return -1;
    }

    assert_int_equal(copy.len, e.len);
    assert_memory_equal(back, text, e.len);
    assert_int_equal(copy.created, e.created);
    assert_int_equal(copy.expires, e.expires);
    assert_int_equal(copy.later, e.later);
    assert_int_equal(copy.unasked, e.unasked);
    assert_int_equal(copy.rank, e.rank);

    return 0;
}


static void
there_and_back(void **state)
{
    size_t  len;

    (void) state;

    len = sv_fleet_seal(&keys, &e, value);

    assert_int_equal(len, SV_FLEET_OVERHEAD + e.len);
    assert_memory_equal(value, "5 1700003600 1700000000 ", SV_FLEET_HEAD);
    assert_int_equal(unseal(len, &e), 0);

    e.len = 0;
    assert_int_equal(unseal(sv_fleet_seal(&keys, &e, value), &e), 0);

    e.len = SV_STORE_MAX;
    assert_int_equal(unseal(sv_fleet_seal(&keys, &e, value), &e), 0);

    e.len = SV_STORE_MAX + 1;
    assert_int_equal(sv_fleet_seal(&keys, &e, value), 0);
}


static void
each_bit_counts(void **state)
{
    size_t  i, len;

    (void) state;

    len = sv_fleet_seal(&keys, &e, value);

    for (i = 0; i < len * 8; i++) {
        value[i / 8] ^= (unsigned char) (1 << i % 8);
        assert_int_equal(unseal(len, &e), -1);
        value[i / 8] ^= (unsigned char) (1 << i % 8);
    }

    for (i = 0; i < len; i++) {
        assert_int_equal(unseal(i, &e), -1);
    }

    assert_int_equal(unseal(len + 1, &e), -1);
    assert_int_equal(unseal(len, &e), 0);
}


static void
only_under_its_name(void **state)
{
    size_t            len;
    sv_fleet_entry_t  other;

    (void) state;

    len = sv_fleet_seal(&keys, &e, value);

    other = e;
    other.kind = 2;
    assert_int_equal(unseal(len, &other), -1);

    other = e;
    other.variant++;
    assert_int_equal(unseal(len, &other), -1);

    other = e;
    other.key[15] ^= 1;
    assert_int_equal(unseal(len, &other), -1);

    keys.values[0] ^= 1;
    assert_int_equal(unseal(len, &e), -1);
}


static void
never_twice_the_same(void **state)
{
    size_t         len;
    unsigned char  first[SV_FLEET_VALUE];

    (void) state;

    len = sv_fleet_seal(&keys, &e, value);
    memcpy(first, value, len);

    assert_int_equal(sv_fleet_seal(&keys, &e, value), len);
    assert_memory_not_equal(first, value, len);
}


static const char *
read_key(const char *content, size_t len, mode_t mode)
{
    FILE        *file;
    char         name[] = "/tmp/test_fleet_XXXXXX";
    const char  *why;

    assert_true(close(mkstemp(name)) == 0);

    file = fopen(name, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(content, 1, len, file), len);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(chmod(name, mode), 0);

    why = sv_fleet_keys_read(&keys, name);

    assert_int_equal(unlink(name), 0);

    return why;
}


static void
key_files(void **state)
{
    static char       content[5000];
    sv_fleet_keys_t   first;

    (void) state;

    memset(content, 'x', sizeof(content));

    assert_string_equal(read_key(content, 31, 0600),
                        "the file needs 32 random octets or more");
    assert_string_equal(read_key(content, 4097, 0600),
                        "the file has more than 4096 octets");
    assert_string_equal(read_key(content, 32, 0644),
                        "others than its owner and group may read or write "
                        "the file");
    assert_non_null(sv_fleet_keys_read(&keys, "/nowhere/at/all"));
    assert_non_null(sv_fleet_keys_read(&keys, "/dev/zero"));

    assert_null(read_key(content, 32, 0600));
    first = keys;
    assert_memory_not_equal(first.names, first.values, SV_SIPHASH_LEN);

    assert_null(read_key(content, 4096, 0640));
    assert_memory_not_equal(first.values, keys.values, sizeof(keys.values));

    assert_null(read_key(content, 32, 0400));
    assert_memory_equal(&first, &keys, sizeof(keys));

    content[31] = 'y';
    assert_null(read_key(content, 32, 0600));
    assert_memory_not_equal(first.names, keys.names, SV_SIPHASH_LEN);
    assert_memory_not_equal(first.values, keys.values, sizeof(keys.values));
}


/* Clocks may be wrong: an entry is valid for no longer than it was meant to
   be. */

static void
by_our_clock(void **state)
{
    time_t  age, left;

    (void) state;

    assert_int_equal(sv_fleet_age(&e, 1700000100, &age, &left), 0);
    assert_int_equal(age, 100);
    assert_int_equal(left, 3500);

    /* it was made by a clock that is ahead */

    assert_int_equal(sv_fleet_age(&e, 1699999940, &age, &left), 0);
    assert_int_equal(age, 0);
    assert_int_equal(left, 3600);
    assert_int_equal(sv_fleet_age(&e, 1699999939, &age, &left), -1);
    assert_int_equal(sv_fleet_age(&e, 0, &age, &left), -1);

    assert_int_equal(sv_fleet_age(&e, 1700003599, &age, &left), 0);
    assert_int_equal(left, 1);
    assert_int_equal(sv_fleet_age(&e, 1700003600, &age, &left), -1);

    e.expires = e.created;
    assert_int_equal(sv_fleet_age(&e, e.created - 1, &age, &left), -1);
}


static void
variants(void **state)
{
    (void) state;

    assert_int_not_equal(sv_fleet_variant(0), 0);
    assert_int_not_equal(sv_fleet_variant(0), sv_fleet_variant(1));
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test_setup(there_and_back, setup),
        cmocka_unit_test_setup(each_bit_counts, setup),
        cmocka_unit_test_setup(only_under_its_name, setup),
        cmocka_unit_test_setup(never_twice_the_same, setup),
        cmocka_unit_test_setup(key_files, setup),
        cmocka_unit_test_setup(by_our_clock, setup),
        cmocka_unit_test_setup(variants, setup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
