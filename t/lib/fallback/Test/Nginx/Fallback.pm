package Test::Nginx::Fallback;

# Blocks one by one: nginx is started with a block's configuration, asked,
# and what it says and logs is compared with the block's sections.

use strict;
use warnings;

use Exporter 'import';
use File::Path qw( make_path remove_tree );
use File::Spec;
use List::Util qw( shuffle );
use Test::More ();
use Time::HiRes qw( sleep time );

use Test::Nginx::Fallback::Check;
use Test::Nginx::Fallback::Client;

our @EXPORT = qw(
    run_tests repeat_each workers worker_connections master_on master_off
    master_process_enabled log_level no_shuffle no_long_string
    no_root_location timeout server_root html_dir server_port server_addr
    server_name server_port_for_client config_preamble env_to_nginx bail_out
    add_block_preprocessor add_cleanup_handler add_test_cleanup_handler
    add_response_body_check
);

our %Set = (
    repeat_each => 1, workers => 1, worker_connections => 64,
    log_level => $ENV{TEST_NGINX_LOG_LEVEL} || 'debug',
    master => ($ENV{TEST_NGINX_MASTER_PROCESS} || 'off') eq 'on',
    timeout => $ENV{TEST_NGINX_TIMEOUT} || 3,
    server_port => $ENV{TEST_NGINX_SERVER_PORT} || $ENV{TEST_NGINX_PORT}
                   || 1984,
    server_addr => '127.0.0.1', server_name => 'localhost',
    config_preamble => '', env => [],
    shuffle => !$ENV{TEST_NGINX_NO_SHUFFLE},
);

$Set{client_port} = $ENV{TEST_NGINX_CLIENT_PORT} || $Set{server_port};

our $Binary  = $ENV{TEST_NGINX_BINARY} || 'nginx';
our $Verbose = $ENV{TEST_NGINX_VERBOSE};
our $Root    = $ENV{TEST_NGINX_SERVROOT}
               || File::Spec->rel2abs('t/servroot');
our $Conf    = "$Root/conf/nginx.conf";
our $Pid     = "$Root/logs/nginx.pid";
our $Log     = "$Root/logs/error.log";
our $Access  = "$Root/logs/access.log";

$ENV{TEST_NGINX_SERVER_ROOT} = $Root;
$ENV{TEST_NGINX_SERVER_PORT} //= $Set{server_port};

my (@preprocessors, @cleanup, @test_cleanup, $running, $last_config);


# ---- what a suite may say

sub accessor
{
    my ($name) = @_;

    return sub (@) {
        $Set{$name} = $_[0] if @_;
        return $Set{$name};
    };
}

BEGIN {
    no strict 'refs';

    for my $name (qw( repeat_each workers worker_connections log_level timeout
                      server_addr server_name server_port config_preamble ))
    {
        *$name = accessor($name);
    }
}

sub server_port_for_client (@)
{
    $Set{client_port} = $_[0] if @_;
    return $Set{client_port};
}

sub master_process_enabled (@)
{
    $Set{master} = $_[0] if @_;
    return $Set{master};
}

sub master_on ()         { $Set{master} = 1 }
sub master_off ()        { $Set{master} = 0 }
sub no_shuffle ()        { $Set{shuffle} = 0 }
sub no_long_string ()    { }
sub no_root_location ()  { $Set{no_root_location} = 1 }
sub server_root ()       { $Root }
sub html_dir ()          { "$Root/html" }
sub env_to_nginx (@)     { push @{ $Set{env} }, @_ }

# the latest goes first

sub add_block_preprocessor (&)   { unshift @preprocessors, $_[0] }
sub add_cleanup_handler ($)      { unshift @cleanup, $_[0] }
sub add_test_cleanup_handler ($) { unshift @test_cleanup, $_[0] }

sub add_response_body_check ($)
{
    push @Test::Nginx::Fallback::Check::Body, $_[0];
}

sub bail_out (@)
{
    cleanup();
    Test::More::BAIL_OUT(@_);
}


# ---- blocks

sub run_tests ()
{
    my @blocks = Test::Base::blocks();

    @blocks = shuffle @blocks if $Set{shuffle};

    for my $block (@blocks) {
        call(\@preprocessors, $block);
        $block->set_value(name => "$0 " . $block->name);
        run_block($block);
        call(\@test_cleanup, $block);
    }

    cleanup();
}


sub call
{
    my ($handlers, @args) = @_;

    for my $handler (@$handlers) {
        local $_;
        $handler->(@args);
    }
}


