# Servers that are not ready at once: one that greylists, one that is busy for a
# while, one that dies and comes back.  Each address ends in the verdict that it
# would have had, and the server is not pressed meanwhile.

use lib 't/lib';
use TestVerify 'no_plan';
use TestVerify::Jobs ();

workers(2);
master_on();
no_long_string();

preset(no_zones => "", no_reuse => "");

add_block_preprocessor(sub {
    my ($block) = @_;

    $block->set_value(http_config => TestVerify::Blocks::patient(
        "smtp_verify_cache_zone zone=c:1m;\nsmtp_verify_cache c;\n"
        . "smtp_verify_throttle_zone zone=t:1m;\n"
        . "smtp_verify_throttle zone=t conns=2 rate=1000/s burst=1000 wait=2s"
        . " rejects=" . ($block->rejects // '1000/h')
        . " pause=1s max_pause=2s;\n"
        . "smtp_verify_keepalive off;\nsmtp_verify_batch_domain_probes 6;\n"));

    $block->set_value(config => "location /jobs {\n"
        . "smtp_verify_jobs_store \$TEST_NGINX_SERVROOT/jobs;\n"
        . "smtp_verify_jobs;\n}\n"
        . "location = /idle { return 204; }\n");

    $block->set_value(request => 'GET /idle');
    $block->set_value(error_code => 204);
});

our ($Job, $Id, %seen);

# the verdicts of an undisturbed server: five mailboxes exist, seven do not

my @list = ((map { "o$_\@ok.test" } 1 .. 5), map { "no$_\@ok.test" } 1 .. 7);

my $verdicts = CORE::join ' ', map { /^o/ ? 'accepted' : 'mailbox_not_found' }
    @list;

# rules for the first sessions

sub first
{
    my ($n, $rule) = @_;

    return CORE::join '', map { "    " . $rule =~ s/@/\@$_/r . "\n" } 1 .. $n;
}

sub work_off
{
    my ($query) = @_;

    $Id = TestVerify::Jobs::submit($query, @list);
    $Job = TestVerify::Jobs::ended($Id, 90);

    my %reason = map { ($_->{email} => $_->{reason}) }
        grep { ref && $_->{email} } TestVerify::Jobs::lines("/jobs/$Id/results");

    $seen{verdicts} = CORE::join ' ', map { $reason{$_} // '-' } @list;
}

# what the server saw: sessions in all and at once, recipients, refused ones, and
# the shortest time between two tries of one address

sub seen
{
    my $sessions = TestVerify::SMTP::seen();
    my %n = (sessions => scalar @$sessions, once => 0, rcpt => 0, refused => 0,
             busy => 0, apart => 1e9);
    my (@times, %last);

    for my $s (@$sessions) {
        my $end = $s->{t};

        for my $e (@{ $s->{events} }) {
            $end = $e->{t} if $e->{t} > $end;

            for (grep { /^RCPT TO:/i } $e->{e} eq 'turn' ? @{ $e->{d} } : ()) {
                $n{rcpt}++;
                $n{apart} = $e->{t} - $last{$_}
                    if $last{$_} && $e->{t} - $last{$_} < $n{apart};
                $last{$_} = $e->{t};
            }

            $n{refused}++ if $e->{e} eq 'reply' && $e->{d} =~ /^550/;
            $n{busy}++ if $e->{e} eq 'reply' && $e->{d} =~ /^4/;
        }

        push @times, [ $s->{t}, 1 ], [ $end, -1 ];
    }

    my $open = 0;

    for (sort { $a->[0] <=> $b->[0] || $a->[1] <=> $b->[1] } @times) {
        $open += $_->[1];
        $n{once} = $open if $open > $n{once};
    }

    Test::More::diag(CORE::join ', ', map { "$_ $n{$_}" } sort keys %n);
    Test::More::diag("$seen{verdicts}") if $seen{verdicts} ne $verdicts;

    return \%n;
}

sub right { return $Job->{state} eq 'completed' && $seen{verdicts} eq $verdicts }

run_tests();

__DATA__

=== TEST 1: nobody disturbs: the verdicts
--- smtp
mx1 11 pipelining
    rcpt o*: 250 2.1.5 Ok
--- init
main::work_off('wait=60s');
--- smtp_check eval
sub {
    my $n = main::seen();

    return main::right() && $n->{once} <= 2 && $n->{rcpt} <= 14 && $n->{refused} <= 9;
}



=== TEST 2: a server that greylists, and says for how long
--- smtp eval
"mx1 11 pipelining\n"
    . main::first(10, 'rcpt@: 451 4.7.1 Greylisted, try again in 3 seconds')
    . "    rcpt o*: 250 2.1.5 Ok\n"
--- init
main::work_off('wait=60s');
--- smtp_check eval
sub {
    my $n = main::seen();

    # nobody is asked again before the time; no more is refused than without it

    return main::right() && $n->{once} <= 2 && $n->{apart} >= 2.9
           && $n->{busy} == 10 && $n->{rcpt} <= 14 + 10 && $n->{refused} <= 9;
}



=== TEST 3: a server that says 421 for a while, in its greeting
--- smtp eval
"mx1 11 pipelining\n"
    . main::first(5, 'banner@: 421 4.7.0 Too many connections, try again in 2 seconds ; close')
    . "    rcpt o*: 250 2.1.5 Ok\n"
--- init
main::work_off('wait=120s');
--- smtp_check eval
sub {
    my $n = main::seen();

    # the breaker lets one try at a time

    return main::right() && $n->{once} <= 2 && $n->{busy} == 5
           && $n->{sessions} <= 14 + 5 + 4 && $n->{rcpt} <= 14 && $n->{refused} <= 9;
}



=== TEST 4: or instead of an answer about the recipient
--- smtp eval
"mx1 11 pipelining\n"
    . main::first(3, 'rcpt@: 421 4.7.0 Too many connections, try again in 2 seconds ; close')
    . "    rcpt o*: 250 2.1.5 Ok\n"
--- init
main::work_off('wait=120s');
--- smtp_check eval
sub {
    my $n = main::seen();

    return main::right() && $n->{once} <= 2 && $n->{busy} == 3
           && $n->{rcpt} <= 14 + 3 && $n->{refused} <= 9;
}



=== TEST 5: a server that dies in the middle, and comes back
--- smtp eval
"mx1 11 pipelining\n    rcpt\@4: reset\n"
    . CORE::join('', map { "    banner\@$_: reset\n" } 5 .. 9)
    . "    rcpt o*: 250 2.1.5 Ok\n"
--- init
main::work_off('wait=24s');
--- smtp_check eval
sub {
    my $n = main::seen();

    return main::right() && $n->{once} <= 2 && $n->{rcpt} <= 14 + 2
           && $n->{refused} <= 9 && $n->{sessions} <= 14 + 6 + 6;
}



=== TEST 6: no more refused recipients than are allowed: the rest waits, to the end
--- rejects: 5/h
--- smtp
mx1 11 pipelining
    rcpt o*: 250 2.1.5 Ok
--- init
main::work_off('wait=6s');
--- smtp_check eval
sub {
    my $n = main::seen();
    my $r = $main::Job->{reason};

    # no verdict is wrong, and what was not asked is not called missing

    return $main::Job->{state} eq 'completed' && $n->{refused} <= 5 && $n->{once} <= 2
           && $r->{mailbox_not_found} <= 5 && $r->{throttled} >= 2
           && !grep { $_ ne 'accepted' && $_ ne 'accepted_untested'
                      && $_ ne 'mailbox_not_found' && $_ ne 'throttled' } keys %$r;
}
