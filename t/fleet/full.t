# What cannot be written to the store of a fleet, since too much waits for it.

use lib 't/lib';
use File::Path qw( make_path );

our ($Full, $suite, @files);

BEGIN {
    require TestVerify::Env;
    TestVerify::Env::take();

    my $dir = "$TestVerify::Env::Dir/full-queue";
    my $so = "$dir/full_queue.$$.so";
    my $nginx = "$dir/nginx.$$";
    my $cc = $ENV{CC} || 'cc';

    make_path($dir);
    $Full = "$dir/full.$$";

    system("$cc -shared -fPIC -o $so t/lib/full_queue.c -ldl") == 0
        or die "full_queue.c: not compiled\n";

    open my $out, '>', $nginx or die "$nginx: $!\n";
    print $out <<"END";
#!/bin/sh
export LD_PRELOAD=$so
export ASAN_OPTIONS=\$ASAN_OPTIONS:verify_asan_link_order=0
exec $ENV{TEST_NGINX_BINARY} "\$@"
END
    close $out;
    chmod 0755, $nginx;

    $ENV{TEST_NGINX_BINARY} = $nginx;
    $ENV{TEST_FULL_QUEUE} = $Full;
    ($suite, @files) = ($$, $so, $nginx, $Full);
}

END { unlink @files if defined $suite && $$ == $suite }

use TestVerify 'no_plan';
use TestVerify::Fleet qw( ask );
use TestVerify::Valkey qw( command start );

master_on();

# The fleets "a" and "b" stand for two machines.

sub fleet
{
    my ($name) = @_;

    return "smtp_verify_cache_zone zone=$name:1m;\n"
         . "smtp_verify_fleet $name {\n"
         . "server \$TEST_NGINX_VALKEY; key \$TEST_NGINX_FLEET_KEY;\n"
         . "prefix test; zones $name; timeout 200ms;\n}\n";
}

add_block_preprocessor(sub {
    my ($block) = @_;

    $block->set_value(main_config => 'env TEST_FULL_QUEUE;');
    $block->set_value(http_config => patient(fleet('a') . fleet('b')));
    $block->set_value(config => '
        location = /verify { smtp_verify; smtp_verify_cache a; }
        location = /b { smtp_verify; smtp_verify_cache b; }');

    start();
    command('FLUSHALL');
    unlink $Full;
});


preset(smtp => "mx1 11 pipelining users=john\n");

timeout(20);
run_tests();

__DATA__

=== TEST 1: a claim whose end was not written holds for three seconds
--- init
TestVerify::Valkey::subscribers('test:erased', 2);
open my $out, '>', $main::Full or die "$main::Full: $!\n";
close $out;
main::ask('GET', '/verify?email=john@ok.test');
Time::HiRes::sleep(0.3);
unlink $main::Full;
main::is(scalar(grep { /^test:c:/ }
                @{ TestVerify::Valkey::command('KEYS', '*') }), 1,
         'the claim is there');
--- request
GET /b?email=john@ok.test
--- json
reason: accepted
cached: false
--- not_slower
--- within: 6s
--- not_within: 500ms
--- smtp_sessions: 2
