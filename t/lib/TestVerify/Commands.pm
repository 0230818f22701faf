package TestVerify::Commands;

# The commands of README.md, of docs, and of the comments of conf/examples, run
# by bash in a directory of their own, against the examples that they are for.

use strict;
use warnings;

use File::Path qw( make_path remove_tree );
use Test::More ();

use TestVerify::Env;
use TestVerify::Nginx;

my %source;             # "docs/lists.md, Lists" => its commands
my %seen;               # what was run
my ($block, @said);


sub text
{
    my ($file) = @_;

    open my $in, '<', $file or die "$file: $!\n";
    local $/;
    return scalar <$in>;
}


sub sources
{
    return if %source;

    my %lines;

    for my $file ('README.md', glob 'docs/*.md') {
        my $heading = '';

        for my $line (split /\n/, text($file)) {
            $heading = $1 if $line =~ /^#+ (.*)/;
            push @{ $lines{"$file, $heading"} }, $1 if $line =~ /^    (.*)/;
        }
    }

    for my $file (glob 'conf/examples/*.conf') {
        my ($head) = text($file) =~ /\A((?:#.*\n)*)/;
        $lines{$file} = [$head =~ /^#     (.*)/mg];
    }

    for my $name (keys %lines) {
        my @commands = commands(@{ $lines{$name} });
        $source{$name} = \@commands if grep { /\bcurl\b/ } @commands;
    }
}


# the configuration below a heading of README.md, or one of conf/examples

sub configuration
{
    my ($name) = @_;

    return text("conf/examples/$name.conf") if $name !~ /^README\.md, (.*)/;

    my ($block) = text('README.md')
        =~ /^#+ \Q$1\E\n(?:(?!#)[^\n]*\n)*?```nginx\n(.*?)^```$/ms;

    return $block // die "no configuration: $name\n";
}


# a command may go on in the next lines; what "make run" starts is there

sub commands
{
    my @commands;
    my $more = 0;

    for my $line (@_) {
        if ($more) {
            $commands[-1] .= "\n$line";

        } elsif ($line =~ /^(?:curl|printf|seq|token=|echo "alice|nginx -t)/) {
            push @commands, $line;

        } else {
            next;
        }

        $more = $line =~ /\\$/ || ($commands[-1] =~ tr/'//) % 2;
    }

    return @commands;
}


# in the section "commands" of a block: sources, one a line

sub of
{
    ($block) = @_;

    sources();
}


sub names
{
    return split /\n/, $block->commands;
}


# each is followed by a line with its exit code

sub run
{
    my $dir = "$TestVerify::Env::Dir/slot-$TestVerify::Env::Slot/commands";
    my $script = '';

    for my $name (names()) {
        my $commands = $source{$name} // die "no commands: $name\n";

        $script .= join '', map { "$_\nrc=\$?; echo; echo \"-- \$rc\"\n" }
            @$commands;
        $seen{$name} = 1;
    }

    my $root = TestVerify::Nginx::root();

    $script =~ s/127\.0\.0\.1(?=:80\d\d)/$TestVerify::Env::Net.90/g;
    $script =~ s{/etc/nginx/tokens}{$root/html/api.tokens}g;
    $script =~ s{^nginx -t && nginx -s reload$}
                {kill -HUP \$(cat $root/logs/nginx.pid); sleep 1}mg;

    remove_tree($dir);
    make_path($dir);

    open my $out, '>', "$dir/script" or die "$dir/script: $!\n";
    print $out "cd $dir\nset -o pipefail\nexec 2>&1\n",
        "curl() { command curl --no-progress-meter \"\$@\"; }\n", $script;
    close $out;

    local %ENV = %ENV;
    delete $ENV{$_} for grep { /_proxy$/i } keys %ENV;

    my $said = `bash $dir/script`;
    @said = split /^-- (?=\d+$)/m, $said;
}


# the section "said": a pattern for each command

sub check
{
    return if !$block;

    my $want = $block->said;
    my $name = $block->name;
    my @commands = map { @{ $source{$_} } } names();

    Test::More::is(scalar @$want, scalar @commands, "$name - commands");

    for my $i (0 .. $#commands) {
        my $said = $said[$i] // '';
        my ($rc) = ($said[$i + 1] // '') =~ /^(\d+)\n/;

        Test::More::like($said =~ s/^\d+\n//r, $want->[$i],
                         "$name - $commands[$i]");
        Test::More::is($rc, 0, "$name - exit code of $commands[$i]");
    }

    undef $block;
    @said = ();
}


sub all_were_run
{
    sources();

    Test::More::ok($seen{$_}, "its commands were run: $_")
        for sort keys %source;
}


1;
