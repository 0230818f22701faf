package TestVerify::Clock;

# A clock that the suite sets while nginx runs:
#
#   use TestVerify::Clock;
#
# before TestVerify is used.  nginx, and whatever of it the suite starts itself
# by the command $Nginx, then has the time of day that TestVerify::Clock::set()
# says.  Its timers go on as before, as they do when somebody sets a real clock.
#
#   use TestVerify::Clock 'store';
#
# is for the clock of the store of a fleet, see TestVerify::Valkey, and leaves
# that of nginx alone.

use strict;
use warnings;

use File::Path qw( make_path );

use TestVerify::Env;

our ($Nginx, %Store);

my ($suite, $file, @files);


sub import
{
    my ($class, $whose) = @_;

    return if defined $file;

    TestVerify::Env::take();

    my $dir = "$TestVerify::Env::Dir/clock";
    my $cc = $ENV{CC} || 'cc';
    my $so = "$dir/clock.$$.so";

    $suite = $$;
    $file = "$dir/set.$$";
    $Nginx = "$dir/nginx.$$";
    @files = ($so, $Nginx, $file);

    make_path($dir);

    system("$cc -shared -fPIC -o $so t/lib/clock.c -ldl") == 0
        or die "clock.c: not compiled\n";

    set(0);

    if (($whose // '') eq 'store') {
        %Store = (LD_PRELOAD => $so, TEST_CLOCK => $file);
        return;
    }

    open my $out, '>', $Nginx or die "$Nginx: $!\n";
    print $out <<"_EOC_";
#!/bin/sh
export LD_PRELOAD=$so
export TEST_CLOCK=$file
export ASAN_OPTIONS=\$ASAN_OPTIONS:verify_asan_link_order=0
exec $ENV{TEST_NGINX_BINARY} "\$@"
_EOC_
    close $out;
    chmod 0755, $Nginx;

    $ENV{TEST_NGINX_BINARY} = $Nginx;
}


# So many seconds from the true time.  The file is replaced, as nginx may read
# it at any time.

sub set
{
    my ($seconds) = @_;

    open my $out, '>', "$file.new" or die "$file: $!\n";
    print $out $seconds;
    close $out;
    chmod 0644, "$file.new";
    rename "$file.new", $file or die "$file: $!\n";
}


END { unlink @files if defined $suite && $$ == $suite }

1;
