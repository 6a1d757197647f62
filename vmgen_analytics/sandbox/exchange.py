"""One request and its answer, open to being spoilt."""

import asyncio
import json
import socket
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs

from starlette.types import ASGIApp, Message, Receive, Scope, Send

# Closing with a linger of no time sends RST in place of FIN.
LINGER_NOT = struct.pack("ii", 1, 0)


@dataclass(frozen=True)
class Answer:
    """What an operation answered."""

    status: int
    headers: Mapping[str, str]  # without content-length
    body: bytes

    def json(self) -> Any:
        """Return the body, decoded."""
        return json.loads(self.body)


@dataclass(frozen=True)
class Exchange:
    """A request, the application that can answer it, and the connection."""

    scope: Scope
    receive: Receive
    send: Send
    app: ASGIApp
    now: datetime  # simulated

    @property
    def url(self) -> str:
        """The address that was asked, without its query."""
        host = dict(self.scope["headers"]).get(b"host", b"").decode()
        return f"http://{host}{self.scope['path']}"

    @property
    def query(self) -> dict[str, str]:
        """The parameters of the query, the last of each name."""
        return {name: values[-1] for name, values in parse_qs(self.scope["query_string"].decode()).items()}

    async def answer(self) -> Answer:
        """Let the operation do its work, and keep the answer back."""
        messages: list[Message] = []

        async def keep(message: Message) -> None:
            messages.append(message)

        await self.app(self.scope, self.receive, keep)
        headers = {name.decode().lower(): value.decode() for name, value in messages[0]["headers"]}
        headers.pop("content-length", None)
        return Answer(messages[0]["status"], headers, b"".join(part.get("body", b"") for part in messages[1:]))

    async def begin(self, status: int, headers: Mapping[str, str], length: int) -> None:
        """Send the head of an answer."""
        named = [(name.encode(), value.encode()) for name, value in headers.items()]
        named.append((b"content-length", str(length).encode()))
        await self.send({"type": "http.response.start", "status": status, "headers": named})

    async def write(self, part: bytes, *, more: bool) -> None:
        """Send a part of the body."""
        await self.send({"type": "http.response.body", "body": part, "more_body": more})

    async def respond(self, answer: Answer) -> None:
        """Send a whole answer."""
        await self.begin(answer.status, answer.headers, len(answer.body))
        await self.write(answer.body, more=False)

    async def hang_up(self, *, reset: bool) -> None:
        """End the connection, with RST or with FIN, after what has been sent."""
        transport: asyncio.Transport = self.scope["state"]["transport"]
        if reset:
            transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_NOT)
            transport.abort()
        else:
            transport.close()
        await self.wait_for_the_end()

    async def wait_for_the_end(self) -> None:
        """Wait until the client is gone."""
        while (await self.receive())["type"] != "http.disconnect":
            pass
