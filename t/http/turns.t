# Many questions in one turn of the event loop: they begin in turns, and none
# is lost, doubled or forgotten meanwhile.

use lib 't/lib';
use TestVerify 'no_plan';
use TestVerify::Clients;

master_on();
worker_connections(4096);

preset_http(<<'END');
smtp_verify_connect_timeout 4s;
smtp_verify_greeting_timeout 8s;
smtp_verify_read_timeout 8s;
smtp_verify_timeout 10s;
smtp_verify_cache_zone zone=results:1m;
add_header X-Cache $smtp_verify_cache_status;
END

preset(smtp => "mx1 11 pipelining users=john\n");

run_tests();

__DATA__

=== TEST 1: each is asked, and told of its own
--- init
TestVerify::Clients::start('/verify?email=u%d@ok.test', clients => 100,
                           at_once => 1);
TestVerify::Clients::finish();
--- address: john@ok.test
--- json
reason: accepted
--- smtp_sessions: 101
--- smtp_check eval
sub {
    my @answers = TestVerify::Clients::answers();
    my %email = map { ($_->{json}{email}, 1) } @answers;

    return TestVerify::Clients::reasons(@answers) eq 'mailbox_not_found 100'
           && (CORE::keys %email) == 100;
}



=== TEST 2: the same with a cache
--- verify
smtp_verify_cache results;
--- init
TestVerify::Clients::start('/verify?email=u%d@ok.test', clients => 100,
                           at_once => 1);
TestVerify::Clients::finish();
--- address: u77@ok.test
--- json
reason: mailbox_not_found
cached: true
--- smtp_sessions: 100
--- smtp_check eval
sub {
    my @answers = TestVerify::Clients::answers();

    return TestVerify::Clients::reasons(@answers) eq 'mailbox_not_found 100'
           && TestVerify::Clients::count(sub { $_[0]{header}{'X-Cache'} },
                                         @answers) eq 'MISS 100';
}



=== TEST 3: one address is one question, however many wait for its turn
--- verify
smtp_verify_cache results;
smtp_verify_cache_valid unknown 0;
--- smtp
mx1 11 pipelining users=john
    rcpt *: 451 4.3.0 Temporary system problem
--- init
TestVerify::Clients::start('/verify?email=u1@ok.test&n=%d', clients => 100,
                           at_once => 1);
TestVerify::Clients::finish();
--- address: john@ok.test
--- json
smtp.response_code: 451
--- smtp_sessions: 2
--- smtp_check eval
sub {
    return TestVerify::Clients::reasons() =~ /^\w+ 100$/;
}



=== TEST 4: who waits for a turn is counted where probes are limited
--- verify
smtp_verify_max_probes 20;
--- init
TestVerify::Clients::start('/verify?email=u%d@ok.test', clients => 100,
                           at_once => 1);
TestVerify::Clients::finish();
--- address: john@ok.test
--- json
reason: accepted
--- smtp_sessions: 21
--- smtp_check eval
sub {
    return TestVerify::Clients::count(sub { $_[0]{code} },
                                      TestVerify::Clients::answers())
           eq '200 20, 503 80';
}



=== TEST 5: who goes away gives up the turn, too
--- config
location = /verify {
    smtp_verify;
    smtp_verify_cache results;
}

location = /counters {
    smtp_verify_counters;
}
--- init
TestVerify::Clients::start('/verify?email=u%d@ok.test', clients => 100,
                           at_once => 1, abort => 0);
TestVerify::Clients::finish();
Time::HiRes::sleep(1);
--- request eval
['GET /verify?email=john@ok.test', 'GET /counters']
--- no_shape
--- json
reason: accepted
--
now.probes: 0
now.waiting: 0
caches.results.claims: 0



=== TEST 6: a list and others at once
--- init
TestVerify::Clients::start('/verify?email=u%d@ok.test', clients => 40,
                           at_once => 1);
--- config
location = /verify {
    smtp_verify;
}

location = /batch {
    smtp_verify_batch;
    smtp_verify_batch_probes 100;
    smtp_verify_batch_domain_probes 100;
}
--- request eval
"POST /batch\n" . CORE::join '', map { "l$_\@ok.test\n" } 1 .. 40
--- more_headers
Content-Type: text/plain
--- no_shape
--- response_body_like eval
qr/\A(?:\{[^\n]*"reason":"mailbox_not_found"[^\n]*\}\n){40}/
--- smtp_check eval
sub {
    return TestVerify::Clients::reasons() eq 'mailbox_not_found 40';
}
