# Through a SOCKS 5 proxy, and what is said of whom when it does not work.

use lib 't/lib';
use TestVerify 'no_plan';

master_on();

preset(smtp => "mx1 11 pipelining users=john\n");
preset_http(<<'END');
smtp_verify_throttle_zone zone=limits:1m;
smtp_verify_egress_pool p {
    proxy socks5://$TEST_NGINX_NET.70:$TEST_NGINX_SOCKS_PORT helo=p.verifier.test from=p@verifier.test;
}
smtp_verify_egress_pool auth {
    proxy socks5://john:s%3Ae%40cret@$TEST_NGINX_NET.70:$TEST_NGINX_SOCKS_PORT helo=p.verifier.test;
}
smtp_verify_egress_pool mostly {
    proxy socks5://$TEST_NGINX_NET.70:$TEST_NGINX_SOCKS_PORT helo=p.verifier.test weight=1000;
    address $TEST_NGINX_NET.102 helo=h102.verifier.test;
}
smtp_verify_egress p;
END

run_tests();

__DATA__

=== TEST 1: a conversation through it
--- socks
p1 70 via=71
--- address
john@ok.test
nobody@ok.test
--- json
reason: accepted
smtp.attempts: 1
smtp.mx_ip: /\.11$/
--
reason: mailbox_not_found
--- smtp_like
-- peer 127\.90\.\d+\.71
EHLO p\.verifier\.test
MAIL FROM:<p@verifier\.test>
--- socks_like
p1/1 method 5 00$
p1/1 request 5 1 1 127\.90\.\d+\.11$



=== TEST 2: with a user and a password
--- verify
smtp_verify_egress auth;
--- socks
p1 70 auth=john:s:e@cret
--- address: john@ok.test
--- json
reason: accepted
--- socks_like
p1/1 method 5 0002$
p1/1 auth john:s:e@cret$
--- no_error_log
s:e@cret
s%3Ae%40cret



=== TEST 3: an IPv6 address
--- socks
p1 70
--- smtp
mx1 ::1 pipelining users=john
--- address: john@ok.test
--- json
reason: accepted
smtp.mx_ip: ::1
--- socks_like
p1/1 request 5 1 4 ::1$



=== TEST 4: TLS through it
--- socks
p1 70
--- smtp
mx1 11 pipelining starttls users=john
--- address: john@ok.test
--- json
reason: accepted
smtp.tls.protocol: TLSv1.3



=== TEST 5: one byte at a time
--- http_config
smtp_verify_connect_timeout 3s;
--- verify
smtp_verify_egress auth;
--- socks
p1 70 auth=john:s:e@cret
    method: dribble 5ms ; default
--- address: john@ok.test
--- json
reason: accepted



=== TEST 6: the greeting comes with the reply
--- socks
p1 70
    request: together ; default
--- address
john@ok.test
nobody@ok.test
--- json
reason: accepted
--
reason: mailbox_not_found



=== TEST 7: a session that is kept
--- verify
smtp_verify_keepalive 8 timeout=500ms;
--- socks
p1 70
--- smtp
mx1 11 pipelining users=john,mary
--- address
john@ok.test
mary@ok.test
--- json
reason: accepted
--- smtp_sessions: 1
--- socks_unlike
p1/2



=== TEST 8: names are resolved here, and a private target is forbidden
--- http_config
smtp_verify_target_allow 10.99.99.99/32;
--- socks
p1 70
--- address: john@ok.test
--- json
reason: forbidden_target
smtp.attempts: 0
--- socks_unlike
connect



=== TEST 9: it is not there: nobody else is to blame
--- socks
p1 70 refuse
--- address: john@ok.test
--- json
verdict: unknown connect_failed estimated local
smtp.stage: connect
smtp.connected: false
retry_after: 900
--- smtp_sessions: 0



=== TEST 10: no SOCKS 5
--- socks
p1 70
    method: raw "HTTP/1.1 400 Bad Request\r\n\r\n"
--- address: john@ok.test
--- json
reason: connect_failed
blame: local
--- smtp_sessions: 0



=== TEST 11: it wants authentication
--- socks
p1 70 auth=john:secret
--- address: john@ok.test
--- json
reason: connect_failed
blame: local
--- smtp_sessions: 0



=== TEST 12: it refuses ours
--- verify
smtp_verify_egress auth;
--- socks
p1 70 auth=john:other
--- address: john@ok.test
--- json
reason: connect_failed
blame: local
--- smtp_sessions: 0
--- no_error_log
s:e@cret



=== TEST 13: a method that was not offered
--- socks
p1 70
    method: raw "\x05\x01"
--- address: john@ok.test
--- json
reason: connect_failed
blame: local



=== TEST 14: it says too much
--- socks
p1 70
    method: raw "\x05\x00\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00220 mx ESMTP\r\n"
