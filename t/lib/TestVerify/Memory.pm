package TestVerify::Memory;

# What is in the memory of a process: all that a core file of it would have.
#
#     my @found = found($pid, 'zebra', 'quagga');
#
# finds the words in clear (in upper and lower case), in base64 and in hex, in
# each region of memory.  An entry says where one is, and what is around it.

use strict;
use warnings;
no warnings 'portable';

use Exporter 'import';
use MIME::Base64;

our @EXPORT = qw( found may_look );

use constant PIECE => 4 * 1024 * 1024;


# may a process be looked at?

sub may_look
{
    my ($pid) = @_;

    open my $mem, '<:raw', "/proc/$pid/mem" or return 0;
    my ($region) = grep { $_->{name} eq '[stack]' } regions($pid) or return 0;

    sysseek $mem, $region->{from}, 0 or return 0;

    return sysread($mem, my $bytes, 16) ? 1 : 0;
}


sub found
{
    my ($pid, @words) = @_;

    my @lower = map { lc, unpack 'H*', $_ } @words;
    my @exact = map { base64($_) } @words;
    my @found;

    open my $mem, '<:raw', "/proc/$pid/mem" or die "memory of $pid: $!\n";

    for my $region (regions($pid)) {

        for (my $at = $region->{from}; $at < $region->{to}; $at += PIECE) {

            # a word may lie across the end of a piece

            my $len = $region->{to} - $at;
            $len = PIECE + 256 if $len > PIECE + 256;

            sysseek $mem, $at, 0 or next;
            sysread $mem, my $bytes, $len or next;

            my $where = sub {
                my ($place) = @_;
                my $from = $place > 48 ? $place - 48 : 0;
                push @found, sprintf '%x %s: %s', $at + $place, $region->{name},
                    substr($bytes, $from, 128) =~ s/[^\x20-\x7e]/./gr;
            };

            places(\$bytes, $where, @exact);
            my $lower = lc $bytes;
            places(\$lower, $where, @lower);
        }
    }

    return @found;
}


sub places
{
    my ($bytes, $where, @words) = @_;

    for my $word (@words) {
        my $at = 0;
        while (($at = index $$bytes, $word, $at) >= 0) {
            $where->($at) if $at < PIECE;
            $at += length $word;
        }
    }
}


sub regions
{
    my ($pid) = @_;

    open my $in, '<', "/proc/$pid/maps" or return;

    return map {
        /^([0-9a-f]+)-([0-9a-f]+) r\S+ \S+ \S+ \S+\s*(.*)/
            && $3 !~ /^\[v(var|syscall)/
            ? { from => hex $1, to => hex $2, name => $3 } : ()
    } <$in>;
}


# A word is at any place of the three octets that base64 takes together.  The
# letters that depend on its neighbours are left out.

sub base64
{
    my ($word) = @_;
    my @forms;

    for my $before (0 .. 2) {
        my $text = encode_base64('x' x $before . $word, '');
        my $skip = (0, 2, 3)[$before];
        my $end = int(($before + length $word) * 8 / 6);
        push @forms, substr $text, $skip, $end - $skip;
    }

    return @forms;
}

1;
