# The next address, the next MX, the next way.

use lib 't/lib';
use TestVerify 'no_plan';

preset(address => 'john@ok.test');

run_tests();

__DATA__

=== TEST 1: the next address: one refuses connections
--- smtp
dead 11 refuse
mx1 12 pipelining
--- dns
ok.test MX 10 mx.ok.test
mx.ok.test A 11
mx.ok.test A 12
--- address
john@ok.test
jane@ok.test
jill@ok.test
--- json
verdict: undeliverable mailbox_not_found confirmed mailbox
smtp.mx_host: mx.ok.test
smtp.mx_ip: /\.12$/
smtp.rule: *
--- smtp_sessions: 3



=== TEST 2: the next address: one drops SYNs
--- smtp
dead 11 syn-drop
mx1 12 pipelining
--- dns
ok.test MX 10 mx.ok.test
mx.ok.test A 11
mx.ok.test A 12
--- address
john@ok.test
jane@ok.test
jill@ok.test
--- within: 1.5s
--- json
verdict: undeliverable mailbox_not_found confirmed mailbox
smtp.mx_ip: /\.12$/
smtp.rule: *
--- smtp_sessions: 3



=== TEST 3: the next MX: the first refuses connections
--- smtp
mx1 11 refuse
mx2 12 pipelining
--- json
verdict: undeliverable mailbox_not_found confirmed mailbox
smtp.mx_host: mx2.ok.test
smtp.attempts: 2
smtp.rule: *
--- smtp_sessions: 1



=== TEST 4: the next MX: the first is silent
--- smtp
mx1 11
    banner: hang
mx2 12 pipelining
--- json
verdict: undeliverable mailbox_not_found confirmed mailbox
smtp.mx_host: mx2.ok.test
smtp.rule: *
--- smtp_sessions
mx2 1



=== TEST 5: the next MX: the first greets with 421
--- smtp
mx1 11
    banner: 421 4.3.2 Not now ; close
mx2 12 pipelining
--- json
verdict: undeliverable mailbox_not_found confirmed mailbox
smtp.mx_host: mx2.ok.test
smtp.rule: *
--- smtp_sessions
mx1 1
mx2 1



=== TEST 6: the next MX: the first greets with a bare 554
--- smtp
mx1 11
    banner: 554 No SMTP service here ; close
mx2 12 pipelining
--- json
verdict: undeliverable mailbox_not_found confirmed mailbox
smtp.mx_host: mx2.ok.test
smtp.rule: *



=== TEST 7: the next MX: the first fails at EHLO
--- smtp
mx1 11
    ehlo: 451 4.3.0 Local problem
mx2 12 pipelining
--- json
verdict: undeliverable mailbox_not_found confirmed mailbox
smtp.mx_host: mx2.ok.test
smtp.rule: *



=== TEST 8: a block: another host of theirs would say the same
--- smtp
mx1 11
    banner: 554 5.7.1 Your IP address is blacklisted by zen.spamhaus.org
mx2 12 pipelining
--- json
verdict: unknown sender_blocked estimated sender
smtp.mx_host: mx1.ok.test
smtp.stage: banner
smtp.rule: *
--- smtp_sessions
1
mx1 1
mx2 0



=== TEST 9: an answer is no failure: 4xx at the recipient
--- smtp
mx1 11 pipelining
    rcpt: 451 4.3.0 Temporary lookup failure
mx2 12 pipelining
--- json
status: unknown
verification_level: estimated
retry_after: *
smtp.mx_host: mx1.ok.test
smtp.response_code: 451
smtp.rule: *
--- smtp_sessions
mx1 1
mx2 0



=== TEST 10: no MX is left
--- smtp
mx1 11 refuse
mx2 12 refuse
mx3 13 refuse
--- within: 2s
--- json
verdict: unknown connect_failed estimated network
smtp.connected: false
smtp.stage: connect



=== TEST 11: what a real answer said is kept, when the next cannot be reached
--- smtp
mx1 11
    banner: 421 4.3.2 Not now ; close
