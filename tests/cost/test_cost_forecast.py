"""What a month will have cost, how sure that is, and when it cannot be told."""

import numpy as np
import pandas as pd
import pytest
from strategies import days_of, invoices_of

from benchmarks.cost_forecast import backtested
from vmgen_analytics import PriceBook, TransferPolicy, allocated_costs, cost_forecast, cost_forecast_backtest
from vmgen_analytics.schema import TABLES

BOOK = PriceBook.of([{"package": "Small", "monthly_price": 30}, {"package": "Large", "monthly_price": 60}])
MONTHS = pd.period_range("2026-01", "2026-06", freq="M")


def costs_of(days, totals, prices=BOOK):
    bills = invoices_of([("main", f"{month.to_timestamp('D', 'end'):%Y-%m-%d}", total) for month, total in totals])
    return allocated_costs(days, bills, prices)


@pytest.fixture
def days():
    """Two VMs of 30 and 60 a month since January, and a third one of 30 since 11 July; it is 20 July."""
    return days_of(
        (1, "2026-01-01", "2026-07-20", {}),
        (2, "2026-01-01", "2026-07-20", {"package": "Large"}),
        (3, "2026-07-11", "2026-07-20", {}),
    )


def test_running_vms_are_carried_to_the_end_of_the_month(days):
    costs = costs_of(days, [(month, 90 * 1.1) for month in MONTHS])  # invoices are a tenth above the prices
    (row,) = cost_forecast(days, costs, BOOK, today=pd.Timestamp("2026-07-20")).to_dict("records")
    expected = 1.1 * (90 + 30 * 21 / 31)
    assert row["expected"] == pytest.approx(expected, abs=0.01)
    assert row["low"] == pytest.approx(expected, abs=0.01)
    assert row["high"] == pytest.approx(expected, abs=0.01)
    assert (row["months_used"], row["key"], row["reason"]) == (6, "price_book", "")
    assert np.isnan(row["so_far"])
    assert row["error"] == pytest.approx(0, abs=1e-9)
    assert row["coverage"] == 1


def test_without_prices_sizes_are_carried(days):
    sized = days.assign(vcpus=1.0, ram_GB=2.0, disk_GB=np.where(days["package"] == "Large", 300.0, 0.0))
    costs = costs_of(sized, [(month, 100) for month in MONTHS], None)
    (row,) = cost_forecast(sized, costs, today=pd.Timestamp("2026-07-20")).to_dict("records")
    assert row["key"] == "package_weight"
    assert row["expected"] == pytest.approx(100 * (1 + 2 / 7 * 21 / 31), abs=0.01)


@pytest.mark.parametrize(
    ("months", "known", "words"),
    [
        ([], False, "needs one closed month with an invoice"),
        (MONTHS[-2:], True, "an interval needs 3 closed months with invoices; there are 2"),
        (MONTHS[-1:], True, "there are 1"),
    ],
)
def test_too_little_history_is_refused_in_a_sentence(days, months, known, words):
    costs = costs_of(days, [(month, 99) for month in months])
    (row,) = cost_forecast(days, costs, BOOK, today=pd.Timestamp("2026-07-20")).to_dict("records")
    assert words in row["reason"]
    assert np.isfinite(row["expected"]) == known
    assert np.isnan(row["low"])
    assert cost_forecast_backtest(days, costs, BOOK, today=pd.Timestamp("2026-07-20")).empty


def test_a_month_without_vms_or_of_credits_alone_has_no_forecast(days):
    costs = costs_of(days, [(month, -5) for month in MONTHS])
    (row,) = cost_forecast(days, costs, BOOK, today=pd.Timestamp("2026-07-20")).to_dict("records")
    assert "needs one closed month with an invoice" in row["reason"]
    (row,) = cost_forecast(days, costs, BOOK, today=pd.Timestamp("2026-08-02")).to_dict("records")
    assert row["reason"] == "no VM is known in 2026-08; sync once in it"
    assert np.isnan(row["expected"])


def test_a_month_of_which_days_are_missing_judges_nothing(days):
    late = days[days["date"] >= "2026-03-15"].reset_index(drop=True)
    costs = costs_of(late, [(month, 99) for month in MONTHS[2:]])
    (row,) = cost_forecast(late, costs, BOOK, today=pd.Timestamp("2026-07-20")).to_dict("records")
    assert row["months_used"] == 3, "April, May and June"


def test_accounts_are_forecast_apart(days):
    second = days.assign(account="second")
    both = TABLES["vm_days"].sort(pd.concat([days, second]))
    costs = costs_of(days, [(month, 99) for month in MONTHS])
    rows = cost_forecast(both, costs, BOOK, today=pd.Timestamp("2026-07-20"), by="account").set_index("account")
    assert np.isfinite(rows["expected"]["main"])
    assert np.isnan(rows["expected"]["second"])
    assert "needs one closed month" in rows["reason"]["second"]


