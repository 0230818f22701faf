# The gate passes one form of a request, which all parsers read alike: what
# any of them takes for another address is denied with 400, required or not.

use lib 't/lib';
use TestVerify 'no_plan';

package Form;

our $urlencoded = 'application/x-www-form-urlencoded';
our $multipart = 'multipart/form-data; boundary=B';
our $json = 'application/json';


# a request: [path, type or headers, body]; without a body it is a GET

sub requests
{
    return [map { defined $_->[2] ? "POST $_->[0]\n$_->[2]" : "GET $_->[0]" }
            @_];
}


# with the length, so that the body goes as it is

sub headers
{
    return [map {
        my (undef, $more, $body) = @$_;

        my @lines = !defined $more || $more eq '' ? ()
            : $more =~ /\A[\w.-]+: / ? $more : "Content-Type: $more";

        push @lines, 'Content-Length: ' . length $body if defined $body;
        join "\n", @lines;
    } @_];
}


# to both gates, the one that requires an address and the one that does not

sub both
{
    return map { my ($path, @more) = @$_;
                 (["/may$path", @more], ["/must$path", @more]) } @_;
}


sub part
{
    my ($head, $data) = @_;

    return "--B\r\nContent-Disposition: form-data; $head\r\n\r\n$data\r\n";
}


our $good = part('name="email"', 'john@ok.test');
our $evil = part('name="email"', 'jane@ok.test');
our $end = "--B--\r\n";


package main;

add_block_preprocessor(sub {
    my ($block) = @_;

    return if defined $block->config;

    $block->set_value(smtp => 'mx1 11 pipelining users=john')
        if !defined $block->smtp;

    my $config = <<'_EOC_';
        underscores_in_headers on;
        ignore_invalid_headers off;

        location /app {
            default_type text/plain;
            return 200 "app\n";
        }
_EOC_

    my %source = (form => 'form:email', multipart => 'multipart:email',
                  json => 'json:/email', arg => '$arg_email',
                  header => '$http_x_email', user => 'form:user_email',
                  deep => 'json:/user/email');

    for my $name (sort keys %source) {
        $config .= <<"_EOC_";
        location = /may/$name {
            smtp_verify_gate $source{$name};
            smtp_verify_gate_body_max 2k;
            proxy_pass http://127.0.0.1:\$server_port/app;
        }
        location = /must/$name {
            smtp_verify_gate $source{$name} required;
            smtp_verify_gate_body_max 2k;
            proxy_pass http://127.0.0.1:\$server_port/app;
        }
_EOC_
    }

    $block->set_value(config => $config);
    $block->set_value(http_config => patient($block->http_config // '')
        . "smtp_verify_cache_zone zone=results:1m;\n"
        . "smtp_verify_cache results;\n");

    # "requests" holds a list of them, all of which are denied, or pass

    my $list = $block->denied // $block->passed or return;
    my @list = Form::both(@$list);

    $block->set_value(request => Form::requests(@list));
    $block->set_value(more_headers => Form::headers(@list));
    $block->set_value(error_code => [map { defined $block->denied ? 400 : 200 }
                                     @list]);
    $block->set_value(response_body_like =>
        [map { defined $block->denied
               ? qr/"detail":"[^"].*\.","code":"malformed_request"/
               : qr/^app/ } @list]);
    $block->set_value(smtp_sessions => 0) if defined $block->denied;
});

run_tests();


__DATA__

=== TEST 1: multipart: what may be taken for a delimiter
--- denied eval
[map { ['/multipart', $Form::multipart, $_] }
 map { ($Form::good . Form::part('name="a"', "x$_" . $Form::evil . $Form::end) . $Form::end,
        "$_$Form::evil$Form::end$Form::good$Form::end") }
 "zzz\n", "zzz\r", "zzz", "\r\n--Bx\r\n", "\r\n--B \r\n", "\r\nB\r\n", "ZoeB\r\n"]



=== TEST 2: multipart: before the first and behind the last delimiter
--- denied eval
[map { ['/multipart', $Form::multipart, $_] }
 "preamble\r\n$Form::good$Form::end", "\r\n$Form::good$Form::end", "\n$Form::good$Form::end",
 "$Form::good$Form::end$Form::evil$Form::end", "$Form::good--B--x\r\n", "$Form::good--B---\r\n",
 "$Form::good--B--\n", "$Form::good--B--\r\n "]



