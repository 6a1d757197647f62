"""How the history of each account stands: what is known, what is lost, and what will be lost when. Facts only."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pandas as pd

from vmgen_analytics.cli.gaps import CLOCK_STEP, Gap, gaps_of, is_unwatched, unexplained
from vmgen_analytics.cli.losses import Loss, losses
from vmgen_analytics.cli.sights import with_sights
from vmgen_analytics.cli.stakes import Stake, stakes
from vmgen_analytics.fleet import coverage, vm_days
from vmgen_analytics.fleet.coverage import STATES, day_states, newest_start, with_unseen
from vmgen_analytics.fleet.inventories import came_whole
from vmgen_analytics.logbook import left_sending
from vmgen_analytics.scheduling import next_moment
from vmgen_analytics.schema import TABLES
from vmgen_analytics.settings import Account, Settings
from vmgen_analytics.zones import end_of_month, recorded_zone

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from vmgen_analytics.archive import Archive

WORST_FIRST = STATES[::-1]
DAY = pd.Timedelta(days=1)


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
    zones
        The time zone that the last sync of each month recorded: of the days that it brought.
    before
        The last sync that recorded another zone than that of now, and that zone.
    """

    attempt: Any
    success: Any
    seen_until: dict[str, pd.Timestamp]
    seen_from: dict[str, pd.Timestamp]
    zones: dict[str, ZoneInfo]
    before: tuple[pd.Timestamp, str] | None

    @classmethod
    def of(cls, syncs: pd.DataFrame, zone: ZoneInfo) -> Syncs:
        """Look through table ``syncs`` of one account."""
        complete = syncs[(syncs["failures"] == 0) & syncs["error"].isna()]
        keys = syncs["time_zone"].fillna(zone.key)
        months = pd.Series("", index=syncs.index)
        for key, rows in syncs.groupby(keys):
            months[rows.index] = rows["started_at"].dt.tz_convert(str(key)).dt.strftime("%Y-%m")
        brought = syncs[syncs["error"].isna() & came_whole(syncs, "vms", "usage")]
        edges = brought.groupby(months[brought.index])["started_at"].agg(["min", "max"])
        since, until = ({str(month): at for month, at in edges[edge].items()} for edge in ("min", "max"))
        zones = {month: ZoneInfo(key) for month, key in zip(months, keys, strict=True)}
        others = [(at, key) for at, key in zip(syncs["started_at"], keys, strict=True) if key != zone.key]
        return cls(_last(syncs), _last(complete), until, since, zones, others[-1] if others else None)


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
    stakes
        What is lost of this month if no sync runs before, and of which VMs.
    grace
        Months whose last day the provider showed whole, and of how many that is over it showed that day at all.
    losses
        What no sync can bring any more, by month that is over, the newest first.
    unwatched
        VMs of this month that are gone, and of whose end more was lost than the schedule cannot help.
    is_synced
        Whether the settings, if they name accounts, name this one.
    hindrance
        Why no sync can run, by the settings; None if nothing is known to be in its way.
    ahead, machine
        The newest sync in the log that is later than this machine's clock, and that clock.
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
    stakes: tuple[Stake, ...]
    grace: tuple[Sequence[str], int]
    left_sending: pd.DataFrame
    unexplained: tuple[Gap, ...]
    losses: tuple[Loss, ...] = ()
    unwatched: tuple[Gap, ...] = ()
    is_synced: bool = True
    hindrance: str | None = None
    ahead: pd.Timestamp | None = None
    machine: pd.Timestamp | None = None


