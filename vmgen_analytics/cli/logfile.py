"""A command that nobody watches: what it says goes to a log of bounded size, and is said only if something is wrong."""

from __future__ import annotations

import logging
import os
import sys
import time
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from io import StringIO
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TextIO

import typer

from vmgen_analytics.cli.terminal import say

if TYPE_CHECKING:
    from collections.abc import Iterator

LogFile = Annotated[
    Path | None,
    typer.Option(
        "--log",
        help="File to add to what is said, of 1 MB at most (and FILE.1 before it); here only trouble is told.",
        metavar="FILE",
    ),
]

LONGEST_BYTES = 1_000_000


@contextmanager
def told_to(log: Path | None) -> Iterator[None]:
    """Write what is said meanwhile to a log, line by line with the time, and repeat it here after a failure.

    So cron, which mails what a command says, mails nothing as long as all is well. A log that cannot be written keeps
    nothing from being done: it is told, and everything is said here.

    Parameters
    ----------
    log
        The file; None changes nothing.
    """
    handler = _handler(log) if log else None
    if handler is None:
        yield
        return
    heard: list[tuple[TextIO, str]] = []
    try:
        with redirect_stdout(_Told(sys.stdout, heard, handler)), redirect_stderr(_Told(sys.stderr, heard, handler)):
            yield
    except BaseException as error:
        _log(handler, _last_words(error))
        for stream, text in heard:
            stream.write(text)
        raise
    finally:
        handler.close()


def wants_time() -> bool:
    """Tell whether a line should say when it was said: not to a person, nor where each line has its time anyway."""
    return not (sys.stderr.isatty() or isinstance(sys.stderr, _Told) or _is_journal())


def _is_journal() -> bool:
    """Tell whether standard error is what systemd says the journal is."""
    try:
        found = os.fstat(sys.stderr.fileno())
    except OSError:  # a stream that is no file
        return False
    return os.environ.get("JOURNAL_STREAM") == f"{found.st_dev}:{found.st_ino}"


class _Told(StringIO):
    """A stream that gives each whole line to a log, and keeps what was written."""

    def __init__(self, stream: TextIO, heard: list[tuple[TextIO, str]], handler: logging.Handler) -> None:
        super().__init__()
        self.stream, self.heard, self.handler = stream, heard, handler
        self.begun = ""

    def write(self, text: str) -> int:
        *lines, self.begun = (self.begun + text).split("\n")  # refuses bytes, as click finds out
        self.heard.append((self.stream, text))
        for line in lines:
            _log(self.handler, line)
        return len(text)


def _handler(log: Path) -> logging.Handler | None:
    """Open the log; None if that cannot be, which is told."""
    try:
        log.parent.mkdir(parents=True, exist_ok=True)
        handler = RotatingFileHandler(log, maxBytes=LONGEST_BYTES, backupCount=1, encoding="utf-8", errors="replace")
    except OSError as error:
        say(f"warning: cannot write {log}: {error.strerror}; give it to your user, or name another log with --log")
        return None
    formatter = logging.Formatter("%(asctime)s UTC %(message)s", datefmt="%Y-%m-%d %H:%M:%S")
    formatter.converter = time.gmtime
    handler.setFormatter(formatter)
    handler.handleError = _carry_on  # type: ignore[method-assign]
    return handler


def _carry_on(record: logging.LogRecord) -> None:
    """Do without the rest of the log, on a full disk for example: what is at stake is told all the same."""


def _log(handler: logging.Handler, text: str) -> None:
    if text:
        handler.handle(logging.makeLogRecord({"msg": text}))


def _last_words(error: BaseException) -> str:
    """Put how a command ended into a line, as the command line is going to say it."""
    if isinstance(error, typer.Exit):
        return f"ended with status {error.exit_code}" if error.exit_code else ""
    return f"vmgen-analytics: {' '.join(str(error).split()) or type(error).__name__}"
