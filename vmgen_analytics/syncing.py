"""Where network meets disk: everything that an account shows is fetched, once, into the archive."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from vmgen_analytics import fetch
from vmgen_analytics.errors import AuthenticationError, Failure, Stopped, TransportError, VMgenError
from vmgen_analytics.restating import keep_restated
from vmgen_analytics.schema import TABLES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from vmgen_analytics.api import Client
    from vmgen_analytics.archive import Archive
    from vmgen_analytics.fetch import Fetched

STEPS = ("accounts", "invoices", "locations", "packages", "vms", "usage", "networking", "jobs")


@dataclass(frozen=True)
class SyncReport:
    """What a sync brought and what it did not.

    Attributes
    ----------
    account
        Name of the account.
    started_at, ended_at
        By the provider's clock.
    requests
        How many requests were sent.
    rows
        New or changed rows, by table.
    failures
        What could not be had; the rest is stored.
    """

    account: str
    started_at: pd.Timestamp
    ended_at: pd.Timestamp
    requests: int
    rows: dict[str, int]
    failures: tuple[Failure, ...]

    @property
    def is_complete(self) -> bool:
        """Whether everything came."""
        return not self.failures


def sync(
    client: Client, archive: Archive, *, progress: Callable[[str], None] | None = None, wait_s: float = 600.0
) -> SyncReport:
    """Fetch everything that the account shows now, and add it to the archive.

    Each table is stored as soon as it came, in one atomic commit, so what fails later takes nothing away. Syncing
    twice changes nothing but the log of syncs.

    Parameters
    ----------
    client
        Whom to ask.
    archive
        Where to keep it.
    progress
        Is told the name of each table before it is fetched.
    wait_s
        How long to wait for another sync into the same archive, in seconds.

    Returns
    -------
    SyncReport
        What came, and what failed: failures do not raise while anything can be had.

    Raises
    ------
    AuthenticationError
        The key is not accepted.
    TransportError
        The provider cannot be reached.
    KeyboardInterrupt
        Ctrl-C: what came until then is stored.
    ArchiveError
        The archive cannot be read or written.
    VMgenError
        Nothing at all could be had.
    """
    with archive.lock(wait_s):
        return _Sync(client, archive, progress or (lambda _: None)).run()


class _Sync:
    """One sync under way."""

    def __init__(self, client: Client, archive: Archive, progress: Callable[[str], None]) -> None:
        self.client = client
        self.archive = archive
        self.progress = progress
        self.rows: dict[str, int] = {}
        self.failures: list[Failure] = []

    def run(self) -> SyncReport:
        sent_before = self.client.requests_sent
        self.progress("accounts")
        self._first()
        started_at = pd.Timestamp(self.client.now())
        try:
            self._rest(started_at)
        except KeyboardInterrupt:
            self.failures.append(Failure("sync", None, Stopped("somebody pressed Ctrl-C before it ended")))
            self._log(started_at, self.client.requests_sent - sent_before)
            raise
        if not self.rows:
            raise self.failures[0].error
        return self._log(started_at, self.client.requests_sent - sent_before)

    def _rest(self, started_at: pd.Timestamp) -> None:
        self._step("invoices", lambda: fetch.read_invoices(self.client))
        locations = self._step("locations", lambda: fetch.read_locations(self.client))
        if locations is not None:
            self._step("packages", lambda: fetch.read_packages(self.client, locations["location_id"]))
        vms = self._step("vms", lambda: fetch.read_vms(self.client))
        self._close_months(started_at)
        if vms is not None:
            self._each_vm(vms["vm_id"].tolist())

    def _first(self) -> None:
        """Ask for the account: a provider that cannot be reached, or a wrong key, ends the sync here."""
        try:
            self._store("accounts", fetch.read_accounts(self.client))
        except (AuthenticationError, TransportError):
            raise
        except VMgenError as error:
            self.failures.append(Failure("accounts", None, error))

    def _each_vm(self, vm_ids: list[int]) -> None:
        self._step("usage", lambda: self._with_restatements(fetch.read_usage(self.client, vm_ids)))
        self._step("networking", lambda: fetch.read_networking(self.client, vm_ids))
        self._step("jobs", lambda: fetch.read_jobs(self.client, vm_ids))

    def _step(self, name: str, read: Callable[[], Fetched]) -> pd.DataFrame | None:
        """Fetch and store one table; None if it did not come."""
        self.progress(name)
        try:
            fetched = read()
        except AuthenticationError:
            raise
        except VMgenError as error:
            self.failures.append(Failure(name, None, error))
            return None
        self._store(name, fetched)
        return fetched.frame

    def _store(self, name: str, fetched: Fetched) -> None:
        self.rows[name] = self.archive.add(name, fetched.frame)
        self.failures += fetched.failures
        if any(isinstance(failure.error, Stopped) for failure in fetched.failures):
            raise KeyboardInterrupt  # what came is stored

    def _with_restatements(self, fetched: Fetched) -> Fetched:
        """Keep what final days said before, where the provider now says something else."""
        new = fetched.frame
        if not new.empty:
            self.rows["restatements"] = keep_restated(self.archive, new, self.client.account_name)
        return fetched

    def _close_months(self, now: pd.Timestamp) -> None:
        """Settle the days of the month of the last sync, now that it shows no more of them.

        The end of a day that was last seen before it ended is lost; one that was seen after its end stays as it was.
        """
        account = self.client.account_name
        this_month = pd.Timestamp(now.tz_convert(self.client.zone).date()).replace(day=1)
        earlier = self.archive.read("syncs", account=account)
        if earlier.empty:
            return
        last = pd.Timestamp(earlier["started_at"].max()).tz_convert(self.client.zone).tz_localize(None)
        if last >= this_month:
            return
        usage = self.archive.read("usage", last.strftime("%Y-%m"), this_month, account=account)
        settled = usage["status"].map({"partial": "lost_tail", "provisional": "final"})
        self.archive.add("usage", TABLES["usage"].cast(usage.assign(status=settled)[settled.notna()]))

    def _log(self, started_at: pd.Timestamp, requests: int) -> SyncReport:
        report = SyncReport(
            account=self.client.account_name,
            started_at=started_at,
            ended_at=max(started_at, pd.Timestamp(self.client.now())),
            requests=requests,
            rows=self.rows,
            failures=tuple(self.failures),
        )
        line = TABLES["syncs"].frame(
            {
                "account": [report.account],
                "started_at": [report.started_at],
                "ended_at": [report.ended_at],
                "requests": [requests],
                "failures": [len(report.failures)],
                "rows": [sum(report.rows.values())],
                "incomplete": [", ".join(_tables_of(report.failures))],
                "learned": ["; ".join(self.client.learned.values())],
                "time_zone": [self.client.zone.key],
            }
        )
        self.archive.add("syncs", line)
        return report


def _tables_of(failures: Iterable[Failure]) -> list[str]:
    return sorted({failure.table for failure in failures})
