# Providers of the table that is compiled in: what their answers are worth.

use lib 't/lib';
use TestVerify 'no_plan';

run_tests();

__DATA__

=== TEST 1: who accepts every recipient proves nothing: Mail.ru
--- smtp
mx1 11 pipelining
    rcpt *: 250 Go ahead
--- verify
smtp_verify_ask_unverifiable on;
--- dns
mail.ru MX 10 mxs.mail.ru
mxs.mail.ru A 11
--- address: made.up.by.nobody@mail.ru
--- json
verdict: unknown unverifiable_provider estimated
smtp.smtp_provider: Mail.ru
smtp.response_code: 250
--- smtp_unlike
C: RSET



=== TEST 2: likewise Yahoo and Yahoo! JAPAN
--- smtp
mx1 11 pipelining
    rcpt *: 250 Go ahead
--- verify
smtp_verify_ask_unverifiable on;
--- dns
yahoo.com MX 1 mta5.am0.yahoodns.net
mta5.am0.yahoodns.net A 11
yahoo.co.jp MX 10 mx1.mail.yahoo.co.jp
mx1.mail.yahoo.co.jp A 11
--- address
made.up.by.nobody@yahoo.com
made.up.by.nobody@yahoo.co.jp
--- json
reason: unverifiable_provider
verification_level: estimated
smtp.smtp_provider: Yahoo
--
reason: unverifiable_provider
verification_level: estimated
smtp.smtp_provider: Yahoo! JAPAN



=== TEST 3: a tenant of Microsoft 365 that accepts all, and one that does not
--- smtp
mx1 11 pipelining
    rcpt *: 250 Go ahead
mx2 12 pipelining
    rcpt john@*: 250 2.1.5 Recipient OK
    rcpt *: 550 5.4.1 Recipient address rejected: Access denied. AS(201806281) [DB5EUR01FT046.eop-EUR01.prod.protection.outlook.com]
--- dns
all.test MX 10 all-test.mail.protection.outlook.com
all-test.mail.protection.outlook.com A 11
some.test MX 10 some-test.mail.protection.outlook.com
some-test.mail.protection.outlook.com A 12
--- address
john@all.test
john@some.test
jane@some.test
--- json
reason: catch_all
smtp.smtp_provider: Microsoft 365
--
reason: accepted
smtp.smtp_provider: Microsoft 365
--
reason: mailbox_not_found
verification_level: confirmed
smtp.rule: exchange-edge-blocking



=== TEST 4: where the answer would prove nothing the server is not asked
--- smtp
mx1 11 pipelining
    rcpt *: 250 Go ahead
--- dns
mail.ru MX 10 mxs.mail.ru
mxs.mail.ru A 11
yahoo.com MX 1 mta5.am0.yahoodns.net
yahoo.com MX 1 mta6.am0.yahoodns.net
mta5.am0.yahoodns.net A 11
mta6.am0.yahoodns.net A 11
yahoo.co.jp MX 10 mx1.mail.yahoo.co.jp
mx1.mail.yahoo.co.jp A 11
--- address
made.up.by.nobody@mail.ru
made.up.by.nobody@yahoo.com
made.up.by.nobody@yahoo.co.jp
--- json
verdict: unknown unverifiable_provider estimated policy
checks.domain: true
checks.mx_record: true
smtp.connected: null
smtp.mailbox_exists: null
smtp.smtp_provider: Mail.ru
smtp.mx_host: mxs.mail.ru
smtp.response_code: null
smtp.attempts: 0
--
verdict: unknown unverifiable_provider estimated policy
smtp.connected: null
smtp.smtp_provider: Yahoo
--
verdict: unknown unverifiable_provider estimated policy
smtp.connected: null
smtp.smtp_provider: Yahoo! JAPAN
--- dns_queries
mail.ru MX 1
mxs.mail.ru A 0
--- smtp_sessions: 0



=== TEST 5: what the DNS says of the domain is said all the same
--- smtp
mx1 11 pipelining
--- dns
null.test MX 0 .
empty.test TXT x
+default
--- address
john@nowhere.test
john@null.test
--- json
reason: domain_not_found
--
reason: null_mx



=== TEST 6: a host of somebody else beside those of such a provider is asked
--- smtp
mx1 11 pipelining users=john
mx2 12 pipelining accept
--- dns
a.test MX 10 mx.a.test
a.test MX 20 mta5.am0.yahoodns.net
mx.a.test A 11
mta5.am0.yahoodns.net A 12
--- address
john@a.test
jane@a.test
--- json
reason: accepted
--
reason: mailbox_not_found



=== TEST 7: a list and a gate ask nobody either
--- config
location = /batch {
    smtp_verify_batch;
}
location = /app {
    return 204;
}
location = /signup {
    smtp_verify_gate $arg_email;
    proxy_pass http://127.0.0.1:$TEST_NGINX_SERVER_PORT/app;
}
--- smtp
mx1 11 pipelining
    rcpt *: 250 Go ahead
--- dns
mail.ru MX 10 mxs.mail.ru
mxs.mail.ru A 11
--- more_headers
Content-Type: text/plain
--- request eval
["POST /batch\nanna\@mail.ru\nboris\@mail.ru\n",
 'GET /signup?email=anna@mail.ru']
--- error_code eval
[200, 204]
--- response_body_like eval
['"reason":"unverifiable_provider".*"reason":"unverifiable_provider"', '']
--- no_shape
--- smtp_sessions: 0



=== TEST 8: locations that differ in that share no result
--- http_config
smtp_verify_cache_zone zone=results:1m;
smtp_verify_cache results;
--- config
location = /verify {
    smtp_verify;
}
location = /ask {
    smtp_verify;
    smtp_verify_ask_unverifiable on;
}
--- smtp
mx1 11 pipelining
    rcpt *: 550 5.1.1 No such user
--- dns
mail.ru MX 10 mxs.mail.ru
mxs.mail.ru A 11
--- request eval
['GET /verify?email=anna@mail.ru', 'GET /ask?email=anna@mail.ru',
 'GET /verify?email=anna@mail.ru', 'GET /ask?email=anna@mail.ru']
--- json
reason: unverifiable_provider
--
reason: mailbox_not_found
--
reason: unverifiable_provider
--
reason: mailbox_not_found
--- smtp_sessions: 1
