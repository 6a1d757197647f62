"""The sandbox as a program of its own, until someone interrupts it."""

import json
import time
from collections.abc import Callable, Iterable
from typing import Any

from vmgen_analytics.sandbox.simulation import Sandbox


def serve_forever(announce: Callable[[Sandbox], None], *, faults: Iterable[str] = (), **settings: Any) -> None:
    """Run a sandbox until Ctrl-C.

    Parameters
    ----------
    announce
        Called once it answers, to say where and with which key.
    faults
        Faults as `read_fault` takes them.
    **settings
        What `Sandbox` takes.

    Raises
    ------
    ValueError, TypeError
        A fault cannot be read, or there is none of that kind.
    OSError
        The port is taken.
    """
    wanted = [read_fault(text) for text in faults]
    with Sandbox(**settings) as sandbox:
        for fault in wanted:
            sandbox.fault(**fault)
        announce(sandbox)
        try:
            while True:
                time.sleep(3600)
        except KeyboardInterrupt:
            return


def read_fault(text: str) -> dict[str, Any]:
    """Read a fault as one writes it on a command line.

    Parameters
    ----------
    text
        The kind, then names and values: ``"status,operation=usage,code=429,retry_after=3"``.

    Raises
    ------
    ValueError
        A part has no value.

    Examples
    --------
    >>> read_fault("status,operation=usage,code=503")
    {'kind': 'status', 'operation': 'usage', 'code': 503}
    """
    kind, *parts = text.split(",")
    fault: dict[str, Any] = {"kind": kind}
    for part in parts:
        name, equals, value = part.partition("=")
        if not equals:
            raise ValueError(f"the fault {text!r} has {part!r} where name=value belongs")
        fault[name] = _value(value)
    return fault


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text
