# A fleet with several real servers: primaries that die, replicas that take
# their place, servers that come back, are loading, or want another password.
# Verdicts are right all the while, and no request is lost.

use lib 't/lib';
use TestVerify 'no_plan';
use TestVerify::Clients qw( until_true );
use TestVerify::Valkey;
use TestVerify::Fleet qw( ask health );
use TestVerify::Stores qw( command replica used said );

use POSIX ();
use Time::HiRes ();

master_on();

# two fleets of one prefix and key stand for two machines

sub fleets
{
    my ($servers, $more) = @_;

    $more //= '';

    return patient(join '', map { <<"END" } 'a', 'b');
smtp_verify_cache_zone zone=$_:1m;
smtp_verify_fleet $_ {
    server $servers;
    key \$TEST_NGINX_FLEET_KEY;
    prefix test; zones $_; timeout 200ms; $more
}
END
}

our $Locations = '
    location = /verify { smtp_verify; smtp_verify_cache a; }
    location = /b { smtp_verify; smtp_verify_cache b; }
    location = /health { smtp_verify_health; }
    location = /readyz { smtp_verify_health; }';

add_block_preprocessor(sub {
    my ($block) = @_;

    TestVerify::Stores::fresh();

    $block->set_value(http_config => fleets('$TEST_NGINX_STORE1 '
                                            . '$TEST_NGINX_STORE2'))
        if !defined $block->http_config;

    $block->set_value(config => $Locations);
    $block->set_value(log_allow => 'is away, this machine goes on by itself');

    $block->before->() if defined $block->before;
});

# what one machine finds out the other one has

preset(smtp => "mx1 11 pipelining users=john,jane\n"
             . "    rcpt o*: 250 2.1.5 Ok\n",
       request => ["GET /verify?email=john\@ok.test",
                   "GET /b?email=john\@ok.test"],
       json => "reason: accepted\ncached: false\n--\n"
             . "reason: accepted\ncached: true\n");


# others ask, all the while: how many verdicts were right, which were not

my ($Asker, $Answers);

sub others
{
    pipe $Answers, my $out or die "pipe: $!\n";

    $Asker = fork // die "fork: $!\n";

    if ($Asker == 0) {
        my ($on, $good, $bad) = (1, 0, '');

        $SIG{TERM} = sub { $on = 0 };

        while ($on) {
            my $path = ($good % 2 ? '/b' : '/verify') . "?email=o$good\@ok.test";
            my $answer = ask('GET', $path);

            if ($answer =~ /"reason":"accepted"/) {
                $good++;
            } else {
                $bad ||= "$path: $answer";
                $on = 0;
            }
        }

        syswrite $out, "$good $bad";
        POSIX::_exit(0);
    }
}

sub were_right
{
    kill 'TERM', $Asker;
    my $said = do { local $/; <$Answers> } // '';
    waitpid $Asker, 0;

    my ($good, $bad) = split / /, $said, 2;

    diag "wrong: $bad" if $bad;

    return $good > 2 && $bad eq '';
}

# until all use this server, and whether that took no more than three seconds

our $Took;

