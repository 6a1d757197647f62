"""The power console when something is not as it should be: each case in its own words, and nothing sent by it."""

import html
import threading
import time

import pandas as pd
import pytest
from consoles import (
    IMPATIENT,
    NOON,
    confirm,
    is_asking,
    log,
    offered,
    pick,
    prepare,
    sent,
    shown,
    status,
    told,
    write,
)
from panels_to_drive import HOSTILE, choose, click, control
from waiting import wait_until

from vmgen_analytics import Archive, Client, Settings
from vmgen_analytics.api.retries import Patience
from vmgen_analytics.errors import ArchiveError, SettingsError
from vmgen_analytics.following import Following
from vmgen_analytics.logbook import Line
from vmgen_analytics.sandbox import Sandbox
from vmgen_analytics.settings import Account
from vmgen_analytics.widgets import PowerConsole, power_model, power_parts, power_steps


@pytest.mark.parametrize(
    ("faults", "outcome", "says"),
    [([("job", {"operation": "command", "status": "failed"})], "Failed", "was accepted and then failed ('failed')"),
     ([("job", {"operation": "command", "status": "never"})], "Timed out", "had not ended after 0.2 s"),
     ([("status", {"operation": "jobs", "code": 403})], "Refused", "403"),
     ([("reset", {"operation": "command"})], "Unknown", "was sent once and no clear answer came"),
     ([("status", {"operation": "command", "code": 409})], "Refused", "409"),
     ([("wrong_type", {"operation": "configuration", "field": "state", "value": "UP"})], "Done",
      "the state of the VM is still UP: look at it before you send anything else")],
    ids=["failed", "timed out", "cannot look", "unknown", "refused", "done and not as it should be"],
)  # fmt: skip
def test_each_outcome_is_told_in_its_own_words(opened, sandbox, names, faults, outcome, says):
    vm_id = next(iter(names))
    panel = opened(following=IMPATIENT)
    for kind, details in faults:
        sandbox.fault(kind, **details)
    prepare(panel, "power_off", vm_id)
    write(panel, "Type it here", names[vm_id])
    confirm(panel)
    ((word, sentence),) = told(panel)
    assert word == outcome
    assert says in sentence
    assert f": {outcome.lower()}." in status(panel)
    assert sent(sandbox) == (0 if "jobs" in str(faults) else 1)


def test_after_the_first_that_fails_the_rest_is_not_sent(opened, sandbox, written, names):
    first, second, third, _ = names
    sandbox.fault("job", operation="command", vm_id=second)
    panel = opened()
    prepare(panel, "reboot", first, second, third)
    write(panel, "Type it here", "3")
    confirm(panel)
    outcomes, says = zip(*told(panel), strict=True)
    assert outcomes == ("Done", "Failed", "Not sent")
    assert says[2] == f"Nothing was sent, as {names[second]} before it did not end well."
    assert "Reboot 3 VMs: 1 done, 1 failed, 1 not sent." in status(panel)
    assert sent(sandbox) == 2
    assert {vm_id: outcome for vm_id, _, outcome, _ in log(written)} == {first: "done", second: "failed"}


def test_following_can_be_stopped_and_the_command_goes_on(opened, sandbox, written, names):
    first, second, *_ = names
    sandbox.fault("job", operation="command", status="never")
    panel = opened(following=Following(deadline_s=600, first_s=60, longest_s=60))
    prepare(panel, "reboot", first, second)
    write(panel, "Type it here", "2")
    panel._orders.confirm._handle_custom_msg({"event": "click"}, [])
    wait_until(lambda: "Reboot 2 VMs: under way, 1 accepted, 1 waiting." in status(panel))
    assert told(panel)[0][0] == "Accepted"
    assert "followed until" in told(panel)[0][1]
    assert panel._orders.stop.layout.display == ""
    for command in ("power_off", "reboot"):  # a second command while one is under way
        panel.model.arm(command)
        panel._orders.confirm._handle_custom_msg({"event": "click"}, [])
    assert offered(panel) == []
    click(panel, "Stop following")
    panel.wait()
    (one, says), (other, why) = told(panel)
    assert (one, other) == ("Accepted", "Not sent")
    assert "nobody waits for reboot of" in says
    assert "goes on. It is UP now." in says
    assert why.endswith("is not followed any more.")
    assert panel._orders.stop.layout.display == "none"
    assert sent(sandbox) == 1
    assert log(written) == [[first, "reboot", "accepted", ""]]


