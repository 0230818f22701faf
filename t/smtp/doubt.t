# What a session says that served other addresses before: is it believed?

use lib 't/lib';
use TestVerify 'no_plan';

# the domain second.test has the same mail host as ok.test

preset(verify => "smtp_verify_keepalive 8 timeout=500ms;\n",
       dns => "+default\nsecond.test MX 10 mx1.ok.test\n");

run_tests();

__DATA__

=== TEST 1: a host that greylists on kept sessions: what a fresh one said, too, is its answer
--- smtp
mx1 11 pipelining
    rcpt: 450 4.2.0 Greylisted, try again in 300 seconds
--- address
a@ok.test
b@ok.test
c@ok.test
d@ok.test
e@ok.test
f@ok.test
g@ok.test
h@ok.test
i@ok.test
j@ok.test
--- json
reason: greylisted
retry_after: 300
smtp.attempts: 1
--- smtp_sessions: 2
--- smtp_check eval
sub { 10 == grep { /C: RCPT/ } split /\n/, $_[1] }



=== TEST 2: likewise of other temporary failures, each by itself
--- smtp
mx1 11 pipelining
    rcpt o*: 452 4.2.2 Mailbox full
    rcpt: 451 4.3.0 Temporary lookup failure
--- address
a@ok.test
b@ok.test
o1@ok.test
o2@ok.test
c@ok.test
--- json
smtp.response_code: 451
--
smtp.response_code: 451
--
smtp.response_code: 452
reason: mailbox_full
--
smtp.response_code: 452
reason: mailbox_full
--
smtp.response_code: 451
--- smtp_sessions: 2



=== TEST 3: a temporary failure that a fresh session does not give
--- smtp
mx1 11 pipelining users=john,mary
    rcpt o*: 451 4.3.0 Temporary lookup failure
    rcpt#3+@1: 451 4.7.1 Try again later
--- address
o1@ok.test
o2@ok.test
john@ok.test
mary@ok.test
--- json
smtp.response_code: 451
--
smtp.response_code: 451
--
reason: accepted
--
reason: accepted
--- smtp_sessions: 2



=== TEST 4: the limit of a session is asked anew each time, however often it is met
--- verify
smtp_verify_keepalive 8 timeout=500ms;
smtp_verify_catch_all off;
--- smtp
mx1 11 pipelining users=john,mary,paul
    rcpt#1@2: 450 4.2.0 Greylisted
    rcpt#2+: 452 4.5.3 Too many recipients
--- address
john@ok.test
mary@ok.test
paul@ok.test
--- json
reason: accepted_untested
--
reason: greylisted
--
reason: accepted_untested
--- smtp_sessions: 3



=== TEST 5: all of that with a cache zone
--- http_config
smtp_verify_cache_zone zone=greylist:1m;
smtp_verify_cache greylist;
--- smtp
mx1 11 pipelining
    rcpt: 450 4.2.0 Greylisted, try again in 300 seconds
--- address
a@ok.test
b@ok.test
c@ok.test
d@ok.test
e@ok.test
f@ok.test
--- json
reason: greylisted
smtp.attempts: 1
--- smtp_sessions: 1



=== TEST 6: everybody is refused from the fourth recipient of a session on, in the usual words
--- smtp
mx1 11 pipelining users=john,jane
    rcpt#4+: 550 5.1.1 <$rcpt>: Recipient address rejected: User unknown
--- address
n1@ok.test
n2@ok.test
n3@ok.test
n4@ok.test
john@ok.test
jane@ok.test
--- json
reason: mailbox_not_found
--
reason: mailbox_not_found
--
reason: mailbox_not_found
--
reason: mailbox_not_found
--
reason: accepted
--
reason: accepted
--- smtp_sessions: 4



=== TEST 7: from the fifth on, behind some that were accepted
--- verify
smtp_verify_keepalive 8 rejects=8 timeout=500ms;
--- smtp
mx1 11 pipelining users=john,jane,mary,paul
    rcpt#5+: 550 5.1.1 <$rcpt>: Recipient address rejected: User unknown
--- address
n1@ok.test
john@ok.test
n2@ok.test
mary@ok.test
n3@ok.test
paul@ok.test
n4@ok.test
jane@ok.test
john@ok.test
--- json
reason: mailbox_not_found
--
reason: accepted
--
reason: mailbox_not_found
--
reason: accepted
--
reason: mailbox_not_found
--
reason: accepted
--
reason: mailbox_not_found
--
reason: accepted
--
reason: accepted



=== TEST 8: from the fourth on, and nobody was refused before
--- verify
smtp_verify_keepalive 8 timeout=500ms;
smtp_verify_catch_all off;
--- smtp
mx1 11 pipelining users=john,jane,mary,paul
    rcpt#4+: 550 5.1.1 <$rcpt>: Recipient address rejected: User unknown
