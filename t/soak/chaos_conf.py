"""Configurations at random, of the directives that the module's own table
has: a directive that is new there is used from then on, with values that
this file knows, or with words of any kind."""

import hashlib
import os
import re

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
TABLE = os.path.join(ROOT, "src", "http", "ngx_http_smtp_verify_module.c")

HTTP, SERVER, LOCATION = "http", "server", "location"

ENTRY = re.compile(r'\{ ngx_string\("(smtp_verify\w*)"\),\s*([A-Z0-9_|\s]+),')

JUNK = ("", "0", "-1", "1", "99999999999999999999", "on", "off", "1s", "0s",
        "-5m", "1k", "10000g", "zone=", "zone=c0", "zone=c9:1m", "zone=c0:1k",
        "a=b", "=", "$arg_email", "$nothing", "${", "\u00e9", "x" * 300,
        "/nowhere", "/dev/null", "/", "127.0.0.1", "::1", "300.1.1.1",
        "10.0.0.0/33", "all", "1/s", "0/h", "5/h", "form:", "json:email",
        "json:/a~2", "%", "\\", "'", "*", "<>", "a@b@c", "accepted", "none")

SOURCES = ("$arg_email", "$http_x_email", "form:email", "multipart:email",
           "json:/email", "json:/a/0/b", "$arg_a$arg_b", "$cookie_m",
           "$request_body", "$arg_email$http_x_email")

VARIABLES = "".join(" $smtp_verify_" + name for name in (
    "status", "reason", "level", "score", "suggestion", "result", "time",
    "cache_status", "mx", "provider", "domain", "client", "gate_status"))

REASONS = ("accepted", "mailbox_not_found", "catch_all", "timeout", "unknown",
           "risky", "undeliverable", "deliverable", "greylisted",
           "no_mail_server", "domain_not_found", "sender_blocked", "pending",
           "throttled", "role_account", "invalid_syntax", "mailbox_full")

TOKENS = ("alpha", "beta", "gamma")


def table():
    """name: (contexts, least and most arguments, is it a block)"""
    with open(TABLE, encoding="ascii") as f:
        text = f.read()
    found = {}
    for name, flags in ENTRY.findall(text):
        flags = [f.strip() for f in flags.split("|")]
        contexts = set()
        for flag in flags:
            if flag.endswith("VERIFY_ANY"):
                contexts |= {HTTP, SERVER, LOCATION}
            elif flag == "NGX_HTTP_MAIN_CONF":
                contexts.add(HTTP)
            elif flag == "NGX_HTTP_SRV_CONF":
                contexts.add(SERVER)
            elif flag == "NGX_HTTP_LOC_CONF":
                contexts.add(LOCATION)
        low, high = 1, 1
        for flag in flags:
            if flag == "NGX_CONF_NOARGS":
                low, high = 0, 0
            elif flag.startswith("NGX_CONF_TAKE"):
                digits = [int(c) for c in flag[len("NGX_CONF_TAKE"):]]
                low, high = min(digits), max(digits)
            elif re.fullmatch(r"NGX_CONF_\dMORE", flag):
                low = int(flag[len("NGX_CONF_")])
                high = low + 3
        found[name] = (contexts, low, high, "NGX_CONF_BLOCK" in flags)
    if len(found) < 40:
        raise SystemExit("chaos: no table of directives in %s" % TABLE)
    return found


