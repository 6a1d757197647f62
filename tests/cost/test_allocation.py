"""The parts of every invoice equal its total, to the millionth, however they are divided and grouped."""

import itertools
from collections import Counter

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from strategies import days_of, fleets, invoices, invoices_of, prices

from vmgen_analytics import (
    CostCentres,
    PriceBook,
    SharedCosts,
    allocated_costs,
    assigned_costs,
    monthly_costs,
    reconciliation,
)
from vmgen_analytics.cost.millionths import exact_sums, largest_remainder, to_millionths
from vmgen_analytics.errors import AllocationError, SchemaError
from vmgen_analytics.schema import TABLES

KEYS = ("price_book", "package_weight", "bandwidth", "hours", "even")
GROUPS = ("account", "vm_id", "package", "location", "cost_centre")


def millionths(amounts):
    """Money in whole millionths, checking that it is whole."""
    scaled = np.asarray(amounts, dtype="float64") * 1e6
    whole = np.rint(scaled)
    assert np.allclose(scaled, whole, rtol=0, atol=0.26), "a part is not a whole millionth"
    return [int(amount) for amount in whole]


def totals(invoices):
    return {invoice.invoice_id: millionths([invoice.total_cost])[0] for invoice in invoices.itertuples()}


def sums(costs, column="invoice_id"):
    found = {}
    for name, amount in zip(costs[column], millionths(costs["allocated_cost"]), strict=True):
        found[name] = found.get(name, 0) + amount
    return found


@given(
    fleets(), invoices(), prices(), st.sampled_from([*KEYS, None]), st.sampled_from(["same-month", "previous-month"])
)
def test_the_parts_of_every_invoice_equal_its_total(days, invoices, prices, key, period):
    costs = allocated_costs(days, invoices, PriceBook.of(prices), key=key, invoice_period=period)
    TABLES["allocated_costs"].check(costs)
    assert sums(costs) == totals(invoices)
    months = set(zip(days["account"], days["date"].dt.to_period("M"), strict=True))
    for invoice_id, part in costs.groupby("invoice_id"):
        (month,) = part["month"].unique()
        (account,) = part["account"].unique()
        if part["vm_id"].isna().any():
            assert len(part) == 1
            assert part["vm_name"].tolist() == ["unallocated"]
        else:
            assert (account, month) in months
            assert (part["date"].dt.to_period("M") == month).all()
            total = totals(invoices)[invoice_id]
            assert all(amount * total >= 0 for amount in millionths(part["allocated_cost"])), "no part of another sign"
            exact = total * part["ratio"]
            slack = 1 + abs(total) * 1e-12
            assert (np.abs(np.array(millionths(part["allocated_cost"])) - exact) <= slack).all()


@given(fleets(sized=False), invoices())
def test_without_prices_or_sizes_it_is_divided_evenly(days, invoices):
    costs = allocated_costs(days, invoices)
    assert set(costs["key"]) <= {"even", "unallocated"}
    assert sums(costs) == totals(invoices)
    for _, part in costs.groupby("invoice_id"):
        amounts = millionths(part["allocated_cost"])
        assert max(amounts) - min(amounts) <= 1


BY = [by for count in range(len(GROUPS) + 1) for by in itertools.combinations(GROUPS, count)]


@given(fleets(), invoices(), prices(), st.sets(st.sampled_from(BY), min_size=1, max_size=3))
def test_every_grouping_and_every_drill_down_has_the_same_total(days, invoices, prices, groupings):
    costs = allocated_costs(days, invoices, PriceBook.of(prices))
    by_month = {}
    for month, amount in zip(costs["month"], millionths(costs["allocated_cost"]), strict=True):
        by_month[month] = by_month.get(month, 0) + amount
    for by in groupings:
        grouped = monthly_costs(costs, by=by)
        TABLES["monthly_costs"].check(grouped)
        assert {
            name: amount for name, amount in sums(grouped.dropna(subset="allocated_cost"), "month").items() if amount
        } == {name: amount for name, amount in by_month.items() if amount}
    parent = monthly_costs(costs, by="location")
    children = monthly_costs(costs, by=["location", "vm_id"])
    for place, part in children.groupby("location", dropna=False):
        whole = parent[parent["location"].isna() if pd.isna(place) else parent["location"] == place]
        assert {
            month: amount for month, amount in sums(part.dropna(subset="allocated_cost"), "month").items() if amount
        } == {month: amount for month, amount in sums(whole.dropna(subset="allocated_cost"), "month").items() if amount}


