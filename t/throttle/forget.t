# What is owed to a mail server, refusals and a breaker that is open, is not
# forgotten for what others ask of other servers.

use lib 't/lib';
use TestVerify 'no_plan';

our $Throttle = 'zone=small conns=4 total=4 rate=10000/s burst=10000 '
    . 'rejects=3/h pause=20m max_pause=20m suspend=0';

preset(http_config => "smtp_verify_throttle_zone zone=small:32k;
smtp_verify_throttle $Throttle;
smtp_verify_catch_all off;
smtp_verify_timeout 20s;
");

add_block_preprocessor(sub {
    my ($block) = @_;

    $block->set_value(config => '
        location = /verify { smtp_verify; }
        location = /batch { smtp_verify_batch; smtp_verify_batch_probes 3; }
        location = /counters { smtp_verify_counters; }');
    $block->set_value(more_headers => 'Content-Type: text/plain');
});


# many domains, each with a host and an address of its own

sub others
{
    my ($n, $first) = @_;

    return CORE::join '', map {
        "d$_.test MX 1 h$_.test\nh$_.test A " . ($first + $_) . "\n"
    } 1 .. $n;
}


sub list
{
    my ($n) = @_;

    return "POST /batch?wait=0\n"
        . CORE::join '', map { "a\@d$_.test\n" } 1 .. $n;
}


sub addresses
{
    my ($first, $last) = @_;

    return CORE::join ',', $first .. $last;
}


# The places of a key are those of two sets, whose choice is chance.  If all 16
# happen to be in use or owed, the host is refused for now.

sub nearly_all
{
    return qr/"accepted_untested":1(?:4[5-9]|50)/;
}


run_tests();

__DATA__

=== TEST 1: refusals that are used up, and many who are accepted
--- smtp eval
"mx1 11 pipelining\nmx2 " . main::addresses(101, 250) . " pipelining accept\n"
--- dns eval
"+default\n" . main::others(150, 100)
--- request eval
[(map { "GET /verify?email=a$_\@ok.test" } 1 .. 4), main::list(150),
 "GET /verify?email=a5\@ok.test"]
--- no_shape
--- response_body_like eval
[(qr/"reason":"mailbox_not_found"/) x 3, qr/"reason":"throttled"/,
 main::nearly_all(), qr/"reason":"throttled"/]



=== TEST 2: a breaker that is open
--- smtp eval
"mx1 11\n    banner: 554 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using zen.spamhaus.org\n"
. "mx2 " . main::addresses(101, 250) . " pipelining accept\n"
--- dns eval
"+default\n" . main::others(150, 100)
--- request eval
[(map { "GET /verify?email=a$_\@ok.test" } 1 .. 3), main::list(150),
 "GET /verify?email=a5\@ok.test"]
--- no_shape
--- response_body_like eval
[qr/"reason":"sender_blocked"/, qr/"reason":"\w+"/, qr/"reason":"circuit_open"/,
 main::nearly_all(), qr/"reason":"circuit_open"/]



=== TEST 3: of those who owe as much themselves: nothing is forgotten, and who has no room is not asked
--- smtp eval
"mx1 11 pipelining\nmx2 " . main::addresses(101, 250) . " pipelining\n"
--- dns eval
"+default\n" . main::others(150, 100)
--- request eval
[(map { "GET /verify?email=a$_\@ok.test" } 1 .. 4), main::list(150),
 "GET /verify?email=a5\@ok.test", "GET /counters"]
--- no_shape
--- response_body_like eval
[(qr/"reason":"mailbox_not_found"/) x 3, qr/"reason":"throttled"/,
 qr/"mailbox_not_found":\d+,"throttled":\d\d|"throttled":\d\d+,/,
 qr/"reason":"throttled"/, qr/"crowded":[1-9]\d/]



=== TEST 4: who was reached before stays rather than who is new
--- http_config eval
"smtp_verify_throttle_zone zone=small:32k;
smtp_verify_throttle $main::Throttle;
smtp_verify_catch_all off;"
--- smtp eval
"mx1 11 pipelining users=john\nmx2 " . main::addresses(101, 250)
. " pipelining accept\n"
--- dns eval
"+default\n" . main::others(150, 100)
--- request eval
["GET /verify?email=john\@ok.test", main::list(150),
 "GET /verify?email=john\@ok.test", "GET /counters"]
--- no_shape
--- response_body_like eval
[qr/"reason":"accepted_untested"/, qr/"accepted_untested":150/,
 qr/"reason":"accepted_untested"/, qr/"crowded":0/]
