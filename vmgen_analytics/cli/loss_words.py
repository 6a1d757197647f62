"""What is lost, or has no report, in sentences: by the machines that lack the same."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

import pandas as pd

from vmgen_analytics.observing import CLOSING
from vmgen_analytics.wording import counted, ranges
from vmgen_analytics.zones import end_of_month

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from zoneinfo import ZoneInfo

    from vmgen_analytics.cli.gaps import Gap
    from vmgen_analytics.cli.losses import Loss
    from vmgen_analytics.cli.standing import Standing

FEW = 3
ONE_SYNC = pd.Timedelta(hours=1)
"""Answers less than this apart are told as of one time, that of the first."""


def loss_sentences(standing: Standing) -> list[str]:
    """Say which days are lost because no sync ran before their month turned, the newest months first."""
    lost = [loss for loss in standing.losses if loss.days]
    said = []
    for loss in lost[:FEW]:
        month = pd.Period(loss.month)
        since = (
            f"in {month:%B %Y}" if loss.since is None else f"after {loss.since.day} {month:%B %Y} {loss.since:%H:%M}"
        )
        end = end_of_month(month, standing.syncs.zones.get(loss.month, standing.zone))
        hope = ", unless the provider still shows them to a sync now" if standing.now < end + CLOSING else ""
        whose = Counter[tuple[pd.Timestamp, ...]]()
        names = {}
        for part in loss.parts:
            if part.days:
                whose[part.days] += len(part.vms)
                names[part.days] = part.vms[0][1]
        parts = [f"{dates(days)} {month:%B} of {_whose(vms, names[days])}" for days, vms in whose.most_common(FEW)]
        if len(whose) > FEW:
            parts.append(
                f"other days of {counted(sum(whose.values()) - sum(dict(whose.most_common(FEW)).values()), 'more VM')}"
            )
        verb = "are" if len(loss.days) > 1 else "is"
        said.append(f"No sync that brought all usage ran {since}: {'; '.join(parts)} {verb} lost{hope}.")
    if len(lost) > FEW:
        said.append(f"The same holds for days of {counted(len(lost) - FEW, 'earlier month')}; --json lists them.")
    return said


def loss_warning(loss: Loss) -> str:
    """Put into a few words what a sync in time would have kept."""
    month = f"{pd.Period(loss.month):%B %Y}"
    avoidable = [part for part in loss.parts if part.is_avoidable]
    said = []
    for part in avoidable[:FEW]:
        what = [f"{dates(part.days)} {month}"] if part.days else []
        what += [ends_of(part.tail, month)] if part.tail else []
        said.append(f"{' and '.join(what)} of {_whose(len(part.vms), part.vms[0][1])}")
    if len(avoidable) > FEW:
        said.append(f"other days of {counted(sum(len(part.vms) for part in avoidable[FEW:]), 'more VM')}")
    return f"lost for good: {', '.join(said)}"


def gap_sentences(standing: Standing) -> list[str]:
    """Say for whom days are missing, the newest months first; what was lost for want of a sync is said already."""
    lost = {loss.month: loss for loss in standing.losses}
    others = {
        month: [
            replace(gap, missing=tuple(day for day in gap.missing if day not in lost[month].lost_of(gap)))
            if month in lost
            else gap
            for gap in gaps
        ]
        for month, gaps in standing.gaps.items()
    }
    lacking = [month for month in others if any(gap.missing for gap in others[month])]
    said = []
    for month in sorted(lacking, reverse=True)[:FEW]:
        gaps = [gap for gap in others[month] if gap.missing]
        who = "; ".join(f"{gap.vm_name} {dates(gap.missing)}" for gap in gaps[:FEW])
        more = f"; and {counted(len(gaps) - FEW, 'more VM')}" if len(gaps) > FEW else ""
        total = sum(len(gap.missing) for gap in gaps)
        said.append(f"No report in {pd.Period(month):%B %Y} of {counted(total, 'VM-day')}: {who}{more}.")
    if len(lacking) > FEW:
        said.append(f"Nor of all days in {counted(len(lacking) - FEW, 'earlier month')}; --json lists them.")
    return said


def tail_sentences(standing: Standing) -> list[str]:
    """Say which days have lost their end, and from when on."""
    said = []
    lost = [month for month in standing.gaps if any(gap.lost_tail for gap in standing.gaps[month])]
    for month in sorted(lost, reverse=True)[:FEW]:
        zone = standing.syncs.zones.get(month, standing.zone)
        groups = _alike([gap for gap in standing.gaps[month] if gap.lost_tail])
        # what can still be had is not called lost, unless its VM is gone
        said += [_tail_sentence(group, month, zone, gone=month == f"{standing.now:%Y-%m}") for group in groups[:FEW]]
        if len(groups) > FEW:
            more = counted(sum(map(len, groups[FEW:])), "more VM")
            said.append(
                f"Nor were the ends of other days of {pd.Period(month):%B %Y} seen of {more}; --json lists them."
            )
    if len(lost) > FEW:
        said.append(f"The same holds for the last day of {counted(len(lost) - FEW, 'earlier month')}.")
    return said


def _alike(gaps: Sequence[Gap]) -> list[list[Gap]]:
    """Put the machines together that lost the ends of the same days, and were seen until about the same time."""
    groups: list[list[Gap]] = []
    latest = pd.Timestamp.max.tz_localize("UTC")
    for gap in sorted(gaps, key=lambda gap: (gap.lost_tail, gap.seen_until or latest)):
        first = groups[-1][0] if groups else None
        if first is not None and first.lost_tail == gap.lost_tail and _together(first.seen_until, gap.seen_until):
            groups[-1].append(gap)
        else:
            groups.append([gap])
    return sorted(groups, key=len, reverse=True)


def _together(first: pd.Timestamp | None, other: pd.Timestamp | None) -> bool:
    if first is None or other is None:
        return first is other
    return other - first < ONE_SYNC


def _tail_sentence(gaps: Sequence[Gap], month: str, zone: ZoneInfo, *, gone: bool) -> str:
    """Say of which machines the ends of the same days were not seen, and from when on."""
    first = gaps[0]
    whose = _whose(len(gaps), first.vm_name)
    if gone:
        whose = f"{some_names(gap.vm_name for gap in gaps)}, which {'is' if len(gaps) == 1 else 'are'} gone"
    bound, days = "", first.lost_tail
    if first.seen_until is not None and len(days) == 1:
        bound = f": at most what came after {first.seen_until.tz_convert(zone):%H:%M} is lost"
    ends = ends_of(days, f"{pd.Period(month):%B %Y}")
    return f"{ends[0].upper()}{ends[1:]} {'was' if len(days) == 1 else 'were'} not seen of {whose}{bound}."


def _whose(vms: int, name: str) -> str:
    """Name a single VM, and count many."""
    return name if vms == 1 else counted(vms, "VM")


def dates(days: Iterable[pd.Timestamp]) -> str:
    """Write days of one month as 1-3, 5 and 7."""
    first, _, last = ranges(each.day for each in days).rpartition(", ")
    return f"{first} and {last}" if first else last


def ends_of(days: Sequence[pd.Timestamp], month: str) -> str:
    """Write the ends of days of a month."""
    return f"the {'end' if len(days) == 1 else 'ends'} of {dates(days)} {month}"


def some_names(names: Iterable[str]) -> str:
    """Name a few, and count the rest."""
    listed = list(names)
    more = f" and {len(listed) - FEW} more" if len(listed) > FEW else ""
    return f"{', '.join(listed[:FEW])}{more}"
