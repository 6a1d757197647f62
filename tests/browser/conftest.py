"""A real JupyterLab in a real Chromium, on an archive whose names would be scripts if anyone let them."""

from collections.abc import Iterator
from typing import Any

import pandas as pd
import pytest
from clicks import reset
from labs import CLOSE, HOSTILE, History, Lab, Server, jupyterlab
from looks import ARTEFACTS
from playwright.sync_api import Browser, Locator
from voilas import Dashboard, dashboard

from vmgen_analytics import Archive, Client, Settings, sync
from vmgen_analytics.sandbox import Sandbox


@pytest.fixture(scope="session")
def history(tmp_path_factory: pytest.TempPathFactory) -> History:
    """Four months of a small fleet, one VM and one location of which have hostile names."""
    folder = tmp_path_factory.mktemp("history")
    archive = Archive(folder / "archive")
    with Sandbox(vms=10, seed=7, months=4) as sandbox, Client(sandbox.key, base_url=sandbox.url) as client:
        ends = pd.date_range(end=pd.Timestamp(sandbox.now), periods=3, freq="ME", normalize=True)
        for at in [*(ends + pd.Timedelta(hours=23)), pd.Timestamp(sandbox.now)]:
            sandbox.set_clock(at.to_pydatetime())
            sync(client, archive)
        places = pd.DataFrame({"vm_id": vm.vm_id, "location": vm.location} for vm in sandbox.truth.vms)
    vms = archive.history("vms")
    hostile = vms["vm_id"].min()
    archive.add("vms", vms.assign(vm_name=vms["vm_name"].mask(vms["vm_id"] == hostile, HOSTILE)))
    places["location"] = places["location"].mask(places["vm_id"] == hostile, HOSTILE)
    places.to_csv(folder / "vm_locations.csv", index=False)
    config = folder / "vmgen.toml"
    config.write_text('archive = "archive"\ncurrency = "EUR"\nvm_locations = "vm_locations.csv"\n')
    return History(archive, Settings.load(config, environ={}), config)


@pytest.fixture(scope="session")
def server(history: History, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    home = tmp_path_factory.mktemp("lab")
    with jupyterlab(home, {"VMGEN_CONFIG": str(history.config)}) as server:
        yield server


@pytest.fixture(scope="session")
def machines() -> Iterator[Sandbox]:
    """An account whose VMs the dashboard may switch on and off."""
    with Sandbox(vms=6, seed=11, months=2, ticking=False, job_seconds=0.2) as sandbox:
        yield sandbox


@pytest.fixture(scope="session")
def pages(history: History, machines: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dashboard]:
    """The dashboard on that archive, with the page that sends commands."""
    settings = {"VMGEN_API_KEY": machines.key, "VMGEN_BASE_URL": machines.url, "VMGEN_CONFIG": str(history.config)}
    with dashboard(tmp_path_factory.mktemp("pages"), settings, "--no-browser", "--allow-commands") as running:
        yield running


@pytest.fixture(scope="session")
def lab(browser: Browser, server: Server) -> Iterator[Lab]:
    page = browser.new_page(viewport={"width": 1400, "height": 1200})
    page.set_default_timeout(20_000)
    lab = Lab(page, server)
    page.route("**/*", lab.route)
    page.goto(f"{server.url}lab?token={server.token}&reset", wait_until="commit", timeout=90_000)
    page.wait_for_function("() => window.jupyterapp", timeout=90_000)
    page.evaluate("() => window.jupyterapp.restored.then(() => null)")
    yield lab
    page.close()


@pytest.fixture(scope="module")
def spend(lab: Lab) -> Iterator[Locator]:
    """The notebook 01_spend, run from top to bottom."""
    notebook = lab.run("01_spend.ipynb")
    yield notebook
    lab.page.evaluate(CLOSE)


@pytest.fixture
def panel(spend: Locator) -> Locator:
    """Its panel, as it opens."""
    panel = spend.locator(".vmgen-panel")
    reset(panel)
    return panel


@pytest.fixture(autouse=True)
def _picture_of_failure(request: pytest.FixtureRequest) -> Iterator[None]:
    yield
    failed = getattr(request.node, "failed", False)
    shown = next((name for name in ("lab", "visitor") if name in request.fixturenames), None)
    if failed and shown is not None:
        ARTEFACTS.mkdir(parents=True, exist_ok=True)
        request.getfixturevalue(shown).page.screenshot(path=ARTEFACTS / f"{request.node.name}.png")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: Any, call: Any) -> Any:
    report = yield
    if report.when == "call":
        item.failed = report.failed
    return report
