
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <string.h>

#include "sv_socks.h"


#define bytes(s)  (const unsigned char *) s, sizeof(s) - 1


static struct sockaddr_in   ipv4;
static struct sockaddr_in6  ipv6;


static void
start(sv_socks_t *s, int auth)
{
    static unsigned char  user[] = "john", password[] = "s:e@cret";

    memset(&ipv4, 0, sizeof(ipv4));
    ipv4.sin_family = AF_INET;
    ipv4.sin_port = htons(25);
    inet_pton(AF_INET, "192.0.2.25", &ipv4.sin_addr);

    memset(s, 0, sizeof(sv_socks_t));
    s->target = (struct sockaddr *) &ipv4;

    if (auth) {
        s->user.data = user;
        s->user.len = 4;
        s->password.data = password;
        s->password.len = 8;
    }

    sv_socks_init(s);
}


static void
says(sv_socks_t *s, const unsigned char *expected, size_t len)
{
    unsigned char  buf[SV_SOCKS_SAY_MAX];

    assert_int_equal(sv_socks_say(s, buf), len);
    assert_memory_equal(buf, expected, len);
}


/* at once, and in single bytes; what is behind it is left alone */

static void
hears(sv_socks_t *s, const unsigned char *data, size_t len,
    sv_socks_status_e expected, size_t left)
{
    size_t                i;
    sv_socks_t            slow;
    sv_socks_status_e     status;
    const unsigned char  *pos;

    slow = *s;
    status = SV_SOCKS_AGAIN;

    for (i = 0; i + left < len && status == SV_SOCKS_AGAIN; i++) {
        pos = data + i;
        status = sv_socks_parse(&slow, &pos, data + i + 1);
        assert_ptr_equal(pos, data + i + 1);
    }

    assert_int_equal(status, expected);

    pos = data;

    assert_int_equal(sv_socks_parse(s, &pos, data + len), expected);
    assert_int_equal(data + len - pos, left);
}


static void
without_authentication(void **state)
{
    sv_socks_t  s;

    start(&s, 0);

    says(&s, bytes("\5\1\0"));
    hears(&s, bytes("\5\0"), SV_SOCKS_SAY, 0);

    assert_true(sv_socks_requested(&s));

    says(&s, bytes("\5\1\0\1\xc0\0\2\x19\0\x19"));
    hears(&s, bytes("\5\0\0\1\1\2\3\4\5\6"), SV_SOCKS_DONE, 0);
}


static void
with_authentication(void **state)
{
    sv_socks_t  s;

    start(&s, 1);

    says(&s, bytes("\5\2\0\2"));
    hears(&s, bytes("\5\2"), SV_SOCKS_SAY, 0);

    assert_false(sv_socks_requested(&s));

    says(&s, bytes("\1\4john\x08s:e@cret"));
    hears(&s, bytes("\1\0"), SV_SOCKS_SAY, 0);
    hears(&s, bytes("\5\0\0\1\0\0\0\0\0\0"), SV_SOCKS_DONE, 0);

    /* it does not insist on it; it says 5 where 1 is due */

    start(&s, 1);
    hears(&s, bytes("\5\0"), SV_SOCKS_SAY, 0);
    assert_true(sv_socks_requested(&s));

    start(&s, 1);
    hears(&s, bytes("\5\2"), SV_SOCKS_SAY, 0);
    hears(&s, bytes("\5\0"), SV_SOCKS_SAY, 0);
}


static void
longest_credentials(void **state)
{
    size_t         n;
    sv_socks_t     s;
    unsigned char  name[SV_SOCKS_CREDENTIAL_MAX], buf[SV_SOCKS_SAY_MAX];

    start(&s, 0);

    memset(name, 'x', sizeof(name));
    s.user.data = name;
    s.user.len = sizeof(name);
    s.password = s.user;

    hears(&s, bytes("\5\2"), SV_SOCKS_SAY, 0);

    n = sv_socks_say(&s, buf);

    assert_int_equal(n, SV_SOCKS_SAY_MAX);
    assert_int_equal(buf[1], 255);
    assert_int_equal(buf[257], 255);
}


