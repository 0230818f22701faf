# Interactive requests go first, then lists, then jobs; and jobs go on, too.

use lib 't/lib';
use TestVerify 'no_plan';
use TestVerify::Jobs ();

workers(2);
master_on();
no_long_string();

preset(no_zones => "", no_reuse => "");

add_block_preprocessor(sub {
    my ($block) = @_;

    my $more = $block->verify // '';

    $block->set_value(http_config => TestVerify::Blocks::patient(
        "smtp_verify_throttle_zone zone=t:1m;\n"
        . "smtp_verify_throttle zone=t conns=2 rate=1000/s burst=1000 queue=1000 wait=60s"
        . " rejects=100000/h;\n"
        . "smtp_verify_keepalive off;\nsmtp_verify_batch_domain_probes 8;\n"
        . ($block->http_config // '')));

    $block->set_value(config => "location /jobs {\n"
        . "smtp_verify_jobs_store \$TEST_NGINX_SERVROOT/jobs;\n"
        . "smtp_verify_jobs;\n$more\n}\n"
        . "location = /batch { smtp_verify_batch; }\n"
        . "location = /verify { smtp_verify; }\n"
        . "location = /idle { return 204; }\n");

    $block->set_value(request => 'GET /idle');
    $block->set_value(error_code => 204);
});

our (%seen, $Job, $Id);

sub addresses
{
    my ($name, $n) = @_;

    return map { "$name$_\@ok.test" } 1 .. $n;
}

# the recipients in the order in which they were asked: each has its session

sub order
{
    my ($transcript) = @_;

    my %at = map { m{mx1/(\d+) .*C: RCPT TO:<([a-z]+)\d+@} ? ($1 => $2) : () }
        split /\n/, $transcript;

    return map { $at{$_} } sort { $a <=> $b } keys %at;
}

# how many of a name were asked from the first to the last one of another name

sub between
{
    my ($transcript, $name, $other) = @_;

    my @order = order($transcript);
    my @at = grep { $order[$_] eq $other } 0 .. $#order;

    return scalar grep { $_ eq $name } @order[$at[0] .. $at[-1]];
}

run_tests();

__DATA__

=== TEST 1: a list overtakes a job of all workers, which goes on meanwhile
--- smtp
mx1 11 pipelining
    rcpt *: wait 30ms ; 550 5.1.1 No such user
--- init
$main::Id = TestVerify::Jobs::submit('', main::addresses('job', 150));
TestVerify::Jobs::until_job($main::Id, sub { $_[0]{answered} >= 4 });
($main::seen{code}) = TestVerify::Jobs::http('POST', '/batch',
    CORE::join '', map { "$_\n" } main::addresses('list', 60));
$main::seen{then} = TestVerify::Jobs::job($main::Id);
$main::Job = TestVerify::Jobs::ended($main::Id, 60);
--- smtp_check eval
sub {
    my $jobs = main::between($_[1], 'job', 'list');

    Test::More::diag("$jobs of the job during 60 of the list");

    # one of five, and those that had begun

    return $main::seen{code} == 200 && $main::seen{then}{state} eq 'running'
           && $jobs >= 6 && $jobs <= 26
           && $main::Job->{reason}{mailbox_not_found} == 150;
}



=== TEST 2: a single question goes before both
--- smtp
mx1 11 pipelining
    rcpt *: wait 100ms ; 550 5.1.1 No such user
--- init
$main::Id = TestVerify::Jobs::submit('', main::addresses('job', 60));
TestVerify::Jobs::until_job($main::Id, sub { $_[0]{answered} >= 2 });
TestVerify::Clients::start('/verify?email=single%d@ok.test', clients => 3);
TestVerify::Clients::finish();
$main::seen{then} = TestVerify::Jobs::job($main::Id);
$main::Job = TestVerify::Jobs::ended($main::Id, 60);
--- smtp_check eval
sub {
    my $jobs = main::between($_[1], 'job', 'single');

    Test::More::diag("$jobs of the job during 3 questions");

    return $main::seen{then}{state} eq 'running' && $jobs <= 2
           && $main::Job->{reason}{mailbox_not_found} == 60;
}
