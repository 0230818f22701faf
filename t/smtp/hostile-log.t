# What a mail server does to TLS is no fault of ours: nothing is logged above
# info, whatever comes at whatever stage.  That is checked for every block.

use lib 't/lib';
use TestVerify 'no_plan';
use TestVerify::Hostile;

preset(dns => "ok.test MX 10 mx.ok.test\nmx.ok.test A 11\n",
       address => 'john@ok.test', no_error_log => '[crit]');
preset_http(<<'END');
smtp_verify_read_timeout 1s;
smtp_verify_timeout 20s;
smtp_verify_starttls required;
smtp_verify_keepalive 5;
END

run_tests();

__DATA__

=== TEST 1: a damaged record in the reply to EHLO
--- hostile
tls=12 "@ehlo2 damaged" "rcpt=550 5.1.1 User unknown"
--- json
smtp.mailbox_exists: null
status: unknown



=== TEST 2: in the reply to RCPT
--- hostile
tls=12 "@rcpt damaged" "rcpt=550 5.1.1 User unknown"
--- json
smtp.mailbox_exists: null
status: unknown



=== TEST 3: behind it
--- hostile
tls=12 "@after damaged" "rcpt=550 5.1.1 User unknown"
--- json
smtp.mailbox_exists: false
reason: mailbox_not_found



=== TEST 4: in the reply to EHLO, TLS 1.3
--- hostile
tls=13 "@ehlo2 damaged" "rcpt=550 5.1.1 User unknown"
--- json
smtp.mailbox_exists: null
status: unknown



=== TEST 5: behind the verdict, TLS 1.3, and a reset
--- hostile
tls=13 "@after damaged; reset" "rcpt=550 5.1.1 User unknown"
--- json
smtp.mailbox_exists: false
reason: mailbox_not_found



=== TEST 6: a record of no type, TLS 1.3
--- hostile
tls=13 "@ehlo2 type 99" "rcpt=550 5.1.1 User unknown"
--- json
smtp.mailbox_exists: null
status: unknown



=== TEST 7: likewise, behind the verdict
--- hostile
tls=13 "@after type 99" "rcpt=550 5.1.1 User unknown"
--- json
smtp.mailbox_exists: false
reason: mailbox_not_found



=== TEST 8: an alert of no meaning, in the handshake
--- hostile
tls=12 "@clienthello alert 1 255" "rcpt=550 5.1.1 User unknown"
--- json
smtp.mailbox_exists: null
status: unknown



=== TEST 9: likewise, TLS 1.3
--- hostile
tls=13 "@clienthello alert 1 255" "rcpt=550 5.1.1 User unknown"
--- json
smtp.mailbox_exists: null
status: unknown



=== TEST 10: behind it
--- hostile
tls=12 "@rcpt alert 1 255" "rcpt=550 5.1.1 User unknown"
--- json
smtp.mailbox_exists: null
status: unknown



=== TEST 11: behind it, TLS 1.3
--- hostile
tls=13 "@ehlo2 alert 1 255" "rcpt=550 5.1.1 User unknown"
--- json
smtp.mailbox_exists: null
status: unknown



=== TEST 12: behind the verdict
--- hostile
tls=12 "@after alert 1 255" "rcpt=550 5.1.1 User unknown"
--- json
smtp.mailbox_exists: false
reason: mailbox_not_found



=== TEST 13: a record that is too large, in the handshake
--- hostile
tls=12 "@clienthello large" "rcpt=550 5.1.1 User unknown"
--- json
smtp.mailbox_exists: null
status: unknown



=== TEST 14: likewise, TLS 1.3
--- hostile
tls=13 "@clienthello large" "rcpt=550 5.1.1 User unknown"
--- json
smtp.mailbox_exists: null
status: unknown



=== TEST 15: behind it
--- hostile
tls=12 "@rcpt large" "rcpt=550 5.1.1 User unknown"
--- json
smtp.mailbox_exists: null
status: unknown



=== TEST 16: ChangeCipherSpec behind the handshake
--- hostile
tls=12 "@ehlo2 ccs 3" "rcpt=550 5.1.1 User unknown"
--- json
smtp.mailbox_exists: null
status: unknown



=== TEST 17: behind the verdict
--- hostile
tls=12 "@after ccs 3" "rcpt=550 5.1.1 User unknown"
--- json
smtp.mailbox_exists: false
reason: mailbox_not_found



=== TEST 18: a damaged record and a reset
--- hostile
tls=12 "@rcpt damaged; reset" "rcpt=550 5.1.1 User unknown"
--- json
smtp.mailbox_exists: null
status: unknown
