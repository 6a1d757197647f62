"""The invoices of a report, and what became of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from vmgen_analytics.cost import reconciliation
from vmgen_analytics.cost.cents import rounded
from vmgen_analytics.cost.millionths import exact_sums
from vmgen_analytics.plots.labels import month_name
from vmgen_analytics.report.shape import ReportTable, Section, amounts, dates, joined, labelled, months, summed, text
from vmgen_analytics.report.spending import LEAST
from vmgen_analytics.schema import machine_key

if TYPE_CHECKING:
    from vmgen_analytics.report.facts import Facts


def matches(facts: Facts) -> Section:
    """Answers whether it matches the invoices."""
    table = reconciliation(facts.invoices, facts.costs, facts.lifetimes)
    rows = facts.of_month(table)
    question = "Does it match the invoices?"
    earlier = table[table["month"] < facts.month].sort_values(["month", "account", "invoice_id"], ascending=False)
    tables = [_reconciled(facts, rows, "Invoices of the month")] if len(rows) else []
    if len(earlier):
        tables.append(_reconciled(facts, earlier, "Invoices of the months before"))
    if rows.empty:
        return Section(question, f"No invoice bills {month_name(facts.month)} yet.", tables=tuple(tables))
    booked = facts.of_month(facts.costs[facts.costs["corrects"].notna()])
    if len(booked):
        tables.append(_corrections(booked))
    paragraphs = [_against_list(facts, rows), _corrected(facts, booked)]
    return Section(question, _matched(facts, rows), tuple(filter(None, paragraphs)), (), tuple(tables))


def _matched(facts: Facts, rows: pd.DataFrame) -> str:
    invoiced, lost = rounded(float(rows["invoiced"].sum())), rounded(float(rows["unallocated"].sum()))
    month = month_name(facts.month)
    of = f"the invoice of {month}," if len(rows) == 1 else f"the {len(rows)} invoices of {month}, together"
    if rows["unallocated"].abs().lt(LEAST).all():
        return f"Yes: {of} {facts.money(invoiced)}, {'is' if len(rows) == 1 else 'are'} given to VMs to the last cent."
    return f"Not wholly: of {of} {facts.money(invoiced)}, {facts.money(lost)} could be given to no VM."


def _against_list(facts: Facts, rows: pd.DataFrame) -> str:
    if rows["list_cost"].isna().all():
        return "There is no list cost to compare with: prices are missing."
    listed, difference = rows["list_cost"].sum(), rows["difference"].sum()
    more = "more" if difference > 0 else "less"
    if abs(difference) <= 0.005:
        return f"By the price book the same VMs cost the same, {facts.money(listed)}."
    return (
        f"By the price book the same VMs cost {facts.money(listed)}: "
        f"the invoices are {facts.money(abs(difference))} {more}."
    )


def _corrected(facts: Facts, booked: pd.DataFrame) -> str:
    if booked.empty:
        return ""
    total, months_ = rounded(float(booked["allocated_cost"].sum())), sorted(booked["corrects"].unique())
    names = joined([month_name(month) for month in months_])
    if not total:
        what = f"Between VMs, corrections of {names} move {facts.money(_moved(booked))}"
    else:
        what = f"{facts.money(total)} of it corrects {names}"
    return (
        f"{what}: what was invoiced and how it was divided stays in closed months, and what changed or was learnt "
        f"later is booked in {month_name(facts.month)}."
    )


def _moved(booked: pd.DataFrame) -> float:
    """What corrections that add up to nothing give to some VMs, and take from others."""
    sums = exact_sums(booked, machine_key(booked), "allocated_cost")
    return rounded(float(sums[sums > 0].sum()))


def _corrections(booked: pd.DataFrame) -> ReportTable:
    """What is booked in the month and belongs to closed ones, invoice by invoice."""
    key = ["account", "invoice_id", "corrects"]
    sums = exact_sums(booked, key, "allocated_cost")
    reasons = booked.groupby(key)["reason"].first()
    rows = pd.DataFrame({"amount": sums, "reason": reasons}).reset_index()
    several = len(rows["account"].unique()) > 1
    return ReportTable(
        "Corrections of closed months",
        (
            labelled("Invoice", rows["invoice_id"]),
            *([text("Account", rows["account"])] if several else []),
            months("Corrects", rows["corrects"]),
            amounts("Amount", rows["amount"], kind="change"),
            text("Why", rows["reason"]),
        ),
        note="They are part of the month's cost.",
    )


def _reconciled(facts: Facts, rows: pd.DataFrame, title: str) -> ReportTable:
    dated = rows.merge(
        facts.invoices[["account", "invoice_id", "invoice_date", "status"]],
        on=["account", "invoice_id"],
        how="left",
        validate="many_to_one",
    )
    several = len(dated["account"].unique()) > 1
    return ReportTable(
        title,
        note="List cost stands with a month's largest invoice; the difference is that of all its invoices together.",
        columns=(
            labelled("Invoice", dated["invoice_id"]),
            *([text("Account", dated["account"])] if several else []),
            dates("Date", dated["invoice_date"]),
            months("Bills", dated["month"]),
            text("Status", dated["status"]),
            amounts("Invoiced", dated["invoiced"]),
            amounts("Given to VMs", dated["allocated"]),
            amounts("Unallocated", dated["unallocated"]),
            summed("List cost", "money", dated["list_cost"].round(2)),
            summed("Difference", "change", dated["difference"].round(2)),
            text("State", dated["state"]),
        ),
    )
