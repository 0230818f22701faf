# A destination that fails is left alone for a while, and tried again.

use lib 't/lib';
use TestVerify 'no_plan';
use TestVerify::Clients;

master_on();

preset_http("smtp_verify_throttle_zone zone=limits:1m;\n");

run_tests();

__DATA__

=== TEST 1: blocks open it, and it says so at once
--- http_config
smtp_verify_throttle zone=limits rate=100/s pause=20s;
--- smtp
mx1 11
    banner: 554 5.7.1 Service unavailable; client host blocked using zen.spamhaus.org
--- address
a@ok.test
b@ok.test
c@ok.test
--- json
reason: sender_blocked
--
reason: sender_blocked
--
verdict: unknown circuit_open
blame: local
retry_after: >= 18
response_time_ms: <= 300
--- smtp_sessions: 2



=== TEST 2: a trial that goes well closes it
--- http_config
smtp_verify_throttle zone=limits rate=100/s pause=1ms;
--- smtp
mx1 11 pipelining users=john
    banner@1: 554 5.7.1 Service unavailable; client host blocked using zen.spamhaus.org
    banner@2: 554 5.7.1 Service unavailable; client host blocked using zen.spamhaus.org
--- address
a@ok.test
b@ok.test
john@ok.test
john@ok.test
--- json
reason: sender_blocked
--
reason: sender_blocked
--
reason: accepted
--
reason: accepted
--- smtp_sessions: 4



=== TEST 3: off
--- http_config
smtp_verify_throttle zone=limits rate=100/s breaker=off;
--- smtp
mx1 11
    banner: 554 5.7.1 Service unavailable; client host blocked using zen.spamhaus.org
--- address
a@ok.test
b@ok.test
c@ok.test
--- json
reason: sender_blocked
--- smtp_sessions: 3



=== TEST 4: who refuses mailboxes does not fail
--- http_config
smtp_verify_throttle zone=limits rate=100/s pause=20s;
--- smtp
mx1 11 pipelining
--- address
a@ok.test
b@ok.test
c@ok.test
d@ok.test
--- json
reason: mailbox_not_found
--- smtp_sessions: 4



=== TEST 5: none can be connected to: it is us
--- http_config
smtp_verify_throttle zone=limits rate=100/s pause=20s suspend=3;
--- smtp
mx1 11 refuse
--- dns
a.test MX 10 mx.a.test
mx.a.test A 11
b.test MX 10 mx.b.test
mx.b.test A 13
c.test MX 10 mx.c.test
mx.c.test A 14
d.test MX 10 mx.d.test
mx.d.test A 15
--- address
x@a.test
x@b.test
x@c.test
x@a.test
--- json
reason: connect_failed
--
reason: connect_failed
--
reason: connect_failed
--
reason: circuit_open
blame: local
--- smtp_sessions: 0



=== TEST 6: a trial that fails: twice the pause
--- http_config
smtp_verify_throttle zone=limits rate=100/s pause=1s max_pause=20s;
--- smtp
mx1 11
    banner: 554 5.7.1 Service unavailable; client host blocked using zen.spamhaus.org
--- request eval
['GET /verify?email=a@ok.test', 'GET /verify?email=b@ok.test',
 'GET /verify?email=c@ok.test',
 ["POST /verify\nemail=", { value => 'd@ok.test', delay_before => 1.5 }],
 ["POST /verify\nemail=", { value => 'e@ok.test', delay_before => 0.1 }]]
--- more_headers
Content-Type: application/x-www-form-urlencoded
--- json
reason: sender_blocked
--
reason: sender_blocked
--
reason: circuit_open
retry_after: 1
--
reason: sender_blocked
--
reason: circuit_open
retry_after: 2
--- smtp_sessions: 3



=== TEST 7: one trial at a time
--- http_config
smtp_verify_throttle zone=limits rate=100/s pause=1s;
smtp_verify_read_timeout 15s;
smtp_verify_timeout 20s;
--- smtp
mx1 11 pipelining users=john
    banner@1: 554 5.7.1 Service unavailable; client host blocked using zen.spamhaus.org
    banner@2: 554 5.7.1 Service unavailable; client host blocked using zen.spamhaus.org
    rcpt slow@*: wait 6s ; default
--- init
TestVerify::Clients::start('/verify?email=slow@ok.test', after => 3);
--- request eval
['GET /verify?email=a@ok.test', 'GET /verify?email=b@ok.test',
 ["POST /verify\nemail=", { value => 'john@ok.test', delay_before => 5 }]]