sub took
{
    $Took = used($_[0], 2);
    diag 'took ' . ($Took // 'too long');
}

sub in_time
{
    my $took = @_ ? $_[0] : $Took;

    return defined $took && $took < 3 * $TestVerify::Blocks::Slow;
}

# results that a server has

sub results { grep { /:e:1:/ } @{ command($_[0], 'KEYS', '*') } }

sub pair
{
    TestVerify::Stores::start($_, @_) for 1, 2;
    replica(2, 1);
}

# the role of a server: "master" or "slave"

sub role { (eval { command($_[0], 'ROLE') } // [''])->[0] }

sub promote { command($_[0], 'REPLICAOF', 'NO', 'ONE') }


run_tests();

__DATA__

=== TEST 1: the primary dies, and its replica is promoted
--- before eval: \&main::pair
--- init
main::used(1, 2);
main::ask('GET', '/verify?email=john@ok.test');
main::until_true(sub { main::results(2) });
main::others();
TestVerify::Stores::kill(1);
Time::HiRes::sleep(1);
main::promote(2);
main::took(2);
$main::Right = main::were_right();
--- request eval
["GET /b?email=john\@ok.test", "GET /verify?email=jane\@ok.test",
 "GET /b?email=jane\@ok.test"]
--- json
reason: accepted
cached: true
--
reason: accepted
cached: false
--
reason: accepted
cached: true
--- smtp_check eval
sub { main::in_time() && $main::Right }



=== TEST 2: a replica is not used, and the next server is
--- before eval
sub {
    TestVerify::Stores::start($_) for 1, 2;
    main::replica(1, 2);
}
--- init
main::took(2);
$main::Said = main::said('it is a replica');
--- smtp_check eval
sub { defined $main::Took && $main::Said > 0 }



=== TEST 3: also by a user who may not ask for the role
--- before eval
sub {
    TestVerify::Stores::start($_) for 1, 2;
    main::command($_, qw( ACL SETUSER edge on >secret ~test:* &test:*
        -@all +evalsha +script|load +hget +hset +hkeys +del +exists +pexpire
        +pttl +time +publish +subscribe +xadd +xrange +set +ping )) for 1, 2;
    main::replica(1, 2);
}
--- http_config eval
main::fleets('$TEST_NGINX_STORE1 $TEST_NGINX_STORE2',
             'user edge; password secret;')
--- init
main::took(2);
$main::Said = main::said('it is a replica');
--- smtp_check eval
sub { defined $main::Took && $main::Said > 0 }



=== TEST 4: a primary that becomes a replica keeps no machine that asks nothing
--- before eval: \&main::pair
--- init
main::used(1, 2);
main::promote(2);
main::command(1, 'REPLICAOF', TestVerify::Stores::address(2),
              $ENV{TEST_NGINX_STORE_PORT});
main::took(2);
--- smtp_check eval
sub { main::in_time() }



=== TEST 5: nor one that asks
--- before eval: \&main::pair
--- init
main::used(1, 2);
main::others();
Time::HiRes::sleep(0.5);
main::promote(2);
main::command(1, 'REPLICAOF', TestVerify::Stores::address(2),
              $ENV{TEST_NGINX_STORE_PORT});
main::took(2);
Time::HiRes::sleep(0.5);
$main::Right = main::were_right();
--- smtp_check eval
sub { main::in_time() && $main::Right }



=== TEST 6: the old primary comes back, empty
--- before eval: \&main::pair
--- init
main::used(1, 2);
main::others();
TestVerify::Stores::kill(1);
main::promote(2);
main::took(2);
TestVerify::Stores::start(1);
Time::HiRes::sleep(1);
$main::Stays = @{ main::command(1, 'KEYS', '*:alive:*') } == 0;
TestVerify::Stores::kill(2);
$main::Back = main::used(1, 2);
$main::Right = main::were_right();
--- smtp_check eval
sub {
    main::in_time() && main::in_time($main::Back)
        && $main::Stays && $main::Right;
}



=== TEST 7: what was erased meanwhile is not in a store that comes back with it
--- before eval: \&main::pair
--- init
main::used(1, 2);
main::ask('GET', '/verify?email=john@ok.test');
main::until_true(sub { main::results(1) });
main::until_true(sub { eval { main::command(1, 'SAVE') } });
TestVerify::Stores::kill(1);
main::promote(2);
main::used(2, 2);
main::ask('DELETE', '/verify?email=john@ok.test');
main::until_true(sub { !main::results(2) });
TestVerify::Stores::start(1);
$main::Stale = main::results(1);
TestVerify::Stores::kill(2);
main::used(1, 2);
$main::Erased = main::until_true(sub { !main::results(1) });
--- request
GET /b?email=john@ok.test
--- json
reason: accepted
cached: false
--- smtp_check eval
sub { $main::Stale == 1 && $main::Erased }



=== TEST 8: the notices come from the server that is asked
--- before eval
sub {
    TestVerify::Stores::start($_) for 1, 2;
}
--- init
main::used(1, 2);
TestVerify::Stores::kill(1);
main::used(2, 2);
TestVerify::Stores::start(1);
main::command(2, 'CLIENT', 'KILL', 'TYPE', 'pubsub');
$main::Same = main::until_true(sub {
    main::command(2, 'PUBSUB', 'NUMSUB', 'test:erased')->[1] == 2 });
$main::None = main::command(1, 'PUBSUB', 'NUMSUB', 'test:erased')->[1];
main::command(1, 'SET', 'x', 'y');
main::replica(2, 1);
main::took(1);
$main::Moved = main::until_true(sub {
    main::command(1, 'PUBSUB', 'NUMSUB', 'test:erased')->[1] == 2 });
--- smtp_check eval
sub { $main::Same && $main::None == 0 && defined $main::Took && $main::Moved }



=== TEST 9: a server that hangs is left, also if it is one of three
--- http_config eval
main::fleets('$TEST_NGINX_STORE1 $TEST_NGINX_STORE2 $TEST_NGINX_STORE3')
--- before eval
sub {
    TestVerify::Stores::start($_) for 1, 2, 3;
    main::replica($_, 1) for 2, 3;
}
--- init
main::used(1, 2);
main::others();
TestVerify::Stores::freeze(1);
Time::HiRes::sleep(2.5);
main::promote(3);
main::took(3);
$main::Right = main::were_right();
--- smtp_check eval
sub { main::in_time() && $main::Right }



=== TEST 10: a server that is loading its data
--- http_config eval
main::fleets('$TEST_NGINX_STORE1')
--- before eval
sub {
    TestVerify::Stores::start(1);
    main::command(1, 'CONFIG', 'SET', 'rdbcompression', 'no');
    main::command(1, 'EVAL', "for i = 1, 9999 do redis.call('SET', i, ARGV[1])"
                             . ' end', 0, 'y' x 1024);
    main::command(1, 'SAVE');
    TestVerify::Stores::kill(1);

    # for minutes, unless it is told to go on

    TestVerify::Stores::start(1, '--key-load-delay', 20000,
                              '--loading-process-events-interval-bytes', 1024);
}
--- init
main::until_true(sub { main::said('it is still loading its data') });
$main::Said = main::said('it is still loading its data');
$main::Health = main::health();
$main::Ready = main::ask('GET', '/readyz');
$main::Answer = main::ask('GET', '/verify?email=o@ok.test');
main::command(1, 'CONFIG', 'SET', 'key-load-delay', 0);
main::took(1);
--- smtp_check eval
sub {
    $main::Said <= 2 && $main::Health =~ /: it is still loading its data\)/
        && $main::Ready =~ /^\S+ 200/ && $main::Answer =~ /"accepted"/
        && defined $main::Took;
}



=== TEST 11: a replica that has lost its primary
--- http_config eval
main::fleets('$TEST_NGINX_STORE2')
--- before eval
sub {
    main::pair();
    main::command(2, 'CONFIG', 'SET', 'replica-serve-stale-data', 'no');
    TestVerify::Stores::kill(1);
}
--- init
main::until_true(sub { main::health() =~ /replica/ });
$main::Said = main::said('it is a replica');
$main::Health = main::health();
--- request eval
["GET /verify?email=john\@ok.test", "GET /b?email=john\@ok.test"]
--- json
reason: accepted
cached: false
--
reason: accepted
cached: false
--- smtp_check eval
sub { $main::Said == 2 && $main::Health =~ /is away.*: it is a replica\)/ }



=== TEST 12: a password is wanted that is not given
--- http_config eval
main::fleets('$TEST_NGINX_STORE1')
--- before eval
sub { TestVerify::Stores::start(1, '--requirepass', 'secret') }
--- init
main::until_true(sub { main::health() =~ /password/ });
Time::HiRes::sleep(1.5);
$main::Said = main::said('away');
$main::Health = main::health();
--- request eval
["GET /verify?email=john\@ok.test", "GET /b?email=john\@ok.test"]
--- json
reason: accepted
cached: false
--
reason: accepted
cached: false
--- smtp_check eval
sub { $main::Said == 2 && $main::Health =~ /is away.*: it wants a password\)/ }



