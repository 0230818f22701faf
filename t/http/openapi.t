# The running server does what docs/openapi.json says: each status of each
# operation was given, each answer has its schema, each example is an answer.

use lib 't/lib';
use Test::More;

BEGIN {
    plan(skip_all => 'no python3-jsonschema')
        if system('/usr/bin/python3 -c "import jsonschema" 2> /dev/null') != 0;
}

use TestVerify 'no_plan';
use TestVerify::Clients;
use TestVerify::Env;
use TestVerify::OpenAPI;
use Digest::SHA qw( sha256_hex );
use IO::Socket::INET;
use JSON::PP;

add_block_preprocessor(sub {
    my ($block) = @_;

    my $tokens = 'smtp_verify_tokens $TEST_NGINX_SERVER_ROOT/html/tokens;';

    $block->set_value(user_files => ">>> secrets\nwhsec_" . 'a' x 32
                      . "\n>>> tokens\n" . join '', map {
        "$_->[0] sha256:" . sha256_hex("$_->[0]-token") . " $_->[1]\n"
    } [ alice => 'rate=600/m quota=1000' ], [ none => 'quota=0' ],
      [ slow => 'rate=1/m' ], [ ops => 'admin' ]);

    $block->set_value(http_config => join "\n",
        'smtp_verify_cache_zone zone=results:1m;',
        'smtp_verify_throttle_zone zone=limits:1m;',
        'smtp_verify_throttle zone=limits;', $block->http_config // '');

    $block->set_value(config => join "\n",
        'smtp_verify_sandbox on;', 'smtp_verify_transcript on;',
        'smtp_verify_cors https://shop.example;',
        'location = /verify { smtp_verify; }',
        'location = /cached/verify { smtp_verify; smtp_verify_cache results; }',
        'location = /identity/verify { smtp_verify; smtp_verify_helo $arg_helo; }',
        'location = /busy/verify { smtp_verify; smtp_verify_max_probes 1; }',
        'location = /busy/batch { smtp_verify_batch; smtp_verify_max_probes 1; }',
        'location = /identity/batch { smtp_verify_batch; smtp_verify_helo $arg_helo; }',
        "location = /t/verify { smtp_verify; smtp_verify_cache results; $tokens }",
        'location = /batch { smtp_verify_batch; }',
        'location = /small/batch { smtp_verify_batch; client_max_body_size 4; }',
        "location = /t/batch { smtp_verify_batch; $tokens }",
        "location = /usage { smtp_verify_usage; $tokens }",
        'location = /free/usage { smtp_verify_usage; }',
        'location = /counters { smtp_verify_counters; }',
        "location = /t/counters { smtp_verify_counters; $tokens }",
        'location = /metrics { smtp_verify_metrics; }',
        "location = /t/metrics { smtp_verify_metrics; $tokens }",
        'location ~ ^/(?:livez|readyz|health)$ { smtp_verify_health; }',
        jobs('/jobs', 'smtp_verify_jobs_webhook /webhook allow=192.0.2.0/24 '
             . 'secret=$TEST_NGINX_SERVER_ROOT/html/secrets;'),
        'location = /webhook { internal; return 204; }',
        jobs('/t/jobs', $tokens),
        jobs('/small/jobs', 'client_max_body_size 4;'),
        jobs('/few/jobs', 'smtp_verify_jobs_limit jobs=1 records=2;'),
        'location = /openapi.json { smtp_verify_openapi; }',
        "location = /status { smtp_verify_status; $tokens }");
});


our $Form = 'application/x-www-form-urlencoded';
our $Text = { 'Content-Type' => 'text/plain' };
our $Evil = { Origin => 'https://evil.example' };


# a store has one location

sub jobs
{
    my ($path, $more) = @_;

    return "location $path { smtp_verify_jobs; smtp_verify_jobs_store "
           . '$TEST_NGINX_SERVROOT/store' . $path =~ tr{/}{-}r
           . " zone=1m; " . ($more // '') . " }";
}


# until health knows how full the stores are

sub until_surveyed
{
    TestVerify::Clients::wait_for(sub {
        my $text = TestVerify::OpenAPI::ask('GET', '/health')->{body};

        return 4 == (() = $text =~ /"check":"store"/g);
    });
}


sub token
{
    return { Authorization => "Bearer $_[0]-token", @_[1 .. $#_] };
}


sub statuses
{
    my @a;

    my $ask = sub { push @a, TestVerify::OpenAPI::ask(@_) };

    # a query string that nginx itself does not take

    my $long = 'x' x 40000;

    $ask->($_, "/verify?email=$long") for qw( GET HEAD DELETE );
    $ask->('POST', "/verify?x=$long", {}, '{}');
    $ask->('POST', "/batch?x=$long", {}, '[]');

    # GET, HEAD and POST of one address

    for my $method (qw( GET HEAD )) {
        $ask->($method, '/verify?email=john@ok.test&transcript=1');
        $ask->($method, '/verify');
        $ask->($method, '/t/verify?email=no');
        $ask->($method, '/verify?email=no', $Evil);
        $ask->($method, '/verify?email=no&timeout=0');
        $ask->($method, '/t/verify?email=jim@ok.test', token('none'));
        $ask->($method, '/identity/verify?email=jim@ok.test&helo=no');
    }

    my $post = sub {
        my ($path, $body, $headers, $type) = @_;
        $ask->('POST', $path, { 'Content-Type' => $type // 'application/json',
                                %{ $headers // {} } }, $body);
    };

    $post->('/verify', '{"email":"jane@ok.test","timeout":5}');
    $post->('/verify', 'email=jane%40ok.test&wait=0', {}, $Form);
    $post->('/verify', '{');
    $post->('/t/verify', '{"email":"no"}');
    $post->('/t/verify', '{"email":"no"}', token('none', 'X-Api-Key' => 'x'));
    $post->('/verify', '{"email":"no"}', $Evil);
    $post->('/verify', '{"email":"' . 'x' x 17000 . '"}');
    $post->('/verify', '<x/>', {}, 'text/xml');
    $post->('/verify', '{"email":"no","wait":"x"}');
    $post->('/t/verify', '{"email":"jim@ok.test"}', token('none'));
    $post->('/identity/verify?helo=no', '{"email":"jim@ok.test"}');

    # erasing

    $ask->('DELETE', '/cached/verify?email=john@ok.test');
    $ask->('GET', '/cached/verify?email=john@ok.test');
    $ask->('DELETE', '/cached/verify?email=john@ok.test');
    $ask->('DELETE', '/cached/verify');
    $ask->('DELETE', '/cached/verify?email=no&smtp=x');
    $ask->('DELETE', '/verify?email=no');
    $ask->('DELETE', '/t/verify?email=no');
    $ask->('DELETE', '/t/verify?email=no', token('alice'));
    $ask->('DELETE', '/t/verify?email=no', token('slow')) for 1 .. 2;

    # lists

    my @two = "john\@ok.test\nno\n";

    $ask->('POST', '/batch', $Text, @two);
    $ask->('POST', '/batch?format=csv', $Text, @two);
    $post->('/batch?ordered=1', '["john@ok.test",{"email":"no","id":7},{},"Jo <x@y>"]');
    $post->('/batch', '{"emails":["john@ok.test"]}');
    $post->('/batch', '["john@ok.test"');
    $post->('/batch', '{}');
    $post->('/t/batch', '[]');
    $post->('/batch', '[]', $Evil);
    $ask->('POST', '/batch', $Text);
    $ask->('POST', '/small/batch', $Text, @two);
    $post->('/batch', '<x/>', {}, 'text/xml');
    $post->('/batch?ordered=x', '[]');
    $post->('/t/batch', '[]', token('slow'));
    $post->('/identity/batch?helo=no', '[]');

    push @a, of_jobs();

    # who asks, and how

    for my $path (qw( /verify /batch )) {
        $ask->('OPTIONS', $path, { Origin => 'https://shop.example' });
        $ask->('OPTIONS', $path, $Evil);
    }

    $ask->('GET', '/usage', token('alice'));
    $ask->('GET', '/usage', token('ops'));
    $ask->('GET', '/t/counters', token('alice'));
    $ask->('GET', '/t/counters', token('ops'));
    $ask->('GET', '/status?limit=3&sort=waiting', token($_)) for qw( ops alice );
    $ask->('GET', '/status?sort=x', token('ops'));
    $ask->('GET', '/counters?state=x');
    $ask->('POST', '/status?action=pause&egress=default&seconds=1', token('ops'), '');
    $ask->('POST', '/status?action=resume&egress=none', token('ops'), '');
    $ask->('POST', '/status?action=x', token('ops'), '');
    $ask->('POST', '/status?action=pause&egress=default', token('alice'), '');
    $ask->('POST', '/status?action=pause', {}, '');
    $ask->('GET', $_) for qw( /free/usage /usage /counters /t/counters /metrics
        /t/metrics /livez /readyz /health /openapi.json );
    $ask->('GET', $_, { Accept => 'application/openmetrics-text' }) for '/metrics';
    $ask->('GET', $_, $Evil) for qw( /usage /counters /metrics /status );
    $ask->('GET', $_) for '/status';
    $ask->('GET', $_, token('slow')) for qw( /usage /t/counters /t/metrics /status );
    $ask->('POST', '/status?action=x', token('slow'), '');

    TestVerify::OpenAPI::valid('statuses', \@a, missing());
}


# jobs: of one that has ended, one that does not exist, and one that is being
# uploaded

sub of_jobs
{
    my @a;
    my $ask = sub { push @a, TestVerify::OpenAPI::ask(@_); return $a[-1] };
    my $get = sub { return decode_json($ask->(@_)->{body}) };
    my %json = ('Content-Type' => 'application/json');

    my $list = "john\@ok.test\nno\njohn\@ok.test\nx\n\xff\@ok.test\n";
    my $id = $get->('POST', '/jobs?name=first&webhook=http://192.0.2.1/'
                    . '&sample=2&wait=0', $Text, $list)->{id};
    my $job = "/jobs/$id";
    my $none = '/jobs/' . '0' x 26;

    for (1 .. 100) {
        last if $get->('GET', $job)->{state} eq 'completed';
        select undef, undef, undef, 0.1;
    }

    $ask->('GET', "/jobs?limit=1");
    my $other = $get->('POST', '/jobs?smtp=0', { %json },
                       '["john@ok.test",{"email":"no","id":7},{}]')->{id};
    $ask->('GET', '/jobs?limit=1');

    for ('', '?format=csv', '?format=json', '?order=input&limit=1',
         '?reason=error&format=json', '?status=deliverable')
    {
        $ask->('GET', "$job/results$_");
    }

    Test::More::like($ask->('GET', "$job/events")->{body},
                     qr/^event: completed\n?.*^data: \{/ms, 'events have data');
    $ask->('HEAD', $_) for '/jobs', $job, "$job/results";

    # changes, and what does not exist

    my $patch = sub {
        $ask->('PATCH', $_[0], { %json, %{ $_[2] // {} } }, $_[1]);
    };

    for (1 .. 100) {
        last if $get->('GET', $job)->{webhook}{state};
        select undef, undef, undef, 0.1;
    }

    $ask->('POST', "$job/webhook");
    $patch->($job, '{"name":null,"retention":"7d","webhook":null}');
    $ask->('POST', "$_/webhook") for $job, $none;
    $patch->($job, '{"state":"running"}');
    $patch->($job, $_) for '{', '{"state":"queued"}', '{"wait":1}', '{}',
                           '{"name":"' . 'x' x 17000 . '"}';
    $patch->($job, '<x/>', { 'Content-Type' => 'text/xml' });
    $patch->($none, '{"state":"paused"}');
    $ask->('GET', $none . $_) for '', '/results', '/events';
    $ask->('HEAD', $none . $_) for '', '/results';
    $ask->('DELETE', $none);

    # erasing

    my $erase = sub {
        $ask->('DELETE', "$_[0]/addresses", { %json, %{ $_[2] // {} } }, $_[1]);
    };

    $erase->('/jobs', '{"email":"john@ok.test"}');
    $ask->('GET', "$job/results");
    $ask->('GET', $job);
    $erase->('/jobs', $_) for '{', '{}', '{"email":7}', '{"email":""}',
                              '{"email":"' . 'x' x 17000 . '"}';
    $erase->('/jobs', '<x/>', { 'Content-Type' => 'text/xml' });
    $erase->('/t/jobs', '{"email":"john@ok.test"}', token($_))
        for qw( ops alice slow slow );

    # lists that are refused

    $ask->('POST', '/jobs', $Text, '');
    $ask->('POST', '/small/jobs', $Text, $list);
    $ask->('POST', '/few/jobs?smtp=0', $Text, $_) for $list, "a\n", "b\n";
    $ask->('POST', '/jobs', { %$Text, 'Content-Encoding' => 'gzip' }, $list);

    for ('a', 'a', 'b') {
        $ask->('POST', '/jobs?smtp=0', { %$Text, 'Idempotency-Key' => '"k"' },
               "$_\@ok.test\n");
    }

    push @a, of_upload();

    # who asks, and how

    for my $op ([ GET => '' ], [ HEAD => '' ], [ POST => '', $list ],
                [ GET => "/$other" ], [ HEAD => "/$other" ],
                [ PATCH => "/$other", '{}' ], [ DELETE => "/$other" ],
                [ GET => "/$other/results" ], [ HEAD => "/$other/results" ],
                [ GET => "/$other/events" ], [ POST => "/$other/webhook", '' ],
                [ DELETE => '/addresses', '{}' ])
    {
        my ($method, $path, @body) = @$op;
        my $type = { 'Content-Type' => $path eq '' ? 'text/plain'
                                                  : 'application/json' };

        $ask->($method, "/jobs$path?x=%zz", $type, @body);
        $ask->($method, "/jobs$path?x=" . 'x' x 40000, $type, @body);
        $ask->($method, "/jobs$path?limit=0", $type, @body);
        $ask->($method, "/jobs$path", { %$type, %$Evil }, @body);
        $ask->($method, "/t/jobs$path", $type, @body);
        $ask->($method, "/t/jobs$path", token('slow', %$type), @body);
    }

    for my $path ('', "/$other", "/$other/results", "/$other/events", "/$other/webhook",
                  '/addresses')
    {
        $ask->('OPTIONS', "/jobs$path", { Origin => 'https://shop.example' });
        $ask->('OPTIONS', "/jobs$path", $Evil);
    }

    $ask->('DELETE', "/jobs/$other");

    return @a;
}


# while a list is being read

sub of_upload
{
    my $sock = IO::Socket::INET->new(PeerAddr => '127.0.0.1',
        PeerPort => $TestVerify::Env::HttpPort, Timeout => 10) or die;

    print $sock "POST /jobs HTTP/1.1\r\nHost: localhost\r\nContent-Type: "
        . "text/plain\r\nContent-Length: 100\r\nIdempotency-Key: half\r\n\r\nx\n";
    $sock->flush;

    my ($id, @a);

    for (1 .. 100) {
        push @a, TestVerify::OpenAPI::ask('GET', '/jobs?state=uploading');
        $id = decode_json($a[-1]{body})->{jobs}[0]{id};
        last if defined $id;
        select undef, undef, undef, 0.1;
    }

    $id //= 'none';

    push @a, map { TestVerify::OpenAPI::ask(@$_) } [ 'GET', "/jobs/$id" ],
        [ 'GET', "/jobs/$id/results" ], [ 'HEAD', "/jobs/$id/results" ],
        [ 'POST', '/jobs', { %$Text, 'Idempotency-Key' => 'half' }, "x\n" ];

    close $sock;

    return @a;
}


# a store that is broken, full or busy

sub jobs_missing
{
    my ($doc) = @_;
    my @not = ('POST /jobs 411');

    for my $path (grep { m{^/jobs} } keys %{ $doc->{paths} }) {
        for my $method (grep { ref $doc->{paths}{$path}{$_} }
                        keys %{ $doc->{paths}{$path} })
        {
            push @not, map { "\U$method\E $path $_" }
                grep { /^(?:408|500|503|507)$/ }
                keys %{ $doc->{paths}{$path}{$method}{responses} };
        }
    }

    return @not;
}


# what only happens under load, or by methods that the document does not name

sub missing
{
    my $doc = TestVerify::OpenAPI::document();
    my @not = (jobs_missing($doc), 'POST /batch 408', 'POST /batch 503', 'POST /batch 411',
               'GET /readyz 503');

    for my $path (keys %{ $doc->{paths} }) {
        push @not, map { (uc) . " $path 405" } grep {
            ref $doc->{paths}{$path}{$_}
                && ($_ ne 'delete' || $path =~ /jobs/)
        } keys %{ $doc->{paths}{$path} };
    }

    return @not, map { "$_ /verify 503" } qw( GET HEAD POST );
}


# each method that the document does not name for a path is refused as it says

sub methods
{
    my $doc = TestVerify::OpenAPI::document();
    my @a;

    for my $path (sort keys %{ $doc->{paths} }) {
        for my $method (qw( GET HEAD POST PUT DELETE PATCH OPTIONS )) {
            next if ref $doc->{paths}{$path}{lc $method};
            next if $method eq 'HEAD' && $path ne '/batch';
            next if $method eq 'OPTIONS';

            my $answer = TestVerify::OpenAPI::ask($method,
                $path =~ s/\{id\}/'0' x 26/er,
                $path eq '/usage' ? token('alice')
                : $path eq '/status' ? token('ops') : {});

            # checked as an answer to a method that it has

            Test::More::is($answer->{status}, 405, "$method $path");
            $answer->{method} = uc((grep { ref $doc->{paths}{$path}{$_} }
                                    keys %{ $doc->{paths}{$path} })[0]);
            push @a, $answer if $answer->{method} ne 'HEAD'
                                && $method ne 'HEAD';
        }
    }

    TestVerify::OpenAPI::valid('methods', \@a);
}


sub sandbox
{
    my $doc = TestVerify::OpenAPI::document();
    my @reasons = @{ $doc->{components}{schemas}{Reason}{enum} };

    TestVerify::OpenAPI::valid('sandbox',
        [ map { TestVerify::OpenAPI::ask('GET', "/verify?email=$_\@sandbox.test") }
          @reasons ]);
}


sub embedded
{
    my $answer = TestVerify::OpenAPI::ask('GET', '/openapi.json');

    open my $in, '<', "$TestVerify::Env::Root/docs/openapi.json" or die;
    local $/;
    Test::More::is($answer->{body}, <$in>, 'the document is that of docs');
    Test::More::like($answer->{headers}{'content-type'}, qr{^application/json$},
                     'its type');
}


sub busy
{
    my @a;

    TestVerify::Clients::start('/busy/verify?email=slow%d@ok.test', clients => 4);

    for (1 .. 30) {
        select undef, undef, undef, 0.1;
        push @a, TestVerify::OpenAPI::ask('GET', '/busy/verify?email=other@ok.test&timeout=1');
        last if $a[-1]{status} == 503;
    }

    TestVerify::Clients::finish();
    TestVerify::OpenAPI::valid('busy', \@a);
}


run_tests();

__DATA__

=== TEST 1: the examples are real
--- init
main::until_surveyed();
TestVerify::OpenAPI::examples('examples', %{ main::token('alice') });
--- request
GET /livez



=== TEST 2: each status, and the schemas of all answers
--- smtp
mx1 11 pipelining users=john,jane
--- init
main::statuses();
--- request
GET /livez



=== TEST 3: methods that there are not
--- init
main::methods();
--- request
GET /livez



=== TEST 4: answers of all reasons
--- init
main::sandbox();
--- request
GET /livez



=== TEST 5: the document is served as it is
--- init
main::embedded();
--- request eval
["HEAD /openapi.json", "POST /openapi.json"]
--- error_code eval: [200, 405]
--- ignore_response



=== TEST 6: all probes are busy
--- smtp
mx1 11 pipelining users=john
    rcpt slow*: wait 2s ; default
--- init
main::busy();
--- request
GET /livez
