# What ends while something else still counts on it.

use lib 't/lib';
use TestVerify 'no_plan';
use TestVerify::Clients;

master_on();
run_tests();


# a client that goes away by a reset, so long after it asked

package Rude;

use IO::Socket::INET;
use Socket;
use Time::HiRes qw( sleep );

our $answer;


sub ask
{
    my ($text, $after) = @_;

    my $sock = IO::Socket::INET->new(PeerAddr => '127.0.0.1',
        PeerPort => $TestVerify::Env::HttpPort) or die "connect: $!\n";

    syswrite $sock, $text;
    sleep $after;
    setsockopt $sock, SOL_SOCKET, SO_LINGER, pack 'ii', 1, 0;
    close $sock;
}


# asks while the worker is stopped, which then finds the request before what a
# server has said meanwhile

sub busy
{
    my ($path, $next, $stopped) = @_;

    my $sock = IO::Socket::INET->new(PeerAddr => '127.0.0.1',
        PeerPort => $TestVerify::Env::HttpPort) or die "connect: $!\n";

    syswrite $sock, "GET $path HTTP/1.1\r\nHost: x\r\n\r\n";
    sysread $sock, my $got, 65536;

    my ($worker) = $got =~ /^X-Pid: (\d+)/m or die "no worker: $got\n";

    kill STOP => $worker;
    sleep 0.1;
    syswrite $sock, "GET $next HTTP/1.1\r\nHost: x\r\n\r\n";
    sleep $stopped;
    kill CONT => $worker;

    sysread $sock, $answer, 65536;
}


package main;

__DATA__

=== TEST 1: a client that goes away, and post_action
--- config
location = /verify {
    smtp_verify;
}
location = /left {
    smtp_verify;
    post_action /after;
}
location = /after {
    proxy_pass http://$TEST_NGINX_NET.12:$TEST_NGINX_SMTP_PORT;
    proxy_read_timeout 1s;
}
--- smtp
mx1 11 pipelining users=john
    rcpt@1 *: wait 400ms ; default
web 12
    connect: hang
--- dns
+default
ok.test MX 10 mx1.ok.test
--- init
Rude::ask("POST /left HTTP/1.1\r\nHost: x\r\nContent-Type: application/json"
          . "\r\nContent-Length: 24\r\n\r\n{\"email\":\"jane\@ok.test\"}", 0.2);
select undef, undef, undef, 0.8;
--- address: john@ok.test
--- json
reason: accepted



=== TEST 2: the same with a list
--- config
location = /verify {
    smtp_verify;
}
location = /batch {
    smtp_verify_batch;
    post_action /after;
}
location = /after {
    proxy_pass http://$TEST_NGINX_NET.12:$TEST_NGINX_SMTP_PORT;
    proxy_read_timeout 1s;
}
--- smtp
mx1 11 pipelining users=john
    rcpt@1 *: wait 400ms ; default
web 12
    connect: hang
--- dns
+default
ok.test MX 10 mx1.ok.test
--- init
Rude::ask("POST /batch HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\n"
          . "Content-Length: 13\r\n\r\njane\@ok.test\n", 0.2);
select undef, undef, undef, 0.8;
--- address: john@ok.test
--- json
reason: accepted



=== TEST 3: the same with a gate, which the page behind has, too
--- config
smtp_verify_gate $http_email;
location = /verify {
    smtp_verify;
}
location = /gate {
    alias $TEST_NGINX_SERVROOT/html/index.html;
    post_action /after;
}
location = /after {
    proxy_pass http://$TEST_NGINX_NET.12:$TEST_NGINX_SMTP_PORT;
    proxy_read_timeout 1s;
}
--- smtp
mx1 11 pipelining users=john
    rcpt@1 *: wait 400ms ; default
web 12
    connect: hang
--- dns
+default
ok.test MX 10 mx1.ok.test
--- init
Rude::ask("GET /gate HTTP/1.1\r\nHost: x\r\nEmail: jane\@ok.test\r\n\r\n", 0.2);
select undef, undef, undef, 0.8;
--- address: john@ok.test
--- json
reason: accepted



=== TEST 4: two of a domain in one page, whose client is gone
--- config
location = /verify {
    smtp_verify;
    smtp_verify_ignore_client_abort on;
}
location = /page {
    ssi on;
    postpone_output 0;
    default_type text/html;
    alias $TEST_NGINX_SERVROOT/html/page.html;
}
--- user_files
>>> page.html
<!--#include virtual="/verify?email=mary@ok.test" -->
<!--#include virtual="/verify?email=john@ok.test" -->
--- smtp
mx1 11 pipelining users=john,mary
    rcpt mary@*: wait 200ms ; default
    rcpt#2: wait 400ms ; default
--- init
Rude::ask("GET /page HTTP/1.1\r\nHost: x\r\n\r\n", 0.1);
select undef, undef, undef, 0.8;
--- address: john@ok.test
--- json
reason: accepted



=== TEST 5: what a server says unasked, just before a kept session is used
--- not_slower
--- http_config
smtp_verify_cache_zone zone=results:1m;
smtp_verify_cache results;
--- verify
smtp_verify_keepalive 8 timeout=5s;
add_header X-Pid $pid;
--- smtp
mx1 11 pipelining users=john
    rcpt#2@1: default ; flush ; wait 500ms ; 250 2.0.0 Ok
    rcpt#3@1: wait 400ms ; default
--- init
Rude::busy('/verify?email=john@ok.test', '/verify?email=jane@ok.test', 0.8);
--- address: john@ok.test
--- json
reason: accepted
--- linger: 6s
--- smtp_check eval: sub { $Rude::answer =~ /"reason":"mailbox_not_found"/ }



=== TEST 6: two that wait for one name, in a page whose client is gone
--- not_slower
--- config
location = /verify {
    smtp_verify;
    smtp_verify_ignore_client_abort on;
}
location = /page {
    ssi on;
    postpone_output 0;
    default_type text/html;
    alias $TEST_NGINX_SERVROOT/html/page.html;
}
--- user_files
>>> page.html
<!--#include virtual="/verify?email=mary@late.test" -->
<!--#include virtual="/verify?email=john@gone.test" -->
--- smtp
mx1 11 pipelining users=john,mary
--- dns
+default
gone.test MX 10 mx.gone.test
late.test MX 10 mx.gone.test
late.test MX ! delay 200ms
mx.gone.test A ! delay 400ms
mx.gone.test AAAA ! delay 400ms
--- init
Rude::ask("GET /page HTTP/1.1\r\nHost: x\r\n\r\n", 0.1);
select undef, undef, undef, 0.8;
--- address: john@ok.test
--- json
reason: accepted
