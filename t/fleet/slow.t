# A real Valkey or Redis that answers, but late: machines go on sharing, and no
# request waits for longer than the timeout.

use lib 't/lib';
use TestVerify 'no_plan';
use TestVerify::Clients;
use TestVerify::Relay;
use TestVerify::Valkey qw( command start freeze thaw );

use Time::HiRes qw( sleep time );

master_on();
no_long_string();

# The fleets "a" and "b" have one prefix and one key: they stand for two
# machines.  The way of both to the store is as slow as a block wants it to be.

sub fleet
{
    my ($name) = @_;

    return "smtp_verify_cache_zone zone=$name:1m;\n"
         . "smtp_verify_fleet $name {\n"
         . "server \$TEST_NGINX_RELAY;\n"
         . "key \$TEST_NGINX_FLEET_KEY;\n"
         . "prefix test; zones $name; timeout 50ms;\n}\n";
}

add_block_preprocessor(sub {
    my ($block) = @_;

    $block->set_value(http_config => patient(fleet('a') . fleet('b'))
        . "smtp_verify_throttle_zone zone=t:1m;\n");
    $block->set_value(config => '
        location = /verify { smtp_verify; smtp_verify_cache a; }
        location = /limited {
            smtp_verify;
            smtp_verify_cache a;
            smtp_verify_throttle zone=t conns=1 ip_conns=1;
        }
        location = /b { smtp_verify; smtp_verify_cache b; }
        location = /status { smtp_verify_status; }');

    TestVerify::Relay::delay(0);
    start();
    command('FLUSHALL');
});


sub up { TestVerify::Valkey::subscribers('test:erased', 2) }

# "b" asks, and what it has found is in the store

sub found
{
    my ($email) = @_;

    TestVerify::Clients::ask("/b?email=$email");
    TestVerify::Clients::until_true(sub {
        grep { /:e:1:/ } @{ command('KEYS', '*') } });
}

sub status { (TestVerify::Clients::ask('/status'))[0]{json} }

# how many questions n requests cause, one after the other

our $Serial = 0;

sub asked
{
    my ($n) = @_;

    my $before = status()->{fleet_asked};

    for (1 .. $n) {
        $Serial++;
        TestVerify::Clients::ask("/verify?email=jim$Serial\@ok.test");
    }

    return status()->{fleet_asked} - $before;
}


preset(smtp => "mx1 11 pipelining users=john,jane\n");

run_tests();

__DATA__

=== TEST 1: a moment in which the store was late ends when it answers again
--- init
main::up();
TestVerify::Valkey::freeze();
TestVerify::Clients::start('/b?email=jim%d@ok.test', clients => 8);
Time::HiRes::sleep(0.2);
TestVerify::Valkey::thaw();
Time::HiRes::sleep(0.1);
--- request eval
["GET /verify?email=jane\@ok.test", "GET /b?email=jane\@ok.test"]
--- json
cached: false
--
cached: true
--- smtp_check eval
sub { TestVerify::Clients::reasons() eq 'mailbox_not_found 8' }



=== TEST 2: a claim that is told too late holds for those who ask later
--- init
main::up();
TestVerify::Valkey::freeze();
TestVerify::Clients::start('/verify?email=john@ok.test');
Time::HiRes::sleep(0.2);
TestVerify::Valkey::thaw();
Time::HiRes::sleep(0.2);
--- smtp
mx1 11 pipelining users=john
    rcpt john@*: wait 900ms ; default
--- request
GET /b?email=john@ok.test
--- json
reason: accepted
cached: true
--- not_within: 200ms
--- smtp_sessions: 1
--- smtp_check eval
sub {
    (TestVerify::Clients::answers())[0]{json}{reason} eq 'accepted'
        && !grep { /^test:c:/ } @{ TestVerify::Valkey::command('KEYS', '*') };
}



=== TEST 3: one that is always late is asked one question at a time
--- init
main::up();
TestVerify::Relay::delay(600);
main::asked(1);
Time::HiRes::sleep(0.6);
$main::Slow = main::asked(20);
TestVerify::Relay::delay(0);
Time::HiRes::sleep(0.7);
main::asked(1);
$main::Fast = main::asked(5);
--- request
GET /verify?email=john@ok.test
--- json
reason: accepted
--- smtp_check eval
sub {
    Test::More::diag("$main::Slow and $main::Fast questions");
    return $main::Slow >= 1 && $main::Slow <= 10 && $main::Fast >= 5;
}



=== TEST 4: a result that is told too late saves the conversation that was about to begin
--- not_slower
--- dns
+default
ok.test MX ! delay 1400ms
--- init
main::up();
main::found('john@ok.test');
TestVerify::Relay::delay(200);
--- request
GET /verify?email=john@ok.test
--- json
reason: accepted
cached: true
response_time_ms: <= 1500
--- smtp_sessions: 1
--- smtp_check eval
sub { !grep { /^test:c:/ } @{ TestVerify::Valkey::command('KEYS', '*') } }



=== TEST 5: likewise where a probe has a place of the throttle to wait for
--- smtp
mx1 11 pipelining users=john,jane
    rcpt jane@*: wait 2500ms ; default
--- init
main::up();
main::found('john@ok.test');
TestVerify::Clients::start('/limited?email=jane@ok.test');
Time::HiRes::sleep(0.3);
TestVerify::Relay::delay(200);
--- request
GET /limited?email=john@ok.test
--- json
reason: accepted
cached: true
response_time_ms: <= 1500
--- smtp_sessions: 2
--- smtp_check eval
sub { TestVerify::Clients::reasons() eq 'accepted 1' }
