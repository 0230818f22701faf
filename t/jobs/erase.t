# A person who is erased while jobs run is asked for no more, has no verdict in
# any of them, and is not put into the cache again.

use lib 't/lib';
use TestVerify 'no_plan';
use TestVerify::Clients;
use TestVerify::Jobs;
use TestVerify::SMTP;

use JSON::PP;
use Time::HiRes;

workers(2);
master_on();
no_long_string();
preset(no_zones => "", no_reuse => "");

our $current;

add_block_preprocessor(sub {
    my ($block) = @_;

    my $probes = $block->probes // 1;

    $block->set_value(http_config => TestVerify::Blocks::patient(
        "smtp_verify_cache_zone zone=c:1m;\n"));

    $block->set_value(config => "smtp_verify_cache c;\n"
        . "location /jobs {\n"
        . "smtp_verify_jobs_store \$TEST_NGINX_SERVROOT/jobs;\n"
        . "smtp_verify_jobs;\nsmtp_verify_batch_domain_probes $probes;\n}\n"
        . "location = /verify { smtp_verify; }\n"
        . "location = /idle { return 204; }\n");

    $block->set_value(request => 'GET /idle');
    $block->set_value(error_code => 204);
    $block->set_value(init => 'main::steps();');
    $current = $block;
});

no_root_location();
run_tests();


sub steps { $current->steps->() }

sub users { map { "u$_\@ok.test" } $_[0] .. $_[1] }

sub erase
{
    my ($email) = @_;

    my ($code, $said) = http('DELETE', '/jobs/addresses', encode_json({ email => $email }),
                             'Content-Type' => 'application/json');

    return "$code $said->{records} $said->{not_searched}";
}


# how often the servers were asked for it, and for each

