#!/usr/bin/env python3
"""recorder.py PORT DIRECTORY: keeps each request as it came on the wire.

A request for /NAME that carries an address is written to DIRECTORY/NAME.http: the request line, the
headers and the body, chunked where it came so.  A GET of /page.html answers
with the page that browsers are sent to, /blank with an empty one; /done ends
the recorder.
"""

import asyncio
import os
import re
import sys

HERE = os.path.dirname(os.path.abspath(__file__))


async def body_of(reader, head):
    length = re.search(rb"(?im)^content-length:\s*(\d+)", head)

    if length:
        return await reader.readexactly(int(length.group(1)))

    if not re.search(rb"(?im)^transfer-encoding:\s*chunked", head):
        return b""

    body = b""

    while True:
        line = await reader.readline()
        size = int(line.split(b";")[0], 16)
        body += line + await reader.readexactly(size + 2)

        if size == 0:
            return body


async def serve(reader, writer, directory, done):
    while True:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
        except (asyncio.IncompleteReadError, ConnectionError,
                asyncio.CancelledError):
            break

        if re.search(rb"(?im)^expect:\s*100-continue", head):
            writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")

        body = await body_of(reader, head)
        method, path = head.split(b" ", 2)[:2]
        answer = b"ok"

        if method == b"POST" or b"email=" in path:
            name = re.sub(r"[^\w.-]", "", path.decode().split("?")[0])

            with open(os.path.join(directory, name + ".http"), "wb") as out:
                out.write(head + body)
            print("recorded", name, len(body))

        elif path.startswith(b"/page.html"):
            with open(os.path.join(HERE, "page.html"), "rb") as page:
                answer = page.read()

        elif path == b"/done":
            done.set()

        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/html;"
                     b" charset=utf-8\r\nContent-Length: %d\r\n\r\n%s"
                     % (len(answer), answer))
        try:
            await writer.drain()
        except ConnectionError:
            break

        if re.search(rb"(?im)^connection:\s*close", head):
            break

    writer.close()


async def main():
    port, directory = int(sys.argv[1]), sys.argv[2]
    done = asyncio.Event()

    server = await asyncio.start_server(
        lambda r, w: serve(r, w, directory, done), "127.0.0.1", port)

    async with server:
        await done.wait()


asyncio.run(main())
