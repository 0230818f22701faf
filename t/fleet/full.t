# What cannot be written to the store of a fleet, since too much waits for it.

use lib 't/lib';
use TestVerify::Env;

our ($Full, $suite);

BEGIN {
    ($Full, $suite) = ("$TestVerify::Env::Dir/full.$$", $$);
}

END { unlink $Full if $$ == $suite }

use TestVerify::Preload 'full_queue', TEST_FULL_QUEUE => $Full;
use TestVerify 'no_plan';
use TestVerify::Clients;
use TestVerify::Fleet qw( ask );
use TestVerify::Valkey qw( command start );

master_on();

# The fleets "a" and "b" stand for two machines.

sub fleet
{
    my ($name) = @_;

    return "smtp_verify_cache_zone zone=$name:1m;\n"
         . "smtp_verify_fleet $name {\n"
         . "server \$TEST_NGINX_VALKEY; key \$TEST_NGINX_FLEET_KEY;\n"
         . "prefix test; zones $name; timeout 200ms;\n}\n";
}

add_block_preprocessor(sub {
    my ($block) = @_;

    $block->set_value(main_config => 'env TEST_FULL_QUEUE;');
    $block->set_value(http_config => patient(fleet('a') . fleet('b')));
    $block->set_value(config => '
        location = /verify { smtp_verify; smtp_verify_cache a; }
        location = /b { smtp_verify; smtp_verify_cache b; }');

    start();
    command('FLUSHALL');
    unlink $Full;
});


sub logged
{
    my ($what) = @_;

    open my $log, '<', server_root() . '/logs/error.log' or return -1;
    my $n = grep { /$what/ } <$log>;
    close $log;

    return $n;
}


preset(smtp => "mx1 11 pipelining users=john\n");

run_tests();

__DATA__

=== TEST 1: a claim whose end was not written holds for three seconds
--- init
TestVerify::Valkey::subscribers('test:erased', 2);
open my $out, '>', $main::Full or die "$main::Full: $!\n";
close $out;
main::ask('GET', '/verify?email=john@ok.test');
Time::HiRes::sleep(0.3);
unlink $main::Full;
main::is(scalar(grep { /^test:c:/ }
                @{ TestVerify::Valkey::command('KEYS', '*') }), 1,
         'the claim is there');
main::cmp_ok(main::logged('there is too much to write'), '>=', 1, 'it is logged');
--- request
GET /b?email=john@ok.test
--- json
reason: accepted
cached: false
--- not_slower
--- within: 6s
--- not_within: 500ms
--- smtp_sessions: 2



=== TEST 2: what waits to be written when the store goes is dropped without a word
--- smtp
mx1 11 pipelining users=john
    rcpt *: wait 700ms ; default
--- init
TestVerify::Valkey::subscribers('test:erased', 2);
TestVerify::Clients::start('/verify?email=jim@ok.test');
Time::HiRes::sleep(0.4 * $TestVerify::Blocks::Slow);
my @workers = TestVerify::Clients::workers();
kill STOP => @workers;
Time::HiRes::sleep($TestVerify::Blocks::Slow);
TestVerify::Valkey::stop();
Time::HiRes::sleep(0.2);
kill CONT => @workers;
TestVerify::Clients::finish();
TestVerify::Clients::until_true(sub { main::logged('the store at .* is away') });
--- request
GET /b?email=john@ok.test
--- json
reason: accepted
--- smtp_check eval
sub {
    return TestVerify::Clients::reasons() eq 'mailbox_not_found 1'
           && main::logged('operations are dropped') >= 1
           && main::logged('there is too much to write') == 0;
}
--- log_allow
is away, this machine goes on by itself
