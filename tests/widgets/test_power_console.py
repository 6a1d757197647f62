"""The power console as a person uses it, and what the simulated provider received: nothing by accident."""

import re
import time
from datetime import timedelta

import pytest
from consoles import confirm, is_asking, log, offered, pick, prepare, sent, shown, status, told, write
from panels_to_drive import click

from vmgen_analytics.widgets.power_orders import WORDS


def test_it_only_looks_unless_it_is_asked_for_more(opened, sandbox, names):
    panel = opened(allow_commands=False)
    assert "Account main: 4 of 4 VMs run" in panel.answer.value
    for vm_id, name in names.items():
        assert re.search(
            f">{name}</th><td>{vm_id}</td><td>198[^<]+</td><td>[^<]+</td><td>UP</td><td>12:00:00 UTC", panel.body.value
        )
    assert "allow_commands=True" in shown(panel)
    assert "change real machines" not in shown(panel)
    assert offered(panel) == []
    assert not [word for word in ("Reason", "Cancel", "Confirm") if f'"description": "{word}' in shown(panel)]
    panel.view = {"vms": list(names)}
    panel.model.arm("power_off")
    assert status(panel) == "Nothing was sent: this panel only looks."
    confirm(panel, times=3)
    assert sent(sandbox) == 0


def test_allowed_it_says_so_and_waits_to_be_asked(opened, sandbox, names):
    panel = opened(view={"vms": list(names)})
    assert "change real machines" in shown(panel)
    assert (
        "Live as of 12:00 UTC; if the buttons do nothing, run this cell again, or reload the page" in panel._small.value
    )
    assert not is_asking(panel)
    confirm(panel, times=3)
    assert sent(sandbox) == 0


@pytest.mark.parametrize("command", ["power_off", "reboot"])
def test_three_fast_clicks_send_one_command(opened, sandbox, written, names, command):
    vm_id, name = next(iter(names.items()))
    panel = opened()
    write(panel, "Reason", "patch day")
    prepare(panel, command, vm_id)
    write(panel, "Type it here", name)
    confirm(panel, times=3)
    assert sent(sandbox) == 1
    assert log(written) == [[vm_id, command, "done", "patch day"]]
    assert told(panel) == [("Done", f"It is {'DOWN' if command == 'power_off' else 'UP'} now.")]
    assert f"{WORDS[command]} {name}: done." in status(panel)
    assert f"{3 if command == 'power_off' else 4} of 4 VMs run" in panel.answer.value
    assert not is_asking(panel)


def test_only_what_fits_the_state_is_offered(opened, sandbox, names):
    first, second, *_ = names
    panel = opened()
    assert offered(panel) == []
    pick(panel, first)
    assert offered(panel) == [f"Reboot {names[first]} …", f"Power off {names[first]} …"]
    prepare(panel, "power_off", first)
    write(panel, "Type it here", names[first])
    confirm(panel)
    assert offered(panel) == [f"Power on {names[first]} …"]
    pick(panel, first, second)
    assert offered(panel) == []
    assert "Some of these 2 VMs run and some are off" in panel._orders.hint.value
    prepare(panel, "power_on", first)
    assert panel._orders.typed.layout.display == "none"
    assert panel._orders.confirm.description == f"Power on {names[first]}"
    confirm(panel)
    assert (sent(sandbox), told(panel)) == (2, [("Done", "It is UP now.")])


def test_a_state_that_nobody_knows_forbids_nothing(opened, sandbox, names):
    sandbox.fault("wrong_type", field="state", value="Frozen")
    panel = opened(view={"vms": [min(names)]})
    assert len(offered(panel)) == 3
    assert "Account main: 0 of 4 VMs run, 4 are in another state" in panel.answer.value


