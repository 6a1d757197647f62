"""What a report says of who pays, of what is to come, of budgets, unit costs and corrections: as its tables do."""

import io

import openpyxl
import pandas as pd
import pytest
from made_up_facts import NOVEMBER, facts_of, vm

from vmgen_analytics.cost import Budgets, CostCentres, budget_status, cost_changes, cost_forecast, unit_costs
from vmgen_analytics.report.content import content
from vmgen_analytics.report.workbook import workbook
from vmgen_analytics.schema import TABLES

RULES = CostCentres.of(
    [
        {"name": "web", "cost_centre": "Shop"},
        {"name": "db", "cost_centre": "Platform"},
        {"name": "gone-*", "cost_centre": "Shop"},
    ]
)
OLD_FLEET = (vm(1, "web", born="2026-05-01"), vm(2, "db", "Large", "Tokyo", born="2026-05-01"))
OLD_TOTALS = tuple((f"2026-{month:02d}", 50.0 + month % 3) for month in range(5, 12))


def open_facts(**more):
    """Seven months, of which the newest is not over."""
    return facts_of(OLD_FLEET, OLD_TOTALS, now="2026-11-20", **more)


def section_of(report, words):
    return next((section for section in report.sections if words in section.question), None)


def said(section):
    return " ".join([section.answer, *section.paragraphs]).replace("\N{NO-BREAK SPACE}", " ")


def cells(table, heading):
    return next(column for column in table.columns if column.heading == heading).cells


def table_of(report, title):
    return next(table for table in report.tables if table.title == title)


def test_without_rules_budgets_and_an_open_month_nothing_is_asked_of_them():
    report = content(facts_of())
    for words in ("Who pays", "What will", "budgets"):
        assert section_of(report, words) is None


def test_what_changed_is_the_waterfall_of_the_table():
    facts = facts_of()
    report = content(facts)
    changes = cost_changes(facts.costs, NOVEMBER)
    table = table_of(report, "What changed")
    assert cells(table, "Reason") == tuple(changes["reason"])
    assert sum(round(value * 100) for value in cells(table, "Change")) == 3999
    assert "cost_changes" in [picture.name for picture in report.pictures]
    assert "From October 2026 to November 2026, most came from" in said(section_of(report, "spend"))


def test_a_first_month_has_no_empty_picture_and_says_why():
    report = content(facts_of((vm(1, "only", born="2026-11-05"),), totals=(("2026-11", 5.0),)))
    assert "cost_changes" not in [picture.name for picture in report.pictures]
    assert "takes two months with all their invoices: October 2026 and November 2026 are not both known" in said(
        section_of(report, "spend")
    )


def test_who_pays_with_what_is_nobodys_and_rules_that_never_decide():
    report = content(facts_of(centres=RULES))
    section = section_of(report, "Who pays")
    table = table_of(report, "Cost by cost centre")
    assert cells(table, "Cost centre") == ("Platform", "Shop", "unassigned")
    cost = next(column for column in table.columns if column.heading == "Cost")
    assert sum(round(value * 100) for value in cost.cells) == round(cost.total * 100) == 10_000
    assert cells(table, "VMs") == (1, 1, 2)
    assert said(section).startswith("2 cost centres pay")
    assert "is unassigned" in section.answer
    assert "Unassigned: " in said(section)
    assert "young" in said(section)
    assert "1 of 3 rules has decided nothing since September 2026" in said(section)
    idle = table_of(report, "Rules that never decide")
    assert cells(idle, "Rule") == ("line 3",)
    assert cells(idle, "Why") == ("never fits anything in these months",)


def test_a_rule_for_everything_leaves_nothing():
    report = content(facts_of(centres=CostCentres.of([{"cost_centre": "All"}])))
    text = said(section_of(report, "Who pays"))
    assert text == (
        "1 cost centre pays 100.00 EUR of November 2026, which is all of it. "
        "Every rule has decided something since September 2026."
    )


