# Reloads, stops and clients that go away, in the middle of probes.

use lib 't/lib';
use TestVerify 'no_plan';
use TestVerify::Clients;

master_on();

# nginx is gone after some of the blocks, and its pid file with it

run_tests();

__DATA__

=== TEST 1: a reload during a probe
--- smtp
mx1 11 pipelining users=john
    rcpt john@*: wait 400ms ; default
--- signal: 150ms HUP
--- address: john@ok.test
--- not_within: 350ms
--- json
verdict: deliverable accepted confirmed null
smtp.rule: accepted-2xx
--- smtp_waits: 5



=== TEST 2: a reload during the look-up
--- smtp
mx1 11 pipelining users=john
--- dns
+default
ok.test MX ! delay 400ms
--- signal: 150ms HUP
--- address: john@ok.test
--- json
verdict: deliverable accepted confirmed null
smtp.rule: accepted-2xx



=== TEST 3: a reload during a handshake
--- smtp
mx1 11 pipelining starttls users=john
    starttls: 220 2.0.0 Ready ; wait 400ms ; tls
--- signal: 150ms HUP
--- address: john@ok.test
--- json
verdict: deliverable accepted confirmed null
smtp.tls.protocol: TLSv1.3
smtp.rule: accepted-2xx



=== TEST 4: a reload before the random recipient is asked for
--- smtp
mx1 11 pipelining users=john
    rset: wait 400ms ; default
--- signal: 150ms HUP
--- address: john@ok.test
--- json
verdict: deliverable accepted confirmed null
smtp.rule: accepted-2xx



=== TEST 5: a graceful stop during a probe
--- smtp
mx1 11 pipelining users=john
    rcpt john@*: wait 400ms ; default
--- signal: 150ms QUIT
--- address: john@ok.test
--- json
verdict: deliverable accepted confirmed null
smtp.rule: accepted-2xx
--- smtp_waits: 5
--- gone_within: 3s



=== TEST 6: a graceful stop during a look-up
--- smtp
mx1 11 pipelining users=john
--- dns
+default
ok.test MX ! delay 400ms
--- signal: 150ms QUIT
--- address: john@ok.test
--- json
verdict: deliverable accepted confirmed null
smtp.rule: accepted-2xx
--- gone_within: 3s



=== TEST 7: a graceful stop while QUIT is awaited: not longer than that
--- smtp
mx1 11 pipelining
    quit: hang
--- signal: 400ms QUIT
--- address: john@ok.test
--- json
verdict: undeliverable mailbox_not_found confirmed mailbox
smtp.rule: *
--- gone_within: 3s



=== TEST 8: worker_shutdown_timeout ends a probe at a server that hangs
--- main_config
worker_shutdown_timeout 500ms;
--- http_config
smtp_verify_greeting_timeout 10s;
smtp_verify_read_timeout 10s;
smtp_verify_timeout 10s;
--- smtp
mx1 11 pipelining users=john
    rcpt john@*: hang
--- signal: 200ms QUIT
--- request
GET /verify?email=john@ok.test
--- ignore_response
--- timeout: 2s
--- abort
--- gone_within: 1.5s
--- smtp_sessions: 1



=== TEST 9: worker_shutdown_timeout: what was under way is answered
--- main_config
worker_shutdown_timeout 500ms;
--- http_config
smtp_verify_greeting_timeout 10s;
smtp_verify_read_timeout 10s;
smtp_verify_timeout 10s;
--- smtp
mx1 11 pipelining users=john
    rcpt john@*: hang
--- signal: 200ms QUIT
--- address: john@ok.test
--- within: 1.5s
--- json
verdict: unknown interrupted estimated local
retry_after: *
smtp.mailbox_exists: null
--- gone_within: 1.5s



=== TEST 10: worker_shutdown_timeout during a look-up
--- main_config
worker_shutdown_timeout 500ms;
--- http_config
smtp_verify_timeout 10s;
--- dns
* ! drop
--- signal: 200ms QUIT
--- request
GET /verify?email=john@ok.test
--- ignore_response
--- timeout: 3s
--- abort
--- gone_within: 2s



=== TEST 11: a fast stop during a probe leaves nothing behind
--- smtp
mx1 11 pipelining users=john
    rcpt john@*: wait 700ms ; default
--- signal: 200ms TERM
--- request
GET /verify?email=john@ok.test
--- ignore_response
--- gone_within: 1s



=== TEST 12: a client that goes away ends the probe
--- http_config
smtp_verify_greeting_timeout 10s;
smtp_verify_read_timeout 10s;
smtp_verify_timeout 10s;
--- smtp
mx1 11 pipelining users=john
    rcpt john@*: hang
