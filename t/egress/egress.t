# Identities of a pool: who asks whom, and what happens to one that does not
# get through.

use lib 't/lib';
use TestVerify 'no_plan';
use TestVerify::Clients;

master_on();
workers(2);
worker_connections(1024);

preset_http(<<'END');
smtp_verify_throttle_zone zone=limits:1m;
smtp_verify_cache_zone zone=results:1m;
smtp_verify_egress_pool one {
    address $TEST_NGINX_NET.101 helo=h101.verifier.test from=f101@verifier.test;
}
smtp_verify_egress_pool two {
    address $TEST_NGINX_NET.101 helo=h101.verifier.test from=f101@verifier.test;
    address $TEST_NGINX_NET.102 helo=h102.verifier.test from=f102@verifier.test;
}
smtp_verify_egress_pool weighted {
    address $TEST_NGINX_NET.101 helo=h101.verifier.test from=f101@verifier.test weight=9;
    address $TEST_NGINX_NET.102 helo=h102.verifier.test from=f102@verifier.test;
}
smtp_verify_egress_pool both {
    address $TEST_NGINX_NET.101 helo=h101.verifier.test from=f101@verifier.test;
    address ::1                 helo=h1.verifier.test   from=f1@verifier.test;
}
smtp_verify_egress_pool broken {
    address 192.0.2.1           helo=h1.verifier.test   from=f1@verifier.test weight=1000;
    address $TEST_NGINX_NET.102 helo=h102.verifier.test from=f102@verifier.test;
}
END


# the last number of the address that each session came from, with HELO and
# MAIL FROM of the same identity, else an error

sub peers
{
    my ($sessions) = @_;
    my @peers;

    for my $s (@$sessions) {
        my ($peer) = map { $_->{d} =~ /(\d+)$/ }
            grep { $_->{e} eq 'peer' } @{ $s->{events} };

        for my $turn (grep { $_->{e} eq 'turn' } @{ $s->{events} }) {
            for (@{ $turn->{d} }) {
                return "$_ from $peer" if /^(?:EHLO |MAIL FROM:<)[hf](\d+)/
                                          && $1 != $peer;
            }
        }

        push @peers, $peer;
    }

    return @peers;
}


sub is_two_then_one
{
    my @peers = peers($_[0]);

    return "@peers" =~ /^(10[12]) (?!\1)10[12]/;
}


# who waited in line for an identity that is shut out goes on with the other

sub none_is_lost
{
    my $reasons = TestVerify::Clients::reasons();

    return $reasons =~ /^mailbox_not_found \d+(?:, sender_blocked \d+)?$/;
}


run_tests();

__DATA__

=== TEST 1: address, HELO and MAIL FROM of an identity
--- verify
smtp_verify_egress one;
--- smtp
mx1 11 pipelining users=john
--- address: john@ok.test
--- json
reason: accepted
--- smtp_turns
EHLO h101.verifier.test
MAIL FROM:<f101@verifier.test> | RCPT TO:<john@ok.test>
RSET | MAIL FROM:<f101@verifier.test> | RCPT TO:<*@ok.test>
QUIT
--- smtp_like
-- peer 127\.90\.\d+\.101



=== TEST 2: a destination sees one identity
--- verify
smtp_verify_egress two;
--- smtp
mx1 11 pipelining users=a,b,c,d
--- address
a@ok.test
b@ok.test
c@ok.test
d@ok.test
--- json
reason: accepted
--- smtp_check eval
sub { my @p = main::peers($_[0]); @p == 4 && !grep { $_ ne $p[0] } @p }



=== TEST 3: all domains of a destination see the same
--- verify
smtp_verify_egress two;
--- smtp
mx1 11 pipelining users=a
--- dns
mx1.ok.test A 11
a.test MX 10 mx1.ok.test
b.test MX 10 mx1.ok.test
c.test MX 10 mx1.ok.test
d.test MX 10 mx1.ok.test
--- address
a@a.test
a@b.test
a@c.test
a@d.test
--- json
reason: accepted
--- smtp_check eval
sub { my @p = main::peers($_[0]); @p == 4 && !grep { $_ ne $p[0] } @p }



