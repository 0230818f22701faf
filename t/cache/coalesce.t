# One conversation for all who ask the same, in all workers.

use lib 't/lib';
use TestVerify 'no_plan';
use TestVerify::Clients;

master_on();
workers(2);
worker_connections(4096);

preset_http(<<'END');
smtp_verify_cache_zone zone=results:1m;
smtp_verify_cache results;
smtp_verify_connect_timeout 2s;
smtp_verify_greeting_timeout 4s;
smtp_verify_read_timeout 4s;
smtp_verify_timeout 10s;
add_header X-Cache $smtp_verify_cache_status;
add_header X-Pid $pid;
END

run_tests();

__DATA__

=== TEST 1: a thousand callers, one conversation
--- smtp
mx1 11 pipelining users=john
    rcpt john@*: wait 1500ms ; default
--- init
TestVerify::Clients::start('/verify?email=john@ok.test', clients => 1000);
--- address: john@ok.test
--- json
verdict: deliverable accepted
cached: false
--- smtp_sessions: 1
--- smtp_check eval
sub {
    my @answers = TestVerify::Clients::answers();

    my $reasons = TestVerify::Clients::count(
        sub { $_[0]{json}{reason} . ' ' . $_[0]{json}{email} }, @answers);
    my $pids = TestVerify::Clients::count(
        sub { $_[0]{header}{'X-Pid'} }, @answers);
    my $cache = TestVerify::Clients::count(
        sub { $_[0]{header}{'X-Cache'} }, @answers);


    return $reasons eq 'accepted john@ok.test 1000' && $pids =~ /,/
           && $cache =~ /COALESCED \d{2,}/;
}



=== TEST 2: what is not to be kept is shared as well
--- smtp
mx1 11 users=john
    rcpt *: wait 700ms ; 451 4.3.0 Temporary system problem
--- init
TestVerify::Clients::start('/verify?email=john@ok.test', clients => 200);
--- verify
smtp_verify_cache_valid unknown 0;
--- address: john@ok.test
--- json
status: unknown
smtp.response_code: 451
cached: false
--- smtp_sessions: 1
--- smtp_check eval
sub {
    my @answers = TestVerify::Clients::answers();

    return TestVerify::Clients::count(
               sub { $_[0]{json}{checks}{smtp}{response_code} }, @answers)
           eq '451 200'
           && TestVerify::Clients::count(sub { $_[0]{header}{'X-Pid'} },
                                         @answers) =~ /,/;
}



=== TEST 3: an unknown that cannot take a fact's place is told to all who waited
--- smtp
mx1 11 users=john
    rcpt@2 *: wait 2500ms ; 451 4.3.0 Temporary system problem
--- verify
smtp_verify_cache_bypass $arg_fresh;
--- request eval
['GET /verify?email=john@ok.test',
 'GET /verify?email=john@ok.test&fresh=1',
 'GET /verify?email=john@ok.test']
--- init
TestVerify::Clients::start('/verify?email=john@ok.test&fresh=1',
                           clients => 100, after => 0.5);
--- json
reason: accepted
cached: false
--
smtp.response_code: 451
cached: false
--
reason: accepted
cached: true
--- smtp_check eval
sub {
    my @answers = TestVerify::Clients::answers();
    my $codes = TestVerify::Clients::count(
        sub { $_[0]{json}{checks}{smtp}{response_code} }, @answers);

    return $codes =~ /451/;
}



=== TEST 4: the one who asked first goes away
--- smtp
mx1 11 pipelining users=john
    rcpt john@*: wait 2500ms ; default
--- init
TestVerify::Clients::start('/verify?email=john@ok.test', abort => 1.5);
TestVerify::Clients::worker_at($TestVerify::Env::SmtpPort);
TestVerify::Clients::start('/verify?email=john@ok.test', clients => 50);
--- address: john@ok.test
--- json
reason: accepted
cached: false
--- smtp_sessions: 1
--- smtp_check eval
sub {
    return TestVerify::Clients::reasons()
           eq 'accepted 50';
}



=== TEST 5: all go away: the conversation ends
--- not_slower
--- smtp
mx1 11 pipelining users=john
    rcpt john@*: wait 5s ; default
--- init
TestVerify::Clients::start('/verify?email=john@ok.test', clients => 20,
                           abort => 0.4);
Time::HiRes::sleep(2.5);
--- config
location = /verify {
    smtp_verify;
}

location = /counters {
    smtp_verify_counters;
}
--- request
GET /counters
--- response_headers
Content-Type: application/json
Cache-Control: no-store
! X-Request-ID
--- no_shape
--- json
now.probes: 0
now.waiting: 0
abandoned: 1
caches.results.claims: 0
--- smtp_sessions: 1



