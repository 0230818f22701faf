# After the purge of a job, the memory of the workers has none of its addresses:
# not in what was freed, nor in buffers that are kept, nor below the stack.

use lib 't/lib';
use TestVerify 'no_plan';
use TestVerify::Cert;
use TestVerify::Clients;
use TestVerify::Jobs;
use TestVerify::Memory;
use TestVerify::Receiver;

use IO::Socket::SSL;
use JSON::PP;
use MIME::Base64;
use Time::HiRes;

workers(2);
master_on();
no_long_string();

# each address has all three words, so that a part of one is found, too

our @Words = qw( zebrawort quaggakraut okapimoos );

our $Smtp = <<'END';
mx1 11 pipelining
    rcpt *good@*: 250 2.1.5 <$rcpt> is welcome
    rcpt *none@*: 550 5.1.1 <$rcpt>: Recipient address rejected: User unknown
    rcpt *grey@*: 451 4.7.1 <$rcpt>: Greylisted, try again in 2 seconds
    rcpt *full@*: 452 4.2.2 <$rcpt> Mailbox full
    rcpt *cut@*: close
    rcpt *: 550 5.1.1 No such user
mx2 12 pipelining accept
mx3 13 pipelining starttls
    rcpt *none@*: 550 5.1.1 <$rcpt>: Recipient address rejected: User unknown
    rcpt *: 550 5.1.1 No such user
mx4 14 refuse
END

our $Dns = <<'END';
ok.test MX 10 mx1.ok.test
mx1.ok.test A 11
all.test MX 10 mx2.all.test
mx2.all.test A 12
tls.test MX 10 mx3.tls.test
mx3.tls.test A 13
gone.test MX 10 mx4.gone.test
mx4.gone.test A 14
broken.test MX ! servfail
END

our $current;

