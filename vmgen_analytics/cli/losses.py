"""What no sync can bring any more: days of months that are over, after the last sync that asked for them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from vmgen_analytics.cli.gaps import CLOCK_STEP, WATCHED
from vmgen_analytics.zones import end_of_month, instant

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from zoneinfo import ZoneInfo

    from vmgen_analytics.cli.gaps import Gap

DAY = pd.Timedelta(days=1)
TOLD_FOR = pd.Timedelta(days=7)
"""How long a monitor is told of a loss, after the month and after the first sync that came too late for it."""
UNAVOIDABLE = pd.Timedelta(hours=1)
"""The designed schedule ends a month with a sync ten minutes before it turns; what that loses is no news."""


@dataclass(frozen=True)
class LostPart:
    """What some machines lost alike.

    Attributes
    ----------
    vms
        Number and name of each.
    days
        Days that are lost whole.
    tail
        Days of which the end is lost.
    seen_until
        Until when the last of these was seen at least; None where that is not known.
    is_avoidable
        Whether a sync in time would have kept it, or more than an hour of it.
    """

    vms: tuple[tuple[int, str], ...]
    days: tuple[pd.Timestamp, ...]
    tail: tuple[pd.Timestamp, ...]
    seen_until: pd.Timestamp | None
    is_avoidable: bool


@dataclass(frozen=True)
class Loss:
    """What was lost of a month because no sync ran before it turned.

    Attributes
    ----------
    month
        As 2026-10.
    since
        When usage last came whole in it, in the zone of its days; None if it never did.
    parts
        What was lost, by the machines that lost the same: the most of them first.
    is_told
        Whether a monitor should still tell of it.
    """

    month: str
    since: pd.Timestamp | None
    parts: tuple[LostPart, ...]
    is_told: bool

    @property
    def days(self) -> tuple[pd.Timestamp, ...]:
        """Days that are lost whole, of any machine."""
        return tuple(sorted({day for part in self.parts for day in part.days}))

    @property
    def vms(self) -> int:
        """How many machines lost whole days."""
        return sum(len(part.vms) for part in self.parts if part.days)

    @property
    def tail(self) -> tuple[pd.Timestamp, ...]:
        """Days of which the end is lost, of any machine."""
        return tuple(sorted({day for part in self.parts for day in part.tail}))

    @property
    def tail_vms(self) -> int:
        """How many machines lost the end of a day."""
        return sum(len(part.vms) for part in self.parts if part.tail)

    def lost_of(self, gap: Gap) -> tuple[pd.Timestamp, ...]:
        """Tell the days that one machine lost whole."""
        return next((part.days for part in self.parts if (gap.vm_id, gap.vm_name) in part.vms), ())


def losses(
    gaps: Mapping[str, Sequence[Gap]],
    seen_until: Mapping[str, pd.Timestamp],
    seen_from: Mapping[str, pd.Timestamp],
    starts: pd.Series,
    now: pd.Timestamp,
    zones: Mapping[str, ZoneInfo],
) -> tuple[Loss, ...]:
    """Tell what was lost of each month that is over, since the first sync.

    Parameters
    ----------
    gaps
        What each machine lacks, by month as 2026-10.
    seen_until, seen_from
        When usage last and first came whole in each month.
    starts
        When each sync began.
    now
        The time, in the account's time zone.
    zones
        The time zone of the days of each month, where it is another.

    Returns
    -------
    tuple
        The months that lost something, the newest first.
    """
    found = []
    this = f"{now:%Y-%m}"
    first = min(seen_until, default=this)
    for month in sorted((month for month in gaps if first <= month < this), reverse=True):
        zone = zones.get(month, str(now.tz))
        since = seen_until.get(month)
        end = end_of_month(pd.Period(month), zone)
        later = min((at for name, at in seen_from.items() if name > month), default=None)
        is_news = later is None or now < max(end, later) + TOLD_FOR
        here = None if since is None else since.tz_convert(zone)
        parts = _parts(gaps[month], here, starts, end)
        if parts:
            found.append(Loss(month, here, parts, is_news and any(part.is_avoidable for part in parts)))
    return tuple(found)


def _parts(
    gaps: Sequence[Gap], since: pd.Timestamp | None, starts: pd.Series, end: pd.Timestamp
) -> tuple[LostPart, ...]:
    """Put the machines together that lost the same, and could have kept it or not."""
    alike: dict[tuple[tuple[pd.Timestamp, ...], tuple[pd.Timestamp, ...], bool], list[Gap]] = {}
    for gap in gaps:
        answers = [at.tz_convert(end.tz) for at in (since, gap.answered) if at is not None]
        last = max(answers).tz_localize(None).normalize() if answers else None
        whole = tuple(day for day in gap.missing if last is None or day > last)
        if whole or gap.lost_tail:
            is_avoidable = len(whole) > 0 or _is_avoidable(gap, starts, end)
            alike.setdefault((whole, gap.lost_tail, is_avoidable), []).append(gap)
    parts = [
        LostPart(
            vms=tuple((gap.vm_id, gap.vm_name) for gap in mine),
            days=whole,
            tail=tail,
            seen_until=_earliest(mine) if tail else None,
            is_avoidable=is_avoidable,
        )
        for (whole, tail, is_avoidable), mine in alike.items()
    ]
    return tuple(sorted(parts, key=lambda part: (-len(part.vms), -len(part.days), part.vms)))


def _earliest(gaps: Sequence[Gap]) -> pd.Timestamp | None:
    moments = [gap.seen_until for gap in gaps if gap.seen_until is not None]
    return min(moments) if len(moments) == len(gaps) else None


def _is_avoidable(gap: Gap, starts: pd.Series, end: pd.Timestamp) -> bool:
    """Tell whether syncs by the schedule would have kept more of the ends that were lost of a machine."""
    if len(gap.lost_tail) > 1 or gap.seen_until is None:
        return True
    if gap.seen_until >= instant(gap.lost_tail[-1] + DAY, str(end.tz)) - UNAVOIDABLE:
        return False
    following = starts[starts > gap.seen_until + CLOCK_STEP].min()
    is_watched = pd.notna(following) and following <= min(gap.seen_until + WATCHED, end)
    return not (gap.is_gone and is_watched)