=== TEST 6: the worker that asks is killed, the other takes over
--- smtp
mx1 11 pipelining users=john
    rcpt@1 john@*: wait 6s ; default
--- init
TestVerify::Clients::start('/verify?email=john@ok.test', clients => 100);
TestVerify::Clients::kill_worker_at($TestVerify::Env::SmtpPort, 0.6);
TestVerify::Clients::finish();
--- config
location = /verify {
    smtp_verify;
}

location = /counters {
    smtp_verify_counters;
}
--- request eval
['GET /verify?email=john@ok.test', 'GET /counters']
--- no_shape
--- json
reason: accepted
cached: true
--
now.probes: 0
now.waiting: 0
caches.results.claims: 0
caches.results.resets: 0
--- log_allow
exited on signal 9
--- linger: 8s
--- smtp_sessions: 2
--- smtp_check eval
sub {
    my $reasons = TestVerify::Clients::reasons();

    return $reasons =~ /^accepted \d+, none \d+$/;
}



=== TEST 7: each keeps its own deadline
--- not_slower
--- smtp
mx1 11 pipelining users=john
    rcpt john@*: wait 3s ; default
--- init
TestVerify::Clients::start('/long?email=john@ok.test');
TestVerify::Clients::worker_at($TestVerify::Env::SmtpPort);
--- config
location = /verify {
    smtp_verify;
    smtp_verify_timeout 500ms;
}

location = /long {
    smtp_verify;
}
--- request eval
['GET /verify?email=john@ok.test',
 ["POST /verify\nemail=", { value => 'john@ok.test', delay_before => 4 }]]
--- more_headers
Content-Type: application/x-www-form-urlencoded
--- json
verdict: unknown pending
blame: local
retry_after: >= 1
checks.syntax: true
response_time_ms: <= 1500
--
reason: accepted
cached: true
--- smtp_sessions: 1



=== TEST 8: one who has more time than the one who asked first
--- smtp
mx1 11 pipelining users=john
    rcpt@1 john@*: wait 5s ; default
--- init
TestVerify::Clients::start('/short?email=john@ok.test');
TestVerify::Clients::worker_at($TestVerify::Env::SmtpPort);
--- config
location = /verify {
    smtp_verify;
}

location = /short {
    smtp_verify;
    smtp_verify_timeout 3s;
}
--- address: john@ok.test
--- linger: 8s
--- json
reason: accepted
cached: false
--- smtp_check eval
sub {
    return TestVerify::Clients::reasons()
           eq 'timeout 1';
}



=== TEST 9: a reload keeps what is there, and what is under way
--- smtp
mx1 11 pipelining users=john,jane
    rcpt jane@*: wait 1s ; default
--- init
TestVerify::Clients::start('/verify?email=jane@ok.test', clients => 20,
                           after => 0.4);
--- signal: 800ms HUP
--- request eval
['GET /verify?email=john@ok.test',
 ["POST /verify\nemail=", { value => 'john@ok.test', delay_before => 1.2 }],
 'GET /verify?email=jane@ok.test']
--- more_headers
Content-Type: application/x-www-form-urlencoded
--- json
reason: accepted
cached: false
--
reason: accepted
cached: true
--
reason: accepted
--- smtp_sessions: 2
--- smtp_check eval
sub {
    return TestVerify::Clients::reasons()
           eq 'accepted 20';
}



=== TEST 10: a reload with little patience: all are answered before the end
--- main_config
worker_shutdown_timeout 1s;
--- smtp
mx1 11 pipelining users=john
    rcpt john@*: wait 3s ; default
--- init
TestVerify::Clients::start('/verify?email=john@ok.test', clients => 400);
--- signal: 700ms HUP
--- address: john@ok.test
--- json
reason: interrupted
blame: local
retry_after: >= 1
--- smtp_sessions: 1
--- smtp_check eval
sub {
    my @answers = TestVerify::Clients::answers();

    return TestVerify::Clients::reasons(@answers)
           eq 'interrupted 400'
           && TestVerify::Clients::count(sub { $_[0]{header}{'X-Pid'} },
                                         @answers) =~ /,/;
}



=== TEST 11: results and sessions are counted
--- smtp
mx1 11 pipelining users=john
--- config
location = /verify {
    smtp_verify;
}

location = /counters {
    smtp_verify_counters;
}
--- request eval
['GET /verify?email=john@ok.test', 'GET /verify?email=john@ok.test',
 'GET /counters']
--- no_shape
--- json
reason: accepted
--
reason: accepted
--
requests: 2
cache_hits: 1
probes: 1
sessions_opened: 1
verdicts.accepted: 2
