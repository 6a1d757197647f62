"""The traffic of each VM on each day of the current month."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import TYPE_CHECKING, Literal, overload

import numpy as np
import pandas as pd

from vmgen_analytics.api import operations
from vmgen_analytics.errors import Failure, Stopped, UnexpectedDataError
from vmgen_analytics.fetch.asking import for_each, whole
from vmgen_analytics.fetch.tidy import Fetched, tidy
from vmgen_analytics.schema import TABLES
from vmgen_analytics.zones import instants

if TYPE_CHECKING:
    from collections.abc import Iterable

    from vmgen_analytics.api import Client


@overload
def fetch_usage(client: Client, vm_ids: Iterable[int], *, on_error: Literal["raise"] = "raise") -> pd.DataFrame: ...
@overload
def fetch_usage(client: Client, vm_ids: Iterable[int], *, on_error: Literal["partial"]) -> Fetched: ...
def fetch_usage(
    client: Client, vm_ids: Iterable[int], *, on_error: Literal["raise", "partial"] = "raise"
) -> pd.DataFrame | Fetched:
    """Fetch the traffic of VMs in the current month; the provider shows no other.

    Parameters
    ----------
    client
        Whom to ask.
    vm_ids
        The VMs.
    on_error
        "partial" returns what came and what failed, instead of raising.

    Returns
    -------
    DataFrame
        Table ``usage``: account, vm_id, date, in_MB, out_MB, seen_at, status. [MB] With ``on_error="partial"``
        a tuple of it and of the failures.

    Raises
    ------
    FetchInterrupted
        Some VMs did not answer: ``partial`` has the others, ``resume()`` fetches the rest.
    FetchStopped
        Somebody pressed Ctrl-C before all had; also with ``on_error="partial"``.
    AuthenticationError
        The key is not accepted.
    """
    fetched = read_usage(client, vm_ids)
    is_stopped = any(isinstance(failure.error, Stopped) for failure in fetched.failures)  # Ctrl-C is no VM's failure
    if on_error == "partial" and not is_stopped:
        return fetched
    return whole(fetched, lambda rest: fetch_usage(client, rest), client)


def read_usage(client: Client, vm_ids: Iterable[int]) -> Fetched:
    """Fetch the traffic of VMs, with what could not be had beside it."""
    table = TABLES["usage"]
    seen_at, asked_s, was_asked_before = client.now(), time.monotonic(), client.requests_sent > 0
    batches, failures = for_each(client, "usage", "vm_id", vm_ids, table)
    if not was_asked_before:  # only now is the provider's clock known; a day is not over because this machine says so
        seen_at = client.now() - timedelta(seconds=time.monotonic() - asked_s)
    frame, unread = tidy(table, operations.USAGE, batches, account=client.account_name, seen_at=seen_at)
    frame, strange = _of_about_now(frame, pd.Timestamp(seen_at).tz_convert(client.zone).tz_localize(None))
    frame["status"] = day_status(frame["date"], frame["seen_at"], client.zone.key, client.settle_h)
    return Fetched(frame, (*failures, *unread, *strange))


def _of_about_now(frame: pd.DataFrame, now: pd.Timestamp) -> tuple[pd.DataFrame, list[Failure]]:
    """Leave out days that the provider cannot show, as it shows the current month; one earlier month is let pass.

    A single such day would let a VM live, and cost, from or until then. A day to come that has no traffic says nothing,
    as where the whole month is listed from its first day on.
    """
    is_blank = (frame["date"] > now.normalize()) & ~(frame[["in_MB", "out_MB"]] > 0).any(axis="columns")
    if is_blank.any():
        frame = frame[~is_blank].reset_index(drop=True)
    first, last = now.to_period("M").to_timestamp() - pd.DateOffset(months=2), now.normalize() + pd.Timedelta(days=1)
    is_strange = (frame["date"] < first) | (frame["date"] > last)
    failures = []
    for vm_id, rows in frame[is_strange].groupby("vm_id"):
        more = f" (and {len(rows) - 1} more)" if len(rows) > 1 else ""
        error = UnexpectedDataError(
            f"the traffic of {rows['date'].iloc[0]:%Y-%m-%d}{more} is left out: at {now:%Y-%m-%d} the provider shows "
            f"days of this month, and none before {first:%Y-%m-%d} or after {last:%Y-%m-%d} is believed"
        )
        error.field = "date"
        failures.append(Failure("usage", int(str(vm_id)), error))
    return (frame[~is_strange].reset_index(drop=True) if failures else frame), failures


def day_status(dates: pd.Series, seen_at: pd.Series, zone: str, settle_h: float) -> pd.Series:
    """Tell how far days had come when they were seen.

    Parameters
    ----------
    dates
        Days in the provider's time zone.
    seen_at
        When each was seen.
    zone
        The provider's time zone.
    settle_h
        Hours after its end in which a day may still change.

    Returns
    -------
    Series
        partial before the day ended, provisional in the hours after, then final.
    """
    ends = instants(dates + pd.Timedelta(days=1), zone)
    over = seen_at >= ends
    settled = seen_at >= ends + pd.Timedelta(hours=settle_h)
    return pd.Series(np.select([settled, over], ["final", "provisional"], "partial"), index=dates.index, dtype="str")
