package TestVerify::Lab;

# Real mail servers and a real name server, in a directory of their own, for
# a whole suite: Postfix, Exim, OpenSMTPD, Postgrey, Unbound; two SOCKS proxies.

use strict;
use warnings;

use File::Path qw( make_path remove_tree );
use File::Temp ();
use IO::Socket::INET;
use POSIX ();
use Time::HiRes qw( sleep time );

use TestVerify::Cert;
use TestVerify::Env;

our $Run;
our (%Signed, %Unsigned);   # zones: text, what spoils it, times; text
our %Up;            # by name: those that have to be asked for whether they run

my (%pid, @wait);


# what is missing for it, if anything

sub start
{
    my @names = @_ ? @_ : qw( unbound postgrey postfix exim opensmtpd );

    return 'the lab has to be run as root' if $> != 0;

    my $lab = "$TestVerify::Env::Root/build/lab";

    my %packages = (validating => [qw( unbound ldns )]);
    my @packages = map { @{ $packages{$_} || [$_] } } @names;

    if (system("$TestVerify::Env::Root/t/lab/fetch-mta -d $lab @packages"
               . " >/dev/null") != 0)
    {
        return 'the servers cannot be fetched';
    }

    # a short path that their users can reach

    $Run = File::Temp::tempdir('/tmp/smtp-verify-lab.XXXXXX', CLEANUP => 0);
    chmod 0755, $Run;
    make_path("$Run/log");

    my ($cert, $key) = certificate();
    my %values = (RUN => $Run, CERT => $cert, KEY => $key,
        NET => $TestVerify::Env::Net, PORT => $TestVerify::Env::SmtpPort,
        DNSPORT => $TestVerify::Env::DnsPort,
        SOCKSPORT => $TestVerify::Env::SocksPort);

    $ENV{TEST_NGINX_CA} = (TestVerify::Cert::authority())[2];
    $ENV{TEST_NGINX_LAB_DNS}
        = "$TestVerify::Env::Net.60:$TestVerify::Env::DnsPort";

    for my $name (@names) {
        __PACKAGE__->can($name)->($lab, %values);
    }

    return ready();
}


# a copy: those in build/ may be out of reach for them

sub certificate
{
    my ($cert, $key) = TestVerify::Cert::leaf('mx.lab.test');

    system('cp', $cert, "$Run/cert.pem");
    system('cp', $key, "$Run/key.pem");
    chmod 0644, "$Run/cert.pem";
    chmod 0600, "$Run/key.pem";

    return ("$Run/cert.pem", "$Run/key.pem");
}


sub fill
{
    my ($name, $to, %values) = @_;

    open my $in, '<', "$TestVerify::Env::Root/t/lab/$name"
        or die "$name: $!\n";
    my $text = do { local $/; <$in> };

    $text =~ s/\@([A-Z]+)\@/$values{$1} \/\/ "\@$1\@"/ge;

    open my $out, '>', $to or die "$to: $!\n";
    print $out $text;
    close $out;
}


sub spawn
{
    my ($name, $env, @command) = @_;

    my $pid = fork() // die "fork: $!\n";

    if ($pid == 0) {
        TestVerify::Env::detach("$Run/log/$name.err");
        $SIG{CHLD} = 'DEFAULT';
        @ENV{keys %$env} = values %$env;
        exec @command or POSIX::_exit(127);
    }

    $pid{$name} = $pid;
}


sub listens
{
    my ($name, @addresses) = @_;

    push @wait, map { [$name, "$TestVerify::Env::Net.$_"] } @addresses;
}


sub ready
{
    my $end = time() + 20;

    for my $w (@wait) {
        my ($name, $address) = @$w;
        my ($host, $port) = split /:/, $address;

        $port ||= $TestVerify::Env::SmtpPort;

        until (IO::Socket::INET->new(PeerAddr => $host, PeerPort => $port,
                                     Timeout => 1))
        {
            last if time() > $end;
            sleep 0.05;
        }

        $Up{$name} = time() <= $end;

        # it wants a mount namespace, which not everybody may have

        die "$name does not listen on $host:$port; see $Run/log\n"
            if !$Up{$name} && $name ne 'opensmtpd';
    }

    return;
}


# ---- servers

sub unbound
{
    my ($lab, %values) = @_;

    fill('unbound.conf', "$Run/unbound.conf", %values);
    spawn('unbound', {}, "$lab/unbound/usr/sbin/unbound", '-d', '-c',
          "$Run/unbound.conf");
    listens('unbound', "60:$TestVerify::Env::DnsPort");
}


