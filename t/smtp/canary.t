# A server that has refused many may begin to accept everybody: is it noticed?

use lib 't/lib';
use TestVerify 'no_plan';
use TestVerify::Clients;

preset(smtp => "mx1 11 pipelining harvest=25 users=john\n", no_zones => "",
       no_reuse => "");
preset_http("smtp_verify_timeout 15s;\n");

my $list = "location = /batch {\nsmtp_verify_batch;\n}\n"
    . "location = /counters {\nsmtp_verify_counters;\n}\n";

add_block_preprocessor(sub {
    my ($block) = @_;

    $block->set_value(config => ($block->config // '') . $list)
        if ($block->request // '') =~ /batch/;
});


# recipients that nobody has, by their random names

sub randoms
{
    my ($transcript) = @_;

    return scalar grep { /C: RCPT TO:<[a-km-z2-9]{20}\@/ }
        split /\n/, $transcript;
}


# addresses of which none exists

sub nobodies
{
    my ($first, $last) = @_;

    return map { "no$_\@ok.test" } $first .. $last;
}


sub few_canaries
{
    my ($transcript) = @_;

    my $reasons = TestVerify::Clients::reasons();
    my $n = randoms($transcript);

    print STDERR "# $reasons, canaries: $n\n";

    # another one may be due behind a few that come later

    return $reasons eq 'accepted 10, mailbox_not_found 6'
           && $n >= 1 && $n <= 3;
}


sub lines
{
    return CORE::join '', map { "$_\n" } @_;
}

run_tests();

__DATA__

=== TEST 1: single questions: nobody who does not exist is accepted
--- address eval
main::lines(main::nobodies(1, 61))
--- json
reason: /^(mailbox_not_found|accepted_untested)$/
--- linger: 5s



=== TEST 2: unless that is not wanted
--- http_config
smtp_verify_catch_all on canary=off;
--- address eval
main::lines(main::nobodies(1, 40))
--- json eval
CORE::join "--\n", ("reason: /^(mailbox_not_found|accepted)\$/\n") x 39,
    "reason: accepted\n"
--- linger: 5s



=== TEST 3: likewise of no kept session
--- http_config
smtp_verify_keepalive off;
--- address eval
main::lines(main::nobodies(1, 61))
--- json eval
CORE::join "--\n", ("reason: mailbox_not_found\n") x 25,
    ("verdict: risky accepted_untested confirmed\nsmtp.is_catch_all: null\n"
     . "smtp.response_code: 250\n") x 36
--- smtp_check eval
sub { main::randoms($_[1]) == 1 }
--- linger: 5s



=== TEST 4: with zones: the domain rests, and its host for others does not
--- http_config
smtp_verify_keepalive off;
smtp_verify_cache_zone zone=c:1m;
smtp_verify_cache c;
smtp_verify_throttle_zone zone=t:1m;
smtp_verify_throttle zone=t rate=1000/s burst=1000 rejects=1000/h;
--- dns
+default
b.test MX 10 mx1.ok.test
--- address eval
main::lines(main::nobodies(1, 40), 'a@b.test')
--- json eval
CORE::join "--\n", ("reason: mailbox_not_found\n") x 25,
    "reason: accepted_untested\nsmtp.rule: canary-accepted\n",
    ("reason: circuit_open\nretry_after: >= 1\n") x 14,
    "reason: catch_all\n"
--- smtp_check eval
sub { main::randoms($_[1]) == 2 }



=== TEST 5: a list
--- more_headers
Content-Type: text/plain
--- request eval
"POST /batch\n" . main::lines(main::nobodies(1, 61))
--- stream eval
CORE::join "--\n",
    (map { "index: $_\nreason: /^(mailbox_not_found|accepted_untested)\$/\n" }
     0 .. 60),
    "summary: true\nlines: 61\n"
--- linger: 5s



=== TEST 6: a list, with zones: what is left is asked for later
--- http_config
smtp_verify_cache_zone zone=c:1m;
smtp_verify_cache c;
smtp_verify_throttle_zone zone=t:1m;
smtp_verify_throttle zone=t rate=1000/s burst=1000 rejects=1000/h;
--- more_headers
Content-Type: text/plain
--- request eval
"POST /batch?wait=1\n" . main::lines(main::nobodies(1, 61))
--- stream eval
CORE::join "--\n",
    (map { "index: $_\nreason: /^(mailbox_not_found|accepted_untested|"
           . "circuit_open)\$/\n" } 0 .. 60),
    "summary: true\nlines: 61\n"
--- linger: 5s



=== TEST 7: it turns just behind a canary: that is seen a few accepted ones later
--- http_config
smtp_verify_keepalive off;
--- address eval
main::lines(main::nobodies(1, 20), 'john@ok.test', main::nobodies(21, 40))
--- json eval
CORE::join "--\n", ("reason: mailbox_not_found\n") x 20,
    "reason: accepted\nsmtp.is_catch_all: false\n",
    ("reason: mailbox_not_found\n") x 4,
    ("reason: accepted\n") x 3,
    ("reason: accepted_untested\n") x 13
--- smtp_check eval
sub { main::randoms($_[1]) == 2 }
--- linger: 5s



=== TEST 8: no answer to the canary: not known, and not asked each time
--- http_config
smtp_verify_keepalive off;
smtp_verify_catch_all on canary=5;
--- smtp
mx1 11 pipelining
    rcpt no*: 550 5.1.1 User unknown
    rcpt o*: 250 2.1.5 Ok
    rcpt: 451 4.7.1 Later
--- address eval
main::lines(main::nobodies(1, 5), 'o1@ok.test', 'o2@ok.test')
--- json eval
CORE::join "--\n", ("reason: mailbox_not_found\n") x 5,
    ("reason: accepted_untested\nsmtp.is_catch_all: null\n") x 2
--- smtp_check eval
sub { main::randoms($_[1]) == 1 }



=== TEST 9: where no random recipient may be asked there is no proof
--- http_config
smtp_verify_keepalive off;
smtp_verify_catch_all off canary=5;
--- smtp
mx1 11 pipelining
    rcpt o*: 250 2.1.5 Ok
--- address eval
main::lines(main::nobodies(1, 4), 'o1@ok.test', main::nobodies(5, 5),
            'o2@ok.test', 'o3@ok.test')
--- json eval
CORE::join "--\n", ("reason: mailbox_not_found\n") x 4,
    "reason: accepted\n", "reason: mailbox_not_found\n",
    ("reason: accepted_untested\n") x 2
--- smtp_check eval
sub { main::randoms($_[1]) == 0 }



=== TEST 10: where only one may be asked in a session, it is asked in another one
--- http_config
smtp_verify_keepalive off;
smtp_verify_catch_all on canary=5;
--- providers
provider ok
    name     "OK"
    mx       ok.test
    worth    definitive
    second   no
    source   this test
--- smtp
mx1 11 pipelining
    rcpt o*: 250 2.1.5 Ok
--- address eval
main::lines(main::nobodies(1, 5), 'o1@ok.test', 'o2@ok.test')
--- json eval
CORE::join "--\n", ("reason: mailbox_not_found\n") x 5,
    ("reason: accepted\n") x 2
--- smtp_sessions: 8
--- smtp_check eval
sub { main::randoms($_[1]) == 1 }



=== TEST 11: many who are accepted at once wait for the same canary
--- http_config
smtp_verify_catch_all on canary=5;
--- smtp
mx1 11 pipelining
    rcpt o*: wait 100ms ; 250 2.1.5 Ok
--- init
TestVerify::Clients::start('/verify?email=no%d@ok.test', clients => 6);
TestVerify::Clients::finish();
TestVerify::Clients::start('/verify?email=o%d@ok.test', clients => 10);
--- address
o99@ok.test
--- json
reason: accepted
smtp.is_catch_all: false
--- smtp_check eval
sub { main::few_canaries($_[1]) }



=== TEST 12: one domain of a shared host: what is found out of it is of no other one
--- http_config
smtp_verify_keepalive off;
smtp_verify_catch_all on canary=5;
smtp_verify_throttle_zone zone=t:1m;
smtp_verify_throttle zone=t rate=1000/s burst=1000 rejects=1000/h;
--- dns
a.test MX 10 mx.host.test
b.test MX 10 mx.host.test
c.test MX 10 mx.host.test
mx.host.test A 11
--- smtp
mx1 11 pipelining
    rcpt *@c.test: 250 2.1.5 Ok
    rcpt o*: 250 2.1.5 Ok
--- address
o1@b.test
no1@a.test
no2@a.test
no3@a.test
no4@a.test
no5@a.test
no1@c.test
o2@b.test
o3@b.test
o4@b.test
no2@c.test
--- json
reason: accepted
--
reason: mailbox_not_found
--
reason: mailbox_not_found
--
reason: mailbox_not_found
--
reason: mailbox_not_found
--
reason: mailbox_not_found
--
reason: catch_all
--
reason: accepted
--
reason: accepted
--
reason: accepted
--
reason: catch_all
--- smtp_check eval
sub { main::randoms($_[1]) == 3 }



=== TEST 13: an honest host: what a long list costs it
--- http_config
smtp_verify_max_probes 20;
smtp_verify_cache_zone zone=c:1m;
smtp_verify_cache c;
--- smtp
mx1 11 pipelining gather=0.001
    rcpt o*: 250 2.1.5 Ok
--- more_headers
Content-Type: text/plain
--- request eval
my $x = 7;
"POST /batch\n" . main::lines(map {
    $x = ($x * 16807) % 2147483647;
    ($x % 10 < 3 ? 'no' : 'o') . "$_\@ok.test"
} 1 .. 1000)
--- stream eval
my $x = 7;
CORE::join "--\n",
    (map {
        $x = ($x * 16807) % 2147483647;
        'reason: ' . ($x % 10 < 3 ? 'mailbox_not_found' : 'accepted') . "\n"
    } 1 .. 1000), "summary: true\nlines: 1000\n"
--- smtp_check eval
sub {
    my $n = main::randoms($_[1]);
    print STDERR "# $n canaries\n";
    $n >= 1 && $n <= 60;
}
--- linger: 8s



=== TEST 14: another number
--- http_config
smtp_verify_catch_all canary=5;
--- must_die
--- error_log
invalid value "canary=5"



=== TEST 15: no number
--- http_config
smtp_verify_catch_all on canary=0;
--- must_die
--- error_log
invalid parameter "canary=0"



=== TEST 16: what a domain is found to be where a canary is due is kept for less
--- http_config
smtp_verify_keepalive off;
smtp_verify_catch_all on canary=5;
smtp_verify_cache_valid accepted_untested 0;
--- dns
+default
b.test MX 10 mx1.ok.test
--- smtp
mx1 11 pipelining
    rcpt *@b.test: 250 2.1.5 Ok
--- address eval
main::lines('a@b.test', 'b@b.test', main::nobodies(1, 5), 'c@b.test')
--- json eval
CORE::join "--\n", ("reason: catch_all\n") x 2,
    ("reason: mailbox_not_found\n") x 5, "reason: catch_all\n"
--- smtp_check eval
sub { main::randoms($_[1]) == 1 }



=== TEST 17: likewise, of a domain of which nothing was known
--- http_config
smtp_verify_keepalive off;
smtp_verify_catch_all on canary=5;
smtp_verify_cache_valid accepted_untested 0;
--- dns
+default
b.test MX 10 mx1.ok.test
--- smtp
mx1 11 pipelining
    rcpt *@b.test: 250 2.1.5 Ok
--- address eval
main::lines(main::nobodies(1, 5), 'a@b.test', 'b@b.test')
--- json eval
CORE::join "--\n", ("reason: mailbox_not_found\n") x 5,
    ("reason: catch_all\n") x 2
--- smtp_check eval
sub { main::randoms($_[1]) == 2 }



=== TEST 18: both in one flight: a canary is asked behind it
--- http_config
smtp_verify_keepalive off;
smtp_verify_catch_all eager canary=5;
--- smtp
mx1 11 pipelining
    rcpt o*: 250 2.1.5 Ok
--- address eval
main::lines(main::nobodies(1, 6), 'o1@ok.test', 'o2@ok.test')
--- json eval
CORE::join "--\n", ("reason: mailbox_not_found\n") x 6,
    ("reason: accepted\n") x 2
--- smtp_check eval
sub { main::randoms($_[1]) == 2 }



=== TEST 19: locations with other numbers share no result
--- smtp
mx1 11 pipelining harvest=1 users=john
--- http_config
smtp_verify_throttle_zone zone=t:1m;
smtp_verify_throttle zone=t;
smtp_verify_keepalive off;
smtp_verify_cache_zone zone=c:1m;
smtp_verify_cache c;
smtp_verify_catch_all on canary=off;
--- config
location = /off {
    smtp_verify;
}

location = /one {
    smtp_verify;
    smtp_verify_catch_all on canary=1;
}
--- request eval
["GET /off?email=no1\@ok.test", "GET /off?email=john\@ok.test",
 "GET /off?email=ghost\@ok.test", "GET /one?email=ghost\@ok.test",
 "GET /off?email=ghost\@ok.test"]
--- json
reason: mailbox_not_found
--
reason: accepted
--
reason: accepted
cached: false
--
reason: /^(catch_all|accepted_untested)$/
cached: false
--
reason: accepted
cached: true
