package TestVerify::Stores;

# Several stores of a fleet beside that of TestVerify::Valkey: primaries and
# replicas, nodes of a cluster, servers with TLS.  They listen at
# $TEST_NGINX_STORE1, $TEST_NGINX_STORE2 ..., addresses of the suite's own.  It
# is used after TestVerify::Valkey, which says what program it is.
#
#   start(1, '--save', '')      one of them, with more options; it waits until
#                               it answers, if only by an error
#   command(1, 'DBSIZE')        as TestVerify::Valkey::command()
#   kill(1), stop()             one of them, all of them; the files of their
#                               data stay until fresh()
#   sentinels(1)                three Sentinels, which are the same program, look
#                               after this primary
#   replica(2, 1)               2 becomes a replica of 1, and has its data
#   cluster(1, 2, 3)            of three started with cluster_options(): each
#                               has a third of the slots
#   used(2, 2)                  waits until so many workers use it; returns how
#                               many seconds it took, or undef
#   said($pattern)              lines of the error log above "info"

use strict;
use warnings;

use Exporter 'import';
use File::Path qw( make_path remove_tree );
use POSIX ();
use Time::HiRes qw( sleep time );

use TestVerify::Clients ();
use TestVerify::Env;
use TestVerify::Nginx;
use TestVerify::Valkey;

our @EXPORT_OK = qw( command replica used said );

my $Most = 4;
my $Port = 27000 + $TestVerify::Env::Slot;
my $Bus = 28000 + $TestVerify::Env::Slot;
my $Dir = "$TestVerify::Env::Dir/stores.$$";
my $Suite = $$;

my %Pid;

$ENV{"TEST_NGINX_STORE$_"} = address($_) . ":$Port" for 1 .. $Most;
$ENV{TEST_NGINX_STORE_PORT} = $Port;

END {
    if ($$ == $Suite) {
        my $rc = $?;
        stop();
        remove_tree($Dir);
        $? = $rc;
    }
}


sub address { "$TestVerify::Env::Net." . (90 + $_[0]) }


sub start
{
    my ($i, @options) = @_;

    return if $Pid{$i};

    make_path("$Dir/$i");

    $Pid{$i} = fork // die "fork: $!\n";

    if ($Pid{$i} == 0) {
        TestVerify::Env::detach("$Dir/$i/log");
        $SIG{CHLD} = 'DEFAULT';     # it waits for those that save
        { exec TestVerify::Valkey::program(), '--bind', address($i),
               '--port', $Port, '--dir', "$Dir/$i", '--daemonize', 'no',
               '--save', '', '--repl-diskless-sync-delay', 0,
               '--replica-announce-ip', address($i), @options }
        POSIX::_exit(127);
    }

    my $end = time + 30 * $TestVerify::Blocks::Slow;

    until (answers($i)) {
        die "store $i does not start\n" if time > $end;
        sleep 0.02;
    }
}


# They say a primary is dead after half a second.

sub sentinels
{
    my ($primary) = @_;

    for my $i (5 .. 7) {
        make_path("$Dir/$i");

        open my $out, '>', "$Dir/$i/conf" or die "$Dir/$i/conf: $!\n";
        print $out map { "$_\n" } 'bind ' . address($i), "port $Port",
            "dir $Dir/$i", 'daemonize no',
            'sentinel announce-ip ' . address($i),
            'sentinel monitor main ' . address($primary) . " $Port 2",
            'sentinel down-after-milliseconds main 500',
            'sentinel failover-timeout main 5000';
        close $out;

        $Pid{$i} = fork // die "fork: $!\n";

        if ($Pid{$i} == 0) {
            TestVerify::Env::detach("$Dir/$i/log");
            { exec TestVerify::Valkey::program(), "$Dir/$i/conf", '--sentinel' }
            POSIX::_exit(127);
        }
    }

    TestVerify::Clients::wait_for(sub {
        my $n = 0;

        for my $i (5 .. 7) {
            my %seen = @{ (eval { command($i, 'SENTINEL', 'MASTERS') }
                           // [[]])->[0] };
            $n++ if ($seen{'num-other-sentinels'} // 0) == 2
                    && ($seen{'num-slaves'} // 0) == 1;
        }

        return $n == 3;
    });
}


sub answers
{
    my ($i) = @_;

    return 1 if eval { command($i, 'PING') };
    return $@ =~ /^Valkey: (?:LOADING|NOAUTH|MASTERDOWN)/;
}


sub command
{
    my ($i, @args) = @_;

    return TestVerify::Valkey::command_at(address($i), $Port, @args);
}


# also what is frozen

sub kill
{
    for my $i (@_) {
        my $pid = delete $Pid{$i} // next;

        CORE::kill 'KILL', $pid;
        waitpid $pid, 0;
    }
}


sub freeze { CORE::kill 'STOP', $Pid{$_[0]} }
sub thaw   { CORE::kill 'CONT', $Pid{$_[0]} }

sub stop  { &kill(keys %Pid) }

sub fresh
{
    stop();
    remove_tree("$Dir/$_") for 1 .. 7;
}


sub replica
{
    my ($i, $of) = @_;

    command($i, 'REPLICAOF', address($of), $Port);

    my $end = time + 10 * $TestVerify::Blocks::Slow;

    while (time < $end) {
        return 1 if command($i, 'INFO', 'replication')
                    =~ /master_link_status:up/;
        sleep 0.02;
    }

    die "store $i does not become a replica\n";
}


sub cluster_options
{
    my ($i) = @_;

    return ('--cluster-announce-ip', address($i), '--cluster-enabled', 'yes',
            '--cluster-port', $Bus, '--cluster-node-timeout', 2000,
            '--cluster-config-file', 'nodes.conf');
}


sub cluster
{
    my (@nodes) = @_;

    my @first = (0, 5461, 10923, 16384);

    for my $k (0 .. 2) {
        command($nodes[$k], 'CLUSTER', 'ADDSLOTSRANGE', $first[$k],
                $first[$k + 1] - 1);
        command($nodes[$k], 'CLUSTER', 'SET-CONFIG-EPOCH', $k + 1);
    }

    command($nodes[$_], 'CLUSTER', 'MEET', address($nodes[0]), $Port, $Bus)
        for 1 .. $#nodes;

    my $end = time + 20 * $TestVerify::Blocks::Slow;

    for my $i (@nodes) {
        until (command($i, 'CLUSTER', 'INFO') =~ /cluster_state:ok/) {
            die "the cluster does not come up\n" if time > $end;
            sleep 0.05;
        }
    }
}


# channels of workers, which a replica has not

sub used
{
    my ($i, $n) = @_;

    my $start = time;
    my $end = $start + 8 * $TestVerify::Blocks::Slow;

    while (time < $end) {
        my $channels = eval { command($i, 'PUBSUB', 'CHANNELS', '*:tell:*') }
                   // [];
        return time - $start if @$channels >= $n;
        sleep 0.02;
    }

    return undef;
}


sub said
{
    my ($pattern) = @_;

    open my $in, '<', TestVerify::Nginx::root() . '/logs/error.log' or return;

    return grep { /\[(?:notice|warn|error|crit|alert|emerg)\]/ && /$pattern/ }
           <$in>;
}


1;
