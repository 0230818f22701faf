# Fixed answers for those who test a program: nobody is asked, nothing is kept.

use lib 't/lib';
use TestVerify 'no_plan';
use TestVerify::Env;
use Digest::SHA qw( sha256_hex );

our %Reason;

open my $in, '<', "$TestVerify::Env::Root/src/rules/sv_reasons.h" or die;
my $table = join '', <$in>;
%Reason = $table =~ /^SV_REASON\(\w+, (\w+), (\w+),/mg;
$_ = lc for values %Reason;
delete $Reason{none};

our @Names = sort keys %Reason;

add_block_preprocessor(sub {
    my ($block) = @_;

    $block->set_value(user_files => ">>> tokens\n" . join '', map {
        "$_->[0] sha256:" . sha256_hex("$_->[0]-token") . " $_->[1]\n"
    } [ 'dev', 'sandbox quota=2' ], [ 'ops', 'admin' ], [ 'plain', '' ],
      [ 'both', 'sandbox admin' ]);

    return if $block->config || $block->must_die;

    $block->set_value(http_config => join "\n",
        'smtp_verify_cache_zone zone=results:1m;', 'smtp_verify_cache results;',
        $block->http_config // '');

    $block->set_value(config => join "\n",
        'location = /verify { smtp_verify; smtp_verify_sandbox on; }',
        'location = /off { smtp_verify; }',
        'location = /batch { smtp_verify_batch; smtp_verify_sandbox on; }',
        'location = /counters { smtp_verify_counters; }',
        'location = /tokens { smtp_verify; '
        . 'smtp_verify_tokens $TEST_NGINX_SERVER_ROOT/html/tokens; }',
        'location = /tokens/batch { smtp_verify_batch; '
        . 'smtp_verify_tokens $TEST_NGINX_SERVER_ROOT/html/tokens; }',
        'location = /gate { smtp_verify_gate $arg_email; '
        . 'smtp_verify_tokens $TEST_NGINX_SERVER_ROOT/html/tokens; return 204; }');
});

run_tests();

__DATA__

=== TEST 1: each reason, by the local part
--- request eval
[map { "GET /verify?email=$_\@sandbox.test" } @main::Names]
--- json eval
CORE::join "--\n", map { "status: $main::Reason{$_}\nreason: $_\nsandbox: true\ncached: false\n" } @main::Names
--- smtp_sessions: 0
--- dns_queries



=== TEST 2: what else there is in the local part
--- request eval
[map { "GET /verify?email=$_" } 'john@sandbox.test', 'MAILBOX_FULL@Sandbox.TEST', 'timeout+1@sandbox.test',
 'timeout+2@sandbox.test', 'none@sandbox.test', 'a%20@sandbox.test']
--- json
reason: accepted
normalized: john@sandbox.test
--
reason: mailbox_full
--
reason: timeout
normalized: timeout+1@sandbox.test
root: timeout@sandbox.test
--
reason: timeout
email: timeout+2@sandbox.test
--
reason: accepted
--
reason: invalid_syntax
sandbox: false
--- smtp_sessions: 0



=== TEST 3: the names below and beside it are asked as any other
--- smtp
mx1 11 pipelining users=john
--- request eval
["GET /verify?email=timeout\@x.sandbox.test", "GET /verify?email=timeout\@sandbox.example",
 "GET /verify?email=john\@ok.test"]
--- json
reason: domain_not_found
sandbox: false
--
reason: domain_not_found
sandbox: false
--
reason: accepted
sandbox: false



=== TEST 4: where the sandbox is off they are as any other, too
--- request
GET /off?email=accepted@sandbox.test
--- json
reason: domain_not_found
sandbox: false



=== TEST 5: nothing of it is cached or counted as a verdict
--- request eval
["GET /verify?email=accepted\@sandbox.test", "GET /verify?email=accepted\@sandbox.test",
 "DELETE /verify?email=accepted\@sandbox.test", "GET /counters"]
--- error_code eval: [200, 200, 404, 200]
--- response_body_like eval
[(qr/"cached":false.*"sandbox":true/) x 2, qr/not_cached/,
 qr/"requests":0,.*"probes":0,.*"sandbox":2,.*"verdicts":\{\},.*"count":0,.*"entries":0/]



=== TEST 6: in a list, which waits for none of them
--- request eval
"POST /batch\n" . join "", map { "$_\@sandbox.test\n" } qw( greylisted rate_limited throttled accepted )
--- more_headers
Content-Type: text/plain
--- stream
reason: greylisted
sandbox: true
--
reason: rate_limited
--
reason: throttled
--
reason: accepted
--
complete: true
lines: 4
waiting: 0
retried: 0
--- within: 1s



=== TEST 7: a token for the sandbox gets it for all addresses, and pays nothing
--- smtp
mx1 11 pipelining users=john
--- more_headers
Authorization: Bearer dev-token
--- request eval
[map { "GET /tokens?email=$_" } 'nobody@ok.test', 'mailbox_not_found@ok.test', 'john@', 'x@[127.0.0.1]',
 'catch_all@gmail.com']
--- raw_response_headers_like: RateLimit: "quota";r=2;
--- json
reason: accepted
sandbox: true
cached: null
--
reason: mailbox_not_found
sandbox: true
--
reason: invalid_syntax
sandbox: true
--
reason: unsupported_address
sandbox: true
--
reason: catch_all
sandbox: true
--- smtp_sessions: 0
--- dns_queries



=== TEST 8: in a list, too
--- more_headers
Authorization: Bearer both-token
Content-Type: text/plain
--- request
POST /tokens/batch?ordered=1
nobody@ok.test
timeout@ok.test
--- stream
reason: accepted
sandbox: true
cached: false
--
reason: timeout
sandbox: true
--
complete: true
--- smtp_sessions: 0



=== TEST 9: other tokens ask
--- smtp
mx1 11 pipelining users=john
--- more_headers
Authorization: Bearer plain-token
--- request eval
["GET /tokens?email=nobody\@ok.test", "GET /tokens?email=accepted\@sandbox.test"]
--- json
reason: mailbox_not_found
sandbox: false
--
reason: domain_not_found
sandbox: false



=== TEST 10: a token for the sandbox opens no gate
--- smtp
mx1 11 pipelining users=john
--- more_headers
Authorization: Bearer dev-token
--- request eval
["GET /gate?email=nobody\@ok.test", "GET /gate?email=accepted\@sandbox.test", "GET /gate?email=john\@ok.test"]
--- error_code eval: [422, 422, 204]
--- ignore_response



=== TEST 11: the columns of CSV say so
--- request
POST /batch?format=csv&ordered=1
accepted@sandbox.test
--- more_headers
Content-Type: text/plain
--- response_body_like: ,action,sandbox,error,detail\n0,accepted\@sandbox\.test,deliverable,accepted,.*,send,true,,\n
