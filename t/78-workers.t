# More workers than a zone of the throttle has room for.

use lib 't/lib';
use TestVerify 'no_plan';

master_on();
workers(8);

run_tests();

__DATA__

=== TEST 1: it is told that a zone is too small
--- http_config
smtp_verify_throttle_zone zone=limits:32k;
smtp_verify_throttle zone=limits;
--- smtp
mx1 11 pipelining users=john
--- address: john@ok.test
--- json
reason: accepted
--- error_log
zone "limits" is too small for 8 workers



=== TEST 2: one that is large enough
--- http_config
smtp_verify_throttle_zone zone=limits:128k;
smtp_verify_throttle zone=limits conns=100 ip_conns=100 rate=1000/s rejects=100000/h burst=100;
smtp_verify_keepalive off;
--- smtp
mx1 11 pipelining users=john
--- address eval
CORE::join "\n", ('john@ok.test') x 48
--- json
reason: accepted
--- no_error_log
too small
