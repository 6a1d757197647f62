"""``vmgen-analytics locations``: as a user has it."""

import pytest
from done import Done

from vmgen_analytics import Archive, Client, sync
from vmgen_analytics.cli import main
from vmgen_analytics.sandbox import Sandbox


@pytest.fixture
def run(capfd, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("COLUMNS", "160")

    def run(*words):
        with pytest.raises(SystemExit) as ended:
            main(["locations", *map(str, words)])
        captured = capfd.readouterr()
        return Done(int(ended.value.code or 0), captured.out, captured.err)

    return run


@pytest.fixture
def sandbox(tmp_path):
    with (
        Sandbox(vms=20, seed=7, today="2026-11-20", months=2) as sandbox,
        Client(sandbox.key, base_url=sandbox.url) as client,
    ):
        sync(client, Archive(tmp_path / "data/archive"))
        yield sandbox


def test_from_nothing_to_every_vm_by_filling_in_the_file(run, sandbox, tmp_path):
    done = run("--suggest", "unknown.csv")
    assert done.status == 0, done.err
    told = done.out
    assert "of 20 VMs have a known location" in told
    assert "Nothing to test it on: no VM is in your mapping" in told
    truth = {str(vm.vm_id): vm.location for vm in sandbox.truth.vms}
    file = tmp_path / "unknown.csv"
    head, *lines = file.read_text().splitlines()
    filled = []
    for line in lines:
        account, vm_id, fqdn, name, location, rest = line.split(",", 5)
        assert location == ""
        filled.append(",".join([account, vm_id, fqdn, name, truth[vm_id], rest]))
    file.write_text("\n".join([head, *filled]))
    (tmp_path / "vmgen.toml").write_text('vm_locations = "unknown.csv"\n')
    done = run("--csv")
    assert "20 of 20 VMs have a known location; 0 have none." in done.err
    assert "user_mapping" in done.err
    (line,) = [line for line in done.err.splitlines() if "together" in line]
    assert line.split()[1] == str(len(lines))
    assert line.split()[3] == "0"  # none is wrong
    assert done.out.startswith("account,vm_id,incarnation,source,vm_name,location,strength,is_used,contradicts,detail")
    assert run("--suggest", "unknown.csv").status == 2


def test_contradictions_are_told(run, sandbox, tmp_path):
    vm = next(vm for vm in sandbox.truth.vms if vm.packages[-1][1] == "Storage" and not vm.died)
    (tmp_path / "places.csv").write_text(f"vm_id,location\n{vm.vm_id},Dallas\n")
    (tmp_path / "vmgen.toml").write_text('vm_locations = "places.csv"\n')
    told = run().out
    assert f"contradiction: VM {vm.vm_id} ({vm.name}): " in told
    assert "package_unique Amsterdam" in told
    assert "user_mapping Dallas" in told


def test_a_place_that_the_provider_does_not_have_is_told(run, sandbox, tmp_path):
    first, second = [vm for vm in sandbox.truth.vms if not vm.died][:2]
    (tmp_path / "places.csv").write_text(f"vm_id,location\n{first.vm_id},Gotham\n{second.vm_id},Gotham\n")
    (tmp_path / "vmgen.toml").write_text('vm_locations = "places.csv"\n')
    done = run()
    assert "Gotham: no such location; nearest: " in done.out
    assert "Your mapping names it for 2 VMs" in done.out
    assert "only in" not in done.out, "an offer elsewhere tells nothing against a place that there is not"
    assert "Nothing to test it on" in done.out
    assert (done.status, done.err) == (0, "")
    done = run("--csv")
    assert "no such location" in done.err
    assert done.out.startswith("account,")


def test_an_empty_archive_is_named(run):
    done = run()
    assert done.status == 1
    assert "is empty or not there" in done.err
