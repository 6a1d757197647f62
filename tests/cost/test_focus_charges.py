"""A month in the words of FOCUS: its costs are the invoices, its quantities the VM-days, its files what they say."""

import csv
import io
import json
from decimal import Decimal

import pandas as pd
import pytest
from focus_month import DAYS, PRICES, invoices, vm_days
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import fleets, prices
from strategies import invoices as drawn_invoices

from vmgen_analytics import CostCentres, PriceBook, SharedCosts, allocated_costs, assigned_costs
from vmgen_analytics.cost.focus import focus_charges, without_charge
from vmgen_analytics.cost.focus_checks import check_focus
from vmgen_analytics.cost.focus_files import as_cells, by_state, read_cells, to_bytes
from vmgen_analytics.errors import AllocationError, SchemaError, SettingsError
from vmgen_analytics.schema import TABLES

BILLED = invoices(30.0, 10.01, -2.5)


def charged(days=DAYS, billed=BILLED, book=PRICES, month="2026-10", **options):
    costs = allocated_costs(days, billed, book)
    return focus_charges(costs, days, billed, book, month=month, currency="EUR", **options)


def sums(charges, column="BilledCost"):
    """The exact sum of each invoice."""
    totals = {}
    for row in charges.itertuples():
        key = (row.BillingAccountId, row.InvoiceId)
        totals[key] = totals.get(key, Decimal(0)) + getattr(row, column)
    return totals


def exact(amount):
    return Decimal(round(amount * 10**6)).scaleb(-6)


@settings(max_examples=15)
@given(
    fleets(),
    drawn_invoices(),
    prices(),
    st.sampled_from(["same-month", "previous-month"]),
    st.sampled_from(["UTC", "Europe/Warsaw", "America/Santiago"]),
    st.data(),
)
def test_billed_cost_is_each_invoice_exactly_and_nothing_is_found(days, billed, book, period, zone, data):
    book = PriceBook.of(book)
    costs = allocated_costs(days, billed, book, invoice_period=period)
    month = data.draw(st.sampled_from(sorted({*costs["month"], *days["date"].dt.to_period("M")})))
    zones = {"main": zone, "second": "UTC"}
    charges = focus_charges(costs, days, billed, book, month=month, currency="EUR", time_zones=zones)
    TABLES["focus_charges"].check(charges)
    its = billed[billed["invoice_id"].isin(costs.loc[costs["month"] == month, "invoice_id"])]
    wanted = {(f"vmgen-{row.account}", f"INV-{row.invoice_id}"): exact(row.total_cost) for row in its.itertuples()}
    parts = by_state(charges)
    assert sums(parts["invoiced"]) == wanted if wanted else "invoiced" not in parts
    assert sum(len(part) for part in parts.values()) == len(charges)
    found = [check_focus(part, invoices=its, vms=days, kind="csv")["finding"].tolist() for part in parts.values()]
    assert found == [[] for _ in parts]


@settings(max_examples=10)
@given(fleets(), drawn_invoices(), prices(), st.data())
def test_quantities_count_each_vm_day_once_however_many_invoices_bill_it(days, billed, book, data):
    book = PriceBook.of(book)
    costs = allocated_costs(days, billed, book)
    months = days["date"].dt.to_period("M")
    month = data.draw(st.sampled_from(sorted(set(months))))
    charges = focus_charges(costs, days, billed, book, month=month, currency="EUR")
    fees = charges[charges["PricingUnit"] == "Months"]
    is_invoiced = fees["InvoiceId"].notna()
    is_priced = book.rate(days)["monthly_price"].notna().to_numpy()
    for part, of_month in ((fees[is_invoiced], months == month), (fees[~is_invoiced], (months == month) & is_priced)):
        counted = days[of_month].groupby(["account", "vm_id"]).size()
        for (account, vm_id), its in part.groupby(["BillingAccountId", "ResourceId"]):
            vm_days = int(counted[account.removeprefix("vmgen-"), int(vm_id.removeprefix("vm-"))])
            assert sum(its["PricingQuantity"]) == Decimal(round(vm_days * 10**9 / month.days_in_month)).scaleb(-9)


