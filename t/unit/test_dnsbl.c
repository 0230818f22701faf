
/* Names of addresses in the DNS, and what answers of blocklists mean. */

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <string.h>
#include <arpa/inet.h>
#include <cmocka.h>

#include "sv_dnsbl.h"


static const char *
name(const char *ip, const char *zone)
{
    int            v6;
    unsigned char  addr[16];
    static char    buf[SV_DNSBL_NAME_MAX + 1];

    v6 = strchr(ip, ':') != NULL;
    assert_int_equal(inet_pton(v6 ? AF_INET6 : AF_INET, ip, addr), 1);

    return sv_dnsbl_name(buf, sizeof(buf), addr, v6, zone, strlen(zone))
           ? buf : NULL;
}


static sv_dnsbl_e
judge(const char *ip1, const char *ip2)
{
    size_t         len;
    unsigned char  buf[12];

    len = 0;
    memset(buf, 0, sizeof(buf));

    if (ip1) {
        buf[0] = 0;
        buf[1] = 4;
        assert_int_equal(inet_pton(AF_INET, ip1, buf + 2), 1);
        len = 6;
    }

    if (ip2) {
        buf[6] = 0;
        buf[7] = 4;
        assert_int_equal(inet_pton(AF_INET, ip2, buf + 8), 1);
        len = 12;
    }

    return sv_dnsbl_judge(buf, len);
}


static void
test_names(void **state)
{
    char  zone[300];

    (void) state;

    assert_string_equal(name("192.0.2.1", "in-addr.arpa"),
                        "1.2.0.192.in-addr.arpa");
    assert_string_equal(name("203.100.10.9", "list.test"),
                        "9.10.100.203.list.test");
    assert_string_equal(name("2001:db8::1", "ip6.arpa"),
                        "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0."
                        "0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa");

    memset(zone, 'a', sizeof(zone));
    zone[sizeof(zone) - 1] = '\0';
    assert_null(name("192.0.2.1", zone));
    assert_null(name("192.0.2.1", ""));
}


static void
test_answers(void **state)
{
    (void) state;

    assert_int_equal(judge(NULL, NULL), SV_DNSBL_ABSENT);
    assert_int_equal(sv_dnsbl_judge(NULL, 0), SV_DNSBL_ABSENT);
    assert_int_equal(judge("127.0.0.2", NULL), SV_DNSBL_LISTED);
    assert_int_equal(judge("127.0.0.10", "127.0.0.4"), SV_DNSBL_LISTED);
    assert_int_equal(judge("127.0.1.2", NULL), SV_DNSBL_LISTED);

    /* errors of a list, and of resolvers that answer for names that are not
       there */

    assert_int_equal(judge("127.255.255.254", NULL), SV_DNSBL_REFUSED);
    assert_int_equal(judge("127.255.255.255", NULL), SV_DNSBL_REFUSED);
    assert_int_equal(judge("127.255.255.252", NULL), SV_DNSBL_REFUSED);
    assert_int_equal(judge("198.51.100.7", NULL), SV_DNSBL_FALSE);
    assert_int_equal(judge("127.0.0.2", "198.51.100.7"), SV_DNSBL_FALSE);
    assert_int_equal(judge("127.0.0.1", NULL), SV_DNSBL_FALSE);
    assert_int_equal(judge("0.0.0.0", NULL), SV_DNSBL_FALSE);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_answers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
