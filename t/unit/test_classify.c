
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

#include "sv_rules.h"


#define N  SV_MAILBOX_NOT_FOUND
#define D  SV_MAILBOX_DISABLED
#define F  SV_MAILBOX_FULL
#define G  SV_GREYLISTED
#define L  SV_RATE_LIMITED
#define E  SV_SERVER_ERROR
#define T  SV_TEMPORARY_FAILURE
#define B  SV_SENDER_BLOCKED
#define P  SV_POLICY_REJECTED
#define R  SV_RELAY_DENIED
#define X  SV_REJECTED


typedef struct {
    sv_reason_e         reason;
    unsigned            code;
    const char         *text;
} case_t;


static sv_rules_t  *rules;


static void
classify(sv_stage_e stage, unsigned code, const char *enhanced,
    const char *text, sv_class_t *class)
{
    sv_reply_t  reply;

    memset(&reply, 0, sizeof(sv_reply_t));

    reply.stage = stage;
    reply.code = code;
    reply.enhanced.data = (unsigned char *) enhanced;
    reply.enhanced.len = strlen(enhanced);
    reply.text.data = (unsigned char *) text;
    reply.text.len = strlen(text);

    sv_classify(rules, &reply, class);
}


static void
check(const case_t *c, size_t n)
{
    sv_class_t  class;

    for ( /* void */ ; n; n--, c++) {
        classify(SV_STAGE_RCPT, c->code, "", c->text, &class);

        if (class.reason != c->reason) {
            fail_msg("%u %s: %s by %s", c->code, c->text,
                     sv_reasons[class.reason].name, class.rule);
        }

        assert_non_null(class.rule);
    }
}

#define check_all(cases)  check(cases, sizeof(cases) / sizeof(cases[0]))


/* "Recipient address rejected" is Postfix's prefix, no reason */

static void
prefix_of_postfix(void **state)
{
    const case_t  cases[] = {
        { N, 550, "5.1.1 <a@example.com>: Recipient address rejected: User "
                  "unknown in local recipient table" },
        { X, 550, "5.1.2 <a@example.com>: Recipient address rejected: Domain "
                  "not found" },
        { P, 554, "5.7.1 <a@example.com>: Recipient address rejected: Access "
                  "denied" },
        { G, 450, "4.2.0 <a@example.com>: Recipient address rejected: "
                  "Greylisted" },
        { P, 550, "5.7.23 <a@example.com>: Recipient address rejected: "
                  "Message rejected due to: SPF fail - not authorized" },
        { F, 552, "5.2.2 <a@example.com>: Recipient address rejected: Mailbox "
                  "full" },
        { D, 550, "5.2.1 <a@example.com>: Recipient address rejected: Account "
                  "disabled" },
        { R, 554, "5.7.1 <a@example.com>: Recipient address rejected: Relay "
                  "access denied" },
        { P, 554, "5.7.1 <a@example.com>: Recipient address rejected: "
                  "blocked" },
        { X, 504, "5.5.2 <a>: Recipient address rejected: need "
                  "fully-qualified address" },
        { P, 550, "5.7.1 <a@example.com>: Recipient address rejected" },
        { N, 550, "<a@example.com>: Recipient address rejected." }
    };

    check_all(cases);
}


static void
access_denied(void **state)
{
    const case_t  cases[] = {
        { N, 550, "5.4.1 Recipient address rejected: Access denied. "
                  "[AM7EUR03FT022.eop-EUR03.prod.protection.outlook.com]" },
        { P, 550, "5.7.1 Recipient address rejected: Access denied" },
        { B, 550, "5.7.606 Access denied, banned sending IP [192.0.2.1]" },
        { P, 541, "5.4.1 Mail rejected by destination domain" },
        { X, 550, "5.4.1 No answer from host" },
        { P, 550, "Access denied" }
    };

    check_all(cases);
}


static void
code_571(void **state)
{
    const case_t  cases[] = {
        { N, 550, "5.7.1 No such user!" },
        { N, 550, "5.7.1 <a@example.com>: Recipient address rejected: User "
                  "unknown" },
        { D, 554, "5.7.1 rejected: Inactive user" },
        { P, 550, "5.7.1 Command rejected" },
        { B, 550, "5.7.1 Service unavailable; client [192.0.2.1] blocked "
                  "using zen.spamhaus.org" },
        { R, 550, "5.7.1 Unable to relay for a@example.com" },
        { P, 550, "5.7.1 message content rejected" },
        { D, 550, "5.7.1 Policy rejection on the target address" }
    };

    check_all(cases);
}


static void
code_521(void **state)
{
    const case_t  cases[] = {
        { D, 550, "5.2.1 <a@example.com>" },
        { D, 550, "5.2.1 The email account that you tried to reach is "
                  "disabled." },
        { N, 550, "5.2.1 <a@example.com>... User Unknown" },
        { X, 550, "5.2.1 Mailbox not available" },
        { L, 550, "5.2.1 The user you are trying to contact is receiving mail "
                  "at a rate that prevents additional messages from being "
                  "delivered." },
        { B, 550, "5.2.1 Mailbox unavailable. Your IP address 192.0.2.1 is "
                  "blacklisted using SPAMHAUS-XBL." },
        { T, 450, "4.2.1 mailbox temporarily disabled" }
    };

    check_all(cases);
}


static void
code_552(void **state)
{
    const case_t  cases[] = {
        { F, 552, "Requested mail action aborted: exceeded storage "
                  "allocation" },
        { X, 552, "5.3.4 Message size exceeds fixed limit" },
        { X, 552, "Message is too large for the quota of the mailbox" },
        { P, 552, "5.2.0 spam detected" },
        { N, 552, "1 Requested mail action aborted, mailbox not found" },
        { L, 552, "Too many recipients" },
        { X, 552, "Failed" }
    };

    check_all(cases);
}


static void
mailbox_unavailable(void **state)
{
    const case_t  cases[] = {
        { N, 550, "Requested action not taken: mailbox unavailable" },
        { N, 550, "5.5.0 Requested action not taken: mailbox unavailable "
                  "(S2017062302)." },
        { B, 550, "mailbox unavailable, your IP 192.0.2.1 was rejected" },
        { P, 550, "mailbox unavailable: blocked by our spam policy" },
        { B, 550, "5.7.1 Mailbox unavailable. Client 192.0.2.1 is listed" },
        { L, 550, "Mailbox unavailable or access denied" },
        { T, 450, "Requested mail action not taken: mailbox unavailable" }
    };

    check_all(cases);
}


/* what does not exist is the sender, or ours */

static void
said_of_the_sender(void **state)
{
    const case_t  cases[] = {
        { B, 550, "5.1.8 <a@example.net>: Sender address rejected: Domain not "
                  "found" },
        { B, 553, "5.1.8 <a@example.net>... Domain of sender address "
                  "a@example.net does not exist" },
        { B, 550, "Verification failed for <a@example.net> No Such User Here "
                  "Sender verify failed" },
        { B, 550, "5.1.1 <a@example.net>: Sender address rejected: User "
                  "unknown in virtual mailbox table" },
        { B, 550, "Could not verify sender: user unknown" },
        { B, 553, "Return address a@example.net does not exist" },
        { B, 550, "Your HELO name localhost does not exist" },
        { B, 550, "Reverse DNS for 192.0.2.1 does not exist" },
        { B, 550, "Absender unbekannt" },
        { P, 550, "User bob does not accept messages from unknown senders" },
        { B, 550, "message sending for this account is disabled" }
    };
    sv_class_t    class;
    size_t        i;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        classify(SV_STAGE_RCPT, cases[i].code, "", cases[i].text, &class);

        if (class.reason != SV_SENDER_BLOCKED
            && class.reason != SV_POLICY_REJECTED)
        {
            fail_msg("%s: %s", cases[i].text, class.rule);
        }
    }
}


static void
temporary(void **state)
{
    const case_t  cases[] = {
        { T, 450, "4.1.1 <a@example.com>: Recipient address rejected: "
                  "unverified address: connect to mx.example.com[192.0.2.25]:"
                  "25: Connection refused" },
        { T, 450, "4.1.1 <a@example.com>: Recipient address rejected: User "
                  "unknown in virtual alias table" },
        { G, 451, "Internal resource temporarily unavailable - https://"
                  "community.mimecast.com/docs/DOC-1369#451" },
        { G, 450, "Greylisted, see http://postgrey.schweikert.ch/help/" },
        { G, 451, "4.7.1 Please try again in 300 seconds" },
        { F, 452, "4.2.2 Mailbox full" },
        { E, 452, "4.3.1 Insufficient system storage" },
        { L, 421, "4.7.0 Too many connections" },
        { B, 421, "4.7.0 The IP address sending this message does not have a "
                  "PTR record" },
        { T, 451, "Something" }
    };

    check_all(cases);
}


/* no text of a 4xx, no code, and no stage before RCPT can blame a mailbox */

static void
never_blamed(void **state)
{
    int          i;
    unsigned     code;
    size_t       k;
    sv_class_t   class;
    const char  *texts[] = {
        "5.1.1 User unknown", "4.1.1 user unknown", "No such user",
        "account disabled", "Mailbox unavailable", "5.1.1", "Invalid recipient",
        "NoSuchUser https://support.google.com/mail/?p=NoSuchUser",
        "RESOLVER.ADR.RecipientNotFound", "5.4.1 Access denied"
    };

    for (k = 0; k < sizeof(texts) / sizeof(texts[0]); k++) {

        for (code = 400; code < 500; code++) {
            classify(SV_STAGE_NONE, code, "4.1.1", texts[k], &class);
            assert_int_not_equal(class.reason, SV_MAILBOX_NOT_FOUND);
            assert_int_not_equal(class.reason, SV_MAILBOX_DISABLED);
            assert_int_not_equal(class.reason, SV_ACCEPTED);
        }

        for (i = SV_STAGE_DNS; i < SV_STAGE_RCPT; i++) {
            classify(i, 550, "5.1.1", texts[k], &class);
            assert_int_not_equal(class.reason, SV_MAILBOX_NOT_FOUND);
            assert_int_not_equal(class.reason, SV_MAILBOX_DISABLED);
            assert_int_not_equal(class.reason, SV_MAILBOX_FULL);
        }

        for (code = 200; code < 300; code++) {
            classify(SV_STAGE_RCPT, code, "2.1.5", texts[k], &class);
            assert_int_equal(class.reason, SV_ACCEPTED);
        }
    }
}


static void
stages(void **state)
{
    int          i;
    sv_class_t   class;
    const char  *text = "5.7.1 Service unavailable; Client host [192.0.2.1] "
                        "blocked using zen.spamhaus.org";

    for (i = SV_STAGE_NONE; i <= SV_STAGE_RCPT; i++) {
        classify(i, 554, "", text, &class);
        assert_int_equal(class.reason, SV_SENDER_BLOCKED);
        assert_string_equal(class.rule, "blocklist");
    }

    classify(SV_STAGE_MAIL, 550, "", "No such domain example.com", &class);
    assert_int_equal(class.reason, SV_SENDER_BLOCKED);
    assert_string_equal(class.rule, "sender-domain");

    classify(SV_STAGE_MAIL, 550, "", "No such user here", &class);
    assert_int_equal(class.reason, SV_SENDER_BLOCKED);

    classify(SV_STAGE_MAIL, 553, "", "mx.example.com does not exist", &class);
    assert_int_equal(class.reason, SV_SENDER_BLOCKED);

    classify(SV_STAGE_MAIL, 550, "5.1.7", "No such domain example.com", &class);
    assert_int_equal(class.reason, SV_SENDER_BLOCKED);
    assert_string_equal(class.rule, "code-sender");

    classify(SV_STAGE_MAIL, 550, "", "Requested action not taken: mailbox "
             "unavailable", &class);
    assert_int_equal(class.reason, SV_SENDER_BLOCKED);

    classify(SV_STAGE_EHLO, 550, "", "Rejected", &class);
    assert_int_equal(class.reason, SV_SENDER_BLOCKED);

    classify(SV_STAGE_BANNER, 550, "", "Dictionary attack detected", &class);
    assert_int_equal(class.reason, SV_SENDER_BLOCKED);

    classify(SV_STAGE_BANNER, 554, "", "Rejected", &class);
    assert_int_equal(class.reason, SV_REJECTED);

    classify(SV_STAGE_RCPT, 550, "", "No such domain example.com", &class);
    assert_int_equal(class.reason, SV_REJECTED);

    classify(SV_STAGE_NONE, 550, "", "User unknown", &class);
    assert_int_equal(class.reason, SV_MAILBOX_NOT_FOUND);
    assert_string_equal(class.rule, "user-unknown");

    classify(SV_STAGE_RCPT, 421, "", "", &class);
    assert_string_equal(class.rule, "temporary-4xx");

    classify(SV_STAGE_RCPT, 550, "", "", &class);
    assert_string_equal(class.rule, "rejected-5xx");

    classify(SV_STAGE_RCPT, 250, "", "", &class);
    assert_string_equal(class.rule, "accepted-2xx");

    classify(SV_STAGE_RCPT, 354, "", "", &class);
    assert_int_equal(class.reason, SV_REJECTED);
}


/* the code is found in the text, and what looks like one is not */

