# A worker that was stopped, and goes on: nobody is blamed for its pause.

use lib 't/lib';
use TestVerify 'no_plan';
use TestVerify::Clients;

workers(1);
master_on();

our $Slow = $TestVerify::Blocks::Slow;

preset_http(<<"END");
smtp_verify_throttle off;
smtp_verify_catch_all off;
smtp_verify_read_timeout @{[ 1500 * $Slow ]}ms;
smtp_verify_timeout @{[ 2500 * $Slow ]}ms;
END
preset(address => 'user-0@ok.test');

run_tests();


# Clients wait while the worker is stopped, so that all that servers say comes
# in the pause, which is longer than any timeout.

sub stopped
{
    my ($clients) = @_;

    my $worker;

    TestVerify::Clients::wait_for(sub {
        ($worker) = TestVerify::Clients::workers();
    });
    TestVerify::Clients::start('/verify?email=user-%d@ok.test',
                               clients => $clients);
    main::sleep(0.4 * $Slow);
    kill 'STOP', $worker;
    main::sleep(4 * $Slow);
    kill 'CONT', $worker;
    TestVerify::Clients::finish();
}

sub sleep { select undef, undef, undef, $_[0] }
sub reasons { TestVerify::Clients::reasons() }

__DATA__

=== TEST 1: one conversation
--- smtp
mx1 11 pipelining
    rcpt u*@*: wait 800ms ; 250 2.1.5 Ok
--- init: main::stopped(1);
--- json
reason: accepted_untested
--- smtp_check eval
sub { main::is(main::reasons(), 'accepted_untested 1', 'the server is not blamed') }
--- no_session_check



=== TEST 2: many at once
--- smtp
mx1 11 pipelining
    rcpt u*@*: wait 800ms ; 250 2.1.5 Ok
--- init: main::stopped(60);
--- json
reason: accepted_untested
--- smtp_check eval
sub { main::is(main::reasons(), 'accepted_untested 60', 'no server is blamed') }
--- no_session_check
