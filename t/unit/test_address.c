
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <setjmp.h>
#include <cmocka.h>

#include "sv_address.h"


/* text may hold NUL; the copy lets sanitizers see a read past its end */
#define parse(text)     parse_(text, sizeof(text) - 1)

#define ok(text, local, domain)  check(SV_ADDRESS_OK, text, sizeof(text) - 1, \
                                       local, domain, domain)
#define idn(text, local, domain, udomain)                                     \
    check(SV_ADDRESS_OK, text, sizeof(text) - 1, local, domain, udomain)
#define literal(text, domain)                                                 \
    check(SV_ADDRESS_LITERAL, text, sizeof(text) - 1, "user", domain, domain)
#define bad(text, word)  check_bad(text, sizeof(text) - 1, word)


static sv_address_t  addr;


static sv_address_status_e
parse_(const char *text, size_t len)
{
    unsigned char        *copy;
    sv_address_status_e   status;

    copy = malloc(len ? len : 1);
    assert_non_null(copy);
    memcpy(copy, text, len);

    memset(&addr, 0xa5, sizeof(addr));
    status = sv_address_parse(copy, len, &addr);

    free(copy);

    return status;
}


static void
check_str(sv_str_t *str, const char *expected)
{
    if (str->len != strlen(expected)
        || memcmp(str->data, expected, str->len) != 0)
    {
        fail_msg("\"%.*s\", not \"%s\"", (int) str->len,
                 (char *) str->data, expected);
    }
}


static void
check(sv_address_status_e status, const char *text, size_t len,
    const char *local, const char *domain, const char *udomain)
{
    sv_address_status_e  rc;

    rc = parse_(text, len);

    if (rc != status) {
        fail_msg("%s: %d, %s", text, rc, addr.error ? addr.error : "");
    }

    assert_null(addr.error);
    check_str(&addr.local, local);
    check_str(&addr.domain, domain);
    check_str(&addr.udomain, udomain);
}


static void
check_bad(const char *text, size_t len, const char *word)
{
    if (parse_(text, len) != SV_ADDRESS_INVALID) {
        fail_msg("%s: taken", text);
    }

    assert_non_null(addr.error);

    if (strstr(addr.error, word) == NULL) {
        fail_msg("%s: \"%s\" has no \"%s\"", text, addr.error, word);
    }

    /* sentences, and nothing of what was typed */
    assert_int_equal(addr.error[strlen(addr.error) - 1], '.');

    assert_int_equal(addr.local.len, 0);
    assert_int_equal(addr.domain.len, 0);
    assert_int_equal(addr.udomain.len, 0);
}


static void
dot_strings(void **state)
{
    ok("user@example.com", "user", "example.com");
    ok("John.Q.Public@Example.COM", "John.Q.Public", "example.com");
    ok("x@example.com", "x", "example.com");
    ok("user+tag=a/b@example.org", "user+tag=a/b", "example.org");
    ok("!#$%&'*+-/=?^_`{|}~@example.org", "!#$%&'*+-/=?^_`{|}~",
       "example.org");
    ok("-dash@example.org", "-dash", "example.org");
    ok("1@2.example", "1", "2.example");

    assert_int_equal(parse("user@example.com"), SV_ADDRESS_OK);
    assert_int_equal(addr.quoted, 0);
    assert_int_equal(addr.utf8, 0);
}


static void
bad_dot_strings(void **state)
{
    bad("", "empty");
    bad("user", "no @");
    bad("user.example.com", "no @");
    bad("@", "nothing before");
    bad("@example.com", "nothing before");
    bad(".user@example.com", "begins with a dot");
    bad("user.@example.com", "right before");
    bad("us..er@example.com", "two dots");
    bad("us er@example.com", "space before");
    bad(" user@example.com", "space before");
    bad("user @example.com", "space before");
    bad("us(er)@example.com", "Comments");
    bad("us\\er@example.com", "quotation marks");
    bad("us\"er\"@example.com", "quotation mark");
    bad("a,b@example.com", "one address");
    bad("a;b@example.com", "one address");
    bad("<user@example.com>", "angle brackets");
    bad("User<user@example.com>", "angle brackets");
    bad("mailto:user@example.com", "mailto");
    bad("us[er@example.com", "quotation marks");
    bad("@relay.example:user@example.com", "nothing before");
}


