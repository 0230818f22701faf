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
verdict: unknown greylisted estimated policy
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
verdict: deliverable accepted confirmed null
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
verdict: unknown greylisted estimated policy
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
verdict: unknown greylisted estimated policy
retry_after: 60
--- within: 5s
--- smtp_sessions: 1



=== TEST 8: the memory is for a 4xx without a reason; one that is given stands
--- smtp
mx1 11 pipelining users=john
    rcpt john@*: 451 4.7.1 Greylisted, please try again later
    rcpt a@*: 450 4.1.1 <a@ok.test>: Recipient address rejected: Unverified address
    rcpt b@*: 450 4.1.2 <b@ok.test>: Recipient address rejected: Domain not found
    rcpt c@*: 451 4.3.0 Temporary lookup failure
    rcpt d@*: 451 Could not resolve your reverse address
    rcpt e@*: 450 4.2.0 Please try again later
--- address
john@ok.test
a@ok.test
b@ok.test
c@ok.test
d@ok.test
e@ok.test
--- json
reason: greylisted
--
reason: temporary_failure
smtp.rule: unverified-recipient
--
reason: temporary_failure
smtp.rule: temporary-4xx
--
reason: /^(temporary_failure|server_error)$/
--
reason: /^(temporary_failure|sender_blocked)$/
--
reason: greylisted
smtp.rule: greylist-memory



=== TEST 9: tests of the client that it passes once: asked again within the wait
--- smtp
mx1 11 pipelining users=john
    rcpt@1: 450 4.3.2 Service currently unavailable
--- query: wait=20
--- address: john@ok.test
--- json
verdict: deliverable accepted
smtp.attempts: 2
--- not_within: 5.5s
--- within: 12s
--- smtp_sessions: 2



=== TEST 10: likewise where the rule says when, for the recipient and the sender
--- rules
rule soon
    label    temporary_failure
    any      "verification in progress"
    retry    1
    source   a test
rule missing
    label    mailbox_not_found
    code     5xx
    source   a test
rule accepted-2xx
    label    accepted
    code     2xx
    source   a test
--- smtp
mx1 11 pipelining users=john,jane
    mail@1: 450 4.1.7 <probe@verifier.test>: Sender address rejected: unverified address: Address verification in progress
    rcpt@2: 450 4.1.1 <jane@ok.test>: Recipient address rejected: unverified address: Address verification in progress
--- query: wait=10
--- address: john@ok.test
--- json
verdict: deliverable accepted
smtp.attempts: 3
--- smtp_sessions: 3



=== TEST 11: whatever else names its time
--- smtp
mx1 11 pipelining users=john
    rcpt@1: 451 4.3.0 Mail server configuration error, please try again in 2 seconds
--- query: wait=10
--- address: john@ok.test
--- json
status: deliverable
smtp.attempts: 2
--- not_within: 2.5s
--- smtp_sessions: 2



=== TEST 12: not a failure without a time, and without the caller's time
--- smtp
mx1 11 pipelining users=john
    rcpt: 451 4.3.0 Temporary lookup failure
--- query: wait=20
--- address: john@ok.test
--- json
status: unknown
retry_after: !null
--- within: 3s
--- smtp_sessions: 1



=== TEST 13: twice as long each time: a server that goes on saying so is not driven
--- smtp
mx1 11 pipelining users=john
    rcpt: 451 4.7.1 Greylisted, please try again in 1 second
--- query: wait=9
--- address: john@ok.test
--- json
verdict: unknown greylisted
retry_after: 1
smtp.attempts: 3
--- not_within: 4.5s
--- within: 9s
--- smtp_sessions: 3



=== TEST 14: an address that is being verified, in a list
--- config
location = /batch {
    smtp_verify_batch;
}
--- rules
rule soon
    label    server_error
    any      "service currently unavailable"
    retry    1
    source   a test
rule missing
    label    mailbox_not_found
    code     5xx
    source   a test
rule accepted-2xx
    label    accepted
    code     2xx
    source   a test
--- smtp
mx1 11 pipelining users=john,jane
    rcpt@1: 450 4.3.2 Service currently unavailable
--- more_headers
Content-Type: text/plain
--- request
POST /batch?wait=10
john@ok.test
--- stream
verdict: deliverable accepted
--
retried: 1
waiting: 0



=== TEST 15: a plain failure that says "later"
--- smtp
mx1 11 pipelining users=john
    rcpt@1: 451 4.3.2 Please try again later
--- query: wait=20
--- address: john@ok.test
--- json
verdict: deliverable accepted
smtp.attempts: 2
--- not_within: 10.5s
--- within: 16s
--- smtp_sessions: 2



=== TEST 16: our sender could not be looked up: that blocks nobody, and passes
--- smtp
mx1 11 pipelining users=john
    mail@1: 450 4.1.7 <probe@verifier.test>: Sender address rejected: unverified address: Address lookup failure
--- query: wait=20
--- address: john@ok.test
--- json
verdict: deliverable accepted
smtp.attempts: 2
--- not_within: 10.5s
--- within: 16s
--- smtp_sessions: 2
