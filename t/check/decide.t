# What the operator's lists decide: domains and addresses that nobody is asked
# about, and mail hosts whose domains are disposable.

use lib 't/lib';
use TestVerify 'no_plan';

master_on();
no_shuffle();
run_tests();

__DATA__

=== TEST 1: an unknown domain whose mail host is a throw-away service's
--- smtp
mx1 11 pipelining users=john
--- dns
new.test MX 10 mail.mailinator.com
mail.mailinator.com A 11
mailinator.com MX 10 mail.mailinator.com
--- address
john@new.test
john@mailinator.com
jane@new.test
--- json
verdict: risky disposable confirmed
checks.disposable: true
checks.disposable_by: mail_host
smtp.mx_host: mail.mailinator.com
--
verdict: risky disposable confirmed
checks.disposable_by: domain
--
verdict: undeliverable mailbox_not_found confirmed
checks.disposable: true
checks.disposable_by: mail_host



=== TEST 2: a shared hoster's mail host says nothing of its customers
--- smtp
mx1 11 pipelining users=john
--- dns
cloud.test MX 10 route1.mx.cloudflare.net
route1.mx.cloudflare.net A 11
rented.test MX 10 us2.mx1.mailhostbox.com
us2.mx1.mailhostbox.com A 11
alias.test MX 10 mx1.simplelogin.co
mx1.simplelogin.co A 11
above.test MX 10 mailinator.com
mailinator.com A 11
--- address
john@cloud.test
john@rented.test
john@alias.test
john@above.test
--- json
verdict: deliverable accepted confirmed
checks.disposable: false
checks.disposable_by: null



=== TEST 3: without a probe, by the MX records alone
--- dns
new.test MX 10 mail.mailinator.com
--- query: smtp=0
--- address: john@new.test
--- json
reason: disposable
checks.disposable: true
checks.disposable_by: mail_host



=== TEST 4: the operator's own mail hosts, also for what is cached
--- http_config
smtp_verify_cache_zone zone=c:1m;
smtp_verify_cache c;
smtp_verify_list disposable_mx $TEST_NGINX_SERVER_ROOT/html/mx.txt;
--- user_files
>>> mx.txt
mx1.ok.test     # ours
--- smtp
mx1 11 pipelining users=john
--- address
john@ok.test
john@ok.test
--- json
verdict: risky disposable confirmed
checks.disposable_by: mail_host
cached: false
--
verdict: risky disposable confirmed
checks.disposable_by: mail_host
cached: true



=== TEST 5: domains and addresses are decided about, and nobody is asked
--- http_config
smtp_verify_list allow $TEST_NGINX_SERVER_ROOT/html/allow.txt;
smtp_verify_list deny $TEST_NGINX_SERVER_ROOT/html/deny.txt;
--- user_files
>>> allow.txt
good.test
.tree.test
boss@ok.test
>>> deny.txt
bad.test
*.tree-below.test
jane@ok.test
--- smtp
mx1 11 pipelining users=john
--- address
john@good.test
john@sub.tree.test
boss+x@ok.test
john@bad.test
john@sub.tree-below.test
Jane@ok.test
--- json
verdict: unknown not_probed estimated
smtp.rule: list-allow
smtp.connected: null
checks.mx_record: null
--
verdict: unknown not_probed estimated
--
verdict: unknown not_probed estimated
smtp.rule: list-allow
--
verdict: unknown policy_rejected estimated local
smtp.rule: list-deny
smtp.connected: null
--
verdict: unknown policy_rejected estimated local
--
verdict: unknown policy_rejected estimated local
smtp.rule: list-deny
--- smtp_sessions: 0
--- dns_queries
good.test MX 0
bad.test MX 0
ok.test MX 0



