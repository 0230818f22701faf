# What a location takes and refuses, and how it says so.

use lib 't/lib';
use TestVerify 'no_plan';

run_tests();

__DATA__

=== TEST 1: GET
--- smtp
mx1 11 pipelining users=john
--- request
GET /verify?email=john@ok.test
--- response_headers
Content-Type: application/json
--- json
email: john@ok.test
verdict: deliverable accepted confirmed null
response_time_ms: >= 0
smtp.rule: accepted-2xx



=== TEST 2: GET, percent-encoded, with a plus that is one
--- smtp
mx1 11 pipelining accept
--- request
GET /verify?x=1&email=john%2Bnews%40ok.test&y=
--- json
email: john+news@ok.test
normalized: john+news@ok.test
verdict: risky catch_all confirmed domain
smtp.rule: *



=== TEST 3: POST of JSON
--- smtp
mx1 11 pipelining users=john
--- more_headers
Content-Type: application/json
--- request
POST /verify
{"email": "john@ok.test"}
--- json
email: john@ok.test
verdict: deliverable accepted confirmed null
smtp.rule: accepted-2xx



=== TEST 4: POST of JSON, with escapes, unknown names and a parameter of the type
--- smtp
mx1 11 pipelining users=john
--- more_headers
Content-Type: Application/JSON; charset=utf-8
--- request
POST /verify
 { "note": [1, {"email": "x@y"}, "\\"], "email" : "j\u006fhn\u0040ok.test", "tags": {} } 
--- json
email: john@ok.test
verdict: deliverable accepted confirmed null
smtp.rule: accepted-2xx



=== TEST 5: POST of a form
--- smtp
mx1 11 pipelining users=john
--- more_headers
Content-Type: application/x-www-form-urlencoded
--- request
POST /verify
first=x+y&email=john%40ok.test
--- json
email: john@ok.test
verdict: deliverable accepted confirmed null
smtp.rule: accepted-2xx



