# MTA-STS: a policy that a domain publishes by HTTPS says which hosts take its
# mail, and that they are known by certificates of authorities.

use lib 't/lib';
use TestVerify 'no_plan';

use TestVerify::Cert;

$ENV{TEST_NGINX_CA} = (TestVerify::Cert::authority())[2];

# a single process does not stop gracefully

master_on();

# the policy host: one that counts its questions, in the access log

sub location
{
    my ($policy, $more) = @_;

    $policy =~ s/\n/\\r\\n/g;

    return <<"_EOC_" . ($more // '');
location = /verify {
    smtp_verify;
}

location = /mta-sts {
    internal;
    access_log logs/access.log sts;
    log_subrequest on;
    default_type text/plain;
    return 200 "$policy";
}
_EOC_
}


sub policy
{
    my ($mode, $hosts, $more) = @_;

    my $text = "version: STSv1\nmode: $mode\nmax_age: 86400\n";

    $text .= "mx: $_\n" for split ' ', $hosts;

    return location($text, $more);
}

preset(smtp => "mx1 11 pipelining starttls users=john\n",
       dns => "+default\n_mta-sts.ok.test TXT \"v=STSv1; id=1;\"\n",
       config => policy('enforce', 'mx1.ok.test'));
preset_http(<<'_EOC_');
smtp_verify_mta_sts /mta-sts;
smtp_verify_ssl_trusted_certificate $TEST_NGINX_CA;
log_format sts 'policy of $arg_domain';
_EOC_

run_tests();

__DATA__

=== TEST 1: a host that the policy names, with a right certificate
--- address
john@ok.test
nobody@ok.test
--- json
verdict: deliverable accepted confirmed null
score: 99
smtp.tls.verified: true
smtp.tls.authenticated: mta-sts
--
verdict: undeliverable mailbox_not_found confirmed mailbox
smtp.tls.authenticated: mta-sts
--- dns_queries
_mta-sts.ok.test TXT 1
--- logged
policy of ok.test



=== TEST 2: a self-signed certificate
--- smtp
mx1 11 pipelining starttls users=john cert=selfsigned
--- address: john@ok.test
--- json
verdict: unknown tls_failed estimated network
smtp.mailbox_exists: null
smtp.tls: null
smtp.tls_error: certificate was not verified
--- smtp_unlike
C: MAIL
--- smtp_sessions: 1



=== TEST 3: a certificate for somebody else
--- smtp
mx1 11 pipelining starttls users=john certname=other.test
--- address: john@ok.test
--- json
verdict: unknown tls_failed estimated network
--- smtp_unlike
C: MAIL



=== TEST 4: a certificate that has expired
--- smtp
mx1 11 pipelining starttls users=john cert=expired
--- address: john@ok.test
--- json
verdict: unknown tls_failed estimated network
--- smtp_unlike
C: MAIL



=== TEST 5: downgraded, STARTTLS is not offered
--- smtp
mx1 11 pipelining users=john
--- address: john@ok.test
--- json
verdict: unknown tls_failed estimated network
smtp.tls_error: STARTTLS is not offered
--- smtp_unlike
C: MAIL



=== TEST 6: downgraded, STARTTLS is refused
--- smtp
mx1 11 pipelining starttls users=john
    starttls: 454 4.7.0 TLS not available
--- address: john@ok.test
--- json
verdict: unknown tls_failed estimated network
--- smtp_unlike
C: MAIL
--- smtp_sessions: 1



=== TEST 7: a host that the policy does not name
--- config eval: main::policy('enforce', 'mx2.ok.test')
--- address: john@ok.test
--- json
verdict: unknown tls_failed estimated network
smtp.mx_host: mx1.ok.test
smtp.tls_error: MTA-STS policy does not name the MX host
--- smtp_sessions: 0



=== TEST 8: one of two hosts is named
--- smtp
mx1 11 pipelining starttls users=john
mx2 12 pipelining starttls users=john
--- config eval: main::policy('enforce', 'mx2.ok.test')
--- address: john@ok.test
--- json
reason: accepted
smtp.mx_host: mx2.ok.test
smtp.tls.authenticated: mta-sts
--- smtp_sessions
mx1 0
mx2 1



=== TEST 9: a star
--- config eval: main::policy('enforce', '*.ok.test')
--- address: john@ok.test
--- json
reason: accepted
smtp.tls.authenticated: mta-sts



=== TEST 10: testing: a wrong certificate is no failure
--- smtp
mx1 11 pipelining starttls users=john cert=selfsigned
--- config eval: main::policy('testing', 'mx1.ok.test')
--- address: john@ok.test
--- json
reason: accepted
smtp.tls.authenticated: null



=== TEST 11: testing: a right one is a proof
--- config eval: main::policy('testing', 'mx1.ok.test')
--- address: john@ok.test
--- json
reason: accepted
smtp.tls.authenticated: mta-sts



=== TEST 12: testing: a host that is not named
--- config eval: main::policy('testing', 'mx2.ok.test')
--- address: john@ok.test
--- json
reason: accepted
smtp.tls.authenticated: pkix



=== TEST 13: none
--- smtp
mx1 11 pipelining users=john
--- config eval: main::policy('none', '')
--- address: john@ok.test
--- json
reason: accepted
smtp.tls: null



=== TEST 14: no policy is announced, and none is fetched
--- dns
+default
--- smtp
mx1 11 pipelining users=john
--- address: john@ok.test
--- json
reason: accepted
--- dns_queries
_mta-sts.ok.test TXT 1



=== TEST 15: two are announced, which are none
--- dns
+default
_mta-sts.ok.test TXT "v=STSv1; id=1;"
_mta-sts.ok.test TXT "v=STSv1; id=2;"
--- smtp
mx1 11 pipelining users=john
--- address: john@ok.test
--- json
reason: accepted



=== TEST 16: the announcement fails
--- dns
+default
_mta-sts.ok.test ! servfail
--- smtp
mx1 11 pipelining users=john
--- address: john@ok.test
--- json
reason: accepted



=== TEST 17: the policy host has none
--- config eval
main::policy('enforce', 'mx1.ok.test') =~ s/return 200[^;]*/return 404/r
--- smtp
mx1 11 pipelining users=john
--- address
john@ok.test
john@ok.test
--- json
reason: accepted



=== TEST 18: what anybody may have uploaded is no policy
--- config eval
main::policy('enforce', 'mx1.ok.test') =~ s{text/plain}{text/html}r
--- smtp
mx1 11 pipelining users=john
--- address: john@ok.test
--- json
reason: accepted



=== TEST 19: no policy at all
--- config eval: main::location("<html></html>")
--- smtp
mx1 11 pipelining users=john
--- address: john@ok.test
--- json
reason: accepted



=== TEST 20: a redirect is not followed
--- config eval
main::policy('enforce', 'mx1.ok.test') =~ s/return 200[^;]*/return 302 \/other/r
--- smtp
mx1 11 pipelining users=john
--- address: john@ok.test
--- json
reason: accepted



=== TEST 21: from the cache zone, to the other worker as well
--- http_config
smtp_verify_cache_zone zone=c:1m;
smtp_verify_cache c;
--- address
john@ok.test
nobody@ok.test
john@ok.test
--- json
reason: accepted
smtp.tls.authenticated: mta-sts
--
reason: mailbox_not_found
smtp.tls.authenticated: mta-sts
--
reason: accepted
cached: true
smtp.tls.authenticated: mta-sts
--- dns_queries
_mta-sts.ok.test TXT 1



=== TEST 22: a session that is kept for a domain without a policy
--- verify
smtp_verify_keepalive 8 timeout=500ms;
--- smtp
mx1 11 pipelining starttls users=john cert=selfsigned
--- dns
+default
other.test MX 10 mx1.ok.test
_mta-sts.ok.test TXT "v=STSv1; id=1;"
--- config eval
main::policy('enforce', 'mx1.ok.test')
    =~ s/smtp_verify;/smtp_verify; smtp_verify_keepalive 8 timeout=500ms;/r
--- address
john@other.test
john@ok.test
--- json
reason: accepted
smtp.tls.authenticated: null
--
reason: tls_failed
--- smtp_sessions: 2



=== TEST 23: a session that was verified serves both
--- dns
+default
other.test MX 10 mx1.ok.test
_mta-sts.ok.test TXT "v=STSv1; id=1;"
--- config eval
main::policy('enforce', 'mx1.ok.test')
    =~ s/smtp_verify;/smtp_verify; smtp_verify_keepalive 8 timeout=500ms;/r
--- address
john@other.test
john@ok.test
--- json
reason: accepted
smtp.tls.authenticated: pkix
--
reason: accepted
smtp.tls.authenticated: mta-sts
--- smtp_sessions: 1



=== TEST 24: a location without it has a result of its own
--- http_config
smtp_verify_cache_zone zone=c:1m;
smtp_verify_cache c;
--- smtp
mx1 11 pipelining starttls users=john cert=selfsigned
--- config eval
main::policy('enforce', 'mx1.ok.test', <<'_EOC_')
location = /plain {
    smtp_verify;
    smtp_verify_mta_sts off;
}
_EOC_
--- request eval
["GET /plain?email=john\@ok.test", "GET /verify?email=john\@ok.test",
 "GET /plain?email=john\@ok.test"]
--- json
reason: accepted
--
reason: tls_failed
cached: false
--
reason: accepted
cached: true



=== TEST 25: the policy takes too long
--- config eval
main::location('') =~ s'return 200 ""'proxy_pass http://$TEST_NGINX_NET.99:1/'r
--- http_config
proxy_connect_timeout 300ms;
--- smtp
mx1 11 pipelining users=john
--- address: john@ok.test
--- json
reason: accepted
--- within: 4s



=== TEST 26: it needs authorities
--- config
location = /verify {
    smtp_verify;
    smtp_verify_mta_sts /mta-sts;
}
--- must_die
--- error_log
no "smtp_verify_ssl_trusted_certificate" is defined for "smtp_verify_mta_sts"
[emerg]



=== TEST 27: it needs TLS
--- config
location = /verify {
    smtp_verify;
    smtp_verify_mta_sts /mta-sts;
    smtp_verify_ssl_trusted_certificate $TEST_NGINX_CA;
    smtp_verify_starttls off;
}
--- must_die
--- error_log
"smtp_verify_mta_sts" needs TLS
[emerg]



=== TEST 28: no location
--- config
location = /verify {
    smtp_verify;
    smtp_verify_mta_sts https://example.net/;
}
--- must_die
--- error_log
invalid URI "https://example.net/" in "smtp_verify_mta_sts" directive
[emerg]



=== TEST 29: a policy that is too long is none
--- config eval
main::policy('enforce', "@{[ map { qq(mx$_.ok.test) } 1 .. 10 ]}")
    =~ s/internal;/internal; subrequest_output_buffer_size 100;/r
--- smtp
mx1 11 pipelining users=john
--- address: john@ok.test
--- json
reason: accepted
smtp.tls: null
--- log_allow
too big subrequest response



=== TEST 30: a domain in capitals, and its name in the policy
--- address: john@OK.Test
--- json
reason: accepted
smtp.tls.authenticated: mta-sts



=== TEST 31: DANE decides where there are TLSA records
--- smtp
mx1 11 pipelining starttls users=john cert=selfsigned
--- http_config
smtp_verify_dnssec on;
smtp_verify_dane on;
--- dns eval
my ($cert) = TestVerify::Cert::leaf('mx1.ok.test', 'selfsigned');
"+default\n_mta-sts.ok.test TXT \"v=STSv1; id=1;\"\n"
    . "_$TestVerify::Env::SmtpPort._tcp.mx1.ok.test TLSA "
    . TestVerify::Cert::tlsa($cert, 3, 1, 1) . "\n* ! ad\n"
--- address: john@ok.test
--- json
reason: accepted
smtp.tls.authenticated: dane



=== TEST 32: a policy takes nothing back of what DANE refuses
--- http_config
smtp_verify_dnssec on;
smtp_verify_dane on;
--- dns eval
"+default\n_mta-sts.ok.test TXT \"v=STSv1; id=1;\"\n"
    . "_$TestVerify::Env::SmtpPort._tcp.mx1.ok.test TLSA 3 1 1 " . '0' x 64
    . "\n* ! ad\n"
--- address: john@ok.test
--- json
verdict: unknown tls_failed estimated network
smtp.tls_error: certificate does not match the TLSA records



=== TEST 33: a route of the operator's counts for more than the domain's policy
--- smtp
mx1 11 pipelining users=john
--- http_config
smtp_verify_route ok.test [$TEST_NGINX_NET.11]:$TEST_NGINX_SMTP_PORT;
--- config eval: main::policy('enforce', 'mx2.ok.test')
--- address: john@ok.test
--- json
reason: accepted
smtp.tls: null
--- dns_queries
_mta-sts.ok.test TXT 0



=== TEST 34: locations that trust others share no result
--- http_config
smtp_verify_cache_zone zone=c:1m;
smtp_verify_cache c;
--- config eval
my $other = (TestVerify::Cert::leaf('other.test', 'selfsigned'))[0];
main::policy('enforce', 'mx1.ok.test', <<"_EOC_")
location = /other {
    smtp_verify;
    smtp_verify_ssl_trusted_certificate $other;
}
_EOC_
--- request eval
["GET /verify?email=john\@ok.test", "GET /other?email=john\@ok.test",
 "GET /verify?email=john\@ok.test"]
--- json
reason: accepted
smtp.tls.authenticated: mta-sts
--
reason: tls_failed
cached: false
--
reason: accepted
cached: true



=== TEST 35: by a proxy that does not buffer
--- http_config
tcp_nodelay on;
tcp_nopush on;
server {
    listen $TEST_NGINX_NET.200:8053;
    default_type text/plain;
    return 200 "version: STSv1\nmode: testing\nmax_age: 86400\nmx: mx1.ok.test\n";
}
--- config
location = /verify {
    smtp_verify;
}
location = /mta-sts {
    internal;
    proxy_buffering off;
    send_lowat 1;
    proxy_pass http://$TEST_NGINX_NET.200:8053;
}
--- address: john@ok.test
--- json
reason: accepted
smtp.tls.authenticated: mta-sts



=== TEST 36: the same location of two servers: each has its own policy
--- http_config
smtp_verify_cache_zone zone=c:1m;
smtp_verify_cache c;
server {
    listen $TEST_NGINX_NET.201:8054;

    location / {
        smtp_verify;
    }

    location = /mta-sts {
        internal;
        default_type text/plain;
        return 200 "version: STSv1\nmode: enforce\nmax_age: 86400\nmx: other.test\n";
    }
}
--- config eval
main::policy('enforce', 'mx1.ok.test', <<'_EOC_')
location = /second {
    proxy_pass http://$TEST_NGINX_NET.201:8054/;
}
_EOC_
--- request eval
["GET /verify?email=john\@ok.test", "GET /second?email=john\@ok.test",
 "GET /verify?email=john\@ok.test"]
--- json
reason: accepted
smtp.tls.authenticated: mta-sts
--
reason: tls_failed
cached: false
--
reason: accepted
cached: true
