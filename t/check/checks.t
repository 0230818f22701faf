# Rules, providers, lists and weights: those compiled in, and the operator's.

use lib 't/lib';
use TestVerify 'no_plan';

run_tests();

__DATA__

=== TEST 1: disposable, on an address that is otherwise deliverable
--- smtp
mx1 11 pipelining users=john
--- dns
+default
mailinator.com MX 10 mx1.ok.test
sub.mailinator.com MX 10 mx1.ok.test
--- address
john@mailinator.com
john@sub.mailinator.com
--- json
verdict: risky disposable confirmed
checks.disposable: true
smtp.mailbox_exists: true
smtp.response_code: 250
smtp.rule: accepted-2xx



=== TEST 2: disposable, and refused all the same
--- smtp
mx1 11 pipelining users=john
--- dns
+default
mailinator.com MX 10 mx1.ok.test
--- address: jane@mailinator.com
--- json
verdict: undeliverable mailbox_not_found confirmed mailbox
checks.disposable: true
smtp.rule: *



=== TEST 3: a refusal of us goes before the lists
--- smtp
mx1 11 pipelining
    rcpt: 550 5.7.1 Client host [127.0.0.1] blocked using zen.spamhaus.org
--- dns
+default
mailinator.com MX 10 mx1.ok.test
--- address: john@mailinator.com
--- json
verdict: unknown sender_blocked estimated sender
checks.disposable: true
smtp.rule: *



=== TEST 4: disposable goes before catch-all, catch-all before a role
--- smtp
mx1 11 pipelining accept
--- dns
+default
mailinator.com MX 10 mx1.ok.test
--- address
support@mailinator.com
support@ok.test
--- json
verdict: risky disposable
checks.role_account: true
checks.catch_all: true
--
verdict: risky catch_all confirmed domain
checks.role_account: true
checks.catch_all: true



=== TEST 5: a role
--- smtp
mx1 11 pipelining users=support
--- address: support@ok.test
--- json
verdict: risky role_account confirmed
checks.role_account: true
smtp.mailbox_exists: true
smtp.rule: accepted-2xx



=== TEST 6: free, alias service, and what that is not
--- smtp
mx1 11 pipelining users=john
--- dns
+default
gmail.com MX 10 mx1.ok.test
duck.com MX 10 mx1.ok.test
--- address
john@gmail.com
john@duck.com
--- json
checks.free_provider: true
checks.disposable: false
checks.alias_service: false
--
checks.alias_service: true
checks.disposable: false



=== TEST 7: what the operator has no list of is not established
--- smtp
mx1 11 pipelining users=john
--- address: john@ok.test
--- json
checks.spam_trap: null
checks.abuse: null
checks.domain_age_days: null



=== TEST 8: a slip of the keyboard, and not one
--- smtp
mx1 11 pipelining users=john
--- dns
+default
gmial.com MX 10 mx1.ok.test
gmail.com MX 10 mx1.ok.test
--- address
john@gmial.com
john@gmail.com
john@ok.test
--- json
did_you_mean: john@gmail.com
checks.typo: true
--
did_you_mean: null
checks.typo: false
--
did_you_mean: null
checks.typo: false



=== TEST 9: a slip of which the domain does not exist
--- address: john@gmial.com
--- json
verdict: undeliverable domain_not_found confirmed domain
did_you_mean: john@gmail.com
checks.typo: true



=== TEST 10: normalized and root
--- smtp
mx1 11 pipelining accept
--- dns
+default
gmail.com MX 10 mx1.ok.test
--- verify
smtp_verify_smtp off;
--- address
John.Doe+news@GMail.com
John.Doe+news@ok.test
--- json
normalized: john.doe+news@gmail.com
root: johndoe@gmail.com
--
normalized: John.Doe+news@ok.test
root: John.Doe@ok.test



