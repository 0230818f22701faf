# What a client may ask for: requests a second, probed addresses a day.

use lib 't/lib';
use TestVerify 'no_plan';
use TestVerify::Clients;
use TestVerify::Env;
use Digest::SHA qw( sha256_hex );
use Time::HiRes qw( sleep );

master_on();
workers(2);
worker_connections(1024);

# a new day in the middle would give new units

sleep 1 while time % 86400 > 86400 - 150;

our %Limits = (
    five => 'quota=5 erase', none => 'quota=0', free => '',
    fast => 'rate=1000/s', slow => 'rate=2/m', minute => 'rate=6/m burst=2',
    both => 'rate=600/m quota=3',
);

add_block_preprocessor(sub {
    my ($block) = @_;

    if (!defined $block->user_files) {
        $block->set_value(user_files => tokens(%Limits));
    }

    $block->set_value(http_config => join "\n",
        'smtp_verify_tokens $TEST_NGINX_SERVER_ROOT/html/tokens;',
        'smtp_verify_cache_zone zone=results:1m;', 'smtp_verify_timeout 10s;',
        'smtp_verify_read_timeout 8s;', 'smtp_verify_greeting_timeout 8s;',
        'add_header X-Cache $smtp_verify_cache_status;',
        ($block->http_config // '') =~ /smtp_verify_cache / ? ''
            : 'smtp_verify_cache results;',
        $block->http_config // '');

    if (defined(my $client = $block->client)) {
        $block->set_value(more_headers =>
                          "Authorization: Bearer $client-token");
    }
});


sub tokens
{
    my (%limits) = @_;

    return join '', ">>> tokens\n",
        map { "$_ sha256:" . sha256_hex("$_-token") . " $limits{$_}\n" }
        sort keys %limits;
}


# many at once, as a client; the codes of their answers

our $Codes;

sub all
{
    start(@_);
    $Codes = codes(TestVerify::Clients::answers());
}


sub start
{
    my ($client, $path, %how) = @_;

    TestVerify::Clients::start("/verify?email=$path",
        headers => "Authorization: Bearer $client-token", %how);
}


sub codes
{
    return TestVerify::Clients::count(
        sub { "$_[0]{code} " . ($_[0]{json}{reason} // $_[0]{json}{code}) },
        @_);
}


# what is left of a quota, as an answer that costs nothing says

sub left
{
    my ($client) = @_;

    my ($answer) = TestVerify::Clients::ask('/verify?email=no@',
        headers => "Authorization: Bearer $client-token");

    return ($answer->{header}{RateLimit} // '') =~ /"quota";r=(\d+)/ ? $1
                                                                     : -1;
}


sub is_left
{
    my ($client, $units) = @_;

    my $left = left($client);

    Test::More::diag("$left units are left, not $units") if $left != $units;

    return $left == $units;
}


run_tests();

__DATA__

=== TEST 1: a unit a probe; none for what is cached, malformed, not asked for
--- smtp
mx1 11 pipelining users=john,jane
--- client: five
--- request eval
["GET /verify?email=john\@ok.test", "GET /verify?email=john\@ok.test",
 "GET /verify?email=no\@", "GET /verify?email=x\@[192.0.2.1]",
 "GET /verify?email=jim\@ok.test&smtp=0", "GET /verify?email=nobody\@ok.test",
 "GET /verify?email=x\@none.test", "DELETE /verify?email=john\@ok.test",
 "GET /verify?email=john\@ok.test", "GET /verify"]
--- error_code eval
[200, 200, 200, 200, 200, 200, 200, 204, 200, 400]
--- raw_response_headers_like eval
[map { qr/^RateLimit-Policy: "quota";q=5;w=86400\r\nRateLimit: "quota";r=$_;t=\d{1,5}\r$/m }
 4, 4, 4, 4, 4, 3, 2, 2, 1, 1]



=== TEST 2: when they are used up: what costs none is answered
--- smtp
mx1 11 pipelining users=john
--- init
main::all('five', 'a%d@ok.test', clients => 5);
--- request eval
["GET /verify?email=john\@ok.test", "GET /verify?email=a1\@ok.test",
 "GET /verify?email=no\@", "GET /verify?email=x\@ok.test&smtp=0",
 "POST /verify\n{\"email\":\"john\@ok.test\"}"]
--- more_headers eval
[("Authorization: Bearer five-token\nContent-Type: application/json") x 5]
--- error_code eval
[429, 200, 200, 200, 429]
--- json
code: quota_exceeded
title: Too Many Requests
status: 429
--
reason: mailbox_not_found
cached: null
--
reason: invalid_syntax
--
reason: not_probed
--
code: quota_exceeded
--- no_shape
--- raw_response_headers_like eval
[qr/^Retry-After: [1-9]\d{0,4}\r\n(?:.*\n)*RateLimit: "quota";r=0;t=[1-9]\d{0,4}\r\n/ms,
 map { qr/^RateLimit: "quota";r=0;t=\d+\r$/m } 1 .. 4]
--- smtp_sessions: 5



=== TEST 3: no units at all; no limit at all
--- smtp
mx1 11 pipelining users=john
--- more_headers eval
["Authorization: Bearer none-token", "Authorization: Bearer free-token",
 "Authorization: Bearer none-token"]
--- address
john@ok.test
john@ok.test
john@ok.test
--- error_code eval
[429, 200, 200]
--- json
code: quota_exceeded
--
reason: accepted
--
reason: accepted
cached: null
--- no_shape
--- raw_response_headers_like eval
[qr/RateLimit: "quota";r=0/, qr/X-Cache: MISS/, qr/RateLimit: "quota";r=0/]



=== TEST 4: exact over workers
--- smtp
mx1 11 pipelining users=john
    rcpt: wait 300ms ; default
--- client: five
--- init
main::all('five', 'a%d@ok.test', clients => 60);
--- address: no@
--- json
reason: invalid_syntax
--- smtp_check eval
sub {
    return $main::Codes
           eq '200 mailbox_not_found 5, 429 quota_exceeded 55'
           && main::is_left('five', 0);
}
--- smtp_sessions: 5



=== TEST 5: who is told by the probe of another one pays nothing
--- smtp
mx1 11 pipelining users=john
    rcpt john@*: wait 2s ; default
--- client: free
--- init
main::all('five', 'john@ok.test', clients => 60);
--- address: no@
--- json
reason: invalid_syntax
--- smtp_check eval
sub {
    return $main::Codes eq '200 accepted 60'
           && main::is_left('five', 4);
}
--- smtp_sessions: 1
--- linger: 5s



=== TEST 6: without a cache
--- http_config
smtp_verify_cache off;
--- smtp
mx1 11 pipelining users=john
--- client: both
--- address
john@ok.test
no@
john@ok.test
john@ok.test
john@ok.test
no@
--- error_code eval
[200, 200, 200, 200, 429, 200]
--- response_headers_like eval
[map { "RateLimit-Policy: \"rate\";q=600;w=60, \"quota\";q=3;w=86400\n"
       . "RateLimit: \"rate\";r=\\d+;t=1, \"quota\";r=$_;t=\\d+" }
 2, 2, 1, 0, 0, 0]
--- smtp_sessions: 3



=== TEST 7: our own limits cost nothing
--- http_config
smtp_verify_throttle_zone zone=limits:1m;
smtp_verify_throttle zone=limits rate=1/m burst=0 queue=0;
--- smtp
mx1 11 pipelining users=john
--- client: five
--- address
jane@ok.test
john@ok.test
--- json
reason: mailbox_not_found
--
reason: throttled
--- response_headers_like eval
["RateLimit: \"quota\";r=4;t=.*", "RateLimit: \"quota\";r=4;t=.*"]



=== TEST 8: too many probes: nor does what was not begun
--- http_config
smtp_verify_max_probes 1;
--- smtp
mx1 11 pipelining users=john
    rcpt: wait 1500ms ; default
--- client: free
--- init
main::all('five', 'a%d@ok.test', clients => 30);
--- address: no@
--- json
reason: invalid_syntax
--- smtp_check eval
sub {
    my $codes = $main::Codes;

    # one a worker, if both were there

    my ($asked) = $codes =~ /^200 mailbox_not_found (\d+), 503/ or return;

    return $asked <= 2 && main::is_left('five', 5 - $asked);
}



=== TEST 9: who goes away has asked all the same
--- smtp
mx1 11 pipelining users=john
    rcpt: hang
--- client: free
--- init
main::all('five', 'a%d@ok.test', clients => 3, abort => 1.5);
--- address: no@
--- json
reason: invalid_syntax
--- smtp_check eval
sub { main::is_left('five', 2) }



=== TEST 10: a reload forgets nothing
--- smtp
mx1 11 pipelining users=john
--- client: five
--- init
main::all('five', 'a%d@ok.test', clients => 4);
TestVerify::Clients::reload();
--- address
b@ok.test
c@ok.test
--- error_code eval
[200, 429]
--- response_headers_like eval
["RateLimit: \"quota\";r=0;t=.*", "RateLimit: \"quota\";r=0;t=.*"]



=== TEST 11: a reload with more, and with others beside
--- smtp
mx1 11 pipelining users=john
--- user_files eval
main::tokens(five => 'quota=5', zoe => 'quota=1')
--- client: five
--- init
main::all('five', 'a%d@ok.test', clients => 6);
{
    open my $out, '>', server_root() . '/html/tokens' or die "tokens: $!\n";
    print $out main::tokens(abe => 'quota=9', five => 'quota=7') =~ s/^.*\n//r;
}
TestVerify::Clients::reload();
--- address
b@ok.test
c@ok.test
d@ok.test
--- error_code eval
[200, 200, 429]



=== TEST 12: during a reload: the units of old and new workers are the same
--- smtp
mx1 11 pipelining users=john
    rcpt slow*: wait 4s ; default
--- client: five
--- init
main::start('five', 'slow%d@ok.test', clients => 3);
TestVerify::Clients::worker_at($TestVerify::Env::SmtpPort);
TestVerify::Clients::wait_for(sub { main::left('five') == 2 });
TestVerify::Clients::reload(sub { TestVerify::Clients::workers() > 2 });
sleep 0.5;
--- address
b@ok.test
c@ok.test
d@ok.test
--- error_code eval
[200, 200, 429]
--- smtp_check eval
sub {
    return main::codes(TestVerify::Clients::answers())
           eq '200 mailbox_not_found 3' && main::is_left('five', 0);
}
--- smtp_sessions: 5
--- linger: 8s



=== TEST 13: a worker that is killed takes no more with it than its probes'
--- smtp
mx1 11 pipelining users=john
    rcpt hang*: hang
--- client: five
--- init
main::start('five', 'hang@ok.test', clients => 1);
TestVerify::Clients::wait_for(sub { main::left('five') == 4 });
kill 'KILL', TestVerify::Clients::worker_at($TestVerify::Env::SmtpPort);
TestVerify::Clients::answers();
TestVerify::Clients::wait_for(sub { TestVerify::Clients::workers() == 2 });
--- address
a@ok.test
b@ok.test
c@ok.test
d@ok.test
e@ok.test
--- error_code eval
[200, 200, 200, 200, 429]
--- log_allow
exited on signal 9



=== TEST 14: the rate, for all that is asked, in all workers
--- client: minute
--- address
no@
no@
no@
--- error_code eval
[200, 200, 429]
--- json
reason: invalid_syntax
--
reason: invalid_syntax
--
status: 429
code: rate_exceeded
title: Too Many Requests
--- no_shape
--- raw_response_headers_like eval
[qr/^RateLimit-Policy: "rate";q=2;w=20\r\nRateLimit: "rate";r=1;t=1\r$/m,
 qr/^RateLimit: "rate";r=0;t=\d+\r$/m,
 qr/^Retry-After: \d+\r\n(?:.*\n)*RateLimit: "rate";r=0;t=\d+\r\n/ms]



=== TEST 15: the rate, exact over workers; a burst that is not given
--- client: slow
--- init
main::all('slow', 'no@', clients => 40);
--- address: no@
--- error_code_like: ^(200|429)$
--- smtp_check eval
sub {
    my ($ok) = $main::Codes =~ /^200 invalid_syntax (\d), 429/;

    return defined $ok && $ok >= 1 && $ok <= 2;
}
--- smtp
mx1 11



=== TEST 16: the counters are a request, too
--- client: minute
--- config
location = /counters {
    smtp_verify_counters;
}
--- request eval
["GET /counters", "HEAD /counters", "GET /counters"]
--- error_code eval
[200, 200, 429]
--- response_headers_like eval
["RateLimit: \"rate\";r=1;t=1", "RateLimit: \"rate\";r=0;t=\\d+",
 "Retry-After: \\d+"]



=== TEST 17: a list: a unit a probed address, none for the rest
--- smtp
mx1 11 pipelining users=john,jane
--- config
location = /verify { smtp_verify; }
location = /batch { smtp_verify_batch; }
--- more_headers
Authorization: Bearer five-token
Content-Type: text/plain
--- request
POST /batch
john@ok.test
no address
john@ok.test
jane@ok.test
x@[192.0.2.1]
nobody@ok.test
--- response_headers_like
RateLimit: "quota";r=\d;t=\d+
--- stream
reason: accepted
--
reason: invalid_syntax
--
reason: accepted
--
reason: accepted
--
reason: unsupported_address
--
reason: mailbox_not_found
--
lines: 6
complete: true
--- smtp_check eval
sub { main::is_left('five', 2) }



=== TEST 18: a list that is longer than the quota
--- smtp
mx1 11 pipelining
--- config
location = /verify { smtp_verify; }
location = /batch { smtp_verify_batch; }
--- more_headers
Authorization: Bearer five-token
Content-Type: text/plain
--- request eval
"POST /batch\n" . CORE::join('', map { "a$_\@ok.test\n" } 1 .. 50)
--- response_body_like: "complete":false,"error":"quota_exceeded",.*"resume":\{"index":5,
--- smtp_sessions: 5
--- smtp_check eval
sub { main::is_left('five', 0) }



=== TEST 19: a list without a token
--- config
location = /batch { smtp_verify_batch; }
--- more_headers
Content-Type: text/plain
--- request
POST /batch
john@ok.test
--- error_code: 401
--- problem
code: missing_token



=== TEST 20: without SMTP: a unit where the DNS is asked, none where it was
--- dns
+default
a.test MX 10 mx1.ok.test
--- smtp
mx1 11 pipelining users=john
--- client: five
--- request eval
["GET /verify?email=x\@ok.test&smtp=0", "GET /verify?email=y\@ok.test&smtp=0",
 "GET /verify?email=x\@a.test&smtp=0", "GET /verify?email=x\@none.test&smtp=0",
 "GET /verify?email=y\@none.test&smtp=0", "GET /verify?email=no\@&smtp=0"]
--- error_code eval
[(200) x 6]
--- raw_response_headers_like eval
[map { qr/^RateLimit: "quota";r=$_;t=\d+\r$/m } 4, 4, 3, 2, 2, 2]
--- smtp_sessions: 0



=== TEST 21: who has none left has none for that, either
--- client: none
--- smtp
mx1 11
--- request eval
["GET /verify?email=x\@ok.test&smtp=0", "GET /verify?email=no\@"]
--- error_code eval
[429, 200]
--- no_shape
--- dns_queries
ok.test MX 0



=== TEST 22: nor has a list, of many domains
--- smtp
mx1 11
--- config
location = /verify { smtp_verify; }
location = /batch { smtp_verify_batch; }
--- more_headers
Authorization: Bearer five-token
Content-Type: text/plain
--- request eval
"POST /batch?smtp=0\n" . CORE::join('', map { "a\@x$_.bad.test\n" } 1 .. 50)
--- response_body_like: "complete":false,"error":"quota_exceeded",.*"resume":\{"index":5,
--- smtp_check eval
sub { main::is_left('five', 0) }



=== TEST 23: a list of one domain asks once
--- smtp
mx1 11
--- config
location = /verify { smtp_verify; }
location = /batch { smtp_verify_batch; }
--- more_headers
Authorization: Bearer five-token
Content-Type: text/plain
--- request eval
"POST /batch?smtp=0\n" . CORE::join('', map { "a$_\@ok.test\n" } 1 .. 50)
--- response_body_like: "complete":true
--- dns_queries
ok.test MX 1
--- smtp_check eval
sub { main::is_left('five', 4) }



=== TEST 24: a location without SMTP is no way around it
--- verify
smtp_verify_smtp off;
--- smtp
mx1 11
--- client: five
--- request eval
["GET /verify?email=x\@ok.test", "GET /verify?email=y\@ok.test"]
--- error_code eval
[200, 200]
--- raw_response_headers_like eval
[map { qr/^RateLimit: "quota";r=$_;t=\d+\r$/m } 4, 4]



=== TEST 40: what a client has used today
--- smtp
mx1 11 pipelining users=john
--- client: both
--- config
location = /verify { smtp_verify; }
location = /usage { smtp_verify_usage; }
--- request eval
["GET /usage", "GET /verify?email=john\@ok.test", "GET /verify?email=nobody\@ok.test",
 "GET /verify?email=john\@ok.test", "GET /usage", "HEAD /usage"]
--- response_body_like eval
my $day = sprintf "%04d-%02d-%02d", (gmtime)[5] + 1900, (gmtime)[4] + 1, (gmtime)[3];
[qr/^\{"client":"both","day":"$day","requests":\{"today":1,"total":1\},"probes":\{"today":0\},"quota":\{"limit":3,"left":3,"reset":\d+\},"rate":\{"limit":600,"left":599,"reset":1\},"erase":false,"admin":false,"sandbox":false\}$/,
 (qr/reason/) x 3,
 qr/"requests":\{"today":5,"total":5\},"probes":\{"today":2\},"quota":\{"limit":3,"left":1,/, qr/^$/]



=== TEST 41: a client without limits, and a right
--- config
location = /usage { smtp_verify_usage; }
--- request eval
["GET /usage", "GET /usage", "GET /usage", "POST /usage"]
--- more_headers eval
["Authorization: Bearer free-token", "X-Api-Key: five-token", "", "X-Api-Key: five-token"]
--- error_code eval: [200, 200, 401, 405]
--- response_body_like eval
[qr/"probes":null,"quota":null,"rate":null,"erase":false/, qr/"erase":true,"admin":false/, qr/missing_token/,
 qr/method_not_allowed/]



=== TEST 42: where no token is needed nobody has a usage
--- config
location = /usage { smtp_verify_usage; smtp_verify_tokens off; }
--- request
GET /usage
--- error_code: 404
--- problem
code: no_client



=== TEST 43: who has no units left finds no lack of probes
--- smtp
mx1 11 pipelining users=john
--- config
location = /verify { smtp_verify; }
location = /counters {
    smtp_verify_tokens    off;
    smtp_verify_counters;
}
--- client: none
--- request eval
["GET /verify?email=john\@ok.test", "GET /counters"]
--- error_code eval
[429, 200]
--- response_body_like eval
[qr/quota_exceeded/, qr/"rejected":0,/]
