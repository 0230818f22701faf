# Addresses: what is one, and how it goes out.

use lib 't/lib';
use TestVerify 'no_plan';

run_tests();

__DATA__

=== TEST 1: case: the local part's is kept, the domain's is not
--- smtp
mx1 11 pipelining
    rcpt John.Doe@ok.test: 250 2.1.5 Ok
--- address: John.Doe@OK.Test
--- json
normalized: /^(John\.Doe|john\.doe)@ok\.test$/
verdict: deliverable accepted confirmed null
smtp.rule: accepted-2xx
--- smtp_like
RCPT TO:<John\.Doe@ok\.test>



=== TEST 2: a dot at the domain's end is taken off or refused
--- smtp
mx1 11 pipelining users=john
--- address: john@ok.test.
--- json
verdict: /^(deliverable|undeliverable)$/ /^(accepted|invalid_syntax)$/ confirmed
--- smtp_unlike
ok\.test\.>



=== TEST 3: all the characters that an atom has
--- smtp
mx1 11 pipelining accept
--- verify
smtp_verify_catch_all off;
--- address: a!#$%&'*+-/=?^_`{|}~b@ok.test
--- json
verdict: risky accepted_untested confirmed null
smtp.rule: accepted-2xx
--- smtp_check eval
sub { index($_[1], 'RCPT TO:<a!#$%&\'*+-/=?^_`{|}~b@ok.test>') > 0 }



=== TEST 4: a quoted local part that has to be
--- smtp
mx1 11 pipelining
    rcpt "john doe"@ok.test: 250 2.1.5 Ok
--- address: "john doe"@ok.test
--- json
verdict: deliverable accepted confirmed null
smtp.rule: accepted-2xx



=== TEST 5: quoted pairs
--- smtp
mx1 11 pipelining
    rcpt "a\"b\\c@d>e"@ok.test: 250 2.1.5 Ok
--- address: "a\"b\\c@d>e"@ok.test
--- json
verdict: deliverable accepted confirmed null
smtp.rule: accepted-2xx



=== TEST 6: quotes that are not needed
--- smtp
mx1 11 pipelining users=john
--- address
"john"@ok.test
"jo\hn"@ok.test
--- json
verdict: deliverable accepted confirmed null
smtp.rule: accepted-2xx
--- smtp_like
RCPT TO:<john@ok\.test>



=== TEST 7: the longest there may be
--- smtp
mx1 11 pipelining accept
--- verify
smtp_verify_catch_all off;
--- dns eval
my $d = CORE::join '.', 'd' x 63, 'e' x 63, 'f' x 56, 'test';
"$d MX 10 mx1.ok.test\nmx1.ok.test A 11\n"
--- address eval
('l' x 64) . '@' . CORE::join '.', 'd' x 63, 'e' x 63, 'f' x 56, 'test'
--- json
verdict: risky accepted_untested confirmed null
smtp.rule: accepted-2xx
--- smtp_sessions: 1



=== TEST 8: what is no address
--- smtp
mx1 11 pipelining accept
--- address eval
CORE::join "\n", 'john', '@ok.test', 'john@', 'john@@ok.test', 'john@ok@ok.test',
    '.john@ok.test', 'john.@ok.test', 'jo..hn@ok.test', 'jo hn@ok.test',
    ' ', 'john@ok..test', 'john@.ok.test', 'john@-ok.test', 'john@ok-.test',
    'john@ok_.test', 'john@o k.test', 'john@ok.test,jane@ok.test',
    'john@ok.test>', '<john@ok.test>', 'John <john@ok.test>',
    'mailto:john doe@ok.test', '"john@ok.test', 'jo"hn@ok.test',
    '"john"doe@ok.test', '"jo"hn"@ok.test', '"john\\"@ok.test',
    'john(comment)@ok.test', 'john;@ok.test', 'john:@ok.test',
    ('l' x 65) . '@ok.test', 'john@' . ('d' x 64) . '.test',
    'john@' . CORE::join('.', ('d' x 63) x 4, 'test'),
    ('l' x 64) . '@' . CORE::join('.', 'd' x 63, 'e' x 63, 'f' x 63, 'test'),
    'john@xn--.test', 'john@xn--a.test'
