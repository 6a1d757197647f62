"""Filled archives and a panel on a known day; no error in a callback goes unseen."""

import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from consoles import QUICK, Time
from panels_to_drive import TODAY, fill, fill_traffic

from vmgen_analytics import Archive, Client, Settings
from vmgen_analytics.sandbox import Sandbox
from vmgen_analytics.widgets import BandwidthExplorer, CostExplorer, PowerConsole


@pytest.fixture(scope="session")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Archive:
    """Eleven months of four VMs, two of them of one name and one of no known location."""
    return fill(Archive(tmp_path_factory.mktemp("filled")))


@pytest.fixture(scope="session")
def two_accounts(tmp_path_factory: pytest.TempPathFactory) -> Archive:
    archive = fill(Archive(tmp_path_factory.mktemp("two")))
    return fill(archive, account="shop", vms={101: ("shop-1", "Large")})


@pytest.fixture(scope="session")
def traffic(tmp_path_factory: pytest.TempPathFactory) -> Archive:
    """The traffic of four VMs from August to the day that is not over, with a spike and a missing report."""
    return fill_traffic(Archive(tmp_path_factory.mktemp("traffic")))


@pytest.fixture(scope="session")
def traffic_of_two(tmp_path_factory: pytest.TempPathFactory) -> Archive:
    archive = fill_traffic(Archive(tmp_path_factory.mktemp("traffic of two")))
    return fill_traffic(archive, account="shop", vms={101: ("shop-1", "Large"), 109: ("shop-9", "Large")})


@pytest.fixture
def settings() -> Settings:
    return Settings(currency="EUR")


@pytest.fixture
def explore(settings: Settings) -> Callable[..., CostExplorer]:
    """Open the panel on a known day."""

    def opened(archive: Archive | Path | str, **how: Any) -> CostExplorer:
        return CostExplorer(archive, **{"settings": settings, "today": TODAY, **how})

    return opened


@pytest.fixture
def investigate(settings: Settings) -> Callable[..., BandwidthExplorer]:
    """Open the bandwidth panel on a known day."""

    def opened(archive: Archive | Path | str, **how: Any) -> BandwidthExplorer:
        return BandwidthExplorer(archive, **{"settings": settings, "today": TODAY, **how})

    return opened


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(vms=4, seed=11, today="2026-11-23", months=1, job_seconds=0.05) as sandbox:
        yield sandbox


@pytest.fixture
def quick(connect: Callable[..., Client], sandbox: Sandbox) -> Client:
    return connect(sandbox, key=sandbox.key)


@pytest.fixture
def names(quick: Client) -> dict[int, str]:
    """The VMs by number, in the order in which the panel shows them."""
    return {vm["id"]: vm["name"] for vm in sorted(quick.vms(), key=lambda vm: vm["name"])}


@pytest.fixture
def written(tmp_path: Path) -> Archive:
    """Where the console writes down what it sends."""
    return Archive(tmp_path / "written")


@pytest.fixture
def clock() -> Time:
    return Time()


@pytest.fixture
def opened(written: Archive, quick: Client, clock: Time) -> Iterator[Callable[..., PowerConsole]]:
    """Open the console, with commands, once it has read the VMs."""

    consoles = []

    def console(archive: Archive | None = None, **how: Any) -> PowerConsole:
        chosen = {"client": quick, "allow_commands": True, "now": clock, "following": QUICK, "settings": Settings()}
        consoles.append(PowerConsole(archive or written, **{**chosen, **how}))
        consoles[-1].wait()
        return consoles[-1]

    yield console
    for each in consoles:
        each.model.stop()
        each.wait()


@pytest.fixture
def breaks() -> None:
    """Say that a callback is meant to fail unexpectedly."""


@pytest.fixture(autouse=True)
def _nothing_is_swallowed(caplog: pytest.LogCaptureFixture, request: pytest.FixtureRequest) -> Iterator[None]:
    """Fail a test in which a callback failed: neither ipywidgets nor the panel's guard raises."""
    traitlets_log = logging.getLogger("traitlets")
    traitlets_log.propagate = True
    yield
    if "breaks" not in request.fixturenames:
        loggers = ("traitlets", "vmgen_analytics.widgets")
        failed = [record for record in caplog.records if record.name.startswith(loggers)]
        assert not failed, [record.getMessage() for record in failed]
