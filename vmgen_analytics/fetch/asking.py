"""The same question to many VMs or locations, and a table of which not all has come."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import pandas as pd

from vmgen_analytics.errors import (
    Failure,
    FetchInterrupted,
    FetchStopped,
    NotFound,
    SkippedVMWarning,
    Stopped,
    UnexpectedDataError,
    UnexpectedDataWarning,
    VMgenError,
    VMGone,
)
from vmgen_analytics.fetch.tidy import Batch
from vmgen_analytics.schema import TABLES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from vmgen_analytics.api import Client
    from vmgen_analytics.api.reads import Record
    from vmgen_analytics.fetch.tidy import Fetched
    from vmgen_analytics.table import Table


def for_each(
    client: Client, ask: str, known: str, ids: Iterable[int], table: Table
) -> tuple[list[Batch], list[Failure]]:
    """Ask the same of many VMs or locations.

    Parameters
    ----------
    client
        Whom to ask.
    ask
        Name of the client's method.
    known
        Column that the ids belong to: vm_id or location_id.
    ids
        The VMs or locations.
    table
        The table that the answers are for.

    Returns
    -------
    tuple
        The answers in the order of the ids, and what failed. On Ctrl-C the answers that came by then, and a failure
        that is `Stopped` for every other one.

    Raises
    ------
    AuthenticationError
        The key is not accepted.
    """
    answers: dict[int, Sequence[Record]] = {}
    failures: dict[int, Failure] = {}
    wanted = dict.fromkeys(ids)
    try:
        for number, answer in client.each(ask, wanted):
            if isinstance(answer, VMgenError):
                failures[number] = _failure(table, known, number, answer)
            else:
                answers[number] = answer
    except KeyboardInterrupt:
        for number in wanted.keys() - answers.keys() - failures.keys():
            failures[number] = _failure(table, known, number, Stopped("not had: it was stopped before"))
    if known == "vm_id" and answers:
        failures |= {number: _gone(failure) for number, failure in failures.items()}
    batches = [Batch({known: number}, answers[number]) for number in sorted(answers)]
    return batches, [failures[number] for number in sorted(failures)]


def _gone(failure: Failure) -> Failure:
    """Say of a VM that is not found, where others are, that it was deleted since it was listed."""
    error = failure.error
    if type(error) is not NotFound:
        return failure
    gone = VMGone(f"it is gone since the VMs were listed, and left out ({error})", status=error.status)
    gone.operation, gone.url = error.operation, error.url
    return Failure(failure.table, failure.vm_id, gone)


def _failure(table: Table, known: str, number: int, error: VMgenError) -> Failure:
    return Failure(table.name, number if known == "vm_id" else None, error)


def today(client: Client) -> pd.Timestamp:
    """Tell which day it is for the provider, in the account's time zone."""
    return pd.Timestamp(client.now().astimezone(client.zone).date())


def whole(
    fetched: Fetched, again: Callable[[set[int]], pd.DataFrame] | None = None, client: Client | None = None
) -> pd.DataFrame:
    """Return the table if all of it came; values that could not be read, and VMs that are gone, are warnings.

    Parameters
    ----------
    fetched
        What came.
    again
        Fetches the VMs that are missing.
    client
        Keeps what came as its ``last_partial``.

    Raises
    ------
    FetchInterrupted
        Some VMs did not answer.
    FetchStopped
        Somebody pressed Ctrl-C before all had.
    """
    missing = [each for each in fetched.failures if not isinstance(each.error, tuple(_HARMLESS))]
    _warn([failure for failure in fetched.failures if failure not in missing])
    if not missing:
        return fetched.frame

    table = TABLES[missing[0].table]

    def resume() -> pd.DataFrame:
        vm_ids = {failure.vm_id for failure in missing if failure.vm_id is not None}
        return _resumed(table, fetched.frame, lambda: again(vm_ids) if again else fetched.frame.iloc[:0])

    if client is not None:
        client.last_partial = fetched.frame
    raise _interrupted(missing)(fetched.frame, tuple(missing), resume)


def _interrupted(failures: Sequence[Failure]) -> type[FetchInterrupted]:
    return FetchStopped if any(isinstance(failure.error, Stopped) for failure in failures) else FetchInterrupted


_HARMLESS = {UnexpectedDataError: UnexpectedDataWarning, VMGone: SkippedVMWarning}


def _warn(harmless: Sequence[Failure]) -> None:
    """Warn of each VM that is gone, and once of each field, however many VMs have values that cannot be read."""
    alike: dict[tuple[str, str], list[Failure]] = {}
    for failure in harmless:
        if isinstance(failure.error, VMGone):
            warnings.warn(str(failure), SkippedVMWarning, stacklevel=4)
        else:
            alike.setdefault((failure.table, getattr(failure.error, "field", "")), []).append(failure)
    for failures in alike.values():
        others = f"; the same with {len(failures) - 1} more VMs" if len(failures) > 1 else ""
        warnings.warn(f"{failures[0]}{others}", UnexpectedDataWarning, stacklevel=4)


def _resumed(table: Table, came: pd.DataFrame, rest: Callable[[], pd.DataFrame]) -> pd.DataFrame:
    """Put the rest to what came; interrupted again, keep what came by then."""
    try:
        return table.sort(pd.concat([came, rest()]))
    except FetchInterrupted as still:
        kind, partial = type(still), table.sort(pd.concat([came, still.partial]))
        failures, resume = still.failures, still.resume
    raise kind(partial, failures, lambda: _resumed(table, came, resume))
