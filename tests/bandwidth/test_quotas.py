"""Quotas of the month that runs: used, expected, the chance and the day of passing them."""

import itertools
import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import days_of

from vmgen_analytics import PriceBook, TransferPolicy, quota_status, transfer_terms, vm_days
from vmgen_analytics.bandwidth import NO_POLICY
from vmgen_analytics.cost.overage import overage_costs
from vmgen_analytics.errors import SchemaError
from vmgen_analytics.schema import TABLES

TODAY = pd.Timestamp("2026-11-16")
WEIGHTS = (1.1, 1.2, 1.0, 1.1, 0.9, 0.5, 0.4)


def sending(vm_id, GB_a_day, first="2026-09-01", until="2026-11-15", received_GB=0.0, **others):
    """A VM whose traffic goes by the week, with final reports until yesterday."""
    usual = {"status": "final", **others}
    return [
        (vm_id, day, day, {"out_MB": GB_a_day * 1000 * weight, "in_MB": received_GB * 1000 * weight} | usual)
        for day in pd.date_range(first, until)
        for weight in [WEIGHTS[day.day_of_week] * (1 + 0.05 * math.sin(day.day * vm_id))]
    ]


def fleet(*lives):
    return days_of(*(day for life in lives for day in life))


def status(days, today=TODAY, terms=None, **policy):
    found = quota_status(days, [TransferPolicy(**policy)], today=today, terms=terms)
    TABLES["quota_status"].check(found)
    return found


def only(days, today=TODAY, **policy):
    (row,) = status(days, today, **policy).itertuples()
    return row


def test_what_is_used_and_what_is_expected():
    days = fleet(sending(1, 10.0))
    row = only(days, quota_GB=250)
    november = days[days["date"] >= "2026-11-01"]["out_MB"].sum() / 1000
    assert row.used_GB == pytest.approx(november)
    assert row.used_share == pytest.approx(november / 250)
    assert (row.days_known, row.days_estimated) == (15, 15)
    assert row.expected_GB == pytest.approx(30 / 7 * 62 + 1, rel=0.05), "62 GB a week"
    assert row.low_GB < row.expected_GB < row.high_GB
    assert row.state == "expected"
    assert row.exceeded_early <= row.exceeded_on <= row.exceeded_late
    assert pd.Timestamp("2026-11-20") < row.exceeded_on <= pd.Timestamp("2026-11-30")
    assert row.chance_over > 0.5
    assert f"of 250 GB: expected to be exceeded on {row.exceeded_on:%Y-%m-%d}" in row.sentence


@pytest.mark.parametrize(
    ("quota", "state"),
    [(0, "exceeded"), (100, "exceeded"), (200, "expected"), (270, "possible"), (5_000, "not_expected")],
)
def test_a_quota_is_exceeded_expected_possible_or_out_of_reach(quota, state):
    row = only(fleet(sending(1, 10.0)), quota_GB=quota)
    assert row.state == state
    if state == "exceeded":
        assert row.chance_over == 1
        assert row.exceeded_on < TODAY
        assert f"exceeded since {row.exceeded_on:%Y-%m-%d}" in row.sentence
    if state == "not_expected":
        assert "not to be exceeded, even at the 97.5 % quantile" in row.sentence
        assert pd.isna(row.exceeded_on)


@settings(max_examples=10)
@given(
    quotas=st.lists(st.integers(1, 900), min_size=2, max_size=6),
    scope=st.sampled_from(["vm", "account", "location"]),
    direction=st.sampled_from(["out", "in", "sum", "max"]),
)
def test_a_larger_quota_is_never_nearer(quotas, scope, direction):
    days = fleet(sending(1, 10.0, received_GB=2), sending(2, 3.0, received_GB=6))
    found = [status(days, quota_GB=q, scope=scope, direction=direction).sort_values("vm_id") for q in sorted(quotas)]
    for tight, wide in itertools.pairwise(found):
        for small, large in zip(tight.itertuples(), wide.itertuples(), strict=True):
            assert large.chance_over <= small.chance_over
            assert large.overage_GB <= small.overage_GB
            assert pd.isna(large.exceeded_on) or large.exceeded_on >= small.exceeded_on
            assert large.used_GB == small.used_GB
            assert large.expected_GB == pytest.approx(small.expected_GB)
            assert large.used_GB <= large.low_GB <= large.high_GB


