# The self-audit in a network namespace of its own, with public addresses, a
# firewall, and Unbound: each trouble is named within a minute, by health, by
# the error log and by the console, where there is a Chromium for it, and nothing
# is said while all is well.
#
# TEST_VERIFY_STARTS=100 for that many starts while all is well.

use strict;
use warnings;

use lib 't/lib';
use TestVerify::Browser;
use TestVerify::Env;

use Cwd qw( abs_path );
use File::Path qw( make_path remove_tree );
use File::Temp ();
use IO::Socket::INET;
use JSON::PP;
use POSIX ();
use Test::More;
use Time::HiRes qw( sleep time );

my $lab = "$TestVerify::Env::Root/build/lab";

if (!$ENV{TEST_VERIFY_NETNS}) {
    plan skip_all => 'has to be root, with network namespaces'
        if $> != 0 || system('unshare --net true 2>/dev/null') != 0;
    plan skip_all => 'there is no ip and no iptables'
        if system('unshare --net sh -c "ip link set lo up'
                  . ' && iptables -L -n" >/dev/null 2>&1') != 0;
    plan skip_all => 'Unbound cannot be fetched'
        if system("$TestVerify::Env::Root/t/lab/fetch-mta -d $lab unbound"
                  . ' >/dev/null 2>&1') != 0;

    $ENV{TEST_VERIFY_NETNS} = 1;

    exec 'unshare', '--net', $^X,
        (map { '-I' . abs_path($_) } grep { !ref && -d } @INC), $0, @ARGV
        or die "unshare: $!\n";
}

my $run = File::Temp::tempdir('/tmp/smtp-verify-audit.XXXXXX', CLEANUP => 0);
my $nginx = $ENV{TEST_NGINX_BINARY} || TestVerify::Env::nginx();
my $load = TestVerify::Env::load_module();
my $slow = $ENV{TEST_VERIFY_SLOW} || 1;

my (@servers, $unbound, $up, $browser);

my ($chromium, $none) = TestVerify::Browser::command();
diag("the console is not looked at: $none") if !defined $chromium;

make_path("$run/logs", "$run/temp");
chmod 0755, $run;


# ---- the network: we are 11.0.0.25 and 11.0.0.26, mail servers 12.0.0.11 to 14;
# one is within our own network

system($_) == 0 or die "$_\n" for
    'ip link set lo up',
    (map "ip addr add 11.0.0.$_/32 dev lo", 25, 26),
    (map "ip addr add 12.0.0.$_/32 dev lo", 11 .. 14),
    'ip addr add 10.0.0.11/32 dev lo',
    'ip route add default dev lo src 11.0.0.25';


sub firewall
{
    system('iptables -F') == 0 or die "iptables\n";

    for my $rule (@_) {
        system("iptables -A OUTPUT -p tcp --dport 25 $rule") == 0
            or die "iptables: $rule\n";
    }
}


sub mail_server
{
    my ($address) = @_;

    my $listen = IO::Socket::INET->new(LocalAddr => $address, LocalPort => 25,
        Listen => 64, ReuseAddr => 1) or die "$address: $!\n";

    my $pid = fork() // die "fork: $!\n";

    if ($pid) {
        push @servers, $pid;
        return;
    }

    TestVerify::Env::detach('/dev/null');
    $SIG{CHLD} = 'IGNORE';

    while (1) {
        my $c = $listen->accept or next;
        next if fork();

        syswrite $c, "220 mx ESMTP\r\n";

        while (my $line = <$c>) {
            my $reply = $line =~ /^RCPT TO:<john@/i ? '250 2.1.5 Ok'
                : $line =~ /^RCPT/i ? '550 5.1.1 User unknown'
                : $line =~ /^QUIT/i ? '221 2.0.0 Bye' : '250 Ok';

            syswrite $c, "$reply\r\n";
            last if $line =~ /^QUIT/i;
        }

        POSIX::_exit(0);
    }
}


# ---- the DNS