=== TEST 4: by weight
--- verify
smtp_verify_egress weighted;
smtp_verify_catch_all off;
--- smtp
mx1 11 pipelining accept
--- dns eval
CORE::join '', map { "d$_.test MX 10 mx.d$_.test\nmx.d$_.test A 11\n" } 1 .. 80
--- address eval
CORE::join '', map { "a\@d$_.test\n" } 1 .. 80
--- json
reason: accepted_untested
--- smtp_check eval
sub {
    my %n;
    $n{$_}++ for main::peers($_[0]);
    keys %n == 2 && $n{101} > 55 && $n{102} > 0;
}



=== TEST 5: an identity of IPv4 only: the IPv6 address is not a failure
--- verify
smtp_verify_egress one;
--- smtp
mx1 11,::1 pipelining users=john
--- address: john@ok.test
--- json
reason: accepted
smtp.attempts: 1
smtp.mx_ip: /^127/



=== TEST 6: nothing but IPv6 there
--- verify
smtp_verify_egress one;
--- smtp
mx1 ::1 pipelining users=john
--- address: john@ok.test
--- json
verdict: unknown connect_failed
blame: local
verification_level: estimated
smtp.connected: null
smtp.attempts: 0
smtp.stage: connect
--- smtp_sessions: 0



=== TEST 7: a host that is passed over does not hide what another one says
--- verify
smtp_verify_egress one;
--- smtp
mx1 ::1 pipelining users=john
mx2 12 pipelining
    rcpt: 550 5.1.1 User unknown
--- address: john@ok.test
--- json
verdict: undeliverable mailbox_not_found
blame: mailbox
verification_level: confirmed
smtp.rule: user-unknown
smtp.attempts: 1
--- smtp_sessions
mx1 0
mx2 1



=== TEST 8: nor is it hidden by a name that does not exist
--- verify
smtp_verify_egress one;
--- smtp
mx1 ::1 pipelining users=john
--- dns
ok.test MX 10 none.ok.test
ok.test MX 20 mx1.ok.test
mx1.ok.test AAAA ::1
--- address: john@ok.test
--- json
verdict: unknown connect_failed
blame: local



=== TEST 9: an identity for each family
--- verify
smtp_verify_egress both;
--- smtp
mx1 11 pipelining users=john
mx2 ::1 pipelining users=john
--- dns
a.test MX 10 mx1.a.test
mx1.a.test A 11
b.test MX 10 mx2.b.test
mx2.b.test AAAA ::1
--- address
john@a.test
john@b.test
--- json
reason: accepted
--- smtp_check eval
sub { "@{[ main::peers($_[0]) ]}" eq '101 1' }



=== TEST 10: who blocks one is asked by the next one
--- http_config
smtp_verify_throttle zone=limits rate=100/s pause=60s;
--- verify
smtp_verify_egress two;
--- smtp
mx1 11 pipelining users=a,b,c
    banner@1: 554 5.7.1 Service unavailable; client host blocked using zen.spamhaus.org
--- address
a@ok.test
b@ok.test
c@ok.test
--- json
reason: sender_blocked
blame: sender
--
reason: accepted
--
reason: accepted
--- smtp_sessions: 3
--- smtp_check eval
sub { my @p = main::peers($_[0]); $p[0] != $p[1] && $p[1] == $p[2] }



=== TEST 11: blocked for the recipient, in the middle of the conversation
--- http_config
smtp_verify_throttle zone=limits rate=100/s pause=60s;
--- verify
smtp_verify_egress two;
--- smtp
mx1 11 pipelining users=a,b,c
    rcpt@1: 550 5.7.1 Client host blocked using zen.spamhaus.org
--- address
a@ok.test
b@ok.test
--- json
reason: sender_blocked
--
reason: accepted
--- smtp_check eval
\&main::is_two_then_one



