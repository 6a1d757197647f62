"""Budgets beside what was spent and what is expected, and how long a credit lasts."""

import numpy as np
import pandas as pd
import pytest
from strategies import days_of, invoices_of

from vmgen_analytics import (
    Budgets,
    CostCentres,
    PriceBook,
    allocated_costs,
    assigned_costs,
    budget_status,
    cost_forecast,
    credit_runway,
)
from vmgen_analytics.errors import SettingsError
from vmgen_analytics.schema import TABLES

BOOK = PriceBook.of([{"package": "Small", "monthly_price": 30}, {"package": "Large", "monthly_price": 60}])
TODAY = pd.Timestamp("2026-11-15")
CENTRES = CostCentres.of([{"package": "Small", "cost_centre": "shop"}, {"package": "Large", "cost_centre": "data"}])


@pytest.fixture
def frames():
    """90 a month from January on, of which the shop pays a third; it is 15 November, and 45 are billed so far."""
    days = days_of((1, "2026-01-01", "2026-11-15", {}), (2, "2026-01-01", "2026-11-15", {"package": "Large"}))
    dates = [f"2026-{month:02d}-28" for month in range(1, 12)]
    bills = invoices_of([("main", date, 90 if number < 10 else 45) for number, date in enumerate(dates)])
    costs = assigned_costs(allocated_costs(days, bills, BOOK), CENTRES)
    return costs, cost_forecast(days, costs, BOOK, today=TODAY)


def status(frames, *budgets):
    return budget_status(Budgets.of(budgets, CENTRES), *frames, today=TODAY).to_dict("records")


def test_each_budget_has_what_was_spent_and_what_is_expected(frames):
    month, quarter, year, shop, over = status(
        frames,
        {"period": "2026-11", "amount": 100},
        {"period": "2026-Q4", "amount": 250},
        {"period": "2026", "amount": 2000},
        {"period": "2026-11", "amount": 29, "cost_centre": "shop"},
        {"period": "2026-10", "amount": 80},
    )
    assert (month["actual"], month["forecast"], month["state"]) == (45, pytest.approx(90), "will be over 80 %")
    assert month["actual_share"] == pytest.approx(0.45)
    assert (quarter["actual"], quarter["forecast"]) == (135, pytest.approx(270))
    assert quarter["state"] == "will be exceeded"
    assert (year["forecast"], year["state"]) == (pytest.approx(900 + 180), "will be over 50 %")
    assert (shop["scope"], shop["actual"], shop["forecast"]) == ("cost centre shop", 15, pytest.approx(30))
    assert shop["state"] == "will be exceeded"
    assert (over["actual"], over["forecast"], over["state"]) == (90, 90, "exceeded")
    assert month["forecast_low"] <= month["forecast"] <= month["forecast_high"]


@pytest.mark.parametrize(
    ("amount", "state"),
    [
        (44, "exceeded"),
        (45, "will be exceeded"),
        (50, "will be exceeded"),
        (90.5, "will be over 80 %"),
        (112, "will be over 80 %"),
        (113, "will be over 50 %"),
        (179, "will be over 50 %"),
        (181, "on track"),
    ],
)
def test_the_state_is_the_worst_that_holds(frames, amount, state):
    (row,) = status(frames, {"period": "2026-11", "amount": amount})
    assert row["state"] == state


def test_thresholds_tell_how_much_is_spent(frames):
    costs, forecast = frames
    calm = forecast.assign(expected=46.0, low=45.5, high=46.5)
    states = [
        status((costs, calm), {"period": "2026-11", "amount": amount})[0]["state"]
        for amount in (93, 91, 90, 57, 56, 46)
    ]
    assert states == ["on track", "will be over 50 %", "over 50 %", "will be over 80 %", "over 80 %", "over 80 %"]
    unknown = forecast.assign(expected=np.nan, low=np.nan, high=np.nan, reason="there is no history")
    assert status((costs, unknown), {"period": "2026-11", "amount": 90})[0]["state"] == "over 50 %"
    assert status(frames, {"period": "2026-09", "amount": 90})[0]["state"] == "kept"


def test_a_month_without_an_invoice_is_no_month_without_cost(frames):
    costs, forecast = frames
    costs = costs[costs["month"] != pd.Period("2026-09", "M")].reset_index(drop=True)
    gap, none, next_year = status(
        (costs, forecast),
        {"period": "2026-Q3", "amount": 270},
        {"period": "2026-09", "amount": 90},
        {"period": "2027-01", "amount": 90},
    )
    assert gap["actual"] == 180
    assert np.isnan(gap["forecast"])
    assert (gap["state"], gap["reason"]) == ("unknown", "no invoice is known for 2026-09")
    assert np.isnan(none["actual"])
    assert np.isnan(next_year["actual"])
    assert next_year["forecast"] == pytest.approx(90)


