package TestVerify::Nginx;

# nginx after a block: stopped, and its log looked through.

use strict;
use warnings;

use Time::HiRes qw( sleep time );

use TestVerify::Env;


sub root
{
    return $ENV{TEST_NGINX_SERVROOT};
}


sub pid
{
    open my $in, '<', root() . '/logs/nginx.pid' or return;
    my $pid = <$in>;
    return if !defined $pid || $pid !~ /^(\d+)/;
    return $1;
}


# a zombie is gone: whoever is to reap it may take its time

sub alive
{
    my ($pid) = @_;

    open my $in, '<', "/proc/$pid/stat" or return 0;
    my $stat = <$in>;       # nothing, where it went away in between
    return defined $stat && $stat !~ /\) Z /;
}


# what was wrong with its stopping

sub stop
{
    my ($seconds) = @_;

    my $pid = pid() // return;

    return "nginx $pid died" if !alive($pid);

    kill 'QUIT', $pid;

    my $end = time() + $seconds;
    my $again = time() + 1;

    while (time() < $end) {
        return if !alive($pid);
        sleep 0.01;

        # a signal that comes just before an epoll_wait() without a timer is
        # seen with the next event only

        if (time() > $again) {
            kill 'QUIT', $pid;
            $again += 1;
        }
    }

    kill 'TERM', $pid;
    sleep 0.3;
    kill 'KILL', $pid if alive($pid);
    unlink root() . '/logs/nginx.pid';

    return "nginx $pid did not stop within $seconds s";
}


# lines of the error log that must not be there

sub complaints
{
    my ($allowed, @locals) = @_;
    my @bad;

    my $private = join '|', map { quotemeta } @locals;

    open my $in, '<', root() . '/logs/error.log' or return;

    while (my $line = <$in>) {
        chomp $line;
        next if defined $allowed && $line =~ /$allowed/;

        # nginx's own: an octet that is moved into the sign bit

        next if $line =~ /ngx_(?:resolver|murmurhash)\.c:\d+:\d+:
                          \ runtime\ error:\ left\ shift/x;

        if ($line =~ /\[(alert|emerg|crit)\]/) {
            push @bad, $line;

        } elsif ($line =~ /(ERROR|SUMMARY): \w+Sanitizer|runtime error:/) {
            push @bad, $line;

        } elsif ($private ne '' && $line =~ /\[(notice|warn|error)\]/
                 && $line =~ /(?<![\w.])(?:$private)(?:@|%40|"|>)/i)
        {
            push @bad, "an address: $line";
        }
    }

    return @bad;
}


# what a sanitizer or valgrind has to say: the files and their sizes

sub reports
{
    my $path = $ENV{TEST_VERIFY_REPORTS} // return {};

    return { map { $_ => -s $_ } glob "$path*" };
}


# TCP connections that nginx has open to our servers

sub connections
{
    my @open;

    for my $file ('/proc/net/tcp', '/proc/net/tcp6') {
        open my $in, '<', $file or next;

        while (my $line = <$in>) {
            my (undef, undef, $remote, $state) = split ' ', $line;
            my ($port) = $remote =~ /:([0-9A-F]{4})$/ or next;

            push @open, "$remote state $state"
                if hex($port) == $TestVerify::Env::SmtpPort
                   && $state =~ /^(01|02|08)$/;
        }
    }

    return @open;
}


1;
