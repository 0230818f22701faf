# Those who verify: an address, a list, and the help beside them.

use lib 't/lib';
use TestVerify 'no_plan';
use TestVerify::Console;

run_tests();


# what was downloaded, as lines

sub saved
{
    my ($b) = @_;

    my ($name, $path) = $b->downloaded;

    return ($name, split /\r\n/, text_of($path));
}


# what "make api-ui" has fetched, as docs/console.md serves it

sub api_ui
{
    my $ui = TestVerify::Browser::console('$TEST_NGINX_ROOT');
    my $doc = text_of("$TestVerify::Env::Root/docs/console.md");

    $ui =~ s{/console/}{/console/api-ui/};
    $ui =~ s{/html/}{/build/html/api-ui/};

    my ($redoc) = $doc =~ m{^(location /console/api-ui/redoc/ .*?^\})}ms;

    $redoc =~ s{/usr/share/\S*/html/}{\$TEST_NGINX_ROOT/build/html/};

    return "$ui\n$redoc\n";
}


sub number_of_reasons
{
    my @reasons = text_of("$TestVerify::Env::Root/docs/reasons.md")
        =~ /^### (?!Actions)\w+$/mg;

    return scalar @reasons;
}


# the words of the elements

sub words
{
    my ($b, $selector) = @_;

    return $b->js("[...document.querySelectorAll('$selector')].map((e) =>"
                  . " e.textContent)");
}

__DATA__

=== TEST 1: an address: the verdict, its evidence, the conversation
--- smtp
mx1 11 pipelining starttls users=john
--- journey eval
sub {
    my ($b) = @_;

    $b->enter('alice-token', '#/address');
    $b->fill('E-mail address', 'john@ok.test');
    $b->key('Enter');
    $b->see('Deliverable');
    $b->see('The mail server accepts the address.');
    $b->see('mx1.ok.test');
    main::like($b->text, qr/Action\s+Send\s+Score\s+98 of 100/, 'what to do');
    main::like($b->text, qr/Mailbox\s+exists/, 'evidence');

    # a diagram: arrows both ways, with their texts and times

    my $said = CORE::join "\n", @{ main::words($b, '.conversation text') };

    main::like($said, qr/^RCPT TO:<john\@ok\.test>$/m, 'a command');
    main::like($said, qr/^250 2\.1\.5 /m, 'its reply');
    main::like($said, qr/^\d+ ms$/m, 'a time');
    main::like($said, qr/^TLS handshake$/m, 'and the encryption');
    main::cmp_ok($b->js("document.querySelectorAll('.arrow.client').length"),
                 '>', 2, 'arrows to the server');
    main::cmp_ok($b->js("document.querySelectorAll('.arrow.ok').length"),
                 '>', 2, 'and from it');

    main::unlike($b->js('location.href'), qr/john/, 'no address in the URL');
    main::unlike($b->js('JSON.stringify([localStorage, sessionStorage])'),
                 qr/john/, 'and in no storage');
    $b->looks('address-deliverable');

    # who comes back finds it, and nobody is asked again

    $b->open('#/reasons');
    $b->see('Each verdict has a reason.');
    $b->open('#/address');
    $b->see('The mail server accepts the address.');

    $b->fill('E-mail address', 'none@ok.test');
    $b->key('Enter');
    $b->see('Undeliverable');
    $b->see('What to do: Remove the address.');
    $b->looks('address-undeliverable');
    $b->click('mailbox_not_found');
    $b->see('All reasons');
    $b->see('No such mailbox');
}



=== TEST 2: a suggestion is asked about; a link is not, before one says so
--- dns
+default
gmail.com MX 10 mx1.ok.test
mx1.ok.test A 11
--- smtp
mx1 11 pipelining users=john
--- journey eval
sub {
    my ($b) = @_;

    $b->enter('ops-token', '#/address?email=john%2Bx%40gmial.con');
    $b->until("document.querySelector('#email').value === 'john+x\@gmial.con'",
              'the address of the link');
    main::is($b->js('location.hash'), '#/address', 'it leaves the URL');
    $b->gone('Asking the mail server');
    main::unlike($b->text, qr/Evidence/, 'nobody was asked');

    $b->click('Verify');
    $b->see('No such domain');
    $b->see('Did you mean');
    $b->click('john+x@gmail.com');
    $b->until("document.querySelector('.verdict-email')?.textContent"
              . " === 'john+x\@gmail.com'", 'the suggestion is asked about');
}



