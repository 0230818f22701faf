# Errors of a connection that are none of ours, and that nginx calls an alert.

use lib 't/lib';
use File::Path qw( make_path );

BEGIN {
    require TestVerify::Env;
    TestVerify::Env::take();

    my $dir = "$TestVerify::Env::Dir/network-errors";

    make_path($dir);

    my $so = "$dir/network_errors.$$.so";
    my $cc = $ENV{CC} || 'cc';

    system("$cc -shared -fPIC -o $so t/lib/network_errors.c -ldl") == 0
        or die "network_errors.c: not compiled\n";

    open my $out, '>', "$dir/nginx.$$" or die "$dir/nginx.$$: $!\n";
    print $out <<"_EOC_";
#!/bin/sh
export LD_PRELOAD=$so
export ASAN_OPTIONS=\$ASAN_OPTIONS:verify_asan_link_order=0
exec $ENV{TEST_NGINX_BINARY} "\$@"
_EOC_
    close $out;
    chmod 0755, "$dir/nginx.$$";

    $ENV{TEST_NGINX_BINARY} = "$dir/nginx.$$";
    @files = ($so, "$dir/nginx.$$");
}

END { unlink @files if defined $suite && $$ == $suite }

use TestVerify 'no_plan';

our ($suite, @files) = ($$, @files);

master_on();
preset(address => 'john@ok.test');
preset_http("smtp_verify_starttls required;\n");

run_tests();

__DATA__

=== TEST 1: a connection is not made, for a reason that is rare
--- smtp
mx1 11 pipelining users=john
--- json
verdict: unknown connect_failed
--- error_log
connect() to mail server failed (92: Protocol not available)



=== TEST 2: a connection that cannot be read
--- smtp
mx1 12 pipelining users=john
--- json
verdict: unknown protocol_error
smtp.stage: banner



=== TEST 3: likewise, in a TLS handshake
--- smtp
mx1 13 pipelining starttls users=john
--- json
verdict: unknown tls_failed
smtp.stage: starttls
