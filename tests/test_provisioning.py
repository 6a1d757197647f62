"""Deploying, deleting, scripts and tickets: checked before anything is sent, sent once, followed, written down."""

import base64
import contextlib
import itertools
import json
import logging
import traceback

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scripted import Answer, Provider, broken, page, says

from vmgen_analytics import Archive, Client, power, provisioning, sync
from vmgen_analytics.errors import (
    ArchiveError,
    AuthenticationError,
    CommandOutcomeUnknown,
    CommandRefused,
    JobFailed,
    JobTimeout,
    SettingsError,
    ValidationError,
    VMgenError,
)
from vmgen_analytics.following import Following
from vmgen_analytics.logbook import left_sending
from vmgen_analytics.sandbox import Sandbox
from vmgen_analytics.targets import Target, find

QUICK = Following(deadline_s=3, first_s=0.01, longest_s=0.03, unclear_s=2)
IMPATIENT = Following(deadline_s=0.2, first_s=0.01, longest_s=0.04, unclear_s=0.1)
PASSWORD = "canary-Root.Passw0rd!"
SCRIPT = "#!/bin/sh\necho canary-script-7f3a > /root/token\n"
KEY_LINE = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIcanaryCanaryCanaryCanaryCanary9 me@laptop"
CANARIES = (PASSWORD, "canary-script-7f3a", "AAAAIcanaryCanary", base64.b64encode(SCRIPT.encode()).decode())

GOOD = {"location_id": 2, "name": "shop-01", "package": "Storage", "os_image_id": 11, "root_password": PASSWORD}
OWN_SIZE = {
    "location_id": 1,
    "name": "shop-02",
    "cpu_cores": 3,
    "ram_GB": 6,
    "storage_GB": 90,
    "marketplace_id": 2,
    "ssh_keys_ids": [3, 4],
    "ssh_keys": [KEY_LINE],
}


@pytest.fixture
def archive(tmp_path):
    return Archive(tmp_path / "archive")


@pytest.fixture
def sandbox():
    with Sandbox(vms=4, seed=11, today="2026-11-23", months=1, job_seconds=0.05) as sandbox:
        yield sandbox


@pytest.fixture
def quick(connect, sandbox):
    return connect(sandbox, key=sandbox.key)


def sent(sandbox, operation):
    return [received for received in sandbox.requests if received.operation == operation]


def log(archive):
    columns = ["vm_id", "command", "outcome", "reason"]
    lines = archive.read("commands")[columns].astype("object")
    return lines.where(lines.notna(), None).to_numpy().tolist()


def body(provider, asked):
    (received,) = [each for each in provider.received if f"{each.method} {each.path}" == asked]
    return received.json


# deploy


@pytest.mark.parametrize(("order", "package"), [(GOOD, "Storage"), (OWN_SIZE, "Custom")])
def test_a_vm_is_deployed_both_ways(sandbox, quick, archive, order, package):
    made = provisioning.deploy(quick, **order, archive=archive, reason="autumn sale", following=QUICK)
    (vm,) = [vm for vm in quick.vms() if vm["name"] == order["name"]]
    assert (vm["id"], vm["package"]) == (made.vm_id, package)
    assert made.outcome == "done"
    assert len(sent(sandbox, "deploy")) == 1
    assert log(archive) == [[made.vm_id, "deploy", "done", "autumn sale"]]
    (line,) = archive.read("commands").to_dict("records")
    hidden = {"root_password": "<secret>", "ssh_keys": ["<secret>"]}
    assert json.loads(line["details"]) == {name: hidden.get(name, value) for name, value in order.items()}


@pytest.fixture
def shop(provider):
    """A provider that offers something, and has one VM."""
    provider.serve(
        vms=[{"id": 7, "name": "web-1", "state": "UP", "package": "Small"}],
        locations=[{"id": 2, "name": "Amsterdam", "continent": "Europe"}],
        packages={2: [{"name": "Small"}, {"name": "Storage"}]},
    )
    provider.always["GET /os-images"] = [
        {"id": 11, "os": "Debian 12", "user_script": True},
        {"id": "12", "os": "FreeBSD 14", "user_script": False},
    ]
    provider.always["GET /marketplace"] = [{"id": 1, "description": "WordPress"}]
    provider.always["GET /ssh-keys"] = [{"id": 3, "name": "laptop", "content": KEY_LINE}]
    provider.always["GET /user-data-scripts"] = [{"version_id": 41, "description": "agent", "content": SCRIPT}]
    provider.always["GET /virtual-machines/7/configuration"] = {"id": 7, "name": "web-1", "state": "UP"}
    return provider


