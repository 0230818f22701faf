# Blocks of jobs, lent by stores that lie: each address has one result, and it is
# the one that its mail server gave.

use lib 't/lib';
use TestVerify 'no_plan';
use TestVerify::Clients;
use TestVerify::Edges;
use TestVerify::Enemy;
use TestVerify::Jobs;
use TestVerify::Lending ();
use TestVerify::Valkey qw( command start );

use Time::HiRes qw( sleep time );

master_on();
no_long_string();

our $Job;

# lies which leave the connection as it is, so that blocks go on being lent

my @Lies = (
    ":1\r\n", ":-1\r\n", "\$-1\r\n", "*-1\r\n", "*0\r\n", "+OK\r\n",
    "\$1\r\n1\r\n", "*2\r\n:128\r\n*0\r\n", "*2\r\n:-1\r\n*1\r\n\$3\r\n1-1\r\n",
    "*2\r\n:9223372036854775807\r\n*1\r\n*1\r\n:1\r\n", "-ERR no\r\n",
    "*3\r\n*0\r\n\$3\r\n1-1\r\n\$5\r\nblock\r\n", "*3\r\n*0\r\n:1\r\n:2\r\n",
    "*3\r\n*1\r\n\$3\r\n1-1\r\n\$-1\r\n\$0\r\n\r\n",
    "*2\r\n*2\r\n\$3\r\n1-1\r\n*2\r\n\$0\r\n\r\n\$6\r\nanswer\r\n"
    . "*2\r\n\$3\r\n1-2\r\n*2\r\n\$0\r\n\r\n\$-1\r\n", "\$100\r\n" . '9' x 100 . "\r\n",
);

# Every second reply is a lie, but for a block that is given: it would be away
# for two minutes, until its owner takes it back.

sub liar
{
    my $n = 0;

    return sub {
        my ($what, $reply, $words) = @_;

        return $reply if $what ne 'lend' || $n++ % 2
                         || $words->[3 + $words->[2]] eq 'take'
                            && length $reply > 500;
        return $Lies[$n / 2 % @Lies];
    };
}

# each reply is one that another command of that length of words has had

sub mixer
{
    my (%last, $n);

    return sub {
        my ($what, $reply, $words) = @_;

        return $reply if $what ne 'lend';

        my $other = $last{ $words->[3 + $words->[2]] };
        $last{ $words->[3 + $words->[2]] } = $reply;

        return defined $other && $n++ % 3 == 0 ? $other : $reply;
    };
}

# one octet of each block and each answer is another one

sub scratcher
{
    my $n = 0;

    return sub {
        my ($what, $reply) = @_;

        return $reply if $what ne 'lend' || length $reply < 500 || $n++ % 2;

        substr($reply, $n * 97 % (length($reply) - 200) + 150, 1) ^= "\1";
        return $reply;
    };
}


sub conf
{
    my ($addr) = @_;

    return "smtp_verify_fleet edges { server $addr;\n"
           . "key \$TEST_NGINX_FLEET_KEY; prefix test; timeout 200ms;\n"
           . "parts jobs; }\n";
}

add_block_preprocessor(sub {
    my ($block) = @_;

    my $store = TestVerify::Enemy::address(1);
    my ($owner, $other) = defined $block->owner
                          ? ($store, '$TEST_NGINX_VALKEY')
                          : ('$TEST_NGINX_VALKEY', $store);

    $block->set_value(http_config => patient(conf($owner)));
    $block->set_value(config => "location /jobs {
        smtp_verify_jobs_store \$TEST_NGINX_SERVROOT/jobs;
        smtp_verify_jobs; $TestVerify::Lending::Jobs }
        location = /counters { smtp_verify_counters; }
        location = /idle { return 204; }");
    $block->set_value(dns => "+default\n"
        . CORE::join '', map { "d$_.test MX 10 mx1.ok.test\n" } 1 .. 40);
    $block->set_value(request => 'GET /idle');
    $block->set_value(error_code => 204);

    TestVerify::Edges::stop();
    start();
    command('FLUSHALL');

    # how the store lies, and how often at the least

    my ($how, $lies) = split ' ', $block->lies;

    TestVerify::Enemy::serve(['store', main->can($how)->()]);
    $block->set_value(init => 'main::work(800);');
    $block->set_value(smtp_check => sub { right(800, $lies) });
    TestVerify::Edges::conf(conf($other), "location /jobs {
        smtp_verify_jobs_store EDGE/jobs;
        smtp_verify_jobs; $TestVerify::Lending::Jobs }");
    TestVerify::Edges::start(1);
});


# half of the addresses are there

sub users
{
    my ($n) = @_;
    return map { ($_ % 2 ? 'u' : 'good') . $_ . '@d' . (1 + $_ % 40) . '.test' }
           1 .. $n;
}


sub work
{
    my ($n) = @_;

    sleep 1;
    $Job = ended(submit('', users($n)));
}


sub wrong
{
    my ($n) = @_;
    my (%seen, $page, @wrong);

    do {
        my $cursor = $page ? "&cursor=$page->{next}" : '';
        my @lines = lines("/jobs/$Job->{id}/results?limit=1000$cursor");
        $page = pop @lines;

        for (@lines) {
            my $want = $_->{email} =~ /^good/ ? 'accepted' : 'mailbox_not_found';
            push @wrong, "$_->{email} is $_->{reason}"
                if $_->{reason} !~ /^$want/ || $seen{$_->{index}}++;
        }
    } until !ref $page || $page->{complete} || !$page->{count};

    return CORE::join "\n", "$Job->{state}, answered $Job->{answered}, lines "
                            . scalar(keys %seen), @wrong;
}


# each record has its result, although the store has lied more often than that

sub right
{
    my ($n, $lies) = @_;

    is(wrong($n), "completed, answered $n, lines $n", 'results');
    cmp_ok(TestVerify::Enemy::told()->{store}, '>=', $lies, 'lies');
}


preset(smtp => "mx1 11 pipelining\n    rcpt good*: wait 20ms ; 250 2.1.5 Ok\n"
             . "    rcpt u*: wait 20ms ; 550 5.1.1 No such user\n");

run_tests();

__DATA__

=== TEST 1: the owner is told lies
--- owner
--- lies: liar 6



=== TEST 2: the others are told lies
--- lies: liar 6



=== TEST 3: replies of before
--- owner
--- lies: mixer 1



=== TEST 4: blocks and answers that were changed
--- owner
--- lies: scratcher 1



=== TEST 5: blocks that come to the others changed
--- lies: scratcher 1
