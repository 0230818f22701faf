
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "sv_routes.h"


static sv_routes_t  *routes;


static void
load(const char *text)
{
    sv_rules_error_t  error;

    sv_routes_free(routes);
    routes = sv_routes_create();
    assert_non_null(routes);

    if (sv_routes_add(routes, text, strlen(text), &error) != 0
        || sv_routes_ready(routes, &error) != 0)
    {
        fail_msg("line %u: %s", error.line, error.message);
    }
}


static void
refused(const char *text, unsigned line, const char *message)
{
    sv_rules_error_t  error;

    sv_routes_free(routes);
    routes = sv_routes_create();
    assert_non_null(routes);

    if (sv_routes_add(routes, text, strlen(text), &error) == 0
        && sv_routes_ready(routes, &error) == 0)
    {
        fail_msg("accepted: %s", text);
    }

    assert_int_equal(error.line, line);

    if (strstr(error.message, message) == NULL) {
        fail_msg("%s: \"%s\"", text, error.message);
    }
}


/* "host port family mx", or "" */

static const char *
to(const char *domain)
{
    const sv_route_t  *route;
    static char        buf[300];

    route = sv_routes_find(routes, (const unsigned char *) domain,
                           strlen(domain));
    if (route == NULL) {
        return "";
    }

    assert_int_equal(route->host.data[route->host.len], '\0');

    snprintf(buf, sizeof(buf), "%s %u %s%s", (char *) route->host.data,
             route->port,
             route->family == AF_INET ? "4"
             : route->family == AF_INET6 ? "6" : "name",
             route->mx ? " mx" : "");

    return buf;
}


static void
domains(void **state)
{
    load("");
    assert_string_equal(to("example.com"), "");

    load("# a table\n"
         "only.example       [mx.only.example]\n"
         ".both.example\t[mx.both.example]:26   # with a port\n"
         "*.below.example    [mx.below.example]\r\n"
         "Own.Both.Example   [MX.own.example]\n"
         "dns.both.example   :\n"
         "m\xc3\xbcller.example [mx.umlaut.example]\n"
         "twice.example [same.example]:25\n"
         "twice.example [same.example]:25");

    assert_string_equal(to("only.example"), "mx.only.example 0 name");
    assert_string_equal(to("x.only.example"), "");
    assert_string_equal(to("both.example"), "mx.both.example 26 name");
    assert_string_equal(to("a.b.both.example"), "mx.both.example 26 name");
    assert_string_equal(to("xboth.example"), "");
    assert_string_equal(to("below.example"), "");
    assert_string_equal(to("x.below.example"), "mx.below.example 0 name");
    assert_string_equal(to("own.both.example"), "mx.own.example 0 name");
    assert_string_equal(to("dns.both.example"), "");
    assert_string_equal(to("xn--mller-kva.example"),
                        "mx.umlaut.example 0 name");
    assert_string_equal(to("twice.example"), "same.example 25 name");

    load("* [relay.example]\nexample.com :\n");

    assert_string_equal(to("anything.example"), "relay.example 0 name");
    assert_string_equal(to("example.com"), "");
    assert_string_equal(to("sub.example.com"), "relay.example 0 name");
}


static void
targets(void **state)
{
    load("a.example host.example\n"
         "b.example host.example:2525\n"
         "c.example [192.0.2.1]\n"
         "d.example [192.0.2.1]:2525\n"
         "e.example [2001:db8::1]\n"
         "f.example [2001:DB8::1]:2525\n"
         "g.example [ipv6:2001:db8::1]:26\n"
         "g2.example [IPv6:2001:db8::2]\n"
         "g3.example [IPV6:2001:DB8::2]:27\n"
         "g4.example smtp:[IPv6:::1]:28\n"
         "h.example smtp:[host.example]:26\n"
         "i.example relay:host.example\n"
         "k.example smtp:\n"
         "l.example relay:[10.0.0.1]\n");

    assert_string_equal(to("a.example"), "host.example 0 name mx");
    assert_string_equal(to("b.example"), "host.example 2525 name mx");
    assert_string_equal(to("c.example"), "192.0.2.1 0 4");
    assert_string_equal(to("d.example"), "192.0.2.1 2525 4");
    assert_string_equal(to("e.example"), "2001:db8::1 0 6");
    assert_string_equal(to("f.example"), "2001:db8::1 2525 6");
    assert_string_equal(to("g.example"), "2001:db8::1 26 6");
    assert_string_equal(to("g2.example"), "2001:db8::2 0 6");
    assert_string_equal(to("g3.example"), "2001:db8::2 27 6");
    assert_string_equal(to("g4.example"), "::1 28 6");
    assert_string_equal(to("h.example"), "host.example 26 name");
    assert_string_equal(to("i.example"), "host.example 0 name mx");
    assert_string_equal(to("k.example"), "");
    assert_string_equal(to("l.example"), "10.0.0.1 0 4");
}


