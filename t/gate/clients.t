# The gate lets the requests of real clients pass, with the address that they
# were made with: those of t/compare/clients, recorded by running the clients.

use lib 't/lib';
use TestVerify 'no_plan';

package Clients;

our $email = 'jane.doe+news@example.com';

our @all = map { recorded($_) } sort glob 't/compare/clients/*.http';


# the source, the target and the headers that say what the body is

sub recorded
{
    my ($file) = @_;

    my ($name) = $file =~ m{([^/]+)\.http\z};

    open my $in, '<:raw', $file or die "$file: $!\n";
    local $/;
    my ($head, $body) = split /\r\n\r\n/, scalar(<$in>), 2;
    my ($line, @headers) = split /\r\n/, $head;
    my ($method, $args) = $line =~ /^(\S+) [^? ]+(\?\S+)? HTTP/
        or die "$file: $line\n";

    $body = unchunked($body) if grep { /^transfer-encoding:/i } @headers;

    # what says how the connection is used is the suite's own

    @headers = grep { !/^(host|connection|content-length|transfer-encoding
                          |expect|keep-alive|proxy-connection|te):/ix }
        @headers;

    my ($type) = map { /^content-type:\s*(\S.*)/i } @headers;
    my $source = $method eq 'GET' ? 'arg'
        : $type =~ m{^multipart/form-data} ? 'multipart'
        : $type =~ m{^application/json} ? 'json' : 'form';

    return { name => $name, source => $source, method => $method,
             args => $args // '', headers => join("\n", @headers),
             body => $body, header => !!grep { /^x-email:/i } @headers };
}


sub unchunked
{
    my ($rest) = @_;

    my $body = '';

    while ($rest =~ s/^([0-9a-f]+)\r\n//i && hex $1) {
        $body .= substr $rest, 0, hex $1;
        substr($rest, 0, 2 + hex $1) = '';
    }

    return $body;
}


sub of
{
    my (@sources) = @_;

    my %of = map { $_ => 1 } @sources;

    return grep { $of{$_->{source}} } @all;
}


sub requests
{
    my ($path, @list) = @_;

    return [map { "$_->{method} $path/$_->{source}/$_->{name}$_->{args}\n"
                  . $_->{body} } @list];
}


sub headers
{
    return [map { $_->{headers} } @_];
}


# what the application is told: who asked, and the address of the verdict

sub passed
{
    return [map { qr/^\Q$_->{name}\E \{"email":"\Q$email\E",/ } @_];
}


# the same with a mailbox that there is not, as far as it was written plainly:
# one of the same length, as parts may have a Content-Length

sub changed
{
    return map { my %c = %$_;
                 $c{$_} =~ s/jane\.doe/jane.die/ for qw( args body );
                 \%c } @_;
}


package main;

add_block_preprocessor(sub {
    my ($block) = @_;

    return if defined $block->config;

    $block->set_value(smtp => 'mx1 11 pipelining users=jane.doe+news')
        if !defined $block->smtp;
    $block->set_value(dns => "example.com MX 10 mx1.ok.test\n+default")
        if !defined $block->dns;

    my $config = ($block->more // '') . <<'_EOC_';
        location ~ ^/app/\w+/(?<name>.+) {
            default_type text/plain;
            return 200 "$name $http_x_found\n";
        }
_EOC_

    my %source = (form => 'form:email', multipart => 'multipart:email',
                  json => 'json:/email', arg => '$arg_email',
                  header => '$http_x_email');

    for my $name (sort keys %source) {
        $config .= <<"_EOC_";
        location ~ ^/gate/$name/(?<client>.+) {
            smtp_verify_gate $source{$name} required;
            proxy_set_header X-Found \$smtp_verify_result;
            proxy_pass http://127.0.0.1:\$server_port/app/$name/\$client;
        }
_EOC_
    }

    $block->set_value(config => $config);
    $block->set_value(http_config => patient($block->http_config // '')
        . "smtp_verify_cache_zone zone=results:1m;\n"
        . "smtp_verify_cache results;\n");
});

run_tests();


__DATA__

=== TEST 1: forms
--- request eval: Clients::requests('/gate', Clients::of('form'))
--- more_headers eval: Clients::headers(Clients::of('form'))
--- error_code eval: [map { 200 } Clients::of('form')]
--- response_body_like eval: Clients::passed(Clients::of('form'))
--- smtp_sessions: 1



=== TEST 2: multipart
--- request eval: Clients::requests('/gate', Clients::of('multipart'))
--- more_headers eval: Clients::headers(Clients::of('multipart'))
--- error_code eval: [map { 200 } Clients::of('multipart')]
--- response_body_like eval: Clients::passed(Clients::of('multipart'))
--- smtp_sessions: 1



=== TEST 3: JSON
--- request eval: Clients::requests('/gate', Clients::of('json'))
--- more_headers eval: Clients::headers(Clients::of('json'))
--- error_code eval: [map { 200 } Clients::of('json')]
--- response_body_like eval: Clients::passed(Clients::of('json'))
--- smtp_sessions: 1



=== TEST 4: arguments
--- request eval: Clients::requests('/gate', Clients::of('arg'))
--- more_headers eval: Clients::headers(Clients::of('arg'))
--- error_code eval: [map { 200 } Clients::of('arg')]
--- response_body_like eval: Clients::passed(Clients::of('arg'))
--- smtp_sessions: 1



=== TEST 5: headers
--- request eval
[map { s{/arg/}{/header/}r } @{ Clients::requests('/gate', grep { $_->{header} } @Clients::all) }]
--- more_headers eval: Clients::headers(grep { $_->{header} } @Clients::all)
--- error_code eval: [map { 200 } grep { $_->{header} } @Clients::all]
--- response_body_like eval: Clients::passed(grep { $_->{header} } @Clients::all)
--- smtp_sessions: 1



=== TEST 6: a small buffer: the bodies are read back from a file
--- more
client_body_buffer_size 16;
--- request eval: Clients::requests('/gate', @Clients::all)
--- more_headers eval: Clients::headers(@Clients::all)
--- error_code eval: [map { 200 } @Clients::all]
--- response_body_like eval: Clients::passed(@Clients::all)
--- smtp_sessions: 1



=== TEST 7: the same bodies with a mailbox that there is not are denied
--- request eval: Clients::requests('/gate', Clients::changed(@Clients::all))
--- more_headers eval: Clients::headers(@Clients::all)
--- error_code eval: [map { 422 } @Clients::all]
--- response_body_like eval: [map { qr/"mailbox_not_found"/ } @Clients::all]
--- smtp_sessions: 1



=== TEST 8: of all clients that README.md in t/compare/clients names
--- request
GET /gate/arg/x?email=jane.doe%2Bnews%40example.com
--- smtp_check eval
sub {
    my %client = map { $_->{name} =~ /^([^-]+)/ ? ($1 => 1) : () }
        @Clients::all;

    return @Clients::all >= 100
           && !grep { !$client{$_} } qw( chromium firefox curl wget httpie
                                         python node go php java ruby perl );
}
