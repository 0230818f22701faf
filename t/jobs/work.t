# Jobs are worked off in the background: by all workers, each address once,
# also where workers die, are reloaded, or nginx is started anew.

use lib 't/lib';
use TestVerify 'no_plan';

use JSON::PP;
use TestVerify::Jobs qw( http submit job until_job ended restart store logged );
use Time::HiRes;

workers(2);
master_on();
no_long_string();

add_block_preprocessor(sub {
    my ($block) = @_;

    my $more = $block->verify // '';
    my $param = $block->store // '';

    $block->set_value(config => "location /jobs {\n"
        . "smtp_verify_jobs_store \$TEST_NGINX_SERVROOT/jobs$param;\n"
        . "smtp_verify_jobs;\n$more\n}\n"
        . "location = /verify { smtp_verify; }\n"
        . "location = /idle { return 204; }\n");

    $block->set_value(request => 'GET /idle');
    $block->set_value(error_code => 204);
});

# "accepted 3, timeout 1"

sub reasons
{
    my ($job) = @_;

    my $n = $job->{reason} // {};

    return CORE::join ', ', map { "$_ $n->{$_}" } sort keys %$n;
}

sub users { map { "u$_\@$_[1]" } 1 .. $_[0] }

sub asked { TestVerify::SMTP::recipients() }

# the state in the list of all jobs, which needs no database of the job

