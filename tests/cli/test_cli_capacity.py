"""capacity: what a planner reads on a terminal of 80 columns, and what a script gets."""

import json
from datetime import timedelta
from pathlib import Path

import pandas as pd
import pytest

from vmgen_analytics import Archive, Client, sync
from vmgen_analytics.sandbox import Sandbox
from vmgen_analytics.schema import TABLES

LIMITS = "measure,amount,location\nvms,1,\nvms,500,\nvcpus,900,Warsow\n"


@pytest.fixture
def synced(sandbox: Sandbox, tmp_path: Path, monkeypatch) -> Sandbox:
    """An archive of four days, with prices and the places of all VMs."""
    now = sandbox.now
    with Client(sandbox.key, base_url=sandbox.url) as client:
        for days in (3, 2, 1, 0):
            sandbox.set_clock(now - timedelta(days=days))
            assert sync(client, Archive("data/archive")).is_complete
    lines = [f"{price['package']},{price['location']},{price['monthly_price']},EUR" for price in sandbox.prices]
    (tmp_path / "prices.csv").write_text("\n".join(["package,location,monthly_price,currency", *lines, ""]))
    known = [f"{vm.vm_id},{vm.location}" for vm in sandbox.truth.vms]
    (tmp_path / "places.csv").write_text("\n".join(["vm_id,location", *known, ""]))
    (tmp_path / "vmgen.toml").write_text('prices = "prices.csv"\nvm_locations = "places.csv"\n')
    (tmp_path / "limits.csv").write_text(LIMITS)
    monkeypatch.setenv("COLUMNS", "80")
    return sandbox


def alive(sandbox):
    return [vm for vm in sandbox.truth.vms if vm.died is None]


def test_a_planner_reads_it_on_80_columns(run, synced, tmp_path):
    (tmp_path / "plan.toml").write_text(
        '[[steps]]\naction = "add"\ncount = 3\npackage = "Small"\nlocation = "Warsaw"\n'
        f'[[steps]]\naction = "move"\nvm = {alive(synced)[0].vm_id}\nlocation = "Amsterdam"\npackage = "Nano"\n'
    )
    done = run("capacity", "--limits", "limits.csv", "--plan", "plan.toml")
    assert (done.status, done.err) == (0, "")
    assert max(map(len, done.out.splitlines())) <= 80
    said = " ".join(done.out.split())
    assert f"{len(alive(synced))} VMs on 2026-11-23: " in said
    assert "Growth: it was observed for 4 days only; a rate needs a month." in said
    assert "1 VM: " not in said, "a limit that is reached needs no reason"
    assert "500 VMs: account main was observed for 4 days, and a date needs 90; seen were" in said
    assert "names the location 'Warsow', in which no VM was ever seen; did you mean Warsaw?" in said
    assert "Medium Singapore 25.00 – Medium in Warsaw" in said
    assert f"The plan (2 steps): {len(alive(synced))} VMs become {len(alive(synced)) + 3}, and list cost" in said
    assert "Nothing was sent to the provider. A move is a deletion and a new deployment" in said
    assert "largest location's share" in said


def test_a_script_gets_every_table(run, synced, tmp_path):
    (tmp_path / "plan.toml").write_text('[[steps]]\naction = "remove"\nvm = "*"\n')
    done = run("capacity", "--limits", "limits.csv", "--plan", "plan.toml", "--json")
    assert done.status == 0
    tables = json.loads(done.out)
    assert set(tables) == {
        "footprint", "fleet_changes", "fleet_rates", "vm_lifetime", "footprint_forecast", "capacity_forecast",
        "package_catalogue", "what_if",
    }  # fmt: skip
    assert sum(row["vms"] for row in tables["footprint"]) == len(alive(synced))
    reached, far, misspelt = tables["capacity_forecast"]
    assert (reached["state"], reached["used"]) == ("reached", len(alive(synced)))
    assert (far["state"], far["reached_p50"], far["chance"]) == ("unknown", None, None)
    assert misspelt["used"] is None
    assert tables["fleet_changes"][0]["month"] == "2026-11"
    assert tables["footprint"][0]["date"] == "2026-11-23"
    assert tables["what_if"][0] == {
        "position": 1, "is_total": True, "location": None, "measure": "vms", "unit": "VM",
        "before": len(alive(synced)), "after": 0, "change": -len(alive(synced)), "reason": "",
    }  # fmt: skip


