# The age of a domain, by RDAP through an internal location.

use lib 't/lib';
use TestVerify 'no_plan';
use TestVerify::Clients;

master_on();

our ($Server, $Old, $Young, $Config, $Small);

my $event = '"eventAction":"registration","eventDate":"1997-09-15T04:00:00Z"';
my $young = POSIX::strftime('%Y-%m-%dT%H:%M:%SZ', gmtime time - 10 * 86400);
my $json = '{"objectClassName":"domain","events":[{%s}]}';

# servers of RDAP, by the port of the location

$Server = sub {
    my ($answers) = @_;

    return <<"CONF";
smtp_verify_rdap /rdap;
server {
    listen \$TEST_NGINX_NET.200:8053;
    default_type application/rdap+json;
    $answers
}
CONF
};

$Old = "return 200 '" . sprintf($json, $event) . "';";
$Young = "return 200 '" . sprintf($json, $event =~ s/1997.*Z/$young/r)
    . "';";
$Config = <<'CONF';
location = /verify {
    smtp_verify;
}
location = /rdap {
    internal;
    subrequest_output_buffer_size 64k;
    proxy_pass http://$TEST_NGINX_NET.200:8053/domain/$arg_domain;
}
CONF

$Small = $Config =~ s/64k/1k/r;

# how often the server was asked

sub rdap_asked
{
    open my $log, '<', server_root() . '/logs/rdap.log' or return 0;

    return scalar(() = <$log>);
}

# RDAP has time to answer

preset(config => $Config, smtp => <<'END');
mx1 11 pipelining users=john
    rcpt john@*: wait 200ms ; default
END

run_tests();

__DATA__

=== TEST 1: the answer is there before the verdict
--- http_config eval
$::Server->("location /domain/ { $::Old }")
--- address: john@ok.test
--- json
verdict: deliverable accepted
checks.domain_age_days: >= 10000
score: >= 90



=== TEST 2: a young domain costs points
--- http_config eval
$::Server->("location /domain/ { $::Young }")
--- address: john@ok.test
--- json
reason: accepted
checks.domain_age_days: 10
score: <= 80



=== TEST 3: a slow server is not waited for, what it says is remembered
--- http_config eval
$::Server->("limit_rate 60; location /domain/ { $::Old }")
--- smtp
mx1 11 pipelining users=john
--- address
john@ok.test
--- json
checks.domain_age_days: null
reason: accepted
--- within: 1s



=== TEST 4: known to the next question, over a cached result as well
--- http_config eval
"smtp_verify_cache_zone zone=results:1m;\nsmtp_verify_cache results;\n"
    . $::Server->("location /domain/ { $::Young }")
--- smtp
mx1 11 pipelining users=john
    connect: wait 100ms ; default
--- address
john@ok.test
john@ok.test
--- json
checks.domain_age_days: 10
cached: false
--
checks.domain_age_days: 10
cached: true



=== TEST 5: of a sub-domain the labels above are asked for
--- http_config eval
$::Server->("location = /domain/b.ok.test { $::Old }"
    . "location / { return 404 '{}'; }")
--- dns
+default
x.a.b.ok.test MX 10 mx1.ok.test
--- address: john@x.a.b.ok.test
--- json
reason: accepted
checks.domain_age_days: >= 10000



=== TEST 6: but two at most
--- http_config eval
$::Server->("location = /domain/ok.test { $::Old }"
    . "location / { return 404 '{}'; }")
--- dns
+default
x.a.b.ok.test MX 10 mx1.ok.test
--- address: john@x.a.b.ok.test
--- json
reason: accepted
checks.domain_age_days: null



=== TEST 7: no server, wrong answers, an answer that is too large
--- http_config eval
$::Server->("location = /domain/a.test { return 500; }"
    . "location = /domain/b.test { return 200 'nonsense'; }"
    . "location = /domain/c.test { return 444; }"
    . "location = /domain/d.test { return 200 '" . 'x' x 2000 . "'; }")
