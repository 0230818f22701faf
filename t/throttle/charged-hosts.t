# Who is charged: the host that is connected to, and no other one that a
# domain's list names; and whose rules its answers are read by.

use lib 't/lib';
use TestVerify 'no_plan';
use TestVerify::Clients;
use TestVerify::Env;

master_on();
workers($ENV{TEST_CHARGED_WORKERS} // 4);
worker_connections(512);

preset_http(<<'END');
smtp_verify_throttle_zone zone=limits:1m;
smtp_verify_connect_timeout 200ms 200ms 200ms;
END


# the directives that a block does not set otherwise, and all ways to ask

add_block_preprocessor(sub {
    my ($block) = @_;

    my $http = $block->http_config // '';

    for ('smtp_verify_throttle zone=limits rate=100/s burst=100 pause=20s '
         . 'suspend=0;', 'smtp_verify_keepalive off;')
    {
        my ($name) = /^(\w+)/;
        $http .= "$_\n" if $http !~ /^\s*$name\s/m;
    }

    $block->set_value(http_config => $http);
    $block->set_value(config => <<'END') if !defined $block->config;
location = /verify {
    smtp_verify;
}
location = /batch {
    smtp_verify_batch;
}
location = /app {
    return 204;
}
location = /signup {
    smtp_verify_gate $arg_email;
    proxy_pass http://127.0.0.1:$server_port/app;
}
END
});


# a list of n domains with a host each that is not there, or that is somebody
# else's, beside one of their own

sub lists
{
    my ($n, $first) = @_;

    return CORE::join '', "mx.evil.test A 12\n", map {
        my $host = $first =~ s/%d/$_/gr;
        "a$_.test MX 10 $host\na$_.test MX 20 mx.evil.test\n"
    } 1 .. $n;
}


# one address of each of them

sub ask
{
    my ($n) = @_;

    return CORE::join '', map "u$_\@a$_.test\n", 1 .. $n;
}


# n answers of some kind, then another one

sub then
{
    my ($n, $json, $last) = @_;

    return CORE::join "\n--\n", ($json) x $n, $last;
}


run_tests();

1;

__DATA__

=== TEST 1: a provider's name that leads nowhere, beside a host that accepts all
--- smtp
mx1 12 pipelining accept
--- dns
liar.test MX 10 nope.olc.protection.outlook.com
liar.test MX 10 mx.liar.test
late.test MX 10 nope.olc.protection.outlook.com
late.test MX 20 mx.liar.test
gmx.test MX 10 nope.gmx.net
gmx.test MX 20 mx.liar.test
mx.liar.test A 12
--- address
good@liar.test
good@late.test
good@gmx.test
--- json
verdict: risky catch_all
smtp.is_catch_all: true
smtp.smtp_provider: null
smtp.mx_host: mx.liar.test
score: <= 80



=== TEST 2: the same in a list
--- smtp
mx1 12 pipelining accept
--- dns
liar.test MX 10 nope.gmail-smtp-in.l.google.com
liar.test MX 20 mx.liar.test
mx.liar.test A 12
--- more_headers
Content-Type: text/plain
--- request
POST /batch
good@liar.test
--- stream
reason: catch_all
smtp.is_catch_all: true
smtp.smtp_provider: null
--
summary: true



=== TEST 3: one whose 2xx proves nothing, beside a host that refuses others
--- smtp
mx1 12 pipelining users=john
--- dns
a.test MX 10 nope.yahoodns.net
a.test MX 20 mx.a.test
mx.a.test A 12
--- address: john@a.test
--- json
verdict: deliverable accepted
smtp.is_catch_all: false
smtp.smtp_provider: null



=== TEST 4: one whose 5xx proves nothing, and one that takes no second recipient
--- providers
provider no-proof
    name    "No Proof"
    mx      no-proof.example
    worth   refuses_all
provider one-only
    name    "One Only"
    mx      one-only.example
    second  no
--- smtp
mx1 12 pipelining users=john
--- dns
a.test MX 10 nope.no-proof.example
a.test MX 20 mx.a.test
b.test MX 10 nope.one-only.example
b.test MX 20 mx.a.test
mx.a.test A 12
--- address
jane@a.test
john@b.test
--- json
reason: mailbox_not_found
smtp.smtp_provider: null
--
reason: accepted
smtp.is_catch_all: false
smtp.smtp_provider: null



=== TEST 5: a rule of one provider's is for the host of that provider
--- rules
rule of-ours
    stage    rcpt
    code     550
    provider ours
    label    mailbox_not_found
    any      "access denied"
rule of-theirs
    stage    rcpt
    code     550
    label    policy_rejected
    any      "access denied"
--- providers
provider ours
    name    "Our Mail"
    mx      ours.example
--- smtp
mx1 12,13 pipelining
    rcpt: 550 Access denied
--- dns
a.test MX 10 nope.ours.example
a.test MX 20 mx.a.test
b.test MX 10 nope.b.test
b.test MX 20 mx.ours.example
mx.a.test A 12
mx.ours.example A 13
--- address
jane@a.test
jane@b.test
--- json
reason: policy_rejected
smtp.smtp_provider: null
--
reason: mailbox_not_found
smtp.smtp_provider: Our Mail



=== TEST 6: the other way round: the host of a provider behind one that fails
--- smtp
mx1 12 refuse
mx2 13 pipelining accept
--- dns
a.test MX 10 mx.a.test
a.test MX 10 nope.a.test
a.test MX 10 mta.yahoodns.net
mx.a.test A 12
mta.yahoodns.net A 13
--- address: jane@a.test
--- json
reason: unverifiable_provider
smtp.smtp_provider: Yahoo
smtp.mx_host: mta.yahoodns.net



=== TEST 7: a provider that is not to be asked, wherever it is in the list
--- providers
provider never
    name    "Never"
    mx      never.example
    probe   never
--- smtp
mx1 12 pipelining users=john
mx2 13 pipelining users=john
--- dns
a.test MX 10 nope.never.example
a.test MX 20 mx.a.test
b.test MX 10 nope.b.test
b.test MX 20 mx.never.example
c.test MX 10 mx.c.test
c.test MX 20 mx.never.example
d.test MX 10 mx.never.example
mx.a.test A 12
mx.c.test A 14
mx.never.example A 13
--- address
john@a.test
john@b.test
john@c.test
john@d.test
--- json
reason: accepted
smtp.smtp_provider: null
--
reason: not_probed
smtp.smtp_provider: Never
smtp.mx_host: mx.never.example
--
reason: connect_failed
smtp.mx_host: mx.c.test
smtp.smtp_provider: null
--
reason: not_probed
smtp.smtp_provider: Never
--- smtp_sessions
mx1 1
mx2 0



=== TEST 8: where no server was asked it is shown if all of the list are that one's
--- query: smtp=0
--- dns
a.test MX 10 aspmx.l.google.com
a.test MX 20 alt1.aspmx.l.google.com
b.test MX 10 aspmx.l.google.com
b.test MX 20 mx.b.test
--- address
john@a.test
john@b.test
--- json
reason: not_probed
smtp.smtp_provider: Google Workspace
--
reason: not_probed
smtp.smtp_provider: null



=== TEST 9: a host that was asked and did not answer is its provider's; what leads nowhere is nobody's, kept or not
--- http_config
smtp_verify_cache_zone zone=results:1m;
smtp_verify_cache results;
--- smtp
mx1 12 refuse
--- dns
a.test MX 10 aspmx.l.google.com
aspmx.l.google.com A 12
b.test MX 10 nope.gmail-smtp-in.l.google.com
--- address
john@a.test
john@b.test
john@b.test
--- json
reason: connect_failed
smtp.smtp_provider: Google Workspace
--
reason: no_mail_server
smtp.smtp_provider: null
cached: false
--
reason: no_mail_server
smtp.smtp_provider: null



=== TEST 10: refused recipients are those of the host that refused them
--- http_config
smtp_verify_throttle zone=limits rate=100/s burst=100 rejects=12/h;
--- smtp
mx1 11 pipelining users=good
mx2 12 pipelining
--- dns eval
"gmail.test MX 10 gmail-smtp-in.l.google.com\n"
. "gmail-smtp-in.l.google.com A 11\n"
. main::lists(14, 'nxd%d.gmail-smtp-in.l.google.com')
--- address eval
main::ask(14) . 'good@gmail.test'
--- json eval
CORE::join "\n--\n", ('reason: mailbox_not_found') x 12,
    ("reason: throttled\nsmtp.smtp_provider: null") x 2,
    "reason: accepted\nsmtp.smtp_provider: Gmail"



=== TEST 11: the same in a list
--- http_config
smtp_verify_throttle zone=limits rate=100/s burst=100 rejects=12/h;
--- smtp
mx1 11 pipelining users=good
mx2 12 pipelining
--- dns eval
"gmail.test MX 10 gmail-smtp-in.l.google.com\n"
. "gmail-smtp-in.l.google.com A 11\n"
. main::lists(12, 'nxd%d.gmail-smtp-in.l.google.com')
--- more_headers
Content-Type: text/plain
--- request eval
["POST /batch\n" . main::ask(12), 'GET /verify?email=good@gmail.test']
--- response_body_like eval
['"complete":true', '"reason":"accepted"']
--- no_shape



=== TEST 12: and in the gate
--- http_config
smtp_verify_throttle zone=limits rate=100/s burst=100 rejects=12/h;
--- smtp
mx1 11 pipelining users=good
mx2 12 pipelining
--- dns eval
"gmail.test MX 10 gmail-smtp-in.l.google.com\n"
. "gmail-smtp-in.l.google.com A 11\n"
. main::lists(12, 'nxd%d.gmail-smtp-in.l.google.com')
--- request eval
[(map "GET /signup?email=u$_\@a$_.test", 1 .. 12),
 'GET /signup?email=bad@gmail.test', 'GET /verify?email=good@gmail.test']
--- error_code eval
[(422) x 13, 200]
--- no_shape



=== TEST 13: nor is the host charged that is first by its name
--- http_config
smtp_verify_throttle zone=limits rate=100/s burst=100 rejects=16/h;
--- smtp
mx1 11 pipelining users=john
    banner@1: 421 4.3.2 Not now ; close
mx2 12 pipelining
mx3 13 pipelining users=john
--- dns eval
"ok.test MX 10 aa.ok.test\nok.test MX 20 bb.ok.test\n"
. "aa.ok.test A 11\nbb.ok.test A 13\n"
. main::lists(12, 'aa.ok.test.a%d.test')
. (CORE::join '', map "b$_.test MX 10 aa.ok.test\nb$_.test MX 10 mx.evil.test\n",
       1 .. 16)
--- address eval
main::ask(12) . (CORE::join '', map "u$_\@b$_.test\n", 1 .. 16) . "john\@ok.test"
--- json eval
CORE::join "\n--\n", ('reason: mailbox_not_found') x 12,
    ('reason: *') x 16, 'reason: accepted'



=== TEST 14: sessions at once: a tarpit holds its own
--- http_config
smtp_verify_throttle zone=limits conns=3 rate=1000/s burst=1000;
smtp_verify_timeout 6s;
smtp_verify_greeting_timeout 5s;
--- smtp
mx1 11 pipelining users=good
mx2 12 pipelining
    banner: hang
--- dns eval
"gmail.test MX 10 gmail-smtp-in.l.google.com\n"
. "gmail-smtp-in.l.google.com A 11\n"
. main::lists(24, 'nxd%d.gmail-smtp-in.l.google.com')
--- init
TestVerify::Clients::start('/verify?email=u@a%d.test', clients => 24);
TestVerify::Clients::worker_at($TestVerify::Env::SmtpPort);
--- address: good@gmail.test
--- json
reason: accepted
--- within: 2s
--- linger: 10s



=== TEST 15: a provider's own limit is for its hosts
--- providers
provider ours
    name     "Our Mail"
    mx       ours.example
    sessions 1
    messages 1
--- http_config
smtp_verify_throttle zone=limits conns=5 rate=1000/s burst=1000;
--- smtp
mx1 11 pipelining users=good
mx2 12 pipelining
    rcpt: wait 300ms ; default
--- dns eval
"ours.test MX 10 mx.ours.example\nmx.ours.example A 11\n"
. main::lists(4, 'nxd%d.ours.example')
--- init
TestVerify::Clients::start('/verify?email=u@a%d.test', clients => 4);
--- address: good@ours.test
--- json
reason: accepted
smtp.smtp_provider: Our Mail
--- smtp_check eval
sub {
    my ($sessions) = @_;

    # together, and not one after the other

    my @t = sort { $a <=> $b }
            map { $_->{t} } grep { $_->{server} eq 'mx2' } @$sessions;

    return TestVerify::Clients::reasons() eq 'mailbox_not_found 4'
           && @t == 4 && $t[3] - $t[0] < 0.25;
}
--- linger: 4s



=== TEST 16: the rate
--- http_config
smtp_verify_throttle zone=limits rate=2/m burst=3 wait=200ms;
--- smtp
mx1 11 pipelining users=good
mx2 12 pipelining
--- dns eval
"gmail.test MX 10 gmail-smtp-in.l.google.com\n"
. "gmail-smtp-in.l.google.com A 11\n"
. main::lists(4, 'nxd%d.gmail-smtp-in.l.google.com')
--- address eval
main::ask(4) . 'good@gmail.test'
--- json eval
main::then(4, 'reason: mailbox_not_found', 'reason: accepted')



=== TEST 17: each host of a list by its own: the next one has its slot
--- http_config
smtp_verify_throttle zone=limits conns=1 rate=100/s burst=100 wait=200ms;
smtp_verify_timeout 7s;
smtp_verify_read_timeout 6s;
--- smtp
mx1 11 refuse
mx2 12 pipelining
    rcpt: wait 3s ; default
mx3 13 pipelining users=john
--- dns
slow.test MX 10 mx.slow.test
mx.slow.test A 12
both.test MX 10 dead.both.test
both.test MX 20 mx.slow.test
dead.both.test A 11
ok.test MX 10 dead.both.test
ok.test MX 20 mx.ok.test
mx.ok.test A 13
--- init
TestVerify::Clients::start('/verify?email=u@slow.test');
select undef, undef, undef, 0.5 * $TestVerify::Blocks::Slow;
--- address
u@both.test
john@ok.test
--- json
reason: throttled
smtp.mx_host: mx.slow.test
--
reason: accepted
--- smtp_check eval
sub {
    return TestVerify::Clients::reasons() eq 'mailbox_not_found 1';
}
--- linger: 5s



=== TEST 18: names of one's own for another's host spend, and have, no more than its own
--- http_config
smtp_verify_throttle zone=limits rate=100/s burst=100 rejects=6/h;
--- smtp
mx1 11 pipelining users=john
mx2 12 pipelining users=john
--- dns eval
"ok.test MX 10 mx.ok.test\nmx.ok.test A 11\n"
. "two.test MX 10 mx.two.test\nmx.two.test A 12\n"
. CORE::join '', map "a$_.test MX 10 mx.a$_.test\nmx.a$_.test A 11\n", 1 .. 8
--- address eval
main::ask(8) . "jane\@ok.test\njane\@two.test"
--- json eval
CORE::join "\n--\n", ('reason: mailbox_not_found') x 6,
    ("reason: throttled\nblame: local") x 3, 'reason: mailbox_not_found'
--- smtp_sessions
mx1 6
mx2 1



=== TEST 19: the same by CNAME, of a provider's host
--- http_config
smtp_verify_throttle zone=limits rate=100/s burst=100 rejects=6/h;
--- smtp
mx1 11 pipelining
--- dns eval
"gmail.test MX 10 gmail-smtp-in.l.google.com\n"
. "gmail-smtp-in.l.google.com A 11\n"
. CORE::join '', map {
    "a$_.test MX 10 mx.a$_.test\n"
    . "mx.a$_.test CNAME gmail-smtp-in.l.google.com\n"
} 1 .. 6
--- address eval
"bad\@gmail.test\n" . main::ask(6) . 'good@gmail.test'
--- json eval
CORE::join "\n--\n", ('reason: mailbox_not_found') x 6,
    ('reason: throttled') x 2
--- smtp_sessions: 6



=== TEST 20: nor are they a way around a breaker: a block
--- smtp
mx1 11 pipelining users=john
    banner: 554 5.7.1 Service unavailable; client host blocked using zen.spamhaus.org
mx2 12 pipelining users=john
--- dns eval
"gmail.test MX 10 gmail-smtp-in.l.google.com\n"
. "gmail-smtp-in.l.google.com A 11\n"
. "two.test MX 10 mx.two.test\nmx.two.test A 12\n"
. CORE::join '', map {
    "a$_.test MX 10 mx.a$_.test\n"
    . "mx.a$_.test CNAME gmail-smtp-in.l.google.com\n"
} 1 .. 6
--- address eval
"u\@gmail.test\n" . main::ask(6) . 'john@two.test'
--- json eval
CORE::join "\n--\n", ('reason: sender_blocked') x 2,
    ("reason: circuit_open\nblame: local\nretry_after: >= 15") x 5,
    'reason: accepted'
--- smtp_sessions
mx1 2
mx2 1



=== TEST 21: a limit of our rate, and 421
--- smtp
mx1 11 pipelining users=john
    banner: 421 4.7.28 Rate limit exceeded ; close
mx2 12 pipelining users=john
    ehlo: 421 4.3.2 Not now ; close
--- dns eval
CORE::join '', map {
    "a$_.test MX 10 mx.a$_.test\nmx.a$_.test A 11\n"
    . "b$_.test MX 10 mx.b$_.test\nmx.b$_.test A 12\n"
} 1 .. 6
--- address eval
main::ask(6) . CORE::join "\n", map "u$_\@b$_.test", 1 .. 6
--- json eval
CORE::join "\n--\n", ("smtp.response_code: 421") x 3,
    ('reason: circuit_open') x 3,
    ("smtp.response_code: 421") x 4, ('reason: circuit_open') x 2
--- smtp_sessions
mx1 3
mx2 4



=== TEST 22: another address of a host is asked, and when the pause is over the first one, once
--- http_config
smtp_verify_throttle zone=limits rate=100/s burst=100 pause=1s suspend=0;
--- smtp
mx1 11 pipelining users=john
    banner@1: 421 4.3.2 Not now ; close
    banner@2: 421 4.3.2 Not now ; close
    banner@3: 421 4.3.2 Not now ; close
    banner@4: 421 4.3.2 Not now ; close
mx2 12 pipelining users=john
--- dns eval
"ok.test MX 10 mx.ok.test\nmx.ok.test A 11\nmx.ok.test A 12\n"
. "one.test MX 10 mx.one.test\nmx.one.test A 11\n"
. CORE::join '', map "a$_.test MX 10 mx.a$_.test\nmx.a$_.test A 11\n", 1 .. 4
--- request eval
[(map "GET /verify?email=u$_\@a$_.test", 1 .. 4),
 (map "GET /verify?email=john\@ok.test", 1 .. 4),
 'GET /verify?email=john@one.test',
 ["POST /verify\nemail=", { value => 'john@one.test', delay_before => 1.3 }],
 'GET /verify?email=john@one.test']
--- more_headers
Content-Type: application/x-www-form-urlencoded
--- json eval
CORE::join "\n--\n", ("smtp.response_code: 421") x 4,
    ("reason: accepted\nsmtp.attempts: 1") x 4, 'reason: circuit_open',
    ('reason: accepted') x 2
--- smtp_sessions
mx1 6
mx2 4



=== TEST 23: what one domain at an address is told closes it to no other one
--- smtp
mx1 11 pipelining users=john
    rcpt block*: 550 5.7.1 Administrative prohibition - envelope blocked
    rcpt rate*: 421 4.7.28 Our system has detected an unusual rate ; close
    rcpt hang*: close
--- dns eval
CORE::join '', map {
    "$_.test MX 10 mx.$_.test\nmx.$_.test A 11\n"
} 'ok', map "a$_", 1 .. 6
--- address eval
CORE::join "\n", (map { ("block$_\@a1.test", "rate$_\@a1.test") } 1 .. 4),
    (map "john\@a$_.test", 2 .. 4), 'john@ok.test'
--- json eval
CORE::join "\n--\n", ("reason: *") x 8, ('reason: accepted') x 4



=== TEST 24: the breaker of an address and that of its name are one in the counters
--- config
location = /verify {
    smtp_verify;
}

location = /counters {
    smtp_verify_counters;
}
--- smtp
mx1 11 pipelining
    banner: 554 5.7.1 Service unavailable; client host blocked using zen.spamhaus.org
--- request eval
['GET /verify?email=a@ok.test', 'GET /verify?email=b@ok.test',
 'GET /verify?email=c@ok.test', 'GET /counters']
--- no_shape
--- json
reason: sender_blocked
--
reason: sender_blocked
--
reason: circuit_open
--
throttles.limits.open: 1
throttles.limits.opened: 1



=== TEST 25: machines that customers have below a provider's name are no hosts of it
--- http_config
smtp_verify_throttle zone=limits rate=100/s burst=100 rejects=4/h;
--- smtp
mx1 11,13,15 pipelining users=john
mx2 12,14,16 pipelining
--- dns
aws.test MX 10 inbound-smtp.us-east-1.amazonaws.com
inbound-smtp.us-east-1.amazonaws.com A 11
a1.test MX 10 ec2-192-0-2-1.compute-1.amazonaws.com
ec2-192-0-2-1.compute-1.amazonaws.com A 12
hetzner.test MX 10 www7.your-server.de
www7.your-server.de A 13
a2.test MX 10 static.1.2.0.192.clients.your-server.de
static.1.2.0.192.clients.your-server.de A 14
ovh.test MX 10 mx1.mail.ovh.net
mx1.mail.ovh.net A 15
a3.test MX 10 vps-1.vps.ovh.net
vps-1.vps.ovh.net A 16
--- address eval
CORE::join "\n", (map { my $n = $_; map "u$_\@a$n.test", 1 .. 4 } 1 .. 3),
    map "john\@$_.test", 'aws', 'hetzner', 'ovh'
--- json eval
CORE::join "\n--\n",
    ("reason: mailbox_not_found\nsmtp.smtp_provider: null") x 12,
    map "reason: accepted\nsmtp.smtp_provider: /$_/", 'Amazon', 'Hetzner',
        'OVH'
