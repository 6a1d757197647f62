"""`Sandbox`: a simulated VMgen provider, served over HTTP on this machine while it is open."""

from collections.abc import Sequence
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Any, Self
from zoneinfo import ZoneInfo

from vmgen_analytics.sandbox import catalogue
from vmgen_analytics.sandbox.accounts import Account, opened
from vmgen_analytics.sandbox.app import build_app
from vmgen_analytics.sandbox.clock import Clock, Days, When, instant
from vmgen_analytics.sandbox.faults import Fault, Faults
from vmgen_analytics.sandbox.gate import Gate, Received
from vmgen_analytics.sandbox.manners import Manners
from vmgen_analytics.sandbox.server import HOST, Server
from vmgen_analytics.sandbox.truth import Truth


class Sandbox:
    """A simulated provider. The same arguments give the same answers.

    Parameters
    ----------
    vms
        How many VMs exist today, in each account.
    seed
        Decides all that is left to chance.
    today
        The date or time to begin at, now if not given; a date without a time of day means noon, UTC.
    months
        How many months of history the fleet has before this one.
    accounts
        How many accounts it serves: each has a key and a fleet of its own, and all share the clock.
    port
        The port to listen on; 0 takes any that is free.
    key
        The API key of the first account; made from the seed if not given, as those of the others are.
    ticking
        Whether the clock runs with real time; if not, reading twice gives the same twice.
    job_seconds
        How long a job takes, in real seconds.
    time_zone
        Where the provider's days begin and end.
    **manners
        How it answers: the fields of `Manners`, such as ``auth``, ``latency_s`` and ``requests_per_second``.

    Attributes
    ----------
    accounts
        The accounts: each with ``number`` (from 1), ``key``, ``truth``, ``tickets`` and ``bill(month)``.
    key, truth
        Those of the first account.

    Examples
    --------
    >>> import requests
    >>> with Sandbox(vms=3, seed=7, today="2026-11-23") as sandbox:
    ...     headers = {"Authorization": f"Bearer {sandbox.key}"}
    ...     vms = requests.get(f"{sandbox.url}/virtual-machines", headers=headers, timeout=9).json()
    >>> len(vms)
    3
    """

    def __init__(  # noqa: PLR0913
        self,
        *,
        vms: int = 24,
        seed: int = 7,
        today: When | None = None,
        months: int = 6,
        accounts: int = 1,
        port: int = 0,
        key: str | None = None,
        ticking: bool = True,
        job_seconds: float = 2.0,
        time_zone: str = "UTC",
        **manners: Any,
    ) -> None:
        started = datetime.now(UTC) if today is None else instant(today)
        days = Days(ZoneInfo(time_zone))
        self._clock = Clock(started, ticking=ticking)
        self.accounts: Sequence[Account] = opened(
            accounts,
            key=key,
            seed=seed,
            vms=vms,
            started=started,
            months=months,
            clock=self._clock,
            days=days,
            job_s=job_seconds,
        )
        self.key: str = self.accounts[0].key
        self.truth: Truth = self.accounts[0].truth
        app = build_app(self.accounts, self._clock, Manners(**manners))
        self._faults: Faults = app.state.faults
        self._log: dict[int, Received] = app.state.log
        self._gate = Gate(app)
        self._port = port
        self._running = ExitStack()
        self._server: Server | None = None

    def __enter__(self) -> Self:
        self._server = self._running.enter_context(Server(self._gate, self._port))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._running.close()

    @property
    def url(self) -> str:
        """The address of the API, without a slash at the end.

        Raises
        ------
        RuntimeError
            The sandbox is not open.
        """
        if self._server is None:
            raise RuntimeError("the sandbox is not open: use it in a `with` statement")
        return f"http://{HOST}:{self._server.port}"

    @property
    def keys(self) -> list[str]:
        """The API keys of the accounts, in their order."""
        return [account.key for account in self.accounts]

    @property
    def now(self) -> datetime:
        """The simulated time, in UTC."""
        return self._clock.now()

    def set_clock(self, to: When) -> None:
        """Set the simulated time, as far back or ahead as you like."""
        self._clock.set(instant(to))

    def advance(self, **by: float) -> None:
        """Move the simulated time by ``days``, ``hours``, ``minutes`` or ``seconds``."""
        self._clock.set(self.now + timedelta(**by))

    @property
    def requests(self) -> list[Received]:
        """The requests that arrived since the start, or since `forget`."""
        return list(self._log.values())

    def forget(self) -> None:
        """Empty the list of requests."""
        self._log.clear()

    @property
    def tickets(self) -> list[dict[str, Any]]:
        """The support tickets that were sent, from all accounts."""
        return [ticket for account in self.accounts for ticket in account.tickets]

    def fault(
        self,
        kind: str,
        *,
        operation: str | None = None,
        vm_id: int | None = None,
        account: int | None = None,
        times: int | None = None,
        **details: Any,
    ) -> None:
        """Make requests go wrong from now on.

        Parameters
        ----------
        kind
            One of `KINDS`: status, slow, drip, stall, reset, close, truncate, lost, redirect, html, body,
            missing_field, extra_field, wrong_type, text_numbers, envelope; or job, which ends a job in another way.
        operation
            Only requests that mean this operation, such as "usage"; any if not given.
        vm_id
            Only requests about this VM; any if not given.
        account
            Only requests with the key of this account, by its number; any if not given.
        times
            How many requests; until `clear_faults` if not given.
        **details
            What the kind takes, such as ``code=429, retry_after=3`` for status.

        Raises
        ------
        ValueError
            There is no such kind, operation, account or style of envelope.
        TypeError
            The kind takes no such detail, or lacks one that it needs.
        """
        self._faults.add(Fault(kind, operation, vm_id, account, times, details))

    def clear_faults(self) -> None:
        """Let everything go right again."""
        self._faults.clear()

    @property
    def prices(self) -> list[dict[str, Any]]:
        """The price list that the API does not show: package, location, monthly_price."""
        return [
            {"package": offer.name, "location": location.name, "monthly_price": offer.monthly_price}
            for location in catalogue.LOCATIONS
            for offer in catalogue.offers(location)
        ]

    def bill(self, month: str) -> list[dict[str, Any]]:
        """Return the bill of the first account for a month; see `Account.bill`."""
        return self.accounts[0].bill(month)
