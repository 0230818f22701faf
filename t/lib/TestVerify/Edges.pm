package TestVerify::Edges;

# Machines beside the nginx of the block: an nginx each, which can be killed
# and started again.  They listen at $TEST_NGINX_EDGE1, $TEST_NGINX_EDGE2 ...,
# addresses of the suite's own.  It is used after TestVerify.
#
#   conf(http, server)      what each of them has; conf(http, server, 2): what
#                           one of them has.  EDGE in it is a directory of its
#                           own.
#   start(1, 2, 3)          waits until they answer
#   quit(2)                 it ends in good order
#   kill_worker(2)          one of its workers is killed; waits for a new one
#   kill(2)                 as when a machine loses its power
#   freeze(2), thaw(2)      all its processes are stopped, and go on
#   reload(2)               waits until all its workers are new; it has what
#                           conf() was told last
#   upgrade(2)              as an upgrade of the binary: another master process
#                           begins, and the old one ends
#   workers(2)              of each of them, for those that start from now on
#   daemons()               they leave the suite, as upgrade() needs it
#   same(1, 2)              the second one is a copy of the first one, which
#                           runs: host, fleet and configuration file have the
#                           same names
#   stop()                  all of them

use strict;
use warnings;

use Exporter 'import';
use File::Path qw( make_path );
use IO::Socket::INET;
use POSIX ();
use Time::HiRes qw( sleep time );

use TestVerify::Blocks;
use TestVerify::Env;
use TestVerify::Nginx;

our @EXPORT_OK = qw( edge_port );

my $Most = 4;
my $Port = 26000 + $TestVerify::Env::Slot;
my $Dir = "$TestVerify::Env::Dir/edges.$$";
my $Suite = $$;

my (%Conf, %Pid);
my $Workers = 1;
my $Daemon = 'off';

$ENV{"TEST_NGINX_EDGE$_"} = address($_) for 1 .. $Most;

END {
    if ($$ == $Suite) {
        my $rc = $?;
        stop();
        system 'rm', '-rf', $Dir if !$rc;
        $? = $rc;
    }
}


sub address { "$TestVerify::Env::Net." . (80 + $_[0]) . ":$Port" }
sub edge_port { $Port }


