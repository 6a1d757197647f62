"""What every test may ask for: a scripted provider, clients of it, and a month of the simulated one."""

import contextlib
import os
import shutil
import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from playwright.sync_api import Browser, sync_playwright
from scripted import KEY, Provider

from vmgen_analytics import Archive, sync
from vmgen_analytics.api import Client
from vmgen_analytics.api.retries import Patience
from vmgen_analytics.api.transport import Timeouts
from vmgen_analytics.sandbox import Sandbox

# the verdict on a commit is no matter of luck: new examples are looked for on request, with --hypothesis-profile=random
PATIENT = {"deadline": None, "max_examples": 25, "suppress_health_check": [hypothesis.HealthCheck.too_slow]}
hypothesis.settings.register_profile("random", **PATIENT)
hypothesis.settings.register_profile("house", derandomize=True, **PATIENT)
hypothesis.settings.load_profile("house")


# whoever starts the tests in the background makes them deaf to Ctrl-C, of which some of them are about
signal.signal(signal.SIGINT, signal.default_int_handler)

CHROMIUMS = ("chromium", "chromium-browser", "google-chrome")
CHROMIUM_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One real browser for all tests that click; without one they fail and are never skipped."""
    chromium = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, CHROMIUMS)), None)
    if chromium is None or not Path(chromium).exists():
        pytest.fail("no Chromium here: install it (apt-get install chromium), or set CHROMIUM to where it is")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=CHROMIUM_ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(autouse=True)
def _own_world(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither the proxies nor the settings of whoever runs the tests decide how they end."""
    for name in list(os.environ):
        if name.lower().endswith("_proxy") or name.startswith("VMGEN_"):
            monkeypatch.delenv(name)


@pytest.fixture
def provider() -> Iterator[Provider]:
    with Provider() as provider:
        yield provider


@pytest.fixture
def connect() -> Iterator[Callable[..., Client]]:
    """Make clients that lose patience quickly, and close them."""
    with contextlib.ExitStack() as opened:

        def client(provider: Provider, **settings: Any) -> Client:
            chosen = {
                "key": KEY,
                "base_url": provider.url,
                "timeouts": Timeouts(connect_s=2, read_s=2, attempt_s=4),
                "patience": Patience(base_s=0.001, cap_s=0.01, budget=10_000),
                **settings,
            }
            return opened.enter_context(Client(**chosen))

        yield client


@pytest.fixture
def client(provider: Provider, connect: Callable[..., Client]) -> Client:
    return connect(provider)


@dataclass(frozen=True)
class World:
    """A simulated provider, and an archive that was synced daily through its October."""

    sandbox: Sandbox
    archive: Archive


@pytest.fixture(scope="session")
def october(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Synced each day at 07:00 from 30 September to 2 November, and once more before the month turned."""
    archive = Archive(tmp_path_factory.mktemp("october"))
    with (
        Sandbox(vms=14, seed=1, today="2026-11-03", months=3, ticking=False) as sandbox,
        Client(sandbox.key, base_url=sandbox.url) as client,
    ):
        days = [datetime(2026, 9, 30, 7, tzinfo=UTC) + timedelta(days=number) for number in range(34)]
        for moment in sorted([*days, datetime(2026, 10, 31, 23, 50, tzinfo=UTC)]):
            sandbox.set_clock(moment)
            assert sync(client, archive).is_complete
        yield World(sandbox, archive)
