# smtp-verify, the client on the command line, and jobs: they are handed over,
# watched, changed and deleted, and their results are complete although
# requests are broken off and nginx is killed.

use lib 't/lib';
use TestVerify 'no_plan';
use TestVerify::Script;

use Digest::SHA qw( sha256_hex );

workers(2);
master_on();

add_block_preprocessor(sub {
    my ($block) = @_;

    my $more = $block->verify // '';

    $block->set_value(config => <<"_EOC_" . ($block->locations // ''));
        location /jobs {
            smtp_verify_jobs_store \$TEST_NGINX_SERVROOT/jobs;
            smtp_verify_jobs;
            $more
        }
        location = /idle { return 204; }
_EOC_

    $block->set_value(smtp => "mx1 11 pipelining users=jane,john,ann\n")
        if !defined $block->smtp;

    # ids and times are different each time

    $block->set_value(script => <<'_EOC_' . ($block->script // ''));
job() { timeout 40 $program job "$@"; rc=$?; }
ids() { sed -E 's/[0-9a-z]{26}/ID/g'; }
until_job() { for i in $(seq 200); do $program job show $1 | grep -q "$2" && return; sleep 0.05; done; echo "never: $2"; }
_EOC_
});

no_root_location();
run_tests();


__DATA__

=== TEST 1: a list is handed over, watched, and its results are complete
--- script
printf 'Name,E-Mail\nJane,jane@ok.test\nBob,bob@ok.test\nNone,\nJane2,jane@ok.test\n' > l.csv
id=$(job submit l.csv --name first -q); echo "$id" | ids
job watch $id; rc
job results $id -o r.csv; rc
cut -d, -f1-4 r.csv
job list | cut -c27-50; job list --state failed
job show $id | grep -E '^(name|state|records|answered|errors|duplicates|status|reason):'
ls
--- said
ID
4 of 4, 2 deliverable, 1 undeliverable, 1 wrong records
-- 0
4 of 4, 2 deliverable, 1 undeliverable, 1 wrong records
-- 0
index,email,status,reason
0,jane@ok.test,deliverable,accepted
1,bob@ok.test,undeliverable,mailbox_not_found
2,,,
3,jane@ok.test,deliverable,accepted
  completed          4  
name: first
state: completed
records: 4
answered: 3
errors: 1
duplicates: 1
status: 2 deliverable, 1 undeliverable
reason: 2 accepted, 1 mailbox_not_found
l.csv
r.csv
script



=== TEST 2: the same list is the same job, other options or another key another one
--- script
seq -f 'user%g@ok.test' 1 3 > l.txt; cp l.txt copy.txt; seq -f 'user%g@ok.test' 1 4 > m.txt
one=$(job submit -q l.txt)
[ "$(job submit -q copy.txt)" = $one ] && echo same
[ "$(job submit -q l.txt --retention 2d)" = $one ] || echo retention
[ "$(job submit -q m.txt)" = $one ] || echo list
[ "$(job submit -q l.txt -k today)" = $one ] || echo key
job submit -q m.txt -k today; rc
job delete $one | ids
[ "$(job submit -q l.txt)" = $one ] || echo new
job list | wc -l
--- said
same
retention
list
key
smtp-verify: The Idempotency-Key was used for another list, or for other parameters.
-- 5
ID: deleted
new
4



=== TEST 3: all at once, options, and what the list may be
--- script
printf '["jane@ok.test",{"id":7,"email":"bob@ok.test"}]\n' > l.json
job submit l.json --watch -o r.ndjson --no-smtp -w 2h --retention 36h --sample 1 > said 2>&1; rc; ids < said
sed 's/"duplicate.*"email":"\([^"]*\)".*"reason":"\([a-z_]*\)".*/ \1 \2/' r.ndjson
id=$(cat l.json | job submit -q - -i json --no-smtp -w 2h --retention 36h --sample 1)
job show $SMTP_VERIFY_URL/jobs/$id | grep -E '^(smtp|sample|retention|wait):'
job show $id --json | cut -c1-6
--- said
-- 0
ID
URL/jobs/ID is queued, 0 of 2
2 of 2, 2 unknown
2 of 2, 2 unknown
{"index":0,"input":null, jane@ok.test not_probed
{"index":1,"input":{"id":7}, bob@ok.test not_probed
smtp: no
sample: 1
retention: 129600
wait: 7200
{"id":



=== TEST 4: pause, resume, cancel, delete, and exit codes
--- smtp
mx1 11 pipelining
    rcpt u*@*: wait 50ms ; 550 5.1.1 No such user
--- verify
smtp_verify_batch_domain_probes 1;
--- script
short() { sed 's/^[0-9]* of 400.*/N of 400/' said | ids; }
seq -f 'user%g@ok.test' 1 400 > l.txt
id=$(job submit -q l.txt)
until_job $id '^answered: [1-9]'
job pause $id > said; rc; short
job results $id -q -o r.csv > said 2>&1; rc; short; ls r.csv*
job resume $id > said; rc; short
timeout --preserve-status -s INT 1 $program job watch -q $id > said 2>&1; echo "-- $?"; short
job cancel $id > said; rc; short
job resume $id; rc
job watch $id > said 2>&1; rc; short
job results $id -o r.csv > said 2>&1; rc; short
[ $(cut -d, -f1 r.csv | tail -n +2 | uniq -d | wc -l) = 0 ] && wc -l < r.csv; grep -c '^[0-9]*,[^,]*,unknown,not_probed' r.csv | grep -c '^[1-9]'
job delete $id > said; rc; short
job delete $id; rc
job watch $id; rc
job results $id; rc
job list; rc
--- said
-- 0
ID: paused
-- 6
N of 400
the job is paused
the results so far are in r.csv.part: run the same command again
r.csv.part
-- 0
ID: running
-- 6
N of 400
the job goes on: "smtp-verify job watch ID"
-- 0
ID: cancelled
smtp-verify: The state of the job does not allow this.
-- 5
-- 7
N of 400
the job is cancelled
-- 7
N of 400
the job is cancelled: it has no more results
401
1
-- 0
ID: deleted
smtp-verify: There is no such job, or not any more.
-- 5
smtp-verify: There is no such job, or not any more.
-- 5
smtp-verify: There is no such job, or not any more.
-- 5
-- 0



=== TEST 5: results are broken off, nginx is killed, and nothing is lost or twice
--- http_config
limit_rate 400k;
--- log_allow
exited on signal 9|was locked by
--- script
workers() { pgrep -P $NGINX_PID -f 'worker process'; }
seq 6000 | awk '{ print "user" $1 "@none" $1 % 20 ".test" }' > l.txt
id=$(job submit -q l.txt --no-smtp)
$program job watch -q $id > watched 2>&1 & watch=$!
sleep 0.2
kill -KILL $(workers)
wait $watch; echo "-- $?"; grep -o '^6000 of 6000' watched
$program job results $id -q -o r.csv > said 2>&1 & pid=$!
for i in $(seq 200); do [ $(cat r.csv.part 2> /dev/null | wc -l) -gt 100 ] && break; sleep 0.05; done
kill -KILL $pid; wait $pid 2> /dev/null
[ $(wc -l < r.csv.part) -lt 5900 ] && echo 'broken off'
printf '17,cut off' >> r.csv.part
$program job results $id -q -o r.csv > said 2>&1 & pid=$!
sleep 0.7; kill -KILL $(workers); wait $pid; echo "-- $?"
grep -o '^6000 of 6000' said
cut -d, -f2 r.csv | tail -n +2 | cmp - l.txt && echo complete
ls
--- said
-- 0
6000 of 6000
broken off
-- 0
6000 of 6000
complete
l.txt
r.csv
said
script
watched



=== TEST 6: statuses, reasons, orders, and the standard output
--- script
printf 'jane@ok.test\nbob@ok.test\nann@ok.test\nbad\n' > l.txt
id=$(job submit -q l.txt); job watch -q $id
job results $id --status deliverable -o r.csv; rc; cut -d, -f1-3 r.csv
job results $id --reason mailbox_not_found -f ndjson 2> said | cut -c1-22; cat said
job results $id 2> /dev/null | cut -d, -f1-3
job results $id --order done -o d.csv; sort d.csv | cut -d, -f1-3
job results $id --status good; rc
--- said
4 of 4, 2 deliverable, 2 undeliverable
2 of 2, 2 deliverable
-- 0
index,email,status
0,jane@ok.test,deliverable
2,ann@ok.test,deliverable
{"index":1,"input":nul
1 of 1, 1 undeliverable
index,email,status
0,jane@ok.test,deliverable
1,bob@ok.test,undeliverable
2,ann@ok.test,deliverable
3,bad,undeliverable
4 of 4, 2 deliverable, 2 undeliverable
0,jane@ok.test,deliverable
1,bob@ok.test,undeliverable
2,ann@ok.test,deliverable
3,bad,undeliverable
index,email,status
smtp-verify: a status is "deliverable", "undeliverable", "risky" or "unknown"
-- 2



=== TEST 7: wrong usage, and what the server does not have
--- http_config
smtp_verify_tokens $TEST_NGINX_SERVER_ROOT/html/tokens;
--- user_files eval
">>> tokens\nalice sha256:" . Digest::SHA::sha256_hex('secret') . "\nbob sha256:" . Digest::SHA::sha256_hex('other') . "\n"
--- verify
smtp_verify_jobs_limit records=3;
--- script
for words in '' watch 'list x' submit erase; do job $words > said 2>&1; head -n 1 said; rc; done
job what; rc
job what x; rc
job show 'a b'; rc
job submit l.txt; rc
echo jane@ok.test > l.txt
job submit l.txt --wait soon; rc
job submit l.txt --sample few; rc
job submit l.txt --retention 2w; rc
job submit l.txt --order up; rc
job submit l.txt -k 'a b'; rc
job submit l.txt -o l.txt; rc
job submit l.txt; rc
echo secret > t; echo other > o
id=$(job submit -q -t t l.txt)
job show $id -t o; rc
job show $id -t t | grep ^records
job list -t o; rc
job submit l.txt -t t --webhook ftp://x; rc
seq -f 'u%g@ok.test' 4 > m.txt; job submit m.txt -t t; rc
seq -f 'u%g@ok.test' 3 > m.txt; job submit m.txt -t t; rc
$program job submit l.txt -t t -u http://127.0.0.1:1/ --name x > said 2>&1 & p=$!; sleep 1; kill $p; wait $p; echo "-- $?"; cat said
job list -u $SMTP_VERIFY_URL/none -t t; rc
--- said
usage: smtp-verify [options] ADDRESS ...
-- 2
smtp-verify: "job watch" needs one ID, which "job list" shows
-- 2
smtp-verify: "job list" needs no FILE or ID; to verify a list say "list FILE" or "job submit FILE"
-- 2
smtp-verify: "job submit" needs one FILE
-- 2
smtp-verify: "job erase" needs one ADDRESS
-- 2
smtp-verify: there is no command "job what"; there are submit, list, show, watch, results, pause, resume, cancel, delete and erase
-- 2
smtp-verify: there is no command "job what"; there are submit, list, show, watch, results, pause, resume, cancel, delete and erase
-- 2
smtp-verify: "a b" is not the id of a job
-- 2
l.txt: No such file or directory
-- 5
smtp-verify: --wait needs a number of seconds, or a time such as 36h
-- 2
smtp-verify: --sample needs a number of records
-- 2
smtp-verify: --retention needs a time such as 36h
-- 2
smtp-verify: an order is "input" or "done"
-- 2
smtp-verify: a key has 1 to 255 visible ASCII characters
-- 2
smtp-verify: the output is the list itself
-- 2
smtp-verify: Send your token in the header "Authorization: Bearer TOKEN" or "X-Api-Key: TOKEN"; it is not taken from the query string.
-- 5
smtp-verify: There is no such job, or not any more.
-- 5
records: 1
-- 0
smtp-verify: "webhook" must be an http or https URL of at most 2047 bytes in ASCII, without user and fragment, and with a port of 80, 443, or 1024 and above.
-- 5
smtp-verify: The list has more records than a client may have in its jobs.
-- 5
smtp-verify: The client has as much in its jobs as it may have: delete jobs that are not needed any more.
-- 6
-- 6
smtp-verify: Could not connect to server
smtp-verify: URL/none/jobs?limit=25 answered 404: the API is not there, see --url
-- 5



=== TEST 8: an address is erased from all jobs
--- no_zones
--- script
printf 'jane@ok.test\nbob@ok.test\njane@ok.test\n' > l.txt
id=$(job submit -q l.txt); job watch -q $id > /dev/null 2>&1; rc
job erase jane; rc
job erase jane@ok.test > e; rc; ids < e
job results -q $id -f ndjson 2> /dev/null | grep -c '"erased"'
job erase jane@ok.test; rc
job erase jane@ok.test --json; rc
--- said
-- 0
smtp-verify: "jane" is not an address
-- 2
-- 0
jane@ok.test: erased
ID: 2 records
2
jane@ok.test: erased
-- 0
{"cache":false,"records":0,"jobs":[],"others":{"jobs":0,"records":0},"not_searched":0}
-- 0



=== TEST 9: what a job waits for
--- smtp
mx1 11 pipelining
    rcpt *: 450 4.2.0 Greylisted, please try again later
--- script
echo jane@ok.test > l.txt
id=$(job submit -q l.txt)
until_job $id ^waiting_for
job show $id | grep ^waiting_for | sed -E 's/[0-9-]+T[0-9:]+Z/TIME/'
job delete $id | ids
--- said
waiting_for: 1 greylisted until TIME: The mail server does not know us yet, and asks us to try again later.
ID: deleted