mx2 12 refuse
--- json
status: unknown
verification_level: estimated
smtp.mailbox_exists: null



=== TEST 12: smtp_verify_max_mx
--- verify
smtp_verify_max_mx 1;
--- smtp
mx1 11 refuse
mx2 12 pipelining
--- json
verdict: unknown connect_failed estimated network
smtp.mx_host: mx1.ok.test
--- smtp_sessions: 0



=== TEST 13: a backup MX that refuses others: it counts
--- smtp
mx1 11 refuse
mx2 12 pipelining users=john
--- json
verdict: deliverable accepted confirmed null
smtp.mx_host: mx2.ok.test
smtp.is_catch_all: false
smtp.rule: accepted-2xx



=== TEST 14: a backup MX that accepts all proves nothing
--- smtp
mx1 11 refuse
mx2 12 pipelining accept
--- json
verdict: unknown connect_failed estimated network
retry_after: *
smtp.mx_host: mx1.ok.test
smtp.is_catch_all: null
smtp.rule: null
smtp.attempts: 2



=== TEST 15: a backup MX with the random recipient off
--- verify
smtp_verify_catch_all off;
--- smtp
mx1 11 refuse
mx2 12 pipelining users=john
--- json
verdict: unknown connect_failed estimated network
smtp.is_catch_all: null
smtp.rule: null
smtp.attempts: 2



=== TEST 16: a backup MX never sets what is known of the domain
--- no_reuse
--- smtp
mx1 11 pipelining users=john,mary
    banner@1: 421 4.3.2 Not now ; close
mx2 12 pipelining accept
--- address
john@ok.test
mary@ok.test
--- json
verdict: unknown server_error estimated domain
retry_after: *
smtp.mx_host: mx1.ok.test
smtp.response_code: 421
smtp.rule: *
--
verdict: deliverable accepted confirmed null
smtp.mx_host: mx1.ok.test
smtp.is_catch_all: false
smtp.rule: accepted-2xx



=== TEST 17: what is known of the domain does not vouch for a backup MX
--- no_reuse
--- smtp
mx1 11 pipelining users=john
    banner@2: 421 4.3.2 Not now ; close
mx2 12 pipelining accept
--- address
jane@ok.test
john@ok.test
--- json
verdict: undeliverable mailbox_not_found confirmed mailbox
smtp.mx_host: mx1.ok.test
smtp.rule: *
--
verdict: unknown server_error estimated domain
smtp.mx_host: mx1.ok.test
smtp.is_catch_all: !true
smtp.rule: *



=== TEST 18: HELO after 500
--- smtp
mx1 11 users=john
    ehlo: 500 5.5.1 Unknown command
--- json
verdict: deliverable accepted confirmed null
smtp.rule: accepted-2xx
--- smtp_turns
EHLO verifier.test
HELO verifier.test
MAIL FROM:<probe@verifier.test>
RCPT TO:<john@ok.test>
RSET
MAIL FROM:<probe@verifier.test>
RCPT TO:<*@ok.test>
QUIT



=== TEST 19: HELO after 502
--- smtp
mx1 11
    ehlo: 502 5.5.1 Not implemented
--- address: jane@ok.test
--- json
verdict: undeliverable mailbox_not_found confirmed mailbox
smtp.rule: *
--- smtp_turns
EHLO verifier.test
HELO verifier.test
MAIL FROM:<probe@verifier.test>
RCPT TO:<jane@ok.test>
QUIT



=== TEST 20: no HELO after 550, 504, 421, 451
--- no_reuse
--- smtp
mx1 11
    ehlo@1: 550 5.7.1 Access denied
    ehlo@2: 504 5.5.2 Need a fully-qualified hostname
    ehlo@3: 421 4.3.2 Not now ; close
    ehlo@4: 451 4.3.0 Local problem
--- address
anna@ok.test
bert@ok.test
carl@ok.test
dora@ok.test
--- json
status: unknown
verification_level: estimated
smtp.stage: ehlo
smtp.mailbox_exists: null
smtp.rule: *
--- smtp_unlike
C: HELO



