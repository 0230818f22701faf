# The gate: who goes on, who does not, and what the application sees.

use lib 't/lib';
use TestVerify 'no_plan';

# "gate": what stands behind smtp_verify_gate in a location that is proxied
# to an application, which tells what it was asked

add_block_preprocessor(sub {
    my ($block) = @_;

    # time enough for a slow machine

    $block->set_value(http_config => patient($block->http_config // ''))
        if !defined $block->bare && !defined $block->must_die;

    return if !defined $block->gate;

    my $more = $block->more // '';

    $block->set_value(config => <<_EOC_ . ($block->locations // ''));
        location = /app {
            default_type text/plain;
            return 200 "app \$request_method \$http_x_email_verify_status\\n";
        }

        location = /signup {
            smtp_verify_gate @{[ $block->gate ]};
            $more
            proxy_pass http://127.0.0.1:\$server_port/app;
        }
_EOC_
});

run_tests();


__DATA__

=== TEST 1: an address that exists
--- smtp
mx1 11 pipelining users=john
--- gate: $arg_email
--- more
add_header X-Gate "$smtp_verify_gate_status $smtp_verify_status $smtp_verify_reason";
--- request
GET /signup?email=john@ok.test
--- response_body
app GET 
--- response_headers
X-Gate: PASSED deliverable accepted



=== TEST 2: one that does not
--- smtp
mx1 11 pipelining users=john
--- gate: $arg_email
--- request
GET /signup?email=jane@ok.test
--- error_code: 422
--- problem
status: 422
title: Unprocessable Content
code: address_denied
reason: mailbox_not_found
verification_status: undeliverable
verification_level: confirmed
did_you_mean: null
detail: *
--- smtp_sessions: 1



=== TEST 3: what is no address; white space around one is taken off
--- smtp
mx1 11 pipelining users=john
--- gate: $arg_email
--- request eval
["GET /signup?email=john", "GET /signup?email=john%40ok.test+", "GET /signup?email=j%00hn\@ok.test",
 "GET /signup?email=j%FFhn\@ok.test", "GET /signup?email=" . "x" x 2000]
--- error_code eval
[422, 200, 422, 422, 422]
--- response_body_like eval
[qr/"reason":"invalid_syntax"/, qr/^app/, qr/"reason":"invalid_syntax"/,
 qr/"reason":"invalid_syntax"/, qr/"reason":"invalid_syntax"/]
--- smtp_sessions: 1



=== TEST 4: a suggestion
--- gate: $arg_email
--- request
GET /signup?email=john@gmial.com
--- error_code: 422
--- problem
reason: domain_not_found
did_you_mean: john@gmail.com



=== TEST 5: no address: it goes on unverified
--- gate: $arg_email
--- more
add_header X-Gate "$smtp_verify_gate_status:$smtp_verify_status:$smtp_verify_domain";
--- request eval
["GET /signup", "GET /signup?email=", "GET /signup?email=%20+"]
--- response_body eval
["app GET \n", "app GET \n", "app GET \n"]
--- response_headers eval
["X-Gate: UNVERIFIED::", "X-Gate: UNVERIFIED::", "X-Gate: UNVERIFIED::"]



=== TEST 6: required
--- gate: $arg_email required
--- request
GET /signup?mail=john@ok.test
--- error_code: 422
--- problem
status: 422
code: missing_email



=== TEST 7: a header as the source, a status of one's own, HEAD
--- smtp
mx1 11 pipelining users=john
--- gate: $http_x_email status=403
--- request eval
["HEAD /signup", "HEAD /signup", "GET /signup"]
--- more_headers eval
["X-Email: john\@ok.test", "X-Email: jane\@ok.test", "X-Email: jane\@ok.test"]
--- error_code eval
[200, 403, 403]
--- response_body_like eval
[qr/^$/, qr/^$/, qr/"title":"Forbidden","status":403/]



=== TEST 8: what may be or may not is not denied, unless it is named
--- smtp
mx1 11 pipelining accept
--- locations
location = /strict {
    smtp_verify_gate $arg_email deny=undeliverable,catch_all;
    proxy_pass http://127.0.0.1:$server_port/app;
}
location = /risky {
    smtp_verify_gate $arg_email deny=risky deny=disposable;
    proxy_pass http://127.0.0.1:$server_port/app;
}
location = /unknown {
    smtp_verify_gate $arg_email deny=unknown;
    proxy_pass http://127.0.0.1:$server_port/app;
}
--- gate: $arg_email
--- request eval
["GET /signup?email=john\@ok.test", "GET /strict?email=john\@ok.test",
 "GET /risky?email=john\@ok.test", "GET /unknown?email=john\@ok.test",
 "GET /unknown?email=john\@[192.0.2.1]", "GET /signup?email=john\@[192.0.2.1]",
 "GET /risky?email=john"]
--- error_code eval
[200, 422, 422, 200, 422, 200, 200]
--- response_body_like eval
[qr/^app/, qr/"reason":"catch_all"/, qr/"reason":"catch_all"/, qr/^app/,
 qr/"reason":"unsupported_address","verification_status":"unknown","verification_level":"estimated"/,
 qr/^app/, qr/^app/]



=== TEST 9: a dry run
--- smtp
mx1 11 pipelining users=john
--- gate: $arg_email dry_run required
--- more
smtp_verify_gate_headers on;
add_header X-Gate "$smtp_verify_gate_status:$smtp_verify_reason";
--- request eval
["GET /signup?email=jane\@ok.test", "GET /signup?email=john\@ok.test", "GET /signup"]
--- response_body eval
["app GET undeliverable\n", "app GET deliverable\n", "app GET \n"]
--- response_headers eval
["X-Gate: DENIED_DRY_RUN:mailbox_not_found", "X-Gate: PASSED:accepted", "X-Gate: DENIED_DRY_RUN:"]



=== TEST 10: error_page: a page of one's own, which is not gated again
--- smtp
mx1 11 pipelining users=john
--- http_config
smtp_verify_cache_zone zone=results:1m;
smtp_verify_cache results;
--- config
    location = /x {
        smtp_verify_gate $arg_email;
        error_page 422 = @denied;
        error_page 503 /sorry;
        proxy_pass http://127.0.0.1:$server_port/nowhere;
    }
    location @denied {
        smtp_verify_gate $arg_email;
        add_header X-Reason $smtp_verify_reason;
        add_header X-Cache $smtp_verify_cache_status;
        add_header X-Domain $smtp_verify_domain;
        proxy_pass http://127.0.0.1:$server_port/page;
    }
    location = /kept {
        smtp_verify_gate $arg_email;
        error_page 422 /page;
    }
    location = /page {
        smtp_verify_gate off;
        default_type text/html;
        return 200 "<p>$request_method $smtp_verify_status</p>";
    }
--- request eval
["GET /x?email=jane\@ok.test", "GET /kept?email=jane\@ok.test"]
--- error_code eval
[200, 422]
--- response_body eval
["<p>GET </p>", "<p>GET undeliverable</p>"]
--- response_headers eval
["X-Reason: mailbox_not_found\nX-Cache: MISS\nX-Domain: ok.test", "Content-Type: text/html"]
--- smtp_sessions: 1



=== TEST 11: sub-requests are not gated, and see the verdict of the main one
--- smtp
mx1 11 pipelining users=john
--- config
    location = /signup {
        smtp_verify_gate $arg_email;
        auth_request /auth;
        auth_request_set $seen $upstream_http_x_seen;
        add_header X-Seen $seen;
        ssi on;
        proxy_pass http://127.0.0.1:$server_port/app;
    }
    location = /auth {
        smtp_verify_gate $arg_email;
        proxy_pass http://127.0.0.1:$server_port/seen;
        proxy_set_header X-Status "[$smtp_verify_status]";
    }
    location = /after {
        smtp_verify_gate $arg_email required;
        proxy_pass http://127.0.0.1:$server_port/seen?after;
        proxy_set_header X-Status "[$smtp_verify_status]";
    }
    location = /app {
        default_type text/html;
        return 200 'app\n<!--# include virtual="/after" -->';
    }
    location = /seen {
        add_header X-Seen $http_x_status;
        return 200 "$http_x_status\n";
    }
--- request
GET /signup?email=john@ok.test
--- response_body
app
[deliverable]
--- response_headers
X-Seen: []
--- smtp_sessions: 1



=== TEST 12: who is not let in causes no probe
--- smtp
mx1 11 pipelining users=john
--- gate: $arg_email
--- more
auth_request /auth;
--- locations
location = /auth {
    return 401;
}
location = /all {
    smtp_verify_gate $arg_email;
    satisfy any;
    deny all;
    auth_request /auth;
    proxy_pass http://127.0.0.1:$server_port/app;
}
location = /any {
    smtp_verify_gate $arg_email;
    satisfy any;
    allow all;
    auth_request /auth;
    proxy_pass http://127.0.0.1:$server_port/app;
}
--- request eval
["GET /signup?email=john\@ok.test", "GET /all?email=john\@ok.test",
 "GET /any?email=jane\@ok.test", "GET /any?email=john\@ok.test"]
--- error_code eval
[401, 401, 422, 200]
--- smtp_sessions: 2



=== TEST 13: limit_req comes before
--- smtp
mx1 11 pipelining users=john
--- http_config
limit_req_zone $binary_remote_addr zone=one:1m rate=1r/m;
--- gate: $arg_email
--- more
limit_req zone=one;
--- request eval
["GET /signup?email=john\@ok.test", "GET /signup?email=jane\@ok.test"]
--- error_code eval
[200, 503]
--- smtp_sessions: 1
--- log_allow
limiting requests



=== TEST 14: an internal redirect asks once; another address is another question
--- no_zones
--- smtp
mx1 11 pipelining users=john,jim
--- config
    location /try/ {
        smtp_verify_gate $arg_email;
        try_files /none.txt /again?$args;
    }
    location = /again {
        smtp_verify_gate $arg_email deny=deliverable;
        proxy_pass http://127.0.0.1:$server_port/app;
    }
    location /named/ {
        smtp_verify_gate $arg_email;
        try_files /none.txt @named;
    }
    location @named {
        smtp_verify_gate $arg_email;
        proxy_pass http://127.0.0.1:$server_port/app;
    }
    location = /accel {
        smtp_verify_gate $arg_email;
        proxy_pass http://127.0.0.1:$server_port/redirects;
    }
    location = /inside {
        internal;
        smtp_verify_gate $arg_other;
        proxy_pass http://127.0.0.1:$server_port/app;
    }
    location = /redirects {
        add_header X-Accel-Redirect /inside?other=jim@ok.test;
        return 200;
    }
    location = /app {
        return 200 "app\n";
    }
--- request eval
["GET /try/?email=john\@ok.test", "GET /named/?email=john\@ok.test", "GET /accel?email=john\@ok.test"]
--- error_code eval
[422, 200, 200]
--- response_body_like eval
[qr/"reason":"accepted"/, qr/^app/, qr/^app/]
--- smtp_sessions: 4



=== TEST 15: try_files and mirror of the same phase
--- smtp
mx1 11 pipelining users=john
--- config
    location = /signup {
        smtp_verify_gate $arg_email;
        smtp_verify_gate_headers on;
        mirror /mirror;
        try_files /none.txt /index.html =404;
        root html;
    }
    location = /mirror {
        internal;
        access_log logs/mirror.log;
        proxy_pass http://127.0.0.1:$server_port/app;
    }
    location = /app {
        return 204;
    }
--- request eval
["GET /signup?email=john\@ok.test", "GET /signup?email=jane\@ok.test"]
--- error_code eval
[200, 422]
--- response_body_like eval
[qr/It works/, qr/address_denied/]



=== TEST 16: the budget is over: it goes on, and the probe goes on for the cache
--- http_config
smtp_verify_cache_zone zone=results:1m;
smtp_verify_cache results;
smtp_verify_read_timeout 10s;
smtp_verify_timeout 20s;
--- smtp
mx1 11 pipelining users=john
    rcpt jane@*: wait 1500ms ; 550 5.1.1 unknown
--- gate: $arg_email budget=200ms
--- more
add_header X-Gate "$smtp_verify_status $smtp_verify_reason $smtp_verify_level $smtp_verify_cache_status";
--- request eval
["GET /signup?email=jane\@ok.test", "GET /signup?email=jane\@ok.test"]
--- error_code eval
[200, 422]
--- response_headers eval
["X-Gate: unknown pending estimated MISS", "Content-Type: application/problem+json"]
--- wait: 4
--- smtp_sessions: 1



=== TEST 17: the budget is over and there is no cache: so is the probe
--- smtp
mx1 11 pipelining users=john
    rcpt jane@*: hang
--- gate: $arg_email budget=200ms
--- more
add_header X-Gate "$smtp_verify_status $smtp_verify_reason $smtp_verify_level [$smtp_verify_cache_status]";
--- request
GET /signup?email=jane@ok.test
--- response_headers
X-Gate: unknown pending estimated []
--- not_within: 190ms



=== TEST 18: past the budget what is known may still be denied
--- no_zones
--- smtp
mx1 11 pipelining users=john
    banner: hang
--- gate: $arg_email budget=200ms deny=undeliverable,pending
--- request
GET /signup?email=john@ok.test
--- error_code: 422
--- problem
reason: pending
verification_level: estimated



=== TEST 19: a client that goes away ends the probe
--- smtp
mx1 11 pipelining users=john
    rcpt: hang
--- http_config
smtp_verify_read_timeout 20s;
smtp_verify_timeout 30s;
--- gate: $arg_email
--- request
GET /signup?email=john@ok.test
--- abort
--- timeout: 700ms
--- ignore_response
--- linger: 5s



=== TEST 20: too many probes: the verdict is pending, and no fault
--- http_config
smtp_verify_max_probes 1;
smtp_verify_read_timeout 10s;
smtp_verify_timeout 20s;
--- smtp
mx1 11 pipelining users=john
    rcpt slow@*: wait 4s ; 550 5.1.1 unknown
--- gate: $arg_email
--- more
add_header X-Gate "$smtp_verify_gate_status $smtp_verify_reason";
--- locations
location = /strict {
    smtp_verify_gate $arg_email on_error=deny;
    add_header X-Gate "$smtp_verify_gate_status $smtp_verify_reason";
    proxy_pass http://127.0.0.1:$server_port/app;
}
--- init
TestVerify::Blocks::get_later(0, '/signup?email=slow@ok.test');
CORE::sleep 2;
--- request eval
["GET /signup?email=john\@ok.test", "GET /strict?email=john\@ok.test"]
--- error_code eval
[200, 200]
--- response_headers eval
["X-Gate: PASSED pending", "X-Gate: PASSED pending"]
--- response_body_like eval
[qr/^app/, qr/^app/]
--- linger: 10s



=== TEST 21: headers for the application; those of the client go
--- smtp
mx1 11 pipelining users=john
--- http_config
underscores_in_headers on;
--- config
    ignore_invalid_headers off;
    location = /signup {
        smtp_verify_gate $arg_email;
        smtp_verify_gate_headers on;
        proxy_pass http://127.0.0.1:$server_port/app;
    }
    location = /off {
        smtp_verify_gate_headers on;
        proxy_pass http://127.0.0.1:$server_port/app;
    }
    location = /app {
        return 200 "$http_x_email_verify_status $http_x_email_verify_reason $http_x_email_verify_level $http_x_email_verify_score $http_x_email_verify_mx $http_x_email_verify_foo $http_x_email_verify $http_x_email_verifier $http_host $http_x_last\n";
    }
--- more_headers
X-Email-Verify-Status: forged
x-email-VERIFY-reason: forged
X_Email_Verify_Status: forged
X-Email_Verify-Score: forged
X-Email.Verify.Foo: forged
X-Email-Verify-Foo: forged
X-Email-Verify: forged
X-Email-Verifier: mine
X-Last: last
--- request eval
["GET /signup?email=john\@ok.test", "GET /signup", "GET /off?email=john\@ok.test"]
--- response_body_like eval
[qr/^deliverable accepted confirmed 9\d mx1\.ok\.test   mine 127\.0\.0\.1:\d+ last$/,
 qr/^       mine 127\.0\.0\.1:\d+ last$/, qr/^       mine 127\.0\.0\.1:\d+ last$/]



=== TEST 22: many forged ones, and many others
--- smtp
mx1 11 pipelining users=john
--- gate: $arg_email
--- more
smtp_verify_gate_headers on;
--- more_headers eval
CORE::join '', map { "X-Email-Verify-Status: f$_\nX-Other-$_: $_\n" } 1 .. 60
--- request
GET /signup?email=john@ok.test
--- response_body
app GET deliverable



=== TEST 23: from the cache
--- http_config
smtp_verify_cache_zone zone=results:1m;
smtp_verify_cache results;
--- smtp
mx1 11 pipelining users=john
--- gate: $arg_email
--- more
add_header X-Gate "$smtp_verify_cache_status $smtp_verify_time $smtp_verify_mx $smtp_verify_domain";
smtp_verify_gate_headers on;
--- request eval
["GET /signup?email=john\@ok.test", "GET /signup?email=john%40OK.test", "GET /signup?email=jane\@ok.test", "GET /signup?email=jane\@ok.test"]
--- error_code eval
[200, 200, 422, 422]
--- response_headers_like eval
["X-Gate: MISS \\d+\\.\\d{3} mx1\\.ok\\.test ok\\.test", "X-Gate: HIT 0\\.000 mx1\\.ok\\.test ok\\.test", "", ""]
--- smtp_sessions: 2



=== TEST 24: the body of a request that is denied is not the next request
--- http_config
smtp_verify_cache_zone zone=results:1m;
smtp_verify_cache results;
--- smtp
mx1 11 pipelining users=john
--- gate: $arg_email
--- raw_request eval
"POST /signup?email=jane HTTP/1.1\r\nHost: x\r\nContent-Length: 30\r\n\r\nGET /app HTTP/1.1\r\nHost: x\r\n\r\nGET /app HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
--- error_code: 422
--- response_body_like: address_denied



=== TEST 25: a gate for a whole server, off in one location
--- smtp
mx1 11 pipelining users=john
--- http_config
smtp_verify_gate $arg_email required;
smtp_verify_gate_headers on;
--- config
    location = /off {
        smtp_verify_gate off;
        proxy_pass http://127.0.0.1:$server_port/app;
    }
    location = /app {
        return 200 "app\n";
    }
    location = /on {
        proxy_pass http://127.0.0.1:$server_port/app;
    }
--- request eval
["GET /off", "GET /on", "GET /on?email=john\@ok.test", "GET /index.html"]
--- error_code eval
[200, 422, 200, 422]



=== TEST 26: without mail servers
--- smtp
mx1 11 pipelining users=john
--- gate: $arg_email deny=undeliverable,disposable
--- more
smtp_verify_smtp off;
add_header X-Gate "$smtp_verify_reason $smtp_verify_level";
--- request eval
["GET /signup?email=jane\@ok.test", "GET /signup?email=jane\@mailinator.com", "GET /signup?email=jane\@nowhere.test"]
--- error_code eval
[200, 422, 422]
--- dns
+default
mailinator.com MX 10 mx1.ok.test
--- smtp_sessions: 0



=== TEST 27: what nginx -t does not take
--- config
    location / {
        smtp_verify_gate email;
    }
--- must_die
--- error_log
invalid source "email"



=== TEST 28: a reason that there is not
--- config
    location / {
        smtp_verify_gate $arg_email deny=undeliverable,nonsense;
    }
--- must_die
--- error_log
invalid parameter "deny=undeliverable,nonsense", statuses and reasons are needed, with commas and no blanks between



=== TEST 29: a pointer that is none
--- config
    location / {
        smtp_verify_gate json:email;
    }
--- must_die
--- error_log
invalid source "json:email"



=== TEST 30: a field without a name, a budget of nothing, a status of success
--- config
    location / {
        smtp_verify_gate $arg_email budget=0;
    }
--- must_die
--- error_log
invalid parameter "budget=0" in "smtp_verify_gate" directive



=== TEST 31: no MAIL FROM
--- http_config
resolver 127.0.0.1;
smtp_verify_helo verifier.test;
--- bare
--- config
    location / {
        smtp_verify_gate $arg_email;
    }
--- must_die
--- error_log
no "smtp_verify_from" is defined for "smtp_verify_gate"



=== TEST 32: a gate for the whole server leaves those who verify alone
--- smtp
mx1 11 pipelining users=john
--- config
smtp_verify_gate $arg_email;

location = /verify {
    smtp_verify;
}
--- address: nobody@ok.test
--- json
verdict: undeliverable mailbox_not_found
--- smtp_sessions: 1



=== TEST 33: past the budget it is told what the probe has found so far
--- http_config
smtp_verify_cache_zone zone=results:1m;
smtp_verify_cache results;
--- dns
mail.test MX 10 aspmx.l.google.com
aspmx.l.google.com A 11
--- smtp
mx1 11 pipelining users=john
    rcpt john@*: wait 1200ms ; 250 ok
--- gate: $arg_email budget=400ms
--- more
add_header X-Gate "$smtp_verify_reason $smtp_verify_level [$smtp_verify_mx] [$smtp_verify_provider]";
add_header X-Result $smtp_verify_result;
--- request
GET /signup?email=john@mail.test
--- response_headers
X-Gate: pending estimated [aspmx.l.google.com] [Google Workspace]
--- response_headers_like
X-Result: .*"domain":true,"mx_record":true,"smtp":\{"connected":true,"mailbox_exists":null,"is_catch_all":null,"smtp_provider":"Google Workspace","mx_host":"aspmx.l.google.com","mx_ip":null,"stage":null,.*
--- dns_queries
mail.test MX 1
aspmx.l.google.com A 1
--- linger: 5s



=== TEST 34: so it is without a cache, and where the answer of the DNS is not there yet nothing is
--- dns
mail.test MX 10 aspmx.l.google.com
aspmx.l.google.com A 11
slow.test MX 10 mx.slow.test
slow.test MX ! delay 1500ms
mx.slow.test A 11
--- smtp
mx1 11 pipelining users=john
    banner: wait 1200ms ; 220 mx
--- gate: $arg_email budget=400ms
--- more
add_header X-Gate "$smtp_verify_reason $smtp_verify_level [$smtp_verify_mx] [$smtp_verify_provider]";
add_header X-Result $smtp_verify_result;
--- request eval
["GET /signup?email=john\@mail.test", "GET /signup?email=john\@slow.test"]
--- response_headers eval
["X-Gate: pending estimated [aspmx.l.google.com] [Google Workspace]",
 "X-Gate: pending estimated [] []"]
--- response_headers_like eval
["X-Result: .*\"domain\":true,\"mx_record\":true,\"smtp\":\\{\"connected\":(null|true),.*",
 "X-Result: .*\"domain\":null,\"mx_record\":null,.*"]
--- linger: 5s



=== TEST 35: no MX, and its address has not come within the budget
--- http_config
smtp_verify_cache_zone zone=results:1m;
smtp_verify_cache results;
--- dns
bare.test A 11
bare.test A ! delay 1500ms
--- smtp
mx1 11 pipelining users=john
--- gate: $arg_email budget=400ms
--- more
add_header X-Result $smtp_verify_result;
--- request
GET /signup?email=john@bare.test
--- response_headers_like
X-Result: .*"reason":"pending",.*"domain":true,"mx_record":false,"dns":\{"authenticated":null\},"smtp":\{"connected":null,.*"mx_host":"bare.test".*
--- linger: 8s



=== TEST 36: what the cache has learned of the domain meanwhile decides
--- http_config
smtp_verify_cache_zone zone=results:1m;
smtp_verify_cache results;
--- smtp
mx1 11 pipelining accept
    rcpt slow@*: wait 2500ms ; 250 ok
--- gate: $arg_email budget=400ms deny=undeliverable,catch_all
--- more
add_header X-Gate "$smtp_verify_reason $smtp_verify_level" always;
--- locations
location = /verify {
    smtp_verify;
}
--- request eval
["GET /signup?email=slow\@ok.test", "GET /verify?email=other\@ok.test",
 "GET /signup?email=slow\@ok.test"]
--- error_code eval
[200, 200, 422]
--- response_headers eval
["X-Gate: pending estimated", "", "X-Gate: catch_all confirmed"]
--- response_body_like eval
[qr/^app/, qr/"reason":"catch_all"/, qr/"reason":"catch_all"/]
--- linger: 8s



=== TEST 37: or that it is none
--- http_config
smtp_verify_cache_zone zone=results:1m;
smtp_verify_cache results;
--- smtp
mx1 11 pipelining users=john
    rcpt slow@*: wait 2500ms ; 250 ok
--- gate: $arg_email budget=400ms
--- more
add_header X-Result $smtp_verify_result;
--- locations
location = /verify {
    smtp_verify;
}
--- request eval
["GET /signup?email=slow\@ok.test", "GET /verify?email=other\@ok.test",
 "GET /signup?email=slow\@ok.test"]
--- response_headers_like eval
["X-Result: .*\"is_catch_all\":null.*", "", "X-Result: .*\"reason\":\"pending\".*\"is_catch_all\":false.*"]
--- linger: 8s



=== TEST 38: an argument that is given twice, in whatever way an application may read it
--- smtp
mx1 11 pipelining users=john
--- gate: $arg_email
--- request eval
["GET /signup?email=john\@ok.test&email=jane\@ok.test", "GET /signup?email=john\@ok.test&%65mail=jane\@ok.test",
 "GET /signup?email=john\@ok.test&+email=jane\@ok.test", "GET /signup?EMAIL=john\@ok.test&email=jane\@ok.test",
 "GET /signup?a=1&email=john\@ok.test&b=2", "GET /signup?a=1&email=john%40ok.test&xemail=jane\@ok.test&",
 "GET /signup?a=1&EMAIL=jane\@ok.test", "GET /signup?email=" . 'x' x 2000 . "&a=1"]
--- error_code eval
[400, 400, 400, 400, 200, 200, 400, 422]
--- response_body_like eval
[(qr/"malformed_request"/) x 4, (qr/^app/) x 2, qr/"malformed_request"/, qr/"invalid_syntax"/]



=== TEST 39: a header that is given twice
--- smtp
mx1 11 pipelining users=john
--- gate: $http_X_Email
--- request eval
["GET /signup", "GET /signup", "GET /signup"]
--- more_headers eval
["X-Email: john\@ok.test\nx-email: jane\@ok.test", "X-Email: john\@ok.test\nX-Emails: jane\@ok.test", "X-EMAIL: jane\@ok.test"]
--- error_code eval
[400, 200, 422]
--- response_body_like eval
[qr/"malformed_request"/, qr/^app/, qr/"mailbox_not_found"/]
