use lib 't/lib';
use TestVerify 'no_plan';

# a single process does not stop gracefully

master_on();

preset(verify => "smtp_verify_keepalive 8 timeout=500ms;\n");

run_tests();

__DATA__

=== TEST 1: each further address costs one flight
--- smtp
mx1 11 pipelining users=john,mary
--- address
john@ok.test
mary@ok.test
jane@ok.test
--- json
verdict: deliverable accepted confirmed null
smtp.rule: accepted-2xx
--
verdict: deliverable accepted confirmed null
smtp.rule: accepted-2xx
--
verdict: undeliverable mailbox_not_found confirmed mailbox
smtp.rule: user-unknown
--- smtp_sessions: 2
--- smtp_turns
EHLO verifier.test
MAIL FROM:<probe@verifier.test> | RCPT TO:<john@ok.test>
RSET | MAIL FROM:<probe@verifier.test> | RCPT TO:<*@ok.test>
RSET | MAIL FROM:<probe@verifier.test> | RCPT TO:<mary@ok.test>
RSET | MAIL FROM:<probe@verifier.test> | RCPT TO:<jane@ok.test>
QUIT
EHLO verifier.test
MAIL FROM:<probe@verifier.test> | RCPT TO:<jane@ok.test>
QUIT



=== TEST 2: off by default
--- verify
--- smtp
mx1 11 pipelining users=john,mary
--- address
john@ok.test
mary@ok.test
--- json
reason: accepted
--- smtp_sessions: 2



=== TEST 3: no more transactions than configured, the random one counts
--- verify
smtp_verify_keepalive 3 timeout=500ms;
--- smtp
mx1 11 pipelining users=john,mary,paul
--- address
john@ok.test
mary@ok.test
paul@ok.test
--- json
reason: accepted
--- smtp_sessions: 2



=== TEST 4: no more refused recipients than configured
--- verify
smtp_verify_keepalive 8 rejects=2 timeout=500ms;
--- smtp
mx1 11 pipelining users=john
--- address
a@ok.test
b@ok.test
c@ok.test
--- json
reason: mailbox_not_found
--- smtp_sessions: 2



=== TEST 5: what fails on reuse is asked anew on a fresh session
--- smtp
mx1 11 pipelining users=john,mary
    rset#2@1: 421 4.3.2 Enough ; close
--- address
john@ok.test
mary@ok.test
--- json
verdict: deliverable accepted confirmed null
smtp.rule: accepted-2xx
--- smtp_sessions: 2



=== TEST 6: a temporary refusal on reuse may be for what came before
--- smtp
mx1 11 pipelining users=john,mary
    rcpt#3@1: 452 4.5.3 Too many recipients
--- address
john@ok.test
mary@ok.test
--- json
verdict: deliverable accepted confirmed null
smtp.rule: accepted-2xx
--- smtp_sessions: 2



=== TEST 7: a session with TLS stays, too
--- smtp
mx1 11 pipelining starttls users=john,mary
--- address
john@ok.test
mary@ok.test
--- json
reason: accepted
smtp.tls.protocol: TLSv1.3
--- smtp_sessions: 1



=== TEST 8: another HELO is another session
--- verify
smtp_verify_keepalive 8 timeout=500ms;
smtp_verify_helo $http_x_helo;
--- smtp
mx1 11 pipelining users=john,mary
--- more_headers eval
["X-Helo: one.verifier.test", "X-Helo: two.verifier.test"]
--- address
john@ok.test
mary@ok.test
--- json
reason: accepted
--- smtp_sessions: 2
--- smtp_like
EHLO one\.verifier\.test
EHLO two\.verifier\.test



=== TEST 9: a graceful stop does not wait for a session that is kept
--- verify
smtp_verify_keepalive 8 timeout=30s;
--- smtp
mx1 11 pipelining users=john
--- address: john@ok.test
--- json
reason: accepted
--- signal: 300ms QUIT



=== TEST 10: a reply too many: the session is not kept
--- smtp
mx1 11 pipelining users=john,mary
    rcpt#2@1: default ; 421 4.4.2 Timeout
--- address
john@ok.test
mary@ok.test
--- json
reason: accepted
--- smtp_sessions: 2



=== TEST 11: wrong values
--- verify
smtp_verify_keepalive 8 idle=5s;
--- smtp
mx1 11 users=john
--- must_die
--- error_log
invalid parameter "idle=5s" in "smtp_verify_keepalive" directive
--- no_shape



