"""A Valkey or Redis of the benchmark's own, on loopback, in memory only."""

import os
import shutil
import socket
import subprocess
import time

from rig import PORT, fail

VALKEY = PORT + 90


class Valkey:
    def __init__(self, path):
        self.path = path
        self.program = os.environ.get("TEST_FLEET_SERVER") or next((
            p for p in map(shutil.which, ("valkey-server", "redis-server"))
            if p), None)
        self.child = None

    def start(self):
        if self.program is None:
            fail("neither Valkey nor Redis is installed")
        self.child = subprocess.Popen(
            [self.program, "--port", str(VALKEY), "--bind", "127.0.0.1",
             "--save", "", "--appendonly", "no", "--dir", self.path,
             "--enable-debug-command", "local"],
            stdout=subprocess.DEVNULL)
        end = time.monotonic() + 10
        while time.monotonic() < end:
            try:
                return self.ask("PING")
            except OSError:
                time.sleep(0.05)
        fail("the store does not start")

    def kill(self):
        self.child.kill()
        self.child.wait()

    def signal(self, number):
        self.child.send_signal(number)

    def ask(self, *words):
        """One line, or one string."""
        with socket.create_connection(("127.0.0.1", VALKEY), 10) as s:
            s.sendall(b"*%d\r\n" % len(words) + b"".join(
                b"$%d\r\n%s\r\n" % (len(w), w.encode()) for w in words))
            f = s.makefile("rb")
            line = f.readline().decode().strip()
            if line.startswith("-"):
                raise OSError(line)
            if line.startswith("$"):
                return f.read(int(line[1:])).decode(errors="replace")
            return line[1:]

    def commands(self):
        """How often clients called what."""
        found = {}
        for line in self.ask("INFO", "commandstats").split():
            if line.startswith("cmdstat_"):
                name, values = line[len("cmdstat_"):].split(":")
                found[name] = int(values.split(",")[0].split("=")[1])
        return found

    def memory(self):
        for line in self.ask("INFO", "memory").split():
            if line.startswith("used_memory_dataset:"):
                return int(line.split(":")[1])
        return 0
