# A power cut: what was written and not synced is lost.  Each list that was
# accepted is there, complete, and so is all that was answered.

use lib 't/lib';
use TestVerify::Disk;
use TestVerify 'no_plan';
use TestVerify::Clients;
use TestVerify::Jobs;

use Time::HiRes;

workers(2);
master_on();
no_long_string();

my $Store;

add_block_preprocessor(sub {
    my ($block) = @_;

    # a store of its own for each block

    ($Store) = $block->name =~ /(TEST \d+)/ or die;
    $Store = "$TestVerify::Disk::Path/" . $Store =~ tr/ /-/r;

    $block->set_value(http_config => TestVerify::Blocks::patient(''));
    $block->set_value(config => "location /jobs {\n"
        . "smtp_verify_jobs_store $Store;\n"
        . "smtp_verify_jobs;\nsmtp_verify_batch_domain_probes 5;\n}\n"
        . "location = /idle { return 204; }\n");

    $block->set_value(request => 'GET /idle');
    $block->set_value(error_code => 204);
});

our %seen;

sub users { map { "no$_\@ok.test" } $_[0] .. $_[1] }

# the power is cut, and everything is started anew

sub cut
{
    TestVerify::Disk::cut() or die "the power cannot be cut: $!\n";
    my $command = stop_nginx('KILL');
    TestVerify::Disk::mend();
    start_nginx($command);
}

# one result for each record of the job: "1", or what is wrong

sub complete
{
    my ($id, $n) = @_;

    my $job = ended($id, 60);
    my @lines = lines("/jobs/$id/results?order=input");
    my $page = pop @lines;
    my $found = grep { $_->{reason} eq 'mailbox_not_found' } @lines;

    return "$job->{state} $job->{records} $job->{answered} $found"
           . " $job->{reason}{mailbox_not_found} "
           . CORE::join(' ', map { $_->{index} } @lines)
           eq "completed $n $n $n $n @{[ 0 .. $n - 1 ]}"
           ? 1 : "$job->{state} $job->{answered} $found";
}

run_tests();

__DATA__

=== TEST 1: lists that were just accepted, and one that is worked off
--- smtp
mx1 11 pipelining
    rcpt no*@*: wait 10ms ; 550 5.1.1 No such user
--- log_allow
smtp verify jobs:|the store of jobs
--- init
my $id = main::submit('wait=60s', main::users(1, 300));
for my $n (1 .. 3) {
    my $before = main::until_job($id, sub { $_[0]{answered} > $n * 50 })->{answered};
    my $new = main::submit('wait=60s', main::users(1000 * $n, 1000 * $n + 49));
    main::cut();
    my $now = main::job($id);
    $main::seen{kept} += $now->{answered} >= $before;
    $main::seen{there} += main::job($new)->{records} == 50;
    push @{ $main::seen{new} }, $new;
}
$main::seen{large} = main::complete($id, 300);
$main::seen{small} = CORE::join ' ', map { main::complete($_, 50) } @{ $main::seen{new} };
--- smtp_check eval
sub {
    return $main::seen{kept} == 3 && $main::seen{there} == 3
           && $main::seen{large} eq '1' && $main::seen{small} eq '1 1 1';
}



=== TEST 2: changes that were answered, a job that was deleted, a list that is being sent
--- smtp
mx1 11 pipelining
    rcpt no*@*: wait 10ms ; 550 5.1.1 No such user
--- log_allow
smtp verify jobs:|the store of jobs
--- init
%main::seen = ();
my @type = ('Content-Type' => 'application/json');
my ($paused, $gone, $named) = map { main::submit('wait=60s', main::users(1, 100)) } 1 .. 3;
$main::seen{codes} = CORE::join ' ',
    (main::http('PATCH', "/jobs/$paused", '{"state":"paused"}', @type))[0],
    (main::http('PATCH', "/jobs/$named", '{"name":"second"}', @type))[0],
    (main::http('DELETE', "/jobs/$gone"))[0];
my $sock = TestVerify::Jobs::client();
print $sock "POST /jobs HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/plain\r\n"
    . "Content-Length: 1000000\r\n\r\n" . "no\@ok.test\n" x 1000;
TestVerify::Clients::wait_for(sub {
    grep { $_->{state} eq 'uploading' } @{ (main::http('GET', '/jobs'))[1]{jobs} };
});
main::cut();
$main::seen{state} = main::job($paused)->{state};
$main::seen{name} = main::job($named)->{name};
$main::seen{gone} = (main::http('GET', "/jobs/$gone"))[0];
TestVerify::Clients::wait_for(sub {
    !grep { $_->{state} eq 'uploading' } @{ (main::http('GET', '/jobs'))[1]{jobs} };
});
main::http('PATCH', "/jobs/$paused", '{"state":"running"}', @type);
$main::seen{complete} = CORE::join ' ', map { main::complete($_, 100) } $paused, $named;
opendir my $dir, "$TestVerify::Disk::Path/TEST-2" or die;
$main::seen{left} = grep { length == 26 && $_ ne $paused && $_ ne $named } readdir $dir;
--- smtp_check eval
sub {
    return $main::seen{codes} eq '200 200 204' && $main::seen{state} eq 'paused'
           && $main::seen{name} eq 'second' && $main::seen{gone} == 404
           && $main::seen{complete} eq '1 1' && $main::seen{left} == 0;
}
