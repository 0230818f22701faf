# Mail servers that make TLS cost, and octets: what a session may cost in all.
# The server is that of t/hostile; the section has its arguments.

use lib 't/lib';
use TestVerify 'no_plan';
use TestVerify::Hostile;

preset(dns => "ok.test MX 10 mx.ok.test\nmx.ok.test A 11\n",
       address => 'john@ok.test');
preset_http(<<'END');
smtp_verify_read_timeout 5s;
smtp_verify_timeout 20s;
smtp_verify_starttls required;
END

run_tests();

__DATA__

=== TEST 1: TLS 1.3, as it should be
--- hostile
tls=13 "rcpt=550 5.1.1 User unknown"
--- json
reason: mailbox_not_found
smtp.tls.protocol: TLSv1.3



=== TEST 2: TLS 1.2, as it should be
--- hostile
tls=12 "rcpt=550 5.1.1 User unknown"
--- json
reason: mailbox_not_found
smtp.tls.protocol: TLSv1.2



=== TEST 3: a handshake in records of 7 octets, TLS 1.3
--- hostile
tls=13 fragment=7 "rcpt=550 5.1.1 User unknown"
--- json
reason: mailbox_not_found



=== TEST 4: a handshake in records of 7 octets, TLS 1.2
--- hostile
tls=12 fragment=7 "rcpt=550 5.1.1 User unknown"
--- json
reason: mailbox_not_found



=== TEST 5: a few KeyUpdates, a few tickets
--- hostile
tls=13 "@ehlo2 keyupdate 3; keyupdate-asking 3; tickets 4" "rcpt=550 5.1.1 User unknown"
--- json
reason: mailbox_not_found



=== TEST 6: a flood of KeyUpdates behind the handshake
--- hostile
tls=13 "@ehlo2 keyupdate 2000" "rcpt=550 5.1.1 User unknown"
--- json
verdict: unknown tls_failed
smtp.mailbox_exists: null
--- error_log
mail server sent too many TLS messages



=== TEST 7: of KeyUpdates that ask for one of ours
--- hostile
tls=13 "@mail keyupdate-asking 2000" "rcpt=550 5.1.1 User unknown"
--- json
verdict: unknown protocol_error
smtp.mailbox_exists: null
--- error_log
mail server sent too many TLS messages



=== TEST 8: of tickets, each in a record
--- hostile
tls=13 "@rcpt tickets 2000" "rcpt=550 5.1.1 User unknown"
--- json
verdict: unknown protocol_error
smtp.mailbox_exists: null
--- error_log
mail server sent too many TLS messages



=== TEST 9: of tickets, hundreds in a record
--- hostile
tls=13 "@ehlo2 coalesced 2000" "rcpt=550 5.1.1 User unknown"
--- json
verdict: unknown tls_failed
smtp.mailbox_exists: null
--- error_log
mail server sent too many TLS messages



=== TEST 10: of HelloRequests behind a handshake, TLS 1.2
--- hostile
tls=12 "@ehlo2 hello 2000" "rcpt=550 5.1.1 User unknown"
--- json
verdict: unknown tls_failed
smtp.mailbox_exists: null
--- error_log
mail server sent too many TLS messages



=== TEST 11: of HelloRequests before the ServerHello, TLS 1.2
--- hostile
tls=12 "@clienthello hello 2000" "rcpt=550 5.1.1 User unknown"
--- json
verdict: unknown tls_failed
smtp.stage: starttls
smtp.mailbox_exists: null
--- error_log
TLS with mail server: too many TLS messages



=== TEST 12: likewise, TLS 1.3
--- hostile
tls=13 "@clienthello hello 2000" "rcpt=550 5.1.1 User unknown"
--- json
verdict: unknown tls_failed
smtp.stage: starttls
smtp.mailbox_exists: null
--- error_log
TLS with mail server: too many TLS messages



=== TEST 13: of warnings with text between them, TLS 1.2
--- hostile
tls=12 "@ehlo2 warn 4;lines 1;warn 4;lines 1;warn 4;lines 1;warn 4;lines 1;warn 4;lines 1;warn 4;lines 1;warn 4;lines 1;warn 4;lines 1;warn 4;lines 1;warn 4;lines 1;warn 4;lines 1;warn 4;lines 1;warn 4;lines 1;warn 4;lines 1;warn 4;lines 1;warn 4;lines 1;warn 4;lines 1;warn 4;lines 1;warn 4;lines 1;warn 4;lines 1;warn 4;lines 1;warn 4;lines 1;warn 4;lines 1;warn 4;lines 1;warn 4;lines 1;warn 4;lines 1;warn 4;lines 1;warn 4;lines 1;warn 4;lines 1;warn 4;lines 1" "rcpt=550 5.1.1 User unknown"
--- json
verdict: unknown tls_failed
smtp.mailbox_exists: null
--- error_log
mail server sent too many TLS messages



=== TEST 14: of records with an octet each
--- hostile
tls=13 "@ehlo2 dribble 2000" "@mail dribble 2000" "@rcpt dribble 2000" "rcpt=550 5.1.1 User unknown"
--- json
verdict: unknown protocol_error
smtp.mailbox_exists: null
--- error_log
mail server sent too many octets



=== TEST 15: of records without an octet
--- hostile
tls=12 "@rcpt empty 20000" "rcpt=550 5.1.1 User unknown"
--- json
verdict: unknown protocol_error
smtp.mailbox_exists: null



