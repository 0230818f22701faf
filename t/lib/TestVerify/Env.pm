package TestVerify::Env;

# Where a suite runs: a slot of its own, so that suites run in parallel.  A
# slot is a number n: 127.90.n.0/24 for the servers, one port each for nginx,
# SMTP and DNS, and a server root.  It must be taken before Test::Nginx is
# loaded, which reads its environment then.

use strict;
use warnings;

use Cwd qw( abs_path );
use File::Basename qw( dirname );
use File::Path qw( make_path remove_tree );
use IO::Socket::INET;

our $Root = abs_path(dirname(__FILE__) . "/../../..");
our $Dir  = $ENV{TEST_VERIFY_DIR} || "$Root/build/t";

our ($Slot, $Net, $HttpPort, $SmtpPort, $DnsPort, $SocksPort, $Lock);

my ($suite, @mine);


sub take
{
    return if defined $Slot;

    for my $i (0 .. 249) {
        last if try(($$ + $i) % 250);
    }

    die "no free slot for a suite\n" if !defined $Slot;

    make_path($Dir);

    $suite = $$;
    push @mine, "$Dir/slot-$Slot";

    if (!$ENV{TEST_NGINX_SERVROOT}) {
        $ENV{TEST_NGINX_SERVROOT} = "$Dir/servroot-$Slot";
        push @mine, $ENV{TEST_NGINX_SERVROOT};
    }

    $ENV{TEST_NGINX_NET}       = $Net;
    $ENV{TEST_NGINX_SMTP_PORT} = $SmtpPort;
    $ENV{TEST_NGINX_DNS_PORT}  = $DnsPort;
    $ENV{TEST_NGINX_SOCKS_PORT} = $SocksPort;
    $ENV{TEST_NGINX_DNS}       = "$Net.53:$DnsPort";
    $ENV{TEST_NGINX_DNS2}      = "$Net.54:$DnsPort";
    $ENV{TEST_NGINX_ROOT}      = $Root;
    $ENV{TEST_NGINX_BINARY}  ||= nginx();

    # of a sanitizer or valgrind, each suite's own

    if (my $reports = $ENV{TEST_VERIFY_REPORTS}) {
        $ENV{TEST_VERIFY_REPORTS} = "$reports$Slot.";
        $ENV{$_} && $ENV{$_} =~ s/log_path=\Q$reports/$&$Slot./
            for qw( ASAN_OPTIONS UBSAN_OPTIONS );
    }

    # a suite run by hand, without the Makefile

    $ENV{TEST_NGINX_LOAD_MODULES} //= module() if module() ne '';
}


# the module to load into the nginx under test; '' if it is built in

sub module
{
    my $built = "$Root/build/ngx_http_smtp_verify_module.so";

    return '' if $ENV{TEST_NGINX_SANITIZER};
    return $ENV{TEST_NGINX_LOAD_MODULES} // (-f $built ? $built : '');
}


# the line of a configuration that loads it

sub load_module
{
    my $module = module();

    return $module ne '' ? "load_module $module;" : '';
}


sub try
{
    my ($n) = @_;

    my $net = "127.90.$n";
    my $port = $ENV{TEST_NGINX_SERVER_PORT} || $ENV{TEST_NGINX_PORT};

    # held as long as this process lives

    my $lock = IO::Socket::INET->new(LocalAddr => "$net.250",
        LocalPort => 19999, Listen => 1) or return;

    return if left($n);

    if (!$port) {
        $port = 20000 + $n;

        my $probe = IO::Socket::INET->new(LocalAddr => '0.0.0.0',
            LocalPort => $port, Listen => 1, ReuseAddr => 1) or return;
        close $probe;

        $ENV{TEST_NGINX_PORT} = $ENV{TEST_NGINX_SERVER_PORT} = $port;
    }

    ($Slot, $Net, $Lock, $HttpPort) = ($n, $net, $lock, $port);
    $SmtpPort = 21000 + $n;
    $DnsPort = 22000 + $n;
    $SocksPort = 23000 + $n;

    return 1;
}


# whether a server of a suite that was killed listens there still: it would be
# taken for the one of the next suite, but cannot be stopped by it

sub left
{
    my ($n) = @_;

    open my $in, '<', '/proc/net/tcp' or return 0;

    # addresses are from right to left; 250 (FA) is our own lock

    my $address = sprintf '(?!FA)..%02X5A7F', $n;

    return scalar grep { /^\s*\d+: $address:\w+ \w+:\w+ 0A / } <$in>;
}


sub nginx
{
    for my $dir (split(/:/, $ENV{PATH}), '/usr/sbin', '/usr/local/sbin') {
        return "$dir/nginx" if -x "$dir/nginx";
    }

    return 'nginx';
}


# "11" is a host of this slot, anything else is an address as it is

sub address
{
    my ($text) = @_;

    return $text =~ /^\d+$/ ? "$Net.$text" : $text;
}


sub expand
{
    my ($text) = @_;

    $text =~ s/\$(TEST_NGINX_[A-Z0-9_]+)/$ENV{$1} \/\/ die "no $1\n"/ge;

    return $text;
}


# a child that serves: a process group of its own, nothing of the suite's
# output kept open, no END blocks

sub detach
{
    my ($errors) = @_;

    setpgrp;
    $SIG{$_} = 'DEFAULT' for qw( TERM INT HUP );
    $SIG{$_} = 'IGNORE' for qw( CHLD PIPE );
    $SIG{__DIE__} = $SIG{__WARN__} = 'DEFAULT';

    open STDIN, '<', '/dev/null';
    open STDOUT, '>', '/dev/null';
    open STDERR, '>>', $errors;
    STDERR->autoflush(1);
}


# what failed stays to be looked at

END {
    if (defined $suite && $$ == $suite
        && Test::More->can('builder') && Test::More->builder->is_passing
        && !grep { $ENV{"TEST_NGINX_$_"} } qw( LEAVE NO_CLEAN ))
    {
        local $?;
        remove_tree(@mine);
    }
}


sub stop
{
    my ($pid) = @_;

    kill 'TERM', -$pid;
    kill 'TERM', $pid;
    waitpid $pid, 0;
}


1;