def test_a_stretch_without_change_is_a_charge():
    charges = charged(billed=invoices(40.0))
    fees = charges[charges["ServiceName"] == "VMgen VM"]
    found = [
        (row.ResourceId, row.SkuId, f"{row.ChargePeriodStart:%d}-{row.ChargePeriodEnd:%d}", row.x_DaysPresent)
        for row in fees.sort_values(["ResourceId", "ChargePeriodStart"]).itertuples()
    ]
    assert found == [
        ("vm-101", "package-S", "01-01", 31),
        ("vm-102", "package-S", "01-11", 10),
        ("vm-102", "package-M", "11-01", 21),
        ("vm-103", "package-M", "20-26", 6),
        ("vm-103", "package-M", "28-29", 1),
    ]
    quantities = fees.sort_values(["ResourceId", "ChargePeriodStart"])["PricingQuantity"].tolist()
    assert quantities[0] == 1
    assert quantities[1] + quantities[2] == 1
    assert quantities[3] + quantities[4] == Decimal("0.225806452")
    listed = fees.set_index("ChargeDescription")["ListUnitPrice"]
    assert listed["VM 102: package M in Dallas, 21 of 31 days; invoice 5001"] == Decimal("12.34")
    for row in fees.itertuples():
        assert row.ListCost == row.ContractedCost == row.ListUnitPrice * row.PricingQuantity
        assert row.x_PriceSource.startswith("prices.csv, line ")


SECOND = vm_days(
    {
        7: ("web-7", "Warsaw", ("S", 1, 31)),
        8: ("=db", "Dallas", ("S", 1, 10), ("M", 11, 31)),
        9: ("hub", "Warsaw", ("M", 1, 20)),
        10: ("lost", "Warsaw", ("S", 3, 3)),
        11: ("free", "Warsaw", ("none", 1, 9)),
    },
    account="second",
)
PAYERS = (
    {"name": "web-7", "cost_centre": "blog", "valid_to": "2026-10-11"},
    {"name": "web-7", "cost_centre": "mobile", "valid_from": "2026-10-11"},
    {"name": "=db", "cost_centre": "blog", "share": 33.3},
    {"name": "=db", "cost_centre": "mobile", "share": 33.3},
    {"name": "hub", "cost_centre": "platform"},
    {"name": "web-1", "cost_centre": "shop"},
)


def test_what_is_not_invoiced_yet_has_the_cost_centres_of_the_rules():
    days = pd.concat([DAYS, SECOND], ignore_index=True)
    centres = CostCentres.of(PAYERS, source="centres.csv, line")
    shared = SharedCosts.of([{"cost_centre": "platform", "split": "direct_cost"}], centres, source="shared.csv, line")

    def assign(costs):
        return assigned_costs(costs, centres, shared)

    costs = allocated_costs(days, BILLED, PRICES)
    plain, given_away = (
        by_state(focus_charges(costs, days, BILLED, PRICES, month="2026-10", currency="EUR", assign=rules))
        for rules in (None, assign)
    )
    pd.testing.assert_frame_equal(plain["invoiced"], given_away["invoiced"])
    before, after = plain["not-invoiced"], given_away["not-invoiced"]
    assert set(before["x_CostCenter"]) == {"unassigned"}
    for column in ("BilledCost", "PricingQuantity"):
        whole, parts = (each.groupby(["ResourceId", "SkuMeter"])[column].sum() for each in (before, after))
        assert whole.to_dict() == parts.to_dict()
    fees = after[after["PricingUnit"] == "Months"]
    paid = {vm: set(part["x_CostCenter"]) for vm, part in fees.groupby("ResourceId")}
    assert paid == {
        "vm-7": {"blog", "mobile"},
        "vm-8": {"blog", "mobile", "unassigned"},
        "vm-9": {"blog", "mobile", "shop"},
        "vm-10": {"unassigned"},
    }
    web = fees[fees["ResourceId"] == "vm-7"].sort_values("ChargePeriodStart")
    assert web["x_CostCenter"].tolist() == ["blog", "mobile"]
    assert web["x_CostAllocationRuleName"].tolist() == ["centres.csv, line 1", "centres.csv, line 2"]
    assert [json.loads(tags) for tags in web["Tags"]] == [{"cost_centre": "blog"}, {"cost_centre": "mobile"}]
    assert [round(float(cost), 3) for cost in web["BilledCost"]] == [round(5.1 * part / 31, 3) for part in (10, 21)]
    hub = fees[fees["ResourceId"] == "vm-9"]
    assert hub["ChargeDescription"].str.contains("shared from platform").all()
    assert set(hub["x_CostAllocationRuleName"]) == {"shared.csv, line 1"}
    traffic = after[(after["PricingUnit"] == "GB") & (after["ResourceId"] == "vm-10")]
    assert set(traffic["x_CostCenter"]) == {"unassigned"}
    assert check_focus(after, vms=days, kind="csv")["finding"].tolist() == []


