# The programs of docs/clients.md, as they stand there, ask a running server:
# a verdict, an error, and a limit that passes.  A language that is not
# installed is skipped.

use lib 't/lib';
use TestVerify 'no_plan';
use TestVerify::Env;
use Cwd qw( abs_path );
use Digest::SHA qw( sha256_hex );
use File::Path qw( make_path );

our %Run = (
    curl => [ 'sh', 'bash verify.sh', 'curl' ],
    Python => [ 'py', 'python3 verify.py', 'python3' ],
    'Node.js' => [ 'mjs', 'node verify.mjs', 'node' ],
    PHP => [ 'php', 'php verify.php', 'php' ],
    Go => [ 'go', 'go run verify.go', 'go' ],
    Ruby => [ 'rb', 'ruby verify.rb', 'ruby' ],
    'C#' => [ 'cs', 'mcs -r:System.Net.Http -r:System.Runtime.Serialization'
        . ' verify.cs && mono verify.exe', 'mcs' ],
    'A list' => [ 'list', 'python3 verify.list', 'python3' ],
);

add_block_preprocessor(sub {
    my ($block) = @_;

    $block->set_value(user_files => ">>> tokens\ngood sha256:"
        . sha256_hex('good-token') . "\nslow sha256:" . sha256_hex('slow-token')
        . " rate=60/m burst=1\n");
    $block->set_value(http_config =>
        'smtp_verify_tokens $TEST_NGINX_SERVER_ROOT/html/tokens;');
    $block->set_value(config => join "\n", 'smtp_verify_sandbox on;',
        'location = /verify { smtp_verify; }',
        'location = /batch { smtp_verify_batch; }');
    $block->set_value(request => 'GET /none');
    $block->set_value(error_code => 404);
    $block->set_value(init => 'main::program("' . $block->program . '");');
});


sub program
{
    my ($name) = @_;
    my ($suffix, $command, $program) = @{ $Run{$name} };

    my $dir = "$TestVerify::Env::Dir/slot-$TestVerify::Env::Slot/clients";
    make_path($dir);
    $dir = abs_path($dir);

    open my $in, '<', "$TestVerify::Env::Root/docs/clients.md" or die;
    my $text = do { local $/; <$in> };

    my ($code) = $text =~ /^## \Q$name\E\n(?:(?!## |```)[^\n]*\n)*```\w+\n(.*?)^```$/ms
        or return Test::More::fail("$name has a program");

    open my $out, '>', "$dir/verify.$suffix" or die;
    print $out $code;
    close $out;

    Test::More::pass("$name has a program");

    SKIP: {
        Test::More::skip("no $program", 1)
            if system("command -v $program > /dev/null 2>&1") != 0;

        ask($name, $dir, $command);
    }
}


sub ask
{
    my ($name, $dir, $command) = @_;

    my $list = $name eq 'A list';
    my $ask = sub {
        my ($token, @email) = @_;

        local $ENV{VERIFY_URL} = "http://127.0.0.1:$TestVerify::Env::HttpPort/"
                                 . ($list ? 'batch' : 'verify');
        local $ENV{VERIFY_TOKEN} = $token;
        local $ENV{GOCACHE} = abs_path($TestVerify::Env::Dir) . "/go-cache";
        local $ENV{GO111MODULE} = 'off';

        my $said = `cd $dir && $command @email 2>&1`;
        return ($?, $said);
    };

    my ($rc, $said) = $ask->('good-token', 'mailbox_full+a@sandbox.test');

    Test::More::is($rc, 0, "$name: exit code");
    Test::More::like($said, $list ? qr/^mailbox_full\+a\@sandbox\.test risky retry_later$/
        : $name eq 'curl' ? qr/"status":"risky","reason":"mailbox_full","action":"retry_later"/
        : qr/^risky mailbox_full retry_later$/, "$name: a verdict");

    ($rc, $said) = $ask->('bad-token', 'accepted@sandbox.test');

    Test::More::isnt($rc, 0, "$name: exit code of an error");
    Test::More::like($said, $list ? qr/401/ : qr/invalid_token/, "$name: an error");

    return if $list;

    # the second request waits until there is room for it

    $ask->('slow-token', 'accepted@sandbox.test');
    ($rc, $said) = $ask->('slow-token', 'accepted@sandbox.test');

    Test::More::is($rc, 0, "$name: exit code behind a limit") or Test::More::diag($said);
}


run_tests();

__DATA__

=== TEST 1: curl
--- program: curl



=== TEST 2: Python
--- program: Python



=== TEST 3: Node.js
--- program: Node.js



=== TEST 4: PHP
--- program: PHP



=== TEST 5: Go
--- program: Go



=== TEST 6: Ruby
--- program: Ruby



=== TEST 7: C#
--- program: C#



=== TEST 8: a list
--- program: A list
