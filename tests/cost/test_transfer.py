from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import days_of, fleets, invoices_of

from vmgen_analytics import PriceBook, TransferPolicy, allocated_costs, rated_costs
from vmgen_analytics.cost.overage import overage_costs
from vmgen_analytics.errors import SettingsError

BOOK = PriceBook.of(
    [
        {"package": "Small", "monthly_price": 30, "included_transfer_GB": 10, "overage_price_per_GB": 0.5},
        {"package": "Big", "monthly_price": 60, "included_transfer_GB": 20, "overage_price_per_GB": 0.1},
        {"package": "Bare", "monthly_price": 5},
    ]
)
NOVEMBER = ("2026-11-01", "2026-11-30")


def sending(vm_id, GB_a_day, **others):
    """A VM that sends and receives as much every day of November."""
    sent, received = GB_a_day * 1000.0, others.pop("received_GB", 0.0) * 1000.0
    return (vm_id, *NOVEMBER, {"out_MB": sent, "in_MB": received, **others})


def of_vm(days, costs):
    return pd.Series(costs).groupby(days["vm_id"].to_numpy()).sum(min_count=1).to_dict()


def test_the_price_book_says_what_is_included_and_what_is_beyond_costs():
    days = days_of(sending(1, 1.0), sending(2, 0.1), sending(3, 9.0, package="Bare"))
    rated = rated_costs(days, BOOK)
    assert of_vm(days, rated["transfer_cost"])[1] == pytest.approx((30 - 10) * 0.5)
    assert of_vm(days, rated["transfer_cost"])[2] == 0
    assert rated.loc[rated["vm_id"] == 3, "transfer_cost"].isna().all(), "nothing is known of that package's traffic"
    first = rated[rated["vm_id"] == 1].set_index("date")["transfer_cost"]
    assert (first[:"2026-11-10"] == 0).all(), "the quota is used up in the order of days"
    assert first["2026-11-11":].tolist() == pytest.approx([0.5] * 20)


def test_without_a_policy_nothing_is_invented():
    days = days_of(sending(1, 1000.0))
    plain = PriceBook.of([{"package": "Small", "monthly_price": 30}])
    assert rated_costs(days, plain)["transfer_cost"].isna().all()
    assert np.isnan(overage_costs(days, (), BOOK)).all()


@pytest.mark.parametrize(
    ("policy", "GB"),
    [
        ({"quota_GB": 10}, 20 + 50),
        ({"quota_GB": 10, "direction": "in"}, 0 + 110),
        ({"quota_GB": 10, "direction": "sum"}, 20 + 170),
        ({"quota_GB": 10, "direction": "max"}, 20 + 110),
        ({"quota_GB": 10, "scope": "account"}, 80),
        ({"quota_GB": 100, "scope": "package"}, 0),
        ({"scope": "account"}, 90 - 20),
        ({"quota_GB": 29.5, "rounding": "up"}, 1 + 31),
        ({"quota_GB": 10, "unit_base": 1024}, 30_000 / 1024 - 10 + 60_000 / 1024 - 10),
    ],
)
def test_a_policy_is_taken_at_its_word(policy, GB):
    days = days_of(sending(1, 1.0), sending(2, 2.0, received_GB=4.0))
    costs = overage_costs(days, [TransferPolicy(overage_price_per_GB=1.0, **policy)], BOOK)
    assert costs.sum() == pytest.approx(GB)
    assert (costs >= 0).all()


def test_vms_that_share_a_quota_share_the_overage_by_their_traffic():
    days = days_of(sending(1, 1.0), sending(2, 3.0))
    costs = overage_costs(days, [TransferPolicy(scope="account", quota_GB=60, overage_price_per_GB=1.0)])
    assert of_vm(days, costs) == pytest.approx({1: 15, 2: 45})


def test_a_vm_of_half_a_month_brings_a_whole_quota_or_half_of_one():
    days = days_of((1, "2026-11-16", "2026-11-30", {"out_MB": 1000.0, "in_MB": 0.0}))
    for accrual, GB in (("monthly", 5), ("daily", 10)):
        policy = TransferPolicy(accrual=accrual, overage_price_per_GB=1.0)
        assert overage_costs(days, [policy], BOOK).sum() == pytest.approx(GB)
        fixed = TransferPolicy(accrual=accrual, overage_price_per_GB=1.0, quota_GB=10)
        assert overage_costs(days, [fixed]).sum() == pytest.approx(GB)


def test_from_an_unknown_day_on_the_overage_of_its_month_is_unknown():
    days = days_of(sending(1, 1.0), (1, "2026-12-01", "2026-12-31", {"out_MB": 1000.0, "in_MB": 0.0}))
    days.loc[days["date"] == "2026-11-15", "out_MB"] = np.nan
    costs = pd.Series(overage_costs(days, [TransferPolicy(quota_GB=10, overage_price_per_GB=1.0)]), index=days["date"])
    assert costs[:"2026-11-14"].sum() == pytest.approx(4)
    assert costs["2026-11-15":"2026-11-30"].isna().all()
    assert costs["2026-12"].sum() == pytest.approx(21), "each month begins anew"


