# Replies of a flight belong to their commands by position, whatever comes.

use lib 't/lib';
use TestVerify 'no_plan';

run_tests();

__DATA__

=== TEST 1: MAIL refused, RCPT told unknown: the stage is mail, nobody is missing
--- smtp
mx1 11 pipelining
    mail: 550 5.7.1 Sender address rejected: not welcome here
    rcpt: 550 5.1.1 User unknown
--- address: john@ok.test
--- json
status: unknown
verification_level: estimated
smtp.stage: mail
smtp.response_code: 550
smtp.response: /not welcome/
smtp.mailbox_exists: null
smtp.is_catch_all: null
smtp.rule: *
--- smtp_waits: 4



=== TEST 2: MAIL refused, RCPT accepted all the same: still the stage is mail
--- smtp
mx1 11 pipelining
    mail: 554 5.7.1 Service unavailable; Client host [127.0.0.1] blocked using zen.spamhaus.org
    rcpt: 250 2.1.5 Ok
--- address: john@ok.test
--- json
verdict: unknown sender_blocked estimated sender
smtp.stage: mail
smtp.response_code: 554
smtp.mailbox_exists: null
smtp.rule: *



=== TEST 3: MAIL refused in an eager flight
--- verify
smtp_verify_catch_all eager;
--- smtp
mx1 11 pipelining
    mail: 451 4.3.0 Temporary failure, try again later
    rcpt: 550 5.1.1 User unknown
--- address: john@ok.test
--- json
status: unknown
verification_level: estimated
smtp.stage: mail
smtp.response_code: 451
smtp.mailbox_exists: null
smtp.is_catch_all: null
retry_after: *
smtp.rule: *



=== TEST 4: the second MAIL refused as one too many: asked in a later session
--- verify
smtp_verify_catch_all eager;
--- smtp
mx1 11 pipelining users=john
    mail#2: 452 4.5.3 Too many transactions
    rcpt#2: 250 2.1.5 Ok
--- address: john@ok.test
--- json
verdict: deliverable accepted confirmed null
smtp.stage: rcpt
smtp.response_code: 250
smtp.is_catch_all: false
smtp.attempts: 2
smtp.rule: accepted-2xx



=== TEST 5: RSET refused: what follows is in doubt, the answer before it is not
--- verify
smtp_verify_catch_all eager;
--- smtp
mx1 11 pipelining users=john
    rset: 500 5.5.1 What
    mail#2: 503 5.5.1 Nested MAIL
--- address: john@ok.test
--- json
verdict: /^(risky|deliverable)$/ /^accepted/ confirmed null
smtp.response_code: 250
smtp.rule: accepted-2xx



=== TEST 6: 421 to MAIL
--- verify
smtp_verify_catch_all eager;
--- smtp
mx1 11 pipelining users=john
    mail: 421 4.3.2 Service shutting down ; close
--- address: john@ok.test
--- json
verdict: unknown /^(temporary_failure|server_error|rate_limited)$/ estimated
retry_after: *
smtp.stage: mail
smtp.response_code: 421
smtp.mailbox_exists: null
smtp.is_catch_all: null
smtp.rule: *



=== TEST 7: 421 to RCPT
--- verify
smtp_verify_catch_all eager;
--- smtp
mx1 11 pipelining users=john
    rcpt: 421 4.3.2 Service shutting down ; close
--- address: john@ok.test
--- json
verdict: unknown /^(temporary_failure|server_error|rate_limited)$/ estimated
retry_after: *
smtp.stage: rcpt
smtp.response_code: 421
smtp.mailbox_exists: null
smtp.is_catch_all: null
smtp.rule: *



=== TEST 8: 421 to RSET: accepted stands, the rest is unasked
--- verify
smtp_verify_catch_all eager;
--- smtp
mx1 11 pipelining users=john
    rset: 421 4.3.2 Service shutting down ; close
--- address: john@ok.test
--- json
verdict: risky accepted_untested confirmed null
smtp.stage: rcpt
smtp.response_code: 250
smtp.is_catch_all: null
smtp.rule: accepted-2xx



