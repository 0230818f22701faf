# A 5xx to RCPT that speaks of the session, or of all that we asked, says
# nothing of the address: each kind of it as the first word of a session, and
# as a later one.

use lib 't/lib';
use TestVerify 'no_plan';

# text, and what it means where a session begins with it

our @kinds = (
    ['550 5.5.3 Too many recipients', 'rate_limited'],
    ['550 Too many recipients in this session', 'rate_limited'],
    ['554 5.7.1 Session limit exceeded', 'rate_limited'],
    ['550 5.7.1 Directory harvest attack detected', 'rate_limited'],
    ['550 Recipient harvesting: goodbye', 'rate_limited'],
    ['554 5.5.0 Error: too many errors', 'rate_limited'],
    ['550 5.1.1 Too many unknown users', 'rate_limited'],
    ['550 5.7.1 Too many invalid recipients', 'rate_limited'],
    ['550 Maximum number of invalid recipients reached', 'rate_limited'],
    ['554 Too many syntax or protocol errors', 'rate_limited'],
    ['503 5.5.1 Bad sequence of commands', 'rejected'],
    ['503 Sender already specified', 'rejected'],
    ['550 5.7.1 Access denied', 'policy_rejected'],
    ['554 5.7.1 <$rcpt>: Recipient address rejected: Access denied',
     'policy_rejected'],
    ['550 Administrative prohibition', 'policy_rejected'],
);


# a domain and a server for each of them, with a rule

sub servers
{
    my ($options, $event) = @_;

    return CORE::join '', map {
        'mx' . ($_ + 1) . ' ' . ($_ + 11) . " $options\n    $event: "
            . $kinds[$_][0] . "\n    rcpt o*: 250 2.1.5 Ok\n"
    } 0 .. $#kinds;
}


sub domains
{
    return CORE::join '', map {
        my $n = $_ + 1;
        my $ip = $_ + 11;
        "k$n.test MX 10 mx.k$n.test\nmx.k$n.test A $ip\n"
    } 0 .. $#kinds;
}


sub addresses
{
    my @local = @_;

    return CORE::join '', map {
        my $n = $_ + 1;
        map { "$_\@k$n.test\n" } @local
    } 0 .. $#kinds;
}


# of each domain's addresses, in their order; none: what its text means

sub reasons
{
    my @reasons = @_;

    return CORE::join "--\n", map {
        my $kind = $_;
        map { 'reason: ' . ($_ || $kind->[1]) . "\n" } @reasons
    } @kinds;
}

# where each session takes one recipient, and refuses the random one: what is
# said of the session is asked in another one; who complains of unknown
# recipients is not sent another one

sub twice
{
    my @more = @_;

    return CORE::join "--\n", map {
        my ($text) = @$_;
        my $untested = $text !~ /^503|too many rec|limit/i
            ? '_untested' : '';
        ("reason: accepted$untested\n", map { "reason: $_\n" } @more)
    } @kinds;
}

# lines of a list: the right reason, or that nothing is known for now

sub each_line
{
    my ($there, $missing) = @_;

    return map {
        "index: $_\nreason: /^(" . ($_ % 2 ? $there : $missing)
            . "|rate_limited|circuit_open)\$/\n--\n"
    } 0 .. 8 * @kinds - 1;
}

run_tests();

__DATA__

=== TEST 1: the third recipient of each session and all behind it
--- verify
smtp_verify_keepalive 8 rejects=8;
--- dns eval
main::domains()
--- smtp eval
main::servers('pipelining', 'rcpt#3+')
--- address eval
main::addresses(qw( no1 o1 no2 o2 no3 o3 no4 o4 ))
--- json eval
main::reasons(('mailbox_not_found', 'accepted') x 4)
--- linger: 8s



=== TEST 2: likewise in steps, and with a cache zone
--- http_config
smtp_verify_cache_zone zone=c:1m;
smtp_verify_cache c;
--- verify
smtp_verify_keepalive 8 rejects=8;
--- dns eval
main::domains()
--- smtp eval
main::servers('', 'rcpt#3+')
--- address eval
main::addresses(qw( no1 o1 no2 o2 no3 o3 ))
--- json eval
main::reasons(('mailbox_not_found', 'accepted') x 3)
--- linger: 8s



=== TEST 3: one recipient a session: the random one is asked in another one
--- dns eval
main::domains()
--- smtp eval
main::servers('pipelining', 'rcpt#2+')
--- address eval
main::addresses('o1')
--- json eval
main::twice()
--- linger: 8s



=== TEST 4: likewise of no kept session
--- verify
smtp_verify_keepalive off;
--- dns eval
main::domains()
--- smtp eval
main::servers('pipelining', 'rcpt#2+')
--- address eval
main::addresses('o1', 'no1')
--- json eval
main::twice('mailbox_not_found')



=== TEST 5: the first word of each session: nothing is known of anybody
--- dns eval
main::domains()
--- smtp eval
main::servers('pipelining', 'rcpt')
--- address eval
main::addresses('o1', 'no1')
--- json eval
main::reasons('', '')
--- linger: 8s



=== TEST 6: likewise of no kept session, in steps
--- verify
smtp_verify_keepalive off;
--- dns eval
main::domains()
--- smtp eval
main::servers('', 'rcpt')
--- address eval
main::addresses('o1', 'no1')
--- json eval
main::reasons('', '')



=== TEST 7: a wrong sequence in one session is none in the next one
--- smtp
mx1 11
    rcpt@1: 503 5.5.1 Bad sequence of commands
    rcpt o*: 250 2.1.5 Ok
--- address
o1@ok.test
--- json
reason: accepted
smtp.attempts: 2



=== TEST 8: a list, with zones: what is not told is not known, and nobody is called missing
--- http_config
smtp_verify_timeout 15s;
smtp_verify_connect_timeout 5s;
smtp_verify_greeting_timeout 5s;
smtp_verify_read_timeout 10s;
smtp_verify_cache_zone zone=c:1m;
smtp_verify_cache c;
smtp_verify_throttle_zone zone=t:1m;
smtp_verify_throttle zone=t rate=1000/s burst=1000 rejects=1000/h;
--- config
location = /batch {
    smtp_verify_batch;
    smtp_verify_keepalive 8 rejects=8;
}
--- dns eval
main::domains()
--- smtp eval
main::servers('pipelining', 'rcpt#3+')
--- more_headers
Content-Type: text/plain
--- request eval
"POST /batch?wait=1\n" . main::addresses(qw( no1 o1 no2 o2 no3 o3 no4 o4 ))
--- stream eval
CORE::join '', main::each_line('accepted', 'mailbox_not_found'),
    "summary: true\nlines: 120\n"
--- linger: 8s
