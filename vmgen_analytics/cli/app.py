"""All commands together, and one line for whatever goes wrong."""

from __future__ import annotations

import errno
import os
import sys
import warnings
from typing import Annotated, Any

import typer

from vmgen_analytics import __version__
from vmgen_analytics.cli import (
    archive,
    capacity,
    dashboard,
    demo,
    doctor,
    export,
    imports,
    investigate,
    lab,
    locations,
    login,
    power,
    prices,
    report,
    sandbox,
    schedule,
    statements,
    status,
    sync,
)
from vmgen_analytics.cli.terminal import PARTIAL, say, status_of, wants_tracebacks
from vmgen_analytics.errors import VMgenError, why_unreadable

INTERRUPTED = 130
_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)
STOPPED = "stopped; what came until then is stored, and the same command again brings the rest"

app = typer.Typer(
    name="vmgen-analytics",
    help="Spend, traffic and capacity of a fleet of VMgen virtual machines.",
    epilog="New here? `vmgen-analytics demo` shows all of it on a simulated provider, without an account.",
    add_completion=True,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("demo")(demo.demo)
app.command("login")(login.login)
app.command("doctor")(doctor.doctor)
app.command("sync")(sync.sync)
app.command("status")(status.status)
app.command("schedule")(schedule.schedule)
app.command("locations")(locations.locations)
app.command("prices")(prices.prices)
app.command("capacity")(capacity.capacity)
app.command("investigate")(investigate.investigate)
app.command("report")(report.report)
app.command("statements")(statements.statements)
app.command("export")(export.export)
app.command("import")(imports.import_)
app.add_typer(archive.app, name="archive")
app.command("lab")(lab.lab)
app.command("dashboard")(dashboard.dashboard)
app.command("power")(power.power)
app.command("sandbox")(sandbox.sandbox)


def _version(is_asked: bool) -> None:
    if is_asked:
        typer.echo(f"vmgen-analytics {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.", is_eager=True, callback=_version)
    ] = False,
) -> None:
    """Spend, traffic and capacity of a fleet of VMgen virtual machines."""


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and exit with its status.

    Parameters
    ----------
    arguments
        The words after the command's name; by default those of this process.
    """
    warnings.showwarning = _show_warning
    raise SystemExit(_status(arguments))


def _status(arguments: list[str] | None) -> int:
    try:
        words = sys.argv[1:] if arguments is None else arguments
        status = app(args=words or ["--help"], prog_name="vmgen-analytics", standalone_mode=False)
        sys.stdout.flush()
    except BaseException as error:  # noqa: BLE001 - a traceback reaches nobody without -vv
        if _has_enough(error):
            _write_no_more()
            return 0
        return _failed(*_sentence(error))
    if status == INTERRUPTED:
        say(f"vmgen-analytics: {STOPPED}")
    return status if isinstance(status, int) else 0


def _has_enough(error: BaseException) -> bool:
    """Tell whether whoever read our output has enough of it, which Typer and Rich turn into an exit."""
    told = error.__context__ if isinstance(error, SystemExit) else error
    return isinstance(told, BrokenPipeError)


def _write_no_more() -> None:
    """Let go what is left for standard output, which is tried once more at the end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _sentence(error: BaseException) -> tuple[str, int]:
    """Put an error into one line, with the exit status that it stands for."""
    if isinstance(error, VMgenError):
        return str(error), status_of(error)
    if isinstance(error, typer.TyperException):
        context = getattr(error, "ctx", None)
        hint = f"; `{context.command_path} --help` tells more" if context else ""
        return f"{getattr(error, 'format_message', error.__str__)().rstrip('.')}{hint}", 2
    if isinstance(error, typer.Abort | KeyboardInterrupt):
        return STOPPED, INTERRUPTED
    if isinstance(error, OSError) and error.filename is None and error.errno in _NO_ROOM:
        _write_no_more()
        return f"cannot write the output: {error.strerror}; send it elsewhere, or make room there", 1
    said = why_unreadable(error) if isinstance(error, OSError) else error
    named = f"{error.filename}: " if isinstance(error, OSError) and error.filename else ""
    return f"{type(error).__name__}: {named}{said} (unexpected; -vv shows where)", 1


def _failed(sentence: str, status: int) -> int:
    say(f"vmgen-analytics: {' '.join(sentence.split())}")
    if wants_tracebacks():
        import traceback  # noqa: PLC0415 - only here

        say(traceback.format_exc())
    return status


def _show_warning(message: Warning | str, *_: Any, **__: Any) -> None:
    say(f"warning: {message}")


__all__ = ["PARTIAL", "app", "main"]