=== TEST 6: POST, chunked
--- smtp
mx1 11 pipelining users=john
--- more_headers
Content-Type: application/json
Transfer-Encoding: chunked
--- request eval
"POST /verify
b\r
{\"email\": \"\r
e\r
john\@ok.test\"}\r
0\r
\r
"
--- json
email: john@ok.test
verdict: deliverable accepted confirmed null
smtp.rule: accepted-2xx



=== TEST 7: POST, in pieces
--- smtp
mx1 11 pipelining users=john
--- raw_request eval
["POST /verify HTTP/1.1\r
Host: localhost\r
Connection: close\r
Content-Type: application/json\r
Content-Length: 24\r
\r
{\"emai", "l\":\"joh", "n\@ok.test\"}"]
--- raw_request_middle_delay: 0.05
--- json
email: john@ok.test
verdict: deliverable accepted confirmed null
smtp.rule: accepted-2xx



=== TEST 8: the first with a body to be thrown away
--- smtp
mx1 11 pipelining users=john
--- more_headers
Content-Type: application/json
--- request
GET /verify?email=john@ok.test
{"email": "jane@ok.test"}
--- json
email: john@ok.test
verdict: deliverable accepted confirmed null
smtp.rule: accepted-2xx



=== TEST 9: two requests on one connection
--- smtp
mx1 11 pipelining users=john
--- pipelined_requests eval
["GET /verify?email=john\@ok.test", "GET /verify?email=jane\@ok.test"]
--- json
email: john@ok.test
verdict: deliverable accepted confirmed null
smtp.rule: accepted-2xx
--
email: jane@ok.test
verdict: undeliverable mailbox_not_found confirmed mailbox
smtp.rule: *



=== TEST 10: smtp=0: syntax and DNS alone, and at once
--- smtp
mx1 11 pipelining users=john
--- address
john@ok.test
john@ok.test
john@ok.test
john@ok.test
--- query: smtp=0
--- fastest: 50
--- json
email: john@ok.test
status: unknown
verification_level: estimated
checks.syntax: true
checks.domain: true
checks.mx_record: true
checks.catch_all: null
smtp.connected: !true
smtp.mailbox_exists: null
smtp.is_catch_all: null
smtp.response_code: null
smtp.tls: null
smtp.rule: null
--- smtp_sessions: 0
--- dns_queries
ok.test MX >=1



=== TEST 11: smtp: 0 in JSON
--- smtp
mx1 11 pipelining users=john
--- more_headers
Content-Type: application/json
--- request
POST /verify
{"email": "john@ok.test", "smtp": false}
--- json
status: unknown
verification_level: estimated
smtp.response_code: null
--- smtp_sessions: 0



=== TEST 12: smtp=0, what the DNS says authoritatively
--- dns
null.test MX 0 .
nomail.test TXT "x"
--- address
john@gone.test
john@null.test
john@nomail.test
--- query: smtp=0
--- json
verdict: undeliverable domain_not_found confirmed domain
checks.domain: false
checks.mx_record: false
--
verdict: undeliverable null_mx confirmed domain
checks.domain: true
--
verdict: undeliverable no_mail_server confirmed domain
checks.domain: true
checks.mx_record: false



=== TEST 13: smtp_verify_smtp off cannot be asked away
--- verify
smtp_verify_smtp off;
--- smtp
mx1 11 pipelining users=john
--- address: john@ok.test
--- query: smtp=1
--- json
status: unknown
verification_level: estimated
smtp.response_code: null
--- smtp_sessions: 0



=== TEST 14: smtp=1 is the default
--- smtp
mx1 11 pipelining users=john
--- address: john@ok.test
--- query: smtp=1
--- json
verdict: deliverable accepted confirmed null
smtp.rule: accepted-2xx



=== TEST 15: HEAD
--- request
HEAD /verify?email=john@ok.test
--- response_headers
Content-Type: application/json
Cache-Control: no-store
--- response_headers_like
Content-Length: [5-9]\d\d
--- response_body:



=== TEST 16: PUT
--- no_zones
--- more_headers
Content-Type: application/json
--- request
PUT /verify?email=john@ok.test
{"email": "john@ok.test"}
--- error_code: 405
--- response_headers
Content-Type: application/problem+json
Allow: GET, HEAD, POST
--- problem
status: 405
detail: /POST/



=== TEST 17: DELETE
--- no_zones
--- request
DELETE /verify?email=john@ok.test
--- error_code: 405
--- problem
status: 405
detail: /POST/



=== TEST 18: a type that is not taken
--- more_headers
Content-Type: text/plain
--- request
POST /verify
john@ok.test
--- error_code: 415
--- problem
status: 415
detail: /json/



=== TEST 19: a type that only begins like one
--- more_headers
Content-Type: application/jsonl
--- request
POST /verify
{"email": "john@ok.test"}
--- error_code: 415
--- problem
status: 415



=== TEST 20: no type
--- request
POST /verify
{"email": "john@ok.test"}
--- error_code: 415
--- problem
status: 415



=== TEST 21: no email
--- request
GET /verify
--- error_code: 400
--- problem
status: 400
detail: /email/



=== TEST 22: no email in the body
--- more_headers
Content-Type: application/json
--- request
POST /verify
{"mail": "john@ok.test"}
--- error_code: 400
--- problem
status: 400
detail: /email/



=== TEST 23: an empty body
--- more_headers
Content-Type: application/json
--- request
POST /verify
--- error_code: 400
--- problem
status: 400



=== TEST 24: an email that is twice there
--- request
GET /verify?email=john@ok.test&email=jane@ok.test
--- error_code_like: ^4(00|22)$
--- problem
detail: /email/



=== TEST 25: an email twice in an object
--- more_headers
Content-Type: application/json
--- request
POST /verify
{"email": "john@ok.test", "email": "john@ok.test"}
--- error_code_like: ^4(00|22)$
--- problem
detail: /email/



=== TEST 26: twice, the second name escaped
--- more_headers
Content-Type: application/json
--- request
POST /verify
{"email": "john@ok.test", "em\u0061il": "jane@ok.test"}
--- error_code_like: ^4(00|22)$
--- problem
detail: /email/



=== TEST 27: once in the query string, once in the body
--- more_headers
Content-Type: application/json
--- request
POST /verify?email=john@ok.test
{"email": "jane@ok.test"}
--- error_code_like: ^4(00|22)$
--- problem
detail: /email/



=== TEST 28: an email that is no string
--- more_headers
Content-Type: application/json
--- request
POST /verify
{"email": ["john@ok.test"]}
--- error_code_like: ^4(00|22)$
--- problem
detail: /email/



=== TEST 29: JSON, but no object
--- more_headers
Content-Type: application/json
--- request eval
['POST /verify
"john@ok.test"', 'POST /verify
["john@ok.test"]', 'POST /verify
null', 'POST /verify
1']
--- error_code_like eval
[('^4(00|22)$') x 4]
--- response_headers eval
[('Content-Type: application/problem+json') x 4]
--- problem
detail: /object/



=== TEST 30: broken JSON
--- more_headers
Content-Type: application/json
--- request eval
['POST /verify
{"email": "john@ok.test"', 'POST /verify
{"email": "john@ok.test",}', 'POST /verify
{email: "john@ok.test"}', "POST /verify
{'email': 'john\@ok.test'}", 'POST /verify
{"email": "john@ok.test"} x', 'POST /verify
{"email": "john@ok.test"}{"email": "jane@ok.test"}', 'POST /verify
{"email": "john@ok.test", "x": 01}', 'POST /verify
{"email": "john@ok.test", "x": nul}', 'POST /verify
{"email": "john\q@ok.test"}', 'POST /verify
{"email": "john@ok.test
"}']
--- error_code eval
[(400) x 10]
--- response_headers eval
[('Content-Type: application/problem+json') x 10]
--- problem
status: 400
detail: /JSON/



=== TEST 31: NUL in a string
--- more_headers
Content-Type: application/json
--- request
POST /verify
{"email": "john\u0000@ok.test"}
--- error_code_like: ^4(00|22)$
--- problem
detail: *



=== TEST 32: NUL in a name is another name
--- more_headers
Content-Type: application/json
--- request
POST /verify
{"email\u0000x": "john@ok.test"}
--- error_code_like: ^4(00|22)$
--- problem
detail: *



=== TEST 33: NUL percent-encoded
--- request
GET /verify?email=john%00@ok.test
--- error_code_like: ^4(00|22)$
--- problem
detail: *



=== TEST 34: a NUL as it is
--- more_headers
Content-Type: application/json
--- request eval
"POST /verify
{\"email\": \"john\@ok.test\"\0}"
--- error_code: 400
--- problem
status: 400



=== TEST 35: invalid UTF-8
--- more_headers
Content-Type: application/json
--- request eval
["POST /verify
{\"email\": \"j\xffhn\@ok.test\"}", "POST /verify
{\"email\": \"j\xc0\xafhn\@ok.test\"}", "POST /verify
{\"email\": \"j\xed\xa0\x80hn\@ok.test\"}", "POST /verify
{\"email\": \"john\@ok.test\xf4\x90\x80\x80\"}",
'GET /verify?email=j%ffhn@ok.test', 'GET /verify?email=j%c0%afhn@ok.test']
--- error_code_like eval
[('^4(00|22)$') x 6]
--- response_headers eval
[('Content-Type: application/problem+json') x 6]
--- problem
detail: *



=== TEST 36: half a surrogate pair
--- more_headers
Content-Type: application/json
--- request
POST /verify
{"email": "j\ud800hn@ok.test"}
--- error_code_like: ^4(00|22)$
--- problem
detail: *



=== TEST 37: bad percent-encoding
--- request eval
['GET /verify?email=john%4', 'GET /verify?email=john%zz@ok.test']
--- error_code eval
[400, 400]
--- response_headers eval
[('Content-Type: application/problem+json') x 2]
--- problem
status: 400



=== TEST 38: smtp that is neither yes nor no
--- request
GET /verify?email=john@ok.test&smtp=perhaps
--- error_code_like: ^4(00|22)$
--- problem
detail: /smtp/



=== TEST 39: a body over the limit
--- more_headers
Content-Type: application/json
--- request eval
"POST /verify
{\"email\": \"john\@ok.test\", \"x\": \"" . ('x' x 200000) . '"}'
--- error_code: 413
--- problem
status: 413



=== TEST 40: a chunked body over the limit
--- more_headers
Content-Type: application/json
Transfer-Encoding: chunked
--- request eval
"POST /verify
" . ("400\r\n" . (' ' x 1024) . "\r\n") x 200 . "0\r\n\r\n"
--- error_code: 413
--- problem
status: 413



=== TEST 41: a body over client_max_body_size is nginx's to refuse
--- verify
client_max_body_size 10;
--- more_headers
Content-Type: application/json
--- request
POST /verify
{"email": "john@ok.test"}
--- error_code: 413
--- log_allow
client intended to send too large body



=== TEST 42: a very long address
--- request eval
'GET /verify?email=' . ('x' x 3000) . '@ok.test'
--- error_code_like: ^4(00|14|22)$
--- problem
detail: *



=== TEST 43: a deep nest
--- more_headers
Content-Type: application/json
--- request eval
"POST /verify
{\"email\": \"john\@ok.test\", \"x\": " . ('[' x 7000) . (']' x 7000) . '}'
--- error_code: 400
--- problem
status: 400



=== TEST 44: X-Request-ID is echoed
--- smtp
mx1 11 pipelining users=john
--- more_headers
X-Request-ID: abc-123_Z
--- request
GET /verify?email=john@ok.test
--- response_headers
X-Request-ID: abc-123_Z
--- json
request_id: abc-123_Z



=== TEST 45: X-Request-ID is made
--- smtp
mx1 11 pipelining users=john
--- request
GET /verify?email=john@ok.test
--- response_headers_like
X-Request-ID: [0-9a-f-]{16,}
--- json
request_id: /^[0-9a-f-]{16,}$/



=== TEST 46: X-Request-ID that cannot be echoed is made anew
--- smtp
mx1 11 pipelining users=john
--- more_headers eval
[qq{X-Request-ID: a"b\xff}, 'X-Request-ID: ' . ('x' x 1000)]
--- request eval
['GET /verify?email=john@ok.test', 'GET /verify?email=john@ok.test']
--- response_headers_like eval
['X-Request-ID: [0-9a-f-]{16,}', 'X-Request-ID: [0-9a-f-]{16,}']
--- json
request_id: /^[0-9a-f-]{16,}$/



=== TEST 47: X-Request-ID with a problem
--- more_headers
X-Request-ID: abc-123
--- request
GET /verify
--- error_code: 400
--- response_headers
X-Request-ID: abc-123
Content-Type: application/problem+json
--- problem
status: 400



=== TEST 48: results are not for caches
--- smtp
mx1 11 pipelining users=john
--- request
GET /verify?email=john@ok.test
--- response_headers_like
Cache-Control: .*no-store.*
--- json
status: deliverable



=== TEST 49: the access phase goes first
--- verify
deny all;
--- smtp
mx1 11 pipelining users=john
--- address: john@ok.test
--- error_code: 403
--- smtp_sessions: 0
--- log_allow
access forbidden by rule



=== TEST 50: too many probes at once: 503, and when to come again
--- verify
smtp_verify_max_probes 1;
--- http_config
smtp_verify_read_timeout 3s;
--- smtp
mx1 11 pipelining users=john
    rcpt slow@*: wait 700ms ; 250 2.1.5 Ok
--- init
TestVerify::Blocks::get_later('0', '/verify?email=slow@ok.test');
Time::HiRes::sleep(0.3);
--- request
GET /verify?email=john@ok.test
--- error_code: 503
--- response_headers_like
Retry-After: \d+
Content-Type: application/problem+json
--- problem
status: 503
detail: *
--- smtp_sessions: 1



=== TEST 51: a body that is compressed, or is said to be as it is
--- request eval
["POST /verify\n\x1f\x8b\x08", "POST /verify\nemail=no%40"]
--- more_headers eval
["Content-Type: application/json\nContent-Encoding: gzip",
 "Content-Type: application/x-www-form-urlencoded\nContent-Encoding: identity"]
--- error_code eval: [415, 200]
--- response_body_like eval
[qr/"code":"unsupported_media_type"/, qr/"reason":"invalid_syntax"/]



=== TEST 52: methods
--- http_config
smtp_verify_cache_zone zone=results:1m;
--- config
location = /verify { smtp_verify; }
location = /cached { smtp_verify; smtp_verify_cache results; }
--- request eval
["PUT /verify", "PUT /cached"]
--- error_code eval: [405, 405]
--- response_headers eval: ["Allow: GET, HEAD, POST", "Allow: GET, HEAD, POST, DELETE"]
--- response_body_like eval: [qr/"Use GET, HEAD or POST\."/, qr/"Use GET, HEAD, POST or DELETE\."/]



=== TEST 53: a body that was read before, to a file; the others get it, too
--- config
client_body_buffer_size 1k;
location = /verify {
    mirror /mirror;
    smtp_verify;
}
location = /mirror {
    internal;
    access_log off;
    proxy_pass http://127.0.0.1:$server_port/seen;
}
location = /seen {
    proxy_pass http://127.0.0.1:$server_port/end;
    access_log logs/access.log seen;
}
location = /end {
    access_log off;
    return 200;
}
--- http_config
log_format seen 'seen $request_length';
--- more_headers
Content-Type: application/x-www-form-urlencoded
--- request eval
["POST /verify\nemail=no%40&x=" . 'x' x 8000, "POST /verify\nemail=no%40"]
--- response_body_like eval: [(qr/"reason":"invalid_syntax"/) x 2]
--- error_code eval: [200, 200]
--- logged eval
[qr/^seen 8[01]\d\d$/, qr/^seen 1\d\d$/]



=== TEST 54: a sub-request whose parent has not read the body
--- config
location = /front {
    mirror /verify;
    mirror_request_body off;
    proxy_pass http://127.0.0.1:$server_port/app;
}
location = /verify {
    smtp_verify;
}
location = /app {
    return 200 "app\n";
}
--- more_headers
Content-Type: application/x-www-form-urlencoded
--- request
POST /front
email=no%40
--- response_body
app



=== TEST 55: the page of a body that was too large
--- config
location = /verify {
    client_max_body_size 16;
    error_page 413 @verify;
}
location @verify {
    smtp_verify;
}
--- more_headers
Content-Type: application/json
--- request
POST /verify
{"email":"john@ok.test"}
--- error_code: 413
--- problem
code: body_too_large



=== TEST 56: what came with a request is left as it came, in logs and to others
--- http_config
log_format args '$request_method $args | $request_uri | $request_body';
--- config
access_log $TEST_NGINX_SERVROOT/logs/access.log args;
location = /batch {
    smtp_verify_batch;
    smtp_verify_smtp off;
}
location = /verify {
    smtp_verify;
    smtp_verify_smtp off;
}
location = /signup {
    smtp_verify_gate "form:email" dry_run;
    smtp_verify_smtp off;
    proxy_pass http://127.0.0.1:$server_port/app;
}
location = /front {
    smtp_verify_gate $arg_EMail dry_run;
    smtp_verify_smtp off;
    proxy_pass http://127.0.0.1:$server_port/app?$args;
}
location = /app {
    return 200 "app\n";
}
--- more_headers eval
["Content-Type: text/csv", "Content-Type: text/csv", "Content-Type: text/csv",
 "", "Content-Type: application/x-www-form-urlencoded", ""]
--- request eval
["POST /batch?column=E+Mail\nE Mail,a\nNo@,1\n",
 "POST /batch?column=E%2bMail+A%20b&delimiter=Comma\nE+Mail A b,a\nNo@,1\n",
 "POST /batch?x=1&COLUMN=+&ordered=TRUE\n \nNo@\n",
 'GET /verify?email=%22A+b%22%40&SMTP=0',
 "POST /signup\nemail=%22A+b%22%40OK.test+&b=%41",
 'GET /front?email=+A%2Bb+%40OK.test']
--- error_code eval
[200, 200, 200, 200, 200, 200]
--- ignore_response
--- logged
POST column=E+Mail | /batch?column=E+Mail |
POST column=E%2bMail+A%20b&delimiter=Comma | /batch?column=E%2bMail+A%20b&delimiter=Comma |
POST x=1&COLUMN=+&ordered=TRUE | /batch?x=1&COLUMN=+&ordered=TRUE |
GET email=%22A+b%22%40&SMTP=0 | /verify?email=%22A+b%22%40&SMTP=0 |
| /signup | email=%22A+b%22%40OK.test+&b=%41
GET email=+A%2Bb+%40OK.test | /front?email=+A%2Bb+%40OK.test |
GET email=+A%2Bb+%40OK.test | /app?email=+A%2Bb+%40OK.test |



=== TEST 57: JSON that is sent as a form
--- more_headers
Content-Type: application/x-www-form-urlencoded
--- request
POST /verify
{"email":"john@ok.test"}
--- error_code: 400
--- response_body_like: "detail":"The body looks like JSON, but was sent as a form.*"code":"missing_email"
--- smtp_sessions: 0



=== TEST 58: a request may wait for less than the location does
--- no_zones
--- smtp
mx1 11 pipelining users=john
    rcpt john@*: wait 2500ms ; default
--- request eval
["GET /verify?email=john\@ok.test&timeout=1", "POST /verify\nemail=john%40ok.test&timeout=1",
 "GET /verify?email=no\@&timeout=1"]
--- more_headers
Content-Type: application/x-www-form-urlencoded
--- json
verdict: unknown pending estimated local
action: retry_later
retry_after: 10
--
verdict: unknown pending estimated local
--
reason: invalid_syntax
--- within: 1.9s



=== TEST 59: but not for more
--- verify
smtp_verify_timeout 1s;
--- smtp
mx1 11 pipelining users=john
    rcpt john@*: wait 2500ms ; default
--- address: john@ok.test
--- query: timeout=60
--- json
status: unknown
reason: /^(pending|timeout)$/
--- within: 1.9s



=== TEST 60: timeouts that are none
--- more_headers
Content-Type: application/json
--- request eval
["GET /verify?email=a\@ok.test&timeout=0", "GET /verify?email=a\@ok.test&timeout=1.5",
 "GET /verify?email=a\@ok.test&timeout=1&timeout=1", "POST /verify\n{\"email\":\"a\@ok.test\",\"timeout\":\"1\"}"]
--- error_code eval: [422, 422, 400, 422]
--- response_body_like: timeout
--- smtp_sessions: 0



=== TEST 61: HEAD says what GET would, and asks as GET does
--- smtp
mx1 11 pipelining users=john
--- request eval
["HEAD /verify?email=john\@ok.test", "HEAD /verify", "HEAD /verify?email=a&wait=x"]
--- error_code eval: [200, 400, 422]
--- response_body:
--- smtp_sessions: 1
