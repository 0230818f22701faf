# Which web pages of other origins may use the API.

use lib 't/lib';
use TestVerify 'no_plan';
use TestVerify::Env;
use Digest::SHA qw( sha256_hex );

my $shop = 'https://shop.example';

add_block_preprocessor(sub {
    my ($block) = @_;

    $block->set_value(user_files => ">>> tokens\nweb sha256:"
                      . sha256_hex('web-token') . "\n");

    if (!defined $block->config && !$block->must_die) {
        $block->set_value(config => join "\n", $block->cors
            // 'smtp_verify_cors https://shop.example http://127.0.0.1:3000;',
            'location = /verify { smtp_verify; }',
            'location = /tokens { smtp_verify; '
            . 'smtp_verify_tokens $TEST_NGINX_SERVER_ROOT/html/tokens; }',
            'location = /batch { smtp_verify_batch; }',
            'location = /metrics { smtp_verify_metrics; }',
            'location = /off { smtp_verify; smtp_verify_cors off; }');
    }
});

run_tests();

__DATA__

=== TEST 1: a page asks what it may send; no token is needed for that
--- no_zones
--- request eval
["OPTIONS /verify", "OPTIONS /tokens", "OPTIONS /batch", "OPTIONS /metrics"]
--- more_headers
Origin: https://shop.example
Access-Control-Request-Method: POST
Access-Control-Request-Headers: authorization,content-type
--- error_code: 204
--- response_headers
Access-Control-Allow-Origin: https://shop.example
Vary: Origin
Access-Control-Allow-Headers: Authorization, Content-Type, Idempotency-Key, X-Api-Key, X-Request-ID
Access-Control-Max-Age: 7200
--- raw_response_headers_like eval
[map { qr/Access-Control-Allow-Methods: $_\r\n/ } "GET, HEAD, POST", "GET, HEAD, POST", "POST", "GET, HEAD"]
--- response_body:



=== TEST 2: and then reads the answer, also an error
--- request eval
["GET /verify?email=no\@", "GET /verify", "GET /tokens?email=no\@", "POST /batch\nno\@",
 "GET /metrics"]
--- more_headers
Origin: http://127.0.0.1:3000
Content-Type: text/plain
--- error_code eval: [200, 400, 401, 200, 200]
--- response_headers
Access-Control-Allow-Origin: http://127.0.0.1:3000
Access-Control-Expose-Headers: Location, RateLimit, RateLimit-Policy, Retry-After, X-Request-ID
Vary: Origin
--- ignore_response



=== TEST 3: a page of another origin is refused, before anybody is asked
--- smtp
mx1 11 pipelining users=john
--- request eval
["GET /verify?email=john\@ok.test", "GET /verify?email=john\@ok.test", "GET /verify?email=john\@ok.test",
 "GET /verify?email=john\@ok.test", "POST /batch\njohn\@ok.test", "OPTIONS /verify",
 "GET /verify?email=john\@ok.test"]
--- more_headers eval
[(map { "Origin: $_" } 'https://evil.example', 'null', 'http://shop.example', 'https://shop.example:8443'),
 "Origin: https://shop.example.evil\nContent-Type: text/plain",
 "Origin: https://evil.example\nAccess-Control-Request-Method: GET",
 "Origin: https://shop.example\nOrigin: https://evil.example"]
--- error_code: 403
--- problem
code: origin_denied
--- raw_response_headers_unlike: Access-Control-Allow
--- smtp_sessions: 0



=== TEST 4: our own pages, and programs, go on
--- request eval
["POST /verify\nemail=no\@", "GET /verify?email=no\@"]
--- more_headers eval
["Content-Type: application/x-www-form-urlencoded\nOrigin: http://localhost", "Accept: */*"]
--- response_headers
Vary: Origin
--- json
reason: invalid_syntax



=== TEST 5: all origins
--- cors
smtp_verify_cors *;
--- request eval
["GET /verify?email=no\@", "OPTIONS /verify"]
--- more_headers
Origin: https://anybody.example
--- error_code eval: [200, 204]
--- response_headers
Access-Control-Allow-Origin: *
--- ignore_response



=== TEST 6: without the directive all is as before
--- request eval
["OPTIONS /off", "GET /off?email=no\@"]
--- more_headers
Origin: https://shop.example
--- error_code eval: [405, 200]
--- raw_response_headers_unlike: Access-Control|Vary
--- ignore_response



=== TEST 7: letters are compared without their case, the origin comes back as it was sent
--- cors
smtp_verify_cors HTTPS://Shop.Example;
--- request
GET /verify?email=no@
--- more_headers
Origin: https://shop.EXAMPLE
--- response_headers
Access-Control-Allow-Origin: https://shop.EXAMPLE



=== TEST 8: what is no origin
--- http_config
smtp_verify_cors https://shop.example/;
--- must_die
--- error_log
invalid origin "https://shop.example/" in "smtp_verify_cors" directive



=== TEST 9: nor is this
--- http_config
smtp_verify_cors https://*.shop.example;
--- must_die
--- error_log
invalid origin "https://*.shop.example"



=== TEST 10: nor a name alone
--- http_config
smtp_verify_cors shop.example;
--- must_die
--- error_log
invalid origin "shop.example"
