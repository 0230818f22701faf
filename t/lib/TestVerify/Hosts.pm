package TestVerify::Hosts;

# An /etc/hosts of a suite's own, in a mount namespace that the suite runs in:
#
#   use TestVerify::Hosts ':own';
#
# before TestVerify is used.  The machine's own file is not touched.

use strict;
use warnings;

use Cwd qw( abs_path );
use File::Path qw( make_path );

use TestVerify::Env;

our $Why;           # there is none

my ($file, $mine);

# glibc finds more than one address of a name in any case

$ENV{RESOLV_MULTI} = 'on';


sub import
{
    my ($class, $own) = @_;

    return if !defined $own;

    $file = delete $ENV{TEST_VERIFY_HOSTS};
    $mine = $$;

    if (defined $file) {
        die "this is not our /etc/hosts\n" if (-s '/etc/hosts') != -s $file;
        return;
    }

    make_path($TestVerify::Env::Dir);
    $file = "$TestVerify::Env::Dir/hosts-$$";

    if ($> != 0 || ! -e '/etc/hosts'
        || system("unshare --mount true 2> $file") != 0)
    {
        unlink $file;
        $Why = 'has to be root, with mount namespaces';
        return;
    }

    write('');
    $ENV{TEST_VERIFY_HOSTS} = $file;

    exec 'unshare', '--mount', 'sh', '-ec',
        'mount --bind "$1" /etc/hosts; shift; exec "$@"', 'sh', $file,
        $^X, (map { '-I' . abs_path($_) } grep { !ref && -d } @INC),
        $0, @ARGV
        or die "unshare: $!\n";
}


# in place: it is that file that is mounted

sub write
{
    my ($text) = @_;

    return if !defined $file || defined $Why;

    open my $out, '>', $file or die "$file: $!\n";
    print $out "# of a suite\n", $text =~ /\$/
        ? TestVerify::Env::expand($text) : $text;
    close $out or die "$file: $!\n";
}


END {
    unlink $file if defined $file && $$ == $mine;
}


1;
