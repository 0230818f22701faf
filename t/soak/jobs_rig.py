"""A server with jobs, as t/soak/jobs runs it: requests to it, lists whose
verdicts are known, and ways to kill it."""

import fcntl
import http.client
import json
import os
import re
import signal
import struct
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "bench"))

from rig import HTTP, Rig, cmdline  # noqa: E402

ENDED = ("completed", "cancelled", "failed")

# seconds until nginx has begun: sanitizers on a busy machine take long

PATIENCE = 60

# what an answer says about a record; all of it has to be as if nobody had
# disturbed anything

VERDICT = ("input", "email", "status", "reason", "duplicate_of", "error")


# those that were killed hold the port for a moment, and nginx tries again; a
# worker may be killed while LeakSanitizer looks at it

ALLOWED = re.compile(r"worker process \d+ exited on signal 9"
                     r"|^==\d+==Unable to get registers from thread "
                     r"|shared memory zone .* was locked by \d+"
                     r"|bind\(\) to \S+ failed \(98: ")


class Gone(Exception):
    """No answer, or one that was cut off."""


def address(i, domains=300, each=0):
    """The record of this number, of many kinds; some come twice.
    each: after so many records there are other domains."""
    if i % 97 == 3 and i > 100:
        return address(i - 100, domains, each)
    if i % 89 == 5:
        return "nobody at all %d" % i
    domain = i * 7919 % domains + (i // each * domains if each else 0)
    if i % 50 == 7:
        return "any-%d@ca%d.own.bench.test" % (i, domain)
    if i % 4 == 1:
        return "no-%d@m%d.own.bench.test" % (i, domain)
    return "user-%d@m%d.own.bench.test" % (i, domain)


def addresses(n, first=0, domains=300, each=0):
    return "".join(address(first + i, domains, each) + "\n"
                   for i in range(n))


class JobsRig(Rig):
    """Rig with one store of jobs."""

    http = HTTP                 # where it listens

    def configure(self, store, workers=2, options="", location="", **more):
        """more: as write_conf() has it"""
        self.store = store
        self.workers_wanted = workers
        server = """
        location /jobs {
            smtp_verify_jobs_store %s %s;
            smtp_verify_jobs;
            client_max_body_size 1g;
            smtp_verify_catch_all on;
            smtp_verify_keepalive 8;
            smtp_verify_batch_probes 100;
            smtp_verify_batch_domain_probes 4;
            %s
        }
        location = /idle { return 204; }
        """ % (store, options, location)
        self.jobs_conf = dict({"workers": workers, "server": server,
                               "level": "notice"}, **more)

    def up(self):
        """Starts nginx, and waits until it answers."""
        self.patience = PATIENCE
        self.nginx_start(**self.jobs_conf)
        if not self.wait(self.idle, PATIENCE):
            raise Gone("nginx does not answer")

    def idle(self):
        try:
            return self.ask("GET", "/idle", timeout=5)[0] == 204
        except Gone:
            return False

    def kill_worker(self, pick):
        pids = self.workers()
        if pids:
            os.kill(pick(pids), signal.SIGKILL)
        return len(pids) > 0

    def kill_all(self, pause=0.5):
        """The master dies first, and its workers go on for a moment."""
        pids = self.children_of_master()
        child, self.child = self.child, None
        child.kill()
        child.wait()
        time.sleep(pause)
        for pid in pids:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        if not self.wait(lambda: not any(cmdline(p) for p in pids), 20):
            raise Gone("a worker cannot be killed")

    def nginx_quit(self):
        child, self.child = self.child, None
        child.send_signal(signal.SIGQUIT)
        try:
            child.wait(60)
        except subprocess.TimeoutExpired:
            self.child = child
            raise Gone("nginx does not quit") from None

    def children_of_master(self):
        with open("/proc/%d/task/%d/children"
                  % (self.master, self.master)) as f:
            return [int(p) for p in f.read().split()]

    # requests

    def ask(self, method, path, body=None, timeout=60, **headers):
        """The code, the headers, the body."""
        host, port = self.http.split(":")
        conn = http.client.HTTPConnection(host, int(port), timeout=timeout)
        headers = {k.replace("_", "-"): v for k, v in headers.items()}
        try:
            conn.request(method, path, body, headers)
            answer = conn.getresponse()
            return answer.status, answer.headers, answer.read()
        except (OSError, http.client.HTTPException) as e:
            raise Gone("%s %s: %r" % (method, path, e)) from e
        finally:
            conn.close()

    def submit(self, text, query="", **headers):
        code, _, body = self.ask("POST", "/jobs?" + query, text.encode(),
                                 Content_Type="text/plain", **headers)
        return code, json.loads(body or b"{}")

    def patch(self, job, **members):
        return self.ask("PATCH", "/jobs/" + job, json.dumps(members),
                        Content_Type="application/json")[0]

    def job(self, job):
        """None: there is no answer now, or there is no such job."""
        try:
            code, _, body = self.ask("GET", "/jobs/" + job, timeout=20)
        except Gone:
            return None
        return json.loads(body) if code == 200 else None

    def jobs(self):
        found, cursor = [], ""
        while cursor is not None:
            code, _, body = self.ask("GET", "/jobs?limit=200" + cursor)
            if code != 200:
                raise Gone("GET /jobs: %d" % code)
            page = json.loads(body)
            found += page["jobs"]
            cursor = page["next"] and "&cursor=" + page["next"]
        return found

    def page(self, job, query):
        """The results, and the line that says where to go on."""
        code, _, body = self.ask("GET", "/jobs/%s/results?%s" % (job, query))
        if code != 200:
            raise Gone("results: %d %s" % (code, body[:200]))
        lines = body.decode().splitlines()
        last = json.loads(lines[-1]) if lines else {}
        if not last.get("page"):
            raise Gone("results were cut off")
        return [json.loads(line) for line in lines[:-1]], last

    def results(self, job, order="input", limit=20000):
        """All results that are there, as far as they are compared: a million
        of whole ones would take gigabytes."""
        found, cursor = [], ""
        while True:
            page, last = self.page(job, "order=%s&limit=%d%s"
                                   % (order, limit, cursor))
            found += [compared(line) for line in page]
            if last["next"] is None or not page:
                return found, last
            cursor = "&cursor=" + last["next"]


class Disk:
    """A file system of its own, which can lose its power, and be full.

    ext4 on a loop device.  Its ioctl "shutdown", which file systems are tested
    by, drops at once what was written and not synced; what a mount after it
    finds is what a power cut would have left there.
    """

    SHUTDOWN = 0x8004587d           # EXT4_IOC_SHUTDOWN
    NO_LOG_FLUSH = 2

    def __init__(self, path, megabytes):
        self.path = path
        self.image = path + ".img"
        os.makedirs(path, exist_ok=True)
        with open(self.image, "wb") as f:
            f.truncate(megabytes << 20)
        run("mkfs.ext4", "-q", "-F", "-m", "0", self.image)
        self.mount()

    def mount(self):
        run("mount", "-o", "loop", self.image, self.path)

    def umount(self):
        """Processes that were killed close their files a little later."""
        for _ in range(100):
            try:
                return run("umount", self.path)
            except OSError:
                time.sleep(0.05)
        return run("umount", self.path)

    def cut(self):
        """No byte gets to the disk any more, until mend()."""
        fd = os.open(self.path, os.O_RDONLY)
        try:
            fcntl.ioctl(fd, self.SHUTDOWN, struct.pack("I", self.NO_LOG_FLUSH))
        finally:
            os.close(fd)

    def mend(self):
        """Nobody may have a file open."""
        self.umount()
        self.mount()

    def fill(self, left=0):
        try:
            fd = os.open(os.path.join(self.path, "filler"),
                         os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        except OSError:             # the jobs have filled it
            return
        try:
            st = os.statvfs(self.path)
            size = max(st.f_bavail * st.f_frsize - left, 1)
            try:
                os.posix_fallocate(fd, os.fstat(fd).st_size, size)
            except OSError:
                pass
            while left == 0:
                os.write(fd, b"x" * 4096)
        except OSError:
            pass
        finally:
            os.close(fd)

    def free(self):
        try:
            os.unlink(os.path.join(self.path, "filler"))
        except FileNotFoundError:
            pass


def run(*command):
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise OSError("%s: %s" % (command[0], done.stderr.strip()))


def own_mounts():
    """Mounts of this process are seen by no other one, and end with it."""
    if os.environ.get("SOAK_MOUNTS") != "own":
        os.environ["SOAK_MOUNTS"] = "own"
        os.execvp("unshare", ["unshare", "-m", sys.executable] + sys.argv)


def log_problems(rig, allowed=ALLOWED):
    """Lines of sanitizers about nginx's own source are not ours."""
    problems = []
    for line in rig.log():
        if re.match(r"src/\S+: runtime error: ", line):
            continue
        level = re.search(r" \[(\w+)\] ", line)
        if (not level or level.group(1) in ("alert", "emerg", "crit")) \
                and not allowed.search(line):
            problems.append(line)
        if "@" in line and "bench.test" in line:
            problems.append("an address in the log: " + line)
    return problems[:10]


def compared(line):
    return {name: sys.intern(value) if isinstance(value, str) else value
            for name, value in line.items()
            if name in VERDICT or name == "index"}


def verdict(line):
    return tuple(json.dumps(line.get(name)) for name in VERDICT)


def check_job(job, results):
    """Does what the job counts agree with its results?  Returns problems."""
    problems = []

    def differ(what, counted, found):
        if counted != found:
            problems.append("job %s: %s is %s, and there are %s"
                            % (job["id"], what, counted, found))

    index = [line["index"] for line in results]
    if len(set(index)) != len(index):
        problems.append("job %s: %d records have two results"
                        % (job["id"], len(index) - len(set(index))))

    right = [line for line in results if "error" not in line]
    for name in ("status", "reason"):
        found = {}
        for line in right:
            found[line[name]] = found.get(line[name], 0) + 1
        differ(name, {k: n for k, n in job[name].items() if n}, found)

    differ("answered", job["answered"], len(right))
    differ("errors", job["errors"], len(results) - len(right))

    if job["state"] == "completed":
        differ("records", job["records"], len(results))
        if sorted(index) != list(range(job["records"])):
            problems.append("job %s: not every record has a result"
                            % job["id"])

    return problems
