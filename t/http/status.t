# What operators see of destinations, egresses and clients, and what they may do.

use lib 't/lib';
use TestVerify 'no_plan';
use TestVerify::Clients;
use TestVerify::Env;
use TestVerify::OpenAPI;
use Digest::SHA qw( sha256_hex );

our %Ops = (Authorization => 'Bearer ops-token');

add_block_preprocessor(sub {
    my ($block) = @_;

    my $tokens = 'smtp_verify_tokens $TEST_NGINX_SERVER_ROOT/html/tokens;';

    $block->set_value(user_files => ">>> tokens\nops sha256:"
        . sha256_hex('ops-token') . " admin\nalice sha256:"
        . sha256_hex('alice-token') . " rate=600/m quota=7\n");

    $block->set_value(http_config => join "\n",
        'smtp_verify_throttle_zone zone=limits:1m;',
        'smtp_verify_cache_zone zone=results:1m;',
        ($block->http_config // '') =~ /smtp_verify_throttle /
            ? '' : 'smtp_verify_throttle zone=limits rate=600/m rejects=20/h;',
        $block->http_config // '');

    $block->set_value(config => join "\n",
        'location = /verify { smtp_verify; smtp_verify_cache results; }',
        "location = /alice { smtp_verify; $tokens }",
        "location = /status { smtp_verify_status; $tokens }",
        'location = /open { smtp_verify_status; }',
        'location = /counters { smtp_verify_counters; }');
});


sub status
{
    my ($args) = @_;

    return TestVerify::OpenAPI::ask('GET', '/status' . ($args // ''), \%Ops);
}


sub act
{
    my ($args) = @_;

    return TestVerify::OpenAPI::ask('POST', "/status?$args", \%Ops, '');
}


sub rows
{
    my ($answer, $list) = @_;

    return JSON::PP::decode_json($answer->{body})->{$list // 'destinations'};
}


sub verify
{
    my ($email) = @_;

    return JSON::PP::decode_json(
        TestVerify::OpenAPI::ask('GET', "/verify?email=$email")->{body});
}


# one address that is there, one that is not, and one that waits

sub look
{
    verify('john@ok.test');
    verify('nobody@ok.test');

    TestVerify::Clients::start('/verify?email=slow%d@ok.test', clients => 2);
    select undef, undef, undef, 0.5;

    my $list = rows(status());
    my ($row) = @{ $list->{items} };

    Test::More::is($list->{total}, 1, 'one destination');
    Test::More::is($row->{name}, 'mx1.ok.test', 'its name');
    Test::More::is($row->{egress}, 'default', 'its egress');
    Test::More::is($row->{sessions}, 1, 'sessions') or Test::More::diag(explain $row);
    Test::More::is($row->{waiting}, 1, 'waiting');
    Test::More::is($row->{conns}, 1, 'conns');
    Test::More::is($row->{rate}, 600, 'rate per minute');
    Test::More::is_deeply($row->{rejects}, { used => 1, limit => 20, left => 19 },
                          'refused recipients');
    Test::More::is_deeply($row->{breaker},
        { state => 'closed', left => 0, why => undef }, 'breaker');
    Test::More::is(rows(status(), 'egresses')->{items}[0]{name}, 'default',
                   'the egress');

    for (['?state=busy', 1], ['?state=waiting', 1], ['?state=open', 0],
         ['?state=paused', 0], ['?name=ok.t', 1], ['?name=other', 0],
         ['?sort=waiting&limit=0', 0], ['?offset=1', 0], ['?sort=rejects', 1])
    {
        Test::More::is(scalar @{ rows(status($_->[0]))->{items} }, $_->[1],
                       $_->[0]);
    }

    TestVerify::Clients::finish();
}


sub pages
{
    verify("nobody\@d$_.test") for 1 .. 5;

    my @names = map { $_->{name} } map { @{ rows(status($_))->{items} } }
        '?limit=2&sort=seen', '?limit=2&offset=2&sort=seen',
        '?limit=2&offset=4&sort=seen';

    Test::More::is("@names", join(' ', map { "mx.d$_.test" } reverse 1 .. 5),
                   'pages, the last one first');
    Test::More::is(rows(status('?limit=2'))->{total}, 5, 'total');
}


sub breaker
{
    verify("$_\@ok.test") for qw( a b );

    my $row = rows(status('?state=open'))->{items}[0];

    Test::More::is($row->{breaker}{state}, 'open', 'it is open');
    Test::More::is($row->{breaker}{why}, 'block', 'why');
    Test::More::cmp_ok($row->{breaker}{left}, '>', 10, 'for how long');
    Test::More::is(verify('c@ok.test')->{reason}, 'circuit_open', 'nobody is asked');

    Test::More::is(act('action=close_breaker&destination=mx1.ok.test')->{body},
                   qq({"action":"close_breaker","matched":1}\n), 'closed');
    Test::More::is(verify('john@ok.test')->{reason}, 'accepted', 'asked again');
    Test::More::is(rows(status('?state=open'))->{total}, 0, 'none is open');
}


sub pauses
{
    verify('john@ok.test');

    for my $what ('destination=mx1.ok.test', 'egress=default',
                  'destination=mx1.ok.test&egress=default')
    {
        Test::More::is(act("action=pause&$what&seconds=100")->{status}, 200, "pause $what");

        my $result = verify('jane@ok.test');

        Test::More::is($result->{reason}, 'throttled', "$what: not asked");
        Test::More::cmp_ok($result->{retry_after}, '>', 90, "$what: until then");

        my $list = $what =~ /^egress/ ? 'egresses' : 'destinations';
        my $row = rows(status(), $list)->{items}[0];

        Test::More::cmp_ok($row->{paused}, '>', 90, "$what: paused");

        act("action=resume&$what");
        Test::More::is(rows(status(), $list)->{items}[0]{paused}, 0, "$what: resumed");
    }

    Test::More::is(verify('jane@ok.test')->{reason}, 'accepted', 'asked again');

    Test::More::is(act("action=pause&destination=other.test")->{status}, 404,
                   'a destination that nobody knows');
    Test::More::is(act("action=pause&destination=mx1.ok.test&egress=x")->{status}, 404,
                   'an egress that nobody knows');
}


sub forgets
{
    verify('john@ok.test');

    Test::More::is(act('action=forget_domain&domain=ok.test')->{status}, 200, 'forgotten');
    Test::More::is(act('action=forget_domain&domain=OK.test')->{status}, 404, 'nothing is left');
    Test::More::is(act('action=forget_domain&domain=a@b')->{status}, 422, 'no domain');
}


sub clients
{
    TestVerify::OpenAPI::ask('GET', '/alice?email=nobody@ok.test',
                             { 'X-Api-Key' => 'alice-token' });

    my $clients = rows(status(), 'clients');

    Test::More::is($clients->{total}, 2, 'both clients');
    Test::More::is_deeply([ map { $_->{client} } @{ $clients->{items} } ],
                          [qw( ops alice )], 'their names');
    Test::More::is($clients->{items}[1]{quota}{left}, 6, 'what is left of a quota');
    Test::More::is($clients->{items}[0]{quota}, undef, 'no quota');

    my $own = TestVerify::OpenAPI::ask('GET', '/status', { 'X-Api-Key' => 'alice-token' });

    Test::More::like($own->{body}, qr/"client":"alice"/, 'a client sees itself');
    Test::More::unlike($own->{body}, qr/ops|destinations/, 'and nobody else');
}


sub rights
{
    my $ask = sub {
        my ($code, $method, $path, %headers) = @_;

        my $answer = TestVerify::OpenAPI::ask($method, $path, \%headers,
                                              $method eq 'POST' ? '' : ());
        Test::More::is($answer->{status}, $code, "$method $path @headers{keys %headers}");
    };

    verify('john@ok.test');

    my $pause = 'action=pause&destination=mx1.ok.test';

    $ask->(401, 'POST', "/status?$pause");
    $ask->(403, 'POST', "/status?$pause", 'X-Api-Key' => 'alice-token');
    $ask->(403, 'POST', "/open?$pause");
    $ask->(403, 'POST', "/open?$pause", %Ops);
    $ask->(405, 'POST', "/counters?$pause");
    $ask->(405, 'PUT', "/status?$pause", %Ops);
    $ask->(422, 'POST', '/status', %Ops);
    $ask->(422, 'POST', '/status?action=none', %Ops);
    $ask->(422, 'POST', '/status?action=pause', %Ops);
    $ask->(422, 'POST', "/status?$pause&seconds=0", %Ops);
    $ask->(422, 'POST', "/status?$pause&seconds=x", %Ops);
    $ask->(422, 'GET', '/status?limit=1001', %Ops);
    $ask->(422, 'GET', '/status?offset=-1', %Ops);
    $ask->(422, 'GET', '/status?sort=name', %Ops);
    $ask->(422, 'GET', '/status?state=x', %Ops);
    $ask->(200, 'HEAD', '/status', %Ops);

    Test::More::is(verify('jane@ok.test')->{reason}, 'accepted', 'nothing was paused');
}


# what the mail server said when it refused us, without anybody's address

sub refusals
{
    my ($row) = map { @{ rows(status())->{items} } }
        map { verify($_) } 'nobody@ok.test';

    Test::More::is($row->{refusal}, undef, 'a missing mailbox is no refusal of us');

    verify('block@ok.test');
    $row = rows(status())->{items}[0]{refusal};

    Test::More::is(join(' ', map { $row->{$_} // 'null' } qw( stage code enhanced_code reason )),
                   'rcpt 550 5.7.1 sender_blocked', 'a refusal');
    Test::More::is($row->{text}, '5.7.1 <*> from *: 192.0.2.7 is on a blocklist, see https://x.test/?*',
                   'no address is left');
    Test::More::cmp_ok($row->{ago}, '<=', 5, 'when');

    verify('long@ok.test');
    $row = rows(status())->{items}[0]{refusal};

    Test::More::is($row->{enhanced_code}, undef, 'no enhanced code');
    Test::More::is(length $row->{text}, 110, 'a long text is cut between characters');

    verify('john@mail.test');

    my %by = map { $_->{name} => $_->{refusal} } @{ rows(status())->{items} };

    Test::More::is("$by{'mx.mail.test'}{stage} $by{'mx.mail.test'}{code}", 'banner 554',
                   'another destination');
    Test::More::is($by{'mx1.ok.test'}{code}, 450, 'each has its own');
    Test::More::is(verify('john@ok.test')->{reason}, 'accepted', 'it is asked on');

    my $all = status()->{body};

    Test::More::unlike($all, qr/\@/, 'no address anywhere');
}


sub alias
{
    my @keys = map { [ sort keys %{ JSON::PP::decode_json($_->{body}) } ] }
        status(), TestVerify::OpenAPI::ask('GET', '/counters');

    Test::More::is_deeply($keys[0], $keys[1], 'smtp_verify_counters says the same');
}


run_tests();

__DATA__

=== TEST 1: destinations, filtered
--- http_config
smtp_verify_throttle zone=limits conns=1 rate=600/m rejects=20/h;
smtp_verify_keepalive off;
smtp_verify_catch_all off;
--- smtp
mx1 11 pipelining users=john
    rcpt slow*: wait 2s ; default
--- init
main::look();
--- request
GET /counters



=== TEST 2: pages
--- http_config
smtp_verify_catch_all off;
--- smtp
mx1 11 pipelining
--- dns eval
CORE::join '', map { "d$_.test MX 10 mx.d$_.test\nmx.d$_.test A 11\n" } 1 .. 5
--- init
main::pages();
--- request
GET /counters



=== TEST 3: a breaker is closed
--- http_config
smtp_verify_throttle zone=limits pause=60s;
--- smtp
mx1 11 pipelining users=john
    banner@1: 554 5.7.1 Service unavailable; client host blocked using zen.spamhaus.org
    banner@2: 554 5.7.1 Service unavailable; client host blocked using zen.spamhaus.org
--- init
main::breaker();
--- request
GET /counters



=== TEST 4: pauses
--- smtp
mx1 11 pipelining users=john,jane
--- init
main::pauses();
--- request
GET /counters



=== TEST 5: facts of a domain are forgotten
--- smtp
mx1 11 pipelining users=john
--- init
main::forgets();
--- request
GET /counters



=== TEST 6: clients
--- smtp
mx1 11 pipelining
--- init
main::clients();
--- request
GET /counters



=== TEST 7: who may do what
--- smtp
mx1 11 pipelining users=john,jane
--- init
main::rights();
--- request
GET /counters



=== TEST 8: the alias
--- init
main::alias();
--- request
GET /counters



=== TEST 9: the last reply of refusal of each destination
--- http_config
smtp_verify_throttle zone=limits rate=600/m;
smtp_verify_catch_all off;
--- dns
+default
mail.test MX 10 mx.mail.test
mail.test MX 20 mx.mail.test
mx.mail.test A 12
--- smtp
mx1 11 pipelining users=john
    rcpt block@*: 550 5.7.1 <block@ok.test> from postmaster@verify.test: 192.0.2.7 is on a blocklist, see https://x.test/?block%40ok.test
    rcpt long@*: 450 Too many connections ääääääääääääääääääääääääääääääääääääääääääääääääääääääääääääääääääääääääääääääääääääääääääääääääääääääääääääääääääääääää
mx2 12
    banner: 554 5.7.1 Go away
--- init
main::refusals();
--- request
GET /counters
