# Each row of the table of providers that is compiled in, by what it means: the
# rows are those of t/unit/provider_rows.h, which test_provider compares with
# conf/providers.conf.

use lib 't/lib';
use TestVerify 'no_plan';

my $text = do { local (@ARGV, $/) = 't/unit/provider_rows.h'; <> };
my @rows;

while ($text =~ /\{ "([^"]+)", '(\w)', [^"]*"([^" ]+)/g) {
    push @rows, { id => $1, worth => $2, host => $3 };
}

die "no rows\n" if @rows < 100;


sub rows
{
    my ($worth) = @_;

    return grep { $_->{worth} eq $worth } @rows;
}


sub dns
{
    return join '', map {
        "$_->{id}.test MX 10 mx.$_->{host}\nmx.$_->{host} A 11\n"
    } rows(@_);
}


sub addresses
{
    return join "\n", map { ("john\@$_->{id}.test", "jane\@$_->{id}.test") }
        rows(@_);
}


# of each row the two answers, and what is known of its domain

sub says
{
    my ($worth, @says) = @_;

    return join "\n--\n", map { my $row = $_; map {
        "$_\nsmtp.mx_host: mx.$row->{host}\nsmtp.smtp_provider: *"
    } @says } rows($worth);
}


# recipients that were asked

sub asked
{
    my ($transcript) = @_;

    return scalar(() = $transcript =~ /C: RCPT TO:/g);
}

preset_http("smtp_verify_keepalive off;\n");

run_tests();

__DATA__

=== TEST 1: learned: a domain is asked whether it refuses anybody
--- no_zones
--- smtp
mx1 11 pipelining users=john
--- dns eval
main::dns('L')
--- address eval
main::addresses('L')
--- json eval
main::says('L', "reason: accepted\nsmtp.is_catch_all: false",
           "reason: mailbox_not_found\nverification_level: confirmed")
--- smtp_check eval
sub { main::asked($_[1]) >= 3 * main::rows('L') }
--- timeout: 60s
--- linger: 5s



=== TEST 2: definitive: a 2xx is believed, and so is a 5xx
--- smtp
mx1 11 pipelining users=john
--- dns eval
main::dns('D')
--- address eval
main::addresses('D')
--- json eval
main::says('D', "reason: accepted\nsmtp.is_catch_all: false",
           "reason: mailbox_not_found\nverification_level: confirmed")
--- smtp_check eval
sub { main::asked($_[1]) == 2 * main::rows('D') }



=== TEST 3: accepts all: nobody is asked
--- smtp
mx1 11 pipelining accept
--- dns eval
main::dns('A')
--- address eval
main::addresses('A')
--- json eval
main::says('A', ("verdict: unknown unverifiable_provider estimated policy\n"
                 . "checks.mx_record: true\nsmtp.connected: null") x 2)
--- smtp_sessions: 0
