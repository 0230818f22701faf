package TestVerify::Socks;

# Scripted SOCKS 5 proxies, in the language of the SMTP servers; t/lib/README.md
# has what is different.

use strict;
use warnings;

use IO::Select;
use IO::Socket::IP;
use POSIX ();
use Socket qw( IPPROTO_TCP TCP_NODELAY SOL_SOCKET SO_LINGER MSG_PEEK
               inet_ntop AF_INET AF_INET6 );
use Time::HiRes qw( sleep );

use TestVerify::Env;
use TestVerify::SMTP;

sub start
{
    my ($proxies, $logfile) = @_;
    my (@listeners, %of);

    open my $log, '>', $logfile or die "$logfile: $!\n";
    close $log;

    for my $proxy (grep { !$_->{options}{refuse} } @$proxies) {
        for my $address (@{ $proxy->{addresses} }) {
            my $sock = IO::Socket::IP->new(LocalHost => $address,
                LocalPort => $TestVerify::Env::SocksPort, ReuseAddr => 1,
                Proto => 'tcp', Listen => 64)
                or die "socks: listen on $address: $@\n";

            if ($proxy->{options}{'syn-drop'}) {
                push @{ $proxy->{fillers} }, $sock,
                    TestVerify::SMTP::drop_syns($sock, $address);
                next;
            }

            push @listeners, $sock;
            $of{fileno $sock} = $proxy;
        }
    }

    my $pid = fork() // die "fork: $!\n";

    if ($pid == 0) {
        TestVerify::Env::detach("$logfile.err");
        eval { accept_loop(\@listeners, \%of, $logfile) };
        print STDERR "socks proxy: $@" if $@;
        POSIX::_exit(1);
    }

    return $pid;
}


sub accept_loop
{
    my ($listeners, $of, $logfile) = @_;

    my $select = IO::Select->new(@$listeners);
    my $parent = getppid();

    while (getppid() == $parent) {
        for my $sock ($select->can_read(2)) {
            my $client = $sock->accept or next;
            my $proxy = $of->{fileno $sock};

            open my $log, '>>', $logfile or die "$logfile: $!\n";

            my $s = { proxy => $proxy, n => ++$proxy->{n}, sock => $client,
                      log => $log, seen => {} };

            note($s, 'connect');

            if (!fork()) {
                $_->close for @$listeners;
                setsockopt $client, IPPROTO_TCP, TCP_NODELAY, 1;
                eval { session($s) };
                print STDERR "socks proxy: $@" if $@ && $@ ne "over\n";
                note($s, 'end');
                POSIX::_exit(0);
            }

            close $client;
        }
    }
}


sub note
{
    my ($s, $text) = @_;

    syswrite $s->{log}, "$s->{proxy}{name}/$s->{n} $text\n";
}


sub session
{
    my ($s) = @_;

    my ($version, $n) = unpack 'CC', take($s, 2);
    my $methods = take($s, $n);

    note($s, "method $version " . unpack 'H*', $methods);
    quiet($s);

    my $auth = $s->{proxy}{options}{auth};
    my $method = !$auth ? 0 : $methods =~ /\x02/ ? 2 : 255;

    obey($s, 'method', sub { put($s, pack 'CC', 5, $method) });

    if ($auth) {
        take($s, 1);
        my $user = take($s, unpack 'C', take($s, 1));
        my $password = take($s, unpack 'C', take($s, 1));

        note($s, "auth $user:$password");
        quiet($s);

        my $ok = "$user:$password" eq $auth;

        obey($s, 'auth', sub { put($s, pack 'CC', 1, $ok ? 0 : 1);
                               over($s) if !$ok });
    }

    my ($v, $command, undef, $type) = unpack 'C4', take($s, 4);
    my $host = $type == 1 ? inet_ntop(AF_INET, take($s, 4))
               : $type == 4 ? inet_ntop(AF_INET6, take($s, 16))
               : take($s, unpack 'C', take($s, 1));
    my $port = unpack 'n', take($s, 2);

    @$s{qw( host port )} = ($host, $port);

    note($s, "request $v $command $type $host");
    quiet($s);

    obey($s, 'request', sub { act_default_request($s) });
    relay($s);
}


