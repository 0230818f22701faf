# Machines that share their caches by a real Valkey or Redis: what one of them
# found out the others need not ask again.

use lib 't/lib';
use TestVerify 'no_plan';
use TestVerify::Clients qw( until_true );
use TestVerify::Valkey qw( command start stop freeze thaw );
use TestVerify::Fleet qw( ask );

use Time::HiRes ();

master_on();

# The fleets "a" and "b" have one prefix and one key: they stand for two
# machines.

sub fleet
{
    my ($name, $more) = @_;

    return "smtp_verify_cache_zone zone=$name:1m;\n"
         . "smtp_verify_fleet $name {\n"
         . "server \$TEST_NGINX_VALKEY;\n"
         . "key \$TEST_NGINX_FLEET_KEY;\n"
         . "prefix test; zones $name; timeout 200ms;\n"
         . ($more // '') . "}\n";
}

our $Locations = '
    location = /verify { smtp_verify; smtp_verify_cache a; }
    location = /b { smtp_verify; smtp_verify_cache b; }
    location = /list { smtp_verify_batch; smtp_verify_cache b; }';

add_block_preprocessor(sub {
    my ($block) = @_;

    # a fleet with something that it may not have

    if (defined(my $more = $block->refused)) {
        $block->set_value(must_die => '');
        $block->set_value(http_config => "smtp_verify_cache_zone zone=a:1m;
            smtp_verify_fleet f {
                server 127.0.0.1; key \$TEST_NGINX_FLEET_KEY; $more
            }");
    }

    return if defined $block->must_die;

    $block->set_value(http_config => patient(fleet('a') . fleet('b')))
        if !defined $block->http_config;

    $block->set_value(config => $Locations) if !defined $block->config;

    start();
    command('FLUSHALL');
});


# The script that writes, with one "put": what is kept afterwards

our $Write = do {
    my $begins = join "\n",
        source('worker.h') =~ /FLEET_(?:TRY|VALID) [ \\]*\n(.*?)\n\n/sg;
    my ($lines) = source('open.c') =~ /fleet_write_text\[\] =\n(.*?);\n\n/s;
    join '', map { s/\\n/\n/r } "$begins\n$lines" =~ /"(.*?)"[ \\]*$/mg;
};

sub source
{
    my $file = "src/fleet/ngx_smtp_verify_fleet_$_[0]";

    open my $in, '<', $file or die "$file: $!\n";
    local $/;
    return <$in>;
}

sub put
{
    my ($rank, $expires, $created) = @_;

    my $head = sprintf '%d %010d %010d ', $rank, $expires, $created;

    command('EVAL', $Write, 2, 'test:e:x', 'test:erased', 'me', 'test:tell:',
            'test:erased', 'put', '00000000', $rank, $expires, $created, 60000,
            $head);

    return command('HGET', 'test:e:x', '00000000') eq $head;
}


sub other_ca { (TestVerify::Cert::leaf('other.test', 'selfsigned'))[0] }

# waits until so many fleets are up

sub up
{
    my $n = shift || 2;

    TestVerify::Valkey::subscribers('test:erased', $n);
    until_true(sub { keys_of('alive:\w+\z') >= $n });
}

# the machine "a" is asked for an address, and the store has its result

sub found
{
    my ($local) = @_;

    my $n = keys_of('e:1:');

    ask('GET', "/verify?email=$local\@ok.test");
    until_true(sub { keys_of('e:1:') > $n });
}

# as somebody who may write to the store, but has no key

sub poison
{
    for my $key (@_) {
        command('DEL', $key);
        command('SET', $key, 'x');
    }
}

# the keys of the store, but for those of workers

sub keys_of { grep { /^test:$_[0]/ } @{ command('KEYS', 'test:*') } }


preset(smtp => "mx1 11 pipelining users=john,jane\n");

run_tests();

__DATA__

=== TEST 1: what one machine found out is told by another one
--- init
main::up();
--- request eval
["GET /verify?email=john\@ok.test", "GET /b?email=john\@ok.test",
 "GET /b?email=john\@ok.test"]
--- json
reason: accepted
cached: false
--
reason: accepted
cached: true
--
reason: accepted
cached: true
--- smtp_sessions: 1



=== TEST 2: facts of the domain, for another address of it
--- init
main::up();
main::ask('GET', '/verify?email=john@ok.test');
main::until_true(sub { main::keys_of('e:') == 3 });
--- request
GET /b?email=jane@ok.test
--- json
reason: accepted
cached: false
--- dns_queries
ok.test MX 1
--- smtp_turns
EHLO *
MAIL * | RCPT TO:<john@ok.test>
RSET | MAIL * | RCPT *
QUIT
EHLO *
MAIL * | RCPT TO:<jane@ok.test>
QUIT



=== TEST 3: two machines that are asked at once hold one conversation
--- init
main::up();
TestVerify::Clients::start('/verify?email=john@ok.test');
Time::HiRes::sleep(0.3);
--- smtp
mx1 11 pipelining users=john
    rcpt john@*: wait 900ms ; default
--- request
GET /b?email=john@ok.test
--- json
reason: accepted
cached: true
--- not_within: 400ms
--- smtp_sessions: 1
--- smtp_check eval
sub { (TestVerify::Clients::answers())[0]{json}{reason} eq 'accepted' }



=== TEST 4: also where the answer is not kept, one after the other
--- init
main::up();
TestVerify::Clients::start('/verify?email=john@ok.test');
Time::HiRes::sleep(0.3);
--- smtp
mx1 11 pipelining users=john
    rcpt john@*: wait 300ms ; 451 4.3.0 Try again later
--- request
GET /b?email=john@ok.test
--- json
status: unknown
--- smtp_check eval
sub { (TestVerify::Clients::answers())[0]{json}{status} eq 'unknown' }



=== TEST 5: a claim of a machine that died holds nobody up
--- init
main::up();
TestVerify::Clients::start('/verify?email=john@ok.test');
Time::HiRes::sleep(0.4);
TestVerify::Valkey::command('HSET', $_, 'owner', 'feedfeedfeedfeed')
    for main::keys_of('c:');
--- smtp
mx1 11 pipelining users=john
    rcpt@1 john@*: wait 6s ; default
--- request
GET /b?email=john@ok.test
--- json
reason: accepted
cached: false
--- within: 4s
--- smtp_sessions: 2



=== TEST 6: a machine that dies while another one waits for it
--- init
main::up();
TestVerify::Clients::start('/verify?email=john@ok.test');
TestVerify::Clients::start('/b?email=john@ok.test', after => 0.3);
Time::HiRes::sleep(0.6);
TestVerify::Valkey::command('HSET', $_, 'owner', 'feedfeedfeedfeed')
    for main::keys_of('c:');
--- smtp
mx1 11 pipelining users=john
    rcpt@1 john@*: wait 9s ; default
--- request
GET /b?email=john@ok.test
--- json
reason: accepted
--- within: 7s
--- smtp_sessions: 2



=== TEST 7: an erased address is erased on all machines
--- init
main::up();
main::found('john');
main::ask('GET', '/b?email=john@ok.test');
main::ask('DELETE', '/verify?email=john@ok.test');
main::until_true(sub {
    main::ask('GET', '/b?email=john@ok.test') =~ /"cached":false/ });
--- request
GET /verify?email=john@ok.test
--- json
reason: accepted
cached: true
--- smtp_sessions: 2



=== TEST 8: also when the store was away
--- init
main::up();
main::found('john');
main::ask('GET', '/b?email=john@ok.test');
TestVerify::Valkey::stop();
main::ask('DELETE', '/verify?email=john@ok.test');
TestVerify::Valkey::start();
main::up();
main::until_true(sub {
    main::ask('GET', '/b?email=john@ok.test') =~ /"cached":false/ });
--- request
GET /b?email=john@ok.test
--- json
reason: accepted
cached: true
--- smtp_sessions: 2
--- log_allow
is away, this machine goes on by itself



=== TEST 9: what was erased while a machine was away is read from the log
--- init
main::up();
main::found('john');
main::ask('GET', '/b?email=john@ok.test');
my ($name) = map { s/^test:e://r } main::keys_of('e:1:');
TestVerify::Valkey::command('CLIENT', 'KILL', 'TYPE', 'pubsub');
TestVerify::Valkey::command('DEL', "test:e:$name");
TestVerify::Valkey::command('XADD', 'test:erased', '*', 'e', $name);
main::until_true(sub {
    main::ask('GET', '/b?email=john@ok.test') =~ /"cached":false/ });
--- request
GET /verify?email=john@ok.test
--- json
reason: accepted
cached: true
--- smtp_sessions: 2
--- log_allow
is away, this machine goes on by itself



=== TEST 10: without the store each machine goes on by itself
--- init
main::up();
TestVerify::Valkey::stop();
--- request eval
["GET /verify?email=john\@ok.test", "GET /b?email=john\@ok.test",
 "GET /b?email=john\@ok.test"]
--- json
reason: accepted
cached: false
--
reason: accepted
cached: false
--
reason: accepted
cached: true
--- smtp_sessions: 2
--- within: 4s
--- log_allow
is away, this machine goes on by itself



=== TEST 11: and shares again within three seconds of its return
--- init
main::up();
TestVerify::Valkey::stop();
main::ask('GET', '/verify?email=john@ok.test');
Time::HiRes::sleep(2);
TestVerify::Valkey::start();
my $start = Time::HiRes::time();
main::up();
$main::Took = Time::HiRes::time() - $start;
--- request eval
["GET /verify?email=jane\@ok.test", "GET /b?email=jane\@ok.test"]
--- json
reason: accepted
cached: false
--
reason: accepted
cached: true
--- smtp_sessions: 2
--- smtp_check eval
sub { $main::Took < 3 * $TestVerify::Blocks::Slow }
--- log_allow
is away, this machine goes on by itself



=== TEST 12: a store that hangs costs no more than its budget
--- init
main::up();
TestVerify::Valkey::freeze();
--- request eval
["GET /verify?email=john\@ok.test", "GET /b?email=john\@ok.test",
 "GET /b?email=john\@ok.test"]
--- json
reason: accepted
cached: false
--
reason: accepted
cached: false
--
reason: accepted
cached: true
--- smtp_sessions: 2
--- within: 4s
--- smtp_check eval
sub { TestVerify::Valkey::thaw(); 1 }
--- log_allow
is away, this machine goes on by itself



=== TEST 13: what is no entry of ours counts as missing
--- init
main::up();
main::found('john');
for my $key (main::keys_of('e:')) {
    my %h = @{ TestVerify::Valkey::command('HGETALL', $key) };
    TestVerify::Valkey::command('HSET', $key, $_, '5 9999999999 0000000001 x')
        for keys %h;
}
--- request
GET /b?email=john@ok.test
--- json
reason: accepted
cached: false
--- smtp_sessions: 2



=== TEST 14: nor is one that was moved to another name
--- init
main::up();
main::found('jim');
my ($jim) = main::keys_of('e:1:');
main::found('john');
my ($john) = grep { $_ ne $jim } main::keys_of('e:1:');
my %h = @{ TestVerify::Valkey::command('HGETALL', $jim) };
TestVerify::Valkey::command('DEL', $john);
TestVerify::Valkey::command('HSET', $john, %h);
--- request
GET /b?email=john@ok.test
--- json
reason: accepted
cached: false



=== TEST 15: bits that were changed
--- init
main::up();
main::found('jim');
for my $key (main::keys_of('e:')) {
    my %h = @{ TestVerify::Valkey::command('HGETALL', $key) };
    for (keys %h) {
        substr($h{$_}, 60, 1) ^= "\x01";
        TestVerify::Valkey::command('HSET', $key, $_, $h{$_});
    }
}
--- request
GET /b?email=jim@ok.test
--- json
reason: mailbox_not_found
cached: false
--- smtp_sessions: 2



=== TEST 16: neither addresses nor their names are in the store
--- init
main::up();
main::ask('GET', '/verify?email=john@ok.test');
main::ask('GET', '/verify?email=jim@ok.test');
main::until_true(sub { main::keys_of('e:') == 4 });
--- request
GET /b?email=john@ok.test
--- json
cached: true
--- smtp_check eval
sub {
    my $all = join ' ', map {
        my $type = TestVerify::Valkey::command('TYPE', $_);
        ($_, $type eq 'hash'
             ? @{ TestVerify::Valkey::command('HGETALL', $_) } : ())
    } @{ TestVerify::Valkey::command('KEYS', '*') };

    return length $all > 600 && $all !~ /ok\.test|john|jim|mx1|5\.1\.1/;
}



=== TEST 17: a store that was emptied is used again
--- init
main::up();
main::ask('GET', '/verify?email=john@ok.test');
TestVerify::Valkey::command('SCRIPT', 'FLUSH');
TestVerify::Valkey::command('FLUSHALL');
main::ask('GET', '/verify?email=jack@ok.test');
Time::HiRes::sleep(0.5);
main::up();
--- request eval
["GET /verify?email=jane\@ok.test", "GET /b?email=jane\@ok.test"]
--- json
reason: accepted
cached: false
--
reason: accepted
cached: true
--- log_allow
is away, this machine goes on by itself



=== TEST 18: a store that is full is still read
--- init
main::up();
main::found('john');
TestVerify::Valkey::command('CONFIG', 'SET', 'maxmemory', '1');
main::ask('GET', '/verify?email=jim@ok.test');
Time::HiRes::sleep(0.1);
--- request eval
["GET /b?email=john\@ok.test", "GET /b?email=jim\@ok.test"]
--- json
reason: accepted
cached: true
--
reason: mailbox_not_found
cached: false
--- smtp_check eval
sub { TestVerify::Valkey::command('CONFIG', 'SET', 'maxmemory', '0'); 1 }
--- log_allow
the store is full, nothing is added to it



=== TEST 19: the store's answer is not waited for longer than the budget
--- http_config eval
main::fleet('a') =~ s/200ms/50ms/r . main::fleet('b')
--- config eval
$main::Locations . 'location = /status { smtp_verify_status; }'
--- init
main::up();
TestVerify::Valkey::freeze();
--- request eval
["GET /verify?email=john\@ok.test", "GET /status"]
--- json
reason: accepted
--
fleet_late: >= 1
fleet_found: 0
--- no_shape
--- smtp_check eval
sub { TestVerify::Valkey::thaw(); 1 }
--- log_allow
is away, this machine goes on by itself



=== TEST 20: with a password
--- http_config eval
main::fleet('a', 'password secret;') . main::fleet('b', 'password secret;')
--- init
TestVerify::Valkey::command('CONFIG', 'SET', 'requirepass', 'secret');
Time::HiRes::sleep(1.2);
--- request eval
["GET /verify?email=john\@ok.test", "GET /b?email=john\@ok.test"]
--- json
reason: accepted
cached: false
--
reason: accepted
cached: true
--- smtp_check eval
sub { TestVerify::Valkey::stop() }
--- log_allow
is away, this machine goes on by itself



=== TEST 21: with a user of its own, who may use no more than is needed
--- http_config eval
main::fleet('a', 'user edge; password secret;')
. main::fleet('b', 'user edge; password secret;')
--- init
TestVerify::Valkey::command(qw( ACL SETUSER edge reset on >secret ~test:* &test:*
    -@all +evalsha +script|load +hget +hset +hkeys +del +exists +pexpire +pttl
    +time +publish +subscribe +xadd +xrange +set +ping +role ));
Time::HiRes::sleep(1.2);
main::up();
--- request eval
["GET /verify?email=john\@ok.test", "GET /b?email=john\@ok.test"]
--- json
reason: accepted
cached: false
--
reason: accepted
cached: true
--- smtp_sessions: 1
--- log_allow
is away, this machine goes on by itself



=== TEST 22: a wrong password is told
--- http_config eval
main::fleet('a', 'password wrong;') . main::fleet('b')
--- init
Time::HiRes::sleep(0.5);
--- request
GET /verify?email=john@ok.test
--- json
reason: accepted
--- logged
--- log_allow
it refuses the user or password



=== TEST 23: a key is needed
--- must_die
--- http_config
smtp_verify_cache_zone zone=a:1m;
smtp_verify_fleet f { server 127.0.0.1; }
--- error_log
no "key" in fleet "f"



=== TEST 24: which is long
--- must_die
--- http_config
smtp_verify_cache_zone zone=a:1m;
smtp_verify_fleet f { server 127.0.0.1; key /dev/null; }
--- error_log
this is not a regular file



=== TEST 25: a server is needed
--- must_die
--- http_config
smtp_verify_cache_zone zone=a:1m;
smtp_verify_fleet f { key $TEST_NGINX_FLEET_KEY; }
--- error_log
no "server" in fleet "f"



=== TEST 26: and a cache
--- must_die
--- no_zones
--- http_config
smtp_verify_fleet f { server 127.0.0.1; key $TEST_NGINX_FLEET_KEY; }
--- error_log
fleet "f" lacks a cache zone



=== TEST 27: of which each has one fleet
--- must_die
--- http_config
smtp_verify_cache_zone zone=a:1m;
smtp_verify_fleet f { server 127.0.0.1; key $TEST_NGINX_FLEET_KEY; }
smtp_verify_fleet g { server 127.0.0.1; key $TEST_NGINX_FLEET_KEY; }
--- error_log
zone "a" of fleet "g" already has a store behind it



=== TEST 28: TLS has to know whom to trust
--- refused: tls on;
--- error_log
"tls on" needs "ca" in fleet "f"



=== TEST 29: unknown parameters
--- refused: burst 5;
--- error_log
unknown parameter "burst" of a fleet



=== TEST 30: what is less certain does not take the place of what is valid
--- init
main::up();
my $now = int time;
my $end = $now + 1000;
@main::Put = (main::put(3, $end, $now - 10), main::put(1, $end, $now),
              main::put(3, $end, $now - 20), main::put(3, $end, $now - 5),
              main::put(5, $now - 1, $now - 5), main::put(1, $end, $now - 9));
--- request
GET /b?email=john@ok.test
--- json
reason: accepted
--- smtp_check eval
sub { join(' ', map { $_ ? 1 : 0 } @main::Put) eq '1 0 0 1 1 1' }



=== TEST 31: over TLS
--- http_config eval
main::patient(join '', map {
    main::fleet($_, 'tls on; ca $TEST_NGINX_VALKEY_CA;')
        =~ s/server \S+;/server localhost:\$TEST_NGINX_VALKEY_TLS;/r
} 'a', 'b')
--- init
main::up();
--- request eval
["GET /verify?email=john\@ok.test", "GET /b?email=john\@ok.test"]
--- json
reason: accepted
cached: false
--
reason: accepted
cached: true
--- smtp_sessions: 1



=== TEST 32: a certificate of another name is not trusted
--- http_config eval
main::patient(main::fleet('a', 'tls on; ca $TEST_NGINX_VALKEY_CA;')
            =~ s/server \S+;/server 127.0.0.1:\$TEST_NGINX_VALKEY_TLS;/r
        . main::fleet('b'))
--- init
main::up(1);
Time::HiRes::sleep(0.5);
--- request eval
["GET /verify?email=john\@ok.test", "GET /b?email=john\@ok.test"]
--- json
reason: accepted
cached: false
--
reason: accepted
cached: false
--- log_allow
its certificate is not trusted



=== TEST 33: nor one of another authority
--- http_config eval
main::patient(main::fleet('a', 'tls on; ca ' . main::other_ca() . ';')
            =~ s/server \S+;/server localhost:\$TEST_NGINX_VALKEY_TLS;/r
        . main::fleet('b'))
--- init
main::up(1);
Time::HiRes::sleep(0.5);
--- request eval
["GET /verify?email=john\@ok.test", "GET /b?email=john\@ok.test"]
--- json
reason: accepted
cached: false
--
reason: accepted
cached: false
--- log_allow
its certificate is not trusted
the TLS handshake failed
SSL_do_handshake() failed



=== TEST 34: health and the metric warn while the store is away
--- config eval
$main::Locations . '
    location = /health { smtp_verify_health; }
    location = /metrics { smtp_verify_metrics; }
    location = /readyz { smtp_verify_health; }'
--- init
main::up();
$main::Well = main::ask('GET', '/health');
$main::One = main::ask('GET', '/metrics');
TestVerify::Valkey::stop();
main::until_true(sub {
    main::ask('GET', '/health') =~ /"check":"fleet"[^}]*"status":"warn"/ });
$main::Away = main::ask('GET', '/health');
$main::Ready = main::ask('GET', '/readyz');
$main::Two = main::ask('GET', '/metrics');
TestVerify::Valkey::start();
main::up();
--- request
GET /b?email=john@ok.test
--- json
reason: accepted
--- smtp_check eval
sub {
    return $main::Well =~ /"check":"fleet"[^}]*"status":"pass"[^}]*fleet a/
           && $main::Away =~ /fleet b is away .*: this machine goes on by itself/
           && $main::Ready =~ m{^HTTP/1.1 200}
           && $main::One =~ /audit_status\{check="fleet",fleet="a"\} 1$/m
           && $main::One !~ /safe_share/
           && $main::Two =~ /audit_status\{check="fleet",fleet="b"\} 2$/m
}
--- log_allow
is away, this machine goes on by itself



