# The gate, where the address is in the body: the application gets it byte
# for byte.

use lib 't/lib';
use TestVerify 'no_plan';

# two applications, HTTP and FastCGI, which tell what they got; and bodies

package Application;

use Digest::MD5 qw( md5_hex );
use IO::Socket::INET;

my (%pid, @curled);


sub start
{
    serve('http', 77, \&http);
    serve('fastcgi', 78, \&fastcgi);
}


sub serve
{
    my ($name, $host, $code) = @_;

    return if $pid{$name};

    my $listen = IO::Socket::INET->new(LocalPort => 9077, Listen => 16,
        LocalAddr => "$TestVerify::Env::Net.$host", ReuseAddr => 1)
        or die "application: $!\n";

    my $child = fork() // die "fork: $!\n";

    if ($child) {
        $pid{$name} = $child;
        return;
    }

    TestVerify::Env::detach('/dev/null');

    while (1) {
        my $sock = $listen->accept or next;
        eval { $code->($sock) };
        close $sock;
    }
}


END {
    local $?;
    TestVerify::Env::stop($_) for values %pid;
}


sub get
{
    my ($sock, $n) = @_;

    my $got = '';

    while (length $got < $n) {
        sysread($sock, $got, $n - length $got, length $got) or die "eof\n";
    }

    return $got;
}


