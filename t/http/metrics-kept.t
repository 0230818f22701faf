# Counters of 8 workers never go back: not while workers are killed, not over
# reloads.  Nothing that was counted is lost.

use lib 't/lib';
use TestVerify 'no_plan';
use TestVerify::Clients;
use Time::HiRes qw( sleep time );

my ($asked, @wrong);

master_on();
workers(8);

add_block_preprocessor(sub {
    my ($block) = @_;

    $block->set_value(http_config => <<'_EOC_' . ($block->http_config // ''));
smtp_verify_cache_zone     zone=results:1m;
smtp_verify_cache          results;
smtp_verify_throttle_zone  zone=limits:1m;
smtp_verify_throttle       zone=limits rate=10000/s conns=100 ip_conns=100 rejects=100000/h;
_EOC_

    $block->set_value(config => <<'_EOC_');
location = /verify  { smtp_verify; }
location = /metrics { smtp_verify_metrics; }
location = /status  { smtp_verify_status; }
location = /said    { return 200 "said"; }
_EOC_

    $block->set_value(smtp => "mx1 11 pipelining users=jane\n");
    $block->set_value(request => 'GET /said');
    $block->set_value(response_body_like => 'said');
    $block->set_value(log_allow => 'exited on signal 9');
});

add_test_cleanup_handler(sub { is("@wrong", '', 'no counter has gone back') });

no_root_location();
run_tests();


# all that never may go back: counters and histograms

sub counters
{
    my ($answer) = TestVerify::Clients::ask('/metrics');

    # a worker that is killed cannot answer

    return if !$answer || $answer->{code} != 200;

    my %n = $answer->{body} =~ /^(\w+_(?:total|bucket|sum|count)(?:\{[^}]*\})?) (\S+)$/mg;

    return \%n;
}


sub status
{
    my ($answer) = TestVerify::Clients::ask('/status');

    return if !$answer || !$answer->{json};

    my %n;

    flat(\%n, '', $answer->{json});
    delete $n{$_} for grep { m{^/(?:now|caches/results/(?:used|claims|entries|size)|destinations|egresses|clients)}
                             || m{/(?:sessions|waiting|entries|open|suspended|risen|fallen|hit_rate)$} } keys %n;

    return \%n;
}


sub flat
{
    my ($n, $name, $value) = @_;

    if (ref $value eq 'HASH') {
        flat($n, "$name/$_", $value->{$_}) for keys %$value;
    } elsif (!ref $value && ($value // "") =~ /^\d+(?:\.\d+)?$/) {
        $n->{$name} = $value;
    }
}


sub compare
{
    my ($last, $now) = @_;

    return $last if !$now;

    if ($last) {
        for my $name (sort keys %$last) {
            push @wrong, "$name: $last->{$name} "
                         . ($now->{$name} // 'gone')
                if !defined $now->{$name} || $now->{$name} < $last->{$name};
        }
    }

    return $now;
}


# asks and looks for so many seconds, while something happens every now and then

sub watch
{
    my ($seconds, $every, $what) = @_;
    my ($metrics, $status, $looks) = (undef, undef, 0);

    @wrong = ();
    $asked = 0;

    my $end = time() + $seconds * $TestVerify::Blocks::Slow;
    my $next = time() + $every;

    while (time() < $end) {
        my @answers = TestVerify::Clients::ask('/verify?email=jane%d@ok.test',
                                               clients => 8);
        $asked += grep { $_->{code} == 200 } @answers;

        $metrics = compare($metrics, counters());
        $status = compare($status, status());
        $looks++;

        if (time() >= $next) {
            $what->();
            $next = time() + $every;
        }
    }

    push @wrong, "only $looks looks" if $looks < 5;
    push @wrong, 'nothing was asked' if $asked < 40;

    # who was answered was counted

    TestVerify::Clients::wait_for(sub { $metrics = counters() });

    my $n = $metrics->{nginx_smtp_verify_requests_total};

    push @wrong, "asked $asked, counted $n" if $n < $asked;
}


sub kill_one
{
    my @workers = TestVerify::Clients::workers();

    kill 'KILL', $workers[rand @workers] if @workers == 8;
}

__DATA__

=== TEST 1: workers are killed
--- init: main::watch(5, 0.4, \&main::kill_one);



=== TEST 2: reloads
--- init: main::watch(6, 0.8, sub { TestVerify::Clients::reload() });



=== TEST 3: both
--- init: main::watch(6, 0.7, sub { main::kill_one(); TestVerify::Clients::reload() });
