"""Starting and stopping."""

import signal
import socket
import subprocess
import sys
import threading
import time

import pytest
import requests

from vmgen_analytics.sandbox import Sandbox, read_fault


def test_it_starts_and_stops_quickly_and_leaves_nothing():
    threads = threading.active_count()
    began = time.monotonic()
    with Sandbox(vms=24) as sandbox, requests.Session() as session:
        session.get(f"{sandbox.url}/account")
    assert time.monotonic() - began < 1
    assert threading.active_count() == threads
    with pytest.raises(requests.ConnectionError):
        requests.get(f"{sandbox.url}/account", timeout=1)


def test_several_run_at_once_and_do_not_know_each_other():
    with Sandbox(vms=1, seed=1) as one, Sandbox(vms=2, seed=2) as two:
        assert one.url != two.url
        counts = []
        for sandbox in (one, two):
            key = {"Authorization": f"Bearer {sandbox.key}"}
            counts.append(len(requests.get(f"{sandbox.url}/virtual-machines", headers=key).json()))
        assert counts == [1, 2]
        assert len(one.requests) == len(two.requests) == 1
        assert requests.get(f"{two.url}/account", headers={"Authorization": f"Bearer {one.key}"}).status_code == 401


def test_only_this_machine_can_reach_it():
    with Sandbox(vms=1) as sandbox:
        assert sandbox.url.startswith("http://127.0.0.1:")


def test_a_port_can_be_chosen_and_a_taken_one_is_said():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(OSError, match="in use"), Sandbox(vms=1, port=port):
            pass
    with Sandbox(vms=1, port=port) as sandbox:
        assert sandbox.url.endswith(f":{port}")


def test_it_has_no_address_before_it_is_open():
    with pytest.raises(RuntimeError, match="with"):
        _ = Sandbox(vms=1).url


def test_an_unknown_manner_is_an_error():
    with pytest.raises(TypeError, match="latency_ms"):
        Sandbox(latency_ms=3)


def test_a_fault_is_read_from_a_command_line():
    assert read_fault("reset") == {"kind": "reset"}
    assert read_fault("status,operation=usage,code=429,retry_after=soon") == {
        "kind": "status",
        "operation": "usage",
        "code": 429,
        "retry_after": "soon",
    }
    with pytest.raises(ValueError, match="'usage' where name=value belongs"):
        read_fault("status,usage")


PROGRAM = """
from vmgen_analytics.sandbox import serve_forever
serve_forever(lambda sandbox: print(sandbox.url, sandbox.key, flush=True), vms=2, faults=["status,times=1,code=418"])
"""


def test_it_runs_in_the_foreground_until_ctrl_c():
    with subprocess.Popen([sys.executable, "-c", PROGRAM], stdout=subprocess.PIPE, text=True) as program:
        url, key = program.stdout.readline().split()
        answers = [requests.get(f"{url}/account", headers={"Authorization": f"Bearer {key}"}) for _ in range(2)]
        assert [answer.status_code for answer in answers] == [418, 200]
        program.send_signal(signal.SIGINT)
        assert program.wait(timeout=5) == 0