=== TEST 13: a password is wrong, and another server takes it
--- http_config eval
main::fleets('$TEST_NGINX_STORE1 $TEST_NGINX_STORE2', 'password secret;')
--- before eval
sub {
    TestVerify::Stores::start(1, '--requirepass', 'other');
    TestVerify::Stores::start(2, '--requirepass', 'secret');
}
--- init
main::until_true(sub {
    main::ask('GET', '/health') =~ /fleet b answers/
    && main::health() =~ /answers/ });
$main::Health = main::health();
$main::Said = main::said('it refuses the user or password');
--- smtp_check eval
sub { $main::Said == 2 && $main::Health eq 'The store of the fleet a answers.' }



=== TEST 14: a user who may do nothing
--- http_config eval
main::fleets('$TEST_NGINX_STORE1', 'user edge; password secret;')
--- before eval
sub {
    TestVerify::Stores::start(1);
    main::command(1, qw( ACL SETUSER edge on >secret ~test:* &test:* -@all
                         +ping ));
}
--- init
main::until_true(sub { main::health() =~ /may not/ });
Time::HiRes::sleep(1.5);
$main::Said = main::said('away');
$main::Health = main::health();
--- request eval
["GET /verify?email=john\@ok.test", "GET /b?email=john\@ok.test"]
--- json
reason: accepted
cached: false
--
reason: accepted
cached: false
--- smtp_check eval
sub {
    $main::Said == 2
        && $main::Health =~ /is away.*: the user may not do all that is needed/;
}



