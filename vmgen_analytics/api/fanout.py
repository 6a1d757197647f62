"""One question for many VMs, with bounded concurrency, and a second pass over those that failed."""

from __future__ import annotations

import contextlib
import threading
import time
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Generic, TypeVar

from vmgen_analytics.errors import AuthenticationError, ProviderDown, VMgenError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

T = TypeVar("T")

LONGEST_FAREWELL_S = 0.5
"""How long questions under way may take to end when nobody waits for their answers any more."""
LOOK_UP_EVERY_S = 0.2
"""How often who waits for an answer looks up: a Ctrl-C that comes as the waiting begins does not end it."""
BREAK_OFF_EVERY_S, BREAK_OFF_AGAIN = 0.1, 3
"""How soon and how often those that are broken off are broken off again: one may have been about to connect."""


def fan_out(
    ask: Callable[[int], T], ids: Iterable[int], workers: int, interrupt: Callable[[], None] = lambda: None
) -> Iterator[tuple[int, T | VMgenError]]:
    """Ask for each VM, and yield the answers as they come: the VM, and its answer or error.

    When fewer than half have failed, those that another try can help are asked once more at the end.

    Parameters
    ----------
    ask
        The question, by VM.
    ids
        The VMs, or whatever is asked for.
    workers
        How many questions are under way at once.
    interrupt
        Breaks off the questions under way, called on Ctrl-C.

    Raises
    ------
    AuthenticationError
        The key is not accepted: no other question is asked.
    """
    waiting = list(ids)
    failed: dict[int, VMgenError] = {}
    for number, answer in _one_pass(ask, waiting, workers, interrupt):
        if isinstance(answer, VMgenError):
            failed[number] = answer
        else:
            yield number, answer
    again = [number for number, error in failed.items() if error.retryable and not isinstance(error, ProviderDown)]
    if again and len(failed) * 2 < len(waiting):
        for number, answer in _one_pass(ask, again, workers, interrupt):
            first = failed.pop(number)
            yield number, first if isinstance(answer, ProviderDown) else answer
    yield from failed.items()


def _one_pass(
    ask: Callable[[int], T], ids: list[int], workers: int, interrupt: Callable[[], None]
) -> Iterator[tuple[int, T | VMgenError]]:
    asking = _Asking(ask, ids, workers)
    try:
        asking.start()
        for _ in ids:
            number, answer = asking.next_answer()
            if isinstance(answer, BaseException) and _is_the_end(answer):
                raise answer
            yield number, answer  # type: ignore[misc]
    except (KeyboardInterrupt, GeneratorExit):
        for _ in range(BREAK_OFF_AGAIN):
            interrupt()
            if asking.has_ended(BREAK_OFF_EVERY_S):
                break
        raise
    finally:
        asking.has_ended(LONGEST_FAREWELL_S)


def _is_the_end(error: BaseException) -> bool:
    return isinstance(error, AuthenticationError) or not isinstance(error, VMgenError)


class _Asking(Generic[T]):
    """Threads that ask for one VM after the other until all are asked for, or it is over.

    They do not keep the process from ending, and all are known before the first one starts: Ctrl-C may come in between.
    """

    def __init__(self, ask: Callable[[int], T], ids: list[int], workers: int) -> None:
        self._answered: SimpleQueue[tuple[int, T | BaseException]] = SimpleQueue()
        self._ask = ask
        self._waiting: SimpleQueue[int] = SimpleQueue()
        self._is_over = threading.Event()
        for number in ids:
            self._waiting.put(number)
        self._threads = [
            threading.Thread(target=self._work, name=f"vmgen-{place}", daemon=True)
            for place in range(min(workers, len(ids)))
        ]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def next_answer(self) -> tuple[int, T | BaseException]:
        """Wait for the next answer."""
        while True:
            with contextlib.suppress(Empty):
                return self._answered.get(timeout=LOOK_UP_EVERY_S)

    def has_ended(self, within_s: float) -> bool:
        """Ask nothing more, wait a while for the threads, and tell whether all have ended."""
        self._is_over.set()
        end = time.monotonic() + within_s
        alive = [thread for thread in self._threads if thread.is_alive()]
        for thread in alive:
            thread.join(max(0.0, end - time.monotonic()))
        return not any(thread.is_alive() for thread in alive)

    def _work(self) -> None:
        with contextlib.suppress(Empty):
            while not self._is_over.is_set():
                number = self._waiting.get_nowait()
                try:
                    self._answered.put((number, self._ask(number)))
                except BaseException as error:  # noqa: BLE001 - it is raised where the answers are read
                    self._answered.put((number, error))
