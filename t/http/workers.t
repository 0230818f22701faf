# More workers than a zone of the throttle has room for.

use lib 't/lib';
use TestVerify 'no_plan';

master_on();
workers(8);

# A worker accepts all who are there before it serves any of them: otherwise
# accepting and serving may keep step, and nobody is refused.

worker_connections("4096;\n    multi_accept on");


# what nginx -t says where the error log has no warnings

sub test_says
{
    my $root = server_root();
    my $nginx = $ENV{TEST_NGINX_BINARY} || 'nginx';

    open my $from, '<', "$root/conf/nginx.conf" or die "nginx.conf: $!\n";
    open my $to, '>', "$root/conf/quiet.conf" or die "quiet.conf: $!\n";
    print $to map { s/^(\s*error_log \S+) \w+;/$1 error;/r } <$from>;
    close $to;

    return `$nginx -t -p $root -c $root/conf/quiet.conf 2>&1`;
}


# each was verified, or told to come again; none has met our own limits within

sub some_were_too_many
{
    my %n;

    $n{ $_->{code} == 503 ? $_->{json}{code} : $_->{json}{reason} }++
        for TestVerify::Clients::answers();

    my $ok = ($n{mailbox_not_found} // 0) + ($n{too_many_probes} // 0) == 300
             && $n{mailbox_not_found} && $n{too_many_probes};

    Test::More::diag(join ', ', map { "$_ $n{$_}" } sort keys %n) if !$ok;

    return $ok;
}


run_tests();

__DATA__

=== TEST 1: it is told that a zone is too small
--- http_config
smtp_verify_throttle_zone zone=limits:32k;
smtp_verify_throttle zone=limits;
--- smtp
mx1 11 pipelining users=john
--- address: john@ok.test
--- json
reason: accepted
--- error_log
zone "limits" is too small for 8 workers
--- smtp_check eval
sub {
    return main::test_says() =~ /\[warn\] zone "limits" is too small for 8 w/;
}



=== TEST 2: one that is large enough
--- http_config
smtp_verify_throttle_zone zone=limits:160k;
smtp_verify_throttle zone=limits conns=100 ip_conns=100 rate=1000/s rejects=100000/h burst=100;
smtp_verify_keepalive off;
--- smtp
mx1 11 pipelining users=john
--- address eval
CORE::join "\n", ('john@ok.test') x 48
--- json
reason: accepted
--- no_error_log
too small



=== TEST 3: no more probes than descriptors bear, and it is told
--- main_config
worker_rlimit_nofile 160;
--- http_config
smtp_verify_timeout 15s;
smtp_verify_connect_timeout 5s;
smtp_verify_greeting_timeout 10s;
smtp_verify_read_timeout 10s;
--- smtp
mx1 11 pipelining users=john
    rcpt: wait 1500ms ; default
--- init
TestVerify::Clients::start('/verify?email=jane%d@ok.test', clients => 300);
--- wait: 1
--- log_allow
accept4\(\) failed
--- address: john@ok.test
--- json
reason: accepted
--- error_log
160 descriptors are enough for
--- smtp_check eval: sub { main::some_were_too_many() }
--- linger: 8s



=== TEST 4: whatever is allowed
--- main_config
worker_rlimit_nofile 160;
--- http_config
smtp_verify_max_probes 10000;
smtp_verify_timeout 15s;
smtp_verify_connect_timeout 5s;
smtp_verify_greeting_timeout 10s;
smtp_verify_read_timeout 10s;
--- smtp
mx1 11 pipelining users=john
    rcpt: wait 3s ; default
--- init
TestVerify::Clients::start('/verify?email=jane%d@ok.test', clients => 300);
--- wait: 1
--- log_allow
accept4\(\) failed
--- address: john@ok.test
--- json
reason: accepted
--- smtp_check eval: sub { main::some_were_too_many() }
--- linger: 8s



=== TEST 5: the addresses of a list wait for descriptors
--- main_config
worker_rlimit_nofile 96;
--- http_config
smtp_verify_greeting_timeout 5s;
smtp_verify_read_timeout 5s;
--- config
location = /batch {
    smtp_verify_batch;
    smtp_verify_batch_probes 1000;
    smtp_verify_batch_domain_probes 1000;
    smtp_verify_max_probes 10000;
}
--- smtp
mx1 11 pipelining users=john
    rcpt: wait 300ms ; default
--- more_headers
Content-Type: text/plain
--- request eval
"POST /batch\n" . CORE::join '', map { "jane$_\@ok.test\n" } 1 .. 200
--- response_body_like: "answered":200,.*"reason":\{"mailbox_not_found":200\}
--- linger: 8s
