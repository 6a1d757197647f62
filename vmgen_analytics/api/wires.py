"""Connections that can be broken off: on Ctrl-C all at once, and each when its time is over."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
import time
import weakref
from typing import TYPE_CHECKING, Any

from requests.adapters import HTTPAdapter
from urllib3 import Retry
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

if TYPE_CHECKING:
    from collections.abc import Iterator


class HandshakeError(ssl.SSLError):
    """No secure connection could be made, so nothing was sent."""


class Wires:
    """The open connections of a client.

    Parameters
    ----------
    answer_s
        How long the headers of an answer may take; a server that sends them byte by byte is broken off.
    """

    def __init__(self, answer_s: float) -> None:
        self._answer_s = answer_s
        self._open: weakref.WeakSet[Any] = weakref.WeakSet()
        self._waiting: dict[Any, float] = {}
        self._changed = threading.Condition()
        self._watcher: threading.Thread | None = None

    def adapter(self, connections: int) -> HTTPAdapter:
        """Make an adapter whose connections stand here; it tries nothing again by itself."""
        adapter = HTTPAdapter(pool_maxsize=connections, pool_block=True, max_retries=Retry(0, read=False))
        pools = {"http": self._pool(HTTPConnectionPool), "https": self._pool(HTTPSConnectionPool)}
        adapter.poolmanager.pool_classes_by_scheme = pools
        return adapter

    def cut(self) -> None:
        """Break off every connection; whoever reads from one gets an error at once."""
        with self._changed:
            connections = list(self._open)
        for connection in connections:
            _cut(connection)

    def _pool(self, kind: type[HTTPConnectionPool]) -> type[HTTPConnectionPool]:
        wires = self

        class Connection(kind.ConnectionCls):  # type: ignore[name-defined,misc]
            debuglevel = 0  # http.client would print the headers, and the key among them

            def connect(self) -> None:
                try:
                    super().connect()
                except ssl.SSLCertVerificationError:
                    raise
                except ssl.SSLError as error:
                    raise HandshakeError(*error.args) from None
                with wires._changed:
                    wires._open.add(self)

            def getresponse(self) -> Any:
                with wires._awaited(self):
                    return super().getresponse()

        return type(kind.__name__, (kind,), {"ConnectionCls": Connection})

    @contextlib.contextmanager
    def _awaited(self, connection: Any) -> Iterator[None]:
        """Watch a connection until its answer begins; one thread does that for all, while there is any.

        Raises
        ------
        TimeoutError
            It was broken off; http.client would take as much of the head as came for the whole.
        """
        with self._changed:
            self._waiting[connection] = time.monotonic() + self._answer_s
            if self._watcher is None:
                self._watcher = threading.Thread(target=self._watch, name="vmgen-watcher", daemon=True)
                self._watcher.start()
        try:
            yield
        finally:
            with self._changed:
                was_in_time = self._waiting.pop(connection, None) is not None
                if not self._waiting:
                    self._changed.notify()
        if not was_in_time:
            raise TimeoutError("the head of the answer took too long")

    def _watch(self) -> None:
        with self._changed:
            while self._waiting:
                first = min(self._waiting.values())
                self._changed.wait(max(0.0, first - time.monotonic()))
                for connection, end in list(self._waiting.items()):
                    if end <= time.monotonic():
                        self._waiting.pop(connection)
                        _cut(connection)
            self._watcher = None


def _cut(connection: Any) -> None:
    with contextlib.suppress(OSError):  # it may have been closed by now
        if connection.sock is not None:
            connection.sock.shutdown(socket.SHUT_RDWR)
