# What a probe has found stands, and a breaker that is open is its host's: the
# next host is asked.

use lib 't/lib';
use TestVerify 'no_plan';
use TestVerify::Clients;

master_on();

preset_http(<<'END');
smtp_verify_throttle_zone zone=limits:1m;
smtp_verify_connect_timeout 200ms 200ms 200ms;
smtp_verify_timeout 10s;
END

# the directives that a block does not set otherwise

add_block_preprocessor(sub {
    my ($block) = @_;

    my $http = $block->http_config // '';

    for ('smtp_verify_throttle zone=limits rate=100/s burst=100 pause=20s '
         . 'suspend=0;', 'smtp_verify_keepalive off;')
    {
        my ($name) = /^(\w+)/;
        $http .= "$_\n" if $http !~ /^\s*$name\s/m;
    }

    $block->set_value(http_config => $http);
});

run_tests();

__DATA__

=== TEST 1: the first question to a host of eight dead addresses
--- smtp
dead 11,12,13,14,15,16,17,18 refuse
mx1 21 pipelining users=john
--- dns eval
"dead.test MX 10 mx.dead.test\nok.test MX 10 mx1.ok.test\nmx1.ok.test A 21\n"
. CORE::join '', map "mx.dead.test A $_\n", 11 .. 18
--- address
a@dead.test
john@ok.test
--- json
verdict: unknown connect_failed
blame: network
smtp.attempts: 8
--
reason: accepted



=== TEST 2: which drop SYNs
--- smtp
dead 11,12,13,14,15,16,17,18 syn-drop
--- dns eval
"dead.test MX 10 mx.dead.test\n"
. CORE::join '', map "mx.dead.test A $_\n", 11 .. 18
--- address: a@dead.test
--- json
verdict: unknown timeout
blame: network
smtp.attempts: 8



=== TEST 3: it fails once each time it is asked; then the breaker is open
--- smtp
dead 11,12,13,14,15,16,17,18 refuse
--- dns eval
"dead.test MX 10 mx.dead.test\n"
. CORE::join '', map "mx.dead.test A $_\n", 11 .. 18
--- address eval
CORE::join "\n", map "u$_\@dead.test", 1 .. 6
--- json eval
CORE::join "\n--\n", ("reason: connect_failed\nsmtp.attempts: 8") x 5,
    "reason: circuit_open\nblame: local\nsmtp.attempts: 0\nretry_after: >= 15"



=== TEST 4: seven dead addresses, and one that is alive
--- smtp
dead 11,12,13,14,15,16,17 refuse
mx1 18 pipelining users=john
--- dns eval
"ok.test MX 10 mx.ok.test\n"
. CORE::join '', map "mx.ok.test A $_\n", 11 .. 18
--- address eval
CORE::join "\n", ('john@ok.test') x 8
--- json
reason: accepted
--- smtp_sessions
mx1 8



=== TEST 5: they come alive: one trial has all addresses
--- http_config
smtp_verify_throttle zone=limits rate=100/s burst=100 pause=1ms suspend=0;
--- smtp
dead 11,12,13,14,15,16,17 refuse
mx1 18 pipelining users=john
--- dns eval
"dead.test MX 10 mx.ok.test\nok.test MX 10 mx.ok.test\n"
. CORE::join '', map "mx.ok.test A $_\n", 11 .. 18
--- config
location = /verify {
    smtp_verify;
}
location = /down {
    smtp_verify;
    smtp_verify_port 1;
}
--- request eval
[(map "GET /down?email=u$_\@ok.test", 1 .. 5),
 (map 'GET /verify?email=john@ok.test', 1 .. 4)]
--- json eval
CORE::join "\n--\n", ('reason: connect_failed') x 5, ('reason: accepted') x 4



=== TEST 6: 421 was received: that is told, with its text
--- smtp
mx1 11,12,13,14,15,16,17,18
    banner: 421 4.7.0 Too much, try again later ; close
--- dns eval
"ok.test MX 10 mx.ok.test\n"
. CORE::join '', map "mx.ok.test A $_\n", 11 .. 18
--- address: john@ok.test
--- query: transcript=1
--- with_transcript
--- json
verdict: unknown /^(rate_limited|temporary_failure)$/
smtp.stage: banner
smtp.response_code: 421
smtp.enhanced_code: 4.7.0
smtp.response: /Too much/
smtp.mx_ip: *
--- smtp_like
S: 421 4\.7\.0 Too much
--- smtp_check eval
sub {
    my ($sessions) = @_;
    return @$sessions >= 2 && @$sessions < 8;
}



