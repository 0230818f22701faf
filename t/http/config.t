# What nginx -t says.

use lib 't/lib';
use TestVerify 'no_plan';

$ENV{TEST_NGINX_SLOT} = "$TestVerify::Env::Dir/slot-$TestVerify::Env::Slot";


# as the reference has them, where a directive can say them; the machine's
# name may have no dot

sub documented_defaults
{
    my $file = 'docs/directives.md';
    open my $in, '<', $file or die "$file: $!\n";

    return CORE::join '', map { "$_\n" } grep { !/\$hostname/ }
        map { /^\| Default \| `(smtp_verify\w* .*;)` \|$/ } <$in>;
}


# how many lines of the error log have that

sub logged
{
    my ($text) = @_;

    open my $log, '<', server_root() . '/logs/error.log' or return 0;

    return scalar grep { /\Q$text\E/ } <$log>;
}


run_tests();

__DATA__

=== TEST 1: the least there has to be
--- bare
--- http_config
resolver $TEST_NGINX_DNS;
smtp_verify_helo verifier.test;
smtp_verify_from probe@verifier.test;
--- address: not-an-address
--- json
verdict: undeliverable invalid_syntax confirmed mailbox



=== TEST 2: everything, in http, server and location
--- bare
--- http_config
resolver $TEST_NGINX_DNS;
smtp_verify_helo verifier.test;
smtp_verify_from probe@verifier.test;
smtp_verify_port 25;
smtp_verify_connect_timeout 1500ms 2500ms 3500ms;
smtp_verify_greeting_timeout 10s;
smtp_verify_read_timeout 10s;
smtp_verify_timeout 15s;
smtp_verify_starttls on;
smtp_verify_ssl_protocols TLSv1 TLSv1.1 TLSv1.2 TLSv1.3;
smtp_verify_ssl_ciphers DEFAULT;
smtp_verify_ssl_verify off;
smtp_verify_target_allow 127.0.0.0/8 ::1/128 192.0.2.1;
smtp_verify_max_mx 4;
smtp_verify_max_probes 100;
smtp_verify_catch_all on;
smtp_verify_smtp on;
smtp_verify_transcript off;
smtp_verify_ignore_client_abort off;
--- config
smtp_verify_bind 127.0.0.1;
smtp_verify_from <>;
smtp_verify_starttls off;
smtp_verify_catch_all eager;
location = /verify {
    smtp_verify;
    smtp_verify_helo $host.verifier.test;
    smtp_verify_from bounce+$request_id@verifier.test;
    smtp_verify_starttls required;
    smtp_verify_catch_all off;
    smtp_verify_smtp off;
    smtp_verify_ignore_client_abort on;
}
--- address: not-an-address
--- json
reason: invalid_syntax



=== TEST 3: inherited from http, set anew in the location
--- verify
smtp_verify_helo other.test;
--- smtp
mx1 11 pipelining
--- address: john@ok.test
--- json
reason: mailbox_not_found
--- smtp_turns
EHLO other.test
MAIL FROM:<probe@verifier.test> | RCPT TO:<john@ok.test>
QUIT



=== TEST 4: inherited by the location from the server
--- config
smtp_verify_helo other.test;
smtp_verify_from me@other.test;
location = /verify {
    smtp_verify;
}
--- smtp
mx1 11 pipelining
--- address: john@ok.test
--- json
reason: mailbox_not_found
--- smtp_turns
EHLO other.test
MAIL FROM:<me@other.test> | RCPT TO:<john@ok.test>
QUIT



=== TEST 5: without smtp_verify nothing has to be
--- bare
--- http_config
smtp_verify_timeout 3s;
--- config
location = /x { return 204; }
--- request
GET /x
--- error_code: 204



=== TEST 6: no resolver
--- bare
--- http_config
smtp_verify_helo verifier.test;
smtp_verify_from probe@verifier.test;
--- must_die
--- error_log
resolver
[emerg]



=== TEST 7: no MAIL FROM: nobody is pretended to be
--- bare
--- http_config
resolver $TEST_NGINX_DNS;
smtp_verify_helo verifier.test;
--- must_die
--- error_log
"smtp_verify_from"
[emerg]



=== TEST 8: smtp_verify with an argument
--- config
location = /verify { smtp_verify on; }
--- must_die
--- error_log
invalid number of arguments in "smtp_verify" directive



=== TEST 9: smtp_verify in a server
--- config
smtp_verify;
--- must_die
--- error_log
"smtp_verify" directive is not allowed here



=== TEST 10: smtp_verify twice
--- config
location = /verify { smtp_verify; smtp_verify; }
--- must_die
--- error_log
is duplicate



