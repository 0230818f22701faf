# Blocks of a job that machines without work take over, by a real Valkey or
# Redis: each address has one result, whatever dies meanwhile.

use lib 't/lib';
use TestVerify 'no_plan';
use TestVerify::Clients qw( until_true );
use TestVerify::Edges;
use TestVerify::Jobs;
use TestVerify::Lending;
use TestVerify::Valkey qw( command );

use Digest::SHA;
use JSON::PP;
use Time::HiRes ();

master_on();
no_long_string();

TestVerify::Lending::blocks();

our $Job;

# a job of which another machine has begun a block

sub lent
{
    ready();

    my $id = submit('', users(2000));

    until_true(sub { counter(1, 'jobs_borrowed') > 0 });
    return $id;
}

sub complete
{
    is(wrong($Job, 2000, 'mailbox_not_found'), '', 'results');
    is(left(), '', 'nothing is left');
    return 1;
}

run_tests();

__DATA__

=== TEST 1: three machines work at the job of one
--- init
main::ready();
$main::Job = main::ended(main::submit('', main::users(2000)));
--- smtp_check eval
sub {
    my $asked = main::asked();
    my $took = main::counter(1, 'jobs_borrowed') + main::counter(2, 'jobs_borrowed');

    main::is(main::wrong($main::Job, 2000, 'mailbox_not_found'), '', 'results');
    main::is(scalar(keys %$asked), 2000, 'all were asked');
    main::is(scalar(grep { $_ != 1 } values %$asked), 0, 'each once');
    main::cmp_ok(main::counter(1, 'jobs_borrowed'), '>', 0, 'one works');
    main::cmp_ok(main::counter(2, 'jobs_borrowed'), '>', 0, 'the other one works');
    main::is(main::counter(0, 'jobs_lent'), $took, 'lent and borrowed');
    main::cmp_ok(main::counter(0, 'jobs_returned'), '>', 256, 'results came back');
    main::is(main::left(), '', 'nothing is left');
    return 1;
}



=== TEST 2: nothing is in clear in the store, and a user needs only these rights
--- user: user edge; password secret;
--- edges: 1
--- init
main::ready(1);
my $id = main::submit('', main::users(1500));
main::until_true(sub { main::counter(0, 'jobs_lent') });
my @raw = map { CORE::join '', map { CORE::join '', @{ $_->[1] } }
                @{ main::command('XRANGE', $_, '-', '+') } }
    grep { /^test:(work|answers)/ } @{ main::command('KEYS', 'test:*') };
$main::Job = main::ended($id);
main::cmp_ok(length CORE::join('', @raw), '>', 1000, 'blocks are there');
main::unlike(CORE::join('', @raw), qr/d\d\.test|$id/, 'no address, no job');
--- smtp_check eval
sub {
    main::is(main::wrong($main::Job, 1500, 'mailbox_not_found'), '', 'results');
    main::cmp_ok(main::counter(1, 'jobs_borrowed'), '>', 0, 'it works');
    return 1;
}



=== TEST 3: machines that are killed in the middle of a block
--- init
main::ready();
my $id = main::submit('', main::users(2000));
for my $edge (1, 2) {
    main::until_true(sub { main::counter($edge, 'jobs_borrowed') > 0 });
    TestVerify::Edges::kill($edge);
    Time::HiRes::sleep(0.2);
}
TestVerify::Edges::start(2);
$main::Job = main::ended($id);
--- smtp_check eval
sub {
    my $asked = main::asked();
    my $twice = grep { $_ != 1 } values %$asked;

    main::is(main::wrong($main::Job, 2000, 'mailbox_not_found'), '', 'results');
    main::is(scalar(keys %$asked), 2000, 'all were asked');
    main::cmp_ok($twice, '<=', 4 * 256 * 2, 'twice at most what was away');
    main::is(main::left(), '', 'nothing is left');
    return 1;
}
--- unquit
--- no_session_check