=== TEST 12: all are blocked
--- http_config
smtp_verify_throttle zone=limits rate=100/s pause=60s;
--- verify
smtp_verify_egress two;
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
reason: circuit_open
blame: local
retry_after: >= 50
--- smtp_sessions: 2
--- smtp_check eval
\&main::is_two_then_one



=== TEST 13: blocked there, and welcome elsewhere
--- http_config
smtp_verify_throttle zone=limits rate=100/s pause=60s;
--- verify
smtp_verify_egress one;
--- smtp
mx1 11
    banner: 554 5.7.1 Service unavailable; client host blocked using zen.spamhaus.org
mx2 12 pipelining users=b
--- dns
a.test MX 10 mx1.a.test
mx1.a.test A 11
b.test MX 10 mx2.b.test
mx2.b.test A 12
--- address
a@a.test
a@a.test
b@b.test
a@a.test
--- json
reason: sender_blocked
--
reason: sender_blocked
--
reason: accepted
--
reason: circuit_open



=== TEST 14: the quarantine ends with a trial
--- http_config
smtp_verify_throttle zone=limits rate=100/s pause=1ms;
--- verify
smtp_verify_egress two;
--- smtp
mx1 11 pipelining users=a,b,c
    banner@1: 554 5.7.1 Service unavailable; client host blocked using zen.spamhaus.org
--- address
a@ok.test
b@ok.test
c@ok.test
--- json
reason: sender_blocked
--
reason: accepted
--
reason: accepted
--- smtp_check eval
sub { my @p = main::peers($_[0]); $p[0] == $p[1] && $p[1] == $p[2] }



=== TEST 15: without a throttle zone there is no quarantine
--- verify
smtp_verify_egress two;
--- smtp
mx1 11 pipelining users=a,b
    banner@1: 554 5.7.1 Service unavailable; client host blocked using zen.spamhaus.org
--- address
a@ok.test
b@ok.test
--- json
reason: sender_blocked
--
reason: accepted
--- smtp_check eval
sub { my @p = main::peers($_[0]); $p[0] == $p[1] }



=== TEST 16: a quarantine outlives a reload
--- http_config
smtp_verify_read_timeout 4s;
smtp_verify_throttle zone=limits rate=100/s pause=60s;
--- verify
smtp_verify_egress two;
--- smtp
mx1 11 pipelining users=a,b
    banner@1: 554 5.7.1 Service unavailable; client host blocked using zen.spamhaus.org
    rcpt a@*: wait 800ms ; default
--- signal: 300ms HUP
--- address
x@ok.test
a@ok.test
b@ok.test
--- json
reason: sender_blocked
--
reason: accepted
--
reason: accepted
--- smtp_check eval
sub { my @p = main::peers($_[0]); $p[0] != $p[1] && $p[1] == $p[2] }



=== TEST 17: the choice is the same after a reload
--- http_config
smtp_verify_read_timeout 4s;
--- verify
smtp_verify_egress two;
--- smtp
mx1 11 pipelining users=a,b
    rcpt a@*: wait 800ms ; default
--- signal: 300ms HUP
--- address
a@ok.test
b@ok.test
b@ok.test
--- json
reason: accepted
--- smtp_check eval
sub { my @p = main::peers($_[0]); @p == 3 && !grep { $_ ne $p[0] } @p }



=== TEST 18: who greylists is asked anew by the same
--- http_config
smtp_verify_throttle zone=limits rate=100/s pause=60s;
--- verify
smtp_verify_egress two;
--- smtp
mx1 11 pipelining users=john
    rcpt@1: 451 4.7.1 Greylisted, please try again in 1 seconds
--- query: wait=10
--- address: john@ok.test
--- json
reason: accepted
smtp.attempts: 2
--- within: 8s
--- smtp_sessions: 2
--- smtp_check eval
sub { my @p = main::peers($_[0]); $p[0] == $p[1] }



