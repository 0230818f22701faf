
/*
 * Plain statements: a mailbox is missing only if a sentence says so that
 * consists of words that the rules know.
 */

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "sv_rules.h"


#define N  SV_MAILBOX_NOT_FOUND
#define D  SV_MAILBOX_DISABLED
#define X  SV_REJECTED


typedef struct {
    sv_reason_e         reason;
    unsigned            code;
    const char         *text;
} case_t;


static sv_rules_t  *rules;


static void
check(const case_t *c, size_t n)
{
    sv_reply_t  reply;
    sv_class_t  class;

    for ( /* void */ ; n; n--, c++) {
        memset(&reply, 0, sizeof(sv_reply_t));

        reply.stage = SV_STAGE_RCPT;
        reply.code = c->code;
        reply.text.data = (unsigned char *) c->text;
        reply.text.len = strlen(c->text);
        reply.rcpt.data = (unsigned char *) "jdoe@example.com";
        reply.rcpt.len = strlen("jdoe@example.com");

        sv_classify(rules, &reply, &class);

        if (class.reason != c->reason) {
            fail_msg("%u %s: %s by %s", c->code, c->text,
                     sv_reasons[class.reason].name, class.rule);
        }
    }
}

#define check_all(cases)  check(cases, sizeof(cases) / sizeof(cases[0]))


/* whatever it is, it is not the mailbox */

static void
what_is_missing(void **state)
{
    const case_t  cases[] = {
        { N, 550, "The user does not exist" },
        { X, 550, "The voucher of the user does not exist" },
        { X, 550, "The user's trombone does not exist" },
        { X, 550, "Zebra for this account could not be found" },
        { X, 550, "The marmalade of <jdoe@example.com> is unknown" },
        { D, 550, "This account is disabled" },
        { X, 550, "The trombone of this account is disabled" },
        { N, 550, "Das Postfach existiert nicht" },
        { X, 550, "Die Posaune des Benutzers existiert nicht" },
        { N, 550, "L'utilisateur n'existe pas" },
        { X, 550, "Le trombone de l'utilisateur n'existe pas" },
        { N, 550, "El buz\303\263n no existe" },
        { X, 550, "La factura del usuario no existe" },
        { N, 550, "\346\224\266\344\273\266\344\272\272"
                  "\344\270\215\345\255\230\345\234\250" },
        { X, 550, "\347\224\250\346\210\267\347\232\204\350\256\270\345\217"
                  "\257\350\257\201\344\270\215\345\255\230\345\234\250" }
    };

    check_all(cases);
}


/* who denies, counts, explains or advises, says nothing of the recipient */

static void
what_is_said_of_it(void **state)
{
    const case_t  cases[] = {
        { X, 550, "The user is not unknown, only you may not write to him" },
        { X, 550, "It is not that the user is unknown: we refuse you" },
        { X, 550, "Seventeen of your recipients do not exist" },
        { X, 550, "Possible reasons: user unknown, message too wide" },
        { X, 550, "This mailbox will be closed in spring" },
        { X, 550, "Make sure that the user is not unknown" },
        { X, 550, "Nicht der Benutzer ist unbekannt, sondern Sie" },
        { X, 550, "Bitte pr\303\274""fen Sie, dass die Adresse nicht falsch "
                  "ist" },
        { X, 550, "Causes possibles : utilisateur inconnu" },
        { X, 550, "Este buz\303\263n ser\303\241 eliminado pronto" },
        { X, 550, "La maggior parte dei destinatari non esiste" }
    };

    check_all(cases);
}


/* who asks, quotes or takes back makes no statement */

static void
who_says_so(void **state)
{
    const case_t  cases[] = {
        { X, 550, "User unknown?" },
        { X, 550, "Is the mailbox closed? We do not say." },
        { X, 550, "User unknown. This was only a test." },
        { X, 550, "The robot says that the user does not exist" },
        { X, 550, "Benutzer unbekannt. Das war nur ein Beispiel." },
        { X, 550, "On dit que le compte est inconnu" },
        { SV_SENDER_BLOCKED, 550, "No such user. That is what your own server "
                                  "said." },
        { SV_SENDER_BLOCKED, 550, "utilisateur inconnu. C'est ce que dit votre "
                                  "propre serveur" },
        { N, 550, "User unknown. Questions? Ask the postmaster." }
    };

    check_all(cases);
}


/* a code that fits does not make a statement plain */

static void
codes(void **state)
{
    const case_t  cases[] = {
        { N, 550, "5.1.1 <jdoe@example.com>" },
        { N, 550, "5.1.1 Sorry, not found" },
        { X, 550, "5.1.1 The invoice was not found" },
        { D, 550, "5.2.1 <jdoe@example.com>" },
        { N, 550, "5.1.1 <jdoe@example.com>: user unknown" },
        { X, 550, "5.1.1 <jdoe@example.com>: the coupon is invalid" }
    };

    check_all(cases);
}