@pytest.mark.parametrize(("direction", "GB_a_week"), [("out", 13.0), ("in", 27.0), ("sum", 40.0), ("max", 27.0)])
@pytest.mark.parametrize("base", [1000, 1024])
def test_what_counts_is_what_the_policy_says(direction, GB_a_week, base):
    days = fleet(sending(1, 1.0, received_GB=4), sending(2, 1.0, received_GB=0.3))
    row = only(days, quota_GB=10, scope="account", direction=direction, unit_base=base)
    assert row.vms == 2
    assert row.expected_GB == pytest.approx(GB_a_week * 6.2 / 6.5 * 30 / 7 * 1000 / base, rel=0.05)


def test_a_month_that_is_known_costs_what_it_is_rated():
    """What is gone brings nothing more, so what it costs is what its finished days are rated."""
    policy = {"quota_GB": 100, "overage_price_per_GB": 0.5, "rounding": "up"}
    days = fleet(sending(1, 10.0, until="2026-11-29"), sending(2, 1.0, until="2026-11-29"))
    gone = fleet(
        sending(1, 10.0, until="2026-11-29"), sending(2, 1.0, until="2026-11-29"), sending(3, 0.001, until="2026-11-30")
    )
    costs = overage_costs(days[days["date"] >= "2026-11-01"], [TransferPolicy(**policy)])
    found = status(gone, pd.Timestamp("2026-11-30"), **policy).set_index("vm_id")
    assert found.loc[1, "overage_cost"] == pytest.approx(costs.sum()), "VMs 1 and 2 were gone on the 30th"
    assert found.loc[1, "overage_cost_low"] == found.loc[1, "overage_cost_high"]
    assert found.loc[2, ["overage_cost", "chance_over"]].tolist() == [0, 0]
    assert "none of its VMs is there any more" in found.loc[2, "sentence"]


def test_a_vm_that_is_gone_counts_and_sends_no_more():
    days = fleet(sending(1, 10.0), sending(2, 10.0, until="2026-11-05"))
    both = only(days, quota_GB=1000, scope="account")
    one = only(days[days["vm_id"] == 1], quota_GB=1000, scope="account")
    gone = days[(days["vm_id"] == 2) & (days["date"] >= "2026-11-01")]["out_MB"].sum() / 1000
    assert both.expected_GB == pytest.approx(one.expected_GB + gone)
    assert both.vms == 2


def test_what_today_has_already_brought_counts():
    quiet, loud = (
        fleet([*sending(1, 10.0), (1, TODAY, TODAY, {"out_MB": MB, "in_MB": 0.0, "status": "partial"})])
        for MB in (2_000.0, 90_000.0)
    )
    calm, wild = (only(days, quota_GB=270) for days in (quiet, loud))
    assert wild.used_GB - calm.used_GB == pytest.approx(88)
    assert wild.expected_GB - calm.expected_GB == pytest.approx(90 - 11, rel=0.1), "beyond the 11 GB of a Monday"
    assert (calm.state, wild.state) == ("possible", "expected")


def test_one_gap_in_a_pool_does_not_hide_its_day():
    lives = [sending(vm_id, 1.0) for vm_id in range(1, 21)]
    whole = fleet(*lives)
    holed = whole.copy()
    holed.loc[(holed["vm_id"] == 7) & (holed["date"] == "2026-11-10"), ["out_MB", "in_MB", "status"]] = [
        np.nan,
        np.nan,
        None,
    ]
    full, part = (only(days, quota_GB=900, scope="account") for days in (whole, holed))
    assert (full.days_known, part.days_known) == (15, 15)
    assert part.expected_GB == pytest.approx(full.expected_GB, rel=0.01)
    assert part.used_GB < full.used_GB


def test_a_quota_that_accrues_daily_is_what_its_days_bring():
    days = fleet(sending(1, 1.0, first="2026-11-11"))
    assert only(days, quota_GB=90, accrual="daily").quota_GB == pytest.approx(60), "from the 11th to the 30th"
    assert only(days, quota_GB=90).quota_GB == 90


def test_the_price_book_includes_and_charges():
    book = PriceBook.of(
        [
            {"package": "Small", "monthly_price": 5, "included_transfer_GB": 100, "overage_price_per_GB": 0.1},
            {"package": "Big", "monthly_price": 9},
        ]
    )
    days = fleet(sending(1, 10.0), sending(2, 10.0), sending(3, 10.0, package="Big"))
    found = status(days, terms=transfer_terms(days, book)).set_index("vm_id")
    assert found.loc[1, "quota_GB"] == 100
    assert found.loc[1, "overage_cost"] == pytest.approx(found.loc[1, "overage_GB"] * 0.1)
    assert found.loc[3, "state"] == "unknown"
    assert "which must have included_transfer_GB" in found.loc[3, "sentence"]
    pooled = only(days[days["vm_id"] < 3], scope="account", terms=transfer_terms(days[days["vm_id"] < 3], book))
    assert pooled.quota_GB == 200


