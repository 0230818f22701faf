# Lists: what is taken, what is answered, line by line.

use lib 't/lib';
use TestVerify 'no_plan';
use TestVerify::Clients;

add_block_preprocessor(sub {
    my ($block) = @_;

    my $more = $block->verify // '';

    $block->set_value(config => "location = /batch {\n"
        . "smtp_verify_batch;\n$more\n}\n")
        if !defined $block->config && !defined $block->must_die;
});

run_tests();

__DATA__

=== TEST 1: plain lines
--- smtp
mx1 11 pipelining users=john,jane
--- more_headers
Content-Type: text/plain
--- request
POST /batch
john@ok.test
 nobody@ok.test 

jane@ok.test
not an address
--- response_headers
Content-Type: application/x-ndjson
Cache-Control: no-store
X-Accel-Buffering: no
--- stream
index: 0
input: null
email: john@ok.test
status: deliverable
--
index: 1
email: nobody@ok.test
verdict: undeliverable mailbox_not_found
--
index: 2
email: jane@ok.test
status: deliverable
--
index: 3
email: not an address
reason: invalid_syntax
--
summary: true
lines: 4
answered: 4
errors: 0
complete: true
error: null
resume: null
status.deliverable: 2
status.undeliverable: 2
reason.invalid_syntax: 1



=== TEST 2: a JSON array of strings and objects
--- smtp
mx1 11 pipelining users=john,jane
--- more_headers
Content-Type: application/json
--- request
POST /batch
["john@ok.test", {"id": 12345678901234567890, "email": "jane@ok.test",
  "name": "J\u00e4ne \"x\""}, 7, {"id": 1}, {"email": null}]
--- response_body_like: "input":\{"id":12345678901234567890,"name":"J\\u00e4ne \\"x\\""\}
--- stream
email: john@ok.test
input: null
status: deliverable
--
email: jane@ok.test
status: deliverable
input.name: Jäne "x"
--
error: malformed_line
detail: /neither/
email: null
status: null
input: null
--
error: missing_email
--
error: missing_email
--
lines: 5
errors: 3



