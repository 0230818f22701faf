
/* SPF records of a small DNS: the examples of RFC 7208, appendix A, and what
   happens at its limits. */

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdio.h>
#include <string.h>
#include <arpa/inet.h>
#include <cmocka.h>

#include "sv_spf.h"


#define ASKS_MAX  120               /* 1 + 10 * (1 + 10), and a few */


typedef struct {
    const char     *name;
    sv_spf_kind_e   kind;
    const char     *value;          /* "!": the look-up fails */
} row_t;


static unsigned  asks;

static const row_t  zone[] = {

    /* RFC 7208, appendix A */

    { "example.com", SV_SPF_MX, "mail-a.example.com" },
    { "example.com", SV_SPF_MX, "mail-b.example.com" },
    { "example.com", SV_SPF_A, "192.0.2.10" },
    { "example.com", SV_SPF_A, "192.0.2.11" },
    { "mail-a.example.com", SV_SPF_A, "192.0.2.129" },
    { "mail-b.example.com", SV_SPF_A, "192.0.2.130" },
    { "example.org", SV_SPF_MX, "mail-c.example.org" },
    { "mail-c.example.org", SV_SPF_A, "192.0.2.140" },

    { "all.test", SV_SPF_TXT, "v=spf1 +all" },
    { "a.test", SV_SPF_TXT, "v=spf1 a:example.com -all" },
    { "mx.test", SV_SPF_TXT, "v=spf1 mx:example.com -all" },
    { "mx2.test", SV_SPF_TXT, "v=spf1 mx:example.com mx:example.org -all" },
    { "mx30.test", SV_SPF_TXT,
      "v=spf1 mx:example.com/30 mx:example.org/30 -all" },
    { "ip4.test", SV_SPF_TXT, "v=spf1 ip4:192.0.2.128/28 -all" },
    { "ip6.test", SV_SPF_TXT, "v=spf1 ip6:2001:db8::/32 ~all" },
    { "v6.test", SV_SPF_TXT, "v=spf1 a:host.v6.test//64 -all" },
    { "host.v6.test", SV_SPF_AAAA, "2001:db8:0:1::5" },

    { "other.test", SV_SPF_TXT, "some text" },
    { "other.test", SV_SPF_TXT, "v=spf10 -all" },
    { "other.test", SV_SPF_TXT, "V=SPF1 IP4:192.0.2.1 -ALL" },
    { "empty.test", SV_SPF_TXT, "" },
    { "empty.test", SV_SPF_TXT, "v=spf1 ip4:192.0.2.1 -all" },
    { "nullmx.test", SV_SPF_TXT, "v=spf1 mx a:example.com -all" },
    { "nullmx.test", SV_SPF_MX, "" },
    { "none.test", SV_SPF_TXT, "google-site-verification=x" },
    { "two.test", SV_SPF_TXT, "v=spf1 -all" },
    { "two.test", SV_SPF_TXT, "v=spf1 +all" },
    { "neutral.test", SV_SPF_TXT, "v=spf1 ip4:203.0.113.0/24" },
    { "soft.test", SV_SPF_TXT, "v=spf1 ~all" },
    { "query.test", SV_SPF_TXT, "v=spf1 ?all" },
    { "bare.test", SV_SPF_TXT, "v=spf1" },

    { "in.test", SV_SPF_TXT, "v=spf1 include:ip4.test -all" },
    { "insoft.test", SV_SPF_TXT, "v=spf1 ~include:ip4.test -all" },
    { "innone.test", SV_SPF_TXT, "v=spf1 include:none.test +all" },
    { "inin.test", SV_SPF_TXT, "v=spf1 include:in.test ?all" },
    { "inmacro.test", SV_SPF_TXT, "v=spf1 include:macro.test -all" },
    { "inbroken.test", SV_SPF_TXT, "v=spf1 include:broken.test +all" },
    { "broken.test", SV_SPF_TXT, "!" },
    { "re.test", SV_SPF_TXT, "v=spf1 redirect=ip4.test" },
    { "reall.test", SV_SPF_TXT, "v=spf1 redirect=ip4.test ~all" },
    { "renone.test", SV_SPF_TXT, "v=spf1 redirect=none.test" },
    { "retwice.test", SV_SPF_TXT,
      "v=spf1 redirect=ip4.test redirect=ip4.test" },
    { "loop.test", SV_SPF_TXT, "v=spf1 include:loop.test -all" },
    { "reloop.test", SV_SPF_TXT, "v=spf1 redirect=reloop.test" },
    { "macro.test", SV_SPF_TXT, "v=spf1 exists:%{i}._spf.macro.test -all" },
    { "early.test", SV_SPF_TXT,
      "v=spf1 ip4:192.0.2.1 exists:%{i}._spf.macro.test -all" },
    { "ptr.test", SV_SPF_TXT, "v=spf1 ptr -all" },
    { "exists.test", SV_SPF_TXT, "v=spf1 exists:example.com -all" },
    { "void.test", SV_SPF_TXT, "v=spf1 a:v1.test a:v2.test a:v3.test +all" },
    { "void2.test", SV_SPF_TXT, "v=spf1 a:v1.test a:v2.test +all" },
    { "ten.test", SV_SPF_TXT,
      "v=spf1 a:example.com a:example.com a:example.com a:example.com "
      "a:example.com a:example.com a:example.com a:example.com a:example.com "
      "a:example.com +all" },
    { "eleven.test", SV_SPF_TXT,
      "v=spf1 a:example.com a:example.com a:example.com a:example.com "
      "a:example.com a:example.com a:example.com a:example.com a:example.com "
      "a:example.com a:example.com +all" },
    { "mod.test", SV_SPF_TXT, "v=spf1 exp=why.test foo=%{d} -all" },
    { "bad1.test", SV_SPF_TXT, "v=spf1 +all nonsense" },
    { "bad2.test", SV_SPF_TXT, "v=spf1 +all ip4:1.2.3" },
    { "bad3.test", SV_SPF_TXT, "v=spf1 +all a/33" },
    { "bad4.test", SV_SPF_TXT, "v=spf1 +all include:" },
    { "bad5.test", SV_SPF_TXT, "v=spf1 +all all:x.test" },
    { "bad6.test", SV_SPF_TXT, "v=spf1 +all ip4:1.2.3.4/08" },
    { "bad7.test", SV_SPF_TXT, "v=spf1 +all ip6:::1/129" },
    { "bad8.test", SV_SPF_TXT, "v=spf1 +all a//" },
    { "bad9.test", SV_SPF_TXT, "v=spf1 +all =x" },
    { "manymx.test", SV_SPF_TXT, "v=spf1 mx -all" },
    { "manymx.test", SV_SPF_MX, "1.x.test" },
    { "manymx.test", SV_SPF_MX, "2.x.test" },
    { "manymx.test", SV_SPF_MX, "3.x.test" },
    { "manymx.test", SV_SPF_MX, "4.x.test" },
    { "manymx.test", SV_SPF_MX, "5.x.test" },
    { "manymx.test", SV_SPF_MX, "6.x.test" },
    { "manymx.test", SV_SPF_MX, "7.x.test" },
    { "manymx.test", SV_SPF_MX, "8.x.test" },
    { "manymx.test", SV_SPF_MX, "9.x.test" },
    { "manymx.test", SV_SPF_MX, "10.x.test" },
    { "manymx.test", SV_SPF_MX, "11.x.test" },
    { NULL, SV_SPF_TXT, NULL }
};


