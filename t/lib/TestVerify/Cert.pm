package TestVerify::Cert;

# Certificates made on the spot: an authority, and leaves signed by it.

use strict;
use warnings;

use Digest::SHA ();
use File::Path qw( make_path );
use IO::Socket::SSL::Utils;

use TestVerify::Env;


sub dir
{
    return "$TestVerify::Env::Dir/certificates";
}


# the paths of the certificate and the key for a host name; "expired" and
# "selfsigned" make bad ones, "chain" has the authority behind it, "expiredchain"
# likewise; "deep" is below two authorities more, "revoked" is in revoked()

sub leaf
{
    my ($host, $kind) = @_;

    $kind ||= 'good';

    my $base = dir() . "/$kind-$host";

    if (!fresh("$base.crt")) {
        my ($ca, $cakey) = authority();
        my @chain = $kind =~ /chain$/ ? $ca : ();

        if ($kind eq 'deep') {
            for my $n (1, 2) {
                ($ca, $cakey) = below("Test authority $n", $ca, $cakey);
                unshift @chain, $ca;
            }
        }

        my $key = KEY_create_ec('prime256v1');
        my $now = time();

        my @issuer = $kind eq 'selfsigned' ? ()
                                           : (issuer => [$ca, $cakey]);

        my ($cert) = CERT_create(@issuer, key => $key, version => 3,
            serial => int(rand(2 ** 30)) + 2,
            subject => { commonName => $host },
            subjectAltNames => [[DNS => $host]],
            not_before => $now - 2 * 86400,
            not_after => $now + ($kind =~ /^expired/ ? -86400 : 30 * 86400));

        save($base, $cert, $key, @chain);
    }

    return ("$base.crt", "$base.key");
}


# an authority whose certificate is signed by another one

sub below
{
    my ($name, @above) = @_;

    my $key = KEY_create_ec('prime256v1');
    my ($cert) = CERT_create(CA => 1, purpose => 'cRLSign', key => $key,
        version => 3, serial => int(rand(2 ** 30)) + 2, issuer => \@above,
        subject => { commonName => $name },
        not_before => time() - 86400, not_after => time() + 60 * 86400);

    return ($cert, $key);
}


# the path of a list of revoked certificates, with the "revoked" one of a host

sub revoked
{
    my ($host) = @_;

    my ($file) = leaf($host, 'revoked');
    my (undef, undef, $ca) = authority();
    my $base = dir() . "/revoked-$host.$$";
    my $key = $ca =~ s/crt$/key/r;
    my ($serial) = `openssl x509 -in $file -noout -serial` =~ /=(\w+)/;

    spew("$base.index", join("\t", 'R', '400101000000Z', '200101000000Z',
                             $serial, 'unknown', "/CN=$host") . "\n");
    spew("$base.conf", "[ca]\ndefault_ca = list\n[list]\n"
         . "database = $base.index\ndefault_md = sha256\n"
         . "default_crl_days = 30\n");

    system("openssl ca -gencrl -config $base.conf -cert $ca -keyfile $key"
           . " -out $base.crl 2> /dev/null") == 0
        or die "openssl ca: no list of revoked certificates\n";

    unlink glob "$base.index* $base.conf";

    return "$base.crl";
}


sub spew
{
    my ($file, $text) = @_;

    open my $out, '>', $file or die "$file: $!\n";
    print $out $text;
    close $out or die "$file: $!\n";
}


# the data of a TLSA record for the first certificate of a file

sub tlsa
{
    my ($file, $usage, $selector, $matching) = @_;

    my $command = "openssl x509 -in $file";
    my $data = $selector
        ? `$command -noout -pubkey | openssl pkey -pubin -outform DER`
        : `$command -outform DER`;

    $data = $matching == 1 ? Digest::SHA::sha256($data)
          : $matching == 2 ? Digest::SHA::sha512($data) : $data;

    return "$usage $selector $matching " . unpack 'H*', $data;
}


sub authority
{
    my $base = dir() . "/authority";

    if (!fresh("$base.crt")) {
        make_path(dir());

        my $key = KEY_create_ec('prime256v1');
        my ($cert) = CERT_create(CA => 1, purpose => 'cRLSign', key => $key,
            version => 3, serial => 1, subject => { commonName => 'Test authority' },
            not_before => time() - 86400, not_after => time() + 60 * 86400);

        save($base, $cert, $key);
    }

    return (PEM_file2cert("$base.crt"), PEM_file2key("$base.key"),
            "$base.crt");
}


sub fresh
{
    my ($file) = @_;

    return -s $file && -M $file < 20;
}


# suites run in parallel: whole files only, and never a key without its
# certificate

sub save
{
    my ($base, $cert, $key, @chain) = @_;

    open my $lock, '>', dir() . '/lock' or die "certs: $!\n";
    flock $lock, 2;

    return if fresh("$base.crt");

    PEM_key2file($key, "$base.key.$$");
    PEM_cert2file($cert, "$base.crt.$$");

    if (@chain) {
        open my $file, '>>', "$base.crt.$$" or die "$base.crt: $!\n";
        print $file map { PEM_cert2string($_) } @chain;
        close $file;
    }

    rename "$base.key.$$", "$base.key" or die "$base.key: $!\n";
    rename "$base.crt.$$", "$base.crt" or die "$base.crt: $!\n";
}


1;
