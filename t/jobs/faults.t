# What may be wrong with the store of jobs, and what is said of it: nothing is
# lost, no process dies, other jobs and all other requests go on.

use lib 't/lib';
use TestVerify::Disk;
use TestVerify 'no_plan';
use TestVerify::Clients;
use TestVerify::Jobs;

use Time::HiRes;

our (%seen, $alive);

workers(2);
master_on();
no_long_string();

our ($Store, $current);

add_block_preprocessor(sub {
    my ($block) = @_;

    my $more = $block->verify // '';
    my $param = $block->store // '';

    # a store of its own for each block

    my ($n) = $block->name =~ /TEST (\d+)/ or die;
    my $store = "$TestVerify::Disk::Path/jobs-$n";

    $block->set_value(http_config => TestVerify::Blocks::patient(''));
    $block->set_value(config => "location /jobs {\n"
        . "smtp_verify_jobs_store $store $param;\n"
        . "smtp_verify_jobs;\nsmtp_verify_batch_domain_probes 5;\n$more\n}\n"
        . "location = /verify { smtp_verify; }\n"
        . "location = /idle { return 204; }\n");

    $block->set_value(smtp => "mx1 11 pipelining\n"
        . "    rcpt no*@*: wait 20ms ; 550 5.1.1 No such user\n");

    $block->set_value(request => 'GET /idle');
    $block->set_value(error_code => 204);
    $block->set_value(log_allow => 'smtp verify jobs:|the store of jobs')
        if !defined $block->log_allow;
    $block->set_value(init => 'main::steps();');
    $current = $block;
    $Store = $store;
});

run_tests();


# the section "steps" is Perl

sub steps
{
    %main::seen = ();
    TestVerify::Clients::wait_for(sub { TestVerify::Clients::workers() == 2 });
    $main::alive = CORE::join ' ', TestVerify::Clients::workers();
    $current->steps->();

    # whatever happened: no worker has died of it, and others are answered

    my (undef, $one) = http('GET', "/verify?email=no\@ok.test");
    is($one->{reason}, 'mailbox_not_found', $current->name . ' - others');
}

sub alive { is(CORE::join(' ', TestVerify::Clients::workers()), $main::alive, 'no worker has died') }

sub users { map { "no$_\@ok.test" } $_[0] .. $_[1] }

# a list is sent: "507 store_full"

