# Does the domain accept any local part?  Yes, no, or not known.

use lib 't/lib';
use TestVerify 'no_plan';

run_tests();

__DATA__

=== TEST 1: yes
--- smtp
mx1 11 pipelining accept
--- address: john@ok.test
--- json
verdict: risky catch_all confirmed domain
checks.catch_all: true
smtp.is_catch_all: true
smtp.mailbox_exists: !false
smtp.stage: rcpt
smtp.response_code: 250
smtp.rule: *
--- smtp_waits: 5



=== TEST 2: yes, eagerly
--- verify
smtp_verify_catch_all eager;
--- smtp
mx1 11 pipelining accept
--- address: john@ok.test
--- json
verdict: risky catch_all confirmed domain
smtp.is_catch_all: true
smtp.rule: *
--- smtp_waits: 4



=== TEST 3: yes, and known from then on
--- smtp
mx1 11 pipelining accept
--- address
john@ok.test
jane@ok.test
--- json
verdict: risky catch_all confirmed domain
smtp.is_catch_all: true
--- smtp_check eval
sub { 1 == (() = $_[1] =~ /C: RSET/g) }



=== TEST 4: no: an address that was refused proves it, however it was accepted before
--- smtp
mx1 11 pipelining users=john
--- address
jane@ok.test
john@ok.test
--- json
reason: mailbox_not_found
smtp.is_catch_all: false
--
verdict: deliverable accepted confirmed null
checks.catch_all: false
smtp.is_catch_all: false
smtp.rule: accepted-2xx
--- smtp_unlike
C: RSET



=== TEST 5: a refusal of us proves nothing about the domain
--- smtp
mx1 11 pipelining users=john
    rcpt jane@*: 550 5.7.1 Service unavailable; client host [127.0.0.1] blocked using zen.spamhaus.org
--- address
jane@ok.test
john@ok.test
--- json
verdict: unknown sender_blocked estimated sender
smtp.is_catch_all: null
smtp.rule: *
--
verdict: deliverable accepted confirmed null
smtp.is_catch_all: false
smtp.rule: accepted-2xx
--- smtp_like
C: RSET



=== TEST 6: the domain, not the server, is what is known
--- smtp
mx1 11 pipelining users=john
    rcpt *@all.test: 250 2.1.5 Ok
--- dns
+default
all.test MX 10 mx1.ok.test
--- address
john@ok.test
john@all.test
--- json
reason: accepted
smtp.is_catch_all: false
--
verdict: risky catch_all confirmed domain
smtp.is_catch_all: true
smtp.rule: *



=== TEST 7: the local part that nobody has differs each time
--- smtp
mx1 11 pipelining
    rcpt john@*: 250 2.1.5 Ok
--- dns
+default
b.test MX 10 mx1.ok.test
c.test MX 10 mx1.ok.test
d.test MX 10 mx1.ok.test
--- address
john@ok.test
john@b.test
john@c.test
john@d.test
--- json
verdict: deliverable accepted confirmed null
smtp.rule: accepted-2xx
--- smtp_check eval
sub { my @l = $_[1] =~ /C: RCPT TO:<(?!john)([^@>]+)@/g; my %l = map { $_ => 1 } @l;
      @l == 4 && keys %l == 4 && !grep { !/^[a-z0-9._-]{8,64}$/i } @l }



=== TEST 8: another random one after a reload or a start: not the same ones again
--- smtp
mx1 11 pipelining
    rcpt john@*: 250 2.1.5 Ok
--- address: john@ok.test
--- json
reason: accepted
--- smtp_check eval
sub { my ($l) = $_[1] =~ /C: RCPT TO:<(?!john)([^@>]+)@/ or return;
      my $new = !$main::seen{$l}++; $new }



=== TEST 9: not known: 4xx to the random recipient
--- smtp
mx1 11 pipelining users=john
    rcpt#2: 450 4.2.0 Greylisted, try again later