--- more_headers
Content-Type: application/x-www-form-urlencoded
--- json
reason: sender_blocked
--
reason: sender_blocked
--
reason: circuit_open
--- smtp_check eval
sub {
    return TestVerify::Clients::reasons()
           eq 'mailbox_not_found 1';
}
--- linger: 10s



=== TEST 8: the egress is resumed, and no destination is to blame
--- http_config
smtp_verify_throttle zone=limits rate=100/s pause=2s suspend=3;
--- smtp
mx1 11 refuse
mx2 12 pipelining users=john
--- dns
a.test MX 10 mx.a.test
mx.a.test A 11
b.test MX 10 mx.b.test
mx.b.test A 13
c.test MX 10 mx.c.test
mx.c.test A 14
ok.test MX 10 mx2.ok.test
mx2.ok.test A 12
--- request eval
['GET /verify?email=x@a.test', 'GET /verify?email=x@b.test',
 'GET /verify?email=x@c.test', 'GET /verify?email=x@a.test',
 ["POST /verify\nemail=", { value => 'john@ok.test', delay_before => 3 }],
 'GET /verify?email=jane@ok.test', 'GET /verify?email=x@a.test']
--- more_headers
Content-Type: application/x-www-form-urlencoded
--- json
reason: connect_failed
--
reason: connect_failed
--
reason: connect_failed
--
reason: circuit_open
--
reason: accepted
--
reason: mailbox_not_found
--
reason: connect_failed
--- smtp_sessions: 2



=== TEST 9: a reload forgets nothing
--- http_config
smtp_verify_throttle zone=limits rate=100/s pause=30s;
--- smtp
mx1 11
    banner: 554 5.7.1 Service unavailable; client host blocked using zen.spamhaus.org
--- signal: 300ms HUP
--- request eval
['GET /verify?email=a@ok.test', 'GET /verify?email=b@ok.test',
 ["POST /verify\nemail=", { value => 'c@ok.test', delay_before => 2 }]]
--- more_headers
Content-Type: application/x-www-form-urlencoded
--- json
reason: sender_blocked
--
reason: sender_blocked
--
reason: circuit_open
--- smtp_sessions: 2



=== TEST 10: many names of one host that is down are one destination
--- http_config
smtp_verify_throttle zone=limits rate=100/s pause=20s suspend=3;
--- smtp
mx1 11 refuse
--- dns
a.test MX 10 mx.a.test
mx.a.test A 11
b.test MX 10 mx.b.test
mx.b.test A 11
c.test MX 10 mx.c.test
mx.c.test A 11
d.test MX 10 mx.d.test
mx.d.test A 11
--- address
x@a.test
x@b.test
x@c.test
x@d.test
--- json
reason: connect_failed
--
reason: connect_failed
--
reason: connect_failed
--
reason: connect_failed
--- smtp_sessions: 0



=== TEST 11: an egress that just worked is not suspended
--- http_config
smtp_verify_throttle zone=limits rate=100/s pause=20s suspend=3;
--- smtp
mx1 11 pipelining users=john
--- dns
a.test MX 10 mx.a.test
mx.a.test A 13
b.test MX 10 mx.b.test
mx.b.test A 14
c.test MX 10 mx.c.test
mx.c.test A 15
d.test MX 10 mx.d.test
mx.d.test A 16
ok.test MX 10 mx1.ok.test
mx1.ok.test A 11
--- address
john@ok.test
x@a.test
x@b.test
x@c.test
x@d.test
--- json
reason: accepted
--
reason: connect_failed
--
reason: connect_failed
--
reason: connect_failed
--
reason: connect_failed
--- smtp_sessions: 1



=== TEST 12: who was reached last time need not wait until it is resumed
--- http_config
smtp_verify_throttle zone=limits rate=100/s pause=60s suspend=3;
smtp_verify_keepalive off;
--- smtp
mx1 11 pipelining users=john
--- dns
a.test MX 10 mx.a.test
mx.a.test A 13
b.test MX 10 mx.b.test
mx.b.test A 14
c.test MX 10 mx.c.test
mx.c.test A 15
d.test MX 10 mx.d.test
mx.d.test A 16
ok.test MX 10 mx1.ok.test
mx1.ok.test A 11
--- request eval
['GET /verify?email=john@ok.test',
 ["POST /verify\nemail=", { value => 'x@a.test', delay_before => 11 }],
 'GET /verify?email=x@b.test', 'GET /verify?email=x@c.test',
 'GET /verify?email=x@c.test', 'GET /verify?email=jane@ok.test',
 'GET /verify?email=x@d.test']
