"""Starts syncs in processes of their own, without the second in which Python loads everything: orders in, pids out.

A process forked from this one has loaded what ``python -m vmgen_analytics sync`` loads, and has done nothing yet.
"""

import json
import os
import resource
import sys

from vmgen_analytics.cli import main


def run(order: dict) -> None:
    """Be the command from here on."""
    errors = os.open(order["errors"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(os.open(os.devnull, os.O_RDWR), 0)
    os.dup2(errors, 1)
    os.dup2(errors, 2)
    os.environ.update(order["environ"])
    if limit := order.get("file_bytes"):
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    sys.argv = ["vmgen-analytics", *order["words"]]
    main(order["words"])


def serve() -> None:
    """Start one command an order, and tell its pid and then how it ended."""
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            run(json.loads(line))
        print(pid, flush=True)  # noqa: T201 - to the test
        print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)  # noqa: T201 - to the test


if __name__ == "__main__":
    serve()
