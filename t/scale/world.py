"""nginx in a world of its own, see world.h: starts it, gives it lists, and lets
time pass."""

import http.client
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time

CONF = """
%(load)s
daemon off;
%(user)s
pid %(dir)s/nginx.pid;
error_log %(dir)s/error.log notice;
worker_processes 1;
worker_rlimit_nofile 8192;
thread_pool default threads=1;

events {
    worker_connections 4096;
    use epoll;
}

http {
    access_log off;
    client_body_temp_path %(dir)s/body;
    proxy_temp_path %(dir)s/proxy;
    fastcgi_temp_path %(dir)s/fastcgi;
    uwsgi_temp_path %(dir)s/uwsgi;
    scgi_temp_path %(dir)s/scgi;
    keepalive_timeout 86400s;
    client_body_timeout 86400s;

    resolver 127.0.0.1:%(dns)d ipv6=off;

    smtp_verify_helo verify.sender.test;
    smtp_verify_from probe@sender.test;
    smtp_verify_port %(smtp)d;
    smtp_verify_target_allow 127.0.0.0/8;
    smtp_verify_cache_zone zone=results:64m;
    smtp_verify_cache results;
    smtp_verify_throttle_zone zone=limits:32m;
    smtp_verify_keepalive %(keepalive)s;
    smtp_verify_timeout 120s;
    smtp_verify_throttle zone=limits wait=60s %(throttle)s;
    smtp_verify_jobs_store %(dir)s/jobs size=8g retention=1h wait=30d;
    smtp_verify_jobs_limit jobs=100 records=10m bytes=1g;
    %(http)s

    server {
        listen 127.0.0.1:%(port)d;

        location /jobs {
            smtp_verify_jobs;
            client_max_body_size 1g;
            %(location)s
        }
    }
}
"""


def fail(text):
    sys.exit("%s: %s" % (os.path.basename(sys.argv[0]), text))


def free_port(kind=socket.SOCK_STREAM):
    with socket.socket(socket.AF_INET, kind) as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class World:
    """lines: what the mail servers and the DNS are, see smtp.c and dns.c."""

    def __init__(self, build, nginx, module, lines, seed=1, **conf):
        self.build = build
        self.dir = os.path.join(build, "scale", "run.%d" % os.getpid())
        shutil.rmtree(self.dir, ignore_errors=True)
        os.makedirs(self.dir)
        os.chmod(self.dir, 0o755)

        self.port = free_port()
        values = {
            "dir": self.dir, "port": self.port, "dns": free_port(
                socket.SOCK_DGRAM), "smtp": free_port(),
            "load": "" if module == "-" else "load_module %s;" % module,
            "user": "user root;" if os.geteuid() == 0 else "",
            "keepalive": "8", "throttle": "", "http": "", "location": ""}
        values.update(conf)

        with open(self.path("nginx.conf"), "w") as f:
            f.write(CONF % values)

        with open(self.path("world"), "w") as f:
            f.write("".join(line + "\n" for line in lines))

        self.environment = {
            "LD_PRELOAD": os.environ.get("SCALE_SO") or os.path.join(
                build, "scale", "world.so"),
            "PATH": os.environ.get("PATH", ""),
            "SCALE_SEED": str(seed), "SCALE_WORLD": self.path("world"),
            "SCALE_SOCKET": self.path("world.sock"),
            "SCALE_DNS": str(values["dns"]), "SCALE_SMTP": str(values["smtp"])}

        self.child = None
        self.nginx = nginx

    def path(self, name):
        return os.path.join(self.dir, name)

    def __enter__(self):
        self.child = subprocess.Popen(
            [self.nginx, "-c", self.path("nginx.conf"), "-p", self.dir,
             "-e", self.path("error.log")],
            env=self.environment, stdin=subprocess.DEVNULL)

        end = time.monotonic() + 30
        while not os.path.exists(self.path("world.sock")):
            if self.child.poll() is not None or time.monotonic() > end:
                self.stop()
                fail("nginx did not start:\n" + self.log())
            time.sleep(0.05)

        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.sock.bind(self.path("script.sock"))
        self.sock.connect(self.path("world.sock"))
        self.sock.settimeout(1)

        return self

    def __exit__(self, *exc):
        self.stop()
        if exc[0] is None:
            shutil.rmtree(self.dir, ignore_errors=True)

    def stop(self):
        if self.child.poll() is None:

            # time stands still for nginx, so that it cannot end in order

            for pid in self.workers() + [self.child.pid]:
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass

        self.child.wait()

    def workers(self):
        try:
            with open("/proc/%d/task/%d/children" % (self.child.pid,
                                                     self.child.pid)) as f:
                return [int(pid) for pid in f.read().split()]
        except OSError:
            return []

    def log(self):
        try:
            with open(self.path("error.log")) as f:
                return f.read()[-4000:]
        except OSError:
            return ""

    def command(self, text):
        self.sock.send(text.encode())
        while True:
            try:
                return json.loads(self.sock.recv(65536))
            except socket.timeout:
                if self.child.poll() is not None or not self.workers():
                    fail("nginx has ended:\n" + self.log())

    def go(self, seconds):
        """Lets the time pass, and returns the counters of the servers."""
        return self.command("go %d" % int(seconds * 1000))

    def stats(self):
        return self.command("stats")

    def ask(self, method, path, body=None, kind="text/plain"):
        c = http.client.HTTPConnection("127.0.0.1", self.port, timeout=300)
        c.request(method, path, body, {"Content-Type": kind} if body else {})
        answer = c.getresponse()
        data = answer.read()
        if answer.status >= 300:
            fail("%s %s: %d %s" % (method, path, answer.status, data))
        c.close()
        return data

    def job(self, addresses, location="/jobs", query=""):
        """Hands over a list; returns the path of the job."""
        data = self.ask("POST", location + "?name=scale" + query,
                        "".join(a + "\n" for a in addresses))
        return location + "/" + json.loads(data)["id"]

    def state(self, job):
        return json.loads(self.ask("GET", job))


def errors(text):
    return re.findall(r"^.*\[(?:alert|emerg|crit)\].*$", text, re.M)
