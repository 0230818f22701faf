package TestVerify::Preload;

# nginx with functions of the system's library replaced:
#
#   use TestVerify::Preload 'slow_pread', SLOW_PREAD => 12;
#
# before TestVerify is used: t/lib/slow_pread.c is compiled, and loaded into
# nginx before that library, with these variables in its environment.  A worker
# has them only where "main_config" of a block says so by "env".

use strict;
use warnings;

use File::Path qw( make_path );

use TestVerify::Env;

my ($suite, @files);


sub import
{
    my ($class, $name, %env) = @_;

    TestVerify::Env::take();

    my $dir = "$TestVerify::Env::Dir/preload";
    my $cc = $ENV{CC} || 'cc';
    my ($so, $nginx) = ("$dir/$name.$$.so", "$dir/nginx.$$");

    ($suite, @files) = ($$, $so, $nginx);

    make_path($dir);

    system("$cc -shared -fPIC -o $so t/lib/$name.c -ldl") == 0
        or die "$name.c: not compiled\n";

    open my $out, '>', $nginx or die "$nginx: $!\n";
    print $out "#!/bin/sh\n",
        (map { "export $_=$env{$_}\n" } sort keys %env),
        "export LD_PRELOAD=$so\n",
        "export ASAN_OPTIONS=\$ASAN_OPTIONS:verify_asan_link_order=0\n",
        "exec $ENV{TEST_NGINX_BINARY} \"\$\@\"\n";
    close $out;
    chmod 0755, $nginx;

    $ENV{TEST_NGINX_BINARY} = $nginx;
}


END { unlink @files if defined $suite && $$ == $suite }

1;
