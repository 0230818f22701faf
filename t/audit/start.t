# What "nginx -t" and a start say of a configuration, before anybody is asked.

use strict;
use warnings;

use lib 't/lib';
use TestVerify::Env;
use Test::More;

TestVerify::Env::take();

my $root = $ENV{TEST_NGINX_SERVROOT};
my $module = $ENV{TEST_NGINX_LOAD_MODULES};

mkdir $_ for $root, "$root/logs", "$root/temp";


sub said
{
    my (%conf) = @_;

    my %all = (main => '', events => 'worker_connections 64;',
        from => 'probe@verifier.test', helo => 'verifier.test',
        throttle => 'smtp_verify_throttle off;', http => '', %conf);

    my $load = $module ? "load_module $module;" : '';
    my $temp = join ' ', map { "${_}_temp_path temp/$_;" }
        qw( client_body proxy fastcgi uwsgi scgi );

    open my $out, '>', "$root/nginx.conf" or die;
    print $out <<"_EOC_";
$load
error_log logs/error.log crit;
pid logs/nginx.pid;
$all{main}
events { $all{events} }
http {
    access_log off;
    $temp
    resolver 127.0.0.1:1;
    smtp_verify_helo $all{helo};
    smtp_verify_from $all{from};
    $all{throttle}
    $all{http}
    server {
        listen 127.0.0.1:$TestVerify::Env::HttpPort;
        location = /verify { smtp_verify; }
    }
}
_EOC_
    close $out;

    my $text = qx($ENV{TEST_NGINX_BINARY} -t -e stderr -p $root -c $root/nginx.conf 2>&1);

    return join '', grep { !/syntax is ok|test is successful/ }
        split /^/, $text;
}


is(said(), '', 'nothing, if all is well');

is(said(http => 'smtp_verify_audit on;'), '', 'nor with an audit');

like(said(throttle => ''), qr/\[warn\].*no "smtp_verify_throttle" limits/,
     'no throttle');

like(said(helo => 'verifier'), qr/\[emerg\].*a name with a dot is needed/,
     'HELO without a dot');

like(said(http => 'smtp_verify_max_probes 65;'),
     qr/\[warn\] "smtp_verify_max_probes" 65 is more than 64 "worker_connections"/,
     'more probes than connections');

is(said(http => 'smtp_verify_max_probes 64;'), '', 'as many');

like(said(main => 'worker_rlimit_nofile 63;'),
     qr/\[warn\] 63 descriptors are not enough for 64 "worker_connections": raise "worker_rlimit_nofile"/,
     'fewer descriptors than connections');

is(said(main => 'worker_rlimit_nofile 64;'), '', 'as many descriptors');

like(said(http => 'smtp_verify_audit on; smtp_verify_audit on;'),
     qr/\[emerg\].*is duplicate/, 'two audits');

like(said(http => "smtp_verify_audit on $_;"),
     qr/\[emerg\].*invalid parameter "\Q$_\E"/, $_)
    for 'interval=0', 'interval=2d', 'target=', 'target=a', 'target=a..b',
        'blocklist=x', 'on_fail=', 'on_fail=never', 'what';

like(said(http => 'smtp_verify_audit on '
          . join(' ', map "target=t$_.test", 1 .. 17) . ';'),
     qr/\[emerg\].*invalid parameter "target=t17.test"/, 'too many targets');

done_testing();
