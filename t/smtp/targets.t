# Where no connection goes to, whatever the DNS says.

use lib 't/lib';
use TestVerify 'no_plan';

# "allow" leaves this suite's own network open and nothing else

$ENV{TEST_NGINX_ONLY} = "$TestVerify::Env::Net.0/24";

run_tests();

__DATA__

=== TEST 1: addresses that are not public
--- http_config
smtp_verify_target_allow $TEST_NGINX_ONLY;
--- smtp
trap 127.0.0.1,::1
--- dns eval
my %a = (
    loop => 'A 127.0.0.1', loop2 => 'A 127.255.255.254', private10 => 'A 10.0.0.1',
    private172 => 'A 172.16.0.1', private172b => 'A 172.31.255.255', private192 => 'A 192.168.1.1',
    metadata => 'A 169.254.169.254', linklocal => 'A 169.254.0.1', zero => 'A 0.0.0.0',
    zero1 => 'A 0.1.2.3', cgnat => 'A 100.64.0.1', benchmark => 'A 198.18.0.1',
    docu => 'A 192.0.2.1', docu2 => 'A 198.51.100.1', docu3 => 'A 203.0.113.1',
    ietf => 'A 192.0.0.1', multicast => 'A 224.0.0.1', multicast2 => 'A 239.255.255.255',
    reserved => 'A 240.0.0.1', broadcast => 'A 255.255.255.255',
    loop6 => 'AAAA ::1', unspecified6 => 'AAAA ::', mapped => 'AAAA ::ffff:127.0.0.1',
    mapped10 => 'AAAA ::ffff:10.0.0.1', compatible => 'AAAA ::127.0.0.1',
    link6 => 'AAAA fe80::1', unique => 'AAAA fd00::1', unique2 => 'AAAA fc00::1',
    multicast6 => 'AAAA ff02::1', sixtofour => 'AAAA 2002:7f00:1::1',
    sixtofour10 => 'AAAA 2002:a00:1::1', nat64 => 'AAAA 64:ff9b::7f00:1',
    nat64meta => 'AAAA 64:ff9b::a9fe:a9fe', nat64local => 'AAAA 64:ff9b:1::7f00:1',
    teredo => 'AAAA 2001:0:7f00:1::1', docu6 => 'AAAA 2001:db8::1', discard => 'AAAA 100::1',
    site => 'AAAA fec0::1',
);
CORE::join '', map { "$_.test MX 10 mx.$_.test\nmx.$_.test $a{$_}\n" } sort keys %a
--- address eval
CORE::join "\n", map { "john\@$_.test" } qw(
    loop loop2 private10 private172 private172b private192 metadata linklocal zero zero1
    cgnat benchmark docu docu2 docu3 ietf multicast multicast2 reserved broadcast
    loop6 unspecified6 mapped mapped10 compatible link6 unique unique2 multicast6
    sixtofour sixtofour10 nat64 nat64meta nat64local teredo docu6 discard site )
--- json
verdict: unknown forbidden_target estimated network
smtp.connected: !true
smtp.mailbox_exists: null
smtp.response_code: null
smtp.rule: null
--- smtp_sessions: 0



=== TEST 2: localhost and names that are no hosts, as an MX
--- http_config
smtp_verify_target_allow $TEST_NGINX_ONLY;
--- smtp
trap 127.0.0.1,::1
--- dns
a.test MX 10 localhost
b.test MX 10 127.0.0.1
c.test MX 10 localhost.localdomain
localhost A 127.0.0.1
localhost.localdomain A 127.0.0.1
127.0.0.1 A 127.0.0.1
--- address
john@a.test
john@b.test
john@c.test
--- json
verdict: /^(unknown|undeliverable)$/ /^(forbidden_target|no_mail_server|dns_error)$/
smtp.connected: !true
smtp.response_code: null
--- smtp_sessions: 0



=== TEST 3: localhost for a domain
--- http_config
smtp_verify_target_allow $TEST_NGINX_ONLY;
--- smtp
trap 127.0.0.1,::1
--- dns
localhost A 127.0.0.1
--- address: john@localhost
--- json
status: /^(unknown|undeliverable)$/
smtp.connected: !true
smtp.response_code: null
--- smtp_sessions: 0



=== TEST 4: no MX, and an address that is not public
--- http_config
smtp_verify_target_allow $TEST_NGINX_ONLY;
--- smtp
trap 127.0.0.1,::1
--- dns
ok.test A 127.0.0.1
ok.test AAAA ::1
--- address: john@ok.test
--- json
verdict: unknown forbidden_target estimated network
smtp.connected: !true
--- smtp_sessions: 0



=== TEST 5: by an alias
--- http_config
smtp_verify_target_allow $TEST_NGINX_ONLY;
--- smtp
trap 127.0.0.1
--- dns
ok.test MX 10 alias.test
alias.test CNAME inner.test
inner.test A 127.0.0.1
--- address: john@ok.test
--- json
verdict: unknown forbidden_target estimated network
--- smtp_sessions: 0



=== TEST 6: one address of two is allowed: that one, always
--- http_config
smtp_verify_target_allow $TEST_NGINX_ONLY;
--- smtp
trap 127.0.0.1,::1
mx1 11 pipelining
--- dns
ok.test MX 10 mx.ok.test
mx.ok.test A 127.0.0.1
mx.ok.test A 11
mx.ok.test A 10.0.0.1
mx.ok.test AAAA ::1
--- address
john@ok.test
jane@ok.test
jill@ok.test
mary@ok.test
--- json
verdict: undeliverable mailbox_not_found confirmed mailbox
smtp.rule: *
--- smtp_sessions
4
trap 0



=== TEST 7: one MX of two is allowed
--- http_config
smtp_verify_target_allow $TEST_NGINX_ONLY;
--- smtp
mx1 11 pipelining
--- dns
ok.test MX 10 bad.ok.test
ok.test MX 20 mx1.ok.test
bad.ok.test A 169.254.169.254
mx1.ok.test A 11
--- address: john@ok.test
--- json
verdict: undeliverable mailbox_not_found confirmed mailbox
smtp.mx_host: mx1.ok.test
smtp.rule: *



=== TEST 8: an exception: IPv6
--- http_config
smtp_verify_target_allow ::1/128;
--- smtp
mx1 ::1 pipelining
--- address: john@ok.test
--- json
verdict: undeliverable mailbox_not_found confirmed mailbox
smtp.mx_ip: ::1
smtp.rule: *



=== TEST 9: an exception for IPv4 is none for its mapped form, or goes to the same host
--- http_config
smtp_verify_target_allow 10.0.0.0/8;
--- smtp
trap 127.0.0.1,::1
--- dns
ok.test MX 10 mx.ok.test
mx.ok.test AAAA ::ffff:127.0.0.1
--- address: john@ok.test
--- json
verdict: unknown forbidden_target estimated network
--- smtp_sessions: 0



=== TEST 10: no exception is the default
--- bare
--- http_config
resolver $TEST_NGINX_DNS;
smtp_verify_helo verifier.test;
smtp_verify_from probe@verifier.test;
smtp_verify_port $TEST_NGINX_SMTP_PORT;
--- smtp
mx1 11 pipelining users=john
--- address: john@ok.test
--- json
verdict: unknown forbidden_target estimated network
--- smtp_sessions: 0
