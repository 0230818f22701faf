# A list is worked off twice: undisturbed, and while workers and the master
# process are killed by signal 9.  Each record has one result, and the same one.
# "make soak-kills" does this with 200,000 records.

use lib 't/lib';
use TestVerify 'no_plan';
use TestVerify::Jobs;

use Time::HiRes;

workers(2);
master_on();
no_long_string();

add_block_preprocessor(sub {
    my ($block) = @_;

    my $more = $block->verify // '';

    $block->set_value(http_config => TestVerify::Blocks::patient(''));
    $block->set_value(config => "location /jobs {\n"
        . "smtp_verify_jobs_store \$TEST_NGINX_SERVROOT/jobs;\n"
        . "smtp_verify_batch_domain_probes 2;\nsmtp_verify_keepalive 8 rejects=20 timeout=1s;\n"
        . "smtp_verify_jobs;\n$more\n}\n"
        . "location = /idle { return 204; }\n");

    $block->set_value(dns => CORE::join '', map {
        "d$_.test MX 10 mx$_.d$_.test\nmx$_.d$_.test A 1$_\n"
    } 1 .. 3);

    $block->set_value(request => 'GET /idle');
    $block->set_value(error_code => 204);
});

# records of many kinds; some come twice, some are no address

sub records
{
    my ($n) = @_;

    return map {
        $_ % 53 == 8 ? "nothing $_"
        : $_ % 31 == 7 ? 'no' . ($_ - 30) . '@d' . (($_ - 30) % 3 + 1) . '.test'
        : (qw( no ok full no ))[$_ % 4] . $_ . '@d' . ($_ % 3 + 1) . '.test'
    } 1 .. $n;
}

# what each record got: "3 accepted null"

sub verdicts
{
    my ($id) = @_;

    my @lines = lines("/jobs/$id/results?order=input");
    my $page = pop @lines;

    return map {
        CORE::join ' ', $_->{index}, $_->{status} // 'error',
                        $_->{reason} // $_->{error}, $_->{duplicate_of} // '-'
    } @lines;
}

# one page of the results as they come; false if there was no whole answer

our (@Read, $Cursor, %seen);

sub follow
{
    my ($id) = @_;

    my @lines = lines("/jobs/$id/results?limit=200$Cursor");
    my $page = pop @lines;

    return if ref $page ne 'HASH' || !$page->{page};

    push @Read, map { $_->{index} } @lines;
    $Cursor = "&cursor=$page->{next}" if $page->{next};

    return $page->{complete};
}

# the job while something is done to it each second

sub disturb
{
    my ($id, @deeds) = @_;

    my $due = Time::HiRes::time() + 1;
    my $end = time() + 120 * $TestVerify::Blocks::Slow;

    @Read = ();
    $Cursor = '';

    until (follow($id)) {
        die "the job does not end" if time() > $end;

        if (@deeds && Time::HiRes::time() > $due) {
            (shift @deeds)->();
            $seen{deeds}++;
            $due = Time::HiRes::time() + 1;
        }

        Time::HiRes::sleep(0.1);
    }
}

sub kill_worker { kill 'KILL', (TestVerify::Clients::workers())[$_[0]] }

run_tests();

__DATA__

=== TEST 1: workers and masters are killed, and each record has its one result
--- no_zones
--- smtp eval
CORE::join '', map { <<"..." } 1 .. 3
mx$_ 1$_ pipelining
    rcpt no*@*: wait 40ms ; 550 5.1.1 No such user
    rcpt ok*@*: wait 40ms ; 250 2.1.5 Ok
    rcpt full*@*: wait 40ms ; 452 4.2.2 Mailbox full
...
--- linger: 5s
--- log_allow
exited on signal 9
was locked by
--- init
my @records = main::records(600);
my $quiet = main::submit('wait=60s', @records);
main::ended($quiet, 100);
$main::seen{quiet} = CORE::join "\n", main::verdicts($quiet);
my $loud = main::submit('wait=60s', @records);
main::disturb($loud, sub { main::kill_worker(0) }, sub { main::kill_worker(1) },
              sub { main::restart('KILL') }, sub { main::kill_worker(0) },
              sub { main::restart('KILL') });
$main::seen{loud} = CORE::join "\n", main::verdicts($loud);
$main::seen{job} = main::job($loud);
--- smtp_check eval
sub {
    my $job = $main::seen{job};
    my %n;

    /^\d+ \S+ (\S+)/ && $n{$1}++ for split /\n/, $main::seen{loud};

    my $counted = CORE::join ' ', map { "$_ $job->{reason}{$_}" }
        sort keys %{ $job->{reason} };

    my $found = CORE::join ' ', map { "$_ $n{$_}" } sort keys %n;

    return $main::seen{deeds} == 5 && $main::seen{loud} eq $main::seen{quiet}
           && $counted eq $found && keys %n == 4 && $job->{duplicates} > 5
           && $job->{state} eq 'completed' && $job->{answered} == 600
           && "@{[ sort { $a <=> $b } @main::Read ]}" eq "@{[ 0 .. 599 ]}";
}