=== TEST 7: 421 to EHLO, of a server that shuts down
--- smtp
mx1 11,12,13,14,15,16,17,18
    ehlo: 421 4.3.2 Service shutting down ; close
--- dns eval
"ok.test MX 10 mx.ok.test\n"
. CORE::join '', map "mx.ok.test A $_\n", 11 .. 18
--- address: john@ok.test
--- json
verdict: unknown /^(?!circuit_open)/
smtp.stage: ehlo
smtp.response_code: 421
smtp.response: /shutting down/



=== TEST 8: silence after the connection
--- http_config
smtp_verify_greeting_timeout 200ms;
--- smtp
mx1 11,12,13,14,15,16
    banner: hang
--- dns eval
"ok.test MX 10 mx.ok.test\n"
. CORE::join '', map "mx.ok.test A $_\n", 11 .. 16
--- address: john@ok.test
--- json
verdict: unknown timeout
blame: network
smtp.stage: banner



=== TEST 9: the living backup of a primary that is dead, from the first question on
--- smtp
dead 11,12 refuse
bk 21 pipelining users=john
--- dns
ok.test MX 10 mx.ok.test
ok.test MX 20 bk.ok.test
mx.ok.test A 11
mx.ok.test A 12
bk.ok.test A 21
--- address eval
CORE::join "\n", ('john@ok.test') x 8, 'jane@ok.test'
--- json eval
CORE::join "\n--\n", ("reason: accepted\nsmtp.mx_host: bk.ok.test") x 8,
    'reason: mailbox_not_found'



=== TEST 10: another domain has opened the breaker of the primary
--- smtp
dead 11 refuse
bk 21 pipelining users=john
--- dns
only.test MX 10 mx.ok.test
ok.test MX 10 mx.ok.test
ok.test MX 20 bk.ok.test
mx.ok.test A 11
bk.ok.test A 21
--- address eval
CORE::join "\n", (map "u$_\@only.test", 1 .. 6), 'john@ok.test',
    'jane@ok.test', 'u7@only.test'
--- json eval
CORE::join "\n--\n", ('reason: connect_failed') x 5, 'reason: circuit_open',
    "reason: accepted\nsmtp.attempts: 1\nsmtp.mx_host: bk.ok.test",
    'reason: mailbox_not_found', "reason: circuit_open\nblame: local"



=== TEST 11: that accepts all: it proves nothing, and the primary was not asked
--- smtp
dead 11 syn-drop
bk 21 pipelining accept
--- dns
only.test MX 10 mx.ok.test
ok.test MX 10 mx.ok.test
ok.test MX 20 bk.ok.test
mx.ok.test A 11
bk.ok.test A 21
--- address eval
CORE::join "\n", (map "u$_\@only.test", 1 .. 3), 'john@ok.test'
--- json eval
CORE::join "\n--\n", ('reason: *') x 3,
    "reason: circuit_open\nblame: local\nstatus: unknown\nretry_after: *"



=== TEST 12: the backup's breaker is its own
--- smtp
mx1 11 pipelining users=john
    banner@1: 421 4.3.2 Not now ; close
dead 21 refuse
--- dns
only.test MX 10 bk.ok.test
ok.test MX 10 mx.ok.test
ok.test MX 20 bk.ok.test
mx.ok.test A 11
bk.ok.test A 21
--- address eval
CORE::join "\n", (map "u$_\@only.test", 1 .. 6), 'john@ok.test',
    'john@ok.test'
--- json eval
CORE::join "\n--\n", ('reason: connect_failed') x 5, 'reason: circuit_open',
    "reason: /^(?!circuit_open)/\nsmtp.response_code: 421\n"
    . 'smtp.mx_host: mx.ok.test', 'reason: accepted'



=== TEST 13: all breakers are open, and nothing was found: who is closed the shortest
--- smtp
dead 11,12 refuse
--- dns
a.test MX 10 mx.ok.test
b.test MX 10 bk.ok.test
ok.test MX 10 mx.ok.test
ok.test MX 20 bk.ok.test
mx.ok.test A 11
bk.ok.test A 12
--- address eval
CORE::join "\n", (map "u$_\@a.test", 1 .. 5), (map "u$_\@b.test", 1 .. 5),
    'john@ok.test'