=== TEST 11: smtp_verify_helo: no dot
--- verify
smtp_verify_helo localhost;
--- must_die
--- error_log
localhost
[emerg]



=== TEST 12: smtp_verify_helo: no host name
--- verify
smtp_verify_helo "a b.test";
--- must_die
--- error_log
smtp_verify_helo
[emerg]



=== TEST 13: smtp_verify_helo: a line end
--- verify eval
qq{smtp_verify_helo "a.test\r\nMAIL";}
--- must_die
--- error_log
[emerg]



=== TEST 14: smtp_verify_helo: twice
--- verify
smtp_verify_helo a.test;
smtp_verify_helo b.test;
--- must_die
--- error_log
"smtp_verify_helo" directive is duplicate



=== TEST 15: smtp_verify_helo: a variable that is not there
--- verify
smtp_verify_helo $no_such_variable;
--- must_die
--- error_log
unknown "no_such_variable" variable



=== TEST 16: smtp_verify_from: no address
--- verify
smtp_verify_from verifier.test;
--- must_die
--- error_log
verifier.test
[emerg]



=== TEST 17: smtp_verify_from: empty
--- verify
smtp_verify_from "";
--- must_die
--- error_log
smtp_verify_from
[emerg]



=== TEST 18: smtp_verify_from: an address and more
--- verify
smtp_verify_from "me@verifier.test> SIZE=1";
--- must_die
--- error_log
[emerg]



=== TEST 19: smtp_verify_from: twice
--- verify
smtp_verify_from a@a.test;
smtp_verify_from b@b.test;
--- must_die
--- error_log
"smtp_verify_from" directive is duplicate



=== TEST 20: smtp_verify_port: 0
--- verify
smtp_verify_port 0;
--- must_die
--- error_log
[emerg]
"smtp_verify_port"



=== TEST 21: smtp_verify_port: 65536
--- verify
smtp_verify_port 65536;
--- must_die
--- error_log
[emerg]
"smtp_verify_port"



=== TEST 22: smtp_verify_port: a word
--- verify
smtp_verify_port smtp;
--- must_die
--- error_log
invalid number
"smtp_verify_port"



=== TEST 23: smtp_verify_port: never a variable
--- verify
smtp_verify_port $arg_port;
--- must_die
--- error_log
[emerg]
"smtp_verify_port"



=== TEST 24: smtp_verify_bind: no address
--- verify
smtp_verify_bind verifier;
--- must_die
--- error_log
[emerg]
invalid address "verifier"



=== TEST 25: smtp_verify_connect_timeout: no time
--- verify
smtp_verify_connect_timeout 1s soon;
--- must_die
--- error_log
[emerg]
"soon"



=== TEST 26: smtp_verify_connect_timeout: none
--- verify
smtp_verify_connect_timeout;
--- must_die
--- error_log
invalid number of arguments in "smtp_verify_connect_timeout" directive



=== TEST 27: smtp_verify_connect_timeout: zero
--- verify
smtp_verify_connect_timeout 0;
--- must_die
--- error_log
[emerg]
"smtp_verify_connect_timeout"



=== TEST 28: smtp_verify_greeting_timeout: no time
--- verify
smtp_verify_greeting_timeout soon;
--- must_die
--- error_log
"smtp_verify_greeting_timeout" directive invalid value



=== TEST 29: smtp_verify_greeting_timeout: zero
--- verify
smtp_verify_greeting_timeout 0;
--- must_die
--- error_log
[emerg]
"smtp_verify_greeting_timeout"



=== TEST 30: smtp_verify_read_timeout: no time
--- verify
smtp_verify_read_timeout -1s;
--- must_die
--- error_log
"smtp_verify_read_timeout" directive invalid value



=== TEST 31: smtp_verify_timeout: no time
--- verify
smtp_verify_timeout never;
--- must_die
--- error_log
"smtp_verify_timeout" directive invalid value



=== TEST 32: smtp_verify_timeout: twice
--- verify
smtp_verify_timeout 1s;
smtp_verify_timeout 2s;
--- must_die
--- error_log
"smtp_verify_timeout" directive is duplicate



=== TEST 33: smtp_verify_starttls: another word
--- verify
smtp_verify_starttls maybe;
--- must_die
--- error_log
invalid value "maybe"



=== TEST 34: smtp_verify_ssl_protocols: another word
--- verify
smtp_verify_ssl_protocols TLSv1.4;
--- must_die
--- error_log
invalid value "TLSv1.4"



=== TEST 35: smtp_verify_ssl_ciphers: none there is
--- verify
smtp_verify_ssl_ciphers NOSUCHCIPHER;
--- must_die
--- error_log
[emerg]
NOSUCHCIPHER