=== TEST 3: multipart: parameters of a part
--- denied eval
[map { ['/multipart', $Form::multipart, Form::part('name="a"', 'x') . Form::part($_, 'jane@ok.test') . $Form::end] }
 q{name='email'}, q{name="email "}, q{name=email,x}, q{x="; y="; name=email; z="}, q{-name="email"},
 q{name*0=em; name*1=ail}, q{name*=UTF-8''email}, q{NAME="email"}, q{filename="x"; name="email"},
 q{name="a"; filename="; name=email"}, q{name="a\\"; name="email"}, qq{name="a"\r\nX-Name: email},
 qq{name="a";\r\n name="email"}, qq{name="a"\nContent-Disposition: form-data; name="email"},
 qq{name="a"\r\nContent-Disposition: form-data; name="email"}, qq{name="a"\r\nContent-Length: 3},
 qq{name="email"\r\nContent-Type: text/plain; charset=utf-7}, q{name="email"; filename="x"},
 qq{name="email"\r\nContent-Transfer-Encoding: base64}, qq{name="a"\r\nContent-Type: multipart/mixed; boundary=C}]



=== TEST 4: parameters of a type
--- denied eval
[(map { ['/multipart', "multipart/form-data; $_", $Form::good . $Form::end] }
  "boundary*=UTF-8''A; boundary=B", 'boundary=B; boundary*0=A', 'xboundary=A; boundary=B', 'boundary=B,C', 'boundary=B; boundary=A',
  'boundary=B; charset=utf-16', 'Boundary=B', 'boundary="B;A"', 'boundary=-'),
 (map { ['/form', "$Form::urlencoded$_", 'email=john%40ok.test'] }
  '; x=multipart; boundary=B', '; charset=cp037', '; charset=utf-7', ', text/plain', '; charset=utf-16'),
 (map { ['/json', "$Form::json$_", '{"email":"john@ok.test"}'] }
  '; charset=utf-7', '; charset=utf-16', '; charset=cp037', '; boundary=B')]



=== TEST 5: names that become the field
--- denied eval
[(map { (['/form', $Form::urlencoded, "$_=jane%40ok.test"], ['/form', $Form::urlencoded, "email=john%40ok.test&$_=jane%40ok.test"],
         ["/arg?$_=jane%40ok.test"], ["/arg?email=john%40ok.test&$_=jane%40ok.test"]) }
  'Email', 'email[]', 'email%5B0%5D', '%5Bemail%5D', ']email', '+email', 'email%20', 'email%00x', '%u0065mail', '%C1%A5mail',
  'ema%C4%B1l', "\xe5mail", '%00email', 'email:', '=email', '==email[]'),
 (map { ['/form', $Form::urlencoded, "$_=jane%40ok.test"], ['/form', $Form::urlencoded, "email=john%40ok.test&$_=jane%40ok.test"] }
  "\0email", "\0\x1femail%5B%5D", "\x1femail"),
 (map { ['/user', $Form::urlencoded, "user_email=john%40ok.test&$_=jane%40ok.test"] }
  'user.email', 'user+email', 'user%5Bemail', 'User_Email', 'userEmail'),
 ["/arg?%65mail=jane%40ok.test"], ["/arg?e%6Dail=jane%40ok.test"]]



=== TEST 6: names of parts
--- denied eval
[map { ['/multipart', $Form::multipart, Form::part(qq{name="$_"}, 'jane@ok.test') . $Form::end],
       ['/multipart', $Form::multipart, $Form::good . Form::part(qq{name="$_"}, 'jane@ok.test') . $Form::end] }
 'Email', 'email[]', 'email[0]', '[email]', ']email', ' email', 'email.x', 'e%6dail', '/email', '//email', 'email:', ':email',
 '=?UTF-8?Q?email?=', 'em=?UTF-8?Q?ail?=', '=?utf-8?b?ZW1haWw=?=']



=== TEST 7: names in JSON
--- denied eval
[(map { (['/json', $Form::json, qq({"$_":"jane\@ok.test"})], ['/json', $Form::json, qq({"email":"john\@ok.test","$_":"jane\@ok.test"})]) }
  'Email', '\u0065mail', 'ema\u0131l', 'email\u0000', 'email[]', '__proto__', "\xef\xbd\x85mail"),
 (map { ['/deep', $Form::json, qq({"user":{"email":"john\@ok.test"},"$_":{"email":"jane\@ok.test"}})] }
  'user', 'User', 'u\u017fer', "u\xc5\xbfer", 'user.email'),
 ['/deep', $Form::json, '{"user":{"email":"john@ok.test","eMail":"jane@ok.test"}}'],
 ['/json', $Form::json, '+AHsAIg-email+ACIAOgAi-x+ACIAfQ-'], ['/json', $Form::json, "\xff\xfe{\0}\0"],
 ['/json', $Form::json, "{\"email\":\"john\@ok.test\",\"a\":\"\xc0\xa2\"}"]]



=== TEST 8: separators and escapes of a form
--- denied eval
[map { ['/form', $Form::urlencoded, $_], ["/arg?$_"] }
 'a=1;email=jane%40ok.test', 'email=john%40ok.test;x', 'email=john%40ok.test&amp;email=jane%40ok.test', 'email=john%u0040ok.test',
 'email=john%4', 'email=john%40ok.test%zz', "email=g\xc4\xb1\@ok.test"]



=== TEST 9: the field in the query string beside the body
--- denied eval
[map { ["/form?$_", $Form::urlencoded, 'email=john%40ok.test'], ["/multipart?$_", $Form::multipart, $Form::good . $Form::end],
       ["/json?$_", $Form::json, '{"email":"john@ok.test"}'] }
 'email=jane%40ok.test', 'a=1&Email=jane%40ok.test', 'email[]=jane%40ok.test', 'a=1;email=jane%40ok.test']



=== TEST 10: a body beside the query string
--- denied eval
[map { ['/arg?email=john%40ok.test', @$_] }
 [$Form::urlencoded, 'email=jane%40ok.test'], [$Form::multipart, $Form::evil . $Form::end], [$Form::json, '{"email":"jane@ok.test"}'],
 [$Form::urlencoded, 'a=1;email=jane%40ok.test'], ['text/plain', 'email=jane@ok.test'], ['X-Any: x', 'email=jane%40ok.test'],
 ["Content-Type: $Form::urlencoded\nContent-Encoding: gzip", 'x'], ['multipart/form-data', "$Form::evil$Form::end"],
 ['multipart/mixed; boundary=B', "--B\r\nContent-Disposition: form-data; name=email\r\n\r\njane\@ok.test\r\n--B--\r\n"], ['Content-Type: ', 'email=jane%40ok.test']]



=== TEST 11: "#" in the request line, "=" in an argument
--- denied eval
[['/arg?email=john%40ok.test=jane'], ['/arg?email==john%40ok.test'], ['/arg?a=1&email=jane=john%40ok.test&b=2'], ['/arg?email=john%40ok.test='],
 ['/arg?email=john%40ok.test#&email=jane%40ok.test'], ['/arg#?email=jane%40ok.test'], ['/form?a#&email=jane%40ok.test', $Form::urlencoded, 'email=john%40ok.test']]



=== TEST 12: headers that become the same variable, or come twice
--- denied eval
[(map { ['/header', $_] } "X-Email: john\@ok.test\nX_Email: jane\@ok.test", "X.Email: jane\@ok.test\nX-Email: john\@ok.test",
  "X.Email: jane\@ok.test", "X-Email: john\@ok.test\nX-Email: john\@ok.test"),
 (map { ['/form', $_, 'email=john%40ok.test'] }
  "Content-Type: $Form::urlencoded\nContent_Type: $Form::multipart", "Content.Type: $Form::urlencoded",
  "Content-Type: $Form::urlencoded\nTransfer_Encoding: chunked", "Content-Type: $Form::urlencoded\nContent_Length: 3",
  "Content-Type: $Form::urlencoded\nContent-Encoding: identity\nContent-Encoding: identity", "Content-Type: $Form::urlencoded\nContent-Encoding: br",
  "Content-Type: $Form::urlencoded\nContent_Encoding: gzip", "Content-Type: $Form::urlencoded\nContent.Encoding: gzip")]



=== TEST 13: a field of a body of another type is denied where none is required, too
--- request eval
Form::requests(map { ["/may$_->[0]", @$_[1, 2]] } @Form::other =
    (['/form', $Form::multipart, $Form::evil . $Form::end], ['/form', $Form::json, '{"email":"jane@ok.test"}'], ['/form', $Form::json, 'email=jane%40ok.test'],
     ['/form', 'text/plain', 'email=jane%40ok.test'], ['/form', '', 'email=jane%40ok.test'], ['/form', 'application/octet-stream', 'a&email=jane%40ok.test'],
     ['/json', $Form::urlencoded, 'email=jane%40ok.test'], ['/json', 'text/json', '{"a":1, "email" : "jane@ok.test"}'], ['/json', 'application/xml', '<a><email>x</email></a>'],
     ['/multipart', $Form::urlencoded, 'email=jane%40ok.test'], ['/multipart', 'multipart/mixed; boundary=B', $Form::evil . $Form::end],
     ['/multipart', 'multipart/mixed; boundary=B', "--B\r\nContent-Disposition: form-data; name=email\r\n\r\njane\@ok.test\r\n--B--\r\n"],
     ['/multipart', "multipart/form\xa0-data; boundary=B", $Form::evil . $Form::end], ['/multipart', 'multipart/related; boundary=B', "--B\nContent-Disposition: form-data; name=email\n\nx\n--B--\n"],
     ['/form', 'multipart/x; boundary=B', "--B\r\ncontent-disposition: form-data;name=email\r\n\r\nx\r\n--B--"], ['/form', 'X-Any: x', 'a=1&email=jane%40ok.test'],
     ['/deep', $Form::urlencoded, 'user%5Bemail%5D=x'], ['/form?email=jane%40ok.test', '', 'x'], ['/arg', $Form::urlencoded, 'email=jane%40ok.test']))
--- more_headers eval: Form::headers(map { ["/may$_->[0]", @$_[1, 2]] } @Form::other)
--- error_code eval: [map { 400 } @Form::other]
--- response_body_like eval: [map { qr/"malformed_request"/ } @Form::other]
--- smtp_sessions: 0



=== TEST 14: one that does not have it goes on unverified, also a large one that is no form
--- request eval
Form::requests(map { ["/may$_->[0]", @$_[1, 2]] } @Form::none =
    (['/form', $Form::multipart, Form::part('name="mail"', 'email') . $Form::end], ['/form', 'multipart/mixed; boundary=B', "--B\r\nContent-Type: text/plain; name=\"a.txt\"\r\nContent-Disposition: attachment; filename=\"a.txt\"\r\n\r\nemail\r\n--B--\r\n"], ['/form', $Form::json, '{"user":{"email":"x"},"url":"https://x/?email=1"}'],
     ['/form', 'text/csv', "\"name\",\"email\"\n"], ['/form', 'text/plain', 'my email is "x", and = email'], ['/form', '', '&mail=x'],
     ['/json', $Form::urlencoded, 'user%5Bemail%5D=x'], ['/form', 'application/octet-stream', "email=jane\@ok.test\0" x 200],
     ['/arg', $Form::urlencoded, 'mail=x'], ['/form?email=john%40ok.test'], ['/header?email=john%40ok.test', $Form::urlencoded, 'email=jane%40ok.test']))
--- more_headers eval: Form::headers(map { ["/may$_->[0]", @$_[1, 2]] } @Form::none)
--- error_code eval: [map { 200 } @Form::none]
--- smtp_sessions: 0



=== TEST 15: a form that is too large to be looked at is denied
--- request eval
Form::requests(['/may/arg?email=john%40ok.test', $Form::urlencoded, 'x' x 3000], ['/may/form', $Form::json, '1' x 3000], ['/may/form', '', '&' x 3000])
--- more_headers eval
Form::headers(['', $Form::urlencoded, 'x' x 3000], ['', $Form::json, '1' x 3000], ['', '', '&' x 3000])
--- error_code eval: [413, 413, 413]
--- response_body_like eval: [map { qr/"body_too_large"/ } 1 .. 3]



=== TEST 16: what passes, also where an application takes another method
--- passed eval
[['/form', $Form::urlencoded, 'name=J%C3%B6rg;+x&email=john%40ok.test&emails=1&e-mail=2&email_confirm=3&user%5Bemail%5D=4&pct=100%'],
 ['/form', "$Form::urlencoded; charset=UTF-8", 'email=john%40ok.test'], ['/form', "$Form::urlencoded;charset=ISO-8859-1", 'email=john%40ok.test'],
 ['/form?mail=1', $Form::urlencoded, "a=J\xc3\xb6rg&email=john\@ok.test"],
 ['/multipart', $Form::multipart, $Form::good . $Form::end], ['/multipart', 'multipart/form-data; boundary="B"', "$Form::good--B--"],
 ['/multipart', "$Form::multipart; charset=UTF-8", Form::part(qq{name="f"; filename="a \\"b\\" \xc3\xb6.png"\r\nContent-Type: image/png}, "\r\n\n\r--\0") . $Form::good . $Form::end . "\r\n"],
 ['/multipart', $Form::multipart, Form::part(qq{name=email\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: 12\r\nContent-Transfer-Encoding: 8bit}, 'john@ok.test') . $Form::end],
 ['/json', "$Form::json; charset=utf-8", '{"emails":[],"email":"john@ok.test","user":{"Email":1}}'], ['/json', 'application/vnd.api+json; ext="x"', '{"email":"\u006aohn@ok.test"}'],
 ['/deep', $Form::json, '{"email":1,"user":{"email":"john@ok.test"}}'],
 ['/arg?a=1&email=john%40ok.test', 'text/plain', 'x'], ['/arg?email=john%40ok.test', $Form::json, '{"from":{"email":"x"}}'],
 ['/header?email=x', "X-Email: john\@ok.test"],
 ['/form?_method=GET', "Content-Type: $Form::urlencoded\nX-HTTP-Method-Override: GET\nContent-Encoding: identity", '_method=PUT&email=john%40ok.test']]



=== TEST 17: multipart: what is a delimiter for parsers that leave bytes out of it
--- denied eval
[map { ['/multipart', 'multipart/form-data; boundary=72552b74', do {
    (my $body = $Form::good . Form::part('name="a"', 'x') . "$_$Form::evil$Form::end") =~ s/^--B/--72552b74/mg;
    $body =~ s/\Q$_\E--72552b74/$_/; $body }] }
 "--7255\n2b74", "--7255\r2b74", "--7255\r\n2b74", "--7\n2\n552b74", "-\n-72552b74", "--7255\t2b74", "--7255\x002b74", "--7255 2b74",
 "--7255\xc2\xad2b74", "--\xb7255\xb2b74"]



=== TEST 18: multipart: what resembles the boundary passes
--- passed eval
[map { ['/multipart', 'multipart/form-data; boundary=72552b74', do {
    (my $body = Form::part('name="a"', "x\r\n$_\r\n") . $Form::good . $Form::end) =~ s/^--B/--72552b74/mg; $body }] }
 "--7255\n2b7", "--7255-2b74", "--7255\r\n", "--7255a\n2b74", "--\xb7255\xb22b\xc37"]



=== TEST 19: names with a % that escapes nothing
--- denied eval
[map { (['/form', $Form::urlencoded, "$_=jane%40ok.test"], ['/form', $Form::urlencoded, "email=john%40ok.test&$_=jane%40ok.test"],
         ["/arg?email=john%40ok.test&$_=jane%40ok.test"], ["/multipart?$_=jane%40ok.test", $Form::multipart, $Form::good . $Form::end]) }
 'ema%il', 'e%mail', '%E%mail', 'emai%l%5B%5D', 'a;ema%il']



=== TEST 20: names with brackets that are left out
--- denied eval
[(map { (['/form', $Form::urlencoded, "$_=jane%40ok.test"], ['/form', $Form::urlencoded, "email=john%40ok.test&$_=jane%40ok.test"],
         ['/multipart', $Form::multipart, Form::part(qq{name="$_"}, 'jane@ok.test') . $Form::end], ["/arg?email=john%40ok.test&$_=jane%40ok.test"]) }
  'e[]mail', 'ema[][]il', 'e[]mai[]l', 'emai]l'),
 ['/user', $Form::urlencoded, 'user_email=john%40ok.test&user[em[]ail]=jane%40ok.test']]



=== TEST 21: a field of a body in UTF-16 or UTF-32 is denied where none is required, too
--- request eval
Form::requests(map { ["/may$_->[0]", @$_[1, 2]] } @Form::wide = map { my $pack = $_;
    (map { [$_->[0], $_->[1], pack $pack, unpack 'C*', $_->[2]] }
     ['/json', '', '{"email":"jane@ok.test"}'], ['/json', 'text/plain', '{"user":1,"Email" :"jane@ok.test"}'],
     ['/form', 'text/xml', '<a><email>jane@ok.test</email></a>']) } 'v*', 'n*', 'V*', 'N*')
--- more_headers eval: Form::headers(map { ["/may$_->[0]", @$_[1, 2]] } @Form::wide)
--- error_code eval: [map { 400 } @Form::wide]
--- response_body_like eval: [map { qr/"malformed_request"/ } @Form::wide]
--- smtp_sessions: 0
