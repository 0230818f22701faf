"""The parsers: a process a language, which reads requests and tells what each
of its parsers makes of the field; and PHP, asked by FastCGI."""

import json
import os
import socket
import struct
import subprocess
import sys
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))


class Worker:
    """A process that answers a line with a line."""

    def __init__(self, name, command, **options):
        self.name = name
        self.command = command
        self.options = options
        self.process = None

    def start(self):
        self.process = subprocess.Popen(
            self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL, text=True, **self.options)

    def stop(self):
        if self.process:
            self.process.kill()
            self.process.wait()
            self.process = None

    def ask(self, cases):
        """A dictionary a case: accessor to values."""

        answers = []

        while len(answers) < len(cases):
            if self.process is None:
                self.start()

            rest = [c.frame() + "\n" for c in cases[len(answers):]]
            writer = threading.Thread(target=self.write, args=(rest,),
                                      daemon=True)
            writer.start()

            for _ in rest:
                line = self.process.stdout.readline()

                if not line:
                    # this one kills it

                    print(f"{self.name} ends at {cases[len(answers)]}",
                          file=sys.stderr)
                    answers.append({})
                    self.stop()
                    break

                answers.append(json.loads(line))

            writer.join()

        return answers

    def write(self, lines):
        try:
            for line in lines:
                self.process.stdin.write(line)

            self.process.stdin.flush()
        except (OSError, ValueError):
            pass


class Php:
    """php-cgi, with the environment that nginx would give it."""

    name = "php"

    def __init__(self, port):
        self.port = port
        self.process = None
        self.sock = None

    def start(self):
        self.process = subprocess.Popen(
            ["php-cgi", "-n", "-b", f"127.0.0.1:{self.port}"],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, start_new_session=True,
            env=dict(os.environ, PHP_FCGI_MAX_REQUESTS="100000000"))
        self.connect()

    def connect(self):
        for _ in range(100):
            try:
                self.sock = socket.create_connection(("127.0.0.1",
                                                      self.port))
                self.sock.settimeout(10)
                return
            except OSError:
                time.sleep(0.05)

        raise SystemExit("php-cgi does not start")

    def stop(self):
        if self.process:
            self.process.kill()
            self.process.wait()
            self.process = None

    def ask(self, cases):
        if self.process is None:
            self.start()

        return [self.one(case) for case in cases]

    def one(self, case):
        env = {
            b"SCRIPT_FILENAME": (HERE + "/parsers/parse.php").encode(),
            b"REQUEST_METHOD": case.method.encode(),
            b"QUERY_STRING": case.query, b"REQUEST_URI": case.target("/x"),
            b"SERVER_PROTOCOL": b"HTTP/1.1", b"GATEWAY_INTERFACE": b"CGI/1.1",
            b"REDIRECT_STATUS": b"200", b"CONTENT_TYPE": b"",
            b"CONTENT_LENGTH": b"%d" % len(case.body),
            b"COMPARE_KIND": case.kind.encode(),
            b"COMPARE_FIELD": (case.field if isinstance(case.field, str)
                               else json.dumps(case.field)).encode(),
        }

        for name, value in case.headers:
            key = name.upper().replace(b"-", b"_")

            if key == b"CONTENT_TYPE":
                env[key] = value
            else:
                key = b"HTTP_" + key
                env[key] = (env[key] + b", " + value if key in env
                            else value)

        params = b"".join(self.length(len(n)) + self.length(len(v)) + n + v
                          for n, v in env.items())
        data = (self.record(1, struct.pack("!HB5x", 1, 1))
                + self.record(4, params) + self.record(4, b""))

        for i in range(0, len(case.body), 60000):
            data += self.record(5, case.body[i:i + 60000])

        for _ in range(2):
            try:
                self.sock.sendall(data + self.record(5, b""))
                return self.answer()
            except OSError:
                self.sock.close()
                self.connect()

        return {}

    @staticmethod
    def length(n):
        return bytes([n]) if n < 128 else struct.pack("!I", n | 1 << 31)

    @staticmethod
    def record(kind, content):
        return struct.pack("!BBHHBx", 1, kind, 1, len(content), 0) + content

    def read(self, n):
        data = b""

        while len(data) < n:
            part = self.sock.recv(n - len(data))

            if not part:
                raise OSError("closed")

            data += part

        return data

    def answer(self):
        out = b""

        while True:
            kind, n, padding = struct.unpack("!xBxxHBx", self.read(8))
            content = self.read(n)
            self.read(padding)

            if kind == 6:
                out += content
            elif kind == 3:
                break

        _, _, body = out.partition(b"\r\n\r\n")

        try:
            return json.loads(body)
        except ValueError:
            return {}


class Farm:
    def __init__(self, built, port, only=None):
        parsers = HERE + "/parsers/"
        all_of_them = [
            Php(port),
            Worker("python", [built + "/python/bin/python",
                              parsers + "parse.py"]),
            Worker("node", ["node", "parse.mjs"], cwd=built + "/node"),
            Worker("go", [built + "/go/parse"]),
            Worker("java", ["java", "-Xmx512m", "-XX:TieredStopAtLevel=1",
                            "-cp", f"{built}/java/classes:{built}/java/lib/*",
                            "Parse"]),
            Worker("rust", [built + "/rust/target/debug/parse"]),
            Worker("ruby", ["ruby", "-W0", parsers + "parse.rb"]),
            Worker("perl", ["perl", parsers + "parse.pl"]),
        ]
        self.workers = [w for w in all_of_them
                        if not only or w.name in only]

        # the only one that may not be there, see install

        if not os.path.exists(built + "/rust/target/debug/parse"):
            self.workers = [w for w in self.workers if w.name != "rust"]

    def stop(self):
        for worker in self.workers:
            worker.stop()

    def ask(self, cases, only=None):
        """A dictionary a case, of all languages together."""

        together = [{} for _ in cases]
        threads = []

        def ask(worker):
            for answer, all_of_it in zip(worker.ask(cases), together):
                all_of_it.update(answer)

        for worker in self.workers:
            if only and worker.name not in only:
                continue

            thread = threading.Thread(target=ask, args=(worker,))
            thread.start()
            threads.append(thread)

        for thread in threads:
            thread.join()

        return together
