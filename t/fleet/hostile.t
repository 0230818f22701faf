# Stores that lie, each in its own way, between machines and a real Valkey or
# Redis: nothing crashes, every question has its answer in time, and no verdict
# is changed.

use lib 't/lib';
use TestVerify 'no_plan';
use TestVerify::Clients;
use TestVerify::Valkey qw( command start );
use TestVerify::Enemy;

use Time::HiRes qw( sleep time );

master_on();
no_long_string();
worker_connections(2048);

our (@Wrong, @Names, $Before);


# ways to lie about what is asked for

our @Values = (
    integer => ":1\r\n", busy => ":2\r\n", nil => "\$-1\r\n",
    'no array' => "*-1\r\n", empty => "*0\r\n", status => "+OK\r\n",
    string => "\$2\r\nhi\r\n", 'array of nil' => "*2\r\n\$-1\r\n*-1\r\n",
    'wrong state' => "*2\r\n\$1\r\n1\r\n:1\r\n",
    'state of long' => "*1\r\n:9223372036854775807\r\n",
    'state below' => "*2\r\n:-1\r\n:-9223372036854775808\r\n",
    'too many' => "*9\r\n" . ":1\r\n" x 9,
    nested => '*1' . "\r\n*1" x 6 . "\r\n:1\r\n",
    deep => "*1\r\n" x 5000 . ":1\r\n",
    wide => "*4000\r\n" . "*0\r\n" x 4000,
    map => "%1\r\n+a\r\n:1\r\n", set => "~1\r\n:1\r\n",
    push => ">2\r\n+a\r\n+b\r\n", number => "(34928903284092385094\r\n",
    verbatim => "=15\r\ntxt:Some string\r\n",
    attribute => "|1\r\n+a\r\n:1\r\n:1\r\n",
    streamed => "\$?\r\n;4\r\nabcd\r\n;0\r\n",
    'streamed array' => "*?\r\n:1\r\n.\r\n", null => "_\r\n", true => "#t\r\n",
    double => ",3.14\r\n", nan => ",nan\r\n", blob => "!5\r\nERR x\r\n",
    'long string' => "\$2147483647\r\nx", 'no length' => "\$\r\n",
    'longer string' => "\$9223372036854775807\r\nx",
    'negative string' => "\$-7\r\n", 'long array' => "*1000000\r\n:1\r\n",
    'longer array' => "*2147483648\r\n", 'negative array' => "*-5\r\n",
    'large number' => ":99999999999999999999999\r\n", 'no number' => ":\r\n",
    'a word' => ":x\r\n", 'one end' => "\r\n", zeros => "\0\0\r\n",
    'large string' => "\$262144\r\n" . 'x' x 262144 . "\r\n",
    'large status' => '+' . 'x' x 600_000,
    http => "HTTP/1.1 400 Bad Request\r\n\r\n", unended => "*1\r\n:1",
    error => "-ERR no\r\n", 'no words' => "-\r\n",
    'long error' => '-ERR ' . 'x' x 100_000 . "\r\n",
    moved => "-MOVED 1 127.0.0.1:1\r\n", ask => "-ASK 1 127.0.0.1:1\r\n",
    noscript => "-NOSCRIPT No\r\n", script => "-BUSY Redis is busy\r\n",
    loading => "-LOADING\r\n", oom => "-OOM command not allowed\r\n",
    noauth => "-NOAUTH\r\n", noperm => "-NOPERM no\r\n",
);


# a store for each of them, which lies about that, or about everything else

sub instead
{
    my ($what, @values) = @_;
    my @stores;

    while (my ($name, $value) = splice @values, 0, 2) {
        push @stores, [$name, sub { $_[0] eq $what ? $value : $_[1] }];
    }

    return @stores;
}


# one for each command, which tells all of the lies in turn

