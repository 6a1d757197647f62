"""A provider that says exactly what a test tells it to, over real HTTP, with the paths of the provider's page."""

import contextlib
import json
import socket
import struct
import threading
import time
from collections import defaultdict, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

KEY = "canary-5f0c8a7e-key"
NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


@dataclass(frozen=True)
class Received:
    """A request as it arrived."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    port: int = 0  # the client's, which tells its connections apart

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True)
class Answer:
    """What the provider says: a status, headers, bytes, and how it spoils the sending."""

    body: bytes = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    spoil: Callable[["_Handler", bytes], None] | None = None


def says(payload: Any, status: int = 200, **headers: str) -> Answer:
    """An answer in JSON; headers are named with underscores."""
    return Answer(json.dumps(payload).encode(), status, _named(headers))


def _named(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): text for name, text in headers.items()}


def page(text: str, status: int = 200) -> Answer:
    """A page where JSON should be."""
    return Answer(text.encode(), status, {"Content-Type": "text/html"})


def broken() -> Answer:
    """The request is read, then the connection is reset."""

    def reset(handler: "_Handler", _: bytes) -> None:
        handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        handler.close_connection = True
        for part in (handler.rfile, handler.wfile, handler.connection):
            part.close()

    return Answer(spoil=reset)


def cut_off(payload: Any, kept: int = 5) -> Answer:
    """The length of the whole is promised and a part is sent."""

    def cut(handler: "_Handler", body: bytes) -> None:
        handler.start(200, {"Content-Length": str(len(body))})
        handler.wfile.write(body[:kept])
        handler.close_connection = True

    return Answer(json.dumps(payload).encode(), spoil=cut)


def dripping(body: bytes, pause_s: float, *, size: int = 1, status: int = 200, **headers: str) -> Answer:
    """The body comes in small pieces, with pauses."""

    def drip(handler: "_Handler", body: bytes) -> None:
        handler.start(status, {"Content-Length": str(len(body)), **_named(headers)})
        for place in range(0, len(body), size):
            handler.wfile.write(body[place : place + size])
            handler.wfile.flush()
            time.sleep(pause_s)

    return Answer(body, spoil=drip)


def raw(*pieces: bytes, pause_s: float = 0.0) -> Answer:
    """These bytes in place of an answer, head and all, with pauses between them; then the connection is closed."""

    def write(handler: "_Handler", _: bytes) -> None:
        for piece in pieces:
            handler.wfile.write(piece)
            handler.wfile.flush()
            time.sleep(pause_s)
        handler.close_connection = True

    return Answer(spoil=write)


def silent(seconds: float) -> Answer:
    """The request is read, and nothing is said for a while."""

    def wait(handler: "_Handler", _: bytes) -> None:
        time.sleep(seconds)
        handler.close_connection = True

    return Answer(spoil=wait)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # head and body are two writes: the second would wait 40 ms for the first
    provider: "Provider"

    def start(self, status: int, headers: Mapping[str, str]) -> None:
        self.send_response_only(status)
        if self.provider.date is not None:
            self.send_header("Date", self.provider.date)
        for name, text in headers.items():
            self.send_header(name, text)
        self.end_headers()

    def answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        received = Received(self.command, self.path, dict(self.headers), body, self.client_address[1])
        answer = self.provider.next_answer(received)
        if answer.spoil is None:
            self.start(answer.status, {"Content-Length": str(len(answer.body)), **answer.headers})
            self.wfile.write(answer.body)
        else:
            answer.spoil(self, answer.body)

    do_GET = do_POST = do_DELETE = answer

    def log_message(self, *_: Any) -> None:
        pass


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: Any) -> None:
        """A client that hangs up is no error of the server."""


class Provider:
    """Answers on 127.0.0.1 what it was told, and remembers what it was asked.

    ``always`` has the answers by method and path, ``once`` those that come first, each one time. ``now`` is its
    clock, which stands still until it is set; None lets it run.
    """

    def __init__(self) -> None:
        self.received: list[Received] = []
        self.always: dict[str, Any] = {}
        self.once: defaultdict[str, deque[Answer]] = defaultdict(deque)
        self.now: datetime | None = NOON
        self._server = _Server(("127.0.0.1", 0), type("Handler", (_Handler,), {"provider": self}))
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)

    def __enter__(self) -> "Provider":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    @property
    def date(self) -> str | None:
        return format_datetime(self.now or datetime.now(UTC), usegmt=True)

    def queue(self, asked: str, *answers: Answer) -> None:
        self.once[asked].extend(answers)

    def next_answer(self, received: Received) -> Answer:
        self.received.append(received)
        asked = f"{received.method} {received.path}"
        if self.once[asked]:
            return self.once[asked].popleft()
        found = self.always.get(asked, Answer(b'{"message": "Not here."}', 404))
        return found if isinstance(found, Answer) else says(found)

    def count(self, asked: str) -> int:
        return sum(f"{received.method} {received.path}" == asked for received in self.received)

    def serve(
        self,
        *,
        account: Any = None,
        invoices: Any = (),
        locations: Any = (),
        packages: Mapping[int, Any] | None = None,
        vms: Any = (),
        usage: Mapping[int, Any] | None = None,
        networking: Mapping[int, Any] | None = None,
        jobs: Mapping[int, Any] | None = None,
    ) -> None:
        """Say all of this from now on; a VM or location that is not named has an empty list."""
        self.always["GET /account"] = account or {"credit": "10.00", "invoicing_model": "x", "billing_address": "y"}
        lists = {"/invoices": invoices, "/locations": locations, "/virtual-machines": vms}
        for path, payload in lists.items():
            self.always[f"GET {path}"] = payload
        for location in _ids(locations):
            self.always[f"GET /locations/{location}/packages/"] = (packages or {}).get(location, [])
        for vm in _ids(vms):
            for name, answers in (("usage", usage), ("networking", networking), ("jobs", jobs)):
                self.always[f"GET /virtual-machines/{vm}/{name}"] = (answers or {}).get(vm, [])


def _ids(records: Any) -> list[int]:
    """Numbers of the records, where they have readable ones."""
    found = []
    for record in records if isinstance(records, list | tuple) else []:
        with contextlib.suppress(KeyError, TypeError, ValueError):
            found.append(int(record["id"]))
    return found
