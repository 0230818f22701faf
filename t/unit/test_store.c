
#define _GNU_SOURCE

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <setjmp.h>
#include <signal.h>
#include <unistd.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <cmocka.h>

#include "sv_store.h"


#define UNIT   16
#define NOW    1000
#define SIZE   (64 * 1024)


typedef struct {
    sv_store_t   st;
    void        *mem;
    size_t       size;
} box_t;


static uint32_t  seed = 12345;


static uint32_t
any(uint32_t n)
{
    seed = seed * 1664525 + 1013904223;
    return (seed >> 8) % n;
}


static void
key_of(unsigned n, unsigned char *key)
{
    uint32_t  hash;

    memset(key, 0, SV_STORE_KEY);
    hash = n * 2654435761u;
    memcpy(key, &hash, sizeof(hash));
    memcpy(key + 8, &n, sizeof(n));
}


/* what lies at a key tells what its data has to be */

static void
fill(unsigned char *data, size_t len, unsigned n, uint32_t variant,
    uint32_t tag)
{
    size_t  i;

    for (i = 0; i < len; i++) {
        data[i] = (unsigned char) (n * 7 + variant * 13 + tag * 31 + i);
    }
}


static int
put(sv_store_t *st, unsigned n, uint32_t variant, uint32_t tag, size_t len,
    uint32_t expires)
{
    sv_store_entry_t      e;
    static unsigned char  data[SV_STORE_MAX + 1];

    memset(&e, 0, sizeof(e));
    key_of(n, e.key);
    e.kind = 1;
    e.variant = variant;
    e.tag = tag;
    e.created = NOW;
    e.expires = expires;
    e.len = (uint16_t) len;

    fill(data, len, n, variant, tag);

    return sv_store_put(st, &e, data, NOW);
}


static sv_store_entry_t *
get(sv_store_t *st, unsigned n, uint32_t variant)
{
    unsigned char         key[SV_STORE_KEY];
    sv_store_entry_t     *e;
    static unsigned char  data[SV_STORE_MAX];

    key_of(n, key);
    e = sv_store_get(st, 1, key, variant);

    if (e) {
        fill(data, e->len, n, variant, e->tag);
        assert_memory_equal(sv_store_data(e), data, e->len);
    }

    return e;
}


/* walks the ring and all chains; the number of entries that can be found */

static long
walk(sv_store_t *st)
{
    long               found;
    uint32_t           i, link, at, steps, hash;
    unsigned char     *starts;
    sv_store_entry_t  *e;

    starts = calloc(1, st->head->units);
    assert_non_null(starts);

    for (at = st->head->tail; at != st->head->head; /* void */ ) {

        e = (sv_store_entry_t *) (st->ring + (size_t) at * UNIT);

        assert_true(e->units > 0);
        assert_true(e->units <= st->head->units - at);

        if (e->kind) {
            assert_true(sizeof(*e) + e->len <= (size_t) e->units * UNIT);
            starts[at] = 1;
        }

        at += e->units;

        if (at == st->head->units) {
            at = 0;
        }
    }

    found = 0;

    for (i = 0; i <= st->head->mask; i++) {

        steps = 0;

        for (link = st->chains[i]; link; link = e->next) {

            assert_true(link <= st->head->units);
            assert_int_equal(starts[link - 1], 1);
            assert_true(++steps < 10000);

            starts[link - 1] = 2;
            e = (sv_store_entry_t *) (st->ring + (size_t) (link - 1) * UNIT);

            memcpy(&hash, e->key, sizeof(hash));
            assert_int_equal(hash & st->head->mask, i);
            found++;
        }
    }

    free(starts);

    return found;
}


static int
setup(void **state)
{
    box_t  *box;

    box = calloc(1, sizeof(box_t));
    box->size = SIZE;
    box->mem = mmap(NULL, SIZE, PROT_READ|PROT_WRITE,
                    MAP_ANON|MAP_SHARED, -1, 0);

    assert_ptr_not_equal(box->mem, MAP_FAILED);
    assert_int_equal(sv_store_create(&box->st, box->mem, SIZE), 0);

    *state = box;

    return 0;
}


