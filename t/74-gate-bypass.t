# What a client can choose is no way around the gate.

use lib 't/lib';
use TestVerify 'no_plan';

add_block_preprocessor(sub {
    my ($block) = @_;

    # time enough for a slow machine

    $block->set_value(http_config => patient($block->http_config // ''))
        if !defined $block->must_die;
});

timeout(20);
run_tests();


__DATA__

=== TEST 1: sub-requests do not see headers that the client forged
--- smtp
mx1 11 pipelining users=john
--- http_config
underscores_in_headers on;
smtp_verify_gate_headers on;
--- config
    ignore_invalid_headers off;
    location = /signup {
        smtp_verify_gate $arg_email;
        auth_request /auth;
        auth_request_set $seen $upstream_http_x_seen;
        add_header X-Seen $seen;
        ssi on;
        proxy_pass http://127.0.0.1:$server_port/app;
    }
    location = /auth {
        proxy_pass http://127.0.0.1:$server_port/seen;
    }
    location = /after {
        proxy_pass http://127.0.0.1:$server_port/seen;
    }
    location = /app {
        smtp_verify_gate_headers off;
        default_type text/html;
        return 200 'app $http_x_email_verify_status <!--# include virtual="/after" -->';
    }
    location = /seen {
        smtp_verify_gate_headers off;
        add_header X-Seen "[$http_x_email_verify_status $http_x_email_verify_foo]";
        return 200 "[$http_x_email_verify_status $http_x_email_verify_foo]\n";
    }
--- more_headers eval
["X-Email-Verify-Status: forged", "x_EMAIL_verify_STATUS: forged",
 "X-Email.Verify-Foo: forged\nX-Email-Verify-Foo: forged",
 CORE::join('', map { "X-Other-$_: $_\n" } 1 .. 45) . "X-Email-Verify-Status: forged"]
--- request eval
[("GET /signup?email=john\@ok.test") x 4]
--- response_body eval
[("app deliverable [deliverable ]\n") x 4]
--- response_headers eval
[("X-Seen: [ ]") x 4]



=== TEST 2: nor do "if", "set" and limit_req, and what they were told before does not stay
--- smtp
mx1 11 pipelining users=john
--- http_config
limit_req_zone $http_x_email_verify_status zone=forged:1m rate=1r/m;
map $http_x_email_verify_status $mapped {
    volatile;
    default "[$http_x_email_verify_status]";
}
--- config
    location = /signup {
        smtp_verify_gate $arg_email;
        smtp_verify_gate_headers on;
        limit_req zone=forged;
        set $early $http_x_email_verify_status;
        if ($http_x_email_verify_status) {
            return 403 "forged\n";
        }
        add_header X-Seen "[$early] $mapped $http_x_email_verify_status";
        proxy_pass http://127.0.0.1:$server_port/app;
    }
    location = /app {
        return 200 "app $http_x_email_verify_status\n";
    }
--- more_headers
X-Email-Verify-Status: forged
--- request eval
[("GET /signup?email=john\@ok.test") x 2]
--- error_code eval
[200, 200]
--- response_body eval
["app deliverable\n", "app deliverable\n"]
--- response_headers eval
[("X-Seen: [] [deliverable] deliverable") x 2]



=== TEST 3: a page of an error before the gate
--- config
    error_page 403 = /page;
    location = /signup {
        smtp_verify_gate $arg_email;
        smtp_verify_gate_headers on;
        deny all;
    }
    location = /page {
        proxy_pass http://127.0.0.1:$server_port/app;
    }
    location = /app {
        return 200 "app [$http_x_email_verify_status]\n";
    }
--- more_headers
X-Email-Verify-Status: forged
--- request
GET /signup?email=john@ok.test
--- response_body
app []
--- log_allow
access forbidden by rule



=== TEST 4: those of the gate stay over an internal redirect and in what follows it
--- smtp
mx1 11 pipelining users=john
--- config
    location /signup {
        smtp_verify_gate $arg_email;
        smtp_verify_gate_headers on;
        try_files /none.txt @app;
    }
    location @app {
        auth_request /auth;
        auth_request_set $seen $upstream_http_x_seen;
        add_header X-Seen $seen;
        proxy_hide_header X-Seen;
        proxy_pass http://127.0.0.1:$server_port/seen;
    }
    location = /auth {
        smtp_verify_gate_headers on;
        proxy_pass http://127.0.0.1:$server_port/seen;
    }
    location = /seen {
        add_header X-Seen "[$http_x_email_verify_status]";
        return 200 "[$http_x_email_verify_status]\n";
    }
--- more_headers
X-Email-Verify-Status: forged
--- request
GET /signup?email=john@ok.test
--- response_body
[deliverable]
--- response_headers
X-Seen: [deliverable]
