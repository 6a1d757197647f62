"""power: nothing by accident; counted at the provider."""

import contextlib
import io
import os
import signal
import threading
import time
from collections.abc import Callable

import pandas as pd
import pytest
from done import Done

from vmgen_analytics import Archive, Client
from vmgen_analytics.cli import power
from vmgen_analytics.logbook import written_down
from vmgen_analytics.sandbox import Sandbox

Run = Callable[..., Done]


def _sent(sandbox: Sandbox) -> int:
    return sum(received.operation == "command" for received in sandbox.requests)


def _running(sandbox: Sandbox) -> list[str]:
    return [vm.name for vm in sandbox.truth.vms if vm.died is None]


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Somebody at the terminal, with these answers."""
    given: list[str] = []
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr(power.typer, "prompt", lambda *_, **__: given.pop(0))
    return given


def test_nobody_to_ask_sends_nothing(run: Run, sandbox: Sandbox) -> None:
    done = run("power", "reboot", _running(sandbox)[0])
    assert done.status == 1
    assert "--yes" in done.err
    assert _sent(sandbox) == 0


def test_dry_run_sends_nothing(run: Run, sandbox: Sandbox) -> None:
    done = run("power", "off", *_running(sandbox)[:2], "--dry-run")
    assert done.status == 0
    assert done.err.count("would send: POST /virtual-machines/") == 2
    assert _sent(sandbox) == 0


def test_yes_sends_once_follows_and_writes_down(run: Run, sandbox: Sandbox) -> None:
    name = _running(sandbox)[0]
    done = run("power", "reboot", name, "--yes", "--reason", "patch day")
    assert done.status == 0, done.err
    assert f"{name}: reboot done" in done.err
    assert _sent(sandbox) == 1
    log = pd.read_csv(io.StringIO(run("export", "commands").out))
    assert log[["command", "outcome", "reason"]].to_numpy().tolist() == [["reboot", "done", "patch day"]]
    assert log["finished_at"].notna().all()


@pytest.mark.parametrize(("command", "wrong", "right"), [("off", "yes", None), ("reboot", "no", "yes")])
def test_the_answer_must_fit(
    run: Run, sandbox: Sandbox, answers: list[str], command: str, wrong: str, right: str | None
) -> None:
    name = _running(sandbox)[0]
    answers += [wrong, right or name]
    assert run("power", command, name).status == 1
    assert _sent(sandbox) == 0
    assert run("power", command, name).status == 0
    assert _sent(sandbox) == 1


def test_several_vms_want_their_number(run: Run, sandbox: Sandbox, answers: list[str]) -> None:
    names = _running(sandbox)[:2]
    answers += ["yes", "2"]
    assert run("power", "reboot", *names).status == 1
    assert run("power", "reboot", *names, names[0]).status == 0
    assert _sent(sandbox) == 2


def test_a_command_whose_end_nobody_knows_is_told_before_asking(run: Run, sandbox: Sandbox) -> None:
    one, other = [vm for vm in sandbox.truth.vms if vm.died is None][:2]
    with (
        contextlib.suppress(MemoryError),
        Client(sandbox.key, base_url=sandbox.url) as client,
        written_down(client, Archive("data/archive"), "power_off", vm_id=one.vm_id),
    ):
        raise MemoryError  # stands for a process that dies here
    done = run("power", "reboot", one.name)
    assert f"Nobody knows the end of: power_off of VM {one.vm_id}" in done.err
    assert done.err.index("Nobody knows") < done.err.index("nobody is there to ask")
    assert "Nobody knows" in run("power", "reboot", one.name, "--dry-run").err
    assert "Nobody knows" not in run("power", "reboot", other.name, "--dry-run").err
    assert _sent(sandbox) == 0


def test_ctrl_c_while_waiting_names_the_job_that_goes_on(run: Run, sandbox: Sandbox) -> None:
    names = _running(sandbox)[:2]
    sandbox.fault("job", operation="command", status="never")

    def press() -> None:
        while not any(received.operation == "job" for received in sandbox.requests):
            time.sleep(0.01)
        os.kill(os.getpid(), signal.SIGINT)

    watcher = threading.Thread(target=press)
    watcher.start()
    done = run("power", "reboot", *names, "--yes")
    watcher.join()
    assert done.status == 130
    assert f"nobody waits for reboot of {names[0]} (job " in done.err
    assert f"not sent to {names[1]}" in done.err
    assert _sent(sandbox) == 1


@pytest.mark.parametrize("sandbox", [2.0], indirect=True)
def test_a_busy_vm_is_refused_or_waited_for(run: Run, sandbox: Sandbox) -> None:
    name = _running(sandbox)[0]
    sandbox.fault("status", operation="command", code=409, message="Busy.", times=1)
    assert run("power", "reboot", name, "--yes").status == 1
    assert run("power", "reboot", name, "--yes", "--no-wait").status == 0
    done = run("power", "reboot", name, "--yes", "--wait-idle")
    assert done.status == 0, done.err
    assert _sent(sandbox) == 3
    second, third = [place for place, received in enumerate(sandbox.requests) if received.operation == "command"][1:]
    assert [received.operation for received in sandbox.requests[second:third]].count("jobs") > 2


def test_unknown_vm(run: Run, sandbox: Sandbox) -> None:
    done = run("power", "reboot", "nobody", "--yes")
    assert done.status == 1
    assert "no VM 'nobody'" in done.err


def test_carried_out_but_never_answered_is_received_once(run: Run, sandbox: Sandbox) -> None:
    name = _running(sandbox)[0]
    sandbox.fault("lost", operation="command")
    done = run("power", "reboot", name, "--yes")
    assert _sent(sandbox) == 1
    assert done.status == 0, done.err
    assert f"{name}: reboot done" in done.err