static void
enhanced(void **state)
{
    size_t       i;
    sv_class_t   class;
    const struct {
        unsigned     code;
        const char  *given, *text, *found;
    }  cases[] = {
        { 550, "5.1.1", "", "5.1.1" },
        { 550, "", "5.1.1 User unknown", "5.1.1" },
        { 550, "", "sorry, no mailbox here by that name. (#5.1.1)", "5.1.1" },
        { 550, "", "Refused #5.1.0 Address rejected.", "5.1.0" },
        { 550, "", "[5.1.1]", "5.1.1" },
        { 550, "", "The end is 5.1.1.", "5.1.1" },
        { 550, "", "host said: 550-5.1.1 no", "5.1.1" },
        { 550, "", "-> 5.1.351 Remote server", "5.1.351" },
        { 550, "5.0.0", "(#5.1.1)", "5.1.1" },
        { 550, "5.0.0", "nothing", "5.0.0" },
        { 550, "5.7.1", "5.1.1", "5.7.1" },
        { 450, "", "5.1.1 no", "" },
        { 550, "4.2.1", "no", "" },
        { 550, "4.2.1", "5.2.0 no", "5.2.0" },
        { 550, "", "IP 5.1.1.9 is listed", "" },
        { 550, "", "IP 95.1.1 is listed", "" },
        { 550, "", "Exim 5.1.1 says no", "" },
        { 550, "", "version 5.0.2", "" },
        { 550, "", "v5.0.2", "" },
        { 550, "", "on 5.11.2024", "" },
        { 550, "", "5.9.1 no such subject", "" },
        { 550, "", "5.1.1234", "" },
        { 550, "", "5.1.", "" },
        { 550, "", "5.1", "" },
        { 550, "", "http://example.com/5.1.1", "" },
        { 550, "", "id=5.1.1", "" },
        { 550, "5.1.1x", "", "" },
        { 550, "550", "", "" },
        { 250, "", "2.1.5 ok", "2.1.5" }
    };

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        classify(SV_STAGE_RCPT, cases[i].code, cases[i].given, cases[i].text,
                 &class);

        if (strcmp(class.enhanced, cases[i].found) != 0) {
            fail_msg("%u %s %s: %s", cases[i].code, cases[i].given,
                     cases[i].text, class.enhanced);
        }
    }
}


static void
retry_after(void **state)
{
    size_t       i;
    sv_class_t   class;
    const struct {
        unsigned     seconds;
        const char  *text;
    }  cases[] = {
        { 300, "try again in 300 seconds" },
        { 300, "Greylisted, please retry in 5 minutes" },
        { 299, "Greylisting in action, please come back in 00:04:59" },
        { 300, "Greylisted for 5 minutes" },
        { 60, "greylisted, try in 60s" },
        { 600, "Please try again after 10 min." },
        { 3600, "retry in about 1 hour" },
        { 120, "Wait 2 minutes before you retry" },
        { 300, "Greylisted, come back 5 minutes later" },
        { 900, "Bitte in 15 Minuten erneut versuchen" },
        { 900, "Bitte warten Sie 15 Minuten" },
        { 180, "reintente en 3 minutos" },
        { 5400, "try again in 1 hour 30 minutes" },
        { 5400, "try again in 1h30m" },
        { 5400, "retry in 1 h 30 min" },
        { 130, "retry in 2 min 10 sec" },
        { 130, "retry in 2min10s, please" },
        { 130, "Greylisted, wait 2 minutes and 10 seconds" },
        { 300, "please come back in 00:05:00" },
        { 3661, "wait 1 hour, 1 minute, 1 second" },
        { 5400, "greylisted, come back 1 hour 30 minutes later" },
        { 86400, "try again in 2 days 5 hours" },
        { 5400, "Bitte in 1 Stunde und 30 Minuten erneut versuchen" },
        { 300, "try again in 5 minutes, 20 messages of 30 minutes ago wait" },
        { 60, "try again in 1 minute; 2 hours is the limit" },
        { 0, "try again in 5x10s" },
        { 0, "try again in 10s5m" },
        { 600, "veuillez reessayer dans 10 minutes" },
        { 86400, "try again in 30 days" },
        { 86400, "try again in 99999 seconds" },
        { 0, "Greylisted, see http://postgrey.schweikert.ch/help/" },
        { 10, "try again later" },      /* by its rule */
        { 0, "try again in 0 seconds" },
        { 0, "message still undelivered after 4 hours, will keep trying "
             "until it is 8 hours old" },
        { 0, "too many connections: 20 per 60 seconds" },
        { 10, "try again later, at 10:15:30" },
        { 0, "try again in 999999999999 seconds" },
        { 0, "retry limit is 300" },
        { 0, "" }
    };

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        classify(SV_STAGE_RCPT, 450, "", cases[i].text, &class);

        if (class.retry_after != cases[i].seconds) {
            fail_msg("%s: %u", cases[i].text, class.retry_after);
        }
    }

    classify(SV_STAGE_RCPT, 550, "", "User unknown, retry in 5 minutes",
             &class);
    assert_int_equal(class.retry_after, 0);
}


/* what passes within seconds, as the rule says where the reply does not */

static void
come_back_soon(void **state)
{
    size_t       i;
    sv_class_t   class;
    const struct {
        sv_reason_e  reason;
        unsigned     seconds, code;
        const char  *text;
    }  cases[] = {
        { E, 5, 450, "4.3.2 Service currently unavailable" },
        { T, 10, 450, "4.1.1 <a@example.com>: Recipient address rejected: "
                      "unverified address: Address verification in progress" },
        { T, 10, 450, "4.1.7 <a@example.net>: Sender address rejected: "
                      "unverified address: Address verification in "
                      "progress" },
        { T, 10, 451, "4.4.3 Unable to verify address at this time." },
        { T, 10, 451, "Could not complete recipient verify callout" },
        { T, 10, 450, "4.1.1 <a@example.com>: Recipient address rejected: "
                      "unverified address: Address lookup failure" },
        { T, 10, 450, "The recipient is being verified" },
        { T, 10, 421, "4.3.0 Cannot verify this recipient now" },
        { T, 10, 451, "Recipient callout did not end" },
        { T, 60, 450, "Verification is pending, try again in a minute or "
                      "after 60 seconds" },
        { T, 0, 450, "4.1.1 <a@example.com>: Recipient address rejected: "
                     "unverified address: connect to mx.example.com: "
                     "Connection refused" },
        { T, 0, 451, "Something" },
        { T, 10, 450, "4.1.1 <a@example.com>: Recipient address rejected: "
                      "unverified address: conversation with "
                      "mx.example.com timed out" },
        { T, 10, 450, "4.1.1 Recipient address rejected: unverified "
                      "address: lost connection with mx.example.com" },
        { T, 10, 450, "4.1.1 Recipient address rejected: unverified "
                      "address: host mx.example.com said: 451 Greylisted" },
        { T, 10, 451, "4.3.2 Please try again later" },
        { T, 10, 450, "Try again later" },
        { T, 10, 451, "4.4.1 Temporary problem, retry later" },
        { T, 10, 421, "4.3.0 Come back later" },
        { E, 10, 451, "4.3.0 LDAP lookup failed, try again later" },
        { E, 10, 421, "4.3.2 Service not available, try again later" },
        { E, 0, 451, "4.3.0 LDAP lookup failed" },
        { E, 0, 452, "4.3.1 Insufficient system storage, try again later" },
        { L, 0, 421, "4.7.0 Too many errors, try again later" },
        { T, 0, 550, "5.2.0 mailbox unavailable, try again later" },

        /* it is not known whether our sender exists, so nobody is blocked */

        { T, 10, 451, "Could not complete sender verify callout" },
        { T, 10, 450, "4.1.7 <a@example.net>: Sender address rejected: "
                      "unverified address: Address lookup failure" },
        { T, 10, 450, "4.1.7 <a@example.net>: Sender address rejected: "
                      "unverified address: conversation with "
                      "mx.example.net timed out" },
        { T, 10, 451, "4.3.0 Temporary failure in verification of sender" },
        { B, 0, 450, "4.1.7 <a@example.net>: Sender address rejected: "
                     "undeliverable address: host mx.example.net said: 550 "
                     "5.1.1 User unknown" },
        { B, 0, 450, "4.1.7 <a@example.net>: Sender address rejected: "
                     "unverified address: host mx.example.net said: 554 "
                     "5.7.1 listed at blocklist" },
        { B, 0, 450, "4.1.7 <a@example.net>: Sender address rejected: "
                     "unverified address: User unknown" }
    };

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        classify(SV_STAGE_RCPT, cases[i].code, "", cases[i].text, &class);

        if (class.reason != cases[i].reason
            || class.retry_after != cases[i].seconds)
        {
            fail_msg("%s: %s by %s, %u", cases[i].text,
                     sv_reasons[class.reason].name, class.rule,
                     class.retry_after);
        }
    }

    classify(SV_STAGE_MAIL, 450, "4.1.7", "Sender address rejected: "
             "unverified address: Address verification in progress", &class);
    assert_int_equal(class.reason, SV_TEMPORARY_FAILURE);
    assert_int_equal(class.retry_after, 10);
}


/* a 4xx that says no more than its code */

static void
bare(void **state)
{
    size_t       i;
    sv_class_t   class;
    const struct {
        unsigned     bare, code;
        const char  *text;
    }  cases[] = {
        { 1, 450, "" },
        { 1, 451, "Temporary problem" },
        { 1, 450, "4.7.1 Please try again later" },
        { 1, 450, "4.2.0 <a@example.com>: Recipient address rejected: try "
                  "later" },
        { 1, 450, "Requested mail action not taken: mailbox unavailable" },
        { 0, 452, "4.2.2 Over quota" },
        { 0, 450, "4.1.1 <a@example.com>: Recipient address rejected: "
                  "Unverified address" },
        { 0, 450, "4.1.2 <a@example.com>: Recipient address rejected: Domain "
                  "not found" },
        { 0, 450, "Domain not found" },
        { 0, 451, "4.3.0 Temporary lookup failure" },
        { 0, 451, "Temporary lookup failure" },
        { 0, 450, "4.1.1 User unknown" },
        { 0, 451, "Your address is rejected for now" },
        { 0, 421, "Try later" },
        { 0, 550, "No" },
        { 0, 250, "Ok" }
    };

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        classify(SV_STAGE_RCPT, cases[i].code, "", cases[i].text, &class);

        if (class.bare != cases[i].bare) {
            fail_msg("%s: by %s", cases[i].text, class.rule);
        }
    }
}


/* 521 is said to clients, 556 of domains; who takes no mail says so */

static void
takes_no_mail(void **state)
{
    size_t       i;
    sv_class_t   class;
    const struct {
        sv_stage_e   stage;
        unsigned     none;
        unsigned     code;
        const char  *text;
    }  cases[] = {
        { SV_STAGE_BANNER, 1, 521, "mx.example.com does not accept mail" },
        { SV_STAGE_BANNER, 1, 521, "5.3.2 Host does not accept any mail" },
        { SV_STAGE_BANNER, 1, 521, "example.com is a send-only host" },
        { SV_STAGE_BANNER, 1, 521, "This host takes no mail" },
        { SV_STAGE_RCPT, 1, 556, "5.1.10 Domain does not accept mail" },
        { SV_STAGE_RCPT, 1, 556, "5.1.10 Recipient address has null MX" },
        { SV_STAGE_BANNER, 0, 521, "5.7.1 Service unavailable LPN007_102" },
        { SV_STAGE_BANNER, 0, 521, "5.3.2 Service currently unavailable" },
        { SV_STAGE_BANNER, 0, 521, "5.5.1 Protocol error" },
        { SV_STAGE_BANNER, 0, 521, "access denied" },
        { SV_STAGE_BANNER, 0, 521, "5.2.1 : (CON:B1)" },
        { SV_STAGE_BANNER, 0, 521, "" },
        { SV_STAGE_BANNER, 0, 521, "mx does not accept mail from you" },
        { SV_STAGE_BANNER, 0, 521, "does not accept mail right now" },
        { SV_STAGE_EHLO, 0, 521, "5.5.1 Protocol error" },
        { SV_STAGE_MAIL, 0, 521, "5.7.1 not for this sender" },
        { SV_STAGE_BANNER, 0, 556, "Go away" },
        { SV_STAGE_RCPT, 0, 556, "Refused" },
        { SV_STAGE_RCPT, 0, 556, "" }
    };

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        classify(cases[i].stage, cases[i].code, "", cases[i].text, &class);

        if (cases[i].none
            != (strcmp(class.rule, "host-takes-no-mail") == 0))
        {
            fail_msg("%s: by %s", cases[i].text, class.rule);
        }

        if (!cases[i].none && cases[i].stage < SV_STAGE_RCPT) {
            assert_int_equal(class.reason, SV_SENDER_BLOCKED);
        }
    }
}