DEPLOY = "POST /virtual-machines/"
ACCEPTED = {"started_at": "2026-11-23T12:00:00.000000Z", "event": "deploy", "status": "unknown"}


@pytest.mark.parametrize(
    "order",
    [
        GOOD,
        {**GOOD, "name": None, "version_id": 41},
        {"location_id": 2, "package": "Small", "marketplace_id": 1, "ssh_keys_ids": (3,)},
        {"location_id": 2, "cpu_cores": 1, "ram_GB": 2, "storage_GB": 20, "os_image_id": 12, "ssh_keys": [KEY_LINE]},
        {**GOOD, "ssh_keys_ids": [3], "ssh_keys": [KEY_LINE, "ssh-rsa " + "A" * 300]},
    ],
)
def test_what_is_sent_is_what_was_asked_for_word_for_word(shop, client, order):
    shop.always[DEPLOY] = {"id": 9, **ACCEPTED}
    made = provisioning.deploy(client, **order, wait=False)
    assert (made.vm_id, made.outcome) == (9, "accepted")
    wanted = {name: list(value) if isinstance(value, tuple) else value for name, value in order.items()}
    assert body(shop, DEPLOY) == {name: value for name, value in wanted.items() if value is not None}


def test_one_key_and_a_key_from_a_file_are_keys(shop, client):
    shop.always[DEPLOY] = ACCEPTED
    order = {"location_id": 2, "package": "Small", "os_image_id": 11}
    provisioning.deploy(client, **order, ssh_keys=KEY_LINE + "\n", wait=False)
    assert body(shop, DEPLOY)["ssh_keys"] == [KEY_LINE]


BAD = {
    "no place": ({"location_id": None}, "location_id must be a whole number from 1 on"),
    "a place in words": ({"location_id": "Amsterdam"}, "location_id must be a whole number .* 'Amsterdam'"),
    "an unknown place": ({"location_id": 3}, r"no location_id 3 \(there is 2 \(Amsterdam\)\)"),
    "no size": ({"package": None}, "give a package, or cpu_cores, ram_GB, storage_GB"),
    "half a size": ({"package": None, "cpu_cores": 2}, "ram_GB and storage_GB is missing"),
    "two sizes": ({"cpu_cores": 2, "ram_GB": 2}, "cpu_cores and ram_GB would be ignored: leave out one"),
    "a size of nothing": ({"package": None, "cpu_cores": 0, "ram_GB": 1, "storage_GB": 1}, "cpu_cores must be .* is 0"),
    "a fraction": ({"package": None, "cpu_cores": 1, "ram_GB": 1.5, "storage_GB": 1}, "ram_GB must be .* is 1.5"),
    "truth": ({"package": None, "cpu_cores": True, "ram_GB": 1, "storage_GB": 1}, "cpu_cores must be .* is True"),
    "an unknown package": ({"package": "Storge"}, "no package 'Storge', did you mean 'Storage'"),
    "an empty package": ({"package": ""}, "package must be text on one line"),
    "nothing on it": ({"os_image_id": None}, "give os_image_id or marketplace_id"),
    "two things on it": ({"marketplace_id": 1}, "os_image_id and marketplace_id are both given"),
    "an unknown image": ({"os_image_id": 13}, r"no os_image_id 13 \(there is 11 \(Debian 12\), 12 \(FreeBSD 14\)\)"),
    "an unknown item": ({"os_image_id": None, "marketplace_id": 5}, r"no marketplace_id 5 \(there is 1 \(WordPress"),
    "no way in": ({"root_password": None}, "give one of root_password, ssh_keys_ids, ssh_keys"),
    "nobody's keys": ({"root_password": None, "ssh_keys": [], "ssh_keys_ids": []}, "nobody could log in"),
    "an empty password": ({"root_password": " "}, "root_password must be text"),
    "a password of two lines": ({"root_password": "a\nb"}, "root_password must be text .* without line breaks"),
    "a password of bytes": ({"root_password": b"canary"}, "root_password must be text"),
    "a password that breaks": ({"root_password": "\ud800"}, "root_password must be text"),
    "an unknown key": ({"ssh_keys_ids": [3, 5]}, r"no ssh_keys_ids 5 \(there is 3 \(laptop\)\)"),
    "keys in words": ({"ssh_keys_ids": "laptop"}, "ssh_keys_ids must be whole numbers"),
    "a private key": ({"ssh_keys": ["-----BEGIN OPENSSH PRIVATE KEY-----\nx"]}, "private key in place 1: never give"),
    "no key": ({"ssh_keys": [KEY_LINE, "canary"]}, "no public key in place 2"),
    "a number for a key": ({"ssh_keys": 5}, "no public key in place 1"),
    "an unknown script": ({"version_id": 5}, r"no version_id 5 \(there is 41 \(agent\)\)"),
    "a script that does not run": ({"os_image_id": 12, "version_id": 41}, "12 runs no user data scripts"),
    "an empty name": ({"name": ""}, "name must be text on one line"),
    "a name of two lines": ({"name": "a\nb"}, "name must be text on one line"),
    "a name that is taken": ({"name": "web-1"}, r"a VM is called 'web-1' already \(VM 7\)"),
}


