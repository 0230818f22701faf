# A worker that leaves ends what it has begun: a list that it reads, results that
# it sends.

use lib 't/lib';
use TestVerify 'no_plan';
use TestVerify::Clients;
use TestVerify::Jobs;

use Time::HiRes;

workers(1);
master_on();
no_long_string();
preset(smtp => "mx1 11 pipelining users=jane\n");

TestVerify::Jobs::steps();

# The answer to a request of two parts.  The second one is there when the worker
# learns that it is to leave.

sub parted
{
    my ($first, $second) = @_;

    my $worker;
    TestVerify::Clients::wait_for(sub { ($worker) = TestVerify::Clients::workers() });
    my $sock = TestVerify::Jobs::client();

    syswrite $sock, $first;
    Time::HiRes::sleep(0.5);
    kill 'STOP', $worker;
    syswrite $sock, $second;
    kill 'QUIT', $worker;
    kill 'CONT', $worker;

    my ($code, $body) = TestVerify::Jobs::answer($sock);

    TestVerify::Clients::wait_for(sub {
        my ($next) = TestVerify::Clients::workers();
        return $next && $next != $worker;
    });

    return ($code // 'none', $body);
}

run_tests();

__DATA__

=== TEST 1: it has read the whole list, and has not looked at all of it
--- steps eval
sub {
    my @list = map { "u$_\@ok.test\n" } 1 .. 1200;
    my $length = length CORE::join '', @list;
    my $first = shift @list;

    my ($code, $job) = main::parted("POST /jobs?smtp=0 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
        . "Content-Type: text/plain\r\nContent-Length: $length\r\n\r\n$first", CORE::join '', @list);

    main::is("$code $job->{records}", '202 1200', 'it is taken in');
    main::is(main::ended($job->{id})->{answered}, 1200, 'and worked off');
}



=== TEST 2: it sends results
--- steps eval
sub {
    my $id = main::submit('smtp=0', map { "u$_\@ok.test" } 1 .. 3000);
    main::ended($id);

    my ($code, $text) = main::parted("GET /jobs/$id/results HTTP/1.1\r\nHost: localhost\r\n",
                                     "Connection: close\r\n\r\n");
    my @lines = split /\n/, $text;

    main::is($code . ' ' . scalar @lines, '200 3001', 'all of them');
    main::like($lines[-1], qr/"complete":true/, 'to the end');
}