def test_the_forecast_is_that_of_the_table_and_says_its_error():
    facts = open_facts()
    row = cost_forecast(facts.days, facts.costs, facts.prices, today=pd.Timestamp("2026-11-20")).iloc[0]
    report = content(facts)
    text = said(section_of(report, "What will"))
    assert f"November 2026 will have cost about {row['expected']:.2f} EUR" in text
    assert f"between {row['low']:.2f} EUR and {row['high']:.2f} EUR" in text
    assert f"of 3 closed months, was off by {100 * row['error']:.1f} % in the median" in text
    assert cells(table_of(report, "Forecast"), "Expected") == (row["expected"],)
    assert "cost_forecast" in [picture.name for picture in report.pictures]


def test_a_refused_forecast_is_a_sentence():
    report = content(facts_of((vm(1, "web", born="2026-11-01"),), totals=(("2026-11", 9.0),), now="2026-11-20"))
    text = said(section_of(report, "What will"))
    assert text == (
        "That cannot be told for November 2026: a forecast needs one closed month with an invoice and every day of "
        "its VMs known; there is none."
    )


BUDGETS = Budgets.of(
    [
        {"period": "2026-11", "amount": "40"},
        {"period": "2026-Q4", "amount": "900"},
        {"cost_centre": "Shop", "period": "2026-11", "amount": "900"},
        {"period": "2025", "amount": "1"},
    ],
    RULES,
)


def test_budgets_of_the_month_as_their_table_has_them():
    facts = open_facts(centres=RULES, budgets=BUDGETS)
    report = content(facts)
    table = table_of(report, "Budgets")
    status = budget_status(BUDGETS, facts.costs, facts.forecast, today=pd.Timestamp("2026-11-20")).iloc[:3]
    assert cells(table, "Budget") == ("everything", "everything", "cost centre Shop")
    assert cells(table, "State") == tuple(status["state"])
    assert cells(table, "Spent") == tuple(status["actual"].round(2))
    assert cells(table, "Expected") == tuple(status["forecast"].round(2))
    text = said(section_of(report, "budgets"))
    assert text.startswith("Not all of 3 budgets: everything (")
    assert "of 40.00 EUR) is exceeded" in text


def test_the_budget_of_a_month_that_is_over_stands_as_at_its_end():
    facts = facts_of(
        budgets=Budgets.of([{"period": "2026-11", "amount": "200"}, {"period": "2026-Q4", "amount": "500"}])
    )
    report = content(facts)
    assert cells(table_of(report, "Budgets"), "Spent") == (100.0, 160.01)
    assert cells(table_of(report, "Budgets"), "State")[0] == "kept"
    assert "none of 2 budgets is exceeded" in said(section_of(report, "budgets"))


def test_unit_costs_are_those_of_the_table_without_the_open_month():
    facts = open_facts()
    report = content(facts)
    units = unit_costs(facts.costs, facts.days)
    table = table_of(report, "Unit costs")
    assert [str(month) for month in cells(table, "Month")] == [f"2026-{month:02d}" for month in range(5, 11)]
    assert cells(table, "A VM") == tuple(units["cost_per_vm_month"][:-1])
    assert "A VM cost 25.50 EUR on average in October 2026" in said(section_of(report, "unit"))


def test_a_unit_that_is_not_known_says_why():
    report = content(facts_of(silent={(1, "2026-11-03")}))
    why = cells(table_of(report, "Unit costs"), "Not known, and why")
    assert why[-1] == "traffic sent unknown on 1 VM-days"
    assert cells(table_of(report, "Unit costs"), "A TB sent")[-1] is None


def account_seen(day, credit, model="Bill before"):
    return {"account": "main", "seen_at": pd.Timestamp(day, tz="UTC"), "credit": credit, "invoicing_model": model}


def test_credit_that_is_used_up_has_a_day():
    seen = [account_seen("2026-11-01", 100.0), account_seen("2026-11-20", 62.0)]
    accounts = TABLES["accounts"].frame({name: [each[name] for each in seen] for name in seen[0]})
    report = content(open_facts(accounts=accounts))
    assert "The credit, 62.00 EUR, lasts until 21 December 2026 at 2.00 EUR a day." in said(
        section_of(report, "What will")
    )
    assert cells(table_of(report, "Credit"), "Lasts until") == (pd.Timestamp("2026-12-21"),)