sub turns
{
    my ($whats, @values) = @_;

    my @lies = @values[grep { $_ % 2 } 0 .. $#values];

    return map {
        my $what = $_;
        my $n = 0;
        [$what, sub { $_[0] eq $what ? $lies[$n++ % @lies] : $_[1] }]
    } @$whats;
}


sub machines
{
    my ($parts, $options, @stores) = @_;

    @Names = map { $_->[0] } @stores;

    my ($http, $config) = ('', '');

    for my $i (1 .. @stores) {
        my $addr = TestVerify::Enemy::address($i);

        $http .= "smtp_verify_cache_zone zone=z$i:256k;\n"
               . "smtp_verify_throttle_zone zone=t$i:256k;\n"
               . "smtp_verify_fleet f$i { server $addr;\n"
               . "key \$TEST_NGINX_FLEET_KEY; prefix test$i; parts $parts;\n"
               . "zones z$i t$i; timeout 150ms; }\n";
        $config .= "location = /$i { smtp_verify; smtp_verify_cache z$i;\n"
                 . "smtp_verify_throttle zone=t$i rate=1000/s burst=1000\n"
                 . "rejects=9999/h pause=1s $options; }\n";
    }

    TestVerify::Enemy::serve(@stores);

    return ($http, $config . "location = /status { smtp_verify_status; }\n"
                   . "location = /health { smtp_verify_health; }\n");
}


add_block_preprocessor(sub {
    my ($block) = @_;

    my ($http, $config) = machines($block->parts // 'cache throttle',
                                   $block->options // '', $block->stores);

    $block->set_value(http_config => patient($http));
    $block->set_value(config => $config);
    $block->set_value(request => 'GET /status');

    start();
    command('FLUSHALL');
    @Wrong = ();
});


# Asks all machines for an address that is there, and for one that is not, until
# each store has lied, and once more.

sub play
{
    my ($most, $seconds) = @_;

    my $end = time + ($seconds // 6) * $TestVerify::Blocks::Slow;
    my $more = 2;

    $Before //= size();

    for (my $round = 1; time < $end && $more; $round++) {
        round($round, $most);
        $more-- if !missing();
        sleep 0.3;
    }

    push @Wrong, map { "$_: has not lied" } missing();
    bounded();
}


sub missing
{
    my $told = TestVerify::Enemy::told();
    return grep { !$told->{$_} } @Names;
}


sub round
{
    my ($round, $most) = @_;

    my %want = (good => 'accepted', bad => 'mailbox_not_found');

    for my $kind (qw( good bad good )) {
        my @answers = TestVerify::Clients::ask(
            "/%d?email=$kind$round-%d\@ok.test", clients => scalar @Names);

        push @Wrong, "$kind: " . (@Names - @answers) . ' answers are missing'
            if @answers != @Names;

        for my $answer (@answers) {
            my ($i) = ($answer->{json}{email} // '') =~ /-(\d+)\@/;
            my $name = defined $i ? $Names[$i - 1] : 'somebody';
            my $reason = $answer->{json}{reason} // $answer->{code};

            push @Wrong, "$name: $kind is $reason"
                if $reason ne $want{$kind};
            push @Wrong, "$name: $kind took $answer->{took}"
                if $answer->{took} > $most * $TestVerify::Blocks::Slow;
        }
    }
}


# what the workers have: octets of memory, open files

sub size
{
    my ($memory, $files) = (0, 0);

    for my $worker (TestVerify::Clients::workers()) {
        my @fd = glob "/proc/$worker/fd/*";
        $files += @fd;

        open my $in, '<', "/proc/$worker/status" or next;
        $memory += /^VmRSS:\s+(\d+)/ ? $1 * 1024 : 0 while <$in>;
    }

    return [$memory, $files];
}


sub bounded
{
    my ($memory, $files) = @{ size() };

    push @Wrong, "$files open files" if $files > 100 + 4 * @Names;
    push @Wrong, "$memory octets"
        if $memory > 400_000_000 && !$ENV{TEST_VERIFY_REPORTS};
}


sub well
{
    return 1 if !@Wrong;

    diag(join "\n", @Wrong[0 .. ($#Wrong < 30 ? $#Wrong : 30)]);

    return 0;
}


preset(smtp => "mx1 11 pipelining\n    rcpt good*: 250 2.1.5 Ok\n"
             . "    rcpt: 550 5.1.1 No such user\n");

run_tests();

__DATA__

=== TEST 1: whatever is said of entries and claims
--- stores eval
main::instead('ask', @main::Values)
--- init
main::play(1.5, 8);
--- smtp_check eval
sub { main::well() }
--- log_allow
is away, this machine goes on by itself
refuses a command



=== TEST 2: whatever is said to any other command
--- stores eval
main::turns([qw( ROLE EXISTS SET SCRIPT SUBSCRIBE PING TIME write log )],
            @main::Values)
--- init
main::play(1.5);
--- smtp_check eval
sub { main::well() }
--- log_allow
is away, this machine goes on by itself
refuses a command