sub run_block
{
    my ($block) = @_;

    return if defined $block->SKIP;

    my ($skip, $reason) = to_skip($block);

    if ($skip) {
        SKIP: {
            no warnings 'exiting';
            Test::More::skip($block->name . " - $reason", $skip);
        }

        return;
    }

    local $Set{log_level} = $block->log_level || $Set{log_level};

    my $config = $block->config // $last_config
        // bail_out($block->name . ' - no --- config');

    $last_config = $config;

    stop();
    prepare($block, $config);

    if (defined $block->must_die) {
        must_die($block);
        return;
    }

    start($block) or return;

    if (defined(my $code = $block->init)) {
        eval $code;
        bail_out($block->name . " - init: $@") if $@;
    }

    my $from = 0;

    for my $i (0 .. $Set{repeat_each} - 1) {
        prepare_files($block) if $i;
        request($block, $i, \$from);
    }
}


sub request
{
    my ($block, $repeated, $from) = @_;

    my @requests = requests($block, \%Set);
    my $pipelined = $block->pipelined_requests;
    my $many = @requests > 1 || $pipelined;

    for my $i (0 .. $#requests) {
        my ($raw, $error) = talk($requests[$i], seconds($block->timeout)
            // $Set{timeout}, $block, \%Set);

        Test::More::fail($block->name . " - $error")
            if defined $error && !defined $block->abort;

        if (!defined $block->ignore_response) {
            my $head = $requests[$i][0]{value} =~ /^HEAD /;
            my $n = $pipelined ? @$pipelined : 1;

            for my $k (0 .. $n - 1) {
                my $response = parse_response(\$raw, $head);

                check_response($block, $response, $i + $k, $repeated, $many);
            }
        }

        last if $i == $#requests;
        sleep $block->wait if $block->wait;
        check_error_log($block, $Log, $repeated, $from);
    }

    sleep $block->wait if $block->wait;
    check_error_log($block, $Log, $repeated, $from);
    check_access_log($block, $Access, $repeated);
}


sub to_skip
{
    my ($block) = @_;

    if (defined $block->skip_eval) {
        my ($n, $code) = $block->skip_eval =~ /^\s*(\d+)\s*:\s*(.*)/s;
        my $skip = eval $code;
        bail_out($block->name . " - skip_eval: $@") if $@;
        return ($n, 'skip_eval') if $skip;
    }

    if (defined $block->skip_nginx) {
        my ($n, $op, $version, $reason) = $block->skip_nginx
            =~ /^\s*(\d+)\s*:\s*([<>]=?)\s*([\d.]+)(?:\s*:\s*(.*?))?\s*$/
            or bail_out($block->name . ' - bad --- skip_nginx');
        my ($mine) = `$Binary -v 2>&1` =~ m{/([\d.]+)};
        my ($a, $b) = map { sprintf '%d%03d%03d', split /\./ } $mine,
                                                               $version;

        return ($n, $reason || "nginx $op $version")
            if $op eq '<' ? $a < $b : $op eq '>' ? $a > $b
               : $op eq '<=' ? $a <= $b : $a >= $b;
    }

    return;
}


# ---- nginx

sub prepare
{
    my ($block, $config) = @_;

    remove_tree($Root) if -d "$Root/logs";
    make_path("$Root/logs", "$Root/html", "$Root/conf");
    write_file("$Root/html/index.html", '<html>It works!</html>');

    if (defined(my $code = $block->post_setup_server_root)) {
        eval $code;
        bail_out($block->name . " - post_setup_server_root: $@") if $@;
    }

    prepare_files($block);
    write_file($Conf, configuration($block, $config));
}


sub prepare_files
{
    my ($block) = @_;

    my $files = $block->user_files // return;

    if (!ref $files) {
        my (undef, @parts) = split /^>>> (.*)\n/m, $files;
        my @list;

        while (my ($name, $body) = splice @parts, 0, 2) {
            my ($file, $date) = split ' ', $name, 2;
            push @list, [$file, $body, $date];
        }

        $files = \@list;
    }

    for my $f (@$files) {
        my ($file, $body, $date) = @$f;
        my $path = $file =~ m{^/} ? $file : "$Root/html/$file";

        make_path($path =~ m{(.*)/});
        write_file($path, expand($body // ''));
        system('touch', '-t', $date, $path) if $date;
    }
}


sub configuration
{
    my ($block, $config) = @_;

    my %part = map { $_ => expand(scalar($block->$_) // '') }
        qw( main_config http_config post_main_config );

    my $load = join '', map { "load_module $_;\n" }
        split ' ', $ENV{TEST_NGINX_LOAD_MODULES} // '';
    my $temp = join '', map { "    ${_}_temp_path $Root/${_}_temp;\n" }
        grep { $part{http_config} !~ /\b${_}_temp_path\b/ }
        qw( client_body proxy fastcgi scgi uwsgi );
    my $root = $Set{no_root_location} ? ''
        : "location / { root $Root/html; index index.html; }";
    my $env = join '', map { "env $_;\n" }
        @{ $Set{env} }, qw( ASAN_OPTIONS UBSAN_OPTIONS );
    my $user = $> == 0 ? 'user root;' : '';
    my $master = $Set{master} ? 'on' : 'off';
    my $server_name = $block->server_name // $Set{server_name};
    my $error_log = expand($block->error_log_file // $Log);

    $config = expand($config);

    return <<_EOC_;
${load}worker_processes $Set{workers};
daemon on;
master_process $master;
error_log $error_log $Set{log_level};
pid $Pid;
$env$user

$part{main_config}

http {
    access_log $Access;
$temp
    default_type text/plain;
    keepalive_timeout 68s;

$part{http_config}

    server {
        listen $Set{server_port};
        server_name '$server_name';
        client_max_body_size 30m;

$Set{config_preamble}
$config

        $root
    }
}

$part{post_main_config}

events {
    accept_mutex off;
    worker_connections $Set{worker_connections};
}
_EOC_
}


sub command
{
    my ($block) = @_;

    my $command = "$Binary -e $Log -p $Root/ -c $Conf >/dev/null";
    $command .= ' 2>/dev/null' if !$Verbose;    # the log has it too

    if ($ENV{TEST_NGINX_USE_VALGRIND}) {
        $command = "valgrind -q --num-callers=100 --leak-check=full "
                   . "--log-file=$Root/logs/valgrind.%p $command";
    }

    warn "$command\n" if $Verbose;

    return $command;
}


sub start
{
    my ($block) = @_;

    my $status;

    # an address that a stopping server still holds

    for my $try (1 .. 8) {
        $status = system command($block);
        last if $status == 0 || tail() !~ /Address already in use/;
        sleep 0.1 * $try;
    }

    if ($status) {
        Test::More::fail($block->name . " - nginx does not start: " . $status);
        Test::More::diag(tail());
        return;
    }

    for (1 .. 200) {
        last if -s $Pid;
        sleep 0.01;
    }

    $running = pid();
    return 1;
}


sub must_die
{
    my ($block) = @_;

    my $status = system command($block);
    my $want = $block->must_die;

    if ($want =~ /^\d+$/) {
        Test::More::is($status >> 8, $want, $block->name
                       . ' - dies with the expected exit code');

    } else {
        Test::More::isnt($status, 0, $block->name . ' - dies as expected');
    }

    my $from = 0;
    check_error_log($block, $Log, 0, \$from);

    if ($status == 0) {
        sleep 0.2;
        $running = pid();
        stop();
    }
}


sub pid
{
    open my $in, '<', $Pid or return;
    my $pid = <$in>;
    return if !defined $pid;
    chomp $pid;
    return $pid;
}


sub stop
{
    my $pid = pid() // $running // return;

    undef $running;

    return if !alive($pid);

    kill 'QUIT', $pid;

    for (1 .. $Set{timeout} * 50) {
        return if !alive($pid);
        sleep 0.02;
    }

    warn "nginx $pid does not stop\n";
    kill 'TERM', $pid;
    sleep 0.2;
    kill 'KILL', $pid;
    unlink $Pid;
}


# a zombie is gone: whoever is to reap it may take its time

sub alive
{
    my ($pid) = @_;

    open my $in, '<', "/proc/$pid/stat" or return 0;
    return <$in> !~ /\) Z /;
}


sub cleanup
{
    call([splice @cleanup]);
    stop() if !$ENV{TEST_NGINX_NO_CLEAN} && !$ENV{TEST_NGINX_LEAVE};
}


# ---- odds and ends

sub expand
{
    my ($text) = @_;

    $text =~ s/\$(TEST_NGINX_[A-Z0-9_]+)/
               $ENV{$1} \/\/ bail_out("no environment $1")/ge;

    return $text;
}


sub seconds
{
    my ($text) = @_;

    return if !defined $text;
    return $text =~ /^([\d.]+)ms$/ ? $1 / 1000 : $text =~ s/s$//r;
}


sub write_file
{
    my ($path, $body) = @_;

    open my $out, '>', $path or bail_out("$path: $!");
    binmode $out;
    print $out $body;
    close $out;
}


sub tail
{
    open my $in, '<', $Log or return '';
    my @lines = grep { !/\[debug\]/ } <$in>;
    splice @lines, 0, -20 if @lines > 20;
    return join '', @lines;
}


my $main = $$;

END {
    if ($$ == $main) {
        local $?;
        cleanup();
    }
}


1;
