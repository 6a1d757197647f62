"""``vmgen-analytics lab``: the notebooks, beside the user's own work."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer

from vmgen_analytics.cli.extras import needs
from vmgen_analytics.cli.terminal import ArchiveUrl, Config, Verbose, opened, say
from vmgen_analytics.errors import SettingsError, why_unreadable
from vmgen_analytics.settings import files_of_settings

MANIFEST = ".vmgen-notebooks.json"


def lab(
    directory: Annotated[Path, typer.Option("--dir", help="Where to put the notebooks.", metavar="DIR")] = Path(
        "vmgen-notebooks"
    ),
    browser: Annotated[bool, typer.Option(help="Open a browser.")] = True,
    start: Annotated[bool, typer.Option(help="Start JupyterLab; --no-start only copies.")] = True,
    config: Config = None,
    archive: ArchiveUrl = None,
    verbose: Verbose = 0,
) -> None:
    """Copy the notebooks to a folder and open JupyterLab there; notebooks that you changed stay as they are."""
    _, store = opened(config, archive, verbose)
    for line in copied_notebooks(directory):
        say(line)
    if not start:
        return
    with needs("lab"):
        import jupyterlab  # noqa: F401, PLC0415 - an extra that not everyone installs
    place = store.url if store.folder is None else str(store.folder.resolve())
    command = [sys.executable, "-m", "jupyterlab", f"--ServerApp.root_dir={directory.resolve()}"]
    if not browser:
        command.append("--no-browser")
    raise typer.Exit(subprocess.run(command, env=_environment(place, config), check=False).returncode)  # noqa: S603


def copied_notebooks(directory: Path) -> list[str]:
    """Copy the notebooks that are not there, or are there as an earlier version left them.

    Parameters
    ----------
    directory
        Where to; it is made if it is not there.

    Returns
    -------
    list
        A line a notebook that says what was done.

    Raises
    ------
    SettingsError
        The folder cannot be written.
    """
    try:
        directory.mkdir(parents=True, exist_ok=True)
        manifest = directory / MANIFEST
        left = json.loads(manifest.read_text(encoding="utf-8")) if manifest.exists() else {}
        lines = [_copied(notebook, directory, left) for notebook in sorted(_source().glob("*.ipynb"))]
        manifest.write_text(json.dumps(left, indent=2), encoding="utf-8")
    except (OSError, ValueError) as error:
        raise SettingsError(
            f"cannot put the notebooks into {directory}: {why_unreadable(error)}; choose another --dir"
        ) from None
    return lines


def _copied(notebook: Path, directory: Path, left: dict[str, str]) -> str:
    target = directory / notebook.name
    if target.exists() and _hash(target) not in (left.get(notebook.name), _hash(notebook)):
        return f"kept {target}, which you changed"
    is_new = not target.exists()
    shutil.copyfile(notebook, target)
    left[notebook.name] = _hash(target)
    return f"{'copied' if is_new else 'up to date:'} {target}"


def _source() -> Path:
    """Find the notebooks: inside the installed package, or beside it in a checkout."""
    package = Path(__file__).parents[1]
    inside = package / "notebooks"
    return inside if inside.is_dir() else package.parent / "notebooks"


def _hash(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _environment(archive: str, config: Path | None) -> dict[str, str]:
    """Name the archive and the settings that hold here: the notebooks run in a folder of their own."""
    files = [str(file.resolve()) for file in files_of_settings(config, os.environ)]
    environment = {**os.environ, "VMGEN_ARCHIVE": archive}
    if files:
        environment["VMGEN_CONFIG"] = os.pathsep.join(files)
    if prices := os.environ.get("VMGEN_PRICES"):
        environment["VMGEN_PRICES"] = str(Path(prices).resolve())
    return environment
