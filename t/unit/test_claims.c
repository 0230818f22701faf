
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <setjmp.h>
#include <signal.h>
#include <unistd.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <cmocka.h>

#include "sv_claims.h"
#include "sv_owner.h"


#define SIZE  4096
#define NOW   1000000


static int            kills;       /* how often the system was asked */
static unsigned char  key1[SV_CLAIM_KEY] = "one";
static unsigned char  key2[SV_CLAIM_KEY] = "two";


int
kill(pid_t pid, int sig)
{
    kills++;

    return (int) syscall(SYS_kill, pid, sig);
}


static int
setup(void **state)
{
    sv_claims_t  *f;

    f = malloc(sizeof(sv_claims_t));

    *state = f;

    return sv_claims_create(f, mmap(NULL, SIZE, PROT_READ|PROT_WRITE,
                                    MAP_ANON|MAP_SHARED, -1, 0), SIZE);
}


static int
teardown(void **state)
{
    sv_claims_t  *f = *state;

    munmap(f->head, SIZE);
    free(f);

    return 0;
}


static void
one_owner(void **state)
{
    uint64_t       id, other;
    sv_claims_t  *f = *state;

    assert_int_equal(sv_claims_claim(f, key1, sv_owner(1, getpid()), NOW,
                                     NOW + 10, &id),
                     SV_CLAIM_MINE);
    assert_int_equal(sv_claims_claim(f, key1, sv_owner(2, getppid()), NOW,
                                     NOW + 10, &other),
                     SV_CLAIM_OTHERS);
    assert_int_equal(id, other);

    assert_int_equal(sv_claims_claim(f, key2, sv_owner(2, getppid()), NOW,
                                     NOW + 10, &other),
                     SV_CLAIM_MINE);
    assert_int_not_equal(id, other);
    assert_int_equal(sv_claims_count(f, NOW), 2);

    sv_claims_release(f, key1, other);
    assert_int_equal(sv_claims_wait(f, key1, id, NOW), 1);

    sv_claims_release(f, key1, id);
    assert_int_equal(sv_claims_wait(f, key1, id, NOW), 0);
    assert_int_equal(sv_claims_count(f, NOW), 1);

    assert_int_equal(sv_claims_claim(f, key1, getpid(), NOW, NOW + 10,
                                     &other),
                     SV_CLAIM_MINE);
    assert_true(other > id);
}


static void
wanted(void **state)
{
    uint64_t       id;
    sv_claims_t  *f = *state;

    sv_claims_claim(f, key1, getpid(), NOW, NOW + 1000, &id);

    assert_int_equal(sv_claims_wanted(f, key1, id, NOW, 100), 0);
    assert_int_equal(sv_claims_wait(f, key1, id, NOW), 1);
    assert_int_equal(sv_claims_wanted(f, key1, id, NOW + 50, 100), 1);
    assert_int_equal(sv_claims_wanted(f, key1, id, NOW + 150, 100), 0);
}


static void
deadlines(void **state)
{
    uint64_t       id, other;
    sv_claims_t  *f = *state;

    sv_claims_claim(f, key1, getpid(), NOW, NOW + 10, &id);

    assert_int_equal(sv_claims_wait(f, key1, id, NOW + 10), 0);
    assert_int_equal(sv_claims_claim(f, key1, getpid(), NOW + 10, NOW + 20,
                                     &other),
                     SV_CLAIM_MINE);
    assert_int_not_equal(id, other);

    /* the first one comes late, and must not end the other's */

    sv_claims_release(f, key1, id);
    assert_int_equal(sv_claims_wait(f, key1, other, NOW + 10), 1);
}


static void
dead_owners(void **state)
{
    int            status;
    pid_t          pid;
    uint64_t       id, other;
    sv_claims_t  *f = *state;

    pid = fork();
    assert_true(pid >= 0);

    if (pid == 0) {
        sv_claims_claim(f, key1, getpid(), NOW, NOW + 1000, &id);
        _exit(0);
    }

    waitpid(pid, &status, 0);

    assert_int_equal(sv_claims_count(f, NOW), 0);
    assert_int_equal(sv_claims_claim(f, key1, getpid(), NOW, NOW + 10,
                                     &other),
                     SV_CLAIM_MINE);
}


/* a number that lives, as it came back: whoever has the place knows better */

static void
followed(void **state)
{
    uint64_t       id, other;
    sv_claims_t  *f = *state;

    sv_claims_claim(f, key1, sv_owner(3, getppid()), NOW, NOW + 1000, &id);
    sv_claims_claim(f, key2, sv_owner(4, getppid()), NOW, NOW + 1000, &id);

    assert_int_equal(sv_claims_count(f, NOW), 2);
    assert_int_equal(sv_claims_claim(f, key1, sv_owner(3, getpid()), NOW,
                                     NOW + 1000, &other),
                     SV_CLAIM_MINE);

    sv_claims_disown(f, sv_owner(4, getpid()));
    assert_int_equal(sv_claims_wait(f, key2, id, NOW), 0);
    assert_int_equal(sv_claims_wait(f, key1, other, NOW), 1);
    assert_int_equal(sv_claims_count(f, NOW), 1);
}


