# The age of a domain from a file that a thread reads, which may take its time.

use lib 't/lib';

# nginx with such a file system, and memory that is of no use once it is freed

use TestVerify::Preload 'slow_pread', SLOW_PREAD => 12, MALLOC_PERTURB_ => 165;
use TestVerify 'no_plan';

master_on();
add_block_preprocessor(sub {
    my ($block) = @_;

    $block->set_value(main_config => "env LD_PRELOAD;\nenv SLOW_PREAD;\n"
        . "env MALLOC_PERTURB_;\nenv ASAN_OPTIONS;\n");
});

preset_http(<<'END');
smtp_verify_rdap /rdap;
smtp_verify_greeting_timeout 20s;
smtp_verify_timeout 30s;
END
preset(config => <<'END');
location = /verify {
    smtp_verify;
}
location = /rdap {
    internal;
    aio threads;
    alias $TEST_NGINX_SERVER_ROOT/html/slow.json;
}
END

run_tests();

__DATA__

=== TEST 1: longer than is waited for the age: its memory stays until then
--- not_slower
--- smtp
mx1 11 pipelining users=john,mary
mx2 12 pipelining users=slow
    banner: wait 14s ; default
--- dns
ok.test MX 10 mx1.ok.test
slow.test MX 10 mx2.ok.test
mx1.ok.test A 11
mx2.ok.test A 12
--- user_files
>>> slow.json
{"objectClassName":"domain","events":[{"eventAction":"registration","eventDate":"1997-09-15T04:00:00Z"}]}
--- request eval
["GET /verify?email=john\@ok.test", "GET /verify?email=slow\@slow.test", "GET /verify?email=mary\@ok.test"]
--- no_shape
--- response_body_like eval
[qr/"accepted".*"domain_age_days":null/, qr/"reason":"accepted/, qr/"accepted".*"domain_age_days":\d{5}/]




=== TEST 2: a file that is read at once
--- config
location = /verify {
    smtp_verify;
}
location = /rdap {
    internal;
    aio threads;
    alias $TEST_NGINX_SERVER_ROOT/html/quick.json;
}
--- smtp
mx1 11 pipelining users=john,mary
    rcpt: wait 300ms ; default
--- user_files
>>> quick.json
{"objectClassName":"domain","events":[{"eventAction":"registration","eventDate":"1997-09-15T04:00:00Z"}]}
--- address
john@ok.test
mary@ok.test
--- json
reason: accepted
checks.domain_age_days: >= 10000



=== TEST 3: a stop while it is read
--- smtp
mx1 11 pipelining users=john
--- user_files
>>> slow.json
{"objectClassName":"domain","events":[]}
--- address: john@ok.test
--- json
reason: accepted
checks.domain_age_days: null
--- stop_within: 16s
