# The happy ways: what is said, in how many turns, and what comes of it.

use lib 't/lib';
use TestVerify 'no_plan';

run_tests();

__DATA__

=== TEST 1: accepted, the first address of its domain: 5 waits
--- smtp
mx1 11 pipelining users=john
--- address: john@ok.test
--- json
email: john@ok.test
normalized: john@ok.test
verdict: deliverable accepted confirmed null
retry_after: null
cached: false
age: 0
checks.syntax: true
checks.domain: true
checks.mx_record: true
checks.catch_all: false
smtp.connected: true
smtp.mailbox_exists: true
smtp.is_catch_all: false
smtp.smtp_provider: null
smtp.mx_host: mx1.ok.test
smtp.mx_ip: /^127\.90\.\d+\.11$/
smtp.stage: rcpt
smtp.response_code: 250
smtp.enhanced_code: 2.1.5
smtp.response: 2.1.5 Ok
smtp.tls: null
smtp.attempts: 1
smtp.rule: accepted-2xx
--- smtp_waits: 5
--- smtp_turns
EHLO verifier.test
MAIL FROM:<probe@verifier.test> | RCPT TO:<john@ok.test>
RSET | MAIL FROM:<probe@verifier.test> | RCPT TO:<*@ok.test>
QUIT
--- dns_queries
ok.test MX 1



=== TEST 2: refused: 4 waits, and nobody else is asked for
--- smtp
mx1 11 pipelining users=john
--- address: jane@ok.test
--- json
verdict: undeliverable mailbox_not_found confirmed mailbox
retry_after: null
smtp.connected: true
smtp.mailbox_exists: false
smtp.is_catch_all: false
smtp.stage: rcpt
smtp.response_code: 550
smtp.enhanced_code: 5.1.1
smtp.response: 5.1.1 <jane@ok.test>: Recipient address rejected: User unknown
smtp.rule: *
--- smtp_waits: 4
--- smtp_turns
EHLO verifier.test
MAIL FROM:<probe@verifier.test> | RCPT TO:<jane@ok.test>
QUIT



=== TEST 3: eager, accepted: one flight, 4 waits
--- verify
smtp_verify_catch_all eager;
--- smtp
mx1 11 pipelining users=john
--- address: john@ok.test
--- json
verdict: deliverable accepted confirmed null
smtp.is_catch_all: false
smtp.stage: rcpt
smtp.response_code: 250
smtp.rule: accepted-2xx
--- smtp_waits: 4
--- smtp_turns
EHLO verifier.test
MAIL FROM:<probe@verifier.test> | RCPT TO:<john@ok.test> | RSET | MAIL FROM:<probe@verifier.test> | RCPT TO:<*@ok.test>
QUIT



=== TEST 4: eager, refused: 4 waits
--- verify
smtp_verify_catch_all eager;
--- smtp
mx1 11 pipelining users=john
--- address: jane@ok.test
--- json
verdict: undeliverable mailbox_not_found confirmed mailbox
smtp.response_code: 550
smtp.response: /jane/
smtp.rule: *
--- smtp_waits: 4



=== TEST 5: off: accepted, and nothing is claimed
--- verify
smtp_verify_catch_all off;
--- smtp
mx1 11 pipelining users=john
--- address: john@ok.test
--- json
verdict: risky accepted_untested confirmed null
smtp.mailbox_exists: !false
smtp.is_catch_all: null
smtp.response_code: 250
smtp.rule: accepted-2xx
--- smtp_waits: 4
--- smtp_turns
EHLO verifier.test
MAIL FROM:<probe@verifier.test> | RCPT TO:<john@ok.test>
QUIT



=== TEST 6: the domain is known from then on: 5, then 4 and 4 waits
--- smtp
mx1 11 pipelining users=john,mary
--- address
john@ok.test
mary@ok.test
jane@ok.test
--- json
verdict: deliverable accepted confirmed null
smtp.is_catch_all: false
smtp.rule: accepted-2xx
--
verdict: deliverable accepted confirmed null
smtp.is_catch_all: false
smtp.rule: accepted-2xx
--
verdict: undeliverable mailbox_not_found confirmed mailbox
smtp.rule: *
--- smtp_waits: 13
--- smtp_sessions: 3



=== TEST 7: a refused address is proof enough: 4 and 4 waits
--- smtp
mx1 11 pipelining users=john
--- address
jane@ok.test
john@ok.test
--- json
verdict: undeliverable mailbox_not_found confirmed mailbox
smtp.rule: *
--
verdict: deliverable accepted confirmed null
smtp.is_catch_all: false
smtp.rule: accepted-2xx
--- smtp_waits: 8
--- smtp_turns
EHLO verifier.test
MAIL FROM:<probe@verifier.test> | RCPT TO:<jane@ok.test>
QUIT
EHLO verifier.test
MAIL FROM:<probe@verifier.test> | RCPT TO:<john@ok.test>
QUIT



