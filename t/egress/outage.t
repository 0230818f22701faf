# Where none can be connected to it is us.  An outsider who has ever so many
# domains that cannot be reached must not look like that.

use lib 't/lib';
use TestVerify 'no_plan';
use TestVerify::Clients;

master_on();

preset_http(<<'END');
smtp_verify_throttle_zone zone=limits:1m;
smtp_verify_keepalive off;
smtp_verify_connect_timeout 200ms 200ms 200ms;
END

# 60 domains where nobody listens, d1.test … and d1.evil.test …

my $dns = join '', map "d$_.test MX 10 mx.d$_.test\nmx.d$_.test A @{[ 20 + $_ ]}\n"
    . "d$_.evil.test MX 10 mx.d$_.evil.test\n"
    . "mx.d$_.evil.test A @{[ 120 + $_ ]}\n", 1 .. 60;

add_block_preprocessor(sub {
    my ($block) = @_;

    $block->set_value(dns => $dns . ($block->dns // <<'END'));
ok.test MX 10 mx1.ok.test
mx1.ok.test A 11
END
});


sub asks
{
    return join "\n", @_;
}


sub says
{
    return join "\n--\n", map { /:/ ? $_ : "reason: $_" } @_;
}


run_tests();

__DATA__

=== TEST 1: many names below one domain are one party
--- http_config
smtp_verify_throttle zone=limits rate=1000/s burst=100 pause=60s;
--- smtp
mx1 11 pipelining users=john
--- address eval
main::asks((map "x\@d$_.evil.test", 1 .. 40), 'john@ok.test')
--- json eval
main::says(('connect_failed') x 40, 'accepted')



=== TEST 2: which has hosts at several addresses, and several of them
--- http_config
smtp_verify_throttle zone=limits rate=1000/s burst=100 pause=60s suspend=3;
--- smtp
mx1 11 pipelining users=john
--- dns eval
"ok.test MX 10 mx1.ok.test\nmx1.ok.test A 11\n"
. CORE::join '', map "$_.evil2.test MX 10 mx.$_.evil2.test\n"
    . "$_.evil2.test MX 20 bk.$_.evil2.test\n"
    . "mx.$_.evil2.test A 3$_\nmx.$_.evil2.test A 4$_\n"
    . "bk.$_.evil2.test A 5$_\n", 1 .. 9
--- address eval
main::asks((map "x\@$_.evil2.test", 1 .. 9), 'john@ok.test')
--- json eval
main::says(('connect_failed') x 9, 'accepted')



=== TEST 3: twenty domains of their own: whoever is asked next ends it
--- http_config
smtp_verify_throttle zone=limits rate=1000/s burst=100 pause=60s;
--- smtp
mx1 11 pipelining users=john
--- address eval
main::asks((map "x\@d$_.test", 1 .. 20), 'x@d1.test', 'x@d2.test',
           'john@ok.test', 'x@d1.test')
--- json eval
main::says(('connect_failed') x 20, ('circuit_open') x 2, 'accepted',
           'connect_failed')



=== TEST 4: those that failed keep it closed to nobody else
--- http_config
smtp_verify_throttle zone=limits rate=1000/s burst=100 pause=1s suspend=3;
--- init
TestVerify::Clients::start("/verify?email=x\@d$_.test", after => 2 + $_ / 4)
    for 1 .. 3;
--- smtp
mx1 11 pipelining users=john
--- request eval
['GET /verify?email=x@d1.test', 'GET /verify?email=x@d2.test',
 'GET /verify?email=x@d3.test', 'GET /verify?email=x@d1.test',
 ["POST /verify\nemail=", { value => 'x@d1.test', delay_before => 1.5 }],
 'GET /verify?email=x@d2.test', 'GET /verify?email=john@ok.test']
--- more_headers
Content-Type: application/x-www-form-urlencoded
--- json eval
main::says(('connect_failed') x 3, 'circuit_open', 'connect_failed',
           'circuit_open', 'accepted')



=== TEST 5: nobody can be reached: four are tried, and one from time to time
--- http_config
smtp_verify_throttle zone=limits rate=1000/s burst=100 pause=600s;
--- address eval
main::asks(map "x\@d$_.test", 1 .. 34)
--- json eval
main::says(('connect_failed') x 24, ('circuit_open') x 10)
--- smtp
none 11



=== TEST 6: a provider is tried all the same
--- http_config
smtp_verify_throttle zone=limits rate=1000/s burst=100 pause=600s;
--- dns
ok.test MX 10 mx1.ok.test
mx1.ok.test A 11
google.test MX 10 aspmx.l.google.com
aspmx.l.google.com A 12
--- smtp
mx1 11 pipelining users=john
mx2 12 pipelining users=john
--- address eval
main::asks((map "x\@d$_.test", 1 .. 26), 'john@google.test', 'john@ok.test')
--- json eval
main::says(('connect_failed') x 24, ('circuit_open') x 2, 'accepted',
           'accepted')



=== TEST 7: also after somebody named a host of its where nobody listens
--- http_config
smtp_verify_throttle zone=limits rate=1000/s burst=100 pause=600s;
--- dns
google.test MX 10 aspmx.l.google.com
aspmx.l.google.com A 12
evil.test MX 10 www.google.com
www.google.com A 13
--- smtp
mx2 12 pipelining users=john
--- address eval
main::asks((map "x\@d$_.test", 1 .. 26), 'x@evil.test', 'y@evil.test',
           'john@google.test')
--- json eval
main::says(('connect_failed') x 24, ('circuit_open') x 2, 'connect_failed',
           'circuit_open', 'accepted')



=== TEST 8: a provider that cannot be reached either, many times over
--- http_config
smtp_verify_throttle zone=limits rate=1000/s burst=100 pause=600s;
--- dns
google.test MX 10 aspmx.l.google.com
aspmx.l.google.com A 12
--- address eval
main::asks((map "x\@d$_.test", 1 .. 24), map "x$_\@google.test", 1 .. 5)
--- json eval
main::says(('connect_failed') x 25, ('circuit_open') x 4)
--- smtp
none 11



=== TEST 9: a pool: the other identity goes on
--- http_config
smtp_verify_throttle zone=limits rate=1000/s burst=100 pause=600s suspend=3;
smtp_verify_egress_pool two {
    address 127.0.0.1           helo=h1.verifier.test   from=f1@verifier.test weight=1;
    address $TEST_NGINX_NET.102 helo=h102.verifier.test from=f102@verifier.test weight=1;
}
--- verify
smtp_verify_egress two;
--- smtp
mx1 11 pipelining users=john
--- address eval
main::asks((map "x\@d$_.test", 1 .. 8), 'john@ok.test')
--- json eval
main::says(('connect_failed') x 8, 'accepted')



=== TEST 10: whoever asks for ever more dead domains leaves others a try
--- http_config
smtp_verify_throttle zone=limits rate=1000/s burst=100 pause=600s;
--- init
TestVerify::Clients::start("/verify?email=x\@d$_.test", from => '127.0.0.77',
                           after => 0.05 * $_ * $TestVerify::Blocks::Slow)
    for 1 .. 40;
Time::HiRes::sleep(3.5 * $TestVerify::Blocks::Slow);
--- address: john@ok.test
--- json
reason: accepted
--- smtp
mx1 11 pipelining users=john
--- smtp_check eval
sub { 4 <= grep { $_->{json}{reason} eq 'circuit_open' }
      TestVerify::Clients::answers() }
