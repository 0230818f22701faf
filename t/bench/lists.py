"""A list over HTTP, and the answers to it."""

import json
import socket
import threading
import time

from rig import HTTP, fail, rss

HOUR = 3600


BATCH = """location = /batch {
            smtp_verify_batch;
            smtp_verify_starttls off;
            %s
            client_max_body_size 0;
        }"""


def lines(n, base=0, domains=10000):
    """Addresses of many domains, nothing near that is alike."""
    return ("user-%d@d%d.own.bench.test\n" % (i, i * 7919 % domains)
            for i in range(base, base + n))


def stream(rig, pid, n, *which):
    """One list, written and read at once: seconds, to the first line, MB."""
    host, port = HTTP.split(":")
    sock = socket.create_connection((host, int(port)))
    sock.settimeout(HOUR)
    size = sum(len(line) for line in lines(n, *which))

    # of HTTP/1.0, so that the answer comes without chunks

    sock.sendall(b"POST /batch HTTP/1.0\r\nContent-Type: text/plain\r\n"
                 b"Content-Length: %d\r\n\r\n" % size)
    start = time.monotonic()

    def write():
        part = []
        for line in lines(n, *which):
            part.append(line)
            if len(part) == 2000:
                sock.sendall("".join(part).encode())
                part = []
        sock.sendall("".join(part).encode())

    child = threading.Thread(target=write, daemon=True)
    child.start()
    first = None
    got = 0
    last = b"\n"
    memory = []
    marks = [n * (i + 1) // 10 for i in range(10)]

    while True:
        data = sock.recv(1 << 20)
        if not data:
            break
        if first is None and b'{"index"' in data:
            first = time.monotonic() - start
        got += (last[-9:] + data).count(b'\n{"index":')
        if marks and got >= marks[0]:
            marks.pop(0)
            memory.append((rss(pid), rig.sink()["all"]["sessions"]))
        last = (last + data)[-20000:]

    took = time.monotonic() - start
    child.join()
    at = last.index(b'{"summary"')
    summary = json.loads(last[at:last.index(b"\n", at)])
    if got != n or summary["lines"] != n or not summary["complete"]:
        fail("%d of %d lines: %s" % (got, n, summary))
    return took, first, memory, summary
