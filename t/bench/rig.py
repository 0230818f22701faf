"""What the benchmark and the chaos run start, ask and stop: the sink, the
DNS server, nginx with the module.  All of it on loopback addresses, in a
directory of its own, ended by process id."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time

PORT = int(os.environ.get("BENCH_PORT", "24000"))
RANGE = "127.1.0.1+1000"
DNS = "127.1.255.53:%d" % (PORT + 53)
HTTP = "127.0.0.1:%d" % (PORT + 80)
APP = "127.0.0.1:%d" % (PORT + 81)

CONF = """
%(modules)s
daemon off;
%(user)s
pid %(dir)s/nginx.pid;
error_log %(log)s %(level)s;
worker_processes %(workers)d;
%(affinity)s
worker_rlimit_nofile %(files)d;
%(main)s

events {
    worker_connections %(connections)d;
}

http {
    access_log off;
    keepalive_requests 1000000000;
    keepalive_timeout 300s;
    client_body_temp_path %(dir)s/body;
    proxy_temp_path %(dir)s/proxy;
    fastcgi_temp_path %(dir)s/fastcgi;
    uwsgi_temp_path %(dir)s/uwsgi;
    scgi_temp_path %(dir)s/scgi;

    resolver %(dns)s ipv6=off;

    smtp_verify_helo verify.bench.test;
    smtp_verify_from postmaster@bench.test;
    smtp_verify_port %(smtp)d;
    smtp_verify_target_allow 127.0.0.0/8;
%(probes)s
%(http)s

    server {
        listen %(listen)s backlog=8192;

        location = /verify {
            smtp_verify;
%(verify)s
        }
%(server)s
    }
}
"""


APPLICATION = """
daemon off;
master_process off;
%(user)s
pid %(dir)s/application.pid;
error_log %(dir)s/application.log;

events {
}