--- request
GET /verify?email=john@ok.test
--- timeout: 300ms
--- abort
--- ignore_response
--- linger: 4s
--- smtp_sessions: 1
--- smtp_check eval
sub { my $s = $_[0][0]; my ($end) = grep { $_->{e} eq 'end' } @{ $s->{events} };
      $end && $end->{t} - $s->{t} < 3 }



=== TEST 13: a client that goes away during a look-up ends the probe
--- smtp
mx1 11 pipelining users=john
--- dns
+default
ok.test MX ! delay 600ms
--- request
GET /verify?email=john@ok.test
--- timeout: 200ms
--- abort
--- ignore_response
--- wait: 1
--- smtp_sessions: 0



=== TEST 14: a client that goes away during a handshake
--- http_config
smtp_verify_read_timeout 10s;
smtp_verify_timeout 10s;
--- smtp
mx1 11 pipelining starttls
    starttls: 220 2.0.0 Ready ; hang
--- request
GET /verify?email=john@ok.test
--- timeout: 300ms
--- abort
--- ignore_response
--- linger: 2s
--- smtp_sessions: 1



=== TEST 15: a client that went away before it was read of: FIN with the request
--- http_config
smtp_verify_greeting_timeout 10s;
smtp_verify_timeout 10s;
--- smtp
mx1 11
    banner: hang
--- raw_request eval
"GET /verify?email=john\@ok.test HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
--- shutdown: 2
--- ignore_response
--- abort
--- timeout: 1s
--- linger: 2s



=== TEST 16: smtp_verify_ignore_client_abort: the probe goes on
--- verify
smtp_verify_ignore_client_abort on;
--- smtp
mx1 11 pipelining users=john
    rcpt john@*: wait 500ms ; default
--- request
GET /verify?email=john@ok.test
--- timeout: 200ms
--- abort
--- ignore_response
--- wait: 0.8
--- smtp_like
C: RSET
C: QUIT



=== TEST 17: a probe that goes on does not keep a worker from stopping longer than its budget
--- verify
smtp_verify_ignore_client_abort on;
smtp_verify_timeout 1s;
smtp_verify_read_timeout 10s;
--- smtp
mx1 11 pipelining users=john
    rcpt john@*: hang
--- signal: 300ms QUIT
--- request
GET /verify?email=john@ok.test
--- timeout: 200ms
--- abort
--- ignore_response
--- wait: 0.3
--- gone_within: 3s



=== TEST 18: a stop at rest is at once
--- smtp
mx1 11 pipelining
--- address: john@ok.test
--- json
reason: mailbox_not_found
--- wait: 0.3
--- stop_within: 1s



=== TEST 19: many at once, a reload among them
--- http_config
smtp_verify_greeting_timeout 5s;
smtp_verify_read_timeout 5s;
smtp_verify_timeout 10s;
--- smtp
mx1 11 pipelining users=john
    rcpt john@*: wait 300ms ; default
--- init
TestVerify::Clients::start('/verify?email=john@ok.test', clients => 30);
--- signal: 150ms HUP
--- address: john@ok.test
--- json
verdict: deliverable accepted confirmed null
smtp.rule: accepted-2xx
--- smtp_check eval
sub {
    return TestVerify::Clients::reasons()
           eq 'accepted 30';
}



=== TEST 20: a reload: the old worker takes leave of a session that is kept
--- verify
smtp_verify_keepalive 8 timeout=60s;
smtp_verify_catch_all off;
--- smtp
mx1 11 pipelining users=john
--- signal: 400ms HUP
--- address: john@ok.test
--- json
reason: accepted_untested
--- wait: 0.6
--- smtp_turns
EHLO verifier.test
MAIL FROM:<probe@verifier.test> | RCPT TO:<john@ok.test>
QUIT



=== TEST 21: likewise of a graceful stop
--- verify
smtp_verify_keepalive 8 timeout=60s;
smtp_verify_catch_all off;
--- smtp
mx1 11 pipelining users=john
--- signal: 400ms QUIT
--- address: john@ok.test
--- json
reason: accepted_untested
--- wait: 0.6
--- smtp_turns
EHLO verifier.test
MAIL FROM:<probe@verifier.test> | RCPT TO:<john@ok.test>
QUIT



=== TEST 22: and of a fast one
--- verify
smtp_verify_keepalive 8 timeout=60s;
smtp_verify_catch_all off;
--- smtp
mx1 11 pipelining users=john
--- signal: 400ms TERM
--- address: john@ok.test
--- json
reason: accepted_untested
--- wait: 0.6
--- smtp_turns
EHLO verifier.test
MAIL FROM:<probe@verifier.test> | RCPT TO:<john@ok.test>
QUIT
