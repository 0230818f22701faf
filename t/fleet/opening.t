# Servers that answer the first commands of a machine by errors, or do not take
# its connection: the cause is told once, it is the right one, the next server is
# used, and servers are tried with a pause.

use lib 't/lib';
use TestVerify 'no_plan';
use TestVerify::Clients qw( until_true );
use TestVerify::Env;
use TestVerify::Valkey qw( command start );
use TestVerify::Enemy;
use TestVerify::Stores qw( said );

use IO::Socket::INET;
use POSIX ();
use Time::HiRes qw( sleep time );

master_on();
no_long_string();
worker_connections(1024);

# what a server says, and what that means

our @Errors = (
    'LOADING Redis is loading the dataset in memory'
        => 'it is still loading its data',
    'NOAUTH Authentication required.' => 'it wants a password',
    'NOPERM User edge has no permissions to run the command'
        => 'the user may not do all that is needed',
    'MASTERDOWN Link with MASTER is down' => 'it is a replica without its primary',
    'BUSY Redis is busy running a script.' => 'a script keeps it busy',
    'ERR max number of clients reached' => 'it has too many clients',
    'MISCONF Redis is configured to save RDB snapshots'
        => 'it cannot save its data, and takes nothing',
);

our (@Wrong, @Want, $Aside);


# A server of an enemy for each error and command: the errors take the place of
# the replies.  ["AUTH", "-LOADING ...", "it is still loading"]

sub scripted
{
    my ($errors, @commands) = @_;
    my @stores;

    @Want = ();

    for my $command (@commands) {
        for (my $i = 0; $i < @$errors; $i += 2) {
            my $said = "-$errors->[$i]\r\n";

            push @Want, "$command, $errors->[$i]", $errors->[$i + 1];
            push @stores, [scalar @stores, sub {
                $_[0] eq $command ? $said : $_[1]
            }];
        }
    }

    TestVerify::Enemy::serve(@stores);
}


# a fleet for each of them, f1 and so on

sub fleets
{
    my ($n, $servers) = @_;

    return patient(join '', map { <<"END" } 1 .. $n);
smtp_verify_cache_zone zone=z$_:256k;
smtp_verify_fleet f$_ {
    server @{[ $servers->($_) ]};
    user edge; password secret;
    key \$TEST_NGINX_FLEET_KEY; prefix test$_; zones z$_; timeout 200ms;
}
END
}