--- address: john@ok.test
--- json
verdict: risky accepted_untested confirmed null
retry_after: null
checks.catch_all: null
smtp.is_catch_all: null
smtp.response_code: 250
smtp.rule: accepted-2xx



=== TEST 10: not known: a block at the random recipient
--- smtp
mx1 11 pipelining users=john
    rcpt#2: 554 5.7.1 Too many unknown recipients, your IP is blocked
--- address: john@ok.test
--- json
verdict: risky accepted_untested confirmed null
smtp.is_catch_all: null
smtp.response_code: 250
smtp.rule: accepted-2xx



=== TEST 11: not known: the second MAIL is refused
--- smtp
mx1 11 pipelining users=john
    mail#2: 451 4.7.1 Try again later
--- address: john@ok.test
--- json
verdict: risky accepted_untested confirmed null
smtp.is_catch_all: null
smtp.response_code: 250
smtp.rule: accepted-2xx



=== TEST 12: not known: a close
--- smtp
mx1 11 pipelining users=john
    rset: close
    rcpt nobody@*: 250 2.1.5 Ok
--- address: john@ok.test
--- json
verdict: /^(risky|deliverable)$/ /^accepted/ confirmed null
smtp.response_code: 250
smtp.rule: accepted-2xx



=== TEST 13: not known is not asked again with the next address
--- smtp
mx1 11 pipelining users=john,mary
    rcpt#2@1: 450 4.2.0 Try again later
--- address
john@ok.test
mary@ok.test
--- json
reason: accepted_untested
smtp.is_catch_all: null



=== TEST 14: a full mailbox for the random recipient is no refusal of it
--- smtp
mx1 11 pipelining users=john
    rcpt#2: 452 4.2.2 Mailbox full
--- address: john@ok.test
--- json
verdict: /^(risky)$/ /^(accepted_untested|catch_all)$/ confirmed
smtp.response_code: 250



=== TEST 15: one recipient a session: asked in a later session
--- smtp
mx1 11 pipelining users=john
    mail#2: 451 4.5.3 One transaction per session ; close
--- address: john@ok.test
--- json
verdict: /^(risky|deliverable)$/ /^accepted/ confirmed null
smtp.response_code: 250
smtp.rule: accepted-2xx



=== TEST 16: an address that is full: risky, and nobody else is asked for
--- smtp
mx1 11 pipelining
    rcpt full@*: 452 4.2.2 The email account that you tried to reach is over quota
--- address: full@ok.test
--- json
verdict: risky mailbox_full confirmed mailbox
smtp.mailbox_exists: !false
smtp.response_code: 452
smtp.enhanced_code: 4.2.2
smtp.rule: *
--- smtp_unlike
C: RSET



=== TEST 17: an address that is disabled
--- smtp
mx1 11 pipelining
    rcpt gone@*: 550 5.2.1 The email account that you tried to reach is disabled
--- address: gone@ok.test
--- json
verdict: undeliverable mailbox_disabled confirmed mailbox
smtp.response_code: 550
smtp.rule: *



=== TEST 18: greylisted
--- smtp
mx1 11 pipelining
    rcpt: 450 4.2.0 <$rcpt>: Recipient address rejected: Greylisted, see http://postgrey.schweikert.ch/help/ok.test.html
--- address: john@ok.test
--- json
verdict: unknown greylisted estimated policy
retry_after: >= 1
smtp.mailbox_exists: null
smtp.response_code: 450
smtp.rule: *



=== TEST 19: greylisted, with the seconds that the server named
--- smtp
mx1 11 pipelining
    rcpt: 451 4.7.1 Greylisting in action, please come back in 240 seconds
--- address: john@ok.test
--- json
verdict: unknown greylisted estimated policy
retry_after: 240
smtp.rule: *



=== TEST 20: blocked at the recipient: the sender's fault, nothing about the mailbox
--- smtp
mx1 11 pipelining
    rcpt: 550 5.7.1 Service unavailable, Client host [127.0.0.1] blocked using Spamhaus. To request removal from this list see https://www.spamhaus.org/query/ip/127.0.0.1