=== TEST 19: an address that is not ours: the other one asks
--- verify
smtp_verify_egress broken;
smtp_verify_transcript on;
--- smtp
mx1 11 pipelining users=john,mary
--- query: transcript=1
--- address
john@ok.test
mary@ok.test
--- with_transcript
--- json
reason: accepted
transcript.0.from: egress
--- smtp_check eval
sub { "@{[ main::peers($_[0]) ]}" eq '102 102' }
--- log_allow
bind\(192\.0\.2\.1\) failed



=== TEST 20: a session that is kept is its identity's
--- http_config
smtp_verify_throttle zone=limits rate=100/s pause=60s;
--- verify
smtp_verify_egress two;
smtp_verify_keepalive 8 timeout=500ms;
--- smtp
mx1 11 pipelining users=a,c,d
    rcpt b@*: 550 5.7.1 Client host blocked using zen.spamhaus.org
--- address
a@ok.test
b@ok.test
c@ok.test
d@ok.test
--- json
reason: accepted
--
reason: sender_blocked
--
reason: accepted
--
reason: accepted
--- smtp_check eval
sub { "@{[ main::peers($_[0]) ]}" =~ /^(10[12])(?: \1)* (?!\1)(10[12])(?: \2)*$/ }



=== TEST 21: the transcript says who asks
--- verify
smtp_verify_egress one;
smtp_verify_transcript on;
--- smtp
mx1 11 pipelining users=john
--- query: transcript=1
--- address: john@ok.test
--- with_transcript
--- json
reason: accepted
transcript.0.from: egress
transcript.0.text: /^127\.90\.\d+\.101$/



=== TEST 22: what the cache keeps of a refusal of us
--- http_config
smtp_verify_throttle zone=limits rate=100/s pause=60s;
smtp_verify_cache results;
--- verify
smtp_verify_egress two;
--- smtp
mx1 11 pipelining users=a
    banner@1: 554 5.7.1 Service unavailable; client host blocked using zen.spamhaus.org
--- address
a@ok.test
a@ok.test
a@ok.test
--- json
reason: sender_blocked
cached: false
--
reason: accepted
cached: false
--
reason: accepted
cached: true



=== TEST 23: with one identity it is kept
--- http_config
smtp_verify_throttle zone=limits rate=100/s pause=60s;
smtp_verify_cache results;
--- verify
smtp_verify_egress one;
--- smtp
mx1 11 pipelining users=a
    banner@1: 554 5.7.1 Service unavailable; client host blocked using zen.spamhaus.org
--- address
a@ok.test
a@ok.test
--- json
reason: sender_blocked
cached: false
--
reason: sender_blocked
cached: true



=== TEST 24: and is that pool's
--- http_config
smtp_verify_cache results;
smtp_verify_egress two;
--- config
location = /verify {
    smtp_verify;
    smtp_verify_egress one;
}
location = /other {
    smtp_verify;
}
--- smtp
mx1 11 pipelining users=a
    banner@1: 554 5.7.1 Service unavailable; client host blocked using zen.spamhaus.org
--- request eval
['GET /verify?email=a@ok.test', 'GET /verify?email=a@ok.test',
 'GET /other?email=a@ok.test']
--- json
reason: sender_blocked
cached: false
--
reason: sender_blocked
cached: true
--
reason: accepted
cached: false



=== TEST 25: off, below a pool
--- http_config
smtp_verify_egress one;
--- verify
smtp_verify_egress off;
--- smtp
mx1 11 pipelining users=john
--- address: john@ok.test
--- json
reason: accepted
--- smtp_like
EHLO verifier\.test
-- peer 127\.0\.0\.1$



=== TEST 26: neither smtp_verify_helo nor smtp_verify_from is needed
--- bare
--- http_config
resolver $TEST_NGINX_DNS;
smtp_verify_port $TEST_NGINX_SMTP_PORT;
smtp_verify_target_allow 127.0.0.0/8;
--- verify
smtp_verify_egress one;
smtp_verify_keepalive off;
--- smtp
mx1 11 pipelining users=john
--- address: john@ok.test
--- json
reason: accepted



