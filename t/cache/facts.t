# Facts of domains and mail hosts in a worker that has no cache zone.  With
# TEST_VERIFY_ZONES=1 the same has to hold for those in the zone.

use lib 't/lib';
use TestVerify 'no_plan';

run_tests();

__DATA__

=== TEST 1: catch-all at one port says nothing of another port
--- config
location = /verify {
    smtp_verify;
}
location = /other {
    smtp_verify;
    smtp_verify_port 24555;
}
--- smtp
mx1 11 pipelining users=john
mx2 11 pipelining accept port=24555
--- dns
ok.test MX 10 mx1.ok.test
mx1.ok.test A 11
--- request eval
['GET /verify?email=jane@ok.test', 'GET /other?email=mary@ok.test']
--- json
reason: mailbox_not_found
--
verdict: risky catch_all
smtp.is_catch_all: true



=== TEST 2: nor the other way round
--- config
location = /verify {
    smtp_verify;
}
location = /other {
    smtp_verify;
    smtp_verify_port 24555;
}
--- smtp
mx1 11 pipelining users=john
mx2 11 pipelining accept port=24555
--- dns
ok.test MX 10 mx1.ok.test
mx1.ok.test A 11
--- request eval
['GET /other?email=mary@ok.test', 'GET /verify?email=john@ok.test',
 'GET /other?email=jane@ok.test']
--- json
reason: catch_all
--
reason: accepted
smtp.is_catch_all: false
--
reason: catch_all



=== TEST 3: a random recipient that got no answer is not replaced by another
--- smtp
mx1 11 pipelining accept
    rcpt 0u*@*: default
    rcpt *: 451 4.7.1 Not now
--- address
0u1@ok.test
0u2@ok.test
0u3@ok.test
--- json
reason: accepted_untested
smtp.is_catch_all: null
--- smtp_check eval
sub { 1 == (() = $_[1] =~ /C: RSET/g) }



=== TEST 4: nor where it was asked together with the address
--- verify
smtp_verify_catch_all eager;
--- smtp
mx1 11 pipelining accept
    rcpt 0u*@*: default
    rcpt *: 451 4.7.1 Not now
--- address
0u1@ok.test
0u2@ok.test
0u3@ok.test
--- json
reason: accepted_untested
--- smtp_check eval
sub { 1 == (() = $_[1] =~ /C: RSET/g) }



=== TEST 5: a refused address still tells more
--- no_reuse
--- smtp
mx1 11 pipelining accept
    rcpt 0u*@*: default
    rcpt jane@*: 550 5.1.1 No such user
    rcpt *: 451 4.7.1 Not now
--- address
0u1@ok.test
jane@ok.test
0u2@ok.test
--- json
reason: accepted_untested
--
reason: mailbox_not_found
--
reason: accepted
smtp.is_catch_all: false



=== TEST 6: a host that breaks PIPELINING at one port
--- config
location = /verify {
    smtp_verify;
}
location = /other {
    smtp_verify;
    smtp_verify_port 24555;
    smtp_verify_catch_all off;
}
--- smtp
mx1 11 pipelining users=john
    rcpt@1: close
mx2 11 pipelining users=john port=24555
--- dns
ok.test MX 10 mx1.ok.test
mx1.ok.test A 11
--- request eval
['GET /verify?email=jane@ok.test', 'GET /other?email=john@ok.test']
--- json
reason: mailbox_not_found
--
reason: accepted_untested
--- smtp_check eval
sub {
    my @turns = TestVerify::SMTP::turns($_[0]);

    return 2 == grep { /^MAIL FROM.* \| RCPT TO/ } @turns;
}



=== TEST 7: a host that greylists at one port
--- config
location = /verify {
    smtp_verify;
}
location = /other {
    smtp_verify;
    smtp_verify_port 24555;
}
--- smtp
mx1 11 pipelining users=john
    rcpt: 450 4.2.0 Greylisted, see http://postgrey.schweikert.ch/help/ok.test.html
mx2 11 pipelining users=john port=24555
    rcpt: 450 4.0.0 Come again
--- dns
ok.test MX 10 mx1.ok.test
mx1.ok.test A 11
--- request eval
['GET /verify?email=john@ok.test', 'GET /other?email=jane@ok.test']
--- json
reason: greylisted
--
reason: temporary_failure



=== TEST 8: the MX is asked for once
--- smtp
mx1 11 pipelining users=john,jane
--- address
john@ok.test
jane@ok.test
mary@ok.test
--- json
reason: accepted
--
reason: accepted
--
reason: mailbox_not_found
--- dns_queries
ok.test MX 1



=== TEST 9: so is what has no mail server
--- dns
null.test MX 0 .
plain.test TXT none
--- address
a@null.test
b@null.test
a@none.test
b@none.test
a@plain.test
b@plain.test
--- json
reason: null_mx
--
reason: null_mx
--
reason: domain_not_found
--
reason: domain_not_found
--
reason: no_mail_server
--
reason: no_mail_server
--- dns_queries
null.test MX 1
none.test MX 1
plain.test MX 1



=== TEST 10: other name servers know other MXes
--- config
location = /verify {
    smtp_verify;
}
location = /other {
    resolver $TEST_NGINX_DNS2 ipv6=off;
    smtp_verify;
}
--- smtp
mx1 11 pipelining users=john,jane
--- dns
+default
@2 ok.test MX ! nxdomain
--- request eval
['GET /verify?email=john@ok.test', 'GET /other?email=mary@ok.test',
 'GET /verify?email=jane@ok.test']
--- json
reason: accepted
--
reason: domain_not_found
--
reason: accepted
--- dns_queries
ok.test MX 2



=== TEST 11: a location that asks fewer MXes
--- config
location = /verify {
    smtp_verify;
}
location = /one {
    smtp_verify;
    smtp_verify_max_mx 1;
}
--- smtp
mx1 11 refuse
mx2 12 pipelining users=john
--- request eval
['GET /one?email=john@ok.test', 'GET /verify?email=john@ok.test']
--- json
reason: connect_failed
--
reason: accepted
smtp.mx_host: mx2.ok.test



=== TEST 12: a domain that accepts everything is not asked again
--- smtp
mx1 11 pipelining accept
--- address
john@ok.test
jane@ok.test
--- json
reason: catch_all
smtp.response_code: 250
--
reason: catch_all
smtp.rule: catch-all-memory
--- smtp_sessions: 1



=== TEST 13: a fact is kept as long as results are
--- verify
smtp_verify_cache_valid catch_all 0;
smtp_verify_keepalive off;
--- smtp
mx1 11 pipelining accept
--- address
john@ok.test
jane@ok.test
--- json
reason: catch_all
smtp.response_code: 250
--- smtp_sessions: 2
--- smtp_check eval
sub { 2 == (() = $_[1] =~ /C: RSET/g) }



=== TEST 14: a location that asks for IPv4 addresses alone
--- config
location = /verify {
    resolver $TEST_NGINX_DNS;
    smtp_verify;
}
location = /four {
    resolver $TEST_NGINX_DNS ipv6=off;
    smtp_verify;
}
--- smtp
mx1 11 pipelining users=john
mx2 ::1 pipelining accept
--- dns
ok.test MX 10 mx.ok.test
mx.ok.test AAAA ::1
--- request eval
['GET /verify?email=john@ok.test', 'GET /four?email=mary@ok.test']
--- json
reason: catch_all
--
reason: /^(no_mail_server|connect_failed)$/
