# Locations that nginx makes by itself, of "if" and "limit_except": what their
# parent does holds in them, too.

use lib 't/lib';
use TestVerify 'no_plan';
use Digest::SHA qw( sha256_hex );

master_on();

preset(smtp => "mx1 11 pipelining users=john\n");

our $Tokens = ">>> tokens\nalice sha256:" . sha256_hex('alice-token')
    . " rate=100/s quota=5\n";

run_tests();

__DATA__

=== TEST 1: an "if" that is true
--- config
location = /verify {
    if ($http_origin) {
        add_header Access-Control-Allow-Origin $http_origin;
    }
    smtp_verify;
}
--- more_headers
Origin: https://shop.test
--- address: john@ok.test
--- json
verdict: deliverable accepted
--- response_headers
Access-Control-Allow-Origin: https://shop.test



=== TEST 2: several of them, by which none, one, or all are true
--- no_zones
--- config
location = /verify {
    smtp_verify;
    set $one "";
    if ($arg_one) { set $one 1; }
    if ($arg_two) { add_header X-Two $one; }
}
--- request eval
['GET /verify?email=john@ok.test',
 'GET /verify?email=john@ok.test&one=1',
 'GET /verify?email=john@ok.test&two=1',
 'GET /verify?email=john@ok.test&one=1&two=1']
--- json
reason: accepted
--- smtp_sessions: 4



=== TEST 3: an "if" of the method, with a body
--- config
location = /verify {
    if ($request_method = POST) { set $post 1; }
    smtp_verify;
}
--- more_headers
Content-Type: application/json
--- request
POST /verify
{"email": "jane@ok.test"}
--- json
reason: mailbox_not_found



=== TEST 4: a list
--- config
location = /batch {
    if ($http_origin) {
        add_header Access-Control-Allow-Origin $http_origin;
    }
    smtp_verify_batch;
    smtp_verify_batch_lines 3;
}
--- more_headers
Origin: https://shop.test
Content-Type: text/plain
--- request
POST /batch?ordered=1
john@ok.test
jane@ok.test
--- stream
reason: accepted
--
reason: mailbox_not_found
--
answered: 2
--- response_headers
Access-Control-Allow-Origin: https://shop.test



