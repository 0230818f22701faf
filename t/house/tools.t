# What the tools of the house do on machines that are not as one expects them:
# with commands in place of Debian's that do as the machine would.

use strict;
use warnings;

use Cwd;
use File::Path qw( make_path remove_tree );
use Test::More;

my $top = getcwd();
my $dir = "$top/build/t/tools-$$";

make_path("$dir/bin");


# ---- install-packages: the service that comes with a package of another name

spew("$dir/before", "make\nlibc6\n");
spew("$dir/after", "make\nlibc6\nnginx\nnginx-common\n");

command(id => 'echo 0');
command('dpkg-query' => <<"_EOC_");
if [ -e $dir/done ]; then list=$dir/after; else list=$dir/before; fi
sed 's/^/installed /' \$list
echo "deinstall nginx-old"
_EOC_
command('dpkg' => <<'_EOC_');
shift
for name in "$@"; do
    case $name in
        nginx)         echo /usr/sbin/nginx ;;
        nginx-common)  echo /lib/systemd/system/nginx.service ;;
        make)          echo /lib/systemd/system/of-before.service ;;
    esac
done
_EOC_
command('deb-systemd-helper' =>
        "echo \"\$DPKG_MAINTSCRIPT_PACKAGE: \$@\" >> $dir/helper");

# the lock is held twice, the lists are too old once

command('apt-get' => <<"_EOC_");
echo "\$@" >> $dir/apt
n=\$(wc -l < $dir/apt)
if [ \$n -le 2 ]; then
    echo "E: Could not get lock /var/lib/apt/lists/lock. It is held by" \\
         "process 1 (apt)"
    exit 100
fi
case "\$*" in
    *install*)
        [ \$n -gt 3 ] || { echo "E: Unable to fetch some archives"; exit 100; }
        test -x $dir/policy && touch $dir/done ;;
esac
_EOC_

my $said = tool('t/tools/install-packages make nginx');

is($?, 0, 'install-packages: done') or diag $said;
like($said, qr/^installing: nginx$/m, 'what is missing is installed');
is(() = $said =~ /waiting for another apt/g, 1, 'a lock is waited for');
is(slurp("$dir/helper"), "nginx-common: disable nginx.service\n",
   'the service of what came is disabled, and no other');
ok(!-e "$dir/policy", 'services may be started again');
is(scalar(grep { /update/ } split /\n/, slurp("$dir/apt")), 1,
   'new lists where the old ones are of no use');

unlink "$dir/apt", "$dir/helper";
$said = tool('t/tools/install-packages make nginx');
is("$?:$said:" . (-e "$dir/apt" ? 'apt' : ''), '0::',
   'nothing where nothing is missing');

# one of several: the first that the distribution has, whose lists are absent

command('apt-cache' => "test -e $dir/apt && test \"\$2\" = nginx");
unlink "$dir/done";
$said = tool("t/tools/install-packages make 'freenginx|nginx'");
is($?, 0, 'install-packages: one of two') or diag $said;
like($said, qr/^installing: nginx$/m, 'is the one that there is');
like(slurp("$dir/apt"), qr/^.* update\n.*install.* nginx\n/m,
     'which is looked for in new lists');

unlink "$dir/apt";
$said = tool("t/tools/install-packages make 'freenginx|nginx'");
is("$?:$said", '0:', 'one of them is enough');

unlink "$dir/done";
$said = tool("t/tools/install-packages make 'freenginx|angie'");
isnt($?, 0, 'none of them');
like($said, qr/^none of these packages is to be had: freenginx angie$/m,
     'is said');

unlink "$dir/apt";
command(id => 'echo 1000');
$said = tool('t/tools/install-packages make nginx');
isnt($?, 0, 'not as another user');
like($said, qr/^missing packages: nginx\n.*make deps.* as root/ms,
     'but it says what is missing');
ok(!-e "$dir/apt", 'and apt is not asked');


# ---- make: what cannot be is said at once, and once

my $blank = "$dir/a b";
make_path($blank);
symlink("$top/$_", "$blank/$_") for qw( Makefile src conf t config );

$said = `cd '$blank' && make run 2>&1`;
isnt($?, 0, 'a blank in the path');
is(() = $said =~ /\n/g, 1, 'one line') or diag $said;
like($said, qr/no blanks in paths: "\Q$blank\E"/, 'that names it');

$said = tool('make run');
isnt($?, 0, 'make run by another user');
like($said, qr/^make run: has to be root/m, 'says so');
unlike($said, qr/^(?:configuring|build)/m, 'before anything is built');