def test_it_says_what_it_lacks(run, sandbox, tmp_path):
    assert "fill it" in run("capacity").err
    run("sync")
    done = run("capacity")
    assert done.status == 0
    said = " ".join(done.out.split())
    assert "Limits: none are set" in said
    assert "cannot be told without a price book" in said
    assert "How old VMs become cannot be told" in said or "Growth: it was observed for 1 day only" in said


def test_what_is_wrong_is_one_line_that_names_it(run, synced, tmp_path):
    (tmp_path / "plan.toml").write_text('[[steps]]\naction = "add"\npackage = "Storage"\nlocation = "Dallas"\n')
    done = run("capacity", "--plan", "plan.toml")
    assert (done.status, done.out) == (2, "")
    (line,) = done.err.splitlines()
    assert "plan.toml, step 1: Dallas does not offer 'Storage'; the nearest that it offers is " in line
    (tmp_path / "limits.csv").write_text("measure,amount\ncores,5\n")
    done = run("capacity", "--limits", "limits.csv")
    assert done.status == 2
    assert "limits.csv, line 2: measure is 'cores'" in done.err
    assert "cannot read the limits at nowhere.csv" in run("capacity", "--limits", "nowhere.csv").err
    assert "cannot read the plan at nowhere.toml" in run("capacity", "--plan", "nowhere.toml").err


def test_the_setting_names_the_limits(run, synced, tmp_path):
    with (tmp_path / "vmgen.toml").open("a") as file:
        file.write('limits = "limits.csv"\n')
    assert "500 VMs" in run("capacity").out


def test_every_table_can_be_exported(run, synced, tmp_path):
    with (tmp_path / "vmgen.toml").open("a") as file:
        file.write('limits = "limits.csv"\n')
    for name, rows in {
        "fleet_changes": 1, "fleet_rates": 1, "vm_survival": 0, "vm_lifetime": 0, "footprint_forecast": 4,
        "capacity_forecast": 3, "package_catalogue": 20, "what_if": 14,
    }.items():  # fmt: skip
        done = run("export", name)
        assert done.status == 0, done.err
        header, *lines = done.out.splitlines()
        assert header.lstrip("\ufeff").split(",")[0] == next(iter(TABLES[name].columns))
        assert len(lines) >= rows
    assert run("export", "fleet_changes", "--to", "2026-11-01").out.count("\n") == 1


def test_a_fleet_whose_sizes_are_all_unknown(run, tmp_path):
    archive = Archive("data/archive")
    days = pd.date_range("2026-11-01", "2026-11-05")
    rows = {"account": "main", "vm_id": 1, "seen_on": days, "vm_name": "own", "seen_at": days.tz_localize("UTC")}
    archive.add("vms", TABLES["vms"].cast(pd.DataFrame(rows)))
    log = {"account": "main", "started_at": days.tz_localize("UTC"), "ended_at": days.tz_localize("UTC")}
    log |= {"requests": 1, "failures": 0, "rows": 1, "incomplete": "", "time_zone": "UTC"}
    archive.add("syncs", TABLES["syncs"].cast(pd.DataFrame(log)))
    (tmp_path / "limits.csv").write_text("measure,amount\nvcpus,8\n")
    done = run("capacity", "--limits", "limits.csv")
    said = " ".join(done.out.split())
    assert done.status == 0
    assert "1 VM on 2026-11-05: – vCPUs, – GB of RAM, – GB of disk; the size of 100 % of the VMs is unknown" in said
    assert "8 vCPUs: the size of 1 of 1 VM is unknown, so vCPUs cannot be added up." in said
