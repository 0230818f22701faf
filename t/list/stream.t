# Lists: what is written and read at the same time, and what is not.

use lib 't/lib';
use TestVerify 'no_plan';
use TestVerify::Stream;

master_on();

add_block_preprocessor(sub {
    my ($block) = @_;

    my $more = $block->verify // '';

    $block->set_value(config => "location = /batch {\n"
        . "smtp_verify_batch;\n$more\n}\n"
        . "location = /idle { return 204; }\n");

    $block->set_value(request => 'GET /idle');
    $block->set_value(error_code => 204);
});

sub post { TestVerify::Stream::post(@_) }
sub client { $TestVerify::Stream::Last }
sub results { TestVerify::Stream::results(client()) }
sub quick_results { TestVerify::Stream::quick_results(client()) }

# of the results by what was asked, "reason number, reason number"

sub reasons
{
    my ($by) = @_;
    my %n;

    $n{ $_->{reason} // $_->{error} }++ for values %{ $by->{result} };

    return join ', ', map { "$_ $n{$_}" } sort keys %n;
}

# how many recipients the servers were asked for

sub asked
{
    return scalar map { map { grep { /^RCPT/ } @{ $_->{d} } }
                        grep { $_->{e} eq 'turn' } @{ $_->{events} } }
        @{ TestVerify::SMTP::seen() };
}

run_tests();

__DATA__

=== TEST 1: the first line leaves while the body is being read
--- smtp
mx1 11 pipelining users=john,jane
--- init
main::post('/batch', body => [ "john\@ok.test\n",
    sub { @{ $_[0]{lines} } }, "jane\@ok.test\n" ]);
--- smtp_check eval
sub {
    my $by = main::results();

    return main::reasons($by) eq 'accepted 2' && $by->{summary}{complete};
}



=== TEST 2: in chunks, too
--- smtp
mx1 11 pipelining users=john,jane
--- init
main::post('/batch', chunked => 1, type => 'application/x-ndjson',
    body => [ '{"email":"jo', "hn\@ok.test\"}\n",
    sub { @{ $_[0]{lines} } }, "\"jane\@ok.test\"" ]);
--- smtp_check eval
sub {
    my $by = main::results();

    return main::reasons($by) eq 'accepted 2' && $by->{summary}{complete}
           && main::client()->{whole};
}



=== TEST 3: who reads only after all was written is answered
--- smtp
mx1 11
--- init
my $lines = join '', map { "line $_ is no address\n" } 1 .. 30000;
main::post('/batch', late => 1, within => 60,
    body => [ $lines ]);
--- verify
client_max_body_size 2m;
--- smtp_check eval
sub {
    my $by = main::quick_results();
    my $n = () = grep { $by->{result}{$_ - 1}{email}
                        eq "line $_ is no address" } 1 .. 30000;

    return $n == 30000 && $by->{summary}{complete};
}



=== TEST 4: in their order, too
--- smtp
mx1 11
--- init
my $lines = join '', map { "line $_ is no address\n" } 1 .. 5000;
main::post('/batch?ordered=1', body => [ $lines ]);
--- verify
smtp_verify_batch_window 10;
--- smtp_check eval
sub {
    my $by = main::quick_results();

    return "@{ $by->{order} }" eq CORE::join(' ', 0 .. 4999);
}



=== TEST 5: a client that stops reading stops the probing
--- http_config
server {
    listen 127.0.0.1:$TEST_NGINX_DNS_PORT sndbuf=16k;
    location = /batch {
        smtp_verify_batch;
        smtp_verify_batch_probes 20;
        smtp_verify_batch_domain_probes 20;
        smtp_verify_keepalive 1000 rejects=1000;
        smtp_verify_catch_all off;
        send_timeout 10s;
    }
}
--- smtp
mx1 11 pipelining accept
--- linger: 8s
--- init
my $until;
main::post('/batch', port => $ENV{TEST_NGINX_DNS_PORT}, rcvbuf => 4096,
    within => 60,
    body => [ map { "user$_\@ok.test\n" } 1 .. 1500 ], each => sub {
        my ($c) = @_;

        if (!$until && @{ $c->{lines} }) {
            $c->{hold} = 1;
            $until = Time::HiRes::time() + 3;
        }

        if ($c->{hold} && Time::HiRes::time() > $until) {
            my $asked = main::asked();

            $until += 1;
            $c->{close} = 1 if defined $c->{asked} && $c->{asked} == $asked;
            $c->{asked} = $asked;
        }
    });
--- smtp_check eval
sub {
    my $asked = main::client()->{asked};

    return main::client()->{close} && $asked && $asked < 1000;
}



=== TEST 6: one that goes away ends it
--- smtp
mx1 11 pipelining accept
    rcpt *: wait 100ms ; default
--- verify
smtp_verify_batch_domain_probes 2;
--- init
main::post('/batch', body => [ TestVerify::Stream::many(200, 'ok.test') ],
    each => sub { $_[0]{close} = @{ $_[0]{lines} } });
--- smtp_check eval
sub { @{ $_[0] } && @{ $_[0] } < 100 }



=== TEST 7: one that goes away in the middle of its list
--- smtp
mx1 11 pipelining accept
--- init
main::post('/batch', length => 1000, body => [ "john\@ok.test\n" ],
    each => sub { $_[0]{close} = @{ $_[0]{lines} } });
--- smtp_check eval
sub { main::reasons(main::results()) =~ /^\w+ 1$/ }



=== TEST 8: something is said while nothing happens
--- smtp
mx1 11 pipelining users=john
    rcpt *: wait 2s ; default
--- verify
smtp_verify_batch_heartbeat 300ms;
smtp_verify_read_timeout 4s;
--- init
main::post('/batch', body => [ "john\@ok.test\n" ]);
--- smtp_check eval
sub {
    my $by = main::results();

    return @{ $by->{heartbeats} } >= 3
           && $by->{heartbeats}[0]{lines} == 1
           && $by->{heartbeats}[0]{answered} == 0
           && main::reasons($by) eq 'accepted 1';
}



=== TEST 9: in CSV that is an empty line
--- smtp
mx1 11 pipelining users=john
    rcpt john@*: wait 2s ; default
--- verify
smtp_verify_batch_heartbeat 300ms;
smtp_verify_read_timeout 4s;
--- init
main::post('/batch?format=csv', body => [ "no address\njohn\@ok.test\n" ]);
--- smtp_check eval
sub {
    my @lines = @{ main::client()->{lines} };

    return $lines[0] =~ /^index,/ && $lines[1] =~ /^0,no address,/
           && $lines[-1] =~ /^# summary / && (grep { $_ eq '' } @lines) >= 3;
}



=== TEST 10: a reload in the middle loses no line
--- smtp
mx1 11 pipelining accept
    rcpt *: wait 50ms ; 550 5.1.1 No such user
--- verify
smtp_verify_batch_domain_probes 3;
--- init
my $done;
main::post('/batch', body => [ TestVerify::Stream::many(20, 'ok.test'),
        sub { $done }, TestVerify::Stream::many(20, 'ok.test') =~ s/user/x/gr
    ], each => sub {
        if (!$done && @{ $_[0]{lines} } >= 5) {
            $done = kill 'HUP', TestVerify::Nginx::pid();
        }
    });
--- smtp_check eval
sub {
    my $by = main::results();

    return main::reasons($by) eq 'mailbox_not_found 40'
           && $by->{summary}{complete};
}



=== TEST 11: worker_shutdown_timeout cuts it: it is said where
--- main_config
worker_shutdown_timeout 2s;
--- smtp
mx1 11 pipelining accept
    rcpt *: wait 300ms ; 550 5.1.1 No such user
--- verify
smtp_verify_batch_domain_probes 2;
smtp_verify_batch_window 10;
--- init
my $done;
main::post('/batch', body => [ TestVerify::Stream::many(200, 'ok.test') ],
    each => sub {
        if (!$done && @{ $_[0]{lines} } >= 5) {
            $done = kill 'HUP', TestVerify::Nginx::pid();
        }
    });
--- smtp_check eval
sub {
    my $by = main::results();
    my $summary = $by->{summary} or return 0;
    my ($index, $offset) = @{ $summary->{resume} }{qw( index offset )};

    my @early = grep { ($by->{result}{$_}{reason} // '')
                       ne 'mailbox_not_found' } 0 .. $index - 1;
    my @lost = grep { !$by->{result}{$_} } 0 .. $summary->{lines} - 1;

    return $summary->{error} eq 'interrupted' && !$summary->{complete}
           && !@early && !@lost && $index >= 5
           && $summary->{reason}{interrupted} >= 2
           && substr(TestVerify::Stream::many(200, 'ok.test'), $offset)
              =~ /^user${\($index + 1)}\@/;
}



=== TEST 12: a body that comes too slowly
--- smtp
mx1 11 pipelining users=john
--- verify
client_body_timeout 1s;
--- init
main::post('/batch', length => 1000,
    body => [ "john\@ok.test\njane\@ok" ]);
--- smtp_check eval
sub {
    my $by = main::results();

    return main::reasons($by) eq 'accepted 1'
           && $by->{summary}{error} eq 'body_timeout'
           && $by->{summary}{resume}{offset} == 13;
}



=== TEST 13: a body that is too large, in the middle
--- smtp
mx1 11 pipelining users=john
--- verify
client_max_body_size 1k;
--- init
main::post('/batch', chunked => 1, body => [ "john\@ok.test\n",
    sub { @{ $_[0]{lines} } }, "x" x 2000 ]);
--- smtp_check eval
sub {
    my $by = main::results();

    return main::reasons($by) eq 'accepted 1'
           && $by->{summary}{error} eq 'body_too_large'
           && $by->{summary}{resume}{index} == 1;
}



=== TEST 14: broken chunks, in the middle
--- smtp
mx1 11 pipelining users=john
--- init
main::post('/batch', chunked => 1, unfinished => 1, body => [
    "john\@ok.test\n", sub { @{ $_[0]{lines} } }, \"xyz\r\n" ]);
--- smtp_check eval
sub {
    my $by = main::results();

    return main::reasons($by) eq 'accepted 1'
           && $by->{summary}{error} eq 'malformed_request';
}



=== TEST 15: a megabyte without an end, a million levels
--- smtp
mx1 11 pipelining users=john
--- init
main::post('/batch', type => 'application/x-ndjson', body => [
    'x' x 1e6, "\n", '[' x 1e6, "\n", '{"a":' x 2e5, "\n",
    "\"john\@ok.test\"\n" ]);
--- verify
client_max_body_size 8m;
--- smtp_check eval
sub {
    my $by = main::results();

    return main::reasons($by) eq 'accepted 1, line_too_long 3'
           && $by->{result}{3}{email} eq 'john@ok.test';
}



=== TEST 16: a million levels within an array
--- smtp
mx1 11 pipelining users=john
--- init
main::post('/batch', type => 'application/json', body => [
    '["john@ok.test",', '[' x 1e6, ']' x 1e6, ',"john@ok.test",',
    '[' x 1e6 ]);
--- verify
client_max_body_size 8m;
--- smtp_check eval
sub {
    my $by = main::results();

    return main::reasons($by) eq 'accepted 2, line_too_long 1'
           && $by->{summary}{error} eq 'malformed_request';
}



=== TEST 17: bytes one by one
--- smtp
mx1 11 pipelining users=john
--- init
main::post('/batch', chunked => 1, type => 'application/json',
    body => [ split //, '["john@ok.test", {"email":"jane@ok.test"}]' ]);
--- smtp_check eval
sub {
    my $by = main::results();

    return main::reasons($by) eq 'accepted 1, mailbox_not_found 1'
           && $by->{summary}{complete};
}



=== TEST 18: HTTP/2
--- http_config
server {
    listen 127.0.0.1:$TEST_NGINX_DNS_PORT http2;
    client_max_body_size 4m;
    location = /batch { smtp_verify_batch; }
}
--- smtp
mx1 11 pipelining users=john
--- init
my $file = "$TestVerify::Env::Dir/slot-$TestVerify::Env::Slot/list";
open my $out, '>', $file;
print $out "line $_ is no address\n" for 1 .. 5000;
print $out "john\@ok.test\n";
close $out;
my $url = "http://127.0.0.1:$ENV{TEST_NGINX_DNS_PORT}/batch";
my $curl = "curl -sN --max-time 30 --http2-prior-knowledge"
    . " -H 'Content-Type: text/plain'";
$TestVerify::Stream::Last = {
    lines => [ split /\n/, `$curl --data-binary \@$file $url` ],
    chunked => [ split /\n/, `$curl -T - -X POST $url < $file` ],
};
--- smtp_check eval
sub {
    my $by = main::quick_results();
    my $too = TestVerify::Stream::quick_results(
                                  { lines => main::client()->{chunked} });

    return main::reasons($by) eq 'accepted 1, invalid_syntax 5000'
           && main::reasons($too) eq 'accepted 1, invalid_syntax 5000'
           && $by->{summary}{complete} && $too->{summary}{complete};
}



=== TEST 19: HTTP/2, one that goes away
--- http_config
server {
    listen 127.0.0.1:$TEST_NGINX_DNS_PORT http2;
    location = /batch {
        smtp_verify_batch;
        smtp_verify_batch_domain_probes 2;
    }
}
--- smtp
mx1 11 pipelining accept
    rcpt *: wait 300ms ; default
--- init
my $file = "$TestVerify::Env::Dir/slot-$TestVerify::Env::Slot/list";
open my $out, '>', $file;
print $out TestVerify::Stream::many(200, 'ok.test');
close $out;
my $url = "http://127.0.0.1:$ENV{TEST_NGINX_DNS_PORT}/batch";
`curl -sN --max-time 1 --http2-prior-knowledge -H 'Content-Type: text/plain' --data-binary \@$file $url`;
--- smtp_check eval
sub { @{ $_[0] } && @{ $_[0] } < 100 }



=== TEST 20: nothing else waits for a list
--- smtp
mx1 11 pipelining accept
    rcpt *: 450 4.2.0 Greylisted, try again in 600 seconds
--- verify
smtp_verify_batch_timeout 1h;
--- init
my $done;
main::post('/batch', body => [ "john\@ok.test\n",
    sub { $done && Time::HiRes::time() > $done + 1 } ], each => sub {
        my ($c) = @_;
        $done = Time::HiRes::time() if !$done && main::asked();
        kill 'HUP', TestVerify::Nginx::pid() if $done && !$c->{told}++;
    });
--- smtp_check eval
sub {
    return main::reasons(main::results()) eq 'greylisted 1'
           && main::client()->{took} < 15;
}



=== TEST 21: the wait of a list holds for those put back while it was read
--- smtp
mx1 11 pipelining users=jane
    rcpt john@*: 450 4.2.0 Greylisted, try again in 600 seconds
--- init
main::post('/batch?wait=2', within => 8, body => [ "john\@ok.test\n",
    sub { main::asked() && Time::HiRes::time() > $_[0]{start} + 1 },
    "jane\@ok.test\n" ]);
--- smtp_check eval
sub {
    my $by = main::results();

    return main::reasons($by) eq 'accepted 1, greylisted 1'
           && $by->{summary}{complete} && !$by->{summary}{retried};
}



=== TEST 22: of several that were put back, those in time are asked again
--- smtp
mx1 11 pipelining users=early,late,never,last
    rcpt#1@1 early@*: 450 4.2.0 Greylisted, try again in 1 second
    rcpt#1 never@*: 450 4.2.0 Greylisted, try again in 600 seconds
    rcpt#1@3 late@*: 450 4.2.0 Greylisted, try again in 3 seconds
--- verify
smtp_verify_batch_domain_probes 1;
smtp_verify_keepalive off;
--- init
main::post('/batch?wait=4', within => 15, body => [
    "early\@ok.test\nnever\@ok.test\nlate\@ok.test\n",
    sub { main::asked() >= 3 }, "last\@ok.test\n" ]);
--- smtp_check eval
sub {
    my $by = main::results();

    return main::reasons($by) eq 'accepted 3, greylisted 1'
           && $by->{result}{1}{reason} eq 'greylisted'
           && $by->{order}[1] == 1 && $by->{summary}{retried} == 2;
}



=== TEST 23: the wait begins when all were asked once
--- not_slower
--- smtp
mx1 11 pipelining users=john
    rcpt#1@1 john@*: 450 4.2.0 Greylisted, try again in 3 seconds
    rcpt slow@*: wait 2500ms ; default
--- verify
smtp_verify_batch_domain_probes 1;
smtp_verify_read_timeout 4s;
--- init
main::post('/batch?wait=2', within => 15,
    body => [ "john\@ok.test\nslow\@ok.test\n" ]);
--- smtp_check eval
sub {
    my $by = main::results();

    return main::reasons($by) eq 'accepted 1, mailbox_not_found 1'
           && $by->{summary}{retried} == 1;
}



=== TEST 24: of a body without an end they are asked when their time has come
--- smtp
mx1 11 pipelining users=john,jane
    rcpt#1@1 john@*: 450 4.2.0 Greylisted, try again in 1 second
--- init
main::post('/batch', within => 10, chunked => 1, body => [ "john\@ok.test\n",
    sub { @{ $_[0]{lines} } }, "jane\@ok.test\n" ]);
--- smtp_check eval
sub {
    my $by = main::results();

    return main::reasons($by) eq 'accepted 2' && $by->{order}[0] == 0
           && $by->{summary}{complete} && $by->{summary}{retried} == 1;
}



=== TEST 25: a client that goes away while its addresses wait ends that
--- smtp
mx1 11 pipelining
    rcpt *: 450 4.2.0 Greylisted, try again in 2 seconds
--- init
my $asked;
main::post('/batch?wait=60', chunked => 1, body => [ "john\@ok.test\n",
    sub { main::asked() }, "jane\@ok.test\n" ], each => sub {
        $asked //= Time::HiRes::time() if main::asked() == 2;
        $_[0]{close} = $asked && Time::HiRes::time() > $asked + 0.5;
    });
sleep 3;
--- smtp_check eval
sub { main::client()->{close} && main::asked() == 2 }



=== TEST 26: one that waits is told what was found when its worker is stopped
--- main_config
worker_shutdown_timeout 20s;
--- smtp
mx1 11 pipelining
    rcpt *: 450 4.2.0 Greylisted, try again in 600 seconds
--- init
my $asked;
main::post('/batch', within => 8, chunked => 1, body => [ "john\@ok.test\n",
    sub { @{ $_[0]{lines} } } ], each => sub {
        my ($c) = @_;
        $asked = main::asked() if !$asked;
        kill 'HUP', TestVerify::Nginx::pid() if $asked && !$c->{told}++;
    });
--- smtp_check eval
sub {
    return main::reasons(main::results()) eq 'greylisted 1'
           && main::client()->{took} < 6;
}



=== TEST 27: the time of a list ends the waiting, too
--- not_slower
--- smtp
mx1 11 pipelining
    rcpt *: 450 4.2.0 Greylisted, try again in 2 seconds
--- verify
smtp_verify_batch_timeout 4s;
--- init
main::post('/batch?wait=600', within => 10, chunked => 1, body => [
    "john\@ok.test\n", sub { 0 } ]);
--- smtp_check eval
sub {
    my $by = main::results();

    return main::reasons($by) eq 'greylisted 1'
           && $by->{summary}{error} eq 'timeout'
           && $by->{summary}{retried} == 1
           && $by->{summary}{resume}{index} == 1;
}