/* names are no words: of the recipient, of a place, of a server */

static void
names(void **state)
{
    const case_t  cases[] = {
        { N, 550, "FOO: no such user" },
        { N, 550, "RC:NE The email account does not exist." },
        { N, 550, "No such user (foo mta)" },
        { N, 550, "No such user - psmtp" },
        { N, 550, "NAK no such user" },
        { N, 550, "jdoe is no user here, user unknown" },
        { N, 550, "User unknown at Foobar University of Technology" },
        { N, 550, "User unknown, foobar" },
        { N, 550, "host mx7.foobar.example said: user unknown" },
        { N, 550, "no such user / brak uzytkownika foobar" },
        { X, 550, "Foo user trombone unknown" },

        /* in quotes, or behind the name of a field */

        { N, 550, "Recipient 'jdoe@example.com' does not exist" },
        { N, 550, "Mailbox \302\253jdoe@example.com\302\273 does not exist" },
        { N, 550, "Mailbox \342\200\234jdoe@example.com\342\200\235 unknown" },
        { N, 550, "user=jdoe@example.com not found" },
        { X, 550, "Recipient 'alice@example.com' does not exist" },
        { X, 550, "Mailbox \302\253alice@example.com\302\273 does not exist" },
        { X, 550, "user=alice@example.com not found" },
        { X, 550, "user=notjdoe@example.com not found" }
    };

    check_all(cases);
}


/* of two sentences one has to be plain */

static void
sentences(void **state)
{
    const case_t  cases[] = {
        { N, 550, "User unknown. Questions? Read our trombone pages." },
        { N, 550, "Hello stranger. The user does not exist." },
        { N, 550, "User unknown ; Questions? Read our trombone pages." },
        { X, 550, "Hello stranger, we tell bots that the user does not "
                  "exist." }
    };

    check_all(cases);
}


/* the longest text, and words of every kind of octet, stay within bounds */

static void
bounds(void **state)
{
    size_t         i;
    sv_reply_t     reply;
    sv_class_t     class;
    unsigned char  text[6000];

    memset(&reply, 0, sizeof(sv_reply_t));
    reply.stage = SV_STAGE_RCPT;
    reply.code = 550;
    reply.text.data = text;
    reply.rcpt.data = (unsigned char *) "jdoe@example.com";
    reply.rcpt.len = strlen("jdoe@example.com");

    for (i = 0; i < sizeof(text); i++) {
        text[i] = (i % 2) ? ' ' : 'a';
    }

    memcpy(text, "no such user ", 13);
    reply.text.len = sizeof(text);
    sv_classify(rules, &reply, &class);
    assert_int_equal(class.reason, N);

    for (i = 13; i < sizeof(text); i++) {
        text[i] = (unsigned char) (i * 7 + i / 256);
    }

    for (i = 0; i < sizeof(text); i += 13) {
        reply.text.data = text + i;
        reply.text.len = sizeof(text) - i;
        sv_classify(rules, &reply, &class);
        assert_non_null(class.rule);
    }

    memset(text, 0xe3, sizeof(text));
    memcpy(text, "no such user ", 13);
    reply.text.data = text;
    reply.text.len = sizeof(text);
    sv_classify(rules, &reply, &class);
    assert_int_equal(class.reason, X);
}


/* where it is not known who was asked, one word may be a name */

static void
without_a_recipient(void **state)
{
    size_t       i;
    sv_reply_t   reply;
    sv_class_t   class;

    static const case_t  cases[] = {
        { N, 550, "mailbox jane not found" },
        { N, 550, "no such user jane" },
        { N, 550, "user jane not known at this site" },
        { N, 550, "Destinatar jane invalid." },
        { X, 550, "the voucher of jane does not exist" },
        { X, 550, "user jane trombone not known" }
    };

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        memset(&reply, 0, sizeof(sv_reply_t));
        reply.stage = SV_STAGE_RCPT;
        reply.code = cases[i].code;
        reply.text.data = (unsigned char *) cases[i].text;
        reply.text.len = strlen(cases[i].text);

        sv_classify(rules, &reply, &class);

        if (class.reason != cases[i].reason) {
            fail_msg("%s: %s", cases[i].text, class.rule);
        }
    }
}


static int
setup(void **state)
{
    rules = sv_rules_default();

    return rules == NULL;
}


static int
teardown(void **state)
{
    sv_rules_free(rules);

    return 0;
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(what_is_missing),
        cmocka_unit_test(what_is_said_of_it),
        cmocka_unit_test(who_says_so),
        cmocka_unit_test(codes),
        cmocka_unit_test(names),
        cmocka_unit_test(sentences),
        cmocka_unit_test(bounds),
        cmocka_unit_test(without_a_recipient)
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