=== TEST 36: smtp_verify_ssl_verify: without a certificate to trust
--- verify
smtp_verify_ssl_verify on;
--- must_die
--- error_log
[emerg]
smtp_verify_ssl_trusted_certificate



=== TEST 37: smtp_verify_ssl_verify: another word
--- verify
smtp_verify_ssl_verify yes;
--- must_die
--- error_log
"smtp_verify_ssl_verify" directive
it must be "on" or "off"



=== TEST 38: smtp_verify_ssl_trusted_certificate: no such file
--- verify
smtp_verify_ssl_verify on;
smtp_verify_ssl_trusted_certificate /no/such/file.pem;
--- must_die
--- error_log
[emerg]
/no/such/file.pem



=== TEST 39: smtp_verify_target_allow: no network
--- verify
smtp_verify_target_allow everything;
--- must_die
--- error_log
[emerg]
"everything"



=== TEST 40: smtp_verify_target_allow: one of them is none
--- verify
smtp_verify_target_allow 127.0.0.0/8 10.0.0.0/33;
--- must_die
--- error_log
[emerg]
10.0.0.0/33



=== TEST 41: smtp_verify_target_allow: none
--- verify
smtp_verify_target_allow;
--- must_die
--- error_log
invalid number of arguments in "smtp_verify_target_allow" directive



=== TEST 42: smtp_verify_target_allow: never a variable
--- verify
smtp_verify_target_allow $arg_net;
--- must_die
--- error_log
[emerg]
$arg_net



=== TEST 43: smtp_verify_target_allow: bits beyond the prefix are meaningless
--- verify
smtp_verify_target_allow 127.0.0.1/8;
--- smtp
mx1 11 pipelining
--- address: john@ok.test
--- json
reason: mailbox_not_found
--- log_allow
low address bits



=== TEST 44: smtp_verify_max_mx: zero
--- verify
smtp_verify_max_mx 0;
--- must_die
--- error_log
[emerg]
"smtp_verify_max_mx"



=== TEST 45: smtp_verify_max_mx: a word
--- verify
smtp_verify_max_mx all;
--- must_die
--- error_log
[emerg]
"smtp_verify_max_mx"



=== TEST 46: smtp_verify_max_probes: zero
--- verify
smtp_verify_max_probes 0;
--- must_die
--- error_log
[emerg]
"smtp_verify_max_probes"



=== TEST 47: smtp_verify_catch_all: another word
--- verify
smtp_verify_catch_all perhaps;
--- must_die
--- error_log
invalid value "perhaps"



=== TEST 48: smtp_verify_smtp: another word
--- verify
smtp_verify_smtp 1;
--- must_die
--- error_log
it must be "on" or "off"



=== TEST 49: smtp_verify_transcript: another word
--- verify
smtp_verify_transcript yes;
--- must_die
--- error_log
it must be "on" or "off"



=== TEST 50: smtp_verify_ignore_client_abort: another word
--- verify
smtp_verify_ignore_client_abort yes;
--- must_die
--- error_log
it must be "on" or "off"



=== TEST 51: a directive in the wrong place
--- main_config
smtp_verify_port 25;
--- must_die
--- error_log
"smtp_verify_port" directive is not allowed here



=== TEST 52: in an if
--- config
location = /verify {
    smtp_verify;
    if ($arg_fast) {
        smtp_verify_timeout 1s;
    }
}
--- must_die
--- error_log
"smtp_verify_timeout" directive is not allowed here



=== TEST 53: the defaults that docs/directives.md names
--- http_config eval: main::documented_defaults()
--- address: not-an-address
--- json
status: undeliverable



=== TEST 54: limits of a provider that there is not
--- http_config
smtp_verify_throttle_provider gmial conns=3;
--- must_die
--- error_log
unknown provider "gmial" in "smtp_verify_throttle_provider", the file of "smtp_verify_providers" has their names
[emerg]



=== TEST 55: a gate that would look at no body
--- http_config
smtp_verify_gate_body_max 0;
--- must_die
--- error_log
"smtp_verify_gate_body_max" directive must be greater than zero



=== TEST 56: a pool without a name
--- http_config
smtp_verify_egress "";
--- must_die
--- error_log
needs the name of a pool



=== TEST 57: a rate as limit_req_zone has it
--- http_config
smtp_verify_throttle_zone zone=limits:1m;
smtp_verify_throttle zone=limits rate=2r/m burst=0;
smtp_verify_throttle_provider gmail rate=60r/m;
--- smtp
mx1 11 pipelining users=john
--- verify
smtp_verify_timeout 500ms;
--- address
jane@ok.test
joan@ok.test
--- json
reason: mailbox_not_found
--
reason: throttled



