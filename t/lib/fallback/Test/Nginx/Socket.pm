package Test::Nginx::Socket;

# For machines without CPAN's Test::Nginx: the part of its interface that the
# suites of this project use.  TestVerify puts this directory last on @INC.

use Test::Base -Base;

use Test::Nginx::Fallback;

our $VERSION = 'fallback';

our @EXPORT = qw(
    plan run_tests repeat_each workers worker_connections master_on
    master_off master_process_enabled log_level no_shuffle no_long_string
    no_root_location timeout server_root html_dir server_port server_addr
    server_name server_port_for_client config_preamble env_to_nginx bail_out
    add_block_preprocessor add_cleanup_handler add_test_cleanup_handler
    add_response_body_check
);