static size_t
put(unsigned char *p, const void *data, size_t len)
{
    p[0] = (unsigned char) (len >> 8);
    p[1] = (unsigned char) len;
    memcpy(p + 2, data, len);

    return len + 2;
}


static void
look_up(sv_spf_t *spf)
{
    size_t          len;
    const row_t    *row;
    unsigned char   addr[16];
    unsigned char   buf[8192];

    len = 0;

    for (row = zone; row->name; row++) {

        if (row->kind != spf->kind || strcmp(row->name, spf->name) != 0) {
            continue;
        }

        if (row->value[0] == '!') {
            sv_spf_answer(spf, SV_SPF_FAILED, NULL, 0);
            return;
        }

        if (row->kind == SV_SPF_A) {
            assert_int_equal(inet_pton(AF_INET, row->value, addr), 1);
            len += put(buf + len, addr, 4);

        } else if (row->kind == SV_SPF_AAAA) {
            assert_int_equal(inet_pton(AF_INET6, row->value, addr), 1);
            len += put(buf + len, addr, 16);

        } else {
            len += put(buf + len, row->value, strlen(row->value));
        }
    }

    sv_spf_answer(spf, len ? SV_SPF_FOUND : SV_SPF_NOTHING, buf, len);
}


static const char *
spf(const char *ip, const char *domain)
{
    int              v6;
    unsigned char    addr[16];
    static sv_spf_t  s;

    v6 = strchr(ip, ':') != NULL;
    assert_int_equal(inet_pton(v6 ? AF_INET6 : AF_INET, ip, addr), 1);

    sv_spf_init(&s, addr, v6, domain, strlen(domain));

    for (asks = 0; sv_spf_step(&s); asks++) {
        assert_true(asks < ASKS_MAX);
        look_up(&s);
    }

    assert_int_equal(sv_spf_step(&s), 0);

    return sv_spf_name(s.result);
}