--- address
john@ok.test
mary@ok.test
paul@ok.test
jane@ok.test
--- json
reason: accepted_untested
--- smtp_sessions: 2



=== TEST 9: from the third on, the random recipient among those before
--- smtp
mx1 11 pipelining users=john,jane,mary
    rcpt#3+: 550 No such user here
--- address
john@ok.test
jane@ok.test
mary@ok.test
--- json
reason: accepted



=== TEST 10: what was refused in vain is not asked again behind as many
--- no_zones
--- verify
smtp_verify_keepalive 8 timeout=500ms;
smtp_verify_catch_all off;
--- smtp
mx1 11 pipelining users=john,jane,mary,paul,pia
    rcpt#3+: 550 5.1.1 No such user
--- address
john@ok.test
mary@ok.test
jane@ok.test
paul@ok.test
pia@ok.test
john@ok.test
--- json
reason: accepted_untested
--- smtp_sessions: 3
--- smtp_check eval
sub { 7 == grep { /C: RCPT/ } split /\n/, $_[1] }



=== TEST 11: a random recipient that is refused where everybody is by now
--- smtp
mx1 11 pipelining users=john
    rcpt#4+: 550 5.1.1 No such user
    rcpt *@second.test: 250 2.1.5 Ok
--- address
john@ok.test
anybody@second.test
--- json
reason: accepted
--
reason: catch_all
--- smtp_sessions: 2



=== TEST 12: all of them exist, or are accepted: one session, as before
--- smtp
mx1 11 pipelining users=john,jane,mary,paul,pia
--- address
john@ok.test
mary@ok.test
jane@ok.test
paul@ok.test
pia@ok.test
--- json
reason: accepted
--- smtp_sessions: 1



=== TEST 13: what another host says instead tells nothing of its own sessions
--- verify
smtp_verify_keepalive 8 timeout=2s;
smtp_verify_catch_all off;
--- smtp
mx1 11 pipelining
    banner@2: reset
mx2 12 pipelining users=paul
--- dns
+default
other.test MX 10 mx2.ok.test
--- address
a@ok.test
b@ok.test
paul@ok.test
v@other.test
w@other.test
x@other.test
y@other.test
--- json
reason: mailbox_not_found
smtp.mx_host: mx1.ok.test
--
reason: mailbox_not_found
smtp.mx_host: mx1.ok.test
--
reason: protocol_error
--
reason: mailbox_not_found
--
reason: mailbox_not_found
--
reason: mailbox_not_found
--
reason: mailbox_not_found
--- smtp_check eval
sub { 5 == grep { m{^mx2/1 .* C: RCPT} } split /\n/, $_[1] }
--- linger: 4s



=== TEST 14: a random recipient is refused in a session that still accepts the address
--- no_zones
--- dns
ok.test MX 10 mx1.ok.test
second.test MX 10 mx1.ok.test
third.test MX 10 mx1.ok.test
mx1.ok.test A 11
--- smtp
mx1 11 pipelining users=john,jane
--- address
john@ok.test
jane@second.test
john@third.test
--- json
reason: accepted
smtp.is_catch_all: false
--- smtp_turns
EHLO verifier.test
MAIL FROM:<probe@verifier.test> | RCPT TO:<john@ok.test>
RSET | MAIL FROM:<probe@verifier.test> | RCPT TO:<*@ok.test>
RSET | MAIL FROM:<probe@verifier.test> | RCPT TO:<jane@second.test>
RSET | MAIL FROM:<probe@verifier.test> | RCPT TO:<*@second.test>
RSET | MAIL FROM:<probe@verifier.test> | RCPT TO:<jane@second.test>
RSET | MAIL FROM:<probe@verifier.test> | RCPT TO:<john@third.test>
RSET | MAIL FROM:<probe@verifier.test> | RCPT TO:<*@third.test>
RSET | MAIL FROM:<probe@verifier.test> | RCPT TO:<john@third.test>
QUIT



=== TEST 15: likewise where both are asked in one flight
--- no_zones
--- verify
smtp_verify_keepalive 8 timeout=500ms;
smtp_verify_catch_all eager;
--- smtp
mx1 11 pipelining users=john,jane
--- address
john@ok.test
jane@second.test
--- json
reason: accepted
smtp.is_catch_all: false
--- smtp_sessions: 1
--- smtp_check eval
sub { 5 == grep { /C: RCPT/ } split /\n/, $_[1] }



=== TEST 16: a session that ends when the address is asked once more
--- no_zones
--- smtp
mx1 11 pipelining users=john,jane
    rcpt#5@1: close
--- address
john@ok.test
jane@second.test
--- json
reason: accepted
smtp.is_catch_all: false
--- smtp_sessions: 2
--- smtp_check eval
sub { 6 == grep { /C: RCPT/ } split /\n/, $_[1] }