=== TEST 9: 421 to RSET: refused stands
--- verify
smtp_verify_catch_all eager;
--- smtp
mx1 11 pipelining
    rset: 421 4.3.2 Service shutting down ; close
--- address: john@ok.test
--- json
verdict: undeliverable mailbox_not_found confirmed mailbox
smtp.stage: rcpt
smtp.response_code: 550
smtp.rule: *



=== TEST 10: 421 to the second MAIL
--- verify
smtp_verify_catch_all eager;
--- smtp
mx1 11 pipelining users=john
    mail#2: 421 4.3.2 Service shutting down ; close
--- address: john@ok.test
--- json
verdict: risky accepted_untested confirmed null
smtp.response_code: 250
smtp.is_catch_all: null
smtp.rule: accepted-2xx



=== TEST 11: 421 to the random recipient
--- verify
smtp_verify_catch_all eager;
--- smtp
mx1 11 pipelining users=john
    rcpt#2: 421 4.3.2 Service shutting down ; close
--- address: john@ok.test
--- json
verdict: risky accepted_untested confirmed null
smtp.response_code: 250
smtp.is_catch_all: null
smtp.rule: accepted-2xx



=== TEST 12: 421 to the second turn, catch_all on
--- smtp
mx1 11 pipelining users=john
    rset: 421 4.3.2 Service shutting down ; close
--- address: john@ok.test
--- json
verdict: risky accepted_untested confirmed null
smtp.response_code: 250
smtp.is_catch_all: null
smtp.rule: accepted-2xx



=== TEST 13: 421 in several lines, with an address that is not ours
--- smtp
mx1 11 pipelining users=john
    rcpt: 421 4.7.0 mx1 closing\nToo many connections ; close
--- address: john@ok.test
--- json
verdict: unknown rate_limited estimated policy
retry_after: *
smtp.response_code: 421
smtp.rule: *



=== TEST 14: cut short by a close after MAIL's reply, once: asked anew, stepwise
--- smtp
mx1 11 pipelining users=john
    mail@1: 250 2.1.0 Ok ; close
--- address
jane@ok.test
--- json
verdict: undeliverable mailbox_not_found confirmed mailbox
smtp.response_code: 550
smtp.rule: *
--- smtp_turns
EHLO verifier.test
MAIL FROM:<probe@verifier.test> | RCPT TO:<jane@ok.test>
EHLO verifier.test
MAIL FROM:<probe@verifier.test>
RCPT TO:<jane@ok.test>
QUIT



=== TEST 15: a server that cannot do what it offers is remembered
--- smtp
mx1 11 pipelining users=john
    mail@1: 250 2.1.0 Ok ; close
--- address
jane@ok.test
jill@ok.test
--- json
verdict: undeliverable mailbox_not_found confirmed mailbox
smtp.rule: *
--- smtp_turns
EHLO verifier.test
MAIL FROM:<probe@verifier.test> | RCPT TO:<jane@ok.test>
EHLO verifier.test
MAIL FROM:<probe@verifier.test>
RCPT TO:<jane@ok.test>
QUIT
EHLO verifier.test
MAIL FROM:<probe@verifier.test>
RCPT TO:<jill@ok.test>
QUIT



=== TEST 16: cut short by a close, always: no verdict
--- smtp
mx1 11 pipelining users=john
    mail: 250 2.1.0 Ok ; close
--- address: john@ok.test
--- json
verdict: unknown /^(protocol_error|connect_failed)$/ estimated network
smtp.connected: true
smtp.mailbox_exists: null
smtp.is_catch_all: null
--- within: 3s



=== TEST 17: cut short before any reply, always
--- smtp
mx1 11 pipelining users=john
    mail: close
--- address: john@ok.test
--- json
verdict: unknown /^(protocol_error|connect_failed)$/ estimated network
smtp.mailbox_exists: null



=== TEST 18: cut short by a reset after the answer to RCPT: it stands
--- verify
smtp_verify_catch_all eager;
--- smtp
mx1 11 pipelining users=john
    rset: reset
--- address: jane@ok.test
--- json
verdict: undeliverable mailbox_not_found confirmed mailbox
smtp.rule: *



