"""The gate's side: a real nginx with a gate for each source, which answers
with the address that it found."""

import base64
import json
import os
import re
import socket
import struct
import subprocess
import threading
import time

# what is asked for, by kind of source

FIELDS = {
    "form": ["email", "user_email", "user[email]"],
    "multipart": ["email", "user_email", "user[email]"],
    "json": [["email"], ["user", "email"]],
    "arg": ["email"],
    "header": ["X-Email"],
}


class Case:
    """A request as the application would get it behind the gate."""

    def __init__(self, kind, field, body=b"", headers=(), query=b"",
                 method="POST", label=""):
        self.kind = kind
        self.field = field
        self.body = body
        self.headers = list(headers)
        self.query = query
        self.method = method
        self.label = label
        self.status = None
        self.code = None
        self.found = None
        self.optional = ""

    def copy(self, **changes):
        case = Case(self.kind, self.field, self.body, self.headers,
                    self.query, self.method, self.label)
        case.__dict__.update(changes)
        return case

    def target(self, path):
        return path.encode() + (b"?" + self.query if self.query else b"")

    def raw(self):
        number = FIELDS[self.kind].index(self.field)
        lines = [self.method.encode() + b" "
                 + self.target(f"/{self.kind}/{number}{self.optional}") + b" HTTP/1.1",
                 b"Host: localhost"]
        lines += [name + b": " + value for name, value in self.headers]
        lines.append(b"Content-Length: %d" % len(self.body))

        return b"\r\n".join(lines) + b"\r\n\r\n" + self.body

    def frame(self):
        return json.dumps({
            "m": self.method, "t": self.target("/signup").decode("latin-1"),
            "h": [[n.decode("latin-1"), v.decode("latin-1")]
                  for n, v in self.headers],
            "b": base64.b64encode(self.body).decode(),
            "k": self.kind, "f": self.field})

    def __str__(self):
        text = [f"{self.kind} {self.field} {self.method}"
                + (f" ?{self.query!r}" if self.query else "")]
        text += [f"    {n.decode('latin-1')}: {v!r}"
                 for n, v in self.headers]
        text.append(f"    {self.body!r}")

        return "\n".join(text)


def name_server(port):
    """Answers that each domain has mail: MX 10 mx.<domain>, A."""

    udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    udp.bind(("127.0.0.1", port))

    def serve():
        while True:
            query, client = udp.recvfrom(4096)
            end = query.index(b"\0", 12) + 5
            kind = struct.unpack("!H", query[end - 4:end - 2])[0]
            answer = b""

            if kind == 15:
                answer = struct.pack("!H", 10) + b"\x02mx\xc0\x0c"
            elif kind == 1:
                answer = bytes([127, 0, 0, 9])

            record = (b"\xc0\x0c" + struct.pack("!HHIH", kind, 1, 3600,
                                                len(answer)) + answer
                      if answer else b"")
            udp.sendto(query[:2] + struct.pack("!HHHHH", 0x8180, 1,
                       1 if answer else 0, 0, 0) + query[12:end] + record,
                       client)

    threading.Thread(target=serve, daemon=True).start()


class Gate:
    def __init__(self, nginx, module, directory, port):
        self.directory = os.path.abspath(directory)
        self.port = port
        os.makedirs(self.directory + "/logs", exist_ok=True)
        name_server(port + 1)

        with open(self.directory + "/nginx.conf", "w") as conf:
            conf.write(self.configuration(os.path.abspath(module)))

        self.process = subprocess.Popen(
            [nginx, "-p", self.directory, "-c",
             self.directory + "/nginx.conf"], stderr=subprocess.DEVNULL)

        for _ in range(100):
            try:
                socket.create_connection(("127.0.0.1", port)).close()
                return
            except OSError:
                time.sleep(0.05)

        raise SystemExit("nginx does not start: " + self.directory
                         + "/logs/error.log")

    def stop(self):
        self.process.terminate()
        self.process.wait()

    def configuration(self, module):
        locations = []

        for kind, fields in FIELDS.items():
            for n, field in enumerate(fields):
                source = {"arg": f"$arg_{field}", "header": "$http_x_email",
                          "json": "json:/" + "/".join(field)}.get(
                              kind, f"{kind}:{field}")
                locations += [f"""
        location = /{kind}/{n}{path} {{
            smtp_verify_gate "{source}" {required};
            proxy_set_header X-Found "$smtp_verify_result";
            proxy_set_header Content-Length "";
            proxy_pass_request_body off;
            proxy_pass http://unix:{self.directory}/inner.sock;
        }}""" for path, required in (("", "required"), ("/optional", ""))]

        return f"""
load_module {module};
daemon off;
worker_processes 1;
pid logs/nginx.pid;
error_log logs/error.log error;
events {{ worker_connections 512; }}
http {{
    access_log off;
    underscores_in_headers on;
    ignore_invalid_headers off;
    keepalive_requests 1000000000;
    keepalive_timeout 600s;
    client_body_buffer_size 256k;
    large_client_header_buffers 8 32k;
    client_body_temp_path body;
    proxy_temp_path proxy;
    fastcgi_temp_path fastcgi;
    uwsgi_temp_path uwsgi;
    scgi_temp_path scgi;
    resolver 127.0.0.1:{self.port + 1} ipv6=off;
    smtp_verify_helo gate.example;
    smtp_verify_from probe@gate.example;
    smtp_verify_smtp off;
    smtp_verify_cache_zone zone=results:4m;
    smtp_verify_cache results;
    server {{
        listen 127.0.0.1:{self.port};
        {"".join(locations)}
    }}
    server {{
        listen unix:{self.directory}/inner.sock;
        location / {{
            return 200 "$http_x_found";
        }}
    }}
}}
"""

    def ask(self, cases):
        """Sets status, code and found of each."""

        todo = list(cases)

        while todo:
            sock = socket.create_connection(("127.0.0.1", self.port))
            sock.settimeout(20)
            done = self.pipeline(sock, todo)
            sock.close()

            if done < len(todo) and todo[done].status is None:
                todo[done].status = 400
                done += 1

            todo = todo[done:]

    def pipeline(self, sock, cases):
        stream = sock.makefile("rb")
        n = 0

        for start in range(0, len(cases), 16):
            part = cases[start:start + 16]

            try:
                sock.sendall(b"".join(c.raw() for c in part))

                for case in part:
                    last = self.answer(stream, case)
                    n += 1

                    if last:
                        return n

            except (OSError, EOFError):
                return n

        return n

    @staticmethod
    def answer(stream, case):
        line = stream.readline()

        if not line:
            raise EOFError

        head = line

        while line not in (b"\r\n", b""):
            line = stream.readline()
            head += line

        length = re.search(rb"(?im)^content-length: *(\d+)", head)
        body = stream.read(int(length.group(1))) if length else b""
        case.status = int(head.split()[1])

        if case.status == 200:
            case.found = json.loads(body)["email"] if body else None
        elif body.startswith(b"{"):
            case.code = json.loads(body).get("code")

        return bool(re.search(rb"(?im)^connection: *close", head))
