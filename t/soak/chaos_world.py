"""What nginx talks to in the chaos run: mail servers, name servers, a SOCKS
proxy, an application.  Each of a few hundred hosts has a character that
changes while it is asked."""

import asyncio
import os
import random
import socket
import struct

from chaos_tls import Broken, Tls, certificate, context

HOSTS = 40
STAGES = ("connect", "banner", "ehlo", "starttls", "tls", "mail", "rcpt",
          "rset", "quit")

CHARACTERS = ("good",) * 4 + (
    "all", "reject", "grey", "rate", "block", "busy", "shut", "tarpit",
    "silent", "close", "reset", "garbage", "long", "endless", "early",
    "swap", "nopipelining", "tls", "tls12", "tlsgarbage", "tlscut",
    "tlsflip", "keyupdate", "inject", "slow", "full", "stepwise", "big")

LIES = (None,) * 6 + ("servfail", "refused", "nxdomain", "empty", "drop",
                      "truncate", "garbage", "cut", "id", "delay", "loop",
                      "many", "null", "private", "mixed")


class World:
    def __init__(self, directory, net, port, rng):
        self.net, self.port, self.rng = net, port, rng
        self.host = ["good"] * (HOSTS + 1)
        self.lie = {}
        self.servers, self.tasks = [], set()
        self.seen = {}
        base = certificate(os.path.join(directory, "mx"))
        self.ctx, self.old = context(base), context(base, old=True)
        self.calm = True

    async def start(self):
        for i in range(1, HOSTS + 1):
            await self.listen(self.smtp, "%s.1.%d" % (self.net, i),
                              self.port + 25)
        await self.listen(self.dns_stream, "%s.2.53" % self.net,
                          self.port + 53)
        await self.listen(self.socks, "%s.2.80" % self.net, self.port + 10)
        await self.listen(self.application, "127.0.0.1", self.port + 81)
        loop = asyncio.get_running_loop()
        await loop.create_datagram_endpoint(
            lambda: Datagrams(self), ("%s.2.53" % self.net, self.port + 53))

    async def listen(self, handler, address, port):
        async def handle(reader, writer):
            task = asyncio.current_task()
            self.tasks.add(task)
            try:
                await asyncio.wait_for(handler(reader, writer), 60)
            except (OSError, EOFError, Broken, ValueError,
                    asyncio.TimeoutError, asyncio.LimitOverrunError,
                    asyncio.IncompleteReadError, asyncio.CancelledError):
                pass
            finally:
                self.tasks.discard(task)
                writer.transport.abort() if writer.is_closing() \
                    else writer.close()
        self.servers.append(await asyncio.start_server(
            handle, address, port, backlog=512, limit=1 << 20))

    def shuffle(self):
        """Other characters, other lies."""
        self.calm = False
        for i in range(1, HOSTS + 1):
            if self.rng.random() < 0.5:
                self.host[i] = self.rng.choice(CHARACTERS)
        self.lie = {i: self.rng.choice(LIES)
                    for i in range(HOSTS) if self.rng.random() < 0.6}

    def peace(self):
        self.calm = True
        self.host = ["good"] * (HOSTS + 1)
        self.lie = {}

    def end_sessions(self):
        for task in list(self.tasks):
            task.cancel()

    # mail servers

    async def smtp(self, reader, writer):
        number = int(writer.get_extra_info("sockname")[0].split(".")[3])
        await Session(self, reader, writer, self.host[number]).run()

    # names: dN.test and what is below it have MXes, mN.test an address

    def records(self, name, kind, lie):
        labels = name.split(".")
        if labels[-1:] != ["test"] or len(labels) < 2:
            return None
        first = labels[-2]
        number = int("".join(c for c in first if c.isdigit()) or 0)
        if first.startswith("m"):
            if kind == 1:
                if lie == "private":
                    return [(1, socket.inet_aton("10.0.0.%d"
                                                 % (number % 250)))]
                return [(1, socket.inet_aton(
                    "%s.1.%d" % (self.net, number % HOSTS + 1)))]
            return []
        if not first.startswith("d"):
            return None
        if kind == 15:
            if lie == "null":
                return [(15, struct.pack("!H", 0) + b"\0")]
            n = 80 if lie == "many" else 1 + number % 3
            found = [(15, struct.pack("!H", 10 * (i % 3))
                      + wire("m%d.test" % (number * 7 + i)))
                     for i in range(n)]
            if lie == "mixed":
                found.append((15, struct.pack("!H", 5) + wire("gone.x.test")))
            return found
        return []

    def answer(self, query):
        """The bytes to send and a delay, or None."""
        if len(query) < 17:
            return None
        ident, flags, count = struct.unpack("!HHH", query[:6])
        at, labels = 12, []
        while at < len(query) and query[at]:
            labels.append(query[at + 1:at + 1 + query[at]].decode("latin-1"))
            at += 1 + query[at]
        question = query[12:at + 5]
        if len(question) < 5 or at + 5 > len(query):
            return None
        name = ".".join(labels).lower()
        kind = struct.unpack("!H", query[at + 1:at + 3])[0]
        number = int("".join(c for c in name if c.isdigit())[:6] or 0)
        lie = self.lie.get(number % HOSTS)
        if lie == "drop":
            return None
        rcode = {"servfail": 2, "refused": 5, "nxdomain": 3}.get(lie, 0)
        records = []
        if rcode == 0 and lie != "empty":
            records = self.records(name, kind, lie)
            if records is None:
                rcode, records = 3, []
        if lie == "loop":
            records = [(5, wire(name))]
        body = b"".join(b"\xc0\x0c" + struct.pack(
            "!HHIH", t, 1, self.rng.choice((0, 1, 60)), len(d)) + d
            for t, d in records)
        flags = 0x8180 | rcode | (0x0200 if lie == "truncate" else 0)
        if lie == "truncate":
            body, records = b"", []
        if lie == "id":
            ident ^= 1
        data = struct.pack("!HHHHHH", ident, flags, 1, len(records), 0, 0) \
            + question + body
        if lie == "cut":
            data = data[:self.rng.randint(5, len(data))]
        elif lie == "garbage":
            data = data[:12 + len(question)] \
                + bytes(self.rng.randrange(256) for _ in range(60))
        return data, (0.5 if lie == "delay" else 0)

    async def dns_stream(self, reader, writer):
        while True:
            n = struct.unpack("!H", await reader.readexactly(2))[0]
            found = self.answer(await reader.readexactly(n))
            if found is None:
                return
            data, delay = found
            await asyncio.sleep(delay)
            data = struct.pack("!H", len(data)) + data
            if not self.calm and self.rng.random() < 0.2:
                for i in range(0, len(data), 7):
                    writer.write(data[i:i + 7])
                    await asyncio.sleep(0.001)
            else:
                writer.write(data)
            await writer.drain()

    # a proxy

    async def socks(self, reader, writer):
        mood = "good" if self.calm else self.rng.choice(
            ("good", "good", "close", "refuse", "code", "hang", "garbage"))
        head = await reader.readexactly(2)
        await reader.readexactly(head[1])
        if mood == "close":
            return
        if mood == "hang":
            await reader.read()
            return
        if mood == "garbage":
            writer.write(b"HTTP/1.1 400 Bad\r\n\r\n")
            return
        if mood == "refuse":
            writer.write(b"\x05\xff")
            return
        writer.write(b"\x05\x00")
        request = await reader.readexactly(4)
        size = {1: 4, 4: 16}.get(request[3])
        if size is None:
            return
        where = await reader.readexactly(size + 2)
        if mood == "code" or size != 4:
            writer.write(b"\x05" + bytes([self.rng.randint(1, 9)])
                         + b"\x00\x01" + b"\0" * 6)
            return
        there, out = await asyncio.open_connection(
            socket.inet_ntoa(where[:4]), struct.unpack("!H", where[4:])[0])
        try:
            writer.write(b"\x05\x00\x00\x01" + b"\0" * 6)
            both = [asyncio.ensure_future(pump(reader, out)),
                    asyncio.ensure_future(pump(there, writer))]
            await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
            for task in both:
                task.cancel()
        finally:
            out.close()

    # an application

    async def application(self, reader, writer):
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            low = head.lower()
            if b"chunked" in low:
                while True:
                    n = int((await reader.readline()).split(b";")[0], 16)
                    await reader.readexactly(n + 2)
                    if n == 0:
                        break
            elif b"content-length:" in low:
                n = int(low.split(b"content-length:")[1].split(b"\r\n")[0])
                await reader.readexactly(n)
            mood = "good" if self.calm else self.rng.choice(
                ("good",) * 6 + ("close", "slow", "error", "long"))
            if mood == "close":
                return
            if mood == "slow":
                await asyncio.sleep(0.5)
            body = b"x" * (100000 if mood == "long" else 10)
            writer.write(b"HTTP/1.1 %s\r\nContent-Length: %d\r\n\r\n"
                         % (b"500 No" if mood == "error" else b"200 OK",
                            len(body)) + body)
            await writer.drain()


