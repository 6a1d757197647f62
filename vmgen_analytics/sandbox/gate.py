"""What every request passes before an operation sees it: the key, the rate, the log, the simulated Date."""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from email.utils import format_datetime
from itertools import count
from secrets import compare_digest

from fastapi import FastAPI
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from vmgen_analytics.sandbox.clock import Clock
from vmgen_analytics.sandbox.exchange import Exchange
from vmgen_analytics.sandbox.faults import KINDS, Faults
from vmgen_analytics.sandbox.manners import Manners
from vmgen_analytics.sandbox.operations import Operation, meant


@dataclass(frozen=True)
class Received:
    """A request that arrived.

    ``status`` is None where no status was sent, ``operation`` where the path means none. ``at`` is real time,
    in UTC. ``headers`` has lower-case names.
    """

    method: str
    path: str
    status: int | None
    operation: str | None
    at: datetime
    headers: Mapping[str, str] = field(repr=False, default_factory=dict)


class Rate:
    """A bucket of a second's worth of requests, which refills steadily."""

    def __init__(self, per_second: float) -> None:
        self._per_second = per_second
        self._left, self._seen_at = max(1.0, per_second), time.monotonic()

    def allows_one_more(self) -> bool:
        """Tell whether a request may pass now, and count it if so."""
        now = time.monotonic()
        refilled = self._left + (now - self._seen_at) * self._per_second
        self._left, self._seen_at = min(max(1.0, self._per_second), refilled), now
        if self._left < 1:
            return False
        self._left -= 1
        return True


class Gate:
    """The way into the application, an ASGI application itself.

    Parameters
    ----------
    app
        What answers requests that may pass.
    key
        The API key.
    """

    def __init__(self, app: FastAPI, key: str) -> None:
        self._app = app
        self._operations: list[Operation] = app.state.operations
        self._faults: Faults = app.state.faults
        self._clock: Clock = app.state.provider.clock
        self._log: dict[int, Received] = app.state.log
        self._numbers = count()
        manners: Manners = app.state.manners
        self._manners = manners
        name, _, value = manners.auth.partition(":")
        self._key_header = name.strip().lower().encode()
        self._key_value = value.strip().format(key=key).encode()
        self._rate = Rate(manners.requests_per_second) if manners.requests_per_second else None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, and remember that it came."""
        if scope["path"].startswith("/sandbox/"):
            await (self._stranger(scope) or self._app)(scope, receive, send)
            return
        operation, vm_id = meant(self._operations, scope["method"], scope["path"])
        number = self._remember(scope, operation)
        due_s = time.monotonic() + self._manners.latency_s

        async def dated(message: Message) -> None:
            if message["type"] == "http.response.start":
                if time.monotonic() < due_s:
                    await asyncio.sleep(due_s - time.monotonic())
                # Before it is sent: whoever has the answer finds it in the log.
                if number in self._log:
                    self._log[number] = replace(self._log[number], status=message["status"])
                date = format_datetime(self._clock.now(), usegmt=True).encode()
                message["headers"] = [(b"date", date), *message["headers"]]
            await send(message)

        if scope["path"].startswith("/swagger/"):
            await self._app(scope, receive, dated)
        else:
            await self._answer(scope, receive, dated, operation, vm_id)

    async def _answer(
        self, scope: Scope, receive: Receive, send: Send, operation: str | None, vm_id: int | None
    ) -> None:
        refusal = self._stranger(scope) or self._too_fast()
        fault = None if refusal else self._faults.answer(operation, vm_id)
        if fault:
            exchange = Exchange(scope, receive, send, self._app, self._clock.now())
            await KINDS[fault.kind](exchange, **fault.details)
        else:
            await (refusal or self._app)(scope, receive, send)

    def _stranger(self, scope: Scope) -> ASGIApp | None:
        sent = dict(scope["headers"]).get(self._key_header, b"")
        if compare_digest(sent, self._key_value):
            return None
        return JSONResponse({"message": "Unauthenticated."}, 401)

    def _too_fast(self) -> ASGIApp | None:
        if self._rate is None or self._rate.allows_one_more():
            return None
        wait = self._manners.retry_after
        return JSONResponse({"message": "Too Many Attempts."}, 429, {"Retry-After": str(wait)} if wait else None)

    def _remember(self, scope: Scope, operation: str | None) -> int:
        number = next(self._numbers)
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        self._log[number] = Received(scope["method"], scope["path"], None, operation, datetime.now(UTC), headers)
        return number