static void
languages(void **state)
{
    const case_t  cases[] = {
        { N, 550, "Utilisateur inconnu" },
        { N, 550, "L'adresse \303\251lectronique n'existe pas" },
        { N, 550, "Empf\303\244nger unbekannt" },
        { N, 550, "Empf\344nger unbekannt" },
        { N, 550, "EMPF\303\204NGER UNBEKANNT" },
        { N, 550, "Empfaenger existiert nicht" },
        { N, 550, "La cuenta de correo no existe" },
        { N, 550, "Usu\303\241rio n\303\243o encontrado" },
        { N, 550, "Utente sconosciuto" },
        { N, 550, "Nie ma takiego u\305\274ytkownika" },
        { N, 550, "\320\237\320\276\320\273\321\214\320\267\320\276\320\262"
                  "\320\260\321\202\320\265\320\273\321\214 \320\275\320\265 "
                  "\320\275\320\260\320\271\320\264\320\265\320\275" },
        { N, 550, "\346\224\266\344\273\266\344\272\272\344\270\215\345\255"
                  "\230\345\234\250" },
        { D, 550, "Le compte du destinataire est bloqu\303\251" },
        { D, 550, "Benutzerkonto ist deaktiviert" },
        { F, 552, "Bo\303\256te du destinataire pleine" },
        { F, 552, "El buz\303\263n est\303\241 lleno" }
    };

    check_all(cases);
}


/* few words of many languages */

static void
more_languages(void **state)
{
    const case_t  cases[] = {
        { N, 550, "Notandinn er ekki til hj\303\241 okkur: notandi finnst e"
                  "kki" },
        { N, 550, "Erabiltzailea ez da aurkitu" },
        { N, 550, "P\303\253rdoruesi nuk ekziston" },
        { N, 550, "\320\232\320\276\321\200\320\270\321\201\320\275\320\270"
                  "\320\272\320\276\321\202 \320\275\320\265 \320\277\320"
                  "\276\321\201\321\202\320\276\320\270" },
        { N, 550, "\320\232\320\260\321\200\321\213\321\201\321\202\320\260"
                  "\320\273\321\214\320\275\321\226\320\272 \320\275\320"
                  "\265 \320\267\320\275\320\276\320\271\320\264\320\267"
                  "\320\265\320\275\321\213" },
        { N, 550, "\350\257\245\346\224\266\344\273\266\350\200\205\344\270"
                  "\215\345\255\230\345\234\250" },
        { N, 550, "\343\201\223\343\201\256\343\202\242\343\202\253\343\202"
                  "\246\343\203\263\343\203\210\343\201\214\350\246\213\343"
                  "\201\244\343\201\213\343\202\212\343\201\276\343\201\233"
                  "\343\202\223" },
        { N, 550, "\352\263\204\354\240\225\354\235\204 \354\260\276\354"
                  "\235\204 \354\210\230 \354\227\206\354\212\265\353\213"
                  "\210\353\213\244" },
        { N, 550, "\305\275\303\241dn\303\275 takov\303\275 u\305\276ivatel" },
        { N, 550, "\316\232\316\261\316\275\316\255\316\275\316\261\317\202"
                  " \317\204\316\255\317\204\316\277\316\271\316\277\317"
                  "\202 \317\207\317\201\316\256\317\203\317\204\316\267"
                  "\317\202" },
        { N, 550, "Kh\303\264ng t\303\254m th\341\272\245y t\303\240i kho"
                  "\341\272\243n" },
        { F, 552, "Das Speicherlimit ist erreicht" }
    };

    check_all(cases);
}


/* an address of ours is no mailbox of theirs, in any language */

static void
said_of_our_address(void **state)
{
    const case_t  cases[] = {
        { B, 550, "Ihre IP-Adresse ist gesperrt" },
        { B, 550, "Votre adresse IP est inconnue" },
        { B, 550, "Direccion IP bloqueada" },
        { B, 550, "Seu IP esta numa lista negra" },
        { B, 550, "Indirizzo IP bloccato" },
        { B, 550, "Adres IP nieznany" },
        { B, 550, "Uw IP-adres is geblokkeerd" },
        { B, 550, "Absender unbekannt" },
        { B, 550, "De afzender is onbekend" },
        { B, 550, "Ihre Adresse ist uns nicht bekannt" },
        { B, 550, "Ihr Konto ist gesperrt" },
        { B, 550, "Votre compte est suspendu" },
        { B, 550, "Su cuenta esta bloqueada" },
        { B, 550, "Uw adres is onbekend" },
        { B, 550, "IP na czarnej liscie" },
        { B, 550, "Avsandaren finns inte" },
        { B, 550, "\345\217\221\344\273\266\344\272\272\344\270\215\345\255"
                  "\230\345\234\250" }
    };

    check_all(cases);
}


/* words of a missing or a closed mailbox that are said of something else */

static void
said_of_us(void **state)
{
    const case_t  cases[] = {
        { B, 550, "The address in From: does not exist" },
        { B, 550, "Reply-To address does not exist" },
        { B, 550, "BATV: invalid return address" },
        { B, 501, "5.1.7 Invalid address" },
        { B, 550, "5.1.8 no such mailbox" },
        { B, 553, "Our host denies the sender" },
        { B, 553, "The sender's domain must resolve" },
        { L, 550, "High rate of unknown users from your network" },
        { L, 550, "Blocked: user unknown rate too high" },
        { P, 550, "5.7.1 Address closed to outside senders" },
        { P, 550, "The recipient refuses to receive this" },
        { P, 550, "5.1.1 the recipient blocked your address" },
        { P, 550, "5.7.1 Unregistered users may not send mail here" },
        { X, 550, "Your mail account has been disabled" },
        { X, 550, "The account you are sending from has been suspended" },
        { X, 550, "Recipient refused: you are not listed" },
        { X, 550, "Unknown user agent" },
        { X, 550, "no valid user certificate" },
        { X, 550, "5.2.1 your IP has been disabled" },
        { E, 550, "User database not found" },
        { R, 500, "Unauthorized relay" },
        { R, 550, "5.1.1 not accepting mail for that domain" },
        { X, 550, "5.1.1 not accepting mail for ip" },
        { X, 503, "5.5.1 All recipients are invalid" },
        { X, 550, "You are not in the user's address book" },
        { P, 550, "5.7.1 address not on the whitelist of this user" },
        { X, 550, "5.1.0 Unknown address error" },
        { B, 554, "The sender or recipients are invalid" },
        { P, 550, "Login failed: unknown user" },
        { X, 550, "Cannot find reverse for address" },
        { X, 550, "No such command for a user" },
        { X, 550, "Session closed, user limit" },
        { X, 550, "mailbox is locked by another process" },
        { B, 503, "Your address has been blocked" },
        { P, 553, "mailbox a@example.com is restricted" },
        { X, 500, "5.5.1 Command unrecognized: RCPT" },
        { X, 501, "Invalid RCPT TO address provided" },
        { X, 553, "Invalid mail address, must be fully qualified" },
        { B, 501, "Invalid MAIL FROM address" },
        { B, 553, "From: address not verified" },
        { B, 421, "4.3.2 Your IP (192.0.2.1) is filtered" },
        { P, 550, "only registered users may use this system" },
        { B, 550, "Sender a@example.com does not have an account here" },
        { B, 550, "The sender's mailbox could not be verified: no such user" },
        { B, 550, "Postmaster verification failed: user unknown" },
        { B, 550, "This host requires a valid sender" },
        { B, 550, "Domain must resolve" },
        { B, 550, "HELO should be a domain (RFC 2821)" },
        { B, 550, "unauthorized interface: 192.0.2.9" },
        { T, 450, "4.1.7 Sender address rejected: unverified address: "
                  "host mx.example.com said: 451 Greylisted" },
        { X, 550, "You do not have an account here" },
        { X, 550, "From email does not exist" },
        { X, 550, "No account for this domain" },
        { X, 550, "The list is closed to mail from outside" },
        { E, 452, "4.3.1 Insufficient system resources, mailbox server full" },
        { P, 550, "5.7.1 account wants full authentication" },
        { P, 550, "mail to <a@example.com> not accepted" }
    };

    check_all(cases);
}


static void
missing_or_not(void **state)
{
    const case_t  cases[] = {
        { N, 550, "Mailbox <a@example.com> not found or disabled" },
        { N, 550, "Adressat unbekannt oder Postfach deaktiviert" },
        { N, 550, "The account was closed and does not exist" },
        { N, 550, "<a@example.com> not used" },
        { N, 550, "5.1.1 user unknown, and we do not relay" },
        { N, 551, "5.1.1 Failed recipient validation: host 192.0.2.9 said: "
                  "554 refused (in reply to RCPT TO command)" },
        { N, 554, "5.7.1 recipient verify from a directory failed" },
        { D, 550, "5.1.1 Inactive mbox" },
        { N, 550, "5.1.1 no such user; our spam policy says more" },
        { N, 550, "The recipient a is not on our system" },
        { N, 550, "We have never heard of that user" },
        { N, 550, "The mailbox doesn't appear to exist" },
        { N, 550, "Cannot route to <a@example.com>" },
        { N, 553, "a@example.com is undeliverable" },
        { N, 550, "We don't know any such user" },
        { N, 557, "The address a@example.com is not available here" },
        { N, 550, "5.7.1 That email does not exist" },
        { D, 550, "The account was cancelled by the user" },
        { D, 550, "This mailbox does not accept incoming mail" },
        { F, 550, "The mailbox of a has reached its maximum size" },
        { F, 550, "Zu viele E-Mails auf dem Server" },
        { N, 550, "a does not exist here" },
        { N, 554, "unresolvable address: <a@example.com>" },
        { G, 451, "First-time sender, an anti-spam measure" },
        { T, 450, "4.1.2 Domain not found, a temporary DNS error" },
        { N, 550, "Nobody here by that name" },
        { N, 550, "User dosn't exist" },
        { N, 550, "a is not known at this site" },
        { N, 550, "This address is not registered with our service" },
        { N, 550, "5.7.1 not in our list of allowed recipients" },
        { N, 501, "5.1.3 Unknown recipient" },
        { N, 556, "Unknown user" },
        { X, 556, "This domain takes no mail" },
        { D, 550, "a@example.com is inactive here" },
        { D, 550, "Closed due to inactivity" },
        { D, 540, "5.7.1 <a@example.com>: recipient address rejected: "
                  "Blocked" },
        { P, 550, "5.7.1 <a@example.com>: recipient address rejected: "
                  "Blocked" },
        { F, 550, "user has overdrawn the diskspace quota" },
        { X, 550, "Give a full domain for the account" },
        { T, 550, "mailbox unavailable, please try again later" },
        { T, 554, "temporary rejection" }
    };

    check_all(cases);
}


/* what is not there need not be the mailbox */

static void
of_something_else(void **state)
{
    const case_t  cases[] = {
        { X, 550, "<jdoe@example.com>: Recipient address rejected: Host not"
                  " found" },
        { X, 550, "<jdoe@example.com>: Recipient address rejected: Service "
                  "not found" },
        { X, 550, "<jdoe@example.com>: Recipient address rejected: Message "
                  "not found" },
        { X, 550, "5.1.1 <jdoe@example.com>: Recipient address rejected: He"
                  "ader is invalid" },
        { X, 550, "The mailbox server could not be located" },
        { X, 550, "Unknown user database" },
        { X, 550, "Address jdoe@example.com has a nonexistent domain" },
        { X, 550, "Invalid host name in <jdoe@example.com>" },
        { X, 501, "Invalid address" },
        { B, 550, "The originating user is not registered" },
        { B, 550, "Bounce address not found" },
        { B, 550, "Reply-to address is wrong" },
        { X, 550, "Your mailbox is invalid" },
        { X, 550, "5.1.1 Your username is not known" },
        { N, 550, "<jdoe@example.com>: Recipient address rejected: no mailb"
                  "ox of that name" },
        { N, 550, "Mail server: the mailbox you wrote to is unknown" },
        { N, 501, "5.1.1 No such user" }
    };

    check_all(cases);
}


static void
ways_to_say_missing(void **state)
{
    const case_t  cases[] = {
        { N, 550, "Unknown delivery address" },
        { N, 550, "Incorrect mail address" },
        { N, 550, "Wrong user" },
        { N, 550, "The alias ceased to exist" },
        { N, 550, "That address could not be located" },
        { N, 550, "Recipient does not match any of our mailboxes" },
        { N, 550, "The mailbox you are trying to reach is not known any mor"
                  "e" },
        { N, 550, "Mailbox jdoe@example.com is not available" },
        { N, 550, "jdoe@example.com has been removed" },
        { N, 550, "The user's name was misspelled, this address is wrong" },
        { N, 550, "There is no destination mailbox of that name" },
        { T, 450, "Mailbox jdoe@example.com is not available" },
        { P, 550, "5.7.1 Address unavailable, access denied by policy" }
    };

    check_all(cases);
}


static void
one_text_for_two_states(void **state)
{
    const case_t  cases[] = {
        { X, 550, "Recipient unknown or quota exceeded" },
        { X, 550, "Mailbox full or does not exist" },
        { N, 550, "Mailbox disabled or not found" },
        { N, 550, "Unknown/disabled user" },
        { D, 550, "Account locked for abuse of our terms" },
        { D, 550, "This user cannot receive any mail" },
        { F, 550, "The account does not have enough free space" },
        { F, 550, "Quota is over for the mailbox" }
    };

    check_all(cases);
}