=== TEST 8: with STARTTLS 3 waits more: 8 for a first accepted address
--- smtp
mx1 11 pipelining starttls users=john
--- address: john@ok.test
--- json
verdict: deliverable accepted confirmed null
smtp.tls.protocol: TLSv1.3
smtp.tls.cipher: /^TLS_/
smtp.tls.verified: false
smtp.rule: accepted-2xx
--- smtp_waits: 8
--- smtp_turns
EHLO verifier.test
STARTTLS
[tls]
EHLO verifier.test
MAIL FROM:<probe@verifier.test> | RCPT TO:<john@ok.test>
RSET | MAIL FROM:<probe@verifier.test> | RCPT TO:<*@ok.test>
QUIT



=== TEST 9: with STARTTLS and eager: 7 waits
--- verify
smtp_verify_catch_all eager;
--- smtp
mx1 11 pipelining starttls users=john
--- address: john@ok.test
--- json
verdict: deliverable accepted confirmed null
smtp.tls.protocol: TLSv1.3
smtp.rule: accepted-2xx
--- smtp_waits: 7



=== TEST 10: without PIPELINING each command on its own, refused: 5 waits
--- smtp
mx1 11
--- address: jane@ok.test
--- json
verdict: undeliverable mailbox_not_found confirmed mailbox
smtp.response_code: 550
smtp.rule: *
--- smtp_waits: 5
--- smtp_turns
EHLO verifier.test
MAIL FROM:<probe@verifier.test>
RCPT TO:<jane@ok.test>
QUIT



=== TEST 11: without PIPELINING, accepted: 8 waits
--- smtp
mx1 11 users=john
--- address: john@ok.test
--- json
verdict: deliverable accepted confirmed null
smtp.is_catch_all: false
smtp.response_code: 250
smtp.rule: accepted-2xx
--- smtp_waits: 8
--- smtp_turns
EHLO verifier.test
MAIL FROM:<probe@verifier.test>
RCPT TO:<john@ok.test>
RSET
MAIL FROM:<probe@verifier.test>
RCPT TO:<*@ok.test>
QUIT



=== TEST 12: without PIPELINING eager has no flight to put it in
--- verify
smtp_verify_catch_all eager;
--- smtp
mx1 11 users=john
--- address
john@ok.test
--- json
verdict: deliverable accepted confirmed null
smtp.is_catch_all: false
smtp.response_code: 250
smtp.rule: accepted-2xx
--- smtp_turns
EHLO verifier.test
MAIL FROM:<probe@verifier.test>
RCPT TO:<john@ok.test>
RSET
MAIL FROM:<probe@verifier.test>
RCPT TO:<*@ok.test>
QUIT



=== TEST 13: keywords of EHLO in any case, among others, with parameters
--- smtp
mx1 11 users=john
    ehlo: 250 mx1 greets verifier.test\nsize 1000\nX-PIPELINING-NOT\nPipelining\nDSN
--- address: jane@ok.test
--- json
verdict: undeliverable mailbox_not_found confirmed mailbox
smtp.rule: *
--- smtp_waits: 4



=== TEST 14: a keyword that only begins like one is another
--- smtp
mx1 11 users=john
    ehlo: 250 mx1 PIPELINING\nPIPELINING2\nXPIPELINING
--- address: jane@ok.test
--- json
verdict: undeliverable mailbox_not_found confirmed mailbox
smtp.rule: *
--- smtp_waits: 5



=== TEST 15: replies of several lines
--- smtp
mx1 11 pipelining users=john
    banner: 220 mx1 ESMTP\nunsolicited mail is not welcome\nhere
    mail: 250 2.1.0 sender\nok
    rcpt john@*: 250 2.1.5 recipient\n250 2.1.5 ok
    rcpt jane@*: 550 5.1.1 No such user\n550 5.1.1 here
--- address
john@ok.test
jane@ok.test
--- json
verdict: deliverable accepted confirmed null
smtp.response: /recipient.*ok/
smtp.rule: accepted-2xx
--
verdict: undeliverable mailbox_not_found confirmed mailbox
smtp.enhanced_code: 5.1.1
smtp.response: /No such user.*here/
smtp.rule: *
--- smtp_waits: 9



=== TEST 16: a reply in two segments
--- smtp
mx1 11 pipelining users=john
    rcpt john@*: raw "250-2.1.5 wait" ; wait 50ms ; raw " for it\r" ; wait 50ms ; raw "\n250 2.1.5 done\r\n"
--- address: john@ok.test
--- json
verdict: deliverable accepted confirmed null
smtp.response_code: 250
smtp.response: /wait for it.*done/
smtp.rule: accepted-2xx
--- smtp_waits: 5



=== TEST 17: bare replies: a code alone
--- smtp
mx1 11 pipelining users=john
    mail: raw "250\r\n"
    rcpt john@*: raw "250\r\n"
--- address: john@ok.test
--- json
verdict: deliverable accepted confirmed null
smtp.response_code: 250
smtp.enhanced_code: null
smtp.rule: accepted-2xx



=== TEST 18: 251 and 252 are 2xx
--- smtp
mx1 11 pipelining
    rcpt moved@*: 251 2.1.5 User not local; will forward
