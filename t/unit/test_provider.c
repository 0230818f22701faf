
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdio.h>
#include <stdlib.h>

#include "sv_provider.h"


extern const char    sv_data_providers[];
extern const size_t  sv_data_providers_len;


static int
is(const sv_str_t *s, const char *text)
{
    return s->len == strlen(text) && memcmp(s->data, text, s->len) == 0;
}


static const sv_provider_t *
by_mx(const sv_providers_t *providers, const char *host)
{
    return sv_provider_by_mx(providers, (const unsigned char *) host,
                             strlen(host));
}


static const sv_provider_t *
by_domain(const sv_providers_t *providers, const char *domain)
{
    return sv_provider_by_domain(providers, (const unsigned char *) domain,
                                 strlen(domain));
}


static const sv_provider_t *
by_banner(const sv_providers_t *providers, const char *text)
{
    return sv_provider_by_banner(providers, (const unsigned char *) text,
                                 strlen(text));
}


static sv_providers_t *
parse(const char *text)
{
    char              *copy;
    size_t             len;
    sv_providers_t    *providers;
    sv_rules_error_t   error;

    len = strlen(text);
    copy = malloc(len);
    assert_non_null(copy);
    memcpy(copy, text, len);

    providers = sv_providers_parse(copy, len, &error);
    free(copy);

    if (providers == NULL) {
        fail_msg("line %u: %s", error.line, error.message);
    }

    return providers;
}


static void
own_providers(void **state)
{
    size_t                i;
    sv_providers_t       *providers;
    sv_rules_error_t      error;
    const sv_provider_t  *pr;
    const struct {
        const char       *host, *id;
    }  hosts[] = {
        { "gmail-smtp-in.l.google.com", "gmail" },
        { "alt1.gmail-smtp-in.l.google.com", "gmail" },
        { "aspmx.l.google.com", "google" },
        { "smtp.google.com", "google" },
        { "outlook-com.olc.protection.outlook.com", "outlook-com" },
        { "example-com.mail.protection.outlook.com", "microsoft365" },
        { "example-com.k-v1.mx.microsoft", "microsoft365" },
        { "mta5.am0.yahoodns.net", "yahoo" },
        { "mx01.mail.icloud.com", "icloud" },
        { "mx.zoho.eu", "zoho" },
        { "mailsec.protonmail.ch", "proton" },
        { "in1-smtp.messagingengine.com", "fastmail" },
        { "mx00.gmx.net", "gmx" },
        { "mx00.ionos.de", "ionos" },
        { "mx.yandex.net", "yandex" },
        { "mxs.mail.ru", "mailru" },
        { "mx3.qq.com", "qq" },
        { "163mx01.mxmail.netease.com", "netease" },
        { "eu-smtp-inbound-1.mimecast.com", "mimecast" },
        { "mx0a-00000001.pphosted.com", "proofpoint" },
        { "d1.ess.barracudanetworks.com", "barracuda" },
        { "mx1.hc1.iphmx.com", "cisco" },
        { "mx-01-eu-central-1.prod.hydra.sophos.com", "sophos" },
        { "example.in.tmes.trendmicro.eu", "trendmicro" },
        { "mx1.mail.ovh.net", "ovh" },
        { "spool.mail.gandi.net", "gandi" },
        { "mx1.emailsrvr.com", "rackspace" },
        { "inbound-smtp.eu-west-1.amazonaws.com", "amazon" },
        { "route1.mx.cloudflare.net", "cloudflare" },
        { "mx1.improvmx.com", "improvmx" },
        { "inbound-smtp.ap-southeast-2.amazonaws.com", "amazon" },
        { "smtp.secureserver.net", "godaddy" },
        { "mx2h1.comcast.net", "comcast" },
        { "www1.your-server.de", "hetzner" },
        { "mx.aruba.it", "aruba" },
        { "mx.core.locaweb.com.br", "locaweb" },
        { "mx.bt.prod.cloud.openwave.ai", "bt" },
        { "mx.kpnmail.nl", "kpn" },
        { "smtp-in.virgilio.it", "virgilio" },
        { "extmail.bigpond.com", "telstra" },
        { "mx.xm.smxcloud.com", "smx" }
    };

    providers = sv_providers_parse(sv_data_providers, sv_data_providers_len,
                                   &error);

    if (providers == NULL) {
        fail_msg("providers.conf:%u: %s", error.line, error.message);
    }

    for (i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++) {
        pr = by_mx(providers, hosts[i].host);

        if (pr == NULL || !is(&pr->id, hosts[i].id)) {
            fail_msg("%s: %.*s", hosts[i].host,
                     pr ? (int) pr->id.len : 4,
                     pr ? (char *) pr->id.data : "none");
        }
    }

    assert_null(by_mx(providers, "mail.example.com"));
    assert_null(by_mx(providers, "notgoogle.com"));
    assert_null(by_mx(providers, "customer.ziggo.nl"));
    assert_null(by_mx(providers, "com"));
    assert_null(by_mx(providers, ""));

    pr = by_mx(providers, "mta5.am0.yahoodns.net");
    assert_int_equal(pr->worth, SV_WORTH_ACCEPTS_ALL);
    assert_int_equal(pr->messages, 20);

    pr = by_mx(providers, "gmail-smtp-in.l.google.com");
    assert_int_equal(pr->worth, SV_WORTH_DEFINITIVE);
    assert_true(pr->probe && pr->second_rcpt);

    pr = by_banner(providers, "mx.google.com ESMTP a1-20020a si1 - gsmtp");
    assert_true(pr != NULL && is(&pr->id, "google"));

    pr = by_banner(providers, "AM7EUR03FT022.mail.protection.outlook.com "
                              "Microsoft ESMTP MAIL Service ready");
    assert_true(pr != NULL && is(&pr->id, "microsoft365"));

    assert_null(by_banner(providers, "mail.example.com ESMTP Postfix"));
    assert_null(by_banner(providers, ""));

    sv_providers_free(providers);

    providers = sv_providers_default();
    assert_non_null(providers);
    sv_providers_free(providers);

    sv_providers_free(NULL);
}


