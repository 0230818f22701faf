# Lists as programs write them: what separates fields and lines, what columns
# are called, and what spreadsheets make of the answer.

use lib 't/lib';
use TestVerify 'no_plan';
use TestVerify::Stream;

add_block_preprocessor(sub {
    my ($block) = @_;

    my $more = $block->verify // '';

    $block->set_value(config => "location = /batch {\n"
        . "smtp_verify_batch;\n$more\n}\n"
        . "location = /idle { return 204; }\n");

    $block->set_value(smtp => "mx1 11 pipelining users=jane,john\n")
        if !defined $block->smtp;

    $block->set_value(more_headers => 'Content-Type: text/csv')
        if !defined $block->more_headers;

    $block->set_value(error_code => 400)
        if defined $block->problem && !defined $block->error_code;
});

run_tests();

__DATA__

=== TEST 1: a semicolon between the fields
--- request
POST /batch
jane@ok.test;Jane
nobody@ok.test;Bob
--- stream
email: jane@ok.test
status: deliverable
input.column2: Jane
--
email: nobody@ok.test
reason: mailbox_not_found
--
lines: 2
errors: 0
complete: true



=== TEST 2: a tab
--- request eval
"POST /batch\nName\tE-mail Address\nJane\tjane\@ok.test\n"
--- stream
email: jane@ok.test
input.Name: Jane
--
lines: 1



=== TEST 3: a pipe, and a number for the column
--- request
POST /batch?column=1
Email|Name
jane@ok.test|Jane
--- stream
email: jane@ok.test
input.Name: Jane
--
lines: 1



=== TEST 4: "sep=;"
--- request eval
"POST /batch\nsep=;\r\nName;E-Mail\r\n\"Doe, \"\"J\"\"\";jane\@ok.test\r\n"
--- stream
email: jane@ok.test
input.Name: Doe, "J"
--
lines: 1



=== TEST 5: a delimiter that is named
--- request
POST /batch?delimiter=pipe
a;b|jane@ok.test
--- stream
email: jane@ok.test
input.column1: a;b
--
lines: 1



=== TEST 6: lines that end with CR
--- request eval
"POST /batch\nEmail;Name\rjane\@ok.test;Jane\rjohn\@ok.test;John"
--- stream
email: jane@ok.test
status: deliverable
--
email: john@ok.test
status: deliverable
--
lines: 2
errors: 0



=== TEST 7: of plain lines, too
--- more_headers
Content-Type: text/plain
--- request eval
"POST /batch\njane\@ok.test\rjohn\@ok.test\r"
--- stream
email: jane@ok.test
--
email: john@ok.test
--
lines: 2



=== TEST 8: what cannot be cut is an error of the list
--- request
POST /batch?delimiter=comma
Email;Name
jane@ok.test;Jane
--- problem
code: malformed_request
detail: /"delimiter"/
--- smtp_sessions: 0



=== TEST 9: likewise, without names
--- request
POST /batch?delimiter=tab
jane@ok.test;Jane
--- problem
code: malformed_request
detail: /"delimiter"/
--- smtp_sessions: 0



=== TEST 10: likewise, below one name
--- request
POST /batch
email
jane@ok.test;Jane
--- problem
code: malformed_request
detail: /"delimiter"/
--- smtp_sessions: 0



=== TEST 11: a line that is not cut is no wrong address
--- request
POST /batch
email,name
jane@ok.test,Jane
john@ok.test;John
--- stream
email: jane@ok.test
--
error: malformed_line
detail: /"delimiter"/
--
errors: 1



=== TEST 12: CSV that is sent as plain lines
--- more_headers
Content-Type: text/plain
--- request
POST /batch
jane@ok.test;Jane
--- problem
code: malformed_request
detail: /text.csv.*"delimiter"/
--- smtp_sessions: 0



=== TEST 13: likewise, with names, and separated by tabs
--- more_headers
Content-Type: text/plain
--- request eval
"POST /batch\nName\tEmail\nJane\tjane\@ok.test\n"
--- problem
detail: /"delimiter"/
--- smtp_sessions: 0



=== TEST 14: in the middle of plain lines
--- more_headers
Content-Type: text/plain
--- request
POST /batch
jane@ok.test
john@ok.test, John
--- stream
email: jane@ok.test
--
error: malformed_line
--
errors: 1



