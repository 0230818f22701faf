package TestVerify::Lending;

# Jobs at which several machines work: the nginx of the block owns them, and
# those of TestVerify::Edges take blocks.  It is used after these, and after
# TestVerify::Jobs and TestVerify::Valkey.
#
#   blocks()            each block is such a fleet; "verify" has more directives
#                       of the owner, "others" those of the others, "user" the
#                       user of the store, "edges" which of them there are
#   $Jobs               what the location of jobs has there
#   ready(2)            waits until so many workers would take blocks
#   idle()              the key of the store that says who would take blocks
#   users(2000)         so many addresses of 40 domains
#   counter(1, 'jobs_borrowed')
#                       of a machine; 0 is the owner
#   asked()             recipients that mail servers were asked for, each with
#                       how often
#   wrong($job, 2000, 'mailbox_not_found')
#                       what is wrong with a job of so many records
#   left()              what the store still has of jobs

use strict;
use warnings;

use Exporter 'import';
use IO::Socket::INET;
use JSON::PP;
use TestVerify::Blocks;
use TestVerify::Clients qw( until_true );
use TestVerify::Env;
use TestVerify::Jobs;
use TestVerify::Valkey qw( command );

our @EXPORT = qw( blocks ready idle users counter asked wrong left );

my $Fleet = '
    smtp_verify_fleet edges {
        server $TEST_NGINX_VALKEY;
        key $TEST_NGINX_FLEET_KEY;
        prefix test; timeout 200ms;
        parts jobs;
        #user
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

my $Status = 'location = /counters { smtp_verify_counters; }';


sub blocks { Test::Nginx::Socket::add_block_preprocessor(\&prepare) }


sub prepare
{
    my ($block) = @_;

    return if defined $block->must_die;

    my $user = $block->user // '';

    $block->set_value(http_config =>
        TestVerify::Blocks::patient($Fleet =~ s/#user/$user/r));
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

    # the rights of docs/fleet.md

    command('ACL', 'SETUSER', 'edge', 'reset', 'on', '>secret', '~test:*',
            '&test:*', rights());

    edges(scalar $block->others, $user);
    TestVerify::Edges::start(split ' ', $block->edges // '1 2');
}


sub edges
{
    my ($more, $user) = @_;

    TestVerify::Edges::conf($Fleet =~ s/#user/$user/r, "location /jobs {
        smtp_verify_jobs_store EDGE/jobs;
        smtp_verify_jobs; $Jobs " . ($more // '') . "} $Status");
}


sub rights
{
    open my $in, '<', 'docs/fleet.md' or die "docs/fleet.md: $!\n";
    my $text = do { local $/; <$in> };

    my ($rights) = $text =~ /ACL SETUSER edge[^\n]*\n(.*?)^```/ms
        or die "no user in docs/fleet.md\n";

    return grep { length } split /[\s\\']+/, $rights;
}


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


sub asked { TestVerify::SMTP::recipients() }


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

    return join '; ', grep { length }
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
    return join ' ', grep { !/^test:(alive|erased|idle)/
                                  && (!/^test:work/ || command('XLEN', $_)) }
        @{ command('KEYS', 'test:*') };
}


1;
