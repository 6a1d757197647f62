"""The standing of an account in sentences, as facts for machines, and as what a monitor should tell of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from vmgen_analytics.cli.loss_words import (
    FEW,
    dates,
    ends_of,
    gap_sentences,
    loss_sentences,
    loss_warning,
    some_names,
    tail_sentences,
)
from vmgen_analytics.cli.standing import Standing
from vmgen_analytics.logbook import sentence
from vmgen_analytics.wording import counted

if TYPE_CHECKING:
    from vmgen_analytics.cli.stakes import Stake

STALE = pd.Timedelta(hours=24)
STALE_ON_LAST_DAY = pd.Timedelta(hours=2)
ZONE_TOLD_FOR = pd.Timedelta(days=31)
"""How long it is told that the days were kept in another time zone before."""
SENDING = pd.Timedelta(minutes=10)
"""How long a command may be on its way before its process must have died."""


def sentences(standing: Standing, verbose: int = 0) -> list[str]:
    """Say what is lacking, when the last sync was, when the next must be, and what else will be lost."""
    said = [
        *_clock(standing),
        *_zone(standing),
        *loss_sentences(standing),
        *gap_sentences(standing),
        *tail_sentences(standing),
    ]
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
    found += [loss_warning(loss) for loss in standing.losses if loss.is_told]
    for gap in standing.unwatched:
        found.append(
            f"lost for good: {ends_of(gap.lost_tail, f'{standing.now:%B %Y}')} of {gap.vm_name}, which is gone"
        )
    late = standing.left_sending[standing.now - standing.left_sending["requested_at"] > SENDING]
    if len(late):
        found.append(f"nobody knows the end of {counted(len(late), 'command')}")
    if standing.unexplained:
        days = sum(len(gap.missing) for gap in standing.unexplained)
        names = some_names(gap.vm_name for gap in standing.unexplained)
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
    parts = [f"of {some_names(name for _, name in stake.vms)} {_staked(stake, month)}" for stake in few[-FEW:][::-1]]
    if len(few) > FEW:
        parts.append(f"of {counted(sum(len(stake.vms) for stake in few[:-FEW]), 'more VM')} other days")
    parts.append(f"of the others {_staked(most, month)}" if few else _staked(most, month))
    verb = "are" if len(parts) > 1 or (most.ends and most.days) or len(most.ends) > 1 else "is"
    return f"At {ends} the provider forgets this month: if no sync runs before, {'; '.join(parts)} {verb} lost."


def _staked(stake: Stake, month: str) -> str:
    lost = [ends_of(stake.ends, month)] if stake.ends else []
    lost += [f"all of {dates(stake.days)} {month}"] if stake.days else []
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


def _zone(standing: Standing) -> list[str]:
    """Say for a month that the settings name another time zone than the one by which days were kept."""
    if standing.syncs.before is None or standing.now - standing.syncs.before[0] > ZONE_TOLD_FOR:
        return []
    at, zone = standing.syncs.before
    now = f"{standing.zone.key} by the settings" if standing.is_synced else standing.zone.key
    said = (
        f"The time zone is {now}; until {_when(standing, at)} the days of this account were kept in {zone}, and what "
        "was lost until then is judged in it."
    )
    return [said]


def _hindered(standing: Standing) -> list[str]:
    return [] if standing.hindrance is None else [f"No sync can run: {standing.hindrance}."]


def _when(standing: Standing, moment: pd.Timestamp) -> str:
    return f"{moment.tz_convert(standing.zone):%Y-%m-%d %H:%M} ({_ago(standing.now - moment)} ago)"


def _ago(span: pd.Timedelta) -> str:
    minutes = max(0, int(span.total_seconds() // 60))
    days, hours, minutes = minutes // 1440, minutes % 1440 // 60, minutes % 60
    if days:
        return f"{days} d {hours} h"
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"


__all__ = ["sentences", "stake", "summary", "warnings"]
