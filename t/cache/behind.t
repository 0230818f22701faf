# A store behind the cache, which answers later: what another zone has put
# there need not be asked again.

use lib 't/lib';
use TestVerify::Behind;
use TestVerify 'no_plan';
use TestVerify::Clients qw( until_true );

master_on();

our $Zones = <<'END';
smtp_verify_cache_zone zone=a:1m;
smtp_verify_cache_zone zone=b:1m;
END

# "a" and "b" stand for two machines; the section "b" says what the store does
# that is behind "b"

add_block_preprocessor(sub {
    my ($block) = @_;

    after_all($block) if defined $block->after;

    my $b = $block->b // ($block->http_config ? undef : '');

    $block->set_value(http_config => patient(($block->http_config // '')
        . "$Zones test_behind zone=a;\ntest_behind zone=b $b;\n"))
        if defined $b;

    $block->set_value(config => '
        location = /verify { smtp_verify; smtp_verify_cache a; }
        location = /b { smtp_verify; smtp_verify_cache b; }
        location = /gate {
            smtp_verify_gate $arg_email;
            smtp_verify_cache b;
            empty_gif;
        }
        location = /known {
            smtp_verify_address $arg_email;
            smtp_verify_cache b;
            add_header X-Reason $smtp_verify_reason;
            empty_gif;
        }
        location = /list { smtp_verify_batch; smtp_verify_cache b; }')
        if !defined $block->config;
});


# "after": what a location does that is asked behind one with variables.  Clients
# of that one go while the store is being asked.

sub after_all
{
    my ($block) = @_;

    my $what = $block->after;

    $block->set_value(b => 'delay=400ms');
    $block->set_value(config => "
        location = /known {
            smtp_verify_address \$arg_email;
            smtp_verify_cache b;
            add_header X-Reason \$smtp_verify_reason;
            post_action /after;
            empty_gif;
        }
        location = /after { $what }
        location = /verify { smtp_verify; }");
    $block->set_value(dns => "+default\nok.test MX 10 mx1.ok.test\n");
    $block->set_value(smtp => "mx1 11 pipelining users=john\n"
                              . "    rcpt jane\@*: wait 600ms ; default\n"
                              . "web 12\n    connect: hang\n");
    $block->set_value(init => "TestVerify::Clients::start("
        . "'/known?email=jane\@ok.test', clients => 3, abort => 0.1);\n"
        . "select undef, undef, undef, 0.8;\n");
    $block->set_value(request => 'GET /verify?email=john@ok.test');
    $block->set_value(json => 'reason: accepted');
}


# questions to the store for entries of a kind

sub asked
{
    my ($kind, $what) = @_;

    open my $log, '<', server_root() . '/logs/error.log' or return -1;
    my $n = grep { /test_behind: kind $kind, $what/ } <$log>;
    close $log;

    return $n;
}


# "a" has the result before anybody asks "b"

sub known
{
    my ($answer) = TestVerify::Clients::ask('/verify?email=john@ok.test');

    is($answer->{json}{reason}, 'accepted', 'the first answer');
}


preset(smtp => "mx1 11 pipelining users=john,jane\n",
       request => ["GET /verify?email=john\@ok.test",
                   "GET /b?email=john\@ok.test"]);

run_tests();

__DATA__

=== TEST 1: what one machine found out is told by another one
--- request eval
["GET /verify?email=john\@ok.test", "GET /b?email=john\@ok.test",
 "GET /b?email=john\@ok.test"]
--- json
reason: accepted
cached: false
--
reason: accepted
cached: true
--
reason: accepted
cached: true
--- smtp_sessions: 1
--- smtp_check eval
sub { main::asked(1, '1 of 2') == 1 && main::asked(1, '0 of 2') == 1 }



=== TEST 2: at once, where the store answers at once
--- http_config eval
$::Zones . "test_behind zone=a delay=0;\ntest_behind zone=b delay=0;\n"
--- request eval
["GET /verify?email=john\@ok.test", "GET /b?email=john\@ok.test",
 "GET /b?email=jim\@ok.test"]
--- json
reason: accepted
cached: false
--
reason: accepted
cached: true
--
reason: mailbox_not_found
cached: false
--- smtp_sessions: 2



=== TEST 3: facts of the domain, for another address of it
--- request eval
["GET /verify?email=john\@ok.test", "GET /b?email=jane\@ok.test"]
--- json
reason: accepted
--
reason: accepted
cached: false
--- dns_queries
ok.test MX 1
--- smtp_turns
EHLO *
MAIL * | RCPT TO:<john@ok.test>
RSET | MAIL * | RCPT *
QUIT
EHLO *
MAIL * | RCPT TO:<jane@ok.test>
QUIT
--- smtp_check eval
sub { main::asked(2, '2 of 2') == 1 }



=== TEST 4: a domain that accepts all need not be asked at all
--- smtp
mx1 11 pipelining accept
--- request eval
["GET /verify?email=john\@ok.test", "GET /b?email=jane\@ok.test"]
--- json
reason: catch_all
--
reason: catch_all
smtp.rule: catch-all-memory
--- smtp_sessions: 1



=== TEST 5: a store that does not answer costs its budget, for a result and for facts
--- b: never budget=200ms
--- json
reason: accepted
--
reason: accepted
cached: false
response_time_ms: >= 400
--- within: 10s
--- smtp_sessions: 2
--- smtp_check eval
sub { main::asked(1, 'cancelled') == 1 && main::asked(2, 'cancelled') == 1 }



=== TEST 6: a store that has what is no entry
--- b: junk
--- request eval
["GET /verify?email=john\@ok.test", "GET /b?email=john\@ok.test",
 "GET /b?email=john\@ok.test"]
--- json
reason: accepted
--
reason: accepted
cached: false
--
reason: accepted
cached: true
--- smtp_sessions: 2



=== TEST 7: a gate
--- request eval
["GET /verify?email=john\@ok.test", "GET /gate?email=john\@ok.test",
 "GET /verify?email=jim\@ok.test", "GET /gate?email=jim\@ok.test"]
--- no_shape
--- error_code eval
[200, 200, 200, 422]
--- smtp_sessions: 2



=== TEST 8: a gate that has less time than the store
--- b: never budget=5s
--- config
location = /verify { smtp_verify; smtp_verify_cache a; }
location = /gate {
    smtp_verify_gate $arg_email budget=300ms;
    smtp_verify_cache b;
    add_header X-Reason $smtp_verify_reason;
    empty_gif;
}
--- request eval
["GET /verify?email=john\@ok.test", "GET /gate?email=john\@ok.test"]
--- no_shape
--- error_code eval
[200, 200]
--- response_headers eval
["", "X-Reason: pending"]
--- smtp_sessions: 1
--- smtp_check eval
sub { main::asked(1, 'cancelled') == 1 }



=== TEST 9: a list
--- request eval
["GET /verify?email=john\@ok.test", "GET /verify?email=jim\@ok.test",
 "POST /list
john\@ok.test
jim\@ok.test
jane\@ok.test
"]
--- more_headers
Content-Type: text/plain
--- no_shape
--- response_body_like eval
[qr/accepted/, qr/mailbox_not_found/,
 qr/(?=.*"john\@ok.test".*"reason":"accepted".*"cached":true)
    (?=.*"jim\@ok.test".*"reason":"mailbox_not_found".*"cached":true)
    (?=.*"jane\@ok.test".*"reason":"accepted".*"cached":false)/xs]
--- smtp_sessions: 3



=== TEST 10: who asks the same waits for one question to the store
--- init
TestVerify::Clients::start('/b?email=john@ok.test', clients => 20);
--- request: GET /b?email=john@ok.test
--- json
reason: accepted
--- smtp_sessions: 1
--- smtp_check eval
sub {
    return TestVerify::Clients::reasons() eq 'accepted 20'
           && main::asked(1, '0 of 2') == 1;
}



=== TEST 11: likewise where the store has it
--- b: delay=1s budget=3s
--- init
TestVerify::Clients::start('/b?email=john@ok.test', clients => 20);
--- request: GET /verify?email=john@ok.test
--- json
reason: accepted
--- smtp_sessions: 1
--- smtp_check eval
sub {
    return TestVerify::Clients::reasons() eq 'accepted 20'
           && main::asked(1, '1 of 2') == 1;
}



=== TEST 12: what is erased is gone from the store, too
--- request eval
["GET /verify?email=john\@ok.test", "DELETE /b?email=john\@ok.test",
 "GET /b?email=john\@ok.test"]
--- no_shape
--- error_code eval
[200, 204, 200]
--- response_body_like eval
[qr/"cached":false/, qr/^$/, qr/"cached":false/]
--- smtp_sessions: 2



=== TEST 13: and does not come back by an answer that was under way
--- b: delay=1s budget=3s
--- init
TestVerify::Clients::start('/b?email=jane@ok.test', clients => 1);
--- request eval
["GET /verify?email=jane\@ok.test", "DELETE /b?email=john\@ok.test"]
--- no_shape
--- error_code eval
[200, 204]
--- smtp_sessions: 2
--- smtp_check eval
sub {
    return TestVerify::Clients::reasons() eq 'accepted 1'
           && main::asked(1, '0 of 2') == 2;
}
--- linger: 4s



=== TEST 14: a client that goes meanwhile
--- b: never budget=10s
--- init
TestVerify::Clients::start('/b?email=jane@ok.test', clients => 5,
                           abort => 0.3);
--- wait: 1
--- request: GET /verify?email=john@ok.test
--- json
reason: accepted
--- smtp_sessions: 1
--- smtp_check eval
sub { main::asked(1, 'cancelled') == 1 }



=== TEST 15: what is to be asked anew is not asked of the store
--- config
location = /verify { smtp_verify; smtp_verify_cache a; }
location = /b {
    smtp_verify;
    smtp_verify_cache b;
    smtp_verify_cache_bypass 1;
}
--- json
reason: accepted
--
reason: accepted
cached: false
--- smtp_sessions: 2
--- smtp_check eval
sub { main::asked(1, '.*') == 1 }



=== TEST 16: stores of two names know nothing of each other
--- http_config eval
$::Zones . "test_behind zone=a store=x;\ntest_behind zone=b store=y;\n"
--- json
reason: accepted
--
reason: accepted
cached: false
--- smtp_sessions: 2



=== TEST 17: what was answered to us alone is told to us again
--- smtp
mx1 11 pipelining
    rcpt: 550 5.7.1 Your IP address is blocked, see https://bl.test/
--- json
reason: sender_blocked
--
reason: sender_blocked
cached: true
--- smtp_sessions: 1



=== TEST 18: variables
--- request eval
["GET /verify?email=john\@ok.test", "GET /known?email=john\@ok.test",
 "GET /known?email=jane\@ok.test", "GET /known?email=john\@ok.test",
 "GET /known"]
--- no_shape
--- error_code eval
[200, 200, 200, 200, 200]
--- response_headers eval
["", "X-Reason: accepted", "!X-Reason", "X-Reason: accepted", "!X-Reason"]
--- smtp_sessions: 1
--- smtp_check eval
sub { main::asked(1, '1 of 2') == 1 && main::asked(1, '0 of 2') == 2 }



=== TEST 19: likewise of what was told to us alone, by a store that answers at once
--- http_config eval
$::Zones . "test_behind zone=a delay=0;\ntest_behind zone=b delay=0;\n"
--- smtp
mx1 11 pipelining
    rcpt: 550 5.7.1 Your IP address is blocked, see https://bl.test/
--- request eval
["GET /verify?email=john\@ok.test", "GET /known?email=john\@ok.test"]
--- no_shape
--- response_headers eval
["", "X-Reason: sender_blocked"]
--- smtp_sessions: 1



=== TEST 20: a store that does not answer holds up variables for its budget alone
--- b: never budget=200ms
--- init
TestVerify::Clients::start('/known?email=jane@ok.test', clients => 3,
                           abort => 0.1);
--- request: GET /known?email=john@ok.test
--- no_shape
--- response_headers: !X-Reason
--- within: 10s
--- not_within: 150ms
--- smtp_sessions: 0



=== TEST 21: variables, a client that goes meanwhile, and post_action
--- after
proxy_pass http://$TEST_NGINX_NET.12:$TEST_NGINX_SMTP_PORT;
proxy_read_timeout 1s;



=== TEST 22: likewise where what comes behind asks for a verdict
--- after
smtp_verify;



=== TEST 23: likewise where it is another page with variables
--- after
smtp_verify_address $arg_email;
smtp_verify_cache b;
add_header X-Reason $smtp_verify_reason;
proxy_pass http://$TEST_NGINX_NET.12:$TEST_NGINX_SMTP_PORT;
proxy_read_timeout 1s;



=== TEST 24: an answer that comes late, while the mail servers are being looked up
--- b: delay=500ms budget=100ms late
--- not_slower
--- dns
+default
ok.test MX ! delay 1400ms
--- json
reason: accepted
--
reason: accepted
cached: true
response_time_ms: >= 400
response_time_ms: <= 1300
--- smtp_sessions: 1
--- smtp_check eval
sub { main::asked(1, '1 of 2') == 1 && main::asked(2, 'cancelled') == 1 }



=== TEST 25: likewise for all who wait, and for a list
--- b: delay=500ms budget=100ms late
--- not_slower
--- dns
+default
ok.test MX ! delay 1400ms
--- init
main::known();
TestVerify::Clients::start('/b?email=john@ok.test', clients => 5);
--- request
POST /list
john@ok.test
jim@ok.test
--- more_headers
Content-Type: text/plain
--- no_shape
--- response_body_like eval
qr/(?=.*"john\@ok.test".*"reason":"accepted".*"cached":true)
   (?=.*"jim\@ok.test".*"reason":"mailbox_not_found".*"cached":false)/xs
--- smtp_sessions: 2
--- smtp_check eval
sub { TestVerify::Clients::reasons() eq 'accepted 5' }



=== TEST 26: a late answer, while the probe waits for the throttle
--- b: delay=500ms budget=100ms late
--- http_config
smtp_verify_throttle_zone zone=t:1m;
--- config
location = /verify { smtp_verify; smtp_verify_cache a; }
location = /b {
    smtp_verify;
    smtp_verify_cache b;
    smtp_verify_throttle zone=t conns=1 ip_conns=1;
}
--- smtp
mx1 11 pipelining users=john,jane
    rcpt jane@*: wait 5s ; default
--- init
main::known();
TestVerify::Clients::start('/b?email=jane@ok.test');
main::until_true(sub { TestVerify::SMTP::recipients()->{'jane@ok.test'} });
--- request
GET /b?email=john@ok.test
--- json
reason: accepted
cached: true
response_time_ms: <= 4000
--- smtp_sessions: 2
--- smtp_check eval
sub {
    my ($jane) = TestVerify::Clients::answers();
    return $jane->{json}{reason} eq 'accepted' && !$jane->{json}{cached};
}



=== TEST 27: a late answer, while a mail server is being asked: it is asked to the end
--- b: delay=500ms budget=100ms late
--- smtp
mx1 11 pipelining users=john
    banner: wait 500ms ; default
--- json
reason: accepted
--
reason: accepted
cached: false
--- smtp_sessions: 2



=== TEST 28: a late answer that is none
--- b: delay=500ms budget=100ms late junk
--- not_slower
--- dns
+default
ok.test MX ! delay 1400ms
--- json
reason: accepted
--
reason: accepted
cached: false
--- smtp_sessions: 2



=== TEST 29: a late answer, while a mail server does not take the connection
--- b: delay=500ms budget=100ms late
--- http_config
smtp_verify_connect_timeout 3s;
--- smtp
mx1 11 syn-drop
mx2 12 pipelining users=john
--- json
reason: accepted
--
reason: accepted
cached: true
response_time_ms: <= 2500
--- smtp_sessions: 1



=== TEST 30: a late answer does not bring back what was erased meanwhile
--- b: delay=1s budget=100ms late
--- not_slower
--- dns
+default
ok.test MX ! delay 1400ms
--- init
main::known();
TestVerify::Clients::start('/b?email=john@ok.test');
main::until_true(sub { TestVerify::Blocks::accepted() });
select undef, undef, undef, 0.3;
--- request
DELETE /b?email=john@ok.test
--- error_code: 204
--- smtp_sessions: 2
--- smtp_check eval
sub { (TestVerify::Clients::answers())[0]{json}{cached} == 0 }
--- linger: 15s



=== TEST 31: a client that goes before the late answer comes
--- b: delay=1s budget=100ms late
--- not_slower
--- dns
+default
ok.test MX ! delay 1400ms
--- init
TestVerify::Clients::start('/b?email=jane@ok.test', clients => 3,
                           abort => 0.5);
--- wait: 1
--- request: GET /verify?email=john@ok.test
--- json
reason: accepted
--- smtp_sessions: 1
--- smtp_check eval
sub { main::asked(1, 'cancelled') == 1 }