static void
still_more_languages(void **state)
{
    const case_t  cases[] = {
        { N, 550, "Die Adresse jdoe@example.com existiert bei uns nicht" },
        { N, 550, "Ung\303\274ltige Empf\303\244ngeradresse" },
        { N, 550, "Aucun compte ne porte ce nom" },
        { N, 550, "L\342\200\231utilisateur n\342\200\231a pas \303\251t"
                  "\303\251 trouv\303\251" },
        { N, 550, "No se ha encontrado la cuenta" },
        { N, 550, "Usuario inexistente en este dominio" },
        { N, 550, "Caixa postal inexistente neste servidor" },
        { N, 550, "L'utente risulta sconosciuto" },
        { N, 550, "\320\235\320\265\320\262\320\265\321\200\320\275\321\213"
                  "\320\271 \320\277\320\276\320\273\321\203\321\207\320"
                  "\260\321\202\320\265\320\273\321\214" },
        { N, 550, "\320\257\321\211\320\270\320\272 \321\203\320\264\320"
                  "\260\320\273\321\221\320\275" },
        { N, 550, "\320\235\320\265\320\277\320\276\320\267\320\275\320\260"
                  "\321\202 \320\277\320\276\321\202\321\200\320\265\320"
                  "\261\320\270\321\202\320\265\320\273" },
        { N, 550, "C\304\203su\310\233a po\310\231tal\304\203 nu exist\304"
                  "\203" },
        { N, 550, "Korisnik nije prona\304\221en" },
        { N, 550, "\316\247\317\201\316\256\317\203\317\204\316\267\317\202"
                  " \316\254\316\263\316\275\317\211\317\203\317\204\316"
                  "\277\317\202" },
        { N, 550, "T\303\240i kho\341\272\243n n\303\240y kh\303\264ng t"
                  "\341\273\223n t\341\272\241i" },
        { N, 550, "Penerima tidak ditemukan" },
        { N, 550, "\330\247\331\204\330\255\330\263\330\247\330\250 \330"
                  "\272\331\212\330\261 \331\205\331\210\330\254\331\210"
                  "\330\257" },
        { N, 550, "\346\227\240\346\255\244\346\224\266\344\273\266\344\272"
                  "\272" },
        { N, 550, "\352\263\204\354\240\225\354\235\264 \354\227\206\354"
                  "\212\265\353\213\210\353\213\244" },
        { F, 552, "H\341\273\231p th\306\260 \304\221\303\243 \304\221\341"
                  "\272\247y" },
        { F, 552, "\320\241\320\272\321\200\320\270\320\275\321\214\320\272"
                  "\320\260 \320\277\320\265\321\200\320\265\320\277\320"
                  "\276\320\262\320\275\320\265\320\275\320\260" },
        { F, 552, "El usuario ha superado la cuota" },
        { F, 552, "Speicherplatz des Kontos ersch\303\266pft" },
        { D, 550, "Kontot \303\244r avst\303\244ngt" },
        { D, 550, "\350\257\245\347\224\250\346\210\267\345\267\262\350\242"
                  "\253\347\246\201\347\224\250" },
        { X, 550, "No existe el dominio del usuario" },
        { X, 550, "Domaine du destinataire inconnu" },
        { B, 550, "El remitente no se ha encontrado" },
        { B, 550, "\320\236\321\202\320\277\321\200\320\260\320\262\320\270"
                  "\321\202\320\265\320\273\321\214 \321\203\320\264\320"
                  "\260\320\273\321\221\320\275" }
    };

    check_all(cases);
}


/* a code is heard where the text does not speak of something else */

static void
codes_that_say_too_little(void **state)
{
    const case_t  cases[] = {
        { X, 550, "5.1.1 Address too long" },
        { X, 554, "5.1.1 No valid recipients" },
        { X, 550, "5.1.1 Recipient not liked" },
        { P, 550, "5.4.1 Mailbox unavailable, access denied by policy" },
        { X, 550, "5.2.1 Service is not available over IPv6" },
        { B, 550, "5.2.1 Mailbox of the sender is shut" },
        { N, 550, "5.1.1 <jdoe@example.com>" },
        { D, 550, "5.2.1 <jdoe@example.com>" }
    };

    check_all(cases);
}


static void
ways_to_say_full_or_shut(void **state)
{
    const case_t  cases[] = {
        { F, 552, "The user has reached the quota" },
        { F, 552, "Mailbox size of jdoe exceeded" },
        { F, 552, "The mailbox has too many messages" },
        { F, 552, "jdoe@example.com is full" },
        { F, 552, "This account has insufficient storage" },
        { P, 550, "Policy rejection, quota exceeded" },
        { L, 550, "The user is receiving messages at a rate that is too hig"
                  "h" },
        { D, 550, "The account is on hold" },
        { D, 550, "Mailbox not yet activated" },
        { D, 550, "Message rejected: user account was closed" },
        { P, 550, "jdoe@example.com is a closed mailing list" },
        { N, 550, "User unknown, message size 10 kB" },
        { X, 550, "Cannot find an MX for the recipient" }
    };

    check_all(cases);
}


/* what belongs to a recipient may be missing without him */

static void
parts_of_a_recipient(void **state)
{
    const case_t  cases[] = {
        { X, 550, "Signing key of the recipient not found" },
        { X, 550, "The route for this user is unknown" },
        { X, 550, "Invalid recipient type" },
        { X, 550, "Unknown user error" },
        { X, 550, "The address list does not exist" },
        { E, 550, "Mailbox store not available, backend is down" },
        { P, 535, "User unknown" },
        { X, 550, "User not found among those who are authorized to send to"
                  " us" },
        { X, 550, "The URL in the text is an address that does not exist" },
        { X, 550, "A header names an unknown user" },
        { X, 550, "You do not have a mailbox on this host" },
        { X, 550, "Callout to your exchanger: no such user" },
        { N, 550, "No such user, list of addresses on our site" }
    };

    check_all(cases);
}


static void
ways_to_say_nobody(void **state)
{
    const case_t  cases[] = {
        { N, 550, "Nobody of this name is here" },
        { N, 550, "There is no one named jdoe in our company" },
        { N, 550, "We have no record of that mailbox" },
        { N, 550, "No entry for this name" },
        { N, 550, "The user is not in our database" },
        { N, 550, "It is not a local mailbox" },
        { N, 550, "NO_SUCH_USER" },
        { N, 550, "ErrNoSuchUser" },
        { N, 550, "The employee left our company" },
        { N, 550, "The address has changed, no forwarding address is known" },
        { D, 550, "The user has not logged in for a year" },
        { X, 550, "We have no record of your host" }
    };

    check_all(cases);
}


/* who is refused by a list may well be there */

static void
administrators_lists(void **state)
{
    const case_t  cases[] = {
        { X, 550, "This recipient stands in my badrcptto list" },
        { P, 550, "That one is on our bad recipients list" },
        { N, 550, "5.1.1 This recipient stands in my badrcptto list" },
        { N, 550, "He is not in my validrcptto list" },
        { F, 552, "Too much mail data jdoe@example.com" }
    };

    check_all(cases);
}


/* of the address itself, in a few words */

static void
said_of_the_address(void **state)
{
    const case_t  cases[] = {
        { N, 550, "<jdoe@example.com> is wrong, look it up again" },
        { N, 550, "Email is not registered with us" },
        { N, 550, "The recipient could not be verified to exist" },
        { D, 550, "Message rejected: the mailbox is disabled" },
        { D, 550, "This address cannot receive anything" },
        { F, 552, "jdoe@example.com has used all of his space" },
        { F, 552, "The recipient is over its limit" },
        { X, 550, "Your email is not registered with us" },
        { X, 550, "<jdoe@example.com>: Recipient address rejected: Unknown "
                  "HELO" },
        { X, 550, "Message rejected: your mailbox is disabled" }
    };

    check_all(cases);
}


/* of the sender, his server, or too many */

static void
who_is_asked_for_in_other_languages(void **state)
{
    const case_t  cases[] = {
        { B, 550, "L'adresse de votre serveur est inconnue" },
        { B, 550, "La direcci\303\263n de su servidor es desconocida" },
        { X, 550, "Adresa va\305\241eho serveru neexistuje" },
        { B, 550, "\320\220\320\264\321\200\320\265\321\201 \320\262\320"
                  "\260\321\210\320\265\320\263\320\276 \321\201\320\265"
                  "\321\200\320\262\320\265\321\200\320\260 \320\275\320"
                  "\265\320\270\320\267\320\262\320\265\321\201\321\202\320"
                  "\265\320\275" },
        { X, 550, "\320\222\320\260\321\210\320\260 \321\203\321\207\320"
                  "\265\321\202\320\275\320\260\321\217 \320\267\320\260"
                  "\320\277\320\270\321\201\321\214 \320\275\320\265 \320"
                  "\275\320\260\320\271\320\264\320\265\320\275\320\260" },
        { B, 550, "Ihr Postfach existiert nicht" },
        { X, 550, "\346\234\215\345\212\241\345\231\250\345\234\260\345\235"
                  "\200\344\270\215\345\255\230\345\234\250" },
        { X, 550, "\343\202\265\343\203\274\343\203\220\343\203\274\343\201"
                  "\256\343\202\242\343\203\211\343\203\254\343\202\271\343"
                  "\201\214\345\255\230\345\234\250\343\201\227\343\201\276"
                  "\343\201\233\343\202\223" },
        { X, 550, "\350\256\244\350\257\201\347\224\250\346\210\267\344\270"
                  "\215\345\255\230\345\234\250" },
        { L, 550, "\320\241\320\273\320\270\321\210\320\272\320\276\320\274"
                  " \320\274\320\275\320\276\320\263\320\276 \320\275\320"
                  "\265\320\270\320\267\320\262\320\265\321\201\321\202\320"
                  "\275\321\213\321\205 \320\277\320\276\320\273\321\203"
                  "\321\207\320\260\321\202\320\265\320\273\320\265\320\271" },
        { L, 550, "Demasiadas direcciones desconocidas" },
        { B, 550, "Indirizzo IP sconosciuto" },
        { X, 550, "Adresse nicht gefunden: kein DNS" },
        { T, 550, "\320\222\321\200\320\265\320\274\320\265\320\275\320\275"
                  "\320\276 \320\275\320\265 \320\275\320\260\320\271\320"
                  "\264\320\265\320\275 \320\277\320\276\320\273\321\203"
                  "\321\207\320\260\321\202\320\265\320\273\321\214" },
        { N, 550, "\320\237\320\276\320\273\321\203\321\207\320\260\321\202"
                  "\320\265\320\273\321\214 \320\275\320\265 \320\275\320"
                  "\260\320\271\320\264\320\265\320\275 \320\275\320\260 "
                  "\321\201\320\265\321\200\320\262\320\265\321\200\320\265" },
        { N, 550, "Ce destinataire n'existe pas sur notre serveur" },
        { N, 550, "Ihr Empf\303\244nger ist unbekannt" }
    };

    check_all(cases);
}


/* the sentence that the reason ends */

static void
not_delivered_because(void **state)
{
    const case_t  cases[] = {
        { N, 550, "Unzustellbar, weil das Postfach nicht existiert" },
        { N, 550, "No entregado: el usuario no es correcto" },
        { N, 550, "\351\205\215\344\277\241\344\270\215\350\203\275\357\274"
                  "\232\345\256\233\345\205\210\343\201\214\347\204\241\345"
                  "\212\271\343\201\247\343\201\231" },
        { N, 550, "\351\200\200\344\277\241\357\274\232\345\270\220\346\210"
                  "\267\344\270\215\345\255\230\345\234\250" },
        { N, 550, "\353\260\230\354\206\241\353\220\250: \354\243\274\354"
                  "\206\214\352\260\200 \354\230\254\353\260\224\353\245"
                  "\264\354\247\200 \354\225\212\354\212\265\353\213\210"
                  "\353\213\244" },
        { N, 550, "K\303\244ytt\303\244j\303\244\303\244 ei ole" },
        { X, 550, "K\303\244ytt\303\244j\303\244 ei ole sallittu" },
        { X, 550, "Formato incorrecto de la direcci\303\263n" },
        { X, 550, "IP \354\243\274\354\206\214\352\260\200 \354\230\254\353"
                  "\260\224\353\245\264\354\247\200 \354\225\212\354\212"
                  "\265\353\213\210\353\213\244" }
    };

    check_all(cases);
}


/* not there, but not the recipient */

static void
lists_of_others(void **state)
{
    const case_t  cases[] = {
        { X, 550, "User not found in our sender directory" },
        { X, 550, "Address not found among the subscribers" },
        { X, 550, "User not found in allow list" },
        { X, 550, "You have mailed to unknown users" },
        { X, 550, "The user you sent from does not exist" },
        { X, 550, "No such message was sent by this user" },
        { X, 550, "Not our customer's host" },
        { X, 550, "User object not found" },
        { T, 550, "The mailbox is not available at this time" },
        { N, 550, "No such local user" }
    };

    check_all(cases);
}


/* accounts of those who send, and of nobody */

