"""Passes requests on to a server, each a fixed delay late: a queue that is far
away.

usage: relay.py --delay-ms N --to PORT     prints its port
"""

import argparse
import asyncio


async def carry(reader, writer, delay):
    """Each chunk leaves so long after it came, however many are on the way."""
    loop = asyncio.get_running_loop()
    chunks = asyncio.Queue()

    async def send():
        while (item := await chunks.get()) is not None:
            due, data = item
            await asyncio.sleep(due - loop.time())
            writer.write(data)
            await writer.drain()
        writer.close()

    sender = asyncio.create_task(send())
    try:
        while data := await reader.read(65536):
            chunks.put_nowait((loop.time() + delay, data))
    except ConnectionError:
        pass
    chunks.put_nowait(None)
    await asyncio.gather(sender, return_exceptions=True)


async def main():
    args = argparse.ArgumentParser()
    args.add_argument("--delay-ms", type=int, required=True)
    args.add_argument("--to", type=int, required=True)
    args = args.parse_args()

    async def accept(reader, writer):
        there = await asyncio.open_connection("127.0.0.1", args.to)
        await asyncio.gather(carry(reader, there[1], args.delay_ms / 1000),
                             carry(there[0], writer, 0))

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
