
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <string.h>
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/un.h>

#include "sv_target.h"


static int
public(const char *text)
{
    struct sockaddr_in   sin;
    struct sockaddr_in6  sin6;

    memset(&sin, 0xa5, sizeof(sin));
    sin.sin_family = AF_INET;

    if (inet_pton(AF_INET, text, &sin.sin_addr) == 1) {
        return sv_target_is_public((struct sockaddr *) &sin);
    }

    memset(&sin6, 0xa5, sizeof(sin6));
    sin6.sin6_family = AF_INET6;

    assert_int_equal(inet_pton(AF_INET6, text, &sin6.sin6_addr), 1);

    return sv_target_is_public((struct sockaddr *) &sin6);
}


static void
check(int expected, const char **list)
{
    for ( /* void */ ; *list; list++) {
        if (public(*list) != expected) {
            fail_msg("%s: %s", *list, expected ? "forbidden" : "public");
        }
    }
}


/* the neighbours of each range show that its bounds are right */

static void
public_ipv4(void **state)
{
    const char  *list[] = {
        "1.0.0.0", "8.8.8.8", "9.255.255.255", "11.0.0.0", "100.63.255.255",
        "100.128.0.0", "126.255.255.255", "128.0.0.0", "168.63.129.15",
        "168.63.129.17", "169.253.255.255", "169.255.0.0", "172.15.255.255",
        "172.32.0.0", "191.255.255.255", "192.0.1.0", "192.0.3.0",
        "192.88.98.255", "192.88.100.0", "192.167.255.255", "192.169.0.0",
        "198.17.255.255", "198.20.0.0", "198.51.99.255", "198.51.101.0",
        "203.0.112.255", "203.0.114.0", "223.255.255.255", NULL
    };

    check(1, list);
}


static void
forbidden_ipv4(void **state)
{
    const char  *list[] = {
        "0.0.0.0", "0.255.255.255", "10.0.0.0", "10.255.255.255",
        "100.64.0.0", "100.100.100.200", "100.127.255.255", "127.0.0.1",
        "127.255.255.255", "168.63.129.16", "169.254.0.0", "169.254.169.254",
        "169.254.255.255", "172.16.0.0", "172.31.255.255", "192.0.0.0",
        "192.0.0.192", "192.0.0.255", "192.0.2.0", "192.0.2.255",
        "192.88.99.1", "192.168.0.0", "192.168.255.255", "198.18.0.0",
        "198.19.255.255", "198.51.100.0", "198.51.100.255", "203.0.113.0",
        "203.0.113.255", "224.0.0.0", "239.255.255.255", "240.0.0.0",
        "255.255.255.255", NULL
    };

    check(0, list);
}


static void
public_ipv6(void **state)
{
    const char  *list[] = {
        "2000::", "2001:200::", "2001:db7:ffff::1", "2001:db9::",
        "2001:4860:4860::8888", "2003::1", "2600::1", "2a00::1",
        "3ffe:ffff::1", "3fff:1000::", NULL
    };

    check(1, list);
}


static void
forbidden_ipv6(void **state)
{
    const char  *list[] = {
        "::", "::1", "::127.0.0.1", "::8.8.8.8", "64:ff9b:1::8.8.8.8",
        "100::1", "1fff:ffff::1", "2001::1", "2001:2::1", "2001:10::1",
        "2001:20::1", "2001:1ff:ffff::1", "2001:db8::", "2001:db8::25",
        "2001:db8:ffff:ffff::1", "3fff::", "3fff:fff:ffff::1", "4000::",
        "5f00::1", "fc00::1", "fd00:ec2::254", "fe80::1", "fec0::1",
        "ff02::1", "ff0e::1", "ffff::1", NULL
    };

    check(0, list);
}


static void
ipv4_inside(void **state)
{
    const char  *public_list[] = {
        "2002:808:808::1", "64:ff9b::8.8.8.8", NULL
    };
    const char  *forbidden_list[] = {
        "::ffff:127.0.0.1", "::ffff:10.1.2.3", "::ffff:169.254.169.254",
        "::ffff:0.0.0.0", "::ffff:8.8.8.8", "::ffff:0:127.0.0.1",
        "2002:7f00:1::", "2002:a00:1::1", "2002:a9fe:a9fe::",
        "2002:c000:204::1", "64:ff9b::127.0.0.1", "64:ff9b::192.168.1.1",
        "64:ff9b::1:808:808", "2001:0:808:808:0:0:f7f7:f7f7",
        "64:ff9b::169.254.169.254", "64:ff9b::10.0.0.1",
        "64:ff9b::100.64.0.1", "64:ff9b::168.63.129.16",
        "64:ff9b::224.0.0.1", "64:ff9b::0.0.0.0", "2002:c0a8:101::1",
        "2002:6440:1::1", "2002:a83f:8110::", "2002:e000:1::",
        "64:ff9b:1::10.0.0.1", "2001:0:a00:1:0:0:f5ff:fffe", NULL
    };

    check(1, public_list);
    check(0, forbidden_list);
}


