"""Requests of every kind, at random: some in pieces, some cut off."""

import asyncio
import json

from chaos_conf import TOKENS

HEAVY = 0.02


class Clients:
    def __init__(self, rng, port, conf):
        self.rng, self.port, self.conf = rng, port, conf
        self.answers = {}
        self.stop = False

    async def run(self, count):
        await asyncio.gather(*(self.client() for _ in range(count)))

    async def client(self):
        while not self.stop:
            try:
                await asyncio.wait_for(self.session(), 15)
            except (OSError, EOFError, asyncio.TimeoutError, ValueError,
                    asyncio.IncompleteReadError):
                pass
            await asyncio.sleep(self.rng.choice((0, 0, 0.02, 0.2)))

    async def session(self):
        r = self.rng
        reader, writer = await asyncio.open_connection(
            "127.0.0.1", self.port + 80)
        try:
            for _ in range(r.choice((1, 1, 1, 3))):
                await self.send(writer, self.request())
                if r.random() < 0.12:
                    if r.random() < 0.5:
                        await asyncio.sleep(r.uniform(0, 0.3))
                    if r.random() < 0.3:
                        writer.transport.abort()
                    return
                if not await self.receive(reader):
                    return
        finally:
            writer.close()

    async def send(self, writer, data):
        """In one piece, in some, slowly, or only a part of it."""
        r = self.rng
        if r.random() < 0.06:
            data = data[:r.randrange(len(data) + 1)]
        way = r.random()
        if way < 0.6:
            writer.write(data)
        elif way < 0.9:
            at = 0
            while at < len(data):
                n = r.randint(1, max(1, len(data) // 4))
                writer.write(data[at:at + n])
                at += n
                await asyncio.sleep(r.choice((0, 0.005)))
        else:
            for i in range(0, len(data), max(1, len(data) // 30)):
                writer.write(data[i:i + max(1, len(data) // 30)])
                await asyncio.sleep(0.03)
        await writer.drain()

    async def receive(self, reader):
        r = self.rng
        data = b""
        limit = 300 if r.random() < 0.05 else 1 << 24
        while b"\r\n\r\n" not in data:
            more = await reader.read(16384)
            if not more:
                return False
            data += more
        code = data.split(b" ")[1].decode()
        self.answers[code] = self.answers.get(code, 0) + 1
        head, body = data.split(b"\r\n\r\n", 1)
        low = head.lower()
        if b"content-length:" in low:
            n = int(low.split(b"content-length:")[1].split(b"\r\n")[0])
            while len(body) < n:
                more = await reader.read(16384)
                if not more:
                    return False
                body += more
            return b"connection: close" not in low
        while not body.endswith(b"0\r\n\r\n"):
            more = await reader.read(16384)
            if not more or len(body) > limit:
                return False
            body = body[-10:] + more
        return b"connection: close" not in low

    # what is asked

    def address(self):
        r = self.rng
        if r.random() < 0.06:
            return r.choice((
                "", "@", "a@", "=1+1@d1.test", "a@[127.0.0.1]", "a b@d1.test",
                "\u00fc@d1.test", "u@d\u00fc.test", "x" * 70 + "@d1.test",
                "u@" + "d" * 70 + ".test", "\"a b\"@d1.test", "u@d1.test\0",
                "Jo <u@d1.test>", "u1@d1..test", "\r\n", "u@localhost"))
        return "%s%d@%sd%d.test" % (
            r.choice("uuunx"), r.randrange(r.choice((5, 1000))),
            "" if r.random() < 0.8 else "s%d." % r.randrange(1000),
            r.randrange(r.choice((3, 40, 5000))))

    def escaped(self, text):
        return "".join(c if c.isalnum() or c in ".@-" else
                       "".join("%%%02X" % b for b in c.encode())
                       for c in text)

    def request(self):
        r = self.rng
        number = r.randrange(self.conf.locations)
        path = "/l%d" % number
        args, headers, body, method = [], [], None, "GET"
        email = self.address()
        kind = r.random()
        if r.random() < 0.6:
            args.append("email=" + self.escaped(email))
        for text in ("smtp=0", "transcript=1", "wait=%d" % r.randint(0, 5),
                     "nocache=1", "format=csv", "format=ndjson", "ordered=1",
                     "column=email", "delimiter=semicolon", "summary=0",
                     "input=csv", "input=json", "a=x@d1.test", "f=%00"):
            if r.random() < 0.08:
                args.append(text)
        if r.random() < 0.1:
            headers.append("X-Email: " + email.encode(
                "ascii", "ignore").decode().replace("\r\n", ""))
        if r.random() < 0.5:
            headers.append("Authorization: Bearer "
                           + r.choice(TOKENS + ("wrong",)))
        if r.random() < 0.1:
            headers.append("Accept: text/csv")
        if r.random() < 0.03:
            headers.append("Expect: 100-continue")
        if kind < 0.35 and (number not in self.conf.lists
                            or r.random() < 0.1):
            pass
        elif kind < 0.4:
            method = r.choice(("DELETE", "HEAD", "OPTIONS", "PUT", "X"))
        else:
            method = "POST"
            way = r.randrange(8)
            if r.random() < 0.7:
                way = r.randint(3, 6) if number in self.conf.lists \
                    else r.randint(0, 2)
            kind, body = self.body(way, email)
            headers.append("Content-Type: " + kind)
        return self.encode(method, path + ("?" + "&".join(args)
                                           if args else ""), headers, body)

    def body(self, way, email):
        r = self.rng
        if way == 0:
            return ("application/x-www-form-urlencoded",
                    "email=" + self.escaped(email))
        if way == 1:
            return "application/json", json.dumps({
                "email": email, "a": [{"b": email}],
                "smtp": r.choice((0, 1, "0"))})
        if way == 2:
            return ("multipart/form-data; boundary=b",
                    "--b\r\nContent-Disposition: form-data; name=\"email\""
                    "\r\n\r\n%s\r\n--b--\r\n" % email)
        n = r.choice((1, 5, 50, 300)) if r.random() > HEAVY else 5000
        emails = [self.address() for _ in range(n)]
        if way == 3:
            return "text/plain", r.choice(("\n", "\r\n", "\r")).join(emails)
        if way == 4:
            return "text/csv", "name,email\n" + "".join(
                '"%s",%s\n' % (r.choice(("a", "=1+1", "\"\"")), e)
                for e in emails)
        if way == 5:
            return "application/x-ndjson", "\n".join(
                json.dumps({"email": e, "id": i})
                for i, e in enumerate(emails))
        if way == 6:
            return "application/json", json.dumps(emails)
        return r.choice(("text/plain", "text/csv", "application/json",
                         "application/x-www-form-urlencoded")), "".join(
            chr(r.randrange(256)) for _ in range(r.randrange(3000)))

    def encode(self, method, target, headers, body):
        r = self.rng
        version = "1.0" if r.random() < 0.05 else "1.1"
        head = ["%s %s HTTP/%s" % (method, target, version), "Host: chaos"]
        head += headers
        if r.random() < 0.02:
            head.append(r.choice(("Content-Length: -1", "Host: b", "X",
                                  "Transfer-Encoding: x", ": a")))
        data = b""
        if body is not None:
            data = body.encode("latin-1", "replace") \
                if r.random() < 0.1 else body.encode("utf-8", "replace")
            if r.random() < 0.4 and version == "1.1":
                head.append("Transfer-Encoding: chunked")
                data = self.chunked(data)
            else:
                head.append("Content-Length: %d" % len(data))
        return ("\r\n".join(head) + "\r\n\r\n").encode("utf-8") + data

    def chunked(self, data):
        r, out, at = self.rng, b"", 0
        while at < len(data):
            n = r.randint(1, max(1, len(data) // r.choice((1, 2, 10))))
            part = data[at:at + n]
            out += b"%x\r\n" % len(part) + part + b"\r\n"
            at += n
        out += b"0\r\n\r\n"
        if r.random() < 0.06 and len(out) > 8:
            at = r.randrange(len(out))
            out = out[:at] + r.choice((b"", b"\0", b"x", b"\r\n", b"fffffff")
                                      ) + out[at + 1:]
        return out
