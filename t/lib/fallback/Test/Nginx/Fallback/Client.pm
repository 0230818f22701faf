package Test::Nginx::Fallback::Client;

# What a block asks, sent as it stands there, and the answer in parts.

use strict;
use warnings;

use Exporter 'import';
use IO::Select;
use IO::Socket::INET;
use Time::HiRes qw( sleep time );

our @EXPORT = qw( requests talk parse_response );


# a list of requests, each a list of packets: { value, delay_before }

sub requests
{
    my ($block, $set) = @_;

    if (defined(my $raw = $block->raw_request)) {
        my @packets = map { { value => $_ } } ref $raw ? @$raw : $raw;
        my $delay = $block->raw_request_middle_delay;

        if (defined $delay) {
            $_->{delay_before} //= $delay for @packets[1 .. $#packets];
        }

        return \@packets;
    }

    if (my $list = $block->pipelined_requests) {
        my $i = 0;

        return [{ value => join '', map {
            build($block, $set, $_, $i, $i++ == $#$list ? 'close'
                                                        : 'keep-alive')
        } @$list }];
    }

    my $request = $block->request // die $block->name . " - no --- request\n";

    my $i = 0;
    return map { packets($block, $set, $_, $i++) }
        ref $request ? @$request : $request;
}


# packets share one request line and one set of headers: the first carries
# them, the length is that of the whole

sub packets
{
    my ($block, $set, $request, $i) = @_;

    return [{ value => build($block, $set, $request, $i, 'close') }]
        if !ref $request;

    my @packets = map { ref $_ ? { %$_ } : { value => $_ } } @$request;
    my $whole = join '', map { $_->{value} } @packets;
    my $built = build($block, $set, $whole, $i, 'close');
    my $tail = join '', map { $_->{value} } @packets[1 .. $#packets];

    $packets[0]{value} = substr $built, 0, length($built) - length $tail;

    return \@packets;
}


sub build
{
    my ($block, $set, $request, $i, $connection) = @_;

    1 while $request =~ s/\A\s*#[^\n]*\n|\A\s+//;

    my ($line, $body) = split /\n/, $request, 2;
    my ($method, $url, $version) = split ' ', $line // '';

    $body //= '';
    $url //= '/';
    $version //= 'HTTP/1.1';

    my $headers = $block->more_headers // '';
    $headers = $headers->[$i] // '' if ref $headers;

    my @headers = grep { length && !/^\s*#/ } split /\r?\n/, $headers;
    my %has = map { /^([^:]+):/ ? (lc $1, 1) : () } @headers;
    my $chunked = grep { /^Transfer-Encoding:\s*chunked\s*$/i } @headers;

    if (!$chunked && $body ne '' && !$has{'content-length'}) {
        $body =~ s/^\s+|\s+$//g;
        push @headers, 'Content-Length: ' . length $body;
    }

    unshift @headers, "Connection: $connection" if !$has{connection};
    unshift @headers, "Host: $set->{server_name}" if !$has{host};

    return join("\r\n", "$method $url $version", @headers, '', '') . $body;
}


# all that comes until the server closes; or what came, and an error

sub talk
{
    my ($packets, $timeout, $block, $set) = @_;

    my $sock;

    for my $try (1 .. 40) {
        $sock = IO::Socket::INET->new(
            PeerAddr => $block->server_addr_for_client
                        || $set->{server_addr},
            PeerPort => $set->{client_port}, Timeout => $timeout) and last;
        sleep 0.05;
    }

    return ('', "cannot connect: $!") if !$sock;

    local $SIG{PIPE} = 'IGNORE';
    $sock->blocking(0);

    my @packets = @$packets;
    my $out = (shift @packets)->{value};
    my $in = '';
    my $readable = IO::Select->new($sock);
    my $done = 0;

    while (1) {
        my ($r, $w) = IO::Select->select($readable, $done ? undef : $readable,
                                         undef, $timeout);

        if (!$r) {
            close $sock;
            return ($in, 'the client socket timed out');
        }

        if (@$w) {
            my $n = syswrite $sock, $out;

            if (!defined $n && !$!{EAGAIN}) {
                $done = 1;

            } else {
                substr $out, 0, $n // 0, '';
            }

            if ($out eq '' && !$done) {
                if (my $next = shift @packets) {
                    sleep $next->{delay_before} if $next->{delay_before};
                    $out = $next->{value};

                } else {
                    $done = 1;

                    if (defined(my $how = $block->shutdown)) {
                        shutdown $sock, $how eq '' ? 1 : $how;
                    }
                }
            }
        }

        if (@$r) {
            my $n = sysread $sock, $in, 65536, length $in;

            next if !defined $n && $!{EAGAIN};
            last if !$n;
        }
    }

    return ($in);
}


# takes one response off the text

sub parse_response
{
    my ($raw, $head) = @_;

    my $r = { code => '', headers => {}, raw_headers => '', content => '' };

    $$raw =~ s/\A(.*?\r\n)\r\n//s or return $r;
    $r->{raw_headers} = $1;
    ($r->{code}) = $r->{raw_headers} =~ m{\AHTTP/[\d.]+ (\d+)};
    $r->{code} //= '';

    while ($r->{raw_headers} =~ /^([^\s:]+):[ \t]*(.*?)[ \t]*\r\n/mg) {
        push @{ $r->{headers}{lc $1} }, $2;
    }

    return $r if $head || $r->{code} =~ /^(1..|204|304)$/;

    my ($length) = @{ $r->{headers}{'content-length'} // [] };
    my ($coding) = @{ $r->{headers}{'transfer-encoding'} // [] };

    if (($coding // '') eq 'chunked') {
        ($r->{content}, $r->{error}) = dechunk($raw);

    } elsif (defined $length) {
        $r->{content} = substr $$raw, 0, $length, '';
        $r->{error} = 'the body is shorter than its Content-Length'
            if length $r->{content} < $length;

    } else {
        ($r->{content}, $$raw) = ($$raw, '');
    }

    return $r;
}


sub dechunk
{
    my ($raw) = @_;

    my $content = '';

    while ($$raw =~ s/\A([0-9a-fA-F]+)[ \t]*\r\n//) {
        my $size = hex $1;

        if ($size == 0) {
            return ($content) if $$raw =~ s/\A(?:[^\r\n]+\r\n)*\r\n//;
            last;
        }

        last if length $$raw < $size + 2;

        $content .= substr $$raw, 0, $size, '';
        $$raw =~ s/\A\r\n// or last;
    }

    return ($content, 'a bad chunked body');
}


1;
