# A reply too many, which crosses our next command: each later reply is taken for
# the reply to the command after its own.  None of them may become a verdict.
# Servers here answer one command at a time, each a little later.  What they say
# in the first line of a reply to EHLO is their name, and offers nothing.

use lib 't/lib';
use TestVerify 'no_plan';

# nothing is believed

preset(address => 'jane@ok.test',
       json => "verdict: unknown protocol_error estimated network\n"
               . "smtp.mailbox_exists: null\n");

run_tests();

__DATA__

=== TEST 1: behind the banner: the reply to EHLO comes to MAIL
--- smtp
mx1 11 gather=0.001
    ehlo: 250 hello\nSIZE 1000 ; wait 20ms ; 250 PIPELINING\n8BITMIME
    mail: wait 20ms ; default
    rcpt: wait 20ms ; default



=== TEST 2: likewise, a single line, and a server that offers nothing
--- smtp
mx1 11 gather=0.001
    ehlo: 250 hello ; flush ; 250 PIPELINING
    mail: wait 20ms ; 250 ok
    rcpt: wait 20ms ; 550 no such user



=== TEST 3: likewise, and the mailbox exists: the domain is not catch-all
--- smtp
mx1 11 users=john gather=0.001
    ehlo: 250 hello ; flush ; 250 PIPELINING
    mail: wait 20ms ; 250 ok
    rcpt: wait 20ms ; default
--- address: john@ok.test
--- json
verdict: unknown protocol_error estimated network
smtp.is_catch_all: null



=== TEST 4: likewise, where EHLO was not known
--- smtp
mx1 11 gather=0.001
    ehlo: 500 what ; flush ; 250 mx1
    helo: 250 mx1
    mail: wait 20ms ; 250 ok
    rcpt: wait 20ms ; 550 no such user
--- json
verdict: unknown /^(protocol_error|rejected)$/ estimated
smtp.mailbox_exists: null



=== TEST 5: behind the reply to EHLO, in steps
--- smtp
mx1 11 gather=0.001
    ehlo: 250 PIPELINING\n8BITMIME
    mail: 250 x ; wait 20ms ; default
    rcpt: wait 20ms ; default



=== TEST 6: likewise, in a flight
--- smtp
mx1 11 pipelining
    mail: 250 x ; default
    rcpt: wait 40ms ; default



=== TEST 7: likewise, in an eager flight
--- verify
smtp_verify_catch_all eager;
--- smtp
mx1 11 pipelining
    mail#1: 250 x ; default
    rcpt#1: wait 40ms ; default
    rset: wait 40ms ; default
    mail#2: wait 40ms ; default
    rcpt#2: wait 40ms ; default



=== TEST 8: likewise, and the mailbox exists: the domain is not catch-all
--- smtp
mx1 11 pipelining users=john
    mail#1: 250 x ; default
    rcpt: wait 40ms ; default
    rset: wait 40ms ; default
--- address: john@ok.test
--- json
reason: /^(protocol_error|accepted|accepted_untested)$/
smtp.is_catch_all: !true



=== TEST 9: a reply to MAIL that names the sender, without an enhanced code
--- smtp
mx1 11 pipelining
    mail: 250 x ; 250 <$from>... Sender ok
    rcpt: wait 40ms ; 550 no such user



=== TEST 10: in a kept session, with its flight
--- verify
smtp_verify_keepalive 8 timeout=500ms;
--- smtp
mx1 11 pipelining users=john
    rset#2: 250 x ; default
    rcpt#3: wait 40ms ; default
--- address
john@ok.test
jane@ok.test
--- json
verdict: deliverable accepted confirmed null
--
verdict: undeliverable mailbox_not_found confirmed mailbox
smtp.response_code: 550
smtp.attempts: 2



=== TEST 11: the recipient's refusal comes to RSET
--- smtp
mx1 11 gather=0.001
    ehlo: 250 PIPELINING\n8BITMIME
    mail: 250 x ; wait 20ms ; 250 ok
    rcpt: wait 20ms ; 550 no such user



=== TEST 12: behind the handshake: asked once more in clear, as a rule
--- smtp
mx1 11 starttls users=john gather=0.001
    ehlo#2: 250 2.0.0 hi ; flush ; 250 PIPELINING
    mail@1: wait 20ms ; 250 ok
    rcpt@1: wait 20ms ; default
--- address
jane@ok.test
john@ok.test
--- json
reason: /^(mailbox_not_found|protocol_error)$/
smtp.mailbox_exists: !true
--
reason: /^(accepted|protocol_error)$/
smtp.is_catch_all: !true
--- no_reuse



=== TEST 13: likewise, where TLS is required
--- verify
smtp_verify_starttls required;
--- smtp
mx1 11 starttls gather=0.001
    ehlo#2: 250 2.0.0 hi ; flush ; 250 PIPELINING
    mail: wait 20ms ; 250 ok
    rcpt: wait 20ms ; default
--- json
verdict: unknown /^(tls_failed|protocol_error)$/
smtp.mailbox_exists: null