static void
who_sends_is_not_there(void **state)
{
    const case_t  cases[] = {
        { B, 550, "Originating address unknown" },
        { B, 550, "The proxy user does not exist" },
        { B, 550, "Submission by an unknown user" },
        { X, 550, "Unknown user in the SASL database" },
        { X, 550, "The forwarding address is not valid" },
        { X, 550, "Recipient has an expired signature" },
        { N, 550, "We never had such an account" },
        { N, 550, "Nobody home" },
        { N, 550, "jdoe is not in our user list" }
    };

    check_all(cases);
}


/* of ours, and of the recipient */

static void
whose_account(void **state)
{
    const case_t  cases[] = {
        { X, 550, "Your mailbox is full" },
        { X, 550, "Account disabled, you cannot send" },
        { X, 550, "The recipient list is not valid" },
        { X, 550, "RCPT syntax not valid" },
        { N, 550, "No account for jdoe" },
        { N, 550, "There is no inbox for this name" },
        { N, 550, "jdoe@example.com: recipient not on file" },
        { N, 550, "Not in recipient list" }
    };

    check_all(cases);
}


/* unknown, and with it the end of the session */

static void
two_replies_in_one(void **state)
{
    const case_t  cases[] = {
        { N, 550, "5.1.1 User unknown in some table 421 4.7.0 too many erro"
                  "rs" },
        { L, 550, "Too many errors of yours, user unknown" },
        { N, 553, "The user must exist" },
        { N, 551, "This recipient is not local" },
        { R, 551, "Recipient not local, we do not relay" },
        { B, 550, "The sender must exist" }
    };

    check_all(cases);
}


/* a server of the recipient is not he */

static void
servers_in_other_languages(void **state)
{
    const case_t  cases[] = {
        { X, 550, "\345\217\221\351\200\201\346\226\271\351\202\256\347\256"
                  "\261\344\270\215\345\255\230\345\234\250" },
        { X, 550, "Palvelinta ei l\303\266ydy: vastaanottajan palvelin" },
        { X, 550, "Server odbiorcy nie istnieje" },
        { N, 550, "Server nezn\303\241: u\305\276ivatel neexistuje" }
    };

    check_all(cases);
}


/* a word is a word: local parts, host names and URLs say nothing */

static void
words(void **state)
{
    const case_t  cases[] = {
        { X, 550, "<user-unknown@example.com>" },
        { X, 550, "<spam@example.com>... no" },
        { X, 550, "see https://example.com/reason/user-unknown" },
        { X, 550, "refused by mx.user-unknown.example.com" },
        { N, 550, "USER\tUNKNOWN" },
        { N, 550, "user_unknown" },
        { N, 550, "<<User>>  --  'unknown'" },
        { X, 550, "superuser unknowns" },
        { X, 550, "Thank you, user. Unknown is what happened." },
        { F, 552, "Over-Quota" }
    };

    check_all(cases);
}


static void
any_bytes(void **state)
{
    unsigned        i, k;
    sv_class_t      class;
    sv_reply_t      reply;
    unsigned char  *text;

    memset(&reply, 0, sizeof(sv_reply_t));
    reply.code = 550;

    /* nothing at all */

    sv_classify(rules, &reply, &class);
    assert_string_equal(class.rule, "rejected-5xx");

    for (k = 0; k < 64; k++) {
        text = malloc(8192);
        assert_non_null(text);

        for (i = 0; i < 8192; i++) {
            text[i] = (i * i * (k + 7) + (i >> 3) * 31 + k) & 0xff;
        }

        reply.text.data = text;
        reply.text.len = k * 130;
        sv_classify(rules, &reply, &class);
        assert_non_null(class.rule);

        free(text);
    }

    /* the longest folded text, and one that is longer than what is read */

    for (k = 0; k < 3; k++) {
        text = malloc(20000);
        assert_non_null(text);

        for (i = 0; i < 20000; i++) {
            text[i] = "a! b? c. "[(i + k) % 9];
        }

        memcpy(text + 19000, "user unknown", 12);

        reply.text.data = text;
        reply.text.len = 20000;
        sv_classify(rules, &reply, &class);
        assert_string_equal(class.rule, "rejected-5xx");

        free(text);
    }

    reply.text.len = 0;
    reply.code = 99;
    sv_classify(rules, &reply, &class);
    assert_string_equal(class.rule, "default-5xx");
}


static int
load(void **state)
{
    rules = sv_rules_default();

    return rules ? 0 : -1;
}


static int
unload(void **state)
{
    sv_rules_free(rules);

    return 0;
}


/* whom a reply names: the recipient, us, or somebody else */

static void
classify_named(const char *rcpt, unsigned code, const char *text,
    sv_class_t *class)
{
    sv_reply_t  reply;

    memset(&reply, 0, sizeof(sv_reply_t));

    reply.stage = SV_STAGE_RCPT;
    reply.code = code;
    reply.text.data = (unsigned char *) text;
    reply.text.len = strlen(text);
    reply.rcpt.data = (unsigned char *) rcpt;
    reply.rcpt.len = strlen(rcpt);
    reply.from.data = (unsigned char *) "probe@verifier.test";
    reply.from.len = strlen("probe@verifier.test");

    sv_classify(rules, &reply, class);
}


typedef struct {
    sv_reason_e         reason;
    const char         *rcpt;
    unsigned            code;
    const char         *text;
} named_t;


static void
check_named(const named_t *c, size_t n)
{
    sv_class_t  class;

    for ( /* void */ ; n; n--, c++) {
        classify_named(c->rcpt, c->code, c->text, &class);

        if (class.reason != c->reason) {
            fail_msg("\"%u %s\" of %s is %s, by rule %s", c->code, c->text,
                     c->rcpt, sv_reasons[class.reason].name, class.rule);
        }
    }
}


static void
local_part_is_no_reason(void **state)
{
    static const named_t  cases[] = {
        { N, "greylisted@x.test", 550, "5.1.1 greylisted: unknown user" },
        { N, "mailbox-full@x.test", 550,
          "mailbox-full is not a known user here" },
        { N, "disabled@x.test", 550, "5.1.1 disabled... User unknown" },
        { N, "full@x.test", 550,
          "5.1.1 User full (full@x.test) not listed in Domino Directory" },
        { N, "spam@x.test", 550, "User spam not known at this host" },
        { N, "blacklist@x.test", 550, "blacklist... User unknown" },
        { N, "quota@x.test", 550, "5.1.1 <quota>: user unknown" },
        { N, "Suspended@x.test", 550, "no such user 'suspended'" },
        { N, "relay@x.test", 550, "User relay does not exist" },

        { N, "suspended@x.test", 550,
          "no mailbox by the name of suspended is here" },
        { N, "unknown@x.test", 550, "User unknown" },
        { F, "full@x.test", 552, "Mailbox full" },
        { R, "relaying@x.test", 550, "5.7.1 Relaying denied" },

        /* whoever chooses a local part chooses no verdict */

        { P, "unknown@x.test", 550, "unknown rejected by policy" },
        { P, "unknown@x.test", 550, "User unknown rejected by policy" },
        { X, "unknown@x.test", 550, "User unknown refuses your mail" },
        { X, "no-such-user@x.test", 550, "User no-such-user" },
        { X, "unknown@x.test", 550, "unknown" },

        /* a word of another meaning stays one */

        { F, "john@x.test", 552, "5.2.2 john: mailbox full" },
        { F, "user@x.test", 552, "user over quota" },
        { E, "host@x.test", 550, "5.3.0 LDAP host not found" },
        { P, "spam@x.test", 550, "5.7.1 Message rejected as spam" }
    };

    (void) state;
    check_named(cases, sizeof(cases) / sizeof(cases[0]));
}


/* "@" is the local part, "@@" the address */

static void
named_write(const char *text, const char *local, char *dst, size_t size)
{
    size_t  n;

    for (n = 0; *text; text++) {

        if (*text != '@') {
            n += snprintf(dst + n, size - n, "%c", *text);

        } else if (text[1] == '@') {
            n += snprintf(dst + n, size - n, "%s@x.test", local);
            text++;

        } else {
            n += snprintf(dst + n, size - n, "%s", local);
        }

        assert_true(n < size);
    }
}


static const struct {
    unsigned     code;
    const char  *text;
}  named_replies[] = {
    { 550, "5.1.1 <@@>: Recipient address rejected: User unknown in "
           "virtual mailbox table" },
    { 550, "5.1.1 <@@>: Recipient address rejected: User unknown in "
           "local recipient table" },
    { 550, "<@@>: Recipient address rejected: User unknown in relay "
           "recipient table" },
    { 550, "5.1.1 <@@>... User unknown" },
    { 550, "5.1.1 @... User unknown" },
    { 550, "5.1.1 @: unknown user" },
    { 550, "User unknown" },
    { 550, "5.1.1 User unknown" },
    { 550, "Unknown user" },
    { 550, "No such user here" },
    { 550, "5.1.1 No such user" },
    { 550, "no mailbox by the name of @ is here" },
    { 550, "5.1.1 no mailbox by the name of @ is here" },
    { 550, "@ is not a known user here" },
    { 550, "5.1.1 User @ (@@) not listed in Domino Directory" },
    { 550, "User @ not known at this host" },
    { 550, "sorry, no mailbox here by that name (#5.1.1)" },
    { 550, "5.1.1 The email account that you tried to reach does not "
           "exist. Please try double-checking the recipient's email "
           "address for typos or unnecessary spaces." },
    { 550, "5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient @@ not "
           "found by SMTP address lookup" },
    { 550, "Requested action not taken: mailbox unavailable" },
    { 550, "5.1.1 <@@> User doesn't exist: @@" },
    { 550, "5.1.1 <@> unknown" },
    { 550, "unrouteable address" },
    { 550, "No such recipient @ here" },
    { 550, "Address @ does not exist" },
    { 550, "Mailbox @ does not exist" },
    { 550, "5.1.1 @@: Email address could not be found, or was "
           "misspelled" },
    { 554, "delivery error: dd This user doesn't have a yahoo.com "
           "account (@@)" },
    { 550, "Invalid recipient @@" },
    { 550, "Invalid recipient" },
    { 550, "Recipient not found" },
    { 550, "5.1.1 Mailbox does not exist" },
    { 550, "Mailbox not found" },
    { 552, "Mailbox full" },
    { 552, "5.2.2 Mailbox full" },
    { 452, "4.2.2 The email account that you tried to reach is over "
           "quota" },
    { 552, "5.2.2 <@@>: Recipient address rejected: Mailbox is full" },
    { 552, "5.2.2 user @ over quota" },
    { 552, "Quota exceeded (mailbox for user is full)" },
    { 552, "@: mailbox full" },
    { 550, "5.2.1 The email account that you tried to reach is disabled" },
    { 550, "5.2.1 Mailbox disabled, not accepting messages" },
    { 550, "Account suspended" },
    { 550, "@: account disabled" },
    { 550, "5.2.1 User @ is inactive" },
    { 550, "5.7.1 Relaying denied" },
    { 550, "5.7.1 <@@>... Relaying denied" },
    { 554, "5.7.1 <@@>: Relay access denied" },
    { 550, "relay not permitted" },
    { 550, "Relaying not allowed" },
    { 550, "5.7.1 Unable to relay for @@" },
    { 554, "5.7.1 Service unavailable; Client host [192.0.2.10] blocked "
           "using zen.spamhaus.org" },
    { 550, "5.7.1 Message rejected as spam" },
    { 550, "5.7.1 <@@>: Recipient address rejected: Access denied" },
    { 554, "5.7.1 <@@>: Recipient address rejected: Policy violation" },
    { 550, "@ rejected by policy" },
    { 550, "User @ rejected by policy" },
    { 550, "5.7.1 User @ is not allowed to receive mail from you" },
    { 550, "Mailbox @ refuses your mail" },
    { 550, "5.7.1 @: recipient refuses mail from your host" },
    { 450, "4.2.0 <@@>: Recipient address rejected: Greylisted, see "
           "http://postgrey.schweikert.ch/help/x" },
    { 451, "4.7.1 Greylisted, please try again in 300 seconds" },
    { 451, "4.3.0 <@@>: Temporary lookup failure" },
    { 450, "4.1.1 <@@>: Recipient address rejected: unverified address: "
           "Address verification in progress" },
    { 452, "4.5.3 Too many recipients" },
    { 421, "4.7.0 Too many connections from your host" },
    { 451, "4.7.500 Server busy. Please try again later" },
    { 550, "5.7.1 Sender address rejected: not authorized" },
    { 553, "5.1.8 <probe@verifier.test>: Sender address rejected: "
           "Domain not found" },
    { 550, "5.7.25 The IP address sending this message does not have a "
           "PTR record" },
    { 550, "5.4.1 Recipient address rejected: Access denied. "
           "AS(201806281)" },
    { 550, "5.7.1 TRANSPORT.RULES.RejectMessage; the message was "
           "rejected by organization policy" },
    { 550, "5.1.1 Recipient rejected" },
    { 550, "Rejected" },
    { 550, "Access denied" },
    { 550, "5.3.0 LDAP host not found" },
    { 451, "Temporary local problem - please try later" },
    { 550, "cuda_nsu" },
    { 550, "Verification failed for @@" },
    { 550, "Administrative prohibition" },
    { 550, "Mailbox @ denied" },
    { 550, "User @ refuses your mail" },
    { 550, "No account named @" },
    { 550, "Mailbox \"@\" is closed" },
    { 552, "<@> is over quota" },
    { 550, "[@]: rejected" },
    { 554, "5.7.1 User @: spam is not accepted" }
};


