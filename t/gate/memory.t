# A gate that finds no memory: each allocation fails once.

use lib 't/lib';
use Test::More;

# they have allocations of their own

BEGIN {
    plan(skip_all => 'not beside a checker of memory')
        if $ENV{TEST_NGINX_SANITIZER} || $ENV{TEST_NGINX_USE_VALGRIND}
           || $ENV{VALGRIND_NGINX};
}

use TestVerify::Preload 'no_memory';
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
