# As canary.t, by two workers: what one of them has seen is counted for both.

use lib 't/lib';
use TestVerify 'no_plan';
use TestVerify::Clients;

master_on();
workers(2);

preset(smtp => "mx1 11 pipelining harvest=25\n", no_zones => "",
       no_reuse => "");
preset_http("smtp_verify_timeout 15s;\nsmtp_verify_max_probes 4;\n");

my $zones = "smtp_verify_cache_zone zone=c:1m;\nsmtp_verify_cache c;\n"
    . "smtp_verify_throttle_zone zone=t:1m;\n"
    . "smtp_verify_throttle zone=t rate=1000/s burst=1000 rejects=1000/h\n"
    . "    breaker=off;\n";

add_block_preprocessor(sub {
    my ($block) = @_;

    $block->set_value(http_config => ($block->http_config // '') . $zones)
        if $block->name =~ /zones/;
});


# asks for many who do not exist, some at a time, both workers

sub ask
{
    for my $n (0 .. 15) {
        TestVerify::Clients::start("/verify?email=no$n.%d\@ok.test",
                                   clients => 4);
        TestVerify::Clients::finish();
    }
}


# how often a reason may be there at most that is not the right one

sub believed
{
    my $reasons = TestVerify::Clients::reasons();

    print STDERR "# $reasons\n";

    return $reasons =~ /\baccepted (\d+)/ ? $1 : 0;
}

run_tests();

__DATA__

=== TEST 1: single questions, with zones
--- init
main::ask();
--- address
no@ok.test
--- json
reason: accepted_untested
--- smtp_check eval
sub { main::believed() == 0 }
--- linger: 5s



=== TEST 2: likewise without: each of them counts alone, and fewer
--- init
main::ask();
--- address
no@ok.test
--- json
smtp.connected: true
--- smtp_check eval
sub { main::believed() < 39 }
--- linger: 5s



=== TEST 3: each session for one, with zones
--- http_config
smtp_verify_keepalive off;
--- init
main::ask();
--- address
no@ok.test
--- json
reason: accepted_untested
--- smtp_check eval
sub { main::believed() == 0 }
--- linger: 5s
