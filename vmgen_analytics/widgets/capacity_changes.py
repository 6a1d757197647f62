"""What the capacity panel says of births and deaths."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import pandas as pd

from vmgen_analytics import plots
from vmgen_analytics.capacity import fleet_rates
from vmgen_analytics.plots import labels
from vmgen_analytics.widgets import panel
from vmgen_analytics.widgets.capacity_model import GROUPS
from vmgen_analytics.widgets.capacity_question import amount
from vmgen_analytics.wording import counted

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from vmgen_analytics.widgets.capacity_question import Question

IN_BATCHES = 2.0
COUNTS = ("vms_start", "entered", "births", "deaths", "vms_end")


class ChangesShown:
    """How many VMs came and went, month by month."""

    def __init__(self, question: Question) -> None:
        self.asked = question

    @cached_property
    def by(self) -> str | tuple[()]:
        """The group beside the account, which is always told."""
        by = self.asked.choices.by
        return () if by == "account" else by

    @cached_property
    def table(self) -> pd.DataFrame:
        """Table ``fleet_changes`` of the months of the period."""
        return self._within(self.asked.data.changes(self.by, self.asked.part))

    @cached_property
    def rates(self) -> pd.DataFrame:
        """Table ``fleet_rates`` of the months of the period, by account."""
        return fleet_rates(self._within(self.asked.data.changes((), self.asked.part)))

    @property
    def name(self) -> str:
        """What the files are called."""
        first, last = self._months
        return f"fleet_changes_{first}_{last}_by_{self.asked.choices.by}"

    def sentence(self) -> str:
        """Say how many came and went."""
        asked = self.asked
        if self.table.empty:
            return f"No VM{asked.where} was observed from {asked.days.in_words()}"
        births, deaths = (int(self.table[name].sum()) for name in ("births", "deaths"))
        first, last = (labels.month_name(self.table["month"].agg(which)) for which in ("min", "max"))
        when = f"in {first}" if first == last else f"from {first} to {last}"
        said = f"{counted(births, 'birth')} and {counted(deaths, 'death')}{asked.where} {when}"
        if births == deaths:
            return f"{said}: as many VMs as before"
        more = "more" if births > deaths else "fewer"
        return f"{said}: {counted(abs(births - deaths), 'VM')} {more}"

    def notices(self) -> list[str]:
        """Say which numbers cannot be told, and which are not sure."""
        asked = self.asked
        if self.table.empty:
            known = asked.data.changes((), asked.part)["month"]
            if known.empty:
                return ["No complete inventory of these VMs is known: sync, then press Read again."]
            span = f"{labels.month_name(known.min())} to {labels.month_name(known.max())}"
            return [f"VMs{asked.where} were observed from {span}: choose another period."]
        sentences = [self._of(row, f"{row['reason']}.") for _, row in self.rates.iterrows() if row["reason"]]
        sentences += [
            self._of(row, f"how old VMs become cannot be told: {row['reason']}.")
            for _, row in asked.data.lifetime(asked.part).iterrows()
            if row["reason"]
        ]
        sentences += [
            self._of(row, "births come in batches, so the intervals are too narrow.")
            for _, row in self.rates.iterrows()
            if row["birth_dispersion"] >= IN_BATCHES
        ]
        if entered := int(self.table["entered"].sum()):
            was = "was" if entered == 1 else "were"
            sentences.append(f"{counted(entered, 'VM')} {was} running at the first inventory, and no birth.")
        if unsure := int(self.table["unsure"].sum()):
            noun = "birth or death" if unsure == 1 else "births and deaths"
            sentences.append(
                f"{unsure:,} {noun} may belong to a month beside: they are known to lie between two syncs."
            )
        return sentences

    def numbers(self) -> list[tuple[str, str, str]]:
        """Births, deaths and what is left, churn, and how old VMs become."""
        table = self.table
        starts = table[table["month"] == table.groupby("account")["month"].transform("min")]
        ends = table[table["month"] == table.groupby("account")["month"].transform("max")]
        before = int(starts["vms_start"].sum() + starts["entered"].sum())
        left = int(ends["vms_end"].sum())
        numbers = [
            (name.capitalize(), f"{int(table[name].sum()):,}", self._rate(name)) for name in ("births", "deaths")
        ]
        part = f" ({labels.percent(left / before - 1, signed=True)})" if before and left != before else ""
        change = (
            f"{amount(left - before, signed=True)}{part} against the start" if left != before else "as at the start"
        )
        numbers.append(("VMs at the end", f"{left:,}", f"{change} of the period"))
        return [*numbers, *self._churn(), *self._age()]

    def axes(self) -> Axes:
        """Draw births above and deaths below the line."""
        return plots.fleet_changes(self.table)

    def printed(self) -> str:
        """The table, and the sums of births and deaths."""
        groups = [*(["account"] if len(self.asked.data.accounts) > 1 else []), *([self.by] if self.by else [])]
        rows = [
            [
                labels.month_name(row["month"]),
                *(f"unknown {name}" if pd.isna(row[name]) else str(row[name]) for name in groups),
                *(f"{row[name]:,}" for name in COUNTS),
                f"{row['days_observed']:,}",
            ]
            for _, row in self.table.iterrows()
        ]
        sums = {name: f"{int(self.table[name].sum()):,}" for name in ("entered", "births", "deaths")}
        head = [
            "Month",
            *(GROUPS[name] for name in groups),
            "VMs before",
            "First seen",
            "Births",
            "Deaths",
            "VMs after",
        ]
        total = ["Total", *[""] * len(groups), "", *sums.values(), "", ""]
        texts = range(1, 1 + len(groups))
        return panel.table([*head, "Days observed"], rows, total, "Births and deaths by month", texts)

    def small_print(self) -> list[str]:
        """Say what is counted, and what an interval means."""
        return [
            f"Whole months of {self.asked.days.resolved()}.",
            "A VM counts for the place and the package that it had last; a resize is neither birth nor death.",
            "Intervals are exact and of 80 %: of the number that was to be expected, not of the one that was counted.",
        ]

    def python(self) -> list[str]:
        """Lines that make the table and the chart."""
        first, last = self._months
        by = f', "{self.by}"' if self.by else ""
        return [
            "lifetimes = planning.lifetimes",
            *self.asked.part.python("lifetimes"),
            f"table = va.fleet_changes(lifetimes, planning.syncs{by})",
            f'table = table[table["month"].between(pd.Period("{first}"), pd.Period("{last}"))].reset_index(drop=True)',
            "",
            "ax = plots.fleet_changes(table)",
        ]

    @property
    def _months(self) -> tuple[pd.Period, pd.Period]:
        days = self.asked.days
        return days.start.to_period("M"), days.last.to_period("M")

    def _within(self, changes: pd.DataFrame) -> pd.DataFrame:
        first, last = self._months
        return changes[(changes["month"] >= first) & (changes["month"] <= last)].reset_index(drop=True)

    def _of(self, row: pd.Series, sentence: str) -> str:
        """Name the account where there are several."""
        return f"account {row['account']}: {sentence}" if len(self.rates) > 1 else sentence

    def _rate(self, name: str) -> str:
        """How many a month, and how many to expect; of one account only, as intervals do not add up."""
        if len(self.rates) != 1 or pd.isna(self.rates[f"{name}_per_month"].iloc[0]):
            return f"in {counted(len(self.rates), 'account')}" if len(self.rates) > 1 else "too short for a rate"
        row = self.rates.iloc[0]
        mean, low, high = (row[f"{name}_per_month{end}"] for end in ("", "_low", "_high"))
        return f"{mean:.1f} a month; {low:.1f} to {high:.1f} to be expected"

    def _churn(self) -> list[tuple[str, str, str]]:
        if len(self.rates) != 1 or pd.isna(self.rates["churn"].iloc[0]):
            return []
        row = self.rates.iloc[0]
        low, high = (labels.percent(row[f"churn_{end}"], decimals=1) for end in ("low", "high"))
        return [("VMs that go each month", labels.percent(row["churn"], decimals=1), f"{low} to {high} to be expected")]

    def _age(self) -> list[tuple[str, str, str]]:
        lifetime = self.asked.data.lifetime(self.asked.part)
        if len(lifetime) != 1 or lifetime["reason"].iloc[0]:
            return []
        row = lifetime.iloc[0]
        high = "beyond what was observed" if pd.isna(row["median_high_d"]) else f"{row['median_high_d']:,.0f} days"
        ends = f"{row['median_low_d']:,.0f} days to {high}"
        return [("Half of the VMs outlive", f"{row['median_d']:,.0f} days", f"by all deaths known; {ends}")]
