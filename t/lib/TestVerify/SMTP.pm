package TestVerify::SMTP;

# Scripted SMTP servers; t/lib/README.md has the language of the script.

use strict;
use warnings;

use Errno qw( EAGAIN EWOULDBLOCK EINTR );
use IO::Select;
use IO::Socket::IP;
use IO::Socket::SSL;
use JSON::PP;
use POSIX ();
use Socket qw( SOL_SOCKET SO_LINGER IPPROTO_TCP TCP_NODELAY MSG_PEEK );
use Time::HiRes qw( sleep time );

use TestVerify::Cert;
use TestVerify::Env;

my %CAP = (
    pipelining => 'PIPELINING', starttls => 'STARTTLS',
    smtputf8 => 'SMTPUTF8', '8bitmime' => '8BITMIME',
    enhanced => 'ENHANCEDSTATUSCODES', size => 'SIZE 10485760',
);

my $GATHER = 0.02;
my $JSON = JSON::PP->new->ascii->canonical;


# ---- the script

sub parse
{
    my ($text) = @_;
    my @servers;

    for (split /\n/, TestVerify::Env::expand($text)) {
        next if /^\s*(#|$)/;

        if (/^(\S+)\s+(\S+)\s*(.*?)\s*$/) {
            my ($name, $addresses, $options) = ($1, $2, $3);

            push @servers, {
                name => $name, rules => [], ord => scalar @servers,
                addresses => [map { TestVerify::Env::address($_) }
                              split /,/, $addresses],
                options => { map { /^(.*?)=(.*)$/ ? ($1, $2) : ($_, 1) }
                             split /\s+/, $options },
            };

            next;
        }

        /^\s+([a-z]+)(?:\#(\d+\+?))?(?:\@(\d+))?(?:\s+(\S.*?))?:(?:\s+(.*))?$/
            or die "smtp: bad line: $_\n";
        die "smtp: no server before: $_\n" if !@servers;

        push @{ $servers[-1]{rules} }, {
            event => $1, nth => $2, session => $3,
            pattern => defined $4 ? glob_re($4) : undef,
            actions => [grep { length } split /\s+;(?:\s+|$)|;$/, $5 // ''],
        };
    }

    return \@servers;
}


sub glob_re
{
    my ($glob) = @_;

    my $re = join '.*', map { quotemeta } split /\*/, $glob, -1;

    return qr/^$re$/s;
}


sub unescape
{
    my ($text) = @_;

    my %c = (n => "\n", r => "\r", t => "\t", '\\' => '\\');
    $text =~ s/\\(?:x([0-9a-fA-F]{2})|([nrt\\]))/
        defined $1 ? chr(hex $1) : $c{$2}/ge;

    return $text;
}


# ---- a process that serves them all, and one for each session

sub start
{
    my ($servers, $logfile) = @_;
    my @listeners;

    open my $log, '>', $logfile or die "$logfile: $!\n";
    close $log;

    for my $srv (@$servers) {
        next if $srv->{options}{refuse};
        push @listeners, listen_on($srv);
    }

    for my $srv (@$servers) {
        if ($srv->{options}{starttls} || grep { grep { /^tls/ }
                @{ $_->{actions} } } @{ $srv->{rules} })
        {
            $srv->{ctx} = tls_context($srv);
        }
    }

    my $pid = fork() // die "fork: $!\n";

    if ($pid == 0) {
        TestVerify::Env::detach("$logfile.err");
        eval { accept_loop(\@listeners, $logfile) };
        print STDERR "smtp server: $@" if $@;
        POSIX::_exit(1);
    }

    return $pid;
}


sub listen_on
{
    my ($srv) = @_;
    my @listeners;

    # what all of its sessions have refused: a byte each

    if ($srv->{options}{harvest} || $srv->{options}{ban}) {
        open $srv->{refused}, '+>>', undef or die "smtp: temporary file: $!\n";
    }

    for my $address (@{ $srv->{addresses} }) {
        my $sock = IO::Socket::IP->new(LocalHost => $address,
            LocalPort => $srv->{options}{port} || $TestVerify::Env::SmtpPort,
            ReuseAddr => 1, Proto => 'tcp', Listen => 1024)
            or die "smtp: listen on $address: $@\n";

        push @{ $srv->{fillers} }, drop_syns($sock, $address)
            if $srv->{options}{'syn-drop'};

        push @listeners, { sock => $sock, srv => $srv, address => $address };
    }

    return @listeners;
}


# its accept queue, with connections to be held: further SYNs are dropped

sub drop_syns
{
    my ($sock, $address) = @_;

    listen $sock, 0;

    my @fillers = map {
        IO::Socket::IP->new(PeerHost => $address, PeerPort => $sock->sockport,
                            Blocking => 0)
    } 1 .. 4;

    sleep 0.01;

    return @fillers;
}


sub tls_context
{
    my ($srv) = @_;

    my $opt = $srv->{options};
    my ($cert, $key) = TestVerify::Cert::leaf($opt->{certname}
        || "$srv->{name}.ok.test", $opt->{cert});

    my %version = ('1.2' => 'TLSv1_2', '1.3' => 'TLSv1_3',
                   '1.0' => 'TLSv1', '1.1' => 'TLSv1_1');

    return IO::Socket::SSL::SSL_Context->new(
        SSL_server => 1, SSL_cert_file => $cert, SSL_key_file => $key,
        SSL_session_id_context => 'lab',
        $opt->{clientcert} ? (SSL_ca_file => $cert, SSL_verify_mode =>
            IO::Socket::SSL::SSL_VERIFY_PEER()
            | IO::Socket::SSL::SSL_VERIFY_FAIL_IF_NO_PEER_CERT()) : (),
        $opt->{tls} ? (SSL_version => $version{$opt->{tls}},
                       SSL_cipher_list => 'DEFAULT:@SECLEVEL=0') : ())
        || die "smtp: TLS: $SSL_ERROR\n";
}


sub accept_loop
{
    my ($listeners, $logfile) = @_;

    my $select = IO::Select->new;
    my (%of, %count);

    for my $l (@$listeners) {
        next if $l->{srv}{options}{'syn-drop'};
        $select->add($l->{sock});
        $of{fileno $l->{sock}} = $l;
    }

    my $parent = getppid();

    while (getppid() == $parent) {
        for my $sock ($select->can_read(2)) {
            my $l = $of{fileno $sock};
            my $client = $sock->accept or next;
            my $n = ++$count{$l->{srv}{name}};

            open my $log, '>>', $logfile or die "$logfile: $!\n";

            my $s = { srv => $l->{srv}, n => $n, sock => $client,
                      log => $log, in => '', out => '', turns => 0, seen => {},
                      caps => '', address => $l->{address} };

            event($s, connect => $l->{address});
            event($s, peer => $client->peerhost);

            if (!fork()) {
                $_->{sock}->close for @$listeners;
                eval { session($s) };
                event($s, broken => $@) if $@ && ref $@ ne 'ARRAY';
                event($s, end => ref $@ eq 'ARRAY' ? $@->[0] : 'server');
                POSIX::_exit(0);
            }

            close $log;
            close $client;
        }
    }
}


sub event
{
    my ($s, $type, $data, @more) = @_;

    my $line = $JSON->encode({ server => $s->{srv}{name}, n => $s->{n},
        t => time(), e => $type, d => $data, @more }) . "\n";
    syswrite $s->{log}, $line;
}


sub gone
{
    die ['client'];
}


# ---- one session

sub session
{
    my ($s) = @_;

    setsockopt $s->{sock}, IPPROTO_TCP, TCP_NODELAY, 1;
    $s->{sock}->blocking(0);

    obey($s, 'connect', '', []);

    event($s, 'banner');
    obey($s, 'banner', '', ["220 $s->{srv}{name}.ok.test ESMTP"]);
    violation($s, 'spoke before the banner')
        if $s->{spoke_early} || spoke($s);
    flush($s);

    while (1) {
        my @commands = turn($s);

        event($s, turn => \@commands, came => $s->{came});
        check_turn($s, @commands);

        while (defined(my $line = shift @commands)) {
            $s->{rest} = @commands;
            command($s, $line);
        }

        flush($s);
    }
}


# the commands that came before the client waits for us

sub turn
{
    my ($s) = @_;
    my @lines;

    while (1) {
        fill($s, undef) if $s->{in} !~ /\n/;
        $s->{came} = time();

        # a flight may come in pieces

        1 while fill($s, $s->{srv}{options}{gather} || $GATHER);

        while ($s->{in} =~ s/^([^\n]*)\n//) {
            my $line = $1;

            violation($s, 'a line without CR: ' . $line)
                if $line !~ s/\r\z//;
            push @lines, $line;
        }

        return @lines if @lines;

        die "endless line\n" if length $s->{in} > 65536;
    }
}


sub fill
{
    my ($s, $timeout) = @_;

    if (!pending($s, $timeout)) {
        return 0 if defined $timeout;
        die "nothing came for a minute\n";
    }

    my $n = sysread $s->{sock}, $s->{in}, 16384, length $s->{in};

    if (!defined $n) {
        return 0 if $! == EAGAIN || $! == EINTR
                    || ($s->{tls} && $SSL_ERROR == SSL_WANT_READ);
        die [$! =~ /reset/i ? 'client reset' : "client: $!"];
    }

    gone() if $n == 0 && $s->{in} !~ /\n/;

    return $n;
}


sub pending
{
    my ($s, $timeout) = @_;

    return 1 if $s->{tls} && $s->{sock}->pending;

    return IO::Select->new($s->{sock})->can_read($timeout // 60)
        if @_ > 1;
    return IO::Select->new($s->{sock})->can_read(0);
}


# bytes, not the end

sub spoke
{
    my ($s) = @_;

    my $got = '';

    return if !pending($s);

    recv $s->{sock}, $got, 1, MSG_PEEK;
    return length $got;
}


sub violation
{
    my ($s, $what) = @_;

    event($s, violation => $what);
}


sub check_turn
{
    my ($s, @commands) = @_;

    if (@commands > 1) {
        violation($s, "pipelined where not offered: @commands")
            if $s->{caps} !~ /^250[- ]PIPELINING\r?$/mi;

        for my $i (0 .. $#commands - 1) {
            violation($s, "not the last in its flight: $commands[$i]")
                if $commands[$i] =~ /^(EHLO|HELO|STARTTLS|QUIT|DATA|NOOP)\b/i;
        }
    }

    for my $line (@commands) {
        violation($s, 'control character in: ' . $line)
            if $line =~ /[\x00-\x1f\x7f]/;
        violation($s, 'longer than 512: ' . $line) if length $line > 510;
        violation($s, 'unexpected: ' . $line)
            if $line !~ /^(EHLO|HELO|STARTTLS|MAIL|RCPT|RSET|QUIT)\b/;
    }
}


sub command
{
    my ($s, $line) = @_;

    my ($verb) = $line =~ /^(\w+)/;
    $verb = lc($verb // 'other');

    my $arg = $line =~ /^(?:MAIL FROM|RCPT TO):<(.*)>/i ? $1
              : $line =~ /^\w+ (.*)$/ ? $1 : '';

    if ($verb eq 'ehlo' || $verb eq 'helo') {
        $s->{helo} = $arg;
        $s->{caps} = '';
        delete @$s{qw( mail )};

    } elsif ($verb eq 'mail') {
        $s->{from} = $arg;

    } elsif ($verb eq 'rcpt') {
        $s->{rcpt} = $arg;
    }

    my $default = __PACKAGE__->can("default_$verb") || \&default_other;

    $s->{said} = '';

    my $reply = obey($s, $verb, $arg, [$default->($s, $arg)]);

    if ($verb eq 'mail') {
        $s->{mail} = $reply =~ /^2/;

    } elsif ($verb eq 'rset') {
        delete $s->{mail};

    } elsif ($verb eq 'ehlo') {
        $s->{caps} = $s->{said};
    }
}


sub default_ehlo
{
    my ($s) = @_;

    my $opt = $s->{srv}{options};
    my @caps = map { $CAP{$_} } grep { $opt->{$_} } sort keys %CAP;

    @caps = grep { $_ ne 'STARTTLS' } @caps if $s->{tls};

    return '250 ' . join '\n', "$s->{srv}{name}.ok.test", @caps;
}


sub default_helo
{
    my ($s) = @_;

    return "250 $s->{srv}{name}.ok.test";
}


sub default_starttls
{
    my ($s) = @_;

    return '502 5.5.1 Unknown command'
        if !$s->{srv}{options}{starttls} || $s->{tls};

    return ('220 2.0.0 Ready to start TLS', 'tls');
}


sub default_mail
{
    my ($s) = @_;

    return '503 5.5.1 Nested MAIL' if $s->{mail};
    return '250 2.1.0 Ok';
}


sub default_rcpt
{
    my ($s, $arg) = @_;

    my $opt = $s->{srv}{options};

    return '503 5.5.1 Need MAIL' if !$s->{mail};
    return '250 2.1.5 Ok' if $opt->{accept};

    my ($local) = $arg =~ /^(.*)@/;

    return '250 2.1.5 Ok'
        if grep { $_ eq $local } split /,/, $opt->{users} // '';

    if ($opt->{harvest}) {
        return '250 2.1.5 Ok' if -s $s->{srv}{refused} >= $opt->{harvest};
        syswrite $s->{srv}{refused}, '.';
    }

    if ($opt->{ban}) {
        syswrite $s->{srv}{refused}, '.';
        return ('421 4.7.1 Too many invalid recipients', 'close')
            if -s $s->{srv}{refused} >= $opt->{ban};
    }

    return "550 5.1.1 <$arg>: Recipient address rejected: User unknown";
}


sub default_rset
{
    return '250 2.0.0 Ok';
}


sub default_quit
{
    return ('221 2.0.0 Bye', 'close');
}


sub default_other
{
    return '502 5.5.2 Unknown command';
}


# ---- rules and actions

# "3", or "3+": that one and each after it

sub is_nth
{
    my ($wanted, $n) = @_;

    return $wanted =~ /^(\d+)\+$/ ? $n >= $1 : $n == $wanted;
}


# does what the first rule says that fits, or the default; returns the first
# reply that went out

sub obey
{
    my ($s, $type, $arg, $default) = @_;

    my $nth = ++$s->{seen}{$type};
    my $actions = $default;

    for my $rule (@{ $s->{srv}{rules} }) {
        next if $rule->{event} ne $type && $rule->{event} ne 'any';
        next if $rule->{event} eq 'any' && $type =~ /^(connect|banner|tls)$/;
        next if defined $rule->{nth} && !is_nth($rule->{nth}, $nth);
        next if defined $rule->{session} && $rule->{session} != $s->{n};
        next if defined $rule->{pattern} && $arg !~ $rule->{pattern};

        $actions = $rule->{actions};
        last;
    }

    my $reply = '';

    for my $action (@$actions) {
        if ($action eq 'default') {
            act($s, $_, \$reply) for @$default;

        } else {
            act($s, $action, \$reply);
        }
    }

    return $reply;
}


sub act
{
    my ($s, $action, $reply) = @_;

    if ($action =~ /^\d{3}(?!\d)/) {
        my $text = format_reply($s, $action);
        $$reply = $text if $$reply eq '';
        say($s, $text);
        return;
    }

    my ($verb, $arg) = $action =~ /^(\S+)(?:\s+(.*))?$/;
    my $code = __PACKAGE__->can("act_$verb")
        or die "no such action: $action\n";

    $code->($s, $arg, $reply);
}


sub format_reply
{
    my ($s, $text) = @_;

    $text =~ s/\$(rcpt|from|helo|address)\b/$s->{$1} \/\/ ''/ge;
    $text = unescape($text);

    my ($code, $rest) = $text =~ /^(\d{3})(.*)$/s;
    my @lines = split /\n/, $text, -1;

    for my $i (1 .. $#lines) {
        $lines[$i] = "$code $lines[$i]" if $lines[$i] !~ /^\d{3}(?:[ -]|$)/;
    }

    for my $i (0 .. $#lines - 1) {
        $lines[$i] =~ s/^(\d{3})(?: |$)/$1-/;
    }

    return join '', map { "$_\r\n" } @lines;
}


sub act_raw
{
    my ($s, $arg, $reply) = @_;

    $arg =~ s/^"(.*)"$/$1/s;
    $arg = unescape($arg);
    $$reply = $arg if $$reply eq '';
    say($s, $arg);
}


sub say
{
    my ($s, $text) = @_;

    event($s, reply => $text);
    $s->{said} .= $text;
    $s->{out} .= $text;
}


sub act_repeat
{
    my ($s, $arg) = @_;

    my ($n, $text) = $arg =~ /^(\d+)\s+"(.*)"$/s
        or die "repeat: $arg\n";

    event($s, reply => "($n times) " . unescape($text));
    $s->{out} .= unescape($text) x $n;
    flush($s);
}


sub act_forever
{
    my ($s, $arg) = @_;

    $arg =~ s/^"(.*)"$/$1/s;
    my $bytes = unescape($arg);

    event($s, reply => '(forever) ' . $bytes);
    flush($s);

    while (1) {
        $s->{out} = $bytes x (length $bytes < 64 ? 64 : 1);
        flush($s);
        sleep $s->{pause} if $s->{pause};
    }
}


sub act_wait
{
    my ($s, $arg) = @_;

    flush($s);
    sleep seconds($arg);
    $s->{spoke_early} = 1 if !$s->{turns} && spoke($s);
}


sub act_dribble
{
    my ($s, $arg) = @_;

    $s->{dribble} = $arg eq 'off' ? undef : seconds($arg);
}


# seconds between two of "forever"

sub act_pause
{
    my ($s, $arg) = @_;

    $s->{pause} = seconds($arg);
}


sub act_flush
{
    my ($s) = @_;

    flush($s);
}


sub act_nothing
{
}


sub act_hang
{
    my ($s) = @_;

    flush($s);

    while (1) {
        $s->{in} = '';
        fill($s, undef);
    }
}


sub act_close
{
    my ($s) = @_;

    flush($s);
    $s->{sock}->close;
    die ['server'];
}


sub act_reset
{
    my ($s) = @_;

    flush($s);
    sleep 0.03;
    setsockopt $s->{sock}, SOL_SOCKET, SO_LINGER, pack('ii', 1, 0);
    POSIX::close(fileno $s->{sock});
    die ['server reset'];
}


sub act_tls
{
    my ($s) = @_;

    flush($s);
    violation($s, 'spoke between STARTTLS and its reply')
        if length $s->{in} || $s->{rest};

    $s->{sock}->blocking(1);

    my $ok = IO::Socket::SSL->start_SSL($s->{sock}, SSL_server => 1,
        SSL_reuse_ctx => $s->{srv}{ctx}, Timeout => 10);

    if (!$ok) {
        event($s, tls_failed => "$SSL_ERROR");
        die ['tls'];
    }

    $s->{tls} = 1;
    $s->{caps} = '';
    $s->{sock}->blocking(0);

    event($s, tls => { version => $s->{sock}->get_sslversion,
        sni => $s->{sock}->get_servername,
        resumed => $s->{sock}->get_session_reused ? 1 : 0 });
}


sub seconds
{
    my ($text) = @_;

    return $text =~ /^([\d.]+)ms$/ ? $1 / 1000
           : $text =~ /^([\d.]+)s?$/ ? $1 : die "no time: $text\n";
}


sub flush
{
    my ($s) = @_;

    $s->{turns}++ if length $s->{out};

    while (length $s->{out}) {
        my $n = $s->{dribble} ? 1 : length $s->{out};

        $n = syswrite $s->{sock}, $s->{out}, $n;

        if (!defined $n) {
            if ($! == EAGAIN || $! == EINTR
                || ($s->{tls} && $SSL_ERROR == SSL_WANT_WRITE))
            {
                IO::Select->new($s->{sock})->can_write(10)
                    or die "the client does not read\n";
                next;
            }

            gone();
        }

        substr $s->{out}, 0, $n, '';
        sleep $s->{dribble} if $s->{dribble};
    }
}


# ---- what was seen

sub records
{
    my ($logfile) = @_;

    open my $in, '<', $logfile or return [];

    # its last line may be on its way yet

    return [map { $JSON->decode($_) } grep { /\n\z/ } <$in>];
}


# sessions in the order of their start

sub sessions
{
    my ($logfile) = @_;
    my (%by, @sessions);

    for my $r (@{ records($logfile) }) {
        my $id = "$r->{server}/$r->{n}";

        if (!$by{$id}) {
            push @sessions, $by{$id} = { id => $id, server => $r->{server},
                n => $r->{n}, t => $r->{t}, events => [], waits => 0 };
        }

        my $s = $by{$id};

        push @{ $s->{events} }, $r;
        $s->{ended} = $r->{d} if $r->{e} eq 'end';
        $s->{waits}++ if $r->{e} =~ /^(connect|banner|tls)$/
            || $r->{e} eq 'turn' && !(@{ $r->{d} } == 1
                                      && $r->{d}[0] =~ /^QUIT$/i);
    }

    return \@sessions;
}


# of the block that runs, so far: its sessions, and the recipients that were
# asked for, each with how often

sub seen
{
    return sessions("$TestVerify::Env::Dir/slot-$TestVerify::Env::Slot"
                    . '/smtp.log');
}


sub recipients
{
    my %n;

    for my $turn (grep { $_->{e} eq 'turn' } map { @{ $_->{events} } }
                  @{ seen() })
    {
        /^RCPT TO:<([^>]*)>/i && $n{$1}++ for @{ $turn->{d} };
    }

    return \%n;
}


sub transcript
{
    my ($sessions) = @_;
    my $text = '';

    for my $s (@$sessions) {
        for my $r (@{ $s->{events} }) {
            my $at = sprintf '%s %.3f', $s->{id}, $r->{t} - $s->{t};

            if ($r->{e} eq 'turn') {
                $text .= "$at C: $_\n" for @{ $r->{d} };

            } elsif ($r->{e} eq 'reply') {
                my $d = length $r->{d} > 600 ? substr($r->{d}, 0, 600) . '...'
                                             : $r->{d};
                $d =~ s/\r\n/\n/g;
                $text .= "$at S: $_\n" for split /\n/, $d;

            } else {
                my $d = ref $r->{d} ? $JSON->encode($r->{d}) : $r->{d} // '';
                $text .= "$at -- $r->{e} $d\n";
            }
        }
    }

    return $text;
}


sub turns
{
    my ($sessions) = @_;
    my @lines;

    for my $s (@$sessions) {
        for my $r (@{ $s->{events} }) {
            push @lines, join ' | ', @{ $r->{d} } if $r->{e} eq 'turn';
            push @lines, '[tls]' if $r->{e} eq 'tls';
        }
    }

    return @lines;
}


1;