def test_several_invoices_share_the_quantity_as_they_share_the_cost():
    charges = charged()
    fees = charges[(charges["ResourceId"] == "vm-101") & (charges["PricingUnit"] == "Months")]
    quantity = dict(zip(fees["InvoiceId"], fees["PricingQuantity"], strict=True))
    assert sum(quantity.values()) == 1
    assert float(quantity["INV-5002"]) == pytest.approx(10.01 / 40.01, abs=1e-6)
    notes = charges[charges["ChargeCategory"] == "Credit"]
    assert set(notes["InvoiceId"]) == {"INV-5003"}
    assert notes["PricingQuantity"].isna().all()
    assert (notes["ListCost"] == notes["BilledCost"]).all()
    assert sum(notes["BilledCost"]) == Decimal("-2.5")


def test_traffic_travels_at_no_cost_and_only_where_it_was_reported():
    charges = charged()
    traffic = charges[charges["ServiceName"] == "VMgen Bandwidth"].set_index("ResourceId")
    assert set(traffic["SkuId"]) == {"traffic-received"}, "nobody reported what was sent"
    assert traffic["PricingQuantity"].to_dict() == {
        "vm-101": Decimal("77.5155"),
        "vm-102": Decimal("77.5155"),
        "vm-103": Decimal("17.5035"),
    }
    assert set(traffic["InvoiceId"]) == {"INV-5001"}, "the largest"
    assert all(cost == 0 for cost in traffic["BilledCost"])
    assert traffic.loc["vm-103", "ChargeDescription"].startswith("VM 103: traffic received, reported on 7 of 7 days")


def test_what_is_unknown_is_missing_and_names_are_as_they_are():
    charges = charged(book=None)
    fees = charges[charges["PricingUnit"] == "Months"]
    assert fees["ListUnitPrice"].isna().all()
    assert (fees["ListCost"] == fees["BilledCost"]).all()
    names = dict(zip(charges["ResourceId"], charges["ResourceName"], strict=True))
    assert names["vm-102"] == "=1+1"
    assert pd.isna(names["vm-103"])
    nowhere = charges[charges["ResourceId"] == "vm-103"]
    assert nowhere["RegionId"].isna().all()
    assert nowhere["RegionName"].isna().all()
    details = json.loads(charges.loc[charges["SkuId"] == "package-M", "SkuPriceDetails"].iloc[0])
    assert details == {"CoreCount": 2, "MemorySize": 2.5, "DiskSpace": 40, "InstanceType": "M"}


def test_a_name_holds_from_the_day_on_which_it_was_given():
    days = DAYS.assign(vm_name=DAYS["vm_name"].where(DAYS["date"] < "2026-10-15", "renamed").astype("str"))
    charges = charged(days=days, billed=invoices(40.0))
    fees = charges[(charges["ResourceId"] == "vm-101") & (charges["PricingUnit"] == "Months")]
    found = [(row.ResourceName, f"{row.ChargePeriodStart:%d}", row.x_DaysPresent) for row in fees.itertuples()]
    assert sorted(found) == [("renamed", "15", 17), ("web-1", "01", 14)]


def test_an_invoice_without_vms_is_an_adjustment_and_a_credit_note_a_credit():
    billed = invoices(9.0, -1.0, account="second", first=1)
    charges = charged(billed=pd.concat([BILLED, billed], ignore_index=True))
    rest = charges[charges["ServiceName"] == "VMgen Account"]
    found = [(row.ChargeCategory, row.InvoiceId, row.BilledCost, row.x_IsEstimated) for row in rest.itertuples()]
    assert sorted(found) == [("Adjustment", "INV-1", 9, False), ("Credit", "INV-2", -1, False)]
    assert rest["ResourceId"].isna().all()
    assert rest["RegionName"].isna().all()


