package TestVerify::Result;

# What an answer must look like: its shape always, its values where a block
# says so.

use strict;
use warnings;

use JSON::PP;

use TestVerify::Env;

my $JSON = JSON::PP->new->utf8->allow_nonref->canonical;

my %STATUS = (
    deliverable => [qw( accepted )],
    undeliverable => [qw( mailbox_not_found mailbox_disabled
        smtputf8_unsupported invalid_syntax domain_not_found no_mail_server
        null_mx )],
    risky => [qw( accepted_untested mailbox_full catch_all disposable
        role_account spam_trap )],
    unknown => [qw( greylisted rate_limited server_error temporary_failure
        sender_blocked policy_rejected relay_denied rejected
        unverifiable_provider connect_failed timeout tls_failed
        protocol_error dns_error forbidden_target throttled circuit_open
        pending interrupted unsupported_address not_probed )],
);

my %REASON = map { my $s = $_; map { $_ => $s } @{ $STATUS{$s} } }
    keys %STATUS;

# what to do with an address, by its status where no reason says otherwise

my %ACTION = (
    deliverable => 'send', undeliverable => 'do_not_send',
    risky => 'send_with_care', mailbox_full => 'retry_later',
    spam_trap => 'do_not_send', unknown => 'send_with_care',
    map { $_ => 'retry_later' } qw( greylisted rate_limited server_error
        temporary_failure connect_failed timeout protocol_error dns_error
        throttled circuit_open pending interrupted ),
);

my %RETRY = map { $_ => 1 } qw( greylisted rate_limited server_error
    temporary_failure throttled circuit_open pending interrupted );

# types: s string, i integer, b boolean, n null is fine

my %SHAPE = (
    '' => {
        email => 's', normalized => 'sn', root => 'sn', status => 's',
        reason => 's', action => 's', verification_level => 's', score => 'in',
        blame => 'sn', did_you_mean => 'sn', retry_after => 'in',
        detail => 'sn',
        checks => 'o', cached => 'bn', age => 'in', sandbox => 'b',
        request_id => 's',
        response_time_ms => 'i',
    },
    checks => {
        syntax => 'bn', domain => 'bn', mx_record => 'bn', dns => 'o',
        smtp => 'o',
        disposable => 'bn', disposable_by => 'sn', catch_all => 'bn',
        role_account => 'bn',
        free_provider => 'bn', alias_service => 'bn', gibberish => 'bn',
        spam_trap => 'bn',
        abuse => 'bn', typo => 'bn', domain_age_days => 'in',
    },
    'checks.dns' => {
        authenticated => 'bn',
    },
    'checks.smtp' => {
        connected => 'bn', mailbox_exists => 'bn', is_catch_all => 'bn',
        smtp_provider => 'sn', mx_host => 'sn', mx_ip => 'sn',
        routed => 'bn',
        stage => 'sn', response_code => 'in', enhanced_code => 'sn',
        response => 'sn', tls => 'on', tls_error => 'sn',
        attempts => 'in', rule => 'sn',
    },
    'checks.smtp.tls' => {
        protocol => 's', cipher => 's', verified => 'b', authenticated => 'sn',
    },
);


# strictly: one value, no key twice, valid UTF-8