=== TEST 21: HELO refused too
--- smtp
mx1 11
    ehlo: 502 5.5.1 Not implemented
    helo: 550 5.7.1 Go away, your HELO is bad
--- json
status: unknown
verification_level: estimated
smtp.stage: ehlo
smtp.response_code: 550
smtp.rule: *



=== TEST 22: equal preferences: each gets some
--- smtp
mx1 11 pipelining
mx2 12 pipelining
--- dns
ok.test MX 10 mx1.ok.test
ok.test MX 10 mx2.ok.test
mx1.ok.test A 11
mx2.ok.test A 12
--- address eval
CORE::join "\n", map { "user$_\@ok.test" } 1 .. 24
--- json
verdict: undeliverable mailbox_not_found confirmed mailbox
smtp.rule: *
--- smtp_sessions: 24
--- smtp_like
mx1/1 .* RCPT
mx2/1 .* RCPT



=== TEST 23: equal preferences: one of them failing is no backup
--- smtp
mx1 11 refuse
mx2 12 pipelining accept
--- dns
ok.test MX 10 mx1.ok.test
ok.test MX 10 mx2.ok.test
mx1.ok.test A 11
mx2.ok.test A 12
--- json
verdict: risky catch_all confirmed domain
smtp.is_catch_all: true
smtp.rule: *



=== TEST 24: unequal preferences: the best first, always
--- smtp
mx1 11 pipelining
mx2 12 pipelining
--- address eval
CORE::join "\n", map { "user$_\@ok.test" } 1 .. 12
--- json
verdict: undeliverable mailbox_not_found confirmed mailbox
smtp.mx_host: mx1.ok.test
smtp.rule: *
--- smtp_sessions
mx1 12
mx2 0



=== TEST 25: preferences are numbers
--- smtp
mx1 11 pipelining
mx2 12 pipelining
--- dns
ok.test MX 100 mx2.ok.test
ok.test MX 20 mx1.ok.test
mx1.ok.test A 11
mx2.ok.test A 12
--- json
reason: mailbox_not_found
smtp.mx_host: mx1.ok.test
--- smtp_sessions
mx2 0



=== TEST 26: a host with IPv6 alone
--- smtp
mx1 ::1 pipelining
--- json
verdict: undeliverable mailbox_not_found confirmed mailbox
smtp.mx_ip: ::1
smtp.rule: *



=== TEST 27: both families, one of them dead
--- smtp
mx1 11 pipelining
--- dns
ok.test MX 10 mx1.ok.test
mx1.ok.test AAAA ::1
mx1.ok.test A 11
--- address
john@ok.test
jane@ok.test
--- json
verdict: undeliverable mailbox_not_found confirmed mailbox
smtp.mx_ip: /\.11$/
smtp.rule: *



=== TEST 28: the budget is over before the MXes are
--- verify
smtp_verify_timeout 1s;
--- smtp
mx1 11
    banner: hang
mx2 12
    banner: hang
mx3 13
    banner: hang
mx4 14
    banner: hang
--- within: 1.2s
--- json
verdict: unknown timeout estimated network
smtp.mailbox_exists: null



=== TEST 29: smtp_verify_connect_timeout: each attempt has its own
--- verify
smtp_verify_connect_timeout 100ms 200ms 300ms;
--- smtp
mx1 11 syn-drop
mx2 12 syn-drop
mx3 13 syn-drop
--- within: 1s
--- not_within: 550ms
--- json
verdict: unknown /^(timeout|connect_failed)$/ estimated network
smtp.connected: false
smtp.attempts: 3



=== TEST 30: one host shows up late: a SYN that is sent again
--- verify
smtp_verify_connect_timeout 2s;
--- smtp
mx1 11 pipelining
    connect: wait 300ms
--- json
verdict: undeliverable mailbox_not_found confirmed mailbox
smtp.rule: *



=== TEST 31: 521 at the banner of the first, the next takes mail
--- smtp
mx1 11
    banner: 521 mx1 does not accept mail ; close
