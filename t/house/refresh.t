# tools/smtp-verify-refresh: a list from an HTTP server of ours, and an nginx
# that is reloaded only when it has changed.

use strict;
use warnings;

use lib 't/lib';

use File::Path qw( make_path remove_tree );
use IO::Socket::INET;
use Test::More;
use Time::HiRes qw( sleep );

use TestVerify::Env;

TestVerify::Env::take();

my $top = $TestVerify::Env::Root;
my $dir = "$TestVerify::Env::Dir/refresh-$$";
my $nginx = "$ENV{TEST_NGINX_BINARY} -p $dir -c nginx.conf";
my $load = TestVerify::Env::load_module();

make_path("$dir/logs", "$dir/www");


# ---- a server of files: what www has, 404 else

my $listen = IO::Socket::INET->new(LocalAddr => "$TestVerify::Env::Net.80",
                                   Listen => 5, ReuseAddr => 1)
    or die "listen: $!\n";
my $url = "http://$TestVerify::Env::Net.80:" . $listen->sockport;

my $server = fork // die "fork: $!\n";

if (!$server) {
    while (my $c = $listen->accept) {
        my ($name) = (<$c> // '') =~ m{^GET /(\w+)};
        while (<$c>) { last if /^\r$/ }

        if (defined $name && -e "$dir/www/$name") {
            print $c "HTTP/1.0 200 OK\r\n\r\n", slurp("$dir/www/$name");
        } else {
            print $c "HTTP/1.0 404 Not Found\r\n\r\nno\n";
        }

        close $c;
    }
    exit 0;
}

spew('nginx.conf', <<"_EOC_");
$load
pid logs/nginx.pid;
error_log logs/error.log notice;
events { }
http {
    access_log off;
    resolver $TestVerify::Env::Net.53:9;
    smtp_verify_from probe\@probe.test;
    smtp_verify_helo probe.test;
    smtp_verify_throttle off;
    smtp_verify_list deny $dir/deny.txt;
    include $dir/more*.conf;
    server {
        listen $TestVerify::Env::Net.81:$TestVerify::Env::HttpPort;
        location = /verify { smtp_verify; smtp_verify_smtp off; }
    }
}
_EOC_

spew('deny.txt', "first.test\n");
spew('lists.conf', "# ours\n\ndeny $dir/deny.txt $url/deny shrink=50 grow=300\n");

system("$nginx 2>> $dir/start.log") == 0 or die slurp("$dir/start.log");


# ---- changed, then not

spew('www/deny', "# new\r\nfirst.test\r\nsecond.test\r\n");

is(refresh('-k'), 0, 'check: no mistake');
is(slurp("$dir/deny.txt"), "first.test\n", 'check: nothing is changed');
is(rule('a@second.test'), '', 'not decided about');

chmod 0640, "$dir/deny.txt";

is(refresh(), 0, 'a list that changed: done');
is(slurp("$dir/deny.txt"), slurp("$dir/www/deny"), 'it is there');
is((stat "$dir/deny.txt")[2] & 07777, 0640, 'with the rights it had');
ok(soon(sub { rule('a@second.test') eq 'list-deny' }), 'nginx was reloaded');
is(reloads(), 1, 'once');

is(refresh(), 0, 'the same again: done');
sleep 0.3;
is(reloads(), 1, 'nginx was not reloaded');


# ---- what is not taken

refused(qr/not a list of the kind "deny": entry 1\b/, 'a page',
        "<html><body>\nmaintenance</body></html>\n");
refused(qr/not a list of the kind "deny": entry 3\b/, 'two words',
        "a.test\nb.test\n# c\nnot a domain\n");
refused(qr/not a text/, 'no text', "a.test\n\0b.test\n");
refused(qr/0 entries are fewer than 1/, 'empty', "# nothing\n");
refused(qr/101 entries after 2 are not plausible/, 'too many',
        join('', map { "d$_.test\n" } 0 .. 100));

is(refresh('-f'), 0, 'taken with -f');
ok(soon(sub { rule('a@d100.test') eq 'list-deny' }), 'and nginx is reloaded');
is(reloads(), 2, 'again once');

refused(qr/2 entries after 101 are not plausible/, 'too few',
        "a.test\nb.test\n");

unlink "$dir/www/deny";
refused(qr/not fetched from/, 'not there');

spew('www/deny', join('', map { "e$_.test\n" } 0 .. 100));
spew('lists.conf', "deny $dir/deny.txt $url/deny size=0\n");
refused(qr/not fetched from|larger than 0 MB/, 'too large');


# ---- nginx does not like it: the module is stricter than the patterns are

spew('lists.conf', "deny $dir/deny.txt $url/deny\n");
refused(qr/nginx -t failed: the lists are as they were before/,
        'refused by nginx', join('', map { "f$_.test\n" } 0 .. 99)
                            . "a..b.test\n");

# and so it is where another file is wrong

spew('more.conf', "no_such_directive;\n");
refused(qr/nginx -t failed/, 'another mistake',
        join('', map { "g$_.test\n" } 0 .. 100));
unlink "$dir/more.conf";


# ---- one that fails does not hold up another; a new file; mistakes

spew('www/role', "front-desk\n");
spew('lists.conf', "deny $dir/deny.txt $url/none\n"
     . "role $dir/role.txt $url/role min=1\n"
     . "odd $dir/odd.txt $url/role\n"
     . "free $dir/free.txt\n"
     . "free $dir/free.txt $url/role max=3\n");

is(refresh(), 1, 'several, of which some fail');
is(slurp("$dir/role.txt"), "front-desk\n", 'a new one is there');
like(slurp("$dir/said"), qr/none/, 'not fetched');
like(slurp("$dir/said"), qr/unknown kind of list "odd"/, 'unknown kind');
like(slurp("$dir/said"), qr/needs a kind, a path and a URL/, 'no URL');
like(slurp("$dir/said"), qr/invalid limit "max=3"/, 'unknown limit');
ok(!-e "$dir/free.txt" && !-e "$dir/odd.txt", 'those are not there');

is(system("sh $top/tools/smtp-verify-refresh > /dev/null 2>&1") >> 8, 2,
   'no file of lists');
is(system("sh $top/tools/smtp-verify-refresh $dir/none > /dev/null 2>&1") >> 8,
   2, 'none that can be read');

is_deeply([glob "$dir/*.new.* $dir/*.old.*"], [], 'nothing is left lying');

done_testing();


END {
    if (defined $server && $server) {
        my $status = $?;

        kill 'TERM', $server;
        waitpid $server, 0;
        system("$nginx -s stop 2> /dev/null") if -e "$dir/logs/nginx.pid";
        remove_tree($dir);
        $? = $status;
    }
}


sub refresh
{
    my @options = @_;

    return system("sh $top/tools/smtp-verify-refresh @options -n '$nginx'"
                  . " $dir/lists.conf > $dir/said 2>&1") >> 8;
}


# the list stays, and nginx is not reloaded

sub refused
{
    my ($said, $name, $text) = @_;

    my $was = slurp("$dir/deny.txt");
    my $n = reloads();

    spew('www/deny', $text) if defined $text;

    is(refresh(), 1, "$name: fails");
    like(slurp("$dir/said"), $said, "$name: says why");
    is(slurp("$dir/deny.txt"), $was, "$name: the list stays");
    is(reloads(), $n, "$name: no reload");
}


sub reloads
{
    return scalar(() = slurp("$dir/logs/error.log") =~ /SIGHUP\) received/g);
}


sub rule
{
    my ($address) = @_;

    my $out = `curl -s 'http://$TestVerify::Env::Net.81:$TestVerify::Env::HttpPort/verify?email=$address'`;

    return $out =~ /"rule":"([^"]*)"/ ? $1 : '';
}


sub soon
{
    my ($is) = @_;

    for (1 .. 100) {
        return 1 if $is->();
        sleep 0.1;
    }

    return 0;
}


sub slurp
{
    my ($file) = @_;

    open my $f, '<', $file or return '';
    local $/;

    return scalar <$f>;
}


sub spew
{
    my ($file, $text) = @_;

    open my $f, '>', "$dir/$file" or die "$file: $!\n";
    print $f $text;
    close $f or die "$file: $!\n";
}