def test_an_account_that_pays_after_has_no_runway():
    accounts = TABLES["accounts"].frame({k: [v] for k, v in account_seen("2026-11-20", 9.0, "Bill after").items()})
    assert "Credit" not in [table.title for table in content(open_facts(accounts=accounts)).tables]


@pytest.fixture
def corrected():
    """A correction of October booked in November: 10 less than was invoiced then, for each of 4 VMs as much."""
    facts = facts_of()
    rows = facts.costs[facts.costs["month"] == pd.Period("2026-10", "M")].drop_duplicates("vm_id")
    later = rows.assign(
        date=pd.Timestamp("2026-11-01"),
        month=pd.Period("2026-11", "M"),
        corrects=pd.Period("2026-10", "M"),
        reason="changed from 60.01 to 50.01 on 2026-11-09, after 2026-10 was closed",
        allocated_cost=-2.5,
        list_cost=float("nan"),
    )
    costs = TABLES["allocated_costs"].cast(pd.concat([facts.costs, later], ignore_index=True))
    return type(facts)(**{**vars(facts), "costs": costs})


def test_corrections_are_told_with_their_reason(corrected):
    report = content(corrected)
    section = section_of(report, "match")
    assert (
        "\N{MINUS SIGN}10.00 EUR of it corrects October 2026: what was invoiced and how it was divided stays"
        in said(section)
    )
    table = table_of(report, "Corrections of closed months")
    assert cells(table, "Amount") == (-10.0,)
    assert cells(table, "Corrects") == (pd.Period("2026-10", "M"),)
    assert "changed from 60.01 to 50.01" in cells(table, "Why")[0]


def test_what_moves_between_vms_alone_is_told_as_such(corrected):
    costs = corrected.costs
    late = costs["corrects"].notna()
    moved = costs["allocated_cost"].mask(late, 2.5 * (1 - 2 * (costs["vm_id"] % 2)))  # two VMs get what two others lose
    report = content(type(corrected)(**{**vars(facts_of()), "costs": costs.assign(allocated_cost=moved)}))
    assert "Between VMs, corrections of October 2026 move 5.00 EUR: what was" in said(section_of(report, "match"))


def test_a_full_report_is_a_workbook_with_the_same_sheets():
    report = content(open_facts(centres=RULES, budgets=BUDGETS))
    book = openpyxl.load_workbook(io.BytesIO(workbook(report)))
    assert book.sheetnames == ["Summary", *(table.title for table in report.tables)]
    assert len(set(book.sheetnames)) == len(book.sheetnames)
    assert {"What changed", "Cost by cost centre", "Forecast", "Budgets", "Unit costs"} <= set(book.sheetnames)


def test_an_account_that_is_not_billed_yet_is_unknown_in_the_report_and_nothing_is_compared():
    facts = facts_of()
    second = facts.days[facts.days["vm_id"] <= 2].assign(account="second", vm_id=lambda days: days["vm_id"] + 90)
    days = TABLES["vm_days"].cast(pd.concat([facts.days, second]))
    billed = facts.costs[(facts.costs["month"] == pd.Period("2026-10", "M")) & facts.costs["vm_id"].isin([1, 2])]
    theirs = billed.assign(account="second", invoice_id=90, vm_id=billed["vm_id"] + 90, vm_name="other")
    costs = TABLES["allocated_costs"].cast(pd.concat([facts.costs, theirs]))
    report = content(type(facts)(**{**vars(facts_of()), "days": days, "costs": costs}))
    spend = said(section_of(report, "spend"))
    assert "Account second has no amount invoiced for November 2026 yet: what 2 VMs there cost is unknown" in spend
    assert "not every account has an invoice of both it and October 2026 to compare them by" in spend
    assert "other" not in str(table_of(report, "Cost by VM").columns)
    assert cells(table_of(report, "Spend by month"), "Change")[-1] is None
    assert "What changed" not in [table.title for table in report.tables]
    assert "cost_changes" not in [picture.name for picture in report.pictures]
    plain = said(section_of(content(facts_of()), "spend"))
    assert "no amount invoiced" not in plain