mx2 12 pipelining users=john
--- json
status: /^(deliverable|undeliverable)$/
verification_level: confirmed



=== TEST 32: five names of one dead address are one attempt
--- smtp
dead 11 syn-drop
mx6 16 pipelining users=john
--- dns eval
CORE::join('', map { "ok.test MX ${_}0 mx$_.ok.test\nmx$_.ok.test A 11\n" } 1 .. 5)
. "ok.test MX 60 mx6.ok.test\nmx6.ok.test A 16\n"
--- within: 800ms
--- json
verdict: deliverable accepted
smtp.mx_host: mx6.ok.test
smtp.attempts: 2
--- smtp_sessions
mx6 1



=== TEST 33: so are those of one that refuses, is silent, or says no
--- smtp
mx1 11 refuse
mx2 12
    banner: hang
mx3 13
    banner: 421 4.3.2 Not now ; close
mx6 16 pipelining users=john
--- dns eval
CORE::join '', map { my $n = $_; (map {
    "d$n.test MX ${_}0 mx$_.d$n.test\nmx$_.d$n.test A 1$n\n" } 1 .. 5),
    "d$n.test MX 60 mx6.d$n.test\nmx6.d$n.test A 16\n"
} 1 .. 3
--- address
john@d1.test
john@d2.test
john@d3.test
--- json
verdict: deliverable accepted
smtp.attempts: 2
--- smtp_sessions
mx2 1
mx3 1
mx6 3



=== TEST 34: and those of the same address among others of equal preference
--- smtp
dead 11 syn-drop
mx6 16 pipelining users=john
--- dns eval
CORE::join('', map { "ok.test MX 10 mx$_.ok.test\nmx$_.ok.test A 11\n" } 1 .. 9)
. "ok.test MX 20 mx10.ok.test\nmx10.ok.test A 16\n"
--- within: 1s
--- json
reason: accepted
smtp.mx_host: mx10.ok.test
smtp.attempts: 2



=== TEST 35: a host with six dead addresses does not keep the next one waiting
--- smtp
dead 11,12,13,14,15,16 syn-drop
mx2 17 pipelining users=john
--- dns eval
CORE::join('', map { "mx1.ok.test A 1$_\n" } 1 .. 6)
. "ok.test MX 10 mx1.ok.test\nok.test MX 20 mx2.ok.test\nmx2.ok.test A 17\n"
--- within: 1.2s
--- json
reason: accepted
smtp.mx_host: mx2.ok.test
smtp.attempts: 3



=== TEST 36: what is left of it is asked when all had their turn
--- smtp
dead 11,12 syn-drop
mx1 13 pipelining users=anna,bert,carl,dora,emil,fred,gert,hans
mx2 14 pipelining accept
--- dns
ok.test MX 10 mx1.ok.test
ok.test MX 20 mx2.ok.test
mx1.ok.test A 11
mx1.ok.test A 12
mx1.ok.test A 13
mx2.ok.test A 14
--- address eval
CORE::join "\n", map { "$_\@ok.test" }
    qw( anna bert carl dora emil fred gert hans )
--- json
verdict: deliverable accepted confirmed
smtp.mx_host: mx1.ok.test



=== TEST 37: once more with more patience, where a SYN may have been lost
--- verify
smtp_verify_connect_timeout 100ms 200ms 300ms;
--- smtp
dead 11,12 syn-drop
--- dns eval
CORE::join '', map { "ok.test MX ${_}0 mx$_.ok.test\nmx$_.ok.test A 1$_\n" } 1 .. 2
--- not_within: 550ms
--- within: 1.2s
--- json
verdict: unknown timeout
smtp.attempts: 4



=== TEST 38: what does not exist is no better MX
--- smtp
mx2 12 pipelining accept
--- dns
ok.test MX 10 none.ok.test
ok.test MX 20 mx2.ok.test
mx2.ok.test A 12
--- json
verdict: risky catch_all confirmed
smtp.mx_host: mx2.ok.test
smtp.is_catch_all: true



