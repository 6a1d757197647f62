"""Faults on request: which of the next requests go wrong, and in what way."""

import inspect
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from vmgen_analytics.sandbox import bad_bodies, bad_wires
from vmgen_analytics.sandbox.envelopes import STYLES
from vmgen_analytics.sandbox.exchange import Exchange

Misbehaviour = Callable[..., Awaitable[None]]


async def job(_: Exchange, *, status: str = "failed") -> None:
    """End the job that a command starts with another status than success, or with "never" not at all.

    The only fault that is no answer: commands look for it when they start a job.
    """


KINDS: dict[str, Misbehaviour] = {
    misbehaviour.__name__: misbehaviour
    for misbehaviour in (
        bad_wires.status,
        bad_wires.slow,
        bad_wires.drip,
        bad_wires.stall,
        bad_wires.reset,
        bad_wires.close,
        bad_wires.truncate,
        bad_wires.lost,
        bad_wires.redirect,
        bad_bodies.html,
        bad_bodies.body,
        bad_bodies.missing_field,
        bad_bodies.extra_field,
        bad_bodies.wrong_type,
        bad_bodies.text_numbers,
        bad_bodies.envelope,
        job,
    )
}


@dataclass
class Fault:
    """One way in which requests go wrong."""

    kind: str
    operation: str | None = None  # None: any
    vm_id: int | None = None  # None: any
    account: int | None = None  # its number; None: any
    times: int | None = None  # how often still; None: until the faults are cleared
    details: Mapping[str, Any] = field(default_factory=dict)

    def strikes(self, operation: str | None, vm_id: int | None, account: int) -> bool:
        """Tell whether the fault applies to a request."""
        is_meant = self.operation in (None, operation) and self.vm_id in (None, vm_id)
        return is_meant and self.account in (None, account) and self.times != 0


class Faults:
    """The faults that are switched on; of several that apply, the first added comes first.

    Parameters
    ----------
    operations
        The names of the operations that there are.
    accounts
        The numbers of the accounts that there are.
    """

    def __init__(self, operations: Collection[str], accounts: Collection[int] = (1,)) -> None:
        self._operations, self._accounts = operations, accounts
        self.active: list[Fault] = []

    def add(self, fault: Fault) -> None:
        """Switch a fault on.

        Raises
        ------
        ValueError
            There is no such kind, operation, account or style of envelope.
        TypeError
            The kind has no such detail, or lacks one that it needs.
        """
        if fault.kind not in KINDS:
            raise ValueError(f"no fault {fault.kind!r}; there are {', '.join(KINDS)}")
        if fault.operation not in (None, *self._operations):
            raise ValueError(f"no operation {fault.operation!r}; there are {', '.join(sorted(self._operations))}")
        if fault.account not in (None, *self._accounts):
            raise ValueError(f"no account {fault.account!r}; there are {', '.join(map(str, sorted(self._accounts)))}")
        if fault.details.get("style", "data") not in STYLES:
            raise ValueError(f"no envelope {fault.details['style']!r}; there are {', '.join(STYLES)}")
        inspect.signature(KINDS[fault.kind]).bind(None, **fault.details)
        self.active.append(fault)

    def clear(self) -> None:
        """Switch all faults off."""
        self.active.clear()

    def answer(self, operation: str | None, vm_id: int | None, account: int) -> Fault | None:
        """Return the fault that spoils the answer to a request, which is used up by one."""
        return self._take(operation, vm_id, account, lambda fault: fault.kind != "job")

    def job_status(self, operation: str, vm_id: int, account: int) -> str:
        """Return the status with which a job that starts now will end."""
        fault = self._take(operation, vm_id, account, lambda fault: fault.kind == "job")
        return str(fault.details.get("status", "failed")) if fault else "success"

    def _take(
        self, operation: str | None, vm_id: int | None, account: int, kind: Callable[[Fault], bool]
    ) -> Fault | None:
        found = next((fault for fault in self.active if kind(fault) and fault.strikes(operation, vm_id, account)), None)
        if found and found.times is not None:
            found.times -= 1
        return found