static void
wrong(void **state)
{
    refused("a.example\n", 1, "no target");
    refused("# x\n\na.example   # [b.example]\n", 3, "no target");
    refused("not..a.domain [b.example]", 1, "not a domain");
    refused("a.example [b.example]\n** [b.example]", 2, "not a domain");
    refused("a.example [b.example", 1, "\"]\" is missing");
    refused("a.example []", 1, "invalid host");
    refused("a.example [b..example]", 1, "invalid host");
    refused("a.example [.b.example]", 1, "invalid host");
    refused("a.example error:5.1.1", 1, "invalid host");
    refused("a.example smtp:25", 1, "invalid host");
    refused("a.example localhost", 1, "invalid host");
    refused("a.example [b.example]x", 1, "invalid port");
    refused("a.example [b.example]:", 1, "invalid port");
    refused("a.example [b.example]:0", 1, "invalid port");
    refused("a.example [b.example]:65536", 1, "invalid port");
    refused("a.example [b.example]:smtp", 1, "invalid port");
    refused("a.example [b.example]:25 more", 1, "invalid port");
    refused("a.example 192.0.2.1:25", 1, "needs brackets");
    refused("a.example 192.0.2.1", 1, "needs brackets");
    refused("a.example [192.0.2.1/24]", 1, "invalid host");
    refused("a.example [IPv6:192.0.2.1]", 1, "invalid host");
    refused("a.example [IPv6:]", 1, "invalid host");
    refused("a.example [IPv6:host.example]", 1, "invalid host");
    refused("a.example IPv6:::1", 1, "invalid");
    refused("a.example [fe80::1%eth0]", 1, "invalid host");
    refused("a.example [b.example]\nb.example [c.example]\n"
            ".A.example [other.example]\n", 3, "another route");
}


/* what was added first has no line any more */

static void
together(void **state)
{
    sv_rules_error_t  error;

    load("a.example [b.example]\nc.example [d.example]\n");

    assert_int_equal(sv_routes_add(routes, "\nc.example [e.example]\n", 23,
                                   &error), 0);
    assert_int_equal(sv_routes_ready(routes, &error), -1);
    assert_int_equal(error.line, 2);

    load("a.example [b.example]\n");
    assert_int_equal(sv_routes_add(routes, "f.example [g.example]:1", 23,
                                   &error), 0);
    assert_int_equal(sv_routes_ready(routes, &error), 0);
    assert_string_equal(to("a.example"), "b.example 0 name");
    assert_string_equal(to("f.example"), "g.example 1 name");
    assert_non_null(sv_routes_target(routes, 1));
    assert_null(sv_routes_target(routes, 2));
}


static void
many(void **state)
{
    int     i;
    char   *text, *p, name[32];

    text = malloc(100000 * 64);
    assert_non_null(text);

    for (p = text, i = 0; i < 100000; i++) {
        p += sprintf(p, "d%d.example [10.0.0.%d]:25\n", i, i % 5);
    }

    load(text);
    free(text);

    for (i = 0; i < 100000; i += 997) {
        sprintf(name, "d%d.example", i);
        assert_string_not_equal(to(name), "");
        sprintf(name, "x%d.example", i);
        assert_string_equal(to(name), "");
    }

    assert_null(sv_routes_target(routes, 5));
}


int
main(void)
{
    int  rc;

    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(domains),
        cmocka_unit_test(targets),
        cmocka_unit_test(wrong),
        cmocka_unit_test(together),
        cmocka_unit_test(many),
    };

    rc = cmocka_run_group_tests(tests, NULL, NULL);

    sv_routes_free(routes);

    return rc;
}
