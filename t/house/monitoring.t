# The dashboard and the alert rules of conf: they name metrics and labels that
# there are, and do what they say.  Their runbooks are the matter of t/lint/docs.

use lib 't/lib';
use TestVerify 'no_plan';
use TestVerify::Clients;
use TestVerify::Env;
use JSON::PP;

my $top = $TestVerify::Env::Root;
my %metric;                             # name => labels

# a fleet that shares limits, and whose store is not there

my $key = "$TestVerify::Env::Dir/monitoring.$$.key";

umask 077;
open my $out, '>', $key or die "$key: $!\n";
print $out 'k' x 48;
close $out;
umask 022;

my $suite = $$;

END { unlink $key if $$ == $suite }

add_block_preprocessor(sub {
    my ($block) = @_;

    $block->set_value(log_allow => 'is away, this machine goes on by itself');
    $block->set_value(http_config => <<"_EOC_");
smtp_verify_cache_zone     zone=results:1m;
smtp_verify_cache          results;
smtp_verify_throttle_zone  zone=limits:1m;
smtp_verify_throttle       zone=limits;
smtp_verify_audit          on;
smtp_verify_fleet edges { server 127.0.0.1:1; key $key; parts throttle; }
_EOC_

    $block->set_value(config => <<'_EOC_');
location = /verify  { smtp_verify; }
location = /metrics { smtp_verify_metrics; }
location = /idle    { return 204; }
location /jobs {
    smtp_verify_jobs_store  $TEST_NGINX_SERVROOT/jobs;
    smtp_verify_jobs;
}
_EOC_

    $block->set_value(smtp => "mx1 11 pipelining users=jane\n");
    $block->set_value(request => 'GET /idle');
    $block->set_value(error_code => 204);
});

no_root_location();
no_long_string();
run_tests();


sub text
{
    my ($file) = @_;

    open my $in, '<', "$top/$file" or die "$file: $!\n";
    local $/;
    return <$in>;
}


# what the running server has: "instance" is added by Prometheus

sub read_metrics
{
    my $answer;

    TestVerify::Clients::ask('/verify?email=jane@ok.test');

    TestVerify::Clients::wait_for(sub {
        ($answer) = TestVerify::Clients::ask('/metrics');
        return $answer->{body} =~ /_jobs\{/ && $answer->{body} =~ /,check="resolver"/;
    });

    for (split /\n/, $answer->{body}) {
        my ($name, $labels) = /^(nginx_\w+)(?:\{(.*)\})? / or next;

        $metric{$name}{instance} = 1;
        $metric{$name}{$1} = 1 while $labels && $labels =~ /(\w+)="/g;
    }
}


# what is wrong with an expression

sub wrong
{
    my ($expr) = @_;
    my (@wrong, %label);

    my @names = $expr =~ /\b(nginx_smtp_verify_\w+)/g;

    return 'no metric' if !@names;

    push @wrong, map { "no metric $_" } grep { !$metric{$_} } @names;

    while ($expr =~ /\b(nginx_smtp_verify_\w+)\{([^}]*)\}/g) {
        my ($name, $selector) = ($1, $2);

        for ($selector =~ /(\w+)\s*(?:=~|!~|!=|=)\s*"/g) {
            push @wrong, "$name has no label $_" if !$metric{$name}{$_};
        }
    }

    $label{$_} = 1 for map { keys %{ $metric{$_} // {} } } @names;

    while ($expr =~ /\b(?:by|on)\s*\(([^)]*)\)/g) {
        push @wrong, map { "no label $_" } grep { !$label{$_} } split /\s*,\s*/, $1;
    }

    return @wrong;
}


sub dashboard
{
    my $board = decode_json(text('conf/grafana/smtp-verify.json'));
    my ($n, %id, @wrong);

    for my $panel (@{ $board->{panels} }) {
        push @wrong, "twice: $panel->{id}" if $id{ $panel->{id} }++;

        for my $target (@{ $panel->{targets} // [] }) {
            $n++;
            push @wrong, map { "$panel->{title}: $_" } wrong($target->{expr});

            # a legend names labels that the expression leaves

            my ($kept) = $target->{expr} =~ /\bby \(([^)]*)\)/;

            for ($target->{legendFormat} =~ /\{\{(\w+)\}\}/g) {
                push @wrong, "$panel->{title}: legend with $_"
                    if defined $kept && $kept !~ /\b$_\b/;
            }
        }
    }

    Test::More::is(CORE::join("\n", @wrong), '', 'the dashboard names what there is');
    Test::More::cmp_ok($n, '>', 40, 'queries');
}


sub rules
{
    my $rules = text('conf/prometheus/alerts.yml');
    my (@wrong, $n);

    for (split /^ +- alert: /m, $rules =~ s/^ *#.*\n//mgr) {
        my ($name) = /^(\w+)$/m;

        next if !/^ +expr:/m;

        my ($expr) = /^ +expr: (.*?)^ +(?:for|labels):/ms;

        $n++;
        push @wrong, map { "$name: $_" } wrong($expr);
        push @wrong, "$name: no severity" if !/^ +severity: (?:critical|warning)$/m;
        push @wrong, "$name: no test" if text('conf/prometheus/alerts_test.yml')
                                         !~ /alertname: $name$/m;

        # labels that the text names

        my %label = map { $_ => 1 } map { keys %{ $metric{$_} // {} } }
            $expr =~ /\b(nginx_smtp_verify_\w+)/g;

        push @wrong, map { "$name: text with $_" } grep { !$label{$_} }
            /\$labels\.(\w+)/g;
    }

    Test::More::is(CORE::join("\n", @wrong), '', 'the rules name what there is');
    Test::More::cmp_ok($n, '>', 15, 'rules');
}


# the queries and rules are those of the tool of Prometheus, too

sub promtool
{
    return Test::More::diag('no promtool') if system('command -v promtool > /dev/null') != 0;

    my $dir = "$top/conf/prometheus";

    for ("check rules $dir/alerts.yml", "test rules $dir/alerts_test.yml") {
        my $said = `promtool $_ 2>&1`;

        Test::More::is($?, 0, "promtool $_") or Test::More::diag($said);
    }

    # each query of the dashboard as a rule

    my $board = decode_json(text('conf/grafana/smtp-verify.json'));
    my $file = server_root() . '/queries.yml';
    my $n = 0;

    open my $out, '>', $file or die "$file: $!\n";
    print $out "groups:\n  - name: q\n    rules:\n";

    for (map { $_->{expr} } map { @{ $_->{targets} // [] } } @{ $board->{panels} }) {
        my $expr = s/\$__rate_interval/5m/gr =~ s/\$instance/.*/gr;

        print $out "      - record: q", $n++, "\n        expr: '$expr'\n";
    }

    close $out;

    my $said = `promtool check rules $file 2>&1`;

    Test::More::is($?, 0, 'promtool reads the queries of the dashboard')
        or Test::More::diag($said);
}

__DATA__

=== TEST 1: metrics, labels and sections are there
--- init
main::read_metrics();
main::dashboard();
main::rules();



=== TEST 2: as Prometheus reads them
--- init
main::promtool();
