# What the DNS says of a domain's mail servers, and what it fails to say.

use lib 't/lib';
use TestVerify 'no_plan';

use Net::DNS;

# ---- more faults that name servers have

package TestVerify::DNS;


# a referral to somebody else: name servers, no SOA

sub fault_referral
{
    my ($reply, $r) = @_;

    my $bare = bare($reply, 'NOERROR');

    $bare->header->ra(0);
    $bare->push(authority => Net::DNS::RR->new('test. 60 NS ns.other.'));
    $r->{data} = $bare->data;
    $r->{done} = 1;
}


# an authoritative server, asked by mistake, does not follow an alias

sub fault_open_alias
{
    my ($reply, $r) = @_;

    my $bare = bare($reply, 'NOERROR');

    $bare->header->ra(0);
    $bare->push(answer => ($reply->answer)[0]);
    $r->{data} = $bare->data;
    $r->{done} = 1;
}


sub fault_alias_loop
{
    my ($reply, $r) = @_;

    my $bare = bare($reply, 'NOERROR');

    $bare->push(answer => ($reply->answer)[0], Net::DNS::RR->new(
        ($reply->answer)[0]->cname . '. 60 CNAME ' . ($reply->question)[0]->qname . '.'));
    $r->{data} = $bare->data;
    $r->{done} = 1;
}


# a recursive one that leaves the rest to who asks

sub fault_alias_only
{
    my ($reply, $r) = @_;

    my $bare = bare($reply, 'NOERROR');

    $bare->push(answer => ($reply->answer)[0]);
    $r->{data} = $bare->data;
    $r->{done} = 1;
}


# as servers before EDNS have it

sub fault_no_edns
{
    my ($reply, $r) = @_;

    rcode($reply, $r, 'FORMERR') if $TestVerify::DNS::Edns;
}


sub fault_record
{
    my ($reply, $r, $rdata, $type) = @_;

    $r->{data} = bare($reply, 'NOERROR')->data . pack 'n3 N n/a*', 0xc00c,
                 $type || 15, 1, 60, $rdata;
    substr $r->{data}, 6, 2, pack 'n', 1;
    $r->{done} = 1;
}


sub fault_short_rdata { fault_record(@_[0, 1], "\0") }
sub fault_long_rdata  { fault_record(@_[0, 1], "\0\12\2mx\0\0\0") }
sub fault_name_loop   { fault_record(@_[0, 1], pack 'n2', 10,
                            0xc000 | length(bare($_[0], 0)->data) + 14) }


# three records are promised, there are two

sub fault_promise
{
    my ($reply, $r) = @_;

    $r->{data} = $reply->data;
    substr $r->{data}, 6, 2, pack 'n', 3;
    $r->{done} = 1;
}


sub fault_short_a     { fault_record(@_[0, 1], "\x7f\0\0", 1) }
sub fault_long_a      { fault_record(@_[0, 1], "\x7f\0\0\1\0", 1) }
sub fault_short_aaaa  { fault_record(@_[0, 1], "\0" x 15, 28) }
sub fault_long_aaaa   { fault_record(@_[0, 1], "\0" x 17, 28) }
sub fault_long_cname  { fault_record(@_[0, 1], "\1a\xc0\x0c\0", 5) }
sub fault_open_name   { fault_record(@_[0, 1], "\0\12\2mx") }


# fewer records are promised than there are; octets behind them all

sub fault_more
{
    my ($reply, $r) = @_;

    $r->{data} = $reply->data;
    substr $r->{data}, 6, 2, pack 'n', 1;
    $r->{done} = 1;
}


sub fault_trail
{
    my ($reply, $r) = @_;

    $r->{data} = $reply->data . "\0";
    $r->{done} = 1;
}


# there is none, and the zone that says so is cut short

sub fault_broken_soa
{
    my ($reply, $r) = @_;

    fault_record($reply, $r, "\xc0\x0c\0" . "\0" x 19, 6);
    substr $r->{data}, 6, 4, pack 'n2', 0, 1;
}


# success in the header, "bad version" in OPT

sub fault_badvers
{
    my ($reply, $r) = @_;

    $r->{data} = bare($reply, 'NOERROR')->data
                 . pack 'C n2 N n', 0, 41, 1232, 1 << 24, 0;
    substr $r->{data}, 10, 2, pack 'n', 1;
    $r->{done} = 1;
}


# the header of the question sent back, which counts an OPT that is not there

