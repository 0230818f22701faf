# Results that are kept: hits, times, bypass, erasing, refreshing behind.

use lib 't/lib';
use TestVerify 'no_plan';

preset(http_config => <<'END');
smtp_verify_cache_zone zone=results:1m;
smtp_verify_cache results;
add_header X-Cache $smtp_verify_cache_status;
END

run_tests();

__DATA__

=== TEST 1: asked once, told twice
--- smtp
mx1 11 pipelining starttls users=john
--- address
john@ok.test
john@ok.test
john@OK.TEST
--- json
email: john@ok.test
verdict: deliverable accepted
cached: false
age: 0
smtp.tls.protocol: TLSv1.3
--
email: john@ok.test
normalized: john@ok.test
root: john@ok.test
verdict: deliverable accepted confirmed
score: >= 90
blame: null
retry_after: null
cached: true
age: <= 1
response_time_ms: 0
checks.syntax: true
checks.domain: true
checks.mx_record: true
checks.catch_all: false
checks.disposable: false
checks.spam_trap: null
smtp.connected: true
smtp.mailbox_exists: true
smtp.is_catch_all: false
smtp.mx_host: mx1.ok.test
smtp.mx_ip: *
smtp.stage: rcpt
smtp.response_code: 250
smtp.enhanced_code: 2.1.5
smtp.response: *
smtp.tls.protocol: TLSv1.3
smtp.tls.cipher: *
smtp.tls.verified: false
smtp.attempts: 1
smtp.rule: accepted-2xx
--
email: john@OK.TEST
normalized: john@ok.test
cached: true
--- response_headers eval
["X-Cache: MISS", "X-Cache: HIT", "X-Cache: HIT"]
--- smtp_sessions: 1



=== TEST 2: the local part is exact, its case and its tag count
--- smtp
mx1 11 pipelining users=john,John,john+news
--- address
john@ok.test
John@ok.test
john+news@ok.test
john+news@ok.test
--- json
cached: false
--
cached: false
--
cached: false
root: john@ok.test
--
cached: true
root: john@ok.test
--- smtp_sessions: 3



=== TEST 3: a refusal, with the address in the reply
--- smtp
mx1 11 pipelining users=john
    rcpt jane@*: 550 5.1.1 <$rcpt>: Recipient address rejected: User jane unknown, see other.user@ok.test
--- address
jane@ok.test
jane@ok.test
--- json
verdict: undeliverable mailbox_not_found
cached: false
smtp.response: 5.1.1 <jane@ok.test>: Recipient address rejected: User jane unknown, see other.user@ok.test
--
verdict: undeliverable mailbox_not_found
blame: mailbox
cached: true
smtp.response_code: 550
smtp.enhanced_code: 5.1.1
smtp.response: 5.1.1 <jane@ok.test>: Recipient address rejected: User jane unknown, see *@ok.test
smtp.rule: *
--- smtp_sessions: 1



=== TEST 4: what is wrong with an address is said without a cache
--- smtp
mx1 11 users=john
--- address
john
john@[192.0.2.1]
--- json
reason: invalid_syntax
cached: false
--
reason: unsupported_address
cached: false
--- response_headers eval
["X-Cache:", "X-Cache:"]
--- smtp_sessions: 0



=== TEST 5: no fact comes from a timeout or a 4xx
--- no_reuse
--- smtp
mx1 11 users=john
    rcpt@1 *: 451 4.3.0 Temporary system problem
    rcpt@2 *: hang
--- address
john@ok.test
john@ok.test
john@ok.test
john@ok.test
--- json
reason: /^(temporary_failure|server_error)$/
cached: false
--
reason: timeout
cached: false
--
reason: accepted
cached: false
--
reason: accepted
cached: true



=== TEST 6: a greylist is not asked again at once
--- smtp
mx1 11 pipelining users=john
    rcpt@1 *: 450 4.2.0 Greylisted, see you in 120 seconds
--- address
john@ok.test
john@ok.test
--- json
reason: greylisted
cached: false
retry_after: 120
--
reason: greylisted
cached: true
retry_after: <= 120
--- smtp_sessions: 1



=== TEST 7: but by one who has another name
--- smtp
mx1 11 pipelining users=john
    mail mine@*: 550 5.7.1 Service unavailable; client host blocked using a blocklist