# nothing may have been said before its turn

sub quiet
{
    my ($s) = @_;

    return if !IO::Select->new($s->{sock})->can_read(0);

    recv $s->{sock}, my $byte, 1, MSG_PEEK;
    note($s, 'violation: spoke out of turn') if length $byte;
}


sub take
{
    my ($s, $n) = @_;

    my $data = '';

    while (length $data < $n) {
        my $got = sysread $s->{sock}, $data, $n - length $data, length $data;

        over($s) if !$got;
    }

    return $data;
}


sub put
{
    my ($s, $data) = @_;

    for my $piece ($s->{dribble} ? split //, $data : $data) {
        syswrite $s->{sock}, $piece;
        sleep $s->{dribble} if $s->{dribble};
    }
}


sub over
{
    die "over\n";
}


sub obey
{
    my ($s, $event, $default) = @_;

    for my $rule (@{ $s->{proxy}{rules} }) {
        next if $rule->{event} ne $event;
        next if defined $rule->{session} && $rule->{session} != $s->{n};
        next if defined $rule->{pattern} && ($s->{host} // '') !~ $rule->{pattern};

        act($s, $_, $default) for @{ $rule->{actions} };
        return;
    }

    $default->();
}


sub act
{
    my ($s, $action, $default) = @_;

    my ($verb, $arg) = $action =~ /^(\S+)(?:\s+(.*))?$/;

    if ($verb eq 'default') {
        $default->();

    } elsif ($verb eq 'raw') {
        put($s, TestVerify::SMTP::unescape($arg =~ s/^"(.*)"$/$1/sr));

    } elsif ($verb eq 'reply') {
        put($s, pack('CC', 5, $arg) . "\0\1\0\0\0\0\0\0");
        over($s) if $arg;

    } elsif ($verb eq 'together') {
        $s->{together} = 1;

    } elsif ($verb eq 'wait') {
        sleep TestVerify::SMTP::seconds($arg);

    } elsif ($verb eq 'dribble') {
        $s->{dribble} = $arg eq 'off' ? 0 : TestVerify::SMTP::seconds($arg);

    } elsif ($verb eq 'hang') {
        take($s, 1) while 1;

    } elsif ($verb eq 'close') {
        over($s);

    } elsif ($verb eq 'reset') {
        setsockopt $s->{sock}, SOL_SOCKET, SO_LINGER, pack('ii', 1, 0);
        over($s);

    } else {
        die "no such action: $action\n";
    }
}


# "together": the greeting of the mail server is in one segment with the reply

sub act_default_request
{
    my ($s) = @_;

    my $via = $s->{proxy}{options}{via};

    my $to = IO::Socket::IP->new(PeerHost => $s->{host},
        PeerPort => $s->{port}, Proto => 'tcp', Timeout => 5,
        defined $via && $s->{host} !~ /:/
            ? (LocalHost => TestVerify::Env::address($via)) : ());

    if (!$to) {
        put($s, "\5\5\0\1\0\0\0\0\0\0");
        over($s);
    }

    my $reply = "\5\0\0\1" . "\x7f\0\0\1" . pack 'n', $to->sockport;

    if ($s->{together}) {
        sysread $to, $reply, 4096, length $reply;
    }

    $s->{to} = $to;
    put($s, $reply);
}


sub relay
{
    my ($s) = @_;

    my ($client, $to) = @$s{qw( sock to )};

    over($s) if !$to;

    my $select = IO::Select->new($client, $to);

    while (1) {
        for my $from ($select->can_read) {
            my $n = sysread $from, my $data, 16384;

            over($s) if !$n;
            syswrite $from == $client ? $to : $client, $data;
        }
    }
}


sub text
{
    my ($logfile) = @_;

    open my $in, '<', $logfile or return '';
    local $/;

    return scalar <$in> // '';
}


1;
