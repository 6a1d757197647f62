"""How to start the dashboard as a user does, and visit its pages with a browser."""

import contextlib
import os
import re
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import psutil
from playwright.sync_api import Browser, Locator, Page, expect


@dataclass(frozen=True)
class Dashboard:
    """A dashboard that is running."""

    url: str
    token: str
    process: psutil.Process
    log: Path

    @property
    def address(self) -> str:
        """What it told its user to open."""
        return f"{self.url}?token={self.token}"

    def kernels(self) -> list[psutil.Process]:
        """The processes behind its pages, and the one that waits for a page."""
        found = []
        for child in self.process.children(recursive=True):
            with contextlib.suppress(psutil.NoSuchProcess):  # one that has just ended
                if "ipykernel_launcher" in child.cmdline():
                    found.append(child)
        return found


@contextlib.contextmanager
def dashboard(home: Path, settings: Mapping[str, str], *words: str, folder: Path | None = None) -> Iterator[Dashboard]:
    """Run ``vmgen-analytics dashboard`` until the test is over, then press Ctrl-C if nobody has."""
    home.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "vmgen_analytics", "dashboard", "--port", "0", *words]
    environment = {
        **{name: text for name, text in os.environ.items() if not name.startswith("VMGEN_")},
        "HOME": str(home),
        "IPYTHONDIR": str(home / "ipython"),
        "MPLCONFIGDIR": str(home / "matplotlib"),
        **{f"JUPYTER_{name}_DIR": str(home / name.lower()) for name in ("CONFIG", "DATA", "RUNTIME")},
        **settings,
    }
    log = home / f"{secrets.token_hex(4)}.log"
    with (
        log.open("wb") as output,
        subprocess.Popen(command, cwd=folder or home, env=environment, stdout=output, stderr=output) as program,
    ):
        try:
            end = time.monotonic() + 120
            while "Ctrl-C ends it." not in (said := log.read_text()):
                assert program.poll() is None, said
                assert time.monotonic() < end, said
                time.sleep(0.05)
            [(url, token)] = re.findall(r"is at (http://127\.0\.0\.1:\d+/)\?token=(\S+)", said)
            yield Dashboard(url, token, psutil.Process(program.pid), log)
        finally:
            if program.poll() is None:
                program.send_signal(signal.SIGINT)
            program.wait(15)


@dataclass
class Visit:
    """A browser at a dashboard, and every address that it asked for."""

    page: Page
    dashboard: Dashboard
    asked: list[str] = field(default_factory=list)

    @property
    def strayed(self) -> list[str]:
        """What it asked of another server."""
        return [address for address in self.asked if not address.startswith((self.dashboard.url, "data:", "blob:"))]

    def open(self, name: str) -> Locator:
        """Go to a page and wait for its panel."""
        self.page.goto(self.dashboard.url + name, wait_until="commit", timeout=60_000)
        panel = self.page.locator(".vmgen-panel")
        expect(panel.get_by_role("heading", level=3)).to_be_visible(timeout=60_000)
        return panel


@contextlib.contextmanager
def visit(browser: Browser, running: Dashboard) -> Iterator[Visit]:
    """Open the address that the dashboard printed, in a browser that knows nothing yet."""
    context = browser.new_context(viewport={"width": 1400, "height": 1000})
    page = context.new_page()
    page.set_default_timeout(20_000)
    visit = Visit(page, running)
    page.on("request", lambda request: visit.asked.append(request.url))
    page.goto(running.address, wait_until="commit")
    try:
        yield visit
    finally:
        context.close()
