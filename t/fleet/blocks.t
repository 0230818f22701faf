# Machines that share what they have learned about destinations by a real Valkey
# or Redis: one that is blocked stops the others, and one makes the trial.

use lib 't/lib';
use TestVerify 'no_plan';
use TestVerify::Clients;
use TestVerify::Edges;
use TestVerify::Valkey qw( command start stop );

use IO::Socket::INET;
use JSON::PP;
use Time::HiRes qw( sleep time );

master_on();
no_long_string();

our (%Got, @Wrong);

# "more" are directives of the machine with that number

sub conf
{
    my ($limits, %more) = @_;

    for my $i (1, 2) {
        my $throttle = $more{"limits$i"} // $limits;
        my $more = $more{$i} // '';

        TestVerify::Edges::conf(<<"END", <<'SERVER', $i);
smtp_verify_throttle_zone zone=limits:1m;
smtp_verify_throttle zone=limits rate=1000/s burst=1000 $throttle;
smtp_verify_catch_all off;
smtp_verify_greeting_timeout 5s;
smtp_verify_read_timeout 5s;
smtp_verify_timeout 10s;
smtp_verify_fleet edges {
    server \$TEST_NGINX_VALKEY;
    key \$TEST_NGINX_FLEET_KEY;
    prefix test; parts throttle; timeout 200ms;
}
$more
END
location = /verify { smtp_verify; smtp_verify_max_wait 0; }
location = /status { smtp_verify_status; }
SERVER
    }
}