=== TEST 3: JSON lines
--- smtp
mx1 11 pipelining users=john,jane
--- more_headers
Content-Type: application/x-ndjson; charset=utf-8
--- request eval
"POST /batch
{\"email\":\"john\@ok.test\",\"id\":1}\r
\"jane\@ok.test\"
{\"email\":\"john\@ok.test\"
[\"jane\@ok.test\"]"
--- stream
email: john@ok.test
input.id: 1
--
email: jane@ok.test
--
error: malformed_line
--
error: malformed_line
--
lines: 4
answered: 4



=== TEST 4: CSV with names
--- smtp
mx1 11 pipelining users=john,jane
--- more_headers
Content-Type: text/csv
--- request eval
"POST /batch
id,E-Mail,name\r
1,john\@ok.test,\"Doe, \"\"J\"\"\"\r
2,jane\@ok.test,\r
3,jane\@ok.test,x,y\r
4"
--- stream
email: john@ok.test
input.id: "1"
input.name: Doe, "J"
--
email: jane@ok.test
input.id: "2"
input.name: ""
--
error: malformed_line
--
error: missing_email
--
lines: 4



=== TEST 5: CSV by the number of the column, with semicolons
--- smtp
mx1 11 pipelining users=john
--- more_headers
Content-Type: text/csv
--- request
POST /batch?column=2&delimiter=semicolon
x;john@ok.test
--- stream
email: john@ok.test
input.column1: x
--
lines: 1



=== TEST 6: CSV by the name of the column, a name with a space
--- smtp
mx1 11 pipelining users=john
--- more_headers
Content-Type: text/csv
--- request
POST /batch?column=Work+Mail
email,work mail
x@y,john@ok.test
--- stream
email: john@ok.test
input.email: x@y
--
lines: 1



=== TEST 7: CSV in, CSV out: the columns that came are behind those of the verdict
--- smtp
mx1 11 pipelining users=john
--- more_headers
Content-Type: text/csv
Accept: text/csv, */*;q=0.1
--- request eval
"POST /batch
id,email,note
7,john\@ok.test,\"a, \"\"b\"\"\"
8,nobody\@ok.test
9,nobody\@ok.test,x,y
"
--- response_headers
Content-Type: text/csv; charset=utf-8
--- response_body_like eval
qr/^index,email,status,reason,[a-z_,]+,cached,dns_authenticated,tls_authenticated,action,sandbox,error,detail,id,input_email,note\n
   (?=.*^0,john\@ok\.test,deliverable,accepted,confirmed,\d+,,,,john\@ok\.test,[^\n]*,7,john\@ok\.test,"a,\ ""b"""\n)
   (?=.*^1,nobody\@ok\.test,undeliverable,[^\n]*,550,5\.1\.1,[^\n]*,8,nobody\@ok\.test,\n)
   (?=.*^2,,,,,,,,,,,,,,,,,,,,,,,,,malformed_line,The[ ]line[^\n]*,,,\n)
   .*^\#[ ]summary[ ]complete=true[ ]lines=3[ ]answered=3[ ]errors=1[ ][^\n,;"]*\n\z/xms



=== TEST 8: JSON in, CSV out: what came is one column
--- smtp
mx1 11 pipelining users=john
--- more_headers
Content-Type: application/json
--- request
POST /batch?format=csv
[{"email": "john@ok.test", "id": 7}]
--- response_body_like eval
qr/,error,detail,input\n0,john\@ok\.test,[^\n]*,"\{""id"":7\}"\n# summary complete=true /



=== TEST 9: what a server says does not become a formula
--- smtp
mx1 11 pipelining
    rcpt *: 550 =HYPERLINK("x") no such user
--- more_headers
Content-Type: text/plain
--- request
POST /batch?format=csv
john@ok.test
--- response_body_like: ,550,,"'=HYPERLINK\(""x""\) no such user",
--- smtp_check eval
sub { 1 }



=== TEST 10: in the order of the lines
--- smtp
mx1 11 pipelining accept
    rcpt slow@*: wait 700ms ; 550 5.1.1 No such user
--- more_headers
Content-Type: text/plain
--- request
POST /batch?ordered=1
slow@ok.test
a@ok.test
not an address
b@ok.test
--- response_body_like eval
qr/^\{"index":0,.*^\{"index":1,.*^\{"index":2,.*^\{"index":3,.*^\{"summary"/ms
--- stream
email: slow@ok.test
--
email: a@ok.test
--
reason: invalid_syntax
--
email: b@ok.test
--
lines: 4



=== TEST 11: without order whoever is ready is first
--- smtp
mx1 11 pipelining accept
    rcpt slow@*: wait 1500ms ; 550 5.1.1 No such user
--- more_headers
Content-Type: text/plain
--- request
POST /batch
slow@ok.test
a@ok.test
--- response_body_like eval
qr/^\{"index":1,.*^\{"index":0,/ms



=== TEST 12: smtp=0
--- smtp
mx1 11 pipelining accept
--- more_headers
Content-Type: text/plain
--- request
POST /batch?smtp=0
john@ok.test
john@nowhere.test
--- stream
email: john@ok.test
reason: not_probed
verification_level: estimated
--
reason: domain_not_found
--
reason.not_probed: 1
--- smtp_sessions: 0



=== TEST 13: duplicates cost one probe
--- smtp
mx1 11 pipelining users=john
    rcpt john@*: wait 300ms ; default
--- verify
smtp_verify_catch_all off;
--- more_headers
Content-Type: text/plain
--- request
POST /batch
john@ok.test
john@OK.test
john@ok.test
not@an@address
not@an@address
--- stream
email: john@ok.test
--
email: john@OK.test
reason: accepted_untested
--
email: john@ok.test
reason: accepted_untested
--
reason: invalid_syntax
--
reason: invalid_syntax
--
lines: 5
duplicates: 2
--- smtp_sessions: 1



=== TEST 14: and with one
--- http_config
smtp_verify_cache_zone zone=results:1m;
smtp_verify_cache results;
--- smtp
mx1 11 pipelining users=john
    rcpt john@*: wait 300ms ; default
--- more_headers
Content-Type: text/plain
--- request
POST /batch
john@ok.test
john@ok.test
john@ok.test
--- stream
status: deliverable
--
status: deliverable
--
status: deliverable
--
lines: 3
--- smtp_sessions: 1



=== TEST 15: a domain does not see more at once than it should
--- smtp
mx1 11 pipelining accept
    rcpt *: wait 200ms ; 550 5.1.1 No such user
--- verify
smtp_verify_batch_domain_probes 2;
--- more_headers
Content-Type: text/plain
--- request
POST /batch
a@ok.test
b@ok.test
c@ok.test
d@ok.test
e@ok.test
f@ok.test
--- stream
reason: mailbox_not_found
--
reason: mailbox_not_found
--
reason: mailbox_not_found
--
reason: mailbox_not_found
--
reason: mailbox_not_found
--
reason: mailbox_not_found
--
lines: 6
--- smtp_check eval
sub {
    my ($sessions) = @_;
    my ($now, $max) = (0, 0);
    my @events;

    for my $s (@$sessions) {
        my ($asked) = grep { $_->{e} eq 'turn' && "@{ $_->{d} }" =~ /RCPT/ }
            @{ $s->{events} };
        my ($told) = grep { $_->{e} eq 'reply' && $_->{d} =~ /^550/ }
            @{ $s->{events} };

        push @events, [$asked->{t}, 1], [$told->{t}, -1];
    }

    for (sort { $a->[0] <=> $b->[0] } @events) {
        $now += $_->[1];
        $max = $now if $now > $max;
    }

    return @$sessions == 6 && $max == 2;
}



=== TEST 16: sessions are kept
--- smtp
mx1 11 pipelining users=a,b,c,d
--- verify
smtp_verify_batch_domain_probes 1;
smtp_verify_keepalive 20;
--- more_headers
Content-Type: text/plain
--- request
POST /batch
a@ok.test
b@ok.test
c@ok.test
d@ok.test
--- stream
status: deliverable
--
status: deliverable
--
status: deliverable
--
status: deliverable
--
lines: 4
--- smtp_sessions: 1
--- linger: 8s



=== TEST 17: greylisted ones are tried again at the end
--- smtp
mx1 11 pipelining users=john,jane
    rcpt#1@1 john@*: 450 4.2.0 Greylisted, try again in 1 second
--- verify
smtp_verify_batch_domain_probes 1;
--- more_headers
Content-Type: text/plain
--- request
POST /batch
john@ok.test
jane@ok.test
--- response_body_like eval
qr/^\{"index":1,.*^\{"index":0,/ms
--- stream
email: john@ok.test
status: deliverable
--
email: jane@ok.test
status: deliverable
--
retried: 1
waiting: 0
reason.accepted: 2



=== TEST 18: not when there is no time for it
--- smtp
mx1 11 pipelining
    rcpt *: 450 4.2.0 Greylisted, try again in 5 seconds
--- more_headers
Content-Type: text/plain
--- request
POST /batch?wait=2
john@ok.test
--- within: 4s
--- stream
reason: greylisted
retry_after: 5
--
retried: 0
complete: true



=== TEST 19: the budget of a request
--- smtp
mx1 11 pipelining accept
    rcpt *: wait 1500ms ; 550 5.1.1 No such user
--- verify
smtp_verify_batch_domain_probes 1;
smtp_verify_batch_timeout 1s;
smtp_verify_read_timeout 4s;
--- more_headers
Content-Type: text/plain
--- request
POST /batch
a@ok.test
b@ok.test
c@ok.test
--- stream
reason: mailbox_not_found
--
reason: throttled
--
reason: throttled
--
complete: false
error: timeout
resume.index: 1
resume.offset: 10



=== TEST 20: too many lines
--- smtp
mx1 11 pipelining users=john
--- verify
smtp_verify_batch_lines 1;
--- more_headers
Content-Type: text/plain
--- request
POST /batch
john@ok.test
jane@ok.test
--- stream
email: john@ok.test
--
lines: 1
complete: false
error: too_many_lines
resume.index: 1
resume.offset: 13



=== TEST 21: an empty list
--- smtp
mx1 11
--- more_headers
Content-Type: application/json
--- request
POST /batch
[]
--- stream
summary: true
lines: 0
answered: 0
complete: true



=== TEST 22: input says what comes
--- smtp
mx1 11 pipelining users=john
--- more_headers
Content-Type: application/x-www-form-urlencoded
--- request
POST /batch?input=lines
john@ok.test
--- stream
email: john@ok.test
--
lines: 1



=== TEST 23: another method
--- request
GET /batch
--- error_code: 405
--- response_headers
Allow: POST
Content-Type: application/problem+json
--- problem
code: method_not_allowed
status: 405



=== TEST 24: no length
--- raw_request eval
"POST /batch HTTP/1.1\r
Host: localhost\r
Connection: close\r
Content-Type: text/plain\r
\r
"
--- error_code: 411
--- problem
code: length_required



=== TEST 25: another type
--- more_headers
Content-Type: application/xml
--- request
POST /batch
<x/>
--- error_code: 415
--- problem
code: unsupported_media_type



=== TEST 26: no type
--- request
POST /batch
john@ok.test
--- error_code: 415
--- problem
code: unsupported_media_type



=== TEST 27: too large
--- verify
client_max_body_size 16;
--- more_headers
Content-Type: text/plain
--- request
POST /batch
john@ok.test
jane@ok.test
--- error_code: 413
--- problem
code: body_too_large



=== TEST 28: too large, in chunks
--- verify
client_max_body_size 16;
--- more_headers
Content-Type: text/plain
Transfer-Encoding: chunked
--- request eval
"POST /batch
1a\r
john\@ok.test\njane\@ok.test\n\r
0\r
\r
"
--- error_code: 413
--- problem
code: body_too_large



=== TEST 29: no array
--- more_headers
Content-Type: application/json
--- request
POST /batch
{"addresses": ["john@ok.test"]}
--- error_code: 400
--- problem
code: malformed_request
detail: /array/



=== TEST 30: no such column
--- more_headers
Content-Type: text/csv
--- request
POST /batch?column=mail
a,b
--- error_code: 400
--- problem
code: malformed_request
detail: /column/



=== TEST 31: wrong parameters
--- more_headers
Content-Type: text/plain
--- pipelined_requests eval
["POST /batch?format=xml\nx", "POST /batch?ordered=2\nx",
 "POST /batch?delimiter=x\nx", "POST /batch?column=\nx",
 "POST /batch?smtp=2\nx"]
--- error_code eval
[422, 422, 422, 422, 422]



=== TEST 32: chunks that are none
--- more_headers
Content-Type: text/plain
Transfer-Encoding: chunked
--- request eval
"POST /batch
zz\r
"
--- error_code: 400
--- problem
code: malformed_request



=== TEST 33: an array that ends too early
--- smtp
mx1 11 pipelining users=john
--- more_headers
Content-Type: application/json
--- request
POST /batch
["john@ok.test", "jane@ok.te
--- stream
email: john@ok.test
status: deliverable
--
complete: false
error: malformed_request
resume.index: 1



=== TEST 34: both in one location
--- config
location = /batch {
    smtp_verify;
    smtp_verify_batch;
}
--- must_die
--- error_log: "smtp_verify_batch" directive is duplicate, a location has only one of the handlers



=== TEST 35: a bound of a line
--- config
location = /batch {
    smtp_verify_batch;
    smtp_verify_batch_line 100;
}
--- must_die
--- error_log: must be between 256 and 1048576



=== TEST 36: a gzipped answer leaves line by line, too
--- smtp
mx1 11 pipelining users=john
--- verify
gzip on;
gzip_min_length 1;
gzip_types application/x-ndjson;
--- more_headers
Content-Type: text/plain
Accept-Encoding: gzip
--- request
POST /batch
john@ok.test
--- response_headers
Content-Encoding: gzip
--- response_body_like: ^\x1f\x8b



=== TEST 37: a token is needed
--- user_files eval
">>> tokens\nclient sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08 quota=2\n"
--- verify
smtp_verify_tokens $TEST_NGINX_SERVER_ROOT/html/tokens;
--- more_headers
Content-Type: text/plain
--- request
POST /batch
john@ok.test
--- error_code: 401
--- problem
code: missing_token



=== TEST 38: a quota that is used up in the middle
--- no_zones
--- user_files eval
">>> tokens\nclient sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08 quota=2\n"
--- verify
smtp_verify_tokens $TEST_NGINX_SERVER_ROOT/html/tokens;
smtp_verify_catch_all off;
--- smtp
mx1 11 pipelining users=john,jane,joe
    rcpt *: wait 200ms ; default
--- more_headers
Content-Type: text/plain
Authorization: Bearer test
--- request
POST /batch
not an address
john@ok.test
john@ok.test
jane@ok.test
joe@ok.test
jim@ok.test
--- response_headers
RateLimit-Policy: "quota";q=2;w=86400
--- stream
reason: invalid_syntax
--
reason: accepted_untested
--
reason: accepted_untested
--
reason: accepted_untested
--
complete: false
error: quota_exceeded
resume.index: 4
lines: 5
answered: 4



=== TEST 39: a list that is compressed
--- more_headers
Content-Type: text/plain
Content-Encoding: gzip
--- request eval
"POST /batch\n\x1f\x8b\x08"
--- error_code: 415
--- problem
code: unsupported_media_type
detail: Send the body without a Content-Encoding.



=== TEST 40: duplicates of what the cache does not keep cost one probe, too
--- http_config
smtp_verify_cache_zone zone=results:1m;
smtp_verify_cache results;
--- smtp
mx1 11 pipelining users=john
    rcpt john@*: wait 300ms ; 451 4.3.0 Try again later
--- more_headers
Content-Type: text/plain
--- request
POST /batch?ordered=1&wait=0
john@ok.test
john@ok.test
mary@ok.test
john@ok.test
--- stream
reason: temporary_failure
--
reason: temporary_failure
--
reason: mailbox_not_found
--
reason: temporary_failure
--
lines: 4
duplicates: 2
--- smtp_sessions: 2



=== TEST 41: a list that was read before, to a file
--- smtp
mx1 11 pipelining users=john
--- config
client_body_buffer_size 1k;
location = /batch {
    mirror /mirror;
    smtp_verify_batch;
}
location = /mirror {
    internal;
    return 204;
}
--- more_headers
Content-Type: text/plain
--- request eval
"POST /batch\njohn\@ok.test\n" . "not an address\n" x 4000
--- response_body_like: "summary":true,"lines":4001,.*"reason":\{"accepted":1,"invalid_syntax":4000\},"complete":true



=== TEST 42: what is answered at once goes as fast as the client reads
--- more_headers
Content-Type: text/plain
--- request eval
"POST /batch\n" . "not an address\n" x 10000
--- response_body_like: "summary":true,"lines":10000,.*"complete":true
--- within: 5s



=== TEST 43: many pieces of a file
--- config
client_body_buffer_size 1k;
location = /batch {
    client_max_body_size 0;
    mirror /mirror;
    smtp_verify_batch;
}
location = /mirror {
    internal;
    return 204;
}
--- more_headers
Content-Type: text/plain
--- request eval
"POST /batch?smtp=0\n" 
    . CORE::join('', map "\@no address $_\n", 1 .. 20000)
--- response_body_like: "email":"@no address 20000",(?s:.*)"summary":true,"lines":20000,.*"invalid_syntax":20000\},"complete":true



=== TEST 44: a list as the page of a body that was too large
--- config
location = /batch {
    client_max_body_size 16;
    error_page 413 @list;
}
location @list {
    client_max_body_size 1m;
    smtp_verify_batch;
}
--- more_headers
Content-Type: text/plain
--- request
POST /batch
john@ok.test
jane@ok.test
--- error_code: 413
--- problem
code: body_too_large



=== TEST 45: likewise, and too large to be thrown away at once
--- config
location = /batch {
    client_max_body_size 16;
    error_page 413 @list;
}
location @list {
    client_max_body_size 0;
    smtp_verify_batch;
}
--- more_headers
Content-Type: text/plain
--- request eval
"POST /batch\n" . "john\@ok.test\n" x 100000
--- error_code: 413
--- problem
code: body_too_large



=== TEST 46: likewise, and in chunks that somebody else read
--- config
location = /batch {
    client_max_body_size 16;
    error_page 413 @list;
    mirror /mirror;
}
location = /mirror {
    internal;
    return 204;
}
location @list {
    client_max_body_size 1m;
    smtp_verify_batch;
}
--- more_headers
Content-Type: text/plain
Transfer-Encoding: chunked
--- request eval
"POST /batch
d\r
john\@ok.test\n\r
d\r
jane\@ok.test\n\r
0\r
\r
"
--- error_code: 413
--- problem
code: body_too_large



=== TEST 47: who asks for an address of a list that waits does not wait as a list
--- http_config
smtp_verify_throttle_zone zone=limits:1m;
smtp_verify_cache_zone zone=results:1m;
smtp_verify_cache results;
smtp_verify_throttle zone=limits conns=1 rate=100/s rejects=1000/h;
smtp_verify_keepalive off;
smtp_verify_timeout 15s;
--- config
location = /batch {
    smtp_verify_batch;
    smtp_verify_batch_domain_probes 20;
}
location = /verify {
    smtp_verify;
}
--- smtp
mx1 11 pipelining
    rcpt bulk*: wait 300ms ; default
--- init
TestVerify::Clients::start('/verify?email=bulk9@ok.test', after => 1);
--- more_headers
Content-Type: text/plain
--- request eval
"POST /batch\n" . CORE::join '', map { "bulk$_\@ok.test\n" } 1 .. 20
--- response_body_like: "complete":true
--- smtp_check eval
sub {
    my ($answer) = TestVerify::Clients::answers();

    return $answer->{json}{reason} eq 'mailbox_not_found'
           && $answer->{json}{response_time_ms} < 2500;
}
--- linger: 12s



=== TEST 48: what is resumed without a quota has no line, so that none comes twice
--- no_zones
--- user_files eval
">>> tokens\nclient sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08 quota=1\n"
--- verify
smtp_verify_tokens $TEST_NGINX_SERVER_ROOT/html/tokens;
smtp_verify_catch_all off;
--- smtp
mx1 11 pipelining users=john,jane,joe
--- more_headers
Content-Type: text/plain
Authorization: Bearer test
--- request eval
["POST /batch\njohn\@ok.test\njane\@ok.test\njane\@ok.test\njoe\@ok.test\n",
 "POST /batch\njane\@ok.test\njane\@ok.test\njoe\@ok.test\n",
 "POST /batch\njane\@ok.test\njane\@ok.test\njoe\@ok.test\n"]
--- response_body_like eval
[qr/\A\{"index":0,[^\n]*"email":"john\@ok.test"[^\n]*\n\{"summary":true,[^\n]*"answered":1,[^\n]*"resume":\{"index":1,"offset":13\}[^\n]*\n\z/,
 (qr/\A\{"summary":true,[^\n]*"answered":0,[^\n]*"error":"quota_exceeded",[^\n]*"resume":\{"index":0,"offset":0\}[^\n]*\n\z/) x 2]