static void
quoted_strings(void **state)
{
    /* quotes that say nothing are taken off */

    ok("\"user\"@example.com", "user", "example.com");
    assert_int_equal(addr.quoted, 0);

    ok("\"first.last\"@example.com", "first.last", "example.com");
    ok("\"us\\er\"@example.com", "user", "example.com");
    ok("\"\\u\\s\\e\\r\"@example.com", "user", "example.com");

    /* and stay where they are needed, with no more backslashes than that */

    ok("\"Joe Blow\"@example.com", "\"Joe Blow\"", "example.com");
    assert_int_equal(addr.quoted, 1);

    ok("\"Joe\\ Blow\"@example.com", "\"Joe Blow\"", "example.com");
    ok("\"Abc\\@def\"@example.com", "\"Abc@def\"", "example.com");
    ok("\"Abc@def\"@example.com", "\"Abc@def\"", "example.com");
    ok("\"Fred\\\"s\\\\\"@example.com", "\"Fred\\\"s\\\\\"", "example.com");
    ok("\"a..b\"@example.com", "\"a..b\"", "example.com");
    ok("\".a\"@example.com", "\".a\"", "example.com");
    ok("\"a.\"@example.com", "\"a.\"", "example.com");
    ok("\"\"@example.com", "\"\"", "example.com");
    ok("\"<script>\"@example.com", "\"<script>\"", "example.com");
}


static void
bad_quoted_strings(void **state)
{
    bad("\"", "closing");
    bad("\"@example.com", "closing");
    bad("\"user@example.com", "closing");
    bad("\"user\\\"@example.com", "closing");
    bad("\"user\\", "backslash");
    bad("\"user\"", "right after");
    bad("\"user\"example.com", "right after");
    bad("\"us\"er@example.com", "right after");
    bad("\"us\".\"er\"@example.com", "right after");
    bad("\"\"\"@example.com", "right after");
    bad("\"us\ter\"@example.com", "control character");
    bad("\"us\\\ter\"@example.com", "control character");
    bad("\"us\xc3\xa9\\\xc3\xa9\"@example.com", "backslash");
}


static void
controls(void **state)
{
    char      text[] = "us?er@exa?mple.com";
    unsigned  c;

    for (c = 0; c < 0x20; c++) {
        text[2] = c;
        text[9] = 'x';
        bad(text, (c == '\r' || c == '\n') ? "line break" : "control");

        text[2] = 'x';
        text[9] = c;
        bad(text, (c == '\r' || c == '\n') ? "line break" : "control");
    }

    bad("us\x7f" "er@example.com", "control");
    bad("us\xc2\x85" "er@example.com", "control");
    bad("user@exa\xc2\x9bmple.com", "control");
    bad("\"us\0er\"@example.com", "control");
    bad("us\xe2\x80\xa8" "er@example.com", "control");
    bad("us\xe2\x80\xae" "er@example.com", "control");
    bad("us\xef\xbf\xbf" "er@example.com", "control");
    bad("us\xef\xb7\x90" "er@example.com", "control");
    bad("us\xf0\x9f\xbf\xbe" "er@example.com", "control");
    bad("user@example.com\r\nRCPT TO:<a@b.example>", "line break");
    bad("user@example.com\n", "line break");
    bad("user@[192.0.2.1\n]", "line break");
}


static void
utf8_local_parts(void **state)
{
    ok("j\xc3\xb6rg@example.com", "j\xc3\xb6rg", "example.com");
    assert_int_equal(addr.utf8, 1);
    assert_int_equal(addr.quoted, 0);

    /* as given: not composed, not folded */
    ok("jo\xcc\x88rg@example.com", "jo\xcc\x88rg", "example.com");
    ok("\xef\xbc\xa1@example.com", "\xef\xbc\xa1", "example.com");

    ok("\"j\xc3\xb6rg\"@example.com", "j\xc3\xb6rg", "example.com");
    ok("\"j\xc3\xb6 rg\"@example.com", "\"j\xc3\xb6 rg\"", "example.com");
    assert_int_equal(addr.utf8, 1);
    assert_int_equal(addr.quoted, 1);

    ok("\xf0\x9f\x98\x80@example.com", "\xf0\x9f\x98\x80", "example.com");

    /* a joiner is a letter's matter in Persian */
    ok("\xd9\x86\xd9\x87\xe2\x80\x8c\xd8\xa7@example.com",
       "\xd9\x86\xd9\x87\xe2\x80\x8c\xd8\xa7", "example.com");

    bad("j\xf6rg@example.com", "UTF-8");
    bad("j\xc0\xaf@example.com", "UTF-8");
    bad("j\xed\xa0\x80@example.com", "UTF-8");
    bad("user@ex\xc3", "UTF-8");
    bad("us\xe2\x80\x8b" "er@example.com", "invisible");
    bad("\xef\xbb\xbfuser@example.com", "invisible");
    bad("us\xc2\xad" "er@example.com", "invisible");
    bad("us\xc2\xa0" "er@example.com", "space");
    bad("\"us\xe3\x80\x80" "er\"@example.com", "space");

    /* a full-width "@" is none */
    bad("user\xef\xbc\xa0" "example.com", "no @");
}


