package TestVerify::Health;

# What smtp_verify_health says, after questions were asked.  Use it after
# TestVerify.  Sections of a block:
#
#   asked    paths, one after the other, before it; "reload"; "wait 300ms"
#   health   lines that /health has to say:  "ready true", a member of the
#            object;  "port_25 fail", a check;  "port_25@127.0.0.1 fail", that
#            of an egress;  "spf none": there is no such check.  A pattern may
#            follow, for what was seen
#   patience seconds until it has to say so; 0 if not given
#   answers  for each path: a value of its JSON, "detail /pattern/"

use strict;
use warnings;

use Test::More ();
use Time::HiRes qw( sleep time );

use Test::Nginx::Socket ();
use TestVerify::Clients;
use TestVerify::Env;

my ($current, @wrong, @answers);


Test::Nginx::Socket::add_block_preprocessor(sub {
    my ($block) = @_;

    return if !defined $block->health && !defined $block->answers;

    $block->set_value(config => ($block->config // '') . <<'_EOC_'
location = /verify  { smtp_verify; }
location = /metrics { smtp_verify_metrics; }
location ~ ^/(livez|readyz|health)$ { smtp_verify_health; }
location = /done    { return 204; }
_EOC_
    );

    $block->set_value(request => 'GET /done');
    $block->set_value(error_code => 204);
    $block->set_value(init => ($block->init // '')
                      . "\nTestVerify::Health::run();");
    $current = $block;
});


Test::Nginx::Socket::add_test_cleanup_handler(sub {
    return if !$current;

    Test::More::is(join("\n", @wrong), '', $current->name . ' - health');
    undef $current;
});


sub run
{
    @wrong = ();
    @answers = ();

    for my $path (split /\n/, TestVerify::Env::expand($current->asked // '')) {
        if ($path eq 'reload') {
            TestVerify::Clients::reload();

        } elsif ($path =~ /^wait ([\d.]+)ms$/) {
            sleep $1 / 1000;

        } else {
            push @answers, TestVerify::Clients::ask($path);
        }
    }

    answers() if defined $current->answers;

    return if !defined $current->health;

    my $end = time() + ($current->patience // 0) * $TestVerify::Blocks::Slow;

    for ( ;; ) {
        my @not = health();

        if (!@not || time() > $end) {
            push @wrong, @not;
            return;
        }

        sleep 0.1;
    }
}


sub answers
{
    my $i = 0;

    for my $line (split /\n/, $current->answers) {
        my ($key, $want) = split ' ', $line, 2;
        my $answer = $answers[$i++];
        my $value = $key eq 'code' ? $answer->{code}
            : $key eq 'body' ? $answer->{body}
            : $key =~ /^[A-Z]/ ? $answer->{header}{$key}
            : $answer->{json}{$key};

        $value //= 'null';
        $value = $value ? 'true' : 'false' if ref $value;

        push @wrong, "answer $i: $key is $value"
            if $want =~ m{^/(.*)/$} ? $value !~ /$1/m : $value ne $want;
    }
}


sub health
{
    my ($answer) = TestVerify::Clients::ask('/health');
    my $report = $answer->{json} or return "no report: $answer->{body}";
    my @bad;

    for my $line (split /\n/, TestVerify::Env::expand($current->health)) {
        my ($key, $want, $pattern) = $line =~ m{^(\S+) (\S+)(?: /(.*)/)?$}
            or die "health: bad line: $line\n";

        if (exists $report->{$key}) {
            my $value = $report->{$key} // 'null';
            $value = $value ? 'true' : 'false' if ref $value;

            push @bad, "$key is $value" if $value ne $want;
            next;
        }

        my ($name, $egress) = split /@/, $key;
        my @check = grep { $_->{check} eq $name
            && (!defined $egress || $_->{egress} eq $egress) }
            @{ $report->{checks} };

        if ($want eq 'none') {
            push @bad, "$key is there" if @check;
            next;
        }

        push @bad, "no $key" if !@check;

        for my $check (@check) {
            my $status = $check->{status} // 'null';

            push @bad, "$key is $status: $check->{seen}"
                if $status ne $want
                   || (defined $pattern && $check->{seen} !~ /$pattern/);

            push @bad, "$key: remedy or link"
                if ($status =~ /warn|fail/)
                   != (defined $check->{remedy} && defined $check->{link});
        }
    }

    return @bad;
}


1;