add_block_preprocessor(sub {
    my ($block) = @_;

    return if defined $block->must_die;

    start();
    command('FLUSHALL');

    TestVerify::Edges::stop();
    conf($block->limits // 'pause=3s', $block->edges ? eval $block->edges : ());

    # the block's own request only begins and ends nginx

    $block->set_value(config => '');
    $block->set_value(request => 'GET /none');
    $block->set_value(error_code => 404);

    @Wrong = ();
    %Got = ();
});


sub both
{
    TestVerify::Edges::start(@_ ? @_ : (1, 2));
    TestVerify::Valkey::subscribers('test:told', @_ ? scalar @_ : 2);
}


# what a machine says about the addresses, one after the other: reasons

sub ask
{
    my ($edge, @addresses) = @_;

    return join ' ', map { one($edge, "/verify?email=$_")->{reason} // '-' }
           @addresses;
}


sub one
{
    my ($edge, $path) = @_;

    my $got = '';
    my $sock = IO::Socket::INET->new(
        PeerAddr => TestVerify::Edges::address($edge)) or return {};

    syswrite $sock, "GET $path HTTP/1.0\r\n\r\n";

    1 while sysread $sock, $got, 65536, length $got;

    my ($body) = $got =~ /\r\n\r\n(.*)/s;

    return eval { decode_json($body) } // {};
}


# in the background: an answer for later

sub ask_later
{
    my ($edge, $address) = @_;

    pipe my $in, my $out or die "pipe: $!\n";

    my $pid = fork // die "fork: $!\n";

    if ($pid == 0) {
        TestVerify::Env::detach('/dev/null');
        syswrite $out, ask($edge, $address);
        POSIX::_exit(0);
    }

    close $out;

    return sub { my $text = <$in>; waitpid $pid, 0; $text };
}


# waits until the machine says so, and returns how long that took.  It is not
# asked before it was told something: a question that is earlier than that is a
# session

sub until_says
{
    my ($edge, $address, $like) = @_;

    my $start = time;
    my $heard = 0;

    while (time < $start + 5 * $TestVerify::Blocks::Slow) {

        $heard ||= one($edge, '/status')->{fleet_heard};

        return time - $start if $heard && ask($edge, $address) =~ $like;
        sleep 0.02;
    }

    push @Wrong, "machine $edge does not say $like for $address";
    return 99;
}


sub is_so
{
    my ($what, $got, $expected) = @_;

    return if ref $expected ? $got =~ $expected : $got eq $expected;

    push @Wrong, "$what: \"$got\", expected \"$expected\"";
}


sub told { map { $_->[1][1] } @{ command('XRANGE', 'test:told', '-', '+') } }


sub right
{
    Test::More::diag(join "\n", @Wrong) if @Wrong;

    return !@Wrong;
}


preset(smtp => <<'END');
mx1 11 pipelining users=john
    ehlo@1: 554 5.7.1 Your IP address is blocked using bl.example.net
    ehlo@2: 554 5.7.1 Your IP address is blocked using bl.example.net
END

timeout(60);
run_tests();

__DATA__

=== TEST 1: a block at one machine stops the other within a second
--- init
main::both();
main::is_so('blocked', main::ask(1, 'u1@ok.test', 'u2@ok.test'),
            'sender_blocked sender_blocked');
my $took = main::until_says(2, 'u3@ok.test', qr/circuit_open|sender_blocked/);
push @main::Wrong, "it took $took s" if $took > $TestVerify::Blocks::Slow;
main::is_so('still', main::ask(2, 'u4@ok.test'), qr/circuit_open/);
--- smtp_sessions: 2
--- smtp_check eval
sub { main::right() }



=== TEST 2: one machine makes the trial, and closes the breaker of both
--- smtp
mx1 11 pipelining users=john,jane
    ehlo@1: 554 5.7.1 Your IP address is blocked using bl.example.net
    ehlo@2: 554 5.7.1 Your IP address is blocked using bl.example.net
    rcpt john@*: wait 1500ms ; default
--- init
main::both();
main::ask(1, 'u1@ok.test', 'u2@ok.test');
main::until_says(2, 'u3@ok.test', qr/circuit_open/);
Time::HiRes::sleep(3.3);
my $trial = main::ask_later(1, 'john@ok.test');
Time::HiRes::sleep(0.5);
main::is_so('while the other tries', main::ask(2, 'jane@ok.test'),
            'circuit_open');
main::is_so('the trial', $trial->(), qr/^accepted/);
main::until_says(2, 'jane@ok.test', qr/^accepted/);
--- smtp_sessions: 4
--- smtp_check eval
sub { main::right() }



=== TEST 3: a trial that fails prolongs the pause of both
--- smtp
mx1 11 pipelining users=john
    ehlo@1: 554 5.7.1 Your IP address is blocked using bl.example.net
    ehlo@2: 554 5.7.1 Your IP address is blocked using bl.example.net
    ehlo@3: 554 5.7.1 Your IP address is blocked using bl.example.net
--- limits: pause=1s
--- init
main::both();
main::ask(1, 'u1@ok.test', 'u2@ok.test');
Time::HiRes::sleep(1.2);
main::is_so('the trial', main::ask(1, 'u3@ok.test'), 'sender_blocked');
Time::HiRes::sleep(0.3);
main::is_so('the other one', main::ask(2, 'john@ok.test'), 'circuit_open');
Time::HiRes::sleep(2);
main::until_says(2, 'john@ok.test', qr/^accepted/);
--- smtp_sessions: 4
--- smtp_check eval
sub { main::right() }



=== TEST 4: without the store each machine goes by its own breaker
--- init
main::both();
main::ask(2, 'u0@other.test');
TestVerify::Valkey::stop();
Time::HiRes::sleep(0.5);
main::is_so('blocked', main::ask(1, 'u1@ok.test', 'u2@ok.test', 'u3@ok.test'),
            'sender_blocked sender_blocked circuit_open');
main::is_so('the other one', main::ask(2, 'john@ok.test'), qr/^accepted/);
Time::HiRes::sleep(3.3);
main::is_so('its own trial', main::ask(1, 'john@ok.test'), qr/^accepted/);
--- smtp_sessions: 4
--- smtp_check eval
sub { main::right() }



=== TEST 5: a store that goes while a trial is asked for
--- init
main::both();
main::ask(1, 'u1@ok.test', 'u2@ok.test');
main::until_says(2, 'u3@ok.test', qr/circuit_open/);
Time::HiRes::sleep(3.2);
TestVerify::Valkey::freeze();
main::is_so('its own trial', main::ask(2, 'john@ok.test'), qr/^accepted/);
TestVerify::Valkey::thaw();
--- smtp_sessions: 3
--- smtp_check eval
sub { main::right() }



=== TEST 6: a machine that was away reads what it has missed
--- init
main::both(1);
main::ask(1, 'u1@ok.test', 'u2@ok.test');
TestVerify::Edges::start(2);
TestVerify::Valkey::subscribers('test:told', 2);
Time::HiRes::sleep(0.5);
main::is_so('the other one', main::ask(2, 'u3@ok.test'), 'circuit_open');
--- smtp_sessions: 2
--- smtp_check eval
sub { main::right() }



=== TEST 7: nothing is longer than it is configured
--- edges: limits1 => 'pause=20s', limits2 => 'pause=1s max_pause=1s'
--- init
main::both();
main::ask(1, 'u1@ok.test', 'u2@ok.test');
main::until_says(2, 'u3@ok.test', qr/circuit_open/);
Time::HiRes::sleep(1.2);
main::is_so('after its own pause', main::ask(2, 'john@ok.test'),
            qr/^accepted/);
Time::HiRes::sleep(0.3);
main::is_so('which is that of the trial', main::ask(1, 'john@ok.test'),
            'circuit_open');
--- smtp_sessions: 3
--- smtp_check eval
sub { main::right() }



=== TEST 8: a block of one address says nothing about another one
--- edges
1 => 'smtp_verify_bind $TEST_NGINX_NET.61;',
2 => 'smtp_verify_bind $TEST_NGINX_NET.62;'
--- init
main::both();
main::ask(1, 'u1@ok.test', 'u2@ok.test');
Time::HiRes::sleep(0.5);
main::is_so('blocked', main::ask(1, 'u3@ok.test'), 'circuit_open');
main::is_so('the other address', main::ask(2, 'john@ok.test'), qr/^accepted/);
--- smtp_sessions: 3
--- smtp_check eval
sub { main::right() }



=== TEST 9: 421 says something about the host, but not to those who know better
--- edges
1 => 'smtp_verify_bind $TEST_NGINX_NET.61;',
2 => 'smtp_verify_bind $TEST_NGINX_NET.62;'
--- smtp
mx1 11 pipelining users=john
    ehlo@1: 421 4.3.2 Service shutting down ; close
    ehlo@2: 421 4.3.2 Service shutting down ; close
    ehlo@3: 421 4.3.2 Service shutting down ; close
    ehlo@4: 421 4.3.2 Service shutting down ; close
mx2 12 pipelining users=john
    ehlo@2: 421 4.3.2 Service shutting down ; close
    ehlo@3: 421 4.3.2 Service shutting down ; close
    ehlo@4: 421 4.3.2 Service shutting down ; close
    ehlo@5: 421 4.3.2 Service shutting down ; close
--- dns
ok.test MX 10 mx1.ok.test
mx1.ok.test A 11
two.test MX 10 mx2.ok.test
mx2.ok.test A 12
--- init
main::both();
main::is_so('reached', main::ask(2, 'john@two.test'), qr/^accepted/);
main::ask(1, map { ("u$_\@ok.test", "u$_\@two.test") } 1 .. 4);
main::is_so('closed', main::ask(1, 'u5@ok.test', 'u5@two.test'),
            'circuit_open circuit_open');
Time::HiRes::sleep(0.5);
main::is_so('the other address', main::ask(2, 'john@ok.test'),
            'circuit_open');
main::is_so('which knows better', main::ask(2, 'john@two.test'),
            qr/^accepted/);
--- smtp_check eval
sub { main::right() }



=== TEST 10: a budget that has fallen
--- limits: pause=1s rejects=12-40/h
--- smtp
mx1 11 pipelining users=john
    ehlo@7: 421 4.7.0 Too many unknown users, try again later ; close
--- edges
1 => 'smtp_verify_keepalive off;', 2 => 'smtp_verify_keepalive off;'
--- init
main::both();
main::ask(1, map { "u$_\@ok.test" } 1 .. 7);
Time::HiRes::sleep(1.5);
main::is_so('the other one',
            main::ask(2, map { "v$_\@ok.test" } 1 .. 6),
            'mailbox_not_found mailbox_not_found mailbox_not_found '
            . 'mailbox_not_found throttled throttled');
--- smtp_check eval
sub { main::right() }



=== TEST 11: what is not sealed, or not now, is not believed
--- limits: pause=1s
--- init
main::both();
main::ask(1, 'u1@ok.test', 'u2@ok.test');
main::until_says(2, 'u3@ok.test', qr/circuit_open/);
our @said = main::told();
push @main::Wrong, 'nothing was told' if !@said;
Time::HiRes::sleep(1.3);
main::is_so('the trial', main::ask(1, 'john@ok.test'), qr/^accepted/);
main::until_says(2, 'john@ok.test', qr/^accepted/);
for my $text (main::told(), map({ $_ ^ ("\0" x 41 . "\1") } @said),
              map({ substr $_, 0, 60 } @said), '', 'x' x 156, "\0" x 300_000,
              '00000000' . 'f' x 32 . 'x' x 116)
{
    TestVerify::Valkey::command('PUBLISH', 'test:told', $text);
    TestVerify::Valkey::command('XADD', 'test:told', '*', 't', $text);
}
Time::HiRes::sleep(0.5);
main::is_so('as before', main::ask(2, 'jim@ok.test'), 'mailbox_not_found');
main::is_so('as before', main::ask(1, 'jim@ok.test'), 'mailbox_not_found');
--- smtp_check eval
sub { main::right() }



=== TEST 12: what a machine tells leaves the claim of another one alone
--- limits: pause=1s
--- smtp
mx1 11 pipelining users=john
    ehlo@1: 554 5.7.1 Your IP address is blocked using bl.example.net
    ehlo@2: 554 5.7.1 Your IP address is blocked using bl.example.net
    ehlo@3: 554 5.7.1 Your IP address is blocked using bl.example.net
    ehlo@4: 554 5.7.1 Your IP address is blocked using bl.example.net
--- init
main::both(1);
main::ask(1, 'u1@ok.test', 'u2@ok.test');
Time::HiRes::sleep(0.3);
my ($claim) = map { 'test:t:' . substr $_, 0, 40 } main::told();
TestVerify::Edges::kill(1);
TestVerify::Valkey::command('FLUSHALL');
main::both(1);
TestVerify::Valkey::command('SET', $claim, 'feed' x 4);
main::is_so('blocked', main::ask(1, 'u1@ok.test', 'u2@ok.test'),
            'sender_blocked sender_blocked');
Time::HiRes::sleep(0.3);
push @main::Wrong, 'the claim is gone'
    if TestVerify::Valkey::command('EXISTS', $claim) != 1;
--- smtp_check eval
sub { main::right() }



=== TEST 13: a claim of nobody does not keep a breaker open for ever
--- limits: pause=1s
--- init
main::both(1);
main::ask(1, 'u1@ok.test', 'u2@ok.test');
Time::HiRes::sleep(0.3);
my ($claim) = map { 'test:t:' . substr $_, 0, 40 } main::told();
TestVerify::Valkey::command('SET', $claim, 'feed' x 4);
Time::HiRes::sleep(1);
main::is_so('while it may be true', main::ask(1, 'john@ok.test'),
            'circuit_open');
my $end = time + 40;
Time::HiRes::sleep(0.2)
    until main::ask(1, 'john@ok.test') =~ /^accepted/ || time > $end;
main::is_so('its own trial', main::ask(1, 'john@ok.test'), qr/^accepted/);
--- smtp_sessions: 4
--- smtp_check eval
sub { main::right() }



=== TEST 14: a fleet that shares the throttle needs one
--- must_die
--- no_zones
--- http_config
smtp_verify_fleet f {
    server 127.0.0.1; key $TEST_NGINX_FLEET_KEY; parts throttle;
}
--- error_log
lacks a throttle zone