static int
teardown(void **state)
{
    box_t  *box = *state;

    munmap(box->mem, box->size);
    free(box);

    return 0;
}


static void
too_small(void **state)
{
    char        mem[64];
    sv_store_t  st;

    assert_int_equal(sv_store_create(&st, mem, sizeof(mem)), -1);
}


static void
put_and_get(void **state)
{
    box_t             *box = *state;
    sv_store_entry_t  *e;

    assert_null(get(&box->st, 1, 0));

    assert_int_equal(put(&box->st, 1, 0, 5, 100, NOW + 10), 0);

    e = get(&box->st, 1, 0);
    assert_non_null(e);
    assert_int_equal(e->len, 100);
    assert_int_equal(e->created, NOW);
    assert_int_equal(e->expires, NOW + 10);
    assert_int_equal(e->tag, 5);

    assert_null(get(&box->st, 1, 1));
    assert_null(get(&box->st, 2, 0));
    assert_int_equal(box->st.head->entries, 1);
    assert_int_equal(walk(&box->st), 1);
}


static void
data_may_be_empty_or_long(void **state)
{
    box_t  *box = *state;

    assert_int_equal(put(&box->st, 1, 0, 0, 0, NOW + 10), 0);
    assert_int_equal(put(&box->st, 2, 0, 0, SV_STORE_MAX, NOW + 10), 0);
    assert_int_equal(put(&box->st, 3, 0, 0, SV_STORE_MAX + 1, NOW + 10), -1);

    assert_int_equal(get(&box->st, 1, 0)->len, 0);
    assert_int_equal(get(&box->st, 2, 0)->len, SV_STORE_MAX);
    assert_null(get(&box->st, 3, 0));
}


static void
the_newest_counts(void **state)
{
    box_t  *box = *state;

    put(&box->st, 1, 0, 1, 100, NOW + 10);
    put(&box->st, 1, 7, 2, 50, NOW + 10);
    put(&box->st, 1, 0, 3, 20, NOW + 10);

    assert_int_equal(get(&box->st, 1, 0)->tag, 3);
    assert_int_equal(get(&box->st, 1, 7)->tag, 2);
    assert_int_equal(walk(&box->st), 2);
    assert_int_equal(box->st.head->entries, 2);
}


/* its times are new, and it takes no more room */

static void
the_same_takes_no_room(void **state)
{
    size_t             used;
    box_t             *box = *state;
    sv_store_entry_t  *e;

    put(&box->st, 1, 0, 1, 100, NOW + 10);
    used = sv_store_used(&box->st);

    put(&box->st, 1, 0, 1, 100, NOW + 20);

    e = get(&box->st, 1, 0);
    assert_int_equal(e->expires, NOW + 20);
    assert_int_equal(sv_store_used(&box->st), used);
    assert_int_equal(box->st.head->entries, 1);

    put(&box->st, 1, 0, 1, 101, NOW + 30);

    assert_int_equal(get(&box->st, 1, 0)->len, 101);
    assert_true(sv_store_used(&box->st) > used);
    assert_int_equal(walk(&box->st), 1);
}


static void
one_variant_is_dropped(void **state)
{
    box_t             *box = *state;
    unsigned char     *key;
    sv_store_entry_t  *e;

    put(&box->st, 1, 0, 1, 100, NOW + 10);
    put(&box->st, 1, 7, 2, 100, NOW + 10);

    e = get(&box->st, 1, 0);
    key = (unsigned char [SV_STORE_KEY]) { 0 };
    memcpy(key, e->key, SV_STORE_KEY);

    assert_int_equal(sv_store_drop(&box->st, e->kind, key, 0), 1);
    assert_int_equal(sv_store_drop(&box->st, 1, key, 0), 0);

    assert_null(get(&box->st, 1, 0));
    assert_non_null(get(&box->st, 1, 7));
}


