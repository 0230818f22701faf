# The self-audit: what it finds, what it says, and when it says nothing.

use lib 't/lib';
use TestVerify 'no_plan';
use TestVerify::Clients;
use TestVerify::Health;

master_on();
workers(2);

# an identity that is as it should be; blocks change names of it

our %good = (
    helo => 'verifier.test A 192.0.2.25',
    ptr  => '25.2.0.192.in-addr.arpa PTR verifier.test',
    mx   => 'verifier.test MX 10 mx.verifier.test',
    host => 'mx.verifier.test A 11',
    spf  => 'verifier.test TXT "v=spf1 ip4:192.0.2.25 -all"',
);

sub names
{
    my (%other) = @_;
    my %all = (%good, %other);

    return join "\n", '', (grep { $_ ne '' } map { $all{$_} } sort keys %all),
        '';
}

add_block_preprocessor(sub {
    my ($block) = @_;

    return if defined $block->must_die;

    $block->set_value(http_config => ($block->http_config // '')
                      . "\nsmtp_verify_audit on interval=1s"
                      . ($block->audit ? ' ' . $block->audit : '') . ';');
    $block->set_value(smtp => "mx1 11 pipelining users=john\n")
        if !defined $block->smtp;
    $block->set_value(dns => names()) if !defined $block->dns;
    $block->set_value(patience => 5) if !defined $block->patience;
});

run_tests();

__DATA__

=== TEST 1: all is well, and nothing is said
--- health
status pass
ready true
port_25 pass /was made \d+ s ago, in your own network; no other one was tried yet/
resolver pass
helo pass /verifier.test has the address 192.0.2.25/
ptr pass /The PTR record of 192.0.2.25 is the HELO name/
mail_from pass /has 1 MX record/
spf pass /SPF of verifier.test says "pass" for 192.0.2.25/
blocklists none
clock pass
files pass
--- no_error_log
self-audit



=== TEST 2: no PTR record
--- dns eval: main::names(ptr => '')
--- health
status fail
ready true
ptr fail /The address 192.0.2.25 has no PTR record/
helo pass
spf pass
--- error_log
self-audit of default: ptr: The address 192.0.2.25 has no PTR record. Ask the owner of the address to set its PTR record to the HELO name. See docs/troubleshooting.md#ptr



=== TEST 3: another PTR record, which leads back
--- dns eval: main::names(ptr => "25.2.0.192.in-addr.arpa PTR host25.isp.test\nhost25.isp.test A 192.0.2.25")
--- health
status warn
ptr warn /is host25.isp.test, and not the HELO name/



=== TEST 4: one that does not lead back
--- dns eval: main::names(ptr => "25.2.0.192.in-addr.arpa PTR host25.isp.test\nhost25.isp.test A 192.0.2.26")
--- health
ptr fail /is host25.isp.test, which does not lead back to it/



=== TEST 5: several PTR records, one of which is the HELO name
--- dns eval: main::names(ptr => "25.2.0.192.in-addr.arpa PTR host25.isp.test\n25.2.0.192.in-addr.arpa PTR Verifier.TEST")
--- health
ptr pass



=== TEST 6: a HELO name without an address
--- dns eval: main::names(helo => '')
--- health
helo fail /The HELO name verifier.test has no address/
ptr none
mail_from pass



=== TEST 7: MAIL FROM of a domain that takes no mail
--- dns eval: main::names(mx => 'verifier.test MX 0 .')
--- health
mail_from fail /says that it takes no mail/



=== TEST 8: of one without MX records
--- dns eval: main::names(mx => '')
--- health
mail_from warn /has no MX record, only an address/



=== TEST 9: of one that does not exist
--- http_config
smtp_verify_from probe@absent.test;
--- health
mail_from fail /The domain absent.test does not exist/
spf warn /says "none"/



=== TEST 10: SPF that forbids the address
--- dns eval: main::names(spf => 'verifier.test TXT "v=spf1 ip4:198.51.100.0/24 -all"')
--- health
status fail
spf fail /SPF of verifier.test says "fail" for 192.0.2.25/
--- error_log
self-audit of default: spf: SPF of verifier.test says "fail"



=== TEST 11: SPF that includes another record, which allows it
--- dns eval: main::names(spf => "verifier.test TXT \"v=spf1 include:spf.isp.test -all\"\nspf.isp.test TXT \"v=spf1 mx -all\"\nspf.isp.test MX 10 out.isp.test\nout.isp.test A 192.0.2.25")
--- health
spf pass



=== TEST 12: SPF with a long record, in several strings
--- dns eval: main::names(spf => 'verifier.test TXT "v=spf1 ' . ('ip4:198.51.100.0/24 ' x 11) . '" "' . ('ip4:203.0.113.0/24 ' x 12) . '" "ip4:192.0.2.25 -all"')
--- health
spf pass



=== TEST 13: SPF with a macro is not judged
--- dns eval: main::names(spf => 'verifier.test TXT "v=spf1 exists:%{i}.spf.test -all"')
--- health
status pass
spf null /macros and ptr are not evaluated here/



=== TEST 14: no SPF record
--- dns eval: main::names(spf => '')
--- health
spf warn /says "none"/



=== TEST 15: SPF of the HELO name, without MAIL FROM
--- http_config
smtp_verify_from <>;
--- health
mail_from none
spf pass /SPF of verifier.test/



=== TEST 16: a resolver that is dead
--- dns
* ! drop
--- http_config
resolver_timeout 300ms;
--- health
status fail
resolver fail /None of 2 look-ups was answered, 2 timed out/
helo none
ptr none
--- error_log
self-audit of default: resolver: None of 2 look-ups was answered



=== TEST 17: one that answers with errors
--- dns
* ! servfail
--- health
resolver fail /None of 2 look-ups was answered, 0 timed out/



=== TEST 18: one question without an answer is not that
--- dns eval: main::names(none => '25.2.0.192.in-addr.arpa PTR ! servfail')
--- health
status pass
resolver pass
ptr null /The DNS did not answer for the PTR record/
spf pass



=== TEST 19: the port is closed, and nobody was asked
--- smtp
mx1 11 refuse
--- health
port_25 warn /1 mail server could not be reached \(0 timed out, 1 refused\)/
--- error_log
self-audit of default: port_25: 1 mail server could not be reached



=== TEST 20: targets that are configured
--- audit: target=a.test target=b.test
--- dns eval: main::names(none => "a.test A 12\nb.test A 13")
--- smtp
mx1 11 pipelining users=john
mx2 12 refuse
mx3 13 refuse
--- health
status fail
ready false
port_25 fail /2 mail servers could not be reached/
--- error_log
no mail server can be connected to from egress "default": 2 mail servers



=== TEST 21: one of them is reached
--- audit: target=a.test target=b.test
--- dns eval: main::names(none => "a.test A 12\nb.test A 13")
--- smtp
mx2 12 refuse
mx3 13 pipelining
--- health
status pass
port_25 pass
--- smtp_turns
EHLO verifier.test
QUIT



=== TEST 22: it is on a blocklist
--- audit: blocklist=list.test
--- dns eval: main::names(none => "25.2.0.192.list.test A 127.0.0.2\n2.0.0.127.list.test A 127.0.0.2")
--- health
status fail
blocklists fail /The address 192.0.2.25 is on the blocklist list.test/
--- error_log
self-audit of default: blocklists: The address 192.0.2.25 is on the blocklist list.test



=== TEST 23: it is on none of them
--- audit: blocklist=list.test blocklist=other.test
--- dns eval: main::names(none => "2.0.0.127.list.test A 127.0.0.2\n2.0.0.127.other.test A 127.0.0.4")
--- health
status pass
blocklists pass /on none of 2 blocklists/



=== TEST 24: a list that refuses the resolver
--- audit: blocklist=list.test
--- dns eval: main::names(none => "25.2.0.192.list.test A 127.255.255.254\n2.0.0.127.list.test A 127.255.255.254")
--- health
status warn
blocklists warn /list.test refuses your resolver/



=== TEST 25: one that is gone, and a resolver that answers for any name
--- audit: blocklist=list.test
--- dns eval: main::names(none => "25.2.0.192.list.test A 198.51.100.7\n2.0.0.127.list.test A 198.51.100.7")
--- health
blocklists warn /gives answers that are none of a list/



=== TEST 26: one that lists everything
--- audit: blocklist=list.test
--- dns eval: main::names(none => CORE::join "\n", map "$_.list.test A 127.0.0.2", '25.2.0.192', '1.0.0.127', '2.0.0.127')
--- health
blocklists warn /list.test lists all addresses/



=== TEST 27: one without an entry, not even for the test
--- audit: blocklist=list.test
--- health
blocklists warn /lacks its test entry/



=== TEST 28: a list in doubt does not hide another one
--- audit: blocklist=gone.test blocklist=list.test
--- dns eval: main::names(none => "25.2.0.192.list.test A 127.0.0.2")
--- health
blocklists fail /is on the blocklist list.test/



=== TEST 29: a resolver that recovers
--- dns eval: main::names()
--- http_config
resolver $TEST_NGINX_DNS2;
--- init
1;
--- health
resolver pass



=== TEST 30: identities that depend on the request
--- http_config
smtp_verify_helo $host.verifier.test;
--- health
helo none
ptr none
mail_from pass
spf none



=== TEST 31: each identity of a pool
--- http_config
smtp_verify_egress_pool both {
    address 127.0.0.1 helo=verifier.test;
    address 127.0.0.2 helo=absent.test;
}
smtp_verify_egress both;
--- health
helo@127.0.0.1 pass
helo@127.0.0.2 fail
spf@127.0.0.1 pass
mail_from@127.0.0.2 pass



=== TEST 32: metrics
--- dns eval: main::names(ptr => '')
--- asked
wait 900ms
/metrics
/metrics
/metrics
--- answers
body /^nginx_smtp_verify_audit_status\{identity="0",egress="default",helo="verifier.test",check="ptr"\} 3$/
body /^nginx_smtp_verify_audit_status\{identity="0",egress="default",helo="verifier.test",check="spf"\} 1$/
body /^nginx_smtp_verify_audits_total [1-9]/
--- health
status fail



=== TEST 33: while an identity fails, results are only estimated
--- audit: on_fail=estimate
--- dns eval: main::names(ptr => '') . "ok.test MX 10 mx1.ok.test\nmx1.ok.test A 11\nnull.test MX 0 .\n"
--- smtp
mx1 11 pipelining users=john
--- asked
wait 900ms
/verify?email=john@ok.test
/verify?email=nobody@ok.test
/verify?email=john@null.test
/verify?email=john@absent.test
/verify?email=nobody@ok.test
/verify?email=nobody@ok.test
--- answers
reason not_probed
status unknown
reason null_mx
reason domain_not_found
verification_level estimated
detail /^No mail server was asked, because the self-audit/
--- health
ptr fail
port_25 pass
--- smtp_turns
EHLO verifier.test
QUIT



=== TEST 34: or refused for now
--- audit: on_fail=refuse
--- dns eval: main::names(spf => 'verifier.test TXT "v=spf1 -all"') . "ok.test MX 10 mx1.ok.test\nmx1.ok.test A 11\n"
--- asked
wait 900ms
/verify?email=john@ok.test
/verify?email=nobody@ok.test
/verify?email=nobody@ok.test
/verify?email=nobody@ok.test
--- answers
reason circuit_open
status unknown
blame local
retry_after 60
--- health
spf fail
--- smtp_turns
EHLO verifier.test
QUIT



=== TEST 35: the default only warns
--- audit: on_fail=warn
--- dns eval: main::names(ptr => '') . "ok.test MX 10 mx1.ok.test\nmx1.ok.test A 11\n"
--- asked
wait 900ms
/verify?email=john@ok.test
/verify?email=nobody@ok.test
--- answers
reason accepted
reason mailbox_not_found
--- health
ptr fail



=== TEST 36: another identity of the pool is used instead
--- audit: on_fail=refuse
--- dns eval: main::names(none => 'good.verifier.test A 192.0.2.26', nonf => '26.2.0.192.in-addr.arpa PTR good.verifier.test', spf => 'verifier.test TXT "v=spf1 ip4:192.0.2.25 ip4:192.0.2.26 -all"') . CORE::join('', map "d$_.test MX 10 mx.d$_.test\nmx.d$_.test A 11\n", 1 .. 6)
--- http_config
smtp_verify_egress_pool both {
    address 127.0.0.1 helo=absent.test;
    address 127.0.0.2 helo=good.verifier.test;
}
smtp_verify_egress both;
--- asked
wait 2500ms
/verify?email=john@d1.test
/verify?email=john@d2.test
/verify?email=john@d3.test
/verify?email=john@d4.test
/verify?email=john@d5.test
/verify?email=john@d6.test
--- answers
reason accepted
reason accepted
reason accepted
reason accepted
reason accepted
reason accepted
--- health
ready true
helo@127.0.0.1 fail
helo@127.0.0.2 pass
--- smtp_unlike
RCPT.*\n.*absent



=== TEST 37: a policy that is none
--- http_config
smtp_verify_audit on on_fail=deny;
--- must_die
--- error_log
invalid parameter "on_fail=deny"



=== TEST 38: a parameter that is none
--- http_config
smtp_verify_audit on tarjet=a.test;
--- must_die
--- error_log
invalid parameter "tarjet=a.test"



=== TEST 39: neither on nor off
--- http_config
smtp_verify_audit yes;
--- must_die
--- error_log
has to be "on" or "off"
