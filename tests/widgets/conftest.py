"""Filled archives and a panel on a known day; no error in a callback goes unseen."""

import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from panels_to_drive import TODAY, fill

from vmgen_analytics import Archive, Settings
from vmgen_analytics.widgets import CostExplorer
from vmgen_analytics.widgets.panel import log


@pytest.fixture(scope="session")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Archive:
    """Eleven months of four VMs, two of them of one name and one of no known location."""
    return fill(Archive(tmp_path_factory.mktemp("filled")))


@pytest.fixture(scope="session")
def two_accounts(tmp_path_factory: pytest.TempPathFactory) -> Archive:
    archive = fill(Archive(tmp_path_factory.mktemp("two")))
    return fill(archive, account="shop", vms={101: ("shop-1", "Large")})


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
def breaks() -> None:
    """Say that a callback is meant to fail unexpectedly."""


@pytest.fixture(autouse=True)
def _nothing_is_swallowed(caplog: pytest.LogCaptureFixture, request: pytest.FixtureRequest) -> Iterator[None]:
    """Fail a test in which a callback failed: neither ipywidgets nor the panel's guard raises."""
    traitlets_log = logging.getLogger("traitlets")
    traitlets_log.propagate = True
    yield
    if "breaks" not in request.fixturenames:
        failed = [record for record in caplog.records if record.name in ("traitlets", log.name)]
        assert not failed, [record.getMessage() for record in failed]
