"""What the power console knows, what a person has chosen and armed, and the work under way, without any widget."""

from __future__ import annotations

import logging
import threading
import traceback
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from vmgen_analytics.api import Client
from vmgen_analytics.errors import VMgenError
from vmgen_analytics.widgets.power_choices import PowerChoices, chosen, shown
from vmgen_analytics.widgets.power_orders import VALID_FOR, WORDS, Armed, Order, fitting
from vmgen_analytics.widgets.power_reading import Reading, read
from vmgen_analytics.widgets.power_steps import Sending, Step, left_in_the_middle, rehearse

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from vmgen_analytics.archive import Archive
    from vmgen_analytics.following import Following
    from vmgen_analytics.power import Command
    from vmgen_analytics.settings import Settings
    from vmgen_analytics.targets import Target

log = logging.getLogger(__name__)
SLOW_AFTER_S = 5.0
"""After so long a person wants to know that the panel still waits."""


@dataclass(frozen=True)
class Trouble:
    """Why something did not work, and what a report of the bug should say where it is one."""

    sentence: str
    details: str = ""


@dataclass
class PowerModel:
    """Reads the VMs of one account at a time, arms an order, and sends it when it is confirmed: once.

    What takes time is done by one thread at a time. Whoever looks does so under the `lock`, and is told by `changed` of
    every change, also by that thread.

    Attributes
    ----------
    archive
        Where commands are written down.
    settings, given
        The accounts, or one client and no other account.
    may_send
        Whether commands may be sent at all.
    choices
        What is chosen.
    now
        Tells the time, in UTC.
    following
        How long to follow a command.
    changed
        Is called after every change.
    reading
        The VMs as they were last read; None before that.
    armed, order
        What waits to be confirmed, and what was armed last.
    reason
        Why, for the log.
    steps
        How far the last order that was sent has come, VM by VM.
    says, trouble
        What a person should read now, and why something did not work.
    work
        What is under way: reading, rehearsing or sending; empty where nothing is.
    """

    archive: Archive
    settings: Settings
    given: Client | None
    may_send: bool
    choices: PowerChoices
    now: Callable[[], datetime]
    following: Following
    changed: Callable[[], None] = lambda: None
    reading: Reading | None = None
    armed: Armed | None = None
    order: Order | None = None
    reason: str = ""
    steps: tuple[Step, ...] = ()
    says: tuple[str, ...] = ()
    trouble: Trouble | None = None
    work: str = ""
    lock: threading.RLock = field(default_factory=threading.RLock)
    _stop: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None
    _clients: dict[str, Client] = field(default_factory=dict)

    @property
    def shown(self) -> list[Target]:
        """The VMs that fit the filter, by name."""
        return shown(self.choices, self.reading.targets if self.reading else ())

    @property
    def chosen(self) -> tuple[Target, ...]:
        """The VMs that are chosen, of those that are shown."""
        return chosen(self.choices, self.shown)

    @property
    def offered(self) -> tuple[Command, ...]:
        """The commands that fit the VMs that are chosen, as long as nothing is under way and their state is known."""
        return fitting(self.chosen) if self.may_send and not self.work and self.trouble is None else ()

    def choose(self, choices: PowerChoices) -> None:
        """Choose VMs, a filter or an account; whatever was armed is not any more."""
        with self.lock:
            if choices == self.choices:
                return
            is_other = choices.account != self.choices.account
            if is_other and self.work in ("sending", "rehearsing"):
                self.says = ("A command is under way: choose the other account when it has ended.",)
                is_other = False
            else:
                self.choices = choices
                self._disarm()
            if is_other:
                self.reading, self.steps, self.order, self.trouble = None, (), None, None
            self.changed()
        if is_other:
            self.read()

    def read(self) -> None:
        """Read the VMs and the log, and disarm."""
        self._start("reading", self._read)

    def arm(self, command: Command) -> None:
        """Prepare a command for the VMs that are chosen; nothing is sent before `confirm`."""
        with self.lock:
            if self.work:
                return
            self._disarm()
            if command in self.offered:
                self.order = Order(command, self.chosen)
                self.armed = Armed(self.order, self.now())
                self.steps = ()
            else:
                self.says = (self._why_not(command),)
            self.changed()

    def disarm(self) -> None:
        """Forget what was armed."""
        with self.lock:
            self._disarm()
            self.changed()

    def confirm(self, typed: str = "") -> None:
        """Send what is armed, if it was armed within the last minute, and is confirmed as loudly as it should be.

        What is armed is used up before anything else happens: of several quick clicks only the first finds it.

        Parameters
        ----------
        typed
            What a person has typed, where the order wants that.
        """
        with self.lock:
            if self.work or self.armed is None:
                return
            armed, self.armed = self.armed, None
            refusal = self._refusal(armed, typed)
            if not refusal:
                self._stop = threading.Event()
                self.steps = tuple(Step(target) for target in armed.order.targets)
                self._start("sending", lambda: self._send(armed.order))
                return
            self.says = (refusal,)
            self.changed()

    def rehearse(self) -> None:
        """Look at the VMs of what is armed, and say what would be sent; nothing is."""
        with self.lock:
            armed = self.armed
            if armed is not None:
                self._start("rehearsing", lambda: self._rehearse(armed.order))

    def stop(self) -> None:
        """Follow no more: what was sent goes on, and what was not sent is not sent any more."""
        self._stop.set()

    def wait(self) -> None:
        """Wait until nothing is under way."""
        while self._thread is not None and self._thread.is_alive():
            self._thread.join()

    def _disarm(self) -> None:
        self.armed, self.says = None, ()

    def _refusal(self, armed: Armed, typed: str) -> str:
        again = "nothing was sent: choose the command again"
        if not armed.holds(self.now()):
            return f"More than {VALID_FOR.seconds} s have passed since it was prepared, and {again}."
        if not self.may_send or armed.order.targets != self.chosen:
            return f"Other VMs are chosen now, and {again}."
        if not armed.order.is_confirmed_by(typed):
            return f"What was typed is not {armed.order.to_type!r}, and {again}."
        return ""

    def _why_not(self, command: Command) -> str:
        if not self.may_send:
            return "Nothing was sent: this panel only looks."
        if self.trouble is not None:
            return "The VMs are not known as they are now: read them again first."
        if not self.chosen:
            return "Choose the VMs first."
        return f"{WORDS[command]} does not fit the state of what is chosen."

    def _start(self, work: str, do: Callable[[], None]) -> None:
        with self.lock:
            if self.work:
                return
            self.work, self.trouble, self.says = work, None, ()
            self._thread = threading.Thread(target=self._do, args=(do,), name=f"power console: {work}", daemon=True)
            self._thread.start()
            self.changed()

    def _do(self, do: Callable[[], None]) -> None:
        trouble = None
        try:
            do()
        except VMgenError as error:
            trouble = Trouble(str(error))
        except Exception as error:
            log.exception("the power console failed while %s", self.work)
            trouble = Trouble(f"This should not happen: {type(error).__name__}: {error}.", traceback.format_exc())
        with self.lock:
            self.work, self.trouble = "", trouble
            if trouble is not None:
                self._disarm()
            self.changed()
            if trouble is None and (self.reading is None or self.reading.account != self.choices.account):
                self.read()  # another account was chosen meanwhile

    def _client(self) -> Client:
        account = self.choices.account
        if self.given is not None:
            return self.given
        if account not in self._clients:
            self._clients[account] = Client.from_settings(self.settings, account)
        return self._clients[account]

    def _read(self) -> None:
        has_answered = threading.Event()
        slow = threading.Timer(SLOW_AFTER_S, self._say_slow, (has_answered,))
        slow.daemon = True
        slow.start()
        try:
            reading = read(self._client(), self.archive, self.choices.vms, self.now())
        finally:
            has_answered.set()
            slow.cancel()
        with self.lock:
            self._disarm()
            if reading.account == self.choices.account:
                self.reading = reading

    def _say_slow(self, has_answered: threading.Event) -> None:
        with self.lock:
            if not has_answered.is_set():
                self.says = (f"The provider has not answered for {SLOW_AFTER_S:g} s; this panel goes on waiting.",)
                self.changed()

    def _send(self, order: Order) -> None:
        following = replace(self.following, stop=self._stop)
        sending = Sending(self._client(), order, self.archive, self.reason.strip(), following)
        try:
            sending.carry_out(self._tell)
        finally:
            self.steps = tuple(left_in_the_middle(step) for step in self.steps)
            self._read()

    def _tell(self, number: int, step: Step) -> None:
        with self.lock:
            self.steps = (*self.steps[:number], step, *self.steps[number + 1 :])
            self.changed()

    def _rehearse(self, order: Order) -> None:
        requests = rehearse(self._client(), order)
        with self.lock:
            self.says = ("Nothing was sent. This would be:", *requests)
