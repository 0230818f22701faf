package TestVerify::Script;

# Suites of the client on the command line.  A block has a "script" of the
# shell, and what it "said": "verify" runs the client, "rc" prints its exit
# code, $program is the client itself.

use strict;
use warnings;

use File::Path qw( make_path remove_tree );
use Test::More ();

use TestVerify ();

# "make asan" has one with sanitizers

my $program = $ENV{TEST_VERIFY_CLIENT}
    // "$TestVerify::Env::Root/build/smtp-verify";
my ($block, @said);

system('make', '-s', $program) == 0 or die "there is no $program\n";

Test::Nginx::Socket::add_block_preprocessor(sub {
    ($block) = @_;

    $block->set_value(request => 'GET /idle');
    $block->set_value(error_code => 204);
    $block->set_value(init => 'TestVerify::Script::run();');
});

Test::Nginx::Socket::add_test_cleanup_handler(sub {
    return if !$block || !defined $block->said;

    my $want = $block->said;

    chomp(@said, $want);
    Test::More::is(join("\n", @said), $want, $block->name . ' - said');
    undef $block;
});


sub run
{
    my $dir = "$TestVerify::Env::Dir/slot-$TestVerify::Env::Slot/client";

    remove_tree($dir);
    make_path($dir);

    open my $out, '>', "$dir/script" or die "$dir/script: $!\n";
    print $out "cd $dir\nprogram=$program\nexec 2>&1\nverify() { $program \"\$@\"; rc=\$?; }\n",
        "rc() { echo \"-- \$rc\"; }\n", $block->script;
    close $out;

    local %ENV = %ENV;
    delete $ENV{$_} for grep { /_proxy$/i } keys %ENV;
    delete $ENV{SMTP_VERIFY_TOKEN};

    $ENV{SMTP_VERIFY_URL} = "http://127.0.0.1:"
        . main::server_port();
    $ENV{NGINX_PID} = TestVerify::Nginx::pid() // '';

    @said = split /\n/, `bash $dir/script`;
    s/\Q$ENV{SMTP_VERIFY_URL}\E/URL/g for @said;

    # libcurl's own words differ between versions

    s/Couldn't connect/Could not connect/ for @said;
}


1;