@pytest.mark.parametrize(("change", "words"), BAD.values(), ids=BAD)
def test_a_mistake_is_named_before_anything_is_sent(shop, client, archive, change, words):
    with pytest.raises(CommandRefused, match=words) as caught:
        provisioning.deploy(client, **(GOOD | change), archive=archive)
    assert {received.method for received in shop.received} <= {"GET"}
    assert archive.tables() == []
    assert str(caught.value).startswith("nothing was sent: ")
    assert not [word for word in ("canary", PASSWORD, KEY_LINE) if word in everything_of(caught.value)]


def test_all_mistakes_are_named_at_once(client):
    with pytest.raises(CommandRefused) as caught:
        provisioning.deploy(client, location_id=0)
    assert str(caught.value).count(";") == 3


def test_what_is_offered_cannot_be_read_so_nothing_is_sent(shop, client):
    shop.always["GET /os-images"] = says({}, 403)
    with pytest.raises(VMgenError, match="os-images"):
        provisioning.deploy(client, **GOOD)
    assert shop.count(DEPLOY) == 0


def test_a_dry_run_looks_and_sends_nothing(shop, client, archive):
    planned = provisioning.deploy(client, **GOOD, archive=archive, dry_run=True)
    assert (planned.outcome, planned.vm_id, planned.requested_at) == ("dry_run", None, None)
    assert PASSWORD not in repr(planned)
    with pytest.raises(CommandRefused):
        provisioning.deploy(client, **{**GOOD, "name": "web-1"}, archive=archive, dry_run=True)
    assert shop.count(DEPLOY) == 0
    assert archive.tables() == []


@pytest.mark.parametrize(
    ("status", "error", "outcome"), [("failed", JobFailed, "failed"), ("never", JobTimeout, "timed_out")]
)
def test_a_deployment_that_fails_and_one_that_does_not_end(connect, archive, status, error, outcome):
    with Sandbox(vms=1, seed=1, today="2026-11-23", months=1, job_seconds=0.2) as sandbox:
        client = connect(sandbox, key=sandbox.key)
        sandbox.fault("job", operation="deploy", status=status)
        following = Following(3 if status == "failed" else 0.4, first_s=0.02, longest_s=0.02)
        with pytest.raises(error, match="deploying shop-01 was accepted"):
            provisioning.deploy(client, **GOOD, archive=archive, following=following)
        assert [(command, outcome) for _, command, outcome, _ in log(archive)] == [("deploy", outcome)]
        assert len(sent(sandbox, "deploy")) == 1


@pytest.mark.parametrize("kind", ["lost", "truncate"])
def test_a_lost_answer_is_found_by_the_name_and_the_order_not_repeated(sandbox, quick, archive, kind):
    sandbox.fault(kind, operation="deploy")
    made = provisioning.deploy(quick, **GOOD, archive=archive, following=QUICK)
    assert len(sent(sandbox, "deploy")) == 1
    (vm,) = [vm for vm in quick.vms() if vm["name"] == "shop-01"]
    assert (made.vm_id, made.outcome) == (vm["id"], "done")
    assert log(archive) == [[vm["id"], "deploy", "done", ""]]


@pytest.mark.parametrize("named", [True, False])
def test_an_order_that_cannot_be_told_apart_is_unknown(sandbox, quick, archive, named):
    sandbox.fault("reset" if named else "lost", operation="deploy")
    order = GOOD if named else {**GOOD, "name": None}
    with pytest.raises(CommandOutcomeUnknown, match="there may be a VM that costs money"):
        provisioning.deploy(quick, **order, archive=archive, following=IMPATIENT)
    assert len(sent(sandbox, "deploy")) == 1
    assert [(command, outcome) for _, command, outcome, _ in log(archive)] == [("deploy", "unknown")]


UNCLEAR = {
    "reset": broken(),
    "500": says({"message": f"cannot set {PASSWORD}"}, 500),
    "200 with a message": says({"message": f"cannot set {PASSWORD}"}),
    "page": page(f"<title>{PASSWORD}</title>"),
    "half": Answer(b'{"id'),
}