=== TEST 17: one that takes no more recipients then
--- no_zones
--- smtp
mx1 11 pipelining users=john,jane
    rcpt#5: 421 4.7.0 Too many recipients, closing
--- address
john@ok.test
jane@second.test
--- json
reason: accepted
smtp.is_catch_all: false
--- smtp_sessions: 2



=== TEST 18: one that refuses everybody by then, in a domain that accepts all
--- no_zones
--- smtp
mx1 11 pipelining users=john
    rcpt#4+@1: 550 5.1.1 No such user
    rcpt *@second.test: 250 2.1.5 Ok
--- address
john@ok.test
anybody@second.test
--- json
reason: accepted
smtp.is_catch_all: false
--
reason: catch_all
smtp.is_catch_all: true
--- smtp_sessions: 2
--- smtp_check eval
sub { 6 == grep { /C: RCPT/ } split /\n/, $_[1] }



=== TEST 19: there is no room in the session for the address once more
--- no_zones
--- verify
smtp_verify_keepalive 4 timeout=500ms;
--- smtp
mx1 11 pipelining users=john,jane
--- address
john@ok.test
jane@second.test
--- json
reason: accepted
smtp.is_catch_all: false
--- smtp_sessions: 2
--- smtp_check eval
sub { 5 == grep { /C: RCPT/ } split /\n/, $_[1] }



=== TEST 20: a wait in the midst of the proof: the next session has nothing to prove
--- no_zones
--- http_config
smtp_verify_read_timeout 6s;
smtp_verify_timeout 2s;
--- verify
smtp_verify_keepalive 8 timeout=800ms;
--- dns
first.test MX 10 mx2.ok.test
ok.test MX 10 mx1.ok.test
ok.test MX 20 mx2.ok.test
mx1.ok.test A 11
mx2.ok.test A 12
--- smtp
mx1 11 pipelining users=jane
    banner@1: 421 4.7.1 Greylisted, try again in 1 seconds ; close
mx2 12 pipelining users=john
    rcpt#5@1: nothing
--- query: wait=40
--- address
john@first.test
john@ok.test
--- json
reason: accepted
--
reason: mailbox_not_found
smtp.mailbox_exists: false
--- linger: 8s



=== TEST 21: likewise where the address is accepted then, by a server that accepts all
--- no_zones
--- http_config
smtp_verify_read_timeout 6s;
smtp_verify_timeout 2s;
--- verify
smtp_verify_keepalive 8 timeout=800ms;
--- dns
first.test MX 10 mx2.ok.test
ok.test MX 10 mx1.ok.test
ok.test MX 20 mx2.ok.test
mx1.ok.test A 11
mx2.ok.test A 12
--- smtp
mx1 11 pipelining accept
    banner@1: 421 4.7.1 Greylisted, try again in 1 seconds ; close
mx2 12 pipelining users=john
    rcpt#5@1: nothing
--- query: wait=40
--- address
john@first.test
john@ok.test
--- json
reason: accepted
--
reason: catch_all
smtp.is_catch_all: true
--- linger: 8s



=== TEST 22: likewise where it fails for now
--- no_zones
--- http_config
smtp_verify_read_timeout 6s;
smtp_verify_timeout 2s;
--- verify
smtp_verify_keepalive 8 timeout=800ms;
--- dns
first.test MX 10 mx2.ok.test
ok.test MX 10 mx1.ok.test
ok.test MX 20 mx2.ok.test
mx1.ok.test A 11
mx2.ok.test A 12
--- smtp
mx1 11 pipelining users=jane
    banner@1: 421 4.7.1 Greylisted, try again in 1 seconds ; close
    rcpt john@ok.test: 451 4.3.0 Temporary lookup failure
mx2 12 pipelining users=john
    rcpt#5@1: nothing
--- query: wait=40
--- address
john@first.test
john@ok.test
--- json
reason: accepted
--
verdict: unknown server_error
--- linger: 8s



=== TEST 23: likewise where the same server refuses it then
--- no_zones
--- http_config
smtp_verify_read_timeout 6s;
smtp_verify_timeout 2s;
--- verify
smtp_verify_keepalive 8 timeout=800ms;
--- dns
first.test MX 10 mx2.ok.test
ok.test MX 10 mx1.ok.test
ok.test MX 20 mx2.ok.test
mx1.ok.test A 11
mx2.ok.test A 12
--- smtp
mx1 11 pipelining users=jane
    banner: 421 4.7.1 Greylisted, try again in 1 seconds ; close
mx2 12 pipelining users=john
    rcpt#5@1: nothing
    rcpt@2 john@ok.test: 550 5.1.1 No such user
--- query: wait=40
--- address
john@first.test
john@ok.test
--- json
reason: accepted
--
reason: mailbox_not_found
--- linger: 8s
