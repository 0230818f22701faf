# The simulator of t/scale runs nginx and the module as they are, but time, the
# name servers and the mail servers are its own.  Here the same list goes to
# nginx with real time and with the scripted servers of t/lib, and the numbers
# have to be the same within 5%.

use lib 't/lib';
use Test::More;

BEGIN {
    plan(skip_all => 'a sanitizer has to be loaded first')
        if $ENV{TEST_NGINX_SANITIZER} || $ENV{TEST_VERIFY_REPORTS};
}

use TestVerify 'no_plan';
use TestVerify::Jobs ();

use JSON::PP;

master_on();
no_long_string();

our ($Job, @List);

my $so = "$TestVerify::Env::Dir/world.$$.so";
my $suite = $$;
my $root = $TestVerify::Env::Root;

system("cc -std=gnu99 -O2 -fPIC -shared -o $so $root/t/scale/*.c -ldl") == 0
    or die "t/scale: not compiled\n";

END { unlink $so if $$ == $suite }

# No random recipient has a 0, so none of them is greylisted by chance.  A round
# trip takes about as long as that of the world, however busy the
# machine is

our $Slow = "banner: wait 200ms ; default\n"
    . "    ehlo: wait 100ms ; default\n"
    . "    rcpt g0*\@*: wait 100ms ; 451 4.7.1 Greylisted, please try again later\n"
    . "    rcpt *: wait 100ms ; default\n";

our $Valid = CORE::join ',', map { "v$_" } 0 .. 399;

preset(no_reuse => "");

# the directives that both have

our %Conf;

add_block_preprocessor(sub {
    my ($block) = @_;

    %Conf = (throttle => 'rate=20/s burst=5 conns=4 rejects=20-200/h pause=2s',
             keepalive => '8 rejects=5 timeout=2s', $block->list_conf
             ? eval $block->list_conf : ());

    $block->set_value(http_config => TestVerify::Blocks::patient(<<"END"));
smtp_verify_cache_zone zone=results:4m;
smtp_verify_cache results;
smtp_verify_throttle_zone zone=limits:4m;
smtp_verify_throttle zone=limits wait=60s $Conf{throttle};
smtp_verify_keepalive $Conf{keepalive};
smtp_verify_timeout 120s;
END

    $block->set_value(config => <<'END');
location /jobs {
    smtp_verify_jobs_store $TEST_NGINX_SERVROOT/jobs;
    smtp_verify_jobs;
}
location = /idle { return 204; }
END

    $block->set_value(request => 'GET /idle');
    $block->set_value(error_code => 204);
});


# n addresses; of a hundred, so many are missing or greylisted.  With one session
# at a time the numbers do not depend on how fast the machine is

sub list
{
    my ($n, $missing, $grey, $domains) = @_;

    srand(7);

    return @List = map {
        my $dice = rand 100;
        my $local = $dice < $missing ? 'm' : $dice < $missing + $grey ? 'g0' : 'v';
        my $domain = $domains ? 'd' . int($_ / 3) . '.ok.test' : 'ok.test';
        "$local$_\@$domain";
    } 0 .. $n - 1;
}


sub submit
{
    my $id = TestVerify::Jobs::submit('wait=0', list(@_));
    $Job = TestVerify::Jobs::ended($id, 90);
}


# the list of the block in the world, where its servers are like this

sub simulated
{
    my ($receiver, %more) = @_;

    my %question = (addresses => \@List, conf => \%Conf, seconds => 120,
        query => '&wait=0', lines => [
            "receiver mx1 rtt=120 $receiver", 'at 127.100.0.1 1 mx1',
            'zone ok.test mx1.ok.test', 'host mx1.ok.test 127.100.0.1' ],
        %more);

    my $file = "$TestVerify::Env::Dir/question.$$.json";

    open my $out, '>', $file or die "$file: $!";
    print $out JSON::PP->new->encode(\%question);
    close $out;

    my $module = $ENV{TEST_NGINX_LOAD_MODULES} || '-';
    my $text = `SCALE_SO=$so $root/t/scale/run $TestVerify::Env::Dir $ENV{TEST_NGINX_BINARY} $module check < $file`;

    unlink $file;

    return decode_json($text);
}


# counters of the scripted server

sub counted
{
    my ($sessions, $transcript) = @_;

    my %n = (sessions => scalar @$sessions);

    for (split /\n/, $transcript) {
        $n{rcpts} += () = /C: .*?RCPT TO:/;
        $n{refused}++ if /S: (550 5\.1\.1|421 4\.7\.1)/;
        $n{deferred}++ if /S: 451 4\.7\.1/;
    }

    return \%n;
}


# within 5%, or one

sub alike
{
    my ($real, $other, @names) = @_;

    my $ok = 1;

    for (@names) {
        my ($n, $m) = map { $_ // 0 } $real->{$_}, $other->{$_};
        my $most = $n > $m ? $n : $m;

        $ok &&= abs($n - $m) <= ($most * 0.05 > 1 ? $most * 0.05 : 1);
    }

    Test::More::diag(CORE::join ', ', map {
        "$_ " . ($real->{$_} // 0) . ' and ' . ($other->{$_} // 0)
    } @names);

    return $ok;
}


sub as_real
{
    my ($sessions, $transcript, $receiver, %more) = @_;

    my $world = simulated($receiver, %more);

    return @{$world->{errors}} == 0 && $world->{state} eq $Job->{state}
           && alike(counted($sessions, $transcript), $world->{servers}{mx1},
                    qw( sessions rcpts refused deferred ))
           && alike($Job->{reason}, $world->{reason}, sort keys
                    %{{ %{$Job->{reason}}, %{$world->{reason}} }});
}

run_tests();

__DATA__

=== TEST 1: two runs of a simulation are the same, and no hour exceeds the budget
--- list_conf
throttle => 'rate=50/s conns=3 rejects=20/h pause=2s'
--- smtp
mx1 11 pipelining
--- smtp_check eval
sub {
    main::list(1500, 30, 0, 0);

    my @world = map {
        main::simulated('', query => '', seconds => 2 * 3600)
    } 1 .. 2;
    my $server = $world[0]{servers}{mx1};

    Test::More::is_deeply($world[0], $world[1], 'the same');

    return $server->{hour} <= 20 && $server->{refused} > 30;
}



=== TEST 2: a real server and the simulated one count the same
--- list_conf
throttle => 'rate=50/s burst=5 conns=1 rejects=100/h pause=2s'
--- smtp eval
"mx1 11 pipelining users=$main::Valid\n    $main::Slow"
--- init
main::submit(80, 10, 5, 0);
--- linger: 9s
--- smtp_check eval
sub { main::as_real(@_, '') }



=== TEST 3: a session that has just become idle serves those who wait
--- list_conf
throttle => 'rate=50/s burst=5 conns=3 rejects=100/h pause=2s'
--- smtp
mx1 11 pipelining
--- smtp_check eval
sub {
    main::list(150, 10, 5, 0);

    my $server = main::simulated('')->{servers}{mx1};

    Test::More::diag("$server->{sessions} sessions");

    return $server->{sessions} >= 20 && $server->{sessions} <= 25;
}
