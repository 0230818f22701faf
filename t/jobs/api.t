# Jobs as a client sees them: what it sends and gets, whose jobs they are, and
# what it is told if something is wrong.

use lib 't/lib';
use TestVerify 'no_plan';
use TestVerify::Jobs;

use Digest::SHA qw( sha256_hex );

my $current;

add_block_preprocessor(sub {
    my ($block) = @_;

    my $more = $block->verify // '';
    my $param = $block->store // '';

    $block->set_value(config => "location /jobs {\n"
        . "smtp_verify_jobs_store \$TEST_NGINX_SERVROOT/jobs$param;\n"
        . "smtp_verify_jobs;\n$more\n}\n"
        . "location = /verify { smtp_verify; }\n"
        . "location = /idle { return 204; }\n");

    $block->set_value(smtp => "mx1 11 pipelining users=jane,john\n")
        if !defined $block->smtp;

    $block->set_value(request => 'GET /idle');
    $block->set_value(error_code => 204);
    $block->set_value(init => 'main::steps();');
    $current = $block;
});

no_root_location();
no_long_string();
run_tests();


# the section "steps" is Perl

sub steps
{
    $current->steps->();
}

# waits until there are so many jobs

sub until_list
{
    my ($n) = @_;

    for (1 .. 100) {
        my (undef, $list) = http('GET', '/jobs');
        return if @{ $list->{jobs} } == $n;
        select undef, undef, undef, 0.05;
    }

    fail("there are $n jobs");
}

__DATA__

=== TEST 1: a job from its upload to its end
--- steps eval
sub {
    my ($code, $job, $head) = main::http('POST', '/jobs?name=first',
        "jane\@ok.test\nnobody\@ok.test\nnot an address\njane\@ok.test\n");

    main::is($code, 202, 'accepted');
    main::like($head, qr{^Location: /jobs/[0-9a-z]{26}\r?$}m, 'Location');
    main::is($job->{state}, 'queued', 'queued');
    main::is($job->{records}, 4, 'records');
    main::is($job->{name}, 'first', 'name');
    main::is($job->{links}{self}, "/jobs/$job->{id}", 'link');
    main::like($job->{created_at}, qr/^20\d\d-\d\d-\d\dT[\d:]{8}Z$/, 'created');

    my $id = $job->{id};
    $job = main::ended($id);

    main::is($job->{state}, 'completed', 'completed');
    main::is("$job->{answered} $job->{errors} $job->{duplicates}", '4 0 1', 'counts');
    main::is($job->{status}{deliverable}, 2, 'deliverable');
    main::is($job->{reason}{mailbox_not_found}, 1, 'mailbox_not_found');
    main::like($job->{expires_at}, qr/^20/, 'expires');

    my @lines = main::lines("/jobs/$id/results?order=input");

    main::is(scalar @lines, 5, 'lines');
    main::is(CORE::join(' ', map { $_->{index} } @lines[0 .. 3]), '0 1 2 3', 'order');
    main::is(CORE::join(' ', map { $_->{reason} } @lines[0 .. 3]),
        'accepted mailbox_not_found invalid_syntax accepted', 'reasons');
    main::is($lines[3]{duplicate_of}, 0, 'duplicate');
    main::is($lines[0]{duplicate_of}, undef, 'none');
    main::is_deeply($lines[4], { page => JSON::PP::true, count => 4,
        state => 'completed', complete => JSON::PP::true, next => undef }, 'page');
}



