"""The whole road from the wire to money, against the bill that the simulated provider writes for itself."""

from decimal import Decimal

import pytest

from vmgen_analytics import PriceBook, allocated_costs, monthly_costs, rated_costs, reconciliation, vm_days
from vmgen_analytics.fleet.locations import VmLocation

CENT = Decimal("0.01")


@pytest.fixture(scope="module")
def days(october):
    mapping = [VmLocation(vm.location, vm_id=vm.vm_id) for vm in october.sandbox.truth.vms]
    return vm_days(october.archive, "2026-10", "2026-11", vm_locations=mapping)


@pytest.fixture(scope="module")
def book(october):
    return PriceBook.of(october.sandbox.prices)


@pytest.fixture(scope="module")
def bill(october):
    october.sandbox.set_clock("2026-11-03")
    return october.sandbox.bill("2026-10")


def test_the_list_cost_of_the_month_is_the_bill_to_the_cent(days, book, bill):
    rated = rated_costs(days, book)
    assert rated["list_cost"].notna().all()
    total = Decimal(rated["list_cost"].sum()).quantize(CENT)
    assert total == sum(line["cost"] for line in bill).quantize(CENT) > 100


def test_the_list_cost_of_each_vm_and_package_is_its_line_of_the_bill(days, book, bill):
    rated = days[["vm_id", "package"]].assign(cost=rated_costs(days, book)["list_cost"])
    found = rated.groupby(["vm_id", "package"])["cost"].agg(["sum", "size"])
    assert {key: (pytest.approx(row["sum"], abs=1e-9), row["size"]) for key, row in found.iterrows()} == {
        (line["vm_id"], line["package"]): (float(line["cost"]), line["days"]) for line in bill
    }


def test_each_vm_is_given_what_the_provider_charges_for_it(october, days, book, bill):
    invoices = october.archive.read("invoices", "2026-10", "2026-11")
    costs = allocated_costs(days, invoices, book)
    by_vm = monthly_costs(costs, by="vm_id").set_index("vm_id")["allocated_cost"]
    charged = {}
    for line in bill:
        charged[line["vm_id"]] = charged.get(line["vm_id"], 0) + line["cost"]
    factor = Decimal(invoices["total_cost"].sum()) / sum(charged.values())
    assert by_vm.to_dict() == {vm_id: pytest.approx(float(cost * factor), abs=0.001) for vm_id, cost in charged.items()}


def test_the_last_word_on_the_invoice_matches_its_list_cost(october, days, book):
    invoices = october.archive.read("invoices", "2026-10", "2026-11")
    found = reconciliation(invoices, allocated_costs(days, invoices, book))
    assert found["unallocated"].tolist() == [0] * len(invoices)
    credits = invoices.loc[invoices["total_cost"] < 0, "total_cost"].sum()
    assert found["difference"].sum() == pytest.approx(credits, abs=0.01)
