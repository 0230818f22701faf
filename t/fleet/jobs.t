# Blocks of a job that machines without work take over, by a real Valkey or
# Redis: each address has one result, whatever dies meanwhile.

use lib 't/lib';
use TestVerify 'no_plan';
use TestVerify::Clients;
use TestVerify::Edges;
use TestVerify::Jobs;
use TestVerify::Valkey qw( command );

use IO::Socket::INET;
use JSON::PP;
use Time::HiRes qw( sleep time );

master_on();
no_long_string();

our $Fleet = '
    smtp_verify_fleet edges {
        server $TEST_NGINX_VALKEY;
        key $TEST_NGINX_FLEET_KEY;
        prefix test; timeout 200ms;
        parts jobs;
    }';

our $Jobs = '
    smtp_verify_batch_probes 10;
    smtp_verify_batch_domain_probes 2;
    smtp_verify_batch_window 64;
    smtp_verify_connect_timeout 5s;
    smtp_verify_greeting_timeout 10s;
    smtp_verify_read_timeout 10s;
    smtp_verify_timeout 30s;
    smtp_verify_catch_all off;';

our $Status = 'location = /counters { smtp_verify_counters; }';

sub edges
{
    my ($more) = @_;

    TestVerify::Edges::conf($Fleet, "location /jobs {
        smtp_verify_jobs_store EDGE/jobs;
        smtp_verify_jobs; $Jobs " . ($more // '') . "} $Status");
}

add_block_preprocessor(sub {
    my ($block) = @_;

    return if defined $block->must_die;

    $block->set_value(http_config => patient($Fleet));
    $block->set_value(config => "location /jobs {
        smtp_verify_jobs_store \$TEST_NGINX_SERVROOT/jobs;
        smtp_verify_jobs; $Jobs " . ($block->verify // '') . "} $Status
        location = /idle { return 204; }");
    $block->set_value(dns => "+default\n"
        . join '', map { "d$_.test MX 10 mx1.ok.test\n" } 1 .. 40)
        if !defined $block->dns;
    $block->set_value(smtp => "mx1 11 pipelining\n"
        . "    rcpt u*\@*: wait 20ms ; 550 5.1.1 No such user\n")
        if !defined $block->smtp;
    $block->set_value(request => 'GET /idle');
    $block->set_value(error_code => 204);

    TestVerify::Edges::stop();
    TestVerify::Valkey::start();
    command('FLUSHALL');

    edges($block->others);
    TestVerify::Edges::start(split ' ', $block->edges // '1 2');
});


sub users
{
    my ($n) = @_;
    return map { 'u' . $_ . '@d' . (1 + $_ % 40) . '.test' } 1 .. $n;
}

# waits until all machines would take blocks

sub ready
{
    my ($n) = @_;

    until_true(sub { (command('HLEN', idle())) >= ($n // 2) });
}

sub idle { (grep { /^test:idle:/ } @{ command('KEYS', 'test:*') })[0] // 'none' }

sub until_true
{
    my ($what, $seconds) = @_;

    my $end = time + ($seconds // 5) * $TestVerify::Blocks::Slow;

    until ($what->()) {
        return 0 if time > $end;
        sleep 0.02;
    }

    return 1;
}

# a counter of a machine; 0 is the nginx of the block

sub counter
{
    my ($edge, $name) = @_;

    my $addr = $edge ? TestVerify::Edges::address($edge)
                     : "127.0.0.1:$TestVerify::Env::HttpPort";
    my $s = IO::Socket::INET->new(PeerAddr => $addr, Timeout => 5) or return 0;

    print $s "GET /counters HTTP/1.0\r\n\r\n";

    local $/;
    my ($json) = <$s> =~ /\r\n\r\n(.*)/s or return 0;
    return decode_json($json)->{$name};
}

# recipients that the servers were asked for, each with how often

sub asked
{
    my $file = "$TestVerify::Env::Dir/slot-$TestVerify::Env::Slot/smtp.log";
    my %n;

    for my $session (@{ TestVerify::SMTP::sessions($file) }) {
        for my $turn (grep { $_->{e} eq 'turn' } @{ $session->{events} }) {
            /^RCPT TO:<([^>]*)>/i && $n{$1}++ for @{ $turn->{d} };
        }
    }

    return \%n;
}

# what is wrong with a job of so many records

sub wrong
{
    my ($job, $n, $reason) = @_;

    my (%seen, $page);

    do {
        my $cursor = $page ? "&cursor=$page->{next}" : '';
        my @lines = lines("/jobs/$job->{id}/results?limit=1000$cursor");
        $page = pop @lines;
        $seen{$_->{index}}++ for @lines;
    } until !ref $page || $page->{complete} || !$page->{count};

    return CORE::join '; ', grep { length }
        ($job->{state} eq 'completed' ? '' : "state $job->{state}"),
        ($job->{answered} == $n ? '' : "answered $job->{answered}"),
        (($job->{reason}{$reason} // 0) == $n ? ''
            : 'reasons ' . encode_json($job->{reason})),
        (keys %seen == $n ? '' : 'lines of ' . keys(%seen) . ' records'),
        ((grep { $_ > 1 } values %seen) ? 'a record has two lines' : '');
}

# what the store still has of jobs

sub left
{
    return CORE::join ' ', grep { !/^test:(alive|erased|idle)/
                                  && (!/^test:work/ || command('XLEN', $_)) }
        @{ command('KEYS', 'test:*') };
}

our $Job;

preset(smtp => "mx1 11 pipelining\n");

run_tests();

__DATA__

=== TEST 1: three machines work at the job of one
--- init
main::ready();
$main::Job = main::ended(main::submit('', main::users(2000)), 60);
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



=== TEST 8: a machine with other settings takes nothing
--- others: smtp_verify_from other@verifier.test;
--- init
main::until_true(sub { @{ main::command('KEYS', 'test:idle:*') } });
$main::Job = main::ended(main::submit('', main::users(1000)), 60);
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
$main::Job = main::ended($id, 60);
--- smtp_check eval
sub {
    my $asked = main::asked();

    main::is(main::wrong($main::Job, 2000, 'mailbox_not_found'), '', 'results');
    main::is(scalar(grep { $_ != 1 } values %$asked), 0, 'each once');
    main::is(main::left(), '', 'nothing is left');
    return 1;
}


