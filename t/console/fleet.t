# Those who operate a fleet: does its store answer, and what is it good for?

use lib 't/lib';
use TestVerify 'no_plan';
use TestVerify::Console;
use TestVerify::Jobs;
use TestVerify::Valkey qw( start stop );

run_tests();

__DATA__

=== TEST 1: the store answers, goes away, and is back
--- http_config
smtp_verify_cache_zone zone=results:1m;
smtp_verify_cache results;
smtp_verify_fleet edges {
    server $TEST_NGINX_VALKEY;
    key $TEST_NGINX_FLEET_KEY;
    zones results;
}
--- smtp
mx1 11 pipelining users=john,jane
--- log_allow
fleet
--- journey eval
sub {
    my ($b) = @_;

    $b->enter('ops-token', '#/egress');
    $b->see('Fleet store');
    $b->until("[...document.querySelectorAll('.row-card')].some((c) =>"
        . " /Fleet store/.test(c.innerText) && /\\bpass\\b/.test(c.innerText))",
        'it passes', 30);

    $b->open('#/metrics');
    $b->see('Time of an answer');
    main::http('GET', "/verify?email=$_\@ok.test", undef,
         Authorization => 'Bearer ops-token') for qw( john jane );
    $b->see('Questions to the fleet store');
    $b->until("[...document.querySelectorAll('.chart svg')].some((g) =>"
        . " /^Fleet: asked [0-9.]+\\/s, found 0\\/s/.test("
        . "g.getAttribute('aria-label')))", 'a graph of it');
    $b->looks('metrics-fleet');

    main::stop();
    $b->open('#/egress');
    $b->see('Start the fleet store', 30);
    $b->see('1 warning');
    $b->looks('egress-fleet');

    main::start();
    $b->gone('Start the fleet store', 30);
}