=== TEST 12: a session that is closed on reuse
--- smtp
mx1 11 pipelining users=john,mary
    rset#2@1: close
--- address
john@ok.test
mary@ok.test
--- json
reason: accepted
blame: null
smtp.rule: accepted-2xx
--- smtp_sessions: 2



=== TEST 13: reset on reuse
--- smtp
mx1 11 pipelining users=john,mary
    mail#3@1: reset
--- address
john@ok.test
mary@ok.test
--- json
reason: accepted
smtp.rule: accepted-2xx
--- smtp_sessions: 2



=== TEST 14: no answer on reuse
--- verify
smtp_verify_keepalive 8 timeout=500ms;
smtp_verify_read_timeout 700ms;
smtp_verify_timeout 10s;
--- smtp
mx1 11 pipelining users=john,mary
    rset#2@1: hang
--- address
john@ok.test
mary@ok.test
--- json
reason: accepted
smtp.rule: accepted-2xx
--
reason: accepted
smtp.rule: accepted-2xx
response_time_ms: >= 600
--- smtp_sessions: 2



=== TEST 15: no answer to the recipient on reuse, and no word of a fault
--- verify
smtp_verify_keepalive 8 timeout=500ms;
smtp_verify_read_timeout 700ms;
smtp_verify_timeout 10s;
--- smtp
mx1 11 users=john,mary
    rcpt#3@1: nothing
--- address
john@ok.test
mary@ok.test
--- json
reason: accepted
smtp.rule: accepted-2xx
--- smtp_sessions: 2



=== TEST 16: a server that takes two is asked for two
--- verify
smtp_verify_keepalive 8 timeout=500ms;
smtp_verify_catch_all off;
--- smtp
mx1 11 pipelining accept
    rcpt#3: 421 4.7.0 Enough ; close
--- address
a@ok.test
b@ok.test
c@ok.test
d@ok.test
e@ok.test
f@ok.test
--- json
reason: accepted_untested
--- smtp_turns
EHLO verifier.test
MAIL FROM:<probe@verifier.test> | RCPT TO:<a@ok.test>
RSET | MAIL FROM:<probe@verifier.test> | RCPT TO:<b@ok.test>
RSET | MAIL FROM:<probe@verifier.test> | RCPT TO:<c@ok.test>
EHLO verifier.test
MAIL FROM:<probe@verifier.test> | RCPT TO:<c@ok.test>
RSET | MAIL FROM:<probe@verifier.test> | RCPT TO:<d@ok.test>
QUIT
EHLO verifier.test
MAIL FROM:<probe@verifier.test> | RCPT TO:<e@ok.test>
RSET | MAIL FROM:<probe@verifier.test> | RCPT TO:<f@ok.test>
QUIT



=== TEST 17: a server that closes after one is asked for one
--- verify
smtp_verify_keepalive 8 timeout=2s;
smtp_verify_catch_all off;
--- smtp
mx1 11 pipelining accept
    rcpt@1: default ; flush ; wait 20ms ; close
--- request eval
['GET /verify?email=a@ok.test',
 ["POST /verify\nemail=", { value => 'b@ok.test', delay_before => 1 }],
 'GET /verify?email=c@ok.test']
--- more_headers
Content-Type: application/x-www-form-urlencoded
--- json
reason: accepted_untested
--- smtp_sessions: 3



=== TEST 18: a server that closes an idle session: it is kept for less
--- not_slower
--- verify
smtp_verify_keepalive 8 timeout=12s;
smtp_verify_catch_all off;
--- smtp
mx1 11 pipelining accept
    rcpt@1: default ; flush ; wait 2s ; close
--- request eval
['GET /verify?email=a@ok.test',
 ["POST /verify\nemail=", { value => 'b@ok.test', delay_before => 3 }]]
--- more_headers
Content-Type: application/x-www-form-urlencoded
--- json
reason: accepted_untested
--- smtp_check eval
sub {
    my ($first, $second) = @{ $_[0] };

    my @turns = grep { $_->{e} eq 'turn' } @{ $second->{events} };
    my $idle = $turns[-1]{t} - $turns[-2]{t};

    return $turns[-1]{d}[0] eq 'QUIT' && $idle > 1 && $idle < 6;
}
--- linger: 15s



=== TEST 19: what an owner leaves: its random recipient is not the next one's
--- verify
smtp_verify_keepalive 8 timeout=2s;
--- smtp
mx1 11 pipelining users=john
    rcpt jane@*: 550 5.1.1 <probe@verifier.test>: no such user