=== TEST 15: columns as Google and Outlook call them
--- request
POST /batch
First,E-mail 1 - Label,E-mail 1 - Value,E-mail 2 - Value
Jane,* Work,jane@ok.test,x@ok.test
--- stream
email: jane@ok.test
input.First: Jane
--
lines: 1



=== TEST 16: and others, in another language
--- request
POST /batch
Vorname;E-Mail-Adresse
Jane;jane@ok.test
--- stream
email: jane@ok.test
--
lines: 1



=== TEST 17: no column that is known: they are listed
--- request
POST /batch
Kunde;Kontakt "neu";Ort
Jane;jane@ok.test;Ulm
--- problem
code: malformed_request
detail: /"column": "Kunde", "Kontakt "neu"", "Ort"$/



=== TEST 18: many columns are not all listed
--- request eval
"POST /batch?column=x\n" . CORE::join(',', map "a column of number $_", 1 .. 50)
    . "\n"
--- problem
detail: /"a column of number 1", .*, \.\.\.$/



=== TEST 19: a name that only seems to be that of addresses
--- request
POST /batch
Allow Email,Contact
yes,jane@ok.test
--- problem
detail: /"column": "Allow Email", "Contact"$/
--- smtp_sessions: 0



=== TEST 20: an empty field is no wrong address
--- request
POST /batch
email,name
,Jane
  ,Bob
jane@ok.test,Jane
--- stream
error: missing_email
--
error: missing_email
--
email: jane@ok.test
--
errors: 2
status.undeliverable: 0



=== TEST 21: of JSON, too
--- more_headers
Content-Type: application/json
--- request
POST /batch
["", {"email": ""}]
--- stream
error: missing_email
--
error: missing_email
--
errors: 2



=== TEST 22: no name of a column is there twice
--- request
POST /batch?format=csv&smtp=0
id,Status,email,name,name,input_email
7,x,jane@ok.test,a,b,c
--- response_body_like eval
qr/^index,.*,detail,id,input_Status,input_email,name,name_2,input_email_2\n0,jane\@ok\.test,.*,7,x,jane\@ok\.test,a,b,c\n# summary /



=== TEST 23: our own fields do not become formulas
--- more_headers
Content-Type: text/plain
--- request
POST /batch?format=csv&smtp=0&ordered=1
=1+1@ok.test
=HYPERLINK("http://x.test")
+tag@ok.test
-@ok.test
--- response_body_like eval
qr/^0,'=1\+1\@ok\.test,.*,'=1\+1\@ok\.test,'=1\@ok\.test,(?s:.*)\n1,"'=HYPERLINK\(""http:\/\/x\.test""\)",undeliverable,(?s:.*)\n2,'\+tag\@ok\.test,(?s:.*)\n3,'-\@ok\.test,/m



=== TEST 24: nor do they where a semicolon separates
--- smtp
mx1 11 pipelining
    rcpt *: 550 5.1.1 User unknown;=1+1;-2
--- more_headers
Content-Type: text/plain
--- request
POST /batch?format=csv
john@ok.test
--- response_body_like: User unknown;'=1\+1;'-2,



=== TEST 25: a list without its summary
--- request
POST /batch?format=csv&smtp=0&summary=0
email
jane@ok.test
--- response_body_like: ^index,[^\n]*\n0,jane@ok\.test,[^\n]*\n\z



