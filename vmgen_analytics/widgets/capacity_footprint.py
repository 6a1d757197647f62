"""What the capacity panel says of what runs where."""

from __future__ import annotations

import math
from functools import cached_property
from typing import TYPE_CHECKING, Any

import pandas as pd

from vmgen_analytics import plots
from vmgen_analytics.plots import labels
from vmgen_analytics.widgets import panel
from vmgen_analytics.widgets.capacity_model import GROUPS
from vmgen_analytics.widgets.capacity_question import NAMES, NOUNS, amount, short_day, told

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from vmgen_analytics.widgets.capacity_question import Question

TOP = 8


def footprint_table(footprint: pd.DataFrame, by: str, measure: str) -> pd.DataFrame:
    """Spread the first day, the last one of each month and the very last one into columns, the largest group first.

    Parameters
    ----------
    footprint
        Table ``footprint`` by one of location, package and account.
    by
        Which one.
    measure
        vms, vcpus, ram_GB or disk_GB.

    Returns
    -------
    DataFrame
        The group, a column for each of the days, as 2026-11-23, and change, from the first day to the last.
        [measure] Where a group had no VM it has 0; a size that is not known is missing.
    """
    dates = footprint["date"]
    marks = {dates.min(), *dates.groupby(dates.dt.to_period("M")).max()}
    shown = footprint[dates.isin(marks)].assign(day=dates.dt.strftime("%Y-%m-%d"))
    how: dict[str, Any] = {"index": by, "columns": "day"}
    vms = shown.pivot(**how, values="vms")  # noqa: PD010 - keeps the unknown group
    wide = shown.pivot(**how, values=measure)  # noqa: PD010
    table = wide.mask(vms.isna(), 0.0).rename_axis(columns=None)
    table["change"] = table.iloc[:, -1] - table.iloc[:, 0]
    return table.sort_values(table.columns[-2], ascending=False, kind="stable").reset_index()


