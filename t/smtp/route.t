# Routes: the operator says where a domain is asked about.

use lib 't/lib';
use TestVerify 'no_plan';

no_shuffle();
run_tests();

__DATA__

=== TEST 1: to an address: the DNS is not asked
--- http_config
smtp_verify_route own.test [$TEST_NGINX_NET.11]:$TEST_NGINX_SMTP_PORT;
--- smtp
mx1 11 pipelining users=john
--- dns
+default
own.test MX ! servfail
--- address
john@own.test
jane@own.test
John@OWN.test
john@ok.test
--- json
verdict: deliverable accepted confirmed
smtp.routed: true
smtp.mx_host: /^127\.90\.\d+\.11$/
smtp.mx_ip: /^127\.90\.\d+\.11$/
checks.domain: null
checks.mx_record: null
smtp.is_catch_all: false
--
verdict: undeliverable mailbox_not_found confirmed
smtp.routed: true
--
reason: mailbox_not_found
smtp.routed: true
--
verdict: deliverable accepted
smtp.routed: false
checks.mx_record: true
--- dns_queries
own.test MX 0
own.test A 0



=== TEST 2: sub-domains, the nearest one, the default, and as without a route
--- http_config
smtp_verify_route .tree.test [$TEST_NGINX_NET.11];
smtp_verify_route own.tree.test [$TEST_NGINX_NET.12];
smtp_verify_route *.below.test [$TEST_NGINX_NET.12];
smtp_verify_route * [$TEST_NGINX_NET.13];
smtp_verify_route ok.test :;
--- smtp
mx1 11 pipelining users=one
mx2 12 pipelining users=two
mx3 13 pipelining users=three
--- dns
ok.test MX 10 mx2.ok.test
mx2.ok.test A 12
--- address
one@tree.test
one@a.b.tree.test
two@own.tree.test
two@x.below.test
three@below.test
three@anything.test
two@ok.test
--- json
reason: accepted
smtp.routed: true
--
reason: accepted
--
reason: accepted
--
reason: accepted
--
reason: accepted
--
reason: accepted
smtp.routed: true
--
reason: accepted
smtp.routed: false



=== TEST 3: a name in brackets has no MX, one without has; a port
--- http_config
smtp_verify_route host.test [relay.test]:$TEST_NGINX_SMTP_PORT;
smtp_verify_route mx.test relay.test:$TEST_NGINX_SMTP_PORT;
smtp_verify_route plain.test smtp:plainhost.test;
smtp_verify_port 1;
--- smtp
mx1 11 pipelining users=john
mx2 12 pipelining users=jane
--- dns
relay.test MX 10 mx.relay.test
relay.test A 11
mx.relay.test A 12
plainhost.test A 11
--- address
john@host.test
jane@mx.test
john@plain.test
--- json
reason: accepted
smtp.mx_host: relay.test
smtp.routed: true
--
reason: accepted
smtp.mx_host: mx.relay.test
smtp.routed: true
checks.mx_record: null
--
reason: connect_failed
smtp.mx_host: plainhost.test
smtp.routed: true
--- dns_queries
host.test MX 0
mx.test MX 0
relay.test MX 1
plainhost.test MX 1



=== TEST 4: a target that is not there says nothing of the domain
--- http_config
smtp_verify_route a.test [none.test];
smtp_verify_route b.test none.test;
smtp_verify_route c.test null.test;
smtp_verify_route d.test broken.test;
smtp_verify_route e.test gone.test;
--- dns
null.test MX 0 .
broken.test MX ! servfail
gone.test MX 10 mx.gone.test
--- address
john@a.test
john@b.test
john@c.test
john@e.test
john@d.test
--- json
verdict: unknown connect_failed estimated local
smtp.routed: true
--
verdict: unknown connect_failed estimated local
--
verdict: unknown connect_failed estimated local
--
verdict: unknown connect_failed estimated local
--
verdict: unknown dns_error



=== TEST 5: a target that is not public, by a name
--- bare
--- http_config
resolver $TEST_NGINX_DNS;
smtp_verify_from probe@probe.test;
smtp_verify_helo probe.test;
smtp_verify_throttle off;
smtp_verify_route own.test [relay.test]:$TEST_NGINX_SMTP_PORT;
--- config
location = /verify { smtp_verify; }
--- smtp
mx1 11 pipelining users=john
--- dns
relay.test A 11
--- address: john@own.test
--- json
verdict: unknown forbidden_target
smtp.routed: true
--- smtp_sessions: 0



=== TEST 6: and by its address: nginx says so
--- bare
--- http_config
resolver $TEST_NGINX_DNS;
smtp_verify_from probe@probe.test;
smtp_verify_helo probe.test;
smtp_verify_route own.test [10.1.2.3]:25;
--- config
location = /verify { smtp_verify; }
--- must_die
--- error_log
[emerg]
the target "10.1.2.3" of "smtp_verify_route" is not public



