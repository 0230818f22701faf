
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <string.h>
#include <arpa/inet.h>

#include "sv_hook.h"


static sv_str_t
str(const char *text)
{
    sv_str_t  s;

    s.data = (unsigned char *) text;
    s.len = strlen(text);

    return s;
}


static int
key_of(const char *text, sv_hook_key_t *key)
{
    sv_str_t  s = str(text);

    return sv_hook_key(&s, key);
}


/* the example of the specification, which its libraries test with, too */

static void
test_vector(void **state)
{
    sv_str_t       id, timestamp, body;
    sv_hook_key_t  key;
    unsigned char  text[SV_HOOK_SIGNATURE_LEN];

    (void) state;

    id = str("msg_p5jXN8AQM9LWM0D4loKWxJek");
    timestamp = str("1614265330");
    body = str("{\"test\": 2432232314}");

    assert_int_equal(key_of("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", &key),
                     0);
    assert_int_equal(key.len, 24);
    assert_int_equal(sv_hook_sign(&key, &id, &timestamp, &body, text), 0);
    assert_memory_equal(text, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
                        SV_HOOK_SIGNATURE_LEN);
}


static void
test_keys(void **state)
{
    size_t         i;
    sv_hook_key_t  key;

    static const char  *wrong[] = {
        "", "whsec_", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaS",       /* cut */
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLa==",      /* 23 octets */
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2La=aSw",
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLa-_",      /* for URLs */
        "whsec_====",
        /* 66 octets */
        "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
    };

    (void) state;

    for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        assert_int_equal(key_of(wrong[i], &key), -1);
    }

    assert_int_equal(key_of("whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwd"
                            "Hh8=", &key), 0);
    assert_int_equal(key.len, 32);
    assert_int_equal(key.octets[31], 31);

    /* 64 octets */

    assert_int_equal(key_of("whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
                            "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==",
                            &key), 0);
    assert_int_equal(key.len, 64);
}


static int
line_of(const char *text, sv_hook_secret_t *secret)
{
    sv_str_t  s = str(text);

    return sv_hook_secret(&s, secret);
}


static void
test_secrets(void **state)
{
    sv_hook_secret_t  secret;

#define K  "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

    (void) state;

    assert_int_equal(line_of("", &secret), 0);
    assert_int_equal(line_of(" \t\r", &secret), 0);
    assert_int_equal(line_of("# shop " K, &secret), 0);

    assert_int_equal(line_of(K, &secret), 1);
    assert_int_equal(secret.client.len, 0);
    assert_int_equal(line_of(" shop\t" K " # since May\r", &secret), 1);
    assert_int_equal(secret.client.len, 4);
    assert_memory_equal(secret.client.data, "shop", 4);
    assert_int_equal(secret.key.len, 24);

    assert_int_equal(line_of("shop", &secret), -1);
    assert_int_equal(line_of("shop whsec_x", &secret), -1);
    assert_int_equal(line_of(K " shop", &secret), -1);
    assert_int_equal(line_of("shop " K " " K, &secret), -1);
    assert_int_equal(line_of("0123456789012345678901234567890123456789012345678"
                             "901234567890123456 " K, &secret), -1);
}


static int
url_of(const char *text, sv_hook_url_t *url)
{
    sv_str_t  s = str(text);

    return sv_hook_url(&s, url);
}


static void
is_url(const char *text, unsigned tls, const char *host, unsigned port,
    const char *path)
{
    sv_hook_url_t  url;

    assert_int_equal(url_of(text, &url), 0);
    assert_int_equal(url.tls, tls);
    assert_int_equal(url.port, port);
    assert_int_equal(url.host.len, strlen(host));
    assert_memory_equal(url.host.data, host, url.host.len);
    assert_int_equal(url.path.len, strlen(path));
    assert_memory_equal(url.path.data, path, url.path.len);
}


static void
test_urls(void **state)
{
    size_t         i;
    sv_hook_url_t  url;

    static const char  *wrong[] = {
        "", "https://", "http:///x", "ftp://a.example/", "HTTPS://a.example/",
        "https://:443/", "https://a.example:/", "https://a.example:0/",
        "https://a.example:65536/", "https://a.example:8o/",
        "https://a.example:443:443/", "https://user@a.example/",
        "https://a.example\\@b.example/", "https://a.example/#x",
        "https://a.example/ x", "https://a.example/\x7f", "https://a..example/",
        "https://.example/", "https://a.example../", "https://[::1/",
        "https://[::1]x/", "https://[a.example]/", "https://[::1%lo]/",
        "https://::1/", "http://2130706433/", "http://127.1/",
        "http://0x7f.0.0.1/", "http://127.0.0.01/", "http://1.2.3.4.5/",
        "http://a.example.0x7f000001/", "http://a%2eexample/", "http://a+b/",
        "http://a{b}/", "https://[127.0.0.1]/", "http://mx.example:25/",
        "https://mx.example:465/", "http://192.0.2.7:22/",
        "https://[2001:db8::1]:587/", "http://mx.example:0025/",
        "http://mx.example:1023/"
    };

    (void) state;

    is_url("https://hook.example/in?a=b/c", 1, "hook.example", 443,
           "/in?a=b/c");
    is_url("http://hook.example", 0, "hook.example", 80, "");
    is_url("http://hook.example.:8080?a:b", 0, "hook.example", 8080, "?a:b");
    is_url("https://a_b.example:65535/:1", 1, "a_b.example", 65535, "/:1");
    is_url("https://[2001:db8::1]:8443/", 1, "2001:db8::1", 8443, "/");
    is_url("http://192.0.2.7/x", 0, "192.0.2.7", 80, "/x");

    is_url("https://hook.example:1024/", 1, "hook.example", 1024, "/");
    is_url("https://hook.example:80/", 1, "hook.example", 80, "/");

    assert_int_equal(url_of("http://192.0.2.7:80/", &url), 0);
    assert_int_equal(url.family, AF_INET);
    assert_memory_equal(&url.addr, "\xc0\x00\x02\x07", 4);
    assert_int_equal(url_of("http://[::ffff:10.0.0.1]/", &url), 0);
    assert_int_equal(url.family, AF_INET6);
    assert_int_equal(url_of("http://a.example/", &url), 0);
    assert_int_equal(url.family, 0);

    for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        if (url_of(wrong[i], &url) != -1) {
            fail_msg("\"%s\" is taken", wrong[i]);
        }
    }
}