--- more_headers
Content-Type: application/x-www-form-urlencoded
--- json
reason: accepted
--
reason: connect_failed
--
reason: connect_failed
--
reason: connect_failed
--
reason: circuit_open
--
reason: mailbox_not_found
--
reason: connect_failed
--- smtp_sessions: 2



=== TEST 13: who cannot be reached makes no pause longer
--- http_config
smtp_verify_throttle zone=limits rate=100/s pause=1s max_pause=20s suspend=2;
--- dns
a.test MX 10 mx.a.test
mx.a.test A 13
b.test MX 10 mx.b.test
mx.b.test A 14
--- request eval
['GET /verify?email=x@a.test', 'GET /verify?email=x@b.test',
 'GET /verify?email=x@a.test',
 ["POST /verify\nemail=", { value => 'x@a.test', delay_before => 1.5 }],
 'GET /verify?email=x@b.test',
 ["POST /verify\nemail=", { value => 'x@b.test', delay_before => 1.5 }]]
--- more_headers
Content-Type: application/x-www-form-urlencoded
--- json
reason: connect_failed
--
reason: connect_failed
--
reason: circuit_open
retry_after: 1
--
reason: connect_failed
--
reason: circuit_open
retry_after: 1
--
reason: connect_failed



=== TEST 14: a domain that names another's host beside its own
--- http_config
smtp_verify_throttle zone=limits rate=100/s pause=20s;
smtp_verify_keepalive off;
--- smtp
mx1 11 pipelining users=john
mx2 12
    banner: 554 5.7.1 Service unavailable; client host blocked using zen.spamhaus.org
--- dns
ok.test MX 10 mx1.ok.test
mx1.ok.test A 11
evil.test MX 10 mx1.ok.test
evil.test MX 10 zz.evil.test
zz.evil.test A 12
--- address eval
CORE::join("\n", (map "u$_\@evil.test", 1 .. 20), 'john@ok.test')
--- json eval
CORE::join "\n--\n", ("reason: *") x 20, "reason: accepted"



=== TEST 15: a server that says it were somebody else's
--- http_config
smtp_verify_throttle zone=limits rate=100/s pause=20s;
smtp_verify_keepalive off;
--- smtp
mx1 11 pipelining users=john
mx2 12
    banner: 220 mx.google.com ESMTP x
    mail: close
mx3 13
    banner: 554 5.7.1 Service unavailable; client host blocked using zen.spamhaus.org
--- dns
ok.test MX 10 aspmx.l.google.com
aspmx.l.google.com A 11
evil.test MX 10 a.evil.test
evil.test MX 20 b.evil.test
a.evil.test A 12
b.evil.test A 13
--- address
x@evil.test
y@evil.test
z@evil.test
john@ok.test
--- json
reason: *
--
reason: *
--
reason: *
--
reason: accepted



=== TEST 16: a domain that names a host of a provider's where nobody listens
--- http_config
smtp_verify_throttle zone=limits rate=100/s pause=20s suspend=0;
smtp_verify_keepalive off;
--- smtp
mx1 11 pipelining users=john
--- dns
ok.test MX 10 aspmx.l.google.com
aspmx.l.google.com A 11
evil.test MX 10 www.google.com
www.google.com A 12
--- address
john@ok.test
a@evil.test
b@evil.test
c@evil.test
d@evil.test
e@evil.test
f@evil.test
g@evil.test
john@ok.test
--- json
reason: accepted
--
reason: connect_failed
--
reason: connect_failed
--
reason: connect_failed
--
reason: connect_failed
--
reason: *
--
reason: *
--
reason: *
--
reason: accepted



