# One client's questions leave room for those of others, in whatever worker
# they are: sessions of the throttle's total.

use lib 't/lib';
use TestVerify 'no_plan';
use TestVerify::Clients;
use TestVerify::Env;

master_on();
workers(4);
worker_connections(1024);

preset_http(<<'END');
smtp_verify_connect_timeout 4s;
smtp_verify_greeting_timeout 12s;
smtp_verify_read_timeout 12s;
smtp_verify_timeout 12s;
END

preset(smtp => <<'END', dns => <<'END');
mx1 11 pipelining users=john
    rcpt slow*: wait 600ms ; default
    rcpt grey*: 451 4.7.1 Greylisted, please try again in 60 seconds
mx2 12
    banner: hang
END
ok.test MX 10 mx1.ok.test
mx1.ok.test A 11
tar.test MX 10 mx2.tar.test
mx2.tar.test A 12
END


# others, from an address of their own

sub others
{
    my ($path, %how) = @_;

    TestVerify::Clients::start($path, clients => 12, from => '127.0.0.66',
                               abort => 6, %how);
}


# until they have so many sessions

sub until_asked
{
    my ($n) = @_;

    my $port = sprintf ':%04X', $TestVerify::Env::SmtpPort;

    TestVerify::Clients::wait_for(sub {
        open my $in, '<', '/proc/net/tcp' or return 1;

        return $n <= grep { my @f = split; $f[2] =~ /$port$/ && $f[3] eq '01' }
                     <$in>;
    });
}


run_tests();

__DATA__

=== TEST 1: the total of the throttle, of all workers
--- http_config
smtp_verify_throttle_zone zone=limits:1m;
smtp_verify_throttle zone=limits conns=100 ip_conns=100 total=8 rate=1000/s burst=100;
--- config
location = /verify {
    smtp_verify;
    smtp_verify_max_probes 100;
}
--- init
main::others('/verify?email=a%d@tar.test', clients => 40);
main::until_asked(8);
--- address
john@ok.test
jane@ok.test
jim@ok.test
--- json
reason: accepted
response_time_ms: <= 3000
--
reason: mailbox_not_found
response_time_ms: <= 3000
--
reason: mailbox_not_found
response_time_ms: <= 3000



=== TEST 2: a list, too, has its share of the total
--- http_config
smtp_verify_throttle_zone zone=limits:1m;
smtp_verify_throttle zone=limits conns=100 ip_conns=100 total=8 rate=1000/s burst=100 rejects=1000/h;
--- config
location = /verify {
    smtp_verify;
    smtp_verify_max_probes 100;
}

location = /batch {
    smtp_verify_batch;
    smtp_verify_max_probes 100;
}
--- init
main::others('/verify?email=a%d@tar.test', clients => 40);
main::until_asked(8);
--- request eval
"POST /batch\n" . CORE::join '', map { "l$_\@ok.test\n" } 1 .. 20
--- more_headers
Content-Type: text/plain
--- no_shape
--- within: 6s
--- response_body_like: "answered":20,.*"reason":\{"mailbox_not_found":20\}



=== TEST 3: a gate
--- http_config
smtp_verify_throttle_zone zone=limits:1m;
smtp_verify_throttle zone=limits conns=100 ip_conns=100 total=8 rate=1000/s burst=100;
--- config
location = /app {
    return 200 "in\n";
}

location = /signup {
    smtp_verify_gate $arg_email required deny=undeliverable,unknown;
    proxy_pass http://127.0.0.1:$server_port/app;
}
--- init
main::others('/signup?email=a%d@tar.test', clients => 40);
main::until_asked(8);
--- request eval
['GET /signup?email=jane@ok.test', 'GET /signup?email=john@ok.test']
--- error_code eval
[422, 200]



=== TEST 4: somebody without a session is let in by a worker that has none, too
--- http_config
smtp_verify_throttle_zone zone=limits:1m;
smtp_verify_throttle zone=limits conns=100 ip_conns=100 total=2 rate=1000/s burst=100;
--- config
location = /verify {
    smtp_verify;
}
--- init
main::others('/verify?email=a%d@tar.test', clients => 2, abort => 8);
main::until_asked(2);
--- address eval
CORE::join "\n", ('john@ok.test') x 12
--- json
reason: accepted
response_time_ms: <= 3000