sub fault_no_edns_copied
{
    my ($reply, $r) = @_;

    fault_no_edns(@_);
    substr $r->{data}, 10, 2, pack 'n', 1 if $r->{done};
}


# truncated in the midst of a record

sub fault_truncate_cut
{
    my ($reply, $r, $proto) = @_;

    return if $proto ne 'udp';

    $reply->header->tc(1);
    fault_cut($reply, $r);
    $reply->header->tc(0);
}


sub fault_truncate_broken
{
    my ($reply, $r, $proto) = @_;

    $proto eq 'udp' ? truncated($reply, $r) : fault_long_rdata($reply, $r);
}


# whatever else may come from the address of a name server, all of it no
# answer to this, and then the answer

sub noise
{
    my ($reply) = @_;

    my ($id, $data) = ($reply->header->id, $reply->data);
    my %broken;

    fault_long_rdata($reply, \%broken);
    fault_other_question($reply, \my %other);

    return ('', "\0", substr($data, 0, 12), substr($data, 0, 20),
            pack('n6', $id, 0x8180, 0, 1, 0, 0) . "\xc0\x0c" x 40,
            pack('n6', $id, 0x8180, 1, 0, 0, 0) . "\xc0\x0c\0\x0f\0\1",
            pack('n6', $id, 0x8180, 2, 0, 0, 0) . substr($data, 12),
            (map { pack('n', ($id + $_) % 65536) . substr $broken{data}, 2 }
                 1 .. 3),
            $other{data}, "\xff" x 600);
}


sub fault_noise
{
    my ($reply, $r) = @_;

    $r->{before} = [noise($reply)];
}


sub fault_tcp_noise
{
    my ($reply, $r, $proto) = @_;

    return truncated($reply, $r) if $proto eq 'udp';

    $r->{before} = [noise($reply)];
    $r->{cuts} = [1, 1, 1, 5, 40, 100];
}


# RFC 7873: a name server's cookie; with "forged" a broken answer with
# another one comes first

sub cookie
{
    my ($r, $reply, $client) = @_;

    # in place of the OPT that is there, if one is
    substr $r->{data}, -11, 11, '' if unpack 'n', substr $r->{data}, 10, 2;

    $client //= $TestVerify::DNS::Cookie;
    $r->{data} .= pack 'C n2 N n3 a8 a8', 0, 41, 1232, 0, 20, 10, 16, $client,
                       'resolver';
    substr $r->{data}, 10, 2, pack 'n', 1;
    $r->{done} = 1;
}


sub fault_cookie
{
    my ($reply, $r, $proto, $arg) = @_;

    $r->{data} = $reply->data;
    $r->{done} = 1;

    $arg //= '';

    return if $proto eq 'tcp';

    fault_long_rdata($reply, $r) if $arg eq 'broken';
    truncated($reply, $r) if $arg eq 'truncated';

    return if !$TestVerify::DNS::Cookie;

    if ($arg eq 'forged') {
        fault_long_rdata($reply, \my %forged);
        cookie(\%forged, $reply, 'somebody');
        $r->{before} = [$forged{data}];
    }

    cookie($r, $reply);
}


# what was not asked for, under the right id, and then the answer

sub fault_other_question
{
    my ($reply, $r) = @_;

    my $other = Net::DNS::Packet->new('other.test', 'MX');

    $other->header->id($reply->header->id);
    $other->header->qr(1);
    $other->push(answer => Net::DNS::RR->new('other.test. 60 MX 1 evil.'));
    $r->{data} = $other->data;
    $r->{done} = 1;
}


{
    my $resolve = \&resolve;

    no warnings 'redefine';

    *resolve = sub {
        $TestVerify::DNS::Edns = grep { $_->type eq 'OPT' }
                                 $_[1]->additional;

        # the client's, alone or with ours; Net::DNS tells it in several ways
        ($TestVerify::DNS::Cookie) = $_[1]->data =~ /\0\x0a\0[\x08\x18](.{8})/s;
        return $resolve->(@_);
    };
}


package main;

# how many lines of the error log have that

sub logged
{
    my ($text) = @_;

    open my $log, '<', server_root() . '/logs/error.log' or return 0;

    return scalar grep { /\Q$text\E/ } <$log>;
}


run_tests();

__DATA__

