# What smtp_verify_health says: live, ready, the report; and the version.

use lib 't/lib';
use TestVerify 'no_plan';
use TestVerify::Clients;
use TestVerify::Health;

master_on();

run_tests();

__DATA__

=== TEST 1: nobody was asked yet
--- asked
/livez
/readyz
/health
--- answers
live true
ready true
status pass
--- health
status pass
version 0.1.0
ready true
files pass /worker_connections/
port_25 null /No mail server was asked yet/



=== TEST 2: a connection proves that the port is open
--- smtp
mx1 11 pipelining users=john
--- asked
/verify?email=john@ok.test
--- health
status pass
port_25@default pass /A connection to a mail server was made \d s ago/



=== TEST 3: nothing can be reached from the start on
--- smtp
mx1 11 refuse
mx2 12 refuse
--- dns
+default
two.test MX 10 mx.two.test
mx.two.test A 12
--- asked
/verify?email=john@ok.test
/verify?email=john@two.test
/readyz
--- answers
detail /^No mail server could be connected to from here so far/
detail /port_25 in docs\/troubleshooting/
code 200
--- health
status fail
ready true
port_25 fail /^2 mail servers could not be reached \(0 timed out, 2 refused\), and none could be since the start/
--- error_log
no mail server can be connected to from egress "default": 2 mail servers



=== TEST 4: one server that is down proves nothing
--- smtp
mx1 11 refuse
--- asked
/verify?email=john@ok.test
/verify?email=jane@ok.test
--- answers
reason connect_failed
detail /so far/
--- health
status warn
ready true
port_25 warn /^1 mail server could not/
--- no_error_log
no mail server can be connected to



=== TEST 5: nor do several, if others are reached
--- smtp
mx1 11 pipelining users=john
mx2 12 refuse
--- dns
+default
two.test MX 10 mx.two.test
mx.two.test A 12
three.test MX 10 mx.three.test
mx.three.test A 12
four.test MX 10 mx.four.test
mx.four.test A 12
--- asked
/verify?email=john@ok.test
/verify?email=john@two.test
/verify?email=john@three.test
/verify?email=john@four.test
--- answers
detail null
detail null
detail null
detail null
--- health
status pass
port_25 pass



=== TEST 6: it is over once a server is reached
--- smtp
mx1 11 pipelining users=john
mx2 12 refuse
--- dns
+default
two.test MX 10 mx.two.test
mx.two.test A 12
three.test MX 10 mx.three.test
mx.three.test A 12
--- asked
/verify?email=john@two.test
/verify?email=john@three.test
/verify?email=john@ok.test
/verify?email=john@two.test
--- answers
reason connect_failed
reason connect_failed
reason accepted
detail null
--- health
status pass
port_25 pass
--- error_log
mail servers can be connected to again from egress "default"



=== TEST 7: a reload keeps what is known
--- smtp
mx1 11 refuse
mx2 12 refuse
--- dns
+default
two.test MX 10 mx.two.test
mx.two.test A 12
--- asked
/verify?email=john@ok.test
/verify?email=john@two.test
reload
/health
--- answers
reason connect_failed
reason connect_failed
status fail
--- health
port_25 fail /^2 mail servers/



=== TEST 8: each egress for itself
--- http_config
smtp_verify_egress_pool both {
    address 127.0.0.1 helo=a.verifier.test;
    address 127.0.0.2 helo=b.verifier.test;
}
smtp_verify_egress both;
--- smtp
mx1 11 pipelining users=john
--- asked
/verify?email=john@ok.test
--- health
ready true
status pass



=== TEST 9: a detail says what is wrong with an address
--- asked
/verify?email=john.ok.test
/verify?email=john@@ok.test
--- answers
detail There is no @ in the address.
reason invalid_syntax



=== TEST 10: the version is in a header
--- request
GET /verify?email=john@ok.test
--- smtp
mx1 11 pipelining users=john
--- response_headers
X-SMTP-Verify-Version: 0.1.0



=== TEST 11: and can be left out
--- http_config
smtp_verify_version off;
--- request
GET /verify?email=john@ok.test
--- smtp
mx1 11 pipelining users=john
--- response_headers
X-SMTP-Verify-Version:



=== TEST 12: the views by parameter; POST
--- config
location = /a { smtp_verify_health live; }
location = /b { smtp_verify_health ready; }
location = /livez { smtp_verify_health ready; }
--- request eval
['GET /a', 'GET /b', 'HEAD /livez', 'POST /a']
--- error_code eval
[200, 200, 200, 405]
--- response_body eval
["{\"live\":true}\n", "{\"ready\":true}\n", '', qr/405/]



=== TEST 13: tokens only if they are asked for
--- http_config
smtp_verify_tokens $TEST_NGINX_SERVER_ROOT/html/tokens;
--- user_files
>>> tokens
shop sha256:cf80cd8aed482d5d1527d7dc72fceff84e6326592848447d2dc0b0e87dfc9a90
--- config
location = /health { smtp_verify_health; }
location = /closed { smtp_verify_health tokens=on; }
--- request eval
['GET /health', 'GET /closed']
--- error_code eval
[200, 401]



=== TEST 14: a parameter that is none
--- config
location = /health { smtp_verify_health alive; }
--- must_die
--- error_log
invalid parameter "alive"



=== TEST 15: a worker that drains is not ready
--- config
location = /readyz { smtp_verify_health; }
--- raw_request eval
["GET /rea", "dyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"]
--- raw_request_middle_delay: 2
--- signal: 100ms QUIT
--- error_code: 503
--- response_body_like: shutting down



=== TEST 16: not ready, if many were tried and none was ever reached
--- smtp
mx1 11 refuse
--- dns eval
CORE::join '', map "d$_.test MX 10 mx.d$_.test\nmx.d$_.test A 11\n", 1 .. 5
--- asked
/verify?email=john@d1.test
/verify?email=john@d2.test
/verify?email=john@d3.test
/verify?email=john@d4.test
/readyz
/verify?email=john@d5.test
/readyz
--- answers
reason connect_failed
reason connect_failed
reason connect_failed
reason connect_failed
code 200
reason connect_failed
code 503
--- health
ready false



=== TEST 17: dead domains of a client do not take the server out of service
--- smtp
mx1 11 pipelining users=john
mx2 12 refuse
--- dns eval
CORE::join '', "ok.test MX 10 mx1.ok.test\nmx1.ok.test A 11\n", map "d$_.test MX 10 mx.d$_.test\nmx.d$_.test A 12\n", 1 .. 8
--- asked eval
CORE::join "\n", '/verify?email=john@ok.test', (map "/verify?email=john\@d$_.test", 1 .. 8), '/readyz'
--- health
ready true
status pass
