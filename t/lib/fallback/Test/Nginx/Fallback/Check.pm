package Test::Nginx::Fallback::Check;

# An answer and the logs, compared with the sections of a block.

use strict;
use warnings;

use Exporter 'import';
use Test::More;
use Time::HiRes qw( sleep );

our @EXPORT = qw( check_response check_error_log check_access_log );
our @Body;


# of several requests each has its own expectation

sub nth
{
    my ($value, $i, $many) = @_;

    return ref $value eq 'ARRAY' ? $value->[$many ? $i : 0] : $value;
}


sub check_response
{
    my ($block, $r, $i, $repeated, $many) = @_;

    my $name = $block->name;
    my $expect = sub {
        my ($section) = @_;
        return nth(scalar($block->$section), $i, $many);
    };

    fail("$name - $r->{error}") if $r->{error};

    if (defined(my $like = $expect->('error_code_like'))) {
        like($r->{code}, qr/$like/sm, "$name - status code ok");

    } else {
        is($r->{code}, $expect->('error_code') // 200,
           "$name - status code ok");
    }

    check_headers($name, $r, $expect);

    my ($body, $like, $unlike) = map { $expect->($_) }
        qw( response_body response_body_like response_body_unlike );

    if (defined $body) {
        if (ref $body) {
            like($r->{content}, $body, "$name - response_body");

        } else {
            $body = Test::Nginx::Fallback::expand($body);
            is($r->{content}, $body, "$name - response_body");
        }

    } elsif (defined $like) {
        like($r->{content}, ref $like ? $like : qr/$like/s,
             "$name - response_body_like");

    } elsif (defined $unlike) {
        unlike($r->{content}, ref $unlike ? $unlike : qr/$unlike/s,
               "$name - response_body_unlike");
    }

    $_->($block, $r->{content}, $i, $repeated, 0) for @Body;
}


sub check_headers
{
    my ($name, $r, $expect) = @_;

    if (defined(my $like = $expect->('raw_response_headers_like'))) {
        like($r->{raw_headers}, qr/$like/s,
             "$name - raw_response_headers_like");
    }

    if (defined(my $unlike = $expect->('raw_response_headers_unlike'))) {
        unlike($r->{raw_headers}, qr/$unlike/s,
               "$name - raw_response_headers_unlike");
    }

    my $exact = $expect->('response_headers');
    my $lines = $exact // $expect->('response_headers_like') // return;

    for my $line (split /\n/, $lines) {
        $line =~ s/^\s+|\s+$//g;
        next if $line eq '';

        if ($line =~ s/^!\s*//) {
            ok(!$r->{headers}{lc $line}, "$name - no header $line");
            next;
        }

        my ($key, $value) = split /\s*:\s*/, $line, 2;
        my $got = join ', ', @{ $r->{headers}{lc $key} // [] };

        if (defined $exact) {
            is($got, $value, "$name - header $key");

        } else {
            like($got, qr/^$value$/, "$name - header $key");
        }
    }
}


# ---- logs

sub patterns
{
    my ($section) = @_;

    return @$section if ref $section eq 'ARRAY';
    return $section if ref $section;
    return grep { length } split /\n+/, $section;
}


sub matches
{
    my ($pattern, $lines) = @_;

    my $re = ref $pattern ? $pattern : qr/\Q$pattern\E/;

    return grep { /$re/ } @$lines;
}


sub check_error_log
{
    my ($block, $file, $repeated, $from) = @_;

    my $name = $block->name;
    my ($want, $unwanted) = (scalar $block->error_log,
                             scalar $block->no_error_log);

    # what is logged after the connection was closed

    sleep 0.05 if defined $want || defined $unwanted;

    open my $in, '<', $file or return;
    seek $in, $$from, 0;
    my @lines = <$in>;
    $$from = tell $in;

    for my $p (defined $want ? patterns($want) : ()) {
        ok(scalar matches($p, \@lines),
           "$name - \"$p\" in the error log (req $repeated)");
    }

    for my $p (defined $unwanted ? patterns($unwanted) : ()) {
        my @found = matches($p, \@lines);
        ok(!@found, "$name - \"$p\" not in the error log (req $repeated)")
            or diag(@found);
    }

    for my $line (grep { /\bAssertion .*?failed\b/ } @lines) {
        fail("$name - $line");
    }
}


sub check_access_log
{
    my ($block, $file, $repeated) = @_;

    my $name = $block->name;
    my ($want, $unwanted) = (scalar $block->access_log,
                             scalar $block->no_access_log);

    return if !defined $want && !defined $unwanted;

    sleep 0.05;

    open my $in, '<', $file or return;
    my @lines = <$in>;

    for my $p (defined $want ? patterns($want) : ()) {
        ok(scalar matches($p, \@lines),
           "$name - \"$p\" in the access log (req $repeated)");
    }

    for my $p (defined $unwanted ? patterns($unwanted) : ()) {
        ok(!matches($p, \@lines),
           "$name - \"$p\" not in the access log (req $repeated)");
    }
}


1;