--- verify
smtp_verify_from $arg_from@verifier.test;
--- request eval
['GET /verify?email=john@ok.test&from=mine',
 'GET /verify?email=john@ok.test&from=mine',
 'GET /verify?email=john@ok.test&from=yours',
 'GET /verify?email=john@ok.test&from=mine']
--- json
reason: sender_blocked
blame: sender
cached: false
--
reason: sender_blocked
cached: true
--
reason: accepted
cached: false
--
reason: accepted
cached: true
--- smtp_sessions: 2



=== TEST 8: times, and an unknown after a definite result that has expired
--- smtp
mx1 11 pipelining users=john
    rcpt@2 *: 451 4.3.0 Try again later
--- verify
smtp_verify_cache_valid undeliverable 3s;
--- request eval
['GET /verify?email=jane@ok.test',
 'GET /verify?email=jane@ok.test',
 ["POST /verify\nemail=", { value => 'jane@ok.test', delay_before => 4.1 }],
 'GET /verify?email=jane@ok.test']
--- more_headers
Content-Type: application/x-www-form-urlencoded
--- json
reason: mailbox_not_found
cached: false
--
reason: mailbox_not_found
cached: true
--
status: unknown
cached: false
--
reason: mailbox_not_found
cached: false
--- response_headers eval
['X-Cache: MISS', 'X-Cache: HIT', 'X-Cache: EXPIRED', 'X-Cache: EXPIRED']



=== TEST 9: bypass asks anew, keeps what it gets, and an unknown keeps nothing
--- smtp
mx1 11 pipelining users=john
    rcpt@2 *: 451 4.3.0 Try again later
--- verify
smtp_verify_cache_bypass $arg_fresh;
--- request eval
['GET /verify?email=john@ok.test',
 'GET /verify?email=john@ok.test&fresh=1',
 'GET /verify?email=john@ok.test',
 'GET /verify?email=john@ok.test&fresh=0',
 'GET /verify?email=john@ok.test&fresh=1',
 'GET /verify?email=john@ok.test']
--- json
reason: accepted
cached: false
--
status: unknown
cached: false
--
reason: accepted
cached: true
--
reason: accepted
cached: true
--
reason: accepted
cached: false
--
reason: accepted
cached: true
--- response_headers eval
["X-Cache: MISS", "X-Cache: BYPASS", "X-Cache: HIT", "X-Cache: HIT",
 "X-Cache: BYPASS", "X-Cache: HIT"]



=== TEST 10: a transcript is of a conversation of now
--- smtp
mx1 11 pipelining users=john
--- verify
smtp_verify_transcript on;
--- request eval
['GET /verify?email=john@ok.test&transcript=1',
 'GET /verify?email=john@ok.test',
 'GET /verify?email=john@ok.test&transcript=1']
--- with_transcript
--- json
cached: false
--
cached: true
--
cached: false
--- smtp_sessions: 2



=== TEST 11: one address is erased
--- smtp
mx1 11 pipelining users=john
--- request eval
['GET /verify?email=john@ok.test',
 'DELETE /verify?email=john@ok.test',
 'GET /verify?email=john@ok.test',
 'GET /verify?email=john@ok.test']
--- error_code eval
[200, 204, 200, 200]
--- response_headers eval
["X-Cache: MISS", "Content-Type:", "X-Cache: MISS", "X-Cache: HIT"]
--- smtp_sessions: 2



=== TEST 12: one that is not there
--- smtp
mx1 11 users=john
--- request
DELETE /verify?email=john@ok.test
--- error_code: 404
--- problem
status: 404
code: not_cached



=== TEST 13: nothing is erased where nothing is kept
--- smtp
mx1 11 users=john
--- verify
smtp_verify_cache off;
--- request
DELETE /verify?email=john@ok.test
--- error_code: 405
--- problem
status: 405



=== TEST 14: off
--- smtp
mx1 11 pipelining users=john
--- verify
smtp_verify_cache off;
--- address
john@ok.test
john@ok.test
--- json
cached: false
--
cached: false
--- smtp_sessions: 2



=== TEST 15: without a mail server nothing is kept, and nothing told
--- smtp
mx1 11 pipelining users=john
--- request eval
['GET /verify?email=john@ok.test',
 'GET /verify?email=john@ok.test&smtp=0']
--- json
reason: accepted
cached: false
--
reason: not_probed
cached: false