--- config eval
$::Small
--- dns
a.test MX 10 mx1.ok.test
b.test MX 10 mx1.ok.test
c.test MX 10 mx1.ok.test
d.test MX 10 mx1.ok.test
mx1.ok.test A 11
--- smtp
mx1 11 pipelining users=john
    rcpt john@*: wait 50ms ; default
--- address
john@a.test
john@b.test
john@c.test
john@d.test
--- json
reason: accepted
checks.domain_age_days: null



=== TEST 8: an error_page of the location follows a redirect
--- http_config eval
$::Server->("location /domain/ { return 302 http://x.test/found/; }"
    . "location /found/ { $::Old }")
--- config
location = /verify {
    smtp_verify;
}
location = /rdap {
    internal;
    proxy_pass http://$TEST_NGINX_NET.200:8053/domain/$arg_domain;
    proxy_intercept_errors on;
    proxy_redirect off;
    error_page 302 = @redirect;
}
location @redirect {
    set $found /found/;
    proxy_pass http://$TEST_NGINX_NET.200:8053$found;
}
--- address: john@ok.test
--- json
reason: accepted
checks.domain_age_days: >= 10000



=== TEST 9: nothing that the client sent goes there
--- http_config eval
$::Server->("location /domain/ { if (\$http_x_secret) { return 404; } "
    . "if (\$http_cookie) { return 404; } $::Old }")
--- more_headers
X-Secret: 1
Cookie: a=b
--- address: john@ok.test
--- json
checks.domain_age_days: >= 10000



=== TEST 10: a graceful stop does not wait for a server that hangs
--- http_config eval
$::Server->("limit_rate 1; location /domain/ { $::Old }")
--- smtp
mx1 11 pipelining users=john
    rcpt john@*: wait 400ms ; default
--- address: john@ok.test
--- json
reason: accepted
checks.domain_age_days: null
--- signal
200ms QUIT
--- gone_within: 3s



=== TEST 11: keep-alive goes on meanwhile
--- http_config eval
$::Server->("limit_rate 60; location /domain/ { $::Old }")
--- smtp
mx1 11 pipelining users=john
--- pipelined_requests eval
['GET /verify?email=john@ok.test', 'GET /verify?email=jane@ok.test']
--- response_body_like eval
['"reason":"accepted".*"domain_age_days":null',
 '"reason":"mailbox_not_found".*"domain_age_days":null']
--- within: 1s



=== TEST 12: a URI that is none
--- verify
smtp_verify_rdap rdap;
--- must_die
--- error_log
invalid URI "rdap" in "smtp_verify_rdap" directive, a location of this server is needed, such as "/rdap"



=== TEST 13: no such location
--- http_config
smtp_verify_rdap /nowhere;
--- smtp
mx1 11 pipelining users=john
--- address: john@ok.test
--- json
reason: accepted
checks.domain_age_days: null



=== TEST 14: a client that goes away leaves nothing
--- http_config eval
$::Server->("limit_rate 60; location /domain/ { $::Old }")
--- smtp
mx1 11 pipelining users=john
    rcpt john@*: hang
--- request
GET /verify?email=john@ok.test
--- timeout: 300ms
--- abort
--- ignore_response



=== TEST 15: of the lines of a list
--- http_config eval
$::Server->("location /domain/ { $::Young }")
--- config eval
$::Config . "location = /batch { smtp_verify_batch; }"
--- dns
+default
two.test MX 10 mx1.ok.test
--- request
POST /batch
john@ok.test
john@two.test
--- more_headers
Content-Type: text/plain
--- stream
reason: accepted
checks.domain_age_days: 10
--
reason: accepted
checks.domain_age_days: 10
--
complete: true



