# The entrypoint of the image: as nobody, with a read-only root, where root can
# have that; and never over a file of the user's.

use warnings;
use strict;

use File::Copy qw( copy );
use File::Path qw( make_path remove_tree );
use File::Temp qw( tempdir );
use IO::Socket::INET;
use POSIX qw( WNOHANG );
use Test::More;

use lib 't/lib';
use TestVerify::Env;

my $nginx = $ENV{TEST_NGINX_BINARY} || 'nginx';
my $module = TestVerify::Env::module();

plan(skip_all => 'the module is built into nginx') if $module eq '';

# readable to anybody, and not below /tmp, which is another one inside

my $top = tempdir('sv-image-XXXXXX', DIR => '/var/tmp', CLEANUP => 1);
my $port = port();
my $pid;

make_path(map { "$top/$_" } qw( bin share etc etc/conf.d root ));
chmod 0755, $top;
copy($module, "$top/module.so") or die "$module: $!\n";

for my $name (qw( entrypoint healthcheck )) {
    copy("conf/docker/$name", "$top/bin/$name") or die "$name: $!\n";
    chmod 0755, "$top/bin/$name";
}

chomp(my $path = `PATH=$ENV{PATH}:/usr/sbin; command -v $nginx`);
symlink($path, "$top/bin/nginx") or die "nginx: $!\n";

my $text = slurp('conf/docker/nginx.conf.template');
ok($text =~ s{^load_module\s.*}{load_module  $top/module.so;}m, 'load_module');
spew("$top/share/nginx.conf.template", $text);

my %env = (SMTP_VERIFY_ETC => "$top/etc", SMTP_VERIFY_SHARE => "$top/share",
    SMTP_VERIFY_FROM => 'postmaster@image.test',
    SMTP_VERIFY_HELO => 'verify.image.test',
    SMTP_VERIFY_RESOLVER => '127.0.0.1:9',
    SMTP_VERIFY_LISTEN => "127.0.0.1:$port");

my $ro = $> == 0 && system("unshare --mount true 2> $top/unshare") == 0;


# what is missing or odd is said, and nothing is started

says(qr/SMTP_VERIFY_FROM is not set/, SMTP_VERIFY_FROM => undef);
says(qr/SMTP_VERIFY_HELO is not set/, SMTP_VERIFY_HELO => 'undotted');
says(qr/SMTP_VERIFY_FROM: a character/,
     SMTP_VERIFY_FROM => 'a@b.test; error_log /x');
says(qr/SMTP_VERIFY_WORKERS: a character/, SMTP_VERIFY_WORKERS => '1; x');
says(qr/cannot be written to: give it a tmpfs/,
     SMTP_VERIFY_RUN => '/proc/none');

is(`$top/bin/entrypoint echo as it is`, "as it is\n", 'a command instead');


# the image's own

start('its own');

like(get("/verify?email=secret"), qr/^HTTP.*200.*"invalid_syntax"/s, 'verify');
like(get("/nothing"), qr/^HTTP.*404/, 'nothing else');
like(get("/"), qr/^HTTP.*404/, 'nor the welcome page of nginx');
is(health(), 0, 'healthy');

kill 'STOP', $pid;
kill 'STOP', split ' ', slurp("/proc/$pid/task/$pid/children");
isnt(health(), 0, 'not healthy when nginx does not answer');
kill 'CONT', $pid, split ' ', slurp("/proc/$pid/task/$pid/children");

like(slurp("$top/out"), qr{ GET /verify 200 \S+ undeliverable invalid_syntax },
     'the access log is on stdout');
unlike(slurp("$top/out") . slurp("$top/err"), qr/secret|alert|emerg/,
       'no address in a log, no alert');

SKIP: {
    skip('has to be root, with mount namespaces', 2) if !$ro;
    isnt((stat "/proc/$pid")[4], 0, 'nginx is not root');
    like(slurp("/proc/$pid/mountinfo"), qr{^\S+ \S+ \S+ \S+ / ro[, ]}m,
         'its root is read-only');
}

stop();



# an include of the user's

spew("$top/etc/conf.d/more.conf",
     "server { listen 127.0.0.1:" . ($port = port()) . "; return 204; }\n");
start('conf.d');
like(get("/"), qr/^HTTP.*204/, 'conf.d');
stop();
unlink "$top/etc/conf.d/more.conf";


# a template of the user's: variables of the environment, not nginx's

