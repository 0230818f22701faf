
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "sv_typo.h"


static sv_lists_t  *lists;


static const char *
meant(const char *domain)
{
    size_t          len;
    sv_str_t        s;
    sv_suffixes_t   suffixes;
    unsigned char   buf[SV_DOMAIN_MAX + 1];
    static char     dst[SV_DOMAIN_MAX + 1];

    s.len = strlen(domain);
    s.data = buf;
    memcpy(buf, domain, s.len);

    sv_lists_suffixes(lists, s.data, s.len, &suffixes);

    len = sv_typo_domain(lists, &s, &suffixes, (unsigned char *) dst);
    assert_true(len <= SV_DOMAIN_MAX);
    dst[len] = '\0';

    return dst;
}


static void
check(const char *(*list)[2])
{
    for ( /* void */ ; (*list)[0]; list++) {
        if (strcmp(meant((*list)[0]), (*list)[1]) != 0) {
            fail_msg("%s: \"%s\" instead of \"%s\"", (*list)[0],
                     meant((*list)[0]), (*list)[1]);
        }
    }
}


static void
none(const char **list)
{
    for ( /* void */ ; *list; list++) {
        if (*meant(*list) != '\0') {
            fail_msg("%s: \"%s\" instead of none", *list, meant(*list));
        }
    }
}


static void
names(void **state)
{
    const char  *list[][2] = {
        { "gmial.com", "gmail.com" }, { "gmai.com", "gmail.com" },
        { "gmil.com", "gmail.com" }, { "gmal.com", "gmail.com" },
        { "gamil.com", "gmail.com" }, { "gmaill.com", "gmail.com" },
        { "gmaiil.com", "gmail.com" }, { "gmmail.com", "gmail.com" },
        { "ggmail.com", "gmail.com" }, { "gnail.com", "gmail.com" },
        { "gmaik.com", "gmail.com" }, { "gmsil.com", "gmail.com" },
        { "hmail.com", "gmail.com" }, { "hotmial.com", "hotmail.com" },
        { "hotmal.com", "hotmail.com" }, { "hotmai.com", "hotmail.com" },
        { "hotmaill.com", "hotmail.com" }, { "hormail.com", "hotmail.com" },
        { "htomail.com", "hotmail.com" }, { "otmail.com", "hotmail.com" },
        { "jotmail.com", "hotmail.com" }, { "hotmial.fr", "hotmail.fr" },
        { "hotmial.co.uk", "hotmail.co.uk" }, { "yaho.com", "yahoo.com" },
        { "yahooo.com", "yahoo.com" }, { "yhaoo.com", "yahoo.com" },
        { "yahho.com", "yahoo.com" }, { "uahoo.com", "yahoo.com" },
        { "yaho.fr", "yahoo.fr" }, { "outlok.com", "outlook.com" },
        { "outllook.com", "outlook.com" }, { "oulook.com", "outlook.com" },
        { "otulook.com", "outlook.com" }, { "iclod.com", "icloud.com" },
        { "icoud.com", "icloud.com" }, { "icluod.com", "icloud.com" },
        { "protonmial.com", "protonmail.com" }, { "comast.net", "comcast.net" },
        { "wanado.fr", "wanadoo.fr" }, { "yadnex.ru", "yandex.ru" },
        { "freent.de", "freenet.de" }, { "t-onlin.de", "t-online.de" },
        { "rediffmial.com", "rediffmail.com" },
        { "btinternte.com", "btinternet.com" },
        { NULL, NULL }
    };

    check(list);
}


static void
endings(void **state)
{
    const char  *list[][2] = {
        { "gmail.con", "gmail.com" }, { "gmail.cmo", "gmail.com" },
        { "gmail.co", "gmail.com" }, { "gmail.cm", "gmail.com" },
        { "gmail.comm", "gmail.com" }, { "gmail.vom", "gmail.com" },
        { "gmail.net", "gmail.com" }, { "gmail.fr", "gmail.com" },
        { "gmail.co.uk", "gmail.com" }, { "gmail.com.com", "gmail.com" },
        { "gmail.xyzzy", "gmail.com" }, { "gmil.con", "gmail.com" },
        { "hotmail.con", "hotmail.com" }, { "hotmail.co", "hotmail.com" },
        { "yahoo.con", "yahoo.com" }, { "yahoo.co", "yahoo.com" },
        { "yahoo.couk", "yahoo.co.uk" }, { "yahoo.com.uk", "yahoo.co.uk" },
        { "yahoo.co.ukk", "yahoo.co.uk" }, { "outlook.con", "outlook.com" },
        { "aol.con", "aol.com" }, { "live.con", "live.com" },
        { "me.con", "me.com" }, { "qq.con", "qq.com" },
        { "comcast.ner", "comcast.net" }, { "web.dee", "web.de" },
        { "gmx.dee", "gmx.de" }, { "t-online.ed", "t-online.de" },
        { "libero.itt", "libero.it" }, { "laposte.ner", "laposte.net" },

        /* nobody's, but no top-level domain either */
        { "company.con", "company.com" }, { "company.ocm", "company.com" },
        { "mail.company.comm", "mail.company.com" },
        { "company.nett", "company.net" }, { "debian.orgg", "debian.org" },
        { NULL, NULL }
    };

    check(list);
}