=== TEST 14: 421 while the session is listened to: as at any other time
--- smtp
mx1 11 gather=0.001
    ehlo: default ; wait 5ms ; 421 4.7.0 Too many connections ; close
--- json
verdict: unknown rate_limited estimated policy
smtp.stage: mail
smtp.response_code: 421
retry_after: *



=== TEST 15: no reply too many: a server that offers nothing
--- smtp
mx1 11 users=john
    mail: 250 ok
    rcpt john@*: 250 ok
--- address
john@ok.test
jane@ok.test
--- json
verdict: deliverable accepted confirmed null
smtp.attempts: 1
--
verdict: undeliverable mailbox_not_found confirmed mailbox
smtp.attempts: 1



=== TEST 16: no reply too many: recipients are accepted with the code of MAIL
--- smtp
mx1 11 pipelining users=john
    rcpt john@*: 250 2.1.0 Ok
--- address
john@ok.test
jane@ok.test
--- json
verdict: deliverable accepted confirmed null
smtp.response_code: 250
smtp.enhanced_code: 2.1.0
smtp.response: 2.1.0 Ok
smtp.attempts: 1
--
verdict: undeliverable mailbox_not_found confirmed mailbox
smtp.attempts: 1
--- smtp_turns
EHLO verifier.test
MAIL FROM:<probe@verifier.test> | RCPT TO:<john@ok.test>
RSET
RSET | MAIL FROM:<probe@verifier.test> | RCPT TO:<*@ok.test>
QUIT
EHLO verifier.test
MAIL FROM:<probe@verifier.test> | RCPT TO:<jane@ok.test>
QUIT



=== TEST 17: likewise, and RSET is not known, or is answered by 421
--- smtp
mx1 11 pipelining users=john
    rcpt john@*: 250 2.1.0 Ok
    rset@1: 500 5.5.1 What
    rset@2: 421 4.3.2 Bye ; close
--- address
john@ok.test
john@ok.test
--- json
reason: /^accepted/
smtp.response_code: 250
--
reason: /^accepted/
smtp.response_code: 250
--- no_reuse



=== TEST 18: no reply too many: replies to MAIL and RCPT in several lines
--- smtp
mx1 11 pipelining users=john
    mail: 250 2.1.0 Sender ok\nsize does not matter\nPIPELININGS
    rcpt john@*: 250 2.1.5 Recipient\nok
    rcpt jill@*: 550 5.7.1 Encryption is needed\nSTARTTLS first
--- address
john@ok.test
jane@ok.test
jill@ok.test
--- json
verdict: deliverable accepted confirmed null
--
verdict: undeliverable mailbox_not_found confirmed mailbox
--
reason: /^(policy_rejected|rejected)$/
smtp.response_code: 550



=== TEST 19: without enhanced codes, and the mailbox exists: not catch-all
--- smtp
mx1 11 pipelining users=john gather=0.001
    mail#1: 250 x ; 250 ok
    mail: 250 ok
    rset: 250 ok
    rcpt: wait 40ms ; default
--- address: john@ok.test
--- json
reason: /^(protocol_error|accepted|accepted_untested)$/
smtp.is_catch_all: !true



=== TEST 20: no reply too many: catch-all without enhanced codes
--- smtp
mx1 11 pipelining
    rcpt: 250 ok
--- address: john@ok.test
--- json
verdict: risky catch_all confirmed domain
smtp.response: ok
smtp.attempts: 1
--- smtp_turns
EHLO verifier.test
MAIL FROM:<probe@verifier.test> | RCPT TO:<john@ok.test>
RSET | MAIL FROM:<probe@verifier.test> | RCPT TO:<*@ok.test>
RSET
QUIT



=== TEST 21: a refusal by a code that is not only for mailboxes comes to RSET
--- smtp
mx1 11 8bitmime gather=0.001
    mail: 250 x
    rcpt: 250 2.1.0 ok
    rset: 554 delivery error: no such user



=== TEST 22: likewise, to the RSET before the random recipient
--- smtp
mx1 11 8bitmime gather=0.001
    mail: 250 x
    rcpt: 250 ok
    rset: 451 try again later



=== TEST 23: likewise, in an eager flight
--- verify
smtp_verify_catch_all eager;
--- smtp
mx1 11 pipelining
    mail: 250 x
    rcpt: 250 ok
    rset: 554 delivery error: no such user



=== TEST 24: no reply too many: the server closes the session at RSET
--- smtp
mx1 11 pipelining users=john
    rcpt john@*: 250 2.1.0 Ok
    rset: close
--- address: john@ok.test
--- json
verdict: risky accepted_untested confirmed null
smtp.response: 2.1.0 Ok
smtp.attempts: 1
--- no_reuse



=== TEST 25: likewise, behind the random recipient
--- smtp
mx1 11 pipelining
    rcpt: 250 ok
    rset#2: close
--- address: john@ok.test
--- json
verdict: risky catch_all confirmed domain
smtp.attempts: 1
--- no_reuse
