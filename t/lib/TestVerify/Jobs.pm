package TestVerify::Jobs;

# Requests to the jobs of a block, one after the other, with whatever headers
# and bodies.

use strict;
use warnings;

use Exporter 'import';
use IO::Socket::INET;
use JSON::PP;
use Time::HiRes;

our @EXPORT = qw( http begin code chunks submit patch job until_job ended lines
    stop_nginx start_nginx restart store logged );

# Blocks whose "steps" are a sub: it runs where the jobs of one location are
# kept.  "$more" is what else that location has.

our $Current;

sub steps
{
    my ($more) = @_;

    $more //= '';

    Test::Nginx::Socket::no_root_location();
    Test::Nginx::Socket::add_block_preprocessor(sub {
        my ($block) = @_;

        $block->set_value(config => "location /jobs {
            smtp_verify_jobs_store \$TEST_NGINX_SERVROOT/jobs;
            smtp_verify_jobs;
            $more
        }
        location = /idle { return 204; }");
        $block->set_value(request => 'GET /idle');
        $block->set_value(error_code => 204);
        $block->set_value(init => '$TestVerify::Jobs::Current->steps->();');
        $Current = $block;
    });
}

# of the client who asks, or undef: local $TestVerify::Jobs::Token = 'bob-token'

our $Token;


# http($method, $path, $body, $header => $value, ...) returns the code, the body
# as JSON or as it is, and the headers

sub http
{
    my ($method, $path, $body, @more) = @_;

    $body //= '';
    my $sock = begin($method, $path, length $body, $body, @more) or return;

    return answer($sock);
}


# the beginning of a request whose body has so many octets; returns the socket

sub begin
{
    my ($method, $path, $length, $body, @more) = @_;

    my %more = ('Content-Type' => 'text/plain', 'Content-Length' => $length,
                Authorization => defined $Token ? "Bearer $Token" : undef, @more);

    my $sock = client() or return;
    print $sock "$method $path HTTP/1.1\r\nHost: localhost\r\n"
        . "Connection: close\r\n"
        . join('', map { "$_: $more{$_}\r\n" } grep { defined $more{$_} } sort keys %more)
        . "\r\n$body";

    return $sock;
}


# the code of the answer, or 0 if there is none within so many seconds

sub code
{
    my ($sock, $seconds) = @_;

    my $bits = '';
    vec($bits, fileno $sock, 1) = 1;
    select($bits, undef, undef, $seconds * $TestVerify::Blocks::Slow) or return 0;

    return ((readline $sock) // '') =~ m{^HTTP/1.1 (\d+)} ? $1 : 0;
}


sub client
{
    return IO::Socket::INET->new(PeerAddr => '127.0.0.1',
        PeerPort => $TestVerify::Env::HttpPort, Timeout => 10);
}


sub answer
{
    my ($sock) = @_;

    local $/;
    my ($head, $text) = split /\r\n\r\n/, <$sock> // '', 2;
    my ($code) = ($head // '') =~ m{^HTTP/1.1 (\d+)} or return;

    $text = chunks($text) if $head =~ /^Transfer-Encoding: chunked/mi;

    return ($code, scalar(eval { decode_json($text) }) // $text, $head);
}


sub chunks
{
    my ($text) = @_;
    my @parts;
    my $at = 0;

    while ((my $end = index $text, "\r\n", $at) > $at) {
        my $len = hex substr $text, $at, $end - $at;
        push @parts, substr $text, $end + 2, $len;
        $at = $end + 2 + $len + 2;
    }

    return join '', @parts;
}


# the id of a new job, with these addresses

sub submit
{
    my ($query, @addresses) = @_;

    my ($code, $job) = http('POST', "/jobs?$query",
                            join '', map { "$_\n" } @addresses);

    die "submit: " . ($code // '-') . encode_json($job // {}) . "\n"
        if ($code // 0) != 202;

    return $job->{id};
}


sub patch
{
    my ($id, $body) = @_;

    return http('PATCH', "/jobs/$id", $body, 'Content-Type' => 'application/json');
}


sub job { (http('GET', "/jobs/$_[0]"))[1] }


# waits as long as the job gets on: gives up when for so many seconds no record
# of it had a result, and nothing else that only grows has grown

sub until_job
{
    my ($id, $done, $seconds) = @_;

    my ($job, $end);
    my $was = '';

    do {
        $job = job($id);
        return $job if ref $job && $done->($job);

        my $is = ref $job ? "$job->{state} $job->{records} $job->{answered}"
                          : $was;

        if ($is ne $was || !defined $end) {
            $was = $is;
            $end = time() + ($seconds // 20) * $TestVerify::Blocks::Slow;
        }

        Time::HiRes::sleep(0.05);
    } while (time() < $end);

    Test::More::diag(ref $job ? encode_json($job) : $job // 'no job');
    return ref $job ? $job : {};
}


sub ended
{
    my ($id, $seconds) = @_;

    return until_job($id, sub {
        $_[0]{state} =~ /^(completed|cancelled|failed)\z/
    }, $seconds);
}


# the lines of results; the last one is that of the page

sub lines
{
    my ($path, @more) = @_;

    my ($code, $text) = http('GET', $path, undef, @more);

    return map { eval { decode_json($_) } // $_ } split /\n/,
        ref $text ? encode_json($text) : $text // '';
}


# stops nginx; returns the command that starts it as it was.  Of KILL the master
# process dies first, as by a fault of its own.

sub stop_nginx
{
    my ($signal) = @_;

    my $master = TestVerify::Nginx::pid();
    my @pids = ($master, TestVerify::Clients::workers());

    open my $in, '<', "/proc/$master/cmdline" or die;
    my ($command) = do { local $/; <$in> } =~ /^nginx: master process (.*?)\0*\z/
        or die;

    kill $signal, $signal eq 'KILL' ? @pids : $master;
    TestVerify::Clients::wait_for(sub {
        !grep { TestVerify::Nginx::alive($_) } @pids
    });

    return $command;
}


# until it answers a request for /idle

sub start_nginx
{
    my ($command) = @_;

    $command .= " &" if $command !~ /daemon on/;
    system("$command >/dev/null 2>&1");

    TestVerify::Clients::wait_for(sub { (http('GET', '/idle'))[0] });
}


sub restart { start_nginx(stop_nginx($_[0])) }


# a path below the directory of the store

sub store { TestVerify::Nginx::root() . "/jobs/$_[0]" }


# the error log

sub logged
{
    local $/;
    open my $in, '<', TestVerify::Nginx::root() . '/logs/error.log' or die;
    return scalar <$in>;
}

1;
