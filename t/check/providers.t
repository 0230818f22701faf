# Providers of the table that is compiled in: what their answers are worth.

use lib 't/lib';
use TestVerify 'no_plan';

run_tests();

__DATA__

=== TEST 1: who accepts every recipient proves nothing: Mail.ru
--- smtp
mx1 11 pipelining
    rcpt *: 250 Go ahead
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
