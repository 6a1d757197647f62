"""What came to an operation, in names of fields, kinds of values, counts and statuses."""

from __future__ import annotations

import re
import warnings
from collections import Counter
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Literal

from vmgen_analytics.api import envelope
from vmgen_analytics.doctor.answers import AFTER_FAILURE
from vmgen_analytics.doctor.discretion import WRAPPINGS
from vmgen_analytics.errors import APIError, VMgenError
from vmgen_analytics.fetch import values
from vmgen_analytics.fetch.asking import today
from vmgen_analytics.fetch.tidy import Batch, tidy
from vmgen_analytics.schema import TABLES

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from vmgen_analytics.api import Client
    from vmgen_analytics.api.operations import Operation
    from vmgen_analytics.doctor.answers import Answer
    from vmgen_analytics.table import Table

    Record = dict[str, Any]

NUMBERS = {"id", "total_cost", "vcpus", "ram_GB", "disk_GB", "in_MB", "out_MB", "version_id"}
TRUTHS = {"is_primary", "user_script", "clound_init", "base64"}
"""Kinds of fields by the examples of the provider's page; all others are text."""

SINGLE = {"account", "configuration", "status"}
"""Operations that answer with one record."""


@dataclass(frozen=True)
class Seen:
    """What came to one operation.

    Attributes
    ----------
    name, asked, documented
        The operation, its method and path, and its fields, as the provider's page has them.
    outcome, problem
        Whether the client can use what came, and why not; "not asked" is a failure where ``is_unknown``.
    status
        HTTP status, 0 where no answer came.
    records, wrapping, beside, has_pages
        How many records came, in what, beside which other fields, and whether more pages follow.
    fields, hidden
        How often each field had a value of each kind ("missing": no such field), and how many are not named here.
    rows, unread
        Rows of the client's table (None: it makes none of it), and how many values of which field it cannot read.
    """

    name: str
    asked: str
    documented: tuple[str, ...]
    outcome: Literal["usable", "unusable", "not asked"]
    problem: str = ""
    is_unknown: bool = False
    status: int = 0
    records: int = 0
    wrapping: str = ""
    beside: tuple[str, ...] = ()
    has_pages: bool = False
    fields: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    hidden: int = 0
    rows: int | None = None
    unread: Mapping[str, int] = field(default_factory=dict)

    @property
    def is_after_failure(self) -> bool:
        """Whether it was not asked because asking had become useless."""
        return self.problem == AFTER_FAILURE

    def differences(self) -> dict[str, list[str]]:
        """Name the fields that are not as the provider's page has them, by what is the matter."""
        found: dict[str, list[str]] = {}
        for name, kinds in self.fields.items():
            for kind, count in kinds.items():
                if name in self.documented and not _fits(name, kind):
                    share = "" if count == self.records else f" ({count} of {self.records})"
                    found.setdefault(kind, []).append(name + share)
        if new := [name for name in self.fields if name not in self.documented]:
            found["new"] = new
        if self.hidden:
            found.setdefault("new", []).append(f"{self.hidden} not named here")
        return found


def describe(answer: Answer, client: Client, may_be_told: Callable[[str], bool]) -> Seen:
    """Tell what came.

    Parameters
    ----------
    answer
        What came.
    client
        Who makes tables of it.
    may_be_told
        The test for names of fields.
    """
    operation, payload = answer.operation, answer.payload
    about = (operation.name, str(operation), operation.fields)
    if answer.skipped:
        return Seen(*about, "not asked", answer.skipped, answer.is_unknown)
    try:
        if answer.error:
            raise answer.error
        records = envelope.records(payload, operation)
    except VMgenError as error:
        return Seen(*about, "unusable", _in_words(error), status=answer.status)
    fields = _kinds(records, operation.fields)
    is_record = any(kinds.keys() != {"missing"} for name, kinds in fields.items() if name in operation.fields)
    told = {  # what has no documented field may be a map by name, which has names in place of fields
        name: kinds for name, kinds in fields.items() if name in operation.fields or (is_record and may_be_told(name))
    }
    rows, unread = _made(operation, records, client)
    problem = _problem(operation, records, rows)
    holder = _holder(payload, operation)
    return Seen(
        *about,
        "unusable" if problem else "usable",
        problem,
        status=answer.status,
        records=len(records),
        wrapping=_wrapping(payload, operation, holder),
        beside=tuple(name for name in (payload if holder else ()) if name != holder and name in WRAPPINGS),
        has_pages=envelope.next_link(payload) is not None,
        fields=told,
        hidden=len(fields) - len(told),
        rows=rows,
        unread=unread,
    )


