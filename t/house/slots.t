# The slot of a suite: one in which nothing is left of a suite that was killed.

use strict;
use warnings;

use lib 't/lib';
use IO::Socket::INET;
use Test::More tests => 2;
use TestVerify::Env;

# the first that is tried

my $n = $$ % 250;

my $left = IO::Socket::INET->new(LocalAddr => "127.90.$n.90", Listen => 1)
    or die "127.90.$n.90: $!\n";

ok(!defined TestVerify::Env::try($n), 'a server is left there');

close $left;

# unless another suite has it

SKIP: {
    skip 'another suite has it', 1
        if !IO::Socket::INET->new(LocalAddr => "127.90.$n.250",
                                  LocalPort => 19999, Listen => 1);

    ok(!TestVerify::Env::left($n), 'it is gone');
}
