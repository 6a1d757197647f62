"""What no sync can bring any more: days of months that are over, after the last sync that asked for them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from vmgen_analytics.zones import end_of_month

if TYPE_CHECKING:
    from collections.abc import Mapping

DAY = pd.Timedelta(days=1)
TOLD_FOR = pd.Timedelta(days=7)
"""How long a monitor is told of a loss, after the month and after the first sync that came too late for it."""
UNAVOIDABLE = pd.Timedelta(hours=1)
"""The designed schedule ends a month with a sync ten minutes before it turns; what that loses is no news."""


@dataclass(frozen=True)
class Loss:
    """What was lost of a month because no sync ran before it turned.

    Attributes
    ----------
    month
        As 2026-10.
    since
        When usage last came whole in it, in the account's zone; None if it never did.
    days, vms
        Days that are lost whole, and of how many VMs.
    tail, tail_vms
        Days of which the end is lost, and of how many VMs.
    is_told
        Whether a monitor should still tell of it.
    """

    month: str
    since: pd.Timestamp | None
    days: tuple[pd.Timestamp, ...]
    vms: int
    tail: tuple[pd.Timestamp, ...]
    tail_vms: int
    is_told: bool


def losses(
    days: pd.DataFrame,
    seen_until: Mapping[str, pd.Timestamp],
    seen_from: Mapping[str, pd.Timestamp],
    now: pd.Timestamp,
) -> tuple[Loss, ...]:
    """Tell what was lost of each month that is over, since the first sync.

    Parameters
    ----------
    days
        VM-days of one account, with the month as 2026-10 and the state as ``status``.
    seen_until, seen_from
        When usage last and first came whole in each month.
    now
        The time, in the account's time zone.

    Returns
    -------
    tuple
        The months that lost something, the newest first.
    """
    found = []
    this = f"{now:%Y-%m}"
    first = min(seen_until, default=this)
    lacking = days[days["status"].isin(["missing", "lost_tail"]) & (days["month"] >= first) & (days["month"] < this)]
    for month, rows in lacking.groupby("month"):
        since = seen_until.get(str(month))
        here = None if since is None else since.tz_convert(now.tz)
        whole = rows[rows["status"] == "missing"]
        if here is not None:
            whole = whole[whole["date"] > here.tz_localize(None).normalize()]
        tails = rows[rows["status"] == "lost_tail"]
        end = end_of_month(pd.Period(str(month)), str(now.tz))
        later = min((at for name, at in seen_from.items() if name > str(month)), default=None)
        found.append(
            Loss(
                month=str(month),
                since=here,
                days=tuple(sorted(set(whole["date"]))),
                vms=whole["vm_id"].nunique(),
                tail=tuple(sorted(set(tails["date"]))),
                tail_vms=tails["vm_id"].nunique(),
                is_told=_is_told(whole, tails, here, end, later, now),
            )
        )
    return tuple(sorted((each for each in found if each.days or each.tail), key=lambda each: each.month)[::-1])


def _is_told(
    whole: pd.DataFrame,
    tails: pd.DataFrame,
    since: pd.Timestamp | None,
    end: pd.Timestamp,
    later: pd.Timestamp | None,
    now: pd.Timestamp,
) -> bool:
    """Tell whether a loss is news: more than the schedule cannot help, and not long known."""
    last_day = end.tz_localize(None) - DAY
    is_avoidable = len(whole) > 0 or bool((tails["date"] < last_day).any())
    is_avoidable |= len(tails) > 0 and (since is None or since < end - UNAVOIDABLE)
    return is_avoidable and (later is None or now < max(end, later) + TOLD_FOR)