/* of the same owner, or not */

static int
one_owner(const char *a, const char *b)
{
    size_t         n[2];
    unsigned       i;
    const char    *text[2] = { a, b };
    unsigned char  buf[2][SV_TARGET_NETWORK_MAX];

    struct sockaddr_in   sin;
    struct sockaddr_in6  sin6;

    for (i = 0; i < 2; i++) {
        memset(&sin, 0xa5, sizeof(sin));
        memset(&sin6, 0xa5, sizeof(sin6));
        sin.sin_family = AF_INET;
        sin6.sin6_family = AF_INET6;

        if (inet_pton(AF_INET, text[i], &sin.sin_addr) == 1) {
            n[i] = sv_target_network((struct sockaddr *) &sin, buf[i]);

        } else {
            assert_int_equal(inet_pton(AF_INET6, text[i], &sin6.sin6_addr),
                             1);
            n[i] = sv_target_network((struct sockaddr *) &sin6, buf[i]);
        }

        assert_true(n[i] == 4 || n[i] == 8);
    }

    return n[0] == n[1] && memcmp(buf[0], buf[1], n[0]) == 0;
}


static void
owners(void **state)
{
    unsigned  i;
    static const char  *same[][2] = {
        { "192.0.2.1", "192.0.2.1" },
        { "2001:4860::1", "2001:4860::ffff:ffff:ffff:ffff" },
        { "64:ff9b::8.8.8.8", "8.8.8.8" },
        { "64:ff9b:1::8.8.8.8", "8.8.8.8" },
        { "64:ff9b:1:ffff::8.8.8.8", "8.8.8.8" },
        { "::ffff:8.8.8.8", "8.8.8.8" },
        { "2002:808:808::1", "8.8.8.8" },
        { "2002:808:808:ffff::1", "64:ff9b::8.8.8.8" },
        { "2001:0:4136:e378:8000:63bf:3fff:fdd2", "192.0.2.45" }
    };
    static const char  *other[][2] = {
        { "192.0.2.1", "192.0.2.2" },
        { "2001:4860::1", "2001:4860:0:1::1" },
        { "64:ff9b::8.8.8.8", "64:ff9b::8.8.4.4" },
        { "64:ff9b::1:808:808", "8.8.8.8" },
        { "64:ff9b:1::8.8.8.8", "64:ff9b:1::8.8.4.4" },
        { "::ffff:8.8.8.8", "::ffff:8.8.4.4" },
        { "2002:808:808::1", "2002:808:404::1" },
        { "2001:0:4136:e378:8000:63bf:3fff:fdd2",
          "2001:0:4136:e378:8000:63bf:3fff:fdd3" },
        { "2003::808:808", "8.8.8.8" }
    };

    for (i = 0; i < sizeof(same) / sizeof(same[0]); i++) {
        if (!one_owner(same[i][0], same[i][1])) {
            fail_msg("%s, %s: two owners", same[i][0], same[i][1]);
        }
    }

    for (i = 0; i < sizeof(other) / sizeof(other[0]); i++) {
        if (one_owner(other[i][0], other[i][1])) {
            fail_msg("%s, %s: one owner", other[i][0], other[i][1]);
        }
    }
}


static void
other_families(void **state)
{
    struct sockaddr     sa;
    struct sockaddr_un  un;

    memset(&sa, 0, sizeof(sa));
    sa.sa_family = AF_UNSPEC;
    assert_int_equal(sv_target_is_public(&sa), 0);

    memset(&un, 0, sizeof(un));
    un.sun_family = AF_UNIX;
    assert_int_equal(sv_target_is_public((struct sockaddr *) &un), 0);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(public_ipv4),
        cmocka_unit_test(forbidden_ipv4),
        cmocka_unit_test(public_ipv6),
        cmocka_unit_test(forbidden_ipv6),
        cmocka_unit_test(ipv4_inside),
        cmocka_unit_test(owners),
        cmocka_unit_test(other_families)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
