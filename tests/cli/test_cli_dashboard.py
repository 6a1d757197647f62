"""The dashboard as a server: who may open it, what it serves, what it says, and what it leaves on the machine."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
import requests
from done import Done

Run = Callable[..., Done]

KEY = "a-key-that-no-other-process-may-read"
PRIVATE = ["/", "/cost", "/power", "/anything", "/api/kernels/11111111-1111-1111-1111-111111111111"]


class Dashboard:
    """The program, what it printed, and a browser that has opened what it printed."""

    def __init__(self, folder: Path) -> None:
        browser = folder / "browser"
        browser.write_text(f'#!/bin/sh\ncp "${{1#file://}}" {folder}/opened.html\nps -o args= -p $$ > {folder}/seen\n')
        browser.chmod(0o700)
        (folder / "vmgen.toml").write_text('currency = "EUR"\n')
        self.log = folder / "log"
        command = [sys.executable, "-m", "vmgen_analytics", "dashboard", "--port", "0", "--archive", "history"]
        own = {"HOME": str(folder), "TMPDIR": str(folder), "BROWSER": f"{browser} %s", "VMGEN_API_KEY": KEY}
        environment = {**os.environ, **own}
        with self.log.open("wb") as output:
            self.program = subprocess.Popen(command, cwd=folder, env=environment, stdout=output, stderr=output)
        self.folder = folder
        self.until(lambda: "Ctrl-C ends it." in self.log.read_text())
        [(self.url, self.token)] = re.findall(r"is at (http://127\.0\.0\.1:\d+)/\?token=(\S+)", self.log.read_text())
        self.port = int(self.url.rsplit(":", 1)[1])
        self.session = requests.Session()

    def until(self, is_so: Callable[[], bool], seconds: float = 120) -> None:
        end = time.monotonic() + seconds
        while not is_so():
            assert self.program.poll() is None, self.log.read_text()
            assert time.monotonic() < end, self.log.read_text()
            time.sleep(0.05)

    def kernels(self) -> list[psutil.Process]:
        return psutil.Process(self.program.pid).children(recursive=True)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dashboard]:
    running = Dashboard(tmp_path_factory.mktemp("dashboard"))
    try:
        running.session.get(f"{running.url}/?token={running.token}").raise_for_status()
        yield running
    finally:
        running.program.send_signal(signal.SIGINT)
        running.program.wait(15)


@pytest.mark.parametrize("path", PRIVATE)
def test_nobody_sees_anything_without_the_token(running: Dashboard, path: str) -> None:
    for query in ("", "?token=guessed"):
        refused = requests.get(running.url + path + query, allow_redirects=False)
        assert refused.status_code == 403
        assert running.token not in refused.text
    assert "Open the address that" in requests.get(f"{running.url}/cost").text


def test_the_token_is_kept_out_of_the_address(running: Dashboard) -> None:
    answer = requests.get(f"{running.url}/cost?token={running.token}", allow_redirects=False)
    assert (answer.status_code, answer.headers["Location"]) == (302, "/cost")
    assert "HttpOnly" in answer.headers["Set-Cookie"]
    assert running.token not in running.session.get(running.url).text


@pytest.mark.parametrize(
    "path", ["/power", "/nothing", "/voila/files/cost.ipynb", "/voila/tree", "/voila/render/cost.ipynb"]
)
def test_only_its_own_pages_are_there(running: Dashboard, path: str) -> None:
    answer = running.session.get(running.url + path)
    assert answer.status_code == 404
    assert "There is no such page here." in answer.text


def test_the_page_that_sends_commands_is_not_linked_either(running: Dashboard) -> None:
    links = re.findall(r'href="/(\w*)"', running.session.get(running.url).text)
    assert "cost" in links
    assert "power" not in links


def test_pages_may_ask_this_server_only(running: Dashboard) -> None:
    policy = running.session.get(running.url).headers["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    hosts = {word for word in policy.replace(";", "").split() if "://" in word}
    assert hosts == {f"ws://{name}:{running.port}" for name in ("127.0.0.1", "localhost")}


def test_other_machines_and_other_names_do_not_reach_it(running: Dashboard) -> None:
    with (
        pytest.raises(ConnectionRefusedError),
        socket.create_connection(("127.0.0.2", running.port), 2),
    ):  # it listens on one address
        pass
    assert running.session.get(running.url, headers={"Host": f"elsewhere.example:{running.port}"}).status_code == 403


def test_kernels_get_the_settings_and_no_command_line_a_secret(running: Dashboard) -> None:
    running.until(lambda: bool(running.kernels()))
    [kernel, *_] = running.kernels()
    running.until(lambda: "VMGEN_ARCHIVE" in kernel.environ())
    assert kernel.environ()["VMGEN_ARCHIVE"] == str(running.folder / "history")
    assert kernel.cwd() == str(running.folder)  # where vmgen.toml is
    lines = [" ".join(each.cmdline()) for each in (psutil.Process(running.program.pid), *running.kernels())]
    assert not [line for line in lines if KEY in line or running.token in line]


def test_the_browser_is_given_a_file_and_not_the_token(running: Dashboard) -> None:
    running.until(lambda: (running.folder / "opened.html").exists() and (running.folder / "seen").exists())
    assert f"{running.url}/?token={running.token}" in (running.folder / "opened.html").read_text()
    assert running.token not in (running.folder / "seen").read_text()


def test_ctrl_c_ends_it_and_leaves_nothing(tmp_path: Path) -> None:
    running = Dashboard(tmp_path)
    running.until(lambda: bool(running.kernels()))
    kernels = running.kernels()
    running.program.send_signal(signal.SIGINT)
    assert running.program.wait(10) == 0
    assert psutil.wait_procs(kernels, timeout=3)[1] == []
    assert len(running.log.read_text().splitlines()) == 2
    assert not list(tmp_path.glob("vmgen-dashboard-*"))


def test_a_port_in_use_is_told_in_a_sentence(run: Run) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = run("dashboard", "--no-browser", "--port", port)
    assert done.status == 2
    assert done.err == f"vmgen-analytics: cannot listen on port {port}: Address already in use; choose another --port\n"


def test_what_is_not_installed_is_named(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "voila.app", None)
    monkeypatch.delitem(sys.modules, "vmgen_analytics.dashboard.server", raising=False)
    monkeypatch.delattr("vmgen_analytics.dashboard.server", raising=False)
    with socket.create_server(("127.0.0.1", 0)) as taken:  # so that it does not run, come what may
        done = run("dashboard", "--no-browser", "--port", taken.getsockname()[1])
    assert done.status == 2
    assert "pip install 'vmgen_analytics[lab]'" in done.err


def test_wrong_settings_are_told_before_anything_starts(run: Run) -> None:
    done = run("dashboard", "--no-browser", "--config", "nowhere.toml")
    assert done.status == 2
    assert "no file of settings at nowhere.toml" in done.err
