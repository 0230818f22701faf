# Real servers: Postfix, Exim, OpenSMTPD, a real greylisting policy server,
# and a real name server.

use lib 't/lib';
use TestVerify;
use TestVerify::Lab;

BEGIN {
    my $missing = TestVerify::Lab::start();

    plan(skip_all => $missing) if defined $missing;
    plan('no_plan');
}

add_block_preprocessor(sub {
    my $block = shift;

    $block->set_value(no_dns => '');
    $block->set_value(http_config => <<'_EOC_') if !defined $block->http_config;
resolver $TEST_NGINX_LAB_DNS;
resolver_timeout 5s;
smtp_verify_connect_timeout 2s 2s;
smtp_verify_greeting_timeout 5s;
smtp_verify_read_timeout 5s;
smtp_verify_timeout 15s;
_EOC_
});

# 31 addresses on sessions that are kept, every third one unknown

our $Kept = <<'_EOC_';
location = /verify {
    smtp_verify;
    smtp_verify_keepalive 8;
}

location = /counters {
    smtp_verify_counters;
}
_EOC_

our $Of31 = join "--\n",
    map({ 'reason: ' . ($_ % 3 ? 'accepted' : 'mailbox_not_found') . "\n" }
        1 .. 31),
    <<'_EOC_';
sessions_opened: 5
sessions_reused: 28
verdicts.accepted: 21
verdicts.mailbox_not_found: 10
_EOC_

sub ask_31
{
    my ($domain) = @_;

    return [map({ 'GET /verify?email=' . ($_ % 3 ? 'alice' : "nobody$_")
                  . $domain } 1 .. 31), 'GET /counters'];
}

my $suite = $$;

END {
    if ($$ == $suite) {
        local $?;
        TestVerify::Lab::stop();
    }
}

no_shuffle();
run_tests();

__DATA__

=== TEST 1: Postfix: a mailbox that is there
--- address: alice@lab.test
--- json
verdict: deliverable accepted confirmed null
checks.domain: true
checks.mx_record: true
checks.catch_all: false
smtp.connected: true
smtp.mailbox_exists: true
smtp.is_catch_all: false
smtp.mx_host: mx.lab.test
smtp.mx_ip: /\.61$/
smtp.stage: rcpt
smtp.response_code: 250
smtp.enhanced_code: 2.1.5
smtp.response: 2.1.5 Ok
smtp.tls.protocol: TLSv1.3
smtp.tls.cipher: *
smtp.tls.verified: false
smtp.attempts: 1
smtp.rule: accepted-2xx



=== TEST 2: Postfix: one that is not
--- address: nobody@lab.test
--- json
verdict: undeliverable mailbox_not_found confirmed mailbox
smtp.mailbox_exists: false
smtp.is_catch_all: false
smtp.response_code: 550
smtp.enhanced_code: 5.1.1
smtp.response: /User unknown in virtual mailbox table/
smtp.tls.protocol: TLSv1.3
smtp.rule: *



=== TEST 3: Postfix: full
--- address: full@lab.test
--- json
verdict: risky mailbox_full confirmed mailbox
smtp.response_code: 552
smtp.enhanced_code: 5.2.2
smtp.rule: *



=== TEST 4: Postfix: disabled
--- address: disabled@lab.test
--- json
verdict: undeliverable mailbox_disabled confirmed mailbox
smtp.response_code: 550
smtp.enhanced_code: 5.2.1
smtp.rule: *



=== TEST 5: Postfix: blocked by a blocklist, at the recipient
--- address: blocked@lab.test
--- json
verdict: unknown sender_blocked estimated sender
smtp.mailbox_exists: null
smtp.is_catch_all: null
smtp.response_code: 554
smtp.enhanced_code: 5.7.1
smtp.rule: *



