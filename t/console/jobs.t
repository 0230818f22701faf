# Jobs: a list that is handed over, watched, and taken back.

use lib 't/lib';
use TestVerify 'no_plan';
use TestVerify::Clients;
use TestVerify::Console;
use TestVerify::Jobs;

our @Ops = (Authorization => 'Bearer ops-token');

run_tests();

__DATA__

=== TEST 1: a table is handed over, watched, filtered, saved and deleted
--- smtp
mx1 11 pipelining users=jane,john
--- journey eval
sub {
    my ($b) = @_;

    $b->enter('ops-token', '#/jobs');
    $b->see('There is no job yet');
    $b->looks('jobs-none');

    $b->click('New job');
    $b->see('The list goes to this server only');
    $b->looks('jobs-new-empty');
    my $file = main::file('people.csv',
        "name;mail\n\"Jane; B\";jane\@ok.test\nJoe;joe\@ok.test\n"
        . "John;john\@ok.test\nNone;\nAgain;jane\@ok.test\n");
    $b->files('#job-file', $file);
    $b->see('Column with the addresses');
    main::is($b->js('document.getElementById("job-column").selectedOptions[0].text'),
             'mail', 'the column is found');
    main::is($b->js('document.getElementById("job-name").value'), 'people.csv',
             'and the name');

    # what is typed takes the place of the file, and the other way round

    $b->fill('Or addresses, one a line', "john\@ok.test");
    $b->gone('Column with the addresses');
    $b->files('#job-file', $file);
    $b->see('Column with the addresses');
    $b->choose('Keep it after its end', 'an hour');
    $b->looks('jobs-new');
    $b->click('Hand it over');

    $b->see('5 of 5 (100%)');
    $b->see('completed');
    $b->see('mailbox not found');
    $b->see(qr/Expires\s+in \d+ (min|h)/);
    $b->looks('job-completed');

    $b->choose('Status', 'Undeliverable');
    $b->gone('john@ok.test');
    $b->see('joe@ok.test');
    $b->choose('Status', '');
    $b->choose('Reason', 'error');
    $b->see('missing email');
    $b->choose('Reason', '');

    $b->click('Download');
    my ($name, $path) = $b->downloaded;
    main::is($name, 'people-results.csv', 'the name of the file');
    main::like(main::text_of($path),
        qr/^0,jane\@ok\.test,deliverable,.*"?Jane; B"?,jane\@ok\.test\r?\n1,joe/m,
        'what is in it');

    # the page again, as it was

    $b->reload;
    $b->see('5 of 5 (100%)');

    $b->open('#/jobs');
    $b->click('people.csv');
    $b->click('Delete');
    $b->see('purged from the disk at once');
    $b->focused('Cancel');
    $b->looks('job-delete');
    $b->key('Escape');
    $b->gone('purged from the disk at once');
    $b->click('Delete');
    $b->click('Delete');
    $b->see('The job is purged.');
    $b->see('There is no job yet');
}



=== TEST 2: it is watched over a reload of nginx, and one of the page
--- http_config
smtp_verify_batch_probes 4;
--- smtp
mx1 11 pipelining
    rcpt user*: wait 30ms ; 250 2.1.5 Ok
--- journey eval
sub {
    my ($b) = @_;

    my (undef, $job) = main::http('POST', '/jobs?name=long',
        CORE::join('', map { "user$_\@ok.test\n" } 1 .. 600), @main::Ops);

    $b->enter('ops-token', "#/jobs/$job->{id}");
    $b->see(qr/[1-9]\d* of 600/);

    my ($before) = $b->text =~ /(\d+) of 600/;

    TestVerify::Clients::reload();

    # nothing was lost, and it goes on by itself

    $b->until("Number((document.body.innerText.match(/(\\d+) of 600/) || [])[1])"
              . " > $before", 'it goes on', 30);

    $b->reload;
    $b->see(qr/\d\d+ of 600/);
    $b->see('600 of 600 (100%)', 60);
    $b->see('completed');
}



=== TEST 3: paused, resumed, cancelled
--- http_config
smtp_verify_batch_probes 2;
--- smtp
mx1 11 pipelining
    rcpt user*: wait 50ms ; 250 2.1.5 Ok
--- journey eval
sub {
    my ($b) = @_;

    my (undef, $job) = main::http('POST', '/jobs?name=long',
        CORE::join('', map { "user$_\@ok.test\n" } 1 .. 2000), @main::Ops);

    $b->enter('ops-token', "#/jobs/$job->{id}");
    $b->see('running');
    $b->click('Pause');
    $b->see('paused');
    $b->looks('job-paused');
    $b->click('Resume');
    $b->see('running');
    $b->looks('job-running');
    $b->click('Cancel');
    $b->see('It does not run again.');
    $b->click('Cancel the job');
    $b->see('cancelled');
    $b->gone('Pause');
    $b->see('not probed');
    $b->open('#/jobs');
    $b->see('cancelled');
    $b->looks('jobs-cancelled');
}



=== TEST 4: what waits, until when; pages of results
--- http_config
smtp_verify_batch_probes 50;
--- smtp
mx1 11 pipelining
    rcpt user*: 250 2.1.5 Ok
    rcpt later*: 450 4.2.0 Greylisted, try again in 600 seconds