http {
    access_log off;
    keepalive_requests 1000000000;

    server {
        listen %(listen)s;
        default_type application/json;
        return 200 '{"status":"unknown"}';
    }
}
"""


def fail(text):
    sys.exit("%s: %s" % (os.path.basename(sys.argv[0]), text))


def median(values):
    return quantile(values, 0.5)


def quantile(values, q):
    values = sorted(values)
    at = q * (len(values) - 1)
    low = int(at)
    high = min(low + 1, len(values) - 1)
    return values[low] + (values[high] - values[low]) * (at - low)


def spread(values, form="%.2f"):
    return "%s [%s, %s]" % tuple(
        form % quantile(values, q) for q in (0.5, 0.25, 0.75))


def ask(path, line):
    with socket.socket(socket.AF_UNIX) as s:
        s.settimeout(5)
        s.connect(path)
        s.sendall(line.encode() + b"\n")
        data = b""
        while True:
            more = s.recv(65536)
            if not more:
                break
            data += more
    answer = json.loads(data)
    if "error" in answer:
        fail("%s: %s" % (line, answer["error"]))
    return answer


class Rig:
    def __init__(self, build, nginx, module):
        self.tools = os.path.join(build, "bench")
        self.dir = os.path.join(build, "bench", "run")
        self.nginx = nginx
        self.module = module
        self.children = []
        self.conf = {}
        shutil.rmtree(self.dir, ignore_errors=True)
        os.makedirs(self.dir)
        os.chmod(self.dir, 0o755)

        cpus = sorted(os.sched_getaffinity(0))
        self.cpus = cpus
        self.cpu = {cpus[0]}
        self.others = set(cpus[1:]) or set(cpus)
        self.files = resource_limit()
        self.port = PORT
        self.under = []                 # a command that nginx is run by
        self.patience = 5               # seconds, for its worker

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.nginx_stop()
        for child in self.children:
            child.kill()
            child.wait()

    def path(self, name):
        return os.path.join(self.dir, name)

    def spawn(self, name, args, cpu=None, out=None):
        """A tool of ours, on the given CPUs."""
        cpu = cpu or self.others
        child = subprocess.Popen(
            [os.path.join(self.tools, name)] + [str(a) for a in args],
            stdout=out or subprocess.DEVNULL,
            preexec_fn=lambda: os.sched_setaffinity(0, cpu))
        self.children.append(child)
        return child

    def wait(self, what, seconds=10.0):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            value = what()
            if value:
                return value
            time.sleep(0.02)
        return what()

    def start(self, seconds=3600, names=1000000, ttl=3600, busy=False):
        """busy: sink and load do not sleep, where they have a CPU."""
        self.busy = ["-b"] if busy and len(self.cpus) > 1 else []
        self.sink_path = self.path("sink.sock")
        self.dns_path = self.path("dns.sock")
        self.spawn("sink", ["-a", RANGE, "-p", PORT + 25,
                            "-c", self.sink_path, "-T", seconds] + self.busy,
                   out=open(self.path("sink.out"), "w"))
        self.spawn("dnsd", ["-l", DNS, "-a", RANGE, "-n", names, "-t", ttl,
                            "-c", self.dns_path, "-T", seconds])
        for path in (self.sink_path, self.dns_path):
            if not self.wait(lambda: os.path.exists(path), 5):
                fail("%s did not start" % path)

    def sink(self, line="stats"):
        return ask(self.sink_path, line)

    def dns(self, line="stats"):
        return ask(self.dns_path, line)

    # nginx

    def write_conf(self, **conf):
        values = {
            "modules": "load_module %s;" % self.module if self.module else "",
            "user": "user root;" if os.getuid() == 0 else "",
            "name": "nginx.conf", "dir": self.dir,
            "log": self.path("error.log"), "level": "warn", "workers": 1,
            "affinity": self.affinity(conf.get("workers", 1)),
            "files": self.files, "connections": self.files - 64,
            "main": "", "dns": DNS, "smtp": PORT + 25, "listen": HTTP,
            "http": "", "verify": "", "server": "",
        }
        values.update(conf)
        values.setdefault("probes", "    smtp_verify_max_probes %d;"
                          % values["connections"])
        with open(self.path(values["name"]), "w") as f:
            f.write(CONF % values)

    def affinity(self, workers):
        if len(self.cpus) < 2 or workers > 1:
            return ""
        mask = ["0"] * (max(self.cpus) + 1)
        mask[-1 - self.cpus[0]] = "1"
        return "worker_cpu_affinity %s;" % "".join(mask)

    def command(self, *args, name="nginx.conf"):
        return [self.nginx, "-p", self.dir, "-c", self.path(name),
                "-e", self.path("start.log")] + list(args)

    def has(self, **conf):
        """Does the configuration load?  Features come one by one."""
        self.write_conf(name="test.conf", log=self.path("test.log"), **conf)
        test = subprocess.run(self.command("-t", name="test.conf"),
                              capture_output=True, text=True, check=False)
        self.error = test.stderr.strip().split("\n")[0]
        return test.returncode == 0

    def why(self):
        return self.error.split("] ", 1)[-1].split(" in /")[0]

    def nginx_start(self, **conf):
        self.nginx_stop()
        self.write_conf(**conf)
        test = subprocess.run(self.command("-t"), capture_output=True,
                              text=True, check=False)
        if test.returncode != 0:
            fail("nginx: %s" % test.stderr)
        self.child = subprocess.Popen(self.under + self.command())
        self.master = self.child.pid
        if not self.wait(self.workers, self.patience):
            fail("nginx has no worker, see %s" % self.dir)
        return self.workers()

    def application(self):
        """What a gate stands before: another nginx, on another CPU."""
        with open(self.path("application.conf"), "w") as f:
            f.write(APPLICATION % {
                "dir": self.dir, "listen": APP,
                "user": "user root;" if os.getuid() == 0 else ""})
        child = subprocess.Popen(
            self.command(name="application.conf"),
            preexec_fn=lambda: os.sched_setaffinity(0, self.others))
        self.children.append(child)
        if not self.wait(lambda: os.path.exists(
                self.path("application.pid")), 5):
            fail("the application did not start")

    def workers(self):
        """Ids of the workers that are not on their way out."""
        try:
            with open("/proc/%d/task/%d/children"
                      % (self.master, self.master)) as f:
                pids = [int(p) for p in f.read().split()]
        except OSError:
            return []
        return [p for p in pids if "worker process" in cmdline(p)
                and "shutting down" not in cmdline(p)]

    def reload(self):
        os.kill(self.master, signal.SIGHUP)

    def nginx_stop(self):
        child = getattr(self, "child", None)
        if child is None:
            return
        self.child = None
        child.terminate()
        try:
            child.wait(10)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()

    def log(self):
        try:
            with open(self.path("error.log"), errors="replace") as f:
                return f.read().splitlines()
        except FileNotFoundError:
            return []

    # load

    def load(self, *args, pid=None):
        child = self.spawn("load", ["-h", HTTP] + list(args) + self.busy
                           + (["-P", pid] if pid else []),
                           out=subprocess.PIPE)
        return self.result(child)

    def bare(self, *args):
        child = self.spawn("bare", ["-a", RANGE, "-p", PORT + 25]
                           + list(args), cpu=self.cpu, out=subprocess.PIPE)
        return self.result(child)

    def end(self, child):
        child.terminate()
        child.wait()
        self.children.remove(child)

    def result(self, child):
        out = child.communicate()[0]
        self.children.remove(child)
        if not out:
            fail("%s ended without a result" % child.args[0])
        return json.loads(out)

    def get(self, path):
        host, port = HTTP.split(":")
        with socket.create_connection((host, int(port)), 20) as s:
            s.sendall(("GET %s HTTP/1.0\r\n\r\n" % path).encode())
            data = b""
            while True:
                more = s.recv(65536)
                if not more:
                    break
                data += more
        return data.decode()


def cmdline(pid):
    try:
        with open("/proc/%d/cmdline" % pid) as f:
            return f.read()
    except OSError:
        return ""


def split(pid):
    """Ticks of CPU time in nginx, and in the kernel for it."""
    with open("/proc/%d/stat" % pid) as f:
        fields = f.read().rsplit(")", 1)[1].split()
    return int(fields[11]), int(fields[12])


def status(pid, name):
    """kB; 0: it is gone"""
    try:
        with open("/proc/%d/status" % pid) as f:
            for line in f:
                if line.startswith(name + ":"):
                    return int(line.split()[1])
    except OSError:
        pass
    return 0


def rss(pid):
    return status(pid, "VmRSS")


def peak(pid):
    return status(pid, "VmHWM")


def anonymous(pid):
    """A process's own memory: no zones, no files."""
    return status(pid, "RssAnon")


def sockets(pid):
    """What a process has open of TCP, less what it listens on, by state."""
    inodes = set()
    for fd in os.listdir("/proc/%d/fd" % pid):
        try:
            name = os.readlink("/proc/%d/fd/%s" % (pid, fd))
        except OSError:
            continue
        if name.startswith("socket:["):
            inodes.add(name[8:-1])
    found = []
    with open("/proc/%d/net/tcp" % pid) as f:
        for line in list(f)[1:]:
            field = line.split()
            if field[9] in inodes and field[3] != "0A":
                found.append(int(field[2].split(":")[1], 16))
    return found


def resource_limit():
    import resource
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    return hard if 0 < hard < 65536 else 65536
