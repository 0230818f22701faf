package TestVerify::Browser;

# A headless Chromium, driven by its DevTools protocol over a pipe: nothing is
# needed but the browser.  It has to be started before it is asked for
# anything; all waiting is for something to be true in the page.

use strict;
use warnings;

use Fcntl qw( F_DUPFD F_SETFD );
use File::Path qw( make_path remove_tree );
use File::Temp ();
use IO::Select;
use JSON::PP;
use MIME::Base64 qw( decode_base64 );
use POSIX ();
use Scalar::Util qw( blessed );
use Time::HiRes qw( time );

use TestVerify::Env;

my $json = JSON::PP->new->utf8->allow_nonref;

# what a page is looked at in: name, colours, width, height, is it a phone

our @Looks = (
    [ 'light-wide',   'light', 1280, 900, 0 ],
    [ 'dark-wide',    'dark',  1280, 900, 0 ],
    [ 'light-narrow', 'light',  360, 740, 1 ],
    [ 'dark-narrow',  'dark',   360, 740, 1 ],
);


# ---- is there one?

# the command, or undef with the reason.  A snap (Ubuntu) sees neither our
# files nor our pipe

sub command
{
    for my $name ($ENV{TEST_VERIFY_CHROMIUM} || (),
                  qw( chromium chromium-headless-shell google-chrome ))
    {
        my ($path) = $name =~ m{/} ? $name
            : grep { -f -x } map { "$_/$name" } split /:/, $ENV{PATH};

        next if !defined $path || !-x $path
                || (readlink($path) // '') =~ /snap/;

        open my $in, '<', $path or next;
        read $in, my $head, 4096;
        next if $head =~ /^#!/ && $head =~ m{/snap/};

        return $path;
    }

    return (undef, 'there is no Chromium: make deps-console (a snap does not'
                   . ' do)');
}


# axe-core, if it was fetched

sub axe
{
    return "$TestVerify::Env::Root/build/axe/axe.min.js";
}


# the location of the console in the example, with the files of this tree,
# which is at $root

sub console
{
    my ($root) = @_;
    my $file = "$TestVerify::Env::Root/conf/examples/quickstart.conf";

    open my $in, '<', $file or die "$file: $!\n";
    local $/;
    <$in> =~ /^( +)(location \/console\/ \{\n.*?^\1\}\n)/ms
        or die "$file has no location /console/\n";

    my $location = $2;

    $location =~ s/(alias\s+)\S+/$1$root\/html\/;/
        or die "$file: no alias\n";

    return $location;
}


# ---- its process

sub start
{
    my ($class, %how) = @_;

    my ($command, $why) = command();
    die "$why\n" if !defined $command;

    my $home = File::Temp->newdir('console-XXXXXX', DIR => $TestVerify::Env::Dir);
    pipe(my $theirs, my $to) or die "pipe: $!\n";
    pipe(my $from, my $their_out) or die "pipe: $!\n";

    my $pid = fork() // die "fork: $!\n";

    if (!$pid) {
        run_browser($command, "$home", fileno $theirs, fileno $their_out);
    }

    close $theirs;
    close $their_out;
    $to->autoflush(1);

    my $self = bless { pid => $pid, owner => $$, to => $to, from => $from,
        home => $home, buffer => '', id => 0, events => [], messages => [],
        patience => $how{patience} // 15, look => $Looks[0] }, $class;

    $self->call('Browser.getVersion');

    return $self;
}


sub run_browser
{
    my ($command, $home, $in, $out) = @_;

    # out of the way of 3 and 4, which the browser reads and writes

    my ($high_in, $high_out) = map {
        open my $file, '+<&=', $_ or POSIX::_exit(1);
        fcntl $file, F_DUPFD, 20;
    } $in, $out;

    POSIX::dup2($high_in, 3);
    POSIX::dup2($high_out, 4);

    TestVerify::Env::detach("$home/errors");

    # what is no file of the user's own, and no question to anybody outside

    $ENV{HOME} = $ENV{XDG_CONFIG_HOME} = $ENV{XDG_CACHE_HOME} = $home;

    my @flags = (
        '--headless', '--remote-debugging-pipe', "--user-data-dir=$home/profile",
        '--no-first-run', '--no-default-browser-check', '--disable-gpu',
        '--disable-extensions', '--disable-background-networking',
        '--disable-component-update', '--disable-sync', '--disable-breakpad',
        '--disable-dev-shm-usage', '--disable-default-apps', '--no-proxy-server',
        '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1',
        '--force-color-profile=srgb', '--hide-scrollbars', '--mute-audio',
        '--lang=en-US',
    );

    # root has no sandbox, nor has who may not make namespaces

    push @flags, '--no-sandbox'
        if $> == 0 || system('unshare --user true 2> /dev/null') != 0;

    exec $command, @flags, 'about:blank' or POSIX::_exit(1);
}


sub stop
{
    my ($self) = @_;

    my $pid = delete $self->{pid} // return;
    return if $$ != $self->{owner};

    local ($?, $@, $!);

    eval { $self->send('Browser.close') };
    close $self->{to};

    # it ends by itself when its pipe is closed

    for (1 .. 50) {
        return if waitpid($pid, POSIX::WNOHANG()) != 0;
        select undef, undef, undef, 0.1;
    }

    kill 'KILL', -$pid;
    waitpid $pid, 0;
}


sub DESTROY
{
    $_[0]->stop;
}


# ---- its protocol

sub send
{
    my ($self, $method, $params) = @_;

    my $id = ++$self->{id};
    my %message = (id => $id, method => $method, params => $params // {});
    $message{sessionId} = $self->{session}
        if defined $self->{session} && $method !~ /^(?:Browser|Target)\./;

    local $SIG{PIPE} = 'IGNORE';
    print { $self->{to} } $json->encode(\%message), "\0"
        or die "the browser is gone\n";

    return $id;
}


sub call
{
    my ($self, $method, $params, $seconds) = @_;

    my $id = $self->send($method, $params);
    my $end = time() + ($seconds // 60);

    while (my $message = $self->message($end)) {
        next if ($message->{id} // 0) != $id;
        die "$method: $message->{error}{message}\n" if $message->{error};
        return $message->{result};
    }

    die "$method: no answer\n";
}


# the next message until then; events are taken in on the way

sub message
{
    my ($self, $end) = @_;

    for ( ;; ) {
        if ($self->{buffer} =~ s/\A([^\0]*)\0//) {
            my $message = $json->decode($1);
            $self->event($message) if defined $message->{method};
            return $message;
        }

        my $left = $end - time();

        return if $left <= 0
                  || !IO::Select->new($self->{from})->can_read($left);

        sysread $self->{from}, $self->{buffer}, 1 << 20,
                length $self->{buffer}
            or die "the browser is gone:\n" . $self->errors;
    }
}


sub errors
{
    my ($self) = @_;

    open my $in, '<', "$self->{home}/errors" or return '';
    return join '', <$in>;
}


sub event
{
    my ($self, $message) = @_;

    my ($name, $p) = @$message{qw( method params )};

    if ($name eq 'Runtime.consoleAPICalled') {
        $self->noted("console.$p->{type}: " . join ' ', map {
            $_->{value} // $_->{description} // $_->{type} } @{ $p->{args} });

    } elsif ($name eq 'Runtime.exceptionThrown') {
        my $d = $p->{exceptionDetails};
        $self->noted('exception: '
            . ($d->{exception}{description} // $d->{text} // ''));

    } elsif ($name eq 'Log.entryAdded') {
        my $e = $p->{entry};
        $self->noted("$e->{source} $e->{level}: $e->{text} "
                     . ($e->{url} // ''));

    } elsif ($name eq 'Audits.issueAdded') {
        my $i = $p->{issue};
        $self->noted("issue: $i->{code} " . $json->encode($i->{details}));

    } elsif ($name eq 'Page.javascriptDialogOpening') {
        $self->noted("dialog: $p->{message}");
        $self->send('Page.handleJavaScriptDialog', { accept => JSON::PP::true });

    } elsif ($name eq 'Browser.downloadWillBegin') {
        $self->{download}{$p->{guid}} = $p->{suggestedFilename};

    } elsif ($name eq 'Browser.downloadProgress'
             && $p->{state} eq 'completed')
    {
        push @{ $self->{downloads} },
            [ $self->{download}{$p->{guid}}, "$self->{home}/$p->{guid}" ];
    }
}


sub noted
{
    my ($self, $text) = @_;

    utf8::encode($text) if utf8::is_utf8($text);
    push @{ $self->{messages} }, $text;
}


# what the browser's console has said since the last time

sub messages
{
    my ($self) = @_;

    # one round trip: what was said before has come then

    $self->js('1');

    return splice @{ $self->{messages} };
}


# ---- pages

# a tab of its own, with no memory of others

sub fresh
{
    my ($self) = @_;

    $self->call('Target.disposeBrowserContext',
                { browserContextId => delete $self->{context} })
        if defined $self->{context};

    undef $self->{session};
    $self->{messages} = [];
    $self->{downloads} = [];
    $self->{look} = $Looks[0];

    my $context = $self->{context}
        = $self->call('Target.createBrowserContext')->{browserContextId};
    my $target = $self->call('Target.createTarget',
        { url => 'about:blank', browserContextId => $context })->{targetId};

    $self->{session} = $self->call('Target.attachToTarget',
        { targetId => $target, flatten => JSON::PP::true })->{sessionId};

    $self->call("$_.enable") for qw( Page Runtime Log Audits DOM );
    $self->call('Browser.setDownloadBehavior', { behavior => 'allowAndName',
        browserContextId => $context, downloadPath => "$self->{home}",
        eventsEnabled => JSON::PP::true });
    $self->look(@{ $Looks[0] });
}


sub look
{
    my ($self, @look) = @_;

    $self->{look} = \@look;

    my (undef, $colors, $width, $height, $phone) = @look;

    $self->call('Emulation.setEmulatedMedia', { features => [
        { name => 'prefers-color-scheme', value => $colors },
        { name => 'prefers-reduced-motion', value => 'reduce' } ] });
    $self->metrics($width, $height, $phone);
}


sub metrics
{
    my ($self, $width, $height, $phone) = @_;

    $self->call('Emulation.setDeviceMetricsOverride', { width => $width,
        height => $height, deviceScaleFactor => $phone ? 2 : 1,
        mobile => $phone ? JSON::PP::true : JSON::PP::false });

    # until it is painted

    $self->js('new Promise((done) => requestAnimationFrame('
              . '() => requestAnimationFrame(() => done(1))))');
}


sub go
{
    my ($self, $url) = @_;

    my $result = $self->call('Page.navigate', { url => $url });
    die "$url: $result->{errorText}\n" if $result->{errorText};
    $self->until('document.readyState === "complete"', "$url is loaded");
}


sub reload
{
    my ($self) = @_;

    $self->js('window.beforeReload = true');
    $self->call('Page.reload');
    $self->until('!window.beforeReload && document.readyState === "complete"',
                 'the page is loaded again');
}


# the value of an expression, or of its promise

sub js
{
    my ($self, $text, $seconds) = @_;

    my $r = $self->call('Runtime.evaluate', { expression => $text,
        awaitPromise => JSON::PP::true, returnByValue => JSON::PP::true,
        userGesture => JSON::PP::true }, $seconds);

    if (my $d = $r->{exceptionDetails}) {
        die "$text: " . ($d->{exception}{description} // $d->{text}) . "\n";
    }

    return $r->{result}{value};
}


# until an expression is true; returns its value.  The page looks when it has
# changed, and now and then; a page that goes meanwhile is asked again

sub until
{
    my ($self, $text, $what, $seconds) = @_;

    my $end = time() + ($seconds // $self->{patience})
                       * ($TestVerify::Blocks::Slow // 1);

    while (time() < $end) {
        my $ms = int(1000 * ($end - time()));
        $ms = 2000 if $ms > 2000;

        my $value = eval { $self->js(<<"_EOC_", 10) };
new Promise((done) => {
    const look = () => {
        let value = null;
        try { value = ($text); } catch (e) { value = null; }
        if (value) { stop(value); }
    };
    const stop = (value) => {
        observer.disconnect();
        clearInterval(timer);
        clearTimeout(last);
        done(value);
    };
    const observer = new MutationObserver(look);
    const timer = setInterval(look, 50);
    const last = setTimeout(() => stop(null), $ms);
    observer.observe(document, { subtree: true, childList: true,
        attributes: true, characterData: true });
    look();
})
_EOC_
        die $@ if $@ && $@ =~ /browser is gone|SyntaxError/;
        return $value if $value;
    }

    die(($what // $text) . ": it did not come\n");
}


sub quote
{
    my ($text) = @_;

    utf8::decode($text) if !utf8::is_utf8($text);

    return $text =~ /\A\(\?/ ? pattern($text)
        : JSON::PP->new->ascii->allow_nonref->encode("$text");
}


# a qr// in the words of JavaScript

sub pattern
{
    my ($text) = @_;

    my ($flags, $body) = "$text" =~ /\A\(\?\^?([a-z]*)(?:-\w+)?:(.*)\)\z/s;
    $flags =~ s/[^ims]//g;

    return 'new RegExp(' . JSON::PP->new->ascii->allow_nonref->encode($body)
        . ", '${flags}u')";
}


# the functions that pages are asked with

my $Find = <<'_EOC_';
const fits = (text, want) => want instanceof RegExp ? want.test(text)
    : text === want;
const shown = (e) => e.checkVisibility({ visibilityProperty: true })
    && e.getClientRects().length > 0;
const text = (e) => (e ? e.textContent : '').replace(/\s+/g, ' ').trim();
const name = (e) => {
    const by = e.getAttribute('aria-labelledby');
    if (by) {
        return by.split(/\s+/).map((id) => text(document.getElementById(id)))
            .join(' ');
    }
    if (e.getAttribute('aria-label')) { return e.getAttribute('aria-label'); }
    if (e.labels && e.labels.length) {
        return [...e.labels].map((l) => {
            const copy = l.cloneNode(true);
            copy.querySelectorAll('input, select, textarea, .hint')
                .forEach((c) => c.remove());
            return text(copy);
        }).join(' ');
    }
    return text(e) || e.getAttribute('title') || '';
};
const all = (want, scope) => [...(scope || document).querySelectorAll(
    'button, a[href], input, select, textarea, summary, [role=button],'
    + ' [role=tab]')].filter((e) => !e.disabled && shown(e)
    && fits(name(e), want));
const dialogs = document.querySelectorAll('dialog[open]');
const top = dialogs.length ? dialogs[dialogs.length - 1] : document;
_EOC_


# the first that is shown of this name (a string, or a pattern), within the
# dialog if one is open; an expression

sub element
{
    my ($self, $name, $within) = @_;

    my $scope = defined $within
        ? "[...top.querySelectorAll('tr, li, section, fieldset, article, form,"
          . " nav, header, [role=group]')].filter((e) => shown(e)"
          . " && text(e).includes(" . quote($within) . ")).pop()"
        : 'top';

    return "(() => { $Find const scope = $scope;"
        . " return scope && all(" . quote($name) . ", scope)[0]; })()";
}


# a click of the mouse into the middle of it: nothing may lie above

sub click
{
    my ($self, $name, $within) = @_;

    my $element = $self->element($name, $within);
    my $at = $self->until(<<"_EOC_", "\"$name\" to click on");
(() => {
    const e = $element;
    if (!e) { return null; }
    const s = e.type === 'checkbox' || e.type === 'radio'
        || e.classList.contains('visually-hidden') ? e.closest('label') || e : e;
    s.scrollIntoView({ block: 'center', behavior: 'instant' });
    const r = s.getBoundingClientRect();
    const x = r.left + r.width / 2, y = r.top + r.height / 2;
    const hit = document.elementFromPoint(x, y);
    return hit && (s.contains(hit) || hit.contains(s)) ? { x, y } : null;
})()
_EOC_

    for my $type (qw( mousePressed mouseReleased )) {
        $self->call('Input.dispatchMouseEvent', { type => $type, x => $at->{x},
            y => $at->{y}, button => 'left', clickCount => 1 });
    }
}


# text into a field, as typed

sub fill
{
    my ($self, $name, $value, $within) = @_;

    $self->until('(() => { const e = ' . $self->element($name, $within)
        . '; if (!e) { return false; } e.focus(); if (e.select) { e.select(); }'
        . ' return document.activeElement === e; })()', "\"$name\" to fill");

    if ($value eq '') {
        $self->key('Delete');

    } else {
        $self->call('Input.insertText', { text => decoded($value) });
    }
}


sub decoded
{
    my ($text) = @_;

    utf8::decode($text) if !utf8::is_utf8($text);
    return $text;
}


# an option of a list, by its text or its value

sub choose
{
    my ($self, $name, $option, $within) = @_;

    my $want = quote($option);

    $self->until('(() => { const e = ' . $self->element($name, $within) . ";"
        . " const o = e && [...e.options].find((o) => o.value === $want"
        . " || o.text.trim() === $want); if (!o) { return false; }"
        . " e.value = o.value;"
        . " e.dispatchEvent(new Event('input', { bubbles: true }));"
        . " e.dispatchEvent(new Event('change', { bubbles: true }));"
        . " return true; })()", "\"$option\" in \"$name\"");
}


# files for a field, which may be out of sight

sub files
{
    my ($self, $selector, @paths) = @_;

    $self->until("document.querySelector(" . quote($selector) . ")", $selector);

    my $root = $self->call('DOM.getDocument')->{root}{nodeId};
    my $node = $self->call('DOM.querySelector',
        { nodeId => $root, selector => $selector })->{nodeId};

    $self->call('DOM.setFileInputFiles', { nodeId => $node, files => \@paths });
}


my %Key = (Tab => 9, Enter => 13, Escape => 27, Space => 32, Delete => 46,
           ArrowLeft => 37, ArrowUp => 38, ArrowRight => 39, ArrowDown => 40,
           Home => 36, End => 35, Backspace => 8);

# "Tab", "Shift+Tab", "Enter", or a character

sub key
{
    my ($self, $key) = @_;

    my $shift = $key =~ s/^Shift\+(?=.)//;
    my $name = $key eq 'Space' ? ' ' : $key;
    my $text = $key eq 'Enter' ? "\r" : $key eq 'Space' ? ' '
        : length $key == 1 ? $key : undef;
    my %event = (key => $name, modifiers => $shift ? 8 : 0,
        code => $key, windowsVirtualKeyCode => $Key{$key} // ord uc $key);

    $self->call('Input.dispatchKeyEvent', { type => defined $text ? 'keyDown'
        : 'rawKeyDown', %event, defined $text ? (text => $text) : () });
    $self->call('Input.dispatchKeyEvent', { type => 'keyUp', %event });
}


sub type
{
    my ($self, $text) = @_;

    $self->call('Input.insertText', { text => decoded($text) });
}


# waits until that has the focus: a dialog gives it back in a turn of its own

sub focused
{
    my ($self, $want) = @_;

    $self->until("(() => { $Find return name(document.activeElement) === "
                 . quote($want) . '; })()', "the focus on \"$want\"");
}


# by the key Tab alone; it has to be seen there

sub tab_to
{
    my ($self, $name, $most) = @_;

    my $want = quote($name);

    for (1 .. $most // 60) {
        return if $self->js("(() => { $Find"
            . " const e = document.activeElement; return e !== document.body"
            . " && fits(name(e), $want); })()");
        $self->key('Tab');
    }

    die "the key Tab does not come to \"$name\"\n";
}


# what a person sees: innerText leaves out what is hidden

sub text
{
    my ($self, $selector) = @_;

    return $self->js('(document.querySelector(' . quote($selector // 'body')
                     . ') || { innerText: "" }).innerText');
}


sub see
{
    my ($self, $want, $seconds) = @_;

    my $q = quote($want);
    my $test = ref $want ? "$q.test(document.body.innerText)"
        : "document.body.innerText.replace(/\\s+/g, ' ').includes($q)";

    $self->until($test, "\"$want\" in the page", $seconds);
}


sub gone
{
    my ($self, $want, $seconds) = @_;

    my $q = quote($want);
    my $test = ref $want ? "!$q.test(document.body.innerText)"
        : "!document.body.innerText.replace(/\\s+/g, ' ').includes($q)";

    $self->until($test, "no \"$want\" in the page", $seconds);
}


# [name, path] of the next file that was downloaded

sub downloaded
{
    my ($self) = @_;

    my $end = time() + $self->{patience} * ($TestVerify::Blocks::Slow // 1);

    while (!@{ $self->{downloads} }) {
        $self->message($end) or die "nothing was downloaded\n";
    }

    return @{ shift @{ $self->{downloads} } };
}


# ---- what it looks like

sub screenshot
{
    my ($self, $name, $whole) = @_;

    my $dir = "$TestVerify::Env::Root/build/console";
    make_path($dir);

    # what is beyond the window has no part in a dialog

    $whole = 0 if $self->js('document.querySelector("dialog[open]") !== null');

    my (undef, undef, $width, $height, $phone) = @{ $self->{look} };
    my $content = $self->call('Page.getLayoutMetrics')->{cssContentSize};
    my $tall = !$whole || $content->{height} < $height ? $height
        : $content->{height} > 3000 ? 3000 : int $content->{height};

    # a window as tall as the page

    $self->metrics($width, $tall, $phone) if $tall != $height;
    my $shot = $self->call('Page.captureScreenshot', { format => 'png' });
    $self->metrics($width, $height, $phone) if $tall != $height;

    open my $out, '>', "$dir/$name.png" or die "$dir/$name.png: $!\n";
    binmode $out;
    print $out decode_base64($shot->{data});
    close $out;
}


# findings of axe-core that are serious or critical, one a line; undef if it
# was not fetched

sub findings
{
    my ($self) = @_;

    open my $in, '<:encoding(UTF-8)', axe() or return;
    my $axe = do { local $/; <$in> };
    close $in;

    # it is a stranger in the page: neither its name nor a message stays

    my $found = $self->js("(async () => { if (!window.axe) { $axe }"
        . " const r = await axe.run(document, { resultTypes: ['violations'] });"
        . " return r.violations.filter((v) => v.impact === 'serious'"
        . " || v.impact === 'critical').map((v) => v.id + ' (' + v.impact"
        . " + '): ' + v.nodes.map((n) => n.target.join(' ') + ': '"
        . " + n.failureSummary).join('; ')); })()", 60);

    return join '', map { "$_\n" } @$found;
}


# is anything wider than the window, which a phone would have to scroll?

sub too_wide
{
    my ($self) = @_;

    return $self->js(<<'_EOC_');
(() => {
    const page = document.scrollingElement;
    if (page.scrollWidth <= window.innerWidth
        && page.scrollWidth <= page.clientWidth)
    {
        return '';
    }
    return [...document.querySelectorAll('body *')].filter((e) =>
        e.getBoundingClientRect().right > page.clientWidth + 1)
        .slice(0, 5).map((e) => e.tagName + '.' + e.className).join(' ')
        || 'the page';
})()
_EOC_
}


1;