static void
dots(void **state)
{
    const char  *list[][2] = {
        { "gmailcom", "gmail.com" }, { "gmailc.om", "gmail.com" },
        { "gmai.lcom", "gmail.com" }, { "hotmailco.uk", "hotmail.co.uk" },
        { "yahoocom", "yahoo.com" },
        { NULL, NULL }
    };

    check(list);
}


/* what exists, however it looks */

static void
real(void **state)
{
    const char  *list[] = {
        "gmail.com", "googlemail.com", "mail.com", "email.com", "gmx.com",
        "gmx.net", "gmx.de", "ymail.com", "hotmail.co.uk", "me.com",
        "mac.com", "live.com", "live.fr", "msn.com", "aol.com", "aim.com",
        "yahoo.fr", "yahoo.co.jp", "yahoo.com.br", "outlook.fr", "web.de",
        "qq.com", "163.com", "126.com", "mail.ru", "bk.ru", "ya.ru",
        "proton.me", "pm.me", "zoho.com", "hey.com", "duck.com",
        "mozmail.com", "mailinator.com", "foo.mailinator.com",
        "orange.fr", "free.fr", "sfr.fr", "wp.pl", "o2.pl", "op.pl",
        "seznam.cz", "email.cz", "abv.bg", "inbox.lv", "ukr.net", "i.ua",
        "naver.com", "daum.net", "hanmail.net", "ig.com.br", "bol.com.br",
        "tim.it", "tin.it", "alice.it", "gail.com",
        NULL
    };

    none(list);
}


/* other people's domains */

static void
strange(void **state)
{
    const char  *list[] = {
        "example.com", "debian.org", "ietf.org", "never.com", "globe.com",
        "wahoo.com", "ecloud.com", "cloud.com", "handed.com", "grail.com",
        "mymail.com", "ucloud.com",
        "europa.eu", "europe.eu", "slice.it", "plant.nl", "posts.it",
        "students.com", "engineers.com", "hello.nl", "tetra.es",
        "gmail.mycompany.com", "outlook.mycompany.com", "yahoo.example.org",
        "company.cm", "company.co", "company.om", "mail.co", "live.co",
        "web.be", "libero.id", "orange.de", "aol.ru", "gmx.li", "sky.fr",
        "qq.cm", "hotmail.example", "a.b", "x.yz", "comcast.com",
        "company.local", "company.corp", "company.lan", "company.test",
        "company.internal", "company.invalid", "host",
        "xn--gmal-nza.com", "[192.0.2.1]", "[IPv6:2001:db8::1]",
        NULL
    };

    none(list);
}


static void
never_itself(void **state)
{
    size_t      i;
    char        domain[SV_DOMAIN_MAX + 1];
    sv_str_t    s;

    assert_true(lists->nknown > 300);

    for (i = 0; i < lists->nknown; i++) {
        s = lists->known[i].domain;
        memcpy(domain, s.data, s.len);
        domain[s.len] = '\0';

        assert_string_equal(meant(domain), "");
    }
}


static void
odd(void **state)
{
    size_t      i;
    char        name[SV_DOMAIN_MAX + 1];
    const char *list[] = {
        "", ".", "..", "....", ".....", "gmail.", ".gmail", "gmail..com",
        "gmail.com.", "-.-.-", "\xff\xfe\xfd.com",
        NULL
    };

    for (i = 0; list[i]; i++) {
        (void) meant(list[i]);
    }

    for (i = 1; i <= SV_DOMAIN_MAX; i++) {
        memset(name, 'm', i);
        name[i] = '\0';
        (void) meant(name);

        name[i / 2] = '.';
        (void) meant(name);
    }

    /* the suggestion would be too long */

    memset(name, 'a', SV_DOMAIN_MAX);
    memcpy(name + SV_DOMAIN_MAX - 3, ".cm", 3);
    memcpy(name + SV_DOMAIN_MAX - 4, ".om", 3);
    name[SV_DOMAIN_MAX - 1] = '\0';
    (void) meant(name);
}


static int
setup(void **state)
{
    lists = sv_lists_default();

    return lists == NULL;
}


static int
teardown(void **state)
{
    sv_lists_free(lists);

    return 0;
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(names),
        cmocka_unit_test(endings),
        cmocka_unit_test(dots),
        cmocka_unit_test(real),
        cmocka_unit_test(strange),
        cmocka_unit_test(never_itself),
        cmocka_unit_test(odd)
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
