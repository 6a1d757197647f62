"""What each location offers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vmgen_analytics.api import operations
from vmgen_analytics.fetch.asking import for_each, today, whole
from vmgen_analytics.fetch.locations import read_locations
from vmgen_analytics.fetch.tidy import Fetched, tidy
from vmgen_analytics.schema import TABLES

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pandas as pd

    from vmgen_analytics.api import Client


def fetch_packages(client: Client, location_ids: Iterable[int] | None = None) -> pd.DataFrame:
    """Fetch the packages of locations.

    Parameters
    ----------
    client
        Whom to ask.
    location_ids
        The locations; by default all.

    Returns
    -------
    DataFrame
        Table ``packages``: account, location_id, package, seen_on, vcpus, ram_GB, disk_GB. [vCPU, GB]

    Raises
    ------
    FetchInterrupted
        Some locations did not answer; ``partial`` has the others.
    VMgenError
        The provider did not answer as it documents.
    """
    if location_ids is None:
        location_ids = whole(read_locations(client))["location_id"]
    location_ids = list(location_ids)
    fetched = read_packages(client, location_ids)
    rest = set(location_ids) - set(fetched.frame["location_id"])
    return whole(fetched, lambda _: fetch_packages(client, rest), client)


def read_packages(client: Client, location_ids: Iterable[int]) -> Fetched:
    """Fetch the packages of locations, with what could not be had beside them."""
    table = TABLES["packages"]
    batches, failures = for_each(client, "packages", "location_id", location_ids, table)
    stamps = {"account": client.account_name, "seen_on": today(client)}
    frame, unread = tidy(table, operations.PACKAGES, batches, **stamps)
    return Fetched(frame, (*failures, *unread))
