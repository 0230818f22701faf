
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <setjmp.h>
#include <cmocka.h>

#include "sv_lease.h"


#define NOW  1000


static sv_lease_t *
table(uint32_t n, uint32_t open)
{
    uint32_t     b;
    sv_lease_t  *l;

    l = sv_lease_init(malloc(sv_lease_size(n)), n);

    for (b = 0; b < open; b++) {
        sv_lease_open(l, b);
    }

    return l;
}


/* Each block has one owner at a time, and its turn. */

static void
each_block_once(void **state)
{
    uint32_t     b, i, n, sizes[] = { 1, 2, 255, 256, 257, 1000 };
    sv_lease_t  *l;

    for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        char  seen[1000] = { 0 };

        l = table(sizes[i], sizes[i]);

        for (n = 0; sv_lease_take(l, 1 + n % 2, NOW, &b); n++) {
            assert_true(b < sizes[i]);
            assert_false(seen[b]);
            seen[b] = 1;
        }

        assert_int_equal(n, sizes[i]);
        assert_int_equal(l->nfree, 0);
        assert_int_equal(l->nleased, sizes[i]);

        free(l);
    }
}


static void
neighbours_are_apart(void **state)
{
    uint32_t     one, two;
    sv_lease_t  *l;

    l = table(256, 256);

    assert_true(sv_lease_take(l, 1, NOW, &one));
    assert_true(sv_lease_take(l, 2, NOW, &two));
    assert_true(one > two ? one - two > 16 : two - one > 16);

    free(l);
}


static void
closed_blocks_stay_closed(void **state)
{
    uint32_t     b, again;
    sv_lease_t  *l;

    l = table(2, 1);

    assert_true(sv_lease_take(l, 7, NOW, &b));
    assert_int_equal(b, 0);

    /* only the owner ends a lease */

    assert_false(sv_lease_close(l, 8, b));
    assert_false(sv_lease_give(l, 8, b, 0));
    assert_true(sv_lease_close(l, 7, b));
    assert_false(sv_lease_close(l, 7, b));

    assert_false(sv_lease_take(l, 7, NOW, &again));
    assert_int_equal(l->nfree, 0);
    assert_int_equal(l->nleased, 0);

    free(l);
}


static void
the_dead_leave_their_blocks(void **state)
{
    uint32_t     b, n;
    sv_lease_t  *l;

    l = table(10, 10);

    for (n = 0; n < 6; n++) {
        assert_true(sv_lease_take(l, 1 + n % 2, NOW, &b));
    }

    assert_true(sv_lease_close(l, 2, b));

    assert_int_equal(sv_lease_reap(l, 1), 3);
    assert_int_equal(sv_lease_reap(l, 1), 0);
    assert_int_equal(l->nleased, 2);
    assert_int_equal(l->nfree, 7);

    for (n = 0; sv_lease_take(l, 3, NOW, &b); n++) { /* void */ }

    assert_int_equal(n, 7);

    free(l);
}


/* A block that rests is not leased before its time, and others are. */

static void
a_block_rests(void **state)
{
    uint32_t     b, other;
    sv_lease_t  *l;

    l = table(2, 2);

    assert_true(sv_lease_take(l, 1, NOW, &b));
    assert_true(sv_lease_give(l, 1, b, NOW + 10));

    assert_true(sv_lease_take(l, 1, NOW, &other));
    assert_int_not_equal(b, other);

    assert_false(sv_lease_take(l, 1, NOW, &other));
    assert_false(sv_lease_take(l, 1, NOW + 9, &other));
    assert_int_equal(l->soonest, NOW + 10);

    assert_true(sv_lease_take(l, 1, NOW + 10, &other));
    assert_int_equal(b, other);

    /* one that is given back early is there at once */

    assert_true(sv_lease_give(l, 1, b, NOW + 100));
    assert_false(sv_lease_take(l, 1, NOW + 10, &other));
    assert_int_equal(sv_lease_reap(l, 1), 1);
    assert_true(sv_lease_take(l, 1, NOW + 10, &other));
    assert_int_not_equal(b, other);

    free(l);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(each_block_once),
        cmocka_unit_test(neighbours_are_apart),
        cmocka_unit_test(closed_blocks_stay_closed),
        cmocka_unit_test(the_dead_leave_their_blocks),
        cmocka_unit_test(a_block_rests),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