=== TEST 11: the operator's spam traps: an address, its tags, a domain
--- http_config
smtp_verify_list spam_trap $TEST_NGINX_SERVER_ROOT/html/traps.txt;
--- user_files
>>> traps.txt
# ours
trap@ok.test
trapped.test     # a domain
--- smtp
mx1 11 pipelining users=john,trap,trap+x
--- dns
+default
trapped.test MX 10 mx1.ok.test
--- address
trap@ok.test
trap+x@ok.test
john@trapped.test
john@ok.test
--- json
verdict: risky spam_trap
checks.spam_trap: true
--
verdict: risky spam_trap
checks.spam_trap: true
--
verdict: risky spam_trap
checks.spam_trap: true
--
verdict: deliverable accepted
checks.spam_trap: false



=== TEST 12: a list of one's own takes the place of the one compiled in
--- http_config
smtp_verify_list disposable $TEST_NGINX_SERVER_ROOT/html/mine.txt;
--- user_files
>>> mine.txt
ok.test
--- smtp
mx1 11 pipelining users=john
--- dns
+default
mailinator.com MX 10 mx1.ok.test
--- address
john@ok.test
john@mailinator.com
--- json
reason: disposable
checks.disposable: true
--
reason: accepted
checks.disposable: false



=== TEST 13: no such kind of list
--- http_config
smtp_verify_list unheard_of $TEST_NGINX_SERVER_ROOT/html/mine.txt;
--- user_files
>>> mine.txt
ok.test
--- must_die
--- error_log
[emerg]
unheard_of



=== TEST 14: no such list
--- http_config
smtp_verify_list disposable $TEST_NGINX_SERVER_ROOT/html/none.txt;
--- must_die
--- error_log
[emerg]
none.txt



=== TEST 15: a mistake in a list: its line
--- http_config
smtp_verify_list disposable $TEST_NGINX_SERVER_ROOT/html/mine.txt;
--- user_files
>>> mine.txt
ok.test
fine.test
not a domain
--- must_die
--- error_log
[emerg]
mine.txt:3



=== TEST 16: rules of one's own
--- rules
# one is enough

rule gone-fishing
    label    mailbox_disabled
    any      "gone fishing"
    example  550 5.0.0 gone fishing
    source   a friend
--- smtp
mx1 11 pipelining users=john
    rcpt jim@*: 550 5.0.0 He has gone fishing
    rcpt: default
--- address
jim@ok.test
jane@ok.test
john@ok.test
--- json
verdict: undeliverable mailbox_disabled confirmed mailbox
smtp.rule: gone-fishing
--
verdict: unknown rejected estimated policy
smtp.rule: *
--
smtp.response_code: 250
smtp.rule: *



=== TEST 17: rules: no such file
--- http_config
smtp_verify_rules $TEST_NGINX_SERVER_ROOT/html/none.conf;
--- must_die
--- error_log
[emerg]
none.conf



=== TEST 18: rules: a mistake, its file and its line
--- rules
rule a
    label    mailbox_full
    any      "over quota"

rule b
    label    no_such_label
    any      "x"
--- must_die
--- error_log
[emerg]
rules.conf:6



=== TEST 19: rules: an example that another rule decides
--- rules
rule a
    label    mailbox_full
    any      "over quota"

rule b
    label    rate_limited
    any      "quota"
    example  450 over quota
--- must_die
--- error_log
[emerg]
rules.conf:8



=== TEST 20: rules: a 4xx cannot say missing
--- rules
rule a
    label    mailbox_not_found
    code     4xx
    any      "unknown"
--- must_die
--- error_log
[emerg]
rules.conf:



=== TEST 21: rules twice
--- http_config
smtp_verify_rules $TEST_NGINX_SERVER_ROOT/html/mine.conf;
smtp_verify_rules $TEST_NGINX_SERVER_ROOT/html/mine.conf;
--- user_files
>>> mine.conf
rule a
    label    mailbox_full
    any      "over quota"
