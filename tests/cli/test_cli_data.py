"""sync, status and export: what the provider served is what comes out."""

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import requests
from done import Done

from vmgen_analytics.sandbox import Sandbox

Run = Callable[..., Done]


def _served(sandbox: Sandbox, path: str) -> list[dict]:
    return requests.get(sandbox.url + path, headers={"Authorization": f"Bearer {sandbox.key}"}, timeout=10).json()


def test_export_equals_what_was_served(run: Run, sandbox: Sandbox) -> None:
    assert run("sync").status == 0
    vms = _served(sandbox, "/virtual-machines")
    exported = pd.read_csv(io.StringIO(run("export", "vms").out), keep_default_na=False)
    for field, column in {
        "id": "vm_id",
        "name": "vm_name",
        "ipv6": "ipv6",
        "package": "package",
        "uptime": "uptime",
    }.items():
        assert exported[column].tolist() == [vm[field] for vm in sorted(vms, key=lambda vm: vm["id"])]
    usage = pd.read_csv(io.StringIO(run("export", "usage").out))
    served = [
        (vm["id"], *day.values()) for vm in vms for day in _served(sandbox, f"/virtual-machines/{vm['id']}/usage")
    ]
    assert list(usage[["vm_id", "date", "in_MB", "out_MB"]].itertuples(index=False, name=None)) == sorted(served)


def test_syncing_twice_changes_nothing_but_the_log(run: Run, sandbox: Sandbox) -> None:
    tables = ("accounts", "invoices", "locations", "packages", "vms", "usage", "networking", "jobs")
    run("sync")
    before = {name: run("export", name).out for name in tables}
    assert "nothing new" in run("sync").err
    assert {name: run("export", name).out for name in tables} == before
    assert run("export", "syncs").out.count("\n") == 3


def test_one_bad_vm_costs_that_vm_and_status_3(run: Run, sandbox: Sandbox) -> None:
    bad, *others = [vm.vm_id for vm in sandbox.truth.vms if vm.died is None]
    sandbox.fault("body", operation="usage", vm_id=bad, body="[1, 2]", code=200)
    done = run("sync")
    assert done.status == 3
    assert f"usage of VM {bad}" in done.err
    usage = pd.read_csv(io.StringIO(run("export", "usage").out))
    assert set(usage["vm_id"]) == set(others)
    sandbox.clear_faults()
    assert run("sync").status == 0
    assert bad in set(pd.read_csv(io.StringIO(run("export", "usage").out))["vm_id"])


def test_a_failed_inventory_changes_nothing(run: Run, sandbox: Sandbox) -> None:
    run("sync")
    before = run("export", "vms").out, run("export", "usage").out
    sandbox.advance(days=1)
    sandbox.fault("html", operation="vms")
    assert run("sync").status == 3
    assert (run("export", "vms").out, run("export", "usage").out) == before


@pytest.mark.parametrize("ending", ["csv", "parquet", "xlsx"])
def test_export_to_a_file(run: Run, sandbox: Sandbox, tmp_path: Path, ending: str) -> None:
    run("sync")
    path = tmp_path / f"usage.{ending}"
    done = run("export", "usage", "--out", path)
    assert (done.status, done.out) == (0, "")
    assert str(path) in done.err
    read = {"csv": pd.read_csv, "parquet": pd.read_parquet, "xlsx": pd.read_excel}[ending]
    assert len(read(path)) == run("export", "usage").out.count("\n") - 1


def test_every_table_can_be_exported(run: Run, sandbox: Sandbox) -> None:
    from vmgen_analytics.schema import ARCHIVED, DERIVED, FETCHED

    run("sync")
    for table in FETCHED:
        refused = run("export", table.name)
        assert refused.status == 2
        assert f"fetch_{table.name}(client)" in refused.err
    for table in (*ARCHIVED, *DERIVED):
        name = table.name
        done = run("export", name)
        if name == "estimated_prices":  # one open month tells no price
            assert (done.status, "and 3 are needed" in done.err) == (2, True), done.err
            continue
        assert done.status == 0, (name, done.err)
        header = done.out.split("\r\n", 1)[0].split(",")
        assert [column for column in table.columns if not table.columns[column].optional] == [
            column for column in header if not table.columns[column].optional
        ]