=== TEST 26: likewise, of JSON lines
--- more_headers
Content-Type: text/plain
--- request
POST /batch?smtp=0&summary=off
jane@ok.test
--- response_body_like: ^\{"index":0,[^\n]*\n\z



=== TEST 27: a summary of CSV says what went wrong
--- verify
smtp_verify_batch_lines 1;
--- request
POST /batch?format=csv&smtp=0
jane@ok.test;x
john@ok.test;x
--- response_body_like: \n# summary complete=false lines=1 [^\n,;"]* resume\.index=1 resume\.offset=15 error=too_many_lines detail=The list is longer than smtp_verify_batch_lines allows\.\n\z



=== TEST 28: wrong parameters
--- pipelined_requests eval
["POST /batch?delimiter=colon\nx", "POST /batch?summary=2\nx"]
--- error_code eval
[422, 422]



=== TEST 29: the first line leaves before the second comes, whatever separates
--- init
TestVerify::Stream::post('/batch', chunked => 1, type => 'text/csv',
    body => [ "jane\@ok.test;Jane\r", sub { @{ $_[0]{lines} } },
              "\njohn\@ok.test;John\r", sub { @{ $_[0]{lines} } > 1 } ]);
--- request
GET /idle
--- error_code: 204
--- smtp_check eval
sub {
    my $by = TestVerify::Stream::results($TestVerify::Stream::Last);

    return $by->{summary}{complete} && $by->{summary}{answered} == 2
           && $by->{result}{1}{status} eq 'deliverable';
}



=== TEST 30: an address with a name is no wrong address
--- more_headers
Content-Type: text/plain
--- request
POST /batch
jane@ok.test
John <john@ok.test>
mailto:john@ok.test
--- stream
email: jane@ok.test
--
error: malformed_line
detail: /without a name/
--
error: malformed_line
--
errors: 2
status.undeliverable: 0



=== TEST 31: JSON lines that are sent as CSV
--- request
POST /batch
{"email":"jane@ok.test","id":7}
--- problem
code: malformed_request
detail: /application.x-ndjson/
--- smtp_sessions: 0



=== TEST 32: a spreadsheet that was not exported
--- request eval
"POST /batch\nPK\x03\x04\x14\x00\x06\x00\n"
--- problem
code: malformed_request
detail: /\.xlsx.*CSV in UTF-8/
--- smtp_sessions: 0



=== TEST 33: a list in UTF-16
--- request eval
"POST /batch\n\xff\xfeE\x00m\x00a\x00i\x00l\x00\n\x00"
--- problem
code: malformed_request
detail: /UTF-16/
--- smtp_sessions: 0



=== TEST 34: an address that came in a column does not become a formula there
--- request
POST /batch?format=csv&smtp=0&ordered=1
name,email
=1+1,"=HYPERLINK(""http://x.test"",1)"
Jo,=2+2@ok.test
--- response_body_like eval
qr/^0,"'=HYPERLINK\(""http:\/\/x\.test"",1\)",undeliverable,.*,=1\+1,"'=HYPERLINK\(""http:\/\/x\.test"",1\)"\n1,'=2\+2\@ok\.test,.*,Jo,'=2\+2\@ok\.test$/m



=== TEST 35: nor does what stood in quotation marks where a semicolon separates
--- request
POST /batch?format=csv&smtp=0&ordered=1&delimiter=semicolon
name;email;"n;=0"
"x;=1+1;y";jane@ok.test;-5
x;";=1+1;";"a
=1"
--- response_body_like eval
qr/^index,.*,input_email,n;'=0\n0,jane\@ok\.test,.*,x;'=1\+1;y,jane\@ok\.test,-5\n1,(?:;'=1\+1;,undeliverable|,).*,x,;'=1\+1;,"a\n'=1"$/m



=== TEST 36: nor a part of JSON, which stays the same
--- more_headers
Content-Type: application/x-ndjson
--- request
POST /batch?format=csv&smtp=0
{"email":"jane@ok.test","name":"x;=1+1|@y;\"-1"}
--- response_body_like eval
qr/^0,jane\@ok\.test,.*,"\{""name"":""x;\\u003d1\+1\|\\u0040y;\\""-1""\}"$/m



=== TEST 37: an array that is the one member of an object
--- smtp
mx1 11 pipelining users=john
--- more_headers
Content-Type: application/json
--- request
POST /batch?ordered=1
{ "emails": ["john@ok.test", {"email": " nobody@ok.test\n", "id": 7}] }
--- stream
index: 0
reason: accepted
action: send
--
index: 1
email: nobody@ok.test
reason: mailbox_not_found
action: do_not_send
input.id: 7
--
complete: true
lines: 2



=== TEST 38: an object that is no list
--- more_headers
Content-Type: application/json
--- request eval
["POST /batch\n{\"email\":\"john\@ok.test\"}", "POST /batch\n{\"emails\":\"john\@ok.test\"}",
 "POST /batch\n{\"emails\" []}", "POST /batch\n{}"]
--- error_code: 400
--- problem
code: malformed_request
detail: /"emails"/
--- smtp_sessions: 0



=== TEST 39: a list may take less time than the location allows
--- smtp
mx1 11 pipelining users=john
    rcpt slow@*: wait 3s ; default
--- more_headers
Content-Type: text/plain
--- request
POST /batch?timeout=1
slow@ok.test
--- stream
index: 0
status: unknown
--
complete: false
error: timeout
--- within: 2.5s



=== TEST 40: an empty list without a summary has an answer, too
--- more_headers
Content-Type: application/json
--- request
POST /batch?summary=0
{"emails": []}
--- response_body eval: ''
--- within: 2s
--- smtp_sessions: 0
