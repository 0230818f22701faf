# The threads of a worker that leaves: they have ended before it does.

use lib 't/lib';
use TestVerify::Preload 'slow_exit';
use TestVerify 'no_plan';
use TestVerify::Clients;
use TestVerify::Jobs;

workers(1);
master_on();
preset(smtp => "mx1 11 pipelining users=jane\n");

our $current;

add_block_preprocessor(sub {
    my ($block) = @_;

    $block->set_value(main_config => "env LD_PRELOAD;\n");
    $block->set_value(config => <<'_EOC_');
location /jobs {
    smtp_verify_jobs_store  $TEST_NGINX_SERVROOT/jobs;
    smtp_verify_jobs;
}
location = /idle { return 204; }
_EOC_

    $block->set_value(request => 'GET /idle');
    $block->set_value(error_code => 204);
    $block->set_value(init => 'main::steps();');
    $current = $block;
});

no_root_location();
run_tests();


sub steps { $current->steps->() }


# what the workers that left by this signal said of their threads

sub leave
{
    my ($signal) = @_;

    TestVerify::Jobs::ended(TestVerify::Jobs::submit('', 'jane@ok.test'));
    TestVerify::Jobs::restart($signal);

    return TestVerify::Jobs::logged() =~ /(\d+) threads were to end, (\d+) /;
}

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
