# "make install", "install-client" and "uninstall", and nginx's own configure with
# the module built in.

use strict;
use warnings;

use Cwd;
use File::Find qw( find );
use File::Path qw( make_path remove_tree );
use Test::More;

my $top = getcwd();
my $dir = "$top/build/t/install-$$";
my $nginx = $ENV{TEST_NGINX_BINARY} || 'nginx';
my $module = 'ngx_http_smtp_verify_module.so';

my $tested = $ENV{TEST_NGINX_LOAD_MODULES} // "$top/build/$module";

# what is built in, or for another nginx, is not what "make install" takes

plan(skip_all => 'not the module of "make install"')
    if $ENV{TEST_NGINX_SANITIZER} || $tested ne "$top/build/$module";


# ---- below DESTDIR

make_path($dir);

my $said = run("make -s install DESTDIR=$dir/root PREFIX=/opt");
my %file = files("$dir/root");
my ($path) = grep { m{/\Q$module\E$} } keys %file;

is($?, 0, 'make install') or diag $said;
like($said, qr{^installed: \Q$dir/root$path\E$}m, 'it says where the module is');
is((grep { m{/\Q$module\E} } keys %file), 1, 'there is one');
is($path, installed_path() . "/$module", "in the path of nginx's modules");

my %want = map { s{^conf/}{}; ("/opt/share/nginx-smtp-verify/$_" => 1) }
    grep { !m{^conf/docker/} }
    grep { m{\.(?:conf|txt|tokens|json|yml)$} } tracked('conf');

# the console, with Swagger UI and ReDoc where they were fetched

$want{"/opt/share/nginx-smtp-verify/$_"} = 1
    for grep { !/\.md$/ } tracked('html');

if (-d "$top/build/html") {
    $want{"/opt/share/nginx-smtp-verify/" . s{^\Q$top\E/build/}{}r} = 1
        for tracked("$top/build/html");
}

$want{"/opt/share/doc/nginx-smtp-verify/$_"} = 1
    for 'LICENSE', glob('*.md'), glob('docs/*.md'), 'docs/openapi.json';

# a program among them

my $tool = '/opt/sbin/smtp-verify-refresh';

$want{$tool} = 1;

is_deeply([grep { $_ ne $path } sort keys %file], [sort keys %want],
          'data, examples, documentation and a tool, and nothing else');
is($file{$tool}, 0755, 'the tool may be run');
is(join(' ', grep { $_ ne $tool && $file{$_} != 0644 } sort keys %file), '',
   'which everybody may read, and root write');

is(slurp("$dir/root$path"), slurp($tested), 'the module is the one built');

# over an older one, which an nginx may have mapped

my $inode = (stat "$dir/root$path")[1];
link("$dir/root$path", "$dir/mapped");
run("make -s install DESTDIR=$dir/root PREFIX=/opt");

isnt((stat "$dir/root$path")[1], $inode, 'a file of its own takes its place');
is_deeply([sort keys %{{ files("$dir/root") }}], [sort keys %file],
          'and nothing is left beside it');

$said = run("make -s install DESTDIR=$dir/other PREFIX=/opt"
            . ' MODULES_PATH=/srv/modules');
ok(-f "$dir/other/srv/modules/$module", 'another path for the module')
    or diag $said;

# it is one that nginx loads

spew("$dir/nginx.conf", "load_module $dir/root$path;\npid $dir/nginx.pid;\n"
     . "error_log $dir/error.log;\nevents { }\nhttp { server {\n"
     . "listen 127.0.0.1:8; location / { smtp_verify; } } }\n");

$said = run("$nginx -t -p $dir/ -c $dir/nginx.conf");
unlike($said, qr/dlopen|not binary compatible|unknown directive/,
       'nginx loads what was installed') or diag $said;


# ---- the client, and how all of it goes again

SKIP: {
    skip 'no libcurl', 5 if system('pkg-config --exists libcurl 2>/dev/null') != 0
                            && !glob('/usr/include/*/curl/curl.h');

    $said = run("make -s install-client DESTDIR=$dir/root PREFIX=/opt");
    %file = files("$dir/root");

    like($said, qr{^installed: \Q$dir/root/opt/bin/smtp-verify\E$}m,
         'make install-client') or diag $said;
    is($file{'/opt/bin/smtp-verify'}, 0755, 'the client may be run');
    is($file{'/opt/share/man/man1/smtp-verify.1'}, 0644, 'its man page is there');
    like(run("$dir/root/opt/bin/smtp-verify --version"), qr/^smtp-verify \d/,
         'it says its version');
    unlike(run("man --warnings -l $dir/root/opt/share/man/man1/smtp-verify.1"
               . ' 2>&1 >/dev/null'), qr/warning|error/i, 'man reads its page');
}

spew("$dir/root/opt/share/of-others", "stays\n");
$said = run("make -s uninstall DESTDIR=$dir/root PREFIX=/opt");
like($said, qr{^removed: \Q$dir/root$path\E$}m, 'make uninstall') or diag $said;
is_deeply([keys %{{ files("$dir/root") }}], ['/opt/share/of-others'],
          'nothing is left but what is of others');


# ---- configure, without the Makefile's help

SKIP: {
    my $tree = '/usr/share/nginx/src';

    skip 'no nginx-dev', 5 if !-x "$tree/configure";

    my $built = "$dir/static";

    system("cp -r $tree $built") == 0 or die "$tree is not copied\n";
    $said = run("cd $built && ./configure --builddir=$built/objs"
                . " --with-http_ssl_module --add-module=$top"
                . ' --with-cc-opt=-Werror');
    is($?, 0, 'configure --add-module') or diag $said;
    like($said, qr/^ \+ ngx_http_smtp_verify_module was configured$/m,
         'says so');

    my @objects = slurp("$built/objs/Makefile") =~ m{^(\S*/sv_data_\w+\.o):}mg;

    cmp_ok(scalar @objects, '>=', 3, 'the data are compiled in');
    is(run("make -s -f $built/objs/Makefile -C $built $objects[0]"), '',
       'and they are there');

    my @modules = slurp("$built/objs/ngx_modules.c")
        =~ /&(ngx_http_(?:smtp_verify\w*|core)_module),/g;

    is("@modules", 'ngx_http_smtp_verify_pool_module ngx_http_core_module '
       . 'ngx_http_smtp_verify_module', 'the parts are where they have to be')
        or diag slurp("$built/objs/ngx_modules.c");
}

remove_tree($dir);
done_testing();


sub run
{
    my ($command) = @_;

    delete local $ENV{MAKEFLAGS};
    delete local $ENV{DESTDIR};

    return scalar `($command) 2>&1`;
}


sub installed_path
{
    my $text = `t/tools/modules-path $nginx`;
    chomp $text;

    return $text;
}


# the names below a directory, and their modes

sub files
{
    my ($root) = @_;
    my %mode;

    find({ no_chdir => 1, wanted => sub {
        $mode{ substr $_, length $root } = (stat)[2] & 07777 if -f;
    } }, $root);

    return %mode;
}


sub tracked
{
    my ($under) = @_;
    my @names;

    find({ no_chdir => 1, wanted => sub { push @names, $_ if -f } }, $under);

    return @names;
}


sub slurp
{
    my ($file) = @_;

    open my $in, '<', $file or return '';
    local $/;
    return scalar <$in> // '';
}


sub spew
{
    my ($file, $text) = @_;

    open my $out, '>', $file or die "$file: $!\n";
    print $out $text;
    close $out or die "$file: $!\n";
}