def test_a_correction_of_a_closed_month_is_an_adjustment_of_the_month_in_which_it_is_booked():
    costs = allocated_costs(DAYS, BILLED, PRICES)
    late = costs[(costs["invoice_id"] == 5001) & (costs["date"] == "2026-10-31")]
    late = late.assign(
        invoice_id=4001,
        date=pd.Timestamp("2026-10-01").as_unit("us"),
        corrects=pd.PeriodIndex(["2026-09"] * len(late), freq="M"),
        reason="the total changed from 3 to 2",
        allocated_cost=[-0.4, -0.6],
    )
    costs = TABLES["allocated_costs"].cast(pd.concat([costs, late], ignore_index=True))
    earlier = pd.concat([BILLED, invoices(-1.0, first=4001)], ignore_index=True)
    charges = focus_charges(costs, DAYS, earlier, PRICES, month="2026-10", currency="EUR")
    changes = charges[charges["ChargeClass"] == "Correction"]
    found = [(row.ChargeCategory, row.InvoiceId, row.ResourceId, row.BilledCost) for row in changes.itertuples()]
    assert found == [
        ("Adjustment", "INV-4001", "vm-101", Decimal("-0.4")),
        ("Adjustment", "INV-4001", "vm-102", Decimal("-0.6")),
    ]
    assert {f"{start:%Y-%m-%d}" for start in changes["ChargePeriodStart"]} == {"2026-09-01"}
    assert {f"{start:%Y-%m-%d}" for start in changes["BillingPeriodStart"]} == {"2026-10-01"}
    assert "corrects 2026-09: the total changed from 3 to 2" in changes["ChargeDescription"].iloc[0]
    assert sums(charges[charges["ChargeClass"].isna()]) == sums(charged())
    assert check_focus(charges, invoices=earlier, vms=DAYS)["finding"].tolist() == []


def test_traffic_beyond_a_quota_has_its_list_cost():
    book = PriceBook.of(
        [
            {"package": each, "monthly_price": 5, "included_transfer_GB": 10, "overage_price_per_GB": 0.5}
            for each in "SM"
        ]
    )
    days = DAYS.assign(out_MB=1_000.0)
    charges = charged(days=days, book=book, billed=invoices(40.0))
    sent = charges[charges["SkuId"] == "traffic-sent"].set_index("ResourceId")
    assert sent.loc["vm-101", "ListCost"] == sent.loc["vm-101", "ContractedCost"] == Decimal("10.5")
    assert sent.loc["vm-101", "BilledCost"] == 0
    assert "beyond the quota" in sent.loc["vm-101", "ChargeDescription"]
    assert check_focus(charges, invoices=invoices(40.0), vms=days)["finding"].tolist() == []


def test_what_is_not_invoiced_is_estimated_by_list_price_and_stands_apart():
    other = vm_days({201: ("db", "Warsaw", ("M", 1, 31)), 202: ("odd", "Warsaw", ("XL", 1, 31))}, account="second")
    days = pd.concat([DAYS, other], ignore_index=True)
    parts = by_state(charged(days=days))
    assert set(parts) == {"invoiced", "not-invoiced"}
    estimated = parts["not-invoiced"]
    assert set(estimated["BillingAccountId"]) == {"vmgen-second"}
    fee = estimated[estimated["PricingUnit"] == "Months"]
    assert fee["ResourceId"].tolist() == ["vm-201"], "a cost that is unknown is not 0"
    assert set(estimated["ResourceId"]) == {"vm-201"}
    assert fee["BilledCost"].tolist() == [Decimal(10)]
    assert fee["x_AllocationMethod"].tolist() == ["list_price"]
    costs = allocated_costs(days, BILLED, PRICES)
    assert without_charge(costs, days, PRICES, month="2026-10") == ["XL"]
    assert without_charge(costs, DAYS, PRICES, month="2026-10") == []


def test_a_credit_note_alone_does_not_make_a_month_invoiced():
    parts = by_state(charged(billed=invoices(-2.0)))
    assert sum(parts["invoiced"]["BilledCost"]) == -2
    assert set(parts["not-invoiced"]["ChargeCategory"]) == {"Usage"}


