# Mail servers that say too much in clear: what a session may cost in all.

use lib 't/lib';
use TestVerify 'no_plan';
use TestVerify::Hostile;

preset(dns => "ok.test MX 10 mx.ok.test\nmx.ok.test A 11\n",
       address => 'john@ok.test');
preset_http(<<'END');
smtp_verify_read_timeout 5s;
smtp_verify_timeout 20s;
smtp_verify_starttls on;
END

run_tests();

__DATA__

=== TEST 1: replies of 60 KB are read
--- hostile
"@ehlo long 20 3000" "@mail long 20 3000" "rcpt=550 5.1.1 User unknown"
--- json
reason: mailbox_not_found
smtp.mailbox_exists: false



=== TEST 2: one of 400 KB is not
--- hostile
"@ehlo long 100 4000" "rcpt=550 5.1.1 User unknown"
--- json
verdict: unknown protocol_error
smtp.mailbox_exists: null
--- error_log
mail server sent too many octets



=== TEST 3: nor four that have as much together
--- hostile
"@banner long 25 4000" "@ehlo long 25 4000" "@mail long 25 4000" "@rcpt long 25 4000" "rcpt=550 5.1.1 User unknown"
--- json
verdict: unknown protocol_error
smtp.mailbox_exists: null
--- error_log
mail server sent too many octets



=== TEST 4: likewise in TLS
--- verify
smtp_verify_starttls required;
--- hostile
tls=13 "@ehlo2 long 25 4000" "@mail long 25 4000" "@rcpt long 25 4000" "rcpt=550 5.1.1 User unknown"
--- json
verdict: unknown protocol_error
smtp.mailbox_exists: null
--- error_log
mail server sent too many octets



=== TEST 5: what comes behind the verdict does not change it, however much it is
--- hostile
"@after junk 1000 1000" "rcpt=550 5.1.1 User unknown"
--- json
smtp.connected: true
smtp.stage: rcpt
reason: /^(mailbox_not_found|protocol_error)$/



=== TEST 6: nor what comes behind QUIT, and it is not read on
--- hostile
"@quit long 100 4000" "rcpt=550 5.1.1 User unknown"
--- json
reason: mailbox_not_found
smtp.mailbox_exists: false
--- error_log
mail server sent too many octets



=== TEST 7: not behind QUIT in TLS either
--- hostile
tls=13 "@quit long 100 4000" "rcpt=550 5.1.1 User unknown"
--- json
reason: mailbox_not_found
smtp.mailbox_exists: false
--- error_log
mail server sent too many octets



=== TEST 8: segments of an octet, a few
--- hostile
"@ehlo segments 300" "rcpt=550 5.1.1 User unknown"
--- json
reason: mailbox_not_found
smtp.mailbox_exists: false



=== TEST 9: replies that nobody asked for
--- hostile
"@ehlo unasked 20000" "rcpt=550 5.1.1 User unknown"
--- json
status: unknown
smtp.mailbox_exists: null
