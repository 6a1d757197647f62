"""``vmgen-analytics dashboard``: the panels as web pages, for whoever wants no code."""

from __future__ import annotations

import html
import os
import secrets
import tempfile
import threading
import webbrowser
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from vmgen_analytics.cli.extras import needs
from vmgen_analytics.cli.terminal import ArchiveUrl, Config, Verbose, opened, say
from vmgen_analytics.dashboard import PAGES
from vmgen_analytics.errors import SettingsError

if TYPE_CHECKING:
    from vmgen_analytics.archive import Archive


def dashboard(
    port: Annotated[int, typer.Option(help="Port on 127.0.0.1; 0 takes any that is free.", min=0, max=65_535)] = 8866,
    browser: Annotated[bool, typer.Option(help="Open a browser.")] = True,
    allow_commands: Annotated[
        bool, typer.Option("--allow-commands", help="Add the page that turns VMs on and off; it asks before it sends.")
    ] = False,
    config: Config = None,
    archive: ArchiveUrl = None,
    verbose: Verbose = 0,
) -> None:
    """Show the panels as web pages, without code, on this machine until Ctrl-C."""
    _, store = opened(config, archive, verbose)
    with needs("lab"):
        from vmgen_analytics.dashboard import server  # noqa: PLC0415 - an extra that not everyone installs
    try:
        sockets = server.listening(port)
    except OSError as error:
        reason = os.strerror(error.errno or 0)
        raise SettingsError(f"cannot listen on port {port}: {reason}; choose another --port") from None
    token = secrets.token_urlsafe(24)
    address = f"http://{server.HOST}:{sockets[0].getsockname()[1]}/?token={token}"
    with tempfile.TemporaryDirectory(prefix="vmgen-dashboard-") as folder:

        def announce() -> None:
            say(f"The dashboard is at {address}")
            say("Whoever has this address can open it, from this machine only. Ctrl-C ends it.")
            if browser:
                _open(address, Path(folder))

        server.serve(
            sockets,
            announce,
            pages=[page for page in PAGES if allow_commands or not page.sends_commands],
            environment=_environment(store, config),
            folder=Path(folder),
            token=token,
        )


def _environment(store: Archive, config: Path | None) -> dict[str, str]:
    """Hand the settings to the kernels; they run where the command runs, and find vmgen.toml there by themselves."""
    environment = {"VMGEN_ARCHIVE": store.url if store.folder is None else str(store.folder.resolve())}
    if config is not None:
        environment["VMGEN_CONFIG"] = str(config.resolve())
    return environment


def _open(address: str, folder: Path) -> None:
    """Open a browser by way of a file: what stands on its command line, everyone on this machine can read."""
    way = folder / "open.html"
    way.write_text(f'<!DOCTYPE html><meta http-equiv="refresh" content="0; url={html.escape(address)}">', "utf-8")
    threading.Thread(target=webbrowser.open, args=(way.as_uri(),), daemon=True).start()