=== TEST 35: an erasure that was sent is sent again if the store dies before it
--- init
main::up();
TestVerify::Valkey::freeze();
main::ask('DELETE', '/verify?email=john@ok.test');
Time::HiRes::sleep(0.1);
TestVerify::Valkey::stop();
TestVerify::Valkey::start();
main::up();
main::until_true(sub { TestVerify::Valkey::command('XLEN', 'test:erased') });
$main::Erased = TestVerify::Valkey::command('XLEN', 'test:erased');
--- request
GET /verify?email=john@ok.test
--- json
reason: accepted
--- smtp_check eval
sub { $main::Erased > 0 }
--- log_allow
is away, this machine goes on by itself



=== TEST 36: a full store erases, tells others, and logs it when it can
--- init
main::up();
main::found('john');
main::ask('GET', '/b?email=john@ok.test');
TestVerify::Valkey::command('CONFIG', 'SET', 'maxmemory', '1');
main::ask('GET', '/verify?email=jane@ok.test');
main::ask('DELETE', '/verify?email=john@ok.test');
main::until_true(sub { main::keys_of('e:1:') == 0 });
$main::Kept = main::keys_of('e:1:');
$main::Told = main::until_true(sub {
    main::ask('GET', '/b?email=john@ok.test') =~ /"cached":false/ });
