# Stores that lie, each in its own way, between machines and a real Valkey or
# Redis: nothing crashes, every question has its answer in time, and no verdict
# is changed.

use lib 't/lib';
use TestVerify 'no_plan';
use TestVerify::Clients;
use TestVerify::Valkey qw( command start );
use TestVerify::Enemy;
use TestVerify::Fleet;

use Time::HiRes qw( sleep time );

master_on();
no_long_string();
worker_connections(2048);

our (@Wrong, @Names, %Also, $Both);


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


# some for each command, which tell all of the lies in turn, from different
# ones on

sub turns
{
    my ($whats, $n, @values) = @_;

    my @lies = @values[grep { $_ % 2 } 0 .. $#values];

    return map {
        my ($what, $i) = ($whats->[$_ / $n], int($_ % $n * @lies / $n));

        ["$what $i", sub {
            $_[0] eq $what ? $lies[$i++ % @lies] : $_[1]
        }]
    } 0 .. $n * @$whats - 1;
}


sub message
{
    return "*3\r\n"
           . join '', map { '$' . length($_) . "\r\n$_\r\n" } 'message', @_;
}


# with each sign of life these come, too

sub with_notices
{
    my ($notices) = @_;

    my $text = join '', $notices->();

    return sub { $_[0] eq 'PING' ? ($_[1], $text) : $_[1] };
}


sub machines
{
    my ($parts, $throttle, $together, @stores) = @_;

    @Names = map { $_->[0] } @stores;

    my ($http, $config) = ('', '');

    for my $i (1 .. @stores) {
        my $addr = CORE::join ' ', map { TestVerify::Enemy::address($_) }
                                   $Both ? (1 .. @stores) : $i;
        my $prefix = 'test' . int(($i - 1) / $together);

        $http .= "smtp_verify_cache_zone zone=z$i:256k;\n"
               . "smtp_verify_throttle_zone zone=t$i:256k;\n"
               . "smtp_verify_fleet f$i { server $addr;\n"
               . "key \$TEST_NGINX_FLEET_KEY; prefix $prefix; parts $parts;\n"
               . "zones z$i t$i; timeout 150ms; }\n";
        $config .= "location = /$i { smtp_verify; smtp_verify_cache z$i;\n"
                 . "smtp_verify_throttle zone=t$i rejects=9999/h\n"
                 . "pause=1s $throttle; }\n";
    }

    TestVerify::Enemy::serve(@stores);

    return ($http, $config . "location = /status { smtp_verify_status; }\n"
                   . "location = /health { smtp_verify_health; }\n");
}


add_block_preprocessor(sub {
    my ($block) = @_;

    $Both = defined $block->both;

    my ($http, $config) = machines($block->parts // 'cache throttle',
                                   $block->throttle
                                   // 'rate=1000/s burst=1000',
                                   $block->together // 1, $block->stores);

    $block->set_value(http_config => patient(($block->times // '') . $http));
    $block->set_value(config => $config);
    $block->set_value(request => 'GET /status');

    start();
    command('FLUSHALL');
    @Wrong = ();
    %Also = ();
});


# Asks all machines for an address that is there, and for one that is not, until
# each store has lied, and once more.

sub play
{
    my ($most, $seconds, $more) = @_;

    my $end = time + ($seconds // 6) * $TestVerify::Blocks::Slow;

    $more //= 2;

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
    return grep { !$told->{$_} && $_ ne 'honest' } @Names;
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
                if $reason ne $want{$kind} && !$Also{$reason};
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


# what is written in a reply that has a value, as another value

sub instead_of_value
{
    my ($code) = @_;

    my ($last, $n) = ('', 0);

    return sub {
        my ($what, $reply) = @_;

        return $reply if $what ne 'ask'
                         || $reply !~ /\A(\*\d+\r\n:\d\r\n)\$(\d+)\r\n/;

        my ($head, $at) = ($1, $+[0]);
        my $value = substr $reply, $at, $2;
        my $rest = substr $reply, $at + $2 + 2;
        my $other = $code->($value, $last, $n++);

        $last = $value;

        return $head . '$' . length($other) . "\r\n$other\r\n$rest";
    };
}


# Each honest machine asks, then the other one of its pair, which finds in the
# store what it is told to.

sub pairs
{
    for my $kind (qw( good bad )) {
        for my $n (1 .. 6) {
            my @answers = map {
                my $i = $_;
                map { [$i, $_] }
                    TestVerify::Clients::ask("/$i?email=$kind$n\@ok.test")
            } 1 .. @Names;

            for (@answers) {
                my ($i, $answer) = @$_;
                my $reason = $answer->{json}{reason} // $answer->{code};

                push @Wrong, "$Names[$i - 1]: $kind is $reason"
                    if $reason !~ ($kind eq 'good' ? qr/^accepted/
                                                   : qr/^mailbox_not_found/);
            }
        }
    }

    push @Wrong, map { "$_: has not lied" } missing();
}


# the store gives whatever is asked for; words: EVALSHA, hash, number of keys,
# keys, machine, number, machines; ten words for each limit, of which the last
# one has several

sub all_that_is_wanted
{
    my ($what, $reply, $words) = @_;

    return $reply if $what ne 'limits';

    my @words = @{$words}[6 + $words->[2] .. $#$words];
    my @numbers = (1, 1, 0, 0, ($reply =~ /^:(\d+)\r$/gm)[4]);

    while (my @limit = splice @words, 0, 10) {
        my @refused = split ' ', $limit[9];
        push @numbers, $limit[2], $limit[6], 0, 0, 0, $refused[2], 0, 0;
    }

    return '*' . @numbers . "\r\n" . join '', map { ":$_\r\n" } @numbers;
}


# it changes numbers, counted from 1

sub with_numbers
{
    my (%other) = @_;

    return sub {
        my ($what, $reply) = @_;
        my $n = 0;

        return $reply if $what ne 'limits';

        $reply =~ s{^:(-?\d+)\r$}{
            $n++;
            ':' . ($other{ $n < 6 ? $n : 6 + ($n - 6) % 8 } // $1) . "\r"
        }gem;

        return $reply;
    };
}


preset(smtp => "mx1 11 pipelining\n    rcpt good*: 250 2.1.5 Ok\n"
             . "    rcpt: 550 5.1.1 No such user\n");

run_tests();

__DATA__

=== TEST 1: whatever is said of entries and claims
--- stores eval
main::instead('ask', @main::Values)
--- init
main::play(4, 8);
--- smtp_check eval
sub { main::well() }
--- log_allow
is away, this machine goes on by itself
refuses a command



=== TEST 2: whatever is said to any other command
--- stores eval
main::turns([qw( ROLE EXISTS SET SCRIPT SUBSCRIBE PING TIME write log )], 6,
            @main::Values)
--- init
main::play(4, 8, 5);
--- smtp_check eval
sub { main::well() }
--- log_allow
is away, this machine goes on by itself
refuses a command



=== TEST 3: replies in pieces, cut off, too many, too few, in another order
--- stores eval
(
    ['octet by octet', sub { split //, $_[1] }],
    (map {
        my $n = $_;
        ["cut after $n", sub {
            $_[0] eq 'ask' ? (substr($_[1], 0, $n), undef) : $_[1]
        }]
    } 0 .. 12),
    (map {
        my $what = $_;
        (
            ["$what: cut off", sub {
                my ($is, $reply) = @_;
                return $reply if $is ne $what;
                return (substr($reply, 0, length($reply) - 1), undef);
            }],
            ["$what: twice", sub {
                $_[0] eq $what ? ($_[1], $_[1]) : $_[1]
            }],
            ["$what: none", sub { $_[0] eq $what ? () : $_[1] }],
            ["$what: one in vain", sub {
                $_[0] eq $what ? ($_[1], ":1\r\n") : $_[1]
            }],
        )
    } qw( ROLE SET SCRIPT SUBSCRIBE PING ask write log )),
    ['another order', sub {
        my ($what, $reply, $words, $own) = @_;
        return $reply if $what eq 'SCRIPT' || $what eq 'ROLE';
        my $held = delete $own->{held};
        return ($reply, $held) if defined $held;
        $own->{held} = $reply;
        return ();
    }],
    ['a notice between', sub {
        my ($what, $reply) = @_;
        return $what eq 'ask' ? (main::message('test0:erased', 'x'), $reply)
                              : $reply;
    }],
)
--- init
main::play(3, 10);
--- smtp_check eval
sub { main::well() }
--- log_allow
is away, this machine goes on by itself
refuses a command



=== TEST 4: notices that lie, and no end of them
--- stores eval
(
    ['ends of claims', main::with_notices(sub {
        map { main::message('test0:tell:x', "1:$_:00000000") }
            '0' x 32, 'x' x 32, '', 'f' x 5000
    })],
    ['erasures', main::with_notices(sub {
        map { main::message('test1:erased', $_) }
            '1:' . '0' x 32, '9:' . 'f' x 32, '1:' . 'x' x 32, '', "\0" x 34
    })],
    ['blocks', main::with_notices(sub {
        map { main::message('test2:told', $_) }
            '0' x 156, 'f' x 40 . 'x' x 116, '', "\0" x 156, 'x' x 100_000
    })],
    ['no notices', main::with_notices(sub {
        "*3\r\n\$7\r\nmessage\r\n\$-1\r\n:1\r\n", "*1\r\n\$7\r\nmessage\r\n",
        "*3\r\n+message\r\n+x\r\n+y\r\n", ":1\r\n", "-ERR no\r\n", "*0\r\n",
        "*3\r\n\$7\r\nmessage\r\n*1\r\n:1\r\n\$-1\r\n"
    })],
    ['many', main::with_notices(sub {
        (main::message('test4:erased', '1:' . '0' x 32)
         . main::message('test4:told', '0' x 156)
         . main::message('test4:tell:x', 'x' x 40)) x 10_000
    })],
)
--- init
main::play(4, 10, 8);
--- smtp_check eval
sub { main::well() }
--- log_allow
is away, this machine goes on by itself



=== TEST 5: another machine always works for it, or never
--- times
smtp_verify_timeout 2s;
--- stores eval
map {
    my $state = $_;
    ["state $state", sub {
        $_[0] eq 'ask' ? "*1\r\n:$state\r\n" : $_[1]
    }]
} 1, 2
--- init
main::play(1.7, 10);
TestVerify::Clients::ask('/2?email=good%d@ok.test', clients => 20);
my @took = sort { $a <=> $b } map { $_->{took} }
    TestVerify::Clients::ask('/2?email=bad%d@ok.test', clients => 8);
push @main::Wrong, "too many wait: @took"
    if @took != 8 || $took[6] > 0.7 * $TestVerify::Blocks::Slow;
--- smtp_check eval
sub { main::well() }



=== TEST 6: values of others, changed, and of another time
--- together: 2
--- stores eval
map { (['honest', sub { $_[1] }], $_) } (
    ['of another one', main::instead_of_value(sub { $_[1] || 'x' })],
    ['one bit', main::instead_of_value(sub {
        my ($value, undef, $n) = @_;
        vec($value, $n * 131 % (8 * length $value), 1) ^= 1;
        return $value;
    })],
    ['cut', main::instead_of_value(sub { substr $_[0], 0, $_[2] * 17 })],
    ['longer', main::instead_of_value(sub { $_[0] . 'x' x (1 << $_[2]) })],
    ['of later', main::instead_of_value(sub {
        $_[0] =~ s/^(\d) \d+/$1 9999999999/r
    })],
    ['of the future', main::instead_of_value(sub {
        $_[0] =~ s/^(\d \d+) \d+/$1 9999999999/r
    })],
    ['too large', main::instead_of_value(sub { 'x' x 100_000 })],
)
--- init
main::pairs();
--- smtp_check eval
sub { main::well() }



=== TEST 7: a store that grants all that is asked for
--- parts: throttle
--- throttle: shared=out conns=2 rate=10/s burst=2 wait=5s
--- stores eval
(['all', \&main::all_that_is_wanted])
--- init
TestVerify::Clients::until_true(sub { !main::missing() });
TestVerify::Clients::ask('/1?email=bad%d@ok.test', clients => 20);
--- smtp
mx1 11 pipelining
    rcpt: wait 100ms ; 550 5.1.1 No such user
--- smtp_check eval
sub {
    my $most = TestVerify::Fleet::most($_[0]);
    my $over = TestVerify::Fleet::over(10, 2, $_[0]);
    push @main::Wrong, "$most sessions" if $most > 2;
    push @main::Wrong, "$over recipients too many" if $over > 0.5;
    push @main::Wrong, 'nobody was asked' if !@{ $_[0] };
    return main::well();
}



=== TEST 8: limits that make no sense
--- parts: throttle
--- throttle: shared=out conns=4 rate=100/s burst=10 wait=1s
--- stores eval
(
    (map {
        my $n = $_;
        map { ["number $n is $_", main::with_numbers($n => $_)] }
            -1, '-9223372036854775808', '9223372036854775807', 4294967296
    } 1 .. 13),
    ['another one has the name', sub {
        $_[0] eq 'limits' ? ":0\r\n" : $_[1]
    }],
    main::instead('limits', @main::Values[0 .. 19]),
)
--- init
%main::Also = (throttled => 1);
main::play(3, 10, 3);
--- smtp_check eval
sub { main::well() }
--- log_allow
the store does not share out limits
is away, this machine goes on by itself
another machine has the same name
refuses a command



=== TEST 9: several servers that break again and again are tried with a pause
--- both
--- stores eval
map { ["store $_", sub { $_[0] eq 'log' ? undef : $_[1] }] } 1, 2
--- init
Time::HiRes::sleep(3);
my $told = TestVerify::Enemy::told();
my $n = ($told->{'store 1'} // 0) + ($told->{'store 2'} // 0);
push @main::Wrong, "$n connections" if $n < 4 || $n > 60;
--- smtp_check eval
sub { main::well() }
--- log_allow
is away, this machine goes on by itself