=== TEST 15: a user who may not erase: the rest works, and health says so
--- http_config eval
main::fleets('$TEST_NGINX_STORE1', 'user edge; password secret;')
--- before eval
sub {
    TestVerify::Stores::start(1);
    main::command(1, qw( ACL SETUSER edge on >secret ~test:* &test:*
        -@all +evalsha +script|load +hget +hset +hkeys +exists +pexpire
        +pttl +time +publish +subscribe +xadd +xrange +set +ping ));
    main::command(1, 'SCRIPT', 'FLUSH');
}
--- init
main::used(1, 2);
main::ask('DELETE', '/verify?email=o@ok.test');
main::ask('DELETE', '/verify?email=o2@ok.test');
main::until_true(sub { main::health() =~ /may not/ });
Time::HiRes::sleep(1.2);
$main::Health = main::health();
$main::Said = main::said('refuses a command: the user may not do all');
$main::Away = main::said('is away');
--- smtp_check eval
sub {
    $main::Said == 1 && $main::Away == 0
        && $main::Health =~ /refuses something \(.*: the user may not do all/;
}



=== TEST 16: nor be told anything
--- http_config eval
main::fleets('$TEST_NGINX_STORE1', 'user edge; password secret;')
--- before eval
sub {
    TestVerify::Stores::start(1);
    main::command(1, qw( ACL SETUSER edge on >secret ~test:*
        -@all +evalsha +script|load +hget +hset +hkeys +del +exists +pexpire
        +pttl +time +publish +subscribe +xadd +xrange +set +ping +role ));
}
--- init
main::until_true(sub { main::health() =~ /may not/ });
Time::HiRes::sleep(1.2);
$main::Health = main::health();
$main::Said = main::said('away.*the user may not do all');
--- request eval
["GET /verify?email=john\@ok.test", "GET /verify?email=john\@ok.test"]
--- json
reason: accepted
cached: false
--
reason: accepted
cached: true
--- smtp_check eval
sub {
    $main::Said == 2
        && $main::Health =~ /refuses something \(.*: the user may not do all/;
}



=== TEST 17: Sentinel promotes the replica, and makes the old primary one
--- before eval
sub {
    main::pair();
    TestVerify::Stores::sentinels(1);
}
--- init
main::used(1, 2);
main::ask('GET', '/verify?email=john@ok.test');
main::until_true(sub { main::results(2) });
main::others();
TestVerify::Stores::kill(1);
main::until_true(sub { main::role(2) eq 'master' }, 20);
main::took(2);
TestVerify::Stores::start(1);
main::until_true(sub { main::role(1) eq 'slave' }, 30);
Time::HiRes::sleep(1.5);
$main::Stays = defined main::used(2, 2);
$main::Right = main::were_right();
--- request eval
["GET /b?email=john\@ok.test", "GET /verify?email=jane\@ok.test",
 "GET /b?email=jane\@ok.test"]
--- json
reason: accepted
cached: true
--
reason: accepted
cached: false
--
reason: accepted
cached: true
--- smtp_check eval
sub {
    main::is(main::role(2), 'master', 'it was promoted');
    main::is(main::role(1), 'slave', 'the old primary is a replica');
    return main::in_time() && $main::Stays && $main::Right;
}
