"""What was spent, and what changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from vmgen_analytics import plots
from vmgen_analytics.cost import cost_changes
from vmgen_analytics.plots.changes import HALF_A_CENT
from vmgen_analytics.plots.labels import money, month_name, others, percent
from vmgen_analytics.report.printing import name_of
from vmgen_analytics.report.shape import (
    Picture,
    ReportTable,
    Section,
    amounts,
    joined,
    labelled,
    numbers,
    text,
)
from vmgen_analytics.report.shape import months as dated_months
from vmgen_analytics.schema import machine_key
from vmgen_analytics.wording import counted

if TYPE_CHECKING:
    from vmgen_analytics.report.facts import Facts

LEAST = 5e-7
"""Half a millionth: money is kept in whole millionths."""
SHOWN_CHANGES = 12


def spent(facts: Facts) -> Section:
    """Answers what was spent, and what changed."""
    by_vm = facts.monthly("vm_id")
    rows = facts.of_month(by_vm)
    is_compared = facts.change(facts.whole_month) is not None
    changes = cost_changes(facts.costs if is_compared else facts.costs.iloc[:0], facts.whole_month)
    pictures = [
        Picture("monthly_costs", plots.monthly_costs(by_vm, currency=facts.currency, open_month=facts.open_month))
    ]
    if len(changes):
        pictures.append(Picture("cost_changes", plots.cost_changes(changes, currency=facts.currency)))
    question = "What did we spend, and what changed?"
    by_month = _by_month(facts)
    tables = [by_month] if by_month.length else []
    tables += _reasons(facts, changes)
    if rows.empty:
        return Section(question, _unbilled(facts), (), tuple(pictures), tuple(tables))
    tables += _changes(facts, facts.of_month(by_vm, facts.whole_month))
    paragraphs = [_not_invoiced(facts), _came_and_went(facts, rows), _largest_reasons(facts, changes)]
    return Section(question, _answer(facts), tuple(filter(None, paragraphs)), tuple(pictures), tuple(tables))


def _unbilled(facts: Facts) -> str:
    sentence = f"No invoice bills {month_name(facts.month)} yet"
    if not facts.totals:
        return f"{sentence}, and none bills the months before it."
    newest = max(facts.totals)
    return f"{sentence}; {month_name(newest)}, the newest month with one, cost {facts.money(facts.totals[newest])}."


def _answer(facts: Facts) -> str:
    if facts.open_month is None:
        return f"{_compared(facts, facts.month)}."
    so_far = f"{month_name(facts.month)} has cost {facts.money(facts.totals[facts.month])} so far"
    if facts.whole_month not in facts.totals:
        return f"{so_far}."
    return f"{so_far}. The last whole month: {_compared(facts, facts.whole_month)}."


def _compared(facts: Facts, month: pd.Period) -> str:
    """What a month cost, and how much more or less than the one before."""
    now, before, change = facts.totals[month], facts.totals.get(month - 1), facts.change(month)
    sentence = f"{month_name(month)} cost {facts.money(now)}"
    if before is None:
        return f"{sentence}; no invoice of {month_name(month - 1)} is known to compare it with"
    if change is None:
        return f"{sentence}; not every account has an invoice of both it and {month_name(month - 1)} to compare them by"
    if change == 0:
        return f"{sentence}, as much as {month_name(month - 1)}"
    part = f" ({percent(abs(change) / before, decimals=1)})" if before > 0 else ""
    difference = f"{facts.money(abs(change))}{part} {'more' if change > 0 else 'less'}"
    return f"{sentence}, {difference} than {month_name(month - 1)} ({facts.money(before)})"


def _not_invoiced(facts: Facts) -> str:
    """Say of which accounts the sum of the month lacks what they cost."""
    lacking = facts.not_invoiced(facts.month)
    if not lacking:
        return ""
    vms, month = counted(sum(lacking.values()), "VM"), month_name(facts.month)
    who = f"Account {joined(list(lacking))} has" if len(lacking) == 1 else f"Accounts {joined(list(lacking))} have"
    return f"{who} no amount invoiced for {month} yet: what {vms} there cost is unknown, and in no sum of the month."


def _largest_reasons(facts: Facts, changes: pd.DataFrame) -> str:
    """Say what made most of the difference, or why nothing can be told apart."""
    month, before = month_name(facts.whole_month), month_name(facts.whole_month - 1)
    if changes.empty and facts.change(facts.whole_month) is None:
        return f"What changed takes two months with all their invoices: {before} and {month} are not both known."
    ranked = changes.loc[changes["change"].abs().sort_values(ascending=False, kind="stable").index]
    told = [
        f"{reason} ({money(change, facts.currency, signed=True)})"
        for reason, change in zip(ranked["reason"], ranked["change"], strict=True)
        if abs(change) >= HALF_A_CENT
    ]
    return f"From {before} to {month}, most came from {joined(told[:3])}." if told else ""


def _reasons(facts: Facts, changes: pd.DataFrame) -> list[ReportTable]:
    """The steps of the waterfall as a table."""
    total = facts.change(facts.whole_month)
    if changes.empty or total is None:
        return []
    return [
        ReportTable(
            "What changed",
            (
                labelled("Reason", changes["reason"]),
                numbers("VMs", "count", changes["vms"]),
                amounts("Change", changes["change"], total, "change"),
            ),
            note=f"{month_name(facts.whole_month)} against {month_name(facts.whole_month - 1)}. "
            "A VM can be in several lines.",
        )
    ]


def _came_and_went(facts: Facts, rows: pd.DataFrame) -> str:
    known = rows[rows["vm_id"].notna() & rows["change"].notna()]
    new = known[is_new(known)].sort_values("change", ascending=False)
    gone = known[is_gone(known)].sort_values("change")
    sentences = []
    for found, verb, effect in ((new, "new", "cost"), (gone, "gone", "had cost")):
        if len(found):
            are = "is" if len(found) == 1 else "are"
            amount = facts.money(abs(float(found["change"].sum())))
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


def _by_month(facts: Facts) -> ReportTable:
    months = list(facts.totals)
    changes = [None if month == facts.open_month else facts.change(month) for month in months]
    bases = [facts.totals.get(month - 1, 0.0) for month in months]
    parts = [
        change / base if change is not None and base > 0 else None for change, base in zip(changes, bases, strict=True)
    ]
    of_vms = facts.costs[facts.costs["vm_id"].notna()]
    vms = of_vms.drop_duplicates(["month", *machine_key(of_vms)])["month"].value_counts()
    return ReportTable(
        "Spend by month",
        (
            dated_months("Month", months, "Total"),
            text("State", [facts.states.get(month) for month in months]),
            numbers("VMs", "count", [vms.get(month, 0) for month in months]),
            amounts("Cost", list(facts.totals.values())),
            numbers("Change", "change", changes),
            numbers("Change in percent", "growth", parts),
        ),
        note="An open month is not compared." if facts.open_month in facts.totals else "",
    )


def _changes(facts: Facts, rows: pd.DataFrame) -> list[ReportTable]:
    """The largest changes by VM; the others in one line, so that the lines add up."""
    known = rows[rows["change"].notna() & rows["change"].abs().ge(LEAST)]
    total = facts.change(facts.whole_month)
    if known.empty or total is None:
        return []
    ranked = known.loc[known["change"].abs().sort_values(ascending=False, kind="stable").index]
    cut = SHOWN_CHANGES if len(ranked) > SHOWN_CHANGES + 1 else len(ranked)
    shown, rest = ranked.iloc[:cut], ranked.iloc[cut:]
    names = [name_of(row) for row in shown.itertuples()]
    what = ["new" if new else "gone" if gone else "" for new, gone in zip(is_new(shown), is_gone(shown), strict=True)]
    values = list(shown["change"])
    if len(rest):
        names.append(others(len(rest)))
        what.append("")
        values.append(float(rest["change"].sum()))
    return [
        ReportTable(
            "Largest changes",
            (labelled("VM", names), text("New or gone", what), amounts("Change", values, total, "change")),
            note=f"{month_name(facts.whole_month)} against {month_name(facts.whole_month - 1)}.",
        )
    ]