@given(fleets(), invoices(), prices(), st.sampled_from(GROUPS))
def test_the_changes_of_the_groups_add_up_to_the_change_of_the_total(days, invoices, prices, by):
    costs = allocated_costs(days, invoices, PriceBook.of(prices))
    total = monthly_costs(costs).set_index("month")
    groups = monthly_costs(costs, by=by)
    billed = {(row.account, row.month) for row in costs[["account", "month"]].drop_duplicates().itertuples()}
    for month, part in groups.groupby("month"):
        accounts = {account for account, when in billed if when in (month - 1, month)}
        before = {account for account, when in billed if when < month}
        is_known = all(
            (account, month) in billed and (account not in before or (account, month - 1) in billed)
            for account in accounts
        )
        is_first = month - 1 not in total.index
        assert np.isnan(total.loc[month, "change"]) == (is_first or not is_known)
        if not is_first and is_known:
            change = sum(millionths(part["change"]))
            assert change == millionths([total.loc[month, "change"]])[0]
            before, after = millionths([total.loc[month - 1, "allocated_cost"], total.loc[month, "allocated_cost"]])
            assert change == after - before


@given(fleets(), invoices(), prices(), st.data())
def test_a_filter_takes_parts_and_changes_none(days, invoices, prices, data):
    costs = allocated_costs(days, invoices, PriceBook.of(prices))
    by_vm = monthly_costs(costs, by="vm_id")
    kept = data.draw(st.sets(st.sampled_from(sorted(costs["vm_id"].dropna().unique().tolist()) or [0])))
    filtered = monthly_costs(costs[costs["vm_id"].isin(kept)], by="vm_id", within=costs)
    nonzero = filtered[filtered["allocated_cost"] != 0]
    both = nonzero.merge(by_vm, on=["month", "account", "vm_id"], how="left", validate="one_to_one")
    known = both["allocated_cost_x"].notna()
    assert (known == both["allocated_cost_y"].notna()).all()
    assert millionths(both.loc[known, "allocated_cost_x"]) == millionths(both.loc[known, "allocated_cost_y"])


def test_what_no_invoice_bills_yet_is_unknown_and_not_nothing():
    days = days_of(
        (1, "2026-06-01", "2026-09-30", {}),
        (2, "2026-06-01", "2026-09-30", {"account": "late"}),
        (3, "2026-06-01", "2026-06-30", {}),
        (4, "2026-08-01", "2026-09-30", {"account": "new", "package": "Large"}),
    )
    lines = [
        ("main", "2026-06-30", 10),
        ("main", "2026-07-31", 11),
        ("main", "2026-08-31", 12),
        ("new", "2026-08-31", 7),
    ]
    costs = allocated_costs(
        days, invoices_of([*lines, ("late", "2026-06-30", 5), ("late", "2026-08-31", 6)]), key="even"
    )
    by_account = monthly_costs(costs, by="account").set_index(["month", "account"])
    july = by_account.loc[pd.Period("2026-07", "M")]
    assert july["allocated_cost"].isna().to_dict() == {"late": True, "main": False}
    assert july["change"].isna().to_dict() == {"late": True, "main": False}
    august = by_account.loc[pd.Period("2026-08", "M")]
    assert august["change"].isna().to_dict() == {"late": True, "main": False, "new": False}
    assert august.loc["new", "change"] == 7
    by_vm = monthly_costs(costs, by="vm_id").set_index(["month", "vm_id"])["allocated_cost"]
    assert np.isnan(by_vm[pd.Period("2026-07", "M"), 2])
    assert by_vm[pd.Period("2026-07", "M"), 3] == 0
    assert monthly_costs(costs)["change"].isna().tolist() == [True, True, True]
    by_package = monthly_costs(costs, by="package").set_index(["month", "package"])["change"]
    assert by_package.isna().to_dict()[pd.Period("2026-08", "M"), "Large"] is False