my %good = (
    helo => 'verifier.test. A 11.0.0.25',
    ptr  => '25.0.0.11.in-addr.arpa. PTR verifier.test.',
    mx   => 'verifier.test. MX 10 mx.verifier.test.',
    host => 'mx.verifier.test. A 12.0.0.11',
    spf  => 'verifier.test. TXT "v=spf1 ip4:11.0.0.25 -all"',
    two  => 'two.verifier.test. A 11.0.0.26',
    ptr2 => '26.0.0.11.in-addr.arpa. PTR two.verifier.test.',
    inside => 'inside.test. A 10.0.0.11',
    list => '2.0.0.127.list.test. A 127.0.0.2',
    (map { ("ok$_" => "ok$_.test. MX 10 mx.ok$_.test.",
            "mx$_" => "mx.ok$_.test. A 12.0.0." . (11 + $_)) } 1 .. 3),
);


sub names
{
    my (%other) = @_;
    my %all = (%good, %other);

    kill_wait($unbound) if $unbound;
    undef $unbound;

    return if !keys %other && exists $other{dead};

    open my $out, '>', "$run/unbound.conf" or die;
    print $out <<"_EOC_", map { "local-data: '$_'\n" }
server:
interface: 127.0.0.1\@5353
access-control: 127.0.0.0/8 allow
do-daemonize: no
do-ip6: no
num-threads: 1
module-config: "iterator"
username: ""
chroot: ""
directory: "$run"
pidfile: "$run/unbound.pid"
use-syslog: no
logfile: "$run/unbound.log"
local-zone: "." static
local-zone: "test." static
local-zone: "in-addr.arpa." static
_EOC_
        map { split /\n/ } grep { $_ ne '' } map { $all{$_} } sort keys %all;
    close $out;

    $unbound = fork() // die "fork: $!\n";

    if ($unbound == 0) {
        TestVerify::Env::detach("$run/unbound.err");
        exec "$lab/unbound/usr/sbin/unbound", '-c', "$run/unbound.conf"
            or POSIX::_exit(127);
    }

    reachable('127.0.0.1', 5353) or die "no Unbound\n";
}


sub kill_wait
{
    kill 'TERM', $_[0];
    waitpid $_[0], 0;
}


sub reachable
{
    my ($address, $port) = @_;
    my $end = time() + 10 * $slow;

    while (time() < $end) {
        return 1 if IO::Socket::INET->new(PeerAddr => $address,
                                          PeerPort => $port, Timeout => 1);
        sleep 0.05;
    }

    return 0;
}


# ---- nginx

sub start
{
    my (%conf) = @_;

    my $audit = $conf{audit} // '';
    my $egress = $conf{egress} // '';
    my $console = TestVerify::Browser::console($TestVerify::Env::Root);
    my $temp = join ' ', map { "${_}_temp_path temp/$_;" }
        qw( client_body proxy fastcgi uwsgi scgi );

    unlink "$run/logs/error.log", "$run/health";

    open my $out, '>', "$run/nginx.conf" or die;
    print $out <<"_EOC_";
$load
user root;
worker_processes 2;
error_log logs/error.log notice;
pid logs/nginx.pid;
events { worker_connections 256; }
http {
    access_log off;
    $temp
    resolver 127.0.0.1:5353 ipv6=off;
    resolver_timeout 2s;
    smtp_verify_helo verifier.test;
    smtp_verify_from probe\@verifier.test;
    smtp_verify_connect_timeout 500ms 500ms 500ms;
    smtp_verify_timeout 5s;
    smtp_verify_starttls off;
    smtp_verify_throttle_zone zone=limits:1m;
    smtp_verify_throttle zone=limits;
    smtp_verify_target_allow 10.0.0.0/8;
    smtp_verify_audit on $audit;
    $egress
    server {
        listen 127.0.0.1:8025;
        listen unix:$run/health;
        location = /verify { smtp_verify; }
        location ~ ^/(livez|readyz|health)\$ { smtp_verify_health; }
        $console
    }
}
_EOC_
    close $out;

    system($nginx, '-e', "$run/logs/error.log", '-p', $run, '-c',
           "$run/nginx.conf") == 0 or die "nginx does not start\n";

    $up = 1;
    reachable('127.0.0.1', 8025) or die "no nginx\n";
}


sub stop
{
    my $pid = contents("$run/logs/nginx.pid") or return;

    kill 'TERM', $pid;

    for (1 .. 200) {
        last if !kill 0, $pid;
        sleep 0.05;
    }

    $up = 0;
}


