# Servers and networks that misbehave: each ends in a reason, in bounded time.

use lib 't/lib';
use TestVerify 'no_plan';

preset(address => 'john@ok.test');

run_tests();

__DATA__

=== TEST 1: connection refused
--- smtp
mx1 11 refuse
--- within: 1s
--- json
verdict: unknown connect_failed estimated network
smtp.connected: false
smtp.mailbox_exists: null
smtp.is_catch_all: null
smtp.mx_host: mx1.ok.test
smtp.stage: connect
smtp.response_code: null
smtp.rule: null



=== TEST 2: SYN dropped: attempts one after the other, 300 ms each
--- smtp
mx1 11 syn-drop
--- within: 1.6s
--- not_within: 250ms
--- json
verdict: unknown /^(timeout|connect_failed)$/ estimated network
smtp.connected: false
smtp.stage: connect
smtp.response_code: null
smtp.rule: null
--- error_log
mail server timed out
while connecting to mail server



=== TEST 3: a silent server
--- smtp
mx1 11
    banner: hang
--- within: 2.5s
--- not_within: 500ms
--- json
verdict: unknown timeout estimated network
smtp.connected: true
smtp.stage: banner
smtp.response_code: null
smtp.rule: null
--- error_log
while waiting for the greeting of mail server



=== TEST 4: a slow banner is a banner
--- smtp
mx1 11 pipelining users=john
    banner: wait 450ms ; default
--- json
verdict: deliverable accepted confirmed null
smtp.rule: accepted-2xx
--- smtp_sessions: 1



=== TEST 5: a 421 banner
--- smtp
mx1 11
    banner: 421 4.3.2 mx1 not accepting connections now ; close
--- json
verdict: unknown /^(temporary_failure|server_error|rate_limited)$/ estimated
retry_after: *
smtp.stage: banner
smtp.response_code: 421
smtp.enhanced_code: 4.3.2
smtp.rule: *
--- smtp_unlike
C: EHLO



=== TEST 6: a 554 banner
--- smtp
mx1 11
    banner: 554 No SMTP service here ; close
--- json
status: unknown
verification_level: estimated
smtp.mailbox_exists: null
smtp.stage: banner
smtp.response_code: 554
smtp.rule: *
--- smtp_unlike
C: (EHLO|MAIL)



=== TEST 7: a 554 banner from a blocklist
--- smtp
mx1 11
    banner: 554 5.7.1 Your IP 127.0.0.1 is listed in zen.spamhaus.org, see https://check.spamhaus.org ; hang
--- json
verdict: unknown sender_blocked estimated sender
smtp.stage: banner
smtp.response_code: 554
smtp.rule: *
--- smtp_unlike
C: (EHLO|MAIL)



=== TEST 8: a 521 banner: the host takes no mail
--- smtp
mx1 11
    banner: 521 mx1 does not accept mail ; close
--- json
verdict: undeliverable /^(no_mail_server|null_mx)$/ confirmed domain
smtp.stage: banner
smtp.response_code: 521



=== TEST 9: an early talker: more than a banner
--- smtp
mx1 11 pipelining users=john
    banner: raw "220 mx1 ESMTP\r\n250-mx1\r\n250 PIPELINING\r\n250 2.1.0 Ok\r\n250 2.1.5 Ok\r\n"
--- json
verdict: unknown protocol_error estimated network
smtp.mailbox_exists: null
smtp.is_catch_all: null



=== TEST 10: a reply of 64 KB in one line
--- smtp
mx1 11 pipelining users=john
    rcpt: raw "550 5.1.1 " ; repeat 65536 "x" ; raw "\r\n"
--- within: 1s
--- json
verdict: unknown protocol_error estimated network
smtp.stage: rcpt



=== TEST 11: a banner of 64 KB in one line
--- smtp
mx1 11 pipelining users=john
    banner: raw "220 " ; repeat 65536 "x" ; raw "\r\n"
--- within: 1s
--- json
verdict: unknown protocol_error estimated network
smtp.stage: banner



