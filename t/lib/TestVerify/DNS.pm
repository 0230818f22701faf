package TestVerify::DNS;

# A DNS server over UDP and TCP with the faults that servers have;
# t/lib/README.md has the format of its zone.

use strict;
use warnings;

use IO::Select;
use IO::Socket::INET;
use JSON::PP;
use Net::DNS;
use POSIX ();
use Time::HiRes qw( time );

use TestVerify::Env;

my $TTL = 60;
my $JSON = JSON::PP->new->ascii->canonical;


# ---- the zone

sub parse
{
    my ($text) = @_;
    my $zone = { rr => {}, faults => [] };

    for (split /\n/, TestVerify::Env::expand($text)) {
        s/^\s+|\s+$//g;
        next if /^(#|$)/;

        if (/^(?:\@(\d+)\s+)?(\S+)(?:\s+([A-Z]+))?\s+!\s*(\S+)(?:\s+(\S+))?$/)
        {
            push @{ $zone->{faults} }, { server => $1, name => lc $2,
                type => $3, fault => $4, arg => $5 };
            next;
        }

        add($zone, $_);
    }

    return $zone;
}


sub add
{
    my ($zone, $line) = @_;

    my ($name, $ttl, $type, $data)
        = $line =~ /^(\S+)\s+(?:(\d+)\s+)?([A-Z]+)\s+(.+)$/
        or die "dns: bad line: $line\n";

    $data = TestVerify::Env::address($data) if $type eq 'A';
    $ttl //= $TTL;
    $name =~ s/\.$//;

    my $rr = $name =~ /[^!-~]/ ? die "dns: $name\n"
        : Net::DNS::RR->new("$name. $ttl IN $type " . absolute($type, $data));

    push @{ $zone->{rr}{lc $name}{$type} }, $rr;
}


sub absolute
{
    my ($type, $data) = @_;

    $data =~ s/(\S)$/$1./ if $type =~ /^(MX|CNAME|NS|PTR)$/
                             && $data !~ /\.$/;

    return $data;
}


# what suites mean who say nothing: the first server is the best MX of
# ok.test, the next the second best

sub default_zone
{
    my ($servers) = @_;
    my $text = '';
    my $preference = 10;

    for my $srv (@$servers) {
        my $host = "$srv->{name}.ok.test";

        $text .= "ok.test MX $preference $host\n";
        $text .= $_ . "\n" for map {
            "$host " . (/:/ ? "AAAA $_" : "A $_")
        } @{ $srv->{addresses} };
        $preference += 10;
    }

    return $text;
}


# ---- the process

sub start
{
    my ($zone, $logfile) = @_;
    my (@udp, @tcp);

    open my $log, '>', $logfile or die "$logfile: $!\n";
    close $log;

    for my $host (53, 54) {
        my @at = (LocalAddr => "$TestVerify::Env::Net.$host",
                  LocalPort => $TestVerify::Env::DnsPort, ReuseAddr => 1);

        push @udp, IO::Socket::INET->new(@at, Proto => 'udp')
            || die "dns: @at: $!\n";
        push @tcp, IO::Socket::INET->new(@at, Proto => 'tcp', Listen => 64)
            || die "dns: @at: $!\n";
    }

    my $pid = fork() // die "fork: $!\n";

    if ($pid == 0) {
        TestVerify::Env::detach("$logfile.err");
        eval { serve($zone, \@udp, \@tcp, $logfile) };
        print STDERR "dns server: $@" if $@;
        POSIX::_exit(1);
    }

    return $pid;
}


sub serve
{
    my ($zone, $udp, $tcp, $logfile) = @_;

    open my $log, '>>', $logfile or die "$logfile: $!\n";

    my $select = IO::Select->new(@$udp, @$tcp);
    my (%server, %in, %conn, @later);

    for my $i (0 .. $#$udp) {
        $server{fileno $udp->[$i]} = $server{fileno $tcp->[$i]} = $i + 1;
    }

    my %listening = map { fileno($_) => 1 } @$tcp;
    my $parent = getppid();

    while (getppid() == $parent) {
        @later = sort { $a->[0] <=> $b->[0] } @later;

        while (@later && $later[0][0] <= time()) {
            (shift @later)->[1]->();
        }

        my $timeout = @later ? $later[0][0] - time() : 2;

        for my $sock ($select->can_read($timeout > 0 ? $timeout : 0)) {
            my $fd = fileno $sock;

            if ($listening{$fd}) {
                my $c = $sock->accept or next;
                $conn{fileno $c} = { in => '', server => $server{$fd} };
                $select->add($c);
                next;
            }

            if ($conn{$fd}) {
                my $n = sysread $sock, $conn{$fd}{in}, 65536,
                                length $conn{$fd}{in};

                if (!$n) {
                    $select->remove($sock);
                    delete $conn{$fd};
                    close $sock;
                    next;
                }

                while ($conn{$fd} && length $conn{$fd}{in} >= 2) {
                    my $len = unpack 'n', $conn{$fd}{in};
                    last if length $conn{$fd}{in} < $len + 2;

                    my $query = substr $conn{$fd}{in}, 2, $len;
                    substr $conn{$fd}{in}, 0, $len + 2, '';

                    my $r = answer($zone, $query, $conn{$fd}{server}, 'tcp',
                                   $log);

                    if ($r->{close}) {
                        $select->remove($sock);
                        delete $conn{$fd};
                        close $sock;

                    } elsif (defined $r->{data}) {
                        push @later, pieces($sock, $r);
                    }
                }

                next;
            }

            my $peer = $sock->recv(my $query, 4096) or next;
            my $r = answer($zone, $query, $server{$fd}, 'udp', $log);

            if (defined $r->{data}) {
                push @later, [time() + $r->{delay}, sub {
                    $sock->send($_, 0, $peer)
                        for @{ $r->{before} || [] }, $r->{data};
                }];
            }
        }
    }
}


# what goes out over TCP, cut where it is told, 20 ms from each to the next

sub pieces
{
    my ($sock, $r) = @_;

    my $all = join '', map { pack 'n/a*', $_ } @{ $r->{before} || [] },
                                               $r->{data};
    my $at = time() + $r->{delay};
    my @pieces;

    for my $size (@{ $r->{cuts} || [] }, length $all) {
        my $piece = substr $all, 0, $size, '';

        push @pieces, [$at, sub { syswrite $sock, $piece }];
        $at += 0.02;
    }

    return @pieces;
}


# ---- an answer: data to send after a delay, nothing, or close; what goes
# ---- out before it, and the sizes of the pieces of a stream

sub answer
{
    my ($zone, $data, $server, $proto, $log) = @_;

    my $query = eval { Net::DNS::Packet->decode(\$data) };
    my ($q) = $query ? $query->question : ();

    return {} if !$q;

    my ($name, $type) = (lc $q->qname, $q->qtype);

    syswrite $log, $JSON->encode({ t => time(), name => $name, type => $type,
                                   proto => $proto, server => $server })
                   . "\n";

    my $r = { delay => 0, ad => $query->header->ad };
    my $reply = resolve($zone, $query, $name, $type);

    for my $f (@{ $zone->{faults} }) {
        next if $f->{server} && $f->{server} != $server;
        next if $f->{name} ne '*' && $f->{name} ne $name;
        next if $f->{type} && $f->{type} ne $type;

        my $code = __PACKAGE__->can("fault_" . ($f->{fault} =~ s/-/_/gr))
            or die "dns: no such fault: $f->{fault}\n";

        $code->($reply, $r, $proto, $f->{arg});
        return $r if $r->{done};
    }

    $r->{data} = $reply->data;

    my $max = 512;
    my ($edns) = grep { $_->type eq 'OPT' } $query->additional;
    my $size = $edns ? udp_size($edns) : 0;
    $max = $size if $size > 512;

    if ($proto eq 'udp' && length $r->{data} > $max) {
        truncated($reply, $r);
    }

    return $r;
}


# the method has another name since Net::DNS 1.38, which warns of the old one

sub udp_size
{
    my ($edns) = @_;

    my $method = $edns->can('udpsize') || $edns->can('size');

    return $edns->$method;
}


sub resolve
{
    my ($zone, $query, $name, $type) = @_;

    my $reply = $query->reply;

    $reply->header->rcode('NOERROR');
    $reply->header->aa(1);
    $reply->header->ra(1);
    $reply->header->ad(0);

    my $found;

    for (1 .. 8) {
        my $rrs = $zone->{rr}{$name} or last;

        if ($rrs->{$type}) {
            $reply->push(answer => @{ $rrs->{$type} });
            return $reply;
        }

        $found = 1;

        my $cname = $rrs->{CNAME} or last;
        $reply->push(answer => @$cname);
        $name = lc $cname->[0]->cname;
        undef $found;
    }

    # an empty non-terminal exists too

    $found ||= grep { /\.\Q$name\E$/ } keys %{ $zone->{rr} };

    $reply->header->rcode('NXDOMAIN') if !$found;
    $reply->push(authority => Net::DNS::RR->new(
        'test. 60 IN SOA ns.test. root.test. 1 3600 600 86400 60'));

    return $reply;
}


# the answer's head and question alone

sub bare
{
    my ($reply, $rcode) = @_;

    my ($q) = $reply->question;
    my $bare = Net::DNS::Packet->new($q->qname, $q->qtype, $q->qclass);

    $bare->header->id($reply->header->id);
    $bare->header->qr(1);
    $bare->header->rd(1);
    $bare->header->ra(1);
    $bare->header->rcode($rcode);

    return $bare;
}


sub rcode
{
    my ($reply, $r, $rcode) = @_;

    $r->{data} = bare($reply, $rcode)->data;
    $r->{done} = 1;
}


sub truncated
{
    my ($reply, $r) = @_;

    my $bare = bare($reply, 'NOERROR');

    $bare->header->tc(1);
    $r->{data} = $bare->data;
    $r->{done} = 1;
}


sub fault_servfail { rcode($_[0], $_[1], 'SERVFAIL') }
sub fault_refused  { rcode($_[0], $_[1], 'REFUSED') }
sub fault_nxdomain { rcode($_[0], $_[1], 'NXDOMAIN') }
sub fault_formerr  { rcode($_[0], $_[1], 'FORMERR') }
sub fault_notimp   { rcode($_[0], $_[1], 'NOTIMP') }


# no error, no record, no SOA: a lame server

sub fault_empty
{
    rcode($_[0], $_[1], 'NOERROR');
}


sub fault_drop
{
    my ($reply, $r) = @_;

    $r->{done} = 1;
}


# as a server that has validated the answer tells those who ask for that

sub fault_ad
{
    my ($reply, $r) = @_;

    $reply->header->ad($r->{ad});
}


sub fault_delay
{
    my ($reply, $r, $proto, $arg) = @_;

    $r->{delay} = $arg =~ /^(\d+)ms$/ ? $1 / 1000 : $arg;
}


# a recursive server has the answer that long after the first question for it,
# for all who asked until then

my %First;

sub fault_slow
{
    my ($reply, $r, $proto, $arg) = @_;

    my ($q) = $reply->question;
    my $first = $First{lc($q->qname) . ' ' . $q->qtype} //= time();

    fault_delay(@_);
    $r->{delay} -= time() - $first;
    $r->{delay} = 0 if $r->{delay} < 0;
}


# over UDP only; the whole answer is to be had over TCP

sub fault_truncate
{
    my ($reply, $r, $proto) = @_;

    truncated($reply, $r) if $proto eq 'udp';
}


# truncated, and TCP closes

sub fault_truncate_only
{
    my ($reply, $r, $proto) = @_;

    truncated($reply, $r);
    @$r{qw( close data )} = (1, undef) if $proto eq 'tcp';
}


# a header that promises two answers, then noise

sub fault_garbage
{
    my ($reply, $r) = @_;

    my $noise = join '', map { chr(($_ * 167 + 13) % 256) } 0 .. 60;

    $r->{data} = pack('n6', $reply->header->id, 0x8180, 1, 2, 0, 0) . $noise;
    $r->{done} = 1;
}


# cut in the middle, without TC

sub fault_cut
{
    my ($reply, $r) = @_;

    my $data = $reply->data;
    $r->{data} = substr $data, 0, length($data) - 5;
    $r->{done} = 1;
}


# an answer to a question nobody asked, then silence

sub fault_wrong_id
{
    my ($reply, $r) = @_;

    $reply->header->id(($reply->header->id + 1) % 65536);
    $r->{data} = $reply->data;
    $r->{done} = 1;
}


# ---- what was asked

sub queries
{
    my ($logfile) = @_;

    open my $in, '<', $logfile or return;

    # its last line may be on its way yet

    return map { $JSON->decode($_) } grep { /\n\z/ } <$in>;
}


1;