--- json eval
CORE::join "\n--\n", ('reason: connect_failed') x 10,
    "status: unknown\nreason: circuit_open\nblame: local\n"
    . "retry_after: *\nsmtp.attempts: 0"



=== TEST 14: a breaker that is open is no proof that nobody takes the mail
--- smtp
dead 11 refuse
mx1 12
    banner: 521 Host does not accept mail ; close
--- dns
a.test MX 10 mx.a.test
ok.test MX 10 no.ok.test
ok.test MX 20 mx.a.test
two.test MX 10 mx1.two.test
two.test MX 20 mx.a.test
mx.a.test A 11
mx1.two.test A 12
--- address eval
CORE::join "\n", (map "u$_\@a.test", 1 .. 5), 'john@ok.test', 'john@two.test'
--- json eval
CORE::join "\n--\n", ('reason: connect_failed') x 5,
    ("status: unknown\nreason: circuit_open\nblame: local") x 2



=== TEST 15: a host that blocks us: another one of theirs would say the same
--- smtp
mx1 11
    banner: 554 5.7.1 Service unavailable; client host blocked using zen.spamhaus.org
bk 21 pipelining users=john
--- dns
ok.test MX 10 mx.ok.test
ok.test MX 20 bk.ok.test
mx.ok.test A 11
bk.ok.test A 21
--- address eval
CORE::join "\n", ('john@ok.test') x 4
--- json
reason: sender_blocked
--
reason: sender_blocked
--
reason: circuit_open
blame: local
--
reason: circuit_open
--- smtp_sessions
bk 0



=== TEST 16: a backup that fails opens nothing for the primary, nor does it close it
--- smtp
mx1 11 pipelining users=john
    banner@1: 421 4.3.2 Not now ; close
    banner@2: 421 4.3.2 Not now ; close
    banner@3: 421 4.3.2 Not now ; close
dead 21 refuse
--- dns
ok.test MX 10 mx.ok.test
ok.test MX 20 bk.ok.test
mx.ok.test A 11
bk.ok.test A 21
--- address eval
CORE::join "\n", ('john@ok.test') x 6
--- json eval
CORE::join "\n--\n", ("smtp.response_code: 421") x 3, ('reason: accepted') x 3



=== TEST 17: whoever names another's host beside its own does not open its breaker
--- smtp
mx1 11 pipelining users=john
evil 12
    mail: 421 4.7.0 Too much ; close
--- dns
ok.test MX 10 mx1.ok.test
mx1.ok.test A 11
evil.test MX 10 zz.evil.test
evil.test MX 10 mx1.ok.test
zz.evil.test A 12
--- address eval
CORE::join "\n", (map "u$_\@evil.test", 1 .. 20), 'john@ok.test'
--- json eval
CORE::join "\n--\n", ('reason: *') x 20, 'reason: accepted'



=== TEST 18: nor by names of its own that fail before it
--- smtp
mx1 11 pipelining users=john
dead 12,13,14 refuse
--- dns
ok.test MX 10 mx1.ok.test
mx1.ok.test A 11
evil.test MX 10 aa.evil.test
evil.test MX 20 bb.evil.test
evil.test MX 30 cc.evil.test
evil.test MX 40 mx1.ok.test
aa.evil.test A 12
bb.evil.test A 13
cc.evil.test A 14
--- address eval
CORE::join "\n", (map "u$_\@evil.test", 1 .. 8), 'john@ok.test'
--- json eval
CORE::join "\n--\n", ('reason: mailbox_not_found') x 8, 'reason: accepted'



=== TEST 19: the hosts of a provider have one breaker, and one trial has them all
--- http_config
smtp_verify_throttle zone=limits rate=100/s burst=100 pause=1ms suspend=0;
--- smtp
dead 11 refuse
mx2 12 pipelining users=john
--- dns
ok.test MX 10 aspmx.l.google.com
ok.test MX 20 alt1.aspmx.l.google.com
dead.test MX 10 aspmx.l.google.com
aspmx.l.google.com A 11
alt1.aspmx.l.google.com A 12
--- address eval
CORE::join "\n", (map "u$_\@dead.test", 1 .. 5), ('john@ok.test') x 3
--- json eval
CORE::join "\n--\n", ('reason: connect_failed') x 5, ('reason: accepted') x 3