=== TEST 12: a line that never ends
--- smtp
mx1 11 pipelining users=john
    rcpt: forever "x"
--- within: 1s
--- json
verdict: unknown protocol_error estimated network
smtp.stage: rcpt



=== TEST 13: lines that never end, to EHLO
--- smtp
mx1 11
    ehlo: forever "250-X-MORE\r\n"
--- within: 1s
--- json
verdict: unknown protocol_error estimated network
smtp.stage: ehlo



=== TEST 14: lines that never end, to RCPT, slowly
--- verify
smtp_verify_timeout 2s;
--- smtp
mx1 11 pipelining
    rcpt: pause 100ms ; forever "550-5.1.1 User unknown\r\n"
--- within: 2.5s
--- json
verdict: unknown /^(protocol_error|timeout)$/ estimated network
smtp.mailbox_exists: null
smtp.stage: rcpt



=== TEST 15: one byte at a time
--- smtp
mx1 11 pipelining users=john
    banner: dribble 1ms ; default
--- json
verdict: deliverable accepted confirmed null
smtp.rule: accepted-2xx
--- smtp_waits: 5



=== TEST 16: one byte at a time, so slowly that it would never end
--- verify
smtp_verify_timeout 2s;
--- smtp
mx1 11 pipelining users=john
    rcpt: dribble 200ms ; 250 2.1.5 one byte at a time for a long time
--- within: 2.5s
--- json
verdict: unknown timeout estimated network
smtp.mailbox_exists: null
smtp.stage: rcpt



=== TEST 17: garbage for a banner
--- smtp
mx1 11
    banner: raw "\x00\x01\xff\xfe GARBAGE\r\n"
--- within: 1s
--- json
verdict: unknown protocol_error estimated network
smtp.stage: banner



=== TEST 18: another protocol
--- smtp
mx1 11
    banner: raw "SSH-2.0-OpenSSH_9.2\r\n"
--- within: 1s
--- json
verdict: unknown protocol_error estimated network
smtp.stage: banner



=== TEST 19: garbage for EHLO
--- smtp
mx1 11
    ehlo: raw "HTTP/1.1 400 Bad Request\r\n\r\n"
--- within: 1s
--- json
verdict: unknown protocol_error estimated network
smtp.stage: ehlo



=== TEST 20: garbage for the recipient
--- smtp
mx1 11 pipelining
    rcpt: raw "\x80\x81\x82\r\n"
--- within: 1s
--- json
verdict: unknown protocol_error estimated network
smtp.mailbox_exists: null
smtp.stage: rcpt



=== TEST 21: codes that are none
--- smtp
mx1 11 pipelining
    rcpt a@*: raw "999 what\r\n"
    rcpt b@*: raw "050 what\r\n"
    rcpt c@*: raw "2500 what\r\n"
    rcpt d@*: raw "25 what\r\n"
    rcpt e@*: raw "250what\r\n"
    rcpt f@*: raw "25O what\r\n"
    rcpt g@*: raw "\r\n"
    rcpt h@*: raw "-250 what\r\n"
--- address
a@ok.test
b@ok.test
c@ok.test
d@ok.test
e@ok.test
f@ok.test
g@ok.test
h@ok.test
--- json
verdict: unknown protocol_error estimated network
smtp.mailbox_exists: null
smtp.stage: rcpt



=== TEST 22: a code of another class: 354 to RCPT
--- smtp
mx1 11 pipelining
    rcpt: 354 Go ahead
--- json
verdict: unknown protocol_error estimated network
smtp.mailbox_exists: null
smtp.stage: rcpt



=== TEST 23: a code of another class: 250 for a banner
--- smtp
mx1 11 pipelining users=john
    banner: 250 mx1 ESMTP
--- json
verdict: unknown protocol_error estimated network
smtp.stage: banner



=== TEST 24: lines of one reply with different codes
--- smtp
mx1 11 pipelining
    rcpt: raw "250-2.1.5 fine\r\n550 5.1.1 User unknown\r\n"