=== TEST 17: who was reached last time is tried once while the egress is suspended
--- http_config
smtp_verify_throttle zone=limits rate=100/s pause=60s suspend=3;
smtp_verify_keepalive off;
--- config
location = /verify {
    smtp_verify;
}
location = /down {
    smtp_verify;
    smtp_verify_port 1;
}
--- smtp
mx1 11 pipelining users=john
--- dns
a.test MX 10 mx.a.test
mx.a.test A 13
b.test MX 10 mx.b.test
mx.b.test A 14
c.test MX 10 mx.c.test
mx.c.test A 15
ok.test MX 10 mx1.ok.test
mx1.ok.test A 11
--- request eval
['GET /verify?email=john@ok.test',
 ["POST /verify\nemail=", { value => 'x@a.test', delay_before => 11 }],
 'GET /verify?email=x@b.test', 'GET /verify?email=x@c.test',
 'GET /down?email=jane@ok.test', 'GET /down?email=mary@ok.test']
--- more_headers
Content-Type: application/x-www-form-urlencoded
--- json
reason: accepted
--
reason: connect_failed
--
reason: connect_failed
--
reason: connect_failed
--
reason: connect_failed
--
reason: circuit_open
--- smtp_sessions: 1



=== TEST 18: one customer of a provider's blocks us
--- http_config
smtp_verify_throttle zone=limits rate=100/s pause=20s;
smtp_verify_keepalive off;
--- smtp
mx1 11 pipelining users=john
    rcpt bad*: 550 5.7.1 Administrative prohibition - envelope blocked
--- dns
ok.test MX 10 aspmx.l.google.com
customer.test MX 10 aspmx.l.google.com
aspmx.l.google.com A 11
--- address
bad1@customer.test
bad2@customer.test
bad3@customer.test
bad4@customer.test
john@ok.test
--- json
reason: sender_blocked
--
reason: sender_blocked
--
reason: circuit_open
--
reason: circuit_open
--
reason: accepted



=== TEST 19: mailboxes that receive too much are no limit of ours
--- http_config
smtp_verify_throttle zone=limits rate=100/s pause=20s;
smtp_verify_keepalive off;
--- smtp
mx1 11 pipelining users=john
    rcpt busy*: 450 4.2.1 The user you are trying to contact is receiving mail at a rate that prevents additional messages from being delivered.
    rcpt full*: 550 Mailbox unavailable or access denied
    rcpt hour*: 450 4.2.1 Mailbox received too much email in a short period of time (G30)
    rcpt limit*: 450 4.2.2 The recipient has exceeded their limit for the number of messages they can receive per hour
--- dns
ok.test MX 10 aspmx.l.google.com
customer.test MX 10 aspmx.l.google.com
aspmx.l.google.com A 11
--- address
busy1@customer.test
busy2@customer.test
busy3@customer.test
full1@customer.test
full2@customer.test
full3@customer.test
hour1@customer.test
hour2@customer.test
hour3@customer.test
limit1@customer.test
limit2@customer.test
limit3@customer.test
john@ok.test
--- json eval
("reason: rate_limited\n--\n" x 12) . "reason: accepted\n"



=== TEST 20: what is said of us is one
--- http_config
smtp_verify_throttle zone=limits rate=100/s pause=20s;
smtp_verify_keepalive off;
--- smtp
mx1 11 pipelining users=john
    rcpt o*: 450 4.7.1 Too many messages from your address, slow down
--- address
o1@ok.test
o2@ok.test
o3@ok.test
john@ok.test
--- json
reason: rate_limited
--
reason: rate_limited
--
reason: rate_limited
--
reason: circuit_open



=== TEST 21: a provider that was not reached yet: of many where nobody listens
--- http_config
smtp_verify_throttle zone=limits rate=100/s pause=20s suspend=0;
smtp_verify_keepalive off;
--- smtp
mx1 11 pipelining users=john
--- dns
ok.test MX 10 aspmx.l.google.com
aspmx.l.google.com A 11
evil.test MX 10 www.google.com
www.google.com A 12
--- address eval
CORE::join "\n", (map "u$_\@evil.test", 1 .. 6), 'john@ok.test'
--- json eval
CORE::join "\n--\n", ('reason: connect_failed') x 5, 'reason: circuit_open',
    'reason: accepted'



=== TEST 22: one that is down, for several domains
--- http_config
smtp_verify_throttle zone=limits rate=100/s pause=20s suspend=0;
--- smtp
none 11
--- dns eval
"aspmx.l.google.com A 12\n"
. CORE::join '', map "d$_.test MX 10 aspmx.l.google.com\n", 1 .. 6
--- address eval
CORE::join "\n", map "john\@d$_.test", 1 .. 6
--- json eval
CORE::join "\n--\n", ('reason: connect_failed') x 5, 'reason: circuit_open'
