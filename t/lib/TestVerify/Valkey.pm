package TestVerify::Valkey;

# A real Valkey or Redis for suites of the fleet, one for the suite, emptied
# before each block.  It listens at $TEST_NGINX_VALKEY, and with TLS at
# $TEST_NGINX_VALKEY_TLS, a port of localhost, for which the authority
# $TEST_NGINX_VALKEY_CA has issued a certificate.  It is used after TestVerify.
#
# It is the server that is installed, Valkey if there are both, or the one that
# TEST_FLEET_SERVER names.  The suite is skipped where neither is installed.
#
# The suite may stop and start it, pause it, and ask it for anything:
#
#   command('DBSIZE')           the reply; an array as a reference
#   stop(), start()             it is killed, and started again, empty
#   freeze(), thaw()            SIGSTOP, SIGCONT
#   keyfile()                   the file of the key

use strict;
use warnings;

use Exporter 'import';
use IO::Socket::INET;
use Test::More ();
use TestVerify::Cert;
use TestVerify::Clients ();
use TestVerify::Env;

our @EXPORT_OK = qw( command stop start freeze thaw keyfile server_pid );

my $Program = find_program();

my $Addr = "$TestVerify::Env::Net.90";
my $Port = 24000 + $TestVerify::Env::Slot;
my $TlsPort = 25000 + $TestVerify::Env::Slot;
my $Dir = "$TestVerify::Env::Dir/valkey.$$";
my $Suite = $$;
my ($Pid, $Password);

$ENV{TEST_NGINX_VALKEY} = "$Addr:$Port";
$ENV{TEST_NGINX_VALKEY_TLS} = $TlsPort;
$ENV{TEST_NGINX_VALKEY_CA} = TestVerify::Cert::dir() . '/authority.crt';
$ENV{TEST_NGINX_FLEET_KEY} = "$Dir/key";

Test::More::plan(skip_all => 'neither Valkey nor Redis is installed')
    if !$Program;

mkdir $Dir or die "$Dir: $!\n";

umask 077;
open my $key, '>', "$Dir/key" or die "$Dir/key: $!\n";
print $key join '', map { chr 32 + int rand 90 } 1 .. 48;
close $key;
umask 022;

start();

END {
    if ($$ == $Suite) {
        my $rc = $?;
        stop();
        system 'rm', '-rf', $Dir;
        $? = $rc;
    }
}


# a program that was asked for by its name has to be there

sub find_program
{
    my $wanted = $ENV{TEST_FLEET_SERVER};
    my @names = $wanted ? ($wanted) : qw( valkey-server redis-server );

    my ($found) = grep { -x } map {
        m{/} ? $_ : ("/usr/bin/$_", "/usr/sbin/$_", "/usr/local/bin/$_")
    } @names;

    die "TEST_FLEET_SERVER=$wanted is not installed\n" if $wanted && !$found;

    return $found;
}


sub keyfile { "$Dir/key" }
sub server_pid { $Pid }


sub start
{
    my (@options) = @_;

    return if $Pid;

    my ($crt, $key) = TestVerify::Cert::leaf('localhost');

    $Pid = fork // die "fork: $!\n";

    if ($Pid == 0) {
        open STDOUT, '>', "$Dir/log";
        open STDERR, '>&', \*STDOUT;
        @ENV{keys %TestVerify::Clock::Store} = values %TestVerify::Clock::Store;
        exec $Program, '--bind', $Addr, '127.0.0.1', '--port', $Port,
             '--tls-port', $TlsPort, '--tls-cert-file', $crt,
             '--tls-key-file', $key, '--tls-ca-cert-file', $crt,
             '--tls-auth-clients', 'no', '--save', '', '--appendonly', 'no',
             '--dir', $Dir, '--daemonize', 'no', @options;
        exit 127;
    }

    TestVerify::Clients::until_true(sub { eval { command('PING') } }, 10)
        or die "$Program does not start\n";

    return 1;
}


sub stop
{
    return if !$Pid;

    # also one that is frozen, before it does anything else

    kill 'KILL', $Pid;
    waitpid $Pid, 0;
    undef $Pid;

    return 1;
}


sub freeze { kill 'STOP', $Pid }
sub thaw   { kill 'CONT', $Pid }


sub program { $Program }
sub command { command_at($Addr, $Port, @_) }


# asks another server

sub command_at
{
    my ($addr, $port, @args) = @_;

    my $s = IO::Socket::INET->new(PeerAddr => $addr, PeerPort => $port,
                                  Timeout => 2)
        or die "no connection to Valkey: $!\n";

    print $s '*' . @args . "\r\n",
             map { '$' . length($_) . "\r\n$_\r\n" } @args;

    return reply($s);
}


# waits until the channel has so many subscribers

sub subscribers
{
    my ($channel, $n) = @_;

    TestVerify::Clients::until_true(sub {
        command('PUBSUB', 'NUMSUB', $channel)->[1] >= $n
    }, 10) or die "Valkey: $channel does not have $n subscribers\n";
}


sub reply
{
    my ($s) = @_;

    my $line = <$s> // die "Valkey closed the connection\n";
    $line =~ s/\r\n\z//;

    my ($type, $rest) = $line =~ /^(.)(.*)/s;

    die "Valkey: $rest\n" if $type eq '-';

    return $rest if $type eq '+' || $type eq ':';

    if ($type eq '$') {
        return undef if $rest < 0;
        read $s, my $data, $rest + 2;
        return substr $data, 0, $rest;
    }

    return [ map { reply($s) } 1 .. $rest ];
}


1;
