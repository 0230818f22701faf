# What the examples of the gate and of the edge fleet do, as they stand in
# conf/examples but for addresses.

use lib 't/lib';
use TestVerify 'no_plan';

add_block_preprocessor(sub {
    my ($block) = @_;

    my $name = $block->example // return;

    open my $in, '<', "conf/examples/$name.conf" or die "$name.conf: $!\n";
    my $text = join '', <$in>;
    close $in;

    my ($http) = $text =~ /^http \{\n(.*)^\}/ms or die "$name.conf: no http\n";

    $http =~ s/127\.0\.0\.1(?=:80\d\d)/\$TEST_NGINX_NET.90/g;
    $http =~ s/^\s*(?:resolver|access_log)\s[^;]*;(?:\s*#.*)?$//mg;

    $block->set_value(http_config => patient($http));
    $block->set_value(config => <<'_EOC_');
        location / {
            proxy_pass       http://$TEST_NGINX_NET.90:8025;
            proxy_redirect   off;
        }
_EOC_
});

no_root_location();
timeout(20);
run_tests();


# time enough for a slow machine

sub patient {
    my ($http) = @_;

    for my $time ('smtp_verify_connect_timeout 5s',
                  'smtp_verify_greeting_timeout 10s',
                  'smtp_verify_read_timeout 10s', 'smtp_verify_timeout 20s',
                  'resolver_timeout 12s')
    {
        my ($name) = split ' ', $time;
        $http = "$time;\n$http" if $http !~ /^\s*$name\s/m;
    }

    return $http;
}


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
 qr/^welcome, deliverable$/, qr/<form/]



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
