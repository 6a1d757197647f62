"""The provider's operations as methods: JSON records out, nothing of the wire above this floor."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import urljoin
from zoneinfo import ZoneInfo

from vmgen_analytics import settings
from vmgen_analytics.api import envelope, operations
from vmgen_analytics.api.auth import KeyAuth, Secret, checked_base_url
from vmgen_analytics.api.fanout import fan_out
from vmgen_analytics.api.retries import Patience, Retrier
from vmgen_analytics.api.transport import Request, Timeouts, Transport
from vmgen_analytics.errors import RedirectRefused, SettingsError, UnexpectedShape, ValidationError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from vmgen_analytics.api.attempts import Attempt
    from vmgen_analytics.api.operations import Operation
    from vmgen_analytics.errors import VMgenError

Record = dict[str, Any]

COMMANDS = ("power_on", "power_off", "reboot")
MAX_PAGES = 1_000


class Client:
    """Speaks to one account at the provider.

    Threads may share a client. Reads are tried again where that can help; a command is sent once.

    Parameters
    ----------
    key
        The API key.
    base_url
        Address of the provider; https, or plain http on this machine.
    auth
        The header that carries the key, as ``X-API-Key: {key}``.
    account
        Name of the account in the tables.
    max_workers
        How many requests are under way at once, from 1 to 32.
    time_zone
        Zone of the provider's usage days.
    settle_h
        Hours after its end in which a day may still change.
    timeouts, patience
        How long an attempt may take, and how much trying again is worth.

    Raises
    ------
    SettingsError
        The key, the address or the header cannot be used.

    Examples
    --------
    >>> client = Client("a-key", base_url="http://127.0.0.1:8000")
    >>> client
    Client(account='main', base_url='http://127.0.0.1:8000')
    """

    def __init__(  # noqa: PLR0913 - all but the key are keywords
        self,
        key: str,
        *,
        base_url: str = "https://api.my.vmgen.com",
        auth: str = "Authorization: Bearer {key}",
        account: str = "main",
        max_workers: int = 8,
        time_zone: str = "UTC",
        settle_h: float = 6.0,
        timeouts: Timeouts | None = None,
        patience: Patience | None = None,
    ) -> None:
        if not 1 <= max_workers <= 32:
            raise SettingsError(f"max_workers is {max_workers}; it goes from 1 to 32")
        self.account_name = account
        self.base_url = checked_base_url(base_url)
        self.max_workers = max_workers
        self.zone = ZoneInfo(time_zone)
        self.settle_h = settle_h
        self._transport = Transport(
            self.base_url, KeyAuth(Secret(key), auth, self.base_url), max_workers, timeouts or Timeouts()
        )
        self._retrier = Retrier(patience or Patience())
        self._spelled_with_space = False

    @classmethod
    def from_env(cls, account: str | None = None, *, config: str | Path | None = None, **overrides: Any) -> Self:
        """Make a client from the environment and the files of settings.

        Parameters
        ----------
        account
            Name of an account in the settings; by default the only one, or ``main``.
        config
            A file of settings to read instead of the usual ones.
        **overrides
            Arguments of `Client` that win over the settings.

        Raises
        ------
        SettingsError
            A setting is wrong, or there is no key.
        """
        loaded = settings.Settings.load(config)
        name, chosen = loaded.account(account)
        key = overrides.pop("key", None) or settings.api_key(name, chosen)
        arguments = {
            "base_url": chosen.base_url,
            "auth": chosen.auth,
            "max_workers": chosen.max_workers,
            "time_zone": loaded.zone(name).key,
            "settle_h": chosen.settle_h,
        }
        return cls(key, account=name, **{**arguments, **overrides})

    def __repr__(self) -> str:
        return f"Client(account={self.account_name!r}, base_url={self.base_url!r})"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._transport.close()

    @property
    def requests_sent(self) -> int:
        """How many requests left this client, repeated ones included."""
        return self._transport.attempts.sent

    def attempts(self) -> list[Attempt]:
        """Tell of the newest 200 requests, oldest first: what was asked, how it ended, how long it took."""
        return self._transport.attempts.newest()

    def stats(self) -> dict[str, float]:
        """Sum up all requests: how many, failed, refused, tried again, bytes, and how long they took in ms."""
        return self._transport.attempts.stats() | {"retries": float(self._retrier.retries)}

    def now(self) -> datetime:
        """Tell the time by the provider's clock, as its newest answer gave it; by this machine's before that.

        Which day is over is the provider's matter, and a laptop's clock can be wrong.
        """
        if self._transport.provider_clock is None:
            return datetime.now(UTC)
        said, at = self._transport.provider_clock
        return said.astimezone(UTC) + timedelta(seconds=time.monotonic() - at)

    def account(self) -> Record:
        """Read the account: credit, invoicing_model, billing_address."""
        return self._one(operations.ACCOUNT)

    def invoices(self) -> list[Record]:
        """Read the invoices of the current month: id, date, status, total_cost."""
        return self._all(operations.INVOICES)

    def locations(self) -> list[Record]:
        """Read the locations: id, name, continent."""
        return self._all(operations.LOCATIONS)

    def packages(self, location_id: int) -> list[Record]:
        """Read the packages of a location: name, vcpus, ram_GB, disk_GB."""
        return self._all(operations.PACKAGES, id=location_id)

    def vms(self) -> list[Record]:
        """Read the VMs: id, name, fqdn, state, uptime, ipv4, ipv6, package."""
        return self._all(operations.VMS)

    def configuration(self, vm_id: int) -> Record:
        """Read one VM, with the fields of `vms`."""
        return self._one(operations.CONFIGURATION, id=vm_id)

    def usage(self, vm_id: int) -> list[Record]:
        """Read the traffic of a VM for each day of the current month: date, in_MB, out_MB."""
        return self._all(operations.USAGE, id=vm_id)

    def networking(self, vm_id: int) -> list[Record]:
        """Read the addresses of a VM: ip_version, ip, gateway, netmask, broadcast, rev_dns, is_primary."""
        return self._all(operations.NETWORKING, id=vm_id)

    def jobs(self, vm_id: int) -> list[Record]:
        """Read the recent jobs of a VM: started_at, last_updated_at, event, status."""
        return self._all(operations.JOBS, id=vm_id)

    def status(self, vm_id: int) -> Record:
        """Read the newest job of a VM, with the fields of `jobs`."""
        return self._one(operations.STATUS, id=vm_id)

    def command(self, vm_id: int, command: str) -> Record:
        """Send a power command, once. Use `vmgen_analytics.power`, which also follows it.

        Parameters
        ----------
        vm_id
            The VM.
        command
            power_on, power_off or reboot.

        Returns
        -------
        dict
            job_status, started_at and, where the provider gives it, job_id.

        Raises
        ------
        VMgenError
            It was refused, or (``TransportError``, ``ServerError``) may have been carried out.
        """
        if command not in COMMANDS:
            raise SettingsError(f"no command {command!r}; there are {', '.join(COMMANDS)}")
        spaced = command.replace("_", " ")
        try:
            return self._command(vm_id, spaced if self._spelled_with_space else command)
        except ValidationError:
            if self._spelled_with_space or spaced == command:
                raise
            answer = self._command(vm_id, spaced)
            self._spelled_with_space = True
            return answer

    def job(self, vm_id: int, job_id: str) -> Record:
        """Read a job of a VM: job_status, started_at."""
        request = Request("job", "POST", _path(operations.JOB, id=vm_id, job_id=job_id))
        return envelope.record(self._read(request), operations.JOB)

    def each(self, operation: str, vm_ids: Iterable[int]) -> Iterator[tuple[int, list[Record] | VMgenError]]:
        """Ask one of usage, networking and jobs for many VMs at once.

        Parameters
        ----------
        operation
            Name of the method.
        vm_ids
            The VMs.

        Yields
        ------
        tuple
            A VM with its records, or with the error that it gave, in the order in which they come.

        Raises
        ------
        AuthenticationError
            The key is not accepted.
        """
        try:
            yield from fan_out(getattr(self, operation), vm_ids, self.max_workers, self._interrupt)
        finally:
            self._retrier.stop.clear()

    def _interrupt(self) -> None:
        """Break off whatever is under way."""
        self._retrier.stop.set()
        self._transport.cut()

    def _command(self, vm_id: int, spelled: str) -> Record:
        request = Request("command", "POST", _path(operations.COMMAND, id=vm_id), {"command": spelled}, is_fresh=True)
        payload = self._retrier.call(lambda: self._transport.send(request), is_command=True)
        return payload if isinstance(payload, dict) else {}

    def _one(self, operation: Operation, **place: int | str) -> Record:
        payload = self._read(Request(operation.name, operation.method, _path(operation, **place)))
        return envelope.record(payload, operation)

    def _all(self, operation: Operation, **place: int | str) -> list[Record]:
        path = _path(operation, **place)
        found: list[Record] = []
        seen = {path}
        while True:
            payload = self._read(Request(operation.name, operation.method, path))
            found += envelope.records(payload, operation)
            link = envelope.next_link(payload)
            if link is None:
                return found
            path = self._page(path, link)
            if path in seen or len(seen) >= MAX_PAGES:
                raise UnexpectedShape(f"{operation}: the pages do not end (after {len(seen)})")
            seen.add(path)

    def _page(self, path: str, link: str) -> str:
        try:
            target = urljoin(self.base_url + path, link)
        except ValueError:
            target = ""
        if not target.startswith(self.base_url + "/"):
            raise RedirectRefused(f"GET {path}: its next page is at another address than base_url, and is not asked")
        return target.removeprefix(self.base_url)

    def _read(self, request: Request) -> Any:
        return self._retrier.call(lambda: self._transport.send(request))


def _path(operation: Operation, **place: int | str) -> str:
    for value in place.values():
        if not str(value).replace("-", "").replace("_", "").isalnum() or not str(value).isascii():
            raise SettingsError(f"{value!r} is no number of a VM, location or job")
    return operation.path.format(**place)
