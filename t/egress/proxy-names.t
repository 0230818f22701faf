# A SOCKS proxy whose name has more than one address: they are tried one after
# the other, and the one that works is remembered.

use lib 't/lib';
use TestVerify::Hosts ':own';
use TestVerify;

BEGIN {
    plan(skip_all => $TestVerify::Hosts::Why) if defined $TestVerify::Hosts::Why;
    plan('no_plan');
}

master_on();

preset(
    smtp => "mx1 11 pipelining users=john,mary,jane\n",
    hosts => <<'END',
$TEST_NGINX_NET.70 two.proxy.test three.proxy.test six.proxy.test
$TEST_NGINX_NET.71 two.proxy.test three.proxy.test
$TEST_NGINX_NET.72 three.proxy.test
::1 six.proxy.test
END
);

preset_http(<<'END');
smtp_verify_throttle_zone zone=limits:1m;
smtp_verify_throttle zone=limits rate=1000/s suspend=0;
smtp_verify_egress_pool two {
    proxy socks5://two.proxy.test:$TEST_NGINX_SOCKS_PORT helo=p.verifier.test;
}
smtp_verify_egress_pool three {
    proxy socks5://three.proxy.test:$TEST_NGINX_SOCKS_PORT helo=p.verifier.test;
}
smtp_verify_egress_pool six {
    proxy socks5://six.proxy.test:$TEST_NGINX_SOCKS_PORT helo=p.verifier.test;
}
smtp_verify_egress_pool spare {
    proxy socks5://two.proxy.test:$TEST_NGINX_SOCKS_PORT helo=p.verifier.test weight=1000;
    address $TEST_NGINX_NET.102 helo=h102.verifier.test;
}
smtp_verify_egress two;
END

run_tests();

__DATA__

=== TEST 1: localhost, IPv6 first, and nobody listens there
--- hosts
::1 localhost ip6-localhost ip6-loopback
127.0.0.1 localhost
$TEST_NGINX_NET.70 two.proxy.test three.proxy.test six.proxy.test
--- http_config
smtp_verify_egress_pool local {
    proxy socks5://localhost:$TEST_NGINX_SOCKS_PORT helo=p.verifier.test;
}
--- verify
smtp_verify_egress local;
--- socks
p1 127.0.0.1
--- address: john@ok.test
--- json
reason: accepted
smtp.attempts: 1
--- socks_like
p1/1 request



=== TEST 2: localhost, IPv4 first, and only IPv6 is listened at
--- hosts
127.0.0.1 localhost
::1 localhost
$TEST_NGINX_NET.70 two.proxy.test three.proxy.test six.proxy.test
--- http_config
smtp_verify_egress_pool local {
    proxy socks5://localhost:$TEST_NGINX_SOCKS_PORT helo=p.verifier.test;
}
--- verify
smtp_verify_egress local;
--- socks
p1 ::1
--- address: john@ok.test
--- json
reason: accepted
smtp.attempts: 1



=== TEST 3: another name of both families
--- verify
smtp_verify_egress six;
--- socks
p1 70
--- address: john@ok.test
--- json
reason: accepted
smtp.attempts: 1



=== TEST 4: the first refuses; who comes next does not try it
--- http_config
smtp_verify_transcript on;
--- query: transcript=1
--- socks
p1 70 refuse
p2 71
--- address
john@ok.test
mary@ok.test
--- with_transcript
--- json
reason: accepted
smtp.attempts: 1
transcript.1.from: egress
transcript.1.text: /: no connection to it$/
--
reason: accepted
smtp.attempts: 1
transcript.1.from: server
--- socks_like
p2/1 request
p2/2 request



=== TEST 5: the second is not asked while the first works
--- socks
p1 70
p2 71
--- address
john@ok.test
mary@ok.test
--- json
reason: accepted
--- socks_like
p1/2 request
--- socks_unlike
p2/



=== TEST 6: SYNs to the first are lost: one probe waits for it, and no other
--- socks
p1 70 syn-drop
p2 71
--- http_config
smtp_verify_connect_timeout 400ms;
--- address
john@ok.test
mary@ok.test
jane@ok.test
--- json
reason: accepted
response_time_ms: >= 390
--
reason: accepted
response_time_ms: <= 250
--
reason: accepted
response_time_ms: <= 250



