
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <string.h>

#include "sv_root.h"


typedef struct {
    const char  *address;
    const char  *normalized;
    const char  *root;
} form_t;


static sv_lists_t  *lists;


static void
is(const char *address, const char *what, sv_str_t *s, const char *expected)
{
    if (s->len != strlen(expected) || memcmp(s->data, expected, s->len) != 0) {
        fail_msg("%s: %s \"%.*s\" instead of \"%s\"", address, what,
                 (int) s->len, (char *) s->data, expected);
    }
}


static void
check(const form_t *f)
{
    sv_address_t  addr;
    sv_checks_t   checks;

    for ( /* void */ ; f->address; f++) {
        assert_int_not_equal(sv_address_parse((unsigned char *) f->address,
                                              strlen(f->address), &addr),
                             SV_ADDRESS_INVALID);

        memset(&checks, 0xa5, sizeof(checks));
        sv_root_normalize(lists, &addr, &checks);

        is(f->address, "normalized", &checks.normalized, f->normalized);
        is(f->address, "root", &checks.root, f->root);
    }
}


static void
others(void **state)
{
    const form_t  list[] = {
        { "john@example.com", "john@example.com", "john@example.com" },
        { "John+News@Example.COM", "John+News@example.com",
          "John@example.com" },
        { "j.doe+a+b@example.com", "j.doe+a+b@example.com",
          "j.doe@example.com" },
        { "j-doe@example.com", "j-doe@example.com", "j-doe@example.com" },
        { "john.+x@example.com", "john.+x@example.com", "john@example.com" },
        { "+tag@example.com", "+tag@example.com", "+tag@example.com" },
        { "+@example.com", "+@example.com", "+@example.com" },
        { "\"a b+c\"@example.com", "\"a b+c\"@example.com",
          "\"a b+c\"@example.com" },
        { "\xe7\x94\xa8\xe6\x88\xb7+x@example.com",
          "\xe7\x94\xa8\xe6\x88\xb7+x@example.com",
          "\xe7\x94\xa8\xe6\x88\xb7@example.com" },
        { "john+x@xn--mnchen-3ya.example", "john+x@m\xc3\xbcnchen.example",
          "john@m\xc3\xbcnchen.example" },
        { "john+x@[192.0.2.1]", "john+x@[192.0.2.1]", "john@[192.0.2.1]" },

        /* names that only look like a provider's */
        { "John@outlook.example.com", "John@outlook.example.com",
          "John@outlook.example.com" },
        { "John@live.example", "John@live.example", "John@live.example" },
        { "J.D@notgmail.com", "J.D@notgmail.com", "J.D@notgmail.com" },
        { "J.D@mail.gmail.com", "J.D@mail.gmail.com", "J.D@mail.gmail.com" },
        { NULL, NULL, NULL }
    };

    check(list);
}


static void
providers(void **state)
{
    const form_t  list[] = {
        { "J.Doe+x@Gmail.com", "j.doe+x@gmail.com", "jdoe@gmail.com" },
        { "j.d.o.e@googlemail.com", "j.d.o.e@googlemail.com",
          "jdoe@gmail.com" },

        { "John.Doe+x@outlook.com", "john.doe+x@outlook.com",
          "john.doe@outlook.com" },
        { "John-Doe@hotmail.co.uk", "john-doe@hotmail.co.uk",
          "john-doe@hotmail.co.uk" },
        { "John@live.nl", "john@live.nl", "john@live.nl" },

        { "John-Shop@yahoo.com", "john-shop@yahoo.com", "john@yahoo.com" },
        { "john-shop@yahoo.co.jp", "john-shop@yahoo.co.jp",
          "john@yahoo.co.jp" },
        { "john.doe@ymail.com", "john.doe@ymail.com", "john.doe@ymail.com" },
        { "-@yahoo.com", "-@yahoo.com", "-@yahoo.com" },

        { "John+x@me.com", "john+x@me.com", "john@icloud.com" },
        { "john@mac.com", "john@mac.com", "john@icloud.com" },

        { "J_o.h-n+x@pm.me", "j_o.h-n+x@pm.me", "john@proton.me" },
        { "john@protonmail.com", "john@protonmail.com", "john@proton.me" },
        { "_@proton.me", "_@proton.me", "_@proton.me" },

        { "john.doe@ya.ru", "john.doe@ya.ru", "john-doe@yandex.ru" },
        { "john-doe+x@yandex.kz", "john-doe+x@yandex.kz",
          "john-doe@yandex.ru" },

        { "Shop@john.fastmail.com", "Shop@john.fastmail.com",
          "john@fastmail.com" },
        { "john+shop@fastmail.fm", "john+shop@fastmail.fm",
          "john@fastmail.fm" },
        { "shop@a.john.fastmail.com", "shop@a.john.fastmail.com",
          "shop@a.john.fastmail.com" },
        { NULL, NULL, NULL }
    };

    check(list);
}


static void
longest(void **state)
{
    size_t         n;
    sv_address_t   addr;
    sv_checks_t    checks;
    unsigned char  text[SV_ADDRESS_MAX + 1];

    memset(text, 'a', SV_LOCAL_MAX);

    for (n = 1; n < SV_LOCAL_MAX; n += 2) {
        text[n] = '.';
    }

    text[SV_LOCAL_MAX - 1] = 'a';
    memcpy(text + SV_LOCAL_MAX, "@gmail.com", 10);

    assert_int_equal(sv_address_parse(text, SV_LOCAL_MAX + 10, &addr),
                     SV_ADDRESS_OK);

    sv_root_normalize(lists, &addr, &checks);

    assert_int_equal(checks.normalized.len, SV_LOCAL_MAX + 10);
    assert_int_equal(checks.root.len, SV_LOCAL_MAX / 2 + 1 + 10);
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
        cmocka_unit_test(others),
        cmocka_unit_test(providers),
        cmocka_unit_test(longest)
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
