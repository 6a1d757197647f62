"""Who pays: the costs of a month by cost centre, what is nobody's, and the rules that never decide."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vmgen_analytics import plots
from vmgen_analytics.cost import cost_centre_rules, monthly_costs
from vmgen_analytics.cost.cents import rounded
from vmgen_analytics.cost.millionths import exact_sums
from vmgen_analytics.plots.labels import month_name, percent
from vmgen_analytics.report.breakdown import money_columns
from vmgen_analytics.report.printing import name_of
from vmgen_analytics.report.shape import Picture, ReportTable, Section, amounts, joined, labelled, numbers, text
from vmgen_analytics.report.spending import LEAST
from vmgen_analytics.schema import UNASSIGNED, machine_key
from vmgen_analytics.wording import counted

if TYPE_CHECKING:
    import pandas as pd

    from vmgen_analytics.report.facts import Facts


def who_pays(facts: Facts) -> Section | None:
    """Answers which cost centre pays how much; None without rules."""
    if facts.centres is None:
        return None
    question = "Who pays?"
    by_centre = facts.monthly("cost_centre")
    rows = facts.of_month(by_centre)
    rules = cost_centre_rules(facts.costs, facts.centres)
    idle = rules[rules["finding"] != ""]
    tables = [_rules(idle)] if len(idle) else []
    if rows.empty:
        return Section(question, f"Nobody yet: no invoice bills {month_name(facts.month)}.", tables=tuple(tables))
    picture = plots.monthly_costs(by_centre, currency=facts.currency, open_month=facts.open_month)
    return Section(
        question,
        _answer(facts, rows),
        tuple(filter(None, [_unassigned(facts), _idle(facts, rules, idle)])),
        (Picture("monthly_costs_by_cost_centre", picture),),
        (_centres(facts, rows), *tables),
    )


def _answer(facts: Facts, rows: pd.DataFrame) -> str:
    assigned = rows[(rows["cost_centre"] != UNASSIGNED) & rows["allocated_cost"].abs().ge(LEAST)]
    nobodys = float(rows.loc[rows["cost_centre"] == UNASSIGNED, "allocated_cost"].sum())
    rest = rounded(facts.totals[facts.month] - rounded(nobodys))
    verb = "pays" if len(assigned) == 1 else "pay"
    sentence = f"{counted(len(assigned), 'cost centre')} {verb} {facts.money(rest)} of {month_name(facts.month)}"
    if abs(nobodys) < LEAST:
        return f"{sentence}, which is all of it."
    total = facts.totals[facts.month]
    part = f" ({percent(nobodys / total, decimals=1)})" if total > 0 else ""
    return f"{sentence}; {facts.money(rounded(nobodys))}{part} is unassigned."


def _unassigned(facts: Facts) -> str:
    """Name the VMs that no rule fits, the dearest first."""
    month = facts.of_month(facts.costs)
    nobodys = month[month["cost_centre"] == UNASSIGNED]
    if nobodys.empty:
        return ""
    rows = monthly_costs(nobodys, by="vm_id").sort_values("allocated_cost", ascending=False, kind="stable")
    costs = map(facts.money, rows["allocated_cost"])
    names = [f"{name_of(row)} ({cost})" for row, cost in zip(rows.itertuples(), costs, strict=True)]
    return f"Unassigned: {joined(names)}. A rule for them in the file of cost centres also works backwards in time."


def _idle(facts: Facts, rules: pd.DataFrame, idle: pd.DataFrame) -> str:
    since = month_name(facts.months[0])
    if idle.empty:
        return f"Every rule has decided something since {since}."
    verb = "has" if len(idle) == 1 else "have"
    return f"{len(idle)} of {counted(len(rules), 'rule')} {verb} decided nothing since {since}; see the table."


def _centres(facts: Facts, rows: pd.DataFrame) -> ReportTable:
    is_nobody = rows["cost_centre"] == UNASSIGNED
    rows = rows.assign(last=is_nobody).sort_values(["last", "allocated_cost"], ascending=[True, False], kind="stable")
    month = facts.of_month(facts.costs)
    own = month[month["vm_id"].notna() & (month["shared_from"] == "")]
    vms = own.drop_duplicates([*machine_key(own), "cost_centre"])["cost_centre"].value_counts()
    shared = exact_sums(month[month["shared_from"] != ""], ["cost_centre"], "allocated_cost")
    parts = [shared.get(name, 0.0) for name in rows["cost_centre"]]
    return ReportTable(
        "Cost by cost centre",
        (
            labelled("Cost centre", rows["cost_centre"]),
            numbers("VMs", "count", [vms.get(name, 0) for name in rows["cost_centre"]]),
            *money_columns(facts, rows),
            *([amounts("Of it shared", parts)] if len(shared) else []),
        ),
        note="A VM that several pay for counts in each.",
    )


def _rules(idle: pd.DataFrame) -> ReportTable:
    return ReportTable(
        "Rules that never decide",
        (
            text("Rule", idle["rule"]),
            text("Asks for", idle["says"]),
            text("Cost centre", idle["cost_centres"]),
            text("Why", idle["finding"]),
        ),
    )
