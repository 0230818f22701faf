# The suites' own machinery: what is wrong has to fail.

use strict;
use warnings;

use Test::More;

use lib 't/lib';
use TestVerify::Env;

my $file = "$TestVerify::Env::Dir/machinery-$$.t";

mkdir $TestVerify::Env::Dir;
open my $out, '>', $file or die "$file: $!\n";
print $out "use lib 't/lib';\nuse TestVerify 'no_plan';\n",
    "no_shuffle();\nrun_tests();\n__DATA__\n", <DATA>;
close $out;

local $ENV{TEST_NGINX_LOAD_MODULES} = '';
my $tap = `$^X $file 2>&1`;
unlink $file;

sub fails
{
    my ($test, $check) = @_;

    like($tap, qr/^not ok \d+ - \S+ TEST $test: .* - \Q$check\E/m,
         "fails: TEST $test, $check");
}

fails(1, 'nginx has nothing to complain of');
like($tap, qr/an address: .*\[error\]/, 'an address in the log');
fails(2, 'strict JSON');
fails(3, 'strict JSON');
fails(4, 'the shape of a result (req 0)');
like($tap, qr/\.age: missing/, 'a missing key');
like($tap, qr/\.status: type i/, 'a wrong type');
fails(4, 'json (req 0)');
like($tap, qr/\Q$_\E/, "a verdict: $_")
    for 'status: 1, expected unknown', 'reason: "timeout", expected timed_out';

fails(5, $_) for 'smtp_waits', 'smtp_sessions mx1', 'smtp_turns',
    'smtp_like foo', 'smtp_check', 'dns_queries ok.test MX 1',
    'within 0.00001';

fails(6, 'every session was ended');
fails(6, 'SMTP by the book');
like($tap, qr/$_/, "a violation: $_")
    for 'spoke before the banner', 'a line without CR',
        'pipelined where not offered', 'not the last in its flight: EHLO',
        'unexpected: DATA', 'control character in: RCPT';
like($tap, qr/a connection is left/, 'a connection that is left');

fails(7, 'nginx has nothing to complain of');
like($tap, qr/nginx \d+ died/, 'nginx that dies');
fails(8, 'nginx has nothing to complain of');
like($tap, qr/^# \S+ \S+ \[alert\]/m, 'an alert');
fails(9, 'a problem of RFC 9457 (req 0)');
unlike($tap, qr/^not ok \d+ - \S+ TEST 10:/m, 'what is right passes');

is((() = $tap =~ /^not ok/mg), 18, 'nothing else fails')
    || diag(grep { /^not ok/ } map { "$_\n" } split /\n/, $tap);

done_testing();

__DATA__

=== TEST 1: an address in the log
--- bare
--- config
location = /verify { root /nonexistent; }
--- request
GET /verify?email=john@ok.test
--- error_code: 404



=== TEST 2: a key that is there twice
--- bare
--- config
location = /verify { return 200 '{"status":"unknown","a":{},"status":"unknown"}'; }
--- address: john@ok.test
--- json
status: unknown



=== TEST 3: something after it
--- bare
--- config
location = /verify { return 200 '{"status":"unknown"} x'; }
--- address: john@ok.test
--- json
status: unknown



=== TEST 4: shape and values
--- bare
--- config
location = /verify { return 200 '{"email":"1","status":1,"reason":"timeout"}'; }
--- address: john@ok.test
--- json
verdict: unknown timed_out



=== TEST 5: counts
--- not_slower
--- bare
--- config
location = /verify { return 200 'x'; }
--- address: john@ok.test
--- smtp
mx1 11
--- smtp_waits: 3
--- smtp_sessions
mx1 2
--- smtp_turns
EHLO x
--- smtp_like
foo
--- smtp_check eval
sub { () }
--- within: 0.00001
--- dns_queries
ok.test MX 1



=== TEST 7: nginx dies
--- bare
--- config
location = /verify { return 200 'x'; }
--- address: john@ok.test
--- signal: 100ms KILL
--- wait: 2



=== TEST 8: an alert
--- bare
--- config
location = /verify { return 200 'x'; }
--- address: john@ok.test
--- init
open my $log, '>>', "$ENV{TEST_NGINX_SERVROOT}/logs/error.log";
print $log "2026/01/01 00:00:00 [alert] 1#1: open socket #3 left in connection 4\n";



=== TEST 9: no problem
--- bare
--- config
location = /verify { default_type application/problem+json; return 400 '{"status":400}'; }
--- request
GET /verify
--- error_code: 400
--- problem
status: 400



=== TEST 10: nothing wrong
--- bare
--- config
location = /verify { return 200 'x'; }
--- address: john@ok.test
--- smtp
mx1 11
--- smtp_sessions: 0
--- response_body chomp
x



=== TEST 6: a client without manners
--- bare
--- config
location = /verify { return 200 'x'; }
--- address: john@ok.test
--- linger: 300ms
--- smtp
mx1 11
    banner: wait 100ms ; default
--- init
$main::keep = IO::Socket::INET->new(
    PeerAddr => "$TestVerify::Env::Net.11", PeerPort => $TestVerify::Env::SmtpPort);
syswrite $main::keep, "EHLO x\r\nMAIL FROM:<a>\nDATA\r\nRCPT TO:<a\0b>\r\n";
Time::HiRes::sleep(0.3);
