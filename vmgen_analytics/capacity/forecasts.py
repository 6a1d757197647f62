"""What the fleet grows to, and when it reaches the limits that a user set: as a range, or why that cannot be told."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from vmgen_analytics.capacity.growth import LEAST_BIRTHS, LEAST_DAYS, PATHS, Past, futures
from vmgen_analytics.capacity.limits import UNITS, Limit
from vmgen_analytics.capacity.machines import DAYS_PER_MONTH, MEASURES, observed_machines, placed
from vmgen_analytics.errors import SchemaError
from vmgen_analytics.schema import TABLES
from vmgen_analytics.wording import counted, percent

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Amounts = NDArray[np.float64]

HORIZON_MONTHS = 12
PERCENTILES = (0.1, 0.5, 0.9)


@dataclass(frozen=True)
class Fleet:
    """The machines that a forecast rests on: ``machines`` with location and size, ``until`` the day it starts from."""

    machines: pd.DataFrame
    until: pd.Timestamp

    @classmethod
    def of(cls, lifetimes: pd.DataFrame, syncs: pd.DataFrame, days: pd.DataFrame) -> Fleet:
        """Put together what was observed."""
        machines = observed_machines(placed(lifetimes, days), syncs)
        until = machines["observed_to"].max() if len(machines) else pd.Timestamp(0)
        return cls(machines, until)

    def inside(self, account: str, location: str) -> pd.DataFrame:
        """Take the machines of an account and a location, empty for all."""
        chosen = self.machines
        if account:
            chosen = chosen[chosen["account"] == account]
        return chosen[chosen["location"] == location] if location else chosen

    def outside_knowledge(self, account: str, location: str) -> int:
        """Count the VMs that exist and may stand in a location without anyone knowing."""
        mine = self.inside(account, "")
        return int((mine["location"].isna() & mine["left_on"].isna()).sum()) if location else 0


def capacity_forecast(
    limits: Sequence[Limit],
    lifetimes: pd.DataFrame,
    syncs: pd.DataFrame,
    days: pd.DataFrame,
    *,
    horizon_months: int = HORIZON_MONTHS,
    paths: int = PATHS,
    seed: int = 0,
) -> pd.DataFrame:
    """When each limit is reached, if births and deaths go on as they did.

    Futures are drawn from the counted births and deaths (`growth.futures`). The dates are those on which one future in
    ten, half of them and nine in ten have reached the limit; a careful planner takes the first. Resizes, and what
    anyone plans, are not in it, and neither is a change of pace: past months are taken to be like those to come. With
    fewer than 90 days of observation or 5 births no date is told, as its interval would reach beyond the horizon.

    Parameters
    ----------
    limits
        The limits.
    lifetimes, syncs
        Tables ``lifetimes`` and ``syncs``.
    days
        Table ``vm_days``, with the last day of each machine's life: locations and sizes are taken from it.
    horizon_months
        How far to look.
    paths, seed
        How many futures, and of which chance.

    Returns
    -------
    DataFrame
        Table ``capacity_forecast``: position, limit, measure, account, location, amount, used, free, used_share,
        net_per_month (low, high), reached_p10, reached_p50, reached_p90, chance, state, reason. State is ``reached``,
        ``expected`` (by half of the futures), ``possible`` (by one in ten), ``unlikely``, ``no trend`` or ``unknown``;
        what cannot be told is missing, and ``reason`` says why and what is needed.

    Raises
    ------
    SchemaError
        A frame is not its table.
    """
    fleet = Fleet.of(lifetimes, syncs, days)
    horizon_d = round(horizon_months * DAYS_PER_MONTH)
    rows = [
        {"position": position, **_row(limit, fleet, horizon_d, paths, seed)}
        for position, limit in enumerate(limits, start=1)
    ]
    return TABLES["capacity_forecast"].cast(pd.DataFrame(rows)) if rows else TABLES["capacity_forecast"].frame()


def footprint_forecast(  # noqa: PLR0913 - each is a choice of its own
    lifetimes: pd.DataFrame,
    syncs: pd.DataFrame,
    days: pd.DataFrame,
    *,
    account: str = "",
    location: str = "",
    measures: Sequence[str] = ("vms", *MEASURES),
    horizon_months: int = HORIZON_MONTHS,
    paths: int = PATHS,
    seed: int = 0,
) -> pd.DataFrame:
    """What the footprint grows to, month by month, if births and deaths go on as they did.

    It is refused, and limited, as `capacity_forecast` is. In simulated fleets 74 to 90 % of what came lay between low
    and high.

    Parameters
    ----------
    lifetimes, syncs, days
        As for `capacity_forecast`.
    account, location
        Only there; empty for all.
    measures
        Which of vms, vcpus, ram_GB and disk_GB; each takes its time, and none changes another.
    horizon_months, paths, seed
        As for `capacity_forecast`.

    Returns
    -------
    DataFrame
        Table ``footprint_forecast``: measure, date, low, middle, high, reason. [VM, vCPU or GB] The first date is the
        last day of observation, with what exists. What cannot be told is one row without a number whose ``reason``
        says why.

    Raises
    ------
    SchemaError
        A frame is not its table, or there is no such measure.
    """
    if strange := [name for name in measures if name not in UNITS]:
        raise SchemaError(f"a footprint has no measure {strange[0]!r}; it has {', '.join(UNITS)}")
    fleet = Fleet.of(lifetimes, syncs, days)
    horizon_d = round(horizon_months * DAYS_PER_MONTH)
    parts: list[pd.DataFrame] = []
    steps = [round(month * DAYS_PER_MONTH) for month in range(horizon_months + 1)]
    for measure in measures:
        machines = fleet.inside(account, location)
        if reason := _unknown_sizes(machines, measure) or _too_little(machines):
            parts.append(pd.DataFrame({"measure": [measure], "date": [fleet.until], "reason": [reason]}))
            continue
        totals, _ = futures(_pasts(machines, measure), horizon_d, paths=paths, seed=seed)
        low, middle, high = np.quantile(totals[steps], PERCENTILES, axis=1)
        dates = [fleet.until + pd.Timedelta(days=step) for step in steps]
        parts.append(
            pd.DataFrame({"measure": measure, "date": dates, "low": low, "middle": middle, "high": high, "reason": ""})
        )
    table = TABLES["footprint_forecast"]
    return table.cast(pd.concat(parts)) if parts else table.frame()


def _row(limit: Limit, fleet: Fleet, horizon_d: int, paths: int, seed: int) -> dict[str, object]:
    told: dict[str, object] = {
        "limit": limit.says,
        "measure": limit.measure,
        "account": limit.account or None,
        "location": limit.location or None,
        "amount": limit.amount,
        "state": "unknown",
    }
    if reason := _no_such_place(limit, fleet):
        return told | {"reason": reason}
    machines = fleet.inside(limit.account, limit.location)
    alive = machines[machines["left_on"].isna()]
    if reason := _unknown_sizes(machines, limit.measure):
        return told | {"reason": reason}
    used = float(len(alive) if limit.measure == "vms" else alive[limit.measure].sum())
    told |= {"used": used, "free": limit.amount - used}
    told |= {"used_share": used / limit.amount if limit.amount else np.nan}
    aside = fleet.outside_knowledge(limit.account, limit.location)
    unplaced = f"{counted(aside, 'VM')} without a known location may stand there too and are not in it" if aside else ""
    if used >= limit.amount:
        return told | {"chance": 1.0, "state": "reached", "reason": unplaced}
    if reason := _too_little(machines):
        return told | {"reason": _joined(reason, unplaced)}
    totals, drifts = futures(_pasts(machines, limit.measure), horizon_d, paths=paths, seed=seed)
    found = told | _reached(totals, drifts, limit, fleet.until)
    return found | {"reason": _joined(str(found["reason"]), unplaced)}


def _reached(totals: Amounts, drifts: Amounts, limit: Limit, start: pd.Timestamp) -> dict[str, object]:
    """Find the days on which futures reach the limit."""
    horizon_d = len(totals) - 1
    is_over = totals >= limit.amount
    when = np.where(is_over.any(axis=0), is_over.argmax(axis=0), np.inf)
    chance = float(np.isfinite(when).mean())
    low, middle, high = np.quantile(drifts, PERCENTILES)
    told: dict[str, object] = {
        "net_per_month": middle,
        "net_per_month_low": low,
        "net_per_month_high": high,
        "chance": chance,
    }
    unit = UNITS[limit.measure]
    if low <= 0 <= high:
        reason = (
            f"no trend to date it by: {middle:+.1f} {unit} a month, and from {low:+.1f} to {high:+.1f} is possible; "
            f"{percent(chance)} of the futures reach it within {horizon_d} days"
        )
        return told | {"state": "no trend", "reason": reason}
    days = np.quantile(when, PERCENTILES, method="inverted_cdf")
    for name, day in zip(("reached_p10", "reached_p50", "reached_p90"), days, strict=True):
        told[name] = start + pd.Timedelta(days=int(day)) if np.isfinite(day) else None
    if np.isfinite(days).all():
        return told | {"state": "expected", "reason": ""}
    reason = f"{percent(1 - chance)} of the futures do not reach it within {horizon_d} days"
    is_likely, is_possible = np.isfinite(days[1]), np.isfinite(days[0])
    state = "expected" if is_likely else "possible" if is_possible else "unlikely"
    return told | {"state": state, "reason": reason}


def _pasts(machines: pd.DataFrame, measure: str) -> list[Past]:
    return [Past.of(mine, measure) for _, mine in machines.groupby("account")]


def _no_such_place(limit: Limit, fleet: Fleet) -> str:
    """Say that a limit names what was never seen."""
    for name in ("account", "location"):
        wanted = getattr(limit, name)
        known = sorted(fleet.machines[name].dropna().unique())
        if wanted and wanted not in known:
            nearest = difflib.get_close_matches(wanted, known, n=1)
            hint = f"; did you mean {nearest[0]}?" if nearest else f"; VMs are known in {', '.join(known) or 'none'}"
            return f"{limit.source} names the {name} {wanted!r}, in which no VM was ever seen{hint}"
    return ""


def _unknown_sizes(machines: pd.DataFrame, measure: str) -> str:
    """Say that the size of a VM that exists, or of all that were born, is not known."""
    if measure == "vms":
        return ""
    alive = machines[machines["left_on"].isna()]
    unknown = int(alive[measure].isna().sum())
    if unknown:
        return (
            f"the size of {unknown} of {counted(len(alive), 'VM')} is unknown, so {UNITS[measure]} cannot be added up"
        )
    born = machines.loc[machines["is_birth"], measure]
    return (
        f"the size of every VM that was born is unknown, so growth in {UNITS[measure]} cannot be told"
        if len(born) and born.isna().all()
        else ""
    )


def _too_little(machines: pd.DataFrame) -> str:
    """Say that history or births do not suffice, and what was seen instead."""
    if machines.empty:
        return "no VM was seen there in a complete inventory; a date needs some"
    lengths = (machines["observed_to"] - machines["observed_from"]).dt.days + 1
    days, account = int(lengths.min()), machines["account"].iloc[int(lengths.argmin())]
    births, deaths = int(machines["is_birth"].sum()), int(machines["left_on"].notna().sum())
    net = f"{births - deaths:+d} VM{'' if abs(births - deaths) == 1 else 's'}"
    seen = f"seen were {counted(births, 'birth')} and {counted(deaths, 'death')}, {net}"
    if days < LEAST_DAYS:
        return f"account {account} was observed for {counted(days, 'day')}, and a date needs {LEAST_DAYS}; {seen}"
    if births < LEAST_BIRTHS:
        few = "is" if births == 1 else "are"
        return f"{counted(births, 'birth')} in {days} days {few} too few for a date, which needs {LEAST_BIRTHS}; {seen}"
    return ""


def _joined(*sentences: str) -> str:
    return "; ".join(filter(None, sentences))
