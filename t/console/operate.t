# Those who operate it: who limits us and why, is it us, and graphs.

use lib 't/lib';
use TestVerify 'no_plan';
use TestVerify::Console;
use TestVerify::Jobs;

preset_http("smtp_verify_cache_zone zone=results:1m;\n"
    . "smtp_verify_cache results;\n");

run_tests();


# what clients ask meanwhile

sub ask
{
    my ($email) = @_;

    return (http('GET', "/verify?email=$email", undef,
                 Authorization => 'Bearer ops-token'))[1];
}

__DATA__

=== TEST 1: a breaker opens, says why, and is closed by hand
--- throttle: rate=100/s pause=200s
--- smtp
mx1 11 pipelining users=john
    banner@1: 554 5.7.1 Service unavailable; client host blocked using zen.spamhaus.org
    banner@2: 554 5.7.1 Service unavailable; client host blocked using zen.spamhaus.org
--- journey eval
sub {
    my ($b) = @_;

    $b->enter('ops-token', '#/destinations');
    $b->see('Nobody is known yet');

    main::is(main::ask("$_\@ok.test")->{reason}, 'sender_blocked', "$_ is blocked")
        for qw( a b );
    main::is(main::ask('john@ok.test')->{reason}, 'circuit_open', 'it is open');

    $b->see('mx1.ok.test');
    $b->see('breaker open');
    $b->see('it refused us, not the mailbox');
    $b->see('554 5.7.1 Service unavailable; client host blocked');
    $b->looks('destinations-open');

    $b->click('Close the breaker: mx1.ok.test');
    $b->see('Close the breaker of mx1.ok.test?');
    $b->focused('Close the breaker');
    $b->looks('destinations-close');
    $b->click('Cancel');
    $b->gone('Close the breaker of');
    $b->focused('Close the breaker: mx1.ok.test');

    $b->click('Close the breaker: mx1.ok.test');
    $b->click('Close the breaker');
    $b->see('The breaker of mx1.ok.test is closed.');
    $b->gone('breaker open');

    main::is(main::ask('john@ok.test')->{reason}, 'accepted', 'it is asked again');
}



=== TEST 2: a destination is paused and goes on; a domain is forgotten
--- smtp
mx1 11 pipelining users=john,jane
--- journey eval
sub {
    my ($b) = @_;

    main::ask('john@ok.test');
    $b->enter('ops-token', '#/destinations');

    $b->click('Pause: mx1.ok.test');
    $b->choose('For', 'an hour');
    $b->click('Pause');
    $b->see('paused for 1 h');
    main::is(main::ask('jane@ok.test')->{reason}, 'throttled', 'nobody is asked');

    $b->click('Paused');
    $b->see('mx1.ok.test');
    $b->click('Breaker open');
    $b->see('Nothing fits');
    $b->click('All');

    $b->click('Resume: mx1.ok.test');
    $b->see('mx1.ok.test is asked again');
    $b->gone('paused for');
    main::is(main::ask('jane@ok.test')->{reason}, 'accepted', 'asked again');

    $b->fill('Name', 'other');
    $b->see('Nothing fits');
    $b->fill('Name', 'MX1');
    $b->see('mx1.ok.test');

    $b->click('Forget a domain');
    $b->fill('Domain', 'ok.test');
    $b->click('Forget');
    $b->see('It is asked for anew.');

    $b->click('Forget a domain');
    $b->fill('Domain', 'never.test');
    $b->click('Forget');
    $b->see('Nothing was known about this domain.');
}
--- expected
/status\?action=forget_domain



=== TEST 3: a token without the right sees nothing of others, and no buttons
--- smtp
mx1 11 pipelining users=john
--- journey eval
sub {
    my ($b) = @_;

    main::ask('john@ok.test');
    $b->enter('alice-token', '#/destinations');
    $b->see('Your token shows your own counters only');
    main::unlike($b->text, qr/mx1|Pause/, 'nothing of others');
    $b->looks('destinations-own');

    $b->open('#/metrics');
    $b->see('Your token does not have the right');
    $b->looks('metrics-denied');
}
--- expected
status of 403 .*/metrics$



