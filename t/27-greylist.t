use lib 't/lib';
use TestVerify 'no_plan';

master_on();

run_tests();

__DATA__

=== TEST 1: greylisted, with the seconds that the server names
--- smtp
mx1 11 pipelining users=john
    rcpt john@*: 451 4.7.1 Greylisting in action, please try again in 120 seconds
--- address: john@ok.test
--- json
status: unknown
reason: greylisted
verification_level: estimated
blame: policy
retry_after: 120
smtp.stage: rcpt
smtp.response_code: 451
smtp.mailbox_exists: null
smtp.rule: *



=== TEST 2: with the time for it, asked anew, and found
--- smtp
mx1 11 pipelining users=john
    rcpt@1: 451 4.7.1 Greylisted, please try again in 1 seconds
--- query: wait=10
--- address: john@ok.test
--- json
status: deliverable
reason: accepted
verification_level: confirmed
blame: null
retry_after: null
smtp.attempts: 2
smtp.rule: accepted-2xx
--- not_within: 1.5s
--- within: 8s
--- smtp_sessions: 2



=== TEST 3: not enough time: answered at once
--- smtp
mx1 11 pipelining users=john
    rcpt john@*: 451 4.7.1 Greylisted, please try again in 60 seconds
--- query: wait=30
--- address: john@ok.test
--- json
status: unknown
reason: greylisted
verification_level: estimated
blame: policy
retry_after: 60
--- within: 3s
--- smtp_sessions: 1



=== TEST 4: no more time than the operator gives
--- verify
smtp_verify_max_wait 1s;
--- smtp
mx1 11 pipelining users=john
    rcpt john@*: 451 4.7.1 Greylisted, please try again in 2 seconds
--- query: wait=3600
--- address: john@ok.test
--- json
reason: greylisted
retry_after: 2
--- within: 2s
--- smtp_sessions: 1



=== TEST 5: by memory: what a bare 451 means at a host that was seen to greylist
--- smtp
mx1 11 pipelining users=john,mary
    rcpt john@*: 451 4.7.1 Greylisted, please try again later
    rcpt mary@*: 451 Temporary problem
--- address
john@ok.test
mary@ok.test
--- json
reason: greylisted
blame: policy
retry_after: *
--
reason: greylisted
blame: policy
retry_after: *
smtp.rule: greylist-memory



=== TEST 6: without that memory it is a temporary failure
--- smtp
mx1 11 pipelining users=john,mary
    rcpt mary@*: 451 Temporary problem
--- address
mary@ok.test
--- json
reason: temporary_failure
verification_level: estimated
blame: domain
retry_after: *



=== TEST 7: a graceful stop does not wait for the second try
--- smtp
mx1 11 pipelining users=john
    rcpt john@*: 451 4.7.1 Greylisted, please try again in 60 seconds
--- query: wait=600
--- address: john@ok.test
--- signal: 500ms QUIT
--- json
status: unknown
reason: greylisted
verification_level: estimated
blame: policy
retry_after: 60
--- within: 5s
--- smtp_sessions: 1