=== TEST 20: TLS fails, and the breaker opens before it is asked in clear
--- http_config
smtp_verify_read_timeout 300ms;
--- smtp
mx1 11 pipelining starttls users=john
    banner@1: 421 4.3.2 Not now ; close
    banner@2: 421 4.3.2 Not now ; close
    banner@3: 421 4.7.28 Rate limit exceeded ; close
    starttls: hang
--- address eval
CORE::join "\n", map "u$_\@ok.test", 1 .. 5
--- json eval
CORE::join "\n--\n", ("smtp.response_code: 421") x 3,
    "status: unknown\nreason: timeout\nblame: network\n"
    . "smtp.stage: starttls\nsmtp.attempts: 1", 'reason: circuit_open'



=== TEST 21: a session that was kept says 421, by which the breaker opens
--- http_config
smtp_verify_keepalive 8 timeout=5s;
--- config
location = /verify {
    smtp_verify;
}
location = /cold {
    smtp_verify;
    smtp_verify_keepalive off;
}
--- smtp
mx1 11 pipelining users=john
    banner@2: 421 4.3.2 Not now ; close
    banner@3: 421 4.3.2 Not now ; close
    banner@4: 421 4.3.2 Not now ; close
    rcpt jane@*: 421 4.3.2 Service shutting down ; close
--- request eval
['GET /verify?email=john@ok.test', 'GET /cold?email=a@ok.test',
 'GET /cold?email=b@ok.test', 'GET /cold?email=c@ok.test',
 'GET /verify?email=jane@ok.test']
--- json
reason: accepted
--
smtp.response_code: 421
--
smtp.response_code: 421
--
smtp.response_code: 421
--
verdict: unknown /^(?!circuit_open)/
smtp.stage: rcpt
smtp.response_code: 421
smtp.response: /shutting down/
smtp.attempts: 1
--- smtp_sessions: 4



=== TEST 22: the same in a list
--- config
location = /verify {
    smtp_verify;
}
location = /batch {
    smtp_verify_batch;
}
--- init
for my $n (1 .. 6) {
    TestVerify::Clients::start("/verify?email=u$n\@only.test");
    TestVerify::Clients::finish();
}
--- smtp
dead 11 refuse
bk 21 pipelining users=john
--- dns eval
"only.test MX 10 mx.ok.test\nok.test MX 10 mx.ok.test\n"
. "ok.test MX 20 bk.ok.test\nbk.ok.test A 21\nmx.ok.test A 11\n"
. "dead.test MX 10 mx.dead.test\n"
. CORE::join '', map "mx.dead.test A $_\n", 12 .. 19
--- more_headers
Content-Type: text/plain
--- request
POST /batch
john@ok.test
jane@ok.test
a@dead.test
--- stream
index: 0
reason: accepted
smtp.attempts: 1
--
index: 1
reason: mailbox_not_found
smtp.attempts: 1
--
index: 2
reason: connect_failed
smtp.attempts: 8
--
summary: true
answered: 3



=== TEST 23: and in the gate
--- config
location = /verify {
    smtp_verify;
}
location = /app {
    return 204;
}
location = /signup {
    smtp_verify_gate $arg_email;
    proxy_pass http://127.0.0.1:$server_port/app;
}
--- smtp
dead 11 refuse
bk 21 pipelining users=john
--- dns
only.test MX 10 mx.ok.test
ok.test MX 10 mx.ok.test
ok.test MX 20 bk.ok.test
mx.ok.test A 11
bk.ok.test A 21
--- request eval
[(map "GET /verify?email=u$_\@only.test", 1 .. 5),
 'GET /verify?email=u6@only.test', 'GET /signup?email=jane@ok.test']
--- error_code eval
[(200) x 6, 422]
--- no_shape



=== TEST 24: what was received stands where the next address has to wait too long
--- http_config
smtp_verify_throttle zone=limits rate=1/m burst=1 wait=200ms;
--- smtp
mx1 11,12,13
    banner: 421 4.3.2 Service shutting down ; close
--- dns
ok.test MX 10 mx.ok.test
mx.ok.test A 11
mx.ok.test A 12
mx.ok.test A 13
--- address
john@ok.test
jane@ok.test
--- json
verdict: unknown /^(?!throttled)/
smtp.response_code: 421
smtp.response: /shutting down/
--
verdict: unknown throttled
blame: local
