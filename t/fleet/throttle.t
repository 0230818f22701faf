# Machines that share an identity by a real Valkey or Redis: together they keep
# to the limits of one.

use lib 't/lib';
use TestVerify::Clock 'store';
use TestVerify 'no_plan';
use TestVerify::Clients;
use TestVerify::Edges;
use TestVerify::Fleet;
use TestVerify::Valkey;


master_on();
workers(2);
TestVerify::Edges::daemons();
worker_connections(1024);

# Two machines: the nginx of the block, at /a, and another one, at /b; in a block
# also a third one, at /c. "test" is their prefix.

add_block_preprocessor(sub {
    my ($block) = @_;

    return if defined $block->must_die;

    my $throttle = 'smtp_verify_throttle zone=limits shared=out '
                   . 'rejects=9999/h ' . $block->limits . ';';

    if (!defined $block->request) {
        $block->set_value(request => 'GET /a?email=john@ok.test');
        $block->set_value(json => 'reason: accepted');
    }

    clock_is_set($block) if defined $block->clock;

    $block->set_value(http_config => patient($TestVerify::Fleet::Limits));
    $block->set_value(config => "
        location = /a { smtp_verify; $throttle }
        location = /list { smtp_verify_batch; $throttle }
        location = /health { smtp_verify_health; }
        location = /metrics { smtp_verify_metrics; }
        location = /b { proxy_pass http://\$TEST_NGINX_EDGE1/a; }
        location = /c { proxy_pass http://\$TEST_NGINX_EDGE2/a; }");

    TestVerify::Fleet::anew(!defined $block->fresh);

    # a machine that has never reached the store

    return TestVerify::Valkey::stop() if defined $block->away;

    TestVerify::Edges::conf(patient($TestVerify::Fleet::Limits), $block->config);
    TestVerify::Edges::start(1);
});

# "clock": the clock of the store is set by so many seconds while the other
# machine has all sessions; this one gets none before that one gives them back

sub clock_is_set
{
    my ($block) = @_;

    my $seconds = $block->clock;

    $block->set_value(smtp => "mx1 11 pipelining users=john\n"
                              . "    rcpt jim*: wait 1500ms ; default\n"
                              . "    rcpt jack*: wait 150ms ; default\n");
    $block->set_value(init => "main::set_clock($seconds);");
    $block->set_value(smtp_check => sub {
        return TestVerify::Fleet::most($_[0]) == 3
               && TestVerify::Clients::reasons() eq 'mailbox_not_found 9';
    });
}

sub set_clock
{
    my ($seconds) = @_;

    TestVerify::Fleet::alive(2);
    TestVerify::Clients::start('/b?email=jim%d@ok.test', clients => 3);
    asked(3);
    TestVerify::Clock::set($seconds);
    TestVerify::Clients::start('/a?email=jack%d@ok.test', clients => 6);
}

# waits until the store has seen a machine that begins with the name of the one
# that it has seen longest ago

sub with_its_name
{
    my ($begin) = @_;

    my $seen = TestVerify::Fleet::seen();
    my ($name) = sort { $seen->{$a} <=> $seen->{$b} } keys %$seen;

    $begin->();
    TestVerify::Clients::wait_for(sub {
        TestVerify::Fleet::seen()->{$name} > $seen->{$name}
    });
}

# waits until mail servers were asked for so many recipients

sub asked
{
    my ($n) = @_;

    TestVerify::Clients::wait_for(sub {
        keys %{ TestVerify::SMTP::recipients() } >= $n
    });
}

sub answer { (TestVerify::Clients::ask($_[0]))[0]{body} // '' }

# waits until the metrics say so

sub safe_share
{
    my ($value) = @_;

    TestVerify::Clients::until_true(sub {
        answer('/metrics') =~ /fleet_safe_share\{fleet="edges"\} $value$/m
    }) or die "the safe share is not $value\n";
}


preset(smtp => "mx1 11 pipelining users=john\n");

run_tests();

__DATA__

=== TEST 1: an identity that machines share
--- limits: conns=2
--- init
TestVerify::Fleet::alive(2);
--- request eval
["GET /a?email=john\@ok.test", "GET /b?email=jim\@ok.test"]
--- json
reason: accepted
response_time_ms: <= 2000
--
reason: mailbox_not_found
response_time_ms: <= 2000
--- smtp_sessions: 2



=== TEST 2: both together have no more sessions at once than one may have
--- limits: conns=3 rate=100/s
--- init
TestVerify::Fleet::alive(2);
TestVerify::Clients::start('/b?email=john%d@ok.test', clients => 6);
TestVerify::Clients::start('/a?email=jack%d@ok.test', clients => 6);
--- smtp
mx1 11 pipelining users=john
    rcpt: wait 150ms ; default
--- smtp_check eval
sub {
    my $most = TestVerify::Fleet::most($_[0]);
    my $answers = TestVerify::Clients::reasons();
    return $most >= 2 && $most <= 3 && $answers eq 'mailbox_not_found 12';
}



=== TEST 3: nor do they send faster
--- limits: conns=5 rate=10/s burst=3
--- init
TestVerify::Fleet::alive(2);
TestVerify::Clients::start('/b?email=jim%d@ok.test', clients => 10);
TestVerify::Clients::start('/a?email=jack%d@ok.test', clients => 8);
--- smtp_check eval
sub {
    my $over = TestVerify::Fleet::over(10, 3, $_[0]);
    my $answers = TestVerify::Clients::reasons();
    return $over <= 0.5 && $answers eq 'mailbox_not_found 18';
}



=== TEST 4: without the store each has its part of half of the sessions
--- limits: conns=8 rate=100/s
--- init
TestVerify::Fleet::alive(2);
TestVerify::Clients::ask("/$_?email=x\@ok.test") for 'a', 'b';
TestVerify::Valkey::freeze();
Time::HiRes::sleep(3);
TestVerify::Clients::start('/b?email=jim%d@ok.test', clients => 8);
TestVerify::Clients::start('/a?email=jack%d@ok.test', clients => 8);
--- smtp
mx1 11 pipelining users=john
    rcpt j*: wait 150ms ; default
--- smtp_check eval
sub {
    my $most = TestVerify::Fleet::most($_[0]);
    my $answers = TestVerify::Clients::reasons();
    TestVerify::Valkey::thaw();
    return $most >= 3 && $most <= 4 && $answers eq 'mailbox_not_found 16';
}
--- log_allow
is away, this machine goes on by itself



=== TEST 5: and half of the rate
--- limits: conns=8 rate=20/s burst=8
--- init
TestVerify::Fleet::alive(2);
TestVerify::Clients::ask("/$_?email=x\@ok.test") for 'a', 'b';
TestVerify::Valkey::stop();
Time::HiRes::sleep(3);
TestVerify::Clients::start('/b?email=jim%d@ok.test', clients => 10);
TestVerify::Clients::start('/a?email=jack%d@ok.test', clients => 10);
--- smtp_check eval
sub {
    my @late = sort { $a->{t} <=> $b->{t} } @{ $_[0] };
    my $over = TestVerify::Fleet::over(10, 6, [ @late[2 .. $#late] ]);
    my $answers = TestVerify::Clients::reasons();
    return $over <= 0.5 && $answers eq 'mailbox_not_found 20';
}
--- log_allow
is away, this machine goes on by itself



=== TEST 6: lists wait until the store is back, single questions do not
--- limits: conns=8 wait=15s
--- init
TestVerify::Fleet::alive(2);
TestVerify::Clients::ask('/a?email=x@ok.test');
TestVerify::Valkey::freeze();
Time::HiRes::sleep(3);
TestVerify::Fleet::later(4 * $TestVerify::Blocks::Slow, sub { TestVerify::Valkey::thaw() });
TestVerify::Clients::start('/a?email=jim@ok.test');
--- more_headers
Content-Type: text/plain
--- request
POST /list
john@ok.test
--- like
"reason":"accepted"
--- not_within: 2s
--- within: 15s
--- smtp_check eval
sub {
    my ($one) = TestVerify::Clients::answers();
    return $one->{json}{reason} eq 'mailbox_not_found'
           && $one->{took} < 3 * $TestVerify::Blocks::Slow;
}
--- log_allow
is away, this machine goes on by itself



=== TEST 7: a store that forgets everything grants nothing twice
--- limits: conns=2 rate=100/s
--- init
TestVerify::Fleet::alive(2);
TestVerify::Clients::start('/b?email=jim%d@ok.test', clients => 6);
TestVerify::Clients::start('/a?email=jack%d@ok.test', clients => 6);
Time::HiRes::sleep(0.5);
TestVerify::Valkey::command('FLUSHALL');
--- smtp
mx1 11 pipelining users=john
    rcpt j*: wait 150ms ; default
--- smtp_check eval
sub {
    my $most = TestVerify::Fleet::most($_[0]);
    my $answers = TestVerify::Clients::reasons();
    return $most == 2 && $answers eq 'mailbox_not_found 12';
}



=== TEST 8: a new store grants nothing before the machines have told what they have
--- fresh
--- limits: conns=2
--- init
TestVerify::Fleet::alive(2);
--- within: 15s
--- smtp_check eval
sub {
    my %of = @{ TestVerify::Valkey::command('HGETALL', 'test:machines') };

    return $of{since} > 0 && 1000 * $_[0][0]{t} >= $of{since} + 2500;
}



=== TEST 9: what the store says is no number
--- limits: conns=8
--- init
TestVerify::Fleet::alive(2);
TestVerify::Valkey::command('DEL', 'test:machines');
TestVerify::Valkey::command('SET', 'test:machines', 'garbage');
Time::HiRes::sleep(3.5);
--- log_allow
the store does not share out limits
--- within: 12s



=== TEST 10: what a machine had that died the others have soon
--- limits: conns=1 wait=15s
--- init
TestVerify::Fleet::alive(2);
TestVerify::Clients::start('/b?email=john@ok.test');
main::asked(1);
TestVerify::Edges::kill(1);
--- smtp
mx1 11 pipelining users=john,jane
    rcpt john@*: wait 3s ; default
--- request
GET /a?email=jane@ok.test
--- json
reason: accepted
--- within: 12s
--- not_within: 1s
--- log_allow
upstream prematurely closed connection



=== TEST 11: a user who may do no more than is needed
--- limits: conns=2
--- init
TestVerify::Fleet::alive(2);
TestVerify::Valkey::command(qw( ACL LOG RESET ));
TestVerify::Valkey::command(qw( ACL SETUSER default resetkeys resetchannels ~test:*
    &test:* -@all +evalsha +script|load +hget +hset +hkeys +del +exists +pexpire
    +pttl +time +publish +subscribe +xadd +xrange +set +ping +role +hgetall
    +hdel +client|reply +acl ));
--- request eval
["GET /a?email=john\@ok.test", "GET /b?email=john\@ok.test"]
--- json
reason: accepted
response_time_ms: <= 2000
--
reason: accepted
response_time_ms: <= 2000
--- smtp_check eval
sub {
    TestVerify::Edges::quit(1);
    my $denied = TestVerify::Valkey::command(qw( ACL LOG ));
    TestVerify::Valkey::command(qw( ACL SETUSER default +@all ~* &* ));
    return @$denied == 0;
}



=== TEST 12: a clock of the store that was set back frees no sessions
--- limits: conns=3 rate=100/s
--- init
TestVerify::Fleet::alive(2);
TestVerify::Clients::wait_for(sub {
    TestVerify::Clients::ask('/a?email=x@ok.test');
    @main::limits = @{ TestVerify::Valkey::command('KEYS', 'test:t:*') };
    return @main::limits == 2;
});
my $later = CORE::int((time + 3600) * 1000);
TestVerify::Valkey::command('HSET', $_, 's' . 'f' x 16, "2 2 $later",
                            'g' . 'f' x 16, '1 1') for @main::limits;
TestVerify::Clients::start('/a?email=jack%d@ok.test', clients => 6);
--- smtp
mx1 11 pipelining users=john
    rcpt j*: wait 150ms ; default
--- smtp_check eval
sub {
    my @left = grep {
        TestVerify::Valkey::command('HEXISTS', $_, 'tat')
        && TestVerify::Valkey::command('HEXISTS', $_, 'g' . 'f' x 16)
    } @main::limits;

    main::is(TestVerify::Fleet::most($_[0]), 1, 'sessions at once');
    main::is(TestVerify::Clients::reasons(), 'mailbox_not_found 6', 'answers');
    return @main::limits && !@left;
}



=== TEST 13: a machine with the name of another one counts as one of its own
--- limits: conns=3 rate=100/s
--- init
TestVerify::Edges::same(1, 2);
TestVerify::Fleet::alive(3);
TestVerify::Clients::start('/b?email=john%d@ok.test', clients => 8);
TestVerify::Clients::start('/c?email=jack%d@ok.test', clients => 8);
--- smtp
mx1 11 pipelining users=john
    rcpt: wait 150ms ; default
--- smtp_check eval
sub {
    my $most = TestVerify::Fleet::most($_[0]);
    my @said = TestVerify::Edges::log(2) =~ /another machine has the same/g;
    main::is(TestVerify::Clients::reasons(), 'mailbox_not_found 16', 'answers');
    main::is(scalar @said, 1, 'it is said once');
    main::cmp_ok($most, '<=', 3, 'sessions at once');
    return $most >= 2;
}



=== TEST 14: one that was killed and is started again has its name
--- limits: conns=2
--- init
TestVerify::Fleet::alive(2);
TestVerify::Edges::kill(1);
TestVerify::Edges::start(1);
TestVerify::Clients::wait_for(sub {
    (TestVerify::Clients::ask('/b?email=john@ok.test'))[0]{json}{reason}
        eq 'accepted' });
--- request
GET /b?email=jane@ok.test
--- json
reason: mailbox_not_found
response_time_ms: <= 2000
--- smtp_check eval
sub { TestVerify::Fleet::machines() == 2 }



=== TEST 15: a clock of the store that is set forward ends no lease
--- limits: conns=3 rate=100/s
--- clock: 10



=== TEST 16: nor by so much that the keys of limits expire
--- limits: conns=3 rate=100/s
--- clock: 3600



=== TEST 17: nor one that is set back
--- limits: conns=3 rate=100/s
--- clock: -3600



=== TEST 18: nor does it grant a burst once more
--- limits: conns=9 rate=10/s burst=6
--- init
TestVerify::Fleet::alive(2);
TestVerify::Clients::start('/b?email=jim%d@ok.test', clients => 10);
Time::HiRes::sleep(0.6);
TestVerify::Clock::set(20);
TestVerify::Clients::start('/a?email=jack%d@ok.test', clients => 6);
--- smtp
mx1 11 pipelining users=john
    rcpt j*: wait 10ms ; default
--- smtp_check eval
sub {
    my $answers = TestVerify::Clients::reasons();
    return TestVerify::Fleet::over(10, 6, $_[0]) <= 0.5
           && $answers eq 'mailbox_not_found 16';
}



=== TEST 19: a machine that never reached the store asks nobody
--- away
--- limits: rate=100/s wait=2s
--- request
GET /a?email=john@ok.test
--- json
reason: throttled
--- smtp_sessions: 0
--- log_allow
is away, this machine goes on by itself



=== TEST 20: a machine whose binary is upgraded has no share kept back
--- limits: conns=2
--- init
TestVerify::Fleet::alive(2);
TestVerify::Edges::begin_upgrade(1);
TestVerify::Fleet::alive(3);
TestVerify::Edges::end_upgrade(1);
TestVerify::Clients::wait_for(sub { TestVerify::Fleet::machines() == 2 });
Time::HiRes::sleep(1.2);
TestVerify::Clients::start('/b?email=john%d@ok.test', clients => 4);
--- smtp
mx1 11 pipelining users=john
    rcpt: wait 150ms ; default
--- request
GET /b?email=john@ok.test
--- json
reason: accepted
--- smtp_check eval
sub {
    return TestVerify::Fleet::most($_[0]) == 2
           && TestVerify::Clients::reasons() eq 'mailbox_not_found 4';
}



=== TEST 21: a machine says that it has its safe share, as long as it has
--- limits: conns=8
--- init
TestVerify::Fleet::alive(2);
TestVerify::Clients::ask('/a?email=x@ok.test');
main::safe_share(0);
TestVerify::Valkey::freeze();
main::safe_share(1);
$main::Warns = main::answer('/health');
TestVerify::Valkey::thaw();
main::safe_share(0);
TestVerify::Clients::until_true(sub {
    main::answer('/health') =~ /"check":"fleet"[^}]*"status":"pass"/ });
--- smtp_check eval
sub {
    return $main::Warns =~ /"check":"fleet"[^}]*"status":"warn"/
           && $main::Warns =~ /itself, with its safe share of shared limits/
}
--- log_allow
is away, this machine goes on by itself



=== TEST 22: a binary that was upgraded long ago also says that its name is taken
--- limits: conns=2
--- init
TestVerify::Fleet::alive(2);
TestVerify::Valkey::freeze();
TestVerify::Edges::upgrade(1);
TestVerify::Valkey::thaw();
Time::HiRes::sleep(6);
TestVerify::Edges::freeze(1);
Time::HiRes::sleep(3.5);
main::with_its_name(sub { TestVerify::Edges::same(1, 2) });
TestVerify::Edges::thaw(1);
TestVerify::Clients::until_true(sub {
    TestVerify::Edges::log(1) =~ /another machine has the same/ }, 15);
--- request
GET /b?email=john@ok.test
--- json
reason: accepted
--- smtp_check eval
sub { TestVerify::Edges::log(1) =~ /another machine has the same/ }
--- log_allow
is away, this machine goes on by itself
