# A job is gone by itself a day after its end, by the clock of the machine: its
# directory, its key, its row of the catalogue, its idempotency key.

use lib 't/lib';
use TestVerify::Clock;
use TestVerify 'no_plan';
use TestVerify::Clients;
use TestVerify::Jobs;
use TestVerify::Receiver;

use File::Find;
use JSON::PP;
use MIME::Base64;

use constant { HOUR => 3600, DAY => 86400 };

master_on();
no_long_string();

our $Port = 8779;
our $current;

add_block_preprocessor(sub {
    my ($block) = @_;

    TestVerify::Clock::set(0);

    $block->set_value(user_files =>
        '>>> secrets' . "\nwhsec_" . encode_base64('s' x 32, '') . "\n");

    $block->set_value(config => <<'_EOC_');
location /jobs {
    smtp_verify_jobs_store    $TEST_NGINX_SERVROOT/jobs;
    smtp_verify_jobs_webhook  /webhook secret=$TEST_NGINX_SERVER_ROOT/html/secrets allow=$TEST_NGINX_NET.30/32;
    smtp_verify_jobs;
}
location = /webhook {
    internal;
    proxy_pass        $smtp_verify_webhook_url;
    proxy_set_header  Host $smtp_verify_webhook_host;
}
location = /idle { return 204; }
_EOC_

    $block->set_value(request => 'GET /idle');
    $block->set_value(error_code => 204);
    $block->set_value(init => 'main::steps();');
    $current = $block;
});

run_tests();


# the section "steps" is Perl

sub steps
{
    receiver("30:$Port");
    $current->steps->();
    stop_receiver();
}


sub zebras { map { "zebra$_\@ok.test" } 1 .. $_[0] }


# seconds since the epoch of a time in JSON

sub seconds
{
    my @part = $_[0] =~ /^(\d+)-(\d+)-(\d+)T(\d+):(\d+):(\d+)Z\z/ or return -1;

    require Time::Local;
    return Time::Local::timegm(@part[5, 4, 3, 2], $part[1] - 1, $part[0]);
}


# the events that came, as "completed expires"