static const char *const  named_locals[] = {
    "unknown", "full", "disabled", "suspended", "relaying", "relay",
    "denied", "spam", "blacklist", "blocked", "greylisted", "greylist",
    "quota", "mailbox-full", "over.quota", "unavailable", "invalid",
    "rejected", "policy", "inactive", "closed", "expired", "locked",
    "moved", "deleted", "removed", "temporary", "temporarily", "later",
    "rate", "limit", "rate-limit", "relay-denied", "relay+denied",
    "no-such-user", "nosuchuser", "not-found", "unverified", "verify",
    "sender", "virus", "blocklist", "spamhaus", "dnsbl", "reputation",
    "helo", "ptr", "dns", "host", "server", "database", "ldap", "storage",
    "disk", "error", "failure", "timeout", "busy", "overloaded", "banned",
    "refused", "forbidden", "unauthorized", "authentication", "nobody",
    "none", "list", "listed", "known", "exist", "found", "here", "table",
    "local", "abuse", "retired", "frozen", "unrouteable", "unlisted",
    "Unknown", "FULL"
};


/* whoever is asked for: what is said of jane is said of him */

static void
local_part_is_anything(void **state)
{
    size_t       i, k, n;
    char         rcpt[64], text[512];
    sv_class_t   class;
    sv_reason_e  jane;

    (void) state;

    n = sizeof(named_locals) / sizeof(named_locals[0]);

    for (i = 0; i < sizeof(named_replies) / sizeof(named_replies[0]); i++) {
        named_write(named_replies[i].text, "jane", text, sizeof(text));
        classify_named("jane@x.test", named_replies[i].code, text, &class);
        jane = class.reason;

        for (k = 0; k < n; k++) {
            named_write(named_replies[i].text, named_locals[k], text,
                        sizeof(text));
            snprintf(rcpt, sizeof(rcpt), "%s@x.test", named_locals[k]);
            classify_named(rcpt, named_replies[i].code, text, &class);

            if (class.reason != jane) {
                fail_msg("\"%u %s\" of %s is %s, by rule %s; of jane %s",
                         named_replies[i].code, text, rcpt,
                         sv_reasons[class.reason].name, class.rule,
                         sv_reasons[jane].name);
            }
        }
    }
}


static void
third_address(void **state)
{
    static const named_t  cases[] = {
        { X, "list@x.test", 550, "5.1.1 member alice@third.example of the "
          "group does not exist, posting is refused" },
        { X, "jane@x.test", 550, "5.1.1 <other@third.test>: no such user" },
        { X, "jane@x.test", 550, "5.1.1 other@third.test: User unknown" },
        { N, "jane@x.test", 550, "5.1.1 <jane@x.test>: no such user" },
        { N, "jane@x.test", 550, "5.1.1 <JANE@inner.x.test>: no such user" },
        { N, "jane+a@x.test", 550, "5.1.1 <jane@x.test>: no such user" },
        { B, "jane@x.test", 550, "5.1.1 <probe@verifier.test>: no such user" }
    };

    (void) state;
    check_named(cases, sizeof(cases) / sizeof(cases[0]));
}


static void
contradicted_by_code(void **state)
{
    static const case_t  cases[] = {
        { L, 550, "5.4.6 <jdoe@x.test>: Recipient address rejected: Mailbox "
                  "Does Not Exist : Domains Hourly Quota Exceeded;" },
        { L, 550, "5.4.6 <jdoe@x.test>: Recipient address rejected: "
                  "Recipient Quota Exceeded;" },
        { L, 554, "5.7.1 <jdoe@x.test>: Recipient address rejected: "
                  "Throttling quota exceeded" },
        { E, 452, "4.3.1 Mail system storage is full." },
        { E, 550, "5.3.0 LDAP server ldap1 not found, address cannot be "
                  "checked" },
        { E, 550, "5.3.5 pipe transport: unknown user \"nobody\", "
                  "configuration error" },
        { E, 550, "5.3.2 user unknown, the system is shut down" },
        { B, 554, "5.7.1 Your host 192.0.2.10 sent to too many addresses "
                  "that do not exist (\"550 User unknown\"). It is blocked "
                  "for 24 hours." },
        { F, 550, "5.2.2 Mailbox unavailable: quota" },
        { F, 552, "5.2.2 No such space, quota" },
        { R, 550, "I cannot deliver mail for <jdoe@x.test>" },
        { N, 524, "5.2.4 Mailing list expansion problem: <jdoe@x.test>" },
        { T, 550, "5.2.0 This mailbox is temporarily disabled" },
        { N, 550, "5.1.1 User unknown" }
    };

    (void) state;
    check(cases, sizeof(cases) / sizeof(cases[0]));
}


/* what a mailbox may get is no limit of ours, in whatever words */

static void
whose_limit(void **state)
{
    size_t      i;
    sv_class_t  class;
    const char  *mailbox[] = {
        "450 4.2.1 The user you are trying to contact is receiving mail too "
            "quickly. Please resend your message at a later time.",
        "550 5.2.1 The user you are trying to contact is receiving mail at a "
            "rate that prevents additional messages from being delivered.",
        "421 4.2.1 The user you are trying to contact is receiving mail too "
            "quickly",
        "550 5.2.122 The recipient has exceeded their limit for the number of "
            "messages they can receive per hour.",
        "432 4.3.2 STOREDRV.Deliver; recipient thread limit exceeded",
        "550 Mailbox unavailable or access denied",
        "450 4.2.1 Mailbox received too much email in a short period of time",
        "452 4.5.3 Too many messages for this recipient",
        "451 Too many messages for this recipient",
        "450 4.7.1 <u@ok.test>: Recipient address rejected: Too many messages "
            "for this recipient, try again later",
        "450 4.7.1 <u@ok.test>: Recipient address rejected: recipient rate "
            "limit exceeded",
        "450 Too many messages for this user, try again later",
        "450 4.2.1 This mailbox receives too many messages",
        "450 4.2.1 Recipient is receiving mail too fast",
        "451 4.2.1 Incoming rate limit of the mailbox exceeded",
        "451 4.2.0 Recipient's daily receiving limit exceeded",
        "452 4.2.1 Recipient daily message limit exceeded",
        "550 5.2.1 Mailbox receive rate exceeded",
        "450 4.2.1 Mailbox inbound rate limit exceeded",
        "451 Rate limit for recipient exceeded",
        "451 4.7.1 Receiving rate limit of this user exceeded"
    };
    const char  *ours[] = {
        "450 4.7.1 Too many messages from your address, slow down",
        "451 4.7.1 Rate limit exceeded",
        "451 4.7.500 Server busy. Please try again later",
        "450 4.7.1 Too many connections from your host",
        "451 4.7.1 You have sent too many messages to this recipient",
        "450 4.7.1 Too many messages for this recipient from your IP address",
        "452 4.5.3 Too many recipients",
        "421 4.7.0 Sender rate limit exceeded"
    };

    (void) state;

    for (i = 0; i < sizeof(mailbox) / sizeof(mailbox[0]); i++) {
        classify(SV_STAGE_RCPT, (unsigned) atoi(mailbox[i]), "",
                 mailbox[i] + 4, &class);

        if (class.reason != SV_RATE_LIMITED || !class.recipient) {
            fail_msg("%s: %s", mailbox[i], class.rule);
        }
    }

    for (i = 0; i < sizeof(ours) / sizeof(ours[0]); i++) {
        classify(SV_STAGE_RCPT, (unsigned) atoi(ours[i]), "", ours[i] + 4,
                 &class);

        if (class.reason != SV_RATE_LIMITED || class.recipient) {
            fail_msg("%s: %s", ours[i], class.rule);
        }
    }

    /* nobody's mailbox is spoken of before RCPT */

    classify(SV_STAGE_MAIL, 450, "", "4.2.1 Rate limit exceeded", &class);
    assert_int_equal(class.reason, SV_RATE_LIMITED);
    assert_false(class.recipient);
}


static sv_str_t
str(const char *text)
{
    sv_str_t  s;

    s.data = (unsigned char *) text;
    s.len = strlen(text);

    return s;
}


/* the host and the domain of the sender, and the recipient's domain */

static void
whose_host(void **state)
{
    size_t      i;
    sv_reply_t  reply;
    sv_class_t  class;

    static const case_t  cases[] = {
        { B, 550, "Domain probe.example is not known here" },
        { B, 550, "5.5.4 EHLO mail.probe.example is not known here" },
        { B, 504, "mail.probe.example: unknown" },
        { B, 550, "5.1.8 No account at probe.example by that name" },
        { N, 550, "User unknown, probe.example said MAIL" },
        { N, 550, "5.1.1 <jdoe@target.example>: user unknown" },
        { N, 550, "No such user at target.example" },
        { X, 550, "target.example n'existe pas" },
        { X, 550, "target.example\343\201\214\345\255\230\345\234\250\343"
                  "\201\227\343\201\276\343\201\233\343\202\223" },
        { N, 550, "Aucun utilisateur jdoe a target.example" }
    };

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        memset(&reply, 0, sizeof(sv_reply_t));

        reply.stage = SV_STAGE_RCPT;
        reply.code = cases[i].code;
        reply.text = str(cases[i].text);
        reply.rcpt = str("jdoe@target.example");
        reply.from = str("postmaster@probe.example");

        sv_classify(rules, &reply, &class);

        if (class.reason != cases[i].reason) {
            fail_msg("%s: %s by %s", cases[i].text,
                     sv_reasons[class.reason].name, class.rule);
        }
    }

    /* a sender of the recipient's own domain: nobody knows whose is meant */

    reply.from = str("postmaster@target.example");
    reply.text = str("No such user at target.example");

    sv_classify(rules, &reply, &class);
    assert_int_equal(class.reason, N);
}


/* a code of RFC 3463 that contradicts is the milder reading */

static void
milder_by_code(void **state)
{
    const case_t  cases[] = {
        { T, 550, "4.1.1 User unknown" },
        { T, 554, "4.2.1 mailbox disabled" },
        { N, 550, "5.1.1 User unknown, it was 4.1.1 before" },
        { E, 550, "5.3.5 Benutzer unbekannt" },
        { F, 550, "5.2.2 Postfach gesperrt" },
        { X, 550, "5.4.4 Konto unbekannt" },
        { X, 550, "5.1.2 Konto unbekannt" }
    };

    (void) state;
    check_all(cases);
}


/* what is temporary, in any language, is no state of the mailbox */

static void
temporary_in_any_language(void **state)
{
    const case_t  cases[] = {
        { T, 550, "5.2.1 Postfach zeitweise gesperrt" },
        { T, 550, "Le compte est momentanement desactive" },
        { T, 554, "El buzon esta temporalmente bloqueado" },
        { T, 550, "5.2.1 Casella in manutenzione" },
        { T, 550, "Temporary failure: no such mailbox" },
        { T, 550, "5.4.1 Transient failure: recipient not found" },
        { D, 550, "5.2.1 Postfach gesperrt" },
        { D, 550, "Le compte est desactive" }
    };

    (void) state;
    check_all(cases);
}


/* a sentence in quotes, whatever the one around it says */

static void
quoted_in_any_language(void **state)
{
    const case_t  cases[] = {
        { P, 550, "5.7.1 refuse par notre politique (\"compte inconnu\")" },
        { P, 554, "5.7.1 \"Postfach unbekannt\": wegen unserer Vorgaben" },
        { P, 554, "5.7.1 \302\273Postfach unbekannt\302\253 ist hier egal" },
        { P, 554, "5.7.1 \343\200\214\345\256\233\345\205\210\344\270\215"
                  "\346\230\216\343\200\215 \350\246\217\345\256\232"
                  "\351\201\225\345\217\215" },
        { P, 550, "5.7.1 'We told you: no such user' is what bots get" },
        { N, 550, "'MAILBOX NOT FOUND'" },
        { N, 550, "This user isn't known, we can't find 'jdoe'" },
        { N, 550, "5.7.1 \"user unknown\"" },
        { N, 550, "5.1.1 it said: \"user unknown\"" }
    };

    (void) state;
    check_all(cases);
}


/* kinds that replies of other collections had */

static void
kinds_of_other_collections(void **state)
{
    const case_t  cases[] = {

        /* a refusal of the recipient that says nothing of the mailbox */

        { X, 550, "5.1.1 Domain target.example no longer available" },
        { X, 550, "The recipient cannot be verified" },
        { P, 550, "5.1.1 Refused due to recipient preferences" },
        { P, 550, "User rejects the mail" },
        { D, 550, "5.2.1 Incoming suspended due to abuse" },
        { N, 550, "Es gibt keine Person mit diesem Namen" },
        { N, 550, "Diese Adresse ist nicht mehr verfuegbar" },
        { N, 559, "Invalid rcptto" },

        /* who is blamed */

        { L, 450, "smtp traffic quota has been exceeded" },
        { L, 550, "Domain x.example has exceeded the max emails per hour" },
        { B, 450, "delivery from 192.0.2.10 is deferred, repeatedly" },
        { B, 550, "Sorry, no access for this ip" },
        { B, 550, "Mail only accepted from IPs with valid reverse lookups" },
        { R, 553, "relay check fail" },
        { G, 450, "This mail is temporarily denied" },
        { E, 550, "Unable to chdir to maildir" },
        { E, 450, "queue unavailable." }
    };

    (void) state;
    check_all(cases);
}