--- address
john@ok.test
jane@ok.test
--- json
reason: accepted
smtp.rule: accepted-2xx
--
reason: sender_blocked
smtp.rule: names-our-address



=== TEST 20: likewise where both were asked in one flight
--- verify
smtp_verify_keepalive 8 timeout=2s;
smtp_verify_catch_all eager;
--- smtp
mx1 11 pipelining users=john
    rcpt jane@*: 550 5.2.1 <probe@verifier.test>: this mailbox is disabled
--- address
john@ok.test
jane@ok.test
--- json
reason: accepted
smtp.rule: accepted-2xx
--
reason: sender_blocked
smtp.rule: names-our-address



=== TEST 21: likewise of a session in which only the random recipient was asked
--- verify
smtp_verify_keepalive 8 timeout=2s;
--- smtp
mx1 11 users=john
    rcpt#2@1: 452 4.5.3 One recipient a session
    rcpt jane@*: 552 5.2.2 <probe@verifier.test>: mailbox full
--- address
john@ok.test
jane@ok.test
--- json
reason: accepted
smtp.rule: accepted-2xx
--
reason: sender_blocked
smtp.rule: names-our-address



=== TEST 22: likewise with two domains of one host
--- verify
smtp_verify_keepalive 8 timeout=2s;
--- dns
+default
other.test MX 10 mx1.ok.test
--- smtp
mx1 11 pipelining users=john
    rcpt jane@*: 550 <probe@verifier.test> user unknown
--- address
john@ok.test
jane@other.test
john@other.test
--- json
reason: accepted
smtp.rule: accepted-2xx
--
reason: sender_blocked
smtp.rule: names-our-address
--
reason: accepted
smtp.rule: accepted-2xx



=== TEST 23: a session that was told of too many invalid recipients is used no more
--- verify
smtp_verify_keepalive 8 timeout=500ms;
smtp_verify_catch_all off;
--- smtp
mx1 11 pipelining users=john,mary,paul
    rcpt#3+: 550 Too many invalid recipients
--- address
a@ok.test
b@ok.test
john@ok.test
mary@ok.test
paul@ok.test
--- json
reason: mailbox_not_found
--
reason: mailbox_not_found
--
reason: accepted
--
reason: accepted
--
reason: accepted
--- smtp_sessions: 3



=== TEST 24: the limit of a session, 554
--- verify
smtp_verify_keepalive 8 timeout=500ms;
smtp_verify_catch_all off;
--- smtp
mx1 11 pipelining users=john,mary,paul
    rcpt#3+: 554 5.7.1 Session limit exceeded
--- address
a@ok.test
john@ok.test
mary@ok.test
paul@ok.test
--- json
reason: mailbox_not_found
--
reason: accepted
--
reason: accepted
--
reason: accepted
--- smtp_sessions: 2



=== TEST 25: an attack, it says; and the addresses behind it that are missing
--- verify
smtp_verify_keepalive 8 timeout=500ms;
smtp_verify_catch_all off;
--- smtp
mx1 11 users=john,mary
    rcpt#3+: 550 5.7.1 Directory harvest attack detected
--- address
john@ok.test
a@ok.test
b@ok.test
mary@ok.test
--- json
reason: accepted_untested
--
reason: mailbox_not_found
--
reason: mailbox_not_found
--
reason: accepted
--- smtp_sessions: 2



=== TEST 26: a sequence of commands that is wrong, from the third recipient on
--- verify
smtp_verify_keepalive 8 timeout=500ms;
smtp_verify_catch_all off;
--- smtp
mx1 11 users=john,mary,paul
    rcpt#3+: 503 5.5.1 bad sequence of commands
--- address
a@ok.test
john@ok.test
mary@ok.test
paul@ok.test
--- json
reason: mailbox_not_found
--
reason: accepted
--
reason: accepted
--
reason: accepted
--- smtp_sessions: 2



=== TEST 27: a limit of recipients for a connection
--- smtp
mx1 11 pipelining users=john,mary,paul
    rcpt#3+: 550 5.3.0 You have exceeded the limit of recipients for this connection
--- address
john@ok.test
mary@ok.test
paul@ok.test
--- json
reason: accepted
smtp.rule: accepted-2xx
--- smtp_sessions: 2



