# Two locations that differ in one setting share no answer that differs by it:
# not in a cache zone, not without one, and not while both ask at once.  What
# depends on who asks, and how long, is not shared either; but what the one
# found out about a mailbox holds for the other, too.

use lib 't/lib';
use TestVerify 'no_plan';
use TestVerify::Cert;
use TestVerify::Clients;

$ENV{TEST_NGINX_CA} = (TestVerify::Cert::authority())[2];
$ENV{TEST_NGINX_OTHER_CA}
    = (TestVerify::Cert::leaf('other.test', 'selfsigned'))[0];
$ENV{TEST_NGINX_CRL} = TestVerify::Cert::revoked('mx1.ok.test');

our $suite = $$;

END { unlink $ENV{TEST_NGINX_CRL} if $$ == $suite }

master_on();
preset(smtp => "mx1 11 pipelining users=john,jane\n");


# "settings" are the directives of the two, a line each behind those that both
# have; "answers" their reasons.  /a and /b have a zone, /c and /d none.  With
# "fact" that of the second is one that the first takes from the cache.  /e and
# /f keep sessions

add_block_preprocessor(sub {
    my ($block) = @_;

    my @lines = split /\n/, $block->settings;
    my @reasons = split ' ', $block->answers;
    my ($two, $one) = map { s/^none$//r } reverse splice @lines, -2;
    my $both = join "\n", @lines;

    $block->set_value(http_config =>
                      "smtp_verify_cache_zone zone=results:1m;\n"
                      . ($block->http_config // ''));

    $block->set_value(config => join '', map {
        my ($name, $mine, $more) = @$_;
        "location = /$name {\nsmtp_verify;\n$more\n$both\n$mine\n}\n"
    } ['a', $one, 'smtp_verify_cache results;'],
      ['b', $two, 'smtp_verify_cache results;'], ['c', $one, ''],
      ['d', $two, ''], ['e', $one, 'smtp_verify_keepalive 8 timeout=1s;'],
      ['f', $two, 'smtp_verify_keepalive 8 timeout=1s;']);

    # both at once, twice: there may be something to remember behind the first;
    # then in sessions that the other may have kept

    $block->set_value(init => <<'END');
for my $both ('cd', 'cd', 'f', 'e', 'f', 'e') {
    TestVerify::Clients::start("/$_?email=john\@ok.test")
        for split //, $both;
    TestVerify::Clients::finish();
}
END

    my @asked = map { "GET /$_->[0]?email=$_->[1]\@ok.test" }
        ['a', 'john'], ['b', 'john'], ['a', 'john'], ['b', 'john'],
        ['b', 'jane'], ['a', 'jane'];

    $block->set_value(request => \@asked);

    my $fact = defined $block->fact;
    my $known = 0;

    $block->set_value(json => join "--\n", map {
        my $second = m{^GET /b} || $known;
        $known ||= $fact && $second;
        "reason: $reasons[$second ? 1 : 0]\n"
    } @asked);

    my $want = join ', ', map { "$_ 4" } sort @reasons;

    $block->set_value(smtp_check => sub {
        my $got = TestVerify::Clients::reasons();
        Test::More::diag("without a zone: $got") if $got ne $want;
        return $got eq $want;
    });
});

run_tests();

__DATA__

=== TEST 1: smtp_verify_catch_all
--- smtp
mx1 11 pipelining accept
--- settings
smtp_verify_catch_all on;
smtp_verify_catch_all off;
--- answers: catch_all accepted_untested



=== TEST 2: smtp_verify_starttls
--- settings
smtp_verify_starttls required;
smtp_verify_starttls on;
--- answers: tls_failed accepted



=== TEST 3: smtp_verify_from
--- smtp
mx1 11 pipelining users=john,jane
    mail *bad@*: 550 5.7.1 Sender address rejected: Access denied
--- settings
smtp_verify_from bad@verifier.test;
smtp_verify_from good@verifier.test;
--- answers: sender_blocked accepted
--- fact



=== TEST 4: smtp_verify_helo
--- smtp
mx1 11 pipelining users=john,jane
    mail: default
    ehlo bad*: 550 5.7.1 Helo command rejected: Access denied
--- settings
smtp_verify_helo bad.verifier.test;
smtp_verify_helo good.verifier.test;
--- answers: sender_blocked accepted
--- fact



=== TEST 5: smtp_verify_smtp
--- settings
smtp_verify_smtp off;
smtp_verify_smtp on;
--- answers: not_probed accepted



=== TEST 6: smtp_verify_max_mx
--- smtp
mx1 11 refuse
mx2 12 pipelining users=john,jane
--- settings
smtp_verify_max_mx 1;
smtp_verify_max_mx 2;
--- answers: connect_failed accepted



=== TEST 7: smtp_verify_target_allow
--- settings
smtp_verify_target_allow 10.0.0.0/8;
smtp_verify_target_allow 127.0.0.0/8;
--- answers: forbidden_target accepted



=== TEST 8: smtp_verify_port
--- settings
smtp_verify_port 9;
smtp_verify_port $TEST_NGINX_SMTP_PORT;
--- answers: connect_failed accepted



=== TEST 9: resolver
--- dns
+default
@2 * ! servfail
--- settings
resolver $TEST_NGINX_DNS2;
resolver $TEST_NGINX_DNS;
--- answers: dns_error accepted



=== TEST 10: smtp_verify_ask_unverifiable
--- smtp
mx1 11 pipelining
--- dns
ok.test MX 10 mta5.am0.yahoodns.net
mta5.am0.yahoodns.net A 11
--- settings
smtp_verify_ask_unverifiable off;
smtp_verify_ask_unverifiable on;
--- answers: unverifiable_provider mailbox_not_found



=== TEST 11: smtp_verify_ssl_verify
--- smtp
mx1 11 pipelining starttls users=john,jane cert=selfsigned
--- settings
smtp_verify_starttls required;
smtp_verify_ssl_trusted_certificate $TEST_NGINX_CA;
smtp_verify_ssl_verify on;
smtp_verify_ssl_verify off;
--- answers: tls_failed accepted



=== TEST 12: smtp_verify_ssl_trusted_certificate
--- smtp
mx1 11 pipelining starttls users=john,jane
--- settings
smtp_verify_starttls required;
smtp_verify_ssl_verify on;
smtp_verify_ssl_trusted_certificate $TEST_NGINX_OTHER_CA;
smtp_verify_ssl_trusted_certificate $TEST_NGINX_CA;
--- answers: tls_failed accepted



=== TEST 13: smtp_verify_ssl_crl
--- smtp
mx1 11 pipelining starttls users=john,jane cert=revoked
--- settings
smtp_verify_starttls required;
smtp_verify_ssl_verify on;
smtp_verify_ssl_trusted_certificate $TEST_NGINX_CA;
smtp_verify_ssl_crl $TEST_NGINX_CRL;
none
--- answers: tls_failed accepted



=== TEST 14: smtp_verify_ssl_verify_depth
--- smtp
mx1 11 pipelining starttls users=john,jane cert=deep
--- settings
smtp_verify_starttls required;
smtp_verify_ssl_verify on;
smtp_verify_ssl_trusted_certificate $TEST_NGINX_CA;
smtp_verify_ssl_verify_depth 1;
none
--- answers: tls_failed accepted



=== TEST 15: smtp_verify_ssl_protocols
--- smtp
mx1 11 pipelining starttls users=john,jane tls=1.2
--- settings
smtp_verify_starttls required;
smtp_verify_ssl_protocols TLSv1.3;
smtp_verify_ssl_protocols TLSv1.2;
--- answers: tls_failed accepted



=== TEST 16: smtp_verify_ssl_ciphers
--- smtp
mx1 11 pipelining starttls users=john,jane tls=1.2
--- settings
smtp_verify_starttls required;
smtp_verify_ssl_ciphers AES128-SHA;
smtp_verify_ssl_ciphers DEFAULT;
--- answers: tls_failed accepted



=== TEST 17: smtp_verify_ssl_conf_command
--- smtp
mx1 11 pipelining starttls users=john,jane tls=1.2
--- settings
smtp_verify_starttls required;
smtp_verify_ssl_conf_command MinProtocol TLSv1.3;
none
--- answers: tls_failed accepted



=== TEST 18: smtp_verify_read_timeout
--- smtp
mx1 11 pipelining users=john,jane
    rcpt j*: wait 700ms ; default
--- settings
smtp_verify_read_timeout 200ms;
smtp_verify_read_timeout 3s;
--- answers: timeout accepted
--- fact



=== TEST 19: smtp_verify_greeting_timeout
--- smtp
mx1 11 pipelining users=john,jane
    banner: wait 700ms ; default
--- settings
smtp_verify_greeting_timeout 200ms;
smtp_verify_greeting_timeout 3s;
--- answers: timeout accepted
--- fact



=== TEST 20: smtp_verify_timeout
--- smtp
mx1 11 pipelining users=john,jane
    rcpt j*: wait 700ms ; default
--- settings
smtp_verify_read_timeout 3s;
smtp_verify_timeout 300ms;
smtp_verify_timeout 5s;
--- answers: timeout accepted
--- fact
