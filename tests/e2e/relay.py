#!/usr/bin/env python3
"""relay.py FROM TO [ADDRESS]: passes TCP connections of ADDRESS:FROM on to 127.0.0.1:TO.

ADDRESS is 127.0.0.1 unless said.

The network between gantryd and Proxmox: killing it breaks all connections and refuses new ones.
"""
import asyncio
import sys


async def pump(reader, writer):
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    except OSError:
        pass
    finally:
        writer.close()


async def main(source, target, address="127.0.0.1"):
    async def pass_on(reader, writer):
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", target)
        except OSError:
            writer.close()
            return
        await asyncio.gather(pump(reader, far_writer), pump(far_reader, writer))

    server = await asyncio.start_server(pass_on, address, source)
    await server.serve_forever()


asyncio.run(main(int(sys.argv[1]), int(sys.argv[2]), *sys.argv[3:]))
