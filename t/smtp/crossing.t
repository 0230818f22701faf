# A reply that was written before the server had our command, on a network that
# loses the first packet with that command: the kernel knows, whatever the replies
# say.

use strict;
use warnings;

use Cwd qw( abs_path );
use lib 't/lib';

BEGIN {
    if (!$ENV{TEST_VERIFY_NETNS}) {
        if ($> != 0 || system('unshare --net sh -c "ip link set lo up'
                              . ' && iptables -A INPUT -m string --algo bm'
                              . ' --string x -m limit --limit 1/hour -j DROP"'
                              . ' >/dev/null 2>&1') != 0)
        {
            print "1..0 # SKIP has to be root, with ip, network namespaces,"
                  . " and the matches string and limit of iptables\n";
            exit 0;
        }

        $ENV{TEST_VERIFY_NETNS} = 1;

        exec 'unshare', '--net', $^X,
            (map { '-I' . abs_path($_) } grep { !ref && -d } @INC), $0, @ARGV
            or die "unshare: $!\n";
    }

    system('ip link set lo up') == 0 or die "ip\n";
}

use TestVerify 'no_plan';


# the first packets that match never arrive; the kernel sends them again

our $packets;

sub lose_packet
{
    system('iptables', '-F') == 0
        && system('iptables', '-A', 'INPUT', '-p', 'tcp', '--dport',
                  $TestVerify::Env::SmtpPort, @_, '-m', 'limit', '--limit',
                  '1/hour', '--limit-burst', $packets // 1, '-j', 'DROP') == 0
        or die "iptables\n";
}


# one with this text

sub lose
{
    my ($text) = @_;

    lose_packet('-m', 'string', '--algo', 'bm',
                $text =~ /^\|/ ? '--hex-string' : '--string', $text);
}


# nothing is believed

preset(verify => "smtp_verify_catch_all off;\n", no_reuse => '',
       address => 'jane@ok.test',
       json => "verdict: unknown protocol_error estimated network\n"
               . "smtp.mailbox_exists: null\n");


# a packet is lost, and no reply crosses it: both are answered at once

our $Unharmed =
    "verdict: risky accepted_untested confirmed null\n"
    . "smtp.attempts: 1\n--\n"
    . "verdict: undeliverable mailbox_not_found confirmed mailbox\n"
    . "smtp.attempts: 1\n";

run_tests();

__DATA__

=== TEST 1: a reply crosses MAIL and RCPT: nothing is believed
--- init
main::lose('MAIL FROM');
--- smtp
mx1 11 pipelining
    ehlo: default ; wait 30ms ; 250 x
    mail: 250 ok
    rcpt: wait 50ms ; 550 no such user



=== TEST 2: a reply crosses RCPT
--- init
main::lose('RCPT TO');
--- smtp
mx1 11 8bitmime
    mail: default ; wait 30ms ; 550 5.1.1 User unknown
    rcpt: 250 ok
--- address: john@ok.test



=== TEST 3: 421 crosses MAIL: as at any other time
--- init
main::lose('MAIL FROM');
--- smtp
mx1 11 pipelining
    ehlo: default ; wait 30ms ; 421 4.7.0 Too many connections ; close
--- json
verdict: unknown rate_limited estimated policy
smtp.stage: mail
smtp.response_code: 421



=== TEST 4: a packet is lost, and nothing crosses it
--- init
main::lose('MAIL FROM');
--- smtp
mx1 11 pipelining users=john
--- address
john@ok.test
jane@ok.test
--- json eval: $main::Unharmed



=== TEST 5: likewise, in clear, without PIPELINING
--- init
main::lose('RCPT TO');
--- smtp
mx1 11 8bitmime users=john
--- address
john@ok.test
jane@ok.test
--- json eval: $main::Unharmed



=== TEST 6: a reply crosses MAIL and RCPT, in a record of TLS with 74 octets
--- init
main::lose('|170303004a|');
--- smtp
mx1 11 pipelining starttls
    ehlo#2: default ; wait 30ms ; 250 x
    mail: 250 ok
    rcpt: wait 50ms ; 550 no such user
--- json
verdict: unknown protocol_error estimated network
smtp.mailbox_exists: null
smtp.tls.protocol: TLSv1.3



=== TEST 7: likewise, and nothing crosses it
--- init
main::lose('|170303004a|');
--- smtp
mx1 11 pipelining starttls
--- json
verdict: undeliverable mailbox_not_found confirmed mailbox
smtp.tls.protocol: TLSv1.3
smtp.attempts: 1



=== TEST 8: time is over while a server that offers nothing is listened to
--- not_slower
--- init
main::lose_packet('--syn');
--- smtp
mx1 11
    ehlo: 250 mx1.ok.test
    quit: 500 5.5.1 Command unknown ; close
--- verify
smtp_verify_connect_timeout 5s 5s 5s;
smtp_verify_read_timeout 5s;
smtp_verify_timeout 1500ms;
--- not_slower
--- timeout: 5
--- address: john@ok.test
--- json
verdict: unknown timeout estimated network
smtp.stage: ehlo



=== TEST 9: it takes seconds to connect to a server that offers nothing
--- init
local $main::packets = 2;
main::lose_packet('--syn');
--- smtp
mx1 11 users=john
    ehlo: 250 mx1.ok.test
--- verify
smtp_verify_connect_timeout 5s 5s 5s;
smtp_verify_read_timeout 5s;
smtp_verify_timeout 20s;
smtp_verify_catch_all off;
--- not_slower
--- timeout: 25
--- address: john@ok.test
--- json
verdict: risky accepted_untested confirmed null
--- within: 5s



=== TEST 10: a reply crosses MAIL and RCPT, in the shortest record of TLS
--- init
main::lose('|1703030049|');
--- smtp
mx1 11 pipelining starttls tls=1.2
    ehlo#2: default ; wait 30ms ; 250 x
    mail: 250 ok
    rcpt: wait 50ms ; 550 no such user
--- verify
smtp_verify_catch_all off;
smtp_verify_ssl_protocols TLSv1.2;
smtp_verify_ssl_ciphers ECDHE-RSA-CHACHA20-POLY1305:ECDHE-ECDSA-CHACHA20-POLY1305;
--- json
verdict: unknown protocol_error estimated network
smtp.mailbox_exists: null
smtp.tls.protocol: TLSv1.2