=== TEST 16: of an address at a gate
--- http_config eval
$::Server->("location /domain/ { $::Young }")
--- config eval
$::Config . 'location = /gate {
    smtp_verify_gate $arg_email;
    add_header X-Result $smtp_verify_result;
    proxy_pass http://$TEST_NGINX_NET.200:8053/domain/;
}'
--- request eval: "GET /gate?email=john\@ok.test"
--- response_headers_like
X-Result: .*"domain_age_days":10\}.*



=== TEST 17: asked by a subrequest, of auth_request
--- http_config eval
$::Server->("location /domain/ { $::Young }")
--- config eval
$::Config . 'location = /sub {
    set $args email=john@ok.test;
    smtp_verify;
}
location = /auth {
    auth_request /sub;
    proxy_pass http://$TEST_NGINX_NET.200:8053/domain/;
}'
--- request eval
["GET /auth", "GET /verify?email=jane\@ok.test"]
--- no_shape
--- error_code eval
[200, 200]
--- response_body_like eval
[qr/"objectClassName":"domain"/, qr/"domain_age_days":10\}/]



=== TEST 18: likewise of a mirror
--- http_config eval
$::Server->("location /domain/ { $::Young }")
--- config eval
$::Config . 'location = /mirrored {
    mirror /verify;
    proxy_pass http://$TEST_NGINX_NET.200:8053/domain/;
}'
--- request eval
["GET /mirrored?email=john\@ok.test", "GET /verify?email=jane\@ok.test"]
--- no_shape
--- error_code eval
[200, 200]
--- response_body_like eval
[qr/"objectClassName":"domain"/, qr/"domain_age_days":10\}/]



=== TEST 19: kept in the cache zone, a reload does not ask again
--- http_config eval
"smtp_verify_cache_zone zone=results:1m;\nsmtp_verify_cache results;\n"
    . $::Server->("access_log \$TEST_NGINX_SERVROOT/logs/rdap.log; "
                  . "location /domain/ { $::Young }")
--- init
TestVerify::Clients::start('/verify?email=john@ok.test', clients => 1);
TestVerify::Clients::finish();
TestVerify::Clients::reload();
--- request: GET /verify?email=jane@ok.test
--- json
reason: mailbox_not_found
checks.domain_age_days: 10
--- smtp_check eval
sub { main::rdap_asked() == 1 }



=== TEST 20: nor where nobody could tell
--- http_config eval
"smtp_verify_cache_zone zone=results:1m;\nsmtp_verify_cache results;\n"
    . $::Server->("access_log \$TEST_NGINX_SERVROOT/logs/rdap.log; "
                  . "location /domain/ { return 500; }")
--- init
TestVerify::Clients::start('/verify?email=john@ok.test', clients => 1);
TestVerify::Clients::finish();
TestVerify::Clients::reload();
--- request: GET /verify?email=jane@ok.test
--- json
reason: mailbox_not_found
checks.domain_age_days: null
--- smtp_check eval
sub { main::rdap_asked() == 1 }



=== TEST 21: a worker that has no zone remembers for itself
--- http_config eval
$::Server->("access_log \$TEST_NGINX_SERVROOT/logs/rdap.log; "
            . "location /domain/ { $::Young }")
--- init
TestVerify::Clients::start('/verify?email=john@ok.test', clients => 1);
TestVerify::Clients::finish();
TestVerify::Clients::reload();
--- request: GET /verify?email=jane@ok.test
--- no_zones
--- json
checks.domain_age_days: 10
--- smtp_check eval
sub { main::rdap_asked() == 2 }



=== TEST 22: by a proxy that does not buffer
--- http_config eval
"proxy_buffering off;\n" . $::Server->("location /domain/ { $::Young }")
--- address: john@ok.test
--- json
checks.domain_age_days: 10



=== TEST 23: an answer that leads to another location is none
--- http_config eval
$::Server->("location /domain/ { add_header X-Accel-Redirect /inside; $::Young }")
--- config eval
"$::Config\nlocation = /inside { internal; default_type application/rdap+json; $::Old }"
--- address: john@ok.test
--- json
checks.domain_age_days: null