# a name server that validates, with zones that are signed here; %zones: their
# text, by name, and what is done to the signed text

sub validating
{
    my ($lab, %values) = @_;

    my $bin = "$lab/ldns/usr/bin";
    my $conf = '';

    for my $zone (sort keys %Signed) {
        my ($text, $spoil, @times) = @{ $Signed{$zone} };

        spit("$Run/$zone", TestVerify::Env::expand($text));

        my $key = `cd $Run && $bin/ldns-keygen -a ECDSAP256SHA256 -k $zone`;
        chomp $key;

        system("$bin/ldns-signzone", @times, '-f', "$Run/$zone.signed",
               "$Run/$zone", "$Run/$key") == 0 or die "$zone is not signed\n";

        spit("$Run/$zone.signed", $spoil->(slurp("$Run/$zone.signed")));

        $conf .= "server:\n    trust-anchor-file: $Run/$key.key\n"
                 . auth_zone($zone, "$Run/$zone.signed");
    }

    for my $zone (sort keys %Unsigned) {
        spit("$Run/$zone", TestVerify::Env::expand($Unsigned{$zone}));
        $conf .= auth_zone($zone, "$Run/$zone");
    }

    spit("$Run/zones.conf", $conf);
    fill('validating.conf', "$Run/validating.conf", %values);
    spawn('validating', {}, "$lab/unbound/usr/sbin/unbound", '-d', '-c',
          "$Run/validating.conf");
    listens('validating', "60:$TestVerify::Env::DnsPort");
}


sub auth_zone
{
    my ($zone, $file) = @_;

    return "auth-zone:\n    name: $zone\n    zonefile: $file\n"
           . "    for-downstream: no\n    for-upstream: yes\n"
           . "    fallback-enabled: no\n";
}


sub slurp
{
    my ($file) = @_;

    open my $in, '<', $file or die "$file: $!\n";
    local $/;

    return scalar <$in>;
}


sub spit
{
    my ($file, $text) = @_;

    open my $out, '>', $file or die "$file: $!\n";
    print $out $text;
    close $out;
}


# a real greylisting policy, but for two seconds

sub postgrey
{
    my ($lab, %values) = @_;

    make_path("$Run/postgrey");
    chown scalar(getpwnam 'nobody'), scalar(getgrnam 'nogroup'),
        "$Run/postgrey";

    spawn('postgrey', {}, $^X, '-T', "-I$lab/postgrey/usr/share/perl5",
        "$lab/postgrey/usr/sbin/postgrey", "--inet=$values{NET}.59:10023",
        '--delay=2', '--auto-whitelist-clients=0', '--user=nobody',
        '--group=nogroup', "--dbdir=$Run/postgrey",
        '--greylist-text=Greylisted, try again in %s seconds',
        '--whitelist-clients=/dev/null', '--whitelist-recipients=/dev/null');
    listens('postgrey', '59:10023');
}


sub postfix
{
    my ($lab, %values) = @_;

    my $lib = "$lab/postfix";
    my $spool = "$Run/postfix/spool";
    my $mail = getpwnam 'mail';
    my $daemon = getgrnam 'daemon';

    make_path("$Run/postfix/etc", "$Run/postfix/data", map { "$spool/$_" }
        qw( active bounce corrupt defer deferred flush hold incoming
            maildrop pid private public saved trace ));
    chown $mail, -1, "$Run/postfix/data", glob("$spool/*");
    chown 0, -1, "$spool/pid";
    chown -1, $daemon, "$spool/maildrop", "$spool/public";
    chmod 0700, "$Run/postfix/data", glob("$spool/*");
    chmod 0710, "$spool/public";
    chmod 0730, "$spool/maildrop";
    chmod 0755, "$spool/pid";

    for my $file (qw( main.cf master.cf mailboxes recipients )) {
        fill("postfix/$file", "$Run/postfix/etc/$file", %values, LIB => $lib);
    }

    spawn('postfix', { MAIL_CONFIG => "$Run/postfix/etc",
                       LD_LIBRARY_PATH => "$lib/usr/lib/postfix" },
          "$lib/usr/lib/postfix/sbin/master", '-d');
    listens('postfix', 61 .. 65);
}


# users that are only known to whom is told of them

