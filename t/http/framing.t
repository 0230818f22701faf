# Where a body ends: what stands behind one that is broken, refused or not
# read is never taken for the next request.

use lib 't/lib';
use TestVerify 'no_plan';

use IO::Select;
use IO::Socket::INET;
use Time::HiRes qw( sleep time );

# what a connection gets for these pieces, and whether it was closed; a piece
# of undef: not before the answer begins

our $Got;

our $next = "GET /next HTTP/1.1\r\nHost: localhost\r\n\r\n";

sub talk
{
    my @pieces = @_;

    my $sock = IO::Socket::INET->new(PeerAddr => '127.0.0.1',
        PeerPort => $TestVerify::Env::HttpPort, Timeout => 5) or return;

    local $SIG{PIPE} = 'IGNORE';

    $Got = { in => '', closed => 0 };

    my $read = IO::Select->new($sock);

    for my $piece (@pieces) {
        if (!defined $piece) {
            $read->can_read(5 * $TestVerify::Blocks::Slow);
            next;
        }

        syswrite $sock, $piece;
        sleep 0.15 if @pieces > 1;
    }

    my $end = time() + 1.5 * $TestVerify::Blocks::Slow;

    while (time() < $end && $read->can_read($end - time())) {
        my $n = sysread $sock, $Got->{in}, 65536, length $Got->{in};

        if (!$n) {
            $Got->{closed} = 1;
            last;
        }
    }

    # a client that has its answer goes away

    close $sock;
}

