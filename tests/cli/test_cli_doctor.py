"""`doctor`: what it prints of a provider that goes its own ways, and that nobody is named in it."""

import io
import json
import re
import sys
import tomllib
from collections.abc import Callable, Iterator
from typing import Any

import keyring
import pytest
import requests
from done import Done
from keyrings import Memory, remembering

from vmgen_analytics.sandbox import Sandbox
from vmgen_analytics.settings import Settings

Run = Callable[..., Done]

LISTS = {
    "invoices": "/invoices",
    "locations": "/locations",
    "packages": "/locations/1/packages/",
    "vms": "/virtual-machines",
    "os_images": "/os-images",
    "ssh_keys": "/ssh-keys",
    "marketplace": "/marketplace",
    "user_data_scripts": "/user-data-scripts",
}
OF_A_VM = ("usage", "networking", "jobs", "status", "configuration")
NAMING = {"name", "fqdn", "ipv4", "ipv6", "ip", "gateway", "rev_dns", "billing_address", "content", "script_content"}


@pytest.fixture
def memory() -> Iterator[Memory]:
    with remembering() as memory:
        yield memory


@pytest.fixture
def own_ways() -> Iterator[Sandbox]:
    """A provider that wants X-API-Key, wraps its answers, sends numbers as text, adds a field and drops one."""
    with Sandbox(vms=5, seed=11, today="2026-11-23", months=1, ticking=False, auth="X-API-Key: {key}") as sandbox:
        for operation, path in {"account": "/account", **LISTS}.items():
            sandbox.fault("body", operation=operation, body=_bent(_asked(sandbox, path)))
        for vm in sandbox.truth.vms:
            for operation in OF_A_VM:
                path = f"/virtual-machines/{vm.vm_id}/{operation}"
                sandbox.fault("body", operation=operation, vm_id=vm.vm_id, body=_bent(_asked(sandbox, path)))
        sandbox.forget()
        yield sandbox


def _asked(sandbox: Sandbox, path: str) -> Any:
    header = {"Authorization": f"Bearer {sandbox.key}", "X-API-Key": sandbox.key}
    with requests.get(sandbox.url + path, headers=header, timeout=9) as answer:
        return answer.json() if answer.ok else []


def _bent(payload: Any) -> dict[str, Any]:
    many = isinstance(payload, list)
    records = [
        {name: _as_text(value) for name, value in record.items() if name != "uptime"} | {"region_code": "r1"}
        for record in (payload if many else [payload])
    ]
    return {"data": records if many else records[0], "meta": {"total": len(records)}}


def _as_text(value: Any) -> Any:
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


def _names(sandbox: Sandbox) -> set[str]:
    """All that could name somebody: what VMs, places, keys and the account are called, and their addresses."""
    found = set()
    paths = ["/account", *LISTS.values()]
    paths += [f"/virtual-machines/{vm.vm_id}/{operation}" for vm in sandbox.truth.vms for operation in OF_A_VM]
    for path in paths:
        payload = _asked(sandbox, path)
        payload = payload["data"] if isinstance(payload, dict) and "data" in payload else payload
        for record in payload if isinstance(payload, list) else [payload]:
            found |= {str(value) for name, value in record.items() if name in NAMING and value}
    return found | {sandbox.key}


def _lines(table: str) -> dict[str, str]:
    """The row of each operation, with the lines that belong to it."""
    found: dict[str, str] = {}
    for line in table.splitlines():
        if named := re.match(r"[a-z_]+", line):
            found[named[0]] = ""
        if found:
            found[list(found)[-1]] += f"{line}\n"
    return found


@pytest.mark.filterwarnings("always::vmgen_analytics.errors.UnexpectedDataWarning")
def test_login_then_doctor_then_sync(
    run: Run, own_ways: Sandbox, monkeypatch: pytest.MonkeyPatch, memory: Memory
) -> None:
    sandbox = own_ways
    monkeypatch.setenv("VMGEN_BASE_URL", sandbox.url)
    monkeypatch.setattr(sys, "stdin", io.StringIO(f"{sandbox.key}\n"))
    assert run("login").status == 0
    assert keyring.get_password("vmgen_analytics", "main:auth") == "X-API-Key: {key}"

    sandbox.forget()
    done = run("doctor")
    assert done.status == 0
    assert "14 of 14 operations" in done.err
    rows = _lines(done.out)
    assert re.search(r"vms +5 records +7 of 8 +5 rows +inside data, beside meta", rows["vms"])
    assert "number as text: id" in rows["vms"]
    assert "missing: uptime" in rows["vms"]
    assert all("new: region_code" in rows[name] for name in ("account", "vms", "usage", "status", "marketplace"))
    assert "number as text: in_MB, out_MB" in rows["usage"]
    assert "number as text: id, total_cost" in rows["invoices"]
    assert re.search(r"document +OpenAPI 3.0.3 .* names X-API-Key: \{key\}; it has 20 of our 20", done.out)
    assert "sent as X-API-Key: {key}" in done.out
    assert "fits time_zone UTC" in done.out
    assert "no day of it is shown" in done.out

    done = run("sync")
    assert done.status == 0
    assert "5 of 5 records have no field 'uptime'" in done.err
    assert run("export", "vms").out.count("\n") == 6
    assert {(each.method, each.status) for each in sandbox.requests} == {("GET", 200)}