=== TEST 19: fewer replies than commands: MAIL's is missing, the recipient is unknown
--- smtp
mx1 11 pipelining
    mail: nothing
--- address: john@ok.test
--- json
status: unknown
smtp.mailbox_exists: null
verification_level: estimated
smtp.is_catch_all: null
--- within: 3s



=== TEST 20: fewer replies: MAIL's is missing, in an eager flight
--- verify
smtp_verify_catch_all eager;
--- smtp
mx1 11 pipelining users=john
    mail#1: nothing
--- address: john@ok.test
--- json
status: unknown
verification_level: estimated
smtp.mailbox_exists: null
smtp.is_catch_all: null



=== TEST 21: fewer replies: the recipient's is missing, in an eager flight
--- verify
smtp_verify_catch_all eager;
--- smtp
mx1 11 pipelining
    rcpt#1: nothing
--- address: john@ok.test
--- json
verdict: unknown timeout estimated network
smtp.mailbox_exists: null
smtp.is_catch_all: null



=== TEST 22: fewer replies: RSET's is missing
--- verify
smtp_verify_catch_all eager;
--- smtp
mx1 11 pipelining users=john
    rset: nothing
--- address: john@ok.test
--- json
reason: /^(accepted_untested|timeout)$/
smtp.is_catch_all: null



=== TEST 23: fewer replies: the random recipient's is missing
--- verify
smtp_verify_catch_all eager;
--- smtp
mx1 11 pipelining users=john
    rcpt#2: nothing
--- address: john@ok.test
--- json
verdict: risky accepted_untested confirmed null
smtp.response_code: 250
smtp.is_catch_all: null
smtp.rule: accepted-2xx
--- within: 3s



=== TEST 24: more replies than commands: no catch-all from a shifted one
--- verify
smtp_verify_catch_all eager;
--- smtp
mx1 11 pipelining users=john
    rcpt#1: 250 2.1.5 Ok ; 250 2.1.5 Ok again
--- address: john@ok.test
--- json
verdict: unknown protocol_error estimated network
smtp.is_catch_all: null



=== TEST 25: more replies than commands: to MAIL two, the second a refusal
--- smtp
mx1 11 pipelining users=john
    mail: 250 2.1.0 Ok ; 550 5.1.1 User unknown
--- address: john@ok.test
--- json
verdict: unknown protocol_error estimated network
smtp.mailbox_exists: null



=== TEST 26: more replies than commands: to MAIL two, once
--- no_reuse
--- smtp
mx1 11 pipelining users=john
    mail@1: 250 2.1.0 Ok ; 550 5.1.1 User unknown
--- address: john@ok.test
--- json
verdict: /^(unknown|deliverable)$/ /^(protocol_error|accepted)$/
smtp.mailbox_exists: !false



=== TEST 27: a stray reply after the banner moves everything: nothing is believed
--- smtp
mx1 11 pipelining users=john
    banner: 220 mx1 ESMTP ; 550 5.1.1 User unknown
--- address: john@ok.test
--- json
verdict: unknown protocol_error estimated network
smtp.mailbox_exists: null



=== TEST 28: a stray reply with that to EHLO
--- smtp
mx1 11 pipelining users=john
    ehlo: default ; 550 5.1.1 User unknown
--- address: john@ok.test
--- json
verdict: unknown protocol_error estimated network
smtp.mailbox_exists: null



=== TEST 29: replies of one flight one by one
--- verify
smtp_verify_catch_all eager;
--- smtp
mx1 11 pipelining users=john
    mail: wait 50ms ; default
    rcpt: wait 50ms ; default
    rset: wait 50ms ; default
--- address: john@ok.test
--- json
verdict: deliverable accepted confirmed null
smtp.is_catch_all: false
smtp.rule: accepted-2xx
--- smtp_waits: 4



=== TEST 30: replies of one flight one byte at a time
--- verify
smtp_verify_catch_all eager;
--- smtp
mx1 11 pipelining users=john
    mail: dribble 1ms ; default