=== TEST 5: the limits of a list hold, and it is us who say so
--- config
location = /batch {
    client_max_body_size 20;
    if ($arg_debug) { set $debug 1; }
    smtp_verify_batch;
}
--- more_headers
Content-Type: text/plain
--- request eval
['POST /batch?debug=1
john@ok.test
', 'POST /batch?debug=1
john@ok.test
jane@ok.test
']
--- error_code eval
[200, 413]
--- response_headers eval
['Content-Type: application/x-ndjson',
 'Content-Type: application/problem+json']



=== TEST 6: a rewrite in the "if" that stays here
--- config
location /verify {
    if ($uri ~ ^/verify/(.+)) {
        set $address $1;
        rewrite ^ /verify?email=$address? break;
    }
    smtp_verify;
}
--- request eval
['GET /verify/john@ok.test', 'GET /verify?email=john@ok.test']
--- log_allow
\[notice\] .* (?:matches|match|rewritten)
--- json
email: john@ok.test
reason: accepted



=== TEST 7: without mail servers
--- config
location = /verify {
    if ($arg_debug) { set $debug 1; }
    smtp_verify;
    smtp_verify_smtp off;
}
--- address: john@ok.test
--- query: debug=1
--- json
reason: not_probed
checks.mx_record: true
--- smtp_sessions: 0



=== TEST 8: behind a token, with a rate and a quota
--- no_zones
--- user_files eval: $::Tokens
--- http_config
smtp_verify_tokens $TEST_NGINX_SERVER_ROOT/html/tokens;
--- config
location = /verify {
    if ($arg_debug) { set $debug 1; }
    smtp_verify;
    limit_except POST { allow 127.0.0.1; deny all; }
    add_header X-Client $smtp_verify_client;
}
--- more_headers
Authorization: Bearer alice-token
Content-Type: application/json
--- request eval
['GET /verify?email=john@ok.test&debug=1', 'POST /verify?debug=1
{"email": "john@ok.test"}']
--- json
reason: accepted
--- response_headers_like eval
['RateLimit: "rate";r=\d+;t=\d+, "quota";r=4;t=\d+',
 'RateLimit: "rate";r=\d+;t=\d+, "quota";r=3;t=\d+']



=== TEST 9: without a token nobody is let in
--- user_files eval: $::Tokens
--- http_config
smtp_verify_tokens $TEST_NGINX_SERVER_ROOT/html/tokens;
--- config
location = /verify {
    if ($arg_debug) { set $debug 1; }
    smtp_verify;
    limit_except POST { allow all; }
}
location = /counters {
    if ($arg_debug) { set $debug 1; }
    smtp_verify_counters;
    limit_except POST { allow all; }
}
--- more_headers
Content-Type: application/json
--- request eval
['GET /verify?email=john@ok.test', 'POST /verify?debug=1
{"email": "john@ok.test"}', 'GET /counters']
--- error_code: 401
--- problem
code: missing_token
--- smtp_sessions: 0



=== TEST 10: limit_except: who is let in is answered
--- config
location = /verify {
    smtp_verify;
    limit_except POST { allow 127.0.0.1; deny all; }
}
location = /denied {
    smtp_verify;
    limit_except POST { deny all; }
}
--- request eval
['GET /verify?email=john@ok.test', 'GET /denied?email=john@ok.test']
--- log_allow
access forbidden by rule
--- error_code eval
[200, 403]
--- response_headers eval
['Content-Type: application/json', 'Content-Type: text/html']
--- smtp_sessions: 1



=== TEST 11: limit_except: a list
--- config
location = /batch {
    client_max_body_size 20;
    smtp_verify_batch;
    limit_except GET { allow 127.0.0.1; deny all; }
}
--- more_headers
Content-Type: text/plain
--- request eval
['POST /batch
jane@ok.test
', 'GET /batch', 'POST /batch
john@ok.test
jane@ok.test
']
--- error_code eval
[200, 405, 413]
--- response_headers eval
['Content-Type: application/x-ndjson',
 'Content-Type: application/problem+json',
 'Content-Type: application/problem+json']



=== TEST 12: the counters, and what the cache has is erased
--- http_config
smtp_verify_cache_zone zone=results:1m;
smtp_verify_cache results;
add_header X-Cache $smtp_verify_cache_status;
--- config
location = /verify {
    if ($arg_debug) { set $debug 1; }
    smtp_verify;
    limit_except POST { allow 127.0.0.1; deny all; }
}
location = /counters {
    if ($arg_debug) { set $debug 1; }
    smtp_verify_counters;
    limit_except POST { allow 127.0.0.1; deny all; }
}
--- more_headers
Content-Type: application/json
--- request eval
['GET /verify?email=john@ok.test', 'POST /verify?debug=1
{"email":"john@ok.test"}', 'DELETE /verify?email=john@ok.test',
 'GET /verify?email=john@ok.test', 'GET /counters', 'GET /counters?debug=1']
--- error_code eval
[200, 200, 204, 200, 200, 200]
--- response_headers eval
['X-Cache: MISS', 'X-Cache: HIT', 'X-Cache:', 'X-Cache: MISS',
 'Content-Type: application/json', 'Content-Type: application/json']
--- smtp_sessions: 2



=== TEST 13: the age of a domain, from an identity of a pool, by variables
--- http_config
smtp_verify_rdap /rdap;
smtp_verify_egress_pool out {
    address 127.0.0.1 helo=h1.verifier.test from=f1@verifier.test;
}
smtp_verify_egress out;
--- config
location = /verify {
    if ($http_origin) {
        add_header X-Verdict "$smtp_verify_status $smtp_verify_domain";
    }
    smtp_verify;
}
location = /rdap {
    internal;
    if ($arg_domain) { set $domain $arg_domain; }
    subrequest_output_buffer_size 64k;
    proxy_pass http://127.0.0.1:$TEST_NGINX_SERVER_PORT/domain/$domain;
}
location /domain/ {
    return 200 '{"objectClassName":"domain","events":[{"eventAction":"registration","eventDate":"1997-09-15T04:00:00Z"}]}';
}
--- smtp
mx1 11 pipelining users=john
    rcpt john@*: wait 200ms ; default
--- more_headers
Origin: https://shop.test
--- address: john@ok.test
--- json
reason: accepted
checks.domain_age_days: >= 10000
--- response_headers
X-Verdict: deliverable ok.test
--- smtp_turns
EHLO h1.verifier.test
MAIL FROM:<f1@verifier.test> | RCPT TO:<john@ok.test>
RSET | MAIL FROM:<f1@verifier.test> | RCPT TO:<*@ok.test>
QUIT



=== TEST 14: a gate
--- no_zones
--- config
location = /signup {
    smtp_verify_gate $arg_email;
    if ($arg_debug) { add_header X-Gate "$smtp_verify_gate_status $smtp_verify_reason" always; }
    limit_except GET { allow 127.0.0.1; deny all; }
    return 200 "$smtp_verify_gate_status";
}
location = /page {
    smtp_verify_gate $arg_email;
    if ($arg_debug) { add_header X-Gate "$smtp_verify_gate_status $smtp_verify_reason" always; }
    limit_except GET { allow 127.0.0.1; deny all; }
    root $TEST_NGINX_SERVER_ROOT/html;
}
--- user_files
>>> page
here
--- request eval
['GET /page?email=john@ok.test&debug=1',
 'GET /page?email=jane@ok.test&debug=1',
 'POST /page?email=jane@ok.test
x']
--- error_code eval
[200, 422, 422]
--- response_headers eval
['X-Gate: PASSED accepted', 'X-Gate: DENIED mailbox_not_found', 'X-Gate:']
--- smtp_sessions: 3



=== TEST 15: a gate of the server, an "if" of the server, and no location
--- config
smtp_verify_gate $arg_email;
if ($arg_debug) { set $debug 1; }
location = /other { return 204; }
--- request
GET /nowhere?email=jane@ok.test&debug=1
--- error_code: 422
--- problem
code: address_denied



=== TEST 16: an "if" that has another handler keeps it, and the gate is there
--- config
smtp_verify_gate $arg_email;
location = /verify {
    smtp_verify;
    if ($arg_elsewhere) {
        proxy_pass http://127.0.0.1:$server_port/elsewhere;
    }
}
location = /elsewhere {
    smtp_verify_gate off;
    return 200 elsewhere;
}
--- request eval
['GET /verify?email=john@ok.test',
 'GET /verify?email=john@ok.test&elsewhere=1',
 'GET /verify?email=jane@ok.test&elsewhere=1']
--- error_code eval
[200, 200, 422]
--- response_body_like eval
['"reason":"accepted"', '^elsewhere', '"code":"address_denied"']



=== TEST 17: so does a location whose handler is set twice
--- config
smtp_verify_gate $arg_email;
location = /verify {
    smtp_verify;
    proxy_pass http://127.0.0.1:$server_port/elsewhere;
    limit_except POST { allow all; }
}
location = /elsewhere {
    smtp_verify_gate off;
    return 200 elsewhere;
}
--- request eval
['GET /verify?email=john@ok.test', 'GET /verify?email=jane@ok.test']
--- error_code eval
[200, 422]
--- response_body_like eval
['^elsewhere', '"code":"address_denied"']



=== TEST 18: a location below, which has a name, does not verify
--- config
location /verify {
    smtp_verify;
    location /verify/page {
        if ($arg_debug) { set $debug 1; }
        limit_except POST { allow all; }
    }
    if ($arg_debug) { set $debug 1; }
}
--- request eval
['GET /verify?email=john@ok.test&debug=1',
 'GET /verify/page?email=john@ok.test&debug=1',
 'GET /verify/page?email=john@ok.test']
--- error_code eval
[200, 404, 404]
--- log_allow
No such file or directory
--- smtp_sessions: 1



=== TEST 19: a named location
--- config
location = /start {
    error_page 418 = @verify;
    return 418;
}
location @verify {
    if ($arg_debug) { set $debug 1; }
    smtp_verify;
    limit_except POST { allow all; }
}
--- request eval
['GET /start?email=john@ok.test&debug=1', 'GET /start?email=john@ok.test']
--- json
reason: accepted



=== TEST 20: many requests on a connection, which find the same session
--- config
location = /verify {
    if ($arg_debug) { set $debug 1; }
    if ($http_origin) { set $origin 1; }
    smtp_verify;
    smtp_verify_keepalive 8 timeout=300ms;
    limit_except POST { allow all; }
}
--- pipelined_requests eval
['GET /verify?email=john@ok.test&debug=1', 'GET /verify?email=john@ok.test',
 'GET /verify?email=john@ok.test']
--- json
reason: accepted
--
reason: accepted
--
reason: accepted
--- smtp_sessions: 1



=== TEST 21: no directive of ours in an "if"
--- config
location = /verify {
    if ($arg_debug) { smtp_verify; }
}
--- must_die
--- error_log
"smtp_verify" directive is not allowed here



=== TEST 22: nor in limit_except
--- config
location = /verify {
    smtp_verify;
    limit_except POST { smtp_verify_smtp off; }
}
--- must_die
--- error_log
"smtp_verify_smtp" directive is not allowed here



=== TEST 23: nor in an "if" of a server
--- config
if ($arg_debug) { smtp_verify_gate $arg_email; }
--- must_die
--- error_log
"smtp_verify_gate" directive is not allowed here



=== TEST 24: two handlers of ours in one location
--- config
location = /verify {
    smtp_verify;
    smtp_verify_counters;
}
--- must_die
--- error_log
"smtp_verify_counters" directive is duplicate