=== TEST 28: a refusal in unknown words, that a fresh session does not give
--- smtp
mx1 11 pipelining users=john,mary,paul
    rcpt#3+: 554 5.7.1 Access denied
--- address
john@ok.test
mary@ok.test
paul@ok.test
--- json
reason: accepted
smtp.rule: accepted-2xx
--- smtp_sessions: 2



=== TEST 29: the same refusal in a fresh session is the destination's: once asked, then believed
--- verify
smtp_verify_keepalive 8 timeout=500ms;
smtp_verify_catch_all off;
--- smtp
mx1 11 pipelining users=john,mary
    rcpt vip*: 554 5.7.1 Access denied
--- address
john@ok.test
vip1@ok.test
vip2@ok.test
vip3@ok.test
mary@ok.test
--- json
reason: accepted_untested
--
smtp.response_code: 554
smtp.mailbox_exists: null
status: unknown
--
smtp.response_code: 554
status: unknown
--
smtp.response_code: 554
status: unknown
--
reason: accepted_untested
--- smtp_sessions: 3



=== TEST 30: a limit as the very first answer: it stands
--- smtp
mx1 11 pipelining users=john
    rcpt: 550 Too many invalid recipients
--- address
john@ok.test
mary@ok.test
--- json
reason: rate_limited
smtp.attempts: 1
--- smtp_sessions: 2



=== TEST 31: a receiver that refuses everybody behind its third refused recipient
--- verify
smtp_verify_keepalive 8 timeout=500ms;
smtp_verify_catch_all off;
--- smtp
mx1 11 pipelining users=john,mary
    rcpt#4+: 550 5.1.1 User unknown
--- address
a@ok.test
b@ok.test
c@ok.test
john@ok.test
mary@ok.test
--- json
reason: mailbox_not_found
--
reason: mailbox_not_found
--
reason: mailbox_not_found
--
reason: accepted
--
reason: accepted



=== TEST 32: likewise behind its second, and where some are accepted before
--- verify
smtp_verify_keepalive 8 timeout=500ms;
smtp_verify_catch_all off;
--- smtp
mx1 11 pipelining users=john,mary,paul,pia
    rcpt#5+: 550 5.1.1 User unknown
--- address
john@ok.test
mary@ok.test
a@ok.test
b@ok.test
paul@ok.test
pia@ok.test
--- json
reason: accepted_untested
--
reason: accepted_untested
--
reason: mailbox_not_found
--
reason: mailbox_not_found
--
reason: accepted
--
reason: accepted
--- smtp_sessions: 4



=== TEST 33: a refusal that differs from the first one of its session
--- verify
smtp_verify_keepalive 8 timeout=500ms;
smtp_verify_catch_all off;
--- smtp
mx1 11 pipelining users=john,mary
    rcpt#2+@1: 550 5.2.1 Mailbox unavailable
--- address
a@ok.test
john@ok.test
mary@ok.test
--- json
reason: mailbox_not_found
--
reason: accepted
--
reason: accepted
--- smtp_sessions: 2



=== TEST 34: a server that accepts behind two refusals is believed a third one
--- verify
smtp_verify_keepalive 8 rejects=8 timeout=500ms;
smtp_verify_catch_all off;
--- smtp
mx1 11 pipelining users=john,mary
--- address
a@ok.test
b@ok.test
john@ok.test
c@ok.test
mary@ok.test
d@ok.test
e@ok.test
f@ok.test
g@ok.test
h@ok.test
i@ok.test
--- json
reason: mailbox_not_found
--
reason: mailbox_not_found
--
reason: accepted
--
reason: mailbox_not_found
--
reason: accepted
--
reason: mailbox_not_found
--
reason: mailbox_not_found
--
reason: mailbox_not_found
--
reason: mailbox_not_found
--
reason: mailbox_not_found
--
reason: mailbox_not_found
--- smtp_turns
EHLO verifier.test
MAIL FROM:<probe@verifier.test> | RCPT TO:<a@ok.test>
RSET | MAIL FROM:<probe@verifier.test> | RCPT TO:<b@ok.test>
RSET | MAIL FROM:<probe@verifier.test> | RCPT TO:<john@ok.test>
RSET | MAIL FROM:<probe@verifier.test> | RCPT TO:<c@ok.test>
RSET | MAIL FROM:<probe@verifier.test> | RCPT TO:<mary@ok.test>
RSET | MAIL FROM:<probe@verifier.test> | RCPT TO:<d@ok.test>
RSET | MAIL FROM:<probe@verifier.test> | RCPT TO:<e@ok.test>
RSET | MAIL FROM:<probe@verifier.test> | RCPT TO:<f@ok.test>
QUIT
EHLO verifier.test
MAIL FROM:<probe@verifier.test> | RCPT TO:<c@ok.test>
QUIT
EHLO verifier.test
MAIL FROM:<probe@verifier.test> | RCPT TO:<d@ok.test>
QUIT
EHLO verifier.test
MAIL FROM:<probe@verifier.test> | RCPT TO:<e@ok.test>
QUIT
EHLO verifier.test
MAIL FROM:<probe@verifier.test> | RCPT TO:<f@ok.test>
RSET | MAIL FROM:<probe@verifier.test> | RCPT TO:<g@ok.test>
RSET | MAIL FROM:<probe@verifier.test> | RCPT TO:<h@ok.test>
RSET | MAIL FROM:<probe@verifier.test> | RCPT TO:<i@ok.test>
QUIT



