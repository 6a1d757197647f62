"""What was done to each VM lately."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vmgen_analytics.api import operations
from vmgen_analytics.fetch.asking import for_each, whole
from vmgen_analytics.fetch.tidy import Fetched, tidy
from vmgen_analytics.schema import TABLES

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pandas as pd

    from vmgen_analytics.api import Client


def fetch_jobs(client: Client, vm_ids: Iterable[int]) -> pd.DataFrame:
    """Fetch the recent jobs of VMs.

    Parameters
    ----------
    client
        Whom to ask.
    vm_ids
        The VMs.

    Returns
    -------
    DataFrame
        Table ``jobs``: account, vm_id, event, started_at, status, last_updated_at, seen_at.

    Raises
    ------
    FetchInterrupted
        Some VMs did not answer: ``partial`` has the others, ``resume()`` fetches the rest.
    AuthenticationError
        The key is not accepted.
    """
    return whole(read_jobs(client, vm_ids), lambda rest: fetch_jobs(client, rest), client)


def read_jobs(client: Client, vm_ids: Iterable[int]) -> Fetched:
    """Fetch the recent jobs of VMs, with what could not be had beside them."""
    table = TABLES["jobs"]
    batches, failures = for_each(client, "jobs", "vm_id", vm_ids, table)
    stamps = {"account": client.account_name, "seen_at": client.now()}
    frame, unread = tidy(table, operations.JOBS, batches, **stamps)
    return Fetched(frame, (*failures, *unread))
