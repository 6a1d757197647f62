"""What an account's traffic has to tell: gathered once, for people and for machines. Facts only."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from vmgen_analytics.bandwidth import (
    Calibration,
    anomaly_contributions,
    bandwidth_anomalies,
    bandwidth_so_far,
    calibrated_alert,
    quota_status,
    top_talkers,
)
from vmgen_analytics.bandwidth.detection import ALERT
from vmgen_analytics.capacity.idle import idle_vms
from vmgen_analytics.cost import PriceBook, rated_costs, transfer_terms
from vmgen_analytics.errors import SettingsError
from vmgen_analytics.fleet import read_vm_locations, vm_days
from vmgen_analytics.ledger import read_policies
from vmgen_analytics.schema import MACHINE, SETTLED, TABLES

if TYPE_CHECKING:
    from collections.abc import Sequence
    from zoneinfo import ZoneInfo

    from vmgen_analytics.archive import Archive
    from vmgen_analytics.settings import Settings

Machine = tuple[int, int]
"""Number and incarnation of a VM of an account."""

DAY = pd.Timedelta(days=1)
BASE_DAYS = 84
"""Days before those asked for, with which they are compared; forecasts look no further back."""

MOST_ALERTS = 1.0
"""Alerts for each VM and month, at most, by what the weeks before would have raised."""

FINAL_SHARE = 0.5
LEAST_DAYS = 7
"""Final days before a day, without which it cannot be called unusual."""


@dataclass(frozen=True)
class Inquiry:
    """What there is to tell of an account.

    Attributes
    ----------
    account, zone, today
        Whose, where its days begin, and the day there that is not over.
    first_day
        First day that was asked for.
    last_final
        Newest day with final reports of at least half of the VMs; None without any.
    last_sync
        When the last sync that brought anything began; None without one.
    asked
        Numbers of the VMs that were asked about; empty for all.
    days
        Table ``vm_days``, with the weeks before.
    alert
        The score that is an alert, found on the days before those asked for.
    anomalies
        Table ``bandwidth_anomalies``: those that reach into the days asked for.
    so_far, quotas, idle, talkers_week, talkers_day
        Tables ``bandwidth_so_far``, ``quota_status``, ``idle_vms``, and ``top_talkers`` of the last seven final days
        and of the last one, against a week before.
    gaps
        VM-days asked for that are over and have no final report.
    young
        VMs with too few final days for anything to be called unusual.
    has_policy
        Whether any transfer policy is known.
    """

    account: str
    zone: ZoneInfo
    today: pd.Timestamp
    first_day: pd.Timestamp
    last_final: pd.Timestamp | None
    last_sync: pd.Timestamp | None
    asked: tuple[Machine, ...]
    days: pd.DataFrame
    alert: Calibration
    anomalies: pd.DataFrame
    so_far: pd.DataFrame
    quotas: pd.DataFrame
    idle: pd.DataFrame
    talkers_week: pd.DataFrame
    talkers_day: pd.DataFrame
    gaps: pd.DataFrame
    young: pd.DataFrame
    has_policy: bool


def inquiries(
    archive: Archive,
    settings: Settings,
    now: pd.Timestamp,
    *,
    back_days: int = 7,
    vms: Sequence[str] = (),
    most_alerts: float | None = None,
) -> list[Inquiry]:
    """Look into the traffic of every account of the archive.

    Parameters
    ----------
    archive
        The history.
    settings
        Names prices, locations and transfer policies, and says where days begin.
    now
        The time; the provider's clock, as the last sync noted it, wins if it is ahead.
    back_days
        How many days back to look for what is unusual.
    vms
        Numbers or exact names of the VMs of interest; none means all. All others are compared with in any case.
    most_alerts
        Alerts for each VM and month, at most, by the days before. Without it 1, and the score that is an alert is not
        lowered to have more.

    Returns
    -------
    list
        An `Inquiry` an account, by name; of accounts without any of the VMs, none.

    Raises
    ------
    SettingsError
        There is no such VM; the message has the nearest name. Or a file that the settings name cannot be used.
    ArchiveError
        The archive cannot be read.
    """
    syncs = archive.read("syncs")
    names = sorted({*archive.read("vms")["account"], *syncs["account"]})
    mapping = read_vm_locations(settings.vm_locations) if settings.vm_locations else ()
    prices = PriceBook.read(settings.prices, settings.currency) if settings.prices else None
    spans = {}
    for name in names:
        mine = syncs[syncs["account"] == name]
        today = max([now, *mine["ended_at"].dropna()]).tz_convert(settings.zone(name)).tz_localize(None).normalize()
        start = min(today - (back_days + BASE_DAYS) * DAY, today.replace(day=1) - BASE_DAYS * DAY)
        spans[name] = today, vm_days(archive, start, today + DAY, vm_locations=mapping, account=name)
    wanted = _wanted(pd.concat([days for _, days in spans.values()]) if spans else TABLES["vm_days"].frame(), vms)
    jobs = archive.read("jobs")
    found = []
    for name, (today, days) in spans.items():
        asked = tuple(sorted({(vm_id, incarnation) for account, vm_id, incarnation in wanted if account == name}))
        if vms and not asked:
            continue
        sync = syncs.loc[(syncs["account"] == name) & syncs["error"].isna(), "started_at"].max()
        found.append(
            _inquiry(
                _Account(name, settings.zone(name), today, asked, None if pd.isna(sync) else sync),
                days,
                jobs[jobs["account"] == name],
                (back_days, most_alerts),
                prices,
                settings,
            )
        )
    return found


@dataclass(frozen=True)
class _Account:
    name: str
    zone: ZoneInfo
    today: pd.Timestamp
    asked: tuple[Machine, ...]
    last_sync: pd.Timestamp | None


def _inquiry(
    account: _Account,
    days: pd.DataFrame,
    jobs: pd.DataFrame,
    asked_for: tuple[int, float | None],
    prices: PriceBook | None,
    settings: Settings,
) -> Inquiry:
    back_days, most_alerts = asked_for
    today, first = account.today, account.today - back_days * DAY
    alert = _alert(days[days["date"] < first], most_alerts)
    policies = read_policies(settings, prices)
    quotas = quota_status(days, policies, today=today, terms=transfer_terms(days, prices))
    rated = rated_costs(days[days["date"] > today - 2 * DAY], prices or PriceBook(()))
    over = days[(days["date"] >= first) & (days["date"] < today)]
    last_final = _last_final(days)
    return Inquiry(
        account=account.name,
        zone=account.zone,
        today=today,
        first_day=first,
        last_final=last_final,
        last_sync=account.last_sync,
        asked=account.asked,
        days=days,
        alert=alert,
        anomalies=_anomalies(days, jobs, first, account.asked, alert.alert),
        so_far=_of(bandwidth_so_far(days, today=today), account.asked),
        quotas=_quotas_of(quotas, days[days["date"] >= today.replace(day=1)], account.asked),
        idle=_of(idle_vms(days, jobs, rated), account.asked),
        talkers_week=_talkers(days, last_final, 7, account.asked),
        talkers_day=_talkers(days, last_final, 1, account.asked),
        gaps=_of(over[~over["status"].isin(SETTLED)], account.asked),
        young=_of(_young(days, today), account.asked),
        has_policy=bool(policies),
    )


def _wanted(days: pd.DataFrame, vms: Sequence[str]) -> set[tuple[str, int, int]]:
    """Find the VMs that are asked for, by number or exact name, among those that existed; of a number all machines."""
    known = days[[*MACHINE, "vm_name"]].drop_duplicates()
    found: set[tuple[str, int, int]] = set()
    for asked in vms:
        same = known[(known["vm_id"].astype("str") == asked) | (known["vm_name"] == asked)]
        if same.empty:
            names = sorted({*known["vm_name"].dropna(), *known["vm_id"].astype("str")})
            nearest = difflib.get_close_matches(asked, names, n=1)
            hint = f"did you mean {nearest[0]}?" if nearest else "`vmgen-analytics export vms` lists them"
            since = "" if days.empty else f" since {days['date'].min():%Y-%m-%d}"
            raise SettingsError(f"no VM {asked!r} in the archive{since}; {hint}")
        machines = same[[*MACHINE]].itertuples(index=False, name=None)
        found |= {(str(account), int(vm_id), int(incarnation)) for account, vm_id, incarnation in machines}
    return found


def are_asked(rows: pd.DataFrame, asked: Sequence[Machine]) -> pd.Series[bool]:
    """Tell the rows of machines that are asked about.

    Parameters
    ----------
    rows
        Any table with vm_id and incarnation of one account; a table without rows may lack them.
    asked
        The machines.
    """
    wanted = frozenset(asked)  # a hash is looked up, as a missing number equals nothing
    machines = [] if rows.empty else zip(rows["vm_id"], rows["incarnation"], strict=True)
    found: pd.Series[bool] = pd.Series([machine in wanted for machine in machines], index=rows.index, dtype="bool")
    return found


def _alert(before: pd.DataFrame, most_alerts: float | None) -> Calibration:
    """The score that is an alert: the usual one, or a higher one where that would cry too often."""
    if most_alerts is None:
        return calibrated_alert(before, MOST_ALERTS, least=ALERT)
    return calibrated_alert(before, most_alerts)


def _anomalies(
    days: pd.DataFrame, jobs: pd.DataFrame, first: pd.Timestamp, asked: Sequence[Machine], alert: float
) -> pd.DataFrame:
    """What is unusual and reaches into the days asked for."""
    anomalies = bandwidth_anomalies(days, jobs, alert=alert)
    anomalies = anomalies[anomalies["last_day"] >= first]
    if asked:
        of_several = anomalies.loc[anomalies["vm_id"].isna(), "anomaly"].tolist()
        theirs: list[int] = []
        if of_several:
            parts = anomaly_contributions(days, alert=alert, anomalies=of_several)
            theirs = parts.loc[are_asked(parts, asked) & parts["is_main"], "anomaly"].tolist()
        anomalies = anomalies[are_asked(anomalies, asked) | anomalies["anomaly"].isin(theirs)]
    return anomalies.reset_index(drop=True)


def _last_final(days: pd.DataFrame) -> pd.Timestamp | None:
    shares = days["status"].isin(SETTLED).groupby(days["date"]).mean()
    final = shares.index[shares >= FINAL_SHARE]
    return pd.Timestamp(str(final.max())) if len(final) else None


def _talkers(
    days: pd.DataFrame, last_final: pd.Timestamp | None, length: int, asked: Sequence[Machine]
) -> pd.DataFrame:
    """Who sent the most, of all VMs; where some are asked about, each one's place among all."""
    if last_final is None:
        return TABLES["top_talkers"].frame({name: [] for name in MACHINE})
    start = last_final - (length - 1) * DAY
    everyone = 2**31 if asked else 5
    found = top_talkers(days, start, last_final + DAY, before=start - 7 * DAY, n=everyone)
    return found[are_asked(found, asked)].reset_index(drop=True) if asked else found


def _quotas_of(quotas: pd.DataFrame, month: pd.DataFrame, asked: Sequence[Machine]) -> pd.DataFrame:
    """The quotas that the VMs asked about use up."""
    if not asked:
        return quotas
    mine = month[are_asked(month, asked)]
    is_used = are_asked(quotas, asked) | (quotas["scope"] == "account")
    for scope in ("package", "location"):
        is_used |= (quotas["scope"] == scope) & quotas["group"].isin(mine[scope])
    return quotas[is_used].reset_index(drop=True)


def _young(days: pd.DataFrame, today: pd.Timestamp) -> pd.DataFrame:
    """VMs that are there and have fewer than seven final days."""
    settled = days["status"].isin(SETTLED)
    known = (
        days.assign(known_days=settled)
        .groupby([*MACHINE], as_index=False)
        .agg(known_days=("known_days", "sum"), vm_name=("vm_name", "last"), last=("date", "max"))
    )
    return known[(known["known_days"] < LEAST_DAYS) & (known["last"] >= today - DAY)].drop(columns="last")


def _of(rows: pd.DataFrame, asked: Sequence[Machine]) -> pd.DataFrame:
    kept = rows[are_asked(rows, asked)] if asked else rows
    return kept.reset_index(drop=True)