static void
test_mechanisms(void **state)
{
    (void) state;

    assert_string_equal(spf("192.0.2.65", "all.test"), "pass");
    assert_string_equal(spf("192.0.2.10", "a.test"), "pass");
    assert_string_equal(spf("192.0.2.12", "a.test"), "fail");
    assert_string_equal(spf("192.0.2.129", "mx.test"), "pass");
    assert_string_equal(spf("192.0.2.130", "mx.test"), "pass");
    assert_string_equal(spf("192.0.2.131", "mx.test"), "fail");
    assert_string_equal(spf("192.0.2.140", "mx.test"), "fail");
    assert_string_equal(spf("192.0.2.140", "mx2.test"), "pass");
    assert_string_equal(spf("192.0.2.131", "mx30.test"), "pass");
    assert_string_equal(spf("192.0.2.143", "mx30.test"), "pass");
    assert_string_equal(spf("192.0.2.144", "mx30.test"), "fail");
    assert_string_equal(spf("192.0.2.143", "ip4.test"), "pass");
    assert_string_equal(spf("192.0.2.144", "ip4.test"), "fail");
    assert_string_equal(spf("2001:db8::1", "ip4.test"), "fail");
    assert_string_equal(spf("2001:db8::1", "ip6.test"), "pass");
    assert_string_equal(spf("2001:db9::1", "ip6.test"), "softfail");
    assert_string_equal(spf("192.0.2.1", "ip6.test"), "softfail");
    assert_string_equal(spf("2001:db8:0:1::9", "v6.test"), "pass");
    assert_string_equal(spf("2001:db8:0:2::9", "v6.test"), "fail");
    assert_string_equal(spf("192.0.2.1", "exists.test"), "pass");
    assert_string_equal(spf("2001:db8::1", "exists.test"), "pass");
    assert_string_equal(spf("192.0.2.1", "mod.test"), "fail");
}


static void
test_records(void **state)
{
    (void) state;

    assert_string_equal(spf("192.0.2.1", "other.test"), "pass");
    assert_string_equal(spf("192.0.2.1", "OTHER.test."), "pass");
    assert_string_equal(spf("192.0.2.2", "other.test"), "fail");
    assert_string_equal(spf("192.0.2.1", "empty.test"), "pass");
    assert_string_equal(spf("192.0.2.10", "nullmx.test"), "pass");
    assert_string_equal(spf("192.0.2.1", "none.test"), "none");
    assert_string_equal(spf("192.0.2.1", "absent.test"), "none");
    assert_string_equal(spf("192.0.2.1", "not a domain"), "none");
    assert_string_equal(spf("192.0.2.1", ""), "none");
    assert_string_equal(spf("192.0.2.1", "a..test"), "none");
    assert_string_equal(spf("192.0.2.1", "two.test"), "permerror");
    assert_string_equal(spf("192.0.2.1", "neutral.test"), "neutral");
    assert_string_equal(spf("192.0.2.1", "bare.test"), "neutral");
    assert_string_equal(spf("192.0.2.1", "soft.test"), "softfail");
    assert_string_equal(spf("192.0.2.1", "query.test"), "neutral");
    assert_string_equal(spf("192.0.2.1", "broken.test"), "temperror");
}


static void
test_others(void **state)
{
    (void) state;

    assert_string_equal(spf("192.0.2.129", "in.test"), "pass");
    assert_string_equal(spf("192.0.2.1", "in.test"), "fail");
    assert_string_equal(spf("192.0.2.129", "insoft.test"), "softfail");
    assert_string_equal(spf("192.0.2.129", "inin.test"), "pass");
    assert_string_equal(spf("192.0.2.1", "inin.test"), "neutral");
    assert_string_equal(spf("192.0.2.1", "innone.test"), "permerror");
    assert_string_equal(spf("192.0.2.1", "inbroken.test"), "temperror");
    assert_string_equal(spf("192.0.2.129", "re.test"), "pass");
    assert_string_equal(spf("192.0.2.1", "re.test"), "fail");
    assert_string_equal(spf("192.0.2.1", "reall.test"), "softfail");
    assert_string_equal(spf("192.0.2.1", "renone.test"), "permerror");
    assert_string_equal(spf("192.0.2.1", "retwice.test"), "permerror");
}


static void
test_unknown(void **state)
{
    (void) state;

    assert_string_equal(spf("192.0.2.1", "macro.test"), "unknown");
    assert_string_equal(spf("192.0.2.1", "inmacro.test"), "unknown");
    assert_string_equal(spf("192.0.2.1", "early.test"), "pass");
    assert_string_equal(spf("192.0.2.2", "early.test"), "unknown");
    assert_string_equal(spf("192.0.2.1", "ptr.test"), "unknown");
}


static void
test_limits(void **state)
{
    (void) state;

    assert_string_equal(spf("192.0.2.1", "loop.test"), "permerror");
    assert_int_equal(asks, 11);
    assert_string_equal(spf("192.0.2.1", "reloop.test"), "permerror");
    assert_string_equal(spf("192.0.2.1", "ten.test"), "pass");
    assert_string_equal(spf("192.0.2.1", "eleven.test"), "permerror");
    assert_string_equal(spf("192.0.2.1", "void.test"), "permerror");
    assert_string_equal(spf("192.0.2.1", "void2.test"), "pass");
    assert_string_equal(spf("192.0.2.1", "manymx.test"), "permerror");
}


static void
test_syntax(void **state)
{
    int   i;
    char  name[32];

    (void) state;

    for (i = 1; i <= 9; i++) {
        snprintf(name, sizeof(name), "bad%d.test", i);

        assert_string_equal(spf("192.0.2.1", name), "permerror");
    }
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_mechanisms),
        cmocka_unit_test(test_records),
        cmocka_unit_test(test_others),
        cmocka_unit_test(test_unknown),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_syntax),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