=== TEST 1: the best preference first, whatever the order
--- dns
ok.test MX 30 mx3.ok.test
ok.test MX 10 MX1.ok.test
ok.test MX 20 mx2.ok.test
--- address: john@ok.test
--- query: smtp=0
--- json
checks.domain: true
checks.mx_record: true
smtp.mx_host: mx1.ok.test
--- dns_queries
ok.test MX udp 1
mx1.ok.test A 0



=== TEST 2: 40 records, more than a datagram holds
--- smtp
mx1 11 pipelining users=john
--- dns eval
CORE::join('', map { "ok.test MX $_ mx$_.a-long-name-to-fill-the-datagram-$_.test\n" } CORE::reverse 2 .. 40)
. "ok.test MX 1 mx1.ok.test\nmx1.ok.test A 11\n"
--- address: john@ok.test
--- json
verdict: deliverable accepted confirmed null
smtp.mx_host: mx1.ok.test
smtp.rule: accepted-2xx
--- dns_queries
ok.test MX udp 1
ok.test MX tcp 1



=== TEST 3: 40 records within EDNS: no TCP
--- dns eval
CORE::join '', map { "ok.test MX $_ mx$_.ok.test\n" } CORE::reverse 1 .. 40
--- address: john@ok.test
--- query: smtp=0
--- json
checks.mx_record: true
smtp.mx_host: mx1.ok.test
--- dns_queries
ok.test MX udp 1
ok.test MX tcp 0



=== TEST 4: of 40 records no more than smtp_verify_max_mx are tried
--- verify
smtp_verify_max_mx 3;
--- smtp
mx1 11 refuse
mx2 12 refuse
mx3 13 refuse
mx4 14 pipelining
--- dns eval
CORE::join '', map { "ok.test MX $_ mx$_.ok.test\nmx$_.ok.test A " . (10 + $_) . "\n" } CORE::reverse 1 .. 40
--- address: john@ok.test
--- json
verdict: unknown connect_failed estimated network
smtp.attempts: 3
--- smtp_sessions: 0
--- dns_queries
mx3.ok.test A 1
mx4.ok.test A 0



=== TEST 5: 700 records: some are looked at, none harms
--- dns eval
CORE::join '', map { "ok.test MX " . (1000 - $_) . " mx$_.ok.test\n" } 1 .. 700
--- address: john@ok.test
--- query: smtp=0
--- json
checks.mx_record: true
smtp.mx_host: /^mx\d+\.ok\.test$/
--- dns_queries
ok.test MX tcp 1



=== TEST 6: equal preferences share the load
--- dns
ok.test MX 20 mx9.ok.test
ok.test MX 10 mx1.ok.test
ok.test MX 10 mx2.ok.test
ok.test MX 10 mx3.ok.test
--- address eval
CORE::join "\n", map { "john$_\@ok.test" } 1 .. 40
--- query: smtp=0
--- json
checks.mx_record: true
smtp.mx_host: /^mx[123]\.ok\.test$/



=== TEST 7: none of three equal ones is left out
--- smtp
mx1 11 pipelining
mx2 12 pipelining
mx3 13 pipelining
--- dns
ok.test MX 10 mx1.ok.test
ok.test MX 10 mx2.ok.test
ok.test MX 10 mx3.ok.test
mx1.ok.test A 11
mx2.ok.test A 12
mx3.ok.test A 13
--- address eval
CORE::join "\n", map { "john$_\@ok.test" } 1 .. 30
--- json
reason: mailbox_not_found
--- smtp_check eval
sub { keys %{ { map { $_->{server} => 1 } @{ $_[0] } } } == 3 }



=== TEST 8: hosts with IPv6 only
--- smtp
mx1 ::1 pipelining users=john
--- dns
ok.test MX 10 mx1.ok.test
mx1.ok.test AAAA ::1
--- address: john@ok.test
--- json
verdict: deliverable accepted confirmed null
smtp.mx_host: mx1.ok.test
smtp.mx_ip: ::1
smtp.rule: accepted-2xx



=== TEST 9: no MX, an IPv6 address
--- smtp
mx1 ::1 pipelining users=john
--- dns
ok.test AAAA ::1
--- address: john@ok.test
--- json
verdict: deliverable accepted confirmed null
checks.mx_record: false
smtp.mx_host: ok.test
smtp.mx_ip: ::1
smtp.rule: accepted-2xx



=== TEST 10: a host twice is a host once
--- smtp
mx1 11 refuse
--- dns
ok.test MX 10 mx1.ok.test
ok.test MX 20 MX1.ok.test
ok.test MX 30 mx1.OK.test
mx1.ok.test A 11
--- address: john@ok.test
--- json
verdict: unknown connect_failed estimated network
smtp.attempts: 1