=== TEST 2: pages, filters and formats of results
--- steps eval
sub {
    my $id = main::submit('smtp=0', map { "user$_\@ok.test" } 1 .. 25);
    main::ended($id);

    for my $order (qw( input done )) {
        my ($next, @all) = ('', ());

        for (1 .. 5) {
            my @page = main::lines("/jobs/$id/results?order=$order&limit=10$next");
            my $last = pop @page;
            push @all, map { $_->{index} } @page;
            last if !defined $last->{next};
            main::is($last->{count}, 10, "$order: a whole page") if @all < 25;
            $next = "&cursor=$last->{next}";
        }

        main::is(CORE::join(' ', sort { $a <=> $b } @all), CORE::join(' ', 0 .. 24),
            "$order: each once");
    }

    my @none = main::lines("/jobs/$id/results?status=deliverable");
    main::is($none[0]{count}, 0, 'no deliverable ones');
    my @some = main::lines("/jobs/$id/results?reason=not_probed");
    main::is($some[-1]{count}, 25, 'by reason');

    my (undef, $json) = main::http('GET', "/jobs/$id/results?format=json&order=input&limit=3");
    main::is(CORE::join(' ', map { $_->{email} } @{ $json->{results} }),
        'user1@ok.test user2@ok.test user3@ok.test', 'json');
    main::is($json->{count}, 3, 'json: count');

    my ($code, $csv, $head) = main::http('GET', "/jobs/$id/results?order=input", undef,
        Accept => 'text/csv');
    main::like($head, qr{^Content-Type: text/csv; charset=utf-8}m, 'csv');
    my @csv = split /\n/, $csv;
    main::like($csv[0], qr/^index,email,status,reason,/, 'csv: names');
    main::like($csv[1], qr/^0,user1\@ok.test,unknown,not_probed,/, 'csv: a line');
    main::like($csv[-1], qr/^# page count=25 complete=true next=$/, 'csv: last line');

    ($code, $csv, $head) = main::http('HEAD', "/jobs/$id/results");
    main::is("$code $csv", '200 ', 'HEAD');
}



=== TEST 3: parameters that are wrong
--- steps eval
sub {
    my $id = main::submit('smtp=0', 'jane@ok.test');

    for my $query ('cursor=x', 'cursor=i', 'cursor=d99999999999999999999', 'order=up',
                   'order=input&cursor=d1', 'format=xml', 'status=good', 'reason=none',
                   'limit=0', 'limit=-1', 'limit=1&limit=2', 'status=%zz',
                   'cursor=00000000000000000000000000')
    {
        my ($code, $problem) = main::http('GET', "/jobs/$id/results?$query");
        main::like($code, qr/^4(00|22)$/, "results?$query");
        main::is($problem->{status}, $code, 'a problem');
    }

    for my $query ('retention=0', 'retention=400d', 'wait=31d', 'wait=soon', 'sample=x',
                   'smtp=perhaps', 'webhook=ftp://x', 'webhook=http://', 'input=xml',
                   'webhook_events=all', 'name=%01', 'name=' . 'x' x 256)
    {
        my ($code) = main::http('POST', "/jobs?$query", "jane\@ok.test\n");
        main::like($code, qr/^4(00|15|22)$/, 'POST ' . substr $query, 0, 30);
    }

    for my $query ('cursor=d1', 'state=gone', 'limit=x') {
        my ($code) = main::http('GET', "/jobs?$query");
        main::is($code, 422, "list?$query");
    }
}



=== TEST 4: what is not there, and what is not allowed
--- steps eval
sub {
    my $id = main::submit('smtp=0', 'jane@ok.test');
    my $none = '0' x 26;

    for (['GET', '/jobs/x', 404], ['GET', "/jobs/$none", 404], ['GET', '/jobsx', 404],
         ['GET', "/jobs/$none/results", 404], ['GET', "/jobs/$none/events", 404],
         ['DELETE', "/jobs/$none", 404], ['GET', "/jobs/$id/x", 404],
         ['GET', "/jobs/$id/results/x", 404], ['HEAD', "/jobs/$id", 200],
         ['HEAD', '/jobs', 200], ['HEAD', '/jobs/', 200])
    {
        my ($method, $path, $want) = @$_;
        my ($code) = main::http($method, $path);
        main::is($code, $want, "$method $path");
    }

    for (['PUT', '/jobs', 'GET, HEAD, POST'],
         ['POST', "/jobs/$id", 'GET, HEAD, PATCH, DELETE'],
         ['DELETE', "/jobs/$id/results", 'GET, HEAD'],
         ['POST', "/jobs/$id/events", 'GET'], ['GET', '/jobs/addresses', 'DELETE'])
    {
        my ($method, $path, $allow) = @$_;
        my ($code, $problem, $head) = main::http($method, $path);
        main::is("$code $problem->{code}", '405 method_not_allowed', "$method $path");
        main::like($head, qr/^Allow: \Q$allow\E\r?$/m, "Allow: $allow");
    }
}



=== TEST 5: pause, resume, cancel, and other changes
--- smtp
mx1 11 pipelining users=jane
    banner: wait 3s ; 220 mx1
--- verify
smtp_verify_greeting_timeout 30s;
smtp_verify_timeout 40s;
--- steps eval
sub {
    my $id = main::submit('', 'jane@ok.test', 'john@ok.test');
    my @json = ('Content-Type' => 'application/json');
    my $patch = sub { main::http('PATCH', "/jobs/$id", $_[0], @json) };

    main::until_job($id, sub { $_[0]{state} eq 'running' });

    my ($code, $job) = $patch->('{"state":"paused","name":"other","retention":"2h"}');
    main::is("$code $job->{state} $job->{name} $job->{retention}", '200 paused other 7200',
        'paused');
    ($code, $job) = $patch->('{"state":"paused"}');
    main::is("$code $job->{state}", '200 paused', 'paused twice');
    ($code, $job) = $patch->('{"state":"running","name":null}');
    main::is("$code $job->{state}", '200 running', 'running');
    main::is($job->{name}, undef, 'no name');

    for my $body ('{"state":"queued"}', '{"state":7}', '{}', '{"wait":5}', '{"name":[1]}',
                  '{"state":"paused","state":"running"}', '{"state":', '[]')
    {
        ($code) = $patch->($body);
        main::like($code, qr/^4(00|22)$/, $body);
    }

    ($code) = main::http('PATCH', "/jobs/$id", 'x' x 20000, @json);
    main::is($code, 413, 'too large');
    ($code) = main::http('PATCH', "/jobs/$id", 'state=paused');
    main::is($code, 415, 'text/plain');

    ($code, $job) = $patch->('{"state":"cancelled"}');
    main::is("$code $job->{state}", '200 cancelled', 'cancelled');
    my ($code2, $problem) = $patch->('{"state":"running"}');
    main::is("$code2 $problem->{code}", '409 wrong_state', 'not any more');

    ($code) = main::http('DELETE', "/jobs/$id");
    main::is($code, 204, 'deleted');
    ($code) = main::http('GET', "/jobs/$id");
    main::is($code, 404, 'gone');
    main::is(-d "$ENV{TEST_NGINX_SERVROOT}/jobs/$id" ? 1 : 0, 0, 'no directory');
}



=== TEST 6: the list of jobs, by pages and by state
--- steps eval
sub {
    my @ids = map { main::submit("smtp=0&name=n$_", 'jane@ok.test') } 1 .. 5;
    main::ended($_) for @ids;

    my ($code, $list) = main::http('GET', '/jobs?limit=2');
    main::is(CORE::join(' ', map { $_->{name} } @{ $list->{jobs} }), 'n5 n4', 'the newest first');
    main::is($list->{next}, $ids[3], 'next');

    ($code, $list) = main::http('GET', "/jobs?limit=3&cursor=$list->{next}");
    main::is(CORE::join(' ', map { $_->{name} } @{ $list->{jobs} }), 'n3 n2 n1', 'the others');
    main::is($list->{next}, undef, 'no more');

    ($code, $list) = main::http('GET', '/jobs?state=completed');
    main::is(scalar @{ $list->{jobs} }, 5, 'completed');
    ($code, $list) = main::http('GET', '/jobs?state=paused');
    main::is(scalar @{ $list->{jobs} }, 0, 'paused');
}



=== TEST 7: events
--- steps eval
sub {
    my $id = main::submit('', 'jane@ok.test', 'nobody@ok.test');
    my ($code, $text, $head) = main::http('GET', "/jobs/$id/events");

    main::is($code, 200, 'answered');
    main::like($head, qr{^Content-Type: text/event-stream}m, 'type');
    my @events = split /\n\n/, $text;
    main::like($events[-1], qr/^id: 2\nevent: completed\ndata: \{"id":"$id",.*"state":"completed"/,
        'the last event');
    main::unlike(CORE::join('', @events[0 .. $#events - 1]), qr/event: completed/, 'only once');
}



=== TEST 8: each client has jobs of its own
--- user_files eval
">>> tokens\n" . CORE::join '', map { "$_ sha256:" . Digest::SHA::sha256_hex("t-$_")
    . ($_ eq 'ops' ? " erase" : '') . "\n" } qw( alice bob ops )
--- verify
smtp_verify_tokens $TEST_NGINX_SERVER_ROOT/html/tokens;
--- steps eval
sub {
    my %as = map { $_ => [ Authorization => "Bearer t-$_" ] } qw( alice bob ops );

    my ($code, $job) = main::http('POST', '/jobs?smtp=0', "jane\@ok.test\n", @{ $as{alice} });
    main::is($code, 202, 'alice');
    my $id = $job->{id};

    ($code) = main::http('GET', "/jobs/$id");
    main::is($code, 401, 'nobody');

    for (['GET', "/jobs/$id"], ['GET', "/jobs/$id/results"], ['GET', "/jobs/$id/events"],
         ['DELETE', "/jobs/$id"], ['PATCH', "/jobs/$id"])
    {
        my ($method, $path) = @$_;
        my @body = $method eq 'PATCH' ? ('{"state":"paused"}', 'Content-Type' => 'application/json')
                                      : (undef);
        my ($code, $problem) = main::http($method, $path, @body, @{ $as{bob} });
        main::is("$code $problem->{code}", '404 job_not_found', "bob: $method $path");
    }

    my (undef, $list) = main::http('GET', '/jobs', undef, @{ $as{bob} });
    main::is(scalar @{ $list->{jobs} }, 0, 'bob has none');
    (undef, $list) = main::http('GET', '/jobs', undef, @{ $as{alice} });
    main::is(scalar @{ $list->{jobs} }, 1, 'alice has one');

    my $problem;
    ($code, $problem) = main::http('DELETE', '/jobs/addresses?email=jane@ok.test', undef,
                                   @{ $as{alice} });
    main::is("$code $problem->{code}", '403 missing_right', 'no right to erase');

    my ($found, $said) = main::http('DELETE', '/jobs/addresses?email=jane@ok.test', undef,
                                    @{ $as{ops} });
    main::is("$found $said->{records} $said->{others}{jobs} $said->{others}{records}",
        '200 0 1 1', 'erased from the job of alice');
    main::is(scalar @{ $said->{jobs} }, 0, 'its id is not told');
}



=== TEST 9: an address is erased from the cache and from all jobs
--- http_config
smtp_verify_cache_zone zone=results:1m;
smtp_verify_cache results;
--- steps eval
sub {
    my @ids = map { main::submit('', 'jane@ok.test', "u$_\@ok.test", 'JANE@ok.test',
                                 'jane@ok.test') } 1 .. 3;
    main::ended($_) for @ids;
    main::http('GET', '/verify?email=jane@ok.test');

    my @json = ('Content-Type' => 'application/json');
    my ($code, $said) = main::http('DELETE', '/jobs/addresses', '{"email":"jane@ok.test"}', @json);

    main::is($code, 200, 'answered');
    main::is($said->{cache}, JSON::PP::true, 'it was in the cache');
    main::is(scalar @{ $said->{jobs} }, 3, 'in three jobs');
    main::is($said->{not_searched}, 0, 'all were searched');

    for my $id (@ids) {
        my (undef, $text) = main::http('GET', "/jobs/$id/results");
        main::unlike($text, qr/jane/i, 'it is gone');
        main::like($text, qr/"error":"erased"/, 'its place is kept');
        my $job = main::job($id);
        main::is($job->{answered} + $job->{errors}, 4, 'counts');
    }

    ($code, $said) = main::http('DELETE', '/jobs/addresses', '{"email":"jane@ok.test"}', @json);
    main::is($code . $said->{records}, '2000', 'it is nowhere any more');
    ($code) = main::http('DELETE', '/jobs/addresses');
    main::is($code, 400, 'no address');
}



=== TEST 10: limits of a client
--- verify
smtp_verify_jobs_limit jobs=2 records=5 bytes=200;
--- steps eval
sub {
    my ($code, $said) = main::http('POST', '/jobs?smtp=0', "a\@ok.test\n" x 6);
    main::is("$code $said->{code} $said->{allowed}{records}", '413 jobs_limit 5', 'too many records');
    ($code, $said) = main::http('POST', '/jobs?smtp=0', 'x' x 201);
    main::is("$code $said->{code} $said->{allowed}{bytes}", '413 jobs_limit 200', 'too many bytes');

    my $id = main::submit('smtp=0', map { "a$_\@ok.test" } 1 .. 3);
    ($code, $said) = main::http('POST', '/jobs?smtp=0', "a\@ok.test\n" x 3);
    main::is("$code $said->{used}{records}", '429 3', 'too many with what is there');

    # what was refused is purged behind the answer

    main::until_list(1);

    main::submit('smtp=0', 'b@ok.test');
    ($code, $said) = main::http('POST', '/jobs?smtp=0', "c\@ok.test\n");
    main::is("$code $said->{allowed}{jobs} $said->{used}{jobs}", '429 2 2', 'too many jobs');

    main::http('DELETE', "/jobs/$id");
    ($code) = main::http('POST', '/jobs?smtp=0', "c\@ok.test\n");
    main::is($code, 202, 'after one was deleted');
}



=== TEST 11: pages of other origins may read results and events, as any answer
--- verify
smtp_verify_cors https://shop.example;
--- steps eval
sub {
    my $id = main::submit('', "jane\@ok.test");

    main::ended($id);

    for my $path ('', '/results', '/results?format=csv', '/events') {
        my ($code, undef, $head) = main::http('GET', "/jobs/$id$path", undef,
            Origin => 'https://shop.example');

        main::is($code, 200, "$path - code");
        main::like($head,
            qr{^Access-Control-Allow-Origin: https://shop.example\r?$}m,
            "$path - origin");
        main::like($head, qr{^X-SMTP-Verify-Version: \d}m, "$path - version");
        main::like($head, qr{^Cache-Control: no-store\r?$}m, "$path - cache");
    }
}
