# Budgets of refused recipients: a receiver that bans whoever asks for too many
# mailboxes that do not exist is not driven there.

use lib 't/lib';
use TestVerify 'no_plan';
use TestVerify::Clients;

master_on();
workers(2);
worker_connections(1024);

preset(smtp => "mx1 11 pipelining users=john,mary\n");
preset_http(<<'END');
smtp_verify_throttle_zone zone=limits:1m;
smtp_verify_timeout 15s;
END

# the defaults, but for the rate: that is not what is looked at here

add_block_preprocessor(sub {
    my ($block) = @_;

    return if $block->must_die;

    my $http = $block->http_config // '';

    $http .= "smtp_verify_throttle zone=limits rate=1000/s burst=1000;\n"
        if $http !~ /^\s*smtp_verify_throttle\s/m;

    $block->set_value(http_config => $http);
    $block->set_value(config => <<'END') if !$block->config;
location = /verify { smtp_verify; smtp_verify_max_wait 0; }
location = /batch { smtp_verify_batch; }
location = /counters { smtp_verify_counters; }
END
});


# so many of each, one after the other

sub ask
{
    my ($n, @domains) = @_;

    return map { my $i = $_; map "u$i\@$_", @domains } 1 .. $n;
}


sub says
{
    return CORE::join "\n--\n", map { /:/ ? $_ : "reason: $_" } @_;
}


# recipients that servers refused, by all sessions

sub refused
{
    my ($transcript) = @_;

    return scalar(() = $transcript =~ /S: 550 5\.1\.1/g);
}

run_tests();

__DATA__

=== TEST 1: an unknown destination: so many of one domain, and some of another one
--- dns
+default
a.test MX 10 mx1.ok.test
--- address eval
CORE::join "\n", main::ask(16, 'ok.test'), main::ask(6, 'a.test'), 'john@ok.test'
--- json eval
main::says(('mailbox_not_found') x 15, "reason: throttled\nblame: local\n"
           . "retry_after: >= 3500", ('mailbox_not_found') x 5,
           'throttled', 'throttled')



=== TEST 2: of a gateway each host by itself, and its customer beside it
--- smtp
mx1 11 pipelining users=john
mx2 12 pipelining users=john
--- dns
one.test MX 10 mx1.hc1.iphmx.com
mx1.hc1.iphmx.com A 11
two.test MX 10 mx1.hc2.iphmx.com
mx1.hc2.iphmx.com A 12
--- address eval
CORE::join "\n", main::ask(21, 'one.test'), main::ask(3, 'two.test'), 'john@two.test'
--- json eval
main::says(('mailbox_not_found') x 20, 'throttled',
           ('mailbox_not_found') x 3, 'accepted')



=== TEST 3: of a provider all hosts together
--- http_config
smtp_verify_throttle_provider icloud rejects=4/h;
--- smtp
mx1 11 pipelining users=john
mx2 12 pipelining users=john
--- dns
icloud.com MX 10 mx01.mail.icloud.com
mx01.mail.icloud.com A 11
mine.test MX 10 mx02.mail.icloud.com
mx02.mail.icloud.com A 12
--- address eval
CORE::join "\n", main::ask(3, 'icloud.com', 'mine.test'), 'john@mine.test'
--- json eval
main::says(('mailbox_not_found') x 4, ('throttled') x 3)



=== TEST 4: who is known and publishes nothing: as many as before
--- dns
icloud.com MX 10 mx01.mail.icloud.com
mx01.mail.icloud.com A 11
--- address eval
CORE::join "\n", main::ask(60, 'icloud.com')
--- json eval
main::says(('mailbox_not_found') x 60)



=== TEST 5: a gateway's by a directive, too
--- http_config
smtp_verify_throttle_provider cisco rejects=2-8/h;
--- dns
one.test MX 10 mx1.hc1.iphmx.com
mx1.hc1.iphmx.com A 11
two.test MX 10 mx1.hc2.iphmx.com
mx1.hc2.iphmx.com A 12
--- address eval
CORE::join "\n", main::ask(3, 'one.test')
--- json eval
main::says(('mailbox_not_found') x 2, 'throttled')



=== TEST 6: what is given is kept to, be it more than a provider's, or none
--- http_config
smtp_verify_throttle zone=limits rate=1000/s burst=1000 rejects=3/h;
--- dns
+default
one.test MX 10 mx1.hc1.iphmx.com
mx1.hc1.iphmx.com A 12
--- smtp
mx1 11 pipelining users=john
mx2 12 pipelining users=john
--- address eval
CORE::join "\n", main::ask(4, 'ok.test', 'one.test')
--- json eval
main::says(('mailbox_not_found') x 6, ('throttled') x 2)



=== TEST 7: a complaint: half of it
--- smtp
mx1 11 pipelining users=john ban=8
--- http_config
smtp_verify_throttle zone=limits rate=1000/s burst=1000 breaker=off;
--- request eval
[(map "GET /verify?email=$_", main::ask(9, 'ok.test')), 'GET /counters']
--- no_shape
--- json eval
main::says(('mailbox_not_found') x 7, 'smtp.response_code: 421', 'throttled',
           "throttles.limits.rejects: 7\nthrottles.limits.falls: 2\n"
           . "throttles.limits.fallen: 2\nthrottles.limits.risen: 0\n"
           . "throttles.limits.exhausted: >= 1")