--- address: moved@ok.test
--- json
verdict: deliverable accepted confirmed null
smtp.response_code: 251
smtp.rule: *



=== TEST 19: MAIL FROM:<> where it is asked for
--- verify
smtp_verify_from <>;
--- smtp
mx1 11 pipelining users=john
--- address: john@ok.test
--- json
verdict: deliverable accepted confirmed null
smtp.rule: accepted-2xx
--- smtp_turns
EHLO verifier.test
MAIL FROM:<> | RCPT TO:<john@ok.test>
RSET | MAIL FROM:<> | RCPT TO:<*@ok.test>
QUIT



=== TEST 20: HELO name and MAIL FROM by request
--- verify
smtp_verify_helo $http_x_name.verifier.test;
smtp_verify_from $http_x_name@verifier.test;
--- more_headers
X-Name: east
--- smtp
mx1 11 pipelining users=john
--- address: john@ok.test
--- json
verdict: deliverable accepted confirmed null
smtp.rule: accepted-2xx
--- smtp_turns
EHLO east.verifier.test
MAIL FROM:<east@verifier.test> | RCPT TO:<john@ok.test>
RSET | MAIL FROM:<east@verifier.test> | RCPT TO:<*@ok.test>
QUIT



=== TEST 21: values with variables are validated then: HELO
--- verify
smtp_verify_helo $arg_helo;
--- smtp
mx1 11 pipelining users=john
--- request
GET /verify?email=john@ok.test&helo=evil%0d%0aMAIL
--- error_code: 500
--- problem
status: 500
--- smtp_sessions: 0



=== TEST 22: values with variables are validated then: MAIL FROM
--- verify
smtp_verify_from $http_x_from;
--- more_headers
X-From: me@verifier.test> SIZE=1 <x
--- smtp
mx1 11 pipelining users=john
--- request
GET /verify?email=john@ok.test
--- error_code: 500
--- problem
status: 500
--- smtp_sessions: 0



=== TEST 23: the address bound to
--- verify
smtp_verify_bind $TEST_NGINX_NET.77;
--- smtp
mx1 11 pipelining users=john
    rcpt john@*: 250 2.1.5 Ok
--- address: john@ok.test
--- json
verdict: deliverable accepted confirmed null
smtp.rule: accepted-2xx
--- smtp_like
-- peer 127\.90\.\d+\.77



=== TEST 24: the conversation on request
--- verify
smtp_verify_transcript on;
--- smtp
mx1 11 pipelining users=john
--- address: john@ok.test
--- query: transcript=1
--- with_transcript
--- json
verdict: deliverable accepted confirmed null
smtp.rule: accepted-2xx
transcript: *
transcript.0: *
transcript.3: *
--- response_body_like chomp
EHLO verifier\.test.*MAIL FROM:<probe\@verifier\.test>.*RCPT TO:<john\@ok\.test>



=== TEST 25: the conversation only where it is switched on
--- smtp
mx1 11 pipelining users=john
--- address: john@ok.test
--- query: transcript=1
--- json
verdict: deliverable accepted confirmed null
smtp.rule: accepted-2xx



=== TEST 26: the conversation only where it is asked for
--- verify
smtp_verify_transcript on;
--- smtp
mx1 11 pipelining users=john
--- address: john@ok.test
--- json
verdict: deliverable accepted confirmed null
smtp.rule: accepted-2xx



=== TEST 27: QUIT is answered late: nobody waits for it
--- smtp
mx1 11 pipelining
    quit: wait 800ms ; default
--- address: jane@ok.test
--- within: 600ms
--- json
verdict: undeliverable mailbox_not_found confirmed mailbox
smtp.rule: *
--- smtp_like
-- end server



=== TEST 28: QUIT is never answered: 2 seconds
--- smtp
mx1 11 pipelining
    quit: hang
--- address: jane@ok.test
--- within: 600ms
--- json
verdict: undeliverable mailbox_not_found confirmed mailbox
smtp.rule: *
--- smtp_check eval
sub { my $s = $_[0][0]; my ($end) = grep { $_->{e} eq 'end' } @{ $s->{events} };
      my $took = $end->{t} - $s->{t}; $took > 1.5 && $took < 2.8 }



=== TEST 29: one address over IPv6
--- smtp
mx1 ::1 pipelining users=john
--- address: john@ok.test
--- json
verdict: deliverable accepted confirmed null
smtp.mx_ip: ::1
smtp.rule: accepted-2xx
--- smtp_waits: 5



=== TEST 30: the transcript has each line as it came, with its enhanced code
--- verify
smtp_verify_transcript on;
--- smtp
mx1 11 pipelining
    rcpt: raw "550-5.1.1 The address\r\n550-5.1.1 is not\r\n550-and never was\r\n550 5.1.2 here\r\n"
--- address: jane@ok.test
--- query: transcript=1
--- with_transcript
--- json
reason: mailbox_not_found
smtp.response: 5.1.1 The address is not and never was 5.1.2 here
--- response_body_like chomp
550-5\.1\.1 The address".*"550-5\.1\.1 is not".*"550-and never was".*"550 5\.1\.2 here"
