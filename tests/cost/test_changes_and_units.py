"""Why a month cost more than the one before, and what a unit of it cost."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from strategies import days_of, fleets, invoices, invoices_of, prices

from vmgen_analytics import PriceBook, allocated_costs, cost_changes, monthly_costs, unit_costs
from vmgen_analytics.errors import SchemaError
from vmgen_analytics.schema import TABLES

BOOK = PriceBook.of(
    [
        {"package": "Small", "monthly_price": 30},
        {"package": "Large", "monthly_price": 60},
        {"package": "Dear", "monthly_price": 10, "valid_to": "2026-07-01"},
        {"package": "Dear", "monthly_price": 15, "valid_from": "2026-07-01"},
    ]
)


def of(vm_id, first, last, **others):
    return (vm_id, first, last, others)


def bill(days, *totals):
    bills = invoices_of([("main", date, total) for date, total in totals])
    return allocated_costs(days, bills, BOOK)


def whole(amounts):
    return np.rint(np.asarray(amounts, dtype="float64") * 1e6).astype("int64")


@given(fleets(), invoices(), prices())
def test_the_steps_lead_from_one_total_to_the_other(days, invoices, prices):
    costs = allocated_costs(days, invoices, PriceBook.of(prices))
    totals = monthly_costs(costs).set_index("month")["allocated_cost"]
    for month in totals.index:
        steps, by_vm = cost_changes(costs, month), cost_changes(costs, month, by="vm_id")
        TABLES["cost_changes"].check(steps)
        TABLES["cost_changes"].check(by_vm)
        if month - 1 not in totals.index:
            assert steps.empty
            assert by_vm.empty
            continue
        difference = int(whole([totals[month]])[0] - whole([totals[month - 1]])[0])
        assert whole(steps["change"]).sum() == difference
        assert whole(by_vm["change"]).sum() == difference
        if len(steps):
            assert steps["total_before"].iloc[0] == totals[month - 1]
            assert steps["total_after"].iloc[-1] == totals[month]
            assert (steps["total_before"].iloc[1:].to_numpy() == steps["total_after"].iloc[:-1].to_numpy()).all()
        by_reason = by_vm.assign(change=whole(by_vm["change"])).groupby("reason")["change"].sum()
        expected = dict(zip(steps["reason"], whole(steps["change"]), strict=True))
        assert by_reason[by_reason != 0].to_dict() == {reason: money for reason, money in expected.items() if money}


def test_each_reason_is_told_apart():
    days = days_of(
        of(1, "2026-06-01", "2026-07-31", package="Small"),  # as it was
        of(2, "2026-06-16", "2026-07-31", package="Small"),  # born in June: half of it
        of(3, "2026-06-01", "2026-06-30", package="Large"),
        of(3, "2026-07-01", "2026-07-31", package="Small"),  # resized
        of(4, "2026-06-01", "2026-07-31", package="Dear"),  # another price
        of(5, "2026-07-01", "2026-07-31", package="Large"),  # new
        of(6, "2026-06-01", "2026-06-30", package="Small"),  # gone
    )
    june, july = 30 + 15 + 60 + 10 + 30, 30 + 30 + 30 + 15 + 60
    costs = bill(days, ("2026-06-30", june), ("2026-07-31", july), ("2026-07-30", -7.5))
    steps = cost_changes(costs, "2026-07").set_index("reason")
    steps = steps[steps["change"].abs() > 0.0001]  # shares are whole millionths, and a few of them remain
    expected = {
        "new VMs": 60,
        "gone VMs": -30,
        "days of existence": 15,
        "resized": -30,
        "list prices": 5,
        "credits": -7.5,
    }
    assert steps["change"].to_dict() == pytest.approx(expected, abs=0.0001)
    assert steps["vms"].to_dict() == {
        "new VMs": 1, "gone VMs": 1, "days of existence": 1, "resized": 1, "list prices": 1, "credits": 5,
    }  # fmt: skip
    assert steps["total_before"].iloc[0] == june
    assert steps["total_after"].iloc[-1] == pytest.approx(july - 7.5, abs=0.0001)
    named = cost_changes(costs, "2026-07", by="vm_id").set_index(["reason", "vm_id"])["vm_name"]
    assert named["resized", 3] == "vm-3"
    assert named["gone VMs", 6] == "vm-6"


def test_what_an_invoice_charges_beyond_prices_is_the_rest():
    days = days_of(of(1, "2026-06-01", "2026-07-31", package="Small"))
    steps = cost_changes(bill(days, ("2026-06-30", 30), ("2026-07-31", 36)), "2026-07")
    assert steps[["reason", "change"]].to_numpy().tolist() == [["rest of the bill", 6.0]]
    costs = allocated_costs(days, invoices_of([("main", "2026-06-30", 30), ("main", "2026-07-31", 36)]))
    assert cost_changes(costs, "2026-07")["reason"].tolist() == ["not itemised"]


def test_changes_of_one_month_are_none():
    days = days_of(of(1, "2026-06-01", "2026-07-31", package="Small"))
    costs = bill(days, ("2026-06-30", 30))
    assert cost_changes(costs, "2026-06").empty
    assert cost_changes(costs, "2026-07").empty
    with pytest.raises(SchemaError, match="can be grouped by vm_id, or not at all"):
        cost_changes(costs, "2026-06", by="account")


def sized(vm_id, first, last, **others):
    traffic = {"in_MB": 1000.0, "out_MB": 100_000.0, "status": "final"}
    return (vm_id, first, last, {"vcpus": 2.0, "ram_GB": 4.0, "disk_GB": 80.0, **traffic, **others})


def test_unit_costs_divide_the_whole_cost():
    days = days_of(sized(1, "2026-06-01", "2026-06-30"), sized(2, "2026-06-16", "2026-06-30", package="Large"))
    costs = bill(days, ("2026-06-30", 60))
    (row,) = unit_costs(costs, days).to_dict("records")
    assert row["vm_months"] == pytest.approx(1.5)
    assert row["cost_per_vm_month"] == pytest.approx(40)
    assert row["cost_per_vcpu_month"] == pytest.approx(20)
    assert row["cost_per_ram_GB_month"] == pytest.approx(10)
    assert row["cost_per_disk_GB_month"] == pytest.approx(0.5)
    assert row["out_TB"] == pytest.approx(4.5)
    assert row["cost_per_out_TB"] == pytest.approx(60 / 4.5)
    assert row["missing"] == ""
    by_package = unit_costs(costs, days, by="package")
    assert by_package["package"].tolist() == ["Large", "Small"]
    assert by_package["allocated_cost"].sum() == 60
    assert unit_costs(costs, days, by="vm_id")["vm_name"].tolist() == ["vm-1", "vm-2"]


def test_a_denominator_that_is_not_known_whole_is_none():
    days = days_of(
        sized(1, "2026-06-01", "2026-06-29"), sized(1, "2026-06-30", "2026-06-30", ram_GB=np.nan, out_MB=np.nan)
    )
    (row,) = unit_costs(bill(days, ("2026-06-30", 60)), days).to_dict("records")
    assert np.isnan(row["cost_per_ram_GB_month"])
    assert np.isnan(row["cost_per_out_TB"])
    assert row["cost_per_vm_month"] == 60
    assert row["missing"] == "memory unknown on 1 VM-days; traffic sent unknown on 1 VM-days"
    quiet = days_of(sized(1, "2026-06-01", "2026-06-30", out_MB=0.0))
    (row,) = unit_costs(bill(quiet, ("2026-06-30", 60)), quiet).to_dict("records")
    assert np.isnan(row["cost_per_out_TB"])
    assert row["missing"] == "no traffic sent"


def test_a_month_without_vms_has_no_units():
    days = days_of(sized(1, "2026-06-01", "2026-06-30"))
    (june, july) = unit_costs(bill(days, ("2026-06-30", 60), ("2026-07-31", 9)), days).to_dict("records")
    assert june["cost_per_vm_month"] == 60
    assert july["allocated_cost"] == 9
    assert pd.isna(july["cost_per_vm_month"])
    assert july["missing"].startswith("no VM; no vCPU; no memory")


def test_corrections_and_accounts_without_an_invoice_stand_by_themselves():
    days = days_of(of(1, "2026-06-01", "2026-07-31", package="Small"))
    second = days.assign(account="second")
    both = TABLES["vm_days"].sort(pd.concat([days, second]))
    bills = invoices_of([("main", "2026-06-30", 30), ("main", "2026-07-31", 30), ("second", "2026-06-30", 700)])
    costs = allocated_costs(both, bills, BOOK)
    late = costs[costs["month"] == pd.Period("2026-06", "M")].head(1)
    late = late.assign(month=pd.Period("2026-07", "M"), corrects=pd.Period("2026-06", "M"), allocated_cost=2.5)
    costs = pd.concat([costs, late.astype(costs.dtypes)], ignore_index=True)
    steps = cost_changes(costs, "2026-07").set_index("reason")["change"]
    assert steps[steps.abs() > 0.0001].to_dict() == {"corrections": 2.5, "accounts not billed in both months": -700}
    units = unit_costs(costs, both).set_index("month")
    assert units["cost_per_vm_month"]["2026-07"] == pytest.approx(30)
    assert units["vm_months"].tolist() == pytest.approx([2, 1])
