"""Who and where: the costs of a month by location, package and VM."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from vmgen_analytics import plots
from vmgen_analytics.plots.labels import month_name, percent
from vmgen_analytics.report.printing import name_of, named
from vmgen_analytics.report.shape import Picture, ReportTable, Section, amounts, labelled, numbers, summed, text
from vmgen_analytics.report.spending import LEAST, is_gone, is_new
from vmgen_analytics.schema import machine_key
from vmgen_analytics.wording import counted

if TYPE_CHECKING:
    from vmgen_analytics.report.facts import Facts


def who_and_where(facts: Facts) -> Section:
    """Answers who cost it, and where."""
    by_location, by_package = (facts.monthly(by) for by in ("location", "package"))
    how: dict[str, Any] = {"currency": facts.currency, "open_month": facts.open_month}
    pictures = (
        Picture("monthly_costs_by_location", plots.monthly_costs(by_location, **how)),
        Picture("monthly_costs_by_package", plots.monthly_costs(by_package, **how)),
    )
    question = "Who cost it, and where?"
    rows = facts.of_month(facts.monthly("vm_id"))
    if rows.empty:
        return Section(question, f"Nothing can be divided: no invoice bills {month_name(facts.month)} yet.")
    tables = (
        _grouped(facts, by_location, "location"),
        _grouped(facts, by_package, "package"),
        _vms(facts, rows),
    )
    return Section(question, _largest(facts, by_location, by_package, rows), (), pictures, tables)


def _largest(facts: Facts, by_location: pd.DataFrame, by_package: pd.DataFrame, by_vm: pd.DataFrame) -> str:
    parts = []
    for table, group in ((by_location, "location"), (by_package, "package"), (by_vm, "vm_id")):
        top = facts.of_month(table).sort_values("allocated_cost", ascending=False, kind="stable").iloc[0]
        name = name_of(top) if group == "vm_id" else named(top[group], group)
        share = f", {percent(top['share'])}" if pd.notna(top["share"]) else ""
        parts.append(f"{name} ({facts.money(top['allocated_cost'])}{share})")
    if by_vm["vm_id"].isna().all():
        return f"To nobody: no VM is known to which the invoices of {month_name(facts.month)} could be given."
    running = int(by_vm["allocated_cost"].abs().ge(LEAST)[by_vm["vm_id"].notna()].sum())
    place, package, vm = parts
    return f"Most went to {place} by location, to {package} by package and to {vm} among {counted(running, 'VM')}."


def _ranked(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.sort_values("allocated_cost", ascending=False, kind="stable")


def _grouped(facts: Facts, table: pd.DataFrame, group: str) -> ReportTable:
    rows = _ranked(facts.of_month(table))
    costs = facts.of_month(facts.costs)
    vms = costs[costs["vm_id"].notna()].drop_duplicates([*machine_key(costs), group])
    running = vms[group].fillna("\0").value_counts()
    return ReportTable(
        f"Cost by {group}",
        (
            labelled(group.capitalize(), [named(value, group) for value in rows[group]]),
            numbers("VMs", "count", [running.get(value, 0) for value in rows[group].fillna("\0")]),
            *money_columns(facts, rows),
        ),
        note=f"A VM that changed its {group} counts in each."
        if len(vms) > len(vms.drop_duplicates(machine_key(vms)))
        else "",
    )


def money_columns(facts: Facts, rows: pd.DataFrame) -> list[Any]:
    """Cost, share, change and list cost of groups of the month, which add up to the month's."""
    has_change = facts.open_month is None and facts.change(facts.month) is not None
    return [
        amounts("Cost", rows["allocated_cost"], facts.totals[facts.month]),
        summed("Share", "percent", rows["share"]),
        *([amounts("Change", rows["change"], facts.change(facts.month), "change")] if has_change else []),
        amounts("List cost", rows["list_cost"]),
    ]


def _vms(facts: Facts, rows: pd.DataFrame) -> ReportTable:
    rows = _ranked(rows)
    machine = machine_key(rows)
    last = facts.costs[facts.costs["vm_id"].notna()].sort_values("date").drop_duplicates(machine, keep="last")
    rows = rows.merge(last[[*machine, "package", "location"]], on=machine, how="left", validate="many_to_one")
    several = len(rows["account"].unique()) > 1
    what = ["new" if new else "gone" if gone else "" for new, gone in zip(is_new(rows), is_gone(rows), strict=True)]
    return ReportTable(
        "Cost by VM",
        (
            labelled("VM", [name_of(row) for row in rows.itertuples()]),
            text("Number", rows["vm_id"]),
            *([text("Account", rows["account"])] if several else []),
            text("Package", rows["package"]),
            text("Location", rows["location"]),
            *money_columns(facts, rows),
            text("New or gone", what),
        ),
        note="Package and location are the newest ones.",
    )
