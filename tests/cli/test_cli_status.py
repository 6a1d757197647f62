"""status -v: what was learned about the server."""

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
