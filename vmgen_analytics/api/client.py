"""One account at the provider: JSON records out, nothing of the wire above this floor.

The operations stand in `reads` (what may be repeated) and `writes` (what is sent once).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self
from zoneinfo import ZoneInfo

from vmgen_analytics import credentials
from vmgen_analytics.api.auth import ApiKey, KeyAuth, checked_base_url
from vmgen_analytics.api.calls import Calls
from vmgen_analytics.api.fanout import fan_out
from vmgen_analytics.api.jobs import JobLookup
from vmgen_analytics.api.reads import Reads, Record
from vmgen_analytics.api.retries import Patience, Retrier
from vmgen_analytics.api.transport import Timeouts, Transport
from vmgen_analytics.api.writes import Writes
from vmgen_analytics.errors import SettingsError
from vmgen_analytics.settings import SETTLE_H, Settings

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime
    from pathlib import Path

    from vmgen_analytics.api.attempts import Attempt
    from vmgen_analytics.api.clock import ProviderClock
    from vmgen_analytics.errors import VMgenError


class Client(Reads, Writes):
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

    Attributes
    ----------
    last_partial
        The table as far as it came when a fetch was last interrupted, by failures or by Ctrl-C.

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

    account_name = base_url = ""  # for who looks at a client that could not be made

    def __init__(  # noqa: PLR0913 - all but the key are keywords
        self,
        key: str | ApiKey,
        *,
        base_url: str = "https://api.my.vmgen.com",
        auth: str = "Authorization: Bearer {key}",
        account: str = "main",
        max_workers: int = 8,
        time_zone: str = "UTC",
        settle_h: float = SETTLE_H,
        timeouts: Timeouts | None = None,
        patience: Patience | None = None,
    ) -> None:
        key = key if isinstance(key, ApiKey) else ApiKey(key)  # not left where a traceback with variables shows it
        if not 1 <= max_workers <= 32:
            raise SettingsError(f"max_workers is {max_workers}; it goes from 1 to 32")
        self.account_name = account
        self.base_url = checked_base_url(base_url)
        self.max_workers = max_workers
        self.zone = ZoneInfo(time_zone)
        self.settle_h = settle_h
        self.last_partial: Any = None
        self._transport = Transport(
            self.base_url, KeyAuth(key, auth, self.base_url), max_workers, timeouts or Timeouts()
        )
        self._retrier = Retrier(patience or Patience())
        self._calls = Calls(self._transport, self._retrier)
        self._job_lookup = JobLookup(self._calls)

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
        return cls.from_settings(Settings.load(config), account, **overrides)

    @classmethod
    def from_settings(cls, loaded: Settings, account: str | None = None, **overrides: Any) -> Self:
        """Make a client from settings that are read already; the key comes from the environment or the keyring.

        Parameters
        ----------
        loaded
            The settings.
        account
            Name of an account in them; by default the only one, or ``main``.
        **overrides
            Arguments of `Client` that win over the settings.

        Raises
        ------
        SettingsError
            There is no such account, no key, or another account in them that reaches the same one of the provider.
        """
        name, chosen = loaded.account(account)
        key = ApiKey(overrides.pop("key", None) or credentials.api_key(name, chosen))
        arguments: dict[str, Any] = {
            "base_url": chosen.base_url,
            "auth": credentials.auth_header(name, chosen),
            "max_workers": chosen.max_workers,
            "time_zone": loaded.zone(name).key,
            "settle_h": chosen.settle_h,
        }
        arguments |= overrides
        credentials.check_alone(name, loaded.accounts, str(arguments["base_url"]), key.is_text)
        return cls(key, account=name, **arguments)

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
        """Tell the time by the provider's clock, as its answers gave it; by this machine's before the first.

        Which day is over is the provider's matter, and a laptop's clock can be wrong. What one answer alone says is not
        believed where others said otherwise.
        """
        return self.clock.now()

    @property
    def clock(self) -> ProviderClock:
        """The provider's clock."""
        return self._transport.clock

    @property
    def learned(self) -> dict[str, str]:
        """What was found out about the server where the provider's page leaves it open: sentences by topic."""
        return self._calls.learned.sentences()

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