def test_eight_of_ten_months_end_inside_the_interval_and_the_error_is_below_a_run_rate():
    tested = pd.concat([backtested(seed, vms=40, months=15) for seed in range(5)])
    inside = ((tested["low"] <= tested["actual"]) & (tested["actual"] <= tested["high"])).mean()
    assert 0.72 <= inside <= 0.88
    errors = {name: (tested[name] / tested["actual"] - 1).abs().median() for name in ("expected", "run_rate")}
    assert errors["expected"] < errors["run_rate"] < 0.02


def test_what_is_billed_besides_the_vms_is_added(days):
    bills = [(month, 90) for month in MONTHS]
    so_far = 90 / 31 * 10 + 120 / 31 * 10
    plain = costs_of(days, [*bills, (pd.Period("2026-07", "M"), so_far)])
    extra = costs_of(days, [*bills, (pd.Period("2026-07", "M"), so_far), (pd.Period("2026-07", "M"), 500)])
    (expected,) = cost_forecast(days, plain, BOOK, today=pd.Timestamp("2026-07-20"))["expected"]
    (row,) = cost_forecast(days, extra, BOOK, today=pd.Timestamp("2026-07-20")).to_dict("records")
    assert expected == pytest.approx(90 / 31 * 10 + 120 / 31 * 21, abs=0.01)
    assert row["expected"] == pytest.approx(expected + 500, abs=0.02)
    assert row["so_far"] == pytest.approx(so_far + 500)


def test_corrections_of_closed_months_are_added_and_judge_nothing(days):
    costs = costs_of(days, [(month, 90) for month in MONTHS])
    late = costs[costs["month"] == MONTHS[-1]].head(1)
    late = late.assign(month=pd.Period("2026-07", "M"), corrects=MONTHS[-1], allocated_cost=32.0)
    (before,) = cost_forecast(days, costs, BOOK, today=pd.Timestamp("2026-07-20")).to_dict("records")
    corrected = pd.concat([costs, late.astype(costs.dtypes)], ignore_index=True)
    (row,) = cost_forecast(days, corrected, BOOK, today=pd.Timestamp("2026-07-20")).to_dict("records")
    assert row["expected"] == pytest.approx(before["expected"] + 32)
    assert row["so_far"] == 32


def test_what_was_not_tested_on_the_past_is_said(days):
    costs = costs_of(days, [(month, 90) for month in MONTHS[-3:]])
    (row,) = cost_forecast(days, costs, BOOK, today=pd.Timestamp("2026-07-20")).to_dict("records")
    assert np.isfinite(row["low"])
    assert row["reason"] == "a test on the past needs 4 closed months with invoices; there are 3"


def test_traffic_beyond_the_quota_is_forecast_by_itself_and_tested_with_the_rest():
    moved = days_of(*((vm, "2026-01-01", "2026-07-20", {"status": "final"}) for vm in (1, 2)))
    much = np.where(moved["date"] >= "2026-07-01", 30_000.0, 10_000.0)  # three times as much as in other months
    moved = moved.assign(in_MB=0.0, out_MB=np.where(moved["vm_id"] == 1, much, 0.0))
    policy = TransferPolicy(quota_GB=200, overage_price_per_GB=0.1)
    overage = [0.1 * (10 * month.days_in_month - 200) for month in MONTHS]
    costs = costs_of(moved, [(month, 60 + extra) for month, extra in zip(MONTHS, overage, strict=True)])
    today = pd.Timestamp("2026-07-20")
    how = {"today": today, "transfer": [policy]}
    (row,) = cost_forecast(moved, costs, BOOK, **how).to_dict("records")
    recent = (20 - 1) / 28 * 30 + 9 / 28 * 10  # the mean of the 28 days before the 20th
    assert row["expected"] == pytest.approx(60 + 0.1 * (19 * 30 + 12 * recent - 200), abs=0.01)
    assert row["error"] == pytest.approx(0, abs=1e-3)
    plain = cost_forecast(moved, costs, BOOK, today=today)["expected"].item()
    assert plain < row["expected"] - 25, "in proportion to the VMs, this month's traffic is not seen"
    tested = cost_forecast_backtest(moved, costs, BOOK, **how)
    assert (tested["expected"] / tested["actual"] - 1).abs().max() < 1e-3
    by_account = cost_forecast(moved, costs, BOOK, by="account", **how)
    assert by_account["expected"].item() == row["expected"]


def test_a_known_policy_that_nothing_exceeds_changes_no_forecast(days):
    moved = days.assign(in_MB=1.0, out_MB=1.0)
    costs = costs_of(moved, [(month, 99) for month in MONTHS])
    how = {"today": pd.Timestamp("2026-07-20")}
    policy = TransferPolicy(quota_GB=500, overage_price_per_GB=9)
    pd.testing.assert_frame_equal(
        cost_forecast(moved, costs, BOOK, transfer=[policy], **how), cost_forecast(moved, costs, BOOK, **how)
    )
