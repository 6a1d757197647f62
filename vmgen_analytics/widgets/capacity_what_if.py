"""What the capacity panel says of a plan: the fleet before and after it, or why it cannot be carried out."""

from __future__ import annotations

import math
import pprint
from functools import cached_property
from typing import TYPE_CHECKING, Any

import pandas as pd

from vmgen_analytics import plots
from vmgen_analytics.capacity import Plan, what_if
from vmgen_analytics.errors import SettingsError
from vmgen_analytics.plots import labels
from vmgen_analytics.schema import TABLES
from vmgen_analytics.widgets import panel
from vmgen_analytics.widgets.capacity_question import NAMES, UNITS, amount, caption
from vmgen_analytics.wording import counted

if TYPE_CHECKING:
    from collections.abc import Mapping

    from matplotlib.axes import Axes

    from vmgen_analytics.widgets.capacity_question import Question

MEASURED = {
    **NAMES,
    "list_cost": "List cost",
    "included_transfer_GB": "Included transfer",
    "vm_share": "Largest location",
}


class WhatIfShown:
    """What a plan would change."""

    def __init__(self, question: Question) -> None:
        self.asked = question

    @cached_property
    def _found(self) -> tuple[pd.DataFrame, str]:
        """Table ``what_if``, and why it cannot be made; one of them is empty."""
        known = self.asked.data.planning
        plan = Plan.of(self.asked.choices.plan)
        try:
            return what_if(self.asked.data.today, plan, known.catalogue, known.prices, known.policies), ""
        except SettingsError as error:
            return TABLES["what_if"].frame(), str(error)

    @property
    def table(self) -> pd.DataFrame:
        """Table ``what_if``; empty where the plan is refused."""
        return self._found[0]

    @property
    def refusal(self) -> str:
        """Why the plan cannot be carried out; empty if it can."""
        return self._found[1]

    @cached_property
    def totals(self) -> dict[str, pd.Series[Any]]:
        """The numbers of the whole fleet, by measure."""
        rows = self.table[self.table["is_total"]]
        return {name: _of(rows, name) for name in rows["measure"]}

    @property
    def name(self) -> str:
        """What the files are called."""
        return "what_if"

    def sentence(self) -> str:
        """Say what the plan changes."""
        if self.refusal:
            return "This plan cannot be carried out"
        vms, cost = self.totals["vms"], self.totals["list_cost"]
        number, price = counted(int(vms["before"]), "VM"), float(cost["before"])
        if not self.asked.choices.plan:
            costs = f" for {self._money(price)} a month by list price" if math.isfinite(price) else ""
            return f"{number}{costs} today: add a step to see what a plan would change"
        said = f"{number} would become {vms['after']:,.0f}" if vms["change"] else f"{number} as now"
        if not math.isfinite(cost["change"]):
            return f"{said}; what that costs cannot be told"
        if not cost["change"]:
            return f"{said}, and the list cost would stay {self._money(cost['before'])} a month"
        more = "more" if cost["change"] > 0 else "less"
        return f"{said}, and the list cost would be {self._money(abs(cost['change']))} a month {more}"

    def notices(self) -> list[str]:
        """Say why the plan is refused, what a move means, and what cannot be told."""
        if self.refusal:
            return [f"{self.refusal}. Remove the last step, or change what is on offer.".replace("?.", "?")]
        sentences = []
        if any(step.get("action") == "move" for step in self.asked.choices.plan):
            sentences.append(
                "A move is a deletion and a new deployment: addresses change, and the disk does not come along."
            )
        reasons = {name: row["reason"] for name, row in self.totals.items() if name != "vm_share"}
        return sentences + [f"{MEASURED[name]}: {why}." for name, why in reasons.items() if why]

    def numbers(self) -> list[tuple[str, str, str]]:
        """Every number of the fleet after the plan, against now."""
        numbers = []
        for name, text in MEASURED.items():
            row = self.totals[name]
            if pd.notna(row["after"]) or name != "included_transfer_GB":
                now = f" against {self._told(row, 'before')} now" if row["change"] else ""
                numbers.append((self._titled(name, text), self._told(row, "after"), self._change(name, row) + now))
        return numbers

    def axes(self) -> Axes:
        """Draw before and after."""
        return plots.what_if(self.table)

    def printed(self) -> str:
        """The fleet before and after, and then each location."""
        rows = [
            [
                self._titled(name, text),
                *(self._told(self.totals[name], when) for when in ("before", "after")),
                self._change(name, self.totals[name]),
            ]
            for name, text in MEASURED.items()
        ]
        totals = panel.table(
            ["The fleet", "Now", "With the plan", "Change"], rows, (), "The fleet before and after the plan"
        )
        return totals + caption("Location by location") + self._of_places()

    def small_print(self) -> list[str]:
        """Say what this rests on."""
        return [
            "Nothing is sent to the provider. The fleet is that of the last day known, of all accounts and locations.",
            "List cost is that of a whole month by the price book.",
        ]

    def python(self) -> list[str]:
        """Lines that make the table and the chart."""
        steps = pprint.pformat([dict(step) for step in self.asked.choices.plan], sort_dicts=False, width=110)
        return [
            f"plan = va.Plan.of({steps})",
            "table = va.what_if(planning.days, plan, planning.catalogue, planning.prices, planning.policies)",
            "",
            "ax = plots.what_if(table)",
        ]

    def _of_places(self) -> str:
        """Each location before and after, with what the locations add up to."""
        measure = self.asked.measure
        shown = [measure, *(["vms"] if measure != "vms" else []), "list_cost"]
        places = self.table[~self.table["is_total"]]
        rows = [
            [
                "unknown location" if pd.isna(place) else str(place),
                *self._pairs({name: _of(mine, name) for name in shown}),
            ]
            for place, mine in places.groupby("location", dropna=False)
        ]
        head = [f"{MEASURED[name]} {when}" for name in shown for when in ("now", "with the plan")]
        total = ["Total", *self._pairs({name: self.totals[name] for name in shown})]
        return panel.table(["Location", *head], rows, total, "Each location before and after the plan")

    def _pairs(self, rows: Mapping[str, pd.Series]) -> list[str]:
        return [self._told(row, when) for row in rows.values() for when in ("before", "after")]

    def _told(self, row: pd.Series, when: str) -> str:
        """Print a number of the table in its unit."""
        value, unit = float(row[when]), str(row["unit"])
        if unit == "1":
            return labels.percent(value)
        if unit.endswith("/month") and not unit.startswith("GB"):
            return labels.money(value, self.asked.currency)
        return amount(value, "ram_GB" if unit.startswith("GB") else "vms")

    def _change(self, name: str, row: pd.Series) -> str:
        change = float(row["change"])
        if not math.isfinite(change):
            return labels.MISSING
        if not change:
            return "as now"
        if name == "vm_share":
            return f"{100 * change:+.1f}".replace("-", labels.MINUS) + " points"
        if name == "list_cost":
            return self._money(change, signed=True)
        return amount(change, name if name in UNITS else "ram_GB", signed=True)

    def _money(self, value: Any, *, signed: bool = False) -> str:
        return labels.money(float(value), self.asked.currency, signed=signed)

    def _titled(self, name: str, text: str) -> str:
        return {"list_cost": "List cost a month", "vm_share": "In the largest location"}.get(name, text)


def _of(rows: pd.DataFrame, measure: str) -> pd.Series:
    return rows[rows["measure"] == measure].iloc[0]
