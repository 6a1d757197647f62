"""What the bandwidth panel shows for its data and choices: tables, charts and files, without any widget."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import pandas as pd

from vmgen_analytics import bandwidth, plots
from vmgen_analytics.schema import TABLES, machine_key
from vmgen_analytics.widgets.bandwidth_code import reproduction
from vmgen_analytics.widgets.bandwidth_notes import notices, small_print
from vmgen_analytics.widgets.bandwidth_tables import printed
from vmgen_analytics.widgets.bandwidth_words import key_numbers, title
from vmgen_analytics.widgets.scope import Scope
from vmgen_analytics.widgets.syncs import sync_day

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable

    from matplotlib.axes import Axes

    from vmgen_analytics.settings import Settings
    from vmgen_analytics.widgets.bandwidth_model import BandwidthChoices, BandwidthData
    from vmgen_analytics.widgets.days import Days

SHARED_BY = {"vm": "vm_id", "package": "package", "location": "location", "account": "account"}
"""What VMs have in common that share a quota of some scope."""


def traffic_table(days: pd.DataFrame, by: str, direction: str) -> pd.DataFrame:
    """Sum the traffic of a period by day or by group, the largest group first.

    Parameters
    ----------
    days
        Table ``vm_days`` of the period.
    by
        date, location, package, vm_id or account.
    direction
        out, in or sum: what is ranked and shared.

    Returns
    -------
    DataFrame
        Table ``daily_bandwidth`` by date; otherwise the group (for VMs account, vm_id, incarnation and vm_name), in_MB,
        out_MB, days_covered, days_expected and share. [MB, 1]
    """
    if by == "date":
        return bandwidth.daily_bandwidth(days)
    daily = bandwidth.daily_bandwidth(days, by=by)
    keys = machine_key(daily) if by == "vm_id" else [by]
    groups = daily.groupby(keys, dropna=False)
    table = groups[["in_MB", "out_MB"]].sum(min_count=1).join(groups[["days_covered", "days_expected"]].sum())
    ways = ["in_MB", "out_MB"] if direction == "sum" else [f"{direction}_MB"]
    moved = table[ways].sum(axis=1)
    table = table.assign(share=moved / moved.sum())
    if by == "vm_id":
        table.insert(0, "vm_name", groups["vm_name"].last())
    return table.sort_values("share", ascending=False, kind="stable").reset_index()


def quotas_of(quotas: pd.DataFrame, days: pd.DataFrame) -> pd.DataFrame:
    """Pick the quotas that some VMs use, alone or together with others.

    Parameters
    ----------
    quotas
        Table ``quota_status``.
    days
        Table ``vm_days`` of these VMs in that month.
    """
    names = quotas["vm_id"].astype("object").where(quotas["scope"] == "vm", quotas["group"])
    pools = zip(quotas["account"], quotas["scope"], names, strict=True)
    is_mine = [bool((days["account"].eq(own) & days[SHARED_BY[scope]].eq(name)).any()) for own, scope, name in pools]
    return quotas[is_mine].reset_index(drop=True)


@dataclass(frozen=True, eq=False)
class BandwidthAnswer:
    """Everything that the panel shows for one set of choices; each part is computed once, when it is asked for."""

    data: BandwidthData
    choices: BandwidthChoices
    settings: Settings
    today: dt.date

    @cached_property
    def days(self) -> Days:
        """The days that are chosen."""
        return self.choices.days(self.today)

    @cached_property
    def as_of(self) -> pd.Timestamp:
        """The day of the last sync, or today without one: the day that quotas are told on."""
        day = sync_day(self.data.syncs, self.settings)
        return pd.Timestamp(self.today) if day is None else day

    @cached_property
    def rows(self) -> pd.DataFrame:
        """Table ``vm_days`` of the account, the location and the VM that are chosen, of every day."""
        return self.data.rows(self.choices.scope)

    @cached_property
    def chosen(self) -> pd.DataFrame:
        """Table ``vm_days`` of what is chosen."""
        return self.days.among(self.rows)

    @cached_property
    def daily(self) -> pd.DataFrame:
        """Table ``daily_bandwidth`` of what is chosen, all groups together."""
        return self._kept("daily", lambda: bandwidth.daily_bandwidth(self.chosen))

    @cached_property
    def by_vm(self) -> pd.DataFrame:
        """What each VM that is chosen moved."""
        how = self.choices.direction
        return self._kept(("vms", how), lambda: traffic_table(self.chosen, "vm_id", how))

    @cached_property
    def of_all(self) -> pd.DataFrame:
        """What each VM of the archive moved in these days."""
        key = "of all", self.days, self.choices.direction
        make = self.days.among
        return self.data.kept(key, lambda: traffic_table(make(self.data.days), "vm_id", self.choices.direction))

    @cached_property
    def compared(self) -> pd.DataFrame:
        """Table ``compared_bandwidth`` of what is chosen, all groups together."""
        start, end = self.days.start, self.days.end
        return self._kept("compared", lambda: bandwidth.compared_bandwidth(self.rows, start, end, by=()))

    @cached_property
    def table(self) -> pd.DataFrame:
        """The table of the panel: traffic by day or group, or table ``top_talkers``, ``quota_status`` or
        ``bandwidth_anomalies``.
        """  # noqa: D205 - one sentence
        choices = self.choices
        if choices.show == "quotas":
            return self._quotas()
        if choices.show == "anomalies":
            return self._anomalies()
        if choices.show == "talkers":
            return self._talkers()
        if choices.group == "vm_id":
            return self.by_vm
        by = choices.group
        return self._kept((by, choices.direction), lambda: traffic_table(self.chosen, by, choices.direction))

    @property
    def name(self) -> str:
        """What the files are called, without their ending."""
        if self.choices.show == "quotas":
            return f"quotas_{self.as_of:%Y-%m}"
        days = f"{self.days.start:%Y-%m-%d}_{self.days.last:%Y-%m-%d}"
        if self.choices.show == "anomalies":
            return f"anomalies_{days}"
        what = "top_talkers" if self.choices.show == "talkers" else "traffic"
        return f"{what}_{days}_by_{self.choices.group}"

    def axes(self) -> Axes:
        """Draw the chart."""
        how: dict[str, Any] = {"direction": self.choices.direction}
        if self.choices.show == "talkers":
            return plots.top_talkers(self.table, **how)
        if self.choices.show == "anomalies":
            return plots.bandwidth_anomalies(self.table, daily=self.daily, top=self.choices.top)
        if self.choices.show == "quotas":
            return self._draw_quotas()
        return plots.calendar_map(self.daily, **how) if self.choices.show == "calendar" else self._draw_days()

    def sentence(self) -> str:
        """The answer in a sentence, as the title."""
        return title(self)

    def numbers(self) -> list[tuple[str, str, str]]:
        """Name, number and comparison of each key number."""
        return key_numbers(self)

    def notices(self) -> list[str]:
        """What a reader must know before trusting the numbers: what is missing, unfinished or old."""
        return notices(self)

    def small_print(self) -> list[str]:
        """Source, zone, units, what is included, fetched when."""
        return small_print(self)

    def printed(self) -> str:
        """The table as HTML, with a total where there is one."""
        return printed(self)

    def python(self, url: str) -> str:
        """The script that ends with the same ``table`` and with ``ax``, its chart."""
        return reproduction(self, url)

    @property
    def single_quota(self) -> pd.Series | None:
        """The quota that is drawn through its month: the only one there is."""
        return self.table.iloc[0] if self.choices.show == "quotas" and len(self.table) == 1 else None

    def _draw_days(self) -> Axes:
        return plots.daily_bandwidth(self.daily)

    def _draw_quotas(self) -> Axes:
        row = self.single_quota
        if row is None:
            return plots.quota_status(self.table, top=self.choices.top)
        if row["scope"] != "vm":
            return plots.quota_fan(self.table)
        own = self.data.rows(Scope(row["account"], None, int(row["vm_id"])))
        own = own[own["incarnation"] == row["incarnation"]]
        return plots.quota_fan(self.table, daily=bandwidth.daily_bandwidth(own))

    def _kept(self, what: Any, make: Callable[[], pd.DataFrame]) -> pd.DataFrame:
        return self.data.kept((what, self.days, self.choices.scope), make)

    def _talkers(self) -> pd.DataFrame:
        choices = self.choices
        how: dict[str, Any] = {"by": choices.group, "direction": choices.direction, "n": choices.top}
        start, end = self.days.start, self.days.end
        key = "talkers", *how.values()
        return self._kept(key, lambda: bandwidth.top_talkers(self.rows, start, end, **how))

    def _anomalies(self) -> pd.DataFrame:
        table, choices = self.of_the_period, self.choices
        if choices.direction != "sum":
            table = table[table["direction"].isin([choices.direction, "both"])]
        return table.reset_index(drop=True)

    @cached_property
    def of_the_period(self) -> pd.DataFrame:
        """Table ``bandwidth_anomalies`` of what is chosen, whatever the direction."""
        table, scope = self.data.anomalies, self.choices.scope
        table = table[(table["last_day"] >= self.days.start) & (table["first_day"] < self.days.end)]
        if scope.location is None and scope.vm_id is None:
            return Scope(scope.account).of(table)
        parts = self.data.contributions
        parts = scope.of(parts[parts["is_main"]])
        return table[table["anomaly"].isin(parts["anomaly"])]

    def _quotas(self) -> pd.DataFrame:
        if not self.data.policies:
            return TABLES["quota_status"].frame()
        quotas = self.data.quotas(self.as_of)
        if self.choices.scope.is_everything:
            return quotas
        return quotas_of(quotas, self.rows[self.rows["date"] >= self.as_of.replace(day=1)])
