"""The invoices of the current month."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vmgen_analytics.api import operations
from vmgen_analytics.fetch.asking import whole
from vmgen_analytics.fetch.tidy import Batch, Fetched, tidy
from vmgen_analytics.schema import TABLES

if TYPE_CHECKING:
    import pandas as pd

    from vmgen_analytics.api import Client


def fetch_invoices(client: Client) -> pd.DataFrame:
    """Fetch the invoices of the current month; the provider shows no other.

    Parameters
    ----------
    client
        Whom to ask.

    Returns
    -------
    DataFrame
        Table ``invoices``: account, invoice_id, seen_at, invoice_date, status, total_cost. [currency]

    Raises
    ------
    VMgenError
        The provider did not answer as it documents.
    """
    return whole(read_invoices(client))


def read_invoices(client: Client) -> Fetched:
    """Fetch the invoices, with what could not be read of them beside them."""
    records = client.invoices()
    stamps = {"account": client.account_name, "seen_at": client.now()}
    return tidy(TABLES["invoices"], operations.INVOICES, [Batch({}, records)], **stamps)