=== TEST 39: where a backup accepts, it is not that nobody takes the mail
--- smtp
mx1 11 pipelining
    banner: 521 mx1 does not accept mail ; close
mx2 12 pipelining accept
mx3 13 pipelining
mx4 14 pipelining smtputf8
    rcpt: 250 2.1.5 Ok
--- dns
a.test MX 10 mx1.a.test
a.test MX 20 mx2.a.test
mx1.a.test A 11
mx2.a.test A 12
b.test MX 10 mx3.b.test
b.test MX 20 mx4.b.test
mx3.b.test A 13
mx4.b.test A 14
--- address
john@a.test
jürgen@b.test
--- json
verdict: risky accepted_untested
smtp.response_code: 250
smtp.is_catch_all: null



=== TEST 40: a conclusion over all hosts needs all of them
--- verify
smtp_verify_max_mx 1;
--- smtp
mx1 11 pipelining
    banner: 521 mx1 does not accept mail ; close
mx2 12 pipelining users=john
--- dns
+default
a.test MX 10 none.a.test
a.test MX 20 mx2.a.test
mx2.a.test A 12
--- address
john@ok.test
john@a.test
--- json
verdict: unknown connect_failed estimated local
--
verdict: deliverable accepted



=== TEST 41: of six hosts five do not offer SMTPUTF8
--- smtp
mx1 11 pipelining
mx2 12 pipelining
mx3 13 pipelining
mx4 14 pipelining
mx5 15 pipelining
mx6 16 pipelining smtputf8
    rcpt jürgen@*: 250 2.1.5 Ok
--- address: jürgen@ok.test
--- json
verdict: unknown connect_failed
blame: local
--- smtp_sessions
5
mx6 0



=== TEST 42: SMTPUTF8 may be offered within TLS alone
--- smtp
mx1 11 pipelining starttls
    starttls: 454 4.7.0 TLS not available due to local problem
mx2 12 pipelining starttls
    starttls: 220 2.0.0 Ready ; wait 30ms ; close
mx3 13 pipelining starttls
    starttls: 220 2.0.0 Ready ; wait 30ms ; raw "this is no ServerHello, really not\r\n" ; hang
mx4 14 pipelining starttls
--- dns eval
CORE::join '', map { "d$_.test MX 10 mx.d$_.test\nmx.d$_.test A 1$_\n" } 1 .. 4
--- address eval
CORE::join "\n", map { "jürgen\@d$_.test" } 1 .. 4
--- json
verdict: unknown tls_failed
blame: network
--
verdict: unknown tls_failed
blame: network
--
verdict: unknown tls_failed
blame: network
--
verdict: undeliverable smtputf8_unsupported confirmed



=== TEST 43: or where TLS is not wanted
--- verify
smtp_verify_starttls off;
--- smtp
mx1 11 pipelining starttls
mx2 12 pipelining
--- dns
a.test MX 10 mx1.a.test
mx1.a.test A 11
b.test MX 10 mx2.b.test
mx2.b.test A 12
--- address
jürgen@a.test
jürgen@b.test
--- json
verdict: unknown connect_failed
blame: local
--
verdict: undeliverable smtputf8_unsupported



=== TEST 44: the budget is over before all were asked for
--- http_config
resolver_timeout 3s;
smtp_verify_timeout 500ms;
--- dns
ok.test MX 10 none.ok.test
ok.test MX 20 mx2.ok.test
mx2.ok.test ! drop
--- within: 900ms
--- json
verdict: unknown dns_error
blame: network



=== TEST 45: HELO after 501
--- smtp
mx1 11 users=john
    ehlo: 501 Syntax error in parameters or arguments
--- address: jane@ok.test
--- json
verdict: undeliverable mailbox_not_found
smtp.attempts: 1
--- smtp_turns
EHLO verifier.test
HELO verifier.test
MAIL FROM:<probe@verifier.test>
RCPT TO:<jane@ok.test>
QUIT



=== TEST 46: HELO after 504
--- smtp
mx1 11 users=john
    ehlo: 504 5.5.4 Command parameter not implemented