sub contents
{
    my ($file) = @_;

    open my $in, '<', $file or return '';
    local $/;

    return <$in> =~ s/\s+\z//r;
}


sub ask
{
    my ($path) = @_;

    my $sock = IO::Socket::INET->new(PeerAddr => '127.0.0.1',
        PeerPort => 8025, Timeout => 5) or return (0, {});

    syswrite $sock, "GET $path HTTP/1.0\r\n\r\n";
    local $/;

    my ($head, $body) = split /\r\n\r\n/, scalar(<$sock>) // '', 2;

    return ($head =~ m{^HTTP/1.1 (\d+)} ? $1 : 0,
            eval { decode_json($body // '') } // {});
}


sub check
{
    my ($name, $egress) = @_;

    my (undef, $report) = ask('/health');
    my ($check) = grep { $_->{check} eq $name && (!defined $egress
        || ($_->{egress} // '') eq $egress) } @{ $report->{checks} // [] };

    return $check // {};
}


# Within a minute the check has that status, for that reason, with a remedy, and
# the error log says so.

sub named
{
    my ($what, $name, $status, $seen, $log) = @_;

    my ($check, $start) = ({}, time());

    while (time() - $start < 60 * $slow) {
        $check = check($name);
        last if ($check->{status} // '') eq $status;
        sleep 0.2;
    }

    is($check->{status}, $status, "$what: $name");
    like($check->{seen}, $seen, "$what: what was seen");
    like($check->{remedy} // '', qr/\.\z/, "$what: what to do");
    like($check->{link} // '', qr/troubleshooting.md#$name\z/, "$what: link");
    like(contents("$run/logs/error.log"), $log, "$what: the error log");

    return if !defined $chromium || ($check->{status} // '') ne $status;

    my ($tone, $word) = $status eq 'fail' ? qw( bad fails ) : qw( warn warning );
    my $card = console("[...document.querySelectorAll('li.row-card.$tone')]"
        . ".map((e) => e.innerText).find((text) => text.includes("
        . TestVerify::Browser::quote($check->{remedy}) . "))");

    ok((grep { $_ =~ $seen } split /\n/, $card), "$what: the console: what was seen")
        or diag($card);
    like($card, qr/^$word$/m, "$what: the console: its status");
}


# what the page of the self-audit has, as soon as it is true

sub console
{
    my ($test) = @_;

    $browser ||= TestVerify::Browser->start;
    $browser->fresh;
    $browser->go('http://127.0.0.1:8025/console/#/egress');

    my $found = eval { $browser->until($test, 'the console', 60 * $slow) };

    is(join("\n", $@ || (), $browser->messages), '', 'nothing is wrong with the console')
        or diag($browser->text);

    return $found // '';
}


sub well
{
    my ($what) = @_;

    my ($report, $start) = ({}, time());

    while (time() - $start < 20 * $slow) {
        (undef, $report) = ask('/health');
        last if ($report->{status} // '') ne 'pass'
            || 9 == grep { ($_->{status} // '') eq 'pass' }
               @{ $report->{checks} };
        sleep 0.05;
    }

    my @not = grep { ($_->{status} // '') ne 'pass' } @{ $report->{checks} };

    is(scalar @{ $report->{checks} // [] }, 9, "$what: all checks");
    is(join('; ', map { "$_->{check}: $_->{seen}" } @not), '',
       "$what: all pass");
    unlike(contents("$run/logs/error.log"), qr/self-audit|port_25/,
           "$what: nothing in the error log");
}


# the console says the same

sub well_in_console
{
    my ($what) = @_;

    return if !defined $chromium;

    my $words = console("/All is well/.test(document.body.innerText)"
                        . " && document.body.innerText");

    unlike($words, qr/What to do|warning|fails/, "$what: nothing in the console");
}


mail_server($_) for '10.0.0.11', map { "12.0.0.$_" } 11 .. 14;


# ---- all is well

names();
firewall();

for my $i (1 .. $ENV{TEST_VERIFY_STARTS} // 3) {
    start(audit => 'blocklist=list.test');
    well("start $i");
    is((ask('/readyz'))[0], 200, "start $i: ready");
    well_in_console("start $i") if $i == 1;
    stop();
}


# ---- port 25

firewall('-d 12.0.0.0/8 -j DROP');
start();
my (undef, $result) = ask('/verify?email=john@ok1.test');
is($result->{reason}, 'timeout', 'dropped: the reason');
like($result->{detail}, qr/^No mail server could be connected to from here so far/,
     'dropped: the detail');
ask('/verify?email=john@ok2.test');
named('dropped', 'port_25', 'fail', qr/mail servers could not be reached \([2-9] timed out, 0 refused\), and none could be since the start/,
      qr/\[error\].*no mail server can be connected to from egress "default": .*Ask your provider to open outgoing port 25.*port_25/);

# until the audit's own attempt has failed, too

for (1 .. 200) {
    last if (ask('/readyz'))[0] == 503;
    sleep 0.2;
}
is((ask('/readyz'))[0], 503, 'dropped: not ready');

my $log = contents("$run/logs/error.log");
is(scalar(() = $log =~ /\[error\].*port_25/g), 1, 'dropped: told once');

# a mail server of our own network is reached, which proves nothing

is((ask('/verify?email=john@inside.test'))[1]{reason}, 'accepted', 'dropped: inside');
is(check('port_25')->{status}, 'fail', 'dropped: all the same');

# the firewall is opened: one connection is enough

firewall();
for (1 .. 100) {
    ask('/verify?email=john@ok3.test');
    last if (check('port_25')->{status} // '') eq 'pass';
    sleep 0.5;
}
is(check('port_25')->{status}, 'pass', 'dropped: until it is opened');
is((ask('/readyz'))[0], 200, 'dropped: ready again');
stop();

firewall('-d 12.0.0.0/8 -j DROP');
start();
ask('/verify?email=john@inside.test');
ask("/verify?email=john\@ok$_.test") for 1 .. 2;
named('only inside', 'port_25', 'fail', qr/[2-9] mail servers could not be reached \([2-9] timed out, 0 refused\), and none could be since the start/,
      qr/no mail server can be connected to from egress "default"/);
stop();

firewall('-j DROP');
start();
named('dropped, nobody asks', 'port_25', 'warn', qr/^1 mail server could not be reached \(1 timed out/,
      qr/\[warn\].*self-audit of default: port_25: 1 mail server.*Ask your provider/);
stop();

firewall('-j REJECT --reject-with tcp-reset');
start();
ask("/verify?email=john\@ok$_.test") for 1 .. 2;
named('rejected', 'port_25', 'fail', qr/\(0 timed out, [2-9] refused\)/,
      qr/no mail server can be connected to from egress "default"/);
stop();

firewall('-j REJECT --reject-with icmp-admin-prohibited');
start();
ask("/verify?email=john\@ok$_.test") for 1 .. 2;
named('prohibited', 'port_25', 'fail', qr/[2-9] mail servers could not be reached/,
      qr/no mail server can be connected to from egress "default"/);
stop();


# ---- one egress of two

names(spf => 'verifier.test. TXT "v=spf1 ip4:11.0.0.25 ip4:11.0.0.26 -all"',
      mx => "verifier.test. MX 10 mx.verifier.test.\n"
          . 'verifier.test. MX 20 mx2.verifier.test.',
      host2 => 'mx2.verifier.test. A 12.0.0.12');
firewall('-s 11.0.0.26 -j DROP');
start(audit => 'on_fail=refuse', egress => <<'_EOC_');
    smtp_verify_egress_pool both {
        address 11.0.0.25 helo=verifier.test;
        address 11.0.0.26 helo=two.verifier.test;
    }
    smtp_verify_egress both;
_EOC_
for (1 .. 300) {
    last if (check('port_25', '11.0.0.26')->{status} // '') eq 'fail'
        && (check('port_25', '11.0.0.25')->{status} // '') eq 'pass';
    sleep 0.2;
}
is(check('port_25', '11.0.0.26')->{status}, 'fail', 'one of two: fails');
is(check('port_25', '11.0.0.25')->{status}, 'pass', 'one of two: works');
like(contents("$run/logs/error.log"), qr/no mail server can be connected to from egress "11.0.0.26": 2 mail servers/,
     'one of two: the error log');
unlike(contents("$run/logs/error.log"), qr/self-audit of 11.0.0.25|"11.0.0.25"/,
       'one of two: nothing of the other one');
is((ask('/readyz'))[0], 200, 'one of two: ready');

if (defined $chromium) {
    my $port = console("[25, 26].map((n) => [...document.querySelectorAll("
        . "'section')].find((s) => s.querySelector('h2').textContent"
        . " === 'Egress 11.0.0.' + n).querySelector('li.row-card').innerText)");

    like($port->[0], qr/^Port 25\n.*^pass$/ms, 'one of two: the console: works');
    like($port->[1], qr/^Port 25\n.*^fails\n.*What to do: Ask your provider/ms,
         'one of two: the console: fails');
}

my %reasons;
$reasons{ (ask("/verify?email=john\@ok$_.test"))[1]{reason} // 'none' }++
    for 1 .. 3;
is(join(' ', %reasons), 'accepted 3', 'one of two: all by the other one');
stop();
firewall();


# ---- names

names(ptr => '');
start();
named('no PTR', 'ptr', 'fail', qr/^The address 11.0.0.25 has no PTR record/,
      qr/\[error\].*self-audit of default: ptr: .*Ask the owner of the address/);

# what "make run HELO=... FROM=..." prints

my $printed = qx($TestVerify::Env::Root/t/demo/audit $run/health 30);

like($printed, qr/^ +pass +port_25 +A connection/m, 'the demo: what passes');
like($printed, qr/^ +fail +ptr +The address 11.0.0.25 has no PTR record.\n +Ask the owner of the address.*\n +See docs\/troubleshooting.md#ptr$/m,
     'the demo: what fails, and what to do');
stop();

names(ptr => "25.0.0.11.in-addr.arpa. PTR host.isp.test.\nhost.isp.test. A 11.0.0.25");
start();
named('another PTR', 'ptr', 'warn', qr/is host.isp.test, and not the HELO name/,
      qr/\[warn\].*self-audit of default: ptr/);
stop();

names(ptr => '25.0.0.11.in-addr.arpa. PTR host.isp.test.');
start();
named('a wrong PTR', 'ptr', 'fail', qr/is host.isp.test, which does not lead back/,
      qr/\[error\].*self-audit of default: ptr/);
stop();

names(helo => 'verifier.test. A 11.0.0.99');
start();
named('another address', 'helo', 'warn', qr/^verifier.test has the address 11.0.0.99, but mail servers see 11.0.0.25/,
      qr/\[warn\].*self-audit of default: helo/);
stop();

names(spf => 'verifier.test. TXT "v=spf1 ip4:11.0.0.99 -all"');
start();
named('SPF forbids', 'spf', 'fail', qr/SPF of verifier.test says "fail" for 11.0.0.25/,
      qr/\[error\].*self-audit of default: spf: .*Allow the address/);
stop();

names(listed => '25.0.0.11.list.test. A 127.0.0.4');
start(audit => 'blocklist=list.test');
named('listed', 'blocklists', 'fail', qr/^The address 11.0.0.25 is on the blocklist list.test/,
      qr/\[error\].*self-audit of default: blocklists/);
stop();


# ---- the resolver

kill_wait($unbound);
undef $unbound;
start(audit => 'interval=3s');
named('no resolver', 'resolver', 'fail', qr/^None of 2 look-ups was answered/,
      qr/\[error\].*self-audit of default: resolver: .*Name a server/);
is(check('port_25')->{status}, undef, 'no resolver: nothing of port 25');

# it comes back

names();
for (1 .. 300) {
    last if (check('resolver')->{status} // '') eq 'pass';
    sleep 0.3;
}
is(check('resolver')->{status}, 'pass', 'no resolver: until it is back');
stop();

done_testing();


END {
    if ($run) {
        my $status = $?;

        undef $browser;
        stop() if $up;
        kill 'TERM', $_ for @servers, $unbound // ();

        if (Test::More->builder->is_passing && !$status) {
            remove_tree($run);
        } else {
            diag("see $run");
        }

        $? = $status;
    }
}
