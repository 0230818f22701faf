package TestVerify::Fleet;

# Machines that share a store: what one of them answers, whether they are there,
# and what their receiver saw of all of them together.
#
#   ask('GET', '/path')         the answer, head and body, as it came
#   health()                    what /health says of the store of fleet "a"
#   alive(2)                    waits until so many machines were seen
#   machines()                  how many the store knows
#   seen()                      these by their names, with the time of the store
#                               at which they were seen last
#   $Limits                     machines that share the throttle zone "limits"
#   anew($known)                no machine is there, the store is empty and its
#                               clock right; it has been there for long if it is
#                               known, else it is new
#   later(2, sub { ... })       does something after so many seconds
#   most($sessions)             sessions at once
#   refused($sessions)          recipients other than john, whom the server knows
#   over($rate, $burst, $sessions)
#                               by how many recipients some time had more than
#                               burst + 1 and the rate allow

use strict;
use warnings;

use Exporter 'import';
use IO::Socket::INET;
use POSIX ();
use Time::HiRes qw( sleep );
use TestVerify::Clients ();
use TestVerify::Env;
use TestVerify::Valkey;

our @EXPORT_OK = qw( ask health alive machines seen later most over refused );

our $Limits = '
    smtp_verify_throttle_zone zone=limits:1m;
    smtp_verify_fleet edges {
        server $TEST_NGINX_VALKEY;
        key $TEST_NGINX_FLEET_KEY;
        prefix test;
        parts throttle;
    }';


sub ask
{
    my ($method, $path) = @_;

    my $s = IO::Socket::INET->new(PeerAddr => '127.0.0.1',
        PeerPort => $TestVerify::Env::HttpPort, Timeout => 5) or return '';

    print $s "$method $path HTTP/1.1\r\nHost: localhost\r\n"
             . "Connection: close\r\n\r\n";

    local $/;
    return scalar <$s> // '';
}


sub health
{
    return ask('GET', '/health')
               =~ /"seen":"(The store of the fleet a[^"]*)"/ ? $1 : '';
}


sub alive
{
    my ($n) = @_;

    TestVerify::Clients::until_true(sub { machines() >= $n }, 10)
        or die "fewer than $n machines are there\n";
}


sub machines { scalar keys %{ seen() } }


sub seen
{
    my %seen = @{ TestVerify::Valkey::command('HGETALL', 'test:machines') };

    delete @seen{qw( since clock )};
    return \%seen;
}


# machines that end tell the store what was refused

sub anew
{
    my ($known) = @_;

    TestVerify::Edges::stop();
    TestVerify::Clock::set(0);
    TestVerify::Valkey::start();
    TestVerify::Valkey::command('FLUSHALL');
    TestVerify::Valkey::command('HSET', 'test:machines', 'since', 1) if $known;
}


sub later
{
    my ($after, $what) = @_;

    my $pid = fork // die "fork: $!\n";

    return if $pid;

    TestVerify::Env::detach('/dev/null');
    sleep $after;
    $what->();
    POSIX::_exit(0);
}


# that the client has closed a session is seen a moment after it did

sub most
{
    my ($sessions) = @_;

    my ($now, $most) = (0, 0);

    for (sort { $a->[0] <=> $b->[0] || $a->[1] <=> $b->[1] }
         map { [$_->{t}, 1], [last_said($_), -1] } @$sessions)
    {
        $now += $_->[1];
        $most = $now if $now > $most;
    }

    return $most;
}


sub last_said
{
    my ($session) = @_;

    my ($turn) = grep { $_->{e} eq 'turn' } reverse @{ $session->{events} };

    return $turn ? $turn->{t} : $session->{t};
}


sub refused
{
    my ($sessions) = @_;

    return scalar grep { /^RCPT /i && !/<john\@/i }
        map { $_->{e} eq 'turn' ? @{ $_->{d} } : () }
        map { @{ $_->{events} } } @$sessions;
}


sub over
{
    my ($rate, $burst, $sessions) = @_;

    my ($most, $level, $last) = (0, 0);

    for my $t (sort { $a <=> $b } map {
        my $event = $_;
        map { /^RCPT /i ? $event->{came} : () } @{ $event->{d} }
    } grep { $_->{e} eq 'turn' } map { @{ $_->{events} } } @$sessions) {
        $level -= ($t - ($last // $t)) * $rate;
        $level = 0 if $level < 0;
        $most = $level if ++$level > $most;
        $last = $t;
    }

    return $most - $burst - 1;
}


1;
