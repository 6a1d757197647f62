"""How to start a JupyterLab and run notebooks in it through a browser."""

import contextlib
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from playwright.sync_api import Locator, Page, Route, expect

from vmgen_analytics import Archive, Settings

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
HOSTILE = '<img src=x onerror="window.hostile=1"> & "quoted", =1+1'
CONFIG = """c = get_config()
c.ServerApp.ip = "127.0.0.1"
c.ServerApp.open_browser = False
c.ServerApp.port_retries = 0
c.LabApp.expose_app_in_browser = True
c.LabApp.extension_manager = "readonly"
c.LabApp.news_url = None
c.LabApp.check_for_updates_class = "jupyterlab.NeverCheckForUpdate"
"""
OVERRIDES = {  # only these stop the question about news, and saving in the middle of a test
    "@jupyterlab/apputils-extension:notification": {
        "fetchNews": "false",
        "checkForUpdates": False,
        "doNotDisturbMode": True,
    },
    "@jupyterlab/docmanager-extension:plugin": {"autosave": False},
}
IS_READY = """path => {
    const shown = window.jupyterapp.shell.currentWidget;
    const kernel = shown?.context?.path === path && shown.sessionContext?.session?.kernel;
    return !!kernel && kernel.status === 'idle' && kernel.connectionStatus === 'connected';
}"""
HAS_RUN = """() => {
    const cells = window.jupyterapp.shell.currentWidget.content.widgets.filter(cell => cell.model.type === 'code');
    const failed = cell => cell.model.outputs.toJSON().some(output => output.output_type === 'error');
    return cells.every(cell => cell.model.executionCount !== null) || cells.some(failed);
}"""
OPEN = "path => window.jupyterapp.commands.execute('docmanager:open', {path, factory: 'Notebook'}).then(() => null)"
RUN = "() => window.jupyterapp.commands.execute('notebook:run-all-cells').then(() => null)"
THEME = "theme => window.jupyterapp.commands.execute('apputils:change-theme', {theme}).then(() => null)"
ERRORS = """() => window.jupyterapp.shell.currentWidget.content.widgets
    .filter(cell => cell.model.type === 'code')
    .flatMap(cell => cell.model.outputs.toJSON().filter(output => output.output_type === 'error'))"""
CLOSE = """async () => {
    const shown = window.jupyterapp.shell.currentWidget;
    await shown.context.save(); await shown.sessionContext.shutdown(); shown.dispose();
}"""


@dataclass(frozen=True)
class History:
    """A filled archive, its settings and the file of settings."""

    archive: Archive
    settings: Settings
    config: Path


@dataclass(frozen=True)
class Server:
    """A JupyterLab that is running."""

    url: str
    token: str
    folder: Path


@dataclass
class Lab:
    """JupyterLab in a page, and what it asked for beyond its own server."""

    page: Page
    server: Server
    strayed: list[str] = field(default_factory=list)

    def run(self, name: str) -> Locator:
        """Open a notebook of ours, run all of its cells, and give the notebook."""
        path = f"{secrets.token_hex(4)}.ipynb"
        shutil.copy(NOTEBOOKS / name, self.server.folder / path)
        return self.run_as_it_is(path)

    def run_as_it_is(self, path: str) -> Locator:
        """The same with a notebook that stands in the server's folder already."""
        self.page.evaluate(OPEN, path)
        self.page.wait_for_function(IS_READY, arg=path, timeout=60_000)
        self.page.evaluate(RUN)
        self.page.wait_for_function(HAS_RUN, timeout=120_000)
        assert self.page.evaluate(ERRORS) == []
        return self.page.locator(".jp-NotebookPanel:not(.lm-mod-hidden)")

    def theme(self, name: str) -> None:
        """Change to JupyterLab Light or Dark."""
        self.page.evaluate(THEME, f"JupyterLab {name}")
        expect(self.page.locator("body")).to_have_attribute("data-jp-theme-light", str(name == "Light").lower())

    def route(self, route: Route) -> None:
        address = route.request.url
        if address.startswith((self.server.url, "data:", "blob:")):
            route.continue_()
        else:
            self.strayed.append(address)
            route.abort()


@contextlib.contextmanager
def jupyterlab(home: Path, settings: dict[str, str]) -> Iterator[Server]:
    for name in ("config", "data", "runtime", "ipython", "app", "user", "workspaces", "work"):
        (home / name).mkdir()
    (home / "config" / "jupyter_server_config.py").write_text(CONFIG)
    (home / "app" / "overrides.json").write_text(json.dumps(OVERRIDES))
    token, port = secrets.token_hex(16), _free_port()
    command = [
        *(sys.executable, "-m", "jupyterlab", "--allow-root", f"--ServerApp.port={port}"),
        *(f"--IdentityProvider.token={token}", f"--ServerApp.root_dir={home / 'work'}"),
        f"--LabApp.app_settings_dir={home / 'app'}",
    ]
    environment = {
        **{name: text for name, text in os.environ.items() if not name.startswith("VMGEN_")},
        "HOME": str(home),
        "IPYTHONDIR": str(home / "ipython"),
        "MPLCONFIGDIR": str(home / "matplotlib"),
        **{f"JUPYTER_{name.upper()}_DIR": str(home / name) for name in ("config", "data", "runtime")},
        "JUPYTERLAB_SETTINGS_DIR": str(home / "user"),
        "JUPYTERLAB_WORKSPACES_DIR": str(home / "workspaces"),
        **settings,
    }
    log = home / "server.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, cwd=home / "work", env=environment, stdout=output, stderr=output, start_new_session=True
        )
        try:
            _wait_until(lambda: _answers(port) or process.poll() is not None)
            assert process.poll() is None, log.read_text()[-4000:]
            yield Server(f"http://127.0.0.1:{port}/", token, home / "work")
        finally:
            os.killpg(process.pid, signal.SIGTERM)  # the kernels are in the same group
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait(15)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _answers(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True
    return False


def _wait_until(is_so: Callable[[], bool], seconds: float = 90) -> None:
    end = time.monotonic() + seconds
    while not is_so() and time.monotonic() < end:
        time.sleep(0.1)
