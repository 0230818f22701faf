# Errors of a connection that are none of ours, and that nginx calls an alert.

use lib 't/lib';
use TestVerify::Preload 'network_errors';
use TestVerify 'no_plan';

master_on();
preset(address => 'john@ok.test');
preset_http("smtp_verify_starttls required;\n");

run_tests();

__DATA__

=== TEST 1: a connection is not made, for a reason that is rare
--- smtp
mx1 11 pipelining users=john
--- json
verdict: unknown connect_failed
--- error_log
connect() to mail server failed (92: Protocol not available)



=== TEST 2: a connection that cannot be read
--- smtp
mx1 12 pipelining users=john
--- json
verdict: unknown protocol_error
smtp.stage: banner



=== TEST 3: likewise, in a TLS handshake
--- smtp
mx1 13 pipelining starttls users=john
--- json
verdict: unknown tls_failed
smtp.stage: starttls