class FootprintShown:
    """What exists of each group, day by day."""

    def __init__(self, question: Question) -> None:
        self.asked = question

    @cached_property
    def footprint(self) -> pd.DataFrame:
        """Table ``footprint`` of what is chosen."""
        asked = self.asked
        return asked.days.among(asked.data.footprint(asked.choices.by, asked.part))

    @cached_property
    def totals(self) -> pd.DataFrame:
        """Table ``footprint`` of all groups together, by date."""
        asked = self.asked
        return asked.days.among(asked.data.footprint((), asked.part)).set_index("date")

    @cached_property
    def table(self) -> pd.DataFrame:
        """A group a row, and days in columns."""
        if self.footprint.empty:
            return pd.DataFrame()
        return footprint_table(self.footprint, self.asked.choices.by, self.asked.measure)

    @property
    def name(self) -> str:
        """What the files are called."""
        choices, days = self.asked.choices, self.asked.days
        return f"footprint_{choices.measure}_{days.start:%Y-%m-%d}_{days.last:%Y-%m-%d}_by_{choices.by}"

    def sentence(self) -> str:
        """Say how much there is, how that changed, and where most of it is."""
        asked, measure = self.asked, self.asked.measure
        if self.table.empty:
            return f"No VM{asked.where} is known from {asked.days.in_words()}"
        first, last = (self.totals[measure].iloc[place] for place in (0, -1))
        said = f"{told(last, measure)}{asked.where} on {labels.day_name(self.totals.index[-1])}"
        if pd.isna(last):
            return f"No size of a VM{asked.where} is known, so {NOUNS[measure][1]} cannot be added up"
        if len(self.totals) > 1 and pd.notna(first):
            change = (
                f"as {_many(measure)} as"
                if first == last
                else f"{amount(abs(last - first))} {_more(last - first, measure)} than"
            )
            said += f", {change} on {labels.day_name(self.totals.index[0])}"
        return f"{said}{self._most()}"

    def notices(self) -> list[str]:
        """Say what is not known, and since when anything is."""
        asked = self.asked
        known = asked.data.footprint((), asked.part)["date"]
        if self.table.empty:
            if known.empty:
                return [f"No VM{asked.where} was ever seen: choose another account, location or package."]
            span = f"{labels.day_name(known.min())} to {labels.day_name(known.max())}"
            return [f"VMs{asked.where} are known from {span}: choose another period."]
        sentences = asked.unknown_sentences(self._vms(self.totals.index[-1]))
        if (first := known.min()) > asked.days.start:
            sentences.append(f"No VM{asked.where} is known before {labels.day_name(first)}.")
        return sentences + self._ends()

    def numbers(self) -> list[tuple[str, str, str]]:
        """VMs and sizes on the last day, against the first."""
        when = labels.day_name(self.totals.index[0])
        numbers = []
        for measure, name in NAMES.items():
            first, last = (float(self.totals[measure].iloc[place]) for place in (0, -1))
            change = last - first
            if len(self.totals) == 1:
                remark = "only one day is known"
            elif math.isnan(change):
                remark = f"not known on {when}"
            else:
                part = f" ({labels.percent(last / first - 1, signed=True)})" if first and change else ""
                remark = f"{amount(change, measure, signed=True)}{part} against {when}" if change else f"as on {when}"
            numbers.append((name, amount(last, measure), remark))
        return numbers

    def axes(self) -> Axes:
        """Draw the footprint."""
        return plots.footprint(self.footprint, measure=self.asked.measure, top=TOP)

    def printed(self) -> str:
        """The table with its total."""
        by, measure = self.asked.choices.by, self.asked.measure
        days = [str(name) for name in self.table if name not in (by, "change")]
        columns = [*days, "change"]
        names = self.table[by].fillna(f"unknown {by}")
        rows = [[name, *_cells(row)] for name, (_, row) in zip(names, self.table[columns].iterrows(), strict=True)]
        total = self.table[columns].sum(min_count=1)
        head = [GROUPS[by], *(short_day(pd.Timestamp(name)) for name in days), "Change"]
        label = f"{NOUNS[measure][1]} by {by}"
        return panel.table(head, rows, ["Total", *_cells(total)], label[:1].upper() + label[1:])

    def small_print(self) -> list[str]:
        """Say what counts."""
        unit = NOUNS[self.asked.measure][1]
        return [
            f"{self.asked.days.resolved()}. Printed: {unit} on the first day, the last of each month and the last one.",
            "VMs count while they exist, whatever their state; today counts as it was at the last sync.",
        ]

    def python(self) -> list[str]:
        """Lines that make the table and the chart."""
        choices, days = self.asked.choices, self.asked.days
        by, measure = choices.by, choices.measure
        span = f'(days["date"] >= "{days.start:%Y-%m-%d}") & (days["date"] < "{days.end:%Y-%m-%d}")'
        lines = ["days = planning.days", *self.asked.part.python("days"), f"days = days[{span}]"]
        lines.append(f'footprint = va.footprint(days, by="{by}")')
        ax = f'ax = plots.footprint(footprint, measure="{measure}", top={TOP})'
        return [
            *lines,
            "",
            'dates = footprint["date"]',
            'marks = {dates.min(), *dates.groupby(dates.dt.to_period("M")).max()}',
            'shown = footprint[dates.isin(marks)].assign(day=dates.dt.strftime("%Y-%m-%d"))',
            f'vms = shown.pivot(index="{by}", columns="day", values="vms")',
            f'wide = shown.pivot(index="{by}", columns="day", values="{measure}")',
            "table = wide.mask(vms.isna(), 0.0).rename_axis(columns=None)",
            'table["change"] = table.iloc[:, -1] - table.iloc[:, 0]',
            'table = table.sort_values(table.columns[-2], ascending=False, kind="stable").reset_index()',
            "",
            ax,
        ]

    def _vms(self, day: pd.Timestamp) -> pd.DataFrame:
        days = self.asked.data.planning.days
        return self.asked.part.of(days[days["date"] == day])

    def _most(self) -> str:
        """Name the largest group, if there are several."""
        by, measure = self.asked.choices.by, self.asked.measure
        column = self.table.columns[-2]
        first, total = self.table.iloc[0], self.totals[measure].iloc[-1]
        if len(self.table) < 2 or not first[column] or first[column] * len(self.table) == total:
            return ""
        share = labels.percent(first[column] / total)
        if pd.isna(first[by]):
            return f"; {share} with an unknown {by}"
        preposition = {"location": "in", "package": "of package", "account": "of account"}[by]
        return f"; {share} {preposition} {first[by]}"

    def _ends(self) -> list[str]:
        """Name the accounts whose days end before those of others: the last day lacks them."""
        days = self.asked.part.of(self.asked.data.planning.days)
        ends = self.asked.days.among(days).groupby("account")["date"].max()
        last = self.totals.index[-1]
        known = self.asked.data.planning.days.groupby("account")["date"].max()
        return [
            f"Account {account} was last looked at on {labels.day_name(known[account])}: later days lack its VMs."
            for account in ends.index
            if known[account] < last
        ]


def _more(change: float, measure: str) -> str:
    return "more" if change > 0 else "less" if "GB" in measure else "fewer"


def _many(measure: str) -> str:
    return "much" if "GB" in measure else "many"


def _cells(row: pd.Series) -> list[str]:
    return [amount(float(value), signed=name == "change") for name, value in row.items()]
