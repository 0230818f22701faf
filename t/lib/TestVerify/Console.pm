package TestVerify::Console;

# The console in a browser.  Use it after TestVerify.  Sections of a block:
#
#   journey   "eval": a sub that gets the browser (TestVerify/Browser.pm), and
#             does what a person would do.  It dies where something is not so
#   expected  patterns, one a line, of messages that the browser's console may
#             have.  Nothing else may be there when the journey is over
#   store     more of smtp_verify_jobs_store
#   verify    directives for all locations
#   throttle  parameters of smtp_verify_throttle, instead of those that hold
#             nothing up
#
# Journeys have file() and text_of(), below.  The suite is skipped where there
# is no Chromium.  Screenshots are in build/console.

use strict;
use warnings;

use Digest::SHA qw( sha256_hex );
use File::Temp ();
use Test::More ();

use Test::Nginx::Socket ();
use TestVerify::Blocks;
use TestVerify::Browser;
use TestVerify::Env;
use TestVerify::Jobs;

our $Base;

my ($current, $browser, $files);


sub import
{
    my ($command, $why) = TestVerify::Browser::command();

    skip($why) if !defined $command;

    Test::More::diag('axe-core is not there: make deps-console')
        if !-s TestVerify::Browser::axe();

    $Base = "http://127.0.0.1:$TestVerify::Env::HttpPort/console/";
    *main::file = \&file;
    *main::text_of = \&text_of;
    Test::Nginx::Socket::master_on();
    Test::Nginx::Socket::no_root_location();
    Test::Nginx::Socket::no_long_string();
}


# TestVerify has said already that there is no plan

sub skip
{
    my ($why) = @_;

    Test::More->builder->no_ending(1);
    print STDOUT "1..0 # SKIP $why\n";
    exit 0;
}


Test::Nginx::Socket::add_block_preprocessor(sub {
    my ($block) = @_;

    return if !defined $block->journey;

    $block->set_value(user_files => ($block->user_files // '')
        . ">>> tokens\nops sha256:" . sha256_hex('ops-token') . " admin\n"
        . "alice sha256:" . sha256_hex('alice-token') . " rate=100/s\n");

    my $throttle = $block->throttle
        // 'rate=1000/s burst=1000 conns=20 rejects=100000/h';

    $block->set_value(http_config => "smtp_verify_tokens"
        . " \$TEST_NGINX_SERVER_ROOT/html/tokens;\n"
        . "smtp_verify_throttle_zone zone=limits:1m;\n"
        . "smtp_verify_throttle zone=limits $throttle;\n"
        . ($block->http_config // ''));

    $block->set_value(config => ($block->config // '')
                      . locations($block->store // '', $block->verify // ''));
    $block->set_value(request => 'GET /done');
    $block->set_value(error_code => 204);
    $block->set_value(init => ($block->init // '')
                      . "\nTestVerify::Console::run();");
    $current = $block;
});


# the console as it is served to operators, and all that it asks

sub locations
{
    my ($store, $more) = @_;

    return TestVerify::Browser::console('$TEST_NGINX_ROOT') . <<"_EOC_";
location = /verify { smtp_verify; smtp_verify_transcript on; $more }
location = /batch { smtp_verify_batch; client_max_body_size 10m; $more }
location /jobs {
    smtp_verify_jobs_store \$TEST_NGINX_SERVROOT/jobs $store;
    smtp_verify_jobs;
    client_max_body_size 10m;
    $more
}
location = /status { smtp_verify_status; }
location = /metrics { smtp_verify_metrics; }
location = /usage { smtp_verify_usage; }
location = /openapi.json { smtp_verify_openapi; }
location ~ ^/(livez|readyz|health)\$ { smtp_verify_health; }
location = /done { return 204; }
_EOC_
}


# ---- a journey

sub run
{
    my $name = $current->name;
    my ($file) = $0 =~ m{([^/]+)\.t\z};
    my ($number) = $name =~ /TEST (\d+)/;

    eval {
        $browser ||= TestVerify::Browser->start;
        $browser->fresh;
        $current->journey->($browser);
        1;

    } or do {
        my $error = $@;

        Test::More::fail("$name - $error");
        eval {
            $browser->screenshot("failed-$file-$number");
            my $text = $browser->text;
            utf8::encode($text);
            Test::More::diag($text);
        };
    };

    my @expected = map { qr/$_/ } split /\n/, $current->expected // '';
    my @said = grep { my $m = $_; !grep { $m =~ $_ } @expected }
        eval { $browser->messages };

    Test::More::is($@, '', "$name - the browser is there");
    Test::More::is(join("\n", @said), '', "$name - nothing in its console");

    undef $browser if $@;
}


Test::Nginx::Socket::add_cleanup_handler(sub { undef $browser });


# ---- what journeys do

# a file for a field of a page, of characters; its path

sub file
{
    my ($name, $text) = @_;

    $files ||= File::Temp->newdir('console-XXXXXX', DIR => $TestVerify::Env::Dir);

    open my $out, '>:encoding(UTF-8)', "$files/$name" or die "$name: $!\n";
    print $out $text;
    close $out;

    return "$files/$name";
}


# the characters of a file, such as one that was downloaded

sub text_of
{
    my ($file) = @_;

    open my $in, '<:encoding(UTF-8)', $file or die "$file: $!\n";
    local $/;

    return scalar <$in>;
}


# a page of the console: "#/jobs"

sub TestVerify::Browser::open
{
    my ($self, $hash) = @_;

    $self->go($Base . ($hash // ''));
}


# with a token, without its dialog

sub TestVerify::Browser::enter
{
    my ($self, $token, $hash) = @_;

    $self->open('#/reasons');
    $self->js("sessionStorage.setItem('smtp-verify.token', '$token')");
    $self->go('about:blank');
    $self->open($hash);
}


# as it is now: in light and dark, wide and narrow; nobody is kept out, and
# nothing is wider than the window

sub TestVerify::Browser::looks
{
    my ($self, $name) = @_;

    for my $look (@TestVerify::Browser::Looks) {
        $self->look(@$look);

        Test::More::is($self->too_wide, '', "$name, $look->[0]: fits");

        my $found = $self->findings;

        Test::More::is($found, '', "$name, $look->[0]: axe-core")
            if defined $found;

        # now that all is painted in these colours

        $self->screenshot("$name-$look->[0]", 1);
    }

    $self->look(@{ $TestVerify::Browser::Looks[0] });
}


1;
