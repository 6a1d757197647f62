"""One question for many VMs, with bounded concurrency."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from typing import TYPE_CHECKING, TypeVar

from vmgen_analytics.errors import AuthenticationError, VMgenError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

T = TypeVar("T")


def fan_out(ask: Callable[[int], T], vm_ids: Iterable[int], workers: int) -> Iterator[tuple[int, T | VMgenError]]:
    """Ask for each VM, and yield the answers as they come: the VM, and its answer or error.

    Parameters
    ----------
    ask
        The question, by VM.
    vm_ids
        The VMs.
    workers
        How many questions are under way at once.

    Raises
    ------
    AuthenticationError
        The key is not accepted: no other question is asked.
    """
    pool = ThreadPoolExecutor(max_workers=workers, thread_name_prefix="vmgen")
    try:
        asked: dict[Future[T], int] = {pool.submit(ask, vm_id): vm_id for vm_id in vm_ids}
        for answered in as_completed(asked):
            try:
                yield asked[answered], answered.result()
            except AuthenticationError:
                raise
            except VMgenError as error:
                yield asked[answered], error
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
