"""The server of the pages: on 127.0.0.1, for whoever has the token, and for nobody once it is stopped."""

from __future__ import annotations

import asyncio
import gc
import logging
import signal
import socket
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jupyter_server.base.handlers import FileFindHandler
from jupyter_server.services.kernels.handlers import KernelHandler
from tornado.httpserver import HTTPServer
from tornado.ioloop import IOLoop
from tornado.web import Application
from traitlets.config import Config
from voila.app import Voila
from voila.shutdown_kernel_handler import VoilaShutdownKernelHandler
from voila.static_file_handler import MultiStaticFileHandler, TemplateStaticFileHandler
from voila.tornado.kernel_websocket_handler import VoilaKernelWebsocketHandler
from voila.utils import get_voila_labextensions_path

from vmgen_analytics.dashboard.handlers import Missing, Panels, Start
from vmgen_analytics.dashboard.kernels import Kernels, ThisPython
from vmgen_analytics.dashboard.notebooks import write_notebook

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from vmgen_analytics.dashboard.pages import Page

HOST = "127.0.0.1"
_KERNEL = r"(?P<kernel_id>\w+-\w+-\w+-\w+-\w+)"
_WIDGETS = ["@jupyter-widgets/jupyterlab-manager", "@voila-dashboards/widgets-manager8"]
_SECONDS_TO_END = 1.0
_IDLE_S = 600


class Dashboard(Voila):  # type: ignore[misc]  # Voila has no types
    """Voila with our pages and none of its own, with nothing that a user's files of settings for Voila could change.

    Parameters
    ----------
    pages
        What to serve.
    environment
        What the kernels get beyond the environment of this process.
    folder
        An empty one, for what Voila needs as files.
    token
        What a browser must know.
    """

    def __init__(self, pages: Sequence[Page], environment: Mapping[str, str], folder: Path, token: str) -> None:
        self.pages = pages
        self.environment = environment
        super().__init__(
            config=_settings(),
            ip=HOST,
            token=token,
            root_dir=str(folder),
            connection_dir=str(folder),
            config_file_paths=[],
            log_level=logging.ERROR,
        )
        self.initialize([])
        for page in pages:
            write_notebook(page, pages, folder)

    def setup_template_dirs(self) -> None:
        """Find our templates before Voila's."""
        super().setup_template_dirs()
        self.template_paths: list[str] = [str(Path(__file__).parent), *self.template_paths]

    def init_handlers(self) -> list[tuple[Any, ...]]:
        """Serve our pages and what Voila's script asks for; its list of files and its files are left out."""
        page = {"voila_configuration": self.voila_configuration}
        render = {**page, "template_paths": self.template_paths, "config": self.config}
        names = "|".join(each.name for each in self.pages)
        return [
            ("/", Start, page),
            (f"/({names})", Panels, render),
            (f"/api/kernels/{_KERNEL}", KernelHandler),
            (f"/api/kernels/{_KERNEL}/channels", VoilaKernelWebsocketHandler),
            ("/voila/api/shutdown/(.*)", VoilaShutdownKernelHandler),
            ("/voila/templates/(.*)", TemplateStaticFileHandler),
            ("/voila/static/(.*)", MultiStaticFileHandler, {"paths": self.static_paths}),
            (
                "/voila/labextensions/(.*)",
                FileFindHandler,
                {"path": get_voila_labextensions_path(), "no_cache_paths": ["/"]},
            ),
            ("/.*", Missing, page),
        ]

    def serve(self, sockets: Sequence[socket.socket], announce: Callable[[], None]) -> None:
        """Answer until Ctrl-C or a signal to end, and end every kernel then.

        Parameters
        ----------
        sockets
            Where to listen; bound already, so that a port that is in use is known before anything is started.
        announce
            Called as soon as it answers.
        """
        port = sockets[0].getsockname()[1]
        app = Application(**self.init_settings())
        app.settings.update(
            pages=self.pages,
            ws_ping_timeout=30_000,  # milliseconds; no longer than the interval
            allow_remote_access=False,  # a page elsewhere whose name leads here is not let in, token or not
            headers={"Content-Security-Policy": _policy(port), "Referrer-Policy": "no-referrer"},
        )
        app.add_handlers(".*$", self.init_handlers())
        for name in (
            "access",
            "application",
            "general",
        ):  # a page that is refused or gone needs no line on the terminal
            logging.getLogger(f"tornado.{name}").setLevel(logging.ERROR)
        loop = IOLoop.current()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: loop.add_callback_from_signal(loop.stop))
        server = HTTPServer(app)
        server.add_sockets(sockets)
        loop.add_callback(self.kernel_manager.prepare)
        loop.add_callback(announce)
        try:
            loop.start()
        finally:
            server.stop()
            loop.run_sync(self.kernel_manager.shutdown_all)
            _cancel_rest(loop)
            gc.freeze()  # the process ends, and what it holds with it: looking through that first takes a second


def listening(port: int) -> list[socket.socket]:
    """Take a port on 127.0.0.1; 0 takes any that is free.

    Raises
    ------
    OSError
        It is in use, or not ours to take.
    """
    taken = socket.create_server((HOST, port), backlog=128)
    taken.setblocking(False)
    return [taken]


def serve(
    sockets: Sequence[socket.socket],
    announce: Callable[[], None],
    *,
    pages: Sequence[Page],
    environment: Mapping[str, str],
    folder: Path,
    token: str,
) -> None:
    """Serve pages until Ctrl-C; what each argument is, `Dashboard` and its `Dashboard.serve` say."""
    Dashboard(pages, environment, folder, token).serve(sockets, announce)


def _settings() -> Config:
    settings = Config()
    settings.VoilaConfiguration.update(
        multi_kernel_manager_class=Kernels,
        kernel_spec_manager_class=ThisPython,
        allow_template_override="NO",
        allow_theme_override="NO",  # light and dark are both in the page, which changes between them by itself
        extension_allowlist=_WIDGETS,  # what else is installed in JupyterLab has no place here
        extension_denylist=[],
        http_keep_alive_timeout=60,
    )
    settings.Kernels.update(cull_idle_timeout=_IDLE_S, cull_interval=60)
    settings.KernelRestarter.restart_limit = 0  # a new kernel knows nothing of the buttons on the page of the old one
    settings.KernelManager.update(shutdown_wait_time=_SECONDS_TO_END, transport_encryption="auto")
    return settings


def _policy(port: int) -> str:
    """Let a page ask nobody but this server, whatever a name in the data may try."""
    return "; ".join(
        (
            "default-src 'self'",
            f"connect-src 'self' ws://{HOST}:{port} ws://localhost:{port}",
            "img-src 'self' data: blob:",
            "font-src 'self' data:",
            "style-src 'self' 'unsafe-inline'",
            "script-src 'self' 'unsafe-inline' 'unsafe-eval'",
            "object-src 'none'",
            "base-uri 'none'",
            "form-action 'self'",
            "frame-ancestors 'none'",
        )
    )


def _cancel_rest(loop: IOLoop) -> None:
    """End what still waits for kernels that are gone, so that nothing complains at the end."""
    rest = asyncio.all_tasks(loop.asyncio_loop)  # type: ignore[attr-defined]
    for task in rest:
        task.cancel()

    async def ended() -> None:
        await asyncio.gather(*rest, return_exceptions=True)

    loop.run_sync(ended)