make_path("$top/etc/templates");
my $template = conf('return 200 "${WHO} ${NOT_SET} ${uri} $uri ${WHO}\n";');
$template =~ s/\$\{NOT_SET\} //;
spew("$top/etc/templates/nginx.conf.template", $template);
start('a template', WHO => 'a & b', SMTP_VERIFY_FROM => undef);
like(get("/x"), qr{^a & b /x /x a & b$}m, 'a template: filled in');
stop();
is(slurp("$top/etc/templates/nginx.conf.template"), $template,
   'a template: stays');


# a whole configuration of the user's

my $mine = conf('return 200 "mine ${uri}\n";');
spew("$top/etc/nginx.conf", $mine);
start('nginx.conf', SMTP_VERIFY_FROM => undef);
like(get("/x"), qr{^mine /x$}m, 'nginx.conf: taken as it is');
stop();
is(slurp("$top/etc/nginx.conf"), $mine, 'nginx.conf: stays');

remove_tree("$top/root");
done_testing();


sub conf
{
    my ($what) = @_;

    $port = port();

    return <<"_EOC_";
pid /tmp/nginx.pid;
error_log stderr;
events { }
http {
    access_log off;
    client_body_temp_path /tmp/body; proxy_temp_path /tmp/proxy;
    fastcgi_temp_path /tmp/fastcgi; uwsgi_temp_path /tmp/uwsgi;
    scgi_temp_path /tmp/scgi;
    server { listen 127.0.0.1:$port; location / { $what } }
}
_EOC_
}


sub port
{
    my $sock = IO::Socket::INET->new(LocalAddr => '127.0.0.1', Listen => 1)
        or die "no port: $!\n";

    return $sock->sockport;
}


sub slurp
{
    my ($file) = @_;

    open my $in, '<', $file or return '';
    local $/;
    return scalar(<$in>) // '';
}


sub spew
{
    my ($file, $text) = @_;

    open my $out, '>', $file or die "$file: $!\n";
    print $out $text;
    close $out or die "$file: $!\n";
}


# the environment is that of the image, with what a test changes

sub with
{
    my (%more) = @_;
    my %all = (%env, SMTP_VERIFY_LISTEN => "127.0.0.1:$port", %more);

    return map { "$_=$all{$_}" } grep { defined $all{$_} } sort keys %all;
}


sub says
{
    my ($what, %more) = @_;

    open my $in, '-|', 'sh', '-c', 'exec "$@" 2>&1', 'sh', 'env',
        'PATH=/usr/bin:/bin:/nothing', with(%more), "$top/bin/entrypoint"
        or die "sh: $!\n";
    my $said = join '', <$in>;
    close $in;

    isnt($?, 0, "ends: $what");
    like($said, $what, "says: $what");
}


# as nobody, below a root that is read-only but for /tmp, where that can be had

sub start
{
    my ($name, %more) = @_;

    my @command = ('env', '-i', "PATH=$top/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        with(%more), "$top/bin/entrypoint");

    if ($ro) {
        @command = ('unshare', '--mount', 'sh', '-e', '-c',
            'mount --rbind / "$0"; mount -o remount,bind,ro "$0"
             mount -t tmpfs -o mode=1777 tmpfs "$0/tmp"
             exec chroot --userspec=65534:65534 "$0" "$@"',
            "$top/root", @command);
    }

    defined($pid = fork) or die "fork: $!\n";

    if ($pid == 0) {
        open STDOUT, '>', "$top/out" or die "out: $!\n";
        open STDERR, '>', "$top/err" or die "err: $!\n";
        chmod 0666, "$top/out", "$top/err";
        exec @command or die "$command[0]: $!\n";
    }

    for (1 .. 200) {
        last if waitpid($pid, WNOHANG) != 0;
        return pass("$name: started") if connected();
        select undef, undef, undef, 0.05;
    }

    fail("$name: started");
    diag(slurp("$top/err"));
}


sub connected
{
    return IO::Socket::INET->new(PeerAddr => "127.0.0.1:$port", Timeout => 1);
}


sub stop
{
    kill 'QUIT', $pid;

    for (1 .. 200) {
        return pass('ended by SIGQUIT') if waitpid($pid, WNOHANG) != 0;
        select undef, undef, undef, 0.05;
    }

    fail('ended by SIGQUIT');
    kill 'KILL', $pid;
    waitpid $pid, 0;
}


sub get
{
    my ($uri) = @_;

    my $sock = connected() or return 'no connection';

    print $sock "GET $uri HTTP/1.0\r\n\r\n";
    local $/;
    return scalar(<$sock>) // '';
}


# inside, where nginx is

sub health
{
    my @inside = $ro ? ('nsenter', '-t', $pid, '-m', '-r', '-w') : ();

    return system('sh', '-c', 'exec "$@" 2> /dev/null', 'sh', @inside,
        "$top/bin/healthcheck");
}