def test_nobody_is_named(run: Run, own_ways: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VMGEN_BASE_URL", own_ways.url)
    monkeypatch.setenv("VMGEN_API_KEY", own_ways.key)
    monkeypatch.setenv("VMGEN_AUTH", "X-API-Key: {key}")
    names = _names(own_ways)
    assert len(names) > 30
    own_ways.fault("status", operation="marketplace", code=500)
    for bend in (lambda: None, own_ways.clear_faults):
        bend()
        for words in ((), ("--json",), ("-vv",)):
            done = run("doctor", *words)
            assert [name for name in names if name in done.out] == []
            assert own_ways.key not in done.err
            assert not re.search(r"machines/\d", done.out)


def test_the_settings_that_it_prints_can_be_used(run: Run, sandbox: Sandbox, tmp_path: Any) -> None:
    done = run("doctor")
    assert done.status == 0
    text = done.out[done.out.index("[accounts.main]") :]
    assert tomllib.loads(text)["accounts"]["main"]["base_url"] == sandbox.url
    (tmp_path / "vmgen.toml").write_text(text, encoding="utf-8")
    assert Settings.load(environ={}).accounts["main"].auth == "Authorization: Bearer {key}"
    assert run("doctor").status == 0


def test_every_read_is_asked_once_and_nothing_is_changed(run: Run, sandbox: Sandbox) -> None:
    assert run("doctor").status == 0
    asked = [each.operation for each in sandbox.requests if each.operation]
    assert sorted(asked) == sorted({"account", *LISTS, *OF_A_VM})
    assert {each.method for each in sandbox.requests} == {"GET"}
    keyless = [each for each in sandbox.requests if each.path.startswith("/swagger")]
    assert keyless
    assert all(sandbox.key not in str(each.headers) for each in keyless)


def test_json(run: Run, sandbox: Sandbox) -> None:
    sandbox.fault("envelope", operation="vms", style="meta", size=2)
    found = json.loads(run("doctor", "--json").out)
    vms = next(each for each in found["seen"] if each["name"] == "vms")
    assert (vms["status"], vms["records"], vms["wrapping"], vms["has_pages"]) == (200, 2, "inside data", True)
    assert vms["fields"]["id"] == {"number": 2}
    assert found["notes"]["paging"].startswith("vms: in pages")
    assert found["exit_status"] == 0


def test_a_part_that_cannot_be_used(run: Run, sandbox: Sandbox) -> None:
    sandbox.fault("html", operation="ssh_keys")
    sandbox.fault("status", operation="marketplace", code=404)
    done = run("doctor")
    assert done.status == 3
    rows = _lines(done.out)
    assert "the answer is not JSON" in rows["ssh_keys"]
    assert "404 Not Found" in rows["marketplace"]
    assert "12 of 14" in done.err


def test_nothing_that_can_be_used(run: Run, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VMGEN_API_KEY", "another-key")
    done = run("doctor")
    assert done.status == 1
    assert "401 Unauthorized" in done.out
    assert "run vmgen-analytics login" in done.out
    assert "Settings that fit" not in done.out
    assert sum(each.path == "/account" for each in sandbox.requests) == 1
    assert sum(not each.path.startswith("/swagger") for each in sandbox.requests) == 1


def test_settings(run: Run, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run("doctor", "--account", "nobody").status == 2
    monkeypatch.delenv("VMGEN_API_KEY")
    done = run("doctor")
    assert done.status == 2
    assert "vmgen-analytics login" in done.err


@pytest.mark.parametrize("columns", [80, 120])
def test_it_fits_the_terminal(run: Run, own_ways: Sandbox, monkeypatch: pytest.MonkeyPatch, columns: int) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.setenv("VMGEN_BASE_URL", own_ways.url)
    monkeypatch.setenv("VMGEN_API_KEY", own_ways.key)
    monkeypatch.setenv("VMGEN_AUTH", "X-API-Key: {key}")
    done = run("doctor")
    assert max(map(len, done.out.splitlines())) <= columns
    assert "…" not in done.out
    assert {"user_data_scripts", "configuration"} <= _lines(done.out).keys()