def test_the_first_policy_about_a_vm_day_holds():
    days = days_of(sending(1, 1.0), sending(2, 1.0, location="Dallas"), sending(3, 1.0, package="Big"))
    policies = [
        TransferPolicy(location="Dallas", quota_GB=0, overage_price_per_GB=2.0),
        TransferPolicy(package="Big", quota_GB=0, overage_price_per_GB=3.0, valid_from=pd.Timestamp("2026-11-16")),
        TransferPolicy(package="Small", quota_GB=0, overage_price_per_GB=1.0),
    ]
    costs = overage_costs(days, policies)
    assert of_vm(days, costs) == pytest.approx({1: 30, 2: 60, 3: 45})
    assert np.isnan(costs[(days["vm_id"] == 3) & (days["date"] < "2026-11-16")]).all()


@given(
    fleets(),
    st.sampled_from(["vm", "package", "location", "account"]),
    st.sampled_from(["out", "in", "max", "sum"]),
    st.sampled_from(["monthly", "daily"]),
    st.sampled_from([0.0, 0.5, 100.0]),
)
def test_overage_is_what_a_loop_finds(days, scope, direction, accrual, quota):
    policy = TransferPolicy(scope=scope, direction=direction, accrual=accrual, quota_GB=quota, overage_price_per_GB=1.0)
    costs = pd.Series(overage_costs(days, [policy]), index=days.index)
    by = {"vm": "vm_id", "account": "account"}.get(scope, scope)
    for (_, _, month), rows in days.groupby(["account", by, days["date"].dt.to_period("M")]):
        sent, received, found = rows["out_MB"].sum(), rows["in_MB"].sum(), costs[rows.index]
        used = {"out": sent, "in": received, "max": max(sent, received), "sum": sent + received}[direction] / 1000
        mine = quota * (rows["date"].nunique() / month.days_in_month if accrual == "daily" else 1)
        if rows[["in_MB", "out_MB"]].notna().all(axis=None):
            assert found.sum() == pytest.approx(max(used - mine, 0), abs=1e-6)
        else:
            assert found.isna().any()
    if scope == "location":
        assert costs[days["location"].isna()].isna().all()


def test_overage_counts_in_the_key_price_book():
    days = days_of(sending(1, 1.0), sending(2, 0.0))
    costs = allocated_costs(days, invoices_of([("main", "2026-11-30", 70)]), BOOK)
    assert of_vm(days, costs["allocated_cost"]) == pytest.approx({1: 40, 2: 30})
    two = allocated_costs(days, invoices_of([("main", "2026-11-30", 70), ("main", "2026-11-30", -7)]), BOOK)
    assert of_vm(days, two.loc[two["invoice_id"] == 2, "allocated_cost"].to_numpy()) == pytest.approx({1: -4, 2: -3})
    assert of_vm(days, costs["list_cost"]) == pytest.approx({1: 30, 2: 30})
    assert of_vm(days, costs["transfer_cost"]) == pytest.approx({1: 10, 2: 0})


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("scope,quota\nvm,1\n", "line 1: no column 'quota' is known"),
        ("scope,quota_GB\nfleet,1\n", "line 2: scope is 'fleet'; it is one of vm, package, location, account"),
        ("direction\nboth\n", "line 2: direction is 'both'"),
        ("unit_base\n1010\n", "line 2: unit_base is 1010; it is 1000 or 1024"),
        ("quota_GB\n-1\n", "line 2: quota_GB is '-1'"),
        ("quota_GB,accrual\n1,hourly\n", "line 2: accrual is 'hourly'"),
        ("quota_GB,rounding\n1,down\n", "line 2: rounding is 'down'"),
        ("quota_GB,valid_from,valid_to\n1,2026-11,2026-11\n", "line 2: valid_to is not after valid_from"),
    ],
)
def test_a_mistake_in_a_file_is_named_with_its_line(tmp_path, text, words):
    file = tmp_path / "transfer.csv"
    file.write_text(text)
    with pytest.raises(SettingsError, match=words):
        TransferPolicy.read(file)


def test_the_example_is_one():
    pooled, by_book = TransferPolicy.read(Path(__file__).parents[2] / "data" / "transfer_policy.csv")
    assert (pooled.scope, pooled.quota_GB, by_book.scope) == ("account", 5000, "vm")


def test_a_file_of_policies(tmp_path):
    file = tmp_path / "transfer.csv"
    file.write_text(
        "account,scope,direction,unit_base,quota_GB,overage_price_per_GB,rounding,valid_to\n"
        "second,account,sum,1024,5000,0.02,up,2026-12-01\n,vm,,,,,,\n"
    )
    pooled, plain = TransferPolicy.read(file)
    assert (pooled.scope, pooled.direction, pooled.MB_per_GB, pooled.account) == ("account", "sum", 1024, "second")
    assert (plain.direction, plain.MB_per_GB, plain.accrual) == ("out", 1000, "monthly")
    assert np.isnan(plain.quota_GB)
    with pytest.raises(SettingsError, match="has no 'quota'"):
        TransferPolicy.of({"quota": 1})