=== TEST 11: targets that are no host names are left out
--- smtp
mx1 11 pipelining users=john
--- dns
ok.test MX 1 127.0.0.1
ok.test MX 2 mx\032.test
ok.test MX 3 mx\013\010RCPT.test
ok.test MX 4 -mx.test
ok.test MX 5 m_x1.ok.test
m_x1.ok.test A 11
--- address: john@ok.test
--- json
verdict: deliverable accepted confirmed null
smtp.mx_host: m_x1.ok.test
smtp.attempts: 1
smtp.rule: accepted-2xx



=== TEST 12: no target is a host name
--- dns
ok.test MX 10 127.0.0.1
ok.test MX 0 .
--- address: john@ok.test
--- json
verdict: undeliverable no_mail_server confirmed domain
checks.domain: true
smtp.connected: !true
--- dns_queries
127.0.0.1 A 0



=== TEST 13: a null MX, the domain's address notwithstanding; twice is null, too
--- dns
a.test MX 0 .
a.test A 11
b.test MX 0 .
b.test MX 10 .
b.test A 11
--- address
john@a.test
john@b.test
--- json
verdict: undeliverable null_mx confirmed domain
checks.domain: true
smtp.connected: !true
--- dns_queries
a.test A 0
b.test A 0



=== TEST 14: a null MX beside others, best or worst
--- dns
a.test MX 0 .
a.test MX 10 mx1.ok.test
b.test MX 5 mx1.ok.test
b.test MX 10 .
--- address
john@a.test
john@b.test
--- query: smtp=0
--- json
checks.mx_record: true
smtp.mx_host: mx1.ok.test



=== TEST 15: an alias of an alias, in any order
--- dns
a.test CNAME b.test
b.test CNAME C.test
c.test MX 10 mx1.ok.test
--- address: john@a.test
--- query: smtp=0
--- json
checks.domain: true
checks.mx_record: true
smtp.mx_host: mx1.ok.test
--- dns_queries
a.test MX 1
b.test MX 0



=== TEST 16: an alias of a name without MX, of none, of itself
--- dns
a.test CNAME b.test
b.test TXT "here"
c.test CNAME gone.test
d.test CNAME e.test
d.test MX ! alias-loop
--- address
john@a.test
john@c.test
john@d.test
--- json
verdict: undeliverable no_mail_server confirmed domain
--
verdict: undeliverable domain_not_found confirmed domain
--
verdict: unknown dns_error estimated network



=== TEST 17: lame name servers say nothing about the name
--- dns
a.test MX ! referral
b.test CNAME ok.test
b.test MX ! open-alias
--- address
john@a.test
john@b.test
--- json
verdict: unknown dns_error estimated network
checks.mx_record: null
smtp.stage: dns



=== TEST 18: broken answers
--- dns
a.test MX 10 mx1.ok.test
a.test MX ! short-rdata
b.test MX 10 mx1.ok.test
b.test MX ! long-rdata
c.test MX 10 mx1.ok.test
c.test MX ! name-loop
d.test MX 10 mx1.ok.test
d.test MX ! cut
e.test MX 10 mx1.ok.test
e.test MX 20 mx2.ok.test
e.test MX ! promise
--- address eval
CORE::join "\n", map { "john\@$_.test" } 'a' .. 'e'
--- within: 1s
--- json
verdict: unknown dns_error estimated network
checks.mx_record: null



=== TEST 19: any other rcode is an error
--- dns
a.test MX ! servfail
b.test MX ! refused
c.test MX ! formerr
d.test MX ! notimp
--- address eval
CORE::join "\n", map { "john\@$_.test" } 'a' .. 'd'
--- within: 1s
--- json
verdict: unknown dns_error estimated network
checks.domain: null
checks.mx_record: null
--- dns_queries
a.test MX 1
b.test MX 1



=== TEST 20: a name server that does not know EDNS
--- dns
+default
ok.test MX 10 mx1.ok.test
ok.test MX ! no-edns
--- address
john@ok.test
jane@ok.test
--- query: smtp=0
--- json
checks.mx_record: true
smtp.mx_host: mx1.ok.test



