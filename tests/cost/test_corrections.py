"""Closed months keep their numbers; what changes afterwards is booked, to the millionth, in the month that is open."""

import pandas as pd
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from strategies import days_of

from vmgen_analytics import (
    CostCentres,
    SharedCosts,
    allocated_costs,
    assigned_costs,
    cost_centre_rules,
    monthly_costs,
    reconciliation,
)
from vmgen_analytics.cost.closed_months import closed_costs
from vmgen_analytics.cost.corrections import Closings, booked_invoices
from vmgen_analytics.cost.millionths import to_millionths
from vmgen_analytics.schema import TABLES

DAYS = days_of((1, "2026-08-01", "2026-12-31", {}), (2, "2026-10-10", "2026-10-20", {"vm_name": "short"}))


def seen(*lines):
    """Table ``invoices``, all observations: number, when seen, date, total."""
    return TABLES["invoices"].frame(
        {
            "account": ["main"] * len(lines),
            "invoice_id": [line[0] for line in lines],
            "seen_at": [pd.Timestamp(line[1], tz="UTC") for line in lines],
            "invoice_date": pd.to_datetime([line[2] for line in lines]).as_unit("us"),
            "status": ["created"] * len(lines),
            "total_cost": [float(line[3]) for line in lines],
        }
    )


def costs_of(observations, closings=None):
    closings = closings or Closings()
    booked = booked_invoices(observations, closings)

    def divide(invoices, days):
        return allocated_costs(
            DAYS if days is None else days, invoices, key="even", invoice_period=closings.invoice_period
        )

    return closed_costs(booked, divide, closings)


def by_month(costs):
    found = monthly_costs(costs)
    return {str(month): cost for month, cost in zip(found["month"], found["allocated_cost"], strict=True) if cost}


def test_a_later_change_leaves_the_closed_month_and_stands_in_the_open_one():
    before = seen((1, "2026-10-28", "2026-10-01", 82), (2, "2026-11-05", "2026-11-01", 20))
    after = seen(
        (1, "2026-10-28", "2026-10-01", 82), (1, "2026-11-20", "2026-10-01", 90), (2, "2026-11-05", "2026-11-01", 20)
    )
    assert by_month(costs_of(before)) == {"2026-10": 82, "2026-11": 20}
    costs = costs_of(after)
    TABLES["allocated_costs"].check(costs)
    assert by_month(costs) == {"2026-10": 82, "2026-11": 28}
    october = costs["month"] == "2026-10"
    pd.testing.assert_frame_equal(costs[october], costs_of(before)[lambda old: old["month"] == "2026-10"])
    changes = costs[costs["corrects"].notna()]
    assert changes["corrects"].astype(str).unique().tolist() == ["2026-10"]
    assert changes["date"].unique().tolist() == [pd.Timestamp("2026-11-01")]
    assert changes["reason"].unique().tolist() == [
        "changed from 82.00 to 90.00 on 2026-11-20, after 2026-10 was closed"
    ]
    parts = dict(zip(changes["vm_id"], changes["allocated_cost"], strict=True))
    assert parts == pytest.approx({1: 8 * 31 / 42, 2: 8 * 11 / 42}, abs=1e-5)
    assert sum(to_millionths(changes["allocated_cost"])) == 8_000_000


@pytest.mark.parametrize(
    ("lines", "expected", "words"),
    [
        ([(1, "2026-11-01T11:00", "2026-10-01", 90)], {"2026-10": 90}, None),
        ([(1, "2026-11-01T12:01", "2026-10-01", 90)], {"2026-10": 82, "2026-11": 8}, "changed from 82.00 to 90.00"),
        ([(3, "2026-11-20", "2026-10-30", -5)], {"2026-10": 82, "2026-11": -5}, "first seen on 2026-11-20"),
        ([(1, "2026-10-29", "2026-11-01", 83)], {"2026-11": 83}, None),
        ([(1, "2026-11-20", "2026-11-01", 83)], {"2026-10": 82, "2026-11": 1}, "changed from 82.00 to 83.00"),
        ([(1, "2026-11-20", "2026-10-01", 90), (1, "2026-12-09", "2026-10-01", 70)],
         {"2026-10": 82, "2026-11": 8, "2026-12": -20}, "changed from 90.00 to 70.00"),
        ([(1, "2026-11-20", "2026-10-01", 90), (1, "2026-11-21", "2026-10-01", 82)], {"2026-10": 82}, None),
        ([(1, "2026-11-20", "2026-10-01", float("nan"))], {"2026-10": 82}, None),
    ],
)  # fmt: skip
def test_what_became_known_when(lines, expected, words):
    costs = costs_of(seen((1, "2026-10-28", "2026-10-01", 82), *lines))
    assert by_month(costs) == expected
    reasons = costs["reason"].dropna().unique().tolist()
    assert (reasons == []) if words is None else (words in " ".join(reasons))


def test_what_a_new_user_finds_of_old_months_is_no_correction():
    lines = [(number, "2026-12-05", f"2026-{number:02d}-01", 10 * number) for number in (8, 9, 10, 11, 12)]
    assert by_month(costs_of(seen(*lines))) == {f"2026-{number:02d}": 10 * number for number in (8, 9, 10, 11, 12)}


