"""A bare server for benchmarks: as quick as Python lets it be, so that the client is what is measured.

The sandbox is honest but slow: it computes what it answers. This one sends 30 days of usage after a fixed latency, from
bytes that are ready before anyone asks.
"""

from __future__ import annotations

import asyncio
import sys
from contextlib import contextmanager
from datetime import date, timedelta
from subprocess import PIPE, Popen
from typing import TYPE_CHECKING

import orjson

if TYPE_CHECKING:
    from collections.abc import Iterator

DAYS = 30


def usage(vm_id: int, days: int = DAYS) -> list[dict[str, object]]:
    """What the provider would answer for a VM."""
    first = date(2026, 11, 1)
    return [
        {"date": str(first + timedelta(days=day)), "in_MB": 1000 + vm_id + day, "out_MB": 2000.5 + vm_id + day}
        for day in range(days)
    ]


class _Server(asyncio.Protocol):
    answer = b""
    latency_s = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        for _ in range(data.count(b"\r\n\r\n")):
            asyncio.get_running_loop().call_later(self.latency_s, self.transport.write, self.answer)


async def _serve(latency_s: float) -> None:
    body = orjson.dumps(usage(7))
    head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    _Server.answer, _Server.latency_s = head.encode() + body, latency_s
    server = await asyncio.get_running_loop().create_server(_Server, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


@contextmanager
def serving(latency_s: float) -> Iterator[str]:
    """Run the server as a process of its own, and give its address."""
    with Popen([sys.executable, __file__, str(latency_s)], stdout=PIPE, text=True) as process:
        port = process.stdout.readline().strip()
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()


if __name__ == "__main__":
    asyncio.run(_serve(float(sys.argv[1])))