/* domains that are a provider's own, by their whole names */

static void
domains(void **state)
{
    sv_providers_t       *providers;
    const sv_provider_t  *pr;

    providers = sv_providers_default();
    assert_non_null(providers);

    pr = by_domain(providers, "googlemail.com");
    assert_true(pr != NULL && is(&pr->id, "gmail"));

    pr = by_domain(providers, "hotmail.com");
    assert_true(pr != NULL && is(&pr->id, "outlook-com"));

    assert_null(by_domain(providers, "mail.gmail.com"));
    assert_null(by_domain(providers, "com"));
    assert_null(by_domain(providers, "gmail-smtp-in.l.google.com"));
    assert_null(by_domain(providers, ""));

    sv_providers_free(providers);
}


/* what two of them accept proves nothing; what others bear is published */

static void
limits(void **state)
{
    sv_providers_t       *providers;
    const sv_provider_t  *pr;

    providers = sv_providers_default();
    assert_non_null(providers);

    pr = by_mx(providers, "mxs.mail.ru");
    assert_int_equal(pr->worth, SV_WORTH_ACCEPTS_ALL);

    pr = by_mx(providers, "mx3.mail.yahoo.co.jp");
    assert_int_equal(pr->worth, SV_WORTH_ACCEPTS_ALL);
    assert_int_equal(pr->sessions, 2);

    pr = by_mx(providers, "mx02.mail.icloud.com");
    assert_int_equal(pr->messages, 5);

    pr = by_mx(providers, "mx2.hc1.iphmx.com");
    assert_int_equal(pr->rejects, 25);

    sv_providers_free(providers);
}


/* each row is as it was meant to be, by all of its names, and has a source */

static const struct {
    const char  *id;
    char         worth;
    char         gateway;
    unsigned     sessions, messages, rejects;
    const char  *hosts;
}  rows[] = {
#include "provider_rows.h"
};


static size_t
word(const char *p, const char *end)
{
    size_t  n;

    for (n = 0; p + n < end && p[n] != ' ' && p[n] != '\n'; n++) { /* void */ }

    return n;
}


/* of the row that begins there */

static unsigned
sources(const char *p, const char *end)
{
    unsigned  n;

    for (n = 0; p != NULL; p = memchr(p, '\n', end - p)) {

        p += (*p == '\n');

        if (end - p > 9 && memcmp(p, "provider ", 9) == 0) {
            break;
        }

        n += (end - p > 11 && memcmp(p, "    source ", 11) == 0);

        if (p == end) {
            break;
        }
    }

    return n;
}