sub asked { all_asked()->{lc $_[0]} // 0 }

sub all_asked
{
    my $asked = TestVerify::SMTP::recipients();
    my %n;

    $n{lc $_} += $asked->{$_} for keys %$asked;
    return \%n;
}


# the job with so many records is complete, and this person is not in it, nor in
# the cache, and was asked for so often, if that is known

sub forgotten
{
    my ($id, $email, $records, $erased, $asked) = @_;

    my $job = ended($id, 60);
    is("$job->{state} $job->{answered} $job->{errors}",
       'completed ' . ($records - $erased) . " $erased", 'the job');

    my @lines = lines("/jobs/$id/results?order=input");
    is(scalar(grep { ($_->{error} // '') eq 'erased' } @lines), $erased, 'its place is kept');
    is(scalar(grep { ($_->{email} // '') =~ /^\Q$email\E\z/i } @lines), 0, 'without the address');

    # another worker may not have stored what it has yet

    Time::HiRes::sleep(0.5);
    is((http('DELETE', "/verify?email=$email"))[0], 404, 'it is not in the cache');
    is(asked($email), $asked, 'and was asked for as often as before')
        if defined $asked;
}

__DATA__

=== TEST 1: it is in a block that a worker has in its memory
--- smtp
mx1 11 pipelining
    rcpt *: wait 100ms ; 550 5.1.1 No such user
--- steps eval
sub {
    my $id = main::submit('wait=60s', main::users(1, 30), "jane\@ok.test");
    main::until_job($id, sub { $_[0]{answered} >= 2 });
    main::is(main::erase("jane\@ok.test"), '200 1 0', 'erased');
    main::forgotten($id, "jane\@ok.test", 31, 1, 0);
}



=== TEST 2: it is asked at this moment
--- smtp
mx1 11 pipelining
    rcpt jane@*: wait 2s ; 550 5.1.1 No such user
    rcpt *: 550 5.1.1 No such user
--- steps eval
sub {
    my $id = main::submit('wait=60s', "jane\@ok.test", main::users(1, 20), "jane\@ok.test");
    TestVerify::Clients::wait_for(sub { main::asked("jane\@ok.test") });
    main::is(main::erase("jane\@ok.test"), '200 2 0', 'erased, with what repeats it');
    main::forgotten($id, "jane\@ok.test", 22, 2);
}



=== TEST 3: it waits for a server that greylists, and would be asked again
--- smtp
mx1 11 pipelining
    rcpt jane@*: 451 4.7.1 Greylisted, try again in 4 seconds
    rcpt *: wait 100ms ; 550 5.1.1 No such user
--- steps eval
sub {
    my $id = main::submit('wait=60s', main::users(1, 20), "jane\@ok.test", "JANE\@ok.test");
    main::until_job($id, sub { $_[0]{waiting} == 1 });
    sleep 1;        # what repeats it is asked for at this moment
    main::is(main::erase("jane\@ok.test"), '200 2 0', 'erased');
    my $asked = main::asked("jane\@ok.test");
    sleep 6;
    main::forgotten($id, "jane\@ok.test", 22, 2, $asked);
}



=== TEST 4: it is due again, and in the memory of a worker
--- smtp
mx1 11 pipelining
    rcpt first@*: 451 4.7.1 Greylisted, try again in 3 seconds ; wait 3s ; 550 5.1.1 No such user
    rcpt jane@*: 451 4.7.1 Greylisted, try again in 3 seconds
    rcpt *: 550 5.1.1 No such user
--- steps eval
sub {
    my $id = main::submit('wait=60s', "first\@ok.test", main::users(1, 5), "jane\@ok.test");
    main::until_job($id, sub { $_[0]{waiting} == 2 });
    main::is(main::erase("jane\@ok.test"), '200 1 0', 'erased');
    my $asked = main::asked("jane\@ok.test");
    sleep 6;
    main::is(main::asked("jane\@ok.test"), $asked, 'it was asked no more');
    main::forgotten($id, "jane\@ok.test", 7, 1, $asked);
}



=== TEST 5: many persons, in all states, while two workers work
--- probes: 3
--- smtp
mx1 11 pipelining
    rcpt *: wait 100ms ; 550 5.1.1 No such user
--- steps eval
sub {
    my @ids = map { main::submit('wait=60s', map { $_, uc $_ } main::users(1, 200)) } 1 .. 2;
    main::until_job($ids[0], sub { $_[0]{answered} >= 20 });
    my @erased = map { "u$_\@ok.test" } map { 23 * $_ } 1 .. 8;
    main::is(main::erase($_), '200 4 0', "erased: $_") for @erased;

    # what was under way when it was erased

    Time::HiRes::sleep(1);
    my $before = main::all_asked();
    for my $id (@ids) {
        my $job = main::ended($id, 90);
        main::is("$job->{state} $job->{answered} $job->{errors}", 'completed 384 16', 'the job');
    }
    my $after = main::all_asked();
    my @late = grep { ($after->{$_} // 0) > ($before->{$_} // 0) } @erased;
    main::is("@late", '', 'none of them was asked any more');
    my @cached = grep { (main::http('DELETE', "/verify?email=$_"))[0] != 404 } @erased;
    main::is("@cached", '', 'none is in the cache');
}



=== TEST 6: without a job: what was asked when it was erased is not kept
--- smtp
mx1 11 pipelining
    rcpt *: wait 1s ; 550 5.1.1 No such user
--- steps eval
sub {
    TestVerify::Clients::start("/verify?email=$_\@ok.test", clients => 4) for qw( jane john );
    TestVerify::Clients::wait_for(sub { main::asked("jane\@ok.test") && main::asked("john\@ok.test") });
    main::http('DELETE', "/verify?email=jane\@ok.test");
    my @answers = TestVerify::Clients::answers();
    main::is(scalar(grep { $_->{json}{reason} eq 'mailbox_not_found' } @answers), 8, 'all get their answer');
    main::is((main::http('DELETE', "/verify?email=jane\@ok.test"))[0], 404, 'it is not kept');
    main::is((main::http('DELETE', "/verify?email=john\@ok.test"))[0], 204, 'another one is');
    main::http('GET', "/verify?email=jane\@ok.test");
    main::is((main::http('DELETE', "/verify?email=jane\@ok.test"))[0], 204, 'who asks later is kept');
}



=== TEST 7: the files of a job are away: it was not searched
--- log_allow
could not be erased|smtp verify jobs:|the store of jobs
--- smtp
mx1 11 pipelining
    rcpt *: 550 5.1.1 No such user
--- steps eval
sub {
    my ($away, $here) = map { main::submit('wait=60s', "jane\@ok.test", main::users(1, 3)) } 1 .. 2;
    main::ended($_) for $away, $here;
    my $asked = main::asked("jane\@ok.test");

    # the workers close their files after a while

    sleep 11;
    rename main::store($away), main::store('away') or die;
    main::is(main::erase("jane\@ok.test"), '200 1 1', 'it is said');
    rename main::store('away'), main::store($away) or die;
    main::is(main::erase("jane\@ok.test"), '200 1 0', 'once more');
    main::forgotten($_, "jane\@ok.test", 4, 1, $asked) for $away, $here;
}
