import math

import pandas as pd
import pytest
from made_up_facts import FLEET, NOVEMBER, TOTALS, facts_of, vm

from vmgen_analytics.report.content import content
from vmgen_analytics.report.shape import joined

QUESTIONS = [
    "What did we spend, and what changed?",
    "Who cost it, and where?",
    "What does a unit cost?",
    "Does it match the invoices?",
    "How much traffic was there?",
    "What do we run, and where?",
    "What is missing or estimated?",
]


def said(report, words):
    section = next(section for section in report.sections if words in section.question)
    return " ".join([section.answer, *section.paragraphs]).replace("\N{NO-BREAK SPACE}", " ")


def table_of(report, title):
    return next(table for table in report.tables if table.title == title)


def column(table, heading):
    return next(column for column in table.columns if column.heading == heading)


@pytest.fixture(scope="module")
def report():
    return content(facts_of())


def test_the_questions_come_in_the_order_in_which_people_ask(report):
    assert [section.question for section in report.sections] == QUESTIONS


def test_the_total_its_change_and_who_came_and_went(report):
    text = said(report, "spend")
    assert "November 2026 cost 100.00 EUR, 39.99 EUR (66.6 %) more than October 2026 (60.01 EUR)." in text
    assert "1 VM is new and cost" in text
    assert "young" in text
    assert "1 VM is gone and had cost" in text
    assert "old" in text


def test_who_and_where_with_the_numbers(report):
    text = said(report, "Who cost")
    assert "Tokyo" in text
    assert "Large" in text
    assert "among 4 VMs" in text


def test_it_matches_the_invoices(report):
    assert said(report, "match").startswith(
        "Yes: the invoice of November 2026, 100.00 EUR, is given to VMs to the last cent"
    )


def test_traffic_says_on_how_many_days_it_rests(report):
    expected = 3 * 30 + 20
    assert f"110 GB came in and 220 GB went out in November 2026, from reports of {expected} of" in said(
        report, "traffic"
    )


def test_the_footprint_of_the_last_day(report):
    assert "4 VMs, 3 of them in 2 locations, on 30 November 2026: 7 vCPUs" in said(report, "run,")
    assert "1 VM came: young." in said(report, "run,")


def test_what_is_missing_is_named(report):
    text = said(report, "missing")
    assert "an estimate" in text
    assert "list price of each VM's package (key price_book)" in text
    assert "1 VM without a known location: nowhere." in text
    assert "bare numbers" not in text


@pytest.mark.parametrize("title", ["Cost by location", "Cost by package", "Cost by VM", "Spend by month"])
def test_printed_lines_add_up_to_the_printed_total(report, title):
    cost = column(table_of(report, title), "Cost")
    assert sum(round(value * 100) for value in cost.cells) == round(cost.total * 100)
    if title != "Spend by month":
        assert cost.total == 100.0


@pytest.mark.parametrize("title", ["Cost by location", "Cost by VM", "Largest changes"])
def test_printed_changes_add_up_to_the_change_of_the_total(report, title):
    change = column(table_of(report, title), "Change")
    assert sum(round(value * 100) for value in change.cells) == round(change.total * 100) == 3999


def test_every_vm_is_in_the_table_and_the_gone_one_too(report):
    table = table_of(report, "Cost by VM")
    names = column(table, "VM").cells
    assert sorted(names) == ["db", "nowhere", "old", "web", "young"]
    news = dict(zip(names, column(table, "New or gone").cells, strict=True))
    assert (news["young"], news["old"], news["web"]) == ("new", "gone", "")


def test_the_table_never_truncates():
    fleet = tuple(vm(number, f"vm-{number}") for number in range(200))
    report = content(facts_of(fleet))
    assert table_of(report, "Cost by VM").length == 200
    assert table_of(report, "Traffic by VM").length == 200
    assert table_of(report, "Largest changes").length == 13


def test_an_open_month_is_compared_with_nothing():
    report = content(facts_of(now="2026-11-20"))
    text = said(report, "spend")
    assert "November 2026 has cost 100.00 EUR so far." in text
    assert "The last whole month: October 2026 cost 60.01 EUR, 10.01 EUR (20.0 %) more than September 2026" in text
    assert column(table_of(report, "Spend by month"), "Change").cells == (None, pytest.approx(10.01), None)
    assert "Change" not in [column.heading for column in table_of(report, "Cost by VM").columns]
    assert "November 2026 is open: its numbers may still change." in said(report, "missing")
    assert "October 2026" in table_of(report, "Largest changes").note


