# What a session says that served other addresses before: is it believed?

use lib 't/lib';
use TestVerify 'no_plan';

run_tests();

__DATA__

=== TEST 1: a host that greylists on kept sessions: what a fresh one said, too, is its answer
--- verify
smtp_verify_keepalive 8 timeout=500ms;
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
--- linger: 3s



=== TEST 2: likewise of other temporary failures, each by itself
--- verify
smtp_verify_keepalive 8 timeout=500ms;
--- smtp
mx1 11 pipelining
    rcpt x*: 452 4.2.2 Mailbox full
    rcpt: 451 4.3.0 Temporary lookup failure
--- address
a@ok.test
b@ok.test
x1@ok.test
x2@ok.test
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
--- linger: 3s



=== TEST 3: a temporary failure that a fresh session does not give
--- verify
smtp_verify_keepalive 8 timeout=500ms;
--- smtp
mx1 11 pipelining users=john,mary
    rcpt x*: 451 4.3.0 Temporary lookup failure
    rcpt#3+@1: 451 4.7.1 Try again later
--- address
x1@ok.test
x2@ok.test
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
--- linger: 3s



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
--- linger: 3s



=== TEST 5: all of that with a cache zone
--- http_config
smtp_verify_cache_zone zone=greylist:1m;
smtp_verify_cache greylist;
--- verify
smtp_verify_keepalive 8 timeout=500ms;
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
--- linger: 3s
