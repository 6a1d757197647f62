"""Statements: what each cost centre pays, in cents that add up to its total and to the invoices."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import days_of, fleets, invoices, invoices_of, prices
from test_cost_centres import NAMES, rules, sharings

from vmgen_analytics import CostCentres, PriceBook, SharedCosts, allocated_costs, assigned_costs, cost_statement
from vmgen_analytics.cost.cents import rounded
from vmgen_analytics.errors import SchemaError
from vmgen_analytics.schema import TABLES

JUNE = pd.Period("2026-06", "M")


def cents(amounts):
    return np.rint(np.asarray(amounts, dtype="float64") * 100).astype("int64")


def millionths(amounts):
    return np.rint(np.asarray(amounts, dtype="float64") * 1e6).astype("int64")


def assigned(costs, rules, sharings=()):
    centres = CostCentres.of(rules)
    return assigned_costs(costs, centres, SharedCosts.of(sharings, centres))


@given(fleets(), invoices(), prices(), rules(), sharings(), st.integers(0, 9_999))
def test_lines_equal_statements_and_statements_equal_invoices(days, invoices, prices, rules, sharings, fraction):
    invoices = invoices.assign(total_cost=invoices["total_cost"] + fraction / 1e6)  # also totals that are no cents
    costs = allocated_costs(days, invoices, PriceBook.of(prices))
    costs = assigned(costs, [*rules, *({"name": f"no-{name}", "cost_centre": name} for name in NAMES)], sharings)
    for month, of_month in costs.groupby("month"):
        lines = cost_statement(costs, month)
        assert (lines["month"] == month).all()
        billed = int(millionths(of_month["allocated_cost"]).sum())
        assert cents(lines["printed_cost"]).sum() == cents(rounded(billed / 1e6))
        assert millionths(lines["allocated_cost"]).sum() == billed
        off = cents(lines["printed_cost"]) * 10_000 - millionths(lines["allocated_cost"])
        assert (np.abs(off) < 10_000).all()
        for _, of_kind in lines.groupby(["cost_centre", "kind"]):
            exact = millionths(of_kind["allocated_cost"]).sum()
            assert abs(cents(of_kind["printed_cost"]).sum() * 10_000 - exact) < 10_000
        paid = of_month.groupby("cost_centre")["allocated_cost"].agg(lambda part: millionths(part).sum())
        for centre, theirs in lines.groupby("cost_centre"):
            assert theirs["line"].tolist() == list(range(1, len(theirs) + 1))
            assert millionths(theirs["allocated_cost"]).sum() == paid.get(centre, 0)
            assert abs(cents(theirs["printed_cost"]).sum() * 10_000 - paid.get(centre, 0)) < 10_000
            pd.testing.assert_frame_equal(cost_statement(costs, month, centre), theirs.reset_index(drop=True))
        assert set(paid.index) <= set(lines["cost_centre"])
        _check_what_is_shared(of_month, lines)


def _check_what_is_shared(costs, lines):
    """What one passes on, others receive; both are the shared rows of the costs."""
    moved = millionths(costs.loc[costs["shared_from"] != "", "allocated_cost"]).sum()
    assert millionths(lines.loc[lines["kind"] == "shared", "allocated_cost"]).sum() == moved
    assert millionths(lines.loc[lines["kind"] == "passed_on", "allocated_cost"]).sum() == -moved
    assert lines.loc[lines["kind"].isin(["shared", "passed_on"]), "counterpart"].notna().all()
    assert lines.loc[lines["kind"].isin(["own", "credit"]), "counterpart"].isna().all()


@pytest.fixture
def costs():
    """Three VMs in June 2026, of which the first is resized on the 11th and the last is born on the 21st."""
    days = days_of(
        (1, "2026-06-01", "2026-06-10", {"vm_name": "web"}),
        (1, "2026-06-11", "2026-06-30", {"vm_name": "web-new", "package": "Large"}),
        (2, "2026-06-01", "2026-06-30", {"vm_name": "monitor", "location": None}),
        (3, "2026-06-21", "2026-06-30", {"vm_name": "db"}),
    )
    bills = invoices_of([("main", "2026-06-15", 70), ("main", "2026-06-30", 35), ("main", "2026-06-30", -7)])
    return allocated_costs(days, bills, key="even")


RULES = (
    {"name": "web*", "cost_centre": "shop"},
    {"name": "db", "cost_centre": "blog"},
    {"name": "monitor", "cost_centre": "platform"},
)
EVEN = ({"cost_centre": "platform", "split": "even"},)


def told(lines, *names):
    return [
        tuple(row) for row in lines[list(names)].astype("object").where(lines[list(names)].notna(), None).to_numpy()
    ]


def test_own_vms_have_their_days_and_invoices_and_credits_stand_apart(costs):
    lines = cost_statement(assigned(costs, RULES), JUNE, "shop")
    assert told(lines, "kind", "vm_id", "vm_name", "package", "days", "invoices", "rule", "printed_cost") == [
        ("own", 1, "web", "Small", 10, "1, 2", "line 1", 15.0),
        ("own", 1, "web-new", "Large", 20, "1, 2", "line 1", 30.0),
        ("credit", 1, "web", "Small", 10, "3", "line 1", -1.0),
        ("credit", 1, "web-new", "Large", 20, "3", "line 1", -2.0),
    ]
    assert told(lines.head(2), "first_day", "last_day") == [
        (pd.Timestamp("2026-06-01"), pd.Timestamp("2026-06-10")),
        (pd.Timestamp("2026-06-11"), pd.Timestamp("2026-06-30")),
    ]


def test_what_is_shared_stands_with_both(costs):
    lines = cost_statement(assigned(costs, RULES, EVEN), JUNE)
    found = told(
        lines[lines["kind"] != "credit"], "cost_centre", "kind", "vm_name", "counterpart", "rule", "printed_cost"
    )
    assert found == [
        ("blog", "own", "db", None, "line 2", 15.0),
        ("blog", "shared", None, "platform", "line 1", 21.0),
        ("platform", "own", "monitor", None, None, 45.0),
        ("platform", "passed_on", None, "blog", "line 1", -21.0),
        ("platform", "passed_on", None, "shop", "line 1", -21.0),
        ("shop", "own", "web", None, "line 1", 15.0),
        ("shop", "own", "web-new", None, "line 1", 30.0),
        ("shop", "shared", None, "platform", "line 1", 21.0),
    ]
    assert lines.groupby("cost_centre")["printed_cost"].sum().to_dict() == {"blog": 35.0, "platform": 0.0, "shop": 63.0}


def test_what_has_no_vm_is_unallocated_and_what_has_no_rule_unassigned(costs):
    lost = allocated_costs(TABLES["vm_days"].frame(), invoices_of([("main", "2026-06-30", 5)]))
    lines = cost_statement(assigned(pd.concat([costs, lost.assign(invoice_id=9)]), RULES[:1]), JUNE, "unassigned")
    assert told(lines, "kind", "vm_id", "invoices", "printed_cost")[2:3] == [("unallocated", None, "9", 5.0)]
    assert lines["rule"].isna().all()


def corrected(costs, month, reason):
    """Costs of an invoice that was changed after its month was closed, as they are booked in a later one."""
    whose = ["account", "invoice_id", "vm_id"]
    sums = costs.groupby(whose)["allocated_cost"].sum().round(6).reset_index()
    rows = costs.drop_duplicates(whose).drop(columns="allocated_cost").merge(sums, on=whose, validate="one_to_one")
    rows = rows.assign(date=month.to_timestamp(), month=month, corrects=rows["month"], reason=reason)
    return TABLES["allocated_costs"].cast(rows)


def test_corrections_stand_apart_with_their_reason():
    days = days_of((1, "2026-05-01", "2026-06-30", {"vm_name": "web"}), (2, "2026-05-01", "2026-06-30", {}))
    june, less = invoices_of([("main", "2026-06-30", 60)]), invoices_of([("main", "2026-05-31", -7)])
    late = allocated_costs(days, less.assign(invoice_id=9), key="even")
    costs = pd.concat([allocated_costs(days, june, key="even"), corrected(late, JUNE, "less")], ignore_index=True)
    lines = cost_statement(assigned(costs, [*RULES, {"name": "vm-2", "cost_centre": "platform"}], EVEN), JUNE, "shop")
    assert told(lines, "kind", "vm_id", "counterpart", "days", "invoices", "printed_cost") == [
        ("own", 1, None, 30, "1", 30.0),
        ("shared", None, "platform", None, "1", 30.0),
        ("correction", 1, None, None, "9", -3.5),
        ("correction", None, "platform", None, "9", -3.5),
    ]
    assert told(lines.tail(2), "corrects", "reason") == [(JUNE - 1, "less")] * 2


def test_a_third_of_a_cent_is_given_to_somebody():
    days = days_of(*((number, "2026-06-01", "2026-06-30", {}) for number in (1, 2, 3)))
    costs = allocated_costs(days, invoices_of([("main", "2026-06-30", 0.01)]), key="even")
    each = [{"name": f"vm-{number}", "cost_centre": f"centre {number}"} for number in (1, 2, 3)]
    lines = cost_statement(assigned(costs, each), JUNE)
    assert sorted(lines["printed_cost"]) == [0, 0, 0.01]


def test_two_accounts_with_one_number_of_invoice_stay_apart():
    days = days_of((1, "2026-06-01", "2026-06-30", {}), (2, "2026-06-01", "2026-06-30", {"account": "second"}))
    bills = invoices_of([("main", "2026-06-30", 8), ("second", "2026-06-30", 9)]).assign(invoice_id=1)
    costs = allocated_costs(days, bills, key="even")
    lines = cost_statement(costs, JUNE)
    assert told(lines, "account", "vm_id", "invoices", "printed_cost") == [
        ("main", 1, "1", 8.0),
        ("second", 2, "1", 9.0),
    ]


def test_a_month_without_an_invoice_has_no_lines(costs):
    assert cost_statement(costs, "2026-07").equals(TABLES["cost_statement"].frame())
    assert cost_statement(costs, JUNE, "nobody").empty
    with pytest.raises(SchemaError, match="'June' is no day or month"):
        cost_statement(costs, "June")
    with pytest.raises(SchemaError, match="allocated_costs needs"):
        cost_statement(costs.drop(columns="rule"), JUNE)