def kind(value: Any) -> str:
    """Name the kind of a JSON value.

    Examples
    --------
    >>> [kind(value) for value in (1, "1.50", "web", True, None)]
    ['number', 'number as text', 'text', 'true or false', 'null']
    """
    if value is values.ABSENT:
        return "missing"
    if isinstance(value, str):
        return "number as text" if re.fullmatch(r"\s*-?\d+(\.\d+)?\s*", value) else "text"
    names = {type(None): "null", bool: "true or false", int: "number", float: "number", list: "list", dict: "object"}
    return names[type(value)]


def _fits(name: str, kind: str) -> bool:
    if name in NUMBERS:
        return kind == "number"
    return kind == "true or false" if name in TRUTHS else kind in ("text", "number as text")


def _kinds(records: Sequence[Record], documented: Sequence[str]) -> dict[str, dict[str, int]]:
    """Count the kinds of each field's values: documented fields first, then the others as they come."""
    names = dict.fromkeys((*documented, *(name for record in records for name in record))) if records else {}
    return {name: dict(Counter(kind(record.get(name, values.ABSENT)) for record in records)) for name in names}


def _problem(operation: Operation, records: Sequence[Record], rows: int | None) -> str:
    if operation.name in SINGLE and len(records) != 1:
        return f"one record is expected, and {len(records)} came"
    if records and not any(record.keys() & set(operation.fields) for record in records):
        return "the records have none of the documented fields"
    return "no record has a readable key" if records and rows == 0 else ""


def _holder(payload: Any, operation: Operation) -> str:
    """Name the field that holds the records, empty where they are not wrapped."""
    named = re.fullmatch(r"inside '(.*)'", envelope.wrapping(payload, operation), re.DOTALL)
    return named[1] if named else ""


def _wrapping(payload: Any, operation: Operation, holder: str) -> str:
    if not holder:
        return envelope.wrapping(payload, operation)
    return f"inside {holder}" if holder in WRAPPINGS else "inside a field that is not named here"


def _in_words(error: VMgenError) -> str:
    """Tell of an error by its kind alone: what it says may hold names."""
    if isinstance(error, APIError) and error.status in HTTPStatus._value2member_map_ and error.status != HTTPStatus.OK:
        return f"{error.status} {HTTPStatus(error.status).phrase}"
    words = re.split(r"[:\n]|\.$", type(error).__doc__ or type(error).__name__)[0].rstrip(".")
    return words[:1].lower() + words[1:]


def _made(operation: Operation, records: Sequence[Record], client: Client) -> tuple[int | None, dict[str, int]]:
    """Make the client's table of the records: its rows, and the values that it cannot read."""
    table = TABLES.get({"account": "accounts"}.get(operation.name, operation.name))
    if table is None:
        return None, {}
    stamps = {"account": client.account_name, "seen_at": client.now(), "seen_on": today(client), "status": "final"}
    stamps = {name: stamp for name, stamp in stamps.items() if name in table.columns and name not in operation.fields}
    known = {name: 0 for name in ("vm_id", "location_id") if "{" in operation.path and name in table.columns}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            rows = len(tidy(table, operation, [Batch(known, records)], **stamps).frame)
    except VMgenError:
        rows = 0
    return rows, _unread(table, operation, records)


def _unread(table: Table, operation: Operation, records: Sequence[Record]) -> dict[str, int]:
    counts = {}
    for name, column in table.columns.items():
        source = column.source or name
        if source in operation.fields:
            counts[source] = len(values.column([each.get(source, values.ABSENT) for each in records], column.dtype)[1])
    return {source: count for source, count in counts.items() if count}