=== TEST 6: those that the entries do not say are asked
--- http_config
smtp_verify_list allow $TEST_NGINX_SERVER_ROOT/html/allow.txt;
smtp_verify_list deny $TEST_NGINX_SERVER_ROOT/html/deny.txt;
--- user_files
>>> allow.txt
sub.ok.test
>>> deny.txt
*.ok.test
jane@ok.test
--- smtp
mx1 11 pipelining users=john
--- address
john@ok.test
jack@ok.test
john@notok.test
--- json
verdict: deliverable accepted confirmed
--
verdict: undeliverable mailbox_not_found
--
reason: domain_not_found



=== TEST 7: by the SHA-256 of the address
--- http_config
smtp_verify_list deny $TEST_NGINX_SERVER_ROOT/html/deny.txt;
--- user_files eval
use Digest::SHA;
">>> deny.txt\nsha256:" . Digest::SHA::sha256_hex('jane@ok.test') . "\n"
--- smtp
mx1 11 pipelining users=john
--- address
JANE@OK.test
john@ok.test
--- json
verdict: unknown policy_rejected estimated local
--
verdict: deliverable accepted



=== TEST 8: a gate denies and lets pass by them, whatever else it denies
--- http_config
smtp_verify_list allow $TEST_NGINX_SERVER_ROOT/html/allow.txt;
smtp_verify_list deny $TEST_NGINX_SERVER_ROOT/html/deny.txt;
--- user_files
>>> allow.txt
mailinator.com
>>> deny.txt
bad.test
>>> signup
the application
--- config
location = /signup {
    smtp_verify_gate $arg_email deny=disposable,not_probed;
}
--- request eval
["GET /signup?email=john\@mailinator.com", "GET /signup?email=john\@bad.test"]
--- error_code eval
[200, 422]
--- response_body_like eval
[qr/^the application/, qr/"reason":"policy_rejected"/]



=== TEST 9: what is cached does not count against a list that changed
--- http_config
smtp_verify_cache_zone zone=c:1m;
smtp_verify_cache c;
smtp_verify_list deny $TEST_NGINX_SERVROOT/html/list;
--- user_files
>>> list
other.test
--- smtp
mx1 11 pipelining users=john
--- init
if (!fork()) {
    Time::HiRes::sleep(0.05) until -s "$ENV{TEST_NGINX_SERVROOT}/logs/access.log";
    open my $list, '>', "$ENV{TEST_NGINX_SERVROOT}/html/list";
    print $list "ok.test\n";
    close $list;
    kill 'HUP', TestVerify::Nginx::pid();
    POSIX::_exit(0);
}
--- request eval
['GET /verify?email=john@ok.test',
 ["POST /verify\nemail=", { value => 'jane@other.test', delay_before => 3 }],
 'GET /verify?email=john@ok.test']
--- more_headers
Content-Type: application/x-www-form-urlencoded
--- json
verdict: deliverable accepted
cached: false
--
smtp.rule: list-deny
cached: false
--
verdict: unknown policy_rejected estimated local
smtp.rule: list-deny
cached: false
--- smtp_sessions: 1



=== TEST 10: an entry that is wrong stops nginx, by file and line
--- http_config
smtp_verify_list deny $TEST_NGINX_SERVER_ROOT/html/deny.txt;
--- user_files
>>> deny.txt
ok.test
# why

no domain
--- must_die
--- error_log eval
qr/\[emerg\].*not a domain in \S+deny\.txt:4/



=== TEST 11: and so does a hash that is none
--- http_config
smtp_verify_list allow $TEST_NGINX_SERVER_ROOT/html/allow.txt;
--- user_files
>>> allow.txt
sha256:1234
--- must_die
--- error_log eval
qr/\[emerg\].*not a SHA-256 in \S+allow\.txt:1/



=== TEST 12: and so does what would be of nobody's address
--- http_config
smtp_verify_list deny $TEST_NGINX_SERVER_ROOT/html/deny.txt;
--- user_files
>>> deny.txt
@one.test
*@ok.test
--- must_die
--- error_log eval
qr/\[emerg\].*no "\*@" belongs before a domain in \S+deny\.txt:2/
