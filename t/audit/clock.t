# A clock that is set while nginx runs, or that is wrong from the start.

use lib 't/lib';
use TestVerify::Clock;
use TestVerify 'no_plan';
use TestVerify::Clients;

add_block_preprocessor(sub {
    my ($block) = @_;

    TestVerify::Clock::set($block->clock // 0);

    $block->set_value(http_config => 'smtp_verify_audit on;');
    $block->set_value(config => <<'_EOC_');
location = /verify { smtp_verify; }
location = /health { smtp_verify_health; }
location = /done   { return 204; }
_EOC_

    $block->set_value(smtp => "mx1 11 pipelining users=john\n");
    $block->set_value(request => 'GET /done');
    $block->set_value(error_code => 204);
});

no_root_location();
run_tests();


sub clock
{
    my ($answer) = TestVerify::Clients::ask('/health');

    return (grep { $_->{check} eq 'clock' } @{ $answer->{json}{checks} })[0] // {};
}


sub until_clock
{
    my ($status, $seen) = @_;
    my $clock;

    for (1 .. 60) {
        $clock = clock();
        last if ($clock->{status} // '') eq $status;
        select undef, undef, undef, 0.1;
    }

    Test::More::is($clock->{status}, $status, "the clock: $status");
    Test::More::like($clock->{seen}, $seen, 'what was seen');
}

__DATA__

=== TEST 1: a clock that is set forward, then back
--- init
main::until_clock('pass', qr/^The clock runs evenly\.$/);
TestVerify::Clock::set(300);
main::until_clock('warn', qr/^The clock was set by (?:299|300|301) s less than an hour ago\.$/);
Test::More::is(main::clock()->{link}, 'docs/troubleshooting.md#clock', 'link');
TestVerify::Clock::set(-7200);
main::until_clock('warn', qr/./);
select undef, undef, undef, 2.5;
main::until_clock('warn', qr/^The clock was set by -(?:7499|7500|7501) s /);
--- error_log
The clock was set by



=== TEST 2: a clock that drifts a little is no jump
--- init
main::until_clock('pass', qr/evenly/);
TestVerify::Clock::set(20);
select undef, undef, undef, 2.5;
main::until_clock('pass', qr/^The clock runs evenly\.$/);
--- no_error_log
clock



=== TEST 3: a clock that was never set
--- clock: -900000000
--- init
main::until_clock('fail', qr/^The clock shows a time before this module was written\.$/);
--- error_log
clock
