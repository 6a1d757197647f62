"""The standing of an account in sentences, as facts for machines, and as what a monitor should tell of."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pandas as pd

from vmgen_analytics.cli.standing import DAY, Gap, Standing, utc
from vmgen_analytics.logbook import sentence
from vmgen_analytics.observing import CLOSING
from vmgen_analytics.wording import counted, ranges
from vmgen_analytics.zones import end_of_month

if TYPE_CHECKING:
    from collections.abc import Iterable

    from vmgen_analytics.cli.losses import Loss

FEW = 3
STALE = pd.Timedelta(hours=24)
STALE_ON_LAST_DAY = pd.Timedelta(hours=2)
SENDING = pd.Timedelta(minutes=10)
"""How long a command may be on its way before its process must have died."""


def sentences(standing: Standing, verbose: int = 0) -> list[str]:
    """Say what is lacking, when the last sync was, when the next must be, and what else will be lost."""
    said = [*_loss_sentences(standing), *_gap_sentences(standing), *_tail_sentences(standing), *_grace(standing)]
    said += [_last_sync(standing), f"Next sync: {_next(standing)}.", _stake(standing)]
    for row in standing.left_sending.itertuples():
        said.append(f"Nobody knows the end of: {sentence(row)}.")
    if verbose:
        attempt = standing.syncs.attempt
        learned = "" if attempt is None or pd.isna(attempt.learned) else attempt.learned
        said.append(f"Of the server: {learned or 'nothing was learned yet'}.")
    return said


def warnings(standing: Standing) -> list[str]:
    """Name what a monitor should tell of, worst first; nothing if all is well."""
    found = []
    success, attempt = standing.syncs.success, standing.syncs.attempt
    is_last_day = (standing.now + DAY).month != standing.now.month
    limit = STALE_ON_LAST_DAY if is_last_day else STALE
    if success is None:
        found.append("no sync has brought everything yet")
    elif standing.now - success.started_at > limit:
        why = " and the month ends today" if is_last_day else ""
        found.append(f"the last sync that brought everything was {_ago(standing.now - success.started_at)} ago{why}")
    if attempt is not None and not pd.isna(attempt.error):
        found.append(f"the last sync was broken off: {attempt.error}")
    elif attempt is not None and attempt.failures:
        found.append(f"the last sync lacks {_lacking(attempt)}")
    found += [_lost(loss) for loss in standing.losses if loss.is_told]
    late = standing.left_sending[standing.now - standing.left_sending["requested_at"] > SENDING]
    if len(late):
        found.append(f"nobody knows the end of {counted(len(late), 'command')}")
    if standing.unexplained:
        days = sum(len(gap.missing) for gap in standing.unexplained)
        names = _names(gap.vm_name for gap in standing.unexplained)
        found.append(f"{counted(days, 'VM-day')} of this month should have a report and have none ({names})")
    return found


def facts(standing: Standing) -> dict[str, Any]:
    """Put the same facts into words for machines; every instant is in UTC, every day in the account's zone."""
    attempt, success = standing.syncs.attempt, standing.syncs.success
    months = standing.months.drop(columns="account").assign(month=standing.months["month"].astype("str"))
    records = [{str(name): value for name, value in record.items()} for record in months.to_dict("records")]
    for record in records:
        row = standing.days.loc[record["month"]].dropna() if record["month"] in standing.days.index else {}
        record["days"] = {f"{record['month']}-{day:02d}": state for day, state in dict(row).items()}
        record["gaps"] = [
            {
                "vm_id": gap.vm_id,
                "vm_name": gap.vm_name,
                "missing": _iso(gap.missing),
                "lost_tail": _iso(gap.lost_tail),
            }
            for gap in standing.gaps.get(record["month"], [])
        ]
        until = standing.syncs.seen_until.get(record["month"])
        record["seen_until"] = None if until is None else utc(until)
    return {
        "time_zone": standing.zone.key,
        "months": records,
        "last_sync": None if attempt is None else utc(attempt.started_at),
        "last_success": None if success is None else utc(success.started_at),
        "last_failures": 0 if attempt is None else int(attempt.failures),
        "incomplete": "" if attempt is None else str(attempt.incomplete),
        "error": None if attempt is None or pd.isna(attempt.error) else str(attempt.error),
        "learned": "" if attempt is None or pd.isna(attempt.learned) else str(attempt.learned),
        "next_sync": utc(standing.next_sync),
        "next": _stake(standing),
        "month_ends": utc(standing.month_ends),
        "loses_end": _iso(standing.loses_end),
        "loses": _iso(standing.loses),
        "lost": [
            {
                "month": loss.month,
                "since": None if loss.since is None else utc(loss.since),
                "days": _iso(loss.days),
                "vms": loss.vms,
                "tail": _iso(loss.tail),
                "tail_vms": loss.tail_vms,
            }
            for loss in standing.losses
        ],
        "last_days_whole": list(standing.grace[0]),
        "last_days_known": standing.grace[1],
        "left_sending": standing.left_sending["command_id"].tolist(),
        "warnings": warnings(standing),
    }


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
        parts.append(f"the end of {_dates(loss.tail)} {month} of {counted(loss.tail_vms, 'VM')}")
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
        bound = ""
        if seen is not None and seen.tz_localize(None).normalize() == days[-1]:
            bound = f": at most what came after {seen:%H:%M} is lost"
        said.append(
            f"The end of {_dates(days)} {pd.Period(month):%B %Y} was not seen of {counted(count, 'VM')}{bound}."
        )
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


def _stake(standing: Standing) -> str:
    """Say what is lost if no sync runs before the month turns."""
    ends = f"{standing.month_ends:%Y-%m-%d %H:%M} ({standing.zone.key}, in {_ago(standing.month_ends - standing.now)})"
    month = f"{standing.now:%B}"
    lost = []
    if standing.loses_end:
        lost.append(f"the end of {_dates(standing.loses_end)} {month}")
    if standing.loses:
        lost.append(f"all of {_dates(standing.loses)} {month}")
    return (
        f"At {ends} the provider forgets this month: if no sync runs before, {' and '.join(lost)} "
        f"{'are' if len(lost) > 1 else 'is'} lost."
    )


def _when(standing: Standing, moment: pd.Timestamp) -> str:
    return f"{moment.tz_convert(standing.zone):%Y-%m-%d %H:%M} ({_ago(standing.now - moment)} ago)"


def _dates(days: Iterable[pd.Timestamp]) -> str:
    """Write days of one month as 1-3, 7."""
    return ranges(each.day for each in days)


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


def _iso(days: Iterable[pd.Timestamp]) -> list[str]:
    return [f"{day:%Y-%m-%d}" for day in days]


__all__ = ["Gap", "facts", "sentences", "warnings"]