for my $step (qw( unit lint test run )) {
    my $made = `make -n $step 2>&1`;
    like($made, qr/^\s*t\/tools\/install-packages /m,
         "make $step installs what it needs");
}


# ---- make: the library of the unit tests has what is there, whatever the
# times of files say

my $tree = "$dir/tree";
make_path("$tree/src/rules");
symlink("$top/Makefile", "$tree/Makefile");
spew("$tree/src/rules/embed.sh", "exit 0\n");
source('sv_one', 'sv_two');

is(members(), 'sv_one sv_two', 'a library of two sources');

# that of another make, which had read the names before the third came

source('sv_three');
make_library();
system('ar', 'd', "$tree/build/plain/libsv.a", 'sv_three.o');

is(members(), 'sv_one sv_three sv_two', 'what came meanwhile is in it');
is(make_library(), '', 'and nothing is done twice');

unlink "$tree/src/rules/sv_one.c";
is(members(), 'sv_three sv_two', 'what went is not');


# ---- demo: to stop what has died in the middle of it

my $run = "$dir/run";
make_path("$run/postfix/spool/pid");
spew("$run/nginx.pid", "999999999\n");
spew("$run/postgrey.pid", "\n");
spew("$run/unbound.pid", "$$\n");           # another process has that number
make_path("$dir/demo");
symlink($run, "$dir/demo/run");

$said = `t/demo/stop $dir/demo 2>&1`;
is("$?:$said", '0:', 'stop says nothing');
ok(!-l "$dir/demo/run", 'and it is stopped');


# ---- smtp-verify-classify: the table of reasons

$said = `make -s build/smtp-verify-classify 2>&1`;
is("$?:$said", '0:', 'the classifier is built');

my @reasons = split /\n/, `build/smtp-verify-classify --reasons`;
cmp_ok(scalar @reasons, '>=', 30, 'it prints the reasons, a line each');
is($reasons[0], '{"reason":"accepted","status":"deliverable",'
   . '"verification_level":"confirmed","blame":null,"retry_after":null,'
   . '"cache":259200,"score":96,'
   . '"help":"accepted"}',
   'with what follows from each');
is(scalar(grep { /"reason":"throttled".*"cache":null/ } @reasons), 1,
   'null is what no directive can change');


# ---- suites of the console: skipped where there is no browser, or a snap alone

make_path("$dir/none", "$dir/snap");
spew("$dir/snap/chromium", "#!/bin/sh\nexec /snap/bin/chromium \"\$@\"\n");
chmod 0755, "$dir/snap/chromium";

for my $suite (glob 't/console/*.t') {
    for my $path (qw( none snap )) {
        my $out = `PATH=$dir/$path TEST_VERIFY_CHROMIUM= $^X -It/lib $suite 2>&1`;

        is($?, 0, "$suite, $path: no failure");
        like($out, qr/\A1\.\.0 # SKIP there is no Chromium: /,
             "$suite, $path: skipped");
    }
}

remove_tree($dir);
done_testing();


sub source
{
    spew("$tree/src/rules/$_.c", "int  $_(void);\n\nint\n$_(void)\n{\n"
         . "    return 0;\n}\n") for @_;
}


# what make says of its being made anew

sub make_library
{
    my $archive = "$tree/build/plain/libsv.a";
    my $before = (stat $archive)[9] // 0;
    my $said = `make -s -C $tree $archive 2>&1`;

    return $said . ((stat $archive)[9] == $before ? '' : 'made');
}


sub members
{
    make_library();

    return join ' ', sort map { s/\.o\s*$//r }
        grep { /^sv_/ } `ar t $tree/build/plain/libsv.a`;
}


sub command
{
    my ($name, $text) = @_;

    spew("$dir/bin/$name", "#!/bin/sh\n$text\n");
    chmod 0755, "$dir/bin/$name";
}


sub tool
{
    my ($command) = @_;

    local $ENV{PATH} = "$dir/bin:$ENV{PATH}";
    local $ENV{POLICY_RC_D} = "$dir/policy";
    local $ENV{APT_PAUSE} = 0.1;

    return scalar `$command 2>&1`;
}


sub spew
{
    my ($file, $text) = @_;

    open my $out, '>', $file or die "$file: $!\n";
    print $out $text;
    close $out or die "$file: $!\n";
}


sub slurp
{
    my ($file) = @_;

    open my $in, '<', $file or return '';
    local $/;
    return scalar <$in> // '';
}