sub post
{
    my ($path, $type, $headers, @body) = @_;

    my $head = "POST $path HTTP/1.1\r\nHost: localhost\r\n"
        . "Content-Type: $type\r\n$headers\r\n";

    $body[0] = $head . ($body[0] // '');
    $body[-1] .= $next;

    talk(@body);
}

sub chunked { post($_[0], $_[1], "Transfer-Encoding: chunked\r\n", @_[2 .. $#_]) }

sub sized
{
    my ($path, $type, $body) = @_;
    post($path, $type, 'Content-Length: ' . length($body) . "\r\n", $body);
}

# the codes that came, "400 close"; "open" where it stays open

sub got
{
    my @codes = $Got->{in} =~ m{^HTTP/1\.1 (\d+)}mg;
    my $said = $Got->{in} =~ /^Connection: close/mi ? 'said' : 'not said';

    return CORE::join ' ', @codes, $Got->{closed} ? 'closed' : 'open', $said;
}

sub is_got
{
    my ($want) = @_;
    my $got = got();

    print STDERR "# got \"$got\", expected \"$want\"\n# "
        . $Got->{in} =~ s/\n/\n# /gr . "\n" if $got ne $want;

    return $got eq $want;
}

add_block_preprocessor(sub {
    my ($block) = @_;

    my $more = $block->verify // '';

    $block->set_value(config => "
        location = /batch { smtp_verify_batch; $more }
        location = /verify { smtp_verify; }
        location = /gate {
            smtp_verify_gate json:/email;
            smtp_verify_gate_body_max 64;
            proxy_pass http://127.0.0.1:$ENV{TEST_NGINX_SERVER_PORT}/idle;
        }
        location = /strict {
            smtp_verify_gate json:/email on_error=deny;
            smtp_verify_gate_body_max 64;
            proxy_pass http://127.0.0.1:$ENV{TEST_NGINX_SERVER_PORT}/idle;
        }
        location = /next { return 202; }
        location = /idle { return 204; }\n")
        if !defined $block->config;

    $block->set_value(request => 'GET /idle');
    $block->set_value(error_code => 204);
    $block->set_value(smtp => "mx1 11 pipelining users=john\n")
        if !defined $block->smtp;
});

run_tests();

__DATA__

=== TEST 1: a chunk that is shorter than it says, of a list
--- init
main::chunked('/batch', 'text/plain', "5\r\njohn\@ok.test\n\r\n0\r\n\r\n");
--- smtp_check eval
sub { main::is_got('400 closed said') }



=== TEST 2: a chunk that is longer than it says, of a list
--- init
main::chunked('/batch', 'text/plain', "f\r\njohn\@ok.test\n\r\n0\r\n\r\n");
--- smtp_check eval
sub { main::is_got('400 closed said') }



=== TEST 3: a size that is none, of a list
--- init
main::chunked('/batch', 'text/plain', "zz\r\n\r\n");
--- smtp_check eval
sub { main::is_got('400 closed said') }



=== TEST 4: a size that is too large for a number, of a list
--- init
main::chunked('/batch', 'text/csv', "fffffffffffffffff\r\n\r\n");
--- smtp_check eval
sub { main::is_got('400 closed said') }



=== TEST 5: a chunk that is broken behind its first piece, of a list without a record yet
--- init
main::chunked('/batch', 'application/json', "1\r\n[\r\n", "x\r\n\r\n");
--- smtp_check eval
sub { main::is_got('400 closed said') }



=== TEST 6: likewise, of a list that is being answered: it was promised, and is closed
--- init
main::chunked('/batch', 'text/plain', "d\r\njohn\@ok.test\n\r\n", undef, "x\r\n\r\n");
--- smtp_check eval
sub { main::is_got('200 closed not said') }



=== TEST 7: broken chunks of a single address
--- init
main::chunked('/verify', 'application/json', "5\r\n{\"email\":\"john\@ok.test\"}\r\n0\r\n\r\n");
--- smtp_check eval
sub { main::is_got('400 closed said') }



=== TEST 8: likewise, behind the first piece
--- init
main::chunked('/verify', 'application/json', "5\r\n{\"ema\r\n", "5\r\nil\":\"john\@ok.test\"}\r\n0\r\n\r\n");
--- smtp_check eval
sub { main::is_got('400 closed said') }



=== TEST 9: a single address that is too large, and still coming
--- init
main::chunked('/verify', 'application/json', "5000\r\n" . 'x' x 0x4100);
--- smtp_check eval
sub { main::is_got('413 closed said') }



=== TEST 10: broken chunks before a gate
--- init
main::chunked('/gate', 'application/json', "5\r\n{\"email\":\"john\@ok.test\"}\r\n0\r\n\r\n");
--- smtp_check eval
sub { main::is_got('400 closed said') }



=== TEST 11: likewise, behind the first piece
--- init
main::chunked('/gate', 'application/json', "5\r\n{\"ema\r\n", "x\r\n\r\n");
--- smtp_check eval
sub { main::is_got('400 closed said') }



=== TEST 12: broken chunks of another type than those of lists
--- init
main::chunked('/batch', 'text/xml', "5\r\njohn\@ok.test\n\r\n0\r\n\r\n");
--- smtp_check eval
sub { main::is_got('400 closed said') }



=== TEST 13: broken chunks behind a wrong parameter
--- init
main::chunked('/batch?ordered=2', 'text/plain', "5\r\njohn\@ok.test\n\r\n0\r\n\r\n");
--- smtp_check eval
sub { main::is_got('400 closed said') }



=== TEST 14: a list that is too large, in chunks
--- verify
client_max_body_size 16;
--- init
main::chunked('/batch', 'text/plain', "d\r\njohn\@ok.test\n\r\nd\r\njane\@ok.test\n\r\n0\r\n\r\n");
--- smtp_check eval
sub { main::is_got('413 202 open not said') }



=== TEST 15: a list that says that it is too large is read to its end
--- verify
client_max_body_size 16;
--- init
main::sized('/batch', 'text/plain', "john\@ok.test\njane\@ok.test\n");
--- smtp_check eval
sub { main::is_got('413 202 open not said') }



=== TEST 16: a list of another type is read to its end
--- init
main::sized('/batch', 'text/xml', "<x/>");
--- smtp_check eval
sub { main::is_got('415 202 open not said') }



=== TEST 17: likewise, in chunks
--- init
main::chunked('/batch', 'text/xml', "4\r\n<x/>\r\n0\r\n\r\n");
--- smtp_check eval
sub { main::is_got('415 202 open not said') }



=== TEST 18: likewise, in pieces
--- init
main::chunked('/batch', 'text/xml', "4\r\n<x/>\r\n", "3\r\n", "xyz\r\n0\r\n\r\n", '');
--- smtp_check eval
sub { main::is_got('415 202 open not said') }



=== TEST 19: a wrong list that came whole
--- init
main::sized('/batch', 'application/json', '{"a":1}');
--- smtp_check eval
sub { main::is_got('400 202 open not said') }



=== TEST 20: a wrong list that is still coming
--- init
main::post('/batch', 'application/json', "Content-Length: 1000\r\n", '{"a":1}');
--- smtp_check eval
sub { main::is_got('400 closed said') }



=== TEST 21: likewise, in chunks
--- init
main::chunked('/batch', 'application/json', "7\r\n{\"a\":1}\r\n", "3\r\n");
--- smtp_check eval
sub { main::is_got('400 closed said') }



=== TEST 22: a list of too many lines that is still coming
--- verify
smtp_verify_batch_lines 1;
--- init
main::post('/batch', 'text/plain', "Content-Length: 1000\r\n", "john\@ok.test\njohn\@ok.test\njohn\@ok.test\n");
--- smtp_check eval
sub { main::is_got('200 closed not said') }



=== TEST 23: a body that nobody waits for is announced by Expect
--- init
main::post('/batch', 'text/xml', "Content-Length: 4\r\nExpect: 100-continue\r\n", '', '<x/>');
--- smtp_check eval
sub { main::is_got('100 415 202 open not said') }



=== TEST 24: a list that is announced by Expect, with broken chunks
--- init
main::chunked('/batch', 'text/plain', "5\r\n", "john\@ok.test\n\r\n0\r\n\r\n");
--- smtp_check eval
sub { main::is_got('400 closed said') }



=== TEST 25: a method that is none of a list's
--- init
main::talk("PUT /batch HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\n\r\n<x/>$main::next");
--- smtp_check eval
sub { main::is_got('405 202 open not said') }



=== TEST 26: a body of GET, in broken chunks
--- init
main::talk("GET /verify?email=john\@ok.test HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n\r\n$main::next");
--- smtp_check eval
sub { main::is_got('400 closed said') }



=== TEST 27: too large for the gate
--- init
main::sized('/strict', 'application/json', '{"email":"john@ok.test"}' . ' ' x 60);
--- smtp_check eval
sub { main::is_got('413 202 open not said') }



=== TEST 28: a request in the place of a chunk's end
--- init
main::chunked('/batch', 'text/plain', "d\r\njohn\@ok.test\n");
--- smtp_check eval
sub { main::is_got('400 closed said') }



=== TEST 29: likewise, behind a whole chunk
--- init
main::chunked('/batch', 'text/plain', "d\r\njohn\@ok.test\n\r\n1\r\nx");
--- smtp_check eval
sub { main::is_got('400 closed said') }
