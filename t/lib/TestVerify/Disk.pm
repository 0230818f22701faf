package TestVerify::Disk;

# A file system of the suite's own, ext4 in a file, which can be full, read-only,
# or lose its power:
#
#   use TestVerify::Disk;
#
# before TestVerify is used: the suite runs in a mount namespace of its own.  It
# is skipped where there is none to be had.

use strict;
use warnings;

use Cwd qw( abs_path );
use File::Path qw( make_path );

use TestVerify::Env;

our $Path;          # where it is mounted

my ($image, $mine);

# drops what was written and not synced: file systems are tested by it

use constant { SHUTDOWN => 0x8004587d, NO_LOG_FLUSH => 2 };


sub import
{
    my $why = $> != 0 ? 'has to be root'
              : system('unshare --mount true 2> /dev/null') != 0
              ? 'there are no mount namespaces' : undef;

    if (!defined $why && !delete $ENV{TEST_VERIFY_DISK}) {
        $ENV{TEST_VERIFY_DISK} = 1;

        exec 'unshare', '--mount', $^X,
            (map { '-I' . abs_path($_) } grep { !ref && -d } @INC), $0, @ARGV
            or die "unshare: $!\n";
    }

    $why //= make(24);

    if (defined $why) {
        require Test::More;
        Test::More::plan(skip_all => $why);
    }
}


# Returns why there is none.

sub make
{
    my ($megabytes) = @_;

    $mine = $$;
    $Path = "$TestVerify::Env::Dir/disk-$$";
    make_path($Path);
    $Path = abs_path($Path);
    $image = "$Path.img";

    return 'no ext4 image can be mounted'
        if system("truncate -s ${megabytes}M $image && mkfs.ext4 -q -F -m 0 $image"
                  . " && mount -o loop $image $Path 2> /dev/null") != 0;

    # the workers may be of another user

    chmod 0777, $Path;
    return;
}


# No byte gets to it any more.  False: the file system cannot do it.

sub cut
{
    my $how = pack 'I', NO_LOG_FLUSH;
    open my $dir, '<', $Path or die "$Path: $!\n";
    return ioctl $dir, SHUTDOWN, $how;
}


# afterwards, when nobody has a file of it open

sub mend
{
    for (1 .. 100) {
        last if system("umount $Path 2> /dev/null") == 0;
        select undef, undef, undef, 0.05;
    }

    system("mount -o loop $image $Path") == 0 or die "mount: $?\n";
}


sub read_only { system("mount -o remount," . ($_[0] ? 'ro' : 'rw') . " $Path") }


# no octet is left

sub fill
{
    open my $out, '>>', "$Path/filler" or die "$Path/filler: $!\n";
    1 while syswrite $out, 'x' x 4096;
}


sub free { unlink "$Path/filler" }


# everything that is on it, byte by byte

sub bytes
{
    system("sync -f $Path");
    open my $in, '<:raw', $image or die "$image: $!\n";
    local $/;
    return scalar <$in>;
}


# the mount ends with the namespace

END {
    if (defined $mine && $$ == $mine) {
        system("umount -l $Path 2> /dev/null");
        unlink $image;
        rmdir $Path;
    }
}


1;