=== TEST 21: an answer to another question is none
--- http_config
resolver $TEST_NGINX_DNS $TEST_NGINX_DNS2;
resolver_timeout 5s;
smtp_verify_timeout 8s;
--- dns
ok.test MX 10 mx1.ok.test
@1 ok.test MX ! other-question
--- address: john@ok.test
--- query: smtp=0
--- within: 2.5s
--- json
checks.mx_record: true
smtp.mx_host: mx1.ok.test



=== TEST 22: the next name server, at once, where one fails
--- http_config
resolver $TEST_NGINX_DNS $TEST_NGINX_DNS2;
--- dns
servfail.test MX 10 mx1.ok.test
@1 servfail.test MX ! servfail
refused.test MX 10 mx1.ok.test
@1 refused.test MX ! refused
notimp.test MX 10 mx1.ok.test
@1 notimp.test MX ! notimp
tcp.test MX 10 mx1.ok.test
@1 tcp.test MX ! truncate-only
--- address eval
CORE::join "\n", map { "john\@$_.test" } qw( servfail refused notimp tcp )
--- query: smtp=0
--- within: 500ms
--- json
checks.mx_record: true
smtp.mx_host: mx1.ok.test



=== TEST 23: the next name server, at once, where nobody listens
--- http_config
resolver 127.0.0.1:9 $TEST_NGINX_DNS2;
--- dns
ok.test MX 10 mx1.ok.test
--- address
john@ok.test
jane@ok.test
--- query: smtp=0
--- within: 500ms
--- json
checks.mx_record: true
smtp.mx_host: mx1.ok.test



=== TEST 24: the next name server, after a while, where one is silent
--- http_config
resolver $TEST_NGINX_DNS $TEST_NGINX_DNS2;
resolver_timeout 5s;
--- dns
ok.test MX 10 mx1.ok.test
@1 ok.test MX ! drop
--- address: john@ok.test
--- query: smtp=0
--- not_within: 1s
--- within: 2.5s
--- json
checks.mx_record: true
smtp.mx_host: mx1.ok.test



=== TEST 25: it is asked first when the other was silent again
--- http_config
resolver $TEST_NGINX_DNS $TEST_NGINX_DNS2;
resolver_timeout 5s;
--- dns eval
"\@1 * ! drop\n" . CORE::join '', map { "d$_.test MX 10 mx1.ok.test\n" } 1 .. 9
--- address eval
CORE::join "\n", map { "john\@d$_.test" } 1 .. 9
--- query: smtp=0
--- json
checks.mx_record: true
smtp.mx_host: mx1.ok.test
--- dns_queries
d1.test MX >=2
d5.test MX 1
d9.test MX 1



=== TEST 26: all are silent: bounded
--- http_config
resolver $TEST_NGINX_DNS $TEST_NGINX_DNS2;
smtp_verify_timeout 8s;
--- dns
ok.test MX ! drop
--- address: john@ok.test
--- within: 5.8s
--- json
verdict: unknown dns_error estimated network
smtp.stage: dns



=== TEST 27: nobody listens
--- http_config
resolver 127.0.0.1:9;
--- address: john@ok.test
--- within: 500ms
--- json
verdict: unknown dns_error estimated network



=== TEST 28: an answer that comes late is an answer
--- not_slower
--- http_config
resolver $TEST_NGINX_DNS;
resolver_timeout 5s;
--- dns
ok.test MX 10 mx1.ok.test
ok.test MX ! delay 1200ms
--- address: john@ok.test
--- query: smtp=0
--- json
checks.mx_record: true
smtp.mx_host: mx1.ok.test



=== TEST 29: .onion is never asked for
--- address: john@example.onion
--- json
verdict: undeliverable domain_not_found confirmed domain
--- dns_queries
example.onion MX 0



=== TEST 30: an IDN is asked for by its A-labels, in lower case
--- dns
xn--bcher-kva.test MX 10 mx1.ok.test
--- address: john@BÜCHER.test
--- query: smtp=0
--- json
checks.mx_record: true
smtp.mx_host: mx1.ok.test
--- dns_queries
xn--bcher-kva.test MX 1



=== TEST 31: a family that is not asked for may be there
--- http_config
resolver $TEST_NGINX_DNS ipv6=off;
--- smtp
mx1 ::1 pipelining users=john
--- dns
mx1.ok.test AAAA ::1
mx2.ok.test AAAA ::1
a.test MX 10 mx1.ok.test
b.test AAAA ::1
c.test MX 10 mx1.ok.test
c.test MX 20 mx2.ok.test
d.test MX 10 none.ok.test
d.test MX 20 mx1.ok.test
e.test MX 10 alias.ok.test
alias.ok.test CNAME mx1.ok.test
f.test TXT "no address at all, for all that is known"
--- address eval
CORE::join "\n", map { "john\@$_.test" } 'a' .. 'f'
--- json
verdict: unknown connect_failed estimated local
checks.domain: true
smtp.attempts: 0
--- smtp_sessions: 0
--- dns_queries
mx1.ok.test AAAA 0
b.test AAAA 0



