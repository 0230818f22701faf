# A real SOCKS proxy, Dante, beside MicroSocks.  Debian 13 has no Dante.

use lib 't/lib';
use TestVerify;
use TestVerify::Lab;

BEGIN {
    my $missing = TestVerify::Lab::start(qw( dante microsocks ));

    plan(skip_all => $missing) if defined $missing;
    plan('no_plan');
}

master_on();

preset_http(<<'END');
smtp_verify_connect_timeout 5s 5s;
smtp_verify_timeout 20s;
smtp_verify_egress_pool dante {
    proxy socks5://$TEST_NGINX_NET.72:$TEST_NGINX_SOCKS_PORT helo=dante.verifier.test;
}
smtp_verify_egress_pool both {
    proxy socks5://$TEST_NGINX_NET.72:$TEST_NGINX_SOCKS_PORT helo=dante.verifier.test;
    proxy socks5://john:secret@$TEST_NGINX_NET.73:$TEST_NGINX_SOCKS_PORT helo=micro.verifier.test;
}
END

my $suite = $$;

END {
    if ($$ == $suite) {
        local $?;
        TestVerify::Lab::stop();
    }
}

run_tests();

__DATA__

=== TEST 1: Dante
--- verify
smtp_verify_egress dante;
--- smtp
mx1 11 pipelining starttls users=john
--- address
john@ok.test
nobody@ok.test
--- json
reason: accepted
smtp.attempts: 1
smtp.tls.protocol: TLSv1.3
--
reason: mailbox_not_found
--- smtp_like
-- peer 127\.90\.\d+\.74
EHLO dante\.verifier\.test



=== TEST 2: Dante finds nobody there
--- verify
smtp_verify_egress dante;
--- smtp
mx1 11 refuse
--- address: john@ok.test
--- json
reason: connect_failed
blame: network
smtp.stage: connect
--- smtp_sessions: 0



=== TEST 3: Dante must not
--- verify
smtp_verify_egress dante;
--- smtp
mx1 13 pipelining users=john
--- address: john@ok.test
--- json
reason: connect_failed
blame: local
smtp.stage: connect
--- smtp_sessions: 0



=== TEST 4: sessions that are kept, through both
--- verify
smtp_verify_egress both;
smtp_verify_keepalive 8 timeout=1s;
smtp_verify_catch_all off;
--- smtp
mx1 11 pipelining accept
--- dns eval
CORE::join '', map { "d$_.test MX 10 mx.d$_.test\nmx.d$_.test A 11\n" } 1 .. 20
--- address eval
CORE::join '', map { "a\@d$_.test\nb\@d$_.test\n" } 1 .. 20
--- json
reason: accepted_untested
--- smtp_sessions: 20
--- smtp_like
-- peer 127\.90\.\d+\.74
-- peer 127\.90\.\d+\.75
--- linger: 5s
