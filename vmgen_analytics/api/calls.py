"""Operations carried out: reads as often as it takes, page after page; writes once."""

from __future__ import annotations

import logging
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin

from vmgen_analytics.api import envelope
from vmgen_analytics.api.learned import Learned
from vmgen_analytics.api.secret import sealed, secrets_in, without
from vmgen_analytics.api.transport import Request
from vmgen_analytics.errors import NotFound, RedirectRefused, SettingsError, UnexpectedShape, VMgenError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from vmgen_analytics.api.operations import Operation
    from vmgen_analytics.api.retries import Retrier
    from vmgen_analytics.api.transport import Reply, Transport

    Record = dict[str, Any]

MAX_PAGES = 1_000
_log = logging.getLogger("vmgen_analytics.api")


class Calls:
    """The operations of one account.

    Parameters
    ----------
    transport
        Sends.
    retrier
        Decides what is sent again.

    Attributes
    ----------
    learned
        What was found out about the server on the way.
    """

    def __init__(self, transport: Transport, retrier: Retrier) -> None:
        self.learned = Learned()
        self._transport = transport
        self._retrier = retrier
        self._not_offered: set[str] = set()
        self._fields_noted: set[tuple[str, str]] = set()

    def one(self, operation: Operation, **place: int | str) -> Record:
        """Read the only record that there is.

        Raises
        ------
        VMgenError
            It cannot be had, or there is not exactly one.
        """
        path = _path(operation, **place)
        with self._about(operation, path):
            return envelope.record(self._read(operation, path).payload, operation)

    def every(self, operation: Operation, **place: int | str) -> list[Record]:
        """Read all records, from as many pages as there are.

        Raises
        ------
        VMgenError
            They cannot be had, or the pages do not end.
        """
        first = path = _path(operation, **place)
        found: list[Record] = []
        seen = {path}
        with self._about(operation, first), self._offered(operation):
            while True:
                payload, next_page = self._read(operation, path)
                found += envelope.records(payload, operation)
                self.learned.note_list(operation, payload)
                link = envelope.next_link(payload) or next_page
                if link is None:
                    break
                path = self._page(path, link)
                if path in seen or len(seen) >= MAX_PAGES:
                    raise UnexpectedShape(f"{operation}: the pages do not end (after {len(seen)})")
                seen.add(path)
            if len(seen) > 1:
                found = _once_each(found)
            envelope.check_complete(payload, found, operation)
        self._note_fields(operation, found)
        return found

    def payload(self, operation: Operation, **place: int | str) -> Any:
        """Read an answer as it came, decoded, with nothing taken out of it.

        Raises
        ------
        VMgenError
            It cannot be had.
        """
        path = _path(operation, **place)
        with self._about(operation, path):
            return self._read(operation, path).payload

    def once(self, operation: Operation, body: Mapping[str, Any] | None = None, **place: int | str) -> Record:
        """Send what changes something, once.

        Parameters
        ----------
        operation
            What is asked.
        body
            Its fields; what is a `Secret` is revealed to the provider, and to no error.
        **place
            The numbers in its path.

        Returns
        -------
        dict
            What the provider says, empty where that is nothing: it has accepted.

        Raises
        ------
        VMgenError
            It was refused, or (`vmgen_analytics.following.is_unclear`) may have been carried out.
        """
        content = None if body is None else sealed(body)
        path = _path(operation, **place)
        request = Request(operation.name, operation.method, path, content, is_fresh=True)
        try:
            with self._about(operation, path):
                payload, _ = self._retrier.call(lambda: self._transport.send(request), operation.name, is_command=True)
        except VMgenError as error:
            secrets = secrets_in(body)
            if not secrets:
                raise
            failure = without(error, secrets)
        else:
            return _only(payload, operation)
        raise failure  # outside of the except, so that nothing of what the provider repeated hangs on it

    @contextmanager
    def _offered(self, operation: Operation) -> Iterator[None]:
        """Remember that an operation that no other needs is not there, and do not ask for it again."""
        if operation.name in self._not_offered:
            error = NotFound(f"{operation}: the provider does not offer this; not asked again", status=404)
            error.sent = "no"
            raise error
        try:
            yield
        except NotFound as error:
            if operation.is_optional:
                self._not_offered.add(operation.name)
                self.learned.note(operation.name, f"{operation} is not offered")
                error.args = (f"{error}; the provider does not offer this",)
            raise

    def _note_fields(self, operation: Operation, records: list[Record]) -> None:
        """Log each field once that is not documented; records keep it, tables have no column for it."""
        found = {(operation.name, name) for name in records[0] if name not in operation.fields} if records else set()
        for _, name in sorted(found - self._fields_noted):
            _log.debug("%s: the field %.60r is not documented", operation, name)
        self._fields_noted |= found

    def _page(self, path: str, link: str) -> str:
        base_url = self._transport.base_url
        try:
            target = urljoin(base_url + path, link)
            target.encode()  # half of a surrogate pair makes no address
        except ValueError:
            target = ""
        if not target.startswith(base_url + "/"):
            raise RedirectRefused(f"GET {path}: its next page is at another address than base_url, and is not asked")
        return target.removeprefix(base_url)

    def _read(self, operation: Operation, path: str) -> Reply:
        request = Request(operation.name, operation.method, path)
        return self._retrier.call(lambda: self._transport.send(request), operation.name)

    @contextmanager
    def _about(self, operation: Operation, path: str) -> Iterator[None]:
        """Write what was asked on errors that come from no single answer."""
        try:
            yield
        except VMgenError as error:
            error.operation = error.operation or operation.name
            error.url = error.url or self._transport.base_url + path
            raise


def _path(operation: Operation, **place: int | str) -> str:
    for value in place.values():
        if not str(value).replace("-", "").replace("_", "").isalnum() or not str(value).isascii():
            raise SettingsError(f"{value!r} is no number of a VM, location or job")
    return operation.path.format(**place)


def _once_each(records: list[Record]) -> list[Record]:
    """Leave out records that stand on two pages, as they do where one was added between two questions."""
    if not all(isinstance(record.get("id"), int | str) for record in records):
        return records
    return list({record["id"]: record for record in records}.values())


def _only(payload: Any, operation: Operation) -> Record:
    """Take the record out of the answer to a write, which was accepted whatever its answer looks like."""
    try:
        return envelope.record(payload, operation)
    except UnexpectedShape:
        return {}
