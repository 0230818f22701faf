# What a destination sees of us at most: sessions at once, their rate, refused
# recipients; and who waits.

use lib 't/lib';
use TestVerify 'no_plan';
use TestVerify::Clients;
use TestVerify::Env;

master_on();
workers(2);
worker_connections(1024);

preset(smtp => "mx1 11 pipelining users=john\n");
preset_http("smtp_verify_throttle_zone zone=limits:1m;\n");


# how many of the sessions were open at once; that the client has closed one
# is seen a moment after it did

sub most
{
    my ($sessions) = @_;

    my ($now, $most) = (0, 0);

    for (sort { $a->[0] <=> $b->[0] || $a->[1] <=> $b->[1] }
         map { [$_->{t}, 1], [last_said($_), -1] } @$sessions)
    {
        $now += $_->[1];
        $most = $now if $now > $most;
    }

    return $most;
}


sub last_said
{
    my ($session) = @_;

    my ($turn) = grep { $_->{e} eq 'turn' } CORE::reverse @{ $session->{events} };

    return $turn ? $turn->{t} : $session->{t};
}


# the least time in which one recipient more than n was asked

sub least
{
    my ($n, $sessions) = @_;

    my @t = sort { $a <=> $b }
        map { my $event = $_;
              map { /^RCPT /i ? $event->{t} : () } @{ $event->{d} } }
        grep { $_->{e} eq 'turn' } map { @{ $_->{events} } } @$sessions;

    my ($least) = sort { $a <=> $b } map { $t[$_] - $t[$_ - $n] } $n .. $#t;

    return $least // 0;
}


# by how many recipients some time had more than burst + 1 and the rate allow