static void
every_row(void **state)
{
    char                  host[256];
    size_t                i, n;
    unsigned              found;
    const char           *p, *end, *text_end;
    sv_providers_t       *providers;
    const sv_provider_t  *pr;

    static const char  worths[] = "LDAR";

    providers = sv_providers_default();
    assert_non_null(providers);

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {

        p = rows[i].hosts;
        end = p + strlen(p);

        for ( /* void */ ; p < end; p += n + 1) {

            n = word(p, end);
            sprintf(host, "mx.%.*s", (int) n, p);

            pr = by_mx(providers, host);

            if (pr == NULL || !is(&pr->id, rows[i].id)
                || worths[pr->worth] != rows[i].worth
                || pr->gateway != (rows[i].gateway == 'G')
                || pr->sessions != rows[i].sessions
                || pr->messages != rows[i].messages
                || pr->rejects != rows[i].rejects
                || pr->second_rcpt != 1 || pr->probe != 1)
            {
                fail_msg("%s by %s is not what provider_rows.h says",
                         rows[i].id, host);
            }
        }
    }

    sv_providers_free(providers);

    /* there is none that is not in the table, nor one without a source */

    found = 0;
    p = sv_data_providers;
    text_end = p + sv_data_providers_len;

    while (p != NULL && p < text_end) {

        if (text_end - p > 9 && memcmp(p, "provider ", 9) == 0) {

            n = word(p + 9, text_end);

            if (found == sizeof(rows) / sizeof(rows[0])
                || strlen(rows[found].id) != n
                || memcmp(rows[found].id, p + 9, n) != 0)
            {
                fail_msg("%.*s is not in provider_rows.h", (int) n, p + 9);
            }

            if (sources(p + 9, text_end) == 0) {
                fail_msg("%.*s has no source", (int) n, p + 9);
            }

            found++;
        }

        p = memchr(p, '\n', text_end - p);
        p = p ? p + 1 : NULL;
    }

    assert_int_equal(found, sizeof(rows) / sizeof(rows[0]));
}


/* the largest ones are there, by a host that they are known by */

static void
largest(void **state)
{
    size_t                i;
    sv_providers_t       *providers;
    const sv_provider_t  *pr;
    const struct {
        const char       *host, *id;
    }  hosts[] = {
        { "mx-rogers.mail.am0.yahoodns.net", "yahoo" },
        { "mx-aol.mail.gm0.yahoodns.net", "yahoo" },
        { "mxmta.owm.bell.net", "bell" },
        { "gw1.fortimailcloud.com", "fortimail" },
        { "mx1.mailchannels.net", "mailchannels" },
        { "mx00.t-online.de", "t-online" },
        { "smtp-in.orange.fr", "orange" },
        { "mx1.free.fr", "free" },
        { "smtpz4.laposte.net", "laposte" },
        { "smtp-in.libero.it", "libero" },
        { "mx1.seznam.cz", "seznam" },
        { "mx.wp.pl", "wp" },
        { "mx.poczta.onet.pl", "onet" },
        { "freemx1.sinamail.sina.com.cn", "sina" },
        { "mx1.naver.com", "naver" },
        { "mx.hanmail.net", "daum" },
        { "mx.rediffmail.rediff.akadns.net", "rediff" },
        { "cluster5.us.messagelabs.com", "symantec" },
        { "cust1234-1.in.mailcontrol.com", "forcepoint" },
        { "mx01.hornetsecurity.com", "hornetsecurity" },
        { "mx1.antispamcloud.com", "spamexperts" },
        { "cxr.mx.a.cloudfilter.net", "cox-charter" },
        { "al-ip4-mx-vip1.prodigy.net", "att" },
        { "mx.uol.com.br", "uol" },
        { "mx.terra.com", "terra" },
        { "smtpin.rzone.de", "strato" },
        { "mta-gw.infomaniak.ch", "infomaniak" },
        { "mx1.hostinger.com", "hostinger" },
        { "mx1.privateemail.com", "namecheap" },
        { "mx1.pub.mailpod1-cph3.one.com", "one-com" },
        { "mfsmax.docomo.ne.jp", "docomo" },
        { "mx.au.com", "au" },
        { "mx.softbank.ne.jp", "softbank" },
        { "mx1.simplelogin.co", "simplelogin" }
    };

    providers = sv_providers_default();
    assert_non_null(providers);

    for (i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++) {
        pr = by_mx(providers, hosts[i].host);

        if (pr == NULL || !is(&pr->id, hosts[i].id)) {
            fail_msg("%s: %.*s", hosts[i].host,
                     pr ? (int) pr->id.len : 4,
                     pr ? (char *) pr->id.data : "none");
        }
    }

    sv_providers_free(providers);
}


/* machines of customers, which have names below their provider's */

