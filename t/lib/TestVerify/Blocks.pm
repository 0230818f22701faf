package TestVerify::Blocks;

# The sections of this project, by Test::Nginx's own hooks.

use strict;
use warnings;

use IO::Socket::INET;
use POSIX ();
use Test::More ();
use Time::HiRes qw( sleep time );

use TestVerify::Clients;
use TestVerify::DNS;
use TestVerify::Env;
use TestVerify::Hosts;
use TestVerify::Nginx;
use TestVerify::Result;
use TestVerify::Reuse;
use TestVerify::SMTP;
use TestVerify::Socks;
use TestVerify::Stream;

our $Block;         # the one that runs
our $Asked;         # when its request was sent

# for what is slow, valgrind or a machine: all times are that much longer

our $Slow = $ENV{TEST_VERIFY_SLOW} || 1;

my (%pid, %log, $servers, $reports, $fastest);
my (%preset, $http);


sub setup
{
    Test::Nginx::Socket::add_block_preprocessor(\&before);
    Test::Nginx::Socket::add_response_body_check(\&answered);
    Test::Nginx::Socket::add_test_cleanup_handler(\&after);
    Test::Nginx::Socket::add_cleanup_handler(\&stop_servers);

    # how long an answer may take is said by "within"

    Test::Nginx::Socket::timeout(30 * $Slow);
}


# ---- what is the same in all blocks of a suite, but where nginx is to refuse
# its configuration

# preset(section => text, …): for those that have none of their own

sub preset
{
    %preset = @_;
}


# preset_http(text): before what they have in http_config

sub preset_http
{
    ($http) = @_;
}


# http_config with time enough for a slow machine, where it names none itself

sub patient
{
    my ($http) = @_;

    for my $time ('smtp_verify_connect_timeout 5s',
                  'smtp_verify_greeting_timeout 10s',
                  'smtp_verify_read_timeout 10s', 'smtp_verify_timeout 20s',
                  'resolver_timeout 12s')
    {
        my ($name) = split ' ', $time;
        $http = "$time;\n$http" if $http !~ /^\s*$name\s/m;
    }

    return $http;
}


# ---- before a block