static void
ipv6_target(void **state)
{
    sv_socks_t     s;
    unsigned char  buf[SV_SOCKS_SAY_MAX];

    memset(&ipv6, 0, sizeof(ipv6));
    ipv6.sin6_family = AF_INET6;
    ipv6.sin6_port = htons(25);
    inet_pton(AF_INET6, "2001:db8::1", &ipv6.sin6_addr);

    start(&s, 0);
    s.target = (struct sockaddr *) &ipv6;
    hears(&s, bytes("\5\0"), SV_SOCKS_SAY, 0);
    says(&s, bytes("\5\1\0\4\x20\1\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\1\0\x19"));

    ipv6.sin6_family = AF_UNIX;
    assert_int_equal(sv_socks_say(&s, buf), 0);
}


static void
what_comes_behind(void **state)
{
    sv_socks_t  s;

    start(&s, 0);
    hears(&s, bytes("\5\0"), SV_SOCKS_SAY, 0);
    hears(&s, bytes("\5\0\0\1\1\2\3\4\5\6" "220 mx\r\n"), SV_SOCKS_DONE, 8);

    start(&s, 0);
    hears(&s, bytes("\5\0"), SV_SOCKS_SAY, 0);
    hears(&s, bytes("\5\0\0\4" "1234567890123456" "\0\x19" "2"),
          SV_SOCKS_DONE, 1);

    start(&s, 0);
    hears(&s, bytes("\5\0"), SV_SOCKS_SAY, 0);
    hears(&s, bytes("\5\0\0\3\x03" "abc" "\0\x19" "22"), SV_SOCKS_DONE, 2);

    start(&s, 0);
    hears(&s, bytes("\5\0"), SV_SOCKS_SAY, 0);
    hears(&s, bytes("\5\0\0\3\0\0\x19"), SV_SOCKS_DONE, 0);
}


static void
fails(int auth, const unsigned char *first, size_t n,
    const unsigned char *second, size_t m, sv_socks_status_e expected,
    const char *error)
{
    sv_socks_t  s;

    start(&s, auth);

    if (m) {
        hears(&s, first, n, SV_SOCKS_SAY, 0);
        hears(&s, second, m, expected, 0);

    } else {
        hears(&s, first, n, expected, 0);
    }

    if (error) {
        assert_non_null(strstr(s.error, error));
    }
}


static void
errors(void **state)
{
    sv_socks_t            s;
    const unsigned char  *pos;

    fails(0, bytes("\4"), bytes(""), SV_SOCKS_ERROR, "no SOCKS 5");
    fails(0, bytes("H"), bytes(""), SV_SOCKS_ERROR, "no SOCKS 5");
    fails(0, bytes("\5\xff"), bytes(""), SV_SOCKS_ERROR, "authentication");
    fails(1, bytes("\5\xff"), bytes(""), SV_SOCKS_ERROR, "no method");
    fails(0, bytes("\5\2"), bytes(""), SV_SOCKS_ERROR, "not offered");
    fails(1, bytes("\5\1"), bytes(""), SV_SOCKS_ERROR, "not offered");
    fails(1, bytes("\5\2"), bytes("\1\1"), SV_SOCKS_ERROR, "refused");
    fails(0, bytes("\5\0"), bytes("\4"), SV_SOCKS_ERROR, "no SOCKS 5");
    fails(0, bytes("\5\0"), bytes("\5\0\0\2"), SV_SOCKS_ERROR, "type");
    fails(0, bytes("\5"), bytes(""), SV_SOCKS_AGAIN, NULL);
    fails(0, bytes("\5\0"), bytes("\5\0\0\1\1\2\3\4\5"), SV_SOCKS_AGAIN,
          NULL);

    start(&s, 0);
    pos = (const unsigned char *) "\5\0\5";
    assert_int_equal(sv_socks_parse(&s, &pos, pos + 3), SV_SOCKS_ERROR);
    assert_string_equal(s.error, "it spoke out of turn");
}


static void
replies(void **state)
{
    unsigned           code;
    unsigned char      reply[2];
    sv_socks_status_e  expected;

    for (code = 1; code < 256; code++) {
        reply[0] = 5;
        reply[1] = (unsigned char) code;

        expected = (code >= 3 && code <= 6) ? SV_SOCKS_UNREACHABLE
                                            : SV_SOCKS_REFUSED;

        fails(0, bytes("\5\0"), reply, 2, expected, " ");
    }
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(without_authentication),
        cmocka_unit_test(with_authentication),
        cmocka_unit_test(longest_credentials),
        cmocka_unit_test(ipv6_target),
        cmocka_unit_test(what_comes_behind),
        cmocka_unit_test(errors),
        cmocka_unit_test(replies),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
