"""Jobs: how fast a list is taken in and worked off, compared with the same
list over HTTP, and what single requests notice of it."""

import hashlib
import http.client
import json
import os
import shutil
import subprocess
import tempfile
import threading
import time

from lists import BATCH, lines, stream
from report import good, row, title
from rig import HTTP, fail, median, peak, rss, split, spread

UPLOAD = int(os.environ.get("BENCH_UPLOAD", "1000000"))
JOB = int(os.environ.get("BENCH_JOB", "60000"))
SHARE = int(os.environ.get("BENCH_SHARE", "2000"))
PAIRS = int(os.environ.get("BENCH_PAIRS", "3"))
CLIENTS = 5
DOMAINS = 1000      # one a mail server, so that none is asked for canaries
OF_EACH = 10
ENDED = ("completed", "cancelled", "failed")
ASKS = """smtp_verify_keepalive 20;
            smtp_verify_batch_probes 100;"""

CONF = {
    "main": "thread_pool default threads=8;",
    "http": """smtp_verify_cache_zone zone=cache:256m;
    smtp_verify_cache cache;
    smtp_verify_starttls off;""",
    "server": BATCH % ASKS + """
        location /jobs {
            smtp_verify_jobs_store %(store)s;
            smtp_verify_jobs;
            smtp_verify_jobs_limit records=100m;
            smtp_verify_tokens %(tokens)s;
            """ + ASKS + """
            client_max_body_size 0;
        }""",
}


class Jobs:
    """nginx with a store of jobs, and clients of it."""

    def __init__(self, rig):
        self.rig = rig
        self.store = tempfile.mkdtemp(prefix="jobs-", dir=rig.dir)
        tokens = rig.path("tokens")
        with open(tokens, "w") as f:
            for i in range(CLIENTS):
                f.write("client%d sha256:%s\n" % (i, hashlib.sha256(
                    token(i).encode()).hexdigest()))
        self.conf = dict(CONF)
        self.conf["server"] = CONF["server"] % {"store": self.store,
                                                "tokens": tokens}
        self.pid = None
        self.base = 100000000           # no address comes twice

    def __enter__(self):
        self.pid = self.rig.nginx_start(**self.conf)[0]
        return self

    def __exit__(self, *exc):
        self.rig.nginx_stop()
        shutil.rmtree(self.store)

    def text(self, n):
        self.base += n
        return "".join(lines(n, self.base - n, DOMAINS)).encode()

    def ask(self, method, path, client=0, body=None, more=()):
        host, port = HTTP.split(":")
        conn = http.client.HTTPConnection(host, int(port), timeout=600)
        try:
            conn.request(method, path, body,
                         dict(more, Authorization="Bearer " + token(client)))
            answer = conn.getresponse()
            text = answer.read()
        finally:
            conn.close()
        if answer.status not in (200, 202, 204):
            fail("%s %s: %d %s" % (method, path, answer.status, text[:300]))
        return json.loads(text) if text else None

    def submit(self, text, client=0):
        return self.ask("POST", "/jobs", client, text,
                        {"Content-Type": "text/plain"})["id"]

    def job(self, name, client=0):
        return self.ask("GET", "/jobs/" + name, client)

    def state(self, name, state, client):
        self.ask("PATCH", "/jobs/" + name, client,
                 json.dumps({"state": state}),
                 {"Content-Type": "application/json"})

    def run(self, n):
        """Works off a job; seconds from the 202 on."""
        name = self.submit(self.text(n))
        start = time.monotonic()
        while True:
            job = self.job(name)
            if job["state"] in ENDED:
                break
            time.sleep(0.05)
        took = time.monotonic() - start
        status = job["status"]
        if status["deliverable"] + status["risky"] != n:
            fail("not all deliverable: %s" % job)
        self.ask("DELETE", "/jobs/" + name)
        return took

    def list(self, n):
        self.base += n
        took, _, _, summary = stream(self.rig, self.pid, n, self.base - n,
                                     DOMAINS)
        status = summary["status"]
        if status["deliverable"] + status["risky"] != n:
            fail("not all deliverable: %s" % summary)
        return took


def token(client):
    return "token-of-client-%d" % client


class Singles:
    """Requests for single addresses, a few at a time, while something else
    goes on; what they are compared with is measured in the same way."""

    LOADS = {"cached": ("-s", 1000, "-c", 4, "-i", 10),
             "uncached": ("-c", 4, "-i", 20)}

    first = 500000000

    def __init__(self, rig):
        self.rig = rig
        self.children = {}
        self.found = {}

    def __enter__(self):
        for name, args in self.LOADS.items():
            more = []
            if name == "uncached":
                Singles.first += 1000000
                more = ["-f", Singles.first]
            self.children[name] = self.rig.spawn(
                "load", ["-h", HTTP, "-n", 1000000, "-w", 0, "-T", 600]
                + list(args) + more, out=subprocess.PIPE)
        return self

    def __exit__(self, kind, *exc):
        for name, child in self.children.items():
            child.terminate()
            if kind is None:
                self.found[name] = self.rig.result(child)
                good(self.found[name])


class Times:
    """What Singles found, several times."""

    def __init__(self):
        self.p50 = {}
        self.p99 = {}

    def add(self, singles):
        for name, got in singles.found.items():
            self.p50.setdefault(name, []).append(got["p50_us"] / 1e3)
            self.p99.setdefault(name, []).append(got["p99_us"] / 1e3)

    def rows(self, what, limit=""):
        for name, values in self.p99.items():
            row("%s, %s" % (name, what),
                "median %.2f ms" % median(self.p50[name]),
                "p99 %s ms %s" % (spread(values), limit))