def test_export_leaves_the_end_out(run: Run, sandbox: Sandbox) -> None:
    run("sync")
    for table in ("usage", "vm_days"):
        days = pd.read_csv(io.StringIO(run("export", table, "--from", "2026-11-05", "--to", "2026-11-08").out))["date"]
        assert sorted(set(days)) == ["2026-11-05", "2026-11-06", "2026-11-07"]
    assert run("export", "usage", "--from", "2026-11-08", "--to", "2026-11-05").status == 2


def test_a_table_that_looks_back_says_the_same_of_a_later_window(tmp_path: Path, run: Run, october: Any) -> None:
    archive = october.archive.url
    (tmp_path / "budgets.csv").write_text("period,amount\n2026-Q4,900\n")
    (tmp_path / "vmgen.toml").write_text('budgets = "budgets.csv"\n')
    words = ("--archive", archive, "--config", tmp_path / "vmgen.toml")
    for table in ("budget_status", "cost_forecast", "credit_runway"):
        assert run("export", table, *words, "--from", "2026-11-01").out == run("export", table, *words).out, table
    changes = run("export", "cost_changes", *words, "--from", "2026-11-01").out
    assert "2026-11" in changes
    assert "2026-10" not in changes


def test_status_tells_people_and_machines(run: Run, sandbox: Sandbox) -> None:
    run("sync")
    spoken = run("status")
    assert (spoken.status, spoken.err) == (0, "")
    assert f"{sandbox.now:%Y-%m}" in spoken.out
    assert "the provider forgets this month" in spoken.out
    told = json.loads(run("status", "--json").out)["accounts"]["main"]
    assert told["months"][0]["days_partial"] == 6
    assert told["last_failures"] == 0


def test_report_writes_a_page_and_a_workbook(run: Run, sandbox: Sandbox, tmp_path: Path) -> None:
    run("sync")
    done = run("report", "--out", tmp_path / "out")
    assert done.status == 0, done.err
    assert (tmp_path / "out" / "report.html").stat().st_size > 50_000
    assert (tmp_path / "out" / "report.xlsx").exists()
    assert len(list((tmp_path / "out").glob("*.png"))) >= 5


def test_a_month_without_data_is_a_sentence(run: Run, sandbox: Sandbox) -> None:
    run("sync")
    done = run("report", "--month", "June")
    assert (done.status, done.out) == (2, "")
    assert "month is 'June'; it must be a month as 2026-11" in done.err
    done = run("report", "--month", "2019-03")
    assert done.status == 1
    assert "2019-03" in done.err
    assert f"{sandbox.now:%Y-%m}" in done.err


def test_export_tells_what_was_believed_earlier(run: Run, october: Any) -> None:
    words = ("--archive", october.archive.url)
    moment = "2026-10-15 09:00"
    for name in ("usage", "vms", "superseded_usage"):
        done = run("export", name, *words, "--as-of", moment)
        was = pd.read_csv(io.StringIO(done.out))
        assert len(was) == len(october.archive.read(name, as_of=moment)), name
        assert 0 < len(was) < len(october.archive.read(name)), name
    days = pd.read_csv(io.StringIO(run("export", "vm_days", *words, "--as-of", moment).out))
    assert days["date"].max() == "2026-10-15"
    assert "partial" in set(days["status"]), "that day was not over"
    earlier = run("export", "vm_days", *words, "--as-of", moment, "--from", "2026-10-02", "--to", "2026-10-04")
    assert set(pd.read_csv(io.StringIO(earlier.out))["date"]) == {"2026-10-02", "2026-10-03"}
    lives = [run("export", "lifetimes", *words, *when).out for when in ((), ("--as-of", moment))]
    assert lives[0] != lives[1]
    zoned = run("export", "usage", *words, "--as-of", "2026-10-15 11:00+02:00").out
    assert zoned == run("export", "usage", *words, "--as-of", moment).out


def test_export_of_an_earlier_moment_is_refused_where_it_cannot_be_told(run: Run, october: Any) -> None:
    words = ("--archive", october.archive.url)
    for name in ("allocated_costs", "location_evidence", "footprint_forecast"):
        done = run("export", name, *words, "--as-of", "2026-10-15")
        assert (done.status, done.out) == (2, "")
        assert f"{name} cannot be told as of an earlier moment" in done.err
        assert "vm_days and lifetimes can" in done.err
    for name in ("usage", "vm_days", "lifetimes"):
        done = run("export", name, *words, "--as-of", "nonsense")
        assert (done.status, done.out) == (2, "")
        assert "'nonsense' is no instant: write 2026-11-23 09:00" in done.err