--- must_die
--- error_log
"smtp_verify_rules" directive is duplicate



=== TEST 22: a provider that accepts all: estimated, and said so
--- providers
provider ours
    name    "Our Mail"
    mx      ok.test
    worth   accepts_all
--- verify
smtp_verify_ask_unverifiable on;
--- smtp
mx1 11 pipelining users=john
--- address
john@ok.test
jane@ok.test
--- json
verdict: unknown unverifiable_provider estimated
smtp.smtp_provider: Our Mail
smtp.response_code: 250
--
verdict: undeliverable mailbox_not_found confirmed mailbox
smtp.smtp_provider: Our Mail
smtp.rule: *
--- smtp_unlike
C: RSET



=== TEST 23: a provider whose refusals prove nothing
--- providers
provider ours
    name    "Our Mail"
    mx      ok.test
    worth   refuses_all
--- smtp
mx1 11 pipelining
--- address: jane@ok.test
--- json
verdict: unknown unverifiable_provider estimated
smtp.response_code: 550



=== TEST 24: a provider that is definitive: no random recipient
--- providers
provider ours
    name    "Our Mail"
    mx      ok.test
    worth   definitive
--- smtp
mx1 11 pipelining users=john
--- address: john@ok.test
--- json
verdict: deliverable accepted confirmed null
smtp.smtp_provider: Our Mail
smtp.is_catch_all: false
smtp.rule: accepted-2xx
--- smtp_waits: 4
--- smtp_unlike
C: RSET



=== TEST 25: a provider that may not be asked
--- providers
provider ours
    name    "Our Mail"
    mx      ok.test
    probe   never
--- smtp
mx1 11 pipelining users=john
--- address: john@ok.test
--- json
status: unknown
verification_level: estimated
smtp.smtp_provider: Our Mail
smtp.connected: !true
smtp.response_code: null
--- smtp_sessions: 0



=== TEST 26: a provider known by its banner
--- providers
provider ours
    name    "Our Mail"
    banner  "our mail gateway"
--- smtp
mx1 11 pipelining users=john
    banner: 220 mx.example ESMTP Our Mail Gateway ready
--- address: john@ok.test
--- json
verdict: deliverable accepted
smtp.smtp_provider: Our Mail



=== TEST 27: a second recipient may not be asked there: not in this session
--- providers
provider ours
    name    "Our Mail"
    mx      ok.test
    second  no
--- smtp
mx1 11 pipelining users=john
--- address: john@ok.test
--- json
verdict: /^(deliverable|risky)$/ /^accepted/ confirmed
smtp.response_code: 250
--- smtp_unlike
C: RSET



=== TEST 28: providers: a mistake, its file and its line
--- providers
provider ours
    name    "Our Mail"
    mx      ok.test
    worth   much
--- must_die
--- error_log
[emerg]
providers.conf:4



=== TEST 29: the score: what was found out, less what the checks take off
--- smtp
mx1 11 pipelining starttls users=john,support
--- dns
+default
mailinator.com MX 10 mx1.ok.test
--- address
john@ok.test
support@ok.test
john@mailinator.com
jane@ok.test
--- json
score: 98
--
score: 83
--
score: 38
--
score: 0



=== TEST 30: the score: weights that are changed
--- http_config
smtp_verify_score accepted 90;
smtp_verify_score tls 0;
--- smtp
mx1 11 pipelining starttls users=john
--- address: john@ok.test
--- json
score: 90



=== TEST 31: the score: no such name
--- http_config
smtp_verify_score luck 10;
--- must_die
--- error_log
[emerg]
luck



=== TEST 32: the score: out of bounds
--- http_config
smtp_verify_score accepted 101;
--- must_die
--- error_log
[emerg]
from 0 to 100



=== TEST 33: the score: no better evidence lowers it
--- http_config
smtp_verify_score accepted 10;
--- must_die
--- error_log
[emerg]
smtp_verify_score
