# STARTTLS: opportunistic, required, off; whatever the other side makes of it.

use lib 't/lib';
use TestVerify 'no_plan';

use TestVerify::Cert;
$ENV{TEST_NGINX_CA} = (TestVerify::Cert::authority())[2];

preset(address => 'john@ok.test');

run_tests();

__DATA__

=== TEST 1: offered and taken, with the MX's name in SNI
--- smtp
mx1 11 pipelining starttls users=john
--- json
verdict: deliverable accepted confirmed null
smtp.tls.protocol: TLSv1.3
smtp.tls.cipher: /^TLS_[A-Z0-9_]+$/
smtp.tls.verified: false
smtp.rule: accepted-2xx
--- smtp_waits: 8
--- smtp_like
-- tls \{.*"sni":"mx1\.ok\.test"



=== TEST 2: TLS 1.2
--- smtp
mx1 11 pipelining starttls users=john tls=1.2
--- json
verdict: deliverable accepted confirmed null
smtp.tls.protocol: TLSv1.2
smtp.rule: accepted-2xx



=== TEST 3: TLS 1.0, by an old peer: better than nothing
--- smtp
mx1 11 pipelining starttls users=john tls=1.0
--- json
verdict: deliverable accepted confirmed null
smtp.tls.protocol: TLSv1
smtp.rule: accepted-2xx
--- smtp_sessions: 1



=== TEST 4: not offered
--- smtp
mx1 11 pipelining users=john
--- json
verdict: deliverable accepted confirmed null
smtp.tls: null
smtp.rule: accepted-2xx
--- smtp_unlike
C: STARTTLS



=== TEST 5: off
--- verify
smtp_verify_starttls off;
--- smtp
mx1 11 pipelining starttls users=john
--- json
verdict: deliverable accepted confirmed null
smtp.tls: null
smtp.rule: accepted-2xx
--- smtp_waits: 5
--- smtp_unlike
C: STARTTLS



=== TEST 6: what EHLO said in clear is forgotten
--- smtp
mx1 11 starttls users=john
    ehlo#1: 250 mx1\nSTARTTLS\nPIPELINING
    ehlo#2: 250 mx1
--- address: jane@ok.test
--- json
verdict: undeliverable mailbox_not_found confirmed mailbox
smtp.tls.protocol: *
smtp.rule: *
--- smtp_turns
EHLO verifier.test
STARTTLS
[tls]
EHLO verifier.test
MAIL FROM:<probe@verifier.test>
RCPT TO:<jane@ok.test>
QUIT



=== TEST 7: what EHLO says after the handshake counts
--- smtp
mx1 11 starttls
    ehlo#1: 250 mx1\nSTARTTLS
    ehlo#2: 250 mx1\nPIPELINING
--- address: jane@ok.test
--- json
verdict: undeliverable mailbox_not_found confirmed mailbox
smtp.tls.protocol: *
smtp.rule: *
--- smtp_turns
EHLO verifier.test
STARTTLS
[tls]
EHLO verifier.test
MAIL FROM:<probe@verifier.test> | RCPT TO:<jane@ok.test>
QUIT



=== TEST 8: offered again after the handshake: once is enough
--- smtp
mx1 11 starttls
    ehlo: 250 mx1\nSTARTTLS\nPIPELINING
--- address: jane@ok.test
--- json
verdict: undeliverable mailbox_not_found confirmed mailbox
smtp.tls.protocol: *
smtp.rule: *
--- smtp_turns
EHLO verifier.test
STARTTLS
[tls]
EHLO verifier.test
MAIL FROM:<probe@verifier.test> | RCPT TO:<jane@ok.test>
QUIT



=== TEST 9: refused: on in clear
--- smtp
mx1 11 pipelining starttls users=john
    starttls: 454 4.7.0 TLS not available due to local problem
--- json
verdict: deliverable accepted confirmed null
smtp.tls: null
smtp.rule: accepted-2xx



=== TEST 10: refused with 502: on in clear
--- smtp
mx1 11 pipelining starttls
    starttls: 502 5.5.1 Command not implemented
--- json
verdict: undeliverable mailbox_not_found confirmed mailbox
smtp.tls: null
smtp.rule: *



=== TEST 11: refused by 421 and a close: once in clear
--- smtp
mx1 11 pipelining starttls users=john
    starttls: 421 4.7.0 No TLS today ; close
--- json
verdict: deliverable accepted confirmed null
smtp.tls: null
smtp.rule: accepted-2xx



=== TEST 12: the handshake is garbage: once in clear, and said so
--- smtp
mx1 11 pipelining starttls users=john
    starttls: 220 2.0.0 Ready ; wait 30ms ; raw "this is no ServerHello, really not\r\n" ; hang
--- json
verdict: deliverable accepted confirmed null
smtp.tls: null
smtp.rule: accepted-2xx
--- smtp_sessions: 2
--- smtp_check eval
sub { $_[1] !~ m{mx1/2 .* C: STARTTLS} }



=== TEST 13: the connection is closed at the handshake
--- smtp
mx1 11 pipelining starttls users=john
    starttls: 220 2.0.0 Ready ; wait 30ms ; close
--- json
verdict: deliverable accepted confirmed null
smtp.tls: null
smtp.rule: accepted-2xx
--- smtp_sessions: 2



=== TEST 14: the connection is reset at the handshake
--- smtp
mx1 11 pipelining starttls users=john
    starttls: 220 2.0.0 Ready ; wait 30ms ; reset
--- json
verdict: deliverable accepted confirmed null
smtp.tls: null
smtp.rule: accepted-2xx
--- smtp_sessions: 2



=== TEST 15: the handshake hangs
--- smtp
mx1 11 pipelining starttls users=john
    starttls: 220 2.0.0 Ready ; hang
--- within: 3s
--- json
verdict: deliverable accepted confirmed null
smtp.tls: null
smtp.rule: accepted-2xx
--- smtp_sessions: 2



=== TEST 16: the reply to STARTTLS hangs
--- smtp
mx1 11 pipelining starttls users=john
    starttls: hang
--- within: 3s
--- json
verdict: /^(unknown|deliverable)$/ /^(timeout|accepted)$/
smtp.tls: null



=== TEST 17: injected plaintext is discarded, a refusal
--- smtp
mx1 11 pipelining starttls users=john
    starttls: raw "220 2.0.0 Ready\r\n250-mx1\r\n250 2.1.0 Ok\r\n550 5.1.1 User unknown\r\n" ; tls
--- json
verdict: deliverable accepted confirmed null
smtp.tls.protocol: TLSv1.3
smtp.rule: accepted-2xx



=== TEST 18: injected plaintext is discarded, an acceptance
--- smtp
mx1 11 pipelining starttls
    starttls: raw "220 2.0.0 Ready\r\n250 mx1\r\n250 2.1.0 Ok\r\n250 2.1.5 Ok\r\n" ; tls
--- address: jane@ok.test
--- json
verdict: undeliverable mailbox_not_found confirmed mailbox
smtp.tls.protocol: TLSv1.3
smtp.rule: *



=== TEST 19: injected plaintext, required: no verdict from it either
--- verify
smtp_verify_starttls required;
--- smtp
mx1 11 pipelining starttls
    starttls: raw "220 2.0.0 Ready\r\n250 mx1\r\n250 2.1.0 Ok\r\n250 2.1.5 Ok\r\n" ; tls
--- address: jane@ok.test
--- json
verdict: undeliverable mailbox_not_found confirmed mailbox
smtp.tls.protocol: TLSv1.3
smtp.rule: *



=== TEST 20: required and there
--- verify
smtp_verify_starttls required;
--- smtp
mx1 11 pipelining starttls users=john
--- json
verdict: deliverable accepted confirmed null
smtp.tls.protocol: TLSv1.3
smtp.rule: accepted-2xx



=== TEST 21: required and not offered
--- verify
smtp_verify_starttls required;
--- smtp
mx1 11 pipelining users=john
--- json
verdict: unknown tls_failed estimated network
smtp.connected: true
smtp.tls: null
smtp.mailbox_exists: null
--- smtp_like
C: QUIT
--- smtp_unlike
C: (MAIL|RCPT)



=== TEST 22: required and refused
--- verify
smtp_verify_starttls required;
--- smtp
mx1 11 pipelining starttls users=john
    starttls: 454 4.7.0 TLS not available due to local problem
--- json
verdict: unknown tls_failed estimated network
smtp.tls: null
--- smtp_like
C: QUIT
--- smtp_unlike
C: (MAIL|RCPT)



=== TEST 23: required and failing
--- verify
smtp_verify_starttls required;
--- smtp
mx1 11 pipelining starttls users=john
    starttls: 220 2.0.0 Ready ; wait 30ms ; raw "this is no ServerHello, really not\r\n" ; hang
--- json
verdict: unknown tls_failed estimated network
smtp.stage: starttls
smtp.tls: null
--- smtp_unlike
C: (MAIL|RCPT)



=== TEST 24: required and hanging
--- verify
smtp_verify_starttls required;
--- smtp
mx1 11 pipelining starttls users=john
    starttls: 220 2.0.0 Ready ; hang
--- within: 3s
--- json
verdict: unknown /^(tls_failed|timeout)$/ estimated network
smtp.tls: null
--- smtp_unlike
C: (MAIL|RCPT)



=== TEST 25: verified
--- verify
smtp_verify_ssl_verify on;
smtp_verify_ssl_trusted_certificate $TEST_NGINX_CA;
--- smtp
mx1 11 pipelining starttls users=john
--- json
verdict: deliverable accepted confirmed null
smtp.tls.verified: true
smtp.rule: accepted-2xx



=== TEST 26: required and verified, self-signed
--- verify
smtp_verify_starttls required;
smtp_verify_ssl_verify on;
smtp_verify_ssl_trusted_certificate $TEST_NGINX_CA;
--- smtp
mx1 11 pipelining starttls users=john cert=selfsigned
--- json
verdict: unknown tls_failed estimated network
smtp.stage: starttls
--- smtp_unlike
C: (MAIL|RCPT)



=== TEST 27: required and verified, expired
--- verify
smtp_verify_starttls required;
smtp_verify_ssl_verify on;
smtp_verify_ssl_trusted_certificate $TEST_NGINX_CA;
--- smtp
mx1 11 pipelining starttls users=john cert=expired
--- json
verdict: unknown tls_failed estimated network
--- smtp_unlike
C: (MAIL|RCPT)



=== TEST 28: required and verified, another name
--- verify
smtp_verify_starttls required;
smtp_verify_ssl_verify on;
smtp_verify_ssl_trusted_certificate $TEST_NGINX_CA;
--- smtp
mx1 11 pipelining starttls users=john certname=other.test
--- json
verdict: unknown tls_failed estimated network
--- smtp_unlike
C: (MAIL|RCPT)



=== TEST 29: opportunistic and not verified: any certificate will do
--- smtp
mx1 11 pipelining starttls users=john cert=expired certname=other.test
--- json
verdict: deliverable accepted confirmed null
smtp.tls.protocol: TLSv1.3
smtp.tls.verified: false
smtp.rule: accepted-2xx
--- smtp_sessions: 1



=== TEST 30: protocols to choose from
--- verify
smtp_verify_ssl_protocols TLSv1.2;
--- smtp
mx1 11 pipelining starttls users=john
--- json
verdict: deliverable accepted confirmed null
smtp.tls.protocol: TLSv1.2
smtp.rule: accepted-2xx



=== TEST 31: ciphers to choose from
--- verify
smtp_verify_ssl_protocols TLSv1.2;
smtp_verify_ssl_ciphers ECDHE-ECDSA-AES128-GCM-SHA256;
--- smtp
mx1 11 pipelining starttls users=john
--- json
verdict: deliverable accepted confirmed null
smtp.tls.cipher: ECDHE-ECDSA-AES128-GCM-SHA256
smtp.rule: accepted-2xx



=== TEST 32: nothing in common: once in clear
--- verify
smtp_verify_ssl_protocols TLSv1.3;
--- smtp
mx1 11 pipelining starttls users=john tls=1.2
--- json
verdict: deliverable accepted confirmed null
smtp.tls: null
smtp.rule: accepted-2xx
--- smtp_sessions: 2



=== TEST 33: TLS and no PIPELINING
--- smtp
mx1 11 starttls users=john
--- json
verdict: deliverable accepted confirmed null
smtp.tls.protocol: TLSv1.3
smtp.is_catch_all: false
smtp.rule: accepted-2xx
--- smtp_waits: 11



=== TEST 34: close within TLS right after the recipient's reply
--- smtp
mx1 11 pipelining starttls
    rcpt: default ; close
--- address: jane@ok.test
--- json
verdict: undeliverable mailbox_not_found confirmed mailbox
smtp.rule: *



=== TEST 35: reset within TLS right after the recipient's reply
--- smtp
mx1 11 pipelining starttls
    rcpt: default ; reset
--- address: jane@ok.test
--- json
verdict: undeliverable mailbox_not_found confirmed mailbox
smtp.rule: *



=== TEST 36: one byte at a time within TLS
--- smtp
mx1 11 pipelining starttls users=john
    ehlo#2: dribble 1ms ; default
--- json
verdict: deliverable accepted confirmed null
smtp.rule: accepted-2xx



=== TEST 37: lines that never end within TLS
--- smtp
mx1 11 pipelining starttls
    rcpt: forever "250-2.1.5 Ok\r\n"
--- address: jane@ok.test
--- within: 1s
--- json
verdict: unknown protocol_error estimated network
smtp.mailbox_exists: null



=== TEST 38: STARTTLS is answered by a close: once in clear
--- smtp
mx1 11 pipelining starttls users=john
    starttls: close
--- json
verdict: deliverable accepted confirmed null
smtp.tls: null
smtp.tls_error: connection was closed
smtp.attempts: 2
smtp.rule: accepted-2xx
--- smtp_sessions: 2
--- smtp_check eval
sub { $_[1] !~ m{mx1/2 .* C: STARTTLS} }



=== TEST 39: STARTTLS is answered by a reset
--- smtp
mx1 11 pipelining starttls users=john
    starttls: reset
--- json
verdict: deliverable accepted confirmed null
smtp.tls: null
smtp.tls_error: connection was closed
smtp.attempts: 2
smtp.rule: accepted-2xx
--- smtp_sessions: 2
--- smtp_check eval
sub { $_[1] !~ m{mx1/2 .* C: STARTTLS} }



=== TEST 40: STARTTLS is answered by what is no reply
--- smtp
mx1 11 pipelining starttls users=john
    starttls: raw "what?\r\n" ; hang
--- json
verdict: deliverable accepted confirmed null
smtp.tls: null
smtp.tls_error: *
smtp.attempts: 2
smtp.rule: accepted-2xx
--- smtp_sessions: 2
--- smtp_check eval
sub { $_[1] !~ m{mx1/2 .* C: STARTTLS} }



=== TEST 41: the session is closed at EHLO behind the handshake
--- smtp
mx1 11 pipelining starttls users=john
    ehlo#2: close
--- json
verdict: deliverable accepted confirmed null
smtp.tls: null
smtp.tls_error: session failed after the handshake
smtp.attempts: 2
smtp.rule: accepted-2xx
--- smtp_sessions: 2
--- smtp_check eval
sub { $_[1] !~ m{mx1/2 .* C: STARTTLS} }



=== TEST 42: likewise by a reset, and a refusal
--- smtp
mx1 11 pipelining starttls users=john
    ehlo#2: 554 5.5.1 Error ; reset
--- json
verdict: deliverable accepted confirmed null
smtp.tls: null
smtp.tls_error: session failed after the handshake
smtp.attempts: 2
smtp.rule: accepted-2xx
--- smtp_sessions: 2
--- smtp_check eval
sub { $_[1] !~ m{mx1/2 .* C: STARTTLS} }



=== TEST 43: the session is closed at MAIL behind the handshake
--- smtp
mx1 11 starttls users=john
    mail@1: close
--- json
verdict: deliverable accepted confirmed null
smtp.tls: null
smtp.tls_error: session failed after the handshake
smtp.attempts: 2
smtp.rule: accepted-2xx
--- smtp_sessions: 2
--- smtp_check eval
sub { $_[1] !~ m{mx1/2 .* C: STARTTLS} }



=== TEST 44: likewise with PIPELINING: in steps, then in clear
--- smtp
mx1 11 pipelining starttls users=john
    mail@1: close
    mail@2: close
--- json
verdict: deliverable accepted
smtp.tls: null
smtp.tls_error: session failed after the handshake
smtp.attempts: 3



=== TEST 45: a certificate of ours is required, TLS 1.3: an alert behind our Finished
--- smtp
mx1 11 pipelining starttls clientcert users=john
--- json
verdict: deliverable accepted confirmed null
smtp.tls: null
smtp.tls_error: session failed after the handshake
smtp.attempts: 2
smtp.rule: accepted-2xx
--- smtp_sessions: 2
--- smtp_check eval
sub { $_[1] !~ m{mx1/2 .* C: STARTTLS} }



=== TEST 46: once: a host that fails in clear, too
--- smtp
mx1 11 pipelining starttls users=john
    ehlo#2: close
    mail: close
--- json
verdict: unknown protocol_error
smtp.attempts: <= 3



=== TEST 47: STARTTLS is required: nothing in clear, starttls close
--- verify
smtp_verify_starttls required;
--- smtp
mx1 11 pipelining starttls users=john
    starttls: close
--- json
status: unknown
smtp.mailbox_exists: null
smtp.attempts: 1
--- smtp_sessions: 1
--- smtp_unlike
C: MAIL



=== TEST 48: STARTTLS is required: nothing in clear, starttls reset
--- verify
smtp_verify_starttls required;
--- smtp
mx1 11 pipelining starttls users=john
    starttls: reset
--- json
status: unknown
smtp.mailbox_exists: null
smtp.attempts: 1
--- smtp_sessions: 1
--- smtp_unlike
C: MAIL



=== TEST 49: STARTTLS is required: nothing in clear, ehlo#2 close
--- verify
smtp_verify_starttls required;
--- smtp
mx1 11 pipelining starttls users=john
    ehlo#2: close
--- json
status: unknown
smtp.mailbox_exists: null
smtp.attempts: 1
--- smtp_sessions: 1
--- smtp_unlike
C: MAIL



=== TEST 50: STARTTLS is required: nothing in clear, ehlo#2 421 4.3.2 Closing ; close
--- verify
smtp_verify_starttls required;
--- smtp
mx1 11 pipelining starttls users=john
    ehlo#2: 421 4.3.2 Closing ; close
--- json
status: unknown
smtp.mailbox_exists: null
smtp.attempts: 1
--- smtp_sessions: 1
--- smtp_unlike
C: MAIL



=== TEST 51: too many connections, it says behind the handshake: no further one
--- smtp
mx1 11 pipelining starttls users=john
    ehlo#2: 421 4.7.0 Too many connections ; close
--- json
verdict: unknown rate_limited
smtp.attempts: 1
--- smtp_sessions: 1



=== TEST 52: STARTTLS is required, and the server rejects our part of it, TLS 1.3
--- verify
smtp_verify_starttls required;
--- smtp
mx1 11 pipelining starttls clientcert users=john
--- json
verdict: unknown tls_failed
smtp.stage: starttls
smtp.attempts: 1
--- smtp_sessions: 1
--- smtp_unlike
C: MAIL



=== TEST 53: STARTTLS is required, and the server rejects our part of it, TLS 1.2
--- verify
smtp_verify_starttls required;
--- smtp
mx1 11 pipelining starttls clientcert tls=1.2 users=john
--- json
verdict: unknown tls_failed
smtp.stage: starttls
smtp.attempts: 1
--- smtp_sessions: 1
--- smtp_unlike
C: MAIL