sub sent
{
    my ($code, $job, $head) = http('POST', '/jobs', CORE::join '', map { "$_\n" } @_);

    return "$code " . (ref $job ? $job->{code} // $job->{state} // '' : '');
}

sub answer
{
    my ($code, $job) = http('GET', $_[0]);
    return "$code " . (ref $job ? $job->{code} // $job->{state} // '' : '');
}

# the job does not go on with so many records, "no_room 5", and what is said of it

sub waits
{
    my ($id, $for) = @_;

    my $job = until_job($id, sub {
        my $first = $_[0]{waiting_for}[0];
        return $first && "$first->{reason} $first->{count}" eq $for;
    });

    return "$job->{state} " . ($job->{waiting_for}[0]{detail} // '-');
}

sub complete
{
    my ($id, $n) = @_;

    my $job = ended($id, 60);
    my @lines = lines("/jobs/$id/results?order=input");
    my $page = pop @lines;

    is("$job->{state} $job->{answered} " . CORE::join(' ', map { $_->{index} } @lines),
       "completed $n @{[ 0 .. $n - 1 ]}", "all of job $n");
}

sub state_of
{
    my ($id, $state) = @_;
    my $job;

    TestVerify::Clients::wait_for(sub {
        my $list = (http('GET', '/jobs'))[1];
        return 0 if ref $list ne 'HASH' || !$list->{jobs};
        ($job) = grep { $_->{id} eq $id } @{ $list->{jobs} };
        return $job && $job->{state} eq $state;
    });

    return $job;
}

# what is in a file of the server's directory

sub put
{
    my ($file, $text) = @_;

    open my $out, '>:raw', TestVerify::Nginx::root() . "/$file" or die "$file: $!\n";
    print $out $text;
    close $out;
}

# other parameters of the store, from the next start on

sub configure
{
    my ($parameters) = @_;

    my $file = 'conf/nginx.conf';
    local $/;
    open my $in, '<', TestVerify::Nginx::root() . "/$file" or die "$file: $!\n";
    my $conf = <$in>;

    $conf =~ s/(smtp_verify_jobs_store \S+)[^;]*/$1 $parameters/ or die "no store\n";
    put($file, $conf);
}

# an octet of a database, four from there on

sub poke
{
    my ($file, $at, $number) = @_;

    open my $db, '+<:raw', "$Store/$file" or die "$file: $!\n";
    sysseek $db, $at, 0;
    sysread $db, my $old, 4;
    sysseek $db, $at, 0;
    syswrite $db, pack 'N', $number;
    return unpack 'N', $old;
}

# databases are closed when nobody has used them for a while; with nginx stopped
# all of them are

sub meanwhile
{
    my ($code) = @_;

    my $command = stop_nginx('QUIT');
    $code->();
    start_nginx($command);
    TestVerify::Clients::wait_for(sub { TestVerify::Clients::workers() == 2 });
    $main::alive = CORE::join ' ', TestVerify::Clients::workers();
}

__DATA__

=== TEST 1: the disk is full: no list is taken in, a job waits, and goes on
--- steps eval
sub {
    my $id = main::submit('wait=60s', main::users(1, 400));
    main::until_job($id, sub { $_[0]{answered} > 20 });
    TestVerify::Disk::fill();
    main::is(main::sent(main::users(1, 2000)), '507 store_full', 'a list');
    my $job = main::state_of($id, 'paused');
    main::like($job->{error}, qr/full/, 'why');
    main::like(main::answer("/jobs/$id"), qr/^200 paused/, 'it can be read');
    main::like(main::answer("/jobs/$id/results?limit=5"), qr/^200/, 'so can its results');
    TestVerify::Disk::free();
    main::patch($id, '{"state":"running"}');
    main::complete($id, 400);
    main::is(main::sent(main::users(1, 5)), '202 queued', 'a list, afterwards');
    main::alive();
}



=== TEST 2: on a full disk a job is deleted
--- steps eval
sub {
    my $id = main::submit('wait=60s', main::users(1, 400));
    main::until_job($id, sub { $_[0]{answered} > 20 });
    TestVerify::Disk::fill();
    main::is((main::http('DELETE', "/jobs/$id"))[0], 204, 'deleted');
    main::ok(! -e "$main::Store/$id", 'its files are gone');
    TestVerify::Disk::free();
    main::alive();
}



=== TEST 3: the disk is read-only for a while
--- steps eval
sub {
    my $id = main::submit('wait=60s', main::users(1, 200));
    main::until_job($id, sub { $_[0]{answered} > 20 });
    main::meanwhile(sub { TestVerify::Disk::read_only(1) });
    main::is(main::sent(main::users(1, 5)), '500 store_failed', 'a list');
    my $job = (main::http('GET', '/jobs'))[1];
    main::is($job->{status} // '-', 500, 'the jobs');
    main::like($job->{detail}, qr/read-only/, 'why');
    TestVerify::Disk::read_only(0);
    main::is(main::sent(main::users(1, 5)), '202 queued', 'a list, afterwards');
    main::patch($id, '{"state":"running"}');
    main::complete($id, 200);
    main::alive();
}



=== TEST 4: the files of a job belong to somebody else; another job goes on
--- steps eval
sub {
    my $bad = main::submit('wait=60s', main::users(1, 100));
    my $good = main::submit('wait=60s', main::users(1, 50));
    main::complete($good, 50);
    main::complete($bad, 100);
    my ($uid, $gid) = (stat "$main::Store/$bad")[4, 5];
    main::meanwhile(sub { chown 12345, 12345, "$main::Store/$bad" });
    main::is(main::answer("/jobs/$bad"), '500 store_failed', 'that job');
    main::is(main::answer("/jobs/$good"), '200 completed', 'the other one');
    main::like(main::logged(), qr/$bad" belongs to another user/, 'the log');
    chown $uid, $gid, "$main::Store/$bad";
    main::is(main::answer("/jobs/$bad"), '200 completed', 'it is there again');
    main::alive();
}



=== TEST 5: the catalogue is a file of another program, or of a newer version
--- steps eval
sub {
    my $id = main::submit('wait=60s', main::users(1, 120));
    main::until_job($id, sub { $_[0]{answered} > 20 });

    for my $fault ([ 68, 0x11223344, 'damaged, or is not one of ours', 'not a database of this module' ],
                   [ 60, 99, 'newer version', 'version' ])
    {
        my ($at, $number, $told, $logged) = @$fault;
        my $old;

        main::meanwhile(sub { $old = main::poke('catalog.db', $at, $number) });
        main::is(main::sent(main::users(1, 5)), '500 store_failed', "a list: $told");
        main::like((main::http('GET', '/jobs'))[1]{detail}, qr/$told/, 'it is said');
        main::like(main::logged(), qr/catalog.db" .*$logged/, 'and logged');
        main::alive();
        main::poke('catalog.db', $at, $old);
    }

    main::is(main::sent(main::users(1, 5)), '202 queued', 'all is well again');
    main::complete($id, 120);
}



=== TEST 6: a job whose database is of a newer version, or foreign; another one goes on
--- steps eval
sub {
    my ($newer, $foreign, $good) = map { main::submit('wait=60s', main::users(1, 120)) } 1 .. 3;
    main::until_job($good, sub { $_[0]{answered} > 20 });
    my $old;
    main::meanwhile(sub {
        $old = main::poke("$newer/job.db", 60, 99);
        main::poke("$foreign/job.db", 68, 1);
    });
    main::complete($good, 120);
    main::is(main::answer("/jobs/$newer"), '500 store_failed', 'the newer one');
    main::is(main::answer("/jobs/$foreign"), '500 store_failed', 'the foreign one');
    main::like(main::logged(), qr/$newer.*newer/, 'the log');
    main::like(main::state_of($foreign, 'failed')->{error}, qr/damaged|not/, 'why');
    main::is((main::http('DELETE', "/jobs/$foreign"))[0], 204, 'deleted');
    main::like(main::state_of($newer, 'paused')->{error}, qr/newer/, 'that one waits');
    main::poke("$newer/job.db", 60, $old);
    main::patch($newer, '{"state":"running"}');
    main::complete($newer, 120);
    main::alive();
}



=== TEST 7: the key of a job is missing; another one goes on
--- steps eval
sub {
    my ($bad, $good) = map { main::submit('wait=60s', main::users(1, 120)) } 1 .. 2;
    main::until_job($good, sub { $_[0]{answered} > 20 });
    my $key = "$main::Store/$bad/key";
    main::meanwhile(sub { rename $key, "$main::Store/away" or die });
    main::complete($good, 120);
    main::like((main::http('GET', "/jobs/$bad"))[1]{detail}, qr/key/, 'it is said');
    main::like(main::logged(), qr/key "[^"]*$bad\/key" could not be opened/, 'the log');
    main::like(main::state_of($bad, 'paused')->{error}, qr/key/, 'it waits');
    rename "$main::Store/away", $key or die;
    main::patch($bad, '{"state":"running"}');
    main::complete($bad, 120);
    main::alive();
}



=== TEST 8: what a client may have, and what it is told
--- verify
smtp_verify_jobs_limit jobs=2 records=100 bytes=10k;
--- steps eval
sub {
    my (undef, $job) = main::http('POST', '/jobs', CORE::join '', map { "$_\n" } main::users(1, 101));
    main::is("$job->{status} $job->{code} $job->{allowed}{records}", '413 jobs_limit 100', 'too many records');
    (undef, $job) = main::http('POST', '/jobs', 'x' x 10241);
    main::is("$job->{status} $job->{code} $job->{allowed}{bytes}", '413 jobs_limit 10240', 'too many bytes');
    my $id = main::submit('wait=60s', main::users(1, 60));
    (undef, $job) = main::http('POST', '/jobs', CORE::join '', map { "$_\n" } main::users(1, 41));
    main::is("$job->{status} $job->{code} $job->{used}{records}", '429 jobs_limit 60', 'with the other job');
    TestVerify::Clients::wait_for(sub { @{ (main::http('GET', '/jobs'))[1]{jobs} } == 1 });
    main::like(main::sent(main::users(1, 40)), qr/^202/, 'what fits');
    (undef, $job) = main::http('POST', '/jobs', '');
    (undef, $job) = main::http('POST', '/jobs', "a\@ok.test\n");
    main::is("$job->{status} $job->{code} $job->{used}{jobs}", '429 jobs_limit 2', 'too many jobs');
    main::complete($id, 60);
    main::alive();
}



=== TEST 9: after a purge neither addresses nor the key are on the device, or in nginx's folders
--- steps eval
sub {
    my $id = main::submit('wait=60s', map { "no-zebra$_\@ok.test" } 1 .. 120);
    main::complete($id, 120);
    open my $in, '<:raw', "$main::Store/$id/key" or die;
    local $/;
    my $key = substr scalar <$in>, 17, 32;
    my $before = TestVerify::Disk::bytes();
    main::ok(index($before, $key) >= 0, 'the key is found while the job is there');
    main::is((main::http('DELETE', "/jobs/$id"))[0], 204, 'deleted');
    my $after = TestVerify::Disk::bytes();
    main::ok(index($after, $key) < 0, 'not any more');
    main::ok("$before$after" !~ /zebra/, 'no address was ever there');
    my $root = TestVerify::Nginx::root();
    main::is(`grep -rl zebra $root/*_temp $root/logs/access.log 2> /dev/null`, '',
             'nor is one in temporary files, and the access log');
    main::alive();
}



=== TEST 10: another key than that of the jobs, and none: they wait for theirs, others go on
--- user_files
>>> key
the first key of the store, of 42 octets..
--- store: key=$TEST_NGINX_SERVER_ROOT/html/key
--- steps eval
sub {
    my ($bad, $ended, $gone) = map { main::submit('wait=60s', main::users(1, $_)) } 240, 3, 2;
    main::complete($_->[0], $_->[1]) for [ $ended, 3 ], [ $gone, 2 ];
    main::until_job($bad, sub { $_[0]{answered} > 20 });

    # by a reload, as it would be in production

    main::put('html/key', 'another key of the store, of 42 octets....');
    TestVerify::Clients::reload();
    $main::alive = CORE::join ' ', TestVerify::Clients::workers();

    my $paused = main::state_of($bad, 'paused');
    main::like($paused->{error}, qr/key/, 'it waits');
    main::like(main::logged(), qr/"[^"]*$bad\/key" is wrapped by another one than that of "key="/, 'the log');

    for my $path ("/jobs/$bad", "/jobs/$bad/results", "/jobs/$ended") {
        my ($code, $why) = main::http('GET', $path);
        main::is("$code $why->{code} $why->{detail}",
                 '500 store_failed The key of the store is missing, or is another one.', "GET $path");
    }

    my (undef, $erased) = main::http('DELETE', '/jobs/addresses', '{"email":"no1@ok.test"}',
                                     'Content-Type' => 'application/json');
    main::is($erased->{not_searched}, 3, 'nobody is told that an address was erased');

    # what it has of its own goes on; a purge needs no key

    my $new = main::submit('wait=60s', main::users(1, 20));
    main::complete($new, 20);
    main::is((main::http('DELETE', "/jobs/$gone"))[0], 204, 'deleted');
    main::ok(! -e "$main::Store/$gone", 'its files are gone');
    main::patch($bad, '{"state":"running"}');
    main::like(main::state_of($bad, 'paused')->{error}, qr/key/, 'resumed in vain');
    main::alive();

    main::meanwhile(sub { main::configure('') });
    main::is(main::answer("/jobs/$bad"), '500 store_failed', 'without any key');
    main::like(main::logged(), qr/$bad\/key" is wrapped, and no "key=" is configured/, 'the log');
    main::alive();

    main::put('html/key', 'the first key of the store, of 42 octets..');
    main::meanwhile(sub { main::configure('key=' . TestVerify::Nginx::root() . '/html/key') });
    main::is(main::answer("/jobs/$new"), '500 store_failed', 'that of the other key');
    main::is(main::answer("/jobs/$ended"), '200 completed', 'those of the first one');
    main::patch($bad, '{"state":"running"}');
    main::complete($bad, 240);
    main::alive();
}



=== TEST 11: the zone is full: a job waits for the others, also when workers die and nginx is started anew
--- no_zones
--- store: zone=64k
--- log_allow
smtp verify jobs:|the store of jobs|exited on signal 9|was locked by
--- steps eval
sub {
    my @slow = map { main::submit('wait=60s', main::users(1, 100)) } 1 .. 70;
    my $last = main::submit('wait=60s', main::users(1, 5));
    main::is(main::waits($last, 'no_room 5'), 'queued The zone of the store has no room for this job'
        . ' beside the others. It begins when others have ended.', 'the last one waits');
    main::like(main::logged(), qr/zone "[^"]+" has no room for job \w+, which waits for others to end/, 'the log');
    main::is((main::lines("/jobs/$last/results"))[-1]{count}, 0, 'it can be read');
    main::until_job($slow[0], sub { $_[0]{answered} > 5 });

    # a job that waits like this can be paused, resumed and deleted as any other

    my $other = main::submit('wait=60s', main::users(1, 5));
    main::is((main::patch($other, '{"state":"paused"}'))[1]{state}, 'paused', 'paused');
    main::is((main::patch($other, '{"state":"running"}'))[0], 200, 'resumed');
    main::is((main::http('DELETE', "/jobs/$other"))[0], 204, 'deleted');
    main::ok(! -e "$main::Store/$other", 'its files are gone');
    main::alive();

    kill 'KILL', (TestVerify::Clients::workers())[0];
    TestVerify::Clients::wait_for(sub { TestVerify::Clients::workers() == 2 });
    main::is(main::job($last)->{state}, 'queued', 'a worker has died');
    main::meanwhile(sub { });
    my $waits;
    TestVerify::Clients::wait_for(sub {
        ($waits) = grep { ($_->{waiting_for}[0]{reason} // '') eq 'no_room' }
            map { main::job($_) } $last, @slow;
    });
    main::like($waits->{waiting_for}[0]{detail}, qr/beside the others/, 'nginx was started anew: one waits');

    # the first that ends makes room

    main::http('DELETE', "/jobs/$_") for @slow[1 .. 69];
    main::complete($last, 5);
    main::complete($slow[0], 100);
    main::is(main::sent(main::users(1, 5)), '202 queued', 'a list, afterwards');
    main::alive();
}