@pytest.mark.parametrize("fault", UNCLEAR.values(), ids=UNCLEAR)
def test_no_clear_answer_is_no_reason_to_send_again(shop, client, archive, fault):
    shop.always[DEPLOY] = fault
    with pytest.raises(CommandOutcomeUnknown) as caught:
        provisioning.deploy(client, **GOOD, archive=archive, following=IMPATIENT)
    assert shop.count(DEPLOY) == 1
    assert PASSWORD not in everything_of(caught.value)


@pytest.mark.parametrize(
    ("fault", "error"), [(says({"message": PASSWORD}, 422), ValidationError), (says({}, 401), AuthenticationError)]
)
def test_a_refused_order_is_refused(shop, client, archive, fault, error):
    shop.always[DEPLOY] = fault
    with pytest.raises(error):
        provisioning.deploy(client, **GOOD, archive=archive)
    assert shop.count(DEPLOY) == 1
    assert log(archive) == [[None, "deploy", "refused", ""]]


@pytest.mark.parametrize(
    "answer", [{}, {"vm_id": "9"}, {"id": 9}, {"id": 12345}, {"job_id": 4}, {"data": {"id": 9, **ACCEPTED}}]
)
def test_the_new_vm_is_found_whatever_the_answer_calls_it(shop, client, answer):
    old = shop.always["GET /virtual-machines"]
    new = {"id": 9, "name": "shop-01", "state": "UP"}
    shop.always[DEPLOY] = answer
    shop.queue("GET /virtual-machines", says(old), says(old), says([*old, {"id": 8, "name": "else"}]))
    shop.always["GET /virtual-machines"] = [*old, {"id": 8, "name": "else"}, new]
    shop.always["GET /virtual-machines/9/jobs"] = []
    assert provisioning.deploy(client, **GOOD, following=QUICK).vm_id == 9


def test_a_vm_that_is_there_and_not_up_is_not_done(shop, client):
    old = shop.always["GET /virtual-machines"]
    shop.always[DEPLOY] = {"id": 9, **ACCEPTED}
    shop.queue("GET /virtual-machines", says(old))
    shop.always["GET /virtual-machines"] = [*old, {"id": 9, "name": "shop-01", "state": "BUILDING"}]
    shop.always["GET /virtual-machines/9/jobs"] = []
    with pytest.raises(JobTimeout):
        provisioning.deploy(client, **GOOD, following=IMPATIENT)


# delete

DELETE = "DELETE /virtual-machines/7"
USAGE = [{"date": "2026-11-22", "in_MB": 3, "out_MB": 4}, {"date": "2026-11-23", "in_MB": 1, "out_MB": 2}]


@pytest.fixture
def doomed(shop):
    """A provider with one VM that has a history."""
    vm = {
        "id": 7,
        "name": "web-1",
        "fqdn": "f",
        "state": "UP",
        "uptime": "1 day",
        "ipv4": "a",
        "ipv6": "b",
        "package": "S",
    }
    networking = {"ip": "192.0.2.7", "ip_version": "IPv4", "gateway": "g", "netmask": "n", "broadcast": "b",
                  "rev_dns": "r", "is_primary": True}  # fmt: skip
    job = {"event": "reboot", "started_at": "2026-11-01T10:00:00Z", "last_updated_at": "2026-11-01T10:01:00Z",
           "status": "success"}  # fmt: skip
    shop.serve(
        vms=[vm, {**vm, "id": 8, "name": "web-2"}], usage={7: USAGE}, networking={7: [networking]}, jobs={7: [job]}
    )
    shop.always["GET /virtual-machines/7/configuration"] = vm
    shop.always[DELETE] = {"job_status": "success", "started_at": "2026-11-23T12:00:00Z"}
    return shop


def test_a_vm_is_deleted_after_a_last_sync(sandbox, quick, archive):
    vm = quick.vms()[0]
    quick.command(vm["id"], "power_off")
    usage = quick.usage(vm["id"])
    gone = provisioning.delete(
        quick, vm["name"], confirm_name=vm["name"], archive=archive, reason="old", following=QUICK
    )
    assert gone.outcome == "done"
    assert vm["id"] not in {each["id"] for each in quick.vms()}
    assert len(sent(sandbox, "delete")) == 1
    kept = archive.read("usage")
    assert kept["date"].dt.strftime("%Y-%m-%d").tolist() == [day["date"] for day in usage]
    assert kept["out_MB"].tolist() == [day["out_MB"] for day in usage]
    for table in ("vms", "networking", "jobs"):
        assert set(archive.read(table)["vm_id"]) == {vm["id"]}, table
    assert dict(gone.rows)["usage"] == len(usage)
    assert log(archive) == [[vm["id"], "delete", "done", "old"]]


