package TestVerify::Reuse;

# TEST_VERIFY_REUSE: each address of a block is asked once more when the block
# is through, on the session that was kept.  What a kept session says of an
# address has to be what a fresh one said, and nothing of the owner before may
# be left in it: a sanitizer sees that.

use strict;
use warnings;

use IO::Socket::INET;

use TestVerify::Env;
use TestVerify::Result;


my $wanted;         # of the block that runs
my %first;          # its answers, by their requests


sub begin
{
    my ($block) = @_;

    $wanted = suits($block);
    %first = ();
}


sub wanted
{
    return $wanted;
}


# blocks that say themselves what is kept, or what is remembered, are left

sub suits
{
    my ($block) = @_;

    return 0 if !$ENV{TEST_VERIFY_REUSE} || !defined $block->address
                || !defined $block->smtp || !defined $block->json;

    for my $section (qw( no_reuse must_die bare config init signal )) {
        return 0 if defined $block->$section;
    }

    for my $section (qw( http_config verify )) {
        return 0 if ($block->$section // '')
                    =~ /smtp_verify_(cache|throttle|keepalive|egress)/;
    }

    return 1;
}


sub answered
{
    my ($i, $result) = @_;

    $first{$i} = $result;
}


# what differs, a line each

sub ask_again
{
    my ($block) = @_;

    my $query = $block->query;
    $query = defined $query && $query ne '' ? "&$query" : '';

    my $i = 0;
    my @bad;

    for my $address (split /\n/, $block->address) {
        my $first = $first{$i++} // next;
        my $path = "/verify?email=" . TestVerify::Blocks::escape($address)
                   . $query;
        my ($again, $error) = TestVerify::Result::decode(
            get($path, TestVerify::Blocks::lines($block->more_headers)));

        push @bad, $error ? "$address: $error" : differ($first, $again);
    }

    return @bad;
}


sub differ
{
    my ($first, $again) = @_;

    my ($one, $two) = map { "$_->{status}, $_->{reason}" } $first, $again;

    return $one eq $two ? () : "fresh: $one; on a session that was kept: $two";
}


sub get
{
    my ($path, @headers) = @_;

    my $sock = IO::Socket::INET->new(PeerAddr => '127.0.0.1',
        PeerPort => $TestVerify::Env::HttpPort, Timeout => 10) // return '';
    my $answer = '';

    syswrite $sock, join "\r\n", "GET $path HTTP/1.0", @headers, '', '';
    1 while sysread $sock, $answer, 65536, length $answer;

    return $answer =~ s/^.*?\r\n\r\n//sr;
}


1;
