# One client's questions leave room for those of others: probes, and places
# for those who wait.

use lib 't/lib';
use TestVerify 'no_plan';
use TestVerify::Clients;
use TestVerify::Env;
use Digest::SHA qw( sha256_hex );

master_on();
worker_connections(1024);

preset_http(<<'END');
smtp_verify_connect_timeout 4s;
smtp_verify_greeting_timeout 12s;
smtp_verify_read_timeout 12s;
smtp_verify_timeout 12s;
smtp_verify_max_probes 8;
END

preset(smtp => <<'END', dns => <<'END');
mx1 11 pipelining users=john
    rcpt slow*: wait 600ms ; default
    rcpt grey*: 451 4.7.1 Greylisted, please try again in 60 seconds
mx2 12
    banner: hang
END
ok.test MX 10 mx1.ok.test
mx1.ok.test A 11
tar.test MX 10 mx2.tar.test
mx2.tar.test A 12
END


our $Tokens = join '', map { "$_ sha256:" . sha256_hex("$_-token") . "\n" }
              'alice', 'mallory';


# others, from an address of their own

sub others
{
    my ($path, %how) = @_;

    TestVerify::Clients::start($path, clients => 12, from => '127.0.0.66',
                               abort => 6, %how);
}


# until they have so many sessions

sub until_asked
{
    my ($n) = @_;

    my $port = sprintf ':%04X', $TestVerify::Env::SmtpPort;

    TestVerify::Clients::wait_for(sub {
        open my $in, '<', '/proc/net/tcp' or return 1;

        return $n <= grep { my @f = split; $f[2] =~ /$port$/ && $f[3] eq '01' }
                     <$in>;
    });
}


run_tests();

__DATA__