=== TEST 6: Postfix: blocked by a blocklist, at the banner
--- address: alice@blocked.test
--- json
verdict: unknown sender_blocked estimated sender
smtp.mailbox_exists: null
smtp.stage: banner
smtp.response_code: 554
smtp.rule: *



=== TEST 7: Postfix: a policy
--- address: policy@lab.test
--- json
verdict: unknown policy_rejected estimated policy
smtp.mailbox_exists: null
smtp.response_code: 550
smtp.rule: *



=== TEST 8: Postfix: a temporary failure
--- address: busy@lab.test
--- json
verdict: unknown /^(temporary_failure|server_error)$/ estimated
retry_after: *
smtp.response_code: 451
smtp.rule: *



=== TEST 9: Postfix and Postgrey: greylisted, and two seconds later deliverable
--- address
grey@lab.test
grey@lab.test
--- wait: 2.5
--- json
verdict: unknown greylisted estimated policy
retry_after: 2
smtp.mailbox_exists: null
smtp.response_code: 450
smtp.enhanced_code: 4.2.0
smtp.rule: *
--
verdict: deliverable accepted confirmed null
retry_after: null
smtp.mailbox_exists: true
smtp.response_code: 250
smtp.rule: accepted-2xx



=== TEST 10: Postfix: a domain that accepts all
--- address: whoever@all.test
--- json
verdict: risky catch_all confirmed domain
checks.catch_all: true
smtp.is_catch_all: true
smtp.response_code: 250
smtp.rule: *



=== TEST 11: Postfix: without PIPELINING
--- address
alice@nopipe.test
nobody@nopipe.test
--- json
verdict: deliverable accepted confirmed null
smtp.tls: null
smtp.is_catch_all: false
smtp.response_code: 250
smtp.rule: accepted-2xx
--
verdict: undeliverable mailbox_not_found confirmed mailbox
smtp.response_code: 550
smtp.rule: *



=== TEST 12: Postfix: eager
--- verify
smtp_verify_catch_all eager;
--- address
alice@lab.test
nobody@lab.test
whoever@all.test
--- json
verdict: deliverable accepted confirmed null
smtp.is_catch_all: false
--
verdict: undeliverable mailbox_not_found confirmed mailbox
--
verdict: risky catch_all confirmed domain
smtp.is_catch_all: true



=== TEST 13: Postfix: SMTPUTF8 offered
--- address
jürgen@lab.test
niemand-ü@lab.test
--- json
verdict: deliverable accepted confirmed null
email: jürgen@lab.test
smtp.rule: accepted-2xx
--
verdict: undeliverable mailbox_not_found confirmed mailbox
smtp.rule: *



=== TEST 14: Postfix: SMTPUTF8 not offered
--- address
jürgen@ascii.test
alice@ascii.test
--- json
verdict: undeliverable smtputf8_unsupported confirmed domain
smtp.rule: null
--
verdict: deliverable accepted confirmed null
smtp.rule: accepted-2xx



=== TEST 15: postscreen: a banner in two parts, a second apart
--- address: alice@screen.test
--- json
verdict: deliverable accepted confirmed null
smtp.response_code: 250
smtp.rule: accepted-2xx



=== TEST 16: Postfix: STARTTLS required, and verified
--- verify
smtp_verify_starttls required;
smtp_verify_ssl_verify on;
smtp_verify_ssl_trusted_certificate $TEST_NGINX_CA;
--- address: alice@lab.test
--- json
verdict: deliverable accepted confirmed null
smtp.tls.verified: true
smtp.rule: accepted-2xx



=== TEST 17: Postfix: STARTTLS required, and not offered
--- verify
smtp_verify_starttls required;
--- address: alice@nopipe.test
--- json
verdict: unknown tls_failed estimated network



=== TEST 18: Postfix: STARTTLS off
--- verify
smtp_verify_starttls off;
--- address: alice@lab.test
--- json
verdict: deliverable accepted confirmed null
smtp.tls: null
smtp.rule: accepted-2xx



