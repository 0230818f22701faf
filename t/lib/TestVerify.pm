package TestVerify;

# Test::Nginx::Socket with the sections of this project: t/lib/README.md.

BEGIN {
    require TestVerify::Env;
    TestVerify::Env::take();

    # the real Test::Nginx where it is installed

    (my $dir = __FILE__) =~ s{[^/]*$}{};
    push @INC, "${dir}fallback";
}

use Test::Nginx::Socket -Base;

use TestVerify::Blocks;

our @EXPORT = qw( env_to_nginx plan run_tests repeat_each
    worker_connections workers master_on master_off master_process_enabled
    log_level no_shuffle no_root_location timeout server_root
    add_block_preprocessor add_test_cleanup_handler add_cleanup_handler
    add_response_body_check preset preset_http patient );

*preset = \&TestVerify::Blocks::preset;
*preset_http = \&TestVerify::Blocks::preset_http;
*patient = \&TestVerify::Blocks::patient;

worker_connections(256);
TestVerify::Blocks::setup();
