
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sv_lists.h"
#include "sv_provider.h"


extern const char    sv_data_list_disposable_mx[];
extern const size_t  sv_data_list_disposable_mx_len;


static sv_lists_t  *lists;


static void
load(sv_list_e kind, const char *text)
{
    sv_rules_error_t  error;

    if (sv_lists_load(lists, kind, text, strlen(text), &error) != 0) {
        fail_msg("line %u: %s", error.line, error.message);
    }
}


static void
refused(const char *text, unsigned line, const char *message)
{
    unsigned          i;
    sv_rules_error_t  error;

    static const sv_list_e  kinds[] = {
        SV_LIST_ALLOW, SV_LIST_DENY, SV_LIST_SPAM_TRAP, SV_LIST_ABUSE
    };

    for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        assert_int_not_equal(sv_lists_load(lists, kinds[i], text, strlen(text),
                                           &error), 0);
        assert_int_equal(error.line, line);
        assert_string_equal(error.message, message);
    }
}


static sv_decided_e
decided(const char *address)
{
    sv_address_t  addr;

    if (sv_address_parse((unsigned char *) address, strlen(address), &addr)
        != SV_ADDRESS_OK)
    {
        fail_msg("%s: %s", address, addr.error);
    }

    return sv_lists_decide(lists, &addr);
}


static void
none(void **state)
{
    load(SV_LIST_ALLOW, "");
    load(SV_LIST_DENY, "# nothing\n");

    assert_int_equal(decided("a@example.com"), SV_DECIDED_NOT);
}


static void
domains(void **state)
{
    load(SV_LIST_ALLOW,
         "only.example\n"
         ".both.example\n"
         "*.below.example\n"
         "good.bad.example\n"
         "*.good.bad.example\n"
         "twice.example\n");
    load(SV_LIST_DENY,
         "Bad.Example   # and why\n"
         "*.bad.example\n"
         "@at.example\n"
         "m\xc3\xbcller.example\n"
         "twice.example\n");

    assert_int_equal(decided("a@only.example"), SV_DECIDED_ALLOW);
    assert_int_equal(decided("a@ONLY.example"), SV_DECIDED_ALLOW);
    assert_int_equal(decided("a@sub.only.example"), SV_DECIDED_NOT);
    assert_int_equal(decided("a@notonly.example"), SV_DECIDED_NOT);

    assert_int_equal(decided("a@both.example"), SV_DECIDED_ALLOW);
    assert_int_equal(decided("a@a.b.both.example"), SV_DECIDED_ALLOW);
    assert_int_equal(decided("a@xboth.example"), SV_DECIDED_NOT);

    assert_int_equal(decided("a@below.example"), SV_DECIDED_NOT);
    assert_int_equal(decided("a@x.below.example"), SV_DECIDED_ALLOW);

    /* the nearest counts, of two that are alike "deny" */

    assert_int_equal(decided("a@bad.example"), SV_DECIDED_DENY);
    assert_int_equal(decided("a@x.bad.example"), SV_DECIDED_DENY);
    assert_int_equal(decided("a@good.bad.example"), SV_DECIDED_ALLOW);
    assert_int_equal(decided("a@x.good.bad.example"), SV_DECIDED_ALLOW);
    assert_int_equal(decided("a@twice.example"), SV_DECIDED_DENY);

    assert_int_equal(decided("a@at.example"), SV_DECIDED_DENY);
    assert_int_equal(decided("a@m\xc3\xbcller.example"), SV_DECIDED_DENY);
    assert_int_equal(decided("a@xn--mller-kva.example"), SV_DECIDED_DENY);
    assert_int_equal(decided("a@example"), SV_DECIDED_NOT);
}


static void
addresses(void **state)
{
    load(SV_LIST_ALLOW, "boss@bad.example\njohn+x@gmail.com\n");
    load(SV_LIST_DENY, ".bad.example\nJ.Doe@gmail.com\n\"a b\"@ok.example\n");

    assert_int_equal(decided("boss@bad.example"), SV_DECIDED_ALLOW);
    assert_int_equal(decided("Boss+tag@bad.example"), SV_DECIDED_ALLOW);
    assert_int_equal(decided("other@bad.example"), SV_DECIDED_DENY);
    assert_int_equal(decided("boss@x.bad.example"), SV_DECIDED_DENY);

    assert_int_equal(decided("jdoe@googlemail.com"), SV_DECIDED_DENY);
    assert_int_equal(decided("j.d.o.e+1@gmail.com"), SV_DECIDED_DENY);
    assert_int_equal(decided("john+x@gmail.com"), SV_DECIDED_ALLOW);
    assert_int_equal(decided("john@gmail.com"), SV_DECIDED_NOT);
    assert_int_equal(decided("\"a b\"@ok.example"), SV_DECIDED_DENY);
}


/* printf %s john@ok.example | sha256sum */

