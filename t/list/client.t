# smtp-verify, the client on the command line: its answers, its exit codes, and
# lists that are broken off and go on.

use lib 't/lib';
use TestVerify 'no_plan';
use TestVerify::Script;

use Digest::SHA qw( sha256_hex );

add_block_preprocessor(sub {
    my ($block) = @_;

    my $more = $block->verify // '';

    $block->set_value(config => <<"_EOC_" . ($block->locations // ''));
        location = /verify { smtp_verify; $more }
        location = /batch  { smtp_verify_batch; $more }
        location = /idle   { return 204; }
_EOC_

    $block->set_value(smtp => "mx1 11 pipelining users=jane,john,ann\n")
        if !defined $block->smtp;
});

no_root_location();
run_tests();


__DATA__

=== TEST 1: addresses, and exit codes
--- script
verify jane@ok.test; rc
verify nobody@ok.test; rc
verify 'not an address'; rc
verify jane@ok.test nobody@ok.test john@ok.test; rc
--- said
jane@ok.test: deliverable, accepted
-- 0
nobody@ok.test: undeliverable, mailbox_not_found
-- 1
not an address: undeliverable, invalid_syntax
-- 1
jane@ok.test: deliverable, accepted
nobody@ok.test: undeliverable, mailbox_not_found
john@ok.test: deliverable, accepted
-- 1



=== TEST 2: whole results, without a mail server
--- script
verify --json --no-smtp jane@ok.test | sed 's/,"normalized.*"reason":"\([a-z_]*\)".*/ \1/'
--- said
{"email":"jane@ok.test" not_probed



=== TEST 3: wrong usage
--- script
verify; rc
verify --what jane@ok.test 2>&1 | sed 's/.*: //' ; rc
verify list; rc
verify --format xml list l.txt; rc
verify --wait soon list l.txt; rc
verify --token none jane@ok.test; rc
verify list none.csv; rc
: > empty.csv; verify list empty.csv; rc
echo jane@ok.test > l.csv; verify -o ./l.csv list l.csv; rc
verify --input xml list l.csv; rc
verify --delimiter dot list l.csv; rc
verify --column Mail list l.csv; rc
verify --version | sed 's/[0-9.]*$/N/'
--- said
usage: smtp-verify [options] ADDRESS ...
       smtp-verify [options] list FILE
       smtp-verify job submit FILE [options]
       smtp-verify job list [options]
       smtp-verify job show|watch|results ID [options]
       smtp-verify job pause|resume|cancel|delete ID [options]
       smtp-verify job erase ADDRESS [options]
"smtp-verify --help" has the options.
-- 2
unrecognized option '--what'
smtp-verify [options] ADDRESS ...
       smtp-verify [options] list FILE
       smtp-verify job submit FILE [options]
       smtp-verify job list [options]
       smtp-verify job show|watch|results ID [options]
       smtp-verify job pause|resume|cancel|delete ID [options]
       smtp-verify job erase ADDRESS [options]
"smtp-verify --help" has the options.
-- 2
smtp-verify: "list" needs one FILE, or "-" for the standard input
usage: smtp-verify [options] ADDRESS ...
       smtp-verify [options] list FILE
       smtp-verify job submit FILE [options]
       smtp-verify job list [options]
       smtp-verify job show|watch|results ID [options]
       smtp-verify job pause|resume|cancel|delete ID [options]
       smtp-verify job erase ADDRESS [options]
"smtp-verify --help" has the options.
-- 2
smtp-verify: a format is "csv" or "ndjson"
-- 2
smtp-verify: --wait needs a number of seconds
-- 2
none: No such file or directory
-- 2
none.csv: No such file or directory
-- 5
empty.csv: The list is empty.
-- 5
smtp-verify: the output is the list itself
-- 2
smtp-verify: an input is "csv", "lines", "ndjson" or "json"
-- 2
smtp-verify: nothing is delimited by "dot"
-- 2
l.csv: The first line has one field only, which is not the column of addresses: say with "delimiter" what separates the fields, and with "column" which of them has the addresses.
-- 5
smtp-verify N
=== TEST 4: nobody answers, and a problem
--- locations
location = /none/batch { return 404; }
--- script
verify -u http://127.0.0.1:1 jane@ok.test 2> e; rc; cut -d : -f 1 e
verify -u $SMTP_VERIFY_URL/none/ jane@ok.test; rc
echo jane@ok.test > l.txt
verify -q -u $SMTP_VERIFY_URL/none list l.txt; rc
--- said
-- 6
jane@ok.test
jane@ok.test: URL/none/verify? answered 404: the API is not there, see --url
-- 5
smtp-verify: URL/none/batch?format=ndjson answered 404: the API is not there, see --url
0 of 1
-- 5



=== TEST 5: CSV, in the order of the list, with its columns
--- script
printf 'Name,E-Mail\nJane,jane@ok.test\n"Doe, B.\n",nobody@ok.test\nNone,\nAnn,ann@ok.test\n' > l.csv
verify -o r.csv list l.csv; rc
cut -d, -f1-4 r.csv
tail -n 1 r.csv | sed 's/.*,,/.../'
ls
--- said
4 of 4, 2 deliverable, 1 undeliverable, 1 wrong records
-- 0
index,email,status,reason
0,jane@ok.test,deliverable,accepted
1,nobody@ok.test,undeliverable,mailbox_not_found
",nobody@ok.test
2,,,
3,ann@ok.test,deliverable,accepted
...Ann,ann@ok.test
l.csv
r.csv
script



=== TEST 6: lines, JSON lines, an array, by a pipe and to one
--- script
printf 'jane@ok.test\n\nnobody@ok.test\n' > l.txt
verify list l.txt | cut -c1-70 | sort
printf '{"id":1,"email":"jane@ok.test"}\n"ann@ok.test"\n' | verify list - | cut -c1-38 | sort
printf '[ "jane@ok.test" ,\n{"id":[1,\n2],"email":"nobody@ok.test"}\n, 7 ]\n' > l.json
verify -o r.jsonl list l.json
cut -c1-55 r.jsonl
cat l.json | verify -f csv list - | cut -d, -f1-3 | sort
--- said
2 of 2, 1 deliverable, 1 undeliverable
{"index":0,"input":null,"email":"jane@ok.test","normalized":"jane@ok.t
{"index":1,"input":null,"email":"nobody@ok.test","normalized":"nobody@
2 of 2, 2 deliverable
{"index":0,"input":{"id":1},"email":"j
{"index":1,"input":null,"email":"ann@o
3 of 3, 1 deliverable, 1 undeliverable, 1 wrong records
{"index":0,"input":null,"email":"jane@ok.test","normali
{"index":1,"input":{"id":[1,2]},"email":"nobody@ok.test
{"index":2,"input":null,"email":null,"status":null,"rea
3 of 3, 1 deliverable, 1 undeliverable, 1 wrong records
0,jane@ok.test,deliverable
1,nobody@ok.test,undeliverable
2,,
index,email,status



=== TEST 7: a list that the server takes in pieces
--- verify
smtp_verify_batch_lines 2;
--- script
seq -f 'user%g@ok.test' 1 7 > l.txt
verify -o r.csv list l.txt; rc
cut -d, -f1-4 r.csv
--- said
7 of 7, 7 undeliverable
-- 0
index,email,status,reason
0,user1@ok.test,undeliverable,mailbox_not_found
1,user2@ok.test,undeliverable,mailbox_not_found
2,user3@ok.test,undeliverable,mailbox_not_found
3,user4@ok.test,undeliverable,mailbox_not_found
4,user5@ok.test,undeliverable,mailbox_not_found
5,user6@ok.test,undeliverable,mailbox_not_found
6,user7@ok.test,undeliverable,mailbox_not_found



=== TEST 8: a list that was broken off goes on, and nothing is asked again
--- smtp
mx1 11 pipelining users=jane,john,ann delay=300
--- verify
smtp_verify_batch_probes 1;
--- script
printf 'Mail\n,\njane@ok.test\njohn@ok.test\nann@ok.test\nbob@ok.test\n' > l.csv
$program -q -c Mail -o r.csv list l.csv 2> said & pid=$!
for i in $(seq 100); do grep -q accepted r.csv.part 2> /dev/null && break; sleep 0.05; done
kill -TERM $pid; wait $pid; echo $?; sed 's/^[0-9]* of/N of/; s/[0-9] deliverable/N deliverable/' said
[ $(grep -c ok.test r.csv.part) -lt 4 ] && echo 'broken off'; ls
cp r.csv.part before
printf '4,bob@ok.te' >> r.csv.part
verify -q -c Mail -o r.csv list l.csv; rc
cut -d, -f1-4 r.csv
tail -n +3 before | while read -r line; do grep -qxF "$line" r.csv || echo "lost: $line"; done
ls
--- said
6
N of 5, N deliverable, 1 wrong records
the results so far are in r.csv.part: run the same command again
broken off
l.csv
r.csv.part
said
script
5 of 5, 3 deliverable, 1 undeliverable, 1 wrong records
-- 0
index,email,status,reason
0,,,
1,jane@ok.test,deliverable,accepted
2,john@ok.test,deliverable,accepted
3,ann@ok.test,deliverable,accepted
4,bob@ok.test,undeliverable,mailbox_not_found
before
l.csv
r.csv
said
script



=== TEST 9: the part of another list
--- script
echo jane@ok.test > l.txt; echo 'of somebody' > r.csv.part
verify -o r.csv list l.txt; rc
cat r.csv.part
--- said
r.csv.part is of another list, column or format: remove it, or name another output
-- 5
of somebody



=== TEST 10: a token, from a file or the environment, and a quota
--- http_config
smtp_verify_tokens $TEST_NGINX_SERVER_ROOT/html/tokens;
--- user_files eval
">>> tokens\nalice sha256:" . Digest::SHA::sha256_hex('secret') . " quota=2\n"
--- script
verify jane@ok.test; rc
echo secret > token; verify -t token jane@ok.test; rc
seq -f 'user%g@ok.test' 1 3 > l.txt
SMTP_VERIFY_TOKEN=secret $program -o r.csv list l.txt; echo "-- $?"
SMTP_VERIFY_TOKEN=wrong $program -o r.csv list l.txt; echo "-- $?"
ls
--- said
jane@ok.test: Send your token in the header "Authorization: Bearer TOKEN" or "X-Api-Key: TOKEN"; it is not taken from the query string.
-- 5
jane@ok.test: deliverable, accepted
-- 0
smtp-verify: The quota of today is used up.
1 of 3, 1 undeliverable
the results so far are in r.csv.part: run the same command again
-- 6
smtp-verify: The token is not known, or not any more.
1 of 3, 1 undeliverable
-- 5
l.txt
r.csv.part
script
token



=== TEST 11: all lines of the list are wrong, or all but one
--- script
printf 'Mail;Name\n;none\n;none\n' > l.csv
verify -o r.csv list l.csv; rc
printf 'jane@ok.test\nJohn <john@ok.test>\n' > l.txt
verify -o r2.csv list l.txt; rc
cut -d, -f1-4 r2.csv
--- said
2 of 2, 2 wrong records
-- 0
2 of 2, 1 deliverable, 1 wrong records
-- 0
index,email,status,reason
0,jane@ok.test,deliverable,accepted
1,,,



=== TEST 12: what the server's throttle held back when the time was over is asked again
--- http_config
smtp_verify_throttle_zone zone=slow:1m;
smtp_verify_throttle zone=slow rate=30/m burst=1;
--- verify
smtp_verify_batch_timeout 1s;
--- script
seq -f 'user%g@ok.test' 1 3 > l.txt
verify -w 0 -o r.csv list l.txt 2>&1 | tail -n 1
cut -d, -f3-4 r.csv | sort | uniq -c
--- said
3 of 3, 3 undeliverable
      1 status,reason
      3 undeliverable,mailbox_not_found



=== TEST 13: two commands at once, and the part of other addresses of the list
--- script
printf 'a,b\njane@ok.test,nobody@ok.test\n' > l.csv
none="--url $SMTP_VERIFY_URL/none"
verify $none --column a -o r.csv list l.csv 2>&1 | sed 's/?.* /?... /'
flock r.csv.part $program --column a -o r.csv list l.csv; echo "-- $?"
verify --column b -o r.csv list l.csv; rc
verify --column a --no-smtp -o r.csv list l.csv; rc
verify --column a -o r.csv list l.csv; rc
ls r.csv*
--- locations
location /none { return 404; }
--- said
smtp-verify: URL/none/batch?... --url
0 of 1
r.csv.part: another command is at work on it
-- 5
r.csv.part is of another list, column or format: remove it, or name another output
-- 5
r.csv.part is of another list, column or format: remove it, or name another output
-- 5
1 of 1, 1 deliverable
-- 0
r.csv



=== TEST 14: a server that is none of ours
--- script
echo jane@ok.test > l.txt; echo john@ok.test >> l.txt
at() { verify --url $SMTP_VERIFY_URL/$1 -o r.ndjson list l.txt 2>&1 | sed 's/?[^ ]*//'; cat r.ndjson* | grep -v part; rm -f r.ndjson*; }
verify --url $SMTP_VERIFY_URL/escape jane@ok.test; rc
at twice
at part
at number
--- locations
location = /escape/verify {
    return 200 '{"status":"deliverable","reason":"\u001b[2J\u0007\u009b1m","did_you_mean":"a\nb"}';
}
location = /twice/batch {
    return 200 '{"index":0,"status":"unknown","reason":"throttled"}\n{"index":0,"status":"unknown","reason":"timeout"}\n{"summary":true,"complete":true}\n';
}
location = /part/batch {
    return 200 '{"index":0.5,"status":"deliverable"}\n';
}
location = /number/batch {
    return 200 '{"index":1e0,"status":"deliverable"}\n';
}
--- said
jane@ok.test: deliverable, ?[2J???1m (did you mean a?b?)
-- 0
2 of 2, 2 unknown
{"index":0,"status":"unknown","reason":"timeout"}
{"index":1,"status":"unknown","reason":"timeout"}
smtp-verify: URL/part/batch does not answer as a batch
0 of 2
smtp-verify: URL/number/batch does not answer as a batch
0 of 2



=== TEST 15: what was not asked at all is said at the end
--- http_config
smtp_verify_throttle_zone zone=slow:1m;
smtp_verify_throttle zone=slow rate=1/m burst=1 wait=100ms;
--- script
seq -f 'user%g@ok.test' 1 3 > l.txt
verify -w 0 -o r.csv list l.txt 2>&1 | sed 's/[1-9] unde.*/N .../; s/^[12] not/N not/'
cut -d, -f3-4 r.csv | sort -u
--- said
3 of 3, N ...
N not asked: the server's own limits held them back
status,reason
undeliverable,mailbox_not_found
unknown,throttled



=== TEST 16: files and links of others beside the output stay as they are
--- script
echo jane@ok.test > l.txt
echo mine > r.csv.new; echo other > other; ln -s other s.csv.new
umask 027
verify -o r.csv list l.txt; rc
verify -o s.csv list l.txt; rc
cat r.csv.new other; stat -c %a r.csv; ls
mkdir d.csv
verify -o d.csv list l.txt 2>&1; rc
ls -d d.csv*
--- said
1 of 1, 1 deliverable
-- 0
1 of 1, 1 deliverable
-- 0
mine
other
640
l.txt
other
r.csv
r.csv.new
s.csv
s.csv.new
script
d.csv: Is a directory
1 of 1, 1 deliverable
-- 5
d.csv
d.csv.part