=== TEST 4: port 25 is closed: the audit says so, and what to do
--- http_config
smtp_verify_audit on target=a.test target=b.test;
--- smtp
mx1 11 refuse
mx2 12 refuse
--- dns
ok.test MX 10 mx.ok.test
mx.ok.test A 11
a.test MX 10 mx.a.test
mx.a.test A 11
b.test MX 10 mx.b.test
mx.b.test A 12
verifier.test MX 10 mx.ok.test
--- journey eval
sub {
    my ($b) = @_;

    main::ask('john@ok.test');
    $b->enter('ops-token', '#/egress');
    $b->see('Port 25');
    $b->see(qr/could not be reached .*refused/, 30);
    $b->see('Ask your provider to open outgoing port 25');
    $b->see('docs/troubleshooting.md#port_25');
    $b->see(qr/\d+ checks? fails?/);
    $b->looks('egress-closed');

    $b->open('#/metrics');
    $b->click(qr/of the self-audit/);
    $b->see('What to do:');
}



=== TEST 5: all is well
--- smtp
mx1 11 pipelining users=john
--- journey eval
sub {
    my ($b) = @_;

    main::ask('john@ok.test');
    $b->enter('ops-token', '#/egress');
    $b->see('All is well');
    $b->see('A connection to a mail server was made');
    $b->looks('egress-well');
}



=== TEST 6: graphs of what is asked
--- smtp
mx1 11 pipelining users=john,jane
--- journey eval
sub {
    my ($b) = @_;

    $b->enter('ops-token', '#/metrics');
    $b->see('Time of an answer');
    main::ask('john@ok.test') for 1 .. 3;
    main::ask('jane@ok.test');
    main::ask('none@ok.test');

    # 5 answers within the 3 s of one scrape or of two; 2 of 5 from the cache

    $b->until("[...document.querySelectorAll('.chart svg')].some((g) =>"
        . " /^Answers: deliverable [0-9.]+\\/s, undeliverable 0\\.3/.test("
        . "g.getAttribute('aria-label')))", 'the answers are in the graph');
    $b->until("[...document.querySelectorAll('.chart svg')].some((g) =>"
        . " /^Cache: hit rate [1-9][0-9]%/.test(g.getAttribute('aria-label')))",
        'the cache, too');
    $b->looks('metrics');

    # who comes back finds what was there

    $b->open('#/reasons');
    $b->gone('Time of an answer');
    $b->open('#/metrics');
    $b->until("[...document.querySelectorAll('.chart path.line')].some((p) =>"
        . " /L/.test(p.getAttribute('d')))", 'a line', 2);
}



=== TEST 7: a token that was revoked: it is said, and there is a way back
--- smtp
mx1 11 pipelining users=john
--- journey eval
sub {
    my ($b) = @_;

    main::ask('john@ok.test');
    $b->enter('old-token', '#/destinations');
    $b->see('The server does not know this token, or it was revoked.');
    $b->click('Cancel');
    $b->see('The token is unknown, or it was revoked.');
    $b->looks('destinations-token');

    $b->click('Change the token');
    $b->fill('Token', 'ops-token');
    $b->click('Use token');
    $b->see('mx1.ok.test');
    $b->gone('revoked');
    $b->see('Forget a domain');

    # a token that is worse takes away what was seen

    $b->click('Change the token');
    $b->fill('Token', 'alice-token');
    $b->click('Use token');
    $b->see('Your token shows your own counters only');
    $b->gone('mx1.ok.test');
    $b->gone('Forget a domain');
}
--- expected
status of 401 .*/(status|usage)



=== TEST 8: times, as people say them
--- journey eval
sub {
    my ($b) = @_;

    $b->enter('ops-token', '#/reasons');

    my $said = $b->js("import('./js/dom.js').then((dom) => [0.0004, 0.4, 0.9996,"
        . " 7.25, 9.96, 12.3, 90, 119.6, 150, 3540, 3569, 3570, 3600, 3900, 7200,"
        . " 35970, 36000, 172799, 172800, null].map(dom.duration).join(', '))");

    main::is($said, "0 ms, 400 ms, 1 s, 7.3 s, 10 s, 12 s, 90 s, 2 min, 3 min,"
        . " 59 min, 59 min, 1 h, 1 h, 1 h 5 min, 2 h, 10 h, 10 h, 2 d, 2 d,"
        . " \x{2013}", 'durations');
}