#define JOHN  "65759fa95be90df3b899666e2ca0e05f550b8eb4301ed1c16c75f9254fb72b64"

static void
digests(void **state)
{
    sv_checks_t   checks;
    sv_address_t  addr;

    load(SV_LIST_ALLOW, "");
    load(SV_LIST_DENY, "sha256:" JOHN "\n");

    assert_int_equal(decided("john@ok.example"), SV_DECIDED_DENY);
    assert_int_equal(decided("JOHN@OK.example"), SV_DECIDED_DENY);
    assert_int_equal(decided("jane@ok.example"), SV_DECIDED_NOT);
    assert_int_equal(decided("john+x@ok.example"), SV_DECIDED_NOT);

    load(SV_LIST_SPAM_TRAP, "sha256:" JOHN);

    assert_int_equal(sv_address_parse((unsigned char *) "John@ok.example", 15,
                                      &addr), SV_ADDRESS_OK);
    sv_checks_run(lists, &addr, &checks);
    assert_int_equal(checks.spam_trap, 1);

    addr.local.data[0] = 'X';
    sv_checks_run(lists, &addr, &checks);
    assert_int_equal(checks.spam_trap, 0);
}


static void
wrong(void **state)
{
    refused("ok.example\nno domain\n", 2, "not a domain");
    refused("ok.example\n\n..example\n", 3, "not a domain");
    refused("a..b@example.com", 1, "not an address");
    refused("sha256:abc\n", 1, "not a SHA-256");
    refused("# x\nsha256:" "zz" JOHN "\n", 2, "not a SHA-256");
    refused("sha256:zz", 1, "not a SHA-256");
}


static int
mx(const char *host)
{
    return sv_lists_disposable_mx(lists, (const unsigned char *) host,
                                  strlen(host));
}


static void
mail_hosts(void **state)
{
    assert_true(mx("mail.mailinator.com"));
    assert_true(mx("mail2.mailinator.com"));
    assert_true(mx("mx1.generator.email"));
    assert_false(mx("mailinator.com"));
    assert_false(mx("xmail.mailinator.com"));
    assert_false(mx("aspmx.l.google.com"));
    assert_false(mx("route1.mx.cloudflare.net"));
    assert_false(mx("mx.yandex.net"));
    assert_false(mx("us2.mx1.mailhostbox.com"));
    assert_false(mx("mx1.simplelogin.co"));
    assert_false(mx(""));

    load(SV_LIST_DISPOSABLE_MX, "mx.mine.example\n");

    assert_true(mx("mx.mine.example"));
    assert_true(mx("a.mx.mine.example"));
    assert_false(mx("mine.example"));
    assert_false(mx("mail.mailinator.com"));
}


/* a host that others rent from a hoster must not be among those that are
   compiled in: each is a throw-away service's own */

static void
mail_hosts_are_theirs(void **state)
{
    size_t           pos, len, n;
    sv_lists_t      *given;
    sv_checks_t      checks;
    sv_address_t     addr;
    const char      *text, *line, *end;
    unsigned char    buf[2 + SV_DOMAIN_MAX];
    sv_providers_t  *providers;

    given = sv_lists_default();
    providers = sv_providers_default();
    assert_true(given != NULL && providers != NULL);

    text = sv_data_list_disposable_mx;
    len = sv_data_list_disposable_mx_len;
    n = 0;

    for (pos = 0; pos < len; pos = end + 1 - text) {
        line = text + pos;
        end = memchr(line, '\n', len - pos);
        assert_non_null(end);

        if (end == line || *line == '#') {
            continue;
        }

        n++;

        memcpy(buf, "a@", 2);
        memcpy(buf + 2, line, end - line);

        assert_int_equal(sv_address_parse(buf, 2 + (end - line), &addr),
                         SV_ADDRESS_OK);
        sv_checks_run(given, &addr, &checks);

        if (checks.disposable != 1 || checks.free_provider != 0
            || checks.alias_service != 0
            || sv_provider_by_mx(providers, addr.domain.data,
                                 addr.domain.len) != NULL)
        {
            fail_msg("%.*s: not in a throw-away service's own domain",
                     (int) (end - line), line);
        }
    }

    assert_int_equal(n, sv_lists_count(given, SV_LIST_DISPOSABLE_MX));
    assert_true(n > 10);

    sv_lists_free(given);
    sv_providers_free(providers);
}


int
main(void)
{
    int  rc;

    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(none),
        cmocka_unit_test(domains),
        cmocka_unit_test(addresses),
        cmocka_unit_test(digests),
        cmocka_unit_test(wrong),
        cmocka_unit_test(mail_hosts),
        cmocka_unit_test(mail_hosts_are_theirs),
    };

    lists = sv_lists_default();

    if (lists == NULL) {
        return 1;
    }

    rc = cmocka_run_group_tests(tests, NULL, NULL);

    sv_lists_free(lists);

    return rc;
}