=== TEST 4: the only other machine dies: its blocks are back within five seconds
--- edges: 1
--- smtp
mx1 11 pipelining
    rcpt u*@*: wait 300ms ; 550 5.1.1 No such user
--- init
main::ready(1);
my $id = main::submit('', main::users(1400));
main::until_true(sub { main::counter(1, 'jobs_borrowed') >= 1 });
TestVerify::Edges::kill(1);
my $killed = Time::HiRes::time();
main::until_true(sub {
    !grep { main::command('XLEN', $_) } grep { /^test:work/ }
        @{ main::command('KEYS', 'test:*') }
}, 10);
my $took = Time::HiRes::time() - $killed;
main::cmp_ok($took, '<', 5 * $TestVerify::Blocks::Slow, "back after $took s");
main::http('DELETE', "/jobs/$id");
--- unquit



=== TEST 5: the store is killed, and comes back empty
--- init
my $id = main::lent();
TestVerify::Valkey::stop();
Time::HiRes::sleep(1);
TestVerify::Valkey::start();
$main::Job = main::ended($id);
--- smtp_check eval
sub {
    main::is(main::wrong($main::Job, 2000, 'mailbox_not_found'), '', 'results');
    return 1;
}



=== TEST 6: the store is frozen, and emptied with its scripts
--- init
my $id = main::lent();
TestVerify::Valkey::freeze();
Time::HiRes::sleep(2);
TestVerify::Valkey::thaw();
main::command('FLUSHALL');
main::command('SCRIPT', 'FLUSH');
$main::Job = main::ended($id);
--- smtp_check eval
sub { main::complete() }



=== TEST 7: the owner is killed, and finds what others have found out meanwhile
--- init
my $id = main::lent();
my $command = main::stop_nginx('KILL');
Time::HiRes::sleep(1.5);
my ($answers) = grep { /^test:answers/ } @{ main::command('KEYS', 'test:*') };
main::cmp_ok($answers ? main::command('XLEN', $answers) : 0, '>', 0,
             'answers wait');
main::start_nginx($command);
$main::Job = main::ended($id);
main::cmp_ok(main::counter(0, 'jobs_returned'), '>', 0, 'they are taken');
--- smtp_check eval
sub { main::complete() }
--- unquit



=== TEST 8: a machine with other settings takes nothing
--- others: smtp_verify_from other@verifier.test;
--- init
main::until_true(sub { @{ main::command('KEYS', 'test:idle:*') } });
$main::Job = main::ended(main::submit('', main::users(1000)));
--- smtp_check eval
sub {
    main::is(main::wrong($main::Job, 1000, 'mailbox_not_found'), '', 'results');
    main::is(main::counter(1, 'jobs_borrowed')
             + main::counter(2, 'jobs_borrowed')
             + main::counter(0, 'jobs_lent'), 0, 'nothing was lent');
    return 1;
}



=== TEST 9: garbage in the streams
--- init
main::ready();
my ($variant) = main::idle() =~ /idle:(\w+)/;
my ($alive) = map { /alive:(\w+)/ } @{ main::command('KEYS', 'test:alive:*') };
main::command('XADD', "test:work:$variant", '*', 'o', $alive, 'b', 'x' x 300);
main::command('XADD', "test:work:$variant", '*', 'o', $alive, 'b', '');
main::command('XADD', "test:work:$variant", '*', 'x', 'y');
my $id = main::submit('', main::users(2000));
my $answers;
main::until_true(sub {
    ($answers) = grep { /^test:answers/ } @{ main::command('KEYS', 'test:*') };
});
main::command('XADD', $answers, '*', 'r', 'x' x 300) for 1 .. 5;
main::command('XADD', $answers, '*', 'r', '');
$main::Job = main::ended($id);
--- smtp_check eval
sub {
    my $asked = main::asked();

    main::is(main::wrong($main::Job, 2000, 'mailbox_not_found'), '', 'results');
    main::is(scalar(grep { $_ != 1 } values %$asked), 0, 'each once');
    main::is(main::left(), '', 'nothing is left');
    return 1;
}



