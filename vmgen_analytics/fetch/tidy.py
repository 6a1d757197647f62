"""Records of many answers -> one typed table, and a list of what could not be had."""

from __future__ import annotations

import warnings
from reprlib import Repr
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd

from vmgen_analytics.errors import (
    Failure,
    UnexpectedDataError,
    UnexpectedDataWarning,
    UnexpectedShape,
)
from vmgen_analytics.fetch import values
from vmgen_analytics.table import DAY

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from vmgen_analytics.api.operations import Operation
    from vmgen_analytics.table import Column, Table

    Record = dict[str, Any]


NEEDED = ("int64", "float64", DAY)
"""What tables are for: an answer in which these cannot be read is of no use; one without some text still is."""

_SHORT = Repr()
_SHORT.maxstring = _SHORT.maxother = 60


class Fetched(NamedTuple):
    """A table as far as it came, and what did not come."""

    frame: pd.DataFrame
    failures: tuple[Failure, ...] = ()


class Batch(NamedTuple):
    """The records of one answer, and what the question knew of them, as ``{"vm_id": 17}``."""

    known: Mapping[str, int]
    records: Sequence[Record]


def tidy(table: Table, operation: Operation, batches: Sequence[Batch], **stamps: Any) -> Fetched:
    """Turn records into columns, once for all answers.

    Parameters
    ----------
    table
        The table to make.
    operation
        Whose fields the records have.
    batches
        The answers.
    **stamps
        Columns that are the same for every row, as ``account`` and ``seen_at``.

    Returns
    -------
    Fetched
        The table, and a failure for each field and VM with values that could not be read. A row whose key cannot
        be read is left out, and an answer of which more than half cannot be read is left out whole. A field that no
        record has is missing throughout, with an `UnexpectedDataWarning`.

    Raises
    ------
    UnexpectedShape
        More than half of the numbers or days of a field (two at least), or of the keys, cannot be read, and the
        answer is the only one.
    """
    records = [record for batch in batches for record in batch.records]
    sizes = [len(batch.records) for batch in batches]
    answer_of = np.repeat(np.arange(len(batches)), sizes)
    known = {
        name: np.repeat(np.array([batch.known[name] for batch in batches], dtype="int64"), sizes)
        for name in (batches[0].known if batches else {})
    }
    vm_ids = known.get("vm_id")
    columns: dict[str, Any] = {**known, **{name: _repeated(stamp, len(records)) for name, stamp in stamps.items()}}
    failures: list[Failure] = []
    refused: dict[int, str] = {}
    for name, column in _fields(table, operation).items():
        if name not in columns:
            field = column.source or name
            found = _found(operation, field, records)
            columns[name], bad = values.column(found, column.dtype)
            failures += _unread(table, field, found, bad, vm_ids)
            if name in table.key:
                bad = np.flatnonzero(pd.isna(columns[name])).tolist()
            if bad and (name in table.key or column.dtype in NEEDED):
                refused |= _mostly_bad(field, found, bad, answer_of, least=1 if name in table.key else 2)
    if refused:
        return _without_refused(table, operation, batches, refused, stamps)
    columns, lost = _without_broken_keys(table, columns, vm_ids)
    return Fetched(table.frame(columns, unique=False), (*failures, *lost))


def _mostly_bad(field: str, found: Sequence[Any], bad: Sequence[int], answer_of: Any, *, least: int) -> dict[int, str]:
    """Find the answers of which more than half of a field, and not too few to tell, cannot be read; and say why."""
    answers = int(answer_of[-1]) + 1
    unreadable = np.bincount(answer_of[bad], minlength=answers)
    is_most = 2 * unreadable > np.bincount(answer_of, minlength=answers)
    refused = np.flatnonzero(is_most & (unreadable >= least)).tolist()
    examples = {int(answer_of[position]): found[position] for position in reversed(bad)}
    return {
        answer: f"{unreadable[answer]} value(s) of {field!r} cannot be read, as {_SHORT.repr(examples[answer])}"
        for answer in refused
    }