=== TEST 19: Exim: there, not there, full, blocked, greylisted, accepting all, not theirs
--- address
alice@exim.test
nobody@exim.test
full@exim.test
blocked@exim.test
grey@exim.test
whoever@exim-all.test
alice@relay.test
--- json
verdict: deliverable accepted confirmed null
smtp.is_catch_all: false
smtp.response_code: 250
smtp.tls.protocol: TLSv1.3
smtp.rule: accepted-2xx
--
verdict: undeliverable mailbox_not_found confirmed mailbox
smtp.response_code: 550
smtp.enhanced_code: null
smtp.response: /Unrouteable address/
smtp.rule: *
--
verdict: risky mailbox_full confirmed mailbox
smtp.response_code: 552
smtp.rule: *
--
verdict: unknown sender_blocked estimated sender
smtp.response_code: 550
smtp.rule: *
--
verdict: unknown greylisted estimated policy
retry_after: 120
smtp.response_code: 451
smtp.rule: *
--
verdict: risky catch_all confirmed domain
smtp.is_catch_all: true
smtp.rule: *
--
verdict: unknown relay_denied estimated policy
smtp.response_code: 550
smtp.rule: *



=== TEST 20: Exim: SMTPUTF8 not offered
--- address: jürgen@exim.test
--- json
verdict: undeliverable smtputf8_unsupported confirmed domain



=== TEST 21: Exim: one message a session, the second recipient in a later one
--- address
alice@one.exim.test
bob@one.exim.test
nobody@one.exim.test
--- json
verdict: deliverable accepted confirmed null
smtp.response_code: 250
smtp.rule: accepted-2xx
--
verdict: deliverable accepted confirmed null
smtp.response_code: 250
smtp.rule: accepted-2xx
--
verdict: undeliverable mailbox_not_found confirmed mailbox
smtp.rule: *



=== TEST 22: OpenSMTPD: there, and not there, whatever becomes of its STARTTLS
--- skip_eval: 13: !$TestVerify::Lab::Up{opensmtpd}
--- address
alice@open.test
nobody@open.test
alice@virtual.open.test
nobody@virtual.open.test
--- json
verdict: deliverable accepted confirmed null
smtp.is_catch_all: false
smtp.response_code: 250
smtp.rule: accepted-2xx
--
verdict: undeliverable mailbox_not_found confirmed mailbox
smtp.response_code: 550
smtp.response: /Invalid recipient/
smtp.rule: *
--
verdict: /^(deliverable|risky)$/ /^accepted(_untested)?$/ confirmed null
smtp.response_code: 250
smtp.rule: accepted-2xx
--
reason: /^(rejected|mailbox_not_found)$/
smtp.response_code: 524
smtp.rule: *



=== TEST 23: Unbound: no such domain, a null MX, none at all, none but an address
--- address
alice@gone.test
alice@null.test
alice@nomail.test
alice@implicit.lab.test
--- json
verdict: undeliverable domain_not_found confirmed domain
--
verdict: undeliverable null_mx confirmed domain
--
verdict: undeliverable no_mail_server confirmed domain
--
verdict: unknown relay_denied estimated policy
smtp.mx_host: implicit.lab.test
smtp.rule: *



=== TEST 24: Postfix: 31 addresses on sessions that are kept
--- no_zones
--- config eval: $::Kept
--- request eval: main::ask_31('@lab.test')
--- no_shape
--- json eval: $::Of31



=== TEST 25: Exim: 31 addresses on sessions that are kept
--- no_zones
--- config eval: $::Kept
--- request eval: main::ask_31('@exim.test')
--- no_shape
--- json eval: $::Of31



=== TEST 26: the servers have nothing to complain of
--- bare
--- http_config
--- config
location = /x { return 204; }
--- request
GET /x
--- error_code: 204
--- init
my $said = TestVerify::Lab::complaints();
Test::More::is($said, '', 'the mail servers have nothing to complain of');
