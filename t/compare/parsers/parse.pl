# Reads requests, one a line in JSON, and tells what each of Perl's parsers
# makes of one field: see t/compare/README.md.

use warnings;
use strict;

use CGI;
use Cpanel::JSON::XS ();
use Dancer2::Core::Request;
use HTTP::Body;
use JSON::PP;
use JSON::XS ();
use MIME::Base64;
use Mojo::JSON ();
use Mojo::Message::Request;
use Plack::Request;

$SIG{__WARN__} = sub { };
$CGI::LIST_CONTEXT_WARN = 0;

my $json = JSON::PP->new->allow_nonref;
my $out = JSON::XS->new;

open my $stdout, '>&', \*STDOUT or die;
open STDOUT, '>&', \*STDERR or die;


sub environ
{
    my ($q) = @_;

    my ($path, $query) = split /\?/, $q->{t}, 2;
    open my $in, '<', \$q->{body} or die;

    my %env = (
        REQUEST_METHOD => $q->{m}, SCRIPT_NAME => '', PATH_INFO => $path,
        QUERY_STRING => $query // '', SERVER_NAME => 'localhost',
        SERVER_PORT => 80, SERVER_PROTOCOL => 'HTTP/1.0',
        HTTP_HOST => 'localhost', CONTENT_LENGTH => length $q->{body},
        REQUEST_URI => $q->{t},
        'psgi.version' => [1, 1], 'psgi.url_scheme' => 'http',
        'psgi.input' => $in, 'psgi.errors' => \*STDERR,
    );

    for my $h (@{ $q->{h} }) {
        my ($name, $value) = @$h;
        my $key = uc $name =~ tr/-/_/r;
        $key = "HTTP_$key" if $key !~ /^CONTENT_(TYPE|LENGTH)$/;
        $env{$key} = exists $env{$key} ? "$env{$key},$value" : $value;
    }

    return \%env;
}


sub leaves
{
    my ($value) = @_;

    return if !defined $value;
    return map { leaves($_) } @$value if ref $value eq 'ARRAY';
    return map { leaves($_) } values %$value if ref $value eq 'HASH';
    return "$value";
}


sub at
{
    my ($value, @path) = @_;

    for (@path) {
        $value = ref $value eq 'HASH' ? $value->{$_} : undef;
    }

    return $value;
}


sub cgi
{
    my ($q) = @_;

    my $env = environ($q);
    local %ENV = (%ENV, map { $_ => $env->{$_} } grep { !/\./ } keys %$env);

    CGI::initialize_globals();

    open my $body, '<', \$q->{body} or die;
    local *STDIN = $body;

    my $cgi = CGI->new;

    return { param => [$cgi->multi_param($q->{f})],
             Vars => [map { split /\0/, $_ // '' } $cgi->Vars->{$q->{f}}] };
}


sub plack
{
    my ($q) = @_;

    my $r = Plack::Request->new(environ($q));

    return { query => [$r->query_parameters->get_all($q->{f})],
             parameters => [$r->parameters->get_all($q->{f})] }
        if $q->{k} eq 'arg';

    return { body => [$r->body_parameters->get_all($q->{f})],
             parameters => [$r->parameters->get_all($q->{f})] };
}


sub mojo
{
    my ($q) = @_;

    my $r = Mojo::Message::Request->new;

    $r->parse("$q->{m} $q->{t} HTTP/1.1\r\nHost: x\r\n"
              . join('', map { "$_->[0]: $_->[1]\r\n" } @{ $q->{h} })
              . 'Content-Length: ' . length($q->{body}) . "\r\n\r\n"
              . $q->{body});

    return { json => leaves(at($r->json, @{ $q->{f} })) }
        if $q->{k} eq 'json';

    return { params => $r->params->every_param($q->{f}) };
}


sub dancer
{
    my ($q) = @_;

    my $r = Dancer2::Core::Request->new(env => environ($q));

    return { body => [$r->body_parameters->get_all($q->{f})],
             params => [leaves({ $r->params }->{$q->{f}})] };
}


sub catalyst
{
    my ($q) = @_;

    my $env = environ($q);
    my $body = HTTP::Body->new($env->{CONTENT_TYPE}, length $q->{body});
    $body->cleanup(1);
    $body->add($q->{body});

    return { param => [leaves($body->param->{$q->{f}})] };
}


my %parsers = (
    form => { CGI => \&cgi, Plack => \&plack, Mojo => \&mojo,
              Dancer2 => \&dancer, 'HTTP::Body' => \&catalyst },
    arg => { CGI => \&cgi, Plack => \&plack, Mojo => \&mojo,
             Dancer2 => \&dancer },
    json => {
        'JSON::PP' => sub { { decode => leaves(at(
            JSON::PP->new->utf8->decode($_[0]{body}), @{ $_[0]{f} })) } },
        'JSON::XS' => sub { { decode => leaves(at(
            JSON::XS->new->utf8->decode($_[0]{body}), @{ $_[0]{f} })) } },
        'Cpanel::JSON::XS' => sub { { decode => leaves(at(
            Cpanel::JSON::XS->new->utf8->decode($_[0]{body}),
            @{ $_[0]{f} })) } },
        'Mojo::JSON' => \&mojo,
    },
    header => {
        PSGI => sub { { env => environ($_[0])->{'HTTP_'
                        . (uc $_[0]{f} =~ tr/-/_/r)} } },
    },
);

$parsers{multipart} = $parsers{form};

while (my $line = <STDIN>) {
    my $q = $json->decode($line);
    my %answer;

    $q->{body} = decode_base64($q->{b});
    utf8::encode($q->{t});

    for my $name (sort keys %{ $parsers{$q->{k}} }) {
        my $got = eval {
            local $SIG{ALRM} = sub { die "timeout\n" };
            alarm 2;
            my $g = $parsers{$q->{k}}{$name}->($q);
            alarm 0;
            $g;
        };

        alarm 0;

        if (!$got) {
            push @{ $answer{errors} }, [$name, substr $@, 0, 200]
                if $ENV{COMPARE_ERRORS};
            next;
        }

        for my $accessor (keys %$got) {
            my @found = leaves($got->{$accessor});
            $answer{"perl.$name.$accessor"} = \@found if @found;
        }
    }

    print {$stdout} $out->ascii->encode(\%answer), "\n";
    $stdout->flush;
}
