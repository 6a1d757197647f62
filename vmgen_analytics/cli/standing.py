"""How the history of each account stands: what is known, what is lost, and what will be lost when. Facts only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC
from typing import TYPE_CHECKING, Any

import pandas as pd

from vmgen_analytics.cli.losses import Loss, losses
from vmgen_analytics.fleet import coverage, vm_days
from vmgen_analytics.fleet.coverage import day_states, with_unseen
from vmgen_analytics.fleet.inventories import came_whole
from vmgen_analytics.logbook import left_sending
from vmgen_analytics.scheduling import next_moment
from vmgen_analytics.schema import OFF
from vmgen_analytics.settings import Account, Settings
from vmgen_analytics.zones import end_of_month

if TYPE_CHECKING:
    from collections.abc import Sequence
    from zoneinfo import ZoneInfo

    from vmgen_analytics.archive import Archive

WORST_FIRST = ("missing", "lost_tail", "partial", "provisional", "final")
DAY = pd.Timedelta(days=1)


@dataclass(frozen=True)
class Gap:
    """Days of a VM in a month that are missing, or whose end was never seen."""

    vm_id: int
    vm_name: str
    missing: tuple[pd.Timestamp, ...]
    lost_tail: tuple[pd.Timestamp, ...]


@dataclass(frozen=True)
class Syncs:
    """The syncs of an account: the last one, and the last one that brought everything.

    Attributes
    ----------
    attempt, success
        Rows of table ``syncs``; None if there was none.
    seen_until
        When usage last came whole in each month, by its name.
    seen_from
        When it first did.
    """

    attempt: Any
    success: Any
    seen_until: dict[str, pd.Timestamp]
    seen_from: dict[str, pd.Timestamp]

    @classmethod
    def of(cls, syncs: pd.DataFrame, zone: ZoneInfo) -> Syncs:
        """Look through table ``syncs`` of one account."""
        complete = syncs[(syncs["failures"] == 0) & syncs["error"].isna()]
        brought = syncs[syncs["error"].isna() & came_whole(syncs, "vms", "usage")]
        months = brought["started_at"].dt.tz_convert(zone).dt.strftime("%Y-%m")
        edges = brought.groupby(months)["started_at"].agg(["min", "max"])
        since, until = ({str(month): at for month, at in edges[edge].items()} for edge in ("min", "max"))
        return cls(_last(syncs), _last(complete), until, since)


@dataclass(frozen=True)
class Standing:
    """How the history of an account stands.

    Attributes
    ----------
    account, zone, now
        Whose, where its days begin, and the time, in that zone.
    months
        Table ``coverage`` of the account.
    days
        State of each day, the worst of any VM: a month a row, as ``2026-11``, a day of the month a column.
    gaps
        VMs that lack something, by month, worst first.
    syncs
        What was tried and what came.
    next_sync
        When the designed schedule wants the next one after the last success; passed if it is overdue.
    month_ends
        When the provider forgets this month.
    loses_end, loses
        Days of this month that lose their end, and days that are lost whole, if no sync runs before.
    grace
        Months whose last day the provider showed whole, and of how many that is over it showed that day at all.
    losses
        What no sync can bring any more, by month that is over, the newest first.
    left_sending
        Table ``commands``: those of which nobody knows the end.
    unexplained
        VMs and days of this month without a report that should have one.
    """

    account: str
    zone: ZoneInfo
    now: pd.Timestamp
    months: pd.DataFrame
    days: pd.DataFrame
    gaps: dict[str, list[Gap]]
    syncs: Syncs
    next_sync: pd.Timestamp
    month_ends: pd.Timestamp
    loses_end: tuple[pd.Timestamp, ...]
    loses: tuple[pd.Timestamp, ...]
    grace: tuple[Sequence[str], int]
    left_sending: pd.DataFrame
    unexplained: tuple[Gap, ...]
    losses: tuple[Loss, ...] = ()


def standings(archive: Archive, settings: Settings, now: pd.Timestamp) -> list[Standing]:
    """Tell how the history of every account stands that the archive or the settings know.

    Parameters
    ----------
    archive
        The history.
    settings
        For time zones, and how long a day may change.
    now
        The time; the provider's clock, as the last sync noted it, wins if it is ahead.

    Returns
    -------
    list
        A `Standing` an account, by name.

    Raises
    ------
    ArchiveError
        The archive cannot be read.
    """
    syncs, commands = archive.read("syncs"), left_sending(archive)
    months = archive.months()
    span = (months[0].to_timestamp(), (months[-1] + 1).to_timestamp()) if months else (pd.Timestamp(0), pd.Timestamp(0))
    days = vm_days(archive, *span)
    named = set(settings.accounts) if dict(settings.accounts) != {"main": Account()} else set()
    known = {*days["account"], *syncs["account"], *archive.read("accounts")["account"], *named}
    return [
        _standing(
            str(name),
            days[days["account"] == name],
            syncs[syncs["account"] == name].sort_values("started_at"),
            commands[commands["account"] == name],
            settings,
            now,
        )
        for name in sorted(known)
    ]


def _standing(
    name: str, days: pd.DataFrame, syncs: pd.DataFrame, commands: pd.DataFrame, settings: Settings, now: pd.Timestamp
) -> Standing:
    zone = settings.zone(name)
    here = max([now, *syncs["ended_at"].tail(1)]).tz_convert(zone)
    naive = here.tz_localize(None)
    done = Syncs.of(syncs, zone)
    account = settings.accounts.get(name, Account())
    started, answered = (_newest(rows, zone) for rows in (syncs, syncs[syncs["error"].isna()]))
    days = with_unseen(days, started, naive)
    days = days.assign(month=days["date"].dt.strftime("%Y-%m"))
    said, days = days, days.assign(status=day_states(days, naive, account.settle_h, answered))
    since = here if done.success is None else done.success.started_at
    ends = end_of_month(naive.to_period("M"), zone)
    loses_end, loses = _at_stake(done, here, ends, zone)
    return Standing(
        account=name,
        zone=zone,
        now=here,
        months=coverage(said.drop(columns="month"), naive, settle_h=account.settle_h),
        days=_worst(days),
        gaps={str(month): _gaps(rows) for month, rows in days.groupby("month")},
        syncs=done,
        next_sync=pd.Timestamp(next_moment(since.to_pydatetime(), zone)).tz_convert(zone),
        month_ends=ends,
        loses_end=loses_end,
        loses=loses,
        grace=_grace(said, naive),
        left_sending=commands,
        unexplained=tuple(_gaps(_unexplained(days, done, here, account.settle_h))),
        losses=losses(days, done.seen_until, done.seen_from, here),
    )


def _at_stake(
    syncs: Syncs, here: pd.Timestamp, ends: pd.Timestamp, zone: ZoneInfo
) -> tuple[tuple[pd.Timestamp, ...], tuple[pd.Timestamp, ...]]:
    """Tell which days of this month lose their end, and which are lost whole, if no sync runs before it ends."""
    last = ends.tz_localize(None) - DAY
    seen = syncs.seen_until.get(f"{here:%Y-%m}")
    if seen is None:
        return (), tuple(pd.date_range(last.replace(day=1), last))
    seen_on = seen.tz_convert(zone).tz_localize(None).normalize()
    return (seen_on,), tuple(pd.date_range(seen_on + DAY, last))


def _worst(days: pd.DataFrame) -> pd.DataFrame:
    """Lay out the worst state of each day."""
    ranks = days["status"].map({state: rank for rank, state in enumerate(WORST_FIRST)})
    if days.empty:
        return pd.DataFrame(columns=range(1, 32))
    ranked = days.assign(rank=ranks, day=days["date"].dt.day)
    worst = ranked.pivot_table(index="month", columns="day", values="rank", aggfunc="min")
    months = pd.period_range(worst.index[0], worst.index[-1], freq="M").astype("str")
    named: pd.DataFrame = worst.reindex(index=months, columns=range(1, 32)).replace(dict(enumerate(WORST_FIRST)))
    return named


def _gaps(days: pd.DataFrame) -> list[Gap]:
    """Name the VMs that lack days, worst first."""
    lacking = days[days["status"].isin(["missing", "lost_tail"])]
    found = [
        Gap(
            int(str(vm_id)),
            str(rows["vm_name"].dropna().iloc[-1]) if rows["vm_name"].notna().any() else f"VM {vm_id}",
            tuple(rows.loc[rows["status"] == "missing", "date"]),
            tuple(rows.loc[rows["status"] == "lost_tail", "date"]),
        )
        for vm_id, rows in lacking.groupby("vm_id")
    ]
    return sorted(found, key=lambda gap: (-len(gap.missing), -len(gap.lost_tail), gap.vm_id))


def _grace(days: pd.DataFrame, now: pd.Timestamp) -> tuple[Sequence[str], int]:
    """Find the months whose last day came whole: the provider showed it after its end; an import proves nothing."""
    last_days = days[days["date"].dt.is_month_end & days["status"].isin(["final", "provisional", "lost_tail"])]
    over = last_days[last_days["date"] + DAY <= now]
    whole = over.groupby("month")["status"].agg(lambda states: "lost_tail" not in set(states))
    return [str(month) for month in whole.index[whole.astype("bool")]], len(whole)


def _unexplained(days: pd.DataFrame, syncs: Syncs, here: pd.Timestamp, settle_h: float) -> pd.DataFrame:
    """Take the days without a report that the provider could still give, and should have given.

    A VM that is switched off may have no rows; of the first and last day that a VM was seen it may have no hour; and
    what no sync has asked for is missing for that reason.
    """
    asked = syncs.seen_until.get(f"{here:%Y-%m}")
    if asked is None:
        return days.iloc[:0]
    settled = (asked.tz_convert(here.tz) - pd.Timedelta(hours=settle_h)).tz_localize(None)
    ends = days.groupby("vm_id")["date"].agg(["min", "max"])
    inside = (days["date"] > days["vm_id"].map(ends["min"])) & (days["date"] < days["vm_id"].map(ends["max"]))
    due = (days["month"] == f"{here:%Y-%m}") & (days["date"] + DAY <= settled)
    runs = ~days["state"].fillna("UP").str.upper().isin(OFF)
    return days[(days["status"] == "missing") & inside & due & runs]


def _newest(syncs: pd.DataFrame, zone: ZoneInfo) -> pd.Timestamp | None:
    """Tell when the last of these syncs began, naive, in the account's time zone."""
    return None if syncs.empty else syncs["started_at"].max().tz_convert(zone).tz_localize(None)


def _last(syncs: pd.DataFrame) -> Any:
    return None if syncs.empty else next(syncs.tail(1).itertuples())


def utc(moment: pd.Timestamp) -> str:
    """Write an instant for machines."""
    return str(moment.tz_convert(UTC).isoformat(timespec="seconds"))
