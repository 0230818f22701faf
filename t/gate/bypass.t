# What a client can choose is no way around the gate.

use lib 't/lib';
use TestVerify 'no_plan';

use IO::Select;
use IO::Socket::INET;

add_block_preprocessor(sub {
    my ($block) = @_;

    # time enough for a slow machine

    $block->set_value(http_config => patient($block->http_config // ''))
        if !defined $block->must_die;
});

# what a connection is told for these bytes, up to the end of a problem

our $Got;

sub talk
{
    my ($bytes) = @_;

    my $sock = IO::Socket::INET->new(PeerAddr => '127.0.0.1',
        PeerPort => $TestVerify::Env::HttpPort, Timeout => 5) or return;

    syswrite $sock, $bytes;
    $Got = '';

    my $end = time() + 3 * $TestVerify::Blocks::Slow;

    while ($Got !~ /\}\n\z/ && time() < $end
           && IO::Select->new($sock)->can_read($end - time()))
    {
        sysread($sock, $Got, 65536, length $Got) or last;
    }
}

# a body of n bytes or a little more with an address in it

sub body
{
    my ($type, $email, $n) = @_;

    return "email=$email&x=" . 'x' x $n if $type eq 'form';
    return qq({"email":"$email","x":") . 'x' x $n . '"}' if $type eq 'json';

    return "--B\r\nContent-Disposition: form-data; name=\"email\"\r\n\r\n"
        . "$email\r\n--B\r\nContent-Disposition: form-data; name=\"x\"\r\n\r\n"
        . 'x' x $n . "\r\n--B--\r\n";
}

our %type = (
    form => 'application/x-www-form-urlencoded',
    json => 'application/json',
    multipart => 'multipart/form-data; boundary=B',
);

# one for each kind of body

our $Gates = CORE::join '', map { "
    location = /$_ {
        smtp_verify_gate @{[ $_ eq 'json' ? 'json:/email' : qq($_:email) ]} GATE;
        smtp_verify_gate_body_max 1k;
        add_header X-Gate \$smtp_verify_gate_status always;
        proxy_pass http://127.0.0.1:\$server_port/app;
    }" } qw( form json multipart );

$Gates .= '
    location = /app {
        default_type text/plain;
        return 200 "app $request_method $http_x_email_verify_status\n";
    }';

sub gates { CORE::join $_[0], split /GATE/, $Gates }

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



=== TEST 5: a body that is too large is denied, whatever the gate says of faults
--- config eval: main::gates('on_error=pass')
--- request eval
[map { "POST /$_\n" . main::body($_, 'evil@ok.test', 1100) } qw( form json multipart )]
--- more_headers eval
[map { "Content-Type: $main::type{$_}" } qw( form json multipart )]
--- error_code eval: [413, 413, 413]
--- problem
status: 413
code: body_too_large
--- response_headers eval
[("X-Gate: DENIED") x 3]



=== TEST 6: where an address is required, too; not in a dry run
--- config eval
main::gates('required') . '
    location = /dry {
        smtp_verify_gate form:email dry_run;
        smtp_verify_gate_body_max 1k;
        add_header X-Gate $smtp_verify_gate_status;
        proxy_pass http://127.0.0.1:$server_port/app;
    }'
--- request eval
[map { "POST /$_\n" . main::body('form', 'evil@ok.test', 1100) } qw( form dry )]
--- more_headers
Content-Type: application/x-www-form-urlencoded
--- error_code eval: [413, 200]
--- response_headers eval
["X-Gate: DENIED", "X-Gate: DENIED_DRY_RUN"]



=== TEST 7: as large as is allowed, in a file or not: it is looked at, by whatever method
--- smtp
mx1 11 pipelining users=john
--- http_config
client_body_buffer_size 100;
--- config eval: main::gates('')
--- request eval
[(map { "$_ /form\n" . main::body('form', 'evil@ok.test', 900) }
    qw( POST PUT PATCH DELETE GET HEAD OPTIONS REPORT )),
 "OPTIONS /form\n" . main::body('form', 'john@ok.test', 900)]
--- more_headers
Content-Type: application/x-www-form-urlencoded
--- error_code eval: [(422) x 8, 200]



=== TEST 8: too large, by whatever method
--- config eval: main::gates('')
--- request eval
[map { "$_ /form\n" . main::body('form', 'evil@ok.test', 1100) }
    qw( PUT PATCH DELETE GET HEAD OPTIONS REPORT )]
--- more_headers
Content-Type: application/x-www-form-urlencoded
--- error_code eval: [(413) x 7]



=== TEST 9: too large, chunked
--- smtp
mx1 11 pipelining users=john
--- config eval: main::gates('')
--- init
my $body = main::body('json', 'evil@ok.test', 1100);
main::talk("POST /json HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
    . "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
    . CORE::join('', map { sprintf "%x\r\n%s\r\n", length, $_ } $body =~ /(.{1,100})/gs)
    . "0\r\n\r\n");
--- request: GET /app
--- smtp_check eval
sub { scalar $main::Got =~ m{^HTTP/1\.1 413 .*"body_too_large"}s }



=== TEST 10: too large, before it is sent: nobody is told to go on
--- smtp
mx1 11 pipelining users=john
--- config eval: main::gates('')
--- init
main::talk("POST /form HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n"
    . "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 5000\r\n\r\n");
--- request: GET /app
--- smtp_check eval
sub { scalar $main::Got =~ m{^HTTP/1\.1 413 .*\r\nConnection: close\r\n.*"body_too_large"}s }



=== TEST 11: too large, by HTTP/2 without a Content-Length
--- http_config
server {
    listen $TEST_NGINX_NET.200:8074 http2;
    smtp_verify_gate form:email;
    smtp_verify_gate_body_max 1k;
    location /app {
        return 200 "app\n";
    }
    location / {
        proxy_pass http://$TEST_NGINX_NET.200:8075/;
    }
}
server {
    listen $TEST_NGINX_NET.200:8075;
    return 200 "app\n";
}
--- config
location = /app {
    return 200 "app\n";
}
--- smtp
mx1 11 pipelining users=john
--- init
open my $out, '>', server_root() . '/body' or die;
print $out main::body('form', 'evil@ok.test', 1100);
close $out;
my $url = "http://$TestVerify::Env::Net.200:8074/";
my $h2 = "curl -s --http2-prior-knowledge -o /dev/null -w '%{http_code} ' -X POST"
    . " -H 'Content-Type: application/x-www-form-urlencoded'";
$main::Got = `cat @{[ server_root() ]}/body | $h2 -T - $url`
    . `printf 'email=evil\@ok.test' | $h2 -T - $url`
    . `printf 'email=john\@ok.test' | $h2 -T - $url`;
--- request: GET /app
--- smtp_check eval
sub { $main::Got eq '413 422 200 ' or print STDERR "# $main::Got\n" and 0 }
--- skip_eval: 1: `curl --version` !~ /HTTP2/



=== TEST 12: all probes are busy: what needs none decides
--- http_config
smtp_verify_cache_zone zone=results:1m;
smtp_verify_cache results;
smtp_verify_max_probes 1;
smtp_verify_read_timeout 10s;
smtp_verify_timeout 20s;
--- dns
+default
null.test MX 0 .
mailinator.com MX 10 mx1.ok.test
--- smtp
mx1 11 pipelining users=john
    rcpt slow@*: wait 4s ; 550 5.1.1 unknown
--- config
    location = /brief {
        smtp_verify_gate $arg_email budget=200ms;
        proxy_pass http://127.0.0.1:$server_port/app;
    }
    location = /signup {
        smtp_verify_gate $arg_email;
        add_header X-Gate "$smtp_verify_gate_status $smtp_verify_reason" always;
        proxy_pass http://127.0.0.1:$server_port/app;
    }
    location = /anew {
        smtp_verify_gate $arg_email;
        smtp_verify_cache_bypass 1;
        add_header X-Gate "$smtp_verify_gate_status $smtp_verify_reason" always;
        proxy_pass http://127.0.0.1:$server_port/app;
    }
    location = /lists {
        smtp_verify_gate $arg_email deny=disposable,role_account;
        add_header X-Gate "$smtp_verify_gate_status $smtp_verify_reason" always;
        proxy_pass http://127.0.0.1:$server_port/app;
    }
    location = /strict {
        smtp_verify_gate $arg_email on_error=deny;
        add_header X-Gate "$smtp_verify_gate_status $smtp_verify_reason" always;
        proxy_pass http://127.0.0.1:$server_port/app;
    }
    location = /sure {
        smtp_verify_gate $arg_email deny=undeliverable,pending;
        add_header X-Gate "$smtp_verify_gate_status $smtp_verify_reason" always;
        proxy_pass http://127.0.0.1:$server_port/app;
    }
    location = /verify {
        smtp_verify;
    }
    location = /app {
        return 200 "app\n";
    }
--- request eval
["GET /signup?email=john\@ok.test", "GET /signup?email=jane\@ok.test", "GET /signup?email=x\@null.test",
 "GET /brief?email=slow\@ok.test",
 "GET /signup?email=notanaddress", "GET /signup?email=john\@ok.test", "GET /signup?email=jane\@ok.test",
 "GET /signup?email=y\@null.test", "GET /anew?email=jane\@ok.test",
 "GET /lists?email=x\@mailinator.com", "GET /lists?email=info\@ok.test",
 "GET /signup?email=new\@ok.test", "GET /strict?email=new\@ok.test", "GET /sure?email=new\@ok.test",
 "GET /verify?email=notanaddress", "GET /verify?email=new\@ok.test"]
--- error_code eval
[200, 422, 422, 200, 422, 200, 422, 422, 422, 422, 422, 200, 200, 422, 200, 503]
--- response_headers eval
[("") x 4, "X-Gate: DENIED invalid_syntax", "X-Gate: PASSED accepted", "X-Gate: DENIED mailbox_not_found",
 "X-Gate: DENIED null_mx", "X-Gate: DENIED mailbox_not_found",
 "X-Gate: DENIED disposable", "X-Gate: DENIED not_probed",
 "X-Gate: PASSED pending", "X-Gate: PASSED pending", "X-Gate: DENIED pending", "", ""]
--- response_body_like eval
[("") x 9, qr/"reason":"disposable","verification_status":"risky","verification_level":"estimated"/,
 qr/"reason":"role_account","verification_status":"risky","verification_level":"estimated"/,
 ("") x 2, qr/"reason":"pending"/, qr/"invalid_syntax"/, qr/"too_many_probes"/]
--- linger: 10s



=== TEST 13: what a list denies is not asked about, and no failure of a server lets it pass
--- http_config
smtp_verify_list spam_trap $TEST_NGINX_SERVER_ROOT/html/traps;
--- user_files
>>> traps
trap@ok.test
--- dns
+default
mailinator.com MX ! servfail
--- smtp
mx1 11 pipelining users=john
    rcpt: 451 4.7.1 later
--- config
    location = /lists {
        smtp_verify_gate $arg_email deny=undeliverable,risky;
        proxy_pass http://127.0.0.1:$server_port/app;
    }
    location = /one {
        smtp_verify_gate $arg_email deny=role_account;
        proxy_pass http://127.0.0.1:$server_port/app;
    }
    location = /app {
        return 200 "app\n";
    }
--- request eval
["GET /lists?email=x\@mailinator.com", "GET /lists?email=trap\@ok.test", "GET /lists?email=info\@ok.test",
 "GET /one?email=info\@ok.test", "GET /one?email=trap\@ok.test"]
--- error_code eval
[422, 422, 422, 422, 200]
--- response_body_like eval
[qr/"disposable"/, qr/"spam_trap"/, qr/"role_account"/, qr/"role_account"/, qr/app/]
--- smtp_sessions: 1



=== TEST 14: a HELO name that the client makes invalid
--- smtp
mx1 11 pipelining users=john
--- config
    location = /signup {
        smtp_verify_helo $http_x_helo;
        smtp_verify_gate $arg_email;
        proxy_pass http://127.0.0.1:$server_port/app;
    }
    location = /app {
        return 200 "app\n";
    }
--- more_headers eval
["X-Helo: -", "X-Helo: -", "X-Helo: mail.verifier.test", "X-Helo: mail.verifier.test"]
--- request eval
["GET /signup?email=jane\@ok.test", "GET /signup?email=notanaddress", "GET /signup?email=jane\@ok.test", "GET /signup?email=john\@ok.test"]
--- error_code eval
[500, 422, 422, 200]
--- response_body_like eval
[qr/"bad_identity"/, qr/"invalid_syntax"/, qr/"mailbox_not_found"/, qr/^app/]



=== TEST 15: a weaker verdict does not count behind an internal redirect
--- no_zones
--- smtp
mx1 11 pipelining users=john
    rcpt jane@*: wait 300ms ; 550 5.1.1 unknown
--- config
    error_page 404 = @missing;
    log_not_found off;
    smtp_verify_gate $arg_email;

    location /try/ {
        smtp_verify_smtp off;
        try_files /none.txt /strict?$args;
    }
    location /named/ {
        smtp_verify_gate $arg_email budget=1ms;
        try_files /none.txt @missing;
    }
    location /missing/ {
        smtp_verify_gate $arg_email budget=1ms;
        root html;
    }
    location /accel/ {
        smtp_verify_smtp off;
        proxy_pass http://127.0.0.1:$server_port/redirects;
    }
    location = /redirects {
        smtp_verify_gate off;
        add_header X-Accel-Redirect /strict?email=jane@ok.test;
        return 200;
    }
    location @missing {
        proxy_pass http://127.0.0.1:$server_port/app;
    }
    location = /strict {
        proxy_pass http://127.0.0.1:$server_port/app;
    }
    location = /app {
        smtp_verify_gate off;
        return 200 "app\n";
    }
--- request eval
[map { "GET /$_/?email=jane\@ok.test" } qw( try named missing accel )]
--- error_code eval
[(422) x 4]
--- response_body_like eval
[(qr/"mailbox_not_found"/) x 4]
--- linger: 5s



=== TEST 16: nor one of another way to ask, of the cache, or of a limit
--- http_config
smtp_verify_cache_zone zone=results:1m;
smtp_verify_cache results;
smtp_verify_keepalive off;
--- dns
ok.test MX 10 mx1.ok.test
mx1.ok.test A 11
all.test MX 10 mx2.ok.test
mx2.ok.test A 12
--- smtp
mx1 11 pipelining users=gone
    rcpt@1 gone@*: 250 ok
    rcpt gone@*: 550 5.1.1 unknown
mx2 12 pipelining accept
--- config
    location /lax/ {
        smtp_verify_catch_all off;
        smtp_verify_gate $arg_email;
        try_files /none.txt @strict;
    }
    location @strict {
        smtp_verify_gate $arg_email deny=catch_all;
        proxy_pass http://127.0.0.1:$server_port/app;
    }
    location /cached/ {
        smtp_verify_gate $arg_email;
        try_files /none.txt @same;
    }
    location /uncached/ {
        smtp_verify_gate $arg_email;
        try_files /none.txt @fresh;
    }
    location /bypassed/ {
        smtp_verify_gate $arg_email;
        try_files /none.txt @anew;
    }
    location @fresh {
        smtp_verify_cache off;
        smtp_verify_gate $arg_email;
        proxy_pass http://127.0.0.1:$server_port/app;
    }
    location @anew {
        smtp_verify_cache_bypass 1;
        smtp_verify_gate $arg_email;
        proxy_pass http://127.0.0.1:$server_port/app;
    }
    location @same {
        smtp_verify_gate $arg_email;
        proxy_pass http://127.0.0.1:$server_port/app;
    }
    location /app {
        return 200 "app\n";
    }
--- request eval
["GET /cached/?email=gone\@ok.test", "GET /cached/?email=gone\@ok.test", "GET /uncached/?email=gone\@ok.test",
 "GET /bypassed/?email=gone\@ok.test", "GET /lax/?email=john\@all.test"]
--- error_code eval
[200, 200, 422, 422, 422]
--- response_body_like eval
[qr/app/, qr/app/, qr/"mailbox_not_found"/, qr/"mailbox_not_found"/, qr/"catch_all"/]



=== TEST 17: where the second location would have asked in the same way, nobody is asked again
--- no_zones
--- smtp
mx1 11 pipelining users=john
    rcpt: 451 4.7.1 later
--- http_config
smtp_verify_gate $arg_email;
--- config
    location /named/ {
        try_files /none.txt @named;
    }
    location @named {
        add_header X-Gate "$smtp_verify_reason";
        proxy_pass http://127.0.0.1:$server_port/app;
    }
    location = /app {
        smtp_verify_gate off;
        return 200 "app\n";
    }
--- request
GET /named/?email=john@ok.test
--- response_body
app
--- response_headers
X-Gate: temporary_failure
--- smtp_sessions: 1



=== TEST 18: what a mirror is sent: the headers of the gate, no forged ones
--- smtp
mx1 11 pipelining users=john
--- http_config
log_format seen 'mirror=[$http_x_email_verify_status $http_x_email_verify_foo]';
--- config
    location = /signup {
        smtp_verify_gate $arg_email;
        smtp_verify_gate_headers on;
        mirror /mirror;
        proxy_pass http://127.0.0.1:$server_port/app;
    }
    location = /mirror {
        internal;
        proxy_pass http://127.0.0.1:$server_port/seen;
    }
    location = /seen {
        access_log logs/access.log seen;
        return 204;
    }
    location = /app {
        return 200 "app $http_x_email_verify_status\n";
    }
--- more_headers
X-Email-Verify-Status: forged
X-Email-Verify-Foo: forged
--- request eval
["GET /signup?email=john\@ok.test", "GET /signup"]
--- response_body eval
["app deliverable\n", "app \n"]
--- logged
mirror=[deliverable -]
mirror=[- -]
