"""What every command shares: its options, how it speaks, and how it shows progress."""

from __future__ import annotations

import logging
import shutil
import sys
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from vmgen_analytics.archive import Archive
from vmgen_analytics.archive.restoring import refuse_broken_off
from vmgen_analytics.archive.rollcall import without_log
from vmgen_analytics.errors import (
    ArchiveDamaged,
    ArchiveError,
    HistoryError,
    PriceError,
    SchemaError,
    SettingsError,
    VMgenError,
)
from vmgen_analytics.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import pandas as pd
    from rich.table import Table

PARTIAL = 3
"""Exit status of a command that was done in part."""

Config = Annotated[
    Path | None, typer.Option("--config", help="File of settings, instead of vmgen.toml here.", metavar="FILE")
]
ArchiveUrl = Annotated[
    str | None,
    typer.Option("--archive", help="Folder or address of the archive, instead of the settings'.", metavar="URL"),
]
Verbose = Annotated[
    int, typer.Option("--verbose", "-v", count=True, help="Say more; -vv shows where something failed.")
]
Account = Annotated[
    list[str] | None, typer.Option("--account", help="Account in the settings; may be repeated.", metavar="NAME")
]

FAILED = 1
WRONG = 2
"""Exit status of a command that failed, and of one whose words or settings are wrong."""

_LEVELS = {0: logging.WARNING, 1: logging.INFO}
_verbosity = logging.getLogger("vmgen_analytics.cli")


def say(text: str = "") -> None:
    """Print to standard error, where everything goes that is not data."""
    print(text, file=sys.stderr)  # noqa: T201


def typed_name() -> str:
    """Spell this program as it can be typed here: by its name where the shell finds it, else by its path."""
    name = Path(sys.argv[0]).name
    if name != "vmgen-analytics":
        return f"{sys.executable} -m vmgen_analytics"
    return name if shutil.which(name) else sys.argv[0]


def set_verbosity(verbose: int) -> None:
    """Log as much as -v asks for, to standard error."""
    spoken = logging.StreamHandler(sys.stderr)
    spoken.setFormatter(_Spoken("%(levelname)s %(name)s: %(message)s"))
    logging.basicConfig(handlers=[spoken])
    logging.getLogger("vmgen_analytics").setLevel(_LEVELS.get(verbose, logging.DEBUG))


class _Spoken(logging.Formatter):
    """Prints warnings of ours as every other warning is printed."""

    def format(self, record: logging.LogRecord) -> str:
        if record.levelno == logging.WARNING and record.name.startswith("vmgen_analytics"):
            return f"warning: {record.getMessage()}"
        return super().format(record)


def status_of(error: VMgenError) -> int:
    """Tell the exit status that an error stands for: wrong words or settings, or a failure."""
    return WRONG if isinstance(error, SettingsError | PriceError | SchemaError | HistoryError) else FAILED


def now() -> pd.Timestamp:
    """Tell the time by this machine's clock."""
    import pandas as pd  # noqa: PLC0415 - half a second that help can do without

    return pd.Timestamp(datetime.now(UTC))


def wants_tracebacks() -> bool:
    """Tell whether -vv was given."""
    return "-vv" in sys.argv or sys.argv.count("-v") + sys.argv.count("--verbose") > 1


def opened(config: Path | None, archive: str | None, verbose: int) -> tuple[Settings, Archive]:
    """Read the settings and find the archive that they or the command line name."""
    set_verbosity(verbose)
    settings = Settings.load(config)
    return settings, Archive(archive or settings.archive)


def filled(archive: Archive) -> Archive:
    """Return the archive if it holds anything.

    Raises
    ------
    ArchiveError
        It does not, or what lies there is no whole archive, and what to do about it.
    """
    held = archive.tables()
    refuse_broken_off(archive.place)
    if not held and (bare := without_log(archive.place)):
        raise ArchiveDamaged(
            f"the archive at {archive.url} has rows of {', '.join(bare)}, and the logs that tell which of them count "
            "are gone: bring back the folders _delta_log from a backup; nothing is read or added until then"
        )
    if not held:
        raise ArchiveError(
            f"the archive at {archive.url} is empty or not there: run `vmgen-analytics sync` to fill it, "
            "or name another with --archive"
        )
    return archive


@contextmanager
def progress(title: str, total: int | None = None) -> Iterator[Callable[[str], None]]:
    """Show on a terminal what is being done, as a bar where the number of steps is known; elsewhere nothing.

    Yields what to tell the name of each step before it begins.
    """
    from rich.console import Console  # noqa: PLC0415 - a third of a second that help can do without
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn  # noqa: PLC0415

    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(title, total=total, completed=-1)
        yield lambda step: bar.update(task, advance=1, description=f"{title}: {step}")


def show(frame: pd.DataFrame, title: str = "", *, is_data: bool = False) -> None:
    """Print a table, numbers to the right: to standard error, or to standard output if it is what was asked for."""
    from rich.console import Console  # noqa: PLC0415
    from rich.markup import escape  # noqa: PLC0415

    table = _ruled(title)
    for name in frame:
        justify: Literal["left", "right"] = "right" if frame[name].dtype.kind in "if" else "left"
        table.add_column(str(name), justify=justify, min_width=len(str(name)))
    for row in frame.itertuples(index=False):
        table.add_row(*(escape(str(value)) for value in row))
    Console(stderr=not is_data).print(table)


def _ruled(title: str) -> Table:
    from rich import box  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415

    return Table(title=title or None, title_justify="left", box=box.SIMPLE_HEAD, collapse_padding=True, pad_edge=False)