def test_without_a_forecast_the_reason_is_given(frames):
    costs, forecast = frames
    refused = forecast.assign(expected=np.nan, low=np.nan, high=np.nan, reason="there is no history")
    (row,) = status((costs, refused), {"period": "2026-11", "amount": 100})
    assert (row["actual"], row["state"], row["reason"]) == (45, "unknown", "there is no history")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("period\n2026\n", "line 1: no column 'amount'"),
        ("period,amount\n2026-13,5\n", "line 2: period is '2026-13'; it must be a month as 2026-11"),
        ("period,amount\nsoon,5\n", "line 2: period is 'soon'"),
        ("period,amount\n2026,-5\n", "line 2: amount is '-5'"),
        ("period,amount\n2026,0\n", "line 2: the amount is 0"),
        ("period,amount,cost_centre\n2026,5,shpo\n", "line 2: no rule .* 'shpo'; did you mean shop"),
        ("period,amount\n2026,5\n2026,6\n", "line 3: .*line 2 has a budget of the same scope and period"),
    ],
)
def test_wrong_budgets_name_file_and_line(tmp_path, text, words):
    path = tmp_path / "budgets.csv"
    path.write_text(text)
    with pytest.raises(SettingsError, match=words) as caught:
        Budgets.read(path, CENTRES)
    assert str(path) in str(caught.value)


def test_a_budget_of_a_cost_centre_needs_rules():
    with pytest.raises(SettingsError, match="needs cost_centres"):
        Budgets.of([{"period": "2026", "amount": 5, "cost_centre": "shop"}])


def accounts(model, *credits, every=5):
    seen = pd.date_range("2026-10-20", periods=len(credits), freq=f"{every}D", tz="UTC")
    return TABLES["accounts"].frame(
        {"account": ["main"] * len(seen), "seen_at": seen, "credit": credits, "invoicing_model": [model] * len(seen)}
    )


def runway(seen, expected=np.nan):
    forecast = TABLES["cost_forecast"].frame(
        {
            "month": pd.PeriodIndex(["2026-11"], freq="M"),
            "account": ["main"],
            "expected": [expected],
            "months_used": [4],
        }
    )
    (row,) = credit_runway(seen, forecast).to_dict("records")
    return row


def test_a_credit_runs_out_as_it_has_fallen():
    row = runway(accounts("before_payment", 100, 90, 80, 130, 120))  # 50 were paid in
    assert row["used_per_day"] == pytest.approx(30 / 20)
    assert row["rests_on"] == "the credit's decline"
    assert row["runs_out_on"] == pd.Timestamp("2026-11-09") + pd.Timedelta(days=80)
    assert row["reason"] == ""


def test_a_credit_that_was_seen_once_runs_out_as_the_month_is_forecast():
    row = runway(accounts("before_payment", 90), expected=90)
    assert (row["used_per_day"], row["rests_on"]) == (3, "the month's forecast")
    assert row["runs_out_on"] == pd.Timestamp("2026-11-19")


@pytest.mark.parametrize(
    ("seen", "words"),
    [
        (accounts("after_payment", 1000, 1000, 1000), "the account pays after"),
        (accounts("before_payment", 1000), "has not fallen between two syncs at least 7 days apart"),
        (accounts("before_payment", 1000, 990, every=1), "has not fallen between two syncs at least 7 days apart"),
        (accounts("before_payment", np.nan), "the provider gave no credit"),
        (accounts("before_payment", 1e9, 1e9 - 1, every=10), "more than ten years"),
    ],
)
def test_what_cannot_be_told_has_a_reason(seen, words):
    row = runway(seen)
    assert words in row["reason"]
    assert pd.isna(row["runs_out_on"])


def test_a_scope_that_nobody_ever_billed_is_unknown(frames):
    (row,) = status(frames, {"period": "2026-11", "amount": 100, "account": "nosuch"})
    assert np.isnan(row["actual"])
    assert (row["state"], row["reason"]) == ("unknown", "nothing was ever billed for account nosuch")


def test_an_account_that_is_billed_later_is_expected_as_in_its_newest_month(frames):
    costs, _ = frames
    second = costs[costs["month"] < pd.Period("2026-11", "M")].assign(account="second")
    both = pd.concat([costs, second], ignore_index=True)
    forecast = TABLES["cost_forecast"].frame(
        {
            "month": pd.PeriodIndex(["2026-11"] * 2, freq="M"),
            "account": ["main", "second"],
            "expected": [90.0, 700.0],
            "months_used": [10, 10],
            "reason": ["", ""],
        }
    )
    whole, theirs, shop = status(
        (both, forecast),
        {"period": "2026-11", "amount": 2000},
        {"period": "2026-11", "amount": 100, "account": "second"},
        {"period": "2026-11", "amount": 500, "cost_centre": "shop"},
    )
    assert whole["forecast"] == pytest.approx(790)
    assert (theirs["forecast"], theirs["state"]) == (pytest.approx(700), "will be exceeded")
    assert shop["forecast"] == pytest.approx(790 / 3)


def test_a_month_with_more_credits_than_costs_says_nothing_of_shares(frames):
    costs, forecast = frames
    negative = costs["allocated_cost"].where(costs["month"] < pd.Period("2026-11", "M"), -1.0)
    everything, shop = status(
        (costs.assign(allocated_cost=negative), forecast),
        {"period": "2026-11", "amount": 100},
        {"period": "2026-11", "amount": 100, "cost_centre": "shop"},
    )
    assert everything["forecast"] == pytest.approx(90)
    assert shop["forecast"] == pytest.approx(30)