--- address: jane@ok.test
--- json
verdict: undeliverable mailbox_not_found
smtp.attempts: 1
--- smtp_turns
EHLO verifier.test
HELO verifier.test
MAIL FROM:<probe@verifier.test>
RCPT TO:<jane@ok.test>
QUIT



=== TEST 47: HELO after 550, where the command is not known
--- smtp
mx1 11 users=john
    ehlo: 550 5.5.1 Command not recognized
--- address: jane@ok.test
--- json
verdict: undeliverable mailbox_not_found
smtp.attempts: 1
--- smtp_turns
EHLO verifier.test
HELO verifier.test
MAIL FROM:<probe@verifier.test>
RCPT TO:<jane@ok.test>
QUIT



=== TEST 48: HELO after 554, likewise
--- smtp
mx1 11 users=john
    ehlo: 554 Unknown command
--- address: jane@ok.test
--- json
verdict: undeliverable mailbox_not_found
smtp.attempts: 1
--- smtp_turns
EHLO verifier.test
HELO verifier.test
MAIL FROM:<probe@verifier.test>
RCPT TO:<jane@ok.test>
QUIT



=== TEST 49: no HELO where our name is what is wrong
--- no_reuse
--- no_zones
--- smtp
mx1 11
    ehlo@1: 501 5.5.2 <verifier.test>: Helo command rejected: Invalid name
    ehlo@2: 504 5.5.2 <verifier.test>: Helo command rejected: need fully-qualified hostname
    ehlo@3: 550 5.7.1 EHLO command refused, unknown domain
    ehlo@4: 501 Invalid domain name
--- address
anna@ok.test
bert@ok.test
carl@ok.test
dora@ok.test
--- json
status: unknown
verification_level: estimated
smtp.stage: ehlo
smtp.mailbox_exists: null
--- smtp_unlike
C: HELO



=== TEST 50: a greeting that is not about us, 554 5.7.1 No SMTP service here: the next MX
--- smtp
mx1 11
    banner: 554 5.7.1 No SMTP service here ; close
mx2 12 users=john
--- json
verdict: deliverable accepted
smtp.mx_host: mx2.ok.test
smtp.attempts: 2



=== TEST 51: a greeting that is not about us, 554 5.3.2 mx1 not in service: the next MX
--- smtp
mx1 11
    banner: 554 5.3.2 mx1 not in service ; close
mx2 12 users=john
--- json
verdict: deliverable accepted
smtp.mx_host: mx2.ok.test
smtp.attempts: 2



=== TEST 52: a greeting that is not about us, 554 5.7.0: the next MX
--- smtp
mx1 11
    banner: 554 5.7.0 ; close
mx2 12 users=john
--- json
verdict: deliverable accepted
smtp.mx_host: mx2.ok.test
smtp.attempts: 2



=== TEST 53: a greeting that is not about us, 554 Transaction failed: the next MX
--- smtp
mx1 11
    banner: 554 Transaction failed ; close
mx2 12 users=john
--- json
verdict: deliverable accepted
smtp.mx_host: mx2.ok.test
smtp.attempts: 2



=== TEST 54: a greeting that is about us: no other MX is asked
--- smtp
mx1 11
    banner: 554 5.7.1 Your address is not welcome here, access denied ; close
mx2 12 users=john
--- json
verdict: unknown /^(sender_blocked|policy_rejected)$/
smtp.mx_host: mx1.ok.test
smtp.attempts: 1



=== TEST 55: a greeting that is about us: no other MX is asked
--- smtp
mx1 11
    banner: 554 5.7.1 Client host [127.0.0.1] blocked using zen.spamhaus.org ; close
mx2 12 users=john
--- json
verdict: unknown sender_blocked
smtp.mx_host: mx1.ok.test
smtp.attempts: 1



=== TEST 56: all of them say so: the reply is told
--- smtp
mx1 11
    banner: 554 5.7.1 No SMTP service here ; close
mx2 12
    banner: 554 5.7.1 No SMTP service here ; close
--- json
status: unknown
smtp.response_code: 554
smtp.stage: banner
smtp.attempts: 2