static void
variants_are_bounded(void **state)
{
    unsigned   i;
    box_t     *box = *state;

    for (i = 0; i < 100; i++) {
        put(&box->st, 1, i, i, 10, NOW + 10);
    }

    assert_int_equal(walk(&box->st), SV_STORE_VARIANTS);
    assert_non_null(get(&box->st, 1, 99));
    assert_null(get(&box->st, 1, 0));
}


static int
holds(box_t *box, const void *data, size_t len)
{
    return memmem(box->mem, box->size, data, len) != NULL;
}


static void
erased_is_wiped(void **state)
{
    unsigned          i;
    box_t            *box = *state;
    unsigned char     key[SV_STORE_KEY];
    sv_store_entry_t  e;

    memset(&e, 0, sizeof(e));
    e.kind = 1;
    key_of(1, e.key);
    e.expires = NOW + 10;
    e.len = 10;

    for (i = 0; i < 3; i++) {
        e.variant = i % 2;
        assert_int_equal(sv_store_put(&box->st, &e, "secretdata", NOW), 0);
    }

    put(&box->st, 2, 0, 0, 100, NOW + 10);

    key_of(1, key);
    assert_true(holds(box, "secretdata", 10));
    assert_true(holds(box, key, sizeof(key)));

    assert_int_equal(sv_store_erase(&box->st, 2, key), 0);
    assert_int_equal(sv_store_erase(&box->st, 1, key), 2);
    assert_int_equal(sv_store_erase(&box->st, 1, key), 0);

    assert_false(holds(box, "secretdata", 10));
    assert_false(holds(box, key, sizeof(key)));

    assert_non_null(get(&box->st, 2, 0));
    assert_int_equal(walk(&box->st), 1);
}


static void
full_evicts_the_oldest(void **state)
{
    unsigned   i, n;
    box_t     *box = *state;

    for (i = 0; i < 5000; i++) {
        assert_int_equal(put(&box->st, i, 0, i, 100 + i % 50, NOW + 10), 0);
        assert_non_null(get(&box->st, i, 0));
    }

    n = (unsigned) walk(&box->st);

    assert_true(n > 250);
    assert_int_equal(box->st.head->entries, n);
    assert_int_equal(box->st.head->resets, 0);

    /* every one was asked for once, so that age alone decides */

    for (i = 0; i < 5000; i++) {
        if (i < 5000 - n - 64) {
            assert_null(get(&box->st, i, 0));

        } else if (i > 5000 - n + 64) {
            assert_non_null(get(&box->st, i, 0));
        }
    }
}


static void
what_is_used_stays(void **state)
{
    unsigned   i;
    box_t     *box = *state;

    put(&box->st, 1, 0, 1, 100, NOW + 10);
    put(&box->st, 2, 0, 2, 100, NOW);           /* expired: goes */

    for (i = 100; i < 5000; i++) {
        put(&box->st, i, 0, i, 100, NOW + 10);

        if (i < 300) {
            get(&box->st, 2, 0);
        }

        if (i % 20 == 0) {
            assert_non_null(get(&box->st, 1, 0));
        }
    }

    assert_non_null(get(&box->st, 1, 0));
    assert_null(get(&box->st, 2, 0));
    assert_true(box->st.head->renewed > 0);
}


static void
a_reload_finds_it_again(void **state)
{
    box_t       *box = *state;
    sv_store_t   st;

    put(&box->st, 1, 0, 1, 100, NOW + 10);

    assert_int_equal(sv_store_attach(&st, box->mem, box->size), 0);
    assert_non_null(get(&st, 1, 0));

    assert_int_equal(sv_store_attach(&st, box->mem, box->size / 2), -1);

    box->st.head->layout++;
    assert_int_equal(sv_store_attach(&st, box->mem, box->size), -1);
}


