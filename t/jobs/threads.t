# The threads of a worker that leaves: they have ended before it does.

use lib 't/lib';
use TestVerify::Preload 'slow_exit';
use TestVerify 'no_plan';
use TestVerify::Clients;
use TestVerify::Jobs;

workers(1);
master_on();
preset(smtp => "mx1 11 pipelining users=jane\n");

TestVerify::Jobs::steps();
add_block_preprocessor(sub { $_[0]->set_value(main_config => "env LD_PRELOAD;\n") });

# what the workers that left by this signal said of their threads

sub leave
{
    my ($signal) = @_;

    TestVerify::Jobs::ended(TestVerify::Jobs::submit('', 'jane@ok.test'));
    TestVerify::Jobs::restart($signal);

    return TestVerify::Jobs::logged() =~ /(\d+) threads were to end, (\d+) /;
}

run_tests();

__DATA__

=== TEST 1: a worker that quits
--- steps eval
sub {
    my ($begun, $ended) = main::leave('QUIT');

    Test::More::cmp_ok($begun, '>=', 32, 'threads were to end');
    Test::More::is($ended, $begun, 'each of them had');
}



=== TEST 2: a worker that is terminated
--- steps eval
sub {
    my ($begun, $ended) = main::leave('TERM');

    Test::More::cmp_ok($begun, '>=', 32, 'threads were to end');
    Test::More::is($ended, $begun, 'each of them had');
}