def reset_peak(pid):
    with open("/proc/%d/clear_refs" % pid, "w") as f:
        f.write("5")


def upload(jobs):
    text = jobs.text(UPLOAD)
    jobs.ask("DELETE", "/jobs/" + jobs.submit(jobs.text(1000)))
    reset_peak(jobs.pid)
    before = rss(jobs.pid)
    start = time.monotonic()
    name = jobs.submit(text)
    took = time.monotonic() - start
    grown = peak(jobs.pid) - before
    jobs.ask("DELETE", "/jobs/" + name)
    row("%d records, %.0f MB, taken in" % (UPLOAD, len(text) / 1e6),
        "%.1f s (<= 5)" % took, "%.1f MB more memory (<= 64)" % (grown / 1024))


def syncs(jobs):
    """The system calls of nginx while it takes a list in, in their order."""
    if shutil.which("strace") is None:
        row("strace is not installed")
        return
    out = jobs.rig.path("strace")
    child = subprocess.Popen(
        ["strace", "-f", "-o", out, "-e",
         "trace=fsync,fdatasync,write,writev,sendto", "-p", str(jobs.pid)],
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    child.stderr.readline()
    try:
        name = jobs.submit(jobs.text(1000))
    finally:
        child.terminate()
        child.wait()
    jobs.ask("DELETE", "/jobs/" + name)
    with open(out) as f:
        calls = f.read().splitlines()
    answer = [i for i, call in enumerate(calls) if '"HTTP/1.1 202' in call]
    if not answer:
        row("system calls of an upload", "not seen by strace")
        return
    before = [c for c in calls[:answer[0]] if "sync(" in c or "sync res" in c]
    row("syncs before the 202, by strace", str(len(before)), "(>= 1)")


class Cpu:
    """Of all threads, a record."""

    def __init__(self, pid, n):
        self.pid, self.n = pid, n
        self.before = sum(split(pid))

    def us(self):
        return (sum(split(self.pid)) - self.before) * 1e4 / self.n


def compare(rig, jobs):
    alone, with_list, with_job = Times(), Times(), Times()
    rates = {"list": [], "job": []}
    cpu = {"list": [], "job": []}
    asked = {}

    rig.load("-n", 3000, "-w", 0, "-s", 1000)
    jobs.list(JOB // 10)
    jobs.run(JOB // 10)

    for i in range(PAIRS):
        with Singles(rig) as singles:
            time.sleep(2)
        alone.add(singles)
        for name, work, times in (("list", jobs.list, with_list),
                                  ("job", jobs.run, with_job)):
            used = Cpu(jobs.pid, JOB)
            rig.sink("reset")
            with Singles(rig) as singles:
                rates[name].append(JOB / work(JOB))
            cpu[name].append(used.us())
            asked[name] = (rig.sink("reset")["all"]["rcpts"]
                           - singles.found["uncached"]["finished"]) / JOB
            times.add(singles)

    for name in rates:
        row("%s of %d" % (name, JOB),
            spread(rates[name], "%.0f") + " records/s",
            spread(cpu[name]) + " us of CPU each",
            "%.2f recipients asked" % asked[name])

    row("ratio, job to list",
        "%s (>= 0.8)" % spread([a / b for a, b in zip(rates["job"],
                                                      rates["list"])]),
        "of CPU %s" % spread([a / b for a, b in zip(cpu["job"],
                                                    cpu["list"])]))
    alone.rows("nothing else")
    with_list.rows("during the list")
    with_job.rows("during the job", "(<= 10)")


def answered(jobs, names):
    return [sum(jobs.job(name, client)["answered"] for name in names[client])
            for client in range(CLIENTS)]


def shares(rig, jobs):
    """The lists of the clients differ in size, what they get must not; so it is
    looked at while none of the jobs is near its end."""
    alone, during = Times(), Times()

    with Singles(rig) as singles:
        time.sleep(3)
    alone.add(singles)

    texts = [[jobs.text(SHARE * (1 + client)) for _ in range(OF_EACH)]
             for client in range(CLIENTS)]
    names = [[] for _ in range(CLIENTS)]
    senders = [threading.Thread(target=submit_all, daemon=True,
                                args=(jobs, client, texts[client],
                                      names[client]))
               for client in range(CLIENTS)]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join()

    time.sleep(1)
    before = last = answered(jobs, names)
    for i in range(OF_EACH):
        for client in range(CLIENTS):
            jobs.state(names[client][i], "running", client)

    with Singles(rig) as singles:
        while True:
            time.sleep(0.2)
            now = answered(jobs, names)
            if now[0] >= 0.6 * SHARE * OF_EACH:
                break
            last = now
    during.add(singles)

    for client in range(CLIENTS):
        for name in names[client]:
            jobs.ask("DELETE", "/jobs/" + name, client)

    got = [b - a for a, b in zip(before, last)]
    if sum(got) == 0:
        fail("the jobs were too small to look at them: %s" % before)
    row("%d clients, %d jobs each" % (CLIENTS, OF_EACH),
        "%d records, share of each" % sum(got),
        " ".join("%.3f" % (g * CLIENTS / sum(got)) for g in got)
        + " (0.9 to 1.1)")
    alone.rows("nothing else")
    during.rows("during these jobs", "(<= 10 more)")


def submit_all(jobs, client, texts, names):
    """They wait for each other, or the first would be done before the last
    is there."""
    for text in texts:
        names.append(jobs.submit(text, client))
        jobs.state(names[-1], "paused", client)


def bench_jobs(rig):
    title("jobs: %d records, a list of as many, and single requests" % JOB)

    with Jobs(rig) as jobs:
        upload(jobs)
        syncs(jobs)
        compare(rig, jobs)
        shares(rig, jobs)
