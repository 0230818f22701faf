# Files that are none: whatever a directive names, nginx -t says what is wrong
# with it, and does not wait for it.

use strict;
use warnings;

use File::Path qw( make_path remove_tree );
use IO::Socket::UNIX;
use POSIX ();
use Test::More;

use lib 't/lib';
use TestVerify::Env;

my $dir = "$TestVerify::Env::Dir/files-$$";
my $nginx = $ENV{TEST_NGINX_BINARY} || TestVerify::Env::nginx();
my $load = TestVerify::Env::load_module();

make_path($dir);


# ---- what there may be in place of a file

my $socket = IO::Socket::UNIX->new(Local => "$dir/socket", Listen => 1)
    or die "socket: $!\n";

POSIX::mkfifo("$dir/fifo", 0600) or die "fifo: $!\n";
make_path("$dir/directory");
symlink "$dir/fifo", "$dir/link" or die "link: $!\n";

open my $huge, '>', "$dir/huge" or die "huge: $!\n";
truncate $huge, 300 * 1024 * 1024 or die "huge: $!\n";
close $huge;

my %kinds = (
    fifo      => qr/is not a regular file/,
    link      => qr/is not a regular file/,
    directory => qr/is not a regular file/,
    huge      => qr/is larger than 256M/,
    socket    => qr/is not a regular file|No such device or address/,
    '/dev/zero' => qr/is not a regular file/,
    missing   => qr/No such file/,
);

my %directives = (
    'smtp_verify_rules'     => '',
    'smtp_verify_providers' => '',
    'smtp_verify_list free' => '',
    'smtp_verify_tokens'    => '',
    'smtp_verify_ssl_trusted_certificate' => '',
    'smtp_verify_ssl_crl'   => '',
);

for my $directive (sort keys %directives) {
    for my $kind (sort keys %kinds) {
        my $file = $kind =~ m{^/} ? $kind : "$dir/$kind";
        my ($code, $said) = test("$directive $file;");

        is($code, 1, "$directive, $kind: refused at once");
        like($said, qr/\[emerg\] [^\n]*\Q$file\E[^\n]*\n/, 'by its name');
        like($said, $kinds{$kind}, 'and what is wrong with it');
    }
}

remove_tree($dir);
done_testing();


sub test
{
    my ($line) = @_;

    open my $conf, '>', "$dir/nginx.conf" or die "nginx.conf: $!\n";
    print $conf <<"_EOC_";
$load
pid $dir/nginx.pid;
error_log $dir/error.log;
events { }
http {
    access_log off;
    smtp_verify_helo verifier.test;
    smtp_verify_from probe\@verifier.test;
    smtp_verify_throttle off;
    resolver 127.0.0.1;
    $line
    server {
        listen unix:$dir/http;
        location = /verify { smtp_verify; }
    }
}
_EOC_
    close $conf;

    my $said = `timeout -k 1 20 $nginx -t -p $dir -e $dir/error.log \\
        -c $dir/nginx.conf 2>&1`;

    return ($? >> 8, $said);
}
