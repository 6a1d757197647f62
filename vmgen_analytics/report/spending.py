"""The money of a report: what was spent and what changed, who and where."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from vmgen_analytics import plots
from vmgen_analytics.cost import monthly_costs
from vmgen_analytics.plots.labels import counted, money, month_name, percent
from vmgen_analytics.report.cents import rounded
from vmgen_analytics.report.shape import (
    Picture,
    ReportTable,
    Section,
    amounts,
    joined,
    labelled,
    numbers,
    summed,
    text,
)

if TYPE_CHECKING:
    from vmgen_analytics.report.facts import Facts

LEAST = 5e-7
"""Half a millionth: money is kept in whole millionths."""
SHOWN_CHANGES = 12


def spent(facts: Facts) -> Section:
    """Answers what was spent, and what changed."""
    by_vm = monthly_costs(facts.costs, by="vm_id")
    rows = facts.of_month(by_vm)
    pictures = (
        Picture("monthly_costs", plots.monthly_costs(by_vm, currency=facts.currency, open_month=facts.open_month)),
        Picture("cost_changes", plots.cost_changes(by_vm, month=facts.month, currency=facts.currency)),
    )
    question = "What did we spend, and what changed?"
    by_month = _by_month(facts)
    if rows.empty:
        return Section(question, _unbilled(facts), pictures=pictures, tables=(by_month,) if by_month.length else ())
    paragraphs = [_came_and_went(facts, rows)]
    if facts.open_month is not None:
        paragraphs.append(
            f"{month_name(facts.month)} is not over: what it costs so far is compared with a whole month."
        )
    tables = [by_month, *_changes(facts, rows)]
    return Section(question, _total(facts), tuple(filter(None, paragraphs)), pictures, tuple(tables))


def _sum(facts: Facts, month: pd.Period) -> float | None:
    """Total of a month in cents, None without an invoice."""
    return facts.totals.get(month)


def _unbilled(facts: Facts) -> str:
    sentence = f"No invoice bills {month_name(facts.month)} yet"
    if facts.costs.empty:
        return f"{sentence}, and none bills the months before it."
    newest = facts.costs["month"].max()
    return f"{sentence}; {month_name(newest)}, the newest month with one, cost {_in_words(facts, _sum(facts, newest))}."


def _in_words(facts: Facts, amount: float | None) -> str:
    return money(float("nan") if amount is None else amount, facts.currency)


def _total(facts: Facts) -> str:
    now, before = _sum(facts, facts.month), _sum(facts, facts.month - 1)
    name, name_before = month_name(facts.month), month_name(facts.month - 1)
    verb = "has cost" if facts.open_month is not None else "cost"
    sentence = f"{name} {verb} {_in_words(facts, now)}"
    if now is None or before is None:
        return f"{sentence}; no invoice of {name_before} is known to compare it with."
    change = rounded(now - before)
    if change == 0:
        return f"{sentence}, as much as {name_before}."
    part = f" ({percent(abs(change) / before, decimals=1)})" if before > 0 else ""
    difference = f"{money(abs(change), facts.currency)}{part} {'more' if change > 0 else 'less'}"
    return f"{sentence}, {difference} than {name_before} ({_in_words(facts, before)})."


def _came_and_went(facts: Facts, rows: pd.DataFrame) -> str:
    known = rows[rows["vm_id"].notna() & rows["change"].notna()]
    new = known[is_new(known)].sort_values("change", ascending=False)
    gone = known[is_gone(known)].sort_values("change")
    sentences = []
    for found, verb, effect in ((new, "new", "cost"), (gone, "gone", "had cost")):
        if len(found):
            are = "is" if len(found) == 1 else "are"
            amount = money(abs(float(found["change"].sum())), facts.currency)
            before = f" in {month_name(facts.month - 1)}" if verb == "gone" else ""
            names = joined([name_of(row) for row in found.itertuples()])
            sentences.append(f"{counted(len(found), 'VM')} {are} {verb} and {effect} {amount}{before}: {names}.")
    if sentences or known.empty:
        return " ".join(sentences)
    return f"The same VMs cost money in {month_name(facts.month)} as in {month_name(facts.month - 1)}."


def is_new(rows: pd.DataFrame) -> pd.Series[bool]:
    """Tell the groups that cost nothing the month before."""
    return (rows["allocated_cost"] - rows["change"]).abs().lt(LEAST) & rows["change"].abs().ge(LEAST)


def is_gone(rows: pd.DataFrame) -> pd.Series[bool]:
    """Tell the groups that cost something the month before, and nothing now."""
    return rows["allocated_cost"].abs().lt(LEAST) & rows["change"].abs().ge(LEAST)


def name_of(row: Any) -> str:
    """Name a VM, by its number where it has no name."""
    if pd.isna(row.vm_id):
        return "unallocated"
    return str(row.vm_name) if isinstance(row.vm_name, str) and row.vm_name.strip() else f"VM {row.vm_id}"


def _by_month(facts: Facts) -> ReportTable:
    months = [month for month in facts.months if _sum(facts, month) is not None]
    totals = [_sum(facts, month) or 0.0 for month in months]
    before = dict(zip(months, totals, strict=True))
    changes = [total - before.get(month - 1, float("nan")) for month, total in zip(months, totals, strict=True)]
    parts = [
        change / before.get(month - 1, 0) if before.get(month - 1, 0) > 0 else float("nan")
        for month, change in zip(months, changes, strict=True)
    ]
    vms = (
        facts.costs[facts.costs["vm_id"].notna()].drop_duplicates(["month", "account", "vm_id"])["month"].value_counts()
    )
    return ReportTable(
        "Spend by month",
        (
            labelled("Month", [month_name(month) for month in months]),
            text("State", [facts.states.get(month, "closed") for month in months]),
            numbers("VMs", "count", [vms.get(month, 0) for month in months]),
            amounts("Cost", totals),
            numbers("Change", "change", changes),
            numbers("Change in percent", "percent", parts),
        ),
    )


def _changes(facts: Facts, rows: pd.DataFrame) -> list[ReportTable]:
    """The largest changes by VM; the others in one line, so that the lines add up."""
    known = rows[rows["change"].notna() & rows["change"].abs().ge(LEAST)]
    now, before = _sum(facts, facts.month), _sum(facts, facts.month - 1)
    if known.empty or now is None or before is None:
        return []
    ranked = known.loc[known["change"].abs().sort_values(ascending=False, kind="stable").index]
    cut = SHOWN_CHANGES if len(ranked) > SHOWN_CHANGES + 1 else len(ranked)
    shown, rest = ranked.iloc[:cut], ranked.iloc[cut:]
    names = [name_of(row) for row in shown.itertuples()]
    what = ["new" if new else "gone" if gone else "" for new, gone in zip(is_new(shown), is_gone(shown), strict=True)]
    values = list(shown["change"])
    if len(rest):
        names.append(f"{counted(len(rest), 'other')}")
        what.append("")
        values.append(float(rest["change"].sum()))
    return [
        ReportTable(
            "Largest changes",
            (labelled("VM", names), text("", what), amounts("Change", values, rounded(now - before), "change")),
            note=f"{month_name(facts.month)} against {month_name(facts.month - 1)}.",
        )
    ]


def who_and_where(facts: Facts) -> Section:
    """Answers who cost it, and where."""
    by_location, by_package = (monthly_costs(facts.costs, by=by) for by in ("location", "package"))
    how: dict[str, Any] = {"currency": facts.currency, "open_month": facts.open_month}
    pictures = (
        Picture("monthly_costs_by_location", plots.monthly_costs(by_location, **how)),
        Picture("monthly_costs_by_package", plots.monthly_costs(by_package, **how)),
    )
    question = "Who cost it, and where?"
    rows = facts.of_month(monthly_costs(facts.costs, by="vm_id"))
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
        parts.append(f"{name} ({money(top['allocated_cost'], facts.currency)}{share})")
    running = int(by_vm["allocated_cost"].abs().ge(LEAST)[by_vm["vm_id"].notna()].sum())
    place, package, vm = parts
    return f"Most went to {place} by location, to {package} by package and to {vm} among {counted(running, 'VM')}."


def named(value: Any, group: str) -> str:
    """Name a group for a reader, the unknown one too."""
    return f"unknown {group}" if pd.isna(value) else str(value)


def _ranked(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.sort_values("allocated_cost", ascending=False, kind="stable")


def _grouped(facts: Facts, table: pd.DataFrame, group: str) -> ReportTable:
    rows = _ranked(facts.of_month(table))
    costs = facts.of_month(facts.costs)
    vms = costs[costs["vm_id"].notna()].drop_duplicates(["account", "vm_id", group])
    running = vms[group].fillna("\0").value_counts()
    return ReportTable(
        f"Cost by {group}",
        (
            labelled(group.capitalize(), [named(value, group) for value in rows[group]]),
            numbers("VMs", "count", [running.get(value, 0) for value in rows[group].fillna("\0")]),
            *_money_columns(facts, rows),
        ),
        note=f"A VM that changed its {group} counts in each."
        if len(vms) > len(vms.drop_duplicates(["account", "vm_id"]))
        else "",
    )


def _money_columns(facts: Facts, rows: pd.DataFrame) -> list[Any]:
    now, before = _sum(facts, facts.month), _sum(facts, facts.month - 1)
    change = None if now is None or before is None else rounded(now - before)
    return [
        amounts("Cost", rows["allocated_cost"], now),
        summed("Share", "percent", rows["share"]),
        amounts("Change", rows["change"], change, "change"),
        amounts("List cost", rows["list_cost"]),
    ]


def _vms(facts: Facts, rows: pd.DataFrame) -> ReportTable:
    rows = _ranked(rows)
    last = (
        facts.costs[facts.costs["vm_id"].notna()].sort_values("date").drop_duplicates(["account", "vm_id"], keep="last")
    )
    rows = rows.merge(
        last[["account", "vm_id", "package", "location"]], on=["account", "vm_id"], how="left", validate="many_to_one"
    )
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
            *_money_columns(facts, rows),
            text("New or gone", what),
        ),
        note="Package and location are the newest ones.",
    )