def test_without_a_policy_nothing_is_told():
    found = quota_status(fleet(sending(1, 1.0)), [], today=TODAY)
    TABLES["quota_status"].check(found)
    assert found.empty
    assert "transfer_policy" in NO_POLICY
    past = TransferPolicy(quota_GB=1, valid_to=pd.Timestamp("2026-11-01"))
    assert quota_status(fleet(sending(1, 1.0)), [past], today=TODAY).empty
    assert quota_status(TABLES["vm_days"].frame(), [TransferPolicy(quota_GB=1)], today=TODAY).empty


def test_the_first_policy_that_is_about_a_vm_holds():
    days = fleet(sending(1, 1.0), sending(2, 1.0, location="Dallas"), sending(3, 1.0, location=None))
    policies = [TransferPolicy(location="Dallas", quota_GB=7), TransferPolicy(scope="location", quota_GB=9)]
    found = quota_status(days, policies, today=TODAY)
    assert dict(zip(found["group"].fillna("?"), found["quota_GB"].fillna(-1), strict=True)) == {
        "vm-2": 7,
        "Warsaw": 9,
        "?": -1,
    }
    assert "their location is not known; `vmgen-analytics locations`" in found["sentence"].iloc[-1]


@pytest.mark.parametrize(
    ("first", "today", "words"),
    [
        ("2026-11-15", "2026-11-16", "a forecast needs 3 final days, and 1 day is known"),
        ("2026-11-16", "2026-11-16", "a forecast needs 3 final days, and none is known"),
    ],
)
def test_a_vm_born_yesterday_is_refused_with_what_is_needed(first, today, words):
    days = fleet(
        [
            *sending(1, 1.0, first=first),
            (1, "2026-11-16", "2026-11-16", {"out_MB": 3.0, "in_MB": 0.0, "status": "partial"}),
        ]
    )
    row = only(days, pd.Timestamp(today), quota_GB=50)
    assert row.state == "unknown"
    assert words in row.sentence
    assert np.isnan(row.expected_GB)
    assert row.used_GB > 0
    assert only(days, pd.Timestamp(today), quota_GB=0.001).state == "exceeded", "what is used needs no forecast"


def test_the_first_of_a_month_stands_on_the_month_before():
    days = fleet(sending(1, 10.0, until="2026-10-31"), [(1, "2026-11-01", "2026-11-01", {"status": None})])
    row = only(days, pd.Timestamp("2026-11-01"), quota_GB=200)
    assert (row.used_GB, row.days_known, row.days_estimated) == (0, 0, 30)
    assert row.state == "expected"
    february = fleet(sending(1, 10.0, first="2026-01-01", until="2026-02-01"))
    assert only(february, pd.Timestamp("2026-02-02"), quota_GB=500).days_estimated == 27


def test_a_month_of_zeros_has_no_interval_and_says_so():
    row = only(fleet(sending(1, 0.0)), quota_GB=10)
    assert (row.used_GB, row.expected_GB, row.state) == (0, 0, "unknown")
    assert "every known day is 0" in row.sentence
    assert np.isnan(row.low_GB)


def test_all_days_partial_are_used_and_not_forecast():
    row = only(fleet(sending(1, 1.0, status="partial")), quota_GB=50)
    assert row.used_GB > 10
    assert row.state == "unknown"
    assert "a forecast needs 3 final days" in row.sentence


def test_today_must_be_a_day():
    with pytest.raises(SchemaError, match="a day without a time zone"):
        only(fleet(sending(1, 1.0)), pd.Timestamp("2026-11-16", tz="UTC"), quota_GB=1)
    with pytest.raises(SchemaError, match="a row for each of the 76 VM-days"):
        status(fleet(sending(1, 1.0)), terms=pd.DataFrame({"included_transfer_GB": []}))


def test_the_account_s_quota_stands_as_the_provider_metered(october):
    days = vm_days(october.archive, "2026-09", "2026-11-01")
    before = days[days["date"] < "2026-10-21"]
    row = only(before, pd.Timestamp("2026-10-21"), quota_GB=100, scope="account")
    truth = october.sandbox.truth
    metered = sum(
        truth.traffic(vm.vm_id, day.date())[1] for vm in truth.vms for day in pd.date_range("2026-10-01", "2026-10-31")
    )
    assert row.low_GB * 0.9 < metered / 1000 < row.high_GB * 1.1
    assert row.state == "exceeded"