def test_the_last_sync_is_stored_before_the_deletion_is_sent(doomed, client, archive):
    stored = []
    real = client.delete

    def spied(vm_id):
        stored.append({name: len(archive.read(name)) for name in ("usage", "networking", "jobs", "vms")})
        stored.append(log(archive))
        return real(vm_id)

    client.delete = spied
    provisioning.delete(client, 7, confirm_name="web-1", archive=archive, wait=False)
    assert stored == [{"usage": 2, "networking": 1, "jobs": 1, "vms": 1}, [[7, "delete", "sending", ""]]]
    assert body_of_deletion(doomed) == b""


def body_of_deletion(provider):
    (received,) = [each for each in provider.received if each.method == "DELETE"]
    return received.body


def test_final_days_that_changed_are_kept_as_they_were(sandbox, quick, archive):
    sync(quick, archive)
    vm = quick.vms()[0]
    before = archive.read("usage")
    before = before[before["vm_id"] == vm["id"]]
    altered = before.assign(in_MB=before["in_MB"] + before["status"].eq("final"))
    archive.add("usage", altered)
    provisioning.delete(quick, vm["id"], confirm_name=vm["name"], archive=archive, following=QUICK)
    kept = archive.read("restatements")
    assert len(kept) == (before["status"] == "final").sum() > 0
    assert (kept["in_MB_before"] == kept["in_MB"] + 1).all()


@pytest.mark.parametrize("name", ["", "web-2", "WEB-1", " web-1", "web-1 ", None, 7])
def test_without_its_exact_name_nothing_is_deleted(doomed, client, archive, name):
    for vm in (7, "7", "web-1", find(client, 7)):
        with pytest.raises(CommandRefused, match="VM 7 is called 'web-1', and not"):
            provisioning.delete(client, vm, confirm_name=name, archive=archive)
    assert doomed.count(DELETE) == 0
    assert archive.tables() == []


@pytest.mark.parametrize("now", [{"name": "web-9"}, {"id": 8}])
def test_a_vm_that_is_another_now_is_left_alone(doomed, client, archive, now):
    was = doomed.always["GET /virtual-machines/7/configuration"]
    doomed.always["GET /virtual-machines/7/configuration"] = was | now
    with pytest.raises(CommandRefused, match="look at it and decide again"):
        provisioning.delete(client, 7, confirm_name="web-1", archive=archive)
    assert doomed.count(DELETE) == 0


def test_its_state_may_have_changed(doomed, client, archive):
    target = Target(7, "web-1", "DOWN")
    assert provisioning.delete(client, target, confirm_name="web-1", archive=archive, wait=False).outcome == "accepted"


LOSSES = {
    "usage": ("GET /virtual-machines/7/usage", says({}, 500)),
    "networking": ("GET /virtual-machines/7/networking", says({}, 403)),
    "jobs": ("GET /virtual-machines/7/jobs", broken()),
    "a value": ("GET /virtual-machines/7/usage", says([{"date": "2026-11-22", "in_MB": "much", "out_MB": 4}])),
    "a day": ("GET /virtual-machines/7/usage", says([{"date": "soon", "in_MB": 1, "out_MB": 4}])),
    "the key": ("GET /virtual-machines/7/usage", says({}, 401)),
}


@pytest.mark.parametrize(("asked", "fault"), LOSSES.values(), ids=LOSSES)
def test_what_would_be_lost_is_not_deleted_unless_that_is_said(doomed, client, archive, asked, fault):
    whole = doomed.always[asked]
    doomed.always[asked] = fault
    with pytest.raises(CommandRefused, match=r"web-1 would be gone .* give last_sync=False to lose it"):
        provisioning.delete(client, 7, confirm_name="web-1", archive=archive)
    assert doomed.count(DELETE) == 0
    assert "commands" not in archive.tables()
    doomed.always["GET /virtual-machines/7/jobs"] = whole if "jobs" in asked else []
    provisioning.delete(client, 7, confirm_name="web-1", archive=archive, last_sync=False, wait=False)
    assert doomed.count(DELETE) == 1


def test_a_vm_that_the_inventory_does_not_list_is_not_deleted(doomed, client, archive):
    target = find(client, 7)
    doomed.always["GET /virtual-machines"] = []
    with pytest.raises(CommandRefused, match="not in the inventory"):
        provisioning.delete(client, target, confirm_name="web-1", archive=archive)


