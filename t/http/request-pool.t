# How much memory a request begins with, which is nginx's request_pool_size.

use lib 't/lib';
use TestVerify 'no_plan';

log_level('debug');
no_root_location();

# the pool of the first request, by what nginx allocates for it

our $kept = qr/ \*\d+ posix_memalign: [0-9A-F]+:4096 \@16/;
our $more = qr/ \*\d+ posix_memalign: [0-9A-F]+:(?:4[1-9]|[5-9]\d)\d\d \@16/;

preset(request => 'GET /verify?email=none', no_shape => '');

run_tests();

__DATA__

=== TEST 1: nothing written: as large as a request takes
--- error_log eval: $::more
--- no_error_log eval: $::kept



=== TEST 2: 4k, written in the server
--- config
request_pool_size 4k;
location = /verify {
    smtp_verify;
}
--- error_log eval: $::kept
--- no_error_log eval: $::more



=== TEST 3: 4k, written behind the location that verifies
--- config
location = /verify {
    smtp_verify_gate $arg_email;
    empty_gif;
}
request_pool_size 4096;
--- error_code: 422
--- error_log eval: $::kept
--- no_error_log eval: $::more



=== TEST 4: 4k, written for all servers
--- http_config
request_pool_size 4k;
--- error_log eval: $::kept
--- no_error_log eval: $::more



=== TEST 5: another size, written for all, and 4k for this server
--- http_config
request_pool_size 6k;
--- config
request_pool_size 4k;
location = /verify {
    smtp_verify;
}
--- error_log eval: $::kept
--- no_error_log eval: $::more



=== TEST 6: a server that does not verify, beside one that does
--- http_config
server {
    listen $TEST_NGINX_NET.201:8054;
    location = /verify {
        smtp_verify;
    }
}
--- config
location = /verify {
    return 204;
}
--- error_code: 204
--- error_log eval: $::kept
--- no_error_log eval: $::more



=== TEST 7: the default server of one that verifies, where its requests begin
--- http_config
server {
    listen $TEST_NGINX_NET.201:8054;
    location / {
        return 204;
    }
}
server {
    listen $TEST_NGINX_NET.201:8054;
    server_name other.test;
    location = /verify {
        smtp_verify;
    }
}
--- config
location = /verify {
    proxy_set_header Host other.test;
    proxy_pass http://$TEST_NGINX_NET.201:8054;
}
--- error_log eval: $::more
--- response_body_like: invalid_syntax
