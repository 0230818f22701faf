# A server that has refused many may begin to accept everybody.  A job holds what
# such a server accepts until it refuses somebody again.

use lib 't/lib';
use TestVerify 'no_plan';
use TestVerify::Jobs ();

use Time::HiRes;

master_on();
no_long_string();

preset(no_reuse => "");

add_block_preprocessor(sub {
    my ($block) = @_;

    my $more = $block->verify // '';

    $block->set_value(http_config => TestVerify::Blocks::patient(
        "smtp_verify_cache_zone zone=c:1m;\n" . ($block->http_config // '')));

    $block->set_value(config => "smtp_verify_cache c;\n"
        . "location /jobs {\n"
        . "smtp_verify_jobs_store \$TEST_NGINX_SERVROOT/jobs;\n"
        . "smtp_verify_jobs;\n$more\n}\n"
        . "location = /verify { smtp_verify; }\n"
        . "location = /idle { return 204; }\n");

    $block->set_value(request => 'GET /idle');
    $block->set_value(error_code => 204);
});

our (%seen, $Job, $Id);

sub addresses
{
    my ($name, $first, $last, $domain) = @_;

    $domain //= 'ok.test';

    return map { "$name$_\@$domain" } $first .. $last;
}

sub submit { $Id = TestVerify::Jobs::submit(@_) }
sub ended { $Job = TestVerify::Jobs::ended($Id, $_[0] // 60) }
sub job { TestVerify::Jobs::job($Id) }

sub reasons
{
    my $n = ($_[0] // $Job)->{reason} // {};

    return CORE::join ', ', map { "$_ $n->{$_}" } sort keys %$n;
}

# results by address: "reason rule"

sub results
{
    return map { ($_->{email} => "$_->{reason} " . ($_->{checks}{smtp}{rule} // '-')) }
        grep { ref && $_->{email} } TestVerify::Jobs::lines("/jobs/$Id/results");
}

# how often the servers were asked for recipients of a name

sub asked
{
    my ($transcript, $name) = @_;

    return scalar grep { /C: RCPT TO:<$name/ } split /\n/, $transcript;
}

# recipients that nobody has, by their random names

sub canaries { asked($_[0], '[a-km-z2-9]{20}\@') }

sub log_has
{
    my ($text) = @_;

    open my $in, '<', TestVerify::Nginx::root() . '/logs/error.log' or die;
    return scalar grep { /$text/ } <$in>;
}

run_tests();

__DATA__

=== TEST 1: a server refuses 25, and then accepts all: none of them is accepted
--- smtp
mx1 11 pipelining harvest=25 users=john
--- init
main::submit('wait=0', 'john@ok.test', main::addresses('no', 1, 100));
main::ended();
--- smtp_check eval
sub {
    my $n = $main::Job->{reason};
    my %result = main::results();

    Test::More::diag(main::reasons());

    return $main::Job->{state} eq 'completed'
           && ($n->{accepted} // 0) <= 1 && $result{'john@ok.test'} =~ /^accepted /
           && $n->{mailbox_not_found} >= 20
           && $n->{accepted_untested} > 50;
}



=== TEST 2: directly behind a canary, which was refused
--- smtp
mx1 11 pipelining harvest=22 users=john
--- verify
smtp_verify_batch_domain_probes 1;
smtp_verify_keepalive off;
--- init
main::submit('wait=0', main::addresses('no', 1, 20), 'john@ok.test',
             main::addresses('no', 21, 40));
main::ended();
--- smtp_check eval
sub {
    my %result = main::results();

    Test::More::diag(main::reasons());

    return $result{'john@ok.test'} =~ /^accepted /
           && !grep({ /^accepted / } map { $result{$_} } main::addresses('no', 1, 40))
           && main::reasons() eq 'accepted 1, accepted_untested 19, mailbox_not_found 21'
           && $result{'no23@ok.test'} eq 'accepted_untested canary-accepted';
}



=== TEST 3: with a throttle: the destination rests, and is not asked meanwhile
--- http_config
smtp_verify_throttle_zone zone=t:1m;
--- smtp
mx1 11 pipelining harvest=25 users=john
--- verify
smtp_verify_throttle zone=t rate=1000/s burst=1000 rejects=1000/h;
smtp_verify_batch_domain_probes 1;
--- init
main::submit('wait=4', main::addresses('no', 1, 60));
main::ended();
my (undef, $one) = TestVerify::Jobs::http('GET', '/verify?email=no27@ok.test');
$main::seen{3} = $one->{reason};
--- smtp_check eval
sub {
    my $n = $main::Job->{reason};

    Test::More::diag(main::reasons(), " then $main::seen{3}");

    return $main::Job->{state} eq 'completed' && !$n->{accepted}
           && $n->{mailbox_not_found} >= 24 && $n->{circuit_open} > 20
           && $main::seen{3} ne 'accepted'
           && main::asked($_[1], 'no') < 40;
}



=== TEST 4: a server that is honest to the end: one canary more
--- smtp
mx1 11 pipelining
    rcpt o*: 250 2.1.5 Ok
--- verify
smtp_verify_batch_domain_probes 1;
--- init
main::submit('wait=0', main::addresses('no', 1, 10), main::addresses('o', 1, 50));
main::ended();
my (undef, $one) = TestVerify::Jobs::http('GET', '/verify?email=o9@ok.test');
$main::seen{4} = "$one->{reason} " . ($one->{cached} ? 'cached' : 'asked');
--- smtp_check eval
sub {
    Test::More::diag(main::reasons(), " canaries ", main::canaries($_[1]));

    return main::reasons() eq 'accepted 50, mailbox_not_found 10'
           && $main::seen{4} eq 'accepted cached'
           && main::canaries($_[1]) == 1;
}



=== TEST 5: an address of the list that is refused later proves as much
--- smtp
mx1 11 pipelining
    rcpt o*: 250 2.1.5 Ok
--- verify
smtp_verify_batch_domain_probes 1;
--- init
main::submit('wait=0', main::addresses('no', 1, 10), main::addresses('o', 1, 50),
             main::addresses('no', 11, 12));
main::ended();
--- smtp_check eval
sub {
    return main::reasons() eq 'accepted 50, mailbox_not_found 12'
           && main::canaries($_[1]) == 0;
}



=== TEST 6: where few were refused nothing is held
--- smtp
mx1 11 pipelining
    rcpt o*: 250 2.1.5 Ok
--- verify
smtp_verify_batch_domain_probes 1;
--- init
main::submit('wait=0', main::addresses('no', 1, 3), main::addresses('o', 1, 50));
main::ended();
--- smtp_check eval
sub {
    return main::reasons() eq 'accepted 50, mailbox_not_found 3'
           && main::canaries($_[1]) == 0 && !main::log_has('and held');
}



=== TEST 7: another domain of the same server proves it, too
--- dns
ok.test MX 10 mx1.ok.test
mx1.ok.test A 11
pk.test MX 10 mx1.ok.test
--- smtp
mx1 11 pipelining
    rcpt o*: 250 2.1.5 Ok
--- verify
smtp_verify_batch_domain_probes 1;
smtp_verify_batch_probes 1;
smtp_verify_catch_all on canary=40;
--- init
main::submit('wait=0', map { (main::addresses('no', 1, 10, $_),
                              main::addresses('o', 1, 10, $_)) } 'ok.test', 'pk.test');
main::ended();
--- smtp_check eval
sub {
    Test::More::diag(main::reasons(), ' canaries ', main::canaries($_[1]),
                     ' held ', main::log_has('and held'));

    # the canary is for the domain that came last

    return main::reasons() eq 'accepted 20, mailbox_not_found 20'
           && main::canaries($_[1]) == 1 && main::log_has('and held') == 20
           && main::log_has('canary is asked with record [0-9]+, 10 are held');
}



=== TEST 8: killed while it waits for the canary: it is asked again
--- log_allow
exited on signal 9
--- smtp
mx1 11 pipelining
    rcpt o*: 250 2.1.5 Ok
    rcpt no*: 550 5.1.1 No such user
    rcpt@1 *: wait 4s ; 550 5.1.1 No such user
    rcpt@2 *: wait 4s ; 550 5.1.1 No such user
--- verify
smtp_verify_batch_domain_probes 1;
smtp_verify_keepalive off;
--- init
main::submit('wait=60s', main::addresses('no', 1, 10), main::addresses('o', 1, 5));
TestVerify::Clients::wait_for(sub { main::log_has('canary is asked') });
$main::seen{8} = main::reasons(main::job());
kill 'KILL', TestVerify::Clients::workers();
main::ended();
--- smtp_check eval
sub {
    Test::More::diag("$main::seen{8}, then " . main::reasons() . ' asked '
         . main::asked($_[1], 'o'));

    return $main::seen{8} eq 'mailbox_not_found 10'
           && main::reasons() eq 'accepted 5, mailbox_not_found 10'
           && main::asked($_[1], 'o') >= 10;
}



=== TEST 9: a reload
--- smtp
mx1 11 pipelining
    rcpt o*: 250 2.1.5 Ok
    rcpt no*: 550 5.1.1 No such user
    rcpt *: wait 2s ; 550 5.1.1 No such user
--- verify
smtp_verify_batch_domain_probes 1;
smtp_verify_keepalive off;
--- init
main::submit('wait=60s', main::addresses('no', 1, 10), main::addresses('o', 1, 5));
TestVerify::Clients::wait_for(sub { main::log_has('canary is asked') });
$main::seen{9} = main::reasons(main::job());
TestVerify::Clients::reload();
main::ended();
--- smtp_check eval
sub {
    Test::More::diag("$main::seen{9}, then " . main::reasons());

    return $main::seen{9} eq 'mailbox_not_found 10'
           && main::reasons() eq 'accepted 5, mailbox_not_found 10';
}



=== TEST 10: a job that is cancelled: what is held has no proof
--- smtp
mx1 11 pipelining
    rcpt o*: 250 2.1.5 Ok
    rcpt no*: 550 5.1.1 No such user
    rcpt *: wait 4s ; 550 5.1.1 No such user
--- verify
smtp_verify_batch_domain_probes 1;
--- init
main::submit('wait=60s', main::addresses('no', 1, 10), main::addresses('o', 1, 5));
TestVerify::Clients::wait_for(sub { main::log_has('canary is asked') });
TestVerify::Jobs::http('PATCH', "/jobs/$main::Id", '{"state":"cancelled"}',
                       'Content-Type' => 'application/json');
$main::Job = TestVerify::Jobs::until_job($main::Id, sub {
    $_[0]{state} eq 'cancelled' && $_[0]{answered} == 15
});
--- smtp_check eval
sub {
    Test::More::diag(main::reasons());

    return main::reasons() eq 'accepted_untested 4, mailbox_not_found 10, not_probed 1';
}
--- linger: 6s



=== TEST 11: a canary that has no answer: they wait, and then are not tested
--- smtp
mx1 11 pipelining
    rcpt o*: 250 2.1.5 Ok
    rcpt no*: 550 5.1.1 No such user
    rcpt *: 451 4.3.0 Try again later
--- verify
smtp_verify_batch_domain_probes 1;
--- init
main::submit('wait=5s', main::addresses('no', 1, 10), main::addresses('o', 1, 5));
$main::seen{11} = TestVerify::Jobs::until_job($main::Id, sub { $_[0]{waiting} == 5 });
main::ended();
--- smtp_check eval
sub {
    Test::More::diag(main::reasons());

    return $main::seen{11}{waiting} == 5
           && main::reasons() eq 'accepted_untested 5, mailbox_not_found 10';
}
