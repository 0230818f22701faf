package TestVerify::Receiver;

# A receiver of webhooks: a server of HTTP that keeps what it gets, and answers
# as it is told.
#
#     start('30:8000', '/in' => [ 503, 'hang', 200 ]);
#
# The first request for /in gets the first answer, and so on; the last answer is
# for all further ones.  Answers: a status; "hang", nothing; "close"; "302 URL",
# with a Location; "503 +30", with a Retry-After of 30; "accel URI", 200 with X-Accel-Redirect; "large", 200 and an
# endless body.  A path without a list gets
# 200.

use strict;
use warnings;

use Exporter 'import';
use IO::Select;
use IO::Socket::INET;
use JSON::PP;
use MIME::Base64;
use POSIX ();
use Time::HiRes;

use Digest::SHA qw( hmac_sha256 );

use TestVerify::Env;

our @EXPORT = qw( receiver stop_receiver received until_received signed );

my @pids;


sub file { "$TestVerify::Env::Dir/slot-$TestVerify::Env::Slot/received" }


sub receiver
{
    my ($where, %answers) = @_;

    my ($host, $port) = split /:/, $where;

    unlink file() if !@pids;

    my $listen = IO::Socket::INET->new(ReuseAddr => 1, Listen => 64,
        LocalAddr => TestVerify::Env::address($host), LocalPort => $port)
        or die "receiver: $!\n";

    my $pid = fork() // die "fork: $!\n";

    if ($pid) {
        push @pids, $pid;
        return;
    }

    TestVerify::Env::detach('/dev/null');
    serve($listen, %answers);
    POSIX::_exit(0);
}


sub stop_receiver
{
    TestVerify::Env::stop($_) for splice @pids;
}

END { stop_receiver() if @pids }


sub serve
{
    my ($listen, %answers) = @_;

    my $select = IO::Select->new($listen);
    my (%n, %in, %endless);

    for ( ;; ) {
        for my $sock (keys %endless) {
            defined syswrite($endless{$sock}, 'x' x 4096)
                or delete $endless{$sock};
        }

        for my $sock ($select->can_read(%endless ? 0.02 : 1)) {
            if ($sock == $listen) {
                my $new = $listen->accept or next;
                $new->blocking(0);
                $select->add($new);
                next;
            }

            if (!sysread $sock, $in{$sock}, 65536, length($in{$sock} // '')) {
                $select->remove($sock);
                delete $endless{$sock};
                delete $in{$sock};
                next;
            }

            my $request = parse($in{$sock}) or next;

            $in{$sock} = '';
            keep($request);

            my $list = $answers{ $request->{path} =~ s/\?.*//r } // [ 200 ];
            my $n = $n{$request->{path}}++;
            my $answer = $list->[$n < @$list ? $n : -1];

            if ($answer eq 'hang') {
                next;
            }

            if ($answer eq 'large') {
                syswrite $sock, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n";
                $endless{$sock} = $sock;
                next;
            }

            if ($answer =~ /^accel (.*)/) {
                syswrite $sock, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n"
                    . "X-Accel-Redirect: $1\r\nConnection: close\r\n\r\nok";
            }

            if ($answer =~ /^(\d+)(?: (\+)?(.*))?/) {
                my $name = $2 ? 'Retry-After' : 'Location';

                syswrite $sock, "HTTP/1.1 $1 Answer\r\nContent-Length: 2\r\n"
                    . (defined $3 ? "$name: $3\r\n" : '')
                    . "Connection: close\r\n\r\nok";
            }

            $select->remove($sock);
            close $sock;
        }
    }
}


sub parse
{
    my ($text) = @_;

    my ($head, $body) = $text =~ /\A(.*?)\r\n\r\n(.*)\z/s or return;
    my ($line, @headers) = split /\r\n/, $head;
    my %header = map { /^([^:]+): *(.*)/ ? (lc $1 => $2) : () } @headers;

    return if length $body < ($header{'content-length'} // 0);

    my ($method, $path) = split / /, $line;

    return { method => $method, path => $path, headers => \%header,
             body => $body, at => Time::HiRes::time() };
}


sub keep
{
    my ($request) = @_;

    open my $out, '>>', file() or POSIX::_exit(1);
    syswrite $out, encode_json($request) . "\n";
}


# what all receivers have got, in its order; of a path only

sub received
{
    my ($path) = @_;

    open my $in, '<', file() or return;

    return grep { !defined $path || $_->{path} eq $path }
        map { decode_json($_) } <$in>;
}


sub until_received
{
    my ($n, $path, $seconds) = @_;

    my @got;
    my $end = time() + ($seconds // 20) * $TestVerify::Blocks::Slow;

    while (time() < $end) {
        @got = received($path);
        return @got if @got >= $n;
        Time::HiRes::sleep(0.05);
    }

    return @got;
}


# Is one of the signatures that of this secret, and the time right?

sub signed
{
    my ($request, $secret) = @_;

    my $h = $request->{headers};
    my $key = decode_base64($secret =~ s/^whsec_//r);
    my $text = "$h->{'webhook-id'}.$h->{'webhook-timestamp'}.$request->{body}";
    my $want = 'v1,' . encode_base64(hmac_sha256($text, $key), '');

    return abs($h->{'webhook-timestamp'} - $request->{at}) < 3
           && scalar grep { $_ eq $want } split / /, $h->{'webhook-signature'};
}

1;
