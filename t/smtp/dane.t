# DANE for SMTP: TLSA records say by which key or authority a mail host is
# known, and what does not fit them is not spoken to.

use lib 't/lib';
use TestVerify 'no_plan';

use TestVerify::Cert;

$ENV{TEST_NGINX_CA} = (TestVerify::Cert::authority())[2];

# a single process does not stop gracefully

master_on();

preset(smtp => "mx1 11 pipelining starttls users=john\n",
       verify => "smtp_verify_dnssec on;\nsmtp_verify_dane on;\n");

# the records of a host, authenticated, with those of the block's servers; by
# default of its certificate

sub dane
{
    my ($records, $more) = @_;

    my $port = $TestVerify::Env::SmtpPort;
    my $text = "+default\n";

    for (split /\n/, $records) {
        my ($host, @data) = split;
        $text .= "_$port._tcp.$host.ok.test TLSA @data\n";
    }

    return $text . ($more // "* ! ad\n");
}


sub leaf
{
    my ($numbers, $host, $kind) = @_;

    return TestVerify::Cert::tlsa(
        (TestVerify::Cert::leaf($host // 'mx1.ok.test', $kind))[0],
        split //, $numbers);
}


sub ca
{
    my ($numbers) = @_;

    return TestVerify::Cert::tlsa((TestVerify::Cert::authority())[2],
                                  split //, $numbers);
}


sub tlsa
{
    my ($host, $type) = @_;

    return "_$TestVerify::Env::SmtpPort._tcp.$host.ok.test TLSA $type";
}

our $None = '0' x 64;

# the host is an alias; TLSA records of it and of the name that it leads to

sub alias
{
    my ($records, $more) = @_;

    return "ok.test MX 10 mx1.ok.test\nmx1.ok.test CNAME real.ok.test\n"
           . "real.ok.test A 11\n"
           . dane($records, $more) =~ s/^\+default\n//r;
}

run_tests();

__DATA__

=== TEST 1: the key of the certificate
--- dns eval: main::dane('mx1 ' . main::leaf(311))
--- address
john@ok.test
nobody@ok.test
--- json
verdict: deliverable accepted confirmed null
score: 99
checks.dns.authenticated: true
smtp.tls.authenticated: dane
smtp.tls.verified: true
smtp.tls_error: null
--
verdict: undeliverable mailbox_not_found confirmed mailbox
checks.dns.authenticated: true
smtp.tls.authenticated: dane
--- dns_queries eval: main::tlsa('mx1', '1')



=== TEST 2: the certificate itself
--- dns eval: main::dane('mx1 ' . main::leaf(300))
--- address: john@ok.test
--- json
reason: accepted
smtp.tls.authenticated: dane



=== TEST 3: 3 0 1
--- dns eval: main::dane('mx1 ' . main::leaf(301))
--- address: john@ok.test
--- json
smtp.tls.authenticated: dane



=== TEST 4: 3 0 2
--- dns eval: main::dane('mx1 ' . main::leaf(302))
--- address: john@ok.test
--- json
smtp.tls.authenticated: dane



=== TEST 5: 3 1 0
--- dns eval: main::dane('mx1 ' . main::leaf(310))
--- address: john@ok.test
--- json
smtp.tls.authenticated: dane



=== TEST 6: 3 1 2
--- dns eval: main::dane('mx1 ' . main::leaf(312))
--- address: john@ok.test
--- json
smtp.tls.authenticated: dane



=== TEST 7: another key
--- dns eval: main::dane("mx1 3 1 1 $main::None")
--- address: john@ok.test
--- json
verdict: unknown tls_failed estimated network
smtp.mailbox_exists: null
smtp.tls: null
smtp.tls_error: certificate does not match the TLSA records
smtp.stage: starttls
--- smtp_unlike
C: MAIL



=== TEST 8: one record of two fits, as while a key is replaced
--- dns eval: main::dane("mx1 3 1 1 $main::None\nmx1 " . main::leaf(311))
--- address: john@ok.test
--- json
reason: accepted
smtp.tls.authenticated: dane



=== TEST 9: a key needs neither a name nor a date
--- smtp
mx1 11 starttls users=john certname=other.test cert=expired
--- dns eval: main::dane('mx1 ' . main::leaf(311, 'other.test', 'expired'))
--- address: john@ok.test
--- json
reason: accepted
smtp.tls.authenticated: dane



=== TEST 10: an authority
--- smtp
mx1 11 starttls users=john cert=chain
--- dns eval: main::dane('mx1 ' . main::ca(201))
--- address: john@ok.test
--- json
reason: accepted
smtp.tls.authenticated: dane



=== TEST 11: an authority that the record has whole
--- dns eval: main::dane('mx1 ' . main::ca(200))
--- address: john@ok.test
--- json
reason: accepted
smtp.tls.authenticated: dane



=== TEST 12: an authority, and a certificate for somebody else
--- smtp
mx1 11 starttls users=john cert=chain certname=other.test
--- dns eval: main::dane('mx1 ' . main::ca(211))
--- address: john@ok.test
--- json
verdict: unknown tls_failed estimated network



=== TEST 13: an authority, and a certificate for the domain
--- smtp
mx1 11 starttls users=john cert=chain certname=ok.test
--- dns eval: main::dane('mx1 ' . main::ca(212))
--- address: john@ok.test
--- json
reason: accepted
smtp.tls.authenticated: dane



=== TEST 14: an authority, and a certificate that has expired
--- smtp
mx1 11 starttls users=john cert=expiredchain
--- dns eval: main::dane('mx1 ' . main::ca(201))
--- address: john@ok.test
--- json
verdict: unknown tls_failed estimated network



=== TEST 15: an authority, and a certificate that it did not sign
--- smtp
mx1 11 starttls users=john cert=selfsigned
--- dns eval: main::dane('mx1 ' . main::ca(200))
--- address: john@ok.test
--- json
verdict: unknown tls_failed estimated network



=== TEST 16: downgraded, STARTTLS is not offered
--- smtp
mx1 11 pipelining users=john
--- dns eval: main::dane('mx1 ' . main::leaf(311))
--- address
john@ok.test
nobody@ok.test
--- json
verdict: unknown tls_failed estimated network
smtp.mailbox_exists: null
smtp.tls_error: STARTTLS is not offered
--- smtp_unlike
C: MAIL



=== TEST 17: downgraded, STARTTLS is refused
--- smtp
mx1 11 pipelining starttls users=john
    starttls: 454 4.7.0 TLS not available
--- dns eval: main::dane('mx1 ' . main::leaf(311))
--- address: john@ok.test
--- json
verdict: unknown tls_failed estimated network
smtp.tls_error: STARTTLS was refused
--- smtp_unlike
C: MAIL
--- smtp_sessions: 1



=== TEST 18: downgraded, the handshake is broken
--- smtp
mx1 11 pipelining starttls users=john
    starttls: 220 go ahead ; close
--- dns eval: main::dane('mx1 ' . main::leaf(311))
--- address: john@ok.test
--- json
verdict: unknown tls_failed estimated network
--- smtp_unlike
C: MAIL
--- smtp_sessions: 1



=== TEST 19: downgraded, STARTTLS is not answered
--- smtp
mx1 11 pipelining starttls users=john
    starttls: close
--- dns eval: main::dane('mx1 ' . main::leaf(311))
--- address: john@ok.test
--- json
status: unknown
smtp.stage: starttls
--- smtp_unlike
C: MAIL
--- smtp_sessions: 1



=== TEST 20: what behaves so without TLSA records is asked in clear
--- smtp
mx1 11 pipelining starttls users=john
    starttls: 454 4.7.0 TLS not available
--- dns eval: main::dane('')
--- address: john@ok.test
--- json
reason: accepted
smtp.tls: null
--- dns_queries eval: main::tlsa('mx1', '1')



=== TEST 21: without TLSA records no name is asked for
--- smtp
mx1 11 pipelining starttls users=john cert=selfsigned
--- dns eval: main::dane('')
--- address: john@ok.test
--- json
reason: accepted
checks.dns.authenticated: true
smtp.tls.authenticated: null
smtp.tls.verified: false



=== TEST 22: the MX records could be anybody's
--- dns eval
main::dane("mx1 3 1 1 $main::None", "mx1.ok.test ! ad\n"
           . "_$TestVerify::Env::SmtpPort._tcp.mx1.ok.test ! ad\n")
--- address: john@ok.test
--- json
reason: accepted
checks.dns.authenticated: false
smtp.tls.authenticated: null
--- dns_queries eval: main::tlsa('mx1', '0')



=== TEST 23: the address could be anybody's
--- dns eval: main::dane("mx1 3 1 1 $main::None", "ok.test ! ad\n")
--- address: john@ok.test
--- json
reason: accepted
checks.dns.authenticated: false
--- dns_queries eval: main::tlsa('mx1', '0')



=== TEST 24: the TLSA records could be anybody's
--- dns eval
main::dane("mx1 3 1 1 $main::None", "ok.test ! ad\nmx1.ok.test ! ad\n")
--- address: john@ok.test
--- json
reason: accepted
checks.dns.authenticated: true
smtp.tls.authenticated: null
--- dns_queries eval: main::tlsa('mx1', '1')



=== TEST 25: bogus TLSA records
--- dns eval
main::dane('mx1 ' . main::leaf(311), "* ! ad\n"
           . "_$TestVerify::Env::SmtpPort._tcp.mx1.ok.test ! servfail\n")
--- address: john@ok.test
--- json
verdict: unknown dns_error estimated network
smtp.stage: dns
--- smtp_sessions: 0



=== TEST 26: TLSA records without an answer
--- dns eval
main::dane('mx1 ' . main::leaf(311), "* ! ad\n"
           . "_$TestVerify::Env::SmtpPort._tcp.mx1.ok.test ! drop\n")
--- address: john@ok.test
--- json
verdict: unknown dns_error estimated network
--- smtp_sessions: 0



=== TEST 27: records of no use to SMTP: TLS with whomever
--- dns eval: main::dane("mx1 1 1 1 $main::None\nmx1 0 1 1 $main::None")
--- address: john@ok.test
--- json
reason: accepted
smtp.tls.protocol: *
smtp.tls.authenticated: null



=== TEST 28: likewise, and there is no TLS
--- smtp
mx1 11 pipelining users=john
--- dns eval: main::dane("mx1 1 1 1 $main::None")
--- address: john@ok.test
--- json
verdict: unknown tls_failed estimated network
--- smtp_unlike
C: MAIL



=== TEST 29: records that OpenSSL has no use for
--- dns eval: main::dane('mx1 3 0 0 00112233')
--- address: john@ok.test
--- json
reason: accepted
smtp.tls.protocol: *
smtp.tls.authenticated: null



=== TEST 30: the first host is not who it should be, the second one is
--- smtp
mx1 11 pipelining starttls users=john
mx2 12 pipelining starttls users=john
--- dns eval
main::dane("mx1 3 1 1 $main::None\nmx2 " . main::leaf(311, 'mx2.ok.test'))
--- address: john@ok.test
--- json
reason: accepted
smtp.mx_host: mx2.ok.test
smtp.tls.authenticated: dane



=== TEST 31: an alias
--- dns eval
main::dane('', "_$TestVerify::Env::SmtpPort._tcp.mx1.ok.test CNAME tlsa.ok.test\n"
           . 'tlsa.ok.test TLSA ' . main::leaf(311) . "\n* ! ad\n")
--- address: john@ok.test
--- json
reason: accepted
smtp.tls.authenticated: dane



=== TEST 32: a session that is kept is known by what it was known by
--- verify
smtp_verify_dnssec on;
smtp_verify_dane on;
smtp_verify_keepalive 8 timeout=500ms;
--- dns eval: main::dane('mx1 ' . main::leaf(311))
--- address
john@ok.test
john@ok.test
--- json
reason: accepted
smtp.tls.authenticated: dane
--- smtp_sessions: 1
--- dns_queries eval: main::tlsa('mx1', '1')



=== TEST 33: a session of a location without DANE is not taken, nor its result
--- http_config
smtp_verify_cache_zone zone=c:1m;
smtp_verify_cache c;
smtp_verify_dnssec on;
smtp_verify_keepalive 8 timeout=500ms;
--- config
location = /verify {
    smtp_verify;
}

location = /dane {
    smtp_verify;
    smtp_verify_dane on;
}
--- dns eval: main::dane("mx1 3 1 1 $main::None")
--- request eval
["GET /verify?email=john\@ok.test", "GET /dane?email=john\@ok.test",
 "GET /verify?email=john\@ok.test"]
--- json
reason: accepted
--
reason: tls_failed
cached: false
--
reason: accepted
cached: true



=== TEST 34: what a TLS session said is not resumed without a look
--- no_zones
--- verify
smtp_verify_dnssec on;
smtp_verify_dane on;
smtp_verify_keepalive off;
--- dns eval: main::dane('mx1 ' . main::leaf(311))
--- address
john@ok.test
john@ok.test
--- json
reason: accepted
smtp.tls.authenticated: dane
--- smtp_sessions: 2



=== TEST 35: it counts for more than authorities
--- verify
smtp_verify_dnssec on;
smtp_verify_dane on;
smtp_verify_ssl_verify on;
smtp_verify_ssl_trusted_certificate $TEST_NGINX_CA;
--- smtp
mx1 11 starttls users=john cert=selfsigned
--- dns eval: main::dane('mx1 ' . main::leaf(311, 'mx1.ok.test', 'selfsigned'))
--- address: john@ok.test
--- json
reason: accepted
smtp.tls.authenticated: dane



=== TEST 36: and less than them it does not
--- verify
smtp_verify_dnssec on;
smtp_verify_dane on;
smtp_verify_ssl_trusted_certificate $TEST_NGINX_CA;
--- dns eval: main::dane("mx1 3 1 1 $main::None")
--- address: john@ok.test
--- json
reason: tls_failed



=== TEST 37: authorities alone
--- verify
smtp_verify_ssl_trusted_certificate $TEST_NGINX_CA;
--- address: john@ok.test
--- json
reason: accepted
smtp.tls.verified: true
smtp.tls.authenticated: pkix



=== TEST 38: for the log, and for a list
--- http_config
log_format tls '$smtp_verify_reason tls=$smtp_verify_tls_authenticated';
access_log logs/access.log tls;
--- dns eval: main::dane('mx1 ' . main::leaf(311))
--- address: john@ok.test
--- json
smtp.tls.authenticated: dane
--- logged
accepted tls=dane



=== TEST 39: it needs a name server that is trusted
--- verify
smtp_verify_dane on;
--- must_die
--- error_log
"smtp_verify_dane" needs "smtp_verify_dnssec on"
[emerg]



=== TEST 40: it needs TLS
--- verify
smtp_verify_dnssec on;
smtp_verify_dane on;
smtp_verify_starttls off;
--- must_die
--- error_log
"smtp_verify_dane" needs TLS
[emerg]



=== TEST 41: a session that is kept proves nothing of a domain that is not signed
--- verify
smtp_verify_dnssec on;
smtp_verify_dane on;
smtp_verify_keepalive 8 timeout=500ms;
--- dns eval
main::dane('mx1 ' . main::leaf(311), <<'_EOC_')
other.test MX 10 mx1.ok.test
ok.test MX ! ad
mx1.ok.test A ! ad
mx1.ok.test AAAA ! ad
_EOC_
    . "_$TestVerify::Env::SmtpPort._tcp.mx1.ok.test TLSA ! ad\n"
--- address
john@ok.test
john@other.test
--- json
reason: accepted
smtp.tls.authenticated: dane
smtp.tls.verified: true
--
reason: accepted
smtp.tls.authenticated: null
smtp.tls.verified: false



=== TEST 42: nor does a certificate for one domain of another one
--- smtp
mx1 11 starttls users=john cert=chain certname=ok.test
--- verify
smtp_verify_dnssec on;
smtp_verify_dane on;
smtp_verify_keepalive 8 timeout=500ms;
--- dns eval
main::dane('mx1 ' . main::ca(212),
           "other.test MX 10 mx1.ok.test\n* ! ad\n")
--- address
john@ok.test
john@other.test
--- json
reason: accepted
smtp.tls.authenticated: dane
--
reason: tls_failed



=== TEST 43: the host is an alias: records of the name that it leads to
--- dns eval: main::alias('real ' . main::leaf(311))
--- address
john@ok.test
nobody@ok.test
--- json
verdict: deliverable accepted confirmed null
smtp.mx_host: mx1.ok.test
smtp.tls.authenticated: dane
--
verdict: undeliverable mailbox_not_found confirmed mailbox
smtp.tls.authenticated: dane
--- dns_queries eval: main::tlsa('real', '>=1') . "\n" . main::tlsa('mx1', 0)



=== TEST 44: there are none, so those of its own name
--- dns eval: main::alias('mx1 ' . main::leaf(311))
--- address
john@ok.test
john@ok.test
--- json
reason: accepted
smtp.tls.authenticated: dane
--
reason: accepted
smtp.tls.authenticated: dane



=== TEST 45: both have some: those of the name that it leads to count
--- dns eval
main::alias("real 3 1 1 $main::None\nmx1 " . main::leaf(311))
--- address: john@ok.test
--- json
verdict: unknown tls_failed estimated network



=== TEST 46: neither has any
--- dns eval: main::alias('')
--- address: john@ok.test
--- json
reason: accepted
smtp.tls.authenticated: null



=== TEST 47: the question for the first of them fails
--- dns eval
main::alias('mx1 ' . main::leaf(311),
            "_$TestVerify::Env::SmtpPort._tcp.real.ok.test TLSA ! servfail\n"
            . "* ! ad\n")
--- address: john@ok.test
--- json
reason: dns_error



=== TEST 48: the first of them is not authenticated, the second one is
--- dns eval
main::alias("real 3 1 1 $main::None\nmx1 " . main::leaf(311),
            "ok.test MX ! ad\nmx1.ok.test A ! ad\nmx1.ok.test AAAA ! ad\n"
            . "_$TestVerify::Env::SmtpPort._tcp.mx1.ok.test TLSA ! ad\n")
--- address: john@ok.test
--- json
reason: accepted
smtp.tls.authenticated: dane



=== TEST 49: an authority, and a certificate for the name that it leads to
--- smtp
mx1 11 starttls users=john cert=chain certname=real.ok.test
--- dns eval: main::alias('real ' . main::ca(211))
--- address: john@ok.test
--- json
reason: accepted
smtp.tls.authenticated: dane
--- smtp_like
-- tls \{.*"sni":"real\.ok\.test"



=== TEST 50: an authority, and a certificate for the alias
--- smtp
mx1 11 starttls users=john cert=chain certname=mx1.ok.test
--- dns eval: main::alias('real ' . main::ca(211))
--- address: john@ok.test
--- json
verdict: unknown tls_failed estimated network



=== TEST 51: its own records, and a certificate for the alias
--- smtp
mx1 11 starttls users=john cert=chain certname=mx1.ok.test
--- dns eval: main::alias('mx1 ' . main::ca(211))
--- address: john@ok.test
--- json
reason: accepted
smtp.tls.authenticated: dane
--- smtp_like
-- tls \{.*"sni":"mx1\.ok\.test"



=== TEST 52: an alias of an alias, asked by two probes
--- dns eval
main::alias('last ' . main::leaf(311),
            "real.ok.test CNAME last.ok.test\nlast.ok.test A 11\n* ! ad\n")
    =~ s/real.ok.test A 11\n//r
--- address
john@ok.test
nobody@ok.test
--- json
reason: accepted
smtp.tls.authenticated: dane
--
reason: mailbox_not_found
smtp.tls.authenticated: dane