--- json
verdict: undeliverable invalid_syntax confirmed mailbox
checks.syntax: false
checks.domain: null
checks.mx_record: null
smtp.connected: !true
smtp.response_code: null
smtp.rule: null
--- smtp_sessions: 0



=== TEST 9: nothing at all
--- request
GET /verify?email=
--- error_code_like: ^(200|400|422)$
--- response_body_like: invalid_syntax|problem|missing|email



=== TEST 10: no line ends and control characters into the conversation: percent-encoded
--- smtp
mx1 11 pipelining accept
--- request eval
[map { "GET /verify?email=$_" }
 'john%0d%0aRCPT%20TO:%3cjane@ok.test', 'john%0a@ok.test', 'x%0d%0ajohn@ok.test',
 'john@ok.test%0d%0aQUIT', 'john@ok.test%0ax', 'jo%09hn@ok.test', 'jo%1bhn@ok.test',
 'jo%7fhn@ok.test', '"jo%0d%0ahn"@ok.test', '"jo%09hn"@ok.test', '"jo%5c%0ahn"@ok.test',
 'jo%c2%85hn@ok.test', 'jo%e2%80%a8hn@ok.test', 'john@o%0dk.test']
--- json
verdict: undeliverable invalid_syntax confirmed mailbox
--- smtp_sessions: 0



