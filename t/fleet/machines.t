# Machines of a fleet that stand still for a while, are reloaded or upgraded,
# while others work at their jobs and they work at those of others.

use lib 't/lib';
use TestVerify 'no_plan';
use TestVerify::Clients qw( until_true );
use TestVerify::Edges;
use TestVerify::Jobs;
use TestVerify::Lending;
use TestVerify::Valkey qw( command );

use Time::HiRes qw( sleep time );

master_on();
workers(2);
no_long_string();

TestVerify::Edges::workers(2);
TestVerify::Edges::daemons();
TestVerify::Lending::blocks();

# how long a machine stands still: longer than it counts as alive

our $Still = $ENV{TEST_FLEET_STILL} // 4;

# probes of a machine

our $Probes = 2 * 10;

our $Job;


# a job of which another machine works at more than so many blocks

sub lent
{
    my ($n) = @_;

    ready(6);

    my $id = submit('', users(2000));

    until_true(sub { counter(1, 'jobs_borrowed') > ($n // 0) });

    return $id;
}


# each of its records has one result, and was asked once

sub once
{
    is(wrong($Job, 2000, 'mailbox_not_found'), '', 'results');
    is(scalar(keys %{ asked() }), 2000, 'all were asked');
    is(twice(), 0, 'each once');
    is(left(), '', 'nothing is left');
    return 1;
}


# a job that cannot end in time

sub give_up
{
    my ($id) = @_;

    patch($id, '{"state":"cancelled"}');
    until_job($id, sub { $_[0]{state} eq 'cancelled' });
    TestVerify::Edges::stop();
}


# how many were asked more than once

sub twice
{
    my $asked = asked();
    return scalar grep { $_ != 1 } values %$asked;
}

# how many seconds the workers take that a reload of the owner ends

sub leave
{
    my %old = map { $_ => 1 } TestVerify::Clients::workers();
    my $begin = time;

    TestVerify::Clients::reload(sub {
        main::until_true(sub {
            !grep { TestVerify::Nginx::alive($_) } keys %old
        }, 45);
    });

    return time - $begin;
}

# how many blocks are offered or under way, and how many of them were begun

sub offered
{
    my ($work) = grep { /^test:work/ && !/:over:/ } @{ command('KEYS', 'test:*') };

    return (0, 0) if !$work;

    my $begun = eval { command('XPENDING', $work, 'edges')->[0] };
    return (command('XLEN', $work), $begun // 0);
}

# "meanwhile": what happens while others work at a job

add_block_preprocessor(sub {
    my ($block) = @_;

    my $what = $block->meanwhile // return;

    $block->set_value(init => "my \$id = main::lent();\n$what"
                              . "\$main::Job = main::ended(\$id);\n");
    $block->set_value(smtp_check => \&once);
});

run_tests();

__DATA__

=== TEST 1: a machine stands still while it works at blocks of another one
--- smtp
mx1 11 pipelining
    rcpt u*@*: wait 300ms ; 550 5.1.1 No such user
--- init
my $id = main::lent(1);
TestVerify::Edges::freeze(1);
main::sleep($main::Still + 1);
TestVerify::Edges::thaw(1);
$main::Job = main::ended($id);
--- smtp_check eval
sub {
    my $twice = main::twice();
    main::is(main::wrong($main::Job, 2000, 'mailbox_not_found'), '', 'results');
    main::is(scalar(keys %{ main::asked() }), 2000, 'all were asked');
    main::cmp_ok($twice, '<=', 3 * $main::Probes,
                 "no more than was under way or not handed in: $twice");
    main::is(main::left(), '', 'nothing is left');
    return 1;
}
--- no_session_check



=== TEST 2: the owner of a job stands still while others work at it
--- meanwhile
my @pids = (TestVerify::Nginx::pid(), TestVerify::Clients::workers());
kill 'STOP', @pids;
main::sleep($main::Still);
kill 'CONT', @pids;
--- no_session_check



=== TEST 3: machines are reloaded while they work at blocks of another one
--- meanwhile
TestVerify::Edges::reload(1);
TestVerify::Edges::reload(2);



=== TEST 4: they are upgraded
--- meanwhile
TestVerify::Edges::upgrade(1);
TestVerify::Edges::upgrade(2);



=== TEST 5: the owner of a job is reloaded while others work at it
--- meanwhile
TestVerify::Clients::reload();



=== TEST 6: it is upgraded
--- meanwhile
my $old = TestVerify::Nginx::pid();
my @workers = TestVerify::Clients::workers();
kill 'USR2', $old;
TestVerify::Clients::wait_for(sub {
    (TestVerify::Nginx::pid() // $old) != $old
    && main::logged() =~ /workers of another master process work/
});
kill 'QUIT', $old;
TestVerify::Clients::wait_for(sub {
    !grep { TestVerify::Nginx::alive($_) } $old, @workers
});



=== TEST 7: worker_shutdown_timeout ends the wait for blocks that are lent
--- smtp
mx1 11 pipelining
    rcpt u*@*: wait 9s ; 550 5.1.1 No such user
--- main_config
worker_shutdown_timeout 2s;
--- init
my $id = main::lent();
main::is(main::counter(0, 'jobs_lent') > 0, 1, 'blocks are lent');
my $took = main::leave();
main::cmp_ok($took, '<', 8 * $TestVerify::Blocks::Slow,
             "the workers stay for two seconds, not for nine: $took");
main::give_up($id);
--- linger: 15s
--- no_session_check



=== TEST 8: the store goes away: a worker does not wait for what cannot come
--- smtp
mx1 11 pipelining
    rcpt u*@*: wait 300ms ; 550 5.1.1 No such user
--- init
my $id = main::lent();
TestVerify::Valkey::stop();
my $took = main::leave();
main::cmp_ok($took, '<', 15 * $TestVerify::Blocks::Slow,
             "the workers stay for three seconds, not for thirty: $took");
main::give_up($id);
--- linger: 15s
--- no_session_check



=== TEST 9: the store is full: blocks that nobody has begun come back all the same
--- smtp
mx1 11 pipelining
    rcpt u*@*: wait 2s ; 550 5.1.1 No such user
--- init
main::ready(6);
TestVerify::Edges::freeze(2);
my $id = main::submit('', main::users(6000));
my ($all, $begun);
main::until_true(sub { ($all, $begun) = main::offered(); $begun && $all > $begun })
    or die "$all blocks are offered, $begun begun\n";
main::command(qw( CONFIG SET maxmemory 1 ));
kill 'HUP', TestVerify::Nginx::pid();
main::until_true(sub { ($all, $begun) = main::offered(); $all == $begun }, 3);
main::is($all - $begun, 0, "nobody will begin them: $all, $begun");
main::cmp_ok($begun, '>', 0, 'others are under way');
main::command(qw( CONFIG SET maxmemory 0 ));
main::patch($id, '{"state":"cancelled"}');
main::until_job($id, sub { $_[0]{state} eq 'cancelled' });
TestVerify::Edges::thaw(2);
TestVerify::Edges::stop();
--- linger: 15s
--- no_session_check
--- log_allow
the store is full
