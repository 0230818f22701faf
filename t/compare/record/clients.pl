# clients.pl URL: LWP, HTTP::Tiny and Mojo::UserAgent

use warnings;
use strict;
use utf8;

use Encode;
use HTTP::Request::Common;
use HTTP::Tiny;
use JSON::PP;
use LWP::UserAgent;
use Mojo::UserAgent;
use URI;

my $url = $ARGV[0] . '/perl-';

my @fields = (
    name => "Zo\xeb O'Neil & S\xf6hne",
    email => 'jane.doe+news@example.com',
    message => "two lines;\r\na=b & 100% \"quoted\" \x{1f4a1}",
);

my @bytes = map { Encode::encode('UTF-8', $_) } @fields;
my $png = "\x89PNG\r\n\x1a\n\r\n--x\x00\xff";

my $lwp = LWP::UserAgent->new;

$lwp->request(POST $url . 'lwp-form', [@bytes]);
$lwp->request(POST $url . 'lwp-multipart', Content_Type => 'form-data',
              Content => [@bytes]);
$lwp->request(POST $url . 'lwp-multipart-file', Content_Type => 'form-data',
              Content => [@bytes, avatar => [undef, 'photo 1.png',
                  Content_Type => 'image/png', Content => $png]]);

my $get = URI->new($url . 'lwp-get');
$get->query_form(@bytes);
$lwp->get($get, 'X-Email' => $bytes[3]);

HTTP::Tiny->new->post_form($url . 'http-tiny-form', {@bytes});
HTTP::Tiny->new->post($url . 'http-tiny-json', {
    headers => { 'Content-Type' => 'application/json' },
    content => encode_json({@fields}),
});

my $mojo = Mojo::UserAgent->new;

$mojo->post($url . 'mojo-form', form => {@fields});
$mojo->post($url . 'mojo-json', json => {@fields});
$mojo->post($url . 'mojo-multipart', form => {@fields,
    avatar => { content => $png, filename => 'photo 1.png' }});
