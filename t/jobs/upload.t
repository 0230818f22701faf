# How a list becomes a job: its formats, bodies that break off, the sync before
# the answer, and requests that are sent twice.

use lib 't/lib';
use TestVerify 'no_plan';
use TestVerify::Clients;
use TestVerify::Jobs;

use Time::HiRes;

my $current;

add_block_preprocessor(sub {
    my ($block) = @_;

    my $more = $block->verify // '';

    $block->set_value(config => "location /jobs {\n"
        . "smtp_verify_jobs_store \$TEST_NGINX_SERVROOT/jobs;\n"
        . "smtp_verify_jobs;\nclient_max_body_size 200m;\n$more\n}\n"
        . "location = /idle { return 204; }\n" . ($block->more_locations // ''));

    $block->set_value(request => 'GET /idle');
    $block->set_value(error_code => 204);
    $block->set_value(init => 'main::steps();');
    $current = $block;
});

no_root_location();
master_on();
no_long_string();
run_tests();


# the section "steps" is Perl

sub steps
{
    $current->steps->();
}


# names of what is in the store, but for what belongs to all jobs

sub jobs_on_disk
{
    opendir my $dir, "$ENV{TEST_NGINX_SERVROOT}/jobs" or return;
    return grep { /^[0-9a-z]{26}\z/ } readdir $dir;
}


sub wait_empty
{
    for (1 .. 100) {
        my (undef, $list) = http('GET', '/jobs');
        return 1 if ref $list && !@{ $list->{jobs} } && !jobs_on_disk();
        Time::HiRes::sleep(0.05);
    }

    return 0;
}


# the fields of a line of CSV

sub fields
{
    my ($line) = @_;
    my @fields;

    while ($line =~ /\G("(?:[^"]|"")*"|[^,]*)(?:,|\z)/g) {
        push @fields, $1;
        last if pos($line) == length $line && substr($line, -1) ne ',';
        push(@fields, ''), last if pos($line) == length $line;
    }

    return map { /^"(.*)"\z/s ? $1 =~ s/""/"/gr : $_ } @fields;
}


# the records of CSV, each with "index" and the columns behind "detail" as they
# are written, but for "duplicate_of"

sub ours_removed
{
    my ($csv) = @_;

    my @rows = $csv =~ /((?:[^"\n]|"(?:[^"]|"")*")+)\n/g;
    my @names = fields($rows[0]);
    my ($detail) = grep { $names[$_] eq 'detail' } 0 .. $#names;
    $detail++ if $names[$detail + 1] eq 'duplicate_of';

    return map {
        my ($index, @raw) = /\G((?:[^",]|"(?:[^"]|"")*")*)(?:,|\z)/g;
        pop @raw if !/,\z/;
        CORE::join ',', $index, @raw[$detail .. $#names - 1];
    } @rows;
}


# the largest memory that a worker has used, in KB

# so many megabytes; a sanitizer keeps what was freed for a while, 256 MB at the
# most

sub most
{
    my ($mb) = @_;

    return ($ENV{TEST_NGINX_SANITIZER} ? $mb + 256 : $mb) * 1024;
}


sub peak
{
    my $max = 0;

    for my $pid (TestVerify::Clients::workers()) {
        open my $in, '<', "/proc/$pid/status" or next;
        my ($n) = CORE::join('', <$in>) =~ /^VmHWM:\s+(\d+)/m;
        $max = $n if $n > $max;
    }

    return $max;
}

__DATA__

=== TEST 1: each format
--- steps eval
sub {
    my %list = (
        'text/plain' => "a\@ok.test\nb\@ok.test\r\n\nJo <c\@ok.test>",
        'text/csv' => "Name,Mail\n\"Doe, Jo\",a\@ok.test\nBo,b\@ok.test\nCy,\n",
        'application/x-ndjson' => qq({"email":"a\@ok.test","id":7}\n"b\@ok.test"\n{"id":8}\n),
        'application/json' => qq([{"email":"a\@ok.test","id":7}, "b\@ok.test", {"id":8}]),
    );

    for my $type (sort keys %list) {
        my ($code, $job) = main::http('POST', '/jobs?smtp=0', $list{$type}, 'Content-Type' => $type);
        main::is($code, 202, $type);
        $job = main::ended($job->{id});
        main::is("$job->{records} $job->{answered} $job->{errors}", '3 2 1', "$type: counts");

        my @lines = main::lines("/jobs/$job->{id}/results?order=input");
        main::is(CORE::join(' ', map { $_->{email} // $_->{error} } @lines[0 .. 2]),
            'a@ok.test b@ok.test ' . ($type eq 'text/plain' ? 'malformed_line' : 'missing_email'),
            "$type: records");
        main::is($lines[0]{input}{Name}, 'Doe, Jo', 'csv: input') if $type eq 'text/csv';
        main::is($lines[0]{input}{id}, 7, "$type: input") if $type =~ /json/;
    }

    my ($code, $job) = main::http('POST', '/jobs?smtp=0&input=csv&delimiter=semicolon&column=2',
                                  "x;a\@ok.test\ny;b\@ok.test\n");
    main::is("$code $job->{records}", '202 2', 'by parameters');
}



=== TEST 2: lists that are refused leave nothing
--- steps eval
sub {
    my @wrong = (
        [ 'application/json', '{"email":"a@ok.test"}', 400 ],
        [ 'application/json', '["a@ok.test"', 400 ],
        [ 'text/csv', "Name,City\nJo,Rome\n", 400 ],
        [ 'text/plain', "\n\n", 400 ],
        [ 'text/plain', '', 400 ],
        [ 'image/png', 'x', 415 ],
    );

    for (@wrong) {
        my ($type, $body, $want) = @$_;
        my ($code, $problem) = main::http('POST', '/jobs', $body, 'Content-Type' => $type);
        main::is($code, $want, "$type: " . substr $body, 0, 20);
        main::is($problem->{status}, $want, 'a problem');
    }

    my ($code) = main::http('POST', '/jobs', '', 'Content-Length' => undef);
    main::is($code, 411, 'no length');
    ($code) = main::http('POST', '/jobs', 'x', 'Content-Encoding' => 'gzip');
    main::is($code, 415, 'encoded');
    ($code) = main::http('POST', '/jobs', '', 'Content-Length' => 300 << 20);
    main::is($code, 413, 'too large');
    main::ok(main::wait_empty(), 'nothing is left');
}



=== TEST 3: bodies that break off leave nothing
--- steps eval
sub {
    my $line = "user\@ok.test\n";

    for my $sent (0, 1, 100_000) {

        my $sock = TestVerify::Jobs::client();
        my $length = 10 * length($line) * ($sent + 1);

        print $sock "POST /jobs HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\n"
            . "Content-Length: $length\r\n\r\n", map { "u$_$line" } 1 .. $sent;
        $sock->flush;
        Time::HiRes::sleep(0.3);
        main::is(scalar main::jobs_on_disk(), 1, "$sent: it is being taken in");

        my (undef, $list) = main::http('GET', '/jobs?state=uploading');
        main::is(scalar @{ $list->{jobs} }, 1, "$sent: uploading");

        close $sock;
        main::ok(main::wait_empty(), "$sent: nothing is left");
    }
}



=== TEST 4: in chunks, byte by byte
--- steps eval
sub {
    my $body = CORE::join '', map { sprintf "%x\r\n%s\r\n", length, $_ } split //,
        "a\@ok.test\nb\@ok.test\n";

    my ($code, $job) = main::http('POST', '/jobs?smtp=0', "${body}0\r\n\r\n",
        'Content-Length' => undef, 'Transfer-Encoding' => 'chunked');
    main::is("$code $job->{records}", '202 2', 'accepted');
}



=== TEST 5: Idempotency-Key
--- steps eval
sub {
    my @key = ('Idempotency-Key' => '"order-7"');
    my $body = "a\@ok.test\nb\@ok.test\n";

    my ($code, $first) = main::http('POST', '/jobs?smtp=0', $body, @key);
    main::is($code, 202, 'the first');

    my ($again, $job, $head) = main::http('POST', '/jobs?smtp=0', $body, @key);
    main::is("$again $job->{id}", "202 $first->{id}", 'the same once more');
    main::like($head, qr{^Location: /jobs/$first->{id}\r?$}m, 'Location');

    ($code, $job) = main::http('POST', '/jobs?smtp=0', "c\@ok.test\n", @key);
    main::is("$code $job->{code}", '422 key_reused', 'another body');
    ($code, $job) = main::http('POST', '/jobs?smtp=1', $body, @key);
    main::is("$code $job->{code}", '422 key_reused', 'other parameters');

    my (undef, $list) = main::http('GET', '/jobs');
    main::is(scalar @{ $list->{jobs} }, 1, 'one job');

    for my $key ('', '"', 'a b', 'x' x 256) {
        ($code) = main::http('POST', '/jobs?smtp=0', $body, 'Idempotency-Key' => $key);
        main::is($code, 400, 'key: ' . substr $key, 0, 9);
    }

    my $sock = TestVerify::Jobs::client();
    print $sock "POST /jobs?smtp=0 HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\n"
        . "Content-Length: 100\r\nIdempotency-Key: k2\r\n\r\na\@ok.test\n";
    $sock->flush;
    Time::HiRes::sleep(0.3);

    ($code, $job) = main::http('POST', '/jobs?smtp=0', $body, 'Idempotency-Key' => 'k2');
    main::is("$code $job->{code}", '409 still_uploading', 'while it is uploaded');
    close $sock;

    for (1 .. 50) {
        ($code) = main::http('POST', '/jobs?smtp=0', $body, 'Idempotency-Key' => 'k2');
        last if $code == 202;
        Time::HiRes::sleep(0.05);
    }

    main::is($code, 202, 'the key is free after the upload broke off');

    main::http('DELETE', "/jobs/$first->{id}");
    ($code, $job) = main::http('POST', '/jobs?smtp=0', $body, @key);
    main::is($code, 202, 'after the job was deleted');
    main::isnt($job->{id}, $first->{id}, 'another job');
}



=== TEST 6: all is on the disk before the answer
--- steps eval
sub {
    return main::pass('no strace here') if system('strace -V > /dev/null 2>&1');

    my ($worker) = TestVerify::Clients::workers();
    my $out = "$ENV{TEST_NGINX_SERVROOT}/strace";
    my $pid = fork // die;

    if (!$pid) {
        open STDERR, '>', "$out.err";
        exec 'strace', '-f', '-y', '-s', '200', '-o', $out, '-e',
            'trace=fsync,fdatasync,writev,write,sendto', '-p', $worker;
    }

    for (1 .. 100) {
        last if -s "$out.err";
        Time::HiRes::sleep(0.05);
    }

    my ($code, $job) = main::http('POST', '/jobs?smtp=0',
        CORE::join '', map { "secret$_\@ok.test\n" } 1 .. 3000);

    kill 'INT', $pid;
    waitpid $pid, 0;

    main::is($code, 202, 'accepted');

    open my $in, '<', $out or die;
    my @calls = <$in>;
    my ($answer) = grep { $calls[$_] =~ /HTTP\/1\.1 202/ } 0 .. $#calls;
    my $before = CORE::join '', @calls[0 .. $answer];

    main::like($before, qr{fd?a?t?a?sync\(\d+<[^>]*/$job->{id}/job\.db>\)}, 'job.db was synced');
    main::like($before, qr{sync\(\d+<[^>]*/$job->{id}/key>\)}, 'its key, too');
    main::like($before, qr{sync\(\d+<[^>]*/jobs/catalog\.db>\)}, 'and the catalogue');
    main::unlike(CORE::join('', grep { !/HTTP/ } @calls), qr/secret\d/,
        'no address was written in clear');
}



=== TEST 7: a large list, in little memory, and its results
--- steps eval
sub {
    my $n = 200_000;
    my $before = main::peak();
    my ($code, $job) = main::http('POST', '/jobs?smtp=0',
        CORE::join '', map { "user$_\@d" . $_ % 997 . ".test\n" } 1 .. $n);

    main::is("$code $job->{records}", "202 $n", 'accepted');
    main::cmp_ok(main::peak() - $before, '<', main::most(64), 'at most 64 MB more');

    main::http('PATCH', "/jobs/$job->{id}", '{"state":"cancelled"}',
               'Content-Type' => 'application/json');
    $job = main::until_job($job->{id}, sub { $_[0]{answered} == $n }, 60);
    main::is($job->{answered}, $n, 'all have a result');

    $before = main::peak();
    my (undef, $text) = main::http('GET', "/jobs/$job->{id}/results?order=input&format=csv");
    my @lines = split /\n/, $text;
    main::is(scalar @lines, $n + 2, 'results');
    main::like($lines[$_], qr/^\d+,user$_\@/, "result $_") for 1, 65_537, 131_072, $n;
    main::cmp_ok(main::peak() - $before, '<', main::most(16), 'in little memory');
}
--- timeout: 60



=== TEST 8: columns of a CSV list come back as in a list's answer
--- more_locations
location = /batch { smtp_verify_batch; }
--- steps eval
sub {
    my %list = (
        commas => qq(Name,status,E-Mail,"a ""b""",status,input_status,index\n)
            . qq("Doe, Jo",new,Jo\@ok.test,"say ""hi""",1,2,3\n)
            . qq(M\xc3\xbcller;x,=1+1,"jo\@ok.test",\@SUM(A1),,,\n)
            . qq(short,s,c\@ok.test\n)
            . qq(long,l,d\@ok.test,1,2,3,4,5\n)
            . qq(none,n,,x\n)
            . qq("two\nlines, a \\ and a tab\t",n,=1+1\@ok.test," x ",,,-\n),
        semicolons => qq(Mail;"Stra\xc3\x9fe;=x";Ort\n)
            . qq(a\@ok.test;"x;=1,+2";"K\xc3\xb6ln, \\\\ ""u"""\n)
            . qq(a\@ok.test\n),
        unnamed => qq(x,a\@ok.test,\ny,b\@ok.test,"{""a"":1}"\n),
        one => qq(email\na\@ok.test\nA\@ok.test\n),
    );

    for my $name (sort keys %list) {
        my (undef, $want) = main::http('POST', '/batch?smtp=0&format=csv&order=input&summary=0',
                                       $list{$name}, 'Content-Type' => 'text/csv');
        my ($code, $job) = main::http('POST', '/jobs?smtp=0', $list{$name},
                                      'Content-Type' => 'text/csv');
        main::is($code, 202, "$name: accepted");
        main::ended($job->{id});

        my @want = main::ours_removed($want);
        main::cmp_ok(scalar @want, '>', 2, "$name: the list's answer");

        for my $order ('input', 'done') {
            my (undef, $csv) = main::http('GET',
                "/jobs/$job->{id}/results?format=csv&order=$order");
            main::like($csv, qr/^[^\n]*,error,detail,duplicate_of,/, "$name, $order: names");
            $csv =~ s/^# page [^\n]*\n\z//m;
            my @got = main::ours_removed($csv);
            main::is(CORE::join(' ', map { /^(\d+),/ } @got), "@{[ 0 .. $#got - 1 ]}",
                     "$name: in order") if $order eq 'input';
            main::is_deeply([ $got[0], sort @got[1 .. $#got] ],
                [ $want[0], sort @want[1 .. $#want] ], "$name, $order: columns");
        }
    }

    my (undef, $job) = main::http('POST', '/jobs?smtp=0', $list{commas},
                                  'Content-Type' => 'text/csv');
    main::ended($job->{id});
    my @lines = main::lines("/jobs/$job->{id}/results?order=input");
    main::is_deeply($lines[0]{input}, { Name => 'Doe, Jo', status => 'new',
        'a "b"' => 'say "hi"', status_2 => '1', input_status => '2', index => '3' },
        'JSON keeps the names');
}



=== TEST 9: duplicate_of, and the one column of other lists
--- steps eval
sub {
    my (undef, $job) = main::http('POST', '/jobs?smtp=0',
        qq({"email":"a\@ok.test","duplicate_of":"x;=1"}\n"b\@ok.test"\n"a\@ok.test"\n{"x":1}\n),
        'Content-Type' => 'application/x-ndjson');
    main::ended($job->{id});

    my (undef, $csv) = main::http('GET', "/jobs/$job->{id}/results?format=csv&order=input");
    my @csv = map { [ main::fields($_) ] } split /\n/, $csv;
    main::is(CORE::join(' ', @{ $csv[0] }[-2, -1]), 'duplicate_of input', 'names');
    main::is_deeply([ map { $_->[-2] } @csv[1 .. 4] ], [ '', '', 0, '' ], 'duplicate_of');
    main::is($csv[1][-1], '{"duplicate_of":"x;\u003d1"}', 'the JSON stays equal');
    main::is($csv[3][-1], '', 'nothing came');
    main::is(scalar @{ $csv[$_] }, scalar @{ $csv[0] }, "line $_: columns") for 1 .. 4;

    my (undef, $json) = main::http('GET', "/jobs/$job->{id}/results?format=json&order=input");
    main::is_deeply([ map { $_->{duplicate_of} } @{ $json->{results} }[0 .. 2] ],
        [ undef, undef, 0 ], 'duplicate_of in JSON');

    (undef, $job) = main::http('POST', '/jobs?smtp=0',
        "mail,duplicate_of\na\@ok.test,7\nb\@ok.test,=8\na\@ok.test,9\n",
        'Content-Type' => 'text/csv');
    main::ended($job->{id});
    (undef, $csv) = main::http('GET', "/jobs/$job->{id}/results?format=csv&order=input");
    @csv = map { [ main::fields($_) ] } split /\n/, $csv;
    main::is_deeply([ map { CORE::join '|', @{$_}[-3 .. -1] } @csv[0 .. 3] ],
        [ 'duplicate_of|mail|input_duplicate_of', '|a@ok.test|7', '|b@ok.test|=8',
          '0|a@ok.test|9' ], 'a column with our name');
}