=== TEST 58: a rate of no unit
--- http_config
smtp_verify_throttle_zone zone=limits:1m;
smtp_verify_throttle zone=limits rate=r/s;
--- must_die
--- error_log
invalid parameter "rate=r/s"



=== TEST 59: a rate of another unit
--- http_config
smtp_verify_throttle_provider gmail rate=10r/h;
--- must_die
--- error_log
invalid parameter "rate=10r/h"



=== TEST 60: smtp_verify_cache zone=…
--- http_config
smtp_verify_cache_zone zone=r:1m;
smtp_verify_cache zone=r;
--- must_die
--- error_log
invalid parameter "zone=r", the name of the zone alone is needed: "smtp_verify_cache r"



=== TEST 61: smtp_verify_throttle without zone=
--- http_config
smtp_verify_throttle_zone zone=r:1m;
smtp_verify_throttle r conns=3;
--- must_die
--- error_log
invalid parameter "r", a zone is named as in "zone=name"



=== TEST 62: a throttle that nobody defined
--- http_config
smtp_verify_throttle zone=r:1m;
--- must_die
--- error_log
no zone "r:1m" for "smtp_verify_throttle", it has to be defined by "smtp_verify_throttle_zone"
--- no_error_log
zero size



=== TEST 63: a zone without its size
--- http_config
smtp_verify_cache_zone zone=r;
--- must_die
--- error_log
invalid zone size "zone=r", "zone=name:size" is needed



=== TEST 64: a zone without zone=
--- http_config
smtp_verify_throttle_zone r:1m;
--- must_die
--- error_log
invalid parameter "r:1m", "zone=name:size" is needed



=== TEST 65: the zone of a throttle is no cache
--- http_config
smtp_verify_throttle_zone zone=r:1m;
--- verify
smtp_verify_cache r;
--- must_die
--- error_log
no zone "r" for "smtp_verify_cache"



=== TEST 66: nor is that of a cache a throttle
--- http_config
smtp_verify_cache_zone zone=r:1m;
--- config
location = /page {
    smtp_verify_throttle zone=r;
    return 204;
}
--- must_die
--- error_log
no zone "r" for "smtp_verify_throttle"



=== TEST 67: a zone may be defined behind the location that names it
--- http_config
server {
    listen unix:$TEST_NGINX_SERVER_ROOT/other.sock;
    location = /verify { smtp_verify; smtp_verify_cache r; }
}
smtp_verify_cache_zone zone=r:1m;
--- address: not-an-address
--- json
reason: invalid_syntax



=== TEST 68: nothing limits what is asked of a mail server: it is told, once
--- no_zones
--- config
location = /verify { smtp_verify; }
location = /batch { smtp_verify_batch; }
location = /signup { smtp_verify_gate $arg_email; return 204; }
--- address: not-an-address
--- json
reason: invalid_syntax
--- error_log
no "smtp_verify_throttle" limits how often location "/verify" asks the same mail server
--- smtp
mx1 11
--- smtp_check eval: sub { main::logged('no "smtp_verify_throttle"') == 1 }



=== TEST 69: it is not where that is meant
--- no_zones
--- http_config
smtp_verify_throttle_zone zone=r:1m;
--- config
smtp_verify_throttle off;
location = /verify { smtp_verify; }
location = /batch { smtp_verify_batch; smtp_verify_throttle zone=r; }
--- address: not-an-address
--- json
reason: invalid_syntax
--- no_error_log
no "smtp_verify_throttle"



=== TEST 70: nor where no server is asked
--- no_zones
--- config
smtp_verify_smtp off;
location = /verify {
    smtp_verify;
    if ($arg_debug) { set $debug 1; }
}
location = /other { smtp_verify_timeout 3s; return 204; }
--- address: not-an-address
--- json
reason: invalid_syntax
--- no_error_log
no "smtp_verify_throttle"



=== TEST 71: a gate alone is told of
--- no_zones
--- config
location /api/ { smtp_verify_gate $arg_email; }
--- request
GET /api/
--- error_code: 404
--- log_allow
No such file
--- error_log
no "smtp_verify_throttle" limits how often location "/api/" asks



=== TEST 72: the version, at the start and in the counters
--- config
location = /verify { smtp_verify; }
location = /counters { smtp_verify_counters; }
--- request
GET /counters
--- no_shape
--- json
version: /^\d+\.\d+\.\d+$/
requests: 0
--- smtp
mx1 11
--- smtp_check eval: sub { main::logged('[notice]') && main::logged('smtp_verify/') == 1 }



=== TEST 73: of who does not use it nothing is told
--- config
location = /x { return 204; }
--- request
GET /x
--- error_code: 204
--- no_error_log
smtp_verify/
