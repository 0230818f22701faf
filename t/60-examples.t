# Each configuration of conf/examples is one that nginx takes.

use warnings;
use strict;

use Cwd;
use File::Path qw( make_path remove_tree );
use Test::More;

my $nginx = $ENV{TEST_NGINX_BINARY} || 'nginx';
my $module = $ENV{TEST_NGINX_LOAD_MODULES} // '';
my $dir = getcwd() . "/build/t/examples-$$";

for my $file (sort glob 'conf/examples/*.conf') {
    make_path("$dir/logs");

    open my $fh, '<', $file or die "$file: $!\n";
    my $conf = join '', <$fh>;
    close $fh;

    # the module that was built, or none where it is built in

    my $load = $module ne '' ? "load_module $module;" : '';

    ok($conf =~ s/^load_module\s[^;]*;/$load/m, "$file loads the module");

    open $fh, '>', "$dir/nginx.conf" or die "nginx.conf: $!\n";
    print $fh "pid $dir/nginx.pid; error_log $dir/error.log;\n", $conf;
    close $fh;

    my $said = `$nginx -t -p $dir/ -c $dir/nginx.conf 2>&1`;

    is($?, 0, "$file: nginx -t") or diag $said;
    unlike($said, qr/\[(warn|emerg|alert|crit|error)\]/, "$file: no warning");

    remove_tree($dir);
}

done_testing();
