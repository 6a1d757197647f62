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
    assert line.split()[2] == str(len(lines))
    assert line.split()[4] == "0"  # none is wrong
    assert line.split()[-2:] == ["100.0", "%"]
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
    assert "2 of them in a place that you name and the provider does not list" in done.out
    (warned,) = done.err.splitlines()
    assert f"your mapping (vm_id {first.vm_id}) names Gotham, which the provider does not list; did you mean" in warned
    assert "? It stands for 2 VMs until you change it" in warned
    assert "only in" not in done.out, "an offer elsewhere tells nothing against a place that there is not"
    assert "Nothing to test it on: every place that your mapping names for a VM is one that the provider" in done.out
    assert "no VM is in your mapping" not in done.out
    assert done.status == 0
    done = run("--csv")
    assert "names Gotham, which the provider does not list" in done.err
    assert done.out.startswith("account,")


def test_every_source_is_tested_also_one_that_never_answers(run, sandbox, tmp_path):
    vm = next(vm for vm in sandbox.truth.vms if not vm.died)
    (tmp_path / "places.csv").write_text(f"vm_id,location\n{vm.vm_id},{vm.location}\n")
    (tmp_path / "vmgen.toml").write_text('vm_locations = "places.csv"\n')
    tested = run().out.partition("How far this can be trusted")[2]
    for source in ("only_location", "package_unique", "same_gateway", "fqdn_pattern", "all together"):
        (line,) = [line for line in tested.splitlines() if source in line]
        assert line.replace("all together", "").split()[-5 if "%" not in line else -6] == "1", line
    (line,) = [line for line in tested.splitlines() if "fqdn_pattern" in line]
    assert line.split()[-4:] == ["0", "0", "1", "–"]


def test_domain_names_are_compared_without_capitals_and_the_final_dot(run, sandbox, tmp_path):
    vm = next(vm for vm in sandbox.truth.vms if not vm.died)
    host = vm.fqdn.partition(".")[0]
    lines = [f"{vm.fqdn.upper()}.,{vm.location}", f"{host}.elsewhere.example,{vm.location}"]
    (tmp_path / "places.csv").write_text("\n".join(["fqdn,location", *lines]))
    (tmp_path / "vmgen.toml").write_text('vm_locations = "places.csv"\n')
    done = run()
    warned = [line for line in done.err.splitlines() if "fits no VM" in line]
    assert len(warned) == 1
    assert f"did you mean {host}." in warned[0]
    (used,) = [line for line in done.out.splitlines() if "user_mapping" in line]
    assert used.split()[1] == "1"


def test_lines_that_fit_no_vm_are_told(run, sandbox, tmp_path):
    vm, *_, gone = [vm for vm in sandbox.truth.vms if not vm.died]
    lines = [
        f"{vm.vm_id},,,,{vm.location}",
        f"99999,,,,{vm.location}",
        f",{vm.fqdn[:-1]},,,{vm.location}",
        f",{gone.fqdn},,,{gone.location}",
        f",,{vm.name},,{vm.location}",
        f",,nobody-*,,{vm.location}",
        f",,,{vm.fqdn[:3]},{vm.location}",
        f",,,^nothing-,{vm.location}",
    ]
    (tmp_path / "places.csv").write_text("\n".join(["vm_id,fqdn,name,fqdn_pattern,location", *lines]))
    (tmp_path / "vmgen.toml").write_text('vm_locations = "places.csv"\n')
    done = run()
    end = "fits no VM that the archive knows, and tells nothing"
    assert (done.status, done.err.splitlines()) == (
        0,
        [
            f"warning: places.csv, line 3: vm_id 99999 {end}",
            f"warning: places.csv, line 4: fqdn {vm.fqdn[:-1]} {end}; did you mean {vm.fqdn}?",
            f"warning: places.csv, line 7: name nobody-* {end}",
            f"warning: places.csv, line 9: fqdn_pattern ^nothing- {end}",
        ],
    )
    (tmp_path / "places.csv").write_text("account,vm_id,location\nother," + f"{vm.vm_id},{vm.location}\n")
    assert f"places.csv, line 2: vm_id {vm.vm_id} {end}" in run().err, "that account has no such VM"


def test_the_file_that_the_settings_name_can_be_begun(run, sandbox, tmp_path):
    (tmp_path / "vmgen.toml").write_text('vm_locations = "vm_locations.csv"\n')
    done = run()
    assert (done.status, "[Errno" in done.err) == (2, False), done.err
    assert "there is no file vm_locations.csv" in done.err
    assert "`vmgen-analytics locations --suggest vm_locations.csv` writes it" in done.err
    assert run("--suggest", "another.csv").status == 2, "only that very file may be lacking"
    done = run("--suggest", tmp_path / "vm_locations.csv")
    assert done.status == 0, done.err
    assert "to fill in, in the column location\n" in done.err
    assert run().status == 0


def test_it_is_said_what_to_do_about_the_rest_and_what_each_source_means(run, sandbox):
    told = run().out
    assert "`vmgen-analytics locations --suggest FILE` writes these down for you to fill in" in told
    assert "no other location has ever offered its packages" in told
    assert "%" in told
    assert " %" in told.replace("  ", " ")
    assert "`vmgen-analytics locations --suggest" not in run("--suggest", "rest.csv").out


def test_an_empty_archive_is_named(run):
    done = run()
    assert done.status == 1
    assert "is empty or not there" in done.err