static void
work(sv_store_t *st)
{
    unsigned       n;
    unsigned char  key[SV_STORE_KEY];

    n = any(600);

    switch (any(8)) {

    case 0:
        key_of(n, key);
        sv_store_erase(st, 1, key);
        break;

    case 1:
    case 2:
    case 3:
        get(st, n, any(3));
        break;

    default:
        put(st, n, any(3), any(1000),
            any(50) ? any(300) : any(SV_STORE_MAX + 1), NOW + any(3));
    }
}


static void
random_work(void **state)
{
    unsigned   i;
    box_t     *box = *state;

    for (i = 0; i < 200000; i++) {
        work(&box->st);

        if (i % 1000 == 0) {
            assert_int_equal(box->st.head->entries, walk(&box->st));
        }
    }

    assert_int_equal(box->st.head->resets, 0);
}


/* the holder of the lock is killed anywhere; another one goes on */

static void
killed_anywhere(void **state)
{
    int        status;
    pid_t      pid;
    unsigned   i, n;
    box_t     *box = *state;

    for (i = 0; i < 300; i++) {

        seed = i;

        pid = fork();
        assert_true(pid >= 0);

        if (pid == 0) {
            for ( ;; ) {
                work(&box->st);
            }
        }

        usleep(200 + any(2000));
        kill(pid, SIGKILL);
        waitpid(pid, &status, 0);

        assert_true(WIFSIGNALED(status));
        assert_int_equal(WTERMSIG(status), SIGKILL);

        walk(&box->st);

        for (n = 0; n < 600; n++) {
            get(&box->st, n, 0);
        }
    }

    for (i = 0; i < 20000; i++) {
        work(&box->st);
    }

    walk(&box->st);
    assert_int_equal(box->st.head->resets, 0);
}


/* whatever is in the memory: no fault, no endless loop, and it recovers */

static void
garbage_is_survived(void **state)
{
    unsigned        i, n;
    box_t          *box = *state;
    unsigned char   key[SV_STORE_KEY], *byte;
    sv_store_entry_t  e;

    memset(&e, 0, sizeof(e));
    e.kind = 1;
    e.expires = NOW + 10;

    for (i = 0; i < 20000; i++) {

        n = any(600);
        key_of(n, key);
        memcpy(e.key, key, sizeof(key));
        e.len = (uint16_t) any(300);

        sv_store_put(&box->st, &e, box->mem, NOW);
        sv_store_get(&box->st, 1, key, 0);

        if (i % 7 == 0) {
            sv_store_erase(&box->st, 1, key);
        }

        if (i % 3 == 0) {
            byte = (unsigned char *) (i % 2 ? (void *) box->st.chains
                                            : (void *) box->st.ring);
            byte[any(40000)] = (unsigned char) any(256);
        }

        if (i % 500 == 0) {
            box->st.head->tail = any(0x7fffffff);
        }
    }

    assert_true(box->st.head->resets > 0);
    assert_int_equal(put(&box->st, 1, 0, 0, 100, NOW + 10), 0);
    assert_non_null(get(&box->st, 1, 0));
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(too_small),
        cmocka_unit_test_setup_teardown(put_and_get, setup, teardown),
        cmocka_unit_test_setup_teardown(data_may_be_empty_or_long, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(the_newest_counts, setup, teardown),
        cmocka_unit_test_setup_teardown(the_same_takes_no_room, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(one_variant_is_dropped, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(variants_are_bounded, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(erased_is_wiped, setup, teardown),
        cmocka_unit_test_setup_teardown(full_evicts_the_oldest, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(what_is_used_stays, setup, teardown),
        cmocka_unit_test_setup_teardown(a_reload_finds_it_again, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(random_work, setup, teardown),
        cmocka_unit_test_setup_teardown(killed_anywhere, setup, teardown),
        cmocka_unit_test_setup_teardown(garbage_is_survived, setup,
                                        teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
