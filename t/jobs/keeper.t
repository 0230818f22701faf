# What jobs leave behind, and what one client can take from the others: jobs
# that are cancelled, deleted, or of which there are many; clients that are slow
# or follow many jobs.

use lib 't/lib';
use TestVerify 'no_plan';
use TestVerify::Clients qw( until_true );
use TestVerify::Jobs;

use Digest::SHA qw( sha256_hex );

master_on();
no_long_string();

our $Tokens = CORE::join '', map { "$_ sha256:" . sha256_hex("$_-token") . "\n" }
    'alice', 'bob';

$Tokens .= 'dev sha256:' . sha256_hex('dev-token') . " sandbox\n";

add_block_preprocessor(sub {
    my ($block) = @_;

    my $more = $block->verify // '';

    $block->set_value(user_files => ">>> tokens\n$Tokens");
    $block->set_value(http_config =>
        TestVerify::Blocks::patient($block->http_config // ''));
    $block->set_value(config => "location /jobs {\n"
        . "smtp_verify_tokens \$TEST_NGINX_SERVER_ROOT/html/tokens;\n"
        . "smtp_verify_jobs_store \$TEST_NGINX_SERVROOT/jobs;\n"
        . "smtp_verify_jobs;\n$more\n}\n"
        . "location = /idle { return 204; }\n");

    $block->set_value(request => 'GET /idle');
    $block->set_value(error_code => 204);
});

$TestVerify::Jobs::Token = 'alice-token';

sub users { map { "u$_\@$_[1]" } 1 .. $_[0] }

preset(smtp => "mx1 11 pipelining\n    rcpt u*\@*: 550 5.1.1 No such user\n");

our %seen;

run_tests();

__DATA__

=== TEST 1: a purge that cannot be done is done later
--- log_allow
could not be removed|the store of jobs
--- init
my $id = main::submit('', main::users(5, 'ok.test'));
main::until_job($id, sub { $_[0]{state} eq 'completed' });
mkdir main::store($id) . '/in-the-way' or die;
$main::seen{code} = (main::http('DELETE', "/jobs/$id"))[0];
rmdir main::store($id) . '/in-the-way' or die;
$main::seen{there} = -d main::store($id);
$main::seen{gone} = main::until_true(sub { ! -e main::store($id) }, 30);
--- smtp_check eval
sub {
    return $main::seen{code} == 500 && $main::seen{there}
           && $main::seen{gone};
}



=== TEST 2: a purge that a crash has cut short is done after the start
--- log_allow
could not be removed|the store of jobs
--- init
my $id = main::submit('', main::users(5, 'ok.test'));
main::until_job($id, sub { $_[0]{state} eq 'completed' });
mkdir main::store($id) . '/in-the-way' or die;
$main::seen{code} = (main::http('DELETE', "/jobs/$id"))[0];
rmdir main::store($id) . '/in-the-way' or die;
main::restart('KILL');
$main::seen{gone} = main::until_true(sub { ! -e main::store($id) }, 20);
--- smtp_check eval
sub { return $main::seen{code} == 500 && $main::seen{gone} }



=== TEST 3: many cancelled jobs neither hide an older one nor keep the store busy
--- smtp
mx1 11 pipelining
    rcpt u*@*: wait 20ms ; 550 5.1.1 No such user
--- verify
smtp_verify_batch_domain_probes 2;
--- init
my $id = main::submit('', main::users(600, 'ok.test'));
for (1 .. 90) {
    main::patch(main::submit('smtp=false', 'u@ok.test'),
                '{"state":"cancelled"}');
}
main::restart('KILL');
$main::seen{job} = main::until_job($id, sub { $_[0]{state} eq 'completed' });
my $before = () = main::logged() =~ /job $id has the state/g;
sleep 3;
my $looks = () = main::logged() =~ /job $id has the state/g;
$main::seen{looks} = $looks - $before;
--- smtp_check eval
sub {
    return $main::seen{job}{reason}{mailbox_not_found} == 600
           && $main::seen{looks} <= 2;
}



=== TEST 4: a slow client of an old worker does not stop the jobs of a new master
--- smtp
mx1 11 pipelining
    rcpt u*@*: wait 20ms ; 550 5.1.1 No such user
--- verify
smtp_verify_batch_domain_probes 10;
client_body_timeout 120s;
--- init
my $slow = main::begin('POST', '/jobs', 1000, "x\@ok.test\n");
my $id = main::submit('wait=30s', main::users(600, 'ok.test'));
main::until_job($id, sub { $_[0]{answered} > 50 });
my $old = TestVerify::Nginx::pid();
my @workers = TestVerify::Clients::workers();
kill 'USR2', $old;
TestVerify::Clients::wait_for(sub {
    (TestVerify::Nginx::pid() // $old) != $old
    && main::logged() =~ /workers of another master process work/
});
kill 'QUIT', $old;
$main::seen{job} = main::until_job($id, sub { $_[0]{state} eq 'completed' });
$main::seen{alive} = grep { TestVerify::Nginx::alive($_) } @workers;
close $slow;
TestVerify::Clients::wait_for(sub {
    !grep { TestVerify::Nginx::alive($_) } $old, @workers
});
--- smtp_check eval
sub {
    return $main::seen{alive} == 1
           && $main::seen{job}{reason}{mailbox_not_found} == 600;
}



=== TEST 5: the results of a cancelled job are not called complete before they are
--- smtp
mx1 11 pipelining
    rcpt u*@*: wait 20ms ; 550 5.1.1 No such user
--- verify
smtp_verify_batch_domain_probes 2;
--- init
my $id = main::submit('', main::users(40000, 'ok.test'));
main::until_job($id, sub { $_[0]{answered} > 10 });
main::patch($id, '{"state":"cancelled"}');
my $end = time() + 60 * $TestVerify::Blocks::Slow;
while (time() < $end) {
    my (undef, $text) = main::http('GET', "/jobs/$id/results?order=done");
    my $last = JSON::PP::decode_json((split /\n/, $text)[-1]);
    $main::seen{reads}++;
    if ($last->{complete}) {
        $main::seen{count} = $last->{count};
        last;
    }
}
--- smtp_check eval
sub { return $main::seen{count} == 40000 }



=== TEST 6: the last event of a cancelled job has all its results
--- smtp
mx1 11 pipelining
    rcpt u*@*: wait 20ms ; 550 5.1.1 No such user
--- verify
smtp_verify_batch_domain_probes 2;
--- init
my $id = main::submit('', main::users(40000, 'ok.test'));
main::until_job($id, sub { $_[0]{answered} > 10 });
main::patch($id, '{"state":"cancelled"}');
my (undef, $text) = main::http('GET', "/jobs/$id/events");
my ($data) = $text =~ /event: cancelled\ndata: (.*)\n/;
$main::seen{last} = JSON::PP::decode_json($data);
--- smtp_check eval
sub { return $main::seen{last}{answered} == 40000 }



=== TEST 7: one client cannot have all streams of events
--- smtp
mx1 11 pipelining
    rcpt u*@*: wait 1s ; 550 5.1.1 No such user
--- verify
smtp_verify_batch_domain_probes 1;
--- init
my $id = main::submit('', main::users(100, 'ok.test'));
my @streams = map { main::begin('GET', "/jobs/$id/events", 0, '') } 1 .. 70;
my %n;
$n{main::code($_, 5)}++ for @streams;
$main::seen{alice} = \%n;
local $TestVerify::Jobs::Token = 'bob-token';
my $bob = main::submit('', main::users(100, 'ok.test'));
$main::seen{bob} = main::code(main::begin('GET', "/jobs/$bob/events", 0, ''), 5);
$main::seen{not_his} = main::code(main::begin('GET', "/jobs/$id/events", 0, ''), 5);
main::http('DELETE', "/jobs/$bob");
local $TestVerify::Jobs::Token = 'alice-token';
main::http('DELETE', "/jobs/$id");
sleep 3;
--- smtp_check eval
sub {
    return $main::seen{alice}{200} == 16 && $main::seen{alice}{503} == 54
           && $main::seen{bob} == 200 && $main::seen{not_his} == 404;
}



=== TEST 8: what a client sends at the same time is counted together
--- verify
smtp_verify_jobs_limit bytes=1000;
--- init
my $one = main::begin('POST', '/jobs', 800, "a\@ok.test\n");
TestVerify::Clients::wait_for(sub {
    @{ (main::http('GET', '/jobs'))[1]{jobs} } == 1
});
my $two = main::begin('POST', '/jobs', 800, "b\@ok.test\n");
$main::seen{two} = main::code($two, 5);
$main::seen{small} = (main::http('POST', '/jobs', "c\@ok.test\n"))[0];
{
    local $TestVerify::Jobs::Token = 'bob-token';
    $main::seen{bob} = main::code(main::begin('POST', '/jobs', 800,
                                              "d\@ok.test\n" x 80), 5);
}
print $one "a\@ok.test\n" x 79;
$main::seen{one} = main::code($one, 5);
--- smtp_check eval
sub {
    return $main::seen{two} == 429 && $main::seen{small} == 202
           && $main::seen{bob} == 202 && $main::seen{one} == 202;
}



=== TEST 9: many jobs of one client leave room for those of another one
--- smtp
mx1 11 pipelining
    rcpt u*@*: wait 2s ; 550 5.1.1 No such user
mx2 12 pipelining
    rcpt *: 550 5.1.1 No such user
--- dns
ok.test MX 10 mx1.ok.test
mx1.ok.test A 11
other.test MX 10 mx2.other.test
mx2.other.test A 12
--- verify
smtp_verify_batch_domain_probes 2;
--- init
my @many = map { main::submit('', map { "u$_\@ok.test" } $_ * 40 .. $_ * 40 + 39) } 1 .. 68;
main::until_job($many[-1], sub { $_[0]{state} eq 'running' });
sleep 2;
{
    local $TestVerify::Jobs::Token = 'bob-token';
    my $bob = main::submit('', main::users(10, 'other.test'));
    $main::seen{bob} = main::until_job($bob, sub { $_[0]{state} eq 'completed' }, 20);
}
$main::seen{many} = main::until_job($many[0], sub { 1 });
main::http('DELETE', "/jobs/$_") for @many;
sleep 5;
--- smtp_check eval
sub {
    return $main::seen{bob}{state} eq 'completed'
           && $main::seen{many}{state} eq 'running';
}



=== TEST 10: one client sends a few lists at the same time, others can send theirs
--- init
my @lists = map { main::begin('POST', '/jobs', 800, "a\@ok.test\n") } 1 .. 8;
TestVerify::Clients::wait_for(sub {
    @{ (main::http('GET', '/jobs'))[1]{jobs} } == 8
});
my @more = main::http('POST', '/jobs', "b\@ok.test\n");
$main::seen{more} = "$more[0] $more[1]{code}";
{
    local $TestVerify::Jobs::Token = 'bob-token';
    $main::seen{bob} = (main::http('POST', '/jobs', "c\@ok.test\n"))[0];
}
my $first = shift @lists;
print $first "a\@ok.test\n" x 79;
$main::seen{first} = main::code($first, 5);
undef @lists;
TestVerify::Clients::wait_for(sub {
    @{ (main::http('GET', '/jobs'))[1]{jobs} } == 1
});
$main::seen{later} = (main::http('POST', '/jobs', "d\@ok.test\n"))[0];
--- smtp_check eval
sub {
    return $main::seen{more} eq '503 too_many_uploads'
           && $main::seen{bob} == 202 && $main::seen{first} == 202
           && $main::seen{later} == 202;
}



=== TEST 11: a token of the sandbox gets fixed answers, and nobody is asked or waited for
--- smtp
mx1 11 pipelining
    rcpt *: 550 5.1.1 No such user
--- init
local $TestVerify::Jobs::Token = 'dev-token';
my $id = main::submit('', 'greylisted@ok.test', 'mailbox_not_found@ok.test', 'john@ok.test');
$main::seen{job} = main::until_job($id, sub { $_[0]{state} eq 'completed' }, 10);
my @lines = grep { $_->{email} } main::lines("/jobs/$id/results?order=input");
$main::seen{lines} = join ' ', map { "$_->{reason} " . ($_->{sandbox} ? 1 : 0) } @lines;
--- smtp_check eval
sub {
    return $main::seen{job}{state} eq 'completed'
           && $main::seen{lines} eq 'greylisted 1 mailbox_not_found 1 accepted 1'
           && @{ $_[0] } == 0;
}



=== TEST 12: what a killed worker was taking in is gone soon, and its key is free at once
--- log_allow
exited on signal 9
was locked by
--- init
my @request = ('POST', '/jobs', 10, "a\@ok.test\n", 'Idempotency-Key' => '"one"');
my $slow = main::begin(@request, 'Content-Length' => 1000);
my $job;
TestVerify::Clients::wait_for(sub {
    ($job) = @{ (main::http('GET', '/jobs'))[1]{jobs} };
});
$main::seen{while} = main::code(main::begin(@request), 5);
kill 'KILL', (TestVerify::Clients::workers())[0];
TestVerify::Clients::wait_for(sub { (main::http('GET', '/jobs'))[0] });
$main::seen{after} = main::code(main::begin(@request), 5);
TestVerify::Clients::wait_for(sub { ! -e main::store($job->{id}) });
my @left = @{ (main::http('GET', '/jobs'))[1]{jobs} };
$main::seen{left} = @left;
$main::seen{state} = $left[0]{state};
$main::seen{again} = main::code(main::begin(@request), 5);
--- smtp_check eval
sub {
    return $main::seen{while} == 409 && $main::seen{after} == 202
           && $main::seen{left} == 1 && $main::seen{state} ne 'uploading'
           && $main::seen{again} == 202;
}



=== TEST 13: jobs that cannot be purged do not hide those that can
--- log_allow
could not be removed|the store of jobs
--- init
my @bad = map { main::submit('smtp=false', "u$_\@ok.test") } 1 .. 20;
for my $id (@bad) {
    main::until_job($id, sub { $_[0]{state} eq 'completed' });
    mkdir main::store($id) . '/in-the-way' or die;
    $main::seen{(main::http('DELETE', "/jobs/$id"))[0]}++;
}
my $good = main::submit('smtp=false&retention=1', "u\@ok.test");
main::until_job($good, sub { $_[0]{state} eq 'completed' });
$main::seen{good} = main::until_true(sub { ! -e main::store($good) }, 90);
rmdir main::store($_) . '/in-the-way' for @bad;
--- smtp_check eval
sub { return $main::seen{500} == 20 && $main::seen{good} }



=== TEST 14: that jobs are deleted while they run is no fault
--- init
my @list = map { "u$_\@ok.test" } 1 .. 20000;
for (1 .. 8) {
    my $id = main::submit('smtp=false', @list);
    main::until_job($id, sub { $_[0]{answered} > 0 });
    $main::seen{(main::http('DELETE', "/jobs/$id"))[0]}++;
}
sleep 1;
--- smtp_check eval
sub { return $main::seen{204} == 8 }
--- no_error_log
[error]