static void
domains(void **state)
{
    ok("user@example", "user", "example");
    ok("user@a-b.c--d.example", "user", "a-b.c--d.example");
    ok("user@r3---sn-x.example", "user", "r3---sn-x.example");
    ok("user@3com.example", "user", "3com.example");
    ok("user@example.123", "user", "example.123");
    ok("user@192.0.2.1", "user", "192.0.2.1");

    bad("user@", "nothing after");
    bad("user@.", "dot right after");
    bad("user@.example.com", "dot right after");
    bad("user@example..com", "two dots");
    bad("user@example.com.", "ends with a dot");
    bad("user@-example.com", "hyphen");
    bad("user@example-.com", "hyphen");
    bad("user@example.com-", "hyphen");
    bad("user@exam_ple.com", "underscore");
    bad("user@exam ple.com", "space after");
    bad("user@ example.com", "space after");
    bad("user@example.com ", "space after");
    bad("user@host@example.com", "more than one @");
    bad("user@example.com>", "angle brackets");
    bad("user@example.com(home)", "Comments");
    bad("user@example.com,", "one address");
    bad("user@example.com/x", "do not allow");
    bad("user@exam%70le.com", "do not allow");
    bad("user@example.com:25", "do not allow");
}


static void
idn_domains(void **state)
{
    idn("user@b\xc3\xbc" "cher.example", "user", "xn--bcher-kva.example",
        "b\xc3\xbc" "cher.example");
    assert_int_equal(addr.utf8, 0);

    idn("User@B\xc3\x9c" "CHER.Example", "User", "xn--bcher-kva.example",
        "b\xc3\xbc" "cher.example");

    /* decomposed, full-width, ideographic full stop, soft hyphen */
    idn("user@bu\xcc\x88" "cher.example", "user", "xn--bcher-kva.example",
        "b\xc3\xbc" "cher.example");
    idn("user@\xef\xbd\x85xample\xef\xbc\x8e" "com", "user", "example.com",
        "example.com");
    idn("user@example\xe3\x80\x82" "com", "user", "example.com",
        "example.com");
    idn("user@exam\xc2\xadple.com", "user", "example.com", "example.com");

    /* nontransitional: a sharp s is a letter of its own */
    idn("user@stra\xc3\x9f" "e.example", "user", "xn--strae-oqa.example",
        "stra\xc3\x9f" "e.example");

    idn("user@XN--bcher-KVA.example", "user", "xn--bcher-kva.example",
        "b\xc3\xbc" "cher.example");
    idn("j\xc3\xb6rg@b\xc3\xbc" "cher.example", "j\xc3\xb6rg",
        "xn--bcher-kva.example", "b\xc3\xbc" "cher.example");
    assert_int_equal(addr.utf8, 1);

    /* registered although IDNA2008 disallows it: U+221A */
    ok("user@xn--19g.example", "user", "xn--19g.example");
}


/* in both forms the same, whatever selects how it looks */