@pytest.mark.parametrize(
    ("command", "number", "wrong", "right"),
    [("power_off", 1, "db", "{name}"), ("power_off", 1, "{name}x", "  {name} "), ("reboot", 2, "yes", "2"),
     ("power_off", 3, "{name}", " 3")],
)  # fmt: skip
def test_what_hurts_has_to_be_typed(opened, sandbox, names, command, number, wrong, right):
    vm_ids, name = list(names)[:number], next(iter(names.values()))
    panel = opened()
    prepare(panel, command, *vm_ids)
    assert panel._orders.confirm.disabled
    write(panel, "Type it here", wrong.format(name=name))
    assert panel._orders.confirm.disabled
    confirm(panel)  # a page may be late, or not be ours
    assert "What was typed is not" in status(panel)
    assert sent(sandbox) == 0
    prepare(panel, command, *vm_ids)
    assert panel._orders.typed.value == ""
    write(panel, "Type it here", right.format(name=name))
    assert not panel._orders.confirm.disabled
    confirm(panel)
    assert sent(sandbox) == number
    assert {outcome for outcome, _ in told(panel)} == {"Done"}


def test_the_question_shows_what_is_meant(opened, clock, names):
    vm_id, name = next(iter(names.items()))
    panel = opened()
    clock.now += timedelta(seconds=95)
    prepare(panel, "power_off", vm_id)
    asked = panel._orders.asked.value
    assert f"Power off {name}?" in asked
    assert f">{name}</th><td>{vm_id}</td><td>198." in asked
    for text in ("pulling the plug", "The state is 95 s old", "until 12:02:35 UTC", "Type its name"):
        assert text in asked


@pytest.mark.parametrize(
    "change",
    [lambda panel, names: pick(panel, list(names)[1]),
     lambda panel, names: pick(panel, *names),
     lambda panel, names: write(panel, "Filter", list(names.values())[1]),
     lambda panel, names: setattr(panel, "view", {"vms": [list(names)[1]]}),
     lambda panel, _: click(panel, "Cancel"),
     lambda panel, _: (click(panel, "Read again"), panel.wait())],
    ids=["another VM", "more VMs", "filter", "view", "cancel", "read again"],
)  # fmt: skip
def test_another_target_disarms(opened, sandbox, names, change):
    panel = opened()
    prepare(panel, "reboot", next(iter(names)))
    assert is_asking(panel)
    change(panel, names)
    assert not is_asking(panel)
    confirm(panel, times=3)
    assert sent(sandbox) == 0


def test_another_command_takes_the_place_of_the_first(opened, sandbox, names):
    panel = opened()
    prepare(panel, "reboot", next(iter(names)))
    prepare(panel, "power_off", next(iter(names)))
    confirm(panel)
    assert sent(sandbox) == 0


@pytest.mark.parametrize("after_s", [61, 3600, -5])
def test_what_was_armed_too_long_ago_is_not_sent(opened, sandbox, clock, names, after_s):
    panel = opened()
    prepare(panel, "reboot", next(iter(names)))
    clock.now += timedelta(seconds=after_s)
    confirm(panel, times=3)
    assert "More than 60 s have passed since it was prepared, and nothing was sent" in status(panel)
    assert sent(sandbox) == 0


def test_a_machine_that_has_changed_meanwhile_is_refused(opened, quick, sandbox, written, names):
    vm_id, name = next(iter(names.items()))
    panel = opened()
    prepare(panel, "reboot", vm_id)
    quick.command(vm_id, "power_off")
    time.sleep(0.1)
    confirm(panel)
    ((outcome, says),) = told(panel)
    assert outcome == "Not sent"
    assert f"VM {vm_id} was '{name}' and UP, and is '{name}' and DOWN now" in says
    assert f"Reboot {name}: not sent." in status(panel)
    assert offered(panel) == [f"Power on {name} …"]
    prepare(panel, "power_on", vm_id)
    sandbox.fault("wrong_type", operation="configuration", field="name", value="another")
    confirm(panel)
    assert "is 'another' and DOWN now" in told(panel)[0][1]
    assert sent(sandbox) == 1
    assert written.read("commands").empty