def test_instants_are_utc_where_days_begin_elsewhere():
    charges = charged(billed=invoices(40.0), time_zones={"main": "Europe/Warsaw"})
    cells = as_cells(charges)
    assert set(cells["BillingPeriodStart"]) == {"2026-09-30T22:00:00Z"}
    assert set(cells["BillingPeriodEnd"]) == {"2026-10-31T23:00:00Z"}, "clocks were put back on the 25th"
    assert check_focus(charges)["finding"].tolist() == []


def test_cost_centres_are_tags_and_columns_of_their_own():
    costs = allocated_costs(DAYS, BILLED, PRICES)
    centres = costs["vm_id"].map({101: "web", 102: 'say "yes"', 103: "unassigned"}).astype("str")
    costs = costs.assign(cost_centre=centres, rule="centres.csv, line 2")
    charges = focus_charges(costs, DAYS, BILLED, PRICES, month="2026-10", currency="EUR")
    tags = dict(zip(charges["ResourceId"], charges["Tags"], strict=True))
    assert json.loads(tags["vm-101"]) == {"cost_centre": "web"}
    assert json.loads(tags["vm-102"]) == {"cost_centre": 'say "yes"'}
    assert pd.isna(tags["vm-103"])
    assert dict(zip(charges["ResourceId"], charges["x_CostCenter"], strict=True))["vm-103"] == "unassigned"
    assert set(charges["x_CostAllocationRuleName"].dropna()) == {"centres.csv, line 2"}


@pytest.mark.parametrize(("currency", "words"), [("", "names none: set currency"), ("€", "'€' is no code of ISO 4217")])
def test_a_currency_is_needed(currency, words):
    costs = allocated_costs(DAYS, BILLED, PRICES)
    with pytest.raises(SettingsError, match=words):
        focus_charges(costs, DAYS, BILLED, PRICES, month="2026-10", currency=currency)


def test_costs_that_are_not_the_invoices_are_refused():
    costs = allocated_costs(DAYS, BILLED, PRICES)
    with pytest.raises(AllocationError, match="costs of invoice 5001 of account main add up to"):
        focus_charges(costs.iloc[1:], DAYS, BILLED, PRICES, month="2026-10", currency="EUR")
    with pytest.raises(AllocationError, match="divide invoice 5003 of account main, which is not among"):
        focus_charges(costs, DAYS, BILLED.iloc[:2], PRICES, month="2026-10", currency="EUR")
    with pytest.raises(SchemaError, match="'October' is no month, as 2026-11"):
        focus_charges(costs, DAYS, BILLED, PRICES, month="October", currency="EUR")


def test_a_month_of_nothing_is_an_empty_table():
    charges = charged(month="2019-03")
    assert charges.empty
    TABLES["focus_charges"].check(charges)
    assert by_state(charges) == {}


def test_a_csv_has_points_nothing_for_what_is_missing_and_no_dust():
    text = to_bytes(charged(), "csv").decode("utf-8")
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    amounts = [row[name] for row in rows for name in ("BilledCost", "ListCost", "PricingQuantity", "ListUnitPrice")]
    assert all("." in amount and "e" not in amount.lower() for amount in amounts if amount)
    assert max(len(amount.partition(".")[2]) for amount in amounts) <= 18
    assert ',"",' not in text, "quotes around nothing are an empty text to some"
    assert ",," in text
    assert {row["ChargePeriodStart"][-10:] for row in rows} == {"T00:00:00Z"}
    assert {row["x_IsEstimated"] for row in rows} == {"true"}


def test_both_formats_hold_the_same(tmp_path):
    charges = charged()
    cells = as_cells(charges)
    for kind in ("csv", "parquet"):
        path = tmp_path / f"charges.{kind}"
        path.write_bytes(to_bytes(charges, kind))
        pd.testing.assert_frame_equal(read_cells(path), cells, check_dtype=False)
        assert check_focus(path, invoices=BILLED, vms=DAYS)["finding"].tolist() == []
    stored = pd.read_parquet(tmp_path / "charges.parquet")
    assert sum(stored["BilledCost"]) == Decimal("37.51")
    assert str(stored["ChargePeriodStart"].dtype) == "datetime64[us, UTC]"
