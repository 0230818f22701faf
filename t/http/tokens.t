# Only those with a token get in.

use lib 't/lib';
use TestVerify 'no_plan';
use TestVerify::Clients;
use Digest::SHA qw( sha256_hex );

master_on();

our $Tokens = join '', map { "$_\n" } '# clients',
    'alice sha256:' . sha256_hex('alice-token'),
    'bob   sha256:' . sha256_hex('bob-old')
        . ' sha256:' . uc sha256_hex('bob-new'),
    'carol sha256:' . sha256_hex('carol+/token=='),
    'ops   sha256:' . sha256_hex('ops-token') . ' admin',
    'crm   sha256:' . sha256_hex('crm-token') . ' erase rate=60/m quota=50',
    map { "client-$_ sha256:" . sha256_hex("t-$_") } 1 .. 500;

our $File = '$TEST_NGINX_SERVER_ROOT/html/tokens';

add_block_preprocessor(sub {
    my ($block) = @_;

    return if defined $block->user_files;

    $block->set_value(user_files => ">>> tokens\n$Tokens");
    $block->set_value(http_config =>
                      "smtp_verify_tokens $File;\n"
                      . "smtp_verify_cache_zone zone=results:1m;\n"
                      . "smtp_verify_cache results;\n"
                      . ($block->http_config // ''));
});

# neither a token nor its hash is ever logged by us; what nginx has to say of
# a header that is sent twice, or at the level "debug", is its own

add_test_cleanup_handler(sub {
    my $secret = join '|', map { quotemeta } 'alice-token', 'bob-old',
        'bob-new', 'carol+/', 'unknown-token', 't-500',
        map { substr sha256_hex($_), 0, 16 } 'alice-token', 'unknown-token';

    for my $log (glob server_root() . '/logs/*.log') {
        open my $in, '<', $log or next;
        my @said = grep {
            /$secret/ && !/\[debug\]|^Authorization|duplicate header|token=/
        } <$in>;
        Test::More::is(scalar @said, 0, "no token in $log")
            or Test::More::diag(@said);
    }
});


# a reload with the tokens of "tokens.next"

sub reload
{
    my ($done) = @_;

    my $dir = server_root() . '/html';

    rename "$dir/tokens.next", "$dir/tokens" or die "tokens: $!\n";

    TestVerify::Clients::reload($done);
}


sub refused
{
    open my $log, '<', server_root() . '/logs/error.log' or return;

    return grep { /\[emerg\]/ } <$log>;
}


run_tests();

__DATA__

=== TEST 1: with a token
--- smtp
mx1 11 pipelining users=john
--- more_headers
Authorization: Bearer alice-token
--- address: john@ok.test
--- json
reason: accepted
--- response_headers
! WWW-Authenticate
! RateLimit
! RateLimit-Policy



=== TEST 2: two tokens of one client, any letters of the scheme, the last one
--- more_headers eval
["Authorization: Bearer bob-old", "Authorization: bearer bob-new",
 "Authorization: BEARER   carol+/token==", "Authorization: Bearer t-500"]
--- address
no@
no@
no@
no@
--- json
reason: invalid_syntax



=== TEST 3: none
--- address: john@ok.test
--- error_code: 401
--- problem
title: Unauthorized
status: 401
code: missing_token
--- response_headers
Content-Type: application/problem+json
WWW-Authenticate: Bearer realm="smtp_verify"
Cache-Control: no-store
! RateLimit



=== TEST 4: wrong, cut, too long, with something before or after, no token
--- more_headers eval
["Authorization: Bearer unknown-token", "Authorization: Bearer alice-toke",
 "Authorization: Bearer alice-token1", "Authorization: Bearer alice-token x",
 "Authorization: Bearer ,alice-token", "Authorization: Bearer alice-token,",
 "Authorization: Bearer " . "a" x 700, "Authorization: Bearer =",
 "Authorization: Bearer \"alice-token\""]
--- address
john@ok.test
john@ok.test
john@ok.test
john@ok.test
john@ok.test
john@ok.test
john@ok.test
john@ok.test
john@ok.test
--- error_code eval
[(401) x 9]
--- problem
status: 401
code: invalid_token
--- response_headers eval
[("WWW-Authenticate: Bearer realm=\"smtp_verify\", error=\"invalid_token\"")
 x 9]



=== TEST 5: no token, or another scheme: nothing is said of an error
--- more_headers eval
["Authorization: Bearer", "Authorization: Basic YWxpY2U6eA==",
 "Authorization: alice-token", "Authorization: Beareralice-token",
 "Authorization: Digest username=\"alice-token\"", "Authorization:"]
--- address
john@ok.test
john@ok.test
john@ok.test
john@ok.test
john@ok.test
john@ok.test
--- error_code eval
[(401) x 6]
--- problem
code: missing_token
--- response_headers eval
[("WWW-Authenticate: Bearer realm=\"smtp_verify\"") x 6]



=== TEST 6: two headers
--- more_headers
Authorization: Bearer alice-token
Authorization: Bearer bob-new
--- address: john@ok.test
--- error_code: 400



=== TEST 7: in the query string
--- request
GET /verify?email=john@ok.test&access_token=alice-token
--- error_code: 401
--- problem
code: missing_token
detail: /query string/



=== TEST 8: in both
--- request
GET /verify?email=john@ok.test&access_token=alice-token
--- more_headers
Authorization: Bearer alice-token
--- error_code: 400
--- problem
code: ambiguous_token
--- response_headers
WWW-Authenticate: Bearer realm="smtp_verify", error="invalid_request"



=== TEST 9: each method is guarded, and before anything else is looked at
--- request eval
["DELETE /verify?email=john\@ok.test", "PUT /verify", "POST /verify\nx",
 "GET /verify", "GET /counters", "PUT /counters"]
--- config
location = /verify {
    smtp_verify;
}
location = /counters {
    smtp_verify_counters;
}
--- error_code eval
[(401) x 6]
--- problem
code: missing_token



=== TEST 10: the counters, with a token; what needs none
--- config
location = /counters {
    smtp_verify_counters;
}
location = /open {
    smtp_verify_tokens off;
    smtp_verify;
}
location = /else {
    return 200 "else: $smtp_verify_client\n";
}
--- request eval
["GET /counters", "GET /open?email=no@", "GET /else"]
--- more_headers eval
["Authorization: Bearer alice-token", "", "Authorization: Bearer bob-old"]
--- error_code eval
[200, 200, 200]
--- response_body_like eval
["requests", "invalid_syntax", "else: bob"]



=== TEST 11: the body of a request that is refused
--- pipelined_requests eval
["POST /verify\nGET /verify?email=a HTTP/1.1",
 "GET /verify?email=john\@ok.test"]
--- error_code eval
[401, 401]
--- problem
code: missing_token



=== TEST 12: an address that is allowed in is not a token
--- smtp
mx1 11 pipelining users=john
--- verify
satisfy any;
allow all;
auth_basic closed;
auth_basic_user_file $TEST_NGINX_SERVER_ROOT/html/tokens;
--- more_headers eval
["", "Authorization: Bearer alice-token"]
--- address
john@ok.test
john@ok.test
--- error_code eval
[401, 200]
--- json
code: missing_token
--
reason: accepted
--- no_shape



=== TEST 13: nor is a token an address that is allowed in
--- verify
deny all;
--- more_headers
Authorization: Bearer alice-token
--- address: john@ok.test
--- error_code: 403
--- log_allow
access forbidden by rule



=== TEST 14: the client's name: in logs, by limit_req, for nobody
--- http_config
limit_req_zone $smtp_verify_client zone=clients:1m rate=1r/m;
log_format client 'client=[$smtp_verify_client] $status';
--- verify
limit_req zone=clients burst=1 nodelay;
limit_req_status 429;
access_log $TEST_NGINX_SERVER_ROOT/logs/access.log client;
--- more_headers eval
["Authorization: Bearer alice-token", "Authorization: Bearer alice-token",
 "Authorization: Bearer alice-token", "Authorization: Bearer bob-old",
 "Authorization: Bearer bob-new", "Authorization: Bearer bob-new",
 "", "", "", "Authorization: Bearer unknown-token"]
--- address
no@
no@
no@
no@
no@
no@
no@
no@
no@
no@
--- error_code eval
[200, 200, 429, 200, 200, 429, 401, 401, 401, 401]
--- log_allow
limiting requests
--- logged
client=[alice] 200
client=[alice] 429
client=[bob] 429
client=[-] 401



=== TEST 15: other tokens elsewhere: what was known before does not count
--- http_config
server {
    listen $TEST_NGINX_NET.200:8073;
    smtp_verify_tokens $TEST_NGINX_SERVER_ROOT/html/other;
    set $early $smtp_verify_client;

    location = /verify {
        smtp_verify_tokens $TEST_NGINX_SERVER_ROOT/html/tokens;
        add_header X-Early $early;
        add_header X-Client $smtp_verify_client;
        smtp_verify;
    }
}
--- user_files eval
">>> tokens\n$::Tokens>>> other\nzoe sha256:"
. Digest::SHA::sha256_hex('zoe-token') . "\nmallory sha256:"
. Digest::SHA::sha256_hex('alice-token') . "\n"
--- config
location = /verify {
    proxy_pass http://$TEST_NGINX_NET.200:8073;
}
--- more_headers eval
["Authorization: Bearer alice-token", "Authorization: Bearer zoe-token"]
--- address
no@
no@
--- error_code eval
[200, 401]
--- response_headers eval
["X-Early: mallory\nX-Client: alice",
 "WWW-Authenticate: Bearer realm=\"smtp_verify\", error=\"invalid_token\""]



=== TEST 16: the location that is asked for ages of domains needs none
--- http_config
server {
    listen $TEST_NGINX_NET.200:8053;
    default_type application/rdap+json;
    return 200 '{"objectClassName":"domain","events":[{"eventAction":"registration","eventDate":"1997-09-15T04:00:00Z"}]}';
}
--- config
location = /verify {
    smtp_verify;
    smtp_verify_rdap /rdap;
}
location = /rdap {
    internal;
    subrequest_output_buffer_size 64k;
    proxy_pass http://$TEST_NGINX_NET.200:8053/domain/$arg_domain;
}
--- smtp
mx1 11 pipelining users=john
    rcpt john@*: wait 200ms ; default
--- more_headers
Authorization: Bearer alice-token
--- address: john@ok.test
--- json
reason: accepted
checks.domain_age_days: >= 10000



=== TEST 17: a file that is not there
--- http_config
smtp_verify_tokens $TEST_NGINX_SERVER_ROOT/html/none;
--- user_files
>>> tokens
--- must_die
--- error_log
html/none" failed



=== TEST 18: a mistake is told by its line, and nothing of the line
--- http_config
smtp_verify_tokens $TEST_NGINX_SERVER_ROOT/html/tokens;
--- user_files
>>> tokens
# all

alice alice-token
--- must_die
--- error_log
a word other than
html/tokens:3



=== TEST 19: a name twice
--- http_config
smtp_verify_tokens $TEST_NGINX_SERVER_ROOT/html/tokens;
--- user_files eval
">>> tokens\nalice sha256:" . Digest::SHA::sha256_hex('one')
. "\nalice sha256:" . Digest::SHA::sha256_hex('two') . "\n"
--- must_die
--- error_log
the name is that of line 1
html/tokens:2



=== TEST 20: a token twice
--- http_config
smtp_verify_tokens $TEST_NGINX_SERVER_ROOT/html/tokens;
--- user_files eval
">>> tokens\nalice sha256:" . Digest::SHA::sha256_hex('one')
. "\nbob sha256:" . uc(Digest::SHA::sha256_hex('one')) . "\n"
--- must_die
--- error_log
the token is that of line 1
html/tokens:2



=== TEST 21: the directive twice
--- must_die
--- verify
smtp_verify_tokens off;
smtp_verify_tokens off;
--- error_log
"smtp_verify_tokens" directive is duplicate



=== TEST 22: a reload reads the file anew
--- init
main::reload();
--- user_files eval
">>> tokens\n$::Tokens>>> tokens.next\nalice sha256:"
. Digest::SHA::sha256_hex('alice-new') . "\n"
--- http_config
smtp_verify_tokens $TEST_NGINX_SERVER_ROOT/html/tokens;
--- more_headers eval
["Authorization: Bearer alice-new", "Authorization: Bearer alice-token"]
--- address
no@
no@
--- error_code eval
[200, 401]



=== TEST 23: one with a mistake is not taken: what was there goes on
--- init
main::reload(\&main::refused);
--- user_files eval
">>> tokens\n$::Tokens>>> tokens.next\nalice sha256:"
. Digest::SHA::sha256_hex('alice-new') . "\nbob sha256:12\n"
--- http_config
smtp_verify_tokens $TEST_NGINX_SERVER_ROOT/html/tokens;
--- more_headers
Authorization: Bearer alice-token
--- address: no@
--- json
reason: invalid_syntax
--- error_log
a hash of other than 64 digits
html/tokens:2
--- log_allow
a hash of other than 64 digits



=== TEST 24: whether somebody else has asked before is told only to an administrator
--- smtp
mx1 11 pipelining users=john
    rcpt wait@*: wait 1200ms ; default
    rcpt later@*: 450 4.2.0 Greylisted, see you in 60 seconds
--- http_config
smtp_verify_read_timeout 5s;
smtp_verify_timeout 10s;
--- config
location = /verify {
    smtp_verify;
    smtp_verify_keepalive off;
}
location = /open {
    smtp_verify_tokens off;
    smtp_verify;
}
--- more_headers eval
[map { $_ ? "Authorization: Bearer $_" : '' } qw( ops-token alice-token crm-token ops-token ops-token alice-token
    alice-token ops-token ), '']
--- request eval
["GET /verify?email=john\@ok.test", "GET /verify?email=john\@ok.test", "GET /verify?email=john\@ok.test",
 "GET /verify?email=later\@ok.test", "GET /verify?email=wait\@ok.test", "GET /verify?email=later\@ok.test",
 "GET /verify?email=new\@ok.test", "GET /verify?email=john\@ok.test", "GET /open?email=john\@ok.test"]
--- json
cached: false
age: 0
--
cached: null
age: null
--
cached: null
age: null
--
reason: greylisted
cached: false
retry_after: 60
--
reason: mailbox_not_found
--
reason: greylisted
cached: null
age: null
retry_after: 60
--
cached: null
age: null
--
cached: true
age: >= 1
--
cached: true
age: >= 1



=== TEST 25: in a list neither, in whatever format
--- smtp
mx1 11 pipelining users=john
--- config
location = /verify {
    smtp_verify;
}
location = /batch {
    smtp_verify_batch;
}
--- more_headers eval
[map { "Authorization: Bearer $_->[0]\nContent-Type: $_->[1]\nAccept: $_->[2]" }
 ['ops-token', 'text/plain', '*/*'], ['alice-token', 'text/plain', '*/*'], ['ops-token', 'text/plain', '*/*'],
 ['alice-token', 'text/csv', 'text/csv'], ['ops-token', 'text/csv', 'text/csv']]
--- request eval
["GET /verify?email=john\@ok.test", "POST /batch\njohn\@ok.test\njohn\@ok.test\n", "POST /batch\njohn\@ok.test\n",
 "POST /batch\nemail\njohn\@ok.test\n", "POST /batch\nemail\njohn\@ok.test\n"]
--- response_body_like eval
[qr/"cached":false/, qr/\A[^\n]*"cached":null,"age":null[^\n]*\n[^\n]*"cached":null,"age":null[^\n]*\n/,
 qr/"cached":true,"age":\d/, qr/\n0,john\@ok\.test,deliverable,[^\n]*,"?250[^\n]*,,,,send,[^\n]*,john\@ok\.test\n/,
 qr/\n0,john\@ok\.test,deliverable,[^\n]*,true,,,send,[^\n]*,john\@ok\.test\n/]



=== TEST 26: who may have it forgotten
--- smtp
mx1 11 pipelining users=john
--- config
location = /verify {
    smtp_verify;
}
location = /open {
    smtp_verify_tokens off;
    smtp_verify;
}
--- more_headers eval
[map { $_ ? "Authorization: Bearer $_" : '' }
 qw( ops-token alice-token alice-token ops-token crm-token crm-token alice-token ops-token alice-token ), '']
--- request eval
["GET /verify?email=john\@ok.test", "DELETE /verify?email=john\@ok.test", "DELETE /verify?email=nobody\@ok.test",
 "GET /verify?email=john\@ok.test", "DELETE /verify?email=john\@ok.test", "DELETE /verify?email=john\@ok.test",
 "GET /verify?email=john\@ok.test", "DELETE /verify?email=john\@ok.test", "GET /verify?email=john\@ok.test",
 "DELETE /open?email=john\@ok.test"]
--- error_code eval
[200, 403, 403, 200, 204, 404, 200, 204, 200, 204]
--- response_body_like eval
['', ('"code":"missing_right"') x 2, '"cached":true', '', '"not_cached"', ('') x 4]
--- raw_response_headers_like eval
['', (qr/^WWW-Authenticate: Bearer realm="smtp_verify", error="insufficient_scope"\r$/m) x 2, ('') x 7]



=== TEST 27: counters: all of them for an administrator, one's own for others
--- smtp
mx1 11 pipelining users=john
--- config
location = /verify {
    smtp_verify;
}
location = /counters {
    smtp_verify_counters;
}
location = /open {
    smtp_verify_tokens off;
    smtp_verify_counters;
}
--- more_headers eval
[map { $_ ? "Authorization: Bearer $_" : '' } qw( ops-token crm-token crm-token alice-token ops-token ), '']
--- request eval
["GET /verify?email=john\@ok.test", "GET /verify?email=jane\@ok.test", "GET /counters", "GET /counters", "GET /counters", "GET /open"]
--- response_body_like eval
['', '',
 qr/\A\{"version":"[^"]+","client":"crm","requests":2,"rate":\{"limit":60,"left":5\d,"reset":\d+\},"quota":\{"limit":50,"left":49,"reset":\d+\}\}\n\z/,
 qr/\A\{"version":"[^"]+","client":"alice","requests":1,"rate":null,"quota":null\}\n\z/,
 qr/"cache_hits":\d.*"caches":\{"results"/, qr/"cache_hits":\d.*"caches":\{"results"/]



=== TEST 33: a token in X-Api-Key
--- smtp
mx1 11 pipelining users=john
--- config
location = /verify {
    smtp_verify;
}
--- more_headers eval
["X-Api-Key: alice-token", "x-api-key:   alice-token  ",
 "X-Api-Key: alice-token\nAuthorization: Basic YTpi",
 "X-Api-Key: alice-token\nAuthorization: Bearer alice-token",
 "X-Api-Key: alice-token\nX-Api-Key: alice-token", "X-Api-Key: other", "X-Api-Key: "]
--- request eval
[("GET /verify?email=no\@") x 7]
--- error_code eval: [200, 200, 200, 400, 400, 401, 401]
--- response_body_like eval
[(qr/invalid_syntax/) x 3, (qr/ambiguous_token/) x 2, qr/invalid_token/, qr/missing_token/]
--- smtp_sessions: 0