=== TEST 32: nor is it told as absent where no server is to be asked
--- http_config
resolver $TEST_NGINX_DNS ipv6=off;
--- dns
a.test AAAA ::1
b.test A 11
--- query: smtp=0
--- address
john@a.test
john@b.test
--- json
verdict: unknown connect_failed
blame: local
--
verdict: unknown not_probed
blame: null



=== TEST 33: a name that does not exist has no address of any family
--- http_config
resolver $TEST_NGINX_DNS ipv6=off;
--- dns
a.test MX 10 none.a.test
b.test MX 10 alias.b.test
alias.b.test CNAME none.b.test
--- address
john@a.test
john@b.test
--- json
verdict: undeliverable no_mail_server confirmed domain



=== TEST 34: one family's failure is no failure of the name
--- smtp
mx1 11,::1 pipelining users=john
--- dns eval
CORE::join '', map { my $f = $_; map {
    "$f-$_.test MX 10 mx.$f-$_.test\nmx.$f-$_.test A 11\nmx.$f-$_.test AAAA ::1\nmx.$f-$_.test $_ ! $f\n"
} qw( A AAAA ) } qw( servfail refused notimp formerr nxdomain cut )
--- address eval
CORE::join "\n", map { my $f = $_; map { "john\@$f-$_.test" } qw( A AAAA ) }
    qw( servfail refused notimp formerr nxdomain cut )
--- within: 1s
--- json
verdict: deliverable accepted confirmed



=== TEST 35: nor is its silence, which is waited for once
--- http_config
resolver $TEST_NGINX_DNS;
resolver_timeout 8s;
smtp_verify_timeout 10s;
--- not_slower
--- smtp
mx1 11,::1 pipelining users=john,jane
--- dns
a.test MX 10 mx.a.test
mx.a.test A 11
mx.a.test AAAA ! drop
b.test MX 10 mx.b.test
mx.b.test AAAA ::1
mx.b.test A ! drop
--- address
john@a.test
jane@a.test
john@b.test
--- within: 1.8s
--- json
verdict: deliverable accepted



=== TEST 36: where the other one has none, a failure is a failure
--- dns
a.test MX 10 mx.a.test
mx.a.test TXT "no A"
mx.a.test AAAA ! servfail
b.test MX 10 mx.b.test
mx.b.test A ! refused
mx.b.test AAAA ! servfail
c.test TXT "no MX"
c.test A ! servfail
c.test AAAA ! nxdomain
d.test MX 10 mx.d.test
mx.d.test A ! referral
mx.d.test AAAA ! cut
--- address eval
CORE::join "\n", map { "john\@$_.test" } 'a' .. 'd'
--- within: 1s
--- json
verdict: unknown dns_error estimated network



=== TEST 37: what an alias leads to is asked for where the answer does not say
--- smtp
mx1 11 pipelining users=john
--- dns
a.test MX 10 alias.a.test
alias.a.test CNAME mx.a.test
alias.a.test ! alias-only
mx.a.test A 11
b.test MX 10 alias.b.test
alias.b.test CNAME mx.b.test
alias.b.test ! alias-only
mx.b.test TXT "no address"
c.test MX 10 alias.c.test
alias.c.test CNAME alias2.c.test
alias.c.test ! alias-only
alias2.c.test CNAME alias.c.test
alias2.c.test ! alias-only
--- address
john@a.test
john@b.test
john@c.test
--- json
reason: accepted
--
reason: no_mail_server
--
reason: dns_error
--- dns_queries
mx.a.test A 1
mx.a.test AAAA 1



=== TEST 38: addresses are asked for once
--- smtp
mx1 11 pipelining users=john,jane
--- dns
+default
a.test MX 10 mx1.ok.test
short.test MX 10 mx.short.test
mx.short.test 1 A 11
--- address
john@ok.test
jane@ok.test
john@a.test
--- json
reason: accepted
--- dns_queries
mx1.ok.test A 1
mx1.ok.test AAAA 1