sub decode
{
    my ($text) = @_;

    my $value = eval { $JSON->decode($text) };
    return (undef, 'not JSON: ' . ($@ =~ s/ at \S+ line.*//sr)) if $@;

    my $keys = () = $text =~ /\G(?:[^"]|"(?:[^"\\]|\\.)*"(?!\s*:))*?
                              "(?:[^"\\]|\\.)*"\s*:/gxs;

    return (undef, 'a key is there twice') if $keys != count_keys($value);
    return ($value);
}


sub count_keys
{
    my ($value) = @_;

    my $n = 0;

    if (ref $value eq 'HASH') {
        $n += 1 + count_keys($_) for values %$value;

    } elsif (ref $value eq 'ARRAY') {
        $n += count_keys($_) for @$value;
    }

    return $n;
}


# ---- shape

sub shape
{
    my ($r, $with_transcript) = @_;
    my @bad;

    for my $path (sort keys %SHAPE) {
        my $o = $path eq '' ? $r : (get($r, $path))[0];
        next if !defined $o && $path eq 'checks.smtp.tls';

        if (ref $o ne 'HASH') {
            push @bad, "$path: not an object";
            next;
        }

        my %want = %{ $SHAPE{$path} };
        my %have = %$o;

        delete $have{transcript} if $path eq '' && $with_transcript;

        for my $key (sort keys %want) {
            if (!exists $have{$key}) {
                push @bad, "$path.$key: missing";
                next;
            }

            my $type = type_of(delete $have{$key});
            push @bad, "$path.$key: type $type, expected $want{$key}"
                if index($want{$key}, $type) < 0;
        }

        push @bad, "$path.$_: unknown key" for sort keys %have;
    }

    push @bad, meaning($r) if !@bad;

    return @bad;
}


sub type_of
{
    my ($value) = @_;

    return 'n' if !defined $value;
    return 'b' if JSON::PP::is_bool($value);
    return 'o' if ref $value eq 'HASH';
    return 'a' if ref $value eq 'ARRAY';
    return $JSON->encode($value) =~ /^-?\d+$/ ? 'i'
           : $JSON->encode($value) =~ /^"/ ? 's' : 'f';
}


# what no answer may say, whatever happened

sub meaning
{
    my ($r) = @_;
    my @bad;

    my $smtp = $r->{checks}{smtp};
    my ($status, $reason) = @$r{qw( status reason )};
    my $code = $smtp->{response_code};

    push @bad, 'cached without an age, or an age without that'
        if defined $r->{cached} != defined $r->{age};
    push @bad, "reason $reason is not in the list" if !$REASON{$reason};
    push @bad, "status $status with reason $reason"
        if ($REASON{$reason} // '') ne $status;
    push @bad, action($r);
    push @bad, "verification_level $r->{verification_level}"
        if $r->{verification_level} !~ /^(confirmed|estimated)$/;
    push @bad, "blame $r->{blame}" if defined $r->{blame}
        && $r->{blame} !~ /^(mailbox|domain|sender|policy|network|local)$/;
    push @bad, "score $r->{score}" if defined $r->{score}
        && ($r->{score} < 0 || $r->{score} > 100);
    push @bad, "stage $smtp->{stage}" if defined $smtp->{stage}
        && $smtp->{stage}
           !~ /^(dns|connect|banner|ehlo|starttls|mail|rcpt)$/;

    push @bad, "no retry_after with reason $reason"
        if $RETRY{$reason} && !defined $r->{retry_after};
    push @bad, "retry_after with status $status"
        if $status ne 'unknown' && defined $r->{retry_after};

    push @bad, "undeliverable from a $code"
        if $status eq 'undeliverable' && defined $code && $code < 500
           && $reason ne 'smtputf8_unsupported';
    push @bad, "accepted without a 2xx"
        if $reason =~ /^accepted/ && ($code // 0) !~ /^2/;
    push @bad, 'deliverable, and catch-all is '
               . $JSON->encode($smtp->{is_catch_all})
        if $reason eq 'accepted' && (!defined $smtp->{is_catch_all}
                                     || $smtp->{is_catch_all});
    push @bad, 'catch_all and smtp.is_catch_all differ'
        if $JSON->encode($r->{checks}{catch_all})
           ne $JSON->encode($smtp->{is_catch_all});
    push @bad, 'a code without a stage'
        if defined $code && !defined $smtp->{stage};

    push @bad, label($reason, $smtp->{rule});

    return @bad;
}


# what the operator's lists say about the address goes before

sub action
{
    my ($r) = @_;

    my $rule = $r->{checks}{smtp}{rule} // '';
    my $want = $rule eq 'list-allow' ? 'send'
               : $rule eq 'list-deny' ? 'do_not_send'
               : $ACTION{$r->{reason}} // $ACTION{$r->{status}} // '';

    return $r->{action} eq $want ? ()
           : "action $r->{action} with reason $r->{reason}, expected $want";
}


# the rule that is named is one that says so

sub label
{
    my ($reason, $rule) = @_;

    return if !defined $rule;

    my $label = rules()->{$rule} // return;
    my $accepted = $REASON{$reason} =~ /^(deliverable|risky)$/
                   && $reason ne 'mailbox_full'
                   || $reason eq 'unverifiable_provider';

    return if $label eq 'accepted' && $accepted;
    return if $reason eq 'unverifiable_provider';
    return if $label eq $reason;
    return "reason $reason by rule $rule, which says $label";
}


my $rules;

sub rules
{
    return $rules if $rules;

    open my $in, '<', "$TestVerify::Env::Root/conf/rules.conf"
        or return $rules = {};

    my $rule;

    while (my $line = <$in>) {
        $rule = $1 if $line =~ /^rule\s+(\S+)/;
        $rules->{$rule} = $1 if $line =~ /^\s+label\s+(\S+)/;
    }

    return $rules;
}


# ---- values: "path: value" a line

sub get
{
    my ($r, $path) = @_;

    $path =~ s/^smtp\b/checks.smtp/;

    for my $key (split /\./, $path) {
        if (ref $r eq 'HASH' && exists $r->{$key}) {
            $r = $r->{$key};

        } elsif (ref $r eq 'ARRAY' && $key =~ /^-?\d+$/ && exists $r->[$key])
        {
            $r = $r->[$key];

        } else {
            return (undef, "no $key in $path");
        }
    }

    return ($r);
}


my @verdict = qw( status reason verification_level blame );


# "verdict: unknown timeout estimated network", or the first words of it

sub verdict
{
    my ($words) = @_;

    my @words = split ' ', $words;
    die "json: bad verdict: $words\n" if @words < 2 || @words > @verdict;

    return map { "$verdict[$_]: $words[$_]" } 0 .. $#words;
}


sub compare
{
    my ($r, $expectations) = @_;
    my @bad;

    $expectations =~ s/^\s*verdict:\s*(.*)/join "\n", verdict($1)/gme;

    for my $line (split /\n/, $expectations) {
        next if $line =~ /^\s*(#|$)/;

        my ($path, $want) = $line =~ /^\s*([\w.-]+):\s*(.*?)\s*$/
            or die "json: bad line: $line\n";

        my ($got, $error) = get($r, $path);

        if ($error) {
            push @bad, $error;

        } elsif (!fits($got, $want)) {
            push @bad, "$path: " . $JSON->encode($got) . ", expected $want";
        }
    }

    return @bad;
}


sub fits
{
    my ($got, $want) = @_;

    my $json = $JSON->encode($got);

    # the suites are bytes, the answer was decoded

    utf8::encode($got) if $json =~ /^"/;

    return defined $got if $want eq '*';
    return $json ne $1 if $want =~ /^!(null|true|false)$/;
    return defined $got && !ref $got && $got =~ /$1/
        if $want =~ m{^/(.*)/$};
    return defined $got && $got >= $1 if $want =~ /^>=\s*(-?[\d.]+)$/;
    return defined $got && $got <= $1 if $want =~ /^<=\s*(-?[\d.]+)$/;
    return $json eq $want if $want =~ /^(null|true|false|-?\d+|".*"|\{\}|\[\])$/;

    return defined $got && $got eq $want && $json =~ /^"/;
}


sub problem
{
    my ($r) = @_;
    my @bad;

    return 'not an object' if ref $r ne 'HASH';

    for my $key (qw( type title detail )) {
        push @bad, "no $key" if $key ne 'type' && !defined $r->{$key};
        push @bad, "$key is not a string"
            if defined $r->{$key} && type_of($r->{$key}) ne 's';
    }

    push @bad, 'status is not an integer'
        if type_of($r->{status}) ne 'i';
    push @bad, 'the detail is no sentence that helps'
        if ($r->{detail} // '') !~ /\S \S/;

    return @bad;
}


1;