=== TEST 3: what a mail server says is text, and no more than it may be
--- smtp
mx1 11 pipelining users=john
    rcpt "<b>*: 550 5.1.1 <img src=x onerror=document.title='owned'><script>document.title='owned'</script>
    rcpt long@*: 550 5.1.1 AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA
--- journey eval
sub {
    my ($b) = @_;

    $b->enter('ops-token', '#/address');
    $b->fill('E-mail address', q{"<b>x</b>"@ok.test});
    $b->click('Verify');
    $b->see(q{<img src=x onerror=document.title='owned'>});
    $b->see(q{"<b>x</b>"@ok.test});
    main::is($b->js("document.querySelectorAll('main img, main script, main b')"
                    . ".length"), 0, 'no markup');
    main::unlike($b->js('document.title'), qr/owned/, 'and no script');
    $b->looks('address-hostile');

    $b->fill('E-mail address', 'long@ok.test');
    $b->click('Verify');
    $b->see('AAAAAAAA');
    $b->looks('address-long');
}



=== TEST 4: a broken token: the console asks for another, and goes on
--- smtp
mx1 11 pipelining users=john
--- journey eval
sub {
    my ($b) = @_;

    $b->enter('broken', '#/address');
    $b->fill('E-mail address', 'john@ok.test');
    $b->click('Verify');
    $b->see('The server does not know this token, or it was revoked.');
    $b->looks('token');

    $b->click('Cancel');
    $b->see('The token is unknown, or it was revoked.');

    $b->click('Verify');
    $b->fill('Token', 'alice-token');
    $b->click('Use token');
    $b->see('Deliverable');

    # without any

    $b->js('sessionStorage.clear()');
    $b->click('Verify');
    $b->see('This server answers only to clients with a token.');
    $b->fill('Token', 'ops-token');
    $b->key('Enter');
    $b->see('Deliverable');
    main::is($b->js("sessionStorage.getItem('smtp-verify.token')"), 'ops-token',
             'it is kept for the tab');
    main::is($b->js('localStorage.length'), 0, 'and nowhere else');
}
--- expected
status of 401 .*/verify$



=== TEST 5: by keyboard alone
--- smtp
mx1 11 pipelining users=john
--- journey eval
sub {
    my ($b) = @_;

    $b->enter('ops-token', '#/reasons');
    $b->see('No such mailbox');
    $b->tab_to('Address');
    $b->key('Enter');
    $b->see('Verify an address');
    $b->until("document.activeElement.id === 'email'", 'ready to be typed into');
    $b->type('john@ok.test');
    $b->tab_to('Verify');
    $b->key('Enter');
    $b->see('Deliverable');
    $b->tab_to('The whole result as JSON');
    $b->key('Enter');
    $b->see('"verification_level": "confirmed"');
}