=== TEST 39: resolver_timeout is a bound for each question
--- http_config
resolver $TEST_NGINX_DNS;
resolver_timeout 300ms;
--- dns
a.test MX ! drop
b.test MX 10 mx.b.test
mx.b.test ! drop
c.test ! drop
--- address eval
CORE::join "\n", map { "john\@$_.test" } 'a' .. 'c'
--- within: 800ms
--- not_within: 250ms
--- json
verdict: unknown dns_error estimated network
smtp.stage: dns



=== TEST 40: and as much time as there is
--- not_slower
--- http_config
resolver $TEST_NGINX_DNS;
resolver_timeout 8s;
smtp_verify_timeout 9s;
--- dns
ok.test MX 10 mx1.ok.test
ok.test MX ! slow 5600ms
--- address: john@ok.test
--- query: smtp=0
--- json
checks.mx_record: true
smtp.mx_host: mx1.ok.test



=== TEST 41: hosts that do not exist do not count as tried
--- smtp
mx6 16 pipelining users=alice
--- dns eval
CORE::join('', map { "ok.test MX ${_}0 mx$_.ok.test\n" } 1 .. 6)
. "mx6.ok.test A 16\n"
--- address: alice@ok.test
--- json
verdict: deliverable accepted
smtp.mx_host: mx6.ok.test
smtp.attempts: 1



=== TEST 42: an error behind them is an error
--- dns eval
CORE::join('', map { "ok.test MX ${_}0 mx$_.ok.test\n" } 1 .. 6)
. "mx6.ok.test ! servfail\n"
--- address: alice@ok.test
--- json
verdict: unknown dns_error
blame: network



=== TEST 43: of more than there is an end to, nothing is known
--- dns eval
CORE::join '', map { "ok.test MX ${_}0 mx$_.ok.test\n" } 1 .. 40
--- address: alice@ok.test
--- json
verdict: unknown connect_failed
blame: local
--- dns_queries
mx32.ok.test A 1
mx33.ok.test A 0



=== TEST 44: all of 32 that do not exist: there is none
--- dns eval
CORE::join '', map { "ok.test MX ${_}0 mx$_.ok.test\n" } 1 .. 32
--- address: alice@ok.test
--- json
verdict: undeliverable no_mail_server confirmed domain



=== TEST 45: a name server that nobody answers at is logged, once
--- no_dns
--- http_config
resolver 127.0.0.53:$TEST_NGINX_SMTP_PORT;
--- address
john@ok.test
jane@other.test
joan@third.test
--- json
reason: dns_error
--- smtp
mx1 11
--- smtp_check eval: sub { main::logged('no name server answers, 1 of "resolver" were asked, the first is 127.0.0.53:') == 1 }



=== TEST 46: so are two of them
--- no_dns
--- http_config
resolver $TEST_NGINX_DNS $TEST_NGINX_DNS2;
--- address
john@ok.test
jane@other.test
--- json
reason: dns_error
--- smtp
mx1 11
--- smtp_check eval: sub { main::logged('no name server answers, 2 of "resolver" were asked') == 1 }



=== TEST 47: one of two that refuses harms nobody, and is not told
--- http_config
resolver 127.0.0.53:$TEST_NGINX_SMTP_PORT $TEST_NGINX_DNS;
--- smtp
mx1 11 pipelining users=john
--- address: john@ok.test
--- query: smtp=0
--- json
checks.mx_record: true
--- no_error_log
no name server answers



=== TEST 48: nor is a name server that says no
--- dns
ok.test MX ! servfail
other.test MX ! refused
--- smtp
mx1 11
--- address
john@ok.test
john@other.test
--- json
reason: dns_error
--- no_error_log
no name server answers



=== TEST 49: broken answers, more of them
--- dns
a.test MX ! open-name
b.test MX ! long-cname
c.test MX ! broken-soa
c.test A 11
d.test MX 10 mx1.ok.test
d.test MX 20 mx2.ok.test
d.test MX ! more
e.test MX 10 mx1.ok.test
e.test MX ! trail
f.test MX 10 mx1.ok.test
f.test MX ! truncate-broken
g.test MX ! badvers
g.test A 11
--- address eval
CORE::join "\n", map { "john\@$_.test" } 'a' .. 'g'
--- within: 1s
--- json
verdict: unknown dns_error estimated network
checks.mx_record: null