def test_where_invoices_bill_the_month_before_it_closes_a_month_later():
    closings = Closings("previous-month", "Europe/Amsterdam")
    assert str(closings.closes_at(pd.Period("2026-10", "M"))) == "2026-12-01 11:00:00+00:00"
    first = (1, "2026-11-03", "2026-11-01", 82)
    assert by_month(costs_of(seen(first, (1, "2026-11-30", "2026-11-01", 90)), closings)) == {"2026-10": 90}
    late = costs_of(seen(first, (1, "2026-12-03", "2026-11-01", 90)), closings)
    assert by_month(late) == {"2026-10": 82, "2026-11": 8}


def test_a_correction_is_reconciled_in_the_month_in_which_it_is_booked():
    observations = seen((1, "2026-10-28", "2026-10-01", 82), (1, "2026-11-20", "2026-10-01", 90))
    booked = booked_invoices(observations, Closings())
    own = TABLES["invoices"].cast(booked[booked["month"] == booked["booked_in"]])
    found = reconciliation(own, costs_of(observations))
    TABLES["reconciliation"].check(found)
    assert found["month"].astype(str).tolist() == ["2026-10", "2026-11"]
    assert found["invoiced"].tolist() == [82, 8]
    assert found["allocated"].tolist() == [82, 8]
    assert found["state"].tolist()[1].startswith("corrects 2026-10: changed from 82.00 to 90.00")


RULES = (
    {"name": "vm-1", "cost_centre": "blog", "valid_to": "2026-11-01"},
    {"name": "vm-1", "cost_centre": "mobile", "valid_from": "2026-11-01"},
    {"name": "short", "cost_centre": "platform"},
)
SHARING = (
    {"cost_centre": "platform", "split": "even", "to": "blog", "valid_to": "2026-11-01"},
    {"cost_centre": "platform", "split": "even", "to": "mobile", "valid_from": "2026-11-01"},
)


def test_a_correction_is_paid_by_who_paid_for_the_month_that_it_corrects():
    october = (1, "2026-10-28", "2026-10-01", 82), (1, "2026-11-20", "2026-10-01", 90)
    costs = costs_of(seen(*october, (2, "2026-11-05", "2026-11-01", 20)))
    centres = CostCentres.of(RULES)
    assigned = assigned_costs(costs, centres, SharedCosts.of(SHARING, centres))
    paid = assigned.groupby(["month", "corrects", "cost_centre", "shared_from"], dropna=False)["allocated_cost"].sum()
    found = {tuple(map(str, key)): round(amount, 2) for key, amount in paid.items()}
    assert found == {
        ("2026-10", "NaT", "blog", ""): 60.52,
        ("2026-10", "NaT", "blog", "platform"): 21.48,
        ("2026-11", "2026-10", "blog", ""): 5.90,
        ("2026-11", "2026-10", "blog", "platform"): 2.10,
        ("2026-11", "NaT", "mobile", ""): 20.0,
    }
    told = cost_centre_rules(costs, centres)
    assert told["allocated_cost"].round(2).tolist() == [66.43, 20.0, 23.57]


SIGHTINGS = st.lists(
    st.tuples(
        st.integers(1, 3),
        st.integers(0, 150).map(lambda day: str(pd.Timestamp("2026-08-20") + pd.Timedelta(days=day))),
        st.sampled_from(["2026-08-05", "2026-09-05", "2026-10-05", "2026-11-05"]),
        st.integers(-(10**6), 10**8).map(lambda cents: cents / 100),
    ),
    min_size=1,
    max_size=12,
    unique_by=lambda line: line[:2],
)


@given(SIGHTINGS, st.sampled_from(["same-month", "previous-month"]), st.integers(0, 160))
@example(  # November has a correction of August, and gets the first invoice of its own in January
    [
        (3, "2026-08-20", "2026-08-05", 0.66),
        (2, "2026-11-06", "2026-08-05", 4.71),
        (1, "2027-01-17", "2026-11-05", 0.0),
    ],
    "same-month",
    110,
)
def test_all_months_together_are_todays_invoices_and_closed_ones_never_change(lines, period, day):
    closings = Closings(period)
    lines = sorted(lines, key=lambda line: line[1])
    now = pd.Timestamp("2026-08-20") + pd.Timedelta(days=day)
    earlier = [line for line in lines if pd.Timestamp(line[1]) <= now]
    newest = {line[0]: line[3] for line in lines}
    costs = costs_of(seen(*lines), closings)
    TABLES["allocated_costs"].check(costs)
    assert sum(to_millionths(costs["allocated_cost"])) == sum(round(total * 1e6) for total in newest.values())
    if not earlier:
        return
    before = costs_of(seen(*earlier), closings)
    invoiced = set(
        booked_invoices(seen(*earlier), closings)["month"]
    )  # one without an invoice of its own is not closed
    for month in invoiced:
        if closings.closes_at(month) < now.tz_localize("UTC"):
            was, now_is = (each[each["month"] == month].reset_index(drop=True) for each in (before, costs))
            pd.testing.assert_frame_equal(now_is, was, obj=str(month))