static void
emoji_domains(void **state)
{
    idn("user@\xf0\x9f\x92\xa9.la", "user", "xn--ls8h.la",
        "\xf0\x9f\x92\xa9.la");
    idn("user@xn--ls8h.la", "user", "xn--ls8h.la", "\xf0\x9f\x92\xa9.la");
    idn("user@XN--LS8H.la", "user", "xn--ls8h.la", "\xf0\x9f\x92\xa9.la");

    idn("user@I\xe2\x9d\xa4.ws", "user", "xn--i-7iq.ws",
        "i\xe2\x9d\xa4.ws");
    idn("user@i\xe2\x9d\xa4\xef\xb8\x8f.ws", "user", "xn--i-7iq.ws",
        "i\xe2\x9d\xa4.ws");
    idn("user@xn--i-7iq.ws", "user", "xn--i-7iq.ws", "i\xe2\x9d\xa4.ws");

    idn("user@mail.\xf0\x9f\x98\x80\xe3\x80\x82to", "user",
        "mail.xn--e28h.to", "mail.\xf0\x9f\x98\x80.to");
    idn("user@m\xc3\xbcller.\xf0\x9f\x98\x80.to", "user",
        "xn--mller-kva.xn--e28h.to", "m\xc3\xbcller.\xf0\x9f\x98\x80.to");
    idn("user@\xc3\x89\xf0\x9f\x98\x80.to", "user", "xn--9ca2767w.to",
        "\xc3\xa9\xf0\x9f\x98\x80.to");
    idn("user@\xf0\x9f\x98\x80-\xf0\x9f\x98\x80.ws", "user",
        "xn----iv3sba.ws",
        "\xf0\x9f\x98\x80-\xf0\x9f\x98\x80.ws");

    /* a flag, a tone of skin, a keycap */

    idn("user@\xf0\x9f\x87\xa9\xf0\x9f\x87\xaa.to", "user", "xn--h77hc.to",
        "\xf0\x9f\x87\xa9\xf0\x9f\x87\xaa.to");
    idn("user@\xf0\x9f\x91\x8d\xf0\x9f\x8f\xbb.to", "user",
        "xn--mn8h9e.to", "\xf0\x9f\x91\x8d\xf0\x9f\x8f\xbb.to");
    idn("user@1\xef\xb8\x8f\xe2\x83\xa3.ws", "user", "xn--1-2sn.ws",
        "1\xe2\x83\xa3.ws");

    /* joined ones, tags, symbols that look like ASCII, hyphens at the ends */

    bad("user@\xf0\x9f\x91\xa8\xe2\x80\x8d\xf0\x9f\x91\xa9.ws", "allow");
    bad("user@\xf0\x9f\x8f\xb4\xf3\xa0\x81\xa7.ws", "allow");
    bad("user@a\xe2\x81\x84" "b.ws", "allow");
    bad("user@\xe2\x88\x9a.ws", "allow");
    bad("user@\xf0\x9f\x98\x80-.ws", "hyphen");
    bad("user@-\xf0\x9f\x98\x80.ws", "hyphen");
    bad("user@\xf0\x9f\x98\x80..ws", "allow");
    bad("user@\xf0\x9f\x98\x80@x.ws", "@");
    bad("user@a/\xf0\x9f\x98\x80.ws", "allow");
    bad("user@a_\xf0\x9f\x98\x80.ws", "underscore");
}


static void
bad_idn_domains(void **state)
{
    bad("user@xn--.example", "hyphen");
    bad("user@xn--a.example", "xn--");
    bad("user@xn--99999999.example", "xn--");
    bad("user@xn--x-ida.example", "xn--");          /* a cedilla alone */
    bad("user@xn--b\xc3\xbc" "cher.example", "xn--");
    bad("user@b\xc3\xbc" "cher..example", "two dots");
    bad("user@b\xc3\xbc" "cher.example.", "ends with a dot");
    bad("user@-b\xc3\xbc" "cher.example", "hyphen");
    bad("user@ab--\xc3\xbc.example", "hyphens");
    bad("user@\xc3\xbc_.example", "underscore");
    bad("user@\xe2\x80\x8b", "nothing after");
    bad("user@\xd7\x90" "1a.example", "right-to-left");
    bad("user@\xe2\x88\x9a.example", "do not allow");

    /* what a mapping makes: "a/c", "@", a space, "(1)", dots */
    bad("user@\xe2\x84\x80.example", "do not allow");
    bad("user@x\xef\xbc\xa0" "example.com", "more than one @");
    bad("user@x\xe3\x80\x80y.example", "space");
    bad("user@\xe2\x91\xb4.example", "Comments");
    bad("user@a\xe2\x80\xa6" "b.example", "do not allow");
    bad("user@\xef\xbc\x8e" "example.com", "dot");
    bad("user@\xef\xbc\xbb" "192.0.2.1\xef\xbc\xbd", "brackets");
}