=== TEST 50: broken addresses are none, nor are they absent
--- dns eval
CORE::join '', map {
    "$_.test MX 10 mx.$_.test\nmx.$_.test A ! $_-a\nmx.$_.test AAAA ! $_-aaaa\n"
    . "no-mx-$_.test A ! $_-a\nno-mx-$_.test AAAA ! $_-aaaa\nno-mx-$_.test TXT x\n"
} qw( short long )
--- address
john@short.test
john@long.test
john@no-mx-short.test
john@no-mx-long.test
--- within: 1s
--- json
verdict: unknown dns_error estimated network



=== TEST 51: the next name server, at once, where an answer is broken
--- http_config
resolver $TEST_NGINX_DNS $TEST_NGINX_DNS2;
--- dns eval
CORE::join '', map {
    "$_.test MX 10 mx1.ok.test\n$_.test MX 20 mx2.ok.test\n\@1 $_.test MX ! $_\n"
} qw( short-rdata long-rdata name-loop cut promise more trail badvers )
--- address eval
CORE::join "\n", map { "john\@$_.test" }
    qw( short-rdata long-rdata name-loop cut promise more trail badvers )
--- query: smtp=0
--- within: 500ms
--- json
checks.mx_record: true
smtp.mx_host: mx1.ok.test



=== TEST 52: where all of them are, at once, too
--- http_config
resolver $TEST_NGINX_DNS $TEST_NGINX_DNS2;
--- dns
a.test MX ! long-rdata
b.test MX ! cut
c.test MX ! trail
c.test MX 10 mx1.ok.test
--- address eval
CORE::join "\n", map { "john\@$_.test" } 'a' .. 'c'
--- within: 500ms
--- json
verdict: unknown dns_error estimated network



=== TEST 53: what is no answer is passed over, and harms no other question
--- smtp
mx1 11 pipelining users=john
--- dns
+default
ok.test MX ! noise
mx1.ok.test A ! noise
mx1.ok.test AAAA ! noise
--- address: john@ok.test
--- within: 500ms
--- json
reason: accepted
--- dns_queries
ok.test MX 1
mx1.ok.test A 1
mx1.ok.test AAAA 1



=== TEST 54: over TCP as well, in pieces
--- dns
ok.test MX 10 mx1.ok.test
ok.test MX ! tcp-noise
other.test MX 10 mx1.ok.test
other.test MX ! truncate
--- address
john@ok.test
john@other.test
--- query: smtp=0
--- within: 1s
--- json
checks.mx_record: true
smtp.mx_host: mx1.ok.test
--- dns_queries
ok.test MX udp 1
ok.test MX tcp 1



=== TEST 55: an answer that was truncated in the midst of a record
--- dns
ok.test MX 10 mx1.ok.test
ok.test MX ! truncate-cut
--- address: john@ok.test
--- query: smtp=0
--- within: 500ms
--- json
checks.mx_record: true
smtp.mx_host: mx1.ok.test
--- dns_queries
ok.test MX udp 1
ok.test MX tcp 1



=== TEST 56: a name server that does not know EDNS and sends our header back
--- dns
ok.test MX 10 mx1.ok.test
ok.test MX ! no-edns-copied
--- address
john@ok.test
--- query: smtp=0
--- within: 500ms
--- json
checks.mx_record: true
smtp.mx_host: mx1.ok.test



=== TEST 57: cookies, where the library knows them
--- dns
a.test MX 10 mx1.ok.test
a.test MX ! cookie
b.test MX 10 mx1.ok.test
b.test MX ! cookie forged
c.test MX ! cookie broken
d.test MX 10 mx1.ok.test
d.test MX ! cookie truncated
--- address eval
CORE::join "\n", map { "john\@$_.test" } 'a' .. 'c', 'a', 'd'
--- query: smtp=0
--- within: 1s
--- json
smtp.mx_host: mx1.ok.test
--
smtp.mx_host: mx1.ok.test
--
reason: dns_error
--
smtp.mx_host: mx1.ok.test
--
smtp.mx_host: mx1.ok.test



=== TEST 58: hosts whose names no host has, and records of other types
--- smtp
mx1 11 pipelining users=john
--- dns
ok.test MX 10 a\046b.ok.test
ok.test MX 20 \000\255x.ok.test
ok.test MX 30 a_b!.ok.test
ok.test MX 40 mx1.ok.test
mx1.ok.test CNAME a\046\000b_!.ok.test
a\046\000b_!.ok.test A 11
mx2.ok.test A 11
ok.test MX 50 mx2.ok.test
--- address: john@ok.test
--- json
reason: accepted
