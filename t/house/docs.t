# What README.md and docs show is real: nginx takes each block of configuration,
# each reply of docs/reasons.md is read as the reason that it stands under, and
# retry_after in its table is that of the code.  JSON is valid, and a result has
# the shape that the suites check of each answer.

use warnings;
use strict;

use Cwd;
use File::Path qw( make_path remove_tree );
use JSON::PP;
use Test::More;

use lib 't/lib';
use TestVerify::Env;
use TestVerify::Result;

my $nginx = $ENV{TEST_NGINX_BINARY} || 'nginx';
my $load = TestVerify::Env::load_module();
my $dir = getcwd() . "/build/t/docs-$$";

make_path("$dir/logs");
files();

for my $page ('README.md', glob 'docs/*.md') {
    my $n = 0;

    for my $block (text($page) =~ /^```nginx\n(.*?)^```$/msg) {
        $n++;
        takes("$page: block $n", $block);
    }

    json($page, $_) for text($page) =~ /^```json\n(.*?)^```$/msg;
}

is(system('make', '-s', 'build/smtp-verify-classify'), 0,
   'the classifier is built');

replies();
retry_after();
remove_tree($dir);
done_testing();


sub text
{
    my ($file) = @_;

    open my $in, '<', $file or die "$file: $!\n";
    local $/;
    return scalar <$in>;
}


sub spew
{
    my ($file, $text) = @_;

    open my $out, '>', "$dir/$file" or die "$file: $!\n";
    print $out $text;
    close $out or die "$file: $!\n";
}


# the files of /etc/nginx that the blocks name

sub files
{
    spew('tokens', text('conf/examples/api.tokens'));
    spew('rules.conf', text('conf/rules.conf'));
    spew('providers.conf', text('conf/providers.conf'));
    spew($_, "example.net\n") for qw( traps.txt disposable.txt deny.txt );
    spew($_, 'k' x 32) for qw( jobs.key jobs-2.key );
    spew('webhook-secrets', 'whsec_' . 'a' x 32);
    chmod 0600, "$dir/webhook-secrets";
    spew('fleet.key', 'k' x 32);
    chmod 0600, "$dir/fleet.key";
    spew('routes', "example.org [mx.example.org]:25\n");

    system("openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=ca"
           . " -keyout $dir/key.pem -out $dir/ca.pem 2> $dir/openssl.log");

    spew('crl.conf', "[ca]\ndefault_ca=c\n[c]\ndatabase=$dir/index\n"
         . "default_md=sha256\ndefault_crl_days=1\n");
    spew('index', '');

    system("openssl ca -gencrl -config $dir/crl.conf -cert $dir/ca.pem"
           . " -keyfile $dir/key.pem -out $dir/crl.pem 2>> $dir/openssl.log");
}


# a block is a whole configuration, or a part of one: then what stands around
# it, and what it names, is added

