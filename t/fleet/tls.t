# A fleet whose store speaks TLS: what is not as the configuration says is
# refused, and told once with its cause; the machine goes on without the store.

use lib 't/lib';
use TestVerify 'no_plan';
use TestVerify::Clients qw( until_true );
use TestVerify::Valkey;
use TestVerify::Fleet qw( health );
use TestVerify::Stores qw( said );
use TestVerify::Cert;

master_on();

add_block_preprocessor(sub {
    my ($block) = @_;

    my ($server, $more) = split ' ', $block->fleet, 2;
    my $cert = $block->cert // 'good';
    my ($crt, $key) = TestVerify::Cert::leaf('localhost', $cert);

    TestVerify::Valkey::stop();
    TestVerify::Valkey::start('--tls-cert-file', $crt, '--tls-key-file', $key,
                              split ' ', $block->store // '');

    $block->set_value(http_config => patient(<<"END"));
smtp_verify_cache_zone zone=a:1m;
smtp_verify_fleet a {
    server $server;
    key \$TEST_NGINX_FLEET_KEY;
    prefix test; $more
}
END
    $block->set_value(config => '
        location = /verify { smtp_verify; smtp_verify_cache a; }
        location = /health { smtp_verify_health; }');
    $block->set_value(init => 'main::wait_for_cause();');
    $block->set_value(log_allow => 'is away, this machine goes on by itself'
                                   . '|alert certificate required');
    $block->set_value(request => 'GET /verify?email=john@ok.test');
    $block->set_value(json => 'reason: accepted');

    # without a cause the store answers

    my $cause = $block->cause // '';
    chomp $cause;

    return $block->set_value(smtp_check => sub {
        diag $main::Health if $main::Health !~ /answers/;
        return $main::Health eq 'The store of the fleet a answers.';
    }) if $cause eq '';

    $block->set_value(smtp_check => sub {
        diag $main::Health if $main::Health !~ /$cause/;

        # what has two causes is told by each of two connections

        my $said = said("the store at .*$cause");

        return $main::Health =~ /is away \(.*: $cause.*\): this/
               && $said >= 1 && $said <= ($cause =~ /\|/ ? 4 : 1);
    });
});

preset(smtp => "mx1 11 pipelining users=john\n");

sub wait_for_cause
{
    # some tries later it is still told once

    sleep 1;
    until_true(sub { ($main::Health = health()) =~ /\(|answers/ });
}


run_tests();

__DATA__

=== TEST 1: an authority that is not trusted
--- fleet eval
'localhost:$TEST_NGINX_VALKEY_TLS tls on; ca '
. (TestVerify::Cert::leaf('other.test', 'selfsigned'))[0] . ';'
--- cause
its certificate is not trusted: unable to



=== TEST 2: a certificate that has expired
--- cert: expired
--- fleet
localhost:$TEST_NGINX_VALKEY_TLS tls on; ca $TEST_NGINX_VALKEY_CA;
--- cause
its certificate is not trusted: certificate has expired



=== TEST 3: a certificate for another name
--- fleet
127.0.0.1:$TEST_NGINX_VALKEY_TLS tls on; ca $TEST_NGINX_VALKEY_CA;
--- cause
its certificate is not trusted: it is for another name



=== TEST 4: a port without TLS
--- fleet
$TEST_NGINX_VALKEY tls on; ca $TEST_NGINX_VALKEY_CA;
--- cause
(?:it does not answer in TLS|the TLS handshake failed)



=== TEST 5: a port with TLS, which the fleet does not speak
--- fleet
localhost:$TEST_NGINX_VALKEY_TLS tls off;
--- cause
it closed the new connection



=== TEST 6: a store that wants a certificate, and gets it
--- store eval
"--tls-auth-clients yes --tls-ca-cert-file $ENV{TEST_NGINX_VALKEY_CA}"
--- fleet eval
my ($crt, $key) = TestVerify::Cert::leaf('edge.test');
'localhost:$TEST_NGINX_VALKEY_TLS tls on; ca $TEST_NGINX_VALKEY_CA; '
. "certificate $crt; certificate_key $key;"



=== TEST 7: it gets none
--- store eval
"--tls-auth-clients yes --tls-ca-cert-file $ENV{TEST_NGINX_VALKEY_CA}"
--- fleet
localhost:$TEST_NGINX_VALKEY_TLS tls on; ca $TEST_NGINX_VALKEY_CA;
--- cause
it (?:closed the new connection|cannot be written to)



=== TEST 8: it gets one of another authority
--- store eval
"--tls-auth-clients yes --tls-ca-cert-file $ENV{TEST_NGINX_VALKEY_CA}"
--- fleet eval
my ($crt, $key) = TestVerify::Cert::leaf('edge.test', 'selfsigned');
'localhost:$TEST_NGINX_VALKEY_TLS tls on; ca $TEST_NGINX_VALKEY_CA; '
. "certificate $crt; certificate_key $key;"
--- cause
it (?:closed the new connection|cannot be written to)
