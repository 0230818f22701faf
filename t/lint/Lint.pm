package Lint;

# what the checkers share

use warnings;
use strict;

use Cwd;
use Exporter 'import';
use File::Find;
use FindBin;

our @EXPORT = qw( project_files read_lines problem finish );

my $problems = 0;

chdir "$FindBin::Bin/../.." or die "chdir: $!\n";


# all files, less what is built, and less recorded bytes

sub project_files {
    my @files;

    find({ no_chdir => 1, wanted => sub {
        if ($_ eq './.git' || $_ eq './build' || m{/(?:servroot|__pycache__)\z}) {
            $File::Find::prune = 1;
        } elsif (-f $_ && !-l $_ && !m{t/compare/clients/.*\.http\z}) {
            push @files, s{^\./}{}r;
        }
    } }, '.');

    return sort @files;
}


sub read_lines {
    my ($file) = @_;

    open my $fh, '<:encoding(UTF-8)', $file or return ();
    my @lines = <$fh>;
    close $fh;

    chomp @lines;
    return @lines;
}


sub problem {
    my ($file, $line, $text) = @_;

    $problems++;
    print STDERR $line ? "$file:$line: $text\n" : "$file: $text\n";
}


sub finish {
    my ($name) = @_;

    exit 1 if $problems;
    print "lint: $name ok\n";
    exit 0;
}


1;