sub over
{
    my ($rate, $burst, $sessions) = @_;

    my ($most, $level, $last) = (0, 0);

    for my $t (sort { $a <=> $b } map {
        my $event = $_;
        map { /^RCPT /i ? $event->{came} : () } @{ $event->{d} }
    } grep { $_->{e} eq 'turn' } map { @{ $_->{events} } } @$sessions) {
        $level -= ($t - ($last // $t)) * $rate;
        $level = 0 if $level < 0;
        $most = $level if ++$level > $most;
        $last = $t;
    }

    return $most - $burst - 1;
}


# sessions that are let go one after the other are answered together

sub together
{
    my ($event, $n, $first, $step) = @_;

    return CORE::join '', map {
        my $wait = $first - $step * ($_ - 1);
        "    $event\@$_: wait ${wait}ms ; default\n"
    } 1 .. $n;
}


run_tests();

__DATA__

=== TEST 1: within the limits nothing is felt
--- http_config
smtp_verify_throttle zone=limits conns=2 rate=100/s burst=10;
--- address
john@ok.test
jane@ok.test
john@ok.test
--- json
reason: accepted
--
reason: mailbox_not_found
--
reason: accepted
--- smtp_sessions: 3



=== TEST 2: the rate
--- http_config
smtp_verify_throttle zone=limits rate=30/m burst=0;
--- address
jane@ok.test
jane1@ok.test
--- json
reason: mailbox_not_found
response_time_ms: <= 1500
--
reason: mailbox_not_found
response_time_ms: >= 300



=== TEST 3: no longer than one is willing to wait
--- http_config
smtp_verify_throttle zone=limits rate=2/m burst=0 wait=200ms;
--- address
jane@ok.test
jane1@ok.test
--- json
reason: mailbox_not_found
--
verdict: unknown throttled
blame: local
retry_after: >= 1
smtp.stage: connect
response_time_ms: >= 200
response_time_ms: <= 500
--- smtp_sessions: 1



=== TEST 4: no queue
--- http_config
smtp_verify_throttle zone=limits rate=2/m burst=0 queue=0;
--- address
jane@ok.test
jane1@ok.test
--- json
reason: mailbox_not_found
--
reason: throttled
response_time_ms: <= 100
--- smtp_sessions: 1



=== TEST 5: the budget of the probe is kept
--- http_config
smtp_verify_throttle zone=limits rate=2/m burst=0 wait=10s;
smtp_verify_timeout 300ms;
--- address
jane@ok.test
jane1@ok.test
--- json
reason: mailbox_not_found
--
reason: throttled
response_time_ms: <= 600
--- smtp_sessions: 1



=== TEST 6: refused recipients, the random one included
--- http_config
smtp_verify_throttle zone=limits rejects=2/h;
--- address
john@ok.test
jane@ok.test
jane1@ok.test
--- json
reason: accepted
--
reason: mailbox_not_found
--
reason: throttled
blame: local
retry_after: >= 1000
--- smtp_sessions: 2



=== TEST 7: a host that many names lead to
--- http_config
smtp_verify_throttle zone=limits rate=2/m burst=0 wait=100ms;
--- dns
a.test MX 10 mx.a.test
mx.a.test A 11
b.test MX 10 mx.b.test
mx.b.test A 11
--- address
jane@a.test
jane@b.test
--- json
reason: mailbox_not_found
--
reason: throttled
--- smtp_sessions: 1



=== TEST 8: another destination is not held up
--- http_config
smtp_verify_throttle zone=limits rate=2/m burst=0 wait=100ms;
--- smtp
mx1 11 pipelining users=john
mx2 12 pipelining users=john
--- dns
a.test MX 10 mx.a.test
mx.a.test A 11
b.test MX 10 mx.b.test
mx.b.test A 12
--- address
jane@a.test
jane@b.test
jane1@a.test
--- json
reason: mailbox_not_found
--
reason: mailbox_not_found
--
reason: throttled
--- smtp_sessions: 2



=== TEST 9: a slot comes back when the session has closed
--- http_config
smtp_verify_throttle zone=limits conns=1 rate=100/s;
--- smtp
mx1 11 pipelining users=john
    quit: wait 300ms ; 221 bye ; close
--- address
jane@ok.test
jane1@ok.test
--- json
reason: mailbox_not_found
--
reason: mailbox_not_found
response_time_ms: >= 150
--- smtp_sessions: 2



=== TEST 10: a kept session is used rather than waited for
--- http_config
smtp_verify_throttle zone=limits conns=1 rate=100/s;
smtp_verify_keepalive 8 timeout=300ms;
--- address
john@ok.test
john@ok.test
--- json
reason: accepted
--- linger: 2s



=== TEST 11: a zone of the smallest size
--- http_config
smtp_verify_throttle_zone zone=limits:4k;
--- must_die
--- error_log
zone "limits" is too small



=== TEST 12: no zone
--- http_config
smtp_verify_throttle conns=1;
--- must_die
--- error_log
"smtp_verify_throttle" directive needs a zone



=== TEST 13: a wrong parameter
--- http_config
smtp_verify_throttle_zone zone=limits:1m;
smtp_verify_throttle zone=limits rate=5/d;
--- must_die
--- error_log
invalid parameter "rate=5/d", a rate is written as in "rate=10/s" or "rate=300/m"



=== TEST 14: sessions at once, of all workers
--- http_config
smtp_verify_throttle zone=limits conns=3 rate=1000/s burst=100 rejects=1000/h;
smtp_verify_timeout 10s;
--- smtp
mx1 11 pipelining users=john
    rcpt: wait 30ms ; default
--- init
TestVerify::Clients::start('/verify?email=jane%d@ok.test', clients => 60);
--- address: john@ok.test
--- json
reason: accepted
--- smtp_check eval
sub {
    my ($sessions) = @_;

    return TestVerify::Clients::reasons() eq 'mailbox_not_found 60'
           && main::most($sessions) == 3;
}
--- linger: 4s



=== TEST 15: sessions at once, of many names at one address
--- http_config
smtp_verify_throttle zone=limits conns=3 rate=1000/s burst=100 rejects=1000/h;
smtp_verify_timeout 10s;
--- smtp
mx1 11 pipelining users=john
    rcpt: wait 30ms ; default
--- dns eval
"+default\n" . CORE::join '', map {
    "d$_.test MX 10 mx.d$_.test\nmx.d$_.test A 11\n"
} 1 .. 40
--- init
TestVerify::Clients::start('/verify?email=jane@d%d.test', clients => 40);
--- address: john@ok.test
--- json
reason: accepted
--- smtp_check eval
sub {
    my ($sessions) = @_;

    return TestVerify::Clients::reasons() eq 'mailbox_not_found 40'
           && main::most($sessions) == 3;
}
--- linger: 4s



=== TEST 16: a rate that all workers keep
--- http_config
smtp_verify_throttle zone=limits conns=10 rate=20/s burst=0 rejects=1000/h;
smtp_verify_timeout 10s;
--- init
TestVerify::Clients::start('/verify?email=jane%d@ok.test', clients => 30);
--- address: john@ok.test
--- json
reason: accepted
--- smtp_check eval
sub {
    my ($sessions) = @_;

    my $took = $sessions->[-1]{t} - $sessions->[0]{t};

    return TestVerify::Clients::reasons() eq 'mailbox_not_found 30'
           && $took > 1.4 && $took < 6;
}
--- linger: 4s



=== TEST 17: the slots of a worker that is killed
--- http_config
smtp_verify_throttle zone=limits conns=1 rate=1000/s;
smtp_verify_timeout 5s;
smtp_verify_read_timeout 5s;
--- smtp
mx1 11 pipelining users=john
    rcpt hang*: hang
--- init
TestVerify::Clients::start('/verify?email=hang%d@ok.test', clients => 1);
TestVerify::Clients::kill_worker_at($TestVerify::Env::SmtpPort, 0.5);
sleep 2;
--- address
jane@ok.test
--- json
reason: mailbox_not_found
response_time_ms: <= 3000
--- log_allow
exited on signal 9



=== TEST 18: kept sessions give way
--- http_config
smtp_verify_throttle zone=limits conns=2 rate=1000/s burst=100;
smtp_verify_keepalive 8 timeout=3s;
smtp_verify_timeout 10s;
--- dns
ok.test MX 10 mx1.ok.test
mx1.ok.test A 11
b.test MX 10 mx.b.test
mx.b.test A 11
--- init
TestVerify::Clients::start('/verify?email=john@ok.test', clients => 20);
TestVerify::Clients::start('/verify?email=john@b.test', clients => 20);
sleep 1;
--- address: john@b.test
--- json
reason: accepted
response_time_ms: <= 1000
--- smtp_check eval
sub {
    my ($sessions) = @_;

    return TestVerify::Clients::reasons() eq 'accepted 40' && main::most($sessions) <= 2;
}
--- linger: 8s



=== TEST 19: the rate is of recipients, on a session that is kept, too
--- http_config
smtp_verify_throttle zone=limits rate=4/s burst=0;
smtp_verify_keepalive 8 timeout=2s;
smtp_verify_timeout 10s;
--- smtp
mx1 11 pipelining users=john,mary
--- address
john@ok.test
jane@ok.test
mary@ok.test
--- json
reason: accepted
--
reason: mailbox_not_found
--
reason: accepted
--- smtp_check eval
sub {
    my ($sessions) = @_;

    # john, a random one, jane, mary; a burst that the server was late to
    # read is none

    return main::least(3, $sessions) > 0.6 && main::least(1, $sessions) > 0.1;
}
--- linger: 8s



=== TEST 20: ever so many at once, and sessions that are kept
--- http_config
smtp_verify_throttle zone=limits conns=3 rate=20/s burst=3;
smtp_verify_keepalive 8 timeout=1s;
smtp_verify_timeout 10s;
--- smtp
mx1 11 pipelining accept
    rcpt 0*@*: default
    rcpt *: 550 5.1.1 No such user
--- init
TestVerify::Clients::start('/verify?email=0%d@ok.test', clients => 40);
--- address: 0@ok.test
--- json
reason: accepted
--- smtp_check eval
sub {
    my ($sessions) = @_;

    return TestVerify::Clients::reasons() eq 'accepted 40' && main::most($sessions) <= 3
           && @$sessions <= 20 && main::least(10, $sessions) > 0.25;
}
--- linger: 8s



=== TEST 21: no time left to ask the random recipient
--- http_config
smtp_verify_throttle zone=limits rate=2/m burst=0;
smtp_verify_timeout 3s;
--- address: john@ok.test
--- json
reason: accepted_untested
response_time_ms: <= 2000
--- smtp_sessions: 1



=== TEST 22: eager, where the rate has room for two
--- http_config
smtp_verify_throttle zone=limits rate=2/m burst=1;
smtp_verify_timeout 3s;
smtp_verify_catch_all eager;
--- address: john@ok.test
--- json
reason: accepted
--- smtp_turns
EHLO verifier.test
MAIL FROM:<probe@verifier.test> | RCPT TO:<john@ok.test> | RSET | MAIL FROM:<probe@verifier.test> | RCPT TO:<*@ok.test>
QUIT



=== TEST 23: eager, where it has not
--- http_config
smtp_verify_throttle zone=limits rate=60/m burst=0;
smtp_verify_timeout 8s;
smtp_verify_catch_all eager;
--- address: john@ok.test
--- json
reason: accepted
response_time_ms: >= 900
--- smtp_turns
EHLO verifier.test
MAIL FROM:<probe@verifier.test> | RCPT TO:<john@ok.test>
RSET | MAIL FROM:<probe@verifier.test> | RCPT TO:<*@ok.test>
QUIT
--- linger: 5s



=== TEST 24: what a provider takes in a session, and at once
--- http_config
smtp_verify_throttle zone=limits conns=4 rate=1000/s burst=100;
smtp_verify_keepalive 8 timeout=500ms;
smtp_verify_providers $TEST_NGINX_SERVROOT/html/providers;
smtp_verify_timeout 10s;
--- user_files
>>> providers
provider mill
    name      "Mill"
    mx        ok.test
    worth     learned
    messages  2
    sessions  1
    source    test
--- smtp
mx1 11 pipelining accept
    rcpt 0*@*: wait 20ms ; default
    rcpt *: 550 5.1.1 No such user
--- init
TestVerify::Clients::start('/verify?email=0%d@ok.test', clients => 19);
--- address: 0@ok.test
--- json
reason: accepted
--- smtp_check eval
sub {
    my ($sessions, $text) = @_;

    # twenty and a random one, two in a session

    return TestVerify::Clients::reasons() eq 'accepted 19' && main::most($sessions) == 1
           && @$sessions >= 11 && @$sessions <= 14;
}
--- linger: 8s



=== TEST 25: and what the operator knows of it
--- http_config
smtp_verify_throttle zone=limits conns=1 rate=1000/s burst=100;
smtp_verify_throttle_provider mill conns=3 messages=4;
smtp_verify_keepalive 8 timeout=500ms;
smtp_verify_providers $TEST_NGINX_SERVROOT/html/providers;
smtp_verify_timeout 10s;
--- user_files
>>> providers
provider mill
    name      "Mill"
    mx        ok.test
    worth     learned
    messages  1
    sessions  1
    source    test
--- smtp
mx1 11 pipelining accept
    rcpt 0*@*: wait 50ms ; default
    rcpt *: 550 5.1.1 No such user
--- init
TestVerify::Clients::start('/verify?email=0%d@ok.test', clients => 39);
--- address: 0@ok.test
--- json
reason: accepted
--- smtp_check eval
sub {
    my ($sessions) = @_;

    return TestVerify::Clients::reasons() eq 'accepted 39' && main::most($sessions) == 3
           && @$sessions >= 11 && @$sessions <= 26;
}
--- linger: 8s



=== TEST 26: one transaction a session: the random recipient has its own
--- http_config
smtp_verify_throttle zone=limits conns=4 rate=1000/s burst=100;
smtp_verify_throttle_provider mill messages=1;
smtp_verify_keepalive 8 timeout=500ms;
smtp_verify_providers $TEST_NGINX_SERVROOT/html/providers;
--- user_files
>>> providers
provider mill
    name      "Mill"
    mx        ok.test
    worth     learned
    source    test
--- address: john@ok.test
--- json
reason: accepted
--- smtp_sessions: 2



=== TEST 27: a total over all destinations
--- http_config
smtp_verify_throttle zone=limits conns=5 total=2 rate=1000/s burst=100 rejects=1000/h;
smtp_verify_timeout 10s;
--- smtp
mx1 11 pipelining users=john
    rcpt: wait 20ms ; default
mx2 12 pipelining users=john
    rcpt: wait 20ms ; default
--- dns
ok.test MX 10 mx1.ok.test
mx1.ok.test A 11
b.test MX 10 mx.b.test
mx.b.test A 12
--- init
TestVerify::Clients::start('/verify?email=jane%d@ok.test', clients => 20);
TestVerify::Clients::start('/verify?email=jane%d@b.test', clients => 20);
--- address: john@ok.test
--- json
reason: accepted
--- smtp_check eval
sub {
    my ($sessions) = @_;

    return TestVerify::Clients::reasons() eq 'mailbox_not_found 40'
           && main::most($sessions) == 2;
}
--- linger: 4s



=== TEST 28: more destinations than the zone has room for
--- http_config
smtp_verify_throttle_zone zone=small:96k;
smtp_verify_throttle zone=small rate=1000/s burst=100 ip_conns=8 rejects=1000/h;
smtp_verify_timeout 15s;
smtp_verify_connect_timeout 5s;
smtp_verify_greeting_timeout 5s;
smtp_verify_read_timeout 5s;
--- config
location = /verify {
    smtp_verify;
}

location = /counters {
    smtp_verify_counters;
}
--- init
for my $n (1 .. 50) {
    TestVerify::Clients::start("/verify?email=jane\@d$n-%d.test",
                               clients => 8);
    TestVerify::Clients::finish();
}
--- dns eval
"+default\n" . CORE::join '', map { my $n = $_; map {
    "d$n-$_.test MX 10 mx.d$n-$_.test\nmx.d$n-$_.test A 11\n"
} 1 .. 8 } 1 .. 50
--- request eval
['GET /verify?email=john@ok.test', 'GET /counters']
--- no_shape
--- json
reason: accepted
--
throttles.small.evicted: >= 1
throttles.small.throttled: 0
throttles.small.entries: <= 400
--- smtp_check eval
sub {
    return TestVerify::Clients::reasons() eq 'mailbox_not_found 400';
}
--- linger: 4s



=== TEST 29: slots of the old workers count after a reload
--- http_config
smtp_verify_throttle zone=limits conns=1 rate=1000/s wait=15s;
smtp_verify_timeout 20s;
smtp_verify_read_timeout 15s;
--- smtp
mx1 11 pipelining users=john
    rcpt slow@*: wait 5s ; default
--- init
TestVerify::Clients::start('/verify?email=slow@ok.test');
TestVerify::Clients::worker_at($TestVerify::Env::SmtpPort);
--- signal: 100ms HUP
--- request eval
[["POST /verify\nemail=", { value => 'john@ok.test', delay_before => 2 }]]
--- more_headers
Content-Type: application/x-www-form-urlencoded
--- json
reason: accepted
response_time_ms: >= 500
--- smtp_check eval
sub {
    my ($sessions) = @_;

    return TestVerify::Clients::reasons() eq 'mailbox_not_found 1'
           && main::most($sessions) == 1;
}
--- linger: 10s



=== TEST 30: an idle session gives way to another worker
--- http_config
smtp_verify_throttle zone=limits conns=1 rate=1000/s burst=100 wait=8s;
smtp_verify_keepalive 100 timeout=12s;
smtp_verify_timeout 15s;
add_header X-Pid $pid;
--- init
for my $i (1 .. 20) {
    TestVerify::Clients::start('/verify?email=john@ok.test');
    TestVerify::Clients::finish();
}
--- address: john@ok.test
--- json
reason: accepted
--- smtp_check eval
sub {
    my ($sessions) = @_;

    my @answers = TestVerify::Clients::answers();
    my $pids = TestVerify::Clients::count(
        sub { $_[0]{header}{'X-Pid'} }, @answers);

    # each worker in turn, or the one alone

    return 20 == grep({ $_->{json}{reason} eq 'accepted' } @answers)
           && main::most($sessions) == 1
           && ($pids =~ /,/ ? @$sessions > 1 : @$sessions == 1);
}
--- linger: 16s



=== TEST 31: what waits and what is held is back at nothing
--- http_config
smtp_verify_throttle zone=limits conns=2 rate=1000/s burst=100 queue=10;
smtp_verify_timeout 3s;
--- config
location = /verify {
    smtp_verify;
}

location = /counters {
    smtp_verify_counters;
}
--- smtp
mx1 11 pipelining users=john
    rcpt slow*: wait 500ms ; default
    rcpt hang*: hang
--- init
TestVerify::Clients::start('/verify?email=hang%d@ok.test', clients => 4,
                           abort => 1);
TestVerify::Clients::start('/verify?email=slow%d@ok.test', clients => 30);
TestVerify::Clients::finish();
Time::HiRes::sleep(3);
--- request
GET /counters
--- no_shape
--- json
throttles.limits.sessions: 0
throttles.limits.waiting: 0
--- linger: 6s



=== TEST 32: a list leaves the last fifth to whoever asks for one
--- http_config
smtp_verify_throttle zone=limits conns=2 rate=1000/s burst=1000 rejects=1000/h;
smtp_verify_timeout 15s;
smtp_verify_read_timeout 10s;
--- config
location = /verify {
    smtp_verify;
}

location = /batch {
    smtp_verify_batch;
}
--- smtp
mx1 11 pipelining
    rcpt bulk*: wait 150ms ; default
    rcpt one*: wait 4s ; default
--- init
TestVerify::Clients::start('/verify?email=one@ok.test');
TestVerify::Clients::worker_at($TestVerify::Env::SmtpPort);
--- more_headers
Content-Type: text/plain
--- request eval
"POST /batch\n" . CORE::join '', map { "bulk$_\@ok.test\n" } 1 .. 8
--- response_body_like: "complete":true
--- smtp_check eval
sub {
    my ($sessions) = @_;

    my ($one) = grep { grep { $_->{e} eq 'turn' && "@{ $_->{d} }" =~ /<one@/ }
                       @{ $_->{events} } } @$sessions;

    # none of the list's beside the other one

    return TestVerify::Clients::reasons() eq 'mailbox_not_found 1'
           && main::most($sessions) == 1 && @$sessions == 9
           && !grep { $_ != $one && $_->{t} < main::last_said($one) } @$sessions;
}
--- linger: 6s



=== TEST 33: sessions let go in time, greeted together
--- not_slower
--- http_config
smtp_verify_throttle zone=limits conns=20 rate=10/s burst=1;
smtp_verify_greeting_timeout 5s;
smtp_verify_timeout 10s;
--- smtp eval
"mx1 11 pipelining users=john\n" . main::together('banner', 12, 1600, 100)
--- init
TestVerify::Clients::start('/verify?email=jane%d@ok.test', clients => 11);
--- address: jane@ok.test
--- json
reason: mailbox_not_found
--- smtp_check eval
sub {
    my ($sessions) = @_;

    return TestVerify::Clients::reasons() eq 'mailbox_not_found 11'
           && @$sessions == 12 && main::over(10, 1, $sessions) < 1.5;
}
--- linger: 6s



=== TEST 34: and where a recipient is said alone
--- not_slower
--- http_config
smtp_verify_throttle zone=limits conns=20 rate=10/s burst=1;
smtp_verify_read_timeout 5s;
smtp_verify_timeout 10s;
--- smtp eval
"mx1 11 users=john\n" . main::together('mail', 12, 1600, 100)
--- init
TestVerify::Clients::start('/verify?email=jane%d@ok.test', clients => 11);
--- address: jane@ok.test
--- json
reason: mailbox_not_found
--- smtp_check eval
sub {
    my ($sessions) = @_;

    return TestVerify::Clients::reasons() eq 'mailbox_not_found 11'
           && @$sessions == 12 && main::over(10, 1, $sessions) < 1.5;
}
--- linger: 6s



=== TEST 35: no time left to wait for that
--- not_slower
--- http_config
smtp_verify_throttle zone=limits conns=20 rate=2/s burst=0;
smtp_verify_greeting_timeout 5s;
smtp_verify_timeout 2800ms;
--- config
location = /verify {
    smtp_verify;
}

location = /counters {
    smtp_verify_counters;
}
--- smtp eval
"mx1 11 pipelining users=john\n" . main::together('banner', 4, 2000, 500)
--- init
TestVerify::Clients::start('/verify?email=jane%d@ok.test', clients => 4);
TestVerify::Clients::finish();
Time::HiRes::sleep(0.5);
--- request
GET /counters
--- no_shape
--- json
throttles.limits.sessions: 0
throttles.limits.waiting: 0
throttles.limits.open: 0
throttles.limits.granted: 4
throttles.limits.throttled: 2
throttles.limits.delayed: 1
--- smtp_check eval
sub {
    my ($sessions) = @_;

    my @answers = TestVerify::Clients::answers();
    my @late = grep { $_->{json}{reason} eq 'throttled' } @answers;

    return TestVerify::Clients::reasons(@answers)
               eq 'mailbox_not_found 2, throttled 2'
           && main::over(2, 0, $sessions) < 0.5 && @$sessions == 4
           && 2 == grep({ $_->{json}{blame} eq 'local'
                          && $_->{json}{status} eq 'unknown'
                          && $_->{json}{retry_after} >= 1
                          && $_->{json}{checks}{smtp}{connected}
                          && $_->{json}{checks}{smtp}{stage} eq 'ehlo'
                          && !defined $_->{json}{checks}{smtp}{response_code}
                          && $_->{took} < 3.2 } @late);
}
--- linger: 6s



=== TEST 36: those who wait for that in a worker that is killed
--- not_slower
--- http_config
smtp_verify_throttle zone=limits conns=20 rate=2/s burst=0;
smtp_verify_greeting_timeout 5s;
smtp_verify_timeout 10s;
--- config
location = /verify {
    smtp_verify;
}

location = /counters {
    smtp_verify_counters;
}
--- smtp eval
"mx1 11 pipelining users=john\n" . main::together('banner', 6, 2600, 500)
--- init
TestVerify::Clients::start('/verify?email=jane%d@ok.test', clients => 6);
TestVerify::Clients::kill_worker_at($TestVerify::Env::SmtpPort, 3.3);
sleep 7;
--- request eval
['GET /verify?email=jane@ok.test', 'GET /counters']
--- no_shape
--- json
reason: mailbox_not_found
response_time_ms: <= 450
--
throttles.limits.sessions: <= 1
throttles.limits.waiting: 0
throttles.limits.delayed: >= 1
--- smtp_check eval
sub {
    my ($sessions) = @_;

    return main::over(2, 0, $sessions) < 0.5;
}
--- log_allow
exited on signal 9
--- linger: 6s



=== TEST 37: late greetings, kept sessions and random recipients
--- not_slower
--- http_config
smtp_verify_throttle zone=limits conns=12 rate=20/s burst=2 rejects=1000/h;
smtp_verify_keepalive 8 timeout=1s;
smtp_verify_catch_all eager;
smtp_verify_greeting_timeout 5s;
smtp_verify_timeout 10s;
--- dns eval
"+default\n" . CORE::join '', map { "d$_.test MX 10 mx1.ok.test\n" } 1 .. 40
--- smtp eval
"mx1 11 pipelining accept\n" . main::together('banner', 12, 1100, 50)
. "    rcpt 0*@*: default\n    rcpt *: 550 5.1.1 No such user\n"
--- init
TestVerify::Clients::start('/verify?email=0@d%d.test', clients => 40);
--- address: 0@d1.test
--- json
reason: accepted
--- smtp_check eval
sub {
    my ($sessions) = @_;

    return TestVerify::Clients::reasons() eq 'accepted 40'
           && main::over(20, 2, $sessions) < 2.5;
}
--- linger: 8s



=== TEST 38: a server that does not wait as long
--- not_slower
--- http_config
smtp_verify_throttle zone=limits conns=20 rate=1/s burst=0;
smtp_verify_greeting_timeout 5s;
smtp_verify_timeout 10s;
--- smtp
mx1 11 pipelining users=john
    banner@1: wait 800ms ; default
    ehlo@2: default ; wait 200ms ; 421 4.4.2 Idle for too long ; close
--- init
TestVerify::Clients::start('/verify?email=jane%d@ok.test', clients => 3);
TestVerify::Clients::finish();
--- address: jane@ok.test
--- json
reason: mailbox_not_found
--- smtp_check eval
sub {
    my ($sessions) = @_;

    return TestVerify::Clients::reasons() eq 'mailbox_not_found 2, throttled 1'
           && main::over(1, 0, $sessions) < 0.5;
}
--- linger: 6s
