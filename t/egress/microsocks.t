# A real SOCKS proxy that asks for a user and a password: MicroSocks.

use lib 't/lib';
use TestVerify;
use TestVerify::Lab;

BEGIN {
    my $missing = TestVerify::Lab::start('microsocks');

    plan(skip_all => $missing) if defined $missing;
    plan('no_plan');
}

master_on();

preset_http(<<'END');
smtp_verify_connect_timeout 5s 5s;
smtp_verify_timeout 20s;
smtp_verify_egress_pool microsocks {
    proxy socks5://john:secret@$TEST_NGINX_NET.73:$TEST_NGINX_SOCKS_PORT helo=micro.verifier.test;
}
smtp_verify_egress_pool wrong {
    proxy socks5://john:wrong@$TEST_NGINX_NET.73:$TEST_NGINX_SOCKS_PORT helo=micro.verifier.test;
}
smtp_verify_egress_pool anonymous {
    proxy socks5://$TEST_NGINX_NET.73:$TEST_NGINX_SOCKS_PORT helo=micro.verifier.test;
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

=== TEST 1: MicroSocks, with a user and a password
--- verify
smtp_verify_egress microsocks;
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
-- peer 127\.90\.\d+\.75
EHLO micro\.verifier\.test
--- no_error_log
secret



=== TEST 2: MicroSocks finds nobody there
--- verify
smtp_verify_egress microsocks;
--- smtp
mx1 11 refuse
--- address: john@ok.test
--- json
reason: connect_failed
blame: network
--- smtp_sessions: 0



=== TEST 3: a wrong password
--- verify
smtp_verify_egress wrong;
--- smtp
mx1 11 pipelining users=john
--- address: john@ok.test
--- json
reason: connect_failed
blame: local
--- smtp_sessions: 0
--- error_log
authentication was refused



=== TEST 4: none
--- verify
smtp_verify_egress anonymous;
--- smtp
mx1 11 pipelining users=john
--- address: john@ok.test
--- json
reason: connect_failed
blame: local
--- smtp_sessions: 0
--- error_log
it wants authentication