/* ten wait for ten seconds, each looks 40 times a second */

static void
seldom_looked_at(void **state)
{
    int            i, n, status;
    pid_t          pid;
    uint64_t       id, now;
    sv_claims_t  *f = *state;

    pid = fork();
    assert_true(pid >= 0);

    if (pid == 0) {
        pause();
        _exit(0);
    }

    sv_claims_claim(f, key1, sv_owner(3, pid), NOW, NOW + 60000, &id);
    f->self = sv_owner(4, getpid());

    kills = 0;

    for (now = NOW; now < NOW + 10000; now += 25) {
        for (i = 0; i < 10; i++) {
            assert_int_equal(sv_claims_wait(f, key1, id, now), 1);
        }
    }

    assert_in_range(kills, 10, 20);

    /* it is killed: the next look is never far */

    kill(pid, SIGKILL);
    waitpid(pid, &status, 0);

    for (n = 0; sv_claims_wait(f, key1, id, now); n++) {
        now += 25;
    }

    assert_in_range(n, 0, SV_CLAIM_TRUST / 25);
}


static void
no_room(void **state)
{
    unsigned        i, mine;
    uint64_t        id;
    sv_claims_t   *f = *state;
    unsigned char   key[SV_CLAIM_KEY];

    memset(key, 0, sizeof(key));
    mine = 0;

    for (i = 0; i < 1000; i++) {
        memcpy(key, &i, sizeof(i));

        if (sv_claims_claim(f, key, getpid(), NOW, NOW + 10, &id)
            == SV_CLAIM_MINE)
        {
            mine++;
        }
    }

    assert_int_equal(mine, f->head->sets * SV_CLAIM_WAYS);
    assert_int_equal(sv_claims_count(f, NOW), mine);
}


/* wherever the memory begins, nothing is written behind its end */

static void
any_place(void **state)
{
    size_t          at, i;
    uint64_t        id;
    unsigned        n;
    sv_claims_t     f;
    unsigned char   key[SV_CLAIM_KEY], mem[SIZE] __attribute__ ((aligned (64)));

    (void) state;

    memset(key, 0, sizeof(key));

    for (at = 0; at < 64; at += 8) {

        memset(mem, 0xa5, sizeof(mem));

        assert_int_equal(sv_claims_create(&f, mem + at, SIZE - 128), 0);
        assert_int_equal((uintptr_t) f.sets % 64, 0);

        for (n = 0; n < 1000; n++) {
            memcpy(key, &n, sizeof(n));
            sv_claims_claim(&f, key, getpid(), NOW, NOW + 10, &id);
        }

        assert_int_equal(sv_claims_count(&f, NOW),
                         f.head->sets * SV_CLAIM_WAYS);

        for (i = 0; i < SIZE; i++) {
            if (i < at || i >= at + SIZE - 128) {
                assert_int_equal(mem[i], 0xa5);
            }
        }

        assert_int_equal(sv_claims_create(&f, mem + at, 64), -1);
    }
}


static void
killed_anywhere(void **state)
{
    int             status;
    pid_t           pid;
    unsigned        i, n;
    uint64_t        id;
    sv_claims_t   *f = *state;
    unsigned char   key[SV_CLAIM_KEY];

    memset(key, 0, sizeof(key));

    for (i = 0; i < 200; i++) {

        pid = fork();
        assert_true(pid >= 0);

        if (pid == 0) {
            for (n = 0; /* void */ ; n = (n + 1) % 100) {
                memcpy(key, &n, sizeof(n));
                sv_claims_claim(f, key, getpid(), NOW, NOW + 10, &id);

                if (n % 3) {
                    sv_claims_release(f, key, id);
                }
            }
        }

        usleep(200);
        kill(pid, SIGKILL);
        waitpid(pid, &status, 0);

        assert_int_equal(sv_claims_count(f, NOW), 0);
    }
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test_setup_teardown(one_owner, setup, teardown),
        cmocka_unit_test_setup_teardown(wanted, setup, teardown),
        cmocka_unit_test_setup_teardown(deadlines, setup, teardown),
        cmocka_unit_test_setup_teardown(dead_owners, setup, teardown),
        cmocka_unit_test_setup_teardown(followed, setup, teardown),
        cmocka_unit_test_setup_teardown(seldom_looked_at, setup, teardown),
        cmocka_unit_test_setup_teardown(no_room, setup, teardown),
        cmocka_unit_test(any_place),
        cmocka_unit_test_setup_teardown(killed_anywhere, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
