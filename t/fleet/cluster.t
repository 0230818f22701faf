# A cluster of three real nodes as the store: all keys of a fleet are in one
# slot, and the machines find the node that has it.

use lib 't/lib';
use TestVerify 'no_plan';
use TestVerify::Clients qw( until_true );
use TestVerify::Valkey;
use TestVerify::Fleet qw( ask health );
use TestVerify::Stores qw( command used said );

use Time::HiRes ();

master_on();

sub fleets
{
    my ($servers, $more) = @_;

    return patient("smtp_verify_throttle_zone zone=t:1m;\n"
                   . "smtp_verify_throttle_zone zone=u:1m;\n"
                   . join '', map { <<"END" } 'a t', 'b u');
smtp_verify_cache_zone zone=${\substr $_, 0, 1}:1m;
smtp_verify_fleet ${\substr $_, 0, 1} {
    server $servers;
    key \$TEST_NGINX_FLEET_KEY;
    zones $_; timeout 200ms; parts cache throttle;
    $more
}
END
}

# "edges" has a slot of the first node

our $All = '$TEST_NGINX_STORE2 $TEST_NGINX_STORE3 $TEST_NGINX_STORE1';

add_block_preprocessor(sub {
    my ($block) = @_;

    TestVerify::Stores::fresh();
    TestVerify::Stores::start($_, TestVerify::Stores::cluster_options($_))
        for 1 .. 3;
    TestVerify::Stores::cluster(1 .. 3);

    $block->set_value(http_config => fleets($All, 'prefix "test:{edges}";'))
        if !defined $block->http_config;

    # machines that have never reached the store ask nobody from shared addresses

    my $shared = defined $block->alone ? '' : 'shared=out';

    $block->set_value(config => '
        location = /verify {
            smtp_verify;
            smtp_verify_cache a;
            smtp_verify_throttle zone=t ' . $shared . ' conns=4 rate=50r/s;
        }
        location = /b {
            smtp_verify;
            smtp_verify_cache b;
            smtp_verify_throttle zone=u ' . $shared . ' conns=4 rate=50r/s;
        }
        location = /health { smtp_verify_health; }');
    $block->set_value(log_allow => 'is away, this machine goes on by itself');
});

preset(smtp => "mx1 11 pipelining users=john,jane,jack\n");


# which node has the slot, and how many keys each has

sub slot { command(1, 'CLUSTER', 'KEYSLOT', 'x{edges}') }

sub owner
{
    my $slot = slot();

    return $slot <= 5460 ? 1 : $slot <= 10922 ? 2 : 3;
}

sub keys_of { scalar @{ command($_[0], 'KEYS', '*') } }


run_tests();

__DATA__

=== TEST 1: machines find the node that has their slot, and share by it
--- init
main::used(main::owner(), 2);
main::until_true(sub { main::health() =~ /answers\.$/ });
$main::Health = main::health();
--- request eval
["GET /verify?email=john\@ok.test", "GET /b?email=john\@ok.test",
 "GET /b?email=jane\@ok.test"]
--- json
reason: accepted
cached: false
--
reason: accepted
cached: true
--
reason: accepted
cached: false
--- smtp_check eval
sub {
    my $owner = main::owner();
    my @others = grep { $_ != $owner } 1 .. 3;
    my %slots = map { main::command(1, 'CLUSTER', 'KEYSLOT', $_) => 1 }
        @{ main::command($owner, 'KEYS', '*') };

    return main::keys_of($owner) > 5 && keys %slots == 1
           && $main::Health =~ /answers\.$/
           && !grep { main::keys_of($_) } @others;
}



=== TEST 2: erasures and claims work by it, too
--- init
main::used(main::owner(), 2);
main::ask('GET', '/verify?email=john@ok.test');
main::ask('GET', '/b?email=john@ok.test');
main::ask('DELETE', '/verify?email=john@ok.test');
$main::Erased = main::until_true(sub {
    main::ask('GET', '/b?email=john@ok.test') =~ /"cached":false/ });
--- request
GET /verify?email=john@ok.test
--- json
reason: accepted
cached: true
--- smtp_check eval
sub { $main::Erased }



=== TEST 3: the node of the slot is not named: each machine goes on by itself
--- alone
--- http_config eval
main::fleets('$TEST_NGINX_STORE2', 'prefix "test:{edges}";')
--- init
main::until_true(sub { main::health() =~ /slot/ });
$main::Health = main::health();
$main::Owner = main::owner();
--- request eval
["GET /verify?email=john\@ok.test", "GET /b?email=john\@ok.test"]
--- json
reason: accepted
--
reason: accepted
--- smtp_check eval
sub {
    return $main::Owner == 1
           && $main::Health =~ /is away.*: it is a node of a cluster that lacks/;
}



=== TEST 4: a prefix without braces is said to be wrong
--- alone
--- http_config eval
main::fleets($main::All, 'prefix test;')
--- init
main::until_true(sub { main::said('the prefix has no braces') >= 6 });
Time::HiRes::sleep(1.2);
$main::Said = main::said('the prefix has no braces');
--- request eval
["GET /verify?email=john\@ok.test", "GET /b?email=john\@ok.test",
 "GET /verify?email=jane\@ok.test"]
--- json
reason: accepted
--
reason: accepted
--
reason: accepted
--- smtp_check eval
sub { $main::Said == 6 }



=== TEST 5: the slot moves to another node
--- alone
--- init
my $from = main::owner();
my $to = $from % 3 + 1;
main::used($from, 2);
main::ask('GET', '/verify?email=john@ok.test');
main::until_true(sub {
    my @keys = @{ main::command($from, 'KEYS', '*') };
    (grep { /:e:1:/ } @keys) && !grep { /:c:/ } @keys });
my $slot = main::slot();
my %id = map {; $_ => main::command($_, 'CLUSTER', 'MYID') } $from, $to;
main::command($to, 'CLUSTER', 'SETSLOT', $slot, 'IMPORTING', $id{$from});
main::command($from, 'CLUSTER', 'SETSLOT', $slot, 'MIGRATING', $id{$to});
main::ask('GET', '/verify?email=jack@ok.test');
my $n;
do {
    my @keys = @{ main::command($from, 'CLUSTER', 'GETKEYSINSLOT', $slot, 100) };
    $n = @keys;
    main::command($from, 'MIGRATE', TestVerify::Stores::address($to),
                  $ENV{TEST_NGINX_STORE_PORT}, '', 0, 5000, 'KEYS', @keys)
        if $n;
} while ($n);
main::command($_, 'CLUSTER', 'SETSLOT', $slot, 'NODE', $id{$to})
    for $to, $from;
$main::Took = main::used($to, 2);
main::diag 'took ' . ($main::Took // 'too long');
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
sub { defined $main::Took && $main::Took < 3 * $TestVerify::Blocks::Slow }
