"""The standing of an account in sentences, as facts for machines, and as what a monitor should tell of."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pandas as pd

from vmgen_analytics.cli.standing import Standing
from vmgen_analytics.logbook import sentence
from vmgen_analytics.observing import CLOSING
from vmgen_analytics.wording import counted, ranges
from vmgen_analytics.zones import end_of_month

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from vmgen_analytics.cli.losses import Loss
    from vmgen_analytics.cli.stakes import Stake

FEW = 3
STALE = pd.Timedelta(hours=24)
STALE_ON_LAST_DAY = pd.Timedelta(hours=2)
SENDING = pd.Timedelta(minutes=10)
"""How long a command may be on its way before its process must have died."""


def sentences(standing: Standing, verbose: int = 0) -> list[str]:
    """Say what is lacking, when the last sync was, when the next must be, and what else will be lost."""
    said = [*_clock(standing), *_loss_sentences(standing), *_gap_sentences(standing), *_tail_sentences(standing)]
    said += [*_grace(standing), _last_sync(standing)]
    if standing.is_synced:
        said += [*_hindered(standing), f"Next sync: {_next(standing)}.", stake(standing)]
    else:
        said.append("Not in the settings: not synced any more.")
    for row in standing.left_sending.itertuples():
        said.append(f"Nobody knows the end of: {sentence(row)}.")
    if verbose:
        attempt = standing.syncs.attempt
        learned = "" if attempt is None or pd.isna(attempt.learned) else attempt.learned
        said.append(f"Of the server: {learned or 'nothing was learned yet'}.")
    return said


def warnings(standing: Standing) -> list[str]:
    """Name what a monitor should tell of, worst first; nothing if all is well, or if the settings leave it out."""
    if not standing.is_synced:
        return []
    found = [each[0].lower() + each[1:].rstrip(".") for each in _clock(standing)]
    success, attempt = standing.syncs.success, standing.syncs.attempt
    limit = STALE_ON_LAST_DAY if standing.now.is_month_end else STALE
    if success is None:
        found.append("it has never synced" if attempt is None else "no sync has brought everything yet")
    elif standing.now - success.started_at > limit:
        why = " and the month ends today" if standing.now.is_month_end else ""
        found.append(f"the last sync that brought everything was {_ago(standing.now - success.started_at)} ago{why}")
    found += [each[0].lower() + each[1:].rstrip(".") for each in _hindered(standing)]
    if attempt is not None and not pd.isna(attempt.error):
        found.append(f"the last sync was broken off: {attempt.error}")
    elif attempt is not None and attempt.failures:
        found.append(f"the last sync lacks {_lacking(attempt)}")
    found += [_lost(loss) for loss in standing.losses if loss.is_told]
    for gap in standing.unwatched:
        found.append(f"lost for good: {_ends(gap.lost_tail, f'{standing.now:%B %Y}')} of {gap.vm_name}, which is gone")
    late = standing.left_sending[standing.now - standing.left_sending["requested_at"] > SENDING]
    if len(late):
        found.append(f"nobody knows the end of {counted(len(late), 'command')}")
    if standing.unexplained:
        days = sum(len(gap.missing) for gap in standing.unexplained)
        names = _names(gap.vm_name for gap in standing.unexplained)
        found.append(f"{counted(days, 'VM-day')} of this month should have a report and have none ({names})")
    return found


def summary(standing: Standing) -> str:
    """Say in a line how an account stands, as of several the first that one reads."""
    success = standing.syncs.success
    vms = f"{counted(int(standing.months['vms'].iloc[-1]), 'VM')}, " if len(standing.months) else ""
    since = "never synced whole" if success is None else f"last whole sync {_when(standing, success.started_at)}"
    if not standing.is_synced:
        return f"{vms}{since}; not in the settings: not synced any more"
    found = warnings(standing)
    return f"{vms}{since}; {counted(len(found), 'warning') if found else 'all is well'}"


def _loss_sentences(standing: Standing) -> list[str]:
    """Say which days are lost because no sync ran before their month turned, the newest months first."""
    lost = [loss for loss in standing.losses if loss.days]
    said = []
    for loss in lost[:FEW]:
        month = pd.Period(loss.month)
        since = (
            f"in {month:%B %Y}" if loss.since is None else f"after {loss.since.day} {month:%B %Y} {loss.since:%H:%M}"
        )
        verb = "are" if len(loss.days) > 1 else "is"
        end = end_of_month(month, standing.zone)
        hope = ", unless the provider still shows them to a sync now" if standing.now < end + CLOSING else ""
        said.append(
            f"No sync that brought all usage ran {since}: {_dates(loss.days)} {month:%B} of {counted(loss.vms, 'VM')} "
            f"{verb} lost{hope}."
        )
    if len(lost) > FEW:
        said.append(f"The same holds for days of {counted(len(lost) - FEW, 'earlier month')}; --json lists them.")
    return said


def _lost(loss: Loss) -> str:
    """Put a loss into a few words."""
    month = f"{pd.Period(loss.month):%B %Y}"
    parts = [f"{_dates(loss.days)} {month} of {counted(loss.vms, 'VM')}"] if loss.days else []
    if loss.tail:
        parts.append(f"{_ends(loss.tail, month)} of {counted(loss.tail_vms, 'VM')}")
    return f"lost for good: {' and '.join(parts)}"


def _gap_sentences(standing: Standing) -> list[str]:
    """Say for whom days are missing, the newest months first; what was lost for want of a sync is said already."""
    lost = {loss.month: set(loss.days) for loss in standing.losses}
    others = {
        month: [
            replace(gap, missing=tuple(day for day in gap.missing if day not in lost.get(month, ()))) for gap in gaps
        ]
        for month, gaps in standing.gaps.items()
    }
    lacking = [month for month in others if any(gap.missing for gap in others[month])]
    said = []
    for month in sorted(lacking, reverse=True)[:FEW]:
        gaps = [gap for gap in others[month] if gap.missing]
        who = "; ".join(f"{gap.vm_name} {_dates(gap.missing)}" for gap in gaps[:FEW])
        more = f"; and {counted(len(gaps) - FEW, 'more VM')}" if len(gaps) > FEW else ""
        total = sum(len(gap.missing) for gap in gaps)
        said.append(f"No report in {pd.Period(month):%B %Y} of {counted(total, 'VM-day')}: {who}{more}.")
    if len(lacking) > FEW:
        said.append(f"Nor of all days in {counted(len(lacking) - FEW, 'earlier month')}; --json lists them.")
    return said


def _tail_sentences(standing: Standing) -> list[str]:
    """Say which days have lost their end, and from when on."""
    said = []
    lost = [month for month in standing.gaps if any(gap.lost_tail for gap in standing.gaps[month])]
    for month in sorted(lost, reverse=True)[:FEW]:
        gaps = standing.gaps[month]
        days = sorted({day for gap in gaps for day in gap.lost_tail})
        count = sum(bool(gap.lost_tail) for gap in gaps)
        until = standing.syncs.seen_until.get(month)
        seen = None if until is None else until.tz_convert(standing.zone)
        whose = counted(count, "VM")
        if month == f"{standing.now:%Y-%m}":  # what can still be had is not called lost, unless its VM is gone
            tails = [gap for gap in gaps if gap.lost_tail]
            whose = f"{_names(gap.vm_name for gap in tails)}, which {'is' if count == 1 else 'are'} gone"
            moments = [gap.seen_until for gap in tails if gap.seen_until is not None]
            seen = min(moments).tz_convert(standing.zone) if len(moments) == count and len(days) == 1 else None
        bound = ""
        if seen is not None and seen.tz_localize(None).normalize() == days[-1]:
            bound = f": at most what came after {seen:%H:%M} is lost"
        ends = _ends(days, f"{pd.Period(month):%B %Y}")
        said.append(f"{ends[0].upper()}{ends[1:]} {'was' if len(days) == 1 else 'were'} not seen of {whose}{bound}.")
    if len(lost) > FEW:
        said.append(f"The same holds for the last day of {counted(len(lost) - FEW, 'earlier month')}.")
    return said


def _grace(standing: Standing) -> list[str]:
    whole, known = standing.grace
    if not whole:
        return []
    when = f"The last day came whole in {len(whole)} of {counted(known, 'month')}"
    return [f"{when}: the provider shows a month for some time after its end."]


def _last_sync(standing: Standing) -> str:
    attempt, success = standing.syncs.attempt, standing.syncs.success
    if attempt is None:
        return "Last sync: never."
    when = _when(standing, attempt.started_at)
    if not pd.isna(attempt.error):
        said = f"Last sync: {when}, broken off: {attempt.error}"
    elif attempt.failures:
        said = f"Last sync: {when}, which lacks {_lacking(attempt)}"
    else:
        return f"Last sync: {when}, which brought everything."
    before = "never" if success is None else _when(standing, success.started_at)
    return f"{said}. The last one that brought everything: {before}."


def _lacking(attempt: Any) -> str:
    return f"{counted(int(attempt.failures), 'answer or value', 'answers or values')} of {attempt.incomplete}"


def _next(standing: Standing) -> str:
    at, now = standing.next_sync, standing.now
    if standing.syncs.success is None:
        return "now"
    if at < now:
        return f"now; by the schedule it was due {_ago(now - at)} ago, at {at:%Y-%m-%d %H:%M}"
    return f"{at:%Y-%m-%d %H:%M}, in {_ago(at - now)}"


def stake(standing: Standing) -> str:
    """Say what is lost if no sync runs before the month turns."""
    ends = f"{standing.month_ends:%Y-%m-%d %H:%M} ({standing.zone.key}, in {_ago(standing.month_ends - standing.now)})"
    *few, most = standing.stakes
    month = f"{standing.now:%B}"
    parts = [f"of {_names(name for _, name in stake.vms)} {_staked(stake, month)}" for stake in few[-FEW:][::-1]]
    if len(few) > FEW:
        parts.append(f"of {counted(sum(len(stake.vms) for stake in few[:-FEW]), 'more VM')} other days")
    parts.append(f"of the others {_staked(most, month)}" if few else _staked(most, month))
    verb = "are" if len(parts) > 1 or (most.ends and most.days) or len(most.ends) > 1 else "is"
    return f"At {ends} the provider forgets this month: if no sync runs before, {'; '.join(parts)} {verb} lost."


def _staked(stake: Stake, month: str) -> str:
    lost = [_ends(stake.ends, month)] if stake.ends else []
    lost += [f"all of {_dates(stake.days)} {month}"] if stake.days else []
    return " and ".join(lost)


def _clock(standing: Standing) -> list[str]:
    """Say that a sync claims to be later than now; what it brought is believed, but not that it was just now."""
    if standing.ahead is None:
        return []
    said = (
        f"The log has a sync of {standing.ahead:%Y-%m-%d %H:%M}, which is later than this machine's clock, "
        f"{standing.machine:%Y-%m-%d %H:%M}: one of the clocks is or was wrong."
    )
    return [said]


def _hindered(standing: Standing) -> list[str]:
    return [] if standing.hindrance is None else [f"No sync can run: {standing.hindrance}."]


def _when(standing: Standing, moment: pd.Timestamp) -> str:
    return f"{moment.tz_convert(standing.zone):%Y-%m-%d %H:%M} ({_ago(standing.now - moment)} ago)"


def _dates(days: Iterable[pd.Timestamp]) -> str:
    """Write days of one month as 1-3, 5 and 7."""
    first, _, last = ranges(each.day for each in days).rpartition(", ")
    return f"{first} and {last}" if first else last


def _ends(days: Sequence[pd.Timestamp], month: str) -> str:
    return f"the {'end' if len(days) == 1 else 'ends'} of {_dates(days)} {month}"


def _ago(span: pd.Timedelta) -> str:
    minutes = max(0, int(span.total_seconds() // 60))
    days, hours, minutes = minutes // 1440, minutes % 1440 // 60, minutes % 60
    if days:
        return f"{days} d {hours} h"
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"


def _names(names: Iterable[str]) -> str:
    listed = list(names)
    more = f" and {len(listed) - FEW} more" if len(listed) > FEW else ""
    return f"{', '.join(listed[:FEW])}{more}"


__all__ = ["sentences", "stake", "summary", "warnings"]
