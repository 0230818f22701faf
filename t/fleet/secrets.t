# The password and the key of a fleet are changed while it works, by the steps
# of docs/fleet.md: no request is lost, and no verdict is wrong.

use lib 't/lib';
use TestVerify 'no_plan';
use TestVerify::Clients qw( until_true );
use TestVerify::Edges;
use TestVerify::Valkey qw( command );

use JSON::PP ();

master_on();

# two machines, at /1 and /2

our $Locations = '
    location = /verify { smtp_verify; smtp_verify_cache results; }
    location = /health { smtp_verify_health; }';

sub conf
{
    my ($password, $key) = @_;

    TestVerify::Edges::conf(patient("
        smtp_verify_cache_zone zone=results:1m;
        smtp_verify_fleet edges {
            server \$TEST_NGINX_VALKEY;
            user edge; password $password;
            key $key;
            prefix test; timeout 200ms;
        }"), $Locations);
}

sub another_key
{
    my $file = TestVerify::Valkey::keyfile() . '.new';

    umask 077;
    open my $out, '>', $file or die "$file: $!\n";
    print $out join '', map { chr 32 + int rand 90 } 1 .. 48;
    close $out;
    umask 022;

    return $file;
}

sub works
{
    my ($i) = @_;

    return until_true(sub {
        my ($health) = TestVerify::Clients::ask("/$i/health");
        return JSON::PP::encode_json($health->{json} // {})
               =~ /fleet edges answers/;
    });
}

# what a machine says of an address

sub says
{
    my ($i, $who) = @_;

    my ($answer) = TestVerify::Clients::ask("/$i/verify?email=$who\@ok.test");
    my $json = $answer->{json} // {};

    return ($json->{reason} // 'nothing') . ($json->{cached} ? ', cached' : '');
}

# asked at one, known to the other one

sub shared
{
    my ($who, $from, $to) = @_;

    my $first = says($from, $who);
    my $second;

    until_true(sub { ($second = says($to, $who)) =~ /cached/ }, 1)
        if $first =~ /accepted/;

    return "$first; " . ($second // '');
}

add_block_preprocessor(sub {
    my ($block) = @_;

    $block->set_value(config => '
        location /1/ { proxy_pass http://$TEST_NGINX_EDGE1/; }
        location /2/ { proxy_pass http://$TEST_NGINX_EDGE2/; }
        location = /idle { return 204; }');
    $block->set_value(request => 'GET /idle');
    $block->set_value(error_code => 204);

    command('FLUSHALL');
    command(qw( ACL SETUSER edge reset on >old ~test:* &test:* +@all ));

    TestVerify::Edges::stop();
    conf('old', TestVerify::Valkey::keyfile());
    TestVerify::Edges::start(1, 2);
});

# no random recipient begins with an o

preset(smtp => "mx1 11 pipelining\n    rcpt o*@*: 250 2.1.5 Ok\n");

run_tests();

__DATA__

=== TEST 1: the password
--- init
main::works(1) && main::works(2);
main::is(main::shared('o1', 1, 2), 'accepted; accepted, cached', 'before');
main::command(qw( ACL SETUSER edge >new ));
main::conf('new', TestVerify::Valkey::keyfile());
TestVerify::Edges::reload(1);
main::works(1);
main::is(main::shared('o2', 1, 2), 'accepted; accepted, cached', 'one has the new one');
TestVerify::Edges::reload(2);
main::works(2);
main::command(qw( ACL SETUSER edge <old ));
main::command(qw( CLIENT KILL USER edge ));
main::works(1) && main::works(2);
main::is(main::shared('o3', 2, 1), 'accepted; accepted, cached', 'after');



=== TEST 2: the key
--- init
main::works(1) && main::works(2);
main::is(main::shared('o4', 1, 2), 'accepted; accepted, cached', 'before');
main::conf('old', main::another_key());
TestVerify::Edges::reload(1);
main::works(1);
main::is(main::says(1, 'o5'), 'accepted', 'one has the new one');
main::is(main::says(2, 'o5'), 'accepted', 'they share nothing');
TestVerify::Edges::reload(2);
main::works(2);
main::is(main::shared('o6', 2, 1), 'accepted; accepted, cached', 'after');