=== TEST 1: who only waits to ask once more holds no probe
--- init
main::others('/verify?email=grey%d@ok.test&wait=600');
Time::HiRes::sleep(1.5);
--- address
john@ok.test
jane@ok.test
--- json
reason: accepted
--
reason: mailbox_not_found
--- smtp_check eval
sub {
    my @told = TestVerify::Clients::answers();

    # two wait for the same server, a quarter of eight; the others that had a
    # probe are told what was found

    return TestVerify::Clients::count(sub { $_[0]{json}{reason}
                                            // $_[0]{json}{code} }, @told)
           =~ /^greylisted (?:6, too_many_probes 4|10)$/;
}



=== TEST 2: a client that asks tarpits, and others
--- init
main::others('/verify?email=a%d@tar.test');
main::until_asked(8);
--- address
john@ok.test
jane@ok.test
--- json
reason: accepted
response_time_ms: <= 3000
--
reason: mailbox_not_found
response_time_ms: <= 3000



=== TEST 3: the same client has no more than it had
--- init
TestVerify::Clients::start('/verify?email=a%d@tar.test', clients => 12,
                           abort => 6);
main::until_asked(8);
--- address: john@ok.test
--- error_code: 503
--- problem
code: too_many_probes



=== TEST 4: nothing is taken from anybody unless it is needed
--- init
main::others('/verify?email=a%d@tar.test', clients => 7);
main::until_asked(7);
--- address: john@ok.test
--- json
reason: accepted
--- smtp_check eval
sub { TestVerify::Clients::answers() == 0 }



=== TEST 5: what was given up is told so, and when to come again
--- init
main::others('/verify?email=a%d@tar.test', clients => 8);
main::until_asked(8);
--- address: john@ok.test
--- json
reason: accepted
--- smtp_check eval
sub {
    my @told = TestVerify::Clients::answers();

    return @told == 1 && $told[0]{json}{reason} eq 'throttled'
           && $told[0]{json}{blame} eq 'local' && $told[0]{json}{retry_after};
}



=== TEST 6: a gate
--- config
location = /app {
    return 200 "in\n";
}

location = /signup {
    smtp_verify_gate $arg_email required;
    proxy_pass http://127.0.0.1:$server_port/app;
}

location = /strict {
    smtp_verify_gate $arg_email required on_error=deny;
    proxy_pass http://127.0.0.1:$server_port/app;
}
--- init
main::others('/signup?email=a%d@tar.test');
main::until_asked(8);
--- request eval
['GET /signup?email=jane@ok.test', 'GET /strict?email=john@ok.test']
--- error_code eval
[422, 200]



=== TEST 7: a list
--- config
location = /verify {
    smtp_verify;
}

location = /batch {
    smtp_verify_batch;
}
--- init
main::others('/verify?email=a%d@tar.test');
main::until_asked(8);
--- request eval
"POST /batch\n" . CORE::join '', map { "l$_\@ok.test\n" } 1 .. 20
--- more_headers
Content-Type: text/plain
--- no_shape
--- within: 6s
--- response_body_like: "answered":20,.*"reason":\{"mailbox_not_found":20\}



=== TEST 8: a list that gives up probes asks these addresses anew
--- config
location = /verify {
    smtp_verify;
}

location = /batch {
    smtp_verify_batch;
    smtp_verify_batch_domain_probes 100;
}
--- init
main::others('/verify?email=slow%d@ok.test', clients => 3, after => 0.4);
--- request eval
"POST /batch\n" . CORE::join '', map { "slow$_\@ok.test\n" } 1 .. 40
--- more_headers
Content-Type: text/plain
--- no_shape
--- response_body_like: "answered":40,.*"reason":\{"mailbox_not_found":40\}
--- smtp_check eval
sub { TestVerify::Clients::reasons() eq 'mailbox_not_found 3' }



=== TEST 9: clients are told apart by what the operator says
--- http_config
smtp_verify_client_share key=$http_x_user;
--- init
TestVerify::Clients::start('/verify?email=a%d@tar.test', clients => 12,
                           abort => 6, headers => 'X-User: mallory');
main::until_asked(8);
--- more_headers
X-User: alice
--- address: john@ok.test
--- json
reason: accepted



=== TEST 10: one client by that, whatever its address
--- http_config
smtp_verify_client_share key=$http_x_user;
--- init
main::others('/verify?email=a%d@tar.test', headers => 'X-User: mallory');
main::until_asked(8);
--- more_headers
X-User: mallory
--- address: john@ok.test
--- error_code: 503
--- problem
code: too_many_probes



=== TEST 11: clients are not told apart
--- http_config
smtp_verify_client_share off;
--- init
main::others('/verify?email=a%d@tar.test');
main::until_asked(8);
--- address: john@ok.test
--- error_code: 503
--- problem
code: too_many_probes



=== TEST 12: no client has more than a part, even alone
--- http_config
smtp_verify_client_share 25%;
--- init
main::others('/verify?email=a%d@tar.test');
main::until_asked(2);
--- address: john@ok.test
--- json
reason: accepted
--- smtp_check eval
sub {
    return TestVerify::Clients::count(sub { $_[0]{code} },
                                      TestVerify::Clients::answers())
           eq '503 10';
}



=== TEST 13: owners of tokens, where these are needed
--- user_files eval: ">>> tokens\n$::Tokens"
--- http_config
smtp_verify_tokens $TEST_NGINX_SERVER_ROOT/html/tokens;
--- init
TestVerify::Clients::start('/verify?email=a%d@tar.test', clients => 12,
    abort => 6, headers => 'Authorization: Bearer mallory-token');
main::until_asked(8);
--- more_headers
Authorization: Bearer alice-token
--- address: john@ok.test
--- json
reason: accepted



=== TEST 14: whoever shares a question that is given up asks by himself
--- http_config
smtp_verify_cache_zone zone=results:1m;
smtp_verify_cache results;
--- smtp
mx1 11 pipelining users=john
    rcpt john@*: wait 1500ms ; default
mx2 12
    banner: hang
--- init
main::others('/verify?email=a%d@tar.test', clients => 7);
main::others('/verify?email=john@ok.test', clients => 1, after => 0.1);
main::until_asked(8);
TestVerify::Clients::start('/verify?email=john@ok.test', clients => 1,
                           from => '127.0.0.77');
Time::HiRes::sleep(0.4);
--- address: jane@ok.test
--- json
reason: mailbox_not_found
--- smtp_check eval
sub {
    my @told = grep { ($_->{json}{email} // '') eq 'john@ok.test' }
               TestVerify::Clients::answers();

    return TestVerify::Clients::reasons(@told)
           =~ /^accepted (?:2|1, throttled 1)$/;
}



=== TEST 15: what is no share
--- http_config
smtp_verify_client_share 0%;
--- must_die
--- error_log
invalid parameter "0%" in "smtp_verify_client_share" directive



=== TEST 16: nor this
--- http_config
smtp_verify_client_share key=;
--- must_die
--- error_log
invalid parameter "key=" in "smtp_verify_client_share" directive



=== TEST 17: the total of the throttle, across workers
--- http_config
smtp_verify_throttle_zone zone=limits:1m;
smtp_verify_throttle zone=limits conns=100 ip_conns=100 total=8 rate=1000/s burst=100;
--- config
location = /verify {
    smtp_verify;
    smtp_verify_max_probes 100;
}
--- init
main::others('/verify?email=a%d@tar.test', clients => 40);
main::until_asked(8);
--- address
john@ok.test
jane@ok.test
jim@ok.test
--- json
reason: accepted
response_time_ms: <= 3000
--
reason: mailbox_not_found
response_time_ms: <= 3000
--
reason: mailbox_not_found
response_time_ms: <= 3000



=== TEST 18: one client alone has all of it
--- http_config
smtp_verify_throttle_zone zone=limits:1m;
smtp_verify_throttle zone=limits conns=100 ip_conns=100 total=8 wait=400ms rate=1000/s burst=100;
--- config
location = /verify {
    smtp_verify;
    smtp_verify_max_probes 100;
}
--- init
TestVerify::Clients::start('/verify?email=a%d@tar.test', clients => 40,
                           abort => 6);
main::until_asked(8);
--- address: john@ok.test
--- json
reason: throttled



=== TEST 19: a list, too, has its share of the total
--- http_config
smtp_verify_throttle_zone zone=limits:1m;
smtp_verify_throttle zone=limits conns=100 ip_conns=100 total=8 rate=1000/s burst=100 rejects=1000/h;
--- config
location = /verify {
    smtp_verify;
    smtp_verify_max_probes 100;
}

location = /batch {
    smtp_verify_batch;
    smtp_verify_max_probes 100;
}
--- init
main::others('/verify?email=a%d@tar.test', clients => 40);
main::until_asked(8);
--- request eval
"POST /batch\n" . CORE::join '', map { "l$_\@ok.test\n" } 1 .. 20
--- more_headers
Content-Type: text/plain
--- no_shape
--- within: 6s
--- response_body_like: "answered":20,.*"reason":\{"mailbox_not_found":20\}



=== TEST 20: a full line has room for those who have few in it
--- http_config
smtp_verify_throttle_zone zone=limits:1m;
smtp_verify_throttle zone=limits conns=1 ip_conns=1 queue=4 wait=8s rate=1000/s burst=100;
--- config
location = /verify {
    smtp_verify;
    smtp_verify_max_probes 100;
}
--- smtp
mx1 11 pipelining users=john
    rcpt: wait 300ms ; default
--- init
main::others('/verify?email=a%d@ok.test', clients => 20);
main::until_asked(1);
--- address: john@ok.test
--- json
reason: accepted
response_time_ms: <= 2000



=== TEST 21: clients take turns in a line
--- http_config
smtp_verify_throttle_zone zone=limits:1m;
smtp_verify_throttle zone=limits conns=1 ip_conns=1 wait=10s rate=1000/s burst=100;
--- config
location = /verify {
    smtp_verify;
    smtp_verify_max_probes 100;
}
--- smtp
mx1 11 pipelining users=john
    rcpt: wait 300ms ; default
--- init
main::others('/verify?email=a%d@ok.test', clients => 30, abort => 5);
main::until_asked(1);
--- address: john@ok.test
--- json
reason: accepted
response_time_ms: <= 2000
--- linger: 8s



=== TEST 22: a client's idle sessions are none of his share
--- http_config
smtp_verify_client_share 50%;
smtp_verify_throttle_zone zone=limits:1m;
smtp_verify_throttle zone=limits conns=100 total=4 rate=1000/s burst=100;
smtp_verify_keepalive 8 timeout=4s;
--- smtp
mx1 11,12,13 pipelining users=john
--- dns
a.test MX 10 mx.a.test
mx.a.test A 11
b.test MX 10 mx.b.test
mx.b.test A 12
c.test MX 10 mx.c.test
mx.c.test A 13
--- address
john@a.test
john@b.test
john@c.test
--- json
reason: accepted
response_time_ms: <= 1500
--- linger: 8s



=== TEST 23: nor is an idle session that another client uses, which is that one's
--- http_config
smtp_verify_client_share 50%;
smtp_verify_throttle_zone zone=limits:1m;
smtp_verify_throttle zone=limits conns=100 total=2 rate=1000/s burst=100;
smtp_verify_keepalive 8 timeout=8s;
--- smtp
mx1 11 pipelining users=john
    rcpt slow*: wait 3s ; default
mx2 12 pipelining users=john
--- dns
a.test MX 10 mx.a.test
mx.a.test A 11
b.test MX 10 mx.b.test
mx.b.test A 12
--- init
TestVerify::Clients::start('/verify?email=john@a.test');
TestVerify::Clients::finish();
main::others('/verify?email=slow@a.test', clients => 1);
Time::HiRes::sleep(0.5);
--- address: john@b.test
--- json
reason: accepted
response_time_ms: <= 1500
--- linger: 12s



=== TEST 24: idle sessions leave room in the total
--- http_config
smtp_verify_throttle_zone zone=limits:1m;
smtp_verify_throttle zone=limits conns=100 total=16 rate=1000/s burst=100;
smtp_verify_keepalive 8 timeout=6s;
--- config
location = /verify {
    smtp_verify;
    smtp_verify_max_probes 100;
}

location = /counters {
    smtp_verify_counters;
}
--- smtp
mx1 11,12,13,14,15,16,17,18,19,20,21,22,23,24 pipelining users=john
--- dns eval
CORE::join '', map { "d$_.test MX 10 mx.d$_.test\nmx.d$_.test A " . ($_ + 10) . "\n" } 1 .. 14
--- init
for my $i (1 .. 14) {
    TestVerify::Clients::start("/verify?email=john\@d$i.test");
    TestVerify::Clients::finish();
}
Time::HiRes::sleep(0.5);
--- request
GET /counters
--- no_shape
--- json
throttles.limits.sessions: 9
throttles.limits.waiting: 0
--- linger: 10s
