"""Where VMs can stand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vmgen_analytics.api import operations
from vmgen_analytics.fetch.asking import today, whole
from vmgen_analytics.fetch.tidy import Batch, Fetched, tidy
from vmgen_analytics.schema import TABLES

if TYPE_CHECKING:
    import pandas as pd

    from vmgen_analytics.api import Client


def fetch_locations(client: Client) -> pd.DataFrame:
    """Fetch the locations.

    Parameters
    ----------
    client
        Whom to ask.

    Returns
    -------
    DataFrame
        Table ``locations``: account, location_id, seen_on, location, continent.

    Raises
    ------
    VMgenError
        The provider did not answer as it documents.
    """
    return whole(read_locations(client))


def read_locations(client: Client) -> Fetched:
    """Fetch the locations, with what could not be read of them beside them."""
    records = client.locations()
    stamps = {"account": client.account_name, "seen_on": today(client)}
    return tidy(TABLES["locations"], operations.LOCATIONS, [Batch({}, records)], **stamps)
