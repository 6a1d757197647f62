"""With the true prices, list costs are the provider's own bill to the cent, whatever the fleet lived through."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pandas as pd
import pytest

from vmgen_analytics import (
    Archive,
    Client,
    PriceBook,
    allocated_costs,
    monthly_costs,
    rated_costs,
    reconciliation,
    sync,
    vm_days,
)
from vmgen_analytics.fleet.locations import VmLocation
from vmgen_analytics.sandbox import Sandbox

CENT = Decimal("0.01")


@pytest.fixture(
    scope="module", params=[13, *(pytest.param(seed, marks=pytest.mark.endurance) for seed in (1, 10, 19, 21, 27))]
)
def world(request, tmp_path_factory):
    """A closed October of a fleet, synced each morning and once more in its last minutes."""
    archive = Archive(tmp_path_factory.mktemp("fleet"))
    with (
        Sandbox(vms=12, seed=request.param, today="2026-11-02", months=2, ticking=False) as sandbox,
        Client(sandbox.key, base_url=sandbox.url) as client,
    ):
        mornings = [datetime(2026, 9, 30, 7, tzinfo=UTC) + timedelta(days=number) for number in range(34)]
        for moment in sorted([*mornings, datetime(2026, 10, 31, 23, 59, tzinfo=UTC)]):
            sandbox.set_clock(moment)
            assert sync(client, archive).is_complete
        mapping = [VmLocation(vm.location, vm_id=vm.vm_id) for vm in sandbox.truth.vms]
        days = vm_days(archive, "2026-10", "2026-11", vm_locations=mapping)
        yield (
            days,
            archive.read("invoices", "2026-10", "2026-11"),
            PriceBook.of(sandbox.prices),
            sandbox.bill("2026-10"),
        )


def test_the_list_cost_is_the_bill_to_the_cent(world):
    days, _, book, bill = world
    rated = rated_costs(days, book)
    found = days[["vm_id", "package"]].assign(cost=rated["list_cost"]).groupby(["vm_id", "package"])["cost"].sum()
    assert {key: Decimal(cost).quantize(CENT) for key, cost in found.items()} == {
        (line["vm_id"], line["package"]): Decimal(line["cost"]).quantize(CENT) for line in bill
    }
    total = Decimal(rated["list_cost"].sum()).quantize(CENT)
    assert total == sum(line["cost"] for line in bill).quantize(CENT) > 50


@pytest.mark.parametrize("period", ["same-month", "previous-month"])
def test_the_reconciliation_says_matched(world, period):
    days, invoices, book, _ = world
    if period == "previous-month":
        invoices = invoices.assign(invoice_date=(invoices["invoice_date"] + pd.DateOffset(months=1)).dt.as_unit("us"))
    costs = allocated_costs(days, invoices, book, invoice_period=period)
    found = reconciliation(invoices, costs)
    largest = found[found["difference"].notna()]
    assert largest["month"].astype(str).tolist() == ["2026-10"]
    assert largest["state"].str.startswith("matched").all(), largest["state"].tolist()
    assert found["unallocated"].eq(0).all()
    assert monthly_costs(costs)["allocated_cost"].sum() == pytest.approx(invoices["total_cost"].sum(), abs=1e-9)


def test_there_were_births_deaths_and_resizes(world):
    days, _, _, bill = world
    lives = days.groupby("vm_id")["date"].agg(["min", "max"])
    assert (lives["min"] > "2026-10-01").any(), "births"
    assert (lives["max"] < "2026-10-31").any(), "deaths"
    assert len(bill) > days["vm_id"].nunique(), "resizes"
