package TestVerify::Relay;

# A way to the store of TestVerify::Valkey, at $TEST_NGINX_RELAY, whose answers
# come later.  It is used after TestVerify.
#
#   delay(300)                  by so many ms, from now on

use strict;
use warnings;

use IO::Select;
use IO::Socket::INET;
use POSIX ();
use Time::HiRes qw( time );
use TestVerify::Env;
use TestVerify::Valkey;

my $Port = 26000 + $TestVerify::Env::Slot;
my $Addr = "$TestVerify::Env::Net.91";
my $File = "$TestVerify::Env::Dir/relay.$$";
my $Suite = $$;

$ENV{TEST_NGINX_RELAY} = "$Addr:$Port";

delay(0);

my $Listener = IO::Socket::INET->new(LocalAddr => $Addr, LocalPort => $Port,
                                     Listen => 16, ReuseAddr => 1)
    or die "$Addr:$Port: $!\n";

my $Pid = fork // die "fork: $!\n";

if ($Pid == 0) {
    TestVerify::Env::detach('/dev/null');
    relay();
    POSIX::_exit(0);
}

close $Listener;

END {
    if ($$ == $Suite) {
        my $rc = $?;
        kill 'KILL', $Pid;
        waitpid $Pid, 0;
        unlink $File;
        $? = $rc;
    }
}


sub delay
{
    my ($ms) = @_;

    open my $out, '>', "$File.new" or die "$File.new: $!\n";
    print $out $ms;
    close $out;

    rename "$File.new", $File or die "$File: $!\n";
}


sub wanted
{
    open my $in, '<', $File or return 0;
    return (<$in> || 0) / 1000;
}


# late: [time, socket, octets], in the order in which they came

sub relay
{
    my (%other, %from_store, @late);

    my $select = IO::Select->new($Listener);

    while (1) {
        my $wait = @late ? $late[0][0] - time : 1;

        for my $s ($select->can_read($wait > 0 ? $wait : 0)) {

            if ($s == $Listener) {
                my $client = $s->accept or next;
                my $store = IO::Socket::INET->new($ENV{TEST_NGINX_VALKEY})
                    or next;

                $other{$client} = $store;
                $other{$store} = $client;
                $from_store{$store} = 1;
                $select->add($client, $store);
                next;
            }

            my $n = sysread $s, my $data, 65536;
            my $to = $other{$s} or next;

            if (!$n) {
                $select->remove($s, $to);
                delete @other{$s, $to};
                close $_ for $s, $to;

            } elsif ($from_store{$s}) {
                push @late, [time + wanted(), $to, $data];

            } else {
                syswrite $to, $data;
            }
        }

        while (@late && $late[0][0] <= time) {
            my (undef, $to, $data) = @{ shift @late };
            syswrite $to, $data if $other{$to};
        }
    }
}


1;