def standings(
    archive: Archive, settings: Settings, now: pd.Timestamp, hindrances: Mapping[str, str] | None = None
) -> list[Standing]:
    """Tell how the history of every account stands that the archive or the settings know.

    Parameters
    ----------
    archive
        The history.
    settings
        For time zones, and how long a day may change.
    now
        The time by this machine's clock; the provider's, as the last sync noted it, wins if it is a little ahead, or
        if no sync is known that was not.
    hindrances
        Why no sync of an account can run, by its name.

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
    named, hindrances = named_accounts(settings), hindrances or {}
    months = archive.months()
    span = (months[0].to_timestamp(), (months[-1] + 1).to_timestamp()) if months else (pd.Timestamp(0), pd.Timestamp(0))
    days = vm_days(archive, *span)
    known = {*days["account"], *syncs["account"], *archive.read("accounts")["account"], *named}
    found = []
    for name in sorted(str(each) for each in known):
        rows = syncs[syncs["account"] == name].sort_values("started_at")
        standing = _standing(name, days[days["account"] == name], rows, archive, settings, now)
        found.append(
            replace(
                standing,
                left_sending=commands[commands["account"] == name],
                is_synced=not named or name in named,
                hindrance=hindrances.get(name),
            )
        )
    return found


def named_accounts(settings: Settings) -> set[str]:
    """Tell the accounts that the settings name; the one that holds where they name none is not among them."""
    accounts = dict(settings.accounts)
    unnamed = Account()
    if list(accounts) == ["main"]:
        accounts["main"] = replace(accounts["main"], base_url=unnamed.base_url, auth=unnamed.auth)
    return set() if accounts == {"main": unnamed} else set(accounts)


def _standing(
    name: str, days: pd.DataFrame, syncs: pd.DataFrame, archive: Archive, settings: Settings, machine: pd.Timestamp
) -> Standing:
    zone = settings.zone(name, recorded_zone(syncs))
    later = syncs["started_at"] > machine + CLOCK_STEP
    ahead = syncs.loc[later, "started_at"].max() if later.any() else None
    syncs = syncs if later.all() else syncs[~later]  # what claims to be of the future must not hide that syncs stopped
    here = max([machine, *syncs["ended_at"].tail(1)]).tz_convert(zone)
    naive = here.tz_localize(None)
    done = Syncs.of(syncs, zone)
    account = settings.accounts.get(name, Account())
    started, answered = (newest_start(rows, zone) for rows in (syncs, syncs[syncs["error"].isna()]))
    days = with_unseen(days[days["date"] <= (started if later.any() and started else naive)], started, naive)
    days = days.assign(month=days["date"].dt.strftime("%Y-%m"))
    said, days = days, days.assign(status=day_states(days, naive, account.settle_h, answered))
    days = with_sights(days, archive, name)
    since = here if done.success is None else done.success.started_at
    month = naive.to_period("M")
    ends = end_of_month(month, zone)
    usage = archive.read("usage", month.to_timestamp(), (month + 1).to_timestamp(), account=name)
    gaps = {
        str(each): gaps_of(rows, done.zones.get(str(each), zone), done.seen_until.get(str(each)))
        for each, rows in days.groupby("month")
    }
    return Standing(
        account=name,
        zone=zone,
        now=here,
        months=coverage(said[list(TABLES["vm_days"].columns)], naive, settle_h=account.settle_h, asked=answered),
        days=_worst(days, month),
        gaps=gaps,
        syncs=done,
        next_sync=pd.Timestamp(next_moment(since.to_pydatetime(), zone)).tz_convert(zone),
        month_ends=ends,
        stakes=stakes(said, usage, done.seen_until.get(str(month)), started, naive, zone),
        grace=_grace(said, naive),
        left_sending=TABLES["commands"].frame(),
        unexplained=tuple(gaps_of(unexplained(days, done.seen_until.get(str(month)), here, account.settle_h), zone)),
        losses=losses(gaps, done.seen_until, done.seen_from, syncs["started_at"], here, done.zones),
        unwatched=tuple(gap for gap in gaps.get(str(month), []) if is_unwatched(gap, syncs, here)),
        ahead=None if ahead is None else ahead.tz_convert(zone),
        machine=machine.tz_convert(zone),
    )


def _worst(days: pd.DataFrame, this_month: pd.Period) -> pd.DataFrame:
    """Lay out the worst state of each day, until this month."""
    ranks = days["status"].map({state: rank for rank, state in enumerate(WORST_FIRST)})
    if days.empty:
        return pd.DataFrame(columns=range(1, 32))
    ranked = days.assign(rank=ranks, day=days["date"].dt.day)
    worst = ranked.pivot_table(index="month", columns="day", values="rank", aggfunc="min")
    months = pd.period_range(worst.index[0], max(pd.Period(worst.index[-1]), this_month), freq="M").astype("str")
    named: pd.DataFrame = worst.reindex(index=months, columns=range(1, 32)).replace(dict(enumerate(WORST_FIRST)))
    return named


def _grace(days: pd.DataFrame, now: pd.Timestamp) -> tuple[Sequence[str], int]:
    """Find the months whose last day came whole: the provider showed it after its end; an import proves nothing."""
    last_days = days[days["date"].dt.is_month_end & days["status"].isin(["final", "provisional", "lost_tail"])]
    over = last_days[last_days["date"] + DAY <= now]
    whole = over.groupby("month")["status"].agg(lambda states: "lost_tail" not in set(states))
    return [str(month) for month in whole.index[whole.astype("bool")]], len(whole)


def _last(syncs: pd.DataFrame) -> Any:
    return None if syncs.empty else next(syncs.tail(1).itertuples())


def utc(moment: pd.Timestamp) -> str:
    """Write an instant for machines."""
    return str(moment.tz_convert(UTC).isoformat(timespec="seconds"))