sub events
{
    return CORE::join ' ', map { decode_json($_->{body})->{type} =~ s/^job\.//r }
        received();
}


# sets the clock so many seconds after the end of the job, and lets the keeper
# look

sub at
{
    my ($job, $seconds) = @_;

    TestVerify::Clock::set(seconds($job->{finished_at}) + $seconds - time());
    sleep 3;
}


# whatever is in the files of the store

sub bytes
{
    my $all = '';

    find({ no_chdir => 1, wanted => sub {
        return if !-f;
        open my $in, '<:raw', $_ or die "$_: $!\n";
        local $/;
        $all .= "$_\n" . (<$in> // '');
    } }, store(''));

    return $all;
}


# the files of the job, which stay open: what is in them can be read after they
# were removed

sub opened
{
    my ($id) = @_;

    return map {
        open my $in, '<:raw', store("$id/$_") or die "$_: $!\n";
        ($_ => $in)
    } qw( key job.db );
}


sub content
{
    my ($in) = @_;

    local $/;
    sysseek $in, 0, 0;
    sysread $in, my $text, 1 << 20;
    return $text;
}


sub until_gone
{
    my ($id) = @_;

    for (1 .. 200) {
        return 1 if (http('GET', "/jobs/$id"))[0] == 404 && !-e store($id);
        select undef, undef, undef, 0.1;
    }

    return 0;
}


# its row leaves the catalogue after its files

sub until_unknown
{
    my ($id) = @_;

    for (1 .. 200) {
        return 1 if index(bytes(), $id) < 0;
        select undef, undef, undef, 0.1;
    }

    return 0;
}


# nginx as it was started, with the clock of the suite

sub start
{
    my ($command) = @_;

    start_nginx($command =~ s/^\S+/$TestVerify::Clock::Nginx/r);
}

__DATA__

=== TEST 1: after a day, and not before; an hour before, its webhook is told
--- smtp
mx1 11 pipelining users=zebra1
--- steps eval
sub {
    my $hook = "http://$TestVerify::Env::Net.30:$main::Port/in" =~ s/([^\w.~-])/sprintf '%%%02X', ord $1/ger;
    my $list = CORE::join '', map { "$_\n" } main::zebras(20), main::zebras(3);
    my @key = ('Idempotency-Key' => '"once"');

    my ($code, $job) = main::http('POST', "/jobs?webhook=$hook", $list, @key);
    $job = main::ended($job->{id});
    my $id = $job->{id};

    main::is("$code $job->{state} $job->{answered}", '202 completed 23', 'a job');
    main::is($job->{retention}, main::DAY, 'is kept for a day');
    main::is(main::seconds($job->{expires_at}) - main::seconds($job->{finished_at}), main::DAY,
             'after its end');

    my %file = main::opened($id);
    my $secret = substr main::content($file{key}), 17, 32;
    my $before = main::bytes();

    main::ok(length $secret == 32 && index($before, $secret) >= 0, 'its key is in the store');
    main::ok(index($before, $id) >= 0, 'so is its id');
    main::unlike($before, qr/zebra/, 'no address is');

    main::until_received(1);
    main::at($job, 23 * main::HOUR - 60);
    main::is(main::events(), 'completed', 'more than an hour before');
    main::at($job, 23 * main::HOUR + 10);
    main::until_received(2);
    main::is(main::events(), 'completed expires', 'an hour before');

    my $data = main::decode_json((main::received())[1]{body})->{data};
    main::is("$data->{id} $data->{expires_at}", "$id $job->{expires_at}", 'what it is told');

    main::at($job, main::DAY - 60);
    main::is(main::job($id)->{state}, 'completed', 'a minute before it is there');
    main::is(scalar(() = main::lines("/jobs/$id/results")), 24, 'with its results');
    main::ok(-e main::store("$id/key"), 'and its key');

    main::at($job, main::DAY + 5);
    main::ok(main::until_gone($id), 'then it is gone');

    my $after = main::bytes();

    main::ok(index(main::content($file{key}), $secret) < 0, 'its key was overwritten');
    main::unlike(main::content($file{'job.db'}), qr/zebra/, 'its database had no address');
    main::ok(index($after, $secret) < 0, 'the key is nowhere in the store');
    main::ok(index($after, $id) < 0, 'nor is its id, in the catalogue or elsewhere');
    main::unlike($after, qr/zebra|:8779/, 'nor an address, nor its webhook');
    main::is_deeply((main::http('GET', '/jobs'))[1]{jobs}, [], 'the client has no job');
    main::is((main::http('GET', "/jobs/$id/results"))[0], 404, 'no results');
    main::is(main::events(), 'completed expires', 'nothing more is told');

    ($code, $job) = main::http('POST', '/jobs', "other\@ok.test\n", @key);
    main::is($code, 202, 'its idempotency key is free for another list');
    main::isnt($job->{id}, $id, 'which is another job');
}



=== TEST 2: each by its own end: one that goes on, one that is kept for longer, one that is paused
--- smtp
mx1 11 pipelining
    rcpt zebra*@*: wait 200ms ; 550 5.1.1 No such user
    rcpt grey*@*: 451 4.7.1 Greylisted, try again in 300 seconds
--- steps eval
sub {
    my $first = main::submit('', main::zebras(2));
    my $longer = main::submit('retention=3d', main::zebras(2));
    my $grey = main::submit('', "grey\@ok.test");
    my $paused = main::submit('', "grey\@ok.test");
    main::until_job($grey, sub { $_[0]{waiting} == 1 });
    main::until_job($paused, sub { $_[0]{waiting} == 1 });
    my ($code) = main::http('PATCH', "/jobs/$paused", '{"state":"paused"}',
                            'Content-Type' => 'application/json');
    main::is($code, 200, 'paused');
    my $job = main::ended($first);
    main::ended($longer);

    # the server greylists for a day, and this is how long the job waits

    main::at($job, main::DAY + 30);
    main::ok(main::until_gone($first), 'a day after its end');
    main::ok(main::until_gone($paused), 'one that was paused for a day');
    main::is(main::job($longer)->{state}, 'completed', 'one that is kept for three');

    my $end = main::ended($grey);
    main::is("$end->{state} $end->{reason}{greylisted}", 'completed 1', 'one that has just ended');

    main::at($end, main::DAY - 60);
    main::is(main::job($grey)->{state}, 'completed', 'is kept for a day from then on');
    main::at($end, main::DAY + 5);
    main::ok(main::until_gone($grey), 'and no longer');

    main::at($job, 3 * main::DAY - 60);
    main::is(main::job($longer)->{state}, 'completed', 'nearly three days');
    main::at($job, 3 * main::DAY + 30);
    main::ok(main::until_gone($longer), 'three days');
    main::is(CORE::join(' ', grep { m{/\w{26}\z} } glob main::store('*')), '',
             'no directory is left');
}



=== TEST 3: nginx is stopped meanwhile: it is gone soon after the start
--- smtp
mx1 11 pipelining users=zebra1
--- steps eval
sub {
    my $job = main::ended(main::submit('', main::zebras(5)));
    my %file = main::opened($job->{id});
    my $secret = substr main::content($file{key}), 17, 32;

    my $command = main::stop_nginx('QUIT');
    TestVerify::Clock::set(main::DAY + 60);
    main::ok(-e main::store($job->{id}), 'the files are there');
    main::start($command);
    main::ok(main::until_gone($job->{id}), 'gone');
    main::ok(index(main::content($file{key}), $secret) < 0, 'its key was overwritten');
    main::ok(main::until_unknown($job->{id}), 'the catalogue does not know it');
}



=== TEST 4: a clock that is set back purges nothing too early
--- smtp
mx1 11 pipelining users=zebra1
--- steps eval
sub {
    my $job = main::ended(main::submit('', main::zebras(5)));
    main::at($job, -2 * main::DAY);
    main::is(main::job($job->{id})->{state}, 'completed', 'it is there');
    my $new = main::ended(main::submit('', main::zebras(5)));
    main::at($job, main::DAY - 60);
    main::ok(main::until_gone($new->{id}), 'one of the days before is gone');
    main::is(main::job($job->{id})->{state}, 'completed', 'the other one is not');
    main::at($job, main::DAY + 5);
    main::ok(main::until_gone($job->{id}), 'until it is its time');
}