--- journey eval
sub {
    my ($b) = @_;

    my (undef, $job) = main::http('POST', '/jobs?name=%3Cb%3Elist%3C%2Fb%3E',
        CORE::join('', map { "user$_\@ok.test\n" } 1 .. 120) . "later\@ok.test\n",
        @main::Ops);

    $b->enter('ops-token', '#/jobs');
    $b->see('120 of 121 (99%), 1 waits, goes on in 10 min', 30);
    $b->see('<b>list</b>');
    $b->looks('jobs-waiting');

    $b->click('<b>list</b>');
    $b->see('Everything that is left waits');
    $b->see('in 10 min');
    $b->see('What it waits for');
    $b->see('1 greylisted, in ');
    $b->see('asks us to try again later.');
    $b->looks('job-waiting');

    my %seen;

    for my $page (1 .. 3) {
        $b->see("page $page");
        $b->until("document.querySelectorAll('.results tbody tr').length === "
                  . ($page < 3 ? 50 : 20), "page $page");
        $seen{$_}++ for @{ $b->js("[...document.querySelectorAll("
            . "'.results tbody tr')].map((r) => r.cells[1].textContent)") };
        $b->click('Next') if $page < 3;
    }

    main::is(scalar(keys %seen), 120, 'each address once');
    $b->click('Previous');
    $b->see('page 2');
}



=== TEST 5: a job that is not there, and one of somebody else
--- smtp
mx1 11 pipelining accept
--- journey eval
sub {
    my ($b) = @_;

    my (undef, $job) = main::http('POST', '/jobs?name=hers', "jane\@ok.test\n",
                                  @main::Ops);

    $b->enter('alice-token', "#/jobs/$job->{id}");
    $b->see(qr/no such job/i);
    $b->click('All jobs');
    $b->see('There is no job yet');

    $b->open('#/jobs/..%2F..%2Fstatus');
    $b->see('This is not the id of a job.');
}
--- expected
status of 404 .*/jobs/



=== TEST 6: a worker is killed: it is said, and watched again
--- smtp
mx1 11 pipelining
    rcpt user*: wait 30ms ; 250 2.1.5 Ok
--- http_config
smtp_verify_batch_probes 2;
--- log_allow
exited on signal 9
--- journey eval
sub {
    my ($b) = @_;

    my (undef, $job) = main::http('POST', '/jobs?name=long',
        CORE::join('', map { "user$_\@ok.test\n" } 1 .. 300), @main::Ops);

    $b->enter('ops-token', "#/jobs/$job->{id}");
    $b->see(qr/[1-9]\d* of 300/);
    kill 'KILL', TestVerify::Clients::workers();
    $b->see('The connection was lost');
    $b->gone('The connection was lost');
    $b->see('300 of 300 (100%)', 60);
}
--- expected
ERR_\w+.*/(events|results|jobs/)



=== TEST 7: a sample tells of the whole; who is told of it
--- http_config
smtp_verify_batch_probes 4;
--- config
location = /webhook { internal; proxy_pass $smtp_verify_webhook_url; }
location = /hook { return 204; }
--- user_files
>>> secrets
ops whsec_YWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWE=
--- verify
smtp_verify_jobs_webhook /webhook secret=$TEST_NGINX_SERVER_ROOT/html/secrets allow=127.0.0.0/8;
--- log_allow
mode 0600
--- smtp
mx1 11 pipelining
    rcpt user*: wait 60ms ; 250 2.1.5 Ok
--- journey eval
sub {
    my ($b) = @_;

    $b->enter('ops-token', '#/jobs/new');
    $b->files('#job-file', main::file('users.txt',
        CORE::join '', map { "user$_\@ok.test\n" } 1 .. 1500));
    $b->fill('Name', 'sampled');
    $b->fill('Verify a sample first', '40');
    $b->fill('Webhook', "http://127.0.0.1:$TestVerify::Env::HttpPort/hook");
    $b->click('Hand it over');

    $b->see('Estimate of the whole', 60);
    $b->see(qr/By \d+ records of the sample/);
    $b->see(qr/deliverable\s+1,500/);
    $b->see('nothing was sent yet');
    $b->looks('job-sample');

    $b->click('Test the webhook');
    $b->see('Delivered: it answered with 204.');
    $b->click('Remove the webhook');
    $b->gone('Remove the webhook');
    $b->click('Delete');
    $b->click('Delete');
    $b->see('The job is purged.');
}



=== TEST 8: no stream is free: it is asked for now and then
--- http_config
smtp_verify_batch_probes 2;
--- smtp
mx1 11 pipelining
    rcpt user*: wait 30ms ; 250 2.1.5 Ok
--- journey eval
sub {
    my ($b) = @_;

    my (undef, $job) = main::http('POST', '/jobs?name=long',
        CORE::join('', map { "user$_\@ok.test\n" } 1 .. 400), @main::Ops);

    my @taken = map {
        my $sock = TestVerify::Jobs::client();
        print $sock "GET /jobs/$job->{id}/events HTTP/1.1\r\nHost: localhost\r\n"
            . "Authorization: Bearer ops-token\r\n\r\n";
        sysread $sock, my $head, 10;
        $sock;
    } 1 .. 16;

    $b->enter('ops-token', "#/jobs/$job->{id}");
    $b->see(qr/[1-9]\d* of 400/);
    my ($before) = $b->text =~ /(\d+) of 400/;
    $b->until("Number((document.body.innerText.match(/(\\d+) of 400/) || [])[1])"
              . " > $before", 'it goes on', 30);
    main::unlike($b->text, qr/connection was lost|too many/i, 'nothing is wrong');
    main::http('DELETE', "/jobs/$job->{id}", undef, @main::Ops);
}
--- expected
status of 503 .*/events