=== TEST 7: locations with other routes share no result and no session
--- http_config
smtp_verify_cache_zone zone=c:1m;
smtp_verify_cache c;
smtp_verify_keepalive 8 timeout=500ms;
--- config
location = /verify { smtp_verify; }
location = /one {
    smtp_verify;
    smtp_verify_route ok.test [$TEST_NGINX_NET.12];
}
location = /two {
    smtp_verify;
    smtp_verify_route ok.test [$TEST_NGINX_NET.11];
}
--- smtp
mx1 11 pipelining users=john
mx2 12 pipelining users=jane
--- request eval
["GET /verify?email=john\@ok.test", "GET /one?email=john\@ok.test",
 "GET /two?email=john\@ok.test", "GET /one?email=john\@ok.test",
 "GET /two?email=john\@ok.test"]
--- json
reason: accepted
smtp.routed: false
cached: false
--
reason: mailbox_not_found
smtp.routed: true
cached: false
--
reason: accepted
smtp.routed: true
cached: false
--
reason: mailbox_not_found
smtp.routed: true
cached: true
--
reason: accepted
smtp.routed: true
cached: true
--- smtp_sessions
mx1 2
mx2 1



=== TEST 8: a route is inherited, and off where a location says so
--- http_config
smtp_verify_route own.test [$TEST_NGINX_NET.11];
--- config
location = /verify { smtp_verify; }
location = /off { smtp_verify; smtp_verify_route off; }
--- smtp
mx1 11 pipelining users=john
--- dns
nothing.test A 11
--- request eval
["GET /verify?email=john\@own.test", "GET /off?email=john\@own.test"]
--- json
reason: accepted
--
reason: domain_not_found
smtp.routed: false



=== TEST 9: a server at another port has a breaker of its own
--- http_config
smtp_verify_throttle_zone zone=t:1m;
smtp_verify_throttle zone=t rate=100/s pause=20s;
smtp_verify_route one.test [$TEST_NGINX_NET.11];
smtp_verify_route two.test [$TEST_NGINX_NET.11]:2526;
--- smtp
mx1 11
    banner: 554 5.7.1 Service unavailable; client host blocked using zen.spamhaus.org
mx2 11 port=2526 users=john
--- address
a@one.test
b@one.test
c@one.test
john@two.test
jane@two.test
--- json
reason: sender_blocked
--
reason: sender_blocked
--
reason: circuit_open
smtp.routed: true
--
reason: accepted
--
reason: mailbox_not_found



=== TEST 10: no server is asked, by a route or without
--- http_config
smtp_verify_route own.test [$TEST_NGINX_NET.11];
--- query: smtp=0
--- address: john@own.test
--- json
verdict: unknown not_probed estimated
smtp.routed: true
checks.mx_record: null
--- dns_queries
own.test MX 0



=== TEST 11: an IPv6 address, and TLS without a name
--- http_config
smtp_verify_route own.test [::1];
smtp_verify_route tagged.test [IPv6:::1];
smtp_verify_route tls.test [$TEST_NGINX_NET.12];
--- smtp
mx1 ::1 pipelining users=john
mx2 12 pipelining starttls users=john
--- address
john@own.test
john@tagged.test
john@tls.test
--- json
reason: accepted
smtp.mx_host: ::1
smtp.mx_ip: ::1
--
reason: accepted
smtp.mx_host: ::1
smtp.mx_ip: ::1
--
reason: accepted
smtp.tls.protocol: *
smtp.tls.verified: false



=== TEST 12: a table in a file
--- http_config
smtp_verify_route $TEST_NGINX_SERVROOT/html/routes;
smtp_verify_route more.test [$TEST_NGINX_NET.11];
--- user_files eval
">>> routes
# own domains
own.test        [$TestVerify::Env::Net.11]
.relayed.test\t relay:[$TestVerify::Env::Net.11]:$TestVerify::Env::SmtpPort  # to the inside
"
--- smtp
mx1 11 pipelining users=john
--- address
john@own.test
john@x.relayed.test
john@more.test
--- json
reason: accepted
smtp.routed: true



=== TEST 13: a mistake in it, by its line
--- http_config
smtp_verify_route $TEST_NGINX_SERVROOT/html/routes;
--- user_files
>>> routes
own.test [mx.own.test]

other.test [mx.own.test]:99999
--- must_die
--- error_log
[emerg]
invalid port in the target of a route in
routes:3



=== TEST 14: two routes of a domain
--- http_config
smtp_verify_route own.test [a.own.test];
smtp_verify_route .own.test [b.own.test];
--- must_die
--- error_log
[emerg]
another route of the same domain in "smtp_verify_route" directive in
nginx.conf:



=== TEST 15: an address without brackets
--- http_config
smtp_verify_route own.test 192.0.2.1:25;
--- must_die
--- error_log
an address needs brackets in the target of a route



=== TEST 16: no file
--- http_config
smtp_verify_route $TEST_NGINX_SERVROOT/html/none;
--- must_die
--- error_log
[emerg]
html/none" failed