def test_an_archive_that_cannot_be_written_keeps_the_vm(doomed, client, tmp_path):
    (tmp_path / "file").write_text("")
    for last_sync in (True, False):
        with pytest.raises(ArchiveError):
            provisioning.delete(
                client, 7, confirm_name="web-1", archive=Archive(tmp_path / "file"), last_sync=last_sync
            )
    assert doomed.count(DELETE) == 0


def test_a_dry_run_of_a_deletion_fetches_and_sends_nothing(doomed, client, archive):
    planned = provisioning.delete(client, 7, confirm_name="web-1", archive=archive, dry_run=True)
    assert (planned.outcome, dict(planned.rows)["usage"]) == ("dry_run", 2)
    assert doomed.count(DELETE) == 0
    assert "commands" not in archive.tables()


@pytest.mark.parametrize("kind", ["lost", "truncate"])
def test_a_lost_deletion_is_seen_by_the_vm_being_gone(sandbox, quick, archive, kind):
    vm = quick.vms()[0]
    sandbox.fault(kind, operation="delete")
    gone = provisioning.delete(quick, vm["id"], confirm_name=vm["name"], archive=archive, following=QUICK)
    assert gone.outcome == "done"
    assert len(sent(sandbox, "delete")) == 1


@pytest.mark.parametrize("fault", [broken(), says({}, 500), says({"message": "Something went wrong!"}), page("x")])
def test_a_deletion_without_a_clear_answer_is_unknown_while_the_vm_is_there(doomed, client, archive, fault):
    doomed.always[DELETE] = fault
    with pytest.raises(CommandOutcomeUnknown, match=r"web-1 was sent once .* it is still there"):
        provisioning.delete(client, 7, confirm_name="web-1", archive=archive, following=IMPATIENT)
    assert doomed.count(DELETE) == 1
    assert log(archive) == [[7, "delete", "unknown", ""]]


@pytest.mark.parametrize(("status", "error"), [("failed", JobFailed), ("never", JobTimeout)])
@pytest.mark.parametrize("job_id", [True, False])
def test_a_deletion_that_fails_and_one_that_does_not_end(connect, archive, status, error, job_id):
    with Sandbox(vms=1, seed=1, today="2026-11-23", months=1, job_seconds=0.05, command_job_id=job_id) as sandbox:
        client = connect(sandbox, key=sandbox.key)
        (vm,) = client.vms()
        sandbox.fault("job", operation="delete", status=status)
        with pytest.raises(error, match="was accepted"):
            provisioning.delete(client, vm["id"], confirm_name=vm["name"], archive=archive, following=IMPATIENT)
        assert len(client.vms()) == 1


def test_a_short_inventory_is_no_proof_that_a_vm_is_gone(doomed, client, archive):
    listed = doomed.always["GET /virtual-machines"]
    doomed.queue("GET /virtual-machines", says(listed), says(listed))
    doomed.always["GET /virtual-machines"] = []
    with pytest.raises(JobTimeout):
        provisioning.delete(client, 7, confirm_name="web-1", archive=archive, following=IMPATIENT)


@pytest.mark.parametrize("fault", [says({}, 404), says({"message": "it is running"}, 409)])
def test_a_refused_deletion_is_refused(doomed, client, archive, fault):
    doomed.always[DELETE] = fault
    with pytest.raises(VMgenError):
        provisioning.delete(client, 7, confirm_name="web-1", archive=archive)
    assert log(archive) == [[7, "delete", "refused", ""]]


ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["id", "job_id", "job", "data", "message", "status", "started_at"]), inner)
    ),
    max_leaves=6,
)


@settings(max_examples=10)
@example(answer={"job_id": "\ud800", "id": 2**70}, number=1)
@example(answer={"message": "Something went wrong!"}, number=1)
@given(answer=ANY_JSON, number=st.integers(1, 10**9))
def test_any_answer_to_what_was_sent_ends_as_it_should(tmp_path_factory, answer, number):
    archive = Archive(tmp_path_factory.mktemp("any"))
    said = Answer(json.dumps(answer).encode())
    with Provider() as provider, Client("k", base_url=provider.url) as client:
        vm = {"id": number, "name": "web-1", "state": "UP"}
        provider.serve(vms=[vm], locations=[{"id": 2, "name": "x"}], packages={2: [{"name": "Storage"}]})
        provider.always[f"GET /virtual-machines/{number}/configuration"] = vm
        provider.always["GET /os-images"] = [{"id": 11}]
        for asked in ("POST /virtual-machines/", f"DELETE /virtual-machines/{number}"):
            provider.always[asked] = said
        provider.always[f"POST /virtual-machines/{number}/command"] = said
        options = {"archive": archive, "wait": False, "following": Following(unclear_s=0)}
        for call in (
            lambda: provisioning.deploy(client, **GOOD, **options),
            lambda: provisioning.delete(client, number, confirm_name="web-1", last_sync=False, **options),
            lambda: power.reboot(client, number, **options),
        ):
            with contextlib.suppress(CommandOutcomeUnknown):
                assert call().outcome == "accepted"
        assert sum(received.method != "GET" for received in provider.received) == 3
    assert set(archive.read("commands")["outcome"]) <= {"accepted", "unknown"}


