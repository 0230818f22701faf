# The trace that a request belongs to: taken if it is valid, shown by variables,
# and passed on.

use lib 't/lib';
use TestVerify 'no_plan';
use TestVerify::Clients;

my $id = '4bf92f3577b34da6a3ce929d0e0e4736';
my $span = '00f067aa0ba902b7';
my $current;

add_block_preprocessor(sub {
    my ($block) = @_;

    $block->set_value(http_config => <<'_EOC_');
log_format trace '$uri [$smtp_verify_trace_id] [$smtp_verify_parent_id] [$smtp_verify_traceparent]';
log_format rdap  'rdap [$http_traceparent] [$http_tracestate]';
smtp_verify_rdap /rdap;

server {
    listen $TEST_NGINX_NET.200:8053;
    access_log logs/rdap.log rdap;
    return 404;
}
_EOC_

    $block->set_value(config => <<'_EOC_');
access_log logs/trace.log trace;
location = /verify { smtp_verify; }
location = /other  { return 204; }
location = /done   { return 204; }
location = /rdap   { internal; proxy_pass http://$TEST_NGINX_NET.200:8053/; }
_EOC_

    $block->set_value(smtp => "mx1 11 pipelining users=john\n");
    $block->set_value(request => 'GET /done');
    $block->set_value(error_code => 204);
    $block->set_value(init => 'main::ask();');
    $current = $block;
});

no_root_location();
run_tests();


# what the log says of each header, which stands for one request

sub ask
{
    my @want = split /\n/, $current->says;

    for my $header (split /\n/, $current->sent) {
        my ($path, @more) = split / \| /, $header =~ s/ID/$id/gr =~ s/SPAN/$span/gr;

        TestVerify::Clients::ask($path, headers => CORE::join("\n", @more));
    }

    my @got;

    TestVerify::Clients::wait_for(sub {
        @got = map { read_log($_) } split / /, $current->logs // 'trace.log';
        return @got >= @want;
    });

    Test::More::is(CORE::join("\n", grep { !m{^/done} } @got),
                   CORE::join("\n", map { s/ID/$id/gr =~ s/SPAN/$span/gr } @want),
                   $current->name . ' - log');
}


sub read_log
{
    open my $in, '<', server_root() . "/logs/$_[0]" or return;
    chomp(my @lines = <$in>);
    return @lines;
}

__DATA__

=== TEST 1: a valid header, in any request
--- sent
/verify?email=john@ok.test | traceparent: 00-ID-SPAN-01
/other | Traceparent: 00-ID-SPAN-00
/other
--- says
/verify [ID] [SPAN] [00-ID-SPAN-01]
/other [ID] [SPAN] [00-ID-SPAN-00]
/other [-] [-] [-]



=== TEST 2: whatever does not follow the grammar is none
--- sent
/other | traceparent: 00-ID-SPAN-01-x
/other | traceparent: ff-ID-SPAN-01
/other | traceparent: 00-ID-SPAN-0g
/other | traceparent: 00-00000000000000000000000000000000-SPAN-01
/other | traceparent: ID
/other | traceparent: 00-ID-SPAN-01 | traceparent: 00-ID-SPAN-01
--- says
/other [-] [-] [-]
/other [-] [-] [-]
/other [-] [-] [-]
/other [-] [-] [-]
/other [-] [-] [-]
/other [-] [-] [-]



=== TEST 3: a later version is read, and not passed on
--- sent
/verify?email=john@ok.test | traceparent: 01-ID-SPAN-01-more
--- logs: trace.log rdap.log
--- says
/verify [ID] [SPAN] [-]
rdap [-] [-]



=== TEST 4: it is passed on to RDAP, and nothing else is
--- sent
/verify?email=john@ok.test | traceparent: 00-ID-SPAN-01 | tracestate: a=b | x-other: c
--- logs: rdap.log
--- says
rdap [00-ID-SPAN-01] [-]



=== TEST 5: nothing that is no header
--- sent
/verify?email=john@ok.test | traceparent: 00-ID-SPAN-01x
--- logs: rdap.log
--- says
rdap [-] [-]