sub until_state
{
    my ($id, $state) = @_;

    my $job;

    TestVerify::Clients::wait_for(sub {
        my $list = (http('GET', '/jobs'))[1] or return 0;
        ($job) = grep { $_->{id} eq $id } @{ $list->{jobs} // [] };
        return $job && $job->{state} eq $state;
    });

    return $job;
}

our ($Job, %seen);

run_tests();

__DATA__

=== TEST 1: a job is worked off, each address once
--- smtp
mx1 11 pipelining
    rcpt u*@*: 550 5.1.1 No such user
--- init
$main::Job = main::ended(main::submit('', main::users(600, 'ok.test')), 60);
--- smtp_check eval
sub {
    my $asked = main::asked();

    return $main::Job->{state} eq 'completed'
           && main::reasons($main::Job) eq 'mailbox_not_found 600'
           && keys %$asked == 600 && !grep { $_ != 1 } values %$asked;
}



=== TEST 2: greylisted addresses are retried after the server's time
--- smtp eval
"mx1 11 pipelining accept\n" . CORE::join '',
    map { "    rcpt\@$_: 451 4.7.1 Greylisted, try again in 2 seconds\n" } 1 .. 8
--- verify
smtp_verify_catch_all off;
--- init
my $id = main::submit('wait=60s', main::users(20, 'ok.test'));
$main::seen{2} = main::until_job($id, sub { $_[0]{waiting} == 8 });
$main::Job = main::ended($id, 30);
--- smtp_check eval
sub {
    return $main::seen{2}{waiting} == 8
           && $main::Job->{state} eq 'completed'
           && main::reasons($main::Job) eq 'accepted_untested 20';
}



=== TEST 3: a server that says 421 for a while
--- smtp
mx1 11 pipelining accept
    banner@1: 421 4.7.0 Too many connections, try again in 3 seconds ; close
    banner@2: 421 4.7.0 Too many connections, try again in 3 seconds ; close
    rcpt u*@*: 250 2.1.5 Ok
--- verify
smtp_verify_catch_all off;
--- init
$main::Job = main::ended(main::submit('wait=60s', main::users(20, 'ok.test')), 50);
--- smtp_check eval
sub {
    return $main::Job->{state} eq 'completed'
           && main::reasons($main::Job) eq 'accepted_untested 20';
}



=== TEST 4: a server that is away and comes back
--- smtp
mx1 11 pipelining accept
    banner@1: reset
    banner@2: reset
    banner@3: reset
    banner@4: reset
    rcpt u*@*: 250 2.1.5 Ok
--- verify
smtp_verify_catch_all off;
--- init
$main::Job = main::ended(main::submit('wait=20s', main::users(2, 'ok.test')), 50);
--- smtp_check eval
sub {
    return $main::Job->{state} eq 'completed'
           && main::reasons($main::Job) eq 'accepted_untested 2';
}



=== TEST 5: workers are killed every second
--- http_config eval
TestVerify::Blocks::patient('')
--- smtp
mx1 11 pipelining
    rcpt u*@*: wait 20ms ; 550 5.1.1 No such user
--- verify
smtp_verify_batch_domain_probes 6;
--- log_allow
exited on signal 9
--- init
my $id = main::submit('wait=30s', main::users(1200, 'ok.test'));
for (1 .. 6) {
    Time::HiRes::sleep(1);
    my $job = main::job($id) // next;
    $main::seen{$job->{state}}++;
    kill 'KILL', (TestVerify::Clients::workers())[0];
}
$main::Job = main::ended($id, 100);
--- smtp_check eval
sub {
    my $asked = main::asked();

    return $main::seen{running} >= 3 && $main::Job->{state} eq 'completed'
           && main::reasons($main::Job) eq 'mailbox_not_found 1200'
           && keys %$asked == 1200;
}



=== TEST 6: a reload in the middle
--- http_config eval
TestVerify::Blocks::patient('')
--- smtp
mx1 11 pipelining
    rcpt u*@*: wait 20ms ; 550 5.1.1 No such user
--- verify
smtp_verify_batch_domain_probes 10;
--- init
my $id = main::submit('wait=30s', main::users(600, 'ok.test'));
main::until_job($id, sub { $_[0]{answered} > 50 });
TestVerify::Clients::reload();
$main::Job = main::ended($id, 60);
--- smtp_check eval
sub {
    my $asked = main::asked();

    return $main::Job->{state} eq 'completed'
           && main::reasons($main::Job) eq 'mailbox_not_found 600'
           && keys %$asked == 600 && !grep { $_ != 1 } values %$asked;
}



=== TEST 7: nginx is stopped in the middle, and started anew
--- http_config eval
TestVerify::Blocks::patient('')
--- smtp
mx1 11 pipelining
    rcpt u*@*: wait 20ms ; 550 5.1.1 No such user
--- verify
smtp_verify_batch_domain_probes 10;
--- init
my $id = main::submit('wait=30s', main::users(600, 'ok.test'));
main::until_job($id, sub { $_[0]{answered} > 50 });
main::restart('QUIT');
$main::Job = main::ended($id, 60);
--- smtp_check eval
sub {
    my $asked = main::asked();

    return $main::Job->{state} eq 'completed'
           && main::reasons($main::Job) eq 'mailbox_not_found 600'
           && keys %$asked == 600 && !grep { $_ != 1 } values %$asked;
}



=== TEST 8: the master and all workers are killed
--- http_config eval
TestVerify::Blocks::patient('')
--- smtp
mx1 11 pipelining
    rcpt u*@*: wait 20ms ; 550 5.1.1 No such user
--- verify
smtp_verify_batch_domain_probes 10;
--- init
my $id = main::submit('wait=30s', main::users(600, 'ok.test'));
main::until_job($id, sub { $_[0]{answered} > 50 });
main::restart('KILL');
$main::Job = main::ended($id, 60);
--- smtp_check eval
sub {
    my $asked = main::asked();

    return $main::Job->{state} eq 'completed'
           && main::reasons($main::Job) eq 'mailbox_not_found 600'
           && keys %$asked == 600;
}



=== TEST 9: a limited destination is left alone until its time, without polling
--- http_config eval
TestVerify::Blocks::patient("smtp_verify_throttle_zone zone=limits:1m;\n")
--- smtp
mx1 11 pipelining
    rcpt u*@*: 550 5.1.1 No such user
--- verify
smtp_verify_throttle zone=limits rate=60/m burst=2 wait=100ms;
--- init
$main::Job = main::ended(main::submit('wait=6s', main::users(6, 'ok.test')), 30);
--- smtp_check eval
sub {
    my $asked = main::asked();

    # how often the store was read for records whose time had come

    my $reads = () = main::logged() =~ /records are due/g;

    return $main::Job->{state} eq 'completed'
           && main::reasons($main::Job) eq 'mailbox_not_found 6'
           && keys %$asked == 6 && !grep({ $_ != 1 } values %$asked)
           && $reads >= 1 && $reads <= 4;
}



=== TEST 10: what is still open when the wait is over has its last result
--- http_config eval
TestVerify::Blocks::patient('')
--- smtp
mx1 11 pipelining
    rcpt *: 451 4.7.1 Greylisted, try again in 2 seconds
--- init
$main::Job = main::ended(main::submit('wait=5s', main::users(5, 'ok.test')), 30);
--- smtp_check eval
sub {
    my $asked = main::asked();

    return $main::Job->{state} eq 'completed'
           && main::reasons($main::Job) eq 'greylisted 5'
           && keys %$asked == 5 && !grep { $_ < 2 || $_ > 4 } values %$asked;
}



=== TEST 11: a job without a wait asks once
--- smtp
mx1 11 pipelining
    rcpt *: 451 4.7.1 Greylisted, try again in 2 seconds
--- init
$main::Job = main::ended(main::submit('wait=0', main::users(5, 'ok.test')), 30);
--- smtp_check eval
sub {
    my $asked = main::asked();

    return $main::Job->{state} eq 'completed'
           && main::reasons($main::Job) eq 'greylisted 5'
           && keys %$asked == 5 && !grep { $_ != 1 } values %$asked;
}



=== TEST 12: other requests are answered meanwhile
--- http_config eval
TestVerify::Blocks::patient('')
--- smtp
mx1 11 pipelining
    rcpt u*@*: wait 50ms ; 550 5.1.1 No such user
mx2 12 pipelining
    rcpt *: 550 5.1.1 No such user
--- dns
ok.test MX 10 mx1.ok.test
mx1.ok.test A 11
other.test MX 10 mx2.other.test
mx2.other.test A 12
--- verify
smtp_verify_batch_domain_probes 10;
--- init
my $id = main::submit('', main::users(300, 'ok.test'));
main::until_job($id, sub { $_[0]{in_flight} });
for my $n (1 .. 10) {
    my $start = Time::HiRes::time();
    my (undef, $one) = main::http('GET', "/verify?email=one$n\@other.test");
    $main::seen{$one->{reason}}++;
    my $took = Time::HiRes::time() - $start;
    $main::seen{most} = $took if $took > ($main::seen{most} // 0);
}
$main::seen{meanwhile} = main::job($id)->{state};
$main::Job = main::ended($id, 60);
--- smtp_check eval
sub {
    return $main::seen{mailbox_not_found} == 10 && $main::seen{most} < 2
           && $main::seen{meanwhile} eq 'running'
           && main::reasons($main::Job) eq 'mailbox_not_found 300';
}



=== TEST 13: small jobs are done while a large one of another client is under way
--- http_config eval
TestVerify::Blocks::patient('')
--- smtp
mx1 11 pipelining
    rcpt u*@*: wait 20ms ; 550 5.1.1 No such user
mx2 12 pipelining
    rcpt *: 550 5.1.1 No such user
--- dns
ok.test MX 10 mx1.ok.test
mx1.ok.test A 11
other.test MX 10 mx2.other.test
mx2.other.test A 12
--- verify
smtp_verify_batch_domain_probes 10;
--- init
my $id = main::submit('', main::users(600, 'ok.test'));
my @small = map { main::submit('', main::users(20, 'other.test')) } 1 .. 3;
$main::seen{small} = CORE::join ' ', map { main::reasons(main::ended($_, 30)) } @small;
$main::seen{large} = main::job($id)->{state};
$main::Job = main::ended($id, 60);
--- smtp_check eval
sub {
    return $main::seen{small} eq CORE::join(' ', ('mailbox_not_found 20') x 3)
           && $main::seen{large} eq 'running'
           && main::reasons($main::Job) eq 'mailbox_not_found 600';
}



=== TEST 14: a job is purged when its time is over
--- smtp
mx1 11 pipelining
    rcpt u*@*: 550 5.1.1 No such user
--- init
my $id = main::submit('retention=2', main::users(5, 'ok.test'));
$main::Job = main::ended($id, 30);
$main::seen{there} = -d main::store($id);
TestVerify::Clients::wait_for(sub { (main::http('GET', "/jobs/$id"))[0] == 404 });
TestVerify::Clients::wait_for(sub { ! -e main::store($id) });
--- smtp_check eval
sub {
    return $main::seen{there} && $main::Job->{state} eq 'completed'
           && main::logged() =~ /job $main::Job->{id} is purged/;
}



=== TEST 15: workers of another master wait until the store is theirs
--- http_config eval
TestVerify::Blocks::patient('')
--- smtp
mx1 11 pipelining
    rcpt u*@*: wait 20ms ; 550 5.1.1 No such user
--- verify
smtp_verify_batch_domain_probes 10;
--- init
my $id = main::submit('wait=30s', main::users(600, 'ok.test'));
main::until_job($id, sub { $_[0]{answered} > 50 });
my $old = TestVerify::Nginx::pid();
my @workers = TestVerify::Clients::workers();
kill 'USR2', $old;
TestVerify::Clients::wait_for(sub {
    (TestVerify::Nginx::pid() // $old) != $old
    && main::logged() =~ /workers of another master process work/
});
$main::seen{meanwhile} = main::job($id)->{state};
kill 'QUIT', $old;
TestVerify::Clients::wait_for(sub {
    !grep { TestVerify::Nginx::alive($_) } $old, @workers
});
$main::Job = main::ended($id, 60);
--- smtp_check eval
sub {
    my $asked = main::asked();

    return $main::seen{meanwhile} eq 'running'
           && $main::Job->{state} eq 'completed'
           && main::reasons($main::Job) eq 'mailbox_not_found 600'
           && keys %$asked == 600 && !grep { $_ != 1 } values %$asked;
}



=== TEST 16: a damaged job fails, and says so; another one goes on
--- http_config eval
TestVerify::Blocks::patient('')
--- smtp
mx1 11 pipelining
    rcpt u*@*: wait 20ms ; 550 5.1.1 No such user
--- verify
smtp_verify_batch_domain_probes 10;
--- log_allow
smtp verify jobs: job
--- init
my $bad = main::submit('', main::users(600, 'ok.test'));
my $good = main::submit('', main::users(100, 'ok.test'));
main::until_job($bad, sub { $_[0]{answered} > 20 });
open my $db, '+<', main::store($bad) . '/job.db' or die;
for (my $at = 0; $at < -s $db; $at += 8192) {
    seek $db, $at, 0;
    print $db "\xff" x 8000;
}
close $db;
$main::seen{bad} = main::until_state($bad, 'failed');
$main::Job = main::ended($good, 60);
--- smtp_check eval
sub {
    return $main::seen{bad}{state} eq 'failed'
           && $main::seen{bad}{error} =~ /damaged/
           && main::reasons($main::Job) eq 'mailbox_not_found 100';
}



=== TEST 17: a sample of the list is asked first
--- http_config eval
TestVerify::Blocks::patient('')
--- smtp
mx1 11 pipelining
    rcpt u*@*: wait 20ms ; 550 5.1.1 No such user
--- verify
smtp_verify_batch_domain_probes 1;
smtp_verify_batch_window 20;
--- init
my $id = main::submit('sample=12', main::users(1500, 'ok.test'));
main::until_job($id, sub { $_[0]{estimate} && $_[0]{estimate}{answered} == 12 });
$main::seen{early} = main::asked();
main::http('DELETE', "/jobs/$id");
--- smtp_check eval
sub {
    my %block;

    # six blocks of 256 records, sorted by domain and as they came

    $block{int(($_ - 1) / 256)}++
        for map { /^u(\d+)@/ ? $1 : () } keys %{ $main::seen{early} };

    # the workers go on with the rest while the last ones of the sample are asked

    return keys(%block) == 6 && 60 > keys %{ $main::seen{early} };
}



=== TEST 18: a job is paused, resumed, and cancelled
--- http_config eval
TestVerify::Blocks::patient('')
--- smtp
mx1 11 pipelining
    rcpt u*@*: wait 20ms ; 550 5.1.1 No such user
--- verify
smtp_verify_batch_domain_probes 5;
--- init
my $id = main::submit('', main::users(800, 'ok.test'));
main::until_job($id, sub { $_[0]{answered} > 20 });
$main::seen{pause} = (main::http('PATCH', "/jobs/$id", '{"state":"paused"}',
    'Content-Type' => 'application/json'))[0];
main::until_job($id, sub { $_[0]{state} eq 'paused' && !$_[0]{in_flight} });
Time::HiRes::sleep(1.5);
my $before = main::job($id)->{answered};
Time::HiRes::sleep(1.5);
$main::seen{still} = main::job($id)->{answered} == $before;
main::http('PATCH', "/jobs/$id", '{"state":"running"}',
    'Content-Type' => 'application/json');
$main::seen{on} = main::until_job($id, sub { $_[0]{answered} > $before + 20 });
main::http('PATCH', "/jobs/$id", '{"state":"cancelled"}',
    'Content-Type' => 'application/json');
$main::Job = main::until_job($id, sub {
    $_[0]{state} eq 'cancelled' && $_[0]{answered} == 800
});
--- smtp_check eval
sub {
    my $n = $main::Job->{reason};

    return $main::seen{pause} == 200 && $main::seen{still}
           && $main::seen{on}{state} eq 'running'
           && $main::Job->{state} eq 'cancelled'
           && $n->{mailbox_not_found} + $n->{not_probed} == 800
           && $n->{mailbox_not_found} > 40 && $n->{not_probed} > 100;
}



=== TEST 19: a job that is deleted is gone at once, and asks nobody any more
--- http_config eval
TestVerify::Blocks::patient('')
--- smtp
mx1 11 pipelining
    rcpt u*@*: wait 20ms ; 550 5.1.1 No such user
--- verify
smtp_verify_batch_domain_probes 5;
--- init
my $id = main::submit('', main::users(2000, 'ok.test'));
main::until_job($id, sub { $_[0]{answered} > 20 });
$main::seen{code} = (main::http('DELETE', "/jobs/$id"))[0];
TestVerify::Clients::wait_for(sub { ! -e main::store($id) });
Time::HiRes::sleep(0.5);
my $asked = keys %{ main::asked() };
Time::HiRes::sleep(1);
$main::seen{still} = $asked == keys %{ main::asked() };
$main::seen{gone} = (main::http('GET', "/jobs/$id"))[0];
--- smtp_check eval
sub {
    return $main::seen{code} =~ /^20[024]$/ && $main::seen{still}
           && $main::seen{gone} == 404;
}



=== TEST 20: a destination that allows a few has an end, too, and costs little
--- http_config eval
TestVerify::Blocks::patient("smtp_verify_throttle_zone zone=limits:1m;\n")
--- smtp
mx1 11 pipelining
    rcpt u*@*: 550 5.1.1 No such user
--- verify
smtp_verify_throttle zone=limits rate=60/m burst=2 wait=100ms;
--- init
$main::Job = main::ended(main::submit('wait=6s', main::users(1000, 'ok.test')), 40);
--- smtp_check eval
sub {
    my $n = $main::Job->{reason};
    my $asked = main::asked();

    my $reads = () = main::logged() =~ /records are due/g;

    return $main::Job->{state} eq 'completed'
           && $n->{mailbox_not_found} >= 3 && $n->{mailbox_not_found} <= 20
           && $n->{mailbox_not_found} + $n->{throttled} == 1000
           && keys %$asked == $n->{mailbox_not_found} && $reads <= 20;
}



=== TEST 21: nginx is terminated in the middle, and started anew
--- http_config eval
TestVerify::Blocks::patient('')
--- smtp
mx1 11 pipelining
    rcpt u*@*: wait 20ms ; 550 5.1.1 No such user
--- verify
smtp_verify_batch_domain_probes 10;
--- init
my $id = main::submit('wait=30s', main::users(600, 'ok.test'));
main::until_job($id, sub { $_[0]{answered} > 50 });
main::restart('TERM');
$main::Job = main::ended($id, 60);
--- smtp_check eval
sub {
    my $asked = main::asked();

    # only what was in flight is asked twice

    return $main::Job->{state} eq 'completed'
           && main::reasons($main::Job) eq 'mailbox_not_found 600'
           && keys %$asked == 600
           && 20 >= grep { $_ != 1 } values %$asked;
}



=== TEST 22: the sample tells of the whole, also after a restart; then the truth does
--- http_config eval
TestVerify::Blocks::patient('')
--- smtp
mx1 11 pipelining
    rcpt *0@ok.test: 250 2.1.5 Ok
    rcpt *5@ok.test: 250 2.1.5 Ok
    rcpt u*@*: wait 10ms ; 550 5.1.1 No such user
    rcpt *: 550 5.1.1 No such user
--- verify
smtp_verify_batch_domain_probes 4;
smtp_verify_catch_all on canary=off;
--- init
my $id = main::submit('sample=60', main::users(900, 'ok.test'));
my $job = main::until_job($id, sub { $_[0]{estimate} && $_[0]{estimate}{answered} >= 60 });
$main::seen{sample} = $job->{estimate};
main::restart('QUIT');
my $again = main::until_job($id, sub { $_[0]{state} eq 'running' && $_[0]{estimate} });
$main::seen{again} = $again->{estimate};
$main::Job = main::ended($id, 60);
--- smtp_check eval
sub {
    my ($e, $again, $n) = ($main::seen{sample}, $main::seen{again}, $main::Job->{reason});
    my $accepted = $e->{status}{deliverable};
    my $missing = $e->{reason}{mailbox_not_found};

    Test::More::diag(JSON::PP::encode_json($e));

    # one fifth is accepted

    return $e->{answered} == 60 && $e->{records} == 900 && $e->{confidence} == 0.95
           && abs($accepted->{count} + $missing->{count} - 900) <= 1
           && $accepted->{low} < $accepted->{count}
           && $accepted->{high} > $accepted->{count}
           && $accepted->{low} <= 180 && $accepted->{high} >= 180
           && $missing->{low} <= 720 && $missing->{high} >= 720
           && $e->{status}{risky}{count} == 0 && $e->{status}{risky}{high} < 90
           && JSON::PP->new->canonical->encode($again->{reason})
              eq JSON::PP->new->canonical->encode($e->{reason})
           && $main::Job->{state} eq 'completed' && !defined $main::Job->{estimate}
           && main::reasons($main::Job) eq 'accepted 180, mailbox_not_found 720';
}



=== TEST 23: a sample that waits is no estimate, and a list without one has none
--- smtp
mx1 11 pipelining
    rcpt u*@*: 451 4.7.1 Greylisted, try again in 2 seconds
--- init
my $id = main::submit('wait=1h&sample=10', main::users(40, 'ok.test'));
$main::seen{greylisted} = main::until_job($id, sub { $_[0]{waiting} == 40 });
my $other = main::submit('wait=1h', main::users(40, 'ok.test'));
$main::seen{none} = main::until_job($other, sub { $_[0]{state} eq 'running' });
main::http('DELETE', "/jobs/$_") for $id, $other;
--- smtp_check eval
sub {
    return $main::seen{greylisted}{waiting} == 40
           && !defined $main::seen{greylisted}{estimate}
           && exists $main::seen{greylisted}{estimate}
           && !defined $main::seen{none}{estimate};
}
