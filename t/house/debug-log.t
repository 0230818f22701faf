# "error_log ... debug" tells the story of a probe, and names nobody.

use lib 't/lib';
use TestVerify 'no_plan';
use TestVerify::Clients;

use Time::HiRes 'sleep';

my $offset = 0;

# story: what the module logs for each request, in this order, and with
# whatever else between; groups for the requests are separated by "--".  No line
# has a local part, be it the module's or nginx's; but "in_url" is for requests
# that have it in their URL, which nginx itself logs

Test::Nginx::Socket::add_response_body_check(\&check_story);
Test::Nginx::Socket::add_block_preprocessor(sub { $offset = 0 });

master_on();

preset_http("smtp_verify_cache_zone zone=cache:1m;\n"
            . "smtp_verify_cache cache;\n"
            . "smtp_verify_throttle_zone zone=limits:1m;\n");

run_tests();


sub check_story
{
    my ($block, $body, $i, $repeated, $dry_run) = @_;

    return if $dry_run || !defined $block->story;

    my @stories = map { [ grep { /\S/ } split /\n/ ] }
        split /^--\n/m, $block->story;
    my $name = $block->name;
    my ($missing, @lines);

    # what comes after the answer

    for (1 .. 40) {
        @lines = log_lines();
        $missing = first_missing($stories[$i] // [], @lines);
        last if !defined $missing;
        sleep 0.05;
    }

    Test::More::is($missing, undef, "$name - the story (req $i)")
        or Test::More::diag(grep { /smtp verify/ } @lines);

    my @told = grep { /zebulon|zenobia/i } @lines;
    @told = grep { /smtp verify/ } @told if defined $block->in_url;

    Test::More::is(scalar @told, 0, "$name - names nobody (req $i)")
        or Test::More::diag(@told);

    $offset += length join '', @lines;
}


sub log_lines
{
    open my $log, '<', server_root() . '/logs/error.log' or return;
    seek $log, $offset, 0;
    return <$log>;
}


sub first_missing
{
    my ($story, @lines) = @_;

    for my $pattern (@$story) {
        while (@lines && $lines[0] !~ /smtp verify \Q$pattern\E/) {
            shift @lines;
        }

        return $pattern if !@lines;
        shift @lines;
    }

    return undef;
}

__DATA__

=== TEST 1: a probe, the same from the cache, and another on the kept session
--- verify
smtp_verify_keepalive 8 timeout=2s;
smtp_verify_throttle zone=limits rate=100/s;
--- smtp
mx1 11 pipelining users=zebulon
    rcpt zenobia@*: 550 5.1.1 <zenobia@ok.test>: zenobia is unknown here
--- more_headers
Content-Type: application/json
--- request eval
["POST /verify\n{\"email\":\"zebulon\@ok.test\"}",
 "POST /verify\n{\"email\":\"zebulon\@ok.test\"}",
 "POST /verify\n{\"email\":\"zenobia\@ok.test\"}"]
--- json
reason: accepted
cached: false
--
reason: accepted
cached: true
--
reason: mailbox_not_found
cached: false
--- story
cache: miss, key
probe: domain "ok.test", bulk:0
mx: "ok.test" has 1 hosts, implicit:0, concluded: none
route: host "mx1.ok.test", preference 10, address 1 of 1
permit: "mx1.ok.test" granted
session: "mx1.ok.test" at 127.
breaker: seen a connection, as it was
reply: 250 at rcpt is accepted by rule "accepted-2xx"
catch-all: "ok.test" is asked
reply: 550 at rcpt is mailbox_not_found
catch-all: "ok.test" concluded, 0
session: "mx1.ok.test" is kept for
probe: "ok.test" ends, accepted, score
answer: miss, accepted, key
--
cache: hit, key
answer: hit, accepted, key
--
cache: miss, key
permit: "mx1.ok.test" by a kept session
session: "mx1.ok.test" at 127.
reply: 550 at rcpt is mailbox_not_found
answer: miss, mailbox_not_found, key



=== TEST 2: the next host, and the catch-all state that is known
--- dns
ok.test MX 10 mx1.ok.test
ok.test MX 20 mx2.ok.test
mx1.ok.test A 11
mx2.ok.test A 12
--- smtp
mx1 11 refuse
mx2 12 pipelining users=zebulon,zenobia
--- more_headers
Content-Type: application/json
--- request eval
["POST /verify\n{\"email\":\"zebulon\@ok.test\"}"]
--- json
reason: accepted
--- story
route: host "mx1.ok.test", preference 10, address 1 of 1
session: "mx1.ok.test" at 127.
route: next address of "mx1.ok.test"
route: next host "mx2.ok.test"
route: host "mx2.ok.test", preference 20, address 1 of 1
reply: 250 at rcpt is accepted
catch-all: "ok.test" concluded, 0
session: "mx2.ok.test" is not kept
probe: "ok.test" ends, accepted



=== TEST 3: a domain that accepts all is asked once
--- verify
smtp_verify_cache_valid accepted_untested 0;
--- smtp
mx1 11 pipelining accept
--- more_headers
Content-Type: application/json
--- request eval
["POST /verify\n{\"email\":\"zebulon\@ok.test\"}",
 "POST /verify\n{\"email\":\"zenobia\@ok.test\"}"]
--- json
reason: catch_all
--
reason: catch_all
--- story
catch-all: "ok.test" is asked
catch-all: "ok.test" concluded, 1
probe: "ok.test" ends, catch_all
--
mx: "ok.test" has 1 hosts, implicit:0, concluded: catch_all
probe: "ok.test" ends, catch_all



=== TEST 4: a breaker that opens, and what it refuses
--- http_config
smtp_verify_throttle zone=limits rate=100/s pause=20s;
--- smtp
mx1 11
    banner: 554 5.7.1 Service unavailable; client host blocked using zen.spamhaus.org
--- more_headers
Content-Type: application/json
--- request eval
["POST /verify\n{\"email\":\"zebulon\@ok.test\"}",
 "POST /verify\n{\"email\":\"zenobia\@ok.test\"}",
 "POST /verify\n{\"email\":\"zebulon2\@ok.test\"}"]
--- json
reason: sender_blocked
--
reason: sender_blocked
--
reason: circuit_open
--- story
permit: "mx1.ok.test" granted
reply: 554 at banner is sender_blocked by rule
breaker: seen a block, as it was
--
breaker: seen a block, opened
probe: "ok.test" ends, sender_blocked
--
permit: "mx1.ok.test" refused, a breaker is open
probe: "ok.test" ends, circuit_open



=== TEST 5: a greylist, and the second try
--- verify
smtp_verify_max_wait 10s;
--- smtp
mx1 11 pipelining users=zebulon
    rcpt#1@1 *: 451 4.7.1 Greylisted, zebulon, come back in 1 second
--- more_headers
Content-Type: application/json
--- request eval
["POST /verify\n{\"email\":\"zebulon\@ok.test\",\"wait\":8}"]
--- json
reason: accepted
--- story
reply: 451 at rcpt is greylisted by rule
probe: greylisted, asks once more in
route: host "mx1.ok.test"
reply: 250 at rcpt is accepted
probe: "ok.test" ends, accepted



=== TEST 6: what the DNS concludes
--- smtp
mx1 11
--- more_headers
Content-Type: application/json
--- request eval
["POST /verify\n{\"email\":\"zebulon\@gone.test\"}"]
--- json
reason: domain_not_found
--- story
probe: domain "gone.test"
mx: "gone.test" has 0 hosts, implicit:0, concluded: domain_not_found
answer: miss, domain_not_found, key



=== TEST 7: a trial that closes the breaker
--- http_config
smtp_verify_throttle zone=limits rate=100/s pause=1ms;
--- smtp
mx1 11 pipelining users=zebulon
    banner@1: 554 5.7.1 Service unavailable; client host blocked using zen.spamhaus.org
    banner@2: 554 5.7.1 Service unavailable; client host blocked using zen.spamhaus.org
--- more_headers
Content-Type: application/json
--- request eval
["POST /verify\n{\"email\":\"zenobia\@ok.test\"}",
 "POST /verify\n{\"email\":\"zenobia2\@ok.test\"}",
 "POST /verify\n{\"email\":\"zebulon\@ok.test\"}"]
--- json
reason: sender_blocked
--
reason: sender_blocked
--
reason: accepted
--- story
breaker: seen a block, as it was
--
breaker: seen a block, opened
--
reply: 250 at rcpt is accepted
breaker: seen an answer, closed



=== TEST 8: others join the probe
--- smtp
mx1 11 pipelining users=zebulon
    rcpt zebulon@*: wait 300ms ; default
--- init
TestVerify::Clients::start('/verify?email=zebulon@ok.test', clients => 3);
--- in_url
--- address: zebulon@ok.test
--- json
reason: accepted
--- smtp_sessions: 1
--- story
share: joins the probe of another question
share: joins the probe of another question
share: joins the probe of another question
answer: coalesced, accepted, key



=== TEST 9: a result that is told, and refreshed behind
--- verify
smtp_verify_cache_refresh 1s;
--- smtp
mx1 11 pipelining users=zebulon
--- more_headers
Content-Type: application/x-www-form-urlencoded
--- request eval
["POST /verify\nemail=zebulon\@ok.test",
 ["POST /verify\nemail=", { value => 'zebulon@ok.test', delay_before => 2.1 }]]
--- json
reason: accepted
cached: false
--
reason: accepted
cached: true
--- story
answer: miss, accepted, key
--
cache: stale, key
answer: stale, accepted, key
probe: domain "ok.test", bulk:0
probe: "ok.test" ends, accepted