@given(fleets(), invoices(), prices())
def test_the_reconciliation_accounts_for_every_millionth(days, invoices, prices):
    costs = allocated_costs(days, invoices, PriceBook.of(prices))
    found = reconciliation(invoices, costs)
    TABLES["reconciliation"].check(found)
    assert sorted(found["invoice_id"]) == sorted(invoices["invoice_id"])
    invoiced, allocated, unallocated = (
        np.array(millionths(found[name])) for name in ("invoiced", "allocated", "unallocated")
    )
    assert (invoiced == allocated + unallocated).all()
    assert found.groupby(["account", "month"])["list_cost"].count().le(1).all()


@given(
    st.integers(-(10**15), 10**15),
    st.lists(
        st.one_of(st.floats(0, 1e308), st.sampled_from([0.0, 5e-324, 1e-300, 1.0, 1e308])), min_size=1, max_size=40
    ),
)
@example(10**15, [1.0] * 3)
@example(-(10**15), [0.1] * 40)
@example(1, [5e-324, 5e-324])
@example(10**15, [1e308, 1e308, 1e-300])
def test_largest_remainder_is_exact_fair_and_never_of_another_sign(total, keys):
    keys = np.array(keys)
    if not keys.any():
        return
    parts = largest_remainder(total, keys)
    assert int(parts.sum()) == total
    assert (parts * np.sign(total) >= 0).all()
    assert (parts[keys == 0] == 0).all()
    order = np.argsort(keys, kind="stable")
    in_order = np.abs(parts[order])
    assert (np.diff(in_order) >= -1 - abs(total) * 1e-12).all(), "a smaller key got more"


@given(st.integers(1, 10**6), st.integers(1, 200))
def test_equal_keys_get_parts_that_differ_by_one_the_first_ones_more(total, count):
    parts = largest_remainder(total, np.ones(count)).tolist()
    assert parts == sorted(parts, reverse=True)
    assert parts[0] - parts[-1] <= 1


def test_ties_go_to_the_lower_key():
    days = days_of((9, "2026-11-01", "2026-11-01", {}), (2, "2026-11-01", "2026-11-01", {}))
    costs = allocated_costs(days, invoices_of([("main", "2026-11-15", 0.000001)]), key="even")
    assert costs[["vm_id", "allocated_cost"]].to_numpy().tolist() == [[2, 0.000001], [9, 0]]


def test_a_month_without_vms_is_unallocated_and_shown():
    days = days_of((1, "2026-11-01", "2026-11-30", {}))
    bills = invoices_of([("main", "2026-10-01", 7), ("main", "2026-11-01", 5), ("second", "2026-11-01", -3)])
    costs = allocated_costs(days, bills)
    lost = costs[costs["vm_id"].isna()]
    assert lost[["invoice_id", "key", "location", "allocated_cost"]].to_numpy().tolist() == [
        [1, "unallocated", "unallocated", 7],
        [3, "unallocated", "unallocated", -3],
    ]
    found = reconciliation(bills, costs)
    assert found["unallocated"].tolist() == [7, 0, -3]
    assert found.loc[found["unallocated"] != 0, "state"].str.contains("unallocated").all()


def test_no_vms_at_all_and_no_invoices_at_all():
    nothing = TABLES["vm_days"].frame()
    costs = allocated_costs(nothing, invoices_of([("main", "2026-11-01", 5)]))
    assert costs["allocated_cost"].tolist() == [5]
    empty = allocated_costs(days_of((1, "2026-11-01", "2026-11-02", {})), TABLES["invoices"].frame())
    pd.testing.assert_frame_equal(empty, TABLES["allocated_costs"].frame())
    for by in ((), "vm_id", ["location", "package"]):
        TABLES["monthly_costs"].check(monthly_costs(empty, by=by))
    TABLES["reconciliation"].check(reconciliation(TABLES["invoices"].frame(), empty))


def test_the_month_before_may_be_the_one_that_is_billed():
    days = days_of((1, "2026-11-01", "2026-11-30", {}), (2, "2026-12-01", "2026-12-31", {}))
    bills = invoices_of([("main", "2026-12-01", 5)])
    same, previous = (
        allocated_costs(days, bills, invoice_period=period) for period in ("same-month", "previous-month")
    )
    assert (same["vm_id"].unique().tolist(), previous["vm_id"].unique().tolist()) == ([2], [1])


