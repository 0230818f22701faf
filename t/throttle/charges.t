# An attacker who has one domain, ever so many names below it, hosts of its own
# that do anything, and other hosts' names in its lists: whoever has done
# nothing is answered as if there were none.  The scenarios are random, by a
# seed each; TEST_CHARGES_SEED=n makes n be the first one.

use lib 't/lib';
use TestVerify 'no_plan';
use TestVerify::Clients;

master_on();
workers($ENV{TEST_CHARGED_WORKERS} // 4);
worker_connections(512);

preset_http(<<'END');
smtp_verify_throttle_zone zone=limits:1m;
smtp_verify_throttle zone=limits rate=1000/s burst=1000 conns=100 ip_conns=100 pause=60s rejects=10000/h;
smtp_verify_connect_timeout 200ms 200ms 200ms;
smtp_verify_greeting_timeout 3s;
smtp_verify_read_timeout 3s;
END

my $smtp = join '', map {
    my ($name, $addr) = @$_;
    "$name $addr pipelining users=john\n"
    . "    rcpt block*: 550 5.7.1 Client host blocked using zen.spamhaus.org\n"
    . "    rcpt rate*: 450 4.7.1 Too many messages from your address, slow down\n"
    . "    rcpt close*: 421 4.3.2 Not now ; close\n"
    . "    rcpt hang*: hang\n"
    . "    rcpt quota*: 450 4.2.1 The user you are trying to contact is receiving mail too quickly\n"
    . "    rcpt cut*: close\n";
} (['shared', 11], ['google', 12], ['own', 13], ['evilrcpt', 25]);

my $evil = <<'END';
evilhang 21
    banner: hang
evilbusy 22
    banner: 421 4.7.0 Too many connections, slow down ; close
evilblock 23
    banner: 554 5.7.1 Client host blocked using zen.spamhaus.org
evilmail 24
    mail: 421 4.3.2 Not now ; close
END

my @victims = qw( good1 good2 good3 gw1 gw2 own );
my @kinds = qw( block rate close quota cut nobody john hang );
my @hosts = qw( mx.shared.test mx.shared.test aspmx.l.google.com mx.own.test
    busy.evil.test block.evil.test mail.evil.test rcpt.evil.test
    dead.evil.test none.evil.test nxd0.aspmx.l.google.com www.google.com
    hang.evil.test );

# names above that one lead to silence, too: not those that are waited for
my $waited = 15;

my $first = $ENV{TEST_CHARGES_SEED} // 7;

my ($n, %done);


# a number below that one, the same on all machines

sub dice
{
    $n = ($n * 1103515245 + 12345) % 2147483648;
    return int(($n >> 8) * $_[0] / 8388608);
}


sub scenario
{
    my ($i) = @_;

    return $done{$i} if $done{$i};

    $n = $first + $i - 1;
    dice(2) for 1 .. 8;

    my $dns = <<'END';
mx.shared.test A 11
aspmx.l.google.com A 12
www.google.com A 32
mx.own.test A 13
hang.evil.test A 21
busy.evil.test A 22
block.evil.test A 23
mail.evil.test A 24
rcpt.evil.test A 25
dead.evil.test A 31
good1.test MX 10 mx.shared.test
good2.test MX 10 mx.shared.test
good3.test MX 10 mx.shared.test
gw1.test MX 10 aspmx.l.google.com
gw2.test MX 10 aspmx.l.google.com
own.test MX 10 mx.own.test
END

    for my $name (1 .. 25) {
        $dns .= "d$name.evil.test MX " . 10 * (1 + dice(2)) . ' '
            . $hosts[dice(@hosts - ($name <= $waited))] . "\n"
            for 0 .. dice(3);
    }

    my (@address, @json);

    for (1 .. 40) {
        if (dice(4)) {
            push @address, $kinds[dice(@kinds - 1)] . dice(1000) . '@d'
                . (1 + dice($waited)) . '.evil.test';
            push @json, "reason: *\n";

        } else {
            push @address, 'john@' . $victims[dice(scalar @victims)] . '.test';
            push @json, "reason: accepted\n";
        }
    }

    for (@victims) {
        push @address, "john\@$_.test";
        push @json, "reason: accepted\n";
    }

    my @beside = map { [$kinds[dice(scalar @kinds)] . '%d@d'
                        . (1 + dice(25)) . '.evil.test', dice(30) / 10] }
        1 .. 12;

    return $done{$i} = {
        dns => $dns, address => join("\n", @address),
        json => join("--\n", @json), beside => \@beside
    };
}


add_block_preprocessor(sub {
    my ($block) = @_;

    $block->set_value(smtp => $smtp . $evil);
});


sub beside
{
    my ($i) = @_;

    for (@{ scenario($i)->{beside} }) {
        TestVerify::Clients::start("/verify?email=$_->[0]", clients => 2,
                                   after => $_->[1]);
    }
}


run_tests();

__DATA__

=== TEST 1: the first scenario
--- http_config
smtp_verify_keepalive off;
--- dns eval
main::scenario(1)->{dns}
--- init
main::beside(1);
--- address eval
main::scenario(1)->{address}
--- json eval
main::scenario(1)->{json}
--- smtp_check eval
sub { TestVerify::Clients::finish(); 1 }
--- linger: 9s
--- timeout: 40s



=== TEST 2: the second one, with sessions that are kept
--- http_config
smtp_verify_keepalive 8 timeout=1s;
--- dns eval
main::scenario(2)->{dns}
--- init
main::beside(2);
--- address eval
main::scenario(2)->{address}
--- json eval
main::scenario(2)->{json}
--- smtp_check eval
sub { TestVerify::Clients::finish(); 1 }
--- linger: 9s
--- timeout: 40s



=== TEST 3: the third one, by a pool
--- http_config
smtp_verify_keepalive 8 timeout=1s;
smtp_verify_egress_pool three {
    address $TEST_NGINX_NET.101 helo=h101.verifier.test from=f101@verifier.test;
    address $TEST_NGINX_NET.102 helo=h102.verifier.test from=f102@verifier.test;
    address $TEST_NGINX_NET.103 helo=h103.verifier.test from=f103@verifier.test;
}
--- verify
smtp_verify_egress three;
--- dns eval
main::scenario(3)->{dns}
--- init
main::beside(3);
--- address eval
main::scenario(3)->{address}
--- json eval
main::scenario(3)->{json}
--- smtp_check eval
sub { TestVerify::Clients::finish(); 1 }
--- linger: 9s
--- timeout: 40s