=== TEST 35: where nobody is accepted, one more than two is tried three times
--- verify
smtp_verify_keepalive 8 timeout=2s;
smtp_verify_catch_all off;
--- smtp
mx1 11 pipelining users=john
--- address
a@ok.test
b@ok.test
c@ok.test
d@ok.test
e@ok.test
f@ok.test
g@ok.test
h@ok.test
i@ok.test
--- linger: 6s
--- json
reason: mailbox_not_found
--- smtp_turns
EHLO verifier.test
MAIL FROM:<probe@verifier.test> | RCPT TO:<a@ok.test>
RSET | MAIL FROM:<probe@verifier.test> | RCPT TO:<b@ok.test>
RSET | MAIL FROM:<probe@verifier.test> | RCPT TO:<c@ok.test>
RSET | MAIL FROM:<probe@verifier.test> | RCPT TO:<d@ok.test>
RSET | MAIL FROM:<probe@verifier.test> | RCPT TO:<e@ok.test>
QUIT
EHLO verifier.test
MAIL FROM:<probe@verifier.test> | RCPT TO:<c@ok.test>
RSET | MAIL FROM:<probe@verifier.test> | RCPT TO:<h@ok.test>
QUIT
EHLO verifier.test
MAIL FROM:<probe@verifier.test> | RCPT TO:<d@ok.test>
RSET | MAIL FROM:<probe@verifier.test> | RCPT TO:<g@ok.test>
QUIT
EHLO verifier.test
MAIL FROM:<probe@verifier.test> | RCPT TO:<e@ok.test>
RSET | MAIL FROM:<probe@verifier.test> | RCPT TO:<f@ok.test>
QUIT
EHLO verifier.test
MAIL FROM:<probe@verifier.test> | RCPT TO:<i@ok.test>
QUIT



=== TEST 36: the end of an idle session is no timeout of the mail server
--- not_slower
--- verify
smtp_verify_keepalive 8 timeout=300ms;
smtp_verify_catch_all off;
--- smtp
mx1 11 pipelining accept
--- request eval
['GET /verify?email=a@ok.test',
 ["POST /verify\nemail=", { value => 'b@ok.test', delay_before => 1 }]]
--- more_headers
Content-Type: application/x-www-form-urlencoded
--- json
reason: accepted_untested
--- smtp_sessions: 2
--- no_error_log
mail server timed out



=== TEST 37: nor is it in TLS
--- not_slower
--- verify
smtp_verify_keepalive 8 timeout=300ms;
smtp_verify_catch_all off;
--- smtp
mx1 11 pipelining accept starttls
--- request eval
['GET /verify?email=a@ok.test',
 ["POST /verify\nemail=", { value => 'b@ok.test', delay_before => 1 }]]
--- more_headers
Content-Type: application/x-www-form-urlencoded
--- json
reason: accepted_untested
--- smtp_sessions: 2
--- no_error_log
mail server timed out



=== TEST 38: nor is a QUIT that it does not answer
--- not_slower
--- verify
smtp_verify_keepalive 8 timeout=300ms;
smtp_verify_catch_all off;
--- smtp
mx1 11 pipelining accept
    quit: nothing
--- request eval
['GET /verify?email=a@ok.test',
 ["POST /verify\nemail=", { value => 'b@ok.test', delay_before => 2.5 }]]
--- more_headers
Content-Type: application/x-www-form-urlencoded
--- json
reason: accepted_untested
--- smtp_sessions: 2
--- no_error_log
mail server timed out
