# Webhooks of jobs: what a receiver gets, when it gets it again, and where
# nothing is sent to.

use lib 't/lib';
use TestVerify 'no_plan';
use TestVerify::Cert;
use TestVerify::Jobs;
use TestVerify::Receiver;

use Digest::SHA qw( sha256_hex );
use JSON::PP;
use MIME::Base64;
use POSIX ();
use Time::HiRes;
use Time::Local ();

master_on();
no_long_string();

our $Alice = 'whsec_' . encode_base64('a' x 32, '');
our $New = 'whsec_' . encode_base64('n' x 24, '');
our $Others = 'whsec_' . encode_base64('o' x 64, '');

our $Tokens = CORE::join '', map { "$_ sha256:" . sha256_hex("$_-token") . "\n" }
    'alice', 'bob';

our ($Net, $Port) = (undef, 8777);

my $current;

add_block_preprocessor(sub {
    my ($block) = @_;

    my $more = $block->verify // '';
    my $param = $block->webhook
        // 'allow=$TEST_NGINX_NET.30/32 retry=1s timeout=2s progress=1s';
    my $secrets = $block->secrets // "$main::Others\n";

    $block->set_value(user_files => ">>> secrets\n$secrets>>> tokens\n$Tokens");

    $block->set_value(config => "location /jobs {\n"
        . "smtp_verify_jobs_store \$TEST_NGINX_SERVROOT/jobs;\n"
        . "smtp_verify_jobs;\n"
        . ($param eq 'none' ? '' : 'smtp_verify_jobs_webhook /webhook '
           . "secret=\$TEST_NGINX_SERVER_ROOT/html/secrets $param;\n")
        . "$more\n}\n"
        . ($block->location // "location = /webhook {\ninternal;\n"
           . "proxy_pass \$smtp_verify_webhook_url;\n"
           . "proxy_set_header Host \$smtp_verify_webhook_host;\n"
           . "proxy_ssl_name \$smtp_verify_webhook_name;\n"
           . "proxy_ssl_server_name on;\n"
           . "}\n")
        . "location = /idle { return 204; }\n"
        . "location = /counters { smtp_verify_counters; }\n");

    return if defined $block->must_die;

    $block->set_value(smtp => "mx1 11 pipelining users=jane,john\n")
        if !defined $block->smtp;

    $block->set_value(dns => "+default\n" . ($block->names // ''))
        if !defined $block->dns;

    $block->set_value(log_allow => 'mode 0600|webhook|upstream|event \w+ is given up'
        . ($block->log_allow // ''));
    $block->set_value(request => 'GET /idle');
    $block->set_value(error_code => 204);
    $block->set_value(init => 'main::steps();');
    $current = $block;
});

no_root_location();
run_tests();


sub steps
{
    $Net = $TestVerify::Env::Net;
    $current->steps->();
    stop_receiver();
}

sub url { "http://$Net.30:$Port$_[0]" }

sub escaped { $_[0] =~ s/([^\w.~-])/sprintf '%%%02X', ord $1/ger }

# a job of two records with a webhook; nobody is asked

sub hooked
{
    my ($url, $more) = @_;

    return submit("smtp=0&webhook=" . escaped($url) . ($more // ''),
                  'jane@ok.test', 'john@ok.test');
}

sub until_hook
{
    my ($id, $state) = @_;

    my $job = until_job($id, sub { ($_[0]{webhook}{state} // '') eq $state });

    return $job->{webhook} // {};
}

sub stamp
{
    my ($text) = @_;

    my @t = $text =~ /^(\d+)-(\d+)-(\d+)T(\d+):(\d+):(\d+)Z$/ or return 0;

    return Time::Local::timegm(@t[5, 4, 3, 2], $t[1] - 1, $t[0]);
}

sub data { decode_json($_[0]{body}) }

sub log_of
{
    local $/;
    open my $in, '<', TestVerify::Nginx::root() . '/logs/error.log' or die;
    return scalar <$in>;
}

__DATA__

=== TEST 1: a job that is completed is told, signed, without an address
--- steps eval
sub {
    main::receiver("30:$main::Port");

    my $trace = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    my ($code, $job) = main::http('POST', '/jobs?name=jane@ok.test&smtp=0&webhook='
        . main::escaped(main::url('/in?key=s3cret')), "jane\@ok.test\njohn\@ok.test\n",
        Traceparent => $trace);
    main::is($code, 202, 'accepted');
    main::is($job->{webhook}{state}, undef, 'nothing yet');

    my ($got, @more) = main::until_received(1);
    my $hook = main::until_hook($job->{id}, 'delivered');
    my $h = $got->{headers};

    main::is("$got->{method} $got->{path}", 'POST /in?key=s3cret', 'where');
    main::ok(main::signed($got, $main::Others), 'signed');
    main::ok(!main::signed($got, $main::Alice), 'not by another secret');
    main::like($h->{'webhook-id'}, qr/^msg_[0-9a-z]{26}$/, 'id');
    main::is($h->{'content-type'}, 'application/json', 'type');
    main::is($h->{host}, "$main::Net.30:$main::Port", 'host');
    main::is($h->{traceparent}, $trace, 'trace');
    main::like($h->{'user-agent'}, qr/^nginx-smtp-verify/, 'agent');
    main::unlike($got->{body}, qr/\@|s3cret/, 'no address, no name, no URL');

    my $data = main::data($got);
    $job = main::job($job->{id});

    main::is($data->{type}, 'job.completed', 'event');
    main::like($data->{timestamp}, qr/^20\d\d-\d\d-\d\dT[\d:]{8}Z$/, 'timestamp');
    main::is($data->{data}{$_}, $job->{$_}, $_)
        for qw( id state records answered finished_at expires_at request_id );
    main::is_deeply($data->{data}{$_}, $job->{$_}, $_) for qw( status reason );
    main::is($data->{data}{links}{results}, "/jobs/$job->{id}/results", 'link');

    main::is($hook->{event}, 'completed', 'state: event');
    main::is("$hook->{tries} $hook->{status}", '1 200', 'state: try');
    main::is($hook->{error}, undef, 'state: no error');
    main::is($hook->{next_try_at}, undef, 'state: no other try');
    main::like($hook->{$_}, qr/^20/, "state: $_") for qw( tried_at delivered_at );
    main::is_deeply([ sort @{ $hook->{events} } ],
        [ qw( cancelled completed expires failed ) ], 'events');

    sleep 1;
    main::is(scalar main::received(), 1, 'once');
    main::is(scalar(grep { /s3cret/ && !/^\S+ \S+ \[(?:debug|info)\]/ }
        split /^(?=\d{4}\/\d\d\/\d\d )/m, main::log_of()), 0, 'no URL in the log');
}



=== TEST 2: it is sent again, at growing distances, with the same id
--- steps eval
sub {
    main::receiver("30:$main::Port", '/in' => [ 503, 'close', 404, 200 ]);

    my $id = main::hooked(main::url('/in'));
    my $hook = main::until_hook($id, 'retried');

    main::is("$hook->{tries} $hook->{status}", '1 503', 'the first try');
    main::like($hook->{next_try_at}, qr/^20/, 'the next one');
    main::is($hook->{delivered_at}, undef, 'not delivered');

    $hook = main::until_job($id, sub { $_[0]{webhook}{tries} == 2 })->{webhook};
    main::is("$hook->{state} $hook->{error}", 'retried no_answer', 'no answer');
    main::is($hook->{status}, undef, 'no status');

    my @got = main::until_received(4, undef, 60);
    $hook = main::until_hook($id, 'delivered');
    main::is("$hook->{tries} $hook->{status}", '4 200', 'the last try');

    main::is(scalar @got, 4, 'four tries');
    main::is(scalar(keys %{ { map { $_->{headers}{'webhook-id'} => 1 } @got } }), 1,
        'one id');
    main::is(scalar(keys %{ { map { $_->{body} => 1 } @got } }), 1, 'one body');
    main::is(scalar(grep { main::signed($_, $main::Others) } @got), 4, 'signed');

    my @wait = map { $got[$_]{at} - $got[$_ - 1]{at} } 1 .. 3;
    main::ok($wait[0] > 0.9 && $wait[1] > 3.5 && $wait[2] > 15,
        'growing: ' . CORE::join(' ', @wait));
}
--- timeout: 60



=== TEST 3: a receiver that says when is not asked sooner, nor much later
--- steps eval
sub {
    main::receiver("30:$main::Port", '/soon' => [ '429 +4', 200 ],
        '/date' => [ '503 +' . POSIX::strftime('%a, %d %b %Y %H:%M:%S GMT', gmtime time + 6), 200 ],
        '/never' => [ '503 +99999999' ], '/other' => [ '500 +3600', 200 ],
        '/what' => [ '503 +soon', 200 ]);

    my %id = map { $_ => main::hooked(main::url("/$_")) } qw( soon date never other what );

    my $hook = main::until_hook($id{never}, 'retried');
    my ($tried, $next) = map { main::stamp($hook->{$_}) } 'tried_at', 'next_try_at';
    main::ok(abs($next - $tried - 6 * 3600) <= 1, 'six hours at most: ' . ($next - $tried));

    for (qw( soon date other what )) {
        main::until_hook($id{$_}, 'delivered');
    }

    my %wait = map {
        my @got = main::received("/$_");
        $_ => $got[1]{at} - $got[0]{at};
    } qw( soon date other what );

    main::ok($wait{soon} > 3.9, "seconds: $wait{soon}");
    main::ok($wait{date} > 2.5, "a date: $wait{date}");
    main::ok($wait{other} < 30, "another status: $wait{other}");
    main::ok($wait{what} < 30, "neither: $wait{what}");
}
--- timeout: 60



=== TEST 4: 410 ends it, and a webhook that is set anew begins it
--- steps eval
sub {
    main::receiver("30:$main::Port", '/in' => [ 410, 200 ]);

    my $id = main::hooked(main::url('/in'), '&retention=20s');
    my $hook = main::until_hook($id, 'disabled');

    main::is("$hook->{status} $hook->{error}", '410 gone', 'why');
    sleep 2;
    main::is(scalar main::received(), 1, 'once');

    my ($code, $job) = main::http('PATCH', "/jobs/$id",
        main::encode_json({ webhook => main::url('/in') }), 'Content-Type' => 'application/json');
    main::is("$code $job->{state}", '200 completed', 'changed');
    main::is($job->{webhook}{state}, undef, 'the state is gone');

    ($code, $job) = main::http('PATCH', "/jobs/$id", '{"retention":4}',
        'Content-Type' => 'application/json');
    my @got = main::until_received(2);
    main::is(main::data($got[1])->{type}, 'job.expires', 'it will expire');
    main::is(main::data($got[1])->{data}{expires_at}, $job->{expires_at}, 'when');
}



=== TEST 5: a redirect is not followed, an endless answer is not read
--- webhook: allow=$TEST_NGINX_NET.30/32 retry=300s
--- steps eval
sub {
    main::receiver("30:$main::Port", '/in' => [ '302 ' . main::url('/secret') ],
        '/large' => [ 'large' ]);

    my $id = main::hooked(main::url('/in'));
    my $hook = main::until_hook($id, 'retried');
    main::is($hook->{status}, 302, 'the status');

    my $start = time();
    $id = main::hooked(main::url('/large'));
    $hook = main::until_hook($id, 'delivered');
    main::is($hook->{status}, 200, 'large: delivered');
    main::ok(time() - $start < 5, 'large: at once');

    sleep 1;
    main::is(scalar main::received('/secret'), 0, 'not followed');
}



=== TEST 6: private addresses are refused, as they are written and as they are looked up
--- webhook: allow=$TEST_NGINX_NET.30/32 retry=1s
--- names
private.test A 31
both.test A 31
both.test A 30
mapped.test AAAA ::ffff:10.0.0.1
none.test MX 10 mx.ok.test
--- steps eval
sub {
    main::receiver("30:$main::Port");
    main::receiver("31:$main::Port");

    for my $url ("http://$main::Net.31:$main::Port/", 'http://127.0.0.1/', 'http://10.0.0.1/',
        'http://[::1]/', 'http://[::ffff:127.0.0.1]/', 'https://169.254.169.254/latest/',
        'http://[64:ff9b::7f00:1]/', 'http://0.0.0.0/', 'http://[fe80::1]/')
    {
        my ($code, $answer) = main::http('POST', '/jobs?smtp=0&webhook=' . main::escaped($url),
            "jane\@ok.test\n");
        main::is("$code $answer->{code}", '422 invalid_parameter', $url);
        main::like($answer->{detail}, qr/private/, 'and says so');
    }

    my @ids = map { main::hooked("http://$_.test:$main::Port/in") }
        qw( private mapped none nowhere both );

    for (0 .. 3) {
        my $hook = main::until_hook($ids[$_], 'retried');
        main::is($hook->{error}, (qw( private_target private_target no_address no_address ))[$_],
            "name $_");
        main::is($hook->{status}, undef, 'not asked');
    }

    main::until_hook($ids[4], 'delivered');
    my @got = main::received();
    main::is(CORE::join(' ', map { $_->{headers}{host} } @got),
        "both.test:$main::Port", 'the public address of both');
}



=== TEST 7: what a name leads to is looked up once, and the connection goes there
--- names
moves.test A 30
--- location
location = /webhook {
    internal;
    proxy_pass $smtp_verify_webhook_url;
    proxy_set_header Host $smtp_verify_webhook_host;
    proxy_set_header X-Target $smtp_verify_webhook_url;
    proxy_set_header X-Name $smtp_verify_webhook_name;
    proxy_set_header X-Given $smtp_verify_webhook_given;
}
--- dns_queries
moves.test A 1
--- steps eval
sub {
    main::receiver("30:$main::Port");

    my $id = main::hooked("http://Moves.TEST:$main::Port?a=b");
    main::until_hook($id, 'delivered');

    my ($got) = main::received();
    my $h = $got->{headers};

    main::is($got->{path}, '/?a=b', 'path');
    main::is($h->{host}, "moves.test:$main::Port", 'host');
    main::is($h->{'x-target'}, "http://$main::Net.30:$main::Port/?a=b", 'an address');
    main::is($h->{'x-name'}, 'moves.test', 'name');
    main::is($h->{'x-given'}, "http://Moves.TEST:$main::Port?a=b", 'as it was given');
}



=== TEST 8: a receiver that hangs ends by the time of a try, and keeps nobody waiting
--- webhook: allow=$TEST_NGINX_NET.30/32 retry=300s timeout=3s
--- verify
smtp_verify_tokens $TEST_NGINX_SERVER_ROOT/html/tokens;
--- steps eval
sub {
    main::receiver("30:$main::Port", '/slow' => [ 'hang' ]);

    my @alice = (Authorization => 'Bearer alice-token');
    my @bob = (Authorization => 'Bearer bob-token');
    my @ids;

    for (1 .. 12) {
        my ($code, $job) = main::http('POST', '/jobs?smtp=0&webhook='
            . main::escaped(main::url('/slow')), "jane\@ok.test\n", @alice);
        push @ids, $job->{id};
    }

    main::until_received(4, '/slow');

    my $start = Time::HiRes::time();
    main::http('POST', '/jobs?smtp=0&webhook=' . main::escaped(main::url('/quick')),
        "jane\@ok.test\n", @bob);
    my ($quick) = main::until_received(1, '/quick');

    main::ok($quick && $quick->{at} - $start < 2.5, 'the other client does not wait');

    my $times = sub { map { $_->{at} } main::received('/slow') };
    my @first = grep { $_ < $quick->{at} } $times->();
    main::ok(@first <= 8, 'four at a time: ' . @first);

    my $hook;
    for (1 .. 200) {
        my (undef, $job) = main::http('GET', "/jobs/$ids[0]", undef, @alice);
        $hook = $job->{webhook};
        last if ($hook->{state} // '') eq 'retried';
        Time::HiRes::sleep(0.1);
    }

    main::is($hook->{error}, 'timeout', 'timeout');
    main::is(scalar main::until_received(12, '/slow', 30), 12, 'all have their turn');
}
--- timeout: 60



=== TEST 9: each client has its own secret, and a new one beside the old one
--- verify
smtp_verify_tokens $TEST_NGINX_SERVER_ROOT/html/tokens;
--- secrets eval
"# who\nalice $main::Alice\nalice $main::New # since May\n"
--- steps eval
sub {
    main::receiver("30:$main::Port");

    my $query = '/jobs?smtp=0&webhook=' . main::escaped(main::url('/in'));
    my ($code, $job) = main::http('POST', $query, "jane\@ok.test\n",
        Authorization => 'Bearer alice-token',
        Traceparent => '00-' . 'z' x 32 . '-b7ad6b7169203331-01');
    main::is($code, 202, 'alice');

    my ($got) = main::until_received(1);
    main::ok(main::signed($got, $main::Alice), 'the old one');
    main::ok(main::signed($got, $main::New), 'the new one');
    main::is(scalar(split / /, $got->{headers}{'webhook-signature'}), 2, 'two');
    main::is($got->{headers}{traceparent}, undef, 'a trace that is none is not passed on');

    ($code, $job) = main::http('POST', $query, "jane\@ok.test\n",
        Authorization => 'Bearer bob-token');
    main::is("$code $job->{code}", '422 invalid_parameter', 'bob has none');
    main::like($job->{detail}, qr/secret/, 'and learns why');
}



=== TEST 10: nginx is killed, started and reloaded in between, and nothing is lost
--- webhook: allow=$TEST_NGINX_NET.30/32 retry=2s timeout=1s
--- steps eval
sub {
    main::receiver("30:$main::Port", '/in' => [ 503, 503, 200 ], '/slow' => [ 'hang', 200 ]);

    my $id = main::hooked(main::url('/in'));
    my $slow = main::hooked(main::url('/slow'));

    main::until_received(1, '/in');
    main::until_received(1, '/slow');
    main::restart('KILL');
    main::until_received(2, '/in', 40);
    TestVerify::Clients::reload();

    main::is(main::until_hook($id, 'delivered')->{tries}, 3, 'after three tries');
    main::until_job($slow, sub { ($_[0]{webhook}{state} // '') eq 'delivered' }, 40);
    main::is(scalar main::received('/slow'), 2, 'what was on its way is sent again');

    my %ids = map { $_->{headers}{'webhook-id'} => 1 } main::received();
    main::is(scalar keys %ids, 2, 'with the same id');
}
--- timeout: 90



=== TEST 11: a test says what came of it
--- names
private.test A 31
--- steps eval
sub {
    main::receiver("30:$main::Port", '/in' => [ 200, 500, 410, 'hang', 200 ]);

    my $id = main::hooked(main::url('/test'));
    main::until_hook($id, 'delivered');

    my $set = sub {
        main::http('PATCH', "/jobs/$id", main::encode_json({ webhook => $_[0] }),
            'Content-Type' => 'application/json');
    };
    my $test = sub { main::http('POST', "/jobs/$id/webhook") };

    $set->(main::url('/in'));
    my ($code, $answer) = $test->();
    main::is("$code $answer->{delivered} $answer->{status}", '200 1 200', 'delivered');
    main::is($answer->{error}, undef, 'no error');
    main::ok($answer->{response_time_ms} < 2000, 'time');

    my ($got) = main::received('/in');
    main::is($got->{headers}{'webhook-id'}, $answer->{id}, 'id');
    main::ok(main::signed($got, $main::Others), 'signed');
    main::is(main::data($got)->{type}, 'job.test', 'type');
    main::is(main::data($got)->{data}{id}, $id, 'job');

    ($code, $answer) = $test->();
    main::is("$code $answer->{delivered} $answer->{status}", '200 0 500', 'refused');
    ($code, $answer) = $test->();
    main::is("$answer->{status} $answer->{error}", '410 gone', 'gone');
    ($code, $answer) = $test->();
    main::is("$answer->{delivered} $answer->{error}", '0 timeout', 'hangs');
    main::is($answer->{status}, undef, 'no status');
    main::is(main::job($id)->{webhook}{state}, undef, 'a test leaves the state');

    $set->('http://private.test/');
    ($code, $answer) = $test->();
    main::is("$answer->{delivered} $answer->{error}", '0 private_target', 'private');

    # the client goes away meanwhile

    $set->(main::url('/in'));
    my $sock = TestVerify::Jobs::client();
    print $sock "POST /jobs/$id/webhook HTTP/1.1\r\nHost: x\r\n\r\n";
    Time::HiRes::sleep(0.05);
    close $sock;
    sleep 1;

    $set->(undef);
    ($code, $answer) = $test->();
    main::is("$code $answer->{code}", '409 no_webhook', 'none');
    ($code, $answer) = main::http('GET', "/jobs/$id/webhook");
    main::is("$code $answer->{code}", '405 method_not_allowed', 'GET');
    ($code, $answer) = main::http('POST', '/jobs/01m8mn0g546xw2ecjehsqnf3e7/webhook');
    main::is("$code $answer->{code}", '404 job_not_found', 'another job');
}



=== TEST 12: progress, if it was asked for
--- smtp
mx1 11 pipelining
    rcpt u*@*: wait 200ms ; 550 5.1.1 No such user
--- verify
smtp_verify_batch_domain_probes 1;
--- steps eval
sub {
    main::receiver("30:$main::Port");

    my $id = main::submit('wait=0&webhook_events=progress,completed&webhook='
        . main::escaped(main::url('/in')), map { "u$_\@ok.test" } 1 .. 20);
    main::ended($id, 60);
    main::until_job($id, sub { ($_[0]{webhook}{event} // '') eq 'completed' });

    my @got = main::received();
    my @types = map { main::data($_)->{type} } @got;
    my $last = pop @types;
    my @answered = map { main::data($_)->{data}{answered} } @got;

    main::is($last, 'job.completed', 'the last one');
    main::ok(@types >= 2 && @types <= 15, 'progress: ' . @types);
    main::is(scalar(grep { $_ ne 'job.progress' } @types), 0, 'nothing else');
    main::is(CORE::join(' ', @answered), CORE::join(' ', sort { $a <=> $b } @answered), 'grows');
    main::is(scalar(keys %{ { map { $_->{headers}{'webhook-id'} => 1 } @got } }), scalar @got,
        'ids of their own');
}
--- timeout: 60



=== TEST 13: cancelled, with all its results counted; failed
--- smtp
mx1 11 pipelining
    rcpt u*@*: wait 300ms ; 550 5.1.1 No such user
--- verify
smtp_verify_batch_domain_probes 1;
--- log_allow: |smtp verify jobs: job
--- steps eval
sub {
    main::receiver("30:$main::Port");

    my $id = main::submit('wait=0&webhook=' . main::escaped(main::url('/in')),
        map { "u$_\@ok.test" } 1 .. 400);
    main::until_job($id, sub { $_[0]{answered} > 1 });
    main::http('PATCH', "/jobs/$id", '{"state":"cancelled"}',
        'Content-Type' => 'application/json');

    my ($got) = main::until_received(1);
    main::is(main::data($got)->{type}, 'job.cancelled', 'cancelled');
    main::is(main::data($got)->{data}{answered}, 400, 'all are counted');

    # the job fails: its files are not there when it is loaded

    $id = main::submit('wait=30s&webhook=' . main::escaped(main::url('/failed')),
        map { "u$_\@ok.test" } 1 .. 400);
    main::until_job($id, sub { $_[0]{answered} > 1 });
    unlink grep { !m{/key$} } glob TestVerify::Nginx::root() . "/jobs/$id/*" or die;
    main::restart('QUIT');

    ($got) = main::until_received(1, '/failed');
    main::is(main::data($got)->{type}, 'job.failed', 'failed');
    main::like(main::data($got)->{data}{error}, qr/missing/, 'why');
    main::ok(main::signed($got, $main::Others), 'signed');
}
--- timeout: 60



=== TEST 14: what is given up, and a job that is deleted meanwhile
--- webhook: allow=$TEST_NGINX_NET.30/32 retry=1s give_up=4s
--- steps eval
sub {
    main::receiver("30:$main::Port", '/in' => [ 500 ], '/gone' => [ 500 ]);

    my $id = main::hooked(main::url('/in'));
    my $gone = main::hooked(main::url('/gone'));

    main::until_hook($gone, 'retried');
    main::http('DELETE', "/jobs/$gone");

    my $hook = main::until_hook($id, 'given_up');
    main::is("$hook->{tries} $hook->{status}", '2 500', 'tries');
    main::is($hook->{next_try_at}, undef, 'no other one');
    sleep 2;
    main::is(scalar main::received('/in'), 2, 'no more');
    main::is(scalar main::received('/gone'), 1, 'nothing of a job that is gone');

    my $n = (main::http('GET', '/counters'))[1];
    main::is("$n->{webhooks_delivered} $n->{webhooks_failed} $n->{webhooks_given_up}", '0 3 1',
        'counted');
}



=== TEST 15: parameters that are wrong
--- steps eval
sub {
    for my $wrong ('ftp://x/', 'http://', 'https://user:pass@hook.test/', 'http://hook.test/#x',
        'http://127.1/', 'http://2130706433/', 'http://hook.test:0/', 'http://[::1/',
        'http://' . 'x' x 64 . '.test/', 'http://hook.test/' . 'x' x 2040)
    {
        my ($code, $answer) = main::http('POST', '/jobs?webhook=' . main::escaped($wrong),
            "jane\@ok.test\n");
        main::like($code, qr/^4(?:00|14|22)$/, substr $wrong, 0, 30);
    }

    my $id = main::submit('smtp=0', 'jane@ok.test');
    my ($code, $answer) = main::http('PATCH', "/jobs/$id", '{"webhook":"http://10.1.2.3/"}',
        'Content-Type' => 'application/json');
    main::is("$code $answer->{code}", '422 invalid_parameter', 'a change');
}



=== TEST 16: a server that sends none says so
--- webhook: none
--- steps eval
sub {
    my ($code, $answer) = main::http('POST', '/jobs?webhook=' . main::escaped('http://hook.test/'),
        "jane\@ok.test\n");
    main::is("$code $answer->{code}", '422 invalid_parameter', 'refused');
    main::like($answer->{detail}, qr/sends no webhooks/, 'why');
}



=== TEST 17: over TLS, with the name of the certificate, and settings that are wrong
--- webhook: allow=$TEST_NGINX_NET.30/32 retry=300s links=https://verify.example/base/
--- names
hook.test A 30
other.test A 30
--- http_config eval
my ($cert, $key) = TestVerify::Cert::leaf('hook.test');
"server { listen \$TEST_NGINX_NET.30:8778 ssl; ssl_certificate $cert; "
. "ssl_certificate_key $key; location / { proxy_pass http://\$TEST_NGINX_NET.30:8777; "
. "proxy_set_header X-SNI \$ssl_server_name; proxy_set_header Host \$http_host; } }"
--- location eval
"location = /webhook {\ninternal;\nproxy_pass \$smtp_verify_webhook_url;\n"
. "proxy_set_header Host \$smtp_verify_webhook_host;\n"
. "proxy_ssl_name \$smtp_verify_webhook_name;\nproxy_ssl_server_name on;\n"
. "proxy_ssl_verify on;\nproxy_ssl_trusted_certificate "
. (TestVerify::Cert::authority())[2] . ";\n"
. "if (\$smtp_verify_webhook_given ~ forbidden) { return 403; }\n}\n"
--- log_allow: |SSL|certificate
--- steps eval
sub {
    main::receiver("30:$main::Port");

    my $id = main::hooked('https://hook.test:8778/in');
    main::until_hook($id, 'delivered');
    my ($got) = main::received();
    main::is($got->{headers}{'x-sni'}, 'hook.test', 'SNI');
    main::is($got->{headers}{host}, 'hook.test:8778', 'host');
    main::ok(main::signed($got, $main::Others), 'signed');
    main::is(main::data($got)->{data}{links}{self}, "https://verify.example/base/jobs/$id", 'link');

    $id = main::hooked('https://other.test:8778/in');
    my $hook = main::until_hook($id, 'retried');
    main::is($hook->{error}, 'no_answer', 'another name');

    $id = main::hooked("https://hook.test:8778/forbidden");
    $hook = main::until_hook($id, 'retried');
    main::is($hook->{status}, 403, 'the location refuses it');

    main::is(scalar main::received(), 1, 'nothing else was sent');
}



=== TEST 18: no secret
--- secrets eval
"# none\n"
--- must_die
--- error_log
has no secret



=== TEST 19: a secret that is none is not repeated
--- secrets
alice whsec_dG9vIHNob3J0
--- must_die
--- error_log
html/secrets", line 1: "whsec_" and 24 to 64 octets
--- no_error_log
dG9v



=== TEST 20: a time that is none
--- webhook: retry=now
--- must_die
--- error_log
invalid parameter "retry=now"



=== TEST 21: nowhere to look names up
--- bare
--- http_config
smtp_verify_helo verifier.test;
smtp_verify_from probe@verifier.test;
--- must_die
--- error_log
resolver
[emerg]



=== TEST 22: a receiver leads to no other location of this server
--- webhook: allow=$TEST_NGINX_NET.30/32 retry=300s
--- location
location = /webhook {
    internal;
    proxy_pass $smtp_verify_webhook_url;
}
location = /inside {
    internal;
    proxy_pass http://$TEST_NGINX_NET.30:8777/reached;
}
location @named {
    proxy_pass http://$TEST_NGINX_NET.30:8777;
}
--- steps eval
sub {
    main::receiver("30:$main::Port", '/in' => [ 'accel /inside' ],
        '/named' => [ 'accel @named' ], '/itself' => [ 'accel /webhook' ]);

    for my $path ('/in', '/named', '/itself') {
        my $hook = main::until_hook(main::hooked(main::url($path)), 'retried');
        main::is($hook->{status}, 502, "$path: refused");
        main::is(scalar main::received($path), 1, "$path: once");
    }

    main::is(scalar main::received('/reached'), 0, 'not followed');
}
