# Facts of domains and mail hosts, for all workers.

use lib 't/lib';
use TestVerify 'no_plan';
use TestVerify::Clients;

master_on();
workers(2);
worker_connections(1024);

preset_http(<<'END');
smtp_verify_cache_zone zone=results:1m;
smtp_verify_cache results;
smtp_verify_connect_timeout 2s;
smtp_verify_greeting_timeout 4s;
smtp_verify_read_timeout 4s;
smtp_verify_timeout 10s;
add_header X-Pid $pid;
END

run_tests();

__DATA__

=== TEST 1: the MX is asked for once
--- smtp
mx1 11 pipelining users=john,jane,jim
--- address
john@ok.test
jane@ok.test
jim@ok.test
--- json
reason: accepted
smtp.mx_host: mx1.ok.test
--- dns_queries
ok.test MX 1
--- smtp_sessions: 3



=== TEST 2: equal preferences still share the load
--- smtp
mx1 11 pipelining accept
mx2 12 pipelining accept
--- verify
smtp_verify_catch_all off;
--- dns
ok.test MX 10 mx1.ok.test
ok.test MX 10 mx2.ok.test
mx1.ok.test A 11
mx2.ok.test A 12
--- init
TestVerify::Clients::start('/verify?email=u%d@ok.test', clients => 60);
TestVerify::Clients::finish();
--- address: john@ok.test
--- json
reason: accepted_untested
--- smtp_check eval
sub {
    my %n;

    $n{ $_->{json}{checks}{smtp}{mx_host} }++
        for TestVerify::Clients::answers();

    return ($n{'mx1.ok.test'} // 0) > 10 && ($n{'mx2.ok.test'} // 0) > 10;
}



=== TEST 3: a null MX, a domain that is not there, one without a mail server
--- dns
null.test MX 0 .
plain.test TXT none
--- address
a@null.test
b@null.test
a@none.test
b@none.test
a@plain.test
b@plain.test
--- json
reason: null_mx
cached: false
--
reason: null_mx
cached: false
--
reason: domain_not_found
--
reason: domain_not_found
cached: false
checks.domain: false
--
reason: no_mail_server
--
reason: no_mail_server
cached: false
--- dns_queries
null.test MX 1
none.test MX 1
plain.test MX 1



=== TEST 4: an error of the DNS is no fact
--- smtp
mx1 11 pipelining users=john
--- dns
+default
ok.test MX ! servfail
--- address
john@ok.test
john@ok.test
--- json
reason: dns_error
cached: false
--- dns_queries
ok.test MX >=2



=== TEST 5: a domain that accepts everything is not asked again
--- smtp
mx1 11 pipelining accept
--- address
john@ok.test
jane@ok.test
--- json
reason: catch_all
smtp.response_code: 250
--
verdict: risky catch_all confirmed domain
cached: false
checks.catch_all: true
smtp.is_catch_all: true
smtp.connected: null
smtp.mailbox_exists: null
smtp.response_code: null
smtp.mx_host: mx1.ok.test
smtp.rule: catch-all-memory
--- smtp_sessions: 1



=== TEST 6: unless nothing is to be known of it
--- smtp
mx1 11 pipelining accept
--- verify
smtp_verify_cache_valid catch_all 0;
--- address
john@ok.test
jane@ok.test
--- json
reason: catch_all
smtp.response_code: 250
--- smtp_sessions: 2



=== TEST 7: or nobody wants to know
--- smtp
mx1 11 pipelining accept
--- config
location = /verify {
    smtp_verify;
}

location = /off {
    smtp_verify;
    smtp_verify_catch_all off;
}
--- request eval
['GET /verify?email=john@ok.test', 'GET /off?email=jane@ok.test']
--- json
reason: catch_all
--
reason: accepted_untested
smtp.is_catch_all: null
--- smtp_sessions: 2



=== TEST 8: one random recipient for all workers
--- smtp
mx1 11 pipelining accept
    rcpt 0u*@*: default
    rcpt *: wait 500ms ; 550 5.1.1 No such user
--- init
TestVerify::Clients::start('/verify?email=0u%d@ok.test', clients => 200);
--- address: 0u0@ok.test
--- json
reason: accepted
--- smtp_sessions: 201
--- smtp_check eval
sub {
    my @answers = TestVerify::Clients::answers();

    return 1 == (() = $_[1] =~ /C: RSET/g)
           && TestVerify::Clients::reasons(@answers) eq 'accepted 200'
           && TestVerify::Clients::count(sub { $_[0]{header}{'X-Pid'} },
                                         @answers) =~ /,/;
}



=== TEST 9: no answer to it: nobody asks again for a while
--- smtp
mx1 11 pipelining accept
    rcpt 0u*@*: default
    rcpt *: wait 500ms ; 451 4.7.1 Not now
--- init
TestVerify::Clients::start('/verify?email=0u%d@ok.test', clients => 40);
--- address: 0u0@ok.test
--- json
reason: accepted_untested
--- smtp_check eval
sub {
    return 1 == (() = $_[1] =~ /C: RSET/g)
           && TestVerify::Clients::reasons()
              eq 'accepted_untested 40';
}



=== TEST 10: later ones do not, either
--- smtp
mx1 11 pipelining accept
    rcpt 0u*@*: default
    rcpt *: 451 4.7.1 Not now
--- address
0u1@ok.test
0u2@ok.test
--- json
reason: accepted_untested
--- smtp_check eval
sub { 1 == (() = $_[1] =~ /C: RSET/g) }



=== TEST 11: the worker that asks for it is killed
--- smtp
mx1 11 pipelining accept
    rcpt u*0@*: default
    rcpt u1@*: default
    rcpt *: wait 1500ms ; 550 5.1.1 No such user
--- init
TestVerify::Clients::start('/verify?email=u1@ok.test');
my $worker = TestVerify::Clients::worker_at($TestVerify::Env::SmtpPort);
TestVerify::Clients::start('/verify?email=u%d0@ok.test', clients => 20);
Time::HiRes::sleep(0.4);
kill 'KILL', $worker;
Time::HiRes::sleep(3);
--- address: u0@ok.test
--- json
reason: accepted
--- log_allow
exited on signal 9
--- smtp_check eval
sub {
    my @answers = TestVerify::Clients::answers();

    return 2 == (() = $_[1] =~ /C: RSET/g)
           && !grep { defined $_->{json}
                      && $_->{json}{reason} ne 'accepted' } @answers;
}



=== TEST 12: a reload forgets nothing
--- smtp
mx1 11 pipelining accept
--- init
TestVerify::Clients::start('/verify?email=john@ok.test');
TestVerify::Clients::finish();
TestVerify::Clients::reload();
--- request: GET /verify?email=jane@ok.test
--- json
reason: catch_all
smtp.rule: catch-all-memory
--- dns_queries
ok.test MX 1
--- smtp_sessions: 1
--- smtp_check eval
sub { TestVerify::Clients::reasons() eq 'catch_all 1' }



=== TEST 13: a list that changed judges what is kept
--- http_config
smtp_verify_list disposable $TEST_NGINX_SERVROOT/html/list;
--- user_files
>>> list
other.test
--- smtp
mx1 11 pipelining users=john
--- init
for (1 .. 2) {
    TestVerify::Clients::start('/verify?email=john@ok.test');
    TestVerify::Clients::finish();
}
open my $list, '>', "$ENV{TEST_NGINX_SERVROOT}/html/list";
print $list "ok.test\n";
close $list;
TestVerify::Clients::reload();
--- address: john@ok.test
--- json
verdict: risky disposable
cached: true
score: <= 60
normalized: john@ok.test
checks.disposable: true
smtp.response_code: 250
smtp.mx_host: mx1.ok.test
smtp.rule: accepted-2xx
--- smtp_sessions: 1
--- smtp_check eval
sub {
    return 'deliverable accepted 0 0, deliverable accepted 0 1' eq
        TestVerify::Clients::count(sub {
            my $r = $_[0]{json};
            return "$r->{status} $r->{reason} "
                   . ($r->{checks}{disposable} + 0) . ' ' . ($r->{cached} + 0);
        }, TestVerify::Clients::answers()) =~ s/ 1(?=,|$)//gr;
}



=== TEST 14: many ask for the same MX at once, in all workers
--- not_slower
--- verify
resolver_timeout 5s;
--- dns
+default
ok.test MX ! delay 300ms
--- smtp
mx1 11 pipelining users=john,jane
--- init
TestVerify::Clients::start('/verify?email=u%d@ok.test', clients => 200);
TestVerify::Clients::finish();
--- address: john@ok.test
--- json
reason: accepted
smtp.mx_host: mx1.ok.test
--- dns_queries
ok.test MX 1
--- linger: 5s
--- smtp_check eval
sub {
    my @answers = TestVerify::Clients::answers();

    return TestVerify::Clients::count(sub { $_[0]{json}{reason} }, @answers)
           eq 'mailbox_not_found 200'
           && TestVerify::Clients::count(sub { $_[0]{header}{'X-Pid'} },
                                         @answers) =~ /,/;
}



=== TEST 15: a domain that does not exist, and one that has no answer
--- not_slower
--- verify
resolver_timeout 5s;
--- dns
none.test MX ! delay 300ms
broken.test MX ! delay 300ms
broken.test MX ! servfail
--- init
TestVerify::Clients::start('/verify?email=u%d@none.test', clients => 30);
TestVerify::Clients::start('/verify?email=u%d@broken.test', clients => 30);
TestVerify::Clients::finish();
--- address
john@none.test
--- json
reason: domain_not_found
--- dns_queries
none.test MX 1
broken.test MX 1
--- smtp_check eval
sub {
    return TestVerify::Clients::reasons()
           eq 'dns_error 30, domain_not_found 30';
}



=== TEST 16: the one who asks for the MX goes away
--- not_slower
--- verify
resolver_timeout 5s;
--- dns
+default
ok.test MX ! delay 500ms
--- smtp
mx1 11 pipelining users=john
--- init
TestVerify::Clients::start('/verify?email=v@ok.test', abort => 0.2);
TestVerify::Clients::start('/verify?email=u%d@ok.test', clients => 40,
                           after => 0.1);
TestVerify::Clients::finish();
--- address: john@ok.test
--- json
reason: accepted
--- dns_queries
ok.test MX <=2
--- linger: 5s
--- smtp_check eval
sub { TestVerify::Clients::reasons() eq 'mailbox_not_found 40' }



=== TEST 17: the worker that asks for the MX is killed
--- not_slower
--- verify
resolver_timeout 5s;
--- dns
+default
ok.test MX ! delay 500ms
--- smtp
mx1 11 pipelining users=john
--- init
TestVerify::Clients::start('/verify?email=u%d@ok.test', clients => 40);
Time::HiRes::sleep(0.25);
kill 'KILL', (TestVerify::Clients::workers())[0];
TestVerify::Clients::finish();
--- address: john@ok.test
--- json
reason: accepted
--- log_allow
exited on signal 9
--- linger: 5s
--- smtp_check eval
sub { TestVerify::Clients::reasons() =~ /^mailbox_not_found \d+, none \d+$/ }



=== TEST 18: who has more time than the one who asked for the MX
--- not_slower
--- config
location = /verify {
    smtp_verify;
    resolver_timeout 5s;
}
location = /short {
    smtp_verify;
    resolver_timeout 300ms;
}
--- dns
+default
ok.test MX ! delay 700ms
--- smtp
mx1 11 pipelining users=john
--- init
TestVerify::Clients::start('/short?email=u%d@ok.test', clients => 20);
TestVerify::Clients::start('/verify?email=v%d@ok.test', clients => 20,
                           after => 0.1);
TestVerify::Clients::finish();
--- address: john@ok.test
--- json
reason: accepted
--- linger: 5s
--- smtp_check eval
sub {
    return TestVerify::Clients::reasons()
           eq 'dns_error 20, mailbox_not_found 20';
}



=== TEST 19: name servers that say nothing delay nobody twice
--- not_slower
--- verify
resolver_timeout 800ms;
--- dns
silent.test MX ! drop
--- init
TestVerify::Clients::start('/verify?email=u%d@silent.test', clients => 40);
TestVerify::Clients::finish();
--- address: john@silent.test
--- json
reason: dns_error
response_time_ms: <= 1500
--- smtp_check eval
sub {
    my @answers = TestVerify::Clients::answers();

    return @answers == 40
           && !grep { $_->{json}{reason} ne 'dns_error'
                      || $_->{json}{response_time_ms} > 1300 } @answers;
}
