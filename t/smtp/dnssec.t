# What of the DNS is proved by signatures: a name server that validates says
# so, and is believed where the operator trusts it.

use lib 't/lib';
use TestVerify 'no_plan';

preset(smtp => "mx1 11 pipelining users=john\n",
       verify => "smtp_verify_dnssec on;\n");

run_tests();

__DATA__

=== TEST 1: all answers are authenticated
--- dns
+default
* ! ad
--- address: john@ok.test
--- json
verdict: deliverable accepted confirmed null
checks.dns.authenticated: true



=== TEST 2: the name server says so, and is not trusted
--- dns
+default
* ! ad
--- verify
--- address: john@ok.test
--- json
reason: accepted
checks.dns.authenticated: null



=== TEST 3: one that says nothing of it
--- address: john@ok.test
--- json
reason: accepted
checks.dns.authenticated: false



=== TEST 4: the address of the host could be anybody's
--- dns
+default
ok.test ! ad
--- address: john@ok.test
--- json
reason: accepted
checks.dns.authenticated: false



=== TEST 5: the host could be anybody's
--- dns
+default
mx1.ok.test ! ad
--- address: john@ok.test
--- json
reason: accepted
checks.dns.authenticated: false



=== TEST 6: one family of two is not authenticated
--- smtp
mx1 11,::1 users=john
--- http_config
resolver $TEST_NGINX_DNS ipv6=on;
--- dns
+default
ok.test ! ad
mx1.ok.test A ! ad
--- address: john@ok.test
--- json
reason: accepted
checks.dns.authenticated: false



=== TEST 7: an alias that is authenticated, to a name that is not
--- dns
ok.test MX 10 alias.ok.test
alias.ok.test CNAME mx1.ok.test
mx1.ok.test A 11
ok.test ! ad
--- address: john@ok.test
--- json
reason: accepted
checks.dns.authenticated: false



=== TEST 8: a domain that is proved not to exist
--- dns
+default
* ! ad
--- address: john@nowhere.test
--- json
verdict: undeliverable domain_not_found confirmed domain
checks.dns.authenticated: true



=== TEST 9: a domain that does not exist, as anybody may say
--- address: john@nowhere.test
--- json
reason: domain_not_found
checks.dns.authenticated: false



=== TEST 10: no MX records, which is proved, and an address, which is, too
--- dns
plain.test A 11
* ! ad
--- address: john@plain.test
--- json
reason: accepted
checks.mx_record: false
checks.dns.authenticated: true



=== TEST 11: null MX
--- dns
ok.test MX 0 .
* ! ad
--- address: john@ok.test
--- json
reason: null_mx
checks.dns.authenticated: true



=== TEST 12: bogus MX records
--- dns
ok.test MX ! servfail
--- address: john@ok.test
--- json
verdict: unknown dns_error estimated network
checks.domain: null
checks.dns.authenticated: null



=== TEST 13: a bogus address of the only host
--- dns
+default
* ! ad
mx1.ok.test ! servfail
--- address: john@ok.test
--- json
verdict: unknown dns_error estimated network
checks.dns.authenticated: false



=== TEST 14: a bogus address of the domain itself
--- dns
plain.test A 11
plain.test A ! servfail
plain.test AAAA ! servfail
* ! ad
--- address: john@plain.test
--- json
verdict: unknown dns_error estimated network



=== TEST 15: the question is told to be authenticated over TCP, too
--- dns
+default
* ! ad
ok.test MX ! truncate
--- address: john@ok.test
--- json
reason: accepted
checks.dns.authenticated: true
--- dns_queries
ok.test MX tcp 1



=== TEST 16: from the addresses and records that are remembered
--- http_config
smtp_verify_cache_zone zone=c:1m;
--- verify
smtp_verify_dnssec on;
smtp_verify_cache c;
--- dns
+default
* ! ad
--- address
john@ok.test
nobody@ok.test
john@ok.test
--- json
reason: accepted
cached: false
checks.dns.authenticated: true
--
reason: mailbox_not_found
cached: false
checks.dns.authenticated: true
--
reason: accepted
cached: true
checks.dns.authenticated: true
--- dns_queries
ok.test MX 1
mx1.ok.test A 1



=== TEST 17: a location that does not trust it has a result of its own
--- http_config
smtp_verify_cache_zone zone=c:1m;
smtp_verify_cache c;
--- config
location = /trusts {
    smtp_verify;
    smtp_verify_dnssec on;
}

location = /verify {
    smtp_verify;
}
--- dns
+default
* ! ad
--- request eval
["GET /trusts?email=john\@ok.test", "GET /verify?email=john\@ok.test",
 "GET /trusts?email=john\@ok.test"]
--- json
cached: false
checks.dns.authenticated: true
--
cached: false
checks.dns.authenticated: null
--
cached: true
checks.dns.authenticated: true



=== TEST 18: without a mail server
--- dns
+default
* ! ad
--- address: john@ok.test
--- query: smtp=0
--- json
reason: not_probed
checks.dns.authenticated: true



=== TEST 19: a wrong syntax has no DNS
--- address: john@
--- json
reason: invalid_syntax
checks.dns.authenticated: null



=== TEST 20: for the log
--- http_config
log_format dns '$smtp_verify_reason dns=$smtp_verify_dns_authenticated';
access_log logs/access.log dns;
--- dns
+default
* ! ad
--- address: john@ok.test
--- json
checks.dns.authenticated: true
--- logged
accepted dns=true
