"""A number that came back as another machine is two machines, in traffic, costs and everything that is told of them."""

import io
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from left_by_syncs import Kept

from vmgen_analytics import bandwidth_anomalies, compared_bandwidth, coverage, idle_vms, vm_days
from vmgen_analytics.cli import terminal
from vmgen_analytics.schema import TABLES

OLD = {"vm_name": "build-01", "fqdn": "build-01.example.net", "ipv4": "192.0.2.1", "package": "Small"}
NEW = {"vm_name": "reborn", "fqdn": "reborn.example.net", "ipv4": "192.0.2.41", "package": "Small"}
NOW = pd.Timestamp("2026-11-02 12:00", tz="UTC")


def moved(kept, vm_id, first, last, out_MB):
    days = pd.date_range(first, last)
    rows = {
        "account": "main",
        "vm_id": vm_id,
        "date": days,
        "out_MB": out_MB * (1 + 0.02 * np.sin(np.arange(len(days)))),
    }
    rows |= {"in_MB": 100.0, "status": "final", "seen_at": pd.Timestamp(last, tz="UTC") + pd.Timedelta(days=1.5)}
    kept.archive.add("usage", TABLES["usage"].cast(pd.DataFrame(rows)))


@pytest.fixture
def archive(tmp_path, run, monkeypatch):
    """Number 1 was build-01 until 21 October, with 8 GB a day, and is reborn from the 25th on, with 2 GB a day."""
    kept = Kept(tmp_path / "data/archive")
    moved(kept, 1, "2026-09-01", "2026-10-21", 8_000.0)
    moved(kept, 1, "2026-10-25", "2026-11-01", 2_000.0)
    moved(kept, 2, "2026-09-01", "2026-11-01", 4_000.0)
    kept.seen(1, *pd.date_range("2026-09-01", "2026-10-21"), **OLD)
    kept.seen(1, *pd.date_range("2026-10-25", "2026-11-02"), **NEW)
    kept.seen(2, *pd.date_range("2026-09-01", "2026-11-02"), package="Small")
    for day in pd.date_range("2026-09-01", "2026-11-02"):
        kept.sync(f"{day:%Y-%m-%d} 12:00")
    months = pd.to_datetime(["2026-09-30", "2026-10-31"])
    bills = {"account": ["main"] * 2, "invoice_id": [1, 2], "invoice_date": months, "total_cost": [60.0, 59.0]}
    seen_at = [pd.Timestamp(day, tz="UTC") + pd.Timedelta(days=1) for day in months]
    kept.archive.add("invoices", TABLES["invoices"].frame({**bills, "status": ["paid"] * 2, "seen_at": seen_at}))
    monkeypatch.setattr(terminal, "now", lambda: NOW)
    return kept.archive


@pytest.fixture
def days(archive):
    return vm_days(archive, "2026-09", "2026-12")


def exported(run, table):
    return pd.read_csv(io.StringIO(run("export", table).out))


def test_each_machine_has_its_own_traffic(run, archive):
    found = exported(run, "monthly_bandwidth").query("month == '2026-10' and vm_id == 1")
    assert found[["incarnation", "vm_name", "days_expected"]].to_numpy().tolist() == [
        [1, "build-01", 21],
        [2, "reborn", 7],
    ]
    assert found["out_MB"].round(-3).tolist() == [168_000, 14_000]


def test_no_machine_is_measured_by_what_another_one_moved(days):
    found = bandwidth_anomalies(days)
    assert not found["group"].eq("reborn").any(), "2 GB is no fall: it never moved more"
    week = compared_bandwidth(days, "2026-10-26", "2026-11-02")
    (reborn,) = week[week["vm_name"] == "reborn"].itertuples()
    assert reborn.before_out_MB == pytest.approx(2_000.0), "of its one day in the week before"


def test_each_machine_pays_for_its_own_days(run, archive):
    found = exported(run, "monthly_costs").query("month == '2026-10'").set_index("vm_name")["allocated_cost"]
    assert found.to_dict() == {"build-01": 21.0, "reborn": 7.0, "web-2": 31.0}
    changes = exported(run, "cost_changes")
    assert set(changes.loc[changes["vm_name"] == "reborn", "reason"]) == {"new VMs"}
    assert "days of existence" not in set(changes.loc[changes["vm_name"] == "reborn", "reason"])


def test_both_are_counted_and_named(run, archive, days):
    vms = coverage(days, NOW.tz_localize(None)).set_index("month")["vms"]
    assert vms[pd.Period("2026-10")] == 3
    done = run("report", "--month", "2026-10", "--out", "report")
    assert done.status == 0, done.err
    page = next(Path("report").rglob("*.html")).read_text()
    assert page.count("build-01") >= 2
    assert page.count("reborn") >= 2


def test_an_inquiry_about_a_machine_that_is_gone_tells_of_no_other(run, archive):
    gone, alive = (run("investigate", "--days", "20", "--vm", name).out for name in ("build-01", "reborn"))
    assert "build-01 (VM 1), which is gone; its last day was Wed 2026-10-21:" in gone
    assert "reborn" not in gone
    assert "build-01" not in alive
    both = run("investigate", "--vm", "1").out
    assert "build-01 (VM 1)" in both
    assert "reborn (VM 1)" in both


def test_a_machine_that_is_gone_is_not_called_idle(days):
    assert "build-01" not in set(idle_vms(days)["vm_name"])
