package TestVerify::OpenAPI;

# Asks a server, and holds its answers against docs/openapi.json.

use strict;
use warnings;

use HTTP::Tiny;
use IPC::Open2;
use JSON::PP;
use Test::More ();

use TestVerify::Env;

my $json = JSON::PP->new->utf8->canonical;
my $pretty = JSON::PP->new->utf8->canonical->pretty;

# what no two answers have in common

my $Varies = qr/^(?:request_id|response_time_ms|elapsed_ms|day|reset|wait
                    |started|uptime|since|checked|nginx|seen)$/x;


sub document
{
    open my $in, '<', "$TestVerify::Env::Root/docs/openapi.json" or die;
    local $/;
    return $json->decode(<$in>);
}


# ask("GET", "/verify?email=x", { "X-Api-Key" => ... }, "body")

sub ask
{
    my ($method, $path, $headers, $body) = @_;

    my $answer = HTTP::Tiny->new(timeout => 20)->request($method,
        "http://127.0.0.1:$TestVerify::Env::HttpPort$path",
        { headers => $headers // {}, defined $body ? (content => $body) : () });

    return { method => $method, path => $path, status => $answer->{status},
             headers => $answer->{headers}, body => $answer->{content} // '' };
}


# all answers are as the document has it, and none that it has is missing

sub valid
{
    my ($what, $answers, @missing) = @_;

    my $pid = open2(my $out, my $in, "$TestVerify::Env::Root/t/tools/openapi",
                    @missing);

    print $in $json->encode($_), "\n" for @$answers;
    close $in;

    my @wrong = <$out>;
    waitpid $pid, 0;

    Test::More::is($? >> 8, 0, "$what - the validator ran");
    Test::More::is(join('', @wrong), '', "$what - as docs/openapi.json says");
}


# the examples of the document, whose summary is the request, are real answers

sub examples
{
    my ($what, %headers) = @_;

    my $doc = document();
    my $n = 0;

    for my $path (sort keys %{ $doc->{paths} }) {
        for my $op (grep { ref eq 'HASH' } values %{ $doc->{paths}{$path} }) {
            for my $response (values %{ $op->{responses} }) {
                for my $content (values %{ $response->{content} // {} }) {
                    for (values %{ $content->{examples} // {} }) {
                        $n++;
                        example($what, $_, %headers);
                    }
                }
            }
        }
    }

    Test::More::cmp_ok($n, '>', 9, "$what - number of examples");
}


sub example
{
    my ($what, $example, %headers) = @_;

    my ($method, $path, $type, $body) = split / /, $example->{summary}, 4;
    my $answer = ask($method, $path,
        { %headers, $type ? ('Content-Type' => $type) : () }, $body);

    Test::More::is(eval { $pretty->encode(same($json->decode($answer->{body}))) }
                       // $answer->{body},
                   $pretty->encode(same($example->{value})),
                   "$what - $example->{summary}");
}


sub same
{
    my ($value) = @_;

    return [ map { same($_) } @$value ] if ref $value eq 'ARRAY';
    return $value if ref $value ne 'HASH';

    # a store of jobs fills up, and is looked at now and then

    return { map { $_ => defined $value->{$_} || 1 } keys %$value }
        if exists $value->{states} && exists $value->{location};

    return { map { $_ => $_ =~ $Varies && !ref $value->{$_} ? undef
                                        : same($value->{$_}) } keys %$value };
}


1;
