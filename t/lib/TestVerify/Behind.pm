package TestVerify::Behind;

# Builds behind.c, the module of a store behind the cache, for the nginx that
# is tested, and has it loaded behind the product's own module.  It is used
# before TestVerify.

use strict;
use warnings;

use File::Basename qw( dirname );
use TestVerify::Env;

TestVerify::Env::take();

my $root = $TestVerify::Env::Root;
my $so = "$TestVerify::Env::Dir/behind.$$.so";
my $suite = $$;


# where nginx was configured, and the tree that its paths begin in

my $objs = dirname($ENV{VALGRIND_NGINX} || $ENV{TEST_NGINX_BINARY});

$objs = "$root/build/nginx/objs" if !-f "$objs/Makefile";

my ($tree) = grep { -d "$_/src/core" }
    "$objs/../tree", "$objs/../../tree", '/usr/share/nginx/src';

die "behind.c: no nginx sources\n" if !defined $tree;

open my $makefile, '<', "$objs/Makefile" or die "$objs/Makefile: $!\n";
my $text = do { local $/; <$makefile> };
close $makefile;

my ($cc) = $text =~ /^CC =\s*(.*)/m;
my ($flags) = $text =~ /^CFLAGS =\s*(.*)/m;
my ($incs) = $text =~ /^ALL_INCS =((?:.*\\\n)*.*)/m;

$incs =~ s/\\\n/ /g;

# nginx and a module have globals of the same names

$flags =~ s/-f(no-)?sanitize=\S+//g;

system("cd $tree && $cc $flags $incs -shared -fPIC -o $so "
       . "$root/t/lib/behind.c") == 0
    or die "behind.c: not compiled\n";

$ENV{TEST_NGINX_LOAD_MODULES} =
    join ' ', grep { defined } $ENV{TEST_NGINX_LOAD_MODULES}, $so;

END { unlink $so if $$ == $suite }


1;