--- address: john@ok.test
--- json
reason: connect_failed
blame: local



=== TEST 15: a half answer, then silence
--- socks
p1 70
    method: raw "\x05" ; hang
--- address: john@ok.test
--- json
reason: connect_failed
blame: local
--- not_within: 250ms



=== TEST 16: silence, then the end
--- socks
p1 70
    method: wait 100ms ; close
--- address: john@ok.test
--- json
reason: connect_failed
blame: local



=== TEST 17: silence about the credentials
--- verify
smtp_verify_egress auth;
--- socks
p1 70 auth=john:s:e@cret
    auth: hang
--- address: john@ok.test
--- json
reason: connect_failed
blame: local



=== TEST 18: the end instead of an answer to them
--- verify
smtp_verify_egress auth;
--- socks
p1 70 auth=john:s:e@cret
    auth: reset
--- address: john@ok.test
--- json
reason: connect_failed
blame: local



=== TEST 19: silence about the target: it is the target that is waited for
--- socks
p1 70
    request: hang
--- address: john@ok.test
--- json
reason: timeout
blame: network
smtp.stage: connect
smtp.connected: false



=== TEST 20: a reply to another protocol
--- socks
p1 70
    request: raw "\x04\x00"
--- address: john@ok.test
--- json
reason: connect_failed
blame: local



=== TEST 21: half a reply, and the end
--- socks
p1 70
    request: raw "\x05\x00\x00\x01\x00" ; close
--- address: john@ok.test
--- json
reason: connect_failed
blame: local



=== TEST 22: an address of no known type
--- socks
p1 70
    request: raw "\x05\x00\x00\x07\x00\x00\x00\x00\x00\x00"
--- address: john@ok.test
--- json
reason: connect_failed
blame: local



=== TEST 23: a name in the reply
--- socks
p1 70
    request: raw "\x05\x00\x00\x03\x04mail\x00\x19220 mx1.ok.test ESMTP\r\n" ; hang
--- address: john@ok.test
--- json
reason: timeout
smtp.stage: ehlo
smtp.connected: true



=== TEST 24: by reply: the network, the host, the port of the target
--- http_config
smtp_verify_throttle zone=limits rate=100/s breaker=off;
--- socks
p1 70
    request@1: reply 3
    request@2: reply 4
    request@3: reply 5
    request@4: reply 6
--- address
a@ok.test
b@ok.test
c@ok.test
d@ok.test
--- json
reason: connect_failed
blame: network
--- smtp_sessions: 0



=== TEST 25: by reply: the proxy does not want to
--- socks
p1 70
    request@1: reply 1
    request@2: reply 2
    request@3: reply 7
    request@4: reply 8
    request@5: reply 99
--- address
a@ok.test
b@ok.test
c@ok.test
d@ok.test
e@ok.test
--- json
reason: connect_failed
blame: local
--- smtp_sessions: 0



=== TEST 26: IPv6 it cannot, IPv4 it can
--- socks
p1 70
    request *:*: reply 8
--- smtp
mx1 11,::1 pipelining users=john
--- address: john@ok.test
--- json
reason: accepted



=== TEST 27: the next host, where one cannot be reached
--- socks
p1 70
--- smtp
mx1 11 refuse
mx2 12 pipelining
--- address: nobody@ok.test
--- json
reason: mailbox_not_found
smtp.attempts: 2
--- smtp_sessions
mx2 1



=== TEST 28: where it does not work another identity asks, and goes on to
--- verify
smtp_verify_egress mostly;
--- socks
p1 70
    method: raw "\x05\xff"
--- smtp
mx1 11 pipelining users=john,mary
--- dns
a.test MX 10 mx1.a.test
mx1.a.test A 11
b.test MX 10 mx1.b.test
mx1.b.test A 11
c.test MX 10 mx1.c.test
mx1.c.test A 11
d.test MX 10 mx1.d.test
mx1.d.test A 11
--- address
john@a.test
john@b.test
john@c.test
john@d.test
--- json
reason: accepted
--- smtp_like
-- peer 127\.90\.\d+\.102
EHLO h102\.verifier\.test
--- smtp_unlike
EHLO p\.
--- socks_like
p1/1 end
--- socks_unlike
p1/2



=== TEST 29: a proxy that fails opens no breaker of a destination
--- http_config
smtp_verify_throttle zone=limits rate=100/s pause=60s suspend=0;
--- config
location = /proxy {
    smtp_verify;
    smtp_verify_egress p;
}
location = /direct {
    smtp_verify;
    smtp_verify_egress off;
}
location = /counters {
    smtp_verify_counters;
}
--- socks
p1 70 refuse
--- request eval
['GET /proxy?email=a@ok.test', 'GET /proxy?email=b@ok.test',
 'GET /proxy?email=c@ok.test', 'GET /direct?email=john@ok.test',
 'GET /counters']