=== TEST 57: hosts take turns where connections are refused, too
--- smtp
dead 11,12,13,14,15,16 refuse
mx2 17 pipelining users=john
--- dns eval
CORE::join('', map { "mx1.ok.test A 1$_\n" } 1 .. 6)
. "ok.test MX 10 mx1.ok.test\nok.test MX 20 mx2.ok.test\nmx2.ok.test A 17\n"
--- json
reason: accepted
smtp.mx_host: mx2.ok.test
smtp.attempts: 3



=== TEST 58: two of them before the one that is alive
--- smtp
dead 11,12,13,14,15,16,21,22,23,24 refuse
mx3 17 pipelining users=john
--- dns eval
CORE::join('', map({ "mx1.ok.test A 1$_\n" } 1 .. 6),
           map({ "mx2.ok.test A 2$_\n" } 1 .. 4))
. "ok.test MX 10 mx1.ok.test\nok.test MX 20 mx2.ok.test\n"
. "ok.test MX 30 mx3.ok.test\nmx3.ok.test A 17\n"
--- json
reason: accepted
smtp.mx_host: mx3.ok.test
smtp.attempts: 5



=== TEST 59: so they do where all addresses are connected to, and reset
--- smtp
mx1 11,12,13,14
    banner: reset
mx2 17 pipelining users=john
--- dns eval
CORE::join('', map { "mx1.ok.test A 1$_\n" } 1 .. 4)
. "ok.test MX 10 mx1.ok.test\nok.test MX 20 mx2.ok.test\nmx2.ok.test A 17\n"
--- json
reason: accepted
smtp.mx_host: mx2.ok.test
smtp.attempts: 3



=== TEST 60: or say that they shut down
--- smtp
mx1 11,12,13,14
    banner: 421 4.3.2 Service shutting down ; close
mx2 17 pipelining users=john
--- dns eval
CORE::join('', map { "mx1.ok.test A 1$_\n" } 1 .. 4)
. "ok.test MX 10 mx1.ok.test\nok.test MX 20 mx2.ok.test\nmx2.ok.test A 17\n"
--- json
reason: accepted
smtp.attempts: 3
--- smtp_sessions
mx1 2
mx2 1



=== TEST 61: one refuses and one drops SYNs, in turn, each address once
--- smtp
dead 11,12,13 refuse
mute 21,22,23 syn-drop
--- dns eval
"ok.test MX 10 mx1.ok.test\nok.test MX 20 mx2.ok.test\n"
. CORE::join('', map { "mx1.ok.test A 1$_\nmx2.ok.test A 2$_\n" } 1 .. 3)
--- verify
smtp_verify_connect_timeout 100ms;
--- json
verdict: unknown timeout
smtp.attempts: 6



=== TEST 62: what is left of a host that refused is asked when all had their turn
--- smtp
dead 11,12 refuse
mx1 13 pipelining users=anna,bert,carl,dora,emil,fred
mx2 14 pipelining accept
--- dns
ok.test MX 10 mx1.ok.test
ok.test MX 20 mx2.ok.test
mx1.ok.test A 11
mx1.ok.test A 12
mx1.ok.test A 13
mx2.ok.test A 14
--- address eval
CORE::join "\n", map { "$_\@ok.test" } qw( anna bert carl dora emil fred )
--- json
verdict: deliverable accepted
smtp.mx_host: mx1.ok.test



=== TEST 63: a family that we have no way to takes no turn
--- http_config
smtp_verify_bind 127.0.0.1;
--- smtp
mx1 11 pipelining users=john
mx2 17 pipelining users=john
--- dns
ok.test MX 10 mx1.ok.test
ok.test MX 20 mx2.ok.test
mx1.ok.test AAAA 2001:db8::1
mx1.ok.test AAAA 2001:db8::2
mx1.ok.test AAAA 2001:db8::3
mx1.ok.test A 11
mx2.ok.test A 17
--- json
reason: accepted
smtp.mx_host: mx1.ok.test
smtp.attempts: 1
