"""A month is closed, the provider changes its mind, and what was handed on for that month stays as it was."""

import json
from datetime import UTC, datetime

import pandas as pd
import pytest
import requests

from vmgen_analytics import Archive, Client, Settings, monthly_costs, read_ledger, reconciliation, sync
from vmgen_analytics.cost.millionths import to_millionths
from vmgen_analytics.sandbox import Sandbox


@pytest.fixture
def world(tmp_path):
    archive = Archive(tmp_path / "archive")
    with (
        Sandbox(vms=5, seed=4, today="2026-10-25", months=1, ticking=False) as sandbox,
        Client(sandbox.key, base_url=sandbox.url) as client,
    ):

        def sync_at(moment):
            sandbox.set_clock(datetime.fromisoformat(moment).replace(tzinfo=UTC))
            assert sync(client, archive).is_complete

        for moment in ("2026-10-25T07:00", "2026-10-31T23:50", "2026-11-02T07:00"):
            sync_at(moment)
        yield sandbox, archive, sync_at


def costs_of(archive, first="2026-10", last="2026-11"):
    return read_ledger(archive, Settings(), first, last)


def test_last_months_numbers_stay_and_the_open_month_has_the_correction(world):
    sandbox, archive, sync_at = world
    before = costs_of(archive)
    october = before.costs[before.costs["month"] == "2026-10"].reset_index(drop=True)
    old = before.invoices[before.invoices["invoice_date"] < "2026-11"].iloc[0]

    sandbox.set_clock(datetime(2026, 11, 20, 7, tzinfo=UTC))
    headers = {"Authorization": f"Bearer {sandbox.key}"}
    listed = requests.get(f"{sandbox.url}/invoices", headers=headers, timeout=9).json()
    changed = {"id": int(old["invoice_id"]), "date": "2026-10-01", "status": "corrected",
               "total_cost": str(round(old["total_cost"] + 7.77, 2))}  # fmt: skip
    sandbox.fault("body", operation="invoices", body=json.dumps([*listed, changed]), code=200)
    sync_at("2026-11-20T07:00")

    after = costs_of(archive)
    now_october = after.costs[after.costs["month"] == "2026-10"].reset_index(drop=True)
    pd.testing.assert_frame_equal(now_october, october)
    changes = after.costs[after.costs["corrects"].notna()]
    assert sum(to_millionths(changes["allocated_cost"])) == 7_770_000
    assert (changes["month"] == "2026-11").all()
    assert changes["reason"].str.endswith("on 2026-11-20, after 2026-10 was closed").all()
    months = monthly_costs(after.costs).set_index("month")["allocated_cost"]
    todays = archive.read("invoices")["total_cost"].sum()
    assert round(months.sum() * 1e6) == round(todays * 1e6)
    assert months["2026-10"] == monthly_costs(before.costs).set_index("month")["allocated_cost"]["2026-10"]

    found = reconciliation(after.invoices, after.costs)
    mine = found[found["invoice_id"] == old["invoice_id"]]
    assert mine["month"].astype(str).tolist() == ["2026-10", "2026-11"]
    assert mine["invoiced"].round(2).tolist() == [old["total_cost"], 7.77]
    assert mine["state"].tolist()[1].startswith("corrects 2026-10: changed from")
    alone = costs_of(archive, "2026-11", "2026-11")
    assert sum(to_millionths(alone.costs.loc[alone.costs["corrects"].notna(), "allocated_cost"])) == 7_770_000


def test_an_invoice_whose_total_does_not_come_is_shown_and_stops_nothing(world):
    sandbox, archive, sync_at = world
    sandbox.set_clock(datetime(2026, 11, 20, 7, tzinfo=UTC))
    headers = {"Authorization": f"Bearer {sandbox.key}"}
    listed = requests.get(f"{sandbox.url}/invoices", headers=headers, timeout=9).json()
    lacking = {"id": 999_999, "date": "2026-11-10", "status": "created", "total_cost": None}
    sandbox.fault("body", operation="invoices", body=json.dumps([*listed, lacking]), code=200)
    sync_at("2026-11-20T07:00")
    ledger = costs_of(archive)
    found = reconciliation(ledger.invoices, ledger.costs).set_index("invoice_id")
    assert found.loc[999_999, "state"] == "not divided: the provider gave no total; sync again"
    assert pd.isna(found.loc[999_999, "invoiced"])