=== TEST 10: a job that is purged while others work at it
--- smtp
mx1 11 pipelining
    rcpt u*@*: wait 200ms ; 550 5.1.1 No such user
--- init
main::ready();
my $id = main::submit('', main::users(2000));
main::until_true(sub { main::counter(1, 'jobs_borrowed') > 0
                       && main::counter(2, 'jobs_borrowed') > 0 });
main::is((main::http('DELETE', "/jobs/$id"))[0], 204, 'purged');
main::ok(main::until_true(sub { main::left() =~ /^(test:unwanted:\w+)?\z/ }),
         'nothing is left: ' . main::left());
Time::HiRes::sleep(1);
my $asked = keys %{ main::asked() };
Time::HiRes::sleep(1.5);
main::is(scalar(keys %{ main::asked() }), $asked, 'nobody asks any more');
--- unquit



=== TEST 11: a job that is paused, and goes on
--- init
my $id = main::lent();
main::http('PATCH', "/jobs/$id", '{"state":"paused"}',
           'Content-Type' => 'application/json');
main::until_job($id, sub { $_[0]{state} eq 'paused' && $_[0]{in_flight} == 0 });
main::ok(main::until_true(sub { main::left() !~ /work/ }), 'it is withdrawn');
main::http('PATCH', "/jobs/$id", '{"state":"running"}',
           'Content-Type' => 'application/json');
$main::Job = main::ended($id);
--- smtp_check eval
sub {
    main::is(main::wrong($main::Job, 2000, 'mailbox_not_found'), '', 'results');
    return 1;
}



=== TEST 12: an address that is erased while others ask for it
--- smtp
mx1 11 pipelining
    rcpt u*@*: wait 100ms ; 550 5.1.1 No such user
--- init
main::ready();
my @users = main::users(1200);
my $id = main::submit('', @users);
main::until_true(sub { main::counter(1, 'jobs_borrowed') > 0 });
main::http('DELETE', '/jobs/addresses', main::encode_json({ email => $_ }),
    'Content-Type' => 'application/json') for @users[100, 500, 900, 1199];
