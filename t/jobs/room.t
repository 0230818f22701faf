# What operators see of the jobs: their states, and how much room the store has.

use lib 't/lib';
use TestVerify 'no_plan';
use TestVerify::Env;
use TestVerify::Jobs;

my ($current, $keep);

add_block_preprocessor(sub {
    my ($block) = @_;

    $block->set_value(config => <<'_EOC_');
location /jobs {
    smtp_verify_jobs_store  $TEST_NGINX_SERVROOT/jobs size=2m;
    smtp_verify_jobs;
}
location = /status   { smtp_verify_status; }
location = /metrics  { smtp_verify_metrics; }
location = /readyz   { smtp_verify_health; }
location = /health   { smtp_verify_health; }
location = /balancer { smtp_verify_health ready store=off; }
location = /idle     { return 204; }
_EOC_

    $block->set_value(smtp => "mx1 11 pipelining users=jane,john\n")
        if !defined $block->smtp;

    $block->set_value(request => 'GET /idle');
    $block->set_value(error_code => 204);
    $block->set_value(init => 'main::steps();');
    $current = $block;
});

no_root_location();
no_long_string();
run_tests();


sub steps
{
    $current->steps->();
}


# a job that is there to be changed: a change makes the keeper look

sub kept
{
    $keep = main::ended((http('POST', '/jobs', "jane\@ok.test\n"))[1]{id})->{id};
}


# another job of so many octets, of which the catalogue need not know

sub fill
{
    my ($size) = @_;

    my $dir = server_root() . '/jobs/01jd0000000000000000000000';
    my ($user) = (stat server_root() . '/jobs')[4];

    mkdir $dir;
    open my $out, '>', "$dir/job.db" or die "$dir: $!\n";
    truncate $out, $size;
    close $out;
    chown $user, -1, $dir, "$dir/job.db";
}


sub check
{
    my (undef, $health) = http('GET', '/health');

    return (grep { $_->{check} eq 'store' } @{ $health->{checks} })[0];
}


# until the store has so much room

sub until_room
{
    my ($room) = @_;
    my $store;

    for (1 .. 150) {
        http('PATCH', "/jobs/$keep", '{"name":"' . $_ . '"}',
             'Content-Type' => 'application/json');

        $store = (http('GET', '/status'))[1]{jobs}[0];
        return $store if ($store->{room} // '') eq $room;
        select undef, undef, undef, 0.1;
    }

    fail("room: $room");
    Test::More::diag(Test::More::explain($store));
}


sub metrics
{
    my (undef, $text) = http('GET', '/metrics');

    return { $text =~ /^nginx_smtp_verify_(\S+) (\S+)$/mg };
}

__DATA__

=== TEST 1: jobs in the status and the metrics
--- smtp
mx1 11 pipelining users=jane,john
    rcpt slow@*: wait 3s ; default
--- steps eval
sub {
    main::kept();

    my (undef, $job) = main::http('POST', '/jobs', "slow\@ok.test\njohn\@ok.test\n");
    my $store;

    for (1 .. 50) {
        $store = (main::http('GET', '/status'))[1]{jobs}[0];
        last if $store->{states} && $store->{states}{running};
        select undef, undef, undef, 0.1;
    }

    main::is($store->{location}, '/jobs', 'location');
    main::is($store->{size}, 2 * 1024 * 1024, 'size');
    main::cmp_ok($store->{used}, '>', 1000, 'used');
    main::cmp_ok($store->{free}, '>', 1000, 'free');
    main::is($store->{room}, 'enough', 'room');
    main::is($store->{records}, 3, 'records');
    main::is($store->{states}{running}, 1, 'running');
    main::is($store->{states}{completed}, 1, 'completed');
    main::is(CORE::join(' ', sort keys %{ $store->{states} }),
             'cancelled completed failed paused queued running uploading', 'states');

    # the other one was not answered in time, and is retried in hours

    main::until_job($job->{id}, sub { $_[0]{answered} == 1 && $_[0]{waiting} == 1 });

    my $n = main::metrics();

    main::is($n->{jobs_accepted_total}, 2, 'accepted');
    main::is($n->{jobs_completed_total}, 1, 'completed');
    main::is($n->{jobs_failed_total}, 0, 'failed');
    main::is($n->{job_records_total}, 3, 'records');
    main::is($n->{job_results_total}, 2, 'results');
    main::is($n->{'jobs_store_size_bytes{store="/jobs"}'}, 2 * 1024 * 1024, 'size');
    main::cmp_ok($n->{'jobs_store_used_bytes{store="/jobs"}'}, '>', 1000, 'used');
    main::is($n->{ready}, 1, 'ready');
    main::is($n->{'audit_status{check="store",store="/jobs"}'}, 1, 'passes');
    main::ok(defined $n->{'jobs{store="/jobs",state="running"}'}, 'by state');
}



=== TEST 2: a store that fills up, and has room again
--- steps eval
sub {
    main::kept();
    main::until_room('enough');

    my $check = main::check();

    main::is($check->{status}, 'pass', 'all is well');
    main::like($check->{seen}, qr{^The jobs of /jobs use 0 of 2 MB, and the disk has \d+ MB left\.$}, 'seen');
    main::is($check->{remedy}, undef, 'nothing is to be done');

    # new lists are refused, results have room

    main::fill(1760 * 1024);
    main::until_room('short');
    $check = main::check();

    main::is($check->{status}, 'warn', 'short');
    main::is(main::metrics()->{'audit_status{check="store",store="/jobs"}'}, 2,
             'so does the metric');
    main::like($check->{seen}, qr/: new lists are refused\.$/, 'seen');
    main::like($check->{remedy}, qr/^Delete jobs/, 'remedy');
    main::is($check->{link}, 'docs/troubleshooting.md#store', 'link');
    main::is((main::http('POST', '/jobs', "jane\@ok.test\n"))[0], 507, 'refused');
    main::is((main::http('GET', $_))[0], 200, $_) for qw( /readyz /balancer );
    main::is(main::metrics()->{ready}, 1, 'ready');

    # results have no room

    main::fill(2048 * 1024);
    main::until_room('none');
    $check = main::check();

    main::is($check->{status}, 'warn', 'none');
    main::like($check->{seen}, qr/: results have no room\.$/, 'seen');
    main::is((main::http('GET', '/health'))[1]{ready}, JSON::PP::false(), 'not ready');
    main::is(main::metrics()->{ready}, 0, 'not ready');

    my ($code, $problem) = main::http('GET', '/readyz');

    main::is("$code $problem->{code}", '503 not_ready', '/readyz');
    main::like($problem->{detail}, qr/store of jobs is full/, 'why');
    main::is((main::http('GET', '/balancer'))[0], 200, 'store=off');

    # room again

    main::fill(1024);
    main::until_room('enough');

    main::is(main::check()->{status}, 'pass', 'all is well');
    main::is((main::http('GET', '/readyz'))[0], 200, '/readyz');
    main::is((main::http('POST', '/jobs', "jane\@ok.test\n"))[0], 202, 'taken in');
}
