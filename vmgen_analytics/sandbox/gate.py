"""What every request passes before an operation sees it: the key, the rate, the log, the simulated Date."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from email.utils import format_datetime
from itertools import count
from secrets import compare_digest

from fastapi import FastAPI
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from vmgen_analytics.sandbox.accounts import Account
from vmgen_analytics.sandbox.clock import Clock
from vmgen_analytics.sandbox.exchange import Exchange
from vmgen_analytics.sandbox.faults import KINDS, Faults
from vmgen_analytics.sandbox.manners import Manners
from vmgen_analytics.sandbox.operations import Operation, meant


@dataclass(frozen=True)
class Received:
    """A request that arrived.

    ``status`` is None where no status was sent, ``operation`` where the path means none, ``account`` (the number of
    one) where the key is none's. ``at`` is real time, in UTC. ``headers`` has lower-case names.
    """

    method: str
    path: str
    status: int | None
    operation: str | None
    at: datetime
    account: int | None = None
    headers: Mapping[str, str] = field(repr=False, default_factory=dict)


STRANGER = JSONResponse({"message": "Unauthenticated."}, 401)
"""What everybody is told whose key is none of the accounts'."""


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
    """

    def __init__(self, app: FastAPI) -> None:
        self._app = app
        self._operations: list[Operation] = app.state.operations
        self._faults: Faults = app.state.faults
        self._clock: Clock = app.state.clock
        self._log: dict[int, Received] = app.state.log
        self._numbers = count()
        manners: Manners = app.state.manners
        self._manners = manners
        name, _, value = manners.auth.partition(":")
        self._key_header = name.strip().lower().encode()
        accounts: Sequence[Account] = app.state.accounts
        self._accounts = [(value.strip().format(key=account.key).encode(), account) for account in accounts]
        rate = manners.requests_per_second
        self._rates = {account.number: Rate(rate) for account in accounts} if rate else {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, and remember that it came."""
        if scope["path"].startswith("/sandbox/"):
            await (self._app if self._account(scope) else STRANGER)(scope, receive, send)
            return
        operation, vm_id = meant(self._operations, scope["method"], scope["path"])
        account = self._account(scope)
        number = self._remember(scope, operation, account)
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
        elif account is None:
            await STRANGER(scope, receive, dated)
        else:
            await self._answer(account, operation, vm_id, (scope, receive, dated))

    async def _answer(
        self, account: Account, operation: str | None, vm_id: int | None, asked: tuple[Scope, Receive, Send]
    ) -> None:
        scope, receive, send = asked
        scope.setdefault("state", {})["account"] = account
        refusal = self._too_fast(account)
        fault = None if refusal else self._faults.answer(operation, vm_id, account.number)
        if fault:
            exchange = Exchange(scope, receive, send, self._app, self._clock.now())
            await KINDS[fault.kind](exchange, **fault.details)
        else:
            await (refusal or self._app)(scope, receive, send)

    def _account(self, scope: Scope) -> Account | None:
        sent = dict(scope["headers"]).get(self._key_header, b"")
        return next((account for key, account in self._accounts if compare_digest(sent, key)), None)

    def _too_fast(self, account: Account) -> ASGIApp | None:
        if not self._rates or self._rates[account.number].allows_one_more():
            return None
        wait = self._manners.retry_after
        return JSONResponse({"message": "Too Many Attempts."}, 429, {"Retry-After": str(wait)} if wait else None)

    def _remember(self, scope: Scope, operation: str | None, account: Account | None) -> int:
        number = next(self._numbers)
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        self._log[number] = Received(
            scope["method"],
            scope["path"],
            None,
            operation,
            datetime.now(UTC),
            account.number if account else None,
            headers,
        )
        return number