=== TEST 6: a CSV: its column, its results, filtered and saved with its columns
--- smtp
mx1 11 pipelining users=john
mx2 12 pipelining accept
--- dns
ok.test MX 10 mx1.ok.test
all.test MX 10 mx2.ok.test
mx1.ok.test A 11
mx2.ok.test A 12
--- journey eval
sub {
    my ($b) = @_;

    my $file = main::file('people.csv', <<"_EOF_");
Name;status;E-Mail;Note
J\x{f6}rg;old;john\@ok.test;"a;b ""c"""
<b>None</b>;old;none\@ok.test;=1+1
Any;;x\@all.test;
Broken;;;nothing
Formula;;"=1+1\@ok.test";
_EOF_

    $b->enter('alice-token', '#/list');
    $b->see('Drop a CSV or text file here');
    $b->looks('list-choose');
    $b->files('#file', $file);
    $b->see('Addresses are in the column E-Mail.');
    $b->see('5 records');
    $b->looks('list-preview');

    # another column, another delimiter, and back

    $b->choose('Columns are separated by', 'tab');
    $b->gone('Addresses are in the column E-Mail.');
    $b->choose('Columns are separated by', 'semicolon');
    $b->see('Addresses are in the column E-Mail.');
    $b->click('Note');
    $b->see('Addresses are in the column Note.');
    $b->click('E-Mail');
    $b->see('Addresses are in the column E-Mail.');

    $b->click('Verify now');
    $b->see('5 verified');
    main::is(CORE::join(' ', @{ main::words($b, '.statuses .count') }), '5 1 1 0 2',
             'counts');
    main::is($b->js("document.querySelectorAll('main td b').length"), 0,
             'no markup');
    $b->looks('list-results');

    $b->click('Download CSV');

    my ($name, @lines) = main::saved($b);

    main::is($name, 'people-verified.csv', 'its name');
    main::is($lines[0], "\x{feff}Name;status;E-Mail;Note;verify_status;reason;"
        . 'action;score;did_you_mean;retry_after;catch_all;disposable;'
        . 'role_account;free_provider;mx_host;response_code;response;error',
        'columns');
    main::like($lines[1], qr/^J\x{f6}rg;old;john\@ok\.test;"a;b ""c""";deliverable;accepted;send;96;/,
               'joined to those of the list');
    main::like($lines[2], qr/^<b>None<\/b>;old;none\@ok\.test;=1\+1;undeliverable;mailbox_not_found;/,
               'which are as they were');
    main::like($lines[3], qr/^Any;;x\@all\.test;;risky;catch_all;/,
               'in the order of the list');
    main::like($lines[4], qr/^Broken;;;nothing;;;.*;missing_email$/,
               'also without a verdict');
    main::like($lines[5], qr/^Formula;;'=1\+1\@ok\.test;;/, 'no formula');

    $b->click(qr/^Undeliverable/);
    $b->see('mailbox not found');
    $b->gone('x@all.test');
    $b->choose('Reason', 'mailbox_not_found');
    $b->click(qr/^Download these/);
    ($name, @lines) = main::saved($b);
    main::is($name, 'people-mailbox_not_found.csv', 'its name, filtered');
    main::is(scalar @lines, 3, 'only those that are shown');

    $b->click(qr/^All/);
    $b->fill('Search addresses', 'ALL.test');
    $b->gone('none@ok.test');
    $b->see('x@all.test');

    $b->click('Another list');
    $b->see('Drop a CSV or text file here');
}



=== TEST 7: 10,000 addresses, with their progress
--- verify
smtp_verify_sandbox on;
--- journey eval
sub {
    my ($b) = @_;

    my @reasons = qw( accepted mailbox_not_found catch_all mailbox_full accepted );
    my $file = main::file('many.txt', CORE::join '', map {
        "$reasons[$_ % 5]+$_\@sandbox.test\n" } 0 .. 9999);

    $b->enter('ops-token', '#/list');
    $b->files('#file', $file);
    $b->see('10,000 records');

    # what people see on the way

    $b->js(<<'_EOC_');
window.seen = new Set();
new MutationObserver(() => {
    const text = document.querySelector('.progress h2')?.textContent;
    if (text) { window.seen.add(text); }
}).observe(document.querySelector('main'), { subtree: true, childList: true });
_EOC_

    $b->click('Verify now');
    $b->see('10,000 verified', 60);

    my @seen = @{ $b->js('[...window.seen]') };

    main::like($seen[0], qr/^Verifying/, 'it begins');
    main::is($seen[-1], '10,000 verified', 'and ends');
    main::is(CORE::join(' ', @{ main::words($b, '.statuses .count') }),
             '10,000 4,000 4,000 0 2,000', 'counts');
    main::is($b->js("document.querySelectorAll('.results tbody tr').length"), 100,
             'a page of them');

    $b->see("1\x{2013}100 of 10,000");
    $b->click('Next');
    $b->see("101\x{2013}200 of 10,000");
    $b->click('Last');
    $b->see("9,901\x{2013}10,000 of 10,000");
    $b->choose('Order', 'As in the list');
    $b->see('accepted+0@sandbox.test');

    main::cmp_ok($b->js(<<'_EOC_'), '<', 1000, 'a filter takes no time');
(() => {
    const t = performance.now();
    document.querySelector('.statuses [data-value=risky]').click();
    return performance.now() - t;
})()
_EOC_

    $b->see("1\x{2013}100 of 4,000");
    $b->looks('list-many');
}



=== TEST 8: a list that waits goes on while one looks elsewhere, and is stopped
--- smtp
mx1 11 pipelining users=john
    rcpt later@*: 450 4.2.0 Greylisted, try again in 100 seconds
--- journey eval
sub {
    my ($b) = @_;

    $b->enter('ops-token', '#/list');
    $b->fill('Or paste addresses', "john\@ok.test\nlater\@ok.test\n");
    $b->click('Use these');
    $b->see('2 records');
    $b->click('Verify now');
    $b->see("Verifying \x{2013} 1 of 2");
    $b->looks('list-running');

    $b->open('#/reasons');
    $b->see('Each verdict has a reason.');
    $b->open('#/list');
    $b->see("Verifying \x{2013} 1 of 2");
    $b->click('Stop');
    $b->see('Stopped after 1 of 2');
    $b->see('john@ok.test');
}



=== TEST 9: a list becomes a job
--- smtp
mx1 11 pipelining users=john
--- journey eval
sub {
    my ($b) = @_;

    $b->enter('ops-token', '#/list');
    $b->files('#file', main::file('a job.csv', "mail,n\njohn\@ok.test,1\n"));
    $b->see('Addresses are in the column mail.');
    $b->click('Verify as a job');
    $b->until('/^#\/jobs\/[0-9a-z]{26}$/.test(location.hash)', 'its page');
    $b->see('a job.csv');
}



=== TEST 10: files that are no lists are refused in words
--- journey eval
sub {
    my ($b) = @_;

    $b->enter('ops-token', '#/list');
    $b->files('#file', main::file('x.xlsx', "PK\x{3}\x{4}\0\0"));
    $b->see('This is no text file');
    $b->files('#file', main::file('empty.csv', ''));
    $b->see('This file is empty');
    $b->files('#file', main::file('names.csv', "Name,City\nJohn,Bonn\n"));
    $b->see('In which column are the addresses?');
    $b->until("document.evaluate(\"//button[.='Verify now']\", document, null, 9)"
              . ".singleNodeValue.disabled", 'which has to be said first');
}



=== TEST 11: help for reasons, and the API
--- journey eval
sub {
    my ($b) = @_;

    $b->enter('ops-token', '#/reasons');
    $b->see('mailbox_not_found');
    main::is($b->js("document.querySelectorAll('.reasons li').length"),
             main::number_of_reasons(), 'all of them');
    $b->looks('reasons');
    $b->fill('Search reasons', 'quota');
    $b->gone('mailbox_not_found');
    $b->click(qr/mailbox_full/);
    $b->see('Over its quota');
    $b->see('A mailbox that stays full is abandoned.');
    $b->looks('reason');
    $b->open('#/reasons/none_such');
    $b->see('There is no such reason');

    $b->open('#/api');
    $b->see('Verifies one address');
    $b->click(qr/^POST\s*\/verify/);
    $b->see('application/x-www-form-urlencoded');
    $b->looks('api');
}



=== TEST 12: what is not served is not shown; where nothing is, it is said
--- config
location = /console/config.json {
    default_type application/json;
    return 200 '{"title":"Acme","verify":"../nowhere","health":"../health"}';
}
--- journey eval
sub {
    my ($b) = @_;

    $b->enter('ops-token', '#/address');
    $b->see('Egress audit');
    main::unlike($b->text, qr/\bJobs\b|\bList\b|Metrics|\bAPI\b/, 'only these');
    $b->until("/Acme/.test(document.title)", 'its title');
    $b->fill('E-mail address', 'john@ok.test');
    $b->click('Verify');
    $b->see('This server has no such location.');
}
--- expected
status of 404 .*/nowhere$



=== TEST 13: the theme is kept, the token is not
--- journey eval
sub {
    my ($b) = @_;

    $b->enter('ops-token', '#/reasons');
    $b->click('Dark');
    $b->until("document.documentElement.dataset.theme === 'dark'", 'dark');
    $b->reload;
    $b->until("document.documentElement.dataset.theme === 'dark'", 'still dark');
    $b->click('Auto');
    $b->until("document.documentElement.dataset.theme === undefined", 'auto');

    $b->click('Change the token');
    $b->see('Requests carry it in the header Authorization.');
    $b->click('Forget it');
    $b->see('Enter a token');
    main::is($b->js('sessionStorage.length'), 0, 'it is forgotten');
}



=== TEST 14: Swagger UI and ReDoc work offline under their CSP, where they are
--- config eval: main::api_ui()
--- journey eval
sub {
    my ($b) = @_;

    if (!-d "$TestVerify::Env::Root/build/html") {
        main::pass('they were not fetched: make api-ui');
        return;
    }

    $b->open('api-ui/swagger-ui/');
    $b->see('Verifies one address that is in no log', 30);
    $b->open('api-ui/redoc/');
    $b->see('Verifies one address that is in no log', 30);
}
--- expected
cdn\.redoc\.ly/
found allOf with "array" type
/favicon\.ico$
