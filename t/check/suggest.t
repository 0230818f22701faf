# An address with a wrong syntax: what was likely meant is told wherever a
# result is, and stays a suggestion.

use lib 't/lib';
use TestVerify 'no_plan';
use TestVerify::Stream;

add_block_preprocessor(sub {
    my ($block) = @_;

    return if !defined $block->batch;

    $block->set_value(config => "location = /batch {\nsmtp_verify_batch;\n}\n"
        . "location = /idle { return 204; }\n");
    $block->set_value(more_headers => 'Content-Type: text/csv');
});

no_shuffle();
run_tests();

__DATA__

=== TEST 1: dots, a comma, an @ too many
--- address
john..doe@gmail.com
john@gmail.com,
john@gmail.com.
john@gmail.com;
john@@gmail.com
john@gmail,com
.john@ok.test
--- json
verdict: undeliverable invalid_syntax confirmed mailbox
did_you_mean: john.doe@gmail.com
checks.typo: true
checks.syntax: false
score: 0
--
did_you_mean: john@gmail.com
--
did_you_mean: john@gmail.com
--
did_you_mean: john@gmail.com
--
did_you_mean: john@gmail.com
--
did_you_mean: john@gmail.com
--
verdict: undeliverable invalid_syntax confirmed mailbox
did_you_mean: john@ok.test
checks.typo: true



=== TEST 2: what stands around an address, and blanks of any kind
--- address eval
CORE::join "", map { "$_\n" } 'Alice <alice@x.com>', '"alice@x.com"',
    'mailto:alice@x.com', 'john @gmail.com', "john\xc2\xa0\@gmail.com",
    "jo\xe2\x80\x8bhn\@gmail.com", "john\xef\xbc\xa0gmail.com"
--- json
verdict: undeliverable invalid_syntax confirmed mailbox
did_you_mean: alice@x.com
--
did_you_mean: alice@x.com
--
did_you_mean: alice@x.com
--
verdict: undeliverable invalid_syntax confirmed mailbox
did_you_mean: john@gmail.com
--
did_you_mean: john@gmail.com
--
did_you_mean: john@gmail.com
--
did_you_mean: john@gmail.com



=== TEST 3: nothing is near enough
--- address
john
john@
a@x.com, b@x.com
john@my_host.com
--- json
verdict: undeliverable invalid_syntax confirmed mailbox
did_you_mean: null
checks.typo: null



=== TEST 4: a missing dot is a valid syntax, and a suggestion as well
--- address: john@gmailcom
--- json
reason: domain_not_found
did_you_mean: john@gmail.com
checks.typo: true



=== TEST 5: a local part that is valid is not touched
--- address
"john doe"@ok.test,
John.Doe+x@ok.test.
'john@ok..test
--- json
did_you_mean: "john doe"@ok.test
--
did_you_mean: John.Doe+x@ok.test
--
did_you_mean: 'john@ok.test



=== TEST 6: the line of a list, and its column
--- batch
--- request
POST /batch
email
john..doe@gmail.com
john@
--- stream
email: john..doe@gmail.com
reason: invalid_syntax
did_you_mean: john.doe@gmail.com
--
reason: invalid_syntax
did_you_mean: null
--
lines: 2
errors: 0



=== TEST 7: the problem of a gate, and the variable
--- config
location = /signup {
    smtp_verify_gate $arg_email;
    add_header X-Meant $smtp_verify_suggestion always;
}
--- request
GET /signup?email=john@@gmail.com
--- error_code: 422
--- response_headers
X-Meant: john@gmail.com
--- response_body_like: "reason":"invalid_syntax".*"did_you_mean":"john\@gmail\.com"



=== TEST 8: a suggestion is data, in JSON and in a header
--- config
location = /verify {
    smtp_verify;
    add_header X-Meant $smtp_verify_suggestion always;
}
--- request
GET /verify?email=%22a%5C%22%3Cb%3E%22@ok.test,
--- response_body_like: "did_you_mean":"\\"a\\\\\\"<b>\\"\@ok\.test"
--- response_headers
X-Meant: "a\"<b>"@ok.test
