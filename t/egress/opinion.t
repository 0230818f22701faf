# A second opinion: another identity asks again later, and it is counted whether
# it is told the same.

use lib 't/lib';
use TestVerify 'no_plan';
use TestVerify::Clients;

preset_http(<<'END');
smtp_verify_egress_pool one {
    address $TEST_NGINX_NET.101 helo=h101.verifier.test from=f101@verifier.test;
}
smtp_verify_egress_pool two {
    address $TEST_NGINX_NET.101 helo=h101.verifier.test from=f101@verifier.test;
    address $TEST_NGINX_NET.102 helo=h102.verifier.test from=f102@verifier.test;
}
smtp_verify_keepalive off;
smtp_verify_timeout 15s;
smtp_verify_read_timeout 10s;
smtp_verify_greeting_timeout 10s;
END

my $config = <<'END';
location = /verify {
    smtp_verify;
    smtp_verify_egress          two;
    smtp_verify_second_opinion  100% delay=100ms;
}

location = /off {
    smtp_verify;
    smtp_verify_egress          two;
}

location = /later {
    smtp_verify;
    smtp_verify_egress          two;
    smtp_verify_second_opinion  100% delay=1h;
}

location = /counters {
    smtp_verify_counters;
}
END

add_block_preprocessor(sub {
    my ($block) = @_;

    return if defined $block->must_die;

    $block->set_value(config => $config);
    $block->set_value(request => 'GET /counters') if !defined $block->request;
    $block->set_value(no_shape => '');
});


# asks, and waits until the second opinion is there, too

sub ask
{
    for (@_) {
        TestVerify::Clients::start($_);
        TestVerify::Clients::finish();
    }

    Time::HiRes::sleep(2.5);
}


# of as many identities as there were sessions

sub peers
{
    my ($sessions) = @_;
    my %peers;

    for (map { @{ $_->{events} } } @$sessions) {
        $peers{$_->{d}} = 1 if $_->{e} eq 'peer';
    }

    return scalar keys %peers;
}

run_tests();

__DATA__

=== TEST 1: both are told the same
--- smtp
mx1 11 pipelining users=john
--- init
main::ask('/verify?email=john@ok.test', '/verify?email=nobody@ok.test');
--- json
second_opinions.agree: 2
second_opinions.disagree.deliverable_undeliverable: 0
opinions_unavailable: 0
opinions_dropped: 0
probes: 2
verdicts.accepted: 1
verdicts.mailbox_not_found: 1
--- smtp_sessions: 4
--- smtp_check eval
sub { main::peers($_[0]) == 2 }



=== TEST 2: the first one is lied to: everybody is accepted, but for the random one
--- smtp
mx1 11 pipelining
    rcpt@1 o*: 250 2.1.5 Ok
--- init
main::ask('/verify?email=o1@ok.test');
--- json
second_opinions.agree: 0
second_opinions.disagree.deliverable_undeliverable: 1
second_opinions.disagree.undeliverable_deliverable: 0
verdicts.accepted: 1
--- smtp_check eval
sub { main::peers($_[0]) == 2 }



=== TEST 3: the first one is lied to: nobody exists
--- smtp
mx1 11 pipelining
    rcpt@2 o*: 250 2.1.5 Ok
--- init
main::ask('/verify?email=o1@ok.test');
--- json
second_opinions.agree: 0
second_opinions.disagree.undeliverable_deliverable: 1
verdicts.mailbox_not_found: 1



=== TEST 4: the second one is not told anything
--- smtp
mx1 11 pipelining users=john
    rcpt@2: 450 4.7.1 Greylisted
--- init
main::ask('/verify?email=john@ok.test');
--- json
second_opinions.agree: 0
opinions_unavailable: 1



=== TEST 5: nor is the first one: there is nothing to agree with
--- smtp
mx1 11 pipelining users=john
    rcpt: 450 4.7.1 Greylisted
--- init
main::ask('/verify?email=john@ok.test');
--- json
second_opinions.agree: 0
opinions_unavailable: 0
--- smtp_sessions: 1



=== TEST 6: off, as it is by default
--- smtp
mx1 11 pipelining users=john
--- init
main::ask('/off?email=john@ok.test');
--- json
second_opinions.agree: 0
opinions_unavailable: 0
--- smtp_sessions: 1



=== TEST 7: the answer stays what it was, the cache's too
--- http_config
smtp_verify_cache_zone zone=c:1m;
smtp_verify_cache c;
--- smtp
mx1 11 pipelining
    rcpt@1 o*: 250 2.1.5 Ok
--- init
main::ask('/verify?email=o1@ok.test', '/verify?email=o1@ok.test');
--- json
second_opinions.disagree.deliverable_undeliverable: 1
cache_hits: 1
verdicts.accepted: 2
--- smtp_sessions: 2



=== TEST 8: with a throttle, as a client of its own
--- http_config
smtp_verify_throttle_zone zone=t:1m;
smtp_verify_throttle zone=t rate=1000/s burst=1000;
smtp_verify_client_share 50%;
--- smtp
mx1 11 pipelining
    rcpt o*: 250 2.1.5 Ok
--- init
main::ask(map { "/verify?email=o$_\@ok.test" } 1 .. 6);
--- json
second_opinions.agree: 6
opinions_unavailable: 0



=== TEST 9: no more wait than there is room for, and none holds nginx up
--- smtp
mx1 11 pipelining
    rcpt o*: 250 2.1.5 Ok
--- init
for my $n (1 .. 10) {
    TestVerify::Clients::start("/later?email=o$n.%d\@ok.test",
                               clients => 30);
    TestVerify::Clients::finish();
}
--- json
second_opinions.agree: 0
verdicts.accepted: 300
opinions_dropped: 44
--- stop_within: 3s



=== TEST 10: no pool
--- config
location = /verify {
    smtp_verify;
    smtp_verify_second_opinion 1%;
}
--- must_die
--- error_log
needs a pool of two identities at least



=== TEST 11: a pool of one
--- http_config
smtp_verify_egress_pool one {
    address 127.0.0.1 helo=h101.verifier.test from=f101@verifier.test;
}
--- config
location = /verify {
    smtp_verify;
    smtp_verify_egress one;
    smtp_verify_second_opinion 1%;
}
--- must_die
--- error_log
needs a pool of two identities at least



=== TEST 12: no rate
--- config
location = /verify {
    smtp_verify;
    smtp_verify_egress two;
    smtp_verify_second_opinion 5;
}
--- must_die
--- error_log
invalid rate "5"



=== TEST 13: more than all
--- config
location = /verify {
    smtp_verify;
    smtp_verify_egress two;
    smtp_verify_second_opinion 100.01%;
}
--- must_die
--- error_log
invalid rate "100.01%"



=== TEST 14: no delay
--- config
location = /verify {
    smtp_verify;
    smtp_verify_egress two;
    smtp_verify_second_opinion 1% delay=soon;
}
--- must_die
--- error_log
invalid parameter "delay=soon"



=== TEST 15: one that is under way does not hold nginx up either
--- smtp
mx1 11 pipelining users=john
    mail@2: hang
--- init
main::ask('/verify?email=john@ok.test');
--- json
second_opinions.agree: 0
verdicts.accepted: 1
--- signal: 100ms QUIT
--- gone_within: 3s
--- linger: 6s
