# What somebody fills the cache with takes no room from others.

use lib 't/lib';
use TestVerify 'no_plan';

preset(http_config => <<'END');
smtp_verify_cache_zone zone=results:64k;
smtp_verify_cache results;
END

add_block_preprocessor(sub {
    my ($block) = @_;

    $block->set_value(config => '
        location = /verify { smtp_verify; }
        location = /batch { smtp_verify_batch; smtp_verify_keepalive 1000
                            rejects=1000 timeout=2s; }
        location = /counters { smtp_verify_counters; }');
    $block->set_value(more_headers => 'Content-Type: text/plain');
});

run_tests();

__DATA__

=== TEST 1: a list of names that do not exist, without SMTP
--- smtp
mx1 11 pipelining users=john
--- request eval
["GET /verify?email=john\@ok.test",
 "POST /batch?smtp=0\n" . CORE::join('', map { "a\@x$_.bad.test\n" } 1 .. 2000),
 "GET /verify?email=john\@ok.test"]
--- no_shape
--- response_body_like eval
[qr/"cached":false/, qr/"answered":2000,.*"complete":true/,
 qr/"reason":"accepted",.*"cached":true/]
--- smtp_sessions: 1
--- smtp_turns
EHLO verifier.test
MAIL FROM:<probe@verifier.test> | RCPT TO:<john@ok.test>
RSET | MAIL FROM:<probe@verifier.test> | RCPT TO:<*@ok.test>
QUIT



=== TEST 2: of null MXes and hosts that are not there
--- smtp
mx1 11 pipelining users=john
--- dns eval
"+default\n" . CORE::join('', map { "n$_.test MX 0 .\nm$_.test MX 1 gone.test\n" } 1 .. 450)
--- request eval
["GET /verify?email=john\@ok.test",
 "POST /batch\n" . CORE::join('', map { "a\@n$_.test\na\@m$_.test\n" } 1 .. 450),
 "GET /verify?email=john\@ok.test"]
--- no_shape
--- response_body_like eval
[qr/"cached":false/, qr/"answered":900,.*"complete":true/,
 qr/"reason":"accepted",.*"cached":true/]
--- smtp_sessions: 1



=== TEST 3: nor do facts of domains go for results, or for what the DNS says
--- smtp
mx1 11 pipelining accept
mx2 12 pipelining users=john
--- dns eval
"ok.test MX 1 mx1.ok.test\nb.test MX 1 mx2.ok.test\nmx1.ok.test A 11\nmx2.ok.test A 12\n"
--- request eval
["GET /verify?email=john\@ok.test",
 "POST /batch\n" . CORE::join('', map { "a$_\@b.test\n" } 1 .. 300),
 "POST /batch?smtp=0\n" . CORE::join('', map { "a\@x$_.bad.test\n" } 1 .. 600),
 "GET /verify?email=jane\@ok.test"]
--- no_shape
--- response_body_like eval
[qr/"reason":"catch_all"/, qr/"mailbox_not_found":300,?.*"complete":true/,
 qr/"complete":true/, qr/"reason":"catch_all"/]
--- smtp_check eval
sub {
    my ($sessions) = @_;

    my @asked = grep { /RCPT TO:<[^>]*\@ok\.test>/ }
                TestVerify::SMTP::turns($sessions);

    # the address and the random one: of the other one all is known

    return @asked == 2;
}



=== TEST 4: a result of the DNS is erased as any other
--- smtp
mx1 11
--- request eval
["GET /verify?email=x\@none.test", "GET /verify?email=x\@none.test",
 "DELETE /verify?email=x\@none.test", "DELETE /verify?email=x\@none.test"]
--- error_code eval
[200, 200, 204, 404]
--- no_shape
--- response_body_like eval
[qr/"reason":"domain_not_found",.*"cached":false/,
 qr/"reason":"domain_not_found",.*"cached":true/, qr/^$/, qr/"code":/]