sub told
{
    my ($body, $status) = @_;

    return length($body) . ' ' . md5_hex($body) . ' ' . ($status // '')
           . "\n";
}


sub http
{
    my ($sock) = @_;

    my $head = '';
    $head .= get($sock, 1) while $head !~ /\r\n\r\n\z/;

    my ($length) = $head =~ /^Content-Length: (\d+)/mi;
    my ($status) = $head =~ /^X-Email-Verify-Status: (\S+)\r$/mi;
    my $answer = told(get($sock, $length // 0), $status);

    syswrite $sock, "HTTP/1.0 200 OK\r\nContent-Length: "
                    . length($answer) . "\r\n\r\n$answer";
}


sub fastcgi
{
    my ($sock) = @_;

    my ($params, $body) = ('', '');

    while (1) {
        my ($type, $n, $padding) = (unpack 'CCnnCC', get($sock, 8))[1, 3, 4];
        my $content = get($sock, $n);
        get($sock, $padding);

        $params .= $content if $type == 4;
        $body .= $content if $type == 5;
        last if $type == 5 && !$n;
    }

    my ($status) = $params =~ /HTTP_X_EMAIL_VERIFY_STATUS(deliverable|\w+?)/;
    my $answer = "\r\n" . told($body, $status);

    syswrite $sock, pack('CCnnCC', 1, 6, 1, length $answer, 0, 0) . $answer
                    . pack('CCnnCC', 1, 6, 1, 0, 0, 0)
                    . pack('CCnnCC', 1, 3, 1, 8, 0, 0) . "\0" x 8;
}


# of about that size, the address in the middle of anything

sub body
{
    my ($kind, $email, $size) = @_;

    my $pad = '';
    srand 42;

    if ($kind eq 'form') {
        $email =~ s/\@/%40/;
        $pad .= chr(65 + rand 26) while length $pad < $size / 2;

        return "a=$pad&email=$email&b=$pad";
    }

    if ($kind eq 'json') {
        $pad .= chr(65 + rand 26) while length $pad < $size / 2;

        return "{\"a\":\"$pad\",\"user\":{\"e\":[\"x\",\"$email\"]},"
               . "\"b\":\"$pad\"}";
    }

    $pad .= chr rand 256 while length $pad < $size / 2;

    my $part = 'Content-Disposition: form-data; name=';

    return "--xYzZY\r\n$part\"a\"; filename=\"x\"\r\n\r\n$pad\r\n"
           . "--xYzZY\r\n$part\"email\"\r\n\r\n$email\r\n"
           . "--xYzZY\r\n$part\"b\"; filename=\"y\"\r\n\r\n$pad\r\n--xYzZY--";
}


our %type = (
    form => 'application/x-www-form-urlencoded',
    json => 'application/json; charset=utf-8',
    multipart => 'multipart/form-data; boundary=xYzZY',
);

our @bodies = map { my $size = $_; map { [$_, body($_, 'john@ok.test', $size)] }
                    qw( form json multipart ) }
    0, 500, 16384, 65536, 1000000;

our @denied = map { [$_, body($_, 'jane@ok.test', 500)] }
    qw( form json multipart );


sub requests
{
    my ($path, @list) = @_;

    return [map { "POST $path/$_->[0]\n$_->[1]" } @list];
}


sub types
{
    my (@list) = @_;

    return [map { "Content-Type: $type{$_->[0]}" } @list];
}


sub chunked
{
    my ($path, $kind, $size, $body) = @_;

    my @chunks = $body =~ /(.{1,$size})/gs;

    return "POST $path/$kind HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
           . "Content-Type: $type{$kind}\r\nTransfer-Encoding: chunked\r\n\r\n"
           . CORE::join('', map { sprintf "%x\r\n%s\r\n", length, $_ } @chunks)
           . "0\r\n\r\n";
}


# by HTTP/2, with curl

sub curl
{
    my ($path, @list) = @_;

    @curled = ();

    for my $b (@list) {
        my $file = "$TestVerify::Env::Dir/slot-$TestVerify::Env::Slot/body";

        open my $out, '>:raw', $file or die "$file: $!\n";
        print $out $b->[1];
        close $out;

        push @curled, scalar `curl -s -m 30 --http2-prior-knowledge \\
            -H 'Content-Type: $type{$b->[0]}' --data-binary \@$file \\
            -w '%{http_version}' \\
            http://$TestVerify::Env::Net.79:9077$path/$b->[0]`;
    }
}


sub curled
{
    return @curled;
}


package main;

add_block_preprocessor(sub {
    my ($block) = @_;

    Application::start();

    # time enough for a slow machine

    $block->set_value(http_config => patient($block->http_config // ''))
        if !defined $block->bare && !defined $block->must_die;

    return if defined $block->config;

    my $more = $block->more // '';

    my $locations = join '', map { <<_EOC_ } (
        location $_->[0]/$_->[1] {
            smtp_verify_gate $_->[2] required;
            smtp_verify_gate_headers on;
            $_->[3]
        }
_EOC_
        map { my ($path, $pass) = @$_; map { [$path, @$_, $pass] } (
            ['form', 'form:email'], ['json', 'json:/user/e/1'],
            ['multipart', 'multipart:email']) }
        ['/http', 'proxy_pass http://$TEST_NGINX_NET.77:9077;'],
        ['/now', 'proxy_pass http://$TEST_NGINX_NET.77:9077; proxy_request_buffering off;'],
        ['/fcgi', "fastcgi_param REQUEST_METHOD \$request_method;\n"
                  . 'fastcgi_pass $TEST_NGINX_NET.78:9077;']);

    $block->set_value(config => "$more\n$locations");

    $block->set_value(http_config => ($block->http_config // '') . <<_EOC_);
    smtp_verify_cache_zone zone=results:1m;
    smtp_verify_cache results;

    server {
        listen \$TEST_NGINX_NET.79:9077 http2;
        client_max_body_size 30m;
        $more
        $locations
    }
_EOC_
});

run_tests();


__DATA__

=== TEST 1: forms, JSON and multipart, 50 bytes to 1 MB
--- smtp
mx1 11 pipelining users=john
--- request eval: Application::requests('/http', @Application::bodies)
--- more_headers eval: Application::types(@Application::bodies)
--- response_body eval: [map { Application::told($_->[1], 'deliverable') } @Application::bodies]
--- error_code eval: [map { 200 } @Application::bodies]
--- smtp_sessions: 1



=== TEST 2: to FastCGI
--- smtp
mx1 11 pipelining users=john
--- request eval: Application::requests('/fcgi', @Application::bodies)
--- more_headers eval: Application::types(@Application::bodies)
--- response_body eval: [map { Application::told($_->[1], 'deliverable') } @Application::bodies]
--- error_code eval: [map { 200 } @Application::bodies]
--- smtp_sessions: 1



=== TEST 3: small buffers, proxy_request_buffering off
--- smtp
mx1 11 pipelining users=john
--- more
client_body_buffer_size 1k;
--- request eval: Application::requests('/now', @Application::bodies)
--- more_headers eval: Application::types(@Application::bodies)
--- response_body eval: [map { Application::told($_->[1], 'deliverable') } @Application::bodies]
--- error_code eval: [map { 200 } @Application::bodies]
--- smtp_sessions: 1



=== TEST 4: only in a file
--- smtp
mx1 11 pipelining users=john
--- more
client_body_in_file_only clean;
--- request eval: Application::requests('/http', @Application::bodies[0 .. 8])
--- more_headers eval: Application::types(@Application::bodies[0 .. 8])
--- response_body eval: [map { Application::told($_->[1], 'deliverable') } @Application::bodies[0 .. 8]]
--- error_code eval: [map { 200 } 0 .. 8]



=== TEST 5: denied
--- smtp
mx1 11 pipelining users=john
--- request eval: Application::requests('/http', @Application::denied)
--- more_headers eval: Application::types(@Application::denied)
--- response_body_like eval: [map { qr/"reason":"mailbox_not_found"/ } @Application::denied]
--- error_code eval: [422, 422, 422]
--- smtp_sessions: 1



=== TEST 6: chunked, a byte a chunk
--- smtp
mx1 11 pipelining users=john
--- raw_request eval: Application::chunked('/http', 'form', 1, 'email=john%40ok.test')
--- response_body eval: Application::told('email=john%40ok.test', 'deliverable')



=== TEST 7: chunked, 1 MB
--- smtp
mx1 11 pipelining users=john
--- raw_request eval: Application::chunked('/http', 'json', 7777, $Application::bodies[13][1])
--- response_body eval: Application::told($Application::bodies[13][1], 'deliverable')



=== TEST 8: chunked, denied
--- smtp
mx1 11 pipelining users=john
--- raw_request eval: Application::chunked('/http', 'multipart', 100, $Application::denied[2][1])
--- error_code: 422
--- response_body_like: mailbox_not_found



=== TEST 9: in pieces that come slowly
--- smtp
mx1 11 pipelining users=john
--- raw_request eval
["POST /http/form HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 20\r\n\r\n",
 "email=jo", "hn%40ok.t", "est"]
--- raw_request_middle_delay: 0.1
--- response_body eval: Application::told('email=john%40ok.test', 'deliverable')



=== TEST 10: HTTP/2
--- smtp
mx1 11 pipelining users=john
--- init
Application::curl('/http', @Application::bodies, @Application::denied);
--- request
GET /
--- smtp_check eval
sub {
    my @got = Application::curled();

    my @want = ((map { Application::told($_->[1], 'deliverable') . '2' }
                 @Application::bodies),
                map { qr/mailbox_not_found.*2$/s } @Application::denied);

    return !grep { ref $want[$_] ? $got[$_] !~ $want[$_]
                                 : $got[$_] ne $want[$_] } 0 .. $#want;
}



=== TEST 11: HTTP/2 to FastCGI, small buffers
--- smtp
mx1 11 pipelining users=john
--- more
client_body_buffer_size 1k;
--- init
Application::curl('/fcgi', @Application::bodies);
--- request
GET /
--- smtp_check eval
sub {
    my @got = Application::curled();

    return !grep { $got[$_] ne Application::told($Application::bodies[$_][1],
                                                 'deliverable') . '2' }
        0 .. $#Application::bodies;
}



=== TEST 12: a byte, another type, no body: there is no address
--- request eval
["POST /http/form\nx", "POST /http/json\n0", "POST /http/form\nemail=john%40ok.test", "GET /http/form", "POST /http/json"]
--- more_headers eval
["Content-Type: application/x-www-form-urlencoded", "Content-Type: application/json",
 "Content-Type: text/plain", "Content-Type: application/x-www-form-urlencoded", "Content-Type: application/json"]
--- error_code eval: [422, 422, 422, 422, 422]
--- response_body_like eval: [map { qr/"code":"missing_email"/ } 1 .. 5]



=== TEST 13: the same, and none is required
--- config
    location = /form {
        smtp_verify_gate form:email;
        proxy_pass http://$TEST_NGINX_NET.77:9077;
    }
--- request eval
["POST /form\nx", "POST /form\n{\"mail\":1}", "POST /form", "GET /form"]
--- more_headers eval
["Content-Type: application/x-www-form-urlencoded", "Content-Type: application/json",
 "Content-Type: application/x-www-form-urlencoded", ""]
--- response_body eval
[Application::told('x'), Application::told('{"mail":1}'), Application::told(''), Application::told('')]



=== TEST 14: broken, twice, encoded
--- request eval
["POST /http/json\n{\"user\":", "POST /http/form\nemail=a&email=b", "POST /http/multipart\n--XX--x",
 "POST /http/json\n{\"user\":{\"e\":[1,2]}}", "POST /http/form\nemail=john%40ok.test"]
--- more_headers eval
["Content-Type: application/json", "Content-Type: application/x-www-form-urlencoded", "Content-Type: multipart/form-data; boundary=YY",
 "Content-Type: application/problem+json", "Content-Type: application/x-www-form-urlencoded\nContent-Encoding: gzip"]
--- error_code eval: [400, 400, 400, 400, 400]
--- response_body_like eval: [map { qr/"code":"malformed_request"/ } 1 .. 5]



=== TEST 15: a million deep
--- request eval
["POST /http/json\n" . '[' x 1000000, "POST /http/json\n" . '{"user":' x 100000]
--- more_headers
Content-Type: application/json
--- error_code eval: [400, 400]
--- response_body_like eval: [map { qr/"code":"malformed_request"/ } 1 .. 2]



=== TEST 16: too large to be looked at
--- config
    location = /form {
        smtp_verify_gate form:email required;
        smtp_verify_gate_body_max 1k;
        add_header X-Gate $smtp_verify_gate_status;
        proxy_pass http://$TEST_NGINX_NET.77:9077;
    }
    location = /strict {
        smtp_verify_gate form:email on_error=deny;
        smtp_verify_gate_body_max 1k;
        proxy_pass http://$TEST_NGINX_NET.77:9077;
    }
--- request eval
my $body = $Application::bodies[6][1];
["POST /form\n$body", "POST /strict\n$body"]
--- more_headers
Content-Type: application/x-www-form-urlencoded
--- error_code eval: [413, 413]
--- response_headers eval
[("Content-Type: application/problem+json") x 2]
--- response_body_like eval
[('body_too_large') x 2]



=== TEST 17: too large, chunked
--- config
    location /form {
        smtp_verify_gate form:email on_error=deny;
        smtp_verify_gate_body_max 1k;
        proxy_pass http://$TEST_NGINX_NET.77:9077;
    }
--- raw_request eval: Application::chunked('/form', 'form', 500, $Application::bodies[6][1])
--- error_code: 413
--- response_body_like: body_too_large



=== TEST 18: too large for nginx
--- config
    location = /form {
        client_max_body_size 1k;
        smtp_verify_gate form:email;
        proxy_pass http://$TEST_NGINX_NET.77:9077;
    }
--- request eval: "POST /form\n" . $Application::bodies[6][1]
--- more_headers
Content-Type: application/x-www-form-urlencoded
--- error_code: 413



=== TEST 19: a client that goes away with half a body
--- smtp
mx1 11 pipelining users=john
--- raw_request eval
"POST /http/form HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 200\r\n\r\nemail=john"
--- abort
--- timeout: 500ms
--- ignore_response
--- smtp_sessions: 0



=== TEST 20: a client that goes away during the probe, its body in a file
--- http_config
smtp_verify_read_timeout 20s;
smtp_verify_timeout 30s;
--- smtp
mx1 11 pipelining users=john
    rcpt: hang
--- more
client_body_buffer_size 1k;
--- request eval: "POST /http/form\n" . $Application::bodies[6][1]
--- more_headers
Content-Type: application/x-www-form-urlencoded
--- abort
--- timeout: 700ms
--- ignore_response
--- linger: 5s



=== TEST 21: the body is kept for a redirect, and for mirrors
--- no_zones
--- smtp
mx1 11 pipelining users=john
--- config
    location = /first {
        smtp_verify_gate form:email;
        mirror /mirror;
        error_page 502 = @second;
        proxy_pass http://$TEST_NGINX_NET.250:9078;
    }
    location @second {
        smtp_verify_gate form:email required;
        smtp_verify_gate_headers on;
        proxy_pass http://$TEST_NGINX_NET.77:9077;
    }
    location = /mirror {
        internal;
        proxy_pass http://$TEST_NGINX_NET.77:9077;
    }
--- request eval
["POST /first\nemail=john%40ok.test", "POST /first\n$Application::bodies[6][1]"]
--- more_headers
Content-Type: application/x-www-form-urlencoded
--- response_body eval
[Application::told('email=john%40ok.test', 'deliverable'), Application::told($Application::bodies[6][1], 'deliverable')]
--- smtp_sessions: 2
--- log_allow
connect\(\) failed



=== TEST 22: a pipelined request behind a body that is not read
--- smtp
mx1 11 pipelining users=john
--- raw_request eval
"POST /http/form HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\n12345"
. "POST /http/form HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 20\r\n\r\nemail=john%40ok.test"
--- error_code: 422
--- response_body_like: missing_email



=== TEST 23: of two types an application may take the other one
--- request eval
["POST /http/form\nemail=jane%40ok.test", "POST /http/json\n{\"user\":{\"email\":\"jane\@ok.test\"}}"]
--- more_headers eval
["Content-Type: text/plain\nContent-Type: application/x-www-form-urlencoded",
 "Content-Type: application/json\nContent-Type: application/json"]
--- error_code eval: [400, 400]
--- response_body_like eval: [map { qr/"code":"malformed_request"/ } 1 .. 2]



=== TEST 24: types that parsers do not all take for the same
--- request eval
["POST /http/form\nemail=jane%40ok.test", "POST /http/form\nemail=jane%40ok.test", "POST /http/form\nemail=jane%40ok.test",
 "POST /http/multipart\n--YY\r\nContent-Disposition: form-data; name=\"email\"\r\n\r\njane\@ok.test\r\n--YY--\r\n"]
--- more_headers eval
["Content-Type: application/x-www-form-urlencoded, text/plain", "Content-Type: application/x-www-form-urlencoded\ttext/plain",
 "Content-Type: Application/X-WWW-Form-URLEncoded ;x", "Content-Type: multipart/form-data, boundary=YY"]
--- error_code eval: [400, 400, 400, 400]
--- response_body_like eval: [(qr/"malformed_request"/) x 4]