/* who is not here, and what else a word of it may be said of */

static void
not_here(void **state)
{
    const case_t  cases[] = {
        { N, 550, "This recipient is not here" },
        { N, 550, "5.1.1 No account exists under that name" },
        { N, 550, "jdoe isn't a local mailbox" },
        { N, 550, "We were not able to find this mailbox" },
        { N, 550, "I do not know <jdoe@target.example>" },
        { N, 550, "The mailbox that you wrote to is unavailable" },
        { N, 550, "Such an address is not handled by this host" },
        { N, 553, "User has left" },
        { N, 550, "Acest utilizator nu exista" },
        { N, 550, "Nu exista aceasta adresa" },
        { N, 550, "Non esiste questo indirizzo" },
        { D, 550, "Mailbox deleted by its owner" },
        { F, 452, "Insufficient storage in the mailbox" },
        { X, 550, "target.example is not one of our mail domains" },
        { R, 550, "Mail for the domain of this user is not handled here" },
        { X, 550, "Your address is not here" },
        { B, 550, "The sender's mailbox is not here" }
    };

    (void) state;
    check_all(cases);
}


/* 5.1.1 and 5.2.1 before words that say something else */

static void
codes_before_other_matters(void **state)
{
    const case_t  cases[] = {
        { X, 550, "5.1.1 The recipient is empty" },
        { X, 550, "5.1.1 Domain not served here" },
        { X, 550, "5.1.1 Delivery to the outside is disabled" },
        { P, 550, "5.1.1 Only members write to this group" },
        { X, 550, "5.1.1 An address for sending only" },
        { X, 550, "5.1.1 The name is ambiguous" },
        { X, 550, "5.1.1 Recipient is on a suppression list" },
        { X, 550, "5.1.1 Held for approval" },
        { X, 550, "5.2.1 This address bounced before" },
        { N, 550, "5.1.1 Sorry, who?" },
        { N, 550, "5.1.1 Undeliverable, see https://example.com/help" }
    };

    (void) state;
    check_all(cases);
}


/* how handlers of bounces, hosters and policy daemons have it */

static void
words_of_hosters(void **state)
{
    const case_t  cases[] = {

        /* what is not there, and what is no longer open */

        { N, 550, "The receiver does not exist" },
        { N, 550, "There's no account of that name on this system" },
        { N, 550, "jdoe@target.example isn't a mailbox of ours" },
        { N, 550, "Message rejected: no such receiver" },
        { N, 550, "User unknown ; the directory was asked" },
        { D, 550, "This mailbox has been closed for good" },
        { F, 552, "The recipient's storage is exhausted" },

        /* what only looks like it */

        { X, 550, "Client at 192.0.2.10 has no account here" },
        { T, 550, "This mailbox will be created within an hour" },
        { X, 550, "This alias forwards to an address that does not exist" },
        { B, 550, "5.7.1 The sender is not in the list of our customers" }
    };

    (void) state;
    check_all(cases);
}


/* a host's name in brackets and a word that is cut short are no sentences */

static void
tags_and_short_words(void **state)
{
    const case_t  cases[] = {
        { N, 550, "Mailbox unknown {mx-eu042}" },
        { N, 550, "5.1.1 User unknown (mx-7a_11)" },
        { N, 550, "Unbekannter Nutzer [mx-out-3]" },
        { N, 550, "<jdoe@target.example> destin. inesistente" },
        { N, 550, "recip. unknown" },
        { B, 550, "Rejected (your mx 192.0.2.10 is unknown)" },
        { X, 550, "Mailbox. Unknown host" },
        { X, 550, "(no mx-record) recipient unknown for your-mx1 (no mx)" }
    };

    (void) state;
    check_all(cases);
}


/* what did not answer, and whom it blames, in other languages */

static void
blame_in_other_languages(void **state)
{
    const case_t  cases[] = {
        { E, 550, "Der Verzeichnisserver reagiert nicht, Nutzer unbekannt" },
        { E, 554, "Le serveur est surcharge: boite inconnue" },
        { E, 550, "5.3.0 user directory timed out... took too long, no user" },
        { P, 550, "Als Spam erkannt: Ð¡Ð¿Ð°Ð¼" },
        { P, 550, "Verstoss gegen die Richtlinien" },
        { P, 550, "Contrario a las normas de esta casa" },
        { L, 450, "Es sind zu viele Mails" },
        { L, 550, "Trop de courriers recus" },
        { R, 550, "Relay no autorizado" },
        { R, 550, "Relay nicht erlaubt" },
        { D, 550, "Conto sospeso" },
        { D, 550, "Konto wygaslo" },
        { F, 552, "Postladan full" },
        { N, 550, "Dit account bestaat niet" },
        { N, 550, "Dieser Anwender ist nicht hier" },
        { B, 550, "Uw netwerk 192.0.2.10 is geweigerd, account onbekend" }
    };

    (void) state;
    check_all(cases);
}


/* others that are not here, or not handled */

static void
others_not_here(void **state)
{
    const case_t  cases[] = {
        { B, 554, "Connections from 192.0.2.10 are not handled: no such user" },
        { B, 550, "Nobody here has heard of the host at 192.0.2.10" },
        { B, 550, "5.7.1 We saw attempts to accounts that do not exist" },
        { P, 550, "5.7.1 the account of the sender has left" },
        { R, 550, "The domain target.example is not handled here" },
        { X, 550, "The zone of <jdoe@target.example> is not here" },
        { X, 550, "Attachments for this user are not handled here" },
        { E, 550, "Our address book is not here: no such user" },
        { P, 550, "5.7.1 Body says \"user unknown\", that is backscatter" },
        { L, 550, "You asked for more than 20 unknown users" }
    };

    (void) state;
    check_all(cases);
}


/* what is not available, and for how long, in any language */

static void
unavailable_in_any_language(void **state)
{
    const case_t  cases[] = {
        { N, 550, "Dieses Postfach ist leider nicht verfuegbar" },
        { N, 550, "La casella non e disponibile" },
        { N, 550, "No se pudo localizar este destinatario" },
        { N, 550, "Nie udalo sie znalezc takiej skrzynki" },
        { T, 550, "La casella non e disponibile fino a martedi" },
        { T, 550, "The mailbox cannot be found during the migration" },
        { T, 550, "5.2.1 This account is closed until tomorrow" },
        { T, 550, "El buzon esta cerrado durante la mudanza" },
        { D, 550, "Zablokowane konto" },
        { D, 550, "Gesperrtes Postfach" },
        { X, 554, "uw server is geblokkeerd, account" },
        { X, 550, "Nie ma takiej domeny" },
        { X, 550, "Kein solcher Server" },
        { P, 550, "Der Nutzer akzeptiert keine Mail von Unbekannten" },
        { P, 550, "La cuenta no acepta mensajes de desconocidos" }
    };

    (void) state;
    check_all(cases);
}


/* what belongs to a recipient, to his domain or to nobody that is named */

static void
around_a_recipient(void **state)
{
    const case_t  cases[] = {
        { X, 550, "5.1.1 The calendar of this user is not available" },
        { X, 550, "The licence for <jdoe@example.com> has expired" },
        { X, 550, "Key for the mailbox not found" },
        { P, 550, "5.7.1 This list is closed to outsiders" },
        { P, 550, "5.7.1 The user takes no mail: refuses mail of people "
                  "not in the address book" },
        { X, 554, "bad mail address" },
        { N, 550, "bad mail address" },
        { N, 554, "bad recipient address" },
        { N, 550, "5.1.1 <jdoe@example.com> user unknown, no such key" }
    };

    (void) state;
    check_all(cases);
}


/* one text for two states, of which one is no fault of the mailbox */

static void
one_of_two(void **state)
{
    const case_t  cases[] = {
        { X, 550, "No such user, or you are not permitted to write" },
        { X, 550, "5.1.0 Your mail was rejected or the user does not exist" },
        { B, 550, "Unknown user or your host is on a blocklist" },
        { X, 550, "Wrong recipient or sender" },
        { X, 550, "Postfach voll oder nicht vorhanden" },
        { X, 550, "Empfaenger unbekannt oder Nachricht abgelehnt" },
        { X, 550, "Destinataire inconnu ou serveur bloque" },
        { X, 550, "Casella inesistente o il vostro server e bloccato" },
        { X, 550, "\xd0\xaf\xd1\x89\xd0\xb8\xd0\xba \xd0\xbd\xd0\xb5 "
                  "\xd0\xbd\xd0\xb0\xd0\xb9\xd0\xb4\xd0\xb5\xd0\xbd "
                  "\xd0\xb8\xd0\xbb\xd0\xb8 "
                  "\xd0\xb7\xd0\xb0\xd0\xbd\xd1\x8f\xd1\x82" },
        { X, 550, "\xe6\x94\xb6\xe4\xbb\xb6\xe4\xba\xba\xe4\xb8\x8d"
                  "\xe5\xad\x98\xe5\x9c\xa8\xe6\x88\x96"
                  "\xe6\x8b\x92\xe6\x94\xb6" },
        { N, 550, "Benutzer unbekannt oder deaktiviert" },
        { N, 550, "Utilisateur inconnu ou inexistant" },
        { N, 550, "Invalid or no such user" },
        { N, 550, "5.1.1 The user does not exist or was disabled" }
    };

    (void) state;
    check_all(cases);
}


/* who guesses, asks or says what would be has not looked */

static void
guesses(void **state)
{
    const case_t  cases[] = {
        { X, 550, "5.1.1 The recipient may be unknown" },
        { X, 550, "Perhaps there is no such mailbox" },
        { X, 550, "The mailbox has probably been closed" },
        { X, 550, "If the mailbox does not exist, a report follows" },
        { X, 550, "We cannot find out whether the user exists" },
        { X, 550, "Das Konto existiert vermutlich nicht" },
        { X, 550, "Falls das Postfach nicht existiert, folgt ein Bericht" },
        { X, 550, "Si le destinataire est inconnu, un avis suivra" },
        { X, 550, "Es posible que el buzon no exista" },
        { X, 550, "Kullanici mevcut olmayabilir" },
        { X, 500, "No address found: missing angle brackets" },
        { N, 550, "User unknown. Perhaps you mistyped the address" },
        { N, 550, "Der Nutzer existiert nicht. Vielleicht ein Tippfehler?" },
        { N, 550, "Bu adreste b\xc3\xb6yle bir ki\xc5\x9fi yoktur" }
    };

    (void) state;
    check_all(cases);
}


/* whom the recipient has blocked is us */

static void
you_are_blocked(void **state)
{
    const case_t  cases[] = {
        { P, 550, "Der Benutzer hat Sie leider gesperrt" },
        { P, 550, "Le titulaire vous a bloque" },
        { P, 550, "El usuario lo ha bloqueado" },
        { P, 550, "Il titolare della casella ti ha bloccato" },
        { P, 550, "O dono da conta bloqueou seu servidor" },
        { P, 550, "De gebruiker heeft u geblokkeerd" },
        { P, 550, "Das Postfach ist fuer Sie gesperrt" },
        { P, 550, "The owner keeps this mailbox closed to you" },
        { D, 550, "Das Konto des Benutzers ist gesperrt" },
        { D, 550, "Le compte de l'utilisateur est bloque" },
        { N, 550, "Diese Mailadresse gibt es bei uns nicht" },
        { N, 550, "Nao ha conta com esse nome" }
    };

    (void) state;
    check_all(cases);
}


/* a service that is switched off, and an account of ours */

static void
service_is_off(void **state)
{
    const case_t  cases[] = {
        { X, 550, "5.7.1 Verification of recipients has been disabled" },
        { X, 550, "Mailbox lookups are disabled for strangers" },
        { X, 550, "Sending from this account has been suspended" },
        { X, 550, "Die Adressprüfung ist deaktiviert" },
        { X, 550, "La verification des comptes est desactivee" },
        { X, 550, "El envio desde esta cuenta esta bloqueado" },
        { X, 550, "La sua casella e bloccata" },
        { X, 550, "Bounce rate of your host: user unknown 40%" },
        { B, 550, "The reply-to mailbox is unknown" },
        { D, 550, "La casella e bloccata" },
        { D, 550, "La cuenta esta bloqueada" },
        { N, 550, "We have no such employee" }
    };

    (void) state;
    check_all(cases);
}


/* whom a reply speaks of besides the recipient, and codes that it quotes */

static void
behind_a_recipient(void **state)
{
    static const named_t  cases[] = {
        { X, "jane@x.test", 550, "<jane@x.test> -> <alice@third.example>: 550 "
          "5.1.1" },
        { N, "jane@x.test", 550, "5.1.1 <jane@x.test>: no such user" },
        { N, "jane@x.test", 550, "5.1.1 <jane@x.test>, contact "
          "help@third.example" },
        { R, "jane@x.test", 550, "5.7.1 Customer of x.test unknown here" },
        { N, "jane@x.test", 550, "Nobody named jane@x.test here" },
        { P, "jane@x.test", 550, "Refused by policy, do not take this for "
          "\"5.1.1\"" },
        { N, "jane@x.test", 550, "\"5.1.1\"" },
        { N, "jane@x.test", 550, "it said: \"5.1.1 user unknown\"" }
    };

    (void) state;
    check_named(cases, sizeof(cases) / sizeof(cases[0]));
}


