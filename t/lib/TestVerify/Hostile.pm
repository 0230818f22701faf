package TestVerify::Hostile;

# The mail servers of t/hostile: "use TestVerify::Hostile" in a suite compiles
# them, and gives its blocks the section "hostile", which has the arguments of
# one.  It listens on the address 11 of the suite's slot.

use strict;
use warnings;

use File::Path qw( make_path );
use IO::Socket::INET;
use POSIX ();
use Text::ParseWords qw( shellwords );

use TestVerify::Env;

my ($suite, $program, $pid);


sub import
{
    return if defined $suite;

    $suite = $$;
    $program = build();

    Test::Nginx::Socket::add_block_preprocessor(sub {
        my ($block) = @_;

        start($block->hostile) if defined $block->hostile;
    });

    Test::Nginx::Socket::add_cleanup_handler(\&stop);
}


sub build
{
    my $file = "$TestVerify::Env::Dir/hostile.$$";
    my $cc = $ENV{CC} || 'cc';

    make_path($TestVerify::Env::Dir);

    system("$cc -O2 -o $file t/hostile/hostile.c t/hostile/wire.c"
           . " -lssl -lcrypto") == 0
        or die "t/hostile: not compiled\n";

    return $file;
}


sub start
{
    my ($text) = @_;

    stop();

    my $host = TestVerify::Env::address(11);
    my $port = $TestVerify::Env::SmtpPort;
    my @args = shellwords($text);

    $pid = fork() // die "fork: $!\n";

    if (!$pid) {
        TestVerify::Env::detach("$program.log");
        { exec $program, "$host:$port", @args }
        POSIX::_exit(1);
    }

    for (1 .. 200) {
        return if IO::Socket::INET->new(PeerAddr => $host, PeerPort => $port);
        select undef, undef, undef, 0.02;
    }

    die "t/hostile does not listen, see $program.log\n";
}


sub stop
{
    TestVerify::Env::stop($pid) if defined $pid;
    undef $pid;
}


END {
    if (defined $suite && $$ == $suite) {
        local $?;
        stop();
        unlink $program, "$program.log";
    }
}


1;