def test_an_invoice_without_a_date_bills_by_the_day_on_which_it_was_seen():
    bills = invoices_of([("main", "2026-11-01", 5)]).assign(
        invoice_date=pd.Series([pd.NaT], dtype="datetime64[us]"),
        seen_at=pd.Series([pd.Timestamp("2026-11-30T23:00", tz="UTC")], dtype="datetime64[us, UTC]"),
    )
    assert str(allocated_costs(days_of((1, "2026-11-01", "2026-11-30", {})), bills)["month"][0]) == "2026-11"


@pytest.mark.parametrize("total", [float("nan"), float("inf"), 1e10, -1e10])
def test_a_total_that_cannot_be_divided_exactly_is_named(total):
    bills = invoices_of([("main", "2026-11-01", 5), ("main", "2026-11-02", total)])
    with pytest.raises(AllocationError, match="invoice 2"):
        allocated_costs(days_of((1, "2026-11-01", "2026-11-30", {})), bills)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"key": "fair"}, "no allocation key 'fair'; there are price_book, package_weight"),
        ({"key": "price_book"}, "needs a price book"),
        ({"key": "package_weight"}, "no size for vm-1"),
        ({"key": "even", "weights": {"cores": 1.0}}, "cores"),
        ({"key": "package_weight", "weights": {"cores": 1.0}}, "cores"),
        ({"weights": {"vcpus": -1.0}}, "vcpus"),
        ({"weights": {"vcpus": float("nan")}}, "vcpus"),
        (
            {"prices": PriceBook.of([{"package": "Other", "monthly_price": 1}]), "key": "price_book"},
            "no price for Small",
        ),
    ],
)
def test_what_cannot_be_divided_by_is_named(arguments, words):
    days = days_of((1, "2026-11-01", "2026-11-30", {}))
    with pytest.raises(AllocationError, match=words):
        allocated_costs(days, invoices_of([("main", "2026-11-01", 5)]), **arguments)


def test_it_is_divided_by_what_is_asked_for():
    days = days_of(
        (1, "2026-11-01", "2026-11-01", {"vcpus": 1.0, "ram_GB": 1.0, "disk_GB": 0.0, "in_MB": 30.0, "out_MB": 0.0}),
        (2, "2026-11-01", "2026-11-01", {"vcpus": 3.0, "ram_GB": 1.0, "disk_GB": 0.0, "in_MB": 0.0, "out_MB": 10.0,
                                         "package": "Big"}),
    )  # fmt: skip
    bills = invoices_of([("main", "2026-11-01", 100)])
    book = PriceBook.of([{"package": "Small", "monthly_price": 30}, {"package": "Big", "monthly_price": 90}])

    def parts(**how):
        return allocated_costs(days, bills, book, **how)["allocated_cost"].tolist()

    assert parts(key="price_book") == parts() == [25, 75]
    assert parts(key="package_weight", weights={"vcpus": 1.0}) == [25, 75]
    assert parts(key="package_weight", weights={"ram_GB": 1.0}) == [50, 50]
    assert parts(key="bandwidth") == [75, 25]
    assert parts(key="hours") == parts(key="even") == [50, 50]


def test_a_resize_counts_from_its_day_and_a_rename_does_not_split_a_vm():
    days = days_of(
        (1, "2026-11-01", "2026-11-10", {}), (1, "2026-11-11", "2026-11-30", {"package": "Big", "vm_name": "b"})
    )
    book = PriceBook.of([{"package": "Small", "monthly_price": 30}, {"package": "Big", "monthly_price": 60}])
    costs = allocated_costs(days, invoices_of([("main", "2026-11-01", 50)]), book)
    by_package = monthly_costs(costs, by="package").set_index("package")["allocated_cost"].to_dict()
    assert by_package == {"Small": 10, "Big": 40}
    by_vm = monthly_costs(costs, by="vm_id")
    assert by_vm[["vm_name", "allocated_cost"]].to_numpy().tolist() == [["b", 50]]
    assert by_vm["list_cost"].tolist() == [50]