static void
literals(void **state)
{
    literal("user@[192.0.2.1]", "[192.0.2.1]");
    literal("user@[255.255.255.255]", "[255.255.255.255]");
    literal("user@[192.000.002.001]", "[192.000.002.001]");
    literal("user@[IPv6:2001:db8::1]", "[IPv6:2001:db8::1]");
    literal("user@[ipv6:2001:DB8::1]", "[ipv6:2001:DB8::1]");
    literal("user@[IPv6:::]", "[IPv6:::]");
    literal("user@[IPv6:::ffff:192.0.2.1]", "[IPv6:::ffff:192.0.2.1]");
    literal("user@[IPv6:1:2:3:4:5:6:7:8]", "[IPv6:1:2:3:4:5:6:7:8]");
    literal("user@[x400:c=us]", "[x400:c=us]");

    bad("user@[", "brackets");
    bad("user@[]", "no valid IP");
    bad("user@[192.0.2.1", "brackets");
    bad("user@[192.0.2.1]x", "brackets");
    bad("user@x[192.0.2.1]", "brackets");
    bad("user@[192.0.2]", "no valid IP");
    bad("user@[192.0.2.]", "no valid IP");
    bad("user@[192.0..1]", "no valid IP");
    bad("user@[192.0.2.256]", "no valid IP");
    bad("user@[192.0.2.0001]", "no valid IP");
    bad("user@[192.0.2.1.1]", "no valid IP");
    bad("user@[ 192.0.2.1 ]", "no valid IP");
    bad("user@[2001:db8::1]", "IPv6:");
    bad("user@[IPv6:]", "no valid IPv6");
    bad("user@[IPv6:1]", "no valid IPv6");
    bad("user@[IPv6:2001:db8::g]", "no valid IPv6");
    bad("user@[IPv6:1:2:3:4:5:6:7:8:9]", "no valid IPv6");
    bad("user@[IPv6:1::2::3]", "no valid IPv6");
    bad("user@[IPv6:fe80::1%25eth0]", "no valid IPv6");
    bad("user@[x400:]", "no valid IP");
    bad("user@[:x]", "no valid IP");
    bad("user@[-x:y]", "no valid IP");
    bad("user@[x400:a]b]", "no valid IP");
    bad("user@[x400:a\\]", "no valid IP");
    bad("user@[x400:\xc3\xa9]", "no valid IP");
    bad("user@[example]", "no valid IP");
}


static char *
repeat(char *p, char c, size_t n)
{
    memset(p, c, n);

    return p + n;
}


static void
lengths(void **state)
{
    char    text[2048], *p, *domain;
    size_t  n;

    /* local part: 64 octets, quotes and backslashes counted as typed */

    p = repeat(text, 'a', 64);
    strcpy(p, "@example.com");
    assert_int_equal(parse_(text, strlen(text)), SV_ADDRESS_OK);
    assert_int_equal(addr.local.len, 64);

    p = repeat(text, 'a', 65);
    strcpy(p, "@example.com");
    check_bad(text, strlen(text), "64 bytes");

    p = repeat(text, 'a', 62);
    memcpy(p, "\xc3\xa9", 2);
    strcpy(p + 2, "@example.com");
    assert_int_equal(parse_(text, strlen(text)), SV_ADDRESS_OK);

    p = repeat(text, 'a', 63);
    memcpy(p, "\xc3\xa9", 2);
    strcpy(p + 2, "@example.com");
    check_bad(text, strlen(text), "64 bytes");

    for (n = 60; n < 64; n++) {
        text[0] = '"';
        p = repeat(text + 1, ' ', n);
        strcpy(p, "\"@example.com");

        if (n <= 62) {
            assert_int_equal(parse_(text, strlen(text)), SV_ADDRESS_OK);
            assert_int_equal(addr.local.len, n + 2);

        } else {
            check_bad(text, strlen(text), "64 bytes");
        }
    }

    /* labels: 63 */

    strcpy(text, "a@");
    p = repeat(text + 2, 'b', 63);
    strcpy(p, ".example");
    assert_int_equal(parse_(text, strlen(text)), SV_ADDRESS_OK);

    p = repeat(text + 2, 'b', 64);
    strcpy(p, ".example");
    check_bad(text, strlen(text), "63 characters");

    strcpy(text, "a@");
    for (p = text + 2, n = 0; n < 60; n++, p += 2) {
        memcpy(p, "\xc3\xbc", 2);
    }
    strcpy(p, ".example");
    check_bad(text, strlen(text), "63 characters");

    /* the whole: 254 on the wire */

    for (n = 1; n < 64; n++) {
        strcpy(text, "a@");
        domain = text + 2;
        p = repeat(domain, 'b', 63);
        *p++ = '.';
        p = repeat(p, 'c', 63);
        *p++ = '.';
        p = repeat(p, 'd', 63);
        *p++ = '.';
        p = repeat(p, 'e', n);

        if (p - text <= 254) {
            assert_int_equal(parse_(text, p - text), SV_ADDRESS_OK);
            assert_int_equal(addr.domain.len, p - domain);

        } else {
            check_bad(text, p - text, "longer than 25");
        }
    }

    /* an input that is short in octets may be long in A-labels */

    strcpy(text, "a@");
    for (p = text + 2, n = 0; n < 30; n++, p += 5) {
        memcpy(p, "\xe4\xbe\x8b" "a.", 5);
    }
    strcpy(p, "example");
    check_bad(text, strlen(text), "253 characters");

    repeat(text, 'a', sizeof(text));
    check_bad(text, sizeof(text), "254 characters");
}