TestVerify::Valkey::command('CONFIG', 'SET', 'maxmemory', '0');
main::until_true(sub { TestVerify::Valkey::command('XLEN', 'test:erased') });
$main::Erased = TestVerify::Valkey::command('XLEN', 'test:erased');
--- request
GET /verify?email=john@ok.test
--- json
reason: accepted
--- smtp_check eval
sub { $main::Kept == 0 && $main::Told && $main::Erased > 0 }
--- log_allow
the store is full, nothing is added to it



=== TEST 37: an erasure of another address does not make a wait useless
--- init
main::up();
TestVerify::Clients::start('/verify?email=john@ok.test');
TestVerify::Clients::start('/b?email=john@ok.test', after => 0.3);
Time::HiRes::sleep(0.6);
main::ask('DELETE', '/b?email=jane@ok.test');
--- smtp
mx1 11 pipelining users=john
    rcpt john@*: wait 1500ms ; default
--- request
GET /b?email=john@ok.test
--- json
reason: accepted
cached: true
--- smtp_sessions: 1



=== TEST 38: a user has a password
--- refused: user edge;
--- error_log
"user" needs "password" in fleet "f"



=== TEST 39: a prefix is short, also the one that is made of the name
--- must_die
--- http_config eval
"smtp_verify_cache_zone zone=a:1m;
smtp_verify_fleet " . 'f' x 200 . " {
    server 127.0.0.1; key \$TEST_NGINX_FLEET_KEY;
}"
--- error_log
has more than 128 octets



