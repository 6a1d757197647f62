"""power: nothing by accident; counted at the provider."""

import io
from collections.abc import Callable

import pandas as pd
import pytest
from done import Done

from vmgen_analytics.cli import power
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
