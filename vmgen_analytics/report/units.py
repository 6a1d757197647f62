"""What a unit costs: a VM, a vCPU, a GB of memory or disk, a TB sent."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from vmgen_analytics import plots
from vmgen_analytics.cost import unit_costs
from vmgen_analytics.plots.labels import month_name
from vmgen_analytics.report.shape import Picture, ReportTable, Section, months, numbers, remarks

if TYPE_CHECKING:
    from vmgen_analytics.report.facts import Facts

UNITS = {
    "cost_per_vm_month": "A VM",
    "cost_per_vcpu_month": "A vCPU",
    "cost_per_ram_GB_month": "A GB of memory",
    "cost_per_disk_GB_month": "A GB of disk",
    "cost_per_out_TB": "A TB sent",
}


def unit_cost(facts: Facts) -> Section | None:
    """Answers what a unit cost in the newest month that is over; None where none has an invoice."""
    units = unit_costs(facts.costs, facts.days)
    units = units[(units["month"] != facts.open_month) & units["month"].isin(facts.months)]
    if units.empty:
        return None
    picture = Picture("unit_costs", plots.unit_costs(units, currency=facts.currency))
    note = "For a month; each divides all of the cost."
    table = ReportTable(
        "Unit costs",
        (
            months("Month", units["month"]),
            *(numbers(heading, "rate", units[name]) for name, heading in UNITS.items()),
            *remarks("Not known, and why", units["missing"]),
        ),
        note=note if facts.open_month is None else f"{note} Without {month_name(facts.open_month)}, which is not over.",
    )
    return Section("What does a unit cost?", _answer(facts, units.iloc[-1]), (), (picture,), (table,))


def _answer(facts: Facts, row: pd.Series) -> str:
    month = month_name(row["month"])
    if pd.isna(row["cost_per_vm_month"]):
        return f"That is not known for {month}: {row['missing']}."
    sentence = f"A VM cost {facts.money(row['cost_per_vm_month'])} on average in {month}"
    if pd.isna(row["cost_per_ram_GB_month"]):
        return f"{sentence}; some other units are not known: {row['missing']}."
    return f"{sentence}, which is {facts.money(row['cost_per_ram_GB_month'])} a GB of memory."
