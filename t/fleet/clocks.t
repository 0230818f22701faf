# A machine whose clock is wrong, with a real Valkey or Redis: it is told so, and
# does no harm to others.

use lib 't/lib';
use TestVerify::Clock;
use TestVerify 'no_plan';
use TestVerify::Fleet qw( ask health );
use TestVerify::Valkey qw( command start );

master_on();
no_long_string();

# The fleets "a", "b" and "c" have one prefix and one key: they stand for three
# machines, which have the same clock, but are not asked at the same time.

sub fleet
{
    my ($name) = @_;

    return "smtp_verify_cache_zone zone=$name:1m;\n"
         . "smtp_verify_fleet $name {\n"
         . "server \$TEST_NGINX_VALKEY;\n"
         . "key \$TEST_NGINX_FLEET_KEY;\n"
         . "prefix test; zones $name; timeout 200ms;\n}\n";
}

add_block_preprocessor(sub {
    my ($block) = @_;

    $block->set_value(http_config => patient(CORE::join '',
                                             map { fleet($_) } qw( a b c )));
    $block->set_value(config => '
        location = /verify { smtp_verify; smtp_verify_cache a; }
        location = /b { smtp_verify; smtp_verify_cache b; }
        location = /c { smtp_verify; smtp_verify_cache c; }
        location = /health { smtp_verify_health; }');

    TestVerify::Clock::set($block->clock // 0);
    start();
    command('FLUSHALL');
});


sub up { TestVerify::Valkey::subscribers('test:erased', 3) }

sub cached { ask('GET', $_[0]) =~ /"cached":true/ ? 1 : 0 }


preset(smtp => "mx1 11 pipelining users=john\n");

run_tests();

__DATA__

=== TEST 1: what was made in the future is not taken, and is overwritten
--- clock: 7200
--- init
main::up();
main::cached('/verify?email=john@ok.test');
Time::HiRes::sleep(0.2);
TestVerify::Clock::set(0);
Time::HiRes::sleep(1.2);
main::is(main::cached('/b?email=john@ok.test'), 0, 'from the future');
Time::HiRes::sleep(0.2);
--- request
GET /c?email=john@ok.test
--- json
reason: accepted
cached: true
--- smtp_sessions: 2
--- log_allow
the clocks of the store and of this machine are



=== TEST 2: an hour's difference is told in the log and by health
--- clock: -3600
--- init
main::up();
Time::HiRes::sleep(0.5);
main::like(main::health(), qr/its clock and that of this machine are more than/,
           'health says it');
--- request
GET /verify?email=john@ok.test
--- json
reason: accepted
--- error_log eval
qr/the clocks of the store and of this machine are 36\d\d s apart/
--- log_allow
the clocks of the store and of this machine are



=== TEST 3: a minute is none
--- clock: -40
--- init
main::up();
main::cached('/verify?email=john@ok.test');
Time::HiRes::sleep(0.2);
TestVerify::Clock::set(10);
Time::HiRes::sleep(1.2);
--- request
GET /b?email=john@ok.test
--- json
reason: accepted
cached: true
--- no_error_log
the clocks of the store
