# A balancer as it stands in conf/examples/edge.conf, in front of machines that
# are killed, come back, leave and join: each destination stays at one of them.

use lib 't/lib';
use TestVerify 'no_plan';
use TestVerify::Clients;
use TestVerify::Commands;
use TestVerify::Edges;

use IO::Socket::INET;
use Time::HiRes qw( sleep time );

master_on();

# the balancer's part of the example: its upstream and its location

our ($Upstream, $Location)
    = TestVerify::Commands::configuration('edge')
      =~ m{^    (upstream edges \{.*?^    \}\n).*?^        (location = /verify \{.*?^        \}\n)}ms;

sub upstream
{
    my (@edges) = @_;

    my $text = $Upstream;
    my ($line) = $text =~ /^(\s*server\s[^\n]*\n)/m;

    $text =~ s/^\s*server\s[^\n]*\n//mg;
    $line =~ s/fail_timeout=\w+/fail_timeout=1s/;

    my $servers = join '', map {
        $line =~ s/127\.0\.0\.1:\d+/\$TEST_NGINX_EDGE$_/r =~ s/\#.*//r
    } @edges;

    $text =~ s/^(\s*keepalive)/$servers$1/m or die "edge.conf: no keepalive\n";

    return $text;
}

TestVerify::Edges::conf('', '
    location = /verify { smtp_verify; }
    location ~ ^/(livez|readyz|health)$ { smtp_verify_health; }');

add_block_preprocessor(sub {
    my ($block) = @_;

    $block->set_value(http_config =>
        patient("include \$TEST_NGINX_SERVROOT/html/edges.conf;\n"));
    $block->set_value(user_files => ">>> edges.conf\n"
        . TestVerify::Env::expand(upstream(1, 2, 3)));
    $block->set_value(config => $Location);
    $block->set_value(dns => "+default\n"
        . join '', map { "$_ MX 10 mx1.ok.test\n" } 'two.test', domains());
    $block->set_value(request => 'GET /verify?email=john@ok.test');

    TestVerify::Edges::stop();
    TestVerify::Edges::start(1, 2, 3);
});


sub domains { ('gmail.com', 'googlemail.com', map { "d$_.test" } 1 .. 60) }

# the machines that answer for two addresses of each domain

our (%Before, %dead, %back, %left, %joined, @Wrong);

sub asked
{
    my (@domains) = @_;
    my %edge;

    for my $domain (@domains ? @domains : domains()) {
        for my $local ('john', 'jane') {
            my ($status, $edges) = one("$local\@$domain");

            push @Wrong, "$local\@$domain: $status" if $status != 200;

            # those that did not answer stand before the one that did

            my ($last) = $edges =~ /([\d.]+:\d+)$/;

            push @Wrong, "$domain: two machines"
                if ($edge{$domain} // $last) ne $last;

            $edge{$domain} = $last;
        }
    }

    return %edge;
}


sub one
{
    my ($address) = @_;

    my $got = '';
    my $sock = IO::Socket::INET->new(PeerAddr => '127.0.0.1',
        PeerPort => $TestVerify::Env::HttpPort) or return (0, '');

    syswrite $sock, "GET /verify?email=$address&smtp=0 HTTP/1.0\r\n\r\n";

    1 while sysread $sock, $got, 65536, length $got;

    return ($got =~ m{^HTTP/1.1 (\d+)})[0] // 0,
           ($got =~ /^X-Edge: (.*?)\r$/m)[0] // '';
}


sub share { my (%edge) = @_; my %n; $n{$_}++ for values %edge; return \%n }

sub moved
{
    my (%now) = @_;

    return grep { $now{$_} ne $Before{$_} } keys %now;
}


sub edge { TestVerify::Edges::address($_[0]) }


sub edges
{
    my (@edges) = @_;

    my $file = "$ENV{TEST_NGINX_SERVROOT}/html/edges.conf";

    open my $out, '>', $file or die "$file: $!\n";
    print $out TestVerify::Env::expand(upstream(@edges));
    close $out;

    TestVerify::Clients::reload();
}


sub right
{
    my ($problem) = @_;

    push @Wrong, $problem if $problem;
    Test::More::diag(join "\n", @Wrong) if @Wrong;

    return !@Wrong;
}


preset(smtp => "mx1 11 pipelining users=john,jane\n");

timeout(60);
run_tests();

__DATA__

=== TEST 1: a destination is at one machine, a provider's domains together
--- init
@main::Wrong = ();
%main::Before = main::asked();
--- json
reason: accepted
--- smtp_check eval
sub {
    my $n = main::share(%main::Before);

    return main::right(
        keys %$n != 3 ? 'a machine has nothing'
        : $main::Before{'gmail.com'} ne $main::Before{'googlemail.com'}
          ? 'Gmail is at two machines' : '');
}



=== TEST 2: a machine dies: its destinations move, the others stay
--- init
@main::Wrong = ();
%main::Before = main::asked();
TestVerify::Edges::kill(2);
%main::dead = main::asked();
TestVerify::Edges::start(2);
Time::HiRes::sleep(2.2 * $TestVerify::Blocks::Slow);
main::asked();
%main::back = main::asked();
--- json
reason: accepted
--- smtp_check eval
sub {
    my $two = main::edge(2);

    return main::right(
        (grep { $main::Before{$_} ne $two } main::moved(%main::dead))
          ? 'a destination of another machine has moved'
        : (grep { $_ eq $two } values %main::dead)
          ? 'a dead machine has answered'
        : keys %{ main::share(map { $_ => $main::dead{$_} }
                              grep { $main::Before{$_} eq $two }
                              keys %main::dead) } != 2
          ? 'all destinations have moved to the same machine: '
            . CORE::join(' ', map { "$_:$main::Before{$_}>$main::dead{$_}" }
                         sort keys %main::dead)
        : main::moved(%main::back)
          ? 'not all came back: ' . CORE::join(' ', map {
                "$_:$main::Before{$_}>$main::back{$_}" }
                main::moved(%main::back))
          : '');
}
--- log_allow
upstream|connect\(\) failed|no live



=== TEST 3: one leaves, another one joins: only what has to move does
--- init
@main::Wrong = ();
%main::Before = main::asked();
main::edges(1, 3);
%main::left = main::asked();
TestVerify::Edges::start(4);
main::edges(1, 3, 4);
%main::joined = main::asked();
--- json
reason: accepted
--- smtp_check eval
sub {
    my ($two, $four) = (main::edge(2), main::edge(4));
    my @new = grep { $main::joined{$_} ne $main::left{$_} }
              keys %main::joined;

    return main::right(
        (grep { $main::Before{$_} ne $two } main::moved(%main::left))
          ? 'a destination of a machine that stayed has moved'
        : (grep { $main::joined{$_} ne $four } @new)
          ? 'a destination has moved between machines that stayed'
        : @new < 5 ? 'the new machine has too little' : '');
}