static void
customers(void **state)
{
    size_t           i;
    sv_providers_t  *providers;

    static const char  *theirs[] = {
        "ec2-192-0-2-1.compute-1.amazonaws.com",
        "ec2-192-0-2-1.eu-west-1.compute.amazonaws.com",
        "mine-1234.elb.eu-west-1.amazonaws.com",
        "vps-1234.vps.ovh.net", "ns1234.ovh.net",
        "static.1.2.0.192.clients.your-server.de",
        "clients.your-server.de",
        "1.2.0.192.host.secureserver.net",
        "ip-192-0-2-1.ip.secureserver.net",
        "c-192-0-2-1.hsd1.ca.comcast.net",
        "host1-2-0-192.serverdedicati.aruba.it",
        "ps1234.dreamhost.com"
    };

    providers = sv_providers_default();
    assert_non_null(providers);

    for (i = 0; i < sizeof(theirs) / sizeof(theirs[0]); i++) {
        if (by_mx(providers, theirs[i]) != NULL) {
            fail_msg("%s is no host of a provider's", theirs[i]);
        }
    }

    sv_providers_free(providers);
}


static void
fields(void **state)
{
    sv_providers_t       *providers;
    const sv_provider_t  *pr;

    providers = parse("# comment\n"
                      "provider one\n"
                      "    name \"One & only\"\n"
                      "    mx Example.COM mx.example.net\n"
                      "    mx example.org   # more\n"
                      "    mx -Out.example.com back.out.example.com\n"
                      "    banner \"one mail\" \"*.one.test*\"\n"
                      "    worth refuses_all\n"
                      "    second no\n"
                      "    probe never\n"
                      "    gateway yes\n"
                      "    rejects 25\n"
                      "    sessions 3\n"
                      "    messages 100000\n"
                      "    source a page\n"
                      "    source another\n"
                      "provider two\n"
                      "    name \"Two\"\n"
                      "    mx deep.example.com\n");

    pr = by_mx(providers, "a.b.example.com");
    assert_true(is(&pr->id, "one"));
    assert_true(is(&pr->name, "One & only"));
    assert_int_equal(pr->worth, SV_WORTH_REFUSES_ALL);
    assert_int_equal(pr->second_rcpt, 0);
    assert_int_equal(pr->probe, 0);
    assert_int_equal(pr->gateway, 1);
    assert_int_equal(pr->rejects, 25);
    assert_int_equal(pr->sessions, 3);
    assert_int_equal(pr->messages, 100000);

    assert_ptr_equal(by_mx(providers, "example.com"), pr);
    assert_ptr_equal(by_mx(providers, "example.org"), pr);
    assert_ptr_equal(by_mx(providers, "x.mx.example.net"), pr);
    assert_ptr_equal(by_banner(providers, "host ESMTP One-Mail 2.0"), pr);
    assert_ptr_equal(by_banner(providers, "mx1.one.test ready"), pr);
    assert_null(by_mx(providers, "example.net"));
    assert_null(by_mx(providers, "anexample.com"));
    assert_null(by_mx(providers, "out.example.com"));
    assert_null(by_mx(providers, "x.out.example.com"));
    assert_ptr_equal(by_mx(providers, "about.example.com"), pr);
    assert_ptr_equal(by_mx(providers, "x.back.out.example.com"), pr);
    assert_null(by_banner(providers, "oneone.test"));

    pr = by_mx(providers, "mx.deep.example.com");
    assert_true(is(&pr->id, "two"));
    assert_int_equal(pr->worth, SV_WORTH_LEARNED);
    assert_int_equal(pr->second_rcpt, 1);
    assert_int_equal(pr->probe, 1);
    assert_int_equal(pr->gateway, 0);
    assert_int_equal(pr->sessions, 0);
    assert_int_equal(pr->messages, 0);
    assert_int_equal(pr->rejects, 0);

    sv_providers_free(providers);
}