sub users
{
    my ($lab, $package, @names) = @_;

    my $lib = glob "$lab/$package/usr/lib/*/libnss_wrapper.so";
    open my $passwd, '>', "$Run/$package.passwd" or die;
    open my $group, '>', "$Run/$package.group" or die;

    print $passwd "root:x:0:0:root:/root:/bin/sh\n",
                  "nobody:x:65534:65534:nobody:$Run/$package:/bin/sh\n";
    print $group "root:x:0:\nnogroup:x:65534:\n";

    for my $i (0 .. $#names) {
        my $id = 60008 + $i;
        print $passwd "$names[$i]:x:$id:${id}::$Run/$package:/bin/false\n";
        print $group "$names[$i]:x:$id:\n";
    }

    return (LD_PRELOAD => $lib, NSS_WRAPPER_PASSWD => "$Run/$package.passwd",
            NSS_WRAPPER_GROUP => "$Run/$package.group");
}


sub exim
{
    my ($lab, %values) = @_;

    my %env = users($lab, 'exim', 'Debian-exim');
    my %max = (66 => 1000, 69 => 1);

    make_path("$Run/exim");
    system('cp', "$Run/key.pem", "$Run/exim/key.pem");
    fill('exim/exim.conf', "$Run/exim.conf", %values,
         KEY => "$Run/exim/key.pem");
    chmod 0644, "$Run/exim.conf";
    system('chown', '-R', '60008:60008', "$Run/exim");

    for my $host (sort keys %max) {
        spawn("exim$host", \%env, "$lab/exim/usr/sbin/exim4", '-bdf',
              '-C', "$Run/exim.conf", "-DMAXPER=$max{$host}",
              "-DADDRESS=$values{NET}.$host", '-oP', "$Run/exim$host.pid");
        listens("exim$host", $host);
    }
}


sub opensmtpd
{
    my ($lab, %values) = @_;

    make_path("$Run/opensmtpd");
    fill('opensmtpd/smtpd.conf', "$Run/smtpd.conf", %values);
    # its processes start each other without an environment: the users have
    # to be in what they take for /etc

    users($lab, 'opensmtpd', qw( opensmtpd opensmtpq ));

    spawn('opensmtpd', {}, 'unshare', '-m', 'sh', '-ec', <<"_EOC_");
mount --bind $Run/opensmtpd.passwd /etc/passwd
mount --bind $Run/opensmtpd.group /etc/group
for dir in /var/lib /var/spool /run; do mount -t tmpfs -o mode=755 none \$dir; done
mkdir -p -m 711 /var/lib/opensmtpd/empty /var/spool/smtpd
exec $lab/opensmtpd/usr/sbin/smtpd -d -f $Run/smtpd.conf
_EOC_
    listens('opensmtpd', 68);
}


# from .72 and out by .74; it does not ask who one is

sub dante
{
    my ($lab, %values) = @_;

    fill('danted.conf', "$Run/danted.conf", %values);
    spawn('dante', {}, "$lab/dante/usr/sbin/danted", '-f',
          "$Run/danted.conf");
    listens('dante', "72:$values{SOCKSPORT}");
}


# from .73 and out by .75, for john and his password

sub microsocks
{
    my ($lab, %values) = @_;

    spawn('microsocks', {}, "$lab/microsocks/usr/bin/microsocks",
          '-i', "$values{NET}.73", '-p', $values{SOCKSPORT},
          '-b', "$values{NET}.75", '-u', 'john', '-P', 'secret');
    listens('microsocks', "73:$values{SOCKSPORT}");
}


# what a client should not give rise to

sub complaints
{
    my $bad = '';

    for my $log (glob "$Run/log/* $Run/exim/*log") {
        open my $in, '<', $log or next;

        while (my $line = <$in>) {
            $bad .= $line if $line =~ /improper|pregreet|synchron|
                fatal:|panic|too\smany\serrors|unexpected\sdisconnection|
                timeout|non-SMTP|lost\sconnection\safter\s(?!CONNECT|QUIT)/ix;
        }
    }

    return $bad;
}


# ---- the end

sub stop
{
    for my $name (keys %pid) {
        kill 'TERM', $pid{$name};
    }

    for my $name (keys %pid) {
        my $end = time() + 5;
        my $gone = 0;

        until ($gone || time() > $end) {
            $gone = waitpid($pid{$name}, POSIX::WNOHANG());
            sleep 0.02 if !$gone;
        }

        kill 'KILL', -$pid{$name}, $pid{$name} if !$gone;
    }

    %pid = ();
    remove_tree($Run) if defined $Run && $Run =~ m{^/tmp/smtp-verify-lab\.};
    undef $Run;
}


1;