=== TEST 40: parts have known names
--- refused: parts cache job;
--- error_log
"parts" of a fleet may have "cache", "throttle" and "jobs"



=== TEST 41: and are named once
--- refused: parts cache cache;
--- error_log
"parts" of a fleet names a part twice



=== TEST 42: without the part "cache" no cache is shared
--- http_config eval
main::patient("smtp_verify_throttle_zone zone=t:1m;\n"
    . (main::fleet('a', 'parts throttle;') =~ s/zones a/zones a t/r)
    . main::fleet('b'))
--- init
main::up();
--- request eval
["GET /verify?email=john\@ok.test", "GET /b?email=john\@ok.test"]
--- json
reason: accepted
cached: false
--
reason: accepted
cached: false



=== TEST 43: a claim whose end does not reach the store holds nobody up
--- init
main::up();
TestVerify::Clients::start('/verify?email=john@ok.test');
main::until_true(sub { main::keys_of('c:') });
TestVerify::Valkey::freeze();
TestVerify::Clients::answers();
TestVerify::Valkey::thaw();
main::up();
main::until_true(sub { !main::keys_of('alive:\w+\.00000001') });
--- smtp
mx1 11 pipelining users=john
    rcpt@1 john@*: wait 4s ; default
--- request
GET /b?email=john@ok.test
--- json
reason: accepted
cached: false
--- within: 3s
--- smtp_sessions: 2
--- log_allow
is away, this machine goes on by itself



