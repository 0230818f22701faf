
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <unistd.h>
#include <sys/wait.h>
#include <cmocka.h>

#include "sv_owner.h"


static pid_t
dead(void)
{
    int    status;
    pid_t  pid;

    pid = fork();
    assert_true(pid >= 0);

    if (pid == 0) {
        _exit(0);
    }

    waitpid(pid, &status, 0);

    return pid;
}


static void
words(void **state)
{
    (void) state;

    assert_int_equal(sv_owner_place(sv_owner(0, 1)), 0);
    assert_int_equal(sv_owner_place(sv_owner(1023, 4194303)), 1023);
    assert_int_equal(sv_owner_pid(sv_owner(1023, 4194303)), 4194303);
    assert_int_equal(sv_owner_pid(sv_owner(7, 1)), 1);
    assert_int_not_equal(sv_owner(0, 1), 0);
    assert_int_not_equal(sv_owner(1, 5), sv_owner(2, 5));
}


static void
living_and_dead(void **state)
{
    (void) state;

    assert_int_equal(sv_owner_is_alive(0, 0), 0);
    assert_int_equal(sv_owner_is_alive(SV_OWNER_GONE, 0), 0);
    assert_int_equal(sv_owner_is_alive(SV_OWNER_GONE, sv_owner(1, 1)), 0);
    assert_int_equal(sv_owner_is_alive(sv_owner(3, getpid()), 0), 1);
    assert_int_equal(sv_owner_is_alive(sv_owner(3, getppid()),
                                       sv_owner(4, getpid())), 1);
    assert_int_equal(sv_owner_is_alive(sv_owner(3, dead()),
                                       sv_owner(4, getpid())), 0);
}


/* the number lives on, or again, in another process */

static void
followed(void **state)
{
    (void) state;

    assert_int_equal(sv_owner_is_alive(sv_owner(3, getppid()),
                                       sv_owner(3, getpid())), 0);
    assert_int_equal(sv_owner_is_alive(sv_owner(3, getpid()),
                                       sv_owner(3, getpid())), 1);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(words),
        cmocka_unit_test(living_and_dead),
        cmocka_unit_test(followed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
