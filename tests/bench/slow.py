"""A server that answers every request after a fixed delay: GETs with one fixed
object, POSTs with {"success":true}. One asyncio protocol, so that thousands of
requests may wait at once and the server is not the limit.

usage: slow.py --delay-ms N [--object FILE]     prints its port
"""

import argparse
import asyncio


class Slow(asyncio.Protocol):
    delay = 0.0
    get_reply = post_reply = b""

    def connection_made(self, transport):
        self.transport = transport
        self.pending = bytearray()
        self.skip = 0

    def data_received(self, data):
        if self.skip >= len(data):
            self.skip -= len(data)
            if self.skip == 0:
                self.answer(self.post_reply)
            return
        self.pending += data[self.skip:]
        if self.skip:
            self.skip = 0
            self.answer(self.post_reply)
        while (end := self.pending.find(b"\r\n\r\n")) >= 0:
            self.request(bytes(self.pending[:end]), end + 4)

    def request(self, head, at):
        if head.startswith(b"GET "):
            del self.pending[:at]
            self.answer(self.get_reply)
            return
        length = 0
        for line in head.split(b"\r\n")[1:]:
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
        have = len(self.pending) - at
        del self.pending[:at + min(length, have)]
        if have >= length:
            self.answer(self.post_reply)
        else:
            self.skip = length - have

    def answer(self, reply):
        loop = asyncio.get_running_loop()
        loop.call_later(self.delay, self.write, reply)

    def write(self, reply):
        if not self.transport.is_closing():
            self.transport.write(reply)


def reply(kind, body):
    return (b"HTTP/1.1 200 OK\r\nContent-Type: %s\r\nETag: \"bench\"\r\n"
            b"Content-Length: %d\r\n\r\n" % (kind, len(body))) + body


async def main():
    args = argparse.ArgumentParser()
    args.add_argument("--delay-ms", type=int, required=True)
    args.add_argument("--object")
    args = args.parse_args()
    Slow.delay = args.delay_ms / 1000
    body = open(args.object, "rb").read() if args.object else b""
    Slow.get_reply = reply(b"application/json", body)
    Slow.post_reply = reply(b"application/json", b'{"success":true}')
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Slow, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