add_block_preprocessor(sub {
    my ($block) = @_;

    start();
    command('FLUSHALL');
    command(qw( ACL SETUSER edge on >secret ~* &* +@all ));

    @Wrong = ();
    $block->before->();

    $block->set_value(http_config => fleets(@Want / 2, $block->servers));
    $block->set_value(config => '
        location = /verify { smtp_verify; smtp_verify_cache z1; }
        location = /health { smtp_verify_health; }');
    $block->set_value(request => 'GET /verify?email=john@ok.test');
    $block->set_value(json => 'reason: accepted');
    $block->set_value(log_allow => 'is away, this machine goes on by itself');
});

preset(smtp => "mx1 11 pipelining users=john\n");

sub health { (TestVerify::Clients::ask('/health'))[0]{body} // '' }

sub answer
{
    my ($n, $health) = @_;
    return $health =~ /fleet f$n answers\./;
}

# waits until each fleet has a store

sub all_answer
{
    until_true(sub {
        my $health = health();
        return !grep { !answer($_, $health) } 1 .. @Want / 2;
    }) or push @Wrong, 'not all answer: ' . health();
}


# the cause of each is told, once

sub told
{
    my ($what) = @_;

    for my $n (1 .. @Want / 2) {
        my ($name, $cause) = @Want[2 * $n - 2, 2 * $n - 1];

        my $all = said(qr/fleet "f$n": .* away/);
        my $right = said(qr/fleet "f$n": $what at .* is away.*: \Q$cause\E$/);

        push @Wrong, "$name: $right of $all messages say \"$cause\""
            if $right != 1 || $all != 1;
    }
}

sub well
{
    diag "$_" for @Wrong;
    return @Wrong == 0;
}


# Something that goes on in a process of its own.

sub aside
{
    my ($code) = @_;

    $Aside = fork // die "fork: $!\n";

    if ($Aside == 0) {
        TestVerify::Env::detach('/dev/null');
        $code->();
        sleep 1 while 1;
    }
}

sub over
{
    return if !$Aside;

    kill 'KILL', $Aside;
    waitpid $Aside, 0;
    undef $Aside;
}

my $suite = $$;

END {
    if ($$ == $suite) {
        my $rc = $?;
        over();
        $? = $rc;
    }
}


# A server that says this to everybody who connects, and closes.

sub greet
{
    my ($said) = @_;

    my $listener = IO::Socket::INET->new(
        LocalAddr => TestVerify::Enemy::address(60), Listen => 64,
        ReuseAddr => 1) or die "listen: $!\n";

    aside(sub {
        while (1) {
            my $client = $listener->accept or next;
            syswrite $client, "-$said\r\n";
            close $client;
        }
    });

    close $listener;
}


# clients, until the real store takes no more, and whenever it has room again

sub crowd
{
    my @open;

    command(qw( CONFIG SET maxclients 20 ));

    aside(sub {
        while (1) {
            my $s = IO::Socket::INET->new($ENV{TEST_NGINX_VALKEY});

            if ($s) {
                print $s "PING\r\n";
                push @open, $s if (<$s> // '') =~ /PONG/;
            }

            sleep 0.02;
        }
    });

    until_true(sub { !eval { command('PING') } }, 20) or die "it takes more\n";
}


run_tests();

__DATA__

=== TEST 1: errors instead of replies, and another server is there
--- before eval
sub { main::scripted(\@main::Errors, qw( AUTH EXISTS SET SCRIPT )) }
--- servers eval
sub { TestVerify::Enemy::address($_[0]) . ' $TEST_NGINX_VALKEY' }
--- init
main::all_answer();
main::told('the store');
--- smtp_check eval
sub { main::well() }



=== TEST 2: and there is none: it is tried with a pause, and told once
--- before eval
sub { main::scripted(\@main::Errors, qw( AUTH EXISTS )) }
--- servers eval
sub { TestVerify::Enemy::address($_[0]) }
--- init
main::until_true(sub { main::health() !~ /answers/ });
Time::HiRes::sleep(3);
main::told('the store');
my $tries = TestVerify::Enemy::told();
my $health = main::health();
for (1 .. @main::Want / 2) {
    my ($name, $cause) = @main::Want[2 * $_ - 2, 2 * $_ - 1];
    my $n = $tries->{$_ - 1} // 0;
    push @main::Wrong, "$name: $n tries" if $n < 3 || $n > 15;
    push @main::Wrong, "$name: health" if $health !~ /f$_ is away [^)]*: \Q$cause\E\)/;
}
--- smtp_check eval
sub { main::well() }



=== TEST 3: what is told to a user, and to whoever connects, is not confused
--- before eval
sub {
    main::scripted([
        'WRONGPASS invalid username-password pair or user is disabled.'
            => 'it refuses the user or password',
        'ERR AUTH <password> called without any password configured for the '
            . 'default user. Are you sure your configuration is correct?'
            => 'it has no password for the default user',
        'ERR of another kind' => 'it does not take AUTH',
    ], 'AUTH');
}
--- servers eval
sub { TestVerify::Enemy::address($_[0]) . ' $TEST_NGINX_VALKEY' }
--- init
main::all_answer();
main::told('the store');
--- smtp_check eval
sub { main::well() }



=== TEST 4: a server that may not be asked for its role is used, unless it is about the server
--- before eval
sub { main::scripted(\@main::Errors, 'ROLE') }
--- servers eval
sub { TestVerify::Enemy::address($_[0]) . ' $TEST_NGINX_VALKEY' }
--- init
main::all_answer();
@main::Want[4, 5] = () if TestVerify::Stores::said(qr/"f3".*away/) == 0;
push @main::Wrong, 'NOPERM counts' if defined $main::Want[4];
splice @main::Want, 4;
main::told('the store');
--- smtp_check eval
sub { main::well() }



=== TEST 5: the channel of notices is refused
--- before eval
sub { main::scripted(\@main::Errors, 'SUBSCRIBE') }
--- servers eval
sub { TestVerify::Enemy::address($_[0]) }
--- init
Time::HiRes::sleep(3);
main::told('the channel of notices');
--- smtp_check eval
sub { main::well() }



=== TEST 6: a server that has too many clients says so before it was asked
--- before eval
sub {
    main::greet('ERR max number of clients reached');
    @main::Want = ('a greeting', 'it has too many clients');
}
--- servers eval
sub { TestVerify::Enemy::address(60) . ' $TEST_NGINX_VALKEY' }
--- init
main::all_answer();
main::told('the store');
main::over();
--- smtp_check eval
sub { main::well() }



=== TEST 7: a real one, until it has room
--- before eval
sub {
    main::crowd();
    @main::Want = ('a real one', 'it has too many clients');
}
--- servers eval
sub { '$TEST_NGINX_VALKEY' }
--- init
main::until_true(sub { main::health() =~ /too many clients/ })
    or push @main::Wrong, 'not refused: ' . main::health();
Time::HiRes::sleep(1.5);
main::told('the store');
main::over();
main::all_answer();
main::until_true(sub {
    eval { TestVerify::Valkey::command(qw( CONFIG SET maxclients 10000 )) } });
--- smtp_check eval
sub { main::well() }
