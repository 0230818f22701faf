# Whose certificates are accepted, and what OpenSSL is told besides.

use lib 't/lib';
use TestVerify 'no_plan';

use TestVerify::Cert;

$ENV{TEST_NGINX_CA} = (TestVerify::Cert::authority())[2];
$ENV{TEST_NGINX_CRL} = TestVerify::Cert::revoked('mx1.ok.test');

our $suite = $$;

END { unlink $ENV{TEST_NGINX_CRL} if $$ == $suite }

our $Verified = <<'CONF';
smtp_verify_starttls required;
smtp_verify_ssl_verify on;
smtp_verify_ssl_trusted_certificate $TEST_NGINX_CA;
CONF

preset(address => 'john@ok.test');

run_tests();

__DATA__

=== TEST 1: a certificate that is not in the list of those revoked
--- verify eval
$::Verified . 'smtp_verify_ssl_crl $TEST_NGINX_CRL;'
--- smtp
mx1 11 pipelining starttls users=john
--- json
verdict: deliverable accepted confirmed null
smtp.tls.verified: true



=== TEST 2: one that is
--- verify eval
$::Verified . 'smtp_verify_ssl_crl $TEST_NGINX_CRL;'
--- smtp
mx1 11 pipelining starttls users=john cert=revoked
--- json
verdict: unknown tls_failed estimated network
smtp.stage: starttls
--- smtp_unlike
C: (MAIL|RCPT)



=== TEST 3: the same one, without the list
--- verify eval
$::Verified
--- smtp
mx1 11 pipelining starttls users=john cert=revoked
--- json
verdict: deliverable accepted confirmed null
smtp.tls.verified: true



=== TEST 4: where TLS is not required, it is asked in clear
--- verify eval
$::Verified =~ s/required/on/r . 'smtp_verify_ssl_crl $TEST_NGINX_CRL;'
--- smtp
mx1 11 pipelining starttls users=john cert=revoked
--- json
verdict: deliverable accepted confirmed null
smtp.tls: null
smtp.tls_error: *



=== TEST 5: a list that is not asked for its own certificates is of no use
--- verify eval
$::Verified =~ s/ssl_verify on/ssl_verify off/r
    . 'smtp_verify_ssl_crl $TEST_NGINX_CRL;'
--- smtp
mx1 11 pipelining starttls users=john cert=revoked
--- json
verdict: deliverable accepted confirmed null
smtp.tls.verified: false



=== TEST 6: two authorities between, by default
--- verify eval
$::Verified
--- smtp
mx1 11 pipelining starttls users=john cert=deep
--- json
verdict: deliverable accepted confirmed null
smtp.tls.verified: true



=== TEST 7: as many as may be
--- verify eval
$::Verified . 'smtp_verify_ssl_verify_depth 2;'
--- smtp
mx1 11 pipelining starttls users=john cert=deep
--- json
verdict: deliverable accepted confirmed null
smtp.tls.verified: true



=== TEST 8: one more than may be
--- verify eval
$::Verified . 'smtp_verify_ssl_verify_depth 1;'
--- smtp
mx1 11 pipelining starttls users=john cert=deep
--- json
verdict: unknown tls_failed estimated network
smtp.stage: starttls
--- smtp_unlike
C: (MAIL|RCPT)



=== TEST 9: none may be, and none is
--- verify eval
$::Verified . 'smtp_verify_ssl_verify_depth 0;'
--- smtp
mx1 11 pipelining starttls users=john
--- json
verdict: deliverable accepted confirmed null
smtp.tls.verified: true



=== TEST 10: a command for OpenSSL: the least protocol
--- verify
smtp_verify_starttls required;
smtp_verify_ssl_conf_command MinProtocol TLSv1.3;
--- smtp
mx1 11 pipelining starttls users=john tls=1.2
--- json
verdict: unknown tls_failed estimated network
smtp.stage: starttls
--- smtp_unlike
C: (MAIL|RCPT)



=== TEST 11: the greatest one
--- verify
smtp_verify_ssl_conf_command MaxProtocol TLSv1.2;
--- smtp
mx1 11 pipelining starttls users=john
--- json
verdict: deliverable accepted confirmed null
smtp.tls.protocol: TLSv1.2



=== TEST 12: a cipher of TLS 1.3, which no other directive sets
--- verify
smtp_verify_ssl_conf_command Ciphersuites TLS_CHACHA20_POLY1305_SHA256;
--- smtp
mx1 11 pipelining starttls users=john tls=1.3
--- json
verdict: deliverable accepted confirmed null
smtp.tls.cipher: TLS_CHACHA20_POLY1305_SHA256



=== TEST 13: several, from further out
--- http_config
smtp_verify_ssl_conf_command MaxProtocol TLSv1.2;
smtp_verify_ssl_conf_command CipherString ECDHE-ECDSA-CHACHA20-POLY1305;
--- smtp
mx1 11 pipelining starttls users=john
--- json
verdict: deliverable accepted confirmed null
smtp.tls.protocol: TLSv1.2
smtp.tls.cipher: ECDHE-ECDSA-CHACHA20-POLY1305



=== TEST 14: a command that OpenSSL does not know
--- verify
smtp_verify_ssl_conf_command NoSuchCommand on;
--- must_die
--- error_log
NoSuchCommand
