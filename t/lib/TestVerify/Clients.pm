package TestVerify::Clients;

# Many clients at once, beside the one that a block is: for "init", with
# their answers for "smtp_check".

use strict;
use warnings;

use Exporter 'import';
use IO::Select;
use IO::Socket::INET;
use JSON::PP;
use POSIX ();
use Time::HiRes qw( sleep time );

use TestVerify::Env;
use TestVerify::Nginx;

our @EXPORT_OK = qw( until_true );

my (@file, @pid);


# start(path, clients => 100, after => 0.1, abort => 0.3, headers => "A: b"):
# "%d" in the path is the client's number; abort: they go away so long after
# they asked; at_once: the workers are stopped meanwhile, and find all of it in
# one turn of their event loops; from: the address that they come from

sub start
{
    my ($path, %how) = @_;

    my $file = "$TestVerify::Env::Dir/slot-$TestVerify::Env::Slot/clients-"
               . @file;

    my $pid = fork() // die "fork: $!\n";

    if ($pid) {
        push @file, $file;
        push @pid, $pid;
        return;
    }

    TestVerify::Env::detach('/dev/null');
    sleep $how{after} if $how{after};

    open my $out, '>', $file or POSIX::_exit(1);
    print $out encode_json($_), "\n" for ask($path, %how);
    close $out;

    POSIX::_exit(0);
}


sub ask
{
    my ($path, %how) = @_;
    my (%client, @answers);

    my $select = IO::Select->new;
    my $start = time();
    my $end = $start + ($how{abort} // 20 * $TestVerify::Blocks::Slow);
    my $headers = join '', map { "$_\r\n" } split /\n/, $how{headers} // '';

    my @socks = map {
        IO::Socket::INET->new(PeerAddr => '127.0.0.1',
            $how{from} ? (LocalAddr => $how{from}) : (),
            PeerPort => $TestVerify::Env::HttpPort, Timeout => 5) // ()
    } 1 .. $how{clients} // 1;

    my @workers = $how{at_once} ? workers() : ();

    if (@workers) {
        sleep 0.3 * $TestVerify::Blocks::Slow;
        kill STOP => @workers;
    }

    for my $i (1 .. @socks) {
        my $sock = $socks[$i - 1];

        syswrite $sock, 'GET ' . ($path =~ s/%d/$i/gr)
            . " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n$headers\r\n";

        $select->add($sock);
        $client{$sock} = '';
    }

    kill CONT => @workers;

    while ($select->count && time() < $end) {
        for my $sock ($select->can_read($end - time())) {
            next if sysread $sock, $client{$sock}, 65536,
                    length $client{$sock};

            push @answers, parse($client{$sock}, time() - $start);
            $select->remove($sock);
            close $sock;
        }
    }

    return @answers;
}


sub parse
{
    my ($text, $took) = @_;

    my ($head, $body) = split /\r\n\r\n/, $text, 2;
    my %header = ($head // '') =~ /^([\w-]+): (.*?)\r?$/mg;

    # one chunk, if it came in chunks

    $body =~ s/\A[0-9a-f]+\r\n(.*?)\r\n0\r\n\r\n\z/$1/s if defined $body;

    return { took => $took, header => \%header,
             code => ($head // '') =~ m{^HTTP/1.1 (\d+)} ? $1 : 0,
             body => $body,
             json => scalar eval { decode_json($body) } };
}


# until all have their answers, or have waited long enough

sub finish
{
    waitpid $_, 0 for @pid;
    @pid = ();
}


sub answers
{
    my @answers;

    finish();

    for my $file (@file) {
        open my $in, '<', $file or next;
        push @answers, map { decode_json($_) } <$in>;
    }

    @file = ();

    return @answers;
}


# how many have the same value: count(sub { ... }, @answers) as a string,
# "a 3, b 1"

sub count
{
    my ($code, @answers) = @_;
    my %n;

    for (@answers) {
        $n{ $code->($_) // 'none' }++;
    }

    return join ', ', map { "$_ $n{$_}" } sort keys %n;
}


# the reasons of these answers, or of all: "accepted 3, timeout 1"

sub reasons
{
    return count(sub { $_[0]{json}{reason} }, @_ ? @_ : answers());
}


# SIGKILL for the worker that has a connection to a port, that long from now

sub kill_worker_at
{
    my ($port, $after) = @_;

    my $pid = fork() // die "fork: $!\n";
    return if $pid;

    TestVerify::Env::detach('/dev/null');
    sleep $after;
    eval { kill 'KILL', worker_at($port) };
    POSIX::_exit(0);
}


# waits until there is one

sub worker_at
{
    my ($port) = @_;

    my @at;

    until_true(sub { @at = workers_at($port) }, 15)
        or die "no worker is connected to port $port\n";

    return $at[0];
}


sub workers_at
{
    my ($port) = @_;
    my (%inode, @at);

    my $hex = sprintf '%04X', $port;

    open my $in, '<', '/proc/net/tcp' or return;

    while (<$in>) {
        my @f = split;
        $inode{$f[9]} = 1 if $f[2] =~ /:$hex$/ && $f[3] eq '01';
    }

    for my $worker (workers()) {
        my @fd = map { readlink($_) // '' } glob "/proc/$worker/fd/*";

        push @at, $worker if grep { /^socket:\[(\d+)\]/ && $inode{$1} } @fd;
    }

    return @at;
}


sub workers
{
    my $master = TestVerify::Nginx::pid() // return;
    my @workers;

    for my $stat (glob '/proc/[0-9]*/stat') {
        open my $in, '<', $stat or next;
        my ($pid, $parent) = (<$in> // '') =~ /^(\d+) \(.*\) \w (\d+)/
            or next;
        push @workers, $pid if $parent == $master;
    }

    return @workers;
}


# SIGHUP, and waits until it is done: until all workers are new ones, or the
# sub says so.  Where there is no worker yet the signal would be lost

sub reload
{
    my ($done) = @_;
    my (%old, @now);

    wait_for(sub { %old = map { $_ => 1 } workers() });

    $done //= sub { @now = workers(); @now && !grep { $old{$_} } @now };

    kill 'HUP', TestVerify::Nginx::pid();

    wait_for($done);
}


# asks again and again until it is so: whether it was, within so many seconds

sub until_true
{
    my ($what, $seconds) = @_;

    my $end = time + ($seconds // 8) * $TestVerify::Blocks::Slow;

    until ($what->()) {
        return 0 if time > $end;
        sleep 0.02;
    }

    return 1;
}


sub wait_for
{
    my ($done) = @_;

    until_true($done, 20) or die "what was waited for did not come\n";
}


1;