=== TEST 7: the first takes the connection and is silent
--- socks
p1 70
    method: hang
p2 71
--- address
john@ok.test
mary@ok.test
--- json
reason: accepted
smtp.attempts: 1
--- socks_like
p1/1 method
p2/2 request
--- socks_unlike
p1/2



=== TEST 8: it closes, it resets, it is no SOCKS proxy, it wants a user
--- socks
p1 70
    method: close
p2 71
    method: reset
p3 72
--- verify
smtp_verify_egress three;
--- address: john@ok.test
--- json
reason: accepted
smtp.attempts: 1
--- socks_like
p1/1 end
p2/1 end
p3/1 request



=== TEST 9: it is no SOCKS proxy, and one that wants a user
--- socks
p1 70
    method: raw "HTTP/1.1 400 Bad Request\r\n\r\n"
p2 71 auth=john:secret
p3 72
--- verify
smtp_verify_egress three;
--- address: john@ok.test
--- json
reason: accepted
--- socks_like
p1/1 end
p2/1 end
p3/1 request



=== TEST 10: silence in the middle of a reply, then the end of it
--- socks
p1 70
    method: raw "\x05" ; hang
p2 71
    method: raw "\x05" ; close
p3 72
--- verify
smtp_verify_egress three;
--- address: john@ok.test
--- json
reason: accepted



=== TEST 11: an answer about the target stands: no other address is asked
--- socks
p1 70
    request: reply 5
p2 71
--- address: john@ok.test
--- json
reason: connect_failed
blame: network
--- socks_unlike
p2/



=== TEST 12: what a proxy does not want to do, likewise
--- socks
p1 70
    request: reply 2
p2 71
--- address: john@ok.test
--- json
reason: connect_failed
blame: local
--- socks_unlike
p2/



=== TEST 13: none works: that is said once, and the identity is at fault
--- socks
p1 70 refuse
p2 71
    method: close
p3 72 refuse
--- verify
smtp_verify_egress three;
--- address: john@ok.test
--- json
verdict: unknown connect_failed
blame: local
smtp.attempts: 1
--- socks_like
p2/1 end
--- socks_unlike
p2/2



=== TEST 14: none works, and another identity asks
--- socks
p1 70 refuse
p2 71 refuse
--- verify
smtp_verify_egress spare;
--- address: john@ok.test
--- json
reason: accepted
smtp.attempts: 2
--- smtp_like
EHLO h102\.



=== TEST 15: an address that does not work is no failure of the identity
--- config
location = /verify {
    smtp_verify;
}
location = /counters {
    smtp_verify_counters;
}
--- socks
p1 70
    method@1: close
    method@3: close
p2 71
    method@2: close
    method@4: close
--- request eval
[(map { "GET /verify?email=$_\@ok.test" } qw( john mary jane john mary )),
 'GET /counters']
--- no_shape
--- json
reason: accepted
--
reason: accepted
--
reason: accepted
--
reason: accepted
--
reason: accepted
--
throttles.limits.suspended: 0
throttles.limits.suspensions: 0



=== TEST 16: all are silent: the budget is over in the middle of it
--- http_config
smtp_verify_timeout 450ms;
--- socks
p1 70
    method: hang
p2 71
    method: hang
--- address: john@ok.test
--- json
status: unknown
blame: local
--- within: 1s
--- socks_like
p2/1 method



=== TEST 17: probes that are under way together
--- socks
p1 70 syn-drop
p2 71
--- config
location = /verify {
    smtp_verify_batch;
}
--- more_headers
Content-Type: text/plain
--- request
POST /verify
john@ok.test
mary@ok.test
jane@ok.test
--- stream
reason: accepted
--
reason: accepted
--
reason: accepted
--
lines: 3



=== TEST 18: a stop while one is waited for
--- http_config
smtp_verify_connect_timeout 1s;
--- socks
p1 70 syn-drop
p2 71
--- signal: 200ms QUIT
--- address: john@ok.test
--- json
reason: accepted
--- gone_within: 4s