--- address: john@ok.test
--- json
verdict: unknown sender_blocked estimated sender
smtp.mailbox_exists: null
smtp.is_catch_all: null
smtp.response_code: 550
smtp.rule: *



=== TEST 21: blocked at EHLO
--- smtp
mx1 11 pipelining
    ehlo: 550 5.7.1 Service unavailable, Client host [127.0.0.1] blocked using Spamhaus. To request removal from this list see https://www.spamhaus.org/query/ip/127.0.0.1
--- address: john@ok.test
--- json
verdict: unknown sender_blocked estimated sender
smtp.stage: ehlo
smtp.rule: *



=== TEST 22: blocked at MAIL
--- smtp
mx1 11 pipelining
    mail: 550 5.7.1 Service unavailable, Client host [127.0.0.1] blocked using Spamhaus. To request removal from this list see https://www.spamhaus.org/query/ip/127.0.0.1
--- address: john@ok.test
--- json
verdict: unknown sender_blocked estimated sender
smtp.stage: mail
smtp.rule: *



=== TEST 23: a bare 5xx means nothing by itself
--- smtp
mx1 11 pipelining
    rcpt: 550 No
--- address: john@ok.test
--- json
verdict: unknown rejected estimated policy
smtp.mailbox_exists: null
smtp.is_catch_all: null
smtp.response_code: 550
smtp.enhanced_code: null
smtp.rule: *



=== TEST 24: relay denied
--- smtp
mx1 11 pipelining
    rcpt: 554 5.7.1 <$rcpt>: Relay access denied
--- address: john@ok.test
--- json
verdict: unknown relay_denied estimated policy
smtp.mailbox_exists: null
smtp.rule: *



=== TEST 25: 556 to the recipient: the domain takes no mail
--- smtp
mx1 11 pipelining
    rcpt: 556 5.1.10 Recipient address has null MX
--- address: john@ok.test
--- json
status: undeliverable
verification_level: confirmed
smtp.response_code: 556
--- smtp_unlike
C: RSET



=== TEST 26: both in one flight, and no answer where the random recipient is asked by itself
--- no_reuse
--- http_config
smtp_verify_read_timeout 700ms;
smtp_verify_timeout 8s;
--- verify
smtp_verify_catch_all eager;
--- smtp
mx1 11 pipelining users=john
    rcpt#2@1: 452 4.5.3 One recipient only
    rcpt@2: nothing
    rcpt@3: nothing
--- address: john@ok.test
--- json
status: risky
reason: accepted_untested
smtp.attempts: 2
--- smtp_sessions: 2
--- linger: 4s



=== TEST 27: likewise, and no other server is asked in its place
--- no_reuse
--- http_config
smtp_verify_read_timeout 700ms;
smtp_verify_timeout 8s;
--- verify
smtp_verify_catch_all eager;
--- smtp
mx1 11 pipelining users=john
    rcpt#2@1: 452 4.5.3 One recipient only
    rcpt@2: nothing
    rcpt@3: nothing
mx2 12 pipelining accept
--- address: john@ok.test
--- json
reason: accepted_untested
smtp.mx_host: mx1.ok.test
--- smtp_unlike
mx2/
--- linger: 4s



=== TEST 28: likewise in a session that was kept, whose refusal is in doubt
--- no_zones
--- http_config
smtp_verify_read_timeout 700ms;
smtp_verify_timeout 8s;
--- verify
smtp_verify_catch_all eager;
smtp_verify_keepalive 4 timeout=2s;
--- dns
+default
second.test MX 10 mx1.ok.test
--- smtp
mx1 11 pipelining users=john,jane
    rcpt@2: nothing
    rcpt@3: nothing
--- address
john@ok.test
jane@second.test
--- json
reason: accepted
--
reason: accepted_untested
--- linger: 5s
