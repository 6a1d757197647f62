"""The addresses of each VM."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vmgen_analytics.api import operations
from vmgen_analytics.fetch.asking import for_each, today, whole
from vmgen_analytics.fetch.tidy import Fetched, tidy
from vmgen_analytics.schema import TABLES

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pandas as pd

    from vmgen_analytics.api import Client


def fetch_networking(client: Client, vm_ids: Iterable[int]) -> pd.DataFrame:
    """Fetch the addresses of VMs.

    Parameters
    ----------
    client
        Whom to ask.
    vm_ids
        The VMs.

    Returns
    -------
    DataFrame
        Table ``networking``: account, vm_id, ip, seen_on, ip_version, gateway, netmask, broadcast, rev_dns, is_primary.

    Raises
    ------
    FetchInterrupted
        Some VMs did not answer: ``partial`` has the others, ``resume()`` fetches the rest.
    AuthenticationError
        The key is not accepted.
    """
    return whole(read_networking(client, vm_ids), lambda rest: fetch_networking(client, rest), client)


def read_networking(client: Client, vm_ids: Iterable[int]) -> Fetched:
    """Fetch the addresses of VMs, with what could not be had beside them."""
    table = TABLES["networking"]
    batches, failures = for_each(client, "networking", "vm_id", vm_ids, table)
    stamps = {"account": client.account_name, "seen_on": today(client)}
    frame, unread = tidy(table, operations.NETWORKING, batches, **stamps)
    return Fetched(frame, (*failures, *unread))
