# Metrics for Prometheus: their form, and that they say what was counted.

use lib 't/lib';
use TestVerify 'no_plan';
use TestVerify::Clients;
use Digest::SHA;
use IPC::Open2;

my ($current, $said);

master_on();
workers(2);

add_block_preprocessor(sub {
    my ($block) = @_;

    $block->set_value(http_config => <<'_EOC_' . ($block->http_config // ''));
smtp_verify_cache_zone     zone=results:1m;
smtp_verify_cache          results;
smtp_verify_throttle_zone  zone=limits:1m;
smtp_verify_throttle       zone=limits rate=100/s;
_EOC_

    $block->set_value(config => <<'_EOC_' . ($block->config // ''));
location = /verify  { smtp_verify; }
location = /metrics { smtp_verify_metrics; }
location = /reload  { return 204; }
_EOC_

    $block->set_value(smtp => "mx1 11 pipelining users=jane\n")
        if !defined $block->smtp;

    return if !defined $block->said;

    $block->set_value(request => 'GET /reload');
    $block->set_value(error_code => 204);
    $block->set_value(init => 'main::scrape();');
    $current = $block;
});

add_test_cleanup_handler(sub {
    return if !$current || !defined $current->said;

    my $want = $current->said;

    chomp($want, $said);
    is($said, $want, $current->name . ' - said');
    undef $current;
});

no_root_location();
run_tests();


# text in the format: each problem, and each sample by its name

sub parse
{
    my ($text, $open) = @_;
    my (@wrong, %sample, %seen, $family, $type);

    push @wrong, 'no end of line' if $text !~ /\n\z/;
    push @wrong, 'no EOF' if $open && $text !~ s/^# EOF\n\z//m;

    for (split /\n/, $text) {
        if (/^# HELP (nginx_smtp_verify_[a-z_]+) \S.*\.$/) {
            push @wrong, "twice: $1" if $seen{$1}++;
            ($family, $type) = ($1, '');

        } elsif (/^# TYPE (\S+) (counter|gauge|histogram)$/) {
            push @wrong, "no help: $1" if $1 ne $family || $type;
            $type = $2;
            push @wrong, "name: $family"
                if ($type eq 'counter' && !$open) != ($family =~ /_total$/);

        } elsif (/^(([a-z_]+)(?:\{[a-z]+="[\w.+-]+"(?:,[a-z]+="[\w.:\/+-]+")*\})?)\ 
                  (-?\d+(?:\.\d+)?)$/x)
        {
            my $end = { counter => $open ? '_total' : '',
                        histogram => '_(?:bucket|sum|count)' }->{$type} // '';

            my ($series, $name, $value) = ($1, $2, $3);

            push @wrong, "not of $family: $_" if $name !~ /^$family$end$/;
            push @wrong, "twice: $series" if defined $sample{$series};
            $sample{$series} = $value;

        } else {
            push @wrong, "form: $_";
        }
    }

    return (\%sample, @wrong);
}


# what the tool of Prometheus does not like; it does not read OpenMetrics

sub disliked
{
    my ($text) = @_;

    return if !grep { -x "$_/promtool" } split /:/, $ENV{PATH};

    my $pid = open2(my $out, my $in, 'promtool check metrics 2>&1');

    print $in $text;
    close $in;

    my @said = <$out>;
    waitpid $pid, 0;

    return map { chomp; "promtool: $_" } @said;
}


# the section "asked": paths, one after the other; then the metrics, whose
# samples are those of the section "names"; what is wrong comes first

sub scrape
{
    for my $path (split /\n/, $current->asked) {
        if ($path eq 'reload') {
            TestVerify::Clients::reload();
        } else {
            TestVerify::Clients::ask($path);
        }
    }

    my $accept = $current->accept // '*/*';
    my ($answer) = TestVerify::Clients::ask('/metrics',
                                            headers => "Accept: $accept");
    my $type = $answer->{header}{'Content-Type'};
    my ($sample, @wrong) = parse($answer->{body}, $type =~ /openmetrics/);

    push @wrong, disliked($answer->{body}) if $type !~ /openmetrics/;

    for my $name (qw( answer probe )) {
        my $metric = "nginx_smtp_verify_${name}_seconds";
        my @class = map { $sample->{"${metric}_bucket{le=\"$_\"}"} }
            qw( 0.001 0.010 1.000 30.000 +Inf );

        push @wrong, "not cumulative: $metric"
            if grep { !defined $class[$_] } 0 .. $#class
            or grep { $class[$_ - 1] > $class[$_] } 1 .. $#class;
        push @wrong, "not all: $metric"
            if $class[-1] != $sample->{"${metric}_count"};
    }

    $said = join "\n", @wrong, $type, map {
        "$_ " . ($sample->{"nginx_smtp_verify_$_"} // 'none')
    } split /\n/, $current->names;
}


__DATA__

=== TEST 1: the text format
--- asked
/verify?email=jane@ok.test
/verify?email=jane@ok.test
/verify?email=bob@ok.test
--- names
build_info{version="0.1.0"}
requests_total
cache_hits_total
probes_total
probes_in_progress
verdicts_total{status="deliverable",reason="accepted"}
verdicts_total{status="undeliverable",reason="mailbox_not_found"}
verdicts_total{status="unknown",reason="timeout"}
second_opinions_total{first="risky",second="deliverable"}
answer_seconds_count
probe_seconds_count
cache_zone_size_bytes{zone="none"}
throttle_zone_granted_total{zone="limits"}
throttle_zone_waiting{zone="limits"}
--- said
text/plain; version=0.0.4; charset=utf-8
build_info{version="0.1.0"} 1
requests_total 3
cache_hits_total 1
probes_total 2
probes_in_progress 0
verdicts_total{status="deliverable",reason="accepted"} 2
verdicts_total{status="undeliverable",reason="mailbox_not_found"} 1
verdicts_total{status="unknown",reason="timeout"} 0
second_opinions_total{first="risky",second="deliverable"} 0
answer_seconds_count 3
probe_seconds_count 2
cache_zone_size_bytes{zone="none"} none
throttle_zone_granted_total{zone="limits"} 2
throttle_zone_waiting{zone="limits"} 0



=== TEST 2: OpenMetrics, over a reload
--- accept: application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5
--- asked
/verify?email=jane@ok.test
reload
/verify?email=bob@ok.test
--- names
requests_total
probes_total
--- said
application/openmetrics-text; version=1.0.0; charset=utf-8
requests_total 2
probes_total 2



=== TEST 3: methods
--- request eval
['HEAD /metrics', 'POST /metrics', 'GET /metrics?x']
--- error_code eval
[200, 405, 200]



=== TEST 4: a client needs a right
--- http_config
smtp_verify_tokens $TEST_NGINX_SERVER_ROOT/html/tokens;
--- user_files eval
">>> tokens\nalice sha256:" . Digest::SHA::sha256_hex('a') . "\nops sha256:"
    . Digest::SHA::sha256_hex('o') . " admin\n"
--- request eval
[('GET /metrics') x 3]
--- more_headers eval
['', 'Authorization: Bearer a', 'Authorization: Bearer o']
--- error_code eval
[401, 403, 200]



=== TEST 5: a zone whose name is no label
--- http_config
smtp_verify_cache_zone  "zone=a\"b:1m";
--- must_die
--- error_log: invalid zone name "a"b"



=== TEST 6: how long each stage took
--- http_config
smtp_verify_starttls on;
--- smtp
mx1 11 pipelining starttls users=jane
    banner: wait 60ms ; default
    rcpt: wait 300ms ; default
--- asked
/verify?email=bob@ok.test
--- names
stage_seconds_count{stage="dns"}
stage_seconds_count{stage="connect"}
stage_seconds_count{stage="banner"}
stage_seconds_bucket{stage="banner",le="0.050"}
stage_seconds_bucket{stage="banner",le="10.000"}
stage_seconds_count{stage="ehlo"}
stage_seconds_count{stage="starttls"}
stage_seconds_count{stage="mail"}
stage_seconds_count{stage="rcpt"}
stage_seconds_bucket{stage="rcpt",le="0.250"}
stage_seconds_bucket{stage="rcpt",le="10.000"}
--- said
text/plain; version=0.0.4; charset=utf-8
stage_seconds_count{stage="dns"} 2
stage_seconds_count{stage="connect"} 1
stage_seconds_count{stage="banner"} 1
stage_seconds_bucket{stage="banner",le="0.050"} 0
stage_seconds_bucket{stage="banner",le="10.000"} 1
stage_seconds_count{stage="ehlo"} 2
stage_seconds_count{stage="starttls"} 1
stage_seconds_count{stage="mail"} 1
stage_seconds_count{stage="rcpt"} 1
stage_seconds_bucket{stage="rcpt",le="0.250"} 0
stage_seconds_bucket{stage="rcpt",le="10.000"} 1



=== TEST 7: a stage that fails has taken its time, too
--- http_config
smtp_verify_read_timeout 300ms;
--- smtp
mx1 11 pipelining users=jane
    ehlo: hang
--- asked
/verify?email=bob@ok.test
--- names
stage_seconds_count{stage="banner"}
stage_seconds_count{stage="ehlo"}
stage_seconds_bucket{stage="ehlo",le="0.250"}
stage_seconds_count{stage="mail"}
verdicts_total{status="unknown",reason="timeout"}
--- said
text/plain; version=0.0.4; charset=utf-8
stage_seconds_count{stage="banner"} 1
stage_seconds_count{stage="ehlo"} 1
stage_seconds_bucket{stage="ehlo",le="0.250"} 0
stage_seconds_count{stage="mail"} 0
verdicts_total{status="unknown",reason="timeout"} 1



=== TEST 8: no stage in an answer from the cache, nor in one that asks nobody
--- asked
/verify?email=jane@ok.test
/verify?email=jane@ok.test
/verify?email=jane
/verify?email=bob@ok.test&smtp=0
--- names
stage_seconds_count{stage="dns"}
stage_seconds_count{stage="connect"}
stage_seconds_count{stage="rcpt"}
--- said
text/plain; version=0.0.4; charset=utf-8
stage_seconds_count{stage="dns"} 2
stage_seconds_count{stage="connect"} 1
stage_seconds_count{stage="rcpt"} 2



=== TEST 9: probes by the provider, of which only the configuration has names
--- providers
provider example
    name   "Example Mail"
    mx     mx.example.test
    worth  definitive
    source RFC 2606
provider other
    name   "Not told apart from all others"
    mx     mx.other.test
    worth  definitive
    source RFC 2606
--- dns
one.test MX 10 mx.example.test
two.test MX 10 mx.other.test
ok.test MX 10 mx1.ok.test
mx.example.test A 11
mx.other.test A 11
mx1.ok.test A 11
--- smtp
mx1 11 pipelining users=jane
    rcpt block@*: 550 5.7.1 Your IP address is on a blocklist
--- asked
/verify?email=jane@one.test
/verify?email=jane@one.test
/verify?email=bob@one.test
/verify?email=block@one.test
/verify?email=jane@two.test
/verify?email=jane@ok.test
--- names
provider_probes_total{provider="example",status="deliverable",blame="none"}
provider_probes_total{provider="example",status="undeliverable",blame="mailbox"}
provider_probes_total{provider="example",status="unknown",blame="sender"}
provider_probes_total{provider="example",status="unknown",blame="network"}
provider_probes_total{provider="other",status="deliverable",blame="none"}
provider_probes_total{provider="other",status="risky",blame="domain"}
provider_probes_total{provider="one.test",status="deliverable",blame="none"}
--- said
text/plain; version=0.0.4; charset=utf-8
provider_probes_total{provider="example",status="deliverable",blame="none"} 1
provider_probes_total{provider="example",status="undeliverable",blame="mailbox"} 1
provider_probes_total{provider="example",status="unknown",blame="sender"} 1
provider_probes_total{provider="example",status="unknown",blame="network"} 0
provider_probes_total{provider="other",status="deliverable",blame="none"} 2
provider_probes_total{provider="other",status="risky",blame="domain"} 0
provider_probes_total{provider="one.test",status="deliverable",blame="none"} none



=== TEST 10: checks of the host have no identity
--- asked
/verify?email=jane@ok.test
--- names
audit_status{check="files"}
--- said
text/plain; version=0.0.4; charset=utf-8
audit_status{check="files"} 1
