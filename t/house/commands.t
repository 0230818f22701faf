# What the examples do, as they stand in conf/examples and README.md but for
# addresses; and
# that each command of their comments, of README.md and of docs does what is said
# there.

use lib 't/lib';
use TestVerify 'no_plan';
use TestVerify::Commands;

master_on();

add_block_preprocessor(sub {
    my ($block) = @_;

    my $name = $block->example // return;

    my $text = TestVerify::Commands::configuration($name);
    my ($http) = $text =~ /^http \{\n(.*)^\}/ms or die "$name.conf: no http\n";

    $http =~ s/127\.0\.0\.1(?=:80\d\d)/\$TEST_NGINX_NET.90/g;
    $http =~ s{^(\s*access_log\s+)/\S+}
              {$1\$TEST_NGINX_SERVROOT/logs/access.log}m
        if defined $block->logged;
    $http =~ s{^\s*(?:resolver|access_log(?!\s+\$TEST_))\s[^;]*;(?:\s*\#.*)?$}
              {}mg;
    $http =~ s/^\s*smtp_verify_target_allow\s[^;]*;.*$//mg;
    $http =~ s{/var/cache/\S+}{rdap_cache}g;         # removed by that name
    $http =~ s{(smtp_verify_tokens\s+)api\.tokens}
              {$1\$TEST_NGINX_SERVER_ROOT/html/api.tokens};

    for my $line (split /\n/, $block->instead // '') {
        my ($old, $new) = split ' ', $line;
        $http =~ s/\Q$old\E/$new/g or die "$name.conf: no $old\n";
    }

    $block->set_value(http_config => patient($http));
    $block->set_value(user_files => ">>> api.tokens\n"
        . TestVerify::Commands::text('conf/examples/api.tokens'));
    $block->set_value(config => <<'_EOC_');
        location / {
            proxy_pass       http://$TEST_NGINX_NET.90:8025;
            proxy_redirect   off;
        }
_EOC_

    return if !defined $block->said;

    # the block's own request only begins and ends nginx

    $block->set_value(config => '');
    $block->set_value(request => 'GET /none');
    $block->set_value(error_code => 404);
    $block->set_value(init => 'TestVerify::Commands::run();');

    TestVerify::Commands::of($block);
});

add_test_cleanup_handler(sub { TestVerify::Commands::check() });

no_root_location();
run_tests();

TestVerify::Commands::all_were_run();


__DATA__

=== TEST 1: a signup: the form, a mistake, the suggestion, in
--- example: signup
--- dns
+default
gmail.com MX 10 mx1.ok.test
--- smtp
mx1 11 pipelining users=john
--- request eval
["GET /", "POST /signup\nemail=john\@gmial.com", "POST /signup\nemail=%22%3Cb%3E%22\@gmial.com",
 "POST /signup\nemail=nobody\@ok.test", "POST /signup\nemail=john\@ok.test", "POST /signup\n"]
--- more_headers
Content-Type: application/x-www-form-urlencoded
--- error_code eval
[200, 422, 422, 422, 200, 422]
--- response_body_like eval
[qr/<form(?!.*cannot)/s, qr/cannot receive mail. Did you mean <b>john\@gmail\.com<\/b>\?.*value="john\@gmail\.com"/s,
 qr/Did you mean <b>&quot;&lt;b&gt;&quot;\@gmail.com<\/b>/, qr/cannot receive mail\.<\/p>.*value=""/s,
 qr/^welcome, deliverable$/, qr/<p>Please give your e-mail address\.<\/p>.*<form/s]



=== TEST 2: from a program
--- example: signup
--- dns
+default
mailinator.com MX 10 mx1.ok.test
--- smtp
mx1 11 pipelining users=john
--- request eval
["POST /api/signup\n{\"email\":\"john\@gmial.com\"}", "POST /api/signup\n{\"email\":\"john\@mailinator.com\"}",
 "POST /api/signup\n{\"email\":\"john\@ok.test\"}", "POST /api/signup\n{\"email\":[]}"]
--- more_headers
Content-Type: application/json
--- error_code eval
[422, 422, 200, 400]
--- response_body_like eval
[qr/"did_you_mean":"john\@gmail\.com"/, qr/"reason":"disposable"/, qr/^welcome, deliverable$/, qr/malformed_request/]



=== TEST 3: who tries many has to wait
--- example: signup
--- request eval
[map { "POST /signup\nemail=x$_" } 1 .. 8]
--- more_headers
Content-Type: application/x-www-form-urlencoded
--- error_code eval
[(422) x 6, 429, 429]



=== TEST 4: a fleet: a domain is asked by one edge, and its cache is there
--- example: edge
--- dns
+default
two.test MX 10 mx1.ok.test
--- smtp
mx1 11 pipelining users=john
--- request eval
["GET /verify?email=john\@ok.test", "GET /verify?email=john%40OK.test", "POST /verify\nemail=john\@ok.test",
 "GET /verify?email=john\@two.test"]
--- more_headers
Content-Type: application/x-www-form-urlencoded
--- error_code eval
[200, 200, 200, 200]
--- response_body_like eval
[qr/"deliverable".*"cached":false/, qr/"deliverable".*"cached":true/, qr/"deliverable".*"cached":true/, qr/"deliverable"/]
--- smtp_sessions: 2



=== TEST 5: commands: the quick start and the API
--- example: quickstart
--- commands
README.md, Quick start
conf/examples/quickstart.conf
docs/api.md, Requests
--- dns
demo.test MX 10 mx1.ok.test
mx1.ok.test A 11
--- smtp
mx1 11 pipelining users=alice,alice+news
--- said eval
[qr/"deliverable","reason":"accepted"/, qr/"deliverable","reason":"accepted"/, qr/"email":"alice\+news\@demo.test".*"deliverable"/,
 qr/"email":"alice\@demo.test".*"deliverable"/, qr/"email":"alice\@demo.test".*"deliverable"/]



=== TEST 6: commands: lists
--- example: cleaning
--- commands
docs/batch.md, Try it
conf/examples/cleaning.conf
docs/cookbook.md, Clean a CSV file
--- dns
demo.test MX 10 mx1.ok.test
catchall.test MX 10 mx2.ok.test
mx1.ok.test A 11
mx2.ok.test A 12
--- smtp
mx1 11 pipelining users=alice
    rcpt full@*: 552 5.2.2 Mailbox full
mx2 12 pipelining accept
--- said eval
my $list = qr/"email":"alice\@demo.test".*"summary":true,"lines":3,"answered":3,"errors":0,.*"status":\{"deliverable":1,"undeliverable":1,"risky":1,"unknown":0\},.*"complete":true/s;
my $meter = qr/^\r1 of 3\r2 of 3\r3 of 3\n\n\z/;
my $meter_of_2 = qr/^\r1 of 2\r2 of 2\n\n\z/;
[(qr/^\n\z/) x 3, $list,
 qr/^index,.*^# summary complete=true /ms,
 qr/^\{"index":0,.*"input":\{"id":1\}.*\n\{"index":1,.*"input":\{"id":2\}.*\n\{"summary":true,"lines":2,/,
 qr/"input":null.*"summary":true,"lines":2,.*"reason":\{"accepted":1,"mailbox_full":1\}/s,
 qr/"input":\{"id":7\}.*"summary":true,"lines":2,.*"reason":\{"accepted":1,"mailbox_full":1\}/s,
 qr/"summary":true,"lines":3,.*"reason":\{"mailbox_not_found":3\}/s, $meter,
 qr/^\n\z/, $meter_of_2, qr/^\n\z/]
--- linger: 8s



=== TEST 7: commands: tokens
--- example: api
--- commands
conf/examples/api.conf
docs/tokens.md, Try it
docs/tokens.md, Add a client
--- dns
demo.test MX 10 mx1.ok.test
example.com MX 10 mx1.ok.test
mx1.ok.test A 11
--- smtp
mx1 11 pipelining users=alice
--- said eval
[qr/"deliverable"/, qr/"requests":1,/, qr/"email":"alice\@demo.test".*"cached":null/,
 qr/^[0-9a-f]{64}\n/, qr/^\n\z/, qr/^\n\z/, qr/"email":"john\@example.com".*"mailbox_not_found"/]



=== TEST 8: commands: the gate
--- example: signup
--- commands
conf/examples/signup.conf
docs/gate.md, Try it
--- smtp
mx1 11 pipelining users=john
--- said eval
[(qr/^HTTP\/1.1 422 .*Did you mean <b>john\@gmail\.com<\/b>/s, qr/^HTTP\/1.1 422 .*"did_you_mean":"john\@gmail.com"/s) x 2]



=== TEST 9: commands: a fleet
--- example: edge
--- commands
conf/examples/edge.conf
--- dns
demo.test MX 10 mx1.ok.test
mx1.ok.test A 11
--- smtp
mx1 11 pipelining users=alice
--- said eval
[qr/^HTTP\/1.1 200 .*^X-Edge: [\d.]+:803[12]\r.*"deliverable"/ms, qr/^HTTP\/1.1 200 .*^X-Edge: [\d.]+:803[12]\r.*"mailbox_not_found"/ms]



=== TEST 10: commands: identities; the address is asked by one of them
--- example: egress
--- instead
192.0.2.10 $TEST_NGINX_NET.60
192.0.2.11 $TEST_NGINX_NET.61
2001:db8::10 ::1
127.0.0.1:1080 $TEST_NGINX_NET.70:$TEST_NGINX_SOCKS_PORT
--- commands
conf/examples/egress.conf
--- socks
p1 70 auth=verify:secret via=71
--- dns
example.com MX 10 mx1.ok.test
mx1.ok.test A 11
--- smtp
mx1 11 pipelining users=john
--- said eval
[qr/"deliverable","reason":"accepted"/]
--- smtp_like
C: EHLO (?:mx10|mx11)\.example\.com|EHLO out\.example\.net



=== TEST 11: what is told, and what is logged, whose signup was denied
--- example: signup
--- dns
+default
gmail.com MX 10 mx1.ok.test
--- smtp
mx1 11 pipelining users=john
--- request eval
["POST /signup?x=john\@ok.test\nemail=john\@gmial.com", "POST /signup\nname=x", "POST /signup\nemail=john"]
--- more_headers
Content-Type: application/x-www-form-urlencoded
--- error_code eval
[422, 422, 422]
--- response_body_like eval
[qr/cannot receive mail. Did you mean/, qr/(?<!cannot receive mail)<p>Please give your e-mail address\.<\/p>/, qr/<p>This is no e-mail address\.<\/p>/]
--- logged eval
[qr/ POST \/signup 422 \S+ DENIED domain_not_found /, qr/ POST \/signup 422 \S+ DENIED - /, qr/ POST \/signup 422 \S+ DENIED invalid_syntax /]



=== TEST 12: a program that tries many is told so in its own words
--- example: signup
--- request eval
[map { "POST /api/signup\n{\"email\":\"x$_\"}" } 1 .. 7]
--- more_headers
Content-Type: application/json
--- error_code eval
[(422) x 6, 429]
--- response_body_like eval
[(qr/"invalid_syntax"/) x 6, qr/^\{"type":"about:blank",.*"status":429,.*"code":"rate_exceeded"\}\n\z/]
--- response_headers eval
[("Content-Type: application/problem+json") x 6, "Content-Type: application/problem+json\nRetry-After: 60"]
--- logged eval: [qr/ POST \/api\/signup 429 /]



=== TEST 13: who tries many by the form sees it, with a message
--- example: signup
--- request eval
[map { "POST /signup\nemail=x$_" } 1 .. 7]
--- more_headers
Content-Type: application/x-www-form-urlencoded
--- error_code eval
[(422) x 6, 429]
--- response_body_like eval
[(qr/<p>This is no e-mail address/) x 6, qr/<p>Too many tries.*<form/s]
--- logged eval: [qr/ POST \/signup 429 /]



=== TEST 14: commands: the API of README.md, and what is erased
--- example: README.md, API
--- commands
README.md, API
docs/api.md, Erasing an address
README.md, API
docs/cookbook.md, Erase an address
--- dns
demo.test MX 10 mx1.ok.test
mx1.ok.test A 11
--- smtp
mx1 11 pipelining users=alice
--- said eval
[qr/"deliverable".*"cached":false/, qr/^\n\z/, qr/"deliverable".*"cached":false/, qr/^\n\z/]



=== TEST 15: commands: the gate of README.md
--- example: README.md, Gate
--- commands
README.md, Gate
--- dns
demo.test MX 10 mx1.ok.test
mx1.ok.test A 11
--- smtp
mx1 11 pipelining users=alice
--- said eval
[qr/^HTTP\/1.1 422 .*"code":"address_denied".*"reason":"mailbox_not_found"/s]



=== TEST 16: commands: the batch of README.md
--- example: README.md, Batch
--- commands
README.md, Batch
--- dns
demo.test MX 10 mx1.ok.test
catchall.test MX 10 mx2.ok.test
mx1.ok.test A 11
mx2.ok.test A 12
--- smtp
mx1 11 pipelining users=alice
mx2 12 pipelining accept
--- said eval
[(qr/^\n\z/) x 2]



=== TEST 17: commands: jobs
--- example: jobs
--- commands
docs/jobs.md, Try it
conf/examples/jobs.conf
--- dns
demo.test MX 10 mx1.ok.test
catchall.test MX 10 mx2.ok.test
mx1.ok.test A 11
mx2.ok.test A 12
--- smtp
mx1 11 pipelining users=alice
mx2 12 pipelining accept
--- said eval
[qr/^\n\z/, qr/"name":"first","state":"queued",.*"records":3,/, qr/^\{"jobs":\[\{"id":"[0-9a-z]{26}","name":"first"/,
 qr/^\n\z/, qr/"records":2,/, qr/"records":2,.*"records":3,/]
--- linger: 8s
