# Each configuration of conf/examples is one that nginx takes, with the files
# beside it; and the API's tokens are what its comment says.

use warnings;
use strict;

use Cwd;
use File::Copy qw( copy );
use File::Path qw( make_path remove_tree );
use IO::Socket::INET;
use Test::More;

use lib 't/lib';
use TestVerify::Env;

my $nginx = $ENV{TEST_NGINX_BINARY} || 'nginx';
my $load = TestVerify::Env::load_module();
my $dir = getcwd() . "/build/t/examples-$$";

for my $file ('README.md', sort glob 'conf/examples/*.conf') {
    make_path("$dir/logs");
    copy($_, $dir) for grep { !/\.conf$/ } glob 'conf/examples/*';

    open my $fh, '<', $file or die "$file: $!\n";
    my $conf = join '', <$fh>;
    close $fh;

    # that of README.md is a configuration of its own, too

    if ($file eq 'README.md') {
        ($conf) = $conf =~ /^```nginx\n(load_module .*?)^```$/ms
            or die "README.md: no configuration\n";
    }

    # as many connections as there may be need a descriptor each, and more

    my ($n) = $conf =~ /^\s*worker_connections\s+(\d+);/m;
    my ($limit) = $conf =~ /^worker_rlimit_nofile\s+(\d+);/m;

    cmp_ok($limit // 0, '>', $n // 512, "$file: worker_rlimit_nofile");

    # the module that was built, or none where it is built in

    ok($conf =~ s/^load_module\s[^;]*;/$load/m, "$file loads the module");

    # nothing of the machine's

    $conf =~ s{/var/(?:log/nginx|cache)/}{$dir/logs/}g;

    open $fh, '>', "$dir/nginx.conf" or die "nginx.conf: $!\n";
    print $fh "pid $dir/nginx.pid; error_log $dir/error.log;\n", $conf;
    close $fh;

    my $said = `$nginx -t -p $dir/ -c $dir/nginx.conf 2>&1`;

    is($?, 0, "$file: nginx -t") or diag $said;
    unlike($said, qr/\[(warn|emerg|alert|crit|error)\]/, "$file: no warning");

    api($dir, $conf) if $file =~ /api\.conf$/;

    remove_tree($dir);
}

done_testing();


# asked what it answers without asking anybody

sub api
{
    my ($dir, $conf) = @_;

    my $sock = IO::Socket::INET->new(LocalAddr => '127.0.0.1', Listen => 1);
    my $port = $sock->sockport;
    close $sock;

    $conf =~ s/127\.0\.0\.1:8025/127.0.0.1:$port/g;

    open my $fh, '>', "$dir/nginx.conf" or die "nginx.conf: $!\n";
    print $fh "pid $dir/nginx.pid; error_log $dir/error.log;\n",
        $> == 0 ? "user root;\n" : '', $conf;
    close $fh;

    my @nginx = ($nginx, '-p', "$dir/", '-c', "$dir/nginx.conf");

    is(system(@nginx, '-e', "$dir/error.log"), 0, 'api.conf runs') or return;

    my $curl = "curl -s -i http://127.0.0.1:$port";

    like(`$curl/verify?email=no@`, qr{^HTTP/1.1 401 .*"missing_token"}s,
         'api.conf: no token');
    like(`$curl/verify?email=no@ -H 'Authorization: Bearer replace-me'`,
         qr{^HTTP/1.1 200 .*RateLimit: "rate";r=\d+;t=1, "quota";r=1000;}s,
         'api.conf: with a token');
    like(`$curl/counters`, qr/"requests":1/, 'api.conf: counters');

    open my $log, '<', "$dir/logs/verify.log";
    my @log = $log ? <$log> : ();

    like("@log", qr{ 401 \S+ - - \w+\n.* 200 \S+ \S+ example \w+\n}s,
         'api.conf: the log has the client');

    open my $pid, '<', "$dir/nginx.pid" or die "nginx.pid: $!\n";
    kill 'TERM', <$pid> + 0;

    for (1 .. 200) {
        last if !-e "$dir/nginx.pid";
        select undef, undef, undef, 0.05;
    }
}
