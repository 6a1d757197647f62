"""Two ways to start a sync in a process of its own; each returns its pid, and what waits for its exit status."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from states import environ_of

from vmgen_analytics.sandbox import Sandbox

HERE = Path(__file__).parent


class Start(Protocol):
    def __call__(self, sandbox: Sandbox, archive: Path, **order: int) -> tuple[int, Callable[[], int]]: ...


@contextmanager
def forked(errors: Path, *through: str) -> Iterator[Start]:
    """Start syncs as forks of a process that has loaded everything, itself started through another command."""
    with subprocess.Popen(
        [*through, sys.executable, HERE / "forking.py"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as server:

        def start(sandbox: Sandbox, archive: Path, **order: int) -> tuple[int, Callable[[], int]]:
            environ = {name: value for name, value in environ_of(sandbox).items() if name.startswith("VMGEN_")}
            order |= {"words": ["sync", "--archive", str(archive)], "errors": str(errors), "environ": environ}
            server.stdin.write(json.dumps(order) + "\n")
            server.stdin.flush()
            return int(server.stdout.readline()), lambda: int(server.stdout.readline())

        yield start
        server.stdin.close()


@contextmanager
def real(errors: Path) -> Iterator[Start]:
    """Start syncs as a scheduler does."""

    def start(sandbox: Sandbox, archive: Path, **_: int) -> tuple[int, Callable[[], int]]:
        command = [sys.executable, "-m", "vmgen_analytics", "sync", "--archive", str(archive)]
        with errors.open("wb") as out:
            process = subprocess.Popen(command, env=environ_of(sandbox), stdout=out, stderr=out)
        return process.pid, process.wait

    yield start
