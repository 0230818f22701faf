# Variables: where they are known, and what they tell without a gate.

use lib 't/lib';
use TestVerify 'no_plan';

add_block_preprocessor(sub {
    my ($block) = @_;

    # time enough for a slow machine

    $block->set_value(http_config => patient($block->http_config // ''))
        if !defined $block->bare && !defined $block->must_die;
});

run_tests();


# where the addresses of 60 domains go, in four shapes

package Balancer;

use IO::Socket::INET;

our @edges;


sub ask
{
    @edges = map { one(@$_) } (
        map({ ["GET /verify?email=john\@d$_.test", '-', ''] } 1 .. 60),
        map({ ["GET /verify?email=jane%2Bx%40D$_.Test", '-', ''] } 1 .. 60),
        map({ ['POST /verify', 'application/x-www-form-urlencoded',
               "email=jim\@d$_.test"] } 1 .. 60),
        map({ ['POST /verify', 'application/json',
               "{\"email\":\"j\@d$_.test\"}"] } 1 .. 60));
}


sub one
{
    my ($ask, $type, $body) = @_;

    my $got = '';
    my $sock = IO::Socket::INET->new(PeerAddr => '127.0.0.1',
        PeerPort => $TestVerify::Env::HttpPort) or return '';

    syswrite $sock, "$ask HTTP/1.0\r\nContent-Type: $type\r\n"
        . 'Content-Length: ' . length($body) . "\r\n\r\n$body";

    1 while sysread $sock, $got, 65536, length $got;

    return join ' ', $got =~ /^X-(?:Edge|Domain): (\S*)\r$/mg;
}


package main;

__DATA__

=== TEST 1: of the handler, in the log, in headers, in a map
--- http_config
smtp_verify_cache_zone zone=results:1m;
smtp_verify_cache results;
map $smtp_verify_status $short {
    default         "-";
    deliverable     yes;
    undeliverable   no;
}
log_format verdict escape=none '$smtp_verify_result $short $smtp_verify_time';
--- verify
access_log $TEST_NGINX_SERVROOT/logs/access.log verdict;
add_header X-All "$smtp_verify_status $smtp_verify_reason $smtp_verify_level $smtp_verify_score $smtp_verify_mx $smtp_verify_domain [$smtp_verify_suggestion] [$smtp_verify_provider] $smtp_verify_cache_status $short";
--- smtp
mx1 11 pipelining users=john
--- address
john@ok.test
john@OK.test
jane@ok.test
--- response_headers_like eval
["X-All: deliverable accepted confirmed 9\\d mx1.ok.test ok.test \\[\\] \\[\\] MISS yes",
 "X-All: deliverable accepted confirmed 9\\d mx1.ok.test ok.test \\[\\] \\[\\] HIT yes",
 "X-All: undeliverable mailbox_not_found confirmed 0 mx1.ok.test ok.test \\[\\] \\[\\] MISS no"]
--- logged eval
[qr/^\{"email":"john\@ok\.test",.*"status":"deliverable",.*"rule":"accepted-2xx"\}.*"cached":false,.*"response_time_ms":\d+\} yes \d+\.\d{3}$/,
 qr/^\{"email":"john\@OK\.test","normalized":"john\@ok\.test",.*"cached":true,.*\} yes 0\.000$/]



=== TEST 2: without any directive of ours they are empty
--- config
    location = /x {
        add_header X-All "[$smtp_verify_status$smtp_verify_reason$smtp_verify_score$smtp_verify_level$smtp_verify_suggestion$smtp_verify_result$smtp_verify_time$smtp_verify_cache_status$smtp_verify_mx$smtp_verify_provider$smtp_verify_domain$smtp_verify_gate_status]";
        return 200;
    }
--- request eval: "GET /x?email=john\@ok.test"
--- response_headers
X-All: []



=== TEST 3: not known before the gate, known behind it
--- smtp
mx1 11 pipelining users=john
--- config
    location = /gate {
        set $early "[$smtp_verify_status]";
        if ($smtp_verify_status = "deliverable") {
            return 500;
        }
        smtp_verify_gate $arg_email;
        add_header X-Early $early;
        proxy_set_header X-Status $smtp_verify_status;
        proxy_set_header X-Mapped $mapped;
        proxy_pass http://127.0.0.1:$server_port/app?$smtp_verify_reason;
        access_log $TEST_NGINX_SERVROOT/logs/access.log verdict;
    }
    location = /app {
        access_log off;
        return 200 "$args $http_x_status $http_x_mapped\n";
    }
--- http_config
log_format verdict '$uri $smtp_verify_status $smtp_verify_domain $smtp_verify_gate_status';
map $smtp_verify_level $mapped {
    default     "-";
    confirmed   sure;
}
--- request eval: "GET /gate?email=john\@ok.test"
--- response_body
accepted deliverable sure
--- response_headers
X-Early: []
--- logged eval
[qr/^\/gate deliverable ok\.test PASSED$/]



=== TEST 4: of a location without a gate: what is cached, and no probe
--- http_config
smtp_verify_cache_zone zone=results:1m;
smtp_verify_cache results;
--- config
    location = /verify {
        smtp_verify;
    }
    location = /known {
        smtp_verify_address $arg_email $http_x_email;
        if ($smtp_verify_status = undeliverable) {
            return 403 "no\n";
        }
        return 200 "$smtp_verify_status:$smtp_verify_cache_status:$smtp_verify_domain:$smtp_verify_reason:$smtp_verify_score\n";
    }
    location = /gate {
        smtp_verify_address $arg_email;
        set $early $smtp_verify_status;
        smtp_verify_gate $arg_email;
        add_header X-Early "[$early]";
        add_header X-Late "$smtp_verify_status $smtp_verify_cache_status";
        proxy_pass http://127.0.0.1:$server_port/known;
    }
--- smtp
mx1 11 pipelining users=john,jim
--- request eval
["GET /known?email=john\@ok.test", "GET /verify?email=john\@ok.test", "GET /known?email=john%40OK.test", "GET /known",
 "GET /verify?email=jane\@ok.test", "GET /known?email=jane\@ok.test", "GET /known?email=x",
 "GET /gate?email=jim\@ok.test"]
--- more_headers eval
["", "", "", "X-Email: john\@ok.test", "", "", "", ""]
--- response_body_like eval
["^:MISS:ok.test::\n\$", '"status":"deliverable"', '^deliverable:HIT:ok.test:accepted:9\d\n$',
 '^deliverable:HIT:ok.test:accepted:9\d\n$', '"undeliverable"', '^no$', "^::::\n\$", "^::::\n\$"]
--- error_code eval: [200, 200, 200, 200, 200, 403, 200, 200]
--- response_headers eval
["", "", "", "", "", "", "", "X-Early: []\nX-Late: deliverable MISS"]
--- smtp_sessions: 3



=== TEST 5: the counters know nothing of a look into the cache
--- http_config
smtp_verify_cache_zone zone=results:1m;
smtp_verify_cache results;
--- config
    location = /verify {
        smtp_verify;
    }
    location = /known {
        smtp_verify_address $arg_email;
        return 200 "$smtp_verify_status$smtp_verify_reason";
    }
    location = /counters {
        smtp_verify_counters;
    }
--- smtp
mx1 11 pipelining users=john
--- request eval
["GET /verify?email=john\@ok.test", "GET /known?email=john\@ok.test", "GET /known?email=jim\@ok.test", "GET /counters"]
--- response_body_like eval
["deliverable", "^deliverableaccepted\$", '^$', '"requests":1,']



=== TEST 6: a balancer that probes nothing hashes domains
--- bare
--- http_config
upstream edges {
    hash $smtp_verify_domain consistent;
    server $TEST_NGINX_NET.81:9079;
    server $TEST_NGINX_NET.82:9079;
    server $TEST_NGINX_NET.83:9079;
}
server {
    listen $TEST_NGINX_NET.81:9079;
    listen $TEST_NGINX_NET.82:9079;
    listen $TEST_NGINX_NET.83:9079;
    location / {
        add_header X-Edge $server_addr;
        return 200;
    }
}
--- config
    location = /verify {
        smtp_verify_address $arg_email form:email json:/email;
        add_header X-Domain $smtp_verify_domain;
        proxy_pass http://edges;
    }
    location = /all {
        default_type text/plain;
        return 200;
    }
--- init
Balancer::ask();
--- request
GET /all
--- smtp
mx1 11
--- smtp_check eval
sub {
    my @edges = @Balancer::edges;
    my %edges = map { (split)[0] => 1 } @edges;

    Test::More::is(scalar keys %edges, 3, 'all edges have a share');
    Test::More::is(scalar(grep { $edges[$_] eq $edges[$_ % 60]
                                 && $edges[$_] =~ / d(\d+)\.test$/
                                 && $1 == $_ % 60 + 1 } 0 .. 239), 240,
                   'a domain has one edge, wherever its address stands');
}



=== TEST 7: in sub-requests of SSI, escaped
--- smtp
mx1 11 pipelining users=john
--- config
    location = /signup {
        smtp_verify_gate $arg_email;
        error_page 422 =422 /denied;
        proxy_pass http://127.0.0.1:$server_port/app;
    }
    location = /denied {
        internal;
        ssi on;
        default_type text/html;
        return 200 '<p><!--# echo var="smtp_verify_reason" -->: <!--# echo var="smtp_verify_suggestion" --></p>';
    }
--- request eval: "GET /signup?email=%22%3Cb%3E%22\@gmial.com"
--- error_code: 422
--- response_body eval: "<p>domain_not_found: &quot;&lt;b&gt;&quot;\@gmail.com</p>"



=== TEST 8: sources that are none
--- config
    location / {
        smtp_verify_address email;
    }
--- must_die
--- error_log
invalid source "email"



=== TEST 9: an address that names itself
--- config
    location = /x {
        set $x $smtp_verify_domain;
        smtp_verify_address $smtp_verify_domain;
        return 200 "[$smtp_verify_domain]\n";
    }
--- request
GET /x
--- response_body
[]
--- error_log
cycle while evaluating variable



=== TEST 10: a large body that was sent, first asked about in the log
--- http_config
log_format verdict 'domain=$smtp_verify_domain';
--- config
    client_body_buffer_size 1k;
    location = /x {
        smtp_verify_address form:email;
        proxy_pass http://127.0.0.1:$server_port/app;
        access_log $TEST_NGINX_SERVROOT/logs/access.log verdict;
    }
    location = /app {
        access_log off;
        return 200 "app\n";
    }
--- request eval: "POST /x\nemail=john\@ok.test&x=" . 'x' x 10000
--- more_headers
Content-Type: application/x-www-form-urlencoded
--- response_body
app
--- logged
domain=



=== TEST 11: what was told to the identity of this location alone
--- http_config
smtp_verify_cache_zone zone=results:1m;
smtp_verify_cache results;
smtp_verify_egress_pool some {
    address $TEST_NGINX_NET.60 helo=a.verifier.test from=a@verifier.test;
}
--- config
    location = /verify {
        smtp_verify;
    }
    location = /known {
        smtp_verify_address $arg_email;
        return 200 "$smtp_verify_reason:$smtp_verify_cache_status\n";
    }
    location = /other {
        smtp_verify_address $arg_email;
        smtp_verify_from other@verifier.test;
        return 200 "$smtp_verify_reason:$smtp_verify_cache_status\n";
    }
    location = /verify-pool {
        smtp_verify_egress some;
        smtp_verify;
    }
    location = /pool {
        smtp_verify_address $arg_email;
        smtp_verify_egress some;
        return 200 "$smtp_verify_reason:$smtp_verify_cache_status\n";
    }
--- smtp
mx1 11 pipelining
    rcpt: 550 5.7.1 Your IP is listed at bl.example.net
--- request eval
["GET /known?email=john\@ok.test", "GET /verify?email=john\@ok.test", "GET /known?email=john\@ok.test",
 "GET /other?email=john\@ok.test", "GET /pool?email=john\@ok.test", "GET /verify-pool?email=john\@ok.test",
 "GET /pool?email=john\@ok.test"]
--- response_body_like eval
["^:MISS\n", "sender_blocked", "^sender_blocked:HIT\n", "^:MISS\n", "^:MISS\n", "sender_blocked", "^sender_blocked:HIT\n"]
--- smtp_sessions: 2



=== TEST 12: in an error_page of a location that verifies
--- config
    location = /verify {
        smtp_verify;
        error_page 412 @named;
    }
    location = /status {
        smtp_verify;
        error_page 412 /page;
    }
    location @named {
        return 412 "$smtp_verify_status:$smtp_verify_reason\n";
    }
    location = /page {
        return 412 "$smtp_verify_status:$smtp_verify_reason:$smtp_verify_mx\n";
    }
--- smtp
mx1 11 pipelining users=john
--- more_headers
If-Match: "never"
--- request eval
["GET /verify?email=john\@ok.test", "GET /verify?email=jane\@ok.test", "GET /status?email=jane\@ok.test",
 "GET /verify?smtp=0&email=john\@ok.test"]
--- error_code eval
[412, 412, 412, 412]
--- response_body eval
["deliverable:accepted\n", "undeliverable:mailbox_not_found\n", "undeliverable:mailbox_not_found:mx1.ok.test\n",
 "unknown:not_probed\n"]



=== TEST 13: in the log of a request that a filter refused
--- http_config
log_format verdict "$status=$smtp_verify_reason:$smtp_verify_cache_status";
smtp_verify_cache_zone zone=results:1m;
smtp_verify_cache results;
--- config
    location = /verify {
        smtp_verify;
        access_log $TEST_NGINX_SERVROOT/logs/access.log verdict;
    }
--- smtp
mx1 11 pipelining users=john
--- more_headers
If-Unmodified-Since: Thu, 01 Jan 1998 00:00:00 GMT
--- request: GET /verify?email=john@ok.test
--- error_code: 412
--- logged
412=accepted:MISS



=== TEST 14: a gate behind such a page asks for itself
--- http_config
smtp_verify_cache_zone zone=results:1m;
smtp_verify_cache results;
--- config
    location = /warm {
        smtp_verify;
    }
    location = /verify {
        smtp_verify;
        error_page 412 @gated;
    }
    location @gated {
        smtp_verify_gate $arg_email;
        empty_gif;
    }
--- smtp
mx1 11 pipelining users=john
--- more_headers
If-Match: "never"
--- request eval
["GET /warm?email=jane\@ok.test", "GET /verify?smtp=0&email=jane\@ok.test",
 "GET /warm?email=john\@ok.test", "GET /verify?smtp=0&email=john\@ok.test"]
--- error_code eval
[412, 412, 412, 412]
--- response_body_like eval
["412 Precondition", "mailbox_not_found", "412 Precondition", "^GIF89a"]



=== TEST 15: of what has no verdict nothing is told
--- config
    location = /verify {
        smtp_verify_batch;
        error_page 412 @named;
    }
    location @named {
        return 412 "[$smtp_verify_status$smtp_verify_reason$smtp_verify_score]\n";
    }
--- smtp
mx1 11 pipelining users=john
--- more_headers
If-Match: "never"
Content-Type: text/plain
--- request
POST /verify
john@ok.test
--- error_code: 412
--- response_body
[]



=== TEST 16: destinations, by the names of providers' domains alone
--- bare
--- config
    location = /x {
        smtp_verify_address $arg_email;
        return 200 "[$smtp_verify_destination]\n";
    }
--- request eval
["GET /x?email=john\@gmail.com", "GET /x?email=jane\@GoogleMail.com",
 "GET /x?email=john\@mail.gmail.com", "GET /x?email=john\@hotmail.com",
 "GET /x?email=john\@B%C3%BCcher.test", "GET /x?email=john", "GET /x"]
--- response_body eval
["[gmail]\n", "[gmail]\n", "[mail.gmail.com]\n", "[outlook-com]\n",
 "[xn--bcher-kva.test]\n", "[]\n", "[]\n"]



=== TEST 17: by a file of one's own
--- bare
--- http_config
smtp_verify_providers $TEST_NGINX_SERVROOT/html/providers.conf;
--- user_files
>>> providers.conf
provider ours
    name    "Ours"
    mx      mx.ours.test
    domain  a.test B.test
--- config
    location = /x {
        smtp_verify_address $arg_email;
        return 200 "[$smtp_verify_destination]\n";
    }
--- request eval
["GET /x?email=john\@a.test", "GET /x?email=john\@b.test",
 "GET /x?email=john\@gmail.com"]
--- response_body eval
["[ours]\n", "[ours]\n", "[gmail.com]\n"]



=== TEST 18: by MX records that the cache has, and never by a question
--- http_config
smtp_verify_cache_zone zone=results:1m;
smtp_verify_cache results;
--- config
    location = /verify { smtp_verify; }
    location = /x {
        smtp_verify_address $arg_email;
        return 200 "[$smtp_verify_destination]\n";
    }
--- smtp
mx1 11 pipelining users=john
--- dns
a.test MX 20 mx0.ok.test
a.test MX 10 mx9.ok.test
a.test MX 10 mx1.ok.test
mx1.ok.test A 11
mx9.ok.test A 11
yahoo.test MX 1 mta5.am0.yahoodns.net
gmail.com MX 10 mx1.ok.test
null.test MX 0 .
--- request eval
["GET /x?email=jane\@a.test", "GET /verify?email=john\@a.test",
 "GET /x?email=jane\@a.test",
 "GET /verify?email=john\@yahoo.test", "GET /x?email=jane\@yahoo.test",
 "GET /x?email=john\@gmail.com", "GET /verify?email=john\@gmail.com",
 "GET /x?email=john\@gmail.com",
 "GET /verify?email=john\@null.test", "GET /x?email=john\@null.test"]
--- response_body_like eval
['^\[a\.test\]$', 'accepted', '^\[mx1\.ok\.test\]$',
 'unverifiable_provider', '^\[yahoo\]$',
 '^\[gmail\]$', 'accepted', '^\[mx1\.ok\.test\]$',
 'null_mx', '^\[null\.test\]$']



=== TEST 19: of the address that is verified; by a route
--- http_config
smtp_verify_cache_zone zone=results:1m;
smtp_verify_cache results;
smtp_verify_route routed.test [mx1.ok.test];
--- config
    location = /verify {
        smtp_verify;
        add_header X-To $smtp_verify_destination;
    }
    location = /x {
        smtp_verify_address $arg_email;
        return 200 "[$smtp_verify_destination]\n";
    }
--- smtp
mx1 11 pipelining users=john
--- request eval
["GET /verify?email=john\@ok.test", "GET /x?email=john\@routed.test"]
--- response_headers eval
["X-To: mx1.ok.test", ""]
--- response_body_like eval
["accepted", '^\[mx1\.ok\.test\]$']
