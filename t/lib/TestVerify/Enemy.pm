package TestVerify::Enemy;

# Stores of fleets that lie.  Each one is a way to the store of
# TestVerify::Valkey whose replies a sub may change.  It is used after
# TestVerify.
#
#   serve([name => sub { ... }], ...)
#                               from now on, at address(1), address(2) ...;
#                               those that were there before are gone
#   told()                      how many replies each name has changed
#   stop()                      all of them
#
# A sub gets what is answered, the reply, the words of the command, and a hash
# of the store's own.  It returns what is sent instead, in pieces; undef closes
# the connection.  What is answered is the name of a command, that of a script
# ("ask", "write", "limits", "log", "lend"), or "notice".  The subs run in a
# process of their own: what they remember stays there.

use strict;
use warnings;

use IO::Select;
use IO::Socket::INET;
use POSIX ();
use Socket qw( IPPROTO_TCP TCP_NODELAY );
use Time::HiRes qw( sleep );
use TestVerify::Env;
use TestVerify::Valkey;

my $Port = 29000 + $TestVerify::Env::Slot;
my $File = "$TestVerify::Env::Dir/enemy.$$";
my $Suite = $$;

my (@store, %script, $Pid);

END {
    if ($$ == $Suite) {
        my $rc = $?;
        stop();
        unlink $File;
        $? = $rc;
    }
}


sub address { "$TestVerify::Env::Net." . (100 + $_[0]) . ":$Port" }


sub serve
{
    stop();
    unlink $File;

    @store = map { { name => $_->[0], code => $_->[1], own => {} } } @_;

    for my $i (1 .. @store) {
        my $addr = address($i);

        $store[$i - 1]{listener} = IO::Socket::INET->new(
            LocalAddr => $addr, Listen => 64, ReuseAddr => 1)
            or die "$addr: $!\n";
    }

    $Pid = fork // die "fork: $!\n";

    if ($Pid == 0) {
        TestVerify::Env::detach('/dev/null');
        $SIG{PIPE} = 'IGNORE';
        relay();
        POSIX::_exit(0);
    }

    close $_->{listener} for @store;
}


sub stop
{
    return if !$Pid;

    kill 'KILL', $Pid;
    waitpid $Pid, 0;
    undef $Pid;
}


sub told
{
    my %n;

    open my $in, '<', $File or return {};

    while (my $name = <$in>) {
        chomp $name;
        $n{$name}++;
    }

    return \%n;
}


sub relay
{
    my (%end);

    my $select = IO::Select->new(map { $_->{listener} } @store);
    my %store = map { $_->{listener} => $_ } @store;

    while (1) {
        for my $s ($select->can_read(1)) {

            if ($store{$s}) {
                my $c = open_link($store{$s}, $s->accept) or next;
                $select->add($c->{client}, $c->{real});
                $end{$_} = $c for $c->{client}, $c->{real};
                next;
            }

            my $c = $end{$s} or next;

            next if ($s == $c->{client} ? from_client($c) : from_store($c));

            $select->remove($c->{client}, $c->{real});
            delete @end{$c->{client}, $c->{real}};
            close $_ for $c->{client}, $c->{real};
        }
    }
}


sub open_link
{
    my ($store, $client) = @_;

    return if !$client;

    my $real = IO::Socket::INET->new($ENV{TEST_NGINX_VALKEY}) or return;

    setsockopt $client, IPPROTO_TCP, TCP_NODELAY, 1;

    return { store => $store, client => $client, real => $real, in => '',
             out => '', wanted => [] };
}


sub from_client
{
    my ($c) = @_;

    sysread $c->{client}, $c->{in}, 65536, length $c->{in} or return;

    while (my $len = complete($c->{in})) {
        my $text = substr $c->{in}, 0, $len, '';
        my @words = words($text);

        push @{ $c->{wanted} }, [what(@words), \@words];
        send_all($c->{real}, $text) or return;
    }

    return 1;
}


sub from_store
{
    my ($c) = @_;

    sysread $c->{real}, $c->{out}, 65536, length $c->{out} or return;

    while (my $len = complete($c->{out})) {
        my $text = substr $c->{out}, 0, $len, '';

        # there is a reply for each channel

        my $notice = $text =~ /\A\*3\r\n\$(?:7\r\nmessage|9\r\nsubscribe)/
                     && @{ $c->{wanted} } == 0
                     || $text =~ /\A\*3\r\n\$7\r\nmessage/;

        my ($what, $words) = $notice ? ('notice', [])
                                     : @{ shift @{ $c->{wanted} } // [''] };

        my @pieces = $c->{store}{code}->($what, $text, $words,
                                         $c->{store}{own});

        note($c->{store}{name}) if @pieces != 1 || !defined $pieces[0]
                                   || $pieces[0] ne $text;

        for (@pieces) {
            return if !defined;
            send_all($c->{client}, $_) or return;
        }
    }

    return 1;
}


sub send_all
{
    my ($to, $data) = @_;

    for (my $at = 0; $at < length $data; ) {
        $at += syswrite($to, $data, length($data) - $at, $at) // return;
    }

    return 1;
}


sub note
{
    open my $out, '>>', $File or return;
    print $out "$_[0]\n";
}


# the length of the first value, if all of it is there

sub complete
{
    my ($text, $at) = (@_, 0);

    my $values = 1;

    while ($values--) {
        my $end = index $text, "\r\n", $at;
        return if $end < 0;

        my ($type, $n) = (substr($text, $at, 1),
                          substr($text, $at + 1, $end - $at - 1));

        $at = $end + 2;

        $values += $n if $type eq '*' && $n > 0;
        $at += $n + 2 if $type eq '$' && $n >= 0;

        return if $at > length $text;
    }

    return $at;
}


sub words
{
    my ($text) = @_;
    my @words;

    $text =~ s/\A\*\d+\r\n//;

    while ($text =~ /\G\$(\d+)\r\n/g) {
        push @words, substr $text, pos $text, $1;
        pos($text) += $1 + 2;
    }

    return @words;
}


# Scripts are known by what is in them

sub what
{
    my (@words) = @_;

    if ($words[0] eq 'SCRIPT') {
        my $text = $words[2];

        require Digest::SHA;
        $script{ Digest::SHA::sha1_hex($text) } =
            $text =~ /XREADGROUP/ ? 'lend' : $text =~ /PUBLISH/ ? 'write'
            : $text =~ /learning/ ? 'limits' : $text =~ /XRANGE/ ? 'log'
            : 'ask';
    }

    return $words[0] eq 'EVALSHA' ? $script{ $words[1] } : $words[0];
}


1;