sub takes
{
    my ($name, $block) = @_;

    my $conf = $block;

    if ($conf =~ /^load_module/m) {
        my ($n) = $conf =~ /\bworker_connections\s+(\d+);/;
        my ($limit) = $conf =~ /^worker_rlimit_nofile\s+(\d+);/m;

        cmp_ok($limit // 0, '>', $n // 512, "$name: worker_rlimit_nofile");

        $conf =~ s/^load_module\s[^;]*;/$load/m;

    } else {
        $conf = whole($conf);
    }

    $conf =~ s{/etc/nginx/}{$dir/}g;
    $conf =~ s{/var/(?:log/nginx|cache)/}{$dir/logs/}g;

    # a proxy's name is resolved when the configuration is read

    $conf =~ s/\bsocks\.example\.net\b/127.0.0.1/g;

    spew('nginx.conf', "pid $dir/nginx.pid; error_log $dir/error.log;\n$conf");

    my $said = `$nginx -t -p $dir/ -c $dir/nginx.conf 2>&1`;

    is($?, 0, "$name: nginx -t") or diag "$said\n$block";
    unlike($said, qr/\[(warn|emerg|alert|crit|error)\]/, "$name: no warning");
}


sub whole
{
    my ($block) = @_;

    my ($http, $server, $location) = ('', '', '');

    for my $part (parts($block)) {
        if ($part =~ /^\s*location\b/) {
            $server .= $part;
        } elsif ($part =~ /^\s*(?:smtp_verify|smtp_verify_batch|proxy_pass
                                 |smtp_verify_counters)\b(?!_)/x)
        {
            $location .= $part;
        } else {
            $http .= $part;
        }
    }

    my %needed = (
        'resolver' => "resolver 127.0.0.1;\n",
        'smtp_verify_helo' => "smtp_verify_helo verify.example.com;\n",
        'smtp_verify_from' => "smtp_verify_from postmaster\@example.com;\n",
        'smtp_verify_throttle' => "smtp_verify_throttle off;\n",
    );

    for my $directive (sort keys %needed) {
        $http .= $needed{$directive} if $http !~ /^\s*$directive\s/m;
    }

    # zones, pools and servers that another block of the page defines

    for my $name ($block =~ /^\s*smtp_verify_cache\s+(\w+);/mg) {
        $http = "smtp_verify_cache_zone zone=$name:1m;\n$http"
            if $name ne 'off' && $block !~ /cache_zone\s+zone=$name:/;
    }

    for my $name ($block =~ /^\s*smtp_verify_throttle\s+zone=(\w+)/mg) {
        $http = "smtp_verify_throttle_zone zone=$name:1m;\n$http"
            if $block !~ /throttle_zone\s+zone=$name:/;
    }

    for my $name ($block =~ /^\s*smtp_verify_egress\s+(\w+);/mg) {
        $http = "smtp_verify_egress_pool $name {\n    address 127.0.0.1 "
                . "helo=mx.example.com;\n}\n$http"
            if $name ne 'off' && $block !~ /egress_pool\s+$name\s/;
    }

    my %upstream = map { $_ => 1 }
        grep { $block !~ /upstream\s+$_\s/ }
        $block =~ m{_pass\s+http://(\w+)(?=[;/])}g;

    $http .= "upstream $_ { server 127.0.0.1:8080; }\n"
        for sort keys %upstream;

    $server .= "location /part {\n$location}\n" if $location ne '';
    $server = "server {\nlisten 127.0.0.1:8025;\n$server}\n" if $server ne '';

    return "$load\nworker_rlimit_nofile 1024;\n"
           . "events { worker_connections 512; }\nhttp {\n$http$server}\n";
}


# its statements: each to its ";" or, with braces, to its "}"

sub parts
{
    my ($block) = @_;

    my ($part, $depth, @parts) = ('', 0);

    for my $line (split /^/, $block) {
        my $code = $line =~ s/"[^"]*"|'[^']*'//gr =~ s/#.*//r;

        $part .= $line;
        $depth += ($code =~ tr/{//) - ($code =~ tr/}//);

        if ($depth == 0 && $code =~ /[;}]\s*$/) {
            push @parts, $part;
            $part = '';
        }
    }

    push @parts, $part if $part =~ /\S/;

    return @parts;
}


# a member alone is one of an object

sub json
{
    my ($page, $block) = @_;

    $block = "{$block}" if $block !~ /^\s*\{/;

    my ($value, $error) = TestVerify::Result::decode($block);

    is($error, undef, "$page: JSON") or diag $block;

    is_deeply([TestVerify::Result::shape($value)], [], "$page: a result")
        if $value && ref $value->{checks} eq 'HASH';
}


sub replies
{
    my ($reason, @replies) = '';

    for my $line (split /\n/, text('docs/reasons.md')) {
        $reason = $1 if $line =~ /^### (\w+)/;

        push @replies, [$reason, $1, $2 // '', $3]
            if $line =~ /^    ([2-5]\d\d) (?:([245]\.\d+\.\d+) )?(.*?)(?:\s{2,}\(.*\))?$/;
    }

    cmp_ok(scalar @replies, '>', 20, 'docs/reasons.md has replies');

    my %accepted = map { $_ => 1 }
        qw( accepted accepted_untested catch_all unverifiable_provider );

    for my $reply (@replies) {
        my ($want, $code, $enhanced, $text) = @$reply;

        spew('reply', encode_json({ stage => 'rcpt', code => $code + 0,
            address => 'jdoe@example.com', enhanced => $enhanced,
            text => $text }) . "\n");

        my $said = decode_json(`build/smtp-verify-classify < $dir/reply`);

        is($said->{label}, $accepted{$want} ? 'accepted' : $want,
           "$want: $code $enhanced $text");
    }
}


# what else a row of the table has, t/lint/docs compares

sub retry_after
{
    my %unit = (s => 1, min => 60, h => 3600);
    my %after;

    for (text('docs/reasons.md') =~ /^\| `\w+` \| \w+ \| \w+ \| \S+ \| .*\n/mg) {
        my (undef, $reason, undef, undef, undef, $time) = split / *\| */;

        $after{ $reason =~ tr/`//dr } = $time =~ /^(\d+) (\w+)$/
                                        ? $1 * $unit{$2} : 0;
    }

    my @reasons = map { decode_json($_) }
        `build/smtp-verify-classify --reasons`;

    cmp_ok(scalar @reasons, '>', 30, 'the code has reasons');

    is($after{ $_->{reason} }, $_->{retry_after} // 0,
       "docs/reasons.md: retry_after of $_->{reason}")
        for @reasons;
}