sub before
{
    my ($block) = @_;

    $Block = $block;
    undef $fastest;
    TestVerify::Reuse::begin($block);
    $reports = TestVerify::Nginx::reports();

    take_preset($block) if !defined $block->must_die;
    TestVerify::Hosts::write($block->hosts // '');
    data_files($block);
    slow_down($block) if $Slow != 1 && !defined $block->not_slower;
    configure($block);
    requests($block);
    signals($block);
    start_servers($block);
}


sub give
{
    my ($block, $section, $value) = @_;

    $block->set_value($section, $value);
}


sub take_preset
{
    my ($block) = @_;

    for my $section (keys %preset) {
        give($block, $section, $preset{$section}) if !defined $block->$section;
    }

    give($block, http_config => $http . ($block->http_config // ''))
        if defined $http;
}


# "rules" and "providers": files of the operator's, with that in them

sub data_files
{
    my ($block) = @_;

    for my $kind (qw( rules providers )) {
        my $text = $block->$kind // next;

        give($block, user_files => ($block->user_files // '')
             . ">>> $kind.conf\n$text");
        give($block, http_config =>
             "smtp_verify_$kind \$TEST_NGINX_SERVER_ROOT/html/$kind.conf;\n"
             . ($block->http_config // ''));
    }
}


# all times of a block; those that something has to take at least may stay

sub slow_down
{
    my ($block) = @_;

    for my $section (qw( within gone_within stop_within linger timeout wait
                         fastest signal ))
    {
        my $text = $block->$section // next;

        $text =~ s/^([\d.]+)\s*$/$1 * $Slow/e;
        give($block, $section, slower($text));
    }

    for my $section (qw( smtp dns )) {
        my $text = $block->$section // next;

        $text =~ s/\b((?:wait|pause|dribble|delay)\s+)(\S+)/
                   $1 . slower($2)/ge;
        give($block, $section, $text);
    }

    for my $section (qw( http_config config verify )) {
        my $text = $block->$section // next;

        $text =~ s/^(\s*(?:smtp_verify|resolver)_\w*timeout\s)(.*)/
                   $1 . slower($2)/gme;
        give($block, $section, $text);
    }

    if (defined(my $json = $block->json)) {
        $json =~ s/(_ms: <= )(\d+)/$1 . $2 * $Slow/ge;
        give($block, json => $json);
    }
}


sub slower
{
    my ($text) = @_;

    $text =~ s/(?<![\w.])([\d.]+)(m?s)\b/
               ($2 eq 's' ? 1000 : 1) * $1 * $Slow . 'ms'/ge;

    return $text;
}


sub configure
{
    my ($block) = @_;

    if (!defined $block->bare) {
        my $mine = $block->http_config // '';
        my %said = map { $_ => 1 } $mine =~ /^\s*(\w+)/mg;

        give($block, http_config => join '', $mine, "\n", map { "    $_\n" }
             grep { !$said{(split ' ')[0]} } defaults(), zones($block));
    }

    if (!defined $block->config) {
        my $more = $block->verify // '';

        give($block, config => "        location = /verify {\n"
             . "            smtp_verify;\n$more\n        }\n");
    }

    give($block, suppress_stderr => '') if defined $block->must_die;
}


# times short enough for a suite

sub defaults
{
    # not slower: those that come back after a while find a fresh session

    my $keep = TestVerify::Reuse::wanted() ? '8 timeout=2s' : 'off';

    return "smtp_verify_keepalive $keep;", map { slower($_) } (
        'resolver $TEST_NGINX_DNS;',
        'resolver_timeout 1s;',
        'smtp_verify_helo verifier.test;',
        'smtp_verify_from probe@verifier.test;',
        'smtp_verify_port $TEST_NGINX_SMTP_PORT;',
        'smtp_verify_target_allow 127.0.0.0/8 ::1;',
        'smtp_verify_connect_timeout 300ms 300ms 300ms;',
        'smtp_verify_greeting_timeout 600ms;',
        'smtp_verify_read_timeout 600ms;',
        'smtp_verify_timeout 5s;',
    );
}


# TEST_VERIFY_ZONES: with them, what is said of the rest has to hold as well

sub zones
{
    my ($block) = @_;

    return if !$ENV{TEST_VERIFY_ZONES} || defined $block->no_zones;

    for my $section (qw( http_config config verify )) {
        return if ($block->$section // '') =~ /smtp_verify_(cache|throttle)/;
    }

    return (
        'smtp_verify_cache_zone zone=all:8m;',
        'smtp_verify_cache all;',
        'smtp_verify_throttle_zone zone=all_throttle:8m;',
        'smtp_verify_throttle zone=all_throttle conns=1000 rate=1000/s'
            . ' burst=1000 rejects=100000/h;',
    );
}


sub requests
{
    my ($block) = @_;

    if (defined $block->address) {
        my $query = $block->query;
        $query = defined $query && $query ne '' ? "&$query" : '';

        my @list = map { "GET /verify?email=" . escape($_) . $query }
            split /\n/, $block->address;

        give($block, request => @list > 1 ? \@list : $list[0]);

        if (@list > 1) {
            for my $section (qw( error_code response_headers )) {
                my $value = $block->$section;
                give($block, $section => [($value) x @list])
                    if defined $value && !ref $value;
            }
        }
    }

    if (defined $block->must_die) {
        give($block, request => 'GET /') if !defined $block->request;
        return;
    }

    if (defined $block->problem && !defined $block->response_headers) {
        my $header = 'Content-Type: application/problem+json';
        my ($many) = grep { ref } scalar $block->request,
            scalar $block->pipelined_requests;

        give($block,
             response_headers => $many ? [($header) x @$many] : $header);
    }

    # the real runner evaluates this right before the request

    my $init = $block->init // '';
    give($block, init => "$init\nTestVerify::Blocks::asked();\n");
}


sub escape
{
    my ($text) = @_;

    $text =~ s/([^A-Za-z0-9_.~@\/-])/sprintf '%%%02X', ord $1/ge;
    return $text;
}


# "signal: 200ms HUP" sends it that long after nginx took the request

sub signals
{
    my ($block) = @_;

    return if !defined $block->signal;

    for my $line (split /\n/, $block->signal) {
        my ($after, $name) = $line =~ /^(\S+)\s+(\w+)$/
            or die "signal: bad line: $line\n";

        give($block, init => scalar($block->init)
             . "\nTestVerify::Blocks::signal_later('$after', '$name');\n");
    }
}


sub signal_later
{
    my ($after, $name) = @_;

    $after = $after =~ /^(\d+)ms$/ ? $1 / 1000 : $after;

    my $log = TestVerify::Nginx::root() . '/logs/access.log';
    my $logged = -s $log // 0;
    my %before = map { $_ => 1 } accepted();

    $log{signal} = "$TestVerify::Env::Dir/slot-$TestVerify::Env::Slot/signal";

    my $pid = fork() // die "fork: $!\n";
    return if $pid;

    TestVerify::Env::detach('/dev/null');

    my $taken = eval {
        TestVerify::Clients::wait_for(sub {
            grep({ !$before{$_} } accepted()) || (-s $log // 0) > $logged
        });
        1;
    };

    if ($taken) {
        sleep $after;
        kill $name, TestVerify::Nginx::pid();

    } else {
        open my $err, '>', "$log{signal}.err";
        print $err "no request came before the signal $name\n";
        close $err;
    }

    POSIX::_exit(0);
}


# clients' connections that nginx has accepted, by their inodes

sub accepted
{
    my @inodes;
    my $port = sprintf '%04X', $TestVerify::Env::HttpPort;

    open my $in, '<', '/proc/net/tcp' or return;

    while (<$in>) {
        my @f = split;
        push @inodes, $f[9] if $f[1] =~ /:$port$/ && $f[3] eq '01' && $f[9];
    }

    return @inodes;
}


# another client, for "init": asks that long after and reads the answer

sub get_later
{
    my ($after, $path) = @_;

    my $pid = fork() // die "fork: $!\n";
    return if $pid;

    TestVerify::Env::detach('/dev/null');
    sleep $after;

    my $sock = IO::Socket::INET->new(PeerAddr => '127.0.0.1',
        PeerPort => $TestVerify::Env::HttpPort);
    syswrite $sock, "GET $path HTTP/1.0\r\n\r\n";
    1 while sysread $sock, my $buffer, 4096;

    POSIX::_exit(0);
}


sub asked
{
    $Asked = time();
}


sub start_servers
{
    my ($block) = @_;

    my $dir = "$TestVerify::Env::Dir/slot-$TestVerify::Env::Slot";
    mkdir $dir;

    stop_servers();

    $servers = TestVerify::SMTP::parse($block->smtp // '');
    %log = (smtp => "$dir/smtp.log", dns => "$dir/dns.log");
    unlink glob "$dir/*";

    $pid{smtp} = TestVerify::SMTP::start($servers, $log{smtp}) if @$servers;

    if (defined $block->socks) {
        $log{socks} = "$dir/socks.log";
        $pid{socks} = TestVerify::Socks::start(
            TestVerify::SMTP::parse($block->socks), $log{socks});
    }

    my $zone = $block->dns;

    if (!defined $zone || $zone =~ /^\s*\+default\s*$/m) {
        $zone = TestVerify::DNS::default_zone($servers)
                . (defined $zone ? $zone =~ s/^\s*\+default\s*$//mr : '');
    }

    $pid{dns} = TestVerify::DNS::start(TestVerify::DNS::parse($zone),
                                       $log{dns})
        if !defined $block->no_dns;
}


sub stop_servers
{
    TestVerify::Env::stop(delete $pid{$_}) for keys %pid;
    undef $servers;
}


# ---- an answer

sub answered
{
    my ($block, $body, $i, $repeated, $dry_run) = @_;

    return if $dry_run;

    my $took = time() - $Asked;
    $Asked = time();

    my $name = $block->name;

    if (defined(my $within = $block->within)) {
        ok_diag($took <= seconds($within), "$name - within $within",
                sprintf 'it took %.3f s', $took);
    }

    if (defined(my $least = $block->not_within)) {
        ok_diag($took > seconds($least), "$name - not within $least",
                sprintf 'it took %.3f s', $took);
    }

    none("$name - stream (req $i)", $body,
         TestVerify::Stream::check($body, scalar $block->stream))
        if defined $block->stream;

    return if !defined $block->json && !defined $block->problem;

    my ($r, $error) = TestVerify::Result::decode($body);

    if ($error) {
        ok_diag(0, "$name - strict JSON", $error, $body);
        return;
    }

    if (defined $block->problem) {
        none("$name - a problem of RFC 9457 (req $i)", $body,
             TestVerify::Result::problem($r));
        none("$name - problem (req $i)", $body,
             TestVerify::Result::compare($r, $block->problem));
        return;
    }

    if (defined(my $ms = $r->{response_time_ms})) {
        $fastest = $ms if !defined $fastest || $ms < $fastest;
    }

    TestVerify::Reuse::answered($i, $r);

    my @groups = split /^--\n/m, $block->json;
    my $expected = @groups == 1 ? $groups[0] : $groups[$i] // return;

    none("$name - the shape of a result (req $i)", $body,
         TestVerify::Result::shape($r, defined $block->with_transcript))
        if !defined $block->no_shape;

    none("$name - json (req $i)", $body,
         TestVerify::Result::compare($r, $expected));
}


sub ok_diag
{
    my ($ok, $name, @diag) = @_;

    Test::More::diag(@diag) if !Test::More::ok($ok, $name);
    return $ok;
}


sub none
{
    my ($name, $context, @bad) = @_;

    ok_diag(!@bad, $name, join("\n", @bad), "\n$context");
}


sub seconds
{
    my ($text) = @_;

    return $text =~ /^([\d.]+)ms$/ ? $1 / 1000 : $text =~ s/s$//r;
}


# ---- after a block

sub after
{
    my ($block) = @_;

    my $name = $block->name;
    my $reuse = TestVerify::Reuse::wanted();
    my $ok = 1;

    if ($reuse) {
        $ok &= none("$name - asked again, on a kept session", '',
                    TestVerify::Reuse::ask_again($block));
        $ok &= none("$name - nginx stops", '', stop_nginx($block));
    }

    my $sessions = sessions_ended($block);
    my $text = TestVerify::SMTP::transcript($sessions);

    $ok &= smtp_checks($block, $sessions, $text) if $servers && @$servers;
    $ok &= dns_checks($block) if !$reuse;
    $ok &= socks_checks($block) if defined $block->socks;

    if (defined(my $ms = $block->fastest)) {
        Test::More::cmp_ok($fastest, '<=', $ms, $block->name
                           . ' - response_time_ms of the fastest');
    }

    undef $servers;
    stop_servers();

    $ok &= nginx_checks($block) if !$ENV{TEST_NGINX_LEAVE};

    server_errors($block);

    Test::More::diag($text) if !$ok && $text ne '';
}


# QUIT is said behind the answer: the end is awaited, that of all clients first

sub sessions_ended
{
    my ($block) = @_;

    TestVerify::Clients::finish();

    my $end = time() + seconds($block->linger // slower('3s'));
    my $sessions;

    while (1) {
        $sessions = TestVerify::SMTP::sessions($log{smtp});

        return $sessions if !grep { !defined $_->{ended} } @$sessions;
        last if time() > $end;

        sleep 0.02;
    }

    return $sessions;
}


sub smtp_checks
{
    my ($block, $sessions, $text) = @_;

    my $name = $block->name;
    my $ok = 1;

    $ok &= none("$name - every session was ended", '',
                map { "$_->{id} is open" }
                grep { !defined $_->{ended} } @$sessions);

    $ok &= none("$name - SMTP by the book", '',
                map { my $id = $_->{id}; map { "$id: $_->{d}" }
                      grep { $_->{e} =~ /^(violation|broken)$/ }
                      @{ $_->{events} } } @$sessions)
        if !defined $block->smtp_violation;

    return $ok if TestVerify::Reuse::wanted();

    if (defined(my $want = $block->smtp_violation)) {
        $ok &= ok_diag(scalar($text =~ /-- violation .*$want/),
                       "$name - violation");
    }

    $ok &= counts($name, 'smtp_waits', scalar $block->smtp_waits,
                  tally($sessions, sub { $_[0]{waits} }));
    $ok &= counts($name, 'smtp_sessions', scalar $block->smtp_sessions,
                  tally($sessions, sub { 1 }));
    $ok &= turns($name, scalar $block->smtp_turns,
                 [TestVerify::SMTP::turns($sessions)]);

    for my $re (lines($block->smtp_like)) {
        $ok &= ok_diag(scalar($text =~ /$re/m), "$name - smtp_like $re");
    }

    for my $re (lines($block->smtp_unlike)) {
        $ok &= ok_diag($text !~ /$re/m, "$name - smtp_unlike $re");
    }

    if (my $code = $block->smtp_check) {
        $ok &= ok_diag(scalar $code->($sessions, $text),
                       "$name - smtp_check");
    }

    return $ok;
}


sub lines
{
    my ($section) = @_;

    return if !defined $section;
    return grep { /\S/ } split /\n/, $section;
}


sub tally
{
    my ($sessions, $code) = @_;

    my %n = ('' => 0);

    for my $s (@$sessions) {
        my $value = $code->($s);
        $n{''} += $value;
        $n{ $s->{server} } += $value;
    }

    return \%n;
}


# one number for all, or a "server number" a line

sub counts
{
    my ($name, $section, $want, $n) = @_;

    my $ok = 1;

    for my $line (lines($want)) {
        my ($server, $number) = $line =~ /^\s*(?:(\S+)\s+)?(\d+)\s*$/
            or die "$section: bad line: $line\n";

        $ok &= Test::More::is($n->{$server // ''} // 0, $number,
                              "$name - $section " . ($server // ''));
    }

    return $ok;
}


sub turns
{
    my ($name, $want, $got) = @_;

    return 1 if !defined $want;

    my @want = lines($want);
    my $ok = @want == @$got;

    for my $i (0 .. $#want) {
        last if !$ok;
        my $re = TestVerify::SMTP::glob_re($want[$i] =~ s/^\s+|\s+$//gr);
        $ok = $got->[$i] =~ $re;
    }

    return ok_diag($ok, "$name - smtp_turns",
                   "got:\n", map({ "  $_\n" } @$got),
                   "expected:\n", map({ "  $_\n" } @want));
}


# "name TYPE number" a line; "name TYPE udp number" for one way only

sub dns_checks
{
    my ($block) = @_;

    my $ok = 1;

    for my $line (lines($block->dns_queries)) {
        my ($name, $type, $proto, $op, $n)
            = $line =~ /^(\S+)\s+(\S+)\s+(?:(udp|tcp)\s+)?([<>]=)?(\d+)\s*$/
            or die "dns_queries: bad line: $line\n";

        my $got = grep {
            $_->{name} eq $name && $_->{type} eq $type
            && (!$proto || $_->{proto} eq $proto)
        } TestVerify::DNS::queries($log{dns});

        $ok &= ok_diag($op ? ($op eq '<=' ? $got <= $n : $got >= $n)
                           : $got == $n,
                       $block->name . " - dns_queries $line", "got $got");
    }

    return $ok;
}


sub socks_checks
{
    my ($block) = @_;

    my $name = $block->name;
    my $text = TestVerify::Socks::text($log{socks});
    my $ok = ok_diag($text !~ /violation/, "$name - SOCKS by the book", $text);

    for my $re (lines($block->socks_like)) {
        $ok &= ok_diag(scalar($text =~ /$re/m), "$name - socks_like $re",
                       $text);
    }

    for my $re (lines($block->socks_unlike)) {
        $ok &= ok_diag($text !~ /$re/m, "$name - socks_unlike $re", $text);
    }

    return $ok;
}


sub nginx_checks
{
    my ($block) = @_;

    my $name = $block->name;
    my @bad;

    if (!defined $block->must_die) {
        push @bad, gone($block) if defined $block->gone_within;

        push @bad, stop_nginx($block);
    }

    push @bad, not_logged($block) if defined $block->logged;

    push @bad, map { "a connection is left: $_" }
        TestVerify::Nginx::connections();

    my $allowed = join '|', map { "(?:$_)" } lines($block->log_allow),
        defined $block->must_die ? '\[emerg\]' : ();

    push @bad, TestVerify::Nginx::complaints(
        $allowed eq '' ? undef : qr/$allowed/, locals($block));

    my $files = TestVerify::Nginx::reports();
    push @bad, map { "$_ has grown" }
        grep { ($files->{$_} // 0) != ($reports->{$_} // 0) } keys %$files;

    return none("$name - nginx has nothing to complain of", '', @bad);
}


sub stop_nginx
{
    my ($block) = @_;

    my $slow = $ENV{TEST_NGINX_SANITIZER}
               || $ENV{TEST_NGINX_USE_VALGRIND} ? 30 : 0;

    return TestVerify::Nginx::stop($slow
                                   + seconds($block->stop_within
                                             // slower('5s')))
           // ();
}


# of all requests: Test::Nginx's own "access_log" is asked behind each of them

sub not_logged
{
    my ($block) = @_;

    my $want = $block->logged;
    my $file = Test::Nginx::Socket::server_root() . '/logs/access.log';
    my @lines;

    if (open my $in, '<', $file) {
        @lines = <$in>;
    }

    return map { "not in access.log: $_" }
        grep { my $re = ref $_ ? $_ : qr/\Q$_\E/; !grep { /$re/ } @lines }
        ref $want ? @$want : lines($want);
}


# it was told to stop by the block, and has to, since the answer

sub gone
{
    my ($block) = @_;

    my $end = time() + seconds($block->gone_within);

    while (my $pid = TestVerify::Nginx::pid()) {
        return if !TestVerify::Nginx::alive($pid);
        return 'nginx goes on, after ' . $block->gone_within
            if time() > $end;
        sleep 0.01;
    }

    return;
}


# the local parts that were asked about

sub locals
{
    my ($block) = @_;

    my @texts = defined $block->address ? split /\n/, $block->address
        : map { my $v = $block->$_; ref $v eq 'ARRAY' ? grep { !ref } @$v
                                    : $v // () }
          qw( request raw_request );

    my %locals;

    for my $text (@texts) {
        $text = substr $text, 0, 2000;
        $locals{$1} = 1 while $text =~ /([\w.+-]{2,64}+)(?:@|%40)/g;
    }

    return keys %locals;
}


sub server_errors
{
    my ($block) = @_;

    for my $file (values %log) {
        open my $in, '<', "$file.err" or next;
        my @lines = <$in>;
        none($block->name . ' - the scripted servers', '', @lines) if @lines;
    }
}


1;
