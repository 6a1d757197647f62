"""One question for many VMs, with bounded concurrency, and a second pass over those that failed."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor, as_completed, wait
from typing import TYPE_CHECKING, TypeVar

from vmgen_analytics.errors import AuthenticationError, ProviderDown, VMgenError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

T = TypeVar("T")

LONGEST_FAREWELL_S = 0.5
"""How long questions under way may take to end when nobody waits for their answers any more."""
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
    pool = ThreadPoolExecutor(max_workers=workers, thread_name_prefix="vmgen")
    asked: dict[Future[T], int] = {}
    try:
        asked |= {pool.submit(ask, number): number for number in ids}
        for answered in as_completed(asked):
            try:
                yield asked[answered], answered.result()
            except AuthenticationError:
                raise
            except VMgenError as error:
                yield asked[answered], error
    except (KeyboardInterrupt, GeneratorExit):
        interrupt()
        pool.shutdown(wait=False, cancel_futures=True)
        for _ in range(BREAK_OFF_AGAIN):
            if not _under_way(asked, BREAK_OFF_EVERY_S):
                break
            interrupt()
        raise
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
        _under_way(asked, LONGEST_FAREWELL_S)


def _under_way(asked: Iterable[Future[T]], within_s: float) -> set[Future[T]]:
    """Wait a while, and return the questions that have not ended then."""
    return wait([question for question in asked if not question.done()], timeout=within_s).not_done
