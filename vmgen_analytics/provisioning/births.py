"""A VM between its order and its place in the inventory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vmgen_analytics.errors import JobFailed, NotFound, VMgenError
from vmgen_analytics.following import SUCCEEDED, Sought, is_unclear, job_number, look, status_of
from vmgen_analytics.provisioning.orders import refuse
from vmgen_analytics.targets import whole_number

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vmgen_analytics.api import Client
    from vmgen_analytics.following import Following
    from vmgen_analytics.provisioning.orders import Order

    Record = dict[str, Any]

NUMBERS = ("id", "vm_id", "virtual_machine_id")
"""Fields of the answer that may hold the new VM's number: the page promises it, its example lacks it."""


class Birth:
    """An order under way.

    Parameters
    ----------
    client
        Whom to ask.
    order
        What is ordered.
    before
        The inventory before it was sent.

    Attributes
    ----------
    vm_id
        The VM's number, None as long as nobody knows it.
    job_id
        The number of its job, empty where the provider gives none.

    Raises
    ------
    CommandRefused
        The name is taken.
    """

    def __init__(self, client: Client, order: Order, before: Sequence[Record]) -> None:
        self.vm_id: int | None = None
        self.job_id = ""
        self._client = client
        self._order = order
        self._before = {str(record.get("id")) for record in before}
        self._started_at = ""
        self._had_jobs = False
        taken = [record for record in before if order.name is not None and record.get("name") == order.name]
        refuse([f"a VM is called {order.name!r} already (VM {record.get('id')})" for record in taken[:1]])

    def send(self, following: Following) -> None:
        """Order it, and find out what can be known of it.

        Raises
        ------
        CommandOutcomeUnknown
            No clear answer came, and the inventory does not show it.
        VMgenError
            The provider refused it, or could not be reached.
        """
        try:
            answer = self._client.deploy(self._order.body())
        except VMgenError as error:
            if not is_unclear(error):
                raise
            told = (
                f"the order of {self._order} was sent once and no clear answer came ({error}); it cannot be told apart "
                "in the inventory: look there before ordering it again, there may be a VM that costs money"
            )
            look(self._is_listed_by_name, following, told)
        else:
            numbers = (whole_number(answer.get(name)) for name in NUMBERS)
            self.vm_id = next((number for number in numbers if number is not None), None)
            self.job_id = job_number(answer)
            self._started_at = str(answer.get("started_at") or "")

    def status(self) -> str:
        """How it stands: done when it is in the inventory and no job of it says otherwise.

        Raises
        ------
        JobFailed
            It was under way, and is neither there nor under way now.
        VMgenError
            That cannot be read.
        """
        listed = {whole_number(record.get("id")): record for record in self._new()}
        if self.vm_id not in listed:
            own = [number for number, record in listed.items() if self._order.name in (None, record.get("name"))]
            self.vm_id = own[0] if len(own) == 1 else self.vm_id
        if self.vm_id is None:
            return ""
        mine = listed.get(self.vm_id)
        word = self._job_status(self.vm_id, is_listed=mine is not None)
        if word and word not in SUCCEEDED:
            return word
        is_there = mine is not None and (bool(word) or str(mine.get("state")).upper() == "UP")
        return "done" if is_there else ""

    def _job_status(self, vm_id: int, *, is_listed: bool) -> str:
        try:
            word = status_of(self._client, Sought(vm_id, job_id=self.job_id, started_at=self._started_at))
        except NotFound:
            if self._had_jobs and not is_listed:
                raise JobFailed(
                    f"deploying {self._order} was accepted, and its VM {vm_id} is neither there nor under way now"
                ) from None
            return ""
        self._had_jobs = True
        return word

    def _new(self) -> list[Record]:
        return [record for record in self._client.vms() if str(record.get("id")) not in self._before]

    def _is_listed_by_name(self) -> bool:
        """Look for it by its name, which nobody else had; a VM without a name cannot be told from another's."""
        mine = [record for record in self._new() if self._order.name and record.get("name") == self._order.name]
        self.vm_id = whole_number(mine[0].get("id")) if len(mine) == 1 else None
        return self.vm_id is not None