static void
mistakes(void **state)
{
    size_t             i;
    sv_providers_t    *providers;
    sv_rules_error_t   error;
    const struct {
        unsigned       line;
        const char    *message, *text;
    }  list[] = {
        { 1, "there is no provider", "" },
        { 1, "\"mx\" outside of a provider", "mx example.com" },
        { 1, "unknown word \"server\"", "server x" },
        { 1, "\"provider\" wants a name", "provider" },
        { 1, "\"provider\" wants a name", "provider A" },
        { 4, "provider \"a\" is there already",
             "provider a\nname \"A\"\nmx a.test\nprovider a" },
        { 1, "provider \"a\" has no mx or banner", "provider a\nname \"A\"" },
        { 1, "provider \"a\" has no name", "provider a\nmx a.test" },
        { 2, "\"name\" wants a name", "provider a\nname A" },
        { 2, "\"name\" wants a name", "provider a\nname \"\"" },
        { 2, "\"name\" wants a name", "provider a\nname \"A\" \"B\"" },
        { 3, "\"name\" a second time", "provider a\nname \"A\"\nname \"A\"" },
        { 2, "\"a\" is no host name", "provider a\nmx a" },
        { 2, "\"a..test\" is no host name", "provider a\nmx a..test" },
        { 2, "\"\" is no host name", "provider a\nmx -" },
        { 1, "provider \"a\" has no mx or banner",
             "provider a\nname \"A\"\nmx -a.test" },
        { 2, "\"a.test.\" is no host name", "provider a\nmx a.test." },
        { 4, "mx \"a.test\" is there already",
             "provider a\nname \"A\"\nmx a.test b.test\nmx A.test" },
        { 2, "\"a\" is no host name", "provider a\ndomain a" },
        { 2, "\"a.test\" is no host name", "provider a\ndomain \"a.test\"" },
        { 1, "provider \"a\" has no mx or banner",
             "provider a\nname \"A\"\ndomain a.test" },
        { 7, "domain \"a.test\" is there already",
             "provider a\nname \"A\"\nmx a.test\ndomain a.test b.test\n"
             "provider b\nname \"B\"\ndomain A.test\nmx b.test" },
        { 2, "\"x\": phrases stand in double", "provider a\nbanner x" },
        { 2, "no set \"x\"", "provider a\nbanner \"@x\"" },
        { 2, "\"sure\" is not one of learned, definitive, accepts_all, "
             "refuses_all", "provider a\nworth sure" },
        { 2, "\"\" is not one of yes, no", "provider a\nsecond" },
        { 2, "\"no\" is not one of yes, never", "provider a\nprobe no" },
        { 2, "\"maybe\" is not one of yes, no", "provider a\ngateway maybe" },
        { 2, "\"0\" is no number of 1 to 100000", "provider a\nsessions 0" },
        { 2, "\"100001\" is no number", "provider a\nmessages 100001" },
        { 2, "\"1x\" is no number", "provider a\nmessages 1x" },
        { 2, "\"0\" is no number of 1 to 100000", "provider a\nrejects 0" },
        { 2, "\"source\" says nothing", "provider a\nsource" },
        { 1, "a quote is not closed", "\"provider" },
        { 1, "unknown word \"provider x\"", "\"provider x\"" },
        { 1, "not UTF-8", "\377" }
    };

    for (i = 0; i < sizeof(list) / sizeof(list[0]); i++) {
        providers = sv_providers_parse(list[i].text, strlen(list[i].text),
                                       &error);

        if (providers != NULL || error.line != list[i].line
            || strncmp(error.message, list[i].message,
                       strlen(list[i].message)) != 0)
        {
            fail_msg("%s\nline %u: %s", list[i].text, error.line,
                     error.message);
        }
    }
}


/* more banners than are remembered, each twice, those alike but for their
   host; one of them is too long to be remembered */

static void
banners(void **state)
{
    char                  text[400], name[300];
    unsigned              i, turn;
    sv_providers_t       *providers;
    const sv_provider_t  *one, *pr;

    (void) state;

    providers = parse("provider one\n"
                      "    name \"One\"\n"
                      "    banner \"one mail\"\n");

    one = sv_provider_by_id(providers, (const unsigned char *) "one", 3);
    assert_non_null(one);

    memset(name, 'x', sizeof(name) - 1);
    name[sizeof(name) - 1] = '\0';

    for (i = 0; i < 1000; i++) {
        for (turn = 0; turn < 2; turn++) {
            snprintf(text, sizeof(text), "mx%u.%s.test ESMTP %s Mail", i,
                     name + (i == 500 ? 0 : 290), i % 3 ? "Two" : "One");

            pr = by_banner(providers, text);

            if (pr != (i % 3 ? NULL : one)) {
                fail_msg("%s, turn %u", text, turn);
            }
        }
    }

    sv_providers_free(providers);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(own_providers),
        cmocka_unit_test(domains),
        cmocka_unit_test(limits),
        cmocka_unit_test(every_row),
        cmocka_unit_test(largest),
        cmocka_unit_test(customers),
        cmocka_unit_test(fields),
        cmocka_unit_test(banners),
        cmocka_unit_test(mistakes)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