=== TEST 27: MAIL FROM of the location, and the null one
--- http_config
smtp_verify_egress_pool plain {
    address $TEST_NGINX_NET.103 helo=h103.verifier.test;
}
smtp_verify_egress_pool null {
    address $TEST_NGINX_NET.104 helo=h104.verifier.test from=<>;
}
--- config
location = /plain {
    smtp_verify;
    smtp_verify_egress plain;
}
location = /null {
    smtp_verify;
    smtp_verify_egress null;
}
--- smtp
mx1 11 pipelining users=john
    rcpt: 550 5.1.1 User unknown
--- request eval
['GET /plain?email=a@ok.test', 'GET /null?email=a@ok.test']
--- json
reason: mailbox_not_found
--- smtp_turns
EHLO h103.verifier.test
MAIL FROM:<probe@verifier.test> | RCPT TO:<a@ok.test>
QUIT
EHLO h104.verifier.test
MAIL FROM:<> | RCPT TO:<a@ok.test>
QUIT



=== TEST 28: a pool is named before it is defined, from a file
--- http_config
smtp_verify_egress later;
smtp_verify_egress_pool later { include identities.conf; }
--- user_files
>>> ../conf/identities.conf
address 127.0.0.77 helo=h77.verifier.test from=f77@verifier.test;
--- smtp
mx1 11 pipelining users=john
--- address: john@ok.test
--- json
reason: accepted
--- smtp_like
EHLO h77\.verifier\.test
-- peer 127\.0\.0\.77



=== TEST 29: no address
--- http_config
smtp_verify_egress_pool x { address mail.example.com helo=a.example.com; }
--- must_die
--- error_log
invalid address "mail.example.com"



=== TEST 30: no such pool
--- verify
smtp_verify_egress x;
--- must_die
--- error_log
no egress pool "x" for "smtp_verify_egress", it has to be defined by "smtp_verify_egress_pool"



=== TEST 31: an empty pool
--- http_config
smtp_verify_egress_pool x { }
--- must_die
--- error_log
no identities in egress pool "x"



=== TEST 32: a pool twice
--- http_config
smtp_verify_egress_pool x { address 127.0.0.1 helo=a.example.com; }
smtp_verify_egress_pool x { address 127.0.0.1 helo=a.example.com; }
--- must_die
--- error_log
duplicate egress pool "x"



=== TEST 33: an address twice
--- http_config
smtp_verify_egress_pool x { address ::1 helo=a.example.com; address 0::1 helo=b.example.com; }
--- must_die
--- error_log
duplicate egress "::1"



=== TEST 34: HELO is no host name
--- http_config
smtp_verify_egress_pool x { address 127.0.0.1 helo=localhost; }
--- must_die
--- error_log
invalid host name "localhost" of egress "127.0.0.1", a name with a dot is needed



=== TEST 35: no HELO
--- http_config
smtp_verify_egress_pool x { address 127.0.0.1 from=a@example.com; }
--- must_die
--- error_log
no "helo" of egress "127.0.0.1"



=== TEST 36: MAIL FROM is no address
--- http_config
smtp_verify_egress_pool x { address 127.0.0.1 helo=a.example.com from=me; }
--- must_die
--- error_log
invalid address "me" of egress "127.0.0.1"



=== TEST 37: weight
--- http_config
smtp_verify_egress_pool x { address 127.0.0.1 helo=a.example.com weight=0; }
--- must_die
--- error_log
invalid parameter "weight=0" of egress "127.0.0.1"



=== TEST 38: too much weight
--- http_config
smtp_verify_egress_pool x { address 127.0.0.1 helo=a.example.com weight=1001; }
--- must_die
--- error_log
invalid parameter "weight=1001"