=== TEST 44: a store that returns without its user is told, and health says so
--- http_config eval
main::fleet('a', 'user edge; password secret;') . main::fleet('b')
--- config eval
$main::Locations . '
    location = /health { smtp_verify_health; }'
--- init
$main::User = sub {
    TestVerify::Valkey::command(qw( ACL SETUSER edge on >secret ~* &* +@all ));
};
$main::User->();
main::up();
TestVerify::Valkey::stop();
main::until_true(sub {
    main::ask('GET', '/health') =~ /fleet a is away \(.*: connect/ });
$main::Gone = main::ask('GET', '/health');
TestVerify::Valkey::start();
main::until_true(sub {
    main::ask('GET', '/health') =~ /fleet a is away \(.*: it refuses the user/ });
$main::Refused = main::ask('GET', '/health');
$main::User->();
main::up();
$main::Well = main::ask('GET', '/health');
--- request
GET /b?email=john@ok.test
--- json
reason: accepted
--- smtp_check eval
sub {
    return $main::Gone =~ /fleet a is away \(.*: [a-z]/
           && $main::Refused
              =~ /fleet a is away \(.*: it refuses the user or password\): this/
           && $main::Well !~ /is away/
}
--- error_log eval
qr/\[warn\] .*fleet "a": the store at .* itself: it refuses the user/
--- log_allow
is away, this machine goes on by itself



=== TEST 45: keys of other types are taken away
--- init
main::up();
main::ask('GET', '/verify?email=john@ok.test');
main::until_true(sub { main::keys_of('e:') >= 3 });
main::poison('test:erased', main::keys_of('e:'));
main::ask('DELETE', '/verify?email=john@ok.test');
main::until_true(sub {
    main::ask('GET', '/b?email=john@ok.test') =~ /"cached":false/ });
Time::HiRes::sleep(2);
--- request eval
["GET /b?email=jane\@ok.test", "GET /verify?email=jane\@ok.test"]
--- json
cached: false
--
cached: true
--- smtp_check eval
sub {
    my ($text) = map { $_->[1][1] }
        @{ TestVerify::Valkey::command('XRANGE', 'test:erased', '-', '+') };
    return $text =~ /^1:\w{32}\z/;
}



=== TEST 46: entries and logs that are too large are not read
--- init
main::up();
main::ask('GET', '/verify?email=john@ok.test');
main::until_true(sub { main::keys_of('e:') >= 3 });
for my $key (main::keys_of('e:1:')) {
    TestVerify::Valkey::command('HSET', $key, $_, '5 9999999999 0000000001 '
                                . 'x' x 600_000)
        for @{ TestVerify::Valkey::command('HKEYS', $key) };
}
TestVerify::Valkey::command('XADD', 'test:erased', '*', 'e', 'x' x 600_000);
TestVerify::Valkey::command('CLIENT', 'KILL', 'TYPE', 'normal');
Time::HiRes::sleep(2);
--- request eval
["GET /b?email=john\@ok.test", "GET /verify?email=jane\@ok.test",
 "GET /b?email=jane\@ok.test"]
--- json
cached: false
--
cached: false
--
cached: true
--- log_allow
it closed the connection



=== TEST 47: a log that takes nothing more
--- init
main::up();
TestVerify::Valkey::command('XADD', 'test:erased',
    '18446744073709551615-18446744073709551615', 'e', 'x');
main::found('john');
main::ask('GET', '/b?email=john@ok.test');
main::ask('DELETE', '/verify?email=john@ok.test');
main::until_true(sub {
    main::ask('GET', '/b?email=john@ok.test') =~ /"cached":false/ });
--- request
GET /b?email=john@ok.test
--- json
cached: true
--- smtp_check eval
sub { TestVerify::Valkey::command('XLEN', 'test:erased') == 1 }



=== TEST 48: words of the block are given once
--- refused: user a; user b; password c;
--- error_log
"user" of a fleet is duplicate



=== TEST 49: and are not empty
--- refused: prefix "";
--- error_log
"prefix" of a fleet is empty



=== TEST 50: a time is short
--- refused: timeout 2s;
--- error_log
"timeout" of a fleet has to be a time from 1ms to 1s



=== TEST 51: and a time
--- refused: timeout soon;
--- error_log
"timeout" of a fleet invalid value



=== TEST 52: a flag is one
--- refused: tls yes;
--- error_log
invalid value "yes" in "tls" directive



=== TEST 53: each has its number of values
--- refused: user a b; password c;
--- error_log
invalid number of arguments in "user" of a fleet



=== TEST 54: or some
--- refused: server;
--- error_log
invalid number of arguments in "server" of a fleet



=== TEST 55: a zone that is named has to be there
--- refused: zones a b;
--- error_log
zone "b" of fleet "f" is neither a cache zone nor a throttle zone



=== TEST 56: also where there is no cache
--- must_die
--- http_config
smtp_verify_throttle_zone zone=t:1m;
smtp_verify_fleet f {
    server 127.0.0.1; key $TEST_NGINX_FLEET_KEY; parts throttle; zones t b;
}
--- error_log
zone "b" of fleet "f" is neither a cache zone nor a throttle zone