static void
test_delays(void **state)
{
    unsigned  i, tries;
    int64_t   delay, last, sum, least, most;

    (void) state;

    last = 0;

    for (tries = 1; tries < 40; tries++) {
        least = sv_hook_delay(5000, tries, 0);
        most = least;

        for (i = 0; i < 1000; i++) {
            delay = sv_hook_delay(5000, tries, i * 7919);
            assert_in_range(delay, least, least + least / 4);
            most = delay > most ? delay : most;
        }

        assert_true(most > least);
        assert_true(least >= last);
        assert_in_range(least, 5000, SV_HOOK_DELAY_MAX);
        last = least;
    }

    assert_int_equal(last, SV_HOOK_DELAY_MAX);

    /* about twenty tries in three days */

    for (tries = 1, sum = 0; sum < (int64_t) 3 * 86400 * 1000; tries++) {
        sum += sv_hook_delay(5000, tries, 0);
    }

    assert_in_range(tries, 15, 25);
    assert_int_equal(sv_hook_delay(1, 1, 12345), 1);
}


static void
test_told(void **state)
{
    (void) state;

    assert_int_equal(sv_hook_told(5000, 0, 1000000), 5000);
    assert_int_equal(sv_hook_told(5000, 4, 1000000), 5000);
    assert_int_equal(sv_hook_told(5000, 60, 1000000), 60000);

    /* however much it asks for */

    assert_int_equal(sv_hook_told(5000, 21600, INT64_MAX), SV_HOOK_DELAY_MAX);
    assert_int_equal(sv_hook_told(5000, 21601, INT64_MAX), SV_HOOK_DELAY_MAX);
    assert_int_equal(sv_hook_told(5000, INT64_MAX, INT64_MAX),
                     SV_HOOK_DELAY_MAX);
    assert_int_equal(sv_hook_told(SV_HOOK_DELAY_MAX + 7, INT64_MAX, INT64_MAX),
                     SV_HOOK_DELAY_MAX + 7);

    /* there is a last try; one that would not be made without it, is not */

    assert_int_equal(sv_hook_told(5000, 60, 30000), 30000);
    assert_int_equal(sv_hook_told(5000, 60, 5000), 5000);
    assert_int_equal(sv_hook_told(5000, 60, 4000), 5000);
    assert_int_equal(sv_hook_told(5000, 60, -1), 5000);
}


static void
test_states(void **state)
{
    sv_hook_state_t  s, got;
    char             text[SV_HOOK_STATE_LEN];

    (void) state;

    memset(&s, 0, sizeof(s));
    s.state = SV_HOOK_RETRIED;
    s.type = SV_HOOK_EXPIRES;
    s.tries = 4000000000u;
    s.status = 503;
    s.tried = INT64_MAX;
    s.next = INT64_MAX - 1;
    s.delivered = INT64_MAX - 2;

    sv_hook_state_write(&s, text);
    sv_hook_state_read(text, &got);
    assert_memory_equal(&got, &s, sizeof(s));

    strcpy(s.error, "0123456789012345678901234567890");
    sv_hook_state_write(&s, text);
    assert_true(strlen(text) < SV_HOOK_STATE_LEN);
    sv_hook_state_read(text, &got);
    assert_memory_equal(&got, &s, sizeof(s));

    sv_hook_state_read("", &got);
    assert_int_equal(got.state, SV_HOOK_NONE);
    sv_hook_state_read("410", &got);
    assert_int_equal(got.state, SV_HOOK_NONE);
    sv_hook_state_read("99 1 1 1 1 1 1 x", &got);
    assert_int_equal(got.state, SV_HOOK_NONE);
    assert_int_equal(got.tries, 0);
}


static void
test_names(void **state)
{
    unsigned  type;
    sv_str_t  name;

    (void) state;

    for (type = 1; type < 0x20; type <<= 1) {
        name = str(sv_hook_event_name(type));
        assert_int_equal(sv_hook_event(&name), type);
    }

    name = str("all");
    assert_int_equal(sv_hook_event(&name), 0);
    assert_null(sv_hook_event_name(0x20));
    assert_null(sv_hook_event_name(3));
}


int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vector),
        cmocka_unit_test(test_keys),
        cmocka_unit_test(test_secrets),
        cmocka_unit_test(test_urls),
        cmocka_unit_test(test_delays),
        cmocka_unit_test(test_told),
        cmocka_unit_test(test_states),
        cmocka_unit_test(test_names)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