=== TEST 16: of ChangeCipherSpecs before the ServerHello, TLS 1.3
--- hostile
tls=13 "@clienthello ccs 9000" "rcpt=550 5.1.1 User unknown"
--- json
verdict: unknown tls_failed
smtp.stage: starttls
smtp.mailbox_exists: null



=== TEST 17: a verdict stands that a flood of KeyUpdates follows
--- hostile
tls=13 "@after keyupdate 2000" "rcpt=550 5.1.1 User unknown"
--- json
reason: mailbox_not_found
smtp.mailbox_exists: false



=== TEST 18: a flood behind the answer to QUIT keeps no session
--- hostile
tls=13 "@quit keyupdate 2000" "rcpt=550 5.1.1 User unknown"
--- json
reason: mailbox_not_found



=== TEST 19: DHE of TLS 1.2 is not offered: a server may choose a prime of any length
--- hostile
tls=12 dh=10000 "rcpt=550 5.1.1 User unknown"
--- json
verdict: unknown tls_failed
smtp.stage: starttls
smtp.mailbox_exists: null
--- error_log
TLS with mail server: handshake failed



=== TEST 20: where the configuration offers it, a prime of 2048 bits may be used
--- verify
smtp_verify_ssl_ciphers DHE-RSA-AES128-GCM-SHA256:@SECLEVEL=0;
--- hostile
tls=12 dh=2048 "rcpt=550 5.1.1 User unknown"
--- json
reason: mailbox_not_found



=== TEST 21: one of 4096 bits may not
--- verify
smtp_verify_ssl_ciphers DHE-RSA-AES128-GCM-SHA256:@SECLEVEL=0;
--- hostile
tls=12 dh=4096 "rcpt=550 5.1.1 User unknown"
--- json
verdict: unknown tls_failed
smtp.stage: starttls
smtp.mailbox_exists: null
--- error_log
TLS with mail server: handshake failed



=== TEST 22: nor one of 10000 bits
--- verify
smtp_verify_ssl_ciphers DHE-RSA-AES128-GCM-SHA256:@SECLEVEL=0;
--- hostile
tls=12 dh=10000 "rcpt=550 5.1.1 User unknown"
--- json
verdict: unknown tls_failed
smtp.stage: starttls
smtp.mailbox_exists: null
--- error_log
TLS with mail server: handshake failed



=== TEST 23: a large group is not offered in TLS 1.3 either
--- hostile
tls=13 group=ffdhe8192 "rcpt=550 5.1.1 User unknown"
--- json
verdict: unknown tls_failed
smtp.stage: starttls
smtp.mailbox_exists: null
--- error_log
TLS with mail server: handshake failed



=== TEST 24: nor where the configuration names it
--- verify
smtp_verify_ssl_conf_command Groups X25519:ffdhe8192;
--- hostile
tls=13 group=ffdhe8192 "rcpt=550 5.1.1 User unknown"
--- json
verdict: unknown tls_failed
smtp.stage: starttls
smtp.mailbox_exists: null
--- error_log
TLS with mail server: handshake failed



=== TEST 25: RSA of 16384 bits
--- hostile
tls=13 rsa=16384 "rcpt=550 5.1.1 User unknown"
--- json
verdict: unknown tls_failed
smtp.stage: starttls
smtp.mailbox_exists: null
--- error_log
TLS with mail server: a certificate with a key that costs too much



=== TEST 26: RSA of 16384 bits, TLS 1.2
--- hostile
tls=12 rsa=16384 "rcpt=550 5.1.1 User unknown"
--- json
verdict: unknown tls_failed
smtp.stage: starttls
smtp.mailbox_exists: null
--- error_log
TLS with mail server: a certificate with a key that costs too much



=== TEST 27: RSA with a long public exponent
--- hostile
tls=12 rsa=2048 exponent=2000 "rcpt=550 5.1.1 User unknown"
--- json
verdict: unknown tls_failed
smtp.stage: starttls
smtp.mailbox_exists: null
--- error_log
TLS with mail server: a certificate with a key that costs too much



=== TEST 28: a curve by its parameters
--- hostile
tls=13 explicit "rcpt=550 5.1.1 User unknown"
--- json
verdict: unknown tls_failed
smtp.stage: starttls
smtp.mailbox_exists: null
--- error_log
TLS with mail server: a certificate with a key that costs too much



=== TEST 29: 16 certificates
--- hostile
tls=13 chain=15 "rcpt=550 5.1.1 User unknown"
--- json
reason: mailbox_not_found



=== TEST 30: 17 certificates
--- hostile
tls=13 chain=16 "rcpt=550 5.1.1 User unknown"
--- json
verdict: unknown tls_failed
smtp.stage: starttls
smtp.mailbox_exists: null
--- error_log
TLS with mail server: too many certificates



=== TEST 31: a chain of 30 KB
--- hostile
tls=12 chain=120 "rcpt=550 5.1.1 User unknown"
--- json
verdict: unknown tls_failed
smtp.stage: starttls
smtp.mailbox_exists: null
--- error_log
TLS with mail server: handshake failed



=== TEST 32: likewise, in records of 100 octets
--- hostile
tls=13 chain=120 fragment=100 "rcpt=550 5.1.1 User unknown"
--- json
verdict: unknown tls_failed
smtp.stage: starttls
smtp.mailbox_exists: null
--- error_log
TLS with mail server: handshake failed



=== TEST 33: where TLS is not required, what costs too much is not waited for: once in clear
--- verify
smtp_verify_starttls on;
--- hostile
tls=13 chain=16 "rcpt=550 5.1.1 User unknown"
--- json
reason: mailbox_not_found
smtp.tls: null
smtp.tls_error: too many certificates