sub conf
{
    my ($http, $server, $i) = @_;

    $Conf{$i // 0} = [$http, $server];
}


sub start
{
    for my $i (@_) {
        write_conf($i, "$Dir/$i/nginx.conf");
        run($i, "$Dir/$i/nginx.conf");
    }

    wait_for(@_);
}


sub same
{
    my ($i, $copy) = @_;

    write_conf($copy, "$Dir/$i/nginx.conf");
    run($copy, "$Dir/$i/nginx.conf");
    wait_for($copy);
}


sub run
{
    my ($i, $conf) = @_;

    $Pid{$i} = fork // die "fork: $!\n";

    if ($Pid{$i} == 0) {
        TestVerify::Env::detach("$Dir/$i/stderr");
        { exec $ENV{TEST_NGINX_BINARY}, '-p', "$Dir/$i/", '-c', $conf, '-e',
               "$Dir/$i/error.log" }
        POSIX::_exit(127);
    }

    return if $Daemon eq 'off';

    waitpid $Pid{$i}, 0;
    $Pid{$i} = 0;
    patiently("edge $i does not start", sub { $Pid{$i} = new_master($i) });
}


sub wait_for
{
    for my $i (@_) {
        my $end = time + 20 * $TestVerify::Blocks::Slow;

        until (IO::Socket::INET->new(PeerAddr => address($i), Timeout => 1)) {
            die "edge $i does not start\n" if time > $end;
            sleep 0.02;
        }
    }
}


sub write_conf
{
    my ($i, $conf) = @_;

    make_path("$Dir/$i");

    my $load = join '', map { "load_module $_;\n" }
        grep { length } split /[:\s]+/, $ENV{TEST_NGINX_LOAD_MODULES} // '';
    my $user = $> == 0 ? 'user root;' : '';
    my $listen = address($i);
    my ($http, $server) = map { s{\bEDGE\b}{$Dir/$i}gr }
        @{ $Conf{$i} // $Conf{0} };
    my $temp = join "\n", map { "${_}_temp_path $Dir/$i/$_;" }
        qw( client_body proxy fastcgi uwsgi scgi );
    my $defaults = join "\n",
        grep { my ($name) = split; $http !~ /^\s*$name\s/m }
        TestVerify::Blocks::defaults();

    open my $out, '>', $conf or die "$conf: $!\n";
    print $out TestVerify::Env::expand(<<"END");
$load
$user
daemon $Daemon;
master_process on;
worker_processes $Workers;
pid $Dir/$i/pid;
error_log $Dir/$i/error.log info;
events { worker_connections 512; }
http {
    access_log off;
    $temp
    $defaults
    $http
    server {
        listen $listen;
        $server
    }
}
END
    close $out;
}


# its workers have no time to say anything, either

sub kill
{
    for my $i (@_) {
        my $pid = delete $Pid{$i} // next;

        CORE::kill 'STOP', $pid;
        CORE::kill 'KILL', children($pid), $pid;
        waitpid $pid, 0;
        patiently("edge $i does not end", sub {
            !TestVerify::Nginx::alive($pid);
        });
    }
}


sub quit
{
    for my $i (@_) {
        my $pid = delete $Pid{$i} // next;

        CORE::kill 'QUIT', $pid;
        waitpid $pid, 0;
        patiently("edge $i does not end", sub {
            !TestVerify::Nginx::alive($pid);
        });
    }
}


sub kill_worker
{
    my ($i) = @_;

    my ($worker) = children($Pid{$i});

    CORE::kill 'KILL', $worker;
    patiently("edge $i has no new worker", sub {
        my @now = children($Pid{$i});
        return @now >= $Workers && !grep { $_ == $worker } @now;
    });
}


sub stop
{
    thaw(keys %Pid);
    CORE::kill 'TERM', $_ for values %Pid;

    for my $pid (values %Pid) {
        waitpid $pid, 0;
        patiently('an edge does not end', sub {
            !TestVerify::Nginx::alive($pid);
        });
    }

    %Pid = ();
}


sub freeze { CORE::kill 'STOP', $Pid{$_}, children($Pid{$_}) for @_ }
sub thaw   { CORE::kill 'CONT', children($Pid{$_}), $Pid{$_} for @_ }


sub workers { $Workers = $_[0] }
sub daemons { $Daemon = 'on' }


sub reload
{
    my ($i) = @_;

    my %old = map { $_ => 1 } children($Pid{$i});

    write_conf($i, "$Dir/$i/nginx.conf");
    CORE::kill 'HUP', $Pid{$i};

    patiently("edge $i does not reload", sub {
        my @now = children($Pid{$i});
        return @now >= $Workers && !grep { $old{$_} } @now;
    });
}


sub upgrade
{
    my ($i) = @_;

    begin_upgrade($i);
    end_upgrade($i);
}


sub begin_upgrade
{
    my ($i) = @_;

    CORE::kill 'USR2', $Pid{$i};

    patiently("edge $i does not begin an upgrade", sub {
        my $new = new_master($i);
        return $new && children($new) >= $Workers;
    });
}


sub end_upgrade
{
    my ($i) = @_;

    my ($old, $new) = ($Pid{$i}, new_master($i));

    CORE::kill 'QUIT', $old;
    patiently("edge $i does not end", sub { !TestVerify::Nginx::alive($old) });

    $Pid{$i} = $new;
}


sub new_master
{
    my ($i) = @_;

    open my $in, '<', "$Dir/$i/pid" or return;
    my ($pid) = (<$in> // '') =~ /^(\d+)/ or return;

    return $pid == $Pid{$i} ? undef : $pid;
}


sub patiently
{
    my ($what, $done) = @_;

    my $end = time + 20 * $TestVerify::Blocks::Slow;

    until ($done->()) {
        die "$what\n" if time > $end;
        sleep 0.02;
    }
}


sub children
{
    my ($pid) = @_;

    open my $in, '<', "/proc/$pid/task/$pid/children" or return;
    return split ' ', <$in> // '';
}


# what the log of a machine says

sub log
{
    my ($i) = @_;

    open my $in, '<', "$Dir/$i/error.log" or return '';
    local $/;
    return <$in> // '';
}


1;
