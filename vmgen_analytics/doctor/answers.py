"""The questions: every read operation once, of the first location and the first VM where one is needed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from vmgen_analytics.api import envelope, operations
from vmgen_analytics.api.operations import Operation
from vmgen_analytics.errors import AuthenticationError, RateLimited, TransportError, VMgenError

if TYPE_CHECKING:
    from collections.abc import Callable

    from vmgen_analytics.api import Client

    Record = dict[str, Any]

OPERATIONS = [each for each in vars(operations).values() if isinstance(each, Operation)]
READS = [each for each in OPERATIONS if each.method == "GET"]

AFTER_FAILURE = "not asked after the first failure"


@dataclass(frozen=True)
class Answer:
    """What an operation brought, before anything is told of it.

    Attributes
    ----------
    payload, status, error
        The decoded answer and its status, or why there is none.
    skipped, is_unknown
        Why it was not asked, and whether it could not be, rather than that there is nothing to ask.
    """

    operation: Operation
    payload: Any = None
    status: int = 0
    error: VMgenError | None = None
    skipped: str = ""
    is_unknown: bool = False

    @property
    def came(self) -> bool:
        """Whether there is an answer."""
        return not self.skipped and self.error is None

    def records(self) -> list[Record]:
        """Take the records out of the answer, none where there are none to be found."""
        try:
            return envelope.records(self.payload, self.operation) if self.came else []
        except VMgenError:
            return []


def ask_all(client: Client, progress: Callable[[str], None]) -> dict[str, Answer]:
    """Ask every read operation once, by name; nothing more is asked where the first shows that it is no use.

    Parameters
    ----------
    client
        Whom to ask.
    progress
        Is told what is being asked.
    """
    answers: dict[str, Answer] = {}
    for operation in READS:
        progress(operation.name)
        if _is_hopeless(answers):
            answers[operation.name] = Answer(operation, skipped=AFTER_FAILURE, is_unknown=True)
        elif "{" not in operation.path:
            answers[operation.name] = _ask(client, operation)
        else:
            listed = answers["locations" if operation.path.startswith("/locations/") else "vms"]
            answers[operation.name] = _ask_of(client, operation, listed)
    return answers


def ask_idle(client: Client, vms: Answer) -> Answer | None:
    """Ask for the traffic of a VM that is switched off, None where there is none."""
    off = [record for record in vms.records() if record.get("state") != "UP" and record.get("id") is not None]
    return _ask(client, operations.USAGE, id=off[0]["id"]) if off else None


def _is_hopeless(answers: dict[str, Answer]) -> bool:
    """Tell whether the provider refuses the key, asks to wait or is not there, and nothing has come yet."""
    useless = AuthenticationError | RateLimited | TransportError
    return any(isinstance(each.error, useless) for each in answers.values()) and not any(
        each.came for each in answers.values()
    )


def _ask_of(client: Client, operation: Operation, listed: Answer) -> Answer:
    """Ask of the first that a list has."""
    noun = "location" if listed.operation is operations.LOCATIONS else "VM"
    records = listed.records()
    if not records:
        is_empty = listed.came and not listed.payload
        is_empty = is_empty or (listed.came and isinstance(listed.payload, dict) and [] in listed.payload.values())
        return Answer(operation, skipped=f"no {noun} {'exists' if is_empty else 'is known'}", is_unknown=not is_empty)
    if records[0].get("id") is None:
        return Answer(operation, skipped=f"the first {noun} has no id", is_unknown=True)
    return _ask(client, operation, id=records[0]["id"])


def _ask(client: Client, operation: Operation, **place: Any) -> Answer:
    try:
        payload = client.payload(operation, **place)
    except VMgenError as error:
        return Answer(operation, status=error.status, error=error)
    return Answer(operation, payload, client.attempts()[-1].status)