--- address: john@ok.test
--- json
verdict: deliverable accepted confirmed null
smtp.is_catch_all: false
smtp.rule: accepted-2xx
--- smtp_waits: 4



=== TEST 31: a 421 to EHLO after TLS: once in clear
--- smtp
mx1 11 pipelining starttls users=john
    ehlo#2: 421 4.3.2 Service shutting down ; close
--- address: john@ok.test
--- json
status: deliverable
verification_level: confirmed
smtp.tls: null
smtp.attempts: 2



=== TEST 32: 503 to a flight: in steps, and that is remembered
--- smtp
mx1 11 pipelining users=john
    rcpt@1: 503 5.5.1 bad sequence of commands
--- address
jane@ok.test
jill@ok.test
--- json
verdict: undeliverable mailbox_not_found confirmed mailbox
smtp.rule: *
--- smtp_turns
EHLO verifier.test
MAIL FROM:<probe@verifier.test> | RCPT TO:<jane@ok.test>
QUIT
EHLO verifier.test
MAIL FROM:<probe@verifier.test>
RCPT TO:<jane@ok.test>
QUIT
EHLO verifier.test
MAIL FROM:<probe@verifier.test>
RCPT TO:<jill@ok.test>
QUIT



=== TEST 33: likewise to MAIL
--- smtp
mx1 11 pipelining users=john
    mail@1: 503 5.5.1 Commands out of sequence
--- address: jane@ok.test
--- json
reason: mailbox_not_found
smtp.attempts: 2



=== TEST 34: likewise by a 554 that speaks of synchronization, and a close
--- smtp
mx1 11 pipelining users=john
    mail@1: 554 SMTP synchronization error ; close
--- address: jane@ok.test
--- json
reason: mailbox_not_found
smtp.attempts: 2



=== TEST 35: likewise by a 421
--- smtp
mx1 11 pipelining users=john
    mail@1: 421 4.7.0 Improper use of SMTP command pipelining ; close
--- address: jane@ok.test
--- json
reason: mailbox_not_found
smtp.attempts: 2



=== TEST 36: 503 in steps, too: once, and nothing is remembered
--- no_reuse
--- smtp
mx1 11 pipelining users=john
    rcpt@1: 503 5.5.1 bad sequence of commands
    rcpt@2: 503 5.5.1 bad sequence of commands
--- address
john@ok.test
jane@ok.test
--- json
verdict: unknown rejected
smtp.attempts: 2
smtp.rule: bad-sequence
--
reason: mailbox_not_found
--- smtp_like
mx1/3 .* C: MAIL



=== TEST 37: 503 from a server that offers no PIPELINING: twice, then it stands
--- smtp
mx1 11 users=john
    rcpt: 503 5.5.1 bad sequence of commands
--- address: john@ok.test
--- json
verdict: unknown rejected
smtp.attempts: 2
--- smtp_sessions: 2



=== TEST 38: 503 to the flight of the random recipient: in steps
--- smtp
mx1 11 pipelining users=john
    mail#2@1: 503 5.5.1 bad sequence of commands
    rcpt#2@1: 503 5.5.1 bad sequence of commands
--- address: john@ok.test
--- json
verdict: deliverable accepted
smtp.is_catch_all: false
smtp.attempts: 2



=== TEST 39: a flight is answered by a reset: in steps
--- smtp
mx1 11 pipelining users=john
    mail@1: reset
--- address: jane@ok.test
--- json
reason: mailbox_not_found
smtp.attempts: 2



=== TEST 40: a close right behind the reply to EHLO: in steps
--- smtp
mx1 11 pipelining users=john
    ehlo@1: default ; close
--- address: jane@ok.test
--- json
reason: mailbox_not_found
smtp.attempts: 2



=== TEST 41: a reply that greets and is closed at once with a 250 to MAIL in a kept session
--- verify
smtp_verify_keepalive 8 timeout=500ms;
--- smtp
mx1 11 pipelining users=john
    mail#3@1: 250 2.1.0 Ok ; close
    mail@2: close
--- address
john@ok.test
jane@ok.test
--- json
reason: accepted
--
reason: mailbox_not_found
smtp.attempts: 3
