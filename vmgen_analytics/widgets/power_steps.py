"""Sending an order to one VM after the other, and telling how far each has come."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from vmgen_analytics import power
from vmgen_analytics.errors import VMgenError, WaitStopped
from vmgen_analytics.following import until
from vmgen_analytics.logbook import outcome_of
from vmgen_analytics.targets import look_again
from vmgen_analytics.widgets.power_orders import WORDS, is_as_ordered, plain

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from vmgen_analytics.api import Client
    from vmgen_analytics.archive import Archive
    from vmgen_analytics.following import Following
    from vmgen_analytics.targets import Target
    from vmgen_analytics.widgets.power_orders import Order

OUTCOMES = {
    "waiting": "Waiting",
    "sending": "Sending",
    "accepted": "Accepted",
    "done": "Done",
    "failed": "Failed",
    "timed_out": "Timed out",
    "unknown": "Unknown",
    "refused": "Refused",
    "not_sent": "Not sent",
}
"""Words of ``outcome`` in table ``commands``, as they are shown; waiting is none of them, as nothing is written yet."""
AFTER_SENDING = ("done", "failed", "timed_out", "unknown")


@dataclass(frozen=True)
class Step:
    """How far an order has come with one VM.

    Attributes
    ----------
    target
        The VM; its state is the one it was last seen in.
    outcome
        A key of `OUTCOMES`.
    says
        More about it, in a sentence.
    """

    target: Target
    outcome: str = "waiting"
    says: str = ""

    @property
    def has_failed(self) -> bool:
        """Whether the VMs after it are sent nothing."""
        return self.outcome not in ("waiting", "sending", "done")


@dataclass(frozen=True)
class Sending:
    """An order on its way.

    Attributes
    ----------
    client
        Whom to ask.
    order
        What to send; a VM whose name or state has changed since is refused.
    archive, reason
        Where each command is written down, and why.
    following
        How long to follow; its ``stop`` ends the following, and what was sent goes on.
    """

    client: Client
    order: Order
    archive: Archive
    reason: str
    following: Following

    def carry_out(self, tell: Callable[[int, Step], None]) -> None:
        """Send to one VM after the other, follow each to its end, and stop at the first that fails.

        Parameters
        ----------
        tell
            Is told the number of a VM in the order, and how far it has come, whenever that changes.
        """
        for number, target in enumerate(self.order.targets):
            step = Step(target)
            for step in self._sent_to(target):
                tell(number, step)
            step = self._looked_at(step)
            tell(number, step)
            if step.has_failed:
                rest = self.order.targets[number + 1 :]
                for place, left in enumerate(rest, number + 1):
                    tell(place, Step(left, "not_sent", _why_not_sent(step)))
                return

    def _sent_to(self, target: Target) -> Iterator[Step]:
        """Send to one VM and follow it; what comes last is how it ended."""
        yield Step(target, "sending", "It is read once more, and then sent.")
        outcome = "sending"
        options: dict[str, Any] = {"archive": self.archive, "following": self.following}
        try:
            job = power.run(self.client, self.order.command, target, reason=self.reason, wait=False, **options)
            outcome = "accepted"
            yield Step(target, "accepted", self._accepted(job))
            power.wait(self.client, job, **options)
        except WaitStopped as stopped:
            words = f"{WORDS[self.order.command].lower()} of {plain(target.vm_name)}"
            unclear = (
                f"{words} was sent once, and nobody looks any more for what came of it: it may have been carried out"
            )
            is_accepted = outcome == "accepted"
            yield Step(target, "accepted" if is_accepted else "unknown", f"{stopped if is_accepted else unclear}.")
        except VMgenError as error:
            told = outcome_of(error)
            is_known = outcome == "sending" or told in AFTER_SENDING
            yield Step(target, told if is_known else "unknown", _sentence(error))
        else:
            yield Step(target, "done")

    def _accepted(self, job: power.Job) -> str:
        number = f" as job {job.job_id}" if job.job_id else ""
        latest = self.client.now() + timedelta(seconds=self.following.deadline_s)
        return f"The provider accepted it{number}; followed until {latest:%H:%M:%S} UTC at the latest."

    def _looked_at(self, step: Step) -> Step:
        """Say in which state the VM really is; after a job that is done, wait a while for the state to follow."""
        now = step.target

        def has_come() -> bool:
            nonlocal now
            now = look_again(self.client, step.target.vm_id)
            return step.outcome != "done" or is_as_ordered(self.order.command, now.state)

        if step.outcome == "not_sent":
            return step
        came = False
        try:
            with contextlib.suppress(WaitStopped):  # then the state is told as it was last seen
                came = until(has_come, self.following.unclear_s, self.following)
        except VMgenError as error:
            return replace(step, says=f"{step.says} Its state cannot be read: {_sentence(error)}".strip())
        state = f"It is {now.state or 'in a state without a name'} now."
        if not came:
            state = (
                f"The provider says that it is done, but the state of the VM is still {now.state}: look at it before "
                "you send anything else."
            )
        return replace(step, target=now, says=f"{step.says} {state}".strip())


def rehearse(client: Client, order: Order) -> list[str]:
    """Do everything but send.

    Returns
    -------
    list
        The requests that would be sent.

    Raises
    ------
    CommandRefused
        A VM is not as it was.
    VMgenError
        It cannot be looked at.
    """
    requests = []
    for target in order.targets:
        power.run(client, order.command, target, dry_run=True)
        path = f"{client.base_url}/virtual-machines/{target.vm_id}/command"
        requests.append(f'POST {path} {{"command": "{order.command}"}}')
    return requests


def left_in_the_middle(step: Step) -> Step:
    """Call a step unknown whose order broke off while it was on its way; leave every other as it is."""
    if step.outcome == "waiting":
        return replace(step, outcome="not_sent", says="Nothing was sent, as the order broke off before.")
    if step.outcome == "sending":
        return replace(step, outcome="unknown", says="The order broke off here: it may have been carried out.")
    return step


def _why_not_sent(failed: Step) -> str:
    why = "is not followed any more" if failed.outcome == "accepted" else "did not end well"
    return f"Nothing was sent, as {plain(failed.target.vm_name)} before it {why}."


def _sentence(error: VMgenError) -> str:
    text = " ".join([str(error), *getattr(error, "__notes__", ())])
    return text if text.endswith((".", "!", "?")) else f"{text}."