=== TEST 11: no line ends and control characters into the conversation: JSON
--- smtp
mx1 11 pipelining accept
--- more_headers
Content-Type: application/json
--- request eval
['POST /verify
{"email": "john\r\nQUIT\r\n@ok.test"}', 'POST /verify
{"email": "\"john\r\nQUIT\"@ok.test"}', 'POST /verify
{"email": "john@ok.test\r\nQUIT"}', 'POST /verify
{"email": "john\u0085@ok.test"}', 'POST /verify
{"email": "jo\u001bhn@ok.test"}']
--- json
verdict: undeliverable invalid_syntax confirmed mailbox
--- smtp_sessions: 0



=== TEST 12: a domain literal, by policy
--- smtp
mx1 11 pipelining accept
--- address
john@[127.0.0.1]
john@[IPv6:::1]
john@[192.0.2.1]
--- json
verdict: unknown unsupported_address estimated local
checks.syntax: true
smtp.response_code: null
smtp.rule: null
--- smtp_sessions: 0



=== TEST 13: a broken literal is no address
--- address
john@[127.0.0.256]
john@[127.0.0.1
john@127.0.0.1]
john@[]
--- json
verdict: undeliverable invalid_syntax confirmed mailbox



=== TEST 14: an international domain: A-labels on the wire, U-labels in the answer
--- smtp
mx1 11 pipelining users=john
--- dns
xn--bcher-kva.test MX 10 mx1.ok.test
mx1.ok.test A 11
--- address
john@bücher.test
john@xn--bcher-kva.test
john@BÜCHER.test
--- json
normalized: john@bücher.test
verdict: deliverable accepted confirmed null
smtp.rule: accepted-2xx
--- smtp_like
RCPT TO:<john@xn--bcher-kva\.test>
--- smtp_unlike
SMTPUTF8
--- dns_queries
xn--bcher-kva.test MX >=1



=== TEST 15: an ideographic full stop parts labels too
--- smtp
mx1 11 pipelining users=john
--- dns
xn--bcher-kva.test MX 10 mx1.ok.test
mx1.ok.test A 11
--- address: john@bücher。test
--- json
verdict: /^(deliverable|undeliverable)$/ /^(accepted|invalid_syntax)$/



=== TEST 16: an international local part, offered SMTPUTF8
--- smtp
mx1 11 pipelining smtputf8 8bitmime
    rcpt jürgen@*: 250 2.1.5 Ok
--- address: jürgen@ok.test
--- json
email: jürgen@ok.test
verdict: deliverable accepted confirmed null
smtp.rule: accepted-2xx
--- smtp_turns
EHLO verifier.test
MAIL FROM:<probe@verifier.test> *SMTPUTF8* | RCPT TO:<jürgen@ok.test>
RSET | MAIL FROM:<probe@verifier.test>* | RCPT TO:<*@ok.test>
QUIT



=== TEST 17: an international local part, not offered
--- smtp
mx1 11 pipelining
--- address: jürgen@ok.test
--- json
verdict: undeliverable smtputf8_unsupported confirmed domain
smtp.connected: true
smtp.mailbox_exists: !true
smtp.rule: null
--- smtp_unlike
RCPT TO



=== TEST 18: an international local part, offered by the second MX only
--- smtp
mx1 11 pipelining
mx2 12 pipelining smtputf8
    rcpt jürgen@*: 250 2.1.5 Ok
--- address: jürgen@ok.test
--- json
verdict: deliverable accepted confirmed null
smtp.mx_host: mx2.ok.test
smtp.rule: accepted-2xx



=== TEST 19: SMTPUTF8 is not asked for where it is not needed
--- smtp
mx1 11 pipelining smtputf8 users=john
--- address: john@ok.test
--- json
verdict: deliverable accepted confirmed null
smtp.rule: accepted-2xx
--- smtp_unlike
C: .*SMTPUTF8



=== TEST 20: an international local part and a domain
--- smtp
mx1 11 pipelining smtputf8
    rcpt 用户@*: 250 2.1.5 Ok
--- dns
xn--fsqu00a.test MX 10 mx1.ok.test
mx1.ok.test A 11
--- address: 用户@例子.test
--- json
email: 用户@例子.test
normalized: 用户@例子.test
verdict: deliverable accepted confirmed null
smtp.rule: accepted-2xx



=== TEST 21: a tag stays in what is asked, the root is without it or the same
--- smtp
mx1 11 pipelining
    rcpt john+news@ok.test: 250 2.1.5 Ok
--- address: john+news@ok.test
--- json
email: john+news@ok.test
normalized: john+news@ok.test
root: /^john(\+news)?@ok\.test$/
verdict: deliverable accepted confirmed null
smtp.rule: accepted-2xx



=== TEST 22: white space around it is not part of it
--- smtp
mx1 11 pipelining users=john
--- request eval
[map { "GET /verify?email=$_" } '%20john@ok.test%20', '%0d%0ajohn@ok.test%0d%0a',
 '%c2%a0john@ok.test%e2%80%8b', '%09%ef%bb%bfjohn@ok.test%e3%80%80']
--- json
reason: accepted
email: john@ok.test
normalized: john@ok.test
--- smtp_unlike
RCPT TO:< 
--- smtp_like
(?s)^(?!.*RCPT TO:<john@ok\.test >)



=== TEST 90: MAIL FROM of a domain in Unicode
--- verify
smtp_verify_from probe@MÜNCHEN.example;
--- smtp
mx1 11 pipelining users=john
--- address: john@ok.test
--- json
reason: accepted
--- smtp_like
C: MAIL FROM:<probe@xn--mnchen-3ya.example>$



=== TEST 91: likewise by a variable
--- verify
smtp_verify_from probe@$arg_from;
--- query: from=münchen.example
--- smtp
mx1 11 pipelining users=john
--- address: john@ok.test
--- json
reason: accepted
--- smtp_like
C: MAIL FROM:<probe@xn--mnchen-3ya.example>$



=== TEST 92: a domain with emoji is the same in both forms, and for the cache
--- http_config
smtp_verify_cache_zone zone=c:1m;
smtp_verify_cache c;
--- smtp
mx1 11 pipelining users=john
--- dns
xn--i-7iq.test MX 10 mx1.ok.test
mx1.ok.test A 11
--- address
john@i❤.test
john@xn--i-7iq.test
john@I❤️.TEST
--- json
verdict: deliverable accepted
normalized: john@i❤.test
cached: false
--
verdict: deliverable accepted
normalized: john@i❤.test
cached: true
--
verdict: deliverable accepted
normalized: john@i❤.test
cached: true
--- smtp_sessions: 1
--- smtp_like
RCPT TO:<john@xn--i-7iq\.test>