=== TEST 8: which one domain at a shared host makes for itself alone
--- smtp
mx1 11 pipelining users=john
    rcpt *@evil.test: 421 4.7.1 Too many invalid recipients ; close
--- dns
+default
evil.test MX 10 mx1.ok.test
--- address eval
CORE::join "\n", main::ask(2, 'ok.test'), main::ask(2, 'evil.test'), main::ask(9, 'ok.test'),
    'john@ok.test'
--- json eval
main::says(('mailbox_not_found') x 2, ('*') x 2, ('mailbox_not_found') x 9,
           'accepted')



=== TEST 9: a refusal of us is no refused recipient
--- http_config
smtp_verify_throttle zone=limits rate=1000/s burst=1000 breaker=off rejects=2/h;
--- smtp
mx1 11 pipelining users=john
    rcpt bold*: 550 5.7.1 Client host blocked using zen.spamhaus.org
--- address eval
CORE::join "\n", (map "bold$_\@ok.test", 1 .. 5), main::ask(3, 'ok.test')
--- json eval
main::says(('sender_blocked') x 5, ('mailbox_not_found') x 2, 'throttled')



=== TEST 10: nor is a refusal of the session, whose address is asked anew
--- http_config
smtp_verify_throttle zone=limits rate=1000/s burst=1000 rejects=4/h;
smtp_verify_keepalive 8 rejects=8 timeout=2s;
smtp_verify_catch_all off;
--- smtp
mx1 11 pipelining users=john
    rcpt#2: 550 5.5.3 Too many invalid recipients in this session
--- request eval
[(map "GET /verify?email=$_", main::ask(4, 'ok.test')), 'GET /counters']
--- no_shape
--- json eval
main::says(('mailbox_not_found') x 4, 'throttles.limits.rejects: 4')



=== TEST 11: single questions, a list and kept sessions, two workers: never banned
--- smtp
mx1 11 pipelining users=john,mary ban=25
--- init
TestVerify::Clients::start('/verify?email=a%d@ok.test', clients => 30);
TestVerify::Clients::start('/verify?email=b%d@ok.test', clients => 30, after => 0.2);
TestVerify::Clients::start('/verify?email=mary@ok.test', clients => 5, after => 0.3);
--- more_headers
Content-Type: text/plain
--- request eval
["POST /batch?wait=0\n" . CORE::join('', map "c$_\@ok.test\n", 1 .. 60),
 'GET /verify?email=d@ok.test']
--- no_shape
--- response_body_like eval
[qr/"complete":true/, qr/"reason":"throttled"/]
--- smtp_check eval
sub {
    my ($sessions, $transcript) = @_;

    my $reasons = TestVerify::Clients::reasons();
    my $refused = main::refused($transcript);

    print STDERR "# $reasons; refused $refused\n" if $refused > 20;

    return $transcript !~ /S: 421/ && $refused <= 20 && $refused >= 12;
}
--- linger: 8s



=== TEST 12: both recipients in one flight, each session for one
--- http_config
smtp_verify_keepalive off;
smtp_verify_catch_all eager;
--- smtp
mx1 11 pipelining users=john,mary ban=25
--- dns eval
"+default\n" . CORE::join '', map "d$_.test MX 10 mx1.ok.test\n", 1 .. 40
--- init
TestVerify::Clients::start('/verify?email=a%d@d%d.test', clients => 40);
--- address: a@ok.test
--- json
reason: *
--- smtp_check eval
sub {
    my ($sessions, $transcript) = @_;

    my $reasons = TestVerify::Clients::reasons();

    return $transcript !~ /S: 421/ && main::refused($transcript) <= 20;
}
--- linger: 8s



=== TEST 13: many names of one address, and many domains
--- smtp
mx1 11 pipelining users=john ban=25
--- dns eval
"+default\n" . CORE::join '', map "d$_.test MX 10 mx.d$_.test\nmx.d$_.test A 11\n", 1 .. 40
--- init
TestVerify::Clients::start('/verify?email=a@d%d.test', clients => 40);
--- address: a@ok.test
--- json
reason: *
--- smtp_check eval
sub {
    my ($sessions, $transcript) = @_;

    my $reasons = TestVerify::Clients::reasons();

    return $transcript !~ /S: 421/ && main::refused($transcript) <= 20;
}
--- linger: 8s



=== TEST 14: what a reload finds
--- request eval
[map "GET /verify?email=$_", main::ask(15, 'ok.test'), 'john@ok.test']
--- signal
1ms HUP
--- json eval
main::says(('mailbox_not_found') x 15, 'throttled')



=== TEST 15: a number alone
--- http_config
smtp_verify_throttle zone=limits rejects=20;
--- must_die
--- error_log
invalid parameter "rejects=20", a number an hour is needed, as in "rejects=200/h" or "rejects=20-200/h"



=== TEST 16: at most less than at first
--- http_config
smtp_verify_throttle zone=limits rejects=20-10/h;
--- must_die
--- error_log
invalid parameter "rejects=20-10/h"



=== TEST 17: of nothing
--- http_config
smtp_verify_throttle zone=limits rejects=0/h;
--- must_die
--- error_log
invalid parameter "rejects=0/h"



=== TEST 18: of a provider, without a unit
--- http_config
smtp_verify_throttle_provider gmail rejects=20;
--- must_die
--- error_log
invalid parameter "rejects=20" in "smtp_verify_throttle_provider" directive
