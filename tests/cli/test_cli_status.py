"""status -v: what was learned about the server."""

import contextlib

from vmgen_analytics import Archive, Client
from vmgen_analytics.logbook import written_down
from vmgen_analytics.sandbox import Sandbox


def test_what_was_learned_is_told(run, sandbox: Sandbox):
    run("sync")
    assert "lists come bare" in run("status", "-v").err
    sandbox.advance(minutes=5)
    sandbox.fault("envelope", operation="vms", style="data")
    assert run("sync").status == 0
    told = run("status", "-v").err
    assert "Of the server:" in told
    assert "vms" in told.split("Of the server:")[1]
    assert "data" in told
    assert "Of the server:" not in run("status").err


def test_a_command_whose_process_died_is_told(run, sandbox: Sandbox):
    run("sync")
    with (
        contextlib.suppress(MemoryError),
        Client(sandbox.key, base_url=sandbox.url) as client,
        written_down(client, Archive("data/archive"), "reboot", vm_id=17),
    ):
        raise MemoryError  # stands for a process that dies here
    assert "Nobody knows the end of: reboot of VM 17" in run("status").err