=== TEST 16: answered first, refreshed behind
--- smtp
mx1 11 pipelining users=john
    rcpt@2 john@*: 550 5.1.1 User unknown
--- verify
smtp_verify_cache_refresh 2s;
--- request eval
['GET /verify?email=john@ok.test',
 'GET /verify?email=john@ok.test',
 ["POST /verify\nemail=", { value => 'john@ok.test', delay_before => 3.1 }],
 ["POST /verify\nemail=", { value => 'john@ok.test', delay_before => 0.5 }]]
--- more_headers
Content-Type: application/x-www-form-urlencoded
--- json
reason: accepted
cached: false
--
reason: accepted
cached: true
--
reason: accepted
cached: true
age: >= 1
response_time_ms: 0
--
reason: mailbox_not_found
cached: true
age: <= 1
--- response_headers eval
['X-Cache: MISS', 'X-Cache: HIT', 'X-Cache: STALE', 'X-Cache: HIT']
--- smtp_sessions: 2



=== TEST 17: a refresh that tells nothing changes nothing, and is not tried again at once
--- smtp
mx1 11 pipelining users=john
    rcpt@2 john@*: 451 4.3.0 Try again later
--- verify
smtp_verify_cache_refresh 1s;
--- request eval
['GET /verify?email=john@ok.test',
 ["POST /verify\nemail=", { value => 'john@ok.test', delay_before => 2.1 }],
 ["POST /verify\nemail=", { value => 'john@ok.test', delay_before => 0.5 }],
 ["POST /verify\nemail=", { value => 'john@ok.test', delay_before => 0.5 }]]
--- more_headers
Content-Type: application/x-www-form-urlencoded
--- json
reason: accepted
cached: false
--
reason: accepted
cached: true
--
reason: accepted
cached: true
--
reason: accepted
cached: true
--- response_headers eval
['X-Cache: MISS', 'X-Cache: STALE', 'X-Cache: STALE', 'X-Cache: STALE']
--- smtp_sessions: 2



=== TEST 18: counters
--- smtp
mx1 11 pipelining users=john
--- config
location = /verify {
    smtp_verify;
}

location = /counters {
    smtp_verify_counters;
}
--- request eval
['GET /verify?email=john@ok.test',
 'GET /verify?email=john@ok.test',
 'GET /counters']
--- no_shape
--- json
cached: false
--
cached: true
--
requests: 2
cache_hits: 1
cache_misses: 1
probes: 1
now.probes: 0
now.waiting: 0
verdicts.accepted: 2
answers_ms.count: 2
probes_ms.count: 1
caches.results.entries: >= 1
caches.results.claims: 0



=== TEST 19: a zone that nobody defined
--- must_die
--- config
location = /verify {
    smtp_verify;
    smtp_verify_cache nowhere;
}
--- error_log
no zone "nowhere" for "smtp_verify_cache", it has to be defined by "smtp_verify_cache_zone"



=== TEST 20: too small
--- must_die
--- http_config
smtp_verify_cache_zone zone=results:16k;
--- error_log eval
qr/zone "results" is too small, \d+k or more is needed/



=== TEST 21: twice
--- must_die
--- http_config
smtp_verify_cache_zone zone=results:1m;
smtp_verify_cache_zone zone=results:1m;
--- error_log
duplicate zone "results"



=== TEST 22: what is not a reason
--- must_die
--- config
location = /verify {
    smtp_verify;
    smtp_verify_cache_valid often 1h;
}
--- error_log
unknown reason or status "often"



=== TEST 23: what cannot be kept
--- must_die
--- config
location = /verify {
    smtp_verify;
    smtp_verify_cache_valid pending 1h;
}
--- error_log
"pending" cannot be cached



=== TEST 24: the body of a refused request is not the next request
--- smtp
mx1 11 pipelining users=john
--- pipelined_requests eval
["PUT /verify\nGET /verify HTTP/1.1", "GET /verify?email=john\@ok.test"]
--- error_code eval
[405, 200]
--- json
status: 405
--
reason: accepted
--- no_shape



=== TEST 25: as good as for ever
--- verify
smtp_verify_cache_valid accepted 100y;
--- smtp
mx1 11 pipelining users=john
--- address
john@ok.test
john@ok.test
--- json
reason: accepted
cached: false
--
reason: accepted
cached: true
--- smtp_sessions: 1