def test_two_invoices_of_a_month_add_up_and_the_list_cost_counts_once():
    days = days_of((1, "2026-11-01", "2026-11-30", {}))
    bills = invoices_of([("main", "2026-11-01", 30), ("main", "2026-11-09", -2)])
    costs = allocated_costs(days, bills, PriceBook.of([{"package": "Small", "monthly_price": 30}]))
    month = monthly_costs(costs)
    assert month[["allocated_cost", "list_cost", "share"]].to_numpy().tolist() == [[28, 30, 1]]
    found = reconciliation(bills, costs)
    assert found["difference"].tolist()[0] == -2
    assert found["state"].tolist() == [
        "matched, with -2.00 for credits",
        "counted with invoice 1, the largest of the month",
    ]


def test_equal_vm_numbers_of_two_accounts_are_two_vms():
    days = days_of(
        (1, "2026-11-01", "2026-11-30", {"vm_name": "a"}),
        (1, "2026-11-01", "2026-11-30", {"account": "second", "vm_name": "b"}),
    )
    costs = allocated_costs(days, invoices_of([("main", "2026-11-01", 5), ("second", "2026-11-01", 7)]))
    by_vm = monthly_costs(costs, by="vm_id")
    assert by_vm[["account", "vm_name", "allocated_cost"]].to_numpy().tolist() == [["main", "a", 5], ["second", "b", 7]]


def test_a_gap_between_months_has_no_change():
    days = days_of((1, "2026-09-01", "2026-12-31", {}))
    bills = invoices_of([("main", "2026-09-01", 5), ("main", "2026-11-01", 7), ("main", "2026-12-01", 4)])
    changes = monthly_costs(allocated_costs(days, bills))["change"]
    assert changes.isna().tolist() == [True, True, False]
    assert changes[2] == -3


@pytest.mark.parametrize("by", ["vm_name", "month", "region", ["location", "nothing"]])
def test_a_grouping_that_is_none_is_named(by):
    costs = allocated_costs(days_of((1, "2026-11-01", "2026-11-02", {})), invoices_of([("main", "2026-11-01", 5)]))
    with pytest.raises(SchemaError, match="monthly_costs cannot be grouped by"):
        monthly_costs(costs, by=by)


def test_every_cent_is_ten_thousand_millionths():
    cents = np.arange(-200_000, 200_000)
    assert (to_millionths(pd.Series(cents / 100)) == cents * 10_000).all()


def test_sums_of_money_are_whole_millionths_where_floats_are_not():
    frame = pd.DataFrame({"name": ["a"] * 10 + ["b"], "cost": [0.1] * 10 + [float("nan")]})
    assert exact_sums(frame, ["name"], "cost").to_dict() == {"a": 1.0}
    assert float(np.add.accumulate([0.1] * 10)[-1]) != 1.0


@pytest.mark.parametrize("broken", ["drop", "type"])
def test_a_frame_that_is_another_table_is_refused(broken):
    days = days_of((1, "2026-11-01", "2026-11-02", {}))
    days = days.drop(columns="package") if broken == "drop" else days.assign(date=days["date"].astype(str))
    with pytest.raises(SchemaError, match="vm_days"):
        allocated_costs(days, invoices_of([("main", "2026-11-01", 5)]))


def test_unknown_traffic_is_not_none_and_its_month_is_divided_by_something_else():
    sized = {"vcpus": 1.0, "ram_GB": 1.0, "disk_GB": 1.0, "in_MB": 30.0, "out_MB": 0.0}
    days = days_of(
        (1, "2026-10-01", "2026-11-30", sized),
        (2, "2026-10-01", "2026-10-31", {**sized, "in_MB": 90.0}),
        (2, "2026-11-01", "2026-11-29", {**sized, "in_MB": 90.0}),
        (2, "2026-11-30", "2026-11-30", {**sized, "in_MB": np.nan}),
    )
    bills = invoices_of([("main", "2026-10-01", 100), ("main", "2026-11-01", 100)])
    by_vm = monthly_costs(costs := allocated_costs(days, bills, key="bandwidth"), by="vm_id")
    assert by_vm["allocated_cost"].tolist() == pytest.approx([25, 75, 50, 50], abs=1e-5)
    assert costs.groupby("invoice_id")["key"].unique().str.join(" ").tolist() == ["bandwidth", "package_weight"]