=== TEST 39: a parameter that there is not
--- http_config
smtp_verify_egress_pool x { address 127.0.0.1 helo=a.example.com ptr=on; }
--- must_die
--- error_log
invalid parameter "ptr=on"



=== TEST 40: a kind that there is not
--- http_config
smtp_verify_egress_pool x { tunnel 127.0.0.1 helo=a.example.com; }
--- must_die
--- error_log
unknown kind of egress "tunnel", it must be "address" or "proxy"



=== TEST 41: somebody has to be given in MAIL FROM
--- bare
--- http_config
resolver $TEST_NGINX_DNS;
smtp_verify_egress_pool x { address 127.0.0.1 helo=a.example.com; }
--- verify
smtp_verify_egress x;
--- must_die
--- error_log
no "smtp_verify_from" is defined



=== TEST 42: twice in a location
--- http_config
smtp_verify_egress_pool x { address 127.0.0.1 helo=a.example.com; }
--- verify
smtp_verify_egress x;
smtp_verify_egress off;
--- must_die
--- error_log
"smtp_verify_egress" directive is duplicate


=== TEST 43: many at once, where 101 is blocked
--- http_config
smtp_verify_throttle zone=limits conns=2 rate=1000/s burst=1000 wait=15s pause=60s rejects=1000/h;
smtp_verify_timeout 20s;
smtp_verify_read_timeout 5s;
--- verify
smtp_verify_egress two;
--- smtp
mx1 11 pipelining
    mail f101@*: 554 5.7.1 Client host blocked using zen.spamhaus.org
--- init
TestVerify::Clients::start('/verify?email=jane%d@ok.test', clients => 60);
--- request
GET /verify?email=no
--- json
reason: invalid_syntax
--- no_shape
--- smtp_check eval
sub { main::none_is_lost() }
--- linger: 10s



=== TEST 44: many at once, where 102 is blocked
--- http_config
smtp_verify_throttle zone=limits conns=2 rate=1000/s burst=1000 wait=15s pause=60s rejects=1000/h;
smtp_verify_timeout 20s;
smtp_verify_read_timeout 5s;
--- verify
smtp_verify_egress two;
--- smtp
mx1 11 pipelining
    mail f102@*: 554 5.7.1 Client host blocked using zen.spamhaus.org
--- init
TestVerify::Clients::start('/verify?email=jane%d@ok.test', clients => 60);
--- request
GET /verify?email=no
--- json
reason: invalid_syntax
--- no_shape
--- smtp_check eval
sub { main::none_is_lost() }
--- linger: 10s



=== TEST 45: a list that names another host first has no say in who asks
--- verify
smtp_verify_egress two;
--- smtp
mx1 11 pipelining users=a
--- dns eval
"mx1.ok.test A 11\n" . CORE::join '', map {
    "d$_.test MX 10 nope.d$_.test\nd$_.test MX 20 mx1.ok.test\n"
} 1 .. 12
--- address eval
CORE::join "\n", map "a\@d$_.test", 1 .. 12
--- json
reason: accepted
--- smtp_check eval
sub { my @p = main::peers($_[0]); @p == 12 && !grep { $_ ne $p[0] } @p }



=== TEST 46: hosts of one domain are asked by the same: they may greylist together
--- verify
smtp_verify_egress two;
--- smtp
mx1 11 pipelining users=a
mx2 12 pipelining users=a
mx3 13 pipelining users=a
mx4 14 pipelining users=a
--- dns
ok.test MX 10 mx1.in.ok.test
ok.test MX 10 mx2.in.ok.test
mx1.in.ok.test A 11
mx2.in.ok.test A 12
two.test MX 10 mx3.in.ok.test
two.test MX 10 mx4.in.ok.test
mx3.in.ok.test A 13
mx4.in.ok.test A 14
--- address
a@ok.test
a@ok.test
a@two.test
a@two.test
a@ok.test
a@two.test
--- json
reason: accepted
--- smtp_check eval
sub { my @p = main::peers($_[0]); @p == 6 && !grep { $_ ne $p[0] } @p }