add_block_preprocessor(sub {
    my ($block) = @_;

    my $secret = 'whsec_' . encode_base64('a' x 32, '');
    $block->set_value(user_files => ">>> secrets\n$secret\n");

    $block->set_value(http_config =>
        "smtp_verify_jobs_store \$TEST_NGINX_SERVROOT/jobs;\n"
        . TestVerify::Blocks::patient($block->http_config // ''));

    $block->set_value(config => ($block->listen // '') . "location /jobs {\n"
        . "smtp_verify_jobs;\nclient_max_body_size 10m;\n"
        . 'smtp_verify_jobs_webhook /webhook '
        . 'secret=$TEST_NGINX_SERVER_ROOT/html/secrets '
        . "allow=\$TEST_NGINX_NET.30/32 progress=1s;\n"
        . ($block->verify // '') . "\n}\n"
        . "location = /webhook {\ninternal;\n"
        . "proxy_pass \$smtp_verify_webhook_url;\n}\n"
        . "location = /idle { return 204; }\n");

    $block->set_value(smtp => $Smtp);
    $block->set_value(dns => $Dns);
    $block->set_value(request => 'GET /idle');
    $block->set_value(error_code => 204);
    $block->set_value(log_allow => 'mode 0600|webhook|upstream');
    $block->set_value(init => 'main::steps();');
    $current = $block;
});

no_root_location();
run_tests();


sub steps
{
    TestVerify::Clients::wait_for(sub { TestVerify::Clients::workers() == 2 });

    SKIP: {
        skip('memory of processes cannot be read here', 1)
            if !may_look((TestVerify::Clients::workers())[0]);

        receiver('30:8777');
        $current->steps->();
        stop_receiver();
    }
}

sub name { "zebrawort$_[0].quaggakraut$_[0]-okapimoos$_[0]" }

sub users
{
    my ($domain, $kind, $from, $to) = @_;

    return map { main::name($_) . "$kind\@$domain" } $from .. $to;
}

# all that the jobs of this suite are made of

sub people
{
    my ($n) = @_;
    my $at = 0;
    my @list;

    for my $part ([ 'ok.test', 'good', 3 ], [ 'ok.test', 'none', 3 ],
                  [ 'ok.test', 'grey', 1 ], [ 'ok.test', 'full', 1 ],
                  [ 'ok.test', 'cut', 0.2 ], [ 'tls.test', 'none', 2 ],
                  [ 'all.test', 'any', 2 ], [ 'broken.test', 'any', 1 ],
                  [ 'nowhere.test', 'any', 1 ], [ 'gone.test', 'any', 0.5 ])
    {
        my ($domain, $kind, $share) = @$part;
        my $to = $at + int($n * $share);
        push @list, main::users($domain, $kind, $at + 1, $to);
        $at = $to;
    }

    return @list, (map { main::name($_) } 1 .. $n),
        (map { main::name($_) . '@@ok..test' } 1 .. $n), @list[0 .. $n - 1];
}

# A sanitizer keeps what was freed, and has far too many pages: there only the
# wiping itself is under test.

sub sanitizer { $ENV{TEST_NGINX_SANITIZER} }

sub clean
{
    my ($what) = @_;

    return if sanitizer();

    my @found;

    # what is on its way is waited for, and sessions that are kept

    my $start = time();

    for (1 .. 30) {
        @found = map { my $pid = $_; map { "$pid $_" } found($pid, @Words) }
            TestVerify::Clients::workers();
        last if !@found;
        sleep 1;
    }

    diag("$what: " . (time() - $start) . " s after the purge") if !@found;
    is(scalar @found, 0, "$what: no address in memory");
    diag($_) for @found > 20 ? @found[0 .. 19] : @found;

    my $root = TestVerify::Nginx::root();
    is(`grep -rliE 'zebrawort|quaggakraut|okapimoos' $root/*_temp $root/jobs $root/logs/access.log 2> /dev/null`,
       '', "$what: nor in temporary files, the store and the access log");
}

sub seen
{
    return if sanitizer();

    my @found = map { found($_, @Words) } TestVerify::Clients::workers();
    ok(@found > 0, 'addresses are found while the job is there: ' . @found);
}

sub read_all
{
    my ($id) = @_;

    lines("/jobs/$id/results?$_")
        for 'order=done', 'order=input', 'format=csv', 'format=json&order=input',
            'status=undeliverable', 'reason=error', 'limit=20';
}

__DATA__


=== TEST 1: a job of all outcomes
--- steps eval
sub {
    my @people = main::people(60);
    my $id = main::submit('wait=3s&webhook=' . "http%3A%2F%2F$TestVerify::Env::Net.30%3A8777%2Fhook",
                          @people);
    main::until_job($id, sub { $_[0]{answered} > 100 }, 60);
    main::seen();
    main::read_all($id);
    my $job = main::ended($id, 60);
    main::is($job->{state}, 'completed', 'completed');
    main::read_all($id);
    main::http('DELETE', '/jobs/addresses', JSON::PP::encode_json({ email => $people[3] }),
               'Content-Type' => 'application/json');
    main::is((main::http('DELETE', "/jobs/$id"))[0], 204, 'deleted');
    main::clean('completed');
}



=== TEST 2: jobs that are purged while they run, and lists that are not jobs yet
--- verify
smtp_verify_batch_domain_probes 2;
--- steps eval
sub {
    my @people = main::people(40);
    my $n = 0;

    # lists of other formats; in CSV what stands beside the address is kept

    my $csv = CORE::join '', "id,who,email\r\n",
        map { $n++; "$n,\"" . main::name($n) . ", $n\",$_\r\n" } @people;
    my $ndjson = CORE::join '', map {
        JSON::PP::encode_json({ email => $_, input => { who => main::name($n) } }) . "\n"
    } @people;
    my @ids;

    for ([ 'text/csv', $csv ], [ 'application/x-ndjson', $ndjson ],
         [ 'application/json', JSON::PP::encode_json({ emails => \@people }) ])
    {
        my ($code, $job) = main::http('POST', '/jobs', $_->[1], 'Content-Type' => $_->[0],
                                      'Idempotency-Key' => "\"$_->[0]\"");
        main::is($code, 202, "$_->[0] is taken");
        push @ids, $job->{id};
    }

    main::until_job($ids[0], sub { $_[0]{answered} > 20 }, 60);
    main::read_all($_) for @ids;
    main::seen();

    # one that breaks off, one that is refused

    my $sock = TestVerify::Jobs::client();
    print $sock "POST /jobs HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\n"
        . "Content-Length: 100000\r\n\r\n" . CORE::join "\n", @people;
    sleep 1;
    close $sock;
    main::http('POST', '/jobs', JSON::PP::encode_json({ emails => \@people, no => main::name(1) }) . '}',
               'Content-Type' => 'application/json');

    # answers that nobody reads

    for my $id (@ids) {
        my $reader = TestVerify::Jobs::client();
        print $reader "GET /jobs/$id/results HTTP/1.1\r\nHost: x\r\n\r\n";
        close $reader;
    }

    main::is((main::http('DELETE', "/jobs/$_"))[0], 204, 'deleted') for @ids;
    main::clean('running');
}



=== TEST 3: clients with TLS and HTTP/2, connections that stay
--- listen eval
my ($cert, $key) = TestVerify::Cert::leaf('localhost');
"listen 127.0.0.1:\$TEST_NGINX_DNS_PORT ssl http2;\nssl_certificate $cert;\n"
. "ssl_certificate_key $key;\n"
--- steps eval
sub {
    my @people = main::people(40);
    my $file = "$TestVerify::Env::Dir/slot-$TestVerify::Env::Slot/people";

    open my $out, '>', $file or die;
    print $out map { "$_\n" } @people;
    close $out or die;

    my $url = "https://127.0.0.1:$ENV{TEST_NGINX_DNS_PORT}/jobs";

    for my $http (qw( --http1.1 --http2 )) {

        my $curl = "curl -sk $http -m 60";
        my ($id) = `$curl -H 'Content-Type: text/plain' --data-binary \@$file '$url?wait=0'`
            =~ /"id":"(\w+)"/;
        main::ok($id, "$http: taken");
        my $job = main::ended($id, 60);

        # two answers in one connection, which stays until the purge

        my $lines = () = `$curl '$url/$id/results' '$url/$id/results?order=input'`
            =~ /zebrawort/g;
        main::ok($lines > 2 * @people, "$http: results");

        my $tls = IO::Socket::SSL->new(PeerAddr => '127.0.0.1',
            PeerPort => $ENV{TEST_NGINX_DNS_PORT}, SSL_verify_mode => 0);
        print $tls "GET /jobs/$id/results?limit=30 HTTP/1.1\r\nHost: x\r\n\r\n";
        sysread $tls, my $some, 65536;

        main::is((main::http('DELETE', "/jobs/$id"))[0], 204, 'deleted');
        main::clean($http);
    }
}
