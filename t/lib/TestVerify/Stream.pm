package TestVerify::Stream;

# A client of smtp_verify_batch that writes and reads when it is told to, for
# "init"; and what its answer must look like.

use strict;
use warnings;

use IO::Select;
use IO::Socket::INET;
use JSON::PP;
use Time::HiRes qw( sleep time );

use TestVerify::Env;
use TestVerify::Result;

our $Last;          # what post() returned, for "smtp_check"


# post(path, body => [ "piece", sub { condition }, ... ], type => 'text/csv',
# chunked => 1, length => N, late => 1, each => sub { ... }, within => 20): a
# condition gets the client and holds back what follows until it is true; of
# a reference to a string no chunk is made.
# late: nothing is read until all is written.  each: is called whenever
# something has happened; {hold} stops reading, {close} goes away.

sub post
{
    my ($path, %how) = @_;

    my $c = $Last = { lines => [], times => [], in => '', start => time() };
    my @pieces = @{ $how{body} };

    my $length = 0;
    $length += length for grep { !ref } @pieces;
    $length = $how{length} // $length;

    my $sock = IO::Socket::INET->new(PeerAddr => '127.0.0.1',
        PeerPort => $how{port} // $TestVerify::Env::HttpPort, Timeout => 5)
        or return $c;

    setsockopt $sock, SOL_SOCKET, SO_RCVBUF, pack 'i', $how{rcvbuf}
        if $how{rcvbuf};

    $sock->blocking(0);

    my $out = "POST $path HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
        . 'Content-Type: ' . ($how{type} // 'text/plain') . "\r\n"
        . ($how{chunked} ? "Transfer-Encoding: chunked\r\n"
                         : "Content-Length: $length\r\n")
        . ($how{header} // '') . "\r\n";

    push @pieces, undef if $how{chunked} && !$how{unfinished};

    my $read = IO::Select->new($sock);
    my $write = IO::Select->new($sock);
    my $end = time() + ($how{within} // 20 * $TestVerify::Blocks::Slow);

    while (time() < $end) {

        while ($out eq '' && @pieces) {
            my $piece = shift @pieces;

            if (ref $piece eq 'SCALAR') {
                $out = $$piece;
                next;
            }

            if (ref $piece) {
                next if $piece->($c);
                unshift @pieces, $piece;
                last;
            }

            $out = !$how{chunked} ? $piece : !defined $piece ? "0\r\n\r\n"
                   : sprintf "%x\r\n%s\r\n", length $piece, $piece;
        }

        $c->{sent} //= time() - $c->{start} if $out eq '' && !@pieces;

        my $quiet = $c->{hold} || $how{late} && !defined $c->{sent};

        if ($out ne '' && $write->can_write(0)) {
            my $n = syswrite $sock, $out, 65536;
            last if !defined $n && !$!{EAGAIN};
            substr $out, 0, $n // 0, '';

        } elsif ($quiet) {
            sleep 0.01;
        }

        if (!$quiet && $read->can_read($out eq '' ? 0.02 : 0)) {
            my $n = sysread $sock, $c->{in}, 65536, length $c->{in};
            last if defined $n ? !$n : !$!{EAGAIN};
            split_lines($c);
        }

        $how{each}->($c) if $how{each};
        last if $c->{close} || $c->{whole};
    }

    $c->{took} = time() - $c->{start};
    close $sock;

    return $c;
}


sub split_lines
{
    my ($c) = @_;

    if (!defined $c->{head}) {
        $c->{in} =~ s/\A(.*?\r\n)\r\n//s or return;
        $c->{head} = $1;
        ($c->{code}) = $c->{head} =~ m{^HTTP/1.1 (\d+)};
        $c->{chunks} = $c->{head} =~ /^Transfer-Encoding: chunked/mi;
        $c->{rest} = '';
    }

    if (!$c->{chunks}) {
        $c->{rest} .= $c->{in};
        $c->{in} = '';
    }

    while ($c->{chunks} && $c->{in} =~ /\A([0-9a-f]+)\r\n/i) {
        my ($n, $at) = (hex $1, $+[0]);
        last if length $c->{in} < $at + $n + 2;
        $c->{rest} .= substr $c->{in}, $at, $n;
        substr $c->{in}, 0, $at + $n + 2, '';
        $c->{whole} = 1 if !$n;
    }

    while ($c->{rest} =~ s/\A(.*)\n//) {
        push @{ $c->{lines} }, $1;
        push @{ $c->{times} }, time() - $c->{start};
    }
}


# the records of an answer by their index, its notes, its summary

sub results
{
    my ($c) = @_;
    my %by = (result => {}, heartbeats => []);

    for my $line (ref $c ? @{ $c->{lines} } : split /\n/, $c) {
        my ($r, $error) = TestVerify::Result::decode($line);

        if ($error) {
            push @{ $by{bad} }, "$error: $line";
        } elsif ($r->{summary}) {
            push @{ $by{bad} }, 'two summaries' if $by{summary};
            $by{summary} = $r;
        } elsif ($r->{heartbeat}) {
            push @{ $by{heartbeats} }, $r;
        } else {
            push @{ $by{bad} }, "twice: $r->{index}"
                if $by{result}{ $r->{index} };
            push @{ $by{bad} }, 'behind the summary' if $by{summary};
            push @{ $by{order} }, $r->{index};
            $by{result}{ $r->{index} } = $r;
        }
    }

    return \%by;
}


# as above, of very many: only what a glance tells of the results

sub quick_results
{
    my ($c) = @_;
    my %by;

    for my $line (@{ $c->{lines} }) {
        if ($line =~ /^\{"index":(\d+),.*?"email":"([^"]*)".*?"reason":"(\w+)"/)
        {
            push @{ $by{order} }, $1;
            $by{result}{$1} = { index => $1, email => $2, reason => $3 };

        } elsif ($line =~ /^\{"summary"/) {
            ($by{summary}) = TestVerify::Result::decode($line);
        }
    }

    return \%by;
}


# groups of "path: value", one a record by its index, then the summary

sub check
{
    my ($body, $expected) = @_;

    my $by = results($body);
    my @bad = @{ $by->{bad} // [] };
    my @got = map { $by->{result}{$_} }
        sort { $a <=> $b } keys %{ $by->{result} };

    for my $r (@got) {
        my %copy = %$r;
        delete @copy{qw( index input )};
        push @bad, map { "$r->{index}: $_" } TestVerify::Result::shape(\%copy)
            if !exists $r->{error};
    }

    push @got, $by->{summary} if $by->{summary};

    my @want = split /^--\n/m, $expected;

    return @bad, scalar(@got) . ' lines, expected ' . @want if @got != @want;

    for my $i (0 .. $#want) {
        push @bad, map { "line $i: $_" }
            TestVerify::Result::compare($got[$i], $want[$i]);
    }

    return @bad;
}


# addresses of many domains of the same server: many(3, 'user') for
# "dns: *.many.test"

sub many
{
    my ($n, $domain) = @_;
    return join '', map { "user$_\@$domain\n" } 1 .. $n;
}


1;
