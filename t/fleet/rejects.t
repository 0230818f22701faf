# Machines that share an identity by a real Valkey or Redis: a mail server
# refuses no more recipients to all of them together than it would bear from one.

use lib 't/lib';
use TestVerify::Clock 'store';
use TestVerify 'no_plan';
use TestVerify::Clients;
use TestVerify::Edges;
use TestVerify::Fleet;
use TestVerify::Valkey qw( command );


master_on();
workers(2);
worker_connections(1024);

# Four machines: the nginx of the block, at /a, and others at /b, /c and /d.

add_block_preprocessor(sub {
    my ($block) = @_;

    my $throttle = 'smtp_verify_throttle zone=limits shared=out rate=1000/s '
                   . 'conns=8 burst=100 ' . $block->limits . ';';

    my $size = $block->zone // '1m';
    my $http = patient($TestVerify::Fleet::Limits =~ s/limits:1m/limits:$size/r);

    $block->set_value(http_config => $http);
    $block->set_value(config => "
        location = /a { smtp_verify; $throttle }
        location = /status { smtp_verify_status; }
        location = /b { proxy_pass http://\$TEST_NGINX_EDGE1/a; }
        location = /c { proxy_pass http://\$TEST_NGINX_EDGE2/a; }
        location = /d { proxy_pass http://\$TEST_NGINX_EDGE3/a; }")
        if !defined $block->config;

    TestVerify::Fleet::anew(1);
    TestVerify::Edges::conf($http, $block->config);
    TestVerify::Edges::start(1 .. 3);

    # machines learn within a second of one that has come

    $block->set_value(init => "TestVerify::Fleet::alive(4);\n"
                              . "Time::HiRes::sleep(1.2);\n"
                              . $block->init);
});

preset(smtp => "mx1 11 pipelining users=john\n",
       request => 'GET /a?email=john@ok.test');


# Asks a machine for so many missing recipients at once.

sub ask
{
    my ($edge, $n, $domain) = @_;

    $domain //= 'ok.test';

    return map { $_->{json}{reason} }
        TestVerify::Clients::ask("/$edge?email=$edge$$-%d\@$domain",
                                 clients => $n);
}


# Asks the first machine until so many were refused: on a busy machine, those
# who ask at once may wait for too long.

sub use_up
{
    my ($n) = @_;

    TestVerify::Clients::wait_for(sub {
        ask('a', 6);
        return TestVerify::Fleet::refused(TestVerify::SMTP::seen()) >= $n;
    });
}


# How many questions the store has answered.

sub asked
{
    my $s = command('INFO', 'commandstats');

    return $s =~ /^cmdstat_evalsha:calls=(\d+)/m ? $1 : die "no EVALSHA\n";
}


our $Asked;

run_tests();

__DATA__

=== TEST 1: all of them together have one budget
--- limits: rejects=20/h
--- init
TestVerify::Clients::start("/$_?email=$_%d\@ok.test", clients => 12)
    for 'a' .. 'd';
--- smtp_check eval
sub {
    my $answers = TestVerify::Clients::reasons();
    my $n = TestVerify::Fleet::refused($_[0]);
    my ($found, $not) = $answers =~ /^mailbox_not_found (\d+), throttled (\d+)$/;

    # a canary may be among those that were refused

    return $n >= 16 && $n <= 18 && $found >= 16 && $found <= $n
           && $found + $not == 48;
}



=== TEST 2: one alone can use nine tenths of it
--- limits: rejects=20/h
--- init
main::ask('a', 30);
--- request
GET /b?email=jim@ok.test
--- json
reason: throttled
retry_after: >= 3000
--- smtp_check eval
sub { TestVerify::Fleet::refused($_[0]) == 18 }



=== TEST 3: also if the store is frozen then
--- limits: rejects=20/h wait=1s
--- init
main::use_up(18);
TestVerify::Valkey::freeze();
Time::HiRes::sleep(3);
main::ask($_, 6) for 'a' .. 'd';
TestVerify::Valkey::thaw();
--- request
GET /b?email=jim@ok.test
--- json
reason: throttled
--- smtp_check eval
sub {
    my $n = TestVerify::Fleet::refused($_[0]);
    return $n >= 19 && $n <= 20;
}
--- log_allow
is away, this machine goes on by itself



=== TEST 4: while the store is away all of them have a tenth together
--- limits: rejects=40/h wait=1s
--- init
TestVerify::Valkey::stop();
Time::HiRes::sleep(3);
TestVerify::Clients::start("/$_?email=$_%d\@ok.test", clients => 6)
    for 'a' .. 'd';
--- smtp_check eval
sub {
    my $answers = TestVerify::Clients::reasons();
    # the random recipient may be one of them

    return TestVerify::Fleet::refused($_[0]) == 4
           && $answers =~ /^mailbox_not_found [34], throttled/;
}
--- log_allow
is away, this machine goes on by itself



=== TEST 5: whoever was asking has a reserve then
--- limits: rejects=80/h wait=500ms; smtp_verify_keepalive 4 timeout=4s
--- init
main::ask('a', 1);
TestVerify::Valkey::freeze();
Time::HiRes::sleep(3);
main::ask($_, 30) for 'a', 'b';
TestVerify::Valkey::thaw();
Time::HiRes::sleep(4);
--- request
GET /status
--- smtp_check eval
sub {
    my $n = TestVerify::Fleet::refused($_[0]);
    return $n >= 10 && $n <= 16;
}
--- log_allow
is away, this machine goes on by itself



=== TEST 6: a store that forgets everything is told what was refused
--- limits: rejects=20/h
--- init
main::ask('a', 9);
main::ask('c', 9);
Time::HiRes::sleep(1.5);
TestVerify::Valkey::command('FLUSHALL');
TestVerify::Fleet::alive(4);
Time::HiRes::sleep(3);
main::ask('b', 9);
--- smtp_check eval
sub { TestVerify::Fleet::refused($_[0]) == 18 }



=== TEST 7: so is one that was killed and comes back
--- limits: rejects=20/h
--- init
main::ask('a', 9);
main::ask('c', 9);
Time::HiRes::sleep(1.5);
TestVerify::Valkey::stop();
TestVerify::Valkey::start();
TestVerify::Fleet::alive(4);
Time::HiRes::sleep(3);
main::ask('b', 9);
--- smtp_check eval
sub { TestVerify::Fleet::refused($_[0]) == 18 }
--- log_allow
is away, this machine goes on by itself



=== TEST 8: what a machine has used that was killed is not forgotten
--- limits: rejects=20/h
--- init
main::ask('b', 9);
Time::HiRes::sleep(1);
TestVerify::Edges::kill(1);
TestVerify::Edges::start(1);
Time::HiRes::sleep(3.5);
main::ask($_, 30) for 'b', 'c';
--- smtp_check eval
sub {
    my $n = TestVerify::Fleet::refused($_[0]);
    return $n >= 14 && $n <= 20;
}



=== TEST 9: one company has no more of a learned budget than at one machine
--- limits: rejects=20-200/h
--- init
main::ask($_, 12) for 'a' .. 'd';
--- smtp_check eval
sub { TestVerify::Fleet::refused($_[0]) == 15 }



=== TEST 10: the status shows what a machine has of them
--- limits: rejects=80/h; smtp_verify_keepalive 4 timeout=2s
--- init
main::ask('a', 1);
Time::HiRes::sleep(0.3);
--- request
GET /status
--- like
"name":"mx1.ok.test",.*"portion":\{"alone":false,"sessions":1,"recipients":\d+,"rejects":1\d\}



=== TEST 11: and that it is on its own
--- limits: rejects=80/h; smtp_verify_keepalive 4 timeout=4s
--- init
main::ask('a', 1);
TestVerify::Valkey::freeze();
Time::HiRes::sleep(3);
TestVerify::Fleet::later(1, sub { TestVerify::Valkey::thaw() });
--- request
GET /status
--- like
"name":"mx1.ok.test",.*"portion":\{"alone":true,"sessions":1,"recipients":0,"rejects":1\d\}
--- log_allow
is away, this machine goes on by itself



=== TEST 12: a destination of this machine alone has no portion
--- limits: rejects=80/h
--- config
location = /a { smtp_verify; smtp_verify_throttle zone=limits; }
location = /status { smtp_verify_status; }
--- init
main::ask('a', 1);
--- request
GET /status
--- like
"name":"mx1.ok.test",.*"portion":null



=== TEST 13: one that was started a moment ago waits for the store
--- limits: rejects=20/h
--- init
TestVerify::Edges::kill(1);
TestVerify::Edges::start(1);
--- request
GET /b?email=john@ok.test
--- json
reason: accepted



=== TEST 14: of a gateway, each host has a budget of all machines
--- limits: rejects=20/h
--- smtp
mx1 11 pipelining users=john
mx2 12 pipelining users=john
--- dns
one.test MX 10 mx1.hc1.iphmx.com
mx1.hc1.iphmx.com A 11
two.test MX 10 mx1.hc2.iphmx.com
mx1.hc2.iphmx.com A 12
--- init
main::ask($_, 9, 'one.test') for 'a' .. 'c';
main::ask('b', 3, 'two.test');
--- request
GET /c?email=jim@one.test
--- json
reason: throttled
--- smtp_check eval
sub { TestVerify::Fleet::refused($_[0]) == 18 + 3 }



=== TEST 15: a clock of the store that is set forward makes nothing older
--- limits: rejects=20/h
--- init
main::ask('a', 9);
main::ask('c', 9);
Time::HiRes::sleep(1.5);
TestVerify::Clock::set(4000);
Time::HiRes::sleep(4);
main::ask('b', 9);
--- request
GET /d?email=jim@ok.test
--- json
reason: throttled
--- smtp_check eval
sub { TestVerify::Fleet::refused($_[0]) == 18 }



=== TEST 16: one company takes nothing from others on other machines
--- limits: rejects=20-200/h
--- dns
ok.test MX 10 mx1.ok.test
two.test MX 10 mx1.ok.test
mx1.ok.test A 11
--- init
main::ask('a', 18);
Time::HiRes::sleep(1.2);
main::ask('b', 6);
main::ask('b', 2, 'two.test');
--- request
GET /b?email=jim@two.test
--- json
reason: mailbox_not_found
--- smtp_check eval
sub { TestVerify::Fleet::refused($_[0]) == 18 }



=== TEST 17: what somebody else has written into the store stops nothing
--- limits: rejects=20/h
--- init
main::ask('a', 4);
Time::HiRes::sleep(1.2);
for my $key (@{ TestVerify::Valkey::command('KEYS', 'test:t:*') }) {
    my %h = @{ TestVerify::Valkey::command('HGETALL', $key) };
    my ($slot) = map { /^u(\d+)$/ } keys %h;
    next if !$slot;
    TestVerify::Valkey::command('HSET', $key, 'u' . ($slot - 1), 'inf',
                                'u' . ($slot - 2), 'nan',
                                'u' . ($slot - 3), '-9',
                                'u' . ($slot + 20), '3',
                                'cnobody 1', '9' x 400
                                    . ' 0 0 9999999999999 1 1 1 1 1');
}
main::ask('b', 20);
--- request
GET /b?email=jim@ok.test
--- json
reason: throttled
--- smtp_check eval
sub { TestVerify::Fleet::refused($_[0]) == 15 }



=== TEST 18: machines that are restarted in good order give their permits back
--- limits: rejects=20/h; smtp_verify_keepalive 4 timeout=2s
--- init
for my $i (1 .. 3, 1 .. 3) {
    main::ask(('a' .. 'd')[$i], 1);
    Time::HiRes::sleep(0.3);
    TestVerify::Edges::quit($i);
    TestVerify::Edges::start($i);
    Time::HiRes::sleep(1.2);
}
Time::HiRes::sleep(3);
main::ask('a', 20);
--- request
GET /a?email=jim@ok.test
--- json
reason: throttled
--- smtp_check eval
sub { TestVerify::Fleet::refused($_[0]) == 18 }



=== TEST 19: while a new store is told, there is room for new destinations
--- zone: 100k
--- limits: rejects=1000/h wait=10s; smtp_verify_catch_all off
--- dns eval
CORE::join '', map { "$_.test MX 10 mx1.$_.test\nmx1.$_.test A 11\n" }
    (map { my $i = $_; map { "d$i-$_" } 1 .. 24 } 1 .. 4), map { "n$_" } 1 .. 8
--- init
for my $i (1 .. 4) {
    TestVerify::Clients::ask("/a?email=jim\@d$i-%d.test", clients => 24);
    Time::HiRes::sleep(2.2);
}
TestVerify::Valkey::command('FLUSHALL');
TestVerify::Clients::start("/a?email=john\@n$_.test", after => $_ / 4)
    for 1 .. 8;
--- request
GET /a?email=john@d1-1.test
--- json
reason: accepted_untested
--- smtp_check eval
sub { TestVerify::Clients::reasons() eq 'accepted_untested 8' }



=== TEST 20: whoever waits for permits of others does not ask all the time
--- limits: rejects=4/h wait=10s
--- smtp
mx1 11 pipelining users=john
    rcpt slow*: wait 4s ; default
--- init
TestVerify::Clients::start("/$_?email=slow$_%d\@ok.test", clients => 4)
    for 'b', 'c';
Time::HiRes::sleep(1);
TestVerify::Clients::start('/a?email=jim%d@ok.test', clients => 6);
Time::HiRes::sleep(0.5);
my $before = main::asked();
Time::HiRes::sleep(2);
$main::Asked = main::asked() - $before;
--- json
reason: throttled
--- smtp_check eval
sub { $main::Asked < 100 }



=== TEST 21: a machine ends in good order also if a worker was killed before
--- limits: rejects=20/h
--- init
TestVerify::Edges::kill_worker(1);
Time::HiRes::sleep(0.5);
TestVerify::Edges::quit(1);
Time::HiRes::sleep(0.3);
--- json
reason: accepted
--- smtp_check eval
sub { TestVerify::Fleet::machines() == 3 }