--- no_shape
--- json
reason: connect_failed
blame: local
--
reason: connect_failed
blame: local
--
reason: circuit_open
blame: local
--
reason: accepted
--
throttles.limits.open: 0
throttles.limits.suspended: 1
throttles.limits.suspensions: 1



=== TEST 30: a target that cannot be reached does
--- http_config
smtp_verify_throttle zone=limits rate=100/s pause=60s suspend=0;
--- socks
p1 70
    request: reply 5
--- address
a@ok.test
b@ok.test
c@ok.test
d@ok.test
e@ok.test
f@ok.test
--- json
blame: network
--
blame: network
--
blame: network
--
blame: network
--
blame: network
--
reason: circuit_open



=== TEST 31: the transcript says which way, and why not
--- verify
smtp_verify_egress auth;
smtp_verify_transcript on;
--- socks
p1 70 auth=john:other
--- query: transcript=1
--- address: john@ok.test
--- with_transcript
--- json
reason: connect_failed
transcript.0.from: egress
transcript.0.text: /^socks5:\/\/127\.90\.\d+\.70:\d+$/
transcript.1.from: egress
transcript.1.text: /: authentication was refused$/



=== TEST 32: the budget is over in the middle of it
--- http_config
smtp_verify_timeout 200ms;
--- socks
p1 70
    method: hang
--- address: john@ok.test
--- json
status: unknown
blame: local
--- smtp_sessions: 0



=== TEST 33: the client goes away in the middle of it
--- socks
p1 70
    request: wait 300ms ; default
--- config
location = /verify {
    smtp_verify;
}
--- address: john@ok.test
--- timeout: 100ms
--- abort
--- ignore_response
--- wait: 0.5



=== TEST 34: a stop in the middle of it
--- socks
p1 70
    request: hang
--- http_config
smtp_verify_connect_timeout 2s;
--- signal: 200ms QUIT
--- address: john@ok.test
--- json
reason: timeout
--- gone_within: 4s



=== TEST 35: a name of a proxy, resolved when the configuration is read
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



=== TEST 36: it fails when the random recipient is asked: the address stands
--- socks
p1 70
    method@2: raw "\x05\xff"
--- smtp
mx1 11 pipelining users=john
    rcpt#2: 452 4.5.3 Too many recipients
--- address: john@ok.test
--- json
verdict: risky accepted_untested
smtp.is_catch_all: null
smtp.attempts: 2
--- smtp_sessions: 1



=== TEST 37: or it does not want to
--- http_config
smtp_verify_connect_timeout 3s;
--- socks
p1 70
    request@2: reply 1
--- smtp
mx1 11 pipelining users=john
    rcpt#2: 452 4.5.3 Too many recipients
--- address: john@ok.test
--- json
reason: accepted_untested
--- smtp_sessions: 1



=== TEST 38: a proxy of another kind
--- http_config
smtp_verify_egress_pool x { proxy http://127.0.0.1:3128 helo=a.example.com; }
--- must_die
--- error_log
invalid proxy, "socks5://host:port" is needed



=== TEST 39: a proxy whose name there is not
--- http_config
smtp_verify_egress_pool x { proxy socks5://u:hidden@none.invalid:1080 helo=a.example.com; }
--- must_die
--- error_log
host not found in proxy "socks5://none.invalid:1080"
--- no_error_log
hidden



=== TEST 40: a bad port
--- http_config
smtp_verify_egress_pool x { proxy socks5://u:hidden@127.0.0.1:port helo=a.example.com; }
--- must_die
--- error_log
invalid port in proxy "socks5://127.0.0.1:port"
--- no_error_log
hidden



=== TEST 41: a user without a password
--- http_config
smtp_verify_egress_pool x { proxy socks5://u@127.0.0.1:1080 helo=a.example.com; }
--- must_die
--- error_log
invalid user or password of egress "socks5://127.0.0.1:1080"



=== TEST 42: an empty password
--- http_config
smtp_verify_egress_pool x { proxy socks5://u:@127.0.0.1:1080 helo=a.example.com; }
--- must_die
--- error_log
invalid user or password of egress "socks5://127.0.0.1:1080"



=== TEST 43: a proxy for two users is no duplicate, for one it is
--- http_config
smtp_verify_egress_pool ok {
    proxy socks5://a:x@127.0.0.1:1080 helo=a.example.com;
    proxy socks5://b:x@127.0.0.1:1080 helo=a.example.com;
}
smtp_verify_egress_pool x {
    proxy socks5://a:x@127.0.0.1:1080 helo=a.example.com;
    proxy socks5://a:hidden@127.0.0.1:1080 helo=a.example.com;
}
--- must_die
--- error_log
duplicate egress "socks5://127.0.0.1:1080"
--- no_error_log
hidden
