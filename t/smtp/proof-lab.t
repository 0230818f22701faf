# DANE and MTA-STS with zones that are signed, a name server that validates
# them, and a policy host with certificates: Unbound, ldns, nginx and OpenSSL.

use lib 't/lib';
use TestVerify;
use TestVerify::Cert;
use TestVerify::Lab;

our ($Net, $Port);

BEGIN {
    $Net = $TestVerify::Env::Net;
    $Port = $TestVerify::Env::SmtpPort;
}

# mail domains of a zone: the host of each, its address, and what else it has

sub zone
{
    my ($zone, %of) = @_;

    my $text = <<"_EOC_";
\$ORIGIN $zone.
\$TTL 300
@ SOA ns.$zone. root.$zone. 1 3600 600 86400 300
@ NS ns.$zone.
ns A $Net.60
_EOC_

    for my $name (sort keys %of) {
        my ($address, @more) = @{ $of{$name} };

        $text .= "$name MX 10 mx.$name\nmx.$name A $Net.$address\n";
        $text .= "$_\n" for @more;
    }

    return $text;
}


sub tlsa
{
    my ($name, $data) = @_;

    return "_$Port._tcp.mx.$name TLSA $data";
}


sub ee
{
    my ($host, $kind) = @_;

    return TestVerify::Cert::tlsa((TestVerify::Cert::leaf($host, $kind))[0],
                                  3, 1, 1);
}


sub ca
{
    return TestVerify::Cert::tlsa((TestVerify::Cert::authority())[2], 2, 0,
                                  1);
}


sub sts
{
    my ($name) = @_;

    return "_mta-sts.$name TXT \"v=STSv1; id=1;\"",
           "mta-sts.$name A $Net.90";
}


BEGIN {
    my $none = '3 1 1 ' . '0' x 64;

    %TestVerify::Lab::Signed = (
        'signed.test' => [zone('signed.test',
            right => [81, tlsa('right', ee('mx.right.signed.test'))],
            ta => [82, tlsa('ta', ca())],
            wrong => [81, tlsa('wrong', $none)],
            expired => [83, tlsa('expired', ca())],
            missing => [84],
            down => [85, tlsa('down', ee('mx.right.signed.test'))],
            forgedmx => [86, tlsa('forgedmx', ee('mx.right.signed.test'))],
            forgeda => [87, tlsa('forgeda', ee('mx.right.signed.test'))],
            forgedtlsa => [88,
                           tlsa('forgedtlsa', ee('mx.right.signed.test'))],
        ), sub {
            my ($text) = @_;

            # by whoever stands between, and cannot sign

            $text =~ s/^(forgedmx\.\S*\s.*\bMX\s+10\s+)mx\.forgedmx/$1mx.missing/m
                or die "no MX in $text";
            $text =~ s/^(mx\.forgeda\.\S*\s.*\bA\s+)\S+/$1$Net.84/m
                or die "no A in $text";
            $text =~ s/^(_\S+\.mx\.forgedtlsa\.\S*\s.*\bTLSA\s+3 1 1 ).*/$1 . '0' x 64/me
                or die "no TLSA in $text";

            return $text;
        }],
        'stale.test' => [zone('stale.test', right => [81]), sub { $_[0] },
                         '-i', '20200101', '-e', '20200201'],
    );

    %TestVerify::Lab::Unsigned = ('plain.test' => zone('plain.test',
        right => [91, sts('right')],
        wrong => [92, sts('wrong')],
        expired => [93, sts('expired')],
        down => [94, sts('down')],
        unnamed => [91, sts('unnamed')],
        badhost => [94, sts('badhost')],
        oldhost => [94, sts('oldhost')],
        missing => [94, sts('missing')],
        testing => [94, sts('testing')],
        dane => [84, tlsa('dane', $none)],
    ));

    my $missing = TestVerify::Lab::start('validating');

    plan(skip_all => $missing) if defined $missing;
    plan('no_plan');
}

our $Smtp = <<'_EOC_';
right 81 starttls users=john certname=mx.right.signed.test
ta 82 starttls users=john certname=mx.ta.signed.test cert=chain
expired 83 starttls users=john certname=mx.expired.signed.test cert=expiredchain
self 84 starttls users=john cert=selfsigned
clear 85 users=john
fmx 86 starttls users=john certname=mx.right.signed.test
fa 87 starttls users=john certname=mx.right.signed.test
ftlsa 88 starttls users=john certname=mx.right.signed.test
good 91 starttls users=john certname=mx.right.plain.test
other 92 starttls users=john certname=mx.elsewhere.test
old 93 starttls users=john certname=mx.expired.plain.test cert=expired
plain 94 users=john
_EOC_

# a policy host for each domain, with a certificate of its own

sub policy_hosts
{
    my $conf = '';

    my %of = (
        right => ['good', 'mx.right.plain.test', 'enforce'],
        wrong => ['good', 'mx.wrong.plain.test', 'enforce'],
        expired => ['good', '*.expired.plain.test', 'enforce'],
        down => ['good', 'mx.down.plain.test', 'enforce'],
        unnamed => ['good', 'mx.elsewhere.test', 'enforce'],
        badhost => ['selfsigned', 'mx.elsewhere.test', 'enforce'],
        oldhost => ['expired', 'mx.elsewhere.test', 'enforce'],
        testing => ['good', 'mx.testing.plain.test', 'testing'],
    );

    for my $name (sort keys %of) {
        my ($kind, $mx, $mode) = @{ $of{$name} };
        my $host = "mta-sts.$name.plain.test";
        my ($cert, $key) = TestVerify::Cert::leaf($host, $kind);

        $conf .= <<"_EOC_";
server {
    listen $Net.90:8443 ssl;
    server_name $host;
    ssl_certificate $cert;
    ssl_certificate_key $key;

    location = /.well-known/mta-sts.txt {
        default_type text/plain;
        return 200 "version: STSv1\\nmode: $mode\\nmx: $mx\\nmax_age: 86400\\n";
    }
}
_EOC_
    }

    return $conf;
}