def test_an_order_that_breaks_off_leaves_nothing_at_sending(opened, sandbox, names, monkeypatch, breaks):
    def broken(*_, **__):
        raise ZeroDivisionError("a bug")

    monkeypatch.setattr(power_steps.power, "run", broken)
    panel = opened()
    prepare(panel, "reboot", *list(names)[:2])
    write(panel, "Type it here", "2")
    confirm(panel)
    assert [outcome for outcome, _ in told(panel)] == ["Unknown", "Not sent"]
    assert "This should not happen: ZeroDivisionError: a bug" in status(panel)
    assert "<details>" in panel.status.value


@pytest.mark.usefixtures("breaks")
def test_what_cannot_be_shown_cannot_be_confirmed(opened, sandbox, names, monkeypatch):
    panel = opened()
    monkeypatch.setattr(power_parts, "question", lambda *_: 1 / 0)
    prepare(panel, "reboot", next(iter(names)))
    assert "This should not happen: ZeroDivisionError" in status(panel)
    confirm(panel, times=3)
    assert sent(sandbox) == 0


HASTE = Patience(base_s=0.001, cap_s=0.01, longest_wait_s=0.5, budget=10_000)
FAULTS = {
    "401": ("status", {"code": 401}, "401"),
    "429": ("status", {"code": 429, "retry_after": 1}, "429 Too Many Requests"),
    "500": ("status", {"code": 500}, "500"),
    "a page": ("html", {}, "page"),
    "half an answer": ("truncate", {}, "too early"),
    "no list": ("body", {"body": "7"}, "expected a list of records, got a number"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_what_is_wrong_with_the_provider_has_its_sentence_and_ends(opened, connect, sandbox, names, fault):
    kind, details, says = FAULTS[fault]
    sandbox.fault(kind, operation="vms", **details)
    panel = opened(client=connect(sandbox, key=sandbox.key, patience=HASTE), view={"vms": list(names)})
    assert "The VMs of account main cannot be read" in panel.answer.value
    assert 'class="error"' in panel.status.value
    assert says in status(panel)
    assert "To try again, press Read again." in status(panel)
    assert offered(panel) == []
    sandbox.clear_faults()
    if fault == "429":
        time.sleep(1.1)  # as long as it asked to wait
    click(panel, "Read again")
    panel.wait()
    assert "4 of 4 VMs run" in panel.answer.value
    assert status(panel) == ""
    assert len(offered(panel)) == 2


def test_what_was_shown_stays_while_the_provider_is_down_and_nothing_can_be_sent(opened, sandbox, names):
    panel = opened()
    prepare(panel, "reboot", next(iter(names)))
    sandbox.fault("reset")
    click(panel, "Read again")
    panel.wait()
    assert "What is shown is as it was at 12:00:00 UTC" in status(panel)
    assert next(iter(names.values())) in panel.body.value
    assert not is_asking(panel)
    assert offered(panel) == []
    confirm(panel)
    panel.model.arm("reboot")
    assert status(panel).startswith("The VMs are not known as they are now")
    assert sent(sandbox) == 0


def test_a_provider_that_is_not_there(opened):
    with Client("a-key", base_url="http://127.0.0.1:9") as client:
        panel = opened(client=client)
        assert "127.0.0.1:9: nothing listens there; nothing was sent; check base_url" in status(panel)


def test_a_slow_provider_is_said_to_be_slow_and_blocks_nobody(opened, sandbox, quick, settings, written, monkeypatch):
    monkeypatch.setattr(power_model, "SLOW_AFTER_S", 0.1)
    sandbox.fault("slow", operation="vms", seconds=1.5)
    began = time.monotonic()
    panel = PowerConsole(written, client=quick, settings=settings)
    assert time.monotonic() - began < 1.2
    assert "Reading the VMs of account main" in panel.answer.value
    wait_until(lambda: "has not answered for 0.1 s" in status(panel))
    panel.wait()
    assert "VMs run" in panel.answer.value
    assert status(panel) == ""


def test_an_account_without_vms_and_a_filter_without_a_match(opened, sandbox):
    panel = opened()
    write(panel, "Filter", "nobody")
    assert "No VM of account main fits 'nobody'." in status(panel)
    sandbox.fault("body", operation="vms", body="[]")
    click(panel, "Read again")
    panel.wait()
    assert "Account main has no VMs" in panel.answer.value
    assert panel.body.value == ""


def test_a_vm_without_a_readable_number_is_told_of(opened, sandbox):
    sandbox.fault("wrong_type", operation="vms", field="id", value="x")
    panel = opened()
    assert "no number that can be read, so no command can be sent to it" in status(panel)


def test_what_cannot_be_written_down_is_not_sent(opened, sandbox, names, written, monkeypatch):
    panel = opened()
    prepare(panel, "reboot", next(iter(names)))

    def full(*_):
        raise ArchiveError("no space left")

    monkeypatch.setattr(written, "add", full)
    confirm(panel)
    assert told(panel)[0][0] == "Not sent"
    assert "nothing was sent, because it cannot be written down: no space left" in told(panel)[0][1]
    assert sent(sandbox) == 0


def test_a_log_that_cannot_be_read_is_told_of(opened, written, monkeypatch):
    def damaged(*_, **__):
        raise ArchiveError("cannot read table commands")

    monkeypatch.setattr(written, "read", damaged)
    panel = opened()
    assert "The log of commands cannot be read: cannot read table commands" in status(panel)
    assert "4 of 4 VMs run" in panel.answer.value


def test_the_log_has_the_newest_ten_and_what_was_left_at_sending(opened, quick, names, written):
    first, second, *_ = names
    for number in range(10):
        asked_at = pd.Timestamp(NOON) - pd.Timedelta(minutes=number)
        line = Line(quick, written, {"command": "reboot", "vm_id": first, "requested_at": asked_at, "reason": "=1+1"})
        line.note("done" if number else "sending")
    Line(quick, written, {"command": "power_off", "vm_id": second, "reason": "the oldest"}).note("failed")
    panel = opened()
    shown = panel._log.value
    assert shown.count('scope="row"') == 10
    assert shown.index("11:59:00") < shown.index("11:52:00")
    assert "=1+1" in shown
    assert "10 of 11" in shown
    told = f"Nobody knows the end of reboot of VM {first}, about to be sent at 2026-11-23 12:00 UTC"
    assert told in status(panel)
    assert "Unknown, left at sending" in shown


def test_the_request_is_shown_and_not_sent(opened, sandbox, quick, names, written):
    vm_id = next(iter(names))
    panel = opened()
    prepare(panel, "reboot", vm_id)
    click(panel, "Show the request")
    panel.wait()
    assert f'POST {sandbox.url}/virtual-machines/{vm_id}/command {{"command": "reboot"}}' in status(panel)
    assert "Nothing was sent." in status(panel)
    assert (sent(sandbox), written.read("commands").empty) == (0, True)
    assert is_asking(panel)
    quick.command(vm_id, "power_off")
    time.sleep(0.1)
    click(panel, "Show the request")
    panel.wait()
    assert "nothing was sent, look at it and decide again" in status(panel)
    assert not is_asking(panel)


def test_hostile_names_are_text_everywhere(opened, sandbox, names):
    sandbox.fault("wrong_type", field="name", value=f"{HOSTILE}\u202e\n")
    panel = opened()
    vm_id = next(iter(names))
    prepare(panel, "power_off", vm_id)
    assert panel._orders.typed.layout.display == ""
    write(panel, "Type it here", str(vm_id))  # nobody can type such a name
    confirm(panel)
    assert told(panel)[0][0] == "Done"
    parts = (
        panel.answer,
        panel.body,
        panel.status,
        panel._progress,
        panel._log,
        panel._orders.asked,
        panel._orders.hint,
    )
    for part in (*parts, panel.code):
        assert "<img" not in part.value
    escaped = html.escape(HOSTILE + "\\u202e\\n")
    assert all(escaped in part.value for part in (panel.body, panel._progress, panel._log))
    assert "\u202e" not in shown(panel)


def test_nothing_secret_is_in_the_panel(opened, sandbox, names):
    panel = opened()
    prepare(panel, "reboot", next(iter(names)))
    click(panel, "Show the request")
    panel.wait()
    confirm(panel)
    assert sent(sandbox) == 1
    assert sandbox.key not in shown(panel)
    assert sandbox.key not in repr(panel.model)


def test_a_view_comes_back_without_what_was_armed(opened, sandbox, names):
    first, second, *_ = names
    panel = opened()
    assert panel.view == {"account": "main"}
    write(panel, "Filter", "-")
    prepare(panel, "reboot", second)
    assert panel.view == {"account": "main", "filter": "-", "vms": [second]}
    again = opened(view=panel.view)
    assert (again.view, control(again, "VMs").value) == (panel.view, (second,))
    assert not is_asking(again)
    again.view = {"vms": [first, 1]}
    assert control(again, "VMs").value == (first,)
    confirm(again)
    assert sent(sandbox) == 0
    assert "Account main has no VM 1, which was chosen." in status(opened(view=again.view))


@pytest.mark.parametrize(
    ("view", "says"),
    [({"command": "reboot"}, "no choice 'command'"), ({"account": "shop"}, "account is 'shop' in the view; it can be"),
     ({"vms": ["1"]}, r"vms is \['1'\]"), ({"vms": 1}, "vms is 1"), ({"filter": 1}, "filter is 1")],
)  # fmt: skip
def test_a_view_that_is_none_is_refused(opened, view, says):
    with pytest.raises(SettingsError, match=says):
        opened(view=view)


def test_the_python_does_the_same(opened, sandbox, names, written, monkeypatch):
    first, second, *_ = names
    panel = opened()
    code = html.unescape(panel.code.value.split(">", 1)[1].split("</textarea>")[0])
    monkeypatch.setenv("VMGEN_API_KEY", sandbox.key)
    monkeypatch.setenv("VMGEN_BASE_URL", sandbox.url)
    made = {}
    exec(code, made)  # it is what the panel says to run
    assert sorted(made["vms"]["vm_id"]) == sorted(names)
    pick(panel, first, second)
    write(panel, "Reason", 'it\'s "time"')
    prepare(panel, "reboot", first, second)
    exec(html.unescape(panel.code.value.split(">", 1)[1].split("</textarea>")[0]), made)
    assert sent(sandbox) == 2
    assert sorted(log(written)) == sorted([vm_id, "reboot", "done", 'it\'s "time"'] for vm_id in (first, second))


def test_one_account_at_a_time(tmp_path, monkeypatch):
    with Sandbox(vms=2, seed=5, accounts=2, months=1, job_seconds=0.05) as sandbox:
        accounts = {}
        for name, key in zip(("north", "south"), sandbox.keys, strict=True):
            accounts[name] = Account(base_url=sandbox.url, key_env=f"KEY_{name}", auth="Authorization: Bearer {key}")
            if name == "north":
                monkeypatch.setenv(f"KEY_{name}", key)
        settings = Settings(archive=str(tmp_path / "archive"), accounts=accounts)
        panel = PowerConsole(settings=settings, allow_commands=True)
        panel.wait()
        assert "Account north: 2 of 2 VMs run" in panel.answer.value
        (vm_id, *_) = [number for _, number in control(panel, "VMs").options]
        prepare(panel, "reboot", vm_id)
        choose(panel, "Account", "south")
        panel.wait()
        assert not is_asking(panel)
        assert "No API key for account 'south': set KEY_south" in status(panel)
        assert control(panel, "VMs").options == ()
        monkeypatch.setenv("KEY_south", sandbox.keys[1])
        click(panel, "Read again")
        panel.wait()
        (vm_id, *_) = [number for _, number in control(panel, "VMs").options]
        assert panel.view == {"account": "south"}
        prepare(panel, "reboot", vm_id)
        confirm(panel)
        received = [each.account for each in sandbox.requests if each.operation == "command"]
        assert received == [2]
        assert set(Archive(tmp_path / "archive").read("commands")["account"]) == {"south"}


def test_another_account_chosen_while_one_is_read(tmp_path, monkeypatch):
    with Sandbox(vms=2, seed=5, accounts=2, months=1) as sandbox:
        for name, key in zip(("north", "south"), sandbox.keys, strict=True):
            monkeypatch.setenv(f"KEY_{name}", key)
        accounts = {name: Account(base_url=sandbox.url, key_env=f"KEY_{name}") for name in ("north", "south")}
        sandbox.fault("slow", operation="vms", account=1, seconds=0.3)
        panel = PowerConsole(settings=Settings(archive=str(tmp_path / "archive"), accounts=accounts))
        choose(panel, "Account", "south")
        panel.wait()
        assert "Account south: " in panel.answer.value
        assert {vm.name for vm in sandbox.accounts[1].truth.vms if vm.died is None} == {
            target.vm_name for target in panel.model.reading.targets
        }


def test_many_threads_that_confirm_send_one_command(opened, sandbox, names):
    panel = opened()
    prepare(panel, "reboot", next(iter(names)))
    threads = [threading.Thread(target=panel.model.confirm) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    panel.wait()
    assert sent(sandbox) == 1