$main::Job = main::ended($id);
main::is($main::Job->{errors}, 4, 'erased');
main::is($main::Job->{reason}{mailbox_not_found}, 1196, 'the others');
my @found = grep { ref && ($_->{email} // '') eq $users[500] }
    main::lines("/jobs/$id/results?limit=1000&order=input");
main::is(scalar @found, 0, 'its result is not there');



=== TEST 13: what depends on the machine is asked by the owner
--- smtp
mx1 11 pipelining
    rcpt u*@*: wait 20ms ; 550 5.7.1 Your address is blocked, see our blocklist
--- init
main::ready();
$main::Job = main::ended(main::submit('wait=0', main::users(900)));
--- smtp_check eval
sub {
    main::is($main::Job->{state}, 'completed', 'completed');
    main::is($main::Job->{status}{unknown}, 900, 'unknown');
    main::is(main::counter(0, 'jobs_returned'), 0, 'nothing is handed in');
    return 1;
}



=== TEST 14: the quota of a client pays for what others ask, and not for more
--- user_files eval
">>> tokens\nalice sha256:" . Digest::SHA::sha256_hex('secret') . " quota=1200\n"
--- verify
smtp_verify_tokens $TEST_NGINX_SERVER_ROOT/html/tokens;
--- init
main::ready();
my @alice = (Authorization => 'Bearer secret');
my (undef, $job) = main::http('POST', '/jobs',
    CORE::join("\n", main::users(2000), ''), @alice);
my $id = $job->{id};
main::until_true(sub {
    (undef, $job) = main::http('GET', "/jobs/$id", undef, @alice);
    return $job->{answered} >= 1200 && $job->{in_flight} == 0;
}, 60);
Time::HiRes::sleep(1);
(undef, $job) = main::http('GET', "/jobs/$id", undef, @alice);
main::is("$job->{state} $job->{answered}", 'running 1200', 'so many, and no more');
main::cmp_ok(main::counter(0, 'jobs_returned'), '>', 200, 'others have worked');
main::is(scalar keys %{ main::asked() }, 1200, 'asked');



=== TEST 15: an address that is erased is not asked, by whomever has it
--- smtp
mx1 11 pipelining
    rcpt u*@*: wait 300ms ; 550 5.1.1 No such user
--- init
main::ready();
my @users = main::users(900);
my $id = main::submit('', @users);
main::until_true(sub { main::counter(1, 'jobs_borrowed') > 0
                       && main::counter(2, 'jobs_borrowed') > 0 });
my $asked = main::asked();
my @erased = (grep { !$asked->{$_} } @users)[map { $_ * 40 } 0 .. 15];
main::http('DELETE', '/jobs/addresses', main::encode_json({ email => $_ }),
    'Content-Type' => 'application/json') for @erased;
Time::HiRes::sleep(1);
$asked = main::asked();
my @left = grep { !$asked->{$_} } @erased;
main::cmp_ok(scalar @left, '>', 8, 'erased in time');
$main::Job = main::ended($id);
main::is($main::Job->{errors}, 16, 'erased');
$asked = main::asked();
main::is(CORE::join(' ', grep { $asked->{$_} } @left), '', 'nobody asked for them');



=== TEST 16: blocks of one domain, which leave probes over
--- edges: 1
--- smtp
mx1 11 pipelining
    rcpt u*@*: wait 500ms ; 550 5.1.1 No such user
--- init
main::ready(1);
my $id = main::submit('', map { "u$_\@d1.test" } 1 .. 3000);
main::until_true(sub { main::counter(1, 'jobs_borrowed') >= 4 }, 10);
main::cmp_ok(main::counter(1, 'jobs_borrowed'), '>=', 4, 'more are borrowed');
main::http('DELETE', "/jobs/$id");
--- unquit



=== TEST 17: blocks that others are still at do not keep the next worker from all others
--- edges: 1
--- others: smtp_verify_helo other.test; smtp_verify_keepalive off;
--- smtp
mx1 11 pipelining
    ehlo other.test: wait 9s ; default
    rcpt u*@*: 550 5.1.1 No such user
--- main_config
worker_shutdown_timeout 2s;
--- init
main::ready(2);
my $id = main::submit('', main::users(6000));
main::until_true(sub { main::counter(1, 'jobs_borrowed') >= 1 }) or die "none\n";

# the store is full, so they are not told that the worker leaves

main::command(qw( CONFIG SET maxmemory 1 ));
my ($old) = TestVerify::Clients::workers();
TestVerify::Clients::reload(sub { !TestVerify::Nginx::alive($old) });
main::command(qw( CONFIG SET maxmemory 0 ));

# what the next worker does first after it had the first answers: it leases
# another block, or the others end

my $next = '';
main::until_true(sub {
    my $had = 0;
    my %lent = map { $_ => 1 } main::logged() =~ /block (\d+) is offered/g;
    for (grep { !/\[debug\] $old#/ } split /\n/, main::logged()) {
        $had ||= /others have \d+ results of block/;
        $next = $had && /block (\d+) is leased/ && !$lent{$1} ? 'leases'
                : /results of block \d+, last:1/ ? 'ends' : '';
        last if $next;
    }
    return $next;
}, 60);
main::is($next, 'leases', 'it goes on with other blocks');
main::patch($id, '{"state":"cancelled"}');
main::until_job($id, sub { $_[0]{state} eq 'cancelled' });
TestVerify::Edges::stop();
--- linger: 15s
--- no_session_check
--- log_allow
the store is full