class Conf:
    """One configuration, by a generator of random numbers."""

    def __init__(self, rng, directory, net, port, modules=""):
        self.rng, self.dir, self.net, self.port = rng, directory, net, port
        self.modules = modules
        self.table = table()
        self.caches = ["c%d" % i for i in range(rng.randint(1, 3))]
        self.throttles = ["t%d" % i for i in range(rng.randint(1, 2))]
        self.pools = ["p%d" % i for i in range(rng.randint(0, 2))]
        self.locations = rng.randint(4, 12)
        self.lists = set()      # those that take lists
        # most of what is wild is refused as a whole, and tested by that
        self.wild = rng.choice((0, 0, 0, 0.02, 0.1))
        self.files()

    def path(self, name):
        return os.path.join(self.dir, name)

    def file(self, name, text):
        with open(self.path(name), "w", encoding="utf-8") as f:
            f.write(text)
        return self.path(name)

    def files(self):
        r = self.rng
        self.file("chaos.tokens", "".join(
            "%s sha256:%s%s\n" % (name, hashlib.sha256(
                name.encode()).hexdigest(), r.choice(
                    ("", " rate=50/s", " quota=20", " quota=0",
                     " rate=5/s burst=2 quota=1000")))
            for name in TOKENS))
        self.file("chaos.list", "".join(
            r.choice(("d%d.test\n", "*.d%d.test\n", "u%d@d3.test\n",
                      "# %d\n")) % r.randint(0, 60) for _ in range(20)))
        self.file("broken.list", "\x01 nothing like it\n@@@\n")

    # values

    def time(self):
        return self.rng.choice(("1ms", "20ms", "200ms", "500ms", "1s", "2s",
                                "3s", "10s", "1m"))

    def number(self):
        return str(self.rng.choice((1, 1, 2, 3, 5, 10, 64, 100, 1000)))

    def size(self):
        return self.rng.choice(("256", "300", "1k", "4k", "64k", "1m"))

    def limits(self):
        r, found = self.rng, []
        for text in ("conns=%d" % r.randint(1, 5),
                     "ip_conns=%d" % r.randint(1, 5),
                     "total=%d" % r.choice((1, 3, 20, 500)),
                     "rate=%d/%s" % (r.choice((1, 5, 100)), r.choice("sm")),
                     "burst=%d" % r.choice((0, 1, 20)),
                     "rejects=%d/h" % r.choice((1, 5, 200, 100000)),
                     "queue=%d" % r.choice((0, 1, 10, 1000)),
                     "wait=%s" % self.time(), "pause=%s" % self.time(),
                     "max_pause=%s" % self.time(),
                     "suspend=%d" % r.choice((0, 1, 3, 20)), "breaker=off"):
            if r.random() < 0.35:
                found.append(text)
        return found

    def good(self, name):
        """Arguments that may be right, or None: nothing is known of it."""
        r = self.rng
        many = lambda pool, n: [r.choice(pool) for _ in range(r.randint(1, n))]
        short = name[len("smtp_verify_"):]
        if short.endswith(("timeout", "heartbeat", "max_wait")) \
                and short != "connect_timeout":
            return [self.time()]
        if short == "connect_timeout":
            return [self.time() for _ in range(r.randint(1, 3))]
        known = {
            "helo": lambda: [r.choice(("verify.chaos.test", "$host.test"))],
            "from": lambda: [r.choice(("<>", "probe@chaos.test",
                                       "$arg_f@chaos.test"))],
            "port": lambda: [str(self.port + 25)],
            "bind": lambda: [r.choice(("127.0.0.1", "127.0.0.9", "off"))],
            "egress": lambda: [r.choice(self.pools + ["off"])],
            "starttls": lambda: [r.choice(("on", "off", "required"))],
            "ssl_protocols": lambda: many(("TLSv1", "TLSv1.2", "TLSv1.3"), 3),
            "ssl_ciphers": lambda: [r.choice(("HIGH", "DEFAULT:@SECLEVEL=0",
                                              "ALL"))],
            "ssl_trusted_certificate": lambda: [self.path("mx.crt")],
            "ssl_crl": lambda: [self.path("mx.crt")],
            "ssl_conf_command": lambda: ["Options", "PrioritizeChaCha"],
            "target_allow": lambda: ["127.0.0.0/8"],
            "catch_all": lambda: [r.choice(("on", "off", "eager"))],
            "keepalive": lambda: r.choice((
                ["off"], ["8"], ["2", "rejects=1"], ["8", "timeout=200ms"],
                ["3", "rejects=2", "timeout=1s"])),
            "rdap": lambda: [r.choice(("off", "/rdap", "/l0"))],
            "rules": lambda: [os.path.join(ROOT, "conf", "rules.conf")],
            "providers": lambda: [os.path.join(ROOT, "conf",
                                               "providers.conf")],
            "list": lambda: [r.choice(("disposable", "free", "alias", "role",
                                       "spam_trap", "abuse")),
                             self.path("chaos.list")],
            "score": lambda: [r.choice(("catch_all", "role_account")),
                              str(r.randint(-50, 50))],
            "cache": lambda: [r.choice(self.caches + ["off"])],
            "cache_valid": lambda: many(REASONS, 2) + [self.time()],
            "cache_refresh": lambda: [r.choice(("off", "1s", "20ms", "1m"))],
            "cache_bypass": lambda: [r.choice(("$arg_nocache", "0"))],
            "throttle": lambda: r.choice((
                ["off"], ["zone=" + r.choice(self.throttles)]
                + self.limits())),
            "throttle_provider": lambda: ["gmail", "conns=2"],
            "tokens": lambda: [r.choice((self.path("chaos.tokens"), "off",
                                         "off"))],
            "gate": lambda: r.choice((["off"], [r.choice(SOURCES)]
                                      + self.gate())),
            "gate_body_max": lambda: [self.size()],
            "address": lambda: many(SOURCES, 3),
            "batch_line": lambda: [r.choice(("256", "1k", "64k"))],
        }
        if short in known:
            return known[short]()
        if short.endswith(("_headers", "_abort", "_verify", "smtp",
                           "transcript")):
            return [r.choice(("on", "off"))]
        if short.startswith("batch_") or short.startswith("max_") \
                or short.endswith("_depth"):
            return [self.number()]
        return None

    def gate(self):
        r, found = self.rng, []
        for text in ("deny=%s" % ",".join(sorted(set(
                        r.choice(REASONS) for _ in range(3)))),
                     "status=%d" % r.choice((400, 403, 422, 503, 444)),
                     "budget=%s" % self.time(),
                     "on_error=%s" % r.choice(("pass", "deny")),
                     "required", "dry_run"):
            if r.random() < 0.3:
                found.append(text)
        return found

    def directive(self, name):
        contexts, low, high, block = self.table[name]
        r = self.rng
        args = self.good(name)
        if args is None or r.random() < self.wild:
            pool = JUNK + (self.time(), self.number(), self.size())
            args = [r.choice(pool) for _ in range(
                r.randint(low, high) if r.random() < 0.9
                else r.randint(0, 6))]
        return " ".join([name] + [quote(a) for a in args]) \
            + (" { }" if block else ";")

    def directives(self, context, chance):
        lines = []
        for name in self.table:
            if name in ("smtp_verify", "smtp_verify_batch",
                        "smtp_verify_counters") \
                    or name.endswith(("_zone", "_pool")):
                continue
            contexts = self.table[name][0]
            fits = context in contexts or self.rng.random() < self.wild
            if fits and self.rng.random() < chance:
                lines.append(self.directive(name))
        self.rng.shuffle(lines)
        return lines

    # blocks

    def text(self):
        r = self.rng
        lines = []
        if self.modules:
            lines.append("load_module %s;" % self.modules)
        lines += [
            "daemon on;", "user root;" if os.getuid() == 0 else "",
            "pid %s;" % self.path("nginx.pid"),
            "env ASAN_OPTIONS; env UBSAN_OPTIONS;",
            "error_log %s %s;" % (self.path("error.log"), r.choice(
                ("notice", "notice", "info", "debug"))),
            "worker_processes %d;" % r.randint(1, 3),
            "worker_shutdown_timeout %s;" % r.choice(("1s", "3s", "5s")),
            "working_directory %s;" % self.dir,
            "events { worker_connections %d; %s %s }" % (
                r.choice((48, 128, 512, 2048)),
                r.choice(("", "multi_accept on;")),
                r.choice(("", "", "accept_mutex on;"))),
            "http {"]
        lines += ["    " + line for line in self.http()]
        lines.append("}")
        return "\n".join(line for line in lines if line) + "\n"

    def http(self):
        r = self.rng
        lines = ["%s_temp_path %s;" % (name, self.path(name)) for name in
                 ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")]
        lines += [
            "log_format chaos escape=json '$request_uri $status%s';"
            % VARIABLES,
            "access_log %s chaos;" % self.path("access.log")
            if r.random() < 0.7 else "access_log off;",
            "resolver %s.2.53:%d ipv6=off valid=%s; resolver_timeout %s;" % (
                self.net, self.port + 53, r.choice(("1s", "30s")),
                r.choice(("200ms", "1s", "3s"))),
            "client_header_timeout 5s;", "client_body_timeout %s;"
            % r.choice(("1s", "5s")), "send_timeout %s;"
            % r.choice(("1s", "5s")),
            "keepalive_timeout %s;" % r.choice(("0", "1s", "10s")),
            "client_max_body_size %s;" % r.choice(("1k", "1m", "100m")),
            "client_body_buffer_size %s;" % r.choice(("256", "8k", "64k")),
            "proxy_read_timeout 2s;", "proxy_connect_timeout 1s;",
            "limit_req_zone $binary_remote_addr zone=lr:64k rate=100r/s;"]
        for name in self.caches:
            lines.append("smtp_verify_cache_zone zone=%s:%s;" % (
                name, r.choice(("64k", "64k", "256k", "1m"))))
        for name in self.throttles:
            lines.append("smtp_verify_throttle_zone zone=%s:%s;" % (
                name, r.choice(("32k", "64k", "256k"))))
        for name in self.pools:
            lines.append("smtp_verify_egress_pool %s {" % name)
            for i in range(r.randint(1, 3)):
                lines.append("    " + r.choice((
                    "address 127.0.0.%d helo=e%d.chaos.test weight=%d;" % (
                        r.randint(1, 40), i, r.randint(1, 5)),
                    "proxy socks5://%s.2.80:%d helo=s%d.chaos.test;" % (
                        self.net, self.port + 10, i))))
            lines.append("}")
        lines += self.directives(HTTP, r.choice((0.05, 0.2, 0.4)))
        # without these nothing would be asked: they stand unless drawn
        for text in ("smtp_verify_target_allow 127.0.0.0/8;",
                     "smtp_verify_port %d;" % (self.port + 25),
                     "smtp_verify_helo verify.chaos.test;",
                     "smtp_verify_from probe@chaos.test;",
                     "smtp_verify_timeout 3s;",
                     "smtp_verify_max_wait 4s;",
                     "smtp_verify_batch_timeout 8s;"):
            word = text.split(" ")[0]
            if not any(line.startswith(word + " ") for line in lines):
                lines.append(text)
        lines += ["server {", "    listen 127.0.0.1:%d;" % (self.port + 79),
                  "    smtp_verify_tokens off;", "    smtp_verify_gate off;",
                  "    location = /counters { smtp_verify_counters; }", "}",
                  "server {", "    listen 127.0.0.1:%d;" % (self.port + 80)]
        lines += ["    " + line for line in self.server()]
        return lines + ["}"]

    def server(self):
        r = self.rng
        lines = self.directives(SERVER, r.choice((0, 0.05, 0.2)))
        lines.append("error_page %d %s;" % (
            r.choice((400, 401, 404, 422, 500, 503)),
            "/l%d" % r.randrange(self.locations)))
        for i in range(self.locations):
            found = self.location("= /l%d" % i)
            if "    smtp_verify_batch;" in found:
                self.lists.add(i)
            lines += found
        lines += ["location = /rdap {", "    internal;",
                  "    proxy_pass http://127.0.0.1:%d;" % (self.port + 81),
                  "}", "location @named {"]
        lines += ["    " + line for line in self.content()]
        return lines + ["}"]

    def other(self):
        return "/l%d" % self.rng.randrange(self.locations)

    def content(self):
        r = self.rng
        return r.choice((
            ["smtp_verify;"],) * 5 + (["smtp_verify_batch;"],) * 4 + (
            ["smtp_verify_counters;"],
            ["proxy_pass http://127.0.0.1:%d;" % (self.port + 81)],
            ["proxy_pass http://127.0.0.1:%d;" % (self.port + 81),
             "proxy_request_buffering off;", "proxy_http_version 1.1;"],
            ["return 200 '%s';" % VARIABLES.strip()], [],
            ["try_files /nothing @named;"],
            ["rewrite ^ %s last;" % self.other()],
            ["error_page 404 422 = @named;", "return 404;"],
            ["default_type text/html;", "ssi on;",
             "error_page 405 = @named;"]))

    def location(self, name):
        r = self.rng
        lines = ["location %s {" % name]
        body = self.directives(LOCATION, r.choice((0, 0.03, 0.1, 0.3)))
        if r.random() < 0.4:
            body.append(" ".join(["smtp_verify_gate", r.choice(SOURCES)]
                                 + self.gate()) + ";")
        for text in ("auth_request %s;" % self.other(),
                     "mirror %s;" % self.other(),
                     "error_page %d %s;" % (r.choice((422, 400, 503, 401)),
                                            self.other()),
                     "satisfy any;", "limit_req zone=lr burst=5 nodelay;",
                     "client_body_in_single_buffer on;",
                     "client_body_in_file_only clean;",
                     "add_header X-V $smtp_verify_status;",
                     "add_header X-G $smtp_verify_gate_status always;",
                     "limit_except GET POST DELETE { deny all; }",
                     "if ($arg_nocache) { %s }" % r.choice(
                         ("smtp_verify_smtp off;", "set $z 1;",
                          "return 204;")),
                     "set $z $smtp_verify_domain;",
                     "auth_request_set $q $smtp_verify_status;"):
            if r.random() < 0.08:
                body.append(text)
        body += self.content()
        return lines + ["    " + line for line in body] + ["}"]


def quote(word):
    if word and re.fullmatch(r"[\w.:/=<>@$,*%+-]+", word):
        return word
    return '"%s"' % word.replace("\\", "\\\\").replace('"', '\\"')
