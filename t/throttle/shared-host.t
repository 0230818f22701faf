# One customer of a host that many share: what the host says of its recipients
# closes the host to nobody else, and yet we do back off.

use lib 't/lib';
use TestVerify 'no_plan';

master_on();

preset_http(<<'END');
smtp_verify_throttle_zone zone=limits:1m;
smtp_verify_egress_pool three {
    address $TEST_NGINX_NET.101 helo=h101.verifier.test from=f101@verifier.test;
    address $TEST_NGINX_NET.102 helo=h102.verifier.test from=f102@verifier.test;
    address $TEST_NGINX_NET.103 helo=h103.verifier.test from=f103@verifier.test;
}
END

# the directives that a block does not set otherwise, and domains that share a
# host

my $dns = join '', map "$_.test MX 10 mx.shared.test\n",
    qw( evil a.evil b.evil c.evil d.evil e.evil good fair one two three four
        five );

add_block_preprocessor(sub {
    my ($block) = @_;

    my $http = $block->http_config // '';

    if ($http !~ /^\s*smtp_verify_throttle\s/m) {
        $http .= "smtp_verify_throttle zone=limits rate=100/s burst=100"
                 . " pause=20s;\n";
    }

    $http .= "smtp_verify_keepalive off;\n" if $http !~ /smtp_verify_keepalive/;

    $block->set_value(http_config => $http);
    $block->set_value(dns => $dns . "mx.shared.test A 11\n"
                                  . ($block->dns // ''));
});


sub asks
{
    return join "\n", @_;
}


sub says
{
    return join "\n--\n", map { /:/ ? $_ : "reason: $_" } @_;
}


run_tests();

__DATA__

=== TEST 1: it blocks us
--- smtp
mx1 11 pipelining users=john
    rcpt bold*: 550 5.7.1 Client host blocked using zen.spamhaus.org
--- address eval
main::asks((map "bold$_\@evil.test", 1 .. 4), 'john@good.test')
--- json eval
main::says(('sender_blocked') x 2, ('circuit_open') x 2, 'accepted')
--- smtp_sessions: 3



=== TEST 2: it limits our rate
--- smtp
mx1 11 pipelining users=john
    rcpt bold*: 450 4.7.1 Too many messages from your address, slow down
--- address eval
main::asks((map "bold$_\@evil.test", 1 .. 5), 'john@good.test')
--- json eval
main::says(('rate_limited') x 3, ('circuit_open') x 2, 'accepted')



=== TEST 3: it says 421
--- smtp
mx1 11 pipelining users=john
    rcpt bold*: 421 4.3.2 Not now ; close
--- address eval
main::asks((map "bold$_\@evil.test", 1 .. 6), 'john@good.test')
--- json eval
main::says(('smtp.response_code: 421') x 4,
           ('circuit_open') x 2, 'accepted')



=== TEST 4: it says nothing
--- http_config
smtp_verify_read_timeout 700ms;
--- smtp
mx1 11 pipelining users=john
    rcpt bold*: hang
--- address eval
main::asks((map "bold$_\@evil.test", 1 .. 7), 'john@good.test')
--- json eval
main::says(('timeout') x 3, ('circuit_open') x 4, 'accepted')



=== TEST 5: all of that, one after the other
--- http_config
smtp_verify_read_timeout 700ms;
--- smtp
mx1 11 pipelining users=john
    rcpt block*: 550 5.7.1 Client host blocked using zen.spamhaus.org
    rcpt rate*: 450 4.7.1 Too many messages from your address, slow down
    rcpt close*: 421 4.3.2 Not now ; close
    rcpt hang*: hang
--- address eval
main::asks(map { ("hang\@$_.test", "close\@$_.test", "rate\@$_.test",
                  "block\@$_.test", "block2\@$_.test", "john\@good.test") }
           'evil')
--- json eval
main::says('timeout', 'smtp.response_code: 421', 'rate_limited',
           'sender_blocked', 'circuit_open',
           'accepted')



=== TEST 6: of many names below its domain
--- smtp
mx1 11 pipelining users=john
    rcpt bold*: 550 5.7.1 Client host blocked using zen.spamhaus.org
--- address eval
main::asks((map { ("bold1\@$_.evil.test", "bold2\@$_.evil.test") } 'a' .. 'e'),
           'john@good.test')
--- json eval
main::says(('sender_blocked') x 10, 'accepted')



=== TEST 7: several customers: the host
--- smtp
mx1 11 pipelining users=john
    rcpt bold*: 550 5.7.1 Client host blocked using zen.spamhaus.org
--- address eval
main::asks('bold@one.test', 'bold@two.test', 'john@good.test')
--- json eval
main::says('sender_blocked', 'sender_blocked', 'circuit_open')



=== TEST 8: and 421 of four
--- smtp
mx1 11 pipelining users=john
    rcpt bold*: 421 4.3.2 Not now ; close
--- address eval
main::asks((map "bold\@$_.test", qw( one two three four )), 'john@good.test')
--- json eval
main::says(('smtp.response_code: 421') x 4, 'circuit_open')



=== TEST 9: what is said before RCPT is the host's
--- smtp
mx1 11 pipelining users=john
    mail@1: 550 5.7.1 Client host blocked using zen.spamhaus.org
    mail@2: 550 5.7.1 Client host blocked using zen.spamhaus.org
--- address eval
main::asks('bold1@evil.test', 'bold2@evil.test', 'john@good.test')
--- json eval
main::says('sender_blocked', 'sender_blocked', 'circuit_open')



=== TEST 10: one customer and the host itself
--- smtp
mx1 11 pipelining users=john
    rcpt bold*: 550 5.7.1 Client host blocked using zen.spamhaus.org
    banner@2: 554 5.7.1 Client host blocked using zen.spamhaus.org
--- address eval
main::asks('bold@evil.test', 'john@good.test', 'john@fair.test')
--- json eval
main::says('sender_blocked', 'sender_blocked', 'circuit_open')



=== TEST 11: a pool is not shut out of the host
--- verify
smtp_verify_egress three;
--- smtp
mx1 11 pipelining users=john
    rcpt bold*: 550 5.7.1 Client host blocked using zen.spamhaus.org
--- address eval
main::asks((map "bold$_\@evil.test", 1 .. 5), 'john@good.test')
--- json eval
main::says(('sender_blocked') x 3, ('circuit_open') x 2, 'accepted')



=== TEST 12: but of the domain, and the next identity asks
--- verify
smtp_verify_egress three;
--- smtp
mx1 11 pipelining users=john
    rcpt@1: 550 5.7.1 Client host blocked using zen.spamhaus.org
--- address eval
main::asks('john@evil.test', 'john@evil.test')
--- json eval
main::says('sender_blocked', 'accepted')
--- smtp_check eval
sub {
    my ($sessions) = @_;
    my @peers = map { $_->{d} }
        map { grep { $_->{e} eq 'peer' } @{ $_->{events} } } @$sessions;
    return @peers == 2 && $peers[0] ne $peers[1];
}



=== TEST 13: a session that is kept asks for others, and not for that domain
--- http_config
smtp_verify_keepalive 8 timeout=500ms;
--- smtp
mx1 11 pipelining users=john
    rcpt bold*: 550 5.7.1 Client host blocked using zen.spamhaus.org
--- address eval
main::asks('john@good.test', 'bold1@evil.test', 'bold2@evil.test',
           'john@evil.test', 'john@fair.test')
--- json eval
main::says('accepted', 'sender_blocked', 'sender_blocked', 'circuit_open',
           'accepted')



=== TEST 14: the domain has a trial of its own
--- http_config
smtp_verify_throttle zone=limits rate=100/s burst=100 pause=1s;
--- smtp
mx1 11 pipelining users=john
    rcpt bold*: 550 5.7.1 Client host blocked using zen.spamhaus.org
--- request eval
['GET /verify?email=bold1@evil.test', 'GET /verify?email=bold2@evil.test',
 'GET /verify?email=bold3@evil.test',
 ["POST /verify\nemail=", { value => 'bold4@evil.test', delay_before => 1.5 }],
 'GET /verify?email=john@evil.test', 'GET /verify?email=john@good.test']
--- more_headers
Content-Type: application/x-www-form-urlencoded
--- json eval
main::says(('sender_blocked') x 2, "reason: circuit_open\nretry_after: 1",
           'sender_blocked', "reason: circuit_open\nretry_after: 2",
           'accepted')



=== TEST 15: which goes well
--- http_config
smtp_verify_throttle zone=limits rate=100/s burst=100 pause=1ms;
--- smtp
mx1 11 pipelining users=john
    rcpt bold*: 550 5.7.1 Client host blocked using zen.spamhaus.org
--- address eval
main::asks('bold1@evil.test', 'bold2@evil.test', 'john@evil.test',
           'john@evil.test')
--- json eval
main::says('sender_blocked', 'sender_blocked', 'accepted', 'accepted')



=== TEST 16: a trial of a host that one customer fails keeps it closed to none
--- http_config
smtp_verify_throttle zone=limits rate=100/s burst=100 pause=1s;
--- smtp
mx1 11 pipelining users=john
    rcpt bold*: 550 5.7.1 Client host blocked using zen.spamhaus.org
--- request eval
['GET /verify?email=bold@one.test', 'GET /verify?email=bold@two.test',
 'GET /verify?email=john@good.test',
 ["POST /verify\nemail=", { value => 'bold1@evil.test', delay_before => 1.5 }],
 'GET /verify?email=bold2@a.evil.test', 'GET /verify?email=john@good.test']
--- more_headers
Content-Type: application/x-www-form-urlencoded
--- json eval
main::says(('sender_blocked') x 2, 'circuit_open', ('sender_blocked') x 2,
           'accepted')



=== TEST 17: the same of a known provider
--- dns
evil2.test MX 10 aspmx.l.google.com
good2.test MX 10 aspmx.l.google.com
aspmx.l.google.com A 11
--- http_config
smtp_verify_read_timeout 700ms;
--- smtp
mx1 11 pipelining users=john
    rcpt rate*: 450 4.7.1 Too many messages from your address, slow down
    rcpt close*: 421 4.3.2 Not now ; close
    rcpt hang*: hang
--- address eval
main::asks(map("$_\@evil2.test", qw( rate1 rate2 close1 close2 hang1 hang2 )),
           'john@good2.test')
--- json eval
main::says('rate_limited', 'rate_limited', 'smtp.response_code: 421',
           'smtp.response_code: 421', 'circuit_open', 'circuit_open',
           'accepted')



=== TEST 18: a mailbox's own limits are no fault, whatever the words and the code
--- smtp
mx1 11 pipelining users=john
    rcpt lim1*: 421 4.2.1 The user you are trying to contact is receiving mail too quickly ; close
    rcpt lim2*: 450 4.2.1 Mailbox inbound rate limit exceeded
    rcpt lim3*: 550 5.2.122 The recipient has exceeded their limit for the number of messages they can receive per hour.
    rcpt lim4*: 432 4.3.2 STOREDRV.Deliver; recipient thread limit exceeded
    rcpt lim5*: 451 Too many messages for this recipient
    rcpt lim6*: 450 4.7.1 <$rcpt>: Recipient address rejected: recipient rate limit exceeded
    rcpt lim7*: 421 4.2.2 Mailbox full ; close
    rcpt lim8*: 550 Mailbox unavailable or access denied
--- address eval
main::asks((map { ("$_\@one.test", "$_\@two.test", "$_\@three.test",
                   "$_\@four.test") } map "lim$_", 1 .. 8),
           map "john\@$_.test", qw( one two three four good ))
--- json eval
main::says(('rate_limited') x 24, ('mailbox_full') x 4, ('rate_limited') x 4,
           ('accepted') x 5)



=== TEST 19: one that says it of us is one
--- smtp
mx1 11 pipelining users=john
    rcpt bold*: 450 4.7.1 Too many messages for this recipient from your IP address
--- address eval
main::asks(map "bold$_\@one.test", 1 .. 4)
--- json eval
main::says(('rate_limited') x 3, 'circuit_open')



=== TEST 20: other hosts of a list leave it no time to answer in
--- http_config
smtp_verify_greeting_timeout 700ms;
smtp_verify_read_timeout 900ms;
smtp_verify_timeout 1s;
--- dns
tarpit.test MX 10 tarpit.tarpit.test
tarpit.test MX 20 mx.shared.test
tarpit.tarpit.test A 12
--- smtp
mx1 11 pipelining users=john
    mail: wait 350ms ; default
tarpit 12
    banner: hang
--- address eval
main::asks((map "x$_\@tarpit.test", 1 .. 5), 'john@good.test')
--- json eval
main::says(('timeout') x 5, "reason: /^accepted/\nsmtp.mx_host: mx.shared.test")



=== TEST 21: one that never answers has failed, within the budget or not
--- http_config
smtp_verify_read_timeout 900ms;
smtp_verify_timeout 800ms;
--- smtp
mx1 11 pipelining users=john
    mail: hang
--- address eval
main::asks((map "john\@$_.test", qw( one two three four five )),
           'john@good.test')
--- json eval
main::says(('timeout') x 5, 'circuit_open')



=== TEST 22: a session that was asked too much is no limit of the host's
--- http_config
smtp_verify_keepalive 8 timeout=500ms;
--- verify
smtp_verify_catch_all off;
--- smtp
mx1 11 pipelining users=john
    mail#2: 421 4.7.0 Error: too many errors ; close
--- address eval
main::asks((map "x$_\@evil.test", 1 .. 12), 'john@good.test')
--- json eval
main::says(('mailbox_not_found') x 12, 'accepted_untested')



=== TEST 23: if it is one a fresh session is told so
--- http_config
smtp_verify_keepalive 8 timeout=500ms;
--- verify
smtp_verify_catch_all off;
--- smtp
mx1 11 pipelining users=john
    mail#2: 421 4.7.0 Error: too many errors ; close
    banner@2: 421 4.7.0 Too many connections ; close
    banner@3: 421 4.7.0 Too many connections ; close
    banner@4: 421 4.7.0 Too many connections ; close
--- address eval
main::asks((map "x$_\@evil.test", 1 .. 4), 'john@good.test')
--- json eval
main::says('mailbox_not_found', ('rate_limited') x 3, 'circuit_open')



=== TEST 24: nor is a mailbox that has too much mail a refused recipient
--- http_config
smtp_verify_throttle zone=limits rate=100/s burst=100 pause=20s rejects=5/h;
--- smtp
mx1 11 pipelining users=john
    rcpt rate*: 550 5.2.1 The user you are trying to contact is receiving mail at a rate that prevents additional messages from being delivered.
    rcpt qqo*: 550 Mailbox unavailable or access denied
    rcpt hour*: 550 5.2.122 The recipient has exceeded their limit for the number of messages they can receive per hour.
    rcpt full*: 552 5.2.2 Mailbox full
--- address eval
main::asks((map { ("rate$_\@evil.test", "qqo$_\@evil.test",
                   "hour$_\@evil.test", "full$_\@evil.test") } 1 .. 3),
           'john@good.test')
--- json eval
main::says((('rate_limited') x 3, 'mailbox_full') x 3, 'accepted')



=== TEST 25: as one that is not there is
--- http_config
smtp_verify_throttle zone=limits rate=100/s burst=100 pause=20s rejects=5/h;
--- smtp
mx1 11 pipelining users=john
    rcpt off*: 550 5.2.1 The email account that you tried to reach is disabled
--- address eval
main::asks((map "off$_\@evil.test", 1 .. 3), (map "x$_\@evil.test", 1 .. 3))
--- json eval
main::says(('mailbox_disabled') x 3, ('mailbox_not_found') x 2, 'throttled')



=== TEST 26: nor is the host closed to the gate, and to lists
--- config
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
--- smtp
mx1 11 pipelining users=john
    rcpt bold*: 550 5.7.1 Client host blocked using zen.spamhaus.org
--- request eval
[(map "GET /verify?email=bold$_\@evil.test", 1 .. 4),
 'GET /signup?email=nobody@good.test', 'GET /signup?email=john@fair.test']
--- error_code eval
[(200) x 4, 422, 204]
--- no_shape



=== TEST 27: as it is not by what a list asks
--- config
location = /verify {
    smtp_verify;
}
location = /batch {
    smtp_verify_batch;
}
--- smtp
mx1 11 pipelining users=john
    rcpt bold*: 550 5.7.1 Client host blocked using zen.spamhaus.org
--- more_headers
Content-Type: text/plain
--- request
POST /batch
bold1@evil.test
bold2@evil.test
bold3@evil.test
bold4@evil.test
john@good.test
john@fair.test
--- stream
index: 0
--
index: 1
--
index: 2
--
index: 3
--
index: 4
reason: accepted
--
index: 5
reason: accepted
--
summary: true
answered: 6
