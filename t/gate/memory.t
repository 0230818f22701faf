# A gate that finds no memory: each allocation fails once.

use lib 't/lib';
use File::Path qw( make_path );

our (@files, $suite);

BEGIN {
    require TestVerify::Env;
    require Test::More;

    # they have allocations of their own

    Test::More::plan(skip_all => 'not beside a checker of memory')
        if $ENV{TEST_NGINX_SANITIZER} || $ENV{TEST_NGINX_USE_VALGRIND}
           || $ENV{VALGRIND_NGINX};

    TestVerify::Env::take();

    my $dir = "$TestVerify::Env::Dir/no-memory";
    make_path($dir);

    my $so = "$dir/no_memory.$$.so";
    my $cc = $ENV{CC} || 'cc';

    system("$cc -shared -fPIC -o $so t/lib/no_memory.c -ldl") == 0
        or die "no_memory.c: not compiled\n";

    open my $out, '>', "$dir/nginx.$$" or die "$dir/nginx.$$: $!\n";
    print $out "#!/bin/sh\nexport LD_PRELOAD=$so\n"
        . "exec $ENV{TEST_NGINX_BINARY} \"\$\@\"\n";
    close $out;
    chmod 0755, "$dir/nginx.$$";

    $ENV{TEST_NGINX_BINARY} = "$dir/nginx.$$";
    ($suite, @files) = ($$, $so, "$dir/nginx.$$");
}

END { unlink @files if defined $suite && $$ == $suite }

use TestVerify 'no_plan';
use TestVerify::Clients;

master_on();

our $Config = <<'CONF';
location = /signup {
    smtp_verify_gate $arg_email deny=undeliverable,unknown%s;
    proxy_pass http://127.0.0.1:$server_port/app;
}
location = /app {
    return 200 "app\n";
}
CONF

# a request for each allocation that fails; the first of them are nginx's own,
# which gives no answer then

sub ask_all
{
    my ($last) = @_;

    for my $n (1 .. $last) {
        TestVerify::Clients::start('/signup?email=jane@ok.test',
                                   headers => "X-No-Memory: $n");
        TestVerify::Clients::finish();
    }
}


sub codes
{
    return TestVerify::Clients::count(sub {
        my $r = $_[0];
        return "$r->{code} " . ($r->{json} ? $r->{json}{code} : '-');
    }, TestVerify::Clients::answers());
}


run_tests();

__DATA__

=== TEST 1: on_error=deny: nothing passes
--- config eval
sprintf $::Config, ' on_error=deny'
--- smtp
mx1 11 pipelining users=john
--- init
main::ask_all(60);
--- request: GET /signup?email=john@ok.test
--- response_body
app
--- log_allow
Cannot allocate memory
--- smtp_check eval
sub {
    my $codes = main::codes();

    return $codes =~ /422 address_denied/ && $codes =~ /503 not_verified/
           && $codes !~ /\b(?:200|500) /;
}



=== TEST 2: by default what could not be verified passes
--- config eval
sprintf $::Config, ''
--- smtp
mx1 11 pipelining users=john
--- init
main::ask_all(60);
--- request: GET /signup?email=john@ok.test
--- response_body
app
--- log_allow
Cannot allocate memory
--- smtp_check eval
sub {
    my $codes = main::codes();

    return $codes =~ /422 address_denied/ && $codes =~ /200 -/
           && $codes !~ /\b50[03] /;
}
