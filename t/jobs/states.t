# What a client learns of a job that does not go on, and what it may change.

use lib 't/lib';
use TestVerify 'no_plan';
use TestVerify::Jobs ();

use Time::HiRes;

workers(2);
master_on();
no_long_string();

preset(no_zones => "", no_reuse => "");

add_block_preprocessor(sub {
    my ($block) = @_;

    my $more = $block->verify // '';
    my $param = $block->store // '';

    $block->set_value(http_config => TestVerify::Blocks::patient(
        $block->http_config // ''));

    $block->set_value(config => "location /jobs {\n"
        . "smtp_verify_jobs_store \$TEST_NGINX_SERVROOT/jobs $param;\n"
        . "smtp_verify_jobs;\n$more\n}\n"
        . "location = /idle { return 204; }\n");

    $block->set_value(request => 'GET /idle');
    $block->set_value(error_code => 204);
});

our ($Id, %seen);

sub addresses { return map { "u$_\@" . ($_[1] // 'ok.test') } 1 .. $_[0] }

sub patch
{
    my ($id, $body) = @_;

    return TestVerify::Jobs::http('PATCH', "/jobs/$id", $body,
                                  'Content-Type' => 'application/json');
}

# the first cause for which the job waits, as "reason count"

sub cause
{
    my $for = ($_[0]{waiting_for} // [])->[0] // return '-';

    return "$for->{reason} $for->{count}";
}

run_tests();

__DATA__

=== TEST 1: the error of a wrong state has those that can be set, and no others
--- smtp
mx1 11 pipelining
    rcpt *: wait 1s ; 550 5.1.1 No such user
--- init
$main::Id = TestVerify::Jobs::submit('wait=0', main::addresses(3));
for my $state ('"done"', '"completed"', '"queued"', '"uploading"', '"purged"', '"failed"',
               '""', 'null', '1', 'true') {
    my ($code, $body) = main::patch($main::Id, "{\"state\":$state}");
    $main::seen{"$code $body->{detail}"}++;
}
($main::seen{code}) = main::patch($main::Id, '{"state":"paused"}');
TestVerify::Jobs::http('DELETE', "/jobs/$main::Id");
--- smtp_check eval
sub {
    Test::More::diag($_) for keys %main::seen;

    return $main::seen{'422 "state" must be paused, running or cancelled.'} == 10
           && $main::seen{code} == 200;
}
--- linger: 3s



=== TEST 2: a job that is paused is purged when its retention is over
--- smtp
mx1 11 pipelining
    rcpt *: wait 100ms ; 550 5.1.1 No such user
--- verify
smtp_verify_batch_domain_probes 1;
--- init
my $id = TestVerify::Jobs::submit('retention=3', main::addresses(300));
TestVerify::Jobs::until_job($id, sub { $_[0]{answered} > 1 });
$main::seen{2} = (main::patch($id, '{"state":"paused"}'))[1];
TestVerify::Clients::wait_for(sub {
    (TestVerify::Jobs::http('GET', "/jobs/$id"))[0] == 404
});
TestVerify::Clients::wait_for(sub { !-e TestVerify::Nginx::root() . "/jobs/$id" });
$main::seen{gone} = (TestVerify::Jobs::http('GET', "/jobs/$id"))[0];
--- smtp_check eval
sub {
    return $main::seen{2}{state} eq 'paused' && $main::seen{2}{expires_at}
           && $main::seen{gone} == 404;
}



=== TEST 3: not if it is resumed, and later if it is to be kept for longer
--- smtp
mx1 11 pipelining
    rcpt *: wait 200ms ; 550 5.1.1 No such user
--- verify
smtp_verify_batch_domain_probes 1;
--- init
my $id = TestVerify::Jobs::submit('retention=2', main::addresses(30));
my $other = TestVerify::Jobs::submit('retention=2', main::addresses(30));
TestVerify::Jobs::until_job($id, sub { $_[0]{answered} > 1 });
main::patch($_, '{"state":"paused"}') for $id, $other;
$main::seen{on} = (main::patch($id, '{"state":"running"}'))[1];
$main::seen{kept} = (main::patch($other, '{"retention":3600}'))[1];
Time::HiRes::sleep(4);
$main::seen{end} = TestVerify::Jobs::job($id);
$main::seen{still} = TestVerify::Jobs::job($other);
TestVerify::Jobs::http('DELETE', "/jobs/$_") for $id, $other;
--- smtp_check eval
sub {
    return exists $main::seen{on}{expires_at} && !defined $main::seen{on}{expires_at}
           && $main::seen{end}{state} =~ /^(running|completed)$/
           && $main::seen{still}{state} eq 'paused'
           && $main::seen{kept}{expires_at} gt $main::seen{on}{created_at};
}



=== TEST 4: why records wait: the server greylists
--- smtp
mx1 11 pipelining
    rcpt *: 451 4.7.1 Greylisted, try again in 300 seconds
--- init
$main::Id = TestVerify::Jobs::submit('wait=1h', main::addresses(5));
$main::seen{4} = TestVerify::Jobs::until_job($main::Id, sub { $_[0]{waiting} == 5 });
main::patch($main::Id, '{"state":"paused"}');
$main::seen{paused} = TestVerify::Jobs::job($main::Id);
TestVerify::Jobs::http('DELETE', "/jobs/$main::Id");
--- smtp_check eval
sub {
    my $for = $main::seen{4}{waiting_for};

    return @$for == 1 && main::cause($main::seen{4}) eq 'greylisted 5'
           && $for->[0]{until} eq $main::seen{4}{waiting_until}
           && $for->[0]{detail} =~ /^The mail server .* try again later\.$/
           && 0 == @{ $main::seen{paused}{waiting_for} };
}



=== TEST 5: the resolver does not answer, mail servers are not reached
--- dns
ok.test MX ! servfail
no.test MX 10 mx1.no.test
mx1.no.test A 12
--- smtp
mx1 11 pipelining
mx2 12 refuse
--- init
$main::Id = TestVerify::Jobs::submit('wait=1h', main::addresses(3), main::addresses(2, 'no.test'));
$main::seen{5} = TestVerify::Jobs::until_job($main::Id, sub { $_[0]{waiting} == 5 }, 30);
TestVerify::Jobs::http('DELETE', "/jobs/$main::Id");
--- smtp_check eval
sub {
    Test::More::diag(main::cause($main::seen{5}));

    return CORE::join(', ', map { "$_->{reason} $_->{count}" }
                      @{ $main::seen{5}{waiting_for} }) eq 'dns_error 3, connect_failed 2';
}



=== TEST 6: a limit of the destination
--- http_config
smtp_verify_throttle_zone zone=limits:1m;
--- smtp
mx1 11 pipelining
    rcpt *: 550 5.1.1 No such user
--- verify
smtp_verify_throttle zone=limits rate=1/m burst=2 wait=100ms;
--- init
$main::Id = TestVerify::Jobs::submit('wait=1h', main::addresses(6));
$main::seen{6} = TestVerify::Jobs::until_job($main::Id, sub { $_[0]{waiting} >= 3 });
TestVerify::Jobs::http('DELETE', "/jobs/$main::Id");
--- smtp_check eval
sub { return main::cause($main::seen{6}) =~ /^throttled [34]\z/ }



=== TEST 7: no room in shared memory: it says so, and begins when there is
--- store: zone=64k
--- log_allow
has no room for job
--- smtp
mx1 11 pipelining
    rcpt *: wait 8s ; 550 5.1.1 No such user
--- init
my @ids = map { TestVerify::Jobs::submit('wait=0', main::addresses(1)) } 1 .. 70;
$main::seen{7} = TestVerify::Jobs::until_job($ids[-1], sub { main::cause($_[0]) ne '-' });
TestVerify::Jobs::ended($ids[-1], 60);
$main::seen{end} = TestVerify::Jobs::job($ids[-1]);
TestVerify::Jobs::http('DELETE', "/jobs/$_") for @ids;
--- smtp_check eval
sub {
    Test::More::diag($main::seen{7}{waiting_for}[0]{detail} // '-');

    return $main::seen{7}{state} eq 'queued' && main::cause($main::seen{7}) eq 'no_room 1'
           && $main::seen{7}{waiting_for}[0]{detail} =~ /beside the others/
           && $main::seen{end}{state} eq 'completed';
}
--- linger: 3s



=== TEST 8: a job that no room would be enough for: it says so, others pass it, and it begins in a larger zone
--- store: zone=64k
--- log_allow
has no room for job
--- verify
client_max_body_size 100m;
smtp_verify_batch_domain_probes 5;
--- smtp
mx1 11 pipelining
    rcpt *: wait 100ms ; 550 5.1.1 No such user
--- init
my $n = 3_200_000;
my $id = (TestVerify::Jobs::http('POST', '/jobs?wait=0', CORE::join '', map { "$_\@ok.test\n" } 1 .. $n))[1]{id};
$main::seen{8} = TestVerify::Jobs::until_job($id, sub { main::cause($_[0]) ne '-' });
$main::seen{other} = TestVerify::Jobs::ended(TestVerify::Jobs::submit('wait=0', main::addresses(3)));
$main::seen{still} = TestVerify::Jobs::until_job($id, sub { main::cause($_[0]) ne "-" });
my $command = TestVerify::Jobs::stop_nginx('QUIT');
my $conf = TestVerify::Nginx::root() . '/conf/nginx.conf';
system("sed -i s/zone=64k/zone=1m/ $conf");
TestVerify::Jobs::start_nginx($command);
$main::seen{end} = TestVerify::Jobs::until_job($id, sub { $_[0]{answered} > 10 }, 60);
TestVerify::Jobs::http('DELETE', "/jobs/$id");
--- smtp_check eval
sub {
    my $for = $main::seen{8}{waiting_for}[0];
    Test::More::diag($for->{detail} // '-');

    return $main::seen{8}{state} eq 'queued' && main::cause($main::seen{8}) eq 'no_room 3200000'
           && $for->{detail} =~ /too small for this job.* larger "zone"/
           && $main::seen{other}{state} eq 'completed'
           && main::cause($main::seen{still}) eq 'no_room 3200000'
           && $main::seen{end}{state} eq 'running' && $main::seen{end}{records} == 3200000;
}
