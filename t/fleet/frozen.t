# A machine of a fleet that stands still or is killed while it holds what others
# need, with a real Valkey or Redis: they have it after a while, and it notices
# when it goes on.  Blocks of jobs are in machines.t.

use lib 't/lib';
use TestVerify 'no_plan';
use TestVerify::Clients;
use TestVerify::Edges;
use TestVerify::Fleet;
use TestVerify::Valkey qw( command start );

master_on();
workers(2);
no_long_string();

our $Slow = $TestVerify::Blocks::Slow;

# Two machines: the nginx of the block, at /a, and the one that stands still,
# at /b.

our $Http = '
    smtp_verify_cache_zone zone=results:1m;
    smtp_verify_throttle_zone zone=limits:1m;
    smtp_verify_greeting_timeout 20s;
    smtp_verify_read_timeout 20s;
    smtp_verify_timeout 30s;
    smtp_verify_catch_all off;
    smtp_verify_fleet edges {
        server $TEST_NGINX_VALKEY;
        key $TEST_NGINX_FLEET_KEY;
        prefix test; timeout 200ms;
        parts cache throttle;
    }';

add_block_preprocessor(sub {
    my ($block) = @_;

    my $limits = $block->limits // '';

    $limits .= ' rejects=9999/h' if $limits !~ /rejects/;
    $limits .= ' rate=1000/s burst=1000' if $limits !~ /rate/;

    $block->set_value(http_config => patient($Http));
    $block->set_value(config => "
        location = /a {
            smtp_verify;
            smtp_verify_cache results;
            smtp_verify_throttle zone=limits shared=out $limits;
        }
        location = /b {
            proxy_read_timeout 60s;
            proxy_pass http://\$TEST_NGINX_EDGE1/a;
        }");

    TestVerify::Edges::stop();
    start();
    command('FLUSHALL');
    command('HSET', 'test:machines', 'since', 1);

    TestVerify::Edges::conf(patient($Http), $block->config);
    TestVerify::Edges::start(1);

    $block->set_value(init => "TestVerify::Fleet::alive(2);\n"
                              . "Time::HiRes::sleep(1.2);\n"
                              . $block->init);
});


# asks the machine for so many addresses, which then stands still for so long

sub stands_still
{
    my ($name, $clients, $seconds) = @_;

    TestVerify::Clients::start("/b?email=$name%d\@ok.test",
                               clients => $clients);
    Time::HiRes::sleep(0.7 * $Slow);
    TestVerify::Edges::freeze(1);
    TestVerify::Fleet::later($seconds, sub { TestVerify::Edges::thaw(1) });
}

# what a machine answers about so many addresses

sub reasons
{
    my ($machine, $name, $clients) = @_;

    return TestVerify::Clients::reasons(TestVerify::Clients::ask(
        "/$machine?email=$name%d\@ok.test", clients => $clients));
}

# what the store knows of the machine that was killed: in its last question it
# was granted so many tokens

sub had
{
    my ($n) = @_;

    my %seen = @{ command('HGETALL', 'test:machines') };
    delete @seen{qw( since clock )};
    my ($killed) = sort { $seen{$a} <=> $seen{$b} } keys %seen;

    Time::HiRes::sleep(0.5);
    command('HSET', $_, "g$killed", "1 $n")
        for @{ command('KEYS', 'test:t:*') };
}


preset(smtp => "mx1 11 pipelining\n");

run_tests();

__DATA__

=== TEST 1: its sessions count as long as it may have them
--- limits: conns=3
--- smtp
mx1 11 pipelining
    rcpt jim*: wait 1500ms ; default
    rcpt jack*: wait 150ms ; default
--- init
main::stands_still('jim', 3, 2);
TestVerify::Clients::start('/a?email=jack%d@ok.test', clients => 6);
--- request
GET /a?email=jane@ok.test
--- smtp_check eval
sub {
    main::is(TestVerify::Clients::reasons(), 'mailbox_not_found 9', 'answers');
    return TestVerify::Fleet::most($_[0]) == 3;
}



=== TEST 2: what it may have refused counts as refused
--- limits: rejects=20/h wait=4s
--- smtp
mx1 11 pipelining
    rcpt jim*: wait 1500ms ; default
--- init
main::stands_still('jim', 4, 5);
main::reasons('a', 'jack', 20);
TestVerify::Clients::finish();
main::reasons('b', 'jane', 20);
main::like(main::reasons('a', 'joe', 20), qr/^throttled 20$/, 'none are left');
--- request
GET /a?email=jill@ok.test
--- smtp_check eval
sub {
    my $answers = TestVerify::Clients::reasons();
    my $n = TestVerify::Fleet::refused($_[0]);
    main::is($answers, 'mailbox_not_found 4', 'no answer is lost');
    return $n >= 16 && $n <= 20;
}



=== TEST 3: others ask what it was asking, and wait for three seconds
--- smtp
mx1 11 pipelining
    rcpt: wait 1500ms ; default
--- init
main::stands_still('jim', 1, 6);
--- request
GET /a?email=jim1@ok.test
--- json
reason: mailbox_not_found
--- not_within: 3s
--- within: 8s
--- smtp_check eval
sub {
    main::is(TestVerify::Clients::reasons(), 'mailbox_not_found 1',
             'it has its own answer');
    return @{ $_[0] } == 2;
}



=== TEST 4: another one makes the trial, and its end is no news
--- limits: pause=2s
--- smtp
mx1 11 pipelining users=john,jane
    ehlo@1: 554 5.7.1 Your IP address is blocked using bl.example.net
    ehlo@2: 554 5.7.1 Your IP address is blocked using bl.example.net
    rcpt john*: wait 1500ms ; 421 4.4.2 Timeout exceeded ; close
--- init
main::reasons('b', 'u', 2);
Time::HiRes::sleep(2.2);
main::stands_still('john', 1, 9);
main::like(main::reasons('a', 'jane', 1), qr/circuit_open/, 'it tries');
TestVerify::Clients::until_true(sub {
    main::reasons('a', 'jane', 1) !~ /circuit_open/ }, 8);
TestVerify::Clients::finish();
Time::HiRes::sleep(0.5);
--- request
GET /a?email=jane@ok.test
--- json
reason: accepted



=== TEST 5: nobody gets what one has sent that is killed and started again
--- limits: conns=80 rate=10/s burst=30 wait=30s
--- init
main::reasons($_, 'x', 1) for 'a', 'b';
Time::HiRes::sleep(4);
TestVerify::Edges::kill(1);
TestVerify::Clients::start('/a?email=jack%d@ok.test', clients => 70);
main::had(40);
TestVerify::Edges::start(1);
Time::HiRes::sleep(0.5);
TestVerify::Clients::start('/b?email=jane%d@ok.test', clients => 2);
--- request
GET /a?email=jill@ok.test
--- no_session_check
--- smtp_check eval
sub {
    my $answers = TestVerify::Clients::reasons();
    main::is($answers, 'mailbox_not_found 72', 'answers');
    return TestVerify::Fleet::over(10, 30, $_[0]) <= 0.5;
}
