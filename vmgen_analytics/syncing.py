"""Where network meets disk: everything that an account shows is fetched, once, into the archive."""

from __future__ import annotations

import contextlib
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from vmgen_analytics import fetch
from vmgen_analytics.clocks import check_clock, check_zone, is_refused, sure_now
from vmgen_analytics.errors import (
    ArchiveDamaged,
    ArchiveError,
    ArchiveShut,
    AuthenticationError,
    Failure,
    Stopped,
    TransportError,
    VMgenError,
)
from vmgen_analytics.newcomers import first_look
from vmgen_analytics.restating import add_jobs, add_usage, add_vms, settle_usage
from vmgen_analytics.schema import TABLES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from vmgen_analytics.api import Client
    from vmgen_analytics.archive import Archive
    from vmgen_analytics.fetch import Fetched

_log = logging.getLogger(__name__)

ADDED = {"jobs": add_jobs, "vms": add_vms}
"""Tables whose rows are replaced, beside usage, and what does so."""
CLOCK_ANSWERS = 3
"""One strange answer, and two that agree."""
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
    SettingsError
        The archive has the account by another name.
    ClockError
        The provider's clock is more than a day from this machine's: one of them is wrong.
    KeyboardInterrupt
        Ctrl-C: what came until then is stored.
    ArchiveError
        The archive cannot be read or written.
    VMgenError
        Nothing at all could be had.
    """
    with archive.lock(wait_s):
        report = _Sync(client, archive, progress or (lambda _: None)).run()
        try:
            archive.tidy()
        except ArchiveError as error:
            _log.warning("what came is stored, but old files of the archive stay for now: %s", error)
        return report


class _Sync:
    """One sync under way."""

    def __init__(self, client: Client, archive: Archive, progress: Callable[[str], None]) -> None:
        self.client = client
        self.archive = archive
        self.progress = progress
        self.rows: dict[str, int] = {}
        self.failures: list[Failure] = []
        self.had: dict[str, Fetched] = {}

    def run(self) -> SyncReport:
        sent_before = self.client.requests_sent
        self.progress("accounts")
        try:
            self._first()
        except VMgenError as error:
            self._log_nothing(error, sent_before)
            raise
        started_at = pd.Timestamp(self.client.now())
        try:
            self._rest(started_at)
        except (KeyboardInterrupt, VMgenError) as error:
            self._log_broken_off(error, started_at, sent_before)
            raise
        if not self.rows:
            self._log_nothing(self.failures[0].error, sent_before)
            raise self.failures[0].error
        return self._log(started_at, sent_before)

    def _rest(self, started_at: pd.Timestamp) -> None:
        self._step("invoices", lambda: fetch.read_invoices(self.client))
        locations = self._step("locations", lambda: fetch.read_locations(self.client))
        if locations is not None:
            self._step("packages", lambda: fetch.read_packages(self.client, locations["location_id"]))
        vms = self._step("vms", lambda: fetch.read_vms(self.client))
        vm_ids = [] if vms is None else vms["vm_id"].tolist()
        usage = None if vms is None else self._step("usage", lambda: fetch.read_usage(self.client, vm_ids))
        self._settle(started_at, usage, vm_ids)
        if vms is not None:
            self._step("networking", lambda: fetch.read_networking(self.client, vm_ids))
            self._step("jobs", lambda: fetch.read_jobs(self.client, vm_ids))

    def _first(self) -> None:
        """Ask for the account: a provider that cannot be reached, or a wrong key, ends the sync here."""
        accounts = self._accounts()
        check_clock(self.client)
        check_zone(self.client, self.archive)
        self.had = first_look(self.client, self.archive)
        if accounts is not None:
            self._store("accounts", accounts)

    def _accounts(self) -> Fetched | None:
        """Ask until the provider's clock is sure: a jump of it, told by one answer, may be that answer's alone."""
        error, fetched = None, None
        for _ in range(CLOCK_ANSWERS):
            try:
                error, fetched = None, fetch.read_accounts(self.client)
            except (AuthenticationError, TransportError):
                raise
            except VMgenError as failed:
                error = failed
            if not self.client.clock.is_doubtful:
                break
        if error is not None:
            self.failures.append(Failure("accounts", None, error))
            return None
        return fetched

    def _step(self, name: str, read: Callable[[], Fetched]) -> pd.DataFrame | None:
        """Fetch and store one table; None if it did not come."""
        self.progress(name)
        try:
            fetched = self.had.pop(name, None) or read()
        except AuthenticationError:
            raise
        except VMgenError as error:
            self.failures.append(Failure(name, None, error))
            return None
        self._store(name, fetched)
        return fetched.frame

    def _store(self, name: str, fetched: Fetched) -> None:
        try:
            self._add(name, fetched)
        except (ArchiveDamaged, ArchiveShut) as error:  # of this table; the others may be whole
            self.failures.append(Failure(name, None, error))
        self.failures += fetched.failures
        if any(isinstance(failure.error, Stopped) for failure in fetched.failures):
            raise KeyboardInterrupt  # what came is stored

    def _add(self, name: str, fetched: Fetched) -> None:
        if name == "usage":
            self._store_usage(fetched)
        elif name in ADDED:
            self.rows[name] = ADDED[name](self.archive, fetched.frame, self.client.account_name, self.client.now)
        else:
            self.rows[name] = self.archive.add(name, fetched.frame)

    def _store_usage(self, fetched: Fetched) -> None:
        """Keep what is replaced; a value that could not be read is told once, and not again as one that is missing."""
        added = add_usage(self.archive, fetched.frame, self.client.account_name, self.client.now)
        self.rows |= added.rows
        told = {failure.vm_id for failure in fetched.failures}
        self.failures += [failure for failure in added.failures if failure.vm_id not in told]

    def _settle(self, now: pd.Timestamp, usage: pd.DataFrame | None, vm_ids: list[int]) -> None:
        """Settle the days of earlier months, now that the provider shows no more of them."""
        failed = {failure.vm_id for failure in self.failures if failure.table == "usage"}
        answered = set() if usage is None else set(vm_ids) - failed
        shown = TABLES["usage"].frame() if usage is None else usage
        try:
            settle_usage(self.archive, self.client.account_name, shown, answered, now, self.client.zone.key)
        except (ArchiveDamaged, ArchiveShut) as error:
            if "usage" not in self._failed():
                self.failures.append(Failure("usage", None, error))

    def _log_nothing(self, error: VMgenError, sent_before: int) -> None:
        """Write down a sync that brought nothing, in an archive that knows the account: `status` tells of it."""
        self.failures += [Failure(name, None, error) for name in STEPS if name not in self._failed()]
        if isinstance(error, ArchiveError):
            return
        account = self.client.account_name
        if not self.archive.months("syncs", account=account):
            return  # a key or address that is wrong from the start leaves nothing behind
        with contextlib.suppress(ArchiveError):  # the error that led here is raised, and says more
            self._log(sure_now(self.client, self.archive), sent_before, str(error))

    def _log_broken_off(self, error: BaseException, started_at: pd.Timestamp, sent_before: int) -> None:
        """Write down a sync that did not come to its end; what came until then is stored."""
        why = error if isinstance(error, VMgenError) else Stopped("somebody pressed Ctrl-C before it ended")
        self.failures.append(Failure("sync", None, why))
        with contextlib.suppress(ArchiveError):  # as above
            self._log(started_at, sent_before, str(why))

    def _failed(self) -> set[str]:
        return {failure.table for failure in self.failures}

    def _log(self, started_at: pd.Timestamp, sent_before: int, error: str | None = None) -> SyncReport:
        requests = self.client.requests_sent - sent_before
        report = SyncReport(
            account=self.client.account_name,
            started_at=started_at,
            ended_at=started_at if is_refused(self.client) else max(started_at, pd.Timestamp(self.client.now())),
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
                "error": [error],
            }
        )
        self.archive.add("syncs", line)
        return report


def _tables_of(failures: Iterable[Failure]) -> list[str]:
    return sorted({failure.table for failure in failures})