def test_a_month_without_an_invoice_says_so():
    report = content(facts_of(totals=TOTALS[:2]))
    assert said(report, "spend").startswith(
        "No invoice bills November 2026 yet; October 2026, the newest month with one"
    )
    assert said(report, "match") == "No invoice bills November 2026 yet."
    assert "110 GB came in" in said(report, "traffic")


def test_no_invoice_at_all_is_no_reason_to_fail():
    report = content(facts_of(totals=()))
    assert "none bills the months before it" in said(report, "spend")


def test_an_invoice_of_a_month_without_vms_is_unallocated_and_said():
    report = content(
        facts_of((vm(1, "web", dies="2026-09-02"),), (("2026-10", 40.0),), month=pd.Period("2026-10", "M"))
    )
    assert said(report, "match").startswith(
        "Not wholly: of the invoice of October 2026, 40.00 EUR, 40.00 EUR could be given"
    )
    assert "unallocated" in column(table_of(report, "Cost by location"), "Location").cells


def test_credits_are_subtracted():
    report = content(facts_of(totals=(*TOTALS, ("2026-11", -10.0))))
    assert "November 2026 cost 90.00 EUR" in said(report, "spend")
    assert "the 2 invoices of November 2026, together 90.00 EUR, are given to VMs" in said(report, "match")


def test_missing_days_are_named_and_not_counted_as_zero():
    report = content(facts_of(silent={(1, "2026-11-03"), (1, "2026-11-04"), (1, "2026-11-09")}))
    table = table_of(report, "Days without a final report")
    assert [column.cells for column in table.columns] == [("3\N{EN DASH}4, 9 November 2026",), ("no report",), ("web",)]
    assert "it is not compared with October 2026, as days are missing" in said(report, "traffic")
    assert "3 of 110 VM-days of November 2026 have no final report" in said(report, "missing")


def test_a_vm_that_reported_nothing_has_missing_traffic():
    silent = {(3, f"2026-11-{day:02d}") for day in range(1, 31)}
    table = table_of(content(facts_of(silent=silent)), "Traffic by VM")
    found = dict(zip(column(table, "VM").cells, column(table, "In [GB]").cells, strict=True))
    assert found["young"] is None
    assert found["web"] == 30.0


def test_without_prices_the_list_cost_is_missing_and_said():
    report = content(facts_of(prices=False))
    assert "No price book is set" in said(report, "missing")
    assert "no list cost to compare with" in said(report, "match")
    cost = column(table_of(report, "Cost by VM"), "List cost")
    assert set(cost.cells) == {None}
    assert math.isnan(cost.total)


def test_a_package_without_a_price_is_named():
    report = content(facts_of((*FLEET, vm(9, "odd", "Custom"))))
    assert "Without a price: Custom in Paris." in said(report, "missing")


def test_without_a_currency_numbers_are_bare_and_it_says_so():
    report = content(facts_of(currency=""))
    assert "November 2026 cost 100.00, 39.99 (66.6 %) more" in said(report, "spend")
    assert "bare numbers" in said(report, "missing")


def test_names_in_a_sentence_are_short_and_few():
    assert joined(["a"]) == "a"
    assert joined(["a", "b", "c"]) == "a, b and c"
    assert joined([*"abcdefghijkl"]) == "a, b, c, d, e, f, g, h and 4 more"
    assert len(joined(["n" * 300])) == 60


def test_the_small_print(report):
    text = " ".join(report.small_print)
    for part in ("UTC", "EUR", "data/archive", "2026-12-02 06:00 UTC", "1 GB = 1,000 MB"):
        assert part in text


def test_several_accounts_stand_apart():
    facts = facts_of()
    other = {name: getattr(facts, name).assign(account="second") for name in ("days", "invoices", "costs", "coverage")}
    both = {name: pd.concat([getattr(facts, name), table], ignore_index=True) for name, table in other.items()}
    report = content(type(facts)(**{**vars(facts), **both}))
    assert column(table_of(report, "Cost by VM"), "Cost").total == 200.0
    assert column(table_of(report, "Cost by VM"), "Account").cells.count("second") == 5


def test_a_month_with_one_vm_and_nothing_before():
    report = content(facts_of((vm(1, "only", born="2026-11-05"),), totals=(("2026-11", 5.0),)))
    assert "November 2026 cost 5.00 EUR; no invoice of October 2026 is known" in said(report, "spend")


def test_november_is_the_month_of_the_title(report):
    assert report.title == "VMgen report: November 2026"
    assert facts_of().month == NOVEMBER