# scripts

SAVE = "POST /user-data-scripts"


def test_a_script_is_saved_and_can_be_deployed_with(sandbox, quick, archive):
    number = provisioning.save_user_data_script(quick, description="agent 2", content=SCRIPT, archive=archive)
    (saved,) = [script for script in quick.user_data_scripts() if script["version_id"] == number]
    assert (saved["description"], saved["content"], saved["type"]) == ("agent 2", SCRIPT, "user_data")
    assert provisioning.deploy(quick, **GOOD, version_id=number, following=QUICK).outcome == "done"
    assert log(archive) == [[None, "save_user_data_script", "done", ""]]


@pytest.mark.parametrize("encoded", [True, False])
def test_a_script_is_sent_as_documented(shop, client, encoded):
    shop.always[SAVE] = {"version_id": 99}
    content = base64.b64encode(SCRIPT.encode()).decode() if encoded else SCRIPT
    assert provisioning.save_user_data_script(client, description="string", content=content, base64=encoded) == 99
    assert body(shop, SAVE) == {
        "description": "string",
        "script_content": content,
        "base64": encoded,
        "type": "user_data",
    }


@pytest.mark.parametrize(
    ("fields", "words"),
    [({"description": ""}, "description must be text"), ({"description": "a\nb"}, "description must be text"),
     ({"content": " \n"}, "content is empty"), ({"content": None}, "content is empty"),
     ({"content": b"canary"}, "no text that can be sent"), ({"content": "\ud800"}, "no text that can be sent"),
     ({"base64": True}, "content is not base64"), ({"base64": True, "content": "ä"}, "content is not base64")],
)  # fmt: skip
def test_a_script_that_is_none_is_not_sent(shop, client, fields, words):
    with pytest.raises(CommandRefused, match=words) as caught:
        provisioning.save_user_data_script(client, **({"description": "x", "content": SCRIPT} | fields))
    assert shop.count(SAVE) == 0
    assert "canary" not in everything_of(caught.value)


def test_a_dry_run_saves_nothing(shop, client):
    assert provisioning.save_user_data_script(client, description="x", content=SCRIPT, dry_run=True) is None
    assert shop.count(SAVE) == 0


@pytest.mark.parametrize("kind", ["lost", "truncate"])
def test_a_script_whose_answer_was_lost_is_found_among_the_scripts(sandbox, quick, archive, kind):
    sandbox.fault(kind, operation="save_user_data_script")
    number = provisioning.save_user_data_script(
        quick, description="agent 2", content=SCRIPT, archive=archive, following=QUICK
    )
    assert number == quick.user_data_scripts()[-1]["version_id"]
    assert len(sent(sandbox, "save_user_data_script")) == 1


@pytest.mark.parametrize("fault", [broken(), says({}, 503), says({"other": 1})])
def test_a_script_that_does_not_show_is_unknown(shop, client, archive, fault):
    shop.always[SAVE] = fault
    with pytest.raises(CommandOutcomeUnknown, match="the script 'agent' was sent once"):
        provisioning.save_user_data_script(
            client, description="agent", content=SCRIPT, archive=archive, following=IMPATIENT
        )
    assert shop.count(SAVE) == 1
    assert log(archive) == [[None, "save_user_data_script", "unknown", ""]]


# tickets

TICKET = "POST /tickets/"
WRITTEN = {"topic": "invoice 7", "text": "Why?\nThanks.", "reply_to_email": "me@example.net"}


def test_a_ticket_is_sent_once_and_its_answer_returned(sandbox, quick, archive):
    said = provisioning.open_ticket(quick, **WRITTEN, archive=archive, reason="audit")
    assert said == "The ticket has been sent."
    assert sandbox.tickets == [WRITTEN]
    assert log(archive) == [[None, "ticket", "done", "audit"]]