def test_where_nobody_has_anything_of_the_key_it_is_unallocated_and_never_even():
    days = days_of((1, "2026-11-01", "2026-11-30", {"in_MB": 0.0, "out_MB": 0.0}))
    bills = invoices_of([("main", "2026-11-01", 100)])
    costs = allocated_costs(days, bills, key="bandwidth")
    assert costs[["vm_name", "key", "allocated_cost", "is_estimate"]].to_numpy().tolist() == [
        ["unallocated", "unallocated", 100, False]
    ]
    assert reconciliation(bills, costs)["state"].tolist() == [
        "unallocated: no VM of that month has anything of the key"
    ]


def test_an_invoice_of_a_month_without_vms_says_that_none_is_known():
    days = days_of((1, "2026-11-01", "2026-11-30", {}))
    bills = invoices_of([("main", "2026-10-01", 100), ("main", "2026-11-01", 100)])
    costs = assigned_costs(allocated_costs(days, bills), CostCentres.of([{"name": "*", "cost_centre": "one"}]))
    assert reconciliation(bills, costs)["state"].tolist()[0] == "unallocated: no VM is known in that month"


def test_a_price_that_is_divided_has_not_changed():
    days = days_of((1, "2026-11-01", "2026-11-30", {}), (2, "2026-11-01", "2026-11-30", {"package": "Medium"}))
    bills = invoices_of([("main", "2026-11-01", 90), ("main", "2026-11-02", 3)])
    lines = [{"package": "Small", "monthly_price": 30}]
    lines += [{"package": "Medium", "monthly_price": 60, "valid_to": "2026-11-16"}]
    lines += [{"package": "Medium", "monthly_price": 63, "valid_from": "2026-11-16"}]
    centres = CostCentres.of(
        [{"name": "vm-1", "cost_centre": "one", "percent": "33.3"}, {"name": "*", "cost_centre": "other"}]
    )
    shared = SharedCosts.of([{"cost_centre": "other", "split": "fixed", "to": "one", "weight": "12.7"}], centres)
    costs = assigned_costs(allocated_costs(days, bills, PriceBook.of(lines)), centres, shared)
    told = reconciliation(bills, costs)["state"][0]
    assert "1.50 above list cost: the price of Medium changed within the month" in told


def test_each_part_says_where_its_price_stands():
    days = days_of((1, "2026-11-01", "2026-11-30", {}), (2, "2026-11-01", "2026-11-30", {"package": "Other"}))
    bills = invoices_of([("main", "2026-11-01", 90), ("main", "2026-10-01", 90)])
    lines = [{"package": "Small", "monthly_price": 30, "valid_to": "2026-11-16"}]
    lines += [{"package": "Small", "monthly_price": 33, "valid_from": "2026-11-16"}]
    costs = allocated_costs(days, bills, PriceBook.of(lines))
    whose = zip(costs["vm_id"].fillna(0), costs["price_source"].fillna(""), strict=True)
    assert Counter(whose) == {(1, "line 1"): 15, (1, "line 2"): 15, (2, ""): 30, (0, ""): 1}
    assert allocated_costs(days, bills)["price_source"].isna().all()


def test_days_to_come_are_not_said_to_be_without_vms():
    days = days_of((1, "2026-11-01", "2026-11-04", {}), (1, "2026-11-07", "2026-11-23", {}))
    bills = invoices_of([("main", "2026-11-01", 90)])
    costs = allocated_costs(days, bills, PriceBook.of([{"package": "Small", "monthly_price": 30}]))
    told = reconciliation(bills, costs)["state"][0]
    assert "no VM is known on 2 days of the month; VMs are known until 2026-11-23 only" in told


@given(fleets(), invoices(), prices(), st.sampled_from(KEYS), st.sampled_from(KEYS))
def test_another_key_divides_the_same_totals(days, invoices, prices, one, other):
    book = PriceBook.of(prices)
    assert sums(allocated_costs(days, invoices, book, key=one)) == sums(
        allocated_costs(days, invoices, book, key=other)
    )


@given(fleets(), invoices(), st.randoms())
def test_the_order_of_the_days_decides_nothing(days, invoices, chance):
    order = list(range(len(days)))
    chance.shuffle(order)
    shuffled = allocated_costs(days.iloc[order].reset_index(drop=True), invoices)
    pd.testing.assert_frame_equal(shuffled, allocated_costs(days, invoices))