/* a host of bad repute, and the accounts that a server runs under */

static void
repute_and_system_users(void **state)
{
    const case_t  cases[] = {
        { B, 550, "5.2.1 Das Postfach ist vorhanden, Ihr Host hat einen "
                  "schlechten Ruf" },
        { B, 550, "5.2.1 La casella esiste, il suo host ha una cattiva "
                  "reputazione" },
        { B, 550, "5.2.1 Schránka existuje, pošta z vašeho serveru se "
                  "nepřijímá" },
        { B, 550, "5.2.1 该邮箱存在, 不接受来自您服务器的邮件" },
        { D, 550, "5.2.1 Das Postfach ist vorhanden" },
        { E, 550, "lmtp: system user nobody: no such mailbox" },
        { E, 550, "lmtp: utente di sistema sconosciuto" },
        { E, 550, "lmtp: Systembenutzer nobody nicht gefunden" },
        { N, 550, "Dovecot: <jdoe@example.com> user unknown" },
        { N, 550, "LDAP: user not found" },
        { N, 550, "Le destinataire est introuvable dans l'annuaire" },
        { N, 550, "Kein solches Postfach" },
        { N, 550, "Немає такої скриньки" },
        { N, 550, "El usuario no tiene una cuenta en este servidor" },
        { X, 550, "No tiene cuenta en este servidor" },
        { N, 550, "收件人未在本服务注册" },
        { N, 550, "5.1.2 No such mailbox" },
        { D, 550, "<jdoe@example.com> is now disabled with MTA service" }
    };

    (void) state;
    check_all(cases);
}


/* a code 5.1.1 before words that say something else, and what a server was
   told when it asked for the recipient itself */

static void
words_against_the_code(void **state)
{
    const case_t  cases[] = {
        { P, 550, "5.1.1 Recipient address rejected: Ten adres nie przyjmuje "
                  "odpowiedzi" },
        { P, 550, "5.1.1 Recipient address rejected: nur Mitglieder dieser "
                  "Liste" },
        { P, 550, "5.1.1 This mailbox is not monitored" },
        { X, 550, "5.1.1 <jdoe@example.com>: 发件人地址不存在" },
        { X, 550, "5.1.1 lähettäjän osoitetta ei ole" },
        { X, 550, "5.1.1 lettre du destinataire" },
        { X, 550, "5.1.1 <jdoe@example.com>: Recipient address rejected: No "
                  "existe ningún buzón para su dirección de remitente" },
        { X, 550, "5.1.1 This is not a \"user unknown\" error. "
                  "<jdoe@example.com> exists; your message was refused by the "
                  "filter" },
        { N, 550, "5.1.1 <jdoe@example.com>: host mx.example.com said: \"550 "
                  "user unknown\"" },
        { X, 504, "5.1.1 The VRFY command is disabled" },
        { X, 550, "5.1.1 <jdoe@example.com>: Recipient address rejected: Nazwa "
                  "podana w HELO nie istnieje w DNS" },
        { X, 550, "5.1.1 <jdoe@example.com>: Recipient address rejected: "
                  "Please see http://www.openspf.example/Why?s=mfrom" },
        { N, 550, "5.1.1 user unknown in virtual table" },
        { X, 550, "5.1.1 DNS中不存在DKIM公钥" },
        { X, 550, "5.1.1 なりすましメールとして拒否しました" },
        { P, 550, "5.4.1 Access denied, a transport rule of example.com has "
                  "refused this sender" },
        { X, 550, "5.1.1 das Postfach existiert, hat aber keinen freien "
                  "Speicherplatz mehr" },
        { X, 550, "5.1.1 modtagerens konto har overskredet sin "
                  "lagergrænse" },
        { X, 550, "5.2.1 <jdoe@example.com>: la casella esiste, ma non vi è "
                  "più spazio" },
        { N, 550, "5.1.1 <jdoe@example.com>: Delivery failed" },
        { N, 550, "5.1.1 Recipient address rejected: example.com" },
        { P, 550, "5.1.1 undeliverable address: host mx.example.com[10.0.0.4] "
                  "said: 554 5.7.1 Client host rejected: Access denied" },
        { X, 550, "5.1.1 undeliverable address: unable to look up host "
                  "mx.example.com: Name or service not known" },
        { X, 550, "5.1.1 undeliverable address: mail for example.com loops "
                  "back to myself" },
        { N, 550, "5.1.1 undeliverable address: unknown user: \"jdoe\"" },
        { R, 550, "5.4.1 Relay Access Denied" },
        { N, 550, "5.4.1 Recipient address rejected: Access denied" },
        { X, 501, "5.1.5 Invalid address" },
        { X, 550, "Invalid address: unterminated comment in address" },
        { N, 550, "5.7.0 Invalid address" },
        { N, 550, "5.1.6 User has moved to alice@third.example" },
        { P, 550, "5.7.1 <jdoe@example.com> User cannot receive this message" },
        { D, 550, "5.7.1 <jdoe@example.com> User cannot receive mail" },
        { X, 550, "the recipient is not accepting mail with attachments" },
        { E, 550, "<jdoe@example.com>: база пользователей недоступна" },
        { E, 550, "каталог получателей недоступен" },
        { X, 550, "a domain part of a recipient's email address does not "
                  "exist" },
        { L, 550, "5.2.1 mensagens demais para este destinatário hoje" },
        { F, 550, "Mailbox unavailable (not enough free space)" },
        { N, 550, "Mailbox unavailable" }
    };

    (void) state;
    check_all(cases);
}


/* what a host has of its own, and whom a refusal means */

static void
hosts_of_recipients(void **state)
{
    const case_t  cases[] = {
        { X, 550, "De server van de ontvanger bestaat niet" },
        { X, 550, "수신자의 서버를 찾을 수 없습니다" },
        { X, 550, "受信者のサーバーは存在しません" },
        { X, 550, "il server del destinatario è disattivato" },
        { X, 550, "the recipient's mail server is disabled" },
        { X, 550, "the directory of users does not exist" },
        { X, 550, "5.1.1 用户的邮件服务器未找到" },
        { X, 550, "5.1.1 あなたのアドレスは無効です" },
        { N, 550, "De ontvanger bestaat niet op deze server" },
        { N, 550, "5.1.1 用户未找到" },
        { N, 550, "Account not found in directory service" },
        { N, 550, "Der Mitarbeiter hat das Unternehmen verlassen" },
        { N, 550, "Cette adresse n'existe pas ou plus" },
        { L, 550, "Too many invalid recipients" },
        { L, 450, "Too many invalid recipients" },
        { L, 554, "Dictionary attack detected" },
        { L, 550, "Too many invalid recipients in this session" },
        { R, 503, "This server requires authentication to send to a "
                  "non-local e-mail address" },
        { R, 553, "that domain isn't in my rcpthosts (#5.5.3 - chkuser)" },
        { R, 550, "Delivery is not allowed to this address." },
        { E, 451, "4.3.5 Sender address rejected: Server configuration "
                  "problem" },
        { E, 452, "Action demandée non effectuée : espace système "
                  "insuffisant" },
        { E, 451, "Запрошенное действие прервано: локальная ошибка" },
        { T, 421, "4.7.1 RCP-T4 Recipient account is unavailable" },
        { G, 412, "You are not whitelisted by this recipient" },
        { L, 550, "Превышен лимит подключений" }
    };

    (void) state;
    check_all(cases);
}


/* unreachable is not missing, and other kinds of sources and lists */

static void
kinds_of_sources_and_lists(void **state)
{
    const case_t  cases[] = {
        { X, 550, "casella non raggiungibile" },
        { X, 550, "Postfach nicht erreichbar" },
        { X, 550, "boîte injoignable" },
        { N, 550, "casella non disponibile" },
        { X, 550, "Command RCPT User <jdoe@example.com> not OK" },
        { X, 550, "The recipient cannot be verified. Please check all "
                  "recipients to verify they are valid" },
        { R, 550, "this server doesn't handle mail for that user" },
        { P, 550, "5.1.1 this address is for internal use" },
        { P, 550, "5.1.1 mailbox is protected by a challenge" },
        { N, 550, "The recipient's e-mail address isn't correct" },
        { N, 550, "We don't have anyone here by that name" },
        { N, 550, "E-mailadressen findes ikke" },
        { N, 550, "Sähköpostiosoitetta ei ole" },
        { N, 550, "ця адреса не існує" },
        { N, 550, "用户不可用" },
        { D, 550, "tili on poistettu käytöstä" },
        { N, 550, "nieprawidłowa nazwa użytkownika" },
        { N, 550, "jdoe@example.com non répertorié dans l'annuaire Domino" },
        { D, 550, "cuenta no activa" },
        { D, 550, "conta não ativa" },
        { D, 550, "konto nie jest aktywne" },
        { N, 550, "<jdoe@example.com> was not found in LDAP server" },
        { E, 550, "LDAP server not found" },
        { N, 550, "Not Known to us. Do not resend" },
        { N, 550, "ya no hay nadie con ese email" },
        { T, 451, "4.2.2 mailbox access error" },
        { F, 452, "4.2.2 mailbox limit" },
        { P, 550, "the recipient has opted out of receiving messages" },
        { P, 550, "Encryption is required to this domain" },
        { P, 550, "Wiadomosc zostala odrzucona przez system antyspamowy" },
        { B, 550, "5.1.1 <a@example.net>: unauthorized sender" },
        { B, 550, "Excessive userid unknowns" },
        { B, 553, "No mail accepted from an open relay (192.0.2.1)" },
        { L, 504, "the number of RCPT attempts is achieved the maximum "
                  "threshold" },
        { E, 423, "Dns resolve error" }
    };

    (void) state;
    check_all(cases);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(prefix_of_postfix),
        cmocka_unit_test(access_denied),
        cmocka_unit_test(code_571),
        cmocka_unit_test(code_521),
        cmocka_unit_test(code_552),
        cmocka_unit_test(mailbox_unavailable),
        cmocka_unit_test(said_of_the_sender),
        cmocka_unit_test(temporary),
        cmocka_unit_test(never_blamed),
        cmocka_unit_test(stages),
        cmocka_unit_test(enhanced),
        cmocka_unit_test(retry_after),
        cmocka_unit_test(come_back_soon),
        cmocka_unit_test(bare),
        cmocka_unit_test(takes_no_mail),
        cmocka_unit_test(languages),
        cmocka_unit_test(more_languages),
        cmocka_unit_test(said_of_our_address),
        cmocka_unit_test(said_of_us),
        cmocka_unit_test(missing_or_not),
        cmocka_unit_test(of_something_else),
        cmocka_unit_test(ways_to_say_missing),
        cmocka_unit_test(one_text_for_two_states),
        cmocka_unit_test(still_more_languages),
        cmocka_unit_test(codes_that_say_too_little),
        cmocka_unit_test(ways_to_say_full_or_shut),
        cmocka_unit_test(parts_of_a_recipient),
        cmocka_unit_test(ways_to_say_nobody),
        cmocka_unit_test(administrators_lists),
        cmocka_unit_test(said_of_the_address),
        cmocka_unit_test(who_is_asked_for_in_other_languages),
        cmocka_unit_test(not_delivered_because),
        cmocka_unit_test(lists_of_others),
        cmocka_unit_test(who_sends_is_not_there),
        cmocka_unit_test(whose_account),
        cmocka_unit_test(two_replies_in_one),
        cmocka_unit_test(servers_in_other_languages),
        cmocka_unit_test(words),
        cmocka_unit_test(any_bytes),
        cmocka_unit_test(local_part_is_no_reason),
        cmocka_unit_test(local_part_is_anything),
        cmocka_unit_test(third_address),
        cmocka_unit_test(contradicted_by_code),
        cmocka_unit_test(whose_limit),
        cmocka_unit_test(whose_host),
        cmocka_unit_test(milder_by_code),
        cmocka_unit_test(temporary_in_any_language),
        cmocka_unit_test(quoted_in_any_language),
        cmocka_unit_test(kinds_of_other_collections),
        cmocka_unit_test(not_here),
        cmocka_unit_test(codes_before_other_matters),
        cmocka_unit_test(words_of_hosters),
        cmocka_unit_test(tags_and_short_words),
        cmocka_unit_test(blame_in_other_languages),
        cmocka_unit_test(others_not_here),
        cmocka_unit_test(unavailable_in_any_language),
        cmocka_unit_test(around_a_recipient),
        cmocka_unit_test(one_of_two),
        cmocka_unit_test(guesses),
        cmocka_unit_test(you_are_blocked),
        cmocka_unit_test(service_is_off),
        cmocka_unit_test(behind_a_recipient),
        cmocka_unit_test(repute_and_system_users),
        cmocka_unit_test(words_against_the_code),
        cmocka_unit_test(hosts_of_recipients),
        cmocka_unit_test(kinds_of_sources_and_lists)
    };

    return cmocka_run_group_tests(tests, load, unload);
}