def test_a_ticket_is_sent_as_documented(shop, client):
    shop.always[TICKET] = Answer(b"", 204)
    assert provisioning.open_ticket(client, topic="string", text="string", reply_to_email="a@b") == ""
    assert body(shop, TICKET) == {"topic": "string", "text": "string", "reply_to_email": "a@b"}


@pytest.mark.parametrize(
    ("fields", "words"),
    [({"topic": ""}, "topic must be text on one line"), ({"text": " "}, "text is empty"),
     ({"text": None}, "text is empty"), ({"reply_to_email": "me"}, "'me' is no address"),
     ({"reply_to_email": "a@b\nBcc: c@d"}, "is no address"), ({"reply_to_email": None}, "is no address")],
)  # fmt: skip
def test_a_ticket_that_nobody_can_answer_is_not_sent(shop, client, fields, words):
    with pytest.raises(CommandRefused, match=words):
        provisioning.open_ticket(client, **(WRITTEN | fields))
    assert not shop.received


def test_a_dry_run_mails_nobody(shop, client):
    assert provisioning.open_ticket(client, **WRITTEN, dry_run=True) == ""
    assert not shop.received


@pytest.mark.parametrize("fault", [broken(), says({}, 502), page("<title>Bad gateway</title>")])
def test_a_ticket_without_a_clear_answer_is_unknown(shop, client, archive, fault):
    shop.always[TICKET] = fault
    with pytest.raises(CommandOutcomeUnknown, match="wait for the provider's mail"):
        provisioning.open_ticket(client, **WRITTEN, archive=archive)
    assert shop.count(TICKET) == 1
    assert log(archive) == [[None, "ticket", "unknown", ""]]


def test_a_ticket_that_was_lost_arrived_once(sandbox, quick):
    sandbox.fault("lost", operation="ticket")
    with pytest.raises(CommandOutcomeUnknown):
        provisioning.open_ticket(quick, **WRITTEN)
    assert sandbox.tickets == [WRITTEN]


# secrets


def everything_of(error):
    """An error as the most curious tool would show it, with all that hangs on it and the variables of our frames."""
    told, waiting, seen = "", [error], []
    while waiting:
        link = waiting.pop()
        if isinstance(link, BaseException) and link not in seen:
            seen.append(link)
            shown = traceback.TracebackException.from_exception(link, capture_locals=True)
            own = [frame for frame in shown.stack if frame.filename != __file__]
            told += "".join(f"{frame.name} {frame.locals}" for frame in own)
            told += str(link) + repr(link) + repr(vars(link)) + repr(link.args)
            waiting += [link.__cause__, link.__context__, *link.args]
    return told


def test_no_secret_is_anywhere_but_at_the_provider(sandbox, quick, archive, tmp_path, caplog):
    caplog.set_level(logging.DEBUG)
    told = []
    order = {**GOOD, "ssh_keys": [KEY_LINE]}
    echoes = {"deploy": [PASSWORD, KEY_LINE], "save_user_data_script": [SCRIPT]}
    for kind in ("none", "lost", "body", "status"):
        sandbox.clear_faults()
        for operation, secrets in echoes.items():
            echo = {"message": " ".join(secrets), "errors": {"x": secrets}}
            details = {"body": {"body": echo, "code": 422}, "status": {"code": 500, "message": json.dumps(echo)}}
            if kind != "none":
                sandbox.fault(kind, operation=operation, **details.get(kind, {}))
        calls = (
            lambda kind=kind: provisioning.deploy(
                quick,
                **{**order, "name": f"shop-{kind}"},
                archive=archive,
                following=IMPATIENT if kind == "status" else QUICK,
            ),
            lambda kind=kind: provisioning.save_user_data_script(
                quick, description=f"agent {kind}", content=SCRIPT, archive=archive, following=IMPATIENT
            ),
        )
        for call in calls:
            try:
                told.append(repr(call()))
            except VMgenError as error:
                told.append(everything_of(error))
    told += [caplog.text, archive.history("commands").to_csv(), repr(quick.attempts()), repr(vars(quick))]
    assert not [canary for canary, text in itertools.product(CANARIES, told) if canary in text]
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(files) > 4
    assert not [path for path in files for canary in CANARIES if canary.encode() in path.read_bytes()]
    assert len(archive.read("commands")) == 8
    assert left_sending(archive).empty
    received = [request for request in sandbox.requests if request.method == "POST"]
    assert len(received) == 8, "and at the provider once each"


def test_the_client_is_not_asked_for_what_no_operation_takes(client):
    with pytest.raises(SettingsError):
        client.command(7, "delete")