def _without_refused(
    table: Table, operation: Operation, batches: Sequence[Batch], refused: Mapping[int, str], stamps: Mapping[str, Any]
) -> Fetched:
    """Make the table of the other answers; a single answer is no answer at all then."""
    errors = {}
    for place, why in refused.items():
        fields = ", ".join(map(_SHORT.repr, list(batches[place].records[0])[:10]))
        errors[place] = UnexpectedShape(f"{operation}: {why}; nothing of this answer is taken (its fields: {fields})")
        errors[place].operation = operation.name
        if not batches[place].known:
            raise errors[place]
    others = [batch for place, batch in enumerate(batches) if place not in refused]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UnexpectedDataWarning)  # told once
        fetched = tidy(table, operation, others, **stamps)
    failures = [Failure(table.name, batches[place].known.get("vm_id"), error) for place, error in errors.items()]
    return Fetched(fetched.frame, (*failures, *fetched.failures))


def _repeated(stamp: Any, rows: int) -> Any:
    """Repeat a value in an array, which is much quicker to read than a list of as many objects."""
    return pd.Series([stamp]).array.repeat(rows)


def _fields(table: Table, operation: Operation) -> dict[str, Column]:
    return {name: column for name, column in table.columns.items() if (column.source or name) in operation.fields}


def _found(operation: Operation, field: str, records: Sequence[Record]) -> list[Any]:
    """Take a field of every record; one that is not there is no null, and a warning tells of it."""
    try:
        return [record[field] for record in records]
    except KeyError:
        found = [record.get(field, values.ABSENT) for record in records]
    absent = sum(value is values.ABSENT for value in found)
    warnings.warn(
        f"{operation}: {absent} of {len(found)} records have no field {field!r}; it is missing in the table",
        UnexpectedDataWarning,
        stacklevel=4,
    )
    return found


def _unread(table: Table, field: str, found: Sequence[Any], bad: Sequence[int], vm_ids: Any) -> list[Failure]:
    """Tell of unreadable values: one failure a VM, naming the first value."""
    by_vm: dict[int | None, list[Any]] = {}
    for position in bad:
        by_vm.setdefault(None if vm_ids is None else int(vm_ids[position]), []).append(found[position])
    errors = {vm_id: UnexpectedDataError(_sentence(field, unread)) for vm_id, unread in by_vm.items()}
    for error in errors.values():
        error.field = field
    return [Failure(table.name, vm_id, error) for vm_id, error in errors.items()]


def _sentence(field: str, unread: Sequence[Any]) -> str:
    more = f" (and {len(unread) - 1} more)" if len(unread) > 1 else ""
    return f"the value {_SHORT.repr(unread[0])[:60]} of {field} cannot be read and is missing in the table{more}"


def _without_broken_keys(table: Table, columns: Mapping[str, Any], vm_ids: Any) -> tuple[dict[str, Any], list[Failure]]:
    """Leave out rows without a key, and all but the last of rows with the same key."""
    key = [name for name in table.key if name in columns]
    keys = pd.DataFrame({name: pd.Series(columns[name]) for name in key})
    broken = keys.isna().any(axis=1)
    repeated = keys.duplicated(keep="last") & ~broken
    twice = repeated & ~pd.DataFrame(columns).duplicated(keep="last") if repeated.any() else repeated
    failures = []
    for rows, why in ((broken, "has no readable key"), (twice, "stands there with two contents; the last is kept")):
        if rows.any():
            first = dict(keys[rows].iloc[0])
            vm_id = None if vm_ids is None else int(vm_ids[rows.to_numpy().argmax()])
            text = f"{int(rows.sum())} record(s) left out: {first} {why}"
            failures.append(Failure(table.name, vm_id, UnexpectedDataError(text)))
    keep = ~(broken | repeated)
    if keep.all():
        return dict(columns), []
    return {name: pd.Series(column)[keep].reset_index(drop=True) for name, column in columns.items()}, failures