add_block_preprocessor(sub {
    my $block = shift;

    $block->set_value(no_dns => '');
    $block->set_value(smtp => $Smtp);
    $block->set_value(http_config => <<'_EOC_' . policy_hosts());
resolver $TEST_NGINX_LAB_DNS;
resolver_timeout 5s;
smtp_verify_dnssec on;
smtp_verify_dane on;
smtp_verify_mta_sts /mta-sts;
smtp_verify_ssl_trusted_certificate $TEST_NGINX_CA;
_EOC_
    $block->set_value(config => <<'_EOC_');
location = /verify {
    smtp_verify;
}

location = /mta-sts {
    internal;
    proxy_pass https://mta-sts.$arg_domain:8443/.well-known/mta-sts.txt;
    proxy_pass_request_headers off;
    proxy_set_header Host mta-sts.$arg_domain;
    proxy_ssl_server_name on;
    proxy_ssl_name mta-sts.$arg_domain;
    proxy_ssl_verify on;
    proxy_ssl_trusted_certificate $TEST_NGINX_CA;
}
_EOC_
});

my $suite = $$;

END {
    if ($$ == $suite) {
        local $?;
        TestVerify::Lab::stop();
    }
}

no_shuffle();
run_tests();

__DATA__

=== TEST 1: a key that the zone names, and signs
--- address
john@right.signed.test
nobody@right.signed.test
--- json
verdict: deliverable accepted confirmed null
checks.dns.authenticated: true
smtp.tls.authenticated: dane
--
verdict: undeliverable mailbox_not_found confirmed mailbox
checks.dns.authenticated: true
smtp.tls.authenticated: dane



=== TEST 2: an authority
--- address: john@ta.signed.test
--- json
reason: accepted
smtp.tls.authenticated: dane



=== TEST 3: a wrong key
--- address: john@wrong.signed.test
--- json
verdict: unknown tls_failed estimated network
checks.dns.authenticated: true
smtp.tls_error: certificate does not match the TLSA records



=== TEST 4: of the right authority, and expired
--- address: john@expired.signed.test
--- json
verdict: unknown tls_failed estimated network



=== TEST 5: no TLSA records, which is proved: any certificate will do
--- address: john@missing.signed.test
--- json
reason: accepted
checks.dns.authenticated: true
smtp.tls.protocol: *
smtp.tls.authenticated: null



=== TEST 6: downgraded
--- address
john@down.signed.test
nobody@down.signed.test
--- json
verdict: unknown tls_failed estimated network
smtp.mailbox_exists: null
smtp.tls_error: STARTTLS is not offered



=== TEST 7: forged MX records
--- address: john@forgedmx.signed.test
--- json
verdict: unknown dns_error estimated network
checks.domain: null
checks.dns.authenticated: null
--- smtp_sessions
fmx 0
self 0



=== TEST 8: a forged address
--- address: john@forgeda.signed.test
--- json
verdict: unknown dns_error estimated network
--- smtp_sessions
fa 0
self 0



=== TEST 9: forged TLSA records
--- address: john@forgedtlsa.signed.test
--- json
verdict: unknown dns_error estimated network
--- smtp_sessions
ftlsa 0



=== TEST 10: signatures whose time is over
--- address: john@right.stale.test
--- json
verdict: unknown dns_error estimated network



=== TEST 11: a domain that does not exist, as is proved
--- address: john@nowhere.signed.test
--- json
verdict: undeliverable domain_not_found confirmed domain
checks.dns.authenticated: true



=== TEST 12: nobody signs, and TLSA records count for nothing
--- address: john@dane.plain.test
--- json
reason: accepted
checks.dns.authenticated: false
smtp.tls.authenticated: null



=== TEST 13: a policy, and a certificate that fits
--- address
john@right.plain.test
nobody@right.plain.test
--- json
reason: accepted
checks.dns.authenticated: false
smtp.tls.authenticated: mta-sts
--
reason: mailbox_not_found
smtp.tls.authenticated: mta-sts



=== TEST 14: a certificate for somebody else
--- address: john@wrong.plain.test
--- json
verdict: unknown tls_failed estimated network
smtp.tls_error: certificate was not verified



=== TEST 15: a certificate that has expired
--- address: john@expired.plain.test
--- json
verdict: unknown tls_failed estimated network
smtp.tls_error: certificate was not verified



=== TEST 16: downgraded
--- address: john@down.plain.test
--- json
verdict: unknown tls_failed estimated network
smtp.tls_error: STARTTLS is not offered



=== TEST 17: an MX host that the policy does not name
--- address: john@unnamed.plain.test
--- json
verdict: unknown tls_failed estimated network
smtp.tls_error: MTA-STS policy does not name the MX host
--- smtp_sessions
good 0



=== TEST 18: a policy of who cannot prove to be the policy host
--- address: john@badhost.plain.test
--- json
reason: accepted
smtp.tls: null
--- error_log
certificate verify error



=== TEST 19: the policy host's certificate has expired
--- address: john@oldhost.plain.test
--- json
reason: accepted
smtp.tls: null



=== TEST 20: announced, and nobody has it
--- address: john@missing.plain.test
--- json
reason: accepted
smtp.tls: null



=== TEST 21: testing
--- address: john@testing.plain.test
--- json
reason: accepted
smtp.tls: null