--- json
verdict: unknown protocol_error estimated network
smtp.mailbox_exists: null



=== TEST 25: 8-bit text that is no UTF-8
--- smtp
mx1 11 pipelining
    rcpt: 550 5.1.1 Empf\xe4nger unbekannt: User unknown \x9b[31m
--- json
verdict: undeliverable mailbox_not_found confirmed mailbox
smtp.response_code: 550
smtp.response: /Empf.*nger unbekannt: User unknown/
smtp.rule: *



=== TEST 26: 8-bit text that is UTF-8
--- smtp
mx1 11 pipelining
    rcpt: 550 5.1.1 Empfänger „x“ unbekannt: User unknown
--- json
verdict: undeliverable mailbox_not_found confirmed mailbox
smtp.response: 5.1.1 Empfänger „x“ unbekannt: User unknown
smtp.rule: *



=== TEST 27: control characters, quotes and a backslash in a reply
--- smtp
mx1 11 pipelining
    rcpt: raw "550 5.1.1 User unknown \x07 \"a\\\\b\" <script>\x1b[0m\x00end\r\n"
--- json
reason: /^(mailbox_not_found|protocol_error)$/



=== TEST 28: close without a banner
--- smtp
mx1 11
    banner: close
--- within: 1.5s
--- json
verdict: unknown /^(protocol_error|connect_failed)$/ estimated network
smtp.connected: true
smtp.stage: banner



=== TEST 29: close after the banner
--- smtp
mx1 11
    ehlo: close
--- within: 1.5s
--- json
verdict: unknown /^(protocol_error|connect_failed)$/ estimated network
smtp.stage: ehlo



=== TEST 30: close after EHLO's reply
--- smtp
mx1 11
    mail: close
--- within: 1.5s
--- json
verdict: unknown /^(protocol_error|connect_failed)$/ estimated network
smtp.stage: mail



=== TEST 31: close after MAIL's reply
--- smtp
mx1 11
    rcpt: close
--- within: 1.5s
--- json
verdict: unknown /^(protocol_error|connect_failed)$/ estimated network
smtp.mailbox_exists: null
smtp.stage: rcpt



=== TEST 32: close in the middle of a reply
--- smtp
mx1 11 pipelining
    rcpt: raw "550-5.1.1 User unk" ; close
--- within: 1.5s
--- json
verdict: unknown /^(protocol_error|connect_failed)$/ estimated network
smtp.mailbox_exists: null



=== TEST 33: close right after the recipient's reply: refused stands
--- smtp
mx1 11 pipelining
    rcpt: default ; close
--- json
verdict: undeliverable mailbox_not_found confirmed mailbox
smtp.response_code: 550
smtp.rule: *
--- smtp_sessions: 1



=== TEST 34: close right after the recipient's reply: accepted stands
--- smtp
mx1 11 pipelining users=john
    rcpt john@*: default ; close
--- json
verdict: /^(risky|deliverable)$/ /^accepted(_untested)?$/ confirmed null
smtp.response_code: 250
smtp.rule: accepted-2xx



=== TEST 35: close right after the recipient's reply, asked eagerly
--- verify
smtp_verify_catch_all eager;
--- smtp
mx1 11 pipelining users=john
    rcpt#1: default ; close
--- json
verdict: risky accepted_untested confirmed null
smtp.response_code: 250
smtp.is_catch_all: null
smtp.rule: accepted-2xx



=== TEST 36: reset right after the connection
--- smtp
mx1 11
    connect: reset
--- within: 1.5s
--- json
verdict: unknown /^(protocol_error|connect_failed)$/ estimated network
smtp.stage: /^(connect|banner)$/



=== TEST 37: reset after the banner
--- smtp
mx1 11
    ehlo: reset
--- within: 1.5s
--- json
verdict: unknown /^(protocol_error|connect_failed)$/ estimated network
smtp.stage: ehlo



=== TEST 38: reset after EHLO's reply
--- smtp
mx1 11
    mail: reset
--- within: 1.5s
--- json
verdict: unknown /^(protocol_error|connect_failed)$/ estimated network
smtp.stage: mail



=== TEST 39: reset after MAIL's reply
--- smtp
mx1 11
    rcpt: reset
--- within: 1.5s
--- json
verdict: unknown /^(protocol_error|connect_failed)$/ estimated network
smtp.stage: rcpt



=== TEST 40: reset right after the recipient's reply: it stands
--- smtp
mx1 11 pipelining
    rcpt: default ; reset
--- json
verdict: undeliverable mailbox_not_found confirmed mailbox
smtp.response_code: 550
smtp.rule: *



=== TEST 41: silence at EHLO
--- smtp
mx1 11
    ehlo: hang
--- within: 3s
--- json
verdict: unknown timeout estimated network
smtp.stage: ehlo
--- error_log
while talking to mail server



=== TEST 42: silence at MAIL
--- smtp
mx1 11
    mail: hang
--- within: 3s
--- json
verdict: unknown timeout estimated network
smtp.stage: mail



=== TEST 43: silence at RCPT
--- smtp
mx1 11
    rcpt: hang
--- within: 3s
--- json
verdict: unknown timeout estimated network
smtp.mailbox_exists: null
smtp.stage: rcpt



=== TEST 44: silence at the random recipient: the answer stands
--- smtp
mx1 11 pipelining users=john
    rset: hang
--- within: 3s
--- json
verdict: risky accepted_untested confirmed null
smtp.is_catch_all: null
smtp.response_code: 250
smtp.rule: accepted-2xx



=== TEST 45: the budget is over all
--- verify
smtp_verify_timeout 1s;
smtp_verify_greeting_timeout 10s;
smtp_verify_read_timeout 10s;
--- smtp
mx1 11
    banner: wait 400ms ; default
    ehlo: wait 400ms ; default
    mail: wait 400ms ; default
--- within: 1.2s
--- not_within: 900ms
--- json
verdict: unknown timeout estimated network
smtp.connected: true
smtp.mailbox_exists: null



=== TEST 46: the budget is over after the recipient's reply: it stands
--- verify
smtp_verify_timeout 1s;
smtp_verify_read_timeout 10s;
--- smtp
mx1 11 pipelining users=john
    rset: hang
--- within: 1.2s
--- json
verdict: risky accepted_untested confirmed null
smtp.response_code: 250
smtp.rule: accepted-2xx



=== TEST 47: DNS: SERVFAIL
--- dns
ok.test MX ! servfail
--- json
verdict: unknown dns_error estimated network
checks.syntax: true
smtp.stage: dns
smtp.rule: null



=== TEST 48: DNS: REFUSED
--- dns
ok.test ! refused
--- json
verdict: unknown dns_error estimated network
smtp.stage: dns



=== TEST 49: DNS: NXDOMAIN
--- dns
--- json
verdict: undeliverable domain_not_found confirmed domain
checks.domain: false
checks.mx_record: false
smtp.connected: !true



=== TEST 50: DNS: NODATA
--- dns
ok.test TXT "here"
--- json
verdict: undeliverable no_mail_server confirmed domain
checks.domain: true
checks.mx_record: false



=== TEST 51: DNS: no name server
--- http_config
resolver 127.0.0.1:9;
resolver_timeout 1s;
smtp_verify_timeout 2s;
--- within: 2.3s
--- json
verdict: unknown dns_error estimated network
smtp.stage: dns



=== TEST 52: DNS: a name server that never answers
--- http_config
resolver $TEST_NGINX_DNS;
resolver_timeout 1s;
smtp_verify_timeout 2s;
--- dns
* ! drop
--- within: 2.3s
--- json
verdict: unknown dns_error estimated network
smtp.stage: dns



=== TEST 53: DNS: truncated, the whole over TCP
--- smtp
mx1 11 pipelining users=john
--- dns
+default
ok.test MX ! truncate
--- json
verdict: deliverable accepted confirmed null
smtp.rule: accepted-2xx
--- dns_queries
ok.test MX tcp 1



=== TEST 54: DNS: truncated, and nothing over TCP
--- dns
ok.test MX ! truncate-only
ok.test MX 10 mx1.ok.test
--- within: 5.2s
--- json
verdict: unknown dns_error estimated network



=== TEST 55: DNS: garbage
--- dns
ok.test MX ! garbage
--- http_config
resolver_timeout 1s;
smtp_verify_timeout 2s;
--- within: 2.3s
--- json
verdict: unknown dns_error estimated network



=== TEST 56: DNS: the first name server fails, the second answers
--- http_config
resolver $TEST_NGINX_DNS $TEST_NGINX_DNS2;
--- smtp
mx1 11 pipelining users=john
--- dns
+default
@1 * ! servfail
--- json
verdict: deliverable accepted confirmed null
smtp.rule: accepted-2xx



=== TEST 57: DNS: a null MX
--- dns
ok.test MX 0 .
ok.test A 11
--- json
verdict: undeliverable null_mx confirmed domain
checks.domain: true
smtp.connected: !true



=== TEST 58: DNS: a null MX beside others
--- smtp
mx1 11 pipelining users=john
--- dns
+default
ok.test MX 0 .
--- json
verdict: deliverable accepted confirmed null
smtp.rule: accepted-2xx



=== TEST 59: DNS: no MX, but an address
--- smtp
mx1 11 pipelining users=john
--- dns
ok.test A 11
--- json
verdict: deliverable accepted confirmed null
smtp.mx_host: ok.test
smtp.rule: accepted-2xx



=== TEST 60: DNS: no MX, and the addresses cannot be had
--- dns
ok.test MX ! empty
ok.test A ! servfail
ok.test AAAA ! servfail
--- json
verdict: unknown dns_error estimated network



=== TEST 61: DNS: MX whose target is an alias
--- smtp
mx1 11 pipelining users=john
--- dns
ok.test MX 10 alias.ok.test
alias.ok.test CNAME mx1.ok.test
mx1.ok.test A 11
--- json
verdict: deliverable accepted confirmed null
smtp.mx_host: alias.ok.test
smtp.rule: accepted-2xx



=== TEST 62: DNS: an alias for the domain
--- smtp
mx1 11 pipelining users=john
--- dns
alias.test CNAME ok.test
ok.test MX 10 mx1.ok.test
mx1.ok.test A 11
--- address: john@alias.test
--- json
verdict: deliverable accepted confirmed null
smtp.rule: accepted-2xx



=== TEST 63: DNS: no target of any MX exists
--- dns
ok.test MX 10 gone1.test
ok.test MX 20 gone2.test
--- json
verdict: undeliverable no_mail_server confirmed domain
checks.domain: true
checks.mx_record: true



=== TEST 64: DNS: one target does not exist, the other cannot be asked for
--- dns
ok.test MX 10 gone.test
ok.test MX 20 broken.test
broken.test ! servfail
--- json
verdict: unknown dns_error estimated network



=== TEST 65: DNS: a target that cannot be asked for, and one that answers
--- smtp
mx1 11 pipelining users=john
--- dns
ok.test MX 10 gone.test
ok.test MX 20 mx1.ok.test
mx1.ok.test A 11
--- json
verdict: deliverable accepted confirmed null
smtp.mx_host: mx1.ok.test
smtp.rule: accepted-2xx



=== TEST 66: DNS: forty records
--- smtp
mx1 11 pipelining users=john
--- dns eval
CORE::join '', "mx1.ok.test A 11\n", "ok.test MX 5 mx1.ok.test\n",
    map { "ok.test MX 1$_ a-rather-long-name-of-a-mail-server-$_.ok.test\n" }
    10 .. 48
--- json
verdict: deliverable accepted confirmed null
smtp.mx_host: mx1.ok.test
smtp.rule: accepted-2xx
--- dns_queries
ok.test MX tcp 1



=== TEST 67: 521 to the recipient is a refusal, and none of a host's own
--- smtp
mx1 11 pipelining
    rcpt: 521 5.2.1 :  (CON:B1) This system will not accept delivery of this message.
--- json
verdict: unknown rejected estimated policy
smtp.stage: rcpt
smtp.response_code: 521



=== TEST 68: 521 in place of a greeting, of us
--- smtp
mx1 11
    banner: 521 mx1 your address 192.0.2.4 is not welcome here ; close
--- json
verdict: unknown /^(rejected|sender_blocked)$/ estimated
smtp.stage: banner
smtp.response_code: 521



=== TEST 69: a mailbox that is missing, but it is ours
--- smtp
mx1 11 pipelining users=john,mary
    rcpt john@*: 550 5.1.1 <Probe@verifier.test> no such user here
    rcpt mary@*: 550 5.1.1 no such user mary@ok.test (asked by probe@verifier.test)
--- address
john@ok.test
mary@ok.test
--- json
verdict: unknown sender_blocked
blame: sender
smtp.rule: names-our-address
smtp.mailbox_exists: null
--
verdict: undeliverable mailbox_not_found



=== TEST 70: 521 in place of a greeting, by who dislikes the client: no word about the domain
--- smtp
mx1 11
    banner: 521 5.7.1 Service unavailable LPN007_102 ; close
--- json
verdict: unknown sender_blocked estimated sender
smtp.stage: banner
smtp.response_code: 521
smtp.rule: *



=== TEST 71: 521 of a host that tests its clients
--- smtp
mx1 11
    banner: 521 5.3.2 Service currently unavailable ; close
--- json
verdict: unknown sender_blocked estimated sender
smtp.stage: banner
smtp.response_code: 521
smtp.rule: *



=== TEST 72: 521 of one that they spoke to too early
--- smtp
mx1 11
    banner: 521 5.5.1 Protocol error ; close
--- json
verdict: unknown sender_blocked estimated sender
smtp.stage: banner
smtp.response_code: 521
smtp.rule: *



=== TEST 73: 521 that gives no reason but a code of its own
--- smtp
mx1 11
    banner: 521 5.2.1 : (CON:B1) ; close
--- json
verdict: unknown sender_blocked estimated sender
smtp.stage: banner
smtp.response_code: 521
smtp.rule: *



=== TEST 74: 521 without a text
--- smtp
mx1 11
    banner: 521 ; close
--- json
verdict: unknown sender_blocked estimated sender
smtp.stage: banner
smtp.response_code: 521
smtp.rule: *



=== TEST 75: 521 that takes no mail from us
--- smtp
mx1 11
    banner: 521 mx1 does not accept mail from your address ; close
--- json
verdict: unknown sender_blocked estimated sender
smtp.stage: banner
smtp.response_code: 521
smtp.rule: *



=== TEST 76: 521 to EHLO and to MAIL, 556 and 554 in place of a greeting
--- no_reuse
--- no_zones
--- smtp
mx1 11 pipelining users=john
    ehlo@1: 521 5.3.2 access denied ; close
    mail@2: 521 5.7.1 not today ; close
    banner@3: 556 mx1 go away ; close
    banner@4: 554 mx1 no mail for you ; close
--- address
a@ok.test
b@ok.test
c@ok.test
d@ok.test
--- json
status: unknown
blame: sender
smtp.stage: ehlo
--
status: unknown
blame: sender
smtp.stage: mail
--
status: unknown
blame: sender
smtp.stage: banner
--
status: unknown
smtp.stage: banner



=== TEST 77: 521 to EHLO that says that the host takes no mail
--- smtp
mx1 11
    ehlo: 521 5.3.2 mx1 never accepts mail ; close
--- json
verdict: undeliverable no_mail_server confirmed
smtp.stage: ehlo



=== TEST 78: the budget is over before the server has said a word: it was connected to
--- verify
smtp_verify_timeout 600ms;
--- smtp
mx1 11
    banner: wait 3s ; default
--- json
verdict: unknown timeout estimated network
smtp.stage: banner
smtp.connected: true