/* what is sent is an address that reads the same again */

static void
reads_the_same_again(void **state)
{
    size_t       i, n;
    char         text[SV_ADDRESS_MAX + 1], again[SV_ADDRESS_MAX + 1];
    const char  *list[] = {
        "\"J\\oe\\ \\\"X\\\"\"@Example.com", "\"a.b\"@example.com",
        "j\xc3\xb6rg@B\xc3\xbc" "cher.example", "user@[192.0.2.1]",
        "\"\"@example.com"
    };

    for (i = 0; i < sizeof(list) / sizeof(list[0]); i++) {

        assert_true(parse_(list[i], strlen(list[i])) != SV_ADDRESS_INVALID);
        n = snprintf(text, sizeof(text), "%.*s@%.*s", (int) addr.local.len,
                     (char *) addr.local.data, (int) addr.domain.len,
                     (char *) addr.domain.data);

        assert_true(parse_(text, n) != SV_ADDRESS_INVALID);
        snprintf(again, sizeof(again), "%.*s@%.*s", (int) addr.local.len,
                 (char *) addr.local.data, (int) addr.domain.len,
                 (char *) addr.domain.data);

        assert_string_equal(text, again);
    }
}


static int
host(const char *text, int lax)
{
    return sv_host_name_valid((const unsigned char *) text, strlen(text), lax);
}


static void
host_names(void **state)
{
    char  text[512], *p;

    assert_true(host("mx.example.com", 0));
    assert_true(host("MX1.example.com", 0));
    assert_true(host("3com.example", 0));
    assert_true(host("a.b", 0));
    assert_true(host("a--b.example", 0));
    assert_true(host("xn--bcher-kva.example", 0));
    assert_true(host("mx_1.example.com", 1));
    assert_true(host("_dmarc.example.com", 1));

    assert_false(host("", 1));
    assert_false(host("localhost", 1));
    assert_false(host(".", 1));
    assert_false(host(".example.com", 1));
    assert_false(host("example.com.", 1));
    assert_false(host("a..b", 1));
    assert_false(host("-a.example", 1));
    assert_false(host("a-.example", 1));
    assert_false(host("a.example-", 1));
    assert_false(host("a.-example", 1));
    assert_false(host("mx_1.example.com", 0));
    assert_false(host("a b.example", 1));
    assert_false(host("a\r\n.example", 1));
    assert_false(host("b\xc3\xbc" "cher.example", 1));
    assert_false(host("[192.0.2.1]", 1));
    assert_false(host("192.0.2.1", 1));
    assert_false(host("2001:db8::1", 1));
    assert_false(host("a/b.example", 1));
    assert_false(sv_host_name_valid((const unsigned char *) "a\0.b", 4, 1));

    p = repeat(text, 'a', 63);
    strcpy(p, ".example");
    assert_true(host(text, 0));

    p = repeat(text, 'a', 64);
    strcpy(p, ".example");
    assert_false(host(text, 0));

    for (p = text; p < text + 252; p += 2) {
        memcpy(p, "a.", 2);
    }
    strcpy(p, "b");
    assert_int_equal(strlen(text), 253);
    assert_true(host(text, 0));

    strcpy(p, "bb");
    assert_false(host(text, 0));
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(dot_strings),
        cmocka_unit_test(bad_dot_strings),
        cmocka_unit_test(quoted_strings),
        cmocka_unit_test(bad_quoted_strings),
        cmocka_unit_test(controls),
        cmocka_unit_test(utf8_local_parts),
        cmocka_unit_test(domains),
        cmocka_unit_test(idn_domains),
        cmocka_unit_test(emoji_domains),
        cmocka_unit_test(bad_idn_domains),
        cmocka_unit_test(literals),
        cmocka_unit_test(lengths),
        cmocka_unit_test(reads_the_same_again),
        cmocka_unit_test(host_names)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