async def pump(reader, writer):
    while True:
        data = await reader.read(16384)
        if not data:
            return
        writer.write(data)
        await writer.drain()


def wire(name):
    return b"".join(bytes([len(p)]) + p.encode("latin-1")
                    for p in name.split(".")) + b"\0"


class Datagrams(asyncio.DatagramProtocol):
    def __init__(self, world):
        self.world = world

    def connection_made(self, transport):
        self.transport = transport

    def datagram_received(self, data, addr):
        found = self.world.answer(data)
        if found is None:
            return
        data, delay = found
        if len(data) > 1200:
            data = data[:2] + b"\x83\x80" + data[4:6] + b"\0" * 6 \
                + data[12:12 + data[12:].index(b"\0") + 5]
        asyncio.get_running_loop().call_later(
            delay, self.transport.sendto, data, addr)


class Session:
    """One session of one character."""

    def __init__(self, world, reader, writer, character):
        self.world, self.reader, self.writer = world, reader, writer
        self.mood, self.rng = character, world.rng
        self.tls = None
        self.buffer = b""
        self.stage = self.rng.choice(STAGES)
        self.all = character == "all"

    async def run(self):
        try:
            await self.converse()
        finally:
            if self.tls:
                self.tls.close()

    async def send(self, data):
        if isinstance(data, str):
            data = data.encode()
        if self.tls and self.tls.done:
            self.tls.write(data)
            if self.mood == "keyupdate":
                for _ in range(self.rng.randint(1, 200)):
                    self.tls.key_update()
            data = b""
            while True:
                more = self.tls.take()
                if not more:
                    break
                data += more
            if self.mood == "tlsflip" and data:
                at = self.rng.randrange(len(data))
                data = data[:at] + bytes([data[at] ^ 1 << self.rng.randrange(8)
                                          ]) + data[at + 1:]
        if self.mood in ("tarpit", "slow"):
            step = 1 if self.mood == "tarpit" else 9
            for i in range(0, len(data), step):
                self.writer.write(data[i:i + step])
                await self.writer.drain()
                await asyncio.sleep(0.05 if self.mood == "tarpit" else 0.005)
        else:
            self.writer.write(data)
            await self.writer.drain()

    async def line(self):
        while b"\n" not in self.buffer:
            data = await self.reader.read(16384)
            if not data:
                raise EOFError
            if self.tls:
                self.tls.feed(data)
                data = b""
                while True:
                    more = self.tls.read()
                    if not more:
                        break
                    data += more
                out = self.tls.take()
                if out:
                    self.writer.write(out)
            self.buffer += data
        line, self.buffer = self.buffer.split(b"\n", 1)
        return line.decode("latin-1").strip()

    async def at(self, stage):
        """Something may happen here."""
        if self.stage != stage:
            return
        if self.mood == "close":
            raise EOFError
        if self.mood == "reset":
            self.writer.get_extra_info("socket").setsockopt(
                socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.writer.transport.abort()
            raise EOFError
        if self.mood == "silent":
            await self.reader.read(1 << 20)
            await asyncio.sleep(30)
        if self.mood == "garbage":
            await self.send(bytes(self.rng.randrange(256)
                                  for _ in range(self.rng.randint(1, 3000))))
        if self.mood == "long":
            await self.send(b"250-" + b"x" * self.rng.randint(400, 9000)
                            + b"\r\n")
        if self.mood == "endless":
            for _ in range(4000):
                await self.send("250-more\r\n" * 50)
        if self.mood == "shut":
            await self.send("421 4.3.2 Closing\r\n")
            raise EOFError

    async def converse(self):
        await self.at("connect")
        if self.mood == "early":
            await self.send("220 mx ESMTP\r\n250 early\r\n250 again\r\n")
        await self.at("banner")
        if self.mood == "block":
            await self.send("554 5.7.1 Blocked by zen.example.org\r\n")
        elif self.mood == "busy":
            await self.send("421 4.7.0 Too many connections\r\n")
            return
        elif self.mood != "early":
            await self.send("220 mx.chaos.test ESMTP\r\n")
        while True:
            line = await self.line()
            verb = line.split(" ")[0].upper()
            if verb in ("EHLO", "HELO"):
                await self.at("ehlo")
                await self.ehlo(verb)
            elif verb == "STARTTLS":
                await self.at("starttls")
                await self.starttls()
            elif verb == "MAIL":
                await self.at("mail")
                await self.send("250 2.1.0 Ok\r\n")
            elif verb == "RCPT":
                await self.at("rcpt")
                await self.send(self.rcpt(line))
            elif verb == "RSET":
                await self.at("rset")
                await self.send("250 2.0.0 Ok\r\n")
            elif verb == "QUIT":
                await self.at("quit")
                await self.send("221 2.0.0 Bye\r\n")
                return
            else:
                await self.send("502 5.5.2 What?\r\n")

    async def ehlo(self, verb):
        words = ["mx.chaos.test"]
        if verb == "EHLO":
            if self.mood not in ("nopipelining", "stepwise"):
                words.append("PIPELINING")
            words += ["ENHANCEDSTATUSCODES", "8BITMIME", "SIZE 1000000"]
            if self.mood == "big":
                words += ["X-%d %s" % (i, "y" * 400) for i in range(90)]
            if not self.tls and (self.mood.startswith("tls") or self.mood in
                                 ("keyupdate", "inject", "good")):
                words.append("STARTTLS")
        await self.send("".join("250%s%s\r\n" % (
            " " if w is words[-1] else "-", w) for w in words))

    async def starttls(self):
        if self.mood == "inject":
            await self.send("220 Go\r\n250 injected\r\n")
        else:
            await self.send("220 Go\r\n")
        if self.mood == "tlsgarbage":
            await self.send(bytes(self.rng.randrange(256)
                                  for _ in range(200)))
            return
        self.buffer = b""
        tls = Tls(self.world.old if self.mood == "tls12"
                  or self.rng.random() < 0.2 else self.world.ctx)
        self.tls = tls
        cut = self.rng.randint(0, 3) if self.mood == "tlscut" else -1
        while not tls.handshake():
            out = tls.take()
            if out:
                self.writer.write(out)
                if cut == 0:
                    raise EOFError
            data = await self.reader.read(16384)
            if not data:
                raise EOFError
            cut -= 1
            if cut == 0:
                raise EOFError
            tls.feed(data)
        self.writer.write(tls.take())
        await self.at("tls")

    def rcpt(self, line):
        self.count = getattr(self, "count", 0) + 1
        local = line.split("<")[-1].split("@")[0]
        if self.mood == "grey":
            seen = self.world.seen.setdefault(line, 0)
            self.world.seen[line] += 1
            if seen == 0:
                return "450 4.2.0 Greylisted, try again in 1 seconds\r\n"
        if self.mood == "rate":
            return "450 4.7.1 Rate limit exceeded, slow down\r\n"
        if self.mood == "full":
            return "452 4.2.2 Mailbox full\r\n"
        if self.mood == "swap":
            return self.rng.choice(("", "250 a\r\n250 b\r\n", "250-x\r\n",
                                    "550\r\n", "2500 x\r\n"))
        if self.mood == "reject":
            return "550 5.7.1 Rejected by policy\r\n"
        if self.all or local.startswith("u"):
            return "250 2.1.5 Ok\r\n"
        return "550 5.1.1 <%s@> User unknown\r\n" % local
